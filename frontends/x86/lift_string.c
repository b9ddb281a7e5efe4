/*
 * String instructions. One element is done in place; a repeated instruction is a helper that does up to
 * a chunk of elements and keeps ECX, ESI and EDI exact, after which the instruction is begun again if
 * elements are left, so that interrupts come in between. Faults leave it where it can be restarted.
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

/* The helper's `how`: bits 0-7 the operation, 8-15 element size, 16-19 segment of the source, 20
 * addresses of 16 bits, 21 repeated, 22 ends where Z differs from bit 23. */
static void repeated(struct x86_lift *a, unsigned size, bool repeat)
{
    const struct x86_insn *i = &a->insn;
    bool compares = i->op == X86_CMPS || i->op == X86_SCAS;
    uint32_t how = (uint32_t)(i->op - X86_MOVS) | size << 8 | (uint32_t)i->seg << 16 |
                   (i->addrsize == 2 ? 1u << 20 : 0) | (repeat ? 1u << 21 : 0) |
                   (repeat && compares ? 1u << 22 : 0) | (i->rep == X86_REP_E ? 1u << 23 : 0);
    ir_ref more = x86_call(a, HELPER_string, CALL_ALL, x86_i32(a, how), 0, 0);
    if (!repeat)
        return;
    ir_ref f = ir_flagsof(a->b, more);
    if (!x86_side_exit(a, f, CC_NE, a->pc, false))
        x86_jump_to(a, ir_select(a->b, IR_I32, f, CC_NE, x86_i32(a, a->pc), x86_i32(a, a->next)),
                    JUMP_PLAIN, 0);
    else if (i->op == X86_MOVS || i->op == X86_STOS) /* perhaps into the code that follows */
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
