/* Extents, the task's memory, address ranges, and the lock. */
#include "library.h"
#include "pretend.h"

#include <stdlib.h>
#include <string.h>
#include <tetrapla/task.h>
#include <tetrapla/vm.h>

#include "../../../kernel/user/extents.h"
#include "../../../kernel/user/memory.h"

/* ---- extents against a map of bits ---- */

enum { MODEL = 256 };

static bool agrees(const struct extents *e, const bool *is_free)
{
    bool seen[MODEL] = {false};
    uint64_t end = 0;
    for (unsigned i = 0; i < e->count; i++) {
        if (!e->entry[i].size || (i && e->entry[i].start <= end))
            return false; /* empty, unsorted, or touching */
        end = e->entry[i].start + e->entry[i].size;
        for (uint64_t k = e->entry[i].start; k < end; k++)
            seen[k] = true;
    }
    return !memcmp(seen, is_free, sizeof(seen));
}

static bool step(struct extents *e, bool *is_free)
{
    uint64_t start, size = below(20) + 1, align = 1ULL << below(5);
    unsigned kind = (unsigned)below(4);
    if (kind == 0) {
        start = below(MODEL);
        uint64_t n = 0;
        while (n < size && start + n < MODEL && !is_free[start + n])
            n++;
        if (!extents_give(e, start, n))
            return false;
        memset(is_free + start, true, n);
        /* What is free already cannot be given. */
        return !n || !extents_give(e, start, 1);
    }
    if (kind == 1) {
        if (extents_take_high(e, size, &start)) {
            for (uint64_t i = 0; i < size; i++) {
                if (!is_free[start + i])
                    return false;
                is_free[start + i] = false;
            }
        }
    } else if (kind == 2) {
        if (extents_take_aligned(e, size, align, &start)) {
            if (start % align)
                return false;
            memset(is_free + start, false, size);
        }
    } else {
        uint64_t n = extents_take_some(e, size, &start);
        memset(is_free + start, false, n);
    }
    return true;
}

static void test_extents(void)
{
    struct extent entry[MODEL];
    bool good = true;
    for (unsigned round = 0; round < 200 && good; round++) {
        struct extents e = {entry, 0, MODEL};
        bool is_free[MODEL] = {false};
        for (unsigned i = 0; i < 300 && good; i++)
            good = step(&e, is_free) && agrees(&e, is_free);
    }
    result("extents.random", good, "disagrees with the model");
    struct extents small = {entry, 0, 2};
    good = extents_give(&small, 0, 1) && extents_give(&small, 10, 1) &&
           !extents_give(&small, 20, 1) && extents_give(&small, 1, 1) && small.count == 2;
    result("extents.full", good, "count %u", small.count);
}

/* ---- memory.c: pages of the region, each in one place ---- */

static void test_memory(void)
{
    enum { FIRST = 100, PAGES = 3000 };
    heap_init(4, FIRST, PAGES);
    bool good = memory_region() == 4;
    size_t bytes = 0;
    uint64_t a = 0, b = 0;
    good = good && real_memory_extend_heap(4096, &bytes) == (void *)HEAP_VA && bytes >= 4096;
    result("memory.heap_starts", good, "%zu bytes", bytes);
    size_t mapped = bytes;
    good = memory_take_pages(500, &a) && memory_take_pages(1000, &b) && a + 500 == FIRST + PAGES &&
           b + 1000 == a;
    result("memory.carves_from_the_top", good, "at %lu and %lu", (unsigned long)a,
           (unsigned long)b);
    result("memory.refuses_too_much", !memory_take_pages(3000, &a), "accepted");
    result("memory.heap_refuses_too_much", !real_memory_extend_heap(3000 * 4096UL, &bytes),
           "accepted");
    memory_give_pages(FIRST + PAGES - 500, 500);
    pretend_map_limit = 3; /* a quota for few pages at a time */
    void *at = real_memory_extend_heap(2 * 4096, &bytes);
    result("memory.small_quota", at == (void *)(HEAP_VA + mapped) && bytes == 2 * 4096, "%zu bytes",
           bytes);
    mapped += bytes;
    pretend_map_limit = 0;
    result("memory.no_quota", !real_memory_extend_heap(4096, &bytes) && bytes == 0, "%zu bytes",
           bytes);
    pretend_map_limit = UINT64_MAX;
    while (real_memory_extend_heap(4096, &bytes))
        mapped += bytes;
    result("memory.heap_takes_the_rest", mapped == (PAGES - 1000) * 4096UL, "%zu bytes", mapped);
    memory_give_pages(b, 1000);
    while (real_memory_extend_heap(4096, &bytes))
        mapped += bytes;
    bool seen[FIRST + PAGES + 1] = {false};
    good = mapped == PAGES * 4096UL;
    for (unsigned i = 0; i < PAGES && good; i++) {
        uint64_t page = pretend_page[i];
        good = page > FIRST && page <= FIRST + PAGES && !seen[page];
        seen[good ? page : 0] = true;
    }
    result("memory.each_page_once", good && !pretend_page[PAGES], "%zu bytes", mapped);
}

