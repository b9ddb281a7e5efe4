/*
 * The whole root task on the simulated kernel: what it grants, what it takes back, and what it does
 * when things go wrong. Every scenario runs in a process of its own, because root boots only once.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tetrapla/channel.h>
#include <tetrapla/root.h>
#include <unistd.h>

/* Leave the scenario with a reason. */
#define EXPECT(x)                                  \
    do {                                           \
        if (!(x))                                  \
            return "line " LINE(__LINE__) ": " #x; \
    } while (0)
#define LINE(n)  LINE_(n)
#define LINE_(n) #n

/* Tasks 1 to 5. */
static const char usual[] =
    "task kbd program=p driver priority=24 irq=1 ports=0x60+1,0x64+1 channel=con:32 chord=con\n"
    "task clk program=p driver priority=24 ports=0x70+2 serve=clock state=8K\n"
    "task con program=p driver priority=20 framebuffer channels=con module=font memory=4M\n"
    "task sh1 program=p channel=con:0 use=clock admin args=\"hello\"\n"
    "task sh2 program=p channel=con:1 use=clock budget=2ms/10ms\n"
    "log con:34\n";
enum { KBD = 1, CLK, CON, SH1, SH2 };

/* ---- requests ----------------------------------------------------------------------------------- */

static uint64_t words[MSG_MAX_WORDS];

static int ask(unsigned number, unsigned op, uint64_t argument, unsigned count)
{
    memset(words, 0, sizeof words);
    words[0] = op;
    words[1] = argument;
    return sim_request(number, words, count) ? (int)words[0] : -1;
}

static int ask_name(unsigned number, unsigned op, const char *name)
{
    memset(words, 0, sizeof words);
    words[0] = op;
    strcpy((char *)&words[1], name);
    return sim_request(number, words, 1 + (unsigned)strlen(name) / 8 + 1) ? (int)words[0] : -1;
}

static enum root_task_state state(unsigned number)
{
    struct root_task_info info;
    if (ask(SH1, ROOT_TASK_INFO, number - 1, 2) != OK && ask(SH2, ROOT_TASK_INFO, number - 1, 2))
        return (enum root_task_state)99;
    memcpy(&info, &words[1], sizeof info);
    return (enum root_task_state)info.state;
}

static const struct grant *grant(unsigned number, const char *name, unsigned kind)
{
    const struct startup *s = sim_startup(number);
    for (unsigned i = 0; s && i < s->grant_count; i++)
        if (s->grant[i].kind == kind && strcmp(s->grant[i].name, name) == 0)
            return &s->grant[i];
    return NULL;
}

static bool has_cap(unsigned number, handle_t slot, unsigned type, unsigned rights, uint64_t badge)
{
    struct info_cap c = sim_cap(number, slot);
    return c.type == type && c.rights == rights && c.badge == badge;
}

