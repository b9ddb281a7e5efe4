/*
 * Far returns and IRET (SDM vol. 2, RET, IRET; vol. 3, 5.8.6, 20.2).
 */
#include "segments.h"

/* Pop n values; false: raised. */
static bool pop_all(struct x86_cpu *c, struct x86_frame *s, unsigned size, uint32_t *v, unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        if (!x86_frame_pop(c, s, size, &v[k]))
            return false;
    return true;
}

/* CS of a return: the same or a less privileged level. */
static bool return_code(struct x86_cpu *c, uint32_t selector, uint32_t eip,
                        struct x86_descriptor *d)
{
    unsigned rpl = selector & 3;
    if (selector_null(selector))
        return x86_raise_error(c, VECTOR_GP, 0);
    if (!x86_descriptor(c, selector, VECTOR_GP, d))
        return false;
    unsigned attr = descriptor_attr(d);
    bool conforming = attr & SEG_EXPAND;
    if ((attr & (SEG_S | SEG_CODE)) != (SEG_S | SEG_CODE) || rpl < c->cpl ||
        (conforming ? seg_dpl(attr) > rpl : seg_dpl(attr) != rpl))
        return x86_raise_error(c, VECTOR_GP, selector & 0xfffc);
    if ((attr & SEG_P) == 0)
        return x86_raise_error(c, VECTOR_NP, selector & 0xfffc);
    if (eip > descriptor_limit(d))
        return x86_raise_error(c, VECTOR_GP, 0);
    return true;
}

/* Load CS, and SS:ESP when the level changes; `s` is the stack the values were popped from. */
static bool return_to(struct x86_cpu *c, uint32_t selector, struct x86_descriptor *d,
                      struct x86_frame *s, unsigned size, uint32_t drop)
{
    unsigned rpl = selector & 3;
    bool outer = rpl != c->cpl;
    uint32_t v[2];
    s->esp += drop;
    if (outer) {
        struct x86_frame to = {.esp = 0};
        if (!pop_all(c, s, size, v, 2) ||
            !x86_stack_segment(c, v[1] & 0xffff, rpl, VECTOR_GP, &to.ss))
            return false;
        to.esp = v[0] + drop;
        if (!x86_set_accessed(c, selector, d))
            return false;
        c->seg[X86_SS] = to.ss;
        x86_set_esp(c, &to);
    } else {
        if (!x86_set_accessed(c, selector, d))
            return false;
        x86_set_esp(c, s);
    }
    x86_set_code(c, selector, d, rpl);
    if (outer)
        x86_check_data_segments(c);
    return true;
}

/* a: operand size, b: bytes to drop. */
uint64_t x86_helper_far_return(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    struct x86_frame s = x86_current_frame(x);
    struct x86_descriptor d;
    unsigned size = (unsigned)a;
    uint32_t v[2];
    (void)c;
    if (!pop_all(x, &s, size, v, 2))
        return 0;
    v[1] &= 0xffff;
    if (!x86_protected(x)) {
        if (v[0] > 0xffff)
            return x86_raise_error(x, VECTOR_GP, 0);
        s.esp += (uint32_t)b;
        x86_set_esp(x, &s);
        x86_real_segment(x, X86_CS, v[1]);
        x86_note_code(x);
    } else if (!return_code(x, v[1], v[0], &d) || !return_to(x, v[1], &d, &s, size, (uint32_t)b)) {
        return 0;
    }
    return x->seg[X86_CS].base + v[0];
}

/* ---- IRET ------------------------------------------------------------------------------------- */

#define IRET_ALWAYS (EFLAGS_ARITHMETIC | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT)

/* EFLAGS bits that IRET at level cpl may write (SDM vol. 2, IRET). */
static uint32_t writable(const struct x86_cpu *c, unsigned cpl, unsigned size)
{
    uint32_t mask = IRET_ALWAYS;
    if (cpl == 0)
        mask |= EFLAGS_IOPL;
    if (cpl <= x86_iopl(c))
        mask |= EFLAGS_IF;
    return size == 2 ? mask : mask | EFLAGS_RF | EFLAGS_AC | EFLAGS_ID;
}

/* Real mode, and V86 mode with IOPL 3. */
static uint64_t iret_real(struct x86_cpu *c, unsigned size)
{
    struct x86_frame s = x86_current_frame(c);
    bool v86 = (c->eflags & EFLAGS_VM) != 0;
    uint32_t v[3], mask = IRET_ALWAYS | EFLAGS_IF | (v86 ? 0 : EFLAGS_IOPL);
    if (v86 && x86_iopl(c) != 3)
        return x86_raise_error(c, VECTOR_GP, 0);
    if (!pop_all(c, &s, size, v, 3))
        return 0;
    if (v[0] > 0xffff)
        return x86_raise_error(c, VECTOR_GP, 0);
    x86_set_esp(c, &s);
    x86_set_eflags(c, v[2], size == 2 ? mask : mask | EFLAGS_RF | EFLAGS_AC | EFLAGS_ID);
    x86_real_segment(c, X86_CS, v[1]);
    x86_note_code(c);
    return c->seg[X86_CS].base + v[0];
}

/* From CPL 0 to V86 mode: v holds EIP, CS, EFLAGS; the other registers follow on the stack. */
static uint64_t iret_v86(struct x86_cpu *c, struct x86_frame *s, const uint32_t *v)
{
    static const uint8_t order[] = {X86_ES, X86_DS, X86_FS, X86_GS};
    uint32_t more[6];
    if (!pop_all(c, s, 4, more, 6))
        return 0;
    x86_set_eflags(c, v[2], EFLAGS_ALL);
    c->cpl = 3;
    for (unsigned n = 0; n < sizeof order; n++)
        x86_real_segment(c, order[n], more[2 + n]);
    x86_real_segment(c, X86_SS, more[1]);
    x86_real_segment(c, X86_CS, v[1]);
    x86_note_code(c);
    c->cpu.reg[X86_ESP] = more[0];
    return c->seg[X86_CS].base + (v[0] & 0xffff);
}

static uint64_t iret_task(struct x86_cpu *c, uint32_t next)
{
    uint32_t link;
    if (!x86_system_load(c, c->tr.base, 2, &link) || !x86_task_switch(c, link, TASK_IRET, next))
        return 0;
    return c->cpu.pc;
}

/* a: operand size, b: EIP of the next instruction. */
uint64_t x86_helper_interrupt_return(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    unsigned size = (unsigned)a, cpl = x->cpl;
    uint32_t v[3];
    struct x86_descriptor d;
    (void)c;
    x->nmi_blocked = false;
    if (!x86_protected(x))
        return iret_real(x, size);
    if ((x->eflags & EFLAGS_NT) != 0)
        return iret_task(x, (uint32_t)b);
    struct x86_frame s = x86_current_frame(x);
    if (!pop_all(x, &s, size, v, 3))
        return 0;
    v[1] &= 0xffff;
    if (size == 4 && (v[2] & EFLAGS_VM) != 0 && cpl == 0)
        return iret_v86(x, &s, v);
    uint32_t mask = writable(x, cpl, size);
    if (!return_code(x, v[1], v[0], &d) || !return_to(x, v[1], &d, &s, size, 0))
        return 0;
    x86_set_eflags(x, v[2], mask);
    return x->seg[X86_CS].base + v[0];
}
