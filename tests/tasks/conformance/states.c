/*
 * The state of a thread that the kernel must not lose or mix up: flags across SYSCALL, FS and GS
 * bases, x87, SSE, AVX and MXCSR, segment registers; SYSCALL in odd places.
 */
#include "suite.h"

static handle_t e, r;

static void begin(void)
{
    e = new_endpoint();
    r = new_reply();
}

static struct worker *watched(void (*entry)(void *), void *arg)
{
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
    start(w, entry, arg);
    return w;
}

static int answer(uint64_t what)
{
    struct message m = {{what, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
    return sys_reply(r, 1, &m);
}

/* ---- flags --------------------------------------------------------------------------------------------- */

#define FLAG_TF 0x100ULL
#define FLAG_DF 0x400ULL
#define FLAG_NT 0x4000ULL
#define FLAG_AC 0x40000ULL
#define FLAG_ID 0x200000ULL

/* Make a call with given flags set; the flags afterwards. */
static uint64_t call_with_flags(uint64_t flags, uint64_t word, uint64_t *result)
{
    uint64_t after;
    __asm__ volatile("pushfq\n\t"
                     "orq %[flags], (%%rsp)\n\t"
                     "popfq\n\t"
                     "syscall\n\t"
                     "pushfq\n\t"
                     "popq %[after]\n\t"
                     "pushfq\n\t"
                     "andq $~0x44400, (%%rsp)\n\t"
                     "popfq\n\t"
                     "cld"
                     : [after] "=&r"(after), "+a"(word)
                     : [flags] "r"(flags), "D"(1UL)
                     : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
    *result = word;
    return after;
}

/* Every combination of flags that user code can set passes through a call. */
static void flags_across_call(void)
{
    static const uint64_t bits[] = {1,     4,       0x10,    0x40,    0x80,
                                    0x800, FLAG_DF, FLAG_NT, FLAG_AC, FLAG_ID};
    handle_t n = new_notification();
    const uint64_t words[] = {call_word(CALL_SIGNAL, 0, n, 0), call_word(99, 0, 0, 0),
                              call_word(CALL_THREAD, THREAD_YIELD, 0, 0),
                              call_word(CALL_WAIT, WAIT_POLL, n, 0)};
    for (unsigned set = 0; set < 1024; set++) {
        uint64_t flags = 0, result;
        for (unsigned i = 0; i < 10; i++)
            if (set >> i & 1)
                flags |= bits[i];
        uint64_t after = call_with_flags(flags, words[set & 3], &result);
        SAME(flags & (FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID),
             after & (FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID) & (flags | ~FLAG_ID));
        CHECK(after & 0x200);
        SAME(0, after & 0x3100); /* IOPL, TF */
        SAME((set & 3) == 1 ? BAD_CALL : OK, result_status(result));
    }
}

static void blocks_with_flags(void *arg)
{
    uint64_t result, word = call_word(CALL_WAIT, 0, (handle_t)(uint64_t)arg, 0);
    struct worker *w = this_worker();
    w->value[0] = call_with_flags(FLAG_DF | FLAG_NT | FLAG_AC, word, &result);
    w->status = (int)result_status(result);
}

/* The same when the call blocks and other threads run in between. */
static void flags_across_blocking_call(void)
{
    handle_t n = new_notification();
    for (unsigned i = 0; i < 50; i++) {
        struct worker *w = spawn(0, LOW_PRIORITY, blocks_with_flags, (void *)(uint64_t)n);
        await_state(w->thread, THREAD_WAITING);
        uint64_t own;
        __asm__ volatile("pushfq\n\tpopq %0" : "=r"(own));
        SAME(0, own & (FLAG_DF | FLAG_NT | FLAG_AC));
        WANT(OK, sys_signal(n, 1));
        await_done(w);
        SAME(OK, w->status);
        SAME(FLAG_DF | FLAG_NT | FLAG_AC, w->value[0] & (FLAG_DF | FLAG_NT | FLAG_AC));
        release(w);
    }
}

static void spin_with_flags(void *arg)
{
    struct worker *w = arg;
    uint64_t flags;
    while (!w->value[1]) {
        __asm__ volatile("pushfq\n\t"
                         "orq $0x44400, (%%rsp)\n\t"
                         "popfq\n\t"
                         "movl $20000, %%ecx\n"
                         "1:\tpause\n\t"
                         "decl %%ecx\n\t"
                         "jnz 1b\n\t"
                         "pushfq\n\t"
                         "popq %0\n\t"
                         "pushfq\n\t"
                         "andq $~0x44400, (%%rsp)\n\t"
                         "popfq\n\t"
                         "cld"
                         : "=&r"(flags)
                         :
                         : "rcx", "cc", "memory");
        if ((flags & 0x44400) != 0x44400)
            w->value[2]++;
        w->value[3]++;
    }
}

/* Interrupts with DF, NT and AC set in the interrupted code. */
static void flags_across_interrupts(void)
{
    struct worker *a = new_worker(0, LOW_PRIORITY), *b = new_worker(0, LOW_PRIORITY);
    start(a, spin_with_flags, a);
    start(b, spin_with_flags, b);
    for (unsigned i = 0; i < 100; i++)
        pause_us(1500);
    a->value[1] = b->value[1] = 1;
    await_done(a);
    await_done(b);
    SAME(0, a->value[2] + b->value[2]);
    CHECK(a->value[3] && b->value[3]);
}

/* Attempts at IOPL and IF by POPF change nothing. */
static void iopl_by_popf(void)
{
    uint64_t after;
    __asm__ volatile("pushfq\n\t"
                     "orq $0x3000, (%%rsp)\n\t"
                     "andq $~0x200, (%%rsp)\n\t"
                     "popfq\n\t"
                     "pushfq\n\t"
                     "popq %0"
                     : "=r"(after)
                     :
                     : "cc", "memory");
    SAME(0x200, after & 0x3200);
    uint64_t result;
    CHECK((call_with_flags(0x3000, call_word(99, 0, 0, 0), &result) & 0x3000) == 0);
}

extern const char step_start[], step_call[], step_end[];
void steps(void *arg);
__asm__(".text\n.globl steps, step_start, step_call, step_end\n"
        "steps:\n"
        "    pushq %rbx\n"
        "    movl $99, %eax\n"
        "    xorl %ebx, %ebx\n"
        "    pushfq\n"
        "    orq $0x100, (%rsp)\n"
        "    popfq\n"
        "step_start:\n"
        "    nop\n"
        "step_call:\n"
        "    syscall\n"
        "    nop\n"
        "    movl %eax, %edi\n"
        "    movl $99, %eax\n"
        "    syscall\n"
        "    nop\n"
        "    pushfq\n"
        "    andq $~0x100, (%rsp)\n"
        "    popfq\n"
        "step_end:\n"
        "    nop\n"
        "    popq %rbx\n"
        "    ret\n");

/* The trap flag across SYSCALL: every trap is in user code, none in the kernel, none is lost. */
static void trap_flag_across_call(void)
{
    begin();
    struct worker *w = watched(steps, NULL);
    unsigned traps = 0, calls = 0;
    uint64_t last = 0;
    for (;;) {
        struct message m = {{0}, 0, 0, 0, 0};
        int status = sys_recv(e, r, RECV_POLL, &m);
        if (status == WOULD_BLOCK) {
            if (w->done)
                break;
            pause_us(200);
            continue;
        }
        WANT(OK, status);
        SAME(FAULT_DEBUG, m.w[FAULT_VECTOR]);
        CHECK(m.w[FAULT_IP] >= (uint64_t)step_start && m.w[FAULT_IP] <= (uint64_t)step_end + 1);
        CHECK(m.w[FAULT_IP] > last);
        last = m.w[FAULT_IP];
        CHECK(m.w[FAULT_FLAGS] & FLAG_TF || m.w[FAULT_IP] >= (uint64_t)step_end);
        calls += last == (uint64_t)step_call;
        traps++;
        WANT(OK, answer(FAULT_REPLY_RESUME));
    }
    /* Ten instructions run with TF; the two after a SYSCALL may trap late or not at all. */
    CHECK(traps >= 7 && traps <= 11);
    SAME(1, calls);
}

/* SYSCALL as the last instruction of mapped space: the return address is not mapped. */
static void call_at_end_of_space(void)
{
    static const uint8_t code[] = {0x31, 0xc0,  /* xor eax, eax */
                                   0xb0, 0x63,  /* mov al, 99 */
                                   0x0f, 0x05}; /* syscall */
    static const uint64_t pages[] = {INFO_PAGE_VA - PAGE_SIZE, 0x00007ffffffe0000ULL, USER_MIN};
    handle_t region = new_region(1);
    uint64_t here = new_window(1);
    begin();
    WANT(OK, map_pages(0, region, here, 0, 1, RW));
    memset((void *)here, 0x90, PAGE_SIZE);
    memcpy((void *)(here + PAGE_SIZE - sizeof code), code, sizeof code);
    for (unsigned i = 0; i < 3; i++) {
        WANT(OK, map_pages(0, region, pages[i], 0, 1, RX));
        struct worker *w = watched((void (*)(void *))(pages[i] + PAGE_SIZE - sizeof code), NULL);
        struct fault f = take_fault(e, r);
        SAME(FAULT_PAGE, f.word[FAULT_VECTOR]);
        SAME(pages[i] + PAGE_SIZE, f.word[FAULT_IP]);
        SAME(pages[i] + PAGE_SIZE, f.word[FAULT_ADDRESS]);
        CHECK(f.word[FAULT_ERROR] & PF_FETCH);
        WANT(OK, answer(FAULT_REPLY_STOP));
        release(w);
        WANT(OK, unmap_pages(0, pages[i], 1));
    }
}

/* A stack pointer that points nowhere, or into the kernel, during calls and interrupts. */
extern const char odd_stack_end[];
void odd_stack(void *arg);
__asm__(".text\n.globl odd_stack, odd_stack_end\n"
        "odd_stack:\n"
        "    movq %rsp, %r12\n"
        "    movq %rdi, %rsp\n"
        "    movl $300, %r13d\n"
        "1:  movl $99, %eax\n"
        "    syscall\n"
        "    movl $3000, %ecx\n"
        "2:  pause\n"
        "    decl %ecx\n"
        "    jnz 2b\n"
        "    decl %r13d\n"
        "    jnz 1b\n"
        "    movq %r12, %rsp\n"
        "    ret\n");

static void stack_pointer_anywhere(void)
{
    static const uint64_t values[] = {0,          1, 0x0000800000000000ULL, 0xffff800000000000ULL,
                                      UINT64_MAX, 7, 0xffffffff80001000ULL};
    begin();
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct worker *w = watched(odd_stack, (void *)values[i]);
        for (unsigned k = 0; k < 5; k++)
            pause_us(700);
        await_done(w);
    }
}

/* ---- FS and GS --------------------------------------------------------------------------------------------- */

/* Runs with given bases and looks whether they stay. arg: value[4] = gs, value[5] = fs (0: keep). */
static void hold_bases(void *arg)
{
    struct worker *w = arg;
    uint64_t gs = w->value[4], fs = w->value[5], saved, now_gs, now_fs, wrong = 0;
    __asm__ volatile("rdfsbase %0" : "=r"(saved));
    for (unsigned i = 0; i < 4000; i++) {
        uint64_t word = call_word(i & 1 ? 99 : CALL_THREAD, THREAD_YIELD, 0, 0);
        __asm__ volatile("movq %[gs], %%rcx\n\t"
                         "movq %[fs], %%rdx\n\t"
                         "wrgsbase %%rcx\n\t"
                         "wrfsbase %%rdx\n\t"
                         "syscall\n\t"
                         "movl $300, %%ecx\n"
                         "1:\tpause\n\t"
                         "decl %%ecx\n\t"
                         "jnz 1b\n\t"
                         "rdgsbase %%rcx\n\t"
                         "rdfsbase %%rdx\n\t"
                         "movq %%rcx, %[now_gs]\n\t"
                         "movq %%rdx, %[now_fs]\n\t"
                         "wrfsbase %[saved]"
                         : [now_gs] "=m"(now_gs), [now_fs] "=m"(now_fs), "+a"(word)
                         : [gs] "m"(gs), [fs] "m"(fs), [saved] "r"(saved)
                         : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory",
                           "cc");
        wrong += now_gs != gs || now_fs != fs;
    }
    w->value[6] = wrong;
}

static void bases(void)
{
    static const uint64_t values[] = {0,
                                      1,
                                      0x00007fffffffffffULL,
                                      0xffff800000000000ULL,
                                      0xffffffff80000000ULL,
                                      UINT64_MAX,
                                      0xfffffffffffff000ULL,
                                      0x0000123412341234ULL};
    handle_t task = new_task();
    struct worker *w[8];
    for (unsigned i = 0; i < 8; i++) {
        w[i] = new_worker(i & 1 ? task : 0, LOW_PRIORITY);
        w[i]->value[4] = values[i];
        w[i]->value[5] = values[7 - i];
        start(w[i], hold_bases, w[i]);
    }
    for (unsigned i = 0; i < 8; i++) {
        await_done(w[i]);
        SAME(0, w[i]->value[6]);
    }
}

/* Loading selectors into FS and GS and DS and ES: the kernel survives, and so does the thread. */
static void selectors(void *arg)
{
    struct worker *w = arg;
    uint64_t saved, gs;
    __asm__ volatile("rdfsbase %0" : "=r"(saved));
    for (unsigned i = 0; i < 2000; i++) {
        uint64_t word = call_word(i & 1 ? 99 : CALL_THREAD, THREAD_YIELD, 0, 0);
        unsigned selector = i % 4; /* null selectors of every privilege level */
        __asm__ volatile("movw %w[selector], %%ds\n\t"
                         "movw %w[selector], %%es\n\t"
                         "movw %w[selector], %%fs\n\t"
                         "movw %w[selector], %%gs\n\t"
                         "wrgsbase %[saved]\n\t"
                         "syscall\n\t"
                         "pause\n\t"
                         "rdgsbase %[gs]\n\t"
                         "wrfsbase %[saved]"
                         : "+a"(word), [gs] "=&r"(gs)
                         : [selector] "r"(selector), [saved] "r"(saved)
                         : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
        if (gs != saved)
            w->value[6]++;
    }
}

static void null_selectors(void)
{
    struct worker *a = new_worker(0, LOW_PRIORITY), *b = new_worker(0, LOW_PRIORITY);
    start(a, selectors, a);
    start(b, selectors, b);
    await_done(a);
    await_done(b);
    SAME(0, a->value[6] + b->value[6]);
}

/* ---- vector state ---------------------------------------------------------------------------------------------- */

struct vectors {
    uint8_t xmm[16][16], xmm_out[16][16];
    uint8_t ymm[16][32], ymm_out[16][32]; /* aligned: the first members, of whole multiples of 32 */
    double x87[6], x87_out[6];
    uint32_t mxcsr, mxcsr_out;
    uint16_t control, control_out;
    uint64_t rounds, use_avx, pause;
} __attribute__((aligned(64)));

#define EACH16(m) \
    m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(10) m(11) m(12) m(13) m(14) m(15)
#define LOAD_X(i)  "movdqa " #i "*16(%[x]), %%xmm" #i "\n\t"
#define STORE_X(i) "movdqa %%xmm" #i ", " #i "*16(%[o])\n\t"
#define LOAD_Y(i)  "vmovdqa " #i "*32(%[x]), %%ymm" #i "\n\t"
#define STORE_Y(i) "vmovdqa %%ymm" #i ", " #i "*32(%[o])\n\t"
#define ALL_XMM                                                                              \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

/* Load everything, let others run (by a call, or by being interrupted), store everything. */
static void vector_round(struct vectors *v)
{
    uint64_t word = call_word(CALL_THREAD, THREAD_YIELD, 0, 0);
    __asm__ volatile("fninit\n\t"
                     "fldcw %[control]\n\t"
                     "fldl 0(%[d])\n\tfldl 8(%[d])\n\tfldl 16(%[d])\n\t"
                     "fldl 24(%[d])\n\tfldl 32(%[d])\n\tfldl 40(%[d])\n\t"
                     "ldmxcsr %[mxcsr]"
                     :
                     : [d] "r"(v->x87), [control] "m"(v->control), [mxcsr] "m"(v->mxcsr));
    if (v->use_avx)
        __asm__ volatile(EACH16(LOAD_Y) "syscall\n\t"
                                        "movq %[pause], %%rcx\n"
                                        "1:\tpause\n\t"
                                        "decq %%rcx\n\t"
                                        "jnz 1b\n\t" EACH16(STORE_Y) "vzeroupper"
                         : "+a"(word)
                         : [x] "r"(v->ymm), [o] "r"(v->ymm_out), [pause] "r"(v->pause)
                         : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory",
                           "cc", ALL_XMM);
    else
        __asm__ volatile(EACH16(LOAD_X) "syscall\n\t"
                                        "movq %[pause], %%rcx\n"
                                        "1:\tpause\n\t"
                                        "decq %%rcx\n\t"
                                        "jnz 1b\n\t" EACH16(STORE_X)
                         : "+a"(word)
                         : [x] "r"(v->xmm), [o] "r"(v->xmm_out), [pause] "r"(v->pause)
                         : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory",
                           "cc", ALL_XMM);
    __asm__ volatile("fnstcw %[control]\n\t"
                     "stmxcsr %[mxcsr]\n\t"
                     "fstpl 40(%[d])\n\tfstpl 32(%[d])\n\tfstpl 24(%[d])\n\t"
                     "fstpl 16(%[d])\n\tfstpl 8(%[d])\n\tfstpl 0(%[d])\n\t"
                     "fninit"
                     : [control] "=m"(v->control_out), [mxcsr] "=m"(v->mxcsr_out)
                     : [d] "r"(v->x87_out)
                     : "memory");
    uint32_t usual = 0x1f80;
    __asm__ volatile("ldmxcsr %0" : : "m"(usual));
}

static void hold_vectors(void *arg)
{
    struct vectors *v = arg;
    struct worker *w = this_worker();
    for (uint64_t i = 0; i < v->rounds; i++) {
        v->pause = i % 8 == 0 ? 20000 : 1;
        vector_round(v);
        if (v->use_avx ? memcmp(v->ymm, v->ymm_out, sizeof v->ymm) != 0
                       : memcmp(v->xmm, v->xmm_out, sizeof v->xmm) != 0)
            w->value[6]++;
        if (memcmp(v->x87, v->x87_out, sizeof v->x87) != 0)
            w->value[6] += 0x10000;
        if (v->mxcsr != v->mxcsr_out || v->control != v->control_out)
            w->value[6] += 0x100000000;
    }
}

/* case_arg: 0 = SSE, 1 = AVX. Eight threads in two tasks, each with values of its own. */
static void vectors(void)
{
    static struct vectors v[8];
    static const uint32_t mxcsr[] = {0x1f80, 0x3f80, 0x5f80, 0x7f80,
                                     0x9f80, 0x1fc0, 0xffc0, 0x1f80};
    static const uint16_t control[] = {0x37f, 0x27f, 0x77f, 0xf7f, 0x07f, 0xb7f, 0x37f, 0x47f};
    if (case_arg && !(system_info().features & CPU_AVX))
        skip("this processor has no AVX");
    handle_t task = new_task();
    struct worker *w[8];
    for (unsigned i = 0; i < 8; i++) {
        memset(&v[i], 0, sizeof v[i]);
        for (unsigned k = 0; k < sizeof v[i].xmm; k++)
            ((uint8_t *)v[i].xmm)[k] = (uint8_t)(k * 7 + i * 31 + 1);
        for (unsigned k = 0; k < sizeof v[i].ymm; k++)
            ((uint8_t *)v[i].ymm)[k] = (uint8_t)(k * 5 + i * 29 + 3);
        for (unsigned k = 0; k < 6; k++)
            v[i].x87[k] = 1.5 * (i + 1) + k;
        v[i].mxcsr = mxcsr[i];
        v[i].control = control[i];
        v[i].rounds = 400;
        v[i].use_avx = case_arg;
        w[i] = new_worker(i & 1 ? task : 0, LOW_PRIORITY);
        start(w[i], hold_vectors, &v[i]);
    }
    for (unsigned i = 0; i < 8; i++) {
        while (!w[i]->done)
            pause_ms(2); /* the case's time limit ends this */
        SAME(0, w[i]->value[6]);
    }
}

/* A new thread starts with clean vector state: nothing of another task's values. */
static void look_at_state(void *arg)
{
    struct vectors *v = arg;
    __asm__ volatile(EACH16(STORE_X) "stmxcsr %[mxcsr]\n\tfnstcw %[control]"
                     : [mxcsr] "=m"(v->mxcsr_out), [control] "=m"(v->control_out)
                     : [o] "r"(v->xmm_out)
                     : "memory");
}

static void fresh_state(void)
{
    static struct vectors dirty, seen;
    memset(&dirty, 0x5a, sizeof dirty);
    dirty.mxcsr = 0x9f80;
    dirty.control = 0x27f;
    dirty.use_avx = 0;
    dirty.rounds = 3;
    for (unsigned k = 0; k < 6; k++)
        dirty.x87[k] = k;
    for (unsigned i = 0; i < 5; i++) {
        struct worker *a = spawn(0, HIGH_PRIORITY, hold_vectors, &dirty);
        await_done(a);
        release(a);
        struct worker *b = spawn(i & 1 ? new_task() : 0, HIGH_PRIORITY, look_at_state, &seen);
        await_done(b);
        release(b);
        for (unsigned k = 0; k < sizeof seen.xmm_out; k++)
            CHECK(((uint8_t *)seen.xmm_out)[k] != 0x5a);
        SAME(0x1f80, seen.mxcsr_out);
        SAME(0x37f, seen.control_out);
    }
}

const struct test_case state_cases[] = {
    {"state_flags_across_call", flags_across_call, 0},
    {"state_flags_across_blocking_call", flags_across_blocking_call, 0},
    {"state_flags_across_interrupts", flags_across_interrupts, 0},
    {"state_iopl_by_popf", iopl_by_popf, 0},
    {"state_trap_flag_across_call", trap_flag_across_call, 0},
    {"state_call_at_end_of_space", call_at_end_of_space, 0},
    {"state_stack_pointer_anywhere", stack_pointer_anywhere, 0},
    {"state_fs_gs_bases", bases, 0},
    {"state_null_selectors", null_selectors, 0},
    {"state_sse_kept", vectors, 0},
    {"state_avx_kept", vectors, 1},
    {"state_fresh", fresh_state, 0},
    {NULL, NULL, 0}};
