/*
 * The x87 operations of the IR in C, by translator/x80*.c (ir_x87.h).
 */
#include <translator/cpu.h>
#include <translator/ir_run.h>
#include <translator/ir_x87.h>
#include <translator/x80.h>

static struct x80 *reg(struct cpu *cpu, unsigned offset)
{
    return (struct x80 *)((uint8_t *)cpu + offset);
}

static struct x80 number(struct x80_env *e, unsigned format, uint64_t raw)
{
    switch (format) {
    case X87_F32:
        return x80_from_f32(e, (uint32_t)raw);
    case X87_F64:
        return x80_from_f64(e, raw);
    case X87_I16:
        return x80_from_int((int16_t)raw);
    case X87_I32:
        return x80_from_int((int32_t)raw);
    default:
        return x80_from_int((int64_t)raw);
    }
}

/* The same as an operand of an operation on numbers. */
static struct x80 operand(struct x80_env *e, unsigned format, uint64_t raw)
{
    if (format == X87_F32)
        return x80_widen_f32(e, (uint32_t)raw);
    return format == X87_F64 ? x80_widen_f64(e, raw) : number(e, format, raw);
}

static uint64_t convert(struct x80_env *e, unsigned format, bool truncate, struct x80 v)
{
    switch (format) {
    case X87_F32:
        return x80_to_f32(e, v);
    case X87_F64:
        return x80_to_f64(e, v);
    case X87_I16:
        return (uint16_t)x80_to_int(e, v, 16, truncate);
    case X87_I32:
        return (uint32_t)x80_to_int(e, v, 32, truncate);
    case X87_I64:
        return (uint64_t)x80_to_int(e, v, 64, truncate);
    case X87_SIGNIFICAND:
        return v.sig;
    default:
        return v.se;
    }
}

static struct x80 operate(struct x80_env *e, unsigned kind, struct x80 d, struct x80 s)
{
    switch (kind) {
    case X87_ADD:
        return x80_add(e, d, s);
    case X87_MUL:
        return x80_mul(e, d, s);
    case X87_SUB:
        return x80_sub(e, d, s);
    case X87_SUBR:
        return x80_sub(e, s, d);
    case X87_DIV:
        return x80_div(e, d, s);
    case X87_DIVR:
        return x80_div(e, s, d);
    case X87_SQRT:
        return x80_sqrt(e, s);
    case X87_ROUND:
        return x80_round(e, s);
    case X87_CHS:
        s.se ^= X80_SIGN;
        return s;
    case X87_ABS:
        s.se &= X80_EXP;
        return s;
    default: /* X87_MOVE */
        return s;
    }
}

static void put(struct x80 *to, struct x80 v)
{
    to->sig = v.sig;
    to->se = v.se;
}

static uint64_t compare(struct x80_env *e, struct x80 d, struct x80 s, bool quiet)
{
    x80_compare(e, d, s, quiet);
    return e->status & (X80_C0 | X80_C2 | X80_C3);
}

static uint64_t to_flags(uint64_t cc)
{
    return (cc & X80_C0 ? IR_RUN_C : 0) | (cc & X80_C2 ? NZ_P : 0) | (cc & X80_C3 ? NZ_Z : 0);
}

uint64_t ir_run_x87(struct cpu *cpu, unsigned op, int64_t imm, uint64_t a, uint64_t b)
{
    struct x80_env e = {.control = (uint16_t)cpu->x87_control};
    struct x80 *d = reg(cpu, x87_imm_d(imm)), *s = reg(cpu, x87_imm_s(imm)), old;
    unsigned kind = x87_imm_kind(imm), format = x87_imm_format(imm);
    uint64_t r = 0;
    switch (op) {
    case IR_xset:
        put(d, (struct x80){.sig = a, .se = (uint16_t)b});
        break;
    case IR_xld:
        put(d, number(&e, format, a));
        break;
    case IR_xst:
        r = convert(&e, format, kind == X87_QUIET, *d);
        break;
    case IR_xop:
        old = *d;
        put(d, operate(&e, kind == X87_SWAP ? X87_MOVE : kind, *d, *s));
        if (kind == X87_SWAP)
            put(s, old);
        break;
    case IR_xopm:
        put(d, operate(&e, kind, *d, operand(&e, format, a)));
        break;
    case IR_xcmp:
        r = to_flags(compare(&e, *d, *s, kind == X87_QUIET));
        break;
    case IR_xcc:
        r = compare(&e, *d, *s, kind == X87_QUIET);
        break;
    case IR_xccm:
        r = compare(&e, *d, operand(&e, format, a), false);
        break;
    case IR_xdrop:
        break;
    case IR_xstatus:
        return cpu->x87_status;
    case IR_xclear:
        cpu->x87_status = 0;
        break;
    default:
        cpu->x87_control = (uint32_t)a | X80_EXCEPTIONS;
    }
    cpu->x87_status |= e.status & X80_EXCEPTIONS;
    return r;
}
