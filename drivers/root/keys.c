/*
 * The keys of tasks and guests: how each value is read and which field it fills.
 *
 * A key is one row of the table at the end: its name, who has it, the function that reads its
 * value, the field and the range. A function writes only its own field, and only after the whole
 * value was found good, so a task's row is usable as far as it goes even if the task is skipped.
 *
 * What a guest's program has to know is passed on (PASSED): the word, as it stands in the manifest,
 * is added to the program's arguments. Root understands only what it must grant.
 */
#include "keys.h"

#include <stdio.h>
#include <string.h>

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

enum { TASK = 1, GUEST = 2, BOTH = TASK | GUEST, PASSED = 4 };

struct key {
    const char *name;
    unsigned who; /* TASK, GUEST, BOTH; PASSED */
    bool (*read)(struct reader *r, const struct key *k, const struct word *w,
                 struct manifest_task *t);
    size_t field; /* offset in struct manifest_task */
    uint64_t low, high;
};

static void *field_of(struct manifest_task *t, const struct key *k)
{
    return (char *)t + k->field;
}

/* ---- names and lists -------------------------------------------------------------------------- */

static bool name_good(const char *s, size_t n)
{
    if (n == 0 || n >= MANIFEST_NAME)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-' || c == '.'))
            return false;
    }
    return true;
}

bool name_copy(struct reader *r, struct place at, const char *s, size_t n, char *out)
{
    if (n == 0)
        return mistake(r, at, "a name is missing here");
    if (!name_good(s, n))
        return mistake(r, at, "'%.*s' is no name: 1 to %d of A-Z a-z 0-9 _ - .",
                       (int)(n < 40 ? n : 40), s, MANIFEST_NAME - 1);
    memcpy(out, s, n);
    out[n] = 0;
    return true;
}

/* The next item of a comma-separated value: its start and length; false behind the last. */
struct items {
    const char *next; /* NULL: no more */
    const char *item;
    size_t length;
    struct place at, first;
    const char *start;
};

static struct items items_of(const struct word *w)
{
    struct place first = w->value_at;
    first.column += w->quoted;
    return (struct items){.next = w->value, .start = w->value, .first = first};
}

static bool items_next(struct items *i)
{
    if (!i->next)
        return false;
    const char *comma = strchr(i->next, ',');
    i->item = i->next;
    i->length = comma ? (size_t)(comma - i->next) : strlen(i->next);
    i->at = (struct place){i->first.line, i->first.column + (uint32_t)(i->item - i->start)};
    i->next = comma ? comma + 1 : NULL;
    return true;
}

static bool list_room(struct reader *r, const struct key *k, struct place at, unsigned count)
{
    if (count < k->high)
        return true;
    return mistake(r, at, "%s= takes at most %u", k->name, (unsigned)k->high);
}

/* low is unused, high is the number of names. */
static bool read_names(struct reader *r, const struct key *k, const struct word *w,
                       struct manifest_task *t)
{
    struct name_list list = {0};
    for (struct items i = items_of(w); items_next(&i);) {
        if (!list_room(r, k, i.at, list.count))
            return false;
        struct manifest_name *n = &list.item[list.count];
        if (!name_copy(r, i.at, i.item, i.length, n->text))
            return false;
        if (name_list_has(&list, n->text))
            return mistake(r, i.at, "'%s' is named twice", n->text);
        n->at = i.at;
        list.count++;
    }
    *(struct name_list *)field_of(t, k) = list;
    return true;
}

/* ---- numbers ---------------------------------------------------------------------------------- */

static bool number_item(struct reader *r, struct place at, const char *s, size_t n, uint64_t low,
                        uint64_t high, uint64_t *out)
{
    const char *end;
    if (!number_read(s, &end, out) || end != s + n)
        return mistake(r, at, "'%.*s' is no number", (int)(n < 40 ? n : 40), s);
    if (*out < low || *out > high)
        return mistake(r, at, "%llu is not within %llu to %llu", (unsigned long long)*out,
                       (unsigned long long)low, (unsigned long long)high);
    return true;
}

static bool read_number(struct reader *r, const struct key *k, const struct word *w,
                        struct manifest_task *t)
{
    uint64_t value;
    if (!number_item(r, w->value_at, w->value, strlen(w->value), k->low, k->high, &value))
        return false;
    *(uint64_t *)field_of(t, k) = value;
    return true;
}

