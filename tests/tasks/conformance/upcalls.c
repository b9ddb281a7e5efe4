/*
 * Upcalls: registration, delivery, the state saved and restored, map vectors on the way back, bad
 * states given back, faults and blocking calls in the handler.
 *
 * The case thread itself runs the guest code, unless the fault goes to an endpoint.
 */
#include "guest.h"

static struct guest g;
static struct upcall_page *page;
static uint8_t handler_stack[16384] __attribute__((aligned(4096)));
static volatile unsigned upcalls;
static volatile uint64_t seen_vector, seen_error, seen_address, seen_done, seen_result, seen[8];
static struct thread_regs seen_regs;

static int register_upcall(handle_t thread, uint64_t va, uint64_t lo, uint64_t hi, uint64_t handler,
                           uint64_t stack)
{
    return sys_thread(THREAD_UPCALL, thread, 0, va, lo, hi, handler, stack);
}

static int usual(handle_t thread, uint64_t va)
{
    return register_upcall(thread, va, (uint64_t)guest_lo, (uint64_t)guest_hi,
                           (uint64_t)guest_handler,
                           (uint64_t)(handler_stack + sizeof handler_stack));
}

static void begin(const void *target, void (*handle)(struct upcall_page *))
{
    uint64_t va = new_window(1);
    WANT(OK, usual(0, va));
    page = (struct upcall_page *)va;
    memset(&g, 0, sizeof g);
    for (unsigned i = 0; i < REG_COUNT; i++)
        g.in[i] = 0x1111111111111111ULL * (i + 1);
    g.flags_in = 0x202;
    g.target = target;
    guest_handle = handle;
    upcalls = 0;
}

/* ---- handlers: no vector registers, no library calls ---------------------------------------------- */

static HANDLER void note(struct upcall_page *p)
{
    upcalls++;
    seen_vector = p->vector;
    seen_error = p->error;
    seen_address = p->address;
    for (unsigned i = 0; i < REG_COUNT; i++)
        seen_regs.gpr[i] = p->regs.gpr[i];
    seen_regs.rip = p->regs.rip;
    seen_regs.rflags = p->regs.rflags;
    seen_regs.fs_base = p->regs.fs_base;
    seen_regs.gs_base = p->regs.gs_base;
}

static HANDLER void leave(struct upcall_page *p, uint64_t count)
{
    uint64_t done = 99;
    (void)p;
    seen_result = guest_return(count, &done);
    seen_done = done;
}

static HANDLER void to_exit(struct upcall_page *p)
{
    note(p);
    p->regs.rip = (uint64_t)guest_exit;
    leave(p, 0);
}

static HANDLER void skip_two(struct upcall_page *p)
{
    note(p);
    p->regs.rip += 2;
    leave(p, 0);
}

/* ---- registration ------------------------------------------------------------------------------------ */

static void registration(void)
{
    uint64_t va = new_window(2);
    REFUSED(sys_thread(THREAD_UPCALL, 0, 0, va + 1, USER_MIN, USER_MAX, USER_MIN, USER_MIN));
    WANT(OK, usual(0, va));
    SAME(RW, page_info(0, va).rights);
    SAME(0, ((struct upcall_page *)va)->pending);
    SAME(0, ((struct upcall_page *)va)->active);
    REFUSED(usual(0, va + PAGE_SIZE));
    REFUSED(usual(0, va));
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    SAME(0, page_info(0, va).mapped);
    int status = sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0);
    CHECK(status == OK || status == EMPTY || status == BAD_ARG);
    for (unsigned i = 0; i < 100; i++) {
        WANT(OK, usual(0, va));
        WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    }
}

