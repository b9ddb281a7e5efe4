/*
 * Capability operations: copy, mint, move, delete, revoke; the derivation tree within a task and
 * across tasks; slot numbers at their limits.
 */
#include "suite.h"

static bool empty(handle_t task, handle_t at)
{
    return cap_info(task, at).type == OBJ_NONE;
}

static int copy_to(handle_t from, uint64_t to)
{
    return sys_simple(call_word(CALL_CAP, CAP_COPY, 0, 0), from, to, 0, 0, 0);
}

static void copy_is_sibling(void)
{
    handle_t n = mint(new_notification(), RIGHT_SIGNAL | RIGHT_WAIT, 0x30), c = copy(n);
    SAME(OBJ_NOTIFICATION, cap_info(0, c).type);
    SAME(RIGHT_SIGNAL | RIGHT_WAIT, cap_info(0, c).rights);
    SAME(0x30, cap_info(0, c).badge);
    WANT(OK, drop(n));
    WANT(OK, sys_signal(c, 0x10));
    uint64_t bits;
    WANT(OK, sys_wait(c, WAIT_POLL, 0, &bits));
    SAME(0x10, bits);
}

static void copy_occupied(void)
{
    handle_t n = new_notification(), e = new_endpoint();
    WANT(OCCUPIED, copy_to(n, e));
    WANT(OCCUPIED, copy_to(n, n));
    SAME(OBJ_ENDPOINT, cap_info(0, e).type);
    SAME(OBJ_NOTIFICATION, cap_info(0, n).type);
}

static void source_bounds(void)
{
    static const uint64_t bad[] = {0,          HANDLE_MAX, HANDLE_MAX + 1, 1u << 24,
                                   1ULL << 32, 1ULL << 63, UINT64_MAX};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (unsigned op = CAP_COPY; op <= CAP_MOVE; op++)
            WANT_EITHER(
                BAD_HANDLE, BAD_ARG,
                sys_simple(call_word(CALL_CAP, op, 0, 0), bad[i], slot(), RIGHTS_ALL, 0, 0));
    /* The upper bits of a slot number count. */
    handle_t n = new_notification();
    for (unsigned shift = 15; shift < 64; shift++) {
        uint64_t source = n | 1ULL << shift;
        WANT_EITHER(BAD_HANDLE, BAD_ARG,
                    sys_simple(call_word(CALL_CAP, CAP_DELETE, 0, 0), source, 0, 0, 0, 0));
    }
    SAME(OBJ_NOTIFICATION, cap_info(0, n).type);
}

static void destination_bounds(void)
{
    handle_t n = new_notification();
    static const uint64_t bad[] = {0, HANDLE_MAX + 1, 1u << 24, 1ULL << 32, 1ULL << 63, UINT64_MAX};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        WANT_EITHER(BAD_ARG, BAD_HANDLE, copy_to(n, bad[i]));
        WANT_EITHER(
            BAD_ARG, BAD_HANDLE,
            sys_simple(call_word(CALL_CREATE, OBJ_ENDPOINT, CASE_QUOTA, 0), bad[i], 0, 0, 0, 0));
    }
    handle_t to = slot();
    for (unsigned shift = 15; shift < 64; shift++)
        WANT_EITHER(BAD_ARG, BAD_HANDLE, copy_to(n, to | 1ULL << shift));
    CHECK(empty(0, to));
    WANT(OK, copy_to(n, HANDLE_MAX));
    SAME(OBJ_NOTIFICATION, cap_info(0, HANDLE_MAX).type);
    WANT(OK, drop(HANDLE_MAX));
}

static void mint_shrinks_rights(void)
{
    handle_t n = new_notification();
    handle_t signal_only = mint(n, RIGHT_SIGNAL, 0);
    uint64_t bits;
    SAME(RIGHT_SIGNAL, cap_info(0, signal_only).rights);
    WANT(OK, sys_signal(signal_only, 1));
    WANT(BAD_RIGHT, sys_wait(signal_only, WAIT_POLL, 0, &bits));
    /* Asking for more than the source has gives no more. */
    handle_t more = slot();
    int status = sys_cap(CAP_MINT, 0, signal_only, 0, more, RIGHTS_ALL, 0);
    if (status == OK)
        SAME(RIGHT_SIGNAL, cap_info(0, more).rights);
    else
        WANT(BAD_RIGHT, status);
    more = slot();
    status = sys_simple(call_word(CALL_CAP, CAP_MINT, 0, 0), signal_only, more, UINT64_MAX, 0, 0);
    if (status == OK)
        SAME(RIGHT_SIGNAL, cap_info(0, more).rights);
}

