/* Local APIC (SDM vol. 3, chapter 10) and I/O APIC (82093AA). */
#include "mock.h"

#include <translator/devices/ioapic.h>

#define L(reg) (PC_LAPIC + (reg))
enum {
    TPR = 0x80,
    PPR = 0xa0,
    EOI = 0xb0,
    LDR = 0xd0,
    DFR = 0xe0,
    SVR = 0xf0,
    ISR = 0x100,
    TMR = 0x180,
    IRR = 0x200,
    ESR = 0x280,
    ICR = 0x300,
    LVT_TIMER = 0x320,
    LVT_LINT0 = 0x350,
    LVT_LINT1 = 0x360,
    LVT_ERROR = 0x370,
    INITIAL = 0x380,
    CURRENT = 0x390,
    DIVIDE = 0x3e0
};

static struct vm *vm;
static struct lapic *lapic;
static struct ioapic *ioapic;
static struct probe intr, nmi;
static unsigned external_acks;

static uint32_t get(unsigned reg)
{
    return get32(vm, L(reg));
}

static void put(unsigned reg, uint32_t v)
{
    put32(vm, L(reg), v);
}

static bool bit(unsigned map, unsigned vector)
{
    return get(map + vector / 32 * 16) >> vector % 32 & 1;
}

static unsigned external(void *to)
{
    (void)to;
    external_acks++;
    return 0x08;
}

static void end_level(void *to, unsigned vector)
{
    (void)to;
    ioapic_end(ioapic, vector);
}

static void lint(unsigned pin, bool level)
{
    struct line l = lapic_lint(lapic, pin);
    line_set(&l, level);
}

static void send_self(unsigned vector)
{
    put(ICR, 0x40000 | vector);
}

static void virtual_wire(void)
{
    CHECK("apic-version", get(0x30) == 0x50014 && get(0x20) == 0 && get(SVR) == 0xff);
    CHECK("apic-reset-lvt", get(LVT_TIMER) == 0x10000 && get(LVT_LINT1) == 0x10000);
    lint(0, true);
    CHECK("apic-extint", intr.level && lapic_acknowledge(lapic) == 0x08 && external_acks == 1);
    lint(0, false);
    CHECK("apic-extint-gone", !intr.level);
    put(SVR, 0x1ff);
    put(LVT_LINT0, 0x10700);
    lint(0, true);
    CHECK("apic-extint-masked", !intr.level);
    put(LVT_LINT0, 0x700);
    CHECK("apic-extint-unmasked", intr.level);
    lapic_enable(lapic, false);
    put(LVT_LINT0, 0x10700);
    CHECK("apic-off-is-wire", intr.level && lapic_acknowledge(lapic) == 0x08);
    lint(0, false);
    lapic_enable(lapic, true);
    CHECK("apic-on-again", !intr.level && get(SVR) == 0xff);
}

static void priorities(void)
{
    put(SVR, 0x1ff);
    send_self(0x41);
    CHECK("apic-ipi-self", intr.level && bit(IRR, 0x41));
    send_self(0x52);
    CHECK("apic-highest", lapic_acknowledge(lapic) == 0x52 && bit(ISR, 0x52) && !bit(IRR, 0x52));
    CHECK("apic-lower-waits", !intr.level && get(PPR) == 0x50);
    send_self(0x5f);
    CHECK("apic-same-class-waits", !intr.level);
    send_self(0x61);
    CHECK("apic-nests", intr.level && lapic_acknowledge(lapic) == 0x61);
    put(EOI, 0);
    put(EOI, 0);
    CHECK("apic-eoi-order", intr.level && lapic_acknowledge(lapic) == 0x5f);
    put(EOI, 0);
    put(TPR, 0x40);
    CHECK("apic-tpr", !intr.level && get(PPR) == 0x40);
    CHECK("apic-spurious", lapic_acknowledge(lapic) == 0xff && !bit(ISR, 0xff));
    put(TPR, 0x30);
    CHECK("apic-tpr-lower", intr.level && lapic_acknowledge(lapic) == 0x41);
    put(EOI, 0);
    put(TPR, 0);
    put(SVR, 0xff);
    send_self(0x80);
    CHECK("apic-software-off", !intr.level && get(LVT_LINT0) & 0x10000);
    put(LVT_TIMER, 0x30);
    CHECK("apic-off-keeps-masks", get(LVT_TIMER) == 0x10030);
    put(SVR, 0x1ff);
}

