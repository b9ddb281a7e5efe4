/*
 * PL011 UART (DDI 0183G chapters 2 and 3).
 *
 * Sending takes no time: what is written to the data register is at the terminal before the write is
 * over, so the transmit FIFO is always empty and its interrupt is raised again after each byte, as
 * hardware raises it when the level falls through the trigger. Receiving has the real FIFO of 16:
 * input stays at the terminal until there is room, so nothing is ever lost and no overrun occurs.
 * The receive interrupt is raised when the level reaches the trigger, the timeout interrupt when
 * there is data and none came or was read for 32 bit times.
 *
 * Not modelled: modem lines (CTS, DSR and DCD read as asserted), SIR, DMA, and the enable bits of
 * UARTCR for sending and receiving: programs that run without firmware print before they set
 * them, on other emulators and on boards whose firmware has set them. Loopback works.
 */
#include <translator/devices/common.h>
#include <translator/devices/pl011.h>

#include <stdlib.h>

#define FIFO 16u

/* clang-format off */
enum pl011_register { /* 3.2 */
    R_DR = 0x00, R_RSR = 0x04, R_FR = 0x18, R_ILPR = 0x20, R_IBRD = 0x24, R_FBRD = 0x28,
    R_LCR = 0x2c, R_CR = 0x30, R_IFLS = 0x34, R_IMSC = 0x38, R_RIS = 0x3c, R_MIS = 0x40,
    R_ICR = 0x44, R_DMACR = 0x48,
};
enum { /* 3.3.3 UARTFR */
    FR_CTS = 0x001, FR_DSR = 0x002, FR_DCD = 0x004, FR_RXFE = 0x010, FR_RXFF = 0x040,
    FR_TXFE = 0x080,
};
enum { LCR_FEN = 0x10, CR_LBE = 0x80, CR_RESET = 0x300 /* TXE, RXE */ };
enum { INT_RX = 0x10, INT_TX = 0x20, INT_RT = 0x40, INT_ALL = 0x7ff };
/* clang-format on */

static const uint8_t identity[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1}; /* 3.3.15 */
/* UARTIFLS.RXIFLSEL: bytes at which the receive interrupt is raised (3.3.9). */
static const uint8_t triggers[8] = {2, 4, 8, 12, 14, 14, 14, 14};

struct pl011 {
    struct vm *vm;
    struct terminal *terminal;
    struct line line;
    uint32_t clock;
    uint8_t fifo[FIFO];
    unsigned first, level;
    uint32_t ilpr, ibrd, fbrd, lcr, cr, ifls, imsc, ris, dmacr;
    struct vtimer timeout;
};

static unsigned depth(const struct pl011 *p)
{
    return p->lcr & LCR_FEN ? FIFO : 1;
}

static unsigned trigger(const struct pl011 *p)
{
    return p->lcr & LCR_FEN ? triggers[p->ifls >> 3 & 7] : 1;
}

static void update(struct pl011 *p)
{
    line_set(&p->line, (p->ris & p->imsc) != 0);
}

/* 32 bit times in ns: a bit is 16 * (IBRD + FBRD / 64) clocks (3.3.6). Within sensible bounds,
 * whatever the guest programmed. */
static uint64_t timeout_ns(const struct pl011 *p)
{
    uint64_t divisor = (uint64_t)p->ibrd * 64 + p->fbrd;
    uint64_t ns = divisor * 16 * 32 * (1000000000 / 64) / p->clock;
    return ns < 10000 ? 10000 : ns > 10000000 ? 10000000 : ns;
}

/* The timeout runs while there is data; every arrival and every read starts it anew (2.8). */
static void restart_timeout(struct pl011 *p)
{
    vtimer_arm(p->vm, &p->timeout, p->level != 0 ? vm_time(p->vm) + timeout_ns(p) : UINT64_MAX);
}

static void timed_out(void *device)
{
    struct pl011 *p = device;
    if (p->level != 0)
        p->ris |= INT_RT;
    update(p);
}

static void push(struct pl011 *p, uint8_t byte)
{
    if (p->level >= depth(p))
        return;
    p->fifo[(p->first + p->level++) % FIFO] = byte;
    if (p->level == trigger(p))
        p->ris |= INT_RX;
    restart_timeout(p);
}

void pl011_take_input(struct pl011 *p)
{
    uint8_t bytes[FIFO];
    unsigned room = depth(p) > p->level ? depth(p) - p->level : 0;
    if (p->terminal == NULL || p->terminal->read == NULL || (p->cr & CR_LBE) || room == 0)
        return;
    size_t got = p->terminal->read(p->terminal, bytes, room);
    for (size_t i = 0; i < got && i < room; i++)
        push(p, bytes[i]);
    update(p);
}

