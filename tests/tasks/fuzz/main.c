/*
 * Root's side of the fuzzer: builds the two tasks, keeps the victim going, counts, and compares the
 * kernel's counts at the end with those at the start.
 *
 * Words of the kernel's command line: fuzz=N calls to make (default 10,000,000), seed=N.
 *
 * The nurse runs below the victim's priority, so it runs exactly when no thread of the victim can.
 * It revives each of them by stop and start, or makes it anew. The watchdog runs above everything;
 * when the victim makes no calls although the nurse is not starved, or after VICTIM_LIFE_NS, it asks
 * for a new victim and lifts the nurse above the old one for that.
 */
#include "fuzz.h"
#include <stdlib.h>

#define NURSE_PRIORITY    5
#define VICTIM_PRIORITY   10
#define INNOCENT_PRIORITY 14
#define LIFT_PRIORITY     20
#define TICK_NS           20000000ULL
#define VICTIM_LIFE_NS    3000000000ULL
#define VICTIM_QUOTA      500
#define LIMIT_NS          3000000000000ULL

/* Root's slots. */
enum {
    S_CONTROL_REGION = 600,
    S_MEMORY, /* all that the tasks get */
    S_VICTIM_IMAGE,
    S_STACKS,
    S_QUOTA,
    S_TASK,
    S_TIMER,
    S_SCRATCH, /* the nurse's */
    S_THREADS, /* copies of the victim's thread capabilities */
    S_GIVEN = S_THREADS + VICTIM_THREADS,
    S_INNOCENT = S_GIVEN + 24,
    S_END = S_INNOCENT + 16
};

extern char _end[];
static struct test_memory memory;
static struct control *control;
static struct innocent *innocent;
static uint64_t next_page;
static volatile bool rebuild_wanted = true, finished;
static volatile uint64_t rebuilds, revivals, built_at;
static unsigned failures;

static uint64_t image_pages(void)
{
    return ((uint64_t)_end - IMAGE_VA + PAGE_SIZE - 1) / PAGE_SIZE;
}

static bool good(int status, const char *what)
{
    if (status == OK)
        return true;
    printf("FAIL fuzz_setup: %s: %s\n", what, status_name(status));
    failures++;
    return false;
}

static int drop(handle_t at)
{
    return sys_cap(CAP_DELETE, 0, at, 0, 0, 0, 0);
}

static int map(handle_t task, handle_t region, uint64_t va, uint64_t pages, unsigned rights)
{
    unsigned done;
    ipc()->vector[0] = (struct map_op){
        .kind = MAP_MAP, .rights = (uint8_t)rights, .region = region, .va = va, .pages = pages};
    return sys_map(task, 1, &done);
}

#define RW (MAP_READ | MAP_WRITE)

static int new_region(handle_t at, uint64_t pages)
{
    uint64_t first = next_page;
    next_page += pages;
    return sys_create(OBJ_REGION, ROOT_QUOTA, S_MEMORY, at, first, pages, RIGHTS_ALL,
                      REGION_DERIVE);
}

static void copy_image(uint64_t to)
{
    memcpy((void *)to, (const void *)IMAGE_VA, image_pages() * PAGE_SIZE);
}

static struct info_system counts(void)
{
    sys_info(INFO_SYSTEM, 0, 0);
    struct info_system s;
    memcpy(&s, ipc()->msg, sizeof s);
    return s;
}

/* ---- the victim ------------------------------------------------------------------------------------ */

#define IMAGE_COPY_VA 0x0000640000000000ULL /* the victim's image as root sees it */
#define GIVEN_COUNT   16

/* Make an object in root's slot and give the victim a sibling of it. */
static void give(unsigned type, unsigned index, handle_t at, uint64_t w1, uint64_t w2, uint64_t w3,
                 uint64_t w4, handle_t b)
{
    handle_t own = S_GIVEN + index;
    int status = sys_create(type, S_QUOTA, b, own, w1, w2, w3, w4);
    if (status == OK)
        status = sys_cap(CAP_COPY, 0, own, S_TASK, at, 0, 0);
    good(status, "an object for the victim");
}