static void badge_once(void)
{
    handle_t e = new_endpoint();
    handle_t five = mint(e, RIGHTS_ALL, 5), again = slot();
    SAME(5, cap_info(0, five).badge);
    int status = sys_cap(CAP_MINT, 0, five, 0, again, RIGHTS_ALL, 7);
    if (status == OK)
        SAME(5, cap_info(0, again).badge);
    SAME(5, cap_info(0, mint(five, RIGHT_SEND, 0)).badge);
    SAME(0, cap_info(0, e).badge);
    handle_t wide = mint(e, RIGHT_SEND, 0xfedcba9876543210ULL);
    SAME(0xfedcba9876543210ULL, cap_info(0, wide).badge);
}

static void delete_takes_derived(void)
{
    handle_t e = new_endpoint(), child = mint(e, RIGHTS_ALL, 1);
    handle_t grandchild = mint(child, RIGHT_SEND, 0), sibling = mint(e, RIGHTS_ALL, 2);
    WANT(OK, drop(child));
    CHECK(empty(0, child));
    CHECK(empty(0, grandchild));
    CHECK(!empty(0, sibling));
    CHECK(!empty(0, e));
    WANT(BAD_HANDLE, drop(child));
}

static void revoke_keeps_itself(void)
{
    handle_t e = new_endpoint(), made[40];
    for (unsigned i = 0; i < 40; i++)
        made[i] = mint(i < 20 ? e : made[i - 20], RIGHTS_ALL, i < 20 ? i + 1 : 0);
    WANT(OK, revoke(e));
    for (unsigned i = 0; i < 40; i++)
        CHECK(empty(0, made[i]));
    CHECK(!empty(0, e));
    WANT(OK, revoke(e));
}

static void revoke_depth(void)
{
    handle_t first = new_notification(), last = first;
    for (unsigned i = 0; i < 300; i++)
        last = mint(last, RIGHTS_ALL, 0);
    WANT(OK, sys_signal(last, 1));
    WANT(OK, revoke(first));
    for (handle_t h = first + 1; h <= last; h++)
        CHECK(empty(0, h));
    WANT(OK, sys_signal(first, 1));
}

static void revoke_middle(void)
{
    handle_t a = new_endpoint(), b = mint(a, RIGHTS_ALL, 0), c = mint(b, RIGHTS_ALL, 0);
    handle_t b2 = mint(a, RIGHTS_ALL, 0), c2 = mint(b2, RIGHTS_ALL, 0);
    WANT(OK, revoke(b));
    CHECK(!empty(0, a) && !empty(0, b) && empty(0, c) && !empty(0, b2) && !empty(0, c2));
}

static void copy_of_derived_dies(void)
{
    handle_t a = new_endpoint(), b = mint(a, RIGHTS_ALL, 0), sibling = copy(b);
    handle_t below = mint(sibling, RIGHTS_ALL, 0);
    WANT(OK, drop(b));
    CHECK(!empty(0, sibling) && !empty(0, below));
    WANT(OK, revoke(a));
    CHECK(empty(0, sibling) && empty(0, below));
}

static void revoke_across_tasks(void)
{
    handle_t e = new_endpoint(), one = new_task_of(new_quota(16), 1),
             two = new_task_of(new_quota(16), 1);
    WANT(OK, sys_cap(CAP_MINT, 0, e, one, 9, RIGHTS_ALL, 3));
    WANT(OK, sys_cap(CAP_MINT, one, 9, two, 11, RIGHT_SEND, 0));
    WANT(OK, sys_cap(CAP_COPY, one, 9, two, 12, 0, 0));
    SAME(3, cap_info(two, 11).badge);
    SAME(RIGHT_SEND, cap_info(two, 11).rights);
    WANT(OK, sys_cap(CAP_REVOKE, one, 9, 0, 0, 0, 0));
    CHECK(empty(two, 11) && !empty(two, 12) && !empty(one, 9));
    WANT(OK, revoke(e));
    CHECK(empty(one, 9) && empty(two, 12) && !empty(0, e));
}

static void delete_in_other_task(void)
{
    handle_t e = new_endpoint(), task = new_task_of(new_quota(16), 1);
    give(task, e, 5);
    WANT(OK, drop(e));
    SAME(OBJ_ENDPOINT, cap_info(task, 5).type);
    uint64_t alive = system_info().objects[OBJ_ENDPOINT];
    WANT(OK, sys_cap(CAP_DELETE, task, 5, 0, 0, 0, 0));
    SAME(alive - 1, system_info().objects[OBJ_ENDPOINT]);
}

