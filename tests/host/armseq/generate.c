/*
 * Random instruction sequences, made from the decoder's own rows.
 *
 * A row's pattern says which bits are fixed; the others are random, except register numbers, which
 * are drawn from pools, so that most accesses hit the data and few sequences end early:
 *
 *     r0-r5 r12 r14   results and loads go there
 *     r7              small multiple of 8: index of loads and stores
 *     r6 r8-r11 r13   bases: point into the data; changed by write-back only
 *
 * One instruction in sixteen may use any register. What comes out is decoded again: it must be the
 * row's operation (else a special case came out), and `fit` throws away what the manual calls
 * UNPREDICTABLE or what would end or leave the sequence.
 */
#include <stdio.h>
#include <string.h>

#include <frontends/arm/arm_cpu.h>
#include <frontends/arm/rows.h>

#include "../frame/frame.h"
#include "armseq.h"

#define BIT(n)   (1u << (n))
#define RESULTS  0x503fu
#define BASES    0x2f40u
#define INDEX    0x0080u
#define ANY      0x7fffu
#define CASE_END (CODE_MAX - 16)

static unsigned below(unsigned n)
{
    return (unsigned)(random_next() >> 33) % n;
}

static bool one_in(unsigned n)
{
    return below(n) == 0;
}

/* A random member of a set of registers below `limit`. */
static unsigned from_pool(uint32_t pool, unsigned limit)
{
    unsigned n;
    do
        n = below(limit);
    while (!(pool & BIT(n)));
    return n;
}

/* ---- groups of operations ---- */
static bool between(unsigned op, unsigned first, unsigned last)
{
    return op >= first && op <= last;
}

static bool is_alu(unsigned op)
{
    return between(op, ARM_AND, ARM_UBFX);
}

static bool is_single(unsigned op)
{
    return between(op, ARM_LDR, ARM_STRD);
}

static bool is_hint(unsigned op)
{
    return op == ARM_NOP || op == ARM_YIELD || op == ARM_DBG || between(op, ARM_DMB, ARM_ISB) ||
           op == ARM_CLREX || between(op, ARM_PLD, ARM_PLI);
}

static bool is_store(unsigned op)
{
    return op == ARM_STR || op == ARM_STRB || op == ARM_STRH || op == ARM_STRD || op == ARM_STM;
}

static bool is_simd_memory(unsigned op)
{
    return between(op, ARM_VFP_VLDR, ARM_VFP_VSTM) || between(op, ARM_VLD, ARM_VLD_ALL);
}

static bool wanted(unsigned op)
{
    if (arm_op_is_simd(op))
        return op != ARM_VFP_VMSR;
    return is_alu(op) || is_single(op) || op == ARM_LDM || op == ARM_STM || is_hint(op) ||
           op == ARM_MSR;
}

static bool is_long(unsigned op)
{
    return between(op, ARM_UMULL, ARM_UMAAL) || op == ARM_SMLALXY || op == ARM_SMLALD ||
           op == ARM_SMLSLD;
}

/* ---- a row with its letters ---- */
struct shape {
    const struct arm_row *row;
    uint32_t value, random;
    uint8_t bits, counts[4], at[4][8]; /* letters d n m a: positions, highest first */
    uint32_t list;                     /* letter r */
};

static const char letters[] = "dnma";

static struct shape shape_of(const struct arm_row *row)
{
    struct shape s = {.row = row};
    unsigned signs = 0;
    for (const char *p = row->pattern; *p != 0 && *p != '='; p++)
        signs += *p != ' ';
    s.bits = signs >= 32 ? 32 : 16;
    unsigned bit = s.bits;
    for (const char *p = row->pattern; bit != 0; p++) {
        if (*p == ' ')
            continue;
        bit--;
        const char *which = strchr(letters, *p);
        if (*p == '1' || *p == '+')
            s.value |= BIT(bit);
        else if (*p == 'r')
            s.list |= BIT(bit);
        else if (which != NULL)
            s.at[which - letters][s.counts[which - letters]++] = (uint8_t)bit;
        else if (*p != '0' && *p != '-')
            s.random |= BIT(bit);
    }
    return s;
}

enum { MAX_SHAPES = 900 };
static struct shapes {
    struct shape shape[MAX_SHAPES];
    unsigned count;
} a32, t32, simd;

