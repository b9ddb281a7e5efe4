/*
 * Random cases: integer code of 32-bit user mode.
 *
 * An instruction is random bytes with a chosen opcode that decode to something allowed. Memory is
 * mostly reached through EBX, ESI, EDI, EBP and ESP, which begin in the middle of the data and are
 * written less often than others. Branches lead to beginnings of later instructions. Behind an
 * instruction that leaves flags undefined comes one that sets them all, or the case's end.
 */
#include <string.h>

#include <frontends/x86/rows.h>

#include "../frame/frame.h"
#include "coverage.h"
#include "x86seq.h"

#define OF 0x800u
#define SF 0x080u
#define ZF 0x040u
#define AF 0x010u
#define PF 0x004u
#define CF 0x001u

static unsigned pick(unsigned below)
{
    return (unsigned)(random_next() >> 33) % below;
}

/* ---- what is allowed, and what is undefined behind it ----------------------------------------- */

/* Flags that are undefined whatever the operands; SDM vol. 2, "Flags Affected". */
static const struct {
    uint16_t op;
    uint32_t undefined;
} allowed[] = {
    {X86_ADD, 0},
    {X86_OR, 0},
    {X86_ADC, 0},
    {X86_SBB, 0},
    {X86_AND, 0},
    {X86_SUB, 0},
    {X86_XOR, 0},
    {X86_CMP, 0},
    {X86_TEST, 0},
    {X86_INC, 0},
    {X86_DEC, 0},
    {X86_NOT, 0},
    {X86_NEG, 0},
    {X86_MUL, SF | ZF | AF | PF},
    {X86_DIV, OF | SF | ZF | AF | PF | CF},
    {X86_IDIV, OF | SF | ZF | AF | PF | CF},
    {X86_IMUL, SF | ZF | AF | PF},
    {X86_ROL, OF},
    {X86_ROR, OF},
    {X86_RCL, OF},
    {X86_RCR, OF},
    {X86_SHL, OF | AF},
    {X86_SHR, OF | AF},
    {X86_SAR, OF | AF},
    {X86_SHLD, OF | AF},
    {X86_SHRD, OF | AF},
    {X86_BT, OF | SF | AF | PF},
    {X86_BTS, OF | SF | AF | PF},
    {X86_BTR, OF | SF | AF | PF},
    {X86_BTC, OF | SF | AF | PF},
    {X86_BSF, OF | SF | AF | PF | CF},
    {X86_BSR, OF | SF | AF | PF | CF},
    {X86_BSWAP, 0},
    {X86_XADD, 0},
    {X86_CMPXCHG, 0},
    {X86_CMPXCHG8B, 0},
    {X86_MOV, 0},
    {X86_MOVBE, 0},
    {X86_MOVZX, 0},
    {X86_MOVSX, 0},
    {X86_LEA, 0},
    {X86_XCHG, 0},
    {X86_XLAT, 0},
    {X86_CBW, 0},
    {X86_CWD, 0},
    {X86_CMOVCC, 0},
    {X86_SETCC, 0},
    {X86_JCC, 0},
    {X86_DAA, OF},
    {X86_DAS, OF},
    {X86_AAA, OF | SF | ZF | PF},
    {X86_AAS, OF | SF | ZF | PF},
    {X86_AAM, OF | AF | CF},
    {X86_AAD, OF | AF | CF},
    {X86_SALC, 0},
    {X86_LAHF, 0},
    {X86_SAHF, 0},
    {X86_CLC, 0},
    {X86_STC, 0},
    {X86_CMC, 0},
    {X86_CLD, 0},
    {X86_STD, 0},
    {X86_CLI, 0},
    {X86_STI, 0},
    {X86_PUSH, 0},
    {X86_POP, 0},
    {X86_PUSHA, 0},
    {X86_POPA, 0},
    {X86_PUSHF, 0},
    {X86_ENTER, 0},
    {X86_LEAVE, 0},
    {X86_JMP, 0},
    {X86_CALL, 0},
    {X86_RET, 0},
    {X86_JCXZ, 0},
    {X86_LOOP, 0},
    {X86_LOOPE, 0},
    {X86_LOOPNE, 0},
    {X86_INT3, 0},
    {X86_INTO, 0},
    {X86_BOUND, 0},
    {X86_MOVS, 0},
    {X86_CMPS, 0},
    {X86_STOS, 0},
    {X86_LODS, 0},
    {X86_SCAS, 0},
    {X86_HLT, 0},
    {X86_NOP, 0},
    {X86_PUSH_SEG, 0},
    {X86_UD2, 0},
    {X86_IN, 0},
    {X86_OUT, 0},
    {X86_MOVNTI, 0},
    {X86_CLFLUSH, 0},
    {X86_WBINVD, 0},
};

static bool is_shift(unsigned op)
{
    return (op >= X86_ROL && op <= X86_SAR) || op == X86_SHLD || op == X86_SHRD;
}

