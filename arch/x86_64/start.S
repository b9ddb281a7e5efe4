/* The first 64-bit instruction (0x120000). EDI: physical address of the boot information. Still on
 * the page tables of boot/early.c, in the identity mapping. */
    .section .text.start, "ax"
    .globl start64
start64:
    movabs $start_high, %rax
    jmp *%rax
start_high:
    movabs $boot_stack_top, %rsp
    xor %ebp, %ebp
    mov %edi, %edi
    call boot_main
1:  hlt
    jmp 1b

    .bss
    .balign 16
    .skip 16384
    .globl boot_stack_top
boot_stack_top:
    .section .note.GNU-stack, "", @progbits
