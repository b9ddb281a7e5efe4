/*
 * Pokes: delivered inside the guest range, pending outside and in an upcall, ending a wait, never a
 * call; none lost, at whichever instruction of the entry stub they come.
 */
#include "guest.h"

static struct guest g;
static struct upcall_page *page;
static uint8_t handler_stack[16384] __attribute__((aligned(4096)));
static volatile uint64_t delivered, taken, loops, counter, stop_guest, in_handler;
static volatile uint64_t left; /* what `pending` was when the thread was about to end */
static handle_t object;

static int poke(handle_t t)
{
    return sys_thread(THREAD_POKE, t, 0, 0, 0, 0, 0, 0);
}

static int usual(handle_t thread)
{
    return sys_thread(THREAD_UPCALL, thread, 0, (uint64_t)page, (uint64_t)guest_lo,
                      (uint64_t)guest_hi, (uint64_t)guest_handler,
                      (uint64_t)(handler_stack + sizeof handler_stack));
}

/* Leave the guest, saying so in R13. */
static HANDLER void to_exit(struct upcall_page *p)
{
    uint64_t done;
    if (p->vector == UPCALL_POKE)
        delivered++;
    p->regs.gpr[REG_R13] = 2;
    p->regs.rip = (uint64_t)guest_exit;
    guest_return(0, &done);
}

static void begin(void (*handle)(struct upcall_page *))
{
    page = (struct upcall_page *)new_window(1);
    memset(&g, 0, sizeof g);
    g.flags_in = 0x202;
    g.target = guest_entry;
    g.in[REG_R15] = (uint64_t)page;
    g.in[REG_R14] = (uint64_t)&counter;
    g.in[REG_R12] = UINT64_MAX;
    guest_handle = handle;
    left = delivered = taken = loops = counter = stop_guest = in_handler = 0;
}

static void run_once(void *arg)
{
    (void)arg;
    guest_run(&g);
    taken += g.out[REG_R13] == 1;
    left = page->pending;
}

/* A virtual CPU: enters the guest over and over, and counts what brought it out. */
static void run_loop(void *arg)
{
    while (!stop_guest) {
        run_once(arg);
        loops++;
    }
}

static struct worker *guest_thread(void (*entry)(void *))
{
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread));
    start(w, entry, NULL);
    return w;
}

static void in_range(void)
{
    begin(to_exit);
    struct worker *w = guest_thread(run_once);
    await_value(&counter, 1);
    SAME(0, delivered);
    WANT(OK, poke(w->thread));
    await_done(w);
    SAME(1, delivered);
    SAME(0, left);
    SAME(2, g.out[REG_R13]);
}

static void state_kept(void)
{
    begin(to_exit);
    for (unsigned i = 0; i < 12; i++)
        if (i != REG_RSP)
            g.in[i] = 0x0101010101010101ULL * (i + 3);
    g.in[REG_RSP] = 0x8000000000001230ULL;
    struct worker *w = guest_thread(run_once);
    await_value(&counter, 1);
    WANT(OK, poke(w->thread));
    await_done(w);
    for (unsigned i = 0; i < 12; i++)
        SAME(g.in[i], g.out[i]);
}

/* Outside the range the poke waits in `pending`, and the stub finds it. */
static void outside_range(void)
{
    begin(to_exit);
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread));
    WANT(OK, sys_thread(THREAD_START, w->thread, 0, (uint64_t)spin_for_ever,
                        (uint64_t)w->stack_top - 8, 0, 0, 0));
    pause_ms(1);
    WANT(OK, poke(w->thread));
    pause_ms(1);
    CHECK(page->pending != 0);
    SAME(0, delivered);
    WANT(OK, poke(w->thread));
    pause_ms(1);
    WANT(OK, sys_thread(THREAD_STOP, w->thread, 0, 0, 0, 0, 0, 0));
    start(w, run_once, NULL);
    await_done(w);
    SAME(1, g.out[REG_R13]);
    SAME(1, taken);
    SAME(0, delivered);
    SAME(0, left);
}

static void before_start(void)
{
    begin(to_exit);
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread));
    WANT(OK, poke(w->thread));
    start(w, run_once, NULL);
    await_done(w);
    SAME(1, taken + delivered);
}

