/* System registers: rights, effects on windows, mode word and window keys, PAR, state conversions. */
#include "machine.h"

#include <string.h>

#include "../frame/frame.h"

/* Run one A32 instruction with r0 = value in the given mode; what ended it. */
static enum exit_reason run(uint32_t code, uint32_t mode, uint32_t value)
{
    arm_set_cpsr(&machine, mode, CPSR_MODE);
    machine_put(CODE_AT, code);
    machine.cpu.pc = CODE_AT;
    machine.cpu.reg[0] = value;
    return machine_run(CODE_AT + 4);
}

/* MCR and MRC p15 with r0. */
static uint32_t mcr(unsigned crn, unsigned op1, unsigned crm, unsigned op2)
{
    return 0xee000f10 | op1 << 21 | crn << 16 | op2 << 5 | crm;
}
static uint32_t mrc(unsigned crn, unsigned op1, unsigned crm, unsigned op2)
{
    return mcr(crn, op1, crm, op2) | 1 << 20;
}

static void check_rights(void)
{
    static const struct {
        const char *name;
        uint32_t code, mode;
        bool allowed;
    } rows[] = {
        {"MIDR read", 0xee100f10, MODE_SVC, true},
        {"MIDR user", 0xee100f10, MODE_USR, false},
        {"MIDR write", 0xee000f10, MODE_SVC, false},
        {"TPIDRURO user read", 0xee1d0f70, MODE_USR, true},
        {"TPIDRURO user write", 0xee0d0f70, MODE_USR, false},
        {"TPIDRURW user write", 0xee0d0f50, MODE_USR, true},
        {"CP15DMB user", 0xee070fba, MODE_USR, true},
        {"DCISW user", 0xee070f56, MODE_USR, false},
        {"PMCCNTR user", 0xee190f1d, MODE_USR, false},
        {"PMCCNTR", 0xee190f1d, MODE_SVC, true},
        {"CNTFRQ without a board", 0xee1e0f10, MODE_SVC, false},
        {"unknown", 0xee1b0f10, MODE_SVC, false},
        {"MRC2", 0xfe100f10, MODE_SVC, false},
        {"p14 DBGDIDR", 0xee100e10, MODE_SVC, true},
        {"p14 DBGBVR", 0xee100e90, MODE_SVC, false},
        {"p13", 0xee100d10, MODE_SVC, false},
        {"SCR", 0xee111f11, MODE_SVC, false},
        {"CDP", 0xee000f00, MODE_SVC, false},
        {"LDC", 0xed900e00, MODE_SVC, false},
        {"HVC without a board", 0xe1400070, MODE_SVC, false},
        {"SMC user", 0xe1600070, MODE_USR, false},
    };
    for (unsigned n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        machine_reset();
        enum exit_reason why = run(rows[n].code, rows[n].mode, 0);
        result("armlift register rights",
               (why == EXIT_NONE) == rows[n].allowed && (rows[n].allowed || why == EXIT_UNDEFINED),
               "%s: exit %u", rows[n].name, why);
    }
    machine_reset();
    machine.cp15.pmuserenr = 1;
    result("armlift PMUSERENR", run(0xee190f1d, MODE_USR, 0) == EXIT_NONE, "still refused");
}

static void check_flush(const char *name, uint64_t mask, uint64_t match, unsigned pages)
{
    result("armlift TLB maintenance",
           machine_flushes.count == 1 && machine_flushes.mask == mask &&
               machine_flushes.match == match && machine_flushes.pages == pages,
           "%s: %u flushes, mask %llx match %llx", name, machine_flushes.count,
           (unsigned long long)machine_flushes.mask, (unsigned long long)machine_flushes.match);
}