static int make_thread(unsigned i)
{
    drop(S_THREADS + i);
    sys_cap(CAP_DELETE, S_TASK, V_THREADS + i, 0, 0, 0, 0);
    int status = sys_create(OBJ_THREAD, S_QUOTA, S_TASK, S_THREADS + i,
                            VICTIM_IPC_VA + i * PAGE_SIZE, VICTIM_PRIORITY, 0, 0);
    if (status == OK)
        status = sys_cap(CAP_COPY, 0, S_THREADS + i, S_TASK, V_THREADS + i, 0, 0);
    return status;
}

static int start_thread(unsigned i)
{
    sys_thread(THREAD_UPCALL, S_THREADS + i, 0, 0, 0, 0, 0, 0);
    sys_thread(THREAD_PRIORITY, S_THREADS + i, 0, VICTIM_PRIORITY, 0, 0, 0, 0);
    return sys_thread(THREAD_START, S_THREADS + i, 0, (uint64_t)victim_start,
                      STACK_VA + (i + 1) * STACK_BYTES, i, 0, 0);
}

static void destroy_victim(void)
{
    for (unsigned i = 0; i < VICTIM_THREADS; i++)
        drop(S_THREADS + i);
    drop(S_TASK);
    for (unsigned i = 0; i < GIVEN_COUNT; i++)
        drop(S_GIVEN + i);
    drop(S_QUOTA);
}

static void build_victim(void)
{
    destroy_victim();
    copy_image(IMAGE_COPY_VA);
    memset(control->dynamic_type, 0, sizeof control->dynamic_type);
    good(sys_create(OBJ_QUOTA, ROOT_QUOTA, 0, S_QUOTA, VICTIM_QUOTA, 0, 0, 0),
         "the victim's quota");
    good(sys_create(OBJ_TASK, S_QUOTA, 0, S_TASK, VICTIM_PRIORITY, 0, 0, 0), "the victim");
    good(map(S_TASK, S_VICTIM_IMAGE, IMAGE_VA, image_pages(), RW | MAP_EXEC), "its image");
    good(map(S_TASK, S_STACKS, STACK_VA, VICTIM_THREADS * STACK_BYTES / PAGE_SIZE, RW),
         "its stacks");
    good(map(S_TASK, S_CONTROL_REGION, CONTROL_VA, CONTROL_PAGES, RW), "its control region");
    good(sys_cap(CAP_MINT, 0, S_TASK, S_TASK, V_TASK, RIGHTS_ALL, 0), "its own capability");
    give(OBJ_QUOTA, 0, V_QUOTA, VICTIM_QUOTA / 2, 0, 0, 0, 0);
    for (unsigned i = 0; i < 3; i++)
        give(OBJ_ENDPOINT, 1 + i, V_ENDPOINTS + i, 0, 0, 0, 0, 0);
    for (unsigned i = 0; i < 4; i++)
        give(OBJ_REPLY, 4 + i, V_REPLIES + i, 0, 0, 0, 0, 0);
    for (unsigned i = 0; i < 3; i++)
        give(OBJ_NOTIFICATION, 8 + i, V_NOTIFICATIONS + i, 0, 0, 0, 0, 0);
    /* Regions of 1,100 pages: some of them hold an aligned 2 MiB. */
    for (unsigned i = 0; i < 4; i++)
        give(OBJ_REGION, 11 + i, V_REGIONS + i, next_page + i * 1100, 1100, RIGHTS_ALL,
             i < 2 ? REGION_DERIVE : REGION_CARVE, S_MEMORY);
    give(OBJ_PORTS, 15, V_PORTS, 0x80, 8, 0, 0, ROOT_PORTS);
    for (unsigned i = 0; i < VICTIM_THREADS; i++)
        if (good(make_thread(i), "a thread of the victim"))
            good(start_thread(i), "starting it");
    built_at = time_now();
    rebuilds++;
}

