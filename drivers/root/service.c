/*
 * What tasks share and root owns: endpoints, channels and their notifications, and the interrupts,
 * ports and state regions that a driver finds again when it comes back.
 *
 * All of it is made once, before the first task starts. An endpoint stays while its server is being
 * restarted, so that queued calls wait for the new instance; it goes when the server will not come
 * back by itself, so that nobody waits for ever, and is made and granted anew if it does.
 */
#include "root_task.h"

#include <stdio.h>
#include <string.h>
#include <tetrapla/channel.h>
#include <tetrapla/console.h>

static struct service services[MANIFEST_TASKS];
static unsigned service_count;
static struct link links[CHANNELS_MAX];
static unsigned link_count;

static void skip(struct task *t, const char *what, const char *name, int status)
{
    manifest.task[t->number - 1].skipped = true;
    log_line("task %s: not started: %s %s: %s", t->m->name, what, name, log_status(status));
}

static void make_endpoints(struct task *t)
{
    for (unsigned i = 0; i < t->m->serve.count; i++) {
        const char *name = t->m->serve.item[i].text;
        int status = LIMIT;
        handle_t endpoint = HANDLE_NONE;
        if (service_count < MANIFEST_TASKS)
            endpoint = object_new(OBJ_ENDPOINT, 0, 0, 0, 0, 0, &status);
        if (endpoint == HANDLE_NONE) {
            skip(t, "endpoint", name, status);
            return;
        }
        struct service *s = &services[service_count++];
        snprintf(s->name, sizeof s->name, "%s", name);
        s->server = t;
        s->endpoint = endpoint;
    }
}

static void make_devices(struct task *t)
{
    char name[32];
    int status;
    for (unsigned i = 0; i < t->m->irq.count; i++) {
        unsigned line = t->m->irq.item[i].first;
        t->irq[i] = object_new(OBJ_IRQ, ROOT_IRQ_CONTROL, line, IRQ_ISA, 0, 0, &status);
        snprintf(name, sizeof name, "%u", line);
        if (t->irq[i] == HANDLE_NONE) {
            skip(t, "irq", name, status);
            return;
        }
    }
    for (unsigned i = 0; i < t->m->ports.count; i++) {
        const struct manifest_range *r = &t->m->ports.item[i];
        t->ports[i] = object_new(OBJ_PORTS, ROOT_PORTS, r->first, r->count, 0, 0, &status);
        snprintf(name, sizeof name, "%#x+%u", r->first, r->count);
        if (t->ports[i] == HANDLE_NONE) {
            skip(t, "ports", name, status);
            return;
        }
    }
}

static void make_own(struct task *t)
{
    int status = OK;
    if (t->m->state) {
        status = block_take(&t->state_block, t->m->state / PAGE_SIZE);
        if (status == NO_MEMORY)
            log_line("manifest:%u:%u: state needs %llu KiB, the largest free piece is %llu KiB",
                     t->m->at.line, t->m->at.column, (unsigned long long)t->m->state / 1024,
                     (unsigned long long)memory_largest_bytes() / 1024);
        if (status != OK) {
            skip(t, "state", "region", status);
            return;
        }
    }
    if (t->m->channels.count)
        t->notification = object_new(OBJ_NOTIFICATION, 0, 0, 0, 0, 0, &status);
    if (status != OK)
        skip(t, "its", "notification", status);
}

/* The notification that all server ends of one service share. */
static handle_t server_notification(const char *name, int *status)
{
    for (unsigned i = 0; i < link_count; i++)
        if (strcmp(links[i].name, name) == 0)
            return links[i].server_notification;
    return object_new(OBJ_NOTIFICATION, 0, 0, 0, 0, 0, status);
}

static int make_link(const struct manifest_channel *ch, struct task *client, unsigned bit,
                     uint32_t capacity)
{
    struct manifest_task *server = manifest_channel_server(&manifest, ch->service);
    if (!server) {
        log_line("manifest:%u:%u: no task serves the channels '%s'", ch->at.line, ch->at.column,
                 ch->service);
        return OK;
    }
    if (link_count == CHANNELS_MAX)
        return LIMIT;
    struct link *l = &links[link_count];
    int status = OK;
    *l = (struct link){.server = &tasks[server - manifest.task],
                       .client = client,
                       .index = ch->index,
                       .client_bit = bit,
                       .client_notification = client ? client->notification : root_notification,
                       .capacity = capacity};
    l->server_notification = server_notification(ch->service, &status);
    if (status != OK)
        return status;
    snprintf(l->name, sizeof l->name, "%s", ch->service);
    status = block_take(&l->block, (CHANNEL_BYTES(capacity) + PAGE_SIZE - 1) / PAGE_SIZE);
    if (status != OK)
        return status;
    struct channel_shared *shared =
        window_open(WINDOW_PAGE, l->block.region, 0, 1, MAP_READ | MAP_WRITE);
    if (!shared) {
        block_give(&l->block);
        return QUOTA;
    }
    shared->magic = CHANNEL_MAGIC;
    shared->capacity = capacity;
    window_close(WINDOW_PAGE);
    link_count++;
    return OK;
}