/* ---- address ranges ---- */

static void test_reserve(void)
{
    enum { RANGES = 300 };
    uint64_t va[RANGES], size[RANGES];
    bool good = true;
    for (unsigned i = 0; i < RANGES; i++) {
        uint64_t align = 1ULL << (12 + below(22));
        size[i] = (below(1 << 20) + 1) * PAGE_SIZE;
        va[i] = vm_reserve(size[i], align);
        good = good && va[i] >= RESERVE_VA && va[i] + size[i] <= RESERVE_END && va[i] % align == 0;
        for (unsigned k = 0; k < i; k++)
            good = good && (va[k] + size[k] <= va[i] || va[i] + size[i] <= va[k]);
    }
    result("vm_reserve.apart", good, "overlap or bad alignment");
    for (unsigned i = 0; i < RANGES; i++) {
        unsigned k = (i * 7) % RANGES; /* 7 and 300 have no common factor: each once */
        vm_unreserve(va[k], size[k]);
    }
    uint64_t all = vm_reserve(RESERVE_END - RESERVE_VA, PAGE_SIZE);
    result("vm_reserve.all_comes_back", all == RESERVE_VA, "%lx", (unsigned long)all);
    result("vm_reserve.exhausted", !vm_reserve(PAGE_SIZE, PAGE_SIZE), "accepted");
    vm_unreserve(all, RESERVE_END - RESERVE_VA);
    good = !vm_reserve(0, PAGE_SIZE) && !vm_reserve(UINT64_MAX, PAGE_SIZE) &&
           !vm_reserve(PAGE_SIZE, 3 * PAGE_SIZE);
    vm_unreserve(0, PAGE_SIZE);
    vm_unreserve(RESERVE_VA, UINT64_MAX);
    vm_unreserve(RESERVE_VA + PAGE_SIZE, PAGE_SIZE); /* free already */
    result("vm_reserve.bad_arguments", good && vm_reserve(PAGE_SIZE, 0) == RESERVE_VA, "accepted");
}

/* ---- the lock ---- */

static struct lock shared_lock;
static volatile unsigned counter;

static void count(unsigned n)
{
    (void)n;
    for (unsigned i = 0; i < 50000; i++) {
        lock_take(&shared_lock);
        counter = counter + 1;
        lock_drop(&shared_lock);
    }
}

static void test_lock(void)
{
    in_threads(4, count);
    result("lock.contended", counter == 200000 && shared_lock.word == 0, "%u", counter);
    counter = 0;
    shared_lock = (struct lock){0};
    pretend_refusals = 1000; /* no notification to be had: it must still exclude */
    in_threads(4, count);
    pretend_refusals = 0;
    result("lock.without_quota", counter == 200000 && shared_lock.word == 0, "%u", counter);
}

void memory_tests(void)
{
    test_extents();
    test_memory();
    test_reserve();
    test_lock();
}
