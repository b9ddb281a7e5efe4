/*
 * The trap into the kernel on x86-64: SYSCALL (AMD64 APM vol. 3). It destroys RCX and R11. The call
 * word goes in and the result word comes out in RAX; the six argument words travel in RDI, RSI,
 * RDX, R10, R8, R9 both ways; RBX brings back the badge.
 */
#pragma once

#include <stdint.h>

static inline uint64_t trap(uint64_t word, uint64_t w[6], uint64_t *badge)
{
    register uint64_t rdi __asm__("rdi") = w[0];
    register uint64_t rsi __asm__("rsi") = w[1];
    register uint64_t rdx __asm__("rdx") = w[2];
    register uint64_t r10 __asm__("r10") = w[3];
    register uint64_t r8 __asm__("r8") = w[4];
    register uint64_t r9 __asm__("r9") = w[5];
    uint64_t rbx = *badge;
    __asm__ volatile("syscall"
                     : "+a"(word), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10), "+r"(r8), "+r"(r9),
                       "+b"(rbx)
                     :
                     : "rcx", "r11", "memory");
    w[0] = rdi;
    w[1] = rsi;
    w[2] = rdx;
    w[3] = r10;
    w[4] = r8;
    w[5] = r9;
    *badge = rbx;
    return word;
}
