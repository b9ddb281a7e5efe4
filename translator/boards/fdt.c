/*
 * Writing flattened device trees (Devicetree Specification 0.3, chapter 5).
 *
 *     header | empty reservation map | structure → ...free...  ← strings |
 *
 * The structure grows upwards from its place, names of properties downwards from the buffer's end,
 * each stored once; fdt_finish moves the strings behind the structure. A string's offset counts
 * from the end meanwhile and is turned around at the end. All numbers are big-endian.
 */
#include <translator/boards/fdt.h>

#include <string.h>

#define MAGIC       0xd00dfeedu
#define VERSION     17u
#define COMPATIBLE  16u /* oldest version a reader must know */
#define HEADER      40u
#define RESERVATION 16u /* one entry of zeros ends the map */

enum token { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, END = 9 }; /* 5.4.1 */

static void put32(uint8_t *to, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> 8 * (3 - i));
}

static uint32_t get32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* Append bytes and pad to a cell. */
static void append(struct fdt *f, const void *value, size_t bytes)
{
    size_t padded = (bytes + 3) & ~(size_t)3;
    if (f->failed || bytes > f->size || padded > f->size - f->strings - f->used) {
        f->failed = true;
        return;
    }
    memset(f->to + f->used, 0, padded);
    if (bytes != 0)
        memcpy(f->to + f->used, value, bytes);
    f->used += padded;
}

static void append32(struct fdt *f, uint32_t v)
{
    uint8_t cell[4];
    put32(cell, v);
    append(f, cell, sizeof cell);
}

void fdt_start(struct fdt *f, void *to, size_t size)
{
    static const uint8_t zeros[HEADER + RESERVATION];
    *f = (struct fdt){.to = to, .size = size};
    append(f, zeros, sizeof zeros);
    fdt_node(f, "");
}

void fdt_node(struct fdt *f, const char *name)
{
    append32(f, BEGIN_NODE);
    append(f, name, strlen(name) + 1);
    f->depth++;
}

void fdt_end_node(struct fdt *f)
{
    if (f->depth == 0)
        f->failed = true;
    else
        f->depth--;
    append32(f, END_NODE);
}

/* The distance of the name's first byte from the buffer's end; added if it is not there. */
static uint32_t string_at(struct fdt *f, const char *name)
{
    size_t bytes = strlen(name) + 1;
    const char *end = (const char *)f->to + f->size;
    for (const char *s = end - f->strings; s < end; s += strlen(s) + 1)
        if (strcmp(s, name) == 0)
            return (uint32_t)(end - s);
    if (f->failed || bytes > f->size - f->strings - f->used) {
        f->failed = true;
        return 0;
    }
    f->strings += bytes;
    memcpy(f->to + f->size - f->strings, name, bytes);
    return (uint32_t)f->strings;
}

void fdt_property(struct fdt *f, const char *name, const void *value, size_t bytes)
{
    append32(f, PROPERTY);
    append32(f, (uint32_t)bytes);
    append32(f, string_at(f, name));
    append(f, value, bytes);
}

void fdt_empty(struct fdt *f, const char *name)
{
    fdt_property(f, name, NULL, 0);
}

void fdt_string(struct fdt *f, const char *name, const char *value)
{
    fdt_property(f, name, value, strlen(value) + 1);
}

void fdt_strings(struct fdt *f, const char *name, const char *values)
{
    char list[128];
    size_t bytes = strlen(values) + 1;
    if (bytes > sizeof list) {
        f->failed = true;
        return;
    }
    for (size_t i = 0; i < bytes; i++)
        list[i] = values[i] == '|' ? '\0' : values[i];
    fdt_property(f, name, list, bytes);
}

void fdt_cells(struct fdt *f, const char *name, const uint32_t *cells, unsigned count)
{
    append32(f, PROPERTY);
    append32(f, count * 4);
    append32(f, string_at(f, name));
    for (unsigned i = 0; i < count; i++)
        append32(f, cells[i]);
}

void fdt_cell(struct fdt *f, const char *name, uint32_t value)
{
    fdt_cells(f, name, &value, 1);
}

void fdt_reg(struct fdt *f, uint64_t address, uint64_t bytes)
{
    fdt_cells(f, "reg",
              (const uint32_t[]){(uint32_t)(address >> 32), (uint32_t)address,
                                 (uint32_t)(bytes >> 32), (uint32_t)bytes},
              4);
}

void fdt_chosen(struct fdt *f, const struct fdt_changes *c)
{
    if (c->bootargs != NULL && c->bootargs[0] != '\0')
        fdt_string(f, "bootargs", c->bootargs);
    if (c->seed != NULL)
        fdt_property(f, "rng-seed", c->seed, 32);
    if (c->initrd == 0)
        return;
    fdt_cells(f, "linux,initrd-start",
              (const uint32_t[]){(uint32_t)(c->initrd >> 32), (uint32_t)c->initrd}, 2);
    fdt_cells(f, "linux,initrd-end",
              (const uint32_t[]){(uint32_t)(c->initrd_end >> 32), (uint32_t)c->initrd_end}, 2);
}

/* Turn string distances into offsets from the first string. */
static void fix_strings(struct fdt *f)
{
    for (size_t at = HEADER + RESERVATION; at < f->used;) {
        uint32_t token = get32(f->to + at);
        at += 4;
        if (token == BEGIN_NODE) {
            at += (strlen((const char *)f->to + at) + 4) & ~(size_t)3;
        } else if (token == PROPERTY) {
            put32(f->to + at + 4, (uint32_t)f->strings - get32(f->to + at + 4));
            at += 8 + ((get32(f->to + at) + 3) & ~3u);
        }
    }
}

size_t fdt_finish(struct fdt *f)
{
    fdt_end_node(f);
    append32(f, END);
    if (f->failed || f->depth != 0)
        return 0;
    fix_strings(f);
    memmove(f->to + f->used, f->to + f->size - f->strings, f->strings);
    const uint32_t header[HEADER / 4] = {
        /* 5.2 */
        MAGIC,
        (uint32_t)(f->used + f->strings), /* total size */
        HEADER + RESERVATION,             /* structure */
        (uint32_t)f->used,                /* strings */
        HEADER,                           /* reservation map */
        VERSION,
        COMPATIBLE,
        0, /* boot CPU */
        (uint32_t)f->strings,
        (uint32_t)(f->used - HEADER - RESERVATION),
    };
    for (unsigned i = 0; i < HEADER / 4; i++)
        put32(f->to + 4 * i, header[i]);
    return f->used + f->strings;
}
