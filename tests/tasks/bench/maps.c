/* Map, protect and unmap: one extent, and separate pages, by 1, 16 and 256. */
#include "bench.h"

#define WINDOW (WINDOW_VA + (2ULL << 32))
#define MOST   256

static handle_t pages;

static struct cost apply(unsigned kind, unsigned rights, unsigned count, bool separate)
{
    struct measure_start m;
    unsigned done;
    struct cost sum = {0};
    for (unsigned first = 0; first < (separate ? count : 1);) {
        unsigned n =
            separate ? (count - first < MAP_VECTOR_MAX ? count - first : MAP_VECTOR_MAX) : 1;
        for (unsigned i = 0; i < n; i++)
            ipc()->vector[i] = (struct map_op){
                .kind = (uint8_t)kind,
                .rights = (uint8_t)rights,
                .region = pages,
                /* every other page, so that no two are neighbours */
                .va = WINDOW + PAGE_SIZE + (separate ? 2 * (first + i) * PAGE_SIZE : 0),
                .offset = separate ? first + i : 0,
                .pages = separate ? 1 : count,
            };
        /* measure_begin uses the IPC page's message area only */
        measure_begin(&m);
        if (sys_map(0, n, &done) != OK)
            printf("FAIL map\n");
        struct cost c = measure_end(&m, 1);
        sum.ticks += c.ticks;
        sum.cr_writes += c.cr_writes;
        sum.invlpgs += c.invlpgs;
        sum.irets += c.irets;
        first += n;
    }
    return sum;
}

static void line(const char *what, struct cost c, unsigned count, bool separate, uint64_t target)
{
    char name[64];
    c.ticks /= count;
    snprintf(name, sizeof name, "%s %u %s%s, per page", what, count,
             separate ? "separate page" : "page extent", separate && count > 1 ? "s" : "");
    print_cost(name, c, target, "");
}

static void series(unsigned count, bool separate)
{
    uint64_t target = count == MOST ? (separate ? 150 : 40) : 0;
    line("map", apply(MAP_MAP, MAP_READ | MAP_WRITE, count, separate), count, separate, target);
    line("protect", apply(MAP_PROTECT, MAP_READ, count, separate), count, separate, 0);
    line("unmap", apply(MAP_UNMAP, 0, count, separate), count, separate, 0);
}

void bench_maps(void)
{
    unsigned done;
    pages = new_region(4 * MOST);
    /* Mapped pages at both ends keep the tables present. */
    for (unsigned i = 0; i < 2; i++) {
        ipc()->vector[0] =
            (struct map_op){MAP_MAP, MAP_READ, 0, pages, WINDOW + i * 2 * LARGE_PAGE_SIZE, 0, 1};
        sys_map(0, 1, &done);
    }
    series(1, true);
    series(1, false);
    struct measure_start m;
    ipc()->vector[0] = (struct map_op){MAP_MAP, MAP_READ, 0, pages, WINDOW + (1ULL << 40), 0, 1};
    measure_begin(&m);
    sys_map(0, 1, &done);
    print_cost("map one page, cold: three tables cleared", measure_end(&m, 1), 0, "");
    series(16, true);
    series(16, false);
    series(MOST, true);
    series(MOST, false);
    drop(pages);
}
