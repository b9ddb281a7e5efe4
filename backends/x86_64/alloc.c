/*
 * Register allocation: one forward pass, knowing each value's next use.
 *
 * Invariants:
 *  - an i32 in a register has zeros above bit 31;
 *  - a temporary register has one owner; a value in P_REG/P_XMM owns its register;
 *  - a value in P_PIN, P_VPIN or P_STATE is in `alias` and equals what the register or memory holds now:
 *    whoever changes those calls alias_evict_* first;
 *  - nothing here changes EFLAGS.
 * The victim when registers run out is the value whose next use is furthest away.
 */
#include "lower.h"

#include <string.h>

void alloc_start(struct gen *g)
{
    memset(g->owner, 0, sizeof g->owner);
    memset(g->xowner, 0, sizeof g->xowner);
    g->locked = g->xlocked = 0;
    g->slots = 0;
    g->aliases = g->nflags = 0;
    g->vectors_live = false;
    g->temps = X86_TEMPS;
    for (unsigned p = g->s->pins; p < X86_PINS; p++)
        g->temps |= (uint16_t)(1u << x86_pin_regs[p]);
}

bool chance(struct gen *g, unsigned one_in)
{
    if (g->random == 0)
        return false;
    g->random ^= g->random << 13;
    g->random ^= g->random >> 17;
    g->random ^= g->random << 5;
    return g->random % one_in == 0;
}

bool used(const struct gen *g, ir_ref v)
{
    return g->v[v].next != 0;
}

bool is_const(const struct gen *g, ir_ref v)
{
    return v != 0 && g->v[v].place == P_CONST;
}

uint64_t const_of(const struct gen *g, ir_ref v)
{
    const struct ir_ins *i = &g->ir->ins[v];
    return i->type == IR_I32 || i->type == IR_F32 ? (uint32_t)i->imm : (uint64_t)i->imm;
}

unsigned pin_at(const struct gen *g, uint32_t off)
{
    return off % 4 == 0 && off / 4 < X86_PIN_SLOTS ? g->s->pin_of[off / 4] : NO_REG;
}

static bool in_xmm(unsigned type)
{
    return type == IR_F32 || type == IR_F64 || type == IR_V128;
}

void mov_rr(struct gen *g, bool w, unsigned to, unsigned from)
{
    if (to != from)
        x86_rr(&g->c, X_MOV, w, to, from, 0);
}

void xmov(struct gen *g, unsigned to, unsigned from)
{
    if (to != from)
        x86_rr(&g->c, X_MOVAPS, false, to, from, 0);
}

/* ---- spill slots ---- */

unsigned new_slot(struct gen *g, unsigned n)
{
    uint64_t want = n == 2 ? 3 : 1;
    for (unsigned s = 0; s + n <= SLOT_FREE; s += n)
        if ((g->slots & want << s) == 0) {
            g->slots |= want << s;
            return s;
        }
    g->failed = true;
    return 0;
}

static void free_slot(struct gen *g, struct value *v)
{
    if (v->slot == NO_SLOT)
        return;
    g->slots &= ~((v->type == IR_V128 ? 3ull : 1ull) << v->slot);
    v->slot = NO_SLOT;
}

static enum x86_op xmm_store(unsigned type)
{
    return type == IR_F32 ? X_MOVSS_M : type == IR_F64 ? X_MOVSD_M : X_MOVUPS_M;
}

static enum x86_op xmm_load(unsigned type)
{
    return type == IR_F32 ? X_MOVSS : type == IR_F64 ? X_MOVSD : X_MOVUPS;
}

/* Copy a value in a register to its spill slot. */
void store_slot(struct gen *g, ir_ref r)
{
    struct value *v = &g->v[r];
    if (v->slot != NO_SLOT)
        return;
    v->slot = (uint8_t)new_slot(g, v->type == IR_V128 ? 2 : 1);
    struct mem m = state_mem(slot_off(v->slot));
    if (v->place == P_XMM || v->place == P_VPIN)
        x86_rm(&g->c, xmm_store(v->type), false, v->reg, &m, 0);
    else
        x86_rm(&g->c, X_MOV_M, is_wide(v->type), v->reg, &m, 0);
}

static void alias_remove(struct gen *g, ir_ref r)
{
    for (unsigned n = 0; n < g->aliases; n++)
        if (g->alias[n] == r) {
            g->alias[n] = g->alias[--g->aliases];
            return;
        }
}

