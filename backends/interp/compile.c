/*
 * From the IR to a record: one walk that gives every value a slot and every instruction an
 * operation.
 *
 * A slot is used again after the last use of its value. Values do not live across labels, so one
 * walk in order sees every use, and a branch can skip no definition that is needed later. The slots
 * of results are taken before those of operands are given back: no operation overwrites what it
 * still reads. `flagsof` disappears: the operation before it writes both slots.
 */
#include <string.h>

#include "interp.h"

struct layout {
    struct compile *c;
    const struct ir_block *ir;
    struct record *r;
    uint16_t last[IR_MAX_INS + 1]; /* instruction that uses the value last; 0: none does */
    uint16_t slot[IR_MAX_INS + 1];
    uint16_t free[SLOT_LIMIT];
    unsigned free_count, slots, ops, exits, insns;
    unsigned label[IR_MAX_LABEL + 1]; /* operation it stands before */
    bool full;
};

static void find_uses(struct layout *l)
{
    memset(l->last, 0, (l->ir->count + 1) * sizeof l->last[0]);
    for (unsigned n = 1; n <= l->ir->count; n++) {
        const struct ir_ins *i = &l->ir->ins[n];
        l->last[i->a] = l->last[i->b] = l->last[i->c] = (uint16_t)n;
    }
}

static uint16_t take_slot(struct layout *l)
{
    if (l->free_count != 0)
        return l->free[--l->free_count];
    if (l->slots < SLOT_LIMIT)
        return (uint16_t)l->slots++;
    l->full = true;
    return SLOT_ZERO;
}

static void give_slot(struct layout *l, ir_ref v, unsigned at)
{
    if (v == 0 || l->ir->ins[v].op == IR_const || l->last[v] != at || l->slot[v] == SLOT_ZERO)
        return;
    l->free[l->free_count++] = l->slot[v];
    l->slot[v] = SLOT_ZERO;
}

/* Constants come first, so that their slots are never shared. */
static void place_constants(struct layout *l)
{
    l->slots = 1;
    for (unsigned n = 1; n <= l->ir->count; n++)
        if (l->ir->ins[n].op == IR_const)
            l->slot[n] = take_slot(l);
}

static unsigned code_of(const struct ir_ins *i)
{
    unsigned code = i->op;
    bool wide = i->type == IR_I64 || i->type == IR_F64;
    if (i->op >= IR_add && i->op <= IR_sext16 && wide)
        code += CODE_WIDE;
    if ((i->op == IR_get || i->op == IR_put) && wide)
        code += CODE_WIDE;
    return code;
}

static bool add_exit(struct layout *l, const struct ir_ins *i, struct iop *o)
{
    if (i->aux & JUMP_CHECK) {
        o->code += CODE_FLAGS; /* to the dispatcher */
        return true;
    }
    if (l->exits == BLOCK_EXITS)
        return false;
    l->c->block->exit[l->exits] = (struct block_exit){
        .from = l->c->block, .pc = (uint32_t)i->imm, .kind = i->aux, .code_offset = l->ops};
    o->imm = l->exits++;
    return true;
}

static bool add_op(struct layout *l, unsigned n)
{
    const struct ir_ins *i = &l->ir->ins[n];
    struct iop *o = &l->r->ops[l->ops];
    *o = (struct iop){.code = (uint16_t)code_of(i),
                      .a = l->slot[i->a],
                      .b = l->slot[i->b],
                      .c = l->slot[i->c],
                      .site = i->site,
                      .aux = i->aux,
                      .type = i->type,
                      .imm = i->imm};
    bool flags = n < l->ir->count && i[1].op == IR_flagsof;
    l->slot[n] = SLOT_ZERO;
    if (ir_result(i) != IR_NONE)
        o->d = l->slot[n] = take_slot(l);
    if (flags) {
        o->code += CODE_FLAGS;
        o->flags = l->slot[n + 1] = take_slot(l);
    }
    if (i->op == IR_ld || i->op == IR_st)
        o->flags = ir_slow_access(i);
    if (i->op == IR_jump && !add_exit(l, i, o))
        return false;
    give_slot(l, i->a, n);
    give_slot(l, i->b, n);
    give_slot(l, i->c, n);
    if (l->last[n] == 0)
        l->last[n] = (uint16_t)n;
    give_slot(l, (ir_ref)n, n);
    l->ops++;
    return true;
}

