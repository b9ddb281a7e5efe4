/*
 * From bytes to the record: prefixes, opcode, form, ModR/M, operands, checks, in this order.
 *
 * A form is found by indices alone (tables.h). Bytes are read in order, and none after an opcode or
 * ModR/M that no row has. Reading never passes `limit`, the end of the bytes given or the
 * fifteenth, whichever comes first; what is read there is 0 and `missing` is set, so one check after
 * each step suffices.
 */
#include "tables.h"

#include <string.h>

struct decoding {
    const uint8_t *code;
    unsigned at, limit;
    bool missing;
    unsigned mode;
    struct x86_insn *i;
    const struct x86_form *form;
    /* prefixes seen */
    bool opsize, addrsize, lock;
    uint8_t rep;     /* enum x86_rep: the last of F2 and F3 */
    uint8_t segment; /* X86_NO_REG: none */
    uint8_t opcode;  /* the last opcode byte */
    uint8_t modrm;
    uint8_t wide; /* operand size attribute as an index: 0, 1, 2 for 2, 4, 8 */
    bool has_modrm;
    bool one_imm; /* imm is taken: the next immediate is imm2 */
};

#define MOD(d) ((d)->modrm >> 6)
#define REG(d) ((d)->modrm >> 3 & 7)
#define RM(d)  ((d)->modrm & 7)

/* The next `bytes` (at most 8) bytes as a number. */
static uint64_t take(struct decoding *d, unsigned bytes)
{
    uint64_t v = 0;
    if (bytes > d->limit - d->at) {
        d->missing = true;
        return 0;
    }
    for (unsigned k = 0; k < bytes; k++)
        v |= (uint64_t)d->code[d->at + k] << 8 * k;
    d->at += bytes;
    return v;
}

static int64_t sign_extend(uint64_t v, unsigned bytes)
{
    unsigned up = 64 - 8 * bytes;
    return (int64_t)(v << up) >> up;
}

static uint64_t low_bytes(uint64_t v, unsigned bytes)
{
    return bytes >= 8 ? v : v & ((1ull << 8 * bytes) - 1);
}

/* ---- prefixes (SDM vol. 2, 2.1.1) ------------------------------------------------------------- */

enum prefix { NOT, SEGMENT, OPSIZE, ADDRSIZE, LOCKED, REPEAT };
static const struct {
    uint8_t kind, value;
} prefixes[256] = {
    [0x26] = {SEGMENT, X86_ES},    [0x2e] = {SEGMENT, X86_CS},   [0x36] = {SEGMENT, X86_SS},
    [0x3e] = {SEGMENT, X86_DS},    [0x64] = {SEGMENT, X86_FS},   [0x65] = {SEGMENT, X86_GS},
    [0x66] = {OPSIZE, 0},          [0x67] = {ADDRSIZE, 0},       [0xf0] = {LOCKED, 0},
    [0xf2] = {REPEAT, X86_REP_NE}, [0xf3] = {REPEAT, X86_REP_E},
};

/* Read prefixes; returns the first opcode byte. */
static uint8_t take_prefixes(struct decoding *d)
{
    for (;;) {
        uint8_t byte = (uint8_t)take(d, 1);
        switch (d->missing ? NOT : prefixes[byte].kind) {
        case NOT:
            return byte;
        case SEGMENT:
            d->segment = prefixes[byte].value;
            break;
        case OPSIZE:
            d->opsize = true;
            break;
        case ADDRSIZE:
            d->addrsize = true;
            break;
        case LOCKED:
            d->lock = true;
            break;
        case REPEAT:
            d->rep = prefixes[byte].value;
            break;
        }
    }
}

/* ---- opcode ----------------------------------------------------------------------------------- */

/* Find the form of the opcode that begins with byte; false if there is none. */
static bool find_form(struct decoding *d, const struct x86_tables *t, uint8_t byte)
{
    static const uint8_t by_rep[] = {MANDATORY_NONE, MANDATORY_F3, MANDATORY_F2};
    unsigned map = MAP_1;
    if (byte == 0x0f) {
        map = MAP_0F;
        byte = (uint8_t)take(d, 1);
        if (byte == 0x38 || byte == 0x3a) {
            map = byte == 0x38 ? MAP_0F38 : MAP_0F3A;
            byte = (uint8_t)take(d, 1);
        }
    }
    d->opcode = byte;
    const struct x86_opcode *o = &t->opcode[map][byte];
    unsigned index = o->base;
    if (o->shape & SHAPE_PREFIX) {
        unsigned mandatory = d->rep ? by_rep[d->rep] : d->opsize ? MANDATORY_66 : MANDATORY_NONE;
        index += mandatory * o->width;
    }
    if (o->shape & SHAPE_MODRM) {
        d->modrm = (uint8_t)take(d, 1);
        d->has_modrm = true;
    }
    if (o->shape & SHAPE_GROUP)
        index += REG(d) + (MOD(d) == 3 ? 8u : 0u);
    else if (o->shape & SHAPE_FULL)
        index += MOD(d) == 3 ? 8u + (d->modrm & 63u) : REG(d);
    d->form = &t->form[t->slot[index]];
    d->i->cond = d->form->condition ? byte & 15 : 0;
    return d->form->op != X86_INVALID;
}

