/*
 * The terminal's cursor, margins, printing and modes (terminal.h).
 *
 * Invariants: cursor.row < rows, cursor.column < columns; wrap is set only at the last column; the
 * scroll region lies inside the screen; a row that leaves the top of the primary screen goes to the
 * history.
 *
 * The deferred wrap rule: a character printed in the last column leaves the cursor there and sets
 * wrap; the next character goes to the start of the next line first; anything that moves the cursor
 * or erases clears wrap.
 */
#include <string.h>

#include "terminal.h"

struct grid *terminal_grid(struct terminal *t)
{
    return &t->grid[t->active];
}

struct cell *terminal_row(struct terminal *t, unsigned row)
{
    return grid_row(terminal_grid(t), row);
}

struct cell terminal_erased(const struct terminal *t)
{
    struct cell blank = cell_blank();
    blank.bg = t->cursor.pen.bg;
    blank.attributes = ATTR_FG_DEFAULT | (t->cursor.pen.attributes & ATTR_BG_DEFAULT);
    return blank;
}

void terminal_tabs_reset(struct terminal *t)
{
    memset(t->tab, 0x01, sizeof t->tab); /* every eighth column: bit 0 of each byte */
}

void terminal_soft_reset(struct terminal *t)
{
    t->modes = MODES_INITIAL | (t->modes & MODE_UTF8);
    t->top = 0;
    t->bottom = (uint16_t)(t->rows - 1);
    struct cursor home = {.pen = cell_blank()};
    t->saved[t->active] = home;
    home.row = t->cursor.row;
    home.column = t->cursor.column;
    t->cursor = home;
}

void terminal_reset(struct terminal *t)
{
    t->active = 0;
    t->modes = MODES_INITIAL;
    t->last = 0;
    t->cursor = (struct cursor){0};
    terminal_soft_reset(t);
    t->saved[1] = t->saved[0];
    terminal_tabs_reset(t);
    grid_clear_rows(&t->grid[0], 0, ROWS_MAX, cell_blank());
    grid_clear_rows(&t->grid[1], 0, ROWS_MAX, cell_blank());
    t->view = 0;
}

void terminal_init(struct terminal *t, unsigned columns, unsigned rows)
{
    t->columns = (uint16_t)columns;
    t->rows = (uint16_t)rows;
    t->changes = 0;
    t->bell = 0;
    t->answer_length = 0;
    t->title[0] = 0;
    memset(&t->parser, 0, sizeof t->parser);
    grid_reset(&t->grid[0]);
    grid_reset(&t->grid[1]);
    history_clear(&t->history);
    terminal_reset(t);
}

/* ---- moving ---------------------------------------------------------------------------------- */

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

void terminal_move(struct terminal *t, int row, int column)
{
    t->cursor.row = (uint16_t)clamp(row, 0, t->rows - 1);
    t->cursor.column = (uint16_t)clamp(column, 0, t->columns - 1);
    t->cursor.wrap = 0;
}

void terminal_address(struct terminal *t, int row, int column)
{
    if (t->modes & MODE_ORIGIN)
        terminal_move(t, clamp(row + t->top, t->top, t->bottom), column);
    else
        terminal_move(t, row, column);
}

void terminal_scroll_up(struct terminal *t, unsigned top, unsigned n)
{
    unsigned height = t->bottom - top + 1u;
    if (n > height)
        n = height;
    if (top == 0 && t->active == 0) {
        for (unsigned i = 0; i < n; i++) {
            history_push(&t->history, terminal_row(t, i), t->columns);
            if (t->view > 0) /* what is being read stays where it is */
                t->view++;
        }
        unsigned count = history_count(&t->history);
        if (t->view > count)
            t->view = count;
    }
    grid_scroll_up(terminal_grid(t), top, t->bottom, n, terminal_erased(t));
}

void terminal_index(struct terminal *t)
{
    t->cursor.wrap = 0;
    if (t->cursor.row == t->bottom)
        terminal_scroll_up(t, t->top, 1);
    else if (t->cursor.row + 1 < t->rows)
        t->cursor.row++;
}

void terminal_reverse_index(struct terminal *t)
{
    t->cursor.wrap = 0;
    if (t->cursor.row == t->top)
        grid_scroll_down(terminal_grid(t), t->top, t->bottom, 1, terminal_erased(t));
    else if (t->cursor.row > 0)
        t->cursor.row--;
}

