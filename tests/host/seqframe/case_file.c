/*
 * A file of single cases, one a line:
 *
 *     CODE | NAME=VALUE ... | NAME=VALUE ...     ; comment
 *
 * that is the code; what is set before; what must be so afterwards. Empty lines and those that begin
 * with # do not count. What code looks like and which names there are, each test says (its lines.c).
 */
#define _GNU_SOURCE
#include "case_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lines {
    FILE *file;
    unsigned number;
};

struct lines *lines_open(const char *path)
{
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return NULL;
    struct lines *l = calloc(1, sizeof *l);
    l->file = f;
    return l;
}

void lines_close(struct lines *l)
{
    fclose(l->file);
    free(l);
}

bool lines_parts(struct lines *l, struct parts *to)
{
    while (fgets(to->text, sizeof to->text, l->file) != NULL) {
        l->number++;
        to->text[strcspn(to->text, ";\n")] = 0;
        if (to->text[strspn(to->text, " \t")] == 0 || to->text[0] == '#')
            continue;
        to->number = l->number;
        to->code = to->text;
        to->before = strchr(to->text, '|');
        to->after = to->before == NULL ? NULL : strchr(to->before + 1, '|');
        if (to->after != NULL)
            *to->before++ = *to->after++ = 0;
        return true;
    }
    return false;
}

bool assignment(char *text, const char **name, uint64_t *value)
{
    char *equals = strchr(text, '='), *end;
    if (equals == NULL)
        return false;
    *equals = 0;
    *name = text;
    *value = strtoull(equals + 1, &end, 16);
    return end != equals + 1 && *end == 0;
}

const char *assignments(char *text, bool (*set)(void *to, const char *name, uint64_t value),
                        void *to)
{
    char *save;
    for (char *w = strtok_r(text, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        const char *name;
        uint64_t value;
        if (!assignment(w, &name, &value))
            return "not NAME=VALUE";
        if (!set(to, name, value))
            return "no such name";
    }
    return NULL;
}
