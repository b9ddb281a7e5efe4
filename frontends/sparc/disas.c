/*
 * Disassembly: a record to the assembly language of V8 appendix A, without synthetic instructions
 * (`or %g0, 1, %o0`, not `mov 1, %o0`). Numbers are decimal; branch targets are hexadecimal.
 */
#include "insn.h"

#include <stdio.h>
#include <string.h>

struct text {
    char *to;
    size_t size, length;
};

static void put(struct text *t, const char *s)
{
    for (; *s != 0; s++, t->length++)
        if (t->length + 1 < t->size)
            t->to[t->length] = *s;
}

static void put_number(struct text *t, int32_t v)
{
    char s[16];
    snprintf(s, sizeof s, "%d", (int)v);
    put(t, s);
}

static void put_hex(struct text *t, uint32_t v)
{
    char s[16];
    snprintf(s, sizeof s, "0x%x", (unsigned)v);
    put(t, s);
}

static void put_reg(struct text *t, unsigned n)
{
    char s[4] = {'%', "goli"[n >> 3], (char)('0' + (n & 7)), 0};
    put(t, n == 14 ? "%sp" : n == 30 ? "%fp" : s);
}

static void put_numbered(struct text *t, const char *name, unsigned n)
{
    put(t, name);
    put_number(t, (int32_t)n);
}

static void put_second(struct text *t, const struct sparc_insn *i)
{
    if (i->imm)
        put_number(t, i->simm);
    else
        put_reg(t, i->rs2);
}

/* Register plus register or number; what is zero is left out. */
static void put_address(struct text *t, const struct sparc_insn *i)
{
    bool none = i->imm ? i->simm == 0 : i->rs2 == 0;
    if (i->rs1 == 0 && i->imm && !none) {
        put_number(t, i->simm);
        return;
    }
    if (i->rs1 == 0 && !none) {
        put_reg(t, i->rs2);
        return;
    }
    put_reg(t, i->rs1);
    if (none)
        return;
    if (!i->imm || i->simm >= 0)
        put(t, "+");
    put_second(t, i);
}

static void put_memory(struct text *t, const struct sparc_insn *i)
{
    put(t, "[");
    put_address(t, i);
    put(t, "]");
    if (i->form == FORM_LOAD_A || i->form == FORM_STORE_A) {
        put(t, " ");
        put_number(t, i->asi);
    }
}

static const char *const integer_conditions[16] = {"n", "e",  "le", "l",  "leu", "cs", "neg", "vs",
                                                   "a", "ne", "g",  "ge", "gu",  "cc", "pos", "vc"};
static const char *const float_conditions[16] = {"n", "ne", "lg", "ul", "l",   "ug", "g",   "u",
                                                 "a", "e",  "ue", "ge", "uge", "le", "ule", "o"};
static const char *const cp_conditions[16] = {"n", "123", "12", "13", "1",   "23", "2",   "3",
                                              "a", "0",   "03", "02", "023", "01", "013", "012"};

static void put_branch(struct text *t, const struct sparc_insn *i, uint32_t pc)
{
    put(t, i->op == SPARC_BICC    ? integer_conditions[i->cond]
           : i->op == SPARC_FBFCC ? float_conditions[i->cond]
                                  : cp_conditions[i->cond]);
    put(t, i->annul ? ",a " : " ");
    put_hex(t, pc + (uint32_t)i->simm);
}

static void put_registers(struct text *t, const struct sparc_insn *i)
{
    static const char f[] = "%f", c[] = "%c";
    const char *name = i->form == FORM_CPOP ? c : f;
    if (i->form == FORM_CPOP) {
        put_number(t, i->opf);
        put(t, ", ");
    }
    if (i->form != FORM_F1) {
        put_numbered(t, name, i->rs1);
        put(t, ", ");
    }
    put_numbered(t, name, i->rs2);
    if (i->form != FORM_FCMP) {
        put(t, ", ");
        put_numbered(t, name, i->rd);
    }
}

