/*
 * The GDB remote serial protocol, as much of it as one CPU needs (GDB manual, appendix E).
 *
 * A packet is $text#xx, xx the sum of the text's bytes; both sides confirm with + until no-ack mode
 * is agreed upon. While the guest runs, the debugger sends nothing but the byte 3: stop. There is
 * one thread, number 1. Every command that is not in the table is answered with an empty packet,
 * which means "not supported"; errors are E and two digits.
 *
 * A debugger that disconnects leaves no breakpoints and a running guest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <translator/gdb.h>
#include <translator/machine.h>

#define PACKET      4096u /* bytes of text at most */
#define BREAKPOINTS 64u
#define INTERRUPT   3

struct gdb {
    struct vm *vm;
    struct gdb_port *port;
    unsigned connection; /* of the conversation that the rest belongs to */
    bool no_ack, stopped;
    unsigned count; /* breakpoints */
    uint32_t breakpoint[BREAKPOINTS];
    uint8_t in[512]; /* received, not yet looked at */
    unsigned in_at, in_end;
    char packet[PACKET + 1]; /* the command */
    char out[PACKET + 8];    /* the answer: $ text # sum */
    unsigned out_count;      /* of the text */
};

struct gdb *gdb_create(struct vm *vm, struct gdb_port *port)
{
    struct gdb *g = malloc(sizeof *g);
    if (g != NULL) {
        memset(g, 0, sizeof *g);
        g->vm = vm;
        g->port = port;
    }
    return g;
}

void gdb_delete(struct gdb *g)
{
    free(g);
}

bool gdb_breakpoint(const struct gdb *g, uint32_t pc)
{
    for (unsigned n = 0; g != NULL && n < g->count; n++)
        if (((g->breakpoint[n] ^ pc) & ~g->vm->frontend->pc_state) == 0)
            return true;
    return false;
}

/* ---- hexadecimal ------------------------------------------------------------------------------ */

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The number at *text, which moves behind it. */
static uint32_t number(const char **text)
{
    uint32_t v = 0;
    for (; digit(**text) >= 0; (*text)++)
        v = v << 4 | (uint32_t)digit(**text);
    return v;
}

/* Skip one sign; false if it is another. */
static bool skip(const char **text, char sign)
{
    if (**text != sign)
        return false;
    (*text)++;
    return true;
}

/* Pairs of digits to at most `size` bytes; returns how many. */
static unsigned bytes_of(const char *text, uint8_t *to, unsigned size)
{
    unsigned n = 0;
    for (; n < size && digit(text[0]) >= 0 && digit(text[1]) >= 0; text += 2)
        to[n++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
    return n;
}

/* ---- answers ---------------------------------------------------------------------------------- */

static void add(struct gdb *g, const char *text)
{
    for (; *text != 0 && g->out_count < PACKET; text++)
        g->out[1 + g->out_count++] = *text;
}

static void add_hex(struct gdb *g, const uint8_t *bytes, unsigned count)
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned n = 0; n < count; n++) {
        char two[3] = {digits[bytes[n] >> 4], digits[bytes[n] & 15], 0};
        add(g, two);
    }
}

/* Bytes of a packet that would end it are escaped. */
static void add_binary(struct gdb *g, const char *bytes, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        bool special = strchr("#$}*", bytes[n]) != NULL;
        char two[3] = {special ? '}' : bytes[n], special ? bytes[n] ^ 0x20 : 0, 0};
        add(g, two);
    }
}

static bool send_packet(struct gdb *g)
{
    uint8_t sum = 0;
    char end[4];
    for (unsigned n = 0; n < g->out_count; n++)
        sum = (uint8_t)(sum + (uint8_t)g->out[1 + n]);
    g->out[0] = '$';
    snprintf(end, sizeof end, "#%02x", sum);
    memcpy(g->out + 1 + g->out_count, end, 3);
    return g->port->send(g->port, g->out, g->out_count + 4);
}

