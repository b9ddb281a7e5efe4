/*
 * Crash-proof ends of a channel (intake.h).
 *
 * The other side of a channel can write anything into the ring's positions. A distance that is
 * impossible means that it did: what is in between is forgotten, and the next byte is the ring's
 * next.
 */
#include <string.h>
#include <tetrapla/channel.h>

#include "intake.h"

static uint32_t ring_tail(const struct channel *c)
{
    return c->shared->ring[!c->side].tail;
}

static uint32_t ring_head(const struct channel *c)
{
    return c->shared->ring[c->side].head;
}

size_t intake_fetch(struct intake *in, struct channel *c, const uint8_t **bytes)
{
    uint32_t base = in->base, position = in->position, tail = ring_tail(c);
    if (tail - base > INTAKE_BYTES || position - base > tail - base)
        in->base = in->position = base = position = tail;
    if (position == tail) /* all processed: start again at the front */
        in->base = base = position;
    uint32_t end = tail - base;
    end += (uint32_t)channel_read_some(c, in->bytes + end, INTAKE_BYTES - end);
    *bytes = in->bytes + (position - base);
    return end - (position - base);
}

/* Bytes waiting; the ring's head is read once. */
static uint32_t pending(struct outlet *out, const struct channel *c, uint32_t *head)
{
    *head = ring_head(c);
    if (out->put - *head > OUTLET_BYTES)
        out->put = *head;
    return out->put - *head;
}

bool outlet_put(struct outlet *out, struct channel *c, const void *bytes, size_t n)
{
    uint32_t head, waiting = pending(out, c, &head);
    if (n > OUTLET_BYTES - waiting)
        return false;
    for (size_t i = 0; i < n; i++)
        out->bytes[(out->put + i) % OUTLET_BYTES] = ((const uint8_t *)bytes)[i];
    __asm__ volatile("" ::: "memory"); /* the bytes before the count */
    out->put += (uint32_t)n;
    return true;
}

void outlet_flush(struct outlet *out, struct channel *c)
{
    uint32_t head, waiting = pending(out, c, &head);
    while (waiting > 0) {
        uint32_t at = head % OUTLET_BYTES;
        uint32_t n = OUTLET_BYTES - at < waiting ? OUTLET_BYTES - at : waiting;
        uint32_t done = (uint32_t)channel_write_some(c, out->bytes + at, n);
        if (done < n)
            return; /* the other side signals when there is room */
        head += done;
        waiting -= done;
    }
}
