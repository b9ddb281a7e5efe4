/*
 * Memory regions: derive and carve, rights, destruction with mappings, attachments.
 */
#include "suite.h"

static int split(handle_t parent, handle_t at, uint64_t offset, uint64_t pages, unsigned rights,
                 unsigned mode)
{
    return sys_create(OBJ_REGION, CASE_QUOTA, parent, at, offset, pages, rights, mode);
}

static handle_t part(handle_t parent, uint64_t offset, uint64_t pages, unsigned rights,
                     unsigned mode)
{
    handle_t at = slot();
    WANT(OK, split(parent, at, offset, pages, rights, mode));
    return at;
}

static struct info_region region_info(handle_t at)
{
    WANT(OK, sys_info(INFO_REGION, at, 0));
    struct info_region info;
    memcpy(&info, ipc()->msg, sizeof info);
    return info;
}

static void derive_shares(void)
{
    handle_t r = new_region(8), d = part(r, 3, 2, RW, REGION_DERIVE);
    uint64_t a = new_window(8), b = new_window(2);
    SAME(2, region_info(d).pages);
    SAME(1, region_info(d).ram);
    WANT(OK, map_pages(0, r, a, 0, 8, RW));
    WANT(OK, map_pages(0, d, b, 0, 2, RW));
    for (unsigned i = 0; i < 8; i++)
        *(volatile uint64_t *)(a + i * PAGE_SIZE) = 0x1000 + i;
    SAME(0x1003, *(volatile uint64_t *)b);
    SAME(0x1004, *(volatile uint64_t *)(b + PAGE_SIZE));
    *(volatile uint64_t *)b = 99;
    SAME(99, *(volatile uint64_t *)(a + 3 * PAGE_SIZE));
}

static void bad_extents(void)
{
    handle_t r = new_region(8);
    static const uint64_t rows[][2] = {{0, 0},          {0, 9},          {8, 1},
                                       {7, 2},          {9, 1},          {1, UINT64_MAX},
                                       {UINT64_MAX, 1}, {UINT64_MAX, 2}, {0, UINT64_MAX},
                                       {1ULL << 52, 1}, {0, 1ULL << 52}, {1ULL << 63, 1ULL << 63}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned mode = REGION_DERIVE; mode <= REGION_CARVE; mode++)
            WANT(BAD_ARG, split(r, slot(), rows[i][0], rows[i][1], RW, mode));
    WANT(BAD_ARG, split(r, slot(), 0, 1, RW, REGION_CARVE + 1));
    WANT(BAD_ARG, split(r, slot(), 0, 1, RW, 1u << 31));
    part(r, 7, 1, RW, REGION_DERIVE);
    part(r, 0, 8, RW, REGION_DERIVE);
}

static void rights_shrink(void)
{
    handle_t r = new_region(4), read_only = mint(r, RIGHT_READ | RIGHT_CARVE, 0), d = slot();
    int status = split(read_only, d, 0, 1, RWX, REGION_DERIVE);
    if (status == OK) {
        SAME(0, cap_info(0, d).rights & (RIGHT_WRITE | RIGHT_EXEC));
        WANT(BAD_RIGHT, map_pages(0, d, new_window(1), 0, 1, RW));
    } else {
        WANT(BAD_RIGHT, status);
    }
    d = part(r, 0, 1, RIGHT_READ, REGION_DERIVE);
    SAME(RIGHT_READ, cap_info(0, d).rights);
    WANT(BAD_RIGHT, map_pages(0, d, new_window(1), 0, 1, RW));
    WANT(BAD_RIGHT, split(d, slot(), 0, 1, RIGHT_READ, REGION_DERIVE));
}

static void map_rights(void)
{
    handle_t r = new_region(1);
    static const uint8_t rights[] = {MAP_READ, RW, RX, RWX};
    for (unsigned have = 0; have < 4; have++)
        for (unsigned ask = 0; ask < 4; ask++) {
            uint64_t va = new_window(1);
            int status = map_pages(0, mint(r, rights[have], 0), va, 0, 1, rights[ask]);
            SAME(rights[ask] & ~rights[have] ? BAD_RIGHT : OK, status);
            SAME(status == OK, page_info(0, va).mapped != 0);
        }
}

