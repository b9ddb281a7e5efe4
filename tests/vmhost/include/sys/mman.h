/* Mapping memory, on vm.h (memory.c). Fixed addresses lie in the first FIXED_BYTES of the range that
 * vm_reserve hands out. */
#pragma once

#include <stddef.h>

#define PROT_NONE     0
#define PROT_READ     1
#define PROT_WRITE    2
#define PROT_EXEC     4
#define MAP_SHARED    1
#define MAP_PRIVATE   2
#define MAP_FIXED     16
#define MAP_ANONYMOUS 32
#define MAP_NORESERVE 64
#define MAP_FAILED    ((void *)-1)

void *mmap(void *at, size_t bytes, int protection, int flags, int file, long offset);
int mprotect(void *at, size_t bytes, int protection);
