/*
 * What the text does not show: sizes, segments, units, flags of the record, by a few instructions
 * each; what depends on mode and CPUID.
 */
#include "x86dec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../frame/frame.h"

#define D X86_MODE_D

/* Code in hexadecimal; then fields as `name=number`, in parse order: see `fields`. Operand k has the
 * fields kindk, regk, sizek. */
static const struct {
    unsigned mode;
    const char *code;
    unsigned op;
    const char *fields;
} rows[] = {
    {D, "83c0ff", X86_ADD,
     "length=3 opsize=4 count=2 kind0=1 reg0=0 size0=4 kind1=3 size1=4 "
     "imm=4294967295 lock=0 unit=0"},
    {0, "83c0ff", X86_ADD, "opsize=2 size0=2 size1=2 imm=65535"},
    {D, "6aff", X86_PUSH, "opsize=4 kind0=3 size0=4 imm=4294967295"},
    {0, "6aff", X86_PUSH, "opsize=2 size0=2 imm=65535"},
    {D, "cd80", X86_INT, "kind0=3 size0=1 imm=128"},
    {D, "c1e0ff", X86_SHL, "size0=4 kind1=3 size1=1 imm=255"},
    {D, "d1e0", X86_SHL, "kind1=3 size1=1 imm=1"},
    {D, "d3e0", X86_SHL, "kind1=1 reg1=1 size1=1"},
    {D, "e8fbffffff", X86_CALL, "kind0=5 imm=-5 opsize=4"},
    {0, "e8fbff", X86_CALL, "kind0=5 imm=-5 opsize=2"},
    {D, "668d4401fc", X86_LEA, "size0=2 kind1=2 size1=0 base=1 index=0 scale=1 disp=-4 seg=3"},
    {D, "8b4424fc", X86_MOV, "kind1=2 size1=4 base=4 index=255 scale=1 disp=-4 seg=2 override=0"},
    {D, "658b4424fc", X86_MOV, "seg=5 override=1"},
    {D, "8b85ffffffff", X86_MOV, "base=5 seg=2 disp=-1"},
    {D, "8b04ad10000000", X86_MOV, "base=255 index=5 scale=4 seg=3 disp=16"},
    {D, "8b442d00", X86_MOV, "base=5 index=5 scale=1 seg=2"},
    {0, "8b02", X86_MOV, "addrsize=2 base=5 index=6 seg=2 scale=1 disp=0"},
    {0, "8b4680", X86_MOV, "base=5 index=255 seg=2 disp=-128"},
    {0, "8b0634ff", X86_MOV, "base=255 index=255 seg=3 disp=-204"},
    {D, "a184000000", X86_MOV, "kind0=1 kind1=2 size1=4 base=255 disp=132 seg=3"},
    {D, "f3a5", X86_MOVS, "rep=1 kind0=8 size0=4 reg0=7 kind1=7 size1=4 reg1=6 seg=3"},
    {D, "f22ea6", X86_CMPS, "rep=2 kind0=7 size0=1 kind1=8 seg=1"},
    {D, "f3c3", X86_RET, "rep=0 count=0"},
    {D, "666d", X86_INS, "size0=2 kind1=1 reg1=2 size1=2"},
    {D, "f00fc70e", X86_CMPXCHG8B, "lock=1 kind0=2 size0=8"},
    {D, "c8100005", X86_ENTER, "kind0=3 size0=2 imm=16 kind1=4 size1=1 imm2=5"},
    {D, "ea785634120800", X86_JMP_FAR, "kind0=6 size0=6 imm=305419896 imm2=8"},
    {D, "ff2d00000000", X86_JMP_FAR, "kind0=2 size0=6"},
    {D, "c510", X86_LDS, "kind0=1 reg0=2 size0=4 kind1=2 size1=6"},
    {D, "8ed8", X86_MOV_SEG, "kind0=9 reg0=3 kind1=1 reg1=0"},
    {D, "8e18", X86_MOV_SEG, "kind1=2 size1=2"},
    {D, "8c18", X86_MOV_SEG, "kind0=2 size0=2 kind1=9 reg1=3"},
    {D, "0f22d8", X86_MOV_CR, "kind0=10 reg0=3 kind1=1 reg1=0 size1=4"},
    {D, "0f2318", X86_MOV_DR, "kind0=11 reg0=3 kind1=1 reg1=0 length=3"},
    {D, "0f0111", X86_LGDT, "kind0=2 size0=6"},
    {D, "0f0138", X86_INVLPG, "kind0=2 size0=0"},
    {D, "0f8e00000000", X86_JCC, "cond=14 kind0=5"},
    {D, "0f4fc1", X86_CMOVCC, "cond=15 size0=4"},
    {D, "0f9501", X86_SETCC, "cond=5 kind0=2 size0=1"},
    {D, "6662000000", X86_BOUND, "size1=4"},
    {D, "64d7", X86_XLAT, "seg=4 override=1 count=0"},
    {D, "d8c1", X86_FADD, "unit=1 kind0=12 reg0=0 kind1=12 reg1=1"},
    {D, "dcc1", X86_FADD, "unit=1 reg0=1 reg1=0"},
    {D, "dce1", X86_FSUBR, "reg0=1 reg1=0"},
    {D, "dd00", X86_FLD, "unit=1 kind0=2 size0=8"},
    {D, "db28", X86_FLD, "size0=10"},
    {D, "df28", X86_FILD, "size0=8"},
    {D, "d930", X86_FNSTENV, "size0=28"},
    {D, "66d930", X86_FNSTENV, "size0=14"},
    {0, "dd30", X86_FNSAVE, "size0=94"},
    {D, "dfe0", X86_FNSTSW, "kind0=1 reg0=0 size0=2 unit=1"},
    {D, "9b", X86_FWAIT, "unit=0"},
    {D, "0fae00", X86_FXSAVE, "unit=1 aligned=1 size0=0"},
    {D, "0fae10", X86_LDMXCSR, "unit=3 aligned=0 size0=4"},
    {D, "0f6fc1", X86_MOVQ, "unit=2 kind0=13 kind1=13"},
    {D, "660f6f00", X86_MOVDQA, "unit=3 kind0=14 size0=16 kind1=2 size1=16 aligned=1"},
    {D, "f30f6f00", X86_MOVDQU, "unit=3 size1=16 aligned=0"},
    {D, "0f1000", X86_MOVUPS, "aligned=0"},
    {D, "0f5800", X86_ADDPS, "aligned=1 unit=3"},
    {D, "f30f5800", X86_ADDSS, "aligned=0 size0=4 size1=4"},
    {D, "f20f5800", X86_ADDSD, "aligned=0 size1=8"},
    {D, "0f1600", X86_MOVHPS, "size1=8 aligned=0"},
    {D, "0f2ac1", X86_CVTPI2PS, "unit=3 kind1=13"},
    {D, "66f20f2ac1", X86_CVTSI2SD, "kind1=1 size1=4"},
    {D, "0fe7 00", X86_MOVNTQ, "unit=2 size0=8 aligned=0"},
    {D, "660fe700", X86_MOVNTDQ, "unit=3 aligned=1"},
    {D, "0fc300", X86_MOVNTI, "unit=0 size0=4"},
    {D, "0faee8", X86_LFENCE, "unit=0"},
    {D, "0ff400", X86_PMULUDQ, "unit=2"},
    {D, "0f77", X86_EMMS, "unit=2"},
    {D, "660fc400ff", X86_PINSRW, "kind1=2 size1=2 imm=255 aligned=0"},
    {D, "660ff7c1", X86_MASKMOVDQU, "seg=3 unit=3"},
    {D, "f390", X86_PAUSE, "length=2"},
    {0, "f390", X86_PAUSE, "length=2"},
    {D, "3e2e3e8b00", X86_MOV, "seg=3 override=1 length=5"},
};