static bool same_counts(const struct sim_counts *a, const struct sim_counts *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- what a task gets ------------------------------------------------------------------------- */

static const char *fixed_handles(void)
{
    EXPECT(sim_boot(usual, 0));
    for (unsigned n = KBD; n <= SH2; n++) {
        const struct startup *s = sim_startup(n);
        EXPECT(s && s->magic == STARTUP_MAGIC && s->number == n && s->incarnation == 0);
        EXPECT(has_cap(n, TASK_SELF, OBJ_TASK, RIGHT_CAPS | RIGHT_MAP | RIGHT_THREADS | RIGHT_INFO,
                       0));
        EXPECT(has_cap(n, TASK_THREAD, OBJ_THREAD, RIGHT_CONTROL | RIGHT_POKE | RIGHT_INFO, 0));
        EXPECT(has_cap(n, TASK_QUOTA, OBJ_QUOTA, RIGHTS_ALL, 0));
        EXPECT(has_cap(n, TASK_MEMORY, OBJ_REGION, RIGHTS_ALL, 0));
        EXPECT(has_cap(n, TASK_ROOT, OBJ_ENDPOINT, RIGHT_SEND, n));
        EXPECT(sim_cap(n, s->first_free).type == OBJ_NONE);
        EXPECT(sim_cap(n, s->first_free - 1).type != OBJ_NONE);
        EXPECT(sim_thread(n).started && sim_thread(n).fault_endpoint);
        EXPECT(sim_thread(n).entry == IMAGE_VA);
        EXPECT(sim_mapped(n, IMAGE_VA, MAP_READ | MAP_EXEC));
        EXPECT(sim_mapped(n, IMAGE_VA + 0x1000, MAP_READ | MAP_WRITE));
        EXPECT(sim_mapped(n, IMAGE_VA + 0x3fff, MAP_READ | MAP_WRITE));
        EXPECT(!sim_mapped(n, IMAGE_VA + 0x4000, MAP_READ | MAP_WRITE));
        EXPECT(sim_mapped(n, STACK_TOP - 1, MAP_READ | MAP_WRITE));
        EXPECT(sim_mapped(n, STACK_TOP - 0x10000, MAP_READ | MAP_WRITE));
        EXPECT(!sim_mapped(n, STACK_TOP - 0x10001, MAP_READ | MAP_WRITE));
        EXPECT(sim_mapped(n, STARTUP_VA, MAP_READ));
        EXPECT(s->memory_used == 4 * PAGE_SIZE + 0x10000);
        EXPECT(sim_memory_clean(n));
    }
    EXPECT(strcmp(sim_startup(SH1)->args, "hello") == 0);
    EXPECT(strcmp(sim_startup(SH1)->name, "sh1") == 0);
    EXPECT(sim_startup(CON)->memory_bytes == 4 << 20);
    EXPECT(sim_thread(KBD).priority == 24 && sim_thread(SH1).priority == 8);
    EXPECT(sim_thread(SH2).budget == 2000000 && sim_thread(SH2).period == 10000000);
    EXPECT(sim_thread(SH1).budget == 0);
    return NULL;
}

static const char *device_grants(void)
{
    EXPECT(sim_boot(usual, 0));
    const struct grant *irq = grant(KBD, "irq", GRANT_IRQ);
    EXPECT(irq && irq->extra == 1 && has_cap(KBD, irq->handle, OBJ_IRQ, RIGHT_USE, 0));
    const struct grant *ports = grant(KBD, "ports", GRANT_PORTS);
    EXPECT(ports && ports->extra == 0x60 && ports->bytes == 1);
    EXPECT(ports[1].kind == GRANT_PORTS && ports[1].extra == 0x64);
    EXPECT(has_cap(KBD, ports[1].handle, OBJ_PORTS, RIGHT_USE, 0));
    const struct grant *font = grant(CON, "font", GRANT_MODULE);
    EXPECT(font && font->bytes == 4 && sim_mapped(CON, font->va, MAP_READ));
    EXPECT(has_cap(CON, font->handle, OBJ_REGION, RIGHT_READ, 0));
    const struct grant *fb = grant(CON, "framebuffer", GRANT_FRAMEBUFFER);
    EXPECT(fb && sim_mapped(CON, fb->va, MAP_READ | MAP_WRITE));
    EXPECT(fb->va % LARGE_PAGE_SIZE == 0x1000 && fb->bytes == 1000 * PAGE_SIZE);
    EXPECT(has_cap(CON, fb->handle, OBJ_REGION, RIGHT_READ | RIGHT_WRITE, 0));
    EXPECT(sim_startup(CON)->framebuffer.present && sim_startup(CON)->framebuffer.width == 1280);
    EXPECT(!sim_startup(SH1)->framebuffer.present);
    const struct grant *st = grant(CLK, "state", GRANT_REGION);
    EXPECT(st && st->bytes == 8192 && sim_mapped(CLK, st->va, MAP_READ | MAP_WRITE));
    const struct grant *chord = grant(KBD, "chord", GRANT_NOTIFICATION);
    EXPECT(chord &&
           has_cap(KBD, chord->handle, OBJ_NOTIFICATION, RIGHT_SIGNAL, 1ULL << chord->index));
    EXPECT(sim_startup(SH2)->grant_count == 2);
    return NULL;
}

static const char *shared_grants(void)
{
    EXPECT(sim_boot(usual, 0));
    const struct grant *serve = grant(CLK, "clock", GRANT_ENDPOINT);
    const struct grant *use = grant(SH2, "clock", GRANT_ENDPOINT);
    EXPECT(serve && use && sim_same(CLK, serve->handle, SH2, use->handle));
    EXPECT(has_cap(CLK, serve->handle, OBJ_ENDPOINT, RIGHT_SEND | RIGHT_RECV, 0));
    EXPECT(has_cap(SH2, use->handle, OBJ_ENDPOINT, RIGHT_SEND, SH2));
    const struct startup *s = sim_startup(CON);
    unsigned servers = 0;
    for (unsigned i = 0; i < s->grant_count; i++) {
        const struct grant *g = &s->grant[i];
        if (g->kind != GRANT_CHANNEL)
            continue;
        servers++;
        unsigned n = g->index == 32 ? KBD : g->index == 0 ? SH1 : SH2;
        EXPECT(g->extra == 1 && sim_mapped(CON, g->va, MAP_READ | MAP_WRITE));
        EXPECT(has_cap(CON, g->peer, OBJ_NOTIFICATION, RIGHT_SIGNAL, 1ULL << g->peer_bit));
        EXPECT(has_cap(CON, g->handle, OBJ_NOTIFICATION, RIGHT_SIGNAL | RIGHT_WAIT, 0));
        EXPECT(g->handle == grant(CON, "con", GRANT_CHANNEL)->handle);
        if (g->index == 34)
            continue; /* root's own */
        const struct grant *c = grant(n, "con", GRANT_CHANNEL);
        EXPECT(c && c->extra == 0 && c->index == 0 && c->peer_bit == g->index);
        EXPECT(g->peer_bit == c->index && c->bytes == g->bytes);
        EXPECT(c->bytes == CHANNEL_BYTES(8192));
        EXPECT(sim_same(CON, g->peer, n, c->handle) && sim_same(CON, g->handle, n, c->peer));
        EXPECT(has_cap(n, c->peer, OBJ_NOTIFICATION, RIGHT_SIGNAL, 1ULL << g->index));
    }
    EXPECT(servers == 4);
    return NULL;
}

/* ---- what comes back -------------------------------------------------------------------------- */

static const char *kill_100_times(void)
{
    EXPECT(sim_boot(usual, 0));
    struct sim_counts before = sim_count(), after;
    for (unsigned i = 0; i < 100; i++)
        for (unsigned n = KBD; n <= CON; n++) {
            const char *name = sim_startup(n)->name;
            char copy[24];
            strcpy(copy, name);
            EXPECT(ask_name(SH1, ROOT_KILL, copy) == OK);
            EXPECT(sim_startup(n)->incarnation == i + 1 && sim_thread(n).started);
            EXPECT(sim_memory_clean(n));
            after = sim_count();
            EXPECT(same_counts(&before, &after));
        }
    EXPECT(state(KBD) == ROOT_RUNNING && ask(SH1, ROOT_MEMORY, 0, 1) == OK);
    return NULL;
}

static const char *kill_and_start(void)
{
    EXPECT(sim_boot(usual, 0));
    struct sim_counts before = sim_count(), after;
    uint64_t free_bytes = ask(SH1, ROOT_MEMORY, 0, 1) == OK ? words[2] : 0;
    for (unsigned i = 0; i < 100; i++) {
        EXPECT(ask_name(SH1, ROOT_KILL, "sh2") == OK);
        EXPECT(state(SH2) == ROOT_KILLED && !sim_startup(SH2));
        EXPECT(ask_name(SH1, ROOT_KILL, "sh2") == BAD_ARG);
        EXPECT(ask_name(SH1, ROOT_START, "sh2") == OK);
        EXPECT(ask_name(SH1, ROOT_START, "sh2") == BUSY);
        EXPECT(state(SH2) == ROOT_RUNNING);
        after = sim_count();
        EXPECT(same_counts(&before, &after));
    }
    EXPECT(ask(SH1, ROOT_MEMORY, 0, 1) == OK && words[2] == free_bytes);
    return NULL;
}

/* Kill a task; a driver's restart is made to fail, so that it stays away. */
static void stop(const char *name)
{
    sim_fail(1);
    ask_name(SH1, ROOT_KILL, name);
    sim_fail(0);
}

/* Start it, letting each kernel call on the way fail in turn: nothing is left of the attempt. A
 * client that did not get its service back is the one failure that does not stop the start. */
static const char *starts_or_undoes(unsigned number, const char *name)
{
    struct sim_counts running = sim_count(), stopped, after;
    unsigned failures = 0;
    stop(name);
    stopped = sim_count();
    for (unsigned n = 1;; n++) {
        size_t said = strlen(sim_log());
        EXPECT(n < 200);
        sim_fail(n);
        int status = ask_name(SH1, ROOT_START, name);
        sim_fail(0);
        after = sim_count();
        if (status != OK) {
            failures++;
            EXPECT(same_counts(&stopped, &after));
            EXPECT(state(number) == ROOT_ABSENT);
            EXPECT(strstr(sim_log() + said, "not started"));
        } else if (strstr(sim_log() + said, "is not granted again")) {
            EXPECT(state(number) == ROOT_RUNNING);
            stop(name);
        } else {
            EXPECT(same_counts(&running, &after));
            EXPECT(failures > 20);
            return NULL;
        }
    }
}

static const char *start_fails_anywhere(void)
{
    static const char *const names[] = {"kbd", "clk", "con", "sh1", "sh2"};
    EXPECT(sim_boot(usual, 0));
    for (unsigned i = 0; i < 5; i++) {
        const char *why = i == SH1 - 1 ? NULL : starts_or_undoes(i + 1, names[i]);
        if (why)
            return why;
    }
    return NULL;
}

/* Every call while the system starts fails once: root goes on with what it has. */
static const char *boot_fails_anywhere(void)
{
    for (unsigned n = 1;; n++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            bool alive = sim_boot(usual, n);
            if (sim_calls() < n)
                _exit(42); /* there are not so many calls */
            bool said = strstr(sim_log(), "not started") || strstr(sim_log(), "cannot") ||
                        strstr(sim_log(), "no memory") || strstr(sim_log(), "manifest:") ||
                        strstr(sim_log(), "no channel");
            /* Where COM1 itself cannot be had there is nothing to read. */
            _exit((alive && (said || !*sim_log())) || (!alive && n <= 3) ? 0 : 1);
        }
        int status;
        waitpid(child, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 42) {
            EXPECT(n > 100);
            return NULL;
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            static char why[80];
            snprintf(why, sizeof why, "call %u: status %#x", n, (unsigned)status);
            return why;
        }
    }
}

