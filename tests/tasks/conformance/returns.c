/*
 * Upcalls: what the handler may do, and CALL_UPCALL_RETURN: map vectors on the way back, bad states
 * given back, faults and blocking calls in the handler.
 */
#include "upcall.h"

/* ---- map vectors --------------------------------------------------------------------------------------------- */

static handle_t map_region;

static HANDLER void put(struct map_op *op, unsigned kind, handle_t region, uint64_t va,
                        uint64_t offset, uint64_t pages, unsigned rights)
{
    op->kind = (uint8_t)kind;
    op->rights = (uint8_t)rights;
    op->zero = 0;
    op->region = region;
    op->va = va;
    op->offset = offset;
    op->pages = pages;
}

static HANDLER void map_and_go(struct upcall_page *p)
{
    upcall_note(p);
    put(&p->vector_ops[0], MAP_MAP, map_region, p->address & ~(PAGE_SIZE - 1), 0, 1, RW);
    upcall_leave(p, 1);
}

static void map_on_return(void)
{
    upcall_begin(guest_write, map_and_go);
    map_region = new_region(1);
    for (unsigned i = 0; i < 200; i++) {
        uint64_t va = new_window(1);
        guest.in[REG_RSI] = va + 8;
        guest.in[REG_RAX] = i;
        guest_run(&guest);
        SAME(i + 1, upcall_count);
        SAME(va + 8, seen_address);
        SAME(i, *(volatile uint64_t *)(va + 8));
        WANT(OK, unmap_pages(0, va, 1));
    }
}

static uint64_t many_va;

static HANDLER void map_many(struct upcall_page *p)
{
    upcall_note(p);
    for (unsigned i = 0; i < MAP_VECTOR_MAX; i++)
        put(&p->vector_ops[i], MAP_MAP, map_region, many_va + i * 2 * PAGE_SIZE, i, 1, RW);
    upcall_leave(p, MAP_VECTOR_MAX);
}

static void map_whole_vector(void)
{
    upcall_begin(guest_write, map_many);
    map_region = new_region(64);
    many_va = new_window(128);
    guest.in[REG_RSI] = many_va + 126 * PAGE_SIZE;
    guest_run(&guest);
    SAME(1, upcall_count);
    for (unsigned i = 0; i < 128; i++)
        SAME(i % 2 == 0, page_info(0, many_va + i * PAGE_SIZE).mapped != 0);
}

static unsigned fail_at;

static HANDLER void map_failing(struct upcall_page *p)
{
    upcall_note(p);
    for (unsigned i = 0; i < 8; i++)
        put(&p->vector_ops[i], MAP_MAP, map_region, many_va + i * PAGE_SIZE, i == fail_at ? 8 : i,
            1, RW);
    upcall_leave(p, 8);
    seen[0] = seen_result;
    seen[1] = seen_done;
    seen[2] = p->active;
    /* Still in the upcall: go on with the rest. */
    put(&p->vector_ops[0], MAP_UNMAP, 0, many_va, 0, 8, 0);
    p->regs.rip = (uint64_t)guest_exit;
    upcall_leave(p, 1);
}

static void map_fails_at_entry(void)
{
    upcall_begin(guest_undefined, map_failing);
    map_region = new_region(8);
    many_va = new_window(8);
    for (fail_at = 0; fail_at < 8; fail_at++) {
        guest_run(&guest);
        SAME(fail_at + 1, upcall_count);
        SAME(BAD_ARG, result_status(seen[0]));
        SAME(fail_at, seen[1]);
        SAME(1, seen[2]);
        for (unsigned i = 0; i < REG_COUNT; i++)
            SAME(guest.in[i], guest.out[i]);
    }
}

static HANDLER void bad_counts(struct upcall_page *p)
{
    upcall_note(p);
    seen[0] = seen[1] = 0;
    for (unsigned i = 0; i < 64; i++)
        put(&p->vector_ops[i], MAP_UNMAP, 0, many_va, 0, 1, 0);
    upcall_leave(p, 65);
    seen[0] = seen_result;
    upcall_leave(p, 1ULL << 32);
    seen[1] = seen_result;
    upcall_leave(p, UINT64_MAX);
    seen[2] = seen_result;
    p->regs.rip += 2;
    upcall_leave(p, 64);
}

static void map_bad_count(void)
{
    upcall_begin(guest_undefined, bad_counts);
    many_va = new_window(1);
    guest_run(&guest);
    for (unsigned i = 0; i < 3; i++)
        SAME(BAD_ARG, result_status(seen[i]));
}

