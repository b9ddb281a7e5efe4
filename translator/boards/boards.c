/* The table of boards: the first one of a guest architecture is its default. */
#include <translator/boards/boards.h>

const struct board *const boards[] = {
    &board_virt,
    &board_pc,
    &board_ss5,
    NULL,
};