static void bad_registration(void)
{
    uint64_t va = new_window(1), lo = (uint64_t)guest_lo, hi = (uint64_t)guest_hi,
             handler = (uint64_t)guest_handler, stack = (uint64_t)handler_stack + 4096,
             kernel = 0xffff800000000000ULL, hole = 0x0000800000000000ULL;
    const uint64_t rows[][5] = {{va, hi, lo, handler, stack},
                                {va, lo, lo, handler, stack},
                                {va, lo, USER_MAX + 1, handler, stack},
                                {va, lo, UINT64_MAX, handler, stack},
                                {va, kernel, kernel + 4096, handler, stack},
                                {va, hole, hole + 4096, handler, stack},
                                {va, lo, hi, kernel, stack},
                                {va, lo, hi, hole, stack},
                                {va, lo, hi, USER_MAX, stack},
                                {va, lo, hi, handler, kernel},
                                {va, lo, hi, handler, hole},
                                {va, lo, hi, handler, USER_MAX + 8},
                                {va + 8, lo, hi, handler, stack},
                                {va + PAGE_SIZE - 1, lo, hi, handler, stack},
                                {USER_MAX, lo, hi, handler, stack},
                                {kernel, lo, hi, handler, stack},
                                {hole, lo, hi, handler, stack},
                                {UINT64_MAX - 4095, lo, hi, handler, stack}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        WANT_EITHER(BAD_ADDRESS, BAD_ARG,
                    register_upcall(0, rows[i][0], rows[i][1], rows[i][2], rows[i][3], rows[i][4]));
    WANT(OCCUPIED, usual(0, (uint64_t)handler_stack));
    WANT(OCCUPIED, usual(0, INFO_PAGE_VA));
    SAME(0, page_info(0, va).mapped);
    WANT(OK, usual(0, va));
}

static void page_of_no_region(void)
{
    begin(guest_undefined, to_exit);
    handle_t region = new_region(1);
    WANT(OCCUPIED, map_pages(0, region, (uint64_t)page, 0, 1, RW));
    WANT(BAD_ARG, protect_pages(0, region, (uint64_t)page, 1, MAP_READ));
    guest_run(&g);
    SAME(1, upcalls);
}

/* The page stays valid for the kernel when the task unmaps it. */
static HANDLER void without_page(struct upcall_page *p)
{
    (void)p; /* not mapped any more */
    upcalls++;
    guest_trap(call_word(CALL_THREAD, THREAD_EXIT, 0, 0), 0, 0);
}

static void run_without_page(void *arg)
{
    struct worker *w = arg;
    unsigned done;
    ipc()->vector[0] = (struct map_op){.kind = MAP_UNMAP, .va = (uint64_t)page, .pages = 1};
    w->status = sys_map(0, 1, &done);
    if (w->status == OK)
        guest_run(&g);
}

static void page_unmapped(void)
{
    begin(guest_undefined, without_page);
    uint64_t va = (uint64_t)page;
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread, va));
    start(w, run_without_page, w);
    await_state(w->thread, THREAD_DEAD);
    CHECK(w->status != OK || upcalls == 1);
}

/* ---- state -------------------------------------------------------------------------------------------- */

static void registers_saved(void)
{
    begin(guest_undefined, skip_two);
    uint64_t fs, gs;
    __asm__ volatile("rdfsbase %0" : "=r"(fs));
    gs = 0xffff9000aaaa0000ULL;
    __asm__ volatile("wrgsbase %0" : : "r"(gs));
    for (unsigned round = 0; round < 64; round++) {
        for (unsigned i = 0; i < REG_COUNT; i++)
            g.in[i] = (0x9e3779b97f4a7c15ULL * (i + 1)) ^ (1ULL << round);
        guest_run(&g);
        SAME(round + 1, upcalls);
        SAME(FAULT_UNDEFINED, seen_vector);
        SAME((uint64_t)guest_undefined, seen_regs.rip);
        for (unsigned i = 0; i < REG_COUNT; i++) {
            SAME(g.in[i], seen_regs.gpr[i]);
            SAME(g.in[i], g.out[i]);
        }
        SAME(fs, seen_regs.fs_base);
        SAME(gs, seen_regs.gs_base);
    }
    uint64_t after;
    __asm__ volatile("rdgsbase %0" : "=r"(after));
    SAME(gs, after);
}