/* The quota is gone: a status in the handler; it unmaps something and goes on. */
static HANDLER void map_quota(struct upcall_page *p)
{
    upcall_note(p);
    put(&p->vector_ops[0], MAP_MAP, map_region, p->address & ~(PAGE_SIZE - 1), 0, 1, RW);
    upcall_leave(p, 1);
    seen[0]++;
    seen[1] = seen_result;
    seen[2] = seen_done;
    put(&p->vector_ops[0], MAP_UNMAP, 0, many_va, 0, (1ULL << 40) / PAGE_SIZE, 0);
    put(&p->vector_ops[1], MAP_MAP, map_region, p->address & ~(PAGE_SIZE - 1), 0, 1, RW);
    upcall_leave(p, 2);
    seen[3] = seen_result;
    p->regs.rip = (uint64_t)guest_exit;
    upcall_leave(p, 0);
}

/* Runs in a child task with a small quota: writes to addresses 1 GiB apart. */
static void spread_writes(void *arg)
{
    struct worker *w = this_worker();
    for (uint64_t i = 0; i < (uint64_t)arg; i++) {
        guest.in[REG_RSI] = many_va + (i << 30);
        guest_run(&guest);
    }
    w->status = OK;
}

static void map_quota_gone(void)
{
    upcall_begin(guest_write, map_quota);
    handle_t task = new_task();
    map_region = new_region(1);
    give(task, map_region, map_region);
    many_va = 0x0000100000000000ULL;
    seen[0] = seen[3] = 0;
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    struct worker *w = new_worker(task, LOW_PRIORITY);
    WANT(OK, upcall_register(w->thread, (uint64_t)upcall_at));
    start(w, spread_writes, (void *)200);
    await_done(w);
    SAME(200, upcall_count);
    CHECK(seen[0] >= 1 && seen[0] < 60);
    SAME(QUOTA, result_status(seen[1]));
    SAME(0, seen[2]);
    SAME(0, seen[3]);
}

/* ---- bad states given back --------------------------------------------------------------------------------------- */

static struct thread_regs given;

static HANDLER void give_back(struct upcall_page *p)
{
    upcall_note(p);
    uint64_t rsp = p->regs.gpr[REG_RSP];
    p->regs.rip = given.rip;
    p->regs.rflags = given.rflags;
    p->regs.fs_base = given.fs_base;
    p->regs.gs_base = given.gs_base;
    p->regs.gpr[REG_RSP] = given.gpr[REG_RSP];
    upcall_leave(p, 0);
    seen[0] = seen_result; /* refused */
    for (unsigned i = 0; i < REG_COUNT; i++)
        p->regs.gpr[i] = seen_regs.gpr[i];
    p->regs.gpr[REG_RSP] = rsp;
    p->regs.fs_base = seen_regs.fs_base;
    p->regs.gs_base = seen_regs.gs_base;
    p->regs.rflags = 0x202;
    p->regs.rip = (uint64_t)guest_exit;
    upcall_leave(p, 0);
}

static void run_guest(void *arg)
{
    guest_run(arg);
}

static void bad_state_back(void)
{
    static const struct {
        uint64_t rip, rflags, fs, gs, rsp;
    } rows[] = {{0x0000800000000000ULL, 0x202, 0, 0, 0},
                {0x8000000000000000ULL, 0x202, 0, 0, 0},
                {0xffff7fffffffffffULL, 0x202, 0, 0, 0},
                {0xffffffff80000000ULL, 0x202, 0, 0, 0},
                {USER_MAX, 0x202, 0, 0, 0},
                {0x0000700000000000ULL, 0x3202, 0, 0, 0},
                {0x0000700000000000ULL, 0x20202, 0, 0, 0},
                {0x0000700000000000ULL, 0x4202, 0, 0, 0},
                {0x0000700000000000ULL, 2, 0, 0, 0},
                {0x0000700000000000ULL, UINT64_MAX, 0, 0, 0},
                {0x0000700000000000ULL, 0x202, 0x0000800000000000ULL, 0, 0},
                {0x0000700000000000ULL, 0x202, 0, 0x7fff800000000000ULL, 0},
                {0x0000700000000000ULL, 0x202, 0, 0, 0x0000800000000000ULL},
                {0x0000700000000000ULL, 0x202, 0, 0, UINT64_MAX}};
    upcall_begin(guest_undefined, give_back);
    handle_t e = new_endpoint(), r = new_reply();
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct worker *w = new_worker(0, LOW_PRIORITY);
        WANT(OK, upcall_register(w->thread, (uint64_t)upcall_at));
        WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
        given.rip = rows[i].rip;
        given.rflags = rows[i].rflags;
        given.fs_base = rows[i].fs;
        given.gs_base = rows[i].gs;
        given.gpr[REG_RSP] = rows[i].rsp;
        start(w, run_guest, &guest);
        for (;;) {
            struct message m = {{0}, 0, 0, 0, 0};
            int status = sys_recv(e, r, RECV_POLL, &m);
            if (status == OK) { /* accepted: the fault of the bad address follows */
                SAME(0, m.w[FAULT_FLAGS] & 0x1a3000);
                CHECK(m.w[FAULT_FLAGS] & 0x200);
                CHECK(m.w[FAULT_VECTOR] == FAULT_PAGE || m.w[FAULT_VECTOR] == FAULT_PROTECTION ||
                      m.w[FAULT_VECTOR] == FAULT_DEBUG || m.w[FAULT_VECTOR] == FAULT_ALIGNMENT);
                m.w[0] = FAULT_REPLY_STOP;
                WANT(OK, sys_reply(r, 1, &m));
                break;
            }
            if (w->done) {
                CHECK(result_status(seen[0]) != OK);
                break;
            }
            pause_us(300);
        }
        release(w);
    }
}

