/*
 * ATA disks: the general feature set of ATA/ATAPI-4 (T13/1153D), with 48-bit addresses of ATA-6 and
 * Ultra DMA 5.
 *
 * A command is a row: which direction, PIO or DMA, 28 or 48 bits. Sectors are read into the buffer when a
 * block is to be offered, and written when a block is full, so an error is reported with the sector it
 * was at. What the table does not have is aborted, as the standard wants it.
 */
#include "ide_state.h"

#include <string.h>

#define LBA28_MAX 0x0fffffffu

enum kind { READ, WRITE, READ_DMA, WRITE_DMA, VERIFY };

/* clang-format off */
static const struct row {
    uint8_t command, kind;
    bool lba48, multiple;
} rows[] = { /* ATA/ATAPI-4 table 8; 48-bit: ATA/ATAPI-6 table 26 */
    {0x20, READ, false, false},  {0x21, READ, false, false},  {0x24, READ, true, false},
    {0x29, READ, true, true},    {0xc4, READ, false, true},
    {0x30, WRITE, false, false}, {0x31, WRITE, false, false}, {0x34, WRITE, true, false},
    {0x39, WRITE, true, true},   {0xc5, WRITE, false, true},
    {0xc8, READ_DMA, false, false},  {0xc9, READ_DMA, false, false},  {0x25, READ_DMA, true, false},
    {0xca, WRITE_DMA, false, false}, {0xcb, WRITE_DMA, false, false}, {0x35, WRITE_DMA, true, false},
    {0x40, VERIFY, false, false}, {0x41, VERIFY, false, false}, {0x42, VERIFY, true, false},
};
/* clang-format on */

static uint64_t disk_sectors(const struct ide_drive *d)
{
    return d->disk->bytes / SECTOR;
}

/* ---- addresses ------------------------------------------------------------------------------------- */

static uint64_t chs_sector(const struct ide_drive *d)
{
    unsigned cylinder = d->reg[R_LBA1] | d->reg[R_LBA2] << 8, head = d->reg[R_DEVICE] & 15;
    if (d->reg[R_LBA0] == 0 || d->sectors == 0 || d->heads == 0)
        return UINT64_MAX;
    return ((uint64_t)cylinder * d->heads + head) * d->sectors + d->reg[R_LBA0] - 1;
}

/* Take address and count from the task file; false: not on the disk. */
static bool take_address(struct ide_drive *d, bool lba48)
{
    const uint8_t *r = d->reg, *p = d->previous;
    uint64_t low = r[R_LBA0] | (uint64_t)r[R_LBA1] << 8 | (uint64_t)r[R_LBA2] << 16;
    d->lba48 = lba48;
    if (lba48) {
        d->sector = low | (uint64_t)(p[R_LBA0] | p[R_LBA1] << 8 | (uint32_t)p[R_LBA2] << 16) << 24;
        d->left = r[R_COUNT] | (unsigned)p[R_COUNT] << 8;
        d->left = d->left == 0 ? 0x10000 : d->left;
    } else {
        d->sector =
            r[R_DEVICE] & DEV_LBA ? low | (uint64_t)(r[R_DEVICE] & 15) << 24 : chs_sector(d);
        d->left = r[R_COUNT] == 0 ? 256 : r[R_COUNT];
    }
    return d->sector < disk_sectors(d) && d->left <= disk_sectors(d) - d->sector;
}

/* The task file says which sector failed, or was the last. */
static void give_address(struct ide_drive *d, uint64_t sector)
{
    uint8_t *r = d->reg;
    if (!d->lba48 && !(r[R_DEVICE] & DEV_LBA)) {
        unsigned track = (unsigned)(sector / d->sectors), cylinder = track / d->heads;
        r[R_LBA0] = (uint8_t)(sector % d->sectors + 1);
        r[R_DEVICE] = (uint8_t)((r[R_DEVICE] & 0xf0) | track % d->heads);
        r[R_LBA1] = (uint8_t)cylinder;
        r[R_LBA2] = (uint8_t)(cylinder >> 8);
        return;
    }
    r[R_LBA0] = (uint8_t)sector;
    r[R_LBA1] = (uint8_t)(sector >> 8);
    r[R_LBA2] = (uint8_t)(sector >> 16);
    if (!d->lba48)
        r[R_DEVICE] = (uint8_t)((r[R_DEVICE] & 0xf0) | (sector >> 24 & 15));
    d->previous[R_LBA0] = (uint8_t)(sector >> 24);
    d->previous[R_LBA1] = (uint8_t)(sector >> 32);
    d->previous[R_LBA2] = (uint8_t)(sector >> 40);
}

