/*
 * Guest code for the upcall and poke cases on x86-64. vm_guest_run loads the registers (all but RSP)
 * from a struct vm_guest (guest.h) and jumps to a piece of the guest range
 * [vm_guest_lo, vm_guest_hi); vm_guest_exit, outside it, stores them and returns. One thread at a
 * time. Position-independent; no address is taken from the kernel.
 */
#define IN(i)     (8 * (i))
#define OUT(i)    (128 + 8 * (i))
#define FLAGS_IN  256
#define FLAGS_OUT 264
#define TARGET    272
#define PENDING   184 /* struct upcall_page; guest.h checks it */

    .text
    .globl vm_guest_run
    .type vm_guest_run, @function
vm_guest_run:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
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
    movq IN(7)(%rdi), %rdi
    jmp *target(%rip)

    .p2align 12
    .globl vm_guest_lo, vm_guest_first
vm_guest_lo:
vm_guest_first:
    ud2
    jmp vm_guest_exit

    .globl vm_guest_read, vm_guest_write, vm_guest_divide
vm_guest_read:
    movq (%rsi), %rax
    jmp vm_guest_exit
vm_guest_write:
    movq %rax, (%rsi)
    jmp vm_guest_exit
vm_guest_divide:
    idivl %ecx
    jmp vm_guest_exit

    /* The entry stub, twice: as it is, and with the trap flag set inside the range, so that each of
     * its instructions is an upcall. It keeps the stack as it is: a poke may leave it anywhere.
     * R15 = upcall page, R14 = counter, R12 = turns; R13 on exit: 1 = the stub found a poke
     * pending, 3 = the loop ended. */
    .globl vm_guest_stepped, vm_guest_entry, vm_guest_entry_end
vm_guest_stepped:
    pushfq
    orq $0x100, (%rsp)
    popfq
vm_guest_entry:
    movl $0, %r13d
    cmpq $0, PENDING(%r15)
    jne 2f
    nop
1:  incq (%r14)
    decq %r12
    jnz 1b
    movl $3, %r13d
    jmp 3f
2:  movq $0, PENDING(%r15)
    movl $1, %r13d
3:
vm_guest_entry_end: /* the handler of steps clears the trap flag here */
    jmp vm_guest_exit

    .globl vm_guest_last, vm_guest_hi
vm_guest_last:
    hlt
vm_guest_hi:

    .globl vm_guest_exit
vm_guest_exit:
    pushfq
    pushq %rdi
    movq frame(%rip), %rdi
    movq %rax, OUT(0)(%rdi)
    movq %rcx, OUT(1)(%rdi)
    movq %rdx, OUT(2)(%rdi)
    movq %rbx, OUT(3)(%rdi)
    movq %rsp, OUT(4)(%rdi)
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
    movq (%rsp), %rax
    movq %rax, FLAGS_OUT(%rdi)
    andq $~0x44500, (%rsp) /* AC, NT, DF, TF */
    popfq
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    /* void vm_guest_vectors(struct vm_guest *g, const uint8_t in[32], uint8_t out[32]): vm_guest_run
     * with XMM0 and XMM15 loaded before and stored after. */
    .globl vm_guest_vectors
    .type vm_guest_vectors, @function
vm_guest_vectors:
    pushq %rbx
    movq %rdx, %rbx
    movdqu (%rsi), %xmm0
    movdqu 16(%rsi), %xmm15
    call vm_guest_run
    movdqu %xmm0, (%rbx)
    movdqu %xmm15, 16(%rbx)
    popq %rbx
    ret

    /* EFLAGS; and a misaligned access, which faults if AC is set. */
    .globl vm_handler_flags
    .type vm_handler_flags, @function
vm_handler_flags:
    pushfq
    movq -7(%rsp), %rax
    popq %rax
    ret

    .bss
    .p2align 3
frame: .skip 8
target: .skip 8
    .section .note.GNU-stack, "", @progbits
