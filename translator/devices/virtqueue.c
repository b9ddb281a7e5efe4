/*
 * Split virtqueues (VIRTIO 1.1, 2.6), against a driver that may be malicious.
 *
 * Rules, and why nothing the driver writes can hurt or hang the VM:
 *  1. Every address is used through dma_read and dma_write, which touch guest RAM only.
 *  2. Ring indices are taken modulo the ring's size, which is a power of two of at most
 *     VIRTQUEUE_MAX; descriptor numbers are compared with the size of their table before use.
 *  3. A chain has at most CHAIN_MAX buffers, and in one table at most as many as the table has
 *     entries: a loop ends there. An indirect table must not name another.
 *  4. The available index may lead the device's by at most the ring's size, so the chains that one
 *     notification brings are bounded; the guest does not run meanwhile.
 *  5. A violation is CHAIN_BROKEN: the device stops until the driver resets it (2.1.2).
 */
#include <translator/devices/common.h>
#include <translator/devices/virtqueue.h>

#define DESCRIPTOR    16u
#define DESC_NEXT     1u /* 2.6.5 */
#define DESC_WRITE    2u
#define DESC_INDIRECT 4u

#define AVAIL_NO_INTERRUPT 1u

struct descriptor {
    uint64_t phys;
    uint32_t bytes;
    uint16_t flags, next;
};

static bool broken(const struct virtqueue *q, const char *what)
{
    vm_log(q->vm, "%s: broken queue: %s", q->name, what);
    return false;
}

static bool in_ram(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    return memory_ram(vm, phys, bytes) != NULL;
}

bool virtqueue_start(struct virtqueue *q)
{
    uint64_t n = q->num;
    if (n == 0 || n > VIRTQUEUE_MAX || (n & (n - 1)))
        return broken(q, "its size is not a power of two in range");
    if ((q->desc & 15) || (q->avail & 1) || (q->used & 3))
        return broken(q, "a part of it is misaligned");
    if (!in_ram(q->vm, q->desc, n * DESCRIPTOR) || !in_ram(q->vm, q->avail, 6 + 2 * n) ||
        !in_ram(q->vm, q->used, 6 + 8 * n))
        return broken(q, "a part of it is not in RAM");
    q->taken = q->given = 0;
    return q->ready = true;
}

static bool ring16(const struct virtqueue *q, uint64_t phys, uint16_t *v)
{
    uint8_t bytes[2];
    if (!dma_read(q->vm, phys, bytes, sizeof bytes))
        return broken(q, "the ring is not in RAM");
    *v = load16(bytes);
    return true;
}

static bool read_descriptor(const struct virtqueue *q, uint64_t table, uint32_t number,
                            struct descriptor *d)
{
    uint8_t bytes[DESCRIPTOR];
    if (!dma_read(q->vm, table + (uint64_t)number * DESCRIPTOR, bytes, sizeof bytes))
        return broken(q, "a descriptor is not in RAM");
    *d = (struct descriptor){load64(bytes), load32(bytes + 8), load16(bytes + 12),
                             load16(bytes + 14)};
    return true;
}

/* Append a descriptor's buffer to the chain. */
static bool append(const struct virtqueue *q, struct chain *c, const struct descriptor *d)
{
    if (c->out + c->in == CHAIN_MAX)
        return broken(q, "a chain has too many buffers");
    if (!(d->flags & DESC_WRITE) && c->in != 0)
        return broken(q, "a buffer to read follows one to write");
    c->buffer[c->out + c->in] = (struct buffer){d->phys, d->bytes};
    if (d->flags & DESC_WRITE) {
        c->in++;
        c->in_bytes += d->bytes;
    } else {
        c->out++;
        c->out_bytes += d->bytes;
    }
    return true;
}

/* Follow a chain in the table of `entries` descriptors. Sets *indirect and returns true where it
 * ends in a descriptor of an indirect table, which is possible only if `indirect` is given. */
static bool follow(const struct virtqueue *q, struct chain *c, uint64_t table, uint32_t entries,
                   uint32_t number, struct descriptor *indirect)
{
    for (uint32_t seen = 0; seen < entries; seen++) {
        struct descriptor d;
        if (number >= entries)
            return broken(q, "a descriptor number is out of range");
        if (!read_descriptor(q, table, number, &d))
            return false;
        if (d.flags & DESC_INDIRECT) {
            if (indirect == NULL || (d.flags & DESC_NEXT))
                return broken(q, "an indirect table is not at the end of the ring's chain");
            *indirect = d;
            return true;
        }
        if (!append(q, c, &d))
            return false;
        if (!(d.flags & DESC_NEXT))
            return true;
        number = d.next;
    }
    return broken(q, "a chain is a loop");
}

