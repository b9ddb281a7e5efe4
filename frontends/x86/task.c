/*
 * Task switches (SDM vol. 3, 7.3): by JMP, CALL or interrupt through a task gate, and by IRET.
 *
 * The old task's registers go to its TSS, the new one's come from its own. Exceptions before the new
 * state is in place belong to the old task; those of loading segments to the new one.
 */
#include "segments.h"

/* Places in a TSS (SDM vol. 3, figures 7-2, 7-10): general registers in the order of numbers. */
struct layout {
    uint8_t size, cr3, eip, eflags, regs, segs, segments, ldt, trap;
    uint16_t limit;
};
static const struct layout layouts[2] = {
    {2, 0, 14, 16, 18, 34, 4, 42, 0, 43},
    {4, 28, 32, 36, 40, 72, 6, 96, 100, 103},
};

#define DR7_LOCAL 0x155u /* L0 to L3, LE: cleared by a switch (SDM vol. 3, 17.2.4) */

struct task {
    uint32_t eip, eflags, cr3, ldt, trap, reg[8], seg[6];
};

static bool save(struct x86_cpu *c, uint32_t eip, uint32_t eflags)
{
    const struct layout *l = &layouts[(c->tr.attr & 8) != 0];
    uint32_t base = c->tr.base;
    bool good = x86_system_store(c, base + l->eip, l->size, eip) &&
                x86_system_store(c, base + l->eflags, l->size, eflags);
    for (unsigned n = 0; good && n < 8; n++)
        good = x86_system_store(c, base + l->regs + n * l->size, l->size, c->cpu.reg[n]);
    for (unsigned n = 0; good && n < l->segments; n++)
        good = x86_system_store(c, base + l->segs + n * l->size, 2, c->seg[n].selector);
    return good;
}

static bool read(struct x86_cpu *c, const struct x86_segment *tss, struct task *t)
{
    bool wide = (tss->attr & 8) != 0;
    const struct layout *l = &layouts[wide];
    uint32_t base = tss->base;
    *t = (struct task){.cr3 = c->cr3};
    bool good = (!wide || (x86_system_load(c, base + l->cr3, 4, &t->cr3) &&
                           x86_system_load(c, base + l->trap, 2, &t->trap))) &&
                x86_system_load(c, base + l->eip, l->size, &t->eip) &&
                x86_system_load(c, base + l->eflags, l->size, &t->eflags) &&
                x86_system_load(c, base + l->ldt, 2, &t->ldt);
    for (unsigned n = 0; good && n < 8; n++) {
        good = x86_system_load(c, base + l->regs + n * l->size, l->size, &t->reg[n]);
        t->reg[n] |= wide ? 0 : 0xffff0000;
    }
    for (unsigned n = 0; good && n < l->segments; n++)
        good = x86_system_load(c, base + l->segs + n * l->size, 2, &t->seg[n]);
    return good;
}

/* Whether CR3 may be loaded: the PDPTEs of PAE paging are read then (SDM vol. 3, 4.4.1). Which task a bad
 * one belongs to is not said; here the old one, which has not been left. */
static bool check_cr3(struct x86_cpu *c, const struct task *t)
{
    return t->cr3 == c->cr3 || x86_cr3_good(c, t->cr3) || x86_raise_error(c, VECTOR_GP, 0);
}

/* Set or clear the busy bit of a TSS descriptor in the GDT. */
static bool mark_busy(struct x86_cpu *c, uint32_t selector, bool busy)
{
    uint32_t va = c->gdtr.base + (selector & 0xfff8) + 4, high;
    return x86_system_load(c, va, 4, &high) &&
           x86_system_store(c, va, 4, busy ? high | 0x200 : high & ~0x200u);
}

static bool load_code(struct x86_cpu *c, uint32_t selector)
{
    struct x86_descriptor d;
    if (selector_null(selector))
        return x86_raise_error(c, VECTOR_TS, 0);
    if (!x86_descriptor(c, selector, VECTOR_TS, &d))
        return false;
    unsigned attr = descriptor_attr(&d), dpl = seg_dpl(attr), rpl = selector & 3;
    if ((attr & (SEG_S | SEG_CODE)) != (SEG_S | SEG_CODE) ||
        ((attr & SEG_EXPAND) != 0 ? dpl > rpl : dpl != rpl))
        return x86_raise_error(c, VECTOR_TS, selector & 0xfffc);
    if ((attr & SEG_P) == 0)
        return x86_raise_error(c, VECTOR_NP, selector & 0xfffc);
    if (!x86_set_accessed(c, selector, &d))
        return false;
    x86_set_code(c, selector, &d, rpl);
    return true;
}

