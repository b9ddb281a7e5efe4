/* Power State Coordination Interface 1.0 (ARM DEN 0022C) for a machine of one CPU. */
#pragma once

#include <translator/board.h>

/* A call by HVC (the conduit the device tree names) or SMC; r: r0–r3, the result to r[0]. False:
 * the instruction is undefined, as SMC is on a CPU without Security Extensions. */
bool psci_call(struct vm *vm, bool hvc, uint32_t r[4]);

/* Function numbers that device trees name. */
#define PSCI_CPU_SUSPEND 0x84000001u
#define PSCI_CPU_OFF     0x84000002u
#define PSCI_CPU_ON      0x84000003u
#define PSCI_MIGRATE     0x84000005u
