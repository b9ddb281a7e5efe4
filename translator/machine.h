/*
 * The virtual machine as the translator's own files see it; boards and devices see board.h.
 *
 *   vm.c         creation, the upcall registration, ending
 *   run.c        the dispatcher: find the next block, run it, deal with why it came back
 *   translate.c  from guest code to a block: lift, passes, backend
 *   cache.c      all blocks: by address, by page, by host address; links between them
 *   memory.c     guest physical memory: RAM pieces, devices, per-page facts
 *   access.c     virtual accesses by C code
 *   window.c, window_map.c, window_flush.c
 *                windows: which exist, what is mapped in them, flushing
 *   upcall.c     faults of translated code
 *   sites.c      memory instructions that need another translation
 *   cold.c       those that touch pages which are not mapped
 *   vtime.c      virtual time
 *   debug.c, gdb.c   the debugger and the state trace
 *   dump.c       what --stats and --dump print
 *
 * One thread owns a VM: everything here is used by that thread only, but for vm_attend and vm_end.
 * Code that the fault upcall reaches (memory.c, window.c, cache.c, upcall.c, sites.c) uses general
 * registers only, allocates nothing and prints nothing.
 */
#pragma once

#include <tetrapla/vm.h>
#include <translator/backend.h>
#include <translator/board.h>

/* ---- guest physical memory -------------------------------------------------------------------- */

/* What is known of a page of RAM. */
struct ram_page {
    struct block *blocks; /* that have code in it; linked by next_page */
    uint32_t mappings;    /* index of the first struct mapping, 0: none */
    uint8_t code;         /* not 0: has blocks, is read-only in all windows */
    bool checked;         /* is left writable; its blocks compare their source instead */
    uint8_t write_faults; /* how often its code was dropped by a write */
};

struct ram {
    uint64_t phys, bytes;
    vm_handle region;
    uint64_t alias; /* where C code sees it */
    bool rom;
    struct ram_page *pages;
    struct ram *next;
};

struct device_range {
    uint64_t phys;
    uint32_t bytes;
    const struct device_ops *ops;
    void *device;
    const char *name;
    struct device_range *next;
};

/* The piece of RAM that holds phys, or NULL. */
struct ram *ram_find(struct vm *vm, uint64_t phys);
static inline struct ram_page *ram_page(struct ram *r, uint64_t phys)
{
    return &r->pages[(phys - r->phys) >> GUEST_PAGE_SHIFT];
}

/* ---- windows ------------------------------------------------------------------------------------ */

/* An entry of a window's page map: 0 = not mapped. */
#define PAGE_MAPPED   1u
#define PAGE_WRITABLE 2u /* by the guest's tables; mapped so unless the page holds code */
#define PAGE_GLOBAL   4u
#define PAGE_LOG      4 /* bits 4-8: log2 of the size in pages of the guest's entry */
#define PAGE_LARGE    (31u << PAGE_LOG) /* filled from an entry larger than a page */

#define WINDOW_MAX      64
#define WINDOW_STRIDE   (8ULL << 30)
#define WINDOW_SLAB     ((WINDOW_MAX + 1) * WINDOW_STRIDE)
#define LEAF_PAGES      1024u
#define MAPPING_COUNT   (1u << 19)
#define JUMPS_LISTED    512
#define CODE_PAGE_WORDS 256
#define CODE_LISTED     2048

struct window_leaf {
    uint64_t page[LEAF_PAGES];       /* guest physical page address | PAGE_* */
    uint32_t fresh[LEAF_PAGES / 32]; /* filled or changed since the tables were compared */
    uint32_t used;
};

/* Guest tables as they were when a window's pages were last walked again (window_flush.c). */
#define TABLE_COPIES 256u
struct table_copy {
    uint64_t key;
    uint32_t top; /* virtual address >> 22 */
    bool valid;
    struct guest_tables tables;
    uint64_t word[LEAF_PAGES];
};

