/*
 * The frame around a case: results, fresh objects, memory, threads, and the cleaning up.
 *
 * Invariants: slots are handed out once per case and deleted last first; a worker's IPC page lies at
 * an address of its own; every region is derived from CASE_RAM, so deleting it unmaps everything.
 */
#include <stdarg.h>
#include "frame.h"

#define WINDOW_VA     0x0000400000000000ULL
#define WORKER_IPC_VA 0x00007f9000000000ULL
#define WINDOW_ALIGN  512ULL /* pages */

extern char _end[];

static struct worker workers[WORKERS];
static bool worker_used[WORKERS];
static uint8_t worker_stacks[WORKERS][WORKER_STACK] __attribute__((aligned(4096)));
static struct worker case_worker;
static uint8_t case_stack[4 * WORKER_STACK] __attribute__((aligned(4096)));

uint64_t case_arg;
struct test_memory memory;
char frame_failure[256];
char frame_position[160];
const char *volatile frame_skipped;

static handle_t next_slot;
static uint64_t next_page;   /* of CASE_RAM */
static uint64_t next_window; /* address */
static handle_t probe_endpoint, probe_reply;

/* ---- results ----------------------------------------------------------------------------------- */

struct worker *this_worker(void)
{
    struct worker *w;
    __asm__ volatile("movq %%fs:0, %0" : "=r"(w));
    return w;
}

_Noreturn void thread_leave(void)
{
    for (;;)
        sys_thread(THREAD_EXIT, 0, 0, 0, 0, 0, 0, 0);
}

static _Noreturn void case_end(void)
{
    sys_signal(FRAME_CONTROL, CONTROL_DONE);
    thread_leave();
}

/* A worker cannot end the case: its message stays, and the case thread finds it when it waits. */
static _Noreturn void leave_failed(void)
{
    if (this_worker() == &case_worker)
        case_end();
    thread_leave();
}

void fail(const char *file, int line, const char *format, ...)
{
    if (frame_failure[0] == 0) {
        const char *base = strrchr(file, '/');
        int n = snprintf(frame_failure, sizeof frame_failure,
                         "%s:%d: ", base != NULL ? base + 1 : file, line);
        va_list list;
        va_start(list, format);
        vsnprintf(frame_failure + n, sizeof frame_failure - (size_t)n, format, list);
        va_end(list);
    }
    leave_failed();
}

void skip(const char *reason)
{
    frame_skipped = reason;
    case_end();
}

static void position(const char *file, int line, const char *text)
{
    if (this_worker() != &case_worker)
        return;
    const char *base = strrchr(file, '/');
    snprintf(frame_position, sizeof frame_position, "%s:%d %s", base != NULL ? base + 1 : file,
             line, text);
}

int want_status(const char *file, int line, const char *text, int got, int want)
{
    if (got != want)
        fail(file, line, "%s: %s, not %s", text, status_name(got), status_name(want));
    position(file, line, text);
    return got;
}

int want_either(const char *file, int line, const char *text, int got, int one, int two)
{
    if (got != one && got != two)
        fail(file, line, "%s: %s, not %s or %s", text, status_name(got), status_name(one),
             status_name(two));
    position(file, line, text);
    return got;
}

void want_same(const char *file, int line, const char *text, uint64_t got, uint64_t want)
{
    if (got != want)
        fail(file, line, "%s is %lx, not %lx", text, (unsigned long)got, (unsigned long)want);
    position(file, line, text);
}

/* ---- capabilities and objects ------------------------------------------------------------------- */

handle_t slot(void)
{
    CHECK(next_slot < CASE_SLOTS_END);
    return next_slot++;
}

int create(unsigned type, handle_t at)
{
    return sys_create(type, CASE_QUOTA, 0, at, 0, 0, 0, 0);
}

handle_t new_object(unsigned type)
{
    handle_t at = slot();
    WANT(OK, create(type, at));
    return at;
}

handle_t new_endpoint(void)
{
    return new_object(OBJ_ENDPOINT);
}
handle_t new_reply(void)
{
    return new_object(OBJ_REPLY);
}
handle_t new_notification(void)
{
    return new_object(OBJ_NOTIFICATION);
}

handle_t new_quota(uint64_t pages)
{
    handle_t at = slot();
    WANT(OK, sys_create(OBJ_QUOTA, CASE_QUOTA, 0, at, pages, 0, 0, 0));
    return at;
}

