/*
 * Decoding and disassembly of VFP and Advanced SIMD against Capstone, A32 and T32: half of the codes
 * are made from the rows, half are uniform in the space of these instructions. As armdec, with
 * differences of its own in differences.txt.
 *
 *     simd-decode-test [codes per set in thousands [differences to show per operation]]
 */
#include "../armdec/armdec.h"

#include <frontends/arm/rows.h>

#include <stdlib.h>
#include <string.h>

static unsigned to_show = 1;
static uint16_t shown[3][1024];
static uint64_t bad, listed;

static void difference(enum set set, enum difference how, uint32_t code, const char *ours,
                       const char *theirs, const struct arm_insn *i)
{
    static const char *const names[] = {"accept", "refuse", "text"};
    if (difference_is_listed(set, how, code)) {
        listed++;
        return;
    }
    bad++;
    if (shown[how][how == REFUSE ? code >> 18 & 0x3ff : i->op]++ >= to_show)
        return;
    printf("%s %s %08x op %u: ours %s | Capstone %s\n", set == SET_A32 ? "a32" : "t32", names[how],
           code, i->op, ours, theirs);
}

/* Capstone writes floating-point immediates with an exponent, alignments in hexadecimal. */
static void plain_number(char *text)
{
    char *at = strchr(text, '#');
    if (at != NULL && strchr(at, 'e') != NULL && strchr(at, '.') != NULL) {
        char plain[40];
        snprintf(plain, sizeof plain, "%.7f", atof(at + 1));
        size_t n = strlen(plain);
        while (plain[n - 1] == '0' && plain[n - 2] != '.')
            plain[--n] = 0;
        strcpy(at + 1, plain);
    }
    at = strstr(text, ":0x");
    if (at != NULL) {
        char rest[100], *end;
        unsigned long align = strtoul(at + 1, &end, 0);
        strcpy(rest, end);
        sprintf(at + 1, "%lu%s", align, rest);
    }
}

static void compare(enum set set, uint32_t code)
{
    char raw[200] = "", ours[200] = "", theirs[200] = "";
    struct arm_insn i;
    set == SET_A32 ? arm_decode_a32(code, &i) : arm_decode_t32(code, &i);
    bool we = i.op != ARM_UNDEFINED, they = capstone_text(set, code, 14, raw);
    if (we && !arm_op_is_simd(i.op))
        return;
    if (they) {
        plain_number(raw);
        normalise(theirs, raw, false);
    }
    if (we) {
        arm_disas_insn(&i, ADDRESS, set != SET_A32, 14, raw, sizeof raw);
        normalise(ours, raw, false);
    }
    if (we != they)
        difference(set, we ? ACCEPT : REFUSE, code, ours, theirs, &i);
    else if (we && strcmp(ours, theirs) != 0)
        difference(set, TEXT, code, ours, theirs, &i);
}

static uint32_t code_of_row(const struct arm_row *row)
{
    uint64_t random = random_next();
    uint32_t code = (uint32_t)random;
    const char *at = row->pattern;
    for (unsigned bit = 32; bit; at++) {
        if (*at == ' ')
            continue;
        bit--;
        if (*at == '0' || *at == '-')
            code &= ~(1u << bit);
        else if (*at == '1' || *at == '+')
            code |= 1u << bit;
    }
    return code;
}
/* Somewhere in coprocessors 10 and 11, or Advanced SIMD. */
static uint32_t code_of_space(void)
{
    uint64_t r = random_next();
    uint32_t code = (uint32_t)r;
    if (r >> 62 == 0)
        return (code & 0x01ffffff) | 0xf2000000;
    if (r >> 62 == 1)
        return (code & 0x00efffff) | 0xf4000000;
    code = (code & 0xf3fff1ff) | 0x0c000a00; /* 11xx, 101x */
    return (code & 0x02000000 ? code & ~0x01000000u : code) % 0xf0000000;
}
static uint32_t to_t32(uint32_t a32)
{
    if (a32 >> 25 == 0x79)
        return 0xef000000u | (a32 & 0x01000000u) << 4 | (a32 & 0x00ffffff);
    if (a32 >> 24 == 0xf4)
        return 0xf9000000u | (a32 & 0x00ffffff);
    return (a32 & 0x0fffffff) | 0xe0000000u;
}

static void test_set(const char *name, enum set set, uint64_t codes)
{
    bad = 0;
    memset(shown, 0, sizeof shown);
    for (uint64_t k = 0; k < codes; k++) {
        uint32_t code =
            k & 1 ? code_of_row(&arm_rows_simd[k / 2 % arm_rows_simd_count]) : code_of_space();
        compare(set, set == SET_A32 ? code : to_t32(code));
    }
    result(name, bad == 0, "%llu of %llu codes differ", (unsigned long long)bad,
           (unsigned long long)codes);
}

int main(int argc, char **argv)
{
    uint64_t codes = argc > 1 ? (uint64_t)atoi(argv[1]) * 1000 : 1000000;
    to_show = argc > 2 ? (unsigned)atoi(argv[2]) : to_show;
    if (!result("simd-decode capstone", capstone_open(), "cannot be opened") ||
        !result("simd-decode differences", differences_load(DIFFERENCES), "no list"))
        return summary();
    test_set("simd-decode a32", SET_A32, codes);
    test_set("simd-decode t32", SET_T32, codes);
    printf("%llu codes differ as listed\n", (unsigned long long)listed);
    differences_unused();
    return summary();
}
