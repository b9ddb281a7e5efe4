/* Threads and faults of the hosted port where vm.h leaves things to the port. */
#include "test.h"

#include <arch/hosted/settings.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <tetrapla/vm.h>
#include <unistd.h>

static uint8_t stack[65536] __attribute__((aligned(4096)));
static volatile unsigned reached;

static void delete_self(void *arg)
{
    (void)arg;
    reached = 1;
    vm_thread_delete(vm_thread_self());
    reached = 2;
}

static void holds_locks(void *arg)
{
    for (;;) {
        vm_handle n;
        vm_notification_create(&n);
        vm_signal(n, 1);
        vm_notification_delete(n);
        vm_unreserve(vm_reserve(4096, 4096), 4096);
        reached = 1 + (arg != NULL);
    }
}

/* A fault outside any guest range ends the program by its signal, as if nobody had a handler. */
static bool dies_of(int number)
{
    pid_t child = fork();
    if (child == 0) {
        struct upcall_page *page;
        vm_thread_self();
        close(STDERR_FILENO); /* a sanitizer's report */
        vm_upcall_register((vm_handler *)delete_self, 4096, 8192, stack, sizeof stack, &page);
        if (number == SIGSEGV)
            __asm__ volatile("movl $0, (%0)" : : "r"(8) : "memory");
        raise(number);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

void thread_tests(void)
{
    vm_handle t;
    bool good = vm_thread_create(&t, delete_self, NULL, stack, sizeof stack) == OK;
    usleep(50000);
    result("thread deletes itself", good && reached == 1 && vm_thread_delete(t) == BAD_HANDLE,
           "reached %u", reached);
    good = true;
    for (unsigned i = 0; i < 200 && good; i++) {
        reached = 0;
        good = vm_thread_create(&t, holds_locks, NULL, stack, sizeof stack) == OK &&
               wait_for(&reached, 1) && vm_thread_delete(t) == OK;
    }
    uint64_t va = vm_reserve(4096, 4096);
    result("thread deleted with locks", good && va != 0, "a lock stayed held");
    vm_unreserve(va, 4096);
    result("thread the first cannot be deleted", vm_thread_delete(vm_thread_self()) == BUSY,
           "it was");
    result("fault outside dies", dies_of(SIGSEGV), "it lives");
    result("signal from outside dies", dies_of(SIGILL), "it lives");
    hosted_set_map_limit(10);
    vm_handle r;
    struct map_op op = {.kind = MAP_MAP, .rights = MAP_READ, .pages = 1};
    unsigned done, made = 0;
    int status = vm_region_create(&r, 1);
    va = vm_reserve(1 << 20, 4096);
    for (; status == OK && made < 100; made++) {
        op.region = r;
        op.va = va + made * 8192;
        status = vm_map(&op, 1, &done);
    }
    result("map limit", status == QUOTA && made == 11 && hosted_maps_used() == 10, "%u maps", made);
    vm_region_delete(r);
    result("map limit freed", hosted_maps_used() == 0, "%u left", hosted_maps_used());
    hosted_set_map_limit(0);
}
