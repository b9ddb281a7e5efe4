/*
 * Starting and stopping tasks.
 *
 * Starting builds, in this order: memory (cleared), the image in it, quota, task, thread, the fixed
 * handles, the mappings, the grants, the start-up page; the thread runs last. Every step records
 * what it made in struct task at once, so a failure at any point is undone by the same function
 * that stops a running task: it deletes whatever is there. Deleting the task first stops its
 * threads and empties its table; then its memory has no other users and returns.
 *
 * The memory region is laid out as image, stack, heap; the library finds the heap behind
 * startup.memory_used.
 */
#include "root_task.h"
#include "image.h"

#include <stdio.h>
#include <string.h>

/* Bytes of the main thread's stack. A guest's translator wants more than other programs. */
static uint64_t stack_bytes(const struct task *t)
{
    return t->m->guest ? 512 * 1024 : 64 * 1024;
}

struct task *task_find(const char *name)
{
    for (unsigned i = 0; i < task_count; i++)
        if (strcmp(tasks[i].m->name, name) == 0)
            return &tasks[i];
    return NULL;
}

struct task *task_by_number(unsigned number)
{
    return number >= 1 && number <= task_count ? &tasks[number - 1] : NULL;
}

/* ---- stopping ---------------------------------------------------------------------------------- */

/* An interrupt must not be delivered to a notification that nobody waits on; the next incarnation
 * binds it again. */
static void release_interrupts(struct task *t)
{
    for (unsigned i = 0; i < t->m->irq.count; i++)
        if (t->irq[i])
            sys_irq(IRQ_BIND, t->irq[i], HANDLE_NONE, 0);
}

void task_stop(struct task *t, enum root_task_state state)
{
    handle_drop(&t->thread);
    handle_drop(&t->task);
    handle_drop(&t->fault_endpoint);
    release_interrupts(t);
    block_give(&t->page);
    block_give(&t->memory);
    handle_drop(&t->quota);
    memset(t->use_slot, 0, sizeof t->use_slot);
    t->state = state;
}

/* ---- starting ---------------------------------------------------------------------------------- */

static int refuse(const struct task *t, int status, const char *what)
{
    log_line("task %s: not started: %s: %s", t->m->name, what, log_status(status));
    return status;
}

/* Copy the segments to the start of the task's memory. */
static int copy_image(struct task *t, const struct image *image, const char *file)
{
    char *to = window_open(WINDOW_MEMORY, t->memory.region, 0, image->pages, MAP_READ | MAP_WRITE);
    if (!to)
        return refuse(t, QUOTA, "mapping its memory");
    for (unsigned i = 0; i < image->count; i++) {
        const struct image_segment *s = &image->segment[i];
        memcpy(to + s->skip, file + s->file_offset, s->bytes);
        to += s->pages * PAGE_SIZE;
    }
    window_close(WINDOW_MEMORY);
    return OK;
}

static int load(struct task *t, struct image *image)
{
    const char *program = t->m->program.item[0].text;
    const struct boot_region *module = module_find(program);
    if (!module)
        return refuse(t, BAD_ARG, "its module is missing");
    const char *file = window_open(WINDOW_MODULE, module->handle, 0, module->pages, MAP_READ);
    if (!file)
        return refuse(t, QUOTA, "mapping its module");
    int status = BAD_ARG;
    const char *reason = image_check(file, module->bytes, IMAGE_VA, HEAP_VA, image);
    uint64_t needed = image->pages * PAGE_SIZE + stack_bytes(t);
    if (reason)
        log_line("task %s: not started: module %s: %s", t->m->name, program, reason);
    else if (needed > t->m->memory)
        log_line("manifest:%u:%u: task %s needs %llu KiB for program and stack, memory= gives %llu",
                 t->m->memory_at.line, t->m->memory_at.column, t->m->name,
                 (unsigned long long)needed / 1024, (unsigned long long)t->m->memory / 1024);
    else if ((status = block_take(&t->memory, t->m->memory / PAGE_SIZE)) == OK)
        status = copy_image(t, image, file);
    else if (status == NO_MEMORY)
        log_line("task %s: not started: it needs %llu KiB of memory; %llu KiB are free, the "
                 "largest piece has %llu KiB",
                 t->m->name, (unsigned long long)t->m->memory / 1024,
                 (unsigned long long)memory_free_bytes() / 1024,
                 (unsigned long long)memory_largest_bytes() / 1024);
    else
        refuse(t, status, "memory");
    window_close(WINDOW_MODULE);
    return status;
}

static int make_objects(struct task *t)
{
    int status;
    t->quota = object_new(OBJ_QUOTA, 0, t->m->quota / PAGE_SIZE, 0, 0, 0, &status);
    if (status != OK) {
        struct info_quota *q = (struct info_quota *)ipc()->msg;
        uint64_t left = sys_info(INFO_QUOTA, ROOT_QUOTA, 0) == OK ? q->pages - q->used : 0;
        log_line("task %s: not started: quota=%lluK, but the kernel has only %lluK left",
                 t->m->name, (unsigned long long)t->m->quota / 1024, (unsigned long long)left * 4);
        return status;
    }
    handle_t task = slot_alloc();
    if (task == HANDLE_NONE)
        return refuse(t, LIMIT, "task");
    status = sys_create(OBJ_TASK, t->quota, 0, task, t->m->priority, 0, 0, 0);
    if (status != OK) {
        slot_free(task);
        return refuse(t, status, "task");
    }
    t->task = task;
    handle_t thread = slot_alloc();
    if (thread == HANDLE_NONE)
        return refuse(t, LIMIT, "thread");
    status = sys_create(OBJ_THREAD, t->quota, task, thread, IPC_VA, t->m->priority, 0, 0);
    if (status != OK) {
        slot_free(thread);
        return refuse(t, status, "thread");
    }
    t->thread = thread;
    return OK;
}

