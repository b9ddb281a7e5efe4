/*
 * The SPARC decoder and disassembler against Capstone: every row with random operands, and random
 * words of every class; both must take the same words, and mean the same by them.
 *
 * Capstone knows V9 and prints synthetic instructions; texts are brought to one form first, and what
 * is meant to differ is the list in differences.c, each line with its reason.
 */
#include "sparcdec.h"

#include <frontends/sparc/insn.h>

#include <stdlib.h>
#include <string.h>

static unsigned long compared, differing;
static unsigned shown[SPARC_OPS];

/* The bits of code that its instruction does not use; hardware ignores them (V8 5.2). */
static uint32_t unused_bits(const struct sparc_insn *i)
{
    const uint32_t rd = 0x3e000000, rs1 = 0x0007c000, asi = 0x00001fe0;
    bool alternate = i->form == FORM_LOAD_A || i->form == FORM_STORE_A;
    uint32_t second = !i->imm && !alternate ? asi : 0;
    switch (i->form) {
    case FORM_ALU:
        if (i->op >= SPARC_SLL && i->op <= SPARC_SRA)
            return asi;
        return second;
    case FORM_LOAD_FSR:
    case FORM_STORE_FSR:
    case FORM_STORE_FQ:
    case FORM_LOAD_CSR:
    case FORM_STORE_CSR:
    case FORM_STORE_CQ:
    case FORM_ADDRESS:
        return second | rd;
    case FORM_TICC:
        return (i->imm ? 0x1f80u : asi) | 0x20000000u;
    case FORM_RD:
        return 0x3fff | (i->op == SPARC_RDY ? 0 : rs1);
    case FORM_WR:
        return second | (i->op == SPARC_WRY ? 0 : rd);
    case FORM_F1:
        return rs1;
    case FORM_FCMP:
        return rd;
    case FORM_NONE:
    case FORM_CALL:
    case FORM_BRANCH:
    case FORM_SETHI:
    case FORM_F2:
    case FORM_CPOP:
        return 0;
    case FORM_CONST22:
        return rd;
    default:
        return second;
    }
}

static unsigned width(char c)
{
    return c == 'd' ? 2 : c == 'q' ? 4 : 1;
}

/* Registers of doubles and quads are even, and multiples of four. */
static uint32_t aligned(const struct sparc_insn *i, uint32_t code)
{
    const char *name = sparc_rows[i->op].name;
    char last = name[strlen(name) - 1];
    unsigned from = width(last), to = from;
    if (i->op == SPARC_LDDF || i->op == SPARC_STDF)
        return code & ~(1u << 25);
    if (i->form != FORM_F1 && i->form != FORM_F2 && i->form != FORM_FCMP)
        return code;
    if (name[2] == 't' && name[3] == 'o')
        from = width(name[1]);
    if (i->op == SPARC_FSMULD || i->op == SPARC_FDMULQ)
        from = to / 2;
    return code & ~((to - 1) << 25 | (from - 1) << 14 | (from - 1));
}

static void complain(const struct sparc_insn *i, uint32_t code, const char *a, const char *b)
{
    differing++;
    if (shown[i->op]++ < 3)
        printf("%08x  ours \"%s\"  other \"%s\"\n", code, a, b);
}

static void compare(uint32_t code)
{
    struct sparc_insn i, clean;
    char ours[200], theirs[200], a[200], b[200];
    compared++;
    sparc_decode(code, &i);
    sparc_disas_insn(&i, ADDRESS, ours, sizeof ours);
    code &= ~unused_bits(&i);
    sparc_decode(code, &clean);
    sparc_disas_insn(&clean, ADDRESS, theirs, sizeof theirs);
    if (clean.op != i.op || (i.op < SPARC_SLL && strcmp(ours, theirs)))
        complain(&i, i.raw, ours, theirs);
    code = aligned(&clean, code);
    sparc_decode(code, &i);
    sparc_disas_insn(&i, ADDRESS, ours, sizeof ours);
    bool accepted = capstone_text(code, theirs), good = true;
    if ((i.op != SPARC_ILLEGAL) != accepted) {
        good = difference_is_listed(accepted ? REFUSE : ACCEPT, code);
    } else if (accepted) {
        normalise_ours(a, ours);
        normalise_theirs(b, theirs);
        good = !strcmp(a, b) || difference_is_listed(TEXT, code);
    }
    if (!good)
        complain(&i, code, ours, accepted ? theirs : "-");
}

/* Operands: mostly random, sometimes 0 or all ones. */
static uint32_t operands(void)
{
    uint32_t v = (uint32_t)random_next();
    switch (random_next() % 8) {
    case 0:
        return v & (uint32_t)random_next() & (uint32_t)random_next();
    case 1:
        return v | (uint32_t)random_next() | (uint32_t)random_next();
    default:
        return v;
    }
}

static uint32_t of_row(const struct sparc_row *r)
{
    uint32_t v = operands();
    switch (r->major) {
    case 0:
        return (v & 0x3e3fffff) | (uint32_t)r->code << 22;
    case 1:
        return (v & 0x3fffffff) | 1u << 30;
    default:
        v = (v & 0x3e07ffff) | (uint32_t)r->major << 30 | (uint32_t)r->code << 19;
        return r->opf < 0 ? v : (v & ~0x3fe0u) | (uint32_t)r->opf << 5;
    }
}

int main(int argc, char **argv)
{
    unsigned long wanted = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000000;
    if (!capstone_open())
        return 1;
    for (unsigned long n = 0; compared < wanted; n++) {
        unsigned row = 1 + n % (SPARC_OPS - 1);
        compare(of_row(&sparc_rows[row]));
        compare((uint32_t)random_next());
    }
    differences_unused();
    result("sparcdec", differing == 0, "%lu of %lu words differ", differing, compared);
    return summary();
}
