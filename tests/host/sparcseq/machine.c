/*
 * Our translator without a machine around it: SPARC user mode, the MMU "on" in one window in which the
 * code, the data and the stack of the cases are mapped, at the addresses the reference has them at.
 *
 * Lift, passes and backend are called as translate.c does; the dispatcher is a loop. A block is
 * found by its address and mode in a table that is emptied with every batch. Accesses outside the
 * two areas fault: in the backends' C code through guest_load and guest_store below, in translated
 * code through a signal (fault.c), which finds the instruction in the side table and escapes.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <backends/x86_64/x86_64.h>
#include <frontends/sparc/sparc_cpu.h>
#include <translator/backend.h>
#include <translator/memory.h>

#include "sparcseq.h"

#define WINDOW_AT  0x200000000000ull
#define CODE_ROOM  (32u << 20)
#define DATA_ROOM  (32u << 20)
#define STACK_ROOM (1u << 20)
#define TABLE      65536u
#define STEPS      600 /* blocks a case may enter */

static struct sparc_cpu *sparc;
static uint8_t *window, *code_room, *data_room;
static size_t code_used, code_stubs, data_used;
static struct block *table[TABLE];
static struct ir_block ir;
static const struct backend *backend;
static const struct side_entry *volatile fault_side;
static uint32_t seed = 1;
static bool direct; /* traps are taken inside translated code: at their vectors there is no code */

/* ---- memory ---- */
static uint8_t *host_of(uint32_t va, unsigned bytes, bool write)
{
    if (va >= DATA_AT && va - DATA_AT <= DATA_BYTES - bytes)
        return window + va;
    if (va >= STACK_AT && va - STACK_AT <= STACK_BYTES - bytes)
        return window + va;
    if (!write && va >= CODE_AT && va - CODE_AT <= CODE_BYTES - bytes)
        return window + va;
    return NULL;
}

static bool access_fails(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind)
{
    (void)size;
    cpu->fault_va = va;
    cpu->fault_kind = kind;
    cpu->fault_status = 7;
    cpu->exit_request = EXIT_FAULT;
    return false;
}

bool guest_load(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint64_t value[2])
{
    const uint8_t *p = host_of(va, size, false);
    if (p == NULL)
        return access_fails(cpu, va, size, kind);
    value[0] = value[1] = 0;
    memcpy(value, p, size);
    return true;
}

bool guest_store(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind,
                 const uint64_t value[2])
{
    uint8_t *p = host_of(va, size, true);
    if (p == NULL)
        return access_fails(cpu, va, size, kind);
    memcpy(p, value, size);
    return true;
}

/* ---- translating ---- */
static bool fetch(struct lift *l, uint32_t va, unsigned bytes, uint32_t *code)
{
    const uint8_t *p = host_of(va, bytes, false);
    if (p == NULL || (va & GUEST_PAGE_MASK) - (l->pc & GUEST_PAGE_MASK) > GUEST_PAGE)
        return false;
    *code = 0;
    memcpy(code, p, bytes);
    return true;
}

static void *take(struct compile *c, size_t bytes)
{
    (void)c;
    size_t at = (data_used + 15) & ~(size_t)15;
    if (at + bytes > DATA_ROOM)
        return NULL;
    data_used = at + bytes;
    return data_room + at;
}

static void number_sites(void)
{
    unsigned site = 0;
    for (unsigned n = 1; n <= ir.count; n++)
        if (ir.ins[n].op == IR_insn)
            ir.ins[n].site = (uint16_t)site++;
        else
            ir.ins[n].site = (uint16_t)(site == 0 ? 0 : site - 1);
    ir.insns = site;
}

static void check(const char *after)
{
    char why[200];
    static char text[65536];
    if (ir_verify(&ir, why, sizeof why))
        return;
    ir_print(&ir, text, sizeof text);
    printf("%s\nFAIL sparcseq: IR after %s: %s\n", text, after, why);
    exit(1);
}

