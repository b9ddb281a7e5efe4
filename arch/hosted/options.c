/*
 * The command line: one table row per option. An option is written with one dash or two, its value
 * as the next argument or behind "=". Everything wrong is told in one sentence that names the
 * argument and what would be right; nothing is guessed or ignored.
 */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum form { TEXT, FILE_NAME, NUMBER, SIZE, FLAG, DISK, CDROM, LETTERS, GDB, TRACE };

struct row {
    const char *name;
    enum form form;
    size_t field; /* in struct options */
    uint64_t least, most;
    const char *value, *help; /* value: how --help writes it */
};

#define FIELD(name) offsetof(struct options, name)
#define KIB         1024ull
#define MIB         (1024 * KIB)
#define GIB         (1024 * MIB)

/* clang-format off */
static const struct row rows[] = {
    {"guest", TEXT, FIELD(guest), 0, 0, "NAME", "architecture of the guest:"},
    {"board", TEXT, FIELD(board), 0, 0, "NAME", "machine to be, by default the guest's first:"},
    {"cpu", TEXT, FIELD(cpu), 0, 0, "NAME", "processor to be (by default the board's)"},
    {"kernel", FILE_NAME, FIELD(kernel), 0, 0, "FILE", "kernel image to start"},
    {"initrd", FILE_NAME, FIELD(initrd), 0, 0, "FILE", "initial RAM disk for the kernel"},
    {"dtb", FILE_NAME, FIELD(dtb), 0, 0, "FILE", "device tree instead of the board's own"},
    {"bios", FILE_NAME, FIELD(bios), 0, 0, "FILE", "firmware to start"},
    {"vga-bios", FILE_NAME, FIELD(vga_bios), 0, 0, "FILE", "display's firmware, run by --bios"},
    {"append", TEXT, FIELD(append), 0, 0, "TEXT", "command line for the kernel"},
    {"memory", SIZE, FIELD(memory), MIB, 4 * GIB, "SIZE", "RAM, e.g. 256M; K, M or G"},
    {"disk", DISK, 0, 0, 0, "FILE[,ro]", "disk image, up to four times; ro: never written"},
    {"cdrom", CDROM, 0, 0, 0, "FILE", "CD image; counts as one of the disks"},
    {"serial", TEXT, FIELD(serial), 0, 0, "WHERE", "serial port: stdio (default), a file, or none"},
    {"gdb", GDB, FIELD(gdb), 1, 65535, "PORT[,wait]", "GDB may connect here; wait: start with it"},
    {"icount", FLAG, FIELD(icount), 0, 0, NULL, "virtual time counts instructions: runs repeat"},
    {"no-reboot", FLAG, FIELD(no_reboot), 0, 0, NULL, "a reset ends the program, with status 3"},
    {"backend", TEXT, FIELD(backend), 0, 0, "NAME", "what runs the code, by default the first:"},
    {"trace-state", TRACE, 0, 0, 0, "FILE[,every=N,...]", "with --icount: states, docs/hosted.md"},
    {"dump", LETTERS, FIELD(dump), 0, 0, "LETTERS", "print what the translator makes"},
    {"stats", FLAG, FIELD(stats), 0, 0, NULL, "print counters at the end"},
    {"cache", SIZE, FIELD(cache), 256 * KIB, GIB, "SIZE", "code cache"},
    {"windows", NUMBER, FIELD(windows), 2, 64, "N", "guest address spaces kept mapped"},
    {"block-limit", NUMBER, FIELD(block_limit), 1, 1024, "N", "guest instructions in a block"},
    {"random-alloc", NUMBER, FIELD(random), 1, UINT32_MAX, "SEED", "shuffle register allocation"},
    {"help", FLAG, FIELD(help), 0, 0, NULL, "print this"},
    {"version", FLAG, FIELD(version), 0, 0, NULL, "print which program this is"},
};
/* clang-format on */
#define ROWS (sizeof rows / sizeof rows[0])

struct parse {
    struct options *o;
    char *error;
    size_t size;
    bool seen[ROWS];
};

static bool wrong(struct parse *p, const char *name, const char *value, const char *right)
{
    snprintf(p->error, p->size, "--%s: \"%s\" is not %s", name, value, right);
    return false;
}

/* Decimal or 0x; false on anything else, or above 2^64 - 1. */
static bool number(const char *text, char **end, uint64_t *out)
{
    if (*text < '0' || *text > '9')
        return false; /* strtoull takes signs and spaces */
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    unsigned long long n = strtoull(text, end, hex ? 16 : 10);
    *out = n;
    return n != UINT64_MAX;
}

