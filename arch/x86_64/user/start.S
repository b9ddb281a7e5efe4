/*
 * First instruction of a user task. The starter passes the start-up page's address in RDI and a
 * stack in RSP; neither the alignment of the stack nor the frame pointer is relied on. start_c
 * (kernel/user/start.c) does the rest and never returns.
 */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    andq $-16, %rsp
    call start_c
    ud2
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits
