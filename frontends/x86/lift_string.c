/*
 * String instructions. One element is done in place; a repeated instruction is a helper that does up to
 * a chunk of elements and keeps ECX, ESI and EDI exact, after which the instruction is begun again if
 * elements are left, so that interrupts come in between. Faults leave it where it can be restarted.
 *
 * REP MOVS and REP STOS in flat segments are a `copy` or `fill` of at most a chunk first. Usually
 * nothing is left then; the helper does what is left of the chunk, and raises what is to be raised.
 */
#include "lift.h"

/* ESI or EDI, of addrsize, as an offset. */
static ir_ref index_of(struct x86_lift *a, unsigned reg)
{
    return x86_zext(a, x86_get(a, reg, 4), a->insn.addrsize);
}

/* The distance to the next element. */
static ir_ref stride(struct x86_lift *a, unsigned size)
{
    ir_ref step = ir_get(a->b, IR_I32, X86_STATE(step));
    return size == 1 ? step : ir_bin(a->b, IR_shl, IR_I32, step, x86_i32(a, x86_log2(size)));
}

static void advance(struct x86_lift *a, unsigned reg, ir_ref by)
{
    ir_ref v = ir_bin(a->b, IR_add, IR_I32, x86_get(a, reg, 4), by);
    x86_put(a, reg, a->insn.addrsize, v);
}

static ir_ref source(struct x86_lift *a, unsigned size)
{
    ir_ref at = x86_linear_of(a, a->insn.seg, index_of(a, X86_ESI), size, ACCESS_READ);
    return x86_load(a, at, size);
}

static ir_ref destination(struct x86_lift *a, unsigned size, unsigned kind)
{
    return x86_linear_of(a, X86_ES, index_of(a, X86_EDI), size, kind);
}

static void compare(struct x86_lift *a, unsigned size, ir_ref x, ir_ref y)
{
    ir_ref r =
        size == 4 ? ir_bin(a->b, IR_sub, IR_I32, x, y) : ir_part(a->b, IR_nsub, size, x, y, 0);
    x86_put_flags(a, ir_flagsof(a->b, r), IR_FLAG_ALL);
}

static void one(struct x86_lift *a, unsigned size)
{
    ir_ref by, v;
    switch (a->insn.op) {
    case X86_MOVS:
        v = source(a, size);
        x86_store(a, destination(a, size, ACCESS_WRITE), size, v);
        by = stride(a, size);
        advance(a, X86_ESI, by);
        advance(a, X86_EDI, by);
        break;
    case X86_STOS:
        x86_store(a, destination(a, size, ACCESS_WRITE), size, x86_get(a, X86_EAX, size));
        advance(a, X86_EDI, stride(a, size));
        break;
    case X86_LODS:
        v = source(a, size);
        advance(a, X86_ESI, stride(a, size));
        x86_put(a, X86_EAX, size, v);
        break;
    case X86_SCAS:
        v = x86_load(a, destination(a, size, ACCESS_READ), size);
        by = stride(a, size);
        compare(a, size, x86_get(a, X86_EAX, size), v);
        advance(a, X86_EDI, by);
        break;
    default: /* CMPS */
        v = source(a, size);
        ir_ref w = x86_load(a, destination(a, size, ACCESS_READ), size);
        by = stride(a, size);
        compare(a, size, v, w);
        advance(a, X86_ESI, by);
        advance(a, X86_EDI, by);
    }
}

static unsigned element(const struct x86_insn *i)
{
    for (unsigned n = 0; n < i->count; n++)
        if (i->operand[n].kind == X86_SRC_SI || i->operand[n].kind == X86_DST_DI)
            return i->operand[n].size;
    return i->opsize;
}

/* Whether elements can be done without the helper, and without a look at each. Not where instructions
 * are counted: there the helper alone says how often a long one is begun again. */
static bool by_copy(const struct x86_lift *a)
{
    const struct x86_insn *i = &a->insn;
    return !a->l->counted && (i->op == X86_MOVS || i->op == X86_STOS) && i->addrsize == 4 &&
           (a->mode & (XMODE_TF | XMODE_BREAK | XMODE_AC)) == 0 &&
           x86_simple(a, X86_ES, ACCESS_WRITE) &&
           (i->op == X86_STOS || x86_simple(a, i->seg, ACCESS_READ));
}

