/*
 * A VM without a CPU (vm.h): time, timers in order, lines, what a test looks at. RAM and the CPU are the
 * boards' own; each test brings memory_add_ram, memory_add_rom and memory_ram.
 */
#include "vm.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- time --------------------------------------------------------------------------------------- */

uint64_t vm_time(struct vm *vm)
{
    return vm->now += vm->lag;
}

void vtimer_add(struct vm *vm, struct vtimer *t)
{
    t->when = UINT64_MAX;
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
    vm->now = vm->now > until ? vm->now : until;
}

/* ---- the VM --------------------------------------------------------------------------------------- */

void cpu_line(struct vm *vm, enum cpu_line which, bool level)
{
    vm->lines = level ? vm->lines | which : vm->lines & ~(unsigned)which;
}

void vm_end(struct vm *vm, enum vm_end how)
{
    vm->end = how;
    vm->ends++;
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

/* ---- memory --------------------------------------------------------------------------------------- */

void memory_add_device(struct vm *vm, uint64_t phys, uint32_t bytes, const struct device_ops *ops,
                       void *device, const char *name)
{
    (void)name;
    vm->range[vm->ranges++] = (struct range){phys, bytes, ops, device};
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
