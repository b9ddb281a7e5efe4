/*
 * The kernel's interface: everything a user task and the kernel must agree on.
 *
 * A call is one trap. Register RAX holds the call number, a length or sub-operation and up to
 * two capability handles (see "call word"); six further registers hold arguments or message
 * words. RAX returns the result word. The reference for every call is docs/kernel-reference.md.
 *
 * Invariants of the interface:
 *  - a user's mistake returns a status and changes nothing;
 *  - memory is named by capabilities and page-aligned addresses, never by user pointers: bulk
 *    arguments live in the thread's IPC page, which the kernel owns and which cannot fault;
 *  - a handle is an index into the calling task's capability table; handle 0 is never a
 *    capability. Where a task or thread is asked for, 0 means "the caller's own".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE       4096ULL
#define PAGE_SHIFT      12
#define LARGE_PAGE_SIZE (512 * PAGE_SIZE)

/* ---- address space ------------------------------------------------------------------------
 *  0                        first page, never mapped
 *  USER_MIN                 lowest mappable address
 *  INFO_PAGE_VA             the time page, read-only, in every task
 *  USER_MAX                 end of user space (exclusive); one guard page below the canonical hole
 */
#define USER_MIN     0x0000000000001000ULL
#define USER_MAX     0x00007fffffffe000ULL
#define INFO_PAGE_VA 0x00007fffffffd000ULL /* inside user space, mapped by the kernel */

typedef uint32_t handle_t;
#define HANDLE_NONE 0u
#define HANDLE_MAX  32767u /* a capability table has slots 1 to HANDLE_MAX */

/* ---- call word: RAX on entry ----------------------------------------------------------------
 *   bits  0–7   call number (enum call)
 *   bits  8–15  message length in words, or sub-operation
 *   bits 16–39  handle a
 *   bits 40–63  handle b
 */
static inline uint64_t call_word(unsigned nr, unsigned sub, handle_t a, handle_t b)
{
    return (uint64_t)nr | (uint64_t)sub << 8 | (uint64_t)a << 16 | (uint64_t)b << 40;
}

enum call {
    CALL_CALL = 0,           /* send a message to an endpoint and wait for the reply */
    CALL_REPLY = 1,          /* answer the caller held by a reply object */
    CALL_RECV = 2,           /* receive a message, a fault, or the bound notification's signals */
    CALL_REPLY_RECV = 3,     /* both, in one entry */
    CALL_SIGNAL = 4,         /* or bits into a notification */
    CALL_WAIT = 5,           /* take a notification's bits; arm its deadline */
    CALL_CREATE = 6,         /* make an object, charged to a quota */
    CALL_CAP = 7,            /* copy, mint, delete, revoke capabilities */
    CALL_MAP = 8,            /* change an address space: a vector of operations */
    CALL_THREAD = 9,         /* start, stop, registers, priority, bind, poke ... */
    CALL_IRQ = 10,           /* bind and acknowledge an interrupt */
    CALL_UPCALL_RETURN = 11, /* leave an upcall, mapping pages on the way */
    CALL_INFO = 12,          /* ask about an object or the system */
    CALL_COUNT
};

/* ---- result word: RAX on exit ---------------------------------------------------------------
 *   bits  0–7   status (enum status)
 *   bits  8–15  kind of what was received (enum recv_kind)
 *   bits 16–23  words received
 *   bits 24–31  CALL_REPLY_RECV: status of the reply half (OK, GONE, EMPTY)
 */
static inline unsigned result_status(uint64_t r)
{
    return r & 0xff;
}
static inline unsigned result_kind(uint64_t r)
{
    return r >> 8 & 0xff;
}
static inline unsigned result_words(uint64_t r)
{
    return r >> 16 & 0xff;
}
static inline unsigned result_reply_status(uint64_t r)
{
    return r >> 24 & 0xff;
}

