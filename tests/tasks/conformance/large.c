/*
 * Large pages: used where address and memory are both 2 MiB aligned, split when a part changes, and
 * the splitting never fails for want of quota.
 */
#include "suite.h"

#define LARGE_PAGES 512ULL

static void used_when_aligned(void)
{
    handle_t r = new_large_region(3 * LARGE_PAGES);
    uint64_t va = new_window(3 * LARGE_PAGES);
    WANT(OK, map_pages(0, r, va, 0, 3 * LARGE_PAGES, RW));
    for (unsigned i = 0; i < 3; i++)
        SAME(LARGE_PAGE_SIZE, page_info(0, va + i * LARGE_PAGE_SIZE + 5 * PAGE_SIZE).page_size);
    for (unsigned p = 0; p < 3 * LARGE_PAGES; p += 7)
        *(volatile uint64_t *)(va + p * PAGE_SIZE) = p;
    for (unsigned p = 0; p < 3 * LARGE_PAGES; p += 7)
        SAME(p, *(volatile uint64_t *)(va + p * PAGE_SIZE));
}

static void not_when_misaligned(void)
{
    handle_t r = new_large_region(3 * LARGE_PAGES);
    uint64_t va = new_window(3 * LARGE_PAGES), vb = new_window(3 * LARGE_PAGES);
    WANT(OK, map_pages(0, r, va, 1, 2 * LARGE_PAGES, RW));
    WANT(OK, map_pages(0, r, vb + PAGE_SIZE, 0, 2 * LARGE_PAGES, RW));
    SAME(PAGE_SIZE, page_info(0, va).page_size);
    SAME(PAGE_SIZE, page_info(0, vb + LARGE_PAGE_SIZE).page_size);
    *(volatile uint64_t *)(va + 700 * PAGE_SIZE) = 1234;
    SAME(1234, *(volatile uint64_t *)(vb + 702 * PAGE_SIZE));
}

static void mixed_run(void)
{
    handle_t r = new_large_region(4 * LARGE_PAGES);
    uint64_t va = new_window(4 * LARGE_PAGES), small = new_window(4 * LARGE_PAGES) + PAGE_SIZE;
    /* Starts 3 pages before a large page, ends 5 pages after one. */
    WANT(OK, map_pages(0, r, va + 509 * PAGE_SIZE, 509, 3 + LARGE_PAGES + 5, RW));
    SAME(PAGE_SIZE, page_info(0, va + 510 * PAGE_SIZE).page_size);
    SAME(LARGE_PAGE_SIZE, page_info(0, va + LARGE_PAGE_SIZE).page_size);
    SAME(PAGE_SIZE, page_info(0, va + 2 * LARGE_PAGE_SIZE + PAGE_SIZE).page_size);
    SAME(0, page_info(0, va + 508 * PAGE_SIZE).mapped);
    SAME(0, page_info(0, va + 2 * LARGE_PAGE_SIZE + 5 * PAGE_SIZE).mapped);
    WANT(OK, map_pages(0, r, small, 0, 4 * LARGE_PAGES, MAP_READ));
    for (unsigned p = 509; p < 1029; p++)
        *(volatile uint64_t *)(va + p * PAGE_SIZE) = p;
    for (unsigned p = 509; p < 1029; p++)
        SAME(p, *(volatile uint64_t *)(small + p * PAGE_SIZE));
}

static void split_by_unmap(void)
{
    static const unsigned holes[] = {0, 1, 255, 511};
    handle_t r = new_large_region(LARGE_PAGES);
    uint64_t va = new_window(LARGE_PAGES);
    for (unsigned h = 0; h < 4; h++) {
        WANT(OK, map_pages(0, r, va, 0, LARGE_PAGES, RW));
        for (unsigned p = 0; p < LARGE_PAGES; p++)
            *(volatile uint64_t *)(va + p * PAGE_SIZE) = p ^ h;
        WANT(OK, unmap_pages(0, va + holes[h] * PAGE_SIZE, 1));
        for (unsigned p = 0; p < LARGE_PAGES; p++) {
            SAME(p != holes[h], page_info(0, va + p * PAGE_SIZE).mapped != 0);
            if (p != holes[h])
                SAME(p ^ h, *(volatile uint64_t *)(va + p * PAGE_SIZE));
        }
        CHECK(!READABLE(va + holes[h] * PAGE_SIZE));
        WANT(OK, unmap_pages(0, va, LARGE_PAGES));
    }
}

