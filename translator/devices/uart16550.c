/*
 * 16550 UART (National PC16550D data sheet, section 8).
 *
 * As in pl011.c, sending takes no time: a byte written is at the terminal before the write is over,
 * so the transmitter is always empty, and its interrupt is pending again after each byte. Receiving
 * has the real FIFO of 16 with its trigger levels and its timeout of four character times; input
 * stays at the terminal until there is room, so no overrun occurs. CTS, DSR and DCD are asserted.
 * In loopback the four modem outputs are the four modem inputs, and what is sent is received.
 *
 * The interrupt follows the data sheet's priority: line status, data (or timeout), transmitter, modem.
 * OUT2 gates it onto the bus, as the card's tristate driver does on every PC.
 */
#include <translator/devices/common.h>
#include <translator/devices/uart16550.h>

#include <stdlib.h>

#define FIFO  16u
#define CLOCK 1843200u

/* clang-format off */
enum { R_DATA, R_IER, R_IIR, R_LCR, R_MCR, R_LSR, R_MSR, R_SCR }; /* table III */
enum { IER_DATA = 1, IER_THRE = 2, IER_LINE = 4, IER_MODEM = 8 };
enum { IIR_NONE = 1, IIR_MODEM = 0, IIR_THRE = 2, IIR_DATA = 4, IIR_LINE = 6, IIR_TIMEOUT = 0xc, IIR_FIFO = 0xc0 };
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_CLEAR_TX = 4 };
enum { LCR_DLAB = 0x80, LCR_BREAK = 0x40 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 0x10 };
enum { LSR_DATA = 1, LSR_THRE = 0x20, LSR_IDLE = 0x40 };
enum { MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80, MSR_DELTA = 0x0f };
/* clang-format on */

static const uint8_t triggers[4] = {1, 4, 8, 14};

struct uart16550 {
    struct vm *vm;
    struct terminal *terminal;
    struct line irq;
    void (*sent)(void *to);
    void *to;
    uint8_t fifo[FIFO];
    unsigned first, level;
    uint8_t ier, fcr, lcr, mcr, msr, scr;
    uint16_t divisor;
    bool thre;      /* the transmitter's interrupt is pending */
    bool timed_out; /* data waits below the trigger */
    struct vtimer timeout;
};

static unsigned depth(const struct uart16550 *u)
{
    return u->fcr & FCR_ENABLE ? FIFO : 1;
}

static unsigned trigger(const struct uart16550 *u)
{
    return u->fcr & FCR_ENABLE ? triggers[u->fcr >> 6] : 1;
}

/* Which interrupt comes first (table IV). */
static uint8_t identify(const struct uart16550 *u)
{
    if ((u->ier & IER_DATA) && u->level >= trigger(u))
        return IIR_DATA;
    if ((u->ier & IER_DATA) && u->timed_out)
        return IIR_TIMEOUT;
    if ((u->ier & IER_THRE) && u->thre)
        return IIR_THRE;
    if ((u->ier & IER_MODEM) && (u->msr & MSR_DELTA))
        return IIR_MODEM;
    return IIR_NONE;
}

static void update(struct uart16550 *u)
{
    line_set(&u->irq, identify(u) != IIR_NONE && (u->mcr & MCR_OUT2));
}

/* Four characters, of about ten bits, in ns; within sensible bounds. */
static uint64_t timeout_ns(const struct uart16550 *u)
{
    uint64_t ns = (uint64_t)u->divisor * 16 * 40 * 1000000000 / CLOCK;
    return ns < 10000 ? 10000 : ns > 10000000 ? 10000000 : ns;
}

static void restart_timeout(struct uart16550 *u)
{
    bool waits = u->level != 0 && (u->fcr & FCR_ENABLE);
    u->timed_out = false;
    vtimer_arm(u->vm, &u->timeout, waits ? vm_time(u->vm) + timeout_ns(u) : UINT64_MAX);
}

static void expired(void *device)
{
    struct uart16550 *u = device;
    u->timed_out = u->level != 0;
    update(u);
}

static void push(struct uart16550 *u, uint8_t byte)
{
    if (u->level >= depth(u))
        return;
    u->fifo[(u->first + u->level++) % FIFO] = byte;
    restart_timeout(u);
}

void uart16550_take_input(struct uart16550 *u)
{
    uint8_t bytes[FIFO];
    unsigned room = depth(u) > u->level ? depth(u) - u->level : 0;
    if (u->terminal == NULL || u->terminal->read == NULL || (u->mcr & MCR_LOOP) || room == 0)
        return;
    size_t got = u->terminal->read(u->terminal, bytes, room);
    for (size_t i = 0; i < got && i < room; i++)
        push(u, bytes[i]);
    update(u);
}

static uint8_t read_data(struct uart16550 *u)
{
    if (u->level == 0)
        return 0;
    uint8_t byte = u->fifo[u->first];
    u->first = (u->first + 1) % FIFO;
    u->level--;
    restart_timeout(u);
    if (u->level == 0)
        uart16550_take_input(u);
    update(u);
    return byte;
}

