/*
 * Regions, address ranges, and mapping as a translator does it.
 */
#include "suite.h"

#define WORD(va) (*(volatile uint64_t *)(va))

static const char *regions(void)
{
    vm_handle r;
    uint64_t va = vm_reserve(16 * PAGE_SIZE, PAGE_SIZE);
    CHECK(va != 0 && va % PAGE_SIZE == 0);
    CHECK(vm_region_create(&r, 0) != OK);
    for (unsigned round = 0; round < 50; round++) {
        CHECK(vm_region_create(&r, 16) == OK);
        CHECK(vm_one(MAP_MAP, r, va, 0, 16, RW) == OK);
        for (uint64_t i = 0; i < 16 * PAGE_SIZE; i += 512)
            CHECK(WORD(va + i) == 0); /* also when the memory was used before */
        memset((void *)va, 0xaa, 16 * PAGE_SIZE);
        CHECK(vm_region_delete(r) == OK);
        CHECK(vm_one(MAP_UNMAP, 0, va, 0, 16, 0) == OK); /* nothing is left there */
    }
    CHECK(vm_region_delete(r) != OK);
    CHECK(vm_region_delete(0) != OK);
    vm_unreserve(va, 16 * PAGE_SIZE);
    return NULL;
}

static const char *region_quota(void)
{
    vm_handle r, small;
    CHECK(vm_region_create(&r, 1ULL << 40) == QUOTA);
    CHECK(vm_region_create(&r, UINT64_MAX) != OK);
    CHECK(vm_region_create(&small, 1) == OK);
    CHECK(vm_region_delete(small) == OK);
    return NULL;
}

static const char *reserve(void)
{
    uint64_t va[20];
    for (unsigned i = 0; i < 20; i++) {
        uint64_t align = PAGE_SIZE << (i % 10);
        va[i] = vm_reserve((i + 1) * 3 * PAGE_SIZE, align);
        CHECK(va[i] != 0 && va[i] % align == 0);
        for (unsigned k = 0; k < i; k++)
            CHECK(va[k] + (k + 1) * 3 * PAGE_SIZE <= va[i] ||
                  va[i] + (i + 1) * 3 * PAGE_SIZE <= va[k]);
    }
    for (unsigned i = 0; i < 20; i++)
        vm_unreserve(va[i], (i + 1) * 3 * PAGE_SIZE);
    CHECK(vm_reserve(1ULL << 62, PAGE_SIZE) == 0);
    /* A 4 GiB guest's window, many times over: ranges come back. */
    for (unsigned i = 0; i < 30000; i++) {
        uint64_t window = vm_reserve(1ULL << 32, LARGE_PAGE_SIZE);
        CHECK(window != 0);
        vm_unreserve(window, 1ULL << 32);
    }
    return NULL;
}

static const char *alias(void)
{
    vm_handle r;
    uint64_t a = vm_reserve(8 * PAGE_SIZE, PAGE_SIZE), b = vm_reserve(8 * PAGE_SIZE, PAGE_SIZE);
    CHECK(a != 0 && b != 0);
    CHECK(vm_region_create(&r, 8) == OK);
    CHECK(vm_one(MAP_MAP, r, a, 0, 8, RW) == OK);
    for (uint64_t i = 0; i < 8; i++)
        CHECK(vm_one(MAP_MAP, r, b + i * PAGE_SIZE, 7 - i, 1, RW) == OK);
    for (uint64_t i = 0; i < 8; i++)
        WORD(a + i * PAGE_SIZE) = 100 + i;
    for (uint64_t i = 0; i < 8; i++)
        CHECK(WORD(b + i * PAGE_SIZE) == 107 - i);
    WORD(b) = 1;
    CHECK(WORD(a + 7 * PAGE_SIZE) == 1);
    CHECK(vm_one(MAP_UNMAP, 0, a, 0, 8, 0) == OK);
    CHECK(WORD(b) == 1);
    CHECK(vm_region_delete(r) == OK);
    vm_unreserve(a, 8 * PAGE_SIZE);
    vm_unreserve(b, 8 * PAGE_SIZE);
    return NULL;
}

