/*
 * The manifest's first pass: lines and directives.
 *
 *     task NAME program=MODULE [KEY=VALUE | FLAG]...
 *     guest NAME isa=NAME [KEY=VALUE | FLAG]...
 *     log SERVICE:INDEX
 *
 * A directive is one row of a table, a key of a task one row of another (keys.c). After a mistake
 * the rest of the line is still read, so that all its mistakes are named.
 */
#include "keys.h"

#include <string.h>

#define KIB 1024ULL
#define MIB (1024 * KIB)

/* ---- directives ------------------------------------------------------------------------------- */

/* The word that must follow a directive's name. The directive is consumed if it is not there. */
static bool operand(struct reader *r, const struct word *directive, const char *what,
                    struct word *w)
{
    enum word_kind kind = word_next(r, w);
    if (kind == WORD_GOOD)
        return true;
    if (kind == WORD_BAD)
        words_skip(r);
    else
        mistake(r, directive->at, "%s needs %s", directive->key, what);
    return false;
}

/* What a line gives that says nothing else. */
static const struct manifest_task task_defaults = {
    .priority = 8, .memory = 1 * MIB, .quota = 256 * KIB, .capacity = 8 * KIB};
/* A guest is a task of the program vm. One level below the shells, so that they can stop it. */
static const struct manifest_task guest_defaults = {.guest = true,
                                                    .priority = 7,
                                                    .quota = 32 * MIB,
                                                    .capacity = 8 * KIB,
                                                    .guest_memory = 256 * MIB,
                                                    .overhead = 96 * MIB,
                                                    .program = {1, {{.text = "vm"}}},
                                                    .use = {1, {{.text = "clock"}}}};

/* All keys are read. */
static void finish_task(struct reader *r, struct manifest_task *t)
{
    if (t->program.count == 0)
        mistake(r, t->at, "task '%s' needs program=MODULE", t->name);
}

static void finish_guest(struct reader *r, struct manifest_task *t)
{
    if (!t->isa[0])
        mistake(r, t->at, "guest '%s' needs isa=NAME", t->name);
    guest_args(r, t);
    t->memory = t->guest_memory + t->overhead;
}

/* The rest of a line that describes a task. */
static void parse_entry(struct reader *r, struct manifest *m, const struct word *directive,
                        const struct manifest_task *defaults,
                        void (*finish)(struct reader *r, struct manifest_task *t))
{
    struct word w;
    if (!operand(r, directive, "a name", &w))
        return;
    unsigned before = r->mistakes;
    bool full = m->count == MANIFEST_TASKS;
    struct manifest_task *t = &m->task[full ? 0 : m->count];
    struct manifest_task kept = *t;
    *t = *defaults;
    t->at = t->memory_at = t->program.item[0].at = t->use.item[0].at = w.at;
    bool named = false;
    if (full)
        mistake(r, w.at, "more than %u tasks", MANIFEST_TASKS);
    else if (w.has_value)
        mistake(r, w.at, "the %s's name must come before its keys", directive->key);
    else
        named = name_copy(r, w.at, w.key, strlen(w.key), t->name);
    struct manifest_task *same = NULL;
    for (unsigned i = 0; named && i < m->count; i++)
        if (strcmp(m->task[i].name, t->name) == 0)
            same = &m->task[i];
    if (same)
        named = mistake(r, w.at, "there is already a task '%s' in line %u", t->name, same->at.line);
    for (;;) {
        enum word_kind kind = word_next(r, &w);
        if (kind == WORD_GOOD)
            key_read(r, &w, t);
        else if (kind != WORD_BAD)
            break;
    }
    if (r->mistakes == before)
        finish(r, t);
    t->skipped = r->mistakes != before;
    if (named)
        m->count++;
    else
        *t = kept;
}

static void parse_task(struct reader *r, struct manifest *m, const struct word *directive)
{
    parse_entry(r, m, directive, &task_defaults, finish_task);
}

static void parse_guest(struct reader *r, struct manifest *m, const struct word *directive)
{
    parse_entry(r, m, directive, &guest_defaults, finish_guest);
}

static void parse_log(struct reader *r, struct manifest *m, const struct word *directive)
{
    struct word w;
    struct manifest_channel c;
    if (!operand(r, directive, "SERVICE:INDEX", &w))
        return;
    if (w.has_value) {
        mistake(r, w.at, "log takes SERVICE:INDEX and no key");
    } else if (m->has_log) {
        mistake(r, directive->at, "log is given twice");
    } else if (channel_item(r, w.at, w.key, strlen(w.key), &c)) {
        m->has_log = true;
        m->log = c;
    }
    enum word_kind kind = word_next(r, &w);
    if (kind == WORD_GOOD)
        mistake(r, w.at, "log takes one operand");
    if (kind == WORD_GOOD || kind == WORD_BAD)
        words_skip(r);
}

static const struct {
    const char *name;
    void (*parse)(struct reader *r, struct manifest *m, const struct word *directive);
} directives[] = {
    {"task", parse_task},
    {"guest", parse_guest},
    {"log", parse_log},
};

static void parse_line(struct reader *r, struct manifest *m, const struct word *w)
{
    for (unsigned i = 0; i < sizeof directives / sizeof *directives; i++)
        if (!w->has_value && strcmp(w->key, directives[i].name) == 0) {
            directives[i].parse(r, m, w);
            return;
        }
    mistake(r, w->at, "unknown directive '%.40s'", w->key);
    words_skip(r);
}

unsigned manifest_parse(struct manifest *m, const char *text, size_t length,
                        manifest_report *report, void *context)
{
    struct reader r = {.text = text,
                       .length = length,
                       .line = 1,
                       .column = 1,
                       .report = report,
                       .context = context};
    memset(m, 0, sizeof *m);
    for (;;) {
        struct word w;
        enum word_kind kind = word_next(&r, &w);
        if (kind == WORD_FILE_END)
            return r.mistakes;
        if (kind == WORD_GOOD)
            parse_line(&r, m, &w);
        else if (kind == WORD_BAD)
            words_skip(&r);
    }
}
