/*
 * From the first instruction to main. The page that the starter passes says who started the task:
 * root (struct startup) or the kernel (struct boot_info); the magic number at its start decides.
 * Both put the main thread's IPC page at the same address.
 *
 * Order matters: the thread block first (errno, ipc()), then slots, memory, output.
 */
#include "internal.h"

#include <stdlib.h>
#include <tetrapla/bootinfo.h>
#include <tetrapla/sys.h>

_Static_assert(ROOT_IPC_VA == IPC_VA, "one address for the main thread's IPC page");
_Static_assert((int)ROOT_QUOTA == (int)TASK_QUOTA, "one handle for the quota");
_Static_assert((int)ROOT_THREAD == (int)TASK_THREAD, "one handle for the main thread");

#define ROOT_FIRST_FREE 256 /* above the handles of all regions */
_Static_assert(ROOT_FIRST_REGION + BOOT_REGIONS_MAX <= ROOT_FIRST_FREE, "root's free slots");

int main(void);

static const struct startup *startup_page;
static const struct boot_info *boot_page;

const struct startup *startup(void)
{
    return startup_page;
}
const struct boot_info *boot_info(void)
{
    return boot_page;
}

static void start_task(const struct startup *s)
{
    startup_page = s;
    threads_init(TASK_THREAD, TASK_ROOT);
    slots_init(s->first_free);
    uint64_t used = s->memory_used >> PAGE_SHIFT, pages = s->memory_bytes >> PAGE_SHIFT;
    heap_init(TASK_MEMORY, used, pages > used ? pages - used : 0);
    output_init();
}

static void start_root(const struct boot_info *b)
{
    boot_page = b;
    threads_init(ROOT_THREAD, HANDLE_NONE);
    slots_init(ROOT_FIRST_FREE);
}

_Noreturn void start_c(const void *page)
{
    if (*(const uint64_t *)page == STARTUP_MAGIC)
        start_task(page);
    else if (*(const uint64_t *)page == BOOTINFO_MAGIC)
        start_root(page);
    else
        __builtin_trap(); /* no one can be told anything */
    exit(main());
}