static const struct {
    char name[10];
    uint8_t offset, size;
} fields[] = {
#define FIELD(name)                                                                  \
    {                                                                                \
#name, offsetof(struct x86_insn, name), sizeof(((struct x86_insn *)0)->name) \
    }
    FIELD(length), FIELD(opsize),  FIELD(addrsize), FIELD(cond), FIELD(rep),  FIELD(unit),
    FIELD(lock),   FIELD(aligned), FIELD(override), FIELD(seg),  FIELD(base), FIELD(index),
    FIELD(scale),  FIELD(count),   FIELD(disp),     FIELD(imm),  FIELD(imm2),
};

static bool field(const struct x86_insn *i, const char *name, long long *value)
{
    size_t length = strlen(name) - 1;
    unsigned k = (unsigned)(name[length] - '0');
    if (k < 4 && strcmp(name, "imm2")) {
        const struct x86_operand *o = &i->operand[k];
        *value = !strncmp(name, "kind", length)  ? o->kind
                 : !strncmp(name, "reg", length) ? o->reg
                                                 : o->size;
        return true;
    }
    for (k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
        if (!strcmp(name, fields[k].name)) {
            *value = 0;
            memcpy(value, (const uint8_t *)i + fields[k].offset, fields[k].size);
            return true;
        }
    return false;
}

static enum x86_error decode(const char *text, unsigned mode, struct x86_insn *i)
{
    uint8_t code[CODE_BYTES];
    unsigned byte, bytes = 0;
    int n;
    for (; bytes < CODE_BYTES && sscanf(text, " %2x%n", &byte, &n) == 1; text += n)
        code[bytes++] = (uint8_t)byte;
    while (bytes < CODE_BYTES)
        code[bytes++] = 0;
    return x86_decode(code, CODE_BYTES, mode, i);
}

static void test_fields(void)
{
    unsigned wrong = 0;
    for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        struct x86_insn i;
        char name[12];
        long long value, is;
        int n;
        enum x86_error e = decode(rows[k].code, ALL_FEATURES | rows[k].mode, &i);
        bool good = e == X86_OK && i.op == rows[k].op;
        for (const char *at = rows[k].fields;
             sscanf(at, " %11[a-z0-9]=%lld%n", name, &value, &n) == 2; at += n)
            if (!field(&i, name, &is) || is != value) {
                printf("%s: %s is %lld\n", rows[k].code, name, is);
                good = false;
            }
        if (!good)
            printf("%s: wrong, operation %s\n", rows[k].code, x86_op_name(i.op));
        wrong += !good;
    }
    result("x86dec.records", wrong == 0, "%u of them", wrong);
}

