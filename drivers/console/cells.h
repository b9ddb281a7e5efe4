/*
 * Character cells and grids of them: the contents of one screen.
 *
 * A grid always has storage for ROWS_MAX rows of COLUMNS_MAX cells, whatever size the terminal has
 * at the moment: cells to the right of the terminal's last column are hidden, not gone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COLUMNS_MAX 240 /* 1920 pixels of 8 */
#define ROWS_MAX    66  /* 1080 pixels of 16, less the title row */

#define ATTR_BOLD       0x0001u
#define ATTR_DIM        0x0002u
#define ATTR_ITALIC     0x0004u /* kept, not drawn */
#define ATTR_UNDERLINE  0x0008u
#define ATTR_BLINK      0x0010u /* kept, not drawn */
#define ATTR_REVERSE    0x0020u
#define ATTR_HIDDEN     0x0040u
#define ATTR_STRIKE     0x0080u
#define ATTR_FG_DEFAULT 0x0100u
#define ATTR_BG_DEFAULT 0x0200u
#define ATTR_WIDE_LEFT  0x0400u /* left half of a character two cells wide ... */
#define ATTR_WIDE_RIGHT 0x0800u /* ... and its right half, in the next cell */
#define ATTR_BOX        0x1000u /* painter only: a hollow cursor */
#define ATTR_STORED     0x0fffu
#define ATTR_WIDE       (ATTR_WIDE_LEFT | ATTR_WIDE_RIGHT)

#define COLOUR_FG 7 /* palette entries of the default colours */
#define COLOUR_BG 0

/* fg and bg are indices of the 256-colour palette, valid even when the default flag is set. */
struct cell {
    uint32_t code; /* Unicode character, never a control character */
    uint8_t fg, bg;
    uint16_t attributes; /* ATTR_* */
};
_Static_assert(sizeof(struct cell) == 8, "cells are compared as one word");

/* A space in default colours. */
struct cell cell_blank(void);
bool cell_equal(struct cell a, struct cell b);

/*
 * Invariant: line[] is a permutation of 0..ROWS_MAX-1 (which storage row each screen row is in), so
 * that scrolling moves 2 bytes a row; and in every row a WIDE_LEFT cell is followed by its
 * WIDE_RIGHT cell and the other way round.
 */
struct grid {
    uint16_t line[ROWS_MAX];
    uint16_t reserved[2];
    struct cell cell[ROWS_MAX][COLUMNS_MAX];
};

void grid_reset(struct grid *g);
/* The COLUMNS_MAX cells of a screen row, row < ROWS_MAX. */
struct cell *grid_row(struct grid *g, unsigned row);
const struct cell *grid_row_const(const struct grid *g, unsigned row);
/* Move rows top..bottom (inclusive, top <= bottom < ROWS_MAX) by n rows; rows that come in are
 * filled with `blank`. n may be anything. */
void grid_scroll_up(struct grid *g, unsigned top, unsigned bottom, unsigned n, struct cell blank);
void grid_scroll_down(struct grid *g, unsigned top, unsigned bottom, unsigned n, struct cell blank);
void grid_clear_rows(struct grid *g, unsigned from, unsigned to,
                     struct cell blank); /* [from, to) */

/* Fill cells [from, to) of a row; a wide character cut in half loses its other half too. */
void row_fill(struct cell *row, unsigned from, unsigned to, struct cell blank);
/* Insert or delete n cells at column `at`, the part of the row up to `end` moving. */
void row_insert(struct cell *row, unsigned at, unsigned n, unsigned end, struct cell blank);
void row_delete(struct cell *row, unsigned at, unsigned n, unsigned end, struct cell blank);
/* Length of a row without the blank default cells at its end. */
unsigned row_length(const struct cell *row);

/* Make the invariants true whatever the memory holds (after a crash). */
void grid_repair(struct grid *g);
void row_repair(struct cell *row, unsigned n);
/* Are they true? For tests. */
bool grid_valid(const struct grid *g);
