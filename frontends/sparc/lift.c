/*
 * Lifting a block: walks the code, lifts delay slots with their branches, places the ways out.
 *
 * A conditional branch leaves to a way out behind the block's end, which holds its own copy of the
 * delay slot: there, nPC is the target; on the way on, the slot is an ordinary next instruction. So
 * only a taken branch keeps a delay state, and only for a slot that may trap: `npc` is written before
 * it and its side bit 0 set (sparc_cpu.h).
 *
 * A slot that itself transfers control, or lies in the next page, is not lifted here: the block ends
 * with `delay` set, and the next one, in mode SMODE_NPC, is that one instruction.
 */
#include "lift.h"

#define ROOM_INSN 120 /* IR instructions one guest instruction may need */
#define ROOM_EXIT 140

ir_ref sparc_i32(struct sparc_lift *a, uint32_t v)
{
    return ir_const(a->b, IR_I32, v);
}

ir_ref sparc_get(struct sparc_lift *a, unsigned n)
{
    return n == 0 ? sparc_i32(a, 0) : ir_get(a->b, IR_I32, sparc_reg_offset(n));
}

void sparc_put(struct sparc_lift *a, unsigned n, ir_ref v)
{
    if (n != 0)
        ir_put(a->b, IR_I32, sparc_reg_offset(n), v);
}

ir_ref sparc_second(struct sparc_lift *a)
{
    return a->insn.imm ? sparc_i32(a, (uint32_t)a->insn.simm) : sparc_get(a, a->insn.rs2);
}

ir_ref sparc_bin(struct sparc_lift *a, enum ir_op op, ir_ref x, ir_ref y)
{
    return ir_bin(a->b, op, IR_I32, x, y);
}

ir_ref sparc_address(struct sparc_lift *a)
{
    if (a->insn.rs1 == 0)
        return sparc_second(a);
    if (a->insn.imm ? a->insn.simm == 0 : a->insn.rs2 == 0)
        return sparc_get(a, a->insn.rs1);
    return sparc_bin(a, IR_add, sparc_get(a, a->insn.rs1), sparc_second(a));
}

/* ---- flags ------------------------------------------------------------------------------------ */

ir_ref sparc_flags(struct sparc_lift *a, unsigned needs)
{
    if (a->flags == 0 || (a->flags_mask & needs) != needs) {
        a->flags = ir_getf(a->b);
        a->flags_mask = IR_FLAG_ALL;
    }
    return a->flags;
}

void sparc_put_flags(struct sparc_lift *a, ir_ref f, unsigned mask)
{
    ir_putf(a->b, f, mask);
    a->flags = f;
    a->flags_mask = mask;
}

void sparc_forget(struct sparc_lift *a)
{
    a->flags = a->fcc = 0;
}

/* ---- ends ------------------------------------------------------------------------------------- */

static void put_delay(struct sparc_lift *a, uint32_t v)
{
    ir_put(a->b, IR_I32, SPARC_STATE(delay), sparc_i32(a, v));
}

static void jump(struct sparc_lift *a, uint32_t pc)
{
    ir_jump(a->b, pc, a->kind, a->return_to);
    bool loop = pc == a->l->pc && a->kind == JUMP_PLAIN && (a->l->mode & SMODE_NPC) == 0;
    ir_flow(a->b, sparc_flow(a, pc) | (loop ? IR_FLOW_LOOP : 0));
}

/* To an address whose block has another mode word: SMODE_NPC differs. */
static void jump_other(struct sparc_lift *a, ir_ref pc)
{
    ir_emit(a->b, (struct ir_ins){.op = IR_jumpto, .a = pc, .imm = SMODE_NPC});
}

void sparc_go_next(struct sparc_lift *a)
{
    ir_ref npc;
    switch (a->next) {
    case NEXT_PLAIN:
        jump(a, a->pc + 4);
        break;
    case NEXT_KNOWN:
        jump(a, a->target);
        break;
    case NEXT_NPC:
        ir_jumpto(a->b, ir_get(a->b, IR_I32, SPARC_STATE(npc)), a->kind, a->return_to);
        break;
    default:
        npc = ir_get(a->b, IR_I32, SPARC_STATE(npc));
        put_delay(a, 0);
        jump_other(a, npc);
    }
    a->ended = true;
}