static bool send_stop(struct gdb *g, enum gdb_why why)
{
    g->out_count = 0;
    add(g, why == GDB_INTERRUPTED ? "T02thread:1;" : "T05thread:1;");
    return send_packet(g);
}

/* ---- receiving -------------------------------------------------------------------------------- */

/* The next byte; -1: none there, or with `block`: nobody there. */
static int next_byte(struct gdb *g, bool block)
{
    if (g->in_at == g->in_end) {
        g->in_at = 0;
        g->in_end = (unsigned)g->port->receive(g->port, g->in, sizeof g->in, block);
    }
    return g->in_at == g->in_end ? -1 : g->in[g->in_at++];
}

static int wait_byte(struct gdb *g)
{
    return next_byte(g, true);
}

/* Receive one packet into g->packet, confirmed. False: the debugger has left. */
static bool receive_packet(struct gdb *g)
{
    for (;;) {
        int c;
        while ((c = wait_byte(g)) != '$')
            if (c < 0)
                return false;
        unsigned count = 0;
        uint8_t sum = 0;
        while ((c = wait_byte(g)) != '#') {
            if (c < 0)
                return false;
            sum = (uint8_t)(sum + c);
            if (count < PACKET)
                g->packet[count++] = (char)c;
        }
        g->packet[count] = 0;
        int high = wait_byte(g), low = wait_byte(g);
        if (high < 0 || low < 0)
            return false;
        bool good = (digit((char)high) << 4 | digit((char)low)) == sum && count < PACKET;
        if (g->no_ack || g->port->send(g->port, good ? "+" : "-", 1)) {
            if (good || g->no_ack)
                return true;
        } else {
            return false;
        }
    }
}

/* ---- commands: text behind the letter; the answer goes to g->out ------------------------------ */

static const struct frontend *front(const struct gdb *g)
{
    return g->vm->frontend;
}

static void error(struct gdb *g)
{
    g->out_count = 0;
    add(g, "E01");
}

static void why_stopped(struct gdb *g, const char *text)
{
    (void)text;
    add(g, "T05thread:1;");
}

static void read_all(struct gdb *g, const char *text)
{
    (void)text;
    uint8_t value[16];
    for (unsigned n = 0; n < front(g)->gdb_registers; n++)
        add_hex(g, value, front(g)->gdb_read(vm_cpu(g->vm), n, value));
}

static void write_all(struct gdb *g, const char *text)
{
    uint8_t value[16];
    for (unsigned n = 0; n < front(g)->gdb_registers; n++) {
        unsigned size = front(g)->gdb_read(vm_cpu(g->vm), n, value);
        if (bytes_of(text, value, size) != size)
            break;
        front(g)->gdb_write(vm_cpu(g->vm), n, value);
        text += 2 * size;
    }
    add(g, "OK");
}

static void read_one(struct gdb *g, const char *text)
{
    uint8_t value[16];
    unsigned size = front(g)->gdb_read(vm_cpu(g->vm), number(&text), value);
    add_hex(g, value, size);
    if (size == 0)
        error(g);
}

static void write_one(struct gdb *g, const char *text)
{
    uint8_t value[16], old[16];
    unsigned n = number(&text), size = front(g)->gdb_read(vm_cpu(g->vm), n, old);
    if (size == 0 || !skip(&text, '=') || bytes_of(text, value, size) != size) {
        error(g);
        return;
    }
    front(g)->gdb_write(vm_cpu(g->vm), n, value);
    add(g, "OK");
}

/* m and M: address, length. */
static void read_memory(struct gdb *g, const char *text)
{
    uint8_t bytes[64];
    uint32_t va = number(&text), left = skip(&text, ',') ? number(&text) : 0;
    if (left > PACKET / 2)
        left = PACKET / 2;
    while (left != 0) {
        unsigned part = left < sizeof bytes ? left : (unsigned)sizeof bytes;
        if (!guest_peek(vm_cpu(g->vm), va, bytes, part)) {
            if (g->out_count == 0)
                error(g);
            return; /* a shorter answer: so much could be read */
        }
        add_hex(g, bytes, part);
        va += part;
        left -= part;
    }
}

