/*
 * The interpreter's loop: the exact meaning of the IR.
 *
 * One switch over codes that say operation and width; operands are slots of the block's frame.
 * Results of 32 bits are stored zero-extended, so that helpers and wider operations can take any
 * slot as 64 bits. Blocks follow one another through linked exits without leaving; `attention` and,
 * with icount, the budget are looked at each time a block begins.
 *
 * Instruction counts are exact: a block is entered only if the budget covers all its instructions,
 * and each one is counted when it begins. One that faults, or whose helper asks to leave, has not
 * been executed and is given back.
 */
#include <string.h>

#include <translator/ir_x87.h>

#include "interp.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "flags are kept as a little-endian word");

#define FLAG_C(f) ((f) >> 8 & 1)

/* ---- conditions ------------------------------------------------------------------------------- */

/* Which conditions hold, a bit each, by Z, N, C, V, P as bits 0 to 4 of the index. */
#define Z(i)  ((i)&1u)
#define N(i)  ((i) >> 1 & 1u)
#define C(i)  ((i) >> 2 & 1u)
#define V(i)  ((i) >> 3 & 1u)
#define P(i)  ((i) >> 4 & 1u)
#define CC(x) ((x) ? 1u : 2u)
#define ROW(i)                                                                           \
    (CC(V(i)) << CC_O | CC(C(i)) << CC_B | CC(Z(i)) << CC_E | CC(C(i) | Z(i)) << CC_BE | \
     CC(N(i)) << CC_S | CC(P(i)) << CC_P | CC(N(i) != V(i)) << CC_L |                    \
     CC(Z(i) | (N(i) != V(i))) << CC_LE)
#define ROWS(i) ROW(i), ROW((i) + 1), ROW((i) + 2), ROW((i) + 3)
static const uint16_t holding[32] = {ROWS(0),  ROWS(4),  ROWS(8),  ROWS(12),
                                     ROWS(16), ROWS(20), ROWS(24), ROWS(28)};

static inline bool holds(uint64_t f, unsigned cc)
{
    unsigned i = (unsigned)((f >> 6 & 3) | (f >> 6 & 4) | (f >> 13 & 8) | (f << 2 & 16));
    return holding[i] >> cc & 1;
}

/* ---- guest flags in the CPU structure --------------------------------------------------------- */

static inline uint32_t load_flags(const struct cpu *cpu)
{
    uint32_t f;
    memcpy(&f, &cpu->flags, 4);
    return f & 0x0101ff;
}

static inline uint32_t merge_flags(uint32_t old, uint32_t f, unsigned mask)
{
    static const uint32_t bytes[8] = {0,        0xff,     0xff00,   0xffff,
                                      0xff0000, 0xff00ff, 0xffff00, 0xffffff};
    return (old & ~bytes[mask & 7]) | (f & bytes[mask & 7]);
}

static inline void store_flags(struct cpu *cpu, uint32_t f, unsigned mask)
{
    uint32_t old;
    memcpy(&old, &cpu->flags, 4);
    old = merge_flags(old, f, mask);
    memcpy(&cpu->flags, &old, 4);
}

/* Flags that only a fault makes visible (faultf). */
struct held {
    uint32_t flags;
    unsigned mask;
};

static void show_held(struct cpu *cpu, const struct held *h)
{
    if (h->mask == 0)
        return;
    flags_settle(cpu);
    store_flags(cpu, h->flags, h->mask);
}

/* ---- less frequent integer operations --------------------------------------------------------- */

static uint32_t reverse32(uint32_t a)
{
    a = __builtin_bswap32(a);
    a = (a & 0x0f0f0f0f) << 4 | (a >> 4 & 0x0f0f0f0f);
    a = (a & 0x33333333) << 2 | (a >> 2 & 0x33333333);
    return (a & 0x55555555) << 1 | (a >> 1 & 0x55555555);
}

static uint64_t reverse64(uint64_t a)
{
    return (uint64_t)reverse32((uint32_t)a) << 32 | reverse32((uint32_t)(a >> 32));
}

static uint32_t sdiv32(int32_t a, int32_t b)
{
    return b == 0 ? 0 : b == -1 ? 0 - (uint32_t)a : (uint32_t)(a / b);
}

static uint64_t sdiv64(int64_t a, int64_t b)
{
    return b == 0 ? 0 : b == -1 ? 0 - (uint64_t)a : (uint64_t)(a / b);
}

static uint64_t umulh64(uint64_t a, uint64_t b)
{
    return (uint64_t)((unsigned __int128)a * b >> 64);
}