static void add_rows(struct shapes *to, const struct arm_row *rows, unsigned count)
{
    for (unsigned n = 0; n < count; n++)
        if (wanted(rows[n].op) && to->count < MAX_SHAPES)
            to->shape[to->count++] = shape_of(&rows[n]);
}

static void prepare(void)
{
    if (a32.count != 0)
        return;
    add_rows(&a32, arm_rows_a32, arm_rows_a32_count);
    add_rows(&t32, arm_rows_t32, arm_rows_t32_count);
    add_rows(&t32, arm_rows_t16, arm_rows_t16_count);
    add_rows(&simd, arm_rows_simd, arm_rows_simd_count);
}

/* ---- one instruction ---- */
static uint32_t pool_of(char letter, unsigned op, bool thumb, bool wild)
{
    bool memory = is_single(op) || op == ARM_LDM || op == ARM_STM || is_simd_memory(op);
    uint32_t sources = thumb ? ANY & ~BIT(13) : ANY;
    if (is_simd_memory(op) && letter == 'm')
        return BIT(13) | BIT(15) | INDEX;
    if (memory && letter == 'n')
        return wild ? BASES | BIT(15) : BASES;
    if (memory && letter == 'm')
        return wild ? sources : INDEX;
    if (letter == 'd' || (letter == 'a' && (is_long(op) || memory || arm_op_is_simd(op))))
        return wild ? sources & ~BIT(13) : is_store(op) ? sources : RESULTS;
    return sources;
}

static uint32_t fill_in(const struct shape *s, bool thumb, bool wild)
{
    uint32_t code = s->value | (s->random & (uint32_t)random_next());
    for (unsigned n = 0; n < 4; n++) {
        unsigned count = s->counts[n];
        if (count == 0)
            continue;
        unsigned limit = count >= 4 ? 16 : BIT(count);
        uint32_t pool = pool_of(letters[n], s->row->op, thumb, wild);
        unsigned reg = (pool & (BIT(limit) - 1)) == 0 ? below(limit) : from_pool(pool, limit);
        for (unsigned k = 0; k < count && k < 8; k++)
            if (reg >> (count - 1 - k) & 1)
                code |= BIT(s->at[n][k]);
    }
    uint32_t some = s->row->op == ARM_LDM ? RESULTS : 0x5fffu;
    if (s->bits == 16)
        some |= 0x100;
    code |= s->list & some & (uint32_t)random_next();
    if (!thumb && code >> 28 < 14 && !one_in(3)) /* most instructions are executed */
        code |= 0xe0000000u;
    return code;
}

/* Loads and stores of one or two registers. */
static bool fit_single(const struct arm_insn *i, bool thumb)
{
    bool dual = i->op == ARM_LDRD || i->op == ARM_STRD;
    bool back = !i->p || i->w, literal = i->rn == 15;
    unsigned second = dual ? i->ra : i->rd;
    if (i->rd >= 15 || second >= 15 || (thumb && (i->rd == 13 || second == 13)))
        return false;
    if (literal && (back || is_store(i->op) || i->user))
        return false;
    if (dual && i->op == ARM_LDRD && i->rd == i->ra)
        return false;
    if (back && (i->rn == i->rd || i->rn == second))
        return false;
    if (i->form == FORM_REG) {
        if (i->rm == 15 || (thumb && i->rm == 13) || (back && i->rm == i->rn) ||
            (dual && !is_store(i->op) && (i->rm == i->rd || i->rm == i->ra)))
            return false;
        return i->shift_type == SHIFT_LSL ? i->shift < 3 || one_in(8) : one_in(8);
    }
    if (literal)
        return (i->imm & 3) == 0;
    if (back && ((i->imm > 64 && !one_in(8)) || (i->imm & 3) != 0))
        return false;
    return (i->imm & 3) == 0 || one_in(4);
}

static bool fit_block(const struct arm_insn *i, bool thumb)
{
    if (i->user || i->rn == 15 || (i->regs & BIT(15)) || i->regs == 0)
        return false;
    if (thumb && i->bytes == 4 && ((i->regs & BIT(13)) || (i->regs & (i->regs - 1u)) == 0))
        return false;
    if (i->w && (i->regs & BIT(i->rn)))
        return false;
    return i->op == ARM_STM || !(i->regs & (BASES | INDEX)) || (i->regs & BIT(13)) == 0;
}

