/* 8254 (Intel 231164). A tick is 838.1 ns. */
#include "mock.h"

#include <translator/devices/i8254.h>

static struct vm *vm;
static struct probe irq;

/* Time to just after the n-th tick from now. */
static void ticks(uint64_t n)
{
    uint64_t t = (vm->now * I8254_HZ / 1000000000 + n + 1) * 1000000000ull / I8254_HZ + 1;
    pass(vm, t - vm->now);
}

static void control(unsigned v)
{
    out8(vm, 0x43, v);
}

static void count(unsigned channel, unsigned v)
{
    out8(vm, 0x40 + channel, v & 0xff);
    out8(vm, 0x40 + channel, v >> 8);
}

static unsigned latched(unsigned channel)
{
    control(channel << 6);
    unsigned low = in8(vm, 0x40 + channel);
    return low | (unsigned)in8(vm, 0x40 + channel) << 8;
}

static unsigned status(unsigned channel)
{
    control(0xe0 | 2u << channel);
    return in8(vm, 0x40 + channel);
}

static bool out2(void)
{
    return in8(vm, 0x61) & 0x20;
}

static void one_shots(void)
{
    out8(vm, 0x61, 1);
    control(0xb0); /* channel 2, both bytes, mode 0 */
    CHECK("pit-mode0-low", !out2() && (status(2) & 0xff) == 0x70);
    count(2, 1000);
    ticks(2);
    CHECK("pit-mode0-counts", !out2() && latched(2) < 1000 && latched(2) > 990);
    CHECK("pit-null-clear", (status(2) & 0x40) == 0);
    ticks(500);
    out8(vm, 0x61, 0);
    unsigned held = latched(2);
    ticks(5000);
    CHECK("pit-mode0-gate-stops", !out2() && latched(2) == held && held < 510 && held > 480);
    out8(vm, 0x61, 1);
    ticks(470);
    CHECK("pit-mode0-not-yet", !out2());
    ticks(40);
    CHECK("pit-mode0-high", out2());
    ticks(100);
    CHECK("pit-mode0-wraps", latched(2) > 0xff00);
    out8(vm, 0x61, 0);
    control(0xb2); /* mode 1: the gate starts it */
    count(2, 100);
    ticks(300);
    CHECK("pit-mode1-waits", out2());
    out8(vm, 0x61, 1);
    ticks(2);
    CHECK("pit-mode1-low", !out2());
    ticks(50);
    out8(vm, 0x61, 0);
    out8(vm, 0x61, 1);
    ticks(80);
    CHECK("pit-mode1-retriggered", !out2());
    ticks(30);
    CHECK("pit-mode1-high", out2());
}

static void strobes(void)
{
    control(0xb8); /* mode 4 */
    count(2, 50);
    ticks(45);
    CHECK("pit-mode4-high", out2());
    unsigned low = 0;
    for (unsigned i = 0; i < 20; i++) {
        ticks(0);
        low += !out2();
    }
    CHECK("pit-mode4-strobe", low == 1 && out2());
    out8(vm, 0x61, 0);
    control(0xba); /* mode 5 */
    count(2, 20);
    ticks(100);
    CHECK("pit-mode5-waits", out2());
    out8(vm, 0x61, 1);
    low = 0;
    for (unsigned i = 0; i < 40; i++) {
        ticks(0);
        low += !out2();
    }
    CHECK("pit-mode5-strobe", low == 1);
}

static void periods(void)
{
    unsigned low = 0;
    control(0xb4); /* mode 2 */
    count(2, 10);
    ticks(3);
    for (unsigned i = 0; i < 100; i++, ticks(0))
        low += !out2();
    CHECK("pit-mode2-shape", low == 10);
    control(0xb6); /* mode 3 */
    count(2, 10);
    ticks(3);
    low = 0;
    for (unsigned i = 0; i < 100; i++, ticks(0))
        low += !out2();
    CHECK("pit-mode3-even", low == 50);
    count(2, 11); /* odd: high for 6, low for 5 */
    ticks(40);
    low = 0;
    for (unsigned i = 0; i < 110; i++, ticks(0))
        low += !out2();
    CHECK("pit-mode3-odd", low == 50);
    bool even = true;
    for (unsigned i = 0; i < 20; i++, ticks(0))
        even = even && latched(2) % 2 == 0 && latched(2) <= 10;
    CHECK("pit-mode3-by-two", even);
    control(0xb5); /* mode 2, BCD */
    count(2, 0x0100);
    ticks(3);
    bool decimal = true;
    for (unsigned i = 0; i < 150; i++, ticks(0))
        decimal = decimal && latched(2) <= 0x100 && (latched(2) & 15) < 10;
    CHECK("pit-bcd", decimal);
}