/* Leave the present place. */
static void detach(struct gen *g, ir_ref r)
{
    struct value *v = &g->v[r];
    if (v->place == P_REG && g->owner[v->reg] == r)
        g->owner[v->reg] = 0;
    else if (v->place == P_XMM && g->xowner[v->reg] == r)
        g->xowner[v->reg] = 0;
    else if (v->place == P_PIN || v->place == P_VPIN || v->place == P_STATE)
        alias_remove(g, r);
    v->place = P_NONE;
}

void set_place(struct gen *g, ir_ref r, enum place p, unsigned reg)
{
    struct value *v = &g->v[r];
    detach(g, r);
    v->place = (uint8_t)p;
    v->reg = (uint8_t)reg;
    v->type = (uint8_t)ir_result(&g->ir->ins[r]);
    if (p == P_REG)
        g->owner[reg] = r;
    else if (p == P_XMM)
        g->xowner[reg] = r;
}

static void spill(struct gen *g, ir_ref r)
{
    store_slot(g, r);
    detach(g, r);
    g->v[r].place = P_SPILL;
}

/* ---- choosing registers ---- */

/* Order of preference among free temporaries: rax last, lahf wants it. */
static const uint8_t temp_order[] = {RCX, RDX, RBX, RSI, RDI, RBP, R8, R9,
                                     R10, R11, R15, R14, R13, R12, RAX};

static unsigned victim(struct gen *g, const ir_ref *owner, uint16_t allowed)
{
    unsigned best = NO_REG, far = 0;
    for (unsigned r = 0; r < 16; r++) {
        if (!(allowed >> r & 1) || owner[r] == 0 || owner[r] == SCRATCH)
            continue;
        unsigned next = only_kept(g, owner[r]) ? IR_MAX_INS + 1 : g->v[owner[r]].next;
        if (best == NO_REG || next > far || chance(g, 3)) {
            best = r;
            far = next;
        }
    }
    return best;
}

static unsigned pick(struct gen *g)
{
    uint16_t allowed = g->temps & (uint16_t)~g->locked;
    unsigned best = NO_REG;
    for (unsigned n = 0; n < sizeof temp_order; n++) {
        unsigned r = temp_order[n];
        if ((allowed >> r & 1) && g->owner[r] == 0 && (best == NO_REG || chance(g, 2)))
            best = r;
    }
    if (best != NO_REG && !chance(g, 8))
        return best;
    unsigned r = victim(g, g->owner, allowed);
    if (r == NO_REG) {
        if (best == NO_REG)
            g->failed = true;
        return best == NO_REG ? RCX : best;
    }
    spill(g, g->owner[r]);
    return r;
}

static unsigned xpick(struct gen *g)
{
    uint16_t pinned = (uint16_t)(((1u << g->s->vpins) - 1) << X86_VPIN(0));
    uint16_t allowed = (uint16_t) ~(g->xlocked | pinned);
    unsigned start = g->random ? g->random % 16 : 0;
    for (unsigned n = 0; n < 16; n++) {
        unsigned r = (n + start) % 16;
        if ((allowed >> r & 1) && g->xowner[r] == 0)
            return r;
    }
    unsigned r = victim(g, g->xowner, allowed);
    if (r == NO_REG) {
        g->failed = true;
        return 0;
    }
    spill(g, g->xowner[r]);
    return r;
}

unsigned scratch(struct gen *g)
{
    unsigned r = pick(g);
    g->owner[r] = SCRATCH;
    g->locked |= (uint16_t)(1u << r);
    return r;
}

unsigned xscratch(struct gen *g)
{
    unsigned r = xpick(g);
    g->xowner[r] = SCRATCH;
    g->xlocked |= (uint16_t)(1u << r);
    return r;
}

/* Move the owner of a temporary elsewhere, without loss. */
static void vacate(struct gen *g, unsigned reg)
{
    ir_ref r = g->owner[reg];
    if (r == 0 || r == SCRATCH)
        return;
    uint16_t locked = g->locked;
    uint16_t others = g->temps & (uint16_t) ~(locked | 1u << reg);
    for (unsigned n = 0; n < sizeof temp_order; n++) {
        unsigned to = temp_order[n];
        if ((others >> to & 1) && g->owner[to] == 0) {
            x86_rr(&g->c, X_MOV, is_wide(g->v[r].type), to, reg, 0);
            set_place(g, r, P_REG, to);
            return;
        }
    }
    spill(g, r);
}

void take(struct gen *g, unsigned reg)
{
    vacate(g, reg);
    g->owner[reg] = SCRATCH;
    g->locked |= (uint16_t)(1u << reg);
}

