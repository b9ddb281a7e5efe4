/*
 * Clock server: wall time for whoever has the endpoint "clock" (protocol: tetrapla/clock.h).
 *
 * Grants: ports=0x70+2, serve=clock. The real-time clock is read once, when the server starts;
 * afterwards wall time is that reading plus monotonic time. So answers never go back while the
 * server lives, cost no port access, and are right to the second that the clock gave.
 */
#include "cmos.h"

#include <stdio.h>
#include <stdlib.h>
#include <tetrapla/clock.h>
#include <tetrapla/root.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>

#define NS_PER_S 1000000000ULL

static bool known;             /* the machine has a clock that holds a date */
static uint64_t epoch_at_boot; /* wall time when monotonic time was 0 */

static void read_clock(void)
{
    struct rtc_registers r;
    bool flat;
    uint64_t seconds;
    if (!cmos_read(&r, &flat)) {
        printf("no real-time clock on this machine: wall time is not known\n");
    } else if (!rtc_decode(&r, &seconds)) {
        printf("the real-time clock holds no date: wall time is not known\n");
    } else {
        if (flat)
            printf("the real-time clock's battery is flat: wall time may be wrong\n");
        epoch_at_boot = seconds * NS_PER_S - time_now();
        known = true;
        printf("wall time is %llu s after 1970\n", (unsigned long long)seconds);
    }
}

static int handle(struct server *s, struct message *m)
{
    (void)s;
    static bool reported;
    if (!reported) {
        /* The call to root overwrites no word of the request: it has its own message. */
        root_served();
        reported = true;
    }
    uint64_t op = m->words ? m->w[0] : UINT64_MAX;
    if (m->kind != RECV_MESSAGE || op != CLOCK_NOW) {
        m->w[0] = BAD_CALL;
        return 1;
    }
    m->w[0] = known ? OK : WOULD_BLOCK;
    m->w[1] = known ? epoch_at_boot + time_now() : 0;
    return 2;
}

int main(void)
{
    const struct grant *endpoint = grant_find("clock", GRANT_ENDPOINT);
    if (!endpoint) {
        printf("no endpoint \"clock\" to serve\n");
        return EXIT_FAILURE;
    }
    read_clock();
    struct server server = {.endpoint = endpoint->handle, .handle = handle};
    int status = server_run(&server);
    printf("the endpoint is gone (%s)\n", status_name(status));
    return EXIT_FAILURE;
}
