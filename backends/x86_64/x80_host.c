/*
 * Transcendental functions on this processor's x87.
 *
 * Whatever the guest unmasked: exceptions are only noted, because nothing between the function and
 * FNCLEX waits. The register stack is empty before and after. Exceptions that the host's status
 * word had collected before are the guest's, too (lower_x87.c), and are handed on.
 */
#include <translator/x80_host.h>

/* *a to st(0), *b to st(1); then as many registers as the function left. */
#define RUN(code)                                                                               \
    __asm__ volatile("fnstsw %[old]\n\tfnclex\n\tfldcw %[masked]\n\tfldt %[b]\n\tfldt %[a]\n\t" \
                     "fldcw %[cw]\n\t" code "\n\tfnstsw %[sw]\n\tfnclex\n\tfldcw %[masked]"     \
                     : [old] "=m"(old), [sw] "=m"(status)                                       \
                     : [a] "m"(*a), [b] "m"(*b), [cw] "m"(control), [masked] "m"(masked));      \
    break

#define KEPT (X80_EXCEPTIONS | X80_C1)

void x80_host_function(enum x80_function f, struct x80_env *e, struct x80 *a, struct x80 *b)
{
    uint16_t control = e->control, masked = control | X80_EXCEPTIONS, status = 0, old = 0, saved;
    struct x80 r[3] = {*a, *b, X80_ZERO};
    __asm__ volatile("fnstcw %0" : "=m"(saved));
    switch (f) {
    case X80_F2XM1:
        RUN("f2xm1");
    case X80_FYL2X:
        RUN("fyl2x");
    case X80_FYL2XP1:
        RUN("fyl2xp1");
    case X80_FPATAN:
        RUN("fpatan");
    case X80_FPTAN:
        RUN("fptan");
    case X80_FSIN:
        RUN("fsin");
    case X80_FCOS:
        RUN("fcos");
    default:
        RUN("fsincos");
    }
    unsigned held = -(status >> 11) & 7;
    for (unsigned n = 0; n < held; n++)
        __asm__ volatile("fstpt %0" : "=m"(r[n]));
    __asm__ volatile("fldcw %0" : : "m"(saved));
    e->status = (uint16_t)((e->status & ~X80_C1) | (status & KEPT) | (old & X80_EXCEPTIONS));
    if (f >= X80_FPTAN) /* the others leave C2 alone */
        e->status = (uint16_t)((e->status & ~X80_C2) | (status & X80_C2));
    if (status & ~control & (X80_IE | X80_DE | X80_ZE)) {
        e->stop = true;
        return;
    }
    if (held == 1) {
        *b = r[0];
    } else if (held == 3) {
        *a = r[0];
        *b = r[1];
    } else {
        *a = r[0];
    }
}