static struct block *translate_up_to(uint32_t pc, uint32_t mode, unsigned limit)
{
    struct lift l = {.cpu = &sparc->cpu,
                     .ir = &ir,
                     .pc = pc,
                     .mode = mode,
                     .limit = limit,
                     .fetch = fetch,
                     .direct = direct};
    ir_start(&ir);
    sparc_frontend.lift(&l);
    number_sites();
    check("lift");
    for (const struct ir_pass *p = ir_passes; p->run != NULL; p++) {
        p->run(&ir);
        check(p->name);
    }
    struct block *b = take(NULL, sizeof *b);
    *b = (struct block){.pc = pc, .mode = mode, .phys = pc, .insns = (uint16_t)ir.insns};
    seed = seed * 1664525 + 1013904223;
    struct compile job = {.ir = &ir,
                          .block = b,
                          .frontend = &sparc_frontend,
                          .cpu = &sparc->cpu,
                          .random = seed >> 30 == 0 ? seed : 0,
                          .write = code_room + code_used,
                          .run = code_room + code_used,
                          .room = CODE_ROOM - code_used,
                          .alloc = take};
    size_t bytes = backend->compile(&job);
    code_used += bytes;
    return bytes == 0 ? NULL : b;
}

static struct block *find(uint32_t pc)
{
    uint32_t mode = sparc_frontend.mode(&sparc->cpu);
    unsigned at = (pc * 2654435761u ^ mode * 40503u) % TABLE;
    for (; table[at] != NULL; at = (at + 1) % TABLE)
        if (table[at]->pc == pc && table[at]->mode == mode)
            return table[at];
    struct block *b = NULL;
    for (unsigned limit = 64; b == NULL && limit != 0; limit /= 2)
        b = translate_up_to(pc, mode, limit);
    if (b == NULL) {
        printf("FAIL sparcseq: no room to translate %08x\n", pc);
        exit(1);
    }
    return table[at] = b;
}

/* ---- faults of translated code ---- */
static const struct side_entry *side_of(uint64_t host)
{
    for (unsigned n = 0; n < TABLE; n++) {
        const struct block *b = table[n];
        uint64_t at = b == NULL ? 0 : host - (uint64_t)(uintptr_t)b->code;
        if (b == NULL || at >= b->code_bytes)
            continue;
        /* The last one: a call's return address may be the instruction that faults. */
        for (unsigned k = b->side_count; k-- > 0;)
            if (b->sides[k].host == at)
                return &b->sides[k];
    }
    return NULL;
}

/* Called by fault.c with regs as struct thread_regs; true: go on with regs as they are now. */
bool machine_fault(uint64_t *regs, uint64_t address)
{
    struct thread_regs *t = (struct thread_regs *)regs;
    uint64_t va = address - (uint64_t)(uintptr_t)window;
    const struct side_entry *side = side_of(t->rip);
    if (side == NULL || va + 64 >= (1ull << 32) + 128)
        return false;
    fault_side = side;
    sparc->cpu.fault_va = (uint32_t)va;
    backend->escape(t, EXIT_FAULT);
    return true;
}

/* ---- running ---- */
static void *room(uint64_t at, size_t bytes, int protection)
{
    void *p = mmap((void *)(uintptr_t)at, bytes, protection,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);
    if (p == MAP_FAILED) {
        printf("FAIL sparcseq: no memory\n");
        exit(1);
    }
    return p;
}

