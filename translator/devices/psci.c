/*
 * PSCI 1.0 (DEN 0022C chapter 5): how the guest turns itself off.
 *
 * There is one CPU, which runs when it calls; so everything about other CPUs has a constant answer.
 * A call that ends the VM still returns to the guest, which may run until the VM looks next.
 */
#include <translator/devices/psci.h>

#include <frontends/arm/arm_cpu.h>

/* clang-format off */
enum psci_status { /* 5.2.2 */
    SUCCESS = 0, NOT_SUPPORTED = -1, INVALID_PARAMETERS = -2, DENIED = -3, ALREADY_ON = -4,
};
enum psci_function {
    VERSION = 0x84000000, CPU_SUSPEND = PSCI_CPU_SUSPEND, CPU_OFF = PSCI_CPU_OFF,
    CPU_ON = PSCI_CPU_ON, AFFINITY_INFO = 0x84000004, MIGRATE = PSCI_MIGRATE,
    MIGRATE_INFO_TYPE = 0x84000006, MIGRATE_INFO_UP_CPU = 0x84000007, SYSTEM_OFF = 0x84000008,
    SYSTEM_RESET = 0x84000009, FEATURES = 0x8400000a,
};
/* clang-format on */

#define PSCI_1_0        0x00010000u
#define NO_MIGRATION    2u          /* MIGRATE_INFO_TYPE: no trusted OS that would care (5.9) */
#define POWER_DOWN      (1u << 16)  /* CPU_SUSPEND's power_state: not standby (5.4.2) */
#define AFFINITY_FIELDS 0x00ffffffu /* of MPIDR */

/* Whether `target` names this CPU down to affinity level `level` (0–2). */
static bool is_this_cpu(struct vm *vm, uint32_t target, uint32_t level)
{
    uint32_t mask = AFFINITY_FIELDS & (~0u << 8 * level);
    return ((target ^ arm_of(vm_cpu(vm))->mpidr) & mask) == 0;
}

static bool implemented(uint32_t function)
{
    switch (function) {
    case VERSION:
    case CPU_SUSPEND:
    case CPU_OFF:
    case CPU_ON:
    case AFFINITY_INFO:
    case MIGRATE_INFO_TYPE:
    case SYSTEM_OFF:
    case SYSTEM_RESET:
    case FEATURES:
        return true;
    }
    return false;
}

static uint32_t answer(struct vm *vm, const uint32_t r[4])
{
    switch (r[0]) {
    case VERSION:
        return PSCI_1_0;
    case CPU_SUSPEND: /* standby may end at any time (5.4.1): at once; there is no power-down */
        return (uint32_t)(r[1] & POWER_DOWN ? INVALID_PARAMETERS : SUCCESS);
    case CPU_OFF: /* nobody could turn the last CPU on again */
        return (uint32_t)DENIED;
    case CPU_ON:
        return (uint32_t)(is_this_cpu(vm, r[1], 0) ? ALREADY_ON : INVALID_PARAMETERS);
    case AFFINITY_INFO: /* 0: on */
        return r[2] <= 2 && is_this_cpu(vm, r[1], r[2]) ? 0 : (uint32_t)INVALID_PARAMETERS;
    case MIGRATE_INFO_TYPE:
        return NO_MIGRATION;
    case SYSTEM_OFF:
        vm_end(vm, VM_POWEROFF);
        return SUCCESS;
    case SYSTEM_RESET:
        vm_end(vm, VM_RESET);
        return SUCCESS;
    case FEATURES: /* 0: there, without flags (5.15) */
        return implemented(r[1]) ? 0 : (uint32_t)NOT_SUPPORTED;
    }
    return (uint32_t)NOT_SUPPORTED;
}

bool psci_call(struct vm *vm, bool hvc, uint32_t r[4])
{
    if (!hvc)
        return false;
    r[0] = answer(vm, r);
    return true;
}