/* ---- in the handler ------------------------------------------------------------------------------------------------- */

static HANDLER void fault_inside(struct upcall_page *p)
{
    upcall_note(p);
    __asm__ volatile("ud2");
    p->regs.rip = (uint64_t)guest_exit;
    upcall_leave(p, 0);
}

static void fault_in_handler(void)
{
    upcall_begin(guest_undefined, fault_inside);
    handle_t e = new_endpoint(), r = new_reply();
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, upcall_register(w->thread, (uint64_t)upcall_at));
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
    start(w, run_guest, &guest);
    struct fault f = take_fault(e, r);
    SAME(FAULT_UNDEFINED, f.word[FAULT_VECTOR]);
    CHECK(f.word[FAULT_IP] < (uint64_t)guest_lo || f.word[FAULT_IP] >= (uint64_t)guest_hi);
    SAME(1, upcall_count);
    /* Go on behind the faulting instruction: the upcall is still active and ends as usual. */
    WANT(OK, sys_thread(THREAD_GET_REGS, w->thread, 0, 0, 0, 0, 0, 0));
    ((struct thread_regs *)(void *)ipc()->msg)->rip += 2;
    WANT(OK, sys_thread(THREAD_SET_REGS, w->thread, 0, 0, 0, 0, 0, 0));
    struct message m = {{FAULT_REPLY_RESUME, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
    WANT(OK, sys_reply(r, 1, &m));
    await_done(w);
    for (unsigned i = 0; i < REG_COUNT; i++)
        SAME(guest.in[i], guest.out[i]);
}

/* A fault in the guest range while an upcall is active is not a second upcall. */
static HANDLER void jump_to_guest(struct upcall_page *p)
{
    upcall_note(p);
    __asm__ volatile("jmp guest_first");
}

static void no_nesting(void)
{
    upcall_begin(guest_undefined, jump_to_guest);
    handle_t e = new_endpoint(), r = new_reply();
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, upcall_register(w->thread, (uint64_t)upcall_at));
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
    start(w, run_guest, &guest);
    struct fault f = take_fault(e, r);
    SAME((uint64_t)guest_first, f.word[FAULT_IP]);
    SAME(1, upcall_count);
    WANT(OK, drop(w->thread));
}

static handle_t block_on[3];

static HANDLER void block_inside(struct upcall_page *p)
{
    upcall_note(p);
    handle_t e = block_on[0], r = block_on[1], n = block_on[2];
    seen[0] = guest_trap(call_word(CALL_CALL, 0, e, 0), 0, 0);
    seen[1] = guest_trap(call_word(CALL_RECV, 0, e, r), 0, 0);
    seen[2] = guest_trap(call_word(CALL_REPLY_RECV, 0, e, r), 0, 0);
    seen[3] = guest_trap(call_word(CALL_WAIT, 0, n, 0), 0, 0);
    seen[4] = guest_trap(call_word(CALL_SIGNAL, 0, n, 0), 2, 0);
    seen[5] = guest_trap(call_word(CALL_WAIT, WAIT_POLL, n, 0), 0, 0);
    seen[6] = guest_trap(call_word(CALL_THREAD, THREAD_YIELD, 0, 0), 0, 0);
    p->regs.rip = (uint64_t)guest_exit;
    upcall_leave(p, 0);
}

static void blocking_in_handler(void)
{
    upcall_begin(guest_undefined, block_inside);
    block_on[0] = new_endpoint();
    block_on[1] = new_reply();
    block_on[2] = new_notification();
    guest_run(&guest);
    for (unsigned i = 0; i < 4; i++)
        SAME(WOULD_BLOCK, result_status(seen[i]));
    SAME(OK, result_status(seen[4]));
    SAME(OK, result_status(seen[5]));
    SAME(OK, result_status(seen[6]));
    uint64_t bits;
    WANT(WOULD_BLOCK, sys_wait(block_on[2], WAIT_POLL, 0, &bits));
}

