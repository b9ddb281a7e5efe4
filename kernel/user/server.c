/*
 * The server loop. A reply object is always at hand before the loop receives; answering a request
 * and receiving the next is one kernel call. A handler that defers keeps the reply object it finds
 * in s->reply, and the loop makes a new one.
 *
 * What ends one request never ends the loop: a client that died before its answer is forgotten. The
 * loop ends when the endpoint is gone, or when no reply object can be made for a second (the quota
 * is exhausted by deferred answers): then nobody could be served anyway.
 */
#include "internal.h"

#include <tetrapla/sys.h>
#include <tetrapla/task.h>

#define RETRY_NS 10000000u
#define RETRIES  100

static int make_reply(handle_t *out)
{
    handle_t slot = slot_alloc();
    if (slot == HANDLE_NONE)
        return LIMIT;
    int status = sys_create(OBJ_REPLY, LIBRARY_QUOTA, 0, slot, 0, 0, 0, 0);
    if (status == OK)
        *out = slot;
    else
        slot_free(slot);
    return status;
}

static int ensure_reply(struct server *s)
{
    int status = OK;
    for (int i = 0; i < RETRIES && s->reply == HANDLE_NONE; i++) {
        status = make_reply(&s->reply);
        if (status != OK)
            sleep_ns(RETRY_NS);
    }
    return status;
}

/* The answer's length, or SERVER_DEFER. */
static int serve(struct server *s, struct message *m)
{
    if (m->kind == RECV_SIGNALS) {
        if (s->signals)
            s->signals(s, m->badge);
        return SERVER_DEFER;
    }
    handle_t reply = s->reply;
    int answer = s->handle(s, m);
    if (answer == SERVER_DEFER && s->reply == reply)
        s->reply = HANDLE_NONE; /* the handler has it now */
    return answer > MSG_MAX_WORDS ? MSG_MAX_WORDS : answer;
}

int server_run(struct server *s)
{
    struct message m = {.words = 0};
    int answer = SERVER_DEFER;
    for (;;) {
        int status;
        if (answer < 0) {
            status = ensure_reply(s);
            if (status == OK)
                status = sys_recv(s->endpoint, s->reply, 0, &m);
        } else {
            status = sys_reply_recv(s->endpoint, s->reply, (unsigned)answer, &m);
        }
        answer = SERVER_DEFER;
        if (status == OK)
            answer = serve(s, &m);
        else if (status != POKED && status != STOPPED)
            return status;
    }
}
