/*
 * A channel: two byte rings in a shared region, one each way, and a notification for each end.
 *
 * The region belongs to root, so the bytes outlive the death of either end. One end is the client
 * (the task that uses a service), the other the server. Neither trusts the other: positions read
 * from the shared page are masked, and a peer that writes nonsense garbles its own data only.
 * Full means wait: channel_write never drops a byte.
 *
 * Layout of the region: struct channel_shared, then `capacity` bytes client→server, then `capacity`
 * bytes server→client. capacity is a power of two fixed by whoever creates the region (root).
 */
#pragma once

#include <tetrapla/task.h>

struct channel_ring {
    volatile uint32_t head;           /* written by the producer: bytes ever written, modulo 2^32 */
    volatile uint32_t tail;           /* written by the consumer: bytes ever read */
    volatile uint32_t producer_waits; /* producer wants a signal when room appears */
    volatile uint32_t consumer_idle;  /* consumer wants a signal when bytes appear */
    uint32_t reserved[12];
};

struct channel_shared {
    uint64_t magic; /* CHANNEL_MAGIC, set by root */
    uint32_t capacity;
    uint32_t reserved0;
    volatile uint32_t columns, rows; /* console → client: size of the pane, 0 = unknown yet */
    volatile uint32_t generation;    /* counts changes of columns/rows */
    uint32_t reserved[9];
    struct channel_ring ring[2]; /* 0: client → server, 1: server → client */
};
#define CHANNEL_MAGIC           0x6c656e6e616863ULL
#define CHANNEL_BYTES(capacity) (sizeof(struct channel_shared) + 2 * (size_t)(capacity))

struct channel {
    struct channel_shared *shared;
    uint32_t capacity;  /* checked copy */
    unsigned side;      /* 0 = client, 1 = server */
    handle_t own, peer; /* notifications */
    uint64_t own_bits, peer_bits;
};

/* Attach to a channel granted by root; false if the region is not a channel. */
bool channel_open(struct channel *c, const struct grant *g);
/* The client end named in the manifest (usually "console"); false if there is none. */
bool channel_open_named(struct channel *c, const char *name);

/* Copy at most n bytes in or out without waiting; returns how many. Signals the peer when it
 * asked to be woken. */
size_t channel_write_some(struct channel *c, const void *bytes, size_t n);
size_t channel_read_some(struct channel *c, void *bytes, size_t n);
/* Write all n bytes, waiting while the ring is full. */
void channel_write(struct channel *c, const void *bytes, size_t n);
/* Read at least one byte, waiting until there is one, at most n; returns how many. Gives up at
 * `deadline` (ns, DEADLINE_NEVER: never) and then returns 0. */
size_t channel_read(struct channel *c, void *bytes, size_t n, uint64_t deadline);
size_t channel_readable(const struct channel *c);
size_t channel_writable(const struct channel *c);
