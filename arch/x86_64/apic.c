/*
 * Interrupt controllers: the local APIC (Intel SDM vol. 3, 10) by its registers or, where present,
 * as x2APIC by MSRs; and the I/O APICs (82093AA datasheet). The 8259s are masked for good.
 */
#include <cpu.h>
#include <io.h>

#include "machine.h"
#include "port.h"

enum lapic_register { /* byte offsets; as x2APIC: MSR 0x800 + offset / 16 */
                      LAPIC_ID = 0x20,
                      LAPIC_TPR = 0x80,
                      LAPIC_EOI = 0xb0,
                      LAPIC_SPURIOUS = 0xf0,
                      LAPIC_LVT_TIMER = 0x320,
                      LAPIC_LVT_LINT0 = 0x350,
                      LAPIC_LVT_LINT1 = 0x360,
                      LAPIC_LVT_ERROR = 0x370,
                      LAPIC_COUNT = 0x380,
                      LAPIC_NOW = 0x390,
                      LAPIC_DIVIDE = 0x3e0,
};
#define LVT_MASKED       (1u << 16)
#define LVT_TSC_DEADLINE (2u << 17)
#define LVT_NMI          (4u << 8)
#define SPURIOUS_ENABLE  (1u << 8)
#define APIC_BASE_ENABLE (1u << 11)
#define APIC_BASE_X2     (1u << 10)
#define DIVIDE_BY_16     3u

static volatile uint8_t *lapic;
static bool x2;
static uint32_t lapic_id;

static uint32_t lapic_read(unsigned r)
{
    return x2 ? (uint32_t)rdmsr(MSR_X2APIC + r / 16) : *(volatile uint32_t *)(lapic + r);
}

static void lapic_write(unsigned r, uint32_t v)
{
    if (x2) {
        counters.msr_writes++;
        wrmsr(MSR_X2APIC + r / 16, v);
    } else {
        *(volatile uint32_t *)(lapic + r) = v;
    }
}

void apic_eoi(void)
{
    lapic_write(LAPIC_EOI, 0);
}

void apic_timer_count(uint32_t count)
{
    lapic_write(LAPIC_COUNT, count);
}

uint32_t apic_timer_now(void)
{
    return lapic_read(LAPIC_NOW);
}

/* ---- I/O APICs ----------------------------------------------------------------------------------- */

#define IOAPIC_VERSION 1u
#define IOAPIC_TABLE   0x10u
#define ROUTE_MASKED   (1u << 16)
#define ROUTE_LEVEL    (1u << 15)
#define ROUTE_LOW      (1u << 13)

static struct ioapic {
    volatile uint32_t *regs; /* select at 0, window at 16 */
    uint32_t first, lines;
} ioapics[ACPI_IOAPICS];

#define LINES_MAX (VECTOR_IRQ_LAST - VECTOR_IRQ_FIRST + 1)
static uint32_t route_of[LINES_MAX]; /* by vector - VECTOR_IRQ_FIRST; low word of the entry */
static uint32_t line_of[LINES_MAX];
static bool vector_used[LINES_MAX];

static uint32_t ioapic_read(struct ioapic *a, uint32_t r)
{
    a->regs[0] = r;
    return a->regs[4];
}

static void ioapic_write(struct ioapic *a, uint32_t r, uint32_t v)
{
    a->regs[0] = r;
    a->regs[4] = v;
}

static struct ioapic *ioapic_for(uint32_t line)
{
    for (unsigned i = 0; i < acpi.ioapics; i++)
        if (line >= ioapics[i].first && line - ioapics[i].first < ioapics[i].lines)
            return &ioapics[i];
    return NULL;
}

static void set_route(uint32_t line, uint32_t low)
{
    struct ioapic *a = ioapic_for(line);
    uint32_t r = IOAPIC_TABLE + 2 * (line - a->first);
    ioapic_write(a, r, ROUTE_MASKED);
    ioapic_write(a, r + 1, lapic_id << 24);
    ioapic_write(a, r, low);
}

