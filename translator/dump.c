/*
 * What --dump and --stats print, and the report of a broken VM.
 *
 *   g  guest code of each block         i  IR as lifted; and after each pass, by its letter
 *   h  host code, as bytes              r  register assignment (the backend's own lines)
 *   e  each entry into translated code from the dispatcher, with the registers
 *   x  exceptions, interrupts           v  nothing printed: the IR is verified after each step
 *   w  windows: filled, flushed, begun, evicted; accesses that are the guest's exceptions
 *
 * Everything goes to the error stream. Host code is printed as `host ADDRESS: BYTES` lines, which
 * tools/dump-host turns into a disassembly.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <translator/machine.h>

#define TEXT        (256u << 10)
#define DISAS_BYTES 16 /* as long as an instruction may be */

bool dump_wants(const struct vm *vm, char letter)
{
    return vm->config.dump != NULL && strchr(vm->config.dump, letter) != NULL;
}

void dump_line(struct vm *vm, const char *line)
{
    (void)vm;
    fprintf(stderr, "%s\n", line);
}

void guest_disas(struct vm *vm, uint32_t pc, uint32_t mode, char *to, size_t size)
{
    uint8_t code[DISAS_BYTES] = {0};
    uint32_t at = pc & ~vm->frontend->pc_state;
    unsigned bytes = GUEST_PAGE - (at & ~GUEST_PAGE_MASK);
    if (bytes > sizeof code || guest_peek(vm->cpu, at, code, sizeof code))
        bytes = sizeof code;
    snprintf(to, size, "?");
    if (guest_peek(vm->cpu, at, code, bytes))
        vm->frontend->disas(pc, mode, code, bytes, to, size);
}

void dump_guest(struct vm *vm, const struct lift *l)
{
    if (!dump_wants(vm, 'g'))
        return;
    fprintf(stderr, "guest block %08x mode %x\n", l->pc, l->mode);
    for (unsigned n = 1; n <= vm->ir->count; n++) {
        const struct ir_ins *i = &vm->ir->ins[n];
        char text[128];
        if (i->op != IR_insn)
            continue;
        guest_disas(vm, (uint32_t)i->imm, l->mode, text, sizeof text);
        fprintf(stderr, "  %08x  %s\n", (uint32_t)i->imm, text);
    }
}

void dump_ir(struct vm *vm, char letter, const char *after)
{
    static char text[TEXT];
    if (!dump_wants(vm, letter))
        return;
    ir_print(vm->ir, text, sizeof text);
    fprintf(stderr, "IR after %s\n%s", after, text);
}

void dump_host(struct vm *vm, const struct block *b)
{
    if (!dump_wants(vm, 'h'))
        return;
    for (uint32_t at = 0; at < b->code_bytes; at += 16) {
        fprintf(stderr, "host %llx:", (unsigned long long)(uint64_t)(b->code + at));
        for (uint32_t n = at; n < at + 16 && n < b->code_bytes; n++)
            fprintf(stderr, " %02x", b->code[n]);
        fputs("\n", stderr);
    }
}

static const char *const reasons[] = {
    [EXIT_NONE] = "interrupt", [EXIT_UNDEFINED] = "undefined", [EXIT_CALL] = "call",
    [EXIT_BREAK] = "break",    [EXIT_FAULT] = "fault",         [EXIT_ALIGN] = "align",
    [EXIT_FETCH] = "fetch",
};

void dump_exception(struct vm *vm, enum exit_reason reason)
{
    const struct cpu *cpu = vm->cpu;
    if (!dump_wants(vm, 'x'))
        return;
    fprintf(stderr, "exit %s pc %08x va %08x status %x\n",
            reason < sizeof reasons / sizeof *reasons && reasons[reason] != NULL ? reasons[reason]
                                                                                 : "other",
            cpu->pc, cpu->fault_va, cpu->fault_status);
}

void dump_mmu(struct vm *vm)
{
    static const char *const texts[] = {
        [MMU_FILL] = "fill %08x map operations %llx", [MMU_FAULT] = "fault %08x status %llx",
        [MMU_NEW] = "window begun %.0u key %llx",     [MMU_EVICT] = "window evicted %.0u key %llx",
        [MMU_FLUSH] = "flush %.0u of %llx",           [MMU_FLUSH_PAGE] = "flush %08x of %llx",
    };
    struct mmu_log *l = vm->mmu_log;
    unsigned count = l->count < MMU_LOG ? l->count : MMU_LOG;
    for (unsigned n = 0; n < count; n++) {
        fputs("mmu ", stderr);
        fprintf(stderr, texts[l->note[n].what], l->note[n].va,
                (unsigned long long)l->note[n].value);
        fputs("\n", stderr);
    }
    if (l->count > count)
        fprintf(stderr, "mmu %u more\n", l->count - count);
    l->count = 0;
}

void dump_enter(struct vm *vm, const struct block *b)
{
    const struct cpu *cpu = vm->cpu;
    if (!dump_wants(vm, 'e'))
        return;
    fprintf(stderr, "enter %08x mode %x flags %02x%02x%02x", b->pc, b->mode, cpu->flags.nz,
            cpu->flags.c, cpu->flags.v);
    for (unsigned n = 0; n < 16; n++)
        fprintf(stderr, " %08x", cpu->reg[n]);
    fputs("\n", stderr);
}

void dump_stats(struct vm *vm)
{
    struct counts *c = &vm->counts;
    uint64_t all = vm_now() - vm->time_begun, known = c->translate_ns + c->run_ns + c->sleep_ns;
    c->other_ns = all > known ? all - known : 0;
#define COUNT(name, text) fprintf(stderr, "%14llu %s\n", (unsigned long long)c->name, text);
    VM_COUNTS
#undef COUNT
    if (vm->config.icount)
        fprintf(stderr, "%14llu guest instructions run\n", (unsigned long long)vtime_insns(vm));
}

void dump_broken(struct vm *vm)
{
    char text[2048] = "";
    vm->frontend->dump(vm->cpu, text, sizeof text);
    fprintf(stderr, "the translator stops this VM: %s\nguest pc %08x\n%s\n", vm->report,
            vm->cpu->pc, text);
    if (vm->broken_ip != 0)
        fprintf(stderr, "host vector %llu at %llx, address %llx\n",
                (unsigned long long)vm->broken_vector, (unsigned long long)vm->broken_ip,
                (unsigned long long)vm->broken_address);
    struct block *b = vm->broken_ip == 0 ? NULL : cache_by_host(vm, vm->broken_ip);
    if (b == NULL)
        return;
    fprintf(stderr, "in the block of guest %08x mode %x, at offset %llx\n", b->pc, b->mode,
            (unsigned long long)(vm->broken_ip - (uint64_t)b->code));
    for (uint32_t at = 0; at < b->code_bytes; at += 16) {
        fprintf(stderr, "host %llx:", (unsigned long long)(uint64_t)(b->code + at));
        for (uint32_t n = at; n < at + 16 && n < b->code_bytes; n++)
            fprintf(stderr, " %02x", b->code[n]);
        fputs("\n", stderr);
    }
}
