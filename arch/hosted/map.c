/*
 * Memory regions and mapping.
 *
 * A region is a memory file of the host (memfd); mapping is mmap of a part of it at a fixed place.
 * What is mapped where is also kept here (extents.h), because the host neither says what lies in a
 * range nor unmaps a file everywhere, and because it counts: the host allows some number of
 * mappings in a process and everything in it fails at that number. So vm_map returns QUOTA at a
 * part of it, by default 40 %.
 *
 * Every operation is checked whole before anything is changed, and the host calls behind it then
 * fail only for memory; MAP is one call of the host, UNMAP and PROTECT one per run of adjacent
 * mappings, or a single one for a range from vm_reserve.
 */
#define _GNU_SOURCE
#include "extents.h"
#include "hosted.h"
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct hosted_region {
    struct hosted_object object;
    int file;
    uint64_t pages;
};

static struct hosted_extents extents;
static uint64_t granted; /* pages in regions */
static unsigned limit;   /* of extents; 0: not set yet */
static unsigned most_used;

void hosted_set_map_limit(unsigned mappings)
{
    limit = mappings;
}

unsigned hosted_map_limit(void)
{
    if (limit != 0)
        return limit;
    unsigned most = 65530;
    FILE *f = fopen("/proc/sys/vm/max_map_count", "r");
    if (f != NULL) {
        if (fscanf(f, "%u", &most) != 1)
            most = 65530;
        fclose(f);
    }
    return limit = most / 5 * 2;
}

unsigned hosted_maps_used(void)
{
    return extents.count;
}

unsigned hosted_maps_most(void)
{
    return most_used;
}

/* ---- regions ---- */

static int make_region(struct hosted_region *r)
{
    r->file = memfd_create("tetrapla", MFD_CLOEXEC);
    if (r->file < 0)
        return QUOTA;
    int status = ftruncate(r->file, (off_t)(r->pages * PAGE_SIZE)) == 0 ? OK : QUOTA;
    if (status == OK) {
        hosted_take(&hosted_objects);
        status = hosted_publish(&r->object, HOSTED_REGION);
        hosted_drop(&hosted_objects);
    }
    if (status != OK)
        close(r->file);
    return status;
}

int vm_region_create(vm_handle *out, uint64_t pages)
{
    if (pages == 0)
        return BAD_ARG;
    hosted_self();
    struct hosted_region *r = malloc(sizeof *r);
    if (r == NULL)
        return QUOTA;
    r->pages = pages;
    uint64_t most = (uint64_t)sysconf(_SC_PHYS_PAGES);
    hosted_take(&hosted_maps);
    int status = pages > most || granted > most - pages ? QUOTA : OK;
    if (status == OK)
        granted += pages;
    hosted_drop(&hosted_maps);
    if (status != OK) {
        free(r);
        return status;
    }
    status = make_region(r);
    if (status == OK) {
        *out = r->object.handle;
        return OK;
    }
    hosted_take(&hosted_maps);
    granted -= pages;
    hosted_drop(&hosted_maps);
    free(r);
    return status;
}

/* ---- operations; under hosted_maps ---- */

static int protection(unsigned rights)
{
    return PROT_READ | (rights & MAP_WRITE ? PROT_WRITE : 0) | (rights & MAP_EXEC ? PROT_EXEC : 0);
}

static int map(const struct map_op *op, struct hosted_region *r, uint64_t end)
{
    struct hosted_extent run = {.va = op->va,
                                .pages = op->pages,
                                .offset = op->offset,
                                .region = r,
                                .rights = op->rights | MAP_READ};
    if (op->offset > r->pages || op->pages > r->pages - op->offset)
        return BAD_ARG;
    struct hosted_extent *there = hosted_extents_from(&extents, op->va);
    if (there != NULL && there->va < end)
        return OCCUPIED;
    if (extents.count >= hosted_map_limit() && hosted_extents_growth(&extents, &run) > 0)
        return QUOTA;
    if (!hosted_extents_ready(&extents, 1))
        return QUOTA;
    void *at = mmap((void *)op->va, op->pages * PAGE_SIZE, protection(op->rights),
                    MAP_SHARED | MAP_FIXED_NOREPLACE, r->file, (off_t)(op->offset * PAGE_SIZE));
    if (at == MAP_FAILED)
        return errno == EEXIST ? OCCUPIED : QUOTA;
    hosted_extents_add(&extents, run);
    if (extents.count > most_used)
        most_used = extents.count;
    return OK;
}

/* Apply `change` to each run of adjacent extents in [va, end). */
static bool each_run(uint64_t va, uint64_t end, bool (*change)(uint64_t from, uint64_t to, int how),
                     int how)
{
    struct hosted_extent *x = hosted_extents_from(&extents, va);
    while (x != NULL && x->va < end) {
        uint64_t from = x->va > va ? x->va : va, to = hosted_extent_end(x);
        while ((x = hosted_extents_from(&extents, to)) != NULL && x->va == to && to < end)
            to = hosted_extent_end(x);
        if (!change(from, to < end ? to : end, how))
            return false;
    }
    return true;
}

