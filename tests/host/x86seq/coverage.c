/* A counter for each row of the decoder's tables, and what it says at the end of a test. */
#include "coverage.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#include <frontends/x86/tables.h>

#include "../frame/frame.h"

#define ROWS 1024

static uint32_t met[ROWS];

unsigned host_mode(void)
{
    static unsigned mode;
    unsigned a, b, c = 0, d;
    if (mode != 0)
        return mode;
    __get_cpuid(1, &a, &b, &c, &d);
    mode = X86_MODE_D | X86_MODE_PROTECTED | X86_HAS_I686;
    mode |= c & 1u << 0 ? X86_HAS_SSE3 : 0;
    mode |= c & 1u << 9 ? X86_HAS_SSSE3 : 0;
    mode |= c & 1u << 22 ? X86_HAS_MOVBE : 0;
    return mode;
}

bool host_has(const struct x86_row *r)
{
    return (x86_tables()->form[r - x86_insn_rows].needs & ~host_mode()) == 0;
}

void coverage_note(const struct x86_insn *i)
{
    met[i->row]++;
}

unsigned coverage_note_all(const uint8_t *code, unsigned bytes)
{
    unsigned count = 0;
    for (unsigned at = 0; at < bytes; count++) {
        struct x86_insn i;
        if (x86_decode(code + at, 15, host_mode(), &i) != X86_OK)
            break;
        met[i.row]++;
        at += i.length;
    }
    return count;
}

void coverage_result(const char *name, bool (*wanted)(const struct x86_row *r), unsigned least)
{
    unsigned rows = 0, missing = 0;
    uint32_t fewest = ~0u;
    for (unsigned n = 1; n < x86_row_count; n++) {
        const struct x86_row *r = &x86_insn_rows[n];
        if (!wanted(r))
            continue;
        rows++;
        fewest = met[n] < fewest ? met[n] : fewest;
        if (met[n] >= least)
            continue;
        missing++;
        printf("# %s: %s %s only %u times\n", name, r->encoding, r->operands, met[n]);
    }
    if (result(name, missing == 0 && rows != 0, "%u of %u rows of the decoder's tables are missing",
               missing, rows))
        printf("# %s: %u rows, the rarest %u times\n", name, rows, fewest);
}
