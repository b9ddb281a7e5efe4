/*
 * GDB's view: the target description and its registers, numbered in its order:
 * g0-g7 o0-o7 l0-l7 i0-i7 (0-31), f0-f31 (32-63), y psr wim tbr pc npc fsr csr (64-71). Bytes are
 * big-endian.
 */
#include "sparc_cpu.h"

#include <string.h>

#define REG(name) "<reg name=\"" name "\" bitsize=\"32\"/>"
#define GROUP(g) \
    REG(g "0") REG(g "1") REG(g "2") REG(g "3") REG(g "4") REG(g "5") REG(g "6") REG(g "7")
#define F(n) "<reg name=\"f" #n "\" bitsize=\"32\" type=\"ieee_single\" group=\"float\"/>"

/* clang-format off */
const char sparc_gdb_xml[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
    "<target><architecture>sparc</architecture><feature name=\"org.gnu.gdb.sparc.cpu\">"
    GROUP("g")
    REG("o0") REG("o1") REG("o2") REG("o3") REG("o4") REG("o5")
    "<reg name=\"sp\" bitsize=\"32\" type=\"data_ptr\"/>" REG("o7")
    GROUP("l")
    REG("i0") REG("i1") REG("i2") REG("i3") REG("i4") REG("i5")
    "<reg name=\"fp\" bitsize=\"32\" type=\"data_ptr\"/>" REG("i7")
    "</feature><feature name=\"org.gnu.gdb.sparc.fpu\">"
    F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14) F(15)
    F(16) F(17) F(18) F(19) F(20) F(21) F(22) F(23) F(24) F(25) F(26) F(27) F(28) F(29) F(30) F(31)
    "</feature><feature name=\"org.gnu.gdb.sparc.cp0\">"
    REG("y") REG("psr") REG("wim") REG("tbr")
    "<reg name=\"pc\" bitsize=\"32\" type=\"code_ptr\"/>"
    "<reg name=\"npc\" bitsize=\"32\" type=\"code_ptr\"/>"
    REG("fsr") REG("csr")
    "</feature></target>";
/* clang-format on */

enum { GDB_F0 = 32, GDB_Y = 64, GDB_PSR, GDB_WIM, GDB_TBR, GDB_PC, GDB_NPC, GDB_FSR, GDB_CSR };

static uint32_t value_of(struct sparc_cpu *c, unsigned n)
{
    if (n < GDB_F0)
        return sparc_reg_value(c, n);
    if (n < GDB_Y)
        return c->f[(n - GDB_F0) ^ 1];
    switch (n) {
    case GDB_Y:
        return c->y;
    case GDB_PSR:
        return sparc_psr(c);
    case GDB_WIM:
        return c->wim;
    case GDB_TBR:
        return c->tbr;
    case GDB_PC:
        return c->cpu.pc;
    case GDB_NPC:
        return sparc_npc(c);
    case GDB_FSR:
        return sparc_fsr(c);
    default:
        return 0;
    }
}

unsigned sparc_gdb_read(struct cpu *cpu, unsigned n, uint8_t *to)
{
    if (n >= SPARC_GDB_REGISTERS)
        return 0;
    uint32_t v = __builtin_bswap32(value_of(sparc_of(cpu), n));
    memcpy(to, &v, 4);
    return 4;
}

unsigned sparc_gdb_write(struct cpu *cpu, unsigned n, const uint8_t *from)
{
    struct sparc_cpu *c = sparc_of(cpu);
    uint32_t v;
    memcpy(&v, from, 4);
    v = __builtin_bswap32(v);
    if (n >= SPARC_GDB_REGISTERS)
        return 0;
    if (n < GDB_F0 && n != 0)
        *sparc_reg(c, n) = v;
    else if (n >= GDB_F0 && n < GDB_Y)
        c->f[(n - GDB_F0) ^ 1] = v;
    else if (n == GDB_Y)
        c->y = v;
    else if (n == GDB_PSR && (v & PSR_CWP) < SPARC_WINDOWS)
        sparc_set_psr(c, v);
    else if (n == GDB_WIM)
        c->wim = v & ((1u << SPARC_WINDOWS) - 1);
    else if (n == GDB_TBR)
        c->tbr = v & 0xfffffff0;
    else if (n == GDB_PC) /* as a jump there */
        sparc_set_pcs(c, v & ~3u, (v & ~3u) + 4);
    else if (n == GDB_NPC)
        sparc_set_pcs(c, c->cpu.pc, v & ~3u);
    else if (n == GDB_FSR)
        sparc_set_fsr(c, v);
    return 4;
}
