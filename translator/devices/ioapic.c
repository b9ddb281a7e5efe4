/*
 * I/O APIC (Intel 82093AA, order number 290566-001).
 *
 * A pin sends its message when it rises, if it is edge-triggered; while it is high and no message is
 * outstanding (Remote IRR), if it is level-triggered. An edge at a masked pin is lost, as the data sheet
 * says. Lines here say "asserted", so the polarity bit is stored only.
 */
#include <translator/devices/common.h>
#include <translator/devices/ioapic.h>

#include <stdlib.h>

/* clang-format off */
enum { SELECT = 0x00, WINDOW = 0x10, END = 0x40 };        /* 3.1 */
enum { R_ID = 0, R_VERSION = 1, R_ARBITRATION = 2, R_TABLE = 0x10 };
enum { E_VECTOR = 0xff, E_LOGICAL = 0x800, E_REMOTE_IRR = 0x4000, E_LEVEL = 0x8000, E_MASKED = 0x10000 };
/* clang-format on */
#define ENTRY_BITS 0x1afffu /* of the low word that can be written: all but the two status bits */

struct ioapic {
    struct vm *vm;
    struct lapic *lapic;
    uint8_t select;
    uint32_t id;
    uint32_t lines; /* a bit each */
    uint32_t low[IOAPIC_PINS], high[IOAPIC_PINS];
};

static void send(struct ioapic *i, unsigned pin)
{
    uint32_t e = i->low[pin];
    unsigned mode = e >> 8 & 7;
    bool level = (e & E_LEVEL) && (mode == LAPIC_FIXED || mode == LAPIC_LOWEST);
    bool taken = lapic_message(i->lapic, e & E_LOGICAL, (uint8_t)(i->high[pin] >> 24),
                               (enum lapic_mode)mode, e & E_VECTOR, level);
    if (level && taken)
        i->low[pin] |= E_REMOTE_IRR;
}

/* A level that is there and not outstanding. */
static void look(struct ioapic *i, unsigned pin)
{
    uint32_t e = i->low[pin];
    if ((i->lines >> pin & 1) && (e & E_LEVEL) && !(e & (E_MASKED | E_REMOTE_IRR)))
        send(i, pin);
}

static void set_line(void *to, unsigned pin, bool level)
{
    struct ioapic *i = to;
    bool was = i->lines >> pin & 1;
    i->lines = (i->lines & ~(1u << pin)) | (uint32_t)level << pin;
    if (i->low[pin] & E_LEVEL)
        look(i, pin);
    else if (level && !was && !(i->low[pin] & E_MASKED))
        send(i, pin);
}

struct line ioapic_line(struct ioapic *i, unsigned pin)
{
    return (struct line){pin < IOAPIC_PINS ? set_line : NULL, i, pin};
}

void ioapic_end(struct ioapic *i, unsigned vector)
{
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
        if ((i->low[pin] & (E_LEVEL | E_REMOTE_IRR)) == (E_LEVEL | E_REMOTE_IRR) &&
            (i->low[pin] & E_VECTOR) == vector) {
            i->low[pin] &= ~(uint32_t)E_REMOTE_IRR;
            look(i, pin);
        }
}

static uint32_t read_window(const struct ioapic *i)
{
    unsigned pin = (i->select - R_TABLE) / 2u;
    if (i->select >= R_TABLE && pin < IOAPIC_PINS)
        return i->select & 1 ? i->high[pin] : i->low[pin];
    if (i->select == R_ID || i->select == R_ARBITRATION)
        return i->id;
    return i->select == R_VERSION ? (IOAPIC_PINS - 1) << 16 | 0x20 : 0;
}

static void write_window(struct ioapic *i, uint32_t v)
{
    unsigned pin = (i->select - R_TABLE) / 2u;
    if (i->select == R_ID)
        i->id = v & 0x0f000000;
    if (i->select < R_TABLE || pin >= IOAPIC_PINS)
        return;
    if (i->select & 1) {
        i->high[pin] = v & 0xff000000;
        return;
    }
    uint32_t keep = v & E_LEVEL ? i->low[pin] & E_REMOTE_IRR : 0; /* turning to edge clears it */
    i->low[pin] = (v & ENTRY_BITS) | keep;
    look(i, pin);
}

static uint64_t ioapic_read(void *device, uint32_t offset, unsigned size)
{
    const struct ioapic *i = device;
    (void)size;
    return offset == SELECT ? i->select : offset == WINDOW ? read_window(i) : 0;
}

static void ioapic_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct ioapic *i = device;
    (void)size;
    if (offset == SELECT)
        i->select = (uint8_t)value;
    else if (offset == WINDOW)
        write_window(i, (uint32_t)value);
    else if (offset == END)
        ioapic_end(i, value & 0xff);
}

const struct device_ops ioapic_ops = {ioapic_read, ioapic_write};

void ioapic_reset(struct ioapic *i)
{
    i->select = 0;
    i->id = 0;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        i->low[pin] = E_MASKED;
        i->high[pin] = 0;
    }
}

struct ioapic *ioapic_create(struct vm *vm, struct lapic *lapic)
{
    struct ioapic *i = calloc(1, sizeof *i);
    if (i == NULL)
        return NULL;
    i->vm = vm;
    i->lapic = lapic;
    ioapic_reset(i);
    return i;
}

void ioapic_delete(struct ioapic *i)
{
    free(i);
}