static HANDLER void slow(struct upcall_page *p)
{
    in_handler = 1;
    while (in_handler == 1)
        __asm__ volatile("pause");
    to_exit(p);
}

static void in_upcall(void)
{
    begin(slow);
    struct worker *w = guest_thread(run_once);
    await_value(&counter, 1);
    WANT(OK, poke(w->thread));
    await_value(&in_handler, 1);
    SAME(0, page->pending);
    WANT(OK, poke(w->thread));
    pause_ms(2);
    CHECK(page->pending != 0);
    in_handler = 2;
    await_done(w);
    SAME(1, delivered);
    CHECK(left != 0);
}

/* A poke that came while the handler ran must not be forgotten when it returns into the range. */
static HANDLER void back_into_range(struct upcall_page *p)
{
    uint64_t done;
    if (delivered == 0) {
        delivered++;
        guest_trap(call_word(CALL_THREAD, THREAD_POKE, 0, 0), 0, 0);
        in_handler = 1 + p->pending;
        guest_return(0, &done);
    }
    to_exit(p);
}

static void pending_at_return(void)
{
    begin(back_into_range);
    struct worker *w = guest_thread(run_once);
    await_value(&counter, 1);
    WANT(OK, poke(w->thread));
    await_value(&in_handler, 1);
    SAME(2, in_handler);
    await_done(w);
    SAME(2, delivered);
}

static void wait_once(void *arg)
{
    uint64_t bits;
    (void)arg;
    this_worker()->status = sys_wait(object, 0, 0, &bits);
}

/* case_arg: 1 = with an upcall page. */
static void ends_wait(void)
{
    begin(to_exit);
    object = new_notification();
    for (unsigned i = 0; i < 20; i++) {
        struct worker *w = new_worker(0, LOW_PRIORITY);
        if (case_arg)
            WANT(OK, usual(w->thread));
        start(w, wait_once, NULL);
        await_state(w->thread, THREAD_WAITING);
        WANT(OK, poke(w->thread));
        await_done(w);
        SAME(POKED, w->status);
        release(w);
    }
    uint64_t bits;
    WANT(OK, sys_signal(object, 1));
    WANT(OK, sys_wait(object, WAIT_POLL, 0, &bits));
}

/* Poked before it waits: the wait must not sleep over it. */
static void before_wait(void)
{
    begin(to_exit);
    object = new_notification();
    struct worker *w = new_worker(0, LOW_PRIORITY);
    if (case_arg)
        WANT(OK, usual(w->thread));
    start(w, wait_once, NULL);
    WANT(OK, poke(w->thread));
    await_done(w);
    SAME(POKED, w->status);
}

static void call_once(void *arg)
{
    struct message m = {{0}, 0, 0, 0, 0};
    (void)arg;
    this_worker()->status = sys_call(object, 0, &m);
    this_worker()->value[0] = m.w[0];
    left = page->pending;
}

static void never_ends_call(void)
{
    begin(to_exit);
    object = new_endpoint();
    handle_t r = new_reply();
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread));
    start(w, call_once, NULL);
    await_state(w->thread, THREAD_SENDING);
    WANT(OK, poke(w->thread));
    pause_ms(2);
    SAME(THREAD_SENDING, thread_info(w->thread).state);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(object, r, RECV_POLL, &m));
    WANT(OK, poke(w->thread));
    pause_ms(2);
    SAME(THREAD_AWAITING_REPLY, thread_info(w->thread).state);
    m.w[0] = 5;
    WANT(OK, sys_reply(r, 1, &m));
    await_done(w);
    SAME(OK, w->status);
    SAME(5, w->value[0]);
    CHECK(left != 0);
}

/* A call made inside the range is not ended, and the poke comes when it returns. */
static void call_in_range(void)
{
    begin(to_exit);
    object = new_endpoint();
    handle_t r = new_reply();
    g.target = guest_call;
    g.in[REG_RAX] = call_word(CALL_CALL, 0, object, 0);
    struct worker *w = guest_thread(run_once);
    await_state(w->thread, THREAD_SENDING);
    WANT(OK, poke(w->thread));
    pause_ms(1);
    SAME(0, delivered);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(object, r, RECV_POLL, &m));
    WANT(OK, sys_reply(r, 0, &m));
    await_done(w);
    SAME(1, delivered + (left != 0));
    SAME(OK, result_status(g.out[REG_RAX]));
}

