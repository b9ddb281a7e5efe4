/*
 * Faults delivered to an endpoint: every vector that user code can raise, the fault message, the
 * answers (resume, stop, changed registers), and the deaths of those who take part.
 *
 * Each row of faulting code is a few instructions that end at the label after them; the handler
 * sends the thread there to go on.
 */
#include "suite.h"

static handle_t e, r;

static struct thread_regs *regs(void)
{
    return (struct thread_regs *)(void *)ipc()->msg;
}

static void begin(void)
{
    e = new_endpoint();
    r = new_reply();
}

static struct worker *faulting(handle_t task, void (*entry)(void *), void *arg)
{
    struct worker *w = new_worker(task, LOW_PRIORITY);
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
    start(w, entry, arg);
    return w;
}

static int answer(uint64_t what)
{
    struct message m = {{what, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
    return sys_reply(r, 1, &m);
}

/* ---- vectors -------------------------------------------------------------------------------------- */

#define CODE(name, text)                                               \
    extern const char name##_at[], name##_after[];                     \
    void name(void *arg);                                              \
    __asm__(".text\n.globl " #name ", " #name "_at, " #name "_after\n" \
            ".type " #name ", @function\n" #name ":\n" text "\n" #name "_after:\n    ret\n")

#define AT(name) #name "_at: "

CODE(divide, "    xorl %ecx, %ecx\n    movl $5, %eax\n    cltd\n" AT(divide) "idivl %ecx");
CODE(trap_flag, "    pushfq\n    orq $0x100, (%rsp)\n    popfq\n    nop\n" AT(trap_flag) "nop");
CODE(icebp, AT(icebp) ".byte 0xf1");
CODE(breakpoint, "    nop\n    int3\n" AT(breakpoint) "nop");
CODE(overflow, "    nop\n    .byte 0xcd, 0x04\n" AT(overflow) "nop");
CODE(undefined, AT(undefined) "ud2");
CODE(undefined_32, AT(undefined_32) ".byte 0x06"); /* PUSH ES: not in 64-bit mode */
CODE(privileged, AT(privileged) "hlt");
CODE(non_canonical,
     "    movabsq $0x0000800000000000, %rax\n" AT(non_canonical) "movq (%rax), %rax");
CODE(stack_fault, "    movq %rsp, %rdx\n    movabsq $0x0000800000000000, %rsp\n" AT(
                      stack_fault) "popq %rax\n    movq %rdx, %rsp");
CODE(read_nothing, AT(read_nothing) "movq 8(%rdi), %rax");
CODE(write_nothing, AT(write_nothing) "movq %rax, 8(%rdi)");
CODE(jump_nothing, AT(jump_nothing) "jmp *%rdi");
CODE(read_kernel, "    movabsq $0xffffffff80000000, %rdi\n" AT(read_kernel) "movq 8(%rdi), %rax");
CODE(write_kernel, "    movabsq $0xffff800000100000, %rdi\n" AT(write_kernel) "movq %rax, (%rdi)");
CODE(bad_segment, "    movl $0xfff8, %eax\n" AT(bad_segment) "movw %ax, %ds");
CODE(alignment,
     "    pushfq\n    orq $0x40000, (%rsp)\n    popfq\n" AT(
         alignment) "movq -15(%rsp), %rax\n    pushfq\n    andq $~0x40000, (%rsp)\n    popfq");
CODE(x87, "    pushq $0x360\n    fninit\n    fldcw (%rsp)\n    movq $0, (%rsp)\n    fld1\n"
          "    fidivl (%rsp)\n    popq %rax\n" AT(x87) "fwait");
CODE(simd,
     "    pushq $0\n    ldmxcsr (%rsp)\n    popq %rax\n    movl $1, %eax\n    pxor %xmm1, %xmm1\n"
     "    cvtsi2sd %eax, %xmm0\n" AT(simd) "divsd %xmm1, %xmm0");
CODE(halt_ring, AT(halt_ring) "cli");
CODE(vm_call, AT(vm_call) "vmcall");

#define NOTHING 0x0000123456789000ULL

struct vector_row {
    void (*code)(void *);
    const char *at, *after;
    unsigned vector, other; /* other: allowed as well, for what emulators leave out */
    uint64_t error, address;
};
#define ROW(name, vector, other, error, address)                     \
    {                                                                \
        name, name##_at, name##_after, vector, other, error, address \
    }
#define NO_OTHER 0xff

enum {
    V_DIVIDE,
    V_TRAP,
    V_ICEBP,
    V_BREAK,
    V_OVERFLOW,
    V_UD,
    V_UD32,
    V_GP,
    V_CANONICAL,
    V_STACK,
    V_READ,
    V_WRITE,
    V_EXEC,
    V_KREAD,
    V_KWRITE,
    V_SEGMENT,
    V_ALIGN,
    V_X87,
    V_SIMD,
    V_CLI,
    V_VMCALL
};

static const struct vector_row vectors[] = {
    [V_DIVIDE] = ROW(divide, FAULT_DIVIDE, NO_OTHER, 0, 0),
    [V_TRAP] = ROW(trap_flag, FAULT_DEBUG, NO_OTHER, 0, 0),
    [V_ICEBP] = ROW(icebp, FAULT_DEBUG, FAULT_UNDEFINED, 0, 0),
    [V_BREAK] = ROW(breakpoint, FAULT_BREAKPOINT, NO_OTHER, 0, 0),
    [V_OVERFLOW] = ROW(overflow, FAULT_OVERFLOW, FAULT_PROTECTION, 0, 0),
    [V_UD] = ROW(undefined, FAULT_UNDEFINED, NO_OTHER, 0, 0),
    [V_UD32] = ROW(undefined_32, FAULT_UNDEFINED, NO_OTHER, 0, 0),
    [V_GP] = ROW(privileged, FAULT_PROTECTION, NO_OTHER, 0, 0),
    [V_CANONICAL] = ROW(non_canonical, FAULT_PROTECTION, NO_OTHER, 0, 0),
    [V_STACK] = ROW(stack_fault, FAULT_STACK, FAULT_PROTECTION, 0, 0),
    [V_READ] = ROW(read_nothing, FAULT_PAGE, NO_OTHER, PF_USER, NOTHING + 8),
    [V_WRITE] = ROW(write_nothing, FAULT_PAGE, NO_OTHER, PF_USER | PF_WRITE, NOTHING + 8),
    [V_EXEC] = ROW(jump_nothing, FAULT_PAGE, NO_OTHER, PF_USER | PF_FETCH, NOTHING),
    [V_KREAD] = ROW(read_kernel, FAULT_PAGE, NO_OTHER, PF_USER, 0xffffffff80000008ULL),
    [V_KWRITE] = ROW(write_kernel, FAULT_PAGE, NO_OTHER, PF_USER | PF_WRITE, 0xffff800000100000ULL),
    [V_SEGMENT] = ROW(bad_segment, FAULT_PROTECTION, FAULT_SEGMENT, 0xfff8, 0),
    [V_ALIGN] = ROW(alignment, FAULT_ALIGNMENT, NO_OTHER, 0, 0),
    [V_X87] = ROW(x87, FAULT_X87, NO_OTHER, 0, 0),
    [V_SIMD] = ROW(simd, FAULT_SIMD, NO_OTHER, 0, 0),
    [V_CLI] = ROW(halt_ring, FAULT_PROTECTION, NO_OTHER, 0, 0),
    [V_VMCALL] = ROW(vm_call, FAULT_UNDEFINED, NO_OTHER, 0, 0),
};

/* Bits of a page fault's error that say whether the page was present depend on the kernel's own
 * tables for kernel addresses. */
static uint64_t comparable_error(const struct vector_row *v, uint64_t error)
{
    return v->vector == FAULT_PAGE && v->address >= USER_MAX ? error & ~(uint64_t)PF_PRESENT
                                                             : error;
}

static void vector(void)
{
    const struct vector_row *v = &vectors[case_arg];
    begin();
    for (unsigned round = 0; round < 3; round++) {
        struct worker *w = faulting(0, v->code, (void *)NOTHING);
        if (case_arg == V_ALIGN || case_arg == V_SIMD) {
            pause_ms(5);
            if (w->done)
                skip("this processor does not raise it (QEMU's TCG leaves it out)");
        }
        struct fault f = take_fault(e, r);
        if (f.word[FAULT_VECTOR] != v->other)
            SAME(v->vector, f.word[FAULT_VECTOR]);
        if (case_arg == V_EXEC)
            SAME(NOTHING, f.word[FAULT_IP]);
        else if (f.word[FAULT_VECTOR] == v->vector && case_arg != V_ICEBP)
            SAME((uint64_t)v->at, f.word[FAULT_IP]);
        SAME(v->address, f.word[FAULT_ADDRESS]);
        if (f.word[FAULT_VECTOR] == v->vector)
            SAME(v->error, comparable_error(v, f.word[FAULT_ERROR]));
        CHECK(f.word[FAULT_FLAGS] & 0x200);
        WANT(OK, sys_thread(THREAD_GET_REGS, w->thread, 0, 0, 0, 0, 0, 0));
        SAME(f.word[FAULT_IP], regs()->rip);
        SAME(f.word[FAULT_SP], regs()->gpr[REG_RSP]);
        SAME(f.word[FAULT_FLAGS], regs()->rflags);
        if (case_arg == V_STACK)
            regs()->gpr[REG_RSP] = regs()->gpr[REG_RDX];
        regs()->rip = (uint64_t)v->after;
        regs()->rflags &= ~0x40100ULL; /* AC, TF */
        WANT(OK, sys_thread(THREAD_SET_REGS, w->thread, 0, 0, 0, 0, 0, 0));
        if (case_arg == V_X87) {
            WANT(OK, answer(FAULT_REPLY_STOP));
            continue; /* the pending exception would come again */
        }
        WANT(OK, answer(FAULT_REPLY_RESUME));
        await_done(w);
    }
}

/* INT n with every n: the gates of the kernel's own vectors are not for users. */
static void every_int(void)
{
    uint8_t *code = new_memory(1);
    begin();
    for (unsigned n = 0; n < 256; n++) {
        code[0] = 0xcd;
        code[1] = (uint8_t)n;
        code[2] = 0xc3;
        struct worker *w = faulting(0, (void (*)(void *))(uintptr_t)code, NULL);
        struct fault f = take_fault(e, r);
        if (n == 3 || n == 4)
            CHECK(f.word[FAULT_VECTOR] == n || f.word[FAULT_VECTOR] == FAULT_PROTECTION);
        else
            SAME(FAULT_PROTECTION, f.word[FAULT_VECTOR]);
        if (f.word[FAULT_VECTOR] == FAULT_PROTECTION) {
            if (f.word[FAULT_ERROR] != n * 16 + 2) /* what QEMU before 8.0 gives */
                SAME(n * 8 + 2, f.word[FAULT_ERROR]);
            SAME((uint64_t)code, f.word[FAULT_IP]);
        }
        WANT(OK, answer(FAULT_REPLY_STOP));
        release(w);
    }
}

/* Every privileged instruction faults and does nothing else. */
static void privileged_instructions(void)
{
    static const struct {
        uint8_t bytes[8];
        bool undefined; /* #UD is right, too */
    } rows[] = {
        {{0xf4}, false},                   /* HLT */
        {{0xfa}, false},                   /* CLI */
        {{0xfb}, false},                   /* STI */
        {{0x0f, 0x06}, false},             /* CLTS */
        {{0x0f, 0x08}, false},             /* INVD */
        {{0x0f, 0x09}, false},             /* WBINVD */
        {{0x0f, 0x30}, false},             /* WRMSR */
        {{0x0f, 0x32}, false},             /* RDMSR */
        {{0x0f, 0x20, 0xc0}, false},       /* MOV RAX, CR0 */
        {{0x0f, 0x20, 0xd8}, false},       /* MOV RAX, CR3 */
        {{0x0f, 0x22, 0xd8}, false},       /* MOV CR3, RAX */
        {{0x44, 0x0f, 0x22, 0xc0}, false}, /* MOV CR8, RAX */
        {{0x0f, 0x21, 0xc0}, false},       /* MOV RAX, DR0 */
        {{0x0f, 0x23, 0xf8}, false},       /* MOV DR7, RAX */
        {{0x0f, 0x01, 0x14, 0x24}, false}, /* LGDT [RSP] */
        {{0x0f, 0x01, 0x1c, 0x24}, false}, /* LIDT [RSP] */
        {{0x0f, 0x00, 0xd0}, false},       /* LLDT AX */
        {{0x0f, 0x00, 0xd8}, false},       /* LTR AX */
        {{0x0f, 0x01, 0xf0}, false},       /* LMSW AX */
        {{0x0f, 0x01, 0x3c, 0x24}, false}, /* INVLPG [RSP] */
        {{0x0f, 0x01, 0xf8}, false},       /* SWAPGS */
        {{0x48, 0x0f, 0x07}, false},       /* SYSRET */
        {{0x0f, 0x01, 0xd1}, true},        /* XSETBV */
        {{0x0f, 0x01, 0xc1}, true},        /* VMCALL */
        {{0x0f, 0x01, 0xd9}, true},        /* VMMCALL */
        {{0x0f, 0x01, 0xca}, true},        /* CLAC */
        {{0x0f, 0x01, 0xcb}, true},        /* STAC */
        {{0x0f, 0x34}, true},              /* SYSENTER */
        {{0x0f, 0x35}, true},              /* SYSEXIT */
        {{0xe4, 0x20}, false},             /* IN AL, 20h: the interrupt controller */
        {{0xe6, 0x20}, false},             /* OUT 20h, AL */
        {{0xe6, 0xa1}, false},             /* OUT A1h, AL */
    };
    uint8_t *code = new_memory(1);
    begin();
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memcpy(code, rows[i].bytes, 8);
        struct worker *w = faulting(0, (void (*)(void *))(uintptr_t)code, NULL);
        struct fault f = take_fault(e, r);
        if (f.word[FAULT_VECTOR] != FAULT_PROTECTION &&
            !(rows[i].undefined && f.word[FAULT_VECTOR] == FAULT_UNDEFINED))
            fail(__FILE__, __LINE__, "row %u: vector %lu at %lx", i,
                 (unsigned long)f.word[FAULT_VECTOR], (unsigned long)f.word[FAULT_IP]);
        SAME((uint64_t)code, f.word[FAULT_IP]);
        WANT(OK, answer(FAULT_REPLY_STOP));
        release(w);
    }
}

/* ---- the message and the answers ---------------------------------------------------------------------- */

static void read_entry(void *arg)
{
    this_worker()->value[0] = *(volatile uint64_t *)arg;
}

static void page_brought_in(void)
{
    handle_t region = new_region(1);
    uint64_t va = new_window(1), here = new_window(1);
    begin();
    WANT(OK, map_pages(0, region, here, 0, 1, RW));
    *(volatile uint64_t *)(here + 16) = 0xabcdef;
    struct worker *w = faulting(0, read_entry, (void *)(va + 16));
    struct fault f = take_fault(e, r);
    SAME(va + 16, f.word[FAULT_ADDRESS]);
    WANT(OK, map_pages(0, region, va, 0, 1, RW));
    WANT(OK, answer(FAULT_REPLY_RESUME));
    await_done(w);
    SAME(0xabcdef, w->value[0]);
}

/* Resumed without a cure, it faults again; a reply of no words resumes, too. */
static void faults_again(void)
{
    begin();
    struct worker *w = faulting(0, read_entry, (void *)NOTHING);
    for (unsigned i = 0; i < 20; i++) {
        SAME(NOTHING, take_fault(e, r).word[FAULT_ADDRESS]);
        struct message m = {{FAULT_REPLY_RESUME, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
        WANT(OK, sys_reply(r, i & 1, &m));
    }
    SAME(0, w->done);
}

static void answered_stop(void)
{
    begin();
    struct worker *w = faulting(0, read_entry, (void *)NOTHING);
    take_fault(e, r);
    WANT(OK, answer(FAULT_REPLY_STOP));
    SAME(THREAD_STOPPED, thread_info(w->thread).state);
    /* Stopped, it can be cured and resumed. */
    handle_t region = new_region(1);
    WANT(OK, map_pages(0, region, NOTHING, 0, 1, RW));
    WANT(OK, sys_thread(THREAD_RESUME, w->thread, 0, 0, 0, 0, 0, 0));
    await_done(w);
}

static void other_answers(void)
{
    begin();
    struct worker *w = faulting(0, read_entry, (void *)NOTHING);
    take_fault(e, r);
    int status = answer(77);
    CHECK(status == OK || status == BAD_ARG);
    if (status == BAD_ARG)
        WANT(OK, answer(FAULT_REPLY_STOP));
    (void)w;
}

static void badge_of_handler(void)
{
    begin();
    handle_t badged = mint(e, RIGHT_SEND, 0x99);
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, badged, 0, 0, 0, 0, 0));
    start(w, undefined, NULL);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(e, r, 0, &m));
    SAME(RECV_FAULT, m.kind);
    SAME(0x99, m.badge);
    SAME(FAULT_UNDEFINED, m.w[FAULT_VECTOR]);
    WANT(OK, answer(FAULT_REPLY_STOP));
}

static void in_other_task(void)
{
    begin();
    handle_t task = new_task();
    struct worker *w = faulting(task, read_entry, (void *)NOTHING);
    take_fault(e, r);
    WANT(OK, map_pages(task, new_region(1), NOTHING, 0, 1, RW));
    WANT(OK, answer(FAULT_REPLY_RESUME));
    await_done(w);
    CHECK(!READABLE(NOTHING));
}

/* Without an endpoint the thread stops. Not in the root task: there it is the end of the system. */
static void without_endpoint(void)
{
    begin();
    struct worker *w = new_worker(new_task(), LOW_PRIORITY);
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, 0, 0, 0, 0, 0, 0));
    start(w, read_entry, (void *)NOTHING);
    await_state(w->thread, THREAD_FAULTED);
    SAME(0, w->done);
    WANT(OK, drop(w->thread));
}

