/*
 * struct of setjmp.S:
 *   0 rbx   8 rbp   16 r12   24 r13   32 r14   40 r15   48 rsp   56 rip   64 mxcsr   68 x87 control
 */
#pragma once

#include <stdint.h>

typedef uint64_t jmp_buf[9];
