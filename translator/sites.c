/*
 * Memory instructions that need another translation than the common one: they met a device, or a
 * process-dependent page in privileged mode.
 *
 * Known by the physical address of the instruction, so the knowledge outlives the block. The table
 * only ever grows; when it is full, further sites stay slow in another way (they fault each time).
 */
#include <translator/machine.h>

static unsigned hash(uint64_t phys)
{
    return (unsigned)((phys >> 1) * 0x9e3779b97f4a7c15ULL >> 40) % SITES;
}

static struct site *find(const struct vm *vm, uint64_t phys)
{
    unsigned at = hash(phys);
    while (vm->sites[at].bits != 0 && vm->sites[at].phys != phys)
        at = (at + 1) % SITES;
    return (struct site *)&vm->sites[at];
}

unsigned site_bits(const struct vm *vm, uint64_t phys)
{
    return find(vm, phys)->bits;
}

bool site_mark(struct vm *vm, uint64_t phys, unsigned bits)
{
    struct site *s = find(vm, phys);
    if (s->bits == 0) {
        if (vm->site_count >= SITES / 4 * 3)
            return false;
        vm->site_count++;
    }
    s->phys = phys;
    s->bits |= (uint8_t)bits;
    return true;
}
