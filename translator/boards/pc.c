/*
 * The PC: an i440FX/PIIX machine with one CPU, as SeaBIOS, GRUB and Linux know it. pc.h has its map.
 *
 *   there      two 8259s, local and I/O APIC, 8254, RTC, 16550 (ttyS0), keyboard controller, VGA in text
 *              mode, PCI with host bridge, ISA bridge, IDE and power management, four IDE drives, fw_cfg,
 *              ACPI, ports 61h, 80h, 92h, F0h, F4h (debug exit), 402h (firmware's messages)
 *   not there  DMA controller, floppy, parallel port, mouse, sound, network, graphics, system
 *              management mode; shadow RAM can always be written
 *
 * What starts: a kernel as Linux or Multiboot wants it, with no firmware at all; or firmware at the reset
 * vector, which lies at the end of the 4 GiB, its last 128 KiB copied below 1 MiB.
 */
#include <translator/boards/boards.h>
#include <translator/boards/linux_x86.h>
#include <translator/boards/pc_acpi.h>
#include <translator/boards/pc_parts.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <translator/devices/common.h>
#include <translator/ports.h>

#define MIB          (1024ull * 1024)
#define FOUR_GIB     (4096 * MIB)
#define BIOS_MAX     (16 * MIB)
#define BIOS_LOW     (128 * 1024u)
#define ICOUNT_EPOCH 1704067200u /* with icount it is always 1 January 2024 */
#define RSDP         (PC_SHADOW)
#define ACPI_TABLES  (PC_SHADOW + 0x40u)

/* ---- what the CPU asks of the board -------------------------------------------------------------------- */

unsigned pc_acknowledge(struct vm *vm)
{
    struct pc *p = vm_board_data(vm);
    return lapic_acknowledge(p->lapic);
}

void pc_apic_base(struct vm *vm, uint64_t value)
{
    struct pc *p = vm_board_data(vm);
    if (p != NULL && p->lapic != NULL)
        lapic_enable(p->lapic, value & 0x800);
}

void pc_ferr(struct vm *vm)
{
    struct pc *p = vm_board_data(vm);
    line_set(&p->irq[PC_IRQ_FPU], true);
}

void pc_shutdown(struct vm *vm)
{
    vm_log(vm, "the CPU shut down (triple fault); the machine is reset");
    vm_end(vm, VM_RESET);
}

/* ---- images and the CPU's entry state -------------------------------------------------------------------- */

/* What RAM there is, with the last 128 KiB below 1 MiB reserved: tables, or firmware. */
static void describe_memory(const struct pc *p, struct x86_boot *b)
{
    *b = (struct x86_boot){
        .memory = p->ram_bytes,
        .rsdp = RSDP,
        .range = {{0, PC_LOW_RAM, 1},
                  {PC_SHADOW, PC_HIGH_RAM - PC_SHADOW, 2},
                  {PC_HIGH_RAM, p->ram_bytes - PC_HIGH_RAM, 1},
                  {PC_IOAPIC, 0x1000, 2},
                  {PC_LAPIC, 0x1000, 2}},
        .ranges = 5,
    };
}

/* A kernel without firmware: tables, chip set and clock as firmware would have left them. */
static bool load_kernel(struct pc *p, struct pc_entry *e, char *error, size_t size)
{
    const struct vm_config *config = vm_configuration(p->vm);
    struct x86_boot b;
    uint8_t tables[PC_ACPI_ROOM], rsdp[PC_RSDP_BYTES], gdt[32] = {0};
    uint32_t rsdt;
    size_t bytes = pc_acpi_tables(tables, ACPI_TABLES, p->ram_bytes, &rsdt);
    pc_acpi_rsdp(rsdp, ACPI_TABLES + rsdt);
    memcpy(gdt + 16, "\xff\xff\0\0\0\x9b\xcf\0\xff\xff\0\0\0\x93\xcf\0", 16); /* flat code, data */
    piix_configure(p->piix, PC_PM_PORTS);
    ide_configure(p->ide, p->pci, PC_IDE_PORTS);
    pc_elcr(p);
    describe_memory(p, &b);
    if (!x86_place_bytes(p->vm, ACPI_TABLES, tables, bytes) ||
        !x86_place_bytes(p->vm, RSDP, rsdp, sizeof rsdp) ||
        !x86_place_bytes(p->vm, PC_GDT, gdt, sizeof gdt))
        return false;
    if (multiboot_detect(&config->kernel))
        return multiboot_load(p->vm, &b, e, error, size);
    return linux_load(p->vm, &b, e, error, size);
}

