/*
 * Disassembly in Intel's syntax, from the record alone.
 *
 * The mnemonic is the name of the operation in lower case up to its `_`, but for the rows of
 * `by_opsize` and `plain` and the condition codes. Numbers are decimal below 10 and else hexadecimal;
 * the targets of branches are addresses; a segment is printed if a prefix named it.
 */
#include "insn.h"

#include <stdio.h>
#include <string.h>

struct text {
    char *to;
    size_t size, length;
    const struct x86_insn *i;
    uint32_t pc;
};

static void put_char(struct text *t, char c)
{
    if (t->length + 1 < t->size)
        t->to[t->length] = c;
    t->length++;
}

static void put(struct text *t, const char *s)
{
    while (*s)
        put_char(t, *s++);
}

static void put_number(struct text *t, uint64_t v)
{
    static const char digits[] = "0123456789abcdef";
    unsigned shift = 60;
    if (v > 9) {
        put(t, "0x");
        while (!(v >> shift))
            shift -= 4;
    } else {
        shift = 0;
    }
    for (; shift; shift -= 4)
        put_char(t, digits[v >> shift & 15]);
    put_char(t, digits[v & 15]);
}

static unsigned size_index(unsigned bytes)
{
    return bytes == 8 ? 2 : bytes == 4 ? 1 : 0;
}

/* ---- mnemonics -------------------------------------------------------------------------------- */

static const char *const names[X86_OPS] = {
    [X86_INVALID] = "INVALID",
#define OP(name) [X86_##name] = #name,
#include "ops.h"
#include "ops_x87.h"
#include "ops_simd.h"
#undef OP
};

const char *x86_op_name(unsigned op)
{
    return op < X86_OPS ? names[op] : "?";
}

/* Names that depend on the operand size, those of address size for JCXZ. */
static const struct {
    uint16_t op;
    const char *name[3];
} by_opsize[] = {
    {X86_CBW, {"cbw", "cwde", "cdqe"}},         {X86_CWD, {"cwd", "cdq", "cqo"}},
    {X86_PUSHA, {"pushaw", "pushal", ""}},      {X86_POPA, {"popaw", "popal", ""}},
    {X86_PUSHF, {"pushf", "pushfd", "pushfq"}}, {X86_POPF, {"popf", "popfd", "popfq"}},
    {X86_IRET, {"iret", "iretd", "iretq"}},     {X86_JCXZ, {"jcxz", "jecxz", "jrcxz"}},
};

/* Other names that are not the operation's. */
static const struct {
    uint16_t op;
    const char *name;
} plain[] = {
    {X86_RET_FAR, "retf"}, {X86_CALL_FAR, "lcall"}, {X86_JMP_FAR, "ljmp"},
    {X86_XLAT, "xlatb"},   {X86_FWAIT, "wait"},
};

static const char *const conditions[16] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                           "s", "ns", "p", "np", "l", "ge", "le", "g"};
static const char *const predicates[8] = {"eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"};

/* CMPPS and the like with a predicate that has a name. */
static bool predicate_named(const struct x86_insn *i)
{
    return i->op >= X86_CMPPS && i->op <= X86_CMPSD && (uint64_t)i->imm < 8;
}

static bool is_string(const struct x86_insn *i)
{
    return i->op >= X86_MOVS && i->op <= X86_OUTS;
}

/* `count` letters of an operation's name, or all of it up to its end or `_`. */
static void put_name(struct text *t, const char *name, unsigned count)
{
    for (; *name && *name != '_' && count; name++, count--)
        put_char(t, *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name);
}

static void put_string_name(struct text *t)
{
    const struct x86_insn *i = t->i;
    unsigned source = i->operand[0].kind == X86_DST_DI || i->operand[0].kind == X86_SRC_SI ? 0 : 1;
    bool compares = i->op == X86_CMPS || i->op == X86_SCAS;
    if (i->rep)
        put(t, i->rep == X86_REP_NE ? "repne " : compares ? "repe " : "rep ");
    put_name(t, names[i->op], 8);
    put_char(t, "bwd"[i->operand[source].size >> 1]);
}

static void put_mnemonic(struct text *t)
{
    const struct x86_insn *i = t->i;
    if (i->lock)
        put(t, "lock ");
    for (unsigned k = 0; k < sizeof(by_opsize) / sizeof(by_opsize[0]); k++)
        if (by_opsize[k].op == i->op) {
            unsigned bytes = i->op == X86_JCXZ ? i->addrsize : i->opsize;
            put(t, by_opsize[k].name[size_index(bytes)]);
            return;
        }
    for (unsigned k = 0; k < sizeof(plain) / sizeof(plain[0]); k++)
        if (plain[k].op == i->op) {
            put(t, plain[k].name);
            return;
        }
    if (is_string(i)) {
        put_string_name(t);
    } else if (i->op == X86_JCC || i->op == X86_SETCC || i->op == X86_CMOVCC) {
        put_name(t, names[i->op], (unsigned)strlen(names[i->op]) - 2);
        put(t, conditions[i->cond & 15]);
    } else if (predicate_named(i)) {
        put(t, "cmp");
        put(t, predicates[i->imm]);
        put_name(t, names[i->op] + 3, 2);
    } else {
        put_name(t, names[i->op], 16);
    }
}

/* ---- operands --------------------------------------------------------------------------------- */

