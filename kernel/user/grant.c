/* Finding what the manifest granted: the start-up page's table, by name or by kind. */
#include <string.h>
#include <tetrapla/task.h>

static const struct grant *grant_at(unsigned i)
{
    const struct startup *s = startup();
    return s && i < s->grant_count && i < GRANTS_MAX ? &s->grant[i] : NULL;
}

const struct grant *grant_find(const char *name, unsigned kind)
{
    const struct grant *g;
    for (unsigned i = 0; (g = grant_at(i)); i++) {
        if ((!kind || g->kind == kind) && !strncmp(g->name, name, sizeof(g->name)))
            return g;
    }
    return NULL;
}

const struct grant *grant_nth(unsigned kind, unsigned n)
{
    const struct grant *g;
    for (unsigned i = 0; (g = grant_at(i)); i++) {
        if (g->kind == kind && n-- == 0)
            return g;
    }
    return NULL;
}
