/*
 * The serial console: a second terminal is fed with what would go over the line, and must show what
 * the pane shows.
 */
#include "test.h"

#include <stdlib.h>

#include "serial.h"

/* Cells, cursor and pen alike? */
static bool alike(const struct terminal *a, const struct terminal *b)
{
    for (unsigned row = 0; row < a->rows; row++) {
        const struct cell *x = grid_row_const(&a->grid[a->active], row);
        const struct cell *y = grid_row_const(&b->grid[b->active], row);
        for (unsigned i = 0; i < a->columns; i++)
            if (!cell_equal(x[i], y[i]))
                return false;
    }
    return a->cursor.row == b->cursor.row && a->cursor.column == b->cursor.column &&
           a->cursor.wrap == b->cursor.wrap && cell_equal(a->cursor.pen, b->cursor.pen) &&
           a->cursor.shift == b->cursor.shift && a->top == b->top && a->bottom == b->bottom &&
           ((a->modes ^ b->modes) & (MODE_INSERT | MODE_AUTOWRAP | MODE_CURSOR_KEYS | MODE_ORIGIN |
                                     MODE_CURSOR_VISIBLE)) == 0;
}

/* Move what is queued to the other terminal, at most n bytes. */
static void transmit(struct serial *s, struct terminal *other, size_t n)
{
    if (n > s->out.length)
        n = s->out.length;
    terminal_write(other, s->queue, n, NULL, NULL);
    serial_sent(s, n);
}

static void drain(struct serial *s, const struct terminal *t, struct terminal *other)
{
    do {
        serial_draw(s, t);
        transmit(s, other, SIZE_MAX);
    } while (s->stale || s->drawing || s->out.length);
}

static void write_pane(struct serial *s, struct terminal *t, unsigned pane, const void *bytes,
                       size_t n)
{
    terminal_write(t, bytes, n, NULL, serial_copy(s, pane, n));
}

