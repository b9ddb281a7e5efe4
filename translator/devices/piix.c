/*
 * 82441FX, PIIX3 and PIIX4's power management, as far as a PC needs them (Intel 290549, 290550, 290562).
 *
 *   host bridge   PAM and SMRAM registers are stored only: below 1 MiB is RAM, into which the board has
 *                 copied the firmware; there is no system management mode. PAM reads 0 at power-on, as on
 *                 hardware, so firmware copies itself into what it then thinks is shadow RAM
 *   ISA bridge    PIRQ routing: the four PCI interrupts to ISA interrupts; reset control CF9h; port 92h
 *   power         PM1 event and control registers, the timer of 3.579545 MHz, SCI; suspend type 0 is
 *                 soft off (290562, table PMCNTRL), others do nothing. DEVACTB says that SMIs on writes
 *                 to B2h are on already, which tells firmware not to set up its own handler.
 *
 * The SCI is a function of the event registers: timer overflow (every 2^23 ticks), power button.
 */
#include <translator/devices/piix.h>

#include <stdlib.h>

#include <translator/devices/common.h>
#include <translator/ports.h>

/* clang-format off */
enum { H_PAM = 0x59, H_SMRAM = 0x72, H_DRAM = 0x60 };                 /* 290549, 3.2 */
enum { I_PIRQ = 0x60, I_PIRQ_OFF = 0x80 };                            /* 290550, 2.2.10 */
enum { P_BASE = 0x40, P_DEVACTB = 0x58, P_MISC = 0x80, MISC_ENABLE = 1, DEVACTB_APMC = 0x02 /* of byte 3 */ };
enum { PM_STATUS = 0, PM_ENABLE = 2, PM_CONTROL = 4, PM_TIMER = 8, PM_GLOBAL_STATUS = 0x0c };
enum { PM1_TIMER = 0x0001, PM1_GLOBAL = 0x0020, PM1_BUTTON = 0x0100, PM1_RTC = 0x0400, PM1_WAKE = 0x8000 };
enum { CNT_SCI = 0x0001, CNT_TYPE = 0x1c00, CNT_SLEEP = 0x2000 };
enum { PORT_A20 = 0x92, PORT_RESET = 0xcf9, PORT_APM = 0xb2, PORT92_RESET = 1, PORT92_A20 = 2, RC_CPU = 4 };
enum { APM_ACPI_ON = 0xf1, APM_ACPI_OFF = 0xf0 };
/* clang-format on */

#define PM_HZ      3579545u
#define SECOND     1000000000ull
#define TIMER_MASK 0xffffffu
#define TIMER_HALF 0x800000u /* the status bit is set whenever bit 23 changes */

struct piix {
    struct vm *vm;
    struct pci_bus *bus;
    struct piix_wires wires;
    struct pci_function host, isa, pm;
    uint8_t raised[4]; /* for each PIRQ: bits of slots' interrupts, folded */
    uint32_t intx[4];  /* for each PIRQ: a bit for each slot that raises it */
    unsigned pm_at;    /* where the power management ports are; 0: nowhere */
    uint16_t status, enable, control;
    uint64_t timer_seen; /* ticks up to which the overflow was noted */
    uint8_t port92, reset_control, apm[2];
    struct vtimer timer;
};

/* ---- PIRQ -------------------------------------------------------------------------------------------- */

static void route(struct piix *p)
{
    for (unsigned irq = 3; irq < 16; irq++) {
        bool used = false, level = false;
        for (unsigned i = 0; i < 4; i++) {
            if (p->isa.config[I_PIRQ + i] != irq)
                continue; /* bit 7 set: routed nowhere */
            used = true;
            level = level || p->intx[i] != 0;
        }
        if (used)
            line_set(&p->wires.irq[irq], level);
    }
}

/* A route that is taken away leaves its line low. */
static void isa_written(void *device, unsigned first, unsigned count)
{
    struct piix *p = device;
    if (first >= I_PIRQ + 4 || first + count <= I_PIRQ)
        return;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t now = p->isa.config[I_PIRQ + i], was = p->raised[i];
        if (now != was && was != 0 && was < 16)
            line_set(&p->wires.irq[was], false);
        p->raised[i] = now;
    }
    route(p);
}

static void set_intx(void *to, unsigned number, bool level)
{
    struct piix *p = to;
    unsigned slot = number >> 2, pirq = (slot + (number & 3) + 3) & 3; /* slot 1 pin A: PIRQA */
    uint32_t bit = 1u << slot;
    p->intx[pirq] = level ? p->intx[pirq] | bit : p->intx[pirq] & ~bit;
    route(p);
}

struct line piix_intx(struct piix *p, unsigned slot, unsigned pin)
{
    return (struct line){set_intx, p, slot << 2 | ((pin - 1) & 3)};
}

/* ---- power management -------------------------------------------------------------------------------- */

static uint64_t pm_ticks(const struct piix *p)
{
    uint64_t t = vm_time(p->vm);
    return t / SECOND * PM_HZ + t % SECOND * PM_HZ / SECOND;
}

