/* Devices and the ARM board, driven directly on a VM without a CPU. */
#include "mock.h"

int main(void)
{
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
