/*
 * Entry, exits, branches, calls, and the cold code behind the main code.
 *
 * A block's pinned registers hold exact guest state at every branch, exit and call. A jump is a
 * rel32 that link() patches; until then it goes to its stub in the cold code. Calls use one of the
 * common call stubs: function in r15, arguments in rdx rcx rax.
 */
#include <translator/ir_fold.h>

#include "lower.h"

#include <string.h>

struct side_entry *add_side(struct gen *g, uint32_t host, const struct ir_ins *i)
{
    struct block *b = g->k->block;
    struct side_entry *s = &b->sides[b->side_count++];
    *s = (struct side_entry){.host = host,
                             .pc = g->pc,
                             .side = (uint16_t)g->side_bits,
                             .site = i->site,
                             .kind = i->aux,
                             .bits = i->bits};
    if ((i->op == IR_ld || i->op == IR_st) && !ir_slow_access(i))
        s->flags = faultflags_note(g);
    if (g->k->icount)
        s->spare = (uint16_t)(b->insns - i->site);
    return s;
}

struct cold *add_cold(struct gen *g, enum cold_kind kind)
{
    if (g->colds == MAX_COLD) {
        g->failed = true;
        g->colds = 0;
    }
    struct cold *c = &g->cold[g->colds++];
    *c = (struct cold){.kind = (uint8_t)kind};
    if (kind == COLD_SOFT)
        g->calls = true;
    return c;
}

/* The fetch entry of the second page must be there, or the dispatcher looks. */
static void second_page(struct gen *g, const struct block *b)
{
    uint32_t va = block_second_va(b);
    struct mem fetch = state_mem(offsetof(struct cpu, fetch)),
               entry = mem_base(RAX, (int32_t)link_fetch_offset(va));
    x86_rm(&g->c, X_MOV, true, RAX, &fetch, 0);
    x86_const(&g->c, RCX, (uint64_t)(va | 1) | b->phys2 >> GUEST_PAGE_SHIFT << 32);
    x86_rm(&g->c, X_CMP, true, RCX, &entry, 0);
    struct cold *c = add_cold(g, COLD_PAGE);
    c->field[c->fields++] = x86_jcc(&g->c, CC_NE, 0);
}

void block_entry(struct gen *g)
{
    struct block *b = g->k->block;
    struct mem attention = state_mem(offsetof(struct cpu, attention));
    struct mem budget = state_mem(offsetof(struct cpu, budget));
    if (b->phys2 != 0)
        second_page(g, b);
    b->code_enter = code_offset(&g->c);
    x86_rm(&g->c, X_CMP_I, false, 0, &attention, 0);
    struct cold *c = add_cold(g, COLD_CHECK);
    c->field[c->fields++] = x86_jcc(&g->c, CC_NE, 0);
    if (g->k->icount) {
        x86_rm(&g->c, X_SUB_I, false, 0, &budget, b->insns);
        c = add_cold(g, COLD_BUDGET);
        c->field[c->fields++] = x86_jcc(&g->c, CC_S, 0);
    }
    b->code_after = g->k->icount || b->phys2 != 0 ? b->code : b->code + code_offset(&g->c);
    if (g->vectors_used)
        vpins_live(g);
}

void call_function(struct gen *g, uint64_t function, unsigned kind, const struct ir_ins *i)
{
    unsigned stub = (kind & (CALL_READS | CALL_WRITES)) | (kind & CALL_FP ? 4 : 0);
    g->calls = true;
    x86_const(&g->c, R15, function);
    x86_call_to(&g->c, g->s->call[stub]);
    struct side_entry *side = add_side(g, code_offset(&g->c), i);
    alloc_lost(g);
    if (kind & CALL_EXITS) {
        struct mem request = state_mem(offsetof(struct cpu, exit_request));
        x86_rm(&g->c, X_CMP_I, false, 0, &request, 0);
        struct cold *c = add_cold(g, COLD_EXIT);
        c->side = side;
        c->field[c->fields++] = x86_jcc(&g->c, CC_NE, 0);
    }
}

/* An argument into its register; one that is absent is 0. */
static void argument(struct gen *g, ir_ref a, unsigned reg)
{
    if (a != 0 && !(is_const(g, a) && const_of(g, a) == 0)) {
        place(g, a, reg);
        return;
    }
    take(g, reg);
    x86_rr(&g->c, X_XOR, false, reg, reg, 0);
}

