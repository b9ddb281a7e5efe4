/*
 * Segment registers: loading them with their checks, and checking accesses through them (SDM vol. 3,
 * 3.4, 5.3-5.6). What a load refuses is the table of the MOV instruction's exceptions.
 */
#include "segments.h"

#include <translator/memory.h>

/* ---- memory as the CPU itself uses it --------------------------------------------------------- */

static bool system_load(struct x86_cpu *c, uint32_t va, unsigned size, uint64_t value[2])
{
    if (!guest_load(&c->cpu, va, size, ACCESS_READ | ACCESS_SYSTEM, value))
        return false;
    x86_watch_data(c, va, size, ACCESS_READ);
    return true;
}

bool x86_system_load(struct x86_cpu *c, uint32_t va, unsigned size, uint32_t *v)
{
    uint64_t value[2];
    if (!system_load(c, va, size, value))
        return false;
    *v = (uint32_t)value[0];
    return true;
}

bool x86_read_descriptor(struct x86_cpu *c, uint32_t va, struct x86_descriptor *d)
{
    uint64_t value[2];
    if (!system_load(c, va, 8, value))
        return false;
    *d = (struct x86_descriptor){(uint32_t)value[0], (uint32_t)(value[0] >> 32)};
    return true;
}

bool x86_system_store(struct x86_cpu *c, uint32_t va, unsigned size, uint32_t v)
{
    uint64_t value[2] = {v, 0};
    if (!guest_store(&c->cpu, va, size, ACCESS_WRITE | ACCESS_SYSTEM, value))
        return false;
    x86_watch_data(c, va, size, ACCESS_WRITE);
    return true;
}

/* ---- descriptors ------------------------------------------------------------------------------ */

static bool descriptor_at(const struct x86_cpu *c, uint32_t selector, uint32_t *va)
{
    bool local = selector & 4;
    uint32_t base = local ? c->ldtr.base : c->gdtr.base;
    uint32_t limit = local ? c->ldtr.limit : c->gdtr.limit, index = selector & 0xfff8;
    *va = base + index;
    return (!local || (c->ldtr.attr & SEG_P) != 0) && limit >= index + 7;
}

bool x86_descriptor(struct x86_cpu *c, uint32_t selector, unsigned vector, struct x86_descriptor *d)
{
    uint32_t va;
    if (!descriptor_at(c, selector, &va))
        return x86_raise_error(c, vector, selector & 0xfffc);
    return x86_read_descriptor(c, va, d);
}

bool x86_descriptor_try(struct x86_cpu *c, uint32_t selector, struct x86_descriptor *d)
{
    uint32_t va;
    return !selector_null(selector) && descriptor_at(c, selector, &va) &&
           x86_read_descriptor(c, va, d);
}

bool x86_set_accessed(struct x86_cpu *c, uint32_t selector, struct x86_descriptor *d)
{
    uint32_t va;
    if ((d->high & 0x100) != 0)
        return true;
    d->high |= 0x100;
    return descriptor_at(c, selector, &va) && x86_system_store(c, va + 4, 4, d->high);
}

struct x86_segment x86_segment_of(uint32_t selector, const struct x86_descriptor *d)
{
    return (struct x86_segment){.base = descriptor_base(d),
                                .limit = descriptor_limit(d),
                                .selector = (uint16_t)selector,
                                .attr = (uint16_t)descriptor_attr(d)};
}

/* ---- segment registers ------------------------------------------------------------------------ */

void x86_real_segment(struct x86_cpu *c, unsigned seg, uint32_t selector)
{
    struct x86_segment *s = &c->seg[seg];
    bool v86 = (c->eflags & EFLAGS_VM) != 0;
    s->selector = (uint16_t)selector;
    s->base = (selector & 0xffff) << 4;
    /* Real mode keeps limit and B of before (SDM vol. 3, 9.9.2), so does 32-bit "unreal" data. */
    if (v86 || s->attr == 0 || (c->cr0 & CR0_PE) != 0 || s->limit == 0) {
        s->limit = 0xffff;
        s->attr = SEG_P | SEG_S | SEG_WRITE | SEG_ACCESSED | (v86 ? SEG_DPL : 0);
    } else if (seg == X86_CS) {
        s->attr = SEG_P | SEG_S | SEG_WRITE | SEG_ACCESSED | (s->attr & SEG_D);
    }
}