static void carve_excludes(void)
{
    handle_t r = new_region(8), c = part(r, 2, 3, RWX, REGION_CARVE);
    uint64_t va = new_window(8);
    for (unsigned i = 2; i < 5; i++)
        WANT_EITHER(BAD_ARG, BUSY, map_pages(0, r, va, i, 1, RW));
    WANT_EITHER(BAD_ARG, BUSY, map_pages(0, r, va, 0, 8, RW));
    WANT_EITHER(BAD_ARG, BUSY, map_pages(0, r, va, 1, 2, RW));
    WANT_EITHER(BAD_ARG, BUSY, map_pages(0, r, va, 4, 2, RW));
    for (unsigned i = 0; i < 8; i++)
        SAME(0, page_info(0, va + i * PAGE_SIZE).mapped);
    WANT(OK, map_pages(0, r, va, 0, 2, RW));
    WANT(OK, map_pages(0, r, va + 5 * PAGE_SIZE, 5, 3, RW));
    WANT(OK, map_pages(0, c, va + 2 * PAGE_SIZE, 0, 3, RW));
}

static void carve_overlap(void)
{
    handle_t r = new_region(8);
    part(r, 2, 3, RWX, REGION_CARVE);
    static const uint64_t rows[][2] = {{2, 3}, {2, 1}, {4, 1}, {1, 2}, {4, 2}, {0, 8}};
    for (unsigned i = 0; i < 6; i++) {
        WANT_EITHER(BAD_ARG, BUSY, split(r, slot(), rows[i][0], rows[i][1], RW, REGION_CARVE));
        WANT_EITHER(BAD_ARG, BUSY, split(r, slot(), rows[i][0], rows[i][1], RW, REGION_DERIVE));
    }
    part(r, 0, 2, RW, REGION_CARVE);
    part(r, 5, 3, RW, REGION_CARVE);
}

static void carve_while_mapped(void)
{
    handle_t r = new_region(8);
    uint64_t va = new_window(8);
    WANT(OK, map_pages(0, r, va, 2, 3, RW));
    WANT(BUSY, split(r, slot(), 4, 1, RW, REGION_CARVE));
    WANT(BUSY, split(r, slot(), 0, 8, RW, REGION_CARVE));
    WANT(BUSY, split(r, slot(), 0, 3, RW, REGION_CARVE));
    part(r, 0, 2, RW, REGION_CARVE);
    part(r, 5, 1, RW, REGION_CARVE);
    WANT(OK, unmap_pages(0, va, 3));
    part(r, 2, 3, RW, REGION_CARVE);
}

static void carve_mapped_elsewhere(void)
{
    handle_t r = new_region(4), task = new_task_of(new_quota(32), 1);
    uint64_t va = new_window(4);
    WANT(OK, map_pages(task, r, va, 0, 4, RW));
    WANT(BUSY, split(r, slot(), 1, 1, RW, REGION_CARVE));
    WANT(OK, unmap_pages(task, va + PAGE_SIZE, 1));
    part(r, 1, 1, RW, REGION_CARVE);
    SAME(0, page_info(task, va + PAGE_SIZE).mapped);
}

/* A carved extent is its owner's alone, also against regions derived before. */
static void carve_against_derived(void)
{
    handle_t r = new_region(4), d = part(r, 0, 4, RW, REGION_DERIVE), c = slot();
    if (split(r, c, 1, 1, RW, REGION_CARVE) != OK)
        return;
    REFUSED(map_pages(0, d, new_window(1), 1, 1, RW));
}

static void carve_merges(void)
{
    handle_t r = new_region(4);
    uint64_t va = new_window(4), carved = region_info(r).carved;
    handle_t a = part(r, 0, 2, RW, REGION_CARVE), b = part(r, 2, 2, RW, REGION_CARVE);
    SAME(carved == region_info(r).carved, false);
    REFUSED(map_pages(0, r, va, 0, 4, RW));
    WANT(OK, drop(a));
    REFUSED(map_pages(0, r, va, 0, 4, RW));
    WANT(OK, map_pages(0, r, va, 0, 2, RW));
    WANT(OK, drop(b));
    SAME(carved, region_info(r).carved);
    WANT(OK, map_pages(0, r, va + 2 * PAGE_SIZE, 2, 2, RW));
}

