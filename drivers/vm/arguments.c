/*
 * The words of a guest line, as root hands them on: KEY=VALUE, or a flag's name alone.
 *
 * A key is one row: its name, the function that reads its value, the field of struct vm_config. What a
 * value means to the board (names, sizes) is checked by vm_create, which says what is acceptable.
 */
#include "vm_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tetrapla/task.h>

struct argument {
    const char *name;
    bool (*read)(void *field, char *value, char *error, size_t size);
    size_t field; /* offset in struct vm_config */
};

static bool read_text(void *field, char *value, char *error, size_t size)
{
    (void)error, (void)size;
    *(const char **)field = value;
    return true;
}

static bool number(const char *value, uint64_t *out, char **end)
{
    *out = strtoull(value, end, 0);
    return *end != value && value[0] != '-';
}

static bool read_size(void *field, char *value, char *error, size_t size)
{
    static const struct {
        char suffix;
        unsigned shift;
    } units[] = {{'K', 10}, {'M', 20}, {'G', 30}};
    uint64_t n;
    char *end;
    bool good = number(value, &n, &end);
    for (unsigned i = 0; good && i < sizeof units / sizeof *units; i++)
        if (*end == units[i].suffix && n < 1ull << (63 - units[i].shift)) {
            n <<= units[i].shift;
            end++;
            break;
        }
    if (!good || *end != 0) {
        snprintf(error, size, "\"%.40s\" is no size: a number with K, M or G", value);
        return false;
    }
    *(uint64_t *)field = n;
    return true;
}

static bool read_number(void *field, char *value, char *error, size_t size)
{
    uint64_t n;
    char *end;
    if (!number(value, &n, &end) || *end != 0 || n > UINT32_MAX) {
        snprintf(error, size, "\"%.40s\" is no number", value);
        return false;
    }
    *(unsigned *)field = (unsigned)n;
    return true;
}

static bool read_flag(void *field, char *value, char *error, size_t size)
{
    bool yes = value == NULL || strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0) {
        snprintf(error, size, "\"%.40s\" is neither yes nor no", value);
        return false;
    }
    *(bool *)field = yes;
    return true;
}

static bool find_module(char *value, struct vm_image *to, char *error, size_t size)
{
    const struct grant *g = grant_find(value, GRANT_MODULE);
    if (g == NULL) {
        snprintf(error, size, "there is no module \"%.40s\"", value);
        return false;
    }
    *to = (struct vm_image){(const void *)g->va, g->bytes, value};
    return true;
}

static bool read_image(void *field, char *value, char *error, size_t size)
{
    return find_module(value, field, error, size);
}

/* Names with commas between them, into the first places that are free. */
static bool add_disks(struct disk **to, char *value, bool cdrom, char *error, size_t size)
{
    for (char *next; value != NULL; value = next) {
        struct vm_image image;
        unsigned n = 0;
        next = strchr(value, ',');
        if (next != NULL)
            *next++ = 0;
        while (n < VM_DISKS && to[n] != NULL)
            n++;
        if (n == VM_DISKS) {
            snprintf(error, size, "a guest has at most %u disks and CDs", VM_DISKS);
            return false;
        }
        if (!find_module(value, &image, error, size))
            return false;
        to[n] = disk_on_module(&image, cdrom, error, size);
        if (to[n] == NULL)
            return false;
    }
    return true;
}

static bool read_disks(void *field, char *value, char *error, size_t size)
{
    return add_disks(field, value, false, error, size);
}

static bool read_cdroms(void *field, char *value, char *error, size_t size)
{
    return add_disks(field, value, true, error, size);
}

#define FIELD(name) offsetof(struct vm_config, name)
static const struct argument arguments[] = {
    {"isa", read_text, FIELD(guest)},
    {"board", read_text, FIELD(board)},
    {"cpu", read_text, FIELD(cpu)},
    {"backend", read_text, FIELD(backend)},
    {"memory", read_size, FIELD(memory)},
    {"kernel", read_image, FIELD(kernel)},
    {"initrd", read_image, FIELD(initrd)},
    {"bios", read_image, FIELD(bios)},
    {"vga-bios", read_image, FIELD(vga_bios)},
    {"dtb", read_image, FIELD(dtb)},
    {"disk", read_disks, FIELD(disk)},
    {"cdrom", read_cdroms, FIELD(disk)},
    {"append", read_text, FIELD(append)},
    {"cache", read_size, FIELD(cache_bytes)},
    {"windows", read_number, FIELD(windows)},
    {"block-limit", read_number, FIELD(block_limit)},
    {"random", read_number, FIELD(random)},
    {"dump", read_text, FIELD(dump)},
    {"icount", read_flag, FIELD(icount)},
    {"stats", read_flag, FIELD(stats)},
};

/* Cut the next word off *text: *value is what follows its '=', without quotes, or NULL. NULL: no more. */
static char *next_word(char **text, char **value)
{
    char *at = *text + strspn(*text, " "), *word = at;
    if (*at == 0)
        return NULL;
    at += strcspn(at, " =");
    *value = NULL;
    if (*at == '=') {
        *at++ = 0;
        bool quoted = *at == '"';
        *value = at += quoted;
        char *to = at; /* \" and \\ lose their backslash in place */
        for (; *at != 0 && *at != (quoted ? '"' : ' '); at++) {
            if (quoted && *at == '\\' && at[1] != 0)
                at++;
            *to++ = *at;
        }
        at += quoted && *at != 0;
        *text = at + (*at != 0);
        *to = 0;
        return word;
    }
    *text = at + (*at != 0);
    *at = 0;
    return word;
}

static bool read_word(const char *key, char *value, struct vm_config *c, char *error, size_t size)
{
    for (unsigned i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        const struct argument *a = &arguments[i];
        char why[200];
        if (strcmp(a->name, key) != 0)
            continue;
        if (value == NULL && a->read != read_flag)
            snprintf(why, sizeof why, "a value is missing");
        else if (a->read((char *)c + a->field, value, why, sizeof why))
            return true;
        snprintf(error, size, "%s=: %s", key, why);
        return false;
    }
    snprintf(error, size, "unknown key \"%.40s\"", key);
    return false;
}

bool arguments_read(char *text, struct vm_config *c, char *error, size_t size)
{
    char *word, *value;
    while ((word = next_word(&text, &value)) != NULL)
        if (!read_word(word, value, c, error, size))
            return false;
    return true;
}
