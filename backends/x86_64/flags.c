/*
 * Flags values: in EFLAGS, in the guest's flag bytes, or saved in a spill slot.
 *
 * Invariants: every living flags value is in `flags`; those in P_EFLAGS equal EFLAGS, those in
 * P_SFLAGS equal cpu->flags; eflags_state says that EFLAGS and cpu->flags are equal. Whoever emits
 * an instruction that changes EFLAGS calls flags_clobber first; mov, lea, lahf, setcc, cmov, SSE
 * moves and arithmetic do not change them.
 *
 * Saved form, 16 bits: low byte V (0 or 1), high byte as lahf gives it (N Z A P C).
 */
#include "lower.h"

#define NZ_OFF ((uint32_t)offsetof(struct cpu, flags))
#define C_OFF  (NZ_OFF + 1)
#define V_OFF  (NZ_OFF + 2)

static void prune(struct gen *g)
{
    unsigned kept = 0;
    for (unsigned n = 0; n < g->nflags; n++) {
        struct value *v = &g->v[g->flags[n]];
        if (used(g, g->flags[n])) {
            g->flags[kept++] = g->flags[n];
        } else if (v->slot != NO_SLOT) {
            g->slots &= ~(1ull << v->slot);
            v->slot = NO_SLOT;
        }
    }
    g->nflags = kept;
}

static void add(struct gen *g, ir_ref f, enum place p)
{
    prune(g);
    if (g->nflags == MAX_FLAGS) {
        g->failed = true;
        return;
    }
    g->v[f].place = (uint8_t)p;
    g->v[f].type = IR_FLAGS;
    g->flags[g->nflags++] = f;
}

void flags_now(struct gen *g)
{
    add(g, (ir_ref)g->at, P_EFLAGS);
}

/* EFLAGS into the value's slot. */
static void save(struct gen *g, struct value *v)
{
    if (v->slot == NO_SLOT) {
        take(g, RAX);
        v->slot = (uint8_t)new_slot(g, 1);
        struct mem m = state_mem(slot_off(v->slot));
        x86_byte(&g->c, X86_LAHF);
        x86_setcc(&g->c, CC_O, RAX);
        x86_rm(&g->c, X_MOV16_M, false, RAX, &m, 0);
        release(g, RAX);
    }
    v->place = P_SPILL;
}

void flags_clobber(struct gen *g)
{
    for (unsigned n = 0; n < g->nflags; n++) {
        struct value *v = &g->v[g->flags[n]];
        if (v->place != P_EFLAGS || v->next == 0)
            continue;
        if (g->eflags_state)
            v->place = P_SFLAGS;
        else
            save(g, v);
    }
    g->eflags_state = false;
}

bool flags_busy(const struct gen *g)
{
    if (g->eflags_state)
        return true;
    for (unsigned n = 0; n < g->nflags; n++)
        if (g->v[g->flags[n]].place == P_EFLAGS && used(g, g->flags[n]))
            return true;
    return false;
}

bool flags_wanted(const struct gen *g)
{
    const struct ir_ins *next = ins_at(g) + 1;
    return g->at + 1 <= g->ir->count && next->op == IR_flagsof && next->a == g->at &&
           used(g, (ir_ref)(g->at + 1));
}

/* al = V, ah = the rest, into EFLAGS. */
static void load_al_ah(struct gen *g)
{
    x86_rr(&g->c, X_ADD8_I, false, 0, RAX, 0x7f); /* 1 + 0x7f overflows, 0 + 0x7f does not */
    x86_byte(&g->c, X86_SAHF);
}

/* cpu->flags into EFLAGS; carry: also C. */
static void load_state(struct gen *g, bool carry)
{
    struct mem nz = state_mem(NZ_OFF), c = state_mem(C_OFF), v = state_mem(V_OFF);
    take(g, RAX);
    if (carry) {
        x86_rm(&g->c, X_MOVZX8, false, RAX, &nz, 0);
        x86_rr(&g->c, X_AND8_I, false, 0, RAX, 0xfe - 256);
        x86_rm(&g->c, X_OR8, false, RAX, &c, 0);
        x86_mov_ah_al(&g->c);
        x86_rm(&g->c, X_MOV8, false, RAX, &v, 0);
    } else {
        x86_rm(&g->c, X_MOVZX8, false, RAX, &v, 0);
        x86_load_ah(&g->c, &nz);
    }
    load_al_ah(g);
    release(g, RAX);
}

