/*
 * The painter (paint.h).
 *
 * The framebuffer is write-combining and slow to read, so what is on it is remembered in a shadow
 * in normal memory; a cell is painted when it differs from its shadow. Each scan line of a glyph is
 * made in a small buffer and copied out in one piece.
 *
 * Invariant: layout views lie inside the framebuffer and their cells fit into the shadow
 * (layout_compute guarantees both, painter_layout checks).
 */
#include <string.h>

#include "paint.h"

#define SCALE_LIMIT 8
#define NO_CODE     0xffffffffu /* no cell has it: always differs */

const char *framebuffer_check(const struct framebuffer *fb, uint64_t bytes)
{
    uint32_t bpp = fb->bits_per_pixel;
    if (bpp != 16 && bpp != 24 && bpp != 32)
        return "it has neither 16, 24 nor 32 bits a pixel";
    if (fb->red_size == 0 || fb->green_size == 0 || fb->blue_size == 0 ||
        fb->red_position + fb->red_size > bpp || fb->green_position + fb->green_size > bpp ||
        fb->blue_position + fb->blue_size > bpp || fb->red_size > 16 || fb->green_size > 16 ||
        fb->blue_size > 16)
        return "its colour masks make no sense";
    if (!layout_possible(fb->width, fb->height) || fb->width > 32768 || fb->height > 32768)
        return "its size is not usable";
    if (fb->pitch < (uint64_t)fb->width * (bpp / 8) || (uint64_t)fb->pitch * fb->height > bytes)
        return "its lines do not fit into its memory";
    return NULL;
}

static uint32_t component(unsigned value, unsigned position, unsigned size)
{
    uint32_t scaled = size <= 8 ? value >> (8 - size) : (value << 8 | value) >> (16 - size);
    return scaled << position;
}

uint32_t framebuffer_pixel(const struct framebuffer *fb, struct rgb c)
{
    return component(c.r, fb->red_position, fb->red_size) |
           component(c.g, fb->green_position, fb->green_size) |
           component(c.b, fb->blue_position, fb->blue_size);
}

void painter_init(struct painter *p, const struct framebuffer *fb, const struct font *font)
{
    memset(p, 0, sizeof *p);
    p->fb = *fb;
    p->font = font;
    for (unsigned i = 0; i < 256; i++) {
        struct rgb c = palette_colour(i);
        struct rgb dim = {c.r / 2, c.g / 2, c.b / 2};
        p->pixel[i] = framebuffer_pixel(fb, c);
        p->pixel_dim[i] = framebuffer_pixel(fb, dim);
    }
}

void painter_layout(struct painter *p, const struct layout *layout)
{
    unsigned cells = 0;
    p->layout.count = 0;
    for (unsigned i = 0; i < layout->count && i < VIEWS_MAX; i++) {
        const struct view *v = &layout->view[i];
        unsigned need = v->columns * (v->rows + 1);
        if (v->scale < 1 || v->scale > SCALE_LIMIT || need > SHADOW_CELLS - cells ||
            v->x + v->columns * GLYPH_WIDTH * v->scale > p->fb.width ||
            v->y + (v->rows + 1) * GLYPH_HEIGHT * v->scale > p->fb.height)
            break;
        p->layout.view[i] = *v;
        p->layout.count = i + 1;
        p->first[i] = cells;
        cells += need;
    }
    for (unsigned i = 0; i < SHADOW_CELLS; i++)
        p->shadow[i].code = NO_CODE;
    for (unsigned y = 0; y < p->fb.height; y++)
        memset(p->fb.base + (size_t)y * p->fb.pitch, 0, p->fb.width * (p->fb.bits_per_pixel / 8));
}

static const struct glyph *glyph_of(struct painter *p, uint32_t code)
{
    unsigned line = (code ^ code >> 10) & (GLYPH_CACHE_LINES - 1);
    if (p->cache[line].code != code + 1) {
        font_glyph(p->font, code, &p->cache[line].glyph);
        p->cache[line].code = code + 1;
    }
    return &p->cache[line].glyph;
}

/* A glyph 16 wide in one cell: each pair of pixels becomes one. */
static uint16_t squeeze(uint16_t row)
{
    uint16_t out = 0;
    for (unsigned x = 0; x < 8; x++)
        if (row >> (14 - 2 * x) & 3)
            out |= (uint16_t)(0x8000 >> x);
    return out;
}

/* The 8 pixels (bits 15-8) of line y of a cell. */
static uint16_t cell_line(const struct cell *c, const struct glyph *g, unsigned y)
{
    uint16_t row = g->rows[y];
    if (c->attributes & ATTR_WIDE_RIGHT)
        row = g->width > GLYPH_WIDTH ? (uint16_t)(row << 8) : 0;
    else if (!(c->attributes & ATTR_WIDE_LEFT) && g->width > GLYPH_WIDTH)
        row = squeeze(row);
    if ((c->attributes & ATTR_UNDERLINE && y == 14) || (c->attributes & ATTR_STRIKE && y == 8))
        row = 0xff00;
    if (c->attributes & ATTR_BOX)
        row |= y == 0 || y == 15 ? 0xff00 : 0x8100;
    return row & 0xff00;
}

static unsigned pixel_put(uint8_t *at, uint32_t pixel, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(pixel >> 8 * i);
    return bytes;
}

static void paint_cell(struct painter *p, unsigned x, unsigned y, unsigned scale,
                       const struct cell *c)
{
    const struct glyph *g = glyph_of(p, c->code);
    uint32_t fg = c->attributes & ATTR_DIM ? p->pixel_dim[c->fg] : p->pixel[c->fg];
    uint32_t bg = p->pixel[c->bg];
    unsigned bytes = p->fb.bits_per_pixel / 8;
    uint8_t line[GLYPH_WIDTH * SCALE_LIMIT * 4];
    uint8_t *out = p->fb.base + (size_t)y * p->fb.pitch + (size_t)x * bytes;
    for (unsigned gy = 0; gy < GLYPH_HEIGHT; gy++) {
        uint16_t row = cell_line(c, g, gy);
        unsigned n = 0;
        for (unsigned gx = 0; gx < GLYPH_WIDTH; gx++)
            for (unsigned s = 0; s < scale; s++)
                n += pixel_put(line + n, row >> (15 - gx) & 1 ? fg : bg, bytes);
        for (unsigned s = 0; s < scale; s++, out += p->fb.pitch)
            memcpy(out, line, n);
    }
}

unsigned painter_row(struct painter *p, unsigned v, unsigned row, const struct cell *cells)
{
    unsigned painted = 0;
    if (v >= p->layout.count || row > p->layout.view[v].rows)
        return 0;
    const struct view *view = &p->layout.view[v];
    struct cell *shadow = p->shadow + p->first[v] + row * view->columns;
    for (unsigned i = 0; i < view->columns; i++) {
        if (cell_equal(shadow[i], cells[i]))
            continue;
        shadow[i] = cells[i];
        paint_cell(p, view->x + i * GLYPH_WIDTH * view->scale,
                   view->y + row * GLYPH_HEIGHT * view->scale, view->scale, &cells[i]);
        painted++;
    }
    return painted;
}
