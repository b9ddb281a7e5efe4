/*
 * Lifting system instructions: exceptions, status registers, barriers, coprocessor registers.
 *
 * What changes the mode word, the mode or what may interrupt leaves the block (EXIT_STATE), but only
 * if the helper says that it really did. Registers that are plain state are read and written in
 * line (sysreg.h).
 */
#include "lift.h"
#include "sysreg.h"

static ir_ref call(struct arm_lift *a, enum arm_helper h, unsigned kind, ir_ref x, ir_ref y)
{
    return ir_call(a->b, IR_I32, h, kind, x, y, 0);
}

#define STATE_CHANGES (CALL_READS | CALL_WRITES)

void arm_return_spsr(struct arm_lift *a, ir_ref v)
{
    if (!a->privileged) { /* UNPREDICTABLE */
        arm_lift_undefined(a);
        return;
    }
    if (a->l->direct) {
        arm_switch_return(a, v, 0);
        return;
    }
    ir_leave(a->b, call(a, HELPER_return_spsr, STATE_CHANGES, v, 0), EXIT_STATE);
    a->ended = true;
}

/* ---- RFE, SRS --------------------------------------------------------------------------------- */

static ir_ref plus(struct arm_lift *a, ir_ref x, int32_t n)
{
    return ir_bin(a->b, IR_add, IR_I32, x, arm_i32(a, (uint32_t)n));
}

/* Distance of the lower word from the base (B9.3.13, B9.3.16). */
static int32_t pair_offset(const struct arm_insn *i)
{
    return i->u ? (i->p ? 4 : 0) : (i->p ? -8 : -4);
}

static void return_from_exception(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    if (!a->privileged) {
        arm_lift_undefined(a);
        return;
    }
    ir_ref base = arm_reg(a, i->rn), at = plus(a, base, pair_offset(i));
    ir_align(a->b, at, 3);
    ir_ref pc = ir_load(a->b, IR_I32, arm_mem(a, 2), at, 0);
    ir_ref cpsr = ir_load(a->b, IR_I32, arm_mem(a, 2), at, 4);
    if (i->w)
        arm_set_reg(a, i->rn, plus(a, base, i->u ? 8 : -8));
    if (a->l->direct) {
        arm_switch_return(a, pc, cpsr);
        return;
    }
    ir_leave(a->b, call(a, HELPER_return_value, STATE_CHANGES, pc, cpsr), EXIT_STATE);
    a->ended = true;
}

static void store_return_state(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    if (!a->privileged) {
        arm_lift_undefined(a);
        return;
    }
    ir_ref mode = arm_i32(a, i->imm);
    ir_ref base = call(a, HELPER_srs_address, CALL_READS, mode, 0);
    ir_ref at = plus(a, base, pair_offset(i));
    ir_align(a->b, at, 3);
    ir_store(a->b, IR_I32, arm_mem(a, 2), at, 0, arm_reg(a, 14));
    ir_store(a->b, IR_I32, arm_mem(a, 2), at, 4, ir_get(a->b, IR_I32, ARM_STATE(spsr)));
    if (i->w)
        call(a, HELPER_srs_back, STATE_CHANGES | CALL_VOID, mode, plus(a, base, i->u ? 8 : -8));
}

/* ---- status registers ------------------------------------------------------------------------- */

static ir_ref bin(struct arm_lift *a, enum ir_op op, ir_ref x, ir_ref y)
{
    return ir_bin(a->b, op, IR_I32, x, y);
}
static ir_ref with(struct arm_lift *a, enum ir_op op, ir_ref x, uint32_t n)
{
    return bin(a, op, x, arm_i32(a, n));
}

/* Bit n set if ARM condition cond holds. */
static ir_ref flag_bit(struct arm_lift *a, unsigned cond, unsigned n)
{
    enum ir_cc cc;
    ir_ref f = arm_flags_for(a, cond, &cc);
    return with(a, IR_shl, ir_setcc(a->b, f, cc), n);
}

/* CPSR as MRS reads it: the execution state reads as zero (B9.3.8), and so do A, I and F in user
 * mode. The multiplication brings GE, bit 7 of each byte, together in bits 31 to 28. */