static void typing(struct serial *s)
{
    static const struct {
        const char *typed;
        unsigned pane;
        const char *to_client;
    } cases[] = {
        {"abc", 0, "abc"},
        {"\x1d"
         "2x",
         1, "x"},
        {"\x1d\x1d", 1, "\x1d"},
        {"\x1d"
         "9y",
         1, "y"},
        {"\x1drz", 1, "z"},
        {"\x1d"
         "1",
         0, ""},
        {"\x1d?qa", 0, "a"},
        {"\x1d?\x1d"
         "2b",
         1, "b"},
        {"\x1d"
         "1\r\x7f",
         0, "\r\x7f"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[48], got[16] = "";
        size_t n = 0;
        for (const char *c = cases[i].typed; *c; c++) {
            unsigned argument;
            enum serial_action action = serial_typed(s, (uint8_t)*c, 4, &argument);
            if (action == SERIAL_SELECT)
                serial_select(s, argument);
            if (action == SERIAL_TO_CLIENT)
                got[n++] = *c;
        }
        snprintf(name, sizeof name, "serial: typing, case %u", i);
        result(name, strcmp(got, cases[i].to_client) == 0 && s->pane == cases[i].pane,
               "pane %u, %zu bytes", s->pane, n);
    }
}

static const char sample[] =
    "\x1b[1;31mred\x1b[m plain \x1b[44mblue\x1b[K\r\n\x1b[38;5;99mviolet\x1b[m\r\n"
    "\x1b[3;10r\x1b[5;5H\x1b[7mcentre\x1b[?1h\x1b(0lqk\x1b(B\x1b[4h"
    "\xe4\xb8\xad\xe6\x96\x87\x1b[8;70H0123456789A";

static void copies(void)
{
    struct serial *s = malloc(sizeof *s);
    struct terminal *t = terminal_new(80, 24), *other = terminal_new(80, 24);
    serial_init(s, 0);
    write_pane(s, t, 0, sample, sizeof sample - 1);
    write_pane(s, t, 1, "not this", 8);
    drain(s, t, other);
    result("serial: only the shown pane is copied",
           strncmp(screen_text(other), "red plain blue|violet|", 22) == 0 &&
               !strstr(screen_text(other), "not this"),
           "'%s'", screen_text(other));
    terminal_init(t, 80, 24);
    terminal_init(other, 80, 24);
    write_pane(s, t, 0, sample, sizeof sample - 1);
    drain(s, t, other);
    result("serial: copy is the same picture", alike(t, other), "'%s'", screen_text(other));
    write_pane(s, t, 0, "\x1b[6n\x1b[c\x1bZ\x1b[5n\x1b[18t\x05", 20);
    drain(s, t, other);
    result("serial: queries are not copied", other->answer_length == 0 && t->answer_length > 0,
           "%u bytes answered", other->answer_length);
    feed(other, "garbage\x1b[2;5r\x1b)0\x0e\x1b[?7l");
    serial_select(s, 0);
    drain(s, t, other);
    result("serial: drawn anew is the same picture", alike(t, other), "'%s'", screen_text(other));
    feed(t, "\x1b[?6h\x1b[2;3Hx");
    serial_select(s, 0);
    drain(s, t, other);
    result("serial: drawn anew with origin mode", alike(t, other), "%u,%u", other->cursor.row,
           other->cursor.column);
    feed(t, "\x1b[!p\x1b[2J\x1b[H\x1b[78G\xe4\xb8\xad\xe4\xb8\xad"
            "\x1b[5;79H\xe4\xb8\xad");
    serial_select(s, 0);
    drain(s, t, other);
    result("serial: drawn anew with a wide character at the edge", alike(t, other), "'%s'",
           screen_text(other));
    typing(s);
    free(s);
    free(t);
    free(other);
}

/* A line that is slow: output is lost on it, and in the end it shows the same all the same. */
static void slow_line(void)
{
    struct serial *s = malloc(sizeof *s);
    struct terminal *t = terminal_new(80, 24), *other = terminal_new(80, 24);
    serial_init(s, 0);
    bool stale = false, good = true;
    for (unsigned round = 0; good && round < 50; round++) {
        for (unsigned i = 0; i < 300; i++) {
            char text[800];
            int n = snprintf(text, sizeof text, "\x1b[3%um%0*u\r\n", i % 8,
                             (int)(random_next() % 600), i);
            write_pane(s, t, 0, text, (size_t)n);
            serial_draw(s, t);
            transmit(s, other, random_next() % 200);
            stale = stale || s->stale;
        }
        drain(s, t, other);
        good = alike(t, other);
    }
    result("serial: a slow line catches up", good && stale, "stale %d, '%s'", stale,
           screen_text(other));
    free(s);
    free(t);
    free(other);
}

static void must_wait(void)
{
    struct serial *s = malloc(sizeof *s);
    struct terminal *t = terminal_new(80, 24), *other = terminal_new(80, 24);
    serial_init(s, 0);
    size_t written = 0;
    for (; !serial_must_wait(s, 0, 256); written += 256) {
        char text[257];
        memset(text, 'a' + (int)(written / 256 % 26), 256);
        write_pane(s, t, 0, text, 256);
    }
    result("serial: the client waits when the line is full, and nothing is lost",
           !s->stale && !serial_must_wait(s, 1, 256) && written > 10000 && s->out.length == written,
           "%zu of %zu", s->out.length, written);
    transmit(s, other, 1000);
    result("serial: and goes on when there is room", !serial_must_wait(s, 0, 256), "waits");
    drain(s, t, other);
    result("serial: and all of it arrived", alike(t, other), "differs");
    free(s);
    free(t);
    free(other);
}

static void log_lines(void)
{
    static const char *const before[] = {"",
                                         "a\r\n> ls",
                                         "1\r\n2\r\n3\r\n4\r\n\x1b[31m> ls",
                                         "1\r\n2\r\n3\r\n4\r\n5\x1b[2;1H",
                                         "\x1b[2;4r\x1b[3;1Hx",
                                         "a\r\n\x1b(0lqk",
                                         "\x1b[?1049hfull"};
    for (unsigned i = 0; i < sizeof before / sizeof *before; i++) {
        struct serial *s = malloc(sizeof *s);
        struct terminal *t = terminal_new(20, 5), *other = terminal_new(20, 5);
        char name[48];
        serial_init(s, 0);
        write_pane(s, t, 0, before[i], strlen(before[i]));
        drain(s, t, other);
        bool plain = terminal_log_line(t, (const uint8_t *)"hello", 5);
        serial_log_line(s, 0, t, plain, (const uint8_t *)"hello", 5);
        drain(s, t, other);
        write_pane(s, t, 0, "more", 4);
        drain(s, t, other);
        snprintf(name, sizeof name, "serial: log line, case %u", i);
        result(name, alike(t, other), "'%s' cursor %u,%u", screen_text(other), other->cursor.row,
               other->cursor.column);
        free(s);
        free(t);
        free(other);
    }
}

/* Random output over a line of random speed, with switches: what is drawn anew is the picture. */
static void random_line(void)
{
    struct serial *s = malloc(sizeof *s);
    struct terminal *t[2] = {terminal_new(80, 24), terminal_new(80, 24)},
                    *other = terminal_new(80, 24);
    serial_init(s, 0);
    bool good = true;
    for (unsigned round = 0; good && round < 300; round++) {
        uint8_t bytes[512];
        for (unsigned i = 0; i < 8; i++) {
            random_output(bytes, sizeof bytes);
            write_pane(s, t[i & 1], i & 1, bytes, sizeof bytes);
            serial_draw(s, t[s->pane]);
            transmit(s, other, random_next() % 2000);
        }
        serial_select(s, (unsigned)(random_next() & 1));
        drain(s, t[s->pane], other);
        const struct terminal *shown = t[s->pane];
        bool same = true; /* the text; a pen or cursor outside the margins cannot always be told */
        for (unsigned row = 0; row < 24; row++)
            for (unsigned i = 0; i < 80; i++)
                same = same && cell_equal(grid_row_const(&shown->grid[shown->active], row)[i],
                                          grid_row_const(&other->grid[other->active], row)[i]);
        good = same && terminal_valid(other);
    }
    result("serial: random output, drawn anew", good, "differs");
    free(s);
    free(t[0]);
    free(t[1]);
    free(other);
}

void serial_tests(void)
{
    copies();
    slow_line();
    must_wait();
    log_lines();
    random_line();
}
