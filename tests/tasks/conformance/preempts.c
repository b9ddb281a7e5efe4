/*
 * Long kernel operations are preempted: a thread of high priority with a deadline every millisecond
 * runs while they last, and what they do is whole all the same.
 */
#include "suite.h"

static volatile uint64_t ticks, worst;

static void tick(void *arg)
{
    uint64_t bits, last = time_now();
    for (;;) {
        sys_wait((handle_t)(uint64_t)arg, WAIT_ARM, time_now() + 1000000, &bits);
        uint64_t now = time_now();
        if (now - last > worst)
            worst = now - last;
        last = now;
        ticks++;
    }
}

static void start_ticking(void)
{
    ticks = worst = 0;
    spawn(0, HIGH_PRIORITY, tick, (void *)(uint64_t)new_notification());
}

static uint64_t begin_ticks, begin_time;

static void begin(void)
{
    begin_ticks = ticks;
    begin_time = time_now();
}

/* If the operation lasted at all, the thread has run in between. */
static void end(void)
{
    uint64_t elapsed = time_now() - begin_time;
    if (elapsed > 20000000)
        CHECK(ticks - begin_ticks >= elapsed / 50000000);
}

#define CHUNK 4096ULL /* pages of one operation: 16 MiB */

/* Fill a vector with `count` operations on CHUNK pages each, 1 GiB for 64; odd addresses, so that
 * small pages are used. */
static void fill(unsigned kind, handle_t region, uint64_t va, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ipc()->vector[i] = (struct map_op){.kind = (uint8_t)kind,
                                           .rights = RW,
                                           .region = kind == MAP_UNMAP ? 0 : region,
                                           .va = va + i * CHUNK * PAGE_SIZE,
                                           .offset = 0,
                                           .pages = CHUNK};
}

static handle_t big_task(uint64_t *va)
{
    handle_t task = new_task_of(new_quota(600), PRIORITY_MAX);
    *va = 0x0000200000001000ULL;
    return task;
}

static void long_map(void)
{
    uint64_t va;
    unsigned done;
    handle_t task = big_task(&va), region = new_large_region(CHUNK);
    start_ticking();
    begin();
    fill(MAP_MAP, region, va, 64);
    WANT(OK, sys_map(task, 64, &done));
    SAME(64, done);
    end();
    for (uint64_t p = 0; p < 64 * CHUNK; p += 997)
        CHECK(page_info(task, va + p * PAGE_SIZE).mapped);
    begin();
    fill(MAP_PROTECT, region, va, 64);
    WANT(OK, sys_map(task, 64, &done));
    end();
    begin();
    fill(MAP_UNMAP, region, va, 64);
    WANT(OK, sys_map(task, 64, &done));
    SAME(64, done);
    end();
    for (uint64_t p = 0; p < 64 * CHUNK; p += 997)
        CHECK(!page_info(task, va + p * PAGE_SIZE).mapped);
}

static void long_revoke(void)
{
    uint64_t va;
    unsigned done;
    handle_t task = big_task(&va), region = new_large_region(CHUNK), d = slot();
    WANT(OK, sys_create(OBJ_REGION, CASE_QUOTA, region, d, 0, CHUNK, RW, REGION_DERIVE));
    start_ticking();
    fill(MAP_MAP, d, va, 64);
    WANT(OK, sys_map(task, 64, &done));
    begin();
    WANT(OK, revoke(region));
    end();
    for (uint64_t p = 0; p < 64 * CHUNK; p += 997)
        CHECK(!page_info(task, va + p * PAGE_SIZE).mapped);
    SAME(OBJ_NONE, cap_info(0, d).type);
}

static void long_destruction(void)
{
    uint64_t va, tasks = system_info().objects[OBJ_TASK];
    unsigned done;
    handle_t task = big_task(&va), region = new_large_region(CHUNK);
    start_ticking();
    fill(MAP_MAP, region, va, 64);
    WANT(OK, sys_map(task, 64, &done));
    begin();
    WANT(OK, drop(task));
    end();
    SAME(tasks, system_info().objects[OBJ_TASK]);
}

static void wide_revoke(void)
{
    handle_t e = new_endpoint(), task = new_task_of(new_quota(700), 1);
    uint64_t used = system_info().capabilities;
    WANT(OK, sys_cap(CAP_MINT, 0, e, task, 1, RIGHTS_ALL, 7));
    for (handle_t at = 2; at <= 20000; at++)
        WANT(OK, sys_cap(CAP_MINT, task, at & 1 ? 1 : at - 1, task, at, RIGHTS_ALL, 0));
    SAME(used + 20000, system_info().capabilities);
    start_ticking();
    uint64_t with_clock = system_info().capabilities - 20000;
    begin();
    WANT(OK, revoke(e));
    end();
    SAME(with_clock, system_info().capabilities);
}

