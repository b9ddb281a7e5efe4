/*
 * CALL_INFO, and the time page. Answers go to the caller's IPC page; nothing is changed.
 */
#include "port.h"

void *info_page;

void info_page_init(void)
{
    struct info_page *p = info_page = page_alloc(&pool_quota);
    KASSERT(p);
    p->magic = INFO_PAGE_MAGIC;
    p->features = cpu_features;
    port_time_describe(p);
}

static void system_info(void *out)
{
    struct info_system s = {
        .cpus_present = port_cpus_present(),
        .cpus_used = 1,
        .pool_pages = pool_pages(),
        .pool_free = pool_free(),
        .capabilities = counters.capabilities,
        .mapped_tables = counters.tables,
        .kernel_entries = counters.entries,
        .context_switches = counters.switches,
        .interrupts = counters.interrupts,
        .upcalls = counters.upcalls,
        .ipcs = counters.ipcs,
        .maps = counters.maps,
        .idle_ns = port_ticks_length(counters.idle_ticks),
        .uptime_ns = port_ticks_to_ns(port_ticks()),
        .features = cpu_features,
        .cr_writes = counters.cr_writes,
        .invlpgs = counters.invlpgs,
        .msr_writes = counters.msr_writes,
        .irets = counters.irets,
        .xsaves = counters.xsaves,
        .nmis = counters.nmis,
    };
    memcpy(s.objects, counters.objects, sizeof s.objects);
    memcpy(out, &s, sizeof s);
}

static void cap_info(struct task *task, uint64_t slot, void *out)
{
    struct cap *c = cap_lookup(task, slot);
    struct info_cap i = {0};
    if (c)
        i = (struct info_cap){c->object->type, c->rights, c->badge,
                              c->next && c->next->depth > c->depth};
    memcpy(out, &i, sizeof i);
}

static void task_info(struct task *task, void *out)
{
    struct info_task i = {
        .ceiling = task->ceiling,
        .capabilities = task->capabilities,
        .tables = task->space.tables,
        .attachments = task->attachment_count,
    };
    uint64_t ticks = task->cpu_ticks;
    for (struct list *l = task->threads.next; l != &task->threads; l = l->next) {
        ticks += container_of(l, struct thread, in_task)->cpu_ticks;
        i.threads++;
    }
    i.cpu_ns = port_ticks_length(ticks);
    memcpy(out, &i, sizeof i);
}

static void thread_info(struct thread *t, void *out)
{
    struct info_thread i = {
        .state = t->faulting ? THREAD_FAULTED : t->state,
        .priority = t->priority,
        .budget = t->budget ? port_ticks_length(t->budget) : 0,
        .period = t->budget ? port_ticks_length(t->period) : 0,
        .cpu_ns = port_ticks_length(t->cpu_ticks),
        .poked = t->attention & ATTENTION_POKE || t->poked || (t->upcall && t->upcall->pending),
    };
    if (t == cpu0.current)
        i.state = THREAD_RUNNING;
    memcpy(out, &i, sizeof i);
}

static void region_info(struct region *r, void *out)
{
    struct info_region i = {
        .pages = r->pages, .cache = r->cache, .ram = r->ram, .carved = r->carved_children};
    for (struct list *l = r->attachments.next; l != &r->attachments; l = l->next)
        i.attachments++;
    memcpy(out, &i, sizeof i);
}

static void page_info(struct task *task, uint64_t va, void *out)
{
    struct leaf leaf = port_space_query(&task->space, va);
    struct info_page_map i = {leaf.size != 0, leaf.rights, leaf.size};
    memcpy(out, &i, sizeof i);
}

static void measure(uint64_t start, void *out)
{
    struct info_measure m = {cpu0.longest, cpu0.longest_call, cpu0.samples};
    memcpy(out, &m, sizeof m);
    cpu0.measuring = start;
    cpu0.longest = cpu0.longest_call = cpu0.samples = 0;
    cpu0.stretch_start = port_ticks();
}

uint64_t call_info(struct thread *t, uint64_t word)
{
    unsigned what = word >> 8 & 0xff;
    uint64_t a = word >> 16 & 0xffffff, w0 = *msg_word(&t->regs, 0);
    void *out = t->ipc->msg;
    struct task *task;
    struct cap *c;
    unsigned status = OK;

    switch (what) {
    case INFO_SYSTEM:
        system_info(out);
        return OK;
    case INFO_MEASURE:
        status = cap_get(t->task, a, OBJ_IRQ_CONTROL, RIGHT_USE, &c);
        if (status == OK && w0 > 1)
            status = BAD_ARG;
        if (status == OK)
            measure(w0, out);
        return status;
    case INFO_CAP:
        status = task_arg(t, a, RIGHT_CAPS, &task);
        if (status == OK && (w0 == 0 || w0 > HANDLE_MAX))
            status = BAD_ARG;
        if (status == OK)
            cap_info(task, w0, out);
        return status;
    case INFO_PAGE:
        status = task_arg(t, a, RIGHT_INFO, &task);
        if (status == OK && w0 >= USER_MAX)
            status = BAD_ADDRESS;
        if (status == OK)
            page_info(task, w0, out);
        return status;
    case INFO_TASK:
        status = task_arg(t, a, RIGHT_INFO, &task);
        if (status == OK)
            task_info(task, out);
        return status;
    case INFO_THREAD:
        if (a == HANDLE_NONE) {
            thread_info(t, out);
            return OK;
        }
        status = cap_get(t->task, a, OBJ_THREAD, RIGHT_INFO, &c);
        if (status == OK)
            thread_info((struct thread *)c->object, out);
        return status;
    case INFO_QUOTA:
        status = cap_get(t->task, a, OBJ_QUOTA, RIGHT_USE, &c);
        if (status == OK) {
            struct quota *q = (struct quota *)c->object;
            struct info_quota i = {q->limit, q->used};
            memcpy(out, &i, sizeof i);
        }
        return status;
    case INFO_REGION:
        status = cap_get(t->task, a, OBJ_REGION, 0, &c);
        if (status == OK)
            region_info((struct region *)c->object, out);
        return status;
    default:
        return BAD_CALL;
    }
}
