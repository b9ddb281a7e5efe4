/*
 * Random strings through decoder and disassembler, built with sanitizers, from buffers of just their
 * length: nothing may be read or written out of bounds; a string is truncated exactly as long as it
 * is shorter than what decoding the whole looked at; texts are cut properly; what was decoded stays
 * within the ranges that lifting relies on.
 */
#include "../frame/frame.h"

#include <stdlib.h>
#include <string.h>

#include <frontends/x86/insn.h>

static unsigned out_of_range, badly_truncated, badly_cut;
static char first[40];

static void note(unsigned *count, const uint8_t *code)
{
    static const char digits[] = "0123456789abcdef";
    if (!(*count)++ && !first[0])
        for (unsigned k = 0; k < 16; k++) {
            first[2 * k] = digits[code[k] >> 4];
            first[2 * k + 1] = digits[code[k] & 15];
        }
}

static bool operand_in_range(const struct x86_insn *i, const struct x86_operand *o)
{
    switch ((enum x86_kind)o->kind) {
    case X86_NONE:
        return false;
    case X86_REG:
        return o->reg < 8 && (o->size == 1 || o->size == 2 || o->size == 4);
    case X86_MEM:
        return o->size <= 108;
    case X86_IMM:
        return (o->size == 1 || o->size == 2 || o->size == 4) && i->imm >= 0 &&
               i->imm < 1ll << 8 * o->size;
    case X86_IMM2:
        return i->op == X86_ENTER && i->imm2 < 256;
    case X86_REL:
        return i->count == 1 && i->imm >= INT32_MIN && i->imm <= INT32_MAX;
    case X86_FAR:
        return (o->size == 4 || o->size == 6) && i->imm >= 0 && i->imm < 1ll << 8 * (o->size - 2);
    case X86_SRC_SI:
        return o->reg == X86_ESI && (o->size == 1 || o->size == 2 || o->size == 4);
    case X86_DST_DI:
        return o->reg == X86_EDI && (o->size == 1 || o->size == 2 || o->size == 4);
    case X86_SEGREG:
        return o->reg <= X86_GS;
    case X86_CR:
        return o->reg == 0 || (o->reg >= 2 && o->reg <= 4);
    case X86_DR:
    case X86_ST:
    case X86_MMX:
    case X86_XMM:
        return o->reg < 8;
    }
    return false;
}

static bool in_range(const struct x86_insn *i)
{
    bool good = i->op > X86_INVALID && i->op < X86_OPS && i->length >= 1 && i->length <= 15 &&
                (i->opsize == 2 || i->opsize == 4) && (i->addrsize == 2 || i->addrsize == 4) &&
                i->cond < 16 && i->rep <= X86_REP_NE && i->unit <= X86_UNIT_SSE &&
                i->seg <= X86_GS && (i->base < 8 || i->base == X86_NO_REG) &&
                (i->index < 8 || i->index == X86_NO_REG) && i->count <= 4 &&
                (i->scale == 1 || i->scale == 2 || i->scale == 4 || i->scale == 8) &&
                i->disp >= INT32_MIN && i->disp <= INT32_MAX;
    for (unsigned k = 0; good && k < 4; k++)
        good = k < i->count ? operand_in_range(i, &i->operand[k]) : i->operand[k].kind == X86_NONE;
    return good;
}

/* Decode from a buffer of `bytes` bytes. */
static enum x86_error decode(const uint8_t *code, unsigned bytes, unsigned mode, struct x86_insn *i)
{
    uint8_t *exact = malloc(bytes ? bytes : 1);
    memcpy(exact, code, bytes);
    memset(i, 0xff, sizeof(*i));
    enum x86_error e = x86_decode(exact, bytes, mode, i);
    free(exact);
    return e;
}

static void check_truncated(const uint8_t *code, unsigned mode, const struct x86_insn *whole,
                            enum x86_error error)
{
    for (unsigned n = 0; n <= whole->length; n++) {
        struct x86_insn i;
        enum x86_error e = decode(code, n, mode, &i);
        bool good = n < whole->length ? e == X86_TRUNCATED && i.op == X86_INVALID
                                      : e == error && !memcmp(&i, whole, sizeof(i));
        if (!good && !(error == X86_TOO_LONG && e == X86_TRUNCATED))
            note(&badly_truncated, code);
    }
}

/* The text in a buffer of just `size` bytes is the beginning of the whole text. */
static bool text_is_cut(const struct x86_insn *i, size_t size)
{
    char whole[200];
    char *some = malloc(size ? size : 1);
    size_t length = x86_disas_insn(i, 0x8000, whole, sizeof(whole));
    bool good =
        x86_disas_insn(i, 0x8000, some, size) == length && strlen(whole) == length && length > 0;
    if (good && size)
        good = strlen(some) == (length < size ? length : size - 1) &&
               !memcmp(some, whole, strlen(some));
    free(some);
    return good;
}

static void one(const uint8_t *code, unsigned mode)
{
    struct x86_insn i;
    enum x86_error error = decode(code, 16, mode, &i);
    if (error == X86_OK ? !in_range(&i) : error == X86_TRUNCATED || i.op != X86_INVALID)
        note(&out_of_range, code);
    check_truncated(code, mode, &i, error);
    if (!text_is_cut(&i, random_next() % 60))
        note(&badly_cut, code);
}

int main(void)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x65};
    for (unsigned k = 0; k < 400000; k++) {
        uint8_t code[16];
        uint64_t r = random_next();
        unsigned n = r & 4 ? r >> 8 & 3 : r & 0xf000 ? 0 : 15;
        for (unsigned j = 0; j < 16; j++)
            code[j] = j < n ? prefixes[random_next() >> 20 & 7] : (uint8_t)(random_next() >> 20);
        if (r & 2)
            code[n] = 0x0f;
        one(code, (unsigned)(r >> 32) & (0xfffff00 | X86_MODE_D | X86_MODE_PROTECTED));
    }
    result("x86dec.ranges", out_of_range == 0, "%u strings, first %s", out_of_range, first);
    result("x86dec.truncated", badly_truncated == 0, "%u strings, first %s", badly_truncated,
           first);
    result("x86dec.texts", badly_cut == 0, "%u strings, first %s", badly_cut, first);
    return summary();
}
