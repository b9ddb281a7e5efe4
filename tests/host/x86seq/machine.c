/*
 * Our translator without a machine around it: 32-bit user code, flat segments, the code and the data
 * of the cases mapped in one window at the addresses the real CPU has them at.
 *
 * Lift, passes and backend are called as translate.c does; the dispatcher is a loop. A block is found by
 * its address and mode in a table that is emptied with every batch. Accesses outside the two areas fault: in the
 * backends' C code through guest_load and guest_store, in translated code through a signal (native.c),
 * which finds the instruction in the side table and escapes.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <backends/x86_64/x86_64.h>
#include <frontends/x86/segments.h>
#include <frontends/x86/x87.h>
#include <translator/backend.h>
#include <translator/memory.h>

#include "x86seq.h"

#define WINDOW_AT  0x200000000000ull
#define CODE_ROOM  (32u << 20)
#define DATA_ROOM  (32u << 20)
#define STACK_ROOM (1u << 20)
#define TABLE      8192u
#define STEPS      5000 /* blocks a case may enter */

static struct x86_cpu *x86;
static uint8_t *window, *code_room, *data_room;
static size_t code_used, data_used;
static struct block *table[TABLE];
static struct ir_block ir;
static const struct backend *backend;
static const struct side_entry *volatile fault_side;
static uint32_t seed = 1;

/* ---- memory ---- */
static uint8_t *host_of(uint32_t va, unsigned bytes, bool write)
{
    if (va >= DATA_AT && va - DATA_AT <= DATA_BYTES - bytes)
        return window + va;
    if (!write && va >= CODE_AT && va - CODE_AT <= SLOTS * SLOT_BYTES - bytes)
        return window + va;
    return NULL;
}

/* The first byte of the access that is not there: hardware names it. */
static uint32_t first_missing(uint32_t va, unsigned bytes, bool write)
{
    while (bytes > 1 && host_of(va, 1, write) != NULL)
        va++, bytes--;
    return va;
}

static bool access_fails(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind)
{
    cpu->fault_va = first_missing(va, size, (kind & ACCESS_WRITE) != 0);
    cpu->fault_kind = kind;
    cpu->fault_status = PFE_PAGE;
    cpu->exit_request = EXIT_FAULT;
    return false;
}

bool guest_load(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint64_t value[2])
{
    const uint8_t *p = host_of(va, size, (kind & ACCESS_WRITE) != 0);
    if (p == NULL)
        return access_fails(cpu, va, size, kind);
    value[0] = 0;
    memcpy(value, p, size);
    return true;
}

bool guest_store(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind,
                 const uint64_t value[2])
{
    uint8_t *p = host_of(va, size, true);
    if (p == NULL)
        return access_fails(cpu, va, size, kind | ACCESS_WRITE);
    memcpy(p, value, size);
    return true;
}

uint8_t *guest_span(struct cpu *cpu, uint32_t va, unsigned kind, unsigned *bytes)
{
    (void)cpu;
    uint32_t end = ((va | 1023) + 1); /* small pieces: seams are tested */
    *bytes = end - va;
    return host_of(va, 1, (kind & ACCESS_WRITE) != 0) == NULL ? NULL : window + va;
}

/* ---- translating ---- */
static bool fetch(struct lift *l, uint32_t va, unsigned bytes, uint32_t *code)
{
    const uint8_t *p = va < CODE_AT || va >= DATA_AT ? NULL : host_of(va, bytes, false);
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
    char why[300];
    static char text[65536];
    if (ir_verify(&ir, why, sizeof why))
        return;
    ir_print(&ir, text, sizeof text);
    printf("%s\nFAIL x86seq: IR after %s: %s\n", text, after, why);
    exit(1);
}

static struct block *translate_up_to(uint32_t pc, uint32_t mode, unsigned limit)
{
    struct lift l = {
        .cpu = &x86->cpu, .ir = &ir, .pc = pc, .mode = mode, .limit = limit, .fetch = fetch};
    ir_start(&ir);
    x86_frontend.lift(&l);
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
                          .frontend = &x86_frontend,
                          .cpu = &x86->cpu,
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
    uint32_t mode = x86_frontend.mode(&x86->cpu);
    unsigned at = (pc * 2654435761u ^ mode * 40503u) % TABLE;
    for (; table[at] != NULL; at = (at + 1) % TABLE)
        if (table[at]->pc == pc && table[at]->mode == mode)
            return table[at];
    struct block *b = NULL;
    for (unsigned limit = 64; b == NULL && limit != 0; limit /= 2)
        b = translate_up_to(pc, mode, limit);
    if (b == NULL) {
        printf("FAIL x86seq: no room to translate %08x\n", pc);
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
        for (unsigned k = b->side_count; k-- > 0;)
            if (b->sides[k].host == at)
                return &b->sides[k];
    }
    return NULL;
}

