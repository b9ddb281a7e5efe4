/* The 32-bit entry program (boot/), as it was linked for 1 MiB. */
    .section .boot32, "ax"
    .incbin "boot32.bin"
    .section .note.GNU-stack, "", @progbits
