/*
 * The ARM decoder and disassembler against Capstone: all halfwords of T16, alone and in an IT block,
 * and random codes of A32 and T32, of T32 in an IT block too; half of them are made from the rows of
 * the tables so that every encoding is met, half are uniform. Texts must be equal after normalise.c,
 * and what one decodes the other must, but for the lines of differences.txt.
 *
 *     armdec-test [codes per set in thousands [differences to show per operation]]
 */
#include "armdec.h"

#include <frontends/arm/rows.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned to_show = 1; /* per operation and kind */
static uint16_t shown[3][1024];
static uint64_t bad, listed;

/* Advanced SIMD and VFP, which have no rows yet. */
static bool skipped(enum set set, uint32_t code)
{
    bool coprocessor = (code & 0x0c000000) == 0x0c000000 && (code & 0x0f000000) != 0x0f000000;
    if (set >= SET_T16)
        return false;
    if (coprocessor && (code & 0xe00) == 0xa00 && (set == SET_A32 || code >> 29 == 7))
        return true;
    if (set == SET_A32)
        return (code & 0xfe000000) == 0xf2000000 || (code & 0xff100000) == 0xf4000000;
    return (code & 0xef000000) == 0xef000000 || (code & 0xff100000) == 0xf9000000;
}

static const char *const set_names[] = {"a32", "t32", "t16", "it16"};

static void difference(enum set set, enum difference how, uint32_t code, const char *ours,
                       const char *theirs, const struct arm_insn *i)
{
    if (difference_is_listed(set, how, code)) {
        listed++;
        return;
    }
    uint16_t *count =
        &shown[how][how == REFUSE ? code >> (set >= SET_T16 ? 6 : 20) & 0x3ff : i->op];
    bad++;
    if ((*count)++ >= to_show)
        return;
    char bits[48], *at = bits;
    for (int bit = set >= SET_T16 ? 15 : 31; bit >= 0; bit--) {
        *at++ = (char)('0' + (code >> bit & 1));
        if (bit % 4 == 0)
            *at++ = ' ';
    }
    *at = 0;
    printf("%s %s %08x %s op %u\n    ours     %s\n    Capstone %s\n", set_names[set],
           how == ACCEPT   ? "accept"
           : how == REFUSE ? "refuse"
                           : "text",
           code, bits, i->op, ours, theirs);
}

static void compare(enum set set, uint32_t code, unsigned it_cond)
{
    char raw[200] = "", ours[200] = "", theirs[200] = "";
    struct arm_insn i;
    if (skipped(set, code))
        return;
    set == SET_A32 ? arm_decode_a32(code, &i) : arm_decode_t32(code, &i);
    if (it_cond != 14 && i.cond != 14)
        return; /* a conditional branch in an IT block is UNPREDICTABLE */
    bool we = i.op != ARM_UNDEFINED, they = capstone_text(set, code, it_cond, raw);
    if (they)
        normalise(theirs, raw, set == SET_A32 && (code & 0x0e000000) == 0x02000000);
    if (set != SET_A32 && (code & 0xff00) == 0xbf00)
        capstone_leave_it_block();
    if (!we && !they)
        return;
    if (we) {
        arm_disas_insn(&i, ADDRESS, set != SET_A32, it_cond, raw, sizeof(raw));
        normalise(ours, raw, false);
    }
    if (we != they)
        difference(set, we ? ACCEPT : REFUSE, code, ours, theirs, &i);
    else if (strcmp(ours, theirs) != 0)
        difference(set, TEXT, code, ours, theirs, &i);
}

/* ---- codes ------------------------------------------------------------------------------------ */

/* A random code of a row; the bits that should be 0 or 1 are so every other time. */
static uint32_t code_of_row(const struct arm_row *row)
{
    uint64_t random = random_next();
    uint32_t code = (uint32_t)random;
    bool proper = random >> 32 & 1;
    const char *at = row->pattern;
    for (unsigned bit = 32; bit; at++) {
        if (*at == ' ')
            continue;
        bit--;
        if (*at == '0' || (proper && *at == '-'))
            code &= ~(1u << bit);
        else if (*at == '1' || (proper && *at == '+'))
            code |= 1u << bit;
    }
    return code;
}

