/*
 * The device tree of the board `virt`: only what is there, each under the name and with the numbers
 * that QEMU's board of the same name gives it.
 */
#include <translator/boards/virt.h>

#include <stdio.h>

#include <translator/devices/psci.h>

enum { PHANDLE_CLOCK = 0x8000, PHANDLE_CPU = 0x8001, PHANDLE_GIC = 0x8002 };

/* Interrupt specifiers of the GIC binding: kind, number, flags. */
enum { SPI = 0, PPI = 1 };
enum { EDGE = 1, LEVEL = 4, ONE_CPU = 0x100 /* bits 15:8: the CPUs of a PPI */ };

/* Begin a node called name@address with one range of registers. */
static void device(struct fdt *f, const char *name, uint64_t address, uint64_t bytes)
{
    char full[48];
    snprintf(full, sizeof full, "%s@%llx", name, (unsigned long long)address);
    fdt_node(f, full);
    fdt_reg(f, address, bytes);
}

static void spi(struct fdt *f, uint32_t number, uint32_t flags)
{
    fdt_cells(f, "interrupts", (const uint32_t[]){SPI, number, flags}, 3);
}

static void cpus(struct fdt *f, const char *cpu)
{
    fdt_node(f, "cpus");
    fdt_cell(f, "#address-cells", 1);
    fdt_cell(f, "#size-cells", 0);
    fdt_node(f, "cpu@0");
    fdt_string(f, "device_type", "cpu");
    fdt_string(f, "compatible", cpu);
    fdt_cell(f, "reg", 0);
    fdt_cell(f, "phandle", PHANDLE_CPU);
    fdt_end_node(f);
    fdt_end_node(f);
}

static void firmware(struct fdt *f)
{
    fdt_node(f, "psci");
    fdt_strings(f, "compatible", "arm,psci-1.0|arm,psci-0.2|arm,psci");
    fdt_string(f, "method", "hvc");
    fdt_cell(f, "cpu_suspend", PSCI_CPU_SUSPEND);
    fdt_cell(f, "cpu_off", PSCI_CPU_OFF);
    fdt_cell(f, "cpu_on", PSCI_CPU_ON);
    fdt_cell(f, "migrate", PSCI_MIGRATE);
    fdt_end_node(f);
}

static void timer(struct fdt *f)
{
    static const uint8_t ppis[] = {VIRT_PPI_SECURE, VIRT_PPI_PHYSICAL, VIRT_PPI_VIRTUAL,
                                   VIRT_PPI_HYP};
    uint32_t cells[12];
    for (unsigned i = 0; i < 4; i++) {
        cells[3 * i] = PPI;
        cells[3 * i + 1] = ppis[i];
        cells[3 * i + 2] = ONE_CPU | LEVEL;
    }
    fdt_node(f, "timer");
    fdt_string(f, "compatible", "arm,armv7-timer");
    fdt_empty(f, "always-on");
    fdt_cells(f, "interrupts", cells, 12);
    fdt_end_node(f);
}

static void interrupt_controller(struct fdt *f)
{
    fdt_node(f, "intc@8000000");
    fdt_cells(f, "reg",
              (const uint32_t[]){0, VIRT_GIC_DIST, 0, 0x10000, 0, VIRT_GIC_CPU, 0, 0x10000}, 8);
    fdt_string(f, "compatible", "arm,cortex-a15-gic");
    fdt_empty(f, "interrupt-controller");
    fdt_cell(f, "#interrupt-cells", 3);
    fdt_cell(f, "phandle", PHANDLE_GIC);
    fdt_end_node(f);
}

static void primecells(struct fdt *f)
{
    fdt_node(f, "apb-pclk");
    fdt_string(f, "compatible", "fixed-clock");
    fdt_cell(f, "#clock-cells", 0);
    fdt_cell(f, "clock-frequency", VIRT_UART_CLOCK);
    fdt_string(f, "clock-output-names", "clk24mhz");
    fdt_cell(f, "phandle", PHANDLE_CLOCK);
    fdt_end_node(f);

    device(f, "pl011", VIRT_UART, 0x1000);
    fdt_strings(f, "compatible", "arm,pl011|arm,primecell");
    spi(f, VIRT_SPI_UART, LEVEL);
    fdt_cells(f, "clocks", (const uint32_t[]){PHANDLE_CLOCK, PHANDLE_CLOCK}, 2);
    fdt_strings(f, "clock-names", "uartclk|apb_pclk");
    fdt_end_node(f);

    device(f, "pl031", VIRT_RTC, 0x1000);
    fdt_strings(f, "compatible", "arm,pl031|arm,primecell");
    spi(f, VIRT_SPI_RTC, LEVEL);
    fdt_cell(f, "clocks", PHANDLE_CLOCK);
    fdt_string(f, "clock-names", "apb_pclk");
    fdt_end_node(f);
}

static void virtio(struct fdt *f)
{
    for (uint32_t i = 0; i < VIRTIO_SLOTS; i++) {
        device(f, "virtio_mmio", VIRT_VIRTIO + i * VIRTIO_SLOT_BYTES, VIRTIO_SLOT_BYTES);
        fdt_string(f, "compatible", "virtio,mmio");
        spi(f, VIRT_SPI_VIRTIO + i, EDGE);
        fdt_empty(f, "dma-coherent");
        fdt_end_node(f);
    }
}

size_t virt_tree(const char *cpu, const struct fdt_changes *changes, void *to, size_t size)
{
    struct fdt tree, *f = &tree;
    fdt_start(f, to, size);
    fdt_string(f, "compatible", "linux,dummy-virt");
    fdt_string(f, "model", "linux,dummy-virt");
    fdt_cell(f, "#address-cells", 2);
    fdt_cell(f, "#size-cells", 2);
    fdt_cell(f, "interrupt-parent", PHANDLE_GIC);

    fdt_node(f, "chosen");
    fdt_string(f, "stdout-path", "/pl011@9000000");
    fdt_chosen(f, changes);
    fdt_end_node(f);

    device(f, "memory", changes->memory_base, changes->memory_bytes);
    fdt_string(f, "device_type", "memory");
    fdt_end_node(f);

    cpus(f, cpu);
    firmware(f);
    timer(f);
    interrupt_controller(f);
    primecells(f);
    virtio(f);
    return fdt_finish(f);
}
