/*
 * The list of deliberate differences: lines `SET HOW PATTERN  reason`. SET is a32, t32, t16
 * or it16 (in an IT block); HOW is
 * accept, refuse or text (enum difference); in the pattern of 32 or 16 signs, 0 and 1 must match and
 * all other signs (blanks do not count) are free. # begins a comment.
 */
#include "armdec.h"

#include <stdlib.h>
#include <string.h>

struct line {
    enum set set;
    enum difference how;
    uint32_t mask, value;
    unsigned used;
    char text[160];
};
static struct line lines[400];
static unsigned count;

static const char *const sets[] = {"a32", "t32", "t16", "it16", NULL};
static const char *const hows[] = {"accept", "refuse", "text", NULL};

static int number_of(const char *const *names, const char *name)
{
    for (int k = 0; names[k]; k++)
        if (!strcmp(names[k], name))
            return k;
    return -1;
}

static bool parse(struct line *l, const char *text)
{
    char set[8], how[8];
    int at = 0;
    if (sscanf(text, "%7s %7s %n", set, how, &at) < 2)
        return false;
    int s = number_of(sets, set), h = number_of(hows, how);
    if (s < 0 || h < 0)
        return false;
    l->set = (enum set)s;
    l->how = (enum difference)h;
    unsigned left = l->set >= SET_T16 ? 16 : 32;
    for (text += at; left && *text; text++) {
        if (*text == ' ')
            continue;
        left--;
        if (*text == '0' || *text == '1') {
            l->mask |= 1u << left;
            l->value |= (uint32_t)(*text - '0') << left;
        }
    }
    return left == 0 && strlen(text) > 6; /* a reason */
}

bool differences_load(const char *path)
{
    FILE *f = fopen(path, "r");
    char text[400];
    bool good = f != NULL;
    while (good && fgets(text, sizeof(text), f)) {
        text[strcspn(text, "\n")] = 0;
        if (text[0] == '#' || text[strspn(text, " ")] == 0)
            continue;
        good = count < sizeof(lines) / sizeof(lines[0]) && parse(&lines[count], text);
        if (good)
            snprintf(lines[count++].text, sizeof(lines[0].text), "%.159s", text);
        else
            printf("differences: cannot read \"%s\"\n", text);
    }
    if (f)
        fclose(f);
    return good;
}

bool difference_is_listed(enum set set, enum difference how, uint32_t code)
{
    for (unsigned k = 0; k < count; k++) {
        struct line *l = &lines[k];
        if (l->set == set && l->how == how && (code & l->mask) == l->value) {
            l->used++;
            return true;
        }
    }
    return false;
}

void differences_unused(void)
{
    for (unsigned k = 0; k < count; k++)
        if (!lines[k].used)
            printf("unused: %s\n", lines[k].text);
}
