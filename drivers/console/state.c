/*
 * The state that survives (state.h).
 *
 * Nothing in it is believed after a crash. The header says by a checksum that the layout is the one
 * this program was built with; everything else is clamped to what the code may index with, field by
 * field, so the worst a crash can leave is a wrong picture. There are no pointers in it. A state
 * that kills the server each time it starts is given up after ATTEMPTS_MAX starts.
 */
#include <string.h>

#include "state.h"

#define STATE_MAGIC   0x65746174736e6f63ULL
#define STATE_VERSION 1
#define ATTEMPTS_MAX  3

size_t state_bytes(unsigned panes)
{
    return sizeof(struct console_state) + panes * sizeof(struct pane);
}

static uint32_t checksum(const struct console_state *s)
{
    uint32_t sum = 0x9e3779b9u;
    const uint32_t words[] = {(uint32_t)s->magic, (uint32_t)(s->magic >> 32), s->version, s->bytes,
                              s->panes};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        sum = (sum ^ words[i]) * 0x01000193u;
    return sum;
}

static bool usable(const struct console_state *s, unsigned panes)
{
    return s->magic == STATE_MAGIC && s->version == STATE_VERSION && s->panes == panes &&
           s->bytes == state_bytes(panes) && s->check == checksum(s) && s->attempts < ATTEMPTS_MAX;
}

static void make(struct console_state *s, unsigned panes)
{
    s->magic = 0; /* not usable until it is complete */
    __asm__ volatile("" ::: "memory");
    memset((char *)s + sizeof s->magic, 0, sizeof *s - sizeof s->magic);
    for (unsigned i = 0; i < panes; i++) {
        memset(&s->pane[i], 0, offsetof(struct pane, terminal));
        terminal_init(&s->pane[i].terminal, PANE_COLUMNS, PANE_ROWS);
    }
    s->version = STATE_VERSION;
    s->panes = panes;
    s->bytes = (uint32_t)state_bytes(panes);
    __asm__ volatile("" ::: "memory");
    s->magic = STATE_MAGIC;
    s->check = checksum(s);
}

bool state_open(struct console_state *s, unsigned panes)
{
    bool kept = usable(s, panes);
    if (!kept)
        make(s, panes);
    s->attempts++;
    if (s->focus >= panes)
        s->focus = 0;
    if (s->serial_pane >= panes)
        s->serial_pane = 0;
    if (s->mode >= VIEW_MODES)
        s->mode = VIEW_GRID;
    if (s->log_length > LOG_LINE_MAX)
        s->log_length = 0;
    for (unsigned i = 0; kept && i < panes; i++) {
        s->pane[i].bell &= 1;
        terminal_repair(&s->pane[i].terminal);
    }
    return kept;
}

void state_works(struct console_state *s)
{
    s->attempts = 0;
}
