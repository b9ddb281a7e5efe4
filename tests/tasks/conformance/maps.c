/*
 * CALL_MAP with 4 KiB pages: arguments at their limits, rights, atomicity, vectors, other tasks,
 * quota.
 */
#include "suite.h"

#define PAGES_OF(bytes) ((bytes) / PAGE_SIZE)

static struct map_op op(unsigned kind, handle_t region, uint64_t va, uint64_t offset,
                        uint64_t pages, unsigned rights)
{
    return (struct map_op){.kind = (uint8_t)kind,
                           .rights = (uint8_t)rights,
                           .region = region,
                           .va = va,
                           .offset = offset,
                           .pages = pages};
}

static int64_t tables(handle_t task)
{
    WANT(OK, sys_info(INFO_TASK, task, 0));
    return (int64_t)((struct info_task *)(void *)ipc()->msg)->tables;
}

static void basic(void)
{
    handle_t r = new_region(4);
    uint64_t va = new_window(4);
    WANT(OK, map_pages(0, r, va, 0, 4, RW));
    for (unsigned i = 0; i < 4 * PAGE_SIZE / 8; i++)
        ((volatile uint64_t *)va)[i] = i * 3;
    for (unsigned i = 0; i < 4 * PAGE_SIZE / 8; i++)
        SAME(i * 3, ((volatile uint64_t *)va)[i]);
    struct info_page_map info = page_info(0, va);
    SAME(1, info.mapped);
    SAME(RW, info.rights);
    SAME(PAGE_SIZE, info.page_size);
    CHECK(!READABLE(va + 4 * PAGE_SIZE));
    CHECK(!READABLE(va - 1));
    WANT(OK, unmap_pages(0, va, 4));
    CHECK(!READABLE(va));
}

static void alias(void)
{
    handle_t r = new_region(2);
    uint64_t a = new_window(2), b = new_window(2);
    WANT(OK, map_pages(0, r, a, 0, 2, RW));
    WANT(OK, map_pages(0, r, b, 1, 1, RW));
    WANT(OK, map_pages(0, r, b + PAGE_SIZE, 0, 1, MAP_READ));
    *(volatile uint64_t *)a = 17;
    *(volatile uint64_t *)b = 18;
    SAME(17, *(volatile uint64_t *)(b + PAGE_SIZE));
    SAME(18, *(volatile uint64_t *)(a + PAGE_SIZE));
    CHECK(!WRITABLE(b + PAGE_SIZE));
}

static void bad_address(void)
{
    handle_t r = new_region(4);
    static const struct {
        uint64_t va, pages;
    } rows[] = {{0, 1},
                {0, 2},
                {USER_MAX, 1},
                {USER_MAX - PAGE_SIZE, 2},
                {USER_MAX + PAGE_SIZE, 1},
                {0x0000800000000000ULL, 1},
                {0x8000000000000000ULL, 1},
                {0xffff800000000000ULL, 1},
                {0xffffffff80000000ULL, 1},
                {0xfffffffffffff000ULL, 1},
                {0xfffffffffffff000ULL, 2},
                {0xffffffffffffe000ULL, 4},
                {USER_MIN + 1, 1},
                {USER_MIN + 8, 1},
                {USER_MIN + PAGE_SIZE - 1, 1},
                {0x0000700000000800ULL, 1}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        WANT_EITHER(BAD_ADDRESS, BAD_ARG, map_pages(0, r, rows[i].va, 0, rows[i].pages, RW));
        WANT_EITHER(BAD_ADDRESS, BAD_ARG, unmap_pages(0, rows[i].va, rows[i].pages));
        WANT_EITHER(BAD_ADDRESS, BAD_ARG, protect_pages(0, r, rows[i].va, rows[i].pages, MAP_READ));
    }
}

