/*
 * The font file of the boot loader: PFF2, as GRUB's manual and its font compiler have it.
 *
 *   file     sections, one behind the other: name (4 bytes), length (4 bytes), contents; the first
 *            is FILE with the contents "PFF2"; DATA comes last, its length is FFFFFFFFh
 *   ASCE     ascent in pixels, 2 bytes
 *   CHIX     9 bytes a character, sorted: code (4), flags (1; bits 0-2: compression, 0 = none),
 *            offset of the glyph from the start of the file (4)
 *   glyph    width, height, x offset, y offset, device width (2 bytes each; offsets signed, from
 * the            base line up), then width*height bits, rows not padded, the first bit in bit 7
 *
 * All numbers are big-endian. Nothing in the file is believed: every offset is compared with the
 * file's end before it is followed, and pixels outside the 16×16 cell are dropped.
 */
#include <string.h>

#include "font.h"

#define INDEX_ENTRY  9
#define GLYPH_HEADER 10
#define GLYPH_SIDE   64 /* no glyph of a text font is larger */

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static unsigned be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}
static int be16_signed(const uint8_t *p)
{
    return (int16_t)be16(p);
}

/* Offset of a character's glyph in the file; 0 if it has none that can be read. */
static size_t glyph_find(const struct font *f, uint32_t code)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const uint8_t *entry = f->data + f->index + middle * INDEX_ENTRY;
        uint32_t found = be32(entry);
        if (found < code)
            low = middle + 1;
        else if (found > code)
            high = middle;
        else
            return (entry[4] & 7) == 0 ? be32(entry + 5) : 0;
    }
    return 0;
}

static bool file_glyph(const struct font *f, uint32_t code, struct glyph *g)
{
    size_t at = glyph_find(f, code);
    if (at == 0 || at > f->bytes || f->bytes - at < GLYPH_HEADER)
        return false;
    const uint8_t *header = f->data + at, *bits = header + GLYPH_HEADER;
    unsigned width = be16(header), height = be16(header + 2);
    int left = be16_signed(header + 4), top = f->ascent - be16_signed(header + 6) - (int)height;
    if (width > GLYPH_SIDE || height > GLYPH_SIDE ||
        (width * height + 7) / 8 > f->bytes - at - GLYPH_HEADER)
        return false;
    memset(g, 0, sizeof *g);
    g->width = be16_signed(header + 8) > GLYPH_WIDTH ? 16 : 8;
    for (unsigned y = 0, bit = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++, bit++) {
            int px = left + (int)x, py = top + (int)y;
            if (bits[bit / 8] >> (7 - bit % 8) & 1 && px >= 0 && px < g->width && py >= 0 &&
                py < GLYPH_HEIGHT)
                g->rows[py] |= (uint16_t)(0x8000 >> px);
        }
    }
    return true;
}

const char *font_open(struct font *f, const void *file, size_t bytes)
{
    const uint8_t *data = file;
    struct font found = {.data = data, .bytes = bytes, .ascent = -1};
    memset(f, 0, sizeof *f);
    if (bytes < 12 || memcmp(data, "FILE\0\0\0\4PFF2", 12) != 0)
        return "not a PFF2 font";
    for (size_t at = 12;;) {
        if (bytes - at < 8)
            return "it ends before its DATA section";
        const uint8_t *name = data + at;
        size_t length = be32(data + at + 4);
        at += 8;
        if (memcmp(name, "DATA", 4) == 0)
            break;
        if (length > bytes - at)
            return "a section is longer than the file";
        if (memcmp(name, "ASCE", 4) == 0 && length == 2)
            found.ascent = be16_signed(data + at);
        if (memcmp(name, "CHIX", 4) == 0) {
            found.index = at;
            found.count = length / INDEX_ENTRY;
        }
        at += length;
    }
    if (found.count == 0)
        return "no character index";
    if (found.ascent < 1 || found.ascent > GLYPH_SIDE)
        return "no usable ascent";
    struct glyph g;
    if (!file_glyph(&found, 'A', &g))
        return "no letter A in it";
    *f = found;
    return NULL;
}

bool font_glyph(const struct font *f, uint32_t code, struct glyph *g)
{
    if (f->data && file_glyph(f, code, g))
        return true;
    if (builtin_glyph(code, g))
        return true;
    if (f->data && file_glyph(f, 0xfffd, g))
        return false;
    builtin_glyph(0xfffd, g);
    return false;
}
