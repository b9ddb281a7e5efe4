/*
 * The wiring of the board `pc`: which device is where, and which line goes where.
 *
 * Devices are made in an order in which each finds the lines it drives. An ISA interrupt is one line
 * that both the 8259 pair and the I/O APIC hear; software masks the one it does not use.
 */
#include <translator/boards/pc_acpi.h>
#include <translator/boards/pc_parts.h>

#include <stdlib.h>
#include <string.h>

#include <translator/devices/common.h>
#include <translator/ports.h>

/* ---- lines ------------------------------------------------------------------------------------------------ */

static void set_irq(void *to, unsigned irq, bool level)
{
    struct pc *p = to;
    struct line pic = i8259_line(p->pic, irq);
    struct line pin = ioapic_line(p->ioapic, irq == PC_IRQ_TIMER ? 2 : irq);
    line_set(&pic, level);
    line_set(&pin, level);
}

static void set_intr(void *to, unsigned number, bool level)
{
    struct pc *p = to;
    (void)number;
    cpu_line(p->vm, CPU_IRQ, level);
}

static void set_nmi(void *to, unsigned number, bool level)
{
    struct pc *p = to;
    (void)number;
    if (level)
        pc_cpu_nmi(p->vm);
}

/* The 8259's INTR goes to LINT0. It is driven before there is a local APIC, when it is low. */
static void set_lint0(void *to, unsigned number, bool level)
{
    struct pc *p = to;
    (void)number;
    if (p->lapic == NULL)
        return;
    struct line lint = lapic_lint(p->lapic, 0);
    line_set(&lint, level);
}

static unsigned acknowledge_pic(void *to)
{
    struct pc *p = to;
    return i8259_acknowledge(p->pic);
}

static void end_level(void *to, unsigned vector)
{
    struct pc *p = to;
    ioapic_end(p->ioapic, vector);
}

static void set_a20(void *to, bool enabled)
{
    struct pc *p = to;
    if (p->kbc != NULL)
        i8042_note_a20(p->kbc, enabled);
    if (p->piix != NULL)
        piix_note_a20(p->piix, enabled);
    pc_cpu_a20(p->vm, enabled);
}

static void reset(void *to)
{
    struct pc *p = to;
    vm_end(p->vm, VM_RESET);
}

static void power_off(void *to)
{
    struct pc *p = to;
    vm_end(p->vm, VM_POWEROFF);
}

static void more_input(void *to)
{
    pc_console_serve(to);
}

/* ---- ports without a device ------------------------------------------------------------------------------- */

/* 80h–8Fh: the page registers of a DMA controller, and where firmware writes how far it is. */
static uint64_t scratch_read(void *device, uint32_t offset, unsigned size)
{
    const struct pc *p = device;
    (void)size;
    return p->scratch[offset];
}

static void scratch_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct pc *p = device;
    (void)size;
    p->scratch[offset] = (uint8_t)value;
}

static const struct device_ops scratch_ops = {scratch_read, scratch_write};

static uint64_t none_read(void *device, uint32_t offset, unsigned size)
{
    (void)device, (void)offset, (void)size;
    return 0xff;
}

/* F0h: the x87 exception was seen; the interrupt ends. */
static void fpu_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct pc *p = device;
    (void)size, (void)value;
    if (offset == 0)
        line_set(&p->irq[PC_IRQ_FPU], false);
}

static const struct device_ops fpu_ops = {none_read, fpu_write};

/* F4h: the guest is done; tests use it. */
static void exit_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct pc *p = device;
    (void)offset, (void)size;
    vm_log(p->vm, "debug exit %u", (unsigned)value);
    vm_end(p->vm, VM_POWEROFF);
}

static const struct device_ops exit_ops = {none_read, exit_write};

/* 402h: messages of firmware, told line by line; E9h says that there is such a port. */
static uint64_t message_read(void *device, uint32_t offset, unsigned size)
{
    (void)device, (void)offset, (void)size;
    return 0xe9;
}

static void message_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct pc *p = device;
    (void)offset, (void)size;
    if (value != '\n' && p->message_bytes < sizeof p->message - 1)
        p->message[p->message_bytes++] = (char)value;
    if (value != '\n' || p->message_bytes == 0)
        return;
    p->message[p->message_bytes] = 0;
    p->message_bytes = 0;
    vm_log(p->vm, "firmware: %s", p->message);
}

static const struct device_ops message_ops = {message_read, message_write};

/* ---- CMOS and fw_cfg ----------------------------------------------------------------------------------------- */

