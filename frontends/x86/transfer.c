/*
 * Far jumps and calls, call gates, SYSENTER (SDM vol. 3, 5.8). Helpers return the linear address to go
 * on at; when they raise an exception nothing has changed.
 */
#include "segments.h"

/* Where CS:eip is; to be called when CS is loaded. */
static uint64_t at(const struct x86_cpu *c, uint32_t eip)
{
    return c->seg[X86_CS].base + eip;
}

struct far {
    struct x86_cpu *c;
    uint32_t selector, offset, next; /* next: EIP behind the instruction */
    unsigned size;
    bool is_call;
};

/* ---- real and V86 mode ------------------------------------------------------------------------ */

static uint64_t far_real(const struct far *f)
{
    struct x86_cpu *c = f->c;
    struct x86_frame s = x86_current_frame(c);
    if (f->offset > 0xffff)
        return x86_raise_error(c, VECTOR_GP, 0);
    if (f->is_call) {
        if (!x86_frame_push(c, &s, f->size, c->seg[X86_CS].selector) ||
            !x86_frame_push(c, &s, f->size, f->next))
            return 0;
        x86_set_esp(c, &s);
    }
    x86_real_segment(c, X86_CS, f->selector);
    x86_note_code(c);
    return at(c, f->offset);
}

/* ---- to a code segment ------------------------------------------------------------------------ */

static uint64_t far_code(const struct far *f, struct x86_descriptor *d)
{
    struct x86_cpu *c = f->c;
    unsigned attr = descriptor_attr(d), dpl = seg_dpl(attr), rpl = f->selector & 3;
    bool conforming = attr & SEG_EXPAND;
    if ((attr & SEG_CODE) == 0 || (conforming ? dpl > c->cpl : rpl > c->cpl || dpl != c->cpl))
        return x86_raise_error(c, VECTOR_GP, f->selector & 0xfffc);
    if ((attr & SEG_P) == 0)
        return x86_raise_error(c, VECTOR_NP, f->selector & 0xfffc);
    if (f->offset > descriptor_limit(d))
        return x86_raise_error(c, VECTOR_GP, 0);
    struct x86_frame s = x86_current_frame(c);
    if (f->is_call && (!x86_frame_push(c, &s, f->size, c->seg[X86_CS].selector) ||
                       !x86_frame_push(c, &s, f->size, f->next)))
        return 0;
    if (!x86_set_accessed(c, f->selector, d))
        return 0;
    if (f->is_call)
        x86_set_esp(c, &s);
    x86_set_code(c, f->selector, d, c->cpl);
    return at(c, f->offset);
}

/* ---- through a call gate (SDM vol. 3, 5.8.3–5.8.5) -------------------------------------------- */

struct gate {
    uint32_t selector, offset;
    unsigned size, parameters;
    struct x86_descriptor code;
};

/* The parameters and return address on the new stack; false: raised. */
static bool fill_inner_stack(const struct far *f, const struct gate *g, unsigned cpl,
                             struct x86_frame *s)
{
    struct x86_cpu *c = f->c;
    uint32_t ss, v[32];
    struct x86_frame old = x86_current_frame(c);
    if (!x86_tss_stack(c, cpl, &ss, &s->esp) || !x86_stack_segment(c, ss, cpl, VECTOR_TS, &s->ss))
        return false;
    s->kind = ACCESS_SYSTEM;
    s->stack_fault = true;
    for (unsigned n = 0; n < g->parameters; n++)
        if (!x86_frame_pop(c, &old, g->size, &v[n]))
            return false;
    if (!x86_frame_push(c, s, g->size, c->seg[X86_SS].selector) ||
        !x86_frame_push(c, s, g->size, c->cpu.reg[X86_ESP]))
        return false;
    for (unsigned n = g->parameters; n-- > 0;)
        if (!x86_frame_push(c, s, g->size, v[n]))
            return false;
    return true;
}

static uint64_t through_gate(const struct far *f, struct gate *g)
{
    struct x86_cpu *c = f->c;
    unsigned attr = descriptor_attr(&g->code), dpl = seg_dpl(attr), cpl = c->cpl;
    bool conforming = attr & SEG_EXPAND, inner = !conforming && dpl < cpl;
    if ((attr & (SEG_S | SEG_CODE)) != (SEG_S | SEG_CODE) || dpl > cpl || (inner && !f->is_call))
        return x86_raise_error(c, VECTOR_GP, g->selector & 0xfffc);
    if ((attr & SEG_P) == 0)
        return x86_raise_error(c, VECTOR_NP, g->selector & 0xfffc);
    if (g->offset > descriptor_limit(&g->code))
        return x86_raise_error(c, VECTOR_GP, 0);
    struct x86_frame s = x86_current_frame(c);
    if (inner && !fill_inner_stack(f, g, dpl, &s))
        return 0;
    if (f->is_call && (!x86_frame_push(c, &s, g->size, c->seg[X86_CS].selector) ||
                       !x86_frame_push(c, &s, g->size, f->next)))
        return 0;
    if (!x86_set_accessed(c, g->selector, &g->code))
        return 0;
    if (inner)
        c->seg[X86_SS] = s.ss;
    if (f->is_call)
        x86_set_esp(c, &s);
    x86_set_code(c, g->selector, &g->code, inner ? dpl : cpl);
    return at(c, g->offset);
}

