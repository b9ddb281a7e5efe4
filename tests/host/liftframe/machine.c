/* Translating as translate.c does, running with the interpreter, memory.h with nothing behind it. */
#include "machine.h"

#include <backends/interp/interp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <translator/board.h>

uint8_t machine_memory[MEMORY];
unsigned machine_limit = 32;
bool machine_passes = true, machine_counted;
struct machine_flush machine_flushes;
unsigned machine_user_accesses;
static const struct lift_guest *guest;
static struct cpu *the_cpu;
static uint32_t code_end;

/* ---- memory.h and board.h --------------------------------------------------------------------- */

static bool reach(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind)
{
    if ((kind & ACCESS_USER) != 0)
        machine_user_accesses++;
    if (va < MEMORY && size <= MEMORY - va)
        return true;
    cpu->fault_va = va;
    cpu->fault_kind = kind;
    cpu->fault_status = guest->fault_status;
    cpu->exit_request = EXIT_FAULT;
    return false;
}

bool guest_load(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint64_t value[2])
{
    if (!reach(cpu, va, size, kind))
        return false;
    value[0] = value[1] = 0;
    memcpy(value, machine_memory + va, size);
    return true;
}

bool guest_store(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind,
                 const uint64_t value[2])
{
    if (!reach(cpu, va, size, kind))
        return false;
    memcpy(machine_memory + va, value, size);
    return true;
}

uint8_t *guest_span(struct cpu *cpu, uint32_t va, unsigned kind, unsigned *bytes)
{
    (void)cpu, (void)kind;
    *bytes = GUEST_PAGE - (va & ~GUEST_PAGE_MASK);
    return va < MEMORY ? machine_memory + va : NULL;
}

bool memory_table32(struct vm *vm, uint64_t phys, uint32_t *value)
{
    (void)vm;
    if (phys + 4 > MEMORY)
        return false;
    memcpy(value, machine_memory + phys, 4);
    return true;
}

bool memory_table64(struct vm *vm, uint64_t phys, uint64_t *value)
{
    (void)vm;
    if (phys + 8 > MEMORY)
        return false;
    memcpy(value, machine_memory + phys, 8);
    return true;
}

void window_flush(struct vm *vm, uint64_t mask, uint64_t match)
{
    (void)vm;
    machine_flushes.count++;
    machine_flushes.mask = mask;
    machine_flushes.match = match;
}

void windows_complete(struct vm *vm)
{
    (void)vm;
}

void vm_redirect(struct cpu *cpu, enum exit_reason why)
{
    (void)cpu, (void)why;
}

void vm_redirect_named(struct cpu *cpu, enum exit_reason why, uint64_t name, uint32_t mode)
{
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
    window_flush(vm, mask, match);
    machine_flushes.pages++;
    machine_flushes.va = va;
}

void *memory_ram(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    (void)vm;
    return phys + bytes <= MEMORY ? machine_memory + phys : NULL;
}

void memory_written(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    (void)vm, (void)phys, (void)bytes;
}

bool memory_read(struct vm *vm, uint64_t phys, unsigned size, uint64_t *value)
{
    *value = 0;
    const void *at = memory_ram(vm, phys, size);
    if (at != NULL)
        memcpy(value, at, size);
    return at != NULL;
}

bool memory_write(struct vm *vm, uint64_t phys, unsigned size, uint64_t value)
{
    void *at = memory_ram(vm, phys, size);
    if (at != NULL)
        memcpy(at, &value, size);
    return at != NULL;
}

uint64_t vm_time(struct vm *vm)
{
    (void)vm;
    return 1000;
}

void vm_log(struct vm *vm, const char *format, ...)
{
    (void)vm, (void)format;
}

/* ---- translating ------------------------------------------------------------------------------ */

static bool fetch(struct lift *l, uint32_t va, unsigned bytes, uint32_t *code)
{
    if (va + bytes > code_end || (va >> 12) - (l->pc >> 12) > 1)
        return false;
    *code = 0;
    memcpy(code, machine_memory + va, bytes);
    return true;
}

static void *allocated[64];
static unsigned allocations;

static void *allocate(struct compile *c, size_t bytes)
{
    (void)c;
    if (allocations == 64)
        return NULL;
    return allocated[allocations++] = calloc(1, bytes);
}

static void check(const struct ir_block *ir, const char *when)
{
    static char text[200000];
    char error[200];
    if (ir_verify(ir, error, sizeof error))
        return;
    ir_print(ir, text, sizeof text);
    printf("FAIL %s: after %s: %s\n%s\n", guest->test, when, error, text);
    exit(1);
}

static bool translate(struct block *b)
{
    static struct ir_block ir;
    struct lift l = {.cpu = the_cpu,
                     .ir = &ir,
                     .pc = the_cpu->pc,
                     .mode = guest->frontend->mode(the_cpu),
                     .limit = machine_limit,
                     .counted = machine_counted,
                     .fetch = fetch};
    ir_start(&ir);
    guest->frontend->lift(&l);
    check(&ir, "lift");
    for (const struct ir_pass *p = ir_passes; machine_passes && p->run != NULL; p++) {
        p->run(&ir);
        check(&ir, p->name);
    }
    *b = (struct block){.pc = l.pc, .mode = l.mode, .phys = l.pc & ~guest->not_address};
    b->insns = (uint16_t)ir.insns;
    struct compile c = {.ir = &ir,
                        .block = b,
                        .frontend = guest->frontend,
                        .cpu = the_cpu,
                        .room = 1 << 20,
                        .alloc = allocate};
    return interp_backend.compile(&c) != 0;
}

/* ---- running ---------------------------------------------------------------------------------- */

void machine_clear(const struct lift_guest *g, struct cpu *cpu, size_t bytes)
{
    static struct jump_entry jumps[JUMP_ENTRIES];
    static struct fetch_entry fetches[FETCH_ENTRIES];
    guest = g;
    the_cpu = cpu;
    jumps_clear(jumps);
    memset(cpu, 0, bytes);
    memset(machine_memory, 0, sizeof machine_memory);
    memset(&machine_flushes, 0, sizeof machine_flushes);
    machine_user_accesses = 0;
    cpu->jumps = jumps;
    cpu->fetch = fetches;
    g->frontend->reset(cpu);
}

enum exit_reason machine_run(uint32_t end)
{
    code_end = end;
    for (unsigned steps = 0; steps < 1000; steps++) {
        struct block b;
        struct block_exit *exit = NULL;
        if (guest->ended(the_cpu, end))
            return EXIT_NONE;
        bool good = translate(&b);
        enum exit_reason why = good ? interp_backend.enter(the_cpu, &b, &exit) : EXIT_DEBUG;
        flags_settle(the_cpu);
        the_cpu->exit_request = EXIT_NONE;
        if (why == EXIT_LINK)
            the_cpu->pc = exit->pc;
        while (allocations > 0)
            free(allocated[--allocations]);
        if (why != EXIT_LINK && why != EXIT_LOOKUP && why != EXIT_CHECK && why != EXIT_STATE)
            return why;
    }
    return EXIT_DEBUG;
}

void machine_put(uint32_t address, uint32_t value)
{
    value = guest->big_endian ? __builtin_bswap32(value) : value;
    memcpy(machine_memory + address, &value, 4);
}

uint32_t machine_get(uint32_t address)
{
    uint32_t v;
    memcpy(&v, machine_memory + address, 4);
    return guest->big_endian ? __builtin_bswap32(v) : v;
}
