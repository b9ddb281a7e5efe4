/*
 * The x86-64 backend against the interpreter: random blocks, random states, equal results.
 *
 * The guest's memory is a file, mapped once for C code and once as a window at a fixed address.
 * Accesses to pages 7, 15, ... fault in both; here as SIGSEGV in translated code, which the handler
 * turns into an exit as the translator's upcall does. Every block runs with several register
 * allocations, with all host features and with none, with few and many pins, with x86's and ARM's
 * rules for NaNs.
 *
 *   x86-test [ROUNDS [KINDS [FLOAT-PAIRS-DIVISOR]]]
 */
#include <cpuid.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <backends/interp/interp.h>
#include "../frame/frame.h"
#include "../ir/random.h"
#include "x86_test.h"

#define WINDOW      0x200000000000ull
#define STACK_BYTES (1u << 20)
#define CODE_BYTES  (1u << 20)

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allow_user_segv_handler=1:detect_stack_use_after_return=0";
}

struct machine *machine;
uint8_t *code;
static struct block block;
struct ir_block ir;
struct jump_entry jumps[JUMP_ENTRIES];
struct fetch_entry fetch[FETCH_ENTRIES];
struct frontend fronts[FRONTS];
static size_t stubs[FRONTS];
static bool counting, torn;
static unsigned compiled, refused;

/* ---- faults ----------------------------------------------------------------------------------- */

/* Where the kernel keeps the registers, in the order of enum REG_*; then RIP and the error code. */
static const uint8_t context[REG_COUNT] = {13, 14, 12, 11, 15, 10, 9, 8, 0, 1, 2, 3, 4, 5, 6, 7};
enum { CONTEXT_RIP = 16, CONTEXT_ERROR = 19 };

static void on_fault(int number, siginfo_t *info, void *where)
{
    greg_t *r = ((ucontext_t *)where)->uc_mcontext.gregs;
    uint64_t rip = (uint64_t)r[CONTEXT_RIP];
    const struct side_entry *e = NULL;
    (void)number;
    for (unsigned n = 0; n < block.side_count; n++)
        if ((uint64_t)(uintptr_t)block.code + block.sides[n].host == rip)
            e = &block.sides[n];
    if (e == NULL) {
        char text[100];
        int n = snprintf(text, sizeof text, "FAIL fault at %llx, code %llx, address %llx\n",
                         (unsigned long long)rip, (unsigned long long)(uintptr_t)block.code,
                         (unsigned long long)(uintptr_t)info->si_addr);
        _exit(write(1, text, (size_t)n) < 0 ? 3 : 2);
    }
    if (e->bits & SITE_STRING) {
        r[CONTEXT_RIP] += e->spare;
        return;
    }
    struct cpu *cpu = &machine->cpu.cpu;
    cpu->fault_va = (uint32_t)((uint64_t)(uintptr_t)info->si_addr - WINDOW);
    cpu->fault_kind = (r[CONTEXT_ERROR] & 2 ? (unsigned)ACCESS_WRITE : (unsigned)ACCESS_READ) |
                      (e->kind & MEM_USER ? (unsigned)ACCESS_USER : 0);
    cpu->fault_status = 5;
    cpu->pc = e->pc;
    test_frontend.restore(cpu, e->side);
    cpu->budget += counting ? block.insns - e->site : 0;
    struct thread_regs regs = {.rip = rip};
    for (unsigned n = 0; n < REG_COUNT; n++)
        regs.gpr[n] = (uint64_t)r[context[n]];
    x86_64_backend.escape(&regs, EXIT_FAULT, &block, e);
    for (unsigned n = 0; n < REG_COUNT; n++)
        r[context[n]] = (greg_t)regs.gpr[n];
    r[CONTEXT_RIP] = (greg_t)regs.rip;
}

#define OWN(at) (offsetof(struct test_cpu, own) + (at))

/* ---- running ---------------------------------------------------------------------------------- */

