/*
 * Looking ahead where a block ends: does the code there write all flags before it reads any?
 *
 * Then what is pending need not be written out (pass_lazy.c), as long as no register it is computed
 * from has changed where an instruction may trap. A few instructions in straight line are looked at.
 */
#include "lift.h"

#define AHEAD 8

struct ahead {
    uint32_t written;  /* general registers of struct cpu, a bit each */
    uint32_t observed; /* those written before something that may trap */
};

static void writes(struct ahead *h, unsigned rd)
{
    size_t at = sparc_reg_offset(rd);
    if (rd != 0 && at < sizeof(((struct cpu *)0)->reg))
        h->written |= 1u << at / 4;
}

enum step { STEP_ON, STEP_STOP, STEP_DEAD };

static enum step look(struct ahead *h, const struct sparc_insn *i)
{
    unsigned op = i->op;
    if (op == SPARC_ADDX || op == SPARC_SUBX || op == SPARC_ADDXCC || op == SPARC_SUBXCC ||
        op == SPARC_MULSCC)
        return STEP_STOP;
    if (op == SPARC_SETHI || (op >= SPARC_ADD && op <= SPARC_SRA)) {
        if (!(i->traits & TRAIT_PURE))
            return STEP_STOP;
        if (op >= SPARC_ADDCC && op <= SPARC_TSUBCC)
            return STEP_DEAD;
        writes(h, i->rd);
        return STEP_ON;
    }
    if (op < SPARC_LD || op > SPARC_LDSH + 4 || ((i->traits & TRAIT_ODD) && (i->rd & 1)))
        return STEP_STOP;
    h->observed |= h->written;
    if (i->form == FORM_LOAD) {
        writes(h, i->rd);
        if (op == SPARC_LDD)
            writes(h, i->rd | 1);
    }
    return STEP_ON;
}

uint32_t sparc_flow(struct sparc_lift *a, uint32_t pc)
{
    struct ahead h = {0, 0};
    struct sparc_insn i;
    enum step s = STEP_ON;
    if (a->l->limit < FLOW_LIMIT_MIN)
        return 0;
    a->l->peek = true;
    for (unsigned n = 0; n < AHEAD && s == STEP_ON; n++)
        s = sparc_fetch(a, pc + 4 * n, &i) ? look(&h, &i) : STEP_STOP;
    a->l->peek = false;
    return s == STEP_DEAD ? IR_FLOW_DEAD | h.observed << IR_FLOW_WRITES_SHIFT : 0;
}
