/*
 * The SPARC board `ss5`: a sun4m machine like a SPARCstation 5. ss5.h has its map.
 *
 *   there      microSPARC-II, IOMMU, SLAVIO interrupt controllers and counter-timers, two Z8530 (the
 *              terminal on ttya), ESP SCSI with its DMA, M48T08 with the identification, auxiliary
 *              registers, power off, reset, APC
 *   not there  frame buffer, Ethernet, audio, floppy, SBus cards; nor are they in the device tree
 *
 * What starts: a kernel at its virtual address, with the PROM's mappings, %o0 = romvec, interrupts
 * masked by level; or firmware at SS5_ROM in boot mode.
 */
#include <translator/boards/boards.h>
#include <translator/boards/linux_sparc.h>
#include <translator/boards/ss5.h>
#include <translator/boards/ss5_misc.h>

#include <frontends/sparc/sparc_cpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <translator/devices/be_bus.h>
#include <translator/devices/esp.h>
#include <translator/devices/m48t59.h>
#include <translator/devices/slavio_irq.h>
#include <translator/devices/slavio_timer.h>
#include <translator/devices/sun4m_iommu.h>
#include <translator/devices/z8530.h>

#define MIB          (1024ull * 1024)
#define ICOUNT_EPOCH 1704067200u /* with icount it is always 1 January 2024 */
#define CLOCK_YEAR   1968u       /* what Sun's machines count years from */
#define IDPROM_AT    0x1fd8u     /* in the NVRAM */
#define SLOTS        24u
#define BOOT_PSR     (PSR_S | PSR_PS | PSR_ET | PSR_PIL)

struct ss5 {
    struct vm *vm;
    uint64_t ram_bytes;
    struct slavio_irq *irq;
    struct slavio_timer *cpu_timer, *timer;
    struct z8530 *serial, *keyboard;
    struct m48t59 *nvram;
    struct sun4m_iommu *iommu;
    struct esp *scsi;
    struct fw_cfg *fw_cfg; /* NULL: no firmware was given */
    struct ss5_misc misc;
    struct ss5_prom prom;
    struct be_slot slot[SLOTS];
    unsigned slots;
};

/* ---- what the CPU and the board ask of each other ------------------------------------------------ */

static void interrupt_level(void *to, unsigned n)
{
    struct ss5 *s = to;
    uint32_t lines = n << SPARC_IRL_SHIFT;
    cpu_line(s->vm, (enum cpu_line)(SPARC_IRL & ~lines), false);
    if (lines != 0)
        cpu_line(s->vm, (enum cpu_line)lines, true);
}

static uint32_t board_call(void *to, uint32_t a, uint32_t b)
{
    struct ss5 *s = to;
    (void)b;
    ss5_prom_call(&s->prom, a / CALL_STEP);
    return 0;
}

/* Error mode resets the machine (sun4m): a guest in trouble says nothing by that, so it ends. */
static void error_mode(void *to)
{
    struct ss5 *s = to;
    vm_end(s->vm, VM_RESET);
}

static const struct sparc_board_hooks hooks = {.error = error_mode, .call = board_call};

/* ---- devices ------------------------------------------------------------------------------------- */

static bool create_devices(struct ss5 *s)
{
    struct vm *vm = s->vm;
    const struct vm_config *config = vm_configuration(vm);
    ss5_misc_reset(&s->misc, vm);
    if ((s->irq = slavio_irq_create(vm, interrupt_level, s)) == NULL)
        return false;
    s->cpu_timer = slavio_timer_create(vm, slavio_irq_line(s->irq, SLAVIO_CPU_TIMER), false);
    s->timer = slavio_timer_create(vm, slavio_irq_line(s->irq, SLAVIO_TIMER), true);
    s->serial = z8530_create(vm, config->terminal, NULL, slavio_irq_line(s->irq, SLAVIO_SERIAL));
    s->keyboard = z8530_create(vm, NULL, NULL, slavio_irq_line(s->irq, SLAVIO_KEYBOARD));
    s->nvram = m48t59_create(vm, config->icount ? ICOUNT_EPOCH : wall_clock(), CLOCK_YEAR);
    s->iommu = sun4m_iommu_create(vm, SS5_MASK_ID);
    if (config->bios.bytes != 0 &&
        (s->fw_cfg = ss5_firmware_facts(vm, (uint32_t)s->ram_bytes)) == NULL)
        return false;
    if (s->iommu != NULL)
        s->scsi = esp_create(vm, config->disk, s->iommu, slavio_irq_line(s->irq, SLAVIO_SCSI));
    return s->cpu_timer != NULL && s->timer != NULL && s->serial != NULL && s->keyboard != NULL &&
           s->nvram != NULL && s->scsi != NULL;
}

