/* Loading Linux for sun4m machines, as its boot loader SILO leaves it. */
#pragma once

#include <translator/board.h>

struct sparc_boot {
    uint64_t ram_bytes; /* given: what the guest may use, from 0 */
    uint32_t kernel_va; /* given: where RAM is mapped for the kernel */
    uint32_t entry;
    uint64_t kernel_end;
};

/* Put vm_configuration's kernel (ELF) into RAM. False: a sentence in error. */
bool sparc_load_kernel(struct vm *vm, struct sparc_boot *b, char *error, size_t size);
/* Put the initial RAM disk behind it, and say so in the kernel's header; after sparc_load_kernel. */
bool sparc_load_initrd(struct vm *vm, struct sparc_boot *b, char *error, size_t size);
