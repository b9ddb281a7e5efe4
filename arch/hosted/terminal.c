/*
 * A terminal on file descriptors: standard input and output, a file, or nothing.
 *
 * Output is buffered so that a guest that writes byte by byte costs a system call per burst and not
 * per byte: the first bytes after a quiet time go out at once, later ones when BURST_NS have
 * passed, when the buffer is full, when the guest goes idle (flush), and at the latest when the
 * sleeping writer thread looks, which is woken once per burst. The buffer is `out_lock`'s.
 *
 * Input: the reader thread sleeps in poll, fills a ring (`in_lock`) and has the VM attended to. If
 * the ring is full it sleeps until room is made. At the end of the input it ends.
 */
#define _GNU_SOURCE
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES 1024u
#define OUT_BYTES  4096u
#define BURST_NS   4000000
#define CTRL_A     1

struct stdio {
    struct terminal terminal;
    int in, out;
    bool close_out, raw, escape; /* escape: the last key was Ctrl-A */
    void (*quit)(void);
    int stop; /* eventfd: readable when the threads are to end */
    bool stopping;
    pthread_t reader, writer;
    bool has_reader, has_writer;

    pthread_mutex_t in_lock;
    pthread_cond_t in_room;
    uint8_t ring[RING_BYTES];
    unsigned first, count;

    pthread_mutex_t out_lock;
    pthread_cond_t out_wanted;
    uint8_t buffer[OUT_BYTES];
    unsigned buffered;
    bool asked; /* the writer thread has been woken for what is buffered */
    uint64_t written_at;
};

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- output; under out_lock ---- */

static void write_out(struct stdio *s)
{
    unsigned done = 0;
    while (done < s->buffered && s->out >= 0) {
        ssize_t n = write(s->out, s->buffer + done, s->buffered - done);
        if (n > 0) {
            done += (unsigned)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd room = {.fd = s->out, .events = POLLOUT};
            poll(&room, 1, -1);
        } else if (n == 0 || errno != EINTR) {
            break; /* the other end is gone, or the disk is full: the rest is lost */
        }
    }
    s->buffered = 0;
    s->written_at = now();
}

static void terminal_write(struct terminal *t, const void *bytes, size_t count)
{
    struct stdio *s = t->private;
    const uint8_t *from = bytes;
    if (s->out < 0)
        return;
    pthread_mutex_lock(&s->out_lock);
    while (count > 0) {
        size_t n = OUT_BYTES - s->buffered < count ? OUT_BYTES - s->buffered : count;
        memcpy(s->buffer + s->buffered, from, n);
        s->buffered += (unsigned)n;
        from += n;
        count -= n;
        if (s->buffered == OUT_BYTES)
            write_out(s);
    }
    if (s->buffered != 0 && (!s->has_writer || now() - s->written_at > BURST_NS)) {
        write_out(s);
    } else if (s->buffered != 0 && !s->asked) {
        s->asked = true;
        pthread_cond_signal(&s->out_wanted);
    }
    pthread_mutex_unlock(&s->out_lock);
}

static void terminal_flush(struct terminal *t)
{
    struct stdio *s = t->private;
    pthread_mutex_lock(&s->out_lock);
    if (s->buffered != 0)
        write_out(s);
    pthread_mutex_unlock(&s->out_lock);
}

/* Sleeps until something is buffered, then a burst's time, then writes it. */
static void *write_later(void *arg)
{
    struct stdio *s = arg;
    pthread_mutex_lock(&s->out_lock);
    while (!s->stopping) {
        if (!s->asked) {
            pthread_cond_wait(&s->out_wanted, &s->out_lock);
            continue;
        }
        pthread_mutex_unlock(&s->out_lock);
        struct timespec burst = {.tv_nsec = BURST_NS};
        nanosleep(&burst, NULL);
        pthread_mutex_lock(&s->out_lock);
        s->asked = false;
        if (s->buffered != 0)
            write_out(s);
    }
    pthread_mutex_unlock(&s->out_lock);
    return NULL;
}

/* ---- input ---- */

static size_t terminal_read(struct terminal *t, void *to, size_t size)
{
    struct stdio *s = t->private;
    uint8_t *at = to;
    size_t n = 0;
    if (__atomic_load_n(&s->count, __ATOMIC_ACQUIRE) == 0)
        return 0;
    pthread_mutex_lock(&s->in_lock);
    bool was_full = s->count == RING_BYTES;
    for (; n < size && s->count > 0; n++, s->count--) {
        at[n] = s->ring[s->first];
        s->first = (s->first + 1) % RING_BYTES;
    }
    if (was_full && n > 0)
        pthread_cond_signal(&s->in_room);
    pthread_mutex_unlock(&s->in_lock);
    return n;
}

