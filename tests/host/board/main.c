/* Devices and the ARM board, driven directly on a VM without a CPU: board-test [ROUNDS-DIVISOR]. */
#include "mock.h"

#include <stdlib.h>

unsigned rounds_divisor = 1;

int main(int argc, char **argv)
{
    if (argc > 1)
        rounds_divisor = (unsigned)atoi(argv[1]);
    test_gic();
    test_pl011();
    test_pl031();
    test_timer();
    test_psci();
    test_virtio();
    test_fdt();
    test_loader();
    test_board();
    return summary();
}
