/*
 * The painter against a simple reference, which draws the whole picture pixel by pixel; and the
 * layout of every screen size.
 */
#include "test.h"

#include <stdlib.h>

#include "compose.h"
#include "paint.h"

#define FONT_PATH "/usr/share/grub/unicode.pf2"

static const struct {
    const char *name;
    struct framebuffer fb; /* base is filled in */
} formats[] = {
    {"32 bits", {NULL, 1280, 800, 1280 * 4, 32, 16, 8, 8, 8, 0, 8}},
    {"32 bits, red first", {NULL, 1280, 800, 1280 * 4 + 64, 32, 0, 8, 8, 8, 16, 8}},
    {"30 bits of colour", {NULL, 1280, 800, 1280 * 4, 32, 20, 10, 10, 10, 0, 10}},
    {"24 bits", {NULL, 1280, 800, 1280 * 3, 24, 16, 8, 8, 8, 0, 8}},
    {"16 bits", {NULL, 1280, 800, 1280 * 2, 16, 11, 5, 5, 6, 0, 5}},
    {"15 bits", {NULL, 1280, 800, 1280 * 2 + 32, 16, 10, 5, 5, 5, 0, 5}},
    {"small", {NULL, 640, 480, 640 * 4, 32, 16, 8, 8, 8, 0, 8}},
    {"tiny", {NULL, 165, 67, 165 * 4, 32, 16, 8, 8, 8, 0, 8}},
    {"wide", {NULL, 1920, 1080, 1920 * 4, 32, 16, 8, 8, 8, 0, 8}},
    {"huge", {NULL, 3840, 2160, 3840 * 4, 32, 16, 8, 8, 8, 0, 8}},
};

/* What one pixel of a cell must be: true = foreground. */
static bool reference_pixel(const struct font *font, const struct cell *c, unsigned x, unsigned y)
{
    static struct glyph g;
    static const struct font *of;
    static uint32_t code;
    if (of != font || code != c->code) {
        font_glyph(font, c->code, &g);
        of = font;
        code = c->code;
    }
    if (c->attributes & ATTR_BOX && (x == 0 || x == 7 || y == 0 || y == 15))
        return true;
    if (c->attributes & ATTR_UNDERLINE && y == 14)
        return true;
    if (c->attributes & ATTR_STRIKE && y == 8)
        return true;
    if (c->attributes & ATTR_WIDE_RIGHT)
        return g.width == 16 && g.rows[y] >> (7 - x) & 1;
    if (g.width == 16 && !(c->attributes & ATTR_WIDE_LEFT))
        return g.rows[y] >> (15 - 2 * x) & 1 || g.rows[y] >> (14 - 2 * x) & 1;
    return g.rows[y] >> (15 - x) & 1;
}

static void reference_put(const struct framebuffer *fb, uint8_t *memory, unsigned x, unsigned y,
                          struct rgb c, bool dim)
{
    unsigned bytes = fb->bits_per_pixel / 8, value[3] = {c.r, c.g, c.b}, pixel = 0;
    unsigned position[3] = {fb->red_position, fb->green_position, fb->blue_position};
    unsigned size[3] = {fb->red_size, fb->green_size, fb->blue_size};
    for (unsigned i = 0; i < 3; i++) {
        unsigned v = dim ? value[i] / 2 : value[i];
        pixel |= (v * 0x101 >> (16 - size[i])) << position[i];
    }
    memcpy(memory + y * fb->pitch + x * bytes, &pixel, bytes);
}

static void fill_pane(struct terminal *t, unsigned seed)
{
    static const uint32_t codes[] = {'A',    'g',     0x2500, 0x2588,  0x4e2d,
                                     0x20ac, 0x1f600, 0x2603, 0x10fffe};
    for (unsigned row = 0; row < t->rows; row++) {
        char text[64];
        snprintf(text, sizeof text, "\x1b[%u;1H\x1b[0;%u;3%u;4%um", row + 1, (row + seed) % 10,
                 (row + seed) % 8, (row * 3) % 8);
        feed(t, text);
        for (unsigned i = 0; i < t->columns / 3; i++) {
            uint8_t bytes[5] = {0};
            utf8_encode((i + row) % 3 ? 33 + (i + row * 7 + seed) % 90
                                      : codes[(i + row) % (sizeof codes / sizeof *codes)],
                        bytes);
            feed(t, (char *)bytes);
        }
    }
    feed(t, "\x1b[2;3H");
}

