/*
 * Firmware configuration: a 16-bit write of the selector chooses an item, and each read of the data
 * port gives its next byte; past the end, or of an item there is not, 0. Files are items from 20h on
 * that the directory, item 19h, gives names to; numbers in the directory are big-endian.
 */
#include <translator/devices/fw_cfg.h>

#include <stdlib.h>
#include <string.h>

#include <translator/devices/common.h>

#define ITEMS      24u
#define NAME_BYTES 56u
#define ENTRY      64u

struct item {
    uint16_t key;
    uint8_t *bytes;
    size_t count;
};

struct fw_cfg {
    struct vm *vm;
    struct item item[ITEMS];
    unsigned items, files;
    uint8_t directory[4 + ITEMS * ENTRY];
    uint16_t selected;
    size_t at;
};

bool fw_cfg_item(struct fw_cfg *f, uint16_t key, const void *bytes, size_t count)
{
    if (f->items == ITEMS)
        return false;
    struct item *i = &f->item[f->items];
    i->bytes = malloc(count != 0 ? count : 1);
    if (i->bytes == NULL)
        return false;
    memcpy(i->bytes, bytes, count);
    i->key = key;
    i->count = count;
    f->items++;
    return true;
}

bool fw_cfg_file(struct fw_cfg *f, const char *name, const void *bytes, size_t count)
{
    uint16_t key = (uint16_t)(FW_CFG_FILES + f->files);
    if (strlen(name) >= NAME_BYTES || !fw_cfg_item(f, key, bytes, count))
        return false;
    uint8_t *e = f->directory + 4 + f->files++ * ENTRY;
    for (unsigned i = 0; i < 4; i++) {
        e[i] = (uint8_t)(count >> 8 * (3 - i));
        f->directory[i] = (uint8_t)(f->files >> 8 * (3 - i));
    }
    e[4] = (uint8_t)(key >> 8);
    e[5] = (uint8_t)key;
    strcpy((char *)e + 8, name);
    return true;
}

static uint8_t next_byte(struct fw_cfg *f)
{
    size_t at = f->at++;
    if (f->selected == FW_CFG_DIRECTORY)
        return at < 4 + f->files * ENTRY ? f->directory[at] : 0;
    for (unsigned i = 0; i < f->items; i++)
        if (f->item[i].key == f->selected)
            return at < f->item[i].count ? f->item[i].bytes[at] : 0;
    return 0;
}

static uint64_t fw_cfg_read(void *device, uint32_t offset, unsigned size)
{
    (void)size;
    return offset == 1 ? next_byte(device) : 0;
}

static void fw_cfg_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct fw_cfg *f = device;
    if (offset != 0 || size != 2)
        return; /* data are read only */
    f->selected = (uint16_t)value;
    f->at = 0;
}

const struct device_ops fw_cfg_ops = {fw_cfg_read, fw_cfg_write};

static uint64_t fw_cfg_read_memory(void *device, uint32_t offset, unsigned size)
{
    return size == 1 && offset == 2 ? next_byte(device) : 0;
}

const struct device_ops fw_cfg_memory_ops = {fw_cfg_read_memory, fw_cfg_write};

void fw_cfg_reset(struct fw_cfg *f)
{
    f->selected = 0;
    f->at = 0;
}

struct fw_cfg *fw_cfg_create(struct vm *vm)
{
    struct fw_cfg *f = calloc(1, sizeof *f);
    if (f != NULL)
        f->vm = vm;
    return f;
}

void fw_cfg_delete(struct fw_cfg *f)
{
    for (unsigned i = 0; f != NULL && i < f->items; i++)
        free(f->item[i].bytes);
    free(f);
}
