/*
 * A VM without a CPU: what board.h, memory.h and pc.h promise to devices. Time stands still until the
 * test moves it. RAM is one piece from 0 on, so that loaders can be looked at.
 */
#pragma once

#include "../frame/frame.h"

#include <stdlib.h>
#include <string.h>

#include <translator/board.h>
#include <translator/boards/pc.h>
#include <translator/ports.h>

struct range {
    uint64_t phys;
    uint32_t bytes;
    const struct device_ops *ops;
    void *device;
};

struct vm {
    struct vm_config config;
    struct port_map *ports;
    uint8_t *ram;
    uint64_t ram_bytes;
    uint64_t now;
    struct vtimer *timers;
    unsigned lines; /* enum cpu_line */
    enum vm_end end;
    unsigned ends, logs, nmis;
    char log[256]; /* the last one */
    void *board;
    struct range range[16];
    unsigned ranges;
    struct pc_entry entry;
    bool a20;
};

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

uint8_t in8(struct vm *vm, unsigned port);
uint16_t in16(struct vm *vm, unsigned port);
uint32_t in32(struct vm *vm, unsigned port);
void out8(struct vm *vm, unsigned port, unsigned value);
void out16(struct vm *vm, unsigned port, unsigned value);
void out32(struct vm *vm, unsigned port, uint32_t value);
/* A register in memory: 32 bits at a physical address. */
uint32_t get32(struct vm *vm, uint64_t phys);
void put32(struct vm *vm, uint64_t phys, uint32_t value);

/* A terminal that keeps what is written, and gives what `input` says. */
struct screen {
    struct terminal terminal;
    char output[65536];
    size_t count;
    const char *input;
};
void screen_start(struct screen *s);

/* A disk in memory, with the number of each 512 bytes in their first eight. */
struct memory_disk {
    struct disk disk;
    uint8_t *bytes;
    uint64_t bad; /* a sector that cannot be read or written, or UINT64_MAX */
    unsigned flushes;
};
void disk_start(struct memory_disk *d, unsigned sectors);
void disk_end(struct memory_disk *d);

/* A whole PC; kernel or firmware is set in vm->config before. */
#define RAM_MIB 8u
bool new_pc(struct vm *vm);

#define CHECK(name, condition) result(name, (condition), "line %d: %s", __LINE__, #condition)

void test_pic(void);
void test_pit(void);
void test_rtc(void);
void test_serial(void);
void test_keyboard(void);
void test_pci(void);
void test_ide(void);
void test_cdrom(void);
void test_apic(void);
void test_vga(void);
void test_boot(void);