bool apic_is_ioapic(uint64_t physical)
{
    for (unsigned i = 0; i < acpi.ioapics; i++)
        if ((acpi.ioapic[i].address & ~(PAGE_SIZE - 1)) == physical)
            return true;
    return false;
}

static int index_of_line(uint32_t line)
{
    for (int i = 0; i < LINES_MAX; i++)
        if (vector_used[i] && line_of[i] == line)
            return i;
    return -1;
}

unsigned port_irq_claim(unsigned *line, unsigned *flags, unsigned *vector)
{
    if (*flags & IRQ_ISA) {
        if (*line >= 16 || *line == 2)
            return BAD_ARG;
        *flags = acpi.isa[*line].flags;
        *line = acpi.isa[*line].line;
    }
    if (!ioapic_for(*line))
        return BAD_ARG;
    if (index_of_line(*line) >= 0)
        return BUSY;
    for (unsigned i = 0; i < LINES_MAX; i++) {
        if (vector_used[i])
            continue;
        vector_used[i] = true;
        line_of[i] = *line;
        *vector = VECTOR_IRQ_FIRST + i;
        route_of[i] =
            *vector | (*flags & IRQ_LEVEL ? ROUTE_LEVEL : 0) | (*flags & IRQ_LOW ? ROUTE_LOW : 0);
        set_route(*line, route_of[i] | ROUTE_MASKED);
        return OK;
    }
    return LIMIT;
}

void port_irq_mask(unsigned line, bool masked)
{
    int i = index_of_line(line);
    struct ioapic *a = ioapic_for(line);
    ioapic_write(a, IOAPIC_TABLE + 2 * (line - a->first),
                 route_of[i] | (masked ? ROUTE_MASKED : 0));
}

void port_irq_release(unsigned line)
{
    int i = index_of_line(line);
    set_route(line, ROUTE_MASKED);
    vector_used[i] = false;
}

/* ---- start --------------------------------------------------------------------------------------- */

/* Both 8259s (8259A datasheet): vectors out of the way of exceptions, every line masked. */
static void mask_pics(void)
{
    static const struct {
        uint16_t port;
        uint8_t value;
    } sequence[] = {
        {0x20, 0x11}, {0xa0, 0x11}, {0x21, 0x20}, {0xa1, 0x28}, {0x21, 4},
        {0xa1, 2},    {0x21, 1},    {0xa1, 1},    {0x21, 0xff}, {0xa1, 0xff},
    };
    for (unsigned i = 0; i < sizeof sequence / sizeof *sequence; i++)
        outb(sequence[i].port, sequence[i].value);
}

const char *apic_init(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);
    mask_pics();
    x2 = cpu_features & CPU_X2APIC;
    wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
    if (x2)
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE | APIC_BASE_X2);
    else
        lapic = device_map(acpi.local_apic, PAGE_SIZE);
    lapic_id = x2 ? lapic_read(LAPIC_ID) : lapic_read(LAPIC_ID) >> 24;
    if (lapic_id > 255)
        return "the boot CPU's APIC number is above 255, which I/O APICs cannot address";
    lapic_write(LAPIC_TPR, 0);
    lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
    lapic_write(LAPIC_LVT_ERROR, LVT_MASKED);
    lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    lapic_write(LAPIC_DIVIDE, DIVIDE_BY_16);
    lapic_write(LAPIC_LVT_TIMER,
                VECTOR_TIMER | (cpu_features & CPU_TSC_DEADLINE ? LVT_TSC_DEADLINE : 0));

    for (unsigned i = 0; i < acpi.ioapics; i++) {
        struct ioapic *a = &ioapics[i];
        uint64_t address = acpi.ioapic[i].address;
        a->regs = (volatile uint32_t *)device_map(address, 32);
        a->first = acpi.ioapic[i].first_line;
        a->lines = (ioapic_read(a, IOAPIC_VERSION) >> 16 & 0xff) + 1;
        for (uint32_t l = 0; l < a->lines; l++)
            ioapic_write(a, IOAPIC_TABLE + 2 * l, ROUTE_MASKED);
    }
    return NULL;
}