static void call(struct gen *g, const struct ir_ins *i)
{
    if (i->aux & CALL_WRITES) {
        flags_state_changes(g);
        faultflags_end(g, IR_FLAG_ALL);
    }
    flags_clobber(g);
    alloc_spill_all(g, (i->aux & CALL_WRITES) != 0);
    argument(g, i->a, RDX);
    argument(g, i->b, RCX);
    argument(g, i->c, RAX);
    const struct frontend_helper *h = &g->s->frontend->helpers[i->imm];
    call_function(g, (uint64_t)(uintptr_t)h->run, i->aux, i);
    if ((i->aux & CALL_VOID) || !used(g, (ir_ref)g->at))
        return;
    bool w = is_wide(i->type);
    take(g, RAX);
    if (is_wide(i->type) || i->type == IR_I32) {
        if (g->want[g->at] != NO_REG) {
            mov_rr(g, w, dst_reg(g, 0), RAX);
        } else {
            if (!w)
                x86_rr(&g->c, X_MOV, false, RAX, RAX, 0);
            dst_reg_is(g, RAX);
        }
    } else { /* f32, f64: the bits */
        x86_rr(&g->c, X_MOVD, i->type != IR_F32, dst_xmm(g, 0), RAX, 0);
    }
}

/* ---- branches and exits ---- */

static void to_label(struct gen *g, uint32_t field, unsigned label, bool near)
{
    if (g->fixups == MAX_FIXUPS) {
        g->failed = true;
        return;
    }
    g->flags_differ[label] |= !g->eflags_state;
    g->label_used[label] = true;
    g->fixup[g->fixups].near = near;
    g->fixup[g->fixups].field = field;
    g->fixup[g->fixups++].label = label;
}

static void add_exit(struct gen *g, const struct ir_ins *i, uint32_t field)
{
    struct block *b = g->k->block;
    b->exit[b->exits++] = (struct block_exit){
        .from = b, .pc = (uint32_t)i->imm, .kind = i->aux, .code_offset = field};
}

static bool only_jumps(const struct ir_ins *i)
{
    return i->op == IR_jump && !(i->aux & JUMP_ENTER);
}

/* Whether i, instruction `at`, is a branch over a jump alone: the two become one, which jumps. */
static bool brcc_over_jump(const struct gen *g, const struct ir_ins *i, unsigned at)
{
    return !g->k->icount && i->op == IR_brcc && (i->aux & BRCC_PUTF) == 0 &&
           at + 2 <= g->ir->count && only_jumps(&i[1]) && i[2].op == IR_label && i[2].imm == i->imm;
}

/* What stands at a label that a branch leads to, if it is a way out: a jump, perhaps with a recipe for
 * flags (pass_lazy.c) put before it. jump: NULL: something else. */
struct way_out {
    const struct ir_ins *jump, *recipe;
};

static struct way_out way_out(const struct gen *g, const struct ir_ins *branch)
{
    struct way_out w = {NULL, NULL};
    unsigned at = g->label_at[branch->imm];
    const struct ir_ins *i = &g->ir->ins[at];
    do
        i++, at++;
    while (at < g->ir->count && i->op == IR_const);
    if (at < g->ir->count && i->op == IR_put && i->imm == offsetof(struct cpu, flag_recipe) &&
        g->ir->ins[i->a].op == IR_const)
        w.recipe = i++, at++;
    if (!g->k->icount && at <= g->ir->count && only_jumps(i))
        w.jump = i;
    return w;
}

const struct ir_ins *jump_at_label(const struct gen *g, const struct ir_ins *i)
{
    struct way_out w = way_out(g, i);
    return w.recipe == NULL ? w.jump : NULL;
}

/* The entry took the whole block's instructions from the budget: give back those not run. */
static void refund(struct gen *g, unsigned insns)
{
    struct mem budget = state_mem(offsetof(struct cpu, budget));
    if (!g->k->icount || insns == 0)
        return;
    x86_rm(&g->c, X_ADD_I, false, 0, &budget, (int32_t)insns);
    g->eflags_state = false;
}

