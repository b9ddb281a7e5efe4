/*
 * Pass 'l': guest flags are written as late as possible, and mostly never.
 *
 * Most instructions that set flags are followed by others that set them again before anyone looks.
 * What keeps their `putf` alive is only that someone *could* look: the handler of a fault in
 * between, or the next block. This pass takes such a `putf` out and remembers it as *pending*. Up to
 * three may be: each part of the flags (N and Z, C, V) is of the newest that writes it. Then
 *
 *   - before a load or store that may fault stands a `faultf`: the backend writes nothing then, but
 *     keeps what it needs to compute the flags should the fault come;
 *   - what else may leave here (a call, an alignment check, a slow access) finds in cpu->flag_recipe a
 *     word that says how to compute the flags from general registers (enum recipe_kind, flags.c), or
 *     if there is none, the flags;
 *   - whoever reads the flags, and an exit to an unknown place, finds them written out;
 *   - an exit by `jump` may leave a recipe if the frontend says of the target (field flow) that
 *     it writes all flags before it reads them, and has not changed the operands where it may
 *     fault before that;
 *   - a branch to an exit on these flags writes them on that way only (BRCC_PUTF), and a branch to a
 *     `leave` the recipe.
 *
 * Writing out happens with the flags value itself or, if the host's flags register has been used
 * for something else since, with the operation repeated. A recipe is void as soon as all flags are
 * written, so writing them out also clears the word. A recipe whose registers have changed stays in
 * memory, void: nobody looks at it before it is replaced.
 *
 * Conditions on Z or N alone, far from the operation, are asked of its result.
 *
 * The block is built anew; where it would grow too large it is marked so, and translated shorter.
 */
#include <string.h>

#include <translator/cpu.h>
#include <translator/ir_fold.h>

#define REGS 16
#define MOST 3 /* pending at a time: one for each part */
#define NZV  (IR_FLAG_NZ | IR_FLAG_V)