static void write_memory(struct gdb *g, const char *text)
{
    uint8_t bytes[64];
    uint32_t va = number(&text), left = skip(&text, ',') ? number(&text) : 0;
    if (!skip(&text, ':')) {
        error(g);
        return;
    }
    while (left != 0) {
        unsigned part = left < sizeof bytes ? left : (unsigned)sizeof bytes;
        if (bytes_of(text, bytes, part) != part || !guest_poke(vm_cpu(g->vm), va, bytes, part)) {
            error(g);
            return;
        }
        va += part;
        left -= part;
        text += 2 * part;
    }
    add(g, "OK");
}

static void insert(struct gdb *g, const char *text)
{
    bool code = skip(&text, '0') || skip(&text, '1'); /* software or hardware: the same to us */
    if (!code || !skip(&text, ','))
        return;
    uint32_t pc = number(&text);
    if (!gdb_breakpoint(g, pc)) {
        if (g->count == BREAKPOINTS) {
            error(g);
            return;
        }
        g->breakpoint[g->count++] = pc;
        cache_flush(g->vm);
    }
    add(g, "OK");
}

static void removes(struct gdb *g, const char *text)
{
    bool code = skip(&text, '0') || skip(&text, '1');
    if (!code || !skip(&text, ','))
        return;
    uint32_t pc = number(&text);
    for (unsigned n = 0; n < g->count; n++)
        if (((g->breakpoint[n] ^ pc) & ~g->vm->frontend->pc_state) == 0) {
            g->breakpoint[n] = g->breakpoint[--g->count];
            cache_flush(g->vm);
            break;
        }
    add(g, "OK");
}

/* qXfer:features:read:target.xml:OFFSET,LENGTH */
static void description(struct gdb *g, const char *text)
{
    const char *xml = front(g)->gdb_xml;
    uint32_t at = number(&text), most = skip(&text, ',') ? number(&text) : 0;
    size_t whole = strlen(xml);
    if (most > PACKET / 2)
        most = PACKET / 2;
    if (at > whole)
        at = (uint32_t)whole;
    bool last = whole - at <= most;
    add(g, last ? "l" : "m");
    add_binary(g, xml + at, last ? whole - at : most);
}

/* "monitor ...": print all registers. */
static void monitor(struct gdb *g, const char *text)
{
    static const char only[] = "the only command is: registers\n";
    char dump[PACKET / 2];
    uint8_t command[16] = {0};
    bytes_of(text, command, sizeof command - 1);
    snprintf(dump, sizeof dump, "%s", only);
    if (strncmp((const char *)command, "registers", 9) == 0)
        front(g)->dump(vm_cpu(g->vm), dump, sizeof dump);
    add_hex(g, (const uint8_t *)dump, (unsigned)strlen(dump));
}

static void supported(struct gdb *g, const char *text)
{
    (void)text;
    add(g, "PacketSize=1000;qXfer:features:read+;QStartNoAckMode+;vContSupported+");
}

static void no_ack(struct gdb *g, const char *text)
{
    (void)text;
    add(g, "OK");
    g->no_ack = true;
}

static void okay(struct gdb *g, const char *text)
{
    (void)text;
    add(g, "OK");
}

/* Commands that are answered; the longest beginnings first. A command of more than one letter may be
 * answered with fixed text. */