int drop(handle_t at)
{
    return sys_cap(CAP_DELETE, 0, at, 0, 0, 0, 0);
}
int revoke(handle_t at)
{
    return sys_cap(CAP_REVOKE, 0, at, 0, 0, 0, 0);
}

handle_t mint(handle_t from, unsigned rights, uint64_t badge)
{
    handle_t at = slot();
    WANT(OK, sys_cap(CAP_MINT, 0, from, 0, at, rights, badge));
    return at;
}

handle_t copy(handle_t from)
{
    handle_t at = slot();
    WANT(OK, sys_cap(CAP_COPY, 0, from, 0, at, 0, 0));
    return at;
}

void give(handle_t task, handle_t from, handle_t at)
{
    WANT(OK, sys_cap(CAP_COPY, 0, from, task, at, 0, 0));
}

/* The answer to an info call, copied out of the IPC page. */
static void ask(unsigned what, handle_t a, uint64_t w0, void *answer, size_t size)
{
    memset(ipc()->msg, 0xa5, size);
    WANT(OK, sys_info(what, a, w0));
    memcpy(answer, ipc()->msg, size);
}

struct info_cap cap_info(handle_t task, handle_t at)
{
    struct info_cap info;
    ask(INFO_CAP, task, at, &info, sizeof info);
    return info;
}

struct info_system system_info(void)
{
    struct info_system info;
    ask(INFO_SYSTEM, 0, 0, &info, sizeof info);
    return info;
}

struct info_quota quota_info(handle_t at)
{
    struct info_quota info;
    ask(INFO_QUOTA, at, 0, &info, sizeof info);
    return info;
}

struct info_thread thread_info(handle_t at)
{
    struct info_thread info;
    ask(INFO_THREAD, at, 0, &info, sizeof info);
    return info;
}

struct info_page_map page_info(handle_t task, uint64_t va)
{
    struct info_page_map info;
    ask(INFO_PAGE, task, va, &info, sizeof info);
    return info;
}

/* ---- memory --------------------------------------------------------------------------------------- */

static handle_t derive_at(uint64_t first, uint64_t pages)
{
    handle_t at = slot();
    CHECK(first + pages <= memory.pages);
    WANT(OK,
         sys_create(OBJ_REGION, CASE_QUOTA, CASE_RAM, at, first, pages, RIGHTS_ALL, REGION_DERIVE));
    next_page = first + pages;
    return at;
}

handle_t new_region(uint64_t pages)
{
    return derive_at(next_page, pages);
}

handle_t new_large_region(uint64_t pages)
{
    uint64_t frame = memory.physical / PAGE_SIZE + next_page;
    uint64_t gap = -frame % 512;
    return derive_at(next_page + gap, pages);
}

uint64_t new_window(uint64_t pages)
{
    uint64_t va = next_window;
    uint64_t span = (pages + 2 * WINDOW_ALIGN - 1) / WINDOW_ALIGN * WINDOW_ALIGN + WINDOW_ALIGN;
    next_window += span * PAGE_SIZE;
    return va;
}

int map_op(handle_t task, unsigned kind, handle_t region, uint64_t va, uint64_t offset,
           uint64_t pages, unsigned rights)
{
    unsigned done;
    ipc()->vector[0] = (struct map_op){.kind = (uint8_t)kind,
                                       .rights = (uint8_t)rights,
                                       .region = region,
                                       .va = va,
                                       .offset = offset,
                                       .pages = pages};
    int status = sys_map(task, 1, &done);
    CHECK(done == (status == OK ? 1u : 0u));
    return status;
}

int map_pages(handle_t task, handle_t region, uint64_t va, uint64_t offset, uint64_t pages,
              unsigned rights)
{
    return map_op(task, MAP_MAP, region, va, offset, pages, rights);
}

int unmap_pages(handle_t task, uint64_t va, uint64_t pages)
{
    return map_op(task, MAP_UNMAP, 0, va, 0, pages, 0);
}

int protect_pages(handle_t task, handle_t region, uint64_t va, uint64_t pages, unsigned rights)
{
    return map_op(task, MAP_PROTECT, region, va, 0, pages, rights);
}

void *new_memory(uint64_t pages)
{
    uint64_t va = new_window(pages);
    WANT(OK, map_pages(0, new_region(pages), va, 0, pages, RWX));
    memset((void *)va, 0, pages * PAGE_SIZE);
    return (void *)va;
}

/* ---- threads ------------------------------------------------------------------------------------- */

void worker_main(struct worker *w);
void worker_main(struct worker *w)
{
    w->entry(w->arg);
    w->done = 1;
    if (w == &case_worker)
        case_end();
    thread_leave();
}