void sparc_leave_next(struct sparc_lift *a, unsigned reason)
{
    ir_ref to;
    if (a->next == NEXT_PLAIN || a->next == NEXT_KNOWN)
        to = sparc_i32(a, a->next == NEXT_PLAIN ? a->pc + 4 : a->target);
    else
        to = ir_get(a->b, IR_I32, SPARC_STATE(npc));
    if (a->next == NEXT_DELAY)
        put_delay(a, 0);
    ir_leave(a->b, to, reason);
    a->ended = true;
}

/* On with pc in another mode, behind a helper that called vm_redirect. */
void sparc_go_mode(struct sparc_lift *a, ir_ref pc)
{
    ir_jumpto(a->b, pc, JUMP_MODE, 0);
    a->ended = true;
}

/* The state's npc is right before any instruction that may trap in a slot, see sparc_lift_slot. */
static void take(struct sparc_lift *a, uint32_t pc, unsigned tt, bool delayed)
{
    ir_put(a->b, IR_I32, SPARC_STATE(tt), sparc_i32(a, tt));
    if (delayed)
        put_delay(a, 1);
    ir_leave(a->b, sparc_i32(a, pc), tt >= TT_SOFTWARE ? EXIT_CALL : EXIT_TRAP);
}

void sparc_trap(struct sparc_lift *a, unsigned tt)
{
    take(a, a->pc, tt, a->next != NEXT_PLAIN);
    a->ended = true;
}

void sparc_trap_number(struct sparc_lift *a, ir_ref tt)
{
    ir_put(a->b, IR_I32, SPARC_STATE(tt), tt);
    if (a->next != NEXT_PLAIN)
        put_delay(a, 1);
    ir_leave(a->b, sparc_i32(a, a->pc), EXIT_CALL);
    a->ended = true;
}

void sparc_trap_if(struct sparc_lift *a, ir_ref f, enum ir_cc cc, unsigned tt)
{
    struct sparc_exit *e = sparc_new_exit(a, EXIT_TAKE);
    if (e != NULL) {
        e->pc = a->pc;
        e->tt = (uint8_t)tt;
        e->delayed = a->next != NEXT_PLAIN;
        ir_brcc(a->b, f, cc, e->label);
        return;
    }
    unsigned good = ir_new_label(a->b);
    ir_brcc(a->b, f, (enum ir_cc)(cc ^ 1), good);
    take(a, a->pc, tt, a->next != NEXT_PLAIN);
    ir_label(a->b, good);
    sparc_forget(a);
}

struct sparc_exit *sparc_new_exit(struct sparc_lift *a, enum sparc_exit_kind kind)
{
    /* Where instructions are counted, a way out counts those that lie before it: its own slot at most. */
    if (a->exits == SPARC_EXITS || (a->l->counted && kind != EXIT_SLOT))
        return NULL;
    struct sparc_exit *e = &a->exit[a->exits++];
    *e = (struct sparc_exit){.label = ir_new_label(a->b), .kind = kind, .count = a->count};
    return e;
}

/* ---- delay slots ------------------------------------------------------------------------------ */

bool sparc_fetch(struct sparc_lift *a, uint32_t va, struct sparc_insn *i)
{
    uint32_t code;
    if (((va ^ a->l->pc) & GUEST_PAGE_MASK) != 0 || !a->l->fetch(a->l, va, 4, &code))
        return false;
    sparc_decode(__builtin_bswap32(code), i);
    return true;
}

bool sparc_slot_simple(struct sparc_lift *a, uint32_t pc)
{
    struct sparc_insn i;
    if (a->count >= a->l->limit || !sparc_fetch(a, pc, &i) || (i.traits & TRAIT_CTI))
        return false;
    /* Where instructions are counted, what may call a helper has a block to itself. */
    return !a->l->counted || (i.traits & TRAIT_PURE) || (i.op >= SPARC_LD && i.op <= SPARC_SWAP);
}

void sparc_go_slot(struct sparc_lift *a, uint32_t pc)
{
    put_delay(a, 1);
    jump_other(a, sparc_i32(a, pc));
    a->ended = true;
}

void sparc_lift_slot(struct sparc_lift *a, uint32_t pc, enum sparc_next next, uint32_t target)
{
    sparc_fetch(a, pc, &a->insn);
    a->pc = pc;
    a->next = next;
    a->target = target;
    if (next == NEXT_KNOWN && !(a->insn.traits & TRAIT_PURE))
        ir_put(a->b, IR_I32, SPARC_STATE(npc), sparc_i32(a, target));
    ir_insn(a->b, pc, 1);
    sparc_lift_insn(a);
    if (!a->ended)
        sparc_go_next(a);
}

