/* 8259A pair (Intel 231468). */
#include "mock.h"

#include <translator/devices/i8259.h>

#define MASTER 0x20u
#define SLAVE  0xa0u
#define EOI    0x20u

static struct vm *vm;
static struct i8259 *pic;
static struct probe intr;

static void raise(unsigned irq, bool level)
{
    struct line l = i8259_line(pic, irq);
    line_set(&l, level);
}

static void pulse(unsigned irq)
{
    raise(irq, false);
    raise(irq, true);
}

/* As PCs do: vectors 20h and 28h, nothing masked. */
static void init(unsigned icw4)
{
    for (unsigned i = 0; i < 16; i++)
        raise(i, false);
    out8(vm, MASTER, 0x11);
    out8(vm, MASTER + 1, 0x20);
    out8(vm, MASTER + 1, 0x04);
    out8(vm, MASTER + 1, icw4);
    out8(vm, SLAVE, 0x11);
    out8(vm, SLAVE + 1, 0x28);
    out8(vm, SLAVE + 1, 0x02);
    out8(vm, SLAVE + 1, icw4 & 3);
}

static uint8_t isr(unsigned port)
{
    out8(vm, port, 0x0b);
    uint8_t v = in8(vm, port);
    out8(vm, port, 0x0a);
    return v;
}

static void basics(void)
{
    init(1);
    CHECK("pic-idle", !intr.level && in8(vm, MASTER) == 0 && in8(vm, MASTER + 1) == 0);
    pulse(3);
    CHECK("pic-requests", intr.level && in8(vm, MASTER) == 0x08 && isr(MASTER) == 0);
    CHECK("pic-vector", i8259_acknowledge(pic) == 0x23 && !intr.level);
    CHECK("pic-in-service", isr(MASTER) == 0x08 && in8(vm, MASTER) == 0);
    pulse(5);
    CHECK("pic-lower-waits", !intr.level);
    pulse(1);
    CHECK("pic-higher-nests", intr.level && i8259_acknowledge(pic) == 0x21);
    out8(vm, MASTER, EOI);
    CHECK("pic-eoi-highest", isr(MASTER) == 0x08 && !intr.level);
    out8(vm, MASTER, 0x63);
    CHECK("pic-specific-eoi", isr(MASTER) == 0 && intr.level && i8259_acknowledge(pic) == 0x25);
    out8(vm, MASTER, EOI);
    out8(vm, MASTER + 1, 0x10);
    pulse(4);
    CHECK("pic-masked", !intr.level && in8(vm, MASTER) == 0x10 && in8(vm, MASTER + 1) == 0x10);
    out8(vm, MASTER + 1, 0);
    CHECK("pic-unmasked", intr.level && i8259_acknowledge(pic) == 0x24);
}

static void cascade(void)
{
    init(1);
    pulse(12);
    CHECK("pic-slave", intr.level && i8259_acknowledge(pic) == 0x2c);
    CHECK("pic-both-in-service", isr(MASTER) == 0x04 && isr(SLAVE) == 0x10);
    pulse(8);
    CHECK("pic-cascade-blocks", !intr.level); /* fully nested: the master's own level is served */
    out8(vm, SLAVE, EOI);
    out8(vm, MASTER, EOI);
    CHECK("pic-slave-next", intr.level && i8259_acknowledge(pic) == 0x28);
    init(0x11); /* special fully nested mode (master only) */
    pulse(12);
    i8259_acknowledge(pic);
    pulse(8);
    CHECK("pic-special-nested", intr.level && i8259_acknowledge(pic) == 0x28);
}

static void edges(void)
{
    init(1);
    raise(6, true);
    raise(6, false);
    CHECK("pic-edge-gone", !intr.level && in8(vm, MASTER) == 0);
    CHECK("pic-spurious", i8259_acknowledge(pic) == 0x27 && isr(MASTER) == 0);
    pulse(6);
    i8259_acknowledge(pic);
    out8(vm, MASTER, EOI);
    CHECK("pic-edge-once", !intr.level); /* still high, but no new edge */
    out8(vm, 0x4d0, 0xff);
    out8(vm, 0x4d1, 0xff);
    CHECK("pic-elcr", in8(vm, 0x4d0) == 0xf8 && in8(vm, 0x4d1) == 0xde && i8259_level(pic, 5));
    CHECK("pic-level", intr.level && i8259_acknowledge(pic) == 0x26);
    out8(vm, MASTER, EOI);
    CHECK("pic-level-again", intr.level);
    raise(6, false);
    CHECK("pic-level-gone", !intr.level);
    out8(vm, 0x4d0, 0);
    out8(vm, 0x4d1, 0);
}

static void modes(void)
{
    init(3); /* automatic end of interrupt */
    pulse(2);
    pulse(4);
    CHECK("pic-aeoi", i8259_acknowledge(pic) == 0x24 && isr(MASTER) == 0);
    init(1);
    out8(vm, MASTER, 0xc3); /* priority: 3 is lowest */
    pulse(1);
    pulse(4);
    CHECK("pic-set-priority", i8259_acknowledge(pic) == 0x24);
    out8(vm, MASTER, 0xa0); /* rotate on end */
    pulse(4);
    CHECK("pic-rotated", i8259_acknowledge(pic) == 0x21);
    init(1);
    pulse(1);
    i8259_acknowledge(pic);
    out8(vm, MASTER + 1, 0x02);
    pulse(5);
    CHECK("pic-nested-blocks", !intr.level);
    out8(vm, MASTER, 0x68); /* special mask mode */
    CHECK("pic-special-mask", intr.level && i8259_acknowledge(pic) == 0x25);
    out8(vm, MASTER, 0x48);
    init(1);
    pulse(4);
    out8(vm, MASTER, 0x0c); /* poll */
    CHECK("pic-poll", in8(vm, MASTER) == 0x84 && isr(MASTER) == 0x10);
    out8(vm, MASTER, 0x0c);
    CHECK("pic-poll-none", in8(vm, MASTER) == 0);
}

void test_pic(void)
{
    vm = new_vm(0);
    pic = i8259_create(vm, probe_line(&intr));
    ports_add(vm, MASTER, 2, 1, &i8259_ops, i8259_chip(pic, 0), "master");
    ports_add(vm, SLAVE, 2, 1, &i8259_ops, i8259_chip(pic, 1), "slave");
    ports_add(vm, 0x4d0, 2, 1, &i8259_elcr_ops, pic, "elcr");
    basics();
    cascade();
    edges();
    modes();
    i8259_reset(pic);
    CHECK("pic-reset", !intr.level && in8(vm, MASTER + 1) == 0xff);
    i8259_delete(pic);
    delete_vm(vm);
}
