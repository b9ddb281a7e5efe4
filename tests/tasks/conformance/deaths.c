/*
 * Who dies first: every party of a call, at every stage; threads deleted, stopped and resumed in
 * every state.
 */
#include "suite.h"

static handle_t e, r, n;

static void begin(void)
{
    e = new_endpoint();
    r = new_reply();
    n = new_notification();
}

/* Entries of the threads under test. Handles given to a child task have the same numbers there. */
static void calls(void *arg)
{
    struct message m = {{1, 2, 3, 0, 0, 0}, 0, 0, 0, 0};
    (void)arg;
    this_worker()->status = sys_call(e, 3, &m);
    this_worker()->value[0] = m.w[0];
}

static void receives(void *arg)
{
    struct message m = {{0}, 0, 0, 0, 0};
    this_worker()->status = sys_recv(e, (handle_t)(uint64_t)arg, 0, &m);
    this_worker()->value[0] = m.kind;
}

/* Receives a call and keeps it. */
static void holds(void *arg)
{
    receives(arg);
    spin_for_ever(NULL);
}

static void waits(void *arg)
{
    uint64_t bits;
    (void)arg;
    this_worker()->status = sys_wait(n, 0, 0, &bits);
    this_worker()->value[0] = bits;
}

static void faults(void *arg)
{
    (void)arg;
    __asm__ volatile("ud2");
}

static struct worker *queued_caller(handle_t task)
{
    struct worker *w = spawn(task, LOW_PRIORITY, calls, NULL);
    await_state(w->thread, THREAD_SENDING);
    return w;
}

static struct worker *received_caller(handle_t task)
{
    struct worker *w = queued_caller(task);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(e, r, RECV_POLL, &m));
    SAME(3, m.w[2]);
    SAME(THREAD_AWAITING_REPLY, thread_info(w->thread).state);
    return w;
}