/* An endpoint that dies before the fault is no endpoint. */
static void endpoint_dead_before(void)
{
    begin();
    struct worker *w = new_worker(new_task(), LOW_PRIORITY);
    handle_t other = new_endpoint();
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, other, 0, 0, 0, 0, 0));
    WANT(OK, drop(other));
    start(w, undefined, NULL);
    await_state(w->thread, THREAD_FAULTED);
}

static void endpoint_dies_queued(void)
{
    begin();
    struct worker *w[3];
    handle_t task = new_task();
    for (unsigned i = 0; i < 3; i++)
        w[i] = faulting(task, undefined, NULL);
    pause_ms(5);
    WANT(OK, drop(e));
    for (unsigned i = 0; i < 3; i++) {
        await_state(w[i]->thread, THREAD_FAULTED);
        WANT(OK, drop(w[i]->thread));
    }
}

static void endpoint_dies_received(void)
{
    begin();
    struct worker *w = faulting(new_task(), undefined, NULL);
    take_fault(e, r);
    WANT(OK, drop(e));
    int status = answer(FAULT_REPLY_STOP);
    if (status == OK)
        SAME(THREAD_STOPPED, thread_info(w->thread).state);
    else
        SAME(THREAD_FAULTED, thread_info(w->thread).state);
}

