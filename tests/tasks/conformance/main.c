/*
 * The controller of the conformance suite: root's main thread.
 *
 * It runs each case in a thread of its own, waits for its end, a fault or the time limit, deletes
 * everything the case made, and compares the kernel's counts (free pages, objects by type,
 * capabilities, page-table pages) with those taken before. Correct because a case can only use
 * slots of its range, quota under CASE_QUOTA and address windows whose mappings die with the
 * case's regions.
 *
 * Words of the kernel's command line: case=PREFIX runs the cases whose names begin with it.
 */
#include "suite.h"
#include "frame.h"

#define CASE_LIMIT_NS 30000000000ULL

static unsigned passed, failed;
static const char *prefix;

static const struct test_case *const parts[] = {
    handle_cases, call_cases,   cap_cases,    region_cases, map_cases,   large_cases,   quota_cases,
    ipc_cases,    notify_cases, thread_cases, death_cases,  sched_cases, state_cases,   fault_cases,
    upcall_cases, return_cases, poke_cases,   device_cases, info_cases,  preempt_cases, nmi_cases};

static void must(int status, const char *what)
{
    if (status == OK)
        return;
    printf("FAIL start: %s: %s\n", what, status_name(status));
    root_task_end(passed, failed + 1);
}

/* Compare two counts; write the first difference into text, return whether they are the same. */
static bool same_counts(const struct info_system *a, const struct info_system *b, char *text,
                        size_t size)
{
    static const char *const names[OBJ_TYPE_COUNT] = {
        "none",    "tasks",  "threads", "endpoints", "replies",     "notifications",
        "regions", "quotas", "irqs",    "ports",     "irq controls"};
    for (unsigned i = 1; i < OBJ_TYPE_COUNT; i++)
        if (a->objects[i] != b->objects[i]) {
            snprintf(text, size, "leak: %s %lu, before %lu", names[i], (unsigned long)b->objects[i],
                     (unsigned long)a->objects[i]);
            return false;
        }
    const struct {
        const char *name;
        uint64_t a, b;
    } rows[] = {{"capabilities", a->capabilities, b->capabilities},
                {"page-table pages", a->mapped_tables, b->mapped_tables},
                {"free kernel pages", a->pool_free, b->pool_free}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].a != rows[i].b) {
            snprintf(text, size, "leak: %s %lu, before %lu", rows[i].name, (unsigned long)rows[i].b,
                     (unsigned long)rows[i].a);
            return false;
        }
    return true;
}

static void describe_fault(const struct message *m)
{
    if (frame_failure[0] != 0)
        return;
    snprintf(frame_failure, sizeof frame_failure,
             "unexpected fault %lu at %lx, address %lx, error %lx, sp %lx", (unsigned long)m->w[0],
             (unsigned long)m->w[1], (unsigned long)m->w[2], (unsigned long)m->w[3],
             (unsigned long)m->w[4]);
}

/* Wait for the case's end; on a time-out, say what is known. */
static void wait_for_case(void)
{
    uint64_t bits;
    int status = sys_wait(FRAME_CONTROL, WAIT_ARM | WAIT_POLL, time_now() + CASE_LIMIT_NS, &bits);
    must(status == WOULD_BLOCK ? OK : status, "arming the time limit");
    for (;;) {
        struct message m = {{0}, 0, 0, 0, 0};
        must(sys_recv(FRAME_ENDPOINT, FRAME_REPLY, 0, &m), "waiting for a case");
        if (m.kind == RECV_FAULT) {
            describe_fault(&m);
            m.w[0] = FAULT_REPLY_STOP;
            sys_reply(FRAME_REPLY, 1, &m);
            break;
        }
        if (m.kind != RECV_SIGNALS)
            continue;
        if (m.badge & CONTROL_DONE)
            break;
        if (m.badge & SIGNAL_DEADLINE) {
            if (frame_failure[0] == 0)
                snprintf(frame_failure, sizeof frame_failure, "did not end in time%s%s",
                         frame_position[0] ? "; last check passed at " : "", frame_position);
            break;
        }
    }
    sys_wait(FRAME_CONTROL, WAIT_ARM | WAIT_POLL, DEADLINE_NEVER, &bits);
}

static void run_case(const struct test_case *c)
{
    struct info_system before = system_info(), after;
    char leak[128];
    frame_begin(c);
    wait_for_case();
    frame_end();
    after = system_info();
    bool clean = same_counts(&before, &after, leak, sizeof leak);
    if (frame_failure[0] == 0 && !clean)
        snprintf(frame_failure, sizeof frame_failure, "%s", leak);
    if (frame_failure[0] != 0) {
        printf("FAIL %s: %s%s%s\n", c->name, frame_failure,
               clean || memcmp(frame_failure, "leak", 4) == 0 ? "" : "; ",
               clean || memcmp(frame_failure, "leak", 4) == 0 ? "" : leak);
        failed++;
    } else if (frame_skipped != NULL) {
        printf("skip %s: %s\n", c->name, frame_skipped);
    } else {
        printf("ok %s\n", c->name);
        passed++;
    }
}

static bool chosen(const char *name)
{
    for (const char *p = prefix; p != NULL && *p != 0 && *p != ' '; p++, name++)
        if (*p != *name)
            return false;
    return true;
}

/* Touch every part of the capability table that cases use, so that growing it is not a leak. */
static void warm_table(void)
{
    for (handle_t at = FRAME_SLOTS; at < CASE_SLOTS_END; at += 16)
        if (sys_cap(CAP_COPY, 0, ROOT_QUOTA, 0, at, 0, 0) == OK)
            sys_cap(CAP_DELETE, 0, at, 0, 0, 0, 0);
    sys_cap(CAP_COPY, 0, ROOT_QUOTA, 0, HANDLE_MAX, 0, 0);
    sys_cap(CAP_DELETE, 0, HANDLE_MAX, 0, 0, 0, 0);
}

int main(void);
int main(void)
{
    const struct boot_info *boot = boot_info();
    root_task_begin(&memory);
    prefix = strstr(boot->command_line, "case=");
    if (prefix != NULL)
        prefix += strlen("case=");
    warm_table();
    must(sys_create(OBJ_ENDPOINT, ROOT_QUOTA, 0, FRAME_ENDPOINT, 0, 0, 0, 0), "endpoint");
    must(sys_create(OBJ_REPLY, ROOT_QUOTA, 0, FRAME_REPLY, 0, 0, 0, 0), "reply");
    must(sys_create(OBJ_NOTIFICATION, ROOT_QUOTA, 0, FRAME_CONTROL, 0, 0, 0, 0), "notification");
    must(sys_create(OBJ_NOTIFICATION, ROOT_QUOTA, 0, FRAME_SLEEP, 0, 0, 0, 0), "notification");
    must(sys_thread(THREAD_BIND, 0, FRAME_CONTROL, 0, 0, 0, 0, 0), "bind");
    for (unsigned p = 0; p < sizeof parts / sizeof parts[0]; p++)
        for (const struct test_case *c = parts[p]; c->name != NULL; c++)
            if (chosen(c->name))
                run_case(c);
    root_task_end(passed, failed);
}