static void map_devices(struct ss5 *s)
{
    const struct {
        uint64_t at;
        uint32_t bytes;
        const struct device_ops *ops;
        void *device;
        const char *name;
    } map[] = {
        {SS5_IOMMU, SUN4M_IOMMU_BYTES, &sun4m_iommu_ops, s->iommu, "iommu"},
        {SS5_APC, 0x10, &ss5_misc_ops, &s->misc.slot[MISC_APC], "apc"},
        {SS5_AFX, 4, &ss5_misc_ops, &s->misc.slot[MISC_AFX], "afx"},
        {SS5_OBIO + OBIO_KEYBOARD, Z8530_BYTES, &z8530_ops, s->keyboard, "keyboard"},
        {SS5_OBIO + OBIO_SERIAL, Z8530_BYTES, &z8530_ops, s->serial, "serial"},
        {SS5_OBIO + OBIO_NVRAM, M48T59_BYTES, &m48t59_ops, s->nvram, "nvram"},
        {SS5_OBIO + OBIO_CONFIG, 4, &ss5_misc_ops, &s->misc.slot[MISC_CONFIG], "configuration"},
        {SS5_OBIO + OBIO_AUX1, 4, &ss5_misc_ops, &s->misc.slot[MISC_AUX1], "aux1"},
        {SS5_OBIO + OBIO_AUX2, 4, &ss5_misc_ops, &s->misc.slot[MISC_AUX2], "aux2"},
        {SS5_OBIO + OBIO_DIAGNOSTIC, 4, &ss5_misc_ops, &s->misc.slot[MISC_DIAGNOSTIC],
         "diagnostic"},
        {SS5_OBIO + OBIO_CPU_TIMER, SLAVIO_TIMER_BYTES, &slavio_timer_ops, s->cpu_timer,
         "cpu timer"},
        {SS5_OBIO + OBIO_TIMER, SLAVIO_TIMER_BYTES, &slavio_timer_ops, s->timer, "timer"},
        {SS5_OBIO + OBIO_CPU_IRQ, SLAVIO_CPU_IRQ_BYTES, &slavio_cpu_irq_ops, s->irq,
         "cpu interrupts"},
        {SS5_OBIO + OBIO_IRQ, SLAVIO_SYSTEM_IRQ_BYTES, &slavio_system_irq_ops, s->irq,
         "interrupts"},
        {SS5_DMA, ESP_DMA_BYTES, &esp_dma_ops, s->scsi, "scsi dma"},
        {SS5_ESP, ESP_BYTES, &esp_ops, s->scsi, "scsi"},
        {SS5_OBIO + OBIO_SYSTEM, 4, &ss5_misc_ops, &s->misc.slot[MISC_SYSTEM], "system control"},
        {SS5_OBIO + OBIO_FLOPPY, 8, &ss5_misc_ops, &s->misc.slot[MISC_NOTHING], "floppy"},
        {SS5_ETHERNET_DMA, 0x10, &ss5_misc_ops, &s->misc.slot[MISC_NOTHING], "ethernet dma"},
        {SS5_FW_CFG, FW_CFG_MEMORY_BYTES, &fw_cfg_memory_ops, s->fw_cfg, "fw_cfg"},
    };
    _Static_assert(sizeof map / sizeof map[0] <= SLOTS, "slots");
    for (unsigned i = 0; i < sizeof map / sizeof map[0]; i++) {
        if (map[i].device == NULL)
            continue;
        s->slot[i] = (struct be_slot){map[i].ops, map[i].device};
        memory_add_device(s->vm, map[i].at, map[i].bytes, &be_bus_ops, &s->slot[i], map[i].name);
    }
}

/* ---- identification ------------------------------------------------------------------------------ */

/* The identification PROM (sun4m): format, machine, Ethernet address, date, serial number, checksum. */
static void identify(struct ss5 *s)
{
    static const uint8_t start[15] = {1, 0x80, 0x02, 0x54, 0x65, 0x74, 0x72, 0x61};
    uint8_t *id = s->prom.facts.idprom;
    memset(id, 0, IDPROM_BYTES);
    memcpy(id, start, sizeof start);
    for (unsigned i = 0; i < sizeof start; i++)
        id[sizeof start] ^= start[i];
    memcpy(m48t59_memory(s->nvram) + IDPROM_AT, id, IDPROM_BYTES);
}

/* ---- images and the CPU's entry state ------------------------------------------------------------ */

static void reset_cpu(struct ss5 *s)
{
    struct sparc_cpu *cpu = sparc_of(vm_cpu(s->vm));
    sparc_frontend.reset(&cpu->cpu);
    cpu->prom_base = SS5_ROM;
    cpu->hooks = &hooks;
    cpu->hooks_to = s;
}

