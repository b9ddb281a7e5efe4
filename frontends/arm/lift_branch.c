/*
 * Lifting branches. A conditional branch leaves by a side exit and the block goes on behind it; when
 * side exits are used up the block ends with both ways.
 */
#include "lift.h"

static uint32_t with_t(uint32_t pc, bool thumb)
{
    return thumb ? pc | 1 : pc & ~3u;
}

static uint32_t architectural_pc(const struct arm_lift *a)
{
    return a->pc + (a->thumb ? 4 : 8);
}

static void go(struct arm_lift *a, uint32_t pc, unsigned kind, uint32_t ret)
{
    arm_sync_it(a, a->it_next);
    arm_jump(a, pc, kind, ret);
    a->ended = true;
}

/* To pc if cc holds in f, else on. */
static void branch_if(struct arm_lift *a, ir_ref f, enum ir_cc cc, uint32_t pc)
{
    if (a->it_state == a->it_next && arm_side_exit(a, f, cc, pc, false))
        return;
    unsigned taken = ir_new_label(a->b);
    arm_sync_it(a, a->it_next);
    ir_brcc(a->b, f, cc, taken);
    arm_jump(a, a->next, JUMP_PLAIN, 0);
    ir_label(a->b, taken);
    arm_jump(a, pc, JUMP_PLAIN, 0);
    a->ended = true;
}

/* May the block go on at the target of an unconditional branch? Forwards, in the page it began in:
 * what it is made of then still lies between its begin and its end. */
static bool follows(const struct arm_lift *a, uint32_t to)
{
    return to > a->pc && ((to ^ a->l->pc) & GUEST_PAGE_MASK) == 0;
}

static void branch(struct arm_lift *a)
{
    uint32_t to = with_t(architectural_pc(a) + a->insn.imm, a->thumb);
    if (a->cond == 14) {
        if (follows(a, to))
            a->next = to;
        else
            go(a, to, JUMP_PLAIN, 0);
        return;
    }
    enum ir_cc cc;
    ir_ref f = arm_flags_for(a, a->cond, &cc);
    branch_if(a, f, cc, to);
}

static void link(struct arm_lift *a)
{
    arm_set_reg(a, 14, arm_i32(a, a->next));
}

static void branch_link(struct arm_lift *a)
{
    bool exchange = a->insn.op == ARM_BLX;
    uint32_t from = architectural_pc(a);
    if (exchange)
        from &= ~3u;
    link(a);
    go(a, with_t(from + a->insn.imm, a->thumb != exchange), JUMP_CALL, a->next);
}

/* BX, BXJ (no Jazelle: as BX), BLX of a register. */
static void branch_register(struct arm_lift *a)
{
    ir_ref to = arm_reg(a, a->insn.rm);
    if (a->insn.op == ARM_BLXR) {
        link(a);
        arm_branch_exchange(a, to, JUMP_CALL, a->next);
        return;
    }
    arm_branch_exchange(a, to, a->insn.rm == 14 ? JUMP_RETURN : JUMP_PLAIN, 0);
}

static void compare_branch(struct arm_lift *a)
{
    ir_ref f = ir_flagsof(a->b, arm_reg(a, a->insn.rn));
    branch_if(a, f, a->insn.op == ARM_CBZ ? CC_E : CC_NE,
              with_t(architectural_pc(a) + a->insn.imm, true));
}

/* TBB, TBH: a table of half distances. */
static void table_branch(struct arm_lift *a)
{
    bool half = a->insn.op == ARM_TBH;
    ir_ref v = ir_emit(a->b, (struct ir_ins){.op = IR_ld,
                                             .type = IR_I32,
                                             .aux = (uint8_t)(arm_mem(a, half) |
                                                              (unsigned)half << MEM_SCALE_SHIFT),
                                             .a = arm_reg(a, a->insn.rn),
                                             .b = arm_reg(a, a->insn.rm)});
    v = ir_bin(a->b, IR_shl, IR_I32, v, arm_i32(a, 1));
    v = ir_bin(a->b, IR_add, IR_I32, v, arm_i32(a, architectural_pc(a) | 1));
    arm_branch_exchange(a, v, JUMP_PLAIN, 0);
}

void arm_lift_branch(struct arm_lift *a)
{
    switch (a->insn.op) {
    case ARM_B:
        branch(a);
        break;
    case ARM_BL:
    case ARM_BLX:
        branch_link(a);
        break;
    case ARM_BX:
    case ARM_BXJ:
    case ARM_BLXR:
        branch_register(a);
        break;
    case ARM_CBZ:
    case ARM_CBNZ:
        compare_branch(a);
        break;
    case ARM_TBB:
    case ARM_TBH:
        table_branch(a);
        break;
    default: /* IT: lift.c sees to it */
        break;
    }
}