static ir_ref current_status(struct arm_lift *a)
{
    uint32_t plain = CPSR_MODE | CPSR_E | CPSR_Q | (a->privileged ? CPSR_F | CPSR_I | CPSR_A : 0);
    ir_ref v = with(a, IR_and, ir_get(a->b, IR_I32, ARM_STATE(cpsr)), plain);
    ir_ref ge = with(a, IR_mul, ir_get(a->b, IR_I32, ARM_STATE(ge)), 0x00204081);
    v = bin(a, IR_or, v, with(a, IR_and, with(a, IR_shr, ge, 12), CPSR_GE));
    v = bin(a, IR_or, v, flag_bit(a, 4, 31));    /* MI */
    v = bin(a, IR_or, v, flag_bit(a, 0, 30));    /* EQ */
    v = bin(a, IR_or, v, flag_bit(a, 2, 29));    /* CS */
    return bin(a, IR_or, v, flag_bit(a, 6, 28)); /* VS */
}

static void read_status(struct arm_lift *a)
{
    bool saved = a->insn.x != 0;
    if (saved && !a->privileged)
        arm_lift_undefined(a);
    else if (saved)
        arm_set_reg(a, a->insn.rd, ir_get(a->b, IR_I32, ARM_STATE(spsr)));
    else
        arm_set_reg(a, a->insn.rd, current_status(a));
}

/* CPSR := new, which differs in interrupt masks only; but if an interrupt waits, or `hinders` is not
 * 0, the helper does it and the block may be left. No value outlives a label, so the helper's first
 * operand is made behind it. */
static void change_masks(struct arm_lift *a, ir_ref new, ir_ref hinders, enum arm_helper h,
                         ir_ref (*operand)(struct arm_lift *a), uint32_t which)
{
    struct ir_block *b = a->b;
    bool room = a->it_next == a->it_state && a->exits < sizeof a->exit / sizeof a->exit[0];
    if (!room) {
        arm_leave_if(a, call(a, h, STATE_CHANGES, operand(a), arm_i32(a, which)));
        return;
    }
    unsigned slow = ir_new_label(b), done = ir_new_label(b);
    hinders = bin(a, IR_or, hinders, ir_get(b, IR_I32, offsetof(struct cpu, lines)));
    ir_brcc(b, ir_flagsof(b, hinders), CC_NE, slow);
    ir_put(b, IR_I32, ARM_STATE(cpsr), new);
    ir_br(b, done);
    ir_label(b, slow);
    arm_leave_if(a, call(a, h, STATE_CHANGES, operand(a), arm_i32(a, which)));
    ir_label(b, done);
}

static ir_ref status_operand(struct arm_lift *a)
{
    return a->insn.form == FORM_IMM ? arm_i32(a, a->insn.imm) : arm_reg(a, a->insn.rm);
}

static void write_status(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref v = status_operand(a);
    ir_ref fields = arm_i32(a, i->op1);
    if (i->x != 0) {
        if (!a->privileged)
            arm_lift_undefined(a);
        else if (i->op1 == 15)
            ir_put(a->b, IR_I32, ARM_STATE(spsr), v);
        else
            call(a, HELPER_msr_spsr, STATE_CHANGES | CALL_VOID, v, fields);
        return;
    }
    /* User mode: only the flags, GE and E; the first two change nothing that blocks depend on. */
    if ((i->op1 & (a->privileged ? 3 : 2)) == 0) {
        call(a, HELPER_msr_cpsr, STATE_CHANGES | CALL_VOID, v, fields);
        a->flags = 0;
        return;
    }
    if (i->op1 == 1) {
        ir_ref old = ir_get(a->b, IR_I32, ARM_STATE(cpsr)), differs = bin(a, IR_xor, old, v);
        ir_ref new = bin(a, IR_xor, old, with(a, IR_and, differs, CPSR_I | CPSR_F));
        change_masks(a, new, with(a, IR_and, differs, CPSR_MODE), HELPER_msr_cpsr, status_operand,
                     1);
        return;
    }
    arm_leave_if(a, call(a, HELPER_msr_cpsr, STATE_CHANGES, v, fields));
}

static ir_ref no_bits(struct arm_lift *a)
{
    return arm_i32(a, 0);
}

static void change_state(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    if (!a->privileged) /* no effect in user mode (B9.3.2) */
        return;
    uint32_t masks = ((i->x & 1) != 0 ? CPSR_F : 0) | ((i->x & 2) != 0 ? CPSR_I : 0) |
                     ((i->x & 4) != 0 ? CPSR_A : 0);
    bool disable = (i->x & 8) != 0, enable = (i->x & 16) != 0, mode = (i->x & 32) != 0;
    uint32_t which = (disable || enable ? masks : 0) | (mode ? CPSR_MODE : 0);
    uint32_t value = (disable ? masks : 0) | (mode ? i->imm & CPSR_MODE : 0);
    ir_ref old = ir_get(a->b, IR_I32, ARM_STATE(cpsr));
    if (mode)
        arm_leave_if(a, call(a, HELPER_cps, STATE_CHANGES, arm_i32(a, value), arm_i32(a, which)));
    else if (disable)
        ir_put(a->b, IR_I32, ARM_STATE(cpsr), with(a, IR_or, old, masks));
    else if (enable)
        change_masks(a, with(a, IR_and, old, ~masks), arm_i32(a, 0), HELPER_cps, no_bits, masks);
}

