/*
 * The table of operations, and what can be read off it: types of results and operands, traits.
 *
 * ir_ops.h is the only list. ir_traits is the same information as the trait letters, as bits: the
 * letters are compile-time constants there, so the compiler turns the switch into a table.
 */
#include <translator/ir_fold.h>

const struct ir_op_info ir_op_table[IR_OPS] = {
    [IR_END] = {"end", "", "", "no instruction", '-'},
#define IR(name, result, operands, traits, meaning) \
    [IR_##name] = {#name, operands, traits, meaning, #result[0]},
#include "ir_ops.h"
#undef IR
};

/* Floating-point operations but the changes of sign. */
#define RAISES(op)                                                                    \
    (((op) >= IR_fadd && (op) <= IR_toint64 && (op) != IR_fneg && (op) != IR_fabs) || \
             (op) == IR_vfop                                                          \
         ? TRAIT_RAISES                                                               \
         : 0u)
#define HAS(traits, letter, bit) (__builtin_strchr(traits, letter) != NULL ? (bit) : 0u)

unsigned ir_traits(unsigned op)
{
    switch (op) {
#define IR(name, result, operands, traits, meaning)                                      \
    case IR_##name:                                                                      \
        return HAS(traits, 'e', TRAIT_EFFECT) | HAS(traits, 'f', TRAIT_FAULT) |          \
               HAS(traits, 'r', TRAIT_READS) | HAS(traits, 'w', TRAIT_WRITES) |          \
               HAS(traits, 'x', TRAIT_EXIT) | HAS(traits, 'c', TRAIT_COMMUTES) |         \
               HAS(traits, 'k', TRAIT_FLAGS) | HAS(#result operands, 'T', TRAIT_TYPED) | \
               RAISES(IR_##name);
#include "ir_ops.h"
#undef IR
    default:
        return 0;
    }
}

enum ir_type ir_result(const struct ir_ins *i)
{
    switch (ir_op_table[i->op].result) {
    case 'T':
        if (i->op == IR_call && (i->aux & CALL_VOID))
            return IR_NONE;
        return i->type == IR_I8 ? IR_I32 : i->type;
    case 'I':
        return IR_I32;
    case 'L':
        return IR_I64;
    case 'F':
        return IR_FLAGS;
    default:
        return IR_NONE;
    }
}

enum ir_type ir_operand(const struct ir_ins *i, unsigned n, bool *optional)
{
    const char *o = ir_op_table[i->op].operands;
    if (optional != NULL)
        *optional = false;
    for (unsigned k = 0; k < n && *o != 0 && *o != ':'; k++)
        o++;
    switch (*o) {
    case 'T':
        return i->type == IR_I8 ? IR_I32 : i->type;
    case 'I':
        return IR_I32;
    case 'L':
        return IR_I64;
    case 'F':
        return IR_FLAGS;
    case 'S':
        return IR_F32;
    case 'D':
        return IR_F64;
    case 'V':
        return IR_V128;
    case '?':
        if (optional != NULL)
            *optional = true;
        return i->op == IR_call ? IR_I64 : IR_I32;
    default:
        return IR_NONE;
    }
}

unsigned ir_cc_needs(enum ir_cc cc)
{
    static const uint8_t needs[8] = {
        [CC_O / 2] = IR_FLAG_V,
        [CC_B / 2] = IR_FLAG_C,
        [CC_E / 2] = IR_FLAG_NZ,
        [CC_BE / 2] = IR_FLAG_NZ | IR_FLAG_C,
        [CC_S / 2] = IR_FLAG_NZ,
        [CC_P / 2] = IR_FLAG_NZ,
        [CC_L / 2] = IR_FLAG_NZ | IR_FLAG_V,
        [CC_LE / 2] = IR_FLAG_NZ | IR_FLAG_V,
    };
    return needs[(cc >> 1) & 7];
}

const struct ir_pass ir_passes[] = {
    {'u', "unroll", ir_pass_unroll},
    {'s', "state", ir_pass_state},
    {'c', "fold", ir_pass_fold},
    {'f', "flags", ir_pass_flags},
    {'k', "align", ir_pass_align},
    {'a', "addr", ir_pass_addr},
    {'m', "same", ir_pass_same},
    {'n', "near", ir_pass_near},
    {'l', "lazy", ir_pass_lazy},
    {'d', "dead", ir_pass_dead},
    {0, NULL, NULL},
};
