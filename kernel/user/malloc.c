/*
 * The heap: boundary tags and segregated free lists.
 *
 *   ┌──────────── block: `units` of 16 bytes ────────────┐
 *   │ units │ below │       seal       │ payload ...     │ next block ...
 *   └─ 4 ───┴── 4 ──┴──────── 8 ───────┘                 (below = units of the block before it)
 *
 * Blocks lie side by side from the first address of the heap to a last block of one unit that is
 * never freed, so each finds its neighbours; a free block's payload holds the links of its list.
 *
 * Invariants, under the lock:
 *  - no two free blocks are neighbours (free merges them);
 *  - a block's seal is its state's magic number mixed with its address and both sizes. It is checked
 *    before any field is believed, so a second free, a free of something else, or a write beyond a
 *    block's end is found at the next operation that touches the block, and ends the task with a
 *    sentence. A header swallowed by a merge is sealed MERGED, so that freeing it again is seen too.
 *  - list b holds exactly the free blocks whose size class is b; bit b of `present` says it is not
 *    empty.
 *
 * Size classes: one for each size below 32 units, then four for each power of two.
 */
#include "internal.h"
#include "memory.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define UNIT        16u
#define UNITS_MIN   2u /* header and the two links */
#define SMALL_UNITS 32u
#define CLASSES     (SMALL_UNITS + 4 * 28)
#define HEAP_MAX    (60ULL << 30) /* so that `units` of one block cannot overflow */

enum { USED = 0x75736564, FREE = 0x66726565, MERGED = 0x6d657267, LAST = 0x6c617374 };

struct block {
    uint32_t units, below;
    uint64_t seal;
    struct block *next, *previous; /* free blocks only */
};

static struct lock lock;
static struct block *list[CLASSES];
static uint64_t present[(CLASSES + 63) / 64];
static struct block *first_block, *last_block; /* last_block: the one that is never freed */
static struct heap_statistics statistics;

static struct block *block_at(void *address)
{
    return address;
}
static struct block *above(struct block *b)
{
    return block_at((char *)b + (size_t)b->units * UNIT);
}
static struct block *below(struct block *b)
{
    return block_at((char *)b - (size_t)b->below * UNIT);
}
static void *payload(struct block *b)
{
    return (char *)b + UNIT;
}

static uint64_t seal_of(const struct block *b, uint64_t state)
{
    uint64_t sizes = (uint64_t)b->below << 32 | b->units;
    return (state << 32 | state) ^ (uintptr_t)b ^ sizes * 0x9e3779b97f4a7c15ULL;
}

static bool is(const struct block *b, uint64_t state)
{
    return b->seal == seal_of(b, state);
}
static void seal(struct block *b, uint64_t state)
{
    b->seal = seal_of(b, state);
}

/* A neighbour's size changed: b's header says so, whatever state it is in. */
static void set_below(struct block *b, uint32_t units)
{
    uint64_t state = is(b, USED) ? USED : is(b, FREE) ? FREE : is(b, LAST) ? LAST : 0;
    if (!state)
        fatal("heap: a block's header was overwritten");
    b->below = units;
    seal(b, state);
}

static unsigned class_of(uint32_t units)
{
    if (units < SMALL_UNITS)
        return units;
    unsigned power = 31u - (unsigned)__builtin_clz(units); /* 5 or more */
    return SMALL_UNITS + (power - 5) * 4 + (units >> (power - 2) & 3);
}

static void list_insert(struct block *b)
{
    unsigned c = class_of(b->units);
    seal(b, FREE);
    b->previous = NULL;
    b->next = list[c];
    if (b->next)
        b->next->previous = b;
    list[c] = b;
    present[c / 64] |= 1ULL << (c & 63);
    statistics.free_blocks++;
}

/* A link may be followed: it leads into the heap, to something that can be a block. */
static bool is_link(const struct block *b)
{
    return (uintptr_t)b % UNIT == 0 && b >= first_block && b < last_block;
}

static void list_remove(struct block *b)
{
    unsigned c = class_of(b->units);
    if (!is(b, FREE) || (b->next && (!is_link(b->next) || b->next->previous != b)) ||
        (b->previous ? !is_link(b->previous) || b->previous->next != b : list[c] != b))
        fatal("heap: a free block was written to");
    if (b->next)
        b->next->previous = b->previous;
    if (b->previous)
        b->previous->next = b->next;
    else
        list[c] = b->next;
    if (!list[c])
        present[c / 64] &= ~(1ULL << (c & 63));
    statistics.free_blocks--;
}

