/*
 * Drawing a terminal's contents on another terminal: rows of text with the sequences that give them
 * their colours, then the modes and the cursor (serial.h). Only sequences that every VT102-like
 * terminal knows are used; colours above 15 take the 256-colour form.
 */
#include <stdio.h>
#include <string.h>

#include "serial.h"

void redraw_text(struct echo *out, const char *text)
{
    size_t n = strlen(text);
    if (n > out->size - out->length) {
        out->lost = true;
        return;
    }
    memcpy(out->bytes + out->length, text, n);
    out->length += n;
}

void redraw_begin(struct echo *out, bool clear)
{
    redraw_text(out, "\x1b[4l\x1b[?7h\x1b(B\x1b)B\x0f\x1b[0m");
    if (clear)
        redraw_text(out, "\x1b[?6l\x1b[r\x1b[H\x1b[2J");
}

static const struct {
    uint16_t attribute;
    const char *text;
} attributes[] = {
    {ATTR_BOLD, ";1"},  {ATTR_DIM, ";2"},     {ATTR_ITALIC, ";3"}, {ATTR_UNDERLINE, ";4"},
    {ATTR_BLINK, ";5"}, {ATTR_REVERSE, ";7"}, {ATTR_HIDDEN, ";8"}, {ATTR_STRIKE, ";9"},
};

static void colour(char *text, size_t size, unsigned index, unsigned base)
{
    size_t n = strlen(text);
    if (index < 8)
        snprintf(text + n, size - n, ";%u", base + index);
    else if (index < 16)
        snprintf(text + n, size - n, ";%u", base + 60 + index - 8);
    else
        snprintf(text + n, size - n, ";%u;5;%u", base + 8, index);
}

static void pen(struct echo *out, const struct cell *c)
{
    char text[64] = "\x1b[0";
    for (unsigned i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (c->attributes & attributes[i].attribute)
            strcat(text, attributes[i].text);
    if (!(c->attributes & ATTR_FG_DEFAULT))
        colour(text, sizeof text, c->fg, 30);
    if (!(c->attributes & ATTR_BG_DEFAULT))
        colour(text, sizeof text, c->bg, 40);
    redraw_text(out, text);
    redraw_text(out, "m");
}

static bool same_pen(const struct cell *a, const struct cell *b)
{
    return a->fg == b->fg && a->bg == b->bg &&
           (a->attributes & ~ATTR_WIDE) == (b->attributes & ~ATTR_WIDE);
}

static void character(struct echo *out, uint32_t code)
{
    char text[5] = "";
    utf8_encode(code, (uint8_t *)text);
    redraw_text(out, text);
}

void redraw_row(struct echo *out, const struct terminal *t, unsigned row)
{
    const struct cell *cells = grid_row_const(&t->grid[t->active], row);
    unsigned length = row_length(cells);
    if (length > t->columns)
        length = t->columns;
    struct cell now = cell_blank();
    for (unsigned i = 0; i < length; i++) {
        if (cells[i].attributes & ATTR_WIDE_RIGHT)
            continue;
        if (!same_pen(&now, &cells[i]))
            pen(out, &cells[i]);
        now = cells[i];
        bool half = cells[i].attributes & ATTR_WIDE_LEFT && i + 1 == length;
        character(out, half ? ' ' : cells[i].code);
    }
    redraw_text(out, "\x1b[0m");
}

void redraw_end(struct echo *out, const struct terminal *t, bool place)
{
    char text[64];
    const struct cursor *c = &t->cursor;
    unsigned row = c->row, column = c->column;
    const struct cell *cells = grid_row_const(&t->grid[t->active], row);
    bool origin = t->modes & MODE_ORIGIN;
    if (c->wrap && cells[column].attributes & ATTR_WIDE_RIGHT)
        column--;
    snprintf(text, sizeof text, "\x1b[?7%c\x1b[?1%c\x1b[?25%c",
             t->modes & MODE_AUTOWRAP ? 'h' : 'l', t->modes & MODE_CURSOR_KEYS ? 'h' : 'l',
             t->modes & MODE_CURSOR_VISIBLE ? 'h' : 'l');
    redraw_text(out, text);
    if (place) {
        snprintf(text, sizeof text, "\x1b[%u;%ur%s\x1b[%u;1H", t->top + 1u, t->bottom + 1u,
                 origin ? "\x1b[?6h" : "", row + 1u - (origin ? t->top : 0u));
        if (!origin || (row >= t->top && row <= t->bottom))
            redraw_text(out, text);
    }
    snprintf(text, sizeof text, "\x1b[%uG", column + 1);
    redraw_text(out, text);
    if (c->wrap) { /* printing the last character again makes the next one wrap */
        pen(out, &cells[column]);
        character(out, cells[column].code);
    }
    pen(out, &c->pen);
    snprintf(text, sizeof text, "\x1b(%c\x1b)%c%c", c->charset[0] ? '0' : 'B',
             c->charset[1] ? '0' : 'B', c->shift ? 0x0e : 0x0f);
    redraw_text(out, text);
    redraw_text(out, t->modes & MODE_INSERT ? "\x1b[4h" : "\x1b[4l");
}
