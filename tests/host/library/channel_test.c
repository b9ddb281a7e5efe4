/* Channels: two threads, capacities down to one byte, and peers that write nonsense. */
#include "library.h"
#include "pretend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tetrapla/channel.h>

#define BYTES 30000u

static struct channel end[2];
static bool received[2];

static void *make(uint32_t capacity)
{
    struct channel_shared *s = aligned_alloc(64, (CHANNEL_BYTES(capacity) + 63) & ~(size_t)63);
    memset(s, 0, CHANNEL_BYTES(capacity));
    s->magic = CHANNEL_MAGIC;
    s->capacity = capacity;
    return s;
}

static struct grant grant_of(void *shared, uint32_t capacity, unsigned side)
{
    return (struct grant){.name = "console",
                          .kind = GRANT_CHANNEL,
                          .handle = 30000 + side,
                          .peer = 30001 - side,
                          .index = side ? 5 : 3,
                          .peer_bit = side ? 3 : 5,
                          .extra = side,
                          .va = (uint64_t)shared,
                          .bytes = CHANNEL_BYTES(capacity)};
}

static unsigned char expected(unsigned side, unsigned i)
{
    return (unsigned char)(i * 31 + side);
}

/* Threads 0 and 1 write at ends 0 and 1; threads 2 and 3 read there. */
static void talk(unsigned n)
{
    unsigned side = n & 1;
    unsigned char bytes[97];
    struct channel *c = &end[side];
    if (n < 2) {
        for (unsigned i = 0; i < BYTES;) {
            unsigned k = (unsigned)below(sizeof(bytes)) + 1;
            if (k > BYTES - i)
                k = BYTES - i;
            for (unsigned j = 0; j < k; j++)
                bytes[j] = expected(side, i + j);
            channel_write(c, bytes, k);
            i += k;
        }
        return;
    }
    received[side] = true;
    for (unsigned i = 0; i < BYTES;) {
        size_t k = channel_read(c, bytes, below(sizeof(bytes)) + 1, DEADLINE_NEVER);
        for (size_t j = 0; j < k; j++, i++)
            received[side] = received[side] && bytes[j] == expected(!side, i);
    }
}

/* One reader and one writer share an end's notification here, which a task would not do; a signal
 * that the wrong one takes is made good by the waits' limit. So each direction runs alone. */
static void one_way(unsigned n)
{
    talk(n == 0 ? 0 : 3);
}
static void other_way(unsigned n)
{
    talk(n == 0 ? 1 : 2);
}

static void test_transfer(uint32_t capacity)
{
    void *shared = make(capacity);
    bool good = true;
    for (unsigned side = 0; side < 2; side++) {
        struct grant g = grant_of(shared, capacity, side);
        good = good && channel_open(&end[side], &g);
        pretend_notification(g.handle);
    }
    if (good) {
        in_threads(2, one_way);
        in_threads(2, other_way);
        good = received[0] && received[1] && !channel_readable(&end[0]) &&
               !channel_readable(&end[1]) && channel_writable(&end[0]) == capacity;
    }
    char name[40];
    snprintf(name, sizeof(name), "channel.capacity_%u", capacity);
    result(name, good, "bytes changed");
    free(shared);
}

static void test_some(void)
{
    void *shared = make(8);
    struct grant g[2] = {grant_of(shared, 8, 0), grant_of(shared, 8, 1)};
    channel_open(&end[0], &g[0]);
    channel_open(&end[1], &g[1]);
    pretend_notification(g[0].handle);
    pretend_notification(g[1].handle);
    char bytes[16] = "";
    bool good = channel_write_some(&end[0], "0123456789", 10) == 8 &&
                channel_write_some(&end[0], "x", 1) == 0 && channel_readable(&end[1]) == 8;
    good = good && channel_read_some(&end[1], bytes, 3) == 3 && channel_writable(&end[0]) == 3;
    good = good && channel_write_some(&end[0], "89", 2) == 2 &&
           channel_read_some(&end[1], bytes + 3, 13) == 7 && !memcmp(bytes, "0123456789", 10);
    result("channel.some", good, "bytes \"%s\"", bytes);

    struct channel_ring *r = &((struct channel_shared *)shared)->ring[0];
    good = r->consumer_idle && !channel_read_some(&end[1], bytes, 1);
    channel_write_some(&end[0], "y", 1);
    result("channel.signals_an_idle_reader", good && !r->consumer_idle, "not signalled");
    uint64_t before = time_now();
    channel_read_some(&end[1], bytes, 16);
    good = channel_read(&end[1], bytes, 1, before + 20000000) == 0;
    result("channel.read_deadline", good && time_now() - before >= 20000000, "too early");
    free(shared);
}

static void test_nonsense(void)
{
    struct channel_shared *shared = make(16);
    struct grant g[2] = {grant_of(shared, 16, 0), grant_of(shared, 16, 1)};
    channel_open(&end[0], &g[0]);
    pretend_notification(g[0].handle);
    pretend_notification(g[1].handle);
    bool good = true;
    for (unsigned i = 0; i < 100000 && good; i++) {
        char bytes[40];
        struct channel_ring *r = &shared->ring[below(2)];
        *(below(2) ? &r->head : &r->tail) = (uint32_t)(below(3) ? below(40) : random_next());
        shared->capacity = (uint32_t)random_next();
        good = channel_readable(&end[0]) <= 16 && channel_writable(&end[0]) <= 16 &&
               channel_read_some(&end[0], bytes, below(41)) <= 16 &&
               channel_write_some(&end[0], bytes, below(41)) <= 16;
    }
    result("channel.nonsense_positions", good, "more bytes than the ring has");
    free(shared);
}

static void test_open(void)
{
    struct channel_shared *shared = make(16);
    struct channel c;
    struct grant g = grant_of(shared, 16, 0);
    bool good = channel_open(&c, &g) && c.side == 0 && c.own_bits == 8 && c.peer_bits == 32;
    result("channel.open", good, "wrong fields");
    bool bad = channel_open(&c, NULL);
    g.bytes--;
    bad = bad || channel_open(&c, &g);
    g.bytes++;
    shared->capacity = 12;
    bad = bad || channel_open(&c, &g);
    shared->capacity = 0;
    bad = bad || channel_open(&c, &g);
    shared->capacity = 32;
    bad = bad || channel_open(&c, &g);
    shared->capacity = 0x80000000;
    bad = bad || channel_open(&c, &g);
    shared->capacity = 16;
    shared->magic = 1;
    bad = bad || channel_open(&c, &g);
    shared->magic = CHANNEL_MAGIC;
    g.kind = GRANT_REGION;
    bad = bad || channel_open(&c, &g);
    g.kind = GRANT_CHANNEL;
    g.index = 63;
    bad = bad || channel_open(&c, &g);
    result("channel.open_refuses", !bad, "accepted");
    result("channel.open_named_absent", !channel_open_named(&c, "console"), "found");
    free(shared);
}

void channel_tests(void)
{
    static const uint32_t capacities[] = {1, 2, 4, 64, 4096};
    test_open();
    for (unsigned i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++)
        test_transfer(capacities[i]);
    test_some();
    test_nonsense();
}
