/*
 * Root's protocol (root.h): one row per operation. Everything is answered from root's own tables
 * and the kernel's; nothing here waits. A request that is too short, unknown, or not the caller's to
 * make gets a status and changes nothing.
 */
#include "root_task.h"

#include <stdio.h>
#include <string.h>

#define NO_ANSWER 0u
#define CAP_SCAN  512 /* slots looked at in one ROOT_CAP_INFO */

struct request {
    struct task *caller;
    uint64_t *words; /* the request, overwritten by the answer from words[1] on */
    unsigned count;
    unsigned answer; /* length of the answer */
};

/* The text in words 1.. as a string; it is cut at the end of the message. */
static const char *request_text(struct request *r, char *out, size_t size)
{
    size_t n = (r->count - 1) * sizeof *r->words;
    if (n > size - 1)
        n = size - 1;
    memcpy(out, &r->words[1], n);
    out[n] = 0;
    return out;
}

static struct task *named_task(struct request *r)
{
    char name[64];
    return task_find(request_text(r, name, sizeof name));
}

static int do_ping(struct request *r)
{
    (void)r;
    return OK;
}

static uint64_t cpu_time(const struct task *t)
{
    const struct info_task *info = (const struct info_task *)ipc()->msg;
    return t->task && sys_info(INFO_TASK, t->task, 0) == OK ? info->cpu_ns : 0;
}

static int do_task_info(struct request *r)
{
    if (r->words[1] >= task_count)
        return BAD_ARG;
    const struct task *t = &tasks[r->words[1]];
    struct root_task_info info = {
        .state = t->state,
        .priority = t->m->priority + (t == focus_task()),
        .memory_pages = t->memory.pages + t->page.pages + t->state_block.pages,
        .cpu_ns = cpu_time(t),
        .restarts = t->starts > 1 ? t->starts - 1 : 0,
        .fault_vector = t->fault_vector,
        .fault_ip = t->fault_ip,
        .fault_address = t->fault_address,
    };
    snprintf(info.name, sizeof info.name, "%s", t->m->name);
    const struct info_quota *q = (const struct info_quota *)ipc()->msg;
    if (t->quota && sys_info(INFO_QUOTA, t->quota, 0) == OK) {
        info.quota_pages = q->pages;
        info.quota_used = q->used;
    }
    memcpy(&r->words[1], &info, sizeof info);
    r->answer = 1 + sizeof info / sizeof *r->words;
    return OK;
}

static int do_memory(struct request *r)
{
    struct root_memory memory = {.ram_bytes = boot->ram_bytes,
                                 .free_bytes = memory_free_bytes(),
                                 .granted_bytes = memory_granted_bytes()};
    const struct info_system *s = (const struct info_system *)ipc()->msg;
    int status = sys_info(INFO_SYSTEM, 0, 0);
    if (status != OK)
        return status;
    memory.pool_pages = s->pool_pages;
    memory.pool_free = s->pool_free;
    memory.uptime_ns = s->uptime_ns;
    memory.idle_ns = s->idle_ns;
    memcpy(&r->words[1], &memory, sizeof memory);
    r->answer = 1 + sizeof memory / sizeof *r->words;
    return OK;
}

static int do_kill(struct request *r)
{
    struct task *t = named_task(r);
    if (!t || t->state != ROOT_RUNNING)
        return BAD_ARG;
    return death_by_request(t, false);
}

static int do_start(struct request *r)
{
    struct task *t = named_task(r);
    if (!t)
        return BAD_ARG;
    if (t->state == ROOT_RUNNING)
        return BUSY;
    restart_forgive(&t->restart);
    return task_start(t);
}

static int do_log_read(struct request *r)
{
    enum { TEXT = 3 }; /* first word of the text */
    uint64_t position = r->words[1];
    size_t room = (MSG_MAX_WORDS - TEXT) * sizeof *r->words;
    if (r->count > 2 && r->words[2] < room) /* the caller has less room */
        room = r->words[2];
    size_t n = log_read(&position, (char *)&r->words[TEXT], room);
    r->words[1] = position;
    r->words[2] = n;
    r->answer = TEXT + (unsigned)((n + 7) / sizeof *r->words);
    return OK;
}

static int do_log_write(struct request *r)
{
    char text[(MSG_MAX_WORDS - 1) * 8 + 1];
    log_task(r->caller->m->name, request_text(r, text, sizeof text));
    return OK;
}

static int do_exit(struct request *r)
{
    death_by_exit(r->caller, (int)r->words[1]);
    r->answer = NO_ANSWER;
    return OK;
}

static int do_focus(struct request *r)
{
    if (r->caller->m->channel_servers.count == 0)
        return BAD_RIGHT;
    return focus_set(r->caller, (unsigned)(r->words[1] < 64 ? r->words[1] : 64));
}

static int do_served(struct request *r)
{
    restart_forgive(&r->caller->restart);
    return OK;
}

/* The fourth word of the answer is the next slot worth asking about, used or not; 0: no more. */
static int do_cap_info(struct request *r)
{
    const struct info_cap *c = (const struct info_cap *)ipc()->msg;
    uint64_t slot = r->words[1], next;
    if (slot == 0 || slot > HANDLE_MAX)
        return BAD_ARG;
    int status = sys_info(INFO_CAP, r->caller->task, slot);
    if (status != OK)
        return status;
    r->words[1] = c->type;
    r->words[2] = c->rights;
    r->words[3] = c->badge;
    for (next = slot + 1; next <= HANDLE_MAX && next - slot <= CAP_SCAN; next++)
        if (sys_info(INFO_CAP, r->caller->task, next) == OK && c->type != OBJ_NONE)
            break;
    r->words[4] = next <= HANDLE_MAX ? next : 0;
    r->answer = 5;
    return OK;
}

static int do_shutdown(struct request *r)
{
    if (r->words[1] > 1)
        return BAD_ARG;
    if (r->words[1])
        power_reboot();
    else
        power_off();
    return BAD_CALL; /* the machine is still here; the log says why */
}

static const struct {
    int (*run)(struct request *r);
    unsigned words; /* least length of the request */
    bool admin;     /* only for tasks with that flag in the manifest */
} operations[] = {
    [ROOT_PING] = {do_ping, 1, false},         [ROOT_TASK_INFO] = {do_task_info, 2, false},
    [ROOT_MEMORY] = {do_memory, 1, false},     [ROOT_KILL] = {do_kill, 2, true},
    [ROOT_LOG_READ] = {do_log_read, 2, false}, [ROOT_LOG_WRITE] = {do_log_write, 2, false},
    [ROOT_EXIT] = {do_exit, 2, false},         [ROOT_FOCUS] = {do_focus, 2, false},
    [ROOT_SERVED] = {do_served, 1, false},     [ROOT_START] = {do_start, 2, true},
    [ROOT_CAP_INFO] = {do_cap_info, 2, false}, [ROOT_SHUTDOWN] = {do_shutdown, 2, true},
};

unsigned query(struct task *t, uint64_t words[MSG_MAX_WORDS], unsigned count)
{
    struct request r = {.caller = t, .words = words, .count = count, .answer = 1};
    int status;
    if (count == 0)
        status = BAD_ARG;
    else if (words[0] >= sizeof operations / sizeof *operations)
        status = BAD_CALL;
    else if (count < operations[words[0]].words)
        status = BAD_ARG;
    else if (operations[words[0]].admin && !t->m->admin)
        status = BAD_RIGHT;
    else
        status = operations[words[0]].run(&r);
    words[0] = (uint64_t)status;
    return status == OK ? r.answer : 1;
}