static bool drop_run(uint64_t from, uint64_t to, int how)
{
    (void)how;
    return munmap((void *)from, to - from) == 0;
}

static bool protect_run(uint64_t from, uint64_t to, int how)
{
    return mprotect((void *)from, to - from, how) == 0;
}

/* Whether a boundary at va would cut an extent in two. */
static bool cuts(uint64_t va)
{
    struct hosted_extent *x = hosted_extents_from(&extents, va);
    return x != NULL && x->va < va;
}

static int unmap(uint64_t va, uint64_t end)
{
    struct hosted_extent *x = hosted_extents_from(&extents, va);
    if (x == NULL || x->va >= end)
        return OK;
    if (!hosted_extents_ready(&extents, 1))
        return QUOTA;
    bool done = hosted_reserved(va, end) ? munmap((void *)va, end - va) == 0
                                         : each_run(va, end, drop_run, 0);
    if (!done)
        return QUOTA;
    hosted_extents_remove(&extents, va, end);
    return OK;
}

static int protect(const struct map_op *op, const struct hosted_region *r, uint64_t end)
{
    uint8_t rights = op->rights | MAP_READ;
    for (struct hosted_extent *x = hosted_extents_from(&extents, op->va); x != NULL && x->va < end;
         x = hosted_extents_from(&extents, hosted_extent_end(x)))
        if (x->region != r)
            return BAD_ARG;
    if (extents.count + cuts(op->va) + cuts(end) > hosted_map_limit())
        return QUOTA;
    if (!hosted_extents_ready(&extents, 4)) /* both boundaries cut: a new part and a rest each */
        return QUOTA;
    if (!each_run(op->va, end, protect_run, protection(op->rights)))
        return QUOTA;
    /* Take each extent's part out and put it back with its new rights. */
    uint64_t at = op->va;
    while (at < end) {
        struct hosted_extent *x = hosted_extents_from(&extents, at);
        if (x == NULL || x->va >= end)
            break;
        struct hosted_extent part = *x;
        uint64_t from = part.va > at ? part.va : at, to = hosted_extent_end(&part);
        to = to < end ? to : end;
        if (part.rights != rights) {
            part.offset += (from - part.va) / PAGE_SIZE;
            part.va = from;
            part.pages = (to - from) / PAGE_SIZE;
            part.rights = rights;
            hosted_extents_remove(&extents, from, to);
            hosted_extents_add(&extents, part);
        }
        at = to;
    }
    return OK;
}

static int apply(const struct map_op *op)
{
    if (op->kind > MAP_PROTECT || op->zero != 0 || op->pages == 0 || op->va % PAGE_SIZE != 0)
        return BAD_ARG;
    if (op->va < USER_MIN || op->va >= USER_MAX || op->pages > (USER_MAX - op->va) / PAGE_SIZE)
        return BAD_ADDRESS;
    uint64_t end = op->va + op->pages * PAGE_SIZE;
    if (op->kind == MAP_UNMAP)
        return unmap(op->va, end);
    if (op->rights == 0 || op->rights & ~(MAP_READ | MAP_WRITE | MAP_EXEC))
        return BAD_ARG;
    int status;
    struct hosted_region *r = hosted_object(op->region, HOSTED_REGION, &status);
    if (r == NULL)
        return status;
    return op->kind == MAP_MAP ? map(op, r, end) : protect(op, r, end);
}

int vm_map(const struct map_op *ops, unsigned count, unsigned *done)
{
    *done = 0;
    if (count > MAP_VECTOR_MAX)
        return BAD_ARG;
    if (count == 0)
        return OK;
    int status = OK;
    hosted_take(&hosted_maps);
    while (*done < count && (status = apply(&ops[*done])) == OK)
        ++*done;
    hosted_drop(&hosted_maps);
    return status;
}

int vm_region_delete(vm_handle handle)
{
    int status;
    hosted_take(&hosted_maps);
    struct hosted_region *r = hosted_object(handle, HOSTED_REGION, &status);
    if (r != NULL && !hosted_extents_ready(&extents, 1))
        status = QUOTA;
    if (status != OK) {
        hosted_drop(&hosted_maps);
        return status;
    }
    struct hosted_extent *x = hosted_extents_from(&extents, 0);
    while (x != NULL) {
        uint64_t va = x->va, end = hosted_extent_end(x);
        if (x->region == r)
            unmap(va, end);
        x = hosted_extents_from(&extents, end);
    }
    granted -= r->pages;
    hosted_take(&hosted_objects);
    hosted_withdraw(&r->object);
    hosted_drop(&hosted_objects);
    hosted_drop(&hosted_maps);
    close(r->file);
    free(r);
    return OK;
}