/* The new task's segments; its other registers are in place. */
static bool load_segments(struct x86_cpu *c, const struct task *t)
{
    static const uint8_t data[] = {X86_ES, X86_DS, X86_FS, X86_GS};
    if (!selector_null(t->ldt)) {
        if (!x86_load_system(c, t->ldt, true))
            return false;
    } else {
        c->ldtr = (struct x86_segment){.selector = (uint16_t)t->ldt};
    }
    if ((c->eflags & EFLAGS_VM) != 0) {
        c->cpl = 3;
        for (unsigned n = 0; n < X86_SEGS; n++)
            x86_real_segment(c, n, t->seg[n]);
        x86_note_code(c);
        return true;
    }
    if (!load_code(c, t->seg[X86_CS]) ||
        !x86_stack_segment(c, t->seg[X86_SS], c->cpl, VECTOR_TS, &c->seg[X86_SS]))
        return false;
    for (unsigned n = 0; n < sizeof data; n++)
        if (!x86_load_segment(c, data[n], t->seg[data[n]]))
            return false;
    return true;
}

static bool find_task(struct x86_cpu *c, uint32_t selector, enum x86_task_by by,
                      struct x86_segment *tss)
{
    struct x86_descriptor d;
    unsigned vector = by == TASK_IRET ? VECTOR_TS : VECTOR_GP;
    if ((selector & 4) != 0)
        return x86_raise_error(c, vector, selector & 0xfffc);
    if (!x86_descriptor(c, selector, vector, &d))
        return false;
    unsigned type = descriptor_attr(&d) & (SEG_TYPE | SEG_S);
    bool busy = by == TASK_IRET;
    if (type != (busy ? TYPE_TSS16_BUSY : TYPE_TSS16) &&
        type != (busy ? TYPE_TSS32_BUSY : TYPE_TSS32))
        return x86_raise_error(c, vector, selector & 0xfffc);
    if ((descriptor_attr(&d) & SEG_P) == 0)
        return x86_raise_error(c, VECTOR_NP, selector & 0xfffc);
    *tss = x86_segment_of(selector, &d);
    if (tss->limit < layouts[(tss->attr & 8) != 0].limit)
        return x86_raise_error(c, VECTOR_TS, selector & 0xfffc);
    return true;
}

bool x86_task_switch(struct x86_cpu *c, uint32_t selector, enum x86_task_by by, uint32_t eip)
{
    struct x86_segment tss;
    struct task t;
    uint32_t old = c->tr.selector, flags = x86_eflags(c);
    if (by == TASK_IRET)
        flags &= ~EFLAGS_NT;
    if (!find_task(c, selector, by, &tss) || !read(c, &tss, &t) || !check_cr3(c, &t) ||
        !save(c, eip, flags))
        return false;
    if ((by != TASK_CALL && !mark_busy(c, old, false)) ||
        (by != TASK_IRET && !mark_busy(c, selector, true)) ||
        (by == TASK_CALL && !x86_system_store(c, tss.base, 2, old)))
        return false;
    tss.attr |= 2;
    c->tr = tss;
    c->cr0 |= CR0_TS;
    c->dr[7] &= ~DR7_LOCAL;
    if (t.cr3 != c->cr3 && (c->cr0 & CR0_PG) != 0 && x86_load_cr3(c, t.cr3))
        x86_paging_changed(c, false);
    for (unsigned n = 0; n < 8; n++)
        c->cpu.reg[n] = t.reg[n];
    x86_set_eflags(c, t.eflags | (by == TASK_CALL ? EFLAGS_NT : 0), EFLAGS_ALL);
    c->seg[X86_CS].base = 0;
    c->cpu.pc = t.eip;
    c->hits |= (t.trap & 1) != 0 ? HIT_TASK : 0;
    if (!load_segments(c, &t)) { /* in the new task */
        c->raise.vector |= RAISE_TRAP;
        c->raise.next = t.eip;
        return false;
    }
    c->cpu.pc = c->seg[X86_CS].base + t.eip;
    return true;
}
