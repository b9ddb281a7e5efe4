/*
 * The root task's own types and, below, what each file offers the others, grouped by file.
 *
 * Who owns what: a task's quota, task, thread, memory and start-up page belong to one incarnation
 * and go when it dies. Everything that a task merely uses (endpoints, notifications, interrupts,
 * ports, channel and state regions) belongs to root for ever, so a new incarnation finds it as the
 * old one left it. Root is one thread; nothing here is locked.
 */
#pragma once

#include <tetrapla/bootinfo.h>
#include <tetrapla/root.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>

#include "extent.h"
#include "manifest.h"
#include "restart.h"

#define PRIORITY_ROOT 31
#define BADGE_FAULT   0x10000u /* in the badge of a fault endpoint, beside the task's number */
#define BADGE_NUMBER  0xffffu
#define CHANNELS_MAX  64           /* in the whole system */
#define NO_MEMORY     STATUS_COUNT /* root's own status: no piece of RAM is large enough */
#define SIGNAL_LOG    62           /* bit of root's notification: room in the log channel */

/* A piece of RAM, carved out of a region of boot_info for one use. pages == 0: none. */
struct block {
    handle_t region;
    uint64_t pages;
    struct extent extent;
};

struct task {
    const struct manifest_task *m;
    unsigned number; /* badge; index in tasks[] + 1 */
    enum root_task_state state;
    unsigned starts; /* how often it was started */

    /* this incarnation; 0 while it does not run */
    handle_t quota, task, thread, fault_endpoint;
    struct block memory, page;
    handle_t use_slot[MANIFEST_LIST]; /* in the task's table: where use=... lie */

    /* for ever */
    struct block state_block;
    handle_t notification; /* for its ends as a client of channels; 0: it has none */
    handle_t irq[MANIFEST_LIST], ports[MANIFEST_LIST];
    struct restart restart;
    uint64_t fault_vector, fault_ip, fault_address;
};

/* An endpoint that a task serves. */
struct service {
    char name[MANIFEST_NAME];
    struct task *server;
    handle_t endpoint; /* 0: the server is gone for good; calls get BAD_HANDLE */
};

/* A channel. client NULL: root itself, for its log. */
struct link {
    char name[MANIFEST_NAME]; /* of the service */
    struct task *server, *client;
    unsigned index, client_bit; /* bit at the server's and at the client's notification */
    handle_t server_notification, client_notification;
    uint32_t capacity;
    struct block block;
};

extern const struct boot_info *boot;
extern struct manifest manifest;
extern struct task tasks[MANIFEST_TASKS];
extern unsigned task_count;
extern handle_t root_endpoint, root_notification;

/* ---- memory.c: RAM and windows through which root looks at it */
void memory_init(void);
/* pages of RAM, cleared, in a region of its own: OK, NO_MEMORY (not enough RAM), a kernel status. */
int block_take(struct block *b, uint64_t pages);
/* Unmap it everywhere and return it; nothing happens if it is empty. */
void block_give(struct block *b);
uint64_t memory_free_bytes(void), memory_largest_bytes(void), memory_granted_bytes(void);
enum window { WINDOW_MODULE, WINDOW_MEMORY, WINDOW_PAGE, WINDOW_FIRMWARE, WINDOW_COUNT };
/* Map pages of a region into root at a fixed place of that window; NULL if it cannot be. */
void *window_open(enum window w, handle_t region, uint64_t offset, uint64_t pages, unsigned rights);
void window_close(enum window w);
/* Make an object charged to root: its handle, or 0 with the status in *status. */
handle_t object_new(unsigned type, handle_t b, uint64_t w1, uint64_t w2, uint64_t w3, uint64_t w4,
                    int *status);
/* Delete a capability of root's and everything derived from it, and free its slot; sets it to 0. */
void handle_drop(handle_t *h);
/* The module of that name or NULL. */
const struct boot_region *module_find(const char *name);

/* ---- log.c */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Text of a status for the log, NO_MEMORY included. */
const char *log_status(int status);
/* Text of a task, one or more lines; each gets the name in front. */
void log_task(const char *name, const char *text);
/* Copy at most size bytes from position on (0: the oldest); returns how many and the next one. */
size_t log_read(uint64_t *position, char *out, size_t size);
/* Where the log is shown: a channel, or COM1 while no task serves it. */
void log_channel_set(const struct link *l, uint64_t va);
void log_serial_always(void);
/* Write what can be written now, without waiting for anyone. */
void log_flush(void);

/* ---- serial.c: COM1 for a log that has no other way out */
bool serial_write(const char *bytes, size_t n); /* false: no UART answers */

/* ---- service.c */
/* Make what tasks share: endpoints, notifications, channels. Tasks that cannot get theirs are
 * skipped, with a line in the log. */
void services_make(void);
struct service *service_find(const char *name);
/* The server will not come back by itself: calls to its endpoints end with PEER_DIED. */
void services_down(struct task *server);
/* It is about to start: endpoints that went down exist again and are granted to who runs. */
int services_up(struct task *server);
/* Wake both ends of a task's channels: it may have died between a write and its signal. */
void links_wake(const struct task *t);
struct link *link_nth(unsigned n); /* NULL past the end */

/* A line about a task that has died, in its panes, as far as it fits now. */
void panes_say(const struct task *t, const char *text);

/* ---- grants.c */
/* Put every grant of the manifest into a new task and describe it in *s. A status; *what is then
 * the grant that failed. */
int grants_make(struct task *t, struct startup *s, const char **what);

/* ---- task.c */
/* Start it; it must not run. On failure everything is undone and the reason is in the log. */
int task_start(struct task *t);
/* Stop it if it runs, take everything back, and leave it in `state`. */
void task_stop(struct task *t, enum root_task_state state);
struct task *task_find(const char *name);
struct task *task_by_number(unsigned number); /* NULL: none */

/* ---- death.c: what happens after */
void death_by_fault(struct task *t, const uint64_t fault[FAULT_WORDS]);
void death_by_exit(struct task *t, int status);
/* On request: a driver comes back at once, another task stays away unless `again`. */
int death_by_request(struct task *t, bool again);

/* Bit of root's notification that the nth chord of t signals. */
unsigned chord_bit(const struct task *t, unsigned nth);
/* Restart what those bits ask for. */
void chords_pressed(uint64_t bits);

/* ---- focus.c */
/* The client at channel `pane` of that server has the keyboard: lift it one level. BAD_ARG: there
 * is no such client. */
int focus_set(const struct task *console, unsigned pane);
/* Give a task that has just started what the focus gives it. */
void focus_apply(struct task *t);
struct task *focus_task(void);

/* ---- query.c */
/* Answer a request of t in words[]; returns the length of the answer, 0 for none. */
unsigned query(struct task *t, uint64_t words[MSG_MAX_WORDS], unsigned count);

/* ---- power.c */
/* Returns only if the machine goes on; why it does is in the log. */
void power_off(void);
void power_reboot(void);
