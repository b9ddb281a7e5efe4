/* The file of single cases (lines.c). */
#pragma once

#include "../seqframe/case_file.h"
#include "x86seq.h"

struct line {
    unsigned number;
    const char *error; /* NULL: in and expected hold */
    struct input in;
    char expected[300];
};

bool lines_next(struct lines *l, struct line *to);
/* Whether the outcome is as the line says; else why not. */
bool lines_check(const struct line *l, const struct output *out, char *why, size_t size);
