/*
 * A VM without a CPU: what board.h and memory.h promise to devices, so that each can be driven
 * directly. Time stands still until the test moves it.
 */
#pragma once

#include "../frame/frame.h"

#include <frontends/arm/arm_cpu.h>
#include <translator/board.h>

#define RAM_BASE 0x40000000ull

struct range {
    uint64_t phys;
    uint32_t bytes;
    const struct device_ops *ops;
    void *device;
};

struct vm {
    struct arm_cpu cpu;
    struct vm_config config;
    uint8_t *ram;
    uint64_t ram_bytes;
    uint64_t now;
    struct vtimer *timers;
    unsigned lines; /* enum cpu_line */
    enum vm_end end;
    unsigned logs;
    char log[256]; /* the last one */
    void *board;
    struct range range[16];
    unsigned ranges;
    uint64_t written; /* bytes announced by memory_written */
};

/* A fresh VM with that much RAM (0: none yet); delete_vm frees RAM and structure. */
struct vm *new_vm(uint64_t ram_bytes);
void delete_vm(struct vm *vm);
/* Move time on, and let timers expire in order. */
void pass(struct vm *vm, uint64_t ns);

/* A line that a test looks at. */
struct probe {
    bool level;
    unsigned rises;
};
struct line probe_line(struct probe *p);

/* Register accesses of 32 bits. */
uint32_t get(const struct device_ops *ops, void *device, uint32_t offset);
void put(const struct device_ops *ops, void *device, uint32_t offset, uint32_t value);

/* Put numbers into guest RAM and take them out. */
void poke16(struct vm *vm, uint64_t phys, uint16_t v);
void poke32(struct vm *vm, uint64_t phys, uint32_t v);
void poke64(struct vm *vm, uint64_t phys, uint64_t v);
uint16_t peek16(struct vm *vm, uint64_t phys);
uint32_t peek32(struct vm *vm, uint64_t phys);

#define CHECK(name, condition) result(name, (condition), "line %d: %s", __LINE__, #condition)

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
