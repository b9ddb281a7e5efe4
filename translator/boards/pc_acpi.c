/*
 * ACPI tables (ACPI 1.0b): RSDP, RSDT, FADT, FACS, MADT, DSDT.
 *
 * They say what a kernel cannot find by itself: the APICs and which ISA interrupts are where, the
 * power-management ports, that type 0 is soft off, and which interrupt a PCI slot's pins have. The DSDT
 * is made by pc_aml.c. Tables are laid out one behind the other and know their offsets; the loader script
 * for firmware is made from the finished tables, so the two cannot disagree.
 */
#include <translator/boards/pc.h>
#include <translator/boards/pc_acpi.h>
#include <translator/boards/pc_aml.h>

#include <string.h>

#include <translator/devices/common.h>

#define HEADER        36u
#define FACS          64u
#define FADT          116u
#define RSDT_POINTERS 2u

static uint8_t sum(const uint8_t *p, size_t n)
{
    uint8_t s = 0;
    while (n-- > 0)
        s = (uint8_t)(s + *p++);
    return s;
}

/* Header and checksum of the table of `bytes` at p (5.2.3). */
static void finish(uint8_t *p, const char *signature, size_t bytes, uint8_t revision)
{
    memcpy(p, signature, 4);
    store32(p + 4, (uint32_t)bytes);
    p[8] = revision;
    p[9] = 0;
    memcpy(p + 10, "TETRA TETRAPLA", 14);
    store32(p + 24, 1);
    memcpy(p + 28, "TTRP", 4);
    store32(p + 32, 1);
    p[9] = (uint8_t)-sum(p, bytes);
}

/* 5.2.5. Ports of power management; the 8259s are there too. */
static size_t fadt(uint8_t *p, uint32_t facs, uint32_t dsdt)
{
    memset(p, 0, FADT);
    store32(p + 36, facs);
    store32(p + 40, dsdt);
    store16(p + 46, PC_IRQ_SCI);
    store32(p + 48, 0xb2); /* SMI_CMD; ACPI_ENABLE and ACPI_DISABLE follow */
    p[52] = 0xf1;
    p[53] = 0xf0;
    store32(p + 56, PC_PM_PORTS);
    store32(p + 64, PC_PM_PORTS + 4);
    store32(p + 76, PC_PM_PORTS + 8);
    p[88] = 4; /* lengths of event, control and timer blocks */
    p[89] = 2;
    p[91] = 4;
    store16(p + 96, 0xfff); /* no C2, no C3 */
    store16(p + 98, 0xfff);
    p[108] = 0x32;             /* century in the RTC */
    store32(p + 112, 0x00a5u); /* WBINVD, C1, no sleep button, RTC wake status not fixed */
    finish(p, "FACP", FADT, 1);
    return FADT;
}

static void facs(uint8_t *p)
{
    memset(p, 0, FACS);
    memcpy(p, "FACS", 4);
    store32(p + 4, FACS);
}

/* 5.2.8. ISA interrupts that are not on the pin of their number, edge-triggered and active high. */
static size_t madt(uint8_t *p)
{
    static const struct {
        uint8_t irq, pin;
        uint16_t flags;
    } overrides[] = {{0, 2, 0}, {PC_IRQ_SCI, PC_IRQ_SCI, 0xd}, {10, 10, 0xd}, {11, 11, 0xd}};
    uint8_t *at = p + HEADER;
    memset(p, 0, 128);
    store32(at, PC_LAPIC);
    store32(at + 4, 1); /* PC-AT compatible: two 8259s */
    at += 8;
    memcpy(at, "\0\10\0\0\1\0\0\0", 8); /* processor 0, APIC ID 0, enabled */
    at += 8;
    at[0] = 1;
    at[1] = 12;
    store32(at + 4, PC_IOAPIC);
    at += 12;
    for (unsigned i = 0; i < sizeof overrides / sizeof overrides[0]; i++, at += 10) {
        at[0] = 2;
        at[1] = 10;
        at[3] = overrides[i].irq;
        at[4] = overrides[i].pin;
        store16(at + 8, overrides[i].flags);
    }
    memcpy(at, "\4\6\377\0\0\1", 6); /* NMI: LINT1 of all processors */
    at += 6;
    finish(p, "APIC", (size_t)(at - p), 1);
    return (size_t)(at - p);
}

