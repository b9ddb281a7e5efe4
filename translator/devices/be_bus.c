/* A big-endian bus (be_bus.h). */
#include <translator/devices/be_bus.h>

static uint64_t turn(uint64_t v, unsigned size)
{
    return __builtin_bswap64(v) >> (64 - 8 * size);
}

static uint64_t bus_read(void *device, uint32_t offset, unsigned size)
{
    const struct be_slot *s = device;
    if (size == 8)
        return bus_read(device, offset, 4) | bus_read(device, offset + 4, 4) << 32;
    return turn(s->ops->read(s->device, offset, size), size);
}

static void bus_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    const struct be_slot *s = device;
    if (size == 8) {
        bus_write(device, offset, 4, value & UINT32_MAX);
        bus_write(device, offset + 4, 4, value >> 32);
        return;
    }
    s->ops->write(s->device, offset, size, turn(value, size));
}

const struct device_ops be_bus_ops = {bus_read, bus_write};
