/* 16550 (National PC16550D). */
#include "mock.h"

#include <translator/devices/uart16550.h>

#define AT 0x3f8u
enum { DATA = AT, IER, IIR, LCR, MCR, LSR, MSR, SCR };

static struct vm *vm;
static struct uart16550 *uart;
static struct probe irq;
static struct screen screen;
static unsigned sent;

static void note_sent(void *to)
{
    (void)to;
    sent++;
}

static void plain(void)
{
    CHECK("uart-idle", in8(vm, LSR) == 0x60 && in8(vm, IIR) == 0x01 && in8(vm, MSR) == 0xb0);
    out8(vm, SCR, 0xa5);
    out8(vm, LCR, 0x83);
    out8(vm, DATA, 0x0c);
    out8(vm, IER, 0x34);
    CHECK("uart-divisor", in8(vm, DATA) == 0x0c && in8(vm, IER) == 0x34 && in8(vm, SCR) == 0xa5);
    out8(vm, IER, 0);
    out8(vm, LCR, 0x03);
    out8(vm, DATA, 'o');
    out8(vm, DATA, 'k');
    CHECK("uart-sends", strcmp(screen.output, "ok") == 0 && sent == 2 && !irq.level);
    screen.input = "xy";
    uart16550_take_input(uart);
    CHECK("uart-one-deep", in8(vm, LSR) == 0x61 && strcmp(screen.input, "y") == 0);
    CHECK("uart-next", in8(vm, DATA) == 'x' && in8(vm, DATA) == 'y' && in8(vm, LSR) == 0x60);
}

static void interrupts(void)
{
    out8(vm, MCR, 0x08);
    out8(vm, IER, 0x02);
    CHECK("uart-thre-on-enable", irq.level && in8(vm, IIR) == 0x02);
    CHECK("uart-thre-read-clears", !irq.level && in8(vm, IIR) == 0x01);
    irq.rises = 0;
    out8(vm, DATA, '!');
    CHECK("uart-thre-after-byte", irq.level && irq.rises == 1);
    out8(vm, DATA, '!');
    CHECK("uart-thre-edge-each-byte", irq.level && irq.rises == 2);
    out8(vm, IER, 0x03);
    screen.input = "z";
    uart16550_take_input(uart);
    CHECK("uart-data-first", in8(vm, IIR) == 0x04 && in8(vm, DATA) == 'z');
    CHECK("uart-thre-still", in8(vm, IIR) == 0x02 && in8(vm, IIR) == 0x01);
    out8(vm, IER, 0x01);
    out8(vm, MCR, 0x00);
    screen.input = "q";
    uart16550_take_input(uart);
    CHECK("uart-out2-gates", !irq.level && in8(vm, IIR) == 0x04);
    out8(vm, MCR, 0x08);
    CHECK("uart-out2-opens", irq.level && in8(vm, DATA) == 'q' && !irq.level);
}

static void fifo(void)
{
    out8(vm, IIR, 0x87); /* on, empty, trigger at 8 */
    CHECK("uart-fifo-seen", (in8(vm, IIR) & 0xc0) == 0xc0);
    screen.input = "abc";
    uart16550_take_input(uart);
    CHECK("uart-below-trigger", !irq.level && in8(vm, LSR) == 0x61);
    pass(vm, 20000000);
    CHECK("uart-timeout", irq.level && in8(vm, IIR) == 0xcc);
    CHECK("uart-timeout-clears", in8(vm, DATA) == 'a' && !irq.level);
    screen.input = "defghijklmnopqrstuvwxyz";
    uart16550_take_input(uart);
    CHECK("uart-trigger", irq.level && in8(vm, IIR) == 0xc4);
    CHECK("uart-full", strcmp(screen.input, "rstuvwxyz") == 0);
    bool order = true;
    for (char c = 'b'; c <= 'z'; c++)
        order = order && in8(vm, DATA) == (uint8_t)c;
    CHECK("uart-order", order && in8(vm, LSR) == 0x60 && !irq.level);
    screen.input = "lost";
    uart16550_take_input(uart);
    out8(vm, IIR, 0x83);
    CHECK("uart-fifo-cleared", in8(vm, LSR) == 0x60);
}

static void loopback(void)
{
    size_t before = screen.count;
    out8(vm, IER, 0);
    out8(vm, MCR, 0x10);
    in8(vm, MSR);
    out8(vm, MCR, 0x1a); /* RTS and OUT2: CTS and DCD */
    CHECK("uart-loop-modem", in8(vm, MSR) == 0x99 && in8(vm, MSR) == 0x90);
    out8(vm, MCR, 0x15); /* DTR, OUT1: DSR, RI */
    CHECK("uart-loop-modem-2", in8(vm, MSR) == 0x6b);
    out8(vm, DATA, 'L');
    CHECK("uart-loop-data", in8(vm, DATA) == 'L' && screen.count == before);
    out8(vm, MCR, 0x08);
    in8(vm, MSR);
    out8(vm, IER, 0x08);
    out8(vm, MCR, 0x18);
    CHECK("uart-modem-interrupt", in8(vm, IIR) == 0xc0 && (in8(vm, MSR) & 0x0f) == 0x03);
    out8(vm, MCR, 0x08);
    in8(vm, MSR);
}

void test_serial(void)
{
    vm = new_vm(0);
    screen_start(&screen);
    uart = uart16550_create(vm, &screen.terminal, probe_line(&irq), note_sent, NULL);
    ports_add(vm, AT, 8, 1, &uart16550_ops, uart, "uart");
    plain();
    interrupts();
    fifo();
    loopback();
    uart16550_reset(uart);
    CHECK("uart-reset", in8(vm, IER) == 0 && in8(vm, IIR) == 0x01 && !irq.level);
    uart16550_delete(uart);
    delete_vm(vm);
}