/* Paint layout views of panes with the painter and with the reference; true if alike. */
static bool compare(struct painter *p, const struct font *font, uint8_t *memory, size_t bytes,
                    struct terminal **panes, unsigned focus)
{
    uint8_t *expected = calloc(1, bytes);
    struct cell cells[COLUMNS_MAX];
    for (unsigned v = 0; v < p->layout.count; v++) {
        const struct view *view = &p->layout.view[v];
        const struct terminal *t = panes[view->pane];
        for (unsigned row = 0; row <= view->rows; row++) {
            if (row == 0)
                compose_title(t, view->pane + 1, view->pane == focus, false, cells);
            else
                compose_row(t, row - 1, view->pane == focus, cells);
            painter_row(p, v, row, cells);
            for (unsigned y = 0; y < GLYPH_HEIGHT * view->scale; y++) {
                for (unsigned x = 0; x < view->columns * GLYPH_WIDTH * view->scale; x++) {
                    const struct cell *c = &cells[x / view->scale / GLYPH_WIDTH];
                    bool ink =
                        reference_pixel(font, c, x / view->scale % GLYPH_WIDTH, y / view->scale);
                    reference_put(&p->fb, expected, view->x + x,
                                  view->y + row * GLYPH_HEIGHT * view->scale + y,
                                  palette_colour(ink ? c->fg : c->bg),
                                  ink && c->attributes & ATTR_DIM);
                }
            }
        }
    }
    bool alike = true;
    for (unsigned y = 0; alike && y < p->fb.height; y++)
        alike = memcmp(memory + y * p->fb.pitch, expected + y * p->fb.pitch,
                       p->fb.width * (p->fb.bits_per_pixel / 8)) == 0;
    free(expected);
    return alike;
}

static void format_tests(const struct font *font)
{
    for (unsigned i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct framebuffer fb = formats[i].fb;
        size_t bytes = (size_t)fb.pitch * fb.height;
        uint8_t *memory = malloc(bytes);
        struct painter *p = malloc(sizeof *p);
        struct terminal *panes[4];
        char name[64];
        bool good = true;
        const char *why = framebuffer_check(&fb, bytes);
        memset(memory, 0x5a, bytes);
        fb.base = memory;
        painter_init(p, &fb, font);
        for (unsigned n = 0; n < 4; n++)
            panes[n] = terminal_new(80, 24);
        for (unsigned mode = 0; !why && mode < VIEW_MODES; mode++) {
            struct layout layout;
            layout_compute(fb.width, fb.height, mode, 2, 4, &layout);
            painter_layout(p, &layout);
            good = good && p->layout.count == layout.count;
            for (unsigned n = 0; n < 4; n++) {
                unsigned columns, rows;
                layout_pane_size(fb.width, fb.height, mode, n == 2, &columns, &rows);
                terminal_resize(panes[n], columns, rows);
                fill_pane(panes[n], n);
            }
            good = good && compare(p, font, memory, bytes, panes, 2);
            feed(panes[2], "\x1b[?5h\x1b[4;4H changed \x1b[1;1H\x1b[5M");
            good = good && compare(p, font, memory, bytes, panes, 2);
        }
        snprintf(name, sizeof name, "paint: %s", formats[i].name);
        result(name, good && !why, "%s", why ? why : "the picture differs from the reference");
        for (unsigned n = 0; n < 4; n++)
            free(panes[n]);
        free(p);
        free(memory);
    }
}

