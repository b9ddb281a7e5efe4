/*
 * Pass 'l': guest flags are written as late as possible, and mostly never.
 *
 * Most instructions that set flags are followed by others that set them again before anyone looks.
 * What keeps their `putf` alive is only that someone *could* look: the handler of a fault in
 * between, or the next block. This pass replaces such a `putf` by a *recipe*: a word in
 * cpu->flag_recipe that says how to compute the flags from general registers (enum recipe_kind,
 * flags.c computes). It costs one store of a constant, or nothing where nobody can look.
 *
 * While a flags write is pending
 *   - its operands stay in general registers: before a `put` to one of those it is written out;
 *   - whatever may fault finds the recipe in place;
 *   - whoever reads the flags, and an exit to an unknown place, finds them written out;
 *   - an exit by `jump` may leave it pending if the frontend says of the target (field flow) that
 *     it writes all flags before it reads them, and has not changed the operands where it may
 *     fault before that;
 *   - a branch to an exit on these flags writes them on that way only (BRCC_PUTF).
 * Writing out happens with the flags value itself or, if the host's flags register has been used
 * for something else since, with the operation repeated. A recipe is void as soon as all flags are
 * written, so writing them out also clears the word.
 *
 * Conditions on Z or N alone, far from the operation, are asked of its result.
 *
 * The block is built anew; where it would grow too large it stays as it was.
 */
#include <string.h>

#include <translator/cpu.h>
#include <translator/ir_fold.h>

#define REGS 16

struct pending {
    bool on;
    bool stored;    /* the recipe is in cpu->flag_recipe */
    bool inverted;  /* fnotc of the operation's flags */
    bool clobbered; /* the host's flags were used since */
    uint8_t mask;
    ir_ref flags, result, a, b; /* in the new block */
    uint8_t op, part; /* part: of an operation on a part of a register, its bytes, else 0 */
    uint32_t recipe;  /* stored: what is in cpu->flag_recipe */
};

struct lazy {
    const struct ir_block *from;
    unsigned at; /* the instruction that is being done */
    struct ir_block to;
    ir_ref as[IR_MAX_INS + 1];     /* new number of each value */
    uint16_t clobbers;             /* counts uses of the host's flags register */
    uint16_t made[IR_MAX_INS + 1]; /* of each flags value: `clobbers` when it was made */
    ir_ref in[REGS];               /* value known to be in each register, 0: none */
    struct pending p;
    bool zero; /* cpu->flag_recipe is known to be 0 */
    bool full;
    uint32_t label[IR_MAX_LABEL + 1]; /* recipe to store at the label; 0: none */
    uint16_t exit[IR_MAX_LABEL + 1];  /* `jump` directly behind the label, 0: none */
    uint8_t branches[IR_MAX_LABEL + 1];
};

static ir_ref emit(struct lazy *z, struct ir_ins i)
{
    if (z->to.count >= IR_MAX_INS - 8) {
        z->full = true;
        return 1;
    }
    z->to.ins[++z->to.count] = i;
    return (ir_ref)z->to.count;
}

static void put_recipe(struct lazy *z, uint32_t recipe)
{
    ir_ref v = emit(z, (struct ir_ins){.op = IR_const, .type = IR_I32, .imm = recipe});
    emit(z, (struct ir_ins){
                .op = IR_put, .type = IR_I32, .a = v, .imm = offsetof(struct cpu, flag_recipe)});
    z->zero = recipe == 0;
}

/* ---- recipes ---------------------------------------------------------------------------------- */

static int reg_with(const struct lazy *z, ir_ref v)
{
    for (int n = 0; v != 0 && n < REGS; n++)
        if (z->in[n] == v)
            return n;
    return -1;
}

/* Second operand: a register or a small constant. */
static bool second(const struct lazy *z, ir_ref v, uint32_t *bits)
{
    uint64_t c;
    int n = reg_with(z, v);
    if (n >= 0) {
        *bits = (uint32_t)n << RECIPE_B_SHIFT;
        return true;
    }
    if (!ir_is_const(&z->to, v, &c))
        return false;
    if ((int32_t)c == (int16_t)c)
        *bits = RECIPE_CONST | (uint32_t)c << RECIPE_IMM_SHIFT;
    else if ((c & 0xffff) == 0)
        *bits = RECIPE_CONST | RECIPE_HIGH | (uint32_t)c;
    else
        return false;
    return true;
}

