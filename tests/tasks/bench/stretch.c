/*
 * The longest stretch without a preemption point: the kernel measures itself while it does its
 * longest operations, one kind at a time.
 */
#include "bench.h"

#define WINDOW (WINDOW_VA + (4ULL << 40))
#define PAGES  16384ULL

static struct info_measure stop(void)
{
    struct info_measure r;
    sys_info(INFO_MEASURE, ROOT_IRQ_CONTROL, 0);
    memcpy(&r, ipc()->msg, sizeof r);
    return r;
}

static void report(const char *name, int status)
{
    struct info_measure r = stop();
    print_cost(name, (struct cost){.ticks = r.longest_ticks}, 20000, status == OK ? "" : "FAILED");
}

static int change(struct map_op op)
{
    unsigned done;
    ipc()->vector[0] = op;
    sys_info(INFO_MEASURE, ROOT_IRQ_CONTROL, 1);
    return sys_map(0, 1, &done);
}

static int vector_of_64(handle_t region)
{
    unsigned done;
    for (unsigned i = 0; i < MAP_VECTOR_MAX; i++)
        ipc()->vector[i] =
            (struct map_op){MAP_MAP, MAP_READ, 0, region, WINDOW + i * (1ULL << 30), i, 1};
    sys_info(INFO_MEASURE, ROOT_IRQ_CONTROL, 1);
    return sys_map(0, MAP_VECTOR_MAX, &done);
}

static void idle_helper(uint64_t unused)
{
    (void)unused;
    sys_thread(THREAD_EXIT, 0, 0, 0, 0, 0, 0, 0);
}

void bench_stretch(void)
{
    printf("\nLongest stretch without a preemption point, in ticks:\n");
    handle_t region = new_region(PAGES);
    /* One page off, so that no large pages are used. */
    report("map 64 MiB in small pages",
           change((struct map_op){MAP_MAP, MAP_READ, 0, region, WINDOW + PAGE_SIZE, 0, PAGES}));
    report("protect 64 MiB",
           change((struct map_op){MAP_PROTECT, MAP_READ, 0, region, WINDOW + PAGE_SIZE, 0, PAGES}));
    report("unmap 64 MiB",
           change((struct map_op){MAP_UNMAP, 0, 0, 0, WINDOW + PAGE_SIZE, 0, PAGES}));
    report("map 64 separate pages, three tables each", vector_of_64(region));
    report("unmap 512 GiB with 64 pages in it",
           change((struct map_op){MAP_UNMAP, 0, 0, 0, WINDOW, 0, 1ULL << 27}));
    change((struct map_op){MAP_MAP, MAP_READ, 0, region, WINDOW + PAGE_SIZE, 0, PAGES});
    sys_info(INFO_MEASURE, ROOT_IRQ_CONTROL, 1);
    int status = sys_cap(CAP_DELETE, 0, region, 0, 0, 0, 0);
    report("delete a region mapped 16,384 times", status);

    struct helper h = helper_start(true, PRIORITY_MAX, idle_helper, 0, NULL, 0);
    for (unsigned i = 0; i < 2000; i++)
        sys_cap(CAP_COPY, 0, ROOT_QUOTA, h.task, 2000 + i, 0, 0);
    sys_info(INFO_MEASURE, ROOT_IRQ_CONTROL, 1);
    helper_end(&h);
    report("delete a task with 2,000 capabilities", OK);
}