static HANDLER void change_registers(struct upcall_page *p)
{
    note(p);
    for (unsigned i = 0; i < REG_COUNT; i++)
        p->regs.gpr[i] = ~p->regs.gpr[i];
    p->regs.rflags ^= 0x8d5; /* OF SF ZF AF PF CF */
    p->regs.rip = (uint64_t)guest_exit;
    leave(p, 0);
}

static void registers_changed(void)
{
    begin(guest_undefined, change_registers);
    g.flags_in = 0x202 | 0x41;
    guest_run(&g);
    for (unsigned i = 0; i < REG_COUNT; i++)
        SAME(~g.in[i], g.out[i]);
    SAME((0x41 ^ 0x8d5), g.flags_out & 0x8d5);
}

static void flags_in_handler(void)
{
    begin(guest_undefined, skip_two);
    static const uint64_t flags[] = {0x400, 0x40000, 0x4000, 0x44400, 0x200000, 0x8d5, 0x44cd5};
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        g.flags_in = 0x202 | flags[i];
        guest_run(&g);
        SAME(0, handler_flags & 0x40500); /* AC, DF, TF */
        SAME(0x200, handler_flags & 0x3200);
        SAME(flags[i], seen_regs.rflags & flags[i]);
        SAME(flags[i], g.flags_out & flags[i]);
    }
}

static HANDLER void single_step(struct upcall_page *p)
{
    note(p);
    seen[upcalls & 7] = p->regs.rip;
    if (p->regs.rip == (uint64_t)guest_nops_end)
        p->regs.rflags &= ~0x100ULL;
    leave(p, 0);
}

/* The trap flag in the guest range: each step is an upcall, entered with the flag clear. */
static void trap_flag(void)
{
    begin(guest_nops, single_step);
    /* POPF sets TF three instructions before the range: those traps go to the endpoint. */
    handle_t e = new_endpoint(), r = new_reply();
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    WANT(OK, usual(w->thread, (uint64_t)page));
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
    g.flags_in = 0x302;
    g.in[REG_RSP] = 0x1000;
    start(w, (void (*)(void *))(uintptr_t)guest_run, &g);
    unsigned outside = 0;
    while (!w->done) {
        struct message m = {{0}, 0, 0, 0, 0};
        int status = sys_recv(e, r, RECV_POLL, &m);
        if (status == OK) {
            SAME(FAULT_DEBUG, m.w[FAULT_VECTOR]);
            CHECK(m.w[FAULT_IP] < (uint64_t)guest_lo || m.w[FAULT_IP] >= (uint64_t)guest_hi);
            outside++;
            m.w[0] = FAULT_REPLY_RESUME;
            WANT(OK, sys_reply(r, 1, &m));
        } else {
            pause_us(200);
        }
    }
    CHECK(outside >= 2 && outside <= 4);
    SAME(7, upcalls); /* at the first of the six, and after each */
    SAME(FAULT_DEBUG, seen_vector);
    SAME((uint64_t)guest_nops_end, seen_regs.rip);
    SAME(0, handler_flags & 0x100);
}

static void handler_stack_top(void)
{
    begin(guest_undefined, skip_two);
    guest_run(&g);
    SAME((uint64_t)(handler_stack + sizeof handler_stack), handler_rsp);
}

