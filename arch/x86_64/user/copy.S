/*
 * memcpy, memmove, memset: general registers only, so that an upcall handler may use them while the
 * interrupted code's vector registers are live.
 *
 * memcpy is memmove. Overlap is decided by one unsigned comparison: if dst - src < n, the
 * destination starts inside the source and the copy runs backwards. Every path loads the odd end
 * (the last or first eight bytes) before it stores anything and stores it last; the whole words in
 * between never overwrite a source byte that is still to be read.
 */
    .text
    .globl memcpy, memmove, memset
    .type memcpy, @function
    .type memmove, @function
    .type memset, @function

    .p2align 4
memcpy:
memmove:                        /* rdi = dst, rsi = src, rdx = n */
    movq %rdi, %rax
    cmpq $16, %rdx
    ja 3f
    cmpl $8, %edx
    jae 1f
    cmpl $4, %edx
    jae 2f
    testl %edx, %edx
    jz 0f
    movzbl (%rsi), %ecx         /* 1 to 3 bytes: first, middle, last */
    movzbl -1(%rsi, %rdx), %r8d
    movl %edx, %r10d
    shrl $1, %r10d
    movzbl (%rsi, %r10), %r9d
    movb %cl, (%rdi)
    movb %r9b, (%rdi, %r10)
    movb %r8b, -1(%rdi, %rdx)
0:  ret
1:  movq (%rsi), %rcx           /* 8 to 16 */
    movq -8(%rsi, %rdx), %r8
    movq %rcx, (%rdi)
    movq %r8, -8(%rdi, %rdx)
    ret
2:  movl (%rsi), %ecx           /* 4 to 7 */
    movl -4(%rsi, %rdx), %r8d
    movl %ecx, (%rdi)
    movl %r8d, -4(%rdi, %rdx)
    ret
3:  movq %rdi, %rcx
    subq %rsi, %rcx
    cmpq %rdx, %rcx
    jb 6f
    movq -8(%rsi, %rdx), %r8    /* forwards: r8 = last eight bytes, r9 = where they go */
    leaq -8(%rdi, %rdx), %r9
    leaq -1(%rdx), %rcx
    shrq $3, %rcx               /* whole words before the odd end */
    cmpq $16, %rcx
    ja 5f
4:  movq (%rsi), %r10
    addq $8, %rsi
    movq %r10, (%rdi)
    addq $8, %rdi
    decl %ecx
    jnz 4b
    movq %r8, (%r9)
    ret
5:  rep movsq
    movq %r8, (%r9)
    ret
6:  movq (%rsi), %r8            /* backwards: r8 = first eight bytes */
7:  movq -8(%rsi, %rdx), %r10
    movq %r10, -8(%rdi, %rdx)
    subq $8, %rdx
    cmpq $8, %rdx
    ja 7b
    movq %r8, (%rdi)
    ret
    .size memmove, . - memmove
    .size memcpy, . - memcpy

    .p2align 4
memset:                         /* rdi = dst, esi = byte, rdx = n */
    movq %rdi, %r9
    movzbl %sil, %eax
    movabsq $0x0101010101010101, %r8
    imulq %r8, %rax
    cmpq $8, %rdx
    jb 3f
    movq %rax, -8(%rdi, %rdx)   /* the odd end first, then whole words */
    leaq -1(%rdx), %rcx
    shrq $3, %rcx
    jz 2f
    cmpq $16, %rcx
    ja 5f
1:  movq %rax, (%rdi)
    addq $8, %rdi
    decl %ecx
    jnz 1b
2:  movq %r9, %rax
    ret
3:  testl %edx, %edx
    jz 2b
4:  movb %al, -1(%rdi, %rdx)
    decl %edx
    jnz 4b
    jmp 2b
5:  rep stosq
    movq %r9, %rax
    ret
    .size memset, . - memset
    .section .note.GNU-stack, "", @progbits
