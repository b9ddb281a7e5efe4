/*
 * vm regions on the kernel: extents carved from the task's memory region. The kernel does not clear
 * what it carves, and pages come back here with old contents; so a new region is cleared, through a
 * window of addresses that is used for nothing else.
 *
 * Each region has a record (handle, extent) on the heap, so that deleting it returns its pages.
 */
#include "internal.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <tetrapla/sys.h>
#include <tetrapla/vm.h>

#define WINDOW_PAGES 16384u /* 64 MiB are cleared at a time */

struct region_record {
    struct region_record *next;
    handle_t handle;
    uint64_t first, pages;
};

static struct region_record *regions;
static struct lock lock;

static int map_window(handle_t region, uint64_t va, uint64_t offset, uint64_t pages)
{
    unsigned done;
    ipc()->vector[0] = (struct map_op){.kind = MAP_MAP,
                                       .rights = MAP_READ | MAP_WRITE,
                                       .region = region,
                                       .va = va,
                                       .offset = offset,
                                       .pages = pages};
    return sys_map(0, 1, &done);
}

static int unmap_window(uint64_t va, uint64_t pages)
{
    unsigned done;
    ipc()->vector[0] = (struct map_op){.kind = MAP_UNMAP, .va = va, .pages = pages};
    return sys_map(0, 1, &done);
}

static int clear(handle_t region, uint64_t pages)
{
    uint64_t step = pages < WINDOW_PAGES ? pages : WINDOW_PAGES;
    uint64_t va = vm_reserve(step << PAGE_SHIFT, LARGE_PAGE_SIZE);
    if (!va)
        return LIMIT;
    int status = OK;
    for (uint64_t at = 0; status == OK && at < pages; at += step) {
        uint64_t n = pages - at < step ? pages - at : step;
        status = map_window(region, va, at, n);
        if (status == OK) {
            memset((void *)va, 0, n << PAGE_SHIFT);
            status = unmap_window(va, n);
        }
    }
    vm_unreserve(va, step << PAGE_SHIFT);
    return status;
}

/* Carve the record's extent and clear it. On failure nothing is left behind. */
static int make(struct region_record *r)
{
    handle_t slot = slot_alloc();
    if (slot == HANDLE_NONE)
        return LIMIT;
    int status = sys_create(OBJ_REGION, LIBRARY_QUOTA, memory_region(), slot, r->first, r->pages,
                            RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_CARVE, REGION_CARVE);
    if (status != OK) {
        slot_free(slot);
        return status;
    }
    status = clear(slot, r->pages);
    if (status != OK) {
        sys_cap(CAP_DELETE, 0, slot, 0, 0, 0, 0);
        slot_free(slot);
        return status;
    }
    r->handle = slot;
    return OK;
}

int vm_region_create(vm_handle *out, uint64_t pages)
{
    if (!pages || memory_region() == HANDLE_NONE)
        return BAD_ARG;
    struct region_record *r = malloc(sizeof(*r));
    if (!r)
        return QUOTA;
    r->pages = pages;
    if (!memory_take_pages(pages, &r->first)) {
        free(r);
        return QUOTA;
    }
    int status = make(r);
    if (status != OK) {
        memory_give_pages(r->first, pages);
        free(r);
        return status;
    }
    *out = r->handle;
    lock_take(&lock);
    r->next = regions;
    regions = r;
    lock_drop(&lock);
    return OK;
}

int vm_region_delete(vm_handle handle)
{
    lock_take(&lock);
    struct region_record **at = &regions, *r;
    while (*at && (*at)->handle != handle)
        at = &(*at)->next;
    r = *at;
    int status = r ? sys_cap(CAP_DELETE, 0, handle, 0, 0, 0, 0) : BAD_HANDLE;
    if (status == OK)
        *at = r->next;
    lock_drop(&lock);
    if (status != OK)
        return status;
    slot_free(handle);
    memory_give_pages(r->first, r->pages);
    free(r);
    return OK;
}
