/*
 * Encoders. Prefixes, REX or VEX, opcode, ModRM, SIB, displacement, immediate (Intel SDM vol. 2,
 * 2.1–2.3), all from the row in asm_ops.h. The shortest displacement is chosen; the one for RIP is
 * filled in when the length of the instruction is known.
 */
#include "asm.h"

#include <string.h>

#define VEX ROW_VEX
#define R   ROW_R
#define S   ROW_S
const struct x86_row x86_rows[X_OPS] = {
#define OP(id, name, prefix, map, opcode, ext, imm, form) \
    [X_##id] = {name, form, prefix, map, opcode, ext, imm},
#include "asm_ops.h"
#undef OP
};

#define LONGEST 16

static uint8_t *room(struct code *c)
{
    if (c->end - c->at < LONGEST) {
        c->full = true;
        c->at = c->start; /* the code is void from here on */
    }
    return c->at;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
    return p + 4;
}

/* Which immediate the row has here: 0, 1 or 4 bytes. */
static unsigned imm_bytes(const struct x86_row *r, int32_t imm)
{
    if (r->imm == ROW_S)
        return imm == (int8_t)imm ? 1 : 4;
    return r->imm;
}

static bool byte_operand(const struct x86_row *r, bool in_rm)
{
    for (const char *f = r->form; f < r->form + 4 && *f; f++)
        if (*f == (in_rm ? 'B' : 'b'))
            return true;
    return false;
}

/* Prefixes and opcode; rex: bits R X B as the REX byte numbers them; vvvv only for VEX. */
static uint8_t *head(uint8_t *p, const struct x86_row *r, bool w, unsigned rex, bool need_rex,
                     unsigned vvvv, unsigned nimm)
{
    static const uint8_t vex_prefix[] = {0, 1, 3, 2}; /* none, 66, F2, F3 → pp */
    unsigned opcode = r->opcode | (r->imm == ROW_S && nimm == 1 ? 2 : 0);
    unsigned map = r->map & 7;
    if (r->form[0] == 'q')
        w = true;
    if (r->map & ROW_VEX) {
        unsigned which = r->prefix == 0 ? 0 : r->prefix == 0x66 ? 1 : r->prefix - 0xf2u + 2;
        *p++ = 0xc4;
        *p++ = (uint8_t)(((~rex & 7) << 5) | map);
        *p++ = (uint8_t)((w ? 0x80 : 0) | ((~vvvv & 15) << 3) | vex_prefix[which]);
        *p++ = (uint8_t)opcode;
        return p;
    }
    if (r->prefix)
        *p++ = r->prefix;
    if (w || rex || need_rex)
        *p++ = (uint8_t)(0x40 | (w ? 8 : 0) | rex);
    if (map)
        *p++ = 0x0f;
    if (map >= 2)
        *p++ = map == 2 ? 0x38 : 0x3a;
    *p++ = (uint8_t)opcode;
    return p;
}

static uint8_t *put_imm(uint8_t *p, unsigned n, int32_t imm)
{
    if (n == 1)
        *p++ = (uint8_t)imm;
    else if (n == 4)
        p = put32(p, (uint32_t)imm);
    return p;
}

static void encode_rr(struct code *c, const struct x86_row *r, bool w, unsigned reg, unsigned v,
                      unsigned rm, int32_t imm)
{
    uint8_t *p = room(c);
    unsigned field = r->ext == ROW_R ? reg : r->ext, n = imm_bytes(r, imm);
    bool need = (byte_operand(r, false) && reg >= 4) || (byte_operand(r, true) && rm >= 4);
    p = head(p, r, w, (field >> 3) << 2 | rm >> 3, need, v, n);
    *p++ = (uint8_t)(0xc0 | (field & 7) << 3 | (rm & 7));
    c->at = put_imm(p, n, imm);
}

/* ModRM, SIB and displacement; after: bytes of the instruction that follow the displacement. */
static uint8_t *address(struct code *c, uint8_t *p, unsigned field, const struct mem *m,
                        unsigned after)
{
    unsigned reg = (field & 7) << 3;
    if (m->rip) {
        *p++ = (uint8_t)(reg | 5);
        uint64_t next = (uint64_t)(uintptr_t)c->run + (uint64_t)(p + 4 - c->start) + after;
        return put32(p, (uint32_t)(m->at - next));
    }
    if (m->base == NO_REG) {
        *p++ = (uint8_t)(reg | 4);
        *p++ = (uint8_t)(m->index == NO_REG ? 0x25 : m->scale << 6 | (m->index & 7) << 3 | 5);
        return put32(p, (uint32_t)m->disp);
    }
    unsigned mod = m->disp == 0 && (m->base & 7) != RBP ? 0 : m->disp == (int8_t)m->disp ? 1 : 2;
    if (m->index == NO_REG && (m->base & 7) != RSP) {
        *p++ = (uint8_t)(mod << 6 | reg | (m->base & 7));
    } else {
        unsigned index = m->index == NO_REG ? 4 : m->index & 7;
        *p++ = (uint8_t)(mod << 6 | reg | 4);
        *p++ = (uint8_t)(m->scale << 6 | index << 3 | (m->base & 7));
    }
    if (mod == 1)
        *p++ = (uint8_t)m->disp;
    return mod == 2 ? put32(p, (uint32_t)m->disp) : p;
}

static void encode_rm(struct code *c, const struct x86_row *r, bool w, unsigned reg, unsigned v,
                      const struct mem *m, int32_t imm)
{
    uint8_t *p = room(c);
    unsigned field = r->ext == ROW_R ? reg : r->ext, n = imm_bytes(r, imm);
    unsigned b = m->base != NO_REG && !m->rip ? m->base >> 3 : 0;
    unsigned x = m->index != NO_REG && !m->rip ? m->index >> 3 : 0;
    if (m->gs)
        *p++ = 0x65;
    if (m->ea32)
        *p++ = 0x67;
    p = head(p, r, w, (field >> 3) << 2 | x << 1 | b, byte_operand(r, false) && reg >= 4, v, n);
    p = address(c, p, field, m, n);
    c->at = put_imm(p, n, imm);
}

void x86_rr(struct code *c, enum x86_op op, bool w, unsigned reg, unsigned rm, int32_t imm)
{
    encode_rr(c, &x86_rows[op], w, reg, 0, rm, imm);
}

void x86_rm(struct code *c, enum x86_op op, bool w, unsigned reg, const struct mem *m, int32_t imm)
{
    encode_rm(c, &x86_rows[op], w, reg, 0, m, imm);
}

void x86_vex(struct code *c, enum x86_op op, bool w, unsigned reg, unsigned v, unsigned rm,
             int32_t imm)
{
    encode_rr(c, &x86_rows[op], w, reg, v, rm, imm);
}

void x86_setcc(struct code *c, unsigned cc, unsigned reg)
{
    struct x86_row r = {"", "B", 0, 1, (uint8_t)(0x90 | cc), 0, 0};
    encode_rr(c, &r, false, 0, 0, reg, 0);
}

void x86_setcc_m(struct code *c, unsigned cc, const struct mem *m)
{
    struct x86_row r = {"", "B", 0, 1, (uint8_t)(0x90 | cc), 0, 0};
    encode_rm(c, &r, false, 0, 0, m, 0);
}

void x86_cmov(struct code *c, unsigned cc, bool w, unsigned reg, unsigned rm)
{
    struct x86_row r = {"", "gE", 0, 1, (uint8_t)(0x40 | cc), ROW_R, 0};
    encode_rr(c, &r, w, reg, 0, rm, 0);
}

void x86_cmov_m(struct code *c, unsigned cc, bool w, unsigned reg, const struct mem *m)
{
    struct x86_row r = {"", "gE", 0, 1, (uint8_t)(0x40 | cc), ROW_R, 0};
    encode_rm(c, &r, w, reg, 0, m, 0);
}

void x86_patch(struct code *c, uint32_t field, uint32_t target)
{
    if (!c->full)
        put32(c->start + field, target - (field + 4));
}

uint32_t x86_jcc(struct code *c, unsigned cc, uint32_t target)
{
    uint8_t *p = room(c);
    *p++ = 0x0f;
    *p++ = (uint8_t)(0x80 | cc);
    c->at = p + 4;
    x86_patch(c, (uint32_t)(p - c->start), target);
    return (uint32_t)(p - c->start);
}

uint32_t x86_jmp(struct code *c, uint32_t target)
{
    uint8_t *p = room(c);
    *p++ = 0xe9;
    c->at = p + 4;
    x86_patch(c, (uint32_t)(p - c->start), target);
    return (uint32_t)(p - c->start);
}

uint32_t x86_jcc8(struct code *c, unsigned cc)
{
    uint8_t *p = room(c);
    *p++ = (uint8_t)(0x70 | cc);
    c->at = p + 1;
    return (uint32_t)(p - c->start);
}

void x86_here8(struct code *c, uint32_t field)
{
    if (!c->full)
        c->start[field] = (uint8_t)(code_offset(c) - (field + 1));
}

static void relative(struct code *c, unsigned opcode, uint64_t run)
{
    uint8_t *p = room(c);
    *p++ = (uint8_t)opcode;
    uint64_t next = (uint64_t)(uintptr_t)c->run + (uint64_t)(p + 4 - c->start);
    c->at = put32(p, (uint32_t)(run - next));
}

void x86_jmp_to(struct code *c, uint64_t run)
{
    relative(c, 0xe9, run);
}

void x86_call_to(struct code *c, uint64_t run)
{
    relative(c, 0xe8, run);
}

void x86_const(struct code *c, unsigned reg, uint64_t v)
{
    if (v >> 32 == 0) {
        uint8_t *p = room(c);
        if (reg >= 8)
            *p++ = 0x41;
        *p++ = (uint8_t)(0xb8 | (reg & 7));
        c->at = put32(p, (uint32_t)v);
    } else if ((int64_t)v == (int32_t)v) {
        x86_rr(c, X_MOV_I, true, 0, reg, (int32_t)v);
    } else {
        x86_const64(c, reg, v);
    }
}

void x86_const64(struct code *c, unsigned reg, uint64_t v)
{
    uint8_t *p = room(c);
    *p++ = (uint8_t)(0x48 | reg >> 3);
    *p++ = (uint8_t)(0xb8 | (reg & 7));
    p = put32(p, (uint32_t)v);
    c->at = put32(p, (uint32_t)(v >> 32));
}

/* Opcode with the register in its low bits; w only for bswap. */
static void short_form(struct code *c, bool w, unsigned map, unsigned opcode, unsigned reg)
{
    uint8_t *p = room(c);
    if (w || reg >= 8)
        *p++ = (uint8_t)(0x40 | (w ? 8 : 0) | reg >> 3);
    if (map)
        *p++ = 0x0f;
    *p++ = (uint8_t)(opcode | (reg & 7));
    c->at = p;
}

void x86_bswap(struct code *c, bool w, unsigned reg)
{
    short_form(c, w, 1, 0xc8, reg);
}

void x86_push(struct code *c, unsigned reg)
{
    short_form(c, false, 0, 0x50, reg);
}

void x86_pop(struct code *c, unsigned reg)
{
    short_form(c, false, 0, 0x58, reg);
}

void x86_byte(struct code *c, unsigned byte)
{
    uint8_t *p = room(c);
    *p++ = (uint8_t)byte;
    c->at = p;
}

/* ah is register number 4 of byte instructions without REX. */
void x86_store_ah(struct code *c, const struct mem *m)
{
    struct x86_row r = {"", "Eg", 0, 0, 0x88, ROW_R, 0};
    encode_rm(c, &r, false, 4, 0, m, 0);
}

void x86_load_ah(struct code *c, const struct mem *m)
{
    struct x86_row r = {"", "gE", 0, 0, 0x8a, ROW_R, 0};
    encode_rm(c, &r, false, 4, 0, m, 0);
}

void x86_movzx_eax_ah(struct code *c)
{
    x86_byte(c, 0x0f);
    x86_byte(c, 0xb6);
    x86_byte(c, 0xc4);
}

void x86_mov_ah_al(struct code *c)
{
    struct x86_row r = {"", "Eg", 0, 0, 0x88, ROW_R, 0};
    encode_rr(c, &r, false, RAX, 0, 4, 0);
}
