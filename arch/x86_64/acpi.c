/*
 * The few facts needed from ACPI (specification 6.5, 5.2): the interrupt controllers and CPUs from
 * the MADT, and the PM timer's port from the FADT. Every table is checked for length and checksum
 * before it is believed.
 */
#include "machine.h"
#include "port.h"

struct acpi acpi;

struct header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

struct rsdp { /* 5.2.5.3 */
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
} __attribute__((packed));

struct madt { /* 5.2.12 */
    struct header header;
    uint32_t local_apic, flags;
    uint8_t entries[];
} __attribute__((packed));

enum madt_entry {
    MADT_CPU = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LAPIC_ADDRESS = 5,
    MADT_X2APIC = 9
};

#define FADT_PM_TIMER 76 /* 5.2.9: PM_TMR_BLK */

static bool checksum_ok(const void *p, uint32_t n)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)p)[i]);
    return sum == 0;
}

static uint64_t read_bytes(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

static const struct header *table_at(uint64_t physical)
{
    const struct header *h = firmware_pointer(physical, sizeof *h);
    if (!h || h->length < sizeof *h || h->length > (1u << 20))
        return NULL;
    h = firmware_pointer(physical, h->length);
    return h && checksum_ok(h, h->length) ? h : NULL;
}

/* MPS INTI flags (5.2.12.5): polarity in bits 0–1, trigger in 2–3; 3 = active low, level. */
static void parse_override(const uint8_t *e)
{
    uint8_t source = e[3];
    uint16_t flags = (uint16_t)read_bytes(e + 8, 2);
    if (source >= 16)
        return;
    acpi.isa[source].line = (uint32_t)read_bytes(e + 4, 4);
    acpi.isa[source].flags =
        (uint8_t)(((flags & 3) == 3 ? IRQ_LOW : 0) | ((flags >> 2 & 3) == 3 ? IRQ_LEVEL : 0));
}

static void parse_madt_entry(const uint8_t *e)
{
    static const uint8_t least[] = {[MADT_CPU] = 8,
                                    [MADT_IOAPIC] = 12,
                                    [MADT_OVERRIDE] = 10,
                                    [MADT_LAPIC_ADDRESS] = 12,
                                    [MADT_X2APIC] = 16};
    if (e[0] >= sizeof least || e[1] < least[e[0]] || least[e[0]] == 0)
        return;
    switch (e[0]) {
    case MADT_CPU:
        acpi.cpus += e[4] & 1;
        break;
    case MADT_X2APIC:
        acpi.cpus += e[8] & 1;
        break;
    case MADT_IOAPIC:
        if (acpi.ioapics < ACPI_IOAPICS)
            acpi.ioapic[acpi.ioapics++] = (struct acpi_ioapic){
                .address = read_bytes(e + 4, 4), .first_line = (uint32_t)read_bytes(e + 8, 4)};
        break;
    case MADT_OVERRIDE:
        parse_override(e);
        break;
    case MADT_LAPIC_ADDRESS:
        acpi.local_apic = read_bytes(e + 4, 8);
        break;
    }
}

static void parse_table(const struct header *h)
{
    const uint8_t *bytes = (const uint8_t *)h;
    if (memcmp(h->signature, "FACP", 4) == 0 && h->length >= FADT_PM_TIMER + 4)
        acpi.pm_timer = (uint16_t)read_bytes(bytes + FADT_PM_TIMER, 4);
    if (memcmp(h->signature, "APIC", 4) != 0 || h->length < sizeof(struct madt))
        return;
    acpi.local_apic = ((const struct madt *)h)->local_apic;
    for (uint32_t i = sizeof(struct madt); i + 2 <= h->length && bytes[i + 1] >= 2;
         i += bytes[i + 1])
        if (i + bytes[i + 1] <= h->length)
            parse_madt_entry(bytes + i);
}

bool acpi_init(const uint8_t *root)
{
    for (unsigned i = 0; i < 16; i++)
        acpi.isa[i].line = i;
    const struct rsdp *r = (const void *)root;
    if (!r || memcmp(r->signature, "RSD PTR ", 8) != 0)
        return false;
    bool extended = r->revision >= 2 && r->xsdt;
    unsigned size = extended ? 8 : 4;
    const struct header *list = table_at(extended ? r->xsdt : r->rsdt);
    if (!list)
        return false;
    const uint8_t *entry = (const uint8_t *)(list + 1);
    uint32_t n = (list->length - (uint32_t)sizeof *list) / size;
    for (uint32_t i = 0; i < n; i++, entry += size) {
        const struct header *h = table_at(read_bytes(entry, size));
        if (h)
            parse_table(h);
    }
    return acpi.ioapics > 0 && acpi.local_apic;
}

unsigned port_cpus_present(void)
{
    return acpi.cpus ? acpi.cpus : 1;
}
