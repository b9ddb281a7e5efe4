/*
 * Where the panes are on the screen, how large, and how they are enlarged.
 */
#pragma once

#include <stdbool.h>

#define PANE_COLUMNS 80
#define PANE_ROWS    24
#define VIEWS_MAX    4

enum view_mode {
    VIEW_GRID,   /* four panes, where they fit; else as VIEW_SINGLE */
    VIEW_SINGLE, /* the focused pane alone, its size unchanged, enlarged */
    VIEW_FULL,   /* the focused pane alone, with all rows and columns that the screen has */
    VIEW_MODES
};

/* One pane on the screen: a title row and `rows` rows below it. A character cell is 8×16 pixels
 * times scale. */
struct view {
    unsigned pane;
    unsigned x, y; /* of the title row's top left corner, in pixels */
    unsigned columns, rows, scale;
};

struct layout {
    unsigned count;
    struct view view[VIEWS_MAX];
};

/* The smallest screen that shows anything. */
bool layout_possible(unsigned width, unsigned height);
/* Screen size in pixels (layout_possible); focus < panes. */
void layout_compute(unsigned width, unsigned height, enum view_mode mode, unsigned focus,
                    unsigned panes, struct layout *out);
/* The size that a pane has in this mode. */
void layout_pane_size(unsigned width, unsigned height, enum view_mode mode, bool focused,
                      unsigned *columns, unsigned *rows);
