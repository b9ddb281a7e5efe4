/*
 * What the kernel's paths cost. Booted in place of root; under `-icount shift=0` a tick of the
 * time-stamp counter is one instruction and every figure repeats exactly, otherwise ticks are
 * whatever the machine counts. An instruction count hides what some instructions really cost, so
 * each line says how many of those its path has: CR writes, INVLPG, MSR writes, IRET, XSAVE/XRSTOR.
 */
#include "bench.h"

struct test_memory memory;

static handle_t next_slot = SLOT_FIRST;

static void must(int status, const char *what)
{
    if (status == OK)
        return;
    printf("FAIL bench: %s: %s\n", what, status_name(status));
    root_task_end(0, 1);
}

handle_t new_object(unsigned type)
{
    must(sys_create(type, ROOT_QUOTA, 0, next_slot, 0, 0, 0, 0), "create");
    return next_slot++;
}

handle_t new_region(uint64_t pages)
{
    static uint64_t used;
    uint64_t align = 512 - (memory.physical / PAGE_SIZE + used) % 512;
    used += align % 512;
    must(sys_create(OBJ_REGION, ROOT_QUOTA, memory.region, next_slot, memory.first + used, pages,
                    RIGHTS_ALL, REGION_CARVE),
         "carve");
    used += pages;
    return next_slot++;
}

void drop(handle_t slot)
{
    must(sys_cap(CAP_DELETE, 0, slot, 0, 0, 0, 0), "delete");
}

uint64_t ticks_now(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
    return (uint64_t)hi << 32 | lo;
}

static void read_system(struct info_system *s)
{
    must(sys_info(INFO_SYSTEM, 0, 0), "info");
    memcpy(s, ipc()->msg, sizeof *s);
}

void measure_begin(struct measure_start *m)
{
    read_system(&m->system);
    m->ticks = ticks_now();
}

struct cost measure_end(const struct measure_start *m, uint64_t n)
{
    uint64_t ticks = ticks_now() - m->ticks;
    struct info_system now;
    read_system(&now);
    const struct info_system *then = &m->system;
    return (struct cost){
        .ticks = ticks / n,
        .cr_writes = (now.cr_writes - then->cr_writes + n / 2) / n,
        .invlpgs = (now.invlpgs - then->invlpgs + n / 2) / n,
        .msr_writes = (now.msr_writes - then->msr_writes + n / 2) / n,
        .irets = (now.irets - then->irets + n / 2) / n,
        .xsaves = (now.xsaves - then->xsaves + n / 2) / n,
    };
}

void print_cost(const char *name, struct cost c, uint64_t target, const char *elsewhere)
{
    char limit[24] = "-";
    if (target)
        snprintf(limit, sizeof limit, "%lu", target);
    printf("%-44s %8lu %8s %4lu %6lu %4lu %4lu %5lu  %s\n", name, c.ticks, limit, c.cr_writes,
           c.invlpgs, c.msr_writes, c.irets, c.xsaves, elsewhere);
}

/* ---- helper threads ---------------------------------------------------------------------------- */

extern char _end[];

static void map_into(handle_t task, struct map_op op)
{
    unsigned done;
    ipc()->vector[0] = op;
    must(sys_map(task, 1, &done), "map");
}

struct helper helper_start(bool own_task, unsigned priority, void (*entry)(uint64_t),
                           uint64_t argument, const handle_t *caps, unsigned cap_count)
{
    static uint64_t next_va = 0x0000310000000000ULL;
    const uint64_t stack_pages = 4;
    struct helper h = {.stack = new_region(stack_pages)};
    uint64_t va = next_va;
    next_va += 16 * PAGE_SIZE;
    if (own_task) {
        h.task = next_slot++;
        must(sys_create(OBJ_TASK, ROOT_QUOTA, 0, h.task, PRIORITY_MAX, 0, 0, 0), "task");
        uint64_t pages = ((uint64_t)_end - IMAGE_VA + PAGE_SIZE - 1) / PAGE_SIZE;
        map_into(h.task, (struct map_op){MAP_MAP, MAP_READ | MAP_WRITE | MAP_EXEC, 0, ROOT_IMAGE,
                                         IMAGE_VA, 0, pages});
        for (unsigned i = 0; i < cap_count; i++)
            must(sys_cap(CAP_COPY, 0, caps[i], h.task, caps[i], 0, 0), "copy");
    }
    map_into(h.task,
             (struct map_op){MAP_MAP, MAP_READ | MAP_WRITE, 0, h.stack, va, 0, stack_pages});
    h.thread = next_slot++;
    must(sys_create(OBJ_THREAD, ROOT_QUOTA, h.task, h.thread, va + 8 * PAGE_SIZE, priority, 0, 0),
         "thread");
    must(sys_thread(THREAD_START, h.thread, 0, (uint64_t)entry, va + stack_pages * PAGE_SIZE - 8,
                    argument == HELPER_IPC ? va + 8 * PAGE_SIZE : argument, 0, 0),
         "start");
    return h;
}

void helper_end(struct helper *h)
{
    drop(h->thread);
    if (h->task)
        drop(h->task);
    drop(h->stack);
}

int main(void);
int main(void)
{
    root_task_begin(&memory);
    struct info_page *time = (struct info_page *)INFO_PAGE_VA;
    printf("\nKernel paths, in ticks of the time-stamp counter (%lu a second).\n",
           time->ticks_per_second);
    printf("%-44s %8s %8s %4s %6s %4s %4s %5s  %s\n", "path", "ticks", "target", "CR", "INVLPG",
           "MSR", "IRET", "XSAVE", "published elsewhere");
    bench_calls();
    bench_ipc();
    bench_faults();
    bench_maps();
    bench_stretch();
    root_task_end(1, 0);
}