/* Of loads and stores: the register that is not an address. */
static void put_data(struct text *t, const struct sparc_insn *i)
{
    switch (i->form) {
    case FORM_LOAD_F:
    case FORM_STORE_F:
        put_numbered(t, "%f", i->rd);
        break;
    case FORM_LOAD_C:
    case FORM_STORE_C:
        put_numbered(t, "%c", i->rd);
        break;
    case FORM_LOAD_FSR:
    case FORM_STORE_FSR:
        put(t, "%fsr");
        break;
    case FORM_STORE_FQ:
        put(t, "%fq");
        break;
    case FORM_LOAD_CSR:
    case FORM_STORE_CSR:
        put(t, "%csr");
        break;
    case FORM_STORE_CQ:
        put(t, "%cq");
        break;
    default:
        put_reg(t, i->rd);
    }
}

static bool is_load(const struct sparc_insn *i)
{
    return i->form == FORM_LOAD || i->form == FORM_LOAD_A || i->form == FORM_LOAD_F ||
           i->form == FORM_LOAD_C || i->form == FORM_LOAD_FSR || i->form == FORM_LOAD_CSR;
}

static void put_transfer(struct text *t, const struct sparc_insn *i)
{
    if (is_load(i)) {
        put_memory(t, i);
        put(t, ", ");
        put_data(t, i);
    } else {
        put_data(t, i);
        put(t, ", ");
        put_memory(t, i);
    }
}

/* RDY and WRY name 31 further registers, which are Y on this CPU; 15 is STBAR when read to %g0. */
static void put_state(struct text *t, const struct sparc_insn *i, bool write)
{
    unsigned asr = write ? i->rd : i->rs1;
    switch (i->op) {
    case SPARC_RDPSR:
    case SPARC_WRPSR:
        put(t, "%psr");
        break;
    case SPARC_RDWIM:
    case SPARC_WRWIM:
        put(t, "%wim");
        break;
    case SPARC_RDTBR:
    case SPARC_WRTBR:
        put(t, "%tbr");
        break;
    default:
        if (asr == 0)
            put(t, "%y");
        else
            put_numbered(t, "%asr", asr);
    }
}

static void put_operands(struct text *t, const struct sparc_insn *i, uint32_t pc)
{
    switch (i->form) {
    case FORM_CALL:
        put_hex(t, pc + (uint32_t)i->simm);
        break;
    case FORM_SETHI:
        put_number(t, i->simm);
        put(t, ", ");
        put_reg(t, i->rd);
        break;
    case FORM_CONST22:
        put_number(t, i->simm);
        break;
    case FORM_ALU:
        put_reg(t, i->rs1);
        put(t, ", ");
        put_second(t, i);
        put(t, ", ");
        put_reg(t, i->rd);
        break;
    case FORM_JMPL:
        put_address(t, i);
        put(t, ", ");
        put_reg(t, i->rd);
        break;
    case FORM_ADDRESS:
        put_address(t, i);
        break;
    case FORM_RD:
        put_state(t, i, false);
        put(t, ", ");
        put_reg(t, i->rd);
        break;
    case FORM_WR:
        put_reg(t, i->rs1);
        put(t, ", ");
        put_second(t, i);
        put(t, ", ");
        put_state(t, i, true);
        break;
    case FORM_F1:
    case FORM_F2:
    case FORM_FCMP:
    case FORM_CPOP:
        put_registers(t, i);
        break;
    case FORM_NONE:
        put_hex(t, i->raw);
        break;
    default:
        put_transfer(t, i);
    }
}

size_t sparc_disas_insn(const struct sparc_insn *i, uint32_t pc, char *to, size_t size)
{
    struct text t = {to, size, 0};
    if (i->op == SPARC_RDY && i->rs1 == 15 && i->rd == 0) {
        put(&t, "stbar");
    } else {
        put(&t, sparc_rows[i->op].name);
        if (i->form == FORM_BRANCH) {
            put_branch(&t, i, pc);
        } else if (i->form == FORM_TICC) {
            put(&t, integer_conditions[i->cond]);
            put(&t, " ");
            put_address(&t, i);
        } else {
            put(&t, " ");
            put_operands(&t, i, pc);
        }
    }
    if (size != 0)
        to[t.length < size ? t.length : size - 1] = 0;
    return t.length;
}
