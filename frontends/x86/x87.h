/*
 * The x87 FPU of the guest: what its files share.
 *
 * Three ways to run an x87 instruction, chosen when it is lifted (lift_x87.c):
 *
 *  - fast: the x87 operations of the IR on registers whose numbers are known, because the mode word
 *    predicts TOP (XMODE_X87_TOP); the first such instruction of a block compares the word
 *    fpu.state with what the prediction means (x87_standard) and leaves with EXIT_X87 if it is
 *    something else;
 *  - x86_helper_x87 in such a block, for instructions that are rare;
 *  - x86_helper_x87 for every instruction (XMODE_X87_SLOW, and CPL below 3): exact in all respects,
 *    with any tags and any unmasked exceptions.
 *
 * Fast code runs only while every exception is masked, so nothing can be pending; it leaves C1 as it
 * was and does not keep FDP's selector. Exceptions that it raises are in cpu.x87_status, all others
 * in fpu.status. Section numbers are those of the SDM.
 */
#pragma once

#include <translator/x80_host.h>

#include "insn.h"
#include "x86_cpu.h"

/* Everything a helper needs to know of an instruction, in one word. */
struct x87_args {
    uint16_t op;     /* enum x86_op */
    uint8_t sti;     /* register operand */
    uint8_t size;    /* memory operand: bytes; 0: registers */
    uint16_t opcode; /* low 3 bits of the first byte, then ModR/M (8.1.9) */
    uint8_t seg;
    uint8_t flags; /* enum x87_flag */
};
enum x87_flag {
    X87_TO_STI = 1,  /* the destination is ST(i) */
    X87_PREDICT = 2, /* predict the mode anew behind it */
    X87_WAITS = 4,   /* a pending exception comes first */
    X87_NOTES = 8,   /* FIP, FDP and FOP are kept: no control instruction */
};
_Static_assert(sizeof(struct x87_args) == 8, "one word");

static inline struct x80 x87_get_phys(const struct x86_fpu *f, unsigned n)
{
    return (struct x80){.sig = f->r[n].fraction, .se = f->r[n].sign_exp};
}
/* As images and debuggers see it: what popped registers held is not kept (xdrop). */
static inline struct x80 x87_visible(const struct x86_fpu *f, unsigned n)
{
    return f->state.used >> n & 1 ? x87_get_phys(f, n) : X80_ZERO;
}
static inline void x87_set_phys(struct x86_fpu *f, unsigned n, struct x80 v)
{
    f->r[n].fraction = v.sig;
    f->r[n].sign_exp = v.se;
}
static inline unsigned x87_phys(const struct x86_fpu *f, unsigned i)
{
    return (f->state.top + i) & 7;
}

/* The state word with this TOP as programs have it: what lies above TOP is in use, and no more. */
static inline uint32_t x87_standard(unsigned top)
{
    return top == 0 ? 0 : top | (0xff00u << top & 0xff00u);
}
static inline uint32_t x87_state(const struct x86_fpu *f)
{
    return f->state.top | (uint32_t)f->state.used << 8 | (uint32_t)f->state.slow << 16;
}

/* Bring fpu.status up to date, with ES and B. */
void x87_collect(struct x86_cpu *c);
/* Let fpu.mode be right for the state now. */
void x87_predict(struct x86_cpu *c);
/* The prediction was wrong (EXIT_X87), or the instruction needs a helper in any case. */
void x87_mispredicted(struct x86_cpu *c);
void x87_set_control(struct x86_cpu *c, unsigned control);
/* The status word with TOP; and its parts from one. */
uint16_t x87_status_word(struct x86_cpu *c);
void x87_set_status(struct x86_cpu *c, unsigned status);
/* FNINIT. */
void x87_init(struct x86_cpu *c);

/* FLDENV, FNSTENV, FRSTOR, FNSAVE (x87_env.c); false: the access faulted. */
bool x87_environment(struct x86_cpu *c, struct x87_args a, uint32_t at);
/* Bring ip, cs and opcode up to date with fast_ip: FOP is read from the guest's code. */
void x87_collect_pointers(struct x86_cpu *c);

/* MXCSR as the guest sees it: its masks are kept apart, translated code runs with all masked. */
#define MXCSR_MASKS 0x1f80u
#define MXCSR_MASK  0xffffu /* bits that exist */
#define MXCSR_DAZ   0x0040u
#define MXCSR_FTZ   0x8000u
uint32_t x86_mxcsr(const struct x86_cpu *c);
void x86_set_mxcsr(struct x86_cpu *c, uint32_t value);