/* A size in bytes, with K, M or G. */
static bool size_value(struct reader *r, const struct key *k, const struct word *w, uint64_t *out)
{
    static const struct {
        char suffix;
        uint64_t unit;
    } units[] = {{'K', KIB}, {'M', MIB}, {'G', GIB}};
    const char *end;
    uint64_t value, unit = 1;
    if (!number_read(w->value, &end, &value))
        return mistake(r, w->value_at, "'%.40s' is no size: a number with K, M or G", w->value);
    for (unsigned i = 0; i < sizeof units / sizeof *units; i++)
        if (*end == units[i].suffix) {
            unit = units[i].unit;
            end++;
            break;
        }
    if (*end)
        return mistake(r, w->value_at, "'%.40s' is no size: a number with K, M or G", w->value);
    if (value > k->high / unit || value * unit < k->low)
        return mistake(r, w->value_at, "%.40s is not within %lluK to %lluK", w->value,
                       (unsigned long long)(k->low / KIB), (unsigned long long)(k->high / KIB));
    *out = value * unit;
    return true;
}

static bool read_pages(struct reader *r, const struct key *k, const struct word *w,
                       struct manifest_task *t)
{
    uint64_t value;
    if (!size_value(r, k, w, &value))
        return false;
    if (value % 4096)
        return mistake(r, w->value_at, "%.40s is no multiple of 4K", w->value);
    *(uint64_t *)field_of(t, k) = value;
    return true;
}

static bool read_memory(struct reader *r, const struct key *k, const struct word *w,
                        struct manifest_task *t)
{
    t->memory_at = w->value_at;
    return read_pages(r, k, w, t);
}

static bool read_power(struct reader *r, const struct key *k, const struct word *w,
                       struct manifest_task *t)
{
    uint64_t value;
    if (!size_value(r, k, w, &value))
        return false;
    if (value & (value - 1))
        return mistake(r, w->value_at, "%.40s is no power of two", w->value);
    *(uint64_t *)field_of(t, k) = value;
    return true;
}

static bool time_read(const char *s, const char **end, uint64_t *ns)
{
    static const struct {
        const char *suffix;
        uint64_t unit;
    } units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    uint64_t value;
    if (!number_read(s, end, &value))
        return false;
    for (unsigned i = 0; i < sizeof units / sizeof *units; i++) {
        size_t n = strlen(units[i].suffix);
        if (strncmp(*end, units[i].suffix, n) == 0) {
            *end += n;
            *ns = value * units[i].unit;
            return value <= UINT64_MAX / units[i].unit;
        }
    }
    return false;
}

/* SLICE/PERIOD; the two fields follow each other. Both within low to high. */
static bool read_budget(struct reader *r, const struct key *k, const struct word *w,
                        struct manifest_task *t)
{
    uint64_t slice, period;
    const char *s = w->value;
    if (!time_read(s, &s, &slice) || *s++ != '/' || !time_read(s, &s, &period) || *s)
        return mistake(r, w->value_at, "'%.40s' is no budget: write it like 2ms/10ms", w->value);
    if (slice < k->low || period > k->high || slice > period)
        return mistake(r, w->value_at,
                       "a budget is at least 10us, at most its period, and that at most 10s");
    uint64_t *field = field_of(t, k);
    field[0] = slice;
    field[1] = period;
    return true;
}

/* Interrupt lines: N,N,... */
static bool read_numbers(struct reader *r, const struct key *k, const struct word *w,
                         struct manifest_task *t)
{
    struct range_list list = {0};
    for (struct items i = items_of(w); items_next(&i);) {
        uint64_t n;
        if (list.count == MANIFEST_LIST)
            return mistake(r, i.at, "%s= takes at most %u", k->name, MANIFEST_LIST);
        if (!number_item(r, i.at, i.item, i.length, k->low, k->high, &n))
            return false;
        list.item[list.count++] = (struct manifest_range){(uint32_t)n, 1, i.at};
    }
    *(struct range_list *)field_of(t, k) = list;
    return true;
}