static bool fit_simd(const struct arm_insn *i, bool thumb)
{
    if (is_simd_memory(i->op)) {
        bool vfp = i->op <= ARM_VFP_VSTM;
        if (i->rn == 15)
            return i->op == ARM_VFP_VLDR;
        return vfp || i->rm == 13 || i->rm == 15 || i->rm != i->rn;
    }
    if (between(i->op, ARM_VSWP, ARM_VZIP))
        return i->vd != i->vm; /* else UNKNOWN (A8.8.420 and following) */
    if (i->op == ARM_VFP_VMRS)
        return i->imm == 1 && (i->rd == 15 || (i->rd < 15 && i->rd != 13));
    if (i->rd == 15 || (thumb && i->rd == 13))
        return false;
    return i->op != ARM_VFP_MOV_CORE2 || (i->ra < 15 && i->ra != i->rd && (!thumb || i->ra != 13));
}

/* T32 modified immediates that repeat a zero byte are UNPREDICTABLE (A6.3.2). */
static bool repeats_zero(const struct arm_insn *i)
{
    uint32_t pattern = (i->raw >> 12 & 7) | (i->raw >> 23 & 8);
    return (i->raw >> 25 & 0x7d) == 0x78 && (i->raw & 0x8000) == 0 && (i->raw & 0xff) == 0 &&
           pattern >= 1 && pattern <= 3;
}

static bool fit_alu(const struct arm_insn *i, bool thumb)
{
    bool compares = between(i->op, ARM_TST, ARM_CMN);
    bool stack = thumb && i->bytes == 2 && i->rn == 13;
    if (i->rd == 15 || (!compares && i->rd == 13 && !stack) || i->rm == 15 ||
        (i->rn == 15 && i->op != ARM_ADR) || i->ra == 15)
        return false;
    if (thumb && !stack && (i->rm == 13 || i->rn == 13 || i->ra == 13))
        return false;
    if (is_long(i->op) && i->rd == i->ra)
        return false;
    return !(thumb && i->bytes == 4 && i->form == FORM_IMM && repeats_zero(i));
}

static bool fit(const struct arm_insn *i, bool thumb)
{
    if (arm_op_is_simd(i->op))
        return fit_simd(i, thumb);
    if (is_single(i->op))
        return fit_single(i, thumb);
    if (i->op == ARM_LDM || i->op == ARM_STM)
        return fit_block(i, thumb);
    if (i->op == ARM_MSR)
        return i->x == 0 && i->op1 != 0 && (i->op1 & 3) == 0 && (i->form == FORM_IMM || i->rm < 13);
    if (is_hint(i->op))
        return i->rn != 15 && (i->form != FORM_REG || i->rm < 13);
    return fit_alu(i, thumb);
}

/* In T32, rows of A32 form serve Advanced SIMD with another first byte (rows.h). */
static uint32_t simd_to_thumb(uint32_t code)
{
    if ((code & 0xfe000000u) == 0xf2000000u)
        return 0xef000000u | (code & 0x00ffffffu) | (code & 0x01000000u) << 4;
    if ((code & 0xff000000u) == 0xf4000000u)
        return 0xf9000000u | (code & 0x00ffffffu);
    return code >> 28 < 14 ? (code & 0x0fffffffu) | 0xe0000000u : code;
}

static const struct shape *pick(unsigned set)
{
    bool vector = set == SET_SIMD_A32 || set == SET_SIMD_T32;
    bool thumb = set == SET_T32 || set == SET_SIMD_T32;
    const struct shapes *from = vector && !one_in(4) ? &simd : thumb ? &t32 : &a32;
    return &from->shape[below(from->count)];
}

/* A random instruction that fits; the T32 form has its first halfword in the upper half. */
static struct arm_insn instruction(unsigned set)
{
    bool thumb = set == SET_T32 || set == SET_SIMD_T32;
    for (;;) {
        const struct shape *s = pick(set);
        uint32_t code = fill_in(s, thumb, one_in(16));
        struct arm_insn i;
        if (thumb && arm_op_is_simd(s->row->op))
            code = simd_to_thumb(code);
        if (thumb)
            arm_decode_t32(code, &i);
        else
            arm_decode_a32(code, &i);
        i.raw = code;
        if (i.op == s->row->op && fit(&i, thumb))
            return i;
    }
}

/* ---- sequences ---- */
static void put_half(struct input *in, uint32_t half)
{
    in->code[in->bytes++] = (uint8_t)half;
    in->code[in->bytes++] = (uint8_t)(half >> 8);
}

