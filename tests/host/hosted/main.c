/* Tests of the hosted port beside the conformance of vm.h. */
#include "test.h"

#include <arch/hosted/devices.h>
#include <time.h>

volatile unsigned attended;

static void count_attention(void)
{
    __atomic_add_fetch(&attended, 1, __ATOMIC_SEQ_CST);
}

bool wait_for(volatile unsigned *word, unsigned n)
{
    for (unsigned i = 0; i < 5000 && __atomic_load_n(word, __ATOMIC_SEQ_CST) < n; i++) {
        struct timespec little = {.tv_nsec = 1000000};
        nanosleep(&little, NULL);
    }
    return __atomic_load_n(word, __ATOMIC_SEQ_CST) >= n;
}

int main(void)
{
    hostdev_attend = count_attention;
    options_tests();
    extents_tests();
    disk_tests();
    gdb_tests();
    thread_tests();
    maps_tests();
    terminal_tests();
    return summary();
}
