/* PCI bus 0 behind configuration mechanism 1 (PCI 2.1, 3.7.4). */
#pragma once

#include <translator/board.h>

struct pci_bus;

/* An I/O range that a base address register places. */
struct pci_io_bar {
    unsigned index; /* 0–5 */
    unsigned ports; /* a power of two, at least 4; 0: no such register */
    unsigned width; /* of accesses (ports_add) */
    const struct device_ops *ops;
    void *device;
    unsigned at; /* where it answers now; 0: nowhere */
};

/* A function of a device: its configuration space, and which bits of it software may write. */
struct pci_function {
    const char *name;
    uint8_t config[256];
    uint8_t writable[256];
    struct pci_io_bar bar;
    void (*written)(void *device, unsigned first, unsigned count); /* after a write; may be NULL */
    void *device;
};

/* NULL: no memory. */
struct pci_bus *pci_create(struct vm *vm);
void pci_delete(struct pci_bus *b);
/* The address register to 0; functions reset themselves. */
void pci_reset(struct pci_bus *b);
/* Put a function, which stays the caller's, into a slot. */
void pci_add(struct pci_bus *b, unsigned slot, unsigned function, struct pci_function *f);
/* Header type 0 as it is at power-on: identity, class, and the standard registers' write masks.
 * class: base class, subclass, interface, as bits 23–0. */
void pci_header(struct pci_function *f, uint16_t vendor, uint16_t device, uint32_t class,
                uint8_t revision);
/* Place I/O ranges where the registers say now; after a write, or a reset. */
void pci_place(struct pci_bus *b, struct pci_function *f);

extern const struct device_ops pci_ops; /* eight ports, CF8h; accesses of up to 4 bytes */

/* clang-format off */
enum { /* PCI 2.1, 6.1 */
    PCI_VENDOR = 0x00, PCI_DEVICE = 0x02, PCI_COMMAND = 0x04, PCI_STATUS = 0x06, PCI_REVISION = 0x08,
    PCI_CLASS = 0x09, PCI_HEADER_TYPE = 0x0e, PCI_BAR = 0x10, PCI_SUBSYSTEM = 0x2c, PCI_LINE = 0x3c, PCI_PIN = 0x3d,
};
enum { PCI_COMMAND_IO = 1, PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4, PCI_MULTIFUNCTION = 0x80 };
/* clang-format on */
