/*
 * The file of single cases, one a line:
 *
 *     a32 e0910002 | r1=7fffffff r2=1 | r0=80000000 nzcv=9     ; adds r0, r1, r2
 *     t32 1888 | r1=1 r2=2 | r0=3 nzcv=0
 *
 * that is instruction set; code in hexadecimal (a32: words; t32: halfwords, in order); what is set
 * before; what must be so afterwards; a comment after a semicolon. Numbers are hexadecimal. Names:
 * r0-r14, nzcv, q, ge, fpscr, d0-d31, seed (of the data), and in expectations signal (4: it came to
 * the end, b: an access failed) and pc (offset). What is not named is 0 before (r8, r13: middle of the data) and not looked at
 * afterwards, but for the signal: 4 unless said.
 */
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A field of a state by name: its bits, or false. */
struct slice {
    void *at;
    uint8_t bytes, shift;
    uint64_t mask;
};

static bool slice_of(struct state *s, const char *name, struct slice *to)
{
    static const struct {
        const char *name;
        uint8_t shift;
        uint32_t mask;
    } parts[] = {{"nzcv", 28, 15}, {"q", 27, 1}, {"ge", 16, 15}};
    char *end;
    unsigned n = (unsigned)strtoul(name + 1, &end, 10);
    if (name[0] == 'r' && *end == 0 && n < 15) {
        *to = (struct slice){&s->r[n], 4, 0, 0xffffffff};
        return true;
    }
    if (name[0] == 'd' && *end == 0 && n < 32) {
        *to = (struct slice){&s->d[n], 8, 0, ~0ull};
        return true;
    }
    if (strcmp(name, "fpscr") == 0) {
        *to = (struct slice){&s->fpscr, 4, 0, 0xffffffff};
        return true;
    }
    for (unsigned k = 0; k < sizeof parts / sizeof *parts; k++)
        if (strcmp(name, parts[k].name) == 0) {
            *to = (struct slice){&s->cpsr, 4, parts[k].shift, parts[k].mask};
            return true;
        }
    return false;
}

static uint64_t slice_get(const struct slice *s)
{
    uint64_t v = 0;
    memcpy(&v, s->at, s->bytes);
    return v >> s->shift & s->mask;
}

static void slice_set(const struct slice *s, uint64_t value)
{
    uint64_t v = 0;
    memcpy(&v, s->at, s->bytes);
    v = (v & ~(s->mask << s->shift)) | (value & s->mask) << s->shift;
    memcpy(s->at, &v, s->bytes);
}

static const char *parse_code(char *text, struct input *in)
{
    char *save, *word = strtok_r(text, " ", &save);
    if (word == NULL || (strcmp(word, "a32") != 0 && strcmp(word, "t32") != 0))
        return "begins with a32 or t32";
    bool thumb = word[0] == 't';
    in->s.cpsr = thumb ? 0x20 : 0;
    unsigned unit = thumb ? 2 : 4;
    while ((word = strtok_r(NULL, " ", &save)) != NULL) {
        char *end;
        uint32_t code = (uint32_t)strtoul(word, &end, 16);
        if (*end != 0 || strlen(word) != unit * 2 || in->bytes + unit > CODE_MAX)
            return "code is words (a32) or halfwords (t32) in hexadecimal";
        memcpy(in->code + in->bytes, &code, unit);
        in->bytes += unit;
    }
    return in->bytes == 0 ? "no code" : NULL;
}

static bool set(void *to, const char *name, uint64_t value)
{
    struct input *in = to;
    struct slice s;
    if (strcmp(name, "seed") == 0)
        in->seed = (uint32_t)value;
    else if (slice_of(&in->s, name, &s))
        slice_set(&s, value);
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
    to->in.s.r[8] = to->in.s.r[13] = DATA_AT + DATA_BYTES / 2;
    to->error = p.after == NULL ? "not three parts" : parse_code(p.code, &to->in);
    if (to->error == NULL)
        to->error = assignments(p.before, set, &to->in);
    if (to->error == NULL)
        snprintf(to->expected, sizeof to->expected, "%s", p.after);
    return true;
}

bool lines_check(const struct line *l, const struct output *out, char *why, size_t size)
{
    struct output o = *out;
    char text[sizeof l->expected], *save;
    uint64_t signal = 4;
    snprintf(text, sizeof text, "%s", l->expected);
    for (char *w = strtok_r(text, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        const char *name;
        uint64_t value, is;
        struct slice s;
        if (!assignment(w, &name, &value))
            return snprintf(why, size, "%s is not NAME=VALUE", w), false;
        if (strcmp(name, "signal") == 0) {
            signal = value;
            continue;
        }
        if (strcmp(name, "pc") == 0)
            is = o.s.r[15] - CODE_AT;
        else if (slice_of(&o.s, name, &s))
            is = slice_get(&s);
        else
            return snprintf(why, size, "no name %s", name), false;
        if (is != value)
            return snprintf(why, size, "%s = %llx, not %llx", name, (unsigned long long)is,
                            (unsigned long long)value),
                   false;
    }
    if (o.signal != signal)
        return snprintf(why, size, "signal %u, not %llx", o.signal, (unsigned long long)signal),
               false;
    return true;
}