/* As many elements as there are, up to a chunk. Returns how many were done; *none_left: flags, E if that was all. */
static ir_ref copied(struct x86_lift *a, unsigned size, ir_ref *none_left)
{
    struct ir_block *b = a->b;
    bool copy = a->insn.op == X86_MOVS;
    unsigned log2 = x86_log2(size);
    ir_ref step = ir_get(b, IR_I32, X86_STATE(step)), count = x86_get(a, X86_ECX, 4);
    ir_ref most = x86_i32(a, X86_CHUNK >> log2);
    ir_ref fewer = ir_flagsof(b, ir_bin(b, IR_sub, IR_I32, count, most));
    ir_ref wanted = ir_select(b, IR_I32, fewer, CC_B, count, most);
    ir_ref from = copy ? x86_linear_of(a, a->insn.seg, x86_get(a, X86_ESI, 4), size, ACCESS_READ)
                       : x86_get(a, X86_EAX, 4);
    ir_ref done = ir_string(b, copy ? IR_copy : IR_fill, log2, x86_get(a, X86_EDI, 4), from,
                            ir_bin(b, IR_mul, IR_I32, wanted, step));
    ir_ref by = ir_bin(b, IR_mul, IR_I32, done, stride(a, size));
    if (copy)
        advance(a, X86_ESI, by);
    advance(a, X86_EDI, by);
    ir_ref left = ir_bin(b, IR_sub, IR_I32, count, done);
    *none_left = ir_flagsof(b, left);
    x86_put(a, X86_ECX, 4, left);
    return done;
}

/* The helper's `how`: bits 0-7 the operation, 8-15 element size, 16-19 segment of the source, 20
 * addresses of 16 bits, 21 repeated, 22 ends where Z differs from bit 23, 24 instructions are counted;
 * then how many elements of its chunk were done before. */
static void repeated(struct x86_lift *a, unsigned size, bool repeat)
{
    const struct x86_insn *i = &a->insn;
    bool writes = i->op == X86_MOVS || i->op == X86_STOS;
    bool compares = i->op == X86_CMPS || i->op == X86_SCAS;
    uint32_t how = (uint32_t)(i->op - X86_MOVS) | size << 8 | (uint32_t)i->seg << 16 |
                   (i->addrsize == 2 ? 1u << 20 : 0) | (repeat ? 1u << 21 : 0) |
                   (repeat && compares ? 1u << 22 : 0) | (i->rep == X86_REP_E ? 1u << 23 : 0) |
                   (a->l->counted ? 1u << 24 : 0);
    ir_ref done = 0, none_left;
    unsigned end = 0;
    if (repeat && by_copy(a)) {
        end = ir_new_label(a->b);
        done = copied(a, size, &none_left);
        ir_brcc(a->b, none_left, CC_E, end);
    }
    ir_ref more = x86_call(a, HELPER_string, CALL_ALL, x86_i32(a, how), done, 0);
    if (!repeat)
        return;
    ir_ref f = ir_flagsof(a->b, more);
    if (!x86_side_exit(a, f, CC_NE, a->pc, false))
        x86_jump_to(a, ir_select(a->b, IR_I32, f, CC_NE, x86_i32(a, a->pc), x86_i32(a, a->next)),
                    JUMP_PLAIN, 0);
    if (done != 0)
        x86_label(a, end);
    if (done != 0 || (writes && !a->ended)) /* perhaps into the code that follows */
        x86_jump(a, a->next, JUMP_PLAIN, 0);
}

bool x86_lift_string(struct x86_lift *a)
{
    unsigned op = a->insn.op;
    if (op < X86_MOVS || op > X86_OUTS)
        return false;
    unsigned size = element(&a->insn);
    if (op == X86_INS || op == X86_OUTS || a->insn.rep != X86_REP_NONE)
        repeated(a, size, a->insn.rep != X86_REP_NONE);
    else
        one(a, size);
    return true;
}
