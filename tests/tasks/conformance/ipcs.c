/*
 * Messages: lengths, integrity, badges, replies now and later, signals at a receiver.
 */
#include "suite.h"

static handle_t e, r;

static uint64_t pattern(uint64_t seed, unsigned i)
{
    return (seed + i) * 0x9e3779b97f4a7c15ULL;
}

/* The words of a message as one array: registers, then the IPC page. */
static void put_words(struct message *m, unsigned words, uint64_t seed)
{
    for (unsigned i = 0; i < words; i++) {
        if (i < MSG_REG_WORDS)
            m->w[i] = pattern(seed, i);
        else
            ipc()->msg[i] = pattern(seed, i);
    }
}

static bool same_words(const struct message *m, unsigned words, uint64_t seed)
{
    for (unsigned i = 0; i < words; i++)
        if ((i < MSG_REG_WORDS ? m->w[i] : ipc()->msg[i]) != pattern(seed, i))
            return false;
    return true;
}

/* Server: answers a message of n words with 64 - n words; stops after arg messages. Handles are
 * the same numbers in a child task, where give() put them. */
struct service {
    handle_t endpoint, reply;
    uint64_t rounds;
    volatile uint64_t bad, served;
};

static void serve(void *arg)
{
    struct service *s = arg;
    struct message m = {{0}, 0, 0, 0, 0};
    int status = sys_recv(s->endpoint, s->reply, 0, &m);
    for (uint64_t i = 0; status == OK && i < s->rounds; i++) {
        unsigned words = m.words;
        if (m.kind != RECV_MESSAGE || !same_words(&m, words, words + i))
            s->bad++;
        s->served++;
        put_words(&m, MSG_MAX_WORDS - words, i);
        if (i + 1 == s->rounds) {
            status = sys_reply(s->reply, MSG_MAX_WORDS - words, &m);
        } else {
            status = sys_reply_recv(s->endpoint, s->reply, MSG_MAX_WORDS - words, &m);
            if (m.reply_status != OK)
                s->bad++;
        }
    }
    this_worker()->status = status;
}

static void round_trips(handle_t task, unsigned priority, uint64_t rounds)
{
    static struct service s;
    e = new_endpoint();
    r = new_reply();
    if (task != HANDLE_NONE) {
        give(task, e, e);
        give(task, r, r);
    }
    s = (struct service){e, r, rounds, 0, 0};
    struct worker *w = spawn(task, priority, serve, &s);
    for (uint64_t i = 0; i < rounds; i++) {
        unsigned words = (unsigned)(i % (MSG_MAX_WORDS + 1));
        struct message m = {{0}, 0, 0, 0, 0};
        memset(ipc()->msg, 0xee, sizeof ipc()->msg);
        put_words(&m, words, words + i);
        WANT(OK, sys_call(e, words, &m));
        SAME(MSG_MAX_WORDS - words, m.words);
        CHECK(same_words(&m, MSG_MAX_WORDS - words, i));
    }
    await_done(w);
    SAME(0, s.bad);
    SAME(rounds, s.served);
    SAME(OK, w->status);
}

static void same_task(void)
{
    round_trips(0, LOW_PRIORITY, 65 * 4);
}
static void same_task_high(void)
{
    round_trips(0, HIGH_PRIORITY, 65 * 4);
}
static void cross_task(void)
{
    round_trips(new_task(), LOW_PRIORITY, 65 * 4);
}
static void cross_task_many(void)
{
    round_trips(new_task(), CASE_PRIORITY, 20000);
}

/* A client: calls its endpoint once with `words` words whose pattern starts at its value[0]. */
static void client(void *arg)
{
    handle_t endpoint = (handle_t)(uint64_t)arg;
    struct worker *w = this_worker();
    struct message m = {{0}, 0, 0, 0, 0};
    unsigned words = (unsigned)w->value[1];
    put_words(&m, words, w->value[0]);
    w->status = sys_call(endpoint, words, &m);
    w->value[2] = m.words;
    w->value[3] = m.w[0];
}

static struct worker *new_client(handle_t task, handle_t endpoint, uint64_t seed, unsigned words)
{
    struct worker *w = new_worker(task, LOW_PRIORITY);
    w->value[0] = seed;
    w->value[1] = words;
    start(w, client, (void *)(uint64_t)endpoint);
    return w;
}

