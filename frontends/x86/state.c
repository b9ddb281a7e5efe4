/*
 * The CPU's state: EFLAGS, the mode word, reset, printing.
 */
#include "segments.h"
#include "x87.h"

#include <stdio.h>
#include <string.h>

uint32_t x86_eflags(const struct x86_cpu *c)
{
    const struct cpu_flags *f = &c->cpu.flags;
    return c->eflags | EFLAGS_ONE | f->c |
           (f->nz & (EFLAGS_SF | EFLAGS_ZF | EFLAGS_AF | EFLAGS_PF)) | (f->v ? EFLAGS_OF : 0);
}

void x86_set_eflags(struct x86_cpu *c, uint32_t value, uint32_t mask)
{
    uint32_t v = (x86_eflags(c) & ~mask) | (value & mask);
    c->cpu.flags.c = v & EFLAGS_CF;
    c->cpu.flags.nz = v & (EFLAGS_SF | EFLAGS_ZF | EFLAGS_AF | EFLAGS_PF);
    c->cpu.flags.v = (v & EFLAGS_OF) != 0;
    c->eflags = v & EFLAGS_ALL & ~EFLAGS_ARITHMETIC;
    c->step = (v & EFLAGS_DF) != 0 ? -1 : 1;
}

/* Base 0, all 4 GiB, data that can be written. */
static bool flat(const struct x86_segment *s)
{
    return s->base == 0 && x86_whole(s);
}

bool x86_whole(const struct x86_segment *s)
{
    return s->limit == 0xffffffff && (s->attr & SEG_P) != 0 &&
           (s->attr & (SEG_S | SEG_CODE | SEG_EXPAND | SEG_WRITE)) == (SEG_S | SEG_WRITE);
}

unsigned x86_segment_mode(const struct x86_cpu *c, unsigned seg)
{
    return seg == X86_FS || seg == X86_GS ? x86_whole(&c->seg[seg]) : flat(&c->seg[seg]);
}

static bool code_readable(const struct x86_segment *s)
{
    return (s->attr & SEG_CODE) == 0 || (s->attr & SEG_WRITE) != 0;
}

uint32_t x86_mode_word(const struct cpu *cpu)
{
    const struct x86_cpu *c = x86_of_const(cpu);
    const struct x86_segment *s = c->seg;
    uint32_t m = c->cpl | c->code << XMODE_CODE_SHIFT;
    m |= (s[X86_CS].attr & SEG_D) != 0 ? XMODE_D : 0;
    m |= (s[X86_SS].attr & SEG_D) != 0 ? XMODE_B : 0;
    m |= flat(&s[X86_DS]) && flat(&s[X86_ES]) && flat(&s[X86_SS]) && code_readable(&s[X86_CS])
             ? XMODE_FLAT
             : 0;
    m |= x86_whole(&s[X86_FS]) ? XMODE_FS : 0;
    m |= x86_whole(&s[X86_GS]) ? XMODE_GS : 0;
    m |= (c->eflags & EFLAGS_TF) != 0 ? XMODE_TF : 0;
    m |= (c->cr0 & CR0_PE) == 0 ? XMODE_REAL : 0;
    m |= (c->eflags & EFLAGS_VM) != 0 ? XMODE_V86 : 0;
    m |= (c->cr0 & CR0_EM) != 0 ? XMODE_EM : 0;
    m |= (c->cr0 & CR0_TS) != 0 ? XMODE_TS : 0;
    m |= (c->cr0 & CR0_MP) != 0 ? XMODE_MP : 0;
    m |= (c->cr4 & CR4_OSFXSR) != 0 ? XMODE_OSFXSR : 0;
    m |= c->shadow != 0 ? XMODE_SHADOW : 0;
    return m | x86_watch_mode(c) | (c->cpl == 3 ? c->fpu.mode : 0);
}

