/*
 * GICv2: the register maps of distributor and CPU interface (IHI 0048B tables 4-1 and 4-2).
 *
 * The distributor is banks of equal registers: `banks` says where each lies and how wide its field
 * is. Words everywhere; bytes and halfwords too where the architecture allows them (priorities,
 * targets, SGI pending). Anything else reads 0 and is logged.
 *
 * One CPU: targets read 0 and ignore writes (4.3.12), SGIs come from CPU 0.
 */
#include "gicv2_state.h"

enum bank {
    GROUP,
    ENABLE_SET,
    ENABLE_CLEAR,
    PENDING_SET,
    PENDING_CLEAR,
    ACTIVE_SET,
    ACTIVE_CLEAR,
    PRIORITY,
    TARGETS,
    CONFIG,
    SGI_CLEAR,
    SGI_SET,
    ACCESS,
    IDENTITY,
    BANKS,
};

/* clang-format off */
static const struct {
    uint16_t at, bytes; /* offset, length */
    bool narrow;        /* bytes and halfwords are allowed */
} banks[BANKS] = {
    [GROUP]         = {0x080, 0x080, false}, /* 4.3.4 */
    [ENABLE_SET]    = {0x100, 0x080, false}, /* 4.3.5 */
    [ENABLE_CLEAR]  = {0x180, 0x080, false}, /* 4.3.6 */
    [PENDING_SET]   = {0x200, 0x080, false}, /* 4.3.7 */
    [PENDING_CLEAR] = {0x280, 0x080, false}, /* 4.3.8 */
    [ACTIVE_SET]    = {0x300, 0x080, false}, /* 4.3.9 */
    [ACTIVE_CLEAR]  = {0x380, 0x080, false}, /* 4.3.10 */
    [PRIORITY]      = {0x400, 0x400, true},  /* 4.3.11 */
    [TARGETS]       = {0x800, 0x400, true},  /* 4.3.12 */
    [CONFIG]        = {0xc00, 0x100, false}, /* 4.3.13 */
    [ACCESS]        = {0xe00, 0x100, false}, /* 4.3.14: absent without Security Extensions */
    [SGI_CLEAR]     = {0xf10, 0x010, true},  /* 4.3.16 */
    [SGI_SET]       = {0xf20, 0x010, true},  /* 4.3.17 */
    [IDENTITY]      = {0xfd0, 0x030, false}, /* 4.3.18 */
};
/* clang-format on */

enum { D_CTLR = 0x000, D_TYPER = 0x004, D_IIDR = 0x008, D_SGIR = 0xf00 };
#define IMPLEMENTER 0x43bu /* ARM */

/* GICD_SGIR (4.3.15). */
#define SGIR_FILTER(v)  ((v) >> 24 & 3) /* 0: the CPUs of the list, 1: all others, 2: this one */
#define SGIR_TARGETS(v) ((v) >> 16 & 0xff)
#define SGIR_ID(v)      ((v)&0xf)

/* Peripheral and component identification, FD0h to FFCh: architecture version 2, designer ARM. */
static const uint8_t identity[12] = {0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1};

static enum bank bank_of(uint32_t offset)
{
    unsigned b = 0;
    while (b < BANKS && offset - banks[b].at >= banks[b].bytes)
        b++;
    return (enum bank)b;
}

/* Spread 16 bits to the upper bits of 16 two-bit fields, as GICD_ICFGR has them, and back. */
static uint32_t spread(uint32_t bits)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < 16; i++)
        v |= (bits >> i & 1) << (2 * i + 1);
    return v;
}

static uint32_t gather(uint32_t fields)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < 16; i++)
        v |= (fields >> (2 * i + 1) & 1) << i;
    return v;
}

static uint32_t read_sgi_pending(const struct gicv2 *g, uint32_t at)
{
    uint32_t v = 0; /* a byte per SGI, a bit in it per sending CPU: bit 0 */
    for (unsigned i = 0; i < 4; i++)
        v |= (g->latch[0] >> (at + i) & 1) << 8 * i;
    return v;
}