static void check_flushes(void)
{
    machine_reset();
    run(mcr(8, 0, 7, 0), MODE_SVC, 0);
    check_flush("TLBIALL", ARM_KEY_MAPPED, ARM_KEY_MAPPED, 0);
    machine_reset();
    run(mcr(8, 0, 3, 1), MODE_SVC, 0x12345042);
    check_flush("TLBIMVAIS", ARM_KEY_MAPPED, ARM_KEY_MAPPED, 1);
    result("armlift TLBIMVAIS address", machine_flushes.va == 0x12345000, "%x",
           (unsigned)machine_flushes.va);
    machine_reset();
    run(mcr(8, 0, 7, 2), MODE_SVC, 0x42);
    check_flush("TLBIASID", ARM_KEY_CLASS | ARM_KEY_ASID, ARM_KEY_CLASS | arm_key_asid(0x42), 0);
    machine_reset();
    run(mcr(2, 0, 0, 2), MODE_SVC, 1);
    check_flush("TTBCR", ARM_KEY_MAPPED, ARM_KEY_MAPPED, 0);
    machine_reset();
    run(mcr(3, 0, 0, 0), MODE_SVC, 0x55);
    result("armlift DACR", machine_flushes.count == 0 && machine.cp15.dacr == 0x55, "flushes %u",
           machine_flushes.count);
    machine.global_dacr = 3 << 2;
    run(mcr(3, 0, 0, 0), MODE_SVC, 0x51);
    check_flush("DACR of a global domain", ARM_KEY_MAPPED, ARM_KEY_MAPPED, 0);
}

static void check_keys(void)
{
    struct window_keys k;
    machine_reset();
    machine.cp15.contextidr = 0x12345;
    machine.cp15.dacr = 0x55;
    machine.process_domains = 1 << 1; /* as a walk that met a process's page leaves them */
    machine.process_dacr = 3 << 2;
    arm_windows(&machine.cpu, &k);
    uint64_t domains = (uint64_t)(1 << 1) << ARM_KEY_DOMAINS_SHIFT;
    uint64_t user = ARM_KEY_CLASS | arm_key_asid(0x45) | domains | 0x04;
    result("armlift keys user", k.main == user && k.alt == user && !k.global_only, "main %llx",
           (unsigned long long)k.main);
    arm_set_cpsr(&machine, MODE_SVC, CPSR_MODE);
    arm_windows(&machine.cpu, &k);
    result("armlift keys privileged",
           k.main == ARM_KEY_MAPPED && k.alt == user && k.choose == user && k.global_only,
           "main %llx", (unsigned long long)k.main);
    result("armlift holds",
           arm_holds(&machine.cpu, user) && arm_holds(&machine.cpu, k.main) &&
               !arm_holds(&machine.cpu, user ^ arm_key_asid(1)),
           "key %llx", (unsigned long long)user);
    machine.cp15.dacr = 0x51;
    arm_windows(&machine.cpu, &k);
    result("armlift keys denied", k.choose == (ARM_KEY_CLASS | ARM_KEY_DENIED | domains),
           "choose %llx", (unsigned long long)k.choose);
    machine.cp15.ttbcr = TTBCR_EAE;
    machine.cp15.ttbr0 = 0x67ull << 48;
    arm_windows(&machine.cpu, &k);
    result("armlift keys long", k.alt == (ARM_KEY_CLASS | arm_key_asid(0x67) | domains), "alt %llx",
           (unsigned long long)k.alt);
    machine.cp15.sctlr &= ~SCTLR_M;
    arm_windows(&machine.cpu, &k);
    result("armlift keys flat", k.main == 0 && k.alt == 0 && !k.global_only, "main %llx",
           (unsigned long long)k.main);
}

static void check_translation(void)
{
    machine_reset();
    machine.cp15.dacr = 1;
    machine.cp15.ttbr0 = 0x10000;
    machine_put(0x10000 + 5 * 4, 0x50000402 | 1 << 12 | 12); /* privileged only, normal memory */
    run(mcr(7, 0, 8, 0), MODE_SVC, 0x00512345);
    result("armlift ATS1CPR", (machine.cp15.par & 0xfffff001) == 0x50012000, "par %llx",
           (unsigned long long)machine.cp15.par);
    run(mcr(7, 0, 8, 2), MODE_SVC, 0x00512345);
    result("armlift ATS1CUR", machine.cp15.par == (1 | 0x0d << 1), "par %llx",
           (unsigned long long)machine.cp15.par);
}

