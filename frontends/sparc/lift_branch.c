/*
 * Lifting transfers of control: Bicc, FBfcc, CALL, JMPL, RETT and their delay slots (V8 B.21-B.26,
 * annulment 5.1.1, couples 5.1.2).
 *
 * At the head of a block with nPC not PC + 4 (NEXT_DELAY) a transfer is the second of a couple: its
 * "slot" is at npc, and its target becomes the new nPC. That is rare: the block leaves to the
 * dispatcher with the pair in the state.
 */
#include "lift.h"

/* V8 table 5-4 (Bicc) for conditions 1-7; 9-15 are their complements. */
static const uint8_t integer_cc[8] = {0, CC_E, CC_LE, CC_L, CC_BE, CC_B, CC_S, CC_O};
/* Relations for which FBfcc 1-7 branch: bit n: fcc n (0 equal, 1 less, 2 greater, 3 unordered). */
static const uint8_t float_set[8] = {0, 0xe, 0x6, 0xa, 0x2, 0xc, 0x4, 0x8};

/* Flags and condition for the branch, which is neither "always" nor "never". */
static ir_ref condition(struct sparc_lift *a, enum ir_cc *cc)
{
    unsigned c = a->insn.cond;
    if (a->insn.op != SPARC_FBFCC) {
        *cc = (enum ir_cc)(integer_cc[c & 7] ^ (c >> 3));
        return sparc_flags(a, ir_cc_needs(*cc));
    }
    uint32_t set = float_set[c & 7];
    if (c & 8)
        set ^= 0xf;
    ir_ref fcc = ir_get(a->b, IR_I32, SPARC_STATE(fcc));
    ir_ref bit =
        sparc_bin(a, IR_and, sparc_bin(a, IR_shr, sparc_i32(a, set), fcc), sparc_i32(a, 1));
    *cc = CC_NE;
    return ir_flagsof(a->b, bit);
}

/* PC := nPC, nPC := `to`, from the head of a block in mode SMODE_NPC. */
static void couple(struct sparc_lift *a, ir_ref to)
{
    ir_ref npc = ir_get(a->b, IR_I32, SPARC_STATE(npc));
    ir_put(a->b, IR_I32, SPARC_STATE(npc), to);
    ir_leave(a->b, npc, EXIT_STATE);
    a->ended = true;
}

/* PC := nPC + 4, nPC := nPC + 8: the instruction at nPC is annulled. */
static void skip_coupled(struct sparc_lift *a)
{
    ir_ref npc = ir_get(a->b, IR_I32, SPARC_STATE(npc));
    ir_put(a->b, IR_I32, SPARC_STATE(delay), sparc_i32(a, 0));
    ir_leave(a->b, sparc_bin(a, IR_add, npc, sparc_i32(a, 4)), EXIT_STATE);
    a->ended = true;
}

static void branch_coupled(struct sparc_lift *a, uint32_t target)
{
    unsigned c = a->insn.cond;
    bool always = c == 8, never = c == 0;
    if (always && a->insn.annul) { /* PC := target */
        ir_put(a->b, IR_I32, SPARC_STATE(delay), sparc_i32(a, 0));
        ir_leave(a->b, sparc_i32(a, target), EXIT_STATE);
        a->ended = true;
    } else if (always) {
        couple(a, sparc_i32(a, target));
    } else if (never) {
        if (a->insn.annul)
            skip_coupled(a);
        else
            sparc_go_next(a);
    } else {
        enum ir_cc cc;
        unsigned taken = ir_new_label(a->b);
        ir_ref f = condition(a, &cc);
        ir_brcc(a->b, f, cc, taken);
        if (a->insn.annul)
            skip_coupled(a);
        else
            sparc_go_next(a);
        ir_label(a->b, taken);
        sparc_forget(a);
        couple(a, sparc_i32(a, target));
    }
}

/* The slot, then target; ends the block. */
static void through_slot(struct sparc_lift *a, uint32_t slot, uint32_t target)
{
    if (sparc_slot_simple(a, slot)) {
        sparc_lift_slot(a, slot, NEXT_KNOWN, target);
        return;
    }
    ir_put(a->b, IR_I32, SPARC_STATE(npc), sparc_i32(a, target));
    sparc_go_slot(a, slot);
}

