/*
 * The ARM frontend's contract: struct frontend, filled in.
 */
#include "arm_cpu.h"
#include "insn.h"

#include <string.h>

#define PIN(n) (uint16_t)(offsetof(struct cpu, reg[0]) + 4 * (n))
/* Most used first: compilers prefer r0-r7, all code uses sp and lr, linkers' veneers r12. */
static const uint16_t pins[] = {PIN(0),  PIN(1),  PIN(2),  PIN(3), PIN(4), PIN(5),  PIN(6), PIN(7),
                                PIN(13), PIN(14), PIN(12), PIN(8), PIN(9), PIN(10), PIN(11)};

static const struct frontend_helper helpers[] = {
#define HELPER(name) {#name, arm_helper_##name},
#include "helpers.h"
#include "helpers_simd.h"
#undef HELPER
    {NULL, NULL},
};

static unsigned disas(uint32_t pc, uint32_t mode, const uint8_t *code, unsigned bytes, char *to,
                      size_t size)
{
    struct arm_insn i;
    bool thumb = (pc & 1) != 0;
    uint8_t raw[4] = {0};
    memcpy(raw, code, bytes < 4 ? bytes : 4);
    uint32_t low = raw[0] | (uint32_t)raw[1] << 8, high = raw[2] | (uint32_t)raw[3] << 8;
    if (!thumb)
        arm_decode_a32(low | high << 16, &i);
    else
        arm_decode_t32(arm_t32_is_wide(low) ? low << 16 | high : low, &i);
    unsigned it = (mode >> AMODE_IT_SHIFT) & 0xff;
    arm_disas_insn(&i, pc & ~1u, thumb, it != 0 ? it >> 4 : 14, to, size);
    return i.bytes;
}

const struct frontend arm_frontend = {
    .name = "arm",
    .cpu_bytes = sizeof(struct arm_cpu),
    .pins = pins,
    .pin_count = sizeof pins / sizeof pins[0],
    .helpers = helpers,
    .nan = NAN_ARM,
    .descriptor_step = GUEST_PAGE,
    .reset = arm_reset,
    .mode = arm_mode_word,
    .lift = arm_lift_block,
    .walk = arm_walk,
    .windows = arm_windows,
    .holds = arm_holds,
    .walk_for = arm_walk_for,
    .restore = arm_restore,
    .deliver = arm_deliver,
    .interrupt = arm_interrupt,
    .wakes = arm_wakes,
    .disas = disas,
    .dump = arm_dump,
    .gdb_xml = arm_gdb_xml,
    .pc_state = 1,
    .gdb_registers = ARM_GDB_REGISTERS,
    .gdb_read = arm_gdb_read,
    .gdb_write = arm_gdb_write,
};
