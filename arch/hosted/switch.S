/*
 * Stack switches of the hosted port, and the way out of a signal that does not pass through its
 * handler's frames.
 */
    .text
    .globl hosted_call_on_stack
    .type hosted_call_on_stack, @function
hosted_call_on_stack:           /* rdi = entry, rsi = arg, rdx = top, rcx = where to save */
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rcx)
    movq %rsp, %rbx
    andq $-16, %rdx
    movq %rdx, %rsp
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    movq %rbx, %rdi
    .size hosted_call_on_stack, . - hosted_call_on_stack
    /* falls through */

    .globl hosted_leave_stack
    .type hosted_leave_stack, @function
hosted_leave_stack:             /* rdi = saved stack pointer */
    movq %rdi, %rsp
    cld
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size hosted_leave_stack, . - hosted_leave_stack

    .globl hosted_enter_handler
    .type hosted_enter_handler, @function
hosted_enter_handler:           /* rdi = handler, rsi = page, rdx = top */
    andq $-16, %rdx
    movq %rdx, %rsp
    xorl %ebp, %ebp
    movq %rdi, %rax
    movq %rsi, %rdi
    pushq $0                    /* there is nothing to return to */
    jmp *%rax
    .size hosted_enter_handler, . - hosted_enter_handler

    .globl hosted_signal_return
    .type hosted_signal_return, @function
hosted_signal_return:           /* rdi = ucontext: the frame is read from the stack pointer on */
    movq %rdi, %rsp
    movl $15, %eax              /* rt_sigreturn */
    syscall
    hlt
    .size hosted_signal_return, . - hosted_signal_return
    .section .note.GNU-stack, "", @progbits
