/* New sizes, log lines, and repair of a state that a crash has left. */
#include "test.h"

#include <stdlib.h>

#include "state.h"

static void sizes(void)
{
    struct terminal *t = terminal_new(80, 24);
    char line[64], before[8192];
    for (unsigned i = 0; i < 60; i++) {
        snprintf(line, sizeof line, "line %u\r\n", i);
        feed(t, line);
    }
    feed(t, "\x1b[70Gend$ ");
    snprintf(before, sizeof before, "%s", screen_text(t));
    unsigned row = t->cursor.row, column = t->cursor.column;
    terminal_resize(t, 160, 49);
    result("growing shows lines from the scrollback",
           strstr(screen_text(t), "line 20|") && t->cursor.row == 48, "'%.40s' row %u",
           screen_text(t), t->cursor.row);
    terminal_resize(t, 80, 24);
    result("growing and shrinking back is the same picture",
           strcmp(before, screen_text(t)) == 0 && t->cursor.row == row &&
               t->cursor.column == column,
           "'%.40s' cursor %u,%u", screen_text(t), t->cursor.row, t->cursor.column);
    terminal_resize(t, 40, 10);
    result("shrinking keeps the cursor's line", t->cursor.row == 9 && terminal_valid(t), "row %u",
           t->cursor.row);
    terminal_resize(t, 80, 24);
    result("shrinking and growing back is the same picture", strcmp(before, screen_text(t)) == 0,
           "'%.60s'", screen_text(t));
    free(t);

    t = terminal_new(80, 24);
    feed(t, "only line");
    terminal_resize(t, 80, 10);
    result("blank rows below go first",
           strcmp(screen_text(t), "only line") == 0 && history_count(&t->history) == 0, "'%s'",
           screen_text(t));
    feed(t, "\x1b[?1049h\x1b[9;1Halternate");
    terminal_resize(t, 20, 5);
    terminal_resize(t, 80, 24);
    feed(t, "\x1b[?1049l");
    result("resizing in the alternate screen keeps the primary",
           strcmp(screen_text(t), "only line") == 0 && t->cursor.column == 9, "'%s' column %u",
           screen_text(t), t->cursor.column);
    free(t);
}

static void log_case(const char *name, const char *input, const char *screen, int row, int column,
                     bool plain)
{
    struct terminal *t = terminal_new(12, 4);
    feed(t, input);
    bool got = terminal_log_line(t, (const uint8_t *)"text", 4);
    result(name,
           strcmp(screen_text(t), screen) == 0 && t->cursor.row == row &&
               t->cursor.column == column && got == plain && terminal_valid(t),
           "'%s' cursor %u,%u plain %d", screen_text(t), t->cursor.row, t->cursor.column, got);
    free(t);
}

static void logs(void)
{
    log_case("log: on an empty screen", "", "log text", 1, 0, true);
    log_case("log: above a prompt", "a\r\n> ls", "a|log text|> ls", 2, 4, true);
    log_case("log: with text below", "a\r\nb\r\nc\x1b[1;2H", "log text|a|b|c", 1, 1, false);
    log_case("log: at the bottom", "1\r\n2\r\n3\r\n> ls", "2|3|log text|> ls", 3, 4, true);
    log_case("log: no room but the scrollback", "1\r\n2\r\n3\r\n4\x1b[H", "1|2|3|4", 0, 0, false);
    log_case("log: inside a sequence", "a\r\n> l\x1b[3", "a|log text|> l", 2, 3, true);

    struct terminal *t = terminal_new(12, 4);
    feed(t, "ab\x1b[?1049hX");
    terminal_log_line(t, (const uint8_t *)"text\x1b[2J\xff\n", 10);
    result("log: not on the alternate screen", strcmp(screen_text(t), "  X") == 0, "'%s'",
           screen_text(t));
    feed(t, "\x1b[?1049lc");
    result("log: but on the primary; control characters are replaced",
           strcmp(screen_text(t), "log text\xef\xbf\xbd[2J|abc") == 0, "'%s'", screen_text(t));
    free(t);
}

static void repair(void)
{
    struct terminal *t = calloc(1, sizeof *t);
    terminal_init(t, 80, 24);
    feed(t, "some text\r\n\x1b[31mmore");
    struct terminal *copy = malloc(sizeof *copy);
    memcpy(copy, t, sizeof *t);
    terminal_repair(t);
    t->changes = copy->changes;
    result("repair leaves a sound terminal alone", memcmp(copy, t, sizeof *t) == 0, "changed");
    bool good = true;
    for (unsigned round = 0; good && round < 60; round++) {
        memcpy(t, copy, sizeof *t);
        unsigned damage = round < 30 ? 200 : 20000;
        for (unsigned i = 0; i < damage; i++) {
            uint64_t r = random_next();
            /* half of it in the registers in front of the grids, where it hurts most */
            size_t at = r & 1 ? (r >> 8) % offsetof(struct terminal, grid) : (r >> 8) % sizeof *t;
            ((uint8_t *)t)[at] = (uint8_t)(r >> 1);
        }
        terminal_repair(t);
        good = terminal_valid(t);
        uint8_t bytes[4096];
        random_output(bytes, sizeof bytes);
        terminal_write(t, bytes, sizeof bytes, NULL, NULL);
        terminal_resize(t, 1 + random_next() % COLUMNS_MAX, 1 + random_next() % ROWS_MAX);
        good = good && terminal_valid(t);
    }
    result("repair of random damage", good, "not valid");
    memset(t, 0xff, sizeof *t);
    terminal_repair(t);
    result("repair of all ones", terminal_valid(t), "not valid");
    memset(t, 0, sizeof *t);
    terminal_repair(t);
    result("repair of all zeros", terminal_valid(t), "not valid");
    free(t);
    free(copy);
}

static void states(void)
{
    size_t bytes = state_bytes(4);
    result("state of four panes fits into 4 MiB", bytes <= 4 << 20, "%zu bytes", bytes);
    struct console_state *s = malloc(bytes);
    memset(s, 0xcc, bytes);
    result("state: nonsense is not kept", !state_open(s, 4), "kept");
    feed(&s->pane[2].terminal, "kept");
    s->focus = 2;
    state_works(s);
    result("state: is kept",
           state_open(s, 4) && s->focus == 2 &&
               strcmp(screen_text(&s->pane[2].terminal), "kept") == 0,
           "lost");
    state_works(s);
    s->focus = s->serial_pane = s->mode = s->log_length = 0xffffffff;
    result("state: indices are clamped",
           state_open(s, 4) && s->focus == 0 && s->serial_pane == 0 && s->mode == 0 &&
               s->log_length == 0,
           "focus %u", s->focus);
    state_works(s);
    bool kept = state_open(s, 4) && state_open(s, 4);
    bool third = state_open(s, 4) && kept, fourth = state_open(s, 4);
    result("state: is kept at three failing starts, not at the fourth", third && !fourth, "%d %d",
           third, fourth);
    state_works(s);
    s->version++;
    result("state: another version is not kept", !state_open(s, 4), "kept");
    free(s);
}

void resize_tests(void)
{
    sizes();
    logs();
    repair();
    states();
}
