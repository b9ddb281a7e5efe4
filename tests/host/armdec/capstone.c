/*
 * The other disassembler. Its header has names of ours (arm_insn), so it is seen by this file alone.
 */
#include "armdec.h"

#include <capstone/capstone.h>

static csh arm, thumb;
static cs_insn *scratch;

bool capstone_open(void)
{
    if (cs_open(CS_ARCH_ARM, CS_MODE_ARM, &arm) || cs_open(CS_ARCH_ARM, CS_MODE_THUMB, &thumb))
        return false;
    scratch = cs_malloc(arm);
    return scratch != NULL;
}

bool capstone_text(enum set set, uint32_t code, unsigned it_cond, char *to)
{
    uint8_t bytes[8];
    size_t size = 0;
    bool wide = set == SET_T32;
    if (it_cond != 14) { /* IT with one place */
        bytes[size++] = (uint8_t)(it_cond << 4 | 8);
        bytes[size++] = 0xbf;
    }
    if (wide) {
        bytes[size++] = (uint8_t)(code >> 16);
        bytes[size++] = (uint8_t)(code >> 24);
    }
    bytes[size++] = (uint8_t)code;
    bytes[size++] = (uint8_t)(code >> 8);
    if (set == SET_A32) {
        bytes[size++] = (uint8_t)(code >> 16);
        bytes[size++] = (uint8_t)(code >> 24);
    }
    const uint8_t *at = bytes;
    uint64_t address = it_cond != 14 ? ADDRESS - 2 : ADDRESS;
    csh handle = set == SET_A32 ? arm : thumb;
    if (it_cond != 14 && !cs_disasm_iter(handle, &at, &size, &address, scratch))
        return false;
    bool good = cs_disasm_iter(handle, &at, &size, &address, scratch) && size == 0;
    if (good)
        sprintf(to, "%s %s", scratch->mnemonic, scratch->op_str);
    return good;
}

void capstone_leave_it_block(void)
{
    char text[200];
    for (unsigned k = 0; k < 4; k++)
        capstone_text(SET_T16, 0xbf00, 14, text);
}
