/*
 * ARM Generic Interrupt Controller, architecture version 2, for one CPU, without the Security and
 * Virtualization Extensions (ARM IHI 0048B).
 */
#pragma once

#include <translator/board.h>

#define GIC_IRQS   288 /* 16 SGIs, 16 PPIs, 256 SPIs */
#define GIC_PPI(n) (16u + (n))
#define GIC_SPI(n) (32u + (n))

struct gicv2;

/* NULL: no memory. The CPU's IRQ and FIQ inputs are driven by cpu_line. */
struct gicv2 *gicv2_create(struct vm *vm);
void gicv2_delete(struct gicv2 *g);
/* Registers as at power-on; input lines keep their level. */
void gicv2_reset(struct gicv2 *g);
/* The line that drives interrupt `id` (GIC_PPI, GIC_SPI). */
struct line gicv2_line(struct gicv2 *g, unsigned id);

extern const struct device_ops gicv2_distributor, gicv2_interface;
#define GIC_DISTRIBUTOR_BYTES 0x1000u
#define GIC_INTERFACE_BYTES   0x2000u