static void make_links(struct task *t)
{
    for (unsigned i = 0; i < t->m->channels.count; i++) {
        int status = make_link(&t->m->channels.item[i], t, i, (uint32_t)t->m->capacity);
        if (status != OK) {
            skip(t, "channel", t->m->channels.item[i].service, status);
            return;
        }
    }
}

/* Root's own end, for the log. */
static void make_log_link(void)
{
    unsigned n = link_count;
    int status = make_link(&manifest.log, NULL, SIGNAL_LOG, 8192);
    if (status != OK)
        log_line("no channel for the log: %s", log_status(status));
    if (link_count == n)
        return;
    unsigned done;
    const struct link *l = &links[n];
    ipc()->vector[0] = (struct map_op){.kind = MAP_MAP,
                                       .rights = MAP_READ | MAP_WRITE,
                                       .region = l->block.region,
                                       .va = GRANT_VA,
                                       .pages = l->block.pages};
    status = sys_map(0, 1, &done);
    if (status == OK)
        log_channel_set(l, GRANT_VA);
    else
        log_line("the log's channel cannot be mapped: %s", status_name(status));
}

void services_make(void)
{
    static void (*const steps[])(struct task *) = {make_endpoints, make_devices, make_own,
                                                   make_links};
    for (unsigned s = 0; s < sizeof steps / sizeof *steps; s++)
        for (unsigned i = 0; i < task_count; i++)
            if (!tasks[i].m->skipped)
                steps[s](&tasks[i]);
    if (manifest.has_log)
        make_log_link();
}

struct service *service_find(const char *name)
{
    for (unsigned i = 0; i < service_count; i++)
        if (strcmp(services[i].name, name) == 0)
            return &services[i];
    return NULL;
}

void services_down(struct task *server)
{
    for (unsigned i = 0; i < service_count; i++)
        if (services[i].server == server)
            handle_drop(&services[i].endpoint);
}

/* Give every running client its capability again, in the slot where it was. A client that has put
 * something else there keeps that: it must not be able to stop the server from starting. */
static void grant_again(const struct service *s)
{
    for (unsigned i = 0; i < task_count; i++) {
        struct task *t = &tasks[i];
        for (unsigned u = 0; t->state == ROOT_RUNNING && u < t->m->use.count; u++) {
            if (strcmp(t->m->use.item[u].text, s->name) != 0)
                continue;
            int status =
                sys_cap(CAP_MINT, 0, s->endpoint, t->task, t->use_slot[u], RIGHT_SEND, t->number);
            if (status != OK)
                log_line("task %s: service %s is not granted again: %s", t->m->name, s->name,
                         status_name(status));
        }
    }
}

int services_up(struct task *server)
{
    for (unsigned i = 0; i < service_count; i++) {
        struct service *s = &services[i];
        int status;
        if (s->server != server || s->endpoint != HANDLE_NONE)
            continue;
        s->endpoint = object_new(OBJ_ENDPOINT, 0, 0, 0, 0, 0, &status);
        if (s->endpoint == HANDLE_NONE)
            return status;
        grant_again(s);
    }
    return OK;
}

struct link *link_nth(unsigned n)
{
    return n < link_count ? &links[n] : NULL;
}

void links_wake(const struct task *t)
{
    for (unsigned i = 0; i < link_count; i++) {
        const struct link *l = &links[i];
        if (l->client != t && l->server != t)
            continue;
        sys_signal(l->server_notification, 1ULL << l->index);
        sys_signal(l->client_notification, 1ULL << l->client_bit);
    }
}

/* CAN ends an escape sequence that was cut off. */
void panes_say(const struct task *t, const char *text)
{
    char line[120];
    int n = snprintf(line, sizeof line, "\030\033[0m\r\n[%s: %s]\r\n", t->m->name, text);
    for (unsigned i = 0; i < link_count; i++) {
        const struct link *l = &links[i];
        if (l->client != t || strcmp(l->name, "console") != 0 || l->index >= CONSOLE_PANES_MAX)
            continue;
        struct channel c;
        void *at =
            window_open(WINDOW_MEMORY, l->block.region, 0, l->block.pages, MAP_READ | MAP_WRITE);
        struct grant g = {.kind = GRANT_CHANNEL,
                          .handle = l->client_notification,
                          .peer = l->server_notification,
                          .index = l->client_bit,
                          .peer_bit = l->index,
                          .va = (uint64_t)at,
                          .bytes = l->block.pages * PAGE_SIZE};
        if (at && channel_open(&c, &g))
            channel_write_some(&c, line, (size_t)n);
        window_close(WINDOW_MEMORY);
    }
}