/* Instructions and what they need: without it they are undefined. */
static void test_features(void)
{
    static const struct {
        const char *code;
        unsigned needs;
    } some[] = {
        {"d8c1", X86_HAS_FPU},          {"dac1", X86_HAS_FPU},
        {"dac1", X86_HAS_CMOV},         {"dfe9", X86_HAS_CMOV},
        {"db08", X86_HAS_SSE3},         {"0f40c1", X86_HAS_CMOV},
        {"0fc708", X86_HAS_CX8},        {"0f34", X86_HAS_SEP},
        {"0f35", X86_HAS_SEP},          {"0f77", X86_HAS_MMX},
        {"0ffcc1", X86_HAS_MMX},        {"0fae00", X86_HAS_FXSR},
        {"0fae08", X86_HAS_FXSR},       {"0fae10", X86_HAS_SSE},
        {"0f58c1", X86_HAS_SSE},        {"0f70c101", X86_HAS_SSE},
        {"0fe0c1", X86_HAS_SSE},        {"0faef8", X86_HAS_SSE},
        {"0f1800", X86_HAS_SSE},        {"660f58c1", X86_HAS_SSE2},
        {"660ffcc1", X86_HAS_SSE2},     {"0fd4c1", X86_HAS_SSE2},
        {"0faee8", X86_HAS_SSE2},       {"0fc300", X86_HAS_SSE2},
        {"660f7cc1", X86_HAS_SSE3},     {"f20ff000", X86_HAS_SSE3},
        {"0fae38", X86_HAS_CLFSH},      {"0f01c8", X86_HAS_MONITOR},
        {"0f01f9", X86_HAS_RDTSCP},     {"63c8", X86_MODE_PROTECTED},
        {"0f3800c1", X86_HAS_SSSE3},    {"660f3800c1", X86_HAS_SSSE3},
        {"0f3a0fc101", X86_HAS_SSSE3},  {"0f38f000", X86_HAS_MOVBE},
        {"660f38f100", X86_HAS_MOVBE},  {"0f381cc1", X86_HAS_MMX},
        {"0f00c0", X86_MODE_PROTECTED}, {"0f00d8", X86_MODE_PROTECTED},
        {"0f00e0", X86_MODE_PROTECTED}, {"0f02c1", X86_MODE_PROTECTED},
        {"0f03c1", X86_MODE_PROTECTED},
    };
    unsigned wrong = 0;
    struct x86_insn i;
    for (unsigned k = 0; k < sizeof(some) / sizeof(some[0]); k++) {
        bool with = decode(some[k].code, ALL_FEATURES, &i) == X86_OK;
        bool without = decode(some[k].code, ALL_FEATURES & ~some[k].needs, &i) == X86_UNDEFINED;
        if (!with || !without)
            printf("%s: %d %d\n", some[k].code, with, without);
        wrong += !with || !without;
    }
    result("x86dec.features", wrong == 0, "%u of them", wrong);
}

