/*
 * Moves, extensions, exchanges, conditional moves and flag instructions.
 */
#include "lift.h"

static void move(struct x86_lift *a)
{
    struct x86_place p = x86_place(a, 0, ACCESS_WRITE);
    x86_write(a, &p, x86_value(a, 1));
}

static void extend(struct x86_lift *a, bool sign)
{
    const struct x86_operand *o = a->insn.operand;
    struct x86_place p = x86_place(a, 1, ACCESS_READ);
    ir_ref v;
    if (sign && p.memory)
        v = ir_load(a->b, IR_I32, x86_log2(p.size) | MEM_SIGNED, p.address, 0);
    else if (sign)
        v = x86_sext(a, x86_read(a, &p), p.size);
    else
        v = x86_zext(a, x86_read(a, &p), p.size);
    x86_put(a, o[0].reg, o[0].size, v);
}

static void exchange(struct x86_lift *a)
{
    unsigned first = a->insn.operand[1].kind == X86_MEM ? 1 : 0;
    struct x86_place p = x86_place(a, first, ACCESS_WRITE);
    unsigned reg = a->insn.operand[1 - first].reg;
    ir_ref x = x86_read(a, &p), y = x86_get(a, reg, p.size);
    x86_write(a, &p, y);
    x86_put(a, reg, p.size, x);
}

static void swap_bytes(struct x86_lift *a)
{
    unsigned reg = a->insn.operand[0].reg;
    if (a->insn.operand[0].size == 2) /* undefined; CPUs clear it */
        x86_put(a, reg, 2, x86_i32(a, 0));
    else
        x86_put(a, reg, 4, ir_un(a->b, IR_bswap, IR_I32, x86_get(a, reg, 4)));
}

static void translate_byte(struct x86_lift *a)
{
    ir_ref al = x86_zext(a, x86_get(a, X86_EAX, 1), 1);
    ir_ref offset = ir_bin(a->b, IR_add, IR_I32, x86_get(a, X86_EBX, 4), al);
    if (a->insn.addrsize == 2)
        offset = x86_zext(a, offset, 2);
    ir_ref at = x86_linear_of(a, a->insn.seg, offset, 1, ACCESS_READ);
    x86_put(a, X86_EAX, 1, x86_load(a, at, 1));
}

/* CBW, CWDE; CWD, CDQ. */
static void extend_accumulator(struct x86_lift *a, bool to_dx)
{
    unsigned size = a->insn.opsize;
    if (!to_dx) {
        x86_put(a, X86_EAX, size, x86_sext(a, x86_get(a, X86_EAX, size / 2), size / 2));
        return;
    }
    ir_ref v = x86_sext(a, x86_get(a, X86_EAX, size), size);
    x86_put(a, X86_EDX, size, ir_bin(a->b, IR_sar, IR_I32, v, x86_i32(a, 31)));
}

static void move_if(struct x86_lift *a)
{
    const struct x86_operand *o = a->insn.operand;
    ir_ref v = x86_value(a, 1), old = x86_get(a, o[0].reg, o[0].size);
    ir_ref f = x86_flags_for(a, a->insn.cond);
    x86_put(a, o[0].reg, o[0].size, ir_select(a->b, IR_I32, f, (enum ir_cc)a->insn.cond, v, old));
}

static void set_if(struct x86_lift *a)
{
    struct x86_place p = x86_place(a, 0, ACCESS_WRITE);
    ir_ref f = x86_flags_for(a, a->insn.cond);
    x86_write(a, &p, ir_setcc(a->b, f, (enum ir_cc)a->insn.cond));
}

static void set_direction(struct x86_lift *a, bool down)
{
    ir_ref flags = ir_get(a->b, IR_I32, X86_STATE(eflags));
    flags = down ? ir_bin(a->b, IR_or, IR_I32, flags, x86_i32(a, EFLAGS_DF))
                 : ir_bin(a->b, IR_and, IR_I32, flags, x86_i32(a, ~EFLAGS_DF));
    ir_put(a->b, IR_I32, X86_STATE(eflags), flags);
    ir_put(a->b, IR_I32, X86_STATE(step), x86_i32(a, down ? ~0u : 1));
}

