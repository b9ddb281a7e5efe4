/*
 * The port space (ports.h): one byte for each port says which range answers, so an access costs one
 * look-up. Ranges that are added or removed later, e.g. by a PCI base address register, make the
 * bytes anew from the list in the order of adding; that is rare.
 */
#include <translator/ports.h>

#include <stdlib.h>
#include <string.h>

#define PORTS  0x10000u
#define RANGES 96u /* [0] answers for nobody */

struct port_range {
    unsigned first, count, width;
    const struct device_ops *ops;
    void *device;
    const char *name;
};

struct port_map {
    uint8_t owner[PORTS];
    unsigned ranges;
    struct port_range range[RANGES];
};

static void claim(struct port_map *m, unsigned number)
{
    const struct port_range *r = &m->range[number];
    memset(m->owner + r->first, (int)number, r->count);
}

bool ports_add(struct vm *vm, unsigned first, unsigned count, unsigned width,
               const struct device_ops *ops, void *device, const char *name)
{
    struct port_map **at = vm_ports(vm);
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at == NULL)
            return false;
        (*at)->ranges = 1;
    }
    struct port_map *m = *at;
    if (first >= PORTS || count > PORTS - first || m->ranges == RANGES)
        return false;
    m->range[m->ranges] = (struct port_range){first, count, width, ops, device, name};
    claim(m, m->ranges++);
    return true;
}

void ports_remove(struct vm *vm, unsigned first, const void *device)
{
    struct port_map *m = *vm_ports(vm);
    unsigned n = 1;
    if (m == NULL)
        return;
    while (n < m->ranges && (m->range[n].first != first || m->range[n].device != device))
        n++;
    if (n == m->ranges)
        return;
    m->ranges--;
    memmove(&m->range[n], &m->range[n + 1], (m->ranges - n) * sizeof m->range[0]);
    memset(m->owner, 0, sizeof m->owner);
    for (n = 1; n < m->ranges; n++)
        claim(m, n);
}

/* The range that takes an access whole, or NULL: split it, or nobody is there. */
static const struct port_range *whole(const struct port_map *m, unsigned port, unsigned size)
{
    const struct port_range *r = &m->range[m->owner[port]];
    return r->ops != NULL && size <= r->width && port - r->first + size <= r->count ? r : NULL;
}

uint32_t ports_read(struct vm *vm, unsigned port, unsigned size)
{
    const struct port_map *m = *vm_ports(vm);
    port &= PORTS - 1;
    const struct port_range *r = m != NULL ? whole(m, port, size) : NULL;
    uint32_t ones = 0xffffffffu >> (32 - 8 * size);
    if (r != NULL)
        return (uint32_t)r->ops->read(r->device, port - r->first, size) & ones;
    if (size == 1 || m == NULL)
        return ones;
    unsigned half = size / 2;
    uint32_t low = ports_read(vm, port, half);
    return low | ports_read(vm, port + half, half) << 8 * half;
}

void ports_write(struct vm *vm, unsigned port, unsigned size, uint32_t value)
{
    const struct port_map *m = *vm_ports(vm);
    port &= PORTS - 1;
    const struct port_range *r = m != NULL ? whole(m, port, size) : NULL;
    unsigned half = size / 2;
    if (r != NULL) {
        r->ops->write(r->device, port - r->first, size, value & 0xffffffffu >> (32 - 8 * size));
    } else if (size > 1 && m != NULL) {
        ports_write(vm, port, half, value);
        ports_write(vm, port + half, half, value >> 8 * half);
    }
}

void ports_delete(struct vm *vm)
{
    free(*vm_ports(vm));
    *vm_ports(vm) = NULL;
}
