/* Loading x86 kernels without firmware: Linux (Documentation/arch/x86/boot.rst, 32-bit protocol) and
 * Multiboot 1 (specification 0.6.96). */
#pragma once

#include <translator/boards/pc.h>

/* RAM as the kernel is to be told of it (types of ACPI's E820: 1 usable, 2 reserved). */
struct x86_range {
    uint64_t first, bytes;
    uint32_t type;
};
#define X86_RANGES 8u
struct x86_boot {
    uint64_t memory; /* bytes of RAM, from 0 on */
    struct x86_range range[X86_RANGES];
    unsigned ranges;
    uint32_t rsdp; /* where the RSDP is */
};

/* Whether the image is a Multiboot kernel; if not it is taken for Linux. */
bool multiboot_detect(const struct vm_image *kernel);
/* Put kernel, RAM disk and command line of the configuration into memory and say how to enter it. False:
 * a sentence in error. */
bool multiboot_load(struct vm *vm, const struct x86_boot *b, struct pc_entry *e, char *error,
                    size_t size);
bool linux_load(struct vm *vm, const struct x86_boot *b, struct pc_entry *e, char *error,
                size_t size);
/* Copy to guest RAM, or (from NULL) clear it; false: not all of it is RAM. */
bool x86_place_bytes(struct vm *vm, uint64_t phys, const void *from, uint64_t bytes);
