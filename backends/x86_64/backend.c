/*
 * struct backend x86_64_backend: from IR to code, one pass back for next uses, one forward for code.
 */
#include <translator/ir_fold.h>

#include "lower.h"

#include <stdlib.h>
#include <string.h>

/* ---- the backward pass ---- */

static bool barrier(const struct ir_ins *i)
{
    return (ir_traits(i->op) & (TRAIT_FAULT | TRAIT_EXIT)) != 0 || i->op == IR_label ||
           i->op == IR_br || i->op == IR_brcc;
}

/* Puts that a value could be computed into, per pinned register, general ones and then (WANT_VECTOR) xmm, going
 * backward: the value of the next put, as long as nothing between needs the register's old contents. */
struct pending {
    ir_ref value[32];
};

static void pend_kill(struct gen *g, struct pending *p, uint32_t off, uint32_t bytes)
{
    for (unsigned n = 0; n < g->s->vpins; n++) {
        uint32_t o = g->s->frontend->vectors[n];
        if (o < off + bytes && o + 16 > off)
            p->value[WANT_VECTOR + X86_VPIN(n)] = 0;
    }
    if (off / 4 >= X86_PIN_SLOTS)
        return;
    if (bytes == 4 && off % 4 == 0) {
        if (g->s->pin_of[off / 4] != NO_REG)
            p->value[g->s->pin_of[off / 4]] = 0;
        return;
    }
    for (unsigned n = 0; n < g->s->pins; n++) {
        uint32_t o = g->s->frontend->pins[n];
        if (o < off + bytes && o + 4 > off)
            p->value[x86_pin_regs[n]] = 0;
    }
}

static void scan_state(struct gen *g, struct pending *p, const struct ir_ins *i)
{
    static const uint8_t bytes[IR_TYPES] = {
        [IR_I8] = 1, [IR_I32] = 4, [IR_F32] = 4, [IR_I64] = 8, [IR_F64] = 8, [IR_V128] = 16};
    pend_kill(g, p, (uint32_t)i->imm, bytes[i->type]);
    unsigned pin = i->op != IR_put      ? NO_REG
                   : i->type == IR_I32  ? pin_at(g, (uint32_t)i->imm)
                   : i->type == IR_V128 ? vpins_want(g, (uint32_t)i->imm)
                                        : NO_REG;
    if (pin != NO_REG) {
        p->value[pin] = i->a;
        g->want[i->a] = (uint8_t)pin;
    }
}

static bool gives_flags(const struct gen *g, unsigned n)
{
    return n + 1 <= g->ir->count && g->ir->ins[n + 1].op == IR_flagsof && g->v[n + 1].next != 0;
}

/* A shift left by 1 to 3 whose only use is an addition becomes part of that lea: its operand's life
 * is prolonged to the addition. */
static bool fold_shift(struct gen *g, unsigned n)
{
    const struct ir_ins *i = &g->ir->ins[n];
    unsigned u = g->v[n].next;
    if (i->op != IR_shl || i->type != IR_I32 || u == 0 || g->ir->ins[i->b].op != IR_const ||
        g->ir->ins[i->a].op == IR_const)
        return false;
    const struct ir_ins *add = &g->ir->ins[u];
    uint64_t by = (uint64_t)g->ir->ins[i->b].imm;
    if (add->op != IR_add || add->type != IR_I32 || add->a == add->b || by < 1 || by > 3)
        return false;
    unsigned k = add->a == n ? 0 : 1, next = g->v[i->a].next;
    ir_ref other = k == 0 ? add->b : add->a;
    if (g->after[u][k] != 0 || gives_flags(g, u) || (next != 0 && next < u) || is_folded(g, other))
        return false;
    g->after[u][k] = next == u ? g->after[u][1 - k] : (ir_ref)next;
    g->v[i->a].next = (ir_ref)u;
    g->v[n].place = P_NONE;
    g->v[n].off = OFF_FOLDED;
    return true;
}

