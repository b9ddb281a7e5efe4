/* Random bytes: nothing is indexed outside its bounds (the sanitizers see), every invariant
 * holds. */
#include "test.h"

#include <stdlib.h>

#include "compose.h"
#include "terminal.h"

#define PIECE 4096
#define TOTAL (6u << 20)

static void random_bytes(const char *name, void (*make)(uint8_t *, size_t), unsigned total)
{
    struct terminal *t = terminal_new(80, 24);
    static uint8_t bytes[PIECE], copies[4 * PIECE];
    bool good = true;
    for (unsigned done = 0; good && done < total; done += PIECE) {
        struct echo echo = {.bytes = copies, .size = sizeof copies};
        make(bytes, sizeof bytes);
        uint32_t position = 0;
        for (size_t at = 0, n; at < PIECE; at += n) {
            n = 1 + random_next() % 300;
            if (n > PIECE - at)
                n = PIECE - at;
            size_t before = echo.length;
            terminal_write(t, bytes + at, n, &position, &echo);
            good = good && !echo.lost && echo.length - before <= ECHO_ROOM(n);
        }
        good = good && position == PIECE;
        if (done / PIECE % 4 == 0)
            terminal_resize(t, 1 + random_next() % COLUMNS_MAX, 1 + random_next() % ROWS_MAX);
        if (done / PIECE % 5 == 0)
            terminal_log_line(t, bytes, random_next() % 300);
        if (done / PIECE % 7 == 0)
            terminal_scroll_view(t, (int)(random_next() % 200) - 100);
        struct cell cells[COLUMNS_MAX];
        for (unsigned row = 0; row < t->rows; row++)
            compose_row(t, row, true, cells);
        compose_title(t, 1, true, true, cells);
        t->answer_length = 0;
        good = good && terminal_valid(t);
    }
    result(name, good, "an invariant is broken");
    /* and the terminal can still be used */
    terminal_resize(t, 80, 24);
    feed(t, "\x1b\\\x1b"
            "c"
            "ok");
    char again[80];
    snprintf(again, sizeof again, "%s: usable afterwards", name);
    result(again, strncmp(screen_text(t), "ok", 2) == 0, "'%.40s'", screen_text(t));
    free(t);
}

static void any(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(random_next() >> 24);
}

static void ascii(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)("\x1b[;?0123456789ABCDHJKLMPX@mrhl\r\n\t ab"[random_next() % 37]);
}

void fuzz_tests(void)
{
    random_bytes("fuzz: any bytes", any, TOTAL / 4);
    random_bytes("fuzz: sequences of ASCII", ascii, TOTAL / 4);
    random_bytes("fuzz: pieces of sequences", random_output, TOTAL / 2);
}
