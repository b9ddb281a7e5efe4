/*
 * Advanced SIMD operations that only move bytes: permutations, table look-up, and the (de)interleaving
 * of structures between registers and simd_buffer, which the lifted code fills and empties.
 */
#include <string.h>

#include "simd_args.h"

/* ---- permutations of two registers (A8.8.420, 422, 423) --------------------------------------- */

/* Exchange lane i of x with lane j of y. */
static void swap(uint8_t *x, unsigned i, uint8_t *y, unsigned j, unsigned log2)
{
    uint64_t t = 0, u = 0;
    memcpy(&t, x + (i << log2), 1u << log2);
    memcpy(&u, y + (j << log2), 1u << log2);
    memcpy(x + (i << log2), &u, 1u << log2);
    memcpy(y + (j << log2), &t, 1u << log2);
}

static void permute(unsigned op, uint8_t *d, uint8_t *m, unsigned log2, unsigned bytes)
{
    uint8_t in[32], out[32];
    unsigned lanes = bytes >> log2, lane = 1u << log2;
    if (op == ARM_VTRN) {
        for (unsigned i = 0; i < lanes; i += 2)
            swap(d, i + 1, m, i, log2);
        return;
    }
    memcpy(in, d, bytes);
    memcpy(in + bytes, m, bytes);
    for (unsigned i = 0; i < 2 * lanes; i++) { /* d:m are one row of 2 * lanes */
        unsigned zipped = 2 * (i % lanes) + i / lanes;
        unsigned from = op == ARM_VZIP ? i : zipped, to = op == ARM_VZIP ? zipped : i;
        memcpy(out + to * lane, in + from * lane, lane);
    }
    memcpy(d, out, bytes);
    memcpy(m, out + bytes, bytes);
}

/* ---- table look-up (A8.8.419) ------------------------------------------------------------------ */

static void table(const struct arm_cpu *c, struct simd_args a, uint8_t *out, bool keep)
{
    const uint8_t *from = (const uint8_t *)&c->vfp.d[a.vn], *m = (const uint8_t *)&c->vfp.d[a.vm];
    const uint8_t *d = (const uint8_t *)&c->vfp.d[a.vd];
    for (unsigned i = 0; i < 8; i++)
        out[i] = m[i] < 8 * a.simd ? from[m[i]] : keep ? d[i] : 0;
}

uint64_t arm_helper_neon_move(struct cpu *cpu, uint64_t packed, uint64_t op, uint64_t imm)
{
    struct arm_cpu *c = arm_of(cpu);
    struct simd_args a = simd_unpack(packed);
    uint8_t *d = (uint8_t *)&c->vfp.d[a.vd], *m = (uint8_t *)&c->vfp.d[a.vm], out[8];
    (void)imm;
    if (op == ARM_VTBL || op == ARM_VTBX) {
        table(c, a, out, op == ARM_VTBX);
        memcpy(d, out, 8);
    } else if (a.vd != a.vm) { /* else the result is unknown */
        permute((unsigned)op, d, m, a.size, a.q ? 16 : 8);
    }
    return 0;
}

/* ---- structures (A7.7) ------------------------------------------------------------------------ */

/* simd: elements | structures << 4 | step << 8. x: big-endian elements. */
static void structures(struct arm_cpu *c, struct simd_args a, bool load)
{
    unsigned elements = a.simd & 15, side = a.simd >> 4 & 15, step = a.simd >> 8;
    unsigned lane = 1u << a.size, at = 0;
    uint8_t *buffer = (uint8_t *)c->simd_buffer;
    for (unsigned r = 0; r < side; r++)
        for (unsigned e = 0; e < 8 / lane; e++)
            for (unsigned k = 0; k < elements; k++, at += lane) {
                uint8_t *reg = (uint8_t *)&c->vfp.d[a.vd + r + k * step] + e * lane;
                for (unsigned i = 0; i < lane; i++) {
                    uint8_t *byte = &buffer[at + (a.x ? lane - 1 - i : i)];
                    if (load)
                        reg[i] = *byte;
                    else
                        *byte = reg[i];
                }
            }
}

uint64_t arm_helper_structure_load(struct cpu *cpu, uint64_t packed, uint64_t b, uint64_t imm)
{
    (void)b, (void)imm;
    structures(arm_of(cpu), simd_unpack(packed), true);
    return 0;
}

uint64_t arm_helper_structure_store(struct cpu *cpu, uint64_t packed, uint64_t b, uint64_t imm)
{
    (void)b, (void)imm;
    structures(arm_of(cpu), simd_unpack(packed), false);
    return 0;
}
