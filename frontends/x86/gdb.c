/*
 * GDB's view: the target description and its registers, numbered in its order: general registers as
 * instructions number them (0-7), eip (8), eflags (9), cs ss ds es fs gs (10-15), st0-st7 (16-23),
 * x87 control (24-31), xmm0-xmm7 (32-39), mxcsr (40). eip is the linear address, by which the
 * debugger's breakpoints are found.
 */
#include "x87.h"

#include <string.h>

#define REG(name)  "<reg name=\"" name "\" bitsize=\"32\" type=\"int32\"/>"
#define DATA(name) "<reg name=\"" name "\" bitsize=\"32\" type=\"data_ptr\"/>"
#define ST(n)      "<reg name=\"st" #n "\" bitsize=\"80\" type=\"i387_ext\"/>"
#define X87(name)  "<reg name=\"" name "\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
#define XMM(n)     "<reg name=\"xmm" #n "\" bitsize=\"128\" type=\"uint128\"/>"

/* clang-format off */
const char x86_gdb_xml[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
    "<target><architecture>i386</architecture><feature name=\"org.gnu.gdb.i386.core\">"
    REG("eax") REG("ecx") REG("edx") REG("ebx") DATA("esp") DATA("ebp") REG("esi") REG("edi")
    "<reg name=\"eip\" bitsize=\"32\" type=\"code_ptr\"/>" REG("eflags")
    REG("cs") REG("ss") REG("ds") REG("es") REG("fs") REG("gs")
    ST(0) ST(1) ST(2) ST(3) ST(4) ST(5) ST(6) ST(7)
    X87("fctrl") X87("fstat") X87("ftag") X87("fiseg") X87("fioff") X87("foseg") X87("fooff") X87("fop")
    "</feature><feature name=\"org.gnu.gdb.i386.sse\">"
    XMM(0) XMM(1) XMM(2) XMM(3) XMM(4) XMM(5) XMM(6) XMM(7)
    "<reg name=\"mxcsr\" bitsize=\"32\" type=\"int\" group=\"vector\"/>"
    "</feature></target>";
/* clang-format on */

enum { GDB_EIP = 8, GDB_EFLAGS, GDB_SEGS, GDB_ST = 16, GDB_X87 = 24, GDB_XMM = 32, GDB_MXCSR = 40 };
static const uint8_t gdb_segs[X86_SEGS] = {X86_CS, X86_SS, X86_DS, X86_ES, X86_FS, X86_GS};

static struct x86_st *st(struct x86_cpu *c, unsigned n)
{
    return &c->fpu.r[(c->fpu.state.top + n) & 7];
}

/* Two bits a register: 3 empty, else 0; debuggers look no further. */
static uint32_t tags(const struct x86_fpu *f)
{
    uint32_t v = 0;
    for (unsigned n = 0; n < 8; n++)
        v |= (f->state.used >> n & 1) != 0 ? 0 : 3u << (2 * n);
    return v;
}

static uint32_t x87_control(struct x86_cpu *c, unsigned n)
{
    const struct x86_fpu *f = &c->fpu;
    const uint32_t v[8] = {
        f->control, x87_status_word(c), tags(f), f->cs, f->fast_ip != 0 ? f->fast_ip : f->ip, f->ds,
        f->dp,      f->opcode};
    return v[n];
}

unsigned x86_gdb_read(struct cpu *cpu, unsigned n, uint8_t *to)
{
    struct x86_cpu *c = x86_of(cpu);
    uint32_t v;
    if (n >= GDB_ST && n < GDB_X87) {
        struct x80 shown = x87_visible(&c->fpu, x87_phys(&c->fpu, n - GDB_ST));
        memcpy(to, &shown, 10);
        return 10;
    }
    if (n >= GDB_XMM && n < GDB_MXCSR) {
        memcpy(to, c->xmm[n - GDB_XMM], 16);
        return 16;
    }
    if (n < GDB_EIP)
        v = cpu->reg[n];
    else if (n == GDB_EIP)
        v = cpu->pc;
    else if (n == GDB_EFLAGS)
        v = x86_eflags(c);
    else if (n < GDB_ST)
        v = c->seg[gdb_segs[n - GDB_SEGS]].selector;
    else if (n < GDB_XMM)
        v = x87_control(c, n - GDB_X87);
    else if (n == GDB_MXCSR)
        v = x86_mxcsr(c);
    else
        return 0;
    memcpy(to, &v, 4);
    return 4;
}

/* Segment registers and x87 control are not written. */
unsigned x86_gdb_write(struct cpu *cpu, unsigned n, const uint8_t *from)
{
    struct x86_cpu *c = x86_of(cpu);
    uint32_t v;
    if (n >= GDB_ST && n < GDB_X87) {
        memcpy(st(c, n - GDB_ST), from, 10);
        return 10;
    }
    if (n >= GDB_XMM && n < GDB_MXCSR) {
        memcpy(c->xmm[n - GDB_XMM], from, 16);
        return 16;
    }
    memcpy(&v, from, 4);
    if (n < GDB_EIP)
        cpu->reg[n] = v;
    else if (n == GDB_EIP)
        cpu->pc = v;
    else if (n == GDB_EFLAGS)
        x86_set_eflags(c, v, EFLAGS_ALL & ~EFLAGS_VM);
    else if (n == GDB_MXCSR)
        x86_set_mxcsr(c, v & MXCSR_MASK);
    else if (n > GDB_MXCSR)
        return 0;
    return 4;
}
