/*
 * When a driver that dies is started again. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RESTART_DEATHS 3             /* this many deaths ... */
#define RESTART_WINDOW 5000000000ULL /* ... within this time (ns) are forgiven, one more is not */

struct restart {
    uint64_t death[RESTART_DEATHS]; /* times of the latest deaths, oldest first */
    unsigned count;
};

/* The task died by its own fault at `now` (ns, never going back). true: start it again. */
bool restart_after_death(struct restart *r, uint64_t now);
/* It has served a call, or was started by a user: earlier deaths no longer count. */
void restart_forgive(struct restart *r);
