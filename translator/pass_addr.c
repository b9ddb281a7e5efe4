/*
 * Pass 'a': address arithmetic moves into loads and stores, whose addresses have the form
 * (a + (b << scale) + imm) mod 2^32.
 *
 * An addition is taken in only if the access is its one use: it then dies, and no value lives
 * longer beside it. One of a constant may serve several accesses, which then share its operand.
 * Constants can always be taken in. The arithmetic is that of i32, so wrapping is the same inside and
 * outside the address.
 */
#include <string.h>

#include <translator/ir_fold.h>

struct uses {
    uint16_t of[IR_MAX_INS + 1];
    uint16_t base[IR_MAX_INS + 1]; /* of them, as the first register of an address */
};

static bool is_access(const struct ir_ins *i)
{
    return i->op == IR_ld || i->op == IR_st;
}

static void count_uses(const struct ir_block *b, struct uses *u)
{
    memset(u->of, 0, (b->count + 1) * sizeof u->of[0]);
    memset(u->base, 0, (b->count + 1) * sizeof u->base[0]);
    for (unsigned n = 1; n <= b->count; n++) {
        const struct ir_ins *i = &b->ins[n];
        u->of[i->a]++;
        u->of[i->b]++;
        u->of[i->c]++;
        if (is_access(i))
            u->base[i->a]++;
    }
}

/* r, if it is an i32 operation op that only the access uses. */
static const struct ir_ins *only(const struct ir_block *b, const struct uses *u, ir_ref r,
                                 unsigned op)
{
    const struct ir_ins *i = &b->ins[r];
    return r != 0 && i->op == op && i->type == IR_I32 && u->of[r] == 1 ? i : NULL;
}

/* Take constants out of *r into the displacement: x + c, x - c. */
static void take_constants(const struct ir_block *b, const struct uses *u, ir_ref *r, uint32_t *imm,
                           unsigned scale)
{
    uint64_t c;
    for (;;) {
        const struct ir_ins *i = &b->ins[*r];
        bool dies = u->of[*r] == 1 || u->of[*r] == u->base[*r];
        if (*r == 0 || (i->op != IR_add && i->op != IR_sub) || i->type != IR_I32 || !dies ||
            !ir_is_const(b, i->b, &c))
            return;
        *imm += (i->op == IR_add ? (uint32_t)c : -(uint32_t)c) << scale;
        *r = i->a;
    }
}

/* x << 1, 2 or 3 as the scaled operand. */
static void take_scale(const struct ir_block *b, const struct uses *u, struct ir_ins *i)
{
    const struct ir_ins *s = only(b, u, i->b, IR_shl);
    unsigned scale = (i->aux & MEM_SCALE) >> MEM_SCALE_SHIFT;
    uint64_t n;
    if (s == NULL || !ir_is_const(b, s->b, &n) || (n & 31) + scale > 3)
        return;
    scale += (unsigned)n & 31;
    i->aux = (uint8_t)((i->aux & ~(unsigned)MEM_SCALE) | scale << MEM_SCALE_SHIFT);
    i->b = s->a;
}

static void fold_address(const struct ir_block *b, const struct uses *u, struct ir_ins *i)
{
    uint32_t imm = (uint32_t)i->imm;
    uint64_t c;
    const struct ir_ins *sum;
    take_constants(b, u, &i->a, &imm, 0);
    if (i->b == 0 && (sum = only(b, u, i->a, IR_add)) != NULL) {
        i->a = sum->a;
        i->b = sum->b;
        if (only(b, u, i->a, IR_shl) != NULL && only(b, u, i->b, IR_shl) == NULL) {
            i->a = sum->b;
            i->b = sum->a;
        }
        take_constants(b, u, &i->a, &imm, 0);
    }
    if (i->b != 0) {
        take_scale(b, u, i);
        take_constants(b, u, &i->b, &imm, (i->aux & MEM_SCALE) >> MEM_SCALE_SHIFT);
        take_scale(b, u, i);
    }
    if (ir_is_const(b, i->b, &c)) {
        imm += (uint32_t)c << ((i->aux & MEM_SCALE) >> MEM_SCALE_SHIFT);
        i->b = 0;
    } else if (i->b != 0 && !(i->aux & MEM_SCALE) && ir_is_const(b, i->a, &c)) {
        imm += (uint32_t)c;
        i->a = i->b;
        i->b = 0;
    }
    if (i->b == 0)
        i->aux &= (uint8_t) ~(unsigned)MEM_SCALE;
    i->imm = (int32_t)imm;
}

void ir_pass_addr(struct ir_block *b)
{
    struct uses u;
    count_uses(b, &u);
    for (unsigned n = 1; n <= b->count; n++)
        if (is_access(&b->ins[n]))
            fold_address(b, &u, &b->ins[n]);
}
