/*
 * The control functions and the tables that say which sequence means which of them.
 *
 * A row per sequence; what has no row is swallowed. Sequences: ECMA-48, DEC VT102 user guide
 * (appendix C), console_codes(4). Invariant: every function leaves the cursor on the screen,
 * because it moves it with terminal_move or terminal_address only.
 */
#include <stdio.h>
#include <string.h>

#include "terminal.h"

/* A control function. False: it must not be copied to another terminal (it asks for an answer, or
 * it means nothing). */
typedef bool function(struct terminal *t, const struct parser *p);

/* Parameter i; absent or 0: `standard`. */
static int parameter(const struct parser *p, unsigned i, int standard)
{
    return i < p->count && p->parameter[i] ? p->parameter[i] : standard;
}

/* ---- cursor ---------------------------------------------------------------------------------- */

static bool cursor_up(struct terminal *t, const struct parser *p)
{
    int limit = t->cursor.row >= t->top ? t->top : 0;
    int row = t->cursor.row - parameter(p, 0, 1);
    terminal_move(t, row < limit ? limit : row, t->cursor.column);
    return true;
}
static bool cursor_down(struct terminal *t, const struct parser *p)
{
    int limit = t->cursor.row <= t->bottom ? t->bottom : t->rows - 1;
    int row = t->cursor.row + parameter(p, 0, 1);
    terminal_move(t, row > limit ? limit : row, t->cursor.column);
    return true;
}
static bool cursor_right(struct terminal *t, const struct parser *p)
{
    terminal_move(t, t->cursor.row, t->cursor.column + parameter(p, 0, 1));
    return true;
}
static bool cursor_left(struct terminal *t, const struct parser *p)
{
    terminal_move(t, t->cursor.row, t->cursor.column - parameter(p, 0, 1));
    return true;
}
static bool cursor_next_line(struct terminal *t, const struct parser *p)
{
    cursor_down(t, p);
    t->cursor.column = 0;
    return true;
}
static bool cursor_previous_line(struct terminal *t, const struct parser *p)
{
    cursor_up(t, p);
    t->cursor.column = 0;
    return true;
}
static bool cursor_column(struct terminal *t, const struct parser *p)
{
    terminal_move(t, t->cursor.row, parameter(p, 0, 1) - 1);
    return true;
}
static bool cursor_row(struct terminal *t, const struct parser *p)
{
    terminal_address(t, parameter(p, 0, 1) - 1, t->cursor.column);
    return true;
}
static bool cursor_position(struct terminal *t, const struct parser *p)
{
    terminal_address(t, parameter(p, 0, 1) - 1, parameter(p, 1, 1) - 1);
    return true;
}
static bool tab_forward(struct terminal *t, const struct parser *p)
{
    terminal_tab(t, (unsigned)parameter(p, 0, 1), false);
    return true;
}
static bool tab_backward(struct terminal *t, const struct parser *p)
{
    terminal_tab(t, (unsigned)parameter(p, 0, 1), true);
    return true;
}
static bool tab_clear(struct terminal *t, const struct parser *p)
{
    unsigned column = t->cursor.column;
    if (parameter(p, 0, 0) == 0)
        t->tab[column / 8] &= (uint8_t) ~(1u << column % 8);
    else if (parameter(p, 0, 0) == 3)
        memset(t->tab, 0, sizeof t->tab);
    return true;
}

/* ---- erasing and moving text ----------------------------------------------------------------- */