/* The shift's count if it is a constant, 32 if not. */
static unsigned count_of(const struct x86_insn *i)
{
    return i->operand[i->count - 1].kind == X86_IMM ? (unsigned)i->imm & 31 : 32;
}

uint32_t undefined_flags(const uint8_t *code, unsigned bytes)
{
    struct x86_insn i;
    uint32_t u = 0;
    if (x86_decode(code, bytes, host_mode(), &i) != X86_OK)
        return 0;
    for (unsigned n = 0; n < sizeof allowed / sizeof allowed[0]; n++)
        if (allowed[n].op == i.op)
            u = allowed[n].undefined;
    if (!is_shift(i.op))
        return u;
    unsigned count = count_of(&i);
    if (count == 0)
        return 0;
    if (count == 1)
        u &= ~OF;
    if ((i.op == X86_SHL || i.op == X86_SHR) && count >= i.operand[0].size * 8)
        u |= CF;
    return u;
}

static bool op_is_allowed(unsigned op)
{
    for (unsigned n = 0; n < sizeof allowed / sizeof allowed[0]; n++)
        if (allowed[n].op == op)
            return true;
    return false;
}

/* Not PUSH FS, PUSH GS, and NOP with prefixes that mean nothing. */
bool generates(const struct x86_row *r)
{
    return op_is_allowed(r->op) && host_has(r) && strcmp(r->operands, "FS") != 0 &&
           strcmp(r->operands, "GS") != 0 && strcmp(r->encoding, "F2 90") != 0;
}

static bool is_allowed(const struct x86_insn *i)
{
    if (!op_is_allowed(i->op) || (i->override && (i->seg == X86_FS || i->seg == X86_GS)))
        return false;
    switch (i->op) {
    case X86_SHLD: /* 16 bits: the result is undefined for counts above 16 */
    case X86_SHRD:
        return i->operand[0].size == 4 || (i->operand[2].kind == X86_IMM && count_of(i) <= 16);
    case X86_BSWAP:
        return i->operand[0].size == 4;
    case X86_PUSH_SEG: /* FS and GS are the host's */
        return i->operand[0].reg < X86_FS;
    case X86_JMP:
    case X86_CALL:
    case X86_JCC:
    case X86_JCXZ:
    case X86_LOOP:
    case X86_LOOPE:
    case X86_LOOPNE:
        return i->opsize == 4; /* 16 bits: IP is cut, nothing is there */
    case X86_RET:
        return i->opsize == 4;
    case X86_HLT:
    case X86_CLI:
    case X86_STI:
    case X86_IN:
    case X86_OUT:
    case X86_WBINVD:
    case X86_UD2:
    case X86_INT3:
        return pick(10) == 0; /* they end the case */
    default:
        return true;
    }
}

/* ---- one instruction -------------------------------------------------------------------------- */

static void random_modrm(uint8_t *p)
{
    static const uint8_t bases[] = {3, 5, 6, 7};
    unsigned reg = pick(3) != 0 ? pick(3) : pick(8);
    unsigned mode = pick(8);
    if (mode < 4) { /* registers, mostly EAX, ECX, EDX */
        p[0] = (uint8_t)(0xc0 | reg << 3 | (pick(3) != 0 ? pick(3) : pick(8)));
    } else if (mode < 7) { /* [base + disp8] */
        p[0] = (uint8_t)(0x40 | reg << 3 | bases[pick(4)]);
        p[1] = (uint8_t)(random_next() >> 40);
    } else if (pick(2)) { /* [esp + disp8] */
        p[0] = (uint8_t)(0x44 | reg << 3);
        p[1] = 0x24;
        p[2] = (uint8_t)(random_next() >> 40);
    } else { /* anything */
        p[0] = (uint8_t)((random_next() >> 40 & 0xc7) | reg << 3);
    }
}

/* F2 or F3 among the prefixes. */
static bool has_rep(const uint8_t *p)
{
    static const uint8_t others[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0};
    while (memchr(others, *p, sizeof others) != NULL)
        p++;
    return *p == 0xf2 || *p == 0xf3;
}

static unsigned random_insn(uint8_t *p, struct x86_insn *i)
{
    for (;;) {
        unsigned at = 0;
        for (unsigned n = 0; n < 15; n++)
            p[n] = (uint8_t)(random_next() >> 35);
        if (pick(4) == 0)
            p[at++] = 0x66;
        if (pick(60) == 0)
            p[at++] = 0x67;
        if (pick(30) == 0)
            p[at++] = pick(2) ? 0xf3 : 0xf2;
        if (pick(60) == 0)
            p[at++] = pick(2) ? 0x2e : 0x36;
        if (pick(4) == 0)
            p[at++] = 0x0f;
        if (at > 0 && p[at - 1] == 0x0f && pick(16) == 0)
            p[at++] = 0x38;
        p[at] = (uint8_t)(random_next() >> 37);
        if (at > 0 && p[at - 1] == 0x38)
            p[at] = (uint8_t)(0xf0 | (p[at] & 1)); /* all that has no vector registers */
        bool two = at > 0 && p[at - 1] == 0x0f;
        if (two ? p[at] == 0x34 || p[at] == 0x05
                : p[at] == 0xcd) /* SYSENTER, SYSCALL, INT n: Linux */
            continue;
        random_modrm(p + at + 1);
        /* On others than strings these prefixes mean newer instructions, or nothing documented. */
        if (x86_decode(p, 15, host_mode(), i) == X86_OK && is_allowed(i) &&
            (!has_rep(p) || i->rep != X86_REP_NONE))
            return i->length;
    }
}

