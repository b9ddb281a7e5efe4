/*
 * Host devices: what device models do their input and output through.
 *
 * Three kinds of implementation: a device server reached by IPC, a driver inside the VM task, and
 * the hosted port's Linux files. None blocks the vCPU longer than the operation itself takes, and
 * none runs a second busy thread in its process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct terminal {
    /* Write bytes; may buffer for at most a few milliseconds. */
    void (*write)(struct terminal *t, const void *bytes, size_t count);
    /* Take up to `size` bytes of input that is there; never blocks. When more arrives, the VM is
     * attended to (vm_attend). */
    size_t (*read)(struct terminal *t, void *to, size_t size);
    /* Write out what is buffered, now; for a guest that goes idle. May be NULL. */
    void (*flush)(struct terminal *t);
    void *private;
};

struct disk {
    uint64_t bytes; /* a multiple of 512 */
    bool read_only;
    bool cdrom; /* a CD or DVD image: boards with CD drives put it into one */
    /* Whole transfers of count bytes at offset (multiples of 512); false: an I/O error. */
    bool (*read)(struct disk *d, uint64_t offset, void *to, size_t count);
    bool (*write)(struct disk *d, uint64_t offset, const void *from, size_t count);
    bool (*flush)(struct disk *d); /* what was written is on stable storage afterwards */
    void *private;
};

/* A debugger's connection. One debugger at a time; when it leaves, the next may come. */
struct gdb_port {
    /* Send bytes; false: nobody is connected (any more). */
    bool (*send)(struct gdb_port *g, const void *bytes, size_t count);
    /* Take up to `size` bytes. 0: nothing is there; with `block` that happens only when nobody is
     * connected any more. When bytes arrive, or a debugger comes or goes, the VM is attended to
     * (vm_attend). Bytes of a debugger that left are never given to the next one's conversation:
     * `connection` changes first. */
    size_t (*receive)(struct gdb_port *g, void *to, size_t size, bool block);
    /* Which connection this is: 0 none, else a number that is new for each. */
    unsigned (*connection)(struct gdb_port *g);
    /* Sleep until a debugger is connected. */
    void (*wait)(struct gdb_port *g);
    void *private;
};

/* Wall-clock time: seconds since 1970, UTC. */
uint64_t wall_clock(void);
/* Wake the vCPU (vm_attend) is asked for by implementations through this hook. */
extern void (*hostdev_attend)(void);
