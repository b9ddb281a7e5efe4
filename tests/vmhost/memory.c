/*
 * mmap on vm.h: each mapping is a region of its own, that of tmpfile's descriptor the file's. Whoever
 * asks for a fixed address gets it out of one range that is reserved before any other, at the
 * beginning of all that can be reserved; nothing is mapped for PROT_NONE. Nothing is given back: the
 * programs end first.
 */
#include "vmhost.h"

#include <stdio.h>
#include <sys/mman.h>
#include <tetrapla/task.h>
#include <tetrapla/vm.h>
#include <unistd.h>

#define FIXED_BYTES (16ULL << 30)
#define FILE_NUMBER 3

uint64_t code_from, code_to;
static vm_handle file;
static struct {
    uint64_t va, bytes;
    vm_handle region;
} mapping[16]; /* MAP_PROTECT wants to know the region */
static unsigned mappings;

FILE *tmpfile(void)
{
    return stdout; /* any that is not NULL */
}

int fileno(FILE *f)
{
    (void)f;
    return FILE_NUMBER;
}

int ftruncate(int number, long bytes)
{
    return number == FILE_NUMBER && vm_region_create(&file, (uint64_t)bytes / PAGE_SIZE) == OK ? 0
                                                                                               : -1;
}

static uint8_t rights_of(int protection)
{
    return (uint8_t)((protection & PROT_READ ? MAP_READ : 0) |
                     (protection & PROT_WRITE ? MAP_WRITE : 0) |
                     (protection & PROT_EXEC ? MAP_EXEC : 0));
}

static int apply(struct map_op op)
{
    unsigned done;
    return vm_map(&op, 1, &done);
}

static uint64_t pages_of(size_t bytes)
{
    return (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* Where it is to be; 0: nowhere. */
static uint64_t place(uint64_t at, size_t bytes, int flags)
{
    static uint64_t fixed;
    if (!fixed)
        fixed = vm_reserve(FIXED_BYTES, PAGE_SIZE);
    if (!(flags & MAP_FIXED))
        return vm_reserve(bytes, PAGE_SIZE);
    return fixed == RESERVE_VA ? at : 0;
}

void *mmap(void *at, size_t bytes, int protection, int flags, int number, long offset)
{
    uint64_t va = place((uint64_t)at, bytes, flags), pages = pages_of(bytes);
    vm_handle region = file;
    if (!va)
        return MAP_FAILED;
    if (protection == PROT_NONE)
        return (void *)va;
    if (mappings == sizeof mapping / sizeof mapping[0])
        return MAP_FAILED;
    if (number != FILE_NUMBER && vm_region_create(&region, pages) != OK)
        return MAP_FAILED;
    if (flags & MAP_FIXED)
        apply((struct map_op){.kind = MAP_UNMAP, .va = va, .pages = pages});
    if (apply((struct map_op){.kind = MAP_MAP,
                              .rights = rights_of(protection),
                              .region = region,
                              .va = va,
                              .offset = (uint64_t)offset / PAGE_SIZE,
                              .pages = pages}) != OK)
        return MAP_FAILED;
    mapping[mappings].va = va;
    mapping[mappings].bytes = bytes;
    mapping[mappings++].region = region;
    if (protection & PROT_EXEC) {
        code_from = va;
        code_to = va + bytes;
    }
    return (void *)va;
}

int mprotect(void *at, size_t bytes, int protection)
{
    uint64_t va = (uint64_t)at;
    for (unsigned n = 0; n < mappings; n++)
        if (va >= mapping[n].va && va + bytes <= mapping[n].va + mapping[n].bytes)
            return apply((struct map_op){.kind = MAP_PROTECT,
                                         .rights = rights_of(protection),
                                         .region = mapping[n].region,
                                         .va = va,
                                         .pages = pages_of(bytes)}) == OK
                       ? 0
                       : -1;
    return -1;
}