static void bad_count(void)
{
    handle_t r = new_region(4);
    uint64_t va = new_window(4);
    static const uint64_t counts[] = {0,          1ULL << 36, 1ULL << 47, 1ULL << 51,
                                      1ULL << 52, 1ULL << 63, UINT64_MAX, UINT64_MAX - 1};
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        WANT_EITHER(BAD_ARG, BAD_ADDRESS, map_pages(0, r, va, 0, counts[i], RW));
        WANT_EITHER(BAD_ARG, BAD_ADDRESS, unmap_pages(0, va, counts[i]));
        WANT_EITHER(BAD_ARG, BAD_ADDRESS, protect_pages(0, r, va, counts[i], MAP_READ));
    }
    WANT(BAD_ARG, map_pages(0, r, va, 0, 5, RW));
    SAME(0, page_info(0, va).mapped);
}

static void bad_offset(void)
{
    handle_t r = new_region(4);
    uint64_t va = new_window(4);
    static const uint64_t rows[][2] = {{4, 1},          {3, 2},          {1, 4},
                                       {UINT64_MAX, 1}, {UINT64_MAX, 2}, {UINT64_MAX - 3, 4},
                                       {1ULL << 52, 1}, {1ULL << 63, 1}, {1ULL << 32, 1}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        WANT(BAD_ARG, map_pages(0, r, va, rows[i][0], rows[i][1], RW));
    SAME(0, page_info(0, va).mapped);
    WANT(OK, map_pages(0, r, va, 3, 1, RW));
}

static void bad_fields(void)
{
    handle_t r = new_region(1);
    uint64_t va = new_window(1);
    unsigned done;
    for (unsigned kind = MAP_KINDS; kind < 256; kind++)
        WANT_EITHER(BAD_ARG, BAD_CALL, map_op(0, kind, r, va, 0, 1, RW));
    for (unsigned bit = 0; bit < 16; bit++) {
        ipc()->vector[0] = op(MAP_MAP, r, va, 0, 1, RW);
        ipc()->vector[0].zero = (uint16_t)(1u << bit);
        WANT(BAD_ARG, sys_map(0, 1, &done));
    }
    for (unsigned bit = 3; bit < 8; bit++)
        WANT_EITHER(BAD_ARG, BAD_RIGHT, map_pages(0, r, va, 0, 1, MAP_READ | 1u << bit));
    SAME(0, page_info(0, va).mapped);
}

static void limits_of_space(void)
{
    handle_t r = new_region(2), task = new_task_of(new_quota(32), 1);
    WANT(OK, map_pages(task, r, USER_MIN, 0, 2, RW));
    CHECK(page_info(task, USER_MIN).mapped);
    SAME(0, page_info(task, 0).mapped);
    WANT(OK, map_pages(task, r, INFO_PAGE_VA - 2 * PAGE_SIZE, 0, 2, RW));
    WANT(OCCUPIED, map_pages(task, r, INFO_PAGE_VA, 0, 1, RW));
    WANT(OCCUPIED, map_pages(0, r, INFO_PAGE_VA, 0, 1, RW));
    CHECK(page_info(task, INFO_PAGE_VA).mapped);
    SAME(MAP_READ, page_info(task, INFO_PAGE_VA).rights);
    WANT(OK, unmap_pages(task, USER_MIN, 2));
}

static void info_page_protected(void)
{
    handle_t r = new_region(1);
    REFUSED(protect_pages(0, r, INFO_PAGE_VA, 1, RW));
    CHECK(!WRITABLE(INFO_PAGE_VA));
    CHECK(READABLE(INFO_PAGE_VA));
    SAME(INFO_PAGE_MAGIC, ((const struct info_page *)INFO_PAGE_VA)->magic);
}

static void occupied_leaves_nothing(void)
{
    handle_t r = new_region(1200), other = new_region(1);
    uint64_t va = new_window(1200);
    static const unsigned blocked[] = {0, 1, 511, 512, 513, 1023, 1199};
    for (unsigned i = 0; i < sizeof blocked / sizeof blocked[0]; i++) {
        uint64_t at = va + blocked[i] * PAGE_SIZE;
        WANT(OK, map_pages(0, other, at, 0, 1, MAP_READ));
        WANT(OCCUPIED, map_pages(0, r, va, 0, 1200, RW));
        for (unsigned p = 0; p < 1200; p++)
            SAME(p == blocked[i], page_info(0, va + p * PAGE_SIZE).mapped != 0);
        SAME(MAP_READ, page_info(0, at).rights);
        WANT(OK, unmap_pages(0, at, 1));
    }
    WANT(OK, map_pages(0, r, va, 0, 1200, RW));
}

static void unmap_skips(void)
{
    handle_t r = new_region(8);
    uint64_t va = new_window(1600);
    WANT(OK, unmap_pages(0, va, 1600));
    for (unsigned i = 0; i < 8; i++)
        WANT(OK, map_pages(0, r, va + 200 * i * PAGE_SIZE, i, 1, RW));
    WANT(OK, unmap_pages(0, va + PAGE_SIZE, 1000));
    for (unsigned i = 0; i < 8; i++)
        SAME(i == 0 || i > 5, page_info(0, va + 200 * i * PAGE_SIZE).mapped != 0);
    WANT(OK, unmap_pages(0, va, 1600));
    for (unsigned i = 0; i < 8; i++)
        SAME(0, page_info(0, va + 200 * i * PAGE_SIZE).mapped);
}

/* Pages spread over half a tebibyte go by one unmap of the whole window, and so do the tables. */
static void unmap_whole_window(void)
{
    handle_t r = new_region(64), task = new_task_of(new_quota(200), 1);
    uint64_t before = (uint64_t)tables(task), base = 0x0000100000000000ULL;
    for (unsigned i = 0; i < 64; i++)
        WANT(OK, map_pages(task, r, base + i * 0x233445000ULL, i, 1, RW));
    CHECK((uint64_t)tables(task) > before + 64);
    WANT(OK, unmap_pages(task, base, PAGES_OF(64 * 0x233445000ULL)));
    for (unsigned i = 0; i < 64; i++)
        SAME(0, page_info(task, base + i * 0x233445000ULL).mapped);
    SAME(before, (uint64_t)tables(task));
}

static void unmap_everything(void)
{
    handle_t r = new_region(4), task = new_task_of(new_quota(64), 1);
    WANT(OK, map_pages(task, r, USER_MIN, 0, 1, RW));
    WANT(OK, map_pages(task, r, 0x0000555500000000ULL, 1, 2, RW));
    WANT(OK, map_pages(task, r, INFO_PAGE_VA - PAGE_SIZE, 3, 1, RW));
    int status = unmap_pages(task, USER_MIN, PAGES_OF(USER_MAX - USER_MIN));
    if (status != OK) /* the kernel's own page in it may be refused */
        WANT(OK, unmap_pages(task, USER_MIN, PAGES_OF(INFO_PAGE_VA - USER_MIN)));
    SAME(0, page_info(task, USER_MIN).mapped);
    SAME(0, page_info(task, 0x0000555500000000ULL).mapped);
    SAME(0, page_info(task, INFO_PAGE_VA - PAGE_SIZE).mapped);
}

static void protect(void)
{
    handle_t r = new_region(4);
    uint64_t va = new_window(4);
    WANT(OK, map_pages(0, r, va, 0, 4, RWX));
    *(volatile uint8_t *)(va + PAGE_SIZE) = 0xc3; /* RET */
    WANT(OK, protect_pages(0, r, va + PAGE_SIZE, 1, MAP_READ));
    CHECK(WRITABLE(va));
    CHECK(WRITABLE(va + 2 * PAGE_SIZE));
    struct fault f = probe(0, PROBE_WRITE, va + PAGE_SIZE);
    CHECK(f.happened);
    SAME(FAULT_PAGE, f.word[FAULT_VECTOR]);
    SAME(PF_PRESENT | PF_WRITE | PF_USER, f.word[FAULT_ERROR]);
    SAME(va + PAGE_SIZE, f.word[FAULT_ADDRESS]);
    CHECK(READABLE(va + PAGE_SIZE));
    CHECK(probe(0, PROBE_EXEC, va + PAGE_SIZE).happened);
    WANT(OK, protect_pages(0, r, va + PAGE_SIZE, 1, RX));
    CHECK(!probe(0, PROBE_EXEC, va + PAGE_SIZE).happened);
    CHECK(!WRITABLE(va + PAGE_SIZE));
    WANT(OK, protect_pages(0, r, va, 4, RW));
    CHECK(WRITABLE(va + PAGE_SIZE));
    CHECK(probe(0, PROBE_EXEC, va + PAGE_SIZE).happened);
}

static void protect_limits(void)
{
    handle_t r = new_region(4), other = new_region(4), read_only = mint(r, RIGHT_READ, 0);
    uint64_t va = new_window(8);
    WANT(OK, map_pages(0, r, va, 0, 2, MAP_READ));
    WANT(OK, map_pages(0, other, va + 2 * PAGE_SIZE, 0, 1, RW));
    WANT(BAD_RIGHT, protect_pages(0, read_only, va, 2, RW));
    SAME(MAP_READ, page_info(0, va).rights);
    WANT(BAD_ARG, protect_pages(0, other, va, 1, MAP_READ));
    WANT(BAD_ARG, protect_pages(0, r, va, 3, RW));
    SAME(MAP_READ, page_info(0, va).rights);
    SAME(MAP_READ, page_info(0, va + PAGE_SIZE).rights);
    SAME(RW, page_info(0, va + 2 * PAGE_SIZE).rights);
    WANT(OK, protect_pages(0, r, va + 4 * PAGE_SIZE, 4, MAP_READ)); /* nothing mapped there */
    WANT(OK, protect_pages(0, r, va, 1, RW));
}

static void write_implies_read(void)
{
    handle_t r = new_region(1);
    uint64_t va = new_window(1), vb = new_window(1);
    WANT(OK, map_pages(0, r, va, 0, 1, MAP_WRITE));
    SAME(RW, page_info(0, va).rights);
    CHECK(READABLE(va) && WRITABLE(va));
    WANT(OK, map_pages(0, r, vb, 0, 1, MAP_EXEC));
    SAME(RX, page_info(0, vb).rights);
    CHECK(READABLE(vb) && !WRITABLE(vb));
}

static void not_executable(void)
{
    uint8_t *page = new_memory(1);
    handle_t r = new_region(1);
    uint64_t va = new_window(1);
    page[0] = 0xc3;
    CHECK(!probe(0, PROBE_EXEC, (uint64_t)page).happened);
    WANT(OK, map_pages(0, r, va, 0, 1, RW));
    *(volatile uint8_t *)va = 0xc3;
    struct fault f = probe(0, PROBE_EXEC, va);
    CHECK(f.happened);
    SAME(FAULT_PAGE, f.word[FAULT_VECTOR]);
    SAME(PF_PRESENT | PF_USER | PF_FETCH, f.word[FAULT_ERROR]);
    SAME(va, f.word[FAULT_IP]);
}

static void vector_full(void)
{
    handle_t r = new_region(64);
    uint64_t va = new_window(128);
    unsigned done;
    for (unsigned i = 0; i < 64; i++)
        ipc()->vector[i] = op(MAP_MAP, r, va + 2 * i * PAGE_SIZE, 63 - i, 1, RW);
    WANT(OK, sys_map(0, 64, &done));
    SAME(64, done);
    for (unsigned i = 0; i < 128; i++)
        SAME(i % 2 == 0, page_info(0, va + i * PAGE_SIZE).mapped != 0);
}

static void vector_count(void)
{
    handle_t r = new_region(1);
    unsigned done = 7;
    static const uint64_t counts[] = {65,         66,        256, 1ULL << 32, (1ULL << 32) + 1,
                                      1ULL << 63, UINT64_MAX};
    for (unsigned i = 0; i < 64; i++)
        ipc()->vector[i] = op(MAP_MAP, r, new_window(1), 0, 1, RW);
    uint64_t va = ipc()->vector[0].va;
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct message m = {{counts[i], 0, 0, 0, 0, 0}, 0, 0, 0, 0};
        WANT(BAD_ARG, sys_trap(call_word(CALL_MAP, 0, 0, 0), &m));
        SAME(0, page_info(0, va).mapped);
    }
    WANT_EITHER(OK, BAD_ARG, sys_map(0, 0, &done));
    SAME(0, done);
}