static void carve_chain(void)
{
    handle_t r = new_region(16), a = part(r, 0, 8, RIGHTS_ALL, REGION_CARVE);
    handle_t b = part(a, 2, 4, RIGHTS_ALL, REGION_CARVE),
             c = part(b, 1, 1, RIGHTS_ALL, REGION_CARVE);
    uint64_t va = new_window(8), all = new_window(16);
    WANT(OK, map_pages(0, c, va, 0, 1, RW));
    WANT(OK, map_pages(0, b, va + PAGE_SIZE, 0, 1, RW));
    WANT(OK, drop(a));
    SAME(0, page_info(0, va).mapped);
    SAME(0, page_info(0, va + PAGE_SIZE).mapped);
    SAME(OBJ_NONE, cap_info(0, c).type);
    WANT(OK, map_pages(0, r, all, 0, 16, RW));
}

static void delete_unmaps(void)
{
    handle_t r = new_region(8), keep = new_region(8), task = new_task_of(new_quota(64), 1);
    uint64_t va[4];
    for (unsigned i = 0; i < 4; i++) {
        va[i] = new_window(32);
        handle_t in = i & 1 ? task : HANDLE_NONE;
        WANT(OK, map_pages(in, r, va[i], 0, 8, RW));
        WANT(OK, map_pages(in, keep, va[i] + 8 * PAGE_SIZE, 0, 8, RW));
        WANT(OK, map_pages(in, r, va[i] + 16 * PAGE_SIZE, 4, 4, MAP_READ));
    }
    WANT(OK, drop(r));
    for (unsigned i = 0; i < 4; i++)
        for (unsigned p = 0; p < 20; p++)
            SAME(p >= 8 && p < 16, page_info(i & 1 ? task : 0, va[i] + p * PAGE_SIZE).mapped != 0);
    CHECK(!READABLE(va[0]));
    CHECK(READABLE(va[0] + 8 * PAGE_SIZE));
}

static void revoke_unmaps_derived(void)
{
    handle_t r = new_region(4), d = part(r, 1, 2, RW, REGION_DERIVE), m = mint(r, RW, 0);
    uint64_t a = new_window(4), b = new_window(2), c = new_window(4);
    WANT(OK, map_pages(0, r, a, 0, 4, RW));
    WANT(OK, map_pages(0, d, b, 0, 2, RW));
    WANT(OK, map_pages(0, m, c, 0, 1, RW));
    WANT(OK, revoke(r));
    SAME(0, page_info(0, b).mapped);
    CHECK(page_info(0, a).mapped);
    CHECK(WRITABLE(a));
    CHECK(!READABLE(b));
}

static void derived_from_derived(void)
{
    handle_t r = new_region(32), d = r;
    for (unsigned i = 0; i < 15; i++)
        d = part(d, 1, 30 - 2 * i, RIGHTS_ALL, REGION_DERIVE);
    SAME(2, region_info(d).pages);
    uint64_t a = new_window(32), b = new_window(2);
    WANT(OK, map_pages(0, r, a, 0, 32, RW));
    WANT(OK, map_pages(0, d, b, 0, 2, RW));
    *(volatile uint64_t *)(a + 15 * PAGE_SIZE) = 4711;
    SAME(4711, *(volatile uint64_t *)b);
    uint64_t regions = system_info().objects[OBJ_REGION];
    WANT(OK, revoke(r));
    SAME(regions - 15, system_info().objects[OBJ_REGION]);
    SAME(0, page_info(0, b).mapped);
}

static void attachments_counted(void)
{
    handle_t r = new_region(4), one = new_task_of(new_quota(32), 1),
             two = new_task_of(new_quota(32), 1);
    uint64_t va = new_window(4);
    SAME(0, region_info(r).attachments);
    WANT(OK, map_pages(one, r, va, 0, 1, RW));
    WANT(OK, map_pages(one, r, va + PAGE_SIZE, 0, 1, RW));
    SAME(1, region_info(r).attachments);
    WANT(OK, map_pages(two, r, va, 0, 1, RW));
    SAME(2, region_info(r).attachments);
    WANT(OK, drop(two));
    SAME(1, region_info(r).attachments);
}