static void set_endianness(struct arm_lift *a)
{
    bool big = a->insn.x != 0;
    if (big == a->big)
        return;
    ir_ref v = ir_get(a->b, IR_I32, ARM_STATE(cpsr));
    v = ir_bin(a->b, IR_and, IR_I32, v, arm_i32(a, ~CPSR_E));
    v = ir_bin(a->b, IR_or, IR_I32, v, arm_i32(a, big ? CPSR_E : 0));
    ir_put(a->b, IR_I32, ARM_STATE(cpsr), v);
    arm_lift_leave_next(a, EXIT_STATE);
}

/* ---- exceptions, waiting, barriers ------------------------------------------------------------ */

static void supervisor_call(struct arm_lift *a)
{
    if (a->l->direct)
        arm_switch_call(a);
    else
        arm_lift_leave_next(a, EXIT_CALL);
}

static void breakpoint(struct arm_lift *a)
{
    arm_sync_it(a, a->it);
    ir_leave(a->b, arm_i32(a, a->pc | a->thumb), EXIT_BREAK);
    a->ended = true;
}

static void firmware_call(struct arm_lift *a)
{
    if (!a->privileged) {
        arm_lift_undefined(a);
        return;
    }
    ir_call(a->b, IR_I32, HELPER_firmware, STATE_CHANGES | CALL_EXITS | CALL_VOID,
            arm_i32(a, a->insn.op == ARM_HVC), 0, 0);
    arm_lift_leave_next(a, EXIT_STATE);
}

/* WFE takes the event register if it is set; else it would wait for an event, which an interrupt
 * is too: let the dispatcher look. Never blocks. */
static void wait_for_event(struct arm_lift *a)
{
    ir_put(a->b, IR_I32, ARM_STATE(event), arm_i32(a, 0));
    arm_lift_leave_next(a, EXIT_STATE);
}

/* Whether this block has done anything for which what follows must be fetched again: stores, and calls, as of
 * TLB maintenance. Blocks are not entered with older code than memory holds. */
static bool may_be_stale(const struct arm_lift *a)
{
    for (unsigned n = 1; n <= a->b->count; n++) {
        const struct ir_ins *i = &a->b->ins[n];
        if (i->op == IR_st || (i->op == IR_call && i->imm != HELPER_put_dacr))
            return true;
    }
    return false;
}

/* ISB: what changes the execution state or its windows has ended its block already. */
static void check_point(struct arm_lift *a)
{
    if (!may_be_stale(a))
        return;
    arm_sync_it(a, a->it_next);
    ir_jump(a->b, a->next, JUMP_CHECK, 0);
    a->ended = true;
}

/* ---- coprocessor registers -------------------------------------------------------------------- */

static void refuse(struct arm_lift *a, bool write)
{
    const struct arm_insn *i = &a->insn;
    uint32_t name = (uint32_t)write << 31 |
                    (uint32_t)(i->cp << 16 | i->op1 << 12 | i->crn << 8 | i->crm << 4 | i->op2);
    if (a->privileged && i->x == 0)
        call(a, HELPER_unknown_register, CALL_VOID, arm_i32(a, name), arm_i32(a, a->pc));
    arm_lift_undefined(a);
}

/* The row of the register that the instruction names, or NULL: undefined, seen to. */
static const struct arm_sysreg *named(struct arm_lift *a, bool write, bool wide, int *row)
{
    const struct arm_insn *i = &a->insn;
    *row = -1;
    if (i->x == 0 && (i->cp == 15 || i->cp == 14))
        *row = arm_sysreg_find(i->cp, wide, wide ? 0 : i->crn, i->op1, i->crm, wide ? 0 : i->op2);
    if (*row < 0) {
        refuse(a, write);
        return NULL;
    }
    const struct arm_sysreg *r = &arm_sysregs[*row];
    if (!arm_sysreg_allows(r, a->privileged, write)) {
        arm_lift_undefined(a);
        return NULL;
    }
    return r;
}

static unsigned helper_kind(const struct arm_sysreg *r)
{
    return STATE_CHANGES | (r->exits ? CALL_EXITS : 0);
}