/* Vector registers are live in the handler and untouched after it. */
static void vector_state_live(void)
{
    begin(guest_undefined, skip_two);
    static uint8_t in[2][16], out[2][16];
    for (unsigned i = 0; i < 32; i++)
        ((uint8_t *)in)[i] = (uint8_t)(i * 9 + 1);
    __asm__ volatile("movdqu 0(%[in]), %%xmm0\n\t"
                     "movdqu 16(%[in]), %%xmm15\n\t"
                     "movq %[g], %%rdi\n\t"
                     "subq $128, %%rsp\n\t"
                     "call guest_run\n\t"
                     "addq $128, %%rsp\n\t"
                     "movdqu %%xmm0, 0(%[out])\n\t"
                     "movdqu %%xmm15, 16(%[out])"
                     :
                     : [in] "r"(in), [out] "b"(out), [g] "r"(&g)
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm15",
                       "memory", "cc");
    SAME(1, upcalls);
    CHECK(memcmp(in, out, sizeof in) == 0);
    CHECK(memcmp(in, handler_xmm, sizeof in) == 0);
}

static HANDLER void change_bases(struct upcall_page *p)
{
    note(p);
    p->regs.fs_base = 0x123456789000;
    p->regs.gs_base = 0xffffffff81000000ULL;
    p->regs.rip += 2;
    leave(p, 0);
}

static void run_bases(void *arg)
{
    uint64_t fs;
    __asm__ volatile("rdfsbase %0" : "=r"(fs));
    guest_run(arg);
    __asm__ volatile("wrfsbase %0" : : "r"(fs));
}

static void bases_changed(void)
{
    begin(guest_bases, change_bases);
    run_bases(&g);
    SAME(0x123456789000, g.out[REG_RAX]);
    SAME(0xffffffff81000000ULL, g.out[REG_RCX]);
}

/* ---- kinds of faults -------------------------------------------------------------------------------------- */

static void kinds(void)
{
    const struct {
        const void *target;
        uint64_t vector, error, address, ip, rsi, rax, rcx;
    } rows[] = {
        {guest_first, FAULT_PROTECTION, 0, 0, (uint64_t)guest_first, 0, 0, 0},
        {guest_last, FAULT_PROTECTION, 0, 0, (uint64_t)guest_last, 0, 0, 0},
        {guest_undefined, FAULT_UNDEFINED, 0, 0, (uint64_t)guest_undefined, 0, 0, 0},
        {guest_divide, FAULT_DIVIDE, 0, 0, (uint64_t)guest_divide, 0, 1, 0},
        {guest_read, FAULT_PAGE, PF_USER, 0x123456789a, (uint64_t)guest_read, 0x123456789a, 0, 0},
        {guest_write, FAULT_PAGE, PF_USER | PF_WRITE, 0x123456789a, (uint64_t)guest_write,
         0x123456789a, 0, 0},
        {guest_write, FAULT_PAGE, PF_USER | PF_WRITE | PF_PRESENT, INFO_PAGE_VA + 8,
         (uint64_t)guest_write, INFO_PAGE_VA + 8, 0, 0},
        {guest_read, FAULT_PROTECTION, 0, 0, (uint64_t)guest_read, 0x0000800000000000ULL, 0, 0},
        {guest_break, FAULT_BREAKPOINT, 0, 0, (uint64_t)guest_break_after, 0, 0, 0},
        {guest_segment, FAULT_PROTECTION, 0xfff8, 0, (uint64_t)guest_segment, 0, 0xfff8, 0},
    };
    begin(NULL, to_exit);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        g.target = rows[i].target;
        g.in[REG_RSI] = rows[i].rsi;
        g.in[REG_RAX] = rows[i].rax;
        g.in[REG_RDX] = 0;
        g.in[REG_RCX] = rows[i].rcx;
        guest_run(&g);
        SAME(i + 1, upcalls);
        SAME(rows[i].vector, seen_vector);
        SAME(rows[i].error, seen_error);
        SAME(rows[i].address, seen_address);
        SAME(rows[i].ip, seen_regs.rip);
    }
}