static void answer(handle_t reply, uint64_t word)
{
    struct message m = {{word, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
    WANT(OK, sys_reply(reply, 1, &m));
}

static void badges(void)
{
    e = new_endpoint();
    r = new_reply();
    static const uint64_t badge[] = {0, 1, 77, 0x8000000000000000ULL, UINT64_MAX};
    for (unsigned i = 0; i < 5; i++) {
        struct worker *w = new_client(0, badge[i] ? mint(e, RIGHT_SEND, badge[i]) : e, 5, 2);
        struct message m = {{0}, 0, 0, 0, 0};
        WANT(OK, sys_recv(e, r, 0, &m));
        SAME(badge[i], m.badge);
        SAME(2, m.words);
        SAME(RECV_MESSAGE, m.kind);
        answer(r, 3);
        await_done(w);
        SAME(OK, w->status);
        SAME(1, w->value[2]);
        SAME(3, w->value[3]);
    }
}

static void call_waits_for_server(void)
{
    e = new_endpoint();
    r = new_reply();
    struct worker *w = new_client(0, e, 1, 3);
    await_state(w->thread, THREAD_SENDING);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(e, r, RECV_POLL, &m));
    CHECK(same_words(&m, 3, 1));
    SAME(THREAD_AWAITING_REPLY, thread_info(w->thread).state);
    answer(r, 0);
    await_done(w);
}

static void poll_empty(void)
{
    e = new_endpoint();
    r = new_reply();
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(WOULD_BLOCK, sys_recv(e, r, RECV_POLL, &m));
    WANT(WOULD_BLOCK, sys_recv(e, r, RECV_POLL, &m));
}

static void queue_in_order(void)
{
    struct worker *w[8];
    e = new_endpoint();
    r = new_reply();
    for (unsigned i = 0; i < 8; i++) {
        w[i] = new_client(0, e, 100 * i, 8);
        await_state(w[i]->thread, THREAD_SENDING);
    }
    for (unsigned i = 0; i < 8; i++) {
        struct message m = {{0}, 0, 0, 0, 0};
        WANT(OK, sys_recv(e, r, RECV_POLL, &m));
        CHECK(same_words(&m, 8, 100 * i));
        answer(r, i);
    }
    for (unsigned i = 0; i < 8; i++) {
        await_done(w[i]);
        SAME(i, w[i]->value[3]);
    }
}

static void replies_deferred(void)
{
    struct worker *w[8];
    handle_t reply[8];
    e = new_endpoint();
    for (unsigned i = 0; i < 8; i++) {
        struct message m = {{0}, 0, 0, 0, 0};
        w[i] = new_client(0, e, i, 1);
        reply[i] = new_reply();
        WANT(OK, sys_recv(e, reply[i], 0, &m));
    }
    for (unsigned k = 0; k < 8; k++) {
        unsigned i = k * 3 % 8;
        SAME(THREAD_AWAITING_REPLY, thread_info(w[i]->thread).state);
        answer(reply[i], 50 + i);
        await_done(w[i]);
        SAME(50 + i, w[i]->value[3]);
    }
}

static void occupied_reply(void)
{
    e = new_endpoint();
    r = new_reply();
    struct worker *a = new_client(0, e, 1, 1), *b = new_client(0, e, 2, 1);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(e, r, 0, &m));
    await_state(b->thread, THREAD_SENDING);
    WANT(OCCUPIED, sys_recv(e, r, 0, &m));
    WANT(OCCUPIED, sys_recv(e, r, RECV_POLL, &m));
    answer(r, 1);
    WANT(OK, sys_recv(e, r, 0, &m));
    answer(r, 2);
    await_done(a);
    await_done(b);
}

static void empty_reply(void)
{
    r = new_reply();
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(EMPTY, sys_reply(r, 0, &m));
    e = new_endpoint();
    struct worker *w = new_client(0, e, 1, 1);
    WANT(OK, sys_recv(e, r, 0, &m));
    answer(r, 1);
    WANT(EMPTY, sys_reply(r, 0, &m));
    await_done(w);
}

static void reply_recv_empty(void)
{
    e = new_endpoint();
    r = new_reply();
    struct worker *w = new_client(0, e, 9, 12);
    await_state(w->thread, THREAD_SENDING);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_reply_recv(e, r, 0, &m));
    SAME(EMPTY, m.reply_status);
    SAME(RECV_MESSAGE, m.kind);
    CHECK(same_words(&m, 12, 9));
    answer(r, 0);
    await_done(w);
}