/* What firmware expects in the clock's memory (SeaBIOS, and IBM's layout). */
static void describe_in_cmos(struct pc *p)
{
    const struct vm_config *config = vm_configuration(p->vm);
    uint64_t above1 = (p->ram_bytes - PC_HIGH_RAM) / 1024;
    uint64_t above16 = p->ram_bytes > (16u << 20) ? (p->ram_bytes - (16u << 20)) >> 16 : 0;
    unsigned translation = 0;
    above1 = above1 > 0xffff ? 0xffff : above1;
    for (unsigned i = 0; i < 4; i++) /* 1: LBA, for disks that 1024 cylinders do not reach */
        if (config->disk[i] != NULL && config->disk[i]->bytes > 1024ull * 16 * 63 * 512)
            translation |= 1u << 2 * i;
    const struct {
        uint8_t index;
        uint64_t value;
    } set[] = {
        {0x10, 0},    /* no floppy drives */
        {0x14, 0x06}, /* equipment: coprocessor, PS/2 port; display by its own BIOS */
        {0x15, 640 & 0xff},  {0x16, 640 >> 8},    {0x17, above1},  {0x18, above1 >> 8},
        {0x30, above1},      {0x31, above1 >> 8}, {0x34, above16}, {0x35, above16 >> 8},
        {0x38, 0x01}, /* boot order: low nibble of 3Dh, its high nibble, high nibble of this; */
        {0x3d, 0x32}, /*   2 hard disk, 3 CD; bit 0 of 38h: boot sectors are not judged */
        {0x39, translation}, {0x5f, 0}, /* one CPU */
    };
    for (unsigned i = 0; i < sizeof set / sizeof set[0]; i++)
        mc146818_set(p->rtc, set[i].index, (uint8_t)set[i].value);
}

static bool describe_in_fw_cfg(struct pc *p)
{
    static const uint8_t one[4] = {1};
    const struct vm_image *vga = &vm_configuration(p->vm)->vga_bios;
    uint8_t tables[PC_ACPI_ROOM], rsdp[PC_RSDP_BYTES], script[PC_LOADER_ROOM], ram[8];
    uint32_t rsdt;
    size_t bytes = pc_acpi_tables(tables, 0, p->ram_bytes, &rsdt);
    pc_acpi_rsdp(rsdp, rsdt);
    store32(ram, (uint32_t)p->ram_bytes);
    store32(ram + 4, (uint32_t)(p->ram_bytes >> 32));
    size_t script_bytes = pc_acpi_loader(script, tables, bytes, rsdt);
    struct fw_cfg *f = p->fw_cfg;
    return fw_cfg_item(f, FW_CFG_SIGNATURE, "QEMU", 4) && fw_cfg_item(f, FW_CFG_ID, one, 4) &&
           fw_cfg_item(f, FW_CFG_RAM, ram, 8) && fw_cfg_item(f, FW_CFG_CPUS, one, 2) &&
           fw_cfg_item(f, FW_CFG_MAX_CPUS, one, 2) &&
           fw_cfg_file(f, "etc/acpi/tables", tables, bytes) &&
           fw_cfg_file(f, "etc/acpi/rsdp", rsdp, sizeof rsdp) &&
           fw_cfg_file(f, "etc/table-loader", script, script_bytes) &&
           (vga->bytes == 0 || fw_cfg_file(f, "vgaroms/vgabios.bin", vga->data, vga->bytes));
}

/* ---- all devices --------------------------------------------------------------------------------------------- */

static bool create_interrupts(struct pc *p)
{
    const struct lapic_wires wires = {.intr = {set_intr, p, 0},
                                      .nmi = {set_nmi, p, 0},
                                      .external = acknowledge_pic,
                                      .end = end_level,
                                      .to = p};
    p->pic = i8259_create(p->vm, (struct line){set_lint0, p, 0});
    p->lapic = lapic_create(p->vm, &wires);
    p->ioapic = p->lapic != NULL ? ioapic_create(p->vm, p->lapic) : NULL;
    for (unsigned i = 0; i < 16; i++)
        p->irq[i] = (struct line){set_irq, p, i};
    return p->pic != NULL && p->ioapic != NULL;
}

static bool create_console(struct pc *p)
{
    struct terminal *t = vm_configuration(p->vm)->terminal;
    const struct i8042_wires wires = {p->irq[PC_IRQ_KEYBOARD], p->irq[PC_IRQ_MOUSE], set_a20, reset,
                                      p};
    struct pc_console *c = &p->console;
    pc_console_start(c, p->vm, t);
    p->uart = uart16550_create(p->vm, &c->port, p->irq[PC_IRQ_SERIAL], pc_console_sent, c);
    p->kbc = i8042_create(p->vm, &wires);
    p->keyboard = p->kbc != NULL ? keyboard_create(p->vm, p->kbc, more_input, c) : NULL;
    p->vga = vga_create(p->vm, t);
    if (p->uart == NULL || p->keyboard == NULL || p->vga == NULL)
        return false;
    vga_text(p->vga, memory_ram(p->vm, PC_VGA_TEXT, VGA_TEXT_BYTES));
    c->uart = p->uart;
    c->keyboard = p->keyboard;
    c->vga = p->vga;
    return true;
}