static uint32_t make(unsigned kind, int a, uint32_t b)
{
    return a < 0 ? 0 : kind | (uint32_t)a << RECIPE_A_SHIFT | b;
}

/* Of an operation on the low 8 or 16 bits. Logic leaves the bits above as they are in a, so that a result
 * is in a register if it was put there. */
static uint32_t make_narrow(const struct lazy *z)
{
    const struct pending *p = &z->p;
    uint32_t b = 0, wide = p->part == PART_8 ? 0 : RECIPE_SUB16 - RECIPE_SUB8;
    int result = reg_with(z, p->op != IR_nxor && p->a == p->b ? p->a : p->result);
    if (p->op == IR_nadd)
        return 0;
    if (p->op != IR_nsub && result >= 0)
        return make(RECIPE_LOGIC8 + wide, result, 0);
    if ((p->op != IR_nsub && p->op != IR_nand) || !second(z, p->b, &b))
        return 0;
    return make((p->op == IR_nsub ? RECIPE_SUB8 : RECIPE_AND8) + wide, reg_with(z, p->a), b);
}

/* The recipe of what is pending, from what is in registers now; 0: there is none. */
static uint32_t make_recipe(const struct lazy *z)
{
    static const uint8_t from_operands[] = {[IR_add] = RECIPE_ADD,
                                            [IR_sub] = RECIPE_SUB,
                                            [IR_and] = RECIPE_AND,
                                            [IR_xor] = RECIPE_XOR,
                                            [IR_or] = 0};
    const struct pending *p = &z->p;
    uint32_t common = (p->inverted ? RECIPE_INVERT : 0) | (p->mask == IR_FLAG_ALL ? RECIPE_ALL : 0);
    uint32_t b = 0, made = 0;
    int result = reg_with(z, p->result);
    if (p->part != 0)
        made = make_narrow(z);
    else if (p->op != IR_add && p->op != IR_sub && result >= 0)
        made = make(RECIPE_LOGIC, result, 0);
    else if (second(z, p->b, &b)) {
        if (result >= 0 && (p->op == IR_add || p->op == IR_sub))
            made = make(p->op == IR_add ? RECIPE_ADD_RESULT : RECIPE_SUB_RESULT, result, b);
        else if (from_operands[p->op] != 0)
            made = make(from_operands[p->op], reg_with(z, p->a), b);
    }
    return made == 0 ? 0 : made | common;
}

/* The one that counts: once it is stored, another register that gets the same value does not help. */
static uint32_t recipe(const struct lazy *z)
{
    return z->p.stored ? z->p.recipe : make_recipe(z);
}

static uint32_t recipe_registers(uint32_t r)
{
    uint32_t set = 1u << (r >> RECIPE_A_SHIFT & 15);
    if (!(r & RECIPE_CONST) && !recipe_is_logic(r & RECIPE_KIND))
        set |= 1u << (r >> RECIPE_B_SHIFT & 15);
    return set;
}

/* ---- writing out ------------------------------------------------------------------------------ */

static ir_ref again(struct lazy *z, unsigned op, ir_ref a, ir_ref b)
{
    return emit(z, (struct ir_ins){.op = (uint8_t)op, .type = IR_I32, .a = a, .b = b});
}

/* The pending operation once more: not what it gives, but the same flags. */
static ir_ref operation_again(struct lazy *z)
{
    const struct pending *p = &z->p;
    ir_ref a = p->a;
    if (p->part != 0)
        return emit(
            z, (struct ir_ins){.op = p->op, .type = IR_I32, .aux = p->part, .a = p->a, .b = p->b});
    if (p->op != IR_add && p->op != IR_sub)
        return again(z, IR_or, p->result, p->result);
    if (reg_with(z, a) < 0 && reg_with(z, p->result) >= 0)
        a = again(z, p->op == IR_add ? IR_sub : IR_add, p->result, p->b);
    return again(z, p->op, a, p->b);
}

