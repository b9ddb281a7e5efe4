/*
 * The restart policy: more than RESTART_DEATHS deaths within RESTART_WINDOW, without a served call
 * between them, stop the restarting. Only deaths by fault and by exit count: who kills a driver on
 * purpose wants it back. The window slides, so the oldest of the last three deaths decides.
 */
#include "restart.h"

bool restart_after_death(struct restart *r, uint64_t now)
{
    if (r->count == RESTART_DEATHS) {
        if (now - r->death[0] <= RESTART_WINDOW)
            return false;
        for (unsigned i = 1; i < RESTART_DEATHS; i++)
            r->death[i - 1] = r->death[i];
        r->count--;
    }
    r->death[r->count++] = now;
    return true;
}

void restart_forgive(struct restart *r)
{
    r->count = 0;
}