/* Guest instructions that begin between here and the label. */
static unsigned skipped(const struct gen *g, const struct ir_ins *i)
{
    unsigned n = 0;
    if (g->k->icount)
        for (const struct ir_ins *j = i + 1; j->op != IR_label || j->imm != i->imm; j++)
            n += j->op == IR_insn;
    return n;
}

/* Whether a branch can probably be short: few instructions to its label, and no large ones. If it
 * does not reach after all, the block is made again without such branches. */
static bool is_near(struct gen *g, const struct ir_ins *i)
{
    enum { NEAR = 9 };
    if (g->far || chance(g, 2))
        return false;
    for (const struct ir_ins *j = i + 1; j < i + NEAR; j++) {
        if (j->op == IR_label && j->imm == i->imm)
            return true;
        if (j->op == IR_call || is_string(j->op) || j->op == IR_rbit ||
            (j->op >= IR_fadd && j->op <= IR_xcontrol) || (j->bits & SITE_SLOW))
            return false;
    }
    return false;
}

/* What a branch stores on its way; exit: to a jump. */
static void note_flags(struct gen *g, const struct ir_ins *i, struct cold *c, bool exit)
{
    c->nz_only = flags_only_nz(g, i->a);
    c->keep_c = (i->aux & BRCC_KEEP_C) != 0;
    if (exit && faultflags_exit(g, c))
        c->kind = COLD_RECIPE;
}

static void store_flags(struct gen *g, const struct cold *c)
{
    if (c->kind == COLD_RECIPE)
        faultflags_cold(g, c);
    else
        flags_store(g, c->nz_only, c->keep_c);
}

/* A branch back, probably of a loop, on whose way EFLAGS or a recipe are stored: that stands here, not behind
 * the code, so that there is one jump. */
static bool brcc_back(struct gen *g, const struct ir_ins *i, unsigned cc)
{
    bool put = (i->aux & BRCC_PUTF) != 0;
    struct way_out w = way_out(g, i);
    if (w.jump == NULL || put == (w.recipe != NULL) || (uint32_t)w.jump->imm > g->pc ||
        chance(g, 2))
        return false;
    uint32_t skip = x86_jcc8(&g->c, cc ^ 1);
    if (put) {
        struct cold c = {.kind = COLD_FLAGS};
        note_flags(g, i, &c, true);
        store_flags(g, &c);
    } else {
        struct mem recipe = state_mem((uint32_t)w.recipe->imm);
        x86_rm(&g->c, X_MOV_I, false, 0, &recipe, (int32_t)const_of(g, w.recipe->a));
    }
    add_exit(g, w.jump, x86_jmp(&g->c, 0));
    x86_here8(&g->c, skip);
    return true;
}

/* A branch on whose way EFLAGS are stored. */
static void brcc_put(struct gen *g, const struct ir_ins *i, unsigned cc)
{
    const struct ir_ins *jump = jump_at_label(g, i);
    uint32_t field = x86_jcc(&g->c, cc, 0);
    struct cold *c = add_cold(g, COLD_FLAGS);
    c->field[c->fields++] = field;
    c->exit = jump != NULL;
    note_flags(g, i, c, c->exit);
    if (jump != NULL) {
        c->back = g->k->block->exits;
        add_exit(g, jump, 0);
    } else {
        c->back = (uint32_t)i->imm;
        g->flags_differ[i->imm] = true;
        g->label_used[i->imm] = true;
    }
}

static void brcc(struct gen *g, const struct ir_ins *i)
{
    bool put = (i->aux & BRCC_PUTF) != 0;
    if (put)
        flags_to_host(g, i->a);
    unsigned cc = flags_cond(g, i->a, i->aux & 15), skips = skipped(g, i);
    if (skips != 0) {
        flags_clobber(g);
        uint32_t stay = x86_jcc(&g->c, cc ^ 1, 0);
        if (put)
            flags_store(g, flags_only_nz(g, i->a), (i->aux & BRCC_KEEP_C) != 0);
        refund(g, skips);
        to_label(g, x86_jmp(&g->c, 0), (unsigned)i->imm, false);
        x86_patch(&g->c, stay, code_offset(&g->c));
        return;
    }
    if (brcc_back(g, i, cc))
        return;
    if (put) {
        brcc_put(g, i, cc);
        return;
    }
    if (brcc_over_jump(g, i, g->at)) {
        add_exit(g, i + 1, x86_jcc(&g->c, cc ^ 1, 0));
        g->flags_differ[i->imm] |= !g->eflags_state;
        g->label_used[i->imm] = true;
    } else if (jump_at_label(g, i) != NULL) {
        add_exit(g, jump_at_label(g, i), x86_jcc(&g->c, cc, 0));
    } else if (is_near(g, i)) {
        to_label(g, x86_jcc8(&g->c, cc), (unsigned)i->imm, true);
    } else {
        to_label(g, x86_jcc(&g->c, cc, 0), (unsigned)i->imm, false);
    }
}

