/*
 * The x87 in software against the x87 of this computer: results, exception flags and C0 to C3 must
 * be equal bit by bit, for all pairs of special values under every rounding and precision control
 * with exceptions masked and not, and for random operands, control words and masks.
 */
#include "x80_test.h"

#include <stdio.h>
#include <string.h>

#include "../frame/frame.h"

#define RANDOM_ROUNDS 4000000u
#define SHOWN         3 /* differences printed for each operation */

static const uint64_t significands[] = {
    0x8000000000000000, 0x8000000000000001, 0xffffffffffffffff, 0xc000000000000000,
    0xc000000000001234, 0xa000000000000000, 0xffffff8000000000, 0xfffffffffffffc00,
    0x8000008000000000, 0x8000000000000400,
};
static const uint64_t fractions[] = {0, 1, 0x4000000000000000, 0x7fffffffffffffff,
                                     0x0000008000000000};
static const uint16_t exponents[] = {0,      1,      2,      0x3fff, 0x4000, 0x3ffe,
                                     0x403e, 0x403d, 0x401e, 0x400e, 0x3c01, 0x3bcd,
                                     0x43fe, 0x407e, 0x3f81, 0x7ffe, 0x7fff, 0x3fbe};

#define MAX_SPECIAL 400
static struct x80 special[MAX_SPECIAL];
static unsigned specials;

static void add_special(uint16_t exp, uint64_t sig)
{
    for (unsigned sign = 0; sign < 2; sign++)
        special[specials++] = (struct x80){.sig = sig, .se = (uint16_t)(exp | sign << 15)};
}

static void make_specials(void)
{
    for (unsigned x = 0; x < sizeof exponents / sizeof *exponents; x++) {
        uint16_t exp = exponents[x];
        bool edge = exp < 2 || exp >= 0x7ffe;
        unsigned n = edge ? sizeof significands / sizeof *significands : 3;
        for (unsigned s = 0; s < n; s++)
            add_special(exp, significands[s]);
        n = exp == 0 || exp == 0x7fff ? sizeof fractions / sizeof *fractions : exp == 0x3fff;
        for (unsigned f = 0; f < n; f++)
            add_special(exp, fractions[f]);
    }
}

/* ---- random operands ---- */

static uint64_t random_sig(void)
{
    uint64_t r = random_next(), v = random_next();
    switch (r & 7) {
    case 0:
        return v | X80_INTEGER;
    case 1: /* few bits */
        return X80_INTEGER | 1ull << (v & 63) | 1ull << (v >> 8 & 63);
    case 2: /* long runs */
        return ~0ull << (v & 63);
    case 3:
        return ((~0ull << (v & 63)) ^ 1ull << (v >> 8 & 63)) | X80_INTEGER;
    case 4: /* as from double or single precision */
        return (v & (r & 8 ? 0xfffffffffffff800u : 0xffffff0000000000u)) | X80_INTEGER;
    case 5:
        return v >> (r >> 8 & 63); /* any class */
    default:
        return v | X80_INTEGER;
    }
}

static struct x80 random_x80(const struct x80 *near)
{
    uint64_t r = random_next();
    struct x80 a = {.sig = random_sig(), .se = (uint16_t)(r >> 16)};
    unsigned sign = a.se & X80_SIGN, exp = X80_BIAS;
    switch (r & 15) {
    case 0:
        return special[(r >> 32) % specials];
    case 1:
        exp = r >> 32 & 63;
        break;
    case 2:
        exp = 0x7fff - (r >> 32 & 63);
        break;
    case 3: /* near the limits of double and single precision */
        exp = (r & 16 ? 0x3c01u : 0x43feu) + (r >> 32 & 63) - 52;
        break;
    case 4:
        exp = (r & 16 ? 0x3f81u : 0x407eu) + (r >> 32 & 31) - 24;
        break;
    case 5:
        exp = r >> 32 & 0x7fff;
        break;
    case 6:
    case 7:
        exp = X80_BIAS + (r >> 32 & 63);
        break;
    default:
        exp = (near->se + (unsigned)(r >> 32 & 127) - 63) & X80_EXP;
        if (!(a.sig & X80_INTEGER))
            exp = 0;
    }
    a.se = (uint16_t)(sign | exp);
    return a;
}

static uint16_t random_control(void)
{
    uint64_t r = random_next();
    uint16_t control = (uint16_t)(r >> 8 & 0xc00);
    unsigned precision = r >> 20 & 3; /* the reserved one is not tried */
    control |= (uint16_t)((precision == 1 ? 3 : precision) << 8);
    return control | (r & 1 ? 0x3f : (uint16_t)(r >> 32 & 0x3f));
}

