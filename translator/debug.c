/*
 * The debugger (gdb.c) and the state trace, as the dispatcher meets them.
 *
 * Both act between blocks only, where everything is in memory and cpu->pc is exact. While the guest
 * is stopped its virtual time stands still. A step is a translation of one instruction that is
 * thrown away afterwards: nothing is linked to it, its computed jump finds an empty table, no
 * interrupt is taken; so that the debugger sees the next instruction and not a handler.
 *
 * A trace line is written when the instruction count is what was asked for: the instruction budget
 * is never larger than the distance to the next one (debug_next_count), so the count is met exactly.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <translator/gdb.h>
#include <translator/machine.h>

#define NAMES "<reg name=\""

/* The first count from `now` on at which a line is due, or the end. */
static uint64_t next_count(const struct vm_trace *t, uint64_t now)
{
    uint64_t from = now < t->from ? t->from : now, rest = from % t->every;
    uint64_t next = rest == 0 ? from : from - rest + t->every;
    return next < t->to ? next : t->to;
}

bool debug_start(struct vm *vm)
{
    const struct vm_trace *t = vm->config.trace;
    vm->trace_next = UINT64_MAX;
    if (t != NULL)
        vm->trace_next = next_count(t, 0);
    if (dump_wants(vm, 'w') && (vm->mmu_log = calloc(1, sizeof *vm->mmu_log)) == NULL)
        return false;
    if (vm->config.gdb == NULL)
        return true;
    vm->gdb = gdb_create(vm, vm->config.gdb);
    vm->no_jumps = calloc(JUMP_ENTRIES, sizeof *vm->no_jumps);
    if (vm->gdb == NULL || vm->no_jumps == NULL)
        return false;
    jumps_clear(vm->no_jumps);
    return true;
}

void debug_stop(struct vm *vm)
{
    if (vm->gdb != NULL)
        gdb_delete(vm->gdb);
    free(vm->no_jumps);
    free(vm->mmu_log);
}

bool debug_breakpoint(const struct vm *vm, uint32_t pc)
{
    return vm->gdb != NULL && !vm->stepping && gdb_breakpoint(vm->gdb, pc);
}

/* ---- the state trace ---------------------------------------------------------------------------- */

static uint64_t registers_hash(struct vm *vm)
{
    uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a */
    uint8_t value[16];
    for (unsigned n = 0; n < vm->frontend->gdb_registers; n++) {
        unsigned size = vm->frontend->gdb_read(vm->cpu, n, value);
        for (unsigned k = 0; k < size; k++)
            h = (h ^ value[k]) * 0x100000001b3ULL;
    }
    return h;
}

/* " NAME=VALUE" of each register, named as in the target description. */
static size_t print_registers(struct vm *vm, char *to, size_t size)
{
    const char *name = vm->frontend->gdb_xml;
    size_t at = 0;
    for (unsigned n = 0; n < vm->frontend->gdb_registers && at < size; n++) {
        uint8_t bytes[16];
        uint64_t value = 0;
        unsigned count = vm->frontend->gdb_read(vm->cpu, n, bytes);
        memcpy(&value, bytes, count < sizeof value ? count : sizeof value);
        name = strstr(name, NAMES);
        if (name == NULL)
            break;
        name += strlen(NAMES);
        at += (size_t)snprintf(to + at, size - at, " %.*s=%llx", (int)(strchr(name, '"') - name),
                               name, (unsigned long long)value);
    }
    return at < size ? at : size;
}

static void print_insn(struct vm *vm, char *to, size_t size)
{
    struct cpu *cpu = vm->cpu;
    char text[128];
    guest_disas(vm, cpu->pc, vm->frontend->mode(cpu), text, sizeof text);
    snprintf(to, size, " insn=%s", text);
}

static void trace_line(struct vm *vm, const struct vm_trace *t, uint64_t count)
{
    char line[3072];
    size_t at = (size_t)snprintf(line, sizeof line, "%llu %016llx %x", (unsigned long long)count,
                                 (unsigned long long)registers_hash(vm),
                                 vm->cpu->pc & ~vm->frontend->pc_state);
    if (t->full) {
        at += print_registers(vm, line + at, sizeof line - at);
        print_insn(vm, line + at, sizeof line - at);
    }
    t->line(t->file, line);
}

static void trace(struct vm *vm)
{
    const struct vm_trace *t = vm->config.trace;
    uint64_t now = vtime_insns(vm);
    if (now < vm->trace_next)
        return;
    if (now % t->every == 0 && now >= t->from)
        trace_line(vm, t, now);
    if (now >= t->to)
        vm_end(vm, VM_STOPPED);
    vm->trace_next = next_count(t, now + 1);
}

uint64_t debug_next_count(const struct vm *vm)
{
    return vm->trace_next;
}

/* ---- the debugger ------------------------------------------------------------------------------- */

/* One instruction, or the exception it leads to. */
static void step(struct vm *vm)
{
    struct cpu *cpu = vm->cpu;
    vm->stepping = true;
    cpu->halted = false; /* waiting for an interrupt may end at any time */
    while (vm->ending == VM_RUNNING) {
        uint64_t bits;
        vm_poll(vm->event, &bits);
        vm->upcall->pending = 0;
        if (vm->config.trace != NULL)
            trace(vm);
        vtime_run(vm); /* with icount: allows at least one instruction */
        cpu->attention = 0;
        if (run_one(vm))
            break;
    }
    vm->stepping = false;
}

static enum gdb_resume talk(struct vm *vm, enum gdb_why why)
{
    uint64_t begun = vm_now();
    flush_output(vm);
    enum gdb_resume how = gdb_stopped(vm->gdb, why);
    windows_switch(vm); /* registers may have been written */
    vm->time_start += vm_now() - begun;
    vm->time_armed = 0;
    return how;
}

void debug_stopped(struct vm *vm, unsigned why)
{
    enum gdb_resume how;
    while ((how = talk(vm, (enum gdb_why)why)) == GDB_STEP && vm->ending == VM_RUNNING) {
        step(vm);
        why = GDB_STEPPED;
    }
    if (how == GDB_KILL)
        vm_end(vm, VM_STOPPED);
    vm->cpu->attention = 1;
}

void debug_wait(struct vm *vm)
{
    if (vm->gdb != NULL && vm->config.gdb_wait)
        vm->config.gdb->wait(vm->config.gdb);
}

void debug_attend(struct vm *vm)
{
    if (vm->config.trace != NULL)
        trace(vm);
    if (vm->gdb != NULL && vm->ending == VM_RUNNING && gdb_wants(vm->gdb))
        debug_stopped(vm, GDB_INTERRUPTED);
}