static uint32_t read_data(struct pl011 *p)
{
    if (p->level == 0)
        return 0;
    uint8_t byte = p->fifo[p->first];
    p->first = (p->first + 1) % FIFO;
    p->level--;
    if (p->level < trigger(p))
        p->ris &= ~(uint32_t)INT_RX;
    if (p->level == 0)
        p->ris &= ~(uint32_t)INT_RT;
    restart_timeout(p);
    if (p->level == 0)
        pl011_take_input(p);
    update(p);
    return byte;
}

static void write_data(struct pl011 *p, uint8_t byte)
{
    if (p->cr & CR_LBE)
        push(p, byte);
    else if (p->terminal != NULL)
        p->terminal->write(p->terminal, &byte, 1);
    p->ris |= INT_TX;
    update(p);
}

static uint32_t flags(const struct pl011 *p)
{
    return FR_CTS | FR_DSR | FR_DCD | FR_TXFE | (p->level == 0 ? FR_RXFE : 0) |
           (p->level >= depth(p) ? FR_RXFF : 0);
}

static uint64_t pl011_read(void *device, uint32_t offset, unsigned size)
{
    struct pl011 *p = device;
    if (size <= 4 && offset >= PRIMECELL_ID && offset < PL011_BYTES && !(offset & 3))
        return primecell_id(identity, offset);
    switch (size <= 4 ? offset : ~0u) {
    case R_DR:
        return read_data(p);
    case R_RSR: /* no reception errors */
        return 0;
    case R_FR:
        return flags(p);
    case R_ILPR:
        return p->ilpr;
    case R_IBRD:
        return p->ibrd;
    case R_FBRD:
        return p->fbrd;
    case R_LCR:
        return p->lcr;
    case R_CR:
        return p->cr;
    case R_IFLS:
        return p->ifls;
    case R_IMSC:
        return p->imsc;
    case R_RIS:
        return p->ris;
    case R_MIS:
        return p->ris & p->imsc;
    case R_ICR: /* write only */
        return 0;
    case R_DMACR:
        return p->dmacr;
    }
    device_unassigned(p->vm, "pl011", false, offset, size);
    return 0;
}

/* Turning the FIFOs off or on empties them: data is lost, as on hardware. */
static void write_lcr(struct pl011 *p, uint32_t value)
{
    if ((value ^ p->lcr) & LCR_FEN) {
        p->first = p->level = 0;
        p->ris &= ~(uint32_t)(INT_RX | INT_RT);
        restart_timeout(p);
    }
    p->lcr = value & 0xff;
}

static void pl011_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct pl011 *p = device;
    uint32_t v = (uint32_t)value;
    switch (size <= 4 ? offset : ~0u) {
    case R_DR:
        write_data(p, (uint8_t)v);
        return;
    case R_RSR: /* any write clears the errors there are not */
    case R_FR:
        return;
    case R_ILPR:
        p->ilpr = v & 0xff;
        return;
    case R_IBRD:
        p->ibrd = v & 0xffff;
        return;
    case R_FBRD:
        p->fbrd = v & 0x3f;
        return;
    case R_LCR:
        write_lcr(p, v);
        break;
    case R_CR:
        p->cr = v & 0xff87;
        break;
    case R_IFLS:
        p->ifls = v & 0x3f;
        return;
    case R_IMSC:
        p->imsc = v & INT_ALL;
        break;
    case R_ICR:
        p->ris &= ~(v & INT_ALL);
        if (v & INT_RT)
            restart_timeout(p);
        break;
    case R_DMACR:
        p->dmacr = v & 7;
        return;
    default:
        device_unassigned(p->vm, "pl011", true, offset, size);
        return;
    }
    pl011_take_input(p); /* there may be room, or an end of loopback */
    update(p);
}

const struct device_ops pl011_ops = {pl011_read, pl011_write};

void pl011_reset(struct pl011 *p)
{
    p->first = p->level = 0;
    p->ilpr = p->ibrd = p->fbrd = p->lcr = p->imsc = p->ris = p->dmacr = 0;
    p->cr = CR_RESET;
    p->ifls = 0x12; /* half full */
    restart_timeout(p);
    update(p);
}

struct pl011 *pl011_create(struct vm *vm, struct terminal *terminal, struct line line,
                           uint32_t clock)
{
    struct pl011 *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->vm = vm;
    p->terminal = terminal;
    p->line = line;
    p->clock = clock;
    p->timeout = (struct vtimer){.when = UINT64_MAX, .expired = timed_out, .device = p};
    vtimer_add(vm, &p->timeout);
    pl011_reset(p);
    return p;
}

void pl011_delete(struct pl011 *p)
{
    free(p);
}