static bool create_chip_set(struct pc *p)
{
    struct piix_wires wires = {
        .sci = p->irq[PC_IRQ_SCI], .a20 = set_a20, .reset = reset, .power_off = power_off, .to = p};
    memcpy(wires.irq, p->irq, sizeof wires.irq);
    const struct line ide[2] = {p->irq[PC_IRQ_IDE], p->irq[PC_IRQ_IDE + 1]};
    p->pci = pci_create(p->vm);
    if (p->pci == NULL || !ports_add(p->vm, 0xcf8, 8, 4, &pci_ops, p->pci, "PCI"))
        return false;
    p->piix = piix_create(p->vm, p->pci, &wires);
    p->ide = ide_create(p->vm, p->pci, ide, vm_configuration(p->vm)->disk);
    return p->piix != NULL && p->ide != NULL;
}

static bool map_devices(struct pc *p)
{
    const struct {
        uint16_t first, count;
        uint8_t width;
        const struct device_ops *ops;
        void *device;
        const char *name;
    } map[] = {
        {0x020, 2, 1, &i8259_ops, i8259_chip(p->pic, 0), "8259"},
        {0x040, 4, 1, &i8254_ops, p->pit, "8254"},
        {0x060, 1, 1, &i8042_data_ops, p->kbc, "8042"},
        {0x061, 1, 1, &i8254_port61_ops, p->pit, "port 61"},
        {0x064, 1, 1, &i8042_command_ops, p->kbc, "8042"},
        {0x070, 2, 1, &mc146818_ops, p->rtc, "RTC"},
        {0x080, 16, 1, &scratch_ops, p, "port 80"},
        {0x0a0, 2, 1, &i8259_ops, i8259_chip(p->pic, 1), "8259"},
        {0x0f0, 2, 1, &fpu_ops, p, "FERR"},
        {0x0f4, 4, 4, &exit_ops, p, "debug exit"},
        {0x3b0, 16, 1, &vga_mono_ops, p->vga, "VGA"},
        {0x3c0, 32, 1, &vga_ops, p->vga, "VGA"},
        {0x3f8, 8, 1, &uart16550_ops, p->uart, "16550"},
        {0x402, 1, 1, &message_ops, p, "messages"},
        {0x4d0, 2, 1, &i8259_elcr_ops, p->pic, "ELCR"},
        {0x510, 2, 2, &fw_cfg_ops, p->fw_cfg, "fw_cfg"},
    };
    for (unsigned i = 0; i < sizeof map / sizeof map[0]; i++)
        if (!ports_add(p->vm, map[i].first, map[i].count, map[i].width, map[i].ops, map[i].device,
                       map[i].name))
            return false;
    memory_add_device(p->vm, PC_VGA, VGA_PLANES_BYTES, &vga_memory_ops, p->vga, "VGA");
    memory_add_device(p->vm, PC_IOAPIC, IOAPIC_BYTES, &ioapic_ops, p->ioapic, "I/O APIC");
    memory_add_device(p->vm, PC_LAPIC, LAPIC_BYTES, &lapic_ops, p->lapic, "local APIC");
    return true;
}

bool pc_create_parts(struct pc *p, uint64_t seconds)
{
    if (!create_interrupts(p) || !create_console(p) || !create_chip_set(p))
        return false;
    p->pit = i8254_create(p->vm, p->irq[PC_IRQ_TIMER]);
    p->rtc = mc146818_create(p->vm, p->irq[PC_IRQ_RTC], seconds);
    p->fw_cfg = fw_cfg_create(p->vm);
    if (p->pit == NULL || p->rtc == NULL || p->fw_cfg == NULL || !describe_in_fw_cfg(p) ||
        !map_devices(p))
        return false;
    describe_in_cmos(p);
    pc_console_reset(&p->console);
    return true;
}

void pc_reset_parts(struct pc *p)
{
    i8259_reset(p->pic);
    lapic_reset(p->lapic);
    ioapic_reset(p->ioapic);
    i8254_reset(p->pit);
    mc146818_reset(p->rtc);
    uart16550_reset(p->uart);
    i8042_reset(p->kbc);
    keyboard_reset(p->keyboard);
    vga_reset(p->vga);
    piix_reset(p->piix);
    ide_reset(p->ide);
    pci_reset(p->pci);
    fw_cfg_reset(p->fw_cfg);
    describe_in_cmos(p);
    p->message_bytes = 0;
    line_set(&p->irq[PC_IRQ_FPU], false);
    pc_cpu_a20(p->vm, true);
    pc_console_reset(&p->console);
}

void pc_elcr(struct pc *p)
{
    ports_write(p->vm, 0x4d1, 1, 0x0e);
}

void pc_delete_parts(struct pc *p)
{
    fw_cfg_delete(p->fw_cfg);
    ide_delete(p->ide);
    piix_delete(p->piix);
    pci_delete(p->pci);
    vga_delete(p->vga);
    keyboard_delete(p->keyboard);
    i8042_delete(p->kbc);
    uart16550_delete(p->uart);
    mc146818_delete(p->rtc);
    i8254_delete(p->pit);
    ioapic_delete(p->ioapic);
    lapic_delete(p->lapic);
    i8259_delete(p->pic);
}
