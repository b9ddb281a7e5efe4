/*
 * From a terminal's contents to what is on the screen (compose.h). Pure functions: the same
 * terminal gives the same cells, which is what lets the painter compare them with its shadow.
 */
#include <stdio.h>
#include <string.h>

#include "compose.h"

#define DRAWN (ATTR_DIM | ATTR_UNDERLINE | ATTR_STRIKE | ATTR_WIDE) /* what the painter knows */

struct cell compose_cell(struct cell c, bool reverse_screen)
{
    uint8_t fg = c.attributes & ATTR_FG_DEFAULT ? COLOUR_FG : c.fg;
    uint8_t bg = c.attributes & ATTR_BG_DEFAULT ? COLOUR_BG : c.bg;
    if (c.attributes & ATTR_BOLD && fg < 8)
        fg = (uint8_t)(fg + 8);
    bool reverse = !!(c.attributes & ATTR_REVERSE) != reverse_screen;
    bool hidden = c.attributes & ATTR_HIDDEN;
    return (struct cell){hidden ? ' ' : c.code, reverse ? bg : fg, reverse ? fg : bg,
                         (uint16_t)(c.attributes & (hidden ? ATTR_WIDE : DRAWN))};
}

void compose_row(const struct terminal *t, unsigned row, bool focused, struct cell *out)
{
    unsigned cursor_row, cursor_column;
    terminal_visible_row(t, row, out);
    for (unsigned i = 0; i < t->columns; i++)
        out[i] = compose_cell(out[i], t->modes & MODE_REVERSE_SCREEN);
    if (!terminal_cursor(t, &cursor_row, &cursor_column) || cursor_row != row)
        return;
    struct cell *c = &out[cursor_column];
    if (!focused) {
        c->attributes |= ATTR_BOX;
        return;
    }
    uint8_t fg = c->fg;
    c->fg = c->bg;
    c->bg = fg;
}

#define HINT "Alt+1-4 pane  Alt+Enter full  Shift+PgUp back"

/* Text from a column on, as far as it fits; returns the column after it. */
static unsigned put_text(struct cell *out, unsigned column, unsigned columns, const char *text)
{
    struct utf8 decoder = {0};
    for (size_t i = 0; text[i];) {
        uint32_t code;
        enum utf8_result result = utf8_step(&decoder, (uint8_t)text[i], &code);
        i += result != UTF8_BROKEN;
        if (result == UTF8_MORE || column >= columns || character_width(code) == 0)
            continue;
        out[column++].code = character_width(code) == 1 ? code : '?';
    }
    return column;
}

void compose_title(const struct terminal *t, unsigned number, bool focused, bool bell,
                   struct cell *out)
{
    char text[64];
    struct cell base = {' ', focused ? 15 : 7, focused ? 4 : 8, 0};
    for (unsigned i = 0; i < t->columns; i++)
        out[i] = base;
    unsigned column = 0;
    if (t->title[0]) {
        snprintf(text, sizeof text, " %u %s ", number, t->title);
    } else {
        snprintf(text, sizeof text, " pane %u ", number);
    }
    column = put_text(out, column, t->columns, text);
    if (bell) {
        for (unsigned i = column; i < column + 3 && i < t->columns; i++) {
            out[i].fg = 0;
            out[i].bg = 11;
        }
        column = put_text(out, column, t->columns, " ! ");
    }
    text[0] = 0;
    if (t->view > 0)
        snprintf(text, sizeof text, "%u lines back, Shift+PgDn ", (unsigned)t->view);
    else if (focused)
        snprintf(text, sizeof text, HINT " ");
    unsigned length = (unsigned)strlen(text);
    if (length + column < t->columns)
        put_text(out, t->columns - length, t->columns, text);
}