static const char *state_survives(void)
{
    EXPECT(sim_boot(usual, 0));
    EXPECT(ask_name(SH1, ROOT_KILL, "clk") == OK);
    const struct grant *g = grant(CLK, "state", GRANT_REGION);
    EXPECT(g && sim_mapped(CLK, g->va, MAP_READ | MAP_WRITE));
    const struct grant *c = grant(CON, "con", GRANT_CHANNEL);
    handle_t own = c->handle;
    EXPECT(ask_name(SH1, ROOT_KILL, "con") == OK);
    c = grant(CON, "con", GRANT_CHANNEL);
    EXPECT(c && c->handle == own);
    EXPECT(sim_same(CON, c->handle, SH1, grant(SH1, "con", GRANT_CHANNEL)->peer));
    return NULL;
}

/* ---- deaths ----------------------------------------------------------------------------------- */

static const char *driver_gives_up(void)
{
    EXPECT(sim_boot(usual, 0));
    for (unsigned i = 1; i <= 3; i++) {
        EXPECT(sim_fault(CLK, FAULT_PAGE));
        EXPECT(state(CLK) == ROOT_RUNNING && sim_startup(CLK)->incarnation == i);
    }
    EXPECT(strstr(sim_log(), "task clk: page fault writing 0x10 (not mapped), ip 0x100000123, "
                             "sp 0x7eff, error 0x6"));
    handle_t use = grant(SH1, "clock", GRANT_ENDPOINT)->handle;
    EXPECT(sim_cap(SH1, use).type == OBJ_ENDPOINT);
    EXPECT(sim_fault(CLK, FAULT_UNDEFINED));
    EXPECT(state(CLK) == ROOT_GIVEN_UP && !sim_startup(CLK));
    EXPECT(sim_cap(SH1, use).type == OBJ_NONE); /* nobody waits for it for ever */
    EXPECT(ask_name(SH1, ROOT_START, "clk") == OK);
    EXPECT(has_cap(SH1, use, OBJ_ENDPOINT, RIGHT_SEND, SH1));
    EXPECT(sim_same(SH1, use, CLK, grant(CLK, "clock", GRANT_ENDPOINT)->handle));
    EXPECT(sim_fault(CLK, FAULT_DIVIDE) && state(CLK) == ROOT_RUNNING);
    return NULL;
}

