/*
 * copy and fill, the IR's operations on many elements, in C (ir_run.h).
 *
 * By pieces that lie within a page at each end. Memory is reached through the RAM alias (guest_span),
 * which says no where an access would fault or is no RAM; an element that lies on two pages is done
 * when all its bytes can be. Elements are done one after the other: where the destination begins
 * among what is still to be copied, what was copied is copied again, and a pattern spreads.
 */
#include <string.h>

#include <translator/ir_run.h>
#include <translator/memory.h>

#define ELEMENT_MAX 4u

struct string {
    struct cpu *cpu;
    unsigned log2, size;
    bool down;
    uint32_t left, done;
};

static struct string begin(struct cpu *cpu, unsigned log2, int32_t count)
{
    uint32_t n = (uint32_t)count;
    return (struct string){.cpu = cpu,
                           .log2 = log2,
                           .size = 1u << log2,
                           .down = count < 0,
                           .left = count < 0 ? 0 - n : n};
}

/* *n: at most so many elements from va on that lie in its page, or 0; gives the host address of the one at va,
 * NULL if that cannot be reached. */
static uint8_t *room(const struct string *s, uint32_t va, unsigned kind, uint32_t *n)
{
    unsigned behind;
    uint8_t *host = guest_span(s->cpu, va, kind, &behind);
    uint32_t have = s->down ? (va & ~GUEST_PAGE_MASK) / s->size + 1 : behind / s->size;
    if (host == NULL || behind < s->size)
        have = 0;
    *n = *n < have ? *n : have;
    return host;
}

/* n elements have been done; false: the next one is over an end of the address space. */
static bool advance(struct string *s, uint32_t n, uint32_t *va)
{
    uint32_t bytes = n << s->log2, next = s->down ? *va - bytes : *va + bytes;
    bool over = s->down ? next > *va : next < *va;
    *va = next;
    return !over;
}

/* Every byte of the element at va, which lies on two pages; false: not all can be reached. */
static bool bytes_of(const struct string *s, uint32_t va, unsigned kind, uint8_t *at[ELEMENT_MAX])
{
    unsigned bytes;
    if (va + (s->size - 1) < va)
        return false;
    for (unsigned n = 0; n < s->size; n++)
        if ((at[n] = guest_span(s->cpu, va + n, kind, &bytes)) == NULL)
            return false;
    return true;
}

/* What was copied doubles each time: from there on the source repeats itself. */
static void spread(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
    for (uint32_t n; bytes != 0; to += n, bytes -= n) {
        uint32_t distance = (uint32_t)(to - from);
        n = bytes < distance ? bytes : distance;
        memcpy(to, from, n);
    }
}

static void one(uint8_t *to, const uint8_t *from, unsigned size)
{
    uint32_t v = 0;
    memcpy(&v, from, size);
    memcpy(to, &v, size);
}

/* to, from: the first element. */
static void copy_piece(const struct string *s, uint8_t *to, const uint8_t *from, uint32_t n)
{
    uint32_t bytes = n << s->log2, above = s->down ? bytes - s->size : 0;
    bool meet = to < from + bytes && from < to + bytes;
    if (!meet || (s->down ? to >= from : to <= from))
        memmove(to - above, from - above, bytes);
    else if (!s->down && (size_t)(to - from) >= s->size)
        spread(to, from, bytes);
    else
        for (ptrdiff_t k = 0; n > 0; n--, k += s->down ? -(ptrdiff_t)s->size : (ptrdiff_t)s->size)
            one(to + k, from + k, s->size);
}

static bool copy_across(const struct string *s, uint32_t to, uint32_t from)
{
    uint8_t *there[ELEMENT_MAX], *here[ELEMENT_MAX], v[ELEMENT_MAX];
    if (!bytes_of(s, from, ACCESS_READ, here) || !bytes_of(s, to, ACCESS_WRITE, there))
        return false;
    for (unsigned n = 0; n < s->size; n++)
        v[n] = *here[n];
    for (unsigned n = 0; n < s->size; n++)
        *there[n] = v[n];
    return true;
}

uint32_t ir_run_copy(struct cpu *cpu, unsigned log2, uint32_t to, uint32_t from, int32_t count)
{
    struct string s = begin(cpu, log2, count);
    while (s.left != 0) {
        uint32_t n = s.left;
        const uint8_t *here = room(&s, from, ACCESS_READ, &n);
        uint8_t *there = room(&s, to, ACCESS_WRITE, &n);
        if (here == NULL || there == NULL)
            break;
        if (n != 0)
            copy_piece(&s, there, here, n);
        else if (copy_across(&s, to, from))
            n = 1;
        else
            break;
        s.done += n;
        s.left -= n;
        if (!advance(&s, n, &to) || !advance(&s, n, &from))
            break;
    }
    return s.done;
}

static void fill_piece(const struct string *s, uint8_t *to, uint32_t value, uint32_t n)
{
    if (s->down)
        to -= (n - 1) << s->log2;
    if (s->size == 1)
        memset(to, (int)(value & 0xff), n);
    for (uint32_t k = 0; s->size == 2 && k < n; k++)
        memcpy(to + 2 * k, &value, 2);
    for (uint32_t k = 0; s->size == 4 && k < n; k++)
        memcpy(to + 4 * k, &value, 4);
}

static bool fill_across(const struct string *s, uint32_t to, uint32_t value)
{
    uint8_t *there[ELEMENT_MAX];
    if (!bytes_of(s, to, ACCESS_WRITE, there))
        return false;
    for (unsigned n = 0; n < s->size; n++)
        *there[n] = (uint8_t)(value >> 8 * n);
    return true;
}

uint32_t ir_run_fill(struct cpu *cpu, unsigned log2, uint32_t to, uint32_t value, int32_t count)
{
    struct string s = begin(cpu, log2, count);
    while (s.left != 0) {
        uint32_t n = s.left;
        uint8_t *there = room(&s, to, ACCESS_WRITE, &n);
        if (there == NULL)
            break;
        if (n != 0)
            fill_piece(&s, there, value, n);
        else if (fill_across(&s, to, value))
            n = 1;
        else
            break;
        s.done += n;
        s.left -= n;
        if (!advance(&s, n, &to))
            break;
    }
    return s.done;
}