static void put_word(struct input *in, uint32_t word)
{
    put_half(in, word);
    put_half(in, word >> 16);
}

static void put_instruction(struct input *in, const struct arm_insn *i, bool thumb)
{
    if (!thumb)
        put_word(in, i->raw);
    else if (i->bytes == 2)
        put_half(in, i->raw);
    else
        put_word(in, i->raw >> 16 | i->raw << 16);
}

/* An exclusive pair on a base register; sometimes with a CLREX in between, so that it fails. */
static unsigned exclusive(struct input *in, bool thumb)
{
    static const uint32_t load[4] = {0xe1900f9f, 0xe1d00f9f, 0xe1f00f9f, 0xe1b00f9f};
    static const uint32_t store[4] = {0xe1800f90, 0xe1c00f90, 0xe1e00f90, 0xe1a00f90};
    uint32_t size = below(4), base = from_pool(BASES & ~BIT(13), 15), imm = below(4);
    if (thumb)
        put_word(in, (0xe850u | base) | (0x0f00u | imm) << 16); /* ldrex r0, [base, #imm * 4] */
    else
        put_word(in, load[size] | base << 16); /* ldrex, ldrexb, ldrexh, ldrexd r0 */
    if (one_in(4))
        put_word(in, thumb ? 0x8f2ff3bfu : 0xf57ff01fu);
    if (thumb)
        put_word(in, (0xe840u | base) | (0x2500u | imm) << 16); /* strex r5, r2 */
    else
        put_word(in, store[size] | base << 16 | 5 << 12 | 2);
    return 3;
}

/* Status registers: FPSCR without LEN and STRIDE written and read, CPSR read. */
static unsigned status(struct input *in, bool thumb)
{
    if (one_in(2)) {
        put_word(in, thumb ? 0x8100f3efu : 0xe10f1000u); /* mrs r1, cpsr */
        return 1;
    }
    put_word(in, thumb ? 0x105cf420u : 0xe3c00837u); /* bic r0, r0, #0x370000 */
    put_word(in, thumb ? 0x0a10eee1u : 0xeee10a10u); /* vmsr fpscr, r0 */
    put_word(in, thumb ? 0x1a10eef1u : 0xeef11a10u); /* vmrs r1, fpscr */
    return 3;
}

/* Jumps through a register, through memory, and to Thumb code and back. */
static unsigned jump_a32(struct input *in, unsigned over)
{
    uint32_t base = from_pool(BASES & ~BIT(13), 15);
    switch (below(4)) {
    case 0:
        put_word(in, 0xe28fe000u | over * 4); /* add lr, pc, #over * 4 */
        put_word(in, 0xe12fff1eu);            /* bx lr */
        return 2;
    case 1:
        put_word(in, 0xe28fe000u | over * 4);
        put_word(in, 0xe1a0f00eu); /* mov pc, lr */
        return 2;
    case 2:
        put_word(in, 0xe28fe004u + over * 4);
        put_word(in, 0xe580e000u | base << 16); /* str lr, [base] */
        put_word(in, 0xe590f000u | base << 16); /* ldr pc, [base] */
        return 3;
    default:
        put_word(in, 0xe28fe001u); /* add lr, pc, #1 */
        put_word(in, 0xe12fff1eu); /* bx lr */
        put_half(in, 0x3001);      /* adds r0, #1 */
        put_half(in, 0x4008);      /* ands r0, r1 */
        put_half(in, 0x4778);      /* bx pc */
        put_half(in, 0x46c0);      /* nop */
        return 5;
    }
}

/* Something that is not a plain instruction. *reach: how far branches go that came earlier; none may
 * land where a register was to be prepared. */
static unsigned special_a32(struct input *in, unsigned *reach)
{
    unsigned over = below(4), before = *reach;
    if (one_in(6) && before <= in->bytes)
        return one_in(2) ? exclusive(in, false) : status(in, false);
    if (*reach < in->bytes + 12 + over * 4)
        *reach = in->bytes + 12 + over * 4;
    if (one_in(3) && before <= in->bytes)
        return jump_a32(in, over);
    uint32_t link = one_in(4) ? 0x0b000000u : 0x0a000000u;
    put_word(in, below(15) << 28 | link | ((over - 1) & 0xffffffu));
    return 1;
}