/* FPSCR's exception bits live in MXCSR. */
static void check_fpscr(void)
{
    machine_reset();
    arm_set_fpscr(&machine, 0xf7c0009f);
    result("armlift fpscr", arm_fpscr(&machine) == 0xf7c0009f && machine.cpu.mxcsr == 0x7fbd,
           "fpscr %x mxcsr %x", (unsigned)arm_fpscr(&machine), (unsigned)machine.cpu.mxcsr);
    arm_set_fpscr(&machine, 0x00800000);
    result("armlift fpscr rounding", (machine.cpu.mxcsr & 0x6000) == 0x2000, "mxcsr %x",
           (unsigned)machine.cpu.mxcsr);
}

/* The mode word follows what blocks depend on. */
static void check_mode(void)
{
    machine_reset();
    uint32_t user = arm_mode_word(&machine.cpu);
    machine.fpexc = FPEXC_EN;
    machine.cp15.cpacr = 5 << 20; /* privileged only */
    result("armlift mode VFP user", arm_mode_word(&machine.cpu) == user && user == 0, "%x",
           (unsigned)user);
    arm_set_cpsr(&machine, MODE_SVC | CPSR_E, CPSR_MODE | CPSR_E);
    uint32_t m = arm_mode_word(&machine.cpu);
    result("armlift mode privileged", m == (AMODE_PRIV | AMODE_BIG | AMODE_SVC), "%x", (unsigned)m);
    arm_helper_use_fp(&machine.cpu, 0, 0, 0);
    result("armlift mode with VFP", arm_mode_word(&machine.cpu) == (m | AMODE_VFP), "%x",
           (unsigned)arm_mode_word(&machine.cpu));
    arm_set_cpsr(&machine, MODE_IRQ | CPSR_E, CPSR_MODE | CPSR_E);
    result("armlift mode changed", arm_mode_word(&machine.cpu) == (m & ~AMODE_SVC), "%x",
           (unsigned)arm_mode_word(&machine.cpu));
}

static void check_dump_and_gdb(void)
{
    char text[1500];
    uint8_t bytes[8];
    machine_reset();
    machine.cpu.reg[3] = 0xcafe;
    arm_dump(&machine.cpu, text, sizeof text);
    result("armlift dump", strstr(text, "r3  0000cafe") != NULL, "%s", text);
    for (size_t size = 0; size < sizeof text; size += 7)
        arm_dump(&machine.cpu, text, size);
    unsigned total = 0;
    for (unsigned n = 0; n < ARM_GDB_REGISTERS; n++)
        total += arm_gdb_read(&machine.cpu, n, bytes);
    result("armlift gdb", total == 17 * 4 + 32 * 8 + 4, "%u bytes", total);
    uint32_t psr = MODE_SVC | CPSR_T | CPSR_Z | CPSR_C;
    memcpy(bytes, &psr, 4);
    arm_gdb_write(&machine.cpu, 16, bytes);
    result("armlift gdb cpsr", arm_cpsr(&machine) == psr, "%x", (unsigned)arm_cpsr(&machine));
}

/* Interrupt masks: unmasking with an interrupt waiting leaves the block, otherwise not. */
static void check_unmask(void)
{
    machine_reset();
    arm_set_cpsr(&machine, CPSR_I, CPSR_I);
    result("armlift cpsie", run(0xf1080080, MODE_SVC, 0) == EXIT_NONE && !(machine.cpsr & CPSR_I),
           "cpsr %x", (unsigned)machine.cpsr);
    machine.cpu.lines = CPU_IRQ;
    result("armlift irq after cpsie", arm_interrupt(&machine.cpu, true), "not pending");
}

void test_registers(void)
{
    machine_limit = 32;
    machine_passes = true;
    check_rights();
    check_flushes();
    check_keys();
    check_translation();
    check_fpscr();
    check_mode();
    check_dump_and_gdb();
    check_unmask();
    machine_reset();
    result("armlift mrc",
           run(mrc(0, 0, 0, 0), MODE_SVC, 0) == EXIT_NONE && machine.cpu.reg[0] == 0x412fc0f1,
           "MIDR %x", (unsigned)machine.cpu.reg[0]);
}
