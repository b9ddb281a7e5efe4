/*
 * Keyboard driver: interrupts → bytes → keys → the console's channel.
 *
 * Grants: ports=0x60+1 and 0x64+1 (or one range that holds both), irq=1, the channel "console"
 * (client end, index CONSOLE_KEYBOARD), the notification "chord".
 *
 * Invariants:
 *  - the driver never waits for the console: keys that find the channel full are queued; when the
 *    queue has not moved for STUCK_NS it is dropped, and keys go on being dropped until there is
 *    room again. So the chord Ctrl+Alt+Escape, which goes to root and not through the console,
 *    works whatever the console does;
 *  - the channel always holds whole key events.
 */
#include "decode.h"
#include "i8042.h"

#include <stdio.h>
#include <tetrapla/channel.h>
#include <tetrapla/root.h>
#include <tetrapla/sys.h>

#define QUEUE         256u /* events; a power of two */
#define STUCK_NS      2000000000u
#define RETRY_NS      20000000u
#define IRQ_BIT       1u
#define KEYBOARD_LINE 1u

static struct key_event queue[QUEUE];
static unsigned queue_head, queue_tail; /* counted up for ever */
static uint64_t moved_at;               /* when the queue last moved or was empty */
static bool dropping;                   /* the console is stuck: said so, dropping keys */

static struct channel console;
static bool has_console;
static const struct grant *chord;
static bool chord_held; /* Escape went down as part of the chord */

static _Noreturn void idle(const char *why)
{
    printf("%s: waiting\n", why);
    root_served(); /* there is no more to serve on this machine */
    for (;;)
        sleep_ns(DEADLINE_NEVER);
}

static void flush(void)
{
    if (!has_console)
        queue_head = queue_tail;
    while (queue_head != queue_tail && channel_writable(&console) >= sizeof(struct key_event)) {
        channel_write_some(&console, &queue[queue_head % QUEUE], sizeof(struct key_event));
        queue_head++;
        moved_at = time_now();
        dropping = false;
    }
    if (queue_head == queue_tail) {
        moved_at = time_now();
    } else if (dropping || time_now() - moved_at > STUCK_NS) {
        if (!dropping)
            printf("the console takes no keys: dropping them\n");
        dropping = true;
        queue_head = queue_tail;
    }
}

static void enqueue(const struct key_event *e)
{
    if (queue_tail - queue_head == QUEUE)
        flush();
    if (queue_tail - queue_head < QUEUE)
        queue[queue_tail++ % QUEUE] = *e;
}

/* True if the event belongs to the chord and is nobody else's business. */
static bool is_chord(const struct key_event *e)
{
    if (e->code != CODE_ESCAPE)
        return false;
    if (!e->pressed) {
        bool held = chord_held;
        chord_held = false;
        return held;
    }
    if (!(e->modifiers & KEY_CONTROL) || !(e->modifiers & (KEY_ALT | KEY_ALTGR)))
        return chord_held;
    if (!chord_held && chord)
        sys_signal(chord->handle, 1ULL << (chord->index & 63));
    chord_held = true;
    return true;
}

static void drain(struct decoder *d)
{
    uint8_t byte, locks = d->locks;
    while (i8042_read(&byte)) {
        struct key_event e;
        if (!i8042_answer(byte) && decode(d, byte, &e) && !is_chord(&e))
            enqueue(&e);
    }
    if (d->locks != locks)
        i8042_lights(d->locks);
}

static handle_t bind_interrupt(void)
{
    const struct grant *irq = grant_nth(GRANT_IRQ, 0);
    handle_t n = slot_alloc();
    if (!irq)
        idle("no interrupt granted");
    int status = sys_create(OBJ_NOTIFICATION, TASK_QUOTA, 0, n, 0, 0, 0, 0);
    if (status == OK)
        status = sys_irq(IRQ_BIND, irq->handle, n, IRQ_BIT);
    if (status != OK)
        idle(status_name(status));
    return n;
}

int main(void)
{
    chord = grant_find("chord", GRANT_NOTIFICATION);
    has_console = channel_open_named(&console, "console");
    if (!has_console)
        printf("no channel to a console: keys go nowhere\n");

    const char *why;
    if (!i8042_start(&why))
        idle(why);
    printf("%s\n", why ? why : "PS/2 keyboard ready");

    handle_t irq = grant_nth(GRANT_IRQ, 0) ? grant_nth(GRANT_IRQ, 0)->handle : HANDLE_NONE;
    handle_t notification = bind_interrupt();
    root_served();

    struct decoder decoder;
    decoder_init(&decoder, KEY_NUM);
    i8042_lights(decoder.locks);
    for (;;) {
        drain(&decoder);
        sys_irq(IRQ_ACK, irq, 0, 0);
        flush();
        uint64_t bits, retry = queue_head == queue_tail ? DEADLINE_NEVER : time_now() + RETRY_NS;
        if (sys_wait(notification, WAIT_ARM, retry, &bits) != OK)
            sleep_ns(RETRY_NS);
    }
}
