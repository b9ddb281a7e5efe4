/*
 * Z8530 SCC as Sun wires it (Zilog SCC user's manual UM0109, chapters 4 and 5).
 *
 *     0 B control   2 B data   4 A control   6 A data        bytes; odd addresses are not decoded
 *
 * A channel's control port is a pointer: WR0 names the register that the next access goes to. Sending
 * takes no time: what is written is at the terminal before the write is over, so the buffer is
 * always empty and its interrupt is raised again after each byte until the guest resets it. Receiving
 * has the real FIFO of 3; input stays at the terminal until there is room, so nothing is lost.
 *
 * Not modelled: synchronous modes, DMA requests, baud rates (any rate is right), breaks and modem
 * lines (CTS and DCD read as asserted, so no external interrupt ever comes). Local loopback works.
 */
#include <translator/devices/common.h>
#include <translator/devices/z8530.h>

#include <stdlib.h>
#include <string.h>

#define FIFO      3u
#define REGISTERS 16u
#define RR15_BITS 0xfau /* the others are 0, which tells this part from its successors */

/* clang-format off */
enum { /* WR0: commands, bits 5-3 */
    CMD_NONE, CMD_HIGH, CMD_RESET_EXT, CMD_ABORT, CMD_NEXT_RX, CMD_RESET_TX, CMD_RESET_ERROR, CMD_RESET_IUS,
};
enum { WR1_TX = 0x02, WR1_RX = 0x18, WR1_RX_FIRST = 0x08 };
enum { WR3_RX_ON = 0x01, WR5_TX_ON = 0x08, WR14_LOOP = 0x10 };
enum { WR9_VIS = 0x01, WR9_NV = 0x02, WR9_MIE = 0x08, WR9_HIGH = 0x10, WR9_RESET = 0xc0, WR9_RESET_B = 0x40,
       WR9_RESET_A = 0x80 };
enum { RR0_RX = 0x01, RR0_TX_EMPTY = 0x04, RR0_DCD = 0x08, RR0_SYNC = 0x10, RR0_CTS = 0x20, RR0_UNDERRUN = 0x40 };
enum { RR1_ALL_SENT = 0x01, RR1_RESIDUE = 0x06 };
enum { RR3_TX = 0x02, RR3_RX = 0x04, RR3_A = 3 /* shift of channel A's bits */ };
/* clang-format on */

struct channel {
    struct terminal *terminal;
    uint8_t wr[REGISTERS];
    uint8_t pointer;
    uint8_t fifo[FIFO];
    unsigned level;
    bool tx_pending, rx_first; /* rx_first: the next byte is the first one */
};

struct z8530 {
    struct vm *vm;
    struct line line;
    struct channel channel[2]; /* B, A */
    uint8_t vector, master;    /* WR2 and WR9, which the channels share */
};

static bool rx_pending(const struct channel *c)
{
    switch (c->wr[1] & WR1_RX) {
    case 0:
        return false;
    case WR1_RX_FIRST:
        return c->level != 0 && c->rx_first;
    default: /* all characters; special conditions do not occur, so both are the same */
        return c->level != 0;
    }
}

/* A channel's bits of RR3 (5.2.4). */
static uint8_t channel_pending(const struct channel *c)
{
    return (uint8_t)((c->tx_pending && c->wr[1] & WR1_TX ? RR3_TX : 0) |
                     (rx_pending(c) ? RR3_RX : 0));
}

static uint8_t pending(const struct z8530 *z)
{
    return (uint8_t)(channel_pending(&z->channel[0]) | channel_pending(&z->channel[1]) << RR3_A);
}

static void update(struct z8530 *z)
{
    line_set(&z->line, z->master & WR9_MIE && pending(z) != 0);
}

/* The vector with the highest pending interrupt in it (5.2.3): 3 bits, 011 for none. */
static uint8_t status_vector(const struct z8530 *z)
{
    uint8_t p = pending(z);
    unsigned code = p >> RR3_A & RR3_RX   ? 6
                    : p >> RR3_A & RR3_TX ? 4
                    : p & RR3_RX          ? 2
                    : p & RR3_TX          ? 0
                                          : 3;
    if (z->master & WR9_HIGH) /* bits 4-6, turned round */
        return (uint8_t)((z->vector & 0x8f) | (code & 1) << 6 | (code & 2) << 4 | (code & 4) << 2);
    return (uint8_t)((z->vector & 0xf1) | code << 1);
}

static void take(struct channel *c)
{
    if (c->terminal == NULL || c->terminal->read == NULL || !(c->wr[3] & WR3_RX_ON) ||
        c->wr[14] & WR14_LOOP || c->level >= FIFO)
        return;
    c->level += (unsigned)c->terminal->read(c->terminal, c->fifo + c->level, FIFO - c->level);
}

void z8530_take_input(struct z8530 *z)
{
    take(&z->channel[0]);
    take(&z->channel[1]);
    update(z);
}

