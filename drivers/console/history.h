/*
 * Scrollback: the lines that left the top of a pane's screen, oldest first.
 *
 * Cells lie in a ring, lines one behind the other, each without the blank cells at its end.
 */
#pragma once

#include "cells.h"

#define HISTORY_LINES 2048  /* a power of two */
#define HISTORY_CELLS 90000 /* 1,125 lines of 80 columns without a blank */

struct history_line {
    uint32_t start; /* of its first cell in the ring */
    uint16_t length;
    uint16_t reserved;
};

/*
 * Invariant: the lines of the window are valid, each starts where the one before it ends, and
 * together they have at most HISTORY_CELLS cells. The window (first line: bits 0-15, count: bits
 * 16-31) is one word and is written last, so the invariant holds at every instruction.
 */
struct history {
    volatile uint32_t window;
    uint32_t reserved;
    struct history_line line[HISTORY_LINES];
    struct cell cell[HISTORY_CELLS];
};

void history_clear(struct history *h);
unsigned history_count(const struct history *h);
/* Add a row of COLUMNS_MAX cells; the oldest lines make room. Hidden cells behind the terminal's
 * `columns` are kept up to the last that is not a space, whatever its colour. */
void history_push(struct history *h, const struct cell *row, unsigned columns);
/* Read line `index` (0 = oldest, < count) into COLUMNS_MAX cells. */
void history_read(const struct history *h, unsigned index, struct cell *row);
/* Take the newest line back; false if there is none. */
bool history_pop(struct history *h, struct cell *row);
/* Make the invariant true whatever the memory holds: keeps the newest lines that are sound. */
void history_repair(struct history *h);
bool history_valid(const struct history *h);