void x86_note_code(struct x86_cpu *c)
{
    uint32_t base = c->seg[X86_CS].base, limit = c->seg[X86_CS].limit;
    if (c->code_count == 0) {
        c->codes[0] = (struct x86_code){0, 0xffffffff};
        c->code_count = 1;
    }
    for (c->code = 0; c->code < c->code_count; c->code++)
        if (c->codes[c->code].base == base && c->codes[c->code].limit == limit)
            return;
    if (c->code < X86_CODES)
        c->codes[c->code_count++] = (struct x86_code){base, limit};
}

uint64_t x86_helper_forget_codes(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    (void)a, (void)b, (void)c;
    x->code_count = 0;
    x86_note_code(x);
    return 0;
}

void x86_set_code(struct x86_cpu *c, uint32_t selector, const struct x86_descriptor *d,
                  unsigned cpl)
{
    c->seg[X86_CS] = x86_segment_of((selector & 0xfffc) | cpl, d);
    c->cpl = cpl;
    x86_note_code(c);
}

bool x86_stack_segment(struct x86_cpu *c, uint32_t selector, unsigned cpl, unsigned vector,
                       struct x86_segment *s)
{
    struct x86_descriptor d;
    if (selector_null(selector))
        return x86_raise_error(c, vector, 0);
    if (!x86_descriptor(c, selector, vector, &d))
        return false;
    unsigned attr = descriptor_attr(&d);
    if ((selector & 3) != cpl || (attr & (SEG_S | SEG_CODE | SEG_WRITE)) != (SEG_S | SEG_WRITE) ||
        seg_dpl(attr) != cpl)
        return x86_raise_error(c, vector, selector & 0xfffc);
    if ((attr & SEG_P) == 0)
        return x86_raise_error(c, VECTOR_SS, selector & 0xfffc);
    if (!x86_set_accessed(c, selector, &d))
        return false;
    *s = x86_segment_of(selector, &d);
    return true;
}

static bool load_data(struct x86_cpu *c, unsigned seg, uint32_t selector)
{
    struct x86_descriptor d;
    if (selector_null(selector)) {
        c->seg[seg] = (struct x86_segment){.selector = (uint16_t)selector};
        return true;
    }
    if (!x86_descriptor(c, selector, VECTOR_GP, &d))
        return false;
    unsigned attr = descriptor_attr(&d), dpl = seg_dpl(attr);
    bool code = attr & SEG_CODE, checked = !code || (attr & SEG_EXPAND) == 0;
    if ((attr & SEG_S) == 0 || (code && (attr & SEG_WRITE) == 0) ||
        (checked && (dpl < (selector & 3) || dpl < c->cpl)))
        return x86_raise_error(c, VECTOR_GP, selector & 0xfffc);
    if ((attr & SEG_P) == 0)
        return x86_raise_error(c, VECTOR_NP, selector & 0xfffc);
    if (!x86_set_accessed(c, selector, &d))
        return false;
    c->seg[seg] = x86_segment_of(selector, &d);
    return true;
}

bool x86_load_segment(struct x86_cpu *c, unsigned seg, uint32_t selector)
{
    if (!x86_protected(c)) {
        x86_real_segment(c, seg, selector);
        return true;
    }
    if (seg == X86_SS)
        return x86_stack_segment(c, selector, c->cpl, VECTOR_GP, &c->seg[X86_SS]);
    return load_data(c, seg, selector);
}

/* a: register, b: selector. Not 0: the mode word may have changed. */
uint64_t x86_helper_load_segment(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    unsigned seg = (unsigned)a & 7, before = x86_segment_mode(x, seg);
    (void)c;
    if (!x86_load_segment(x, seg, (uint32_t)b & 0xffff))
        return 0;
    if (seg == X86_SS)
        x->shadow = SHADOW_SS;
    return seg == X86_SS || x86_segment_mode(x, seg) != before;
}

void x86_check_data_segments(struct x86_cpu *c)
{
    static const uint8_t data[] = {X86_ES, X86_DS, X86_FS, X86_GS};
    for (unsigned n = 0; n < sizeof data; n++) {
        struct x86_segment *s = &c->seg[data[n]];
        bool conforming = (s->attr & (SEG_CODE | SEG_EXPAND)) == (SEG_CODE | SEG_EXPAND);
        if (s->attr != 0 && !conforming && seg_dpl(s->attr) < c->cpl)
            *s = (struct x86_segment){0};
    }
}