static const char *driver_that_serves_lives(void)
{
    EXPECT(sim_boot(usual, 0));
    for (unsigned i = 0; i < 40; i++) {
        EXPECT(sim_fault(CLK, FAULT_PAGE) && state(CLK) == ROOT_RUNNING);
        if (i % 3 == 2)
            EXPECT(ask(CLK, ROOT_SERVED, 0, 1) == OK);
    }
    return NULL;
}

static const char *task_stays_dead(void)
{
    EXPECT(sim_boot(usual, 0));
    EXPECT(sim_fault(SH2, FAULT_DIVIDE));
    EXPECT(state(SH2) == ROOT_FAULTED && !sim_startup(SH2));
    EXPECT(sim_fault(SH2, FAULT_DIVIDE)); /* a late message of its other thread */
    EXPECT(ask(SH2, ROOT_PING, 0, 1) == BAD_RIGHT);
    EXPECT(ask_name(SH1, ROOT_START, "sh2") == OK && sim_startup(SH2)->incarnation == 1);
    return NULL;
}

static const char *exits(void)
{
    EXPECT(sim_boot(usual, 0));
    handle_t use = grant(SH1, "clock", GRANT_ENDPOINT)->handle;
    EXPECT(ask(CLK, ROOT_EXIT, 3, 2) == -1);
    EXPECT(state(CLK) == ROOT_EXITED && sim_cap(SH1, use).type == OBJ_NONE);
    EXPECT(strstr(sim_log(), "task clk: exited with status 3"));
    EXPECT(ask(SH2, ROOT_EXIT, (uint64_t)-1, 2) == -1);
    EXPECT(strstr(sim_log(), "task sh2: exited with status -1"));
    EXPECT(ask_name(SH1, ROOT_START, "sh2") == OK);
    EXPECT(sim_cap(SH2, grant(SH2, "clock", GRANT_ENDPOINT)->handle).type == OBJ_NONE);
    EXPECT(ask_name(SH1, ROOT_START, "clk") == OK);
    EXPECT(sim_cap(SH2, grant(SH2, "clock", GRANT_ENDPOINT)->handle).type == OBJ_ENDPOINT);
    return NULL;
}