static void split_by_protect(void)
{
    handle_t r = new_large_region(LARGE_PAGES);
    uint64_t va = new_window(LARGE_PAGES);
    WANT(OK, map_pages(0, r, va, 0, LARGE_PAGES, RW));
    *(volatile uint64_t *)(va + 100 * PAGE_SIZE) = 8;
    WANT(OK, protect_pages(0, r, va + 100 * PAGE_SIZE, 1, MAP_READ));
    SAME(MAP_READ, page_info(0, va + 100 * PAGE_SIZE).rights);
    SAME(RW, page_info(0, va + 99 * PAGE_SIZE).rights);
    SAME(RW, page_info(0, va + 101 * PAGE_SIZE).rights);
    SAME(8, *(volatile uint64_t *)(va + 100 * PAGE_SIZE));
    CHECK(!WRITABLE(va + 100 * PAGE_SIZE));
    CHECK(WRITABLE(va + 99 * PAGE_SIZE));
    WANT(OK, protect_pages(0, r, va, LARGE_PAGES, MAP_READ));
    CHECK(!WRITABLE(va + 511 * PAGE_SIZE));
}

static void protect_whole(void)
{
    handle_t r = new_large_region(2 * LARGE_PAGES);
    uint64_t va = new_window(2 * LARGE_PAGES);
    WANT(OK, map_pages(0, r, va, 0, 2 * LARGE_PAGES, RW));
    WANT(OK, protect_pages(0, r, va, LARGE_PAGES, MAP_READ));
    SAME(LARGE_PAGE_SIZE, page_info(0, va).page_size);
    CHECK(!WRITABLE(va + 9 * PAGE_SIZE));
    CHECK(WRITABLE(va + LARGE_PAGE_SIZE));
}

/* With every page of the quota used, unmap and protect within large pages still work. */
static void split_without_quota(void)
{
    handle_t r = new_large_region(8 * LARGE_PAGES), quota = new_quota(48),
             task = new_task_of(quota, 1);
    uint64_t va = 0x0000200000000000ULL;
    unsigned made = 0, filler = 0;
    while (made < 8 && map_pages(task, r, va + made * LARGE_PAGE_SIZE, made * LARGE_PAGES,
                                 LARGE_PAGES, RW) == OK)
        made++;
    SAME(8, made);
    while (map_pages(task, r, 0x0000300000000000ULL + filler * 0x40000000ULL, 1, 1, RW) == OK)
        filler++;
    for (handle_t at = slot(); sys_create(OBJ_NOTIFICATION, quota, 0, at, 0, 0, 0, 0) == OK;)
        at = slot();
    uint64_t used = quota_info(quota).used;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t page = va + i * LARGE_PAGE_SIZE + (60 * i + 3) * PAGE_SIZE;
        if (i & 1)
            WANT(OK, unmap_pages(task, page, 1));
        else
            WANT(OK, protect_pages(task, r, page, 1, MAP_READ));
        SAME(i & 1 ? 0 : 1, page_info(task, page).mapped != 0);
        CHECK(page_info(task, page + PAGE_SIZE).mapped);
        SAME(RW, page_info(task, page + PAGE_SIZE).rights);
        SAME(PAGE_SIZE, page_info(task, page + PAGE_SIZE).page_size);
    }
    CHECK(quota_info(quota).used <= used);
}

static void quota_refuses_large(void)
{
    handle_t r = new_large_region(64 * LARGE_PAGES), quota = new_quota(20),
             task = new_task_of(quota, 1);
    uint64_t va = 0x0000200000000000ULL;
    unsigned made = 0;
    int status = OK;
    for (; made < 64; made++) {
        status =
            map_pages(task, r, va + made * LARGE_PAGE_SIZE, made * LARGE_PAGES, LARGE_PAGES, RW);
        if (status != OK)
            break;
    }
    WANT(QUOTA, status);
    SAME(0, page_info(task, va + made * LARGE_PAGE_SIZE).mapped);
    SAME(0, page_info(task, va + made * LARGE_PAGE_SIZE + 511 * PAGE_SIZE).mapped);
    WANT(OK, unmap_pages(task, va, made * LARGE_PAGES));
    WANT(OK, map_pages(task, r, va, 0, made * LARGE_PAGES, RW));
}

static void occupied_by_large(void)
{
    handle_t r = new_large_region(2 * LARGE_PAGES), other = new_region(4);
    uint64_t va = new_window(3 * LARGE_PAGES);
    WANT(OK, map_pages(0, r, va + LARGE_PAGE_SIZE, 0, LARGE_PAGES, RW));
    WANT(OCCUPIED, map_pages(0, other, va + LARGE_PAGE_SIZE + 7 * PAGE_SIZE, 0, 1, RW));
    WANT(OCCUPIED, map_pages(0, other, va + LARGE_PAGE_SIZE - PAGE_SIZE, 0, 2, RW));
    SAME(0, page_info(0, va + LARGE_PAGE_SIZE - PAGE_SIZE).mapped);
    WANT(OCCUPIED, map_pages(0, r, va, 0, 2 * LARGE_PAGES, RW));
    SAME(0, page_info(0, va).mapped);
    SAME(LARGE_PAGE_SIZE, page_info(0, va + LARGE_PAGE_SIZE).page_size);
}

