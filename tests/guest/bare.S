/* What the kernels of tests/guests/bare.py share: constants of 32 bits, and their two ends. */
    .syntax unified
    .arch armv7-a
    .arch_extension virt
    .arm

    .macro const register, value
    movw    \register, #:lower16:\value
    movt    \register, #:upper16:\value
    .endm
    @ off: all went as it must; wrong: it did not.
    .macro ends
off:
    const   r0, 0x84000008         @ SYSTEM_OFF
    hvc     #0
wrong:
    const   r0, 0x84000009         @ SYSTEM_RESET
    hvc     #0
    .endm
