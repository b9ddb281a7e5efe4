/* Hosted tests of the console server. */
#include "test.h"

#include <stdlib.h>

#include "terminal.h"

const char *screen_text(const struct terminal *t)
{
    static char text[ROWS_MAX * (COLUMNS_MAX * 4 + 1) + 1];
    size_t n = 0, keep = 0;
    for (unsigned row = 0; row < t->rows; row++) {
        struct cell cells[COLUMNS_MAX];
        terminal_visible_row(t, row, cells);
        if (row > 0)
            text[n++] = '|';
        size_t end = n;
        for (unsigned i = 0; i < t->columns; i++) {
            if (cells[i].attributes & ATTR_WIDE_RIGHT)
                continue;
            n += utf8_encode(cells[i].code, (uint8_t *)text + n);
            if (cells[i].code != ' ')
                keep = end = n;
        }
        n = end;
    }
    text[keep] = 0;
    return text;
}

struct terminal *terminal_new(unsigned columns, unsigned rows)
{
    struct terminal *t = malloc(sizeof *t);
    memset(t, 0xa5, sizeof *t);
    terminal_init(t, columns, rows);
    return t;
}

void feed(struct terminal *t, const char *text)
{
    terminal_write(t, (const uint8_t *)text, strlen(text), NULL, NULL);
}

void random_output(uint8_t *bytes, size_t n)
{
    static const char *const pieces[] = {
        "\x1b[",       "\x1b]0;",  "\x1b",       "\x9b",         "\x1b[?",           "\x1b(0",
        "\x0e",        "\r\n",     "\x1b[38;5;", "\xe4\xb8\xad", "\xf0\x9f\x98\x80", "\xcc\x81",
        "\xc3",        "\x1b[4h",  "\x1b[1000b", "\x1bP",        "\x1b\\",           "\x1b[?1049h",
        "\x1b[?1049l", "\x1b[?6h", "\x1b[3;7r",  "\x1b[r",       "\x1b[2J",          "\x1b[99P",
        "\x1b[99@",    "\x1b[79G", "\x1b[5L",    "\x1b[5M",      "\xef\xbc\xa1",     "\xc2\x9b",
        "\x1b[!p",     "\x1b[?7l",
    };
    static const char finals[] = "@ABCDEFGHIJKLMPSTXZ`abcdefghlmnrstu;;;;0123456789";
    for (size_t i = 0; i < n;) {
        uint64_t r = random_next();
        if (r % 4 == 0) {
            const char *piece = pieces[r / 4 % (sizeof pieces / sizeof *pieces)];
            for (; *piece && i < n; piece++)
                bytes[i++] = (uint8_t)*piece;
        } else if (r % 4 == 1) {
            bytes[i++] = (uint8_t)(r >> 8);
        } else if (r % 4 == 2) {
            bytes[i++] = (uint8_t)finals[r / 4 % (sizeof finals - 1)];
        } else {
            bytes[i++] = (uint8_t)(' ' + r / 4 % 95);
        }
    }
}

uint8_t *file_read(const char *path, size_t *bytes)
{
    *bytes = 0;
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    uint8_t *data = malloc(n ? n : 1);
    *bytes = fread(data, 1, n, f);
    fclose(f);
    return data;
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "--picture") == 0)
        return picture_write(arguments[2]);
    setvbuf(stdout, NULL, _IOLBF, 0); /* what was printed is there even after a crash */
    terminal_tests();
    resize_tests();
    keys_tests();
    font_tests();
    paint_tests();
    serial_tests();
    server_tests();
    fuzz_tests();
    return summary();
}
