/* The PC's devices and its board, driven directly on a VM without a CPU. */
#include "mock.h"

int main(void)
{
    test_pic();
    test_pit();
    test_rtc();
    test_serial();
    test_keyboard();
    test_pci();
    test_ide();
    test_cdrom();
    test_apic();
    test_vga();
    test_boot();
    return summary();
}