static void write_data(struct uart16550 *u, uint8_t byte)
{
    if (u->mcr & MCR_LOOP) {
        push(u, byte);
    } else if (u->terminal != NULL) {
        if (u->sent != NULL)
            u->sent(u->to);
        u->terminal->write(u->terminal, &byte, 1);
    }
    u->thre = false;
    update(u); /* the interrupt falls while the byte is in the register */
    u->thre = true;
}

/* The modem inputs as bits of MSR. */
static uint8_t modem_inputs(const struct uart16550 *u)
{
    if (!(u->mcr & MCR_LOOP))
        return MSR_CTS | MSR_DSR | MSR_DCD;
    return (uint8_t)((u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) |
                     (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

/* Delta bits for inputs that changed; RI's only when it falls (8.6.8). */
static void look_at_modem(struct uart16550 *u)
{
    uint8_t now = modem_inputs(u), changed = (now ^ u->msr) & 0xf0;
    if (now & MSR_RI)
        changed &= (uint8_t)~MSR_RI;
    u->msr = (uint8_t)(now | (u->msr & MSR_DELTA) | changed >> 4);
}

static uint8_t read_iir(struct uart16550 *u)
{
    uint8_t v = identify(u);
    if (v == IIR_THRE)
        u->thre = false;
    update(u);
    return v | (u->fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

static uint64_t uart_read(void *device, uint32_t offset, unsigned size)
{
    struct uart16550 *u = device;
    uint8_t v = 0;
    (void)size;
    switch (offset) {
    case R_DATA:
        return u->lcr & LCR_DLAB ? u->divisor & 0xff : read_data(u);
    case R_IER:
        return u->lcr & LCR_DLAB ? u->divisor >> 8 : u->ier;
    case R_IIR:
        return read_iir(u);
    case R_LCR:
        return u->lcr;
    case R_MCR:
        return u->mcr;
    case R_LSR:
        return LSR_THRE | LSR_IDLE | (u->level != 0 ? LSR_DATA : 0);
    case R_MSR:
        v = u->msr;
        u->msr &= (uint8_t)~MSR_DELTA;
        update(u);
        return v;
    }
    return u->scr;
}

/* Turning the FIFOs on or off empties them; other bits count only with ENABLE (8.6.4). */
static void write_fcr(struct uart16550 *u, uint8_t v)
{
    bool changed = (v ^ u->fcr) & FCR_ENABLE;
    if (changed || ((v & FCR_ENABLE) && (v & FCR_CLEAR_RX)))
        u->first = u->level = 0;
    if (changed || ((v & FCR_ENABLE) && (v & FCR_CLEAR_TX)))
        u->thre = true;
    u->fcr = v & FCR_ENABLE ? v & 0xc9 : 0;
    restart_timeout(u);
}

static void write_ier(struct uart16550 *u, uint8_t v)
{
    if (v & ~u->ier & IER_THRE)
        u->thre = true; /* enabled with an empty transmitter */
    u->ier = v & 0x0f;
}

static void uart_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct uart16550 *u = device;
    uint8_t v = (uint8_t)value;
    (void)size;
    bool dlab = u->lcr & LCR_DLAB;
    switch (offset) {
    case R_DATA:
        if (dlab)
            u->divisor = (uint16_t)((u->divisor & 0xff00) | v);
        else
            write_data(u, v);
        break;
    case R_IER:
        if (dlab)
            u->divisor = (uint16_t)((u->divisor & 0xff) | v << 8);
        else
            write_ier(u, v);
        break;
    case R_IIR:
        write_fcr(u, v);
        break;
    case R_LCR:
        u->lcr = v;
        break;
    case R_MCR:
        u->mcr = v & 0x1f;
        look_at_modem(u);
        break;
    case R_SCR:
        u->scr = v;
        break;
    }
    uart16550_take_input(u); /* there may be room, or an end of loopback */
    update(u);
}

const struct device_ops uart16550_ops = {uart_read, uart_write};

void uart16550_reset(struct uart16550 *u)
{
    u->first = u->level = 0;
    u->ier = u->fcr = u->lcr = u->mcr = u->scr = 0;
    u->divisor = 12;
    u->thre = false;
    u->msr = modem_inputs(u);
    restart_timeout(u);
    update(u);
}

struct uart16550 *uart16550_create(struct vm *vm, struct terminal *terminal, struct line irq,
                                   void (*sent)(void *to), void *to)
{
    struct uart16550 *u = calloc(1, sizeof *u);
    if (u == NULL)
        return NULL;
    *u = (struct uart16550){.vm = vm, .terminal = terminal, .irq = irq, .sent = sent, .to = to};
    u->timeout = (struct vtimer){.when = UINT64_MAX, .expired = expired, .device = u};
    vtimer_add(vm, &u->timeout);
    uart16550_reset(u);
    return u;
}

void uart16550_delete(struct uart16550 *u)
{
    free(u);
}
