/*
 * Every handle argument of every call: no capability there, another type, a right missing.
 *
 * One row per argument. For each row three cases run: the handle numbers that hold nothing (an
 * empty slot, the last slot, past the table, the largest number), a capability of each other type,
 * and a capability of the right type with the needed right taken away. The other arguments are
 * good, so only the handle under test can be the reason.
 */
#include "suite.h"

enum place { IN_A, IN_B, IN_VECTOR };

struct row {
    unsigned nr, sub;
    enum place place;
    bool zero_is_own; /* handle 0 means the own task or thread, or "none" */
    unsigned type, right;
    unsigned other_type; /* of the other handle; OBJ_NONE: 0 */
    uint64_t w[5];       /* SLOT stands for a free slot, VA for a free address */
};

#define SLOT 0xfffffffffffffff0ULL
#define VA   0xfffffffffffffff1ULL

enum {
    ROW_CALL,
    ROW_REPLY,
    ROW_RECV_A,
    ROW_RECV_B,
    ROW_REPLY_RECV_A,
    ROW_REPLY_RECV_B,
    ROW_SIGNAL,
    ROW_WAIT,
    ROW_CREATE_ENDPOINT,
    ROW_CREATE_TASK,
    ROW_CREATE_QUOTA,
    ROW_CREATE_THREAD_A,
    ROW_CREATE_THREAD_B,
    ROW_CREATE_REGION_A,
    ROW_CREATE_REGION_B,
    ROW_CREATE_IRQ_B,
    ROW_CREATE_PORTS_B,
    ROW_CAP_COPY_A,
    ROW_CAP_COPY_B,
    ROW_CAP_MINT_A,
    ROW_CAP_MINT_B,
    ROW_CAP_DELETE,
    ROW_CAP_REVOKE,
    ROW_CAP_MOVE_A,
    ROW_CAP_MOVE_B,
    ROW_MAP,
    ROW_MAP_REGION,
    ROW_PROTECT_REGION,
    ROW_MAP_PORTS,
    ROW_START,
    ROW_STOP,
    ROW_RESUME,
    ROW_GET_REGS,
    ROW_SET_REGS,
    ROW_SET_FAULT_A,
    ROW_SET_FAULT_B,
    ROW_BIND_A,
    ROW_BIND_B,
    ROW_UPCALL,
    ROW_POKE,
    ROW_PRIORITY,
    ROW_IRQ_BIND_A,
    ROW_IRQ_BIND_B,
    ROW_IRQ_ACK,
    ROW_INFO_TASK,
    ROW_INFO_THREAD,
    ROW_INFO_QUOTA,
    ROW_INFO_REGION,
    ROW_INFO_CAP,
    ROW_INFO_PAGE,
    ROW_INFO_MEASURE,
    ROWS
};