struct window {
    uint64_t key;
    uint64_t base; /* host address of guest address 0 */
    bool used;
    uint64_t stamp; /* when it was last switched to */
    uint32_t pages; /* mapped */
    uint32_t slice; /* the page number from which on the next slice is unmapped */
    struct window_leaf *leaf[1024];
    bool stale;          /* was flushed since: window_refresh comes before it is used again */
    bool links;          /* blocks were linked across its pages */
    bool code;           /* jumps or fetch may hold something, namely: */
    bool jumps_unlisted; /*   others than those listed; */
    uint16_t jump_list[JUMPS_LISTED], jump_count; /* slots that hold something; */
    uint32_t code_pages[CODE_PAGE_WORDS]; /*   of these pages: a bit for each, some share one; */
    struct fetch_entry code_list[CODE_LISTED]; /*   the same with where they are, in any order, */
    uint16_t code_count;
    bool code_unlisted; /*   but for some */
    struct jump_entry *jumps;
    struct fetch_entry *fetch;
};

/* One place where a RAM page is mapped: in lists from struct ram_page. */
struct mapping {
    uint32_t next;
    uint32_t page; /* guest virtual page number */
    uint8_t window;
};

/* The windows for keys that were switched to before; right while each still has its key, which needs
 * no look while the epoch is that of struct windows. */
#define WINDOW_SETS 64
struct window_set {
    struct window_keys keys;
    uint64_t epoch;
    struct window *main, *alt, *choose; /* NULL: empty */
    uint64_t alt_base, choose_base;     /* as in struct cpu */
    struct jump_entry *jumps;
    struct fetch_entry *fetch;
    uint64_t base;
};

struct windows {
    uint64_t slab;  /* parts of WINDOW_STRIDE; window i begins 64 KiB into its part, nothing last */
    unsigned count; /* how many may be used */
    struct window window[WINDOW_MAX];
    struct window_set sets[WINDOW_SETS]; /* recent answers, by hash of the keys */
    struct window nothing;               /* is always empty (window_keys.nothing); */
    uint32_t nothing_pc; /*   the instruction that got an allowed fault there last */
    uint8_t by_key[256]; /* number of a window, by hash of its key: a guess */
    struct window_set
        *now; /* the one in use, if windows_now says so; before the first switch it has
                             * no windows */
    struct window_set *near[SIDES + VIEWS]; /* those that translated code may change to by itself */
    uint64_t epoch;    /* changes when a window gets another key or is marked stale */
    uint64_t *present; /* [virtual page]: a bit for each window that may hold something of it */
    uint64_t *large;   /* [virtual MiB]: the same for pages filled from entries of 1 MiB or more */
    struct map_op later[MAP_VECTOR_MAX]; /* not done yet (windows_complete) */
    unsigned later_count;
    struct mapping *mappings; /* [0] unused */
    uint32_t mapping_count, mapping_free;
    uint64_t stamp;
    unsigned slice; /* runs of pages that are unmapped at once when there is no room */
    /* Leaves are taken from here; when there are none left, a window is evicted. */
    struct window_leaf *leaves;
    struct table_copy *copies; /* by hash of key and address; NULL: frontends without `tables` */
    uint32_t *free_leaf, free_leaves;
};

bool windows_start(struct vm *vm);
void windows_stop(struct vm *vm);
/* Where code is, for the current window: a page of it; a block that computed jumps may go to. */
void window_note_fetch(struct vm *vm, uint32_t pc, uint64_t phys);
void window_note_jump(struct vm *vm, const struct block *b, uint64_t host);
void window_forget_code(struct window *w);
/* Unmap all of w. */
void window_empty(struct vm *vm, struct window *w);
/* Write-protect a RAM page in all windows, because it got code; undo it. */
void window_protect(struct vm *vm, struct ram *r, uint64_t phys);
/* Map what w lacks around va, found by walk `k`, by operations in ops; returns how many. */
unsigned window_fill(struct vm *vm, struct window *w, uint32_t va, const struct walk *k,
                     struct map_op ops[MAP_VECTOR_MAX]);
