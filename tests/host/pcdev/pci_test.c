/* Port space, PCI configuration (PCI 2.1), chip set (Intel 290549, 290550, 290562). */
#include "mock.h"

#include <translator/devices/piix.h>

static struct vm *vm;
static struct pci_bus *bus;
static struct piix *piix;
static struct probe irq[16], sci;
static bool a20 = true;
static unsigned resets, offs;

/* ---- ports ------------------------------------------------------------------------------------------ */

static uint64_t echo_read(void *device, uint32_t offset, unsigned size)
{
    return *(uint8_t *)device << 4 | offset | (size == 2 ? 0x200u : 0) | (size == 4 ? 0x40000u : 0);
}

static uint32_t written[4];

static void echo_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    (void)device;
    written[offset & 3] = (uint32_t)value | size << 28;
}

static const struct device_ops echo_ops = {echo_read, echo_write};

static void ports(void)
{
    static uint8_t one = 1, two = 2;
    CHECK("ports-none", in8(vm, 0x300) == 0xff && in32(vm, 0x300) == 0xffffffff);
    ports_add(vm, 0x300, 4, 1, &echo_ops, &one, "one");
    CHECK("ports-split", in32(vm, 0x300) == 0x13121110);
    out16(vm, 0x301, 0xbeef);
    CHECK("ports-split-write", written[1] == 0x100000ef && written[2] == 0x100000be);
    ports_add(vm, 0x302, 2, 2, &echo_ops, &two, "two");
    CHECK("ports-overlap", in8(vm, 0x302) == 0x20 && in16(vm, 0x302) == 0x220);
    CHECK("ports-edge", in16(vm, 0x303) == 0xff21 && in32(vm, 0x300) == 0x02201110);
    ports_remove(vm, 0x302, &two);
    CHECK("ports-removed", in32(vm, 0x300) == 0x13121110);
    CHECK("ports-wrap", in16(vm, 0xffff) == 0xffff);
    ports_remove(vm, 0x300, &one);
}

/* ---- configuration ---------------------------------------------------------------------------------- */

static void at(unsigned slot, unsigned function, unsigned reg)
{
    out32(vm, 0xcf8, 0x80000000u | slot << 11 | function << 8 | (reg & 0xfc));
}

static uint32_t cfg(unsigned slot, unsigned function, unsigned reg)
{
    at(slot, function, reg);
    return in32(vm, 0xcfc);
}

static void configuration(void)
{
    out32(vm, 0xcf8, 0x80000000);
    CHECK("pci-address", in32(vm, 0xcf8) == 0x80000000);
    out8(vm, 0xcf8, 0x55);
    CHECK("pci-address-32-only", in32(vm, 0xcf8) == 0x80000000);
    CHECK("pci-host", cfg(0, 0, 0) == 0x12378086 && cfg(0, 0, 8) >> 8 == 0x060000);
    CHECK("pci-isa", cfg(1, 0, 0) == 0x70008086 && cfg(1, 0, 8) >> 8 == 0x060100);
    CHECK("pci-multifunction", (cfg(1, 0, 0x0c) >> 16 & 0xff) == 0x80);
    CHECK("pci-pm", cfg(1, 3, 0) == 0x71138086);
    CHECK("pci-absent", cfg(2, 0, 0) == 0xffffffff && cfg(1, 5, 0) == 0xffffffff);
    at(0, 0, 0);
    CHECK("pci-bytes", in8(vm, 0xcfd) == 0x80 && in16(vm, 0xcfe) == 0x1237);
    out16(vm, 0xcfc, 0x1234);
    CHECK("pci-identity-fixed", cfg(0, 0, 0) == 0x12378086);
    out32(vm, 0xcf8, 0);
    CHECK("pci-disabled", in32(vm, 0xcfc) == 0xffffffff);
    out32(vm, 0xcf8, 0x80010000);
    CHECK("pci-other-bus", in32(vm, 0xcfc) == 0xffffffff);
    CHECK("pci-pam-at-reset", cfg(0, 0, 0x58) >> 8 == 0);
    at(0, 0, 0x58);
    out8(vm, 0xcfd, 0xff);
    CHECK("pci-pam-bits", (cfg(0, 0, 0x58) >> 8 & 0xff) == 0x33);
}

