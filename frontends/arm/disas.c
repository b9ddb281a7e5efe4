/*
 * Disassembly in UAL syntax (A8.1), from the record alone, but for the code of what is undefined.
 *
 * Every operation has a text in which % and a letter stand for a part of the record; each letter is
 * one row of `parts`. Immediates are decimal below 10 and else hexadecimal; the targets of branches
 * are addresses; width suffixes (.w) are not printed, so that equal records print equally.
 */
#include "rows.h"

#include <stdio.h>
#include <string.h>

struct text {
    char *to;
    size_t size, length;
    const struct arm_insn *i;
    uint32_t pc;
    bool thumb;
    unsigned it_cond;
};

static void put(struct text *t, const char *s)
{
    for (; *s; s++, t->length++)
        if (t->length + 1 < t->size)
            t->to[t->length] = *s;
}

static const char *const registers[16] = {"r0", "r1", "r2",  "r3",  "r4",  "r5", "r6", "r7",
                                          "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc"};
static const char *const shifts[] = {"lsl", "lsr", "asr", "ror", "rrx"};

static void put_register(struct text *t, unsigned n)
{
    put(t, registers[n & 15]);
}

static void put_number(struct text *t, bool minus, uint32_t v)
{
    char s[16];
    snprintf(s, sizeof(s), v < 10 ? "#%s%u" : "#%s0x%x", minus ? "-" : "", (unsigned)v);
    put(t, s);
}

static void put_signed(struct text *t, uint32_t v)
{
    bool minus = v >> 31;
    put_number(t, minus, minus ? -v : v);
}

/* ---- parts ------------------------------------------------------------------------------------ */

static void part_s(struct text *t)
{
    if (t->i->s == S_YES || (t->i->s == S_OUTSIDE_IT && t->it_cond == 14))
        put(t, "s");
}

static void part_cond(struct text *t)
{
    static const char *const names[16] = {"eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc",
                                          "hi", "ls", "ge", "lt", "gt", "le", "",   ""};
    put(t, names[(t->i->cond != 14 ? t->i->cond : t->it_cond) & 15]);
}

static void part_rd(struct text *t)
{
    put_register(t, t->i->rd);
}

static void part_rn(struct text *t)
{
    put_register(t, t->i->rn);
}

static void part_rm(struct text *t)
{
    put_register(t, t->i->rm);
}

static void part_ra(struct text *t)
{
    put_register(t, t->i->ra);
}

static void part_imm(struct text *t)
{
    put_signed(t, t->i->imm);
}

/* Numbers without a sign: MOVW, SVC and the like. */
static void part_number(struct text *t)
{
    put_number(t, false, t->i->imm);
}

/* The shift of a register operand, nothing for none. */
static void part_shift(struct text *t)
{
    if (t->i->shift_type == SHIFT_LSL && t->i->shift == 0)
        return;
    put(t, ", ");
    put(t, shifts[t->i->shift_type % 5]);
    if (t->i->shift_type != SHIFT_RRX) {
        put(t, " ");
        put_number(t, false, t->i->shift);
    }
}

static void part_operand(struct text *t)
{
    if (t->i->form == FORM_IMM) {
        put_signed(t, t->i->imm);
        return;
    }
    put_register(t, t->i->rm);
    if (t->i->form == FORM_RSR) {
        put(t, ", ");
        put(t, shifts[t->i->shift_type & 3]);
        put(t, " ");
        put_register(t, t->i->ra);
    } else {
        part_shift(t);
    }
}

/* MOV of a shifted register has the name of the shift. */
static void part_mov(struct text *t)
{
    const struct arm_insn *i = t->i;
    bool plain =
        i->form == FORM_IMM || (i->form == FORM_REG && i->shift_type == SHIFT_LSL && i->shift == 0);
    put(t, plain ? "mov" : shifts[i->shift_type % 5]);
    part_s(t);
    part_cond(t);
    put(t, " ");
    put_register(t, i->rd);
    put(t, ", ");
    if (i->form == FORM_IMM) {
        put_signed(t, i->imm);
        return;
    }
    put_register(t, i->rm);
    if (i->form == FORM_RSR) {
        put(t, ", ");
        put_register(t, i->ra);
    } else if (!plain && i->shift_type != SHIFT_RRX) {
        put(t, ", ");
        put_number(t, false, i->shift);
    }
}

static void part_adr(struct text *t)
{
    put_number(t, !t->i->u, t->i->imm);
}

static void part_target(struct text *t)
{
    uint32_t pc = t->pc + (t->thumb ? 4 : 8);
    if (t->thumb && t->i->op == ARM_BLX)
        pc &= ~3u;
    put_number(t, false, pc + t->i->imm);
}