enum status {
    OK = 0,
    BAD_CALL = 1,     /* no such call or sub-operation */
    BAD_HANDLE = 2,   /* the handle holds no capability (or a task handle does not) */
    BAD_TYPE = 3,     /* the capability is for another type of object */
    BAD_RIGHT = 4,    /* the capability lacks a right the call needs */
    BAD_ARG = 5,      /* a value is out of range, misaligned or contradictory */
    BAD_ADDRESS = 6,  /* a virtual address is outside user space or not mapped as needed */
    OCCUPIED = 7,     /* slot in use, pages already mapped, reply already holds a caller */
    QUOTA = 8,        /* the quota to be charged is exhausted; nothing was changed */
    PEER_DIED = 9,    /* endpoint, reply object or server went away */
    GONE = 10,        /* the caller a reply was for went away */
    EMPTY = 11,       /* the reply object holds no caller */
    WOULD_BLOCK = 12, /* polling and nothing there, or a blocking call inside an upcall */
    POKED = 13,       /* a wait was ended by a poke */
    BUSY = 14,        /* the object is in use: parent region mapped, IRQ bound, thread running */
    STOPPED = 15,     /* the thread was stopped while it waited */
    LIMIT = 16,       /* a fixed limit is reached (attachments, slots, queue) */
    STATUS_COUNT
};

/* ---- objects and rights ------------------------------------------------------------------- */
enum object_type {
    OBJ_NONE = 0,
    OBJ_TASK = 1,
    OBJ_THREAD = 2,
    OBJ_ENDPOINT = 3,
    OBJ_REPLY = 4,
    OBJ_NOTIFICATION = 5,
    OBJ_REGION = 6,
    OBJ_QUOTA = 7,
    OBJ_IRQ = 8,
    OBJ_PORTS = 9,
    OBJ_IRQ_CONTROL = 10,
    OBJ_TYPE_COUNT
};

/* Rights, per object type; a capability carries up to eight. */
#define RIGHT_READ    0x01u /* region */
#define RIGHT_WRITE   0x02u /* region */
#define RIGHT_EXEC    0x04u /* region */
#define RIGHT_CARVE   0x08u /* region: carve and derive */
#define RIGHT_SEND    0x01u /* endpoint: call */
#define RIGHT_RECV    0x02u /* endpoint: receive; be a fault handler */
#define RIGHT_SIGNAL  0x01u /* notification: signal */
#define RIGHT_WAIT    0x02u /* notification: wait, arm, bind */
#define RIGHT_CAPS    0x01u /* task: read and change its capability table */
#define RIGHT_MAP     0x02u /* task: change its address space */
#define RIGHT_THREADS 0x04u /* task: create threads in it */
#define RIGHT_INFO    0x08u /* task, thread: ask about it */
#define RIGHT_CONTROL 0x01u /* thread: start, stop, registers, priority, bind, upcall */
#define RIGHT_POKE    0x02u /* thread: poke */
#define RIGHT_BUDGET  0x10u /* thread: loosen a limited budget */
#define RIGHT_USE     0x01u /* reply, quota, irq, ports, irq control: use it */
#define RIGHTS_ALL    0xffu

/* ---- messages ------------------------------------------------------------------------------- */
#define MSG_REG_WORDS 6 /* carried in RDI RSI RDX R10 R8 R9, in this order */
#define MSG_MAX_WORDS 64

enum recv_kind {
    RECV_NONE = 0,
    RECV_MESSAGE = 1, /* badge = badge of the capability it was sent through */
    RECV_SIGNALS = 2, /* badge = the bound notification's bits, which were cleared */
    RECV_FAULT = 3,   /* badge = badge of the fault endpoint capability; words: enum fault_word */
};
/* The badge or the bits come back in RBX. */

#define RECV_POLL 1u /* sub-operation bit of CALL_RECV: do not block */

