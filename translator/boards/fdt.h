/*
 * Flattened device trees (Devicetree Specification 0.3, chapter 5): writing one, and copying one
 * with changes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A tree being written. Errors (no room, nesting) are remembered; fdt_finish reports them. */
struct fdt {
    uint8_t *to;
    size_t size; /* of the buffer: structure grows from its start, strings from its end */
    size_t used; /* bytes of header, reservation map and structure so far */
    size_t strings;
    unsigned depth;
    bool failed;
};

void fdt_start(struct fdt *f, void *to, size_t size);
void fdt_node(struct fdt *f, const char *name);
void fdt_end_node(struct fdt *f);
void fdt_property(struct fdt *f, const char *name, const void *value, size_t bytes);
void fdt_empty(struct fdt *f, const char *name);
void fdt_string(struct fdt *f, const char *name, const char *value);
/* Several strings: separated by '|' in `values`. */
void fdt_strings(struct fdt *f, const char *name, const char *values);
void fdt_cell(struct fdt *f, const char *name, uint32_t value);
void fdt_cells(struct fdt *f, const char *name, const uint32_t *cells, unsigned count);
/* A (address, size) pair as two cells each. */
void fdt_reg(struct fdt *f, uint64_t address, uint64_t bytes);
/* Complete the blob at `to`; its length, 0 if anything failed. */
size_t fdt_finish(struct fdt *f);

/* What the machine adds to a tree that the user supplies. */
struct fdt_changes {
    uint64_t memory_base, memory_bytes; /* replaces all memory nodes */
    const char *bootargs;               /* NULL or "": as the tree has it */
    uint64_t initrd, initrd_end;        /* both 0: as the tree has it */
    const uint8_t *seed; /* 32 random bytes for the guest; NULL: as the tree has it */
};
/* Copy the tree at from, which is checked, with the changes. Its length; 0 and a sentence in error
 * if it is malformed or does not fit. */
size_t fdt_copy(const void *from, size_t from_bytes, const struct fdt_changes *c, void *to,
                size_t size, char *error, size_t error_size);
/* What all chosen nodes of ours hold. */
void fdt_chosen(struct fdt *f, const struct fdt_changes *c);