static const struct row rows[ROWS] = {
    /* call, sub-operation, place, 0 allowed, type, right, other handle's type, words */
    [ROW_CALL] = {CALL_CALL, 0, IN_A, false, OBJ_ENDPOINT, RIGHT_SEND, OBJ_NONE, {0}},
    [ROW_REPLY] = {CALL_REPLY, 0, IN_A, false, OBJ_REPLY, RIGHT_USE, OBJ_NONE, {0}},
    [ROW_RECV_A] = {CALL_RECV, RECV_POLL, IN_A, false, OBJ_ENDPOINT, RIGHT_RECV, OBJ_REPLY, {0}},
    [ROW_RECV_B] = {CALL_RECV, RECV_POLL, IN_B, true, OBJ_REPLY, RIGHT_USE, OBJ_ENDPOINT, {0}},
    [ROW_REPLY_RECV_A] =
        {CALL_REPLY_RECV, 0, IN_A, false, OBJ_ENDPOINT, RIGHT_RECV, OBJ_REPLY, {0}},
    [ROW_REPLY_RECV_B] = {CALL_REPLY_RECV, 0, IN_B, false, OBJ_REPLY, RIGHT_USE, OBJ_ENDPOINT, {0}},
    [ROW_SIGNAL] = {CALL_SIGNAL, 0, IN_A, false, OBJ_NOTIFICATION, RIGHT_SIGNAL, OBJ_NONE, {1}},
    [ROW_WAIT] = {CALL_WAIT, WAIT_POLL, IN_A, false, OBJ_NOTIFICATION, RIGHT_WAIT, OBJ_NONE, {0}},
    [ROW_CREATE_ENDPOINT] =
        {CALL_CREATE, OBJ_ENDPOINT, IN_A, false, OBJ_QUOTA, RIGHT_USE, OBJ_NONE, {SLOT}},
    [ROW_CREATE_TASK] =
        {CALL_CREATE, OBJ_TASK, IN_A, false, OBJ_QUOTA, RIGHT_USE, OBJ_NONE, {SLOT, 1}},
    [ROW_CREATE_QUOTA] =
        {CALL_CREATE, OBJ_QUOTA, IN_A, false, OBJ_QUOTA, RIGHT_USE, OBJ_NONE, {SLOT, 1}},
    [ROW_CREATE_THREAD_A] =
        {CALL_CREATE, OBJ_THREAD, IN_A, false, OBJ_QUOTA, RIGHT_USE, OBJ_NONE, {SLOT, VA, 1}},
    [ROW_CREATE_THREAD_B] =
        {CALL_CREATE, OBJ_THREAD, IN_B, true, OBJ_TASK, RIGHT_THREADS, OBJ_QUOTA, {SLOT, VA, 1}},
    [ROW_CREATE_REGION_A] = {CALL_CREATE,
                             OBJ_REGION,
                             IN_A,
                             false,
                             OBJ_QUOTA,
                             RIGHT_USE,
                             OBJ_REGION,
                             {SLOT, 0, 1, RIGHTS_ALL, REGION_DERIVE}},
    [ROW_CREATE_REGION_B] = {CALL_CREATE,
                             OBJ_REGION,
                             IN_B,
                             false,
                             OBJ_REGION,
                             RIGHT_CARVE,
                             OBJ_QUOTA,
                             {SLOT, 0, 1, RIGHT_READ, REGION_DERIVE}},
    [ROW_CREATE_IRQ_B] = {CALL_CREATE,
                          OBJ_IRQ,
                          IN_B,
                          false,
                          OBJ_IRQ_CONTROL,
                          RIGHT_USE,
                          OBJ_QUOTA,
                          {SLOT, 6, IRQ_ISA}},
    [ROW_CREATE_PORTS_B] =
        {CALL_CREATE, OBJ_PORTS, IN_B, false, OBJ_PORTS, RIGHT_USE, OBJ_QUOTA, {SLOT, 0x80, 1}},
    [ROW_CAP_COPY_A] = {CALL_CAP, CAP_COPY, IN_A, true, OBJ_TASK, RIGHT_CAPS, OBJ_NONE, {1, SLOT}},
    [ROW_CAP_COPY_B] =
        {CALL_CAP, CAP_COPY, IN_B, true, OBJ_TASK, RIGHT_CAPS, OBJ_NONE, {ROOT_TASK, 50}},
    [ROW_CAP_MINT_A] =
        {CALL_CAP, CAP_MINT, IN_A, true, OBJ_TASK, RIGHT_CAPS, OBJ_NONE, {1, SLOT, RIGHTS_ALL}},
    [ROW_CAP_MINT_B] = {CALL_CAP,
                        CAP_MINT,
                        IN_B,
                        true,
                        OBJ_TASK,
                        RIGHT_CAPS,
                        OBJ_NONE,
                        {ROOT_TASK, 50, RIGHTS_ALL}},
    [ROW_CAP_DELETE] = {CALL_CAP, CAP_DELETE, IN_A, true, OBJ_TASK, RIGHT_CAPS, OBJ_NONE, {1}},
    [ROW_CAP_REVOKE] = {CALL_CAP, CAP_REVOKE, IN_A, true, OBJ_TASK, RIGHT_CAPS, OBJ_NONE, {1}},
    [ROW_CAP_MOVE_A] = {CALL_CAP, CAP_MOVE, IN_A, true, OBJ_TASK, RIGHT_CAPS, OBJ_NONE, {1, SLOT}},
    [ROW_CAP_MOVE_B] =
        {CALL_CAP, CAP_MOVE, IN_B, true, OBJ_TASK, RIGHT_CAPS, OBJ_NONE, {CASE_RAM, 50}},
    [ROW_MAP] = {CALL_MAP, 0, IN_A, true, OBJ_TASK, RIGHT_MAP, OBJ_NONE, {1}},
    [ROW_MAP_REGION] = {CALL_MAP, MAP_MAP, IN_VECTOR, false, OBJ_REGION, RIGHT_READ, OBJ_NONE, {1}},
    [ROW_PROTECT_REGION] =
        {CALL_MAP, MAP_PROTECT, IN_VECTOR, false, OBJ_REGION, RIGHT_READ, OBJ_NONE, {1}},
    [ROW_MAP_PORTS] = {CALL_MAP, MAP_PORTS, IN_VECTOR, false, OBJ_PORTS, RIGHT_USE, OBJ_NONE, {1}},
    [ROW_START] = {CALL_THREAD,
                   THREAD_START,
                   IN_A,
                   true,
                   OBJ_THREAD,
                   RIGHT_CONTROL,
                   OBJ_NONE,
                   {USER_MIN, USER_MIN}},
    [ROW_STOP] = {CALL_THREAD, THREAD_STOP, IN_A, true, OBJ_THREAD, RIGHT_CONTROL, OBJ_NONE, {0}},
    [ROW_RESUME] =
        {CALL_THREAD, THREAD_RESUME, IN_A, true, OBJ_THREAD, RIGHT_CONTROL, OBJ_NONE, {0}},
    [ROW_GET_REGS] =
        {CALL_THREAD, THREAD_GET_REGS, IN_A, true, OBJ_THREAD, RIGHT_CONTROL, OBJ_NONE, {0}},
    [ROW_SET_REGS] =
        {CALL_THREAD, THREAD_SET_REGS, IN_A, true, OBJ_THREAD, RIGHT_CONTROL, OBJ_NONE, {0}},
    [ROW_SET_FAULT_A] =
        {CALL_THREAD, THREAD_SET_FAULT, IN_A, true, OBJ_THREAD, RIGHT_CONTROL, OBJ_ENDPOINT, {0}},
    [ROW_SET_FAULT_B] =
        {CALL_THREAD, THREAD_SET_FAULT, IN_B, true, OBJ_ENDPOINT, RIGHT_SEND, OBJ_THREAD, {0}},
    [ROW_BIND_A] =
        {CALL_THREAD, THREAD_BIND, IN_A, true, OBJ_THREAD, RIGHT_CONTROL, OBJ_NOTIFICATION, {0}},
    [ROW_BIND_B] =
        {CALL_THREAD, THREAD_BIND, IN_B, true, OBJ_NOTIFICATION, RIGHT_WAIT, OBJ_THREAD, {0}},
    [ROW_UPCALL] = {CALL_THREAD,
                    THREAD_UPCALL,
                    IN_A,
                    true,
                    OBJ_THREAD,
                    RIGHT_CONTROL,
                    OBJ_NONE,
                    {VA, USER_MIN, 2 * USER_MIN, USER_MIN, USER_MIN}},
    [ROW_POKE] = {CALL_THREAD, THREAD_POKE, IN_A, true, OBJ_THREAD, RIGHT_POKE, OBJ_NONE, {0}},
    [ROW_PRIORITY] =
        {CALL_THREAD, THREAD_PRIORITY, IN_A, true, OBJ_THREAD, RIGHT_CONTROL, OBJ_NONE, {1}},
    [ROW_IRQ_BIND_A] = {CALL_IRQ, IRQ_BIND, IN_A, false, OBJ_IRQ, RIGHT_USE, OBJ_NOTIFICATION, {1}},
    [ROW_IRQ_BIND_B] =
        {CALL_IRQ, IRQ_BIND, IN_B, true, OBJ_NOTIFICATION, RIGHT_SIGNAL, OBJ_IRQ, {1}},
    [ROW_IRQ_ACK] = {CALL_IRQ, IRQ_ACK, IN_A, false, OBJ_IRQ, RIGHT_USE, OBJ_NONE, {0}},
    [ROW_INFO_TASK] = {CALL_INFO, INFO_TASK, IN_A, true, OBJ_TASK, RIGHT_INFO, OBJ_NONE, {0}},
    [ROW_INFO_THREAD] = {CALL_INFO, INFO_THREAD, IN_A, true, OBJ_THREAD, RIGHT_INFO, OBJ_NONE, {0}},
    [ROW_INFO_QUOTA] = {CALL_INFO, INFO_QUOTA, IN_A, false, OBJ_QUOTA, RIGHT_USE, OBJ_NONE, {0}},
    [ROW_INFO_REGION] = {CALL_INFO, INFO_REGION, IN_A, false, OBJ_REGION, 0, OBJ_NONE, {0}},
    [ROW_INFO_CAP] = {CALL_INFO, INFO_CAP, IN_A, true, OBJ_TASK, RIGHT_CAPS, OBJ_NONE, {1}},
    [ROW_INFO_PAGE] =
        {CALL_INFO, INFO_PAGE, IN_A, true, OBJ_TASK, RIGHT_INFO, OBJ_NONE, {USER_MIN}},
    [ROW_INFO_MEASURE] =
        {CALL_INFO, INFO_MEASURE, IN_A, false, OBJ_IRQ_CONTROL, RIGHT_USE, OBJ_NONE, {0}},
};

