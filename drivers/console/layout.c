/*
 * The layout of the screen (layout.h).
 *
 * A pane is 80×24 unless the screen is smaller or the user asks for more. The reason: a guest
 * operating system whose console is a serial line cannot be told its size and takes 80×24 for
 * granted; its shell would wrap lines wrongly in a pane of another size. So a larger screen
 * enlarges the pixels by a whole factor and centres the rest: 1280×800 holds four panes exactly.
 *
 * Full screen comes in two kinds for the same reason. Alt+Enter (VIEW_FULL) gives the focused pane
 * every row and column there is and tells the client, which is best for vi and top. Alt+Shift+Enter
 * (VIEW_SINGLE) leaves its size alone and enlarges the pixels, for clients that cannot be told.
 *
 * Panes beyond the fourth come in further groups of four: the group with the focus is shown.
 */
#include "layout.h"
#include "cells.h"
#include "font.h"

#define SCALE_MAX 8

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

bool layout_possible(unsigned width, unsigned height)
{
    return width >= 20 * GLYPH_WIDTH && height >= 4 * GLYPH_HEIGHT;
}

/* The factor that fits across × down panes of columns × (rows + title) into the screen; may be
 * 0. */
static unsigned scale_for(unsigned width, unsigned height, unsigned columns, unsigned rows)
{
    unsigned scale = least(width / (columns * GLYPH_WIDTH), height / (rows * GLYPH_HEIGHT));
    return least(scale, SCALE_MAX);
}

static unsigned grid_scale(unsigned width, unsigned height)
{
    return scale_for(width, height, 2 * PANE_COLUMNS, 2 * (PANE_ROWS + 1));
}

/* What is left over at the left or top when a length is centred in a larger one: whole cells. */
static unsigned margin(unsigned all, unsigned used, unsigned cell)
{
    return (all - used) / 2 / cell * cell;
}

/* VIEW_FULL: the smallest factor at which rows and columns stay within what a terminal can have; on
 * a screen so flat that this left no row, less, and the terminal does not fill it. */
static unsigned full_scale(unsigned width, unsigned height)
{
    unsigned scale = 1;
    while (scale < SCALE_MAX && height / (GLYPH_HEIGHT * (scale + 1)) > 1 &&
           (width / (GLYPH_WIDTH * scale) > COLUMNS_MAX ||
            height / (GLYPH_HEIGHT * scale) - 1 > ROWS_MAX))
        scale++;
    return scale;
}

void layout_pane_size(unsigned width, unsigned height, enum view_mode mode, bool focused,
                      unsigned *columns, unsigned *rows)
{
    bool all = mode == VIEW_FULL && focused;
    unsigned scale = all ? full_scale(width, height) : 1;
    unsigned most_columns = least(width / (GLYPH_WIDTH * scale), COLUMNS_MAX);
    unsigned most_rows = least(height / (GLYPH_HEIGHT * scale) - 1, ROWS_MAX);
    *columns = all ? most_columns : least(PANE_COLUMNS, most_columns);
    *rows = all ? most_rows : least(PANE_ROWS, most_rows);
}

void layout_compute(unsigned width, unsigned height, enum view_mode mode, unsigned focus,
                    unsigned panes, struct layout *out)
{
    unsigned scale = grid_scale(width, height);
    if (mode == VIEW_GRID && scale > 0) {
        unsigned step_x = PANE_COLUMNS * GLYPH_WIDTH * scale;
        unsigned step_y = (PANE_ROWS + 1) * GLYPH_HEIGHT * scale;
        unsigned left = margin(width, 2 * step_x, GLYPH_WIDTH);
        unsigned top = margin(height, 2 * step_y, GLYPH_HEIGHT);
        unsigned first = focus / VIEWS_MAX * VIEWS_MAX;
        out->count = least(panes - first, VIEWS_MAX);
        for (unsigned i = 0; i < out->count; i++)
            out->view[i] = (struct view){
                first + i, left + i % 2 * step_x, top + i / 2 * step_y, PANE_COLUMNS, PANE_ROWS,
                scale};
        return;
    }
    unsigned columns, rows;
    layout_pane_size(width, height, mode, true, &columns, &rows);
    scale = scale_for(width, height, columns, rows + 1);
    out->count = 1;
    out->view[0] = (struct view){focus,
                                 margin(width, columns * GLYPH_WIDTH * scale, GLYPH_WIDTH),
                                 margin(height, (rows + 1) * GLYPH_HEIGHT * scale, GLYPH_HEIGHT),
                                 columns,
                                 rows,
                                 scale};
}