/* Flags of the pending operation, by repeating it. */
static ir_ref repeat(struct lazy *z)
{
    ir_ref r = operation_again(z);
    ir_ref f = emit(z, (struct ir_ins){.op = IR_flagsof, .type = IR_I32, .a = r});
    if (z->p.inverted)
        f = emit(z, (struct ir_ins){.op = IR_fnotc, .type = IR_FLAGS, .a = f});
    return f;
}

/* Returns the flags value that was written. */
static ir_ref write_out(struct lazy *z)
{
    struct pending *p = &z->p;
    if (!p->on)
        return 0;
    p->on = false;
    ir_ref f = p->clobbered ? repeat(z) : p->flags;
    if (p->clobbered)
        z->made[f] = ++z->clobbers;
    emit(z, (struct ir_ins){.op = IR_putf, .a = f, .imm = p->mask});
    if (p->mask == IR_FLAG_ALL && !z->zero)
        put_recipe(z, 0);
    else if (p->stored)
        put_recipe(z, 0);
    return f;
}

/* Someone may look after this: the recipe must be in place, or the flags. */
static void expose(struct lazy *z)
{
    struct pending *p = &z->p;
    if (!p->on || p->stored)
        return;
    uint32_t r = recipe(z);
    if (r == 0) {
        write_out(z);
        return;
    }
    put_recipe(z, r);
    p->stored = true;
    p->recipe = r;
}

/* ---- instructions ----------------------------------------------------------------------------- */

/* Does the host code of i use the host's flags register? */
static bool clobbers(const struct lazy *z, const struct ir_ins *i)
{
    uint64_t c;
    switch (i->op) {
    case IR_const:
    case IR_get:
    case IR_put:
    case IR_getf:
    case IR_putf:
    case IR_add:
    case IR_not:
    case IR_flagsof:
    case IR_fnotc:
    case IR_setcc:
    case IR_select:
    case IR_brcc:
    case IR_insn:
    case IR_zext8:
    case IR_zext16:
    case IR_sext8:
    case IR_sext16:
    case IR_lo32:
        return false;
    case IR_sub:
        return !ir_is_const(&z->to, i->b, &c);
    case IR_ld:
    case IR_st:
        return i->bits != 0;
    default:
        return true;
    }
}

static bool deferrable(const struct ir_ins *o)
{
    return o->type == IR_I32 && (o->op == IR_add || o->op == IR_sub || o->op == IR_and ||
                                 o->op == IR_or || o->op == IR_xor);
}

/* The same of parts of registers. */
static bool deferrable_part(const struct ir_ins *o)
{
    return o->op == IR_nadd || o->op == IR_nsub || o->op == IR_nand || o->op == IR_nor ||
           o->op == IR_nxor;
}

/* The operation that the flags value f (new block) is of; *inverted. NULL: none that is known. */
static const struct ir_ins *operation(const struct lazy *z, ir_ref f, bool *inverted, ir_ref *of)
{
    const struct ir_ins *i = &z->to.ins[f];
    *inverted = i->op == IR_fnotc;
    if (*inverted)
        i = &z->to.ins[i->a];
    if (i->op != IR_flagsof)
        return NULL;
    *of = i->a;
    return &z->to.ins[i->a];
}

static void put_flags(struct lazy *z, struct ir_ins i)
{
    struct pending n = {.on = true, .mask = (uint8_t)i.imm, .flags = i.a};
    const struct ir_ins *o = operation(z, i.a, &n.inverted, &n.result);
    if (z->p.on && (z->p.mask & ~n.mask) == 0 && !(z->p.stored && n.mask != IR_FLAG_ALL))
        z->p.on = false;
    write_out(z);
    if (o != NULL && (deferrable(o) || deferrable_part(o)) &&
        (n.mask == IR_FLAG_ALL || n.mask == IR_FLAG_NZ)) {
        n.op = o->op;
        n.part = deferrable_part(o) ? o->aux : 0;
        n.a = o->a;
        n.b = o->b;
        n.clobbered = z->made[i.a] != z->clobbers;
        z->p = n;
        return;
    }
    emit(z, i);
    if (n.mask == IR_FLAG_ALL && !z->zero)
        put_recipe(z, 0);
}