static void vector_stops(void)
{
    handle_t r = new_region(8);
    uint64_t va = new_window(16);
    for (unsigned bad = 0; bad < 8; bad++) {
        unsigned done;
        for (unsigned i = 0; i < 8; i++)
            ipc()->vector[i] = op(MAP_MAP, r, va + i * PAGE_SIZE, i == bad ? 8 : i, 1, RW);
        WANT(BAD_ARG, sys_map(0, 8, &done));
        SAME(bad, done);
        for (unsigned i = 0; i < 8; i++)
            SAME(i < bad, page_info(0, va + i * PAGE_SIZE).mapped != 0);
        WANT(OK, unmap_pages(0, va, 8));
    }
}

static void vector_mixed(void)
{
    handle_t r = new_region(8);
    uint64_t va = new_window(16);
    unsigned done;
    ipc()->vector[0] = op(MAP_MAP, r, va, 0, 8, RW);
    ipc()->vector[1] = op(MAP_UNMAP, 0, va + 2 * PAGE_SIZE, 0, 1, 0);
    ipc()->vector[2] = op(MAP_MAP, r, va + 2 * PAGE_SIZE, 7, 1, RW);
    ipc()->vector[3] = op(MAP_PROTECT, r, va, 0, 2, MAP_READ);
    ipc()->vector[4] = op(MAP_MAP, r, va, 0, 1, RW);
    ipc()->vector[5] = op(MAP_UNMAP, 0, va, 0, 8, 0);
    WANT(OCCUPIED, sys_map(0, 6, &done));
    SAME(4, done);
    *(volatile uint64_t *)(va + 7 * PAGE_SIZE) = 5;
    SAME(5, *(volatile uint64_t *)(va + 2 * PAGE_SIZE));
    SAME(MAP_READ, page_info(0, va + PAGE_SIZE).rights);
}

