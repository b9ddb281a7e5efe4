/*
 * A case in the translator, without a machine around it: flat segments, paging off, one window in
 * which code and data are mapped. Lift, passes and backend are called as translate.c does.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <frontends/x86/x87.h>
#include <translator/backend.h>
#include <translator/board.h>
#include <translator/memory.h>

#include "x87_test.h"

#define WINDOW_AT  0x200000000000ull
#define CODE_AT    0x10000u
#define DATA_AT    0x20000u
#define ROOM       (8u << 20)
#define STACK_ROOM (1u << 20)
#define STEPS      400

static struct x86_cpu *x86;
static uint8_t *window, *code_room, *data_room;
static size_t code_used, data_used;
static struct ir_block ir;
static struct jump_entry jumps[JUMP_ENTRIES]; /* stay empty */
static struct fetch_entry pages[FETCH_ENTRIES];
static struct {
    const struct backend *backend;
    size_t from, stubs;
} started[2];

/* ---- memory.h and board.h -------------------------------------------------------------------- */

static uint8_t *host_of(uint32_t va, unsigned bytes)
{
    bool data = va >= DATA_AT && va - DATA_AT <= 4096 - bytes;
    bool code = va >= CODE_AT && va - CODE_AT <= 4096 - bytes;
    return data || code ? window + va : NULL;
}

bool guest_load(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint64_t value[2])
{
    const uint8_t *p = host_of(va, size);
    (void)kind;
    value[0] = value[1] = 0;
    if (p == NULL) {
        cpu->exit_request = EXIT_FAULT;
        return false;
    }
    memcpy(value, p, size);
    return true;
}

bool guest_store(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind,
                 const uint64_t value[2])
{
    uint8_t *p = host_of(va, size);
    (void)kind;
    if (p == NULL) {
        cpu->exit_request = EXIT_FAULT;
        return false;
    }
    memcpy(p, value, size);
    return true;
}

bool guest_peek(struct cpu *cpu, uint32_t va, void *to, unsigned bytes)
{
    uint64_t v[2];
    if (bytes > 16 || !guest_load(cpu, va, bytes, ACCESS_READ, v))
        return false;
    memcpy(to, v, bytes);
    return true;
}

uint8_t *guest_span(struct cpu *cpu, uint32_t va, unsigned kind, unsigned *bytes)
{
    (void)cpu, (void)va, (void)kind, (void)bytes;
    return NULL;
}

/* ---- translating ---------------------------------------------------------------------------------- */

static bool fetch(struct lift *l, uint32_t va, unsigned bytes, uint32_t *code)
{
    const uint8_t *p = host_of(va, bytes);
    (void)l;
    *code = 0;
    if (p != NULL)
        memcpy(code, p, bytes);
    return p != NULL;
}

static void *take(struct compile *c, size_t bytes)
{
    (void)c;
    size_t at = (data_used + 15) & ~(size_t)15;
    if (at + bytes > ROOM)
        return NULL;
    data_used = at + bytes;
    return data_room + at;
}

static void check(const char *after)
{
    static char text[65536];
    char why[200];
    if (ir_verify(&ir, why, sizeof why))
        return;
    ir_print(&ir, text, sizeof text);
    printf("%s\nFAIL x87: IR after %s: %s\n", text, after, why);
    exit(1);
}

/* Text and back is the same. */
static void check_text(void)
{
    static struct ir_block again;
    static unsigned blocks;
    static char text[65536], second[65536];
    char why[200] = "";
    if (blocks++ % 256 != 0)
        return;
    ir_print(&ir, text, sizeof text);
    bool good = ir_parse(&again, text, why, sizeof why);
    if (good)
        ir_print(&again, second, sizeof second);
    if (good && strcmp(text, second) == 0)
        return;
    printf("%s\nFAIL x87: IR as text: %s\n", text, why);
    exit(1);
}

static void number_sites(void)
{
    unsigned site = 0;
    for (unsigned n = 1; n <= ir.count; n++) {
        site += ir.ins[n].op == IR_insn;
        ir.ins[n].site = (uint16_t)(site == 0 ? 0 : site - 1);
    }
    ir.insns = site;
}