static void own_poke(void)
{
    begin(to_exit);
    object = new_notification();
    WANT(OK, usual(0));
    WANT(OK, poke(0));
    CHECK(page->pending != 0);
    uint64_t bits;
    WANT(POKED, sys_wait(object, 0, 0, &bits));
    /* By a system call inside the range. */
    page->pending = 0;
    g.target = guest_call;
    g.in[REG_RAX] = call_word(CALL_THREAD, THREAD_POKE, 0, 0);
    guest_run(&g);
    SAME(1, delivered);
    SAME(OK, result_status(g.out[REG_RAX]));
}

static void bound_signal(void)
{
    begin(to_exit);
    handle_t n = new_notification();
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread));
    WANT(OK, sys_thread(THREAD_BIND, w->thread, n, 1, 0, 0, 0, 0));
    start(w, run_once, NULL);
    await_value(&counter, 1);
    WANT(OK, sys_signal(n, 0x40));
    await_done(w);
    SAME(1, delivered);
    uint64_t bits;
    WANT(OK, sys_wait(n, WAIT_POLL, 0, &bits));
    SAME(0x40, bits);
}

/* Time reaches a virtual CPU the same way: a deadline of the bound notification. */
static void bound_deadline(void)
{
    begin(to_exit);
    handle_t n = new_notification();
    uint64_t bits, when = time_now() + 5000000;
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread));
    WANT(OK, sys_thread(THREAD_BIND, w->thread, n, 1, 0, 0, 0, 0));
    WANT(WOULD_BLOCK, sys_wait(n, WAIT_ARM | WAIT_POLL, when, &bits));
    start(w, run_once, NULL);
    await_done(w);
    CHECK(time_now() >= when);
    SAME(1, delivered + taken);
    WANT(OK, sys_wait(n, WAIT_POLL, 0, &bits));
    SAME(SIGNAL_DEADLINE, bits);
}

static void bound_without_poke(void)
{
    begin(to_exit);
    handle_t n = new_notification();
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread));
    WANT(OK, sys_thread(THREAD_BIND, w->thread, n, 0, 0, 0, 0, 0));
    start(w, run_once, NULL);
    await_value(&counter, 1);
    WANT(OK, sys_signal(n, 0x40));
    pause_ms(3);
    SAME(0, delivered);
    SAME(0, page->pending);
}

/*
 * The entry stub, instruction by instruction. The thread runs under the trap flag without an upcall
 * page until it has made `step` steps; then it gets the page, the poke, and is let go. Whatever the
 * step, exactly one of the three must show the poke: an upcall, the stub's exit, or `pending` left.
 */
static void every_instruction(void)
{
    begin(to_exit);
    handle_t e = new_endpoint(), r = new_reply(), memory_region = new_region(1);
    unsigned inside = 0, before = 0, after = 0;
    g.in[REG_R12] = 3;
    g.in[REG_RSP] = 0x1000;
    g.flags_in = 0x302;
    for (unsigned step = 1; step < 200; step++) {
        struct worker *w = new_worker(0, LOW_PRIORITY);
        struct message m = {{0}, 0, 0, 0, 0};
        delivered = taken = left = 0;
        WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
        /* Until it is registered, the page is ordinary memory with nothing pending. */
        WANT(OK, map_pages(0, memory_region, (uint64_t)page, 0, 1, RW));
        page->pending = 0;
        start(w, run_once, NULL);
        WANT(OK, sys_recv(e, r, 0, &m));
        for (unsigned i = 1; i < step && !w->done && m.w[FAULT_IP] != (uint64_t)guest_exit; i++) {
            m.w[0] = FAULT_REPLY_RESUME;
            WANT(OK, sys_reply_recv(e, r, 1, &m));
            SAME(FAULT_DEBUG, m.w[FAULT_VECTOR]);
        }
        uint64_t ip = m.w[FAULT_IP];
        WANT(OK, unmap_pages(0, (uint64_t)page, 1));
        WANT(OK, usual(w->thread));
        WANT(OK, sys_thread(THREAD_GET_REGS, w->thread, 0, 0, 0, 0, 0, 0));
        ((struct thread_regs *)(void *)ipc()->msg)->rflags &= ~0x100ULL;
        WANT(OK, sys_thread(THREAD_SET_REGS, w->thread, 0, 0, 0, 0, 0, 0));
        WANT(OK, poke(w->thread));
        m.w[0] = FAULT_REPLY_RESUME;
        WANT(OK, sys_reply(r, 1, &m));
        await_done(w);
        if (delivered + taken + (left != 0) != 1)
            fail(__FILE__, __LINE__, "step %u at %lx: upcalls %lu, stub %lu, pending %lu", step,
                 (unsigned long)ip, (unsigned long)delivered, (unsigned long)taken,
                 (unsigned long)left);
        bool in = ip >= (uint64_t)guest_lo && ip < (uint64_t)guest_hi;
        SAME(in, delivered);
        inside += in;
        before += !in && taken;
        after += !in && left;
        release(w);
        if (ip == (uint64_t)guest_exit)
            break;
    }
    CHECK(before >= 2);  /* steps before the range: found by the stub */
    CHECK(inside >= 14); /* every instruction of the stub and three turns of the loop */
    SAME(1, after);      /* behind it: left for the next entry */
}

