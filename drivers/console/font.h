/*
 * Glyphs of 8×16 and 16×16 pixels: from GRUB's font file, or the built-in ASCII font.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GLYPH_HEIGHT 16
#define GLYPH_WIDTH  8

/* rows[0] is the top one; bit 15 is the leftmost pixel; a glyph 8 wide uses bits 15-8. */
struct glyph {
    uint16_t rows[GLYPH_HEIGHT];
    uint8_t width; /* 8 or 16; 0: the font has no such character */
};

/* A font file, checked. Zero: the built-in font. */
struct font {
    const uint8_t *data; /* the whole file, never written */
    size_t bytes;
    size_t index, count; /* of the character index: offset in the file, entries */
    int ascent;          /* rows above the base line */
};

/* Attach to a PFF2 font. NULL if it is sound, otherwise what is wrong with it; the font is then the
 * built-in one. The file must stay mapped. */
const char *font_open(struct font *f, const void *file, size_t bytes);
/* Draw a character. A font file that lacks it is asked for the replacement character, and at last
 * the built-in font is used; false if even that gave only a box. */
bool font_glyph(const struct font *f, uint32_t code, struct glyph *g);
/* The built-in font: ASCII, and the line-drawing characters that programs use most. */
bool builtin_glyph(uint32_t code, struct glyph *g);
