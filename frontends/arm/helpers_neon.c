/*
 * Advanced SIMD, lane by lane: finds the operation's row, takes lanes from the operands, collects
 * results and writes them at the end, so that registers may overlap.
 */
#include <string.h>

#include "neon_lanes.h"

static uint64_t lane_get(const uint8_t *from, unsigned log2, unsigned index)
{
    uint64_t v = 0;
    memcpy(&v, from + (index << log2), 1u << log2);
    return v;
}
static int64_t lane_extended(const uint8_t *from, unsigned log2, unsigned index, bool is_unsigned)
{
    unsigned up = 64 - (8u << log2);
    uint64_t v = lane_get(from, log2, index) << up;
    return is_unsigned ? (int64_t)(v >> up) : (int64_t)v >> up;
}

/* Rows are numbered through neon_int, neon_float, neon_half. */
static const struct lane_op *numbered(unsigned row)
{
    if (row < neon_int_count)
        return &neon_int[row];
    row -= neon_int_count;
    return row < neon_float_count ? &neon_float[row] : &neon_half[(row - neon_float_count) & 1];
}

unsigned simd_lane_row(unsigned op, unsigned x, bool *fp)
{
    unsigned halves = neon_int_count + neon_float_count, row = 0;
    while (row < halves && numbered(row)->op != op)
        row++;
    row += row == halves ? x & 1 : 0;
    *fp = numbered(row)->is_float;
    return row;
}

/* Log2 of what the sizes of n, m and d are times the size named, and bytes of d (0: by Q). */
static const struct {
    uint8_t n, m, d, bytes;
} shapes[] = {
    [SHAPE_SAME] = {0, 0, 0, 0},   [SHAPE_LONG] = {0, 0, 1, 16}, [SHAPE_WIDE] = {1, 0, 1, 16},
    [SHAPE_NARROW] = {1, 1, 0, 8}, [SHAPE_PAIR] = {0, 0, 0, 8},  [SHAPE_PAIRL] = {0, 0, 1, 0},
};

static void run(struct lanes *s, const struct lane_op *o, struct arm_cpu *c, struct simd_args a,
                unsigned scalar_lane)
{
    const uint8_t *n = (const uint8_t *)&c->vfp.d[a.vn], *m = (const uint8_t *)&c->vfp.d[a.vm];
    uint8_t *d = (uint8_t *)&c->vfp.d[a.vd], out[16];
    unsigned ns = a.size + shapes[o->shape].n, ms = a.size + shapes[o->shape].m;
    unsigned ds = a.size + shapes[o->shape].d;
    unsigned bytes = shapes[o->shape].bytes ? shapes[o->shape].bytes : a.q ? 16 : 8;
    unsigned lanes = bytes >> ds;
    bool u = s->is_unsigned;
    for (unsigned i = 0; i < lanes; i++) {
        int64_t x, y;
        if (o->shape == SHAPE_PAIR) {
            const uint8_t *from = 2 * i < lanes ? n : m;
            unsigned first = 2 * i % lanes;
            x = lane_extended(from, ns, first, u);
            y = lane_extended(from, ns, first + 1, u);
        } else if (o->shape == SHAPE_PAIRL) {
            x = lane_extended(m, ns, 2 * i, u);
            y = lane_extended(m, ns, 2 * i + 1, u);
        } else {
            x = lane_extended(n, ns, i, u);
            y = lane_extended(m, ms, a.simd & 1 ? scalar_lane : i, u);
        }
        uint64_t r = (uint64_t)o->run(s, x, y, (int64_t)lane_get(d, ds, i));
        memcpy(out + (i << ds), &r, 1u << ds);
    }
    memcpy(d, out, bytes);
}

uint64_t arm_helper_neon(struct cpu *cpu, uint64_t packed, uint64_t row, uint64_t imm)
{
    struct arm_cpu *c = arm_of(cpu);
    struct simd_args a = simd_unpack(packed);
    const struct lane_op *o = numbered((unsigned)row);
    struct lanes s = {.bits = 8u << a.size,
                      .is_unsigned = a.x & 1,
                      .shift = (unsigned)imm,
                      .alternative = c->fpscr & FPSCR_AHP,
                      .sf = {.round = SF_NEAREST,
                             .nan = NAN_ARM,
                             .default_nan = true,
                             .flush_inputs = true,
                             .flush_results = true}};
    run(&s, o, c, a, (unsigned)imm);
    if (s.saturated)
        c->fpscr |= FPSCR_QC;
    if (o->is_float)
        simd_raise(c, &s.sf);
    return 0;
}
