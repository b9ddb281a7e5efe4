/*
 * Building a block: what frontends call.
 *
 * Instructions are simplified as they come (ir_fold.c) and constants are shared, so that lifting
 * code can be written straightforwardly. Sharing never reaches back over a label, because values
 * do not live across labels; and only a short way back, because that finds nearly everything and
 * keeps building linear.
 *
 * An operation whose flags differ from those of `or v, v` of its value is never folded away here:
 * an `ir_flagsof` for it may still follow. When one comes for a value that is not the last
 * instruction, the operation is repeated just before it (its operands are still at hand), or, if
 * it was folded, `or v, v` stands for it.
 */
#include <string.h>

#include <translator/cpu.h>
#include <translator/ir_fold.h>

#define SHARE_REACH 40 /* instructions to look back for an equal constant */

void ir_start(struct ir_block *b)
{
    b->count = 0;
    b->labels = 0;
    b->insns = b->most = 0;
    b->full = false;
    memset(&b->ins[0], 0, sizeof b->ins[0]);
}

bool ir_room(const struct ir_block *b, unsigned room)
{
    return b->count + room <= IR_MAX_INS;
}

/* Append without looking. A full block takes nothing more and gives "no value", which ir_verify
 * and every backend refuse; frontends ask ir_room before they begin a guest instruction. */
static ir_ref append(struct ir_block *b, const struct ir_ins *ins)
{
    if (b->count >= IR_MAX_INS)
        return 0;
    struct ir_ins *i = &b->ins[++b->count];
    *i = *ins;
    unsigned op = ins->op;
    if (!(ir_traits(op) & TRAIT_TYPED))
        i->type = (uint8_t)ir_result(i);
    if (op == IR_insn)
        b->insns++;
    if ((op == IR_ld || op == IR_st) && i->b == 0)
        i->aux &= (uint8_t) ~(unsigned)MEM_SCALE;
    if (ir_traits(op) & TRAIT_FAULT)
        i->site = (uint16_t)(b->insns == 0 ? 0 : b->insns - 1);
    return (ir_ref)b->count;
}

static ir_ref shared_const(struct ir_block *b, const struct ir_ins *ins)
{
    unsigned stop = b->count > SHARE_REACH ? b->count - SHARE_REACH : 0;
    for (unsigned i = b->count; i > stop && b->ins[i].op != IR_label; i--) {
        const struct ir_ins *k = &b->ins[i];
        if (k->op == IR_const && k->imm == ins->imm && k->type == ins->type)
            return (ir_ref)i;
    }
    return append(b, ins);
}

/* A store tells the alignment check before it, in the same guest instruction, its kind. */
static void mark_aligns(struct ir_block *b, const struct ir_ins *st)
{
    for (unsigned i = b->count; i > 0 && b->ins[i].op != IR_insn; i--)
        if (b->ins[i].op == IR_align && b->ins[i].aux == 0)
            b->ins[i].aux = ACCESS_WRITE | (st->aux & MEM_USER ? ACCESS_USER : 0);
}

static bool power_of_two(const struct ir_block *b, ir_ref r, unsigned *log2)
{
    uint64_t v;
    if (!ir_is_const(b, r, &v) || v == 0 || (v & (v - 1)) != 0)
        return false;
    *log2 = (unsigned)__builtin_ctzll(v);
    return true;
}

/* Cheaper operations that need a new constant. */
static void strength(struct ir_block *b, struct ir_ins *ins)
{
    unsigned n;
    if (ins->op == IR_mul && power_of_two(b, ins->b, &n)) {
        ins->op = IR_shl;
        ins->b = ir_const(b, IR_I32, n);
    } else if (ins->op == IR_udiv && power_of_two(b, ins->b, &n)) {
        ins->op = IR_shr;
        ins->b = ir_const(b, IR_I32, n);
    }
}