static bool load_firmware(struct pc *p)
{
    const struct vm_image *bios = &vm_configuration(p->vm)->bios;
    size_t low = bios->bytes < BIOS_LOW ? bios->bytes : BIOS_LOW;
    return x86_place_bytes(p->vm, PC_HIGH_RAM - low, (const char *)bios->data + bios->bytes - low,
                           low);
}

static bool pc_load(struct vm *vm, char *error, size_t size)
{
    struct pc *p = vm_board_data(vm);
    struct pc_entry e = {.firmware = true};
    snprintf(error, size, "the images do not fit into the memory");
    bool kernel = vm_configuration(p->vm)->kernel.bytes != 0;
    if (!(kernel ? load_kernel(p, &e, error, size) : load_firmware(p)))
        return false;
    pc_cpu_enter(p->vm, &e);
    return true;
}

/* ---- the board ----------------------------------------------------------------------------------------------- */

/* What answers where nothing is: all ones, as a bus does. */
static uint64_t nothing_read(void *device, uint32_t offset, unsigned size)
{
    (void)device, (void)offset, (void)size;
    return ~0ull;
}

static void nothing_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    (void)device, (void)offset, (void)size, (void)value;
}

static const struct device_ops nothing_ops = {nothing_read, nothing_write};

static bool add_memory(struct pc *p)
{
    struct vm *vm = p->vm;
    const struct vm_image *bios = &vm_configuration(vm)->bios;
    uint64_t top = p->ram_bytes;
    if (!memory_add_ram(vm, 0, PC_LOW_RAM) ||
        !memory_add_ram(vm, PC_VGA_TEXT, PC_ALIGNED_RAM - PC_VGA_TEXT) ||
        !memory_add_ram(vm, PC_ALIGNED_RAM, top - PC_ALIGNED_RAM))
        return false;
    memory_add_device(vm, top, (uint32_t)(FOUR_GIB - top), &nothing_ops, p, "nothing");
    return bios->bytes == 0 || memory_add_rom(vm, FOUR_GIB - bios->bytes, bios->data, bios->bytes);
}

static bool pc_create(struct vm *vm, char *error, size_t size)
{
    const struct vm_config *config = vm_configuration(vm);
    struct pc *p = vm_board_data(vm);
    p->vm = vm;
    p->ram_bytes = board_memory(&board_pc, vm);
    if (!pc_cpu_choose(vm, config->cpu)) {
        snprintf(error, size, "the board \"pc\" has the CPUs n270 and core2duo");
        return false;
    }
    if (config->bios.bytes % 4096 != 0) {
        snprintf(error, size, "the firmware must be whole pages");
        return false;
    }
    if (!add_memory(p))
        return board_no_memory(&board_pc, vm, error, size);
    return pc_create_parts(p, config->icount ? ICOUNT_EPOCH : wall_clock());
}

static void pc_destroy(struct vm *vm)
{
    struct pc *p = vm_board_data(vm);
    pc_delete_parts(p);
    ports_delete(vm);
}

static void pc_serve(struct vm *vm)
{
    struct pc *p = vm_board_data(vm);
    pc_console_serve(&p->console);
}

static void pc_reset(struct vm *vm)
{
    struct pc *p = vm_board_data(vm);
    pc_cpu_reset(vm);
    pc_reset_parts(p);
}

const struct board board_pc = {
    .name = "pc",
    .guest = "x86",
    .description =
        "PC: 8259, APICs, 8254, RTC, 16550, PS/2, VGA text, PCI, IDE, ACPI; boots SeaBIOS",
    .memory_min = 4 * MIB,
    .memory_max = 3072 * MIB,
    .memory_default = 256 * MIB,
    .firmware_max = BIOS_MAX,
    .bytes = sizeof(struct pc),
    .create = pc_create,
    .load = pc_load,
    .serve = pc_serve,
    .reset = pc_reset,
    .destroy = pc_destroy,
};