static void place_exits(struct sparc_lift *a)
{
    for (unsigned n = 0; n < a->exits; n++) { /* a slot may add more */
        struct sparc_exit e = a->exit[n];
        ir_label(a->b, e.label);
        sparc_forget(a);
        a->ended = false;
        a->count = e.count;
        a->kind = JUMP_PLAIN;
        if (e.kind == EXIT_TAKE) {
            take(a, e.pc, e.tt, e.delayed);
        } else if (e.kind == EXIT_GO) {
            sparc_go_mode(a, ir_get(a->b, IR_I32, SPARC_STATE(cpu.pc)));
        } else if (e.kind == EXIT_ANEW) {
            ir_leave(a->b, sparc_i32(a, e.pc), EXIT_STATE);
        } else if (sparc_slot_simple(a, e.pc)) {
            sparc_lift_slot(a, e.pc, NEXT_KNOWN, e.target);
        } else {
            ir_put(a->b, IR_I32, SPARC_STATE(npc), sparc_i32(a, e.target));
            sparc_go_slot(a, e.pc);
        }
    }
}

/* ---- blocks ----------------------------------------------------------------------------------- */

void sparc_lift_insn(struct sparc_lift *a)
{
    unsigned op = a->insn.op, t = a->insn.traits;
    bool none = op == SPARC_ILLEGAL &&
                ((a->insn.raw >> 19 & 0x3e) != 0x34 || a->insn.raw >> 30 != 2); /* not an FPop */
    if ((t & TRAIT_PRIV) && !a->supervisor) /* before illegal_instruction: table 7-1 */
        sparc_trap(a, TT_PRIVILEGED);
    else if (none || op == SPARC_UNIMP || ((t & TRAIT_ODD) && (a->insn.rd & 1)))
        sparc_trap(a, TT_ILLEGAL);
    else if (t & TRAIT_CP)
        sparc_trap(a, TT_CP_DISABLED);
    else if (((t & TRAIT_FP) || op == SPARC_ILLEGAL) && !a->fpu)
        sparc_trap(a, TT_FP_DISABLED);
    else if ((t & TRAIT_CTI))
        sparc_lift_branch(a);
    else if ((op >= SPARC_ADD && op <= SPARC_SRA) || op == SPARC_SETHI)
        sparc_lift_alu(a);
    else if (op >= SPARC_LD)
        sparc_lift_memory(a);
    else if (op == SPARC_ILLEGAL || (op >= SPARC_FMOVS && op <= SPARC_FCMPEQ))
        sparc_lift_fp(a);
    else
        sparc_lift_system(a);
}

static void begin(struct sparc_lift *a, struct lift *l)
{
    *a = (struct sparc_lift){.l = l, .b = l->ir, .pc = l->pc};
    a->supervisor = (l->mode & SMODE_S) != 0;
    a->fpu = (l->mode & SMODE_EF) != 0;
    a->fp_traps = (l->mode & SMODE_TRAPS) != 0;
    a->next = (l->mode & SMODE_NPC) != 0 ? NEXT_DELAY : NEXT_PLAIN;
}

/* Room for this instruction and for all ways out that may come. */
static bool room(const struct sparc_lift *a)
{
    return ir_room(a->b, ROOM_INSN + ROOM_EXIT * (a->exits + 2)) && a->exits < SPARC_EXITS - 2 &&
           a->b->labels < IR_MAX_LABEL - 2 * SPARC_EXITS;
}

static void lift_one(struct sparc_lift *a)
{
    ir_insn(a->b, a->pc, a->next != NEXT_PLAIN);
    a->count++;
    sparc_lift_insn(a);
    if (a->ended)
        return;
    if (a->next == NEXT_PLAIN)
        a->pc += 4;
    else
        sparc_go_next(a);
}

void sparc_lift_block(struct lift *l)
{
    struct sparc_lift a;
    begin(&a, l);
    for (unsigned n = 0; n < l->limit && !a.ended && room(&a); n++) {
        if (sparc_fetch(&a, a.pc, &a.insn)) {
            lift_one(&a);
            continue;
        }
        if (n == 0) {
            ir_insn(a.b, a.pc, a.next != NEXT_PLAIN);
            ir_leave(a.b, sparc_i32(&a, a.pc), EXIT_FETCH);
            a.ended = true;
        }
        break;
    }
    if (!a.ended)
        jump(&a, a.pc);
    place_exits(&a);
}