static void messages(void)
{
    put(LDR, 0x02000000);
    put(DFR, 0xffffffff);
    CHECK("apic-flat", lapic_message(lapic, true, 0x03, LAPIC_FIXED, 0x70, false) &&
                           !lapic_message(lapic, true, 0x04, LAPIC_FIXED, 0x71, false));
    CHECK("apic-physical", lapic_message(lapic, false, 0xff, LAPIC_LOWEST, 0x72, false) &&
                               !lapic_message(lapic, false, 1, LAPIC_FIXED, 0x73, false));
    put(DFR, 0x0fffffff);
    put(LDR, 0x32000000);
    CHECK("apic-cluster", lapic_message(lapic, true, 0x36, LAPIC_FIXED, 0x74, false) &&
                              !lapic_message(lapic, true, 0x26, LAPIC_FIXED, 0x75, false));
    put(DFR, 0xffffffff);
    CHECK("apic-message-order", lapic_acknowledge(lapic) == 0x74);
    put(EOI, 0);
    CHECK("apic-message-order-2", lapic_acknowledge(lapic) == 0x72);
    put(EOI, 0);
    lapic_acknowledge(lapic);
    put(EOI, 0);
    put(LVT_ERROR, 0x60);
    send_self(0x0f);
    CHECK("apic-send-error", intr.level && lapic_acknowledge(lapic) == 0x60);
    put(EOI, 0);
    put(ESR, 0);
    CHECK("apic-esr", get(ESR) == 0x20);
    put(ESR, 0);
    CHECK("apic-esr-cleared", get(ESR) == 0);
    put(LVT_LINT1, 0x400);
    lint(1, true);
    CHECK("apic-nmi", nmi.rises == 1);
    lint(1, false);
}

static void timer(void)
{
    put(DIVIDE, 0x3); /* by 16 */
    put(LVT_TIMER, 0x50);
    put(INITIAL, 1000);
    pass(vm, 8000);
    CHECK("apic-timer-counts", get(CURRENT) == 500 && !intr.level);
    pass(vm, 8000);
    CHECK("apic-timer-fires", intr.level && get(CURRENT) == 0 && lapic_acknowledge(lapic) == 0x50);
    put(EOI, 0);
    pass(vm, 100000);
    CHECK("apic-timer-once", !intr.level);
    vm->lag = 1000;
    put(INITIAL, 1);
    vm->lag = 0;
    pass(vm, 1000);
    CHECK("apic-timer-shorter-than-its-write", intr.level && lapic_acknowledge(lapic) == 0x50);
    put(EOI, 0);
    put(DIVIDE, 0xb); /* by 1 */
    put(LVT_TIMER, 0x20051);
    put(INITIAL, 100000);
    unsigned fired = 0;
    for (unsigned i = 0; i < 1000; i++) {
        pass(vm, 10000);
        if (intr.level && lapic_acknowledge(lapic) == 0x51) {
            fired++;
            put(EOI, 0);
        }
    }
    CHECK("apic-timer-periodic", fired == 100);
    put(LVT_TIMER, 0x52); /* ends with the period that runs */
    pass(vm, 99999);
    CHECK("apic-timer-periodic-to-one-shot", !intr.level);
    pass(vm, 1000000);
    CHECK("apic-timer-one-shot-rest", intr.level && lapic_acknowledge(lapic) == 0x52);
    put(EOI, 0);
    CHECK("apic-timer-one-shot-over", !intr.level && get(CURRENT) == 0);
    put(LVT_TIMER, 0x30051);
    pass(vm, 1000000);
    CHECK("apic-timer-masked", !intr.level);
    put(INITIAL, 0);
    CHECK("apic-timer-stopped", get(CURRENT) == 0);
}

/* ---- I/O APIC --------------------------------------------------------------------------------------- */

