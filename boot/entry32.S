/*
 * Where GRUB enters, in 32-bit protected mode without paging (Multiboot 2 specification, 3.3): EAX
 * holds the magic, EBX the physical address of the boot information. Checks that the CPU has long
 * mode, turns it on with the page tables that early.c makes, and jumps to the kernel at KERNEL64.
 */
#define KERNEL64 0x120000

#define CR0_PG (1 << 31)
#define CR4_PAE (1 << 5)
#define MSR_EFER 0xc0000080
#define EFER_LME (1 << 8)

    .section .multiboot, "ax"
    .code32
    .align 8
header:
    .long 0xe85250d6            /* magic */
    .long 0                     /* i386 protected mode */
    .long header_end - header
    .long -(0xe85250d6 + 0 + (header_end - header))

    .align 8
    .short 5, 1                 /* framebuffer, optional */
    .long 20
    .long 1280, 800, 32
    .align 8
    .short 6, 1                 /* modules on page boundaries, optional */
    .long 8
    .align 8
    .short 0, 0                 /* end */
    .long 8
header_end:

    .balign 64                  /* the kernel's linker script names this address */
    .globl entry32
entry32:
    cli
    cld
    mov %eax, %ebp
    mov $bss_start, %edi
    mov $bss_end, %ecx
    sub %edi, %ecx
    xor %eax, %eax
    rep stosb
    mov $stack_top, %esp
    push %ebx
    push %ebp
    call early_main             /* page tables; returns the top one */
    mov %eax, %cr3
    mov %cr4, %eax
    or $CR4_PAE, %eax
    mov %eax, %cr4
    mov $MSR_EFER, %ecx
    rdmsr
    or $EFER_LME, %eax
    wrmsr
    mov %cr0, %eax
    or $CR0_PG, %eax
    mov %eax, %cr0
    lgdt gdt_pointer
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    mov 4(%esp), %edi           /* boot information */
    ljmp $0x08, $KERNEL64

    .align 8
gdt:
    .quad 0
    .quad 0x00209a0000000000    /* 64-bit code */
    .quad 0x00cf92000000ffff    /* data: limits count until the jump */
gdt_pointer:
    .short gdt_pointer - gdt - 1
    .long gdt

    .section .bss
    .align 16
    .skip 8192
stack_top:
    .section .note.GNU-stack, "", @progbits