/* The mappings the victim lives by, as they were. */
static void map_again(void)
{
    const struct {
        handle_t region;
        uint64_t va, pages;
        unsigned rights;
    } rows[] = {{S_VICTIM_IMAGE, IMAGE_VA, image_pages(), RW | MAP_EXEC},
                {S_STACKS, STACK_VA, VICTIM_THREADS * STACK_BYTES / PAGE_SIZE, RW},
                {S_CONTROL_REGION, CONTROL_VA, CONTROL_PAGES, RW}};
    unsigned done;
    for (unsigned i = 0; i < 3; i++) {
        ipc()->vector[0] =
            (struct map_op){.kind = MAP_UNMAP, .va = rows[i].va, .pages = rows[i].pages};
        sys_map(S_TASK, 1, &done);
        map(S_TASK, rows[i].region, rows[i].va, rows[i].pages, rows[i].rights);
    }
}

/*
 * Whatever a thread hangs in: stop it and start it afresh. One that has made no call since it was
 * last revived has lost something it needs: first its pages are mapped again and it is made anew;
 * if that does not help, the victim is. A thread that is ready although the nurse runs has a
 * priority below the nurse's.
 */
static void revive(unsigned i)
{
    static uint64_t calls[VICTIM_THREADS];
    static unsigned without[VICTIM_THREADS];
    struct info_thread info;
    if (sys_info(INFO_THREAD, S_THREADS + i, 0) != OK)
        return;
    memcpy(&info, ipc()->msg, sizeof info);
    if (info.state == THREAD_READY || info.state == THREAD_RUNNING) {
        sys_thread(THREAD_PRIORITY, S_THREADS + i, 0, VICTIM_PRIORITY, 0, 0, 0, 0);
        return;
    }
    revivals++;
    without[i] = control->thread[i].calls == calls[i] ? without[i] + 1 : 0;
    calls[i] = control->thread[i].calls;
    if (without[i] == 2)
        map_again();
    if (without[i] >= 5) {
        memset(without, 0, sizeof without);
        rebuild_wanted = true;
    } else if (info.state == THREAD_DEAD || without[i] >= 2) {
        if (make_thread(i) == OK)
            start_thread(i);
    } else {
        sys_thread(THREAD_STOP, S_THREADS + i, 0, 0, 0, 0, 0, 0);
        start_thread(i);
    }
}

/* Root's capabilities are siblings of the victim's; give back what it threw away. */
static void give_again(void)
{
    static const struct {
        uint8_t own, count, at;
    } rows[] = {{0, 1, V_QUOTA},         {1, 3, V_ENDPOINTS}, {4, 4, V_REPLIES},
                {8, 3, V_NOTIFICATIONS}, {11, 4, V_REGIONS},  {15, 1, V_PORTS}};
    for (unsigned r = 0; r < sizeof rows / sizeof rows[0]; r++)
        for (unsigned i = 0; i < rows[r].count; i++)
            sys_cap(CAP_COPY, 0, S_GIVEN + rows[r].own + i, S_TASK, rows[r].at + i, 0, 0);
    sys_cap(CAP_MINT, 0, S_TASK, S_TASK, V_TASK, RIGHTS_ALL, 0);
}

static void nurse(void *arg)
{
    (void)arg;
    for (unsigned round = 0; !finished; round++) {
        if (rebuild_wanted) { /* undisturbed by the threads already started */
            sys_thread(THREAD_PRIORITY, 0, 0, LIFT_PRIORITY, 0, 0, 0, 0);
            build_victim();
            rebuild_wanted = false;
            sys_thread(THREAD_PRIORITY, 0, 0, NURSE_PRIORITY, 0, 0, 0, 0);
        }
        for (unsigned i = 0; i < VICTIM_THREADS && !rebuild_wanted; i++)
            revive(i);
        if (round % 64 == 0)
            give_again();
    }
    destroy_victim();
    rebuild_wanted = false;
    sys_thread(THREAD_STOP, 0, 0, 0, 0, 0, 0, 0);
}