/* The first class at or above c whose list is not empty; CLASSES if there is none. */
static unsigned next_class(unsigned c)
{
    for (unsigned w = c / 64; w < sizeof(present) / sizeof(present[0]); w++) {
        uint64_t bits = present[w];
        if (w == c / 64)
            bits &= ~0ULL << (c & 63);
        if (bits)
            return w * 64 + (unsigned)__builtin_ctzll(bits);
    }
    return CLASSES;
}

/* The first block of a class that has at least `units`, looking at no more than `tries`. */
static struct block *fitting(unsigned c, uint32_t units, unsigned tries)
{
    struct block *b = list[c];
    for (; b && b->units < units && tries; tries--)
        b = b->next;
    return tries ? b : NULL;
}

/* A free block of at least `units`, out of its list; NULL if there is none. Blocks of the wanted
 * size's own class may be too small, those of any class above are large enough: so look at a few of
 * the own class, then above, and through the whole own class last. */
static struct block *find(uint32_t units)
{
    unsigned c = class_of(units), higher = next_class(c + 1);
    struct block *b = fitting(c, units, 32);
    if (!b)
        b = higher < CLASSES ? list[higher] : fitting(c, units, UINT32_MAX);
    if (b)
        list_remove(b);
    return b;
}

/* Put a block that is in no list back: merge it with free neighbours first. */
static void release(struct block *b)
{
    struct block *up = above(b);
    if (is(up, FREE)) {
        list_remove(up);
        b->units += up->units;
        seal(up, MERGED);
    }
    if (b->below) {
        struct block *down = below(b);
        if (is(down, FREE)) {
            list_remove(down);
            down->units += b->units;
            seal(b, MERGED);
            b = down;
        }
    }
    set_below(above(b), b->units);
    list_insert(b);
}

/* Cut b (in no list) down to `units` and release the rest if it can be a block. Seals b USED. */
static void trim(struct block *b, uint32_t units)
{
    uint32_t rest = b->units - units;
    if (rest >= UNITS_MIN) {
        b->units = units;
        struct block *tail = above(b);
        *tail = (struct block){.units = rest, .below = units};
        seal(tail, USED);
        set_below(above(tail), rest);
        seal(b, USED);
        release(tail);
    }
    seal(b, USED);
}

/* More memory from the task's region, as a free block (merged with a free one at the old end). It
 * may be less than wanted. */
static void grow(uint32_t units)
{
    size_t want = ((size_t)units * UNIT + 4 * UNIT + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), got;
    if (want > HEAP_MAX - statistics.mapped)
        return;
    struct block *b = block_at(memory_extend_heap(want, &got));
    if (!b)
        return;
    statistics.mapped += got;
    uint32_t all = (uint32_t)(got / UNIT);
    if (first_block) {
        b = last_block; /* the old end becomes the header of the new memory */
        if (!is(b, LAST))
            fatal("heap: the end of the heap was overwritten");
    } else {
        first_block = b;
        b->below = 0;
        all--;
    }
    b->units = all;
    seal(b, USED);
    last_block = above(b);
    last_block->units = 1;
    last_block->below = all;
    seal(last_block, LAST);
    release(b);
}

static struct block *checked(void *p)
{
    struct block *b = block_at((char *)p - UNIT);
    if ((uintptr_t)p % UNIT || b < first_block || b >= last_block)
        fatal("heap: free or realloc of an address that malloc never returned");
    if (is(b, FREE) || is(b, MERGED))
        fatal("heap: a block was freed twice");
    if (!is(b, USED))
        fatal("heap: a block's header was overwritten, or its address never came from malloc");
    return b;
}

/* Units for a payload of size bytes; 0 if it is beyond everything. */
static uint32_t units_for(size_t size)
{
    if (size > (size_t)UINT32_MAX / 2 * UNIT)
        return 0;
    uint32_t units = (uint32_t)((size + UNIT - 1) / UNIT) + 1;
    return units < UNITS_MIN ? UNITS_MIN : units;
}

static struct block *take(uint32_t units)
{
    struct block *b = find(units);
    if (!b) {
        grow(units);
        b = find(units);
    }
    return b;
}

static void *handed_out(struct block *b)
{
    statistics.used += (size_t)b->units * UNIT;
    statistics.used_blocks++;
    return payload(b);
}