static const char *kills_itself(void)
{
    EXPECT(sim_boot(usual, 0));
    EXPECT(ask_name(SH1, ROOT_KILL, "sh1") == OK);
    EXPECT(!sim_startup(SH1) && ask(SH2, ROOT_PING, 0, 1) == OK);
    return NULL;
}

static const char *chord_restarts(void)
{
    EXPECT(sim_boot(usual, 0));
    sim_signal(1ULL << grant(KBD, "chord", GRANT_NOTIFICATION)->index);
    EXPECT(sim_startup(CON)->incarnation == 1 && sim_startup(KBD)->incarnation == 0);
    sim_signal(1ULL << 40 | 1ULL << 62 | 1ULL << 63);
    EXPECT(sim_startup(CON)->incarnation == 1);
    for (unsigned i = 0; i < 4; i++)
        EXPECT(sim_fault(CON, FAULT_PAGE));
    EXPECT(state(CON) == ROOT_GIVEN_UP);
    sim_signal(1);
    EXPECT(state(CON) == ROOT_RUNNING);
    return NULL;
}

/* ---- guests ------------------------------------------------------------------------------------ */

/* Tasks 1 to 4. `vm` is no module here, so the guests' program is p. */
static const char with_guests[] =
    "task clk program=p driver serve=clock\n"
    "task sh program=p channel=console:5 admin\n"
    "guest g0 program=p isa=arm memory=4M overhead=2M kernel=font pane=1 append=\"a b\" quota=1M\n"
    "task console program=p channels=console\n"
    "log console:34\n";
enum { SH = 2, G0 = 3, CONSOLE = 4 };

static enum root_task_state guest_state(void)
{
    struct root_task_info info;
    if (ask(SH, ROOT_TASK_INFO, G0 - 1, 2) != OK)
        return (enum root_task_state)99;
    memcpy(&info, &words[1], sizeof info);
    return (enum root_task_state)info.state;
}

static const char *guest_grants(void)
{
    EXPECT(sim_boot(with_guests, 0));
    const struct startup *s = sim_startup(G0);
    EXPECT(s && strcmp(s->args, "isa=arm memory=4M kernel=font append=\"a b\"") == 0);
    EXPECT(s->memory_bytes == 6 << 20 && s->grant_count == 3);
    EXPECT(grant(G0, "clock", GRANT_ENDPOINT) && grant(G0, "console", GRANT_CHANNEL));
    const struct grant *image = grant(G0, "font", GRANT_MODULE);
    EXPECT(image && has_cap(G0, image->handle, OBJ_REGION, RIGHT_READ, 0));
    EXPECT(sim_mapped(G0, image->va, MAP_READ) && image->bytes == 4);
    EXPECT(sim_memory_clean(G0));
    return NULL;
}