/* The word at `at` of bank b; 0 for interrupts that do not exist. */
static uint32_t bank_read(const struct gicv2 *g, enum bank b, uint32_t at)
{
    unsigned w = at / 4;
    switch (b) {
    case PRIORITY:
        return at + 4 <= GIC_IRQS ? load32(&g->priority[at]) : 0;
    case CONFIG:
        return w / 2 < GIC_WORDS ? spread(g->edge[w / 2] >> 16 * (w & 1)) : 0;
    case SGI_CLEAR:
    case SGI_SET:
        return read_sgi_pending(g, at);
    case IDENTITY:
        return identity[w];
    case TARGETS:
    case ACCESS:
    case BANKS:
        return 0;
    default:
        break;
    }
    if (w >= GIC_WORDS)
        return 0;
    switch (b) {
    case GROUP:
        return g->group[w];
    case ENABLE_SET:
    case ENABLE_CLEAR:
        return g->enable[w];
    case PENDING_SET:
    case PENDING_CLEAR:
        return gic_pending(g, w);
    default:
        return g->active[w];
    }
}

static uint64_t distributor_read(void *device, uint32_t offset, unsigned size)
{
    const struct gicv2 *g = device;
    uint32_t word = 0;
    enum bank b = bank_of(offset);
    if (size > 4 || (offset & (size - 1)) || (size < 4 && (b == BANKS || !banks[b].narrow)))
        goto unassigned;
    switch (offset) {
    case D_CTLR:
        return g->dist_ctlr;
    case D_TYPER: /* one CPU, no Security Extensions */
        return GIC_WORDS - 1;
    case D_IIDR:
        return IMPLEMENTER;
    case D_SGIR: /* write only */
        return 0;
    }
    if (b == BANKS)
        goto unassigned;
    word = bank_read(g, b, (offset - banks[b].at) & ~3u);
    return word >> 8 * (offset & 3) & (size < 4 ? (1u << 8 * size) - 1 : ~0u);
unassigned:
    device_unassigned(g->vm, "gic distributor", false, offset, size);
    return 0;
}

/* Byte-wide fields: priorities and SGI pending bits, which exist in every byte of the access. */
static void write_byte(struct gicv2 *g, enum bank b, uint32_t at, uint8_t v)
{
    if (b == PRIORITY && at < GIC_IRQS)
        g->priority[at] = v & PRIORITY_MASK;
    if (b == SGI_SET && (v & 1))
        g->latch[0] |= 1u << at;
    if (b == SGI_CLEAR && (v & 1))
        g->latch[0] &= ~(1u << at);
}

static void bank_write(struct gicv2 *g, enum bank b, uint32_t at, uint32_t v)
{
    unsigned w = at / 4;
    if (b == CONFIG && w / 2 < GIC_WORDS && w != 0) { /* SGIs are edges for ever */
        unsigned shift = 16 * (w & 1);
        g->edge[w / 2] = (g->edge[w / 2] & ~(0xffffu << shift)) | gather(v) << shift;
    }
    if (w >= GIC_WORDS)
        return;
    uint32_t sgis = w == 0 ? SGI_MASK : 0; /* enable and pending bits of SGIs ignore writes */
    switch (b) {
    case GROUP:
        g->group[w] = v;
        break;
    case ENABLE_SET:
        g->enable[w] |= v;
        break;
    case ENABLE_CLEAR:
        g->enable[w] &= ~v | sgis;
        break;
    case PENDING_SET:
        g->latch[w] |= v & ~sgis;
        break;
    case PENDING_CLEAR:
        g->latch[w] &= ~v | sgis;
        break;
    case ACTIVE_SET:
        g->active[w] |= v;
        break;
    case ACTIVE_CLEAR:
        g->active[w] &= ~v;
        break;
    default:
        break;
    }
}

static void send_sgi(struct gicv2 *g, uint32_t v)
{
    if (SGIR_FILTER(v) == 2 || (SGIR_FILTER(v) == 0 && (SGIR_TARGETS(v) & 1)))
        g->latch[0] |= 1u << SGIR_ID(v);
}