static void scan(struct gen *g)
{
    const struct ir_block *b = g->ir;
    struct pending p = {{0}};
    memset(g->v, 0, sizeof g->v[0] * (b->count + 1));
    memset(g->want, NO_REG, b->count + 1u);
    memset(g->kept_to, 0, sizeof g->kept_to[0] * (b->count + 1));
    memset(g->asked, 0, sizeof g->asked);
    g->vectors_used = false;
    for (unsigned n = b->count; n >= 1; n--) {
        const struct ir_ins *i = &b->ins[n];
        struct value *v = &g->v[n];
        v->type = (uint8_t)ir_result(i);
        v->slot = NO_SLOT;
        v->place = i->op == IR_const ? P_CONST : P_NONE;
        if (g->want[n] != NO_REG && p.value[g->want[n]] != n)
            g->want[n] = NO_REG; /* the put is too far away */
        if (barrier(i))
            memset(&p, 0, sizeof p);
        if (i->op == IR_label)
            g->label_at[i->imm] = (ir_ref)n;
        if (i->op == IR_get || i->op == IR_put)
            scan_state(g, &p, i);
        g->vectors_used |= vpins_touch(g, i);
        faultflags_scan(g, n);
        if (i->op == IR_faultf || i->op == IR_faultb)
            continue; /* no use of the operand */
        if (v->next == 0 && v->type != IR_NONE && !(ir_traits(i->op) & TRAIT_KEPT) &&
            !gives_flags(g, n)) {
            v->place = P_NONE; /* not used: not lowered, uses nothing */
            g->after[n][0] = g->after[n][1] = g->after[n][2] = 0;
            v->off = OFF_UNUSED;
            continue;
        }
        if (fold_shift(g, n))
            continue;
        g->after[n][0] = g->v[i->a].next;
        g->after[n][1] = g->v[i->b].next;
        g->after[n][2] = g->v[i->c].next;
        if (i->op == IR_flagsof)
            continue; /* no use of the value itself */
        g->v[i->a].next = g->v[i->b].next = g->v[i->c].next = (ir_ref)n;
    }
}

/* ---- the forward pass ---- */

static void (*const lower[])(struct gen *g, const struct ir_ins *i) = {
    lower_int, lower_part, lower_state, lower_flags,  lower_mem,
    lower_fp,  lower_vec,  lower_x87,   lower_string, lower_control};
enum { BY_INT, BY_PART, BY_STATE, BY_FLAGS, BY_MEM, BY_FP, BY_VEC, BY_X87, BY_STRING, BY_CONTROL };

static unsigned family(unsigned op)
{
    if (op == IR_get || op == IR_put)
        return BY_STATE;
    if (op >= IR_nadd && op <= IR_inserth)
        return BY_PART;
    if ((op > IR_put && op <= IR_putv) || (op >= IR_flagsof && op <= IR_select))
        return BY_FLAGS;
    if (is_string(op))
        return BY_STRING;
    if (op >= IR_ld && op <= IR_align)
        return BY_MEM;
    if (op >= IR_fadd && op <= IR_dbitsof)
        return BY_FP;
    if (op >= IR_vadd && op <= IR_vmake)
        return BY_VEC;
    if (op >= IR_xset && op <= IR_xcontrol)
        return BY_X87;
    return op >= IR_insn ? BY_CONTROL : BY_INT;
}

static void trace(struct gen *g, unsigned n, uint32_t from)
{
    static const char hex[] = "0123456789abcdef";
    char line[200];
    size_t at = ir_print_ins(g->ir, n, line, 120);
    if (at > 119)
        at = 119;
    line[at++] = '\t';
    for (uint32_t o = from; o < code_offset(&g->c) && at + 3 < sizeof line; o++) {
        line[at++] = hex[g->c.start[o] >> 4];
        line[at++] = hex[g->c.start[o] & 15];
    }
    line[at] = 0;
    g->k->trace(g->k, line);
}

/* What does not let guest registers stay on the host's x87 stack, and what may fault meanwhile. */
static void around_x87(struct gen *g, const struct ir_ins *i)
{
    bool access = i->op == IR_ld || i->op == IR_st || i->op == IR_align;
    if (access && !(i->bits & SITE_SLOW))
        x87_note(g);
    else if (access || i->op == IR_label || i->op == IR_br || i->op == IR_brcc ||
             i->op == IR_call || (ir_traits(i->op) & TRAIT_EXIT))
        x87_flush(g);
}