static const struct command {
    const char *begin;
    void (*run)(struct gdb *g, const char *text);
    const char *answer;
} commands[] = {
    {"qXfer:features:read:target.xml:", description, NULL},
    {"qSupported", supported, NULL},
    {"QStartNoAckMode", no_ack, NULL},
    {"qRcmd,", monitor, NULL},
    {"qfThreadInfo", NULL, "m1"},
    {"qsThreadInfo", NULL, "l"},
    {"qAttached", NULL, "1"},
    {"qC", NULL, "QC1"},
    {"vCont?", NULL, "vCont;c;C;s;S"},
    {"?", why_stopped, NULL},
    {"g", read_all, NULL},
    {"G", write_all, NULL},
    {"p", read_one, NULL},
    {"P", write_one, NULL},
    {"m", read_memory, NULL},
    {"M", write_memory, NULL},
    {"Z", insert, NULL},
    {"z", removes, NULL},
    {"H", okay, NULL},
    {"T", okay, NULL},
};

static bool answer(struct gdb *g)
{
    g->out_count = 0;
    for (unsigned n = 0; n < sizeof commands / sizeof *commands; n++) {
        size_t length = strlen(commands[n].begin);
        if (strncmp(g->packet, commands[n].begin, length) != 0)
            continue;
        if (commands[n].run != NULL)
            commands[n].run(g, g->packet + length);
        else
            add(g, commands[n].answer);
        break;
    }
    return send_packet(g);
}

/* ---- stopping and going on -------------------------------------------------------------------- */

static void forget(struct gdb *g)
{
    if (g->count != 0)
        cache_flush(g->vm);
    g->count = 0;
    g->no_ack = false;
    g->stopped = false;
    g->in_at = g->in_end = 0;
    g->connection = 0;
}

/* c and s with an address, C and S with a signal, and an address after a semicolon. */
static void go_from(struct gdb *g, const char *text, bool with_signal)
{
    if (with_signal) {
        number(&text);
        if (!skip(&text, ';'))
            return;
    }
    if (*text != 0) {
        struct cpu *cpu = vm_cpu(g->vm);
        uint32_t state = g->vm->frontend->pc_state;
        cpu->pc = ((uint32_t)number(&text) & ~state) | (cpu->pc & state);
    }
}

/* Does the packet let the guest go on? */
static bool goes_on(struct gdb *g, enum gdb_resume *how)
{
    const char *p = g->packet;
    if (strncmp(p, "vCont;", 6) == 0) {
        *how = p[6] == 's' || p[6] == 'S' ? GDB_STEP : GDB_RUN;
        return true;
    }
    switch (*p) {
    case 'c':
    case 'C':
        go_from(g, p + 1, *p == 'C');
        *how = GDB_RUN;
        return true;
    case 's':
    case 'S':
        go_from(g, p + 1, *p == 'S');
        *how = GDB_STEP;
        return true;
    case 'k':
        *how = GDB_KILL;
        return true;
    case 'D':
        g->out_count = 0;
        add(g, "OK");
        send_packet(g);
        forget(g);
        g->connection = g->port->connection(g->port); /* the same debugger does not stop it again */
        *how = GDB_RUN;
        return true;
    default:
        return false;
    }
}

bool gdb_wants(struct gdb *g)
{
    unsigned now = g->port->connection(g->port);
    if (now != g->connection) {
        forget(g);
        g->connection = now;
        return now != 0;
    }
    if (now == 0)
        return false;
    for (int c; (c = next_byte(g, false)) >= 0;) {
        if (c == INTERRUPT) {
            g->stopped = true; /* it waits for the news that the guest stopped */
            return true;
        }
        if (c == '$') { /* a command: serve it */
            g->in_at--;
            return true;
        }
    }
    return false;
}

enum gdb_resume gdb_stopped(struct gdb *g, enum gdb_why why)
{
    enum gdb_resume how = GDB_RUN;
    /* A debugger that has just come asks by itself why the guest is stopped. */
    bool tell = why != GDB_INTERRUPTED || g->stopped;
    g->stopped = false;
    if (tell && !send_stop(g, why)) {
        forget(g);
        return GDB_RUN;
    }
    for (;;) {
        if (!receive_packet(g)) {
            forget(g);
            return GDB_RUN;
        }
        if (goes_on(g, &how))
            return how;
        if (!answer(g)) {
            forget(g);
            return GDB_RUN;
        }
    }
}