static void changed_cells(const struct font *font)
{
    struct framebuffer fb = formats[0].fb;
    struct painter *p = malloc(sizeof *p);
    struct terminal *t = terminal_new(80, 24);
    struct layout layout;
    struct cell cells[COLUMNS_MAX];
    fb.base = malloc((size_t)fb.pitch * fb.height);
    painter_init(p, &fb, font);
    layout_compute(fb.width, fb.height, VIEW_GRID, 0, 4, &layout);
    painter_layout(p, &layout);
    compose_row(t, 0, true, cells);
    unsigned first = painter_row(p, 0, 1, cells), again = painter_row(p, 0, 1, cells);
    feed(t, "x");
    compose_row(t, 0, true, cells);
    unsigned typed = painter_row(p, 0, 1, cells);
    result("paint: only changed cells", first == 80 && again == 0 && typed == 2, "%u %u %u", first,
           again, typed);
    result("paint: rows and views that are not there",
           painter_row(p, 4, 0, cells) == 0 && painter_row(p, 0, 25, cells) == 0, "painted");
    free(fb.base);
    free(t);
    free(p);
}

static void framebuffers(void)
{
    static const struct {
        struct framebuffer fb;
        uint64_t bytes;
        bool good;
    } cases[] = {
        {{NULL, 1280, 800, 5120, 32, 16, 8, 8, 8, 0, 8}, 5120 * 800, true},
        {{NULL, 1280, 800, 5120, 32, 16, 8, 8, 8, 0, 8}, 5120 * 800 - 1, false},
        {{NULL, 1280, 800, 5119, 32, 16, 8, 8, 8, 0, 8}, 5120 * 800, false},
        {{NULL, 1280, 800, 5120, 8, 16, 8, 8, 8, 0, 8}, 5120 * 800, false},
        {{NULL, 1280, 800, 5120, 32, 30, 8, 8, 8, 0, 8}, 5120 * 800, false},
        {{NULL, 1280, 800, 5120, 32, 16, 0, 8, 8, 0, 8}, 5120 * 800, false},
        {{NULL, 0, 0, 5120, 32, 16, 8, 8, 8, 0, 8}, 5120 * 800, false},
        {{NULL, 0xffffffff, 2, 0xffffffff, 32, 16, 8, 8, 8, 0, 8}, UINT64_MAX, false},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[48];
        const char *why = framebuffer_check(&cases[i].fb, cases[i].bytes);
        snprintf(name, sizeof name, "framebuffer: case %u", i);
        result(name, !why == cases[i].good, "%s", why ? why : "accepted");
    }
}

static void layouts(void)
{
    struct layout l;
    layout_compute(1280, 800, VIEW_GRID, 0, 4, &l);
    result("layout: 1280x800 is filled exactly",
           l.count == 4 && l.view[3].x == 640 && l.view[3].y == 400 && l.view[3].columns == 80 &&
               l.view[3].rows == 24 && l.view[3].scale == 1,
           "%u views", l.count);
    layout_compute(1280, 800, VIEW_SINGLE, 1, 4, &l);
    result("layout: enlarged pane fills 1280x800",
           l.count == 1 && l.view[0].pane == 1 && l.view[0].x == 0 && l.view[0].y == 0 &&
               l.view[0].scale == 2,
           "scale %u", l.view[0].scale);
    layout_compute(1280, 800, VIEW_FULL, 1, 4, &l);
    result("layout: all rows and columns of 1280x800",
           l.view[0].columns == 160 && l.view[0].rows == 49, "%u %u", l.view[0].columns,
           l.view[0].rows);
    layout_compute(1024, 768, VIEW_GRID, 3, 4, &l);
    result("layout: 1024x768 shows one pane", l.count == 1 && l.view[0].pane == 3, "%u", l.count);
    layout_compute(1280, 800, VIEW_GRID, 5, 6, &l);
    result("layout: the group with the focus", l.count == 2 && l.view[0].pane == 4, "%u", l.count);
    bool inside = true;
    for (unsigned w = 160; w < 4200; w += 37) {
        for (unsigned h = 64; h < 2400; h += 29) {
            for (unsigned mode = 0; mode < VIEW_MODES; mode++) {
                layout_compute(w, h, mode, 2, 4, &l);
                for (unsigned i = 0; i < l.count; i++) {
                    const struct view *v = &l.view[i];
                    unsigned columns, rows;
                    layout_pane_size(w, h, mode, v->pane == 2, &columns, &rows);
                    inside = inside && v->scale >= 1 && v->x + v->columns * 8 * v->scale <= w &&
                             v->y + (v->rows + 1) * 16 * v->scale <= h && v->columns == columns &&
                             v->rows == rows && v->columns <= COLUMNS_MAX && v->rows <= ROWS_MAX &&
                             v->columns >= 1 && v->rows >= 1;
                }
            }
        }
    }
    result("layout: every size stays inside the screen", inside, "a view does not");
}