enum fault_word {
    FAULT_VECTOR = 0,  /* enum fault_vector (x86 exception number) */
    FAULT_IP = 1,      /* instruction pointer */
    FAULT_ADDRESS = 2, /* faulting address of a page fault, else 0 */
    FAULT_ERROR = 3,   /* error code as the CPU gives it */
    FAULT_SP = 4,      /* stack pointer */
    FAULT_FLAGS = 5,   /* flags register */
    FAULT_WORDS = 6
};
/* A fault is answered by a reply. Word 0 of the reply: */
#define FAULT_REPLY_RESUME 0 /* run again from the (possibly changed) registers */
#define FAULT_REPLY_STOP   1 /* leave the thread stopped */

/* ---- notifications ------------------------------------------------------------------------- */
#define SIGNAL_DEADLINE (1ULL << 63) /* set by the kernel when the deadline passes */
#define WAIT_POLL       1u           /* CALL_WAIT: return at once (WOULD_BLOCK if no bit is set) */
#define WAIT_ARM        2u           /* CALL_WAIT: set the deadline first; DEADLINE_NEVER disarms */
#define WAIT_KEEP       4u           /* CALL_WAIT: do not clear the bits */
#define DEADLINE_NEVER  UINT64_MAX

/* ---- CALL_CREATE: handle a = quota to charge, sub = object type, w0 = destination slot ------ */
/*  OBJ_TASK          w1 = priority ceiling (0..PRIORITY_MAX, not above the creator's).
 *                    The quota becomes the task's own: its tables are charged to it.
 *  OBJ_THREAD        b = task (0 = own), whose quota is charged; w1 = address for the IPC page;
 *                    w2 = priority
 *  OBJ_ENDPOINT, OBJ_REPLY, OBJ_NOTIFICATION   no arguments
 *  OBJ_QUOTA         w1 = pages, reserved from quota a
 *  OBJ_REGION        b = parent region; w1 = offset in pages; w2 = pages; w3 = rights;
 *                    w4 = enum region_mode
 *  OBJ_IRQ           b = irq control; w1 = interrupt number; w2 = enum irq_flags
 *  OBJ_PORTS         b = parent range; w1 = first port; w2 = count
 */
enum region_mode { REGION_DERIVE = 0, REGION_CARVE = 1 };

/* IRQ numbers: with IRQ_ISA an ISA line 0–15 (overrides from the ACPI MADT applied), otherwise a
 * global system interrupt with the given trigger and polarity. */
#define IRQ_ISA   1u
#define IRQ_LEVEL 2u
#define IRQ_LOW   4u

/* ---- CALL_CAP: a = source task, b = destination task (0 = own) ------------------------------ */
enum cap_op {
    CAP_COPY = 0,   /* w0 = source slot, w1 = destination slot; a sibling: same rights and badge */
    CAP_MINT = 1,   /* as copy, w2 = rights kept, w3 = badge (if the source has none); a child */
    CAP_DELETE = 2, /* task a, w0 = slot: the capability and everything derived from it */
    CAP_REVOKE = 3, /* task a, w0 = slot: everything derived from it */
    CAP_MOVE = 4,   /* w0 = source slot, w1 = destination slot */
};

/* ---- CALL_MAP: a = task (0 = own), w0 = entries in the IPC page's vector; returns w0 = done - */
enum map_kind {
    MAP_MAP = 0,     /* fails with OCCUPIED if a page of the range is mapped */
    MAP_UNMAP = 1,   /* pages not mapped are skipped */
    MAP_PROTECT = 2, /* new rights, at most those of the region capability named;
                        pages not mapped are skipped, pages of another region: BAD_ARG */
    MAP_PORTS = 3,   /* region = ports capability: allow IN and OUT on the range */
    MAP_KINDS
};
#define MAP_READ       RIGHT_READ
#define MAP_WRITE      RIGHT_WRITE
#define MAP_EXEC       RIGHT_EXEC
#define MAP_VECTOR_MAX 64

struct map_op {
    uint8_t kind;    /* enum map_kind */
    uint8_t rights;  /* MAP_READ | MAP_WRITE | MAP_EXEC; READ is implied by the others */
    uint16_t zero;   /* must be 0 */
    handle_t region; /* capability in the *caller's* table (MAP, PROTECT, PORTS) */
    uint64_t va;     /* page-aligned */
    uint64_t offset; /* in pages from the start of the region (MAP) */
    uint64_t pages;  /* 1 or more (0: BAD_ARG) */
};

