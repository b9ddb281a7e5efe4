/*
 * What a pane looks like: its cells as the painter wants them, with colours resolved, the cursor
 * put in, and its title row.
 */
#pragma once

#include "terminal.h"

/* Row `row` (0 = first below the title) of a pane; out has COLUMNS_MAX cells. */
void compose_row(const struct terminal *t, unsigned row, bool focused, struct cell *out);
/* The title row of pane `number` (1 is the first). bell: mark it. */
void compose_title(const struct terminal *t, unsigned number, bool focused, bool bell,
                   struct cell *out);
/* A cell's colours and attributes as they appear: no default colours, no reverse, no hidden text,
 * bold as a bright colour. */
struct cell compose_cell(struct cell c, bool reverse_screen);
