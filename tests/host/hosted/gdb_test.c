/* The debugger's connection: bytes both ways, coming and going. */
#include "test.h"

#include <arch/hosted/devices.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int connect_to(unsigned port)
{
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (s >= 0 && connect(s, (struct sockaddr *)&there, sizeof there) == 0)
        return s;
    return -1;
}

static bool gone(struct gdb_port *g)
{
    for (unsigned i = 0; i < 2000 && g->connection(g) != 0; i++)
        usleep(1000);
    return g->connection(g) == 0;
}

static bool talk(struct gdb_port *g, int s, unsigned *number)
{
    char bytes[64] = "";
    unsigned before = attended;
    g->wait(g);
    if (g->connection(g) == *number || g->connection(g) == 0)
        return false;
    *number = g->connection(g);
    if (send(s, "$g#67", 5, 0) != 5 || !wait_for(&attended, before + 1))
        return false;
    size_t n = 0;
    while (n < 5)
        n += g->receive(g, bytes + n, sizeof bytes - n, true);
    if (memcmp(bytes, "$g#67", 5) != 0 || g->receive(g, bytes, sizeof bytes, false) != 0)
        return false;
    return g->send(g, "+OK", 3) && recv(s, bytes, 3, MSG_WAITALL) == 3 &&
           memcmp(bytes, "+OK", 3) == 0;
}

/* More than the ring holds, read in odd pieces. */
static bool much(struct gdb_port *g, int s)
{
    static uint8_t out[50000];
    uint8_t in[777];
    size_t sent = 0, got = 0;
    bool good = true;
    for (unsigned i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)(i * i >> 3);
    while (good && got < sizeof out) {
        ssize_t n = send(s, out + sent, sizeof out - sent, MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
        size_t m = g->receive(g, in, sizeof in, true);
        good = m > 0 && memcmp(in, out + got, m) == 0;
        got += m;
    }
    return good;
}

void gdb_tests(void)
{
    char error[200], bytes[8];
    struct gdb_port *g = gdb_port_open(0, error, sizeof error);
    if (!result("gdb listen", g != NULL, "%s", error))
        return;
    unsigned number = 0, port = gdb_port_number(g);
    result("gdb nobody",
           g->connection(g) == 0 && g->receive(g, bytes, 8, true) == 0 && !g->send(g, "a", 1),
           "somebody is there");
    struct gdb_port *second = gdb_port_open(port, error, sizeof error);
    result("gdb port in use", second == NULL, "opened twice");
    for (unsigned i = 0; i < 3; i++) {
        int s = connect_to(port);
        result("gdb talk", s >= 0 && talk(g, s, &number), "round %u", i);
        result("gdb much", much(g, s), "round %u", i);
        close(s);
        result("gdb leaves", gone(g) && g->receive(g, bytes, 8, true) == 0, "round %u", i);
    }
    int s = connect_to(port);
    g->wait(g);
    gdb_port_close(g); /* while somebody is connected */
    result("gdb close", recv(s, bytes, 1, 0) == 0, "the connection stays");
    close(s);
}