void flags_to_host(struct gen *g, ir_ref f)
{
    struct value *v = &g->v[f];
    if (v->place == P_EFLAGS)
        return;
    flags_clobber(g);
    if (v->place == P_SFLAGS) {
        load_state(g, true);
        g->eflags_state = true;
    } else {
        struct mem m = state_mem(slot_off(v->slot));
        take(g, RAX);
        x86_rm(&g->c, X_MOVZX16, false, RAX, &m, 0);
        load_al_ah(g);
        release(g, RAX);
    }
    v->place = P_EFLAGS;
}

void flags_carry(struct gen *g, ir_ref f)
{
    struct value *v = &g->v[f];
    if (v->place == P_SFLAGS) {
        struct mem c = state_mem(C_OFF);
        flags_clobber(g);
        unsigned t = scratch(g);
        x86_rm(&g->c, X_MOVZX8, false, t, &c, 0);
        x86_rr(&g->c, X_ADD8_I, false, 0, t, -1);
        release(g, t);
        return;
    }
    flags_to_host(g, f);
    flags_clobber(g); /* saves what lives on; EFLAGS themselves still hold f */
}

/* Test cpu->flags in memory for one condition; returns the host's condition. */
static unsigned test_state(struct gen *g, unsigned cc)
{
    struct mem nz = state_mem(NZ_OFF), c = state_mem(C_OFF), v = state_mem(V_OFF);
    unsigned yes = cc & 1 ? CC_E : CC_NE, t;
    switch (cc & ~1u) {
    case CC_O:
        x86_rm(&g->c, X_CMP8_I, false, 0, &v, 0);
        return yes;
    case CC_B:
        x86_rm(&g->c, X_CMP8_I, false, 0, &c, 0);
        return yes;
    case CC_E:
        x86_rm(&g->c, X_TEST8_I, false, 0, &nz, NZ_Z);
        return yes;
    case CC_S:
        x86_rm(&g->c, X_TEST8_I, false, 0, &nz, NZ_N - 256);
        return yes;
    case CC_P:
        x86_rm(&g->c, X_TEST8_I, false, 0, &nz, NZ_P);
        return yes;
    case CC_BE:
        t = scratch(g);
        x86_rm(&g->c, X_MOVZX8, false, t, &nz, 0);
        x86_rr(&g->c, X_AND8_I, false, 0, t, NZ_Z);
        x86_rm(&g->c, X_OR8, false, t, &c, 0);
        release(g, t);
        return yes;
    case CC_L:
        t = scratch(g);
        x86_rm(&g->c, X_MOVZX8, false, t, &nz, 0);
        x86_rr(&g->c, X_SHR8_I, false, 0, t, 7);
        x86_rm(&g->c, X_CMP8, false, t, &v, 0);
        release(g, t);
        return yes;
    default: /* LE, G */
        load_state(g, false);
        return cc;
    }
}

/* Test a saved value for a condition on one flag; 0: it is on several. Returns the host's condition + 1. */
static unsigned test_saved(struct gen *g, const struct value *v, unsigned cc)
{
    static const uint8_t mask[16] = {[CC_B] = 1, [CC_E] = NZ_Z, [CC_S] = NZ_N, [CC_P] = NZ_P};
    struct mem m = state_mem(slot_off(v->slot) + 1);
    if (mask[cc & ~1u] == 0)
        return 0;
    flags_clobber(g);
    x86_rm(&g->c, X_TEST8_I, false, 0, &m, (int8_t)mask[cc & ~1u]);
    return (cc & 1 ? CC_E : CC_NE) + 1;
}

unsigned flags_cond(struct gen *g, ir_ref f, unsigned cc)
{
    if (g->v[f].place == P_SFLAGS) {
        flags_clobber(g);
        return test_state(g, cc);
    }
    unsigned saved = g->v[f].place == P_SPILL ? test_saved(g, &g->v[f], cc) : 0;
    if (saved != 0)
        return saved - 1;
    flags_to_host(g, f);
    return cc;
}

/* Values that are equal to cpu->flags become equal to EFLAGS instead. */
void flags_state_changes(struct gen *g)
{
    for (unsigned n = 0; n < g->nflags; n++) {
        struct value *v = &g->v[g->flags[n]];
        if (v->place != P_SFLAGS || v->next == 0)
            continue;
        if (!g->eflags_state) {
            flags_clobber(g);
            load_state(g, true);
            g->eflags_state = true;
        }
        v->place = P_EFLAGS;
    }
    g->eflags_state = false;
}

bool flags_only_nz(const struct gen *g, ir_ref f)
{
    const struct ir_ins *i = &g->ir->ins[f];
    if (i->op != IR_flagsof)
        return false;
    i = &g->ir->ins[i->a];
    return i->op == IR_and || i->op == IR_or || i->op == IR_xor || i->op == IR_nand ||
           i->op == IR_nor || i->op == IR_nxor ||
           (i->op == IR_sub && is_const(g, i->b) && const_of(g, i->b) == 0);
}