static uint32_t io(unsigned reg)
{
    put32(vm, PC_IOAPIC, reg);
    return get32(vm, PC_IOAPIC + 0x10);
}

static void set_io(unsigned reg, uint32_t v)
{
    put32(vm, PC_IOAPIC, reg);
    put32(vm, PC_IOAPIC + 0x10, v);
}

static void pin(unsigned n, bool level)
{
    struct line l = ioapic_line(ioapic, n);
    line_set(&l, level);
}

static void io_edges(void)
{
    CHECK("ioapic-version", (io(1) & 0xff00ff) == 0x170020 && io(0x10) == 0x10000 && io(0x3f) == 0);
    set_io(0x11 + 2 * 4, 0x00000000);
    set_io(0x10 + 2 * 4, 0x00000044);
    pin(4, true);
    CHECK("ioapic-edge", intr.level && lapic_acknowledge(lapic) == 0x44 && !bit(TMR, 0x44));
    put(EOI, 0);
    CHECK("ioapic-edge-once", !intr.level);
    pin(4, false);
    set_io(0x10 + 2 * 4, 0x00010044);
    pin(4, true);
    set_io(0x10 + 2 * 4, 0x00000044);
    CHECK("ioapic-masked-edge-lost", !intr.level);
    pin(4, false);
    set_io(0x10 + 2 * 4, 0x00000944); /* logical, lowest priority */
    put(LDR, 0x01000000);
    set_io(0x11 + 2 * 4, 0x01000000);
    pin(4, true);
    CHECK("ioapic-logical", intr.level && lapic_acknowledge(lapic) == 0x44);
    put(EOI, 0);
    pin(4, false);
    set_io(0x11 + 2 * 4, 0x02000000);
    pin(4, true);
    CHECK("ioapic-other-cpu", !intr.level);
    pin(4, false);
}

static void io_levels(void)
{
    set_io(0x11 + 2 * 9, 0);
    set_io(0x10 + 2 * 9, 0x00008049);
    pin(9, true);
    CHECK("ioapic-level", intr.level && (io(0x10 + 2 * 9) & 0x4000));
    CHECK("ioapic-level-ack", lapic_acknowledge(lapic) == 0x49 && bit(TMR, 0x49));
    put(EOI, 0);
    CHECK("ioapic-level-again", intr.level && lapic_acknowledge(lapic) == 0x49);
    pin(9, false);
    put(EOI, 0);
    CHECK("ioapic-level-over", !intr.level && !(io(0x10 + 2 * 9) & 0x4000));
    set_io(0x10 + 2 * 9, 0x00018049);
    pin(9, true);
    CHECK("ioapic-level-masked", !intr.level);
    set_io(0x10 + 2 * 9, 0x00008049);
    CHECK("ioapic-level-unmasked", intr.level);
    lapic_acknowledge(lapic);
    pin(9, false);
    put32(vm, PC_IOAPIC + 0x40, 0x49);
    CHECK("ioapic-eoi-register", !(io(0x10 + 2 * 9) & 0x4000));
    put(EOI, 0);
    set_io(0, 0xff000000);
    CHECK("ioapic-id", io(0) == 0x0f000000);
    set_io(0x10, 0x00000700); /* ExtINT */
    pin(0, true);
    CHECK("ioapic-extint", intr.level && lapic_acknowledge(lapic) == 0x08 && !intr.level);
}

void test_apic(void)
{
    vm = new_vm(0);
    const struct lapic_wires wires = {
        .intr = probe_line(&intr), .nmi = probe_line(&nmi), .external = external, .end = end_level};
    lapic = lapic_create(vm, &wires);
    ioapic = ioapic_create(vm, lapic);
    memory_add_device(vm, PC_LAPIC, LAPIC_BYTES, &lapic_ops, lapic, "lapic");
    memory_add_device(vm, PC_IOAPIC, IOAPIC_BYTES, &ioapic_ops, ioapic, "ioapic");
    virtual_wire();
    priorities();
    messages();
    timer();
    io_edges();
    io_levels();
    ioapic_delete(ioapic);
    lapic_delete(lapic);
    delete_vm(vm);
}
