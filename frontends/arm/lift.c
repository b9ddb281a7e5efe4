/*
 * Lifting a block: walks the code, deals with conditions and IT blocks, ends the block.
 *
 * Conditions. A register result without flags becomes a `select`. Other conditional instructions are
 * jumped over; consecutive ones of the same condition share one jump, until one of them writes the
 * flags. After the label no value of before may be used, so the remembered flags are forgotten.
 *
 * IT. ITSTATE is known while lifting: it begins with the mode word's and follows from the code. The
 * state's copy is written only where something can see it: where the block is left inside an IT
 * block, and at the start of a block that begins inside one. Faults restore it from the side bits.
 *
 * Conditional branches leave through side exits, collected and placed behind the block's end; an
 * instruction that ends the block under a condition ends only the way on which the condition held.
 */
#include "lift.h"

#define ROOM_INSN  400 /* IR instructions one guest instruction may need */
#define ROOM_EXITS 40

static uint32_t t_bit(const struct arm_lift *a)
{
    return a->thumb ? 1 : 0;
}

ir_ref arm_i32(struct arm_lift *a, uint32_t v)
{
    return ir_const(a->b, IR_I32, v);
}

ir_ref arm_reg(struct arm_lift *a, unsigned n)
{
    if (n == 15)
        return arm_i32(a, a->pc + (a->thumb ? 4 : 8));
    return ir_get(a->b, IR_I32, offsetof(struct cpu, reg[0]) + 4 * n);
}

void arm_branch_exchange(struct arm_lift *a, ir_ref v, unsigned kind, uint32_t ret)
{
    arm_sync_it(a, a->it_next);
    ir_jumpto(a->b, v, kind, ret);
    a->ended = true;
}

/* r15 as the result of data processing: interworking in A32 only (A2.3.1, ALUWritePC). */
static void write_pc(struct arm_lift *a, ir_ref v)
{
    bool is_return = a->insn.op == ARM_MOV && a->insn.form == FORM_REG && a->insn.rm == 14;
    if (a->thumb)
        v = ir_bin(a->b, IR_or, IR_I32, v, arm_i32(a, 1));
    arm_branch_exchange(a, v, is_return ? JUMP_RETURN : JUMP_PLAIN, 0);
}

void arm_set_reg(struct arm_lift *a, unsigned n, ir_ref v)
{
    if (n == 15) {
        write_pc(a, v);
        return;
    }
    if (a->select != 0)
        v = ir_select(a->b, IR_I32, a->select, a->select_cc, v, arm_reg(a, n));
    ir_put(a->b, IR_I32, offsetof(struct cpu, reg[0]) + 4 * n, v);
}

/* ---- flags ------------------------------------------------------------------------------------ */

/* A8.3 with C inverted: HS, "carry set", is "no borrow". */
static const uint8_t condition[14] = {CC_E,  CC_NE, CC_AE, CC_B,  CC_S, CC_NS, CC_O,
                                      CC_NO, CC_A,  CC_BE, CC_GE, CC_L, CC_G,  CC_LE};

static ir_ref flags_with(struct arm_lift *a, unsigned needs)
{
    if (a->flags == 0 || (a->flags_mask & needs) != needs) {
        a->flags = ir_getf(a->b);
        a->flags_mask = IR_FLAG_ALL;
    }
    return a->flags;
}

ir_ref arm_flags_for(struct arm_lift *a, unsigned cond, enum ir_cc *cc)
{
    *cc = (enum ir_cc)condition[cond];
    return flags_with(a, ir_cc_needs(*cc));
}

void arm_put_flags(struct arm_lift *a, ir_ref f, unsigned mask)
{
    ir_putf(a->b, f, mask);
    a->flags = f;
    a->flags_mask = mask;
}

void arm_put_nz(struct arm_lift *a, ir_ref v)
{
    arm_put_flags(a, ir_flagsof(a->b, v), IR_FLAG_NZ);
}

unsigned arm_mem(struct arm_lift *a, unsigned log2)
{
    return log2 | (a->big && log2 != 0 ? MEM_BIG : 0);
}

/* ---- ends ------------------------------------------------------------------------------------- */

void arm_sync_it(struct arm_lift *a, uint8_t it)
{
    if (a->it_state == it)
        return;
    ir_put(a->b, IR_I8, ARM_STATE(it), arm_i32(a, it));
    if (!a->skipping) /* else this way ends here, the other one keeps what it had */
        a->it_state = it;
}

void arm_jump(struct arm_lift *a, uint32_t pc, unsigned kind, uint32_t ret)
{
    ir_jump(a->b, pc, kind, ret);
    bool loop = pc == a->l->pc && kind == JUMP_PLAIN && a->l->mode >> AMODE_IT_SHIFT == 0 &&
                a->it_state == 0;
    ir_flow(a->b, arm_flow(a, pc) | (loop ? IR_FLOW_LOOP : 0));
}

