/*
 * Decoding: the rows of rows.h turned, once, into tables indexed by op2, op3 and opf.
 *
 * The tables depend on nothing but the rows, so all CPUs of a program share them. They are not written
 * after the first call; that one must not run in two threads at once.
 */
#include "insn.h"

#include <string.h>

const struct sparc_row sparc_rows[SPARC_OPS] = {
    {"illegal", 0, 0, -1, FORM_NONE, 0, ""},
#define ROW(op, name, major, code, opf, form, traits, section) \
    {name, major, code, opf, form, traits, section},
#include "rows.h"
#undef ROW
};

#define OP3_FPOP1 0x34
#define OP3_FPOP2 0x35
static uint8_t by_code[4][64]; /* major, op2 or op3 */
static uint8_t by_opf[2][512];
static bool ready;

static void prepare(void)
{
    for (unsigned n = 1; n < SPARC_OPS; n++) {
        const struct sparc_row *r = &sparc_rows[n];
        if (r->opf >= 0)
            by_opf[r->code - OP3_FPOP1][r->opf] = (uint8_t)n;
        else
            by_code[r->major][r->code] = (uint8_t)n;
    }
    ready = true;
}

static inline uint32_t field(uint32_t code, unsigned from, unsigned bits)
{
    return code >> from & ((1u << bits) - 1);
}
static inline int32_t sign_extend(uint32_t v, unsigned bits)
{
    return (int32_t)(v << (32 - bits)) >> (32 - bits);
}

static void call(struct sparc_insn *i)
{
    i->op = SPARC_CALL;
    i->rd = 15;
    i->simm = (int32_t)(i->raw << 2);
}

/* Format 2: SETHI, UNIMP and branches. */
static void format2(struct sparc_insn *i)
{
    i->op = by_code[0][field(i->raw, 22, 3)];
    i->rd = (uint8_t)field(i->raw, 25, 5);
    i->annul = field(i->raw, 29, 1);
    i->cond = (uint8_t)field(i->raw, 25, 4);
    if (sparc_rows[i->op].form == FORM_BRANCH)
        i->simm = sign_extend(field(i->raw, 0, 22), 22) * 4;
    else
        i->simm = (int32_t)field(i->raw, 0, 22);
}

static void format3(struct sparc_insn *i, unsigned major)
{
    unsigned op3 = field(i->raw, 19, 6);
    i->rd = (uint8_t)field(i->raw, 25, 5);
    i->rs1 = (uint8_t)field(i->raw, 14, 5);
    i->rs2 = (uint8_t)field(i->raw, 0, 5);
    i->imm = field(i->raw, 13, 1);
    i->asi = (uint8_t)field(i->raw, 5, 8);
    i->opf = (uint16_t)field(i->raw, 5, 9);
    i->cond = (uint8_t)field(i->raw, 25, 4);
    i->simm = i->imm ? sign_extend(field(i->raw, 0, 13), 13) : 0;
    if (major == 2 && (op3 == OP3_FPOP1 || op3 == OP3_FPOP2))
        i->op = by_opf[op3 - OP3_FPOP1][i->opf];
    else
        i->op = by_code[major][op3];
}

void sparc_decode(uint32_t code, struct sparc_insn *i)
{
    if (!ready)
        prepare();
    memset(i, 0, sizeof *i);
    i->raw = code;
    unsigned major = code >> 30;
    if (major == 1)
        call(i);
    else if (major == 0)
        format2(i);
    else
        format3(i, major);
    i->form = sparc_rows[i->op].form;
    i->traits = sparc_rows[i->op].traits;
}