/* Pokes at times that nothing chooses, against a thread that enters and leaves all the while. */
static void at_any_time(void)
{
    begin(to_exit);
    uint64_t seed = 0x2545f4914f6cdd1dULL;
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread));
    g.in[REG_R12] = 40;
    start(w, run_loop, NULL);
    for (unsigned i = 1; i <= 1500; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        pause_us(20 + seed % 180);
        uint64_t before = delivered + taken;
        WANT(OK, poke(w->thread));
        uint64_t end = time_now() + 2000000000;
        while (delivered + taken == before) {
            CHECK(time_now() < end);
            pause_us(30);
        }
        SAME(before + 1, delivered + taken);
    }
    stop_guest = 1;
    await_done(w);
    SAME(1500, delivered + taken);
    CHECK(loops > 100);
}

static void of_dead_thread(void)
{
    begin(to_exit);
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread));
    g.in[REG_R12] = 1;
    start(w, run_once, NULL);
    await_state(w->thread, THREAD_DEAD);
    int status = poke(w->thread);
    CHECK(status == OK || status == GONE);
    WANT(OK, drop(w->thread));
    WANT(BAD_HANDLE, poke(w->thread));
}

static void by_right_only(void)
{
    begin(to_exit);
    struct worker *w = guest_thread(run_once);
    handle_t poke_only = mint(w->thread, RIGHT_POKE, 0);
    await_value(&counter, 1);
    WANT(BAD_RIGHT, sys_thread(THREAD_STOP, poke_only, 0, 0, 0, 0, 0, 0));
    WANT(OK, poke(poke_only));
    await_done(w);
    SAME(1, delivered);
}

const struct test_case poke_cases[] = {{"poke_in_range", in_range, 0},
                                       {"poke_state_kept", state_kept, 0},
                                       {"poke_outside_range", outside_range, 0},
                                       {"poke_before_start", before_start, 0},
                                       {"poke_in_upcall", in_upcall, 0},
                                       {"poke_pending_at_return", pending_at_return, 0},
                                       {"poke_ends_wait", ends_wait, 0},
                                       {"poke_ends_wait_with_page", ends_wait, 1},
                                       {"poke_before_wait", before_wait, 0},
                                       {"poke_before_wait_with_page", before_wait, 1},
                                       {"poke_never_ends_call", never_ends_call, 0},
                                       {"poke_call_in_range", call_in_range, 0},
                                       {"poke_own_thread", own_poke, 0},
                                       {"poke_bound_signal", bound_signal, 0},
                                       {"poke_bound_deadline", bound_deadline, 0},
                                       {"poke_bound_without", bound_without_poke, 0},
                                       {"poke_every_instruction", every_instruction, 0},
                                       {"poke_at_any_time", at_any_time, 0},
                                       {"poke_of_dead_thread", of_dead_thread, 0},
                                       {"poke_by_right_only", by_right_only, 0},
                                       {NULL, NULL, 0}};
