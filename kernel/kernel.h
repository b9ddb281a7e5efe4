/*
 * The kernel's own types and, below, every function that one file offers to another, grouped by
 * file. docs/ explains the whole; this page is the map.
 *
 * Execution model: one CPU runs the kernel, on one stack, with interrupts off. A call runs to its
 * end, blocks its thread (there is no kernel context to keep: everything is in struct thread), or
 * is preempted at a preemption point: it saves its progress in the thread and is dispatched again
 * when the thread is next chosen.
 */
#pragma once

#include <tetrapla/abi.h>
#include "list.h"

/* ---- objects ---------------------------------------------------------------------------------- */

/*
 * Every object begins with this. An object dies when its last capability goes, or when the quota it
 * is charged to dies: `type` becomes OBJ_NONE, so that capabilities left over no longer work, and it
 * joins the reaper's list, which takes it apart in bounded steps. `refs` counts pointers from other
 * objects (and 1 until the object is taken apart and has no capabilities); at 0 the memory is freed.
 */
struct object {
    uint8_t type; /* enum object_type; OBJ_NONE once it is dying */
    uint8_t born; /* the type for good */
    bool dying;   /* on the reaper's list, or past it */
    bool reaped;  /* taken apart */
    uint32_t caps;
    uint32_t refs;
    struct object *reap_next;
    struct list in_quota; /* quota.objects */
};

/* One slot of a capability table; also a node of the derivation list. The list is the derivation
 * tree in pre-order: what follows a slot with a greater depth is derived from it. */
struct cap {
    struct object *object; /* NULL: the slot is empty */
    uint64_t badge;
    struct cap *next, *prev;
    struct task *task; /* whose table the slot is in */
    uint16_t depth;
    uint8_t rights;
} __attribute__((aligned(64)));

/* A number of pages reserved from the parent. The slab lists hold pages cut into objects. */
#define SLAB_CLASSES 6
struct quota {
    struct object object;
    struct quota *parent;
    uint64_t limit, used; /* pages */
    struct list objects;  /* charged to it */
    struct list partial[SLAB_CLASSES];
};

/* An event in the future, a node of the timer heap (timer.c). */
struct timer {
    uint64_t when; /* ticks */
    struct timer *child, *next, *prev;
    bool armed;
    void (*fire)(struct timer *);
};

struct space {        /* an address space */
    uint64_t root;    /* physical address of the top table */
    uint64_t context; /* port: address-space identifier and its generation */
    bool stale;       /* its TLB entries must be flushed before it runs */
    uint64_t tables;  /* pages in use for tables */
    struct quota *quota;
};

#define ATTACHMENTS_MAX      1023
#define ATTACHMENTS_PER_PAGE (PAGE_SIZE / sizeof(void *))

#define CAP_LEAF_SLOTS 64
#define CAP_LEAVES     ((HANDLE_MAX + 1) / CAP_LEAF_SLOTS)

struct task {
    struct object object;
    struct quota *quota;
    struct space space;
    struct cap **leaves; /* page of CAP_LEAVES pointers to pages of slots */
    uint64_t capabilities;
    struct list threads;
    struct attachment **attachments[2]; /* pages of pointers; number 0 is never used */
    unsigned attachment_count, attachment_high;
    struct list ports; /* attachments of I/O-port ranges */
    void *port_state;  /* port: I/O permission bitmap */
    unsigned ceiling;
    uint64_t cpu_ticks; /* of its threads that are gone */
    unsigned reap_leaf; /* progress of its destruction */
    uint64_t reap_va;
};

/* A (region, address space) pair: the bounds within which the space may map the region. Leaf
 * entries carry `number`. For I/O ports: the pair (range, task). */
struct attachment {
    struct list in_object; /* region.attachments or ports.attachments */
    struct list in_task;   /* ports only */
    struct object *object;
    struct task *task;
    uint64_t lo, hi;
    unsigned number;
};

