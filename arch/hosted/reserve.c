/*
 * Address ranges for vm_map: book-keeping only, nothing is reserved at the host. A reservation
 * without rights would make every page mapped into it split a mapping, and half as many would do.
 *
 * The range lies above the shadow memory of the address sanitizer and below its heap, where a
 * position-independent program and the host's own mappings never are. Handed out first fit: the
 * list of what is taken is kept sorted by address.
 */
#include "hosted.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 0x200000000000ULL
#define END   0x500000000000ULL

struct range {
    uint64_t va, end;
};

static struct range *taken;
static unsigned count, room;

bool hosted_reserved(uint64_t va, uint64_t end)
{
    return va >= FIRST && end <= END;
}

static bool make_room(void)
{
    if (count < room)
        return true;
    unsigned more = room != 0 ? room * 2 : 64;
    struct range *bigger = realloc(taken, more * sizeof *taken);
    if (bigger == NULL)
        return false;
    taken = bigger;
    room = more;
    return true;
}

static void insert(unsigned at, struct range r)
{
    memmove(taken + at + 1, taken + at, (count - at) * sizeof *taken);
    taken[at] = r;
    count++;
}

uint64_t vm_reserve(uint64_t bytes, uint64_t align)
{
    if (align < PAGE_SIZE)
        align = PAGE_SIZE;
    if (bytes == 0 || bytes > END - FIRST || (align & (align - 1)) != 0 || align > END)
        return 0;
    bytes = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    uint64_t va = 0;
    hosted_take(&hosted_maps);
    if (make_room()) {
        uint64_t at = (FIRST + align - 1) & ~(align - 1);
        unsigned i = 0;
        while (i < count && (taken[i].va < at || taken[i].va - at < bytes)) {
            if (taken[i].end > at)
                at = (taken[i].end + align - 1) & ~(align - 1);
            i++;
        }
        if (at < END && bytes <= END - at) {
            insert(i, (struct range){at, at + bytes});
            va = at;
        }
    }
    hosted_drop(&hosted_maps);
    return va;
}

/* Cut [va, end) out of what is taken; part of a range, or several, may be given back. */
void vm_unreserve(uint64_t va, uint64_t bytes)
{
    if (va % PAGE_SIZE != 0 || va < FIRST || va >= END || bytes > END - va)
        return;
    uint64_t end = va + ((bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));
    hosted_take(&hosted_maps);
    for (unsigned i = 0; i < count; i++) {
        struct range *r = &taken[i];
        if (r->end <= va || r->va >= end)
            continue;
        struct range behind = {end, r->end};
        bool keeps_front = r->va<va, keeps_back = r->end> end;
        if (keeps_front && keeps_back && !make_room())
            break; /* it stays taken */
        r = &taken[i];
        if (keeps_front) {
            r->end = va;
            if (keeps_back)
                insert(i + 1, behind);
        } else if (keeps_back) {
            r->va = end;
        } else {
            memmove(taken + i, taken + i + 1, (count - i - 1) * sizeof *taken);
            count--;
            i--;
        }
    }
    hosted_drop(&hosted_maps);
}
