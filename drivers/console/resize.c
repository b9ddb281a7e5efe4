/*
 * What happens to a terminal from outside its byte stream: a new size, a line of root's log, and
 * repair after a crash (terminal.h).
 *
 * Resizing is undone by resizing back: rows that do not fit leave at the top into the history and
 * are taken back from it; columns that do not fit stay in the grid, hidden.
 */
#include <string.h>

#include "terminal.h"

static bool row_blank(const struct cell *row)
{
    return row_length(row) == 0;
}

/* Fewer rows: drop blank rows below the cursor, then push rows off the top. */
static unsigned shrink(struct terminal *t, unsigned screen, unsigned cursor_row, unsigned rows)
{
    struct grid *g = &t->grid[screen];
    unsigned last = t->rows - 1u;
    while (last > cursor_row && row_blank(grid_row(g, last)))
        last--;
    unsigned push = last >= rows ? last - rows + 1 : 0;
    if (push > cursor_row)
        push = cursor_row;
    for (unsigned i = 0; screen == 0 && i < push; i++)
        history_push(&t->history, grid_row(g, i), t->columns);
    if (push > 0)
        grid_scroll_up(g, 0, t->rows - 1u, push, cell_blank());
    return cursor_row - push;
}

/* More rows: clear what was below, and take rows back from the history. */
static unsigned grow(struct terminal *t, unsigned screen, unsigned cursor_row, unsigned rows)
{
    struct grid *g = &t->grid[screen];
    grid_clear_rows(g, t->rows, rows, cell_blank());
    struct cell row[COLUMNS_MAX];
    for (unsigned i = t->rows; screen == 0 && i < rows && history_pop(&t->history, row); i++) {
        grid_scroll_down(g, 0, rows - 1, 1, cell_blank());
        memcpy(grid_row(g, 0), row, sizeof row);
        cursor_row++;
    }
    return cursor_row;
}

void terminal_resize(struct terminal *t, unsigned columns, unsigned rows)
{
    if (columns == t->columns && rows == t->rows)
        return;
    for (unsigned screen = 0; screen < 2; screen++) {
        struct cursor *c = screen == t->active ? &t->cursor : &t->saved[screen];
        unsigned row = c->row < t->rows ? c->row : t->rows - 1u;
        row = rows < t->rows ? shrink(t, screen, row, rows) : grow(t, screen, row, rows);
        c->row = (uint16_t)row;
    }
    t->columns = (uint16_t)columns;
    t->rows = (uint16_t)rows;
    t->top = 0;
    t->bottom = (uint16_t)(rows - 1);
    t->view = 0;
    terminal_move(t, t->cursor.row, t->cursor.column);
    t->changes++;
}

/* ---- log lines ------------------------------------------------------------------------------- */

#define LOG_MARK   "log "
#define LOG_COLOUR 6

static void log_row(struct cell *row, unsigned columns, const uint8_t *text, size_t n)
{
    struct cell pen = cell_blank();
    pen.fg = LOG_COLOUR;
    pen.attributes &= (uint16_t)~ATTR_FG_DEFAULT;
    for (unsigned i = 0; i < COLUMNS_MAX; i++)
        row[i] = cell_blank();
    unsigned column = 0;
    for (const char *mark = LOG_MARK; *mark && column < columns; mark++, column++) {
        row[column] = pen;
        row[column].code = (uint8_t)*mark;
        row[column].attributes |= *mark == ' ' ? 0 : ATTR_REVERSE;
    }
    struct utf8 decoder = {0};
    for (size_t i = 0; i < n;) {
        uint32_t code;
        enum utf8_result result = utf8_step(&decoder, text[i], &code);
        i += result != UTF8_BROKEN;
        if (result == UTF8_MORE)
            continue;
        if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            code = code == '\t' ? ' ' : REPLACEMENT;
        unsigned width = character_width(code);
        if (width == 0 || column + width > columns)
            continue;
        row[column] = pen;
        row[column].code = code;
        if (width == 2) {
            row[column + 1] = row[column];
            row[column].attributes |= ATTR_WIDE_LEFT;
            row[column + 1].attributes |= ATTR_WIDE_RIGHT;
        }
        column += width;
    }
}

/*
 * On the primary screen, shown or not. If there is a blank row at the bottom, the rows from the
 * cursor's on move down; otherwise the rows above it move up; and if there are none, the line goes
 * to the scrollback only, because the screen is full of something else.
 */