static struct block *translate(const struct backend *backend, unsigned limit)
{
    static uint32_t seed = 1;
    struct cpu *cpu = &x86->cpu;
    struct lift l = {.cpu = cpu,
                     .ir = &ir,
                     .pc = cpu->pc,
                     .mode = x86_frontend.mode(cpu),
                     .limit = limit,
                     .fetch = fetch};
    ir_start(&ir);
    x86_frontend.lift(&l);
    number_sites();
    check("lift");
    check_text();
    for (const struct ir_pass *p = ir_passes; p->run != NULL; p++) {
        p->run(&ir);
        check(p->name);
    }
    struct block *b = take(NULL, sizeof *b);
    *b = (struct block){.pc = l.pc, .mode = l.mode, .phys = l.pc, .insns = (uint16_t)ir.insns};
    seed = seed * 1664525 + 1013904223;
    struct compile job = {.ir = &ir,
                          .block = b,
                          .frontend = &x86_frontend,
                          .cpu = cpu,
                          .random = seed >> 30 == 0 ? seed : 0,
                          .write = code_room + code_used,
                          .run = code_room + code_used,
                          .room = ROOM - code_used,
                          .alloc = take};
    size_t bytes = backend->compile(&job);
    code_used += bytes;
    return bytes == 0 ? NULL : b;
}

static void begin_backend(const struct backend *b)
{
    unsigned n = started[0].backend == NULL || started[0].backend == b ? 0 : 1;
    if (started[n].backend == NULL) {
        started[n].backend = b;
        started[n].from = n * ROOM / 2;
        uint8_t *at = code_room + started[n].from;
        started[n].stubs = b->start(&x86_frontend, at, at, 1u << 20);
    }
    code_used = started[n].from + started[n].stubs;
    data_used = 0;
}

/* ---- faults of translated code ---- */

static struct block *block_now;
static const struct backend *backend_now;
static const struct side_entry *volatile fault_side;

bool guest_fault(uint64_t *regs, uint64_t address)
{
    (void)address;
    struct thread_regs *t = (struct thread_regs *)(void *)regs;
    const struct block *b = block_now;
    uint64_t at = b == NULL ? 0 : t->rip - (uint64_t)(uintptr_t)b->code;
    if (b == NULL || at >= b->code_bytes)
        return false;
    for (unsigned k = b->side_count; k-- > 0;)
        if (b->sides[k].host == at) {
            fault_side = &b->sides[k];
            backend_now->escape(t, EXIT_FAULT, b, fault_side);
            return true;
        }
    return false;
}

/* ---- running -------------------------------------------------------------------------------------- */

static void *room(uint64_t at, size_t bytes, int protection)
{
    void *p = mmap((void *)(uintptr_t)at, bytes, protection,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);
    if (p == MAP_FAILED)
        exit(1);
    return p;
}

void guest_start(void)
{
    window = (uint8_t *)room(WINDOW_AT, (1ull << 32) + (2u << 20), PROT_NONE) + (1u << 20);
    room((uint64_t)(uintptr_t)window + CODE_AT, 4096, PROT_READ | PROT_WRITE);
    room((uint64_t)(uintptr_t)window + DATA_AT, 4096, PROT_READ | PROT_WRITE);
    code_room = room(0, ROOM, PROT_READ | PROT_WRITE | PROT_EXEC);
    data_room = room(0, ROOM, PROT_READ | PROT_WRITE);
    uint8_t *stack = room(0, STACK_ROOM + 65536, PROT_READ | PROT_WRITE);
    x86 = (struct x86_cpu *)(stack + STACK_ROOM);
    x86->cpu.jumps = jumps;
    x86->cpu.fetch = pages;
}

static void set_image(const struct image *fx)
{
    struct x86_fpu *f = &x86->fpu;
    x87_set_status(x86, fx->fsw);
    x87_set_control(x86, fx->fcw);
    f->state.used = fx->ftw;
    for (unsigned i = 0; i < 8; i++)
        x87_set_phys(f, x87_phys(f, i), (struct x80){.sig = fx->st[i].sig, .se = fx->st[i].se});
    memcpy(x86->xmm, fx->xmm, sizeof x86->xmm);
    x86_set_mxcsr(x86, fx->mxcsr);
    x87_predict(x86);
}

static void get_image(struct image *fx)
{
    struct x86_fpu *f = &x86->fpu;
    fx->fsw = x87_status_word(x86);
    fx->fcw = (uint16_t)f->control;
    fx->ftw = f->state.used;
    for (unsigned i = 0; i < 8; i++) {
        struct x80 v = x87_get_phys(f, x87_phys(f, i));
        fx->st[i].sig = v.sig;
        fx->st[i].se = v.se;
    }
    memcpy(fx->xmm, x86->xmm, sizeof x86->xmm);
    fx->mxcsr = x86_mxcsr(x86);
}