static void return_outside(void)
{
    unsigned done;
    REFUSED(sys_upcall_return(0, &done));
    REFUSED(sys_upcall_return(64, &done));
    upcall_begin(guest_undefined, upcall_to_exit);
    REFUSED(sys_upcall_return(0, &done));
    guest_run(&guest);
    REFUSED(sys_upcall_return(0, &done));
}

static HANDLER void unregister_inside(struct upcall_page *p)
{
    upcall_note(p);
    seen[0] = guest_trap(call_word(CALL_THREAD, THREAD_UPCALL, 0, 0), 0, 0);
    if (result_status(seen[0]) != OK) {
        p->regs.rip = (uint64_t)guest_exit;
        upcall_leave(p, 0);
    }
    guest_trap(call_word(CALL_THREAD, THREAD_EXIT, 0, 0), 0, 0);
}

static void unregister_in_handler(void)
{
    upcall_begin(guest_undefined, unregister_inside);
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, upcall_register(w->thread, (uint64_t)upcall_at));
    start(w, run_guest, &guest);
    await_state(w->thread, THREAD_DEAD);
    SAME(1, upcall_count);
}

static HANDLER void spin_inside(struct upcall_page *p)
{
    upcall_note(p);
    for (;;)
        __asm__ volatile("pause");
}

static void deleted_in_handler(void)
{
    upcall_begin(guest_undefined, spin_inside);
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    for (unsigned i = 0; i < 5; i++) {
        struct worker *w = new_worker(0, LOW_PRIORITY);
        WANT(OK, upcall_register(w->thread, (uint64_t)upcall_at));
        start(w, run_guest, &guest);
        pause_ms(3);
        SAME(i + 1, upcall_count);
        SAME(1, upcall_at->active);
        if (i & 1) /* unregistered by another thread while active */
            WANT(OK, sys_thread(THREAD_UPCALL, w->thread, 0, 0, 0, 0, 0, 0));
        release(w);
        SAME(0, page_info(0, (uint64_t)upcall_at).mapped);
    }
}

/* The interrupted state written in the page while the handler is preempted is the one used. */
static void threads_side_by_side(void)
{
    upcall_begin(guest_undefined, upcall_skip_two);
    for (unsigned i = 0; i < 300; i++) {
        guest.in[REG_RAX] = i;
        guest_run(&guest);
        SAME(i, guest.out[REG_RAX]);
        if (i % 50 == 0)
            pause_us(300);
    }
    SAME(300, upcall_count);
    SAME(0, upcall_at->active);
}

/* A system call inside the guest range is a call like any other. */
static void call_in_range(void)
{
    upcall_begin(guest_call, upcall_to_exit);
    handle_t n = new_notification();
    guest.in[REG_RAX] = call_word(CALL_SIGNAL, 0, n, 0);
    guest.in[REG_RDI] = 0x77;
    guest_run(&guest);
    SAME(OK, guest.out[REG_RAX]);
    SAME(0, upcall_count);
    for (unsigned i = REG_RSP; i < REG_COUNT; i++)
        if (i == REG_RSP || i == REG_RBP || i >= REG_R12)
            SAME(guest.in[i], guest.out[i]);
    uint64_t bits;
    WANT(OK, sys_wait(n, WAIT_POLL, 0, &bits));
    SAME(0x77, bits);
}

const struct test_case return_cases[] = {{"upcall_map_on_return", map_on_return, 0},
                                         {"upcall_map_whole_vector", map_whole_vector, 0},
                                         {"upcall_map_fails_at_entry", map_fails_at_entry, 0},
                                         {"upcall_map_bad_count", map_bad_count, 0},
                                         {"upcall_map_quota_gone", map_quota_gone, 0},
                                         {"upcall_bad_state_back", bad_state_back, 0},
                                         {"upcall_fault_in_handler", fault_in_handler, 0},
                                         {"upcall_no_nesting", no_nesting, 0},
                                         {"upcall_blocking_in_handler", blocking_in_handler, 0},
                                         {"upcall_return_outside", return_outside, 0},
                                         {"upcall_unregister_in_handler", unregister_in_handler, 0},
                                         {"upcall_deleted_in_handler", deleted_in_handler, 0},
                                         {"upcall_many", threads_side_by_side, 0},
                                         {"upcall_call_in_range", call_in_range, 0},
                                         {NULL, NULL, 0}};
