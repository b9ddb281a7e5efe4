/*
 * Guest flags that only a fault makes visible (faultf): no code, a recipe for each access instead.
 *
 * A `faultf` says which operation the flags are of, until other flags take their place. Two of the
 * operation's operands and result are enough to compute them; these two are kept alive up to the last
 * access behind which they may be asked for, in a register, a spill slot, guest state or as constants.
 * Where they are is noted with each access, and read when a fault leaves the block there.
 *
 * Being kept alive is a use of a value by the last such access, an instruction that does not name it
 * (struct gen, `kept_to`). A value that is only kept goes to a slot when its register is wanted, and is
 * never loaded back.
 *
 * A branch to an exit that takes pending flags along (BRCC_PUTF) keeps the same two, and stores them on
 * that way instead of the flags if nobody will read those before they are written again.
 */
#include "lower.h"

#include <string.h>

/* Where an operand is. */
enum {
    AT_REG,                    /* + host register */
    AT_SLOT = 16,              /* + spill slot */
    AT_STATE = 16 + SLOT_FREE, /* in struct cpu, at offset `word` */
    AT_BYTE,                   /* the same, one byte */
    AT_CONST,                  /* `word` */
    AT_NOWHERE
};

/* ---- what to keep ----------------------------------------------------------------------------- */

/* The operation that the flags operand of instruction n is of. */
static ir_ref operation(const struct gen *g, unsigned n, bool *inverted)
{
    const struct ir_ins *f = &g->ir->ins[g->ir->ins[n].a];
    *inverted = f->op == IR_fnotc;
    if (*inverted)
        f = &g->ir->ins[f->a];
    return f->a;
}

static bool is_constant(const struct gen *g, ir_ref v)
{
    return g->ir->ins[v].op == IR_const;
}

/* Whether the value r is there anyway behind instruction n. */
static bool result_used(const struct gen *g, ir_ref r, unsigned n)
{
    if (g->v[r].next != 0)
        return true;
    for (unsigned k = r + 1; k < n; k++) {
        const struct ir_ins *i = &g->ir->ins[k];
        if (i->op != IR_flagsof && (i->a == r || i->b == r || i->c == r))
            return true;
    }
    return false;
}

/* How the flags of r can be computed with the least that must be kept: enum recipe_kind. */
static unsigned choose(const struct gen *g, ir_ref r, bool used)
{
    const struct ir_ins *o = &g->ir->ins[r];
    bool wide = o->aux == PART_16;
    switch (o->op) {
    case IR_add:
        return used ? RECIPE_ADD_RESULT : RECIPE_ADD;
    case IR_sub:
        return used ? RECIPE_SUB_RESULT : RECIPE_SUB;
    case IR_and:
        return used ? RECIPE_LOGIC : RECIPE_AND;
    case IR_xor:
        return used ? RECIPE_LOGIC : RECIPE_XOR;
    case IR_nadd:
        return wide ? RECIPE_ADD16 : RECIPE_ADD8;
    case IR_nsub:
        return wide ? RECIPE_SUB16 : RECIPE_SUB8;
    case IR_nand:
        if (!used)
            return wide ? RECIPE_AND16 : RECIPE_AND8;
        return wide ? RECIPE_LOGIC16 : RECIPE_LOGIC8;
    case IR_nor:
    case IR_nxor:
        return wide ? RECIPE_LOGIC16 : RECIPE_LOGIC8;
    default:
        return RECIPE_LOGIC;
    }
}

/* The values that flags_by_kind wants. */
static void sources(const struct gen *g, ir_ref r, struct held_flags *h)
{
    const struct ir_ins *o = &g->ir->ins[r];
    h->from[0] = o->a;
    h->from[1] = o->b;
    if (recipe_is_logic(h->kind)) {
        h->from[0] = o->a == o->b && o->op != IR_xor && o->op != IR_nxor ? o->a : r;
        h->from[1] = 0;
    } else if (recipe_is_step(h->kind)) {
        h->from[0] = r;
        h->from[1] = 0;
    } else if (h->kind == RECIPE_ADD_RESULT || h->kind == RECIPE_SUB_RESULT) {
        h->from[0] = r;
        if (h->kind == RECIPE_ADD_RESULT && is_constant(g, o->a))
            h->from[1] = o->a;
    }
}

/* Bit *k of *v is which bit of an older value? Through shifts, as guests' shifts and rotations ask for
 * the last bit that went out. */