bool flags_are_state(const struct gen *g, ir_ref f)
{
    return g->v[f].place == P_SFLAGS || (g->v[f].place == P_EFLAGS && g->eflags_state);
}

void flags_store(struct gen *g, bool nz_only, bool keep_c)
{
    struct mem nz = state_mem(NZ_OFF), c = state_mem(C_OFF), v = state_mem(V_OFF),
               recipe = state_mem(offsetof(struct cpu, flag_recipe));
    x86_byte(&g->c, X86_LAHF);
    if (nz_only && !keep_c) {
        x86_movzx_eax_ah(&g->c);
        x86_rm(&g->c, X_MOV_M, false, RAX, &nz, 0);
    } else {
        x86_store_ah(&g->c, &nz);
        if (!keep_c)
            x86_setcc_m(&g->c, CC_B, &c);
        x86_setcc_m(&g->c, CC_O, &v);
    }
    x86_rm(&g->c, X_MOV_I, false, 0, &recipe, 0);
}

/* Flags of a into the guest's bytes. */
static void put(struct gen *g, ir_ref a, unsigned mask)
{
    struct mem nz = state_mem(NZ_OFF), c = state_mem(C_OFF), v = state_mem(V_OFF);
    if (flags_are_state(g, a))
        return;
    alias_evict_state(g, NZ_OFF, sizeof(struct cpu_flags));
    flags_to_host(g, a);
    bool others = false;
    for (unsigned n = 0; n < g->nflags; n++)
        others |= g->v[g->flags[n]].place == P_SFLAGS && used(g, g->flags[n]);
    if (others) { /* keep the old state for them, then come back to a */
        if (g->v[a].slot == NO_SLOT)
            save(g, &g->v[a]), g->v[a].place = P_EFLAGS;
        flags_state_changes(g);
        flags_clobber(g);
        g->v[a].place = P_SPILL;
        flags_to_host(g, a);
    }
    if (mask & IR_FLAG_NZ) {
        take(g, RAX);
        x86_byte(&g->c, X86_LAHF);
        if (mask == IR_FLAG_ALL && flags_only_nz(g, a)) { /* all in one store */
            x86_movzx_eax_ah(&g->c);
            x86_rm(&g->c, X_MOV_M, false, RAX, &nz, 0);
            g->eflags_state = true;
            return;
        }
        x86_store_ah(&g->c, &nz);
    }
    if (mask & IR_FLAG_C)
        x86_setcc_m(&g->c, CC_B, &c);
    if (mask & IR_FLAG_V)
        x86_setcc_m(&g->c, CC_O, &v);
    g->eflags_state = mask == IR_FLAG_ALL;
}

/* putc, putv: one byte from an integer. */
static void put_byte(struct gen *g, ir_ref a, uint32_t off)
{
    struct mem m = state_mem(off);
    flags_state_changes(g);
    alias_evict_state(g, off, 1);
    if (is_const(g, a))
        x86_rm(&g->c, X_MOV8_I, false, 0, &m, (int32_t)const_of(g, a));
    else
        x86_rm(&g->c, X_MOV8_M, false, reg_of(g, a), &m, 0);
}

/* to := the word at `to` of a table. */
static void by_table(struct gen *g, unsigned to, enum x86_status_table t)
{
    unsigned table = scratch(g);
    struct mem word = {.base = (uint8_t)table, .index = (uint8_t)to, .scale = 2};
    x86_const(&g->c, table, g->s->status[t]);
    x86_rm(&g->c, X_MOV, false, to, &word, 0);
}

/* From cpu->flags: one multiplication brings Z N C (bits 6 7 8) and V (16) together in bits 28 to 31.
 * From EFLAGS: N Z C in AH and V in AL, to their places in the same way. */
static void nzcv(struct gen *g, ir_ref f, bool inverted)
{
    if (g->v[f].place == P_SFLAGS) {
        struct mem flags = state_mem(NZ_OFF);
        flags_clobber(g);
        unsigned d = dst_reg(g, 0);
        x86_rm(&g->c, X_MOV, false, d, &flags, 0);
        x86_rr(&g->c, X_AND_I, false, 0, d, 0x101c0);
        x86_rr(&g->c, X_IMUL_I, false, d, d, 1 << 22 | 1 << 15);
        x86_rr(&g->c, X_SHR_I, false, 0, d, 28);
        by_table(g, d, inverted ? STATUS_OF_FLAGS_INVERTED : STATUS_OF_FLAGS);
        return;
    }
    flags_to_host(g, f);
    flags_clobber(g); /* EFLAGS themselves still hold f */
    take(g, RAX);
    x86_byte(&g->c, X86_LAHF);
    x86_setcc(&g->c, CC_O, RAX);
    x86_rr(&g->c, X_AND_I, false, 0, RAX, 0xc101);
    x86_rr(&g->c, X_IMUL_I, false, RAX, RAX, 1 << 16 | 1 << 21 | 1 << 28);
    x86_rr(&g->c, X_AND_I, false, 0, RAX, -(1 << 28));
    if (inverted)
        x86_rr(&g->c, X_XOR_I, false, 0, RAX, 1 << 29);
    dst_reg_is(g, RAX);
}

