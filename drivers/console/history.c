/*
 * Scrollback as a ring of cells and a ring of line records (history.h has the invariant).
 *
 * Where the next line goes and how many cells are in use follow from the newest and the oldest
 * record, so no further counter can disagree with them after a crash.
 */
#include <string.h>

#include "history.h"

static unsigned first_of(const struct history *h)
{
    return h->window & 0xffff;
}

unsigned history_count(const struct history *h)
{
    return h->window >> 16;
}

static void window_set(struct history *h, unsigned first, unsigned count)
{
    h->window = (first & (HISTORY_LINES - 1)) | count << 16;
}

static const struct history_line *line_at(const struct history *h, unsigned index)
{
    return &h->line[(first_of(h) + index) & (HISTORY_LINES - 1)];
}

static uint32_t end_of(const struct history_line *l)
{
    uint32_t end = l->start + l->length;
    return end >= HISTORY_CELLS ? end - HISTORY_CELLS : end;
}

void history_clear(struct history *h)
{
    window_set(h, 0, 0);
}

static unsigned cells_used(const struct history *h)
{
    unsigned count = history_count(h);
    if (count == 0)
        return 0;
    uint32_t start = line_at(h, 0)->start, end = end_of(line_at(h, count - 1));
    if (end > start)
        return end - start;
    /* Start and end coincide when the ring is full or when all lines are empty: only the former has
     * a line with cells. The ring is never filled completely (see history_push). */
    return end == start ? 0 : end + HISTORY_CELLS - start;
}

void history_push(struct history *h, const struct cell *row, unsigned columns)
{
    unsigned length = row_length(row);
    while (length > columns && row[length - 1].code == ' ')
        length--;
    while (history_count(h) == HISTORY_LINES || cells_used(h) + length >= HISTORY_CELLS)
        window_set(h, first_of(h) + 1, history_count(h) - 1);
    unsigned count = history_count(h);
    uint32_t start = count ? end_of(line_at(h, count - 1)) : 0;
    unsigned before = HISTORY_CELLS - start < length ? HISTORY_CELLS - start : length;
    memcpy(h->cell + start, row, before * sizeof *row);
    memcpy(h->cell, row + before, (length - before) * sizeof *row);
    struct history_line *l = &h->line[(first_of(h) + count) & (HISTORY_LINES - 1)];
    l->start = start;
    l->length = (uint16_t)length;
    window_set(h, first_of(h), count + 1);
}

void history_read(const struct history *h, unsigned index, struct cell *row)
{
    const struct history_line *l = line_at(h, index);
    unsigned length = l->length;
    unsigned before = HISTORY_CELLS - l->start < length ? HISTORY_CELLS - l->start : length;
    memcpy(row, h->cell + l->start, before * sizeof *row);
    memcpy(row + before, h->cell, (length - before) * sizeof *row);
    for (unsigned i = length; i < COLUMNS_MAX; i++)
        row[i] = cell_blank();
}

bool history_pop(struct history *h, struct cell *row)
{
    unsigned count = history_count(h);
    if (count == 0)
        return false;
    history_read(h, count - 1, row);
    window_set(h, first_of(h), count - 1);
    return true;
}

/* How many lines, counted from the newest, satisfy the invariant. */
static unsigned sound_lines(const struct history *h)
{
    unsigned count = history_count(h), sound = 0;
    uint32_t total = 0;
    if (count > HISTORY_LINES || first_of(h) >= HISTORY_LINES)
        return 0;
    for (unsigned i = count; i-- > 0; sound++) {
        const struct history_line *l = line_at(h, i);
        if (l->length > COLUMNS_MAX || l->start >= HISTORY_CELLS)
            break;
        if (i + 1 < count && end_of(l) != line_at(h, i + 1)->start)
            break;
        total += l->length;
        if (total >= HISTORY_CELLS)
            break;
    }
    return sound;
}

void history_repair(struct history *h)
{
    unsigned count = history_count(h), sound = sound_lines(h);
    window_set(h, first_of(h) + count - sound, sound);
    for (unsigned i = 0; i < sound; i++) {
        struct cell row[COLUMNS_MAX];
        const struct history_line *l = line_at(h, i);
        history_read(h, i, row);
        row_repair(row, l->length);
        for (unsigned c = 0; c < l->length; c++)
            h->cell[(l->start + c) % HISTORY_CELLS] = row[c];
    }
}

bool history_valid(const struct history *h)
{
    return sound_lines(h) == history_count(h);
}