static bool erase_line(struct terminal *t, const struct parser *p)
{
    int what = parameter(p, 0, 0);
    unsigned from = what == 0 ? t->cursor.column : 0;
    unsigned to = what == 1 ? t->cursor.column + 1u : COLUMNS_MAX;
    t->cursor.wrap = 0;
    if (what <= 2)
        row_fill(terminal_row(t, t->cursor.row), from, to, terminal_erased(t));
    return what <= 2;
}
static bool erase_display(struct terminal *t, const struct parser *p)
{
    int what = parameter(p, 0, 0);
    struct cell blank = terminal_erased(t);
    t->cursor.wrap = 0;
    if (what <= 1)
        erase_line(t, p);
    if (what == 0)
        grid_clear_rows(terminal_grid(t), t->cursor.row + 1u, t->rows, blank);
    else if (what == 1)
        grid_clear_rows(terminal_grid(t), 0, t->cursor.row, blank);
    else if (what == 2)
        grid_clear_rows(terminal_grid(t), 0, t->rows, blank);
    else if (what == 3) {
        t->view = 0;
        history_clear(&t->history);
    }
    return what <= 2;
}
static bool erase_characters(struct terminal *t, const struct parser *p)
{
    unsigned to = t->cursor.column + (unsigned)parameter(p, 0, 1);
    t->cursor.wrap = 0;
    row_fill(terminal_row(t, t->cursor.row), t->cursor.column, to < t->columns ? to : t->columns,
             terminal_erased(t));
    return true;
}
static bool insert_characters(struct terminal *t, const struct parser *p)
{
    t->cursor.wrap = 0;
    row_insert(terminal_row(t, t->cursor.row), t->cursor.column, (unsigned)parameter(p, 0, 1),
               t->columns, terminal_erased(t));
    return true;
}
static bool delete_characters(struct terminal *t, const struct parser *p)
{
    t->cursor.wrap = 0;
    row_delete(terminal_row(t, t->cursor.row), t->cursor.column, (unsigned)parameter(p, 0, 1),
               t->columns, terminal_erased(t));
    return true;
}
static bool insert_lines(struct terminal *t, const struct parser *p)
{
    if (t->cursor.row < t->top || t->cursor.row > t->bottom)
        return true;
    grid_scroll_down(terminal_grid(t), t->cursor.row, t->bottom, (unsigned)parameter(p, 0, 1),
                     terminal_erased(t));
    terminal_move(t, t->cursor.row, 0);
    return true;
}
static bool delete_lines(struct terminal *t, const struct parser *p)
{
    if (t->cursor.row < t->top || t->cursor.row > t->bottom)
        return true;
    grid_scroll_up(terminal_grid(t), t->cursor.row, t->bottom, (unsigned)parameter(p, 0, 1),
                   terminal_erased(t));
    terminal_move(t, t->cursor.row, 0);
    return true;
}
static bool scroll_up(struct terminal *t, const struct parser *p)
{
    terminal_scroll_up(t, t->top, (unsigned)parameter(p, 0, 1));
    return true;
}
static bool scroll_down(struct terminal *t, const struct parser *p)
{
    grid_scroll_down(terminal_grid(t), t->top, t->bottom, (unsigned)parameter(p, 0, 1),
                     terminal_erased(t));
    return true;
}
static bool repeat(struct terminal *t, const struct parser *p)
{
    int n = parameter(p, 0, 1), most = t->columns * t->rows;
    for (uint32_t code = t->last; code && n > 0 && most > 0; n--, most--)
        terminal_print(t, code);
    return true;
}
static bool scroll_region(struct terminal *t, const struct parser *p)
{
    int top = parameter(p, 0, 1), bottom = parameter(p, 1, t->rows);
    if (bottom > t->rows)
        bottom = t->rows;
    if (top >= bottom)
        return false;
    t->top = (uint16_t)(top - 1);
    t->bottom = (uint16_t)(bottom - 1);
    terminal_address(t, 0, 0);
    return true;
}

static bool mode_set(struct terminal *t, const struct parser *p)
{
    return terminal_mode_change(t, p, true);
}
static bool mode_clear(struct terminal *t, const struct parser *p)
{
    return terminal_mode_change(t, p, false);
}

/* ---- saving, resetting, asking --------------------------------------------------------------- */

static bool save(struct terminal *t, const struct parser *p)
{
    (void)p;
    terminal_save(t);
    return true;
}
static bool restore(struct terminal *t, const struct parser *p)
{
    (void)p;
    terminal_restore(t);
    return true;
}
static bool soft_reset(struct terminal *t, const struct parser *p)
{
    (void)p;
    terminal_soft_reset(t);
    return true;
}
static bool attributes(struct terminal *t, const struct parser *p)
{
    terminal_sgr(t, p);
    return true;
}
static bool device_attributes(struct terminal *t, const struct parser *p)
{
    if (parameter(p, 0, 0) == 0)
        terminal_answer(t, "\x1b[?6c"); /* a VT102, as the Linux console says */
    return false;
}
static bool device_status(struct terminal *t, const struct parser *p)
{
    char text[32];
    if (parameter(p, 0, 0) == 5 && !p->prefix)
        terminal_answer(t, "\x1b[0n");
    if (parameter(p, 0, 0) == 6) {
        int row = t->cursor.row - (t->modes & MODE_ORIGIN ? t->top : 0);
        snprintf(text, sizeof text, "\x1b[%s%d;%dR", p->prefix ? "?" : "", row + 1,
                 t->cursor.column + 1);
        terminal_answer(t, text);
    }
    return false;
}
static bool window_report(struct terminal *t, const struct parser *p)
{
    char text[32];
    if (parameter(p, 0, 0) == 18) {
        snprintf(text, sizeof text, "\x1b[8;%d;%dt", t->rows, t->columns);
        terminal_answer(t, text);
    }
    return false;
}

/* ---- escape sequences ------------------------------------------------------------------------ */

