/*
 * Compiles the rows to the tables of tables.h.
 *
 * Three walks over the rows: which shape every opcode needs, where its slots begin, and filling
 * them. A slot that is filled twice is an overlap; the test asks for `bad`.
 */
#include "tables.h"

#include <stdlib.h>
#include <string.h>

/* One row's encoding, parsed. */
struct encoding {
    int prefix; /* enum x86_mandatory; -1: any */
    unsigned map, opcode, span;
    int reg;   /* -1: any */
    int modrm; /* the whole byte; -1: any */
    bool memory, registers;
    bool condition, has_modrm;
};

static const struct {
    uint32_t needs;
    uint8_t unit;
} classes[CLASSES] = {
    [CLASS_BASE] = {0, X86_UNIT_BASE},
    [CLASS_PROT] = {X86_MODE_PROTECTED, X86_UNIT_BASE},
    [CLASS_CMOV] = {X86_HAS_CMOV, X86_UNIT_BASE},
    [CLASS_CX8] = {X86_HAS_CX8, X86_UNIT_BASE},
    [CLASS_SEP] = {X86_HAS_SEP, X86_UNIT_BASE},
    [CLASS_CLFSH] = {X86_HAS_CLFSH, X86_UNIT_BASE},
    [CLASS_MONITOR] = {X86_HAS_MONITOR, X86_UNIT_BASE},
    [CLASS_RDTSCP] = {X86_HAS_RDTSCP, X86_UNIT_BASE},
    [CLASS_MOVBE] = {X86_HAS_MOVBE, X86_UNIT_BASE},
    [CLASS_SSE_BASE] = {X86_HAS_SSE, X86_UNIT_BASE},
    [CLASS_SSE2_BASE] = {X86_HAS_SSE2, X86_UNIT_BASE},
    [CLASS_FPU] = {X86_HAS_FPU, X86_UNIT_X87},
    [CLASS_FPU_CMOV] = {X86_HAS_FPU | X86_HAS_CMOV, X86_UNIT_X87},
    [CLASS_FPU_SSE3] = {X86_HAS_FPU | X86_HAS_SSE3, X86_UNIT_X87},
    [CLASS_FXSR] = {X86_HAS_FXSR, X86_UNIT_X87},
    [CLASS_MMX] = {X86_HAS_MMX, X86_UNIT_MMX},
    [CLASS_MMX_SSE] = {X86_HAS_MMX | X86_HAS_SSE, X86_UNIT_MMX},
    [CLASS_MMX_SSE2] = {X86_HAS_MMX | X86_HAS_SSE2, X86_UNIT_MMX},
    [CLASS_MMX_SSSE3] = {X86_HAS_MMX | X86_HAS_SSSE3, X86_UNIT_MMX},
    [CLASS_SSE] = {X86_HAS_SSE, X86_UNIT_SSE},
    [CLASS_SSE2] = {X86_HAS_SSE2, X86_UNIT_SSE},
    [CLASS_SSE3] = {X86_HAS_SSE3, X86_UNIT_SSE},
    [CLASS_SSSE3] = {X86_HAS_SSSE3, X86_UNIT_SSE},
};

/* Operand types: sizes for operand size attributes 2, 4, 8, in memory and elsewhere. */
static const struct {
    char name[3];
    uint16_t memory[3], other[3];
} types[] = {
    {"b", {1, 1, 1}, {1, 1, 1}},       {"w", {2, 2, 2}, {2, 2, 2}},
    {"d", {4, 4, 4}, {4, 4, 4}},       {"q", {8, 8, 8}, {8, 8, 8}},
    {"x", {16, 16, 16}, {16, 16, 16}}, {"t", {10, 10, 10}, {10, 10, 10}},
    {"v", {2, 4, 8}, {2, 4, 8}},       {"z", {2, 4, 4}, {2, 4, 4}},
    {"y", {4, 4, 8}, {4, 4, 8}},       {"p", {4, 6, 10}, {4, 6, 10}},
    {"a", {4, 8, 8}, {4, 8, 8}},       {"s", {6, 6, 10}, {6, 6, 10}},
    {"n", {0, 0, 0}, {0, 0, 0}},       {"bs", {1, 1, 1}, {2, 4, 8}},
    {"e", {14, 28, 28}, {0, 0, 0}},    {"f", {94, 108, 108}, {0, 0, 0}},
    {"vw", {2, 2, 2}, {2, 4, 8}},      {"yb", {1, 1, 1}, {4, 4, 8}},
    {"yw", {2, 2, 2}, {4, 4, 8}},
};