void x86_restore(struct cpu *cpu, unsigned side)
{
    x86_of(cpu)->side = side; /* all other state is in the CPU structure */
}

/* SDM vol. 3, table 9-1. */
void x86_reset(struct cpu *cpu)
{
    struct x86_cpu *c = x86_of(cpu);
    memset(cpu->reg, 0, sizeof cpu->reg);
    cpu->flags = (struct cpu_flags){0};
    cpu->flag_recipe = 0;
    cpu->reg[X86_EDX] = x86_signature(c);
    cpu->halted = false;
    memset((char *)c + offsetof(struct x86_cpu, xmm), 0,
           offsetof(struct x86_cpu, hooks) - offsetof(struct x86_cpu, xmm));
    x87_init(c);
    x86_set_mxcsr(c, 0x1f80);
    c->step = 1;
    c->cr0 = CR0_ET | CR0_NW | CR0_CD;
    c->a20 = 0xffffffff;
    c->dr[6] = 0xffff0ff0;
    c->dr[7] = 0x400;
    c->idtr.limit = c->gdtr.limit = 0xffff;
    for (unsigned n = 0; n < X86_SEGS; n++)
        x86_real_segment(c, n, 0);
    c->ldtr = (struct x86_segment){.limit = 0xffff, .attr = SEG_P | 2};
    c->tr = (struct x86_segment){.limit = 0xffff, .attr = SEG_P | 11};
    c->seg[X86_CS].selector = 0xf000;
    c->seg[X86_CS].base = 0xffff0000;
    x86_note_code(c);
    c->msr.apic_base = 0xfee00900;
    c->msr.pat = 0x0007040600070406ull;
    c->msr.mtrr_type = 0xc06;
    c->msr.misc_enable = 1;
    cpu->pc = 0xfffffff0;
}

void x86_flat_start(struct cpu *cpu, uint32_t eip, uint16_t code_selector, uint16_t data_selector)
{
    struct x86_cpu *c = x86_of(cpu);
    c->cr0 = CR0_ET | CR0_PE;
    c->eflags = 0;
    c->step = 1;
    c->cpl = 0;
    for (unsigned n = 0; n < X86_SEGS; n++)
        c->seg[n] = (struct x86_segment){
            .limit = 0xffffffff,
            .selector = n == X86_CS ? code_selector : data_selector,
            .attr = SEG_G | SEG_D | SEG_P | SEG_S | (n == X86_CS ? 0xb : 0x3),
        };
    x86_note_code(c);
    cpu->pc = eip;
}

void x86_dump(const struct cpu *cpu, char *to, size_t size)
{
    static const char *const names[X86_SEGS] = {"es", "cs", "ss", "ds", "fs", "gs"};
    const struct x86_cpu *c = x86_of_const(cpu);
    const uint32_t *r = cpu->reg;
    size_t at = (size_t)snprintf(
        to, size,
        "eax %08x ecx %08x edx %08x ebx %08x\nesp %08x ebp %08x esi %08x edi %08x\n"
        "eip %08x efl %08x cpl %u mode %08x\ncr0 %08x cr2 %08x cr3 %08x cr4 %08x efer %x\n"
        "gdt %08x/%x idt %08x/%x tr %04x %08x ldt %04x\n",
        r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], x86_eip(c), x86_eflags(c), c->cpl,
        x86_mode_word(cpu), c->cr0, c->cr2, c->cr3, c->cr4, c->efer, c->gdtr.base, c->gdtr.limit,
        c->idtr.base, c->idtr.limit, c->tr.selector, c->tr.base, c->ldtr.selector);
    for (unsigned n = 0; n < X86_SEGS && at < size; n++)
        at += (size_t)snprintf(to + at, size - at, "%s %04x %08x/%x %04x%s", names[n],
                               c->seg[n].selector, c->seg[n].base, c->seg[n].limit, c->seg[n].attr,
                               n % 3 == 2 ? "\n" : "  ");
}
