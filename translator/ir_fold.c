/*
 * Evaluation and simplification of single instructions, used while building and by pass_fold.
 *
 * Constants of type i32 are kept zero-extended in imm; ir_eval takes and gives them so. Rules here
 * look at one instruction and the constants it names, never further, which keeps both users linear.
 */
#include <translator/ir_fold.h>
#include <translator/cpu.h>

#define ALL32 0xffffffffu

static struct ir_flags result_flags(uint64_t r, unsigned width)
{
    struct ir_flags f = {0, 0, 0};
    if (r >> (width - 1) & 1)
        f.nz |= NZ_N;
    if (r == 0)
        f.nz |= NZ_Z;
    if (!__builtin_parity((unsigned)r & 0xff))
        f.nz |= NZ_P;
    return f;
}

/* r = a + b + in, or a - b - in: its flags, by the carries into and out of the top bit. */
static struct ir_flags sum_flags(uint64_t a, uint64_t b, uint64_t r, unsigned width, bool minus)
{
    struct ir_flags f = result_flags(r, width);
    uint64_t top = 1ull << (width - 1);
    uint64_t out = minus ? (~a & b) | (~(a ^ b) & r) : (a & b) | ((a | b) & ~r);
    uint64_t over = minus ? (a ^ b) & (a ^ r) : ~(a ^ b) & (a ^ r);
    f.c = (out & top) != 0;
    f.v = (over & top) != 0;
    f.nz |= (a ^ b ^ r) & NZ_A;
    return f;
}

bool ir_cc_holds(struct ir_flags f, enum ir_cc cc)
{
    bool n = f.nz & NZ_N, z = f.nz & NZ_Z, holds = false;
    switch (cc & ~1u) {
    case CC_O:
        holds = f.v;
        break;
    case CC_B:
        holds = f.c;
        break;
    case CC_E:
        holds = z;
        break;
    case CC_BE:
        holds = f.c || z;
        break;
    case CC_S:
        holds = n;
        break;
    case CC_P:
        holds = f.nz & NZ_P;
        break;
    case CC_L:
        holds = n != (f.v != 0);
        break;
    case CC_LE:
        holds = z || n != (f.v != 0);
        break;
    }
    return holds != (cc & 1);
}

static uint64_t reverse_bits(uint64_t a, unsigned width)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < width; i++)
        r |= (a >> i & 1) << (width - 1 - i);
    return r;
}

static uint64_t sign_extend(uint64_t a, unsigned width)
{
    return (uint64_t)((int64_t)(a << (64 - width)) >> (64 - width));
}

static uint64_t divide(uint64_t a, uint64_t b, unsigned width, bool is_signed)
{
    if (b == 0)
        return 0;
    if (!is_signed)
        return a / b;
    int64_t x = (int64_t)sign_extend(a, width), y = (int64_t)sign_extend(b, width);
    return y == -1 ? 0 - (uint64_t)x : (uint64_t)(x / y);
}

static uint64_t high_half(uint64_t a, uint64_t b, unsigned width, bool is_signed)
{
    if (is_signed) {
        __int128 p = (__int128)(int64_t)sign_extend(a, width) * (int64_t)sign_extend(b, width);
        return (uint64_t)(p >> width);
    }
    return (uint64_t)((unsigned __int128)a * b >> width);
}

/* Operations of one operand. */
static bool eval_unary(enum ir_op op, unsigned width, uint64_t a, uint64_t *r)
{
    switch (op) {
    case IR_not:
        *r = ~a;
        return true;
    case IR_clz:
        *r = a == 0 ? width : (unsigned)__builtin_clzll(a) - (64 - width);
        return true;
    case IR_ctz:
        *r = a == 0 ? width : (unsigned)__builtin_ctzll(a);
        return true;
    case IR_popcnt:
        *r = (unsigned)__builtin_popcountll(a);
        return true;
    case IR_bswap:
        *r = __builtin_bswap64(a) >> (64 - width);
        return true;
    case IR_rbit:
        *r = reverse_bits(a, width);
        return true;
    case IR_zext8:
        *r = (uint8_t)a;
        return true;
    case IR_zext16:
        *r = (uint16_t)a;
        return true;
    case IR_sext8:
        *r = sign_extend(a, 8);
        return true;
    case IR_sext16:
        *r = sign_extend(a, 16);
        return true;
    case IR_zext32:
    case IR_lo32:
        *r = (uint32_t)a;
        return true;
    case IR_sext32:
        *r = sign_extend(a, 32);
        return true;
    case IR_hi32:
        *r = a >> 32;
        return true;
    default:
        return false;
    }
}