static void label(struct gen *g, const struct ir_ins *i)
{
    g->label[i->imm] = code_offset(&g->c) + 1;
    alloc_forget(g);
    unsigned before = i[-1].op; /* does it come here by itself? */
    if ((ir_traits(before) & TRAIT_EXIT) || before == IR_br)
        g->eflags_state = true;
    g->eflags_state = g->eflags_state && !g->flags_differ[i->imm];
    g->dead = !g->label_used[i->imm] && ((ir_traits(before) & TRAIT_EXIT) || before == IR_br) &&
              way_out(g, i).jump != NULL;
}

/* A computed jump into another mode: mode and window are what vm_redirect left. */
static void jumpto_mode(struct gen *g, const struct ir_ins *i)
{
    refund(g, g->k->block->insns - g->insns);
    unsigned pc = reg_of(g, i->a), e = scratch(g), k = scratch(g);
    struct mem base = state_mem(offsetof(struct cpu, base)),
               slots = state_mem(offsetof(struct cpu, next_slots)),
               mode = state_mem(offsetof(struct cpu, next_key)),
               jumps = state_mem(offsetof(struct cpu, jumps)), key = mem_base(e, 0),
               host = mem_base(e, offsetof(struct jump_entry, host)),
               hash = {.base = (uint8_t)e, .index = (uint8_t)pc, .scale = 2};
    x86_rm(&g->c, X_MOV, true, e, &base, 0);
    x86_rr(&g->c, X_WRGSBASE, true, 0, e, 0);
    x86_rm(&g->c, X_MOV, false, e, &slots, 0);
    x86_rm(&g->c, X_LEA, false, e, &hash, 0);
    x86_rr(&g->c, X_AND_I, false, 0, e, (JUMP_ENTRIES - 1) * (int)sizeof(struct jump_entry));
    x86_rm(&g->c, X_ADD, true, e, &jumps, 0);
    struct cold *c = add_cold(g, COLD_LOOKUP);
    c->reg = (uint8_t)pc;
    c->a = (uint8_t)e;
    c->b = (uint8_t)k;
    x86_rm(&g->c, X_MOV, true, k, &mode, 0);
    x86_rr(&g->c, X_OR, true, k, pc, 0);
    x86_rm(&g->c, X_CMP, true, k, &key, 0);
    c->field[c->fields++] = x86_jcc(&g->c, CC_NE, 0);
    x86_rm(&g->c, X_JMP_E, false, 0, &host, 0);
}

/* To the window of a side. */
static void to_side(struct gen *g, enum cpu_side_number n)
{
    uint32_t side = (uint32_t)(offsetof(struct cpu, side) + n * sizeof(struct cpu_side));
    unsigned x = xscratch(g), r = scratch(g);
    struct mem tables = state_mem(side), base = state_mem(side + offsetof(struct cpu_side, base)),
               now = state_mem(offsetof(struct cpu, jumps)),
               now_base = state_mem(offsetof(struct cpu, base));
    x86_rm(&g->c, X_MOVUPS, false, x, &tables, 0);
    x86_rm(&g->c, X_MOVUPS_M, false, x, &now, 0);
    x86_rm(&g->c, X_MOV, true, r, &base, 0);
    x86_rm(&g->c, X_MOV_M, true, r, &now_base, 0);
    x86_rr(&g->c, X_WRGSBASE, true, 0, r, 0);
    release(g, r);
}

/* Computed jump: the entry of cpu->jumps that pc hashes to holds pc, the mode's upper bits and the host
 * address. */