static void complement_carry(struct x86_lift *a)
{
    ir_ref c = ir_setcc(a->b, x86_carry(a), CC_AE);
    x86_put_carry(a, c);
}

/* AL := FF or 0 by C. */
static void set_al(struct x86_lift *a)
{
    ir_ref c = ir_setcc(a->b, x86_carry(a), CC_B);
    x86_put(a, X86_EAX, 1, ir_bin(a->b, IR_sub, IR_I32, x86_i32(a, 0), c));
}

static void address(struct x86_lift *a)
{
    x86_put(a, a->insn.operand[0].reg, a->insn.operand[0].size, x86_offset(a));
}

/* Accessed as a read of one byte (SDM vol. 2, CLFLUSH). */
static void flush_line(struct x86_lift *a)
{
    x86_load(a, x86_linear_of(a, a->insn.seg, x86_offset(a), 1, ACCESS_READ), 1);
}

/* Bytes in the other order, from or to memory. */
static void move_swapped(struct x86_lift *a)
{
    const struct x86_operand *o = a->insn.operand;
    bool to_memory = o[0].kind == X86_MEM;
    struct x86_place p = x86_place(a, to_memory ? 0 : 1, to_memory ? ACCESS_WRITE : ACCESS_READ);
    unsigned how = x86_log2(p.size) | MEM_BIG;
    if (to_memory)
        ir_store(a->b, IR_I32, how, p.address, 0, x86_get(a, o[1].reg, p.size));
    else
        x86_put(a, o[0].reg, p.size, ir_load(a->b, IR_I32, how, p.address, 0));
}

bool x86_lift_move(struct x86_lift *a)
{
    switch (a->insn.op) {
    case X86_MOV:
    case X86_MOVNTI:
        move(a);
        return true;
    case X86_MOVBE:
        move_swapped(a);
        return true;
    case X86_MOVZX:
    case X86_MOVSX:
        extend(a, a->insn.op == X86_MOVSX);
        return true;
    case X86_LEA:
        address(a);
        return true;
    case X86_XCHG:
        exchange(a);
        return true;
    case X86_BSWAP:
        swap_bytes(a);
        return true;
    case X86_XLAT:
        translate_byte(a);
        return true;
    case X86_CBW:
    case X86_CWD:
        extend_accumulator(a, a->insn.op == X86_CWD);
        return true;
    case X86_CMOVCC:
        move_if(a);
        return true;
    case X86_SETCC:
        set_if(a);
        return true;
    case X86_LAHF:
        x86_put(a, X86_EAX + 4, 1, x86_call(a, HELPER_get_flags, CALL_READS, 0, 0, 0));
        return true;
    case X86_SAHF:
        x86_call(a, HELPER_put_flags, CALL_READS | CALL_WRITES | CALL_VOID,
                 x86_get(a, X86_EAX + 4, 1), 0, 0);
        return true;
    case X86_CLC:
    case X86_STC:
        x86_put_carry(a, x86_i32(a, a->insn.op == X86_STC));
        return true;
    case X86_CMC:
        complement_carry(a);
        return true;
    case X86_SALC:
        set_al(a);
        return true;
    case X86_CLD:
    case X86_STD:
        set_direction(a, a->insn.op == X86_STD);
        return true;
    case X86_NOP:
    case X86_PAUSE:
    case X86_PREFETCHNTA:
    case X86_PREFETCHT0:
    case X86_PREFETCHT1:
    case X86_PREFETCHT2:
    case X86_LFENCE:
    case X86_MFENCE:
    case X86_SFENCE:
        return true;
    case X86_CLFLUSH:
        flush_line(a);
        return true;
    default:
        return false;
    }
}
