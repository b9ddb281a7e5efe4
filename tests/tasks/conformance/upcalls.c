/*
 * Upcalls: registration, delivery, the state saved and restored, the kinds of faults. What the
 * handler does and how it returns is in returns.c.
 *
 * The case thread itself runs the guest code, unless the fault goes to an endpoint.
 */
#include "upcall.h"

struct guest guest;
struct upcall_page *upcall_at;
uint8_t upcall_stack[16384] __attribute__((aligned(4096)));
volatile unsigned upcall_count;
volatile uint64_t seen_vector, seen_error, seen_address, seen_done, seen_result, seen[8];
struct thread_regs seen_regs;

static int register_upcall(handle_t thread, uint64_t va, uint64_t lo, uint64_t hi, uint64_t handler,
                           uint64_t stack)
{
    return sys_thread(THREAD_UPCALL, thread, 0, va, lo, hi, handler, stack);
}

int upcall_register(handle_t thread, uint64_t va)
{
    return register_upcall(thread, va, (uint64_t)guest_lo, (uint64_t)guest_hi,
                           (uint64_t)guest_handler, (uint64_t)(upcall_stack + sizeof upcall_stack));
}

void upcall_begin(const void *target, void (*handle)(struct upcall_page *))
{
    uint64_t va = new_window(1);
    WANT(OK, upcall_register(0, va));
    upcall_at = (struct upcall_page *)va;
    memset(&guest, 0, sizeof guest);
    for (unsigned i = 0; i < REG_COUNT; i++)
        guest.in[i] = 0x1111111111111111ULL * (i + 1);
    guest.flags_in = 0x202;
    guest.target = target;
    guest_handle = handle;
    upcall_count = 0;
}

/* ---- handlers: no vector registers, no library calls ---------------------------------------------- */

HANDLER void upcall_note(struct upcall_page *p)
{
    upcall_count++;
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

HANDLER void upcall_leave(struct upcall_page *p, uint64_t count)
{
    uint64_t done = 99;
    (void)p;
    seen_result = guest_return(count, &done);
    seen_done = done;
}

HANDLER void upcall_to_exit(struct upcall_page *p)
{
    upcall_note(p);
    p->regs.rip = (uint64_t)guest_exit;
    upcall_leave(p, 0);
}

HANDLER void upcall_skip_two(struct upcall_page *p)
{
    upcall_note(p);
    p->regs.rip += 2;
    upcall_leave(p, 0);
}

/* ---- registration ------------------------------------------------------------------------------------ */

static void registration(void)
{
    uint64_t va = new_window(2);
    REFUSED(sys_thread(THREAD_UPCALL, 0, 0, va + 1, USER_MIN, USER_MAX, USER_MIN, USER_MIN));
    WANT(OK, upcall_register(0, va));
    SAME(RW, page_info(0, va).rights);
    SAME(0, ((struct upcall_page *)va)->pending);
    SAME(0, ((struct upcall_page *)va)->active);
    REFUSED(upcall_register(0, va + PAGE_SIZE));
    REFUSED(upcall_register(0, va));
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    SAME(0, page_info(0, va).mapped);
    int status = sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0);
    CHECK(status == OK || status == EMPTY || status == BAD_ARG);
    for (unsigned i = 0; i < 100; i++) {
        WANT(OK, upcall_register(0, va));
        WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    }
}

static void bad_registration(void)
{
    uint64_t va = new_window(1), lo = (uint64_t)guest_lo, hi = (uint64_t)guest_hi,
             handler = (uint64_t)guest_handler, stack = (uint64_t)upcall_stack + 4096,
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
    WANT(OCCUPIED, upcall_register(0, (uint64_t)upcall_stack));
    WANT(OCCUPIED, upcall_register(0, INFO_PAGE_VA));
    SAME(0, page_info(0, va).mapped);
    WANT(OK, upcall_register(0, va));
}

static void page_of_no_region(void)
{
    upcall_begin(guest_undefined, upcall_to_exit);
    handle_t region = new_region(1);
    WANT(OCCUPIED, map_pages(0, region, (uint64_t)upcall_at, 0, 1, RW));
    WANT(BAD_ARG, protect_pages(0, region, (uint64_t)upcall_at, 1, MAP_READ));
    guest_run(&guest);
    SAME(1, upcall_count);
}

