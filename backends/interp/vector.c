/* Vectors of 128 bits in lanes of 8, 16, 32 or 64: element by element, through the lane's type. */
#include <string.h>

#include <translator/ir_vec.h>

#include "interp.h"

/* One lane of an operation; values zero-extended, width in bits. */
static uint64_t lane(const struct iop *o, uint64_t a, uint64_t b, unsigned width)
{
    unsigned unused = 64 - width;
    int64_t sa = (int64_t)(a << unused) >> unused, sb = (int64_t)(b << unused) >> unused;
    switch (o->code) {
    case IR_vadd:
        return a + b;
    case IR_vsub:
        return a - b;
    case IR_vmul:
        return a * b;
    case IR_veq:
        return a == b ? ~0ull : 0;
    case IR_vgts:
        return sa > sb ? ~0ull : 0;
    case IR_vshl:
        return a << (o->imm & 63);
    case IR_vshr:
        return a >> (o->imm & 63);
    case IR_vsar:
        return (uint64_t)(sa >> (o->imm & 63));
    default: /* vsplat: a is the same in every lane */
        return a;
    }
}

static void lanes(const struct iop *o, const union slot *a, const union slot *b, union slot *r)
{
    bool splat = o->code == IR_vsplat;
    switch (o->aux & 3) {
    case 0:
        for (unsigned n = 0; n < 16; n++)
            r->b[n] = (uint8_t)lane(o, a->b[splat ? 0 : n], b->b[n], 8);
        break;
    case 1:
        for (unsigned n = 0; n < 8; n++)
            r->h[n] = (uint16_t)lane(o, a->h[splat ? 0 : n], b->h[n], 16);
        break;
    case 2:
        for (unsigned n = 0; n < 4; n++)
            r->w[n] = (uint32_t)lane(o, a->w[splat ? 0 : n], b->w[n], 32);
        break;
    default:
        for (unsigned n = 0; n < 2; n++)
            r->q[n] = lane(o, a->q[splat ? 0 : n], b->q[n], 64);
    }
}

static void function(struct cpu *cpu, const struct frontend *f, const struct iop *o,
                     const union slot *a, const union slot *b, union slot *r)
{
    union vec d, s;
    memcpy(&d, a, 16);
    memcpy(&s, b, 16);
    vec_run(cpu, f->nan, o->imm, &d, &s);
    memcpy(r, &d, 16);
}

void interp_vector(struct cpu *cpu, const struct frontend *frontend, const struct iop *o,
                   union slot *f)
{
    union slot a = f[o->a], b = f[o->b], *d = &f[o->d];
    if (o->code == IR_vop || o->code == IR_vfop) {
        function(cpu, frontend, o, &a, &b, d);
        return;
    }
    if (o->code == IR_vmask)
        d->x = 0;
    for (unsigned n = 0; n < 16 && o->code == IR_vmask; n++)
        d->x |= (uint64_t)(a.b[n] >> 7) << n;
    for (unsigned n = 0; n < 16 && o->code == IR_vminu; n++)
        d->b[n] = a.b[n] < b.b[n] ? a.b[n] : b.b[n];
    if (o->code == IR_vmask || o->code == IR_vminu)
        return;
    for (unsigned n = 0; n < 2; n++)
        switch (o->code) {
        case IR_vand:
            d->q[n] = a.q[n] & b.q[n];
            break;
        case IR_vor:
            d->q[n] = a.q[n] | b.q[n];
            break;
        case IR_vxor:
            d->q[n] = a.q[n] ^ b.q[n];
            break;
        case IR_vandn:
            d->q[n] = b.q[n] & ~a.q[n];
            break;
        case IR_vsplat64:
            d->q[n] = a.q[0];
            break;
        case IR_vmake:
            d->q[n] = n == 0 ? a.q[0] : b.q[0];
            break;
        default:
            lanes(o, &a, &b, d);
            return;
        }
}
