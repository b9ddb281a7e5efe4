/*
 * Our translator without a machine around it: user mode, one window in which the code and the data of
 * the cases are mapped at the addresses the reference has them at.
 *
 * Lift, passes and backend are called as translate.c does; the dispatcher is a loop. A block is
 * found by its address and mode in a table that is emptied with every batch. Accesses outside the
 * two areas fault: in the backends' C code through guest_load and guest_store below, in translated
 * code through a signal, whose handler (fault.c) calls machine_fault: it finds the instruction in the side table
 * and escapes.
 */
#define _GNU_SOURCE
#include "flat.h"
#include "case_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <backends/x86_64/x86_64.h>
#include <translator/backend.h>
#include <translator/memory.h>

#define WINDOW_AT   0x200000000000ull
#define CODE_ROOM   (32u << 20)
#define STUBS_ROOM  (4u << 20) /* at the start of CODE_ROOM */
#define DATA_ROOM   (32u << 20)
#define STACK_ROOM  (1u << 20)
#define CPU_ROOM    65536u
#define TABLE       65536u
#define STEPS       5000 /* blocks a case may enter */
#define ALWAYS_FITS 100u /* operations in a block that is never refused for its length */

static const struct flat_area usual_areas[] = {
    {CODE_AT, SLOTS *SLOT_BYTES}, {DATA_AT, DATA_BYTES}, {0, 0}};

static const struct flat_guest *guest;
static const struct flat_area *areas;
static struct cpu *the_cpu;
static uint8_t *window, *code_room, *data_room;
static size_t code_used, data_used;
static struct block *table[TABLE]; /* by address and mode */
static struct block *made[TABLE];  /* in the order of their code */
static unsigned made_count;
static bool inside;
static struct ir_block ir;
static const struct backend *backend;
static const struct side_entry *volatile fault_side;
static uint32_t seed = 1;
static unsigned blocks; /* translated */

/* ---- memory ---- */
static uint8_t *host_of(uint32_t va, unsigned bytes, bool write)
{
    for (const struct flat_area *a = areas + write; a->bytes != 0; a++)
        if (va >= a->at && va - a->at <= a->bytes - bytes)
            return window + va;
    return NULL;
}

static bool access_fails(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind)
{
    if (guest->first_missing)
        for (; size > 1 && host_of(va, 1, (kind & ACCESS_WRITE) != 0) != NULL; size--)
            va++;
    cpu->fault_va = va;
    cpu->fault_kind = kind;
    cpu->fault_status = guest->fault_status;
    cpu->exit_request = EXIT_FAULT;
    return false;
}