/* A small page where a large one would go: the run is refused as a whole. */
static void occupied_by_small(void)
{
    handle_t r = new_large_region(2 * LARGE_PAGES), other = new_region(1);
    uint64_t va = new_window(2 * LARGE_PAGES);
    WANT(OK, map_pages(0, other, va + LARGE_PAGE_SIZE + 9 * PAGE_SIZE, 0, 1, RW));
    WANT(OCCUPIED, map_pages(0, r, va, 0, 2 * LARGE_PAGES, RW));
    SAME(0, page_info(0, va).mapped);
    SAME(0, page_info(0, va + LARGE_PAGE_SIZE).mapped);
    WANT(OK, unmap_pages(0, va + LARGE_PAGE_SIZE + 9 * PAGE_SIZE, 1));
    WANT(OK, map_pages(0, r, va, 0, 2 * LARGE_PAGES, RW));
}

static void revoked_after_split(void)
{
    handle_t r = new_large_region(2 * LARGE_PAGES), task = new_task_of(new_quota(64), 1);
    uint64_t va = new_window(2 * LARGE_PAGES);
    WANT(OK, map_pages(task, r, va, 0, 2 * LARGE_PAGES, RW));
    WANT(OK, map_pages(0, r, va, 0, 2 * LARGE_PAGES, RW));
    WANT(OK, unmap_pages(task, va + 5 * PAGE_SIZE, 1));
    WANT(OK, protect_pages(0, r, va + 600 * PAGE_SIZE, 3, MAP_READ));
    WANT(OK, drop(r));
    for (unsigned p = 0; p < 2 * LARGE_PAGES; p++) {
        SAME(0, page_info(task, va + p * PAGE_SIZE).mapped);
        SAME(0, page_info(0, va + p * PAGE_SIZE).mapped);
    }
    CHECK(!READABLE(va + 700 * PAGE_SIZE));
}

static void protect_other_region(void)
{
    handle_t r = new_large_region(2 * LARGE_PAGES), other = new_large_region(LARGE_PAGES);
    uint64_t va = new_window(2 * LARGE_PAGES);
    WANT(OK, map_pages(0, r, va, 0, LARGE_PAGES, RW));
    WANT(OK, map_pages(0, other, va + LARGE_PAGE_SIZE, 0, LARGE_PAGES, RW));
    WANT(BAD_ARG, protect_pages(0, r, va, 2 * LARGE_PAGES, MAP_READ));
    WANT(BAD_ARG, protect_pages(0, r, va + 511 * PAGE_SIZE, 2, MAP_READ));
    SAME(RW, page_info(0, va).rights);
    SAME(RW, page_info(0, va + 511 * PAGE_SIZE).rights);
    SAME(RW, page_info(0, va + LARGE_PAGE_SIZE).rights);
}

static void partial_unmap_of_many(void)
{
    handle_t r = new_large_region(4 * LARGE_PAGES);
    uint64_t va = new_window(4 * LARGE_PAGES);
    WANT(OK, map_pages(0, r, va, 0, 4 * LARGE_PAGES, RW));
    WANT(OK, unmap_pages(0, va + 300 * PAGE_SIZE, 2 * LARGE_PAGES + 100));
    for (unsigned p = 0; p < 4 * LARGE_PAGES; p++)
        SAME(p < 300 || p >= 300 + 2 * LARGE_PAGES + 100,
             page_info(0, va + p * PAGE_SIZE).mapped != 0);
    WANT(OK, map_pages(0, r, va + 300 * PAGE_SIZE, 300, 2 * LARGE_PAGES + 100, RW));
}

const struct test_case large_cases[] = {{"large_used_when_aligned", used_when_aligned, 0},
                                        {"large_not_when_misaligned", not_when_misaligned, 0},
                                        {"large_mixed_run", mixed_run, 0},
                                        {"large_split_by_unmap", split_by_unmap, 0},
                                        {"large_split_by_protect", split_by_protect, 0},
                                        {"large_protect_whole", protect_whole, 0},
                                        {"large_split_without_quota", split_without_quota, 0},
                                        {"large_quota_refuses", quota_refuses_large, 0},
                                        {"large_occupied_by_large", occupied_by_large, 0},
                                        {"large_occupied_by_small", occupied_by_small, 0},
                                        {"large_revoked_after_split", revoked_after_split, 0},
                                        {"large_protect_other_region", protect_other_region, 0},
                                        {"large_partial_unmap_of_many", partial_unmap_of_many, 0},
                                        {NULL, NULL, 0}};