/* Outside the upcall: map what an access (kind) to va through w needs; false: nothing was to be done. */
bool window_fill_ahead(struct vm *vm, struct window *w, uint32_t va, unsigned kind);
/* Whether a page may be mapped in w: not a process-dependent one in the window for global pages. */
bool window_may_hold(struct vm *vm, const struct window *w, const struct walk *k);
/* Apply operations; if the quota is exhausted, evict and go on. */
void windows_apply(struct vm *vm, struct map_op *ops, unsigned count);
/* The same where `done` of them are done, and nothing is put off. */
void windows_go_on(struct vm *vm, struct map_op *ops, unsigned count, unsigned done);
void windows_count_ops(struct vm *vm, const struct map_op *ops, unsigned count);
/* Unmap a slice of the window not used for longest, but nothing that `ops` map or protect; false: there is
 * nothing else. */
bool windows_evict(struct vm *vm, const struct map_op *ops, unsigned count);

/* ---- blocks ------------------------------------------------------------------------------------- */

#define CHECKED_AFTER 4             /* writes to a page with code until it is checked */
#define CHECKED_PAGES 64            /* at most so many at once */
#define CHECKED_NS    1000000000ull /* and at most so long */

#define CACHE_DRAFT (64u << 10) /* bytes of host code of one block, at most */

struct cache {
    vm_handle region;
    uint8_t *run, *write; /* the same memory: to execute, to store */
    size_t bytes, used, stubs;
    uint8_t *draft; /* [CACHE_DRAFT]: a block is made here, then copied */
    uint8_t *data;  /* blocks, exits, side tables */
    size_t data_bytes, data_used;
    struct block **hash; /* 2^(64 - hash_shift) lists: mostly none is longer than one block */
    unsigned hash_shift;
    struct block **order; /* in the order of their code */
    unsigned count, count_max;
    uint64_t generation;
    struct ram_page *checked[CHECKED_PAGES];
    unsigned checked_count;
    uint64_t checked_since;        /* vm_now, when the checks last ended */
    struct block_exit *cross;      /* links into another page that is global, by next_cross */
    uint32_t cross_pages[1 << 15]; /* a bit for each virtual page such links lead to */
};

bool cache_start(struct vm *vm);
void cache_stop(struct vm *vm);
struct block *cache_find(struct vm *vm, uint32_t pc, uint64_t phys, uint32_t mode, unsigned limit);
void cache_add(struct vm *vm, struct block *b);
/* Forget b: it is not entered again. */
void cache_kill(struct vm *vm, struct block *b);
/* Forget all blocks with code in the page. */
void cache_kill_page(struct vm *vm, struct ram *r, uint64_t phys);
/* The same, because the running block writes into its own page: from now on its blocks compare their source.
 * False: too many pages do. */
bool cache_check_page(struct vm *vm, struct ram *r, uint64_t phys);
/* Forget the blocks at this place, which were found not to be what they were made of. */
void cache_kill_stale(struct vm *vm, uint32_t pc, uint64_t phys, uint32_t mode);
/* Protect the pages again that were left writable. */
void cache_end_checks(struct vm *vm);
/* Forget everything; only between blocks. */
void cache_flush(struct vm *vm);
void cache_link(struct vm *vm, struct block_exit *e, struct block *to);
void cache_unlink(struct vm *vm, struct block_exit *e);
/* Take back links into virtual page va (va 0 and va_mask 0: into all pages) that left their page. */
void cache_unlink_cross(struct vm *vm, uint32_t va, uint32_t va_mask);
struct block *cache_by_host(struct vm *vm, uint64_t host);
/* The entry for a fault at, or return to, host: NULL if there is none. */
const struct side_entry *block_side(const struct block *b, uint64_t host);

/* Translate from pc on, whose physical address is phys. Never NULL. */
struct block *translate(struct vm *vm, uint32_t pc, uint64_t phys, uint32_t mode, unsigned limit);
/* The physical address of code at pc: through the window's fetch table or a walk. False: the fetch
 * faults; cpu->fault_* say how. *shared: the page does not depend on the process. */
