/* The VM without a CPU (mock.h). */
#include "mock.h"

#include <stdlib.h>
#include <string.h>

#include <translator/boards/ss5.h>

static void terminal_write(struct terminal *t, const void *bytes, size_t count)
{
    struct vm *vm = t->private;
    for (size_t i = 0; i < count && vm->sent_count < sizeof vm->sent - 1; i++)
        vm->sent[vm->sent_count++] = ((const char *)bytes)[i];
}

static size_t terminal_read(struct terminal *t, void *to, size_t size)
{
    struct vm *vm = t->private;
    size_t n = strlen(vm->typed) < size ? strlen(vm->typed) : size;
    memcpy(to, vm->typed, n);
    vm->typed += n;
    return n;
}

struct vm *new_vm(void)
{
    struct vm *vm = calloc(1, sizeof *vm);
    vm->ram = calloc(1, RAM_BYTES);
    vm->typed = "";
    vm->terminal = (struct terminal){.write = terminal_write, .read = terminal_read, .private = vm};
    vm->config.terminal = &vm->terminal;
    vm->cpu.vm = vm;
    return vm;
}

void delete_vm(struct vm *vm)
{
    free(vm->ram);
    free(vm);
}

uint64_t vm_time(struct vm *vm)
{
    return vm->now;
}

void vtimer_add(struct vm *vm, struct vtimer *t)
{
    t->next = vm->timers;
    vm->timers = t;
}

void vtimer_arm(struct vm *vm, struct vtimer *t, uint64_t when)
{
    (void)vm;
    t->when = when;
}

void pass(struct vm *vm, uint64_t ns)
{
    vm->now += ns;
    for (struct vtimer *t = vm->timers; t != NULL; t = t->next)
        if (t->when <= vm->now) {
            t->when = UINT64_MAX;
            t->expired(t->device);
        }
}

struct cpu *vm_cpu(struct vm *vm)
{
    return &vm->cpu;
}

const struct vm_config *vm_configuration(struct vm *vm)
{
    return &vm->config;
}

void vm_end(struct vm *vm, enum vm_end how)
{
    vm->end = how;
}

void vm_log(struct vm *vm, const char *format, ...)
{
    (void)vm, (void)format;
}

void *memory_ram(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    return phys < RAM_BYTES && bytes <= RAM_BYTES - phys ? vm->ram + phys : NULL;
}

void memory_written(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    (void)vm, (void)phys, (void)bytes;
}

static uint8_t *guest(struct cpu *cpu, uint32_t va, unsigned bytes)
{
    uint64_t phys = va >= PROM_VA ? va - PROM_VA + RAM_BYTES - PROM_BYTES : va;
    return memory_ram(cpu->vm, phys, bytes);
}

bool guest_peek(struct cpu *cpu, uint32_t va, void *to, unsigned bytes)
{
    const uint8_t *from = guest(cpu, va, bytes);
    if (from != NULL)
        memcpy(to, from, bytes);
    return from != NULL;
}

bool guest_poke(struct cpu *cpu, uint32_t va, const void *from, unsigned bytes)
{
    uint8_t *to = guest(cpu, va, bytes);
    if (to != NULL)
        memcpy(to, from, bytes);
    return to != NULL;
}

static void probe_set(void *to, unsigned number, bool level)
{
    struct probe *p = to;
    (void)number;
    p->level = level;
}

struct line probe_line(struct probe *p)
{
    return (struct line){probe_set, p, 0};
}

static bool disk_read(struct disk *d, uint64_t offset, void *to, size_t count)
{
    struct memory_disk *m = d->private;
    if (offset > DISK_BYTES || count > DISK_BYTES - offset)
        return false;
    memcpy(to, m->bytes + offset, count);
    return true;
}

static bool disk_write(struct disk *d, uint64_t offset, const void *from, size_t count)
{
    struct memory_disk *m = d->private;
    if (offset > DISK_BYTES || count > DISK_BYTES - offset)
        return false;
    memcpy(m->bytes + offset, from, count);
    return true;
}

static bool disk_flush(struct disk *d)
{
    (void)d;
    return true;
}

void memory_disk(struct memory_disk *d, bool cdrom)
{
    d->disk = (struct disk){.bytes = DISK_BYTES,
                            .cdrom = cdrom,
                            .read = disk_read,
                            .write = disk_write,
                            .flush = disk_flush,
                            .private = d};
    for (unsigned i = 0; i < DISK_BYTES; i++)
        d->bytes[i] = (uint8_t)(i / 512 + i);
}