/* Operands that are registers by name. */
static const struct {
    char name[4];
    uint8_t method, kind, fixed;
    uint16_t size[3];
} fixed_operands[] = {
    {"AL", METHOD_FIXED, X86_REG, X86_EAX, {1, 1, 1}},
    {"CL", METHOD_FIXED, X86_REG, X86_ECX, {1, 1, 1}},
    {"AX", METHOD_FIXED, X86_REG, X86_EAX, {2, 2, 2}},
    {"DX", METHOD_FIXED, X86_REG, X86_EDX, {2, 2, 2}},
    {"eAX", METHOD_FIXED, X86_REG, X86_EAX, {2, 4, 4}},
    {"rAX", METHOD_FIXED, X86_REG, X86_EAX, {2, 4, 8}},
    {"1", METHOD_FIXED, X86_IMM, 1, {1, 1, 1}},
    {"ES", METHOD_FIXED, X86_SEGREG, X86_ES, {2, 4, 8}},
    {"CS", METHOD_FIXED, X86_SEGREG, X86_CS, {2, 4, 8}},
    {"SS", METHOD_FIXED, X86_SEGREG, X86_SS, {2, 4, 8}},
    {"DS", METHOD_FIXED, X86_SEGREG, X86_DS, {2, 4, 8}},
    {"FS", METHOD_FIXED, X86_SEGREG, X86_FS, {2, 4, 8}},
    {"GS", METHOD_FIXED, X86_SEGREG, X86_GS, {2, 4, 8}},
    {"ST0", METHOD_FIXED, X86_ST, 0, {10, 10, 10}},
    {"STi", METHOD_ST_RM, 0, 0, {10, 10, 10}},
};

static const char methods[] = "ACDEGIJMNOPQRSUVWXYZ"; /* in the order of enum x86_method */
#define WITH_MODRM                                                                        \
    (1u << METHOD_C | 1u << METHOD_D | 1u << METHOD_E | 1u << METHOD_G | 1u << METHOD_M | \
     1u << METHOD_N | 1u << METHOD_P | 1u << METHOD_Q | 1u << METHOD_R | 1u << METHOD_S | \
     1u << METHOD_U | 1u << METHOD_V | 1u << METHOD_W | 1u << METHOD_ST_RM)

/* The next word of a text of words, at most 7 signs; false at its end. */
static bool word(const char **at, char to[8])
{
    unsigned n = 0;
    while (**at == ' ')
        ++*at;
    for (; **at && **at != ' '; ++*at)
        if (n < 7)
            to[n++] = **at;
    to[n] = 0;
    return n > 0;
}

/* ---- operands --------------------------------------------------------------------------------- */

static bool parse_operand(const char *text, struct x86_spec *s)
{
    for (unsigned k = 0; k < sizeof(fixed_operands) / sizeof(fixed_operands[0]); k++)
        if (!strcmp(text, fixed_operands[k].name)) {
            s->method = fixed_operands[k].method;
            s->kind = fixed_operands[k].kind;
            s->fixed = fixed_operands[k].fixed;
            memcpy(s->memory, fixed_operands[k].size, sizeof(s->memory));
            memcpy(s->other, fixed_operands[k].size, sizeof(s->other));
            return true;
        }
    const char *method = strchr(methods, text[0]);
    if (!method)
        return false;
    s->method = (uint8_t)(method - methods);
    for (unsigned k = 0; k < sizeof(types) / sizeof(types[0]); k++)
        if (!strcmp(text + 1, types[k].name)) {
            memcpy(s->memory, types[k].memory, sizeof(s->memory));
            memcpy(s->other, types[k].other, sizeof(s->other));
            s->sign = !strcmp(types[k].name, "bs");
            return true;
        }
    return false;
}

static bool parse_operands(const struct x86_row *row, struct x86_form *f)
{
    char text[8];
    for (const char *at = row->operands; word(&at, text); f->count++)
        if (f->count == 4 || !parse_operand(text, &f->operand[f->count]))
            return false;
    for (unsigned k = 0; k < f->count; k++)
        f->string |= f->operand[k].method == METHOD_X || f->operand[k].method == METHOD_Y;
    return true;
}

/* ---- encodings -------------------------------------------------------------------------------- */

static bool parse_prefix(const char *text, struct encoding *e)
{
    static const char names[4][3] = {"NP", "66", "F3", "F2"};
    for (int k = 0; k < 4; k++)
        if (!strcmp(text, names[k])) {
            e->prefix = k;
            return true;
        }
    return false;
}

/* A word after the opcode. */
static bool parse_rest(const char *text, struct encoding *e)
{
    if (text[0] == '/') {
        e->has_modrm = true;
        if (text[1] != 'r')
            e->reg = text[1] - '0';
    } else if (!strcmp(text, "m")) {
        e->registers = false;
    } else if (!strcmp(text, "r")) {
        e->memory = false;
    } else {
        e->modrm = (int)strtoul(text, NULL, 16);
        e->memory = false;
    }
    e->has_modrm = true;
    return e->reg >= -1 && e->reg < 8;
}

