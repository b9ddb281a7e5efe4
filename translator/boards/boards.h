/* The boards there are; boards.c lists them for the program. */
#pragma once

#include <translator/board.h>

extern const struct board board_virt; /* virt.c: ARM */
extern const struct board board_pc;   /* pc.c: x86 */
extern const struct board board_ss5;  /* ss5.c: SPARC */

/* ---- start.c ------------------------------------------------------------------------------------ */

/* RAM of the VM's board in bytes: as configured, or the board's default. */
uint64_t board_memory(const struct board *board, struct vm *vm);
/* Build it, as at power-on, with the images loaded. False: a sentence in error; delete it all the same. */
bool board_start(const struct board *board, struct vm *vm, char *error, size_t size);
/* As at power-on again; the configuration's images must be there. */
bool board_reset(const struct board *board, struct vm *vm, char *error, size_t size);
void board_delete(const struct board *board, struct vm *vm);
/* For `create`: says so in error; false. */
bool board_no_memory(const struct board *board, struct vm *vm, char *error, size_t size);