static const char *guest_resets(void)
{
    EXPECT(sim_boot(with_guests, 0));
    struct sim_counts before = sim_count(), after;
    for (unsigned i = 1; i <= 3; i++) {
        EXPECT(ask(G0, ROOT_EXIT, GUEST_RESET, 2) == -1);
        EXPECT(guest_state() == ROOT_RUNNING && sim_startup(G0)->incarnation == i);
        after = sim_count();
        EXPECT(same_counts(&before, &after));
    }
    EXPECT(ask(G0, ROOT_EXIT, GUEST_RESET, 2) == -1);
    EXPECT(guest_state() == ROOT_GIVEN_UP);
    EXPECT(strstr(sim_log(), "task g0: exited with status 3: the guest starts again\n"));
    EXPECT(strstr(sim_log(), "task g0: more than 3 resets in 5 s: not started again\n"));
    EXPECT(ask_name(SH, ROOT_START, "g0") == OK && guest_state() == ROOT_RUNNING);
    EXPECT(ask(G0, ROOT_EXIT, GUEST_RESET, 2) == -1 && guest_state() == ROOT_RUNNING);
    return NULL;
}

/* Whatever way it ends, everything comes back and it can be started again. */
static const char *guest_ends(void)
{
    EXPECT(sim_boot(with_guests, 0));
    struct sim_counts running = sim_count(), stopped = {0}, after;
    uint64_t free_bytes = 0;
    for (unsigned i = 0; i < 5; i++) {
        if (i < 3)
            EXPECT(ask(G0, ROOT_EXIT, i, 2) == -1 && guest_state() == ROOT_EXITED);
        else if (i == 3)
            EXPECT(ask_name(SH, ROOT_KILL, "g0") == OK && guest_state() == ROOT_KILLED);
        else
            EXPECT(sim_fault(G0, FAULT_PAGE) && guest_state() == ROOT_FAULTED);
        after = sim_count();
        EXPECT(ask(SH, ROOT_MEMORY, 0, 1) == OK);
        if (i == 0) {
            stopped = after;
            free_bytes = words[2];
        }
        EXPECT(same_counts(&stopped, &after) && words[2] == free_bytes);
        EXPECT(ask_name(SH, ROOT_START, "g0") == OK && guest_state() == ROOT_RUNNING);
        after = sim_count();
        EXPECT(same_counts(&running, &after));
    }
    EXPECT(strstr(sim_log(), "task g0: exited with status 0: the guest is switched off\n"));
    EXPECT(strstr(sim_log(), "task g0: exited with status 1: the virtual machine is broken\n"));
    EXPECT(strstr(sim_log(), "task g0: exited with status 2: this guest is impossible\n"));
    return NULL;
}

/* A pane tells why nothing comes any more. */
static const char *pane_says(void)
{
    EXPECT(sim_boot(with_guests, 0));
    const struct grant *end = NULL;
    const struct startup *s = sim_startup(CONSOLE);
    for (unsigned i = 0; i < s->grant_count; i++)
        if (s->grant[i].kind == GRANT_CHANNEL && s->grant[i].index == 0)
            end = &s->grant[i];
    EXPECT(end);
    const char *bytes = sim_memory(CONSOLE, end->va + sizeof(struct channel_shared));
    EXPECT(bytes && bytes[0] == 0);
    EXPECT(ask_name(SH, ROOT_KILL, "g0") == OK);
    EXPECT(strcmp(bytes, "\030\033[0m\r\n[g0: killed]\r\n") == 0);
    EXPECT(ask_name(SH, ROOT_START, "g0") == OK && sim_fault(G0, FAULT_PAGE));
    EXPECT(strstr(bytes, "[g0: stopped by a fault; the log says more]\r\n"));
    return NULL;
}

/* ---- questions -------------------------------------------------------------------------------- */