/* Take the keys that are ours out of the bytes; how many stay. */
static size_t filter_keys(struct stdio *s, uint8_t *bytes, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count && s->raw; i++) {
        bool escaped = s->escape;
        s->escape = !escaped && bytes[i] == CTRL_A;
        if (s->escape)
            continue;
        if (escaped && (bytes[i] == 'x' || bytes[i] == 'X'))
            s->quit();
        else if (!escaped || bytes[i] == CTRL_A)
            bytes[kept++] = bytes[i];
    }
    return s->raw ? kept : count;
}

/* Put bytes into the ring as room is made; false when the terminal is being closed. */
static bool put(struct stdio *s, const uint8_t *bytes, size_t count)
{
    size_t done = 0;
    while (done < count) {
        pthread_mutex_lock(&s->in_lock);
        while (s->count == RING_BYTES && !s->stopping)
            pthread_cond_wait(&s->in_room, &s->in_lock);
        bool stopping = s->stopping;
        for (; done < count && s->count < RING_BYTES; done++)
            s->ring[(s->first + s->count++) % RING_BYTES] = bytes[done];
        pthread_mutex_unlock(&s->in_lock);
        if (stopping)
            return false;
        device_attend();
    }
    return true;
}

static void *read_input(void *arg)
{
    struct stdio *s = arg;
    struct pollfd wait[2] = {{.fd = s->in, .events = POLLIN}, {.fd = s->stop, .events = POLLIN}};
    uint8_t bytes[256];
    for (;;) {
        if (poll(wait, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (wait[1].revents != 0)
            return NULL;
        if (wait[0].revents == 0)
            continue;
        ssize_t n = read(s->in, bytes, sizeof bytes);
        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
            return NULL; /* the end, or closed: there will be no more */
        if (n > 0 && !put(s, bytes, filter_keys(s, bytes, (size_t)n)))
            return NULL;
    }
}

/* ---- opening and closing ---- */

struct terminal *terminal_on(int in, int out, void (*quit)(void), char *error, size_t size)
{
    struct stdio *s = calloc(1, sizeof *s);
    int stop = eventfd(0, EFD_CLOEXEC);
    if (s == NULL || stop < 0) {
        snprintf(error, size, "there is no memory for a terminal");
        free(s);
        return NULL;
    }
    *s = (struct stdio){.in = in, .out = out, .quit = quit, .stop = stop};
    s->terminal = (struct terminal){
        .write = terminal_write, .read = terminal_read, .flush = terminal_flush, .private = s};
    pthread_mutex_init(&s->in_lock, NULL);
    pthread_mutex_init(&s->out_lock, NULL);
    pthread_cond_init(&s->in_room, NULL);
    pthread_cond_init(&s->out_wanted, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader of our output that goes away does not end the guest */
    if (quit != NULL && in >= 0 && isatty(in) && isatty(out))
        s->raw = raw_mode_start(in);
    if (in >= 0 && fcntl(in, F_GETFD) >= 0)
        s->has_reader = device_thread(&s->reader, read_input, s);
    if (out >= 0)
        s->has_writer = device_thread(&s->writer, write_later, s);
    return &s->terminal;
}

struct terminal *terminal_stdio(void (*quit)(void), char *error, size_t size)
{
    return terminal_on(STDIN_FILENO, STDOUT_FILENO, quit, error, size);
}

struct terminal *terminal_file(const char *path, char *error, size_t size)
{
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out < 0) {
        snprintf(error, size, "--serial: the file \"%s\" cannot be written: %s", path,
                 strerror(errno));
        return NULL;
    }
    struct terminal *t = terminal_on(-1, out, NULL, error, size);
    if (t == NULL)
        close(out);
    else
        ((struct stdio *)t->private)->close_out = true;
    return t;
}

struct terminal *terminal_none(char *error, size_t size)
{
    return terminal_on(-1, -1, NULL, error, size);
}

void terminal_close(struct terminal *t)
{
    struct stdio *s = t->private;
    uint64_t one = 1;
    terminal_flush(t);
    pthread_mutex_lock(&s->in_lock);
    pthread_mutex_lock(&s->out_lock);
    s->stopping = s->asked = true;
    pthread_cond_signal(&s->in_room);
    pthread_cond_signal(&s->out_wanted);
    pthread_mutex_unlock(&s->out_lock);
    pthread_mutex_unlock(&s->in_lock);
    bool told = write(s->stop, &one, sizeof one) == sizeof one;
    if (s->has_reader && told)
        pthread_join(s->reader, NULL);
    if (s->has_writer)
        pthread_join(s->writer, NULL);
    if (s->raw)
        raw_mode_end();
    if (s->close_out)
        close(s->out);
    close(s->stop);
    pthread_cond_destroy(&s->in_room);
    pthread_cond_destroy(&s->out_wanted);
    pthread_mutex_destroy(&s->in_lock);
    pthread_mutex_destroy(&s->out_lock);
    free(s);
}