struct region {
    struct object object;
    struct region *parent;
    struct list children, sibling;
    struct list attachments;
    uint64_t base; /* physical address */
    uint64_t pages;
    uint8_t cache; /* enum cache_kind */
    bool ram, carved;
    uint8_t level; /* ancestors; at most REGION_LEVELS, so that the lowest child is found quickly */
    uint64_t reap_va; /* progress of its destruction */
    uint64_t epoch;   /* of its mappings: a preempted carve sees whether it must look again */
    unsigned carved_children;
};
#define REGION_LEVELS 255
enum cache_kind { CACHE_BACK = 0, CACHE_COMBINING = 1, CACHE_NONE = 2 };

struct endpoint {
    struct object object;
    struct list senders, receivers;
};

struct reply {
    struct object object;
    enum { REPLY_FREE, REPLY_ARMED, REPLY_CALLER, REPLY_GONE } state;
    struct thread *thread; /* ARMED: the receiver; CALLER: who waits for the answer */
};

struct notification {
    struct object object;
    uint64_t bits;
    struct list waiters;
    struct thread *bound;
    bool bound_pokes;
    struct timer deadline;
};

struct irq {
    struct object object;
    unsigned line, flags; /* global system interrupt; IRQ_LEVEL, IRQ_LOW */
    unsigned vector;
    bool masked;
    struct notification *notification;
    uint64_t bits;
};

struct ports {
    struct object object;
    struct list attachments;
    uint32_t first, count;
};

/* What a preempted call has done so far. Reset when the call ends or the thread is stopped. */
struct progress {
    unsigned index;      /* entries of the map vector that are complete */
    struct task *task;   /* whose space the map changes; only compared */
    unsigned attachment; /* carve: next attachment to look at, */
    uint64_t epoch;      /*   and the region's epoch when it began */
    uint64_t page;       /* pages done of the current entry; carve: address reached */
    struct map_op op;    /* the current entry, read once */
    bool active;         /* op is valid */
    bool fresh;          /* the entry made the attachment it uses */
    bool checked;        /* protect: all leaves belong to the region */
    bool undo;           /* the entry failed with `status`; taking back what it did */
    uint8_t status;
    bool reaping; /* the call's effect is done; helping the reaper */
};

#define ATTENTION_RESTART 1u /* its call was preempted: dispatch it again */
#define ATTENTION_POKE    2u /* a poke is to be delivered */

struct thread {
    struct object object;
    /* saved state: the entry code stores here directly */
    struct thread_regs regs;
    bool fast_return; /* entered by a call: RCX and R11 need not be restored */

    /* scheduling */
    uint8_t state; /* enum thread_state; READY while it runs too */
    uint8_t priority;
    uint8_t level;     /* of the ready queues: the priority, one less if spent */
    bool spent;        /* its budget of this period is used up */
    bool queued;       /* link is in a ready queue */
    uint8_t attention; /* ATTENTION_*: to be done before it runs user code again */
    bool progressed;   /* progress is not all zero */
    struct list link;  /* ready queue, or the queue of what it waits for */
    uint64_t slice;    /* ticks left of its turn */
    uint64_t budget, period, budget_left, period_start; /* ticks; budget 0: unlimited */
    struct timer refill;
    uint64_t cpu_ticks;

    /* where it belongs and what it waits for */
    struct task *task;
    struct list in_task;
    struct object *waits_for; /* endpoint, reply, notification */
    struct reply *reply;      /* RECEIVING: to be filled */
    struct notification *bound;
    uint64_t badge; /* SENDING */
    uint8_t words;
    uint8_t reply_status; /* of the reply half of a CALL_REPLY_RECV in progress */
    bool faulting;        /* the message is a fault; words in fault[] */
    uint8_t wait_flags;
    uint64_t fault[FAULT_WORDS];
    struct endpoint *fault_endpoint;
    uint64_t fault_badge;
    struct progress progress;

