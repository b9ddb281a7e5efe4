/*
 * Synchronous messages: call, reply, receive.
 *
 * A message is up to 64 words: the first six in registers, the rest in the IPC page. A call waits
 * in the endpoint's queue until a thread receives it into a reply object; the reply object then
 * holds the caller until it is answered, so a server may answer in any order, or later. A fault is
 * a call that the kernel makes in a thread's name (fault.c).
 *
 * Who dies first: if the endpoint or the reply object dies, the caller gets PEER_DIED; if the
 * caller dies or is stopped, the reply object remembers and the answer gets GONE.
 */
#include "port.h"

/* Words 0–5 from the sender's registers, the rest from its IPC page. */
static ALWAYS_INLINE void copy_words(struct thread *from, struct thread *to, unsigned words)
{
    for (unsigned i = 0; i < words && i < MSG_REG_WORDS; i++)
        *msg_word(&to->regs, i) = *msg_word(&from->regs, i);
    for (unsigned i = MSG_REG_WORDS; i < words; i++)
        to->ipc->msg[i] = from->ipc->msg[i];
}

/* Hand the message of sender to receiver, which has a reply object for it. Neither is queued. */
static ALWAYS_INLINE void deliver(struct thread *sender, struct thread *receiver)
{
    struct reply *reply = receiver->reply;
    reply->state = REPLY_CALLER;
    reply->thread = sender;
    receiver->reply = NULL;
    sender->state = THREAD_AWAITING_REPLY;
    sender->waits_for = &reply->object;
    if (sender->faulting)
        for (unsigned i = 0; i < FAULT_WORDS; i++)
            *msg_word(&receiver->regs, i) = sender->fault[i];
    else
        copy_words(sender, receiver, sender->words);
    *reg_badge(&receiver->regs) = sender->badge;
    *reg_result(&receiver->regs) =
        result(OK, sender->faulting ? RECV_FAULT : RECV_MESSAGE, sender->words) |
        (uint64_t)receiver->reply_status << 24;
    counters.ipcs++;
}

/* The current thread t calls: its message goes to a receiver or it waits. */
static ALWAYS_INLINE void send(struct endpoint *e, struct thread *t)
{
    sched_block();
    t->waits_for = &e->object;
    t->state = THREAD_SENDING;
    if (list_empty(&e->receivers)) {
        list_append(&e->senders, &t->link);
        return;
    }
    struct thread *r = container_of(e->receivers.next, struct thread, link);
    list_remove(&r->link);
    deliver(t, r);
    sched_ready(r);
}

void endpoint_send(struct endpoint *e, struct thread *t)
{
    send(e, t);
}

uint64_t call_call(struct thread *t, uint64_t word)
{
    unsigned words = word >> 8 & 0xff;
    struct cap *c;
    unsigned status = cap_get(t->task, word >> 16 & 0xffffff, OBJ_ENDPOINT, RIGHT_SEND, &c);
    if (status != OK)
        return status;
    if (words > MSG_MAX_WORDS)
        return BAD_ARG;
    if (t->upcall_active)
        return WOULD_BLOCK;
    struct endpoint *e = (struct endpoint *)c->object;
    if (e->object.dying)
        return PEER_DIED;
    t->badge = c->badge;
    t->words = (uint8_t)words;
    t->faulting = false;
    send(e, t);
    return CALL_BLOCKED;
}

/* ---- replies ----------------------------------------------------------------------------------- */

/* Answer a fault: word 0 says whether the thread goes on. */
static void answer_fault(struct thread *caller, uint64_t what)
{
    caller->faulting = false;
    caller->waits_for = NULL;
    if (what == FAULT_REPLY_STOP)
        caller->state = THREAD_STOPPED;
    else
        sched_ready(caller);
}

static ALWAYS_INLINE unsigned reply_to(struct thread *t, struct reply *r, unsigned words)
{
    if (r->state == REPLY_GONE) {
        r->state = REPLY_FREE;
        return GONE;
    }
    if (r->state != REPLY_CALLER)
        return EMPTY;
    struct thread *caller = r->thread;
    r->state = REPLY_FREE;
    r->thread = NULL;
    if (caller->faulting) {
        answer_fault(caller, words ? *msg_word(&t->regs, 0) : FAULT_REPLY_RESUME);
        return OK;
    }
    copy_words(t, caller, words);
    *reg_result(&caller->regs) = result(OK, RECV_NONE, words);
    caller->waits_for = NULL;
    sched_ready(caller);
    counters.ipcs++;
    return OK;
}

uint64_t call_reply(struct thread *t, uint64_t word)
{
    unsigned words = word >> 8 & 0xff;
    struct cap *c;
    unsigned status = cap_get(t->task, word >> 16 & 0xffffff, OBJ_REPLY, RIGHT_USE, &c);
    if (status != OK)
        return status;
    if (words > MSG_MAX_WORDS)
        return BAD_ARG;
    return reply_to(t, (struct reply *)c->object, words);
}

/* The thread that waits for an answer dies or is stopped. */
void reply_caller_gone(struct thread *t)
{
    struct reply *r = (struct reply *)t->waits_for;
    r->state = REPLY_GONE;
    r->thread = NULL;
}