/* Whether all flags are written before anyone can look, behind the instruction that is being done. */
static bool soon_dead(const struct lazy *z)
{
    for (unsigned n = z->at + 1; n <= z->from->count; n++) {
        const struct ir_ins *i = &z->from->ins[n];
        if (i->op == IR_putf)
            return i->imm == IR_FLAG_ALL;
        if ((ir_traits(i->op) & (TRAIT_FAULT | TRAIT_EXIT)) != 0 || i->op == IR_label ||
            i->op == IR_br || i->op == IR_brcc || i->op == IR_getf || i->op == IR_putc ||
            i->op == IR_putv || i->op == IR_call)
            return false;
    }
    return false;
}

/* A register is written: values in it are gone, and what is pending must not need them. */
static void put_register(struct lazy *z, const struct ir_ins *i)
{
    unsigned first = (unsigned)i->imm / 4, bytes = i->type == IR_I32 || i->type == IR_F32 ? 4
                                                   : i->type == IR_I8                     ? 1
                                                   : i->type == IR_V128                   ? 16
                                                                                          : 8;
    unsigned last = ((unsigned)i->imm + bytes - 1) / 4;
    if (i->imm < 0 || first >= REGS)
        return;
    if (z->p.on && z->p.stored) {
        uint32_t needs = recipe_registers(recipe(z));
        for (unsigned n = first; n <= last && n < REGS; n++)
            if (needs >> n & 1 && z->in[n] != i->a) {
                z->p.on = z->p.on && !soon_dead(z);
                write_out(z);
            }
    }
}

static void note_register(struct lazy *z, const struct ir_ins *i, ir_ref value)
{
    unsigned first = (unsigned)i->imm / 4;
    if (i->imm < 0 || first >= REGS)
        return;
    if (i->type != IR_I32 || i->imm % 4 != 0) {
        memset(z->in, 0, sizeof z->in);
        return;
    }
    z->in[first] = value;
}

/* A condition on Z or N whose flags are no longer at hand: of the result instead. */
static void ask_result(struct lazy *z, struct ir_ins *i)
{
    bool inverted;
    ir_ref of = 0;
    const struct ir_ins *o = operation(z, i->a, &inverted, &of);
    unsigned pair = i->aux & ~1u;
    if (o == NULL || !deferrable(o) || z->made[i->a] == z->clobbers ||
        (pair != CC_E && pair != CC_S))
        return;
    ir_ref r = again(z, IR_or, of, of);
    i->a = emit(z, (struct ir_ins){.op = IR_flagsof, .type = IR_I32, .a = r});
    z->made[i->a] = ++z->clobbers;
    if (z->p.on)
        z->p.clobbered = true;
}

/* May what is pending stay so on the way through this `jump`? */
static uint32_t passes(const struct lazy *z, const struct ir_ins *jump)
{
    uint32_t r = recipe(z);
    if (r == 0 || !(jump->flow & IR_FLOW_DEAD) ||
        (recipe_registers(r) & jump->flow >> IR_FLOW_WRITES_SHIFT) != 0)
        return 0;
    return r;
}

static void branch(struct lazy *z, struct ir_ins *i)
{
    unsigned l = (unsigned)i->imm;
    const struct ir_ins *jump = z->exit[l] == 0 ? NULL : &z->from->ins[z->exit[l]];
    bool conditional = i->op == IR_brcc;
    uint32_t r = conditional && jump != NULL && z->branches[l] == 1 ? passes(z, jump) : 0;
    if (conditional && z->p.on && r == 0 && i->a == z->p.flags) {
        if (jump != NULL && z->branches[l] == 1 && z->p.mask == IR_FLAG_ALL && !z->p.clobbered) {
            i->aux |= BRCC_PUTF; /* here they stay pending */
        } else {
            i->a = write_out(z); /* computed once for both */
        }
        return;
    }
    if (conditional)
        ask_result(z, i);
    if (z->p.on && r != 0)
        z->label[l] = z->p.stored ? 0 : r;
    else
        write_out(z);
}

