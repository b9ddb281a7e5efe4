/*
 * Quotas: every object type until its quota is gone, reservation by children, return on deletion,
 * and calls that need memory inside when there is none left.
 */
#include "suite.h"

static handle_t small;       /* the quota under test */
static handle_t spare_task;  /* charged elsewhere */
static uint64_t spare_pages; /* addresses for threads' pages */

static int make(unsigned type, handle_t at)
{
    uint64_t page = spare_pages + at * PAGE_SIZE;
    switch (type) {
    case OBJ_TASK:
        return sys_create(type, small, 0, at, 1, 0, 0, 0);
    case OBJ_THREAD:
        return sys_create(type, small, spare_task, at, page, 1, 0, 0);
    case OBJ_REGION:
        return sys_create(type, small, CASE_RAM, at, 0, 1, RW, REGION_DERIVE);
    case OBJ_QUOTA:
        return sys_create(type, small, 0, at, 1, 0, 0, 0);
    case OBJ_IRQ:
        return sys_create(type, small, ROOT_IRQ_CONTROL, at, 5, IRQ_ISA, 0, 0);
    case OBJ_PORTS:
        return sys_create(type, small, ROOT_PORTS, at, 0x80, 1, 0, 0);
    default:
        return sys_create(type, small, 0, at, 0, 0, 0, 0);
    }
}

static void prepare(uint64_t pages)
{
    spare_task = new_task_of(new_quota(64), PRIORITY_MAX);
    spare_pages = new_window(CASE_SLOTS_END);
    small = new_quota(pages);
}

/* case_arg is the type. */
static void until_exhausted(void)
{
    prepare(4);
    uint64_t objects = system_info().objects[case_arg];
    uint64_t used = quota_info(small).used;
    SAME(4, quota_info(small).pages);
    for (unsigned round = 0; round < 3; round++) {
        handle_t first = slot(), at = first;
        int status;
        while ((status = make((unsigned)case_arg, at)) == OK && at < CASE_SLOTS_END - 1)
            at = slot();
        WANT(QUOTA, status);
        SAME(OBJ_NONE, cap_info(0, at).type);
        SAME(objects + (at - first), system_info().objects[case_arg]);
        CHECK(quota_info(small).used <= 4);
        for (handle_t h = first; h < at; h++)
            WANT(OK, drop(h));
        SAME(objects, system_info().objects[case_arg]);
        SAME(used, quota_info(small).used);
        if (case_arg != OBJ_TASK && case_arg != OBJ_THREAD)
            CHECK(at > first);
        if (at - first > 600)
            break; /* slots of the case are limited */
    }
}

static void irq_without_quota(void)
{
    prepare(4);
    handle_t at = slot();
    while (make(OBJ_NOTIFICATION, at) == OK)
        at = slot();
    int status = make(OBJ_IRQ, at);
    if (status != QUOTA) { /* there may have been room for a smaller object */
        WANT(OK, status);
        WANT(OK, drop(at));
    }
    WANT(OK, sys_create(OBJ_IRQ, CASE_QUOTA, ROOT_IRQ_CONTROL, slot(), 5, IRQ_ISA, 0, 0));
}

static void children_reserve(void)
{
    handle_t parent = new_quota(100);
    uint64_t used = quota_info(parent).used;
    handle_t a = slot(), b = slot();
    WANT(OK, sys_create(OBJ_QUOTA, parent, 0, a, 40, 0, 0, 0));
    CHECK(quota_info(parent).used >= used + 40);
    WANT(QUOTA, sys_create(OBJ_QUOTA, parent, 0, b, 70, 0, 0, 0));
    SAME(OBJ_NONE, cap_info(0, b).type);
    WANT(OK, sys_create(OBJ_QUOTA, parent, 0, b, 50, 0, 0, 0));
    SAME(40, quota_info(a).pages);
    SAME(50, quota_info(b).pages);
    CHECK(quota_info(parent).used >= used + 90);
    WANT(OK, drop(a));
    WANT(OK, drop(b));
    SAME(used, quota_info(parent).used);
}