ir_ref ir_emit(struct ir_block *b, struct ir_ins ins)
{
    ir_ref same;
    switch (ins.op) {
    case IR_const:
        if (ins.type == IR_I32)
            ins.imm = (int64_t)(uint32_t)ins.imm;
        return shared_const(b, &ins);
    case IR_flagsof:
        return ir_flagsof(b, ins.a);
    case IR_st:
        mark_aligns(b, &ins);
        return append(b, &ins);
    }
    switch (ir_simplify(b, &ins, true, &same)) {
    case IR_SAME:
        return same;
    case IR_CHANGE:
        return ir_emit(b, ins);
    case IR_KEEP:
        break;
    }
    strength(b, &ins);
    return append(b, &ins);
}

ir_ref ir_const(struct ir_block *b, enum ir_type t, uint64_t v)
{
    return ir_emit(b, (struct ir_ins){.op = IR_const, .type = (uint8_t)t, .imm = (int64_t)v});
}

ir_ref ir_un(struct ir_block *b, enum ir_op op, enum ir_type t, ir_ref a)
{
    return ir_emit(b, (struct ir_ins){.op = (uint8_t)op, .type = (uint8_t)t, .a = a});
}

ir_ref ir_bin(struct ir_block *b, enum ir_op op, enum ir_type t, ir_ref x, ir_ref y)
{
    return ir_emit(b, (struct ir_ins){.op = (uint8_t)op, .type = (uint8_t)t, .a = x, .b = y});
}

ir_ref ir_tri(struct ir_block *b, enum ir_op op, enum ir_type t, ir_ref x, ir_ref y, ir_ref z)
{
    return ir_emit(b,
                   (struct ir_ins){.op = (uint8_t)op, .type = (uint8_t)t, .a = x, .b = y, .c = z});
}

ir_ref ir_imm(struct ir_block *b, enum ir_op op, enum ir_type t, ir_ref a, int64_t imm)
{
    return ir_emit(b, (struct ir_ins){.op = (uint8_t)op, .type = (uint8_t)t, .a = a, .imm = imm});
}

ir_ref ir_vec(struct ir_block *b, enum ir_op op, unsigned lane, ir_ref x, ir_ref y, int64_t imm)
{
    return ir_emit(
        b,
        (struct ir_ins){
            .op = (uint8_t)op, .type = IR_V128, .aux = (uint8_t)lane, .a = x, .b = y, .imm = imm});
}

ir_ref ir_get(struct ir_block *b, enum ir_type t, size_t offset)
{
    return ir_imm(b, IR_get, t, 0, (int64_t)offset);
}

void ir_put(struct ir_block *b, enum ir_type t, size_t offset, ir_ref v)
{
    ir_imm(b, IR_put, t, v, (int64_t)offset);
}

ir_ref ir_part(struct ir_block *b, enum ir_op op, unsigned part, ir_ref x, ir_ref y, ir_ref z)
{
    return ir_emit(
        b, (struct ir_ins){
               .op = (uint8_t)op, .type = IR_I32, .aux = (uint8_t)part, .a = x, .b = y, .c = z});
}

ir_ref ir_getf(struct ir_block *b)
{
    return ir_imm(b, IR_getf, IR_FLAGS, 0, 0);
}

void ir_putf(struct ir_block *b, ir_ref f, unsigned mask)
{
    ir_imm(b, IR_putf, IR_FLAGS, f, mask);
}

ir_ref ir_flagsof(struct ir_block *b, ir_ref a)
{
    struct ir_ins flags = {.op = IR_flagsof, .type = b->ins[a].type, .a = a};
    if (a < b->count && b->ins[a + 1].op == IR_flagsof)
        return (ir_ref)(a + 1);
    bool gives = ir_traits(b->ins[a].op) & TRAIT_FLAGS;
    if (!gives) {
        flags.type = (uint8_t)ir_result(&b->ins[a]);
        flags.a = append(b, &(struct ir_ins){.op = IR_or, .type = flags.type, .a = a, .b = a});
    } else if (a != b->count) {
        struct ir_ins again = b->ins[a];
        flags.a = append(b, &again);
    }
    return append(b, &flags);
}

