/*
 * The verifier: true only for blocks that keep the invariants of ir.h.
 *
 * One walk. What is checked: every operation, its types, operands and other fields against the
 * table and the rules below; that operands are defined earlier and behind the last label; labels
 * placed once and after the branches to them; no code that cannot be reached; an exit at the end;
 * guest instructions before anything that may fault, and `site` in step with them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <translator/cpu.h>
#include <translator/ir_fold.h>
#include <translator/ir_x87.h>
#include <translator/ir_vec.h>

struct check {
    const struct ir_block *b;
    char *error;
    size_t size;
    unsigned n; /* instruction looked at */
    unsigned last_label, insns;
    uint8_t placed[IR_MAX_LABEL], wanted[IR_MAX_LABEL];
};

static bool __attribute__((format(printf, 2, 3))) wrong(struct check *c, const char *format, ...)
{
    char why[160], text[120] = "";
    va_list list;
    va_start(list, format);
    vsnprintf(why, sizeof why, format, list);
    va_end(list);
    if (c->n != 0 && c->n <= c->b->count && c->b->ins[c->n].op < IR_OPS)
        ir_print_ins(c->b, c->n, text, sizeof text);
    if (c->size != 0)
        snprintf(c->error, c->size, "instruction %u: %s:%s", c->n, why, text);
    return false;
}

#define T(t)   (1u << IR_##t)
#define INT    (T(I32) | T(I64))
#define FLOAT  (T(F32) | T(F64))
#define MEMORY (INT | FLOAT | T(V128))

/* Types that the type field may have, as a set; operations without T are judged elsewhere. */
static unsigned types_allowed(const struct ir_ins *i)
{
    unsigned op = i->op;
    switch (op) {
    case IR_get:
    case IR_put:
        return MEMORY | T(I8);
    case IR_ld:
    case IR_st:
    case IR_select:
        return MEMORY;
    case IR_call:
        return i->aux & CALL_VOID ? T(NONE) : INT;
    case IR_fwiden:
    case IR_dbitsto:
        return T(F64);
    case IR_fnarrow:
    case IR_bitsto:
        return T(F32);
    }
    if (op >= IR_fadd && op <= IR_fromint)
        return FLOAT;
    return op >= IR_vadd && op <= IR_vmake ? T(V128) : INT;
}

static bool check_type(struct check *c, const struct ir_ins *i)
{
    if (i->type >= IR_TYPES)
        return wrong(c, "no such type");
    if (!(ir_traits(i->op) & TRAIT_TYPED))
        return i->type == ir_result(i) || wrong(c, "type is not the result's");
    return (types_allowed(i) & 1u << i->type) || wrong(c, "the operation has no such type");
}

static bool check_operand(struct check *c, const struct ir_ins *i, unsigned k)
{
    const ir_ref refs[3] = {i->a, i->b, i->c};
    bool optional;
    enum ir_type want = ir_operand(i, k, &optional);
    ir_ref r = refs[k];
    if (want == IR_NONE)
        return r == 0 || wrong(c, "operand %c is not the operation's", "abc"[k]);
    if (r == 0)
        return optional || wrong(c, "operand %c is missing", "abc"[k]);
    if (r >= c->n)
        return wrong(c, "operand %c is not defined earlier", "abc"[k]);
    if (r <= c->last_label)
        return wrong(c, "operand %c is from before a label", "abc"[k]);
    enum ir_type has = ir_result(&c->b->ins[r]);
    if (has == want || (i->op == IR_call && (has == IR_I32 || has == IR_I64)))
        return true;
    return wrong(c, "operand %c has the wrong type", "abc"[k]);
}

static bool check_memory(struct check *c, const struct ir_ins *i)
{
    static const uint8_t log2[IR_TYPES] = {
        [IR_I32] = 2, [IR_I64] = 3, [IR_F32] = 2, [IR_F64] = 3, [IR_V128] = 4};
    unsigned size = i->aux & MEM_SIZE, full = log2[i->type];
    bool whole = i->type != IR_I32 && i->type != IR_I64;
    bool low = i->type == IR_V128 && size >= 2 && !(i->aux & MEM_BIG);
    if (size > full || (whole && size != full && !low))
        return wrong(c, "size does not fit the type");
    if ((i->aux & MEM_SIGNED) && (i->op == IR_st || size == full))
        return wrong(c, "nothing to extend");
    if (i->b == 0 && (i->aux & MEM_SCALE))
        return wrong(c, "scale without an operand");
    return i->imm == (int32_t)i->imm || wrong(c, "displacement of more than 32 bits");
}

static bool check_vector(struct check *c, const struct ir_ins *i)
{
    bool to32 = i->op == IR_vgts || i->op == IR_vsar || i->op == IR_vsplat || i->op == IR_vmul;
    if (i->aux > (to32 ? 2 : 3) || (i->op == IR_vmul && i->aux == 0))
        return wrong(c, "the operation has no such lanes");
    if ((i->op == IR_vshl || i->op == IR_vshr || i->op == IR_vsar) &&
        (i->imm < 0 || i->imm >= 8 << i->aux))
        return wrong(c, "shift count");
    return true;
}

static bool check_state(struct check *c, const struct ir_ins *i)
{
    return (i->imm >= 0 && i->imm < 1 << 16) || wrong(c, "state offset");
}

