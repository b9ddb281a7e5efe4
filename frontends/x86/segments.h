/*
 * Descriptors and segment registers, for the files that load and check them (SDM vol. 3, 3.4, 5).
 */
#pragma once

#include "x86_cpu.h"

/* A descriptor as it lies in a table. */
struct x86_descriptor {
    uint32_t low, high;
};
/* Types of system segments and gates (SDM vol. 3, table 3-2). */
enum x86_system_type {
    TYPE_TSS16 = 1,
    TYPE_LDT = 2,
    TYPE_TSS16_BUSY = 3,
    TYPE_CALL16 = 4,
    TYPE_TASK = 5,
    TYPE_INTERRUPT16 = 6,
    TYPE_TRAP16 = 7,
    TYPE_TSS32 = 9,
    TYPE_TSS32_BUSY = 11,
    TYPE_CALL32 = 12,
    TYPE_INTERRUPT32 = 14,
    TYPE_TRAP32 = 15,
};

static inline unsigned descriptor_attr(const struct x86_descriptor *d)
{
    return d->high >> 8 & 0xf0ff;
}
static inline uint32_t descriptor_base(const struct x86_descriptor *d)
{
    return d->low >> 16 | (d->high & 0xff) << 16 | (d->high & 0xff000000);
}
static inline uint32_t descriptor_limit(const struct x86_descriptor *d)
{
    uint32_t limit = (d->low & 0xffff) | (d->high & 0xf0000);
    return (d->high & 0x800000) != 0 ? limit << 12 | 0xfff : limit;
}
static inline bool selector_null(uint32_t selector)
{
    return (selector & 0xfffc) == 0;
}

/* All functions that can fail say false with the exception raised (x86_raise). */

/* Read the selector's descriptor; outside of the table: exception `vector` with the selector. */
bool x86_descriptor(struct x86_cpu *c, uint32_t selector, unsigned vector,
                    struct x86_descriptor *d);
/* The same without an exception; false: there is none. */
bool x86_descriptor_try(struct x86_cpu *c, uint32_t selector, struct x86_descriptor *d);
/* Set the accessed bit in the table. */
bool x86_set_accessed(struct x86_cpu *c, uint32_t selector, struct x86_descriptor *d);
struct x86_segment x86_segment_of(uint32_t selector, const struct x86_descriptor *d);

/* MOV, POP and the like to ES, SS, DS, FS, GS in the current mode. */
bool x86_load_segment(struct x86_cpu *c, unsigned seg, uint32_t selector);
/* A segment register in real or V86 mode; CS: x86_note_code must follow. */
void x86_real_segment(struct x86_cpu *c, unsigned seg, uint32_t selector);
/* SS for a new privilege level; exceptions with `vector` (#TS or #GP). Does not load it. */
bool x86_stack_segment(struct x86_cpu *c, uint32_t selector, unsigned cpl, unsigned vector,
                       struct x86_segment *s);
/* After a return to a less privileged level: data segments that are too privileged become null. */
void x86_check_data_segments(struct x86_cpu *c);
/* CS was written: name it for the mode word. */
void x86_note_code(struct x86_cpu *c);
/* CS := the descriptor at privilege cpl. */
void x86_set_code(struct x86_cpu *c, uint32_t selector, const struct x86_descriptor *d,
                  unsigned cpl);
bool x86_whole(const struct x86_segment *s);
/* Another number if the mode word depends on what is in the register now, not SS. */
unsigned x86_segment_mode(const struct x86_cpu *c, unsigned seg);

/* Check an access and give its linear address; false: #GP(0) or #SS(0) raised. */
bool x86_linear(struct x86_cpu *c, unsigned seg, uint32_t offset, unsigned size, unsigned kind,
                uint32_t *linear);

/* Memory as the CPU itself uses it (descriptor tables, TSS): supervisor rights. */
bool x86_system_load(struct x86_cpu *c, uint32_t va, unsigned size, uint32_t *v);
/* The descriptor or gate at a linear address. */
bool x86_read_descriptor(struct x86_cpu *c, uint32_t va, struct x86_descriptor *d);
bool x86_system_store(struct x86_cpu *c, uint32_t va, unsigned size, uint32_t v);

/* The outer stack of the TSS for privilege level cpl. */
bool x86_tss_stack(struct x86_cpu *c, unsigned cpl, uint32_t *ss, uint32_t *esp);
/* TR or LDTR from the GDT. */
bool x86_load_system(struct x86_cpu *c, uint32_t selector, bool ldt);

/* A stack being pushed to or popped from by C code. */
struct x86_frame {
    struct x86_segment ss;
    uint32_t esp;
    unsigned kind;    /* ACCESS_SYSTEM while a more privileged stack is filled, or 0 */
    bool stack_fault; /* limit violations are #SS with the selector instead of 0 */
};
bool x86_frame_push(struct x86_cpu *c, struct x86_frame *f, unsigned size, uint32_t v);
bool x86_frame_pop(struct x86_cpu *c, struct x86_frame *f, unsigned size, uint32_t *v);
struct x86_frame x86_current_frame(const struct x86_cpu *c);
/* ESP := the frame's, by the width of its segment. */
void x86_set_esp(struct x86_cpu *c, const struct x86_frame *f);

/* Raise #GP(0) unless the ports may be used (system.c). */
void x86_ports_allowed(struct x86_cpu *c, unsigned port, unsigned size);

/* Task switches (task.c). */
enum x86_task_by { TASK_JMP, TASK_CALL, TASK_IRET };
/* eip: where the old task goes on. Afterwards cpu->pc is the new task's. */
bool x86_task_switch(struct x86_cpu *c, uint32_t selector, enum x86_task_by by, uint32_t eip);

/* CPUID.1:EAX (cpuid.c). */
uint32_t x86_signature(const struct x86_cpu *c);
uint64_t x86_ucode(const struct x86_cpu *c); /* IA32_BIOS_SIGN_ID */
