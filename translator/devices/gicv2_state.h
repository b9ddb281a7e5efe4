/* What gicv2.c (behaviour) and gicv2_registers.c (who reads and writes what) share. */
#pragma once

#include <translator/devices/common.h>
#include <translator/devices/gicv2.h>

#define GIC_WORDS (GIC_IRQS / 32)
#define SGI_MASK  0xffffu

#define GIC_OTHER_GROUP 1022u /* the best is of group 1 and the reader asked for group 0 */
#define GIC_SPURIOUS    1023u
#define GIC_IDLE        0xffu /* running priority when nothing is active */

#define PRIORITY_SHIFT 3 /* priorities keep bits 7:3 */
#define PRIORITY_MASK  0xf8u
#define BPR_MIN        2 /* least binary point with that many levels (3.3.3) */

/* GICD_CTLR and GICC_CTLR; without Security Extensions the latter is table 4-31's layout. */
#define CTLR_GROUP0  0x001u
#define CTLR_GROUP1  0x002u
#define CTLR_ACKCTL  0x004u
#define CTLR_FIQEN   0x008u
#define CTLR_CBPR    0x010u
#define CTLR_EOIMODE 0x200u
#define CTLR_CPU     0x3ffu /* all of the CPU interface's; bits 8:5 (bypass) are only stored */

struct gicv2 {
    struct vm *vm;
    /* distributor: a bit per interrupt */
    uint32_t dist_ctlr;
    uint32_t line[GIC_WORDS], latch[GIC_WORDS], active[GIC_WORDS], enable[GIC_WORDS];
    uint32_t group[GIC_WORDS], edge[GIC_WORDS];
    uint8_t priority[GIC_IRQS];
    /* CPU interface */
    uint32_t cpu_ctlr;
    uint32_t apr[2]; /* by group: a bit per group priority that is active */
    uint8_t pmr, bpr, abpr;
    bool irq, fiq; /* outputs as last driven */
};

uint32_t gic_pending(const struct gicv2 *g, unsigned word);
bool gic_group(const struct gicv2 *g, unsigned id);
/* The best pending interrupt, whatever runs; GIC_SPURIOUS if none. */
unsigned gic_best(const struct gicv2 *g);
/* What a reader of IAR/HPPIR (alias: AIAR/AHPPIR) may see of it (4.4.4). */
unsigned gic_visible(const struct gicv2 *g, unsigned id, bool alias);
unsigned gic_running(const struct gicv2 *g);
void gic_update(struct gicv2 *g);
unsigned gic_acknowledge(struct gicv2 *g, bool alias);
void gic_end(struct gicv2 *g, unsigned id);
void gic_deactivate(struct gicv2 *g, unsigned id);