static void trace_bit(const struct gen *g, ir_ref *v, uint8_t *k)
{
    for (;;) {
        const struct ir_ins *i = &g->ir->ins[*v];
        uint64_t by = (uint64_t)g->ir->ins[i->b].imm & 31;
        if (i->type != IR_I32 || i->b == 0 || !is_constant(g, i->b) || is_constant(g, i->a))
            return;
        if (i->op == IR_shl && *k >= by)
            *k = (uint8_t)(*k - by);
        else if (i->op == IR_shr && *k + by < 32)
            *k = (uint8_t)(*k + by);
        else if (i->op == IR_sar)
            *k = (uint8_t)(*k + by < 32 ? *k + by : 31);
        else if (i->op == IR_ror)
            *k = (uint8_t)((*k + by) & 31);
        else if (i->op != IR_and || !((uint64_t)g->ir->ins[i->b].imm >> *k & 1))
            return;
        *v = i->a;
    }
}

static void bit_sources(const struct gen *g, ir_ref v, struct held_flags *h)
{
    const struct ir_ins *i = &g->ir->ins[v];
    bool two = i->op == IR_xor && !is_constant(g, i->a) && !is_constant(g, i->b);
    h->kind = RECIPE_BITS;
    h->from[0] = two ? i->a : v;
    h->from[1] = two ? i->b : 0;
    for (unsigned k = 0; k < 2; k++)
        trace_bit(g, &h->from[k], &h->shift[k]);
}

/* What instruction n, faultf or faultb, asks to keep. */
static struct held_flags held_by(const struct gen *g, unsigned n)
{
    const struct ir_ins *i = &g->ir->ins[n];
    struct held_flags h = {.mask = (uint8_t)i->imm, .kind = (uint8_t)g->v[n].off};
    if (i->op == IR_faultb)
        bit_sources(g, i->a, &h);
    else
        sources(g, operation(g, n, &h.inverted), &h);
    return h;
}

/* What a branch stores on its way out (scan_exit). */
static struct held_flags exit_flags(const struct gen *g, unsigned n)
{
    struct held_flags h = {.mask = g->ir->ins[n].aux & BRCC_KEEP_C ? 0 : IR_FLAG_ALL,
                           .kind = (uint8_t)g->v[n].off};
    sources(g, operation(g, n, &h.inverted), &h);
    return h;
}

/* ---- the backward pass ------------------------------------------------------------------------ */

/* Which of the operands of instruction n are v, a bit each. */
static unsigned names(const struct gen *g, unsigned n, ir_ref v)
{
    const struct ir_ins *u = &g->ir->ins[n];
    return (unfolded(g, u->a) == v) | (unfolded(g, u->b) == v) << 1 | (u->c == v) << 2;
}

/* Make v live through instruction `to`: its last use up to there is followed by one there. If that use
 * is `to` itself it follows itself, so what the access writes does not take v's place before. */
static void keep(struct gen *g, ir_ref v, unsigned to)
{
    if (v == 0 || is_constant(g, v))
        return;
    ir_ref *link = &g->v[v].next;
    unsigned user = 0, as = 0;
    while (*link != 0 && *link <= to && *link != user && names(g, *link, v) != 0) {
        user = *link;
        as = names(g, user, v);
        link = &g->after[user][__builtin_ctz(as)];
    }
    if (*link > to)
        return;
    g->kept_to[v] = (ir_ref)to;
    *link = (ir_ref)to;
    for (unsigned k = 0; k < 3; k++)
        if (as >> k & 1)
            g->after[user][k] = (ir_ref)to;
}

static void ends(struct gen *g, unsigned parts)
{
    for (unsigned k = 0; k < 3; k++)
        if (parts >> k & 1)
            g->asked[k] = 0;
}

/* A branch that hands flags to an exit whose target writes them anyway: instead of them, what they are
 * computed from is stored there. v[n].off: how, enum recipe_kind; 0: not so. */
static void scan_exit(struct gen *g, unsigned n)
{
    const struct ir_ins *i = &g->ir->ins[n], *jump = jump_at_label(g, i);
    bool inverted;
    ir_ref r = operation(g, n, &inverted);
    const struct ir_ins *o = &g->ir->ins[r];
    bool whole = o->type == IR_I32 && (o->op == IR_add || o->op == IR_sub || o->op == IR_and ||
                                       o->op == IR_or || o->op == IR_xor);
    bool narrow = o->op == IR_nsub || o->op == IR_nand || o->op == IR_nor || o->op == IR_nxor;
    if (jump == NULL || !(jump->flow & IR_FLOW_DEAD) || !(whole || narrow))
        return;
    unsigned kind = choose(g, r, result_used(g, r, n));
    if (i->aux & BRCC_KEEP_C) {
        if (!whole || !is_constant(g, o->b) || g->ir->ins[o->b].imm != 1 ||
            (kind != RECIPE_ADD_RESULT && kind != RECIPE_SUB_RESULT))
            return;
        kind = kind == RECIPE_ADD_RESULT ? RECIPE_INC : RECIPE_DEC;
    }
    g->v[n].off = (uint16_t)kind;
    struct held_flags h = exit_flags(g, n);
    for (unsigned k = 0; k < 2; k++)
        keep(g, h.from[k], n);
}

