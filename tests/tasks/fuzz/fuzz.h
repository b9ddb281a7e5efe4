/*
 * The system-call fuzzer: who is who, and what they share.
 *
 * Root (main.c) builds an unprivileged victim task and an innocent one, each with a private copy of
 * this program's image, so that nothing the victim does to its own memory reaches anybody else.
 * The victim's threads (victim.c) make random calls that know the structure of the calls (table.c).
 * The nurse, a thread of root below the victim's priority, runs when all of them are stuck and gets
 * them going; the watchdog, root's main thread at the highest priority, counts and has the victim
 * built anew. Victim and root share the control region only, and root believes nothing in it but
 * counters.
 */
#pragma once

#include "../../kernel/root_task.h"

#define VICTIM_THREADS 8
#define CONTROL_VA     0x0000600000000000ULL
#define STACK_VA       0x0000610000000000ULL
#define STACK_BYTES    (8 * PAGE_SIZE) /* lower half: upcall stack; upper half: the thread's */
#define VICTIM_IPC_VA  0x0000620000000000ULL
#define FUZZ_VA        0x0000100000000000ULL /* where random mappings mostly go */

/* The victim's capability table. */
enum {
    V_TASK = 1,
    V_THREADS = 2, /* VICTIM_THREADS of them */
    V_QUOTA = 10,
    V_ENDPOINTS = 11,     /* 3 */
    V_REPLIES = 14,       /* 4 */
    V_NOTIFICATIONS = 18, /* 3 */
    V_REGIONS = 21,       /* 4 */
    V_PORTS = 25,
    V_DYNAMIC = 64, /* what the victim creates */
    V_DYNAMIC_END = 160
};
#define V_DYNAMIC_COUNT (V_DYNAMIC_END - V_DYNAMIC)

struct fuzz_thread {
    uint64_t seed;
    volatile uint64_t calls;
    volatile uint64_t status[CALL_COUNT + 1][STATUS_COUNT + 1];
};

struct control {
    struct fuzz_thread thread[VICTIM_THREADS];
    uint8_t dynamic_type[V_DYNAMIC_COUNT]; /* what the victim believes to be in its slots */
};
#define CONTROL_PAGES ((sizeof(struct control) + PAGE_SIZE - 1) / PAGE_SIZE)

/* ---- table.c: the structure of the calls ------------------------------------------------------- */

enum argument {
    ARG_ZERO,
    ARG_RANDOM,
    ARG_SLOT,   /* slot to fill */
    ARG_SOURCE, /* slot to take from */
    ARG_VA,
    ARG_PAGES,
    ARG_OFFSET,
    ARG_RIGHTS,
    ARG_BITS,
    ARG_WHEN, /* deadline */
    ARG_CODE, /* address to run at */
    ARG_STACK,
    ARG_PRIORITY,
    ARG_NS,
    ARG_BOOL,
    ARG_MODE,
    ARG_IPC_VA,
    ARG_LINE, /* interrupt number */
    ARG_PORT,
    ARG_VECTOR,        /* count of map operations; the vector is filled */
    ARG_RETURN_VECTOR, /* the same, in the upcall page */
    ARG_WORDS,         /* any word of a message */
    ARG_RANGE_LO,
    ARG_RANGE_HI,
    ARG_HANDLER,
    ARG_INFO_SLOT
};

struct call_row {
    uint8_t weight;
    uint8_t nr, sub;
    uint8_t a, b;    /* enum object_type of the handles; OBJ_NONE: 0 */
    uint8_t w[6];    /* enum argument */
    uint8_t message; /* sub is a random message length */
    uint8_t blocks;  /* may block: made less often */
};
extern const struct call_row call_rows[];
extern const unsigned call_row_count;

/* ---- victim.c, innocent.c: entries of the tasks' threads ---------------------------------------- */
void victim_start(void); /* RDI = index */
void innocent_client_start(void);
void innocent_server_start(void);

/* The innocent's table and its report to root. */
enum { I_ENDPOINT = 1, I_REPLY = 2, I_TIMER = 3 };
#define INNOCENT_VA      0x0000600100000000ULL /* struct innocent, shared with root */
#define INNOCENT_DATA_VA 0x0000600200000000ULL /* memory that it checks */
#define INNOCENT_IPC_VA  0x0000630000000000ULL
#define INNOCENT_PAGES   64ULL
struct innocent {
    volatile uint64_t rounds, errors, checks, last_error;
};