static const char *bad_arguments(void)
{
    vm_handle r;
    uint64_t va = vm_reserve(8 * PAGE_SIZE, PAGE_SIZE);
    struct map_op ops[MAP_VECTOR_MAX + 1];
    unsigned done = 9;
    CHECK(vm_region_create(&r, 4) == OK);
    CHECK(vm_one(MAP_MAP, r, va + 1, 0, 1, RW) != OK);
    CHECK(vm_one(MAP_MAP, r, va, 0, 0, RW) != OK);
    CHECK(vm_one(MAP_MAP, r, va, 0, 5, RW) != OK);
    CHECK(vm_one(MAP_MAP, r, va, 4, 1, RW) != OK);
    CHECK(vm_one(MAP_MAP, r, va, UINT64_MAX, 2, RW) != OK);
    CHECK(vm_one(MAP_MAP, r, 0, 0, 1, RW) != OK);
    CHECK(vm_one(MAP_MAP, r, USER_MAX, 0, 1, RW) != OK);
    CHECK(vm_one(MAP_MAP, r, 0xffff800000000000ULL, 0, 1, RW) != OK);
    CHECK(vm_one(MAP_MAP, 0, va, 0, 1, RW) != OK);
    CHECK(vm_one(MAP_MAP, 31000, va, 0, 1, RW) != OK);
    CHECK(vm_one(77, r, va, 0, 1, RW) != OK);
    CHECK(vm_one(MAP_UNMAP, 0, va, 0, 1ULL << 52, 0) != OK);
    memset(ops, 0, sizeof ops);
    CHECK(vm_map(ops, MAP_VECTOR_MAX + 1, &done) != OK && done == 0);
    CHECK(vm_map(ops, 0, &done) == OK && done == 0);
    CHECK(vm_one(MAP_MAP, r, va, 0, 4, RW) == OK);
    CHECK(vm_one(MAP_MAP, r, va + 3 * PAGE_SIZE, 0, 1, RW) == OCCUPIED);
    CHECK(vm_region_delete(r) == OK);
    vm_unreserve(va, 8 * PAGE_SIZE);
    return NULL;
}

static const char *vectors(void)
{
    vm_handle r;
    uint64_t va = vm_reserve(128 * PAGE_SIZE, PAGE_SIZE);
    struct map_op ops[MAP_VECTOR_MAX];
    unsigned done;
    CHECK(vm_region_create(&r, 64) == OK);
    for (unsigned i = 0; i < 64; i++)
        ops[i] = vm_op(MAP_MAP, r, va + 2 * i * PAGE_SIZE, i, 1, RW);
    CHECK(vm_map(ops, 64, &done) == OK && done == 64);
    for (uint64_t i = 0; i < 64; i++)
        WORD(va + 2 * i * PAGE_SIZE) = i;
    for (unsigned i = 0; i < 64; i++)
        ops[i] = vm_op(i == 40 ? MAP_MAP : MAP_UNMAP, i == 40 ? r : 0, va + 2 * i * PAGE_SIZE, 0, 1,
                       i == 40 ? RW : 0);
    CHECK(vm_map(ops, 64, &done) == OCCUPIED && done == 40);
    for (uint64_t i = 40; i < 64; i++)
        CHECK(WORD(va + 2 * i * PAGE_SIZE) == i);
    CHECK(vm_one(MAP_MAP, r, va, 0, 1, RW) == OK); /* the first 40 are gone */
    CHECK(vm_region_delete(r) == OK);
    vm_unreserve(va, 128 * PAGE_SIZE);
    return NULL;
}

static const char *large_extents(void)
{
    vm_handle r;
    uint64_t pages = 3 * 512, va = vm_reserve(2 * pages * PAGE_SIZE, LARGE_PAGE_SIZE);
    CHECK(va != 0);
    CHECK(vm_region_create(&r, pages) == OK);
    CHECK(vm_one(MAP_MAP, r, va, 0, pages, RW) == OK);
    for (uint64_t p = 0; p < pages; p++)
        WORD(va + p * PAGE_SIZE) = p;
    /* Holes and odd edges in the extent. */
    CHECK(vm_one(MAP_UNMAP, 0, va + 700 * PAGE_SIZE, 0, 1, 0) == OK);
    CHECK(vm_one(MAP_PROTECT, r, va + 100 * PAGE_SIZE, 0, 3, MAP_READ) == OK);
    for (uint64_t p = 0; p < pages; p++)
        if (p != 700)
            CHECK(WORD(va + p * PAGE_SIZE) == p);
    CHECK(vm_one(MAP_MAP, r, va + 700 * PAGE_SIZE, 5, 1, RW) == OK);
    CHECK(WORD(va + 700 * PAGE_SIZE) == 5);
    CHECK(vm_one(MAP_PROTECT, r, va, 0, pages, RW) == OK);
    WORD(va + 101 * PAGE_SIZE) = 1;
    CHECK(vm_one(MAP_MAP, r, va + pages * PAGE_SIZE + PAGE_SIZE, 1, pages - 1, RW) == OK);
    CHECK(WORD(va + (pages + 101) * PAGE_SIZE) == 1);
    CHECK(vm_one(MAP_UNMAP, 0, va, 0, 2 * pages, 0) == OK);
    CHECK(vm_one(MAP_MAP, r, va, 0, pages, RW) == OK);
    CHECK(vm_region_delete(r) == OK);
    vm_unreserve(va, 2 * pages * PAGE_SIZE);
    return NULL;
}

