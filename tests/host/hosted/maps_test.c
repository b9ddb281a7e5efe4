/* What Linux is asked for: mappings, counted and merged; reservations, nothing; core files without windows. */
#include "test.h"

#include <arch/hosted/settings.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tetrapla/vm.h>

/* Mappings of the process that lie in [va, va + bytes), and how many of them have no rights. */
struct seen {
    unsigned count, without;
};

static struct seen look(uint64_t va, uint64_t bytes)
{
    struct seen s = {0, 0};
    unsigned long long from, to;
    char rights[5], line[512];
    FILE *f = fopen("/proc/self/maps", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "%llx-%llx %4s", &from, &to, rights) == 3 && to > va &&
            from < va + bytes) {
            s.count++;
            s.without += memcmp(rights, "---", 3) == 0;
        }
    if (f != NULL)
        fclose(f);
    return s;
}

static int one(unsigned kind, vm_handle r, uint64_t va, uint64_t offset, uint64_t pages,
               unsigned rights)
{
    unsigned done;
    struct map_op op = {.kind = (uint8_t)kind,
                        .rights = (uint8_t)rights,
                        .region = r,
                        .va = va,
                        .offset = offset,
                        .pages = pages};
    return vm_map(&op, 1, &done);
}

/* A page every other one, as many as there may be: each costs one mapping, and the rest of the process
 * still gets memory. */
static void scattered(void)
{
    const uint64_t bytes = 1ULL << 32, step = 2 * PAGE_SIZE;
    uint64_t va = vm_reserve(bytes, PAGE_SIZE);
    struct seen s = look(va, bytes);
    result("maps: a reservation is none of the host's", va != 0 && s.count == 0, "%u", s.count);
    unsigned most = 0, n = 0;
    vm_handle r;
    FILE *f = fopen("/proc/sys/vm/max_map_count", "r");
    bool known = f != NULL && fscanf(f, "%u", &most) == 1;
    if (f != NULL)
        fclose(f);
    int status = vm_region_create(&r, 1);
    while (status == OK && n * step < bytes &&
           (status = one(MAP_MAP, r, va + n * step, 0, 1, MAP_READ | MAP_WRITE)) == OK)
        n++;
    result("maps: 40 % of the host's limit",
           known && status == QUOTA && n == hosted_map_limit() && n >= most / 100 * 39 &&
               n <= most / 100 * 40 + 40,
           "%u of %u, status %d", n, most, status);
    s = look(va, bytes);
    result("maps: one for each page, none without rights", s.count == n && s.without == 0,
           "%u of them %u without, of %u", s.count, s.without, n);
    void *more[64];
    bool good = true;
    for (unsigned i = 0; i < 64; i++)
        good &= (more[i] = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) !=
                MAP_FAILED;
    for (unsigned i = 0; i < 64; i++)
        if (more[i] != MAP_FAILED)
            munmap(more[i], 1 << 20);
    char *heap = malloc(64 << 20);
    good &= heap != NULL;
    if (heap != NULL)
        memset(heap, 1, 64 << 20);
    result("maps: others still get memory", good, "they do not");
    free(heap);
    status = one(MAP_UNMAP, 0, va, 0, bytes / PAGE_SIZE, 0);
    s = look(va, bytes);
    result("maps: all gone", status == OK && s.count == 0 && hosted_maps_used() == 0, "%u",
           s.count);
    vm_region_delete(r);
    vm_unreserve(va, bytes);
}

/* Pages that are watched for writes split a large mapping; it is whole again when nobody watches. */
static void merged(void)
{
    enum { PAGES = 512 };
    uint64_t va = vm_reserve(PAGES * PAGE_SIZE, 1 << 21);
    unsigned most = 0;
    vm_handle r;
    bool good = vm_region_create(&r, PAGES) == OK &&
                one(MAP_MAP, r, va, 0, PAGES, MAP_READ | MAP_WRITE) == OK;
    for (unsigned round = 0; round < 2 && good; round++)
        for (unsigned i = 0; i < PAGES; i++) {
            unsigned rights = round == 0 ? MAP_READ : MAP_READ | MAP_WRITE;
            if (i * 97 % PAGES % 3 == 0)
                good &= one(MAP_PROTECT, r, va + i * 97 % PAGES * PAGE_SIZE, 0, 1, rights) == OK;
            unsigned now = look(va, PAGES * PAGE_SIZE).count;
            good &= now == hosted_maps_used();
            most = now > most ? now : most;
        }
    result("maps: split by tracking, merged behind it",
           good && most > 300 && look(va, PAGES * PAGE_SIZE).count == 1, "%u, at most %u",
           look(va, PAGES * PAGE_SIZE).count, most);
    vm_region_delete(r);
    vm_unreserve(va, PAGES * PAGE_SIZE);
}

/* core(5): bit 1 stands for shared anonymous memory, which is what files of memory count as. */
static void core_files(void)
{
    unsigned filter = ~0u;
    FILE *f = fopen("/proc/self/coredump_filter", "r");
    bool good = f != NULL && fscanf(f, "%x", &filter) == 1;
    if (f != NULL)
        fclose(f);
    result("maps: core files are spared", good && (filter & 2) == 0 && (filter & 1) != 0, "%x",
           filter);
}

void maps_tests(void)
{
    scattered();
    merged();
    core_files();
}
