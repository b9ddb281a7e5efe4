/*
 * Guest code for the upcall and poke cases: what a translator's translated code looks like to the
 * kernel. guest_run loads every register and the flags from a struct guest (guest.h) and jumps to
 * one of the pieces in the guest range [guest_lo, guest_hi); guest_exit, outside the range, stores
 * every register and returns from guest_run. One thread at a time may be in here.
 */
#define IN(i)     (8 * (i))
#define OUT(i)    (128 + 8 * (i))
#define FLAGS_IN  256
#define FLAGS_OUT 264
#define TARGET    272
#define PENDING   184 /* offset in struct upcall_page; guest.h checks it */

    .text
    .globl guest_run
    .type guest_run, @function
guest_run:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, saved_rsp(%rip)
    movq %rdi, frame(%rip)
    movq TARGET(%rdi), %rax
    movq %rax, target(%rip)
    movq IN(0)(%rdi), %rax
    movq IN(1)(%rdi), %rcx
    movq IN(2)(%rdi), %rdx
    movq IN(3)(%rdi), %rbx
    movq IN(5)(%rdi), %rbp
    movq IN(6)(%rdi), %rsi
    movq IN(8)(%rdi), %r8
    movq IN(9)(%rdi), %r9
    movq IN(10)(%rdi), %r10
    movq IN(11)(%rdi), %r11
    movq IN(12)(%rdi), %r12
    movq IN(13)(%rdi), %r13
    movq IN(14)(%rdi), %r14
    movq IN(15)(%rdi), %r15
    pushq FLAGS_IN(%rdi)
    popfq
    movq IN(4)(%rdi), %rsp
    movq IN(7)(%rdi), %rdi
    jmp *target(%rip)

    .p2align 12
    .globl guest_lo
guest_lo:
    .globl guest_first
guest_first:
    hlt
    jmp guest_exit

    .globl guest_undefined
guest_undefined:
    ud2
    jmp guest_exit

    .globl guest_divide
guest_divide:
    idivl %ecx
    jmp guest_exit

    .globl guest_read
guest_read:
    movq (%rsi), %rax
    jmp guest_exit

    .globl guest_write
guest_write:
    movq %rax, (%rsi)
    jmp guest_exit

    .globl guest_jump
guest_jump:
    jmp *%rsi

    .globl guest_break
guest_break:
    int3
guest_break_after:
    .globl guest_break_after
    jmp guest_exit

    .globl guest_segment
guest_segment:
    movw %ax, %ds
    jmp guest_exit

    .globl guest_simd
guest_simd:
    divsd %xmm1, %xmm0
    jmp guest_exit

    .globl guest_nops, guest_nops_end
guest_nops:
    nop
    nop
    nop
    nop
    nop
    nop
guest_nops_end:
    jmp guest_exit

    /* System call in the range; RAX and the words are set by the caller of guest_run. */
    .globl guest_call, guest_call_after
guest_call:
    syscall
guest_call_after:
    jmp guest_exit

    /* Bases: what RDFSBASE and RDGSBASE give after a fault. */
    .globl guest_bases
guest_bases:
    ud2
    rdfsbase %rax
    rdgsbase %rcx
    jmp guest_exit

    /* The entry stub of the poke cases. R15 = upcall page, R14 = a counter, R12 = turns of the loop.
     * R13 says on exit: 1 = the stub found a poke pending, 3 = the loop ran to its end. */
    .globl guest_entry, guest_entry_end
guest_entry:
    movl $0, %r13d
    cmpq $0, PENDING(%r15)
    jne 2f
    nop
1:  incq (%r14)
    decq %r12
    jnz 1b
    movl $3, %r13d
    jmp guest_exit
2:  movq $0, PENDING(%r15)
    movl $1, %r13d
guest_entry_end:
    jmp guest_exit

    .globl guest_last
guest_last:
    hlt
    .globl guest_hi
guest_hi:
    hlt /* outside */
    jmp guest_exit

    .globl guest_exit
guest_exit:
    movq %rsp, exit_rsp(%rip)
    leaq exit_stack_top(%rip), %rsp
    pushfq
    pushq %rdi
    movq frame(%rip), %rdi
    movq %rax, OUT(0)(%rdi)
    movq %rcx, OUT(1)(%rdi)
    movq %rdx, OUT(2)(%rdi)
    movq %rbx, OUT(3)(%rdi)
    movq %rbp, OUT(5)(%rdi)
    movq %rsi, OUT(6)(%rdi)
    movq %r8, OUT(8)(%rdi)
    movq %r9, OUT(9)(%rdi)
    movq %r10, OUT(10)(%rdi)
    movq %r11, OUT(11)(%rdi)
    movq %r12, OUT(12)(%rdi)
    movq %r13, OUT(13)(%rdi)
    movq %r14, OUT(14)(%rdi)
    movq %r15, OUT(15)(%rdi)
    popq %rax
    movq %rax, OUT(7)(%rdi)
    movq exit_rsp(%rip), %rax
    movq %rax, OUT(4)(%rdi)
    movq (%rsp), %rax
    movq %rax, FLAGS_OUT(%rdi)
    andq $~0x44500, (%rsp) /* AC, NT, DF, TF */
    popfq
    movq saved_rsp(%rip), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    /* The upcall handler: notes flags, stack and a vector register as it finds them, then calls
     * guest_handle(page). */
    .globl guest_handler
guest_handler:
    pushfq
    popq handler_flags(%rip)
    movq %rsp, handler_rsp(%rip)
    movdqu %xmm0, handler_xmm(%rip)
    movdqu %xmm15, 16+handler_xmm(%rip)
    andq $-16, %rsp
    call *guest_handle(%rip)
    ud2

    /* uint64_t guest_return(uint64_t count, uint64_t *done): CALL_UPCALL_RETURN; comes back only if
     * it failed, with the result word. No vector register is touched. */
    .globl guest_return
    .type guest_return, @function
guest_return:
    pushq %rbx
    pushq %rsi
    movl $11, %eax
    syscall
    popq %rsi
    movq %rdi, (%rsi)
    popq %rbx
    ret

    /* uint64_t guest_trap(uint64_t word, uint64_t w0, uint64_t w1): any call with two words. */
    .globl guest_trap
    .type guest_trap, @function
guest_trap:
    pushq %rbx
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    xorl %edx, %edx
    xorl %r10d, %r10d
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    syscall
    popq %rbx
    ret

    .bss
    .p2align 4
saved_rsp: .skip 8
frame: .skip 8
target: .skip 8
exit_rsp: .skip 8
    .skip 64
exit_stack_top:
    .skip 16
    .globl handler_flags, handler_rsp, handler_xmm, guest_handle
handler_flags: .skip 8
handler_rsp: .skip 8
guest_handle: .skip 8
    .skip 8
handler_xmm: .skip 32

    .section .note.GNU-stack, "", @progbits