static bool parse_encoding(const struct x86_row *row, const struct x86_form *f, struct encoding *e)
{
    *e = (struct encoding){
        .prefix = -1, .span = 1, .reg = -1, .modrm = -1, .memory = true, .registers = true};
    const char *at = row->encoding;
    char text[8], *rest;
    if (!word(&at, text) || (parse_prefix(text, e) && !word(&at, text)))
        return false;
    if (!strcmp(text, "0F")) {
        e->map = MAP_0F;
        if (!word(&at, text))
            return false;
        if (!strcmp(text, "38") || !strcmp(text, "3A")) {
            e->map = text[1] == '8' ? MAP_0F38 : MAP_0F3A;
            if (!word(&at, text))
                return false;
        }
    }
    e->opcode = (unsigned)strtoul(text, &rest, 16);
    e->condition = !strcmp(rest, "+c");
    e->span = e->condition ? 16 : !strcmp(rest, "+r") ? 8 : 1;
    if (rest != text + 2 || e->opcode + e->span > 256)
        return false;
    while (word(&at, text))
        if (!parse_rest(text, e))
            return false;
    for (unsigned k = 0; k < f->count; k++) {
        unsigned method = f->operand[k].method;
        e->has_modrm |= WITH_MODRM >> method & 1;
        if (method == METHOD_M)
            e->registers = false;
        if (method == METHOD_N || method == METHOD_U)
            e->memory = false;
    }
    return true;
}

static uint8_t shape_of(const struct encoding *e)
{
    unsigned shape = e->has_modrm ? SHAPE_MODRM : 0;
    if (e->prefix >= 0)
        shape |= SHAPE_PREFIX;
    if (e->modrm >= 0)
        shape |= SHAPE_FULL;
    else if (e->reg >= 0 || !e->memory || !e->registers)
        shape |= SHAPE_GROUP;
    return (uint8_t)shape;
}

/* ---- slots ------------------------------------------------------------------------------------ */

/* Give every opcode its slots; false if there are not enough. */
static bool allocate(struct x86_tables *t)
{
    unsigned used = 1; /* slot 0 is empty */
    for (unsigned k = 0; k < MAPS * 256; k++) {
        struct x86_opcode *o = &t->opcode[k / 256][k % 256];
        if (o->shape & SHAPE_FULL)
            o->shape &= (uint8_t)~SHAPE_GROUP;
        o->width = o->shape & SHAPE_FULL ? 72 : o->shape & SHAPE_GROUP ? 16 : 1;
        unsigned slots = o->width * (o->shape & SHAPE_PREFIX ? 4u : 1u);
        o->base = (uint16_t)used;
        used += slots;
    }
    return used <= sizeof(t->slot) / sizeof(t->slot[0]);
}

/* Whether part `part` of an opcode of this width (tables.h) belongs to the encoding. */
static bool covers(const struct encoding *e, unsigned width, unsigned part)
{
    if (width == 1)
        return true;
    if (part < 8)
        return e->memory && (e->reg < 0 || e->reg == (int)part);
    if (!e->registers)
        return false;
    if (e->modrm >= 0)
        return (unsigned)(e->modrm & 63) == part - 8;
    unsigned reg = width == 16 ? part - 8 : (part - 8) / 8;
    return e->reg < 0 || e->reg == (int)reg;
}

/* Enter form `number`; false if a slot is taken. */
static bool fill(struct x86_tables *t, const struct encoding *e, unsigned number)
{
    bool free = true;
    for (unsigned k = 0; k < e->span; k++) {
        const struct x86_opcode *o = &t->opcode[e->map][e->opcode + k];
        unsigned prefixes = o->shape & SHAPE_PREFIX ? 4 : 1;
        for (unsigned p = 0; p < prefixes; p++) {
            if (prefixes == 4 && e->prefix >= 0 && e->prefix != (int)p)
                continue;
            for (unsigned part = 0; part < o->width; part++) {
                uint16_t *slot = &t->slot[o->base + p * o->width + part];
                if (!covers(e, o->width, part))
                    continue;
                free = free && !*slot;
                *slot = (uint16_t)number;
            }
        }
    }
    return free;
}

static void build(struct x86_tables *t)
{
    struct encoding e;
    if (x86_row_count > sizeof(t->form) / sizeof(t->form[0])) {
        t->bad = &x86_insn_rows[0];
        return;
    }
    for (unsigned k = 1; k < x86_row_count; k++) {
        const struct x86_row *row = &x86_insn_rows[k];
        struct x86_form *f = &t->form[k];
        f->op = row->op;
        f->flags = row->flags;
        f->unit = classes[row->class].unit;
        f->needs = classes[row->class].needs;
        if (!parse_operands(row, f) || !parse_encoding(row, f, &e)) {
            t->bad = row;
            return;
        }
        f->condition = e.condition;
        for (unsigned n = 0; n < e.span; n++)
            t->opcode[e.map][e.opcode + n].shape |= shape_of(&e);
    }
    if (!allocate(t)) {
        t->bad = &x86_insn_rows[0];
        return;
    }
    for (unsigned k = 1; k < x86_row_count; k++) {
        parse_encoding(&x86_insn_rows[k], &t->form[k], &e);
        if (!fill(t, &e, k))
            t->bad = &x86_insn_rows[k];
    }
}

const struct x86_tables *x86_tables(void)
{
    static struct x86_tables tables;
    if (!tables.ready) {
        build(&tables);
        tables.ready = true;
    }
    return &tables;
}
