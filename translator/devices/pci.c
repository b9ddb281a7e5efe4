/*
 * PCI configuration mechanism 1 and bus 0 (PCI Local Bus Specification 2.1, 3.7.4 and 6).
 *
 * A function is 256 bytes and a mask of what can be written. Reads of functions that are not there
 * give all ones, which is how software finds out. An I/O range follows its base address register and
 * the I/O bit of the command register at once; memory ranges are not offered.
 *
 * CF8h is one register of 32 bits: narrower accesses there are not for the bus (CF9h is the chip
 * set's reset register).
 */
#include <translator/devices/pci.h>

#include <stdlib.h>
#include <string.h>

#include <translator/devices/common.h>
#include <translator/ports.h>

#define SLOTS     32u
#define FUNCTIONS 8u
#define ENABLE    0x80000000u

struct pci_bus {
    struct vm *vm;
    uint32_t address;
    struct pci_function *function[SLOTS][FUNCTIONS];
};

static struct pci_function *selected(const struct pci_bus *b)
{
    if (!(b->address & ENABLE) || (b->address >> 16 & 0xff) != 0)
        return NULL;
    return b->function[b->address >> 11 & 31][b->address >> 8 & 7];
}

void pci_place(struct pci_bus *b, struct pci_function *f)
{
    struct pci_io_bar *bar = &f->bar;
    if (bar->ports == 0)
        return;
    unsigned at = load32(f->config + PCI_BAR + 4 * bar->index) & ~3u & 0xffff;
    if (!(f->config[PCI_COMMAND] & PCI_COMMAND_IO) || at > 0x10000 - bar->ports)
        at = 0;
    if (at == bar->at)
        return;
    if (bar->at != 0)
        ports_remove(b->vm, bar->at, bar->device);
    bar->at = 0;
    if (at != 0 && ports_add(b->vm, at, bar->ports, bar->width, bar->ops, bar->device, f->name))
        bar->at = at;
}

static uint64_t pci_read(void *device, uint32_t offset, unsigned size)
{
    struct pci_bus *b = device;
    if (offset < 4)
        return offset == 0 && size == 4 ? b->address : ~0ull;
    const struct pci_function *f = selected(b);
    unsigned at = (b->address & 0xfc) + (offset & 3);
    uint64_t v = 0;
    for (unsigned i = size; i-- > 0;)
        v = v << 8 | (f != NULL ? f->config[at + i] : 0xff);
    return v;
}

static void pci_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct pci_bus *b = device;
    if (offset < 4) {
        if (offset == 0 && size == 4)
            b->address = (uint32_t)value & 0x80fffffc;
        return;
    }
    struct pci_function *f = selected(b);
    unsigned at = (b->address & 0xfc) + (offset & 3);
    if (f == NULL)
        return;
    for (unsigned i = 0; i < size; i++) {
        uint8_t mask = f->writable[at + i], v = (uint8_t)(value >> 8 * i);
        f->config[at + i] = (uint8_t)((f->config[at + i] & ~mask) | (v & mask));
    }
    pci_place(b, f);
    if (f->written != NULL)
        f->written(f->device, at, size);
}

const struct device_ops pci_ops = {pci_read, pci_write};

void pci_header(struct pci_function *f, uint16_t vendor, uint16_t device, uint32_t class,
                uint8_t revision)
{
    memset(f->config, 0, sizeof f->config);
    memset(f->writable, 0, sizeof f->writable);
    store16(f->config + PCI_VENDOR, vendor);
    store16(f->config + PCI_DEVICE, device);
    f->config[PCI_REVISION] = revision;
    f->config[PCI_CLASS] = (uint8_t) class;
    store16(f->config + PCI_CLASS + 1, (uint16_t)(class >> 8));
    f->writable[PCI_COMMAND] = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    f->writable[PCI_COMMAND + 1] = 0x01;
    f->writable[PCI_LINE] = 0xff;
    f->writable[PCI_LINE - 0x30] = 0xff; /* cache line size */
    f->writable[PCI_LINE - 0x2f] = 0xff; /* latency timer */
    if (f->bar.ports != 0) {
        unsigned at = PCI_BAR + 4 * f->bar.index;
        f->config[at] = 1; /* an I/O range */
        store16(f->writable + at, (uint16_t) ~(f->bar.ports - 1));
        store16(f->writable + at + 2, 0xffff);
    }
}

void pci_add(struct pci_bus *b, unsigned slot, unsigned function, struct pci_function *f)
{
    b->function[slot % SLOTS][function % FUNCTIONS] = f;
}

void pci_reset(struct pci_bus *b)
{
    b->address = 0;
    for (unsigned i = 0; i < SLOTS * FUNCTIONS; i++)
        if (b->function[i / FUNCTIONS][i % FUNCTIONS] != NULL)
            pci_place(b, b->function[i / FUNCTIONS][i % FUNCTIONS]);
}

struct pci_bus *pci_create(struct vm *vm)
{
    struct pci_bus *b = calloc(1, sizeof *b);
    if (b != NULL)
        b->vm = vm;
    return b;
}

void pci_delete(struct pci_bus *b)
{
    free(b);
}
