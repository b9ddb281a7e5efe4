/*
 * What device models share: complaints about guests that wander, bytes in the order of the bus, and
 * DMA.
 *
 * DMA goes through guest RAM only. A transfer that would touch anything else moves nothing past that
 * point and says false; addresses come from the guest and are checked here, whatever they are.
 */
#pragma once

#include <translator/board.h>

/* Log an access to a register that does not exist, or one of a size the device does not take. */
void device_unassigned(struct vm *vm, const char *device, bool write, uint32_t offset,
                       unsigned size);

/* Little-endian numbers in memory. */
uint16_t load16(const void *from);
uint32_t load32(const void *from);
uint64_t load64(const void *from);
void store16(void *to, uint16_t v);
void store32(void *to, uint32_t v);

/* Copy between guest RAM and a buffer. dma_write announces what it wrote. */
bool dma_read(struct vm *vm, uint64_t phys, void *to, uint64_t bytes);
bool dma_write(struct vm *vm, uint64_t phys, const void *from, uint64_t bytes);

/* Identification registers of ARM's PrimeCells: 32 bytes at FE0h, one byte in each word. */
#define PRIMECELL_ID 0xfe0u
static inline uint32_t primecell_id(const uint8_t id[8], uint32_t offset)
{
    return id[(offset - PRIMECELL_ID) / 4];
}