/* As the PROM leaves the machine when it enters a client. */
static void enter_client(struct ss5 *s, uint32_t entry)
{
    struct sparc_cpu *cpu = sparc_of(vm_cpu(s->vm));
    slavio_irq_begin(s->irq);
    cpu->mmu.control = MMU_E;
    cpu->mmu.context_table = (uint32_t)((s->prom.phys + PROM_CONTEXTS) >> 4);
    cpu->mmu.context = 0;
    sparc_set_psr(cpu, BOOT_PSR);
    cpu->wim = 2;
    cpu->tbr = PROM_VA + PROM_TRAPS;
    *sparc_reg(cpu, 8) = PROM_VA + PROM_VECTOR;
    *sparc_reg(cpu, 14) = PROM_VA + PROM_STACK;
    sparc_set_pcs(cpu, entry, entry + 4);
}

static bool ss5_load(struct vm *vm, char *error, size_t size)
{
    struct ss5 *s = vm_board_data(vm);
    const struct vm_config *config = vm_configuration(s->vm);
    if (config->kernel.bytes == 0)
        return true;
    s->prom.vm = s->vm;
    s->prom.phys = s->ram_bytes - PROM_BYTES;
    s->prom.facts.ram_bytes = (uint32_t)s->ram_bytes;
    s->prom.facts.ram_available = (uint32_t)s->prom.phys;
    s->prom.facts.bootargs = config->append != NULL ? config->append : "";
    struct sparc_boot b = {.ram_bytes = s->prom.phys, .kernel_va = KERNEL_VA};
    if (!sparc_load_kernel(s->vm, &b, error, size) || !sparc_load_initrd(s->vm, &b, error, size))
        return false;
    snprintf(error, size, "the PROM cannot be built");
    if (!ss5_prom_build(&s->prom))
        return false;
    enter_client(s, b.entry);
    return true;
}

/* ---- the board ----------------------------------------------------------------------------------- */

static void ss5_destroy(struct vm *vm)
{
    struct ss5 *s = vm_board_data(vm);
    fw_cfg_delete(s->fw_cfg);
    esp_delete(s->scsi);
    sun4m_iommu_delete(s->iommu);
    m48t59_delete(s->nvram);
    z8530_delete(s->keyboard);
    z8530_delete(s->serial);
    slavio_timer_delete(s->timer);
    slavio_timer_delete(s->cpu_timer);
    slavio_irq_delete(s->irq);
}

static bool ss5_create(struct vm *vm, char *error, size_t size)
{
    const struct vm_config *config = vm_configuration(vm);
    struct ss5 *s = vm_board_data(vm);
    s->vm = vm;
    s->ram_bytes = board_memory(&board_ss5, vm);
    if (config->cpu != NULL && strcmp(config->cpu, "microsparc-ii") != 0) {
        snprintf(error, size, "the board \"ss5\" has the CPU microsparc-ii");
        return false;
    }
    if (!memory_add_ram(vm, SS5_RAM, s->ram_bytes))
        return board_no_memory(&board_ss5, vm, error, size);
    if (config->bios.bytes != 0 && !ss5_firmware_add(vm, error, size))
        return false;
    if (!create_devices(s))
        return false;
    map_devices(s);
    return true;
}

static void ss5_serve(struct vm *vm)
{
    struct ss5 *s = vm_board_data(vm);
    z8530_take_input(s->serial);
}

static void ss5_reset(struct vm *vm)
{
    struct ss5 *s = vm_board_data(vm);
    slavio_irq_reset(s->irq);
    slavio_timer_reset(s->cpu_timer);
    slavio_timer_reset(s->timer);
    z8530_reset(s->serial);
    z8530_reset(s->keyboard);
    sun4m_iommu_reset(s->iommu);
    esp_reset(s->scsi);
    ss5_misc_reset(&s->misc, vm);
    if (s->fw_cfg != NULL)
        fw_cfg_reset(s->fw_cfg);
    identify(s);
    reset_cpu(s);
}

const struct board board_ss5 = {
    .name = "ss5",
    .guest = "sparc",
    .description = "SPARCstation 5 (sun4m): SLAVIO, IOMMU, Z8530, ESP SCSI, M48T08, own PROM",
    .memory_min = 16 * MIB,
    .memory_max = 256 * MIB,
    .memory_default = 64 * MIB,
    .firmware_max = SS5_ROM_BYTES,
    .bytes = sizeof(struct ss5),
    .create = ss5_create,
    .load = ss5_load,
    .serve = ss5_serve,
    .reset = ss5_reset,
    .destroy = ss5_destroy,
};