/* ---- the innocent ------------------------------------------------------------------------------------ */

static void build_innocent(void)
{
    enum { QUOTA_AT, TASK_AT, IMAGE_AT, STACK_AT, REPORT_AT, DATA_AT, THREAD_AT };
    handle_t h = S_INNOCENT, task = h + TASK_AT;
    uint64_t stack = 0x0000650000000000ULL, view = 0x0000660000000000ULL;
    good(sys_create(OBJ_QUOTA, ROOT_QUOTA, 0, h + QUOTA_AT, 100, 0, 0, 0), "the innocent's quota");
    good(sys_create(OBJ_TASK, h + QUOTA_AT, 0, task, INNOCENT_PRIORITY, 0, 0, 0), "the innocent");
    good(new_region(h + IMAGE_AT, image_pages()), "its image");
    good(map(0, h + IMAGE_AT, view, image_pages(), RW), "its image in root");
    copy_image(view);
    good(map(task, h + IMAGE_AT, IMAGE_VA, image_pages(), RW | MAP_EXEC), "its image");
    good(new_region(h + STACK_AT, 8), "its stacks");
    good(map(task, h + STACK_AT, stack, 8, RW), "its stacks");
    good(new_region(h + REPORT_AT, 1), "its report");
    good(map(0, h + REPORT_AT, INNOCENT_VA, 1, RW), "its report in root");
    innocent = (struct innocent *)INNOCENT_VA;
    memset(innocent, 0, sizeof *innocent);
    good(map(task, h + REPORT_AT, INNOCENT_VA, 1, RW), "its report");
    good(new_region(h + DATA_AT, INNOCENT_PAGES), "its memory");
    good(map(task, h + DATA_AT, INNOCENT_DATA_VA, INNOCENT_PAGES, RW), "its memory");
    handle_t at = h + THREAD_AT + 2;
    sys_create(OBJ_ENDPOINT, h + QUOTA_AT, 0, at, 0, 0, 0, 0);
    sys_create(OBJ_REPLY, h + QUOTA_AT, 0, at + 1, 0, 0, 0, 0);
    sys_create(OBJ_NOTIFICATION, h + QUOTA_AT, 0, at + 2, 0, 0, 0, 0);
    good(sys_cap(CAP_MINT, 0, at, task, I_ENDPOINT, RIGHTS_ALL, 0x77), "its endpoint");
    good(sys_cap(CAP_COPY, 0, at + 1, task, I_REPLY, 0, 0), "its reply");
    good(sys_cap(CAP_COPY, 0, at + 2, task, I_TIMER, 0, 0), "its timer");
    for (unsigned i = 0; i < 2; i++) {
        good(sys_create(OBJ_THREAD, h + QUOTA_AT, task, h + THREAD_AT + i,
                        INNOCENT_IPC_VA + i * PAGE_SIZE, INNOCENT_PRIORITY, 0, 0),
             "its thread");
        good(sys_thread(THREAD_START, h + THREAD_AT + i, 0,
                        i == 0 ? (uint64_t)innocent_client_start : (uint64_t)innocent_server_start,
                        stack + (i + 1) * 4 * PAGE_SIZE, 0, 0, 0),
             "starting it");
    }
}

/* ---- the watchdog -------------------------------------------------------------------------------------- */

/*
 * Calls made so far, and how they ended. The counters lie in memory that the victim may scribble on,
 * so root adds up only steps that are possible in the time between two looks.
 */
#define STEP_MAX 1000000

static uint64_t ended[CALL_COUNT + 1][STATUS_COUNT + 1];

