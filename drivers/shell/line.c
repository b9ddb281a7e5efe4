/*
 * The line editor.
 *
 * The line is kept as UTF-8 bytes; the cursor is a byte index that always stands at the start of a
 * character. After every key the row is drawn anew: the prompt and as much of the line around the
 * cursor as fits, so the line never wraps and a change of size needs no care.
 */
#include "shell.h"

#include <stdio.h>
#include <string.h>
#include <tetrapla/abi.h>

#define HISTORY  32
#define CTRL(c)  ((c) - '@')
#define NAME_MAX 12 /* width of a column of completions */

static char history[HISTORY][LINE_MAX];
static unsigned history_count; /* lines ever remembered */

struct line {
    char *text;
    size_t length, cursor; /* bytes */
    const char *prompt;
    unsigned back;        /* 0: the line being written; n: the nth last one is shown */
    char draft[LINE_MAX]; /* what was being written */
};

/* ---- characters ------------------------------------------------------------------------------- */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t next_character(const struct line *l, size_t at)
{
    do
        at++;
    while (at < l->length && is_continuation(l->text[at]));
    return at;
}

static size_t previous_character(const struct line *l, size_t at)
{
    do
        at--;
    while (at > 0 && is_continuation(l->text[at]));
    return at;
}

static size_t columns_of(const char *s, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += !is_continuation(s[i]);
    return n;
}

/* ---- drawing ---------------------------------------------------------------------------------- */

static void draw(const struct line *l)
{
    size_t width = terminal_columns() - 1, prompt = columns_of(l->prompt, strlen(l->prompt));
    size_t room = width > prompt + 8 ? width - prompt : 8;
    size_t first = 0;
    while (columns_of(l->text + first, l->cursor - first) > room)
        first = next_character(l, first);
    size_t end = first;
    for (size_t n = 0; n < room && end < l->length; n++)
        end = next_character(l, end);
    size_t column = prompt + columns_of(l->text + first, l->cursor - first);
    printf("\r\033[1;32m%s\033[0m%.*s\033[K\r", l->prompt, (int)(end - first), l->text + first);
    if (column)
        printf("\033[%uC", (unsigned)column);
}

/* ---- changing --------------------------------------------------------------------------------- */

static void insert(struct line *l, const char *s, size_t n)
{
    if (l->length + n >= LINE_MAX)
        return;
    memmove(l->text + l->cursor + n, l->text + l->cursor, l->length - l->cursor);
    memcpy(l->text + l->cursor, s, n);
    l->length += n;
    l->cursor += n;
}

static void cut(struct line *l, size_t from, size_t to)
{
    memmove(l->text + from, l->text + to, l->length - to);
    l->length -= to - from;
    l->cursor = from;
}

static void set(struct line *l, const char *s)
{
    l->length = strlen(s);
    memmove(l->text, s, l->length);
    l->cursor = l->length;
}

/* step +1: an older line, -1: a newer one. */
static void recall(struct line *l, int step)
{
    unsigned kept = history_count < HISTORY ? history_count : HISTORY;
    if ((step > 0 && l->back == kept) || (step < 0 && l->back == 0))
        return;
    if (l->back == 0) {
        memcpy(l->draft, l->text, l->length);
        l->draft[l->length] = 0;
    }
    l->back += (unsigned)step;
    set(l, l->back ? history[(history_count - l->back) % HISTORY] : l->draft);
}

static void remember(const char *text)
{
    if (*text && (!history_count || strcmp(history[(history_count - 1) % HISTORY], text) != 0))
        memcpy(history[history_count++ % HISTORY], text, strlen(text) + 1);
}

/* How many bytes all matches have in common, at least length. */
static size_t common(const char *text, size_t length)
{
    const char *first = command_match(text, length, 0), *other;
    size_t n = strlen(first);
    for (unsigned i = 1; (other = command_match(text, length, i)); i++)
        for (size_t j = length; j < n; j++)
            if (other[j] != first[j])
                n = j;
    return n;
}

/* Complete the command's name if the cursor is in it. */
static void complete(struct line *l)
{
    size_t n = l->cursor;
    const char *match;
    if (memchr(l->text, ' ', n) || !(match = command_match(l->text, n, 0)))
        return;
    size_t shared = common(l->text, n);
    char completion[LINE_MAX];
    memcpy(completion, match, shared);
    bool only = !command_match(l->text, n, 1);
    if (only)
        completion[shared++] = ' ';
    if (shared > n) {
        insert(l, completion + n, shared - n);
        return;
    }
    printf("\r\n");
    for (unsigned i = 0; (match = command_match(l->text, n, i)); i++)
        printf("%-*s", NAME_MAX, match);
    printf("\r\n");
}

static void delete_word(struct line *l)
{
    size_t from = l->cursor;
    while (from > 0 && l->text[from - 1] == ' ')
        from--;
    while (from > 0 && l->text[from - 1] != ' ')
        from--;
    cut(l, from, l->cursor);
}

/* ---- keys ------------------------------------------------------------------------------------- */

static void edit(struct line *l, int key)
{
    char byte = (char)key;
    switch (key) {
    case KEY_LEFT:
        l->cursor = l->cursor ? previous_character(l, l->cursor) : 0;
        break;
    case KEY_RIGHT:
        l->cursor = l->cursor < l->length ? next_character(l, l->cursor) : l->length;
        break;
    case KEY_HOME:
    case CTRL('A'):
        l->cursor = 0;
        break;
    case KEY_END:
    case CTRL('E'):
        l->cursor = l->length;
        break;
    case KEY_UP:
        recall(l, 1);
        break;
    case KEY_DOWN:
        recall(l, -1);
        break;
    case '\b':
    case 127:
        if (l->cursor)
            cut(l, previous_character(l, l->cursor), l->cursor);
        break;
    case KEY_DELETE:
        if (l->cursor < l->length)
            cut(l, l->cursor, next_character(l, l->cursor));
        break;
    case CTRL('U'):
        cut(l, 0, l->cursor);
        break;
    case CTRL('K'):
        l->length = l->cursor;
        break;
    case CTRL('W'):
        delete_word(l);
        break;
    case CTRL('L'):
        printf("\033[H\033[2J");
        break;
    case '\t':
        complete(l);
        break;
    default:
        if (key >= ' ' && key < 256)
            insert(l, &byte, 1);
        break;
    }
}

bool line_read(const char *prompt, char *text)
{
    struct line l = {.text = text, .prompt = prompt};
    for (;;) {
        draw(&l);
        int key = terminal_key(DEADLINE_NEVER);
        if (key == '\r' || key == '\n' || key == CTRL('C')) {
            l.text[l.length] = 0;
            l.cursor = l.length;
            draw(&l);
            printf(key == CTRL('C') ? "^C\r\n" : "\r\n");
            if (key == CTRL('C'))
                return false;
            remember(text);
            return true;
        }
        edit(&l, key);
    }
}
