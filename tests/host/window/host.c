/* The host of the model: tetrapla/vm.h as far as windows use it, with a quota of pages. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

struct host_page host_pages[WINDOW_MAX][SPOTS];
unsigned host_limit, host_mapped, host_wrong;
struct vm *host_vm;

#define SLAB        0x200000000000ULL
#define WINDOW_GAP  (64u << 10)
#define SLAB_BEGINS (256ULL << 20) /* larger reservations are the windows */

int vm_region_create(vm_handle *out, uint64_t pages)
{
    (void)pages;
    *out = 7;
    return OK;
}

int vm_region_delete(vm_handle r)
{
    (void)r;
    return OK;
}

uint64_t vm_reserve(uint64_t bytes, uint64_t align)
{
    (void)align;
    return bytes >= SLAB_BEGINS ? SLAB : (uint64_t)aligned_alloc(GUEST_PAGE, bytes);
}

void vm_unreserve(uint64_t va, uint64_t bytes)
{
    (void)bytes;
    if (va != SLAB)
        free((void *)va);
}

static void wrong(const char *what, const struct map_op *op)
{
    if (host_wrong++ < 5)
        printf("%s: kind %u at %llx, %llu pages\n", what, op->kind, (unsigned long long)op->va,
               (unsigned long long)op->pages);
}

static int map_page(struct host_page *h, const struct map_op *op, uint64_t n)
{
    if (h->rights != 0) {
        wrong("already mapped", op);
        return OCCUPIED;
    }
    h->page = (uint32_t)(op->offset + n);
    h->rights = op->rights;
    host_mapped++;
    return OK;
}

static int map_pages(const struct map_op *op, struct host_page *window, uint32_t va)
{
    int status = OK;
    if (host_mapped + op->pages > host_limit)
        return QUOTA;
    for (uint64_t n = 0; n < op->pages && status == OK; n++) {
        unsigned spot = va_spot(va + (uint32_t)n * GUEST_PAGE);
        if (spot == SPOTS) {
            wrong("maps what the guest has not", op);
            return BAD_ADDRESS;
        }
        status = map_page(&window[spot], op, n);
    }
    return status;
}

static int apply(const struct map_op *op)
{
    uint64_t at = op->va - SLAB - WINDOW_GAP;
    if (op->va < SLAB || op->va - SLAB >= WINDOW_MAX * WINDOW_STRIDE)
        return OK; /* where C code sees the RAM */
    struct host_page *window = host_pages[at / WINDOW_STRIDE];
    uint32_t va = (uint32_t)(at % WINDOW_STRIDE);
    if (at % WINDOW_STRIDE + op->pages * GUEST_PAGE > 1ULL << 32)
        wrong("leaves its window", op);
    if (op->kind == MAP_MAP)
        return map_pages(op, window, va);
    for (unsigned spot = 0; spot < SPOTS; spot++) {
        struct host_page *h = &window[spot];
        if (h->rights == 0 || spot_va(spot) < va || spot_va(spot) - va >= op->pages * GUEST_PAGE)
            continue;
        if (op->kind == MAP_UNMAP)
            host_mapped--;
        h->rights = op->kind == MAP_UNMAP ? 0 : op->rights;
    }
    return OK;
}

int vm_map(const struct map_op *ops, unsigned count, unsigned *done)
{
    int status = OK;
    *done = 0;
    while (*done < count && (status = apply(&ops[*done])) == OK)
        ++*done;
    return status;
}

/* ---- the rest of the translator ---- */

void vm_broken(struct vm *vm, const char *what)
{
    (void)vm;
    printf("FAIL window: broken: %s\n", what);
    exit(1);
}

void vm_log(struct vm *vm, const char *format, ...)
{
    (void)vm, (void)format;
}

void cache_unlink_cross(struct vm *vm, uint32_t va, uint32_t va_mask)
{
    (void)vm, (void)va, (void)va_mask;
}

void cache_kill_page(struct vm *vm, struct ram *r, uint64_t phys)
{
    (void)vm;
    ram_page(r, phys)->code = 0;
}

/* All cold sites of the model are in one block. */
unsigned blocks_killed;
struct side_entry model_side;

struct block *cache_by_host(struct vm *vm, uint64_t host)
{
    static struct block b = {.phys = RAM_BASE};
    (void)vm, (void)host;
    return &b;
}

const struct side_entry *block_side(const struct block *b, uint64_t host)
{
    (void)b;
    model_side.pc = (uint32_t)host;
    return &model_side;
}

void cache_kill(struct vm *vm, struct block *b)
{
    (void)vm, (void)b;
    blocks_killed++;
}

bool cache_check_page(struct vm *vm, struct ram *r, uint64_t phys)
{
    cache_kill_page(vm, r, phys);
    return false;
}