static bool walk(const struct virtqueue *q, struct chain *c)
{
    struct descriptor indirect = {0};
    c->out = c->in = 0;
    c->out_bytes = c->in_bytes = 0;
    if (!follow(q, c, q->desc, q->num, c->head, &indirect))
        return false;
    if (!(indirect.flags & DESC_INDIRECT))
        return true;
    if (indirect.bytes == 0 || indirect.bytes % DESCRIPTOR != 0)
        return broken(q, "an indirect table has an odd length");
    return follow(q, c, indirect.phys, indirect.bytes / DESCRIPTOR, 0, NULL);
}

enum chain_result virtqueue_take(struct virtqueue *q, struct chain *c)
{
    uint16_t index;
    if (!q->ready)
        return CHAIN_NONE;
    if (!ring16(q, q->avail + 2, &index))
        return CHAIN_BROKEN;
    if (index == q->taken)
        return CHAIN_NONE;
    if ((uint16_t)(index - q->taken) > q->num) {
        broken(q, "the available index jumped");
        return CHAIN_BROKEN;
    }
    if (!ring16(q, q->avail + 4 + 2 * (uint64_t)(q->taken & (q->num - 1)), &c->head))
        return CHAIN_BROKEN;
    q->taken++;
    return walk(q, c) ? CHAIN_TAKEN : CHAIN_BROKEN;
}

bool virtqueue_give(struct virtqueue *q, const struct chain *c, uint32_t written)
{
    uint8_t element[8], index[2];
    store32(element, c->head);
    store32(element + 4, written);
    store16(index, (uint16_t)(q->given + 1));
    if (!dma_write(q->vm, q->used + 4 + 8 * (uint64_t)(q->given & (q->num - 1)), element, 8) ||
        !dma_write(q->vm, q->used + 2, index, 2))
        return broken(q, "the used ring is not in RAM");
    q->given++;
    return true;
}

bool virtqueue_wants_interrupt(struct virtqueue *q)
{
    uint16_t flags;
    return ring16(q, q->avail, &flags) && !(flags & AVAIL_NO_INTERRUPT);
}

/* ---- what is in a chain ----------------------------------------------------------------------- */

struct cursor chain_out(struct vm *vm, const struct chain *c)
{
    return (struct cursor){vm, c->buffer, c->out, 0};
}

struct cursor chain_in(struct vm *vm, const struct chain *c)
{
    return (struct cursor){vm, c->buffer + c->out, c->in, 0};
}

/* Bytes left in the current buffer, after going to the next one that has any; 0 at the end. */
static uint64_t here(struct cursor *at)
{
    while (at->left != 0 && at->offset == at->buffer->bytes) {
        at->buffer++;
        at->left--;
        at->offset = 0;
    }
    return at->left != 0 ? at->buffer->bytes - at->offset : 0;
}

static bool move(struct cursor *at, void *to, const void *from, uint64_t bytes)
{
    for (uint64_t n, done = 0; done < bytes; done += n) {
        n = here(at);
        if (n == 0)
            return false;
        if (n > bytes - done)
            n = bytes - done;
        uint64_t phys = at->buffer->phys + at->offset;
        if (to != NULL && !dma_read(at->vm, phys, (char *)to + done, n))
            return false;
        if (from != NULL && !dma_write(at->vm, phys, (const char *)from + done, n))
            return false;
        at->offset += (uint32_t)n;
    }
    return true;
}

bool cursor_read(struct cursor *at, void *to, uint64_t bytes)
{
    return move(at, to, NULL, bytes);
}

bool cursor_write(struct cursor *at, const void *from, uint64_t bytes)
{
    return move(at, NULL, from, bytes);
}

bool cursor_skip(struct cursor *at, uint64_t bytes)
{
    return move(at, NULL, NULL, bytes);
}

uint64_t cursor_piece(struct cursor *at, uint64_t bytes, void **host, uint64_t *phys)
{
    uint64_t n = here(at);
    if (n > bytes)
        n = bytes;
    if (n == 0)
        return 0;
    *phys = at->buffer->phys + at->offset;
    *host = memory_ram(at->vm, *phys, n);
    return *host != NULL ? n : 0;
}
