/*
 * Creation and end of a virtual machine, and what boards and the program may ask of it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <translator/boards/boards.h>
#include <translator/machine.h>
#include <translator/ports.h>

#define HELPER_STACK   (256u << 10) /* below struct cpu: the stack of helpers */
#define UPCALL_STACK   (64u << 10)
#define LOG_PER_SECOND 20

static const struct frontend *find_frontend(const char *name)
{
    for (unsigned n = 0; frontends[n] != NULL; n++)
        if (strcmp(frontends[n]->name, name) == 0)
            return frontends[n];
    return NULL;
}

static const struct backend *find_backend(const char *name)
{
    for (unsigned n = 0; backends[n] != NULL; n++)
        if (strcmp(backends[n]->name, name) == 0)
            return backends[n];
    return NULL;
}

/* The board of that name; without a name, the first for the guest. */
static const struct board *find_board(const char *guest, const char *name)
{
    for (unsigned n = 0; boards[n] != NULL; n++)
        if (strcmp(boards[n]->guest, guest) == 0 &&
            (name == NULL || strcmp(boards[n]->name, name) == 0))
            return boards[n];
    return NULL;
}

static bool choose_parts(struct vm *vm, char *error, size_t size)
{
    struct vm_config *c = &vm->config;
    vm->frontend = find_frontend(c->guest);
    if (vm->frontend == NULL) {
        snprintf(error, size, "guest \"%s\" is not supported", c->guest);
        return false;
    }
    vm->board = find_board(c->guest, c->board);
    if (vm->board == NULL) {
        snprintf(error, size, "guest \"%s\" has no board \"%s\"", c->guest,
                 c->board == NULL ? "" : c->board);
        return false;
    }
    vm->backend = find_backend(c->backend == NULL ? "x86_64" : c->backend);
    if (vm->backend == NULL) {
        snprintf(error, size, "backend \"%s\" is not known", c->backend);
        return false;
    }
    if (c->memory == 0)
        c->memory = vm->board->memory_default;
    return true;
}

static bool make_cpu(struct vm *vm)
{
    size_t bytes = HELPER_STACK + ((vm->frontend->cpu_bytes + 63) & ~(size_t)63);
    vm->cpu_memory = aligned_alloc(64, bytes);
    vm->ir = malloc(sizeof *vm->ir);
    vm->upcall_stack = malloc(UPCALL_STACK);
    vm->no_upcall = calloc(1, sizeof *vm->no_upcall);
    if (vm->cpu_memory == NULL || vm->ir == NULL || vm->upcall_stack == NULL ||
        vm->no_upcall == NULL)
        return false;
    memset(vm->cpu_memory, 0, bytes);
    vm->cpu = (struct cpu *)((uint8_t *)vm->cpu_memory + HELPER_STACK);
    vm->upcall = vm->no_upcall;
    vm->cpu->vm = vm;
    vm->cpu->mxcsr = 0x1f80;
    return true;
}

struct vm *vm_create(const struct vm_config *config, char *error, size_t size)
{
    struct vm *vm = calloc(1, sizeof *vm);
    if (vm == NULL) {
        snprintf(error, size, "no memory for the VM");
        return NULL;
    }
    vm->config = *config;
    vm->time_start = vm_now();
    if (!choose_parts(vm, error, size)) {
        free(vm);
        return NULL;
    }
    vm->verify = dump_wants(vm, 'v');
    vm->site_generation = 1;
    if (!make_cpu(vm) || vm_notification_create(&vm->event) != OK || !windows_start(vm) ||
        !cache_start(vm) || !debug_start(vm)) {
        snprintf(error, size, "no memory for the translator");
        vm_delete(vm);
        return NULL;
    }
    vm->frontend->reset(vm->cpu);
    if (!board_start(vm->board, vm, error, size)) {
        vm_delete(vm);
        return NULL;
    }
    return vm;
}

/* Register the calling thread's guest range, so that faults of translated code come to us. */
static bool enter_thread(struct vm *vm)
{
    uint64_t lo = 0, hi = 0;
    vm->thread = vm_thread_self();
    vm_bind(vm->event, 1);
    vm->backend->range(&lo, &hi);
    if (lo == hi)
        return true;
    if (vm_upcall_register(upcall_handler, lo, hi, vm->upcall_stack, UPCALL_STACK, &vm->upcall) !=
        OK)
        return false;
    vm->upcall->reserved[0] = (uint64_t)vm;
    vm->cpu->pending = &vm->upcall->pending;
    return true;
}

