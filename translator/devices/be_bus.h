/*
 * A big-endian bus between the translator and device models.
 *
 * Accesses reach devices as little-endian numbers (memory.h): the bytes in the order of memory. A
 * big-endian CPU means the number the other way round, so a slot of this bus turns it, and the model
 * behind sees what the guest's instruction wrote. Doublewords are two words, the lower address first.
 */
#pragma once

#include <translator/board.h>

struct be_slot {
    const struct device_ops *ops;
    void *device;
};
/* The device of these is a struct be_slot. */
extern const struct device_ops be_bus_ops;

/* Big-endian numbers in memory. */
static inline uint32_t load_be16(const void *from)
{
    const uint8_t *p = from;
    return (uint32_t)p[0] << 8 | p[1];
}
static inline uint32_t load_be32(const void *from)
{
    return load_be16(from) << 16 | load_be16((const uint8_t *)from + 2);
}
static inline void store_be16(void *to, uint32_t v)
{
    uint8_t *p = to;
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void store_be32(void *to, uint32_t v)
{
    store_be16(to, v >> 16);
    store_be16((uint8_t *)to + 2, v);
}