static size_t aligned(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

size_t pc_acpi_tables(uint8_t to[PC_ACPI_ROOM], uint32_t base, uint64_t memory, uint32_t *rsdt)
{
    size_t at = FACS, dsdt = FACS, fadt_at, madt_at;
    memset(to, 0, PC_ACPI_ROOM);
    facs(to); /* must be aligned to 64 bytes: it is the first */
    at += HEADER + pc_aml(to + at + HEADER, PC_ACPI_ROOM / 2, memory);
    finish(to + dsdt, "DSDT", at - dsdt, 1);
    fadt_at = aligned(at);
    at = fadt_at + fadt(to + fadt_at, base, base + (uint32_t)dsdt);
    madt_at = aligned(at);
    at = madt_at + madt(to + madt_at);
    *rsdt = (uint32_t)aligned(at);
    store32(to + *rsdt + HEADER, base + (uint32_t)fadt_at);
    store32(to + *rsdt + HEADER + 4, base + (uint32_t)madt_at);
    finish(to + *rsdt, "RSDT", HEADER + 4 * RSDT_POINTERS, 1);
    return *rsdt + HEADER + 4 * RSDT_POINTERS;
}

void pc_acpi_rsdp(uint8_t to[PC_RSDP_BYTES], uint32_t rsdt)
{
    memset(to, 0, PC_RSDP_BYTES);
    memcpy(to, "RSD PTR ", 8);
    memcpy(to + 9, "TETRA ", 6);
    store32(to + 16, rsdt);
    to[8] = (uint8_t)-sum(to, PC_RSDP_BYTES);
}

/* ---- the loader's script ------------------------------------------------------------------------------ */

#define COMMAND_BYTES 128u
#define NAME_BYTES    56u
#define TABLES        "etc/acpi/tables"
#define RSDP          "etc/acpi/rsdp"

/* clang-format off */
enum { ALLOCATE = 1, ADD_POINTER = 2, ADD_CHECKSUM = 3 };
enum { ZONE_HIGH = 1, ZONE_FSEG = 2 };
/* clang-format on */

struct script {
    uint8_t *at;
};

static uint8_t *command(struct script *s, uint32_t kind, const char *file)
{
    uint8_t *p = s->at;
    memset(p, 0, COMMAND_BYTES);
    store32(p, kind);
    strcpy((char *)p + 4, file);
    s->at += COMMAND_BYTES;
    return p + 4 + NAME_BYTES;
}

static void allocate(struct script *s, const char *file, uint32_t align, uint8_t zone)
{
    uint8_t *p = command(s, ALLOCATE, file);
    store32(p, align);
    p[4] = zone;
}

/* The four bytes at `offset` of file are an offset into the tables: add where those are. */
static void pointer(struct script *s, const char *file, uint32_t offset)
{
    uint8_t *p = command(s, ADD_POINTER, file);
    strcpy((char *)p, TABLES);
    store32(p + NAME_BYTES, offset);
    p[NAME_BYTES + 4] = 4;
}

static void checksum(struct script *s, const char *file, uint32_t at, uint32_t from, uint32_t bytes)
{
    uint8_t *p = command(s, ADD_CHECKSUM, file);
    store32(p, at);
    store32(p + 4, from);
    store32(p + 8, bytes);
}

size_t pc_acpi_loader(uint8_t to[PC_LOADER_ROOM], const uint8_t *tables, size_t bytes,
                      uint32_t rsdt)
{
    struct script s = {to};
    uint32_t fadt_at = load32(tables + rsdt + HEADER);
    (void)bytes;
    allocate(&s, RSDP, 16, ZONE_FSEG);
    allocate(&s, TABLES, 64, ZONE_HIGH);
    pointer(&s, TABLES, fadt_at + 36);
    pointer(&s, TABLES, fadt_at + 40);
    checksum(&s, TABLES, fadt_at + 9, fadt_at, FADT);
    for (uint32_t i = 0; i < RSDT_POINTERS; i++)
        pointer(&s, TABLES, rsdt + HEADER + 4 * i);
    checksum(&s, TABLES, rsdt + 9, rsdt, HEADER + 4 * RSDT_POINTERS);
    pointer(&s, RSDP, 16);
    checksum(&s, RSDP, 8, 0, PC_RSDP_BYTES);
    return (size_t)(s.at - to);
}