static void reply_dies(void)
{
    begin();
    struct worker *w = faulting(new_task(), undefined, NULL);
    take_fault(e, r);
    WANT(OK, drop(r));
    await_state(w->thread, THREAD_FAULTED);
    SAME(0, w->done);
}

/* A thread left in a fault can be given new registers and go on. */
static void restarted_after_fault(void)
{
    begin();
    struct worker *w = new_worker(new_task(), LOW_PRIORITY);
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, 0, 0, 0, 0, 0, 0));
    start(w, undefined, NULL);
    await_state(w->thread, THREAD_FAULTED);
    WANT(OK, sys_thread(THREAD_GET_REGS, w->thread, 0, 0, 0, 0, 0, 0));
    SAME((uint64_t)undefined_at, regs()->rip);
    regs()->rip = (uint64_t)undefined_after;
    WANT(OK, sys_thread(THREAD_SET_REGS, w->thread, 0, 0, 0, 0, 0, 0));
    WANT(OK, sys_thread(THREAD_RESUME, w->thread, 0, 0, 0, 0, 0, 0));
    await_done(w);
}

static void stopped_in_fault(void)
{
    begin();
    struct worker *w = faulting(0, undefined, NULL);
    take_fault(e, r);
    WANT(OK, sys_thread(THREAD_STOP, w->thread, 0, 0, 0, 0, 0, 0));
    int status = answer(FAULT_REPLY_RESUME);
    CHECK(status == OK || status == GONE);
    CHECK(!w->done);
    /* Queued: stopped before anybody received it. */
    struct worker *v = faulting(0, undefined, NULL);
    pause_ms(3);
    WANT(OK, sys_thread(THREAD_STOP, v->thread, 0, 0, 0, 0, 0, 0));
    struct message m = {{0}, 0, 0, 0, 0};
    status = sys_recv(e, r, RECV_POLL, &m);
    if (status == OK) /* w, if it went on and faulted again */
        WANT(OK, answer(FAULT_REPLY_STOP));
    else
        WANT(WOULD_BLOCK, status);
    SAME(THREAD_STOPPED, thread_info(v->thread).state);
}

