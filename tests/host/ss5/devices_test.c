/* Interrupt controllers, counter-timers, serial port, clock, IOMMU, the big-endian bus. */
#include "mock.h"

#include <string.h>

#include <translator/devices/be_bus.h>
#include <translator/devices/m48t59.h>
#include <translator/devices/slavio_irq.h>
#include <translator/devices/slavio_timer.h>
#include <translator/devices/sun4m_iommu.h>
#include <translator/devices/z8530.h>

static void note_level(void *to, unsigned n)
{
    *(unsigned *)to = n;
}

static void test_interrupts(struct vm *vm)
{
    unsigned level = 99;
    struct slavio_irq *s = slavio_irq_create(vm, note_level, &level);
    struct line scsi = slavio_irq_line(s, SLAVIO_SCSI), timer = slavio_irq_line(s, SLAVIO_TIMER);
    CHECK("irq: none at reset", level == 0);
    line_set(&scsi, true);
    put(&slavio_system_irq_ops, s, 0x8, 4, 1u << SLAVIO_SCSI);
    CHECK("irq: all masked by bit 31", level == 0);
    slavio_irq_begin(s);
    CHECK("irq: each masked",
          level == 0 && get(&slavio_system_irq_ops, s, 0, 4) == 1u << SLAVIO_SCSI);
    put(&slavio_system_irq_ops, s, 0x8, 4, 1u << SLAVIO_SCSI | 1u << SLAVIO_TIMER);
    CHECK("irq: SCSI is level 4", level == 4 && get(&slavio_cpu_irq_ops, s, 0, 4) == 1u << 4);
    line_set(&timer, true);
    CHECK("irq: the timer is above it", level == 10);
    line_set(&timer, false);
    put(&slavio_cpu_irq_ops, s, 0x8, 4, 1u << 31);
    CHECK("irq: software level 15", level == 15);
    put(&slavio_cpu_irq_ops, s, 0x4, 4, 1u << 31);
    CHECK("irq: cleared again", level == 4);
    put(&slavio_system_irq_ops, s, 0xc, 4, 1u << SLAVIO_SCSI);
    CHECK("irq: masked again", level == 0);
    struct line cpu = slavio_irq_line(s, SLAVIO_CPU_TIMER);
    line_set(&cpu, true);
    CHECK("irq: the CPU's timer is level 14", level == 14);
    slavio_irq_delete(s);
}

/* How many interrupts come one after the other. */
static unsigned acknowledged(struct vm *vm, struct slavio_timer *t, const struct probe *p)
{
    unsigned n = 0;
    for (; p->level && n < 9; n++, pass(vm, 0))
        get(&slavio_timer_ops, t, 0, 4);
    return n;
}

static void test_timer(struct vm *vm)
{
    struct probe p = {0};
    struct slavio_timer *t = slavio_timer_create(vm, probe_line(&p), true);
    put(&slavio_timer_ops, t, 0, 4, 101u << 9); /* 100 ticks of 500 ns */
    CHECK("timer: begins at 1", get(&slavio_timer_ops, t, 4, 4) == 1u << 9);
    pass(vm, 20000);
    CHECK("timer: counts", get(&slavio_timer_ops, t, 4, 4) == 41u << 9 && !p.level);
    pass(vm, 30000);
    CHECK("timer: reaches its limit", p.level);
    CHECK("timer: says so", get(&slavio_timer_ops, t, 4, 4) == (1u << 31 | 1u << 9));
    CHECK("timer: the limit says so", get(&slavio_timer_ops, t, 0, 4) == (1u << 31 | 101u << 9));
    CHECK("timer: and that acknowledges", !p.level && get(&slavio_timer_ops, t, 4, 4) == 1u << 9);
    pass(vm, 75000);
    CHECK("timer: keeps its place when late",
          get(&slavio_timer_ops, t, 4, 4) == (1u << 31 | 51u << 9));
    pass(vm, 100000);
    CHECK("timer: stands while its interrupt is pending",
          get(&slavio_timer_ops, t, 4, 4) == (1u << 31 | 100u << 9));
    CHECK("timer: no interrupt is lost", acknowledged(vm, t, &p) == 3);
    CHECK("timer: nor time", get(&slavio_timer_ops, t, 4, 4) == 51u << 9);
    pass(vm, 2000000000);
    CHECK("timer: of many some come", acknowledged(vm, t, &p) == 3);
    CHECK("timer: the others are lost", get(&slavio_timer_ops, t, 4, 4) == 51u << 9);
    put(&slavio_timer_ops, t, 0, 4, 0);
    pass(vm, 10000000000ull);
    CHECK("timer: a limit of 0 does not interrupt", !p.level);
    slavio_timer_delete(t);
    vm->timers = NULL;
}

void test_slavio(void)
{
    struct vm *vm = new_vm();
    test_interrupts(vm);
    test_timer(vm);
    delete_vm(vm);
}