void release(struct gen *g, unsigned reg)
{
    g->owner[reg] = 0;
    g->locked &= (uint16_t) ~(1u << reg);
}

/* ---- operands ---- */

static void load_to(struct gen *g, ir_ref r, unsigned reg)
{
    const struct value *v = &g->v[r];
    struct mem m;
    switch (v->place) {
    case P_CONST:
        x86_const(&g->c, reg, const_of(g, r));
        break;
    case P_REG:
    case P_PIN:
        mov_rr(g, is_wide(v->type), reg, v->reg);
        break;
    case P_SPILL:
        m = state_mem(slot_off(v->slot));
        x86_rm(&g->c, X_MOV, is_wide(v->type), reg, &m, 0);
        break;
    case P_STATE:
        m = state_mem(v->off);
        if (g->ir->ins[r].type == IR_I8)
            x86_rm(&g->c, X_MOVZX8, false, reg, &m, 0);
        else
            x86_rm(&g->c, X_MOV, is_wide(v->type), reg, &m, 0);
        break;
    default:
        g->failed = true;
    }
}

unsigned reg_of(struct gen *g, ir_ref r)
{
    struct value *v = &g->v[r];
    if (v->place != P_REG && v->place != P_PIN) {
        unsigned reg = pick(g);
        load_to(g, r, reg);
        if (v->place == P_CONST)
            g->owner[reg] = SCRATCH;
        else {
            set_place(g, r, P_REG, reg);
        }
        g->locked |= (uint16_t)(1u << reg);
        return reg;
    }
    g->locked |= (uint16_t)(1u << v->reg);
    return v->reg;
}

void place(struct gen *g, ir_ref r, unsigned reg)
{
    if (g->v[r].place == P_REG && g->v[r].reg == reg) {
        if (used(g, r))
            spill(g, r);
        g->owner[reg] = SCRATCH; /* if not used later, r may still be read from here */
        g->locked |= (uint16_t)(1u << reg);
        return;
    }
    take(g, reg);
    load_to(g, r, reg);
}

static void xload_to(struct gen *g, ir_ref r, unsigned x)
{
    const struct value *v = &g->v[r];
    struct mem m;
    if (v->place == P_CONST) {
        uint64_t k = const_of(g, r);
        if (k == 0) {
            x86_rr(&g->c, X_XORPS, false, x, x, 0);
            return;
        }
        unsigned t = scratch(g);
        x86_const(&g->c, t, k);
        x86_rr(&g->c, X_MOVD, v->type != IR_F32, x, t, 0);
        return;
    }
    if (v->place == P_VPIN) {
        xmov(g, x, v->reg);
        return;
    }
    if (v->place != P_SPILL && v->place != P_STATE) {
        g->failed = true;
        return;
    }
    m = state_mem(v->place == P_SPILL ? slot_off(v->slot) : v->off);
    x86_rm(&g->c, xmm_load(v->type), false, x, &m, 0);
}

unsigned xmm_of(struct gen *g, ir_ref r)
{
    struct value *v = &g->v[r];
    if (v->place != P_XMM && v->place != P_VPIN) {
        unsigned x = xpick(g);
        g->xlocked |= (uint16_t)(1u << x);
        xload_to(g, r, x);
        if (v->place == P_CONST)
            g->xowner[x] = SCRATCH;
        else
            set_place(g, r, P_XMM, x);
        return x;
    }
    g->xlocked |= (uint16_t)(1u << v->reg);
    return v->reg;
}

struct operand operand_of(struct gen *g, ir_ref r)
{
    const struct value *v = &g->v[r];
    if (v->place == P_CONST) {
        uint64_t k = const_of(g, r);
        if (v->type == IR_I32 || (int64_t)k == (int32_t)k)
            return (struct operand){.kind = O_IMM, .imm = (int32_t)k};
    }
    if ((v->place == P_STATE || v->place == P_SPILL) && (v->next == 0 || only_kept(g, r)) &&
        g->ir->ins[r].type != IR_I8 && !chance(g, 2))
        return (struct operand){.kind = O_MEM,
                                .m = state_mem(v->place == P_SPILL ? slot_off(v->slot) : v->off)};
    return (struct operand){.kind = O_REG, .reg = (uint8_t)reg_of(g, r)};
}

struct operand xoperand_of(struct gen *g, ir_ref r, unsigned bytes)
{
    const struct value *v = &g->v[r];
    uint32_t off = v->place == P_SPILL ? slot_off(v->slot) : v->off;
    if ((v->place == P_STATE || v->place == P_SPILL) && v->next == 0 &&
        (bytes < 16 || off % 16 == 0) && !chance(g, 2))
        return (struct operand){.kind = O_MEM, .m = state_mem(off)};
    return (struct operand){.kind = O_REG, .reg = (uint8_t)xmm_of(g, r)};
}