/* ---- memory operands (SDM vol. 2, tables 2-1 to 2-3) -------------------------------------------- */

static void memory16(struct decoding *d)
{
    static const uint8_t bases[8] = {X86_EBX, X86_EBX, X86_EBP, X86_EBP,
                                     X86_ESI, X86_EDI, X86_EBP, X86_EBX};
    static const uint8_t indices[4] = {X86_ESI, X86_EDI, X86_ESI, X86_EDI};
    struct x86_insn *i = d->i;
    unsigned bytes = MOD(d);
    i->base = bases[RM(d)];
    if (RM(d) < 4)
        i->index = indices[RM(d)];
    if (MOD(d) == 0 && RM(d) == 6) {
        i->base = X86_NO_REG;
        bytes = 2;
    }
    if (bytes)
        i->disp = sign_extend(take(d, bytes), bytes);
}

static void memory32(struct decoding *d)
{
    static const uint8_t sizes[3] = {0, 1, 4};
    struct x86_insn *i = d->i;
    unsigned bytes = sizes[MOD(d)];
    i->base = RM(d);
    if (i->base == X86_ESP) {
        unsigned sib = (unsigned)take(d, 1);
        i->base = sib & 7;
        i->index = sib >> 3 & 7;
        i->scale = (uint8_t)(1u << (sib >> 6));
        if (i->index == X86_ESP) {
            i->index = X86_NO_REG;
            i->scale = 1;
        }
    }
    if (MOD(d) == 0 && i->base == X86_EBP) {
        i->base = X86_NO_REG;
        bytes = 4;
    }
    if (bytes)
        i->disp = sign_extend(take(d, bytes), bytes);
}

static void memory(struct decoding *d)
{
    d->i->addrsize == 2 ? memory16(d) : memory32(d);
    if (!d->i->override && (d->i->base == X86_EBP || d->i->base == X86_ESP))
        d->i->seg = X86_SS;
}

/* ---- operands --------------------------------------------------------------------------------- */

static void immediate(struct decoding *d, const struct x86_spec *s, struct x86_operand *o)
{
    unsigned bytes = s->sign ? 1 : o->size;
    uint64_t v = take(d, bytes);
    if (s->sign)
        v = low_bytes((uint64_t)sign_extend(v, 1), o->size);
    o->kind = d->one_imm ? X86_IMM2 : X86_IMM;
    if (d->one_imm)
        d->i->imm2 = (uint16_t)v;
    else
        d->i->imm = (int64_t)v;
    d->one_imm = true;
}

static void set(struct x86_operand *o, enum x86_kind kind, unsigned reg)
{
    o->kind = (uint8_t)kind;
    o->reg = (uint8_t)reg;
}

/* A register, or memory of the size the type has there. */
static void reg_or_memory(struct decoding *d, const struct x86_spec *s, struct x86_operand *o,
                          enum x86_kind kind)
{
    if (MOD(d) == 3 || (d->form->flags & ANYMOD)) {
        set(o, kind, RM(d));
    } else {
        set(o, X86_MEM, 0);
        o->size = s->memory[d->wide];
    }
}

