/*
 * Guest memory: the physical map, the windows that translated code uses, and the slow path.
 *
 * Physical addresses are uint64_t. RAM is one or more pieces of a memory region that stay mapped
 * in the VM task (the alias); devices are read and write functions. C code never touches a window:
 * it walks and goes through the alias, so faults in a window come from translated code only.
 */
#pragma once

#include <translator/guest.h>

struct vm;

/* ---- physical map (memory.c) ------------------------------------------------------------------ */

/* A device's registers: offset from its base, size 1, 2, 4 or 8 bytes, naturally aligned or not. */
struct device_ops {
    uint64_t (*read)(void *device, uint32_t offset, unsigned size);
    void (*write)(void *device, uint32_t offset, unsigned size, uint64_t value);
};

/* Map bytes of guest RAM at phys; false and a logged sentence when memory is exhausted. */
bool memory_add_ram(struct vm *vm, uint64_t phys, uint64_t bytes);
/* Memory that the guest can read and not write (writes are ignored). */
bool memory_add_rom(struct vm *vm, uint64_t phys, const void *image, uint64_t bytes);
void memory_add_device(struct vm *vm, uint64_t phys, uint32_t bytes, const struct device_ops *ops,
                       void *device, const char *name);
/* Host address of guest RAM, for devices and loaders: at least `bytes` contiguous bytes from phys
 * or NULL. A write through it must be announced with memory_written (DMA). */
void *memory_ram(struct vm *vm, uint64_t phys, uint64_t bytes);
void memory_written(struct vm *vm, uint64_t phys, uint64_t bytes);
/* Read or write `size` (1, 2, 4, 8) bytes at a physical address, RAM or device, little-endian
 * value. False: nothing is there. */
bool memory_read(struct vm *vm, uint64_t phys, unsigned size, uint64_t *value);
bool memory_write(struct vm *vm, uint64_t phys, unsigned size, uint64_t value);
/* Page-table reads of a walk: 4 or 8 bytes of RAM; usable inside the fault upcall. */
bool memory_table32(struct vm *vm, uint64_t phys, uint32_t *value);
bool memory_table64(struct vm *vm, uint64_t phys, uint64_t *value);

/* ---- virtual accesses by C code --------------------------------------------------------------- */

/*
 * Access 1, 2, 4, 8 or 16 bytes at a virtual address with the rights of the current mode (kind:
 * enum access_kind), crossing pages where it must; both pages are checked before any byte is
 * written. False: cpu->fault_* are set and cpu->exit_request = EXIT_FAULT. The value is in guest
 * memory order (little-endian number); helpers of big-endian accesses swap it themselves.
 */
bool guest_load(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint64_t value[2]);
bool guest_store(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind,
                 const uint64_t value[2]);
/* Host address of the byte at va, for helpers that move many, and how many follow it in its page; NULL: it is no
 * RAM, or the access (kind) faults. Right until anything else is accessed. */
uint8_t *guest_span(struct cpu *cpu, uint32_t va, unsigned kind, unsigned *bytes);
/* For debuggers: no side effects, any mode's rights; false where nothing is mapped or a device. */
bool guest_peek(struct cpu *cpu, uint32_t va, void *to, unsigned bytes);
bool guest_poke(struct cpu *cpu, uint32_t va, const void *from, unsigned bytes);

/* ---- windows: what a frontend says of its translation caches (window.c) ------------------------ */

/* Forget mappings in windows whose key & mask == match: all of them, or those of the entry that
 * covers va (a page, or a larger one it was filled from). */
void window_flush(struct vm *vm, uint64_t mask, uint64_t match);
void window_flush_page(struct vm *vm, uint64_t mask, uint64_t match, uint32_t va);
/* The guest waits until its flushes are complete. */
void windows_complete(struct vm *vm);
/* The guest's mode or process changed: choose windows by the frontend's keys, load the CPU's bases
 * and tables. A helper may call it if `main` stays the same. */
void windows_switch(struct vm *vm);
/* The same, sooner, where the name of the keys is known. */
void windows_switch_named(struct vm *vm, uint64_t name);
/* The instruction cache was invalidated. Nothing needs doing for code in RAM, which is tracked. */