static uint64_t unit(const char *end)
{
    static const char *const suffixes[] = {"KMG", "kmg"};
    if (*end == 0)
        return 1;
    for (unsigned i = 0; i < 2; i++) {
        const char *at = strchr(suffixes[i], *end);
        if (at != NULL && (end[1] == 0 || strcmp(end + 1, "iB") == 0))
            return 1ull << 10 * (at - suffixes[i] + 1);
    }
    return 0;
}

/* A size as --help and messages write it. */
static const char *size_text(uint64_t n, char text[24])
{
    if (n % GIB == 0)
        snprintf(text, 24, "%lluG", (unsigned long long)(n / GIB));
    else if (n % MIB == 0)
        snprintf(text, 24, "%lluM", (unsigned long long)(n / MIB));
    else
        snprintf(text, 24, "%lluK", (unsigned long long)(n / KIB));
    return text;
}

static bool take_number(struct parse *p, const struct row *r, const char *value)
{
    char *end, right[80], from[24], to[24];
    uint64_t n = 0, scale = 1;
    bool good = number(value, &end, &n);
    if (r->form == SIZE) {
        scale = good ? unit(end) : 0;
        good = good && scale != 0 && n <= r->most / scale && n * scale % 4096 == 0;
        snprintf(right, sizeof right, "a size from %s to %s, in whole pages of 4K",
                 size_text(r->least, from), size_text(r->most, to));
    } else {
        good = good && *end == 0;
        snprintf(right, sizeof right, "a number from %llu to %llu", (unsigned long long)r->least,
                 (unsigned long long)r->most);
    }
    n *= scale;
    if (!good || n < r->least || n > r->most)
        return wrong(p, r->name, value, right);
    *(uint64_t *)((char *)p->o + r->field) = n;
    return true;
}

/* A disk, or a CD, which is never written. */
static bool take_disk(struct parse *p, const struct row *r, const char *value)
{
    struct options *o = p->o;
    size_t length = strlen(value);
    bool cdrom = r->form == CDROM;
    bool read_only = !cdrom && length >= 3 && strcmp(value + length - 3, ",ro") == 0;
    if (o->disks == VM_DISKS) {
        snprintf(p->error, p->size, "--%s: \"%s\" is one too many, at most %d are possible",
                 r->name, value, VM_DISKS);
        return false;
    }
    if (length == (read_only ? 3 : 0))
        return wrong(p, r->name, value,
                     cdrom ? "a file name" : "a file name, with \",ro\" behind it or not");
    char *path = strdup(value);
    if (path == NULL)
        return wrong(p, r->name, value, "short enough for the memory there is");
    if (read_only)
        path[length - 3] = 0;
    o->disk[o->disks].path = path;
    o->disk[o->disks].cdrom = cdrom;
    o->disk[o->disks++].read_only = read_only || cdrom;
    return true;
}

/* A port, and perhaps ",wait". */
static bool take_gdb(struct parse *p, const struct row *r, const char *value)
{
    char text[8];
    size_t length = strcspn(value, ",");
    p->o->gdb_wait = strcmp(value + length, ",wait") == 0;
    if (length >= sizeof text || (value[length] != 0 && !p->o->gdb_wait))
        return wrong(p, r->name, value, "a port, with \",wait\" behind it or not");
    snprintf(text, sizeof text, "%.*s", (int)length, value);
    return take_number(p, r, text);
}

/* One of the words behind the trace's file name. */
static bool take_trace_word(struct trace_options *t, const char *word, size_t length)
{
    static const struct {
        const char *name;
        size_t field;
        uint64_t least;
    } words[] = {{"every=", offsetof(struct trace_options, every), 1},
                 {"from=", offsetof(struct trace_options, from), 0},
                 {"to=", offsetof(struct trace_options, to), 0}};
    if (length == 4 && memcmp(word, "full", 4) == 0)
        return t->full = true;
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = strlen(words[i].name);
        uint64_t value = 0;
        char *end = NULL;
        if (length <= n || memcmp(word, words[i].name, n) != 0)
            continue;
        if (!number(word + n, &end, &value) || end != word + length || value < words[i].least)
            return false;
        *(uint64_t *)((char *)t + words[i].field) = value;
        return true;
    }
    return false;
}

