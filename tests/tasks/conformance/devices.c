/*
 * Interrupts and I/O ports: numbers and ranges, binding, a real source of interrupts (the periodic
 * interrupt of the real-time clock, and the serial port's transmitter), and the permission bitmap.
 */
#include "suite.h"

static int new_irq(handle_t at, uint64_t number, uint64_t flags)
{
    return sys_create(OBJ_IRQ, CASE_QUOTA, ROOT_IRQ_CONTROL, at, number, flags, 0, 0);
}

static int new_ports(handle_t at, handle_t parent, uint64_t first, uint64_t count)
{
    return sys_create(OBJ_PORTS, CASE_QUOTA, parent, at, first, count, 0, 0);
}

/* ---- interrupts -------------------------------------------------------------------------------------- */

static void irq_bad_numbers(void)
{
    static const uint64_t rows[][2] = {{16, IRQ_ISA},
                                       {255, IRQ_ISA},
                                       {1ULL << 32, IRQ_ISA},
                                       {(1ULL << 32) + 5, IRQ_ISA},
                                       {UINT64_MAX, IRQ_ISA},
                                       {5000, 0},
                                       {1023, IRQ_LEVEL},
                                       {1ULL << 40, IRQ_LEVEL | IRQ_LOW},
                                       {UINT64_MAX, 0},
                                       {5, 8},
                                       {5, IRQ_ISA | 1ULL << 32},
                                       {5, UINT64_MAX}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        WANT(BAD_ARG, new_irq(slot(), rows[i][0], rows[i][1]));
}

static void irq_twice(void)
{
    handle_t a = slot(), b = slot();
    WANT(OK, new_irq(a, 5, IRQ_ISA));
    WANT(BUSY, new_irq(b, 5, IRQ_ISA));
    SAME(OBJ_NONE, cap_info(0, b).type);
    for (unsigned i = 0; i < 20; i++) {
        WANT(OK, drop(a));
        WANT(OK, new_irq(a, 5, IRQ_ISA));
    }
}

static void irq_every_line(void)
{
    unsigned made = 0;
    for (unsigned line = 0; line < 16; line++) {
        int status = new_irq(slot(), line, IRQ_ISA);
        made += status == OK;
        CHECK(status == OK || status == BUSY || status == BAD_ARG || status == LIMIT);
    }
    CHECK(made >= 8);
}

static void irq_binding(void)
{
    handle_t irq = slot(), n = new_notification(), m = new_notification();
    WANT(OK, new_irq(irq, 5, IRQ_ISA));
    WANT(OK, sys_irq(IRQ_BIND, irq, n, 1));
    WANT(OK, sys_irq(IRQ_BIND, irq, m, 2));
    WANT(OK, sys_irq(IRQ_ACK, irq, 0, 0));
    WANT(OK, sys_irq(IRQ_BIND, irq, 0, 0));
    int status = sys_irq(IRQ_BIND, irq, n, 0);
    CHECK(status == OK || status == BAD_ARG);
    WANT(OK, sys_irq(IRQ_BIND, irq, n, 1));
    WANT(OK, drop(n));
    status = sys_irq(IRQ_ACK, irq, 0, 0);
    CHECK(status == OK || status == EMPTY);
    WANT(OK, sys_irq(IRQ_BIND, irq, m, 4));
    WANT(OK, drop(irq));
    WANT(OK, drop(m));
}

#define RTC_INDEX 0x70
#define RTC_DATA  0x71

static uint8_t rtc_read(uint8_t reg)
{
    port_out(RTC_INDEX, reg);
    return port_in(RTC_DATA);
}

static void rtc_write(uint8_t reg, uint8_t value)
{
    port_out(RTC_INDEX, reg);
    port_out(RTC_DATA, value);
}

/* The clock's periodic interrupt, line 8, 1,024 times a second or slower. */
static void irq_of_clock(void)
{
    handle_t irq = slot(), n = new_notification();
    WANT(OK, new_irq(irq, 8, IRQ_ISA));
    WANT(OK, sys_irq(IRQ_BIND, irq, n, 0x10));
    uint8_t a = rtc_read(0x0a), b = rtc_read(0x0b);
    rtc_write(0x0a, (uint8_t)((a & 0xf0) | 8)); /* 256 Hz */
    rtc_write(0x0b, b | 0x40);
    rtc_read(0x0c);
    unsigned arrived = 0;
    uint64_t bits = 0, last = 0;
    for (unsigned i = 0; i < 10; i++) {
        int status = sys_wait(n, WAIT_ARM, time_now() + 1000000000, &bits);
        if (status != OK || !(bits & 0x10))
            break;
        last = bits;
        arrived++;
        rtc_read(0x0c);
        sys_irq(IRQ_ACK, irq, 0, 0);
    }
    rtc_write(0x0b, b);
    rtc_write(0x0a, a);
    rtc_read(0x0c);
    SAME(10, arrived);
    SAME(0x10, last & ~SIGNAL_DEADLINE);
    /* Switched off, it is silent; unbound, nothing arrives. */
    WANT(OK, sys_irq(IRQ_BIND, irq, 0, 0));
    sys_wait(n, WAIT_POLL | WAIT_ARM, DEADLINE_NEVER, &bits);
    pause_ms(20);
    WANT(WOULD_BLOCK, sys_wait(n, WAIT_POLL, 0, &bits));
}

#define UART         0x3f8
#define UART_ENABLE  (UART + 1)
#define UART_ID      (UART + 2)
#define UART_CONTROL (UART + 4)

/* The transmitter's "empty" interrupt of the first serial port, line 4. */
static void irq_of_serial(void)
{
    handle_t irq = slot(), n = new_notification();
    WANT(OK, new_irq(irq, 4, IRQ_ISA));
    WANT(OK, sys_irq(IRQ_BIND, irq, n, 1));
    uint8_t control = port_in(UART_CONTROL);
    unsigned arrived = 0;
    uint64_t bits;
    port_out(UART_CONTROL, control | 8); /* OUT2 lets interrupts through */
    for (unsigned i = 0; i < 5; i++) {
        port_out(UART_ENABLE, 2);
        int status = sys_wait(n, WAIT_ARM, time_now() + 1000000000, &bits);
        port_out(UART_ENABLE, 0);
        port_in(UART_ID);
        sys_irq(IRQ_ACK, irq, 0, 0);
        arrived += status == OK && bits & 1;
        sys_wait(n, WAIT_POLL | WAIT_ARM, DEADLINE_NEVER, &bits);
    }
    port_out(UART_CONTROL, control);
    SAME(5, arrived);
}

/* An interrupt goes to a thread that receives, as a signal of its bound notification. */
static void irq_at_receiver(void)
{
    handle_t irq = slot(), n = new_notification(), e = new_endpoint(), r = new_reply();
    WANT(OK, new_irq(irq, 8, IRQ_ISA));
    WANT(OK, sys_irq(IRQ_BIND, irq, n, 0x8000));
    WANT(OK, sys_thread(THREAD_BIND, 0, n, 0, 0, 0, 0, 0));
    uint8_t b = rtc_read(0x0b);
    rtc_write(0x0b, b | 0x40);
    rtc_read(0x0c);
    struct message m = {{0}, 0, 0, 0, 0};
    uint64_t bits;
    sys_wait(n, WAIT_POLL | WAIT_ARM, time_now() + 1000000000, &bits);
    int status = sys_recv(e, r, 0, &m);
    rtc_write(0x0b, b);
    rtc_read(0x0c);
    WANT(OK, sys_thread(THREAD_BIND, 0, 0, 0, 0, 0, 0, 0));
    SAME(OK, status);
    SAME(RECV_SIGNALS, m.kind);
    CHECK(m.badge & 0x8000);
    WANT(OK, drop(irq)); /* while it may still arrive */
}

/* ---- ports --------------------------------------------------------------------------------------------- */

static void ports_bad_ranges(void)
{
    static const uint64_t rows[][2] = {
        {0x80, 0},          {65535, 2},         {65536, 1},
        {0, 65537},         {0x80, UINT64_MAX}, {UINT64_MAX, 1},
        {1ULL << 32, 1},    {0x80, 1ULL << 32}, {(1ULL << 32) + 0x80, 1},
        {UINT64_MAX - 1, 3}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        WANT(BAD_ARG, new_ports(slot(), ROOT_PORTS, rows[i][0], rows[i][1]));
    handle_t some = slot();
    WANT(OK, new_ports(some, ROOT_PORTS, 0x100, 16));
    WANT(BAD_ARG, new_ports(slot(), some, 0xff, 2));
    WANT(BAD_ARG, new_ports(slot(), some, 0x10f, 2));
    WANT(BAD_ARG, new_ports(slot(), some, 0x80, 1));
    WANT(OK, new_ports(slot(), some, 0x10f, 1));
    WANT(OK, new_ports(slot(), some, 0x100, 16));
    WANT(OK, new_ports(slot(), ROOT_PORTS, 65535, 1));
}

enum { WIDTH_8, WIDTH_16, WIDTH_32 };

struct access {
    uint16_t port;
    uint8_t width;
    bool out;
};

static void touch_port(void *arg)
{
    const struct access *a = arg;
    uint32_t value = 0;
    if (a->out)
        __asm__ volatile("outb %%al, %%dx" : : "a"(0), "d"(a->port));
    else if (a->width == WIDTH_8)
        __asm__ volatile("inb %%dx, %%al" : "+a"(value) : "d"(a->port));
    else if (a->width == WIDTH_16)
        __asm__ volatile("inw %%dx, %%ax" : "+a"(value) : "d"(a->port));
    else
        __asm__ volatile("inl %%dx, %%eax" : "+a"(value) : "d"(a->port));
}

/* Whether a thread of the task may use the port. */
static bool allowed(handle_t task, uint16_t port, unsigned width, bool out)
{
    static struct access access;
    static handle_t e, r;
    if (e == HANDLE_NONE || cap_info(0, e).type != OBJ_ENDPOINT) {
        e = new_endpoint();
        r = new_reply();
    }
    access = (struct access){port, (uint8_t)width, out};
    struct worker *w = new_worker(task, HIGH_PRIORITY);
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, e, 0, 0, 0, 0, 0));
    start(w, touch_port, &access);
    bool ok = w->done;
    if (!ok) {
        struct fault f = take_fault(e, r);
        SAME(FAULT_PROTECTION, f.word[FAULT_VECTOR]);
        struct message m = {{FAULT_REPLY_STOP, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
        WANT(OK, sys_reply(r, 1, &m));
    }
    release(w);
    return ok;
}

static void ports_need_permission(void)
{
    handle_t task = new_task(), ports = slot();
    WANT(OK, new_ports(ports, ROOT_PORTS, 0x84, 2));
    CHECK(!allowed(task, 0x84, WIDTH_8, false));
    CHECK(!allowed(task, 0x84, WIDTH_8, true));
    WANT(OK, allow_ports(task, ports));
    CHECK(allowed(task, 0x84, WIDTH_8, false));
    CHECK(allowed(task, 0x85, WIDTH_8, true));
    CHECK(allowed(task, 0x84, WIDTH_16, false));
    CHECK(!allowed(task, 0x83, WIDTH_8, false));
    CHECK(!allowed(task, 0x86, WIDTH_8, false));
    CHECK(!allowed(task, 0x83, WIDTH_16, false));
    CHECK(!allowed(task, 0x85, WIDTH_16, false));
    CHECK(!allowed(task, 0x84, WIDTH_32, false));
    WANT(OK, drop(ports));
    CHECK(!allowed(task, 0x84, WIDTH_8, false));
    CHECK(allowed(0, 0x84, WIDTH_8, false));
}

static void ports_taken_away(void)
{
    handle_t task = new_task(), outer = slot(), inner = slot(), other = slot();
    WANT(OK, new_ports(outer, ROOT_PORTS, 0x84, 4));
    WANT(OK, new_ports(inner, outer, 0x85, 1));
    WANT(OK, new_ports(other, ROOT_PORTS, 0x85, 1));
    WANT(OK, allow_ports(task, inner));
    WANT(OK, allow_ports(task, other));
    WANT(OK, allow_ports(task, other));
    CHECK(allowed(task, 0x85, WIDTH_8, false));
    WANT(OK, revoke(outer)); /* inner goes; other still allows the port */
    CHECK(allowed(task, 0x85, WIDTH_8, false));
    WANT(OK, drop(other));
    CHECK(!allowed(task, 0x85, WIDTH_8, false));
}

static void ports_edges(void)
{
    handle_t task = new_task(), low = slot(), high = slot();
    WANT(OK, new_ports(high, ROOT_PORTS, 65532, 4));
    WANT(OK, new_ports(low, ROOT_PORTS, 0, 8));
    WANT(OK, allow_ports(task, high));
    CHECK(allowed(task, 65535, WIDTH_8, false));
    CHECK(allowed(task, 65532, WIDTH_32, false));
    CHECK(!allowed(task, 65531, WIDTH_8, false));
    CHECK(!allowed(task, 65535, WIDTH_16, false));
    CHECK(!allowed(task, 65533, WIDTH_32, false));
    WANT(OK, allow_ports(task, low));
    CHECK(allowed(task, 0, WIDTH_8, false));
    CHECK(!allowed(task, 8, WIDTH_8, false));
}

/* The interrupt controllers' ports are nobody's, whatever range is asked for. */
static void ports_of_kernel(void)
{
    static const uint16_t own[] = {0x20, 0x21, 0xa0, 0xa1};
    handle_t task = new_task(), all = slot();
    for (unsigned i = 0; i < 4; i++) {
        handle_t at = slot();
        if (new_ports(at, ROOT_PORTS, own[i], 1) == OK)
            allow_ports(task, at);
    }
    WANT(OK, allow_ports(task, ROOT_PORTS));
    if (new_ports(all, ROOT_PORTS, 0, 65536) == OK)
        WANT(OK, allow_ports(task, all));
    for (unsigned i = 0; i < 4; i++) {
        CHECK(!allowed(task, own[i], WIDTH_8, false));
        CHECK(!allowed(task, own[i], WIDTH_8, true));
    }
    CHECK(!allowed(task, 0x1f, WIDTH_16, false));
    CHECK(allowed(task, 0x80, WIDTH_8, false));
}

static volatile bool hammering;

static void hammer(void *arg)
{
    (void)arg;
    while (hammering)
        port_in(0x84);
}

/* The bitmap belongs to the address space: switches between tasks do not leak it. */
static void ports_across_switches(void)
{
    handle_t with = new_task(), without = new_task(), ports = slot();
    WANT(OK, new_ports(ports, ROOT_PORTS, 0x84, 1));
    WANT(OK, allow_ports(with, ports));
    hammering = true;
    struct worker *w = spawn(with, LOW_PRIORITY, hammer, NULL);
    for (unsigned i = 0; i < 50; i++) {
        CHECK(!allowed(without, 0x84, WIDTH_8, false));
        pause_us(300);
    }
    hammering = false;
    await_done(w);
}

static void ports_quota(void)
{
    handle_t quota = new_quota(12), task = new_task_of(quota, 1), at = slot();
    while (sys_create(OBJ_NOTIFICATION, quota, 0, at, 0, 0, 0, 0) == OK)
        at = slot();
    uint64_t used = quota_info(quota).used;
    WANT(QUOTA, allow_ports(task, ROOT_PORTS));
    SAME(used, quota_info(quota).used);
}

const struct test_case device_cases[] = {{"irq_bad_numbers", irq_bad_numbers, 0},
                                         {"irq_twice", irq_twice, 0},
                                         {"irq_every_line", irq_every_line, 0},
                                         {"irq_binding", irq_binding, 0},
                                         {"irq_of_clock", irq_of_clock, 0},
                                         {"irq_of_serial", irq_of_serial, 0},
                                         {"irq_at_receiver", irq_at_receiver, 0},
                                         {"ports_bad_ranges", ports_bad_ranges, 0},
                                         {"ports_need_permission", ports_need_permission, 0},
                                         {"ports_taken_away", ports_taken_away, 0},
                                         {"ports_edges", ports_edges, 0},
                                         {"ports_of_kernel", ports_of_kernel, 0},
                                         {"ports_across_switches", ports_across_switches, 0},
                                         {"ports_quota", ports_quota, 0},
                                         {NULL, NULL, 0}};