bool fetch_phys(struct vm *vm, uint32_t pc, uint64_t *phys, bool *global);

/* ---- sites -------------------------------------------------------------------------------------- */

#define SITES 4096
struct site {
    uint64_t phys; /* of the instruction */
    uint32_t generation;
    uint8_t bits;
};
/* The physical address of an instruction of b. */
static inline uint64_t site_phys(const struct block *b, const struct side_entry *side)
{
    bool second = ((b->pc ^ side->pc) & GUEST_PAGE_MASK) != 0;
    uint64_t page = (second ? b->phys2 : b->phys) & ~(uint64_t)(GUEST_PAGE - 1);
    return page | (side->pc & ~GUEST_PAGE_MASK & ~1u);
}
unsigned site_bits(const struct vm *vm, uint64_t phys);
void site_mark(struct vm *vm, uint64_t phys, unsigned bits);
void site_clear(struct vm *vm, uint64_t phys, unsigned bits);

/* ---- sites that touch pages which are not mapped (cold.c) ---------------------------------------- */

#define COLD_SITES 1024
/* How often an instruction faulted: by hash of its physical address. */
struct cold_faults {
    uint64_t phys;
    uint16_t faults, limit;
};
/* What a SITE_COLD may still do before it is taken back: by hash of the address it is called from. */
struct cold_credit {
    uint64_t at;
    int32_t credit;
    uint32_t page, times; /* which page it had mapped last, and how often in a row */
};
/* The instruction at phys faulted because a page is not mapped, or not allowed. True: it does so often, and is
 * to become SITE_COLD. */
bool cold_fault(struct vm *vm, uint64_t phys);
/* An access of a SITE_COLD, as guest_load and guest_store. */
bool cold_access(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint8_t *bytes);

/* access.c: the same for C code in general. */
bool access_move(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint8_t *bytes);

/* ---- statistics --------------------------------------------------------------------------------- */

/* COUNT(name, text): what --stats prints. */
#define VM_COUNTS                                                \
    COUNT(blocks, "blocks translated")                           \
    COUNT(shortened, "  of them cut, the backend refused more")  \
    COUNT(insns, "guest instructions translated")                \
    COUNT(code_bytes, "bytes of host code made")                 \
    COUNT(translate_ns, "nanoseconds translating")               \
    COUNT(run_ns, "  in translated code, with its faults")       \
    COUNT(upcall_ns, "  of them in faults")                      \
    COUNT(sleep_ns, "  waiting for an interrupt")                \
    COUNT(other_ns, "  in the dispatcher and devices")           \
    COUNT(flushes, "code cache flushes")                         \
    COUNT(enters, "entries into translated code")                \
    COUNT(links, "links made")                                   \
    COUNT(lookups, "computed jumps looked up by the dispatcher") \
    COUNT(lookups_inside, "  without leaving translated code")   \
    COUNT(exceptions, "guest exceptions, but for those in line") \
    COUNT(calls, "  of them system calls")                       \
    COUNT(interrupts, "guest interrupts")                        \
    COUNT(halts, "waits for an interrupt")                       \
    COUNT(upcalls, "faults of translated code")                  \
    COUNT(fills, "  of them filled silently")                    \
    COUNT(guest_faults, "  of them guest exceptions")            \
    COUNT(code_writes, "  of them writes to pages with code")    \
    COUNT(checked_pages, "pages with code left writable")        \
    COUNT(stale, "blocks found stale")                           \
    COUNT(site_retries, "  of them sites retranslated")          \
    COUNT(fills_ahead, "fills before the fault")                 \
    COUNT(pages, "pages mapped")                                 \
    COUNT(map_ops, "map operations")                             \
    COUNT(unmap_ops, "unmap operations")                         \
    COUNT(protect_ops, "protect operations")                     \
    COUNT(window_switches, "window switches")                    \
    COUNT(window_new, "windows begun")                           \
    COUNT(window_evictions, "windows evicted")                   \
    COUNT(flush_all, "flushes of windows")                       \
    COUNT(flush_page, "flushes of one page")                     \
    COUNT(cold_sites, "sites made cold")                         \
    COUNT(loops, "loops met by pokes")                           \
    COUNT(cold_back, "  of them taken back")                     \
    COUNT(cold_accesses, "accesses of cold sites")               \
    COUNT(cold_faults, "  of them guest exceptions")             \
    COUNT(cold_fills, "  of them filled")                        \
    COUNT(slow_accesses, "accesses by C code")                   \
    COUNT(device_accesses, "  of them to devices")

