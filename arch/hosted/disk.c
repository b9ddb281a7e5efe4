/*
 * A disk on an image file, or on a block device. Transfers are whole or fail; the vCPU's thread
 * makes them itself. The file is locked: one writer, or any number of readers.
 */
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512u

struct image {
    struct disk disk;
    int file;
};

static bool inside(const struct disk *d, uint64_t offset, size_t count)
{
    return offset <= d->bytes && count <= d->bytes - offset;
}

/* All of count bytes at offset, to or from `at`. */
static bool transfer(const struct disk *d, bool write, uint64_t offset, uint8_t *at, size_t count)
{
    const struct image *i = d->private;
    if (!inside(d, offset, count))
        return false;
    while (count > 0) {
        ssize_t n = write ? pwrite(i->file, at, count, (off_t)offset)
                          : pread(i->file, at, count, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        offset += (uint64_t)n;
        count -= (size_t)n;
    }
    return true;
}

static bool disk_read(struct disk *d, uint64_t offset, void *to, size_t count)
{
    return transfer(d, false, offset, to, count);
}

static bool disk_write(struct disk *d, uint64_t offset, const void *from, size_t count)
{
    return !d->read_only && transfer(d, true, offset, (uint8_t *)(uintptr_t)from, count);
}

static bool disk_flush(struct disk *d)
{
    struct image *i = d->private;
    return d->read_only || fdatasync(i->file) == 0;
}

/* Why a file is no disk, in words behind its name; NULL if it is one. */
static const char *refuse(int file, bool read_only, uint64_t *bytes)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return strerror(errno);
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return "it is neither a file nor a block device";
    if (flock(file, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? "another program uses it" : strerror(errno);
    off_t end = lseek(file, 0, SEEK_END);
    if (end < 0)
        return strerror(errno);
    if (end == 0)
        return "it is empty";
    if (end % SECTOR != 0)
        return "its size is not a multiple of 512 bytes";
    *bytes = (uint64_t)end;
    return NULL;
}

struct disk *disk_open(const char *path, bool read_only, char *error, size_t size)
{
    int file = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    uint64_t bytes = 0;
    const char *why = file < 0 ? strerror(errno) : refuse(file, read_only, &bytes);
    struct image *i = why == NULL ? calloc(1, sizeof *i) : NULL;
    if (i == NULL) {
        snprintf(error, size, "--disk: \"%s\" cannot be used%s: %s", path,
                 read_only ? "" : " for reading and writing",
                 why != NULL ? why : "there is no memory");
        if (file >= 0)
            close(file);
        return NULL;
    }
    i->file = file;
    i->disk = (struct disk){.bytes = bytes,
                            .read_only = read_only,
                            .read = disk_read,
                            .write = disk_write,
                            .flush = disk_flush,
                            .private = i};
    return &i->disk;
}

void disk_close(struct disk *d)
{
    struct image *i = d->private;
    close(i->file);
    free(i);
}