static void load_font(struct font *font)
{
    static uint8_t *file; /* the font points into it */
    static size_t bytes;
    if (!file)
        file = file_read(FONT_PATH, &bytes);
    font_open(font, file ? file : (uint8_t *)"", bytes);
}

int picture_write(const char *path)
{
    static const char *const texts[] = {
        "\x1b]0;shell1\a\x1b[1mTetrapla\x1b[m> help\r\n\x1b[31mred \x1b[32mgreen \x1b[1;34mbold "
        "blue\x1b[m "
        "\x1b[2mdim\x1b[m \x1b[4munderline\x1b[m \x1b[7mreverse\x1b[m \x1b[9mstrike\x1b[m\r\n"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz\r\n0123456789 "
        "!\"#$%&'()*+,-./:;<=>?@[\\]"
        "^_`{|}~\r\näöüß éèê €uro ≤≥≠π 中文 日本語 한국어 ☺☎\r\n",
        "\x1b]0;newt\a\x1b[44m\x1b[2J\x1b[5;20H\x1b[30;47m┌─────────┤ Installer ├──────────┐"
        "\x1b[6;20H│                                │"
        "\x1b[7;20H│   \x1b[41;37m <Yes> \x1b[30;47m          <No>        │"
        "\x1b[8;20H└────────────────────────────────┘"
        "\x1b[10;20H\x1b(0lqqqwqqqk\x1b[11;20Hx   x   x\x1b[12;20Hmqqqvqqqj\x1b(B",
        "\x1b]0;top\a\x1b[7m  PID USER      PR  NI    VIRT    RES  %CPU COMMAND                    "
        "       "
        "\x1b[m\r\n    1 root      20   0  168000  13000   0.0 init\r\n",
        "colours\r\n",
    };
    struct font font;
    struct painter *p = malloc(sizeof *p);
    struct framebuffer fb = formats[0].fb;
    struct layout layout;
    struct cell cells[COLUMNS_MAX];
    load_font(&font);
    fb.base = malloc((size_t)fb.pitch * fb.height);
    painter_init(p, &fb, &font);
    layout_compute(fb.width, fb.height, VIEW_GRID, 0, 4, &layout);
    painter_layout(p, &layout);
    for (unsigned v = 0; v < 4; v++) {
        struct terminal *t = terminal_new(80, 24);
        feed(t, texts[v]);
        for (unsigned i = 0; v == 3 && i < 256; i++) {
            char text[32];
            snprintf(text, sizeof text, "\x1b[48;5;%um  %s", i, i % 32 == 31 ? "\x1b[m\r\n" : "");
            feed(t, text);
        }
        if (v == 2)
            terminal_log_line(t, (const uint8_t *)"shell4: page fault at 0x0", 25);
        compose_title(t, v + 1, v == 0, v == 3, cells);
        painter_row(p, v, 0, cells);
        for (unsigned row = 0; row < 24; row++) {
            compose_row(t, row, v == 0, cells);
            painter_row(p, v, row + 1, cells);
        }
        free(t);
    }
    FILE *f = fopen(path, "wb");
    if (!f)
        return 1;
    fprintf(f, "P6\n%u %u\n255\n", fb.width, fb.height);
    for (size_t i = 0; i < (size_t)fb.width * fb.height; i++) {
        putc(fb.base[4 * i + 2], f);
        putc(fb.base[4 * i + 1], f);
        putc(fb.base[4 * i], f);
    }
    free(fb.base);
    free(p);
    return fclose(f) != 0;
}

void paint_tests(void)
{
    struct font font, builtin = {0};
    load_font(&font);
    format_tests(&font);
    changed_cells(&builtin);
    framebuffers();
    layouts();
}