/* Operations of two operands without flags. */
static bool eval_binary(enum ir_op op, unsigned width, uint64_t a, uint64_t b, uint64_t *r)
{
    unsigned n = (unsigned)b & (width - 1);
    switch (op) {
    case IR_shl:
        *r = a << n;
        return true;
    case IR_shr:
        *r = a >> n;
        return true;
    case IR_sar:
        *r = (uint64_t)((int64_t)sign_extend(a, width) >> n);
        return true;
    case IR_ror:
        *r = n == 0 ? a : a >> n | a << (width - n);
        return true;
    case IR_mul:
        *r = a * b;
        return true;
    case IR_umulh:
    case IR_smulh:
        *r = high_half(a, b, width, op == IR_smulh);
        return true;
    case IR_udiv:
    case IR_sdiv:
        *r = divide(a, b, width, op == IR_sdiv);
        return true;
    case IR_pair:
        *r = (uint32_t)a | b << 32;
        return true;
    default:
        return false;
    }
}

bool ir_eval(enum ir_op op, enum ir_type t, uint64_t a, uint64_t b, bool carry, uint64_t *result,
             struct ir_flags *f)
{
    unsigned width = t == IR_I64 ? 64 : 32;
    uint64_t mask = width == 64 ? ~0ull : ALL32, r;
    bool minus = op == IR_sub || op == IR_sbb || op == IR_neg, logic = false;
    switch (op) {
    case IR_add:
    case IR_adc:
        r = (a + b + (op == IR_adc && carry)) & mask;
        break;
    case IR_sub:
    case IR_sbb:
        r = (a - b - (op == IR_sbb && carry)) & mask;
        break;
    case IR_neg:
        b = a;
        a = 0;
        r = (0 - b) & mask;
        break;
    case IR_and:
        r = a & b;
        logic = true;
        break;
    case IR_or:
        r = a | b;
        logic = true;
        break;
    case IR_xor:
        r = a ^ b;
        logic = true;
        break;
    default:
        if (!eval_unary(op, width, a, &r) && !eval_binary(op, width, a, b, &r))
            return false;
        /* The type of these is that of their operand or fixed: zext32 and pair give 64 bits. */
        *result = op == IR_zext32 || op == IR_sext32 || op == IR_pair ? r
                  : op == IR_lo32 || op == IR_hi32                    ? r & ALL32
                                                                      : r & mask;
        return true;
    }
    *result = r;
    if (f != NULL)
        *f = logic ? result_flags(r, width) : sum_flags(a, b, r, width, minus);
    return true;
}

/* ---- simplification --------------------------------------------------------------------------- */

static enum ir_simple to_const(struct ir_ins *i, uint64_t v)
{
    enum ir_type t = ir_result(i);
    *i = (struct ir_ins){.op = IR_const, .type = (uint8_t)t, .imm = (int64_t)v};
    return IR_CHANGE;
}

static enum ir_simple to_same(ir_ref v, ir_ref *same)
{
    *same = v;
    return IR_SAME;
}

/* x op x. */
static enum ir_simple equal_operands(struct ir_ins *i, ir_ref *same)
{
    switch (i->op) {
    case IR_and:
    case IR_or:
    case IR_vand:
    case IR_vor:
        return to_same(i->a, same);
    case IR_sub:
    case IR_xor:
        return to_const(i, 0);
    default:
        return IR_KEEP;
    }
}

