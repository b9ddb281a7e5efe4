/*
 * Free slots of the task's capability table. The kernel does not say which slots are free; this
 * bitmap does, and it stays right because every capability of the task is made in a slot taken here
 * or put below startup.first_free by root.
 */
#include "bitmap.h"
#include "internal.h"

#include <tetrapla/task.h>

static uint64_t taken[BITMAP_WORDS(HANDLE_MAX + 1)];
static uint32_t hint;
static handle_t first_free = HANDLE_MAX + 1; /* nothing can be returned before slots_init */

void slots_init(handle_t first)
{
    if (first == HANDLE_NONE)
        first = 1;
    bitmap_reserve(taken, 0, first <= HANDLE_MAX ? first : HANDLE_MAX + 1);
    first_free = first;
}

handle_t slot_alloc(void)
{
    uint32_t slot = bitmap_take(taken, BITMAP_WORDS(HANDLE_MAX + 1), &hint);
    return slot == BITMAP_NONE ? HANDLE_NONE : slot;
}

void slot_free(handle_t slot)
{
    /* A slot that was never handed out, or twice returned, is somebody's mistake: ignoring it keeps
     * the map right. */
    if (slot >= first_free && slot <= HANDLE_MAX)
        bitmap_give(taken, slot);
}