void terminal_tab(struct terminal *t, unsigned n, bool back)
{
    int column = t->cursor.column;
    int step = back ? -1 : 1;
    while (n-- > 0 && column + step >= 0 && column + step < t->columns) {
        do
            column += step;
        while (column > 0 && column < t->columns - 1 && !(t->tab[column / 8] >> column % 8 & 1));
    }
    t->cursor.column = (uint16_t)column;
    t->cursor.wrap = 0;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void next_line(struct terminal *t)
{
    terminal_index(t);
    t->cursor.column = 0;
}

void terminal_print(struct terminal *t, uint32_t code)
{
    struct cursor *c = &t->cursor;
    t->last = code;
    if (code < 0x80 && c->charset[c->shift])
        code = dec_graphics(code);
    unsigned width = character_width(code);
    if (width == 0)
        return;
    if (width == 2 && t->columns < 2) {
        code = REPLACEMENT;
        width = 1;
    }
    bool autowrap = t->modes & MODE_AUTOWRAP;
    if (c->wrap && autowrap)
        next_line(t);
    if (c->column + width > t->columns) {
        if (autowrap)
            next_line(t);
        else
            c->column = (uint16_t)(t->columns - width);
    }
    struct cell *row = terminal_row(t, c->row);
    struct cell *cell = &row[c->column];
    if (t->modes & MODE_INSERT)
        row_insert(row, c->column, width, t->columns, terminal_erased(t));
    else if (cell[0].attributes & ATTR_WIDE_RIGHT || cell[width - 1].attributes & ATTR_WIDE_LEFT)
        row_fill(row, c->column, c->column + width, terminal_erased(t));
    cell[0] = c->pen;
    cell[0].code = code;
    if (width == 2) {
        cell[1] = cell[0];
        cell[0].attributes |= ATTR_WIDE_LEFT;
        cell[1].attributes |= ATTR_WIDE_RIGHT;
    }
    if (c->column + width < t->columns) {
        c->column = (uint16_t)(c->column + width);
        c->wrap = 0;
    } else {
        c->column = (uint16_t)(t->columns - 1);
        c->wrap = autowrap;
    }
}

void terminal_align(struct terminal *t)
{
    struct cell e = cell_blank();
    e.code = 'E';
    for (unsigned row = 0; row < t->rows; row++)
        row_fill(terminal_row(t, row), 0, t->columns, e);
    t->top = 0;
    t->bottom = (uint16_t)(t->rows - 1);
    terminal_move(t, 0, 0);
}

/* ---- screens and saved cursors --------------------------------------------------------------- */

void terminal_save(struct terminal *t)
{
    t->saved[t->active] = t->cursor;
    t->saved[t->active].origin = t->modes & MODE_ORIGIN;
}

void terminal_restore(struct terminal *t)
{
    t->cursor = t->saved[t->active];
    t->modes = (t->modes & ~(uint32_t)MODE_ORIGIN) | t->cursor.origin;
    t->cursor.origin = 0;
    uint8_t wrap = t->cursor.wrap;
    terminal_move(t, t->cursor.row, t->cursor.column);
    t->cursor.wrap = wrap && t->cursor.column == t->columns - 1;
}

void terminal_screen(struct terminal *t, unsigned screen)
{
    t->active = (uint16_t)screen;
    t->view = 0;
}

void terminal_answer(struct terminal *t, const char *text)
{
    size_t n = strlen(text);
    if (n > (size_t)ANSWER_MAX - t->answer_length)
        return; /* whole or not at all; the client asks faster than it reads */
    memcpy(t->answer + t->answer_length, text, n);
    t->answer_length = (uint8_t)(t->answer_length + n);
}

/* ---- the picture ----------------------------------------------------------------------------- */

void terminal_visible_row(const struct terminal *t, unsigned row, struct cell *out)
{
    if (row < t->view)
        history_read(&t->history, history_count(&t->history) - t->view + row, out);
    else
        memcpy(out, grid_row_const(&t->grid[t->active], row - t->view), COLUMNS_MAX * sizeof *out);
    struct cell *last = &out[t->columns - 1];
    if (last->attributes & ATTR_WIDE_LEFT) { /* its right half is hidden */
        last->code = ' ';
        last->attributes &= (uint16_t)~ATTR_WIDE;
    }
}

void terminal_scroll_view(struct terminal *t, int rows)
{
    t->view = (uint32_t)clamp((int)t->view + rows, 0, (int)history_count(&t->history));
    t->changes++;
}

bool terminal_cursor(const struct terminal *t, unsigned *row, unsigned *column)
{
    *row = t->cursor.row + t->view;
    *column = t->cursor.column;
    return t->modes & MODE_CURSOR_VISIBLE && *row < t->rows;
}
