/*
 * Boards and devices: what a machine is made of.
 *
 * A device model is a read function, a write function and interrupt lines. It does no I/O of its
 * own: it talks to a host device (terminal, disk, clock) through hostdev.h. A board is one file of
 * wiring and a memory map. Device code runs on the vCPU's thread only, between blocks or from a
 * memory helper; so it needs no locks.
 */
#pragma once

#include <translator/memory.h>
#include <translator/hostdev.h>

/* An interrupt line: what a device raises. level-triggered; `set` may be called at any time. */
struct line {
    void (*set)(void *to, unsigned number, bool level);
    void *to;
    unsigned number;
};
static inline void line_set(const struct line *l, bool level)
{
    if (l->set != NULL)
        l->set(l->to, l->number, level);
}
/* Interrupt inputs of the CPU, for the interrupt controller (enum cpu_line). */
void cpu_line(struct vm *vm, enum cpu_line which, bool level);

/* ---- virtual time (vtime.c) --------------------------------------------------------------------
 * Nanoseconds since the VM started; from the host's clock, or with icount from the number of guest
 * instructions run. All clocks of a VM derive from it. Between two looks at it any time may pass: a device
 * looks once for what must agree, and arms timers whatever the moment: one that has passed expires at once. */
uint64_t vm_time(struct vm *vm);
struct vtimer {
    uint64_t when; /* absolute; UINT64_MAX: not armed */
    void (*expired)(void *device);
    void *device;
    struct vtimer *next; /* vtime.c's list */
};
void vtimer_add(struct vm *vm, struct vtimer *t);
void vtimer_arm(struct vm *vm, struct vtimer *t, uint64_t when);

/* ---- the VM, as boards and front ends of the program see it (vm.c) ----------------------------- */

enum vm_end { VM_RUNNING, VM_POWEROFF, VM_RESET, VM_BROKEN, VM_STOPPED };

enum { VM_DISKS = 4 };
struct vm_config {
    const char *guest;   /* "arm", ... */
    const char *board;   /* NULL: the guest's default */
    const char *cpu;     /* NULL: the board's default */
    const char *backend; /* NULL: "x86_64" */
    uint64_t memory;     /* bytes of RAM */
    const char *append;  /* kernel command line, "" if none */
    /* Images, whole in memory; bytes 0: none. They may be released when vm_create returned. */
    struct vm_image {
        const void *data;
        size_t bytes;
        const char *name; /* for messages */
    } kernel, initrd, bios, dtb, vga_bios;
    struct terminal *terminal;
    struct disk *disk[VM_DISKS]; /* NULL: none */
    bool icount;
    uint64_t cache_bytes; /* code cache; 0: default */
    unsigned windows;     /* at most so many; 0: default */
    unsigned block_limit; /* guest instructions in a block; 0: default */
    const char *dump;     /* dump letters, NULL or "" for none */
    uint32_t random;      /* not 0: shuffle register allocation with this seed */
    bool seeded;          /* `seed` holds random bytes to start the guest's own generator with */
    uint8_t seed[32];
    bool faults_dear;             /* on this host a fault costs much more than a call (cold.c) */
    bool stats;                   /* print counters at the end */
    unsigned gdb_port;            /* TCP port of `gdb`, for messages; 0: none */
    struct gdb_port *gdb;         /* where a debugger connects; NULL: none */
    bool gdb_wait;                /* do not start before one is there */
    const struct vm_trace *trace; /* NULL: none */
};

/* With icount: a line about the CPU's state whenever the instruction count is a multiple of `every`,
 * from `from` to `to`; then the VM ends.
 *
 *   COUNT HASH PC [NAME=VALUE ... insn=TEXT]
 *
 * HASH (hexadecimal, as PC and VALUE) is FNV-1a, 64 bits, over the bytes of the debugger's registers in
 * their order; with `full`, they and the instruction that comes next follow. */
struct vm_trace {
    uint64_t every, from, to;
    bool full;
    void (*line)(void *file, const char *text);
    void *file;
};

/* Make a VM; NULL and a sentence in error if the configuration is impossible. */
struct vm *vm_create(const struct vm_config *config, char *error, size_t size);
/* Run it on the calling thread until it ends. */
enum vm_end vm_run(struct vm *vm);
/* After an end: as the reset button does, so that it may run again. The images are those of config, whose other
 * settings do not count. False: a sentence in error; it can only be deleted. */
bool vm_reset(struct vm *vm, const struct vm_config *config, char *error, size_t size);
/* Ask it to end; from a device (on the vCPU's thread) or from another thread. */
void vm_end(struct vm *vm, enum vm_end how);
void vm_delete(struct vm *vm);
struct cpu *vm_cpu(struct vm *vm);
const struct vm_config *vm_configuration(struct vm *vm);
/* A line for the user about the guest ("unimplemented ..."), limited in rate. */
void vm_log(struct vm *vm, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));
/* The board's own structure, for its functions below; NULL until set (vm.c). */
void *vm_board_data(struct vm *vm);
void vm_set_board_data(struct vm *vm, void *data);
/* Have `serve` called on the vCPU's thread soon; from any thread (host devices use it). */
void vm_attend(struct vm *vm);

/* A board. boards/start.c goes through the steps; `create` finds its structure made, and zero. */
struct board {
    const char *name, *guest, *description;
    uint64_t memory_min, memory_max, memory_default, firmware_max; /* bytes */
    size_t bytes;                                                  /* of its own structure */
    /* Memory and devices. False: a sentence in error. */
    bool (*create)(struct vm *vm, char *error, size_t size);
    /* Devices and CPU as at power-on. */
    void (*reset)(struct vm *vm);
    /* The images of vm_configuration to their places, and the CPU's entry state. False: a sentence. */
    bool (*load)(struct vm *vm, char *error, size_t size);
    /* Called on the vCPU's thread when vm_attend asked for it: take input from host devices. */
    void (*serve)(struct vm *vm);
    /* Release what create made; also after create failed half-way. */
    void (*destroy)(struct vm *vm);
};
extern const struct board *const boards[]; /* NULL ends */
