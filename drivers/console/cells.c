/*
 * Grids of cells: clearing, scrolling, inserting and deleting.
 *
 * Scrolling rotates the line map and clears the rows that come in; cells are copied only within a
 * row. Every function that can cut a wide character in half blanks the half that is left, so the
 * pairing invariant of cells.h holds after each of them.
 */
#include <string.h>

#include "cells.h"

struct cell cell_blank(void)
{
    return (struct cell){' ', COLOUR_FG, COLOUR_BG, ATTR_FG_DEFAULT | ATTR_BG_DEFAULT};
}

bool cell_equal(struct cell a, struct cell b)
{
    return a.code == b.code && a.fg == b.fg && a.bg == b.bg && a.attributes == b.attributes;
}

struct cell *grid_row(struct grid *g, unsigned row)
{
    return g->cell[g->line[row]];
}

const struct cell *grid_row_const(const struct grid *g, unsigned row)
{
    return g->cell[g->line[row]];
}

/* A wide character whose halves are at from-1 and from is about to be cut: blank both halves. */
static void cut(struct cell *row, unsigned at)
{
    if (at == 0 || at >= COLUMNS_MAX || !(row[at].attributes & ATTR_WIDE_RIGHT))
        return;
    for (unsigned i = at - 1; i <= at; i++) {
        row[i].code = ' ';
        row[i].attributes &= (uint16_t)~ATTR_WIDE;
    }
}

void row_fill(struct cell *row, unsigned from, unsigned to, struct cell blank)
{
    if (to > COLUMNS_MAX)
        to = COLUMNS_MAX;
    if (from >= to)
        return;
    cut(row, from);
    cut(row, to);
    for (unsigned i = from; i < to; i++)
        row[i] = blank;
}

void row_insert(struct cell *row, unsigned at, unsigned n, unsigned end, struct cell blank)
{
    if (at >= end)
        return;
    if (n > end - at)
        n = end - at;
    cut(row, at);
    cut(row, end - n);
    cut(row, end);
    memmove(row + at + n, row + at, (end - at - n) * sizeof *row);
    for (unsigned i = at; i < at + n; i++)
        row[i] = blank;
}

void row_delete(struct cell *row, unsigned at, unsigned n, unsigned end, struct cell blank)
{
    if (at >= end)
        return;
    if (n > end - at)
        n = end - at;
    cut(row, at);
    cut(row, at + n);
    cut(row, end);
    memmove(row + at, row + at + n, (end - at - n) * sizeof *row);
    for (unsigned i = end - n; i < end; i++)
        row[i] = blank;
}

unsigned row_length(const struct cell *row)
{
    unsigned n = COLUMNS_MAX;
    struct cell blank = cell_blank();
    while (n > 0 && cell_equal(row[n - 1], blank))
        n--;
    return n;
}

void grid_clear_rows(struct grid *g, unsigned from, unsigned to, struct cell blank)
{
    for (unsigned row = from; row < to && row < ROWS_MAX; row++) {
        struct cell *cells = grid_row(g, row);
        for (unsigned i = 0; i < COLUMNS_MAX; i++)
            cells[i] = blank;
    }
}

void grid_scroll_up(struct grid *g, unsigned top, unsigned bottom, unsigned n, struct cell blank)
{
    unsigned height = bottom - top + 1;
    if (n > height)
        n = height;
    uint16_t moved[ROWS_MAX];
    memcpy(moved, g->line + top, n * sizeof *moved);
    memmove(g->line + top, g->line + top + n, (height - n) * sizeof *moved);
    memcpy(g->line + top + height - n, moved, n * sizeof *moved);
    grid_clear_rows(g, bottom + 1 - n, bottom + 1, blank);
}

void grid_scroll_down(struct grid *g, unsigned top, unsigned bottom, unsigned n, struct cell blank)
{
    unsigned height = bottom - top + 1;
    if (n > height)
        n = height;
    uint16_t moved[ROWS_MAX];
    memcpy(moved, g->line + bottom + 1 - n, n * sizeof *moved);
    memmove(g->line + top + n, g->line + top, (height - n) * sizeof *moved);
    memcpy(g->line + top, moved, n * sizeof *moved);
    grid_clear_rows(g, top, top + n, blank);
}

void grid_reset(struct grid *g)
{
    for (unsigned i = 0; i < ROWS_MAX; i++)
        g->line[i] = (uint16_t)i;
    grid_clear_rows(g, 0, ROWS_MAX, cell_blank());
}

static bool code_valid(uint32_t code)
{
    return code >= 0x20 && code <= 0x10ffff && !(code >= 0x7f && code < 0xa0);
}

void row_repair(struct cell *row, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct cell *c = &row[i];
        if (!code_valid(c->code))
            c->code = ' ';
        c->attributes &= ATTR_STORED;
        bool left = c->attributes & ATTR_WIDE_LEFT, right = c->attributes & ATTR_WIDE_RIGHT;
        bool paired = right ? i > 0 && (row[i - 1].attributes & ATTR_WIDE) == ATTR_WIDE_LEFT
                            : i + 1 < n && (row[i + 1].attributes & ATTR_WIDE) == ATTR_WIDE_RIGHT;
        if (left == right || !paired)
            c->attributes &= (uint16_t)~ATTR_WIDE;
    }
}

void grid_repair(struct grid *g)
{
    bool used[ROWS_MAX] = {false}, keep[ROWS_MAX] = {false};
    for (unsigned i = 0; i < ROWS_MAX; i++) {
        keep[i] = g->line[i] < ROWS_MAX && !used[g->line[i]];
        if (keep[i])
            used[g->line[i]] = true;
    }
    for (unsigned i = 0, next = 0; i < ROWS_MAX; i++) {
        if (keep[i])
            continue;
        while (used[next])
            next++;
        used[next] = true;
        g->line[i] = (uint16_t)next;
    }
    for (unsigned i = 0; i < ROWS_MAX; i++)
        row_repair(g->cell[i], COLUMNS_MAX);
}

bool grid_valid(const struct grid *g)
{
    bool used[ROWS_MAX] = {false};
    for (unsigned i = 0; i < ROWS_MAX; i++) {
        if (g->line[i] >= ROWS_MAX || used[g->line[i]])
            return false;
        used[g->line[i]] = true;
    }
    for (unsigned r = 0; r < ROWS_MAX; r++) {
        for (unsigned i = 0; i < COLUMNS_MAX; i++) {
            const struct cell *c = &g->cell[r][i];
            if (!code_valid(c->code) || c->attributes & ~ATTR_STORED)
                return false;
            bool left = i + 1 < COLUMNS_MAX && c[1].attributes & ATTR_WIDE_RIGHT;
            bool right = i > 0 && c[-1].attributes & ATTR_WIDE_LEFT;
            if (left != !!(c->attributes & ATTR_WIDE_LEFT) ||
                right != !!(c->attributes & ATTR_WIDE_RIGHT))
                return false;
        }
    }
    return true;
}
