/*
 * Words of the manifest: from bytes to KEY or KEY=VALUE with their places.
 */
#pragma once

#include "manifest.h"

#define WORD_MAX 560

struct word {
    char key[WORD_MAX]; /* the part before '=', or the whole word */
    char value[WORD_MAX];
    bool has_value;
    bool quoted; /* the value stood in quotes: item columns are counted after the quote */
    struct place at, value_at;
};

struct reader {
    const char *text;
    size_t length, position;
    uint32_t line, column;
    unsigned mistakes;
    manifest_report *report;
    void *context;
};

enum word_kind { WORD_NONE, WORD_LINE_END, WORD_FILE_END, WORD_BAD, WORD_GOOD };

/* The next word. WORD_BAD: the mistake was reported and the word skipped. */
enum word_kind word_next(struct reader *r, struct word *w);
/* Skip to the end of the directive, continuation lines included. */
void words_skip(struct reader *r);
/* Report a mistake, printf-like. Always false, so that a handler can return it. */
bool mistake(struct reader *r, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A decimal number, or hexadecimal after 0x, at the start of s; *end is set behind it. false if
 * there is none or it does not fit in 64 bits. */
bool number_read(const char *s, const char **end, uint64_t *out);