/* The number of regions that one address space may map is limited: a status, and nothing lost. */
static void attachment_limit(void)
{
    handle_t r = new_region(1100), task = new_task_of(new_quota(200), 1);
    uint64_t va = new_window(1100);
    unsigned made = 0;
    int status = OK;
    for (; made < 1100; made++) {
        status =
            map_pages(task, part(r, made, 1, RW, REGION_DERIVE), va + made * PAGE_SIZE, 0, 1, RW);
        if (status != OK)
            break;
    }
    CHECK(made >= 256);
    if (made < 1100)
        WANT_EITHER(LIMIT, QUOTA, status);
    for (unsigned i = 0; i < 1100; i++)
        SAME(i < made, page_info(task, va + i * PAGE_SIZE).mapped != 0);
    WANT(OK, revoke(r));
    for (unsigned i = 0; i < 1100; i++)
        SAME(0, page_info(task, va + i * PAGE_SIZE).mapped);
    WANT(OK, map_pages(task, r, va, 0, 1100, RW));
}

/* Attachments are used again: mapping and deleting regions for ever does not run out. */
static void attachments_reused(void)
{
    handle_t r = new_region(2), d = slot();
    uint64_t va = new_window(2);
    for (unsigned i = 0; i < 5000; i++) {
        WANT(OK, split(r, d, i & 1, 1, RW, REGION_DERIVE));
        WANT(OK, map_pages(0, d, va, 0, 1, RW));
        WANT(OK, drop(d));
    }
    SAME(0, page_info(0, va).mapped);
}

/* A thread that writes a page over and over loses it when the region goes: no stale translation. */
static void no_stale_translation(void)
{
    handle_t r = new_region(2);
    uint64_t va = new_window(1);
    for (unsigned i = 0; i < 200; i++) {
        WANT(OK, map_pages(0, r, va, i & 1, 1, RW));
        *(volatile uint64_t *)va = i;
        WANT(OK, unmap_pages(0, va, 1));
        WANT(OK, map_pages(0, r, va, 1 - (i & 1), 1, RW));
        if (i > 0)
            SAME(i - 1, *(volatile uint64_t *)va);
        *(volatile uint64_t *)va = i;
        WANT(OK, unmap_pages(0, va, 1));
        WANT(OK, map_pages(0, r, va, i & 1, 1, RW));
        SAME(i, *(volatile uint64_t *)va);
        WANT(OK, unmap_pages(0, va, 1));
    }
}

static void device_region(void)
{
    const struct boot_info *boot = boot_info();
    for (uint64_t i = 0; i < boot->region_count; i++) {
        const struct boot_region *b = &boot->region[i];
        struct info_region info = region_info(b->handle);
        SAME(b->pages, info.pages);
        SAME(b->kind == BOOT_RAM || b->kind == BOOT_MODULE, info.ram != 0);
    }
}

static void firmware_is_read_only(void)
{
    const struct boot_info *boot = boot_info();
    for (uint64_t i = 0; i < boot->region_count; i++)
        if (boot->region[i].kind == BOOT_FIRMWARE) {
            uint64_t va = new_window(1);
            WANT(BAD_RIGHT, map_pages(0, boot->region[i].handle, va, 0, 1, RW));
            return;
        }
    skip("the machine reports no firmware memory");
}

const struct test_case region_cases[] = {
    {"region_derive_shares", derive_shares, 0},
    {"region_bad_extents", bad_extents, 0},
    {"region_rights_shrink", rights_shrink, 0},
    {"region_map_rights", map_rights, 0},
    {"region_carve_excludes", carve_excludes, 0},
    {"region_carve_overlap", carve_overlap, 0},
    {"region_carve_while_mapped", carve_while_mapped, 0},
    {"region_carve_mapped_elsewhere", carve_mapped_elsewhere, 0},
    {"region_carve_against_derived", carve_against_derived, 0},
    {"region_carve_merges", carve_merges, 0},
    {"region_carve_chain", carve_chain, 0},
    {"region_delete_unmaps", delete_unmaps, 0},
    {"region_revoke_unmaps_derived", revoke_unmaps_derived, 0},
    {"region_derived_from_derived", derived_from_derived, 0},
    {"region_attachments_counted", attachments_counted, 0},
    {"region_attachment_limit", attachment_limit, 0},
    {"region_attachments_reused", attachments_reused, 0},
    {"region_no_stale_translation", no_stale_translation, 0},
    {"region_device", device_region, 0},
    {"region_firmware_read_only", firmware_is_read_only, 0},
    {NULL, NULL, 0}};