static const char *bad_requests(void)
{
    EXPECT(sim_boot(usual, 0));
    EXPECT(ask(SH2, ROOT_PING, 0, 1) == OK);
    EXPECT(ask(SH2, ROOT_PING, 0, 0) == BAD_ARG);
    EXPECT(ask(SH2, 12, 0, 2) == BAD_CALL);
    EXPECT(ask(SH2, UINT32_MAX, 0, 2) == BAD_CALL);
    EXPECT(ask(SH2, ROOT_TASK_INFO, 0, 1) == BAD_ARG);
    EXPECT(ask(SH2, ROOT_TASK_INFO, 5, 2) == BAD_ARG);
    EXPECT(ask(SH2, ROOT_TASK_INFO, UINT64_MAX, 2) == BAD_ARG);
    EXPECT(ask_name(SH2, ROOT_KILL, "con") == BAD_RIGHT);
    EXPECT(ask_name(SH2, ROOT_START, "con") == BAD_RIGHT);
    EXPECT(ask(SH2, ROOT_SHUTDOWN, 0, 2) == BAD_RIGHT);
    EXPECT(ask(SH1, ROOT_SHUTDOWN, 2, 2) == BAD_ARG);
    EXPECT(ask(SH1, ROOT_SHUTDOWN, 0, 2) == BAD_CALL); /* no ACPI here */
    EXPECT(strstr(sim_log(), "cannot be switched off: no ACPI table says how"));
    EXPECT(ask_name(SH1, ROOT_KILL, "nobody") == BAD_ARG);
    EXPECT(ask(SH2, ROOT_FOCUS, 0, 2) == BAD_RIGHT);
    EXPECT(ask(CON, ROOT_FOCUS, 7, 2) == BAD_ARG);
    EXPECT(ask(CON, ROOT_FOCUS, 34, 2) == BAD_ARG); /* root's own channel */
    EXPECT(ask(99, ROOT_PING, 0, 1) == BAD_RIGHT && ask(0, ROOT_PING, 0, 1) == BAD_RIGHT);
    EXPECT(ask(SH1, ROOT_CAP_INFO, 0, 2) == BAD_ARG);
    EXPECT(ask(SH1, ROOT_CAP_INFO, HANDLE_MAX + 1, 2) == BAD_ARG);
    EXPECT(ask(SH1, ROOT_CAP_INFO, TASK_ROOT, 2) == OK && words[1] == OBJ_ENDPOINT);
    EXPECT(words[2] == RIGHT_SEND && words[3] == SH1 && words[4] == TASK_GRANTS);
    memset(words, 'x', sizeof words); /* a name without an end */
    words[0] = ROOT_KILL;
    EXPECT(sim_request(SH1, words, MSG_MAX_WORDS) == 1 && words[0] == BAD_ARG);
    return NULL;
}

static const char *task_info(void)
{
    struct root_task_info info;
    EXPECT(sim_boot(usual, 0));
    EXPECT(sim_fault(CON, FAULT_PAGE));
    EXPECT(ask(SH2, ROOT_TASK_INFO, CON - 1, 2) == OK);
    memcpy(&info, &words[1], sizeof info);
    EXPECT(strcmp(info.name, "con") == 0 && info.state == ROOT_RUNNING && info.priority == 20);
    EXPECT(info.memory_pages == 1024 + 1 && info.quota_pages == 64 && info.quota_used == 8);
    EXPECT(info.cpu_ns == 12345 && info.restarts == 1 && info.fault_vector == FAULT_PAGE);
    EXPECT(info.fault_address == 0x10 && info.fault_ip == 0x100000123);
    return NULL;
}

static const char *log_read_back(void)
{
    static char text[1 << 17];
    size_t length = 0;
    uint64_t position = 0;
    EXPECT(sim_boot(usual, 0));
    for (unsigned i = 0; i < 3; i++)
        EXPECT(ask_name(SH2, ROOT_LOG_WRITE, "one\ntwo\033[2J") == OK);
    EXPECT(strstr(sim_log(), "] sh2: one\n"));
    EXPECT(strstr(sim_log(), "] sh2: two?[2J\n")); /* no escape sequences on the log's screen */
    for (;;) {
        EXPECT(ask(SH1, ROOT_LOG_READ, position, 2) == OK && words[2] <= 61 * 8);
        if (words[2] == 0)
            break;
        memcpy(text + length, &words[3], words[2]);
        length += words[2];
        position = words[1];
    }
    text[length] = 0;
    EXPECT(strcmp(text, sim_log()) == 0);
    EXPECT(ask(SH1, ROOT_LOG_READ, UINT64_MAX, 2) == OK && words[2] == 0);
    for (unsigned i = 0; i < 4000; i++) /* more than the ring holds */
        EXPECT(ask_name(SH2, ROOT_LOG_WRITE, "line line line line") == OK);
    EXPECT(ask(SH1, ROOT_LOG_READ, 0, 2) == OK && memcmp(&words[3], "[", 1) == 0);
    words[1] = 0;
    words[0] = ROOT_LOG_READ;
    words[2] = 10; /* room for ten bytes only */
    EXPECT(sim_request(SH1, words, 3) == 5 && words[2] == 10);
    return NULL;
}

static const char *focus(void)
{
    EXPECT(sim_boot(usual, 0));
    EXPECT(ask(CON, ROOT_FOCUS, 0, 2) == OK);
    EXPECT(sim_thread(SH1).priority == 9 && sim_thread(SH1).budget == 5000000);
    EXPECT(sim_thread(SH1).period == 10000000);
    EXPECT(ask(CON, ROOT_FOCUS, 1, 2) == OK);
    EXPECT(sim_thread(SH1).priority == 8 && sim_thread(SH1).budget == 0);
    EXPECT(sim_thread(SH2).priority == 9 && sim_thread(SH2).budget == 2000000); /* less than half */
    EXPECT(ask_name(SH1, ROOT_KILL, "sh2") == OK && ask_name(SH1, ROOT_START, "sh2") == OK);
    EXPECT(sim_thread(SH2).priority == 9); /* its pane still has the keyboard */
    return NULL;
}