void x_apply(struct gen *g, enum x86_op op, bool w, unsigned reg, const struct operand *o)
{
    if (o->kind == O_REG)
        x86_rr(&g->c, op, w, reg, o->reg, 0);
    else
        x86_rm(&g->c, op, w, reg, &o->m, 0);
}

/* ---- results ---- */

static bool alias_lives(const struct gen *g, enum place p, unsigned reg)
{
    for (unsigned n = 0; n < g->aliases; n++) {
        const struct value *v = &g->v[g->alias[n]];
        if (v->place == p && v->reg == reg && v->next != 0 && !only_kept(g, g->alias[n]))
            return true;
    }
    return false;
}

unsigned dst_reg(struct gen *g, ir_ref a)
{
    unsigned pin = g->want[g->at];
    ir_ref r = (ir_ref)g->at;
    if (pin != NO_REG && !alias_lives(g, P_PIN, pin) && !chance(g, 3)) {
        alias_evict_pin(g, pin);
        alias_add(g, r, P_PIN, pin, 0);
        return pin;
    }
    struct value *v = &g->v[a];
    if (a != 0 && v->place == P_REG && v->next == 0) {
        unsigned reg = v->reg;
        detach(g, a);
        v->reg = (uint8_t)reg;
        set_place(g, r, P_REG, reg);
        return reg;
    }
    unsigned reg = pick(g);
    g->locked |= (uint16_t)(1u << reg);
    set_place(g, r, P_REG, reg);
    return reg;
}

unsigned dst_reg_is(struct gen *g, unsigned reg)
{
    set_place(g, (ir_ref)g->at, P_REG, reg);
    g->locked |= (uint16_t)(1u << reg);
    return reg;
}

/* Whether the result may be computed in pinned xmm register x, of which only operand a may be an alias. */
static bool vpin_free(const struct gen *g, unsigned x, ir_ref a)
{
    const struct ir_ins *i = ins_at(g);
    const ir_ref operand[3] = {i->a, i->b, i->c};
    for (unsigned n = 0; n < 3; n++) {
        const struct value *v = &g->v[operand[n]];
        if (operand[n] != a && v->place == P_VPIN && v->reg == x)
            return false;
    }
    return g->vectors_live && !alias_lives(g, P_VPIN, x);
}

unsigned dst_xmm(struct gen *g, ir_ref a)
{
    struct value *v = &g->v[a];
    unsigned x = g->want[g->at];
    if (x != NO_REG && vpin_free(g, x - WANT_VECTOR, a) && !chance(g, 3)) {
        x -= WANT_VECTOR;
        alias_evict_vpin(g, x);
        alias_add(g, (ir_ref)g->at, P_VPIN, x, 0);
        return x;
    }
    if (a != 0 && v->place == P_XMM && v->next == 0) {
        x = v->reg;
        detach(g, a);
    } else {
        x = xpick(g);
    }
    g->xlocked |= (uint16_t)(1u << x);
    set_place(g, (ir_ref)g->at, P_XMM, x);
    return x;
}

/* ---- aliases ---- */

static bool any_free(const struct gen *g)
{
    for (unsigned m = g->temps & ~g->locked; m != 0; m &= m - 1)
        if (g->owner[__builtin_ctz(m)] == 0)
            return true;
    return false;
}

/* Give an aliasing value a place of its own. */
static void unalias(struct gen *g, ir_ref r)
{
    struct value *v = &g->v[r];
    if (v->place == P_PIN && only_kept(g, r) && !any_free(g)) {
        spill(g, r);
        return;
    }
    if (in_xmm(v->type)) {
        unsigned x = xpick(g);
        xload_to(g, r, x);
        set_place(g, r, P_XMM, x);
        return;
    }
    unsigned reg = pick(g);
    load_to(g, r, reg);
    set_place(g, r, P_REG, reg);
}

static void prune(struct gen *g)
{
    unsigned kept = 0;
    for (unsigned n = 0; n < g->aliases; n++) {
        if (used(g, g->alias[n]) || g->alias[n] == g->at)
            g->alias[kept++] = g->alias[n];
        else
            g->v[g->alias[n]].place = P_NONE;
    }
    g->aliases = kept;
}