static void leave(struct arm_lift *a, uint32_t pc, uint8_t it, unsigned reason)
{
    arm_sync_it(a, it);
    ir_leave(a->b, arm_i32(a, pc), reason);
    a->ended = true;
}

void arm_lift_undefined(struct arm_lift *a)
{
    leave(a, a->pc | t_bit(a), a->it, EXIT_UNDEFINED);
}

void arm_lift_again(struct arm_lift *a)
{
    leave(a, a->pc | t_bit(a), a->it, EXIT_STATE);
}

void arm_lift_leave_next(struct arm_lift *a, unsigned reason)
{
    leave(a, a->next, a->it_next, reason);
}

void arm_leave_if(struct arm_lift *a, ir_ref r)
{
    ir_ref f = ir_flagsof(a->b, r);
    a->flags = 0;
    if (a->it_next != a->it_state || !arm_side_exit(a, f, CC_NE, a->next, true))
        arm_lift_leave_next(a, EXIT_STATE);
}

bool arm_side_exit(struct arm_lift *a, ir_ref f, enum ir_cc cc, uint32_t pc, bool leave_state)
{
    if (a->exits == sizeof a->exit / sizeof a->exit[0])
        return false;
    struct arm_side_exit *e = &a->exit[a->exits++];
    *e = (struct arm_side_exit){.label = ir_new_label(a->b), .pc = pc, .leave = leave_state};
    ir_brcc(a->b, f, cc, e->label);
    return true;
}

static void place_exits(struct arm_lift *a)
{
    for (unsigned i = 0; i < a->exits; i++) {
        ir_label(a->b, a->exit[i].label);
        if (a->exit[i].leave)
            ir_leave(a->b, arm_i32(a, a->exit[i].pc), EXIT_STATE);
        else
            arm_jump(a, a->exit[i].pc, JUMP_PLAIN, 0);
    }
}

/* ---- conditions ------------------------------------------------------------------------------- */

static void end_skip(struct arm_lift *a)
{
    if (!a->skipping)
        return;
    ir_label(a->b, a->skip);
    a->skipping = false;
    a->flags = 0;
}

static void begin_skip(struct arm_lift *a)
{
    enum ir_cc cc;
    ir_ref f = arm_flags_for(a, a->cond, &cc);
    a->skip = ir_new_label(a->b);
    ir_brcc(a->b, f, (enum ir_cc)(cc ^ 1), a->skip);
    a->skipping = true;
    a->skip_cond = a->cond;
}

static bool sets_flags(const struct arm_lift *a)
{
    return a->insn.s == S_YES || (a->insn.s == S_OUTSIDE_IT && a->it == 0);
}

/* Writes one register, has no other effect, cannot fault. */
static bool selectable(const struct arm_lift *a)
{
    const struct arm_insn *i = &a->insn;
    if (sets_flags(a) || i->rd == 15 || i->form == FORM_RSR)
        return false;
    switch (i->op) {
    case ARM_AND:
    case ARM_EOR:
    case ARM_SUB:
    case ARM_RSB:
    case ARM_ADD:
    case ARM_ORR:
    case ARM_MOV:
    case ARM_BIC:
    case ARM_MVN:
    case ARM_ORN:
    case ARM_ADR:
    case ARM_MOVW:
    case ARM_MOVT:
    case ARM_SXTB:
    case ARM_SXTH:
    case ARM_UXTB:
    case ARM_UXTH:
    case ARM_UBFX:
    case ARM_SBFX:
    case ARM_MUL:
    case ARM_CLZ:
        return true;
    default:
        return false;
    }
}

/* ---- one instruction -------------------------------------------------------------------------- */

static void lift_simd(struct arm_lift *a)
{
    unsigned labels = a->b->labels;
    if (!arm_lift_simd(a))
        arm_lift_undefined(a);
    if (a->b->labels != labels || a->insn.op == ARM_VFP_VMRS)
        a->flags = 0;
}

static void dispatch(struct arm_lift *a)
{
    unsigned op = a->insn.op;
    if (op == ARM_UNDEFINED)
        arm_lift_undefined(a);
    else if (op <= ARM_UBFX)
        arm_lift_alu(a);
    else if (op <= ARM_IT)
        arm_lift_branch(a);
    else if (op <= ARM_PLI)
        arm_lift_memory(a);
    else if (op <= ARM_STC)
        arm_lift_system(a);
    else
        lift_simd(a);
}

/* May this conditional instruction have changed the flags? Then a new condition is evaluated. */
static bool flags_may_change(const struct arm_lift *a)
{
    unsigned op = a->insn.op;
    return sets_flags(a) || op > ARM_PLI || op == ARM_TST || op == ARM_TEQ || op == ARM_CMP ||
           op == ARM_CMN;
}

