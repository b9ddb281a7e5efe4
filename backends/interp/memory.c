/* Loads and stores: address arithmetic, byte order and extension around the guest's memory. */
#include <translator/memory.h>

#include "interp.h"

static uint32_t address(const struct iop *o, const union slot *f)
{
    unsigned scale = (o->aux & MEM_SCALE) >> MEM_SCALE_SHIFT;
    return (uint32_t)f[o->a].x + ((uint32_t)f[o->b].x << scale) + (uint32_t)o->imm;
}

static unsigned kind(const struct iop *o, unsigned access)
{
    return access | (o->aux & MEM_USER ? (unsigned)ACCESS_USER : 0);
}

/* Reverse the order of the low `bytes` bytes. */
static void reverse(uint64_t v[2], unsigned bytes)
{
    if (bytes == 16) {
        uint64_t low = v[0];
        v[0] = __builtin_bswap64(v[1]);
        v[1] = __builtin_bswap64(low);
    } else {
        v[0] = __builtin_bswap64(v[0]) >> (64 - 8 * bytes);
    }
}

bool interp_load(struct cpu *cpu, const struct iop *o, union slot *f)
{
    unsigned bytes = mem_bytes(o->aux);
    uint64_t v[2] = {0, 0};
    if (!guest_load(cpu, address(o, f), bytes, kind(o, ACCESS_READ), v))
        return false;
    if (o->aux & MEM_BIG)
        reverse(v, bytes);
    if (bytes == 16) {
        f[o->d].q[0] = v[0];
        f[o->d].q[1] = v[1];
        return true;
    }
    unsigned unused = 64 - 8 * bytes;
    uint64_t x = o->aux & MEM_SIGNED ? (uint64_t)((int64_t)(v[0] << unused) >> unused)
                                     : v[0] << unused >> unused;
    f[o->d].x = o->type == IR_I32 ? (uint32_t)x : x;
    return true;
}

bool interp_store(struct cpu *cpu, const struct iop *o, const union slot *f)
{
    unsigned bytes = mem_bytes(o->aux);
    uint64_t v[2] = {f[o->c].x, bytes == 16 ? f[o->c].q[1] : 0};
    if (bytes < 8)
        v[0] &= (1ull << 8 * bytes) - 1;
    if (o->aux & MEM_BIG)
        reverse(v, bytes);
    return guest_store(cpu, address(o, f), bytes, kind(o, ACCESS_WRITE), v);
}
