/* Traps by C code: interrupts and PIL, error mode, windows rotating, fault registers. */
#include "machine.h"

#include "../frame/frame.h"

#include <string.h>

static void test_interrupts(void)
{
    unsigned bad = 0;
    for (unsigned level = 0; level < 16; level++)
        for (unsigned pil = 0; pil < 16; pil++)
            for (unsigned et = 0; et < 2; et++) {
                machine_reset();
                sparc_set_psr(&machine, PSR_S | pil << PSR_PIL_SHIFT | (et ? PSR_ET : 0));
                machine.cpu.lines = level << SPARC_IRL_SHIFT;
                bool want = et && level != 0 && (level > pil || level == 15);
                bool got = sparc_interrupt(&machine.cpu, false);
                if (got != want || (got && (machine.tbr & 0xff0) != (0x10 + level) << 4))
                    bad++;
            }
    result("sparclift.interrupts", bad == 0, "%u of 512", bad);
}

static void test_entry(void)
{
    machine_reset();
    sparc_set_psr(&machine, PSR_ET | 3);
    machine.tbr = 0x12345000;
    sparc_set_pcs(&machine, 0x1000, 0x2000);
    machine.cpu.reg[3] = 77;
    machine.tt = TT_SOFTWARE + 3;
    sparc_frontend.deliver(&machine.cpu, EXIT_CALL);
    bool good = machine.cpu.pc == 0x12345830 && sparc_npc(&machine) == 0x12345834 &&
                machine.cwp == 2 && machine.local[1] == 0x1000 && machine.local[2] == 0x2000 &&
                machine.in[3] == 77 && (machine.psr & (PSR_S | PSR_PS | PSR_ET)) == PSR_S;
    result("sparclift.entry", good, "pc %08x cwp %u", machine.cpu.pc, machine.cwp);
    sparc_frontend.deliver(&machine.cpu, EXIT_UNDEFINED);
    result("sparclift.error", machine.error && machine.cpu.halted && machine.cwp == 2, "ET was 0");
}

/* All windows keep what they hold, and neighbours share. */
static void test_rotation(void)
{
    machine_reset();
    for (unsigned w = 0; w < SPARC_WINDOWS; w++) {
        sparc_set_cwp(&machine, w);
        for (unsigned n = 0; n < 8; n++)
            machine.local[n] = w * 100 + n, machine.in[n] = w * 100 + 50 + n;
    }
    unsigned bad = 0;
    for (unsigned k = 0; k < 100; k++) {
        unsigned w = (unsigned)(random_next() % SPARC_WINDOWS);
        sparc_set_cwp(&machine, w);
        for (unsigned n = 0; n < 8; n++)
            bad += machine.local[n] != w * 100 + n || machine.in[n] != w * 100 + 50 + n ||
                   machine.cpu.reg[n] != (w + 7) % 8 * 100 + 50 + n;
    }
    result("sparclift.rotation", bad == 0, "%u registers", bad);
}

static void deliver_fault(unsigned kind, enum exit_reason reason, uint32_t va)
{
    machine.psr |= PSR_ET;
    machine.cpu.fault_va = va;
    machine.cpu.fault_kind = kind;
    machine.cpu.fault_status = TEST_FAULT;
    sparc_frontend.deliver(&machine.cpu, reason);
}

/* H.5: access type, address; a second fault sets OW; a fetch does not replace data. */
static void test_fault_registers(void)
{
    machine_reset();
    deliver_fault(ACCESS_WRITE, EXIT_FAULT, 0x5000);
    bool first = machine.mmu.fsr == (TEST_FAULT | 5 << SFSR_AT_SHIFT | SFSR_FAV) &&
                 machine.mmu.far == 0x5000 && (machine.tbr >> 4 & 0xff) == TT_DATA_ACCESS;
    deliver_fault(ACCESS_FETCH, EXIT_FETCH, 0x6000);
    bool fetch = machine.mmu.far == 0x5000 && (machine.tbr >> 4 & 0xff) == TT_INSN_ACCESS;
    deliver_fault(ACCESS_READ | ACCESS_USER, EXIT_FAULT, 0x7000);
    bool second = machine.mmu.fsr == (TEST_FAULT | SFSR_FAV | SFSR_OW) && machine.mmu.far == 0x7000;
    result("sparclift.faultregs", first && fetch && second, "%d %d %d fsr %x", first, fetch, second,
           machine.mmu.fsr);
}

void test_traps(void)
{
    test_interrupts();
    test_entry();
    test_rotation();
    test_fault_registers();
}