void faultflags_scan(struct gen *g, unsigned n)
{
    const struct ir_ins *i = &g->ir->ins[n];
    unsigned to = 0;
    switch (i->op) {
    case IR_ld:
    case IR_st:
        for (unsigned k = 0; k < 3 && !ir_slow_access(i); k++)
            if (g->asked[k] == 0)
                g->asked[k] = (ir_ref)n;
        break;
    case IR_faultb:
    case IR_faultf: {
        for (unsigned k = 0; k < 3; k++)
            if ((i->imm >> k & 1) && g->asked[k] > to)
                to = g->asked[k];
        ends(g, (unsigned)i->imm);
        if (i->op == IR_faultf) {
            bool inverted;
            ir_ref r = operation(g, n, &inverted);
            g->v[n].off = (uint16_t)choose(g, r, result_used(g, r, n));
        }
        struct held_flags h = held_by(g, n);
        for (unsigned k = 0; k < 2 && to != 0; k++)
            keep(g, h.from[k], to);
        break;
    }
    case IR_brcc:
        if (i->aux & BRCC_PUTF)
            scan_exit(g, n);
        break;
    case IR_putf:
        ends(g, (unsigned)i->imm);
        break;
    case IR_putc:
        ends(g, IR_FLAG_C);
        break;
    case IR_putv:
        ends(g, IR_FLAG_V);
        break;
    case IR_putnzcv:
    case IR_label:
        ends(g, IR_FLAG_ALL);
        break;
    case IR_call:
        if (i->aux & CALL_WRITES)
            ends(g, IR_FLAG_ALL);
        break;
    }
}

/* ---- the forward pass ------------------------------------------------------------------------- */

void faultflags_end(struct gen *g, unsigned parts)
{
    unsigned kept = 0;
    for (unsigned n = 0; n < g->helds; n++) {
        g->held[n].mask &= (uint8_t)~parts;
        if (g->held[n].mask != 0)
            g->held[kept++] = g->held[n];
    }
    g->helds = kept;
}

void faultflags_begin(struct gen *g, const struct ir_ins *i)
{
    faultflags_end(g, (unsigned)i->imm);
    g->held[g->helds++] = held_by(g, g->at);
}

/* Where r is now. */
static uint8_t where(struct gen *g, ir_ref r, uint32_t *word)
{
    const struct value *v = &g->v[r];
    *word = r != 0 && is_constant(g, r) ? (uint32_t)const_of(g, r) : 0;
    if (r == 0 || is_constant(g, r))
        return AT_CONST;
    switch (v->place) {
    case P_REG:
    case P_PIN:
        return v->reg;
    case P_SPILL:
        return (uint8_t)(AT_SLOT + v->slot);
    case P_STATE:
        *word = v->off;
        return g->ir->ins[r].type == IR_I8 ? AT_BYTE : AT_STATE;
    }
    g->failed = true;
    return AT_CONST;
}

/* v was kept up to this instruction. */
static void release_kept(struct gen *g, ir_ref v)
{
    if (v != 0 && g->kept_to[v] == g->at && g->v[v].next == g->at) {
        g->v[v].next = 0;
        alloc_die(g, v);
    }
}

uint16_t faultflags_note(struct gen *g)
{
    struct fault_flags now[3];
    if (g->helds == 0)
        return 0;
    memset(now, 0, sizeof now);
    for (unsigned n = 0; n < g->helds; n++) {
        const struct held_flags *h = &g->held[n];
        now[n].kind = h->kind;
        now[n].mask = h->mask;
        now[n].inverted = h->inverted;
        now[n].last = n + 1 == g->helds;
        for (unsigned k = 0; k < 2; k++) {
            now[n].at[k] = where(g, h->from[k], &now[n].word[k]);
            now[n].shift[k] = h->shift[k];
        }
    }
    size_t bytes = g->helds * sizeof now[0];
    if (g->noted >= g->helds && memcmp(g->notes + g->noted - g->helds, now, bytes) == 0)
        return (uint16_t)(g->noted - g->helds + 1);
    if (g->noted + g->helds > MAX_NOTES) {
        g->failed = true;
        return 0;
    }
    memcpy(g->notes + g->noted, now, bytes);
    g->noted += g->helds;
    return (uint16_t)(g->noted - g->helds + 1);
}