void machine_start(void)
{
    window = (uint8_t *)room(WINDOW_AT, (1ull << 32) + (2u << 20), PROT_NONE) + (1u << 20);
    room((uint64_t)(uintptr_t)window + CODE_AT, CODE_BYTES, PROT_READ | PROT_WRITE);
    room((uint64_t)(uintptr_t)window + DATA_AT, DATA_BYTES, PROT_READ | PROT_WRITE);
    room((uint64_t)(uintptr_t)window + STACK_AT, STACK_BYTES, PROT_READ | PROT_WRITE);
    code_room = room(0, CODE_ROOM, PROT_READ | PROT_WRITE | PROT_EXEC);
    data_room = room(0, DATA_ROOM, PROT_READ | PROT_WRITE);
    /* Helpers run on the stack below the CPU structure. */
    uint8_t *stack = room(0, STACK_ROOM + 65536, PROT_READ | PROT_WRITE);
    sparc = (struct sparc_cpu *)(stack + STACK_ROOM);
    static struct jump_entry jumps[JUMP_ENTRIES];
    static struct fetch_entry fetches[FETCH_ENTRIES];
    sparc->cpu.jumps = jumps;
    jumps_clear(sparc->cpu.jumps);
    sparc->cpu.fetch = fetches;
}

const struct backend *machine_backend(const char *name)
{
    for (unsigned n = 0; backends[n] != NULL; n++)
        if (strcmp(backends[n]->name, name) == 0)
            return backends[n];
    return NULL;
}

void machine_batch(const struct input *in, unsigned count, const struct backend *b)
{
    static const struct backend *started[4];
    static size_t stubs[4];
    unsigned which = 0;
    while (started[which] != NULL && started[which] != b)
        which++;
    if (started[which] == NULL) { /* each backend keeps its stubs in front of its code */
        size_t before = which == 0 ? 0 : stubs[which - 1];
        started[which] = b;
        stubs[which] = before + b->start(&sparc_frontend, code_room + before, code_room + before,
                                         (1u << 20) * (which + 1) - before);
    }
    /* Every other batch pretends that the host lacks some instructions. */
    static unsigned features, batches;
    if (features == 0)
        features = x86_features;
    seed = seed * 1664525 + 1013904223;
    x86_features = features & (++batches / 4 % 2 ? ~0u : seed >> 20);
    direct = (batches - 1) / 2 % 4 == 2;
    code_stubs = 4u << 20;
    backend = b;
    code_used = code_stubs;
    data_used = 0;
    memset(table, 0, sizeof table);
    mprotect(window + CODE_AT, CODE_BYTES, PROT_READ | PROT_WRITE);
    for (unsigned n = 0; n < count; n++)
        for (unsigned k = 0; k < in[n].words; k++) {
            uint32_t word = __builtin_bswap32(in[n].code[k]);
            memcpy(window + CODE_AT + 4 * (n * SLOT_WORDS + k), &word, 4);
        }
    mprotect(window + CODE_AT, CODE_BYTES, PROT_READ);
}

static void set_state(const struct state *s, uint32_t pc)
{
    struct cpu *c = &sparc->cpu;
    struct jump_entry *jumps = c->jumps;
    struct fetch_entry *pages = c->fetch;
    memset(sparc, 0, sizeof *sparc);
    c->jumps = jumps;
    c->fetch = pages;
    sparc_frontend.reset(c);
    sparc->mmu.control = MMU_E;
    sparc->wim = s->spare;
    sparc_set_psr(sparc, PSR_EF | PSR_ET | s->icc << 20);
    for (unsigned n = 1; n < 32; n++)
        *sparc_reg(sparc, n) = s->r[n];
    sparc->y = s->y;
    for (unsigned n = 0; n < 32; n++)
        sparc->f[n ^ 1] = s->f[n];
    sparc_set_fsr(sparc, s->fsr);
    sparc_set_pcs(sparc, pc, pc + 4);
    c->base = c->alt_base = c->choose_base = (uint64_t)(uintptr_t)window;
    c->budget = c->budget_full = 1 << 30;
}

static void get_state(struct state *s)
{
    for (unsigned n = 0; n < 32; n++) {
        s->r[n] = sparc_reg_value(sparc, n);
        s->f[n] = sparc->f[n ^ 1];
    }
    s->y = sparc->y;
    s->icc = sparc_psr(sparc) >> 20 & 15;
    s->fsr = sparc_fsr(sparc);
}

