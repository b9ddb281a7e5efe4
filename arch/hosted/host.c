/* What the host devices share: their threads, the hook that wakes the vCPU, the time of day. */
#include "devices.h"

#include <signal.h>
#include <time.h>

void (*hostdev_attend)(void);

void device_attend(void)
{
    void (*attend)(void) = __atomic_load_n(&hostdev_attend, __ATOMIC_ACQUIRE);
    if (attend != NULL)
        attend();
}

bool device_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the new thread inherits it */
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    bool made = pthread_create(thread, &attributes, run, arg) == 0;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return made;
}

uint64_t wall_clock(void)
{
    return (uint64_t)time(NULL);
}
