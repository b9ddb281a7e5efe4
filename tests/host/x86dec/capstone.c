/*
 * Capstone's side of the comparison.
 *
 * To the processor the order of prefixes does not matter, the last of a kind counts, and F2 and F3
 * before most instructions mean nothing (SDM vol. 2, 2.1.1). Capstone 4 sees a mandatory prefix only
 * right before the opcode, forgets LOCK before F2 and F3, takes 66 F3 for an operand size of 32
 * bits and 66 67 E3 for JECXZ. In 16-bit mode it does not know the mandatory prefixes of SSE and PAUSE at all; those
 * instructions do not depend on the operand size, so they are shown to it as 32-bit code with the
 * address size toggled. Therefore it gets the code with its prefixes put in order.
 */
#define x86_insn capstone_x86_insn /* Capstone has an enum of this name */
#include <capstone/capstone.h>
#undef x86_insn
#include "x86dec.h"

#include <stdio.h>
#include <string.h>

static csh handles[2];
static cs_insn *insn;

bool capstone_open(void)
{
    if (cs_open(CS_ARCH_X86, CS_MODE_16, &handles[0]) != CS_ERR_OK ||
        cs_open(CS_ARCH_X86, CS_MODE_32, &handles[1]) != CS_ERR_OK)
        return false;
    insn = cs_malloc(handles[0]);
    return insn != NULL;
}

struct ordered {
    uint8_t code[CODE_BYTES + 8];
    unsigned bytes;
    int longer; /* than the original */
    bool d;     /* 32-bit code */
    bool rep;   /* F2 or F3 was left out before a string instruction */
};

static bool is_string(uint8_t opcode)
{
    return (opcode >= 0x6c && opcode <= 0x6f) || (opcode >= 0xa4 && opcode <= 0xa7) ||
           (opcode >= 0xaa && opcode <= 0xaf);
}

/* Opcodes besides SSE that F3 changes, here or on newer processors. */
static bool is_selected(const uint8_t *o)
{
    return o[0] == 0x90 || (o[0] == 0x0f && (o[1] == 0x1e || o[1] == 0xae || o[1] == 0xb8 ||
                                             o[1] == 0xbc || o[1] == 0xbd || o[1] == 0xc7));
}

static void order(const struct pair *p, bool opsize, uint8_t rep, struct ordered *to)
{
    const uint8_t *o = &p->code[p->opcode];
    bool simd = pair_is_simd(p), selected = is_selected(o);
    bool string = is_string(o[0]);
    memset(to, 0, sizeof(*to));
    to->d = p->d || (simd && (p->opsize || p->rep)) || (o[0] == 0x90 && p->rep);
    if (p->segment)
        to->code[to->bytes++] = p->segment;
    if (p->addrsize != (to->d != p->d))
        to->code[to->bytes++] = 0x67;
    if (p->lock)
        to->code[to->bytes++] = 0xf0;
    if (opsize && !(simd && rep) && o[0] != 0xe3)
        to->code[to->bytes++] = 0x66;
    if (rep && !p->lock && (simd || (selected && rep == 0xf3) || (string && !opsize)))
        to->code[to->bytes++] = rep;
    to->rep = string && rep && opsize;
    to->longer = (int)to->bytes - (int)p->opcode;
    memcpy(&to->code[to->bytes], o, CODE_BYTES - p->opcode);
    to->bytes += CODE_BYTES - p->opcode;
}

/* Length, or 0. */
static unsigned decode(const struct pair *p, const struct ordered *o, char text[TEXT_BYTES])
{
    const uint8_t *code = o->code;
    size_t size = o->bytes;
    uint64_t pc = (uint64_t)(p->pc - (int64_t)o->longer);
    *text = 0;
    if (!cs_disasm_iter(handles[o->d], &code, &size, &pc, insn))
        return 0;
    const char *rep = "";
    if (o->rep && insn->mnemonic[0] != 'r')
        rep = p->rep == 0xf2                                                     ? "repne "
              : strstr(insn->mnemonic, "cmps") || strstr(insn->mnemonic, "scas") ? "repe "
                                                                                 : "rep ";
    snprintf(text, TEXT_BYTES, "%s%s%s%s", rep, insn->mnemonic, insn->op_str[0] ? " " : "",
             insn->op_str);
    return (unsigned)(insn->size - o->longer);
}

void capstone_decode(struct pair *p)
{
    struct ordered o;
    order(p, p->opsize, p->rep, &o);
    p->length = decode(p, &o, p->other);
}

bool capstone_ignores_prefix(const struct pair *p)
{
    struct ordered o;
    char text[TEXT_BYTES];
    order(p, false, 0, &o);
    return decode(p, &o, text) && !strcmp(text, p->other);
}