static const char *const registers[4][8] = {
    {"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"},
    {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"},
    {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"},
    {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"},
};
static const char *const segments[6] = {"es", "cs", "ss", "ds", "fs", "gs"};

static void put_register(struct text *t, unsigned reg, unsigned bytes)
{
    put(t, registers[bytes == 1 ? 0 : 1 + size_index(bytes)][reg & 7]);
}

static void put_numbered(struct text *t, const char *name, unsigned reg)
{
    put(t, name);
    put_char(t, (char)('0' + reg % 10));
}

/* "dword ptr "; accesses of other shapes have none. */
static void put_size(struct text *t, unsigned bytes)
{
    static const struct {
        uint8_t bytes;
        const char *name;
    } sizes[] = {{1, "byte"},  {2, "word"},   {4, "dword"},
                 {8, "qword"}, {10, "tbyte"}, {16, "xmmword"}};
    for (unsigned k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
        if (sizes[k].bytes == bytes) {
            put(t, sizes[k].name);
            put(t, " ptr ");
        }
}

static void put_segment(struct text *t, unsigned seg)
{
    put(t, segments[seg % 6]);
    put_char(t, ':');
}

static void put_displacement(struct text *t, bool alone)
{
    const struct x86_insn *i = t->i;
    uint64_t disp = (uint64_t)i->disp;
    if (alone) {
        put_number(t, i->addrsize == 8 ? disp : disp & ((1ull << 8 * i->addrsize) - 1));
    } else if (disp) {
        put(t, i->disp < 0 ? " - " : " + ");
        put_number(t, i->disp < 0 ? -disp : disp);
    }
}

/* Whether the memory operand is a far pointer, which has no size in this syntax. */
static bool is_far(const struct x86_insn *i)
{
    return i->op == X86_CALL_FAR || i->op == X86_JMP_FAR || (i->op >= X86_LDS && i->op <= X86_LGS);
}

static void put_memory(struct text *t, const struct x86_operand *o)
{
    const struct x86_insn *i = t->i;
    bool base = i->base != X86_NO_REG, index = i->index != X86_NO_REG;
    if (!is_far(i))
        put_size(t, o->size);
    if (i->override)
        put_segment(t, i->seg);
    put_char(t, '[');
    if (base)
        put_register(t, i->base, i->addrsize);
    if (base && index)
        put(t, " + ");
    if (index) {
        put_register(t, i->index, i->addrsize);
        if (i->scale > 1)
            put_numbered(t, "*", i->scale);
    }
    put_displacement(t, !base && !index);
    put_char(t, ']');
}

/* [esi] or es:[edi] of a string instruction. */
static void put_string(struct text *t, const struct x86_operand *o)
{
    put_size(t, o->size);
    if (o->kind == X86_DST_DI)
        put_segment(t, X86_ES);
    else if (t->i->override)
        put_segment(t, t->i->seg);
    put_char(t, '[');
    put_register(t, o->reg, t->i->addrsize);
    put_char(t, ']');
}

static void put_target(struct text *t)
{
    uint64_t target = t->pc + t->i->length + (uint64_t)t->i->imm;
    put_number(t, target & (t->i->opsize == 2 ? 0xffff : 0xffffffff));
}

static void put_operand(struct text *t, const struct x86_operand *o)
{
    switch ((enum x86_kind)o->kind) {
    case X86_NONE:
        break;
    case X86_REG:
        put_register(t, o->reg, o->size);
        break;
    case X86_MEM:
        put_memory(t, o);
        break;
    case X86_IMM:
        put_number(t, (uint64_t)t->i->imm);
        break;
    case X86_IMM2:
        put_number(t, t->i->imm2);
        break;
    case X86_REL:
        put_target(t);
        break;
    case X86_FAR:
        put_number(t, t->i->imm2);
        put_char(t, ':');
        put_number(t, (uint64_t)t->i->imm);
        break;
    case X86_SRC_SI:
    case X86_DST_DI:
        put_string(t, o);
        break;
    case X86_SEGREG:
        put(t, segments[o->reg % 6]);
        break;
    case X86_CR:
        put_numbered(t, "cr", o->reg);
        break;
    case X86_DR:
        put_numbered(t, "dr", o->reg);
        break;
    case X86_ST:
        put_numbered(t, "st(", o->reg);
        put_char(t, ')');
        break;
    case X86_MMX:
        put_numbered(t, "mm", o->reg);
        break;
    case X86_XMM:
        put_numbered(t, "xmm", o->reg);
        break;
    }
}

/* ---- the whole -------------------------------------------------------------------------------- */

/* Operands that the syntax leaves out: st(0) as the first operand, or as the second of what pops; 10
 * of AAM and AAD; a predicate that is in the name. */
static bool is_left_out(const struct x86_insn *i, unsigned k)
{
    if (i->operand[k].kind == X86_IMM)
        return ((i->op == X86_AAM || i->op == X86_AAD) && i->imm == 10) || predicate_named(i);
    if (i->operand[k].kind != X86_ST || i->count < 2)
        return false;
    if (i->op >= X86_FADDP && i->op <= X86_FDIVRP)
        return k == 1;
    return k == 0 && i->operand[0].reg == 0 && (i->op < X86_FCMOVB || i->op > X86_FCMOVNU);
}

size_t x86_disas_insn(const struct x86_insn *i, uint32_t pc, char *to, size_t size)
{
    struct text t = {.to = to, .size = size, .i = i, .pc = pc};
    bool first = true;
    if (i->op == X86_INVALID)
        put(&t, "(bad)");
    else
        put_mnemonic(&t);
    for (unsigned k = 0; i->op != X86_INVALID && k < i->count; k++) {
        if (is_left_out(i, k))
            continue;
        put(&t, first ? " " : ", ");
        put_operand(&t, &i->operand[k]);
        first = false;
    }
    if (size)
        to[t.length < size ? t.length : size - 1] = 0;
    return t.length;
}
