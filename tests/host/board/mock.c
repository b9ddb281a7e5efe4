/* The VM without a CPU (mock.h). */
#include "mock.h"

#include <stdlib.h>
#include <string.h>

struct vm *new_vm(uint64_t ram_bytes)
{
    struct arm_vm *arm = calloc(1, sizeof *arm);
    struct vm *vm = &arm->vm;
    vm->config.append = "";
    arm->cpu.cpsr = MODE_SVC;
    if (ram_bytes != 0)
        memory_add_ram(vm, RAM_BASE, ram_bytes);
    return vm;
}

void delete_vm(struct vm *vm)
{
    free(vm->ram);
    free(vm);
}

/* ---- the CPU ---------------------------------------------------------------------------------------- */

struct cpu *vm_cpu(struct vm *vm)
{
    return &mock_cpu(vm)->cpu;
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

void *memory_ram(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    if (phys - RAM_BASE >= vm->ram_bytes || bytes > vm->ram_bytes - (phys - RAM_BASE))
        return NULL;
    return vm->ram + (phys - RAM_BASE);
}

/* ---- for tests ------------------------------------------------------------------------------------ */

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