bool terminal_log_line(struct terminal *t, const uint8_t *text, size_t n)
{
    struct grid *g = &t->grid[0];
    struct cursor *c = t->active == 0 ? &t->cursor : &t->saved[0];
    struct cell row[COLUMNS_MAX];
    unsigned at = c->row < t->rows ? c->row : t->rows - 1u;
    bool plain = t->active == 0 && t->top == 0 && t->bottom == t->rows - 1 && !c->wrap;
    log_row(row, t->columns, text, n);
    t->changes++;
    if (at + 1u < t->rows && row_blank(grid_row(g, t->rows - 1u))) {
        for (unsigned i = at + 1; i < t->rows; i++)
            plain = plain && row_blank(grid_row(g, i));
        grid_scroll_down(g, at, t->rows - 1u, 1, cell_blank());
        memcpy(grid_row(g, at), row, sizeof row);
        c->row = (uint16_t)(at + 1);
        return plain;
    }
    if (at == 0) {
        history_push(&t->history, row, t->columns);
        plain = false;
    } else {
        plain = plain && at == t->rows - 1u;
        history_push(&t->history, grid_row(g, 0), t->columns);
        grid_scroll_up(g, 0, at - 1, 1, cell_blank());
        memcpy(grid_row(g, at - 1), row, sizeof row);
    }
    if (t->view > 0 && t->view < history_count(&t->history))
        t->view++;
    return plain;
}

/* ---- repair ---------------------------------------------------------------------------------- */

static void limit(uint16_t *value, unsigned most)
{
    if (*value > most)
        *value = (uint16_t)most;
}

static void cursor_repair(struct terminal *t, struct cursor *c)
{
    limit(&c->row, t->rows - 1u);
    limit(&c->column, t->columns - 1u);
    c->wrap = c->wrap == 1 && c->column == t->columns - 1;
    c->shift &= 1;
    c->charset[0] &= 1;
    c->charset[1] &= 1;
    c->origin &= MODE_ORIGIN;
    c->pen.code = ' ';
    c->pen.attributes &= ATTR_STORED & ~ATTR_WIDE;
}

static void parser_repair(struct parser *p)
{
    if (p->state >= STATE_COUNT || p->count > PARAMETERS_MAX || p->raw_length > RAW_MAX ||
        p->string_length > STRING_MAX)
        memset(p, 0, sizeof *p);
    utf8_repair(&p->utf8);
}

void terminal_repair(struct terminal *t)
{
    if (t->columns < 1 || t->columns > COLUMNS_MAX)
        t->columns = 80;
    if (t->rows < 1 || t->rows > ROWS_MAX)
        t->rows = 24;
    limit(&t->bottom, t->rows - 1u);
    if (t->top >= t->bottom) {
        t->top = 0;
        t->bottom = (uint16_t)(t->rows - 1);
    }
    t->modes &= MODE_ALL;
    if (t->last > 0x10ffff || t->last < 0x20 || (t->last >= 0x7f && t->last < 0xa0))
        t->last = 0;
    t->active &= 1;
    t->bell &= 1;
    if (t->answer_length > ANSWER_MAX)
        t->answer_length = 0;
    cursor_repair(t, &t->cursor);
    cursor_repair(t, &t->saved[0]);
    cursor_repair(t, &t->saved[1]);
    t->title[TITLE_MAX] = 0;
    t->title[TITLE_MAX + 1] = 0;
    parser_repair(&t->parser);
    grid_repair(&t->grid[0]);
    grid_repair(&t->grid[1]);
    history_repair(&t->history);
    if (t->view > history_count(&t->history))
        t->view = 0;
    t->changes++;
}

bool terminal_valid(const struct terminal *t)
{
    const struct cursor *c = &t->cursor;
    return t->columns >= 1 && t->columns <= COLUMNS_MAX && t->rows >= 1 && t->rows <= ROWS_MAX &&
           c->row < t->rows && c->column < t->columns &&
           (!c->wrap || c->column == t->columns - 1) && c->shift < 2 && c->charset[0] < 2 &&
           c->charset[1] < 2 && t->bottom < t->rows && (t->top < t->bottom || t->rows == 1) &&
           t->active < 2 && t->view <= history_count(&t->history) &&
           t->answer_length <= ANSWER_MAX && t->parser.state < STATE_COUNT &&
           t->parser.count <= PARAMETERS_MAX && t->parser.raw_length <= RAW_MAX &&
           !(c->pen.attributes & ATTR_WIDE) && grid_valid(&t->grid[0]) && grid_valid(&t->grid[1]) &&
           history_valid(&t->history);
}
