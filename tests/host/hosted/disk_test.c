/* A disk on a file: sizes, transfers, locks, rights. */
#include "test.h"

#include <arch/hosted/devices.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/tetrapla-disk-XXXXXX";
static char error[300];

static void refused(const char *name, const char *file, const char *why)
{
    struct disk *d = disk_open(file, false, error, sizeof error);
    result(name, d == NULL && strstr(error, why) != NULL && strstr(error, file) != NULL, "%s",
           d != NULL ? "opened" : error);
    if (d != NULL)
        disk_close(d);
}

static void transfers(struct disk *d)
{
    uint8_t out[1536], in[1536];
    bool good = d->bytes == 8192 && !d->read_only;
    for (unsigned i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)(i * 7);
    good = good && d->write(d, 512, out, sizeof out) && d->flush(d) &&
           d->read(d, 512, in, sizeof in) && memcmp(in, out, sizeof in) == 0;
    result("disk transfers", good, "what was read is not what was written");
    good = d->write(d, 8192 - 512, out, 512) && !d->write(d, 8192 - 512, out, 1024) &&
           !d->read(d, 8192, in, 512) && !d->read(d, UINT64_MAX - 511, in, 1024);
    result("disk bounds", good, "a transfer beyond the end");
}

void disk_tests(void)
{
    int file = mkstemp(path);
    if (file < 0 || ftruncate(file, 8192) != 0) {
        result("disk file", false, "cannot be made");
        return;
    }
    struct disk *d = disk_open(path, false, error, sizeof error);
    if (result("disk open", d != NULL, "%s", error)) {
        transfers(d);
        refused("disk locked", path, "another program uses it");
        disk_close(d);
    }
    struct disk *one = disk_open(path, true, error, sizeof error);
    struct disk *two = disk_open(path, true, error, sizeof error);
    result("disk two readers", one != NULL && two != NULL, "%s", error);
    result("disk read-only", one != NULL && one->read_only && !one->write(one, 0, error, 512),
           "written");
    refused("disk locked by readers", path, "another program uses it");
    if (one != NULL)
        disk_close(one);
    if (two != NULL)
        disk_close(two);
    refused("disk missing", "/nowhere/at/all", "No such file");
    refused("disk folder", "/tmp", "");
    refused("disk device", "/dev/null", "neither a file nor a block device");
    result("disk resize", ftruncate(file, 1000) == 0, "failed");
    refused("disk odd size", path, "not a multiple of 512");
    result("disk resize to nothing", ftruncate(file, 0) == 0, "failed");
    refused("disk empty", path, "it is empty");
    close(file);
    unlink(path);
}