static void jumpto(struct gen *g, const struct ir_ins *i)
{
    uint32_t mode = g->k->block->mode ^ (uint32_t)i->imm, high = jump_mode_high(mode);
    refund(g, g->k->block->insns - g->insns);
    if (i->aux & (JUMP_ENTER | JUMP_USER))
        to_side(g, i->aux & JUMP_USER ? SIDE_USER : SIDE_PRIVILEGED);
    unsigned pc = reg_of(g, i->a), e = scratch(g), k = pc;
    struct cold *c = add_cold(g, COLD_LOOKUP);
    c->reg = (uint8_t)pc;
    struct mem jumps = state_mem(offsetof(struct cpu, jumps)), key = mem_base(e, 0),
               host = mem_base(e, offsetof(struct jump_entry, host)),
               slots = state_mem(offsetof(struct cpu, user_slots)),
               hash = {.base = NO_REG, .index = (uint8_t)pc, .scale = 2};
    /* jump_slot(pc, mode) * sizeof(struct jump_entry) */
    hash.disp = (int32_t)(jump_mode_slots(mode) * sizeof(struct jump_entry));
    x86_rm(&g->c, X_LEA, false, e, &hash, 0);
    if (i->aux & JUMP_USER)
        x86_rm(&g->c, X_ADD, false, e, &slots, 0);
    x86_rr(&g->c, X_AND_I, false, 0, e, (JUMP_ENTRIES - 1) * (int)sizeof(struct jump_entry));
    x86_rm(&g->c, X_ADD, true, e, &jumps, 0);
    if (high != 0) { /* else it is 0 as the upper half of pc's register */
        k = scratch(g);
        x86_const(&g->c, k, (uint64_t)high << 32);
        x86_rr(&g->c, X_OR, true, k, pc, 0);
    }
    c->a = (uint8_t)e;
    c->b = (uint8_t)k;
    x86_rm(&g->c, X_CMP, true, k, &key, 0);
    c->field[c->fields++] = x86_jcc(&g->c, CC_NE, 0);
    x86_rm(&g->c, X_JMP_E, false, 0, &host, 0);
}

static void leave(struct gen *g, const struct ir_ins *i)
{
    struct mem pc = state_mem(offsetof(struct cpu, pc));
    refund(g, g->k->block->insns - g->insns);
    if (is_const(g, i->a))
        x86_rm(&g->c, X_MOV_I, false, 0, &pc, (int32_t)const_of(g, i->a));
    else
        x86_rm(&g->c, X_MOV_M, false, reg_of(g, i->a), &pc, 0);
    x86_const(&g->c, RAX, (uint64_t)i->imm);
    x86_jmp_to(&g->c, g->s->leave_fast);
}

/* Is the code still what the block was made of? (8 bytes of it) */
static void guard(struct gen *g, const struct ir_ins *i)
{
    flags_clobber(g);
    unsigned at = reg_of(g, i->a), code = scratch(g);
    struct mem source = mem_base(at, 0);
    x86_const(&g->c, code, (uint64_t)i->imm);
    x86_rm(&g->c, X_CMP, true, code, &source, 0);
    struct cold *c = add_cold(g, COLD_STALE);
    c->field[c->fields++] = x86_jcc(&g->c, CC_NE, 0);
}

void lower_control(struct gen *g, const struct ir_ins *i)
{
    switch (i->op) {
    case IR_insn:
        g->pc = (uint32_t)i->imm;
        g->side_bits = i->aux;
        g->insns++;
        break;
    case IR_guard:
        guard(g, i);
        break;
    case IR_label:
        label(g, i);
        break;
    case IR_br:
        refund(g, skipped(g, i));
        if (i[1].op == IR_label && i[1].imm == i->imm) {
            g->flags_differ[i->imm] |= !g->eflags_state;
            g->label_used[i->imm] = true;
        } else {
            to_label(g, x86_jmp(&g->c, 0), (unsigned)i->imm, false);
        }
        break;
    case IR_brcc:
        brcc(g, i);
        break;
    case IR_call:
        call(g, i);
        break;
    case IR_jump:
        if (g->at > 1 && brcc_over_jump(g, i - 1, g->at - 1))
            break;
        refund(g, g->k->block->insns - g->insns);
        if (i->aux & JUMP_ENTER)
            to_side(g, SIDE_PRIVILEGED);
        add_exit(g, i, x86_jmp(&g->c, 0));
        break;
    case IR_jumpto:
        (i->aux & JUMP_MODE ? jumpto_mode : jumpto)(g, i);
        break;
    default:
        leave(g, i);
    }
}

