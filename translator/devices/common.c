/*
 * What device models share (common.h).
 *
 * Numbers are put together from bytes, so the code means the same on any host; compilers make one
 * load or store of it. DMA takes the whole range at once where it lies in one piece of RAM, which is
 * nearly always, and page by page where not.
 */
#include <translator/devices/common.h>

#include <string.h>

void device_unassigned(struct vm *vm, const char *device, bool write, uint32_t offset,
                       unsigned size)
{
    vm_log(vm, "%s: %u-byte %s unassigned offset 0x%x", device, size,
           write ? "write to" : "read of", (unsigned)offset);
}

uint16_t load16(const void *from)
{
    const uint8_t *p = from;
    return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t load32(const void *from)
{
    const uint8_t *p = from;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t load64(const void *from)
{
    return load32(from) | (uint64_t)load32((const uint8_t *)from + 4) << 32;
}

void store16(void *to, uint16_t v)
{
    uint8_t *p = to;
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

void store32(void *to, uint32_t v)
{
    store16(to, (uint16_t)v);
    store16((uint8_t *)to + 2, (uint16_t)(v >> 16));
}

/* Bytes from phys to the end of its page, at most `bytes`. */
static uint64_t in_page(uint64_t phys, uint64_t bytes)
{
    uint64_t rest = GUEST_PAGE - (phys & (GUEST_PAGE - 1));
    return bytes < rest ? bytes : rest;
}

static bool copy(struct vm *vm, uint64_t phys, void *to, const void *from, uint64_t bytes)
{
    void *ram = memory_ram(vm, phys, bytes);
    if (ram == NULL)
        return false;
    if (to != NULL) {
        memcpy(to, ram, bytes);
    } else {
        memcpy(ram, from, bytes);
        memory_written(vm, phys, bytes);
    }
    return true;
}

bool dma_read(struct vm *vm, uint64_t phys, void *to, uint64_t bytes)
{
    if (bytes == 0 || copy(vm, phys, to, NULL, bytes))
        return true;
    for (uint64_t n; bytes != 0; phys += n, to = (char *)to + n, bytes -= n) {
        n = in_page(phys, bytes);
        if (!copy(vm, phys, to, NULL, n))
            return false;
    }
    return true;
}

bool dma_write(struct vm *vm, uint64_t phys, const void *from, uint64_t bytes)
{
    if (bytes == 0 || copy(vm, phys, NULL, from, bytes))
        return true;
    for (uint64_t n; bytes != 0; phys += n, from = (const char *)from + n, bytes -= n) {
        n = in_page(phys, bytes);
        if (!copy(vm, phys, NULL, from, n))
            return false;
    }
    return true;
}