/* x op constant. */
static enum ir_simple constant_right(struct ir_ins *i, uint64_t v, ir_ref *same)
{
    uint64_t ones = i->type == IR_I64 ? ~0ull : ALL32;
    unsigned width = i->type == IR_I64 ? 64 : 32;
    switch (i->op) {
    case IR_add:
    case IR_sub:
    case IR_or:
    case IR_xor:
        return v == 0 ? to_same(i->a, same) : IR_KEEP;
    case IR_and:
        if (v == 0)
            return to_const(i, 0);
        return v == ones ? to_same(i->a, same) : IR_KEEP;
    case IR_shl:
    case IR_shr:
    case IR_sar:
    case IR_ror:
        return v % width == 0 ? to_same(i->a, same) : IR_KEEP;
    case IR_mul:
        if (v == 0)
            return to_const(i, 0);
        return v == 1 ? to_same(i->a, same) : IR_KEEP;
    case IR_umulh:
        return v <= 1 ? to_const(i, 0) : IR_KEEP;
    case IR_udiv:
    case IR_sdiv:
        if (v == 0)
            return to_const(i, 0);
        return v == 1 ? to_same(i->a, same) : IR_KEEP;
    case IR_pair:
        if (v != 0)
            return IR_KEEP;
        *i = (struct ir_ins){.op = IR_zext32, .type = IR_I64, .a = i->a};
        return IR_CHANGE;
    default:
        return IR_KEEP;
    }
}

ir_ref ir_low_part(const struct ir_block *b, ir_ref r, unsigned bytes)
{
    while (b->ins[r].op == IR_insert && b->ins[r].aux >= bytes)
        r = b->ins[r].b;
    return r;
}

/* One that looks at the low bytes of its operand only: past what is inserted there. */
static enum ir_simple look_past(const struct ir_block *b, struct ir_ins *i, ir_ref *r)
{
    bool byte = i->op == IR_zext8 || i->op == IR_sext8,
         word = i->op == IR_zext16 || i->op == IR_sext16;
    unsigned bytes = byte ? PART_8 : word ? PART_16 : i->aux;
    ir_ref low = ir_low_part(b, *r, bytes);
    if (low == *r)
        return IR_KEEP;
    *r = low;
    return IR_CHANGE;
}

/* An extension of something that is already extended so, and other pairs of unary operations. */
static enum ir_simple unary_pair(const struct ir_block *b, struct ir_ins *i, ir_ref *same)
{
    const struct ir_ins *a = &b->ins[i->a];
    unsigned op = a->op;
    bool same_type = a->type == i->type;
    switch (i->op) {
    case IR_not:
    case IR_bswap:
    case IR_rbit:
        return op == i->op && same_type ? to_same(a->a, same) : IR_KEEP;
    case IR_fneg:
        return op == i->op && same_type ? to_same(a->a, same) : IR_KEEP;
    case IR_zext8:
        if (op == IR_zext8 && same_type)
            return to_same(i->a, same);
        if ((op == IR_get && a->type == IR_I8) || op == IR_setcc)
            return to_same(i->a, same);
        if (op == IR_ld && same_type && (a->aux & (MEM_SIZE | MEM_SIGNED)) == 0)
            return to_same(i->a, same);
        return look_past(b, i, &i->a);
    case IR_zext16:
        if ((op == IR_zext8 || op == IR_zext16) && same_type)
            return to_same(i->a, same);
        if (op == IR_ld && same_type && (a->aux & MEM_SIZE) <= 1 && !(a->aux & MEM_SIGNED))
            return to_same(i->a, same);
        return look_past(b, i, &i->a);
    case IR_sext8:
        return op == IR_sext8 && same_type ? to_same(i->a, same) : look_past(b, i, &i->a);
    case IR_sext16:
        if ((op == IR_sext8 || op == IR_sext16) && same_type)
            return to_same(i->a, same);
        return look_past(b, i, &i->a);
    case IR_lo32:
        if (op == IR_zext32 || op == IR_sext32 || op == IR_pair)
            return to_same(a->a, same);
        if (op != IR_udiv || b->ins[a->a].op != IR_zext32 || b->ins[a->b].op != IR_zext32)
            break;
        *i = (struct ir_ins){
            .op = IR_udiv, .type = IR_I32, .a = b->ins[a->a].a, .b = b->ins[a->b].a};
        return IR_CHANGE;
    case IR_hi32:
        if (op == IR_pair)
            return to_same(a->b, same);
        if (op == IR_zext32)
            return to_const(i, 0);
        break;
    case IR_bitsof:
        return op == IR_bitsto ? to_same(a->a, same) : IR_KEEP;
    case IR_bitsto:
        return op == IR_bitsof ? to_same(a->a, same) : IR_KEEP;
    case IR_dbitsof:
        return op == IR_dbitsto ? to_same(a->a, same) : IR_KEEP;
    case IR_dbitsto:
        return op == IR_dbitsof ? to_same(a->a, same) : IR_KEEP;
    case IR_vlow:
        return op == IR_vmake ? to_same(a->a, same) : IR_KEEP;
    case IR_vhigh:
        return op == IR_vmake ? to_same(a->b, same) : IR_KEEP;
    }
    return IR_KEEP;
}

