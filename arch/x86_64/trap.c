/*
 * Exceptions and interrupts, after entry.S has saved the registers. Also what a panic prints about
 * a trap in the kernel.
 */
#include <cpu.h>

#include "emergency.h"
#include "entry.h"
#include "machine.h"
#include "port.h"

void trap_from_user(struct thread *t, uint64_t vector, uint64_t error);
void trap_from_kernel(const struct trap_frame *f);

const struct trap_frame *panic_frame;

_Static_assert(offsetof(struct counters, irets) == COUNTERS_IRETS &&
                   offsetof(struct counters, nmis) == COUNTERS_NMIS,
               "entry.S");

static void interrupt(uint64_t vector)
{
    if (vector == VECTOR_SPURIOUS)
        return;
    /* A level-triggered line is masked before the end of interrupt, or it would come again. */
    if (vector == VECTOR_TIMER)
        sched_tick();
    else
        irq_arrived((unsigned)vector);
    apic_eoi();
}

void trap_from_user(struct thread *t, uint64_t vector, uint64_t error)
{
    uint64_t address = vector == FAULT_PAGE ? read_cr2() : 0;
    counters.entries++;
    if (cpu0.measuring)
        measure_start((unsigned)vector + 0x100);
    if (vector >= 32)
        interrupt(vector);
    else if (vector == 18)
        panic("machine check");
    else
        fault(t, vector, error, address);
}

void trap_from_kernel(const struct trap_frame *f)
{
    if (f->vector >= 32) {
        interrupt(f->vector);
        return;
    }
    panic_frame = f;
    panic("exception %lu in the kernel, error %lx, address %lx", f->vector, f->error, read_cr2());
}

/* Let interrupts in. STI takes effect after the next instruction. */
void port_interrupt_window(void)
{
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

void port_idle(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* ---- panics -------------------------------------------------------------------------------------- */

static void print_registers(const struct trap_frame *f)
{
    const struct {
        const char *name;
        uint64_t value;
    } regs[] = {
        {"rax", f->rax}, {"rbx", f->rbx},    {"rcx", f->rcx},     {"rdx", f->rdx},
        {"rsi", f->rsi}, {"rdi", f->rdi},    {"rbp", f->rbp},     {"rsp", f->rsp},
        {"r8", f->r8},   {"r9", f->r9},      {"r10", f->r10},     {"r11", f->r11},
        {"r12", f->r12}, {"r13", f->r13},    {"r14", f->r14},     {"r15", f->r15},
        {"rip", f->rip}, {"rfl", f->rflags}, {"cr2", read_cr2()}, {"cr3", read_cr3()},
    };
    for (unsigned i = 0; i < sizeof regs / sizeof *regs; i++)
        emergency_printf("%s=%lx%c", regs[i].name, regs[i].value, i % 4 == 3 ? '\n' : ' ');
}

static bool on_kernel_stack(uint64_t p)
{
    return p % 8 == 0 && p >= KERNEL_BASE && p < 0xfffffffffffff000ULL;
}

void port_panic_dump(void)
{
    uint64_t frame = (uint64_t)__builtin_frame_address(0);
    if (cpu0.current)
        emergency_printf("thread %p, user rip %lx rsp %lx rax %lx\n", (void *)cpu0.current,
                         cpu0.current->regs.rip, cpu0.current->regs.gpr[REG_RSP],
                         cpu0.current->regs.gpr[REG_RAX]);
    emergency_puts("called from:\n");
    if (panic_frame) {
        print_registers(panic_frame);
        panic_address(panic_frame->rip);
        frame = panic_frame->rbp;
    }
    for (unsigned i = 0; i < 16 && on_kernel_stack(frame); i++) {
        const uint64_t *f = (const uint64_t *)frame;
        if (!f[1])
            break;
        panic_address(f[1]);
        frame = f[0];
    }
}

void port_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}