/* Port ranges: BASE+COUNT,... */
static bool read_ranges(struct reader *r, const struct key *k, const struct word *w,
                        struct manifest_task *t)
{
    struct range_list list = {0};
    for (struct items i = items_of(w); items_next(&i);) {
        uint64_t base, count;
        const char *s;
        if (list.count == MANIFEST_LIST)
            return mistake(r, i.at, "%s= takes at most %u", k->name, MANIFEST_LIST);
        if (!number_read(i.item, &s, &base) || *s != '+' || !number_read(s + 1, &s, &count) ||
            s != i.item + i.length)
            return mistake(r, i.at, "'%.*s' is no range: write it like 0x3f8+8",
                           (int)(i.length < 40 ? i.length : 40), i.item);
        if (base > k->high || count == 0 || count > k->high + 1 - base)
            return mistake(r, i.at, "ports go from 0 to %#llx", (unsigned long long)k->high);
        list.item[list.count++] = (struct manifest_range){(uint32_t)base, (uint32_t)count, i.at};
    }
    *(struct range_list *)field_of(t, k) = list;
    return true;
}

/* ---- channels --------------------------------------------------------------------------------- */

bool channel_item(struct reader *r, struct place at, const char *s, size_t n,
                  struct manifest_channel *out)
{
    const char *colon = memchr(s, ':', n);
    if (!colon)
        return mistake(r, at, "'%.*s' is no channel: write it like console:0",
                       (int)(n < 40 ? n : 40), s);
    size_t name = (size_t)(colon - s);
    struct place number_at = {at.line, at.column + (uint32_t)name + 1};
    uint64_t index;
    if (!name_copy(r, at, s, name, out->service) ||
        !number_item(r, number_at, colon + 1, n - name - 1, 0, MANIFEST_INDEX_MAX, &index))
        return false;
    out->index = (uint32_t)index;
    out->at = at;
    return true;
}

static bool channel_add(struct reader *r, struct channel_list *list,
                        const struct manifest_channel *c)
{
    if (list->count == MANIFEST_LIST)
        return mistake(r, c->at, "a task has at most %u channels", MANIFEST_LIST);
    list->item[list->count++] = *c;
    return true;
}

static bool read_channels(struct reader *r, const struct key *k, const struct word *w,
                          struct manifest_task *t)
{
    for (struct items i = items_of(w); items_next(&i);) {
        struct manifest_channel c;
        if (!channel_item(r, i.at, i.item, i.length, &c) || !channel_add(r, field_of(t, k), &c))
            return false;
    }
    return true;
}

/* pane=N is channel=console:N-1. */
static bool read_pane(struct reader *r, const struct key *k, const struct word *w,
                      struct manifest_task *t)
{
    uint64_t pane;
    if (!number_item(r, w->value_at, w->value, strlen(w->value), k->low, k->high, &pane))
        return false;
    struct manifest_channel c = {"console", (uint32_t)pane - 1, w->value_at};
    return channel_add(r, field_of(t, k), &c);
}

/* ---- the rest --------------------------------------------------------------------------------- */

static bool read_text(struct reader *r, const struct key *k, const struct word *w,
                      struct manifest_task *t)
{
    size_t n = strlen(w->value);
    if (n >= k->high)
        return mistake(r, w->value_at, "%s= takes at most %u bytes", k->name,
                       (unsigned)k->high - 1);
    memcpy(field_of(t, k), w->value, n + 1);
    return true;
}

/* A flag may be written bare or with =yes or =no. */
static bool check_flag(struct reader *r, const struct key *k, const struct word *w,
                       struct manifest_task *t)
{
    (void)t;
    if (!w->has_value || strcmp(w->value, "yes") == 0 || strcmp(w->value, "no") == 0)
        return true;
    return mistake(r, w->value_at, "%s is a flag: write it alone, or =yes or =no", k->name);
}

static bool read_flag(struct reader *r, const struct key *k, const struct word *w,
                      struct manifest_task *t)
{
    if (!check_flag(r, k, w, t))
        return false;
    *(bool *)field_of(t, k) = !w->has_value || strcmp(w->value, "yes") == 0;
    return true;
}

/* ---- guests ----------------------------------------------------------------------------------- */

/* One word, for the program to understand. low is unused, high is the size of the field. */
static bool read_word(struct reader *r, const struct key *k, const struct word *w,
                      struct manifest_task *t)
{
    return name_copy(r, w->value_at, w->value, strlen(w->value), field_of(t, k));
}

/* Something that only the program understands: it is just passed on. */
static bool read_any(struct reader *r, const struct key *k, const struct word *w,
                     struct manifest_task *t)
{
    (void)r, (void)k, (void)w, (void)t;
    return true;
}

