/* Places of registers in gregs. Not together with abi.h, which has such names of its own. */
#pragma once

#include <signal.h>

/* clang-format off */
enum { REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RDI, REG_RSI,
       REG_RBP, REG_RBX, REG_RDX, REG_RAX, REG_RCX, REG_RSP, REG_RIP, REG_EFL, REG_CSGSFS, REG_ERR };
/* clang-format on */
