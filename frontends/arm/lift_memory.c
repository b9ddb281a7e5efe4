/*
 * Lifting loads and stores.
 *
 * Order within an instruction: alignment, accesses, then write-back and results, so that a fault
 * finds every register as it was. LDM writes registers between its loads, which may be repeated, but
 * its base last. Alignment is checked for everything with SCTLR.A or the MMU off (strongly-ordered
 * memory), and always for multiple, double and exclusive accesses (A3.2.1).
 */
#include "lift.h"

static ir_ref bin(struct arm_lift *a, enum ir_op op, ir_ref x, ir_ref y)
{
    return ir_bin(a->b, op, IR_I32, x, y);
}
static ir_ref plus(struct arm_lift *a, ir_ref x, uint32_t n)
{
    return n == 0 ? x : bin(a, IR_add, x, arm_i32(a, n));
}

/* ---- addresses -------------------------------------------------------------------------------- */

/* base + (index << scale) + disp; index 0: none. */
struct address {
    ir_ref base, index;
    unsigned scale;
    int32_t disp;
};

static ir_ref base_of(struct arm_lift *a)
{
    if (a->insn.rn == 15)
        return arm_i32(a, (a->pc + (a->thumb ? 4 : 8)) & ~3u);
    return arm_reg(a, a->insn.rn);
}

static ir_ref sum_of(struct arm_lift *a, const struct address *m)
{
    ir_ref v = m->base;
    if (m->index != 0) {
        ir_ref i = m->scale == 0 ? m->index : bin(a, IR_shl, m->index, arm_i32(a, m->scale));
        v = bin(a, IR_add, v, i);
    }
    return plus(a, v, (uint32_t)m->disp);
}

/* base with the instruction's offset applied. */
static struct address with_offset(struct arm_lift *a, ir_ref base)
{
    const struct arm_insn *i = &a->insn;
    struct address m = {.base = base};
    if (i->form == FORM_REG) {
        if (i->u && i->shift_type == SHIFT_LSL && i->shift <= 3) {
            m.index = arm_reg(a, i->rm);
            m.scale = i->shift;
        } else {
            m.base = bin(a, i->u ? IR_add : IR_sub, base, arm_operand(a, NULL));
        }
    } else {
        m.disp = (int32_t)(i->u ? i->imm : 0 - i->imm);
    }
    return m;
}

/* The address accessed. */
static struct address address_of(struct arm_lift *a)
{
    if (a->insn.p)
        return with_offset(a, base_of(a));
    return (struct address){.base = base_of(a)};
}

/* Write-back, if the instruction has it. Computed behind the access, which adds the offset itself,
 * so that the sum can be made in the base's own register. */
static void write_back(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    if (i->p && !i->w)
        return;
    struct address m = with_offset(a, base_of(a));
    arm_set_reg(a, i->rn, sum_of(a, &m));
}

static void check_alignment(struct arm_lift *a, struct address *m, unsigned mask)
{
    m->base = sum_of(a, m);
    m->index = 0;
    m->disp = 0;
    ir_align(a->b, m->base, mask);
}

static ir_ref load(struct arm_lift *a, enum ir_type t, unsigned mem, const struct address *m,
                   unsigned site)
{
    return ir_emit(a->b, (struct ir_ins){.op = IR_ld,
                                         .type = (uint8_t)t,
                                         .aux = (uint8_t)(mem | m->scale << MEM_SCALE_SHIFT),
                                         .bits = (uint8_t)site,
                                         .a = m->base,
                                         .b = m->index,
                                         .imm = m->disp});
}

static void store(struct arm_lift *a, enum ir_type t, unsigned mem, const struct address *m,
                  unsigned site, ir_ref value)
{
    ir_emit(a->b, (struct ir_ins){.op = IR_st,
                                  .type = (uint8_t)t,
                                  .aux = (uint8_t)(mem | m->scale << MEM_SCALE_SHIFT),
                                  .bits = (uint8_t)site,
                                  .a = m->base,
                                  .b = m->index,
                                  .c = value,
                                  .imm = m->disp});
}

