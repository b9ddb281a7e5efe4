/*
 * The manifest's second pass: what the tables say about each other.
 *
 * Who serves what is settled first, then every task is compared with the tasks before it. A task
 * that is skipped conflicts with nobody: what it asked for is free for others. A service whose
 * server is skipped still counts as known, so that one mistake is named once and does not take the
 * clients down with it; they are started and find the service gone.
 */
#include "manifest.h"
#include "words.h"

#include <string.h>

struct check {
    struct reader r; /* only its report and count are used */
    struct manifest *m;
    manifest_module *exists;
};

bool name_list_has(const struct name_list *list, const char *text)
{
    for (unsigned i = 0; i < list->count; i++)
        if (strcmp(list->item[i].text, text) == 0)
            return true;
    return false;
}

struct manifest_task *manifest_find(struct manifest *m, const char *name)
{
    for (unsigned i = 0; i < m->count; i++)
        if (strcmp(m->task[i].name, name) == 0)
            return &m->task[i];
    return NULL;
}

static bool serves(const struct manifest_task *t, const char *name, bool channel)
{
    return name_list_has(channel ? &t->channel_servers : &t->serve, name);
}

/* The first server of a name among the tasks before `end`. */
static struct manifest_task *server_of(struct manifest *m, const char *name, bool channel,
                                       bool skipped_too, const struct manifest_task *end)
{
    for (unsigned i = 0; i < m->count && &m->task[i] != end; i++)
        if (serves(&m->task[i], name, channel) && (skipped_too || !m->task[i].skipped))
            return &m->task[i];
    return NULL;
}

struct manifest_task *manifest_server(struct manifest *m, const char *name)
{
    return server_of(m, name, false, false, NULL);
}

struct manifest_task *manifest_channel_server(struct manifest *m, const char *name)
{
    return server_of(m, name, true, false, NULL);
}

unsigned manifest_grants(const struct manifest *m, const struct manifest_task *t)
{
    unsigned n = t->serve.count + t->use.count + t->irq.count + t->ports.count + t->modules.count +
                 t->channels.count + t->chords.count + t->framebuffer + (t->state != 0);
    for (unsigned i = 0; i < m->count; i++) {
        const struct manifest_task *client = &m->task[i];
        for (unsigned j = 0; !client->skipped && j < client->channels.count; j++)
            n += serves(t, client->channels.item[j].service, true);
    }
    if (m->has_log)
        n += serves(t, m->log.service, true);
    return n;
}

/* ---- one check each --------------------------------------------------------------------------- */

static bool check_modules(struct check *c, struct manifest_task *t)
{
    bool good = true;
    const struct name_list *lists[] = {&t->program, &t->modules};
    for (unsigned l = 0; l < 2; l++)
        for (unsigned i = 0; i < lists[l]->count; i++) {
            const struct manifest_name *n = &lists[l]->item[i];
            if (!c->exists(c->r.context, n->text))
                good = mistake(&c->r, n->at, "there is no module '%s'", n->text);
        }
    return good;
}

static bool check_served(struct check *c, struct manifest_task *t)
{
    bool good = true;
    for (unsigned channel = 0; channel < 2; channel++) {
        const struct name_list *list = channel ? &t->channel_servers : &t->serve;
        for (unsigned i = 0; i < list->count; i++) {
            const struct manifest_name *n = &list->item[i];
            struct manifest_task *other = server_of(c->m, n->text, channel, false, t);
            if (other)
                good = mistake(&c->r, n->at, "'%s' is already served by task '%s' in line %u",
                               n->text, other->name, other->at.line);
        }
    }
    return good;
}

static bool check_used(struct check *c, struct manifest_task *t)
{
    bool good = true;
    if (t->guest && !server_of(c->m, t->use.item[0].text, false, true, NULL))
        t->use.count = 0; /* it did not ask for the clock and can do without */
    for (unsigned i = 0; i < t->use.count; i++) {
        const struct manifest_name *n = &t->use.item[i];
        if (serves(t, n->text, false))
            good = mistake(&c->r, n->at, "task '%s' cannot use its own service '%s'", t->name,
                           n->text);
        else if (!server_of(c->m, n->text, false, true, NULL))
            good = mistake(&c->r, n->at, "no task has serve=%s", n->text);
    }
    return good;
}