static bool set_up(void)
{
    static uint8_t signal_stack[65536];
    FILE *f = tmpfile();
    size_t before = (offsetof(struct machine, memory) + 4095) / 4096 * 4096 + STACK_BYTES;
    uint8_t *p = mmap(NULL, before + TEST_MEMORY, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f == NULL || ftruncate(fileno(f), TEST_MEMORY) != 0 || p == MAP_FAILED)
        return false;
    void *alias =
        mmap(p + before, TEST_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fileno(f), 0);
    void *window =
        mmap((void *)WINDOW, 0x7000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fileno(f), 0);
    code = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0);
    if (alias == MAP_FAILED || window == MAP_FAILED || code == MAP_FAILED)
        return false;
    machine = (struct machine *)(p + before - offsetof(struct machine, memory));
    stack_t s = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    struct sigaction a = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&s, NULL);
    sigaction(SIGSEGV, &a, NULL);
    static const uint8_t nan[FRONTS] = {NAN_X86, NAN_ARM, NAN_ARM}, pins[FRONTS] = {16, 15, 5};
    static const uint16_t vectors[] = {OWN(0), OWN(32), OWN(48)};
    size_t used = 0;
    for (unsigned n = 0; n < FRONTS; n++) {
        fronts[n] = test_frontend;
        fronts[n].nan = nan[n];
        fronts[n].pin_count = pins[n];
        fronts[n].vectors = vectors;
        fronts[n].vector_count = n == 0 ? sizeof vectors / sizeof vectors[0] : 0;
        stubs[n] = x86_64_backend.start(&fronts[n], code + used, code + used, CODE_BYTES - used);
        used += (stubs[n] + 63) & ~63ul;
    }
    code += used;
    return stubs[0] != 0;
}

static void *piece[64];
static unsigned pieces;

static void *take(struct compile *c, size_t bytes)
{
    (void)c;
    return piece[pieces++] = malloc(bytes);
}

void prepare(struct machine *m)
{
    m->cpu.cpu.jumps = jumps;
    m->cpu.cpu.fetch = fetch;
    m->cpu.cpu.base = m->cpu.cpu.alt_base = m->cpu.cpu.choose_base = WINDOW;
    m->cpu.cpu.split = 0x4000;
}

struct outcome_of {
    enum exit_reason reason;
    uint32_t pc;
};

static void print_line(struct compile *c, const char *line)
{
    (void)c;
    puts(line);
}

/* Compile and run ir with one backend; JUMP_CHECK may leave in different ways, all are CHECK. */
static struct outcome_of run(const struct backend *be, const struct frontend *f, struct machine *m,
                             uint32_t random, bool trace)
{
    struct compile c = {.ir = &ir,
                        .block = &block,
                        .frontend = f,
                        .cpu = &m->cpu.cpu,
                        .icount = counting,
                        .random = random,
                        .write = code,
                        .run = code,
                        .room = CODE_BYTES / 2,
                        .alloc = take,
                        .trace = trace ? print_line : NULL};
    struct outcome_of out = {EXIT_NONE, 0};
    block = (struct block){.pc = 0x1000, .insns = (uint16_t)ir.insns};
    pieces = 0;
    test_machine = m;
    prepare(m);
    if (be->compile(&c) != 0) {
        struct block_exit *e;
        out.reason = be->enter(&m->cpu.cpu, &block, &e);
        flags_settle(&m->cpu.cpu);
        if (e != NULL)
            m->cpu.cpu.pc = e->pc;
        out.pc = m->cpu.cpu.pc;
        if (e != NULL && (e->kind & JUMP_CHECK))
            out.reason = EXIT_CHECK;
    }
    if (out.reason == EXIT_LOOKUP)
        out.reason = EXIT_CHECK;
    while (pieces > 0)
        free(piece[--pieces]);
    return out;
}

/* QEMU's translator makes two halves of a store of 16 bytes: when the second faults, the first is in
 * memory. (CPUID leaf 0x40000000 names it.) */
static bool host_tears(void)
{
    unsigned a, name[3];
    __cpuid(0x40000000, a, name[0], name[1], name[2]);
    return memcmp(name, "TCGTCGTCGTCG", sizeof name) == 0;
}

/* Where such a store ends in a fault of its second page, y may have what precedes the page. */
static void mend(const struct machine *x, struct machine *y)
{
    uint32_t va = x->cpu.cpu.fault_va, at = (va - 16) % TEST_MEMORY;
    if (x->cpu.cpu.fault_kind & ACCESS_WRITE && va % 4096 == 0)
        memcpy(y->memory + at, x->memory + at, 16);
}

static const char *differs(struct machine *x, struct machine *y)
{
    uint32_t fault_status = x->cpu.cpu.fault_status;
    x->cpu.cpu.mxcsr &= ~2u; /* denormal operands: no guest's flag */
    y->cpu.cpu.mxcsr &= ~2u;
    x->cpu.cpu.flags.nz &= NZ_N | NZ_Z | NZ_A | NZ_P; /* the other bits are ignored */
    y->cpu.cpu.flags.nz &= NZ_N | NZ_Z | NZ_A | NZ_P;
    if (fault_status == 0)
        x->cpu.cpu.fault_status = y->cpu.cpu.fault_status;
    return machine_differs(x, y);
}

