/*
 * A debugger's connection: a TCP socket on this computer only (127.0.0.1).
 *
 * One sleeping thread accepts a connection, moves what arrives into a ring until the debugger
 * leaves, and then accepts the next. The ring, the socket and the connection's number are `lock`'s;
 * sending is done by the vCPU's thread on a socket that only the sleeping thread closes.
 */
#define _GNU_SOURCE
#include "devices.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RING_BYTES 8192u

struct socket_port {
    struct gdb_port port;
    int listener, socket; /* socket < 0: nobody is connected */
    unsigned number, connection;
    bool stopping;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint8_t ring[RING_BYTES];
    unsigned first, count;
};

/* ---- the sleeping thread ---- */

static void announce(struct socket_port *p)
{
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    device_attend();
    pthread_mutex_lock(&p->lock);
}

/* Receive until the debugger leaves; under lock but while it sleeps. */
static void serve(struct socket_port *p)
{
    uint8_t bytes[1024];
    for (;;) {
        pthread_mutex_unlock(&p->lock);
        ssize_t n = recv(p->socket, bytes, sizeof bytes, 0);
        pthread_mutex_lock(&p->lock);
        if (p->stopping || n == 0 || (n < 0 && errno != EINTR))
            return;
        for (ssize_t i = 0; i < n && !p->stopping;) {
            while (i < n && p->count < RING_BYTES)
                p->ring[(p->first + p->count++) % RING_BYTES] = bytes[i++];
            announce(p);
            while (i < n && p->count == RING_BYTES && !p->stopping)
                pthread_cond_wait(&p->changed, &p->lock);
        }
    }
}

static void *accept_and_serve(void *arg)
{
    struct socket_port *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->stopping) {
        pthread_mutex_unlock(&p->lock);
        int s = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
        pthread_mutex_lock(&p->lock);
        if (s < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            break;
        }
        int one = 1;
        setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        p->first = p->count = 0;
        p->socket = s;
        p->connection = ++p->number;
        announce(p);
        serve(p);
        p->socket = -1;
        p->connection = 0;
        close(s);
        announce(p);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- the interface ---- */

static bool port_send(struct gdb_port *g, const void *bytes, size_t count)
{
    struct socket_port *p = g->private;
    const uint8_t *at = bytes;
    pthread_mutex_lock(&p->lock);
    while (count > 0 && p->socket >= 0) {
        ssize_t n = send(p->socket, at, count, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += n;
        count -= (size_t)n;
    }
    pthread_mutex_unlock(&p->lock);
    return count == 0;
}

static size_t port_receive(struct gdb_port *g, void *to, size_t size, bool block)
{
    struct socket_port *p = g->private;
    uint8_t *at = to;
    size_t n = 0;
    pthread_mutex_lock(&p->lock);
    while (block && p->count == 0 && p->socket >= 0)
        pthread_cond_wait(&p->changed, &p->lock);
    bool was_full = p->count == RING_BYTES;
    for (; n < size && p->count > 0; n++, p->count--) {
        at[n] = p->ring[p->first];
        p->first = (p->first + 1) % RING_BYTES;
    }
    if (was_full && n > 0)
        pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return n;
}

static unsigned port_connection(struct gdb_port *g)
{
    struct socket_port *p = g->private;
    return __atomic_load_n(&p->connection, __ATOMIC_ACQUIRE);
}

static void port_wait(struct gdb_port *g)
{
    struct socket_port *p = g->private;
    pthread_mutex_lock(&p->lock);
    while (p->connection == 0 && !p->stopping)
        pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

unsigned gdb_port_number(struct gdb_port *g)
{
    struct socket_port *p = g->private;
    struct sockaddr_in here;
    socklen_t length = sizeof here;
    if (getsockname(p->listener, (struct sockaddr *)&here, &length) != 0)
        return 0;
    return ntohs(here.sin_port);
}

static int listen_on(unsigned port)
{
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (s < 0)
        return -1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s, (struct sockaddr *)&here, sizeof here) == 0 && listen(s, 1) == 0)
        return s;
    int why = errno;
    close(s);
    errno = why;
    return -1;
}

struct gdb_port *gdb_port_open(unsigned port, char *error, size_t size)
{
    int listener = listen_on(port);
    struct socket_port *p = listener >= 0 ? calloc(1, sizeof *p) : NULL;
    if (p == NULL) {
        snprintf(error, size, "--gdb: port %u of 127.0.0.1 cannot be used: %s", port,
                 strerror(errno));
        if (listener >= 0)
            close(listener);
        return NULL;
    }
    p->listener = listener;
    p->socket = -1;
    p->port = (struct gdb_port){.send = port_send,
                                .receive = port_receive,
                                .connection = port_connection,
                                .wait = port_wait,
                                .private = p};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    if (!device_thread(&p->thread, accept_and_serve, p)) {
        snprintf(error, size, "--gdb: there is no memory for another thread");
        close(listener);
        free(p);
        return NULL;
    }
    return &p->port;
}

void gdb_port_close(struct gdb_port *g)
{
    struct socket_port *p = g->private;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    shutdown(p->listener, SHUT_RDWR); /* ends accept and recv */
    if (p->socket >= 0)
        shutdown(p->socket, SHUT_RDWR);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    close(p->listener);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
