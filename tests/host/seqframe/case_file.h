/* A file of single cases, one a line, as lines of three parts (case_file.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct lines;
struct lines *lines_open(const char *path);
void lines_close(struct lines *l);

struct parts {
    unsigned number; /* of the line */
    char text[600];
    char *code, *before, *after; /* into text; after is NULL if there are not three */
};
/* The next line that is not empty, without its comment; false at the end. */
bool lines_parts(struct lines *l, struct parts *to);

/* NAME=VALUE, hexadecimal, to name and value. */
bool assignment(char *text, const char **name, uint64_t *value);
/* Call set with each NAME=VALUE of text; what is wrong, or NULL. set: false if there is no such name. */
const char *assignments(char *text, bool (*set)(void *to, const char *name, uint64_t value),
                        void *to);
