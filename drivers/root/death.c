/*
 * What happens when a task dies: by its own fault, by exit, on request, or by a key chord.
 *
 * A fault of a driver is answered by a new incarnation, unless it has died too often without
 * serving anyone (restart.c). So is the exit of a guest that wants to start again. Any other death
 * leaves the task stopped, and what it served goes away with it; if it had a pane, the pane says
 * so.
 */
#include "root_task.h"

#include <stdio.h>
#include <string.h>

#define CHORDS_MAX SIGNAL_LOG /* bits below that of the log */

static const struct {
    unsigned vector;
    const char *name;
} fault_names[] = {
    {FAULT_DIVIDE, "divide error"},
    {FAULT_DEBUG, "debug exception"},
    {FAULT_BREAKPOINT, "breakpoint"},
    {FAULT_OVERFLOW, "overflow"},
    {FAULT_BOUND, "bound range exceeded"},
    {FAULT_UNDEFINED, "undefined instruction"},
    {FAULT_NO_FPU, "no floating-point unit"},
    {FAULT_SEGMENT, "segment not present"},
    {FAULT_STACK, "stack fault"},
    {FAULT_PROTECTION, "general protection fault"},
    {FAULT_X87, "x87 floating-point error"},
    {FAULT_ALIGNMENT, "alignment check"},
    {FAULT_SIMD, "SIMD floating-point error"},
};

static void log_fault(const struct task *t, const uint64_t fault[FAULT_WORDS])
{
    unsigned long long ip = fault[FAULT_IP], sp = fault[FAULT_SP], error = fault[FAULT_ERROR];
    if (fault[FAULT_VECTOR] == FAULT_PAGE) {
        const char *access = error & PF_FETCH   ? "executing"
                             : error & PF_WRITE ? "writing"
                                                : "reading";
        log_line("task %s: page fault %s %#llx (%s), ip %#llx, sp %#llx, error %#llx", t->m->name,
                 access, (unsigned long long)fault[FAULT_ADDRESS],
                 error & PF_PRESENT ? "no right" : "not mapped", ip, sp, error);
        return;
    }
    const char *name = "fault";
    for (unsigned i = 0; i < sizeof fault_names / sizeof *fault_names; i++)
        if (fault_names[i].vector == fault[FAULT_VECTOR])
            name = fault_names[i].name;
    log_line("task %s: %s (vector %llu), ip %#llx, sp %#llx, error %#llx", t->m->name, name,
             (unsigned long long)fault[FAULT_VECTOR], ip, sp, error);
}

void death_by_fault(struct task *t, const uint64_t fault[FAULT_WORDS])
{
    t->fault_vector = fault[FAULT_VECTOR];
    t->fault_ip = fault[FAULT_IP];
    t->fault_address = fault[FAULT_ADDRESS];
    log_fault(t, fault);
    task_stop(t, ROOT_FAULTED);
    if (t->m->driver && restart_after_death(&t->restart, time_now())) {
        task_start(t);
        return;
    }
    if (t->m->driver) {
        t->state = ROOT_GIVEN_UP;
        log_line("task %s: more than %u deaths in %llu s without a served call: not restarted",
                 t->m->name, RESTART_DEATHS, RESTART_WINDOW / 1000000000);
    }
    services_down(t);
    panes_say(t, "stopped by a fault; the log says more");
}

/* What the exit statuses of a guest mean; the program itself says it in the pane. */
static const char *const guest_exits[] = {
    [GUEST_OFF] = ": the guest is switched off",
    [GUEST_BROKEN] = ": the virtual machine is broken",
    [GUEST_CONFIGURATION] = ": this guest is impossible",
    [GUEST_RESET] = ": the guest starts again",
};

void death_by_exit(struct task *t, int status)
{
    const char *meaning = "";
    if (t->m->guest && status >= 0 && status < (int)(sizeof guest_exits / sizeof *guest_exits))
        meaning = guest_exits[status];
    task_stop(t, ROOT_EXITED);
    log_line("task %s: exited with status %d%s", t->m->name, status, meaning);
    if (t->m->guest && status == GUEST_RESET) {
        if (restart_after_death(&t->restart, time_now())) {
            task_start(t);
            return;
        }
        t->state = ROOT_GIVEN_UP;
        log_line("task %s: more than %u resets in %llu s: not started again", t->m->name,
                 RESTART_DEATHS, RESTART_WINDOW / 1000000000);
        panes_say(t, "too many resets in a row: not started again");
    }
    services_down(t);
}

int death_by_request(struct task *t, bool again)
{
    task_stop(t, ROOT_KILLED);
    restart_forgive(&t->restart);
    log_line("task %s: killed", t->m->name);
    if (t->m->driver || again)
        return task_start(t);
    services_down(t);
    panes_say(t, "killed");
    return OK;
}

/* ---- chords ------------------------------------------------------------------------------------ */

/* Chords are numbered through all tasks; bit n at root's notification restarts the nth target. */
unsigned chord_bit(const struct task *t, unsigned nth)
{
    unsigned bit = nth;
    for (const struct task *o = tasks; o < t; o++)
        bit += o->m->chords.count;
    return bit < CHORDS_MAX ? bit : CHORDS_MAX - 1;
}

void chords_pressed(uint64_t bits)
{
    for (unsigned i = 0; i < task_count; i++) {
        const struct name_list *list = &tasks[i].m->chords;
        for (unsigned n = 0; n < list->count; n++) {
            struct task *target = task_find(list->item[n].text);
            if (!(bits >> chord_bit(&tasks[i], n) & 1) || !target)
                continue;
            log_line("task %s: restarted by key", target->m->name);
            death_by_request(target, true);
        }
    }
}