static void other_task(void)
{
    handle_t r = new_region(2), task = new_task();
    uint64_t va = new_window(2), own = new_window(2);
    WANT(OK, map_pages(0, r, own, 0, 2, RW));
    WANT(OK, map_pages(task, r, va, 0, 2, MAP_READ));
    SAME(0, page_info(0, va).mapped);
    CHECK(!READABLE(va));
    CHECK(!probe(task, PROBE_READ, va).happened);
    CHECK(probe(task, PROBE_WRITE, va).happened);
    CHECK(probe(task, PROBE_READ, own).happened);
    WANT(OK, protect_pages(task, r, va, 2, RW));
    CHECK(!probe(task, PROBE_WRITE, va).happened);
    WANT(OK, unmap_pages(task, va, 2));
    CHECK(probe(task, PROBE_READ, va).happened);
    WANT(BAD_RIGHT, map_pages(mint(task, RIGHTS_ALL & ~RIGHT_MAP, 0), r, va, 0, 1, RW));
}

/* Exhausting the quota in the middle of a run of pages leaves nothing of it; the rest works. */
static void quota_in_the_middle(void)
{
    handle_t r = new_region(2048), quota = new_quota(24), task = new_task_of(quota, 1);
    /* Not 2 MiB aligned with respect to the memory: 4 KiB pages for certain. */
    uint64_t va = 0x0000200000000000ULL, spread = 0x40000000ULL;
    unsigned made = 0;
    int status = OK;
    while (made < 64) {
        status = map_pages(task, r, va + made * spread, made, 1, RW);
        if (status != OK)
            break;
        made++;
    }
    WANT(QUOTA, status);
    CHECK(made >= 2);
    SAME(0, page_info(task, va + made * spread).mapped);
    for (unsigned i = 0; i < made; i++)
        CHECK(page_info(task, va + i * spread).mapped);
    struct info_quota full = quota_info(quota);
    CHECK(full.used <= full.pages);
    /* In a table that exists there is room. */
    WANT(OK, map_pages(task, r, va + PAGE_SIZE, 3, 1, RW));
    /* A long run that needs more tables than there are. */
    uint64_t first = va + 2 * PAGE_SIZE;
    WANT(QUOTA, map_pages(task, r, first, 1, 1800, RW));
    for (unsigned p = 0; p < 1800; p += 3)
        SAME(0, page_info(task, first + p * PAGE_SIZE).mapped);
    SAME(full.used, quota_info(quota).used);
    WANT(OK, unmap_pages(task, va + (made - 1) * spread, 1));
    WANT(OK, map_pages(task, r, va + made * spread, 0, 1, RW));
}