static void bad_sizes(void)
{
    static const uint64_t huge[] = {CASE_PAGES + 1, 1ULL << 20, 1ULL << 32,    1ULL << 52,
                                    1ULL << 63,     UINT64_MAX, UINT64_MAX - 1};
    for (unsigned i = 0; i < sizeof huge / sizeof huge[0]; i++)
        WANT_EITHER(QUOTA, BAD_ARG, sys_create(OBJ_QUOTA, CASE_QUOTA, 0, slot(), huge[i], 0, 0, 0));
    handle_t none = slot();
    if (sys_create(OBJ_QUOTA, CASE_QUOTA, 0, none, 0, 0, 0, 0) == OK)
        WANT(QUOTA, sys_create(OBJ_ENDPOINT, none, 0, slot(), 0, 0, 0, 0));
}

static void nested(void)
{
    handle_t q[10];
    q[0] = new_quota(100);
    for (unsigned i = 1; i < 10; i++) {
        q[i] = slot();
        WANT(OK, sys_create(OBJ_QUOTA, q[i - 1], 0, q[i], 95 - 6 * i, 0, 0, 0));
    }
    handle_t e = slot();
    WANT(OK, sys_create(OBJ_ENDPOINT, q[9], 0, e, 0, 0, 0, 0));
    CHECK(quota_info(q[9]).used >= 1);
    WANT(OK, drop(e));
    SAME(0, quota_info(q[9]).used);
    for (unsigned i = 10; i > 0; i--)
        WANT(OK, drop(q[i - 1]));
}

/* The quota's capability goes first: its objects die, and the pages come back with the last
 * capability to one. */
static void deleted_before_objects(void)
{
    uint64_t used = quota_info(CASE_QUOTA).used;
    handle_t q = new_quota(20), e = slot();
    WANT(OK, sys_create(OBJ_ENDPOINT, q, 0, e, 0, 0, 0, 0));
    int status = drop(q);
    WANT_EITHER(OK, BUSY, status);
    handle_t r = new_reply();
    struct message m = {{0}, 0, 0, 0, 0};
    int received = sys_recv(e, r, RECV_POLL, &m);
    CHECK(received == WOULD_BLOCK || received == BAD_HANDLE);
    WANT(OK, drop(e));
    if (status == BUSY)
        WANT(OK, drop(q));
    WANT(OK, drop(r));
    SAME(used, quota_info(CASE_QUOTA).used);
}

static void fill(handle_t quota)
{
    handle_t at = slot();
    while (sys_create(OBJ_NOTIFICATION, quota, 0, at, 0, 0, 0, 0) == OK)
        at = slot();
}

static void thread_without_pages(void)
{
    handle_t quota = new_quota(12), task = new_task_of(quota, PRIORITY_MAX), t = slot();
    uint64_t va = new_window(8), threads = system_info().objects[OBJ_THREAD];
    fill(quota);
    uint64_t used = quota_info(quota).used;
    WANT(QUOTA, sys_create(OBJ_THREAD, CASE_QUOTA, task, t, va, 1, 0, 0));
    WANT(QUOTA, sys_create(OBJ_THREAD, quota, task, t, va, 1, 0, 0));
    SAME(OBJ_NONE, cap_info(0, t).type);
    SAME(threads, system_info().objects[OBJ_THREAD]);
    SAME(used, quota_info(quota).used);
    SAME(0, page_info(task, va).mapped);
}

static void upcall_without_pages(void)
{
    handle_t quota = new_quota(24), task = new_task_of(quota, PRIORITY_MAX), t = slot();
    uint64_t va = new_window(8), far = new_window(8) + (1ULL << 40);
    WANT(OK, sys_create(OBJ_THREAD, CASE_QUOTA, task, t, va, 1, 0, 0));
    fill(quota);
    uint64_t used = quota_info(quota).used;
    WANT(QUOTA,
         sys_thread(THREAD_UPCALL, t, 0, far, IMAGE_VA, IMAGE_VA + 64, IMAGE_VA, IMAGE_VA + 4096));
    SAME(used, quota_info(quota).used);
    SAME(0, page_info(task, far).mapped);
}