static void put_nzcv(struct gen *g, const struct ir_ins *i)
{
    struct mem flags = state_mem(NZ_OFF);
    flags_state_changes(g);
    flags_clobber(g);
    alias_evict_state(g, NZ_OFF, sizeof(struct cpu_flags));
    unsigned from = reg_of(g, i->a), t = scratch(g);
    x86_rr(&g->c, X_MOV, false, t, from, 0);
    x86_rr(&g->c, X_SHR_I, false, 0, t, 28);
    by_table(g, t, i->imm == 1 ? FLAGS_OF_STATUS_INVERTED : FLAGS_OF_STATUS);
    x86_rm(&g->c, X_MOV_M, false, t, &flags, 0);
}

static void select_int(struct gen *g, const struct ir_ins *i)
{
    bool w = is_wide(i->type);
    unsigned cc = flags_cond(g, i->a, i->aux);
    ir_ref yes = i->b, no = i->c;
    /* The operand that dies goes to the result, the other is moved conditionally. */
    const struct value *y = &g->v[yes];
    if (y->place == P_REG && y->next == 0 && yes != no) {
        ir_ref t = yes;
        yes = no;
        no = t;
        cc ^= 1;
    }
    struct operand o = operand_of(g, yes);
    if (o.kind == O_IMM)
        o = (struct operand){.kind = O_REG, .reg = (uint8_t)reg_of(g, yes)};
    unsigned r = reg_of(g, no), d = dst_reg(g, yes == no ? 0 : no);
    if (o.kind == O_REG && d == o.reg && d != r) { /* the wanted register holds `yes` */
        x86_cmov(&g->c, cc ^ 1, w, d, r);
        return;
    }
    mov_rr(g, w, d, r);
    if (o.kind == O_REG)
        x86_cmov(&g->c, cc, w, d, o.reg);
    else
        x86_cmov_m(&g->c, cc, w, d, &o.m);
}

static void select_xmm(struct gen *g, const struct ir_ins *i)
{
    unsigned cc = flags_cond(g, i->a, i->aux);
    unsigned y = xmm_of(g, i->b), n = xmm_of(g, i->c);
    unsigned d = dst_xmm(g, i->b == i->c ? 0 : i->c);
    xmov(g, d, n);
    uint32_t skip = x86_jcc8(&g->c, cc ^ 1);
    x86_rr(&g->c, X_MOVAPS, false, d, y, 0);
    x86_here8(&g->c, skip);
}

static void setcc(struct gen *g, const struct ir_ins *i)
{
    unsigned cc = flags_cond(g, i->a, i->aux);
    unsigned d = dst_reg(g, 0);
    x86_setcc(&g->c, cc, d);
    x86_rr(&g->c, X_MOVZX8, false, d, d, 0);
}

void lower_flags(struct gen *g, const struct ir_ins *i)
{
    switch (i->op) {
    case IR_getf:
        add(g, (ir_ref)g->at, g->eflags_state ? P_EFLAGS : P_SFLAGS);
        break;
    case IR_flagsof: /* the operation before left them */
        flags_now(g);
        break;
    case IR_fnotc:
        flags_to_host(g, i->a);
        flags_clobber(g);
        x86_byte(&g->c, X86_CMC);
        flags_now(g);
        break;
    case IR_faultf:
    case IR_faultb:
        faultflags_begin(g, i);
        break;
    case IR_putf:
        faultflags_end(g, (unsigned)i->imm);
        put(g, i->a, (unsigned)i->imm);
        break;
    case IR_putc:
        faultflags_end(g, IR_FLAG_C);
        put_byte(g, i->a, C_OFF);
        break;
    case IR_putv:
        faultflags_end(g, IR_FLAG_V);
        put_byte(g, i->a, V_OFF);
        break;
    case IR_putnzcv:
        faultflags_end(g, IR_FLAG_ALL);
        put_nzcv(g, i);
        break;
    case IR_nzcv:
        nzcv(g, i->a, i->imm == 1);
        break;
    case IR_setcc:
        setcc(g, i);
        break;
    default:
        if (i->type == IR_I32 || i->type == IR_I64)
            select_int(g, i);
        else
            select_xmm(g, i);
    }
}