    /* pages the kernel shares with the task */
    struct ipc_page *ipc;
    uint64_t ipc_va;
    struct upcall_page *upcall; /* NULL: none registered */
    uint64_t upcall_va, guest_lo, guest_hi, upcall_handler, upcall_stack;
    bool upcall_active;
    bool poked; /* threads without upcall page: their `pending` */

    uint8_t fpu[832] __attribute__((aligned(64))); /* XSAVE area: x87, SSE, AVX */
};

/* The other fields are set before they are used. */
static inline void progress_reset(struct progress *p)
{
    p->index = 0;
    p->task = NULL;
    p->epoch = 0;
    p->active = p->reaping = false;
}

struct counters {
    uint64_t objects[OBJ_TYPE_COUNT];
    uint64_t capabilities, tables;
    uint64_t entries, switches, interrupts, upcalls, ipcs, maps;
    uint64_t idle_ticks;
    /* instructions that an instruction count hides; the entry code counts irets and NMIs */
    uint64_t cr_writes, invlpgs, msr_writes, irets, xsaves, nmis;
};

/* Everything that would be per CPU. The entry code finds it through GS (offsets: port). */
struct cpu {
    struct cpu *self;
    struct thread *current; /* whose call or trap is being served; NULL: none */
    uint64_t stack_top;
    uint64_t scratch;
    struct thread *loaded; /* whose FPU state and FS/GS bases are in the CPU */
    struct space *space;   /* loaded address space */
    bool resched;          /* `current` may not be the right one to run */
    uint64_t since;        /* ticks at which current began to run */
    uint64_t timer_at;     /* ticks for which the timer is set */
    struct thread *next;   /* ready, and in no queue: the last that became ready */
    uint64_t ready;        /* bit l: queue[l] is not empty */
    struct list queue[PRIORITY_MAX + 1];
    struct object *reap_first, **reap_last;
    struct thread *zombie; /* died while it was current; its last reference is ours */
    /* longest stretch without a preemption point (INFO_MEASURE) */
    bool measuring;
    unsigned measured_call;
    uint64_t stretch_start, longest, longest_call, samples;
};
extern struct cpu cpu0;
extern struct counters counters;
extern uint64_t cpu_features;

/* What a call returns instead of a result word: statuses that do not exist. */
#define CALL_BLOCKED 0xfeULL /* the thread waits, or its registers are set already */
#define CALL_RESTART 0xffULL /* preempted: dispatch again later */

static inline uint64_t result(unsigned status, unsigned kind, unsigned words)
{
    return status | (uint64_t)kind << 8 | (uint64_t)words << 16;
}

/* For the pieces of the message path, which are called from two places each. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

static inline uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}
static inline uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- string.c */
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

/* ---- panic.c */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
void panic_symbols(const char *text, size_t bytes);
void panic_address(uint64_t address);
#define KASSERT(x) ((x) ? (void)0 : panic("%s:%d: %s", __FILE__, __LINE__, #x))

/* ---- pool.c: pages and objects, charged to quotas */
extern struct quota pool_quota;
void pool_init(uint64_t physical, uint64_t pages);
uint64_t pool_pages(void);
uint64_t pool_free(void);
bool quota_take(struct quota *q, uint64_t pages);
void quota_give(struct quota *q, uint64_t pages);
/* A zeroed page, charged to q; NULL when the quota is exhausted. */
void *page_alloc(struct quota *q);
/* A zeroed page whose charge was taken before. */
void *page_alloc_charged(void);
void page_free(struct quota *q, void *page);
/* Number of entries in use of a page that serves as a page table. */
uint16_t *page_used(const void *page);
void *slab_alloc(struct quota *q, size_t bytes);
void slab_free(void *p);
struct quota *slab_quota(const void *p);