/* ---- mistakes --------------------------------------------------------------------------------- */

static const char *mistakes(void)
{
    EXPECT(sim_boot("task a program=p\ntask b program=p prio=3\ntask c program=none\n"
                    "task d program=bad\ntask e program=p memory=64M\ntask f program=p irq=2\n"
                    "task g program=p quota=2G\ntask h program=p use=x\ntask i program=p admin\n"
                    "task j program=p state=1G\n",
                    0));
    EXPECT(strstr(sim_log(), "manifest:2:18: unknown key 'prio'\n"));
    EXPECT(strstr(sim_log(), "task b: not started: unknown key 'prio'\n"));
    EXPECT(strstr(sim_log(), "task c: not started: there is no module 'none'\n"));
    EXPECT(strstr(sim_log(), "manifest:3:16: there is no module 'none'\n"));
    EXPECT(strstr(sim_log(), "task d: not started: module bad: it is too short for an ELF file\n"));
    EXPECT(strstr(sim_log(), "task e: not started: it needs 65536 KiB of memory; "));
    EXPECT(strstr(sim_log(), "task g: not started: quota=2097152K, but the kernel has only "));
    EXPECT(strstr(sim_log(), "manifest:8:22: no task has serve=x\n"));
    EXPECT(strstr(sim_log(), "manifest:10:6: state needs 1048576 KiB, the largest free piece is "));
    EXPECT(sim_startup(1) && sim_startup(9) && sim_startup(6));
    for (unsigned n = 2; n <= 5; n++)
        EXPECT(!sim_startup(n));
    EXPECT(!sim_startup(7) && !sim_startup(8) && !sim_startup(10));
    EXPECT(ask_name(9, ROOT_START, "b") == BAD_ARG && ask_name(9, ROOT_START, "g") == QUOTA);
    return NULL;
}

static const char *small_memory(void)
{
    EXPECT(sim_boot("task a program=p memory=128K\ntask b program=p memory=1M\n", 0));
    EXPECT(sim_startup(1) && sim_startup(1)->memory_used == 80 << 10);
    return NULL;
}

static const char *empty_manifest(void)
{
    EXPECT(sim_boot("", 0));
    EXPECT(strstr(sim_log(), "no task could be started"));
    return NULL;
}

static const struct {
    const char *name;
    const char *(*run)(void);
} scenarios[] = {
    {"root/fixed-handles", fixed_handles},
    {"root/device-grants", device_grants},
    {"root/shared-grants", shared_grants},
    {"root/kill-100-times", kill_100_times},
    {"root/kill-and-start-100-times", kill_and_start},
    {"root/start-fails-anywhere", start_fails_anywhere},
    {"root/boot-fails-anywhere", boot_fails_anywhere},
    {"root/state-survives", state_survives},
    {"root/driver-gives-up", driver_gives_up},
    {"root/driver-that-serves-lives", driver_that_serves_lives},
    {"root/task-stays-dead", task_stays_dead},
    {"root/exits", exits},
    {"root/kills-itself", kills_itself},
    {"root/chord-restarts", chord_restarts},
    {"root/guest-grants", guest_grants},
    {"root/guest-resets", guest_resets},
    {"root/guest-ends", guest_ends},
    {"root/pane-says", pane_says},
    {"root/bad-requests", bad_requests},
    {"root/task-info", task_info},
    {"root/log-read-back", log_read_back},
    {"root/focus", focus},
    {"root/mistakes", mistakes},
    {"root/small-memory", small_memory},
    {"root/empty-manifest", empty_manifest},
};

int main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0;
    for (unsigned i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (argc > 1 && strcmp(argv[1], scenarios[i].name) != 0)
            continue;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            const char *why = scenarios[i].run();
            if (why)
                printf("FAIL %s: %s\n", scenarios[i].name, why);
            else
                printf("ok %s\n", scenarios[i].name);
            if (argc > 1)
                printf("%s", sim_log());
            fflush(stdout);
            _exit(why ? 1 : 0);
        }
        int status;
        waitpid(child, &status, 0);
        bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (!WIFEXITED(status))
            printf("FAIL %s: ended by signal %d\n", scenarios[i].name, WTERMSIG(status));
        passed += good;
        failed += !good;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
