/*
 * The x86 decoder and disassembler against Capstone: length, validity and text, in 16- and 32-bit
 * code, over every opcode, ModR/M and prefix, every SIB byte, and random strings. Capstone is told
 * nothing of our tables; where the two differ on purpose, differences.c says why.
 */
#include "x86dec.h"

#include <stdio.h>
#include <string.h>

#include <frontends/x86/tables.h>
#include "../frame/frame.h"

static unsigned long compared[2];
static unsigned wrong[2];
static bool seen[X86_OPS];

static void report(const struct pair *p)
{
    if (wrong[p->d]++ >= 20)
        return;
    printf("%d-bit ", p->d ? 32 : 16);
    for (unsigned k = 0; k < X86_MAX_LENGTH; k++)
        printf("%02x", p->code[k]);
    printf(": %u \"%s\", Capstone %u \"%s\"\n", p->error ? 0 : p->insn.length, p->text, p->length,
           p->length ? p->other : "");
}

static void compare(const uint8_t code[CODE_BYTES], bool d)
{
    struct pair p;
    pair_ours(&p, code, d);
    if (p.error == X86_TOO_LONG) /* Capstone gets the prefixes without repetition */
        return;
    capstone_decode(&p);
    compared[d]++;
    bool same = (p.error == X86_OK) == (p.length != 0);
    if (same && p.length) {
        seen[p.insn.op] = true;
        differences_rewrite(&p);
        same = p.length == p.insn.length && !strcmp(p.text, p.other);
    }
    if (!same && !difference_known(&p))
        report(&p);
}

/* Random bytes, often at the edges of signed numbers. */
static void fill_tail(uint8_t *to, unsigned bytes)
{
    static const uint8_t edges[8] = {0x00, 0xff, 0x7f, 0x80, 0x01, 0xfe, 0x0a, 0x09};
    for (unsigned k = 0; k < bytes; k++) {
        uint64_t r = random_next() >> 20;
        to[k] = r & 0x300 ? (uint8_t)r : edges[r & 7];
    }
}

static const struct {
    uint8_t bytes, prefix[4];
} prefixes[] = {
    {0, {0}},
    {1, {0x66}},
    {1, {0x67}},
    {2, {0x66, 0x67}},
    {1, {0xf0}},
    {1, {0xf2}},
    {1, {0xf3}},
    {2, {0x66, 0xf2}},
    {2, {0x66, 0xf3}},
    {2, {0xf3, 0x66}},
    {2, {0xf2, 0xf3}},
    {2, {0xf3, 0xf2}},
    {2, {0xf0, 0x66}},
    {2, {0xf0, 0x67}},
    {2, {0xf0, 0xf2}},
    {2, {0xf3, 0xf0}},
    {1, {0x26}},
    {1, {0x2e}},
    {1, {0x36}},
    {1, {0x3e}},
    {1, {0x64}},
    {1, {0x65}},
    {2, {0x66, 0x64}},
    {2, {0x67, 0x36}},
    {2, {0x26, 0x65}},
    {2, {0x67, 0xf3}},
    {3, {0xf2, 0x67, 0x66}},
    {4, {0xf3, 0x66, 0x67, 0x65}},
    {3, {0x66, 0x66, 0x66}},
};
#define PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

/* Prefixes and opcode 0–1023 (from 256 on: 0F and the byte, 512: 0F 38, 768: 0F 3A); returns the
 * bytes used. */
static unsigned begin(uint8_t *code, unsigned set, unsigned opcode)
{
    unsigned n = prefixes[set].bytes;
    memcpy(code, prefixes[set].prefix, 4);
    if (opcode >= 256)
        code[n++] = 0x0f;
    if (opcode >= 512)
        code[n++] = opcode < 768 ? 0x38 : 0x3a;
    code[n++] = (uint8_t)opcode;
    return n;
}

static void all_modrms(bool d)
{
    uint8_t code[CODE_BYTES];
    for (unsigned set = 0; set < PREFIXES; set++)
        for (unsigned k = 0; k < 1024 * 256 * 2; k++) {
            unsigned n = begin(code, set, k >> 9);
            code[n++] = (uint8_t)k;
            fill_tail(code + n, CODE_BYTES - n);
            compare(code, d);
        }
}

/* Every SIB byte with every opcode and mod. */
static void all_sibs(bool d)
{
    uint8_t code[CODE_BYTES];
    for (unsigned k = 0; k < 1024 * 3 * 256; k++) {
        unsigned n = begin(code, (d ? 0 : 2), k / 768);
        code[n++] = (uint8_t)(0x04 | (k / 256 % 3) << 6 | (random_next() & 0x38));
        code[n++] = (uint8_t)k;
        fill_tail(code + n, CODE_BYTES - n);
        compare(code, d);
    }
}

/* Encodings that the others hardly ever hit. */
static void rare_strings(void)
{
    static const uint8_t codes[][CODE_BYTES] = {
        {0x62, 0xf1, 0xed, 0xe4, 0x5c, 0x23}, /* EVEX */
        {0x67, 0x62, 0xe1, 0x5d, 0x2f, 0xfe, 0x24},
        {0x0f, 0x01, 0xcf},
    };
    for (unsigned k = 0; k < sizeof(codes) / sizeof(codes[0]); k++)
        compare(codes[k], true);
}