static bool is_branch(const struct x86_insn *i)
{
    return i->count != 0 && i->operand[0].kind == X86_REL;
}

static const uint8_t set_flags[] = {0x39, 0xc8}; /* cmp eax, ecx */

/* PUSH of a segment register, 32 bits: the upper half becomes 0 or stays, as the processor likes (SDM vol. 2B,
 * PUSH). So it is 0 before: push 0; lea esp, [esp + 4]. */
static const uint8_t clear_pushed[] = {0x6a, 0, 0x8d, 0x64, 0x24, 4};

/* REP MOVS or REP STOS of all sizes, up and down, its ends often close to each other or to the data's; one of the
 * registers may be changed before it. */
static void add_repeated(struct input *in)
{
    static const uint8_t strings[] = {0xa4, 0xa5, 0xaa, 0xab}, change[] = {1, 6, 7};
    uint8_t *p = in->code;
    uint32_t ecx = pick(4) ? pick(40) : pick(700), edi = DATA_AT + pick(DATA_BYTES);
    if (pick(4) == 0)
        edi = DATA_AT + (pick(2) ? DATA_BYTES - pick(64) : pick(64));
    in->s.r[1] = ecx;
    in->s.r[7] = edi;
    in->s.r[6] = pick(2) ? edi + pick(160) - 80 : DATA_AT + pick(DATA_BYTES);
    if (pick(2))
        *p++ = 0xfd; /* std */
    if (pick(4) == 0)
        *p++ = (uint8_t)(0x48 | change[pick(3)]); /* dec */
    if (pick(3) == 0)
        *p++ = 0x66;
    *p++ = 0xf3;
    *p++ = strings[pick(4)];
    in->last = in->bytes = (uint32_t)(p - in->code);
}

void generate(struct input *in)
{
    unsigned wanted = 2 + pick(16), starts[64], count = 0, branch[64], branches = 0;
    memset(in, 0, sizeof *in);
    for (unsigned n = 0; n < 8; n++)
        in->s.r[n] = pick(4) ? (uint32_t)(random_next() >> 32) : pick(3) ? pick(40) : 0x80000000;
    static const uint8_t bases[] = {3, 4, 5, 6, 7};
    for (unsigned n = 0; n < sizeof bases; n++)
        in->s.r[bases[n]] = DATA_AT + 512 + pick(DATA_BYTES - 1024);
    in->s.r[4] &= ~3u;
    in->s.eflags = (uint32_t)(random_next() >> 32) & FLAGS_COMPARED & ~0x400u;
    in->seed = (uint32_t)(random_next() >> 32);
    if (pick(8) == 0)
        add_repeated(in);
    while (count < wanted && in->bytes + 24 < CODE_MAX) {
        struct x86_insn i;
        uint8_t bytes[16];
        unsigned length = random_insn(bytes, &i);
        if (is_branch(&i))
            branch[branches++] = in->bytes;
        starts[count++] = in->bytes;
        if (i.op == X86_PUSH_SEG && i.opsize == 4) {
            memcpy(in->code + in->bytes, clear_pushed, sizeof clear_pushed);
            in->bytes += sizeof clear_pushed;
        }
        memcpy(in->code + in->bytes, bytes, length);
        in->bytes += length;
        in->last = in->bytes;
        in->undefined = undefined_flags(bytes, length);
        if (in->undefined != 0 && count < wanted) {
            memcpy(in->code + in->bytes, set_flags, sizeof set_flags);
            in->bytes += sizeof set_flags;
            in->undefined = 0;
        }
    }
    /* Branches: to the beginning of a later instruction, or the end. */
    for (unsigned n = 0; n < branches; n++) {
        struct x86_insn i;
        unsigned at = branch[n], k = pick(count + 1);
        x86_decode(in->code + at, 15, host_mode(), &i);
        while (k < count && starts[k] <= at)
            k++;
        unsigned to = k < count ? starts[k] : in->bytes;
        uint32_t distance = to - (at + i.length);
        bool near = i.length < 5; /* rel8, perhaps behind prefixes; rel32 is longer */
        if (near)
            in->code[at + i.length - 1] = (uint8_t)distance;
        else
            memcpy(in->code + at + i.length - 4, &distance, 4);
    }
}
