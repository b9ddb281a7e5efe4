/*
 * Focus: the task in the pane that has the keyboard runs one level higher, with a budget of at most
 * half, so that it answers at once and cannot starve its neighbours. Only its main thread is
 * lifted; root holds no other.
 */
#include "root_task.h"

#define FOCUS_BUDGET_NS 5000000ULL /* of ... */
#define FOCUS_PERIOD_NS 10000000ULL

static struct task *focused;

static void set(const struct task *t, bool lifted)
{
    uint64_t priority = t->m->priority, budget = t->m->budget_ns, period = t->m->period_ns;
    if (t->state != ROOT_RUNNING)
        return;
    if (lifted) {
        priority += priority < PRIORITY_ROOT - 1;
        if (budget == 0 || budget > period / 2) {
            budget = FOCUS_BUDGET_NS;
            period = FOCUS_PERIOD_NS;
        }
    }
    int status = sys_thread(THREAD_PRIORITY, t->thread, 0, priority, budget, period, 0, 0);
    if (status != OK && status != GONE) /* GONE: its main thread has ended, others go on */
        log_line("task %s: its priority cannot be set: %s", t->m->name, status_name(status));
}

int focus_set(const struct task *console, unsigned pane)
{
    const struct link *l;
    for (unsigned i = 0; (l = link_nth(i)); i++) {
        if (l->server != console || l->index != pane || !l->client)
            continue;
        if (focused != l->client) {
            if (focused)
                set(focused, false);
            focused = l->client;
            set(focused, true);
        }
        return OK;
    }
    return BAD_ARG;
}

void focus_apply(struct task *t)
{
    if (t == focused)
        set(t, true);
}

struct task *focus_task(void)
{
    return focused;
}