static int answer(void)
{
    struct message m = {{42, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
    return sys_reply(r, 1, &m);
}

static int poll(void)
{
    struct message m = {{0}, 0, 0, 0, 0};
    return sys_recv(e, r, RECV_POLL, &m);
}

static handle_t task_with_endpoint(void)
{
    handle_t task = new_task();
    give(task, e, e);
    return task;
}

/* ---- the endpoint dies --------------------------------------------------------------------------- */

static void endpoint_with_callers(void)
{
    begin();
    struct worker *w[4];
    handle_t task = task_with_endpoint();
    for (unsigned i = 0; i < 4; i++)
        w[i] = queued_caller(i & 1 ? task : 0);
    WANT(OK, sys_cap(CAP_DELETE, task, e, 0, 0, 0, 0));
    WANT(OK, drop(e));
    for (unsigned i = 0; i < 4; i++) {
        await_done(w[i]);
        SAME(PEER_DIED, w[i]->status);
    }
}

static void endpoint_with_receivers(void)
{
    begin();
    struct worker *w[3];
    handle_t reply[3];
    for (unsigned i = 0; i < 3; i++) {
        reply[i] = new_reply();
        w[i] = spawn(0, LOW_PRIORITY, receives, (void *)(uint64_t)reply[i]);
        await_state(w[i]->thread, THREAD_RECEIVING);
    }
    WANT(OK, drop(e));
    for (unsigned i = 0; i < 3; i++) {
        await_done(w[i]);
        SAME(PEER_DIED, w[i]->status);
        struct message m = {{0}, 0, 0, 0, 0};
        WANT(EMPTY, sys_reply(reply[i], 0, &m));
    }
}

static void endpoint_after_receive(void)
{
    begin();
    struct worker *w = received_caller(0);
    WANT(OK, drop(e));
    int status = answer();
    await_done(w);
    if (status == OK)
        SAME(OK, w->status);
    else
        SAME(PEER_DIED, w->status);
    CHECK(status == OK || status == GONE || status == EMPTY);
}

static void endpoint_revoked_from_caller(void)
{
    begin();
    handle_t task = new_task(), m = mint(e, RIGHT_SEND, 9);
    WANT(OK, sys_cap(CAP_MOVE, 0, m, task, e, 0, 0));
    struct worker *w = queued_caller(task);
    WANT(OK, revoke(e));
    /* The call was made with the right: it is served, or ended; it does not hang. */
    if (poll() == OK)
        WANT(OK, answer());
    await_done(w);
    CHECK(w->status == OK || w->status == PEER_DIED);
    WANT(BAD_HANDLE, sys_cap(CAP_DELETE, task, e, 0, 0, 0, 0));
}

/* ---- the reply dies ------------------------------------------------------------------------------- */

static void reply_with_caller(void)
{
    begin();
    struct worker *w = received_caller(0);
    WANT(OK, drop(r));
    await_done(w);
    SAME(PEER_DIED, w->status);
    WANT(BAD_HANDLE, answer());
}

static void reply_of_receiver(void)
{
    begin();
    handle_t own = new_reply();
    struct worker *w = spawn(0, LOW_PRIORITY, receives, (void *)(uint64_t)own);
    await_state(w->thread, THREAD_RECEIVING);
    WANT(OK, drop(own));
    await_done(w);
    SAME(PEER_DIED, w->status);
    /* The endpoint works as before. */
    struct worker *c = received_caller(0);
    WANT(OK, answer());
    await_done(c);
    SAME(42, c->value[0]);
}

static void reply_in_use_by_receiver(void)
{
    begin();
    struct worker *w = spawn(0, LOW_PRIORITY, receives, (void *)(uint64_t)r);
    await_state(w->thread, THREAD_RECEIVING);
    WANT(OCCUPIED, poll());
    WANT(EMPTY, answer());
    WANT(OK, drop(w->thread));
    WANT(WOULD_BLOCK, poll());
}

/* ---- the client dies ------------------------------------------------------------------------------ */

static void client_queued(void)
{
    begin();
    struct worker *a = queued_caller(0), *b = queued_caller(0), *c = queued_caller(0);
    WANT(OK, drop(b->thread));
    WANT(OK, poll());
    WANT(OK, answer());
    WANT(OK, drop(c->thread));
    WANT(WOULD_BLOCK, poll());
    await_done(a);
}

static void client_received(void)
{
    begin();
    struct worker *w = received_caller(0);
    WANT(OK, drop(w->thread));
    WANT(GONE, answer());
    WANT(EMPTY, answer());
    struct worker *again = received_caller(0);
    WANT(OK, answer());
    await_done(again);
}

static void client_task_queued(void)
{
    begin();
    handle_t task = task_with_endpoint();
    queued_caller(task);
    queued_caller(task);
    struct worker *mine = queued_caller(0);
    WANT(OK, drop(task));
    WANT(OK, poll());
    WANT(OK, answer());
    await_done(mine);
    WANT(WOULD_BLOCK, poll());
}

static void client_task_received(void)
{
    begin();
    handle_t task = task_with_endpoint();
    received_caller(task);
    WANT(OK, drop(task));
    WANT(GONE, answer());
    WANT(WOULD_BLOCK, poll());
}

/* ---- the server dies ------------------------------------------------------------------------------ */

static void server_task_holding(void)
{
    begin();
    handle_t task = task_with_endpoint();
    WANT(OK, sys_cap(CAP_MOVE, 0, r, task, r, 0, 0));
    struct worker *server = spawn(task, LOW_PRIORITY, holds, (void *)(uint64_t)r);
    await_state(server->thread, THREAD_RECEIVING);
    struct worker *client = spawn(0, HIGH_PRIORITY, calls, NULL);
    await_state(client->thread, THREAD_AWAITING_REPLY);
    WANT(OK, drop(task));
    await_done(client);
    SAME(PEER_DIED, client->status);
}

static void server_task_receiving(void)
{
    begin();
    handle_t task = task_with_endpoint(), own = new_reply();
    WANT(OK, sys_cap(CAP_MOVE, 0, own, task, own, 0, 0));
    struct worker *server = spawn(task, LOW_PRIORITY, receives, (void *)(uint64_t)own);
    await_state(server->thread, THREAD_RECEIVING);
    WANT(OK, drop(task));
    struct worker *client = received_caller(0);
    WANT(OK, answer());
    await_done(client);
    SAME(OK, client->status);
}

/* Queued calls survive a server and go to its successor. */
static void server_succession(void)
{
    begin();
    handle_t task = task_with_endpoint();
    WANT(OK, sys_cap(CAP_MOVE, 0, r, task, r, 0, 0));
    struct worker *server = spawn(task, LOW_PRIORITY, holds, (void *)(uint64_t)r);
    await_state(server->thread, THREAD_RECEIVING);
    struct worker *first = spawn(0, HIGH_PRIORITY, calls, NULL), *second = queued_caller(0);
    WANT(OK, drop(task));
    r = new_reply();
    WANT(OK, poll());
    WANT(OK, answer());
    await_done(first);
    await_done(second);
    SAME(PEER_DIED, first->status);
    SAME(OK, second->status);
}

static void server_thread_holding(void)
{
    begin();
    struct worker *server = spawn(0, LOW_PRIORITY, holds, (void *)(uint64_t)r);
    await_state(server->thread, THREAD_RECEIVING);
    struct worker *client = spawn(0, HIGH_PRIORITY, calls, NULL);
    await_state(client->thread, THREAD_AWAITING_REPLY);
    WANT(OK, drop(server->thread));
    /* The reply object belongs to the task, so another thread may answer; or the call is ended. */
    int status = answer();
    CHECK(status == OK || status == EMPTY || status == GONE);
    await_done(client);
    SAME(status == OK ? OK : PEER_DIED, client->status);
}

/* ---- notifications die ------------------------------------------------------------------------------ */

static void notification_with_waiters(void)
{
    begin();
    struct worker *w[3];
    for (unsigned i = 0; i < 3; i++) {
        w[i] = spawn(0, LOW_PRIORITY, waits, NULL);
        await_state(w[i]->thread, THREAD_WAITING);
    }
    WANT(OK, drop(n));
    for (unsigned i = 0; i < 3; i++) {
        await_done(w[i]);
        SAME(PEER_DIED, w[i]->status);
    }
}

static void bound_notification(void)
{
    begin();
    WANT(OK, sys_thread(THREAD_BIND, 0, n, 0, 0, 0, 0, 0));
    WANT(OK, drop(n));
    WANT(WOULD_BLOCK, poll());
    struct worker *w = spawn(0, LOW_PRIORITY, calls, NULL);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(e, r, 0, &m));
    WANT(OK, answer());
    await_done(w);
    WANT(OK, sys_thread(THREAD_BIND, 0, 0, 0, 0, 0, 0, 0));
}

static void armed_notification(void)
{
    uint64_t bits;
    for (unsigned i = 0; i < 50; i++) {
        handle_t m = new_notification();
        WANT(WOULD_BLOCK,
             sys_wait(m, WAIT_ARM | WAIT_POLL, time_now() + 1000000 + i * 1000, &bits));
        if (i % 3 != 0)
            WANT(OK, drop(m));
    }
    pause_ms(5);
}

/* ---- a thread in each state: deleted, stopped and resumed --------------------------------------------- */

enum stage {
    STAGE_READY,
    STAGE_SENDING,
    STAGE_AWAITING,
    STAGE_RECEIVING,
    STAGE_WAITING,
    STAGE_FAULT_QUEUED,
    STAGE_FAULT_RECEIVED,
    STAGE_STOPPED,
    STAGE_NEW,
    STAGE_DEAD
};

static struct worker *thread_in(enum stage stage)
{
    begin();
    struct worker *w = new_worker(0, LOW_PRIORITY);
    handle_t faults_to = new_endpoint();
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, faults_to, 0, 0, 0, 0, 0));
    switch (stage) {
    case STAGE_READY:
        start(w, spin_for_ever, NULL);
        pause_ms(1);
        break;
    case STAGE_SENDING:
        start(w, calls, NULL);
        await_state(w->thread, THREAD_SENDING);
        break;
    case STAGE_AWAITING:
        start(w, calls, NULL);
        await_state(w->thread, THREAD_SENDING);
        WANT(OK, poll());
        break;
    case STAGE_RECEIVING:
        start(w, receives, (void *)(uint64_t)new_reply());
        await_state(w->thread, THREAD_RECEIVING);
        break;
    case STAGE_WAITING:
        start(w, waits, NULL);
        await_state(w->thread, THREAD_WAITING);
        break;
    case STAGE_FAULT_QUEUED:
        start(w, faults, NULL);
        pause_ms(5);
        break;
    case STAGE_FAULT_RECEIVED:
        start(w, faults, NULL);
        SAME(FAULT_UNDEFINED, take_fault(faults_to, r).word[FAULT_VECTOR]);
        break;
    case STAGE_STOPPED:
        start(w, spin_for_ever, NULL);
        pause_ms(1);
        WANT(OK, sys_thread(THREAD_STOP, w->thread, 0, 0, 0, 0, 0, 0));
        break;
    case STAGE_NEW:
        break;
    case STAGE_DEAD:
        start(w, faults, NULL);
        SAME(FAULT_UNDEFINED, take_fault(faults_to, r).word[FAULT_VECTOR]);
        struct message m = {{FAULT_REPLY_STOP, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
        WANT(OK, sys_reply(r, 1, &m));
        break;
    }
    return w;
}

static void deleted_in_state(void)
{
    uint64_t threads = system_info().objects[OBJ_THREAD];
    for (unsigned round = 0; round < 3; round++) {
        struct worker *w = thread_in((enum stage)case_arg);
        WANT(OK, drop(w->thread));
        SAME(threads, system_info().objects[OBJ_THREAD]);
        WANT(WOULD_BLOCK, case_arg == STAGE_AWAITING || case_arg == STAGE_FAULT_RECEIVED
                              ? (answer() == GONE ? poll() : -1)
                              : poll());
        WANT(OK, sys_signal(n, 1));
        uint64_t bits;
        WANT(OK, sys_wait(n, WAIT_POLL, 0, &bits));
    }
}

static void stop(struct worker *w)
{
    WANT(OK, sys_thread(THREAD_STOP, w->thread, 0, 0, 0, 0, 0, 0));
}

static void resume(struct worker *w)
{
    WANT(OK, sys_thread(THREAD_RESUME, w->thread, 0, 0, 0, 0, 0, 0));
}

static void stopped_in_state(void)
{
    struct worker *w = thread_in((enum stage)case_arg);
    stop(w);
    SAME(THREAD_STOPPED, thread_info(w->thread).state);
    WANT(WOULD_BLOCK, case_arg == STAGE_AWAITING ? (answer() == GONE ? poll() : -1) : poll());
    resume(w);
    if (case_arg == STAGE_READY) {
        await_state(w->thread, THREAD_READY);
        uint64_t before = thread_info(w->thread).cpu_ns;
        pause_ms(10);
        CHECK(thread_info(w->thread).cpu_ns > before);
        return;
    }
    await_done(w);
    SAME(STOPPED, w->status);
}

/* Signals sent to a stopped waiter are not lost. */
static void stopped_waiter_keeps_bits(void)
{
    struct worker *w = thread_in(STAGE_WAITING);
    uint64_t bits;
    stop(w);
    WANT(OK, sys_signal(n, 0x20));
    WANT(OK, sys_wait(n, WAIT_POLL, 0, &bits));
    SAME(0x20, bits);
    resume(w);
    await_done(w);
    SAME(STOPPED, w->status);
}

#define STATES(name, function)                                       \
    {"death_" name "_ready", function, STAGE_READY},                 \
        {"death_" name "_sending", function, STAGE_SENDING},         \
        {"death_" name "_awaiting_reply", function, STAGE_AWAITING}, \
        {"death_" name "_receiving", function, STAGE_RECEIVING},     \
    {                                                                \
        "death_" name "_waiting", function, STAGE_WAITING            \
    }

const struct test_case death_cases[] = {
    {"death_endpoint_with_callers", endpoint_with_callers, 0},
    {"death_endpoint_with_receivers", endpoint_with_receivers, 0},
    {"death_endpoint_after_receive", endpoint_after_receive, 0},
    {"death_endpoint_revoked_from_caller", endpoint_revoked_from_caller, 0},
    {"death_reply_with_caller", reply_with_caller, 0},
    {"death_reply_of_receiver", reply_of_receiver, 0},
    {"death_reply_in_use_by_receiver", reply_in_use_by_receiver, 0},
    {"death_client_queued", client_queued, 0},
    {"death_client_received", client_received, 0},
    {"death_client_task_queued", client_task_queued, 0},
    {"death_client_task_received", client_task_received, 0},
    {"death_server_task_holding", server_task_holding, 0},
    {"death_server_task_receiving", server_task_receiving, 0},
    {"death_server_succession", server_succession, 0},
    {"death_server_thread_holding", server_thread_holding, 0},
    {"death_notification_with_waiters", notification_with_waiters, 0},
    {"death_bound_notification", bound_notification, 0},
    {"death_armed_notification", armed_notification, 0},
    STATES("deleted", deleted_in_state),
    {"death_deleted_fault_queued", deleted_in_state, STAGE_FAULT_QUEUED},
    {"death_deleted_fault_received", deleted_in_state, STAGE_FAULT_RECEIVED},
    {"death_deleted_stopped", deleted_in_state, STAGE_STOPPED},
    {"death_deleted_new", deleted_in_state, STAGE_NEW},
    {"death_deleted_dead", deleted_in_state, STAGE_DEAD},
    STATES("stopped", stopped_in_state),
    {"death_stopped_waiter_keeps_bits", stopped_waiter_keeps_bits, 0},
    {NULL, NULL, 0}};