static void pm_update(struct piix *p)
{
    uint64_t now = pm_ticks(p), when = UINT64_MAX;
    if (now / TIMER_HALF != p->timer_seen / TIMER_HALF)
        p->status |= PM1_TIMER;
    p->timer_seen = now;
    if ((p->enable & PM1_TIMER) && !(p->status & PM1_TIMER)) {
        uint64_t next = (now / TIMER_HALF + 1) * TIMER_HALF;
        when = next / PM_HZ * SECOND + (next % PM_HZ * SECOND + PM_HZ - 1) / PM_HZ;
    }
    vtimer_arm(p->vm, &p->timer, when);
    bool sci = p->status & p->enable & (PM1_TIMER | PM1_GLOBAL | PM1_BUTTON | PM1_RTC);
    line_set(&p->wires.sci, sci && (p->control & CNT_SCI));
}

static void pm_expired(void *device)
{
    pm_update(device);
}

static uint32_t pm_register(struct piix *p, unsigned at)
{
    switch (at) {
    case PM_STATUS:
        return p->status | (uint32_t)p->enable << 16;
    case PM_CONTROL:
        return p->control;
    case PM_TIMER:
        return (uint32_t)pm_ticks(p) & TIMER_MASK;
    }
    return 0;
}

static uint64_t pm_read(void *device, uint32_t offset, unsigned size)
{
    struct piix *p = device;
    (void)size;
    pm_update(p);
    return pm_register(p, offset & ~3u) >> 8 * (offset & 3);
}

static void write_control(struct piix *p, uint16_t v)
{
    p->control = v & (uint16_t)~CNT_SLEEP;
    if ((v & CNT_SLEEP) && (v & CNT_TYPE) == 0)
        p->wires.power_off(p->wires.to);
}

static void pm_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct piix *p = device;
    pm_update(p);
    for (unsigned i = 0; i < size; i++) {
        unsigned v = value >> 8 * i & 0xff, shift = 8 * ((offset + i) & 1);
        uint16_t keep = (uint16_t) ~(0xffu << shift);
        switch ((offset + i) & ~1u) {
        case PM_STATUS: /* written ones are cleared */
            p->status &= (uint16_t) ~(v << shift);
            break;
        case PM_ENABLE:
            p->enable = (uint16_t)((p->enable & keep) | v << shift);
            break;
        case PM_CONTROL:
            write_control(p, (uint16_t)((p->control & keep) | v << shift));
            break;
        }
    }
    pm_update(p);
}

static const struct device_ops pm_ops = {pm_read, pm_write};

static void place_pm(struct piix *p)
{
    unsigned at = load16(p->pm.config + P_BASE) & 0xffc0;
    if (!(p->pm.config[P_MISC] & MISC_ENABLE) || at > 0x10000 - PIIX_PM_PORTS)
        at = 0;
    if (at == p->pm_at)
        return;
    if (p->pm_at != 0)
        ports_remove(p->vm, p->pm_at, p);
    p->pm_at = at;
    if (at != 0 && !ports_add(p->vm, at, PIIX_PM_PORTS, 4, &pm_ops, p, "power management"))
        p->pm_at = 0;
}

static void pm_written(void *device, unsigned first, unsigned count)
{
    (void)first, (void)count;
    place_pm(device);
}

void piix_power_button(struct piix *p)
{
    p->status |= PM1_BUTTON;
    pm_update(p);
}

/* ---- ports 92h, B2h, CF9h --------------------------------------------------------------------------- */

static uint64_t port92_read(void *device, uint32_t offset, unsigned size)
{
    const struct piix *p = device;
    (void)offset, (void)size;
    return p->port92;
}

static void port92_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct piix *p = device;
    uint8_t was = p->port92;
    (void)offset, (void)size;
    p->port92 = value & (PORT92_A20 | PORT92_RESET);
    if ((was ^ p->port92) & PORT92_A20)
        p->wires.a20(p->wires.to, p->port92 & PORT92_A20);
    if (~was & p->port92 & PORT92_RESET)
        p->wires.reset(p->wires.to);
}

static uint64_t reset_read(void *device, uint32_t offset, unsigned size)
{
    const struct piix *p = device;
    (void)offset, (void)size;
    return p->reset_control;
}

/* A rising bit 2 resets (290550, 2.5.2.1). */
static void reset_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct piix *p = device;
    uint8_t was = p->reset_control;
    (void)offset, (void)size;
    p->reset_control = value & 0x06;
    if (~was & p->reset_control & RC_CPU)
        p->wires.reset(p->wires.to);
}

static uint64_t apm_read(void *device, uint32_t offset, unsigned size)
{
    const struct piix *p = device;
    (void)size;
    return p->apm[offset & 1];
}

/* What a handler in system management mode would do: turn ACPI on and off. */
static void apm_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct piix *p = device;
    (void)size;
    p->apm[offset & 1] = (uint8_t)value;
    if (offset != 0)
        return;
    if (value == APM_ACPI_ON)
        p->control |= CNT_SCI;
    else if (value == APM_ACPI_OFF)
        p->control &= (uint16_t)~CNT_SCI;
    pm_update(p);
}

