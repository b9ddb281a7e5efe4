/*
 * Random codes through decoder and disassembler, built with sanitizers: nothing may be read or written
 * out of bounds, texts of any buffer size are cut properly, and what was decoded stays within the
 * ranges that lifting relies on.
 *
 *   armdec-fuzz [ROUNDS]
 */
#include "../frame/frame.h"

#include <frontends/arm/rows.h>

#include <stdlib.h>
#include <string.h>

static bool in_range(const struct arm_insn *i)
{
    return i->op < ARM_OPS && (i->bytes == 2 || i->bytes == 4) && i->cond < 15 &&
           i->form <= FORM_RSR && i->s <= S_OUTSIDE_IT && i->rd < 16 && i->rn < 16 && i->rm < 16 &&
           i->ra < 16 && i->shift_type <= SHIFT_RRX && i->shift <= 32 &&
           i->imm_carry <= CARRY_KEEP && i->lsb + i->width <= 32 && i->cp < 16 && i->crn < 16 &&
           i->crm < 16;
}

/* The text in a buffer of just `size` bytes is the beginning of the whole text. */
static bool text_is_cut(const struct arm_insn *i, bool thumb, size_t size)
{
    char whole[200];
    char *some = malloc(size ? size : 1);
    size_t length = arm_disas_insn(i, 0x8000, thumb, 14, whole, sizeof(whole));
    bool good = some && arm_disas_insn(i, 0x8000, thumb, 14, some, size) == length &&
                strlen(whole) == length && length > 0;
    if (good && size)
        good = strlen(some) == (length < size ? length : size - 1) &&
               !memcmp(some, whole, strlen(some));
    free(some);
    return good;
}

int main(int argc, char **argv)
{
    unsigned out_of_range = 0, badly_cut = 0;
    uint32_t first = 0;
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 600000;
    for (unsigned k = 0; k < rounds; k++) {
        uint32_t code = (uint32_t)random_next();
        bool thumb = k % 3 != 0;
        struct arm_insn i;
        memset(&i, 0xff, sizeof(i));
        if (k % 3 == 1)
            code = 0xe8000000 + code % 0x18000000;
        else if (k % 3 == 2)
            code &= 0xffff;
        thumb ? arm_decode_t32(code, &i) : arm_decode_a32(code, &i);
        out_of_range += !in_range(&i) || i.raw != code;
        bool cut = text_is_cut(&i, thumb, random_next() % 40);
        badly_cut += !cut;
        if (!first && (!cut || !in_range(&i)))
            first = code;
    }
    result("armdec.ranges", out_of_range == 0, "%u codes, first %08x", out_of_range, first);
    result("armdec.texts", badly_cut == 0, "%u codes, first %08x", badly_cut, first);
    return summary();
}
