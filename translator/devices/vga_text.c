/*
 * The VGA's text picture on a terminal.
 *
 * From time to time the text RAM is compared with what the terminal shows, and cells that differ are
 * sent: the cursor is moved to the first of a run, colours are changed where they differ, characters go
 * out as UTF-8 after code page 437. So a screen that scrolls costs at most one picture per look, however
 * much was written between two. Looks come every LOOK_NS while something happens (registers are
 * written, keys arrive, a look found a difference) and every IDLE_NS otherwise.
 *
 * The picture begins at the terminal's upper left corner; nothing is drawn until the guest's screen
 * has something on it, and nothing while a graphics mode is set.
 */
#include "vga_state.h"

#include <stdio.h>
#include <string.h>

#define LOOK_NS  33000000ull
#define IDLE_NS  250000000ull
#define HURRY_NS 1000000000ull
#define BLANK    0x0720u
#define NEAR     6u

/* Code page 437: what is not ASCII. */
/* clang-format off */
static const uint16_t low[32] = {
    0x0020, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022, 0x25d8, 0x25cb, 0x25d9, 0x2642, 0x2640, 0x266a,
    0x266b, 0x263c, 0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7, 0x25ac, 0x21a8, 0x2191, 0x2193, 0x2192, 0x2190,
    0x221f, 0x2194, 0x25b2, 0x25bc,
};
static const uint16_t high[129] = {
    0x2302, 0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee,
    0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9, 0x00ff, 0x00d6, 0x00dc,
    0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf,
    0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562,
    0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500,
    0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565,
    0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x03b1,
    0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5,
    0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f,
    0x00b2, 0x25a0, 0x00a0,
};
/* clang-format on */
/* Colours: blue is bit 0 there, bit 2 here. */
static const uint8_t ansi[8] = {0, 4, 2, 6, 1, 5, 3, 7};

/* Text on its way to the terminal. */
struct out {
    struct terminal *terminal;
    char bytes[2048];
    size_t count;
};

static void flush(struct out *o)
{
    if (o->count != 0)
        o->terminal->write(o->terminal, o->bytes, o->count);
    o->count = 0;
}

static char *room(struct out *o, size_t bytes)
{
    if (sizeof o->bytes - o->count < bytes)
        flush(o);
    return o->bytes + o->count;
}

static void put_character(struct out *o, uint8_t c)
{
    char *p = room(o, 4);
    unsigned u = c < 32 ? low[c] : c < 127 ? c : high[c - 127];
    if (u < 0x80) {
        *p++ = (char)u;
    } else if (u < 0x800) {
        *p++ = (char)(0xc0 | u >> 6);
        *p++ = (char)(0x80 | (u & 63));
    } else {
        *p++ = (char)(0xe0 | u >> 12);
        *p++ = (char)(0x80 | (u >> 6 & 63));
        *p++ = (char)(0x80 | (u & 63));
    }
    o->count = (size_t)(p - o->bytes);
}

static void put_position(struct out *o, unsigned row, unsigned column)
{
    char *p = room(o, 16);
    o->count += (size_t)snprintf(p, 16, "\x1b[%u;%uH", row + 1, column + 1);
}

/* Blinking (bit 7 of an attribute) only where the attribute controller says so; else a bright
 * background. */
static void put_colours(struct out *o, uint8_t attribute, bool blinks)
{
    char *p = room(o, 32);
    unsigned fore = ansi[attribute & 7] + (attribute & 8 ? 90u : 30u);
    unsigned back = ansi[attribute >> 4 & 7] + (!blinks && (attribute & 0x80) ? 100u : 40u);
    const char *blink = blinks && (attribute & 0x80) ? ";5" : "";
    o->count += (size_t)snprintf(p, 32, "\x1b[0%s;%u;%um", blink, fore, back);
}

static void put_text(struct out *o, const char *text)
{
    size_t n = strlen(text);
    memcpy(room(o, n), text, n);
    o->count += n;
}

/* ---- the guest's picture -------------------------------------------------------------------------------- */

bool vga_size(const struct vga *v, unsigned *columns, unsigned *rows)
{
    unsigned overflow = v->crtc[CR_OVERFLOW], height = (v->crtc[CR_HEIGHT] & 31u) + 1;
    unsigned lines = v->crtc[CR_END] | (overflow & 2) << 7 | (overflow & 0x40) << 3;
    *columns = v->crtc[CR_COLUMNS] + 1u;
    *rows = (lines + 1) / height;
    if (v->crtc[CR_HEIGHT] & 0x80) /* scan lines doubled */
        *rows /= 2;
    *columns = *columns > VGA_COLUMNS ? VGA_COLUMNS : *columns;
    *rows = *rows > VGA_ROWS ? VGA_ROWS : *rows;
    return !(v->graphics[GR_MISC] & 1) && *rows != 0;
}

static unsigned crtc16(const struct vga *v, unsigned at)
{
    return (unsigned)v->crtc[at] << 8 | v->crtc[at + 1];
}

/* The colour of a blank's foreground is not seen, and 0 and FFh are blank too. */
static uint16_t guest_cell(const struct vga *v, unsigned row, unsigned column)
{
    unsigned at = crtc16(v, CR_START) + row * v->crtc[CR_PITCH] * 2 + column;
    const uint8_t *p = v->text + (2 * at & (VGA_TEXT_BYTES - 1));
    if (p[0] == 0 || p[0] == 0xff || p[0] == ' ')
        return (uint16_t)((BLANK & 0xfff) | (p[1] & 0xf0) << 8);
    return (uint16_t)(p[0] | p[1] << 8);
}