static unsigned branch_t32(struct input *in, unsigned set)
{
    unsigned at = in->bytes, over = 1 + below(3);
    put_half(in, 0);
    for (unsigned n = 0; n < over; n++) {
        struct arm_insn i = instruction(set);
        put_instruction(in, &i, true);
    }
    unsigned skip = in->bytes - at - 4;
    uint32_t half;
    if (one_in(2))
        half = 0xb100u | below(2) << 11 | (skip >> 1 & 31) << 3 | (skip >> 6 & 1) << 9 | below(6);
    else
        half = 0xd000u | below(14) << 8 | (skip >> 1 & 0xff);
    in->code[at] = (uint8_t)half;
    in->code[at + 1] = (uint8_t)(half >> 8);
    return over + 1;
}

/* adr.w lr; orr lr, lr, #1; bx lr over some instructions, or a call to behind them. */
static unsigned jump_t32(struct input *in, unsigned set)
{
    unsigned at = in->bytes, over = below(3);
    bool call = one_in(2);
    put_word(in, 0);
    if (!call) {
        put_word(in, 0x0e01f04e);
        put_half(in, 0x4770);
    }
    for (unsigned n = 0; n < over; n++) {
        struct arm_insn i = instruction(set);
        put_instruction(in, &i, true);
    }
    unsigned ahead = in->bytes - (call ? at + 4 : (at + 4) & ~3u), end = in->bytes;
    in->bytes = at;
    put_word(in, call ? 0xf800f000u | (ahead / 2) << 16 : 0x0e00f20fu | ahead << 16);
    in->bytes = end;
    return over + 3;
}

static unsigned it_block(struct input *in, unsigned set)
{
    unsigned mask = 1 + below(15), count = 4 - (unsigned)__builtin_ctz(mask);
    put_half(in, 0xbf00u | below(14) << 4 | mask);
    for (unsigned n = 0; n < count; n++) {
        struct arm_insn i = instruction(set);
        put_instruction(in, &i, true);
    }
    return count + 1;
}

static unsigned special_t32(struct input *in, unsigned set)
{
    switch (below(8)) {
    case 0:
        return one_in(2) ? exclusive(in, true) : status(in, true);
    case 1:
        return jump_t32(in, set);
    case 2:
    case 3:
    case 4:
        return branch_t32(in, set);
    default:
        return it_block(in, set);
    }
}

void random_state(struct state *s)
{
    static const uint32_t special[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x8000, 0xffff};
    static const uint64_t floats[] = {0,
                                      1ull << 63,
                                      0x3ff0000000000000,
                                      0x7ff0000000000000,
                                      0xfff0000000000000,
                                      0x7ff8000000000001,
                                      0x7ff0000000000001,
                                      0x000fffffffffffff,
                                      0x3f8000003f800000,
                                      0x7f800000ff800000,
                                      0x7fc000017f800001,
                                      0x00000001807fffff,
                                      0xbff8000040000000};
    memset(s, 0, sizeof *s);
    for (unsigned n = 0; n < 15; n++) {
        s->r[n] = one_in(4) ? special[below(7)] : (uint32_t)random_next();
        if (BASES >> n & 1)
            s->r[n] = DATA_AT + DATA_BYTES / 2 - 512 + below(128) * 8;
    }
    s->r[7] = below(64) * 8;
    s->cpsr = below(32) << 27 | below(16) << 16;
    s->fpscr = below(4) << 22 | (one_in(8) ? below(8) << 24 : 0);
    for (unsigned n = 0; n < 32; n++)
        s->d[n] = one_in(3) ? floats[below(sizeof floats / sizeof *floats)] : random_next();
    for (unsigned n = 0; n < 32; n += 1 + below(3)) /* ordinary numbers */
        s->d[n] = (s->d[n] & 0x800fffffffffffff) | (uint64_t)(0x3e0 + below(0x40)) << 52;
}

unsigned generate(struct input *in, unsigned set)
{
    bool thumb = set == SET_T32 || set == SET_SIMD_T32;
    unsigned count = 0, reach = 0;
    prepare();
    memset(in, 0, sizeof *in);
    random_state(&in->s);
    in->seed = (uint32_t)random_next();
    if (thumb)
        in->s.cpsr |= CPSR_T;
    while (in->bytes < CASE_END - 24) {
        if (one_in(10)) {
            count += thumb ? special_t32(in, set) : special_a32(in, &reach);
            continue;
        }
        struct arm_insn i = instruction(set);
        put_instruction(in, &i, thumb);
        count++;
    }
    return count;
}