static void tables_return(void)
{
    handle_t r = new_region(600), task = new_task_of(new_quota(64), 1);
    int64_t before = tables(task);
    uint64_t used = system_info().mapped_tables;
    for (unsigned round = 0; round < 50; round++) {
        uint64_t va = 0x0000100000000000ULL + round * 0x8040201000ULL;
        WANT(OK, map_pages(task, r, va, 0, 600, RW));
        CHECK(tables(task) >= before + 3);
        WANT(OK, unmap_pages(task, va, 600));
        SAME(before, tables(task));
    }
    SAME(used, system_info().mapped_tables);
}

static void random_pattern(void)
{
    handle_t r = new_region(256);
    uint64_t va = new_window(256), seed = 88172645463325252ULL;
    static uint8_t model[256];
    memset(model, 0, sizeof model);
    for (unsigned round = 0; round < 3000; round++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        unsigned first = seed % 256, pages = (seed >> 16) % 40 + 1, kind = (seed >> 32) % 3;
        if (first + pages > 256)
            pages = 256 - first;
        unsigned rights = (seed >> 40) & 1 ? RW : MAP_READ;
        bool blocked = false;
        for (unsigned p = first; p < first + pages; p++)
            blocked |= kind == MAP_MAP && model[p] != 0;
        int status = map_op(0, kind, kind == MAP_UNMAP ? 0 : r, va + first * PAGE_SIZE, first,
                            pages, kind == MAP_UNMAP ? 0 : rights);
        WANT(blocked ? OCCUPIED : OK, status);
        for (unsigned p = first; p < first + pages && !blocked; p++)
            model[p] = (uint8_t)(kind == MAP_UNMAP                  ? 0
                                 : kind == MAP_PROTECT && !model[p] ? 0
                                                                    : rights);
        unsigned p = (seed >> 48) % 256;
        struct info_page_map info = page_info(0, va + p * PAGE_SIZE);
        SAME(model[p], info.mapped ? info.rights : 0);
    }
}

