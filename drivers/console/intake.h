/*
 * The console's ends of a channel, so arranged that a crash loses and repeats nothing.
 *
 * Both structures live in memory that outlives the server, and the channel's ring does too. What
 * has been taken from or put into the ring is never noted a second time: it follows from the ring's
 * own position. So there is no moment at which two notes disagree.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTAKE_BYTES 2048 /* a multiple of sizeof(struct key_event) */
#define OUTLET_BYTES 1024 /* a power of two */

/* Bytes on their way in. Positions count the bytes of the channel, modulo 2^32: bytes[0] is the
 * byte at `base`, `position` is the next one to be processed, and the ring's tail is the end. */
struct intake {
    volatile uint32_t base, position;
    uint8_t bytes[INTAKE_BYTES];
};

/* Bytes on their way out: those between the ring's head and `put`, at their position modulo the
 * size. */
struct outlet {
    volatile uint32_t put;
    uint8_t bytes[OUTLET_BYTES];
};

struct channel;

/* Fetch what the channel has and there is room for; the bytes not yet processed are at *bytes,
 * their number is returned. Count in->position up while processing them. */
size_t intake_fetch(struct intake *in, struct channel *c, const uint8_t **bytes);
/* Add n bytes for the channel, all or (false) none. */
bool outlet_put(struct outlet *out, struct channel *c, const void *bytes, size_t n);
/* Hand over as much as the channel takes. */
void outlet_flush(struct outlet *out, struct channel *c);