/* ---- object.c */
void *object_create(struct quota *q, unsigned type, size_t bytes);
void object_ref(struct object *o);
void object_unref(struct object *o);
void object_lost_cap(struct object *o);
/* Undo object_create of an object that nobody has seen. */
void object_discard(void *object);
/* Take o apart although capabilities to it may be left. */
void object_kill(struct object *o);
void quota_init(struct quota *q);
/* Take dying objects apart. False: a preemption point asked to stop; call again. */
bool reap(void);
bool reap_pending(void);

/* ---- cap.c */
/* The capability in a slot, or NULL. */
static inline struct cap *cap_lookup(struct task *t, uint64_t slot)
{
    if (slot > HANDLE_MAX) /* slot 0 is never filled */
        return NULL;
    struct cap *leaf = t->leaves[slot / CAP_LEAF_SLOTS];
    if (!leaf || !leaf[slot % CAP_LEAF_SLOTS].object)
        return NULL;
    return &leaf[slot % CAP_LEAF_SLOTS];
}

/* Status; *out is the capability if it is of the type and has the rights. */
static inline unsigned cap_get(struct task *t, uint64_t slot, unsigned type, unsigned rights,
                               struct cap **out)
{
    struct cap *c = cap_lookup(t, slot);
    if (!c)
        return BAD_HANDLE;
    if (c->object->type != type)
        return c->object->type == OBJ_NONE ? BAD_HANDLE : BAD_TYPE;
    if ((c->rights & rights) != rights)
        return BAD_RIGHT;
    *out = c;
    return OK;
}

/* An empty slot to fill, its leaf allocated: OK, BAD_ARG, OCCUPIED, QUOTA. */
unsigned cap_slot(struct task *t, uint64_t slot, struct cap **out);
/* Fill an empty slot; under `parent` if it is not NULL. */
void cap_fill(struct cap *c, struct object *o, unsigned rights, uint64_t badge, struct cap *parent);
void cap_delete(struct cap *c);
bool cap_delete_tree(struct cap *c, bool self);
unsigned task_arg(struct thread *t, uint64_t handle, unsigned rights, struct task **out);
uint64_t call_cap(struct thread *t, uint64_t word);

/* ---- task.c, thread.c */
struct task *task_create(struct quota *q, unsigned ceiling);
bool task_reap(struct task *t);
unsigned thread_create(struct task *task, uint64_t ipc_va, unsigned priority, struct thread **out);
bool thread_reap(struct thread *t);
void thread_unblock(struct thread *t, uint64_t result_word);
void thread_leave(struct thread *t);
void thread_poke(struct thread *t);
uint64_t call_thread(struct thread *t, uint64_t word);
uint64_t call_create(struct thread *t, uint64_t word);

/* ---- sched.c */
void sched_init(void);
static inline void sched_set_level(struct thread *t) /* t is not queued */
{
    t->level = (uint8_t)(t->priority - (t->spent && t->priority));
}
void sched_queue_next(void);
/* Make a thread ready that was waiting or stopped. */
static inline void sched_ready(struct thread *t)
{
    struct thread *c = cpu0.current;
    t->state = THREAD_READY;
    if (t != c && !t->queued) {
        if (cpu0.next)
            sched_queue_next();
        cpu0.next = t;
        t->queued = true;
    }
    if (!c || c->state != THREAD_READY || t->level > c->level)
        cpu0.resched = true;
}
/* The current thread is about to wait; the caller sets its new state. */
static inline void sched_block(void)
{
    cpu0.resched = true;
}
void sched_remove(struct thread *t);
void sched_set(struct thread *t, unsigned priority, uint64_t budget_ns, uint64_t period_ns,
               bool renew);
void sched_rotate(struct thread *t);
void sched_account(void);
void sched_tick(void);
struct thread *sched_next(void);
extern uint64_t slice_ticks; /* length of a turn */
bool sched_waiting(const struct thread *t);

