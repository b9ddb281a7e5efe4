/*
 * What a task finds when it starts, and the conventions of the user library around it.
 *
 * Root maps one read-only page at STARTUP_VA and starts the main thread with RDI = STARTUP_VA. The
 * page names every grant of the manifest and the handle or address under which the task has it.
 *
 * Address space of a task:
 *   IMAGE_VA     program image (programs are linked here: nothing lies below 4 GiB)
 *   HEAP_VA      malloc, grown from the grant "memory"
 *   GRANT_VA     regions and channels that root mapped (address in the grant)
 *   RESERVE_VA   vm_reserve hands out ranges from here, up to RESERVE_END
 *   STACK_TOP    main thread's stack, growing down; a guard page below
 *   IPC_VA       IPC and upcall pages of the threads
 *   STARTUP_VA   this page
 */
#pragma once

#include <tetrapla/abi.h>

#define IMAGE_VA    0x0000000100000000ULL
#define HEAP_VA     0x0000010000000000ULL
#define GRANT_VA    0x0000020000000000ULL
#define RESERVE_VA  0x0000200000000000ULL
#define RESERVE_END 0x00007e0000000000ULL
#define STACK_TOP   0x00007f0000000000ULL
#define IPC_VA      0x00007f8000000000ULL
#define STARTUP_VA  0x00007fffffe00000ULL

enum task_handle {                  /* in every task that root starts */
                   TASK_SELF = 1,   /* rights: CAPS MAP THREADS INFO */
                   TASK_THREAD = 2, /* the main thread */
                   TASK_QUOTA = 3,
                   TASK_MEMORY =
                       4, /* region: the manifest's memory=, image, stack and heap lie in it */
                   TASK_ROOT = 5,  /* endpoint of root, badge = task number (protocol: root.h) */
                   TASK_GRANTS = 6 /* grants follow; then free slots, from startup.first_free */
};

enum grant_kind {
    GRANT_ENDPOINT = 1,    /* use=NAME: RIGHT_SEND; serve=NAME: RIGHT_SEND|RIGHT_RECV */
    GRANT_REGION = 2,      /* a region, mapped at va for bytes */
    GRANT_IRQ = 3,         /* irq=N */
    GRANT_PORTS = 4,       /* ports=BASE+N: extra = base; IN and OUT already allowed */
    GRANT_CHANNEL = 5,     /* channel end: va, handle = own notification, peer = the other side's */
    GRANT_MODULE = 6,      /* module=NAME: read-only region, mapped at va, bytes long */
    GRANT_FRAMEBUFFER = 7, /* mapped at va; startup.framebuffer describes it */
    GRANT_NOTIFICATION = 8, /* a notification to signal or wait on */
};

struct grant {
    char name[24];
    uint32_t kind; /* enum grant_kind */
    handle_t handle;
    handle_t peer;     /* channels: notification of the other end */
    uint32_t index;    /* channels: bit number that this end's notification gets */
    uint32_t peer_bit; /* channels: bit to signal at peer */
    uint32_t extra;    /* ports: first port; irq: line; channel: 0 = client end, 1 = server end */
    uint64_t va;
    uint64_t bytes;
};

#define STARTUP_MAGIC 0x5452415453534b54ULL
#define GRANTS_MAX    40

struct startup {
    uint64_t magic;
    char name[24];
    uint32_t number;      /* badge at root */
    uint32_t incarnation; /* 0 at first, +1 at every restart */
    uint32_t priority;
    handle_t first_free;   /* first unused capability slot */
    uint64_t memory_bytes; /* size of TASK_MEMORY */
    uint64_t memory_used;  /* taken by image, bss and stack, from its start (a multiple of 4096) */
    char args[512];        /* args="..."; of a guest: its keys, words KEY=VALUE */
    struct {               /* as struct boot_framebuffer */
        uint64_t present, offset;
        uint32_t width, height, pitch, bits_per_pixel;
        uint8_t red_position, red_size, green_position, green_size, blue_position, blue_size;
        uint8_t reserved[2];
    } framebuffer;
    uint32_t grant_count;
    uint32_t reserved;
    struct grant grant[GRANTS_MAX];
};
_Static_assert(sizeof(struct startup) <= PAGE_SIZE, "start-up page");

/* The start-up page, valid from the first instruction of main. NULL in a task that the kernel itself
 * started as root (RDI = BOOTINFO_VA); that task has boot_info() instead, and must call heap_init
 * before malloc and output_set before printf. */
const struct startup *startup(void);
struct boot_info;
const struct boot_info *boot_info(void);
/* Let malloc grow from pages [first, first+pages) of a region. Called by start-up code for ordinary
 * tasks. */
void heap_init(handle_t region, uint64_t first, uint64_t pages);
/* Where printf and putchar go. Ordinary tasks: the channel "console" if granted; else the serial
 * port, polled, if ports 0x3f8+8 are granted and no channel "console" of another kind is (a driver's);
 * else root's log, a line at a time. */
void output_set(void (*write)(const char *bytes, size_t n));
/* An output for output_set: root's log, a line at a time. For drivers that own the serial port. */
void output_log(const char *bytes, size_t n);
/* Polled output on COM1; for tests and for root before a console exists. Allow the ports first. */
void uart_write(const char *bytes, size_t n);
/* The grant of that name and kind (kind 0: any), or NULL. */
const struct grant *grant_find(const char *name, unsigned kind);
/* The nth grant of a kind, or NULL. */
const struct grant *grant_nth(unsigned kind, unsigned n);

/* A free capability slot; HANDLE_NONE when the table is full. Thread-safe. */
handle_t slot_alloc(void);
/* Return a slot; the capability must have been deleted. */
void slot_free(handle_t slot);

/* Threads. Each thread has a block at its FS base. */
struct thread_block {
    struct thread_block *self;
    struct ipc_page *ipc; /* at FS:8 */
    handle_t thread;
    uint32_t reserved;
    void (*entry)(void *);
    void *arg;
    int error; /* errno of this thread */
    struct upcall_page *upcall;
    handle_t sleep; /* notification that sleep_ns waits on, made at the first sleep */
};
struct thread_block *thread_self(void);

/* A thread with a stack of stack_bytes from the heap (0: 64 KiB) at a priority (0: the caller's).
 * Status; *out is its handle. */
int thread_create(handle_t *out, void (*entry)(void *), void *arg, size_t stack_bytes,
                  unsigned priority);
/* Stop and free a thread made by thread_create. */
int thread_delete(handle_t thread);

/* A mutual exclusion lock for the threads of one task. {0} is unlocked. */
struct lock {
    uint32_t word;
    handle_t notification;
};
void lock_take(struct lock *l);
void lock_drop(struct lock *l);

/* Monotonic ns, read from the time page. */
uint64_t time_now(void);
void sleep_ns(uint64_t ns);

/* A server: receive at an endpoint for ever; handle() turns a request into an answer in place and
 * returns its length in words, or SERVER_DEFER after it has taken the reply object (the loop makes
 * a new one). signals() gets bits of the bound notification; may be NULL. Returns a status only if
 * the endpoint dies. */
struct message;
#define SERVER_DEFER (-1)
struct server {
    handle_t endpoint;
    handle_t reply; /* current reply object; a deferring handler keeps it */
    int (*handle)(struct server *s, struct message *m);
    void (*signals)(struct server *s, uint64_t bits);
    void *context;
};
int server_run(struct server *s);

/* Text of a status ("bad handle"), never NULL. */
const char *status_name(int status);