static enum ir_simple insertion(const struct ir_block *b, struct ir_ins *i, ir_ref *same)
{
    const struct ir_ins *under = &b->ins[i->a];
    uint32_t part = i->aux == PART_8 ? 0xff : 0xffff;
    uint64_t x, y;
    if (i->a == i->b)
        return to_same(i->a, same);
    if (under->op == IR_insert && under->aux <= i->aux) {
        i->a = under->a;
        return IR_CHANGE;
    }
    if (!ir_is_const(b, i->a, &x))
        return look_past(b, i, &i->b);
    if (ir_is_const(b, i->b, &y))
        return to_const(i, (x & ~part & ALL32) | (y & part));
    if ((x & ~part & ALL32) != 0)
        return look_past(b, i, &i->b);
    *i = (struct ir_ins){.op = part == 0xff ? IR_zext8 : IR_zext16, .type = IR_I32, .a = i->b};
    return IR_CHANGE;
}

static enum ir_simple all_constant(struct ir_ins *i, uint64_t x, uint64_t y, bool flags)
{
    uint64_t r;
    struct ir_flags f = {0, 0, 0};
    enum ir_op op = i->op;
    if (op == IR_adc || op == IR_sbb || !ir_eval(op, i->type, x, y, false, &r, &f))
        return IR_KEEP;
    if (flags && (f.c || f.v || (f.nz & NZ_A)))
        return IR_KEEP;
    return to_const(i, r);
}

enum ir_simple ir_simplify(const struct ir_block *b, struct ir_ins *i, bool flags, ir_ref *same)
{
    unsigned op = i->op;
    if (op < IR_add || op > IR_vhigh || i->a == 0)
        return IR_KEEP;
    if (op == IR_select)
        return i->b == i->c ? to_same(i->b, same) : IR_KEEP;
    if (op == IR_fnotc)
        return b->ins[i->a].op == op ? to_same(b->ins[i->a].a, same) : IR_KEEP;
    if (op == IR_flagsof || op == IR_setcc || (op >= IR_ld && op <= IR_align))
        return IR_KEEP;
    if (op == IR_insert)
        return insertion(b, i, same);
    uint64_t x, y = 0;
    bool left = ir_is_const(b, i->a, &x), right = ir_is_const(b, i->b, &y);
    if (left && !right && (ir_traits(op) & TRAIT_COMMUTES)) {
        ir_ref swap = i->a;
        i->a = i->b;
        i->b = swap;
        y = x;
        left = false;
        right = true;
    }
    if (left && (right || i->b == 0))
        return all_constant(i, x, y, flags);
    if (i->b == 0)
        return unary_pair(b, i, same);
    if (right)
        return constant_right(i, y, same);
    return i->a == i->b ? equal_operands(i, same) : IR_KEEP;
}