static void set_state(const struct test_case *t, unsigned cpl)
{
    struct cpu *c = &x86->cpu;
    memset(x86, 0, sizeof *x86);
    c->jumps = jumps;
    c->fetch = pages;
    x86_frontend.reset(c);
    x86_flat_start(c, CODE_AT, 0x73, 0x7b);
    x86->cpl = cpl;
    x86->cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
    x86->cr0 = (x86->cr0 & ~(CR0_TS | CR0_EM)) | CR0_NE | CR0_MP;
    c->base = c->alt_base = c->choose_base = (uint64_t)(uintptr_t)window;
    c->budget = c->budget_full = 1 << 30;
    c->reg[X86_EAX] = t->begin.eax;
    c->reg[X86_ECX] = t->begin.ecx;
    c->reg[X86_EDX] = t->begin.edx;
    c->reg[X86_ESI] = DATA_AT;
    c->reg[X86_EDI] = DATA_AT + 64;
    x86_set_eflags(x86, t->begin.eflags, FLAGS);
    set_image(&t->begin.fx);
    memset(window + CODE_AT, 0xcc, 4096); /* INT3 ends the case */
    memcpy(window + CODE_AT, t->code, t->bytes);
    memcpy(window + DATA_AT, t->begin.data, DATA_BYTES);
}

static enum exit_reason run(const struct backend *backend)
{
    unsigned limit = 32;
    for (unsigned n = 0; n < STEPS; n++) {
        struct block_exit *e = NULL;
        struct block *b = translate(backend, limit);
        if (b == NULL) {
            limit /= 2;
            continue;
        }
        limit = 32;
        block_now = b;
        backend_now = backend;
        fault_side = NULL;
        enum exit_reason why = backend->enter(&x86->cpu, b, &e);
        flags_settle(&x86->cpu);
        block_now = NULL;
        if (fault_side != NULL) {
            x86->cpu.pc = fault_side->pc;
            x86_frontend.restore(&x86->cpu, fault_side->side);
        }
        if (why == EXIT_LINK)
            x86->cpu.pc = e->pc;
        else if ((unsigned)why == EXIT_X87)
            x86_frontend.deliver(&x86->cpu, why);
        else if (why != EXIT_LOOKUP && why != EXIT_CHECK && why != EXIT_STATE)
            return why;
    }
    return EXIT_NONE;
}

static unsigned vector;

bool guest_run(const struct test_case *t, const struct backend *b, unsigned cpl, struct state *end)
{
    begin_backend(b);
    set_state(t, cpl);
    enum exit_reason why = run(b);
    struct cpu *c = &x86->cpu;
    vector = (unsigned)why == EXIT_RAISE ? x86->raise.vector & RAISE_VECTOR
             : why == EXIT_FAULT         ? VECTOR_ACCESS
             : why == EXIT_ALIGN         ? VECTOR_GP
                                         : 1000 + (unsigned)why;
    *end = t->begin;
    get_image(&end->fx);
    end->eax = c->reg[X86_EAX];
    end->ecx = c->reg[X86_ECX];
    end->edx = c->reg[X86_EDX];
    end->eflags = x86_eflags(x86) & FLAGS;
    memcpy(end->data, window + DATA_AT, DATA_BYTES);
    return vector == VECTOR_BP && c->pc - CODE_AT <= t->bytes;
}

unsigned guest_vector(void)
{
    return vector;
}

const char *guest_backend_name(const struct backend *b)
{
    return b->name;
}

unsigned guest_at(void)
{
    return x86->cpu.pc - CODE_AT;
}

uint32_t guest_ip(void)
{
    x87_collect_pointers(x86);
    return x86->fpu.ip;
}

void guest_print(const struct test_case *t)
{
    for (unsigned n = 0; n < t->instructions; n++) {
        char text[100];
        struct x86_insn i;
        x86_decode(t->code + t->at[n], 15, X86_MODE_D | X86_MODE_PROTECTED | X86_HAS_ATOM, &i);
        x86_disas_insn(&i, CODE_AT + t->at[n], text, sizeof text);
        printf("#     %s\n", text);
    }
}
