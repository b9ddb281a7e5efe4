/*
 * The root task: reads the manifest, starts what it names, and from then on serves.
 *
 * Root is one thread with the highest priority and never waits for a task: it receives at one
 * endpoint (requests, faults) with its notification bound to it (chords, room in the log channel),
 * and every answer comes from its own tables. Start here, then manifest.h, task.c, service.c,
 * death.c.
 */
#include "root_task.h"

#include <stdio.h>
#include <string.h>

const struct boot_info *boot;
struct manifest manifest;
struct task tasks[MANIFEST_TASKS];
unsigned task_count;
handle_t root_endpoint, root_notification;

/* ---- what the log says first -------------------------------------------------------------------- */

static void log_features(void)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } features[] = {
        {CPU_PCID, "PCID"},
        {CPU_INVPCID, "INVPCID"},
        {CPU_SMEP, "SMEP"},
        {CPU_SMAP, "SMAP"},
        {CPU_X2APIC, "x2APIC"},
        {CPU_TSC_DEADLINE, "TSC-deadline"},
        {CPU_AVX, "AVX"},
        {CPU_XSAVEOPT, "XSAVEOPT"},
        {CPU_GIGABYTE_PAGES, "1-GiB pages"},
        {CPU_INVARIANT_TSC, "invariant TSC"},
    };
    const struct info_system *s = (const struct info_system *)ipc()->msg;
    char text[160];
    size_t n = 0;
    text[0] = 0;
    if (sys_info(INFO_SYSTEM, 0, 0) != OK)
        return;
    uint64_t has = s->features, present = s->cpus_present, used = s->cpus_used;
    for (unsigned i = 0; i < sizeof features / sizeof *features; i++)
        if (has & features[i].bit && n < sizeof text - 16)
            n += (size_t)snprintf(text + n, sizeof text - n, " %s", features[i].name);
    log_line("processors: %llu present, %llu used; features:%s", (unsigned long long)present,
             (unsigned long long)used, n ? text : " the minimum");
}

static void log_modules(void)
{
    char text[240];
    size_t n = 0;
    text[0] = 0;
    for (unsigned i = 0; i < boot->region_count; i++) {
        const struct boot_region *r = &boot->region[i];
        if (r->kind == BOOT_MODULE && n < sizeof text - 60)
            n += (size_t)snprintf(text + n, sizeof text - n, " %.47s", r->name);
    }
    log_line("modules:%s", n ? text : " none");
}

static void log_machine(void)
{
    const struct boot_framebuffer *f = &boot->framebuffer;
    log_line("loaded by %.47s", boot->loader[0] ? boot->loader : "an unnamed loader");
    log_line("memory: %llu MiB, %llu MiB free", (unsigned long long)boot->ram_bytes >> 20,
             (unsigned long long)memory_free_bytes() >> 20);
    log_features();
    if (f->present)
        log_line("framebuffer: %u x %u, %u bits", f->width, f->height, f->bits_per_pixel);
    else
        log_line("no framebuffer");
    log_modules();
}

/* ---- start-up ----------------------------------------------------------------------------------- */

/* The first mistakes, to say again which task each of them keeps from starting. */
static struct {
    struct place at;
    char reason[120];
} mistakes[MANIFEST_TASKS];
static unsigned mistake_count;

static void manifest_mistake(void *context, struct place at, const char *reason)
{
    (void)context;
    log_line("manifest:%u:%u: %s", at.line, at.column, reason);
    if (mistake_count == MANIFEST_TASKS)
        return;
    mistakes[mistake_count].at = at;
    snprintf(mistakes[mistake_count].reason, sizeof mistakes[0].reason, "%s", reason);
    mistake_count++;
}

/* The first mistake from the task's line up to the next task's. */
static const char *reason_of(unsigned task)
{
    uint32_t from = manifest.task[task].at.line, to = UINT32_MAX;
    if (task + 1 < manifest.count)
        to = manifest.task[task + 1].at.line;
    for (unsigned i = 0; i < mistake_count; i++)
        if (mistakes[i].at.line >= from && mistakes[i].at.line < to)
            return mistakes[i].reason;
    return "a mistake in the manifest";
}