static void move(void)
{
    handle_t e = new_endpoint(), child = mint(e, RIGHTS_ALL, 1), to = slot();
    WANT(OK, sys_cap(CAP_MOVE, 0, e, 0, to, 0, 0));
    CHECK(empty(0, e) && !empty(0, to) && !empty(0, child));
    WANT(OK, revoke(to));
    CHECK(empty(0, child));
}

static void move_occupied(void)
{
    handle_t e = new_endpoint(), n = new_notification();
    WANT(OCCUPIED, sys_cap(CAP_MOVE, 0, e, 0, n, 0, 0));
    SAME(OBJ_ENDPOINT, cap_info(0, e).type);
    SAME(OBJ_NOTIFICATION, cap_info(0, n).type);
    int status = sys_cap(CAP_MOVE, 0, e, 0, e, 0, 0);
    CHECK(status == OCCUPIED || status == BAD_ARG || status == OK);
    SAME(OBJ_ENDPOINT, cap_info(0, e).type);
}

static void move_between_tasks(void)
{
    handle_t e = new_endpoint(), child = mint(e, RIGHTS_ALL, 1);
    handle_t one = new_task_of(new_quota(16), 1), two = new_task_of(new_quota(16), 1);
    WANT(OK, sys_cap(CAP_MOVE, 0, child, one, 70, 0, 0));
    WANT(OK, sys_cap(CAP_MOVE, one, 70, two, 200, 0, 0));
    CHECK(empty(0, child) && empty(one, 70) && !empty(two, 200));
    SAME(1, cap_info(two, 200).badge);
    WANT(OK, revoke(e));
    CHECK(empty(two, 200));
}

static void delete_empty(void)
{
    WANT(BAD_HANDLE, drop(slot()));
    WANT(BAD_HANDLE, revoke(slot()));
}

static void last_capability(void)
{
    static const unsigned types[] = {OBJ_ENDPOINT, OBJ_REPLY, OBJ_NOTIFICATION};
    for (unsigned i = 0; i < 3; i++) {
        uint64_t alive = system_info().objects[types[i]];
        handle_t a = new_object(types[i]), b = copy(a), c = copy(b);
        SAME(alive + 1, system_info().objects[types[i]]);
        WANT(OK, drop(a));
        WANT(OK, drop(c));
        SAME(alive + 1, system_info().objects[types[i]]);
        WANT(OK, drop(b));
        SAME(alive, system_info().objects[types[i]]);
    }
}

static void counts(void)
{
    uint64_t used = system_info().capabilities;
    handle_t e = new_endpoint();
    SAME(0, cap_info(0, e).children);
    mint(e, RIGHTS_ALL, 1);
    handle_t c = mint(e, RIGHTS_ALL, 2);
    SAME(used + 3, system_info().capabilities);
    CHECK(cap_info(0, e).children != 0);
    SAME(0, cap_info(0, c).children);
    WANT(OK, drop(e));
    SAME(used, system_info().capabilities);
}

/* Slots spread over the whole table cost the table's quota; when it is gone, a status. */
static void table_quota(void)
{
    handle_t e = new_endpoint(), quota = new_quota(10), task = new_task_of(quota, 1);
    unsigned made = 0;
    int status = OK;
    for (handle_t at = 1; at <= HANDLE_MAX && status == OK; at += 64, made += status == OK)
        status = sys_cap(CAP_COPY, 0, e, task, at, 0, 0);
    WANT(QUOTA, status);
    CHECK(made >= 1);
    SAME(OBJ_ENDPOINT, cap_info(task, 1).type);
    SAME(OBJ_NONE, cap_info(task, 1 + 64 * made).type);
    struct info_quota q = quota_info(quota);
    CHECK(q.used <= q.pages);
    WANT(OK, sys_cap(CAP_DELETE, task, 1, 0, 0, 0, 0));
    WANT(OK, sys_cap(CAP_COPY, 0, e, task, 1, 0, 0));
}

static void whole_table(void)
{
    handle_t e = new_endpoint(), task = new_task_of(new_quota(700), 1);
    for (handle_t at = 1; at <= HANDLE_MAX; at++)
        WANT(OK, sys_cap(CAP_COPY, 0, e, task, at, 0, 0));
    for (handle_t at = 1; at <= HANDLE_MAX; at += 1000)
        WANT(OCCUPIED, sys_cap(CAP_COPY, 0, e, task, at, 0, 0));
    WANT(OK, drop(task));
    SAME(OBJ_ENDPOINT, cap_info(0, e).type);
}

static void delete_self_task(void *arg)
{
    (void)arg;
    sys_cap(CAP_DELETE, 0, 3, 0, 0, 0, 0);
    this_worker()->status = 77; /* never */
}

