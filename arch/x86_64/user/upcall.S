/*
 * What an upcall handler may call: vm_upcall_return and vm_signal. Written in assembly so that no
 * compiler can use a vector register in them: the interrupted code's are live.
 *
 * Registers of a call: kernel/include/tetrapla/abi.h. The numbers below are CALL_SIGNAL and
 * CALL_UPCALL_RETURN; kernel/user/vm.c checks them at compile time.
 */
    .set CALL_SIGNAL, 4
    .set CALL_UPCALL_RETURN, 11

    .text
    .globl vm_upcall_return, vm_signal
    .type vm_upcall_return, @function
    .type vm_signal, @function

vm_upcall_return:               /* edi = entries, rsi = where to store how many were done */
    pushq %rbx
    pushq %rsi
    movl %edi, %edi
    xorl %esi, %esi
    xorl %edx, %edx
    movl $CALL_UPCALL_RETURN, %eax
    syscall                     /* comes back only when an operation failed */
    popq %rsi
    movl %edi, (%rsi)
    movzbl %al, %eax
    popq %rbx
    ret
    .size vm_upcall_return, . - vm_upcall_return

vm_signal:                      /* edi = notification, rsi = bits */
    pushq %rbx
    movl %edi, %eax
    shlq $16, %rax
    orq $CALL_SIGNAL, %rax
    movq %rsi, %rdi
    syscall
    movzbl %al, %eax
    popq %rbx
    ret
    .size vm_signal, . - vm_signal
    .section .note.GNU-stack, "", @progbits