/* Is index of a service taken by a task before `end`, or earlier in its list? */
static const struct manifest_task *channel_holder(struct manifest *m,
                                                  const struct manifest_channel *ch,
                                                  const struct manifest_task *end)
{
    for (unsigned i = 0; i < m->count; i++) {
        const struct manifest_task *t = &m->task[i];
        if (t->skipped && t != end)
            continue;
        for (unsigned j = 0; j < t->channels.count && &t->channels.item[j] != ch; j++)
            if (t->channels.item[j].index == ch->index &&
                strcmp(t->channels.item[j].service, ch->service) == 0)
                return t;
        if (t == end)
            break;
    }
    return NULL;
}

static bool check_channel(struct check *c, const struct manifest_channel *ch,
                          const struct manifest_task *t)
{
    if (t && serves(t, ch->service, true))
        return mistake(&c->r, ch->at, "task '%s' cannot be a client of its own channels '%s'",
                       t->name, ch->service);
    if (!server_of(c->m, ch->service, true, true, NULL))
        return mistake(&c->r, ch->at, "no task has channels=%s", ch->service);
    const struct manifest_task *holder = channel_holder(c->m, ch, t);
    if (holder)
        return mistake(&c->r, ch->at, "channel %s:%u already belongs to task '%s' in line %u",
                       ch->service, ch->index, holder->name, holder->at.line);
    return true;
}

static bool overlap(struct check *c, const struct manifest_range *a, const struct manifest_range *b,
                    const struct manifest_task *owner, bool ports)
{
    if (a->first >= b->first + b->count || b->first >= a->first + a->count)
        return false;
    if (ports)
        mistake(&c->r, a->at, "ports %#x+%u overlap %#x+%u of task '%s' in line %u", a->first,
                a->count, b->first, b->count, owner->name, owner->at.line);
    else
        mistake(&c->r, a->at, "irq %u already belongs to task '%s' in line %u", a->first,
                owner->name, owner->at.line);
    return true;
}

/* Compare t's interrupt lines or ports with those of the tasks before it, and among themselves. */
static bool check_ranges(struct check *c, struct manifest_task *t, bool ports)
{
    const struct range_list *list = ports ? &t->ports : &t->irq;
    bool good = true;
    for (unsigned i = 0; i < list->count; i++) {
        const struct manifest_range *a = &list->item[i];
        for (struct manifest_task *o = c->m->task; o <= t; o++) {
            const struct range_list *others = ports ? &o->ports : &o->irq;
            for (unsigned j = 0; j < others->count && &others->item[j] != a && !o->skipped; j++)
                good &= !overlap(c, a, &others->item[j], o, ports);
        }
    }
    return good;
}

static bool check_chords(struct check *c, struct manifest_task *t)
{
    bool good = true;
    for (unsigned i = 0; i < t->chords.count; i++)
        if (!manifest_find(c->m, t->chords.item[i].text))
            good = mistake(&c->r, t->chords.item[i].at, "there is no task '%s' to restart",
                           t->chords.item[i].text);
    return good;
}

static void check_task(struct check *c, struct manifest_task *t)
{
    bool good = check_used(c, t);
    for (unsigned i = 0; i < t->channels.count; i++)
        good &= check_channel(c, &t->channels.item[i], t);
    good &= check_ranges(c, t, false);
    good &= check_ranges(c, t, true);
    good &= check_chords(c, t);
    t->skipped = !good;
}

unsigned manifest_check(struct manifest *m, manifest_module *exists, manifest_report *report,
                        void *context)
{
    struct check c = {.r = {.report = report, .context = context}, .m = m, .exists = exists};
    for (unsigned i = 0; i < m->count; i++) {
        struct manifest_task *t = &m->task[i];
        if (t->skipped)
            continue;
        bool good = check_modules(&c, t);
        good &= check_served(&c, t);
        t->skipped = !good;
    }
    for (unsigned i = 0; i < m->count; i++)
        if (!m->task[i].skipped)
            check_task(&c, &m->task[i]);
    if (m->has_log && !check_channel(&c, &m->log, NULL))
        m->has_log = false;
    for (unsigned i = 0; i < m->count; i++) {
        struct manifest_task *t = &m->task[i];
        if (!t->skipped && manifest_grants(m, t) > MANIFEST_GRANTS) {
            mistake(&c.r, t->at, "task '%s' would get %u grants, at most %u fit", t->name,
                    manifest_grants(m, t), MANIFEST_GRANTS);
            t->skipped = true;
        }
    }
    return c.r.mistakes;
}
