/* Exceptions: what each writes where (B1.8, B1.9), from A32 and T32, in both descriptor formats; and
 * coming back. */
#include "machine.h"

#include "../frame/frame.h"

/* One entry: the reason, with pc at PC_AT. */
#define PC_AT 0x8010u
#define VBAR  0x2000u

static const struct {
    const char *name;
    enum exit_reason reason;
    bool thumb;
    uint32_t mode, vector, lr, masks;
} entries[] = {
    {"undefined A32", EXIT_UNDEFINED, false, MODE_UND, 0x04, PC_AT + 4, CPSR_I},
    {"undefined T32", EXIT_UNDEFINED, true, MODE_UND, 0x04, PC_AT + 2, CPSR_I},
    {"svc A32", EXIT_CALL, false, MODE_SVC, 0x08, PC_AT, CPSR_I},
    {"svc T32", EXIT_CALL, true, MODE_SVC, 0x08, PC_AT, CPSR_I},
    {"prefetch abort A32", EXIT_FETCH, false, MODE_ABT, 0x0c, PC_AT + 4, CPSR_I | CPSR_A},
    {"prefetch abort T32", EXIT_FETCH, true, MODE_ABT, 0x0c, PC_AT + 4, CPSR_I | CPSR_A},
    {"breakpoint", EXIT_BREAK, true, MODE_ABT, 0x0c, PC_AT + 4, CPSR_I | CPSR_A},
    {"data abort A32", EXIT_FAULT, false, MODE_ABT, 0x10, PC_AT + 8, CPSR_I | CPSR_A},
    {"data abort T32", EXIT_FAULT, true, MODE_ABT, 0x10, PC_AT + 8, CPSR_I | CPSR_A},
    {"alignment", EXIT_ALIGN, false, MODE_ABT, 0x10, PC_AT + 8, CPSR_I | CPSR_A},
};

static void prepare(bool thumb)
{
    machine_reset();
    arm_set_cpsr(&machine, CPSR_N | CPSR_C | (thumb ? CPSR_T : 0) | MODE_USR, ~0u);
    machine.cpu.pc = PC_AT | thumb;
    machine.cpu.reg[13] = 0x1111;
    machine.cpu.reg[14] = 0x2222;
    machine.bank_sp[BANK_UND] = machine.bank_sp[BANK_SVC] = machine.bank_sp[BANK_ABT] = 0x3333;
    machine.cp15.vbar = VBAR;
    machine.it = thumb ? 0x18 : 0;
    machine.exclusive_valid = 4;
}

static void check_entry(unsigned n, uint32_t sctlr)
{
    prepare(entries[n].thumb);
    machine.cp15.sctlr |= sctlr;
    uint32_t old = arm_cpsr(&machine), new;
    arm_deliver(&machine.cpu, entries[n].reason);
    new = arm_cpsr(&machine);
    uint32_t base = (sctlr & SCTLR_V) != 0 ? 0xffff0000 : VBAR;
    bool te = (sctlr & SCTLR_TE) != 0, ee = (sctlr & SCTLR_EE) != 0;
    bool good = machine.spsr == old && machine.cpu.reg[14] == entries[n].lr &&
                machine.cpu.reg[13] == 0x3333 && machine.bank_sp[BANK_USR] == 0x1111 &&
                machine.bank_lr[BANK_USR] == 0x2222 && machine.exclusive_valid == 0 &&
                machine.it == 0 && machine.cpu.pc == ((base + entries[n].vector) | te);
    uint32_t want = entries[n].mode | entries[n].masks | CPSR_N | CPSR_C | (te ? CPSR_T : 0) |
                    (ee ? CPSR_E : 0);
    result("armlift exception", good && new == want, "%s: cpsr %x not %x, lr %x, pc %x",
           entries[n].name, (unsigned)new, (unsigned)want, (unsigned)machine.cpu.reg[14],
           (unsigned)machine.cpu.pc);
}

/* Fault status and address registers. */
static const struct {
    const char *name;
    enum exit_reason reason;
    bool extended;
    uint32_t status, kind, dfsr, ifsr;
} statuses[] = {
    {"short write", EXIT_FAULT, false, 0x17, ACCESS_WRITE, 0x817, 0},
    {"short read", EXIT_FAULT, false, 0x1f, ACCESS_READ, 0x01f, 0},
    {"short nothing there", EXIT_FAULT, false, WALK_NOTHING, ACCESS_WRITE, 0x808, 0},
    {"short external", EXIT_FAULT, false, 0, ACCESS_READ, 0x008, 0},
    {"short alignment", EXIT_ALIGN, false, 0, ACCESS_WRITE, 0x801, 0},
    {"short fetch", EXIT_FETCH, false, 0x17, ACCESS_FETCH, 0, 0x007},
    {"short breakpoint", EXIT_BREAK, false, 0, 0, 0, 0x002},
    {"long write", EXIT_FAULT, true, 0x207, ACCESS_WRITE, 0xa07, 0},
    {"long external", EXIT_FAULT, true, 0, ACCESS_READ, 0x210, 0},
    {"long alignment", EXIT_ALIGN, true, 0, ACCESS_READ, 0x221, 0},
    {"long fetch", EXIT_FETCH, true, 0x20f, ACCESS_FETCH, 0, 0x20f},
    {"long breakpoint", EXIT_BREAK, true, 0, 0, 0, 0x222},
};