/* The region that a fault wants mapped is revoked while the fault is being served. */
static void revoked_while_served(void)
{
    begin();
    handle_t whole = new_region(2);
    for (unsigned round = 0; round < 10; round++) {
        handle_t region = slot();
        uint64_t va = new_window(1);
        WANT(OK, sys_create(OBJ_REGION, CASE_QUOTA, whole, region, 0, 1, RW, REGION_DERIVE));
        struct worker *w = faulting(0, read_entry, (void *)va);
        take_fault(e, r);
        WANT(OK, map_pages(0, region, va, 0, 1, RW));
        WANT(OK, revoke(whole));
        WANT(BAD_HANDLE, map_pages(0, region, va, 0, 1, RW));
        WANT(OK, answer(FAULT_REPLY_RESUME));
        struct fault f = take_fault(e, r); /* what was mapped is gone again */
        SAME(va, f.word[FAULT_ADDRESS]);
        WANT(OK, map_pages(0, whole, va, 1, 1, RW));
        WANT(OK, answer(FAULT_REPLY_RESUME));
        await_done(w);
    }
}

/* Region deleted by another thread while a thread runs in a loop over it. */
static void touch_for_ever(void *arg)
{
    for (;;)
        *(volatile uint64_t *)arg += 1;
}

static void deleted_under_use(void)
{
    begin();
    for (unsigned round = 0; round < 20; round++) {
        handle_t region = new_region(1);
        uint64_t va = new_window(1);
        WANT(OK, map_pages(0, region, va, 0, 1, RW));
        struct worker *w = faulting(0, touch_for_ever, (void *)va);
        pause_us(200 + 100 * round);
        WANT(OK, drop(region));
        struct fault f = take_fault(e, r);
        SAME(FAULT_PAGE, f.word[FAULT_VECTOR]);
        SAME(va, f.word[FAULT_ADDRESS]);
        WANT(OK, answer(FAULT_REPLY_STOP));
        WANT(OK, drop(w->thread));
    }
}