static void many_objects(void)
{
    handle_t task = new_task_of(new_quota(300), 1);
    uint64_t endpoints = system_info().objects[OBJ_ENDPOINT];
    handle_t at = slot();
    for (handle_t to = 1; to <= 3000; to++) {
        WANT(OK, create(OBJ_ENDPOINT, at));
        WANT(OK, sys_cap(CAP_MOVE, 0, at, task, to, 0, 0));
    }
    start_ticking();
    begin();
    WANT(OK, drop(task));
    end();
    SAME(endpoints, system_info().objects[OBJ_ENDPOINT]);
}

/* ---- stopped in the middle ------------------------------------------------------------------------- */

static handle_t target_task, target_region;
static uint64_t target_va;

static void map_in_background(void *arg)
{
    unsigned done = 99;
    (void)arg;
    ipc()->vector[0] = (struct map_op){.kind = MAP_MAP,
                                       .rights = RW,
                                       .region = target_region,
                                       .va = target_va,
                                       .pages = 8 * CHUNK};
    this_worker()->status = sys_map(target_task, 1, &done);
    this_worker()->value[0] = done;
}

/*
 * A thread is stopped while its one map operation of 128 MiB is half done. Each operation is atomic:
 * afterwards all of it is there, and reported, or nothing.
 */
static void stopped_in_map(void)
{
    target_region = new_region(8 * CHUNK);
    target_task = big_task(&target_va);
    unsigned caught = 0;
    for (unsigned i = 1; i <= 12; i++) {
        struct worker *w = spawn(0, LOW_PRIORITY, map_in_background, NULL);
        pause_us(i * 150);
        caught += !w->done;
        int stopped = sys_thread(THREAD_STOP, w->thread, 0, 0, 0, 0, 0, 0);
        WANT(w->done ? GONE : OK, stopped);
        if (!w->done) {
            WANT(OK, sys_thread(THREAD_RESUME, w->thread, 0, 0, 0, 0, 0, 0));
            await_done(w);
        }
        uint64_t mapped = 0;
        for (uint64_t p = 0; p < 8 * CHUNK; p += 61)
            mapped += page_info(target_task, target_va + p * PAGE_SIZE).mapped;
        if (w->status == OK)
            SAME((8 * CHUNK + 60) / 61, mapped);
        else
            SAME(0, mapped);
        WANT(OK, unmap_pages(target_task, target_va, 8 * CHUNK));
        WANT(OK, drop(w->thread));
    }
    if (caught == 0)
        skip("every map was over before it could be stopped");
}

/* A thread is deleted in the middle; the space is whole and everything can be undone. */
static void deleted_in_map(void)
{
    target_region = new_region(8 * CHUNK);
    target_task = big_task(&target_va);
    for (unsigned i = 1; i <= 10; i++) {
        struct worker *w = spawn(0, LOW_PRIORITY, map_in_background, NULL);
        pause_us(i * 150);
        WANT(OK, drop(w->thread));
        WANT(OK, unmap_pages(target_task, target_va, 8 * CHUNK));
        SAME(0, page_info(target_task, target_va).mapped);
    }
}

/* The region is deleted, or the task, while another thread maps it. */
static void deleted_under_map(void)
{
    handle_t whole = new_region(8 * CHUNK);
    target_task = big_task(&target_va);
    for (unsigned i = 1; i <= 10; i++) {
        target_region = slot();
        WANT(OK, sys_create(OBJ_REGION, CASE_QUOTA, whole, target_region, 0, 8 * CHUNK, RW,
                            REGION_DERIVE));
        struct worker *w = spawn(0, LOW_PRIORITY, map_in_background, NULL);
        pause_us(i * 150);
        if (i == 10)
            WANT(OK, drop(target_task));
        else
            WANT(OK, drop(target_region));
        await_done(w);
        if (i < 10)
            for (uint64_t p = 0; p < 8 * CHUNK; p += 61)
                SAME(0, page_info(target_task, target_va + p * PAGE_SIZE).mapped);
    }
}

static void revoke_in_background(void *arg)
{
    this_worker()->status = revoke((handle_t)(uint64_t)arg);
}

