/* The ARM board `virt`: its memory map and interrupts, shared by virt.c and virt_tree.c. */
#pragma once

#include <translator/boards/fdt.h>
#include <translator/boards/linux_arm.h>
#include <translator/devices/virtio_mmio.h>

/* clang-format off */
#define VIRT_FLASH        0x00000000u /* firmware, if any; read only */
#define VIRT_FLASH_BYTES  0x08000000u
#define VIRT_GIC_DIST     0x08000000u
#define VIRT_GIC_CPU      0x08010000u
#define VIRT_UART         0x09000000u
#define VIRT_RTC          0x09010000u
#define VIRT_VIRTIO       0x0a000000u /* 32 slots of 512 bytes */
#define VIRT_RAM          0x40000000u

#define VIRT_SPI_UART     1u
#define VIRT_SPI_RTC      2u
#define VIRT_SPI_VIRTIO   16u         /* and following, one a slot */
#define VIRT_PPI_HYP      10u
#define VIRT_PPI_VIRTUAL  11u
#define VIRT_PPI_SECURE   13u
#define VIRT_PPI_PHYSICAL 14u

#define VIRT_UART_CLOCK   24000000u
/* clang-format on */

/* Build the device tree at `to`; its length, 0 if it does not fit. cpu: compatible string. */
size_t virt_tree(const char *cpu, const struct fdt_changes *changes, void *to, size_t size);