static handle_t of_type[OBJ_TYPE_COUNT];
static uint64_t thread_page;

static void make_one_of_each(void)
{
    of_type[OBJ_ENDPOINT] = new_endpoint();
    of_type[OBJ_REPLY] = new_reply();
    of_type[OBJ_NOTIFICATION] = new_notification();
    of_type[OBJ_QUOTA] = new_quota(32);
    of_type[OBJ_REGION] = new_region(4);
    of_type[OBJ_TASK] = new_task_of(new_quota(16), PRIORITY_MAX);
    of_type[OBJ_THREAD] = new_worker(0, LOW_PRIORITY)->thread;
    of_type[OBJ_IRQ] = slot();
    WANT(OK, sys_create(OBJ_IRQ, CASE_QUOTA, ROOT_IRQ_CONTROL, of_type[OBJ_IRQ], 5, IRQ_ISA, 0, 0));
    of_type[OBJ_PORTS] = slot();
    WANT(OK, sys_create(OBJ_PORTS, CASE_QUOTA, ROOT_PORTS, of_type[OBJ_PORTS], 0x80, 1, 0, 0));
    of_type[OBJ_IRQ_CONTROL] = copy(ROOT_IRQ_CONTROL);
    thread_page = new_window(1);
}

/* Make the row's call with `handle` as the argument under test. */
static int try_row(const struct row *r, handle_t handle)
{
    struct message m = {{0}, 0, 0, 0, 0};
    handle_t other = r->other_type == OBJ_NONE ? HANDLE_NONE : of_type[r->other_type];
    for (unsigned i = 0; i < 5; i++)
        m.w[i] = r->w[i] == SLOT ? slot() : r->w[i] == VA ? thread_page : r->w[i];
    if (r->place == IN_VECTOR) {
        ipc()->vector[0] = (struct map_op){.kind = (uint8_t)r->sub,
                                           .rights = MAP_READ,
                                           .region = handle,
                                           .va = thread_page,
                                           .pages = 1};
        return sys_trap(call_word(r->nr, 0, 0, 0), &m);
    }
    if (r->nr == CALL_MAP)
        ipc()->vector[0] = (struct map_op){.kind = MAP_UNMAP, .va = thread_page, .pages = 1};
    /* Creating with a foreign quota needs a good second handle where the type asks for one. */
    if (r->place == IN_A)
        return sys_trap(call_word(r->nr, r->sub, handle, other), &m);
    return sys_trap(call_word(r->nr, r->sub, other, handle), &m);
}

