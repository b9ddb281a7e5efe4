/*
 * copy and fill, the IR's operations on many elements, in C (ir_run.h).
 *
 * By pieces that lie within a page at each end. Memory is reached through the RAM alias (guest_span),
 * which says no where an access would fault or is no RAM; an element that lies on two pages is done
 * when all its bytes can be. Elements are done one after the other: where the destination begins
 * inside the source, what was copied is copied again, and a pattern spreads.
 */
#include <string.h>

#include <translator/ir_run.h>
#include <translator/memory.h>

#define ELEMENT_MAX 4u

/* Elements from va on that lie in its page; *host: the first. */
static uint32_t room(struct cpu *cpu, uint32_t va, unsigned kind, unsigned log2, uint8_t **host)
{
    unsigned bytes;
    *host = guest_span(cpu, va, kind, &bytes);
    return *host == NULL ? 0 : bytes >> log2;
}

/* Every byte of the element at va, which lies on two pages; false: not all can be reached. */
static bool bytes_of(struct cpu *cpu, uint32_t va, unsigned kind, unsigned size,
                     uint8_t *at[ELEMENT_MAX])
{
    unsigned bytes;
    if (va + (size - 1) < va)
        return false;
    for (unsigned n = 0; n < size; n++)
        if ((at[n] = guest_span(cpu, va + n, kind, &bytes)) == NULL)
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

static void copy_bytes(uint8_t *to, const uint8_t *from, unsigned size, uint32_t bytes)
{
    if (to <= from || to >= from + bytes)
        memmove(to, from, bytes);
    else if ((size_t)(to - from) >= size)
        spread(to, from, bytes);
    else
        for (uint32_t n = 0; n < bytes; n += size)
            memmove(to + n, from + n, size);
}

static bool copy_across(struct cpu *cpu, unsigned size, uint32_t to, uint32_t from)
{
    uint8_t *there[ELEMENT_MAX], *here[ELEMENT_MAX], v[ELEMENT_MAX];
    if (!bytes_of(cpu, from, ACCESS_READ, size, here) ||
        !bytes_of(cpu, to, ACCESS_WRITE, size, there))
        return false;
    for (unsigned n = 0; n < size; n++)
        v[n] = *here[n];
    for (unsigned n = 0; n < size; n++)
        *there[n] = v[n];
    return true;
}

uint32_t ir_run_copy(struct cpu *cpu, unsigned log2, uint32_t to, uint32_t from, uint32_t count)
{
    uint32_t done = 0, bytes;
    for (; done < count; to += bytes, from += bytes) {
        uint8_t *there, *here;
        uint32_t n = room(cpu, from, ACCESS_READ, log2, &here);
        uint32_t most = room(cpu, to, ACCESS_WRITE, log2, &there);
        if (here == NULL || there == NULL)
            break;
        n = n < most ? n : most;
        n = n < count - done ? n : count - done;
        if (n != 0)
            copy_bytes(there, here, 1u << log2, n << log2);
        else if (copy_across(cpu, 1u << log2, to, from))
            n = 1;
        else
            break;
        done += n;
        bytes = n << log2;
        if (to + bytes < bytes || from + bytes < bytes)
            break;
    }
    return done;
}

static void fill_bytes(uint8_t *to, uint32_t value, unsigned log2, uint32_t elements)
{
    if (log2 == 0)
        memset(to, (int)(value & 0xff), elements);
    for (uint32_t n = 0; log2 == 1 && n < elements; n++)
        memcpy(to + 2 * n, &value, 2);
    for (uint32_t n = 0; log2 == 2 && n < elements; n++)
        memcpy(to + 4 * n, &value, 4);
}

static bool fill_across(struct cpu *cpu, unsigned size, uint32_t to, uint32_t value)
{
    uint8_t *there[ELEMENT_MAX];
    if (!bytes_of(cpu, to, ACCESS_WRITE, size, there))
        return false;
    for (unsigned n = 0; n < size; n++)
        *there[n] = (uint8_t)(value >> 8 * n);
    return true;
}

uint32_t ir_run_fill(struct cpu *cpu, unsigned log2, uint32_t to, uint32_t value, uint32_t count)
{
    uint32_t done = 0, bytes;
    for (; done < count; to += bytes) {
        uint8_t *there;
        uint32_t n = room(cpu, to, ACCESS_WRITE, log2, &there);
        if (there == NULL)
            break;
        n = n < count - done ? n : count - done;
        if (n != 0)
            fill_bytes(there, value, log2, n);
        else if (fill_across(cpu, 1u << log2, to, value))
            n = 1;
        else
            break;
        done += n;
        bytes = n << log2;
        if (to + bytes < bytes)
            break;
    }
    return done;
}