static bool check_number(struct reader *r, const struct key *k, const struct word *w,
                         struct manifest_task *t)
{
    uint64_t value;
    (void)t;
    return number_item(r, w->value_at, w->value, strlen(w->value), k->low, k->high, &value);
}

static bool check_size(struct reader *r, const struct key *k, const struct word *w,
                       struct manifest_task *t)
{
    uint64_t value;
    (void)t;
    return size_value(r, k, w, &value);
}

/* Names of modules, at most k->high; each is granted once. */
static bool read_modules(struct reader *r, const struct key *k, const struct word *w,
                         struct manifest_task *t)
{
    struct manifest_task names; /* only its field `modules` is used */
    struct key list = {
        .name = k->name, .field = offsetof(struct manifest_task, modules), .high = k->high};
    if (!read_names(r, &list, w, &names))
        return false;
    for (unsigned i = 0; i < names.modules.count; i++) {
        const struct manifest_name *n = &names.modules.item[i];
        if (name_list_has(&t->modules, n->text))
            continue;
        if (t->modules.count == MANIFEST_LIST)
            return mistake(r, n->at, "a guest has at most %u modules", MANIFEST_LIST);
        t->modules.item[t->modules.count++] = *n;
    }
    return true;
}

/* Memory that a guest's pages are carved from: whole large pages, so that they can be mapped as
 * such. */
static bool read_large(struct reader *r, const struct key *k, const struct word *w,
                       struct manifest_task *t)
{
    uint64_t value;
    if (!size_value(r, k, w, &value))
        return false;
    if (value % (2 * MIB))
        return mistake(r, w->value_at, "%.40s is no multiple of 2M", w->value);
    *(uint64_t *)field_of(t, k) = value;
    return true;
}

static bool read_guest_memory(struct reader *r, const struct key *k, const struct word *w,
                              struct manifest_task *t)
{
    t->memory_at = w->value_at;
    return read_large(r, k, w, t);
}

/* Append KEY=VALUE to the arguments, the value in quotes where the manifest would need them. */
static bool args_add(struct reader *r, struct manifest_task *t, struct place at, const char *name,
                     const char *value)
{
    char text[2 * MANIFEST_ARGS];
    size_t n = 0, used = strlen(t->args);
    bool quotes = !*value || strpbrk(value, " \t\"\\") != NULL;
    for (const char *c = value; *c && n < sizeof text - 2; c++) {
        if (*c == '"' || *c == '\\')
            text[n++] = '\\';
        text[n++] = *c;
    }
    text[n] = 0;
    n = (size_t)snprintf(t->args + used, sizeof t->args - used, "%s%s=%s%s%s", used ? " " : "",
                         name, quotes ? "\"" : "", text, quotes ? "\"" : "");
    if (used + n < sizeof t->args)
        return true;
    t->args[used] = 0;
    return mistake(r, at, "what is told to the guest's program is longer than %u bytes",
                   MANIFEST_ARGS - 1);
}