static void test_set(const char *name, enum set set, const struct arm_row *rows, unsigned n,
                     uint64_t codes, unsigned it_cond)
{
    bad = 0;
    memset(shown, 0, sizeof(shown));
    for (uint64_t k = 0; k < codes; k++) {
        uint32_t code = k & 1 ? code_of_row(&rows[k / 2 % n]) : (uint32_t)random_next();
        if (set == SET_T32 && !(k & 1))
            code = 0xe8000000 + code % 0x18000000;
        compare(set, code, it_cond);
    }
    result(name, bad == 0, "%llu of %llu codes differ", (unsigned long long)bad,
           (unsigned long long)codes);
}

static void test_t16(const char *name, unsigned it_cond)
{
    bad = 0;
    memset(shown, 0, sizeof(shown));
    for (uint32_t code = 0; code < 0xe800; code++)
        compare(it_cond == 14 ? SET_T16 : SET_IT, code, it_cond);
    result(name, bad == 0, "%llu halfwords differ", (unsigned long long)bad);
}

/* Lengths of T32, and halfwords that begin a wide one. */
static void test_lengths(void)
{
    unsigned wrong = 0;
    for (uint32_t half = 0; half < 0x10000; half++) {
        struct arm_insn i;
        arm_decode_t32(arm_t32_is_wide((uint16_t)half) ? half << 16 : half, &i);
        wrong += i.bytes != (half >= 0xe800 ? 4 : 2);
    }
    result("armdec.lengths", wrong == 0, "%u halfwords", wrong);
}

/* Time for one decoding of typical code: below 100 ns on an idle machine; 1 µs is a failure. */
static void test_speed(void)
{
    enum { CODES = 4096, ROUNDS = 200 };
    static uint32_t code[CODES];
    struct timespec a, b;
    struct arm_insn i;
    unsigned sum = 0;
    for (unsigned k = 0; k < CODES; k++)
        code[k] = code_of_row(&arm_rows_a32[k % arm_rows_a32_count]);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    for (unsigned k = 0; k < CODES * ROUNDS; k++) {
        arm_decode_a32(code[k % CODES], &i);
        sum += i.op;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    double ns =
        ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (CODES * ROUNDS);
    printf("%.1f ns per instruction (%u)\n", ns, sum & 1);
    result("armdec.speed", ns < 1000, "%.0f ns", ns);
}

/* Codes that random numbers seldom meet. */
static void test_chosen(void)
{
    static const uint32_t a32[] = {0xe52d0004, 0xe49d0004, 0xe7f000f0, 0xe7ffdefe, 0xe320f000,
                                   0xe1a00000, 0xe12fff1e, 0xe92d4010, 0xe8bd8010, 0xe92d0010};
    static const uint32_t t32[] = {0xf84d0d04, 0xf85d0b04, 0xf3af8000, 0xf7f0a000, 0xe92d4010,
                                   0xe8bd8010, 0xf3bf8f5f, 0xf3bf8f4f, 0xf3bf8f6f};
    bad = 0;
    for (unsigned k = 0; k < sizeof(a32) / sizeof(a32[0]); k++)
        compare(SET_A32, a32[k], 14);
    for (unsigned k = 0; k < sizeof(t32) / sizeof(t32[0]); k++)
        compare(SET_T32, t32[k], 14);
    result("armdec.chosen", bad == 0, "%llu differ", (unsigned long long)bad);
}

int main(int argc, char **argv)
{
    uint64_t codes = argc > 1 ? (uint64_t)atoi(argv[1]) * 1000 : 10200000;
    to_show = argc > 2 ? (unsigned)atoi(argv[2]) : to_show;
    if (!result("armdec.capstone", capstone_open(), "cannot be opened") ||
        !result("armdec.differences", differences_load(DIFFERENCES), "no list"))
        return summary();
    test_lengths();
    test_speed();
    test_records();
    test_chosen();
    test_t16("armdec.t16", 14);
    test_t16("armdec.t16_eq", 0);
    test_set("armdec.a32", SET_A32, arm_rows_a32, arm_rows_a32_count, codes, 14);
    test_set("armdec.t32", SET_T32, arm_rows_t32, arm_rows_t32_count, codes, 14);
    test_set("armdec.t32_eq", SET_T32, arm_rows_t32, arm_rows_t32_count, codes / 20, 0);
    printf("%llu codes differ as listed\n", (unsigned long long)listed);
    differences_unused();
    return summary();
}
