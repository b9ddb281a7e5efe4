/*
 * Running the cases, and what they share.
 */
#include "suite.h"

#define WORKERS     12
#define STACK_BYTES 32768

static struct vm_worker workers[WORKERS];
static uint8_t stacks[WORKERS][STACK_BYTES] __attribute__((aligned(4096)));
static vm_handle pause_notification;

static void worker_entry(void *arg)
{
    struct vm_worker *w = arg;
    w->entry(w->arg);
    w->done = true;
}

struct vm_worker *vm_spawn(void (*entry)(void *), void *arg)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        struct vm_worker *w = &workers[i];
        if (w->used)
            continue;
        *w = (struct vm_worker){.entry = entry, .arg = arg, .used = true};
        if (vm_thread_create(&w->thread, worker_entry, w, stacks[i], STACK_BYTES) == OK)
            return w;
        w->used = false;
        return NULL;
    }
    return NULL;
}

bool vm_end(struct vm_worker *w)
{
    w->used = false;
    return vm_thread_delete(w->thread) == OK;
}

bool vm_join(struct vm_worker *w)
{
    uint64_t end = vm_now() + 10000000000ULL;
    while (!w->done && vm_now() < end)
        vm_pause(200000);
    bool done = w->done;
    return vm_end(w) && done;
}

void vm_pause(uint64_t ns)
{
    uint64_t bits;
    vm_deadline(pause_notification, vm_now() + ns);
    while (vm_wait(pause_notification, &bits) == POKED)
        ;
}

bool vm_until(volatile uint64_t *word, uint64_t least)
{
    uint64_t end = vm_now() + 10000000000ULL;
    while (*word < least && vm_now() < end)
        vm_pause(200000);
    return *word >= least;
}

int vm_one(unsigned kind, vm_handle region, uint64_t va, uint64_t offset, uint64_t pages,
           unsigned rights)
{
    struct map_op op = vm_op(kind, region, va, offset, pages, rights);
    unsigned done;
    return vm_map(&op, 1, &done);
}

unsigned vm_suite(void)
{
    static const struct vm_test *const parts[] = {time_tests,  thread_tests, memory_tests,
                                                  quota_tests, upcall_tests, poke_tests};
    unsigned passed = 0, failed = 0;
    if (vm_notification_create(&pause_notification) != OK) {
        printf("FAIL vm_start: no notification\n0 passed, 1 failed\n");
        return 1;
    }
    for (unsigned p = 0; p < sizeof parts / sizeof parts[0]; p++)
        for (const struct vm_test *t = parts[p]; t->name != NULL; t++) {
            const char *why = t->run();
            if (why == NULL) {
                printf("ok %s\n", t->name);
                passed++;
            } else if (strcmp(why, SKIP) == 0) {
                printf("skip %s\n", t->name);
            } else {
                printf("FAIL %s: %s\n", t->name, why);
                failed++;
            }
        }
    vm_notification_delete(pause_notification);
    printf("%u passed, %u failed\n", passed, failed);
    return failed;
}