static void operand(struct decoding *d, const struct x86_spec *s, struct x86_operand *o)
{
    o->size = s->other[d->wide];
    switch ((enum x86_method)s->method) {
    case METHOD_A:
        d->i->imm = (int64_t)take(d, o->size - 2u);
        d->i->imm2 = (uint16_t)take(d, 2);
        set(o, X86_FAR, 0);
        break;
    case METHOD_C:
        set(o, X86_CR, REG(d));
        break;
    case METHOD_D:
        set(o, X86_DR, REG(d));
        break;
    case METHOD_E:
    case METHOD_M:
    case METHOD_R:
        reg_or_memory(d, s, o, X86_REG);
        break;
    case METHOD_G:
        set(o, X86_REG, REG(d));
        break;
    case METHOD_I:
        immediate(d, s, o);
        break;
    case METHOD_J:
        d->i->imm = sign_extend(take(d, o->size), o->size);
        set(o, X86_REL, 0);
        break;
    case METHOD_N:
    case METHOD_Q:
        reg_or_memory(d, s, o, X86_MMX);
        break;
    case METHOD_O:
        d->i->disp = sign_extend(take(d, d->i->addrsize), d->i->addrsize);
        set(o, X86_MEM, 0);
        break;
    case METHOD_P:
        set(o, X86_MMX, REG(d));
        break;
    case METHOD_S:
        set(o, X86_SEGREG, REG(d));
        break;
    case METHOD_U:
    case METHOD_W:
        reg_or_memory(d, s, o, X86_XMM);
        break;
    case METHOD_V:
        set(o, X86_XMM, REG(d));
        break;
    case METHOD_X:
        set(o, X86_SRC_SI, X86_ESI);
        break;
    case METHOD_Y:
        set(o, X86_DST_DI, X86_EDI);
        break;
    case METHOD_Z:
        set(o, X86_REG, d->opcode & 7u);
        break;
    case METHOD_ST_RM:
        set(o, X86_ST, RM(d));
        break;
    case METHOD_FIXED:
        set(o, s->kind, s->fixed);
        if (s->kind == X86_IMM)
            d->i->imm = s->fixed;
        break;
    }
}

/* ---- checks ----------------------------------------------------------------------------------- */

static const struct x86_operand *memory_operand(const struct x86_insn *i)
{
    for (unsigned k = 0; k < i->count; k++)
        if (i->operand[k].kind == X86_MEM)
            return &i->operand[k];
    return NULL;
}

/* Registers that do not exist: segment registers 6 and 7, CS as a destination; CR1, CR5 and above. */
static bool registers_exist(const struct decoding *d)
{
    for (unsigned k = 0; k < d->i->count; k++) {
        unsigned reg = d->i->operand[k].reg;
        switch (d->i->operand[k].kind) {
        case X86_SEGREG:
            if (reg > X86_GS || (reg == X86_CS && (d->form->flags & NO_CS)))
                return false;
            break;
        case X86_CR:
            if (reg == 1 || reg > 4)
                return false;
            break;
        }
    }
    return true;
}

static enum x86_error finish(struct decoding *d)
{
    struct x86_insn *i = d->i;
    const struct x86_operand *m = memory_operand(i);
    if (!registers_exist(d))
        return X86_UNDEFINED;
    if (d->lock && (!(d->form->flags & LOCK) || i->operand[0].kind != X86_MEM))
        return X86_UNDEFINED;
    i->lock = d->lock;
    i->rep = d->form->string ? d->rep : X86_REP_NONE;
    i->aligned =
        (d->form->flags & ALIGNED) || (m && m->size == 16 && !(d->form->flags & UNALIGNED));
    i->op = d->form->op;
    i->row = (uint16_t)(d->form - x86_tables()->form);
    i->unit = d->form->unit;
    return X86_OK;
}

static enum x86_error decode(struct decoding *d)
{
    struct x86_insn *i = d->i;
    uint8_t byte = take_prefixes(d);
    bool large = d->mode & X86_MODE_D;
    d->wide = large != d->opsize;
    i->opsize = d->wide ? 4 : 2;
    i->addrsize = large != d->addrsize ? 4 : 2;
    i->override = d->segment != X86_NO_REG;
    i->seg = i->override ? d->segment : X86_DS;
    bool found = find_form(d, x86_tables(), byte);
    if (d->missing)
        return X86_TRUNCATED;
    if (!found || (d->form->needs & ~d->mode))
        return X86_UNDEFINED;
    i->count = d->form->count;
    if (d->has_modrm && MOD(d) != 3 && !(d->form->flags & ANYMOD))
        memory(d);
    for (unsigned k = 0; k < i->count; k++)
        operand(d, &d->form->operand[k], &i->operand[k]);
    if (d->missing)
        return X86_TRUNCATED;
    return finish(d);
}

enum x86_error x86_decode(const uint8_t *code, size_t count, unsigned mode, struct x86_insn *i)
{
    bool whole = count >= X86_MAX_LENGTH;
    struct decoding d = {.code = code,
                         .limit = whole ? X86_MAX_LENGTH : (unsigned)count,
                         .mode = mode,
                         .i = i,
                         .segment = X86_NO_REG};
    memset(i, 0, sizeof(*i));
    i->base = i->index = X86_NO_REG;
    i->scale = 1;
    enum x86_error error = mode & X86_MODE_L ? X86_UNDEFINED : decode(&d);
    i->length = (uint8_t)d.at;
    if (error != X86_OK)
        i->op = X86_INVALID;
    return error == X86_TRUNCATED && whole ? X86_TOO_LONG : error;
}