static void random_strings(bool d, unsigned count)
{
    static const uint8_t bytes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26,
                                    0x2e, 0x36, 0x3e, 0x64, 0x65, 0x0f};
    uint8_t code[CODE_BYTES];
    while (count--) {
        uint64_t r = random_next();
        unsigned n = r & 1 ? r >> 8 & 3 : 0;
        fill_tail(code, CODE_BYTES);
        for (unsigned k = 0; k < n; k++)
            code[k] = bytes[(r >> (16 + 8 * k) & 255) % 11];
        if (r & 2)
            code[n] = 0x0f;
        compare(code, d);
    }
}

/* ---- properties of ours alone ------------------------------------------------------------------ */

/* LOCK is allowed with these and a memory destination (SDM vol. 2, LOCK), and no others. */
static void test_lock(void)
{
    static const uint16_t lockable[] = {X86_ADD, X86_ADC,       X86_AND,     X86_BTC, X86_BTR,
                                        X86_BTS, X86_CMPXCHG8B, X86_DEC,     X86_INC, X86_NEG,
                                        X86_NOT, X86_OR,        X86_CMPXCHG, X86_SBB, X86_SUB,
                                        X86_XOR, X86_XADD,      X86_XCHG};
    unsigned bad = 0;
    for (unsigned k = 0; k < 4 * 512 * 256; k++) {
        if ((k >> 8 & 511) == 0xf0 || (k & 255) == 0xf0)
            continue;
        static const uint8_t other[4] = {0x3e, 0x66, 0xf2, 0xf3};
        uint8_t code[CODE_BYTES] = {other[k >> 17], 0x3e};
        unsigned n = 2;
        struct x86_insn plain, locked;
        if (k & 0x10000)
            code[n++] = 0x0f;
        code[n++] = (uint8_t)(k >> 8);
        code[n++] = (uint8_t)k;
        bool valid = x86_decode(code, CODE_BYTES, ALL_FEATURES | X86_MODE_D, &plain) == X86_OK;
        bool allowed = false;
        for (unsigned j = 0; valid && j < sizeof(lockable) / sizeof(lockable[0]); j++)
            allowed |= plain.op == lockable[j] && plain.operand[0].kind == X86_MEM;
        code[1] = 0xf0;
        bool good = x86_decode(code, CODE_BYTES, ALL_FEATURES | X86_MODE_D, &locked) == X86_OK;
        bad += good != allowed || locked.lock != good || plain.lock;
    }
    result("x86dec.lock", bad == 0, "%u encodings", bad);
}

/* 15 bytes are the limit, and prefixes count. */
static void test_too_long(void)
{
    static const struct {
        uint8_t bytes, code[8];
    } some[] = {{1, {0x90}},
                {2, {0x01, 0xc8}},
                {5, {0xb8, 1, 2, 3, 4}},
                {2, {0x0f, 0xa2}},
                {7, {0x8b, 4, 0x85, 4, 3, 2, 1}},
                {2, {0x0f, 0x0b}}};
    unsigned bad = 0;
    for (unsigned k = 0; k < sizeof(some) / sizeof(some[0]); k++)
        for (unsigned n = 0; n < 20; n++) {
            uint8_t code[40];
            struct x86_insn i;
            memset(code, 0x3e, n);
            memcpy(code + n, some[k].code, some[k].bytes);
            unsigned length = n + some[k].bytes;
            enum x86_error e = x86_decode(code, length, ALL_FEATURES | X86_MODE_D, &i);
            bad += length <= 15 ? e != X86_OK || i.length != length
                                : e != X86_TOO_LONG || i.op != X86_INVALID;
        }
    result("x86dec.limit", bad == 0, "%u strings", bad);
}

static void test_rows(void)
{
    const struct x86_row *bad = x86_tables()->bad;
    result("x86dec.rows", bad == NULL, "row %s", bad ? bad->encoding : "");
    unsigned missing = 0;
    for (unsigned op = X86_INVALID + 1; op < X86_OPS; op++)
        if (!seen[op]) {
            missing++;
            printf("no encoding gave %s\n", x86_op_name(op));
        }
    result("x86dec.operations", missing == 0, "%u never seen", missing);
}

int main(void)
{
    if (!capstone_open())
        return !result("x86dec", false, "Capstone does not open");
    rare_strings();
    for (unsigned d = 0; d < 2; d++) {
        all_modrms(d);
        all_sibs(d);
        random_strings(d, 8000000);
        result(d ? "x86dec.code32" : "x86dec.code16", wrong[d] == 0, "%u of %lu strings", wrong[d],
               compared[d]);
    }
    printf("%lu strings\n", compared[0] + compared[1]);
    result("x86dec.count", compared[0] + compared[1] >= 20000000, "%lu only",
           compared[0] + compared[1]);
    const char *unused = difference_unused();
    result("x86dec.differences", unused == NULL, "\"%s\" is in the list for nothing", unused);
    test_rows();
    test_lock();
    test_too_long();
    test_records();
    return summary();
}