static enum exit_reason run_blocks(void)
{
    for (unsigned n = 0; n < STEPS; n++) {
        if (sparc->cpu.pc == EXIT_AT)
            return EXIT_NONE;
        struct block *b = find(sparc->cpu.pc);
        struct block_exit *e = NULL;
        fault_side = NULL;
        enum exit_reason why = backend->enter(&sparc->cpu, b, &e);
        flags_settle(&sparc->cpu);
        if (fault_side != NULL) {
            sparc->cpu.pc = fault_side->pc;
            sparc_frontend.restore(&sparc->cpu, fault_side->side);
        }
        if (why == EXIT_LINK) {
            sparc->cpu.pc = e->pc;
            struct block *to = find(e->pc);
            if (((e->pc ^ b->pc) & GUEST_PAGE_MASK) == 0)
                backend->link(e, to, 0);
        } else if (why != EXIT_LOOKUP && why != EXIT_CHECK && why != EXIT_STATE &&
                   why != EXIT_FLUSH) {
            return why;
        }
    }
    return EXIT_BROKEN;
}

bool machine_run(const struct input *in, unsigned n, struct output *out, const char **what)
{
    static char why[60];
    set_state(&in->s, CODE_AT + 4 * n * SLOT_WORDS);
    uint32_t *data = (uint32_t *)(void *)(window + DATA_AT);
    fill_data(data, in->seed);
    for (unsigned k = 0; k < DATA_BYTES / 4; k++)
        data[k] = __builtin_bswap32(data[k]);
    uint32_t *stack = (uint32_t *)(void *)(window + STACK_AT);
    memset(stack, 0, STACK_BYTES);
    enum exit_reason reason = run_blocks();
    memset(out, 0, sizeof *out);
    get_state(&out->s);
    uint32_t cwp = sparc->cwp;
    for (unsigned k = 0; k < DATA_BYTES / 4; k++) {
        uint32_t *sum = &out->line[k / (DATA_BYTES / 4 / LINES)];
        *sum = *sum * 31 + __builtin_bswap32(data[k]);
    }
    uint32_t rest = 0;
    sparc_set_cwp(sparc, 0); /* brings all others to memory */
    for (unsigned k = 0; k < SPARC_WINDOWS * 16; k++)
        rest = rest * 31 + sparc->window[k / 16][k % 16];
    for (unsigned k = 0; k < STACK_BYTES / 4; k++)
        rest = rest * 31 + stack[k];
    const uint32_t end[8] = {
        (uint32_t)reason,      sparc->cpu.pc,       sparc_npc(sparc), cwp, rest,
        sparc->cpu.fault_kind, sparc->cpu.fault_va, sparc->tt};
    memcpy(out->end, end, sizeof end);
    if (reason != EXIT_ALIGN) /* fault.c does not know the kind */
        out->end[5] = 0;
    if (reason != EXIT_FAULT && reason != EXIT_ALIGN)
        out->end[6] = 0;
    snprintf(why, sizeof why, "ended by %u tt %x at %08x", (unsigned)reason, sparc->tt,
             sparc->cpu.pc);
    *what = reason == EXIT_NONE ? NULL : why;
    return *what == NULL;
}

void machine_disassemble(const struct input *in, char *to, size_t size)
{
    size_t used = 0;
    for (unsigned at = 0; at < in->words && used + 120 < size; at++) {
        char text[100];
        uint32_t raw = __builtin_bswap32(in->code[at]);
        sparc_frontend.disas(4 * at, 0, (const uint8_t *)&raw, 4, text, sizeof text);
        used += (size_t)snprintf(to + used, size - used, "  %3x  %08x  %s\n", 4 * at, in->code[at],
                                 text);
    }
}