static bool down(struct terminal *t, const struct parser *p)
{
    (void)p;
    terminal_index(t);
    return true;
}
static bool up(struct terminal *t, const struct parser *p)
{
    (void)p;
    terminal_reverse_index(t);
    return true;
}
static bool new_line(struct terminal *t, const struct parser *p)
{
    down(t, p);
    t->cursor.column = 0;
    return true;
}
static bool tab_set(struct terminal *t, const struct parser *p)
{
    (void)p;
    t->tab[t->cursor.column / 8] |= (uint8_t)(1u << t->cursor.column % 8);
    return true;
}
static bool reset(struct terminal *t, const struct parser *p)
{
    (void)p;
    terminal_reset(t);
    return true;
}
static bool align(struct terminal *t, const struct parser *p)
{
    (void)p;
    terminal_align(t);
    return true;
}
static bool keypad(struct terminal *t, const struct parser *p)
{
    (void)t;
    (void)p; /* the numeric keypad always sends what is printed on it */
    return true;
}
static bool utf8_on(struct terminal *t, const struct parser *p)
{
    (void)p;
    t->modes |= MODE_UTF8;
    return false; /* the copy is always UTF-8 */
}
static bool utf8_off(struct terminal *t, const struct parser *p)
{
    (void)p;
    t->modes &= ~(uint32_t)MODE_UTF8;
    return false;
}

/* Rows: prefix, intermediate, final byte. CSI sequences. */
struct row {
    char prefix, intermediate, end;
    function *run;
};
static const struct row csi_table[] = {
    {0, 0, '@', insert_characters},
    {0, 0, 'A', cursor_up},
    {0, 0, 'B', cursor_down},
    {0, 0, 'C', cursor_right},
    {0, 0, 'D', cursor_left},
    {0, 0, 'E', cursor_next_line},
    {0, 0, 'F', cursor_previous_line},
    {0, 0, 'G', cursor_column},
    {0, 0, 'H', cursor_position},
    {0, 0, 'I', tab_forward},
    {0, 0, 'J', erase_display},
    {0, 0, 'K', erase_line},
    {0, 0, 'L', insert_lines},
    {0, 0, 'M', delete_lines},
    {0, 0, 'P', delete_characters},
    {0, 0, 'S', scroll_up},
    {0, 0, 'T', scroll_down},
    {0, 0, 'X', erase_characters},
    {0, 0, 'Z', tab_backward},
    {0, 0, '`', cursor_column},
    {0, 0, 'a', cursor_right},
    {0, 0, 'b', repeat},
    {0, 0, 'c', device_attributes},
    {0, 0, 'd', cursor_row},
    {0, 0, 'e', cursor_down},
    {0, 0, 'f', cursor_position},
    {0, 0, 'g', tab_clear},
    {0, 0, 'h', mode_set},
    {'?', 0, 'h', mode_set},
    {0, 0, 'l', mode_clear},
    {'?', 0, 'l', mode_clear},
    {0, 0, 'm', attributes},
    {0, 0, 'n', device_status},
    {'?', 0, 'n', device_status},
    {0, 0, 'r', scroll_region},
    {0, 0, 's', save},
    {0, 0, 't', window_report},
    {0, 0, 'u', restore},
    {0, '!', 'p', soft_reset},
};
/* Escape sequences without parameters. Character sets are handled in designate(). */
static const struct row escape_table[] = {
    {0, 0, '7', save},
    {0, 0, '8', restore},
    {0, 0, 'D', down},
    {0, 0, 'E', new_line},
    {0, 0, 'H', tab_set},
    {0, 0, 'M', up},
    {0, 0, 'Z', device_attributes},
    {0, 0, 'c', reset},
    {0, 0, '=', keypad},
    {0, 0, '>', keypad},
    {0, '#', '8', align},
    {0, '%', 'G', utf8_on},
    {0, '%', '8', utf8_on},
    {0, '%', '@', utf8_off},
};

static bool run(struct terminal *t, const struct row *table, unsigned n, uint8_t end)
{
    const struct parser *p = &t->parser;
    for (unsigned i = 0; i < n && !p->bad; i++)
        if (table[i].end == (char)end && table[i].prefix == (char)p->prefix &&
            table[i].intermediate == (char)p->intermediate)
            return table[i].run(t, p);
    return false;
}

/* ESC ( x and ESC ) x: character sets G0 and G1; '0' is DEC special graphics, all others ASCII. */
static bool designate(struct terminal *t, uint8_t end)
{
    t->cursor.charset[t->parser.intermediate == ')'] = end == '0';
    return true;
}

bool sequence_csi(struct terminal *t, uint8_t end)
{
    return run(t, csi_table, sizeof csi_table / sizeof *csi_table, end);
}

bool sequence_escape(struct terminal *t, uint8_t end)
{
    if (!t->parser.bad && (t->parser.intermediate == '(' || t->parser.intermediate == ')'))
        return designate(t, end);
    return run(t, escape_table, sizeof escape_table / sizeof *escape_table, end);
}
