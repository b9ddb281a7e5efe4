/*
 * The IR as text. ir_parse.c reads it back; parse(print(block)) is the block.
 *
 * One instruction a line; %N names the value of instruction N. Parts in brackets are optional.
 *
 *   insn 0x8000[, side 3]                    guest instruction at an address, side bits
 *   %2 = const.i32 0xff                      constants: i32, i64
 *   %3 = get.i32 [8]                         state at byte offset 8; types also i8 f32 f64 v128
 *   put.i32 [8], %3
 *   %4 = getf
 *   putf.nzcv %5                             groups nz, c, v of the mask
 *   putc %3
 *   %6 = add.i32 %3, %2                      all operations with T name the type
 *   %7 = flagsof.i32 %6
 *   %8 = setcc.ne %7                         conditions as x86 calls them
 *   %9 = select.i32.ge %7, %3, %2
 *   %10 = ld.i32.2.signed [%3 + %2 << 2 + 0x10]
 *                                            bytes; then signed, big, user, slow, choose, atomic
 *   st.i64.8 [%3 - 0x8], %9
 *   %11 = copy.4[.slow] %3, %10, %2          bytes of an element; to, from, elements
 *   align[.write][.user] %3, 0x3             mask; kind of the access it guards
 *   %11 = fromint.f64 %3, 0x1                operations with imm have it last
 *   %12 = vadd.16 %10, %11                   lanes of 8, 16, 32 or 64 bits
 *   %13 = vshl.32 %12, 0x5
 *   L0:                                      a label
 *   br L0
 *   brcc.e[.putf] %7, L0
 *   %14 = call.i32.reads.exits 0x5, %3, -, %2
 *                                            helper's number and operands; - is an absent one; no
 *                                            type: no result; letters reads writes exits fp
 *   jump[.call][.return][.check] 0x8010[, ret 0x8014][, flow 0x101]
 *   jumpto.return %3[ mode 0x20000][, ret 0x8014]
 *   leave %3, 0x5                            reason: enum exit_reason
 *
 * A `;` begins a comment. `labels` is not printed: it is one more than the highest label.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <translator/cpu.h>
#include <translator/ir_fold.h>
#include <translator/ir_text.h>

/* clang-format off */
const char *const ir_type_names[IR_TYPES] = {
    "", "i32", "i64", "f32", "f64", "v128", "flags", "i8",
};
const char *const ir_cc_names[16] = {
    "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g",
};
const struct ir_letter ir_mem_letters[] = {
    {MEM_SIGNED, "signed"}, {MEM_BIG, "big"}, {MEM_USER, "user"}, {0, NULL},
};
const struct ir_letter ir_site_letters[] = {
    {SITE_SLOW, "slow"}, {SITE_CHOOSE, "choose"}, {SITE_ATOMIC, "atomic"}, {SITE_COLD, "cold"},
    {0, NULL},
};
const struct ir_letter ir_call_letters[] = {
    {CALL_READS, "reads"}, {CALL_WRITES, "writes"}, {CALL_EXITS, "exits"}, {CALL_FP, "fp"},
    {0, NULL},
};
const struct ir_letter ir_jump_letters[] = {
    {JUMP_CALL, "call"}, {JUMP_RETURN, "return"}, {JUMP_CHECK, "check"}, {JUMP_MODE, "mode"},
    {JUMP_ENTER, "enter"}, {JUMP_USER, "user"}, {0, NULL},
};
const struct ir_letter ir_mask_letters[] = {
    {IR_FLAG_NZ, "nz"}, {IR_FLAG_C, "c"}, {IR_FLAG_V, "v"}, {0, NULL},
};
const struct ir_letter ir_kind_letters[] = {
    {ACCESS_WRITE, "write"}, {ACCESS_USER, "user"}, {0, NULL},
};
/* clang-format on */

struct out {
    char *to;
    size_t size, length; /* length may pass size: then the rest is only counted */
};

static void __attribute__((format(printf, 2, 3))) put(struct out *o, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t at = o->length < o->size ? o->length : o->size;
    int n = vsnprintf(at < o->size ? o->to + at : NULL, o->size - at, format, list);
    va_end(list);
    o->length += n > 0 ? (size_t)n : 0;
}

static void put_number(struct out *o, uint64_t v)
{
    put(o, "0x%llx", (unsigned long long)v);
}

static void put_letters(struct out *o, const struct ir_letter *l, unsigned bits, const char *before)
{
    for (; l->name != NULL; l++)
        if (bits & l->bit)
            put(o, "%s%s", before, l->name);
}

static void put_ref(struct out *o, ir_ref r)
{
    if (r == 0)
        put(o, "-");
    else
        put(o, "%%%u", r);
}

static void put_address(struct out *o, const struct ir_ins *i)
{
    put(o, " [");
    put_ref(o, i->a);
    if (i->b != 0) {
        put(o, " + %%%u", i->b);
        if (i->aux & MEM_SCALE)
            put(o, " << %u", (i->aux & MEM_SCALE) >> MEM_SCALE_SHIFT);
    }
    if (i->imm > 0)
        put(o, " + 0x%llx", (unsigned long long)i->imm);
    else if (i->imm < 0)
        put(o, " - 0x%llx", 0 - (unsigned long long)i->imm);
    put(o, "]");
    if (i->op == IR_st) {
        put(o, ", ");
        put_ref(o, i->c);
    }
}