/* Encodings that the manual leaves out: #UD. */
static void test_undefined(void)
{
    static const char *const some[] = {
        "8dc0",       "c4c0",         "c5c0",       "62c0",         "8ec8",       "8ef0",
        "8cf8",       "8fc8",         "8f08",       "c6c8",         "c708",       "fed0",
        "fe38",       "ffd8",         "ffe8",       "fff8",         "ff38",       "0f0030",
        "0f01e8",     "0f01c0",       "0f01fa",     "0f0128",       "0f04",       "0f05",
        "0f07",       "0f0a",         "0f0c",       "0f20c8",       "0f20e8",     "0f22f0",
        "0f24c0",     "0f26c0",       "0f36",       "0f380c",       "0f3a00",     "0fa6",
        "0fa7",       "0faa",         "0faec0",     "0faee0",       "0fae20",     "0fb8",
        "0fba00",     "0fbad8",       "0fb2c0",     "0fb4c0",       "0fb5c0",     "0fc3c0",
        "0fc7c8",     "0fc700",       "0fc730",     "0fff",         "d908",       "d9d1",
        "d9e2",       "d9ef",         "dae8",       "db20",         "dbe5",       "dbf8",
        "dd28",       "ddf0",         "ded8",       "dfe1",         "dff8",       "f30f2800",
        "660f77",     "f20f6000",     "660f12c1",   "0fd6c1",       "f0 90",      "f0a1",
        "0f38f0c0",   "660f38f1c8",   "f20f38f000", "f2660f38f000", "f30f38f100", "f30f3800c1",
        "f20f381cc1", "f20f3a0fc101", "f00f38f100", "0f3a0e00",     "0f381b00",   "0f381f00",
        "f001c0",     "f03801",       "f00fa301",   "f0eb00",       "f3660f5000",
    };
    unsigned wrong = 0;
    struct x86_insn i;
    for (unsigned k = 0; k < sizeof(some) / sizeof(some[0]); k++) {
        bool is_fine = decode(some[k], ALL_FEATURES | D, &i) != X86_UNDEFINED;
        if (is_fine)
            printf("%s is defined\n", some[k]);
        wrong += is_fine;
    }
    result("x86dec.undefined", wrong == 0, "%u of them", wrong);
}

void test_records(void)
{
    test_fields();
    test_features();
    test_undefined();
}
