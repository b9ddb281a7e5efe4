/* Our side of the comparison. */
#include "x86dec.h"

#include <string.h>

static bool note_prefix(struct pair *p, uint8_t byte)
{
    switch (byte) {
    case 0x66:
        p->opsize = true;
        return true;
    case 0x67:
        p->addrsize = true;
        return true;
    case 0xf0:
        p->lock = true;
        return true;
    case 0xf2:
    case 0xf3:
        p->rep = byte;
        return true;
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
        p->segment = byte;
        return true;
    }
    return false;
}

void pair_ours(struct pair *p, const uint8_t code[CODE_BYTES], bool d)
{
    *p = (struct pair){.code = code, .d = d, .pc = d ? 0xfedc8765 : 0x8765};
    while (p->opcode < CODE_BYTES && note_prefix(p, code[p->opcode]))
        p->opcode++;
    p->error = x86_decode(code, CODE_BYTES, ALL_FEATURES | (d ? X86_MODE_D : 0), &p->insn);
    if (p->error == X86_OK)
        x86_disas_insn(&p->insn, p->pc, p->text, sizeof(p->text));
}

bool pair_is_simd(const struct pair *p)
{
    const uint8_t *o = &p->code[p->opcode];
    return o[0] == 0x0f && ((o[1] >= 0x10 && o[1] <= 0x17) || (o[1] >= 0x28 && o[1] <= 0x2f) ||
                            (o[1] >= 0x50 && o[1] <= 0x7f) || o[1] == 0xc2 || o[1] == 0xc3 ||
                            o[1] == 0xc4 || o[1] == 0xc5 || o[1] == 0xc6 || o[1] >= 0xd0 ||
                            ((o[1] == 0x38 || o[1] == 0x3a) && (o[2] & 0xfe) != 0xf0));
}
