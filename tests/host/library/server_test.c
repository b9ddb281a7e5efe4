/* The server loop, fed by a script in place of the kernel: what it sends back for each thing that it
 * receives, and which reply objects it uses. */
#include "library.h"
#include "pretend.h"

#include <stdio.h>
#include <string.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>

struct step {
    unsigned status, kind;
    uint64_t w0, badge;
};

static const struct step script[] = {
    {OK, RECV_MESSAGE, 10, 1},   /* answered at once */
    {OK, RECV_MESSAGE, 0xde, 2}, /* deferred */
    {OK, RECV_SIGNALS, 0, 0x30}, /* signals */
    {POKED, 0, 0, 0},            /* nothing received: again */
    {OK, RECV_FAULT, 20, 3},     /* a fault is a request too */
    {STOPPED, 0, 0, 0},          /* after an answer was sent: it must not be sent twice */
    {OK, RECV_MESSAGE, 0xff, 4}, /* its answer claims to be longer than a message */
    {PEER_DIED, 0, 0, 0},
};

/* What the loop did, as text. */
static char trace[1000];
static size_t at;
static handle_t deferred;

static void note(const char *text, uint64_t a, uint64_t b)
{
    size_t used = strlen(trace);
    snprintf(trace + used, sizeof(trace) - used, "%s%s %lx %lx", used ? "; " : "", text,
             (unsigned long)a, (unsigned long)b);
}

uint64_t pretend_receive(uint64_t word, uint64_t w[6], uint64_t *badge)
{
    unsigned nr = word & 0xff, words = word >> 8 & 0xff;
    handle_t endpoint = word >> 16 & 0xffffff, reply = word >> 40;
    const struct step *s = &script[at++];
    if (endpoint != 77 || reply == HANDLE_NONE || reply == deferred)
        note("bad", endpoint, reply);
    if (nr == CALL_REPLY_RECV)
        note("reply", words, w[0]);
    w[0] = s->w0;
    *badge = s->badge;
    return s->status | s->kind << 8 | 1u << 16;
}

static int handle(struct server *s, struct message *m)
{
    note("request", m->w[0], m->badge);
    if (m->w[0] == 0xde) {
        deferred = s->reply;
        return SERVER_DEFER;
    }
    m->w[0]++;
    return m->w[0] == 0x100 ? 1000 : 2;
}

static void signals(struct server *s, uint64_t bits)
{
    (void)s;
    note("signals", bits, 0);
}

void server_tests(void)
{
    struct server s = {.endpoint = 77, .handle = handle, .signals = signals};
    int status = server_run(&s);
    result("server.script",
           status == PEER_DIED &&
               !strcmp(trace, "request a 1; reply 2 b; request de 2; signals 30 0; request 14 3; "
                              "reply 2 15; request ff 4; reply 40 100"),
           "status %d: %s", status, trace);
    result("server.deferred_reply_kept", deferred != HANDLE_NONE && s.reply != deferred,
           "handles %u and %u", deferred, s.reply);
}