static void registers(void)
{
    control(0x34);
    count(0, 0x1234);
    ticks(2);
    control(0x00);
    ticks(50);
    control(0x00); /* ignored: the first is not read yet */
    unsigned v = in8(vm, 0x40);
    v |= (unsigned)in8(vm, 0x40) << 8;
    CHECK("pit-latch-holds", v <= 0x1234 && v > 0x1228);
    control(0xc2); /* read back: status, then count */
    CHECK("pit-read-back-status", (in8(vm, 0x40) & 0x3f) == 0x34);
    v = in8(vm, 0x40);
    v |= (unsigned)in8(vm, 0x40) << 8;
    CHECK("pit-read-back-count", v < 0x1228 && v > 0x1100);
    control(0x14); /* low byte only */
    out8(vm, 0x40, 200);
    ticks(3);
    CHECK("pit-low-byte", in8(vm, 0x40) <= 200 && in8(vm, 0x40) > 190);
    CHECK("pit-control-reads-nothing", in8(vm, 0x43) == 0xff);
    unsigned toggles = 0, last = in8(vm, 0x61) & 0x10;
    for (unsigned i = 0; i < 1000; i++, pass(vm, 1000)) {
        unsigned now = in8(vm, 0x61) & 0x10;
        toggles += now != last;
        last = now;
    }
    CHECK("pit-refresh", toggles >= 65 && toggles <= 67); /* every 15.085 µs */
    out8(vm, 0x61, 0x0f);
    CHECK("pit-port61", (in8(vm, 0x61) & 0x0f) == 0x0f);
}

static void interrupts(void)
{
    control(0x34);
    count(0, 11932); /* 100 Hz */
    irq.rises = 0;
    pass(vm, 1000000000);
    CHECK("pit-100hz", irq.rises >= 99 && irq.rises <= 101);
    count(0, 1193);
    pass(vm, 20000000);
    irq.rises = 0;
    pass(vm, 100000000);
    CHECK("pit-new-count-next-period", irq.rises >= 99 && irq.rises <= 101);
    irq.rises = 0;
    vm->now += 20000000; /* 20 periods nobody looked */
    pass(vm, 30000000);
    CHECK("pit-late-edges", irq.rises >= 49 && irq.rises <= 51);
    irq.rises = 0;
    vm->now += 10000000000;
    pass(vm, 100000000);
    CHECK("pit-late-edges-bounded", irq.rises >= 140 && irq.rises <= 152);
    control(0x30); /* mode 0: one interrupt */
    CHECK("pit-mode0-line-low", !irq.level);
    count(0, 1000);
    irq.rises = 0;
    pass(vm, 800000);
    CHECK("pit-one-shot-before", irq.rises == 0);
    pass(vm, 60000000);
    CHECK("pit-one-shot", irq.rises == 1 && irq.level);
    for (unsigned mode = 0; mode <= 4;
         mode += 4) { /* while it is written, more time passes than it counts */
        control(0x10 | mode << 1);
        irq.rises = 0;
        vm->lag = 20000;
        out8(vm, 0x40, 15);
        vm->lag = 0;
        pass(vm, 1000000);
        CHECK("pit-one-shot-shorter-than-its-write", irq.rises == 1 && irq.level);
    }
    control(0x36);
    count(0, 0); /* 65536: 18.2 Hz */
    irq.rises = 0;
    pass(vm, 10000000000);
    CHECK("pit-18hz", irq.rises >= 181 && irq.rises <= 183);
}

void test_pit(void)
{
    vm = new_vm(0);
    struct i8254 *pit = i8254_create(vm, probe_line(&irq));
    ports_add(vm, 0x40, 4, 1, &i8254_ops, pit, "pit");
    ports_add(vm, 0x61, 1, 1, &i8254_port61_ops, pit, "port 61");
    pass(vm, 12345678);
    one_shots();
    strobes();
    periods();
    registers();
    interrupts();
    i8254_reset(pit);
    CHECK("pit-reset", !irq.level);
    i8254_delete(pit);
    delete_vm(vm);
}