static void leave_thread(struct vm *vm)
{
    vm_bind(0, 0);
    if (vm->upcall != vm->no_upcall)
        vm_upcall_unregister();
    vm->upcall = vm->no_upcall;
    vm->cpu->pending = &vm->no_upcall->pending;
}

enum vm_end vm_run(struct vm *vm)
{
    vm->time_begun = vm_now();
    if (!enter_thread(vm)) {
        vm_log(vm, "the system does not take the upcall registration");
        return VM_BROKEN;
    }
    if (__builtin_setjmp(vm->broken_jump) == 0)
        run(vm);
    else
        vm->ending = VM_BROKEN;
    leave_thread(vm);
    flush_output(vm);
    if (vm->config.stats)
        dump_stats(vm);
    return (enum vm_end)vm->ending;
}

bool vm_reset(struct vm *vm, const struct vm_config *config, char *error, size_t size)
{
    vm->config.kernel = config->kernel;
    vm->config.initrd = config->initrd;
    vm->config.bios = config->bios;
    vm->config.dtb = config->dtb;
    vm->config.vga_bios = config->vga_bios;
    memcpy(vm->config.seed, config->seed, sizeof config->seed);
    for (unsigned n = 0; n < vm->windows.count; n++)
        window_empty(vm, &vm->windows.window[n]);
    cache_flush(vm);
    vm->again.valid = false;
    vm->cpu->halted = false;
    vm->ending = VM_RUNNING;
    return board_reset(vm->board, vm, error, size);
}

void vm_broken(struct vm *vm, const char *what)
{
    unsigned done;
    if (what != NULL)
        snprintf(vm->report, sizeof vm->report, "%s", what);
    if (vm->upcall->active) {
        vm->backend->escape(&vm->upcall->regs, EXIT_BROKEN, NULL, NULL);
        vm_upcall_return(0, &done);
    }
    dump_broken(vm);
    __builtin_longjmp(vm->broken_jump, 1);
}

void vm_end(struct vm *vm, enum vm_end how)
{
    vm->ending = how;
    vm->cpu->attention = 1;
    vm_signal(vm->event, 1);
}

void vm_attend(struct vm *vm)
{
    __atomic_store_n(&vm->attend, 1, __ATOMIC_SEQ_CST);
    vm->cpu->attention = 1;
    vm_signal(vm->event, 1);
}

static void free_memory(struct vm *vm)
{
    for (struct ram *r = vm->ram, *next; r != NULL; r = next) {
        next = r->next;
        vm_region_delete(r->region);
        vm_unreserve(r->alias, r->bytes);
        free(r->pages);
        free(r);
    }
    for (struct device_range *d = vm->devices, *next; d != NULL; d = next) {
        next = d->next;
        free(d);
    }
}

void vm_delete(struct vm *vm)
{
    board_delete(vm->board, vm);
    for (unsigned n = 0; n < vm->windows.count; n++)
        window_empty(vm, &vm->windows.window[n]);
    windows_stop(vm);
    cache_stop(vm);
    debug_stop(vm);
    free_memory(vm);
    if (vm->event != 0)
        vm_notification_delete(vm->event);
    free(vm->cpu_memory);
    free(vm->ir);
    free(vm->upcall_stack);
    free(vm->no_upcall);
    free(vm);
}

struct cpu *vm_cpu(struct vm *vm)
{
    return vm->cpu;
}

const struct vm_config *vm_configuration(struct vm *vm)
{
    return &vm->config;
}

void *vm_board_data(struct vm *vm)
{
    return vm->board_data;
}

void vm_set_board_data(struct vm *vm, void *data)
{
    vm->board_data = data;
}

struct port_map **vm_ports(struct vm *vm)
{
    return &vm->ports;
}

void cpu_line(struct vm *vm, enum cpu_line which, bool level)
{
    struct cpu *cpu = vm->cpu;
    if (level) {
        cpu->lines |= which;
        cpu->attention = 1;
    } else {
        cpu->lines &= ~(uint32_t)which;
    }
}

void vm_log(struct vm *vm, const char *format, ...)
{
    uint64_t second = vm_now() / 1000000000;
    va_list args;
    if (second != vm->log_second)
        vm->log_second = second, vm->log_lines = 0;
    if (vm->log_lines++ >= LOG_PER_SECOND)
        return;
    fprintf(stderr, "%s: ", vm->config.guest);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\n", stderr);
}