static void numeric_fault(void)
{
    begin(guest_simd, to_exit);
    uint32_t unmasked = 0, usual_csr = 0x1f80;
    __asm__ volatile("ldmxcsr %0\n\t"
                     "xorps %%xmm1, %%xmm1\n\t"
                     "movl $1, %%eax\n\t"
                     "cvtsi2sd %%eax, %%xmm0"
                     :
                     : "m"(unmasked)
                     : "eax", "xmm0", "xmm1");
    guest_run(&g);
    __asm__ volatile("ldmxcsr %0" : : "m"(usual_csr));
    if (upcalls == 0)
        skip("this processor does not raise it (QEMU's TCG leaves it out)");
    SAME(1, upcalls);
    SAME(FAULT_SIMD, seen_vector);
    SAME((uint64_t)guest_simd, seen_regs.rip);
}

/* Just outside the range a fault goes to the endpoint. */
static void outside_range(void)
{
    static const char *const targets[] = {guest_hi, guest_jump};
    begin(NULL, to_exit);
    handle_t e = new_endpoint(), r = new_reply();
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    for (unsigned i = 0; i < 2; i++) {
        struct worker *w = new_worker(0, LOW_PRIORITY);
        WANT(OK, usual(w->thread, (uint64_t)page));
        WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
        g.target = targets[i];
        g.in[REG_RSI] = 0x12345000;
        start(w, (void (*)(void *))(uintptr_t)guest_run, &g);
        struct fault f = take_fault(e, r);
        SAME(i ? 0x12345000 : (uint64_t)guest_hi, f.word[FAULT_IP]);
        SAME(0, upcalls);
        struct message m = {{FAULT_REPLY_STOP, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
        WANT(OK, sys_reply(r, 1, &m));
        release(w);
    }
}

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
    note(p);
    put(&p->vector_ops[0], MAP_MAP, map_region, p->address & ~(PAGE_SIZE - 1), 0, 1, RW);
    leave(p, 1);
}

static void map_on_return(void)
{
    begin(guest_write, map_and_go);
    map_region = new_region(1);
    for (unsigned i = 0; i < 200; i++) {
        uint64_t va = new_window(1);
        g.in[REG_RSI] = va + 8;
        g.in[REG_RAX] = i;
        guest_run(&g);
        SAME(i + 1, upcalls);
        SAME(va + 8, seen_address);
        SAME(i, *(volatile uint64_t *)(va + 8));
        WANT(OK, unmap_pages(0, va, 1));
    }
}

static uint64_t many_va;

static HANDLER void map_many(struct upcall_page *p)
{
    note(p);
    for (unsigned i = 0; i < MAP_VECTOR_MAX; i++)
        put(&p->vector_ops[i], MAP_MAP, map_region, many_va + i * 2 * PAGE_SIZE, i, 1, RW);
    leave(p, MAP_VECTOR_MAX);
}

static void map_whole_vector(void)
{
    begin(guest_write, map_many);
    map_region = new_region(64);
    many_va = new_window(128);
    g.in[REG_RSI] = many_va + 126 * PAGE_SIZE;
    guest_run(&g);
    SAME(1, upcalls);
    for (unsigned i = 0; i < 128; i++)
        SAME(i % 2 == 0, page_info(0, many_va + i * PAGE_SIZE).mapped != 0);
}

static unsigned fail_at;

static HANDLER void map_failing(struct upcall_page *p)
{
    note(p);
    for (unsigned i = 0; i < 8; i++)
        put(&p->vector_ops[i], MAP_MAP, map_region, many_va + i * PAGE_SIZE, i == fail_at ? 8 : i,
            1, RW);
    leave(p, 8);
    seen[0] = seen_result;
    seen[1] = seen_done;
    seen[2] = p->active;
    /* Still in the upcall: go on with the rest. */
    put(&p->vector_ops[0], MAP_UNMAP, 0, many_va, 0, 8, 0);
    p->regs.rip = (uint64_t)guest_exit;
    leave(p, 1);
}

static void map_fails_at_entry(void)
{
    begin(guest_undefined, map_failing);
    map_region = new_region(8);
    many_va = new_window(8);
    for (fail_at = 0; fail_at < 8; fail_at++) {
        guest_run(&g);
        SAME(fail_at + 1, upcalls);
        SAME(BAD_ARG, result_status(seen[0]));
        SAME(fail_at, seen[1]);
        SAME(1, seen[2]);
        for (unsigned i = 0; i < REG_COUNT; i++)
            SAME(g.in[i], g.out[i]);
    }
}

static HANDLER void bad_counts(struct upcall_page *p)
{
    note(p);
    seen[0] = seen[1] = 0;
    for (unsigned i = 0; i < 64; i++)
        put(&p->vector_ops[i], MAP_UNMAP, 0, many_va, 0, 1, 0);
    leave(p, 65);
    seen[0] = seen_result;
    leave(p, 1ULL << 32);
    seen[1] = seen_result;
    leave(p, UINT64_MAX);
    seen[2] = seen_result;
    p->regs.rip += 2;
    leave(p, 64);
}

static void map_bad_count(void)
{
    begin(guest_undefined, bad_counts);
    many_va = new_window(1);
    guest_run(&g);
    for (unsigned i = 0; i < 3; i++)
        SAME(BAD_ARG, result_status(seen[i]));
}

/* The quota is gone: a status in the handler; it unmaps something and goes on. */
static HANDLER void map_quota(struct upcall_page *p)
{
    note(p);
    put(&p->vector_ops[0], MAP_MAP, map_region, p->address & ~(PAGE_SIZE - 1), 0, 1, RW);
    leave(p, 1);
    seen[0]++;
    seen[1] = seen_result;
    seen[2] = seen_done;
    put(&p->vector_ops[0], MAP_UNMAP, 0, many_va, 0, (1ULL << 40) / PAGE_SIZE, 0);
    put(&p->vector_ops[1], MAP_MAP, map_region, p->address & ~(PAGE_SIZE - 1), 0, 1, RW);
    leave(p, 2);
    seen[3] = seen_result;
    p->regs.rip = (uint64_t)guest_exit;
    leave(p, 0);
}

/* Runs in a child task with a small quota: writes to addresses 1 GiB apart. */
static void spread_writes(void *arg)
{
    struct worker *w = this_worker();
    for (uint64_t i = 0; i < (uint64_t)arg; i++) {
        g.in[REG_RSI] = many_va + (i << 30);
        guest_run(&g);
    }
    w->status = OK;
}

static void map_quota_gone(void)
{
    begin(guest_write, map_quota);
    handle_t task = new_task();
    map_region = new_region(1);
    give(task, map_region, map_region);
    many_va = 0x0000100000000000ULL;
    seen[0] = seen[3] = 0;
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    struct worker *w = new_worker(task, LOW_PRIORITY);
    WANT(OK, usual(w->thread, (uint64_t)page));
    start(w, spread_writes, (void *)200);
    await_done(w);
    SAME(200, upcalls);
    CHECK(seen[0] >= 1 && seen[0] < 60);
    SAME(QUOTA, result_status(seen[1]));
    SAME(0, seen[2]);
    SAME(0, seen[3]);
}

/* ---- bad states given back --------------------------------------------------------------------------------------- */

static struct thread_regs given;

static HANDLER void give_back(struct upcall_page *p)
{
    note(p);
    uint64_t rsp = p->regs.gpr[REG_RSP];
    p->regs.rip = given.rip;
    p->regs.rflags = given.rflags;
    p->regs.fs_base = given.fs_base;
    p->regs.gs_base = given.gs_base;
    p->regs.gpr[REG_RSP] = given.gpr[REG_RSP];
    leave(p, 0);
    seen[0] = seen_result; /* refused */
    for (unsigned i = 0; i < REG_COUNT; i++)
        p->regs.gpr[i] = seen_regs.gpr[i];
    p->regs.gpr[REG_RSP] = rsp;
    p->regs.fs_base = seen_regs.fs_base;
    p->regs.gs_base = seen_regs.gs_base;
    p->regs.rflags = 0x202;
    p->regs.rip = (uint64_t)guest_exit;
    leave(p, 0);
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
    begin(guest_undefined, give_back);
    handle_t e = new_endpoint(), r = new_reply();
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct worker *w = new_worker(0, LOW_PRIORITY);
        WANT(OK, usual(w->thread, (uint64_t)page));
        WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
        given.rip = rows[i].rip;
        given.rflags = rows[i].rflags;
        given.fs_base = rows[i].fs;
        given.gs_base = rows[i].gs;
        given.gpr[REG_RSP] = rows[i].rsp;
        start(w, run_guest, &g);
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
    note(p);
    __asm__ volatile("ud2");
    p->regs.rip = (uint64_t)guest_exit;
    leave(p, 0);
}

static void fault_in_handler(void)
{
    begin(guest_undefined, fault_inside);
    handle_t e = new_endpoint(), r = new_reply();
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread, (uint64_t)page));
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
    start(w, run_guest, &g);
    struct fault f = take_fault(e, r);
    SAME(FAULT_UNDEFINED, f.word[FAULT_VECTOR]);
    CHECK(f.word[FAULT_IP] < (uint64_t)guest_lo || f.word[FAULT_IP] >= (uint64_t)guest_hi);
    SAME(1, upcalls);
    /* Go on behind the faulting instruction: the upcall is still active and ends as usual. */
    WANT(OK, sys_thread(THREAD_GET_REGS, w->thread, 0, 0, 0, 0, 0, 0));
    ((struct thread_regs *)(void *)ipc()->msg)->rip += 2;
    WANT(OK, sys_thread(THREAD_SET_REGS, w->thread, 0, 0, 0, 0, 0, 0));
    struct message m = {{FAULT_REPLY_RESUME, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
    WANT(OK, sys_reply(r, 1, &m));
    await_done(w);
    for (unsigned i = 0; i < REG_COUNT; i++)
        SAME(g.in[i], g.out[i]);
}

/* A fault in the guest range while an upcall is active is not a second upcall. */
static HANDLER void jump_to_guest(struct upcall_page *p)
{
    note(p);
    __asm__ volatile("jmp guest_first");
}

static void no_nesting(void)
{
    begin(guest_undefined, jump_to_guest);
    handle_t e = new_endpoint(), r = new_reply();
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread, (uint64_t)page));
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
    start(w, run_guest, &g);
    struct fault f = take_fault(e, r);
    SAME((uint64_t)guest_first, f.word[FAULT_IP]);
    SAME(1, upcalls);
    WANT(OK, drop(w->thread));
}

