/* Loads, stores, strings and floating point: operands and results of what ir_run.c does. */
#include <translator/ir_run.h>

#include "interp.h"

static uint32_t address(const struct iop *o, const union slot *f)
{
    unsigned scale = (o->aux & MEM_SCALE) >> MEM_SCALE_SHIFT;
    return (uint32_t)f[o->a].x + ((uint32_t)f[o->b].x << scale) + (uint32_t)o->imm;
}

bool interp_load(struct cpu *cpu, const struct iop *o, union slot *f)
{
    uint64_t v[2];
    if (!ir_run_load(cpu, address(o, f), o->aux, o->type, v))
        return false;
    f[o->d].x = v[0];
    if (o->type == IR_V128)
        f[o->d].q[1] = v[1];
    return true;
}

bool interp_store(struct cpu *cpu, const struct iop *o, const union slot *f)
{
    const uint64_t v[2] = {f[o->c].x, f[o->c].q[1]};
    return ir_run_store(cpu, address(o, f), o->aux, v);
}

void interp_string(struct cpu *cpu, const struct iop *o, union slot *f)
{
    uint32_t to = (uint32_t)f[o->a].x, from = (uint32_t)f[o->b].x;
    int32_t count = (int32_t)f[o->c].x;
    f[o->d].x = (o->code == IR_copy ? ir_run_copy : ir_run_fill)(cpu, o->aux, to, from, count);
}

void interp_float(struct cpu *cpu, const struct frontend *front, const struct iop *o, union slot *f)
{
    f[o->d].x =
        ir_run_float(cpu, front->nan, o->code, o->type, o->imm, f[o->a].x, f[o->b].x, f[o->c].x);
}