/* Where the cursor is on the screen, or CURSOR_OFF. */
static uint16_t guest_cursor(const struct vga *v)
{
    unsigned at = crtc16(v, CR_CURSOR) - crtc16(v, CR_START), pitch = v->crtc[CR_PITCH] * 2u;
    bool off = (v->crtc[CR_CURSOR_START] & 0x20) ||
               (v->crtc[CR_CURSOR_START] & 31) > (v->crtc[CR_CURSOR_END] & 31);
    if (off || pitch == 0 || at / pitch >= v->rows || at % pitch >= v->columns)
        return CURSOR_OFF;
    return (uint16_t)(at / pitch * v->columns + at % pitch);
}

/* ---- drawing ---------------------------------------------------------------------------------------------- */

/* The terminal while cells are drawn: where its cursor is, what it paints with. */
struct pen {
    unsigned at, colours;
    bool blinks;
};

static void draw_cell(struct vga *v, struct out *o, struct pen *pen, unsigned i)
{
    uint16_t cell = guest_cell(v, i / v->columns, i % v->columns);
    unsigned colours = cell >> 8, matter = (cell & 0xff) == ' ' ? 0xf0 : ~0u;
    if ((colours ^ pen->colours) & matter || pen->colours == ~0u) {
        put_colours(o, (uint8_t)colours, pen->blinks);
        pen->colours = colours;
    }
    put_character(o, (uint8_t)cell);
    v->cell[i] = cell;
    pen->at = i + 1;
}

/* A few cells that have not changed are sent again where that is shorter than moving the cursor; so
 * words stay together. */
static bool draw_cells(struct vga *v, struct out *o)
{
    struct pen pen = {.at = ~0u, .colours = ~0u, .blinks = v->attribute[0x10] & 8};
    for (unsigned i = 0; i < v->columns * v->rows; i++) {
        if (guest_cell(v, i / v->columns, i % v->columns) == v->cell[i])
            continue;
        bool near = pen.at <= i && i - pen.at <= NEAR && pen.at % v->columns != 0 &&
                    pen.at / v->columns == i / v->columns;
        if (!near)
            put_position(o, i / v->columns, i % v->columns);
        for (unsigned from = near ? pen.at : i; from <= i; from++)
            draw_cell(v, o, &pen, from);
    }
    return pen.at != ~0u;
}

static void draw_cursor(struct vga *v, struct out *o, bool drawn)
{
    uint16_t cursor = guest_cursor(v);
    if (cursor == v->cursor && !drawn)
        return;
    if (cursor == CURSOR_OFF)
        put_text(o, v->cursor != CURSOR_OFF || v->stale ? "\x1b[0m\x1b[?25l" : "\x1b[0m");
    else
        put_text(o, v->cursor == CURSOR_OFF || v->stale ? "\x1b[0m\x1b[?25h" : "\x1b[0m");
    if (cursor != CURSOR_OFF)
        put_position(o, cursor / v->columns, cursor % v->columns);
    v->cursor = cursor;
}

static bool blank(const struct vga *v)
{
    for (unsigned i = 0; i < v->columns * v->rows; i++)
        if ((guest_cell(v, i / v->columns, i % v->columns) & 0xff) != ' ')
            return false;
    return true;
}

/* The screen from nothing: the mode changed, or the terminal is new to us. */
static void clear(struct vga *v, struct out *o)
{
    put_text(o, "\x1b[0;37;40m\x1b[2J\x1b[H");
    for (unsigned i = 0; i < VGA_CELLS; i++)
        v->cell[i] = BLANK;
}

void vga_draw(struct vga *v)
{
    struct out o = {.terminal = v->terminal};
    unsigned columns, rows;
    if (!v->shown || v->terminal == NULL || v->text == NULL || !vga_size(v, &columns, &rows))
        return;
    if (columns != v->columns || rows != v->rows)
        v->stale = true;
    v->columns = columns;
    v->rows = rows;
    if (v->stale && blank(v))
        return;
    if (v->stale)
        clear(v, &o);
    bool drawn = draw_cells(v, &o);
    draw_cursor(v, &o, drawn || v->stale);
    v->stale = false;
    if (o.count != 0)
        v->hurry_until = vm_time(v->vm) + HURRY_NS;
    flush(&o);
}

static void arm(struct vga *v)
{
    uint64_t t = vm_time(v->vm);
    bool draws = v->shown && v->terminal != NULL && v->text != NULL;
    vtimer_arm(v->vm, &v->timer, draws ? t + (t < v->hurry_until ? LOOK_NS : IDLE_NS) : UINT64_MAX);
}

static void look(void *device)
{
    struct vga *v = device;
    vga_draw(v);
    arm(v);
}

void vga_hurry(struct vga *v)
{
    uint64_t t = vm_time(v->vm);
    bool waits = t >= v->hurry_until;
    v->hurry_until = t + HURRY_NS;
    if (waits)
        arm(v);
}

void vga_show(struct vga *v, bool shown)
{
    struct out o = {.terminal = v->terminal};
    if (v->shown && !shown && !v->stale) { /* leave the picture; what comes begins below it */
        put_text(&o, "\x1b[0m\x1b[?25h");
        put_position(&o, v->rows - 1, 0);
        put_text(&o, "\r\n");
        flush(&o);
    }
    if (v->shown != shown)
        v->stale = true;
    v->shown = shown;
    arm(v);
}

void vga_text_start(struct vga *v)
{
    v->timer.expired = look;
    v->stale = true;
    v->cursor = CURSOR_OFF;
    v->columns = v->rows = 0;
    arm(v);
}