static handle_t block_on[3];

static HANDLER void block_inside(struct upcall_page *p)
{
    note(p);
    handle_t e = block_on[0], r = block_on[1], n = block_on[2];
    seen[0] = guest_trap(call_word(CALL_CALL, 0, e, 0), 0, 0);
    seen[1] = guest_trap(call_word(CALL_RECV, 0, e, r), 0, 0);
    seen[2] = guest_trap(call_word(CALL_REPLY_RECV, 0, e, r), 0, 0);
    seen[3] = guest_trap(call_word(CALL_WAIT, 0, n, 0), 0, 0);
    seen[4] = guest_trap(call_word(CALL_SIGNAL, 0, n, 0), 2, 0);
    seen[5] = guest_trap(call_word(CALL_WAIT, WAIT_POLL, n, 0), 0, 0);
    seen[6] = guest_trap(call_word(CALL_THREAD, THREAD_YIELD, 0, 0), 0, 0);
    p->regs.rip = (uint64_t)guest_exit;
    leave(p, 0);
}

static void blocking_in_handler(void)
{
    begin(guest_undefined, block_inside);
    block_on[0] = new_endpoint();
    block_on[1] = new_reply();
    block_on[2] = new_notification();
    guest_run(&g);
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
    begin(guest_undefined, to_exit);
    REFUSED(sys_upcall_return(0, &done));
    guest_run(&g);
    REFUSED(sys_upcall_return(0, &done));
}