static void task_too_small(void)
{
    for (unsigned pages = 1; pages < 12; pages++) {
        handle_t quota = new_quota(pages), at = slot();
        int status = sys_create(OBJ_TASK, quota, 0, at, 1, 0, 0, 0);
        WANT_EITHER(OK, QUOTA, status);
        CHECK(quota_info(quota).used <= pages);
        if (status == QUOTA)
            SAME(0, quota_info(quota).used);
        else
            WANT(OK, drop(at));
        SAME(0, quota_info(quota).used);
    }
}

/* One task's exhaustion is never another's fault. */
static void independent(void)
{
    handle_t a = new_quota(8), b = new_quota(8);
    fill(a);
    WANT(OK, sys_create(OBJ_ENDPOINT, b, 0, slot(), 0, 0, 0, 0));
    WANT(OK, sys_create(OBJ_ENDPOINT, CASE_QUOTA, 0, slot(), 0, 0, 0, 0));
    SAME(8, quota_info(b).pages);
}

/* Whoever grants a quota can take it back, whatever the grantee did with it: tasks that hold
 * capabilities to themselves or to each other end with the quota that pays for them. */
static void takes_back_tasks(void)
{
    struct info_system before = system_info();
    handle_t quota = new_quota(100), inner = slot(), a = slot(), b = slot();
    WANT(OK, sys_create(OBJ_QUOTA, quota, 0, inner, 80, 0, 0, 0));
    WANT(OK, sys_create(OBJ_TASK, inner, 0, a, 1, 0, 0, 0));
    WANT(OK, sys_create(OBJ_TASK, inner, 0, b, 1, 0, 0, 0));
    handle_t e = slot(), t = slot();
    WANT(OK, sys_create(OBJ_ENDPOINT, inner, 0, e, 0, 0, 0, 0));
    WANT(OK, sys_create(OBJ_THREAD, inner, a, t, new_window(1), 1, 0, 0));
    give(a, a, 5);
    give(a, b, 6);
    give(b, a, 5);
    WANT(OK, sys_cap(CAP_MOVE, 0, e, a, 7, 0, 0));
    WANT(OK, sys_cap(CAP_MOVE, 0, t, a, 8, 0, 0));
    WANT(OK, sys_cap(CAP_MOVE, 0, inner, a, 9, 0, 0));
    WANT(OK, drop(a));
    WANT(OK, drop(b));
    SAME(before.objects[OBJ_TASK] + 2, system_info().objects[OBJ_TASK]);
    WANT(OK, drop(quota));
    struct info_system after = system_info();
    SAME(before.objects[OBJ_TASK], after.objects[OBJ_TASK]);
    SAME(before.objects[OBJ_THREAD], after.objects[OBJ_THREAD]);
    SAME(before.objects[OBJ_QUOTA], after.objects[OBJ_QUOTA]);
    SAME(before.capabilities, after.capabilities);
}

const struct test_case quota_cases[] = {
    {"quota_exhausted_endpoint", until_exhausted, OBJ_ENDPOINT},
    {"quota_exhausted_reply", until_exhausted, OBJ_REPLY},
    {"quota_exhausted_notification", until_exhausted, OBJ_NOTIFICATION},
    {"quota_exhausted_region", until_exhausted, OBJ_REGION},
    {"quota_exhausted_thread", until_exhausted, OBJ_THREAD},
    {"quota_exhausted_task", until_exhausted, OBJ_TASK},
    {"quota_exhausted_ports", until_exhausted, OBJ_PORTS},
    {"quota_exhausted_quota", until_exhausted, OBJ_QUOTA},
    {"quota_irq_without", irq_without_quota, 0},
    {"quota_children_reserve", children_reserve, 0},
    {"quota_bad_sizes", bad_sizes, 0},
    {"quota_nested", nested, 0},
    {"quota_deleted_before_objects", deleted_before_objects, 0},
    {"quota_thread_without_pages", thread_without_pages, 0},
    {"quota_upcall_without_pages", upcall_without_pages, 0},
    {"quota_task_too_small", task_too_small, 0},
    {"quota_independent", independent, 0},
    {"quota_takes_back_tasks", takes_back_tasks, 0},
    {NULL, NULL, 0}};