static bool fill_ops(struct layout *l)
{
    for (unsigned n = 1; n <= l->ir->count && !l->full; n++) {
        const struct ir_ins *i = &l->ir->ins[n];
        switch (i->op) {
        case IR_END:
        case IR_const:
            break;
        case IR_flagsof:
            if (l->last[n] == 0)
                l->last[n] = (uint16_t)n;
            give_slot(l, (ir_ref)n, n);
            give_slot(l, i->a, n);
            break;
        case IR_insn:
            l->r->sites[l->insns++] = (struct interp_site){(uint32_t)i->imm, i->aux};
            if (l->c->icount)
                l->r->ops[l->ops++] = (struct iop){.code = IR_insn};
            break;
        case IR_label:
            l->label[i->imm] = l->ops;
            break;
        default:
            if (!add_op(l, n))
                return false;
        }
    }
    return !l->full;
}

static void resolve_branches(struct layout *l)
{
    for (unsigned n = 0; n < l->ops; n++)
        if (l->r->ops[n].code == IR_br || l->r->ops[n].code == IR_brcc)
            l->r->ops[n].imm = l->label[l->r->ops[n].imm];
}

static bool make_record(struct layout *l)
{
    struct compile *c = l->c;
    unsigned exits = 0, ops = 0;
    for (unsigned n = 1; n <= c->ir->count; n++) {
        unsigned op = c->ir->ins[n].op;
        exits += op == IR_jump;
        ops += op != IR_const && op != IR_label && op != IR_END && op != IR_flagsof &&
               (op != IR_insn || c->icount);
    }
    unsigned sites = c->ir->insns != 0 ? c->ir->insns : 1;
    l->r = c->alloc(c, sizeof *l->r + ops * sizeof l->r->ops[0]);
    c->block->exit = c->alloc(c, (exits + 1) * sizeof(struct block_exit));
    if (l->r == NULL || c->block->exit == NULL)
        return false;
    l->r->sites = c->alloc(c, sites * sizeof(struct interp_site));
    if (l->r->sites == NULL)
        return false;
    l->r->sites[0] = (struct interp_site){c->block->pc, 0};
    return true;
}

static bool make_frame(struct layout *l)
{
    l->r->frame = l->c->alloc(l->c, l->slots * sizeof(union slot));
    if (l->r->frame == NULL)
        return false;
    memset(l->r->frame, 0, l->slots * sizeof(union slot));
    for (unsigned n = 1; n <= l->ir->count; n++)
        if (l->ir->ins[n].op == IR_const)
            l->r->frame[l->slot[n]].x = (uint64_t)l->ir->ins[n].imm;
    return true;
}

size_t interp_compile(struct compile *c)
{
    struct layout l;
    l.c = c;
    l.ir = c->ir;
    l.free_count = l.slots = l.ops = l.exits = l.insns = 0;
    l.full = false;
    l.slot[0] = SLOT_ZERO;
    find_uses(&l);
    place_constants(&l);
    if (c->room < 16 || !make_record(&l) || !fill_ops(&l) || !make_frame(&l))
        return 0;
    resolve_branches(&l);
    l.r->frontend = c->frontend;
    l.r->insns = (uint16_t)c->ir->insns;
    l.r->icount = c->icount;
    struct block *b = c->block;
    b->backend = l.r;
    b->code = b->code_after = (uint8_t *)l.r;
    b->code_bytes = 0;
    b->exits = (uint16_t)l.exits;
    b->sides = NULL;
    b->side_count = 0;
    return 16;
}
