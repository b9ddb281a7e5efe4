/*
 * The frame of the conformance suite: what a case may use.
 *
 * A case is a function run in a fresh thread ("case thread", priority CASE_PRIORITY) of the root
 * task, with a fresh child quota in CASE_QUOTA. It ends by returning (passed) or by the first
 * WANT/CHECK that does not hold (failed). The controller (main.c) then deletes every capability in
 * the case's slots, and compares the kernel's counts with those before: a difference fails the
 * case. So a case never cleans up, except to test that deletion works.
 */
#pragma once

#include "../../kernel/root_task.h"

struct test_case {
    const char *name;
    void (*run)(void);
    uint64_t arg; /* for the case, in case_arg */
};

#define CASE_PRIORITY 20
#define LOW_PRIORITY  10
#define HIGH_PRIORITY 25
#define CASE_PAGES    768 /* of the case's quota */

/* Slots in root's table: the frame's own, then the case's. */
enum {
    FRAME_SLOTS = 600,
    FRAME_ENDPOINT = FRAME_SLOTS, /* faults of the case's threads arrive here */
    FRAME_REPLY,
    FRAME_CONTROL, /* notification of the controller */
    FRAME_SLEEP,   /* the case thread sleeps on it */
    CASE_THREAD,
    CASE_QUOTA,
    CASE_RAM, /* region: all memory a case may use */
    CASE_SLOTS = 700,
    CASE_SLOTS_END = 4000
};
#define CONTROL_DONE 1u

extern uint64_t case_arg;
extern struct test_memory memory;

/* ---- results ---------------------------------------------------------------------------------- */

void fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* End the case as skipped, with a reason. */
void skip(const char *reason);
int want_status(const char *file, int line, const char *text, int got, int want);
int want_either(const char *file, int line, const char *text, int got, int one, int two);
void want_same(const char *file, int line, const char *text, uint64_t got, uint64_t want);

#define WANT(status, expression) want_status(__FILE__, __LINE__, #expression, (expression), status)
#define WANT_EITHER(one, two, expression) \
    want_either(__FILE__, __LINE__, #expression, (expression), one, two)
#define SAME(want, expression) want_same(__FILE__, __LINE__, #expression, (expression), want)
#define CHECK(condition)                                        \
    do {                                                        \
        if (!(condition))                                       \
            fail(__FILE__, __LINE__, "not so: %s", #condition); \
    } while (0)
/* Refused, with whatever status. */
#define REFUSED(expression)                                              \
    do {                                                                 \
        if ((expression) == OK)                                          \
            fail(__FILE__, __LINE__, "%s was not refused", #expression); \
    } while (0)

/* ---- capabilities and objects ------------------------------------------------------------------ */

/* A free slot of this case. */
handle_t slot(void);
int create(unsigned type, handle_t at);
handle_t new_object(unsigned type); /* endpoint, reply or notification */
handle_t new_endpoint(void);
handle_t new_reply(void);
handle_t new_notification(void);
handle_t new_quota(uint64_t pages);
int drop(handle_t at);
int revoke(handle_t at);
handle_t mint(handle_t from, unsigned rights, uint64_t badge);
handle_t copy(handle_t from);
/* Give a capability to another task at a slot there. */
void give(handle_t task, handle_t from, handle_t at);
struct info_cap cap_info(handle_t task, handle_t at);
struct info_system system_info(void);
struct info_quota quota_info(handle_t at);
struct info_thread thread_info(handle_t at);
struct info_page_map page_info(handle_t task, uint64_t va);

/* ---- memory -------------------------------------------------------------------------------------- */

/* A region of the case's memory (derived, all rights), not shared with other calls. */
handle_t new_region(uint64_t pages);
/* As new_region, 2 MiB aligned. */
handle_t new_large_region(uint64_t pages);
/* Address space of the case: 2 MiB aligned, at least 2 MiB away from any other window. */
uint64_t new_window(uint64_t pages);
int map_op(handle_t task, unsigned kind, handle_t region, uint64_t va, uint64_t offset,
           uint64_t pages, unsigned rights);
int map_pages(handle_t task, handle_t region, uint64_t va, uint64_t offset, uint64_t pages,
              unsigned rights);
int unmap_pages(handle_t task, uint64_t va, uint64_t pages);
int protect_pages(handle_t task, handle_t region, uint64_t va, uint64_t pages, unsigned rights);
/* New memory mapped read-write-execute in the own task, cleared. */
void *new_memory(uint64_t pages);
#define RW  (MAP_READ | MAP_WRITE)
#define RX  (MAP_READ | MAP_EXEC)
#define RWX (MAP_READ | MAP_WRITE | MAP_EXEC)

/* ---- threads ------------------------------------------------------------------------------------- */

#define WORKERS      40
#define WORKER_STACK 16384

struct worker {
    struct thread_block block; /* first: FS points here */
    handle_t thread;           /* in the case's slots */
    void (*entry)(void *);
    void *arg;
    volatile uint64_t done; /* entry has returned */
    volatile int status;    /* for the entry's use */
    volatile uint64_t value[8];
    uint8_t *stack_top;
};

/* A thread in a task (0 = own) at a priority, not started; its faults go to the controller. */
struct worker *new_worker(handle_t task, unsigned priority);
void start(struct worker *w, void (*entry)(void *), void *arg);
struct worker *spawn(handle_t task, unsigned priority, void (*entry)(void *), void *arg);
/* Delete a worker's thread and let new_worker use its memory again. */
void release(struct worker *w);
struct worker *this_worker(void);
/* Wait (at most 2 s) until a thread is in a state, until its entry returned, or until *word holds
 * at least a value; the case fails otherwise. */
void await_state(handle_t thread, uint64_t state);
void await_done(struct worker *w);
void await_value(volatile uint64_t *word, uint64_t least);
void pause_ms(uint64_t ms);
void pause_us(uint64_t us);
_Noreturn void thread_leave(void);
/* An endless loop; entry of workers that are to be stopped or deleted. */
void spin_for_ever(void *arg);

/* A task with its own quota whose address space shares this program's image: workers can run in
 * it. Its table is empty; give() fills it. */
#define CHILD_PAGES 96
handle_t new_task(void);
handle_t new_task_of(handle_t quota, unsigned ceiling);
/* Map the program's image into a task. */
int share_image(handle_t task);

/* ---- faults -------------------------------------------------------------------------------------- */

struct fault {
    unsigned happened;
    uint64_t word[FAULT_WORDS];
};
enum probe { PROBE_READ, PROBE_WRITE, PROBE_EXEC };
/* Touch an address from a thread of a task and say what fault it got. Memory that is to be executed
 * must hold a RET there. */
struct fault probe(handle_t task, enum probe kind, uint64_t va);
#define READABLE(va) (!probe(0, PROBE_READ, va).happened)
#define WRITABLE(va) (!probe(0, PROBE_WRITE, va).happened)

/* Receive one fault at an endpoint into a reply; fails the case if something else arrives. */
struct fault take_fault(handle_t endpoint, handle_t reply);

/* ---- the parts ------------------------------------------------------------------------------------ */
extern const struct test_case handle_cases[], call_cases[], cap_cases[], region_cases[],
    map_cases[], large_cases[], quota_cases[], ipc_cases[], death_cases[], notify_cases[],
    sched_cases[], thread_cases[], fault_cases[], upcall_cases[], return_cases[], poke_cases[],
    state_cases[], device_cases[], info_cases[], preempt_cases[], nmi_cases[];