static void distributor_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct gicv2 *g = device;
    enum bank b = bank_of(offset);
    if (size <= 4 && !(offset & (size - 1)) && b < BANKS && banks[b].narrow) {
        for (unsigned i = 0; i < size; i++)
            write_byte(g, b, offset - banks[b].at + i, (uint8_t)(value >> 8 * i));
    } else if (size == 4 && !(offset & 3) && b < BANKS) {
        bank_write(g, b, offset - banks[b].at, (uint32_t)value);
    } else if (size == 4 && offset == D_CTLR) {
        g->dist_ctlr = (uint32_t)value & (CTLR_GROUP0 | CTLR_GROUP1);
    } else if (size == 4 && offset == D_SGIR) {
        send_sgi(g, (uint32_t)value);
    } else if (size != 4 || (offset != D_TYPER && offset != D_IIDR)) {
        device_unassigned(g->vm, "gic distributor", true, offset, size);
        return;
    }
    gic_update(g);
}

const struct device_ops gicv2_distributor = {distributor_read, distributor_write};

/* ---- CPU interface ---------------------------------------------------------------------------- */

enum cpu_register {
    C_CTLR = 0x00,
    C_PMR = 0x04,
    C_BPR = 0x08,
    C_IAR = 0x0c,
    C_EOIR = 0x10,
    C_RPR = 0x14,
    C_HPPIR = 0x18,
    C_ABPR = 0x1c,
    C_AIAR = 0x20,
    C_AEOIR = 0x24,
    C_AHPPIR = 0x28,
    C_APR0 = 0xd0, /* 1 to 3: for more than 32 preemption levels */
    C_APR3 = 0xdc,
    C_NSAPR0 = 0xe0,
    C_IIDR = 0xfc,
    C_DIR = 0x1000,
};
#define ID_OF(v) ((uint32_t)(v)&0x3ff) /* in IAR, EOIR, DIR: interrupt id */

static bool read_only(uint32_t offset)
{
    return offset == C_IAR || offset == C_RPR || offset == C_HPPIR || offset == C_AIAR ||
           offset == C_AHPPIR || offset == C_IIDR;
}

static uint64_t interface_read(void *device, uint32_t offset, unsigned size)
{
    struct gicv2 *g = device;
    switch (size == 4 ? offset : ~0u) {
    case C_CTLR:
        return g->cpu_ctlr;
    case C_PMR:
        return g->pmr;
    case C_BPR:
        return g->bpr;
    case C_IAR:
        return gic_acknowledge(g, false);
    case C_RPR:
        return gic_running(g);
    case C_HPPIR:
        return gic_visible(g, gic_best(g), false);
    case C_ABPR:
        return g->abpr;
    case C_AIAR:
        return gic_acknowledge(g, true);
    case C_AHPPIR:
        return gic_visible(g, gic_best(g), true);
    case C_APR0:
        return g->apr[0];
    case C_NSAPR0:
        return g->apr[1];
    case C_IIDR: /* architecture version 2 */
        return 2u << 16 | IMPLEMENTER;
    case C_APR0 + 4 ... C_APR3:
    case C_EOIR: /* write only */
    case C_AEOIR:
    case C_DIR:
        return 0;
    }
    device_unassigned(g->vm, "gic interface", false, offset, size);
    return 0;
}

static uint8_t at_least(unsigned least, uint64_t value)
{
    return (uint8_t)((value & 7) < least ? least : value & 7);
}

static void interface_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct gicv2 *g = device;
    switch (size == 4 ? offset : ~0u) {
    case C_CTLR:
        g->cpu_ctlr = (uint32_t)value & CTLR_CPU;
        break;
    case C_PMR:
        g->pmr = value & PRIORITY_MASK;
        break;
    case C_BPR:
        g->bpr = at_least(BPR_MIN, value);
        break;
    case C_ABPR:
        g->abpr = at_least(BPR_MIN + 1, value);
        break;
    case C_EOIR:
    case C_AEOIR:
        gic_end(g, ID_OF(value));
        return;
    case C_DIR: /* only after an end that did not deactivate (4.4.15) */
        if (g->cpu_ctlr & CTLR_EOIMODE)
            gic_deactivate(g, ID_OF(value));
        return;
    case C_APR0:
        g->apr[0] = (uint32_t)value;
        break;
    case C_NSAPR0:
        g->apr[1] = (uint32_t)value;
        break;
    case C_APR0 + 4 ... C_APR3:
        break;
    default:
        if (size != 4 || !read_only(offset))
            device_unassigned(g->vm, "gic interface", true, offset, size);
        return;
    }
    gic_update(g);
}

const struct device_ops gicv2_interface = {interface_read, interface_write};