static void register_read(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    int row;
    const struct arm_sysreg *r = named(a, false, false, &row);
    ir_ref v;
    if (r == NULL)
        return;
    if (r->read != NULL)
        v = call(a, HELPER_cp15_read, helper_kind(r), arm_i32(a, (uint32_t)row), 0);
    else
        v = r->offset != 0 ? ir_get(a->b, IR_I32, r->offset) : arm_i32(a, r->value);
    if (i->rd != 15) {
        arm_set_reg(a, i->rd, v);
        return;
    }
    /* rd 15: bits 31 to 28 to the flags (A8.8.107) */
    call(a, HELPER_put_nzcv, STATE_CHANGES | CALL_VOID, v, 0);
    a->flags = 0;
}

/* Writes of registers that do nothing, but for these two. */
static void no_state(struct arm_lift *a, const struct arm_sysreg *r)
{
    if (r->crn == 7 && r->crm == 5 && r->op2 == 4) /* CP15ISB */
        check_point(a);
    else if (r->crn == 7 && r->crm == 0 && r->op2 == 4) /* the old WFI */
        arm_lift_leave_next(a, EXIT_HALT);
}

static void write_by_helper(struct arm_lift *a, const struct arm_sysreg *r, enum arm_helper h,
                            int row, ir_ref v)
{
    ir_ref number = arm_i32(a, (uint32_t)row);
    if (r->leave)
        arm_leave_if(a, call(a, h, helper_kind(r), number, v));
    else
        call(a, h, helper_kind(r) | CALL_VOID, number, v);
}

static void register_write(struct arm_lift *a)
{
    int row;
    const struct arm_sysreg *r = named(a, true, false, &row);
    if (r == NULL)
        return;
    if (r->crn == 3) {
        arm_switch_dacr(a);
        return;
    }
    ir_ref v = arm_reg(a, a->insn.rd);
    if (r->write != NULL)
        write_by_helper(a, r, HELPER_cp15_write, row, v);
    else if (r->offset != 0)
        ir_put(a->b, IR_I32, r->offset, v);
    else
        no_state(a, r);
}

static void wide_read(struct arm_lift *a)
{
    int row;
    const struct arm_sysreg *r = named(a, false, true, &row);
    if (r == NULL)
        return;
    ir_ref v =
        ir_call(a->b, IR_I64, HELPER_cp15_read64, helper_kind(r), arm_i32(a, (uint32_t)row), 0, 0);
    arm_set_reg(a, a->insn.rd, ir_un(a->b, IR_lo32, IR_I32, v));
    arm_set_reg(a, a->insn.ra, ir_un(a->b, IR_hi32, IR_I32, v));
}

static void wide_write(struct arm_lift *a)
{
    int row;
    const struct arm_sysreg *r = named(a, true, true, &row);
    if (r == NULL)
        return;
    ir_ref v = ir_bin(a->b, IR_pair, IR_I64, arm_reg(a, a->insn.rd), arm_reg(a, a->insn.ra));
    write_by_helper(a, r, HELPER_cp15_write64, row, v);
}

/* ---- dispatch --------------------------------------------------------------------------------- */

void arm_lift_system(struct arm_lift *a)
{
    switch (a->insn.op) {
    case ARM_SVC:
        supervisor_call(a);
        break;
    case ARM_BKPT:
        breakpoint(a);
        break;
    case ARM_HVC:
    case ARM_SMC:
        firmware_call(a);
        break;
    case ARM_RFE:
        return_from_exception(a);
        break;
    case ARM_SRS:
        store_return_state(a);
        break;
    case ARM_ERET:
        arm_return_spsr(a, arm_reg(a, 14));
        break;
    case ARM_MRS:
        read_status(a);
        break;
    case ARM_MSR:
        write_status(a);
        break;
    case ARM_CPS:
        change_state(a);
        break;
    case ARM_SETEND:
        set_endianness(a);
        break;
    case ARM_WFI:
        arm_lift_leave_next(a, EXIT_HALT);
        break;
    case ARM_WFE:
        wait_for_event(a);
        break;
    case ARM_SEV:
        ir_put(a->b, IR_I32, ARM_STATE(event), arm_i32(a, 1));
        break;
    case ARM_ISB:
        check_point(a);
        break;
    case ARM_MCR:
        register_write(a);
        break;
    case ARM_MRC:
        register_read(a);
        break;
    case ARM_MCRR:
        wide_write(a);
        break;
    case ARM_MRRC:
        wide_read(a);
        break;
    case ARM_NOP:
    case ARM_YIELD:
    case ARM_DBG:
    case ARM_DMB:
        break;
    case ARM_DSB:
        call(a, HELPER_barrier, CALL_VOID, 0, 0);
        break;
    default: /* UDF, CDP, LDC, STC: no coprocessor has them */
        arm_lift_undefined(a);
        break;
    }
}