/* A task deletes the only capability to itself, from its own thread. */
static void delete_own_task(void)
{
    uint64_t tasks = system_info().objects[OBJ_TASK], threads = system_info().objects[OBJ_THREAD];
    handle_t task = new_task();
    struct worker *w = new_worker(task, HIGH_PRIORITY);
    WANT(OK, sys_cap(CAP_MOVE, 0, task, task, 3, 0, 0));
    start(w, delete_self_task, NULL);
    pause_ms(2);
    SAME(0, w->status);
    WANT(OK, drop(w->thread));
    SAME(tasks, system_info().objects[OBJ_TASK]);
    SAME(threads, system_info().objects[OBJ_THREAD]);
}

static void delete_self_thread(void *arg)
{
    (void)arg;
    sys_cap(CAP_DELETE, 0, this_worker()->thread, 0, 0, 0, 0);
    this_worker()->status = 77; /* never */
}

static void delete_own_thread(void)
{
    for (unsigned i = 0; i < 8; i++) {
        uint64_t threads = system_info().objects[OBJ_THREAD];
        struct worker *w = spawn(0, i & 1 ? HIGH_PRIORITY : LOW_PRIORITY, delete_self_thread, NULL);
        pause_ms(2);
        SAME(0, w->status);
        SAME(threads, system_info().objects[OBJ_THREAD]);
        SAME(OBJ_NONE, cap_info(0, w->thread).type);
    }
}

static void task_holds_itself(void)
{
    uint64_t tasks = system_info().objects[OBJ_TASK];
    handle_t task = new_task_of(new_quota(16), 1);
    give(task, task, 8);
    /* Two tasks holding each other. */
    handle_t other = new_task_of(new_quota(16), 1);
    give(task, other, 9);
    give(other, task, 9);
    WANT(OK, sys_cap(CAP_DELETE, task, 8, 0, 0, 0, 0));
    WANT(OK, sys_cap(CAP_DELETE, task, 9, 0, 0, 0, 0));
    WANT(OK, sys_cap(CAP_DELETE, other, 9, 0, 0, 0, 0));
    WANT(OK, drop(other));
    WANT(OK, drop(task));
    SAME(tasks, system_info().objects[OBJ_TASK]);
}

static void rights_of_child_task(void)
{
    handle_t task = new_task_of(new_quota(16), 1), e = new_endpoint();
    handle_t no_caps = mint(task, RIGHT_MAP | RIGHT_THREADS | RIGHT_INFO, 0);
    WANT(BAD_RIGHT, sys_cap(CAP_COPY, 0, e, no_caps, 5, 0, 0));
    WANT(BAD_RIGHT, sys_cap(CAP_DELETE, no_caps, 5, 0, 0, 0, 0));
    WANT(OK, sys_cap(CAP_COPY, 0, e, mint(task, RIGHT_CAPS, 0), 5, 0, 0));
}

const struct test_case cap_cases[] = {{"cap_copy_is_sibling", copy_is_sibling, 0},
                                      {"cap_copy_occupied", copy_occupied, 0},
                                      {"cap_source_bounds", source_bounds, 0},
                                      {"cap_destination_bounds", destination_bounds, 0},
                                      {"cap_mint_shrinks_rights", mint_shrinks_rights, 0},
                                      {"cap_badge_once", badge_once, 0},
                                      {"cap_delete_takes_derived", delete_takes_derived, 0},
                                      {"cap_revoke_keeps_itself", revoke_keeps_itself, 0},
                                      {"cap_revoke_depth", revoke_depth, 0},
                                      {"cap_revoke_middle", revoke_middle, 0},
                                      {"cap_copy_of_derived_dies", copy_of_derived_dies, 0},
                                      {"cap_revoke_across_tasks", revoke_across_tasks, 0},
                                      {"cap_delete_in_other_task", delete_in_other_task, 0},
                                      {"cap_move", move, 0},
                                      {"cap_move_occupied", move_occupied, 0},
                                      {"cap_move_between_tasks", move_between_tasks, 0},
                                      {"cap_delete_empty", delete_empty, 0},
                                      {"cap_last_capability", last_capability, 0},
                                      {"cap_counts", counts, 0},
                                      {"cap_table_quota", table_quota, 0},
                                      {"cap_whole_table", whole_table, 0},
                                      {"cap_delete_own_task", delete_own_task, 0},
                                      {"cap_delete_own_thread", delete_own_thread, 0},
                                      {"cap_task_holds_itself", task_holds_itself, 0},
                                      {"cap_rights_of_child_task", rights_of_child_task, 0},
                                      {NULL, NULL, 0}};
