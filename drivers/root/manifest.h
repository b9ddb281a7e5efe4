/*
 * The manifest: which tasks there are and what each is granted. Data and the two passes over it.
 *
 * manifest_parse reads text into tables, one directive a line; manifest_check compares the tables
 * with each other and with the modules that GRUB loaded. Both are pure: no kernel call, no
 * allocation, every mistake goes to a callback with its line and column, so they run hosted too.
 *
 * A task with a mistake keeps its row with `skipped` set: its name is known, it is never started.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_NAME      24  /* bytes of a name with its final zero, as in struct grant */
#define MANIFEST_ARGS      512 /* as in struct startup */
#define MANIFEST_TASKS     48
#define MANIFEST_LIST      8  /* items of one key */
#define MANIFEST_INDEX_MAX 62 /* highest index of a channel: bit 63 is the deadline's */
#define MANIFEST_GRANTS    40 /* as GRANTS_MAX */

struct place { /* counted from 1; line 0: nowhere */
    uint32_t line, column;
};

/* A name in a list: of an endpoint, a channel service, a module or a task. */
struct manifest_name {
    char text[MANIFEST_NAME];
    struct place at;
};
struct name_list {
    unsigned count;
    struct manifest_name item[MANIFEST_LIST];
};

/* Interrupt lines and port ranges: count numbers from first. */
struct manifest_range {
    uint32_t first, count;
    struct place at;
};
struct range_list {
    unsigned count;
    struct manifest_range item[MANIFEST_LIST];
};

/* The client end of a channel. */
struct manifest_channel {
    char service[MANIFEST_NAME];
    uint32_t index;
    struct place at;
};
struct channel_list {
    unsigned count;
    struct manifest_channel item[MANIFEST_LIST];
};

struct manifest_task {
    char name[MANIFEST_NAME];
    struct place at;
    bool skipped;
    uint64_t keys; /* bit n: row n of the key table was given */

    struct name_list program; /* exactly one */
    uint64_t priority;
    uint64_t budget_ns, period_ns;           /* 0: no budget */
    uint64_t memory, quota, state, capacity; /* bytes */
    struct place memory_at;
    bool driver, admin, framebuffer;
    bool guest;                      /* a `guest` line */
    char isa[MANIFEST_NAME];         /* guest: its architecture, not empty */
    uint64_t guest_memory, overhead; /* guest: bytes; memory is their sum */
    char args[MANIFEST_ARGS];
    struct name_list serve, use, modules, channel_servers, chords;
    struct range_list irq, ports;
    struct channel_list channels;
};

struct manifest {
    unsigned count;
    struct manifest_task task[MANIFEST_TASKS];
    bool has_log; /* `log SERVICE:INDEX` */
    struct manifest_channel log;
};

/* Gets one mistake: where it is and a sentence without a full stop. */
typedef void manifest_report(void *context, struct place at, const char *reason);
/* Is there a module of that name? */
typedef bool manifest_module(void *context, const char *name);

/* Read length bytes of text; *m is overwritten. Returns the number of mistakes. */
unsigned manifest_parse(struct manifest *m, const char *text, size_t length,
                        manifest_report *report, void *context);
/* Second pass: names, conflicts, modules. Returns the number of mistakes. */
unsigned manifest_check(struct manifest *m, manifest_module *exists, manifest_report *report,
                        void *context);

/* The row of a name, skipped or not, or NULL. */
struct manifest_task *manifest_find(struct manifest *m, const char *name);
/* Is the text in the list? */
bool name_list_has(const struct name_list *list, const char *text);
/* The task with serve=NAME, or with channels=NAME, that is not skipped; NULL if there is none. */
struct manifest_task *manifest_server(struct manifest *m, const char *name);
struct manifest_task *manifest_channel_server(struct manifest *m, const char *name);
/* Grants that the task will get. */
unsigned manifest_grants(const struct manifest *m, const struct manifest_task *t);