static void bad_handle(void)
{
    const struct row *r = &rows[case_arg];
    static const handle_t nowhere[] = {HANDLE_MAX, HANDLE_MAX + 1, 0x8000ffU, 0xffffffU};
    make_one_of_each();
    WANT(BAD_HANDLE, try_row(r, slot()));
    if (r->place == IN_VECTOR)
        WANT(BAD_HANDLE, try_row(r, 0xffffffffU));
    for (unsigned i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
        WANT(BAD_HANDLE, try_row(r, nowhere[i]));
    if (!r->zero_is_own)
        WANT(BAD_HANDLE, try_row(r, HANDLE_NONE));
    /* A handle whose object is gone. */
    handle_t gone = copy(of_type[r->type]);
    WANT(OK, drop(gone));
    WANT(BAD_HANDLE, try_row(r, gone));
}

static void bad_type(void)
{
    const struct row *r = &rows[case_arg];
    make_one_of_each();
    for (unsigned type = 1; type < OBJ_TYPE_COUNT; type++)
        if (type != r->type)
            WANT(BAD_TYPE, try_row(r, of_type[type]));
}

static void no_right(void)
{
    const struct row *r = &rows[case_arg];
    make_one_of_each();
    WANT(BAD_RIGHT, try_row(r, mint(of_type[r->type], RIGHTS_ALL & ~r->right, 0)));
    WANT(BAD_RIGHT, try_row(r, mint(of_type[r->type], 0, 0)));
}

#define HANDLE(name, row)                  \
    {"handle_bad_" name, bad_handle, row}, \
    {                                      \
        "handle_type_" name, bad_type, row \
    }
#define BOTH(name, row)                     \
    HANDLE(name, row),                      \
    {                                       \
        "handle_right_" name, no_right, row \
    }

const struct test_case handle_cases[] = {BOTH("call", ROW_CALL),
                                         BOTH("reply", ROW_REPLY),
                                         BOTH("recv_endpoint", ROW_RECV_A),
                                         BOTH("recv_reply", ROW_RECV_B),
                                         BOTH("reply_recv_endpoint", ROW_REPLY_RECV_A),
                                         BOTH("reply_recv_reply", ROW_REPLY_RECV_B),
                                         BOTH("signal", ROW_SIGNAL),
                                         BOTH("wait", ROW_WAIT),
                                         BOTH("create_endpoint_quota", ROW_CREATE_ENDPOINT),
                                         BOTH("create_task_quota", ROW_CREATE_TASK),
                                         BOTH("create_quota_quota", ROW_CREATE_QUOTA),
                                         BOTH("create_thread_quota", ROW_CREATE_THREAD_A),
                                         BOTH("create_thread_task", ROW_CREATE_THREAD_B),
                                         BOTH("create_region_quota", ROW_CREATE_REGION_A),
                                         BOTH("create_region_parent", ROW_CREATE_REGION_B),
                                         BOTH("create_irq_control", ROW_CREATE_IRQ_B),
                                         BOTH("create_ports_parent", ROW_CREATE_PORTS_B),
                                         BOTH("cap_copy_from", ROW_CAP_COPY_A),
                                         BOTH("cap_copy_to", ROW_CAP_COPY_B),
                                         BOTH("cap_mint_from", ROW_CAP_MINT_A),
                                         BOTH("cap_mint_to", ROW_CAP_MINT_B),
                                         BOTH("cap_delete_task", ROW_CAP_DELETE),
                                         BOTH("cap_revoke_task", ROW_CAP_REVOKE),
                                         BOTH("cap_move_from", ROW_CAP_MOVE_A),
                                         BOTH("cap_move_to", ROW_CAP_MOVE_B),
                                         BOTH("map_task", ROW_MAP),
                                         BOTH("map_region", ROW_MAP_REGION),
                                         BOTH("protect_region", ROW_PROTECT_REGION),
                                         BOTH("map_ports", ROW_MAP_PORTS),
                                         BOTH("thread_start", ROW_START),
                                         BOTH("thread_stop", ROW_STOP),
                                         BOTH("thread_resume", ROW_RESUME),
                                         BOTH("thread_get_regs", ROW_GET_REGS),
                                         BOTH("thread_set_regs", ROW_SET_REGS),
                                         BOTH("thread_set_fault", ROW_SET_FAULT_A),
                                         BOTH("set_fault_endpoint", ROW_SET_FAULT_B),
                                         BOTH("thread_bind", ROW_BIND_A),
                                         BOTH("bind_notification", ROW_BIND_B),
                                         BOTH("thread_upcall", ROW_UPCALL),
                                         BOTH("thread_poke", ROW_POKE),
                                         BOTH("thread_priority", ROW_PRIORITY),
                                         BOTH("irq_bind", ROW_IRQ_BIND_A),
                                         BOTH("irq_bind_notification", ROW_IRQ_BIND_B),
                                         BOTH("irq_ack", ROW_IRQ_ACK),
                                         BOTH("info_task", ROW_INFO_TASK),
                                         BOTH("info_thread", ROW_INFO_THREAD),
                                         HANDLE("info_quota", ROW_INFO_QUOTA),
                                         HANDLE("info_region", ROW_INFO_REGION),
                                         BOTH("info_cap", ROW_INFO_CAP),
                                         BOTH("info_page", ROW_INFO_PAGE),
                                         BOTH("info_measure", ROW_INFO_MEASURE),
                                         {NULL, NULL, 0}};