/* ---- cold code ---- */

/* Floating point again in software: operands to the slots, result from there. */
static void cold_soft(struct gen *g, const struct cold *c)
{
    static const uint8_t operands[] = {
        [SOFT_ADD / 2] = 2,       [SOFT_SUB / 2] = 2,       [SOFT_MUL / 2] = 2,
        [SOFT_DIV / 2] = 2,       [SOFT_SQRT / 2] = 1,      [SOFT_FMA / 2] = 3,
        [SOFT_WIDEN / 2] = 1,     [SOFT_NARROW / 2] = 1,    [SOFT_TOINT / 2] = 1,
        [SOFT_TOINT / 2 + 1] = 1, [SOFT_TOINT / 2 + 2] = 1, [SOFT_TOINT / 2 + 3] = 1};
    const uint8_t reg[3] = {c->a, c->b, c->c};
    bool wide = c->soft & 1;
    struct mem m;
    if (c->zero_good) { /* back if it is zero: ZF without PF */
        unsigned t = 0;
        while (t == c->a || t == c->b || t == c->c || t == c->reg)
            t++;
        m = state_mem(slot_off(SLOT_RESULT)); /* t may hold a value: 16 bytes, with SLOT_OP */
        x86_rm(&g->c, X_MOVUPS_M, false, t, &m, 0);
        x86_rr(&g->c, X_XORPS, false, t, t, 0);
        x86_rr(&g->c, wide ? X_UCOMISD : X_UCOMISS, false, t, c->reg, 0);
        x86_rm(&g->c, X_MOVUPS, false, t, &m, 0);
        uint32_t nan = x86_jcc8(&g->c, CC_P);
        x86_jcc(&g->c, CC_E, c->back);
        x86_here8(&g->c, nan);
    }
    for (unsigned n = 0; n < operands[c->soft / 2]; n++) {
        m = state_mem(slot_off(SLOT_A + n));
        x86_rm(&g->c, X_MOVSD_M, false, reg[n], &m, 0);
    }
    m = state_mem(slot_off(SLOT_OP));
    x86_rm(&g->c, X_MOV_I, false, 0, &m, c->soft);
    x86_call_to(&g->c, g->s->soft);
    m = state_mem(slot_off(SLOT_RESULT));
    if (c->soft >= SOFT_TOINT)
        x86_rm(&g->c, X_MOV, false, c->reg, &m, 0);
    else
        x86_rm(&g->c, X_MOVSD, false, c->reg, &m, 0);
    x86_jmp(&g->c, c->back);
}

static void cold_leave_at(struct gen *g, uint32_t pc, uint64_t stub)
{
    struct mem m = state_mem(offsetof(struct cpu, pc));
    x86_rm(&g->c, X_MOV_I, false, 0, &m, (int32_t)pc);
    x86_jmp_to(&g->c, stub);
}

/* A computed jump was not in its slot: perhaps in the other of the pair (jump_slot_other). a: address of the
 * entry, b: its key. */
static void cold_look_up(struct gen *g, const struct cold *c)
{
    struct mem jumps = state_mem(offsetof(struct cpu, jumps)), key = mem_base(c->a, 0),
               host = mem_base(c->a, offsetof(struct jump_entry, host)),
               pc = state_mem(offsetof(struct cpu, pc));
    x86_rm(&g->c, X_SUB, true, c->a, &jumps, 0);
    x86_rr(&g->c, X_XOR_I, true, 0, c->a, sizeof(struct jump_entry));
    x86_rm(&g->c, X_ADD, true, c->a, &jumps, 0);
    x86_rm(&g->c, X_CMP, true, c->b, &key, 0);
    uint32_t miss = x86_jcc8(&g->c, CC_NE);
    x86_rm(&g->c, X_JMP_E, false, 0, &host, 0);
    x86_here8(&g->c, miss);
    x86_rm(&g->c, X_MOV_M, false, c->reg, &pc, 0);
    x86_jmp_to(&g->c, g->s->look_up);
}

