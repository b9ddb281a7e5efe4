/* Page-table entries (Intel SDM vol. 3, 4.5, table 4-19 ff.), and the boot-time functions of
 * paging.c. */
#pragma once

#include "kernel.h"

#define PTE_PRESENT  0x001ULL
#define PTE_WRITE    0x002ULL
#define PTE_USER     0x004ULL
#define PTE_PWT      0x008ULL
#define PTE_PCD      0x010ULL
#define PTE_ACCESSED 0x020ULL
#define PTE_DIRTY    0x040ULL
#define PTE_LARGE    0x080ULL /* in a leaf table: PAT, which is not used */
#define PTE_GLOBAL   0x100ULL
#define PTE_ADDRESS  0x000ffffffffff000ULL
#define PTE_NX       (1ULL << 63)

/* Make the kernel's top table; then map into it; then use it. */
void kernel_space_start(void);
void kernel_space_map(uint64_t va, uint64_t physical, uint64_t bytes, uint64_t bits);
void kernel_space_load(void);
/* Give a space its own tables behind TSS_WINDOW (0: the common ones). */
void space_set_tss_table(struct space *s, uint64_t physical);
