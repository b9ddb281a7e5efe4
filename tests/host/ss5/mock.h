/*
 * A VM without a CPU: what board.h and memory.h promise to devices and to the PROM, so that each can be
 * driven directly. Time stands still until the test moves it; guest addresses are physical ones, but
 * for the PROM's, which lie behind PROM_VA.
 */
#pragma once

#include "../frame/frame.h"

#include <translator/board.h>

#define RAM_BYTES 0x2000000u

struct vm {
    struct cpu cpu;
    struct vm_config config;
    uint8_t *ram;
    uint64_t now;
    struct vtimer *timers;
    enum vm_end end;
    char sent[256]; /* what the terminal got */
    unsigned sent_count;
    const char *typed; /* what the terminal has for the guest */
    struct terminal terminal;
};

struct vm *new_vm(void);
void delete_vm(struct vm *vm);
void pass(struct vm *vm, uint64_t ns);

/* A line that a test looks at. */
struct probe {
    bool level;
};
struct line probe_line(struct probe *p);

/* A disk in memory. */
#define DISK_BYTES 0x10000u
struct memory_disk {
    struct disk disk;
    uint8_t bytes[DISK_BYTES];
};
void memory_disk(struct memory_disk *d, bool cdrom);

static inline uint32_t get(const struct device_ops *ops, void *device, uint32_t offset,
                           unsigned size)
{
    return (uint32_t)ops->read(device, offset, size);
}
static inline void put(const struct device_ops *ops, void *device, uint32_t offset, unsigned size,
                       uint32_t value)
{
    ops->write(device, offset, size, value);
}

#define CHECK(name, condition) result(name, (condition), "line %d: %s", __LINE__, #condition)

void test_slavio(void);
void test_serial(void);
void test_clock(void);
void test_iommu(void);
void test_scsi(void);
void test_prom(void);