/* The page stays valid for the kernel when the task unmaps it. */
static HANDLER void without_page(struct upcall_page *p)
{
    (void)p; /* not mapped any more */
    upcall_count++;
    guest_trap(call_word(CALL_THREAD, THREAD_EXIT, 0, 0), 0, 0);
}

static void run_without_page(void *arg)
{
    struct worker *w = arg;
    unsigned done;
    ipc()->vector[0] = (struct map_op){.kind = MAP_UNMAP, .va = (uint64_t)upcall_at, .pages = 1};
    w->status = sys_map(0, 1, &done);
    if (w->status == OK)
        guest_run(&guest);
}

static void page_unmapped(void)
{
    upcall_begin(guest_undefined, without_page);
    uint64_t va = (uint64_t)upcall_at;
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, upcall_register(w->thread, va));
    start(w, run_without_page, w);
    await_state(w->thread, THREAD_DEAD);
    CHECK(w->status != OK || upcall_count == 1);
}

/* ---- state -------------------------------------------------------------------------------------------- */

static void registers_saved(void)
{
    upcall_begin(guest_undefined, upcall_skip_two);
    uint64_t fs, gs;
    __asm__ volatile("rdfsbase %0" : "=r"(fs));
    gs = 0xffff9000aaaa0000ULL;
    __asm__ volatile("wrgsbase %0" : : "r"(gs));
    for (unsigned round = 0; round < 64; round++) {
        for (unsigned i = 0; i < REG_COUNT; i++)
            guest.in[i] = (0x9e3779b97f4a7c15ULL * (i + 1)) ^ (1ULL << round);
        guest_run(&guest);
        SAME(round + 1, upcall_count);
        SAME(FAULT_UNDEFINED, seen_vector);
        SAME((uint64_t)guest_undefined, seen_regs.rip);
        for (unsigned i = 0; i < REG_COUNT; i++) {
            SAME(guest.in[i], seen_regs.gpr[i]);
            SAME(guest.in[i], guest.out[i]);
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
    upcall_note(p);
    for (unsigned i = 0; i < REG_COUNT; i++)
        p->regs.gpr[i] = ~p->regs.gpr[i];
    p->regs.rflags ^= 0x8d5; /* OF SF ZF AF PF CF */
    p->regs.rip = (uint64_t)guest_exit;
    upcall_leave(p, 0);
}

static void registers_changed(void)
{
    upcall_begin(guest_undefined, change_registers);
    guest.flags_in = 0x202 | 0x41;
    guest_run(&guest);
    for (unsigned i = 0; i < REG_COUNT; i++)
        SAME(~guest.in[i], guest.out[i]);
    SAME((0x41 ^ 0x8d5), guest.flags_out & 0x8d5);
}

static void flags_in_handler(void)
{
    upcall_begin(guest_undefined, upcall_skip_two);
    static const uint64_t flags[] = {0x400, 0x40000, 0x4000, 0x44400, 0x200000, 0x8d5, 0x44cd5};
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        guest.flags_in = 0x202 | flags[i];
        guest_run(&guest);
        SAME(0, handler_flags & 0x40500); /* AC, DF, TF */
        SAME(0x200, handler_flags & 0x3200);
        SAME(flags[i], seen_regs.rflags & flags[i]);
        SAME(flags[i], guest.flags_out & flags[i]);
    }
}

static HANDLER void single_step(struct upcall_page *p)
{
    upcall_note(p);
    seen[upcall_count & 7] = p->regs.rip;
    if (p->regs.rip == (uint64_t)guest_nops_end)
        p->regs.rflags &= ~0x100ULL;
    upcall_leave(p, 0);
}

/* The trap flag in the guest range: each step is an upcall, entered with the flag clear. */
static void trap_flag(void)
{
    upcall_begin(guest_nops, single_step);
    /* POPF sets TF three instructions before the range: those traps go to the endpoint. */
    handle_t e = new_endpoint(), r = new_reply();
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    WANT(OK, upcall_register(w->thread, (uint64_t)upcall_at));
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
    guest.flags_in = 0x302;
    guest.in[REG_RSP] = 0x1000;
    start(w, (void (*)(void *))(uintptr_t)guest_run, &guest);
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
    SAME(7, upcall_count); /* at the first of the six, and after each */
    SAME(FAULT_DEBUG, seen_vector);
    SAME((uint64_t)guest_nops_end, seen_regs.rip);
    SAME(0, handler_flags & 0x100);
}

static void handler_stack_top(void)
{
    upcall_begin(guest_undefined, upcall_skip_two);
    guest_run(&guest);
    SAME((uint64_t)(upcall_stack + sizeof upcall_stack), handler_rsp);
}

/* Vector registers are live in the handler and untouched after it. */
static void vector_state_live(void)
{
    upcall_begin(guest_undefined, upcall_skip_two);
    static uint8_t in[2][16], out[2][16];
    for (unsigned i = 0; i < 32; i++)
        ((uint8_t *)in)[i] = (uint8_t)(i * 9 + 1);
    __asm__ volatile("movdqu 0(%[in]), %%xmm0\n\t"
                     "movdqu 16(%[in]), %%xmm15\n\t"
                     "movq %[guest], %%rdi\n\t"
                     "subq $128, %%rsp\n\t"
                     "call guest_run\n\t"
                     "addq $128, %%rsp\n\t"
                     "movdqu %%xmm0, 0(%[out])\n\t"
                     "movdqu %%xmm15, 16(%[out])"
                     :
                     : [in] "r"(in), [out] "b"(out), [guest] "r"(&guest)
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm15",
                       "memory", "cc");
    SAME(1, upcall_count);
    CHECK(memcmp(in, out, sizeof in) == 0);
    CHECK(memcmp(in, handler_xmm, sizeof in) == 0);
}

static HANDLER void change_bases(struct upcall_page *p)
{
    upcall_note(p);
    p->regs.fs_base = 0x123456789000;
    p->regs.gs_base = 0xffffffff81000000ULL;
    p->regs.rip += 2;
    upcall_leave(p, 0);
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
    upcall_begin(guest_bases, change_bases);
    run_bases(&guest);
    SAME(0x123456789000, guest.out[REG_RAX]);
    SAME(0xffffffff81000000ULL, guest.out[REG_RCX]);
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
    upcall_begin(NULL, upcall_to_exit);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        guest.target = rows[i].target;
        guest.in[REG_RSI] = rows[i].rsi;
        guest.in[REG_RAX] = rows[i].rax;
        guest.in[REG_RDX] = 0;
        guest.in[REG_RCX] = rows[i].rcx;
        guest_run(&guest);
        SAME(i + 1, upcall_count);
        SAME(rows[i].vector, seen_vector);
        SAME(rows[i].error, seen_error);
        SAME(rows[i].address, seen_address);
        SAME(rows[i].ip, seen_regs.rip);
    }
}

