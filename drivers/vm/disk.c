/*
 * A disk on a module. The module is read-only and shared with whoever else was granted it; what the guest
 * writes goes to copies of 64 KiB pieces on the task's heap, and is gone when the task ends. A write
 * that finds no memory for its piece fails as on a broken disk, and leaves the disk as it was.
 *
 * Only the vCPU's thread comes here.
 */
#include "vm_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512u
#define PIECE  (64ull << 10)

struct module_disk {
    struct disk disk;
    const uint8_t *image;
    bool full;       /* said that there is no memory */
    uint8_t *copy[]; /* by piece; NULL: as in the image */
};

/* Where the bytes at `offset` are now, and how many of them lie there together. */
static const uint8_t *at(const struct module_disk *m, uint64_t offset, size_t *count)
{
    const uint8_t *copy = m->copy[offset / PIECE];
    uint64_t rest = PIECE - offset % PIECE;
    if (*count > rest)
        *count = rest;
    return copy != NULL ? copy + offset % PIECE : m->image + offset;
}

static bool inside(const struct disk *d, uint64_t offset, size_t count)
{
    return offset <= d->bytes && count <= d->bytes - offset;
}

static bool disk_read(struct disk *d, uint64_t offset, void *to, size_t count)
{
    if (!inside(d, offset, count))
        return false;
    for (size_t n; count > 0; offset += n, to = (uint8_t *)to + n, count -= n) {
        n = count;
        memcpy(to, at(d->private, offset, &n), n);
    }
    return true;
}

/* Copies of all pieces that the bytes lie in; false: there is no memory. */
static bool copy_pieces(struct module_disk *m, uint64_t offset, size_t count)
{
    for (uint64_t n = offset / PIECE; n * PIECE < offset + count; n++) {
        uint64_t rest = m->disk.bytes - n * PIECE;
        if (m->copy[n] != NULL)
            continue;
        m->copy[n] = malloc(PIECE);
        if (m->copy[n] == NULL) {
            if (!m->full)
                printf("no memory for what the guest writes to its disk (overhead=)\n");
            m->full = true;
            return false;
        }
        memcpy(m->copy[n], m->image + n * PIECE, rest < PIECE ? rest : PIECE);
    }
    return true;
}

static bool disk_write(struct disk *d, uint64_t offset, const void *from, size_t count)
{
    struct module_disk *m = d->private;
    if (d->read_only || !inside(d, offset, count) || !copy_pieces(m, offset, count))
        return false;
    for (size_t n; count > 0; offset += n, from = (const uint8_t *)from + n, count -= n) {
        n = count;
        uint8_t *to = m->copy[offset / PIECE] + offset % PIECE;
        at(m, offset, &n);
        memcpy(to, from, n);
    }
    return true;
}

static bool disk_flush(struct disk *d)
{
    (void)d;
    return true;
}

struct disk *disk_on_module(const struct vm_image *module, bool cdrom, char *error, size_t size)
{
    size_t pieces = (module->bytes + PIECE - 1) / PIECE;
    if (module->bytes == 0 || module->bytes % SECTOR != 0) {
        snprintf(error, size,
                 "module \"%.40s\" is no disk image: %zu bytes are no whole sectors of %u",
                 module->name, module->bytes, SECTOR);
        return NULL;
    }
    struct module_disk *m = calloc(1, sizeof *m + pieces * sizeof m->copy[0]);
    if (m == NULL) {
        snprintf(error, size, "no memory for a disk on module \"%.40s\"", module->name);
        return NULL;
    }
    m->image = module->data;
    m->disk = (struct disk){.bytes = module->bytes,
                            .read_only = cdrom,
                            .cdrom = cdrom,
                            .read = disk_read,
                            .write = disk_write,
                            .flush = disk_flush,
                            .private = m};
    return &m->disk;
}
