/*
 * The console server's wiring: what root granted becomes a struct console, then turn after turn.
 *
 * Grants: "framebuffer" (optional), the server ends of the channels "console" (console.h says what
 * each index is), the module "font" (optional), the region "state" (optional: without it the panes
 * do not outlive the server); args="log=N" for the pane that shows root's log. Whatever is missing or malformed is named in root's log, and the
 * server goes on with the rest.
 *
 * Root is called in two places only, after the screen has been painted: when the focus has changed,
 * and once a second at most to say that somebody was served.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tetrapla/root.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>

#include "server.h"

#define WAIT_MAX_NS   1000000000ULL /* look again even if a dying client's signal was lost */
#define SERVED_NS     1000000000ULL
#define RETRY_WAIT_NS 10000000ULL

static struct console console;
static struct font font;

static void say(const char *format, ...) PRINTF_LIKE(1, 2);
static void say(const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    root_log_write(text);
}

/* ---- grants ---------------------------------------------------------------------------------- */

static void open_font(void)
{
    const struct grant *g = grant_find("font", GRANT_MODULE);
    const char *why =
        g && g->va ? font_open(&font, (const void *)g->va, g->bytes) : "the module is not there";
    if (why)
        say("font: %s; using the built-in ASCII font", why);
}

static void open_framebuffer(void)
{
    const struct grant *g = grant_find("framebuffer", GRANT_FRAMEBUFFER);
    const struct startup *s = startup();
    if (!g || !g->va || !s->framebuffer.present) {
        say("no framebuffer: the panes are on the serial line, one at a time");
        return;
    }
    struct framebuffer fb = {
        .base = (uint8_t *)g->va + s->framebuffer.offset,
        .width = s->framebuffer.width,
        .height = s->framebuffer.height,
        .pitch = s->framebuffer.pitch,
        .bits_per_pixel = s->framebuffer.bits_per_pixel,
        .red_position = s->framebuffer.red_position,
        .red_size = s->framebuffer.red_size,
        .green_position = s->framebuffer.green_position,
        .green_size = s->framebuffer.green_size,
        .blue_position = s->framebuffer.blue_position,
        .blue_size = s->framebuffer.blue_size,
    };
    const char *why = s->framebuffer.offset > g->bytes
                          ? "its lines do not fit into its memory"
                          : framebuffer_check(&fb, g->bytes - s->framebuffer.offset);
    struct painter *painter = why ? NULL : malloc(sizeof *painter);
    if (!painter) {
        say("framebuffer not used: %s; the panes are on the serial line, one at a time",
            why ? why : "too little memory (memory=)");
        return;
    }
    painter_init(painter, &fb, &font);
    console.painter = painter;
}

static struct line *line_of(unsigned index)
{
    if (index < CONSOLE_PANES_MAX) {
        if (index >= console.panes)
            console.panes = index + 1;
        return &console.client[index];
    }
    return index == CONSOLE_KEYBOARD ? &console.keyboard
           : index == CONSOLE_SERIAL ? &console.serial_line
           : index == CONSOLE_LOG    ? &console.log
                                     : NULL;
}

/* Open the server ends; returns the notification they share, or HANDLE_NONE. */
static handle_t open_channels(void)
{
    handle_t notification = HANDLE_NONE;
    const struct grant *g;
    for (unsigned i = 0; (g = grant_nth(GRANT_CHANNEL, i)); i++) {
        struct line *line = g->extra == 1 ? line_of(g->index) : NULL;
        if (!line) {
            say("channel %.23s %u has no meaning for the console", g->name, g->index);
            continue;
        }
        line->present = channel_open(&line->channel, g);
        if (!line->present)
            say("channel %.23s %u is malformed", g->name, g->index);
        else
            notification = line->channel.own;
    }
    if (console.panes == 0)
        console.panes = 1; /* for the log */
    return notification;
}

/* args="log=N": the log is shown in pane N, by default in the first. */
static void read_arguments(void)
{
    const char *text = startup()->args;
    char *end;
    if (!*text)
        return;
    unsigned long pane = strncmp(text, "log=", 4) == 0 ? strtoul(text + 4, &end, 10) : 0;
    if (pane >= 1 && pane <= console.panes && !*end)
        console.log_pane = (unsigned)pane - 1;
    else
        say("args=\"%.60s\" is not understood: write log=N, N being a pane", text);
}

static bool open_state(void)
{
    const struct grant *g = grant_find("state", GRANT_REGION);
    size_t need = state_bytes(console.panes);
    if (g && g->va && g->bytes >= need) {
        console.state = (struct console_state *)g->va;
        bool kept = state_open(console.state, console.panes);
        if (!kept && startup()->incarnation > 0)
            say("the panes' contents could not be kept");
        return kept;
    }
    say("%s: the panes will not outlive this server (state=%uK is needed for %u panes)",
        g ? "state= is too small" : "no state=", (unsigned)((need + 1023) / 1024), console.panes);
    console.state = calloc(1, need);
    if (!console.state) {
        say("no memory for %u panes: memory= must be %uK more", console.panes,
            (unsigned)((need + 1023) / 1024));
        root_exit(1);
    }
    return state_open(console.state, console.panes);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void report(uint64_t now)
{
    static uint64_t next_served;
    if (console.focus_changed && !console.repaint) {
        console.focus_changed = false;
        root_focus(console.state->focus); /* a request: if it fails, nothing else changes */
    }
    if (console.served && now >= next_served) {
        console.served = false;
        next_served = now + SERVED_NS;
        root_served();
    }
}

static void wait_for_work(handle_t notification, uint64_t now)
{
    uint64_t deadline = console_deadline(&console), latest = now + WAIT_MAX_NS, bits;
    int status = sys_wait(notification, WAIT_ARM, deadline < latest ? deadline : latest, &bits);
    if (status != OK && status != POKED)
        sleep_ns(RETRY_WAIT_NS);
}

int main(void)
{
    open_font();
    open_framebuffer();
    handle_t notification = open_channels();
    if (!notification)
        say("no channels: there is nobody to serve");
    read_arguments();
    console_start(&console, open_state());
    for (;;) {
        uint64_t now = time_now();
        bool more = console_turn(&console, now);
        state_works(console.state); /* it has been used and painted */
        if (!console.painter)
            console.repaint = false;
        report(now);
        if (!more)
            wait_for_work(notification, now);
    }
}