struct counts {
#define COUNT(name, text) uint64_t name;
    VM_COUNTS
#undef COUNT
};

/* ---- the machine -------------------------------------------------------------------------------- */

#define SOFT_TLB 512
struct soft_entry {
    uint64_t main, key; /* window keys: of the mode; of the space the access goes to */
    uint32_t page;      /* va | kind | SOFT_VALID, 0: empty */
    uint32_t age;       /* vm->soft_age when it was made: else it was flushed */
    uint8_t *host;      /* of the page's first byte */
};
#define SOFT_VALID 0x100u

/* The access that was the guest's exception last: when the guest has dealt with it, it is run again. */
struct fault_again {
    bool valid;
    struct window *window;
    uint32_t pc, va;
    unsigned kind;
};

/* A page that is mapped, used by one instruction and unmapped again and again (upcall.c). */
#define CHURN_SITES 64
struct churn {
    uint32_t page, pc, times;
};

struct vm {
    struct vm_config config;
    const struct frontend *frontend;
    const struct backend *backend;
    const struct board *board;
    void *board_data;
    struct cpu *cpu;
    void *cpu_memory;

    struct ram *ram, *last_ram;
    struct device_range *devices;
    struct port_map *ports; /* ports.c; NULL: none */
    struct windows windows;
    struct cache cache;
    struct site sites[SITES];
    unsigned site_count; /* of this generation */
    uint32_t site_generation;
    struct soft_entry soft[SOFT_TLB];
    uint32_t soft_age;
    uint32_t walks; /* accesses by C code that were not in `soft` */
    uint32_t
        soft_large[2]; /* first and last address of guest entries larger than a page in `soft` */

    vm_handle thread, event; /* event: attention, deadline */
    struct upcall_page *upcall;
    volatile uint32_t attend;        /* vm_attend was called */
    volatile uint32_t ending;        /* enum vm_end */
    const struct side_entry *escape; /* the upcall left translated code at this instruction … */
    struct block *escape_block;      /* … of this block */
    struct window *fault_window;     /* being filled by the upcall */
    struct fault_again again;
    struct churn churn[CHURN_SITES];
    struct cold_faults cold_faults[COLD_SITES];
    struct cold_credit cold_credit[COLD_SITES];
    uint32_t cold_touched; /* page of the last guest exception of a SITE_COLD */
    uint64_t broken_vector, broken_ip, broken_address; /* of a fault nobody can explain */

    struct vtimer *timers;
    uint64_t time_start, time_skipped, time_armed;

    struct ir_block *ir;
    struct counts counts;
    struct gdb *gdb;             /* NULL: no debugger can come */
    bool stepping;               /* for the debugger */
    bool in_code;                /* translated code runs, or what it calls */
    bool alone;                  /* icount: the next block is one instruction (access.c) */
    struct jump_entry *no_jumps; /* an empty table */
    uint64_t time_begun;         /* vm_now when vm_run began */
    struct mmu_log *mmu_log;     /* NULL: not wanted */
    uint64_t upcall_begun;       /* with --stats */
    uint64_t trace_next;         /* instruction count of the next trace line */
    uint64_t log_second;
    unsigned log_lines;
    bool verify; /* check the IR after each pass */
    void *broken_jump[5];
    struct upcall_page *no_upcall; /* stands in while no range is registered */
    void *upcall_stack;
    char report[256]; /* why the VM is broken */
};