static uint64_t call_gate(const struct far *f, const struct x86_descriptor *d)
{
    bool wide = (descriptor_attr(d) & SEG_TYPE) == TYPE_CALL32;
    struct gate g = {.selector = d->low >> 16,
                     .offset = (d->low & 0xffff) | (wide ? d->high & 0xffff0000 : 0),
                     .size = wide ? 4 : 2,
                     .parameters = f->is_call ? d->high & 31 : 0};
    if (selector_null(g.selector))
        return x86_raise_error(f->c, VECTOR_GP, 0);
    if (!x86_descriptor(f->c, g.selector, VECTOR_GP, &g.code))
        return 0;
    return through_gate(f, &g);
}

/* ---- gates and tasks -------------------------------------------------------------------------- */

static uint64_t far_system(const struct far *f, const struct x86_descriptor *d)
{
    struct x86_cpu *c = f->c;
    unsigned attr = descriptor_attr(d), type = attr & SEG_TYPE;
    bool gate = type == TYPE_CALL16 || type == TYPE_CALL32 || type == TYPE_TASK;
    bool tss = type == TYPE_TSS16 || type == TYPE_TSS32;
    if ((!gate && !tss) || seg_dpl(attr) < c->cpl || seg_dpl(attr) < (f->selector & 3))
        return x86_raise_error(c, VECTOR_GP, f->selector & 0xfffc);
    if ((attr & SEG_P) == 0)
        return x86_raise_error(c, VECTOR_NP, f->selector & 0xfffc);
    if (gate && type != TYPE_TASK)
        return call_gate(f, d);
    uint32_t task = type == TYPE_TASK ? d->low >> 16 : f->selector;
    if (!x86_task_switch(c, task, f->is_call ? TASK_CALL : TASK_JMP, f->next))
        return 0;
    return c->cpu.pc;
}

/* a: selector | operand size << 16 | call << 24, b: offset, c: EIP of the next instruction. */
uint64_t x86_helper_far_transfer(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct far f = {.c = x86_of(cpu),
                    .selector = (uint32_t)a & 0xffff,
                    .offset = (uint32_t)b,
                    .next = (uint32_t)c,
                    .size = a >> 16 & 0xff,
                    .is_call = (a >> 24 & 1) != 0};
    struct x86_descriptor d;
    if (!x86_protected(f.c))
        return far_real(&f);
    if (selector_null(f.selector))
        return x86_raise_error(f.c, VECTOR_GP, 0);
    if (!x86_descriptor(f.c, f.selector, VECTOR_GP, &d))
        return 0;
    return (descriptor_attr(&d) & SEG_S) != 0 ? far_code(&f, &d) : far_system(&f, &d);
}

/* ---- SYSENTER, SYSEXIT (SDM vol. 2) ----------------------------------------------------------- */

static void flat_pair(struct x86_cpu *c, uint32_t code, uint32_t stack, unsigned cpl)
{
    uint16_t common =
        SEG_G | SEG_D | SEG_P | SEG_S | SEG_WRITE | SEG_ACCESSED | (uint16_t)(cpl << SEG_DPL_SHIFT);
    c->seg[X86_CS] =
        (struct x86_segment){0, 0xffffffff, (uint16_t)(code | cpl), (uint16_t)(common | SEG_CODE)};
    c->seg[X86_SS] = (struct x86_segment){0, 0xffffffff, (uint16_t)(stack | cpl), common};
    c->cpl = cpl;
    x86_note_code(c);
}

uint64_t x86_helper_sysenter(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    uint32_t cs = (uint32_t)x->msr.sysenter_cs & 0xfffc;
    (void)a, (void)b, (void)c;
    if (cs == 0 || (x->cr0 & CR0_PE) == 0)
        return x86_raise_error(x, VECTOR_GP, 0);
    x->eflags &= ~(EFLAGS_VM | EFLAGS_IF);
    flat_pair(x, cs, cs + 8, 0);
    cpu->reg[X86_ESP] = (uint32_t)x->msr.sysenter_esp;
    return (uint32_t)x->msr.sysenter_eip;
}

uint64_t x86_helper_sysexit(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    uint32_t cs = (uint32_t)x->msr.sysenter_cs & 0xfffc;
    (void)a, (void)b, (void)c;
    if (cs == 0 || (x->cr0 & CR0_PE) == 0 || x->cpl != 0)
        return x86_raise_error(x, VECTOR_GP, 0);
    flat_pair(x, cs + 16, cs + 24, 3);
    cpu->reg[X86_ESP] = cpu->reg[X86_ECX];
    return cpu->reg[X86_EDX];
}
