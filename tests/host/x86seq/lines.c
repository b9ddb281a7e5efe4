/*
 * The file of single cases, one a line:
 *
 *     01c8 | eax=7fffffff ecx=1 | eax=80000000 flags=894     ; add eax, ecx
 *
 * that is the code; what is set before; what must be so afterwards; a comment after a semicolon.
 * Numbers are hexadecimal. Names: the registers; flags (OF DF SF ZF AF PF CF in their places in EFLAGS;
 * afterwards only those of `mask` count, all if it is not given); seed of the data; afterwards also
 * vector (6, UD2 at the end, unless said), eip (offset), address (of a page fault), m0-m7 (32-bit words of
 * memory from the middle of the data on, where EBX and ESP point unless said).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

#define MIDDLE (DATA_AT + DATA_BYTES / 2)

static const char *const names[8] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};

static const char *parse_code(const char *text, struct input *in)
{
    unsigned byte, n;
    for (; sscanf(text, " %2x%n", &byte, &n) == 1; text += n) {
        if (in->bytes == CODE_MAX)
            return "too long";
        in->code[in->bytes++] = (uint8_t)byte;
    }
    return in->bytes == 0 || text[strspn(text, " ")] != 0 ? "code is bytes in hexadecimal" : NULL;
}

static bool set(void *to, const char *name, uint64_t value)
{
    struct input *in = to;
    unsigned k = 0;
    while (k < 8 && strcmp(name, names[k]) != 0)
        k++;
    if (k < 8)
        in->s.r[k] = (uint32_t)value;
    else if (strcmp(name, "flags") == 0)
        in->s.eflags = (uint32_t)value;
    else if (strcmp(name, "seed") == 0)
        in->seed = (uint32_t)value;
    else
        return false;
    return true;
}

bool lines_next(struct lines *l, struct line *to)
{
    struct parts p;
    if (!lines_parts(l, &p))
        return false;
    *to = (struct line){.number = p.number, .in.seed = 1};
    to->in.s.r[3] = to->in.s.r[4] = MIDDLE;
    to->error = p.after == NULL ? "not three parts" : parse_code(p.code, &to->in);
    if (to->error == NULL)
        to->error = assignments(p.before, set, &to->in);
    if (to->error == NULL)
        snprintf(to->expected, sizeof to->expected, "%s", p.after);
    return true;
}

static bool value_of(const struct output *o, const char *name, uint32_t *v)
{
    for (unsigned k = 0; k < 8; k++)
        if (strcmp(name, names[k]) == 0) {
            *v = o->s.r[k];
            return true;
        }
    if (name[0] == 'm' && name[1] >= '0' && name[1] <= '7' && name[2] == 0)
        *v = o->middle[name[1] - '0'];
    else if (strcmp(name, "eip") == 0)
        *v = o->s.eip - CODE_AT;
    else if (strcmp(name, "address") == 0)
        *v = o->address;
    else
        return false;
    return true;
}

bool lines_check(const struct line *l, const struct output *out, char *why, size_t size)
{
    char text[sizeof l->expected], *save;
    uint32_t vector = 6, mask = FLAGS_COMPARED, flags = ~0u, value, is;
    uint64_t wide;
    const char *name;
    snprintf(text, sizeof text, "%s", l->expected);
    for (char *w = strtok_r(text, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        if (!assignment(w, &name, &wide))
            return snprintf(why, size, "%s is not NAME=VALUE", w), false;
        value = (uint32_t)wide;
        if (strcmp(name, "vector") == 0)
            vector = value;
        else if (strcmp(name, "mask") == 0)
            mask = value;
        else if (strcmp(name, "flags") == 0)
            flags = value;
        else if (!value_of(out, name, &is))
            return snprintf(why, size, "no name %s", name), false;
        else if (is != value)
            return snprintf(why, size, "%s = %x, not %x", name, is, value), false;
    }
    if (out->vector != vector)
        return snprintf(why, size, "vector %x, not %x", out->vector, vector), false;
    if (flags != ~0u && ((out->s.eflags ^ flags) & mask) != 0)
        return snprintf(why, size, "flags = %x, not %x", out->s.eflags & mask, flags & mask), false;
    return true;
}