static void add_step(uint64_t *sum, uint64_t *seen, uint64_t now)
{
    if (now - *seen < STEP_MAX)
        *sum += now - *seen;
    *seen = now;
}

static uint64_t calls_made(void)
{
    static uint64_t counted;
    static struct fuzz_thread seen[VICTIM_THREADS];
    for (unsigned i = 0; i < VICTIM_THREADS; i++) {
        const struct fuzz_thread *t = &control->thread[i];
        add_step(&counted, (uint64_t *)&seen[i].calls, t->calls);
        for (unsigned nr = 0; nr <= CALL_COUNT; nr++)
            for (unsigned s = 0; s <= STATUS_COUNT; s++)
                add_step(&ended[nr][s], (uint64_t *)&seen[i].status[nr][s], t->status[nr][s]);
    }
    return counted;
}

static uint64_t word_value(const char *name, uint64_t otherwise)
{
    const char *at = strstr(boot_info()->command_line, name);
    return at == NULL ? otherwise : strtoull(at + strlen(name), NULL, 0);
}

static void watch(handle_t nurse_thread, uint64_t calls)
{
    uint64_t last = 0, still = 0, ticks = 0, bits, begin = time_now(), said = 0, innocent_last = 0,
             asleep = 0;
    while (calls_made() < calls && time_now() - begin < LIMIT_NS && failures == 0) {
        sys_wait(S_TIMER, WAIT_ARM, time_now() + TICK_NS, &bits);
        uint64_t now = calls_made();
        still = now - last < 100 ? still + 1 : 0;
        last = now;
        if (!rebuild_wanted && (still >= 5 || time_now() - built_at > VICTIM_LIFE_NS)) {
            rebuild_wanted = true;
            still = 0;
            sys_thread(THREAD_PRIORITY, nurse_thread, 0, LIFT_PRIORITY, 0, 0, 0, 0);
        }
        if (++ticks % 5 == 0 && !rebuild_wanted)
            give_again(); /* the nurse may not run for long */
        asleep = innocent->rounds == innocent_last ? asleep + 1 : 0;
        innocent_last = innocent->rounds;
        if (asleep == 250) {
            printf("FAIL fuzz_innocent_runs: no message for 5 s\n");
            failures++;
        }
        if (now / 1000000 > said) {
            said = now / 1000000;
            printf("fuzz: %lu million calls, %lu victims, %lu revivals, %lu messages elsewhere\n",
                   (unsigned long)said, (unsigned long)rebuilds, (unsigned long)revivals,
                   (unsigned long)innocent->rounds);
        }
    }
}

static void histogram(void)
{
    static const char *const names[CALL_COUNT + 1] = {
        "call", "reply", "recv",   "reply_recv", "signal",        "wait", "create",
        "cap",  "map",   "thread", "irq",        "upcall_return", "info", "other"};
    for (unsigned nr = 0; nr <= CALL_COUNT; nr++) {
        printf("fuzz: %-13s", names[nr]);
        for (unsigned s = 0; s <= STATUS_COUNT; s++) {
            if (ended[nr][s] != 0)
                printf(" %s %lu,", s < STATUS_COUNT ? status_name((int)s) : "unknown",
                       (unsigned long)ended[nr][s]);
        }
        printf("\n");
    }
}

static unsigned passed;

static void verdict(const char *name, bool is_good, uint64_t a, uint64_t b)
{
    if (is_good) {
        printf("ok %s\n", name);
        passed++;
    } else {
        printf("FAIL %s: %lu, before or wanted %lu\n", name, (unsigned long)a, (unsigned long)b);
        failures++;
    }
}

