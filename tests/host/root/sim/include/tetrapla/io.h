/* I/O ports of the simulated machine: a UART at 3F8h that is always ready, and nothing else. */
#pragma once

#include <stdint.h>

static inline uint8_t in8(uint16_t port)
{
    return port == 0x3f8 + 5 ? 0x60 : 0xff;
}
static inline uint16_t in16(uint16_t port)
{
    return (uint16_t)(0xff00 | in8(port));
}
static inline void out8(uint16_t port, uint8_t value)
{
    (void)port, (void)value;
}
static inline void out16(uint16_t port, uint16_t value)
{
    (void)port, (void)value;
}
