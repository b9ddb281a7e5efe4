/* The local APIC of the one CPU (Intel SDM vol. 3, chapter 10), xAPIC mode. */
#pragma once

#include <translator/board.h>

struct lapic;

struct lapic_wires {
    struct line intr, nmi;                  /* to the CPU */
    unsigned (*external)(void *to);         /* acknowledge cycle of the 8259 */
    void (*end)(void *to, unsigned vector); /* end of a level-triggered interrupt */
    void *to;
};

/* How an interrupt is delivered (SDM vol. 3, 10.5.1 and 10.6.1). */
enum lapic_mode {
    LAPIC_FIXED,
    LAPIC_LOWEST,
    LAPIC_SMI,
    LAPIC_NMI = 4,
    LAPIC_INIT,
    LAPIC_START,
    LAPIC_EXTERNAL
};

/* NULL: no memory. */
struct lapic *lapic_create(struct vm *vm, const struct lapic_wires *wires);
void lapic_delete(struct lapic *l);
void lapic_reset(struct lapic *l);
/* IA32_APIC_BASE was written: bit 11 enables it. Without, INTR is the 8259's. */
void lapic_enable(struct lapic *l, bool enabled);
/* LINT0 (the 8259's INTR) and LINT1 (NMI). */
struct line lapic_lint(struct lapic *l, unsigned pin);
/* A message from the I/O APIC, if its destination is this CPU; false: it is not. */
bool lapic_message(struct lapic *l, bool logical, uint8_t destination, enum lapic_mode mode,
                   unsigned vector, bool level);
/* The CPU takes an interrupt: its vector. */
unsigned lapic_acknowledge(struct lapic *l);

extern const struct device_ops lapic_ops;
#define LAPIC_BYTES 0x1000u