static uint64_t smulh64(uint64_t a, uint64_t b)
{
    return (uint64_t)((__int128)(int64_t)a * (int64_t)b >> 64);
}

/* ---- leaving ---------------------------------------------------------------------------------- */

/* The instruction of o cannot complete: precise state of guest.h, then the reason. */
static enum exit_reason interrupted(struct cpu *cpu, const struct record *r, const struct iop *o)
{
    const struct interp_site *s = &r->sites[o->site];
    enum exit_reason reason = (enum exit_reason)cpu->exit_request;
    cpu->exit_request = EXIT_NONE;
    cpu->pc = s->pc;
    r->frontend->restore(cpu, s->side);
    if (r->icount)
        cpu->budget++;
    return reason;
}

static enum exit_reason misaligned(struct cpu *cpu, const struct record *r, const struct iop *o,
                                   uint32_t va)
{
    cpu->fault_va = va;
    cpu->fault_kind = o->aux;
    cpu->exit_request = EXIT_ALIGN;
    return interrupted(cpu, r, o);
}

/* A link to a process-dependent page holds only while its virtual page is the same memory. */
static bool page_holds(const struct cpu *cpu, const struct block_exit *e)
{
    const struct fetch_entry *f = &cpu->fetch[e->pc >> GUEST_PAGE_SHIFT & (FETCH_ENTRIES - 1)];
    return f->page == ((e->pc & GUEST_PAGE_MASK) | 1) &&
           f->phys == (uint32_t)(e->to->phys >> GUEST_PAGE_SHIFT);
}

/* The block that exit e leads to, or NULL and why not. */
static struct block *follow(struct cpu *cpu, struct block_exit *e, enum exit_reason *why)
{
    if (e->to == NULL) {
        *why = EXIT_LINK;
        return NULL;
    }
    if (e->checked_page && !page_holds(cpu, e)) {
        cpu->pc = e->pc;
        *why = EXIT_LOOKUP;
        return NULL;
    }
    if (e->to->phys2 != 0 && !block_second_holds(cpu, e->to)) {
        cpu->pc = e->pc;
        *why = EXIT_LOOKUP;
        return NULL;
    }
    return e->to;
}

static void to_side(struct cpu *cpu, enum cpu_side_number n)
{
    const struct cpu_side *s = &cpu->side[n];
    cpu->jumps = s->jumps;
    cpu->fetch = s->fetch;
    cpu->base = s->base;
}

static bool jump_is(const struct jump_entry *j, uint32_t pc, uint32_t mode)
{
    return j->pc == pc && j->mode_high == jump_mode_high(mode) && j->host != 0;
}

/* A computed jump: the block of the jump table's entry, or NULL. */
static struct block *look_up(const struct cpu *cpu, uint32_t mode, uint32_t pc)
{
    unsigned slot = jump_slot(pc, mode);
    if (cpu->jumps == NULL)
        return NULL;
    const struct jump_entry *j = &cpu->jumps[slot];
    if (!jump_is(j, pc, mode))
        j = &cpu->jumps[jump_slot_other(slot)];
    if (!jump_is(j, pc, mode))
        return NULL;
    struct block *to = (struct block *)(uintptr_t)j->host;
    return to->phys2 == 0 || block_second_holds(cpu, to) ? to : NULL;
}

/* ---- the loop --------------------------------------------------------------------------------- */

/* Rows of the switch: an operation in 32 and 64 bits, operands a and b. */
#define BOTH(op, narrow, wide)                                     \
    case IR_##op: {                                                \
        uint32_t a = (uint32_t)f[o->a].x, b = (uint32_t)f[o->b].x; \
        (void)a, (void)b;                                          \
        f[o->d].x = (uint32_t)(narrow);                            \
        break;                                                     \
    }                                                              \
    case IR_##op + CODE_WIDE: {                                    \
        uint64_t a = f[o->a].x, b = f[o->b].x;                     \
        (void)a, (void)b;                                          \
        f[o->d].x = (uint64_t)(wide);                              \
        break;                                                     \
    }