#define FIELD(name) offsetof(struct manifest_task, name)
static const struct key keys[] = {
    /* name      who   value        field                low   high */
    {"program", BOTH, read_names, FIELD(program), 0, 1},
    {"priority", BOTH, read_number, FIELD(priority), 0, 30}, /* root itself has 31 */
    {"budget", BOTH, read_budget, FIELD(budget_ns), 10000, 10000000000},
    {"memory", TASK, read_memory, FIELD(memory), 128 * KIB, 1024 * GIB},
    {"quota", BOTH, read_pages, FIELD(quota), 64 * KIB, 64 * GIB},
    {"driver", TASK, read_flag, FIELD(driver), 0, 0},
    {"admin", TASK, read_flag, FIELD(admin), 0, 0},
    {"args", TASK, read_text, FIELD(args), 0, MANIFEST_ARGS},
    {"serve", TASK, read_names, FIELD(serve), 0, MANIFEST_LIST},
    {"use", TASK, read_names, FIELD(use), 0, MANIFEST_LIST},
    {"irq", TASK, read_numbers, FIELD(irq), 0, 15},
    {"ports", TASK, read_ranges, FIELD(ports), 0, 0xffff},
    {"module", TASK, read_names, FIELD(modules), 0, MANIFEST_LIST},
    {"framebuffer", TASK, read_flag, FIELD(framebuffer), 0, 0},
    {"state", TASK, read_pages, FIELD(state), 4 * KIB, 16 * GIB},
    {"channels", TASK, read_names, FIELD(channel_servers), 0, MANIFEST_LIST},
    {"channel", TASK, read_channels, FIELD(channels), 0, MANIFEST_LIST},
    {"pane", BOTH, read_pane, FIELD(channels), 1, 16},
    {"capacity", BOTH, read_power, FIELD(capacity), 1 * KIB, 1 * MIB},
    {"chord", TASK, read_names, FIELD(chords), 0, 4},

    {"isa", GUEST | PASSED, read_word, FIELD(isa), 0, MANIFEST_NAME},
    {"memory", GUEST | PASSED, read_guest_memory, FIELD(guest_memory), 2 * MIB, 4 * GIB},
    {"overhead", GUEST, read_large, FIELD(overhead), 2 * MIB, 4 * GIB},
    {"board", GUEST | PASSED, read_any, 0, 0, 0},
    {"cpu", GUEST | PASSED, read_any, 0, 0, 0},
    {"backend", GUEST | PASSED, read_any, 0, 0, 0},
    {"kernel", GUEST | PASSED, read_modules, 0, 0, 1},
    {"initrd", GUEST | PASSED, read_modules, 0, 0, 1},
    {"bios", GUEST | PASSED, read_modules, 0, 0, 1},
    {"dtb", GUEST | PASSED, read_modules, 0, 0, 1},
    {"vga-bios", GUEST | PASSED, read_modules, 0, 0, 1},
    {"disk", GUEST | PASSED, read_modules, 0, 0, 4},
    {"cdrom", GUEST | PASSED, read_modules, 0, 0, 4},
    {"append", GUEST | PASSED, read_any, 0, 0, 0},
    {"cache", GUEST | PASSED, check_size, 0, 256 * KIB, 1 * GIB},
    {"block-limit", GUEST | PASSED, check_number, 0, 1, 1024},
    {"windows", GUEST | PASSED, check_number, 0, 1, 64},
    {"dump", GUEST | PASSED, read_any, 0, 0, 0},
    {"random", GUEST | PASSED, check_number, 0, 1, UINT32_MAX},
    {"icount", GUEST | PASSED, check_flag, 0, 0, 0},
    {"stats", GUEST | PASSED, check_flag, 0, 0, 0},
};
enum { KEY_COUNT = sizeof keys / sizeof *keys };
_Static_assert(KEY_COUNT <= 64, "a bit for each key");

static bool is_flag(const struct key *k)
{
    return k->read == read_flag || k->read == check_flag;
}

static bool key_wrong(struct reader *r, const struct word *w, bool guest)
{
    for (unsigned i = 0; i < KEY_COUNT; i++)
        if (strcmp(w->key, keys[i].name) == 0)
            return mistake(r, w->at, guest ? "a guest takes no %s" : "only a guest takes %s",
                           w->key);
    return mistake(r, w->at, "unknown key '%.40s'", w->key);
}

bool key_read(struct reader *r, const struct word *w, struct manifest_task *t)
{
    const struct key *k = keys;
    unsigned who = t->guest ? GUEST : TASK;
    while (k < keys + KEY_COUNT && (strcmp(w->key, k->name) != 0 || !(k->who & who)))
        k++;
    if (k == keys + KEY_COUNT)
        return key_wrong(r, w, t->guest);
    if (t->keys >> (k - keys) & 1)
        return mistake(r, w->at, "%s is given twice", w->key);
    t->keys |= 1ULL << (k - keys);
    if (!w->has_value && !is_flag(k))
        return mistake(r, w->at, "%s needs a value: %s=...", w->key, w->key);
    if (!k->read(r, k, w, t))
        return false;
    return !(k->who & PASSED) || args_add(r, t, w->at, w->key, w->has_value ? w->value : "yes");
}

bool guest_args(struct reader *r, struct manifest_task *t)
{
    char text[24];
    for (unsigned i = 0; i < KEY_COUNT; i++)
        if (keys[i].read == read_guest_memory && t->keys >> i & 1)
            return true;
    snprintf(text, sizeof text, "%lluM", (unsigned long long)(t->guest_memory / MIB));
    return args_add(r, t, t->at, "memory", text);
}