/* Two threads revoke and delete the same things at the same time. */
static void two_revokes(void)
{
    handle_t whole = new_region(8 * CHUNK), quota = new_quota(120);
    target_va = 0x0000200000001000ULL;
    for (unsigned i = 1; i <= 8; i++) {
        handle_t region = slot(), d = slot(), dd = slot();
        target_task = new_task_of(quota, PRIORITY_MAX);
        WANT(OK, sys_create(OBJ_REGION, CASE_QUOTA, whole, region, 0, 8 * CHUNK, RIGHTS_ALL,
                            REGION_DERIVE));
        WANT(OK, sys_create(OBJ_REGION, CASE_QUOTA, region, d, 0, 8 * CHUNK, RIGHTS_ALL,
                            REGION_DERIVE));
        WANT(OK, sys_create(OBJ_REGION, CASE_QUOTA, d, dd, 0, 8 * CHUNK, RW, REGION_CARVE));
        WANT(OK, map_pages(target_task, dd, target_va, 0, 8 * CHUNK, RW));
        struct worker *w = spawn(0, LOW_PRIORITY, revoke_in_background, (void *)(uint64_t)region);
        struct worker *v = spawn(0, LOW_PRIORITY, revoke_in_background, (void *)(uint64_t)d);
        pause_us(i * 100);
        WANT(OK, revoke(region));
        await_done(w);
        await_done(v);
        SAME(OK, w->status);
        CHECK(v->status == OK || v->status == BAD_HANDLE);
        SAME(OBJ_NONE, cap_info(0, d).type);
        SAME(0, page_info(target_task, target_va).mapped);
        WANT(OK, drop(target_task));
        WANT(OK, drop(region));
        release(w);
        release(v);
    }
}

/* A region dies with its quota while its children, paid by another quota, lie in a task that dies
 * with it: each is taken apart once. */
static void quota_with_regions(void)
{
    const unsigned children = 44;
    handle_t q = new_quota(200), others = new_quota(20), whole = new_region(64);
    handle_t task = new_task_of(q, PRIORITY_MAX), parent = slot(), child = slot();
    WANT(OK, sys_create(OBJ_REGION, q, whole, parent, 0, 64, RIGHTS_ALL, REGION_DERIVE));
    for (unsigned i = 1; i <= children; i++) {
        WANT(OK, sys_create(OBJ_REGION, others, parent, child, 0, 1, RW, REGION_DERIVE));
        WANT(OK, sys_cap(CAP_MOVE, 0, child, task, 100 + i, 0, 0));
    }
    WANT(OK, drop(q));
}

static volatile uint64_t due, woken;

static void wait_until_due(void *arg)
{
    uint64_t bits;
    due = time_now() + 8000000;
    sys_wait((handle_t)(uint64_t)arg, WAIT_ARM, due, &bits);
    woken = time_now();
}

/* The turn of a thread in a long call ends, which takes a tick; a later deadline must still interrupt
 * the call. */
static void deadline_after_turn(void)
{
    unsigned done;
    uint64_t va = 0x0000200000001000ULL, end;
    handle_t quota = slot();
    WANT(OK, sys_create(OBJ_QUOTA, ROOT_QUOTA, 0, quota, 4400, 0, 0, 0));
    handle_t task = new_task_of(quota, PRIORITY_MAX), region = new_large_region(8 * CHUNK);
    struct worker *w =
        spawn(0, HIGH_PRIORITY, wait_until_due, (void *)(uint64_t)new_notification());
    for (unsigned i = 0; i < MAP_VECTOR_MAX; i++)
        ipc()->vector[i] = (struct map_op){.kind = MAP_MAP,
                                           .rights = RW,
                                           .region = region,
                                           .va = va + i * 8 * CHUNK * PAGE_SIZE,
                                           .pages = 8 * CHUNK};
    WANT(OK, sys_map(task, MAP_VECTOR_MAX, &done));
    end = time_now();
    await_done(w);
    if (end > due)
        CHECK(woken < end);
    else
        skip("the call was over before the deadline");
    WANT(OK, drop(task));
}

const struct test_case preempt_cases[] = {{"preempt_deadline_after_turn", deadline_after_turn, 0},
                                          {"preempt_quota_with_regions", quota_with_regions, 0},
                                          {"preempt_long_map", long_map, 0},
                                          {"preempt_long_revoke", long_revoke, 0},
                                          {"preempt_long_destruction", long_destruction, 0},
                                          {"preempt_wide_revoke", wide_revoke, 0},
                                          {"preempt_many_objects", many_objects, 0},
                                          {"preempt_stopped_in_map", stopped_in_map, 0},
                                          {"preempt_deleted_in_map", deleted_in_map, 0},
                                          {"preempt_deleted_under_map", deleted_under_map, 0},
                                          {"preempt_two_revokes", two_revokes, 0},
                                          {NULL, NULL, 0}};
