/*
 * The board `pc`: its map, and what its files ask of each other.
 *
 *   00000000  RAM, first 640 KiB                     fec00000  I/O APIC
 *   000a0000  VGA: planes (device), b8000 text RAM   fee00000  local APIC
 *   000c0000  RAM: option ROMs, copy of the firmware 100000000 - size of the firmware: firmware
 *   00100000  RAM
 *
 * Interrupts: PIC and I/O APIC hear the same lines (IRQ 0 is pin 2). INTR of the CPU is
 * cpu_line(vm, CPU_IRQ); when the CPU takes the interrupt, pc_acknowledge gives the vector.
 */
#pragma once

#include <translator/board.h>

/* clang-format off */
#define PC_LOW_RAM      0xa0000u    /* bytes below the VGA */
#define PC_VGA          0xa0000u
#define PC_VGA_TEXT     0xb8000u
#define PC_SHADOW       0xe0000u    /* RAM again: the firmware's last 128 KiB, or ACPI tables */
#define PC_HIGH_RAM     0x100000u
#define PC_ALIGNED_RAM  0x200000u   /* RAM from here on is a piece of its own, for large pages */
#define PC_RAM_MAX      0xc0000000u /* PCI memory begins here */
#define PC_IOAPIC       0xfec00000u
#define PC_LAPIC        0xfee00000u

#define PC_IRQ_TIMER    0u
#define PC_IRQ_KEYBOARD 1u
#define PC_IRQ_SERIAL   4u
#define PC_IRQ_RTC      8u
#define PC_IRQ_SCI      9u
#define PC_IRQ_MOUSE    12u
#define PC_IRQ_FPU      13u
#define PC_IRQ_IDE      14u         /* and 15 */
#define PC_PM_PORTS     0x600u      /* ACPI: PM1 event, PM1 control, timer */
#define PC_IDE_PORTS    0xc000u     /* bus master, without firmware */

/* Where loaders put things, all below 640 KiB. */
#define PC_GDT          0x1000u
#define PC_BOOT_PARAMS  0x10000u    /* Linux' zero page, or Multiboot's information */
#define PC_COMMAND_LINE 0x20000u    /* at most to 640 KiB - 128 KiB */
#define PC_COMMAND_MAX  0x10000u
/* clang-format on */

/* ---- pc.c --------------------------------------------------------------------------------------- */

/* The CPU takes an interrupt: its vector. */
unsigned pc_acknowledge(struct vm *vm);
/* IA32_APIC_BASE was written; only its enable bit does anything. */
void pc_apic_base(struct vm *vm, uint64_t value);
/* FERR#: an unmasked x87 exception is waiting and CR0.NE = 0. Raises IRQ 13 until port F0h is written. */
void pc_ferr(struct vm *vm);
/* The CPU shut down (triple fault): the machine is reset. */
void pc_shutdown(struct vm *vm);

/* ---- pc_boot.c: all that knows the x86 frontend ------------------------------------------------------ */

/* How a loader leaves the CPU: 32-bit protected mode, flat segments, paging and interrupts off. */
struct pc_entry {
    bool firmware; /* nothing of the following: at the reset vector */
    uint32_t eip, esp, eax, ebx, esi;
    uint16_t cs, ds; /* selectors in the table at PC_GDT; ds for the other data segments too */
};
/* As after RESET#, with the board's hooks. */
void pc_cpu_reset(struct vm *vm);
/* The processor to be, NULL: the usual one; false: there is none of that name. */
bool pc_cpu_choose(struct vm *vm, const char *name);
void pc_cpu_enter(struct vm *vm, const struct pc_entry *e);
/* Address line 20 passes, or is 0. */
void pc_cpu_a20(struct vm *vm, bool enabled);
void pc_cpu_nmi(struct vm *vm);
