/*
 * Words of the manifest.
 *
 * Blanks separate words, '#' at the start of a word begins a comment, a value may stand in double
 * quotes (where \" and \\ are a quote and a backslash), and a backslash at the end of a line
 * continues it. Every byte is consumed through advance(), which alone counts lines and columns, so
 * a place is always that of the byte it names.
 */
#include "words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool mistake(struct reader *r, struct place at, const char *format, ...)
{
    char text[200];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    r->mistakes++;
    r->report(r->context, at, text);
    return false;
}

static int peek(const struct reader *r, size_t ahead)
{
    size_t at = r->position + ahead;
    return at < r->length ? (unsigned char)r->text[at] : -1;
}

static void advance(struct reader *r)
{
    if (r->text[r->position++] == '\n') {
        r->line++;
        r->column = 1;
    } else {
        r->column++;
    }
}

static struct place here(const struct reader *r)
{
    return (struct place){r->line, r->column};
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool ends_word(int c)
{
    return c < 0 || c == '\n' || is_blank(c);
}

/* A backslash, then only blanks up to the end of the line. */
static bool at_continuation(const struct reader *r)
{
    if (peek(r, 0) != '\\')
        return false;
    size_t n = 1;
    while (is_blank(peek(r, n)))
        n++;
    return peek(r, n) == '\n' || peek(r, n) < 0;
}

static void skip_blanks(struct reader *r)
{
    for (;;) {
        if (is_blank(peek(r, 0))) {
            advance(r);
        } else if (at_continuation(r)) {
            while (peek(r, 0) >= 0 && peek(r, 0) != '\n')
                advance(r);
            if (peek(r, 0) == '\n')
                advance(r);
        } else if (peek(r, 0) == '#') {
            while (peek(r, 0) >= 0 && peek(r, 0) != '\n')
                advance(r);
        } else {
            return;
        }
    }
}

static enum word_kind bad_word(struct reader *r, struct place at, const char *reason)
{
    mistake(r, at, "%s", reason);
    while (!ends_word(peek(r, 0)))
        advance(r);
    return WORD_BAD;
}

/* The quoted value; the opening quote is next. */
static enum word_kind quoted_value(struct reader *r, struct word *w)
{
    struct place open = here(r);
    size_t n = 0;
    advance(r);
    for (;;) {
        int c = peek(r, 0);
        if (c < 0 || c == '\n')
            return bad_word(r, open, "this quote is never closed");
        if (c == '\\' && (peek(r, 1) == '"' || peek(r, 1) == '\\')) {
            advance(r);
            c = peek(r, 0);
        } else if (c == '"') {
            advance(r);
            break;
        }
        if (c < 32 && c != '\t')
            return bad_word(r, here(r), "a control character in quotes");
        if (n + 1 == WORD_MAX)
            return bad_word(r, open, "this text is too long");
        w->value[n++] = (char)c;
        advance(r);
    }
    w->value[n] = 0;
    w->quoted = true;
    if (!ends_word(peek(r, 0)))
        return bad_word(r, here(r), "a blank must follow the closing quote");
    return WORD_GOOD;
}

enum word_kind word_next(struct reader *r, struct word *w)
{
    skip_blanks(r);
    if (peek(r, 0) < 0)
        return WORD_FILE_END;
    if (peek(r, 0) == '\n') {
        advance(r);
        return WORD_LINE_END;
    }
    *w = (struct word){.at = here(r)};
    char *out = w->key;
    size_t n = 0;
    for (;;) {
        int c = peek(r, 0);
        if (ends_word(c) || at_continuation(r))
            break;
        if (c < 32 || c > 126)
            return bad_word(r, here(r), "only printable ASCII may stand outside quotes");
        if (c == '"')
            return bad_word(r, here(r), "a quote may only open a value, after '='");
        if (n + 1 == WORD_MAX)
            return bad_word(r, w->at, "this word is too long");
        advance(r);
        if (c == '=' && !w->has_value) {
            if (n == 0)
                return bad_word(r, w->at, "a key is missing before '='");
            w->has_value = true;
            w->value_at = here(r);
            out = w->value;
            n = 0;
            if (peek(r, 0) == '"')
                return quoted_value(r, w);
            continue;
        }
        out[n++] = (char)c;
    }
    return WORD_GOOD;
}

void words_skip(struct reader *r)
{
    while (peek(r, 0) >= 0 && peek(r, 0) != '\n') {
        size_t before = r->position;
        skip_blanks(r);
        if (r->position == before)
            advance(r);
    }
    if (peek(r, 0) == '\n')
        advance(r);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

bool number_read(const char *s, const char **end, uint64_t *out)
{
    int base = 10;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2;
    }
    if (digit(*s) >= base)
        return false;
    uint64_t value = 0;
    for (; digit(*s) < base; s++) {
        uint64_t d = (uint64_t)digit(*s);
        if (value > (UINT64_MAX - d) / (uint64_t)base)
            return false;
        value = value * (uint64_t)base + d;
    }
    *end = s;
    *out = value;
    return true;
}