static HANDLER void unregister_inside(struct upcall_page *p)
{
    note(p);
    seen[0] = guest_trap(call_word(CALL_THREAD, THREAD_UPCALL, 0, 0), 0, 0);
    if (result_status(seen[0]) != OK) {
        p->regs.rip = (uint64_t)guest_exit;
        leave(p, 0);
    }
    guest_trap(call_word(CALL_THREAD, THREAD_EXIT, 0, 0), 0, 0);
}

static void unregister_in_handler(void)
{
    begin(guest_undefined, unregister_inside);
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, usual(w->thread, (uint64_t)page));
    start(w, run_guest, &g);
    await_state(w->thread, THREAD_DEAD);
    SAME(1, upcalls);
}

static HANDLER void spin_inside(struct upcall_page *p)
{
    note(p);
    for (;;)
        __asm__ volatile("pause");
}

static void deleted_in_handler(void)
{
    begin(guest_undefined, spin_inside);
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    for (unsigned i = 0; i < 5; i++) {
        struct worker *w = new_worker(0, LOW_PRIORITY);
        WANT(OK, usual(w->thread, (uint64_t)page));
        start(w, run_guest, &g);
        pause_ms(3);
        SAME(i + 1, upcalls);
        SAME(1, page->active);
        if (i & 1) /* unregistered by another thread while active */
            WANT(OK, sys_thread(THREAD_UPCALL, w->thread, 0, 0, 0, 0, 0, 0));
        release(w);
        SAME(0, page_info(0, (uint64_t)page).mapped);
    }
}