/* The reply half is told apart from the receive half also when the receive half has to wait. */
static void reply_recv_gone(void)
{
    e = new_endpoint();
    r = new_reply();
    struct worker *a = new_client(0, e, 1, 1);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(e, r, 0, &m));
    WANT(OK, drop(a->thread));
    struct worker *b = new_client(0, e, 2, 1);
    WANT(OK, sys_reply_recv(e, r, 1, &m));
    SAME(GONE, m.reply_status);
    CHECK(same_words(&m, 1, 2));
    answer(r, 0);
    await_done(b);
}

static void bind(handle_t n)
{
    WANT(OK, sys_thread(THREAD_BIND, 0, n, 0, 0, 0, 0, 0));
}

static void signals_before_senders(void)
{
    handle_t n = new_notification();
    e = new_endpoint();
    r = new_reply();
    bind(n);
    struct worker *w = new_client(0, e, 4, 2);
    await_state(w->thread, THREAD_SENDING);
    WANT(OK, sys_signal(n, 0x5));
    WANT(OK, sys_signal(n, 0x50));
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(e, r, 0, &m));
    SAME(RECV_SIGNALS, m.kind);
    SAME(0x55, m.badge);
    WANT(OK, sys_recv(e, r, 0, &m));
    SAME(RECV_MESSAGE, m.kind);
    CHECK(same_words(&m, 2, 4));
    answer(r, 0);
    WANT(WOULD_BLOCK, sys_recv(e, r, RECV_POLL, &m));
    await_done(w);
}

static void signal_later(void *arg)
{
    for (volatile unsigned i = 0; i < 100000; i++)
        ;
    this_worker()->status = sys_signal((handle_t)(uint64_t)arg, 0x100);
}

static void signal_wakes_receiver(void)
{
    handle_t n = new_notification();
    e = new_endpoint();
    r = new_reply();
    bind(n);
    struct worker *w = spawn(0, LOW_PRIORITY, signal_later, (void *)(uint64_t)n);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(e, r, 0, &m));
    SAME(RECV_SIGNALS, m.kind);
    SAME(0x100, m.badge);
    uint64_t bits;
    WANT(WOULD_BLOCK, sys_wait(n, WAIT_POLL, 0, &bits));
    WANT(EMPTY, sys_reply(r, 0, &m));
    await_done(w);
    bind(0);
    WANT(OK, sys_signal(n, 1));
    WANT(WOULD_BLOCK, sys_recv(e, r, RECV_POLL, &m));
}

static void deadline_wakes_receiver(void)
{
    handle_t n = new_notification();
    uint64_t bits;
    e = new_endpoint();
    r = new_reply();
    bind(n);
    WANT(WOULD_BLOCK, sys_wait(n, WAIT_POLL | WAIT_ARM, time_now() + 3000000, &bits));
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(e, r, 0, &m));
    SAME(RECV_SIGNALS, m.kind);
    SAME(SIGNAL_DEADLINE, m.badge);
    bind(0);
}

/* A thread whose IPC page it has unmapped itself still sends and receives all words. */
static void without_page(void *arg)
{
    struct worker *w = this_worker();
    struct message m = {{0}, 0, 0, 0, 0};
    put_words(&m, MSG_MAX_WORDS, 321);
    ipc()->vector[0] = (struct map_op){.kind = MAP_UNMAP, .va = (uint64_t)w->block.ipc, .pages = 1};
    unsigned done;
    w->value[4] = (uint64_t)sys_map(0, 1, &done);
    w->status = sys_call((handle_t)(uint64_t)arg, MSG_MAX_WORDS, &m);
    w->value[2] = m.words;
    w->value[3] = m.w[5];
}

static void page_unmapped(void)
{
    e = new_endpoint();
    r = new_reply();
    struct worker *w = spawn(0, LOW_PRIORITY, without_page, (void *)(uint64_t)e);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(e, r, 0, &m));
    SAME(MSG_MAX_WORDS, m.words);
    CHECK(same_words(&m, MSG_MAX_WORDS, 321));
    put_words(&m, MSG_MAX_WORDS, 99);
    WANT(OK, sys_reply(r, MSG_MAX_WORDS, &m));
    await_done(w);
    SAME(OK, w->status);
    SAME(MSG_MAX_WORDS, w->value[2]);
    SAME(pattern(99, 5), w->value[3]);
    /* Something else may lie at the address now, and is not written. */
    if (w->value[4] == OK) {
        SAME(0, page_info(0, (uint64_t)w->block.ipc).mapped);
        WANT(OK, map_pages(0, new_region(1), (uint64_t)w->block.ipc, 0, 1, RW));
        memset(w->block.ipc, 0x77, PAGE_SIZE);
        struct worker *again = spawn(0, LOW_PRIORITY, client, (void *)(uint64_t)e);
        WANT(OK, sys_recv(e, r, 0, &m));
        answer(r, 0);
        await_done(again);
        WANT(OK, drop(w->thread));
        for (unsigned i = 0; i < PAGE_SIZE; i++)
            SAME(0x77, ((const volatile uint8_t *)w->block.ipc)[i]);
        CHECK(WRITABLE((uint64_t)w->block.ipc));
    }
}