bool guest_load(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint64_t value[2])
{
    const uint8_t *p = host_of(va, size, (kind & ACCESS_WRITE) != 0);
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

void *flat_at(uint32_t va)
{
    return window + va;
}

uint32_t *flat_data(void)
{
    return flat_at(DATA_AT);
}

/* ---- translating ---- */
static bool fetch(struct lift *l, uint32_t va, unsigned bytes, uint32_t *code)
{
    bool is_code = va - areas->at < areas->bytes;
    const uint8_t *p = is_code || guest->run_data ? host_of(va, bytes, false) : NULL;
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

/* Of every eighth block: verifying takes longer than all else. */
static void check(const char *after)
{
    char why[300];
    static char text[65536];
    if (blocks % 8 != 0 || ir_verify(&ir, why, sizeof why))
        return;
    ir_print(&ir, text, sizeof text);
    printf("%s\nFAIL %s: IR after %s: %s\n", text, guest->test, after, why);
    exit(1);
}

static struct block *translate_up_to(uint32_t pc, uint32_t mode, unsigned limit)
{
    struct lift l = {.cpu = the_cpu,
                     .ir = &ir,
                     .pc = pc,
                     .mode = mode,
                     .limit = limit,
                     .fetch = fetch,
                     .direct = inside};
    ir_start(&ir);
    blocks++;
    guest->frontend->lift(&l);
    number_sites();
    check("lift");
    for (const struct ir_pass *p = ir_passes; p->run != NULL; p++) {
        p->run(&ir);
        check(p->name);
    }
    struct block *b = take(NULL, sizeof *b);
    *b = (struct block){
        .pc = pc, .mode = mode, .phys = pc & ~guest->not_address, .insns = (uint16_t)ir.insns};
    seed = seed * 1664525 + 1013904223;
    struct compile job = {.ir = &ir,
                          .block = b,
                          .frontend = guest->frontend,
                          .cpu = the_cpu,
                          .random = seed >> 30 == 0 ? seed : 0,
                          .write = code_room + code_used,
                          .run = code_room + code_used,
                          .room = CODE_ROOM - code_used,
                          .alloc = take};
    size_t bytes = backend->compile(&job);
    if (bytes == 0 && ir.count <= ALWAYS_FITS && job.random == 0) {
        printf("FAIL %s: %u operations at %08x not compiled\n", guest->test, ir.count, pc);
        exit(1);
    }
    code_used += bytes;
    return bytes == 0 ? NULL : b;
}

static struct block *find(uint32_t pc)
{
    uint32_t mode = guest->frontend->mode(the_cpu);
    unsigned at = (pc * 2654435761u ^ mode * 40503u) % TABLE;
    for (; table[at] != NULL; at = (at + 1) % TABLE)
        if (table[at]->pc == pc && table[at]->mode == mode)
            return table[at];
    struct block *b = NULL;
    for (unsigned limit = 64; b == NULL && limit != 0; limit /= 2)
        b = translate_up_to(pc, mode, limit);
    if (b == NULL || made_count == TABLE - 1) {
        printf("FAIL %s: no room to translate %08x\n", guest->test, pc);
        exit(1);
    }
    made[made_count++] = b;
    return table[at] = b;
}

/* ---- faults of translated code ---- */
static const struct side_entry *side_of(uint64_t host, const struct block **of)
{
    unsigned first = 0, count = made_count;
    while (count > 1) {
        unsigned half = count / 2;
        bool behind = host >= (uint64_t)(uintptr_t)made[first + half]->code;
        first += behind ? half : 0;
        count = behind ? count - half : half;
    }
    const struct block *b = *of = made[first];
    uint64_t at = b == NULL ? 0 : host - (uint64_t)(uintptr_t)b->code;
    if (b == NULL || at >= b->code_bytes)
        return NULL;
    /* The last one: a call's return address may be the instruction that faults. */
    for (unsigned k = b->side_count; k-- > 0;)
        if (b->sides[k].host == at)
            return &b->sides[k];
    return NULL;
}

bool machine_fault(uint64_t *regs, uint64_t address)
{
    struct thread_regs *t = (struct thread_regs *)regs;
    uint64_t va = address - (uint64_t)(uintptr_t)window;
    const struct block *b;
    const struct side_entry *side = side_of(t->rip, &b);
    if (side == NULL || va + 64 >= (1ull << 32) + 128)
        return false;
    if (side->bits & SITE_STRING) {
        t->rip += side->spare;
        return true;
    }
    fault_side = side;
    the_cpu->fault_va = (uint32_t)va;
    the_cpu->fault_status = guest->fault_status;
    backend->escape(t, EXIT_FAULT, b, side);
    return true;
}

/* ---- running ---- */
static void *room(uint64_t at, size_t bytes, int protection)
{
    void *p = mmap((void *)(uintptr_t)at, bytes, protection,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);
    if (p == MAP_FAILED) {
        printf("FAIL %s: no memory\n", guest->test);
        exit(1);
    }
    return p;
}

struct cpu *flat_start(const struct flat_guest *g)
{
    guest = g;
    areas = g->areas != NULL ? g->areas : usual_areas;
    window = (uint8_t *)room(WINDOW_AT, (1ull << 32) + (2u << 20), PROT_NONE) + (1u << 20);
    for (const struct flat_area *a = areas; a->bytes != 0; a++)
        room((uint64_t)(uintptr_t)window + a->at, a->bytes, PROT_READ | PROT_WRITE);
    code_room = room(0, CODE_ROOM, PROT_READ | PROT_WRITE | PROT_EXEC);
    data_room = room(0, DATA_ROOM, PROT_READ | PROT_WRITE);
    /* Helpers run on the stack below the CPU structure. */
    uint8_t *stack = room(0, STACK_ROOM + CPU_ROOM, PROT_READ | PROT_WRITE);
    the_cpu = (struct cpu *)(void *)(stack + STACK_ROOM);
    static struct jump_entry jumps[JUMP_ENTRIES];
    static struct fetch_entry fetches[FETCH_ENTRIES];
    the_cpu->jumps = jumps;
    jumps_clear(the_cpu->jumps);
    the_cpu->fetch = fetches;
    return the_cpu;
}

const struct backend *machine_backend(const char *name)
{
    for (unsigned n = 0; backends[n] != NULL; n++)
        if (strcmp(backends[n]->name, name) == 0)
            return backends[n];
    return NULL;
}

/* Each backend keeps its stubs in front of the code of all. */
static void start_backend(const struct backend *b)
{
    static const struct backend *started[4];
    static size_t stubs[4];
    unsigned which = 0;
    while (started[which] != NULL && started[which] != b)
        which++;
    if (started[which] != NULL)
        return;
    size_t before = which == 0 ? 0 : stubs[which - 1];
    started[which] = b;
    stubs[which] = before + b->start(guest->frontend, code_room + before, code_room + before,
                                     (1u << 20) * (which + 1) - before);
}

uint8_t *flat_batch(const struct backend *b)
{
    start_backend(b);
    /* Every other batch pretends that the host lacks some instructions. */
    static unsigned features, batches;
    if (features == 0)
        features = x86_features;
    seed = seed * 1664525 + 1013904223;
    x86_features = features & (++batches / 4 % 2 ? ~0u : seed >> 20);
    backend = b;
    code_used = STUBS_ROOM;
    data_used = 0;
    memset(table, 0, sizeof table);
    memset(made, 0, sizeof made);
    made_count = 0;
    mprotect(window + areas->at, areas->bytes, PROT_READ | PROT_WRITE);
    return window + areas->at;
}

void flat_take_inside(bool take_inside)
{
    inside = take_inside;
}

void flat_seal(void)
{
    mprotect(window + areas->at, areas->bytes, PROT_READ);
}

void flat_set_cpu(struct cpu *cpu, uint32_t pc)
{
    cpu->flag_recipe = 0;
    cpu->exit_request = 0;
    cpu->fault_va = cpu->fault_status = 0;
    cpu->pc = pc;
    cpu->base = cpu->alt_base = cpu->choose_base = (uint64_t)(uintptr_t)window;
    cpu->budget = cpu->budget_full = 1 << 30;
}

unsigned flat_run(void)
{
    for (unsigned n = 0; n < STEPS; n++) {
        if (guest->end_at != 0 && the_cpu->pc == guest->end_at)
            return EXIT_NONE;
        struct block *b = find(the_cpu->pc);
        struct block_exit *e = NULL;
        fault_side = NULL;
        unsigned why = backend->enter(the_cpu, b, &e);
        flags_settle(the_cpu);
        if (fault_side != NULL) {
            the_cpu->pc = fault_side->pc;
            guest->frontend->restore(the_cpu, fault_side->side);
        }
        the_cpu->exit_request = EXIT_NONE;
        if (why == EXIT_LINK) {
            the_cpu->pc = e->pc;
            struct block *to = find(e->pc);
            if (((e->pc ^ b->pc) & GUEST_PAGE_MASK) == 0)
                backend->link(e, to, 0);
        } else if (why != EXIT_LOOKUP && why != EXIT_CHECK && why != EXIT_STATE &&
                   why != EXIT_FLUSH && (guest->go_on == NULL || !guest->go_on(why))) {
            return why;
        }
    }
    return EXIT_BROKEN;
}