static void lower_one(struct gen *g, unsigned n)
{
    const struct ir_ins *i = &g->ir->ins[n];
    uint32_t from = code_offset(&g->c);
    bool unused = g->v[n].type != IR_NONE && g->v[n].place == P_NONE &&
                  (g->v[n].off == OFF_UNUSED || g->v[n].off == OFF_FOLDED);
    if (unused && i->op != IR_const)
        return;
    g->at = n;
    if (i->op == IR_flagsof || i->op == IR_faultf || i->op == IR_faultb) {
        lower_flags(g, i);
        return;
    }
    if (g->k->frontend->x87 != 0 && !(i->op >= IR_xset && i->op <= IR_xcontrol))
        around_x87(g, i);
    g->v[unfolded(g, i->a)].next = g->after[n][0];
    g->v[unfolded(g, i->b)].next = g->after[n][1];
    g->v[unfolded(g, i->c)].next = g->after[n][2];
    if (!g->dead)
        lower[family(i->op)](g, i);
    if (i->op == IR_jump)
        g->dead = false;
    if (i->op == IR_ld || i->op == IR_st)
        faultflags_done(g);
    alloc_end_ins(g);
    if (g->k->trace != NULL)
        trace(g, n, from);
}

static void allocate_records(struct gen *g)
{
    struct block *b = g->k->block;
    unsigned exits = 0, branches = 0, sides = 0;
    for (unsigned n = 1; n <= g->ir->count; n++) {
        exits += g->ir->ins[n].op == IR_jump;
        branches += g->ir->ins[n].op == IR_brcc; /* may become an exit */
        sides += (ir_traits(g->ir->ins[n].op) & TRAIT_FAULT) == 0 ? 0
                 : is_string(g->ir->ins[n].op)                    ? STRING_SIDES
                                                                  : 1;
    }
    b->exits = 0;
    b->side_count = 0;
    b->exit = g->k->alloc(g->k, (exits + branches + 1) * sizeof *b->exit);
    b->sides = g->k->alloc(g->k, (sides + 1) * sizeof *b->sides);
    g->failed = exits > BLOCK_EXITS || b->exit == NULL || b->sides == NULL;
}

static void begin(struct gen *g)
{
    const struct compile *k = g->k;
    g->c =
        (struct code){.at = k->write, .start = k->write, .end = k->write + k->room, .run = k->run};
    g->at = 0;
    g->random = k->random;
    g->x87_held = g->x87_first = 0;
    g->x87_noted = 0;
    g->pc = k->block->pc;
    g->side_bits = g->insns = 0;
    g->eflags_state = false;
    g->fixups = g->colds = 0;
    g->dead = g->calls = false;
    g->helds = g->noted = 0;
    memset(g->label, 0, sizeof g->label);
    memset(g->label_used, 0, sizeof g->label_used);
    memset(g->flags_differ, 0, sizeof g->flags_differ);
}

static size_t generate(struct gen *g)
{
    struct compile *k = g->k;
    begin(g);
    allocate_records(g);
    if (g->failed)
        return 0;
    alloc_start(g);
    scan(g);
    block_entry(g);
    for (unsigned n = 1; n <= g->ir->count && !g->failed && !g->c.full; n++)
        lower_one(g, n);
    if (!g->failed && !g->c.full)
        emit_cold(g);
    g->failed |= !faultflags_store(g);
    while (!g->c.full && code_offset(&g->c) % 16 != 0)
        x86_byte(&g->c, X86_INT3);
    if (g->failed || g->c.full)
        return 0;
    k->block->code_bytes = code_offset(&g->c);
    return k->block->code_bytes;
}

static size_t compile(struct compile *k)
{
    struct x86_state *s = x86_state_of(k->frontend, false);
    struct gen *g = s == NULL ? NULL : malloc(sizeof *g);
    if (g == NULL)
        return 0;
    g->k = k;
    g->ir = k->ir;
    g->s = s;
    g->far = false;
    k->block->code = k->run;
    k->block->backend = s;
    if ((uint64_t)(uintptr_t)k->run < s->lo)
        s->lo = (uint64_t)(uintptr_t)k->run;
    if ((uint64_t)(uintptr_t)k->run + k->room > s->hi)
        s->hi = (uint64_t)(uintptr_t)k->run + k->room;
    size_t bytes = generate(g);
    if (bytes == 0 && g->far)
        bytes = generate(g);
    free(g);
    return bytes;
}

