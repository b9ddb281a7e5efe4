/*
 * A VM without a CPU: what board.h and memory.h promise to devices, so that each can be driven directly.
 * Time stands still until the test moves it, or goes on by `lag` each time a device asks for it, as on a
 * busy machine. A test's own VM begins with this one.
 */
#pragma once

#include "../frame/frame.h"

#include <translator/board.h>
#include <translator/memory.h>

struct range {
    uint64_t phys;
    uint32_t bytes;
    const struct device_ops *ops;
    void *device;
};

struct vm {
    struct vm_config config;
    uint8_t *ram;
    uint64_t ram_bytes;
    uint64_t now, lag;
    struct vtimer *timers;
    unsigned lines; /* enum cpu_line */
    enum vm_end end;
    unsigned ends, logs;
    char log[256]; /* the last one */
    void *board;
    struct range range[16];
    unsigned ranges;
    uint64_t written; /* bytes announced by memory_written */
};

/* Move time on, and let timers expire in order. */
void pass(struct vm *vm, uint64_t ns);

/* A line that a test looks at. */
struct probe {
    bool level;
    unsigned rises;
};
struct line probe_line(struct probe *p);

#define CHECK(name, condition) result(name, (condition), "line %d: %s", __LINE__, #condition)