bool machine_fault(uint64_t *regs, uint64_t address)
{
    struct thread_regs *t = (struct thread_regs *)regs;
    uint64_t va = address - (uint64_t)(uintptr_t)window;
    const struct side_entry *side = side_of(t->rip);
    if (side == NULL || va + 64 >= (1ull << 32) + 128)
        return false;
    fault_side = side;
    x86->cpu.fault_va = (uint32_t)va;
    x86->cpu.fault_status = PFE_PAGE;
    backend->escape(t, EXIT_FAULT);
    return true;
}

/* ---- running ---- */
static void *room(uint64_t at, size_t bytes, int protection)
{
    void *p = mmap((void *)(uintptr_t)at, bytes, protection,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);
    if (p == MAP_FAILED) {
        printf("FAIL x86seq: no memory\n");
        exit(1);
    }
    return p;
}

void machine_start(void)
{
    window = (uint8_t *)room(WINDOW_AT, (1ull << 32) + (2u << 20), PROT_NONE) + (1u << 20);
    room((uint64_t)(uintptr_t)window + CODE_AT, SLOTS * SLOT_BYTES, PROT_READ | PROT_WRITE);
    room((uint64_t)(uintptr_t)window + DATA_AT, DATA_BYTES, PROT_READ | PROT_WRITE);
    code_room = room(0, CODE_ROOM, PROT_READ | PROT_WRITE | PROT_EXEC);
    data_room = room(0, DATA_ROOM, PROT_READ | PROT_WRITE);
    uint8_t *stack = room(0, STACK_ROOM + 65536, PROT_READ | PROT_WRITE);
    x86 = (struct x86_cpu *)(stack + STACK_ROOM);
    x86->cpu.jumps = calloc(JUMP_ENTRIES, sizeof(struct jump_entry));
    x86->cpu.fetch = calloc(FETCH_ENTRIES, sizeof(struct fetch_entry));
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
    if (started[which] == NULL) {
        size_t before = which == 0 ? 0 : stubs[which - 1];
        started[which] = b;
        stubs[which] = before + b->start(&x86_frontend, code_room + before, code_room + before,
                                         (1u << 20) * (which + 1) - before);
    }
    static unsigned features, batches; /* every other batch pretends that the host lacks some */
    if (features == 0)
        features = x86_features;
    seed = seed * 1664525 + 1013904223;
    x86_features = features & (++batches / 4 % 2 ? ~0u : seed >> 20);
    backend = b;
    code_used = 4u << 20;
    data_used = 0;
    memset(table, 0, sizeof table);
    mprotect(window + CODE_AT, SLOTS * SLOT_BYTES, PROT_READ | PROT_WRITE);
    for (unsigned n = 0; n < count; n++) {
        uint8_t *slot = window + CODE_AT + n * SLOT_BYTES;
        memcpy(slot, in[n].code, in[n].bytes);
        for (unsigned at = in[n].bytes; at < SLOT_BYTES; at++)
            slot[at] = (at - in[n].bytes) % 2 == 0 ? 0x0f : 0x0b;
    }
    mprotect(window + CODE_AT, SLOTS * SLOT_BYTES, PROT_READ);
}

static void set_segment(unsigned seg, unsigned selector, unsigned type)
{
    x86->seg[seg] =
        (struct x86_segment){.limit = 0xffffffff,
                             .selector = (uint16_t)selector,
                             .attr = (uint16_t)(SEG_G | SEG_D | SEG_P | SEG_S | SEG_DPL | type)};
}

