/* Non-local jumps; the buffer's layout is the port's. */
#pragma once

#include <tetrapla/jmp_buf.h>

int setjmp(jmp_buf state) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf state, int value);
