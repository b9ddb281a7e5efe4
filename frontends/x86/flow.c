/*
 * Looking ahead: does the code at a jump's target write all arithmetic flags before it reads any?
 *
 * Then the block that jumps there may leave its own flags pending (translator/pass_lazy.c). Only
 * straight-line code in the page of the block is looked at, a few instructions of it, and nothing that
 * reads flags, writes some of them only (but INC and DEC), or could see EFLAGS another way. A fault on the way would
 * show the flags; so the registers are listed that are written before the last instruction that may
 * fault.
 */
#include "lift.h"

#define AHEAD (FLOW_LIMIT_MIN / 2) /* instructions looked at */

enum step { STEP_STOP, STEP_ON, STEP_DEAD };

struct ahead {
    struct x86_lift *a;
    uint32_t pc;
    struct x86_insn insn;
    uint32_t written;  /* registers, so far */
    uint32_t observed; /* of them, those written before something that may fault */
    uint8_t code[64];  /* from code_at on */
    uint32_t code_at;
    unsigned have;
};

/* Have 16 bytes from pc on at hand, or all to the end of the page. */
static bool read_code(struct ahead *h)
{
    struct lift *l = h->a->l;
    uint32_t begin = h->pc & ~1u, page_end = l->pc | ~GUEST_PAGE_MASK, code;
    if (((h->pc ^ l->pc) & GUEST_PAGE_MASK) != 0)
        return false;
    if (h->pc - h->code_at < h->have && h->code_at + h->have - h->pc > X86_MAX_LENGTH)
        return true;
    h->code_at = begin;
    h->have = 0;
    while (h->have < 32 && begin + h->have < page_end && l->fetch(l, begin + h->have, 2, &code)) {
        h->code[h->have++] = (uint8_t)code;
        h->code[h->have++] = (uint8_t)(code >> 8);
    }
    return h->have > (h->pc & 1);
}

static bool fetch(struct ahead *h)
{
    unsigned mode = ((h->a->mode & XMODE_D) != 0 ? X86_MODE_D : 0) | X86_HAS_ATOM;
    if (!read_code(h))
        return false;
    unsigned skip = h->pc - h->code_at;
    return x86_decode(h->code + skip, h->have - skip, mode, &h->insn) == X86_OK;
}

static void writes(struct ahead *h, const struct x86_operand *o)
{
    if (o->kind == X86_REG)
        h->written |= 1u << (o->size == 1 ? o->reg & 3 : o->reg);
}

static bool accesses_memory(const struct x86_insn *i)
{
    for (unsigned n = 0; n < i->count; n++)
        if (i->operand[n].kind == X86_MEM)
            return true;
    return false;
}

static enum step branch(struct ahead *h)
{
    const struct x86_insn *i = &h->insn;
    if (i->operand[0].kind != X86_REL || i->opsize != 4)
        return STEP_STOP;
    if (i->op == X86_CALL) {
        h->observed |= h->written;
        h->written |= 1u << X86_ESP;
    }
    h->pc += (uint32_t)i->imm;
    return STEP_ON;
}

/* MMX and SSE but the compares: no flags. They may raise, so what was written is seen. */
static enum step vector(struct ahead *h)
{
    const struct x86_insn *i = &h->insn;
    if (i->op < X86_MOVD || i->op > X86_CVTTPD2DQ || i->op == X86_EMMS ||
        (i->op >= X86_UCOMISS && i->op <= X86_COMISD))
        return STEP_STOP;
    h->observed |= h->written;
    writes(h, &i->operand[0]);
    return STEP_ON;
}

static enum step look(struct ahead *h)
{
    const struct x86_insn *i = &h->insn;
    h->pc += i->length;
    if (i->op != X86_LEA && accesses_memory(i))
        h->observed |= h->written;
    switch (i->op) {
    case X86_ADD:
    case X86_OR:
    case X86_AND:
    case X86_SUB:
    case X86_XOR:
    case X86_CMP:
    case X86_TEST:
    case X86_NEG:
        return STEP_DEAD;
    case X86_SHL:
    case X86_SHR:
    case X86_SAR:
        return i->operand[1].kind == X86_IMM && (i->imm & 31) != 0 ? STEP_DEAD : STEP_STOP;
    case X86_INC: /* what they leave alone may stay pending (pass_lazy.c) */
    case X86_DEC:
    case X86_MOV:
    case X86_MOVBE:
    case X86_MOVZX:
    case X86_MOVSX:
    case X86_LEA:
    case X86_NOT:
    case X86_BSWAP:
        writes(h, &i->operand[0]);
        return STEP_ON;
    case X86_XCHG:
        writes(h, &i->operand[0]);
        writes(h, &i->operand[1]);
        return STEP_ON;
    case X86_PUSH:
    case X86_POP:
        h->observed |= h->written;
        h->written |= 1u << X86_ESP;
        if (i->op == X86_POP)
            writes(h, &i->operand[0]);
        return STEP_ON;
    case X86_CBW:
        h->written |= 1u << X86_EAX;
        return STEP_ON;
    case X86_CWD:
        h->written |= 1u << X86_EDX;
        return STEP_ON;
    case X86_JMP:
    case X86_CALL:
        return branch(h);
    case X86_NOP:
        return STEP_ON;
    default:
        return vector(h);
    }
}

uint32_t x86_flow(struct x86_lift *a, uint32_t pc)
{
    struct ahead h = {.a = a, .pc = pc};
    enum step s = STEP_ON;
    if (!a->flat || a->limit != 0xffffffff || a->l->limit < FLOW_LIMIT_MIN || a->l->stores_end)
        return 0;
    bool peek = a->l->peek;
    a->l->peek = true;
    for (unsigned n = 0; n < AHEAD && s == STEP_ON; n++)
        s = fetch(&h) ? look(&h) : STEP_STOP;
    a->l->peek = peek;
    return s == STEP_DEAD ? IR_FLOW_DEAD | h.observed << IR_FLOW_WRITES_SHIFT : 0;
}
