/*
 * The DSDT: what AML (ACPI 1.0b, chapter 16) has to say of this machine.
 *
 *     \_S5             type 0: soft off
 *     \_SB.PCI0        the host bridge: its buses, ports and memory; interrupts of slots 1 to 15
 *     \_SB.PCI0.ISA    keyboard controller, clock, serial port: so that kernels find them by name
 *
 * Packages' lengths are always written in two bytes and patched when the package ends; that holds
 * for up to 4,095 bytes, which the caller's room keeps to.
 */
#include <translator/boards/pc_aml.h>

#include <string.h>

#include <translator/boards/pc.h>
#include <translator/devices/common.h>

/* clang-format off */
enum { /* 16.2.3 and following */
    OP_ZERO = 0x00, OP_ONE = 0x01, OP_NAME = 0x08, OP_BYTE = 0x0a, OP_WORD = 0x0b, OP_DWORD = 0x0c, OP_SCOPE = 0x10,
    OP_BUFFER = 0x11, OP_PACKAGE = 0x12, OP_EXTENDED = 0x5b, OP_DEVICE = 0x82,
};
enum { RES_IRQ = 0x22, RES_IO = 0x47, RES_END = 0x79, RES_DWORD = 0x87, RES_WORD = 0x88 }; /* 6.4 */
enum { RANGE_MEMORY = 0, RANGE_IO = 1, RANGE_BUS = 2, FIXED = 0x0c };
/* clang-format on */

#define DEPTH 8u

struct aml {
    uint8_t *start, *at;
    size_t room;
    uint8_t *open[DEPTH]; /* length bytes of packages that have not ended */
    unsigned depth;
};

static void byte(struct aml *a, unsigned v)
{
    if ((size_t)(a->at - a->start) < a->room)
        *a->at++ = (uint8_t)v;
}

static void bytes(struct aml *a, const void *from, size_t count)
{
    for (const uint8_t *p = from; count-- > 0;)
        byte(a, *p++);
}

static void begin(struct aml *a)
{
    a->open[a->depth++] = a->at;
    byte(a, 0);
    byte(a, 0);
}

/* PkgLength in two bytes: bits 7:6 = 1, bits 3:0 the low four, then the next eight (16.2.4). */
static void end(struct aml *a)
{
    uint8_t *p = a->open[--a->depth];
    size_t n = (size_t)(a->at - p);
    p[0] = (uint8_t)(0x40 | (n & 15));
    p[1] = (uint8_t)(n >> 4);
}

static void number(struct aml *a, uint32_t v)
{
    uint8_t b[4];
    store32(b, v);
    if (v <= 1) {
        byte(a, v);
    } else {
        unsigned n = v < 0x100 ? 1 : v < 0x10000 ? 2 : 4;
        byte(a, n == 1 ? OP_BYTE : n == 2 ? OP_WORD : OP_DWORD);
        bytes(a, b, n);
    }
}

static void name(struct aml *a, const char *four)
{
    byte(a, OP_NAME);
    bytes(a, four, 4);
}

static void scope(struct aml *a, const char *path)
{
    byte(a, OP_SCOPE);
    begin(a);
    bytes(a, path, strlen(path));
}

static void device(struct aml *a, const char *four)
{
    byte(a, OP_EXTENDED);
    byte(a, OP_DEVICE);
    begin(a);
    bytes(a, four, 4);
}

static unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* A compressed EISA identity: three letters of five bits, four digits (6.1.4). */
static void hid(struct aml *a, const char *text)
{
    unsigned letters = (text[0] - 64u) << 10 | (text[1] - 64u) << 5 | (text[2] - 64u);
    name(a, "_HID");
    byte(a, OP_DWORD);
    byte(a, letters >> 8);
    byte(a, letters);
    byte(a, hex_digit(text[3]) << 4 | hex_digit(text[4]));
    byte(a, hex_digit(text[5]) << 4 | hex_digit(text[6]));
}

/* ---- resources: a buffer whose size is written in a byte or two, patched at its end -------------------- */

static uint8_t *resources(struct aml *a)
{
    name(a, "_CRS");
    byte(a, OP_BUFFER);
    begin(a);
    byte(a, OP_WORD);
    byte(a, 0);
    byte(a, 0);
    return a->at;
}

static void end_resources(struct aml *a, uint8_t *from)
{
    byte(a, RES_END);
    byte(a, 0);
    store16(from - 2, (uint16_t)(a->at - from));
    end(a);
}

