/*
 * The ARM board `virt`, compatible with QEMU's machine of that name: a board that exists on no
 * desk, with what a guest needs and nothing else. virt.h has its map.
 *
 *   there      GICv2, PL011, PL031, 32 virtio-mmio slots (disks from slot 0 on), generic timer,
 *              PSCI by HVC, RAM from 1 GiB; read-only firmware at 0 if the user gives one
 *   not there  PCI, GPIO, fw_cfg, flash that can be written, MSI; nor are they in the tree
 *
 * What starts: a kernel as Linux wants it (r0 = 0, r1 = ~0, r2 = device tree, SVC mode, MMU off),
 * or firmware at 0 with the device tree at the start of RAM.
 */
#include <translator/boards/boards.h>
#include <translator/boards/virt.h>

#include <frontends/arm/arm_cpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <translator/devices/common.h>
#include <translator/devices/generic_timer.h>
#include <translator/devices/gicv2.h>
#include <translator/devices/pl011.h>
#include <translator/devices/pl031.h>
#include <translator/devices/psci.h>
#include <translator/devices/virtio_blk.h>

#define MIB             (1024ull * 1024)
#define ICOUNT_EPOCH    1704067200u /* with icount it is always 1 January 2024 */
#define NO_MACHINE_TYPE 0xffffffffu /* r1: the device tree says what this is */

struct virt {
    struct vm *vm;
    const struct virt_cpu *cpu;
    uint64_t ram_bytes;
    struct gicv2 *gic;
    struct generic_timer *timer;
    struct pl011 *uart;
    struct pl031 *rtc;
    struct virtio_slots virtio;
};

/* The CPUs it can have; the first is the default. */
static const struct virt_cpu {
    const char *name, *compatible;
    uint32_t midr;
} cpus[] = {
    {"cortex-a15", "arm,cortex-a15", 0x414fc0f0}, /* r4p0: DDI 0438 4.3.1 */
    {"cortex-a7", "arm,cortex-a7", 0x410fc075},   /* r0p5: DDI 0464 4.3.1 */
};

static const struct virt_cpu *find_cpu(const char *name)
{
    for (unsigned i = 0; i < sizeof cpus / sizeof cpus[0]; i++)
        if (name == NULL || strcmp(name, cpus[i].name) == 0)
            return &cpus[i];
    return NULL;
}

/* ---- what the CPU asks of the board ------------------------------------------------------------ */

static bool access_timer(void *to, bool write, unsigned crn, unsigned op1, unsigned crm,
                         unsigned op2, bool wide, uint64_t *value)
{
    struct virt *v = to;
    (void)crn;
    return generic_timer_access(v->timer, write, op1, crm, op2, wide, value);
}

static bool call_firmware(void *to, bool hvc, uint32_t r[4])
{
    struct virt *v = to;
    return psci_call(v->vm, hvc, r);
}

static const struct arm_board_hooks hooks = {access_timer, call_firmware};

/* ---- devices ------------------------------------------------------------------------------------ */

static bool create_disks(struct virt *v)
{
    const struct vm_config *config = vm_configuration(v->vm);
    unsigned slot = 0;
    for (unsigned i = 0; i < sizeof config->disk / sizeof config->disk[0]; i++) {
        char serial[16];
        if (config->disk[i] == NULL)
            continue;
        snprintf(serial, sizeof serial, "disk%u", i);
        struct line line = gicv2_line(v->gic, GIC_SPI(VIRT_SPI_VIRTIO + slot));
        v->virtio.slot[slot] = virtio_blk_create(v->vm, config->disk[i], serial, line);
        if (v->virtio.slot[slot++] == NULL)
            return false;
    }
    return true;
}

static bool create_devices(struct virt *v)
{
    struct vm *vm = v->vm;
    const struct vm_config *config = vm_configuration(vm);
    v->virtio.vm = vm;
    if ((v->gic = gicv2_create(vm)) == NULL)
        return false;
    v->timer = generic_timer_create(vm, gicv2_line(v->gic, GIC_PPI(VIRT_PPI_PHYSICAL)),
                                    gicv2_line(v->gic, GIC_PPI(VIRT_PPI_VIRTUAL)));
    v->uart = pl011_create(vm, config->terminal, gicv2_line(v->gic, GIC_SPI(VIRT_SPI_UART)),
                           VIRT_UART_CLOCK);
    v->rtc = pl031_create(vm, gicv2_line(v->gic, GIC_SPI(VIRT_SPI_RTC)),
                          config->icount ? ICOUNT_EPOCH : wall_clock());
    return v->timer != NULL && v->uart != NULL && v->rtc != NULL && create_disks(v);
}

static void map_devices(struct virt *v)
{
    const struct {
        uint32_t at, bytes;
        const struct device_ops *ops;
        void *device;
        const char *name;
    } map[] = {
        {VIRT_GIC_DIST, GIC_DISTRIBUTOR_BYTES, &gicv2_distributor, v->gic, "gic distributor"},
        {VIRT_GIC_CPU, GIC_INTERFACE_BYTES, &gicv2_interface, v->gic, "gic interface"},
        {VIRT_UART, PL011_BYTES, &pl011_ops, v->uart, "pl011"},
        {VIRT_RTC, PL031_BYTES, &pl031_ops, v->rtc, "pl031"},
        {VIRT_VIRTIO, VIRTIO_SLOTS * VIRTIO_SLOT_BYTES, &virtio_mmio_ops, &v->virtio, "virtio"},
    };
    for (unsigned i = 0; i < sizeof map / sizeof map[0]; i++)
        memory_add_device(v->vm, map[i].at, map[i].bytes, map[i].ops, map[i].device, map[i].name);
}

