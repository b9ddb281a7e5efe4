/* The two cascaded 8259A interrupt controllers of a PC (Intel 231468), with PIIX's edge/level
 * registers (Intel 290550). */
#pragma once

#include <translator/board.h>

struct i8259;

/* intr: the master's INT output. NULL: no memory. */
struct i8259 *i8259_create(struct vm *vm, struct line intr);
void i8259_delete(struct i8259 *p);
void i8259_reset(struct i8259 *p);
/* Interrupt input 0–15; 2 is taken by the cascade. */
struct line i8259_line(struct i8259 *p, unsigned irq);
/* Whether input `irq` is level-triggered (ELCR), for the I/O APIC that shares the line. */
bool i8259_level(const struct i8259 *p, unsigned irq);
/* An interrupt acknowledge cycle: the vector. With nothing requested, that of input 7 (spurious). */
unsigned i8259_acknowledge(struct i8259 *p);

/* Registers: two ports for each chip (0 master, 1 slave), and the two ELCR ports 4D0h, 4D1h. */
void *i8259_chip(struct i8259 *p, unsigned chip);
extern const struct device_ops i8259_ops, i8259_elcr_ops;