bool faultflags_exit(struct gen *g, struct cold *c)
{
    if (g->v[g->at].off == 0)
        return false;
    struct held_flags h = exit_flags(g, g->at);
    c->recipe = RECIPE_SAVED_A | h.kind | (h.inverted ? RECIPE_INVERT : 0) |
                (h.mask == IR_FLAG_ALL ? RECIPE_ALL : 0);
    for (unsigned k = 0; k < 2; k++)
        c->at[k] = h.from[k] == 0 ? AT_NOWHERE : where(g, h.from[k], &c->word[k]);
    if (c->at[1] == AT_CONST && (int32_t)c->word[1] == (int16_t)c->word[1]) {
        c->recipe |= c->word[1] << RECIPE_IMM_SHIFT;
        c->at[1] = AT_NOWHERE;
    } else if (c->at[1] != AT_NOWHERE) {
        c->recipe |= RECIPE_SAVED_B;
    }
    for (unsigned k = 0; k < 2; k++)
        release_kept(g, h.from[k]);
    return true;
}

void faultflags_cold(struct gen *g, const struct cold *c)
{
    for (unsigned k = 0; k < 2; k++) {
        unsigned at = c->at[k], from = at;
        struct mem to = state_mem((uint32_t)(offsetof(struct cpu, flag_saved) + 4 * k));
        if (at == AT_NOWHERE)
            continue;
        if (at == AT_CONST) {
            x86_rm(&g->c, X_MOV_I, false, 0, &to, (int32_t)c->word[k]);
            continue;
        }
        if (at >= AT_SLOT) {
            struct mem m =
                state_mem(at == AT_STATE || at == AT_BYTE ? c->word[k] : slot_off(at - AT_SLOT));
            from = RAX; /* no value lives here */
            x86_rm(&g->c, at == AT_BYTE ? X_MOVZX8 : X_MOV, false, from, &m, 0);
        }
        x86_rm(&g->c, X_MOV_M, false, from, &to, 0);
    }
    struct mem recipe = state_mem(offsetof(struct cpu, flag_recipe));
    x86_rm(&g->c, X_MOV_I, false, 0, &recipe, (int32_t)c->recipe);
}

bool faultflags_store(struct gen *g)
{
    struct block *b = g->k->block;
    b->fault_flags = NULL;
    if (g->noted == 0)
        return true;
    b->fault_flags = g->k->alloc(g->k, g->noted * sizeof g->notes[0]);
    if (b->fault_flags == NULL)
        return false;
    memcpy(b->fault_flags, g->notes, g->noted * sizeof g->notes[0]);
    return true;
}

void faultflags_done(struct gen *g)
{
    for (unsigned n = 0; n < g->helds; n++)
        for (unsigned k = 0; k < 2; k++)
            release_kept(g, g->held[n].from[k]);
}

/* ---- when the fault has come ------------------------------------------------------------------ */

static uint32_t operand(const struct cpu *cpu, const struct thread_regs *regs,
                        const struct fault_flags *f, unsigned k)
{
    unsigned at = f->at[k];
    const uint8_t *state = (const uint8_t *)cpu + f->word[k];
    if (at == AT_CONST)
        return f->word[k];
    if (at == AT_STATE || at == AT_BYTE)
        return at == AT_BYTE ? *state : *(const uint32_t *)state;
    return (uint32_t)(at >= AT_SLOT ? cpu->spill[at - AT_SLOT] : regs->gpr[at]);
}

void faultflags_settle(struct cpu *cpu, const struct x86_state *s, const struct thread_regs *regs,
                       const struct block *b, const struct side_entry *side)
{
    const struct fault_flags *f = b->fault_flags + side->flags - 1;
    for (unsigned p = 0; p < s->pins; p++)
        *(uint32_t *)((uint8_t *)cpu + s->frontend->pins[p]) = (uint32_t)regs->gpr[x86_pin_regs[p]];
    flags_settle(cpu);
    for (;; f++) {
        struct cpu_flags v = flags_by_kind(f->kind, operand(cpu, regs, f, 0) >> f->shift[0],
                                           operand(cpu, regs, f, 1) >> f->shift[1]);
        v.c ^= f->inverted;
        flags_put(cpu, v, f->mask);
        if (f->last)
            return;
    }
}