static void lift_conditional(struct arm_lift *a)
{
    if (a->skipping && a->skip_cond != a->cond)
        end_skip(a);
    bool branch = a->insn.op == ARM_B;
    if (a->cond == 14 || branch) {
        end_skip(a);
        dispatch(a);
        return;
    }
    if (!a->skipping && selectable(a)) {
        a->select = arm_flags_for(a, a->cond, &a->select_cc);
        dispatch(a);
        a->select = 0;
        return;
    }
    if (!a->skipping)
        begin_skip(a);
    dispatch(a);
    if (a->ended || flags_may_change(a))
        end_skip(a);
    a->ended = false; /* where the condition fails, the block goes on */
}

/* Read and decode the instruction at a->pc; false: it cannot be fetched, or it lies in another page
 * than the block's first instruction. Only a block of one instruction that spans two pages depends
 * on a second page, because others are linked more freely. */
static bool fetch(struct arm_lift *a, bool first)
{
    uint32_t code, low;
    uint32_t page = a->l->pc & GUEST_PAGE_MASK;
    if (!first && (a->pc & GUEST_PAGE_MASK) != page)
        return false;
    if (!a->thumb) {
        if (!a->l->fetch(a->l, a->pc, 4, &code))
            return false;
        arm_decode_a32(code, &a->insn);
        return true;
    }
    if (!a->l->fetch(a->l, a->pc, 2, &code))
        return false;
    code &= 0xffff;
    if (arm_t32_is_wide(code)) {
        if (!first && ((a->pc + 2) & GUEST_PAGE_MASK) != page)
            return false;
        if (!a->l->fetch(a->l, a->pc + 2, 2, &low))
            return false;
        code = code << 16 | (low & 0xffff);
    }
    arm_decode_t32(code, &a->insn);
    return true;
}

/* ITSTATE after an instruction (A2.5.2). */
static uint8_t it_advance(uint8_t it)
{
    return (it & 7) == 0 ? 0 : (uint8_t)((it & 0xe0) | ((it << 1) & 0x1f));
}

static void lift_one(struct arm_lift *a)
{
    a->next = (a->pc + a->insn.bytes) | t_bit(a);
    a->it_next = it_advance(a->it);
    a->cond = a->insn.cond;
    if (a->it != 0 && a->insn.op != ARM_BKPT)
        a->cond = a->it >> 4;
    if (a->cond == 15)
        a->cond = 14;
    if (a->skipping && (a->l->counted || a->cond != a->skip_cond || a->insn.op == ARM_B))
        end_skip(a); /* before the `insn`, which is on the common way */
    ir_insn(a->b, a->pc | t_bit(a), a->it);
    if (a->it != 0 && a->it_state != 0 && !a->skipping)
        arm_sync_it(a, 0);
    lift_conditional(a);
    a->it = a->insn.op == ARM_IT ? a->insn.x : a->it_next;
    a->pc = a->next & ~1u;
}

static void begin(struct arm_lift *a, struct lift *l)
{
    *a = (struct arm_lift){.l = l, .b = l->ir};
    a->thumb = (l->pc & 1) != 0;
    a->pc = l->pc & (a->thumb ? ~1u : ~3u);
    a->it = a->it_state = (uint8_t)(l->mode >> AMODE_IT_SHIFT);
    a->privileged = (l->mode & AMODE_PRIV) != 0;
    a->big = (l->mode & AMODE_BIG) != 0;
    a->vfp = (l->mode & AMODE_VFP) != 0 && (l->mode & AMODE_VECTOR) == 0;
    a->fp_exact = (l->mode & AMODE_FPEXACT) != 0;
    a->strict = (l->mode & (AMODE_ALIGN | AMODE_FLAT)) != 0;
    a->banked = (l->mode & AMODE_SVC) != 0;
}

void arm_lift_block(struct lift *l)
{
    struct arm_lift a;
    begin(&a, l);
    for (unsigned n = 0; n < l->limit && !a.ended; n++) {
        if (!ir_room(a.b, ROOM_INSN + ROOM_EXITS) || a.b->labels > IR_MAX_LABEL - 10)
            break;
        if (!fetch(&a, n == 0)) {
            if (n == 0) {
                ir_insn(a.b, a.pc | t_bit(&a), a.it);
                leave(&a, a.pc | t_bit(&a), a.it, EXIT_FETCH);
            }
            break;
        }
        lift_one(&a);
    }
    end_skip(&a);
    if (!a.ended) {
        arm_sync_it(&a, a.it);
        arm_jump(&a, a.pc | t_bit(&a), JUMP_PLAIN, 0);
    }
    place_exits(&a);
}
