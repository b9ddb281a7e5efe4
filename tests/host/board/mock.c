/* The VM without a CPU (mock.h). */
#include "mock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vm *new_vm(uint64_t ram_bytes)
{
    struct vm *vm = calloc(1, sizeof *vm);
    vm->config.append = "";
    vm->cpu.cpsr = MODE_SVC;
    if (ram_bytes != 0)
        memory_add_ram(vm, RAM_BASE, ram_bytes);
    return vm;
}

void delete_vm(struct vm *vm)
{
    free(vm->ram);
    free(vm);
}

/* ---- time --------------------------------------------------------------------------------------- */

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
    uint64_t until = vm->now + ns;
    for (unsigned rounds = 0; rounds < 100000; rounds++) {
        struct vtimer *first = NULL;
        for (struct vtimer *t = vm->timers; t != NULL; t = t->next)
            if (t->when <= until && (first == NULL || t->when < first->when))
                first = t;
        if (first == NULL)
            break;
        if (first->when > vm->now)
            vm->now = first->when;
        first->when = UINT64_MAX;
        first->expired(first->device);
    }
    vm->now = until;
}

/* ---- the VM --------------------------------------------------------------------------------------- */

void cpu_line(struct vm *vm, enum cpu_line which, bool level)
{
    vm->lines = level ? vm->lines | which : vm->lines & ~(unsigned)which;
}

void vm_end(struct vm *vm, enum vm_end how)
{
    vm->end = how;
}

struct cpu *vm_cpu(struct vm *vm)
{
    return &vm->cpu.cpu;
}

const struct vm_config *vm_configuration(struct vm *vm)
{
    return &vm->config;
}

void *vm_board_data(struct vm *vm)
{
    return vm->board;
}

void vm_set_board_data(struct vm *vm, void *data)
{
    vm->board = data;
}

void vm_log(struct vm *vm, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(vm->log, sizeof vm->log, format, list);
    va_end(list);
    vm->logs++;
}

uint64_t wall_clock(void)
{
    return 1000000000;
}

static void reset_mock_cpu(struct cpu *cpu)
{
    arm_of(cpu)->cpsr = MODE_SVC | CPSR_I | CPSR_F | CPSR_A;
}

const struct frontend arm_frontend = {.name = "arm", .reset = reset_mock_cpu};

/* ---- memory --------------------------------------------------------------------------------------- */

bool memory_add_ram(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    vm->ram = phys == RAM_BASE ? calloc(1, bytes) : NULL;
    vm->ram_bytes = bytes;
    return vm->ram != NULL;
}

bool memory_add_rom(struct vm *vm, uint64_t phys, const void *image, uint64_t bytes)
{
    (void)vm, (void)image;
    return phys == 0 && bytes != 0;
}

void memory_add_device(struct vm *vm, uint64_t phys, uint32_t bytes, const struct device_ops *ops,
                       void *device, const char *name)
{
    (void)name;
    vm->range[vm->ranges++] = (struct range){phys, bytes, ops, device};
}

void *memory_ram(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    if (phys - RAM_BASE >= vm->ram_bytes || bytes > vm->ram_bytes - (phys - RAM_BASE))
        return NULL;
    return vm->ram + (phys - RAM_BASE);
}

void memory_written(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    (void)phys;
    vm->written += bytes;
}

/* ---- for tests ------------------------------------------------------------------------------------ */

static void probe_set(void *to, unsigned number, bool level)
{
    struct probe *p = to;
    (void)number;
    p->rises += level && !p->level;
    p->level = level;
}

struct line probe_line(struct probe *p)
{
    return (struct line){probe_set, p, 0};
}

uint32_t get(const struct device_ops *ops, void *device, uint32_t offset)
{
    return (uint32_t)ops->read(device, offset, 4);
}

void put(const struct device_ops *ops, void *device, uint32_t offset, uint32_t value)
{
    ops->write(device, offset, 4, value);
}

void poke16(struct vm *vm, uint64_t phys, uint16_t v)
{
    memcpy(memory_ram(vm, phys, sizeof v), &v, sizeof v);
}

void poke32(struct vm *vm, uint64_t phys, uint32_t v)
{
    memcpy(memory_ram(vm, phys, sizeof v), &v, sizeof v);
}

void poke64(struct vm *vm, uint64_t phys, uint64_t v)
{
    memcpy(memory_ram(vm, phys, sizeof v), &v, sizeof v);
}

uint16_t peek16(struct vm *vm, uint64_t phys)
{
    uint16_t v;
    memcpy(&v, memory_ram(vm, phys, sizeof v), sizeof v);
    return v;
}

uint32_t peek32(struct vm *vm, uint64_t phys)
{
    uint32_t v;
    memcpy(&v, memory_ram(vm, phys, sizeof v), sizeof v);
    return v;
}
