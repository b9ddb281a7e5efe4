/*
 * The painter: cells onto a framebuffer, only those that changed.
 */
#pragma once

#include "cells.h"
#include "font.h"
#include "layout.h"
#include "palette.h"

/* Direct colour in 2, 3 or 4 bytes a pixel, little-endian. Written only, never read. */
struct framebuffer {
    uint8_t *base; /* first pixel */
    uint32_t width, height, pitch, bits_per_pixel;
    uint8_t red_position, red_size, green_position, green_size, blue_position, blue_size;
};
/* NULL if it can be used within `bytes` bytes from base; else what is wrong with it. */
const char *framebuffer_check(const struct framebuffer *fb, uint64_t bytes);
/* The pixel of a colour. */
uint32_t framebuffer_pixel(const struct framebuffer *fb, struct rgb colour);

#define SHADOW_CELLS      (COLUMNS_MAX * (ROWS_MAX + 1))
#define GLYPH_CACHE_LINES 1024 /* a power of two */

struct painter {
    struct framebuffer fb;
    const struct font *font;
    uint32_t pixel[256];     /* palette entries as pixels */
    uint32_t pixel_dim[256]; /* at half brightness */
    struct layout layout;
    unsigned first[VIEWS_MAX];        /* each view's first cell in the shadow */
    struct cell shadow[SHADOW_CELLS]; /* what is on the screen */
    struct {
        uint32_t code; /* + 1; 0: empty */
        struct glyph glyph;
    } cache[GLYPH_CACHE_LINES];
};

void painter_init(struct painter *p, const struct framebuffer *fb, const struct font *font);
/* Show these views from now on: the screen is cleared, and every cell will be painted anew. */
void painter_layout(struct painter *p, const struct layout *layout);
/* Row `row` of view v (0 = title) shall look like these cells (v's number of columns; from
 * compose.h). Returns how many cells had to be painted. */
unsigned painter_row(struct painter *p, unsigned v, unsigned row, const struct cell *cells);