/* The handles of enum task_handle, and the fault endpoint. */
static int fill_table(struct task *t)
{
    const struct {
        handle_t own, slot;
        unsigned rights;
        uint64_t badge;
    } fixed[] = {
        {t->task, TASK_SELF, RIGHT_CAPS | RIGHT_MAP | RIGHT_THREADS | RIGHT_INFO, 0},
        {t->thread, TASK_THREAD, RIGHT_CONTROL | RIGHT_POKE | RIGHT_INFO, 0},
        {t->quota, TASK_QUOTA, RIGHTS_ALL, 0},
        {t->memory.region, TASK_MEMORY, RIGHTS_ALL, 0},
        {root_endpoint, TASK_ROOT, RIGHT_SEND, t->number},
    };
    for (unsigned i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        int status = sys_cap(CAP_MINT, 0, fixed[i].own, t->task, fixed[i].slot, fixed[i].rights,
                             fixed[i].badge);
        if (status != OK)
            return refuse(t, status, "capabilities");
    }
    handle_t fault = slot_alloc();
    if (fault == HANDLE_NONE)
        return refuse(t, LIMIT, "fault endpoint");
    int status = sys_cap(CAP_MINT, 0, root_endpoint, 0, fault, RIGHTS_ALL, BADGE_FAULT | t->number);
    if (status != OK) {
        slot_free(fault);
        return refuse(t, status, "fault endpoint");
    }
    t->fault_endpoint = fault;
    status = sys_thread(THREAD_SET_FAULT, t->thread, fault, 0, 0, 0, 0, 0);
    return status == OK ? OK : refuse(t, status, "fault endpoint");
}

static int map_image(struct task *t, const struct image *image)
{
    unsigned count = 0, done;
    uint64_t offset = 0;
    struct map_op *op = ipc()->vector;
    for (unsigned i = 0; i < image->count; i++) {
        const struct image_segment *s = &image->segment[i];
        op[count++] = (struct map_op){.kind = MAP_MAP,
                                      .rights = (uint8_t)s->rights,
                                      .region = t->memory.region,
                                      .va = s->va,
                                      .offset = offset,
                                      .pages = s->pages};
        offset += s->pages;
    }
    op[count++] = (struct map_op){.kind = MAP_MAP,
                                  .rights = MAP_READ | MAP_WRITE,
                                  .region = t->memory.region,
                                  .va = STACK_TOP - stack_bytes(t),
                                  .offset = offset,
                                  .pages = stack_bytes(t) / PAGE_SIZE};
    op[count++] = (struct map_op){.kind = MAP_MAP,
                                  .rights = MAP_READ,
                                  .region = t->page.region,
                                  .va = STARTUP_VA,
                                  .pages = 1};
    int status = sys_map(t->task, count, &done);
    return status == OK ? OK : refuse(t, status, "image");
}

/* The start-up page and, on the way, the grants that it describes. */
static int describe(struct task *t, const struct image *image)
{
    const char *what;
    struct startup *s = window_open(WINDOW_PAGE, t->page.region, 0, 1, MAP_READ | MAP_WRITE);
    if (!s)
        return refuse(t, QUOTA, "mapping its start-up page");
    s->magic = STARTUP_MAGIC;
    memcpy(s->name, t->m->name, sizeof s->name);
    memcpy(s->args, t->m->args, sizeof s->args);
    s->number = t->number;
    s->incarnation = t->starts;
    s->priority = (uint32_t)t->m->priority;
    s->memory_bytes = t->m->memory;
    s->memory_used = image->pages * PAGE_SIZE + stack_bytes(t);
    int status = grants_make(t, s, &what);
    window_close(WINDOW_PAGE);
    return status == OK ? OK : refuse(t, status, what);
}

static int run(struct task *t, const struct image *image)
{
    int status = OK;
    if (t->m->budget_ns)
        status = sys_thread(THREAD_PRIORITY, t->thread, 0, t->m->priority, t->m->budget_ns,
                            t->m->period_ns, 0, 0);
    if (status == OK)
        status = sys_thread(THREAD_START, t->thread, 0, image->entry, STACK_TOP, STARTUP_VA, 0, 0);
    return status == OK ? OK : refuse(t, status, "thread");
}

static int build(struct task *t)
{
    struct image image;
    int status = services_up(t);
    if (status != OK)
        return refuse(t, status, "its endpoints");
    if ((status = load(t, &image)) != OK)
        return status;
    if ((status = block_take(&t->page, 1)) != OK)
        return refuse(t, status, "start-up page");
    if ((status = make_objects(t)) != OK || (status = fill_table(t)) != OK ||
        (status = map_image(t, &image)) != OK || (status = describe(t, &image)) != OK)
        return status;
    return run(t, &image);
}

int task_start(struct task *t)
{
    if (t->m->skipped) {
        log_line("task %s: not started: the manifest has a mistake in its line", t->m->name);
        return BAD_ARG;
    }
    int status = build(t);
    if (status != OK) {
        task_stop(t, ROOT_ABSENT);
        services_down(t);
        return status == NO_MEMORY ? QUOTA : status;
    }
    t->state = ROOT_RUNNING;
    t->starts++;
    focus_apply(t);
    if (t->starts > 1)
        links_wake(t);
    log_line("task %s: %s (%s, %llu KiB, priority %llu)", t->m->name,
             t->starts > 1 ? "started again" : "started", t->m->program.item[0].text,
             (unsigned long long)t->m->memory / 1024, (unsigned long long)t->m->priority);
    return OK;
}