static bool check_label(struct check *c, const struct ir_ins *i)
{
    if (i->imm < 0 || i->imm >= c->b->labels)
        return wrong(c, "no such label");
    if (c->placed[i->imm])
        return wrong(c, i->op == IR_label ? "label placed twice" : "branch backwards");
    if (i->op != IR_label) {
        c->wanted[i->imm] = 1;
    } else {
        c->placed[i->imm] = 1;
        c->last_label = c->n;
    }
    return true;
}

static bool check_flagsof(struct check *c, const struct ir_ins *i)
{
    if (i->a != c->n - 1 || !(ir_traits(i[-1].op) & TRAIT_FLAGS))
        return wrong(c, "does not follow an operation that gives flags");
    return i->type == i[-1].type || wrong(c, "type is not the operation's");
}

static bool check_faulting(struct check *c, const struct ir_ins *i)
{
    if (c->insns == 0)
        return wrong(c, "may fault before the first guest instruction");
    return i->site == c->insns - 1 || wrong(c, "site is %u, should be %u", i->site, c->insns - 1);
}

/* The fields that the table names behind the colon. */
static bool check_fields(struct check *c, const struct ir_ins *i)
{
    switch (i->op) {
    case IR_const:
        return i->type != IR_I32 || (uint64_t)i->imm <= 0xffffffffu ||
               wrong(c, "constant is not zero-extended");
    case IR_get:
    case IR_put:
        return check_state(c, i);
    case IR_putf:
    case IR_faultf:
        return (i->imm > 0 && i->imm <= IR_FLAG_ALL) || wrong(c, "mask of flags");
    case IR_faultb:
        return i->imm == IR_FLAG_C || i->imm == IR_FLAG_V || wrong(c, "not one flag");
    case IR_flagsof:
        return check_flagsof(c, i);
    case IR_setcc:
    case IR_select:
        return i->aux < 16 || wrong(c, "no such condition");
    case IR_brcc:
        return (i->aux <= (BRCC_PUTF | BRCC_KEEP_C | 15) || wrong(c, "no such condition")) &&
               check_label(c, i);
    case IR_br:
    case IR_label:
        return check_label(c, i);
    case IR_ld:
    case IR_st:
        return check_memory(c, i);
    case IR_copy:
    case IR_fill:
        return i->aux <= 2 || wrong(c, "no such element");
    case IR_align:
        return (i->imm > 0 && i->imm < 4096) || wrong(c, "alignment mask");
    case IR_insn:
    case IR_jump:
        return (uint64_t)i->imm <= 0xffffffffu || wrong(c, "address");
    case IR_xset:
    case IR_xld:
    case IR_xst:
    case IR_xop:
    case IR_xopm:
    case IR_xcmp:
    case IR_xcc:
    case IR_xccm:
    case IR_xdrop:
        return (x87_imm_d(i->imm) | x87_imm_s(i->imm)) % 8 == 0 ||
               wrong(c, "x87 register is misaligned");
    case IR_guard:
        return c->insns == 0 || wrong(c, "guard behind the first guest instruction");
    case IR_leave:
        return (i->imm > EXIT_LINK && i->imm < 256) || wrong(c, "reason");
    case IR_call:
        return (i->imm >= 0 && i->imm < 65536 && i->aux < 32) || wrong(c, "helper");
    case IR_vop:
    case IR_vfop:
        return (i->imm >= 0 && i->imm < 1 << 16 && (i->imm & 255) < VEC_COUNT &&
                vec_op((unsigned)i->imm & 255) == i->op) ||
               wrong(c, "no such function");
    default:
        if (ir_has_part(i->op))
            return i->aux == PART_8 || i->aux == PART_16 || wrong(c, "no such part");
        return i->op < IR_vadd || i->op > IR_vsplat || check_vector(c, i);
    }
}

static bool check_one(struct check *c)
{
    const struct ir_ins *i = &c->b->ins[c->n];
    if (i->op == IR_END || i->op >= IR_OPS)
        return wrong(c, "no such operation");
    if (!check_type(c, i))
        return false;
    for (unsigned k = 0; k < 3; k++)
        if (!check_operand(c, i, k))
            return false;
    if (i->op == IR_insn)
        c->insns++;
    if ((ir_traits(i->op) & TRAIT_FAULT) && !check_faulting(c, i))
        return false;
    bool ends = (ir_traits(i->op) & TRAIT_EXIT) || i->op == IR_br;
    if (ends && c->n < c->b->count && i[1].op != IR_label)
        return wrong(c, "what follows cannot be reached");
    if (c->n == c->b->count && !ends)
        return wrong(c, "the block has no end");
    return check_fields(c, i);
}

bool ir_verify(const struct ir_block *b, char *error, size_t size)
{
    struct check c = {.b = b, .error = error, .size = size};
    if (b->count == 0 || b->count > IR_MAX_INS || b->labels > IR_MAX_LABEL)
        return wrong(&c, "number of instructions or labels");
    for (c.n = 1; c.n <= b->count; c.n++)
        if (!check_one(&c))
            return false;
    c.n = 0;
    for (unsigned l = 0; l < b->labels; l++)
        if (c.wanted[l] && !c.placed[l])
            return wrong(&c, "label L%u is not placed", l);
    return c.insns == b->insns || wrong(&c, "number of guest instructions");
}