static bool module_exists(void *context, const char *name)
{
    (void)context;
    return module_find(name) != NULL;
}

static void read_manifest(void)
{
    const struct boot_region *module = module_find("manifest");
    const char *text =
        module ? window_open(WINDOW_MODULE, module->handle, 0, module->pages, MAP_READ) : NULL;
    if (!text) {
        log_line(module ? "the module 'manifest' cannot be mapped"
                        : "there is no module 'manifest': no task is started");
        return;
    }
    unsigned count = manifest_parse(&manifest, text, module->bytes, manifest_mistake, NULL);
    count += manifest_check(&manifest, module_exists, manifest_mistake, NULL);
    window_close(WINDOW_MODULE);
    if (count)
        log_line("manifest: %u mistake%s", count, count == 1 ? "" : "s");
    task_count = manifest.count;
    for (unsigned i = 0; i < task_count; i++) {
        tasks[i].m = &manifest.task[i];
        tasks[i].number = i + 1;
        if (manifest.task[i].skipped)
            log_line("task %s: not started: %s", manifest.task[i].name, reason_of(i));
    }
}

static int start_all(void)
{
    int running = 0;
    for (unsigned i = 0; i < task_count; i++)
        if (!tasks[i].m->skipped)
            running += task_start(&tasks[i]) == OK;
    return running;
}

/* ---- serving ------------------------------------------------------------------------------------ */

static void serve_signals(uint64_t bits)
{
    chords_pressed(bits & ((1ULL << SIGNAL_LOG) - 1));
}

/* A fault or a request in m: leaves the answer in place and returns its length, 0 for none. */
static unsigned serve_message(struct message *m)
{
    struct task *t = task_by_number(m->badge & BADGE_NUMBER);
    uint64_t words[MSG_MAX_WORDS] = {0};
    memcpy(words, m->w, sizeof m->w);
    for (unsigned i = MSG_REG_WORDS; i < m->words; i++)
        words[i] = ipc()->msg[i];
    if (m->kind == RECV_FAULT) {
        if (t && t->state == ROOT_RUNNING)
            death_by_fault(t, words);
        m->w[0] = FAULT_REPLY_STOP; /* nobody hears it if the thread is gone */
        return 1;
    }
    unsigned n = 1;
    if (t && t->state == ROOT_RUNNING)
        n = query(t, words, m->words);
    else
        words[0] = BAD_RIGHT;
    memcpy(m->w, words, sizeof m->w);
    for (unsigned i = MSG_REG_WORDS; i < n; i++)
        ipc()->msg[i] = words[i];
    return n;
}

static void serve(handle_t reply)
{
    struct message m = {0};
    unsigned answer = 0;
    for (;;) {
        int status;
        if (answer)
            status = sys_reply_recv(root_endpoint, reply, answer, &m);
        else
            status = sys_recv(root_endpoint, reply, 0, &m);
        answer = 0;
        if (status != OK) {
            log_line("root cannot receive: %s", status_name(status));
            log_flush();
            return;
        }
        if (m.kind == RECV_SIGNALS)
            serve_signals(m.badge);
        else
            answer = serve_message(&m);
        log_flush(); /* touches neither m nor the words in the IPC page */
    }
}

int main(void)
{
    int status;
    boot = boot_info();
    memory_init();
    root_endpoint = object_new(OBJ_ENDPOINT, 0, 0, 0, 0, 0, &status);
    root_notification = object_new(OBJ_NOTIFICATION, 0, 0, 0, 0, 0, &status);
    handle_t reply = object_new(OBJ_REPLY, 0, 0, 0, 0, 0, &status);
    if (!root_endpoint || !root_notification || !reply ||
        sys_thread(THREAD_BIND, 0, root_notification, 0, 0, 0, 0, 0) != OK) {
        log_line("the kernel has no memory for root itself");
        log_flush();
        return 1;
    }
    if (strstr(boot->command_line, "log=serial"))
        log_serial_always();
    log_machine();
    read_manifest();
    services_make();
    if (start_all() == 0)
        log_line("no task could be started");
    log_flush();
    serve(reply);
    return 1;
}
