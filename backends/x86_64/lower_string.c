/*
 * copy and fill: the host's own string instructions on the window.
 *
 * Their destination ignores segment bases, so both ends are 64-bit host addresses; each chooses its
 * window by its first address, as a SITE_CHOOSE does. An address that runs past the window meets the
 * guard behind it. At each instruction that may fault RSI, RDI and RCX say exactly what is left, and
 * the place where the operation ends is known to the fault handler: a fault that cannot be served goes on
 * there, and what RCX says was not done. Nothing else leaves the operation, so the registers of the guest
 * may wait elsewhere meanwhile.
 *
 * Few bytes, and those that overlap closely, are moved by a loop: starting the host's instruction costs 10 to
 * 40 cycles, and twice that where the ends are less than a cache line apart.
 */
#include "lower.h"

#define SHORT_COPY 12 /* bytes for which the loop is always taken */
#define SHORT_FILL 8
#define NEAR_ENDS  64  /* bytes between the ends: closer ones are slow for the host */
#define NEAR_COPY  100 /* bytes for which the loop is taken then */
#define SAVED_RDI  SLOT_B
#define REP        0xf3u
#define OPSIZE     0x66u
#define MOVS       0xa4u
#define STOS       0xaau

/* reg, a guest address, becomes a host address; changes r15 and EFLAGS. */
static void to_window(struct gen *g, unsigned reg)
{
    struct mem split = state_mem(offsetof(struct cpu, split)),
               main = state_mem(offsetof(struct cpu, base)),
               choose = state_mem(offsetof(struct cpu, choose_base));
    x86_rm(&g->c, X_MOV, true, R15, &main, 0);
    x86_rm(&g->c, X_CMP, false, reg, &split, 0);
    x86_cmov_m(&g->c, CC_B, true, R15, &choose);
    x86_rr(&g->c, X_ADD, true, reg, R15, 0);
}

static void note_side(struct gen *g, const struct ir_ins *i)
{
    struct side_entry *s = add_side(g, code_offset(&g->c), i);
    s->kind = 0;
    s->bits |= SITE_STRING;
}

/* A byte at a time, RCX of them, if there are any. */
static uint32_t loop(struct gen *g, const struct ir_ins *i)
{
    struct mem from = mem_base(RSI, 0), to = mem_base(RDI, 0);
    x86_rr(&g->c, X_TEST, false, RCX, RCX, 0);
    uint32_t none = x86_jcc8(&g->c, CC_E), again = code_offset(&g->c);
    if (i->op == IR_copy) {
        note_side(g, i);
        x86_rm(&g->c, X_MOVZX8, false, RAX, &from, 0);
    }
    note_side(g, i);
    x86_rm(&g->c, X_MOV8_M, false, RAX, &to, 0);
    if (i->op == IR_copy)
        x86_rr(&g->c, X_ADD_I, true, 0, RSI, 1);
    x86_rr(&g->c, X_ADD_I, true, 0, RDI, 1);
    x86_rr(&g->c, X_SUB_I, false, 0, RCX, 1);
    x86_jcc(&g->c, CC_NE, again);
    x86_here8(&g->c, none);
    return x86_jmp(&g->c, 0);
}

static void repeated(struct gen *g, const struct ir_ins *i)
{
    note_side(g, i);
    if (i->aux == 1)
        x86_byte(&g->c, OPSIZE);
    x86_byte(&g->c, REP);
    x86_byte(&g->c, (i->op == IR_copy ? MOVS : STOS) | (i->aux != 0 ? 1 : 0));
}

/* The ways to `repeated` for bytes; returns where it is jumped to behind the loop. */
static uint32_t choose_way(struct gen *g, const struct ir_ins *i)
{
    uint32_t many[2], few = 0;
    unsigned ways = 0;
    x86_rr(&g->c, X_CMP_I, false, 0, RCX, i->op == IR_copy ? SHORT_COPY : SHORT_FILL);
    if (i->op == IR_copy) {
        few = x86_jcc8(&g->c, CC_B);
        x86_rr(&g->c, X_MOV, true, RAX, RDI, 0);
        x86_rr(&g->c, X_SUB, true, RAX, RSI, 0);
        x86_rr(&g->c, X_CMP_I, true, 0, RAX, NEAR_ENDS);
        many[ways++] = x86_jcc8(&g->c, CC_AE);
        x86_rr(&g->c, X_CMP_I, false, 0, RCX, NEAR_COPY);
    }
    many[ways++] = x86_jcc8(&g->c, CC_AE);
    if (i->op == IR_copy)
        x86_here8(&g->c, few);
    uint32_t end = loop(g, i);
    for (unsigned n = 0; n < ways; n++)
        x86_here8(&g->c, many[n]);
    return end;
}

static void operate(struct gen *g, const struct ir_ins *i)
{
    struct block *b = g->k->block;
    uint32_t first = b->side_count, end = i->aux == 0 ? choose_way(g, i) : 0;
    repeated(g, i);
    if (end != 0)
        x86_patch(&g->c, end, code_offset(&g->c));
    for (uint32_t n = first; n < b->side_count; n++)
        b->sides[n].spare = (uint16_t)(code_offset(&g->c) - b->sides[n].host);
}

void lower_string(struct gen *g, const struct ir_ins *i)
{
    bool copy = i->op == IR_copy;
    struct mem saved = state_mem(slot_off(SAVED_RDI));
    if (i->bits & SITE_SLOW) {
        x86_const(&g->c, dst_reg(g, 0), 0);
        return;
    }
    flags_clobber(g);
    alloc_spill_all(g, false);
    place(g, i->a, RDX);
    place(g, i->c, RCX);
    place(g, i->b, RAX);
    take(g, R15);
    to_window(g, RDX);
    if (copy)
        to_window(g, RAX);
    mov_rr(g, true, R15, RSI);
    x86_rm(&g->c, X_MOV_M, true, RDI, &saved, 0);
    if (copy)
        mov_rr(g, true, RSI, RAX);
    mov_rr(g, true, RDI, RDX);
    mov_rr(g, false, RDX, RCX);
    operate(g, i);
    mov_rr(g, true, RSI, R15);
    x86_rm(&g->c, X_MOV, true, RDI, &saved, 0);
    x86_rr(&g->c, X_SUB, false, RDX, RCX, 0);
    release(g, RAX);
    release(g, RCX);
    release(g, R15);
    if (!used(g, (ir_ref)g->at))
        return;
    if (g->want[g->at] != NO_REG)
        mov_rr(g, false, dst_reg(g, 0), RDX);
    else
        dst_reg_is(g, RDX);
}