/* The IPC page. The kernel reads and writes it through its own mapping. */
struct ipc_page {
    uint64_t msg[MSG_MAX_WORDS]; /* words 0–5 travel in registers and are not stored here */
    uint64_t reserved[192];
    struct map_op vector[MAP_VECTOR_MAX];
};
_Static_assert(sizeof(struct ipc_page) == PAGE_SIZE, "IPC page");

/* ---- CALL_THREAD: a = thread (0 = own) ----------------------------------------------------- */
enum thread_op {
    THREAD_START = 0,     /* w0 = rip, w1 = rsp, w2 = argument (RDI); a stopped thread */
    THREAD_STOP = 1,      /* a waiting thread's call ends with STOPPED when it is resumed */
    THREAD_RESUME = 2,    /* go on after THREAD_STOP */
    THREAD_GET_REGS = 3,  /* struct thread_regs into the caller's IPC page (msg); thread stopped */
    THREAD_SET_REGS = 4,  /* from the caller's IPC page; thread stopped or in a fault */
    THREAD_SET_FAULT = 5, /* b = endpoint (RIGHT_RECV not needed, RIGHT_SEND is), 0 = none */
    THREAD_BIND = 6,      /* b = notification (0 = unbind); w0 = 1: a signal also pokes */
    THREAD_UPCALL = 7,    /* w0 = address for the upcall page (0 = unregister), w1 = lo, w2 = hi,
                            w3 = handler, w4 = handler stack top; charged to the thread's task */
    THREAD_POKE = 8,
    THREAD_PRIORITY = 9, /* w0 = priority, w1 = budget ns per period (0 = unlimited), w2 = period */
    THREAD_YIELD = 10,   /* own thread: to the end of the queue of its level */
    THREAD_EXIT = 11,    /* own thread: stop for good */
};

#define PRIORITY_MAX 31 /* higher runs first; 0 is for background work */

/* General registers in the order in which the hardware numbers them, then the rest. */
/* clang-format off */
enum { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
       REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_COUNT };
/* clang-format on */

struct thread_regs {
    uint64_t gpr[REG_COUNT];
    uint64_t rip, rflags, fs_base, gs_base;
};

/* ---- upcalls -------------------------------------------------------------------------------- */
/* clang-format off */
enum fault_vector {
    FAULT_DIVIDE = 0, FAULT_DEBUG = 1, FAULT_BREAKPOINT = 3, FAULT_OVERFLOW = 4, FAULT_BOUND = 5,
    FAULT_UNDEFINED = 6, FAULT_NO_FPU = 7, FAULT_SEGMENT = 11, FAULT_STACK = 12,
    FAULT_PROTECTION = 13, FAULT_PAGE = 14, FAULT_X87 = 16, FAULT_ALIGNMENT = 17, FAULT_SIMD = 19,
    UPCALL_POKE = 256 /* not a fault: the thread was poked */
};
/* clang-format on */
/* Page-fault error code bits (Intel SDM vol. 3, 4.7). */
#define PF_PRESENT 1u
#define PF_WRITE   2u
#define PF_USER    4u
#define PF_FETCH   16u

struct upcall_page {
    struct thread_regs regs; /* state at the fault; upcall_return loads it, sanitised */
    uint64_t vector;         /* enum fault_vector */
    uint64_t error;
    uint64_t address;
    volatile uint64_t pending; /* not 0: a poke could not be delivered; the entry stub tests it */
    volatile uint64_t active;  /* for information: an upcall is being served */
    uint64_t reserved[256 - 20 - 5];
    struct map_op vector_ops[MAP_VECTOR_MAX]; /* for CALL_UPCALL_RETURN */
};
_Static_assert(sizeof(struct upcall_page) == PAGE_SIZE, "upcall page");
/* CALL_UPCALL_RETURN: w0 = entries of vector_ops. If an operation fails, the call returns to the
 * handler with its status and w0 = done; otherwise the state in regs is resumed. */