/* First instructions of every worker: its thread block becomes the FS base. */
void worker_start(void);
__asm__(".text\n"
        ".globl worker_start\n"
        ".type worker_start, @function\n"
        "worker_start:\n"
        "    wrfsbase %rdi\n"
        "    xorl %ebp, %ebp\n"
        "    call worker_main\n"
        "    ud2\n"
        ".size worker_start, . - worker_start\n");

static int worker_create(struct worker *w, unsigned index, handle_t quota, handle_t task,
                         handle_t at, unsigned priority)
{
    uint64_t page = WORKER_IPC_VA + index * PAGE_SIZE;
    memset(w, 0, sizeof *w);
    w->block.self = &w->block;
    w->block.ipc = (struct ipc_page *)page;
    w->block.thread = at;
    w->thread = at;
    return sys_create(OBJ_THREAD, quota, task, at, page, priority, 0, 0);
}

struct worker *new_worker(handle_t task, unsigned priority)
{
    unsigned i = 0;
    while (i < WORKERS && worker_used[i])
        i++;
    CHECK(i < WORKERS);
    struct worker *w = &workers[i];
    WANT(OK, worker_create(w, i, CASE_QUOTA, task, slot(), priority));
    worker_used[i] = true;
    w->stack_top = worker_stacks[i] + WORKER_STACK;
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, FRAME_ENDPOINT, 0, 0, 0, 0, 0));
    return w;
}

void start(struct worker *w, void (*entry)(void *), void *arg)
{
    w->entry = entry;
    w->arg = arg;
    WANT(OK, sys_thread(THREAD_START, w->thread, 0, (uint64_t)worker_start, (uint64_t)w->stack_top,
                        (uint64_t)w, 0, 0));
}

struct worker *spawn(handle_t task, unsigned priority, void (*entry)(void *), void *arg)
{
    struct worker *w = new_worker(task, priority);
    start(w, entry, arg);
    return w;
}

void release(struct worker *w)
{
    WANT(OK, drop(w->thread));
    worker_used[w - workers] = false;
}

void spin_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        __asm__ volatile("pause");
}

void pause_us(uint64_t us)
{
    uint64_t bits;
    if (frame_failure[0] != 0)
        leave_failed();
    WANT(OK, sys_wait(FRAME_SLEEP, WAIT_ARM, time_now() + us * 1000, &bits));
}

void pause_ms(uint64_t ms)
{
    pause_us(ms * 1000);
}

#define AWAIT_LIMIT_NS 5000000000ULL

void await_state(handle_t thread, uint64_t state)
{
    uint64_t end = time_now() + AWAIT_LIMIT_NS, now = thread_info(thread).state;
    for (; now != state; now = thread_info(thread).state) {
        if (time_now() > end)
            fail("await_state", 0, "thread stays in state %lu, not %lu (last check passed: %s)",
                 (unsigned long)now, (unsigned long)state, frame_position);
        pause_us(200);
    }
}

void await_value(volatile uint64_t *word, uint64_t least)
{
    uint64_t end = time_now() + AWAIT_LIMIT_NS;
    while (*word < least) {
        if (time_now() > end)
            fail("await_value", 0, "still %lu, not %lu (last check passed: %s)",
                 (unsigned long)*word, (unsigned long)least, frame_position);
        pause_us(200);
    }
}

void await_done(struct worker *w)
{
    await_value(&w->done, 1);
}

/* ---- tasks ------------------------------------------------------------------------------------- */

int share_image(handle_t task)
{
    uint64_t pages = ((uint64_t)_end - IMAGE_VA + PAGE_SIZE - 1) / PAGE_SIZE;
    return map_pages(task, ROOT_IMAGE, IMAGE_VA, 0, pages, RWX);
}

handle_t new_task_of(handle_t quota, unsigned ceiling)
{
    handle_t at = slot();
    WANT(OK, sys_create(OBJ_TASK, quota, 0, at, ceiling, 0, 0, 0));
    return at;
}

handle_t new_task(void)
{
    handle_t task = new_task_of(new_quota(CHILD_PAGES), PRIORITY_MAX);
    WANT(OK, share_image(task));
    return task;
}

/* ---- faults -------------------------------------------------------------------------------------- */

struct fault take_fault(handle_t endpoint, handle_t reply)
{
    struct fault f = {.happened = 1};
    struct message m = {{0}, 0, 0, 0, 0};
    WANT(OK, sys_recv(endpoint, reply, 0, &m));
    SAME(RECV_FAULT, m.kind);
    SAME(FAULT_WORDS, m.words);
    memcpy(f.word, m.w, sizeof f.word);
    return f;
}

