/*
 * The VM task: one guest in one task. It has a memory grant, kernel memory for its windows, its images, a
 * pane and the clock; nothing else reaches it, and it reaches nothing else.
 *
 * Two threads: the main thread is the vCPU, which runs translated code, device models and everything else of
 * the VM; the other waits for the pane. Messages of the translator go to root's log, the guest's output
 * and a line about its end to the pane.
 *
 * The task's exit status says how the guest ended (the same numbers as the hosted program's): 0 powered
 * off, 1 the VM is broken, 2 the configuration is impossible, 3 the guest asked for a reset: root starts
 * the task again.
 */
#include "vm_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tetrapla/clock.h>
#include <tetrapla/random.h>
#include <tetrapla/root.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>

enum { STATUS_POWEROFF = 0, STATUS_BROKEN = 1, STATUS_CONFIGURATION = 2, STATUS_RESET = 3 };

#define CACHE_DEFAULT (16ull << 20) /* code cache; descriptions take twice as much */

void (*hostdev_attend)(void);

static struct vm_config config = {.guest = "arm", .append = "", .cache_bytes = CACHE_DEFAULT};
static struct vm *the_vm;

uint64_t wall_clock(void)
{
    uint64_t ns;
    return clock_now(&ns) == OK ? ns / 1000000000 : 0;
}

static void attend(void)
{
    vm_attend(the_vm);
}

static void serve_pane(void *unused)
{
    (void)unused;
    pane_serve(config.terminal);
}

/* What the kernel has counted, in the whole system; with `stats` the change from start to end is logged. */
static struct info_system counted_before;

static void read_counters(struct info_system *to)
{
    if (sys_info(INFO_SYSTEM, 0, 0) == OK)
        memcpy(to, ipc()->msg, sizeof *to);
}

static void print_counters(void)
{
    static const struct {
        const char *text;
        size_t at;
    } rows[] = {
        {"kernel entries", offsetof(struct info_system, kernel_entries)},
        {"context switches", offsetof(struct info_system, context_switches)},
        {"interrupts", offsetof(struct info_system, interrupts)},
        {"upcalls", offsetof(struct info_system, upcalls)},
        {"IPCs", offsetof(struct info_system, ipcs)},
        {"map calls", offsetof(struct info_system, maps)},
        {"pages of page tables", offsetof(struct info_system, mapped_tables)},
    };
    struct info_system now = counted_before;
    read_counters(&now);
    for (unsigned n = 0; n < sizeof rows / sizeof *rows; n++)
        printf("%14lld %s\n",
               (long long)(*(uint64_t *)((char *)&now + rows[n].at) -
                           *(uint64_t *)((char *)&counted_before + rows[n].at)),
               rows[n].text);
}

/* The task ends; whoever looks at the pane learns why. */
static _Noreturn void finish(int status, const char *why)
{
    printf("%s\n", why);
    pane_say(config.terminal, why);
    root_exit(status);
}

static _Noreturn void run_guest(void)
{
    static const struct {
        int status;
        const char *why;
    } ends[] = {
        [VM_POWEROFF] = {STATUS_POWEROFF, "the guest has powered off"},
        [VM_RESET] = {STATUS_RESET, "the guest restarts"},
        [VM_BROKEN] = {STATUS_BROKEN, "the virtual machine is broken; the log says why"},
        [VM_STOPPED] = {STATUS_BROKEN, "the virtual machine was stopped"},
    };
    char error[400];
    the_vm = vm_create(&config, error, sizeof error);
    if (the_vm == NULL)
        finish(STATUS_CONFIGURATION, error);
    __atomic_store_n(&hostdev_attend, attend, __ATOMIC_RELEASE);
    attend(); /* input may be there already */
    read_counters(&counted_before);
    enum vm_end end = vm_run(the_vm);
    if (config.stats)
        print_counters();
    __atomic_store_n(&hostdev_attend, NULL, __ATOMIC_RELEASE);
    finish(ends[end].status, ends[end].why);
}

int main(void)
{
    static char words[sizeof((struct startup *)0)->args];
    char error[400];
    handle_t server;
    output_set(output_log);
    config.terminal = pane_open();
    if (config.terminal == NULL) {
        printf("no pane is granted (pane=)\n");
        return STATUS_CONFIGURATION;
    }
    memcpy(words, startup()->args, sizeof words - 1);
    if (!arguments_read(words, &config, error, sizeof error))
        finish(STATUS_CONFIGURATION, error);
    pane_title(config.terminal, config.guest);
    config.seeded = random_bytes(config.seed, sizeof config.seed);
    int status = thread_create(&server, serve_pane, NULL, 0, 0);
    if (status != OK) {
        snprintf(error, sizeof error, "no thread for the pane: %s", status_name(status));
        finish(STATUS_CONFIGURATION, error);
    }
    run_guest();
}