/* ---- running ---- */

#define STATES 8
static struct x86_state states[STATES];

struct x86_state *x86_state_of(const struct frontend *f, bool make)
{
    for (unsigned n = 0; n < STATES; n++) {
        if (states[n].frontend == f)
            return &states[n];
        if (states[n].frontend == NULL && make) {
            states[n].frontend = f;
            return &states[n];
        }
    }
    return NULL;
}

static size_t start(const struct frontend *f, uint8_t *write, uint8_t *run, size_t room)
{
    struct x86_state *s = x86_state_of(f, true);
    if (s == NULL)
        return 0;
    if (x86_features == 0)
        x86_features = x86_detect();
    s->pins = f->pin_count < X86_PINS ? f->pin_count : X86_PINS;
    s->vpins = f->vector_count < X86_VPINS ? f->vector_count : X86_VPINS;
    memset(s->pin_of, NO_REG, sizeof s->pin_of);
    for (unsigned p = 0; p < s->pins; p++) {
        if (f->pins[p] / 4u >= X86_PIN_SLOTS || f->pins[p] % 4 != 0)
            return 0;
        s->pin_of[f->pins[p] / 4] = x86_pin_regs[p];
    }
    s->lo = (uint64_t)(uintptr_t)run;
    s->hi = s->lo + room;
    return x86_make_stubs(s, write, run, room);
}

/* What the leave stub returns in rax and rdx. */
struct left {
    uint64_t reason, what;
};

static enum exit_reason enter(struct cpu *cpu, struct block *b, struct block_exit **exit)
{
    const struct x86_state *s = b->backend;
    struct left (*go)(struct cpu * cpu, const uint8_t *code) =
        (struct left(*)(struct cpu *, const uint8_t *))(uintptr_t)s->enter;
    cpu->spill[SLOT_STATE] = (uint64_t)(uintptr_t)s;
    struct left l = go(cpu, b->code + b->code_enter);
    enum exit_reason reason = (enum exit_reason)(uint32_t)l.reason;
    *exit = NULL;
    if (reason == EXIT_LINK) {
        *exit = (struct block_exit *)(uintptr_t)l.what;
    } else if (l.reason &
               LEFT_AT_SIDE) { /* after a call or a check: precise state from the side entry */
        const struct side_entry *e = (const struct side_entry *)(uintptr_t)l.what;
        cpu->pc = e->pc;
        cpu->exit_request = EXIT_NONE;
        cpu->budget += e->spare;
        if (reason == EXIT_ALIGN)
            cpu->fault_kind = e->kind;
        s->frontend->restore(cpu, e->side);
    }
    return reason;
}

static uint64_t entry(const struct block *b)
{
    return (uint64_t)(uintptr_t)b->code;
}

static void range(uint64_t *lo, uint64_t *hi)
{
    *lo = ~0ull;
    *hi = 0;
    for (unsigned n = 0; n < STATES && states[n].frontend != NULL; n++) {
        *lo = states[n].lo < *lo ? states[n].lo : *lo;
        *hi = states[n].hi > *hi ? states[n].hi : *hi;
    }
}

/* rsp in translated code is the CPU structure. cpu->pc is the caller's business. */
static void escape(struct thread_regs *regs, enum exit_reason reason, const struct block *b,
                   const struct side_entry *side)
{
    struct cpu *cpu = (struct cpu *)(uintptr_t)regs->gpr[REG_RSP];
    const struct x86_state *s = (const struct x86_state *)(uintptr_t)cpu->spill[SLOT_STATE];
    if (side != NULL && side->flags != 0)
        faultflags_settle(cpu, s, regs, b, side);
    regs->gpr[REG_RAX] = reason;
    regs->rip = s->leave_fast;
}

const struct backend x86_64_backend = {.name = "x86_64",
                                       .start = start,
                                       .compile = compile,
                                       .enter = enter,
                                       .link = x86_link,
                                       .entry = entry,
                                       .range = range,
                                       .escape = escape};