/* ---- one register ----------------------------------------------------------------------------- */

struct access {
    uint8_t log2;
    bool store, is_signed;
};

static const struct access accesses[ARM_OPS] = {
    [ARM_LDR] = {2, false, false},  [ARM_STR] = {2, true, false},   [ARM_LDRB] = {0, false, false},
    [ARM_STRB] = {0, true, false},  [ARM_LDRH] = {1, false, false}, [ARM_STRH] = {1, true, false},
    [ARM_LDRSB] = {0, false, true}, [ARM_LDRSH] = {1, false, true},
};

static void single(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    const struct access *x = &accesses[i->op];
    struct address m = address_of(a);
    unsigned mem = arm_mem(a, x->log2) | (x->is_signed ? MEM_SIGNED : 0);
    if (i->user && a->privileged)
        mem |= MEM_USER;
    if (a->strict && x->log2 != 0)
        check_alignment(a, &m, (1u << x->log2) - 1);
    if (x->store) {
        store(a, IR_I32, mem, &m, 0, arm_reg(a, i->rd));
        write_back(a);
        return;
    }
    ir_ref v = load(a, IR_I32, mem, &m, 0);
    write_back(a);
    if (i->rd == 15)
        arm_branch_exchange(a, v, i->rn == 13 ? JUMP_RETURN : JUMP_PLAIN, 0);
    else
        arm_set_reg(a, i->rd, v);
}

/* ---- two registers ---------------------------------------------------------------------------- */

/* The first register is at the lower address; an access of 8 bytes in big-endian order has it in
 * the upper half. */
static ir_ref join(struct arm_lift *a, ir_ref first, ir_ref second)
{
    return a->big ? ir_bin(a->b, IR_pair, IR_I64, second, first)
                  : ir_bin(a->b, IR_pair, IR_I64, first, second);
}
static ir_ref first_of(struct arm_lift *a, ir_ref v)
{
    return ir_un(a->b, a->big ? IR_hi32 : IR_lo32, IR_I32, v);
}
static ir_ref second_of(struct arm_lift *a, ir_ref v)
{
    return ir_un(a->b, a->big ? IR_lo32 : IR_hi32, IR_I32, v);
}

static void dual(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    struct address m = address_of(a);
    check_alignment(a, &m, 3);
    if (i->op == ARM_STRD) {
        store(a, IR_I64, arm_mem(a, 3), &m, 0, join(a, arm_reg(a, i->rd), arm_reg(a, i->ra)));
        write_back(a);
        return;
    }
    ir_ref v = load(a, IR_I64, arm_mem(a, 3), &m, 0);
    write_back(a);
    arm_set_reg(a, i->rd, first_of(a, v));
    arm_set_reg(a, i->ra, second_of(a, v));
}

/* ---- exclusive accesses (A3.4) ---------------------------------------------------------------- */

/* The monitor: size, address and value. A store succeeds if all three still hold: with one
 * processor and the monitor cleared by every exception return, that is enough. */
static unsigned exclusive_log2(unsigned op)
{
    switch (op) {
    case ARM_LDREXB:
    case ARM_STREXB:
        return 0;
    case ARM_LDREXH:
    case ARM_STREXH:
        return 1;
    case ARM_LDREXD:
    case ARM_STREXD:
        return 3;
    default:
        return 2;
    }
}

static struct address exclusive_address(struct arm_lift *a, unsigned log2)
{
    struct address m = {.base = plus(a, arm_reg(a, a->insn.rn), a->insn.imm)};
    if (log2 != 0)
        ir_align(a->b, m.base, (1u << log2) - 1);
    return m;
}

