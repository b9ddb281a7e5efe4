/* What the files of this port offer to each other. */
#pragma once

#include "kernel.h"

/* ---- cpu.c */
/* Name the first required feature that is missing, or NULL. Fills cpu_features. */
const char *cpu_check(void);
/* Descriptor tables, control registers, system-call registers. After kernel_space_load. */
void cpu_init(void);
void cpu_map_tss(void);
extern uint8_t tss_page[], all_ones_page[];

/* ---- acpi.c: facts from the firmware's tables */
struct acpi_ioapic {
    uint64_t address;
    uint32_t first_line;
};
#define ACPI_IOAPICS 8
struct acpi {
    uint64_t local_apic;
    unsigned cpus;
    struct acpi_ioapic ioapic[ACPI_IOAPICS];
    unsigned ioapics;
    struct { /* interrupt source overrides of the 16 ISA lines */
        uint32_t line;
        uint8_t flags; /* IRQ_LEVEL, IRQ_LOW */
    } isa[16];
    uint16_t pm_timer; /* I/O port, 0: none */
};
extern struct acpi acpi;
/* rsdp: pointer to a copy of the root pointer, or NULL. False: no usable tables. */
bool acpi_init(const uint8_t *rsdp);

/* ---- apic.c */
/* After acpi_init. A sentence if the machine lacks what is needed, else NULL. */
const char *apic_init(void);
void apic_eoi(void);
bool apic_is_ioapic(uint64_t physical);
void apic_timer_count(uint32_t count);
uint32_t apic_timer_now(void);

/* ---- clock.c: calibrates time-stamp counter and timer; a sentence or NULL */
const char *clock_init(void);

/* ---- memory.c: what is where in physical memory */
struct boot_info;
/* Device registers, mapped uncached; never unmapped. */
volatile void *device_map(uint64_t physical, uint64_t bytes);
/* A pointer to firmware tables at a physical address. */
const void *firmware_pointer(uint64_t physical, uint64_t bytes);
/* Divide memory: reserve what is in use, make the pool, map everything, list regions. */
struct mb2_tag;
const char *memory_init(const struct mb2_tag *tags, uint64_t tags_bytes);
void memory_regions(struct boot_info *info);
void memory_reserve(uint64_t physical, uint64_t bytes);
extern uint64_t memory_window_end; /* end of RAM seen through PHYSICAL_WINDOW */
extern uint64_t memory_ram_bytes;

/* ---- trap.c */
struct trap_frame { /* pushed by trap_in_kernel */
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};
extern const struct trap_frame *panic_frame;
