/*
 * Looking ahead: does the code at a jump's target write all of N, Z, C and V before it reads any?
 *
 * Then the block that jumps there may leave its own flags pending (translator/pass_lazy.c). Only
 * straight-line code in the page of the block is looked at, a few instructions of it, and nothing
 * that is conditional, reads flags, writes some of them only, or could see the CPSR another way.
 * A fault on the way would show the flags; so the registers are listed that are written before the
 * last instruction that may fault.
 */
#include "lift.h"

#define AHEAD (FLOW_LIMIT_MIN / 2) /* instructions looked at */

enum step { STEP_STOP, STEP_ON, STEP_DEAD };

struct ahead {
    struct arm_lift *a;
    uint32_t pc;
    struct arm_insn insn;
    uint32_t written;  /* registers, so far */
    uint32_t observed; /* of them, those written before something that may fault */
};

static bool fetch(struct ahead *h)
{
    struct lift *l = h->a->l;
    uint32_t code, low = 0, page = l->pc & GUEST_PAGE_MASK;
    bool thumb = h->a->thumb;
    if ((h->pc & GUEST_PAGE_MASK) != page || !l->fetch(l, h->pc, thumb ? 2 : 4, &code))
        return false;
    if (!thumb) {
        arm_decode_a32(code, &h->insn);
        return true;
    }
    code &= 0xffff;
    if (arm_t32_is_wide(code)) {
        if (((h->pc + 2) & GUEST_PAGE_MASK) != page || !l->fetch(l, h->pc + 2, 2, &low))
            return false;
        code = code << 16 | (low & 0xffff);
    }
    arm_decode_t32(code, &h->insn);
    return true;
}

static enum step writes(struct ahead *h, unsigned reg)
{
    if (reg == 15)
        return STEP_STOP;
    h->written |= 1u << reg;
    return STEP_ON;
}

static enum step alu(struct ahead *h)
{
    const struct arm_insn *i = &h->insn;
    bool carry = i->shift_type == SHIFT_RRX && i->form == FORM_REG;
    switch (i->op) {
    case ARM_CMP:
    case ARM_CMN:
        return carry ? STEP_STOP : STEP_DEAD;
    case ARM_ADD:
    case ARM_SUB:
    case ARM_RSB:
        if (carry || i->rd == 15)
            return STEP_STOP;
        return i->s != S_NO ? STEP_DEAD : writes(h, i->rd);
    case ARM_AND:
    case ARM_EOR:
    case ARM_ORR:
    case ARM_BIC:
    case ARM_MOV:
    case ARM_MVN:
    case ARM_ORN:
    case ARM_ADR:
    case ARM_MOVW:
    case ARM_MOVT:
    case ARM_MUL:
    case ARM_MLA:
    case ARM_MLS:
    case ARM_CLZ:
    case ARM_REV:
    case ARM_SXTB:
    case ARM_SXTH:
    case ARM_UXTB:
    case ARM_UXTH:
    case ARM_BFC:
    case ARM_BFI:
    case ARM_SBFX:
    case ARM_UBFX:
        return i->s != S_NO || carry ? STEP_STOP : writes(h, i->rd);
    case ARM_UMULL:
    case ARM_SMULL:
    case ARM_UMLAL:
    case ARM_SMLAL:
        h->written |= 1u << i->ra;
        return i->s != S_NO ? STEP_STOP : writes(h, i->rd);
    default:
        return STEP_STOP;
    }
}

static enum step memory(struct ahead *h)
{
    const struct arm_insn *i = &h->insn;
    bool load = false;
    uint32_t before = h->written;
    switch (i->op) {
    case ARM_LDR:
    case ARM_LDRB:
    case ARM_LDRH:
    case ARM_LDRSB:
    case ARM_LDRSH:
        load = true;
        break;
    case ARM_STR:
    case ARM_STRB:
    case ARM_STRH:
        break;
    case ARM_PLD:
        return STEP_ON;
    case ARM_STM:
        before |= i->w ? 1u << i->rn : 0;
        break;
    case ARM_LDM:
        before |= i->regs;
        h->written |= i->regs;
        break;
    default:
        return STEP_STOP;
    }
    if (i->user || (i->op == ARM_LDM && i->regs >> 15 != 0))
        return STEP_STOP;
    h->observed |= before;
    if ((i->w || !i->p) && i->rn != 15)
        h->written |= 1u << i->rn;
    return load ? writes(h, i->rd) : STEP_ON;
}

/* VFP and Advanced SIMD: only loads and stores may fault, and only VMRS writes flags. */
static enum step simd(struct ahead *h)
{
    const struct arm_insn *i = &h->insn;
    if (!h->a->vfp) /* undefined now */
        return STEP_STOP;
    if ((i->op >= ARM_VFP_VLDR && i->op <= ARM_VFP_VSTM) || i->op >= ARM_VLD)
        h->observed |= h->written;
    switch (i->op) {
    case ARM_VFP_VMRS:
    case ARM_VFP_VMSR:
        return STEP_STOP;
    case ARM_VFP_MOV_CORE2:
        if (i->x & 1)
            writes(h, i->ra);
        return i->x & 1 ? writes(h, i->rd) : STEP_ON;
    case ARM_VFP_MOV_CORE:
    case ARM_VFP_MOV_LANE:
        return i->x & 1 ? writes(h, i->rd) : STEP_ON;
    case ARM_VFP_VLDM:
    case ARM_VFP_VSTM:
        return i->w ? writes(h, i->rn) : STEP_ON;
    default:
        return i->op >= ARM_VLD && i->rm != 15 ? writes(h, i->rn) : STEP_ON;
    }
}

static enum step look(struct ahead *h)
{
    const struct arm_insn *i = &h->insn;
    h->pc += i->bytes;
    if (i->cond != 14)
        return STEP_STOP;
    if (i->op == ARM_B) {
        h->pc += i->imm + (h->a->thumb ? 4 : 8) - i->bytes;
        return STEP_ON;
    }
    if (i->op == ARM_NOP)
        return STEP_ON;
    if (i->op <= ARM_UBFX)
        return alu(h);
    if (i->op > ARM_IT && i->op <= ARM_PLI)
        return memory(h);
    return i->op >= ARM_VFP_MLA ? simd(h) : STEP_STOP;
}

uint32_t arm_flow(struct arm_lift *a, uint32_t pc)
{
    struct ahead h = {.a = a, .pc = pc & ~1u};
    enum step s = STEP_ON;
    if ((pc & 1) != a->thumb || a->it_state != 0 || a->l->limit < FLOW_LIMIT_MIN)
        return 0;
    a->l->peek = true;
    for (unsigned n = 0; n < AHEAD && s == STEP_ON; n++)
        s = fetch(&h) ? look(&h) : STEP_STOP;
    a->l->peek = false;
    return s == STEP_DEAD ? IR_FLOW_DEAD | h.observed << IR_FLOW_WRITES_SHIFT : 0;
}
