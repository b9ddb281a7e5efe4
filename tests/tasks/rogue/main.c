/*
 * A task in a VM task's place that misbehaves: `guest NAME isa=MODE program=rogue ...` gives it just
 * what a guest gets. It says in its pane what it is about to do, and what the kernel answered.
 *
 *   wild    writes to an address where nothing is
 *   jump    jumps to one
 *   loop    asks for a thread above its ceiling, is refused, and keeps its processor time busy
 *   quota   makes objects and maps pages until the kernel refuses, and goes on asking for ever
 *   memory  takes all its memory, and then more
 *
 * tests/system/rogue.py looks at the others meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>
#include <tetrapla/vm.h>

#define NOWHERE ((char *)0x123456789000)

static void wild(void)
{
    printf("writing to nowhere\n");
    *(volatile char *)NOWHERE = 1;
}

static void jump(void)
{
    printf("jumping to nowhere\n");
    ((void (*)(void))(uintptr_t)NOWHERE)();
}

static void spin(void *unused)
{
    (void)unused;
    for (volatile uint64_t n = 0;;)
        n = n + 1;
}

static void loop(void)
{
    handle_t thread;
    int status = thread_create(&thread, spin, NULL, 0, 30);
    printf("a thread at priority 30: %s\n", status_name(status));
    for (int i = 0; i < 4; i++)
        thread_create(&thread, spin, NULL, 0, 0);
    printf("looping in five threads\n");
    spin(NULL);
}

/* Fill an address range with one page, again and again, until there is no kernel memory for tables. */
static int map_until_refused(vm_handle page)
{
    uint64_t bytes = 1ull << 40, va = vm_reserve(bytes, 1 << 21);
    int status = va != 0 ? OK : LIMIT;
    unsigned done;
    for (uint64_t at = va; status == OK && at < va + bytes; at += 1 << 21) {
        struct map_op op = {
            .kind = MAP_MAP, .rights = MAP_READ, .region = page, .va = at, .pages = 1};
        status = vm_map(&op, 1, &done);
    }
    return status;
}

static void quota(void)
{
    vm_handle page, n;
    int status = vm_region_create(&page, 1);
    if (status == OK)
        status = map_until_refused(page);
    printf("mapping ended: %s\n", status_name(status));
    while ((status = vm_notification_create(&n)) == OK)
        ;
    printf("making notifications ended: %s\n", status_name(status));
    for (;;) {
        vm_notification_create(&n);
        map_until_refused(page);
    }
}

static void memory(void)
{
    size_t bytes = 0;
    char *p;
    for (size_t step = 1 << 20; step >= 4096; step /= 2)
        while ((p = malloc(step)) != NULL) {
            memset(p, 0x5a, step);
            bytes += step;
        }
    printf("%zu KiB taken, no more\n", bytes / 1024);
    spin(NULL);
}

int main(void)
{
    static const struct {
        const char *word;
        void (*run)(void);
    } modes[] = {{"isa=wild", wild},
                 {"isa=jump", jump},
                 {"isa=loop", loop},
                 {"isa=quota", quota},
                 {"isa=memory", memory}};
    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strstr(startup()->args, modes[i].word) != NULL)
            modes[i].run();
    printf("no such mode: %s\n", startup()->args);
    return 2;
}