/* The IPC page is the kernel's: no other region's operation can change it. */
static void page_belongs_to_no_region(void)
{
    struct worker *w = new_worker(0, LOW_PRIORITY);
    uint64_t page = (uint64_t)w->block.ipc;
    handle_t region = new_region(1);
    WANT(OCCUPIED, map_pages(0, region, page, 0, 1, RW));
    WANT(BAD_ARG, protect_pages(0, region, page, 1, MAP_READ));
    SAME(RW, page_info(0, page).rights);
    handle_t at = slot();
    WANT(OCCUPIED, sys_create(OBJ_THREAD, CASE_QUOTA, 0, at, page, 1, 0, 0));
    WANT(OK, drop(w->thread));
    SAME(0, page_info(0, page).mapped);
}

static void thread_page_address(void)
{
    static const uint64_t bad[] = {0,
                                   USER_MIN + 1,
                                   USER_MAX,
                                   0x0000800000000000ULL,
                                   0xffff800000000000ULL,
                                   0xfffffffffffff000ULL,
                                   UINT64_MAX};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        WANT_EITHER(BAD_ARG, BAD_ADDRESS,
                    sys_create(OBJ_THREAD, CASE_QUOTA, 0, slot(), bad[i], 1, 0, 0));
    WANT(OCCUPIED, sys_create(OBJ_THREAD, CASE_QUOTA, 0, slot(), INFO_PAGE_VA, 1, 0, 0));
}

static void several_receivers(void)
{
    static struct service s[4];
    e = new_endpoint();
    struct worker *w[4];
    for (unsigned i = 0; i < 4; i++) {
        s[i] = (struct service){e, new_reply(), 1, 0, 0};
        w[i] = spawn(0, LOW_PRIORITY, serve, &s[i]);
        await_state(w[i]->thread, THREAD_RECEIVING);
    }
    for (unsigned i = 0; i < 4; i++) {
        struct message m = {{0}, 0, 0, 0, 0};
        put_words(&m, 10, 10);
        WANT(OK, sys_call(e, 10, &m));
    }
    for (unsigned i = 0; i < 4; i++) {
        await_done(w[i]);
        SAME(1, s[i].served);
        SAME(0, s[i].bad);
    }
}

static void recv_without_right(void)
{
    e = new_endpoint();
    r = new_reply();
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(BAD_RIGHT, sys_recv(mint(e, RIGHT_SEND, 1), r, RECV_POLL, &m));
    WANT(BAD_RIGHT, sys_call(mint(e, RIGHT_RECV, 1), 0, &m));
}

const struct test_case ipc_cases[] = {{"ipc_same_task", same_task, 0},
                                      {"ipc_same_task_high_server", same_task_high, 0},
                                      {"ipc_cross_task", cross_task, 0},
                                      {"ipc_cross_task_many", cross_task_many, 0},
                                      {"ipc_badges", badges, 0},
                                      {"ipc_call_waits_for_server", call_waits_for_server, 0},
                                      {"ipc_poll_empty", poll_empty, 0},
                                      {"ipc_queue_in_order", queue_in_order, 0},
                                      {"ipc_replies_deferred", replies_deferred, 0},
                                      {"ipc_occupied_reply", occupied_reply, 0},
                                      {"ipc_empty_reply", empty_reply, 0},
                                      {"ipc_reply_recv_empty", reply_recv_empty, 0},
                                      {"ipc_reply_recv_gone", reply_recv_gone, 0},
                                      {"ipc_signals_before_senders", signals_before_senders, 0},
                                      {"ipc_signal_wakes_receiver", signal_wakes_receiver, 0},
                                      {"ipc_deadline_wakes_receiver", deadline_wakes_receiver, 0},
                                      {"ipc_page_unmapped", page_unmapped, 0},
                                      {"ipc_page_of_no_region", page_belongs_to_no_region, 0},
                                      {"ipc_thread_page_address", thread_page_address, 0},
                                      {"ipc_several_receivers", several_receivers, 0},
                                      {"ipc_rights", recv_without_right, 0},
                                      {NULL, NULL, 0}};