/* The same, with flags: of a sum (x + y) or difference, or of a logical operation. */
#define SUM(op, left, right, expression, minus)                                                  \
    BOTH(op, expression, expression)                                                             \
    case IR_##op + CODE_FLAGS: {                                                                 \
        uint32_t a = (uint32_t)f[o->a].x, b = (uint32_t)f[o->b].x, sum = (uint32_t)(expression); \
        (void)b;                                                                                 \
        f[o->flags].x = interp_sum_flags(left, right, sum, 32, minus);                           \
        f[o->d].x = sum;                                                                         \
        break;                                                                                   \
    }                                                                                            \
    case IR_##op + CODE_WIDE + CODE_FLAGS: {                                                     \
        uint64_t a = f[o->a].x, b = f[o->b].x, sum = expression;                                 \
        (void)b;                                                                                 \
        f[o->flags].x = interp_sum_flags(left, right, sum, 64, minus);                           \
        f[o->d].x = sum;                                                                         \
        break;                                                                                   \
    }
#define LOGIC(op, expression)                                                   \
    BOTH(op, expression, expression)                                            \
    case IR_##op + CODE_FLAGS:                                                  \
    case IR_##op + CODE_WIDE + CODE_FLAGS: {                                    \
        uint64_t a = f[o->a].x, b = f[o->b].x, value = expression;              \
        f[o->flags].x = interp_logic_flags(value, o->type == IR_I64 ? 64 : 32); \
        f[o->d].x = value;                                                      \
        break;                                                                  \
    }
#define CARRY FLAG_C(f[o->c].x)
/* Parts of registers: b over the low bits of a, with and without flags. */
#define PART(op, expression, flags_expression)                                          \
    case IR_##op:                                                                       \
    case IR_##op + CODE_FLAGS: {                                                        \
        unsigned width = o->aux * 8u;                                                   \
        uint32_t ones = (1u << width) - 1, all = (uint32_t)f[o->a].x;                   \
        uint32_t a = all & ones, b = (uint32_t)f[o->b].x & ones, r = (expression)&ones; \
        if (o->code >= CODE_FLAGS)                                                      \
            f[o->flags].x = flags_expression;                                           \
        f[o->d].x = (all & ~ones) | r;                                                  \
        break;                                                                          \
    }
#define PART_SUM(op, expression, minus) \
    PART(op, expression, interp_sum_flags(a, b, r, width, minus))
#define PART_LOGIC(op, expression) PART(op, expression, interp_logic_flags(r, width))

