/*
 * Flags that are pending: computed from the recipe that translated code left (pass_lazy.c).
 *
 * Called where translated code was left, with general registers exact; so what the recipe names is
 * still in place.
 */
#include <translator/cpu.h>
#include <translator/ir.h>

static uint32_t operand(const struct cpu *cpu, uint32_t r)
{
    if ((r & RECIPE_CONST) && (r & RECIPE_SAVED_B))
        return cpu->flag_saved[1];
    if (r & RECIPE_HIGH)
        return r >> RECIPE_IMM_SHIFT << RECIPE_IMM_SHIFT;
    if (r & RECIPE_CONST)
        return (uint32_t)((int32_t)r >> RECIPE_IMM_SHIFT);
    return cpu->reg[r >> RECIPE_B_SHIFT & 15];
}

/* Of a result; `carries`: bit 4 set if there was a carry out of bit 3 (A). */
static uint8_t nz(uint32_t result, uint32_t carries)
{
    return (uint8_t)((result >> 31 ? NZ_N : 0) | (result == 0 ? NZ_Z : 0) | (carries & NZ_A) |
                     (__builtin_parity(result & 0xff) ? 0 : NZ_P));
}

static struct cpu_flags of_add(uint32_t a, uint32_t b)
{
    uint32_t r = a + b;
    return (struct cpu_flags){nz(r, a ^ b ^ r), r < a, (uint8_t)(((a ^ r) & (b ^ r)) >> 31), 0};
}

static struct cpu_flags of_sub(uint32_t a, uint32_t b)
{
    uint32_t r = a - b;
    return (struct cpu_flags){nz(r, a ^ b ^ r), a < b, (uint8_t)(((a ^ b) & (a ^ r)) >> 31), 0};
}

/* Of the low 8 or 16 bits: shifted to the top, where N, Z, C and V are the same; P and A are not. */
static struct cpu_flags narrow(unsigned kind, unsigned bits, uint32_t a, uint32_t b)
{
    unsigned by = 32 - bits;
    uint32_t r = kind == RECIPE_SUB8   ? a - b
                 : kind == RECIPE_ADD8 ? a + b
                 : kind == RECIPE_AND8 ? a & b
                                       : a;
    uint32_t carries = kind == RECIPE_SUB8 || kind == RECIPE_ADD8 ? a ^ b ^ r : 0;
    struct cpu_flags f = kind == RECIPE_SUB8   ? of_sub(a << by, b << by)
                         : kind == RECIPE_ADD8 ? of_add(a << by, b << by)
                                               : (struct cpu_flags){0};
    f.nz = (uint8_t)((nz(r << by, 0) & (NZ_N | NZ_Z)) | (nz(r, carries) & (NZ_P | NZ_A)));
    return f;
}

struct cpu_flags flags_by_kind(unsigned kind, uint32_t a, uint32_t b)
{
    switch (kind) {
    case RECIPE_ADD:
        return of_add(a, b);
    case RECIPE_SUB:
        return of_sub(a, b);
    case RECIPE_ADD_RESULT:
        return of_add(a - b, b);
    case RECIPE_SUB_RESULT:
        return of_sub(a + b, b);
    case RECIPE_INC:
        return of_add(a - 1, 1);
    case RECIPE_DEC:
        return of_sub(a + 1, 1);
    case RECIPE_BITS:
        return (struct cpu_flags){0, (a ^ b) & 1, (a ^ b) & 1, 0};
    case RECIPE_AND:
        return (struct cpu_flags){nz(a & b, 0), 0, 0, 0};
    case RECIPE_XOR:
        return (struct cpu_flags){nz(a ^ b, 0), 0, 0, 0};
    case RECIPE_SUB8:
    case RECIPE_AND8:
    case RECIPE_LOGIC8:
    case RECIPE_ADD8:
        return narrow(kind, 8, a, b);
    case RECIPE_SUB16:
    case RECIPE_AND16:
    case RECIPE_LOGIC16:
        return narrow(kind - (RECIPE_SUB16 - RECIPE_SUB8), 16, a, b);
    case RECIPE_ADD16:
        return narrow(RECIPE_ADD8, 16, a, b);
    default:
        return (struct cpu_flags){nz(a, 0), 0, 0, 0};
    }
}

void flags_put(struct cpu *cpu, struct cpu_flags f, unsigned mask)
{
    if (mask & IR_FLAG_NZ)
        cpu->flags.nz = f.nz;
    if (mask & IR_FLAG_C)
        cpu->flags.c = f.c;
    if (mask & IR_FLAG_V)
        cpu->flags.v = f.v;
}

void flags_settle(struct cpu *cpu)
{
    uint32_t r = cpu->flag_recipe, kind = r & RECIPE_KIND;
    if (r == 0)
        return;
    cpu->flag_recipe = 0;
    uint32_t a = (r & RECIPE_SAVED_A) == RECIPE_SAVED_A ? cpu->flag_saved[0]
                                                        : cpu->reg[r >> RECIPE_A_SHIFT & 15];
    struct cpu_flags f = flags_by_kind(kind, a, operand(cpu, r));
    if (r & RECIPE_INVERT)
        f.c ^= 1;
    flags_put(cpu, f,
              r & RECIPE_ALL         ? IR_FLAG_ALL
              : recipe_is_step(kind) ? IR_FLAG_NZ | IR_FLAG_V
                                     : IR_FLAG_NZ);
}
