/*
 * Copying a device tree that the user supplies, with what only the machine knows.
 *
 * The rule: the tree is kept as it is, but for a few things. Memory nodes (children of the root
 * called memory or memory@...) are replaced by one that says what RAM there is. bootargs, rng-seed and
 * linux,initrd-start/-end in /chosen are replaced where the machine has a value; /chosen is made if
 * the tree has none. A memory reservation map is lost.
 *
 * The source is somebody's file: every offset and length is checked against its size before use,
 * names must end, nesting is counted and properties precede subnodes (5.4.2). `parse` is the
 * only reader, one token at a time.
 */
#include <translator/boards/fdt.h>

#include <stdio.h>
#include <string.h>

#define MAGIC 0xd00dfeedu
#define DEPTH 32

enum token { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, END = 9 };

struct source {
    const uint8_t *structure, *strings;
    size_t structure_bytes, strings_bytes;
    size_t at;
    const char *wrong; /* NULL: well so far */
    /* the token read last */
    const char *name;
    const uint8_t *value;
    uint32_t bytes;
};

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A part of the file, bounded by its total size. */
static bool part(const uint8_t *from, size_t total, uint32_t offset, uint32_t bytes,
                 const uint8_t **start, size_t *length)
{
    *start = from + offset;
    *length = bytes;
    return offset <= total && bytes <= total - offset;
}

static const char *open_source(struct source *s, const uint8_t *from, size_t bytes)
{
    *s = (struct source){0};
    if (bytes < 40 || get32(from) != MAGIC)
        return "it is not a flattened device tree";
    size_t total = get32(from + 4);
    if (total > bytes)
        return "it is cut off";
    if (get32(from + 20) < 17 || get32(from + 24) > 17)
        return "its version is not 17";
    if (!part(from, total, get32(from + 8), get32(from + 36), &s->structure, &s->structure_bytes) ||
        !part(from, total, get32(from + 12), get32(from + 32), &s->strings, &s->strings_bytes))
        return "its header names places outside of it";
    return NULL;
}

static enum token bad(struct source *s, const char *why)
{
    s->wrong = why;
    return END;
}

/* The next token; END also after an error, with s->wrong set. */
static enum token parse(struct source *s)
{
    uint32_t token;
    do {
        if (s->structure_bytes - s->at < 4)
            return bad(s, "its structure has no end");
        token = get32(s->structure + s->at);
        s->at += 4;
    } while (token == NOP);
    size_t left = s->structure_bytes - s->at, take = 0;
    const uint8_t *here = s->structure + s->at;
    if (token == BEGIN_NODE) {
        s->name = (const char *)here;
        take = strnlen(s->name, left) + 1;
    } else if (token == PROPERTY) {
        if (left < 8)
            return bad(s, "a property is cut off");
        s->bytes = get32(here);
        uint32_t name = get32(here + 4);
        if (name >= s->strings_bytes ||
            memchr(s->strings + name, 0, s->strings_bytes - name) == NULL)
            return bad(s, "a property has no name");
        s->name = (const char *)s->strings + name;
        s->value = here + 8;
        take = 8 + (size_t)s->bytes;
    } else if (token != END_NODE && token != END) {
        return bad(s, "it has an unknown token");
    }
    if (take > left)
        return bad(s, "a node or property is cut off");
    take = (take + 3) & ~(size_t)3;
    s->at += take < left ? take : left;
    return (enum token)token;
}

static bool is_memory(const char *name)
{
    return strncmp(name, "memory", 6) == 0 && (name[6] == '\0' || name[6] == '@');
}

static bool replaced(const char *property, const struct fdt_changes *c)
{
    if (strcmp(property, "bootargs") == 0)
        return c->bootargs != NULL && c->bootargs[0] != '\0';
    if (strcmp(property, "rng-seed") == 0)
        return c->seed != NULL;
    return strncmp(property, "linux,initrd-", 13) == 0 && c->initrd != 0;
}

struct copy {
    struct source s;
    struct fdt f;
    const struct fdt_changes *c;
    unsigned depth;   /* of nodes in the source */
    unsigned skipped; /* not 0: depth at which a memory node began */
    unsigned chosen;  /* not 0: depth at which /chosen began */
    bool had_chosen;
    uint32_t cells[2]; /* the root's #address-cells and #size-cells */
};