static void set_state(const struct state *s, uint32_t pc)
{
    struct cpu *c = &x86->cpu;
    struct jump_entry *jumps = c->jumps;
    struct fetch_entry *pages = c->fetch;
    static bool begun;
    if (!begun) {
        x86_frontend.reset(c);
        begun = true;
    }
    c->jumps = jumps;
    c->fetch = pages;
    x86->cr0 = CR0_PE | CR0_ET | CR0_WP | CR0_NE | CR0_MP;
    x86->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    x86->cpl = 3;
    x86->shadow = 0;
    set_segment(X86_CS, 0x23, 0xb);
    set_segment(X86_SS, 0x2b, 3);
    set_segment(X86_DS, 0x2b, 3);
    set_segment(X86_ES, 0x2b, 3);
    x86->seg[X86_FS] = x86->seg[X86_GS] = (struct x86_segment){0};
    x86->tr.attr = 0;
    x86_note_code(x86);
    memcpy(c->reg, s->r, sizeof s->r);
    x86_set_eflags(x86, (s->eflags & FLAGS_COMPARED) | EFLAGS_IF, EFLAGS_ALL);
    c->flag_recipe = 0;
    c->exit_request = 0;
    c->fault_va = c->fault_status = 0;
    c->pc = pc;
    c->base = c->alt_base = c->choose_base = (uint64_t)(uintptr_t)window;
    c->budget = c->budget_full = 1 << 30;
}

static enum exit_reason run_blocks(void)
{
    for (unsigned n = 0; n < STEPS; n++) {
        struct block *b = find(x86->cpu.pc);
        struct block_exit *e = NULL;
        fault_side = NULL;
        enum exit_reason why = backend->enter(&x86->cpu, b, &e);
        flags_settle(&x86->cpu);
        if (fault_side != NULL)
            x86->cpu.pc = fault_side->pc;
        x86->cpu.exit_request = EXIT_NONE;
        if (why == EXIT_LINK) {
            x86->cpu.pc = e->pc;
            struct block *to = find(e->pc);
            if (((e->pc ^ b->pc) & GUEST_PAGE_MASK) == 0)
                backend->link(e, to, 0);
        } else if ((unsigned)why == EXIT_X87) {
            x87_mispredicted(x86);
        } else if (why != EXIT_LOOKUP && why != EXIT_CHECK && why != EXIT_STATE &&
                   why != EXIT_FLUSH) {
            return why;
        }
    }
    return EXIT_NONE;
}

bool machine_run(const struct input *in, unsigned n, struct output *out)
{
    set_state(&in->s, CODE_AT + n * SLOT_BYTES);
    fill_data((uint32_t *)(void *)(window + DATA_AT), in->seed);
    unsigned why = run_blocks();
    memset(out, 0, sizeof *out);
    memcpy(out->s.r, x86->cpu.reg, sizeof out->s.r);
    memcpy(out->middle, window + DATA_AT + DATA_BYTES / 2, sizeof out->middle);
    out->s.eip = x86->cpu.pc;
    out->s.eflags = x86_eflags(x86);
    sum_data((uint32_t *)(void *)(window + DATA_AT), out->line);
    if (why == EXIT_FAULT || why == EXIT_FETCH) {
        out->vector = VECTOR_PF;
        out->address = why == EXIT_FETCH ? x86->cpu.pc : x86->cpu.fault_va;
        return true;
    }
    if (why != EXIT_RAISE)
        return false;
    out->vector = x86->raise.vector & RAISE_VECTOR;
    out->error = (x86->raise.vector & RAISE_ERROR) != 0 ? x86->raise.error : 0;
    if ((x86->raise.vector & RAISE_SOFTWARE) != 0)
        out->s.eip = x86->raise.next;
    return true;
}

void machine_disassemble(const struct input *in, char *to, size_t size)
{
    size_t used = 0;
    for (unsigned at = 0; at < in->bytes && used + 160 < size;) {
        char text[100];
        uint8_t code[16] = {0};
        memcpy(code, in->code + at, in->bytes - at < 16 ? in->bytes - at : 16);
        unsigned n = x86_frontend.disas(at, XMODE_D, code, 15, text, sizeof text);
        used += (size_t)snprintf(to + used, size - used, "  %3x ", at);
        for (unsigned k = 0; k < n; k++)
            used += (size_t)snprintf(to + used, size - used, "%02x", code[k]);
        used += (size_t)snprintf(to + used, size - used, "  %s\n", text);
        at += n == 0 ? 1 : n;
    }
}
