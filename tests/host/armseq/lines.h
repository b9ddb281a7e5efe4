/* The file of single cases: format in lines.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../seqframe/case_file.h"
#include "case.h"

struct line {
    unsigned number;
    const char *error; /* not NULL: the line makes no sense */
    struct input in;
    char expected[256];
};

/* The next case; false at the end. */
bool lines_next(struct lines *l, struct line *to);
/* True if `out` has what the line expects; else says what is different. */
bool lines_check(const struct line *l, const struct output *out, char *why, size_t size);
