/*
 * x87 state: control and status words, the prediction of TOP, and the instructions that move whole
 * environments' parts. The instructions that compute are in x87_ops.c.
 */
#include "x87.h"

void x87_collect(struct x86_cpu *c)
{
    struct x86_fpu *f = &c->fpu;
    f->status |= c->cpu.x87_status & X80_EXCEPTIONS;
    f->status &= ~(uint32_t)(X80_ES | X80_BUSY);
    if (f->status & ~f->control & X80_EXCEPTIONS)
        f->status |= X80_ES | X80_BUSY;
}

void x87_predict(struct x86_cpu *c)
{
    struct x86_fpu *f = &c->fpu;
    unsigned top = f->state.top;
    bool fast = x87_state(f) == x87_standard(top) && c->masks == MXCSR_MASKS;
    f->mode = fast ? top << XMODE_X87_SHIFT : XMODE_X87_SLOW;
}

void x87_mispredicted(struct x86_cpu *c)
{
    uint32_t mode = c->fpu.mode;
    x87_predict(c);
    if (c->fpu.mode == mode)
        c->fpu.mode = XMODE_X87_SLOW;
}

void x87_set_control(struct x86_cpu *c, unsigned control)
{
    c->fpu.control = (control & 0xf7f) | 0x40; /* bit 6 reads as 1; 7 and 13 to 15 as 0 */
    c->cpu.x87_control = c->fpu.control | X80_EXCEPTIONS;
    c->fpu.state.slow = (control & X80_EXCEPTIONS) != X80_EXCEPTIONS;
    x87_collect(c);
}

uint16_t x87_status_word(struct x86_cpu *c)
{
    x87_collect(c);
    return (uint16_t)(c->fpu.status | (unsigned)c->fpu.state.top << 11);
}

void x87_set_status(struct x86_cpu *c, unsigned status)
{
    c->fpu.status = status & ~(unsigned)X80_TOP;
    c->fpu.state.top = status >> 11 & 7;
    c->cpu.x87_status = 0;
    x87_collect(c);
}

void x87_init(struct x86_cpu *c)
{
    struct x86_fpu *f = &c->fpu;
    x87_set_status(c, 0);
    f->state.used = 0;
    x87_set_control(c, 0x37f);
    f->ip = f->dp = 0;
    f->cs = f->ds = f->opcode = 0;
    f->fast_ip = 0;
}

uint64_t x86_helper_enter_mmx(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t d)
{
    struct x86_cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)d;
    x87_collect(c);
    if (c->fpu.status & X80_ES)
        return x86_raise(c, VECTOR_MF);
    c->fpu.state.top = 0;
    c->fpu.state.used = 0xff;
    return 0;
}

/* ---- MXCSR (vol. 1, 10.2.3) ----------------------------------------------------------------------- */

uint32_t x86_mxcsr(const struct x86_cpu *c)
{
    return (c->cpu.mxcsr & ~MXCSR_MASKS) | c->masks;
}

void x86_set_mxcsr(struct x86_cpu *c, uint32_t value)
{
    c->masks = value & MXCSR_MASKS;
    c->cpu.mxcsr = value | MXCSR_MASKS;
    x87_predict(c);
}
