/* The font file: the real one, and damaged ones. */
#include "test.h"

#include <stdlib.h>

#include "font.h"

#define FONT_PATH "/usr/share/grub/unicode.pf2"

/* A glyph's rows as text, for comparison by eye: '#' and '.', rows joined by newlines. */
static const struct {
    uint32_t code;
    unsigned width;
    uint16_t rows[GLYPH_HEIGHT]; /* of Unifont, from its published hexadecimal form */
} known[] = {
    {'A',
     8,
     {0, 0, 0, 0, 0x1800, 0x2400, 0x2400, 0x4200, 0x4200, 0x7e00, 0x4200, 0x4200, 0x4200, 0x4200}},
    {0x2500, 8, {0, 0, 0, 0, 0, 0, 0, 0xff00}},
    {0x2588,
     8,
     {0xff00, 0xff00, 0xff00, 0xff00, 0xff00, 0xff00, 0xff00, 0xff00, 0xff00, 0xff00, 0xff00,
      0xff00, 0xff00, 0xff00, 0xff00, 0xff00}},
    {0x4e00, 16, {0, 0, 0, 0, 0, 0, 0, 0xfffe}},
    {' ', 8, {0}},
};

/* A font of one letter, made by hand. */
static size_t make_font(uint8_t *out)
{
    static const uint8_t file[] = {
        'F',  'I',  'L', 'E', 0, 0, 0,  4,   'P', 'F', 'F', '2', 'A',  'S',  'C',
        'E',  0,    0,   0,   2, 0, 14, 'C', 'H', 'I', 'X', 0,   0,    0,    9,
        0,    0,    0,   'A', 0, 0, 0,  0,   47,  'D', 'A', 'T', 'A',  0xff, 0xff,
        0xff, 0xff, 0,   3,   0, 2, 0,  1,   0,   0,   0,   8,   0xb8, /* 3×2 at (1, 0) */
    };
    memcpy(out, file, sizeof file);
    return sizeof file;
}

static void real_font(void)
{
    size_t bytes;
    uint8_t *file = file_read(FONT_PATH, &bytes);
    struct font f;
    const char *why = file ? font_open(&f, file, bytes) : "no file " FONT_PATH;
    if (!result("font: unicode.pf2 is accepted", !why, "%s", why ? why : "")) {
        free(file);
        return;
    }
    bool good = true;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct glyph g;
        good = good && font_glyph(&f, known[i].code, &g) && g.width == known[i].width &&
               memcmp(g.rows, known[i].rows, sizeof g.rows) == 0;
    }
    result("font: glyphs are where they belong", good, "they differ");
    struct glyph g;
    result("font: a missing character gives the replacement",
           !font_glyph(&f, 0x10fffe, &g) && g.width == 8, "found");
    unsigned accepted = 0;
    for (unsigned round = 0; round < 300; round++) {
        size_t cut = round % 3 == 0 ? random_next() % bytes : bytes;
        uint8_t *copy = malloc(cut ? cut : 1); /* exactly as long, so that a read beyond is seen */
        memcpy(copy, file, cut);
        for (unsigned i = 0; cut && i < 1u << round % 12; i++)
            copy[random_next() % (round & 1 ? (cut < 1000 ? cut : 1000) : cut)] =
                (uint8_t)random_next();
        struct font damaged;
        accepted += font_open(&damaged, copy, cut) == NULL;
        for (uint32_t code = 0; code < 0x3000; code += 7)
            font_glyph(&damaged, code, &g);
        free(copy);
    }
    result("font: 300 damaged files are read without harm", accepted > 0 && accepted < 300,
           "%u accepted", accepted);
    free(file);
}

static void small_font(void)
{
    uint8_t file[128];
    size_t bytes = make_font(file);
    struct font f;
    struct glyph g;
    const char *why = font_open(&f, file, bytes);
    result("font: of one letter",
           !why && font_glyph(&f, 'A', &g) && g.rows[12] == 0x5000 && g.rows[13] == 0x6000, "%s",
           why ? why : "wrong pixels");
    unsigned refused = 0;
    for (size_t cut = 0; cut < bytes; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1);
        memcpy(copy, file, cut);
        refused += font_open(&f, copy, cut) != NULL && !f.data;
        free(copy);
    }
    result("font: no part of the file is accepted", refused == bytes, "%u of %zu refused", refused,
           bytes);
    unsigned bad = 0;
    for (size_t at = 0; at < bytes; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t *copy = malloc(bytes);
            memcpy(copy, file, bytes);
            copy[at] = (uint8_t)value;
            bad += font_open(&f, copy, bytes) != NULL;
            font_glyph(&f, 'A', &g);
            font_glyph(&f, 'B', &g);
            free(copy);
        }
    }
    result("font: every byte of a small font changed to every value", bad > 0, "none refused");
    result("font: empty file", font_open(&f, file, 0) != NULL, "accepted");
}

static void builtin_font(void)
{
    struct font none = {0};
    struct glyph g;
    bool all = true;
    for (uint32_t code = 0x21; code < 0x7f; code++) {
        uint16_t ink = 0;
        all = all && font_glyph(&none, code, &g) && g.width == 8;
        for (unsigned y = 0; y < GLYPH_HEIGHT; y++)
            ink |= g.rows[y];
        all = all && ink != 0;
    }
    result("font: the built-in one has all of ASCII", all, "a character is missing");
    bool different = true;
    for (uint32_t a = 0x21; a < 0x7f; a++) {
        for (uint32_t b = a + 1; b < 0x7f; b++) {
            struct glyph h;
            font_glyph(&none, a, &g);
            font_glyph(&none, b, &h);
            different = different && memcmp(g.rows, h.rows, sizeof g.rows) != 0;
        }
    }
    result("font: no two built-in characters look the same", different, "two do");
    result("font: built-in line drawing",
           font_glyph(&none, 0x253c, &g) && g.rows[7] == 0xff00 && g.rows[0] == 0x0800 &&
               g.rows[15] == 0x0800,
           "%04x", g.rows[7]);
}

void font_tests(void)
{
    real_font();
    small_font();
    builtin_font();
}
