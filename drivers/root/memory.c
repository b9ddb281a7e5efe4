/*
 * RAM: blocks carved out of the regions that the kernel handed over, and the windows through which
 * root reads and writes memory that is not its own.
 *
 * A block is cleared when it is taken, so nobody ever sees what another task left. It is carved,
 * not derived: the extent is nobody else's until its capability is deleted, which unmaps it
 * everywhere and merges it back. Root never maps the parents themselves (the kernel refuses to
 * carve from a region that its owner has mapped). A window is one address range per purpose, open
 * at most once at a time.
 */
#include "root_task.h"

#include <string.h>

#define WINDOW_VA    0x0000300000000000ULL
#define WINDOW_BYTES (1ULL << 40)
#define CLEAR_PAGES  8192 /* mapped at once while clearing: 32 MiB */

static struct extents extents;
static handle_t parents[BOOT_REGIONS_MAX]; /* RAM regions, numbered as in extents */
static uint64_t granted_pages;
static uint64_t window_pages[WINDOW_COUNT]; /* 0: closed */

void memory_init(void)
{
    for (unsigned i = 0; i < boot->region_count && i < BOOT_REGIONS_MAX; i++) {
        const struct boot_region *r = &boot->region[i];
        if (r->kind != BOOT_RAM)
            continue;
        parents[extents.regions] = r->handle;
        if (!extent_add(&extents, r->physical / PAGE_SIZE, r->pages))
            log_line("%llu KiB of memory at %#llx are not used: too many pieces",
                     (unsigned long long)r->pages * 4, (unsigned long long)r->physical);
    }
}

uint64_t memory_free_bytes(void)
{
    return extents.free_pages * PAGE_SIZE;
}

uint64_t memory_largest_bytes(void)
{
    return extent_largest(&extents) * PAGE_SIZE;
}

uint64_t memory_granted_bytes(void)
{
    return granted_pages * PAGE_SIZE;
}

handle_t object_new(unsigned type, handle_t b, uint64_t w1, uint64_t w2, uint64_t w3, uint64_t w4,
                    int *status)
{
    handle_t slot = slot_alloc();
    if (slot == HANDLE_NONE) {
        *status = LIMIT;
        return HANDLE_NONE;
    }
    *status = sys_create(type, ROOT_QUOTA, b, slot, w1, w2, w3, w4);
    if (*status == OK)
        return slot;
    slot_free(slot);
    return HANDLE_NONE;
}

void handle_drop(handle_t *h)
{
    if (*h == HANDLE_NONE)
        return;
    sys_cap(CAP_DELETE, 0, *h, 0, 0, 0, 0);
    slot_free(*h);
    *h = HANDLE_NONE;
}

const struct boot_region *module_find(const char *name)
{
    for (unsigned i = 0; i < boot->region_count && i < BOOT_REGIONS_MAX; i++)
        if (boot->region[i].kind == BOOT_MODULE && strcmp(boot->region[i].name, name) == 0)
            return &boot->region[i];
    return NULL;
}

/* ---- windows ---------------------------------------------------------------------------------- */

static uint64_t window_va(enum window w)
{
    return WINDOW_VA + (uint64_t)w * WINDOW_BYTES;
}

void *window_open(enum window w, handle_t region, uint64_t offset, uint64_t pages, unsigned rights)
{
    unsigned done;
    if (window_pages[w] || pages == 0 || pages > WINDOW_BYTES / PAGE_SIZE)
        return NULL;
    ipc()->vector[0] = (struct map_op){.kind = MAP_MAP,
                                       .rights = (uint8_t)rights,
                                       .region = region,
                                       .va = window_va(w),
                                       .offset = offset,
                                       .pages = pages};
    if (sys_map(0, 1, &done) != OK)
        return NULL;
    window_pages[w] = pages;
    return (void *)window_va(w);
}

void window_close(enum window w)
{
    unsigned done;
    if (!window_pages[w])
        return;
    ipc()->vector[0] =
        (struct map_op){.kind = MAP_UNMAP, .va = window_va(w), .pages = window_pages[w]};
    sys_map(0, 1, &done);
    window_pages[w] = 0;
}

/* ---- blocks ----------------------------------------------------------------------------------- */

static bool clear(const struct block *b)
{
    for (uint64_t at = 0; at < b->pages; at += CLEAR_PAGES) {
        uint64_t n = b->pages - at < CLEAR_PAGES ? b->pages - at : CLEAR_PAGES;
        void *p = window_open(WINDOW_MEMORY, b->region, at, n, MAP_READ | MAP_WRITE);
        if (!p)
            return false;
        memset(p, 0, n * PAGE_SIZE);
        window_close(WINDOW_MEMORY);
    }
    return true;
}

int block_take(struct block *b, uint64_t pages)
{
    int status;
    struct block taken = {.pages = pages};
    if (!extent_take(&extents, pages, &taken.extent))
        return NO_MEMORY;
    taken.region = object_new(OBJ_REGION, parents[taken.extent.parent], taken.extent.offset, pages,
                              RIGHTS_ALL, REGION_CARVE, &status);
    if (taken.region == HANDLE_NONE) {
        extent_give(&extents, &taken.extent);
        return status;
    }
    granted_pages += pages;
    *b = taken;
    if (!clear(b)) {
        block_give(b);
        return QUOTA; /* of the page tables for the window */
    }
    return OK;
}

void block_give(struct block *b)
{
    if (b->pages == 0)
        return;
    handle_drop(&b->region);
    extent_give(&extents, &b->extent);
    granted_pages -= b->pages;
    *b = (struct block){0};
}