static void numeric_fault(void)
{
    upcall_begin(guest_simd, upcall_to_exit);
    uint32_t unmasked = 0, usual_csr = 0x1f80;
    __asm__ volatile("ldmxcsr %0\n\t"
                     "xorps %%xmm1, %%xmm1\n\t"
                     "movl $1, %%eax\n\t"
                     "cvtsi2sd %%eax, %%xmm0"
                     :
                     : "m"(unmasked)
                     : "eax", "xmm0", "xmm1");
    guest_run(&guest);
    __asm__ volatile("ldmxcsr %0" : : "m"(usual_csr));
    if (upcall_count == 0)
        skip("this processor does not raise it (QEMU's TCG leaves it out)");
    SAME(1, upcall_count);
    SAME(FAULT_SIMD, seen_vector);
    SAME((uint64_t)guest_simd, seen_regs.rip);
}

/* Just outside the range a fault goes to the endpoint. */
static void outside_range(void)
{
    static const char *const targets[] = {guest_hi, guest_jump};
    upcall_begin(NULL, upcall_to_exit);
    handle_t e = new_endpoint(), r = new_reply();
    WANT(OK, sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0));
    for (unsigned i = 0; i < 2; i++) {
        struct worker *w = new_worker(0, LOW_PRIORITY);
        WANT(OK, upcall_register(w->thread, (uint64_t)upcall_at));
        WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
        guest.target = targets[i];
        guest.in[REG_RSI] = 0x12345000;
        start(w, (void (*)(void *))(uintptr_t)guest_run, &guest);
        struct fault f = take_fault(e, r);
        SAME(i ? 0x12345000 : (uint64_t)guest_hi, f.word[FAULT_IP]);
        SAME(0, upcall_count);
        struct message m = {{FAULT_REPLY_STOP, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
        WANT(OK, sys_reply(r, 1, &m));
        release(w);
    }
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
                                         {NULL, NULL, 0}};