static void read_at(void *va)
{
    (void)*(volatile uint8_t *)va;
}
static void write_at(void *va)
{
    volatile uint8_t *byte = va;
    __asm__ volatile("lock; orb $0, %0" : "+m"(*byte));
}
static void execute_at(void *va)
{
    __asm__ volatile("call *%0" : : "r"(va) : "memory");
}

struct fault probe(handle_t task, enum probe kind, uint64_t va)
{
    static void (*const touch[])(void *) = {read_at, write_at, execute_at};
    struct fault f = {.happened = 0};
    if (probe_endpoint == HANDLE_NONE) {
        probe_endpoint = new_endpoint();
        probe_reply = new_reply();
    }
    struct worker *w = new_worker(task, HIGH_PRIORITY);
    WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, probe_endpoint, 0, 0, 0, 0, 0));
    start(w, touch[kind], (void *)va);
    uint64_t end = time_now() + AWAIT_LIMIT_NS;
    while (!w->done) {
        struct message m = {{0}, 0, 0, 0, 0};
        int status = sys_recv(probe_endpoint, probe_reply, RECV_POLL, &m);
        if (status == OK) {
            SAME(RECV_FAULT, m.kind);
            f.happened = 1;
            memcpy(f.word, m.w, sizeof f.word);
            m.w[0] = FAULT_REPLY_STOP;
            WANT(OK, sys_reply(probe_reply, 1, &m));
            break;
        }
        WANT(WOULD_BLOCK, status);
        CHECK(time_now() < end);
        pause_us(200);
    }
    release(w);
    return f;
}

/* ---- begin and end --------------------------------------------------------------------------------- */

static void setup(int status, const char *what)
{
    if (status != OK && frame_failure[0] == 0)
        snprintf(frame_failure, sizeof frame_failure, "setting up: %s: %s", what,
                 status_name(status));
}

static void run_entry(void *arg)
{
    ((const struct test_case *)arg)->run();
}

void frame_begin(const struct test_case *c)
{
    frame_failure[0] = 0;
    frame_position[0] = 0;
    frame_skipped = NULL;
    case_arg = c->arg;
    next_slot = CASE_SLOTS;
    next_page = 0;
    next_window = WINDOW_VA;
    probe_endpoint = HANDLE_NONE;
    memset(worker_used, 0, sizeof worker_used);
    setup(sys_create(OBJ_QUOTA, ROOT_QUOTA, 0, CASE_QUOTA, CASE_PAGES, 0, 0, 0), "quota");
    setup(sys_create(OBJ_REGION, CASE_QUOTA, memory.region, CASE_RAM, memory.first, memory.pages,
                     RIGHTS_ALL, REGION_DERIVE),
          "memory");
    setup(worker_create(&case_worker, WORKERS, ROOT_QUOTA, 0, CASE_THREAD, CASE_PRIORITY),
          "thread");
    case_worker.entry = run_entry;
    case_worker.arg = (void *)(uintptr_t)c;
    setup(sys_thread(THREAD_SET_FAULT, CASE_THREAD, FRAME_ENDPOINT, 0, 0, 0, 0, 0),
          "fault endpoint");
    setup(sys_thread(THREAD_START, CASE_THREAD, 0, (uint64_t)worker_start,
                     (uint64_t)(case_stack + sizeof case_stack), (uint64_t)&case_worker, 0, 0),
          "start");
    if (frame_failure[0] != 0)
        sys_signal(FRAME_CONTROL, CONTROL_DONE);
}

void frame_end(void)
{
    struct message m = {{0}, 0, 0, 0, 0};
    uint64_t bits;
    drop(CASE_THREAD);
    for (handle_t at = next_slot; at > CASE_SLOTS; at--)
        drop(at - 1);
    drop(CASE_RAM);
    drop(CASE_QUOTA);
    /* Nothing of the case may be left in the frame's own objects. */
    sys_wait(FRAME_CONTROL, WAIT_POLL, 0, &bits);
    while (sys_recv(FRAME_ENDPOINT, FRAME_REPLY, RECV_POLL, &m) == OK) {
        m.w[0] = FAULT_REPLY_STOP;
        sys_reply(FRAME_REPLY, 1, &m);
    }
    sys_wait(FRAME_SLEEP, WAIT_ARM | WAIT_POLL, DEADLINE_NEVER, &bits);
}