/* ---- accesses --------------------------------------------------------------------------------- */

static bool within(const struct x86_segment *s, uint32_t offset, unsigned size)
{
    uint32_t last = offset + size - 1;
    if ((s->attr & (SEG_CODE | SEG_EXPAND)) == SEG_EXPAND)
        return offset > s->limit && last >= offset &&
               last <= ((s->attr & SEG_D) != 0 ? 0xffffffff : 0xffff);
    return last <= s->limit && last >= offset;
}

static bool permits(const struct x86_segment *s, unsigned kind)
{
    if ((s->attr & SEG_P) == 0)
        return false;
    if ((kind & ACCESS_WRITE) != 0)
        return (s->attr & (SEG_CODE | SEG_WRITE)) == SEG_WRITE;
    return (s->attr & SEG_CODE) == 0 || (s->attr & SEG_WRITE) != 0;
}

bool x86_linear(struct x86_cpu *c, unsigned seg, uint32_t offset, unsigned size, unsigned kind,
                uint32_t *linear)
{
    const struct x86_segment *s = &c->seg[seg];
    if (!permits(s, kind) || !within(s, offset, size == 0 ? 1 : size))
        return x86_raise_error(c, seg == X86_SS ? VECTOR_SS : VECTOR_GP, 0);
    *linear = s->base + offset;
    return true;
}

uint64_t x86_helper_linear(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    uint32_t linear = 0;
    (void)c;
    x86_linear(x86_of(cpu), b & 7, (uint32_t)a, b >> 8 & 0xffff, b >> 24 & 3, &linear);
    return linear;
}

uint64_t x86_helper_code_limit(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    (void)b, (void)c;
    return (uint32_t)a > x->seg[X86_CS].limit ? x86_raise_error(x, VECTOR_GP, 0) : 0;
}

/* ---- stacks ----------------------------------------------------------------------------------- */

struct x86_frame x86_current_frame(const struct x86_cpu *c)
{
    return (struct x86_frame){.ss = c->seg[X86_SS], .esp = c->cpu.reg[X86_ESP]};
}

void x86_set_esp(struct x86_cpu *c, const struct x86_frame *f)
{
    uint32_t mask = (f->ss.attr & SEG_D) != 0 ? 0xffffffff : 0xffff;
    c->cpu.reg[X86_ESP] = (c->cpu.reg[X86_ESP] & ~mask) | (f->esp & mask);
}

static bool frame_address(struct x86_cpu *c, const struct x86_frame *f, unsigned size, uint32_t *va)
{
    uint32_t offset = (f->ss.attr & SEG_D) != 0 ? f->esp : f->esp & 0xffff;
    if (!within(&f->ss, offset, size))
        return x86_raise_error(c, VECTOR_SS, f->stack_fault ? f->ss.selector & 0xfffc : 0);
    *va = f->ss.base + offset;
    return true;
}

bool x86_frame_push(struct x86_cpu *c, struct x86_frame *f, unsigned size, uint32_t v)
{
    uint32_t va = 0;
    uint64_t value[2] = {v, 0};
    f->esp -= size;
    return frame_address(c, f, size, &va) &&
           (f->kind != 0 || x86_watch(c, va, size, ACCESS_WRITE)) &&
           guest_store(&c->cpu, va, size, ACCESS_WRITE | f->kind, value);
}

bool x86_frame_pop(struct x86_cpu *c, struct x86_frame *f, unsigned size, uint32_t *v)
{
    uint32_t va = 0;
    uint64_t value[2];
    if (!frame_address(c, f, size, &va) || (f->kind == 0 && !x86_watch(c, va, size, ACCESS_READ)) ||
        !guest_load(&c->cpu, va, size, ACCESS_READ | f->kind, value))
        return false;
    *v = (uint32_t)value[0];
    f->esp += size;
    return true;
}

/* ---- system segments -------------------------------------------------------------------------- */

bool x86_tss_stack(struct x86_cpu *c, unsigned cpl, uint32_t *ss, uint32_t *esp)
{
    bool wide = (c->tr.attr & 8) != 0;
    uint32_t at = wide ? 4 + 8 * cpl : 2 + 4 * cpl, size = wide ? 4 : 2;
    if (c->tr.attr == 0 || at + size + 1 > c->tr.limit)
        return x86_raise_error(c, VECTOR_TS, c->tr.selector & 0xfffc);
    return x86_system_load(c, c->tr.base + at, size, esp) &&
           x86_system_load(c, c->tr.base + at + size, 2, ss);
}

