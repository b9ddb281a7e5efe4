/*
 * Where the board `pc` meets the x86 frontend: reset, hooks, A20, and the state loaders leave.
 */
#include <translator/boards/pc.h>

#include <frontends/x86/x86_cpu.h>

#define A20_OFF 0xffefffffu

static const struct x86_board_hooks hooks = {pc_acknowledge, pc_apic_base, pc_ferr, pc_shutdown};

void pc_cpu_reset(struct vm *vm)
{
    struct x86_cpu *c = x86_of(vm_cpu(vm));
    x86_reset(&c->cpu);
    c->hooks = &hooks;
}

bool pc_cpu_choose(struct vm *vm, const char *name)
{
    return x86_choose_model(x86_of(vm_cpu(vm)), name);
}

void pc_cpu_enter(struct vm *vm, const struct pc_entry *e)
{
    struct x86_cpu *c = x86_of(vm_cpu(vm));
    if (e->firmware)
        return;
    x86_flat_start(&c->cpu, e->eip, e->cs, e->ds);
    c->gdtr = (struct x86_table){PC_GDT, 31};
    c->cpu.reg[X86_EAX] = e->eax;
    c->cpu.reg[X86_EBX] = e->ebx;
    c->cpu.reg[X86_ESI] = e->esi;
    c->cpu.reg[X86_ESP] = e->esp;
}

void pc_cpu_a20(struct vm *vm, bool enabled)
{
    struct x86_cpu *c = x86_of(vm_cpu(vm));
    uint32_t mask = enabled ? ~0u : A20_OFF;
    if (c->a20 == mask)
        return;
    c->a20 = mask;
    x86_paging_changed(c, true); /* windows show other memory now */
}

void pc_cpu_nmi(struct vm *vm)
{
    struct x86_cpu *c = x86_of(vm_cpu(vm));
    c->nmi = true;
    c->cpu.attention = 1;
}