static void put_offset(struct text *t)
{
    const struct arm_insn *i = t->i;
    if (i->form == FORM_IMM) {
        put_number(t, !i->u, i->imm);
        return;
    }
    put(t, i->u ? "" : "-");
    put_register(t, i->rm);
    part_shift(t);
}

static void part_address(struct text *t)
{
    const struct arm_insn *i = t->i;
    put(t, "[");
    put_register(t, i->rn);
    if (!i->p) {
        put(t, "], ");
        put_offset(t);
        return;
    }
    if (i->form != FORM_IMM || i->imm || !i->u || i->w) {
        put(t, ", ");
        put_offset(t);
    }
    put(t, i->w ? "]!" : "]");
}

static void part_user(struct text *t)
{
    put(t, t->i->user ? "t" : "");
}

static void part_list(struct text *t)
{
    const char *between = "{";
    for (unsigned n = 0; n < 16; n++) {
        if (!(t->i->regs >> n & 1))
            continue;
        put(t, between);
        put_register(t, n);
        between = ", ";
    }
    put(t, t->i->user ? "}^" : "}");
}

static void part_mode(struct text *t)
{
    static const char *const modes[4] = {"da", "ia", "db", "ib"};
    put(t, modes[(t->i->p ? 2 : 0) + t->i->u]);
}

static void part_writeback(struct text *t)
{
    put(t, t->i->w ? "!" : "");
}

/* LDM and STM; on a stack that is written back PUSH and POP, of two registers or from T16: PUSH and
 * POP of one register are STR and LDR (A8.8.131). */
static void part_block(struct text *t)
{
    const struct arm_insn *i = t->i;
    bool store = i->op == ARM_STM, stack = i->bytes == 2 || (i->regs & (i->regs - 1));
    if (stack && i->rn == 13 && i->w && !i->user && i->p == store && i->u != store) {
        put(t, store ? "push" : "pop");
        part_cond(t);
        put(t, " ");
    } else {
        put(t, store ? "stm" : "ldm");
        if (i->p || !i->u)
            part_mode(t);
        part_cond(t);
        put(t, " ");
        put_register(t, i->rn);
        part_writeback(t);
        put(t, ", ");
    }
    part_list(t);
}

static void part_half_n(struct text *t)
{
    put(t, t->i->x & 2 ? "t" : "b");
}

static void part_half_m(struct text *t)
{
    put(t, t->i->x & 1 ? "t" : "b");
}

static void part_swap(struct text *t)
{
    put(t, t->i->x & 1 ? "x" : "");
}

static void part_round(struct text *t)
{
    put(t, t->i->x & 1 ? "r" : "");
}

static void part_parallel(struct text *t)
{
    static const char *const names[8] = {"", "s", "q", "sh", "", "u", "uq", "uh"};
    put(t, names[t->i->x & 7]);
}

static void part_rotation(struct text *t)
{
    if (t->i->x) {
        put(t, ", ror ");
        put_number(t, false, t->i->x);
    }
}

static void part_lsb(struct text *t)
{
    put_number(t, false, t->i->lsb);
}

static void part_width(struct text *t)
{
    put_number(t, false, t->i->width);
}

static void part_option(struct text *t)
{
    put_number(t, false, t->i->x);
}

/* A8.8.43: options with a name; ISB has one. */
static void part_barrier(struct text *t)
{
    static const char *const names[16] = {[2] = "oshst",  [3] = "osh",  [6] = "nshst", [7] = "nsh",
                                          [10] = "ishst", [11] = "ish", [14] = "st",   [15] = "sy"};
    const char *name = names[t->i->x & 15];
    if (name && (t->i->op != ARM_ISB || t->i->x == 15))
        put(t, name);
    else
        part_option(t);
}

static void part_it(struct text *t)
{
    unsigned mask = t->i->x & 15, first = t->i->x >> 4;
    struct arm_insn condition = {.cond = (uint8_t)first};
    struct text cond = *t;
    put(t, "it");
    for (unsigned bit = 3; mask & ((1u << bit) - 1); bit--)
        put(t, (mask >> bit & 1) == (first & 1) ? "t" : "e");
    put(t, " ");
    if (first == 14) {
        put(t, "al");
        return;
    }
    cond.i = &condition;
    cond.length = t->length;
    part_cond(&cond);
    t->length = cond.length;
}

static void part_hint(struct text *t)
{
    put(t, t->i->imm ? "hint" : "nop");
    part_cond(t);
    if (t->i->imm) {
        put(t, " ");
        put_number(t, false, t->i->imm);
    }
}

