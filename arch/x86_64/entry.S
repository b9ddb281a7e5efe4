/*
 * Entering and leaving the kernel.
 *
 * From user mode the registers are stored directly in the current thread (struct thread.regs), then
 * C runs on the one kernel stack. Every way out goes through kernel_exit, which returns the thread
 * to resume. SYSRET is used only after a plain call: its RIP came from SYSCALL, so it is canonical.
 *
 * GS: in the kernel, the GS base points at cpu0 (kernel.h); a user's value waits in the MSR that
 * SWAPGS exchanges. Whether to swap is decided by the privilege level in the saved CS, never by
 * looking at GS, which a user may set to anything. NMI and #MC do not touch GS at all; a #DB in the
 * kernel (a trap flag that slips through) clears the flag and goes on.
 */
#include "entry.h"

#define CPU_CURRENT 8
#define CPU_STACK 16
#define CPU_SCRATCH 24

#define THREAD_REGS 40
#define GPR(n) (THREAD_REGS + 8 * (n))
#define RAX GPR(0)
#define RCX GPR(1)
#define RDX GPR(2)
#define RBX GPR(3)
#define RSP GPR(4)
#define RBP GPR(5)
#define RSI GPR(6)
#define RDI GPR(7)
#define RIP GPR(16)
#define RFLAGS GPR(17)
#define REGS_END GPR(18)            /* beyond RFLAGS; the FS and GS bases follow */
#define FAST_RETURN GPR(20)

#define USER_DATA 0x1b
#define USER_CODE 0x23

    .text
    .globl entry_call
entry_call:                         /* SYSCALL: RCX = RIP, R11 = RFLAGS, interrupts off */
    swapgs
    mov %rsp, %gs:CPU_SCRATCH
    mov %gs:CPU_CURRENT, %rsp
    add $REGS_END, %rsp
    push %r11
    push %rcx
    push %r15
    push %r14
    push %r13
    push %r12
    push %r11
    push %r10
    push %r9
    push %r8
    push %rdi
    push %rsi
    push %rbp
    push %gs:CPU_SCRATCH
    push %rbx
    push %rdx
    push %rcx
    push %rax
    lea -THREAD_REGS(%rsp), %rdi
    movb $1, FAST_RETURN(%rdi)
    mov %gs:CPU_STACK, %rsp
    xor %ebp, %ebp
    call kernel_call

    .globl leave_kernel
leave_kernel:
    call kernel_exit
    cmpb $0, FAST_RETURN(%rax)
    je leave_full
    lea RAX(%rax), %rsp
    pop %rax
    pop %rcx                        /* RCX slot: replaced below */
    pop %rdx
    pop %rbx
    pop %rcx                        /* RSP slot: read below */
    pop %rbp
    pop %rsi
    pop %rdi
    pop %r8
    pop %r9
    pop %r10
    pop %r11                        /* R11 slot: replaced below */
    pop %r12
    pop %r13
    pop %r14
    pop %r15
    pop %rcx                        /* RIP */
    pop %r11                        /* RFLAGS */
    mov RSP-REGS_END(%rsp), %rsp
    swapgs
    sysretq

leave_full:
    incq counters+COUNTERS_IRETS(%rip)
    mov %gs:CPU_STACK, %rsp
    push $USER_DATA
    push RSP(%rax)
    push RFLAGS(%rax)
    push $USER_CODE
    push RIP(%rax)
    mov GPR(15)(%rax), %r15
    mov GPR(14)(%rax), %r14
    mov GPR(13)(%rax), %r13
    mov GPR(12)(%rax), %r12
    mov GPR(11)(%rax), %r11
    mov GPR(10)(%rax), %r10
    mov GPR(9)(%rax), %r9
    mov GPR(8)(%rax), %r8
    mov RDI(%rax), %rdi
    mov RSI(%rax), %rsi
    mov RBP(%rax), %rbp
    mov RBX(%rax), %rbx
    mov RDX(%rax), %rdx
    mov RCX(%rax), %rcx
    mov RAX(%rax), %rax
    swapgs
    iretq

/* Interrupts and exceptions. Frame: vector, error code, RIP, CS, RFLAGS, RSP, SS. */
    .balign 16
entry_trap:
    testb $3, 24(%rsp)
    jz trap_in_kernel
    swapgs
    push %rax
    mov %gs:CPU_CURRENT, %rax
    pop RAX(%rax)
    mov %rcx, RCX(%rax)
    mov %rdx, RDX(%rax)
    mov %rbx, RBX(%rax)
    mov %rbp, RBP(%rax)
    mov %rsi, RSI(%rax)
    mov %rdi, RDI(%rax)
    mov %r8, GPR(8)(%rax)
    mov %r9, GPR(9)(%rax)
    mov %r10, GPR(10)(%rax)
    mov %r11, GPR(11)(%rax)
    mov %r12, GPR(12)(%rax)
    mov %r13, GPR(13)(%rax)
    mov %r14, GPR(14)(%rax)
    mov %r15, GPR(15)(%rax)
    movb $0, FAST_RETURN(%rax)
    mov %rax, %rdi
    pop %rsi                        /* vector */
    pop %rdx                        /* error code */
    pop RIP(%rdi)
    pop %rax                        /* CS */
    pop RFLAGS(%rdi)
    pop RSP(%rdi)
    mov %gs:CPU_STACK, %rsp
    xor %ebp, %ebp
    cld
    call trap_from_user
    jmp leave_kernel

trap_in_kernel:                     /* a preemption point, idling, or a bug */
    push %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, %rdi
    cld
    call trap_from_kernel
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    pop %rcx
    pop %rax
    add $16, %rsp
    iretq

    .balign 16
entry_nmi:                          /* counted; everything else stays as it is */
    incq counters+COUNTERS_NMIS(%rip)
    iretq

    .balign 16
entry_debug:                        /* #DB, on a stack of its own */
    testb $3, 8(%rsp)
    jz 1f
    push $0
    push $1
    jmp entry_trap
1:  andl $~0x100, 16(%rsp)
    iretq

/* One entry per vector, 16 bytes each. The CPU pushes an error code for 8, 10–14, 17, 21, 29, 30. */
    .balign 16
    .globl entry_stubs
entry_stubs:
    vector = 0
    .rept 256
    .balign 16
    .if vector == 1
    jmp entry_debug
    .elseif vector == 2
    jmp entry_nmi
    .else
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
    push $0
    .endif
    push $vector
    jmp entry_trap
    .endif
    vector = vector + 1
    .endr

    .section .note.GNU-stack, "", @progbits
