/*
 * The whole server with channels in this program's memory: clients write and read, the server is
 * stopped at any time and started again on the same state, and nothing may be lost.
 */
#include "test.h"

#include <stdlib.h>
#include <tetrapla/sys.h>
#include <tetrapla/trap.h>

#include "server.h"

#define CAPACITY 4096

static uint64_t signals; /* bits sent to peers */

uint64_t trap(uint64_t word, uint64_t w[6], uint64_t *badge)
{
    (void)badge;
    if ((word & 0xff) == CALL_SIGNAL)
        signals |= w[0];
    return OK;
}

/* What channel.c needs from the rest of the library; waiting is not tested here. */
uint64_t time_now(void)
{
    return 0;
}
void sleep_ns(uint64_t ns)
{
    (void)ns;
}
const struct grant *grant_nth(unsigned kind, unsigned n)
{
    (void)kind;
    (void)n;
    return NULL;
}

struct world {
    struct console console;
    struct channel client[4], keyboard, serial, log; /* the other ends */
    struct console_state *state;
    struct painter *painter;
    struct font font;
    uint8_t *screen;
};

static void make_channel(struct line *server, struct channel *client, unsigned index)
{
    struct channel_shared *shared = calloc(1, CHANNEL_BYTES(CAPACITY));
    shared->magic = CHANNEL_MAGIC;
    shared->capacity = CAPACITY;
    struct grant g = {.kind = GRANT_CHANNEL,
                      .handle = 1,
                      .peer = 2,
                      .index = index,
                      .peer_bit = index,
                      .extra = 1,
                      .va = (uintptr_t)shared,
                      .bytes = CHANNEL_BYTES(CAPACITY)};
    server->present = channel_open(&server->channel, &g);
    g.extra = 0;
    if (!server->present || !channel_open(client, &g))
        abort();
}

static struct world *world_new(bool screen, bool serial)
{
    struct world *w = calloc(1, sizeof *w);
    w->console.panes = 4;
    for (unsigned i = 0; i < 4; i++)
        make_channel(&w->console.client[i], &w->client[i], i);
    make_channel(&w->console.keyboard, &w->keyboard, CONSOLE_KEYBOARD);
    make_channel(&w->console.log, &w->log, CONSOLE_LOG);
    if (serial)
        make_channel(&w->console.serial_line, &w->serial, CONSOLE_SERIAL);
    w->state = calloc(1, state_bytes(4));
    w->console.state = w->state;
    if (screen) {
        struct framebuffer fb = {
            malloc(1280 * 800 * 4), 1280, 800, 1280 * 4, 32, 16, 8, 8, 8, 0, 8};
        w->screen = fb.base;
        w->painter = malloc(sizeof *w->painter);
        painter_init(w->painter, &fb, &w->font);
        w->console.painter = w->painter;
    }
    console_start(&w->console, state_open(w->state, 4));
    return w;
}

/* As after a crash: everything but the state and the channels is gone. */
static bool world_restart(struct world *w)
{
    struct console old = w->console;
    memset(&w->console, 0, sizeof w->console);
    w->console.state = old.state;
    w->console.panes = old.panes;
    memcpy(w->console.client, old.client, sizeof old.client);
    w->console.keyboard = old.keyboard;
    w->console.serial_line = old.serial_line;
    w->console.log = old.log;
    w->console.painter = old.painter;
    if (old.painter) {
        struct framebuffer fb = old.painter->fb;
        painter_init(old.painter, &fb, &w->font);
    }
    bool kept = state_open(w->state, 4);
    console_start(&w->console, kept);
    return kept;
}

static void world_free(struct world *w)
{
    for (unsigned i = 0; i < 4; i++)
        free(w->client[i].shared);
    free(w->keyboard.shared);
    free(w->log.shared);
    free(w->serial.shared);
    free(w->state);
    free(w->painter);
    free(w->screen);
    free(w);
}

static uint64_t now;

static void turns(struct world *w)
{
    now += PAINT_NS;
    for (unsigned i = 0; i < 1000 && console_turn(&w->console, now); i++)
        ;
    state_works(w->state);
}

static void press(struct world *w, uint16_t code, uint8_t modifiers, uint32_t character)
{
    struct key_event e = {code, 1, modifiers, character};
    channel_write_some(&w->keyboard, &e, sizeof e);
    turns(w);
}

static const char *typed(struct channel *c)
{
    static char text[8192];
    text[channel_read_some(c, text, sizeof text - 1)] = 0;
    return text;
}