/* ---- timer.c */
void timer_arm(struct timer *t, uint64_t when);
void timer_disarm(struct timer *t);
void timer_run(uint64_t now);
uint64_t timer_next(void);
void timer_program(void);

/* ---- ipc.c, fault.c */
uint64_t call_call(struct thread *t, uint64_t word);
uint64_t call_reply(struct thread *t, uint64_t word);
uint64_t call_recv(struct thread *t, uint64_t word);
uint64_t call_reply_recv(struct thread *t, uint64_t word);
void endpoint_send(struct endpoint *e, struct thread *t);
bool thread_receives(struct thread *t);
void receive_signals(struct thread *t, uint64_t bits);
bool endpoint_reap(struct endpoint *e);
void reply_reap(struct reply *r);
void reply_caller_gone(struct thread *t);
/* Deliver a fault of t: as an upcall, to its fault endpoint, or stop it. */
void fault(struct thread *t, uint64_t vector, uint64_t error, uint64_t address);
bool upcall_enter(struct thread *t, uint64_t vector, uint64_t error, uint64_t address);
uint64_t call_upcall_return(struct thread *t, uint64_t word);
unsigned upcall_register(struct thread *t, uint64_t va, uint64_t lo, uint64_t hi, uint64_t handler,
                         uint64_t stack);
void upcall_unregister(struct thread *t);

/* ---- notification.c */
void notification_signal(struct notification *n, uint64_t bits);
void notification_init(struct notification *n);
bool notification_reap(struct notification *n);
void notification_bind(struct thread *t, struct notification *n, bool pokes);
uint64_t call_signal(struct thread *t, uint64_t word);
uint64_t call_wait(struct thread *t, uint64_t word);

/* ---- region.c */
struct region *region_create(struct quota *q, uint64_t base, uint64_t pages, unsigned cache,
                             bool ram);
uint64_t region_split(struct thread *t, struct quota *q, struct cap *parent, struct cap *slot);
bool region_reap(struct region *r);
void region_changed(struct region *r);
bool region_uncarved(const struct region *r, uint64_t page, uint64_t pages);
/* May [page, page + pages) of r be mapped: inside, and not carved away? */
static inline bool region_holds(const struct region *r, uint64_t page, uint64_t pages)
{
    return page <= r->pages && pages <= r->pages - page &&
           (r->carved_children == 0 || region_uncarved(r, page, pages));
}

/* ---- map.c */
uint64_t call_map(struct thread *t, uint64_t word);
uint64_t map_vector(struct thread *t, struct task *task, const struct map_op *ops, unsigned count);
unsigned attach(struct task *task, struct region *r, struct attachment **out);
void attachment_free(struct attachment *a);
/* Map or unmap a page that belongs to the kernel and no region. */
unsigned kernel_page_map(struct task *t, uint64_t va, void *page, unsigned rights);
void kernel_page_unmap(struct task *t, uint64_t va, const void *page);

/* ---- irq.c, ports.c */
unsigned irq_create(struct quota *q, unsigned line, unsigned flags, struct irq **out);
void irq_reap(struct irq *i);
void irq_arrived(unsigned vector);
uint64_t call_irq(struct thread *t, uint64_t word);
unsigned ports_attach(struct task *t, struct ports *p);
bool ports_reap(struct ports *p);
void ports_detach_all(struct task *t);

/* ---- info.c */
uint64_t call_info(struct thread *t, uint64_t word);
void info_page_init(void);
extern void *info_page;

/* ---- call.c: the way in and out */
void kernel_call(struct thread *t);
struct thread *kernel_exit(void);
/* True: something of higher priority is ready; save progress and return CALL_RESTART. */
bool preemption_point(void);
void measure_start(unsigned call);
void measure_stop(void);

/* ---- main.c */
struct boot_info;
extern struct task *root_task;
void kernel_main(struct boot_info *info, const void *root_image, size_t root_bytes);