const struct test_case map_cases[] = {{"map_basic", basic, 0},
                                      {"map_alias", alias, 0},
                                      {"map_bad_address", bad_address, 0},
                                      {"map_bad_count", bad_count, 0},
                                      {"map_bad_offset", bad_offset, 0},
                                      {"map_bad_fields", bad_fields, 0},
                                      {"map_limits_of_space", limits_of_space, 0},
                                      {"map_info_page_protected", info_page_protected, 0},
                                      {"map_occupied_leaves_nothing", occupied_leaves_nothing, 0},
                                      {"map_unmap_skips", unmap_skips, 0},
                                      {"map_unmap_whole_window", unmap_whole_window, 0},
                                      {"map_unmap_everything", unmap_everything, 0},
                                      {"map_protect", protect, 0},
                                      {"map_protect_limits", protect_limits, 0},
                                      {"map_write_implies_read", write_implies_read, 0},
                                      {"map_not_executable", not_executable, 0},
                                      {"map_vector_full", vector_full, 0},
                                      {"map_vector_count", vector_count, 0},
                                      {"map_vector_stops", vector_stops, 0},
                                      {"map_vector_mixed", vector_mixed, 0},
                                      {"map_other_task", other_task, 0},
                                      {"map_quota_in_the_middle", quota_in_the_middle, 0},
                                      {"map_tables_return", tables_return, 0},
                                      {"map_random_pattern", random_pattern, 0},
                                      {NULL, NULL, 0}};