static void *out_of_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    uint32_t units = units_for(size);
    if (!units)
        return out_of_memory();
    lock_take(&lock);
    struct block *b = take(units);
    void *p = NULL;
    if (b) {
        trim(b, units);
        p = handed_out(b);
    }
    lock_drop(&lock);
    return p ? p : out_of_memory();
}

void *aligned_alloc(size_t align, size_t size)
{
    if (!align || align & (align - 1) || align > (1ULL << 32)) {
        errno = EINVAL;
        return NULL;
    }
    if (align <= UNIT)
        return malloc(size);
    uint32_t units = units_for(size), extra = (uint32_t)(align / UNIT) + UNITS_MIN;
    if (!units || units > UINT32_MAX / 2 - extra)
        return out_of_memory();
    lock_take(&lock);
    struct block *b = take(units + extra);
    void *p = NULL;
    if (b) {
        /* The first aligned payload far enough in that a block fits in front of it, if any must. */
        uintptr_t start = (uintptr_t)payload(b), at = (start + align - 1) & ~(align - 1);
        if (at != start && at - start < UNITS_MIN * UNIT)
            at += align;
        uint32_t front = (uint32_t)((at - start) / UNIT);
        seal(b, USED);
        if (front) {
            struct block *head = b;
            b = block_at((char *)head + (size_t)front * UNIT);
            b->units = head->units - front;
            b->below = front;
            seal(b, USED);
            head->units = front;
            seal(head, USED);
            set_below(above(b), b->units);
            release(head);
        }
        trim(b, units);
        p = handed_out(b);
    }
    lock_drop(&lock);
    return p ? p : out_of_memory();
}

void free(void *p)
{
    if (!p)
        return;
    lock_take(&lock);
    struct block *b = checked(p);
    statistics.used -= (size_t)b->units * UNIT;
    statistics.used_blocks--;
    release(b);
    lock_drop(&lock);
}

/* Make b hold `units` where it lies, using a free block above it. */
static bool resize_in_place(struct block *b, uint32_t units)
{
    struct block *up = above(b);
    uint32_t before = b->units;
    if (b->units < units) {
        if (!is(up, FREE) || b->units + up->units < units)
            return false;
        list_remove(up);
        b->units += up->units;
        seal(up, MERGED);
        seal(b, USED);
        set_below(above(b), b->units);
    }
    trim(b, units);
    statistics.used += ((size_t)b->units - before) * UNIT;
    return true;
}

void *realloc(void *p, size_t size)
{
    if (!p)
        return malloc(size);
    uint32_t units = units_for(size);
    if (!units)
        return out_of_memory();
    lock_take(&lock);
    struct block *b = checked(p);
    size_t old = (size_t)(b->units - 1) * UNIT;
    bool done = resize_in_place(b, units);
    lock_drop(&lock);
    if (done)
        return p;
    void *moved = malloc(size);
    if (moved) {
        memcpy(moved, p, old < size ? old : size);
        free(p);
    }
    return moved;
}

void *reallocarray(void *p, size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? out_of_memory() : realloc(p, bytes);
}

void *calloc(size_t count, size_t size)
{
    void *p = reallocarray(NULL, count, size);
    return p ? memset(p, 0, count * size) : NULL;
}

size_t malloc_usable_size(void *p)
{
    if (!p)
        return 0;
    lock_take(&lock);
    size_t size = (size_t)(checked(p)->units - 1) * UNIT;
    lock_drop(&lock);
    return size;
}

void heap_statistics(struct heap_statistics *s)
{
    lock_take(&lock);
    *s = statistics;
    lock_drop(&lock);
}

void heap_check(void)
{
    lock_take(&lock);
    size_t used = 0, used_blocks = 0, free_blocks = 0;
    uint32_t units = 0;
    bool after_free = false;
    struct block *b = first_block;
    for (; b && b != last_block; units = b->units, b = above(b)) {
        bool is_free = is(b, FREE);
        if (b > last_block || b->below != units || (!is_free && !is(b, USED)))
            fatal("heap: a block's header was overwritten");
        if (is_free && after_free)
            fatal("heap: two free blocks lie side by side");
        used += is_free ? 0 : (size_t)b->units * UNIT;
        used_blocks += !is_free;
        free_blocks += is_free;
        after_free = is_free;
    }
    if (b && (!is(b, LAST) || b->below != units))
        fatal("heap: the end of the heap was overwritten");
    if (used != statistics.used || used_blocks != statistics.used_blocks ||
        free_blocks != statistics.free_blocks)
        fatal("heap: the count of blocks does not agree with the heap");
    lock_drop(&lock);
}
