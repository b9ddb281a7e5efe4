/*
 * The x86 frontend's contract: struct frontend, filled in.
 */
#include "x86_cpu.h"

#define PIN(n) (uint16_t)(offsetof(struct cpu, reg[0]) + 4 * (n))
static const uint16_t pins[] = {PIN(X86_EAX), PIN(X86_EDX), PIN(X86_ECX), PIN(X86_EBX),
                                PIN(X86_ESP), PIN(X86_ESI), PIN(X86_EBP), PIN(X86_EDI)};

#define XMM(n) (uint16_t)(offsetof(struct x86_cpu, xmm[0]) + 16 * (n))
static const uint16_t vectors[] = {XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5), XMM(6), XMM(7)};

static const struct frontend_helper helpers[] = {
#define HELPER(name) {#name, x86_helper_##name},
#include "helpers.h"
#undef HELPER
    {NULL, NULL},
};

static unsigned disas(uint32_t pc, uint32_t mode, const uint8_t *code, unsigned bytes, char *to,
                      size_t size)
{
    struct x86_insn i;
    unsigned how = ((mode & XMODE_D) != 0 ? X86_MODE_D : 0) | X86_MODE_PROTECTED | X86_HAS_ATOM;
    x86_decode(code, bytes, how, &i);
    x86_disas_insn(&i, pc, to, size);
    return i.length == 0 ? 1 : i.length;
}

const struct frontend x86_frontend = {
    .name = "x86",
    .cpu_bytes = sizeof(struct x86_cpu),
    .pins = pins,
    .pin_count = sizeof pins / sizeof pins[0],
    .vectors = vectors,
    .vector_count = sizeof vectors / sizeof vectors[0],
    .helpers = helpers,
    .nan = NAN_X86,
    .x87 = offsetof(struct x86_cpu, fpu.r),
    .open_bus = true,
    .over_end_faults = true,
    .stores_act_at_once = true,
    .descriptor_step = GUEST_PAGE,
    .reset = x86_reset,
    .mode = x86_mode_word,
    .lift = x86_lift_block,
    .walk = x86_walk,
    .windows = x86_windows,
    .holds = x86_holds,
    .walk_for = x86_walk_for,
    .tables = x86_guest_tables,
    .restore = x86_restore,
    .deliver = x86_deliver,
    .interrupt = x86_interrupt,
    .wakes = x86_wakes,
    .disas = disas,
    .dump = x86_dump,
    .gdb_xml = x86_gdb_xml,
    .gdb_registers = X86_GDB_REGISTERS,
    .gdb_read = x86_gdb_read,
    .gdb_write = x86_gdb_write,
};
