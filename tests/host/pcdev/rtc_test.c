/* MC146818A (Motorola ADI-1026). */
#include "mock.h"

#include <translator/devices/mc146818.h>

static struct vm *vm;
static struct probe irq;

static uint8_t get(unsigned index)
{
    out8(vm, 0x70, index);
    return in8(vm, 0x71);
}

static void set(unsigned index, unsigned v)
{
    out8(vm, 0x70, index);
    out8(vm, 0x71, v);
}

static bool time_is(unsigned h, unsigned m, unsigned s)
{
    return get(4) == h && get(2) == m && get(0) == s;
}

static bool date_is(unsigned century, unsigned y, unsigned mo, unsigned d, unsigned weekday)
{
    return get(0x32) == century && get(9) == y && get(8) == mo && get(7) == d && get(6) == weekday;
}

static void forms(void)
{
    /* 1,000,000,000 s: Sunday, 9 September 2001, 01:46:40 UTC */
    CHECK("rtc-bcd", time_is(0x01, 0x46, 0x40) && date_is(0x20, 0x01, 0x09, 0x09, 1));
    CHECK("rtc-valid", get(0x0d) == 0x80);
    set(0x0b, 0x06);
    CHECK("rtc-binary", time_is(1, 46, 40) && date_is(0x20, 1, 9, 9, 1));
    pass(vm, 12 * 3600 * 1000000000ull);
    set(0x0b, 0x00);
    CHECK("rtc-12-hours", time_is(0x81, 0x46, 0x40)); /* 1 pm */
    set(0x0b, 0x02);
    CHECK("rtc-24-hours", time_is(0x13, 0x46, 0x40));
}

static void setting(void)
{
    set(0x0b, 0x82);
    set(4, 0x23);
    set(2, 0x59);
    set(0, 0x58);
    set(7, 0x28);
    set(8, 0x02);
    set(9, 0x24);
    pass(vm, 5000000000);
    CHECK("rtc-set-freezes", time_is(0x23, 0x59, 0x58));
    set(0x0b, 0x02);
    CHECK("rtc-set-takes", time_is(0x23, 0x59, 0x58) && date_is(0x20, 0x24, 0x02, 0x28, 4));
    pass(vm, 3000000000);
    CHECK("rtc-leap-day", time_is(0, 0, 0x01) && date_is(0x20, 0x24, 0x02, 0x29, 5));
    pass(vm, 86400000000000);
    CHECK("rtc-after-leap-day", date_is(0x20, 0x24, 0x03, 0x01, 6));
    set(0x20, 0x5a);
    CHECK("rtc-memory", get(0x20) == 0x5a && get(0xa0) == 0x5a); /* bit 7: NMI mask */
}

static void updates(void)
{
    unsigned uip = 0;
    for (unsigned i = 0; i < 10000; i++, pass(vm, 100000))
        uip += get(0x0a) >> 7;
    CHECK("rtc-uip", uip >= 2 && uip <= 3); /* 244 µs of each second */
    while (!(get(0x0a) & 0x80))
        pass(vm, 50000);
    unsigned before = get(0);
    pass(vm, 244000);
    CHECK("rtc-uip-announces", get(0) != before && !(get(0x0a) & 0x80));
    get(0x0c);
    pass(vm, 1100000000);
    CHECK("rtc-flags-without-interrupts", (get(0x0c) & 0xd0) == 0x50 && irq.rises == 0);
    set(0x0b, 0x12);
    get(0x0c);
    irq.rises = 0;
    for (unsigned i = 0; i < 5; i++) {
        pass(vm, 1000000000);
        CHECK("rtc-update-interrupt", irq.level && (get(0x0c) & 0x90) == 0x90 && !irq.level);
    }
    CHECK("rtc-update-rises", irq.rises == 5);
    set(0x0b, 0x92);
    CHECK("rtc-set-clears-uie", get(0x0b) == 0x82);
    set(0x0b, 0x02);
}

static void periodic(void)
{
    set(0x0a, 0x26); /* 1,024 Hz */
    set(0x0b, 0x42);
    get(0x0c);
    irq.rises = 0;
    for (unsigned i = 0; i < 100000; i++) {
        pass(vm, 10000);
        if (irq.level)
            get(0x0c);
    }
    CHECK("rtc-periodic", irq.rises >= 1022 && irq.rises <= 1026);
    set(0x0a, 0x2f); /* 2 Hz */
    get(0x0c);
    irq.rises = 0;
    for (unsigned i = 0; i < 100; i++) {
        pass(vm, 100000000);
        if (irq.level)
            get(0x0c);
    }
    CHECK("rtc-periodic-slow", irq.rises >= 19 && irq.rises <= 21);
    set(0x0a, 0x20);
    irq.rises = 0;
    pass(vm, 2000000000);
    CHECK("rtc-periodic-off", irq.rises == 0);
    set(0x0b, 0x02);
}

static void set_time(unsigned h, unsigned m, unsigned s)
{
    set(0x0b, 0x82);
    set(4, h);
    set(2, m);
    set(0, s);
    set(0x0b, 0x02);
}

static void alarms(void)
{
    set_time(0x10, 0x20, 0x30);
    set(5, 0x11);
    set(3, 0x00);
    set(1, 0x05);
    get(0x0c);
    set(0x0b, 0x22);
    irq.rises = 0;
    pass(vm, (39 * 60 + 30) * 1000000000ull);
    CHECK("rtc-alarm-waits", irq.rises == 0 && time_is(0x11, 0x00, 0x00));
    pass(vm, 5500000000);
    CHECK("rtc-alarm", irq.level && (get(0x0c) & 0xa0) == 0xa0 && time_is(0x11, 0, 0x05));
    set(5, 0xff);
    set(3, 0xff); /* any hour, any minute */
    get(0x0c);
    irq.rises = 0;
    for (unsigned i = 0; i < 10; i++) {
        pass(vm, 60000000000);
        get(0x0c);
    }
    CHECK("rtc-alarm-each-minute", irq.rises == 10);
    set(5, 0x11);
    set(3, 0x30);
    set(1, 0x01);
    unsigned met = 0;
    for (unsigned n = 1; n <= 6;
         n++) { /* the second ends between the n-th and the next look at the clock */
        set_time(0x11, 0x30, 0x00);
        get(0x0c);
        irq.rises = 0;
        vm->lag = 2000000000 / (2 * n + 1);
        set(0x0b, 0x22);
        vm->lag = 0;
        pass(vm, 2000000000);
        met += irq.rises;
    }
    CHECK("rtc-alarm-of-this-second", met == 6);
    set(0x0b, 0x02);
}

void test_rtc(void)
{
    vm = new_vm(0);
    struct mc146818 *r = mc146818_create(vm, probe_line(&irq), 1000000000);
    ports_add(vm, 0x70, 2, 1, &mc146818_ops, r, "rtc");
    forms();
    setting();
    updates();
    periodic();
    alarms();
    mc146818_set(r, 0x34, 0x77);
    uint8_t minute = get(2);
    mc146818_reset(r);
    CHECK("rtc-reset-keeps", get(0x34) == 0x77 && get(2) == minute && get(0x0b) == 0x02);
    mc146818_delete(r);
    delete_vm(vm);
}
