/* The I/O APIC (Intel 82093AA data sheet, 290566; version 20h with its EOI register). */
#pragma once

#include <translator/devices/lapic.h>

struct ioapic;
#define IOAPIC_PINS  24u
#define IOAPIC_BYTES 0x1000u

/* NULL: no memory. */
struct ioapic *ioapic_create(struct vm *vm, struct lapic *lapic);
void ioapic_delete(struct ioapic *i);
void ioapic_reset(struct ioapic *i);
struct line ioapic_line(struct ioapic *i, unsigned pin);
/* The local APIC ended a level-triggered interrupt. */
void ioapic_end(struct ioapic *i, unsigned vector);

extern const struct device_ops ioapic_ops;