/* Translated code changed to another set that was near: find out which. */
void windows_sync(struct vm *vm);
/* The windows in use. */
static inline struct window_set *windows_now(struct vm *vm)
{
    const struct window_set *now = vm->windows.now;
    if (vm->cpu->base != now->base || vm->cpu->alt_base != now->alt_base)
        windows_sync(vm);
    return vm->windows.now;
}

static inline struct soft_entry *soft_slot(struct vm *vm, uint32_t va, unsigned kind)
{
    return &vm->soft[(va >> GUEST_PAGE_SHIFT ^ kind << 6) % SOFT_TLB];
}

/* Forget all walks (access.c). */
void soft_flush(struct vm *vm);

/* Timers that are due: call them; arm the next deadline, or set the instruction budget. */
void vtime_run(struct vm *vm);
/* Wait until a line or a device wakes the CPU. */
void vtime_sleep(struct vm *vm);
/* With icount: guest instructions run so far. */
uint64_t vtime_insns(const struct vm *vm);

void upcall_handler(struct upcall_page *page);
/* The guest returned to cpu->pc: if an access there was its exception before, map what it needs. */
void fault_again(struct vm *vm);

/* ---- debug.c ------------------------------------------------------------------------------------ */
bool debug_start(struct vm *vm); /* false: no memory */
void debug_stop(struct vm *vm);
/* Before the first instruction: until a debugger is there, if the configuration says so. */
void debug_wait(struct vm *vm);
/* Between blocks: the trace, and a debugger that wants something. */
void debug_attend(struct vm *vm);
/* The guest has stopped for the debugger (enum gdb_why); returns when it is to go on. */
void debug_stopped(struct vm *vm, unsigned why);
/* Whether a block must not run over pc. */
bool debug_breakpoint(const struct vm *vm, uint32_t pc);
/* The instruction count that must not be overrun. */
uint64_t debug_next_count(const struct vm *vm);
/* Run the instruction at cpu->pc by itself (run.c); false: it has not run yet, try again. */
bool run_one(struct vm *vm);

/* Write out what the terminal buffers. */
void flush_output(struct vm *vm);
/* The dispatcher's loop, until vm->ending. */
void run(struct vm *vm);

/* ---- dump.c ------------------------------------------------------------------------------------- */
bool dump_wants(const struct vm *vm, char letter);
void dump_line(struct vm *vm, const char *line);
void dump_guest(struct vm *vm, const struct lift *l);
/* The instruction at pc (with mode bits) as text; "?" where there is none. */
void guest_disas(struct vm *vm, uint32_t pc, uint32_t mode, char *to, size_t size);
void dump_ir(struct vm *vm, char letter, const char *after);
void dump_host(struct vm *vm, const struct block *b);
void dump_exception(struct vm *vm, enum exit_reason reason);
void dump_enter(struct vm *vm, const struct block *b);
void dump_stats(struct vm *vm);
void dump_broken(struct vm *vm);

/* Letter w: what happens to windows is noted where it happens, which may be the fault upcall, and printed
 * by the dispatcher. */
enum mmu_event { MMU_FILL, MMU_FAULT, MMU_NEW, MMU_EVICT, MMU_FLUSH, MMU_FLUSH_PAGE };
#define MMU_LOG 256
struct mmu_log {
    unsigned count; /* may be more than there is room for */
    struct mmu_note {
        enum mmu_event what;
        uint32_t va;
        uint64_t value;
    } note[MMU_LOG];
};
static inline void mmu_note(struct vm *vm, enum mmu_event what, uint32_t va, uint64_t value)
{
    struct mmu_log *l = vm->mmu_log;
    if (l == NULL)
        return;
    if (l->count < MMU_LOG)
        l->note[l->count] = (struct mmu_note){what, va, value};
    l->count++;
}
void dump_mmu(struct vm *vm);

/* The translator itself is at fault: report and end this VM. NULL: for what the report says already. */
_Noreturn void vm_broken(struct vm *vm, const char *what);
