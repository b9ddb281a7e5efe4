/*
 * A PC without a CPU: devframe/vm.h with I/O ports and what pc.h promises. RAM is one piece from 0 on,
 * so that loaders can be looked at.
 */
#pragma once

#include "../devframe/vm.h"

#include <stdlib.h>
#include <string.h>

#include <translator/boards/pc.h>
#include <translator/ports.h>

struct pc_vm {
    struct vm vm; /* first: the two convert */
    struct port_map *ports;
    struct pc_entry entry;
    unsigned nmis;
    bool a20;
};
static inline struct pc_vm *pc_vm(struct vm *vm)
{
    return (struct pc_vm *)vm;
}

struct vm *new_vm(uint64_t ram_bytes);
void delete_vm(struct vm *vm);

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