static void jump(struct lazy *z, const struct ir_ins *i)
{
    if (z->p.on && passes(z, i) != 0)
        expose(z);
    else
        write_out(z);
    z->p.on = false;
}

static void label(struct lazy *z, struct ir_ins i)
{
    write_out(z);
    memset(z->in, 0, sizeof z->in);
    emit(z, i);
    z->zero = false;
    if (z->label[i.imm] != 0)
        put_recipe(z, z->label[i.imm]);
}

/* What must happen before instruction i stands in the new block. */
static void before(struct lazy *z, struct ir_ins *i)
{
    unsigned traits = ir_traits(i->op);
    if (i->op == IR_jump)
        jump(z, i);
    else if (i->op == IR_br || i->op == IR_brcc)
        branch(z, i);
    else if (i->op == IR_setcc || i->op == IR_select)
        ask_result(z, i);
    else if (i->op == IR_put)
        put_register(z, i);
    else if (i->op == IR_copy || i->op == IR_fill) /* a branch comes soon, on other flags */
        write_out(z);
    else if (i->op == IR_getf || i->op == IR_putc || i->op == IR_putv || i->op == IR_putnzcv ||
             (traits & TRAIT_EXIT))
        write_out(z);
    else if (i->op == IR_call && (i->aux & (CALL_READS | CALL_WRITES)))
        write_out(z);
    else if ((traits & TRAIT_FAULT) && (i->op != IR_call || (i->aux & CALL_EXITS)))
        expose(z);
}

static void one(struct lazy *z, unsigned n)
{
    struct ir_ins i = z->from->ins[n];
    z->at = n;
    i.a = z->as[i.a];
    i.b = z->as[i.b];
    i.c = z->as[i.c];
    if (i.op == IR_putf) {
        put_flags(z, i);
        return;
    }
    if (i.op == IR_label) {
        label(z, i);
        return;
    }
    before(z, &i);
    if (clobbers(z, &i)) {
        z->clobbers++;
        z->p.clobbered = true;
    }
    ir_ref r = z->as[n] = emit(z, i);
    if (i.op == IR_flagsof)
        z->made[r] = z->clobbers;
    else if (i.op == IR_fnotc)
        z->made[r] = z->made[i.a];
    else if (i.op == IR_get)
        note_register(z, &i, r);
    else if (i.op == IR_put)
        note_register(z, &i, i.a);
    else if (i.op == IR_call && (i.aux & CALL_WRITES))
        memset(z->in, 0, sizeof z->in);
}

static void find_exits(struct lazy *z)
{
    for (unsigned n = 1; n <= z->from->count; n++) {
        const struct ir_ins *i = &z->from->ins[n];
        if (i->op == IR_label && n < z->from->count && i[1].op == IR_jump)
            z->exit[i->imm] = (uint16_t)(n + 1);
        else if ((i->op == IR_br || i->op == IR_brcc) && z->branches[i->imm] < 2)
            z->branches[i->imm]++;
    }
}

void ir_pass_lazy(struct ir_block *b)
{
    struct lazy z;
    bool any = false;
    for (unsigned n = 1; n <= b->count && !any; n++)
        any = b->ins[n].op == IR_putf;
    if (!any)
        return;
    memset(&z, 0, offsetof(struct lazy, to));
    z.from = b;
    z.to.count = 0;
    z.to.labels = b->labels;
    z.to.insns = b->insns;
    z.to.ins[0] = b->ins[0];
    z.as[0] = 0;
    z.clobbers = 0;
    z.p.on = z.zero = z.full = false;
    memset(z.in, 0, sizeof z.in);
    memset(z.label, 0, sizeof z.label);
    memset(z.exit, 0, sizeof z.exit);
    memset(z.branches, 0, sizeof z.branches);
    find_exits(&z);
    for (unsigned n = 1; n <= b->count && !z.full; n++)
        one(&z, n);
    if (z.full)
        return;
    memcpy(b->ins, z.to.ins, (z.to.count + 1) * sizeof b->ins[0]);
    b->count = z.to.count;
}