void alias_add(struct gen *g, ir_ref r, enum place p, unsigned reg, uint32_t off)
{
    struct value *v = &g->v[r];
    detach(g, r);
    if (g->aliases == MAX_ALIASES)
        prune(g);
    if (g->aliases == MAX_ALIASES)
        unalias(g, g->alias[0]);
    v->place = (uint8_t)p;
    v->reg = (uint8_t)reg;
    v->off = (uint16_t)off;
    v->type = (uint8_t)ir_result(&g->ir->ins[r]);
    g->alias[g->aliases++] = r;
}

static uint32_t bytes_of(const struct gen *g, ir_ref r)
{
    static const uint8_t bytes[IR_TYPES] = {
        [IR_I32] = 4, [IR_I64] = 8, [IR_F32] = 4, [IR_F64] = 8, [IR_V128] = 16, [IR_I8] = 1};
    return bytes[g->ir->ins[r].type];
}

void alias_evict_pin(struct gen *g, unsigned reg)
{
    for (unsigned n = 0; n < g->aliases;) {
        ir_ref r = g->alias[n];
        struct value *v = &g->v[r];
        if (v->place != P_PIN || v->reg != reg || (only_kept(g, r) && v->next == g->at)) {
            n++; /* another's, or one that nobody wants behind this access */
        } else if (v->next != 0) {
            unalias(g, r); /* removes it from the list */
        } else {
            alias_remove(g, r);
            v->place = P_NONE; /* dies here; whoever reads it has its register number */
        }
    }
}

void alias_evict_vpin(struct gen *g, unsigned reg)
{
    for (unsigned n = 0; n < g->aliases;) {
        ir_ref r = g->alias[n];
        struct value *v = &g->v[r];
        if (v->place != P_VPIN || v->reg != reg) {
            n++;
        } else if (v->next != 0) {
            unalias(g, r);
        } else {
            alias_remove(g, r);
            v->place = P_NONE; /* dies here; whoever reads it has its register number */
        }
    }
}

void alias_evict_state(struct gen *g, uint32_t off, uint32_t bytes)
{
    for (unsigned n = 0; n < g->aliases;) {
        ir_ref r = g->alias[n];
        struct value *v = &g->v[r];
        if (v->place != P_STATE || v->off >= off + bytes || v->off + bytes_of(g, r) <= off)
            n++;
        else
            unalias(g, r);
    }
}

void alloc_spill_all(struct gen *g, bool pins)
{
    for (unsigned n = 0; n < g->aliases;) {
        ir_ref r = g->alias[n];
        if (!used(g, r) || (g->v[r].place == P_PIN && !pins))
            n++;
        else if (g->v[r].place == P_PIN || g->v[r].place == P_VPIN)
            spill(g, r);
        else
            unalias(g, r);
    }
    for (unsigned r = 0; r < 16; r++) {
        if (g->owner[r] != 0 && g->owner[r] != SCRATCH && used(g, g->owner[r]))
            spill(g, g->owner[r]);
        if (g->xowner[r] != 0 && g->xowner[r] != SCRATCH && used(g, g->xowner[r]))
            spill(g, g->xowner[r]);
    }
}

void alloc_lost(struct gen *g)
{
    memset(g->owner, 0, sizeof g->owner);
    memset(g->xowner, 0, sizeof g->xowner);
    g->locked = g->xlocked = 0;
    g->vectors_live = false;
}

void alloc_forget(struct gen *g)
{
    memset(g->owner, 0, sizeof g->owner);
    memset(g->xowner, 0, sizeof g->xowner);
    g->slots = 0;
    g->aliases = g->nflags = g->helds = 0;
    g->vectors_live = false;
}

void alloc_die(struct gen *g, ir_ref r)
{
    struct value *v = &g->v[r];
    if (r == 0 || v->next != 0 || v->place == P_CONST)
        return;
    detach(g, r);
    free_slot(g, v);
}

void alloc_end_ins(struct gen *g)
{
    const struct ir_ins *i = ins_at(g);
    alloc_die(g, unfolded(g, i->a));
    alloc_die(g, unfolded(g, i->b));
    alloc_die(g, i->c);
    if (ir_result(i) != IR_NONE)
        alloc_die(g, (ir_ref)g->at);
    for (unsigned m = g->locked; m != 0; m &= m - 1) /* scratch registers are locked */
        if (g->owner[__builtin_ctz(m)] == SCRATCH)
            g->owner[__builtin_ctz(m)] = 0;
    for (unsigned m = g->xlocked; m != 0; m &= m - 1)
        if (g->xowner[__builtin_ctz(m)] == SCRATCH)
            g->xowner[__builtin_ctz(m)] = 0;
    g->locked = g->xlocked = 0;
}