static void part_cps(struct text *t)
{
    unsigned x = t->i->x;
    put(t, x & 8 ? "cpsid " : x & 16 ? "cpsie " : "cps ");
    put(t, x & 4 ? "a" : "");
    put(t, x & 2 ? "i" : "");
    put(t, x & 1 ? "f" : "");
    if (x & 32) {
        put(t, x & 24 ? ", " : "");
        put_number(t, false, t->i->imm);
    }
}

static void part_endian(struct text *t)
{
    put(t, t->i->x ? "be" : "le");
}

static void part_mrs(struct text *t)
{
    put(t, t->i->x ? "spsr" : "apsr");
}

/* MSR: APSR names where only flags are written (A8.8.111), else the fields' letters. */
static void part_msr(struct text *t)
{
    unsigned mask = t->i->op1;
    if (!t->i->x && (mask == 4 || mask == 8 || mask == 12)) {
        put(t, mask == 4 ? "apsr_g" : mask == 8 ? "apsr_nzcvq" : "apsr_nzcvqg");
        return;
    }
    put(t, t->i->x ? "spsr_" : "cpsr_");
    put(t, mask & 8 ? "f" : "");
    put(t, mask & 4 ? "s" : "");
    put(t, mask & 2 ? "x" : "");
    put(t, mask & 1 ? "c" : "");
}

static void part_two(struct text *t)
{
    put(t, t->i->x ? "2" : "");
}

static void part_long(struct text *t)
{
    put(t, t->i->op1 ? "l" : "");
}

static void put_indexed(struct text *t, char letter, unsigned n)
{
    char s[8];
    snprintf(s, sizeof(s), "%c%u", letter, n);
    put(t, s);
}

static void part_cp(struct text *t)
{
    put_indexed(t, 'p', t->i->cp);
}

static void part_crd(struct text *t)
{
    put_indexed(t, 'c', t->i->rd);
}

static void part_crn(struct text *t)
{
    put_indexed(t, 'c', t->i->crn);
}

static void part_crm(struct text *t)
{
    put_indexed(t, 'c', t->i->crm);
}

static void part_op1(struct text *t)
{
    put_number(t, false, t->i->op1);
}

static void part_op2(struct text *t)
{
    put_number(t, false, t->i->op2);
}

static void part_cp_address(struct text *t)
{
    if (t->i->p || t->i->w) {
        part_address(t);
        return;
    }
    char s[16];
    snprintf(s, sizeof(s), "], {%u}", (unsigned)t->i->imm);
    put(t, "[");
    put_register(t, t->i->rn);
    put(t, s);
}

/* MRC to r15 writes the flags. */
static void part_rt_flags(struct text *t)
{
    put(t, t->i->rd == 15 ? "apsr_nzcv" : registers[t->i->rd & 15]);
}

/* ---- the tables ------------------------------------------------------------------------------- */

/* clang-format off */
static void (*const parts[128])(struct text *) = {
    ['s'] = part_s, ['c'] = part_cond, ['d'] = part_rd, ['n'] = part_rn, ['m'] = part_rm,
    ['a'] = part_ra, ['i'] = part_imm, ['u'] = part_number, ['o'] = part_operand,
    ['h'] = part_shift, ['b'] = part_target, ['@'] = part_address, ['t'] = part_user,
    ['l'] = part_lsb, ['w'] = part_width, ['!'] = part_writeback, ['M'] = part_mode,
    ['x'] = part_half_n, ['y'] = part_half_m, ['X'] = part_swap, ['R'] = part_round,
    ['P'] = part_parallel, ['r'] = part_rotation, ['O'] = part_option, ['B'] = part_barrier,
    ['E'] = part_endian, ['A'] = part_adr, ['V'] = part_mov, ['K'] = part_block,
    ['I'] = part_it, ['N'] = part_hint, ['C'] = part_cps, ['q'] = part_mrs, ['Q'] = part_msr,
    ['2'] = part_two, ['L'] = part_long, ['p'] = part_cp, ['D'] = part_crd, ['j'] = part_crn,
    ['k'] = part_crm, ['1'] = part_op1, ['3'] = part_op2, ['4'] = part_cp_address,
    ['T'] = part_rt_flags,
};