void test_serial(void)
{
    struct vm *vm = new_vm();
    struct probe p = {0};
    struct z8530 *z = z8530_create(vm, &vm->terminal, NULL, probe_line(&p));
    const struct device_ops *o = &z8530_ops;
    CHECK("serial: ready to send", get(o, z, 4, 1) & 4);
    put(o, z, 4, 1, 5);
    put(o, z, 4, 1, 0x6a); /* 8 bits, sender on */
    put(o, z, 6, 1, 'A');
    CHECK("serial: sent", vm->sent_count == 1 && vm->sent[0] == 'A' && !p.level);
    put(o, z, 4, 1, 9);
    put(o, z, 4, 1, 0x08); /* interrupts on */
    put(o, z, 4, 1, 1);
    put(o, z, 4, 1, 0x12); /* all received, and sent */
    CHECK("serial: buffer empty interrupt", p.level);
    put(o, z, 4, 1, 3);
    CHECK("serial: RR3 of A", get(o, z, 4, 1) == 0x10);
    put(o, z, 4, 1, 0x28); /* reset it */
    CHECK("serial: is reset", !p.level);
    vm->typed = "xyz!";
    z8530_take_input(z);
    CHECK("serial: receiver off takes nothing", *vm->typed == 'x');
    put(o, z, 4, 1, 3);
    put(o, z, 4, 1, 0xc1);
    CHECK("serial: on, the FIFO holds three", *vm->typed == '!' && p.level);
    put(o, z, 0, 1, 2);
    CHECK("serial: vector says A received", (get(o, z, 0, 1) & 0x0e) == 0x0c);
    CHECK("serial: bytes in order", get(o, z, 6, 1) == 'x' && get(o, z, 6, 1) == 'y' &&
                                        get(o, z, 6, 1) == 'z' && get(o, z, 6, 1) == '!');
    CHECK("serial: then nothing", !(get(o, z, 4, 1) & 1) && !p.level);
    put(o, z, 2, 1, 'B');
    CHECK("serial: nobody at B", vm->sent_count == 1);
    z8530_delete(z);
    delete_vm(vm);
}

void test_clock(void)
{
    struct vm *vm = new_vm();
    struct m48t59 *m =
        m48t59_create(vm, 1709251199, 1968); /* 29 February 2024, 23:59:59, Thursday */
    const struct device_ops *o = &m48t59_ops;
    CHECK("clock: date", get(o, m, 0x1fff, 1) == 0x56 && get(o, m, 0x1ffe, 1) == 0x02 &&
                             get(o, m, 0x1ffd, 1) == 0x29 && get(o, m, 0x1ffc, 1) == 5);
    CHECK("clock: time", get(o, m, 0x1ff9, 1) == 0x59 && get(o, m, 0x1ffb, 1) == 0x23);
    put(o, m, 0x1ff8, 1, 0x40);
    pass(vm, 1000000000);
    CHECK("clock: stands while it is read", get(o, m, 0x1ff9, 1) == 0x59);
    put(o, m, 0x1ff8, 1, 0);
    CHECK("clock: midnight",
          get(o, m, 0x1ff9, 1) == 0 && get(o, m, 0x1ffe, 1) == 3 && get(o, m, 0x1ffd, 1) == 1);
    put(o, m, 0x1ff8, 1, 0x80);
    put(o, m, 0x1fff, 1, 0x20);
    put(o, m, 0x1ff8, 1, 0);
    pass(vm, 2000000000);
    CHECK("clock: set", get(o, m, 0x1fff, 1) == 0x20 && get(o, m, 0x1ff9, 1) == 2);
    put(o, m, 0x10, 4, 0x12345678);
    CHECK("clock: memory is big-endian",
          get(o, m, 0x10, 1) == 0x12 && get(o, m, 0x12, 2) == 0x5678);
    m48t59_delete(m);
    delete_vm(vm);
}

void test_iommu(void)
{
    struct vm *vm = new_vm();
    struct sun4m_iommu *m = sun4m_iommu_create(vm, 0x23000000);
    struct be_slot slot = {&sun4m_iommu_ops, m};
    uint8_t bytes[8] = "abcdefg";
    CHECK("iommu: version through the bus", be_bus_ops.read(&slot, 0, 4) == 0x05);
    put(&sun4m_iommu_ops, m, 0, 4, 0x11); /* 256 MiB, on */
    put(&sun4m_iommu_ops, m, 4, 4, 0x10000 >> 4);
    store_be32(vm->ram + 0x10000 + 4 * 1, 0x20000 >> 4 | 6);
    store_be32(vm->ram + 0x10000 + 4 * 2, 0x40000 >> 4 | 6);
    store_be32(vm->ram + 0x10000 + 4 * 3, 0x50000 >> 4 | 2);
    CHECK("iommu: writes across pages", sun4m_iommu_write(m, 0xf0001ffc, bytes, 8));
    CHECK("iommu: to both places",
          memcmp(vm->ram + 0x20ffc, "abcd", 4) == 0 && memcmp(vm->ram + 0x40000, "efg", 4) == 0);
    CHECK("iommu: read only",
          sun4m_iommu_read(m, 0xf0003000, bytes, 8) && !sun4m_iommu_write(m, 0xf0003000, bytes, 8));
    CHECK("iommu: the address is kept", get(&sun4m_iommu_ops, m, 0x1004, 4) == 0xf0003000);
    CHECK("iommu: not mapped", !sun4m_iommu_read(m, 0xf0004000, bytes, 8));
    CHECK("iommu: below its range", !sun4m_iommu_read(m, 0x1000, bytes, 8));
    sun4m_iommu_delete(m);
    delete_vm(vm);
}
