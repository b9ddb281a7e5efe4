/*
 * A kernel of its own for tests/guests/bare.py: the same instructions access a page of the process
 * and a global page while the DACR lets them and while it does not, as Linux does at every kernel
 * entry. It ends by PSCI: off if all went as it must, reset (at `wrong`) if not.
 *
 * Everything is mapped by sections, at its physical address but for PROCESS. r10 counts data aborts,
 * which go on behind the instruction; r11 counts rounds.
 */
#include "bare.S"

    .equ TABLE,    0x40100000
    .equ PAGE,     0x40200000 @ physical address of the process's section
    .equ PROCESS,  0x50000000 @ and where it is mapped: domain 1, not global
    .equ SECTION,  0x00000c0e @ full access, normal memory, domain 0, global (B3.5.1)
    .equ OF_PROCESS, 0x00020020 @ nG, domain 1
    .equ ALLOWED,  5          @ DACR: client of domains 0 and 1
    .equ DENIED,   1
    .equ ROUNDS,   300

    .macro dacr value
    mov     r0, #\value
    mcr     p15, 0, r0, c3, c0, 0
    isb
    .endm
    @ r0 must be value, and aborts more of them have come.
    .macro expect value, aborts
    const   r2, \value
    cmp     r0, r2
    bne     wrong
    add     r9, r9, #\aborts
    cmp     r10, r9
    bne     wrong
    .endm

    .text
    .global _start
_start:
    adr     r0, vectors
    mcr     p15, 0, r0, c12, c0, 0 @ VBAR
    const   r0, TABLE
    const   r1, 0x40000000
    const   r2, SECTION
    orr     r3, r1, r2
    add     r4, r0, #0x400 << 2
    str     r3, [r4]               @ this code
    add     r3, r3, #0x100000
    str     r3, [r4, #4]           @ the table
    add     r3, r3, #0x100000
    str     r3, [r4, #8]           @ the page, globally
    const   r5, OF_PROCESS
    orr     r3, r3, r5
    add     r4, r0, #0x500 << 2
    str     r3, [r4]               @ and as the process's
    mcr     p15, 0, r0, c2, c0, 0  @ TTBR0
    mov     r0, #0
    mcr     p15, 0, r0, c2, c0, 2  @ TTBCR
    mcr     p15, 0, r0, c8, c7, 0  @ TLBIALL
    mov     r0, #1
    mcr     p15, 0, r0, c13, c0, 1 @ CONTEXTIDR
    dacr    DENIED
    mrc     p15, 0, r0, c1, c0, 0
    orr     r0, r0, #1
    mcr     p15, 0, r0, c1, c0, 0  @ SCTLR.M
    isb
    mov     r9, #0
    mov     r10, #0
    mov     r11, #0

round:
    @ Nothing of the process may be accessed; global pages may, with user rights too.
    dacr    DENIED
    const   r1, PAGE
    const   r0, 0x1111
    str     r0, [r1]
    mov     r0, #0
    bl      load_user
    expect  0x1111, 0
    const   r0, 0x2222
    bl      store_user
    bl      load
    expect  0x2222, 0
    const   r1, PROCESS
    const   r0, 0x3333
    bl      load
    expect  0x3333, 1
    bl      load_user
    expect  0x3333, 1
    bl      store_user
    expect  0x3333, 1
    @ Now it may.
    dacr    ALLOWED
    const   r1, PROCESS
    bl      load
    expect  0x2222, 0
    const   r0, 0x4444
    bl      store_user
    mov     r0, #0
    bl      load_user
    expect  0x4444, 0
    const   r1, PAGE
    bl      load
    expect  0x4444, 0
    add     r11, r11, #1
    cmp     r11, #ROUNDS
    bne     round

    ends

load:
    ldr     r0, [r1]
    bx      lr
load_user:
    ldrt    r0, [r1]
    bx      lr
store_user:
    strt    r0, [r1]
    bx      lr

    .balign 32
vectors:
    b       wrong
    b       wrong
    b       wrong
    b       wrong
    add     r10, r10, #1           @ data abort
    subs    pc, lr, #4
    b       wrong
    b       wrong
