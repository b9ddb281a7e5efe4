/* The client's side of the clock server (clock.h). */
#include <tetrapla/clock.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>

int clock_now(uint64_t *ns)
{
    *ns = 0;
    const struct grant *g = grant_find("clock", GRANT_ENDPOINT);
    if (!g)
        return BAD_HANDLE;
    struct message m = {.w = {CLOCK_NOW}};
    int status = sys_call(g->handle, 1, &m);
    if (status == OK)
        status = m.words >= 2 ? (int)m.w[0] : BAD_CALL;
    if (status == OK)
        *ns = m.w[1];
    return status;
}