/* ---- CALL_IRQ: a = irq ------------------------------------------------------------------------ */
enum irq_op {
    IRQ_BIND = 0, /* b = notification (0 = unbind), w0 = bits to signal */
    IRQ_ACK = 1,  /* level-triggered lines stay masked from the interrupt until this */
};

/* ---- CALL_INFO: sub = what, a = handle; results in the IPC page, from msg[0] on ----------- */
enum info_what {
    INFO_SYSTEM = 0,  /* no handle: struct info_system */
    INFO_CAP = 1,     /* a = task (0 = own), w0 = slot: struct info_cap; an empty slot has type 0 */
    INFO_TASK = 2,    /* struct info_task */
    INFO_THREAD = 3,  /* struct info_thread */
    INFO_QUOTA = 4,   /* struct info_quota */
    INFO_REGION = 5,  /* struct info_region */
    INFO_PAGE = 6,    /* a = task (0 = own), w0 = va: struct info_page_map */
    INFO_MEASURE = 7, /* a = irq control; w0 = 1: reset and measure, 0: stop: struct info_measure */
};

struct info_system {
    uint64_t cpus_present, cpus_used;
    uint64_t pool_pages, pool_free;       /* kernel memory */
    uint64_t objects[OBJ_TYPE_COUNT];     /* objects alive, by type */
    uint64_t capabilities, mapped_tables; /* slots in use; page-table pages in use */
    uint64_t kernel_entries, context_switches, interrupts, upcalls, ipcs, maps;
    uint64_t idle_ns, uptime_ns;
    uint64_t features; /* CPU_* below */
    /* instructions that cost more than they count, executed by the kernel so far */
    uint64_t cr_writes, invlpgs, msr_writes, irets, xsaves, nmis;
};
_Static_assert(sizeof(struct info_system) <= MSG_MAX_WORDS * sizeof(uint64_t), "info_system");
/* clang-format off */
struct info_task { uint64_t threads, ceiling, capabilities, tables, attachments, cpu_ns; };
struct info_thread { uint64_t state, priority, budget, period, cpu_ns, poked; };
enum thread_state { /* info_thread.state */
    THREAD_STOPPED = 0, THREAD_READY, THREAD_RUNNING, THREAD_SENDING, THREAD_AWAITING_REPLY,
    THREAD_RECEIVING, THREAD_WAITING, THREAD_FAULTED, THREAD_DEAD
};
struct info_cap { uint64_t type, rights, badge, children; };
struct info_quota { uint64_t pages, used; }; /* used includes what child quotas reserve */
struct info_region { uint64_t pages, cache, ram, attachments, carved; };
struct info_page_map { uint64_t mapped, rights, page_size; };
struct info_measure { uint64_t longest_ticks, longest_call, samples; };
/* clang-format on */

#define CPU_PCID           1u
#define CPU_INVPCID        2u
#define CPU_SMEP           4u
#define CPU_SMAP           8u
#define CPU_X2APIC         16u
#define CPU_TSC_DEADLINE   32u
#define CPU_AVX            64u
#define CPU_XSAVEOPT       128u
#define CPU_GIGABYTE_PAGES 256u
#define CPU_INVARIANT_TSC  512u

/* ---- the time page ---------------------------------------------------------------------------- */
/* Monotonic time since boot in ns = ((ticks - tick_base) * mult) >> shift, ticks from RDTSC, the
 * product taken at 128 bits. It never changes after boot. */
struct info_page {
    uint64_t magic; /* INFO_PAGE_MAGIC */
    uint64_t tick_base;
    uint64_t mult;
    uint64_t shift;
    uint64_t ticks_per_second;
    uint64_t features;
};
#define INFO_PAGE_MAGIC 0x616c706172746554ULL /* "Tetrapla" */