/* The interrupted state written in the page while the handler is preempted is the one used. */
static void threads_side_by_side(void)
{
    begin(guest_undefined, skip_two);
    for (unsigned i = 0; i < 300; i++) {
        g.in[REG_RAX] = i;
        guest_run(&g);
        SAME(i, g.out[REG_RAX]);
        if (i % 50 == 0)
            pause_us(300);
    }
    SAME(300, upcalls);
    SAME(0, page->active);
}

/* A system call inside the guest range is a call like any other. */
static void call_in_range(void)
{
    begin(guest_call, to_exit);
    handle_t n = new_notification();
    g.in[REG_RAX] = call_word(CALL_SIGNAL, 0, n, 0);
    g.in[REG_RDI] = 0x77;
    guest_run(&g);
    SAME(OK, g.out[REG_RAX]);
    SAME(0, upcalls);
    for (unsigned i = REG_RSP; i < REG_COUNT; i++)
        if (i == REG_RSP || i == REG_RBP || i >= REG_R12)
            SAME(g.in[i], g.out[i]);
    uint64_t bits;
    WANT(OK, sys_wait(n, WAIT_POLL, 0, &bits));
    SAME(0x77, bits);
}

const struct test_case upcall_cases[] = {{"upcall_registration", registration, 0},
                                         {"upcall_bad_registration", bad_registration, 0},
                                         {"upcall_page_of_no_region", page_of_no_region, 0},
                                         {"upcall_page_unmapped", page_unmapped, 0},
                                         {"upcall_registers_saved", registers_saved, 0},
                                         {"upcall_registers_changed", registers_changed, 0},
                                         {"upcall_flags_in_handler", flags_in_handler, 0},
                                         {"upcall_trap_flag", trap_flag, 0},
                                         {"upcall_stack_top", handler_stack_top, 0},
                                         {"upcall_vector_state_live", vector_state_live, 0},
                                         {"upcall_bases_changed", bases_changed, 0},
                                         {"upcall_kinds", kinds, 0},
                                         {"upcall_numeric", numeric_fault, 0},
                                         {"upcall_outside_range", outside_range, 0},
                                         {"upcall_map_on_return", map_on_return, 0},
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