ir_ref ir_setcc(struct ir_block *b, ir_ref f, enum ir_cc cc)
{
    return ir_emit(b, (struct ir_ins){.op = IR_setcc, .type = IR_I32, .aux = (uint8_t)cc, .a = f});
}

ir_ref ir_select(struct ir_block *b, enum ir_type t, ir_ref f, enum ir_cc cc, ir_ref x, ir_ref y)
{
    return ir_emit(
        b, (struct ir_ins){
               .op = IR_select, .type = (uint8_t)t, .aux = (uint8_t)cc, .a = f, .b = x, .c = y});
}

ir_ref ir_load(struct ir_block *b, enum ir_type t, unsigned mem, ir_ref base, int32_t disp)
{
    return ir_emit(
        b, (struct ir_ins){
               .op = IR_ld, .type = (uint8_t)t, .aux = (uint8_t)mem, .a = base, .imm = disp});
}

void ir_store(struct ir_block *b, enum ir_type t, unsigned mem, ir_ref base, int32_t disp,
              ir_ref value)
{
    ir_emit(b, (struct ir_ins){.op = IR_st,
                               .type = (uint8_t)t,
                               .aux = (uint8_t)mem,
                               .a = base,
                               .c = value,
                               .imm = disp});
}

ir_ref ir_string(struct ir_block *b, enum ir_op op, unsigned log2, ir_ref to, ir_ref from,
                 ir_ref count)
{
    return ir_emit(b, (struct ir_ins){
                          .op = (uint8_t)op, .aux = (uint8_t)log2, .a = to, .b = from, .c = count});
}

void ir_align(struct ir_block *b, ir_ref address, unsigned mask)
{
    ir_imm(b, IR_align, IR_NONE, address, mask);
}

ir_ref ir_call(struct ir_block *b, enum ir_type t, unsigned helper, unsigned kind, ir_ref x,
               ir_ref y, ir_ref z)
{
    return ir_emit(b, (struct ir_ins){.op = IR_call,
                                      .type = (uint8_t)(kind & CALL_VOID ? IR_NONE : t),
                                      .aux = (uint8_t)kind,
                                      .a = x,
                                      .b = y,
                                      .c = z,
                                      .imm = helper});
}

void ir_insn(struct ir_block *b, uint32_t pc, unsigned side)
{
    ir_emit(b, (struct ir_ins){.op = IR_insn, .aux = (uint8_t)side, .imm = pc});
}

unsigned ir_new_label(struct ir_block *b)
{
    return b->labels < IR_MAX_LABEL ? b->labels++ : IR_MAX_LABEL;
}

void ir_label(struct ir_block *b, unsigned label)
{
    ir_emit(b, (struct ir_ins){.op = IR_label, .imm = label});
}

void ir_br(struct ir_block *b, unsigned label)
{
    ir_emit(b, (struct ir_ins){.op = IR_br, .imm = label});
}

void ir_brcc(struct ir_block *b, ir_ref f, enum ir_cc cc, unsigned label)
{
    ir_emit(b, (struct ir_ins){.op = IR_brcc, .aux = (uint8_t)cc, .a = f, .imm = label});
}

void ir_jump(struct ir_block *b, uint32_t pc, unsigned kind, uint32_t ret)
{
    ir_emit(b, (struct ir_ins){.op = IR_jump, .aux = (uint8_t)kind, .imm = pc, .ret = ret});
}

void ir_jumpto(struct ir_block *b, ir_ref pc, unsigned kind, uint32_t ret)
{
    ir_emit(b, (struct ir_ins){.op = IR_jumpto, .aux = (uint8_t)kind, .a = pc, .ret = ret});
}

void ir_leave(struct ir_block *b, ir_ref pc, unsigned reason)
{
    ir_emit(b, (struct ir_ins){.op = IR_leave, .a = pc, .imm = reason});
}
