/*
 * setjmp and longjmp: the registers a called function must preserve (System V ABI, 3.2.1), the
 * stack pointer as it is after the return, and the return address. Layout: jmp_buf.h.
 */
    .text
    .globl setjmp, longjmp
    .type setjmp, @function
    .type longjmp, @function
setjmp:
    movq %rbx, 0(%rdi)
    movq %rbp, 8(%rdi)
    movq %r12, 16(%rdi)
    movq %r13, 24(%rdi)
    movq %r14, 32(%rdi)
    movq %r15, 40(%rdi)
    leaq 8(%rsp), %rdx
    movq %rdx, 48(%rdi)
    movq (%rsp), %rdx
    movq %rdx, 56(%rdi)
    stmxcsr 64(%rdi)
    fnstcw 68(%rdi)
    xorl %eax, %eax
    ret
    .size setjmp, . - setjmp

longjmp:                        /* rdi = buffer, esi = value; 0 becomes 1 */
    movl %esi, %eax
    cmpl $1, %eax
    adcl $0, %eax
    movq 0(%rdi), %rbx
    movq 8(%rdi), %rbp
    movq 16(%rdi), %r12
    movq 24(%rdi), %r13
    movq 32(%rdi), %r14
    movq 40(%rdi), %r15
    movq 48(%rdi), %rsp
    ldmxcsr 64(%rdi)
    fldcw 68(%rdi)
    jmp *56(%rdi)
    .size longjmp, . - longjmp
    .section .note.GNU-stack, "", @progbits