static const struct device_ops port92_ops = {port92_read, port92_write};
static const struct device_ops reset_ops = {reset_read, reset_write};
static const struct device_ops apm_ops = {apm_read, apm_write};

void piix_note_a20(struct piix *p, bool enabled)
{
    p->port92 = (uint8_t)((p->port92 & ~PORT92_A20) | (enabled ? PORT92_A20 : 0));
}

/* ---- power-on ------------------------------------------------------------------------------------------ */

static void reset_host(struct piix *p)
{
    struct pci_function *f = &p->host;
    pci_header(f, 0x8086, 0x1237, 0x060000, 0x02);
    f->config[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    f->config[PCI_STATUS + 1] = 0x02;
    store16(f->config + PCI_SUBSYSTEM, 0x1af4); /* what SeaBIOS knows a virtual machine by */
    store16(f->config + PCI_SUBSYSTEM + 2, 0x1100);
    for (unsigned i = 0; i < 7; i++)
        f->writable[H_PAM + i] = 0x33;
    for (unsigned i = 0; i < 8; i++)
        f->writable[H_DRAM + i] = 0xff;
    f->config[H_SMRAM] = 0x02;
    f->writable[H_SMRAM] = 0x78;
}

static void reset_isa(struct piix *p)
{
    struct pci_function *f = &p->isa;
    pci_header(f, 0x8086, 0x7000, 0x060100, 0x00);
    f->config[PCI_COMMAND] = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    f->config[PCI_STATUS + 1] = 0x02;
    f->config[PCI_HEADER_TYPE] = PCI_MULTIFUNCTION;
    for (unsigned i = 0; i < 4; i++) {
        f->config[I_PIRQ + i] = I_PIRQ_OFF;
        f->writable[I_PIRQ + i] = 0x8f;
    }
    f->config[0x4c] = 0x4d; /* ISA recovery times, bus timing, top of memory, and such: stored */
    f->config[0x4e] = 0x03;
    for (unsigned i = 0x4c; i < 0x60; i++)
        f->writable[i] = 0xff;
    for (unsigned i = 0x69; i < 0xb0; i++)
        f->writable[i] = 0xff;
}

static void reset_pm(struct piix *p)
{
    struct pci_function *f = &p->pm;
    pci_header(f, 0x8086, 0x7113, 0x068000, 0x03);
    f->config[PCI_STATUS + 1] = 0x02;
    f->config[PCI_PIN] = 1;
    f->config[P_BASE] = 1;
    store32(f->writable + P_BASE, 0xffc0);
    for (unsigned i = 0x44; i < 0x100; i++)
        f->writable[i] = 0xff;
    f->config[P_DEVACTB + 3] = DEVACTB_APMC;
    p->status = p->enable = p->control = 0;
    p->timer_seen = pm_ticks(p);
}

void piix_reset(struct piix *p)
{
    reset_host(p);
    reset_isa(p);
    reset_pm(p);
    for (unsigned i = 0; i < 4; i++) {
        p->intx[i] = 0;
        p->raised[i] = I_PIRQ_OFF;
    }
    p->port92 = PORT92_A20;
    p->reset_control = 0;
    p->apm[0] = p->apm[1] = 0;
    place_pm(p);
    pm_update(p);
}

void piix_configure(struct piix *p, unsigned pm_ports)
{
    static const uint8_t irq[4] = {10, 10, 11, 11};
    for (unsigned i = 0; i < 4; i++)
        p->isa.config[I_PIRQ + i] = p->raised[i] = irq[i];
    store32(p->pm.config + P_BASE, pm_ports | 1);
    p->pm.config[P_MISC] = MISC_ENABLE;
    p->pm.config[PCI_LINE] = 9;
    p->pm.config[PCI_COMMAND] = PCI_COMMAND_IO;
    p->control = CNT_SCI;
    place_pm(p);
    pm_update(p);
}

struct piix *piix_create(struct vm *vm, struct pci_bus *bus, const struct piix_wires *wires)
{
    struct piix *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->vm = vm;
    p->bus = bus;
    p->wires = *wires;
    p->host.name = "82441FX";
    p->isa = (struct pci_function){.name = "PIIX3", .written = isa_written, .device = p};
    p->pm = (struct pci_function){.name = "PIIX4 PM", .written = pm_written, .device = p};
    p->timer = (struct vtimer){.when = UINT64_MAX, .expired = pm_expired, .device = p};
    vtimer_add(vm, &p->timer);
    pci_add(bus, 0, 0, &p->host);
    pci_add(bus, 1, 0, &p->isa);
    pci_add(bus, 1, 3, &p->pm);
    piix_reset(p);
    if (ports_add(vm, PORT_A20, 1, 1, &port92_ops, p, "port 92") &&
        ports_add(vm, PORT_RESET, 1, 1, &reset_ops, p, "reset control") &&
        ports_add(vm, PORT_APM, 2, 1, &apm_ops, p, "APM"))
        return p;
    free(p);
    return NULL;
}

void piix_delete(struct piix *p)
{
    free(p);
}
