/* Calls that neither wait nor switch, threads that give way, notifications and interrupts. */
#include "bench.h"

#define ROUNDS 256

static handle_t signals, echo;

static void null_call(void)
{
    struct measure_start m;
    struct cost c;
    struct message x = {0};
    sys_trap(call_word(255, 0, 0, 0), &x);
    measure_begin(&m);
    for (unsigned i = 0; i < ROUNDS; i++)
        sys_trap(call_word(255, 0, 0, 0), &x);
    c = measure_end(&m, ROUNDS);
    print_cost("null call (a number that is refused)", c, 100, "Fiasco ~150 instr.");

    measure_begin(&m);
    for (unsigned i = 0; i < ROUNDS; i++)
        sys_signal(signals, 0);
    c = measure_end(&m, ROUNDS);
    print_cost("signal without effect", c, 0, "");
}

static void yielder(uint64_t unused)
{
    (void)unused;
    for (;;)
        sys_thread(THREAD_YIELD, 0, 0, 0, 0, 0, 0, 0);
}

static void yield(bool own_task, const char *name)
{
    struct helper h = helper_start(own_task, PRIORITY_MAX, yielder, 0, NULL, 0);
    struct measure_start m;
    for (unsigned i = 0; i < 8; i++)
        sys_thread(THREAD_YIELD, 0, 0, 0, 0, 0, 0, 0);
    measure_begin(&m);
    for (unsigned i = 0; i < ROUNDS; i++)
        sys_thread(THREAD_YIELD, 0, 0, 0, 0, 0, 0, 0);
    print_cost(name, measure_end(&m, 2 * ROUNDS), 0, "");
    helper_end(&h);
}

/* Wait for a signal; tell when it came. */
static volatile uint64_t woken_at;
static void waiter(uint64_t unused)
{
    (void)unused;
    for (;;) {
        uint64_t bits;
        sys_wait(signals, 0, 0, &bits);
        woken_at = ticks_now();
        sys_signal(echo, 1);
    }
}

static void notification(bool own_task, const char *name)
{
    handle_t caps[] = {signals, echo};
    struct helper h = helper_start(own_task, PRIORITY_MAX, waiter, 0, caps, 2);
    struct measure_start m;
    uint64_t bits, total = 0;
    sys_signal(signals, 1);
    sys_wait(echo, 0, 0, &bits);
    measure_begin(&m);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t start = ticks_now();
        sys_signal(signals, 1);
        sys_wait(echo, 0, 0, &bits);
        total += woken_at - start;
    }
    struct cost c = measure_end(&m, ROUNDS);
    c.ticks = total / ROUNDS;
    print_cost(name, c, 0, "");
    helper_end(&h);
}

/* The 16550's transmit-empty interrupt comes when it is enabled while the transmitter is idle. */
#define UART 0x3f8
static void interrupt(void)
{
    handle_t irq = SLOT_FIRST + 900;
    uint64_t bits, total = 0;
    unsigned n = 0;
    if (sys_create(OBJ_IRQ, ROOT_QUOTA, ROOT_IRQ_CONTROL, irq, 4, IRQ_ISA, 0, 0) != OK)
        return;
    sys_irq(IRQ_BIND, irq, signals, 1);
    port_out(UART + 4, 0x0b); /* OUT2 lets the interrupt through */
    for (; n < 16; n++) {
        while (!(port_in(UART + 5) & 0x40))
            continue;
        uint64_t start = ticks_now();
        port_out(UART + 1, 2);
        if (sys_wait(signals, WAIT_ARM, time_now() + 100000000, &bits) != OK || !(bits & 1))
            break;
        total += ticks_now() - start;
        port_in(UART + 2);
        port_out(UART + 1, 0);
        sys_irq(IRQ_ACK, irq, 0, 0);
    }
    sys_wait(signals, WAIT_ARM | WAIT_POLL, DEADLINE_NEVER, &bits);
    if (n > 0)
        print_cost("IRQ to user, from the OUT that raises it", (struct cost){.ticks = total / n}, 0,
                   "seL4 1640-2030 cycles");
    else
        printf("IRQ to user: no serial interrupt on this machine\n");
    drop(irq);
}

void bench_calls(void)
{
    signals = new_object(OBJ_NOTIFICATION);
    echo = new_object(OBJ_NOTIFICATION);
    null_call();
    yield(false, "thread switch in one address space");
    yield(true, "thread and address-space switch");
    notification(false, "signal to a waiting thread, same task");
    notification(true, "signal to a waiting thread, other task");
    interrupt();
}
