/*
 * Memory instructions that need another translation than the common one: they met a device, or a
 * process-dependent page in privileged mode.
 *
 * Known by the physical address of the instruction, so the knowledge outlives the block. When the table
 * is full, all is forgotten: a guest may have more such instructions than it holds (x86 code of random
 * bytes does), but not in one block, so each gets on. A site is in the table if its generation is the
 * present one; counting it up is all the clearing there is.
 */
#include <translator/machine.h>

static unsigned hash(uint64_t phys)
{
    return (unsigned)((phys >> 1) * 0x9e3779b97f4a7c15ULL >> 40) % SITES;
}

static struct site *find(const struct vm *vm, uint64_t phys)
{
    unsigned at = hash(phys);
    while (vm->sites[at].generation == vm->site_generation && vm->sites[at].phys != phys)
        at = (at + 1) % SITES;
    return (struct site *)&vm->sites[at];
}

unsigned site_bits(const struct vm *vm, uint64_t phys)
{
    const struct site *s = find(vm, phys);
    return s->generation == vm->site_generation ? s->bits : 0;
}

void site_clear(struct vm *vm, uint64_t phys, unsigned bits)
{
    struct site *s = find(vm, phys);
    if (s->generation == vm->site_generation)
        s->bits &= (uint8_t)~bits;
}

void site_mark(struct vm *vm, uint64_t phys, unsigned bits)
{
    if (vm->site_count >= SITES / 4 * 3) {
        vm->site_generation++;
        vm->site_count = 0;
    }
    struct site *s = find(vm, phys);
    if (s->generation != vm->site_generation) {
        *s = (struct site){phys, vm->site_generation, 0};
        vm->site_count++;
    }
    s->bits |= (uint8_t)bits;
}