static void two_at_once(void)
{
    begin();
    struct worker *w = faulting(0, undefined, NULL);
    handle_t second = new_reply();
    struct worker *v = faulting(0, read_entry, (void *)NOTHING);
    struct message m = {{0}, 0, 0, 0, 0};
    take_fault(e, r);
    WANT(OK, sys_recv(e, second, 0, &m));
    SAME(RECV_FAULT, m.kind);
    m.w[0] = FAULT_REPLY_STOP;
    WANT(OK, sys_reply(second, 1, &m));
    WANT(OK, answer(FAULT_REPLY_STOP));
    SAME(THREAD_STOPPED, thread_info(w->thread).state);
    SAME(THREAD_STOPPED, thread_info(v->thread).state);
}

static void replied_by_reply_recv(void)
{
    begin();
    faulting(0, read_entry, (void *)NOTHING);
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(e, r, 0, &m));
    for (unsigned i = 0; i < 100; i++) {
        m.w[0] = FAULT_REPLY_RESUME;
        WANT(OK, sys_reply_recv(e, r, 1, &m));
        SAME(OK, m.reply_status);
        SAME(RECV_FAULT, m.kind);
        SAME(NOTHING, m.w[FAULT_ADDRESS]);
    }
    WANT(OK, answer(FAULT_REPLY_STOP));
}