bool x86_load_system(struct x86_cpu *c, uint32_t selector, bool ldt)
{
    struct x86_descriptor d;
    struct x86_segment *to = ldt ? &c->ldtr : &c->tr;
    if (selector_null(selector)) {
        if (!ldt)
            return x86_raise_error(c, VECTOR_GP, 0);
        *to = (struct x86_segment){.selector = (uint16_t)selector};
        return true;
    }
    if ((selector & 4) != 0)
        return x86_raise_error(c, VECTOR_GP, selector & 0xfffc);
    if (!x86_descriptor(c, selector, VECTOR_GP, &d))
        return false;
    unsigned type = descriptor_attr(&d) & (SEG_TYPE | SEG_S);
    if (ldt ? type != TYPE_LDT : type != TYPE_TSS16 && type != TYPE_TSS32)
        return x86_raise_error(c, VECTOR_GP, selector & 0xfffc);
    if ((descriptor_attr(&d) & SEG_P) == 0)
        return x86_raise_error(c, VECTOR_NP, selector & 0xfffc);
    if (!ldt) {
        d.high |= 0x200; /* busy */
        if (!x86_system_store(c, c->gdtr.base + (selector & 0xfff8) + 4, 4, d.high))
            return false;
    }
    *to = x86_segment_of(selector, &d);
    return true;
}

uint64_t x86_helper_lldt(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    x86_load_system(x86_of(cpu), (uint32_t)a & 0xffff, true);
    return 0;
}

uint64_t x86_helper_ltr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    x86_load_system(x86_of(cpu), (uint32_t)a & 0xffff, false);
    return 0;
}

/* ---- looking at descriptors (SDM vol. 2, LAR, LSL, VERR) -------------------------------------- */

static bool visible(const struct x86_cpu *c, uint32_t selector, unsigned attr)
{
    bool conforming = (attr & (SEG_S | SEG_CODE | SEG_EXPAND)) == (SEG_S | SEG_CODE | SEG_EXPAND);
    return conforming || (seg_dpl(attr) >= c->cpl && seg_dpl(attr) >= (selector & 3));
}

/* Types of system descriptors that LAR and LSL know, a bit each. */
#define LAR_TYPES 0x1a3eu
#define LSL_TYPES 0x0a0eu

static bool looked_up(const struct x86_cpu *c, unsigned op, uint32_t selector,
                      const struct x86_descriptor *d)
{
    unsigned attr = descriptor_attr(d), type = attr & SEG_TYPE;
    bool user = attr & SEG_S;
    if (!visible(c, selector, attr))
        return false;
    switch (op) {
    case X86_LAR:
        return user || (LAR_TYPES >> type & 1) != 0;
    case X86_LSL:
        return user || (LSL_TYPES >> type & 1) != 0;
    case X86_VERR:
        return user && ((attr & SEG_CODE) == 0 || (attr & SEG_WRITE) != 0);
    default:
        return user && (attr & (SEG_CODE | SEG_WRITE)) == SEG_WRITE;
    }
}

/* a: operation, b: selector, c: the destination's old value. Sets Z. */
uint64_t x86_helper_look_up(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct x86_cpu *x = x86_of(cpu);
    struct x86_descriptor d;
    uint32_t selector = (uint32_t)b & 0xffff;
    bool good = x86_descriptor_try(x, selector, &d);
    if (cpu->exit_request != EXIT_NONE)
        return 0;
    good = good && looked_up(x, (unsigned)a & 0xffff, selector, &d);
    cpu->flags.nz = (uint8_t)((cpu->flags.nz & ~NZ_Z) | (good ? NZ_Z : 0));
    if (!good)
        return c;
    return ((unsigned)a & 0xffff) == X86_LSL ? descriptor_limit(&d) : d.high & 0xf0ff00;
}

uint64_t x86_helper_adjust_rpl(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    uint32_t v = (uint32_t)a, other = (uint32_t)b & 3;
    bool less = (v & 3) < other;
    (void)c;
    cpu->flags.nz = (uint8_t)((cpu->flags.nz & ~NZ_Z) | (less ? NZ_Z : 0));
    return less ? (v & ~3u) | other : v;
}
