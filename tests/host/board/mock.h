/* An ARM machine without a running CPU: devframe/vm.h with the state of a CPU, and RAM at RAM_BASE. */
#pragma once

#include "../devframe/vm.h"

#include <frontends/arm/arm_cpu.h>

#define RAM_BASE 0x40000000ull

struct arm_vm {
    struct vm vm; /* first: the two convert */
    struct arm_cpu cpu;
};
static inline struct arm_cpu *mock_cpu(struct vm *vm)
{
    return &((struct arm_vm *)vm)->cpu;
}

/* A fresh VM with that much RAM (0: none yet); delete_vm frees RAM and structure. */
struct vm *new_vm(uint64_t ram_bytes);
void delete_vm(struct vm *vm);

/* Register accesses of 32 bits. */
uint32_t get(const struct device_ops *ops, void *device, uint32_t offset);
void put(const struct device_ops *ops, void *device, uint32_t offset, uint32_t value);

/* Put numbers into guest RAM and take them out. */
void poke16(struct vm *vm, uint64_t phys, uint16_t v);
void poke32(struct vm *vm, uint64_t phys, uint32_t v);
void poke64(struct vm *vm, uint64_t phys, uint64_t v);
uint16_t peek16(struct vm *vm, uint64_t phys);
uint32_t peek32(struct vm *vm, uint64_t phys);

/* Is dtc there, and its reading of a blob as text: "" if it refuses or warns of structure; static. */
bool dtc_there(void);
const char *dtc_reads(const void *tree, size_t bytes);

/* Rounds of tests with random damage are divided by this. */
extern unsigned rounds_divisor;

void test_gic(void);
void test_pl011(void);
void test_pl031(void);
void test_timer(void);
void test_psci(void);
void test_virtio(void);
void test_fdt(void);
void test_loader(void);
void test_board(void);
