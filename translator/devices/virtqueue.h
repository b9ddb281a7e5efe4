/*
 * Split virtqueues, the device's side (VIRTIO 1.1, 2.6): rings in guest RAM through which the driver
 * passes chains of buffers and gets them back.
 */
#pragma once

#include <translator/board.h>

#define VIRTQUEUE_MAX 256 /* descriptors in a ring */
#define CHAIN_MAX     512 /* buffers in a chain, indirect ones included */

struct virtqueue {
    struct vm *vm;
    const char *name; /* for messages */
    uint32_t num;
    uint64_t desc, avail, used; /* guest physical */
    bool ready;
    uint16_t taken, given; /* free-running: next in the available ring, next in the used ring */
};

/* A chain of buffers: first `out` for the device to read, then `in` for it to write. */
struct chain {
    uint16_t head;
    unsigned out, in; /* number of buffers */
    uint64_t out_bytes, in_bytes;
    struct buffer {
        uint64_t phys;
        uint32_t bytes;
    } buffer[CHAIN_MAX];
};

enum chain_result { CHAIN_NONE, CHAIN_TAKEN, CHAIN_BROKEN };

/* The driver says that the ring is set up: sizes and alignment are right and it lies in RAM. */
bool virtqueue_start(struct virtqueue *q);
/* Take the next chain. CHAIN_BROKEN: the driver violated the ring's rules, which was logged. */
enum chain_result virtqueue_take(struct virtqueue *q, struct chain *c);
/* Give it back, with the number of bytes written to its buffers. False: broken. */
bool virtqueue_give(struct virtqueue *q, const struct chain *c, uint32_t written);
/* Whether the driver wants an interrupt for what was given. */
bool virtqueue_wants_interrupt(struct virtqueue *q);

/* A place in one direction of a chain. Moves nothing and says false at its end or where a buffer is
 * not in RAM. */
struct cursor {
    struct vm *vm;
    const struct buffer *buffer;
    unsigned left;   /* buffers, this one included */
    uint32_t offset; /* in this one */
};
struct cursor chain_out(struct vm *vm, const struct chain *c);
struct cursor chain_in(struct vm *vm, const struct chain *c);
bool cursor_read(struct cursor *at, void *to, uint64_t bytes);
bool cursor_write(struct cursor *at, const void *from, uint64_t bytes);
bool cursor_skip(struct cursor *at, uint64_t bytes);
/* The longest piece here that is in one buffer and contiguous in the host, at most `bytes`; the
 * cursor does not move. *phys: its guest address. 0: at its end or not in RAM. */
uint64_t cursor_piece(struct cursor *at, uint64_t bytes, void **host, uint64_t *phys);
