/* What the frontend and the backends expect around them and these cases never use: page tables,
 * devices, time, windows. */
#include <stdio.h>
#include <stdlib.h>

#include <translator/backend.h>
#include <translator/board.h>

#include "flat.h"

extern const struct backend interp_backend, x86_64_backend;
const struct backend *const backends[] = {&interp_backend, &x86_64_backend, NULL};

static void unexpected(const char *what)
{
    printf("FAIL: %s was called, which no case should need\n", what);
    exit(1);
}

bool memory_table32(struct vm *vm, uint64_t phys, uint32_t *value)
{
    (void)vm, (void)phys, (void)value;
    unexpected("memory_table32");
    return false;
}

bool memory_table64(struct vm *vm, uint64_t phys, uint64_t *value)
{
    (void)vm, (void)phys, (void)value;
    unexpected("memory_table64");
    return false;
}

void window_flush(struct vm *vm, uint64_t mask, uint64_t match)
{
    (void)vm, (void)mask, (void)match;
}

void windows_complete(struct vm *vm)
{
    (void)vm;
}

void vm_redirect(struct cpu *cpu, enum exit_reason why)
{
    (void)cpu, (void)why;
}

unsigned redirected;

void vm_redirect_named(struct cpu *cpu, enum exit_reason why, uint64_t name, uint32_t mode)
{
    redirected++;
    (void)cpu, (void)why, (void)name, (void)mode;
}

void windows_switch_named(struct vm *vm, uint64_t name)
{
    (void)vm, (void)name;
}

void windows_view(struct vm *vm, uint32_t key, uint32_t mask)
{
    (void)vm, (void)key, (void)mask;
}

void windows_forget_near(struct vm *vm)
{
    (void)vm;
}

void windows_switch(struct vm *vm)
{
    (void)vm;
}

void window_flush_page(struct vm *vm, uint64_t mask, uint64_t match, uint32_t va)
{
    (void)vm, (void)mask, (void)match, (void)va;
}

bool memory_read(struct vm *vm, uint64_t phys, unsigned size, uint64_t *value)
{
    (void)vm, (void)phys, (void)size, (void)value;
    unexpected("memory_read");
    return false;
}

bool memory_write(struct vm *vm, uint64_t phys, unsigned size, uint64_t value)
{
    (void)vm, (void)phys, (void)size, (void)value;
    unexpected("memory_write");
    return false;
}

void *memory_ram(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    (void)vm, (void)phys, (void)bytes;
    return NULL;
}

void memory_written(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    (void)vm, (void)phys, (void)bytes;
}

uint64_t vm_time(struct vm *vm)
{
    (void)vm;
    return 0;
}

void vm_log(struct vm *vm, const char *format, ...)
{
    (void)vm, (void)format;
}
