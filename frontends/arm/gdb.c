/*
 * GDB's view: the target description and its registers, numbered in its order:
 * r0-r12 sp lr pc (0-15), cpsr (16), d0-d31 (17-48), fpscr (49). Bytes are little-endian.
 */
#include "arm_cpu.h"

#include <string.h>

#define REG(name) "<reg name=\"" name "\" bitsize=\"32\"/>"
#define D(n)      "<reg name=\"d" #n "\" bitsize=\"64\" type=\"ieee_double\"/>"

/* clang-format off */
const char arm_gdb_xml[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
    "<target><architecture>arm</architecture><feature name=\"org.gnu.gdb.arm.core\">"
    REG("r0") REG("r1") REG("r2") REG("r3") REG("r4") REG("r5") REG("r6") REG("r7")
    REG("r8") REG("r9") REG("r10") REG("r11") REG("r12")
    "<reg name=\"sp\" bitsize=\"32\" type=\"data_ptr\"/>" REG("lr")
    "<reg name=\"pc\" bitsize=\"32\" type=\"code_ptr\"/>" REG("cpsr")
    "</feature><feature name=\"org.gnu.gdb.arm.vfp\">"
    D(0) D(1) D(2) D(3) D(4) D(5) D(6) D(7) D(8) D(9) D(10) D(11) D(12) D(13) D(14) D(15)
    D(16) D(17) D(18) D(19) D(20) D(21) D(22) D(23) D(24) D(25) D(26) D(27) D(28) D(29) D(30) D(31)
    "<reg name=\"fpscr\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
    "</feature></target>";
/* clang-format on */

enum { GDB_PC = 15, GDB_CPSR = 16, GDB_D0 = 17, GDB_FPSCR = 49 };

unsigned arm_gdb_read(struct cpu *cpu, unsigned n, uint8_t *to)
{
    const struct arm_cpu *c = arm_of(cpu);
    uint32_t v;
    if (n >= GDB_D0 && n < GDB_FPSCR) {
        memcpy(to, &c->vfp.d[n - GDB_D0], 8);
        return 8;
    }
    if (n < GDB_PC)
        v = cpu->reg[n];
    else if (n == GDB_PC)
        v = cpu->pc & ~1u;
    else if (n == GDB_CPSR)
        v = arm_cpsr(c);
    else if (n == GDB_FPSCR)
        v = arm_fpscr(c);
    else
        return 0;
    memcpy(to, &v, 4);
    return 4;
}

unsigned arm_gdb_write(struct cpu *cpu, unsigned n, const uint8_t *from)
{
    struct arm_cpu *c = arm_of(cpu);
    uint32_t v;
    if (n >= GDB_D0 && n < GDB_FPSCR) {
        memcpy(&c->vfp.d[n - GDB_D0], from, 8);
        return 8;
    }
    memcpy(&v, from, 4);
    if (n < GDB_PC)
        cpu->reg[n] = v;
    else if (n == GDB_PC)
        cpu->pc = (v & ~1u) | (cpu->pc & 1);
    else if (n == GDB_CPSR)
        arm_set_cpsr(c, v, ~0u);
    else if (n == GDB_FPSCR)
        arm_set_fpscr(c, v);
    else
        return 0;
    return 4;
}