/* Run the operations of one block. Returns the next block, or NULL and the reason in *why. */
static struct block *run_block(struct cpu *cpu, struct block *from, enum exit_reason *why,
                               struct block_exit **exit)
{
    const struct record *rec = from->backend;
    union slot *f = rec->frame;
    const struct iop *o = rec->ops;
    uint8_t *state = (uint8_t *)cpu;
    struct held held = {0, 0};
    for (;; o++)
        switch (o->code) {
        case IR_insn:
            cpu->budget--;
            break;
        case IR_get:
            switch (o->type) {
            case IR_I8:
                f[o->d].x = state[o->imm];
                break;
            case IR_V128:
                memcpy(&f[o->d], state + o->imm, 16);
                break;
            default: {
                uint32_t v;
                memcpy(&v, state + o->imm, 4);
                f[o->d].x = v;
            }
            }
            break;
        case IR_get + CODE_WIDE:
            memcpy(&f[o->d].x, state + o->imm, 8);
            break;
        case IR_put:
            switch (o->type) {
            case IR_I8:
                state[o->imm] = f[o->a].b[0];
                break;
            case IR_V128:
                memcpy(state + o->imm, &f[o->a], 16);
                break;
            default:
                memcpy(state + o->imm, &f[o->a], 4);
            }
            break;
        case IR_put + CODE_WIDE:
            memcpy(state + o->imm, &f[o->a], 8);
            break;
        case IR_getf:
            f[o->d].x = load_flags(cpu);
            break;
        case IR_putf:
            store_flags(cpu, (uint32_t)f[o->a].x, (unsigned)o->imm);
            held.mask &= ~(unsigned)o->imm;
            break;
        case IR_faultf:
            held.flags = merge_flags(held.flags, (uint32_t)f[o->a].x, (unsigned)o->imm);
            held.mask |= (unsigned)o->imm;
            break;
        case IR_faultb:
            held.flags = merge_flags(held.flags, (f[o->a].x & 1) * 0x10100, (unsigned)o->imm);
            held.mask |= (unsigned)o->imm;
            break;
        case IR_putc:
            cpu->flags.c = f[o->a].x & 1;
            held.mask &= ~IR_FLAG_C;
            break;
        case IR_putnzcv: {
            held.mask = 0;
            uint32_t x = (uint32_t)f[o->a].x ^ (o->imm == 1 ? 1u << 29 : 0);
            cpu->flags =
                (struct cpu_flags){(uint8_t)(x >> 24 & (NZ_N | NZ_Z)), x >> 29 & 1, x >> 28 & 1, 0};
            break;
        }
        case IR_nzcv: {
            uint32_t x = (uint32_t)f[o->a].x;
            f[o->d].x = (x & (NZ_N | NZ_Z)) << 24 | (x >> 8 & 1) << 29 | (x >> 16 & 1) << 28;
            f[o->d].x ^= o->imm == 1 ? 1u << 29 : 0;
            break;
        }
        case IR_putv:
            cpu->flags.v = f[o->a].x & 1;
            held.mask &= ~IR_FLAG_V;
            break;

            SUM(add, a, b, a + b, false)
            SUM(sub, a, b, a - b, true)
            SUM(adc, a, b, a + b + CARRY, false)
            SUM(sbb, a, b, a - b - CARRY, true)
            SUM(neg, 0, a, 0 - a, true)
            LOGIC(and, a & b)
            LOGIC(or, a | b)
            LOGIC(xor, a ^ b)
            BOTH(not, ~a, ~a)
            BOTH(shl, a << (b & 31), a << (b & 63))
            BOTH(shr, a >> (b & 31), a >> (b & 63))
            BOTH(sar, (int32_t)a >> (b & 31), (int64_t)a >> (b & 63))
            BOTH(ror, a >> (b & 31) | a << (-b & 31), a >> (b & 63) | a << (-b & 63))
            BOTH(mul, a * b, a * b)
            BOTH(umulh, (uint64_t)a * b >> 32, umulh64(a, b))
            BOTH(smulh, (uint64_t)((int64_t)(int32_t)a * (int32_t)b) >> 32, smulh64(a, b))
            BOTH(udiv, b == 0 ? 0 : a / b, b == 0 ? 0 : a / b)
            BOTH(sdiv, sdiv32((int32_t)a, (int32_t)b), sdiv64((int64_t)a, (int64_t)b))
            BOTH(clz, a == 0 ? 32 : __builtin_clz(a), a == 0 ? 64 : __builtin_clzll(a))
            BOTH(ctz, a == 0 ? 32 : __builtin_ctz(a), a == 0 ? 64 : __builtin_ctzll(a))
            BOTH(popcnt, __builtin_popcount(a), __builtin_popcountll(a))
            BOTH(bswap, __builtin_bswap32(a), __builtin_bswap64(a))
            BOTH(rbit, reverse32(a), reverse64(a))
            BOTH(zext8, (uint8_t)a, (uint8_t)a)
            BOTH(zext16, (uint16_t)a, (uint16_t)a)
            BOTH(sext8, (int8_t)a, (int8_t)a)
            BOTH(sext16, (int16_t)a, (int16_t)a)
        case IR_zext32:
        case IR_lo32:
            f[o->d].x = (uint32_t)f[o->a].x;
            break;
        case IR_sext32:
            f[o->d].x = (uint64_t)(int32_t)f[o->a].x;
            break;
        case IR_hi32:
            f[o->d].x = f[o->a].x >> 32;
            break;
        case IR_pair:
            f[o->d].x = (uint32_t)f[o->a].x | f[o->b].x << 32;
            break;

            PART_SUM(nadd, a + b, false)
            PART_SUM(nsub, a - b, true)
            PART_SUM(nadc, a + b + CARRY, false)
            PART_SUM(nsbb, a - b - CARRY, true)
            PART_LOGIC(nand, a & b)
            PART_LOGIC(nor, a | b)
            PART_LOGIC(nxor, a ^ b)
        case IR_insert: {
            uint32_t ones = (1u << o->aux * 8) - 1;
            f[o->d].x = ((uint32_t)f[o->a].x & ~ones) | ((uint32_t)f[o->b].x & ones);
            break;
        }
        case IR_inserth:
            f[o->d].x = ((uint32_t)f[o->a].x & ~0xff00u) | ((uint32_t)f[o->b].x & 0xff) << 8;
            break;

        case IR_fnotc:
            f[o->d].x = f[o->a].x ^ 1u << 8;
            break;
        case IR_setcc:
            f[o->d].x = holds(f[o->a].x, o->aux);
            break;
        case IR_select:
            f[o->d] = holds(f[o->a].x, o->aux) ? f[o->b] : f[o->c];
            break;

        case IR_ld:
            if (!interp_load(cpu, o, f)) {
                if (!o->flags)
                    show_held(cpu, &held);
                *why = interrupted(cpu, rec, o);
                return NULL;
            }
            break;
        case IR_st:
            if (!interp_store(cpu, o, f)) {
                if (!o->flags)
                    show_held(cpu, &held);
                *why = interrupted(cpu, rec, o);
                return NULL;
            }
            break;
        case IR_copy:
        case IR_fill:
            interp_string(cpu, o, f);
            break;
        case IR_align:
            if (f[o->a].x & (uint64_t)o->imm) {
                *why = misaligned(cpu, rec, o, (uint32_t)f[o->a].x);
                return NULL;
            }
            break;

        case IR_bitsto:
        case IR_bitsof:
        case IR_dbitsto:
        case IR_dbitsof:
        case IR_vlow:
            f[o->d].x = f[o->a].x;
            break;
        case IR_vhigh:
            f[o->d].x = f[o->a].q[1];
            break;

        case IR_guard: {
            uint64_t code;
            memcpy(&code, (const void *)(uintptr_t)f[o->a].x, sizeof code);
            if (code != (uint64_t)o->imm) {
                cpu->pc = from->pc;
                *why = EXIT_STALE;
                return NULL;
            }
            break;
        }
        case IR_br:
            o = rec->ops + o->imm - 1;
            break;
        case IR_brcc:
            if (!holds(f[o->a].x, o->aux & 15))
                break;
            if (o->aux & BRCC_PUTF) {
                unsigned kept = o->aux & BRCC_KEEP_C ? IR_FLAG_C : 0;
                store_flags(cpu, (uint32_t)f[o->a].x, IR_FLAG_ALL & ~kept);
                cpu->flag_recipe = 0;
            }
            held.mask = 0;
            o = rec->ops + o->imm - 1;
            break;
        case IR_call:
            if (o->aux & CALL_WRITES)
                held.mask = 0;
            f[o->d].x = rec->frontend->helpers[o->imm].run(cpu, f[o->a].x, f[o->b].x, f[o->c].x);
            if (o->type == IR_I32)
                f[o->d].x = (uint32_t)f[o->d].x;
            f[SLOT_ZERO].x = 0;
            if ((o->aux & CALL_EXITS) && cpu->exit_request != EXIT_NONE) {
                *why = interrupted(cpu, rec, o);
                return NULL;
            }
            break;
        case IR_jump:
            *exit = &from->exit[o->imm];
            if (o->aux & JUMP_ENTER)
                to_side(cpu, SIDE_PRIVILEGED);
            return follow(cpu, *exit, why);
        case IR_jump + CODE_FLAGS:
            cpu->pc = (uint32_t)o->imm;
            *why = EXIT_CHECK;
            return NULL;
        case IR_jumpto:
            cpu->pc = (uint32_t)f[o->a].x;
            if (o->aux & (JUMP_ENTER | JUMP_USER))
                to_side(cpu, o->aux & JUMP_USER ? SIDE_USER : SIDE_PRIVILEGED);
            *why = o->aux & JUMP_CHECK ? EXIT_CHECK : o->aux & JUMP_MODE ? EXIT_STATE : EXIT_LOOKUP;
            return o->aux & (JUMP_CHECK | JUMP_MODE)
                       ? NULL
                       : look_up(cpu,
                                 (from->mode ^ (uint32_t)o->imm) |
                                     (o->aux & JUMP_USER ? cpu->user_mode : 0),
                                 cpu->pc);
        case IR_leave:
            cpu->pc = (uint32_t)f[o->a].x;
            *why = (enum exit_reason)o->imm;
            return NULL;
        default:
            if (o->code >= IR_xset)
                f[o->d].x = ir_run_x87(cpu, o->code, o->imm, f[o->a].x, f[o->b].x);
            else if (o->code >= IR_vadd)
                interp_vector(cpu, rec->frontend, o, f);
            else
                interp_float(cpu, rec->frontend, o, f);
        }
}

enum exit_reason interp_enter(struct cpu *cpu, struct block *b, struct block_exit **exit)
{
    enum exit_reason why = EXIT_NONE;
    do {
        const struct record *r = b->backend;
        if (cpu->pending != NULL && *cpu->pending != 0)
            cpu->attention = 1;
        if (cpu->attention != 0 || (r->icount && cpu->budget < r->insns)) {
            cpu->pc = b->pc;
            why = EXIT_CHECK;
            break;
        }
        b = run_block(cpu, b, &why, exit);
    } while (b != NULL);
    if (why != EXIT_LINK)
        *exit = NULL;
    return why;
}
