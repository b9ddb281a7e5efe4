/*
 * Channels (channel.h): each ring has one producer and one consumer, in different tasks.
 *
 * Why nobody sleeps for ever. The producer that finds no room sets producer_waits and looks again
 * before it waits; the consumer moves tail and then looks at producer_waits. Both orders are
 * sequentially consistent, so at least one of them sees the other: either the producer finds room,
 * or the consumer signals. The consumer's idleness works the same way, with head and consumer_idle.
 * A signal sent before the wait begins is kept by the notification. A peer that dies between taking
 * the mark and signalling breaks this; so a wait also ends after WAIT_MAX and looks again.
 *
 * Why the peer can do no harm: positions are reduced modulo the capacity before they index, the
 * capacity is a copy checked once against the size of the grant, and a fill level that is
 * impossible counts as empty for the reader and as full for the writer.
 */
#include <string.h>
#include <tetrapla/channel.h>
#include <tetrapla/sys.h>

#define WAIT_MAX 1000000000u /* ns */

static char *ring_bytes(const struct channel *c, unsigned n)
{
    return (char *)(c->shared + 1) + (size_t)n * c->capacity;
}

static struct channel_ring *ring_out(const struct channel *c)
{
    return &c->shared->ring[c->side];
}
static struct channel_ring *ring_in(const struct channel *c)
{
    return &c->shared->ring[!c->side];
}

bool channel_open(struct channel *c, const struct grant *g)
{
    if (!g || g->kind != GRANT_CHANNEL || !g->va || g->bytes < sizeof(struct channel_shared))
        return false;
    struct channel_shared *shared = (struct channel_shared *)g->va;
    uint32_t capacity = *(volatile uint32_t *)&shared->capacity;
    if (shared->magic != CHANNEL_MAGIC || !capacity || capacity & (capacity - 1) ||
        CHANNEL_BYTES(capacity) > g->bytes || g->index > 62 || g->peer_bit > 62)
        return false;
    *c = (struct channel){
        .shared = shared,
        .capacity = capacity,
        .side = g->extra ? 1 : 0,
        .own = g->handle,
        .peer = g->peer,
        .own_bits = 1ULL << g->index,
        .peer_bits = 1ULL << g->peer_bit,
    };
    return true;
}

bool channel_open_named(struct channel *c, const char *name)
{
    const struct grant *g;
    for (unsigned i = 0; (g = grant_nth(GRANT_CHANNEL, i)); i++) {
        if (!g->extra && !strncmp(g->name, name, sizeof(g->name)))
            return channel_open(c, g);
    }
    return false;
}

/* Bytes in a ring, as the side that reads (nonsense: none) and as the side that writes (nonsense:
 * full) see it. */
static uint32_t fill(const struct channel *c, const struct channel_ring *r, uint32_t nonsense)
{
    uint32_t head = __atomic_load_n(&r->head, __ATOMIC_SEQ_CST);
    uint32_t used = head - __atomic_load_n(&r->tail, __ATOMIC_SEQ_CST);
    return used <= c->capacity ? used : nonsense;
}

size_t channel_readable(const struct channel *c)
{
    return fill(c, ring_in(c), 0);
}

size_t channel_writable(const struct channel *c)
{
    return c->capacity - fill(c, ring_out(c), c->capacity);
}

/* Wake the peer if it asked for it in `mark`. */
static void wake(struct channel *c, volatile uint32_t *mark)
{
    if (__atomic_load_n(mark, __ATOMIC_SEQ_CST) && __atomic_exchange_n(mark, 0, __ATOMIC_SEQ_CST))
        sys_signal(c->peer, c->peer_bits);
}

/* Say in `mark` that this side wants a signal. Look at the ring again afterwards. */
static void ask(volatile uint32_t *mark)
{
    __atomic_store_n(mark, 1, __ATOMIC_SEQ_CST);
}

static size_t write_once(struct channel *c, const char *bytes, size_t n)
{
    struct channel_ring *r = ring_out(c);
    size_t room = channel_writable(c);
    if (n > room)
        n = room;
    if (!n)
        return 0;
    uint32_t head = r->head, at = head & (c->capacity - 1);
    size_t first = c->capacity - at < n ? c->capacity - at : n;
    memcpy(ring_bytes(c, c->side) + at, bytes, first);
    memcpy(ring_bytes(c, c->side), bytes + first, n - first);
    __atomic_store_n(&r->head, head + (uint32_t)n, __ATOMIC_SEQ_CST);
    return n;
}

static size_t read_once(struct channel *c, char *bytes, size_t n)
{
    struct channel_ring *r = ring_in(c);
    size_t there = channel_readable(c);
    if (n > there)
        n = there;
    if (!n)
        return 0;
    uint32_t tail = r->tail, at = tail & (c->capacity - 1);
    size_t first = c->capacity - at < n ? c->capacity - at : n;
    memcpy(bytes, ring_bytes(c, !c->side) + at, first);
    memcpy(bytes + first, ring_bytes(c, !c->side), n - first);
    __atomic_store_n(&r->tail, tail + (uint32_t)n, __ATOMIC_SEQ_CST);
    return n;
}

/* Afterwards the peer signals when room appears, if not all was written. */
size_t channel_write_some(struct channel *c, const void *bytes, size_t n)
{
    struct channel_ring *r = ring_out(c);
    size_t done = write_once(c, bytes, n);
    if (done < n) {
        ask(&r->producer_waits);
        done += write_once(c, (const char *)bytes + done, n - done);
    }
    if (done)
        wake(c, &r->consumer_idle);
    return done;
}

/* Afterwards the peer signals when more appears, if the ring was emptied. */
size_t channel_read_some(struct channel *c, void *bytes, size_t n)
{
    struct channel_ring *r = ring_in(c);
    size_t done = read_once(c, bytes, n);
    if (done < n) {
        ask(&r->consumer_idle);
        done += read_once(c, (char *)bytes + done, n - done);
    }
    if (done)
        wake(c, &r->producer_waits);
    return done;
}

/* Wait for a signal, at most until the deadline and at most WAIT_MAX. */
static void pause_until(struct channel *c, uint64_t deadline)
{
    uint64_t bits, latest = time_now() + WAIT_MAX;
    int status = sys_wait(c->own, WAIT_ARM, deadline < latest ? deadline : latest, &bits);
    if (status != OK)
        sleep_ns(1000000);
}

void channel_write(struct channel *c, const void *bytes, size_t n)
{
    for (;;) {
        size_t done = channel_write_some(c, bytes, n);
        if (done == n)
            return;
        bytes = (const char *)bytes + done;
        n -= done;
        if (!done)
            pause_until(c, DEADLINE_NEVER);
    }
}

size_t channel_read(struct channel *c, void *bytes, size_t n, uint64_t deadline)
{
    while (n) {
        size_t done = channel_read_some(c, bytes, n);
        if (done)
            return done;
        if (time_now() >= deadline)
            break;
        pause_until(c, deadline);
    }
    return 0;
}