static void show(const char *what, uint32_t random, unsigned front, const struct machine *start,
                 const struct machine *x, const struct machine *y)
{
    static char text[1 << 20];
    ir_print(&ir, text, sizeof text);
    printf("%s: seed %u front %u features %x icount %d\n%s", what, random, front, x86_features,
           counting, text);
    for (unsigned n = 0; n < 16; n++)
        printf("%s%2u: %08x %08x %08x\n", x->cpu.cpu.reg[n] != y->cpu.cpu.reg[n] ? "*" : " ", n,
               start->cpu.cpu.reg[n], x->cpu.cpu.reg[n], y->cpu.cpu.reg[n]);
    const struct cpu *c[3] = {&start->cpu.cpu, &x->cpu.cpu, &y->cpu.cpu};
    for (unsigned n = 0; n < 3; n++)
        printf("nz %02x c %x v %x pc %x mxcsr %x budget %d va %x kind %x side %x\n", c[n]->flags.nz,
               c[n]->flags.c, c[n]->flags.v, c[n]->pc, c[n]->mxcsr, c[n]->budget, c[n]->fault_va,
               c[n]->fault_kind, c[n]->exit_value);
    for (unsigned n = 0; n < TEST_OWN; n++)
        if (x->cpu.own[n] != y->cpu.own[n])
            printf("own %zu+%u: %02x %02x\n", offsetof(struct test_cpu, own), n, x->cpu.own[n],
                   y->cpu.own[n]);
}

bool same(unsigned front, uint32_t random, const struct machine *start)
{
    static struct machine x;
    x = *start;
    struct outcome_of a = run(&interp_backend, &fronts[front], &x, 0, false);
    memcpy(machine, start, sizeof *start);
    struct outcome_of b = run(&x86_64_backend, &fronts[front], machine, random, false);
    compiled++;
    if (b.reason == EXIT_FAULT && torn)
        mend(&x, machine);
    if (b.reason == EXIT_NONE && ir.count > 80) { /* too many values at once: a shorter block */
        refused++;
        return true;
    }
    const char *why = b.reason == EXIT_NONE  ? "not compiled"
                      : a.reason != b.reason ? "reason"
                      : a.pc != b.pc         ? "where it goes"
                                             : differs(&x, machine);
    if (why == NULL)
        return true;
    show(why, random, front, start, &x, machine);
    printf("reason %d %d\n", a.reason, b.reason);
    memcpy(machine, start, sizeof *start);
    run(&x86_64_backend, &fronts[front], machine, random, true);
    return result("x86 as interp", false, "%s", why);
}

/* Sites of all kinds; reads of state that the generator does not make. */
static void vary_sites(void)
{
    for (unsigned n = 1; n <= ir.count; n++) {
        struct ir_ins *i = &ir.ins[n];
        uint64_t r = random_next() >> 40;
        if ((i->op == IR_ld || i->op == IR_st) && r % 4 == 0)
            i->bits = r & 4096 ? SITE_SLOW : SITE_CHOOSE;
    }
}

static bool round_of(unsigned length, unsigned kinds)
{
    static struct machine start;
    char error[300];
    random_block(&ir, length, kinds | RANDOM_FIRST_64K);
    vary_sites();
    if (random_next() >> 63)
        for (const struct ir_pass *p = ir_passes; p->run != NULL; p++)
            p->run(&ir);
    if (!ir_verify(&ir, error, sizeof error))
        return result("random block", false, "%s", error);
    for (unsigned n = 0; n < 6; n++) {
        uint64_t r = random_next() >> 32;
        counting = r & 1;
        machine_random(&start);
        unsigned front = kinds & RANDOM_X86 ? 0 : (unsigned)(r >> 1) % FRONTS;
        if (!same(front, n < 2 ? 0 : (uint32_t)(r >> 8) | 1, &start))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    jumps_clear(jumps);
    if (!set_up())
        return !result("x86", false, "no memory");
    setvbuf(stdout, NULL, _IOLBF, 0);
    torn = host_tears();
    if (torn) {
        result_skip("x86 NaN rule", "QEMU's translator chooses between NaNs as the x87 does");
        fronts[0].nan = NAN_ARM;
    }
    test_chains();
    unsigned all = x86_features, rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 10000;
    test_float(argc > 3 ? (unsigned)atoi(argv[3]) : 1);
    for (unsigned n = 0; n < rounds; n++) {
        uint64_t r = random_next();
        x86_features = n % 3 == 0 ? all : n % 3 == 1 ? 0 : all & (unsigned)(r >> 20);
        unsigned kinds = (unsigned)(r >> 32) & RANDOM_ALL;
        if (r >> 60 == 0)
            kinds |= torn ? 0 : RANDOM_X86;
        if (argc > 2)
            kinds &= (unsigned)atoi(argv[2]);
        if (!round_of(n % 8 == 0 ? 200 + r % 300 : 4 + n % 60, kinds))
            return summary();
    }
    result("x86 as interp", refused * 20 < compiled, "%u of %u refused", refused, compiled);
    return summary();
}
