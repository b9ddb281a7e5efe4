/* The file of single cases: format in lines.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "case.h"

struct lines;
struct line {
    unsigned number;
    const char *error; /* not NULL: the line makes no sense */
    struct input in;
    char expected[256];
};

struct lines *lines_open(const char *path);
void lines_close(struct lines *l);
/* The next case; false at the end. */
bool lines_next(struct lines *l, struct line *to);
/* True if `out` has what the line expects; else says what is different. */
bool lines_check(const struct line *l, const struct output *out, char *why, size_t size);
