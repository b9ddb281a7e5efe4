/*
 * What root and the kernel say about the system: tasks, mem, caps, log, uptime.
 */
#include "shell.h"

#include <stdio.h>
#include <string.h>
#include <tetrapla/root.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>

#define SECOND    1000000000ULL
#define TASKS_MAX 64

/* ---- tasks ------------------------------------------------------------------------------------ */

static const char *state_name(uint64_t state)
{
    static const char *const names[] = {"absent",  "running", "exited",
                                        "faulted", "killed",  "given up"};
    return state < sizeof names / sizeof *names ? names[state] : "?";
}

/* Permille of a time. */
static unsigned permille(uint64_t part, uint64_t whole)
{
    return whole ? (unsigned)(part * 1000 / whole) : 0;
}

static void print_task(const struct root_task_info *t, uint64_t cpu, uint64_t over)
{
    unsigned share = permille(cpu, over);
    const char *colour = t->state == ROOT_RUNNING  ? ""
                         : t->state == ROOT_EXITED ? "\033[33m"
                                                   : "\033[31m";
    printf("%s%-14.14s %-9s %4llu %3u.%u%% %6llu.%02llu %7lluK %5llu/%-5llu %5llu", colour, t->name,
           state_name(t->state), (unsigned long long)t->priority, share / 10, share % 10,
           (unsigned long long)(t->cpu_ns / SECOND),
           (unsigned long long)(t->cpu_ns % SECOND / 10000000),
           (unsigned long long)t->memory_pages * 4, (unsigned long long)t->quota_used,
           (unsigned long long)t->quota_pages, (unsigned long long)t->restarts);
    if (t->fault_ip)
        printf(" #%llu", (unsigned long long)t->fault_vector);
    printf("\033[0m\033[K\r\n");
}

/* One table; the shares are of the time since before, whose values are replaced. */
static bool print_tasks(uint64_t before_cpu[TASKS_MAX], uint64_t *before, bool full)
{
    uint64_t now = time_now();
    printf("\033[7m%-14s %-9s %4s %6s %9s %8s %11s %5s %-5s\033[0m\033[K\r\n", "TASK", "STATE",
           "PRIO", "CPU", "SECONDS", "MEMORY", "QUOTA PAGES", "AGAIN", "FAULT");
    unsigned rows = full ? TASKS_MAX : terminal_rows() - 2;
    for (unsigned i = 0; i < TASKS_MAX && i < rows; i++) {
        struct root_task_info t;
        int status = root_task_info(i, &t);
        if (status == BAD_ARG)
            break;
        if (status != OK) {
            complain("tasks", "root", status);
            return false;
        }
        uint64_t used = t.cpu_ns >= before_cpu[i] ? t.cpu_ns - before_cpu[i] : t.cpu_ns;
        print_task(&t, used, now - *before);
        before_cpu[i] = t.cpu_ns;
    }
    *before = now;
    return true;
}

void command_tasks(int argc, char **argv)
{
    static uint64_t cpu[TASKS_MAX];
    uint64_t before = 0;
    memset(cpu, 0, sizeof cpu);
    if (argc == 1) {
        print_tasks(cpu, &before, true);
        return;
    }
    if (strcmp(argv[1], "-f") != 0) {
        printf("usage: tasks [-f]\r\n");
        return;
    }
    printf("\033[?25l\033[2J");
    int key;
    do {
        printf("\033[H");
        if (!print_tasks(cpu, &before, false))
            break;
        printf("\033[J");
        key = terminal_key(time_now() + SECOND);
    } while (key == KEY_NONE || key == KEY_RESIZED);
    printf("\033[?25h");
}

/* ---- mem -------------------------------------------------------------------------------------- */

static void print_kib(const char *what, uint64_t bytes)
{
    printf("  %-34s %10llu KiB\r\n", what, (unsigned long long)bytes / 1024);
}

void command_mem(int argc, char **argv)
{
    struct root_memory m;
    int status = root_memory(&m);
    (void)argc;
    if (status != OK) {
        complain(argv[0], "root", status);
        return;
    }
    print_kib("memory of the machine", m.ram_bytes);
    print_kib("granted to tasks", m.granted_bytes);
    print_kib("free for tasks", m.free_bytes);
    print_kib("the kernel's own", m.pool_pages * PAGE_SIZE);
    print_kib("free of that", m.pool_free * PAGE_SIZE);
    const struct info_quota *q = (const struct info_quota *)ipc()->msg;
    if (sys_info(INFO_QUOTA, TASK_QUOTA, 0) == OK) {
        print_kib("kernel memory of this task (quota)", q->pages * PAGE_SIZE);
        uint64_t used = sys_info(INFO_QUOTA, TASK_QUOTA, 0) == OK ? q->used : 0;
        print_kib("used of that", used * PAGE_SIZE);
    }
    print_kib("memory of this task", startup()->memory_bytes);
    print_kib("program and stack", startup()->memory_used);
}