static uint8_t read_data(struct z8530 *z, struct channel *c)
{
    uint8_t byte = c->fifo[0];
    if (c->level == 0)
        return 0;
    memmove(c->fifo, c->fifo + 1, FIFO - 1);
    c->level--;
    c->rx_first = false;
    take(c);
    update(z);
    return byte;
}

static void write_data(struct z8530 *z, struct channel *c, uint8_t byte)
{
    if (c->wr[14] & WR14_LOOP) {
        if (c->level < FIFO)
            c->fifo[c->level++] = byte;
    } else if (c->wr[5] & WR5_TX_ON && c->terminal != NULL) {
        c->terminal->write(c->terminal, &byte, 1);
    }
    c->tx_pending = true;
    update(z);
}

static uint8_t read_register(struct z8530 *z, struct channel *c)
{
    unsigned r = c->pointer;
    bool a = c == &z->channel[1];
    c->pointer = 0;
    switch (r) {
    case 0:
    case 4:
        return (uint8_t)(RR0_UNDERRUN | RR0_CTS | RR0_SYNC | RR0_DCD | RR0_TX_EMPTY |
                         (c->level != 0 ? RR0_RX : 0));
    case 1:
    case 5:
        return RR1_ALL_SENT | RR1_RESIDUE;
    case 2:
    case 6:
        return a ? z->vector : status_vector(z);
    case 3:
    case 7:
        return a ? pending(z) : 0;
    case 8:
        return read_data(z, c);
    case 12:
    case 13:
        return c->wr[r];
    case 14: /* an image of RR10 */
    case 10:
        return 0;
    case 9: /* images of RR13 and RR15 */
        return c->wr[13];
    default:
        return c->wr[15] & RR15_BITS;
    }
}

static void reset_channel(struct channel *c)
{
    struct terminal *terminal = c->terminal;
    *c = (struct channel){.terminal = terminal, .rx_first = true};
    c->wr[4] = 0x04; /* after a reset: one stop bit, */
    c->wr[5] = 0x00;
    c->wr[14] = 0x20; /*   DPLL off, */
    c->wr[15] = 0xf8; /*   all external interrupts */
}

static void write_command(struct channel *c, uint8_t v)
{
    c->pointer = v & 7;
    switch (v >> 3 & 7) {
    case CMD_HIGH:
        c->pointer |= 8;
        break;
    case CMD_NEXT_RX:
        c->rx_first = true;
        break;
    case CMD_RESET_TX:
        c->tx_pending = false;
        break;
    case CMD_NONE: /* the others reset what does not occur here */
    default:
        break;
    }
}

static void write_master(struct z8530 *z, uint8_t v)
{
    z->master = v & 0x3f;
    if ((v & WR9_RESET) == WR9_RESET) {
        z->master &= WR9_HIGH;
        reset_channel(&z->channel[0]);
        reset_channel(&z->channel[1]);
    } else if (v & WR9_RESET) {
        reset_channel(&z->channel[(v & WR9_RESET) == WR9_RESET_A]);
    }
}

static void write_register(struct z8530 *z, struct channel *c, uint8_t v)
{
    unsigned r = c->pointer;
    c->pointer = 0;
    c->wr[r] = v;
    switch (r) {
    case 0:
        write_command(c, v);
        break;
    case 2:
        z->vector = v;
        break;
    case 8:
        write_data(z, c, v);
        break;
    case 9:
        write_master(z, v);
        break;
    default:
        break;
    }
    take(c);
    update(z);
}

/* The port of an access; byte accesses at even addresses only. */
static struct channel *channel_of(struct z8530 *z, uint32_t offset, unsigned size, bool write)
{
    if (size != 1 || offset >= Z8530_BYTES || offset & 1) {
        device_unassigned(z->vm, "z8530", write, offset, size);
        return NULL;
    }
    return &z->channel[offset >> 2];
}

static uint64_t z8530_read(void *device, uint32_t offset, unsigned size)
{
    struct z8530 *z = device;
    struct channel *c = channel_of(z, offset, size, false);
    if (c == NULL)
        return 0;
    return offset & 2 ? read_data(z, c) : read_register(z, c);
}

static void z8530_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct z8530 *z = device;
    struct channel *c = channel_of(z, offset, size, true);
    if (c == NULL)
        return;
    if (offset & 2)
        write_data(z, c, (uint8_t)value);
    else
        write_register(z, c, (uint8_t)value);
}

const struct device_ops z8530_ops = {z8530_read, z8530_write};

void z8530_reset(struct z8530 *z)
{
    z->vector = 0;
    write_master(z, WR9_RESET);
    update(z);
}

struct z8530 *z8530_create(struct vm *vm, struct terminal *a, struct terminal *b, struct line line)
{
    struct z8530 *z = calloc(1, sizeof *z);
    if (z == NULL)
        return NULL;
    z->vm = vm;
    z->line = line;
    z->channel[0].terminal = b;
    z->channel[1].terminal = a;
    z8530_reset(z);
    return z;
}

void z8530_delete(struct z8530 *z)
{
    free(z);
}