/* Random maps, unmaps and protects against a model; the contents say which page is where. */
static const char *model(void)
{
    enum { PAGES = 192 };
    static uint16_t at[PAGES]; /* 1 + page of the region; 0 = nothing */
    vm_handle r;
    uint64_t seed = 88172645463325252ULL, va = vm_reserve(PAGES * PAGE_SIZE, PAGE_SIZE);
    CHECK(vm_region_create(&r, PAGES) == OK);
    CHECK(vm_one(MAP_MAP, r, va, 0, PAGES, RW) == OK);
    for (uint64_t p = 0; p < PAGES; p++) {
        WORD(va + p * PAGE_SIZE) = p * 77;
        at[p] = (uint16_t)(p + 1);
    }
    for (unsigned round = 0; round < 4000; round++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        uint64_t first = seed % PAGES, count = (seed >> 16) % 20 + 1, kind = (seed >> 32) % 3;
        uint64_t offset = (seed >> 40) % PAGES;
        bool blocked = false;
        if (first + count > PAGES)
            count = PAGES - first;
        if (offset + count > PAGES)
            offset = PAGES - count;
        for (uint64_t p = first; p < first + count; p++)
            blocked |= kind == MAP_MAP && at[p] != 0;
        int status =
            vm_one((unsigned)kind, kind == MAP_UNMAP ? 0 : r, va + first * PAGE_SIZE, offset, count,
                   kind == MAP_UNMAP ? 0
                   : kind == MAP_MAP ? RW
                                     : MAP_READ);
        CHECK(status == (blocked ? OCCUPIED : OK));
        for (uint64_t p = first; p < first + count && !blocked && kind != MAP_PROTECT; p++)
            at[p] = (uint16_t)(kind == MAP_UNMAP ? 0 : offset + p - first + 1);
        for (uint64_t p = seed >> 50 & 7; p < PAGES; p += 8)
            CHECK(at[p] == 0 || WORD(va + p * PAGE_SIZE) == (at[p] - 1u) * 77u);
    }
    CHECK(vm_region_delete(r) == OK);
    vm_unreserve(va, PAGES * PAGE_SIZE);
    return NULL;
}

/* A guest's page table changes: windows of 4 GiB filled sparsely and dropped as a whole. */
static const char *windows(void)
{
    vm_handle r;
    uint64_t window = vm_reserve(1ULL << 32, LARGE_PAGE_SIZE), mapped = 0;
    CHECK(window != 0);
    CHECK(vm_region_create(&r, 256) == OK);
    for (unsigned round = 0; round < 60; round++) {
        for (uint64_t i = 0; i < 40; i++) {
            uint64_t va =
                window + (i * 2654435761ULL + round * 40503ULL) % (1ULL << 20) * PAGE_SIZE;
            int status = vm_one(MAP_MAP, r, va, i, 1, RW);
            CHECK(status == OK || status == OCCUPIED || status == QUOTA);
            if (status == OK) {
                WORD(va) = round + i;
                mapped++;
            }
        }
        CHECK(vm_one(MAP_UNMAP, 0, window, 0, 1ULL << 20, 0) == OK);
    }
    CHECK(mapped > 600);
    CHECK(vm_region_delete(r) == OK);
    vm_unreserve(window, 1ULL << 32);
    return NULL;
}

const struct vm_test memory_tests[] = {{"vm_region", regions},
                                       {"vm_region_quota", region_quota},
                                       {"vm_reserve", reserve},
                                       {"vm_map_alias", alias},
                                       {"vm_map_bad_arguments", bad_arguments},
                                       {"vm_map_vectors", vectors},
                                       {"vm_map_large_extents", large_extents},
                                       {"vm_map_model", model},
                                       {"vm_map_windows", windows},
                                       {NULL, NULL}};

/* ---- quota ------------------------------------------------------------------------------------------- */

/* QUOTA is a normal event: after an unmap the same operation succeeds. */
static const char *quota_then_unmap(void)
{
    vm_handle r;
    uint64_t span = 1ULL << 40, step = 1ULL << 30, va = vm_reserve(span, LARGE_PAGE_SIZE), made = 0;
    int status = OK;
    CHECK(va != 0);
    CHECK(vm_region_create(&r, 4) == OK);
    /* As many separate pages as the port allows, far apart so that each needs tables. */
    for (; made < 40000; made++) {
        uint64_t at = va + made % 1024 * step + made / 1024 * LARGE_PAGE_SIZE;
        status = vm_one(MAP_MAP, r, at, made % 4, 1, RW);
        if (status != OK)
            break;
    }
    if (made == 40000) {
        vm_region_delete(r);
        vm_unreserve(va, span);
        return SKIP;
    }
    CHECK(status == QUOTA);
    CHECK(made > 4);
    WORD(va) = 9; /* what is there works */
    CHECK(vm_one(MAP_UNMAP, 0, va + step, 0, 1, 0) == OK);
    uint64_t at = va + made % 1024 * step + made / 1024 * LARGE_PAGE_SIZE;
    CHECK(vm_one(MAP_MAP, r, at, 0, 1, RW) == OK);
    CHECK(WORD(at) == 9);
    CHECK(vm_one(MAP_UNMAP, 0, va, 0, span / PAGE_SIZE, 0) == OK);
    for (uint64_t i = 0; i < made; i++)
        CHECK(vm_one(MAP_MAP, r, va + i % 1024 * step + i / 1024 * LARGE_PAGE_SIZE, 0, 1, RW) ==
              OK);
    CHECK(vm_region_delete(r) == OK);
    vm_unreserve(va, span);
    return NULL;
}

const struct vm_test quota_tests[] = {{"vm_quota_then_unmap", quota_then_unmap}, {NULL, NULL}};
