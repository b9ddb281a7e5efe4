/*
 * bench: what a few kernel calls cost, seen from here.
 *
 * Each operation is repeated, in rounds of growing length, until a round lasts long enough for the
 * clock; that round is reported. `make bench-kernel` counts instructions; these figures are time.
 */
#include "shell.h"

#include <stdio.h>
#include <tetrapla/cpu.h>
#include <tetrapla/root.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>
#include <tetrapla/vm.h>

#define ROUND_NS   50000000ULL
#define ROUNDS_MAX (1u << 22)

static handle_t notification;
static uint64_t page_va;

/* The shortest way through the kernel: a call number that does not exist. */
static int null_call(void)
{
    return sys_simple(call_word(CALL_COUNT, 0, 0, 0), 0, 0, 0, 0, 0) == BAD_CALL ? OK : BAD_CALL;
}

static int read_time(void)
{
    return time_now() ? OK : EMPTY;
}

static int thread_info(void)
{
    return sys_info(INFO_THREAD, TASK_THREAD, 0);
}

static int ipc_round_trip(void)
{
    struct message m = {.w = {ROOT_PING}};
    int status = sys_call(TASK_ROOT, 1, &m);
    return status == OK ? (int)m.w[0] : status;
}

static int signal_and_wait(void)
{
    uint64_t bits;
    int status = sys_signal(notification, 1);
    return status == OK ? sys_wait(notification, WAIT_POLL, 0, &bits) : status;
}

/* The first page of this task's memory (its text), once more, read-only. */
static int map_and_unmap(void)
{
    unsigned done;
    ipc()->vector[0] = (struct map_op){
        .kind = MAP_MAP, .rights = MAP_READ, .region = TASK_MEMORY, .va = page_va, .pages = 1};
    ipc()->vector[1] = (struct map_op){.kind = MAP_UNMAP, .va = page_va, .pages = 1};
    return sys_map(0, 2, &done);
}

static const struct {
    const char *name;
    int (*run)(void);
} operations[] = {
    {"null call", null_call},
    {"time (no kernel entry)", read_time},
    {"thread info", thread_info},
    {"IPC round trip to root", ipc_round_trip},
    {"signal and poll a notification", signal_and_wait},
    {"map and unmap a page", map_and_unmap},
};

static void measure(const char *name, int (*run)(void))
{
    for (unsigned n = 64; n <= ROUNDS_MAX; n *= 4) {
        int status = OK;
        uint64_t ns = time_now(), ticks = cpu_ticks();
        for (unsigned i = 0; i < n && status == OK; i++)
            status = run();
        ticks = cpu_ticks() - ticks;
        ns = time_now() - ns;
        if (status != OK) {
            complain("bench", name, status);
            return;
        }
        if (ns < ROUND_NS && n < ROUNDS_MAX)
            continue;
        printf("%-32s %10llu %12llu %10u\r\n", name, (unsigned long long)(ns / n),
               (unsigned long long)(ticks / n), n);
        return;
    }
}

void command_bench(int argc, char **argv)
{
    (void)argc;
    if (!page_va)
        page_va = vm_reserve(PAGE_SIZE, PAGE_SIZE);
    if (!notification) {
        handle_t slot = slot_alloc();
        int status = slot ? sys_create(OBJ_NOTIFICATION, TASK_QUOTA, 0, slot, 0, 0, 0, 0) : LIMIT;
        if (status != OK) {
            slot_free(slot);
            complain(argv[0], "notification", status);
            return;
        }
        notification = slot;
    }
    printf("\033[7m%-32s %10s %12s %10s\033[0m\033[K\r\n", "OPERATION", "NS", "TICKS", "REPEATED");
    for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++)
        measure(operations[i].name, operations[i].run);
}
