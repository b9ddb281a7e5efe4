/*
 * System instructions: control and debug registers, ports, INVLPG, privilege checks.
 */
#include "segments.h"

#include <translator/board.h>
#include <translator/machine.h>
#include <translator/ports.h>

#define CR4_KNOWN                                                                             \
    (CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | \
     CR4_OSFXSR | CR4_OSXMMEXCPT)
#define CR0_KNOWN                                                                              \
    (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | \
     CR0_PG)

/* ---- control registers (SDM vol. 2, MOV to CR; vol. 3, 2.5) ----------------------------------- */

uint64_t x86_helper_get_control(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    const struct x86_cpu *x = x86_of(cpu);
    (void)b, (void)c;
    switch (a & 15) {
    case 0:
        return x->cr0;
    case 2:
        return x->cr2;
    case 3:
        return x->cr3;
    case 4:
        return x->cr4;
    default:
        return x86_raise(x86_of(cpu), VECTOR_UD);
    }
}

static bool put_cr0(struct x86_cpu *c, uint32_t v)
{
    uint32_t old = c->cr0;
    if (((v & CR0_PG) != 0 && (v & CR0_PE) == 0) || ((v & CR0_NW) != 0 && (v & CR0_CD) == 0))
        return false;
    c->cr0 = (v & CR0_KNOWN) | CR0_ET;
    uint32_t changed = old ^ c->cr0;
    if ((changed & CR0_PG) != 0 && (v & CR0_PG) != 0 && !x86_load_cr3(c, c->cr3)) {
        c->cr0 = old;
        return false;
    }
    if ((changed & CR0_PE) != 0)
        c->cpl = 0;
    if ((changed & (CR0_PG | CR0_WP | CR0_PE)) != 0)
        x86_paging_changed(c, true);
    return true;
}

static bool put_cr4(struct x86_cpu *c, uint32_t v)
{
    uint32_t old = c->cr4, changed = old ^ v;
    if ((v & ~CR4_KNOWN) != 0 || (v & (CR4_VME | CR4_PVI)) != 0)
        return false;
    c->cr4 = v;
    if ((changed & CR4_PAE) != 0 && !x86_load_cr3(c, c->cr3)) {
        c->cr4 = old;
        return false;
    }
    if ((changed & (CR4_PSE | CR4_PAE | CR4_PGE)) != 0)
        x86_paging_changed(c, true);
    return true;
}

static bool put_cr3(struct x86_cpu *c, uint32_t v)
{
    if (!x86_load_cr3(c, v))
        return false;
    if ((c->cr0 & CR0_PG) != 0)
        x86_paging_changed(c, false);
    return true;
}

uint64_t x86_helper_put_control(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    uint32_t v = (uint32_t)b;
    bool good = true;
    (void)c;
    switch (a & 15) {
    case 0:
        good = put_cr0(x, v);
        break;
    case 2:
        x->cr2 = v;
        break;
    case 3:
        good = put_cr3(x, v);
        break;
    case 4:
        good = put_cr4(x, v);
        break;
    default:
        return x86_raise(x, VECTOR_UD);
    }
    return good ? 0 : x86_raise_error(x, VECTOR_GP, 0);
}

/* LMSW can set PE, not clear it. */
uint64_t x86_helper_lmsw(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    (void)b, (void)c;
    put_cr0(x, (x->cr0 & ~0xeu) | ((uint32_t)a & 0xf));
    return 0;
}

uint64_t x86_helper_invlpg(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    window_flush_page(cpu->vm, X86_KEY_PAGED, X86_KEY_PAGED, (uint32_t)a);
    windows_complete(cpu->vm);
    return 0;
}

/* ---- debug registers (SDM vol. 3, 17.2) ------------------------------------------------------- */

#define DR7_GD 0x2000u
#define DR6_BD 0x2000u

/* The register meant: 4 and 5 are 6 and 7 unless CR4.DE is set. Negative: exception raised. */
static int debug_register(struct x86_cpu *c, unsigned n)
{
    if ((n == 4 || n == 5) && (c->cr4 & CR4_DE) != 0) {
        x86_raise(c, VECTOR_UD);
        return -1;
    }
    if ((c->dr[7] & DR7_GD) != 0) {
        c->dr[6] |= DR6_BD;
        c->dr[7] &= ~DR7_GD;
        x86_raise(c, VECTOR_DB);
        return -1;
    }
    return (int)(n == 4 || n == 5 ? n + 2 : n & 7);
}

uint64_t x86_helper_get_debug(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    int n = debug_register(x, (unsigned)a & 7);
    (void)b, (void)c;
    return n < 0 ? 0 : x->dr[n];
}

uint64_t x86_helper_put_debug(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    int n = debug_register(x, (unsigned)a & 7);
    uint32_t v = (uint32_t)b;
    (void)c;
    if (n >= 0)
        x->dr[n] = n == 6 ? (v & 0xe00f) | 0xffff0ff0 : n == 7 ? (v & 0xffff2fff) | 0x400 : v;
    return 0;
}

/* ---- privilege, ports ------------------------------------------------------------------------- */

uint64_t x86_helper_check_iopl(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    (void)a, (void)b, (void)c;
    return x->cpl > x86_iopl(x) ? x86_raise_error(x, VECTOR_GP, 0) : 0;
}

uint64_t x86_helper_v86_iopl(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    (void)a, (void)b, (void)c;
    return x86_iopl(x) != 3 ? x86_raise_error(x, VECTOR_GP, 0) : 0;
}

/* The TSS's bitmap allows the ports (SDM vol. 1, 19.5.2). */
static bool bitmap_allows(struct x86_cpu *c, unsigned port, unsigned size)
{
    uint32_t map, bits;
    if ((c->tr.attr & 8) == 0 || c->tr.limit < 103 ||
        !x86_system_load(c, c->tr.base + 102, 2, &map))
        return false;
    uint32_t at = map + port / 8;
    if (at + 1 > c->tr.limit || !x86_system_load(c, c->tr.base + at, 2, &bits))
        return false;
    return (bits >> (port & 7) & ((1u << size) - 1)) == 0;
}

void x86_ports_allowed(struct x86_cpu *c, unsigned port, unsigned size)
{
    bool v86 = (c->eflags & EFLAGS_VM) != 0;
    if ((c->cr0 & CR0_PE) == 0 || (!v86 && c->cpl <= x86_iopl(c)))
        return;
    if (!bitmap_allows(c, port, size) && c->cpu.exit_request == EXIT_NONE)
        x86_raise_error(c, VECTOR_GP, 0);
}

uint64_t x86_helper_port_in(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    unsigned port = a & 0xffff, size = (unsigned)b;
    (void)c;
    x86_ports_allowed(x86_of(cpu), port, size);
    x86_watch_port(x86_of(cpu), port, size);
    return cpu->exit_request != EXIT_NONE ? 0 : ports_read(cpu->vm, port, size);
}

uint64_t x86_helper_port_out(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    unsigned port = a & 0xffff, size = (unsigned)c;
    x86_ports_allowed(x86_of(cpu), port, size);
    x86_watch_port(x86_of(cpu), port, size);
    if (cpu->exit_request == EXIT_NONE)
        ports_write(cpu->vm, port, size, (uint32_t)b);
    return 0;
}