static void cold_flags(struct gen *g, const struct cold *c)
{
    store_flags(g, c);
    uint32_t field = x86_jmp(&g->c, 0);
    if (c->exit)
        g->k->block->exit[c->back].code_offset = field;
    else
        x86_patch(&g->c, field, g->label[c->back] - 1);
}

static void one_cold(struct gen *g, const struct cold *c)
{
    const struct block *b = g->k->block;
    struct mem budget = state_mem(offsetof(struct cpu, budget));
    struct mem m = state_mem(offsetof(struct cpu, fault_va));
    switch (c->kind) {
    case COLD_BUDGET:
        x86_rm(&g->c, X_ADD_I, false, 0, &budget, b->insns);
        cold_leave_at(g, b->pc, g->s->leave_check);
        break;
    case COLD_CHECK:
        cold_leave_at(g, b->pc, g->s->leave_check);
        break;
    case COLD_STALE:
        if (g->k->icount)
            x86_rm(&g->c, X_ADD_I, false, 0, &budget, b->insns);
        x86_const(&g->c, RAX, EXIT_STALE);
        cold_leave_at(g, b->pc, g->s->leave_fast);
        break;
    case COLD_PAGE:
        cold_leave_at(g, b->pc, g->s->leave_lookup);
        break;
    case COLD_ALIGN:
        x86_rm(&g->c, X_MOV_M, false, c->reg, &m, 0);
        x86_const64(&g->c, RDX, (uint64_t)(uintptr_t)c->side);
        x86_jmp_to(&g->c, g->s->leave_align);
        break;
    case COLD_EXIT:
        x86_const64(&g->c, RDX, (uint64_t)(uintptr_t)c->side);
        x86_jmp_to(&g->c, g->s->leave_request);
        break;
    case COLD_LOOKUP:
        cold_look_up(g, c);
        break;
    case COLD_VECTORS:
        x86_call_to(&g->c, g->s->vectors);
        x86_jmp(&g->c, c->back);
        break;
    case COLD_FLAGS:
    case COLD_RECIPE:
        cold_flags(g, c);
        break;
    default:
        cold_soft(g, c);
    }
}

/* The way out of an unlinked exit; then, if the target is on another page, room for the check of
 * that page (patched by link, see link.c). */
static void exit_stub(struct gen *g, struct block_exit *e)
{
    x86_patch(&g->c, e->code_offset, code_offset(&g->c));
    e->stub_offset = code_offset(&g->c);
    x86_const64(&g->c, RDX, (uint64_t)(uintptr_t)e);
    x86_jmp_to(&g->c, g->s->leave_link);
    if (!link_has_check(e))
        return;
    struct mem fetch = state_mem(offsetof(struct cpu, fetch)),
               pc = state_mem(offsetof(struct cpu, pc));
    struct mem entry = mem_base(RAX, (int32_t)link_fetch_offset(e->pc));
    x86_rm(&g->c, X_MOV, true, RAX, &fetch, 0);
    x86_const64(&g->c, RCX, 0);
    x86_rm(&g->c, X_CMP, true, RCX, &entry, 0);
    x86_jcc(&g->c, CC_E, 0);
    x86_rm(&g->c, X_MOV_I, false, 0, &pc, (int32_t)e->pc);
    x86_jmp_to(&g->c, g->s->look_up);
}

void emit_cold(struct gen *g)
{
    struct block *b = g->k->block;
    for (unsigned n = 0; n < g->fixups; n++) {
        uint32_t field = g->fixup[n].field, target = g->label[g->fixup[n].label] - 1;
        if (!g->fixup[n].near)
            x86_patch(&g->c, field, target);
        else if (target - (field + 1) > 127)
            g->failed = g->far = true;
        else
            g->c.start[field] = (uint8_t)(target - (field + 1));
    }
    for (unsigned n = 0; n < g->colds && !g->c.full; n++) {
        const struct cold *c = &g->cold[n];
        for (unsigned f = 0; f < c->fields; f++)
            x86_patch(&g->c, c->field[f], code_offset(&g->c));
        one_cold(g, c);
    }
    b->unchecked = false;
    for (unsigned n = 0; n < b->exits && !g->c.full; n++) {
        exit_stub(g, &b->exit[n]);
        b->unchecked |= link_loops(&b->exit[n]);
    }
    b->unchecked &= !g->calls && b->code_after != b->code;
}