static void res_io(struct aml *a, unsigned first, unsigned count)
{
    const uint8_t b[8] = {RES_IO,
                          1,
                          (uint8_t)first,
                          (uint8_t)(first >> 8),
                          (uint8_t)first,
                          (uint8_t)(first >> 8),
                          1,
                          (uint8_t)count};
    bytes(a, b, sizeof b);
}

static void res_irq(struct aml *a, unsigned irq)
{
    byte(a, RES_IRQ);
    byte(a, 1u << irq);
    byte(a, 1u << irq >> 8);
}

/* A range the bridge passes on: word or dword form (6.4.3.5). flags: of the range's type. */
static void res_range(struct aml *a, bool wide, unsigned type, unsigned flags, uint32_t first,
                      uint32_t last)
{
    unsigned n = wide ? 4 : 2;
    const uint32_t field[5] = {0, first, last, 0, last - first + 1};
    byte(a, wide ? RES_DWORD : RES_WORD);
    byte(a, 3 + 5 * n);
    byte(a, 0);
    byte(a, type);
    byte(a, FIXED);
    byte(a, flags);
    for (unsigned i = 0; i < 5; i++) {
        uint8_t b[4];
        store32(b, field[i]);
        bytes(a, b, n);
    }
}

/* ---- the machine ------------------------------------------------------------------------------------------- */

static void soft_off(struct aml *a)
{
    name(a, "_S5_");
    byte(a, OP_PACKAGE);
    begin(a);
    byte(a, 4);
    for (unsigned i = 0; i < 4; i++)
        byte(a, OP_ZERO);
    end(a);
}

/* Pins A–D of a slot are PIRQ (slot + pin - 1) mod 4 (piix.c); PIRQs A and B are interrupt 10, C and D
 * are 11, as firmware routes them. */
static void slots(struct aml *a)
{
    static const uint8_t pirq[4] = {10, 10, 11, 11};
    name(a, "_PRT");
    byte(a, OP_PACKAGE);
    begin(a);
    byte(a, 15 * 4);
    for (unsigned i = 0; i < 15 * 4; i++) {
        unsigned slot = i / 4 + 1, pin = i % 4;
        byte(a, OP_PACKAGE);
        begin(a);
        byte(a, 4);
        number(a, slot << 16 | 0xffff);
        number(a, pin);
        byte(a, OP_ZERO);
        number(a, pirq[(slot + pin + 3) & 3]);
        end(a);
    }
    end(a);
}

static void isa_device(struct aml *a, const char *four, const char *id, unsigned port,
                       unsigned count, unsigned second, unsigned irq)
{
    device(a, four);
    hid(a, id);
    uint8_t *r = resources(a);
    res_io(a, port, count);
    if (second != 0)
        res_io(a, second, 1);
    res_irq(a, irq);
    end_resources(a, r);
    end(a);
}

static void bridge(struct aml *a, uint64_t memory)
{
    uint32_t hole = memory > PC_RAM_MAX ? PC_RAM_MAX : (uint32_t)memory;
    hole = hole < 0x80000000u ? 0x80000000u : hole;
    device(a, "PCI0");
    hid(a, "PNP0A03");
    name(a, "_ADR");
    byte(a, OP_ZERO);
    name(a, "_UID");
    byte(a, OP_ONE);
    uint8_t *r = resources(a);
    res_range(a, false, RANGE_BUS, 0, 0, 0xff);
    res_io(a, 0xcf8, 8);
    res_range(a, false, RANGE_IO, 3, 0, 0xcf7);
    res_range(a, false, RANGE_IO, 3, 0xd00, 0xffff);
    res_range(a, true, RANGE_MEMORY, 3, PC_VGA, 0xbffff); /* cacheable, read-write */
    res_range(a, true, RANGE_MEMORY, 1, hole, PC_IOAPIC - 1);
    end_resources(a, r);
    slots(a);
    device(a, "ISA_");
    name(a, "_ADR");
    number(a, 1 << 16);
    isa_device(a, "KBD_", "PNP0303", 0x60, 1, 0x64, PC_IRQ_KEYBOARD);
    isa_device(a, "RTC_", "PNP0B00", 0x70, 2, 0, PC_IRQ_RTC);
    isa_device(a, "COM1", "PNP0501", 0x3f8, 8, 0, PC_IRQ_SERIAL);
    end(a);
    end(a);
}

size_t pc_aml(uint8_t *to, size_t room, uint64_t memory)
{
    struct aml a = {.start = to, .at = to, .room = room < 4096 ? room : 4096};
    soft_off(&a);
    scope(&a, "\\_SB_");
    bridge(&a, memory);
    end(&a);
    size_t n = (size_t)(a.at - to);
    return n < a.room ? n : 0;
}