/* ---- images and the CPU's entry state ----------------------------------------------------------- */

/* Our tree, or the user's with what must be changed, at b->dtb. */
static bool load_tree(struct virt *v, const struct arm_boot *b, char *error, size_t size)
{
    const struct vm_config *config = vm_configuration(v->vm);
    const struct fdt_changes changes = {
        .memory_base = b->ram,
        .memory_bytes = b->ram_bytes,
        .bootargs = config->append,
        .initrd = b->initrd,
        .initrd_end = b->initrd_end,
        .seed = config->seeded ? config->seed : NULL,
    };
    void *to = memory_ram(v->vm, b->dtb, DTB_ROOM);
    size_t bytes = 0;
    snprintf(error, size, "the device tree does not fit; shorten the command line");
    if (to == NULL)
        return false;
    if (config->dtb.bytes != 0)
        bytes = fdt_copy(config->dtb.data, config->dtb.bytes, &changes, to, DTB_ROOM, error, size);
    else
        bytes = virt_tree(v->cpu->compatible, &changes, to, DTB_ROOM);
    memory_written(v->vm, b->dtb, DTB_ROOM);
    return bytes != 0;
}

static bool virt_load(struct vm *vm, char *error, size_t size)
{
    struct virt *v = vm_board_data(vm);
    const struct vm_config *config = vm_configuration(v->vm);
    struct arm_boot b = {.ram = VIRT_RAM, .ram_bytes = v->ram_bytes};
    if (config->kernel.bytes != 0) {
        if (!arm_load_kernel(v->vm, &b, error, size) || !arm_load_initrd(v->vm, &b, error, size))
            return false;
    } else {
        b.entry = VIRT_FLASH;
        b.dtb = VIRT_RAM;
    }
    if (!load_tree(v, &b, error, size))
        return false;
    struct arm_cpu *cpu = arm_of(vm_cpu(v->vm));
    cpu->cpu.reg[0] = 0;
    cpu->cpu.reg[1] = NO_MACHINE_TYPE;
    cpu->cpu.reg[2] = (uint32_t)b.dtb;
    cpu->cpu.pc = b.entry;
    return true;
}

/* The CPU as at power-on: SVC mode, interrupts masked, MMU off. */
static void reset_cpu(struct virt *v)
{
    struct arm_cpu *cpu = arm_of(vm_cpu(v->vm));
    arm_frontend.reset(&cpu->cpu);
    cpu->midr = v->cpu->midr;
    cpu->hooks = &hooks;
    cpu->hooks_to = v;
}

/* ---- the board --------------------------------------------------------------------------------- */

static void virt_destroy(struct vm *vm)
{
    struct virt *v = vm_board_data(vm);
    for (unsigned i = 0; i < VIRTIO_SLOTS; i++)
        if (v->virtio.slot[i] != NULL)
            v->virtio.slot[i]->model->destroy(v->virtio.slot[i]);
    pl031_delete(v->rtc);
    pl011_delete(v->uart);
    generic_timer_delete(v->timer);
    gicv2_delete(v->gic);
}

static bool virt_create(struct vm *vm, char *error, size_t size)
{
    const struct vm_config *config = vm_configuration(vm);
    struct virt *v = vm_board_data(vm);
    v->vm = vm;
    v->ram_bytes = board_memory(&board_virt, vm);
    v->cpu = find_cpu(config->cpu);
    if (v->cpu == NULL) {
        snprintf(error, size, "the board \"virt\" has the CPUs cortex-a15 and cortex-a7");
        return false;
    }
    if (!memory_add_ram(vm, VIRT_RAM, v->ram_bytes) ||
        (config->bios.bytes != 0 &&
         !memory_add_rom(vm, VIRT_FLASH, config->bios.data, config->bios.bytes)))
        return board_no_memory(&board_virt, vm, error, size);
    if (!create_devices(v))
        return false;
    map_devices(v);
    return true;
}

static void virt_serve(struct vm *vm)
{
    struct virt *v = vm_board_data(vm);
    pl011_take_input(v->uart);
}

static void virt_reset(struct vm *vm)
{
    struct virt *v = vm_board_data(vm);
    gicv2_reset(v->gic);
    generic_timer_reset(v->timer);
    pl011_reset(v->uart);
    pl031_reset(v->rtc);
    for (unsigned i = 0; i < VIRTIO_SLOTS; i++)
        if (v->virtio.slot[i] != NULL)
            virtio_reset(v->virtio.slot[i]);
    reset_cpu(v);
}

const struct board board_virt = {
    .name = "virt",
    .guest = "arm",
    .description = "ARMv7-A board as QEMU's virt: GICv2, PL011, PL031, virtio-mmio, PSCI",
    .memory_min = 8 * MIB,
    .memory_max = 3072 * MIB,
    .memory_default = 256 * MIB,
    .firmware_max = VIRT_FLASH_BYTES,
    .bytes = sizeof(struct virt),
    .create = virt_create,
    .load = virt_load,
    .serve = virt_serve,
    .reset = virt_reset,
    .destroy = virt_destroy,
};