static void fail(struct ide_drive *d, uint8_t error)
{
    give_address(d, d->sector);
    ide_abort(d, error);
}

/* Between disk and buffer; false: the command is over. */
static bool move(struct ide_drive *d, bool to_host, unsigned sectors)
{
    uint64_t at = d->sector * SECTOR;
    size_t bytes = (size_t)sectors * SECTOR;
    if (to_host ? !d->disk->read(d->disk, at, d->buffer, bytes)
                : d->disk->read_only || !d->disk->write(d->disk, at, d->buffer, bytes)) {
        fail(d, to_host ? E_BAD : E_ABORT);
        return false;
    }
    d->sector += sectors;
    d->left -= sectors;
    return true;
}

/* ---- data commands --------------------------------------------------------------------------------- */

static unsigned block(const struct ide_drive *d)
{
    return d->left < d->block ? d->left : d->block;
}

static void offer(struct ide_drive *d)
{
    unsigned n = block(d);
    if (d->left == 0) { /* the last block was taken: no interrupt for that */
        d->status = S_READY | S_SEEK;
        give_address(d, d->sector - 1);
    } else if (move(d, true, n)) {
        ide_pio(d, true, n * SECTOR, offer);
        ide_interrupt(d);
    }
}

static void stored(struct ide_drive *d)
{
    unsigned n = block(d);
    if (!move(d, false, n))
        return;
    if (d->left == 0) {
        give_address(d, d->sector - 1);
        ide_done(d);
    } else {
        ide_pio(d, false, block(d) * SECTOR, stored);
        ide_interrupt(d);
    }
}

static void start(struct ide_drive *d, const struct row *r)
{
    if (r->multiple && d->multiple == 0) {
        ide_abort(d, E_ABORT);
        return;
    }
    if (!take_address(d, r->lba48)) {
        ide_abort(d, E_NOT_FOUND);
        return;
    }
    d->block = r->multiple ? d->multiple : 1;
    switch ((enum kind)r->kind) {
    case READ:
        offer(d);
        break;
    case WRITE:
        ide_pio(d, false, block(d) * SECTOR, stored);
        break;
    case READ_DMA:
    case WRITE_DMA:
        d->dma = d->dma_waits = true;
        d->to_host = r->kind == READ_DMA;
        d->status = S_READY | S_SEEK | S_DRQ;
        break;
    case VERIFY:
        give_address(d, d->sector + d->left - 1);
        ide_done(d);
        break;
    }
}

bool ata_dma(struct ide_drive *d, bool to_host, uint32_t *bytes)
{
    uint32_t n = d->left < IDE_BUFFER / SECTOR ? d->left : IDE_BUFFER / SECTOR;
    *bytes = n * SECTOR;
    return move(d, to_host, n);
}

void ata_dma_end(struct ide_drive *d, bool good)
{
    if (d->status & S_ERR)
        return; /* the disk's own error was told */
    if (!good) {
        fail(d, E_ABORT);
        return;
    }
    give_address(d, d->sector - 1);
    ide_done(d);
}

/* ---- IDENTIFY DEVICE (8.12) ---------------------------------------------------------------------------- */

static void identified(struct ide_drive *d)
{
    d->status = S_READY | S_SEEK;
}

