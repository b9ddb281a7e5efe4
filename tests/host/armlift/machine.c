/* The ARM processor of these tests, on the machine of liftframe. */
#include "machine.h"

struct arm_cpu machine;

static bool ended(const struct cpu *cpu, uint32_t end)
{
    return (cpu->pc & ~1u) == end;
}

void machine_reset(void)
{
    static const struct lift_guest guest = {.test = "armlift",
                                            .frontend = &arm_frontend,
                                            .not_address = 1,
                                            .fault_status = TEST_FAULT & 0x7ff,
                                            .ended = ended};
    machine_clear(&guest, &machine.cpu, sizeof machine);
    machine.cp15.sctlr |= SCTLR_M;
    machine.cpu.pc = CODE_AT;
    arm_set_cpsr(&machine, MODE_USR, CPSR_MODE | CPSR_F | CPSR_I | CPSR_A | CPSR_C);
}
