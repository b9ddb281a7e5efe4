/*
 * The SPARC frontend's contract: struct frontend, filled in.
 */
#include "insn.h"
#include "sparc_cpu.h"

#include <string.h>

#define O(n) (uint16_t)(offsetof(struct cpu, reg[0]) + 4 * (n))
#define G(n) (uint16_t)(offsetof(struct cpu, reg[0]) + 4 * (8 + (n)))
/* Most used first: arguments, results and temporaries are in outs and the first globals. */
static const uint16_t pins[] = {O(0), G(1), O(1), O(2), G(2), O(3), G(3), O(4),
                                G(4), O(5), O(6), O(7), G(6), G(5), G(7)};

static const struct frontend_helper helpers[] = {
#define HELPER(name) {#name, sparc_helper_##name},
#include "helpers.h"
#undef HELPER
    {NULL, NULL},
};

static unsigned disas(uint32_t pc, uint32_t mode, const uint8_t *code, unsigned bytes, char *to,
                      size_t size)
{
    struct sparc_insn i;
    uint32_t raw = 0;
    (void)mode;
    memcpy(&raw, code, bytes < 4 ? bytes : 4);
    sparc_decode(__builtin_bswap32(raw), &i);
    sparc_disas_insn(&i, pc, to, size);
    return 4;
}

const struct frontend sparc_frontend = {
    .name = "sparc",
    .cpu_bytes = sizeof(struct sparc_cpu),
    .pins = pins,
    .pin_count = sizeof pins / sizeof pins[0],
    .helpers = helpers,
    .nan = NAN_SPARC,
    .descriptor_step = 1 << 8, /* H.3.4: PPN */
    .descriptor_big = true,
    .reset = sparc_reset,
    .mode = sparc_mode_word,
    .lift = sparc_lift_block,
    .walk = sparc_walk,
    .windows = sparc_windows,
    .holds = sparc_holds,
    .walk_for = sparc_walk_for,
    .tables = sparc_guest_tables,
    .restore = sparc_restore,
    .deliver = sparc_deliver,
    .interrupt = sparc_interrupt,
    .wakes = sparc_wakes,
    .disas = disas,
    .dump = sparc_dump,
    .gdb_xml = sparc_gdb_xml,
    .gdb_registers = SPARC_GDB_REGISTERS,
    .gdb_read = sparc_gdb_read,
    .gdb_write = sparc_gdb_write,
};
