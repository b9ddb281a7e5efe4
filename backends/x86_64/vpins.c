/*
 * Guest vector registers in the host's upper xmm registers.
 *
 * The frontend's `vectors` (slots of 16 bytes) lie in xmm8 and following while cpu->vectors_live is not
 * 0, and in the CPU structure otherwise. Translated code makes them live where it first wants one, at the
 * block's beginning, behind a call and behind a label; whatever goes to C stores them and makes
 * them not live (stubs.c), because C functions may change every xmm register. So code that has no use
 * for them pays one comparison in a stub, and loops keep them in registers from block to block. As
 * with pinned general registers, they hold exact guest state at each instruction that may fault.
 *
 * A `get` of a whole register or of its low f32 or f64 is an alias of the register (P_VPIN); a `put` there
 * is one move, or none if the value could be computed there (dst_xmm). Other lanes of 4 and 8 bytes are
 * shuffled; what is left goes through memory.
 */
#include "lower.h"

static const uint8_t type_bytes[IR_TYPES] = {
    [IR_I8] = 1, [IR_I32] = 4, [IR_F32] = 4, [IR_I64] = 8, [IR_F64] = 8, [IR_V128] = 16};

enum { ALL_HIGH = 0xee }; /* PSHUFD: the upper half in both */

/* The first pinned slot that has bytes of [off, off + bytes), or NO_REG. */
static unsigned first_in(const struct gen *g, uint32_t off, uint32_t bytes)
{
    const uint16_t *slot = g->s->frontend->vectors;
    for (unsigned p = 0; p < g->s->vpins; p++)
        if (slot[p] < off + bytes && slot[p] + 16u > off)
            return p;
    return NO_REG;
}

unsigned vpins_want(const struct gen *g, uint32_t off)
{
    unsigned p = first_in(g, off, 16);
    return p != NO_REG && g->s->frontend->vectors[p] == off ? WANT_VECTOR + X86_VPIN(p) : NO_REG;
}

bool vpins_touch(const struct gen *g, const struct ir_ins *i)
{
    return (i->op == IR_get || i->op == IR_put) &&
           first_in(g, (uint32_t)i->imm, type_bytes[i->type]) != NO_REG;
}

void vpins_live(struct gen *g)
{
    if (g->vectors_live)
        return;
    flags_clobber(g);
    struct mem live = state_mem(offsetof(struct cpu, vectors_live));
    x86_rm(&g->c, X_CMP_I, false, 0, &live, 0);
    struct cold *c = add_cold(g, COLD_VECTORS);
    c->field[c->fields++] = x86_jcc(&g->c, CC_E, 0);
    c->back = code_offset(&g->c);
    g->vectors_live = true;
}

/* Store or load (op) the registers that have bytes of [off, off + bytes). */
static void transfer(struct gen *g, uint32_t off, uint32_t bytes, enum x86_op op)
{
    for (unsigned p = 0; p < g->s->vpins; p++) {
        uint32_t o = g->s->frontend->vectors[p];
        struct mem m = state_mem(o);
        if (o < off + bytes && o + 16 > off)
            x86_rm(&g->c, op, false, X86_VPIN(p), &m, 0);
    }
}

void vpins_to_memory(struct gen *g, uint32_t off, uint32_t bytes)
{
    for (unsigned p = 0; p < g->s->vpins; p++) {
        uint32_t o = g->s->frontend->vectors[p];
        if (o < off + bytes && o + 16 > off)
            alias_evict_vpin(g, X86_VPIN(p));
    }
    transfer(g, off, bytes, X_MOVUPS_M);
}

void vpins_from_memory(struct gen *g, uint32_t off, uint32_t bytes)
{
    transfer(g, off, bytes, X_MOVUPS);
}

/* Lane `at` (bytes) of register x into the result; false: memory is the way. */
static bool get_lane(struct gen *g, const struct ir_ins *i, unsigned x, unsigned at)
{
    unsigned bytes = type_bytes[i->type];
    bool half = bytes == 8;
    if (bytes < 4 || at % bytes != 0)
        return false;
    int32_t order = half ? ALL_HIGH : (int32_t)(at / 4);
    if (i->type == IR_F32 || i->type == IR_F64) {
        x86_rr(&g->c, X_PSHUFD, false, dst_xmm(g, 0), x, order);
        return true;
    }
    if (at != 0) {
        unsigned t = xscratch(g);
        x86_rr(&g->c, X_PSHUFD, false, t, x, order);
        x = t;
    }
    x86_rr(&g->c, X_MOVD_M, half, x, dst_reg(g, 0), 0);
    return true;
}

void vpins_get(struct gen *g, const struct ir_ins *i)
{
    uint32_t off = (uint32_t)i->imm, bytes = type_bytes[i->type];
    unsigned p = first_in(g, off, bytes), at = off - g->s->frontend->vectors[p];
    vpins_live(g);
    if (at == 0 && (i->type == IR_V128 || i->type == IR_F64 || i->type == IR_F32)) {
        alias_add(g, (ir_ref)g->at, P_VPIN, X86_VPIN(p), 0);
    } else if (at > 16 - bytes || !get_lane(g, i, X86_VPIN(p), at)) {
        transfer(g, off, bytes, X_MOVUPS_M);
        alias_add(g, (ir_ref)g->at, P_STATE, 0, off);
        alias_evict_state(g, off, bytes); /* that memory is stale when the register changes */
    }
}

/* The value in an xmm register, if it is not there. */
static unsigned in_xmm(struct gen *g, const struct ir_ins *i)
{
    if (i->type != IR_I32 && i->type != IR_I64)
        return xmm_of(g, i->a);
    unsigned r = reg_of(g, i->a), t = xscratch(g);
    x86_rr(&g->c, X_MOVD, i->type == IR_I64, t, r, 0);
    return t;
}

bool vpins_put(struct gen *g, const struct ir_ins *i)
{
    uint32_t off = (uint32_t)i->imm, bytes = type_bytes[i->type];
    unsigned p = first_in(g, off, bytes), pin = X86_VPIN(p);
    unsigned at = off - g->s->frontend->vectors[p];
    bool high = bytes == 8 && at == 8;
    vpins_live(g);
    if (bytes < 4 || (at != 0 && !high))
        return false;
    unsigned x = in_xmm(g, i);
    if (x == pin && at == 0)
        return true;
    alias_evict_vpin(g, pin);
    if (bytes == 16)
        xmov(g, pin, x);
    else
        x86_rr(&g->c, high ? X_PUNPCKLQDQ : bytes == 8 ? X_MOVSD : X_MOVSS, false, pin, x, 0);
    return true;
}
