/*
 * A kernel of its own for tests/guests/bare.py: endless loops of several kinds, each of which the virtual
 * timer's interrupt must end; its handler goes on at the next. A translator must find its way out of all
 * of them, without looking too often. It ends by PSCI when all were left ROUNDS times; a loop that is not
 * left goes on until the test's patience is at its end.
 *
 * The MMU is off. r9 points to the next loop's address, r10 counts rounds; loops use what is below.
 */
#include "bare.S"
    .fpu    vfpv3

    .equ GICD,     0x08000000
    .equ GICC,     0x08010000
    .equ UART,     0x09000000
    .equ TIMER,    27         @ PPI 11: the virtual timer
    .equ PERIOD,   30000      @ of its count
    .equ ROUNDS,   20

    .text
    .global _start
_start:
    adr     r0, vectors
    mcr     p15, 0, r0, c12, c0, 0 @ VBAR
    mrc     p15, 0, r0, c1, c0, 2
    orr     r0, r0, #0xf << 20
    mcr     p15, 0, r0, c1, c0, 2  @ CPACR: floating point
    isb
    mov     r0, #1 << 30
    vmsr    fpexc, r0
    vmov.f64 d0, #1.0
    vmov.f64 d1, d0
    mvn     r0, #0
    vmov    d2, r0, r0             @ a NaN
    const   r0, GICD
    mov     r1, #1 << TIMER
    str     r1, [r0, #0x100]       @ GICD_ISENABLER0
    mov     r1, #1
    str     r1, [r0]               @ GICD_CTLR
    const   r0, GICC
    str     r1, [r0]               @ GICC_CTLR
    mov     r1, #0xff
    str     r1, [r0, #4]           @ GICC_PMR
    adr     r4, word
    const   r5, UART
    adr     r9, loops
    mov     r10, #0
    const   r0, PERIOD
    mcr     p15, 0, r0, c14, c3, 0 @ CNTV_TVAL
    mov     r0, #1
    mcr     p15, 0, r0, c14, c3, 1 @ CNTV_CTL
    cpsie   i
    ldr     pc, [r9], #4

loops:
    .word   itself, counting, storing, two, calling, floats, nans, device, 0

itself:
    b       itself
counting:
    mov     r0, #1
1:  add     r1, r1, #1
    cmp     r0, #0
    bne     1b
storing:
    ldr     r0, [r4]
    add     r0, r0, #1
    str     r0, [r4]
    tst     r4, #0xf0000000
    bne     storing
two:
    mov     r0, #1
1:  cmp     r0, #1
    bne     2f
    b       1b
2:  cmp     r0, #0
    b       1b
calling:
    bl      returns
    b       calling
returns:
    bx      lr
floats:
    vmul.f64 d0, d0, d1
    b       floats
nans:
    vadd.f64 d0, d2, d1
    b       nans
device:
    ldr     r0, [r5, #0x18]        @ UARTFR
    b       device
word:
    .word   0

    .balign 32
vectors:
    b       wrong
    b       wrong
    b       wrong
    b       wrong
    b       wrong
    b       wrong
    nop
irq:
    const   r0, GICC
    ldr     r1, [r0, #0xc]         @ GICC_IAR
    cmp     r1, #TIMER
    bne     wrong
    const   r2, PERIOD
    mcr     p15, 0, r2, c14, c3, 0
    isb
    str     r1, [r0, #0x10]        @ GICC_EOIR
    ldr     lr, [r9], #4
    cmp     lr, #0
    bne     2f
    add     r10, r10, #1
    cmp     r10, #ROUNDS
    beq     off
    adr     r9, loops
    ldr     lr, [r9], #4
2:  movs    pc, lr
    ends