static void put_value(uint32_t *cells, unsigned *count, uint32_t width, uint64_t value)
{
    if (width == 2)
        cells[(*count)++] = (uint32_t)(value >> 32);
    cells[(*count)++] = (uint32_t)value;
}

static void add_memory(struct copy *y)
{
    uint32_t cells[4];
    unsigned count = 0;
    char name[32];
    snprintf(name, sizeof name, "memory@%llx", (unsigned long long)y->c->memory_base);
    put_value(cells, &count, y->cells[0], y->c->memory_base);
    put_value(cells, &count, y->cells[1], y->c->memory_bytes);
    fdt_node(&y->f, name);
    fdt_string(&y->f, "device_type", "memory");
    fdt_cells(&y->f, "reg", cells, count);
    fdt_end_node(&y->f);
}

static void begin_node(struct copy *y)
{
    y->depth++;
    if (y->depth > DEPTH)
        y->s.wrong = "its nodes are nested too deeply";
    if (y->skipped == 0 && y->depth == 2 && is_memory(y->s.name))
        y->skipped = y->depth;
    if (y->skipped != 0 || y->depth == 1)
        return; /* fdt_start has made the root */
    fdt_node(&y->f, y->s.name);
    if (y->depth == 2 && strcmp(y->s.name, "chosen") == 0) {
        y->chosen = y->depth;
        if (!y->had_chosen)
            fdt_chosen(&y->f, y->c);
        y->had_chosen = true;
    }
}

static void end_node(struct copy *y)
{
    if (y->depth == 0) {
        y->s.wrong = "it ends more nodes than it has";
        return;
    }
    if (y->skipped == 0 && y->depth > 1)
        fdt_end_node(&y->f);
    if (y->skipped == y->depth)
        y->skipped = 0;
    if (y->chosen == y->depth)
        y->chosen = 0;
    y->depth--;
}

static void property(struct copy *y)
{
    const struct source *s = &y->s;
    if (y->depth == 0)
        y->s.wrong = "it has a property outside of nodes";
    if (y->depth == 1 && s->bytes == 4 && strcmp(s->name, "#address-cells") == 0)
        y->cells[0] = get32(s->value);
    if (y->depth == 1 && s->bytes == 4 && strcmp(s->name, "#size-cells") == 0)
        y->cells[1] = get32(s->value);
    if (y->skipped == 0 && !(y->chosen == y->depth && replaced(s->name, y->c)))
        fdt_property(&y->f, s->name, s->value, s->bytes);
}

/* All tokens up to END. */
static void copy_tokens(struct copy *y)
{
    unsigned roots = 0;
    for (;;) {
        switch (parse(&y->s)) {
        case BEGIN_NODE:
            roots += y->depth == 0;
            begin_node(y);
            break;
        case END_NODE:
            end_node(y);
            break;
        case PROPERTY:
            property(y);
            break;
        default:
            if (y->s.wrong == NULL && (y->depth != 0 || roots != 1))
                y->s.wrong = "its nodes do not end";
            return;
        }
        if (y->s.wrong != NULL)
            return;
    }
}

size_t fdt_copy(const void *from, size_t from_bytes, const struct fdt_changes *c, void *to,
                size_t size, char *error, size_t error_size)
{
    struct copy y = {.c = c, .cells = {2, 1}}; /* defaults of 2.3.5 */
    const char *wrong = open_source(&y.s, from, from_bytes);
    if (wrong == NULL) {
        fdt_start(&y.f, to, size);
        copy_tokens(&y);
        wrong = y.s.wrong;
    }
    if (wrong == NULL && (y.cells[0] - 1 > 1 || y.cells[1] - 1 > 1))
        wrong = "its addresses and sizes do not have one or two cells";
    size_t bytes = 0;
    if (wrong == NULL) {
        add_memory(&y);
        if (!y.had_chosen) {
            fdt_node(&y.f, "chosen");
            fdt_chosen(&y.f, c);
            fdt_end_node(&y.f);
        }
        bytes = fdt_finish(&y.f);
        if (bytes == 0)
            wrong = "it is too big";
    }
    if (wrong != NULL)
        snprintf(error, error_size, "the device tree cannot be used: %s", wrong);
    return bytes;
}