static void identify(struct ide_drive *d)
{
    uint8_t *b = d->buffer;
    uint64_t all = disk_sectors(d);
    uint32_t lba28 = all > LBA28_MAX ? LBA28_MAX : (uint32_t)all;
    uint64_t cylinders = all / (16 * 63);
    cylinders = cylinders > 16383 ? 16383 : cylinders;
    const struct {
        uint8_t word;
        uint16_t value;
    } words[] = {
        {0, 0x0040}, /* fixed */
        {1, (uint16_t)cylinders},
        {3, 16},
        {6, 63},
        {47, 0x8080}, /* 128 sectors at most in a block of READ MULTIPLE */
        {49, 0x0300}, /* LBA, DMA */
        {51, 0x0200},
        {53, 0x0007},
        {54, (uint16_t)cylinders},
        {55, d->heads},
        {56, d->sectors},
        {59, d->multiple != 0 ? 0x100 | d->multiple : 0},
        {60, (uint16_t)lba28},
        {61, (uint16_t)(lba28 >> 16)},
        {63, 0x0007},
        {64, 0x0003},
        {65, 120},
        {66, 120},
        {67, 120},
        {68, 120},
        {80, 0x007e}, /* ATA-1 to ATA-6 */
        {82, 0x4020},
        {83, 0x7400},
        {84, 0x4000}, /* cache; 48 bits, FLUSH CACHE, its EXT form */
        {85, 0x4020},
        {86, 0x3400},
        {87, 0x4000},
        {88, 0x203f}, /* Ultra DMA 0–5; 5 selected */
        {93, 0x600b}, /* 80-wire cable */
        {100, (uint16_t)all},
        {101, (uint16_t)(all >> 16)},
        {102, (uint16_t)(all >> 32)},
    };
    memset(b, 0, SECTOR);
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        store16(b + 2 * words[i].word, words[i].value);
    store32(b + 2 * 57, (uint32_t)(cylinders * 16 * 63));
    ide_identify_text(b, 10, 10, d->serial);
    ide_identify_text(b, 23, 4, "1.0");
    ide_identify_text(b, 27, 20, "TETRAPLA DISK");
    ide_pio(d, true, SECTOR, identified);
    ide_interrupt(d);
}

/* ---- commands without data ---------------------------------------------------------------------------- */

static void set_multiple(struct ide_drive *d)
{
    uint8_t n = d->reg[R_COUNT];
    if (n > 128 || (n & (n - 1)) != 0) {
        ide_abort(d, E_ABORT);
        return;
    }
    d->multiple = n;
    ide_done(d);
}

static void set_features(struct ide_drive *d)
{
    switch (d->reg[R_FEATURE]) {
    case 0x02: /* write cache on, */
    case 0x82: /* off; */
    case 0x03: /* transfer mode: any will do */
    case 0x55: /* look-ahead off, */
    case 0xaa: /* on */
    case 0x66: /* keep what was set over a reset, */
    case 0xcc: /* do not */
        ide_done(d);
        return;
    }
    ide_abort(d, E_ABORT);
}

static void flush(struct ide_drive *d)
{
    if (d->disk->flush == NULL || d->disk->flush(d->disk))
        ide_done(d);
    else
        ide_abort(d, E_ABORT);
}

static void native_max(struct ide_drive *d, bool lba48)
{
    uint64_t last = disk_sectors(d) - 1;
    d->lba48 = lba48;
    d->reg[R_DEVICE] |= DEV_LBA;
    give_address(d, !lba48 && last > LBA28_MAX - 1 ? LBA28_MAX - 1 : last);
    ide_done(d);
}

static void other(struct ide_drive *d, uint8_t command)
{
    switch (command) {
    case 0x91: /* INITIALIZE DEVICE PARAMETERS */
        d->sectors = d->reg[R_COUNT];
        d->heads = (uint8_t)((d->reg[R_DEVICE] & 15) + 1);
        break;
    case 0xe5: /* CHECK POWER MODE: active */
    case 0x98:
        d->reg[R_COUNT] = 0xff;
        break;
    case 0x70: /* SEEK */
    case 0x94: /* power modes: always ready */
    case 0x95:
    case 0x96:
    case 0x97:
    case 0x99:
    case 0xe0:
    case 0xe1:
    case 0xe2:
    case 0xe3:
    case 0xe6:
        break;
    default:
        if (command >> 4 != 1) { /* 1xh: RECALIBRATE */
            ide_abort(d, E_ABORT);
            return;
        }
    }
    ide_done(d);
}

void ata_command(struct ide_drive *d, uint8_t command)
{
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].command == command) {
            start(d, &rows[i]);
            return;
        }
    switch (command) {
    case 0xec:
        identify(d);
        return;
    case 0xc6:
        set_multiple(d);
        return;
    case 0xef:
        set_features(d);
        return;
    case 0xe7:
    case 0xea:
        flush(d);
        return;
    case 0xf8:
    case 0x27:
        native_max(d, command == 0x27);
        return;
    }
    other(d, command);
}