static void compare(const struct info_system *a, const struct info_system *b)
{
    static const char *const names[OBJ_TYPE_COUNT] = {
        "",        "tasks",  "threads", "endpoints", "replies",     "notifications",
        "regions", "quotas", "irqs",    "ports",     "irq controls"};
    uint64_t sum_a = 0, sum_b = 0;
    bool same = true;
    for (unsigned i = 1; i < OBJ_TYPE_COUNT; i++) {
        sum_a += a->objects[i];
        sum_b += b->objects[i];
        if (a->objects[i] == b->objects[i])
            continue;
        same = false;
        printf("fuzz: %lu %s, before %lu\n", (unsigned long)b->objects[i], names[i],
               (unsigned long)a->objects[i]);
    }
    verdict("fuzz_no_object_leaked", same, sum_b, sum_a);
    verdict("fuzz_no_capability_leaked", a->capabilities == b->capabilities, b->capabilities,
            a->capabilities);
    verdict("fuzz_no_table_leaked", a->mapped_tables == b->mapped_tables, b->mapped_tables,
            a->mapped_tables);
    verdict("fuzz_no_page_leaked", a->pool_free == b->pool_free, b->pool_free, a->pool_free);
}

int main(void);
int main(void)
{
    root_task_begin(&memory);
    uint64_t calls = word_value("fuzz=", 10000000), seed = word_value("seed=", 0x5eed2024);
    printf("fuzz: %lu calls, seed %lu\n", (unsigned long)calls, (unsigned long)seed);
    for (handle_t at = S_CONTROL_REGION; at < S_END; at += 8) /* grow the table before counting */
        if (sys_cap(CAP_COPY, 0, ROOT_QUOTA, 0, at, 0, 0) == OK)
            drop(at);
    good(sys_create(OBJ_REGION, ROOT_QUOTA, memory.region, S_MEMORY, memory.first, memory.pages,
                    RIGHTS_ALL, REGION_DERIVE),
         "memory");
    good(new_region(S_CONTROL_REGION, CONTROL_PAGES), "control region");
    good(map(0, S_CONTROL_REGION, CONTROL_VA, CONTROL_PAGES, RW), "control region");
    good(new_region(S_VICTIM_IMAGE, image_pages()), "image");
    good(map(0, S_VICTIM_IMAGE, IMAGE_COPY_VA, image_pages(), RW), "image");
    good(new_region(S_STACKS, VICTIM_THREADS * STACK_BYTES / PAGE_SIZE), "stacks");
    good(sys_create(OBJ_NOTIFICATION, ROOT_QUOTA, 0, S_TIMER, 0, 0, 0, 0), "timer");
    control = (struct control *)CONTROL_VA;
    memset(control, 0, sizeof *control);
    for (unsigned i = 0; i < VICTIM_THREADS; i++)
        control->thread[i].seed = (seed + i + 1) * 0x9e3779b97f4a7c15ULL | 1;
    if (failures == 0)
        build_innocent();
    handle_t nurse_thread = HANDLE_NONE;
    if (failures == 0) {
        good(thread_create(&nurse_thread, nurse, NULL, 0, LIFT_PRIORITY), "nurse");
        struct info_system before = counts();
        watch(nurse_thread, calls);
        finished = true;
        rebuild_wanted = true;
        sys_thread(THREAD_PRIORITY, nurse_thread, 0, LIFT_PRIORITY, 0, 0, 0, 0);
        uint64_t bits, end = time_now() + 60000000000ULL;
        while (rebuild_wanted && time_now() < end)
            sys_wait(S_TIMER, WAIT_ARM, time_now() + TICK_NS, &bits);
        sys_wait(S_TIMER, WAIT_ARM, time_now() + 2 * TICK_NS, &bits);
        struct info_system after = counts();
        histogram();
        verdict("fuzz_calls_made", calls_made() >= calls, calls_made(), calls);
        verdict("fuzz_innocent_unharmed", innocent->errors == 0, innocent->last_error, 0);
        verdict("fuzz_innocent_ran", innocent->rounds > 100 && innocent->checks > 1,
                innocent->rounds, 100);
        verdict("fuzz_victim_destroyed", !rebuild_wanted, 1, 0);
        compare(&before, &after);
    }
    root_task_end(passed, failures);
}