static void load_exclusive(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    unsigned log2 = exclusive_log2(i->op);
    enum ir_type t = log2 == 3 ? IR_I64 : IR_I32;
    struct address m = exclusive_address(a, log2);
    ir_ref v = load(a, t, arm_mem(a, log2), &m, SITE_ATOMIC);
    ir_put(a->b, IR_I32, ARM_STATE(exclusive_va), m.base);
    ir_put(a->b, t, ARM_STATE(exclusive_value), v);
    ir_put(a->b, IR_I8, ARM_STATE(exclusive_valid), arm_i32(a, 1u << log2));
    if (log2 == 3) {
        arm_set_reg(a, i->rd, first_of(a, v));
        arm_set_reg(a, i->ra, second_of(a, v));
    } else {
        arm_set_reg(a, i->rd, v);
    }
}

static void branch_if_differs(struct arm_lift *a, ir_ref difference, unsigned label)
{
    ir_brcc(a->b, ir_flagsof(a->b, difference), CC_NE, label);
}

static void store_exclusive(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    struct ir_block *b = a->b;
    unsigned log2 = exclusive_log2(i->op), failed = ir_new_label(b), done = ir_new_label(b);
    enum ir_type t = log2 == 3 ? IR_I64 : IR_I32;
    struct address m = exclusive_address(a, log2);
    ir_ref size =
        bin(a, IR_xor, ir_get(b, IR_I8, ARM_STATE(exclusive_valid)), arm_i32(a, 1u << log2));
    ir_ref where = bin(a, IR_xor, ir_get(b, IR_I32, ARM_STATE(exclusive_va)), m.base);
    branch_if_differs(a, bin(a, IR_or, size, where), failed);
    ir_ref now = load(a, t, arm_mem(a, log2), &m, SITE_ATOMIC);
    ir_ref then = ir_get(b, t, ARM_STATE(exclusive_value));
    branch_if_differs(a, ir_bin(b, IR_xor, t, now, then), failed);
    ir_ref v = arm_reg(a, i->rd);
    if (log2 == 3)
        v = join(a, v, arm_reg(a, i->rm));
    store(a, t, arm_mem(a, log2), &m, SITE_ATOMIC, v);
    ir_put(b, IR_I8, ARM_STATE(exclusive_valid), arm_i32(a, 0));
    arm_set_reg(a, i->ra, arm_i32(a, 0));
    ir_br(b, done);
    ir_label(b, failed);
    ir_put(b, IR_I8, ARM_STATE(exclusive_valid), arm_i32(a, 0));
    arm_set_reg(a, i->ra, arm_i32(a, 1));
    ir_label(b, done);
    a->flags = 0;
}

static void clear_exclusive(struct arm_lift *a)
{
    ir_put(a->b, IR_I8, ARM_STATE(exclusive_valid), arm_i32(a, 0));
}

static void swap(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    unsigned log2 = i->op == ARM_SWP ? 2 : 0;
    struct address m = {.base = arm_reg(a, i->rn)};
    ir_ref new = arm_reg(a, i->rm);
    if (log2 != 0)
        ir_align(a->b, m.base, 3);
    ir_ref old = load(a, IR_I32, arm_mem(a, log2), &m, SITE_ATOMIC);
    store(a, IR_I32, arm_mem(a, log2), &m, SITE_ATOMIC, new);
    arm_set_reg(a, i->rd, old);
}

/* ---- LDM and STM ------------------------------------------------------------------------------ */

/* Registers of user mode (LDM and STM with ^, without r15): r8-r12 differ in FIQ mode, r13 and
 * r14 in all privileged modes but System. Supervisor mode's are done in line. */
static size_t bank_slot(unsigned n)
{
    return n == 13 ? ARM_STATE(bank_sp[BANK_USR]) : ARM_STATE(bank_lr[BANK_USR]);
}

static ir_ref user_reg(struct arm_lift *a, unsigned n)
{
    if (n < 8 || n == 15 || (a->banked && n < 13))
        return arm_reg(a, n);
    if (a->banked)
        return ir_get(a->b, IR_I32, bank_slot(n));
    return ir_call(a->b, IR_I32, HELPER_user_get, CALL_READS, arm_i32(a, n), 0, 0);
}

