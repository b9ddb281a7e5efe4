/*
 * Loading kernels for ARM machines: images, and where everything goes (Linux
 * Documentation/arm/booting.rst).
 */
#pragma once

#include <translator/board.h>

struct arm_boot {
    uint64_t ram, ram_bytes; /* given */
    uint32_t entry;          /* with the T bit */
    uint64_t kernel_end;     /* the kernel uses RAM up to here before it reads the device tree */
    uint64_t initrd, initrd_end;
    uint64_t dtb; /* DTB_ROOM bytes of room */
};
#define DTB_ROOM 0x40000u

/* Put vm_configuration's kernel into RAM: zImage, ELF or raw. False: a sentence in error. */
bool arm_load_kernel(struct vm *vm, struct arm_boot *b, char *error, size_t size);
/* Choose the device tree's place and load the initial RAM disk; after arm_load_kernel. */
bool arm_load_initrd(struct vm *vm, struct arm_boot *b, char *error, size_t size);