/* ---- caps ------------------------------------------------------------------------------------- */

/* Letters of the rights, by bit, for each type of object. */
static const struct {
    const char *name, *rights;
} types[OBJ_TYPE_COUNT] = {
    [OBJ_TASK] = {"task", "cmti"},
    [OBJ_THREAD] = {"thread", "cp?i"},
    [OBJ_ENDPOINT] = {"endpoint", "sr"},
    [OBJ_REPLY] = {"reply", "u"},
    [OBJ_NOTIFICATION] = {"notification", "sw"},
    [OBJ_REGION] = {"region", "rwxc"},
    [OBJ_QUOTA] = {"quota", "u"},
    [OBJ_IRQ] = {"irq", "u"},
    [OBJ_PORTS] = {"ports", "u"},
    [OBJ_IRQ_CONTROL] = {"irq control", "u"},
};

static const char *slot_name(handle_t slot)
{
    static const char *const fixed[] = {[TASK_SELF] = "this task",
                                        [TASK_THREAD] = "main thread",
                                        [TASK_QUOTA] = "quota",
                                        [TASK_MEMORY] = "memory",
                                        [TASK_ROOT] = "root"};
    const struct startup *s = startup();
    if (slot < TASK_GRANTS)
        return fixed[slot];
    for (unsigned i = 0; i < s->grant_count; i++)
        if (s->grant[i].handle == slot || s->grant[i].peer == slot)
            return s->grant[i].name;
    return "";
}

void command_caps(int argc, char **argv)
{
    const struct info_task *t = (const struct info_task *)ipc()->msg;
    const struct info_cap *c = (const struct info_cap *)ipc()->msg;
    int status = sys_info(INFO_TASK, TASK_SELF, 0);
    (void)argc;
    if (status != OK) {
        complain(argv[0], "this task", status);
        return;
    }
    uint64_t left = t->capabilities;
    printf("\033[7m%6s %-13s %-6s %10s %s\033[0m\033[K\r\n", "SLOT", "OBJECT", "RIGHTS", "BADGE",
           "NAME");
    for (handle_t slot = 1; left && slot <= HANDLE_MAX; slot++) {
        if (sys_info(INFO_CAP, 0, slot) != OK || c->type == OBJ_NONE || c->type >= OBJ_TYPE_COUNT)
            continue;
        struct info_cap cap = *c; /* printing uses the IPC page */
        char rights[9];
        unsigned n = 0;
        for (unsigned bit = 0; types[cap.type].rights[bit]; bit++)
            rights[n++] = cap.rights >> bit & 1 ? types[cap.type].rights[bit] : '-';
        rights[n] = 0;
        printf("%6u %-13s %-6s %#10llx %.23s\r\n", slot, types[cap.type].name, rights,
               (unsigned long long)cap.badge, slot_name(slot));
        left--;
    }
}

/* ---- log, uptime ------------------------------------------------------------------------------ */

/* Print from *position to the end. */
static bool print_log(uint64_t *position)
{
    char text[480];
    for (;;) {
        uint64_t before = *position;
        int status = root_log_read(position, text, sizeof text);
        if (status != OK) {
            complain("log", "root", status);
            return false;
        }
        for (const char *s = text; *s;) {
            int n = (int)strcspn(s, "\n");
            printf(s[n] ? "%.*s\r\n" : "%.*s", n, s);
            s += n + (s[n] != 0);
        }
        if (*position == before)
            return true;
    }
}

void command_log(int argc, char **argv)
{
    uint64_t position = 0;
    if (argc > 1 && strcmp(argv[1], "-f") != 0) {
        printf("usage: log [-f]\r\n");
        return;
    }
    bool good = print_log(&position);
    while (good && argc > 1) {
        int key = terminal_key(time_now() + SECOND / 5);
        if (key != KEY_NONE && key != KEY_RESIZED)
            return;
        good = print_log(&position);
    }
}

void command_uptime(int argc, char **argv)
{
    struct root_memory m;
    int status = root_memory(&m);
    (void)argc;
    if (status != OK) {
        complain(argv[0], "root", status);
        return;
    }
    uint64_t s = m.uptime_ns / SECOND;
    unsigned idle = permille(m.idle_ns, m.uptime_ns);
    printf("up %llu d %02llu:%02llu:%02llu, idle %u.%u%%\r\n", (unsigned long long)(s / 86400),
           (unsigned long long)(s / 3600 % 24), (unsigned long long)(s / 60 % 60),
           (unsigned long long)(s % 60), idle / 10, idle % 10);
}