/* An operand in memory, in the place of a. */
static struct x80 in_memory(enum operand_kind kind)
{
    uint64_t r = random_next(), v = random_next();
    struct x80 a = X80_ZERO;
    if (kind == FROMBCD) {
        for (unsigned d = 0; d < 16; d++)
            a.sig |= (uint64_t)(random_next() % 10) << 4 * d;
        a.se = (uint16_t)(r % 10 | r / 10 % 10 << 4 | (r >> 20 & 0x8000));
        return a;
    }
    a.sig = r & 1 ? v : v >> (r >> 8 & 63);
    if (kind == FROMF64 && (r & 6) == 0)
        a.sig = (v & 0x800fffffffffffff) | (r & 16 ? 0x7ff0000000000000 : 0);
    if (kind == FROMF32 && (r & 6) == 0)
        a.sig = (v & 0x807fffff) | (r & 16 ? 0x7f800000 : 0);
    return a;
}

/* ---- comparing ---- */

static void print(const char *who, const struct outcome *o)
{
    uint64_t memory;
    memcpy(&memory, o->memory, 8);
    printf("#   %s st0 %04x:%016llx st1 %04x:%016llx mem %016llx sw %04x\n", who, o->st0.se,
           (unsigned long long)o->st0.sig, o->st1.se, (unsigned long long)o->st1.sig,
           (unsigned long long)memory, o->status);
}

static bool same_x80(struct x80 a, struct x80 b)
{
    return a.sig == b.sig && a.se == b.se;
}

static uint64_t runs;

/* FSCALE of a denormal by 0 with underflow unmasked: Intel's processors give it back, for AMD's and us it is
 * an underflow. */
static bool processors_differ(const struct test_op *op, uint16_t control, struct x80 a,
                              struct x80 b)
{
    bool zero = (b.se & X80_EXP) == 0 && b.sig == 0;
    return strcmp(op->name, "scale") == 0 && zero && !(control & X80_UE) && (a.se & X80_EXP) == 0;
}

static bool try_one(const struct test_op *op, uint16_t control, struct x80 a, struct x80 b,
                    unsigned *shown)
{
    if (processors_differ(op, control, a, b))
        return true;
    struct outcome soft = {.memory = "\x55\x55\x55\x55\x55\x55\x55\x55\x55"}, host = soft;
    op->soft(control, &a, &b, &soft);
    op->host(control, &a, &b, &host);
    runs++;
    if (same_x80(soft.st0, host.st0) && same_x80(soft.st1, host.st1) &&
        memcmp(soft.memory, host.memory, 10) == 0 && soft.status == host.status)
        return true;
    if ((*shown)++ < SHOWN) {
        printf("# %s cw %03x a %04x:%016llx b %04x:%016llx\n", op->name, control, a.se,
               (unsigned long long)a.sig, b.se, (unsigned long long)b.sig);
        print("soft", &soft);
        print("host", &host);
    }
    return false;
}

static void special_pairs(const struct test_op *op, uint64_t *bad, unsigned *shown)
{
    static const uint16_t masks[] = {0x3f, 0, 0x3d, 0x1f};
    unsigned step = op->kind == TWO ? 1 : specials;
    for (unsigned mode = 0; mode < 16; mode++) {
        if ((mode & 3) == 1)
            continue;
        /* Pairs under all masked in every mode; the other masks with every 5th operand. */
        for (unsigned m = 0; m < 4; m++)
            for (unsigned x = mode % 3; x < specials; x += step == 1 ? 3 : 1)
                for (unsigned y = 0; y < specials; y += m == 0 ? step : 5 * step)
                    *bad += !try_one(op, (uint16_t)(mode << 8 | masks[m]), special[x], special[y],
                                     shown);
    }
}

static void random_runs(const struct test_op *op, uint64_t *bad, unsigned *shown)
{
    struct x80 a = X80_ONE, b = X80_ONE;
    for (unsigned n = 0; n < RANDOM_ROUNDS / 42 * op->weight; n++) {
        a = op->kind >= FROM16 ? in_memory(op->kind) : random_x80(&b);
        b = random_x80(&a);
        *bad += !try_one(op, random_control(), a, b, shown);
    }
}

int main(void)
{
    make_specials();
    for (const struct test_op *op = test_ops; op->name != NULL; op++) {
        uint64_t bad = 0, before = runs;
        unsigned shown = 0;
        char name[40];
        if (op->kind < FROM16)
            special_pairs(op, &bad, &shown);
        random_runs(op, &bad, &shown);
        snprintf(name, sizeof name, "x80 %s", op->name);
        result(name, bad == 0, "%llu of %llu differ", (unsigned long long)bad,
               (unsigned long long)(runs - before));
    }
    printf("# %llu operations\n", (unsigned long long)runs);
    return summary();
}
