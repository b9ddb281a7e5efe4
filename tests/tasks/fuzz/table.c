/*
 * The calls and the kinds of their arguments: one row per call or sub-operation.
 */
#include "fuzz.h"

#define T OBJ_TASK
#define H OBJ_THREAD
#define E OBJ_ENDPOINT
#define R OBJ_REPLY
#define N OBJ_NOTIFICATION
#define G OBJ_REGION
#define Q OBJ_QUOTA
#define P OBJ_PORTS
#define I OBJ_IRQ
#define O OBJ_NONE

#define WORDS                                                            \
    {                                                                    \
        ARG_WORDS, ARG_WORDS, ARG_WORDS, ARG_WORDS, ARG_WORDS, ARG_WORDS \
    }

const struct call_row call_rows[] = {
    /* weight, call, sub, a, b, words, message, blocks */
    {20, CALL_CALL, 0, E, O, WORDS, 1, 1},
    {30, CALL_REPLY, 0, R, O, WORDS, 1, 0},
    {10, CALL_RECV, 0, E, R, {ARG_ZERO}, 0, 1},
    {30, CALL_RECV, RECV_POLL, E, R, {ARG_ZERO}, 0, 0},
    {20, CALL_REPLY_RECV, 0, E, R, WORDS, 1, 1},
    {40, CALL_SIGNAL, 0, N, O, {ARG_BITS}, 0, 0},
    {6, CALL_WAIT, 0, N, O, {ARG_ZERO}, 0, 1},
    {10, CALL_WAIT, WAIT_ARM, N, O, {ARG_WHEN}, 0, 1},
    {20, CALL_WAIT, WAIT_POLL, N, O, {ARG_ZERO}, 0, 0},
    {20, CALL_WAIT, WAIT_POLL | WAIT_ARM, N, O, {ARG_WHEN}, 0, 0},
    {10, CALL_WAIT, WAIT_POLL | WAIT_KEEP, N, O, {ARG_ZERO}, 0, 0},

    {4, CALL_CREATE, OBJ_TASK, Q, O, {ARG_SLOT, ARG_PRIORITY}, 0, 0},
    {8, CALL_CREATE, OBJ_THREAD, Q, T, {ARG_SLOT, ARG_IPC_VA, ARG_PRIORITY}, 0, 0},
    {8, CALL_CREATE, OBJ_ENDPOINT, Q, O, {ARG_SLOT}, 0, 0},
    {8, CALL_CREATE, OBJ_REPLY, Q, O, {ARG_SLOT}, 0, 0},
    {8, CALL_CREATE, OBJ_NOTIFICATION, Q, O, {ARG_SLOT}, 0, 0},
    {6, CALL_CREATE, OBJ_QUOTA, Q, O, {ARG_SLOT, ARG_PAGES}, 0, 0},
    {20,
     CALL_CREATE,
     OBJ_REGION,
     Q,
     G,
     {ARG_SLOT, ARG_OFFSET, ARG_PAGES, ARG_RIGHTS, ARG_MODE},
     0,
     0},
    {2, CALL_CREATE, OBJ_IRQ, Q, OBJ_IRQ_CONTROL, {ARG_SLOT, ARG_LINE, ARG_RIGHTS}, 0, 0},
    {4, CALL_CREATE, OBJ_PORTS, Q, P, {ARG_SLOT, ARG_PORT, ARG_PAGES}, 0, 0},
    {1, CALL_CREATE, OBJ_IRQ_CONTROL, Q, O, {ARG_SLOT, ARG_RANDOM}, 0, 0},

    {15, CALL_CAP, CAP_COPY, T, T, {ARG_SOURCE, ARG_SLOT}, 0, 0},
    {15, CALL_CAP, CAP_MINT, T, T, {ARG_SOURCE, ARG_SLOT, ARG_RIGHTS, ARG_BITS}, 0, 0},
    {30, CALL_CAP, CAP_DELETE, T, O, {ARG_SOURCE}, 0, 0},
    {15, CALL_CAP, CAP_REVOKE, T, O, {ARG_SOURCE}, 0, 0},
    {10, CALL_CAP, CAP_MOVE, T, T, {ARG_SOURCE, ARG_SLOT}, 0, 0},

    {80, CALL_MAP, 0, T, O, {ARG_VECTOR}, 0, 0},

    {6, CALL_THREAD, THREAD_START, H, O, {ARG_CODE, ARG_STACK, ARG_RANDOM}, 0, 0},
    {3, CALL_THREAD, THREAD_STOP, H, O, {ARG_ZERO}, 0, 0},
    {12, CALL_THREAD, THREAD_RESUME, H, O, {ARG_ZERO}, 0, 0},
    {8, CALL_THREAD, THREAD_GET_REGS, H, O, {ARG_ZERO}, 0, 0},
    {4, CALL_THREAD, THREAD_SET_REGS, H, O, {ARG_ZERO}, 0, 0},
    {8, CALL_THREAD, THREAD_SET_FAULT, H, E, {ARG_ZERO}, 0, 0},
    {12, CALL_THREAD, THREAD_BIND, H, N, {ARG_BOOL}, 0, 0},
    {12,
     CALL_THREAD,
     THREAD_UPCALL,
     H,
     O,
     {ARG_IPC_VA, ARG_RANGE_LO, ARG_RANGE_HI, ARG_HANDLER, ARG_STACK},
     0,
     0},
    {3, CALL_THREAD, THREAD_UPCALL, H, O, {ARG_ZERO}, 0, 0},
    {20, CALL_THREAD, THREAD_POKE, H, O, {ARG_ZERO}, 0, 0},
    {10, CALL_THREAD, THREAD_PRIORITY, H, O, {ARG_PRIORITY, ARG_NS, ARG_NS}, 0, 0},
    {10, CALL_THREAD, THREAD_YIELD, O, O, {ARG_ZERO}, 0, 0},
    {1, CALL_THREAD, THREAD_EXIT, O, O, {ARG_ZERO}, 0, 1},

    {3, CALL_IRQ, IRQ_BIND, I, N, {ARG_BITS}, 0, 0},
    {3, CALL_IRQ, IRQ_ACK, I, O, {ARG_ZERO}, 0, 0},
    {6, CALL_UPCALL_RETURN, 0, O, O, {ARG_RETURN_VECTOR}, 0, 0},

    {3, CALL_INFO, INFO_SYSTEM, O, O, {ARG_ZERO}, 0, 0},
    {6, CALL_INFO, INFO_CAP, T, O, {ARG_INFO_SLOT}, 0, 0},
    {4, CALL_INFO, INFO_TASK, T, O, {ARG_ZERO}, 0, 0},
    {4, CALL_INFO, INFO_THREAD, H, O, {ARG_ZERO}, 0, 0},
    {4, CALL_INFO, INFO_QUOTA, Q, O, {ARG_ZERO}, 0, 0},
    {4, CALL_INFO, INFO_REGION, G, O, {ARG_ZERO}, 0, 0},
    {6, CALL_INFO, INFO_PAGE, T, O, {ARG_VA}, 0, 0},
    {1, CALL_INFO, INFO_MEASURE, O, O, {ARG_BOOL}, 0, 0},

    /* Numbers that do not exist, and everything at random. */
    {2, CALL_COUNT, 0, O, O, WORDS, 1, 0},
};
const unsigned call_row_count = sizeof call_rows / sizeof call_rows[0];
