/* The SPARC processor of these tests, on the machine of liftframe. */
#include "machine.h"

struct sparc_cpu machine;

static bool ended(const struct cpu *cpu, uint32_t end)
{
    return cpu->pc == end && !machine.delay;
}

void machine_reset(void)
{
    static const struct lift_guest guest = {.test = "sparclift",
                                            .frontend = &sparc_frontend,
                                            .fault_status = TEST_FAULT,
                                            .big_endian = true,
                                            .ended = ended};
    machine_clear(&guest, &machine.cpu, sizeof machine);
    sparc_set_psr(&machine, PSR_S | PSR_ET | PSR_EF);
    sparc_set_pcs(&machine, CODE_AT, CODE_AT + 4);
}