static void set_user_reg(struct arm_lift *a, unsigned n, ir_ref v)
{
    if (n < 8 || (a->banked && n < 13))
        arm_set_reg(a, n, v);
    else if (a->banked)
        ir_put(a->b, IR_I32, bank_slot(n), v);
    else
        ir_call(a->b, IR_I32, HELPER_user_put, CALL_READS | CALL_WRITES | CALL_VOID, arm_i32(a, n),
                v, 0);
}

/* The lowest address and the value for write-back; the alignment is checked. */
static ir_ref list_address(struct arm_lift *a, ir_ref *back)
{
    const struct arm_insn *i = &a->insn;
    int32_t bytes = 4 * __builtin_popcount(i->regs);
    ir_ref base = arm_reg(a, i->rn);
    *back = 0;
    int32_t first = i->u ? (i->p ? 4 : 0) : (i->p ? -bytes : 4 - bytes);
    ir_ref address = plus(a, base, (uint32_t)first);
    ir_align(a->b, address, 3);
    if (i->w)
        *back = i->u ? plus(a, base, (uint32_t)bytes) : plus(a, base, 0 - (uint32_t)bytes);
    return address;
}

static void store_list(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    ir_ref back;
    struct address m = {.base = list_address(a, &back)};
    for (unsigned n = 0; n < 16; n++) {
        if ((i->regs >> n & 1) == 0)
            continue;
        store(a, IR_I32, arm_mem(a, 2), &m, 0, i->user ? user_reg(a, n) : arm_reg(a, n));
        m.disp += 4;
    }
    if (back != 0)
        arm_set_reg(a, i->rn, back);
}

static void load_list(struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    bool with_pc = (i->regs >> 15 & 1) != 0, user = i->user && !with_pc;
    ir_ref back, pc = 0, base_value = 0;
    struct address m = {.base = list_address(a, &back)};
    for (unsigned n = 0; n < 16; n++) {
        if ((i->regs >> n & 1) == 0)
            continue;
        ir_ref v = load(a, IR_I32, arm_mem(a, 2), &m, 0);
        m.disp += 4;
        if (n == 15)
            pc = v;
        else if (user)
            set_user_reg(a, n, v);
        else if (n == i->rn)
            base_value = v;
        else
            arm_set_reg(a, n, v);
    }
    if (base_value != 0)
        arm_set_reg(a, i->rn, base_value);
    else if (back != 0)
        arm_set_reg(a, i->rn, back);
    if (pc != 0 && i->user)
        arm_return_spsr(a, pc);
    else if (pc != 0)
        arm_branch_exchange(a, pc, JUMP_RETURN, 0);
}

/* ---- dispatch --------------------------------------------------------------------------------- */

void arm_lift_memory(struct arm_lift *a)
{
    switch (a->insn.op) {
    case ARM_LDRD:
    case ARM_STRD:
        dual(a);
        break;
    case ARM_LDREX:
    case ARM_LDREXB:
    case ARM_LDREXH:
    case ARM_LDREXD:
        load_exclusive(a);
        break;
    case ARM_STREX:
    case ARM_STREXB:
    case ARM_STREXH:
    case ARM_STREXD:
        store_exclusive(a);
        break;
    case ARM_CLREX:
        clear_exclusive(a);
        break;
    case ARM_SWP:
    case ARM_SWPB:
        swap(a);
        break;
    case ARM_LDM:
    case ARM_STM:
        if (a->insn.user && !a->privileged) /* UNPREDICTABLE in user mode */
            arm_lift_undefined(a);
        else if (a->insn.op == ARM_LDM)
            load_list(a);
        else
            store_list(a);
        break;
    case ARM_PLD:
    case ARM_PLDW:
    case ARM_PLI:
        break;
    default:
        single(a);
        break;
    }
}