const struct test_case fault_cases[] = {
    {"fault_divide", vector, V_DIVIDE},
    {"fault_trap_flag", vector, V_TRAP},
    {"fault_icebp", vector, V_ICEBP},
    {"fault_breakpoint", vector, V_BREAK},
    {"fault_overflow", vector, V_OVERFLOW},
    {"fault_undefined", vector, V_UD},
    {"fault_undefined_in_64_bit", vector, V_UD32},
    {"fault_privileged", vector, V_GP},
    {"fault_non_canonical", vector, V_CANONICAL},
    {"fault_stack", vector, V_STACK},
    {"fault_page_read", vector, V_READ},
    {"fault_page_write", vector, V_WRITE},
    {"fault_page_execute", vector, V_EXEC},
    {"fault_kernel_read", vector, V_KREAD},
    {"fault_kernel_write", vector, V_KWRITE},
    {"fault_bad_segment", vector, V_SEGMENT},
    {"fault_alignment", vector, V_ALIGN},
    {"fault_x87", vector, V_X87},
    {"fault_simd", vector, V_SIMD},
    {"fault_cli", vector, V_CLI},
    {"fault_vmcall", vector, V_VMCALL},
    {"fault_every_int", every_int, 0},
    {"fault_privileged_instructions", privileged_instructions, 0},
    {"fault_page_brought_in", page_brought_in, 0},
    {"fault_faults_again", faults_again, 0},
    {"fault_answered_stop", answered_stop, 0},
    {"fault_other_answers", other_answers, 0},
    {"fault_badge_of_handler", badge_of_handler, 0},
    {"fault_in_other_task", in_other_task, 0},
    {"fault_without_endpoint", without_endpoint, 0},
    {"fault_endpoint_dead_before", endpoint_dead_before, 0},
    {"fault_endpoint_dies_queued", endpoint_dies_queued, 0},
    {"fault_endpoint_dies_received", endpoint_dies_received, 0},
    {"fault_reply_dies", reply_dies, 0},
    {"fault_restarted_after", restarted_after_fault, 0},
    {"fault_stopped_in_fault", stopped_in_fault, 0},
    {"fault_revoked_while_served", revoked_while_served, 0},
    {"fault_deleted_under_use", deleted_under_use, 0},
    {"fault_two_at_once", two_at_once, 0},
    {"fault_replied_by_reply_recv", replied_by_reply_recv, 0},
    {NULL, NULL, 0}};