static void interrupts(void)
{
    struct line a1 = piix_intx(piix, 1, 1), b1 = piix_intx(piix, 1, 2), a2 = piix_intx(piix, 2, 1);
    line_set(&a1, true);
    CHECK("pirq-off", !irq[10].level && !irq[11].level);
    at(1, 0, 0x60);
    out32(vm, 0xcfc, 0x80800b0a); /* PIRQA 10, PIRQB 11 */
    CHECK("pirq-routed", irq[10].level && !irq[11].level);
    line_set(&a2, true); /* slot 2 pin A is PIRQB */
    CHECK("pirq-swizzle", irq[11].level);
    line_set(&b1, true);
    line_set(&a2, false);
    CHECK("pirq-shared", irq[11].level);
    line_set(&b1, false);
    CHECK("pirq-all-low", !irq[11].level);
    at(1, 0, 0x60);
    out8(vm, 0xcfc, 0x05);
    CHECK("pirq-rerouted", irq[5].level && !irq[10].level);
    out8(vm, 0xcfc, 0x80);
    CHECK("pirq-unrouted", !irq[5].level);
    line_set(&a1, false);
}

static void power(void)
{
    CHECK("pm-nowhere", in32(vm, 0x608) == 0xffffffff);
    at(1, 3, 0x40);
    out32(vm, 0xcfc, 0x601);
    CHECK("pm-base", cfg(1, 3, 0x40) == 0x601);
    at(1, 3, 0x80);
    out8(vm, 0xcfc, 1);
    uint32_t before = in32(vm, 0x608);
    pass(vm, 1000000000);
    uint32_t ticks = (in32(vm, 0x608) - before) & 0xffffff;
    CHECK("pm-timer", ticks >= 3579544 && ticks <= 3579546);
    out8(vm, 0xb2, 0xf1);
    CHECK("pm-acpi-on", in16(vm, 0x604) & 1);
    out16(vm, 0x600, 0xffff);
    piix_power_button(piix);
    CHECK("pm-button-masked", (in16(vm, 0x600) & 0x100) && !sci.level);
    out16(vm, 0x602, 0x100);
    CHECK("pm-button", sci.level && in16(vm, 0x602) == 0x100);
    out16(vm, 0x600, 0x100);
    CHECK("pm-button-cleared", !sci.level && !(in16(vm, 0x600) & 0x100));
    out16(vm, 0x602, 0x001);
    sci.rises = 0;
    for (unsigned i = 0; i < 12; i++) { /* 2^23 ticks: 2.3435 s */
        pass(vm, 1000000000);
        if (sci.level)
            out16(vm, 0x600, 1);
    }
    CHECK("pm-timer-overflow", sci.rises == 5);
    out16(vm, 0x604, 0x2401);
    CHECK("pm-other-sleep", offs == 0);
    out8(vm, 0xb2, 0xf0);
    CHECK("pm-acpi-off", !(in16(vm, 0x604) & 1));
    out16(vm, 0x604, 0x2000);
    CHECK("pm-soft-off", offs == 1);
    at(1, 3, 0x40);
    out32(vm, 0xcfc, 0xb001);
    CHECK("pm-moved", in32(vm, 0x608) == 0xffffffff && in32(vm, 0xb008) != 0xffffffff);
}

static void resetting(void)
{
    out8(vm, 0x92, 0x00);
    CHECK("port92-a20-off", !a20 && in8(vm, 0x92) == 0);
    out8(vm, 0x92, 0x02);
    CHECK("port92-a20-on", a20 && resets == 0);
    out8(vm, 0x92, 0x03);
    CHECK("port92-reset", resets == 1);
    out8(vm, 0xcf9, 0x02);
    CHECK("cf9-armed", resets == 1 && in8(vm, 0xcf9) == 0x02);
    out8(vm, 0xcf9, 0x06);
    CHECK("cf9-reset", resets == 2);
}

static void set_a20(void *to, bool enabled)
{
    (void)to;
    a20 = enabled;
}

static void note_reset(void *to)
{
    (void)to;
    resets++;
}

static void note_off(void *to)
{
    (void)to;
    offs++;
}

void test_pci(void)
{
    vm = new_vm(0);
    ports();
    struct piix_wires wires = {
        .sci = probe_line(&sci), .a20 = set_a20, .reset = note_reset, .power_off = note_off};
    for (unsigned i = 0; i < 16; i++)
        wires.irq[i] = probe_line(&irq[i]);
    bus = pci_create(vm);
    ports_add(vm, 0xcf8, 8, 4, &pci_ops, bus, "pci");
    piix = piix_create(vm, bus, &wires);
    configuration();
    interrupts();
    power();
    resetting();
    piix_reset(piix);
    pci_reset(bus);
    CHECK("pci-reset", cfg(1, 0, 0x60) == 0x80808080 && in32(vm, 0xb008) == 0xffffffff);
    piix_delete(piix);
    pci_delete(bus);
    delete_vm(vm);
}
