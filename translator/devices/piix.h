/* The chip set: 82441FX host bridge (Intel 290549) and PIIX3 ISA bridge (290550), with the power
 * management function of PIIX4 (290562) beside it. */
#pragma once

#include <translator/devices/pci.h>

struct piix;

struct piix_wires {
    struct line irq[16];                 /* ISA interrupts that PIRQs are routed to */
    struct line sci;                     /* IRQ 9 */
    void (*a20)(void *to, bool enabled); /* port 92h bit 1 */
    void (*reset)(void *to);             /* ports 92h and CF9h */
    void (*power_off)(void *to);
    void *to;
};

/* Functions 00:00.0, 00:01.0 and 00:01.3 on the bus, and the ports they have from power-on. NULL: no
 * memory. */
struct piix *piix_create(struct vm *vm, struct pci_bus *bus, const struct piix_wires *wires);
void piix_delete(struct piix *p);
void piix_reset(struct piix *p);
/* As firmware leaves it, for kernels that are loaded without: PIRQs routed, power management ports at
 * pm_ports, ACPI on. */
void piix_configure(struct piix *p, unsigned pm_ports);
/* Interrupt pin 1–4 (INTA–INTD) of the device in a slot. */
struct line piix_intx(struct piix *p, unsigned slot, unsigned pin);
/* A20 was switched elsewhere: port 92h shows it. */
void piix_note_a20(struct piix *p, bool enabled);
/* The power button was pressed. */
void piix_power_button(struct piix *p);
#define PIIX_PM_PORTS 64u