static const char *pane_text(struct world *w, unsigned i)
{
    return screen_text(&w->state->pane[i].terminal);
}

static void say_to(struct world *w, unsigned i, const char *text)
{
    channel_write_some(&w->client[i], text, strlen(text));
}

static void basics(void)
{
    struct world *w = world_new(true, true);
    struct channel_shared *shared = w->client[1].shared;
    result("server: clients learn their size",
           shared->columns == 80 && shared->rows == 24 && shared->generation == 1, "%u %u",
           shared->columns, shared->rows);
    say_to(w, 0, "one");
    say_to(w, 3, "four");
    turns(w);
    result("server: output reaches its pane",
           !strcmp(pane_text(w, 0), "one") && !strcmp(pane_text(w, 3), "four"), "'%s'",
           pane_text(w, 0));
    result("server: the serial line shows the first pane", !strcmp(typed(&w->serial), "one"),
           "else");
    press(w, 0x1e, 0, 'a');
    press(w, 0x03, KEY_ALT, '2');
    press(w, 0x30, 0, 'b');
    char first[16];
    snprintf(first, sizeof first, "%s", typed(&w->client[0]));
    result("server: keys go to the focused pane",
           !strcmp(first, "a") && !strcmp(typed(&w->client[1]), "b") && w->console.focus_changed,
           "'%s'", first);
    uint32_t generation = shared->generation;
    press(w, 0x1c, KEY_ALT, '\r');
    result("server: full screen tells the client",
           shared->columns == 160 && shared->rows == 49 && shared->generation == generation + 1,
           "%u %u", shared->columns, shared->rows);
    press(w, 0x02, KEY_ALT, '1');
    result("server: full screen follows the focus",
           shared->columns == 80 && w->client[0].shared->columns == 160, "%u", shared->columns);
    press(w, 0x1c, KEY_ALT, '\r');
    result("server: and back", w->client[0].shared->columns == 80, "%u",
           w->client[0].shared->columns);
    channel_write_some(&w->serial,
                       "\x1d"
                       "3hello",
                       7);
    turns(w);
    result("server: the serial line types into its own pane",
           !strcmp(typed(&w->client[2]), "hello") && w->state->focus == 0, "else");
    say_to(w, 2, "\x1b[6n");
    turns(w);
    result("server: answers go to the client", !strcmp(typed(&w->client[2]), "\x1b[1;1R"), "else");
    channel_write_some(&w->log, "line one\r\nline two\r\nbegun", 24);
    turns(w);
    result("server: the log comes in whole lines",
           !strcmp(pane_text(w, 0), "log line one|log line two|one"), "'%s'", pane_text(w, 0));
    for (unsigned i = 0; i < 100; i++) {
        say_to(w, 0, "\r\nline");
        turns(w);
    }
    press(w, 0x149, KEY_SHIFT, 0);
    uint32_t view = w->state->pane[0].terminal.view;
    press(w, 0x1e, 0, 'x');
    result("server: a key returns to the bottom",
           view == 23 && w->state->pane[0].terminal.view == 0, "view %u", view);
    world_free(w);
}

static void full_rings(void)
{
    struct world *w = world_new(true, false);
    unsigned sent = 0;
    while (w->state->pane[0].bell == 0 && sent < 20000) {
        press(w, 0x1e, 0, (uint32_t)('a' + sent % 26));
        sent++;
    }
    result("server: typing is dropped when nobody reads, with a mark",
           sent == CAPACITY + OUTLET_BYTES + 1, "%u", sent);
    bool order = true;
    unsigned got = 0;
    for (unsigned i = 0; i < 20; i++) {
        const char *text = typed(&w->client[0]);
        for (; *text; text++, got++)
            order = order && *text == (char)('a' + got % 26);
        turns(w);
    }
    result("server: the rest arrives in order", order && got == CAPACITY + OUTLET_BYTES, "%u", got);
    press(w, 0x1e, 0, 'z');
    result("server: the mark goes away", w->state->pane[0].bell == 0, "still there");
    /* a client that floods: the others are served in every turn */
    char flood[CAPACITY];
    memset(flood, 'x', sizeof flood);
    channel_write_some(&w->client[1], flood, sizeof flood);
    say_to(w, 2, "quick");
    console_turn(&w->console, now);
    result("server: a flood does not starve others",
           !strcmp(pane_text(w, 2), "quick") && channel_readable(&w->console.client[1].channel) > 0,
           "'%s'", pane_text(w, 2));
    world_free(w);

    w = world_new(false, true); /* no screen: the client of the shown pane waits */
    unsigned long written = 0;
    for (unsigned i = 0; i < 200; i++) {
        written += channel_write_some(&w->client[0], flood, sizeof flood);
        turns(w);
    }
    bool waits = written < 100000;
    unsigned long arrived = 0;
    for (unsigned i = 0; i < 100; i++) {
        const char *text = typed(&w->serial);
        for (; *text; text++)
            arrived += *text == 'x';
        turns(w);
    }
    result("server: without a screen the client waits and nothing is lost",
           waits && arrived == written, "%lu of %lu", arrived, written);
    world_free(w);

    w = world_new(true, true); /* with a screen it does not */
    written = 0;
    for (unsigned i = 0; i < 200; i++) {
        written += channel_write_some(&w->client[0], flood, sizeof flood);
        turns(w);
    }
    say_to(w, 0, "\x1b[2J\x1b[Hend");
    turns(w);
    struct terminal *other = terminal_new(80, 24);
    for (unsigned i = 0; i < 100; i++) {
        feed(other, typed(&w->serial));
        turns(w);
    }
    result("server: with a screen a serial line may fall behind, and catches up",
           written == 200ul * CAPACITY && !strcmp(screen_text(other), "end"), "%lu, '%s'", written,
           screen_text(other));
    free(other);
    world_free(w);
}

