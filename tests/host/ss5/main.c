/* Devices and PROM of the board ss5, driven directly on a VM without a CPU. */
#include "mock.h"

int main(void)
{
    test_slavio();
    test_serial();
    test_clock();
    test_iommu();
    test_scsi();
    test_prom();
    return summary();
}
