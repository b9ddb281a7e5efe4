/*
 * copy and fill: the host's own string instructions on the window.
 *
 * Their destination ignores segment bases, so both ends are 64-bit host addresses; each chooses its
 * window by its first address, as a SITE_CHOOSE does. An address that runs out of the window meets the
 * guard there. At each instruction that may fault RSI, RDI and RCX say exactly what is left, and the
 * place where the operation ends is known to the fault handler: a fault that cannot be served goes on
 * there, and what RCX says was not done. Nothing else leaves the operation, so the registers of the guest
 * may wait elsewhere meanwhile.
 *
 * Few elements, and some more that overlap closely, are moved by a loop: the host's instruction takes 10 to
 * 40 cycles to start, and twice that where the ends are less than a cache line apart or it goes downwards.
 */
#include "lower.h"

#define FEW       12 /* elements for which the loop is always taken */
#define FEW_NEAR  64 /* and when the ends are near each other, or downwards */
#define NEAR_ENDS 64 /* bytes */
#define SAVED_RSI SLOT_A
#define SAVED_RDI SLOT_B
#define REP       0xf3u
#define OPSIZE    0x66u
#define MOVS      0xa4u
#define STOS      0xaau
#define CLD       0xfcu
#define STD       0xfdu

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

/* Side entries [first, end): their operation ends here. */
static void ends_here(struct gen *g, uint32_t first, uint32_t end)
{
    struct side_entry *sides = g->k->block->sides;
    for (uint32_t n = first; n < end; n++)
        sides[n].spare = (uint16_t)(code_offset(&g->c) - sides[n].host);
}

/* The host's instruction. */
static void repeated(struct gen *g, const struct ir_ins *i)
{
    note_side(g, i);
    if (i->aux == 1)
        x86_byte(&g->c, OPSIZE);
    x86_byte(&g->c, REP);
    x86_byte(&g->c, (i->op == IR_copy ? MOVS : STOS) | (i->aux != 0 ? 1 : 0));
}

/* RCX elements, if there are any, at distances of r15; changes rax if something is copied. */
static void loop(struct gen *g, const struct ir_ins *i)
{
    static const uint8_t load[] = {X_MOVZX8, X_MOVZX16, X_MOV},
                         store[] = {X_MOV8_M, X_MOV16_M, X_MOV_M};
    struct mem from = mem_base(RSI, 0), to = mem_base(RDI, 0);
    x86_rr(&g->c, X_TEST, false, RCX, RCX, 0);
    uint32_t none = x86_jcc8(&g->c, CC_E), again = code_offset(&g->c);
    if (i->op == IR_copy) {
        note_side(g, i);
        x86_rm(&g->c, load[i->aux], false, RAX, &from, 0);
    }
    note_side(g, i);
    x86_rm(&g->c, store[i->aux], false, RAX, &to, 0);
    if (i->op == IR_copy)
        x86_rr(&g->c, X_ADD, true, RSI, R15, 0);
    x86_rr(&g->c, X_ADD, true, RDI, R15, 0);
    x86_rr(&g->c, X_SUB_I, false, 0, RCX, 1);
    x86_jcc(&g->c, CC_NE, again);
    x86_here8(&g->c, none);
}

/* The host's instruction downwards; returns the jump to the end. */
static uint32_t downwards(struct gen *g, const struct ir_ins *i)
{
    uint32_t side = g->k->block->side_count;
    x86_byte(&g->c, STD);
    repeated(g, i);
    ends_here(g, side, side + 1);
    x86_byte(&g->c, CLD);
    return x86_jmp(&g->c, 0);
}

/* RSI, RDI, RCX and r15 are set up: choose a way. */
static void operate(struct gen *g, const struct ir_ins *i)
{
    struct block *b = g->k->block;
    uint32_t up = b->side_count, few[2], near = 0, done[2];
    x86_rr(&g->c, X_CMP_I, false, 0, RCX, FEW);
    few[0] = x86_jcc8(&g->c, CC_B);
    x86_rr(&g->c, X_TEST, true, R15, R15, 0);
    uint32_t down = x86_jcc8(&g->c, CC_S);
    if (i->op == IR_copy) {
        x86_rr(&g->c, X_MOV, true, RAX, RDI, 0);
        x86_rr(&g->c, X_SUB, true, RAX, RSI, 0);
        x86_rr(&g->c, X_CMP_I, true, 0, RAX, NEAR_ENDS);
        near = x86_jcc8(&g->c, CC_B);
    }
    uint32_t many = code_offset(&g->c);
    repeated(g, i);
    done[0] = x86_jmp(&g->c, 0);
    x86_here8(&g->c, down);
    x86_rr(&g->c, X_CMP_I, false, 0, RCX, FEW_NEAR);
    few[1] = x86_jcc8(&g->c, CC_B);
    done[1] = downwards(g, i);
    if (i->op == IR_copy) {
        x86_here8(&g->c, near);
        x86_rr(&g->c, X_CMP_I, false, 0, RCX, FEW_NEAR);
        x86_jcc(&g->c, CC_AE, many);
    }
    x86_here8(&g->c, few[0]);
    x86_here8(&g->c, few[1]);
    uint32_t rest = b->side_count;
    loop(g, i);
    x86_patch(&g->c, done[0], code_offset(&g->c));
    x86_patch(&g->c, done[1], code_offset(&g->c));
    ends_here(g, up, up + 1);
    ends_here(g, rest, b->side_count);
}

/* rcx := how many elements, r15 := the distance to the next; changes rdx. */
static void direction(struct gen *g, unsigned log2)
{
    mov_rr(g, false, RDX, RCX);
    x86_rr(&g->c, X_SAR_I, false, 0, RDX, 31);
    x86_rr(&g->c, X_XOR, false, RCX, RDX, 0);
    x86_rr(&g->c, X_SUB, false, RCX, RDX, 0);
    x86_rr(&g->c, X_OR_I, false, 0, RDX, 1);
    x86_rr(&g->c, X_MOVSXD, true, R15, RDX, 0);
    if (log2 != 0)
        x86_rr(&g->c, X_SHL_I, true, 0, R15, (int32_t)log2);
}

void lower_string(struct gen *g, const struct ir_ins *i)
{
    bool copy = i->op == IR_copy;
    struct mem rsi = state_mem(slot_off(SAVED_RSI)), rdi = state_mem(slot_off(SAVED_RDI));
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
    if (copy) {
        to_window(g, RAX);
        x86_rm(&g->c, X_MOV_M, true, RSI, &rsi, 0);
        mov_rr(g, true, RSI, RAX);
    }
    x86_rm(&g->c, X_MOV_M, true, RDI, &rdi, 0);
    mov_rr(g, true, RDI, RDX);
    direction(g, i->aux);
    mov_rr(g, false, RDX, RCX);
    operate(g, i);
    if (copy)
        x86_rm(&g->c, X_MOV, true, RSI, &rsi, 0);
    x86_rm(&g->c, X_MOV, true, RDI, &rdi, 0);
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
