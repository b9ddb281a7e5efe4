/* The boards there are; boards.c lists them for the program. */
#pragma once

#include <translator/board.h>

extern const struct board board_virt; /* virt.c: ARM */
extern const struct board board_pc;   /* pc.c: x86 */
extern const struct board board_ss5;  /* ss5.c: SPARC */