void reply_reap(struct reply *r)
{
    struct thread *t = r->thread;
    unsigned state = r->state;
    r->state = REPLY_FREE;
    r->thread = NULL;
    if (state == REPLY_ARMED) {
        t->reply = NULL;
        thread_unblock(t, PEER_DIED | (uint64_t)t->reply_status << 24);
    } else if (state == REPLY_CALLER && t->faulting) {
        t->faulting = false;
        t->waits_for = NULL;
        t->state = THREAD_FAULTED;
    } else if (state == REPLY_CALLER) {
        thread_unblock(t, PEER_DIED);
    }
}

/* ---- receiving --------------------------------------------------------------------------------- */

bool thread_receives(struct thread *t)
{
    return t->state == THREAD_RECEIVING;
}

static void take_signals(struct thread *t, uint64_t bits)
{
    *reg_badge(&t->regs) = bits;
    *reg_result(&t->regs) = result(OK, RECV_SIGNALS, 0) | (uint64_t)t->reply_status << 24;
}

/* Signals for a thread that waits in a receive. */
void receive_signals(struct thread *t, uint64_t bits)
{
    list_remove(&t->link);
    t->reply->state = REPLY_FREE;
    t->reply->thread = NULL;
    t->reply = NULL;
    take_signals(t, bits);
    sched_ready(t);
}

/* Pending signals first, then queued callers, then wait. */
static ALWAYS_INLINE uint64_t receive(struct thread *t, struct endpoint *e, struct reply *r,
                                      bool poll)
{
    if (t->bound && t->bound->bits) {
        take_signals(t, t->bound->bits);
        t->bound->bits = 0;
        return CALL_BLOCKED;
    }
    if (list_empty(&e->senders) && poll)
        return result(WOULD_BLOCK, RECV_NONE, 0) | (uint64_t)t->reply_status << 24;
    t->reply = r;
    if (!list_empty(&e->senders)) {
        struct thread *s = container_of(e->senders.next, struct thread, link);
        list_remove(&s->link);
        deliver(s, t);
        return CALL_BLOCKED;
    }
    r->state = REPLY_ARMED;
    r->thread = t;
    t->waits_for = &e->object;
    sched_block();
    t->state = THREAD_RECEIVING;
    list_append(&e->receivers, &t->link);
    return CALL_BLOCKED;
}

/* Look up what a receive needs. A reply object that is about to be emptied may hold a caller. */
static ALWAYS_INLINE unsigned recv_args(struct thread *t, uint64_t word, bool replying,
                                        struct endpoint **e, struct reply **r)
{
    struct cap *ec, *rc;
    unsigned status = cap_get(t->task, word >> 16 & 0xffffff, OBJ_ENDPOINT, RIGHT_RECV, &ec);
    if (status != OK)
        return status;
    status = cap_get(t->task, word >> 40, OBJ_REPLY, RIGHT_USE, &rc);
    if (status != OK)
        return status;
    *e = (struct endpoint *)ec->object;
    *r = (struct reply *)rc->object;
    if (t->upcall_active)
        return WOULD_BLOCK;
    if ((*r)->state == REPLY_ARMED || ((*r)->state == REPLY_CALLER && !replying))
        return OCCUPIED;
    return OK;
}

uint64_t call_recv(struct thread *t, uint64_t word)
{
    unsigned flags = word >> 8 & 0xff;
    struct endpoint *e;
    struct reply *r;
    unsigned status = recv_args(t, word, false, &e, &r);
    if (status != OK)
        return status;
    if (flags & ~RECV_POLL)
        return BAD_CALL;
    r->state = REPLY_FREE; /* a caller that went away unanswered is forgotten */
    t->reply_status = OK;
    return receive(t, e, r, flags & RECV_POLL);
}

uint64_t call_reply_recv(struct thread *t, uint64_t word)
{
    unsigned words = word >> 8 & 0xff;
    struct endpoint *e;
    struct reply *r;
    unsigned status = recv_args(t, word, true, &e, &r);
    if (status != OK)
        return status;
    if (words > MSG_MAX_WORDS)
        return BAD_ARG;
    t->reply_status = (uint8_t)reply_to(t, r, words);
    return receive(t, e, r, false);
}

/* One step of an endpoint's destruction: send one thread away. */
bool endpoint_reap(struct endpoint *e)
{
    if (!list_empty(&e->senders)) {
        struct thread *t = container_of(e->senders.next, struct thread, link);
        if (t->faulting) {
            list_remove(&t->link);
            t->faulting = false;
            t->waits_for = NULL;
            t->state = THREAD_FAULTED;
        } else {
            thread_unblock(t, PEER_DIED);
        }
        return false;
    }
    if (!list_empty(&e->receivers)) {
        struct thread *t = container_of(e->receivers.next, struct thread, link);
        t->reply->state = REPLY_FREE;
        t->reply->thread = NULL;
        t->reply = NULL;
        thread_unblock(t, PEER_DIED | (uint64_t)t->reply_status << 24);
        return false;
    }
    return true;
}