#define THREE(op, name) [ARM_##op] = name "%s%c %d, %n, %o"
#define TWO(op, name)   [ARM_##op] = name "%c %n, %o"
#define ACCESS(op, name) [ARM_##op] = name "%t%c %d, %@"
#define DNM(op, name)   [ARM_##op] = name "%c %d, %n, %m"
#define DNMA(op, name)  [ARM_##op] = name "%c %d, %n, %m, %a"
#define LONG(op, name)  [ARM_##op] = name "%c %d, %a, %n, %m"
#define UNARY(op, name) [ARM_##op] = name "%c %d, %m"
#define EXTEND(op, name) [ARM_##op] = name "%c %d, %m%r"
#define EXTADD(op, name) [ARM_##op] = name "%c %d, %n, %m%r"
#define DMN(op, name)   [ARM_##op] = name "%c %d, %m, %n"

static const char *const texts[] = {
    THREE(AND, "and"), THREE(EOR, "eor"), THREE(SUB, "sub"), THREE(RSB, "rsb"), THREE(ADD, "add"),
    THREE(ADC, "adc"), THREE(SBC, "sbc"), THREE(RSC, "rsc"), THREE(ORR, "orr"), THREE(BIC, "bic"),
    THREE(ORN, "orn"), TWO(TST, "tst"), TWO(TEQ, "teq"), TWO(CMP, "cmp"), TWO(CMN, "cmn"),
    [ARM_MOV] = "%V", [ARM_MVN] = "mvn%s%c %d, %o", [ARM_ADR] = "adr%c %d, %A",
    [ARM_MOVW] = "movw%c %d, %u", [ARM_MOVT] = "movt%c %d, %u",

    [ARM_MUL] = "mul%s%c %d, %n, %m", [ARM_MLA] = "mla%s%c %d, %n, %m, %a", DNMA(MLS, "mls"),
    LONG(UMULL, "umull%s"), LONG(UMLAL, "umlal%s"), LONG(SMULL, "smull%s"),
    LONG(SMLAL, "smlal%s"), LONG(UMAAL, "umaal"),
    DNM(SMULXY, "smul%x%y"), DNMA(SMLAXY, "smla%x%y"), DNM(SMULW, "smulw%y"),
    DNMA(SMLAW, "smlaw%y"), LONG(SMLALXY, "smlal%x%y"),
    DNM(SMUAD, "smuad%X"), DNM(SMUSD, "smusd%X"), DNMA(SMLAD, "smlad%X"), DNMA(SMLSD, "smlsd%X"),
    LONG(SMLALD, "smlald%X"), LONG(SMLSLD, "smlsld%X"), DNM(SMMUL, "smmul%R"),
    DNMA(SMMLA, "smmla%R"), DNMA(SMMLS, "smmls%R"), DNM(SDIV, "sdiv"), DNM(UDIV, "udiv"),

    DMN(QADD, "qadd"), DMN(QSUB, "qsub"), DMN(QDADD, "qdadd"), DMN(QDSUB, "qdsub"),
    [ARM_SSAT] = "ssat%c %d, %w, %n%h", [ARM_USAT] = "usat%c %d, %w, %n%h",
    [ARM_SSAT16] = "ssat16%c %d, %w, %n", [ARM_USAT16] = "usat16%c %d, %w, %n",
    DNM(PADD16, "%Padd16"), DNM(PASX, "%Pasx"), DNM(PSAX, "%Psax"), DNM(PSUB16, "%Psub16"),
    DNM(PADD8, "%Padd8"), DNM(PSUB8, "%Psub8"), DNM(USAD8, "usad8"), DNMA(USADA8, "usada8"),
    DNM(SEL, "sel"), [ARM_PKHBT] = "pkhbt%c %d, %n, %m%h", [ARM_PKHTB] = "pkhtb%c %d, %n, %m%h",
    EXTEND(SXTB, "sxtb"), EXTEND(SXTH, "sxth"), EXTEND(SXTB16, "sxtb16"), EXTEND(UXTB, "uxtb"),
    EXTEND(UXTH, "uxth"), EXTEND(UXTB16, "uxtb16"), EXTADD(SXTAB, "sxtab"),
    EXTADD(SXTAH, "sxtah"), EXTADD(SXTAB16, "sxtab16"), EXTADD(UXTAB, "uxtab"),
    EXTADD(UXTAH, "uxtah"), EXTADD(UXTAB16, "uxtab16"),
    UNARY(REV, "rev"), UNARY(REV16, "rev16"), UNARY(REVSH, "revsh"), UNARY(RBIT, "rbit"),
    UNARY(CLZ, "clz"), [ARM_BFC] = "bfc%c %d, %l, %w", [ARM_BFI] = "bfi%c %d, %n, %l, %w",
    [ARM_SBFX] = "sbfx%c %d, %n, %l, %w", [ARM_UBFX] = "ubfx%c %d, %n, %l, %w",

    [ARM_B] = "b%c %b", [ARM_BL] = "bl%c %b", [ARM_BLX] = "blx%c %b", [ARM_BX] = "bx%c %m",
    [ARM_BLXR] = "blx%c %m", [ARM_BXJ] = "bxj%c %m", [ARM_CBZ] = "cbz %n, %b",
    [ARM_CBNZ] = "cbnz %n, %b", [ARM_TBB] = "tbb%c [%n, %m]", [ARM_TBH] = "tbh%c [%n, %m, lsl #1]",
    [ARM_IT] = "%I",

    ACCESS(LDR, "ldr"), ACCESS(STR, "str"), ACCESS(LDRB, "ldrb"), ACCESS(STRB, "strb"),
    ACCESS(LDRH, "ldrh"), ACCESS(STRH, "strh"), ACCESS(LDRSB, "ldrsb"), ACCESS(LDRSH, "ldrsh"),
    [ARM_LDRD] = "ldrd%c %d, %a, %@", [ARM_STRD] = "strd%c %d, %a, %@",
    [ARM_LDREX] = "ldrex%c %d, %@", [ARM_LDREXB] = "ldrexb%c %d, %@",
    [ARM_LDREXH] = "ldrexh%c %d, %@", [ARM_LDREXD] = "ldrexd%c %d, %a, %@",
    [ARM_STREX] = "strex%c %a, %d, %@", [ARM_STREXB] = "strexb%c %a, %d, %@",
    [ARM_STREXH] = "strexh%c %a, %d, %@", [ARM_STREXD] = "strexd%c %a, %d, %m, %@",
    [ARM_CLREX] = "clrex%c", [ARM_SWP] = "swp%c %d, %m, [%n]", [ARM_SWPB] = "swpb%c %d, %m, [%n]",
    [ARM_LDM] = "%K", [ARM_STM] = "%K", [ARM_PLD] = "pld%c %@", [ARM_PLDW] = "pldw%c %@",
    [ARM_PLI] = "pli%c %@",

    [ARM_SVC] = "svc%c %u", [ARM_BKPT] = "bkpt %u", [ARM_UDF] = "udf %u", [ARM_HVC] = "hvc %u",
    [ARM_SMC] = "smc%c %u", [ARM_RFE] = "rfe%M%c %n%!", [ARM_SRS] = "srs%M%c sp%!, %u",
    [ARM_ERET] = "eret%c", [ARM_MRS] = "mrs%c %d, %q", [ARM_MSR] = "msr%c %Q, %o",
    [ARM_CPS] = "%C", [ARM_SETEND] = "setend %E", [ARM_NOP] = "%N", [ARM_YIELD] = "yield%c",
    [ARM_WFE] = "wfe%c", [ARM_WFI] = "wfi%c", [ARM_SEV] = "sev%c", [ARM_DBG] = "dbg%c %O",
    [ARM_DMB] = "dmb%c %B", [ARM_DSB] = "dsb%c %B", [ARM_ISB] = "isb%c %B",
    [ARM_MCR] = "mcr%2%c %p, %1, %d, %j, %k, %3", [ARM_MRC] = "mrc%2%c %p, %1, %T, %j, %k, %3",
    [ARM_MCRR] = "mcrr%2%c %p, %1, %d, %a, %k", [ARM_MRRC] = "mrrc%2%c %p, %1, %d, %a, %k",
    [ARM_CDP] = "cdp%2%c %p, %1, %D, %j, %k, %3", [ARM_LDC] = "ldc%2%L%c %p, %D, %4",
    [ARM_STC] = "stc%2%L%c %p, %D, %4",
};
/* clang-format on */

static void put_text(struct text *t, const char *format)
{
    for (; *format; format++) {
        if (*format != '%') {
            const char one[2] = {*format, 0};
            put(t, one);
        } else if (parts[*++format & 127]) {
            parts[*format & 127](t);
        }
    }
}

static void put_undefined(struct text *t)
{
    char s[24];
    snprintf(s, sizeof(s), ".inst 0x%0*x", t->i->bytes * 2, (unsigned)t->i->raw);
    put(t, s);
}

size_t arm_disas_insn(const struct arm_insn *i, uint32_t pc, bool thumb, unsigned it_cond, char *to,
                      size_t size)
{
    struct text t = {to, size, 0, i, pc, thumb, it_cond};
    if (arm_op_is_simd(i->op))
        return arm_disas_simd(i, pc, thumb, it_cond, to, size);
    const char *format = i->op < sizeof(texts) / sizeof(texts[0]) ? texts[i->op] : NULL;
    if (format)
        put_text(&t, format);
    else
        put_undefined(&t);
    if (size)
        to[t.length < size ? t.length : size - 1] = 0;
    return t.length;
}
