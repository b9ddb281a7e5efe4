/* What the frontend asks of the parts of the translator that are not here: nothing of it happens in
 * user mode. */
#include <stdarg.h>
#include <stdio.h>

#include <translator/board.h>
#include <translator/machine.h>
#include <translator/ports.h>

void vm_log(struct vm *vm, const char *format, ...)
{
    va_list list;
    (void)vm;
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("\n");
}

void vm_end(struct vm *vm, enum vm_end how)
{
    (void)vm, (void)how;
}

uint64_t vm_time(struct vm *vm)
{
    (void)vm;
    return 0;
}

uint32_t ports_read(struct vm *vm, unsigned port, unsigned size)
{
    (void)vm, (void)port, (void)size;
    return 0;
}

void ports_write(struct vm *vm, unsigned port, unsigned size, uint32_t value)
{
    (void)vm, (void)port, (void)size, (void)value;
}

void window_flush(struct vm *vm, uint64_t mask, uint64_t match)
{
    (void)vm, (void)mask, (void)match;
}

void window_flush_page(struct vm *vm, uint64_t mask, uint64_t match, uint32_t va)
{
    (void)vm, (void)mask, (void)match, (void)va;
}

void windows_complete(struct vm *vm)
{
    (void)vm;
}

void vm_redirect_named(struct cpu *cpu, enum exit_reason why, uint64_t name, uint32_t mode)
{
    (void)cpu, (void)why, (void)name, (void)mode;
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

bool memory_table32(struct vm *vm, uint64_t phys, uint32_t *value)
{
    (void)vm, (void)phys, (void)value;
    return false;
}

bool memory_table64(struct vm *vm, uint64_t phys, uint64_t *value)
{
    (void)vm, (void)phys, (void)value;
    return false;
}

__attribute__((weak)) bool guest_peek(struct cpu *cpu, uint32_t va, void *to, unsigned bytes)
{
    (void)cpu, (void)va, (void)to, (void)bytes;
    return false;
}