/* What stands between the operation's name and its operands. */
static void put_suffixes(struct out *o, const struct ir_ins *i)
{
    if ((ir_traits(i->op) & TRAIT_TYPED) && !ir_has_lanes(i->op) &&
        !(i->op == IR_call && (i->aux & CALL_VOID)))
        put(o, ".%s", ir_type_names[i->type < IR_TYPES ? i->type : 0]);
    if (ir_has_lanes(i->op))
        put(o, ".%u", 8u << (i->aux & 3));
    if (ir_has_part(i->op))
        put(o, ".%u", 8u * i->aux);
    switch (i->op) {
    case IR_ld:
    case IR_st:
        put(o, ".%u", mem_bytes(i->aux));
        put_letters(o, ir_mem_letters, i->aux, ".");
        put_letters(o, ir_site_letters, i->bits, ".");
        break;
    case IR_copy:
    case IR_fill:
        put(o, ".%u", mem_bytes(i->aux));
        put_letters(o, ir_site_letters, i->bits, ".");
        break;
    case IR_setcc:
    case IR_select:
    case IR_brcc:
        put(o, ".%s%s", ir_cc_names[i->aux & 15],
            i->op != IR_brcc || !(i->aux & BRCC_PUTF) ? ""
            : i->aux & BRCC_KEEP_C                    ? ".putnzv"
                                                      : ".putf");
        break;
    case IR_putf:
    case IR_faultf:
    case IR_faultb:
        put(o, ".");
        put_letters(o, ir_mask_letters, (unsigned)i->imm, "");
        break;
    case IR_call:
        put_letters(o, ir_call_letters, i->aux, ".");
        break;
    case IR_jump:
    case IR_jumpto:
        put_letters(o, ir_jump_letters, i->aux, ".");
        break;
    case IR_align:
        put_letters(o, ir_kind_letters, i->aux, ".");
        break;
    }
}

/* Operands separated by commas, then imm where the table says so. */
static void put_operands(struct out *o, const struct ir_ins *i)
{
    const ir_ref refs[3] = {i->a, i->b, i->c};
    unsigned last = 3;
    while (last > 0 && refs[last - 1] == 0)
        last--;
    for (unsigned n = 0; n < last; n++) {
        put(o, n == 0 ? " " : ", ");
        put_ref(o, refs[n]);
    }
    if (strcmp(ir_op_table[i->op].operands + strcspn(ir_op_table[i->op].operands, ":"), ":imm") ==
            0 &&
        i->op != IR_putf && i->op != IR_faultf && i->op != IR_faultb) {
        put(o, last == 0 ? " " : ", ");
        put_number(o, (uint64_t)i->imm);
    }
}

static void put_arguments(struct out *o, const struct ir_ins *i)
{
    switch (i->op) {
    case IR_get:
    case IR_put:
        put(o, " [%lld]", (long long)i->imm);
        if (i->op == IR_put)
            put(o, ", %%%u", i->a);
        return;
    case IR_ld:
    case IR_st:
        put_address(o, i);
        return;
    case IR_br:
        put(o, " L%lld", (long long)i->imm);
        return;
    case IR_brcc:
        put(o, " %%%u, L%lld", i->a, (long long)i->imm);
        return;
    case IR_insn:
        put(o, " ");
        put_number(o, (uint64_t)i->imm);
        if (i->aux != 0)
            put(o, ", side %u", i->aux);
        return;
    case IR_call: {
        const ir_ref refs[3] = {i->a, i->b, i->c};
        put(o, " ");
        put_number(o, (uint64_t)i->imm);
        for (unsigned n = 0; n < 3 && (refs[n] != 0 || (n < 2 && (refs[n + 1] | refs[2]) != 0));
             n++) {
            put(o, ", ");
            put_ref(o, refs[n]);
        }
        return;
    }
    case IR_jump:
    case IR_jumpto:
        put(o, " ");
        if (i->op == IR_jump)
            put_number(o, (uint64_t)i->imm);
        else
            put_ref(o, i->a);
        if (i->op == IR_jumpto && i->imm != 0)
            put(o, " mode 0x%x", (unsigned)i->imm);
        if (i->ret != 0)
            put(o, ", ret 0x%x", i->ret);
        if (i->flow != 0)
            put(o, ", flow 0x%x", i->flow);
        return;
    default:
        put_operands(o, i);
    }
}

static void put_instruction(struct out *o, const struct ir_block *b, unsigned n)
{
    const struct ir_ins *i = &b->ins[n];
    if (i->op == IR_label) {
        put(o, "L%lld:", (long long)i->imm);
        return;
    }
    put(o, "    ");
    if (i->op >= IR_OPS) {
        put(o, "?%u", i->op);
        return;
    }
    if (ir_result(i) != IR_NONE)
        put(o, "%%%u = ", n);
    put(o, "%s", ir_op_table[i->op].name);
    put_suffixes(o, i);
    put_arguments(o, i);
}

size_t ir_print_ins(const struct ir_block *b, unsigned i, char *to, size_t size)
{
    struct out o = {to, size, 0};
    put_instruction(&o, b, i);
    return o.length;
}

size_t ir_print(const struct ir_block *b, char *to, size_t size)
{
    struct out o = {to, size, 0};
    if (size != 0)
        to[0] = 0;
    for (unsigned i = 1; i <= b->count; i++)
        if (b->ins[i].op != IR_END) {
            put_instruction(&o, b, i);
            put(&o, "\n");
        }
    return o.length;
}