struct pending {
    bool stored;    /* the recipe is in cpu->flag_recipe */
    bool held;      /* a `faultf` stands in the block */
    bool inverted;  /* fnotc of the operation's flags */
    bool clobbered; /* the host's flags were used since */
    uint8_t mask;
    ir_ref bit;                 /* not 0: of putc or putv, the flag itself */
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
    struct pending p[MOST];        /* oldest first; no part is in two masks */
    unsigned count;
    bool zero;  /* cpu->flag_recipe is known to be 0 */
    bool old;   /* what may be there is not what counts, or not all of it */
    bool hides; /* it hides flags that have been written */
    bool full;
    uint32_t label[IR_MAX_LABEL + 1]; /* recipe to store at the label; 0: none */
    uint16_t exit[IR_MAX_LABEL + 1];  /* `jump` or `leave` at a label that only branches lead to */
    uint8_t branches[IR_MAX_LABEL + 1];
    uint8_t asked[IR_MAX_INS + 1]; /* whether anything but putf uses a flags value of `from` */
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
    z->old = recipe != 0;
    z->hides = false;
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

/* A value that is what the operation gives: an operand if both are the same one (and, or). */
static ir_ref result_of(const struct pending *p)
{
    bool same =
        p->a == p->b && (p->op == IR_and || p->op == IR_or || p->op == IR_nand || p->op == IR_nor);
    return same ? p->a : p->result;
}

/* Of an operation on the low 8 or 16 bits. Logic leaves the bits above as they are in a, so that a result
 * is in a register if it was put there. */
static uint32_t make_narrow(const struct lazy *z, const struct pending *p)
{
    uint32_t b = 0, wide = p->part == PART_8 ? 0 : RECIPE_SUB16 - RECIPE_SUB8;
    int result = reg_with(z, result_of(p));
    if (p->op == IR_nadd)
        return 0;
    if (p->op != IR_nsub && result >= 0)
        return make(RECIPE_LOGIC8 + wide, result, 0);
    if ((p->op != IR_nsub && p->op != IR_nand) || !second(z, p->b, &b))
        return 0;
    return make((p->op == IR_nsub ? RECIPE_SUB8 : RECIPE_AND8) + wide, reg_with(z, p->a), b);
}

/* All but C, of INC and DEC. */
static uint32_t make_step(const struct lazy *z, const struct pending *p)
{
    uint64_t by;
    if (p->part != 0 || (p->op != IR_add && p->op != IR_sub) || !ir_is_const(&z->to, p->b, &by) ||
        by != 1)
        return 0;
    return make(p->op == IR_add ? RECIPE_INC : RECIPE_DEC, reg_with(z, p->result), RECIPE_CONST);
}

/* The recipe of what is pending, from what is in registers now; 0: there is none. */
static uint32_t make_recipe(const struct lazy *z, const struct pending *p)
{
    static const uint8_t from_operands[] = {[IR_add] = RECIPE_ADD,
                                            [IR_sub] = RECIPE_SUB,
                                            [IR_and] = RECIPE_AND,
                                            [IR_xor] = RECIPE_XOR,
                                            [IR_or] = 0};
    uint32_t common = (p->inverted ? RECIPE_INVERT : 0) | (p->mask == IR_FLAG_ALL ? RECIPE_ALL : 0);
    uint32_t b = 0, made = 0;
    int result = reg_with(z, result_of(p));
    if (p->mask == NZV)
        made = make_step(z, p);
    else if (p->bit != 0 || (p->mask != IR_FLAG_ALL && p->mask != IR_FLAG_NZ))
        made = 0;
    else if (p->part != 0)
        made = make_narrow(z, p);
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

/* What cpu->flag_recipe can say of all that is pending; 0: nothing. One that is stored is the one that
 * counts: another register that gets the same value does not help. */
static uint32_t recipe(const struct lazy *z)
{
    if (z->count != 1)
        return 0;
    return z->p[0].stored ? z->p[0].recipe : make_recipe(z, &z->p[0]);
}

static uint32_t recipe_registers(uint32_t r)
{
    uint32_t set = 1u << (r >> RECIPE_A_SHIFT & 15);
    if (!(r & RECIPE_CONST) && !recipe_is_logic(r & RECIPE_KIND))
        set |= 1u << (r >> RECIPE_B_SHIFT & 15);
    return set;
}

/* Number of what is pending with this flags value; `count`: none. */
static unsigned pending_of(const struct lazy *z, ir_ref flags)
{
    unsigned n = 0;
    while (n < z->count && z->p[n].flags != flags)
        n++;
    return n;
}

/* ---- writing out ------------------------------------------------------------------------------ */

static ir_ref again(struct lazy *z, unsigned op, ir_ref a, ir_ref b)
{
    return emit(z, (struct ir_ins){.op = (uint8_t)op, .type = IR_I32, .a = a, .b = b});
}

static void clobber(struct lazy *z)
{
    z->clobbers++;
    for (unsigned n = 0; n < z->count; n++)
        z->p[n].clobbered = true;
}

/* The pending operation once more: not what it gives, but the same flags. */
static ir_ref operation_again(struct lazy *z, const struct pending *p)
{
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
static ir_ref repeat(struct lazy *z, const struct pending *p)
{
    ir_ref r = operation_again(z, p);
    ir_ref f = emit(z, (struct ir_ins){.op = IR_flagsof, .type = IR_I32, .a = r});
    if (p->inverted)
        f = emit(z, (struct ir_ins){.op = IR_fnotc, .type = IR_FLAGS, .a = f});
    clobber(z);
    z->made[f] = z->clobbers;
    return f;
}

static ir_ref write_one(struct lazy *z, const struct pending *p)
{
    if (p->bit != 0) {
        emit(z, (struct ir_ins){.op = p->mask == IR_FLAG_C ? IR_putc : IR_putv, .a = p->bit});
        return 0;
    }
    ir_ref f = p->clobbered ? repeat(z, p) : p->flags;
    emit(z, (struct ir_ins){.op = IR_putf, .a = f, .imm = p->mask});
    return f;
}

/* All that is pending, number `last` last; returns its flags value, which is at hand then. */
static ir_ref write_all(struct lazy *z, unsigned last)
{
    ir_ref f = 0;
    unsigned written = 0;
    for (unsigned n = 0; n < z->count; n++) {
        written |= z->p[n].mask;
        if (n != last)
            write_one(z, &z->p[n]);
    }
    if (last < z->count)
        f = write_one(z, &z->p[last]);
    if (z->hides || (z->count != 0 && (z->old || (written == IR_FLAG_ALL && !z->zero))))
        put_recipe(z, 0);
    z->count = 0;
    return f;
}

static void write_out(struct lazy *z)
{
    write_all(z, z->count - 1);
}

/* Someone may look after this: the recipe must be in place, or the flags. */
static void expose(struct lazy *z)
{
    uint32_t r = recipe(z);
    if (r == 0) {
        write_out(z);
    } else if (!z->p[0].stored) {
        put_recipe(z, r);
        z->p[0].stored = true;
        z->p[0].recipe = r;
    }
}

/* The same before a load or store, whose fault the backend sees to; with a recipe too, because a
 * `faultf` of older flags may be in force. */
static void expose_to_fault(struct lazy *z)
{
    if (z->hides)
        put_recipe(z, 0);
    for (unsigned n = 0; n < z->count; n++) {
        struct pending *p = &z->p[n];
        if (!p->held)
            emit(z, (struct ir_ins){.op = p->bit != 0 ? IR_faultb : IR_faultf,
                                    .a = p->bit != 0 ? p->bit : p->flags,
                                    .imm = p->mask});
        p->held = true;
    }
}

/* These parts are written otherwise. */
static void drop(struct lazy *z, unsigned parts)
{
    unsigned kept = 0;
    for (unsigned n = 0; n < z->count; n++) {
        z->p[n].mask &= (uint8_t)~parts;
        if (z->p[n].mask != 0)
            z->p[kept++] = z->p[n];
    }
    z->count = kept;
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
    case IR_putc:
    case IR_putv:
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
    case IR_add: /* lea, if nobody wants the flags */
    case IR_sub:
        return (i->op == IR_sub && !ir_is_const(&z->to, i->b, &c)) ||
               (z->at < z->from->count && z->asked[z->at + 1] &&
                z->from->ins[z->at + 1].op == IR_flagsof);
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

/* Whether the parts are written again before anyone but a fault's handler can look, behind instruction n. */
static bool soon_dead(const struct lazy *z, unsigned n, unsigned parts)
{
    while (++n <= z->from->count) {
        const struct ir_ins *i = &z->from->ins[n];
        if (i->op == IR_putf || i->op == IR_putc || i->op == IR_putv) {
            parts &= ~(i->op == IR_putf   ? (unsigned)i->imm
                       : i->op == IR_putc ? IR_FLAG_C
                                          : IR_FLAG_V);
            if (parts == 0)
                return true;
        } else if ((ir_traits(i->op) & TRAIT_EXIT) != 0 || i->op == IR_label || i->op == IR_br ||
                   i->op == IR_brcc || i->op == IR_getf || i->op == IR_putnzcv ||
                   i->op == IR_call) {
            return false;
        }
    }
    return false;
}

/* Before a real write of parts, while others are pending: a recipe in memory would hide it. */
static void clear_way(struct lazy *z, unsigned parts)
{
    drop(z, parts);
    if (!z->old || parts == IR_FLAG_ALL)
        return;
    for (unsigned n = 0; n < z->count; n++)
        z->p[n].stored = false;
    z->hides = true;
}

static bool can_wait(const struct lazy *z, const struct ir_ins *o, unsigned mask)
{
    if (o == NULL || !(deferrable(o) || deferrable_part(o)))
        return false;
    return (mask & IR_FLAG_NZ) != 0 || soon_dead(z, z->at, mask);
}

static void add_pending(struct lazy *z, const struct pending *p)
{
    unsigned all = 0;
    drop(z, p->mask);
    z->p[z->count++] = *p;
    for (unsigned k = 0; k < z->count; k++)
        all |= z->p[k].mask;
    z->old |= all == IR_FLAG_ALL && !z->zero;
}

static void put_flags(struct lazy *z, struct ir_ins i)
{
    struct pending n = {.mask = (uint8_t)i.imm, .flags = i.a};
    const struct ir_ins *o = operation(z, i.a, &n.inverted, &n.result);
    if (can_wait(z, o, n.mask)) {
        n.op = o->op;
        n.part = deferrable_part(o) ? o->aux : 0;
        n.a = o->a;
        n.b = o->b;
        n.clobbered = z->made[i.a] != z->clobbers;
        add_pending(z, &n);
        return;
    }
    clear_way(z, n.mask);
    emit(z, i);
    if (n.mask == IR_FLAG_ALL && !z->zero)
        put_recipe(z, 0);
}

/* putc, putv */
static void put_flag(struct lazy *z, struct ir_ins i)
{
    struct pending n = {.mask = i.op == IR_putc ? IR_FLAG_C : IR_FLAG_V, .bit = i.a};
    if (soon_dead(z, z->at, n.mask)) {
        add_pending(z, &n);
        return;
    }
    clear_way(z, n.mask);
    emit(z, i);
}

/* INC and DEC leave C alone: what they come after writes it now, while the host's flags have it, unless
 * it dies. Instruction n is about to be done. */
static void save_carry(struct lazy *z, unsigned n)
{
    const struct ir_block *b = z->from;
    const struct ir_ins *i = &b->ins[n];
    uint64_t by;
    if ((i->op != IR_add && i->op != IR_sub) || n + 3 > b->count || i[1].op != IR_flagsof ||
        !ir_is_const(b, i->b, &by) || by != 1)
        return;
    const struct ir_ins *put = i + 2;
    while (put < b->ins + b->count && (put->op == IR_put || put->op == IR_st))
        put++;
    if (put->op != IR_putf || put->imm != NZV || put->a != n + 1 || soon_dead(z, n, IR_FLAG_C))
        return;
    for (unsigned k = 0; k < z->count; k++) {
        struct pending *p = &z->p[k];
        if ((p->mask & IR_FLAG_C) == 0 || p->clobbered || p->bit != 0)
            continue;
        emit(z, (struct ir_ins){.op = IR_putf, .a = p->flags, .imm = IR_FLAG_C});
        clear_way(z, IR_FLAG_C);
        return;
    }
}

/* A register is written: values in it are gone, and with them a recipe that is in memory. */
static void put_register(struct lazy *z, const struct ir_ins *i)
{
    unsigned first = (unsigned)i->imm / 4, bytes = i->type == IR_I32 || i->type == IR_F32 ? 4
                                                   : i->type == IR_I8                     ? 1
                                                   : i->type == IR_V128                   ? 16
                                                                                          : 8;
    unsigned last = ((unsigned)i->imm + bytes - 1) / 4;
    if (i->imm < 0 || first >= REGS)
        return;
    for (unsigned k = 0; k < z->count; k++) {
        struct pending *p = &z->p[k];
        uint32_t needs = p->stored ? recipe_registers(p->recipe) : 0;
        for (unsigned n = first; n <= last && n < REGS; n++)
            if (needs >> n & 1 && z->in[n] != i->a)
                p->stored = false;
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
    clobber(z);
    z->made[i->a] = z->clobbers;
}

/* May what is pending stay so on the way through this `jump`? A `leave` is to C code, which knows recipes. */
static uint32_t passes(const struct lazy *z, const struct ir_ins *jump)
{
    uint32_t r = recipe(z);
    if (jump->op == IR_leave)
        return r;
    if (r == 0 || !(jump->flow & IR_FLOW_DEAD) ||
        (recipe_registers(r) & jump->flow >> IR_FLOW_WRITES_SHIFT) != 0)
        return 0;
    return r;
}

/* A branch on the newest flags whose other way is an exit: may they stay pending here, and be written
 * there? */
static bool write_there(const struct lazy *z, const struct pending *p)
{
    return z->count == 1 && !p->clobbered && (p->mask == IR_FLAG_ALL || p->mask == NZV);
}

static void branch(struct lazy *z, struct ir_ins *i)
{
    unsigned l = (unsigned)i->imm;
    const struct ir_ins *jump = z->exit[l] == 0 ? NULL : &z->from->ins[z->exit[l]];
    bool conditional = i->op == IR_brcc, to_exit = jump != NULL && z->branches[l] == 1;
    bool leaves = to_exit && jump->op == IR_leave;
    unsigned asked = conditional ? pending_of(z, i->a) : z->count;
    uint32_t r = conditional && to_exit ? passes(z, jump) : 0;
    if (asked < z->count && r == 0) {
        const struct pending *p = &z->p[asked];
        if (to_exit && !leaves && write_there(z, p))
            i->aux |= p->mask == NZV ? BRCC_PUTF | BRCC_KEEP_C : BRCC_PUTF;
        else
            i->a = write_all(z, asked); /* computed once for both */
        return;
    }
    if (conditional)
        ask_result(z, i);
    if (r != 0)
        z->label[l] = z->p[0].stored ? 0 : r;
    else
        write_out(z);
}

static void save(struct lazy *z, unsigned n, ir_ref v)
{
    emit(z, (struct ir_ins){.op = IR_put,
                            .type = IR_I32,
                            .a = v,
                            .imm = offsetof(struct cpu, flag_saved) + 4 * n});
}

/* The recipe of what is pending with its operands put aside, where they cannot change; false: none. Of the
 * result if that is kept anyway. */
static bool save_recipe(struct lazy *z)
{
    static const uint8_t kinds[IR_OPS][2] = {
        [IR_add] = {RECIPE_ADD, RECIPE_ADD_RESULT}, [IR_sub] = {RECIPE_SUB, RECIPE_SUB_RESULT},
        [IR_and] = {RECIPE_AND, RECIPE_LOGIC},      [IR_or] = {RECIPE_LOGIC, RECIPE_LOGIC},
        [IR_xor] = {RECIPE_XOR, RECIPE_LOGIC},      [IR_nsub] = {RECIPE_SUB8, RECIPE_SUB8},
        [IR_nand] = {RECIPE_AND8, RECIPE_LOGIC8},   [IR_nor] = {RECIPE_LOGIC8, RECIPE_LOGIC8},
        [IR_nxor] = {RECIPE_LOGIC8, RECIPE_LOGIC8}};
    const struct pending *p = &z->p[0];
    uint64_t c;
    if (z->count != 1 || p->bit != 0 || p->mask != IR_FLAG_ALL)
        return false;
    uint32_t kind = kinds[p->op][reg_with(z, result_of(p)) >= 0], r = RECIPE_SAVED_A | RECIPE_ALL;
    bool logic = recipe_is_logic(kind);
    if (kind == 0)
        return false;
    r |= kind + (p->part == PART_16 ? RECIPE_SUB16 - RECIPE_SUB8 : 0);
    save(z, 0,
         logic || kind == RECIPE_ADD_RESULT || kind == RECIPE_SUB_RESULT ? result_of(p) : p->a);
    if (!logic && ir_is_const(&z->to, p->b, &c) && (int32_t)c == (int16_t)c) {
        r |= (uint32_t)c << RECIPE_IMM_SHIFT;
    } else if (!logic) {
        r |= RECIPE_SAVED_B;
        save(z, 1, p->b);
    }
    put_recipe(z, r | (p->inverted ? RECIPE_INVERT : 0));
    return true;
}

static void jump(struct lazy *z, const struct ir_ins *i)
{
    if (passes(z, i) != 0)
        expose(z);
    else if (!(i->flow & IR_FLOW_DEAD) || !save_recipe(z))
        write_out(z);
    z->count = 0;
}

static void label(struct lazy *z, struct ir_ins i)
{
    write_out(z);
    memset(z->in, 0, sizeof z->in);
    emit(z, i);
    z->zero = z->hides = false;
    z->old = true;
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
    else if (i->op == IR_getf || i->op == IR_putnzcv || (traits & TRAIT_EXIT))
        write_out(z);
    else if (i->op == IR_call && (i->aux & (CALL_READS | CALL_WRITES)))
        write_out(z);
    else if ((i->op == IR_ld || i->op == IR_st) && !ir_slow_access(i))
        expose_to_fault(z);
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
    if (i.op == IR_putc || i.op == IR_putv) {
        put_flag(z, i);
        return;
    }
    if (i.op == IR_label) {
        label(z, i);
        return;
    }
    before(z, &i);
    save_carry(z, n);
    if (clobbers(z, &i))
        clobber(z);
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

/* Whether instruction i uses flags, but for writing them. */
static bool asks(const struct ir_ins *i)
{
    return i->op == IR_brcc || i->op == IR_setcc || i->op == IR_select || i->op == IR_fnotc ||
           i->op == IR_nzcv;
}

/* The `jump` that instruction n is, or the `leave` that it is but for constants; 0: another. */
static uint16_t exit_at(const struct ir_block *b, unsigned n)
{
    if (n <= b->count && b->ins[n].op == IR_jump)
        return (uint16_t)n;
    while (n < b->count && b->ins[n].op == IR_const)
        n++;
    return n <= b->count && b->ins[n].op == IR_leave ? (uint16_t)n : 0;
}

static void look_at(struct lazy *z)
{
    for (unsigned n = 1; n <= z->from->count; n++) {
        const struct ir_ins *i = &z->from->ins[n];
        z->asked[n] = false;
        if (asks(i))
            z->asked[i->a] = true;
        if (i->op == IR_adc || i->op == IR_sbb || i->op == IR_nadc || i->op == IR_nsbb)
            z->asked[i->c] = true;
        bool only_branches = n > 1 && ((ir_traits(i[-1].op) & TRAIT_EXIT) || i[-1].op == IR_br);
        if (i->op == IR_label && only_branches)
            z->exit[i->imm] = exit_at(z->from, n + 1);
        else if ((i->op == IR_br || i->op == IR_brcc) && z->branches[i->imm] < 2)
            z->branches[i->imm]++;
    }
}

void ir_pass_lazy(struct ir_block *b)
{
    struct lazy z;
    bool any = false;
    for (unsigned n = 1; n <= b->count && !any; n++)
        any = b->ins[n].op == IR_putf || b->ins[n].op == IR_putc || b->ins[n].op == IR_putv;
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
    z.count = 0;
    z.zero = z.hides = z.full = false;
    z.old = true;
    memset(z.in, 0, sizeof z.in);
    memset(z.label, 0, sizeof z.label);
    memset(z.exit, 0, sizeof z.exit);
    memset(z.branches, 0, sizeof z.branches);
    look_at(&z);
    for (unsigned n = 1; n <= b->count && !z.full; n++)
        one(&z, n);
    b->full = z.full;
    if (z.full)
        return;
    memcpy(b->ins, z.to.ins, (z.to.count + 1) * sizeof b->ins[0]);
    b->count = z.to.count;
}