static bool take_trace(struct parse *p, const struct row *r, const char *value)
{
    struct trace_options *t = &p->o->trace;
    size_t length = strcspn(value, ",");
    bool good = length > 0;
    *t = (struct trace_options){.every = 1000000, .to = UINT64_MAX - 1};
    for (const char *at = value + length; good && *at != 0; at += length) {
        length = strcspn(++at, ",");
        good = take_trace_word(t, at, length);
    }
    if (!good)
        return wrong(p, r->name, value, "FILE[,every=N][,from=A][,to=B][,full]");
    t->path = strndup(value, strcspn(value, ","));
    return t->path != NULL || wrong(p, r->name, value, "short enough for the memory there is");
}

static bool take_value(struct parse *p, const struct row *r, const char *value)
{
    char *field = (char *)p->o + r->field;
    switch (r->form) {
    case NUMBER:
    case SIZE:
        return take_number(p, r, value);
    case DISK:
    case CDROM:
        return take_disk(p, r, value);
    case GDB:
        return take_gdb(p, r, value);
    case TRACE:
        return take_trace(p, r, value);
    case LETTERS:
        for (const char *c = value; *c != 0; c++)
            if ((*c < 'a' || *c > 'z') && (*c < 'A' || *c > 'Z'))
                return wrong(p, r->name, value, "a word of letters");
        break;
    case FILE_NAME:
        if (*value == 0)
            return wrong(p, r->name, value, "the name of a file");
        break;
    default:
        if (*value == 0 && r->field != FIELD(append))
            return wrong(p, r->name, value, "a name");
        break;
    }
    *(const char **)field = value;
    return true;
}

static const struct row *find(const char *name, size_t length)
{
    for (unsigned i = 0; i < ROWS; i++)
        if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0)
            return &rows[i];
    return NULL;
}

/* One option at argv[*at], and its value. */
static bool take(struct parse *p, int argc, char **argv, int *at)
{
    const char *text = argv[*at],
               *name = text + (text[0] == '-') + (text[0] == '-' && text[1] == '-');
    const char *equals = strchr(name, '=');
    size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct row *r = name == text ? NULL : find(name, length);
    if (r == NULL) {
        snprintf(p->error, p->size, "\"%s\" is not an option; --help lists them", text);
        return false;
    }
    if (p->seen[r - rows] && r->form != DISK && r->form != CDROM) {
        snprintf(p->error, p->size, "--%s is given twice", r->name);
        return false;
    }
    p->seen[r - rows] = true;
    if (r->form == FLAG) {
        if (equals != NULL) {
            snprintf(p->error, p->size, "--%s takes no value, so \"%s\" is wrong", r->name, text);
            return false;
        }
        *(bool *)((char *)p->o + r->field) = true;
        return true;
    }
    if (equals != NULL)
        return take_value(p, r, equals + 1);
    if (++*at >= argc) {
        snprintf(p->error, p->size, "--%s needs a value: %s", r->name, r->value);
        return false;
    }
    return take_value(p, r, argv[*at]);
}

bool options_parse(struct options *o, int argc, char **argv, char *error, size_t size)
{
    struct parse p = {.o = o, .error = error, .size = size};
    memset(o, 0, sizeof *o);
    for (int at = 1; at < argc; at++)
        if (!take(&p, argc, argv, &at))
            return false;
    if (o->help || o->version)
        return true;
    if (o->kernel == NULL && o->bios == NULL) {
        snprintf(error, size, "there is nothing to start: give --kernel FILE or --bios FILE");
        return false;
    }
    if (o->initrd != NULL && o->kernel == NULL) {
        snprintf(error, size, "--initrd needs --kernel, which says what to start with it");
        return false;
    }
    if (o->trace.path != NULL && !o->icount) {
        snprintf(error, size, "--trace-state needs --icount: it counts instructions");
        return false;
    }
    return true;
}

void options_free(struct options *o)
{
    for (unsigned i = 0; i < o->disks; i++)
        free(o->disk[i].path);
    o->disks = 0;
    free(o->trace.path);
    o->trace.path = NULL;
}

void options_help(void (*line)(const char *text),
                  const char *(*known)(const char *option, unsigned n))
{
    char text[160];
    for (unsigned i = 0; i < ROWS; i++) {
        const struct row *r = &rows[i];
        int n = snprintf(text, sizeof text, "  --%s%s%s", r->name, r->value != NULL ? " " : "",
                         r->value != NULL ? r->value : "");
        n += snprintf(text + n, sizeof text - (size_t)n, "%*s%s", n < 24 ? 24 - n : 1, "", r->help);
        const char *name;
        for (unsigned k = 0; (name = known(r->name, k)) != NULL && n < (int)sizeof text; k++)
            n += snprintf(text + n, sizeof text - (size_t)n, " %s", name);
        line(text);
    }
}
