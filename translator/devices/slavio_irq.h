/* Interrupt controllers of the SLAVIO (sun4m): one for the CPU, one for the system. */
#pragma once

#include <translator/board.h>

#define SLAVIO_CPU_IRQ_BYTES    0x10u
#define SLAVIO_SYSTEM_IRQ_BYTES 0x14u

/* Inputs: bits of the system registers (sun4m architecture manual, "System Interrupt Pending"). */
enum slavio_input {
    SLAVIO_SBUS1 = 7, /* and following, to level 7 */
    SLAVIO_KEYBOARD = 14,
    SLAVIO_SERIAL = 15,
    SLAVIO_ETHERNET = 16,
    SLAVIO_AUDIO = 17,
    SLAVIO_SCSI = 18,
    SLAVIO_TIMER = 19,
    SLAVIO_VIDEO = 20,
    SLAVIO_MODULE = 21,
    SLAVIO_FLOPPY = 22,
    SLAVIO_INPUTS = 32,
    SLAVIO_CPU_TIMER = 32, /* the CPU's own timer, level 14, which no mask holds back */
};

struct slavio_irq;
extern const struct device_ops slavio_cpu_irq_ops, slavio_system_irq_ops;

/* level(to, n): the CPU is asked for an interrupt of level n, 0 for none. */
struct slavio_irq *slavio_irq_create(struct vm *vm, void (*level)(void *to, unsigned n), void *to);
void slavio_irq_delete(struct slavio_irq *s);
void slavio_irq_reset(struct slavio_irq *s);
/* As firmware leaves it: each input masked, but not all at once. */
void slavio_irq_begin(struct slavio_irq *s);
struct line slavio_irq_line(struct slavio_irq *s, unsigned input);
