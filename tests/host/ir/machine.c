/* See machine.h. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include <backends/interp/interp.h>
#include <translator/memory.h>

#include "../frame/frame.h"

struct machine *test_machine;

/* ---- memory ----------------------------------------------------------------------------------- */

static bool present(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind)
{
    for (unsigned n = 0; n < size; n++)
        if (((va + n) >> 12 & 7) == 7) {
            cpu->fault_va = va + n;
            cpu->fault_kind = kind;
            cpu->fault_status = 5;
            cpu->exit_request = EXIT_FAULT;
            return false;
        }
    return true;
}

bool guest_load(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint64_t value[2])
{
    uint8_t bytes[16] = {0};
    if (!present(cpu, va, size, kind))
        return false;
    for (unsigned n = 0; n < size; n++)
        bytes[n] = test_machine->memory[(va + n) % TEST_MEMORY];
    memcpy(value, bytes, 16);
    return true;
}

bool guest_store(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind,
                 const uint64_t value[2])
{
    uint8_t bytes[16];
    memcpy(bytes, value, 16);
    if (!present(cpu, va, size, kind))
        return false;
    for (unsigned n = 0; n < size; n++)
        test_machine->memory[(va + n) % TEST_MEMORY] = bytes[n];
    return true;
}

uint8_t *guest_span(struct cpu *cpu, uint32_t va, unsigned kind, unsigned *bytes)
{
    (void)cpu, (void)kind;
    *bytes = 4096 - va % 4096;
    return (va >> 12 & 7) == 7 ? NULL : test_machine->memory + va % TEST_MEMORY;
}

/* ---- helpers and frontend --------------------------------------------------------------------- */

static uint64_t pure(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)cpu;
    return a * 3 + (b ^ c);
}

static uint64_t state(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct test_cpu *t = (struct test_cpu *)cpu;
    uint64_t sum = a ^ b ^ c ^ cpu->flags.c ^ t->own[3];
    for (unsigned n = 0; n < 16; n++)
        sum = sum * 31 + cpu->reg[n];
    cpu->reg[sum & 15] ^= (uint32_t)sum;
    cpu->flags.v = sum >> 8 & 1;
    t->own[sum >> 16 & 15] ^= 1;
    return sum;
}

static uint64_t leave(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    if (a & 1)
        cpu->exit_request = EXIT_UNDEFINED;
    return b;
}

static uint64_t own(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct test_cpu *t = (struct test_cpu *)cpu;
    (void)c;
    t->own[b & 63] ^= (uint8_t)a;
    return t->own[a & 63];
}

static const struct frontend_helper helpers[] = {
    [HELPER_PURE] = {"pure", pure},   [HELPER_STATE] = {"state", state},
    [HELPER_EXIT] = {"leave", leave}, [HELPER_OWN] = {"own", own},
    [TEST_HELPERS] = {NULL, NULL},
};

static void restore(struct cpu *cpu, unsigned side)
{
    cpu->exit_value = side;
}

static const uint16_t pins[] = {0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60};

const struct frontend test_frontend = {
    .name = "test",
    .cpu_bytes = sizeof(struct test_cpu),
    .pins = pins,
    .pin_count = 16,
    .helpers = helpers,
    .nan = NAN_X86,
    .restore = restore,
};

/* ---- machines --------------------------------------------------------------------------------- */

static void fill(void *to, size_t bytes)
{
    uint8_t *p = to;
    for (size_t n = 0; n < bytes; n += 8) {
        uint64_t v = random_next();
        memcpy(p + n, &v, bytes - n < 8 ? bytes - n : 8);
    }
}

/* Values at the edges meet more special cases than random ones. */
static uint32_t edge(void)
{
    static const uint32_t edges[] = {0,          1,          2,          0x7f,       0x80,
                                     0xff,       0x8000,     0x7fffffff, 0x80000000, 0xffffffff,
                                     0xfffffffe, 0x3f800000, 0x7fc00000, 0x7f800000};
    uint64_t r = random_next();
    return r & 1 ? (uint32_t)(r >> 32) : edges[(r >> 8) % (sizeof edges / sizeof edges[0])];
}

void machine_random(struct machine *m)
{
    memset(&m->cpu, 0, sizeof m->cpu);
    for (unsigned n = 0; n < 16; n++)
        m->cpu.cpu.reg[n] = edge();
    uint64_t r = random_next();
    m->cpu.cpu.flags.nz = r & (NZ_N | NZ_Z | NZ_A | NZ_P);
    m->cpu.cpu.flags.c = r >> 8 & 1;
    m->cpu.cpu.flags.v = r >> 9 & 1;
    m->cpu.cpu.mxcsr = 0x1f80 | (uint32_t)(r >> 10 & 3) << 13;
    m->cpu.cpu.budget = 10000;
    fill(m->cpu.own, TEST_OWN);
    for (unsigned n = 0; n < TEST_OWN; n += 12)
        memcpy(&m->cpu.own[n], &(uint32_t){edge()}, 4);
    fill(m->memory, TEST_MEMORY);
}

const char *machine_differs(const struct machine *x, const struct machine *y)
{
    const struct cpu *a = &x->cpu.cpu, *b = &y->cpu.cpu;
    if (memcmp(a->reg, b->reg, sizeof a->reg) != 0)
        return "registers";
    if (memcmp(&a->flags, &b->flags, sizeof a->flags) != 0)
        return "flags";
    if (a->pc != b->pc)
        return "pc";
    if (a->mxcsr != b->mxcsr)
        return "mxcsr";
    if (a->budget != b->budget)
        return "budget";
    if (a->fault_va != b->fault_va || a->fault_kind != b->fault_kind ||
        a->fault_status != b->fault_status || a->exit_request != b->exit_request ||
        a->exit_value != b->exit_value)
        return "fault";
    if (memcmp(x->cpu.own, y->cpu.own, TEST_OWN) != 0)
        return "own state";
    return memcmp(x->memory, y->memory, TEST_MEMORY) != 0 ? "memory" : NULL;
}

/* ---- running ---------------------------------------------------------------------------------- */

struct pool {
    void *piece[8];
    unsigned count;
};

static void *pool_alloc(struct compile *c, size_t bytes)
{
    struct pool *p = c->private;
    return p->piece[p->count++] = malloc(bytes);
}

struct outcome machine_run(struct machine *m, const struct ir_block *b, bool icount)
{
    struct pool pool = {.count = 0};
    struct block block = {.pc = 0x1000};
    uint8_t room[64];
    struct compile c = {.ir = b,
                        .block = &block,
                        .frontend = &test_frontend,
                        .cpu = &m->cpu.cpu,
                        .icount = icount,
                        .write = room,
                        .run = room,
                        .room = sizeof room,
                        .alloc = pool_alloc,
                        .private = &pool};
    struct outcome out = {EXIT_NONE, 0, 0};
    test_machine = m;
    if (interp_compile(&c) != 0) {
        struct block_exit *exit;
        out.reason = interp_enter(&m->cpu.cpu, &block, &exit);
        flags_settle(&m->cpu.cpu);
        out.pc = exit != NULL ? exit->pc : m->cpu.cpu.pc;
        out.exit = exit != NULL ? exit->kind : 0;
    }
    for (unsigned n = 0; n < pool.count; n++)
        free(pool.piece[n]);
    return out;
}
