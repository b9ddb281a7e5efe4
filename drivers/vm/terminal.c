/*
 * Host device: the guest's serial line is a pane of the console server, reached through a channel.
 *
 * Two threads use it. The vCPU writes and reads; the server thread sleeps at the channel's notification
 * and wakes the vCPU, which cannot wait there itself: it waits at the VM's own notification.
 *
 * The vCPU reads to the end of the ring whenever it is attended to, so the mark that asks the console for a
 * signal is set before the server thread sleeps again, and no arrival is lost. A full ring makes the vCPU
 * wait: output is never dropped, and a guest that floods its pane runs at the console's speed. The server
 * thread passes the console's signal on as a signal at `room`. If the console dies, root starts it again and
 * signals; bytes in the ring are kept.
 */
#include "vm_task.h"

#include <string.h>
#include <tetrapla/channel.h>
#include <tetrapla/sys.h>
#include <tetrapla/vm.h>

#define LOOK_NS \
    1000000000ull /* a peer that died at the wrong moment signals no more: look by yourself */

struct pane {
    struct terminal terminal;
    struct channel channel;
    vm_handle room;
};

static void wait_for_room(struct pane *p)
{
    uint64_t bits;
    vm_deadline(p->room, vm_now() + LOOK_NS);
    if (vm_wait(p->room, &bits) == POKED)
        vm_yield(); /* the poke's cause is seen when the device model returns */
}

static void pane_write(struct terminal *t, const void *bytes, size_t count)
{
    struct pane *p = t->private;
    const char *from = bytes;
    while (count > 0) {
        size_t done = channel_write_some(&p->channel, from, count);
        from += done;
        count -= done;
        if (done == 0)
            wait_for_room(p);
    }
}

static size_t pane_read(struct terminal *t, void *to, size_t size)
{
    struct pane *p = t->private;
    return channel_read_some(&p->channel, to, size);
}

struct terminal *pane_open(void)
{
    static struct pane pane;
    if (!channel_open_named(&pane.channel, "console") || vm_notification_create(&pane.room) != OK)
        return NULL;
    pane.terminal = (struct terminal){.write = pane_write, .read = pane_read, .private = &pane};
    return &pane.terminal;
}

void pane_say(struct terminal *t, const char *text)
{
    t->write(t, "\r\n[", 3);
    t->write(t, text, strlen(text));
    t->write(t, "]\r\n", 3);
}

void pane_title(struct terminal *t, const char *text)
{
    t->write(t, "\33]0;", 4);
    t->write(t, text, strlen(text));
    t->write(t, "\7", 1);
}

_Noreturn void pane_serve(struct terminal *t)
{
    struct pane *p = t->private;
    for (;;) {
        uint64_t bits;
        if (sys_wait(p->channel.own, WAIT_ARM, time_now() + LOOK_NS, &bits) != OK)
            sleep_ns(LOOK_NS);
        vm_signal(p->room, 1);
        void (*attend)(void) = __atomic_load_n(&hostdev_attend, __ATOMIC_ACQUIRE);
        if (attend != NULL && channel_readable(&p->channel) > 0)
            attend();
    }
}