static void go(struct sparc_lift *a, uint32_t pc)
{
    a->next = NEXT_KNOWN;
    a->target = pc;
    sparc_go_next(a);
}

/* Where instructions are counted, a conditional branch ends its block, so that only its slot comes behind. */
static void branch(struct sparc_lift *a)
{
    uint32_t pc = a->pc, target = pc + (uint32_t)a->insn.simm;
    unsigned c = a->insn.cond;
    bool annul = a->insn.annul;
    if (a->next != NEXT_PLAIN) {
        branch_coupled(a, target);
    } else if (c == 8) {
        if (annul)
            go(a, target);
        else
            through_slot(a, pc + 4, target);
    } else if (c == 0) {
        a->pc += annul ? 4 : 0; /* the caller adds 4 */
    } else {
        enum ir_cc cc;
        ir_ref f = condition(a, &cc);
        struct sparc_exit *e = sparc_new_exit(a, EXIT_SLOT); /* there is room, see lift.c */
        e->pc = pc + 4;
        e->target = target;
        ir_brcc(a->b, f, cc, e->label);
        a->pc += annul ? 4 : 0;
        if (a->l->counted)
            go(a, a->pc + 4);
    }
}

/* The slot at a->pc + 4, then npc in the state. */
static void computed(struct sparc_lift *a)
{
    uint32_t slot = a->pc + 4;
    if (sparc_slot_simple(a, slot))
        sparc_lift_slot(a, slot, NEXT_NPC, 0);
    else
        sparc_go_slot(a, slot);
}

static void jump_kind(struct sparc_lift *a, unsigned kind)
{
    a->kind = kind;
    a->return_to = a->pc + 8;
}

static void call(struct sparc_lift *a)
{
    uint32_t target = a->pc + (uint32_t)a->insn.simm;
    sparc_put(a, 15, sparc_i32(a, a->pc));
    if (a->next != NEXT_PLAIN) {
        couple(a, sparc_i32(a, target));
        return;
    }
    jump_kind(a, JUMP_CALL);
    through_slot(a, a->pc + 4, target);
}

/* RETT in the slot of JMPL (7.1.5): how every trap handler ends. */
static bool returns(struct sparc_lift *a)
{
    struct sparc_insn i;
    return a->next == NEXT_PLAIN && a->supervisor && a->count < a->l->limit &&
           sparc_fetch(a, a->pc + 4, &i) && i.op == SPARC_RETT;
}

static void rett(struct sparc_lift *a)
{
    ir_ref to = sparc_address(a);
    ir_align(a->b, to, 3);
    unsigned helper = a->l->direct ? HELPER_go_rett : HELPER_rett;
    ir_ref pc = ir_call(a->b, IR_I32, helper, CALL_READS | CALL_WRITES | CALL_EXITS, to, 0, 0);
    if (a->l->direct)
        sparc_go_mode(a, pc);
    else
        ir_leave(a->b, pc, EXIT_STATE);
    a->ended = true;
}

static void jmpl(struct sparc_lift *a)
{
    ir_ref to = sparc_address(a);
    ir_align(a->b, to, 3);
    unsigned kind = a->insn.rd == 15 ? JUMP_CALL : a->insn.rd == 0 ? JUMP_RETURN : JUMP_PLAIN;
    if (a->next != NEXT_PLAIN) {
        sparc_put(a, a->insn.rd, sparc_i32(a, a->pc));
        couple(a, to);
        return;
    }
    ir_put(a->b, IR_I32, SPARC_STATE(npc), to);
    sparc_put(a, a->insn.rd, sparc_i32(a, a->pc));
    if (returns(a)) {
        a->pc += 4;
        sparc_fetch(a, a->pc, &a->insn);
        a->next = NEXT_NPC;
        ir_insn(a->b, a->pc, 1);
        rett(a);
        return;
    }
    jump_kind(a, kind);
    computed(a);
}

void sparc_lift_branch(struct sparc_lift *a)
{
    switch (a->insn.op) {
    case SPARC_CALL:
        call(a);
        break;
    case SPARC_JMPL:
        jmpl(a);
        break;
    case SPARC_RETT:
        rett(a);
        break;
    default:
        branch(a);
    }
}