static void check_status(unsigned n)
{
    prepare(false);
    if (statuses[n].extended)
        machine.cp15.ttbcr = TTBCR_EAE;
    machine.cpu.fault_va = 0x1234567;
    machine.cpu.fault_kind = statuses[n].kind;
    machine.cpu.fault_status = statuses[n].status;
    arm_deliver(&machine.cpu, statuses[n].reason);
    bool data = statuses[n].ifsr == 0;
    bool good = machine.cp15.dfsr == statuses[n].dfsr && machine.cp15.ifsr == statuses[n].ifsr &&
                (!data || machine.cp15.dfar == 0x1234567) &&
                (statuses[n].reason != EXIT_FETCH || machine.cp15.ifar == 0x1234567);
    result("armlift fault status", good, "%s: dfsr %x ifsr %x", statuses[n].name,
           (unsigned)machine.cp15.dfsr, (unsigned)machine.cp15.ifsr);
}

static void check_interrupts(void)
{
    prepare(true);
    machine.cpu.lines = CPU_IRQ;
    result("armlift irq peek",
           arm_interrupt(&machine.cpu, true) && (machine.cpsr & CPSR_MODE) == MODE_USR,
           "taken or refused");
    bool taken = arm_interrupt(&machine.cpu, false);
    result("armlift irq",
           taken && arm_cpsr(&machine) == (MODE_IRQ | CPSR_I | CPSR_A | CPSR_N | CPSR_C) &&
               machine.cpu.reg[14] == PC_AT + 4 && machine.cpu.pc == VBAR + 0x18 &&
               machine.spsr == (MODE_USR | CPSR_T | CPSR_N | CPSR_C | 0x1800),
           "cpsr %x spsr %x", (unsigned)arm_cpsr(&machine), (unsigned)machine.spsr);
    result("armlift irq masked", !arm_interrupt(&machine.cpu, false) && arm_wakes(&machine.cpu),
           "taken, or does not wake");
    for (unsigned n = 8; n < 13; n++)
        machine.cpu.reg[n] = n;
    machine.cpu.lines = CPU_IRQ | CPU_FIQ;
    taken = arm_interrupt(&machine.cpu, false);
    result("armlift fiq",
           taken && (machine.cpsr & (CPSR_MODE | CPSR_F)) == (MODE_FIQ | CPSR_F) &&
               machine.cpu.reg[8] == 0 && *arm_user_reg(&machine, 8) == 8 &&
               *arm_user_reg(&machine, 13) == 0x1111 && machine.cpu.pc == VBAR + 0x1c,
           "cpsr %x", (unsigned)arm_cpsr(&machine));
}

/* An undefined instruction in an IT block, delivered, and `movs pc, lr` back past it. */
static void check_round_trip(void)
{
    machine_reset();
    machine.cp15.vbar = VBAR;
    machine_put(CODE_AT, 0xde00bf14);     /* ite ne; udfne */
    machine_put(CODE_AT + 4, 0x21012001); /* moveq r0, #1; movs r1, #1 */
    machine_put(VBAR + 4, 0xe1b0f00e);    /* movs pc, lr */
    machine.cpu.pc = CODE_AT | 1;
    enum exit_reason why = machine_run(CODE_AT + 8);
    arm_deliver(&machine.cpu, why);
    bool good = why == EXIT_UNDEFINED && machine.cpu.reg[14] == CODE_AT + 4 &&
                (machine.spsr & CPSR_IT) == 0x1400;
    result("armlift undefined in IT", good, "reason %u lr %x spsr %x", why,
           (unsigned)machine.cpu.reg[14], (unsigned)machine.spsr);
    machine.spsr = (machine.spsr & ~CPSR_IT) | 0x0800; /* the handler skips it: ITSTATE of moveq */
    why = machine_run(VBAR + 8);
    result("armlift exception return", (machine.cpsr & CPSR_MODE) == MODE_USR, "reason %u", why);
}

void test_exceptions(void)
{
    static const uint32_t controls[] = {0, SCTLR_V, SCTLR_TE, SCTLR_EE};
    for (unsigned n = 0; n < sizeof entries / sizeof entries[0]; n++)
        for (unsigned k = 0; k < 4; k++)
            check_entry(n, controls[k]);
    for (unsigned n = 0; n < sizeof statuses / sizeof statuses[0]; n++)
        check_status(n);
    check_interrupts();
    check_round_trip();
}
