/* The other disassembler. Its header has names of ours, so it is seen by this file alone. */
#include "sparcdec.h"

#include <capstone/capstone.h>
#include <string.h>

static csh handle;
static cs_insn *scratch;

bool capstone_open(void)
{
    if (cs_open(CS_ARCH_SPARC, CS_MODE_BIG_ENDIAN, &handle))
        return false;
    scratch = cs_malloc(handle);
    return scratch != NULL;
}

bool capstone_text(uint32_t code, char *to)
{
    uint8_t bytes[4] = {(uint8_t)(code >> 24), (uint8_t)(code >> 16), (uint8_t)(code >> 8),
                        (uint8_t)code};
    const uint8_t *at = bytes;
    size_t size = 4;
    uint64_t address = ADDRESS;
    if (!cs_disasm_iter(handle, &at, &size, &address, scratch))
        return false;
    strcpy(to, scratch->mnemonic);
    strcat(to, " ");
    strcat(to, scratch->op_str);
    return true;
}
