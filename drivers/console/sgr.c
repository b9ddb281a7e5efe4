/*
 * SGR (CSI ... m): colours and attributes of the characters printed from now on.
 *
 * A colour is an entry of the 256-colour palette; 24-bit colours are mapped to the nearest entry of
 * its 6×6×6 cube or its grey ramp. Parameters may be separated by semicolons (38;2;r;g;b) or, as
 * ISO 8613-6 has it, by colons (38:2::r:g:b).
 */
#include "palette.h"
#include "terminal.h"

/* Attributes that one parameter clears and sets. */
static const struct {
    uint8_t parameter;
    uint16_t clear, set;
} attribute_table[] = {
    {1, 0, ATTR_BOLD},
    {2, 0, ATTR_DIM},
    {3, 0, ATTR_ITALIC},
    {4, 0, ATTR_UNDERLINE},
    {5, 0, ATTR_BLINK},
    {6, 0, ATTR_BLINK},
    {7, 0, ATTR_REVERSE},
    {8, 0, ATTR_HIDDEN},
    {9, 0, ATTR_STRIKE},
    {21, 0, ATTR_UNDERLINE},
    {22, ATTR_BOLD | ATTR_DIM, 0},
    {23, ATTR_ITALIC, 0},
    {24, ATTR_UNDERLINE, 0},
    {25, ATTR_BLINK, 0},
    {27, ATTR_REVERSE, 0},
    {28, ATTR_HIDDEN, 0},
    {29, ATTR_STRIKE, 0},
};

static void set_fg(struct cell *pen, unsigned colour)
{
    pen->fg = (uint8_t)colour;
    pen->attributes &= (uint16_t)~ATTR_FG_DEFAULT;
}

static void set_bg(struct cell *pen, unsigned colour)
{
    pen->bg = (uint8_t)colour;
    pen->attributes &= (uint16_t)~ATTR_BG_DEFAULT;
}

/* How many parameters after i were introduced by colons. */
static unsigned colon_run(const struct parser *p, unsigned i)
{
    unsigned n = 0;
    while (i + 1 + n < p->count && p->colons >> (i + 1 + n) & 1)
        n++;
    return n;
}

/* The colour that parameters i+1.. of a 38 or 48 name, or -1; *used = how many belong to it. */
static int extended_colour(const struct parser *p, unsigned i, unsigned *used)
{
    unsigned colons = colon_run(p, i), left = colons ? colons : p->count - 1u - i;
    const uint16_t *value = p->parameter + i + 1;
    if (left >= 2 && value[0] == 5) {
        *used = colons ? colons : 2;
        return value[1] < 256 ? value[1] : -1;
    }
    if (left >= 4 && value[0] == 2) {
        *used = colons ? colons : 4;
        if (colons >= 5) /* 38:2:colour space:r:g:b */
            value++;
        if (value[1] > 255 || value[2] > 255 || value[3] > 255)
            return -1;
        return palette_nearest((uint8_t)value[1], (uint8_t)value[2], (uint8_t)value[3]);
    }
    *used = left;
    return -1;
}

void terminal_sgr(struct terminal *t, const struct parser *p)
{
    struct cell *pen = &t->cursor.pen;
    if (p->count == 0)
        *pen = cell_blank();
    for (unsigned i = 0; i < p->count; i++) {
        unsigned n = p->parameter[i], used = colon_run(p, i);
        if (n == 0) {
            *pen = cell_blank();
        } else if (n >= 30 && n <= 37) {
            set_fg(pen, n - 30);
        } else if (n >= 40 && n <= 47) {
            set_bg(pen, n - 40);
        } else if (n >= 90 && n <= 97) {
            set_fg(pen, n - 90 + 8);
        } else if (n >= 100 && n <= 107) {
            set_bg(pen, n - 100 + 8);
        } else if (n == 38 || n == 48) {
            int colour = extended_colour(p, i, &used);
            if (colour >= 0 && n == 38)
                set_fg(pen, (unsigned)colour);
            else if (colour >= 0)
                set_bg(pen, (unsigned)colour);
        } else if (n == 39) {
            pen->fg = COLOUR_FG;
            pen->attributes |= ATTR_FG_DEFAULT;
        } else if (n == 49) {
            pen->bg = COLOUR_BG;
            pen->attributes |= ATTR_BG_DEFAULT;
        } else if (n == 4 && used > 0 && p->parameter[i + 1] == 0) {
            pen->attributes &= (uint16_t)~ATTR_UNDERLINE; /* 4:0 */
        }
        for (unsigned k = 0; k < sizeof attribute_table / sizeof *attribute_table; k++) {
            if (attribute_table[k].parameter != n || (n == 4 && used > 0 && !p->parameter[i + 1]))
                continue;
            pen->attributes &= (uint16_t)~attribute_table[k].clear;
            pen->attributes |= attribute_table[k].set;
        }
        i += used;
    }
}
