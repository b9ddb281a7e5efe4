/*
 * Lifting SAVE and RESTORE, state registers, Ticc and FLUSH (V8 B.20, B.27-B.29, B.31).
 *
 * Registers other than Y in RDASR and WRASR: Y, and nothing (microSPARC-II). FLUSH does nothing: code
 * in RAM is tracked by writes.
 */
#include "lift.h"

static uint32_t how(const struct sparc_lift *a)
{
    return HOW_DIRECT | (a->next != NEXT_PLAIN ? HOW_DELAYED : 0);
}

/* The sum is computed in the old window and written in the new one. */
static void window(struct sparc_lift *a, unsigned helper)
{
    ir_ref sum = sparc_bin(a, IR_add, sparc_get(a, a->insn.rs1), sparc_second(a));
    struct sparc_exit *e = a->l->direct ? sparc_new_exit(a, EXIT_GO) : NULL;
    ir_ref rd = sparc_i32(a, a->insn.rd | (e != NULL ? how(a) : 0)), pc = sparc_i32(a, a->pc);
    ir_ref r = ir_call(a->b, IR_I32, helper, CALL_READS | CALL_WRITES | CALL_EXITS, sum, rd, pc);
    if (e != NULL)
        ir_brcc(a->b, ir_flagsof(a->b, sparc_bin(a, IR_or, r, r)), CC_NE, e->label);
}

static ir_ref written(struct sparc_lift *a)
{
    return sparc_bin(a, IR_xor, sparc_get(a, a->insn.rs1), sparc_second(a));
}

/* The helper says if the block has to be left; mostly only PIL, ET or the window change. */
static void write_psr(struct sparc_lift *a)
{
    ir_ref r = ir_call(a->b, IR_I32, HELPER_wrpsr, CALL_READS | CALL_WRITES | CALL_EXITS,
                       written(a), 0, 0);
    struct sparc_exit *e = a->next == NEXT_PLAIN ? sparc_new_exit(a, EXIT_ANEW) : NULL;
    a->flags = 0;
    if (e == NULL) {
        sparc_leave_next(a, EXIT_STATE);
        return;
    }
    e->pc = a->pc + 4;
    ir_brcc(a->b, ir_flagsof(a->b, r), CC_NE, e->label);
}

/* V8 table 5-4 as in lift_branch.c. */
static void trap_on_condition(struct sparc_lift *a)
{
    static const uint8_t conditions[8] = {0, CC_E, CC_LE, CC_L, CC_BE, CC_B, CC_S, CC_O};
    unsigned c = a->insn.cond;
    unsigned go_on = 0;
    if (c == 0)
        return;
    if (c != 8) {
        enum ir_cc cc = (enum ir_cc)(conditions[c & 7] ^ (c >> 3));
        ir_ref f = sparc_flags(a, ir_cc_needs(cc));
        go_on = ir_new_label(a->b);
        ir_brcc(a->b, f, (enum ir_cc)(cc ^ 1), go_on);
    }
    if (a->l->direct) {
        ir_ref number = sparc_bin(a, IR_and, sparc_address(a), sparc_i32(a, 0x7f));
        ir_ref tt = sparc_bin(a, IR_add, number, sparc_i32(a, TT_SOFTWARE));
        sparc_go_mode(a, ir_call(a->b, IR_I32, HELPER_ticc, CALL_READS | CALL_WRITES | CALL_EXITS,
                                 tt, sparc_i32(a, how(a)), sparc_i32(a, a->pc)));
    } else if (a->insn.rs1 == 0 && a->insn.imm) {
        sparc_trap(a, TT_SOFTWARE + ((unsigned)a->insn.simm & 0x7f));
    } else {
        ir_ref number = sparc_bin(a, IR_and, sparc_address(a), sparc_i32(a, 0x7f));
        sparc_trap_number(a, sparc_bin(a, IR_add, number, sparc_i32(a, TT_SOFTWARE)));
    }
    if (c == 8)
        return;
    ir_label(a->b, go_on);
    sparc_forget(a);
    a->ended = false;
}

static void put_word(struct sparc_lift *a, size_t offset)
{
    ir_put(a->b, IR_I32, offset, written(a));
}

void sparc_lift_system(struct sparc_lift *a)
{
    switch (a->insn.op) {
    case SPARC_SAVE:
        window(a, HELPER_save);
        break;
    case SPARC_RESTORE:
        window(a, HELPER_restore);
        break;
    case SPARC_RDY:
        if (a->insn.rd != 0)
            sparc_put(a, a->insn.rd, ir_get(a->b, IR_I32, SPARC_STATE(y)));
        break;
    case SPARC_RDPSR:
        sparc_put(a, a->insn.rd, ir_call(a->b, IR_I32, HELPER_rdpsr, CALL_READS, 0, 0, 0));
        break;
    case SPARC_RDWIM:
        sparc_put(a, a->insn.rd, ir_get(a->b, IR_I32, SPARC_STATE(wim)));
        break;
    case SPARC_RDTBR:
        sparc_put(a, a->insn.rd, ir_get(a->b, IR_I32, SPARC_STATE(tbr)));
        break;
    case SPARC_WRY:
        if (a->insn.rd == 0)
            put_word(a, SPARC_STATE(y));
        break;
    case SPARC_WRPSR:
        write_psr(a);
        break;
    case SPARC_WRWIM:
        ir_put(a->b, IR_I32, SPARC_STATE(wim),
               sparc_bin(a, IR_and, written(a), sparc_i32(a, (1u << SPARC_WINDOWS) - 1)));
        break;
    case SPARC_WRTBR:
        ir_call(a->b, IR_NONE, HELPER_wrtbr, CALL_VOID, written(a), 0, 0);
        break;
    case SPARC_TICC:
        trap_on_condition(a);
        break;
    default: /* FLUSH */
        sparc_go_next(a);
    }
}