/* Clients write numbered lines; the server is stopped between any two turns. */
static void restarts(void)
{
    struct world *w = world_new(true, true);
    bool kept = true;
    unsigned line = 0;
    for (unsigned round = 0; round < 300; round++) {
        char text[64];
        while (channel_writable(&w->client[0]) >= sizeof text) {
            snprintf(text, sizeof text, "line %u\r\n", line++);
            say_to(w, 0, text);
        }
        struct key_event e = {0x1e, 1, 0, 'a' + round % 26};
        channel_write_some(&w->keyboard, &e, sizeof e);
        now += PAINT_NS;
        for (unsigned i = 0; i < random_next() % 4; i++)
            console_turn(&w->console, now);
        state_works(w->state);
        kept = world_restart(w) && kept;
    }
    turns(w);
    result("server: the state is kept over 300 restarts", kept, "lost");
    struct terminal *t = &w->state->pane[0].terminal;
    unsigned number = 0, lines = 0, last = 0;
    bool consecutive = true;
    for (unsigned i = 0; i < history_count(&t->history); i++) {
        struct cell row[COLUMNS_MAX];
        char text[32] = "";
        history_read(&t->history, i, row);
        for (unsigned c = 0; c < 20; c++)
            text[c] = (char)row[c].code;
        if (sscanf(text, "line %u", &number) == 1) {
            consecutive = consecutive && (lines == 0 || number == last + 1);
            last = number;
            lines++;
        }
    }
    result("server: no line is lost or repeated", consecutive && lines > 1000, "at line %u",
           number);
    const char *keys = typed(&w->client[0]);
    bool right = strlen(keys) == 300;
    for (unsigned i = 0; right && i < 300; i++)
        right = keys[i] == (char)('a' + i % 26);
    result("server: no key is lost or repeated", right, "%zu keys", strlen(keys));
    world_free(w);
}

/* A client that writes nonsense into the ring's positions harms itself only. */
static void hostile_client(void)
{
    struct world *w = world_new(true, true);
    for (unsigned i = 0; i < 20000; i++) {
        struct channel_shared *shared = i % 5 == 4 ? w->keyboard.shared : w->client[i % 4].shared;
        uint32_t *words = (uint32_t *)shared->ring;
        words[random_next() % (sizeof shared->ring / 4)] =
            (uint32_t)(random_next() >> (random_next() % 40));
        console_turn(&w->console, now += PAINT_NS);
        if (i % 100 == 0)
            world_restart(w);
        state_works(w->state);
    }
    bool valid = true;
    for (unsigned i = 0; i < 4; i++)
        valid = valid && terminal_valid(&w->state->pane[i].terminal);
    result("server: nonsense in the rings", valid, "a terminal is not valid");
    struct channel_ring *ring = w->client[2].shared->ring;
    memset(ring, 0, sizeof w->client[2].shared->ring);
    turns(w);
    say_to(w, 2,
           "\x1b\\\x1b"
           "cfine");
    turns(w);
    result("server: and a client that stops it is served again", !strcmp(pane_text(w, 2), "fine"),
           "'%s'", pane_text(w, 2));
    world_free(w);
}

void server_tests(void)
{
    basics();
    full_rings();
    restarts();
    hostile_client();
}
