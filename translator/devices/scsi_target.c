/*
 * A SCSI-2 target on a disk (ANSI X3.131-1994; MMC-2 for the table of contents).
 *
 * A command either answers with a few bytes from a buffer, takes a few and ignores them, or moves
 * blocks; then data goes straight between disk and caller, but for parts of blocks, which go through
 * a block of the target's own. Errors end the data early and leave sense data for the next command.
 */
#include <translator/devices/be_bus.h>
#include <translator/devices/scsi_target.h>

#include <stdlib.h>
#include <string.h>

/* clang-format off */
enum command {
    TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, READ_6 = 0x08, WRITE_6 = 0x0a, INQUIRY = 0x12,
    MODE_SELECT_6 = 0x15, MODE_SENSE_6 = 0x1a, START_STOP = 0x1b, PREVENT = 0x1e, READ_CAPACITY = 0x25,
    READ_10 = 0x28, WRITE_10 = 0x2a, SEEK_10 = 0x2b, VERIFY_10 = 0x2f, SYNCHRONIZE = 0x35, READ_TOC = 0x43,
    MODE_SELECT_10 = 0x55, MODE_SENSE_10 = 0x5a, REPORT_LUNS = 0xa0, READ_12 = 0xa8, WRITE_12 = 0xaa,
};
enum { GOOD = 0x00, CHECK_CONDITION = 0x02 };
enum { /* sense key << 16 | additional code << 8 | qualifier */
    SENSE_NONE = 0, MEDIUM_READ = 0x031100, MEDIUM_WRITE = 0x030c00, BAD_COMMAND = 0x052000,
    BAD_ADDRESS = 0x052100, BAD_FIELD = 0x052400, BAD_LUN = 0x052500, WRITE_PROTECTED = 0x072700,
};
/* clang-format on */

#define SECTOR      512u
#define CD_BLOCK    2048u
#define BUFFER      256u
#define SENSE_BYTES 18u
#define TYPE_CD     5u
#define NO_UNIT     0x7fu
#define PAGE_ALL    0x3fu
#define PAGE_CACHE  0x08u

struct scsi_target {
    struct disk *disk;
    uint32_t block; /* bytes */
    uint32_t sense;
    uint8_t status;
    enum scsi_phase phase;
    uint32_t left;
    bool blocks;        /* the data are the disk's, from here on: */
    uint64_t at;        /* in bytes */
    uint32_t buffer_at; /* else the buffer's, from here on */
    uint8_t buffer[BUFFER];
    uint8_t sector[SECTOR]; /* the one that `at` is inside of */
};

/* ---- how a command ends -------------------------------------------------------------------------- */

static enum scsi_phase good(struct scsi_target *t)
{
    t->status = GOOD;
    return SCSI_STATUS;
}

static enum scsi_phase fail(struct scsi_target *t, uint32_t sense)
{
    t->status = CHECK_CONDITION;
    t->sense = sense;
    t->left = 0;
    return SCSI_STATUS;
}

/* Answer with `count` bytes of the buffer, of which the initiator wants at most `room`. */
static enum scsi_phase answer(struct scsi_target *t, uint32_t count, uint32_t room)
{
    t->left = count < room ? count : room;
    t->status = GOOD;
    return t->left != 0 ? SCSI_DATA_IN : SCSI_STATUS;
}

/* Take data that do not matter. */
static enum scsi_phase swallow(struct scsi_target *t, uint32_t count)
{
    t->left = count;
    t->status = GOOD;
    return count != 0 ? SCSI_DATA_OUT : SCSI_STATUS;
}

static enum scsi_phase transfer(struct scsi_target *t, uint64_t first, uint32_t count, bool write)
{
    uint64_t blocks = t->disk->bytes / t->block;
    if (write && (t->disk->read_only || t->disk->cdrom))
        return fail(t, WRITE_PROTECTED);
    if (first > blocks || count > blocks - first || (uint64_t)count * t->block > UINT32_MAX)
        return fail(t, BAD_ADDRESS);
    t->blocks = true;
    t->at = first * t->block;
    t->left = count * t->block;
    t->status = GOOD;
    return count == 0 ? SCSI_STATUS : write ? SCSI_DATA_OUT : SCSI_DATA_IN;
}

/* ---- commands that answer from the buffer --------------------------------------------------------- */

static enum scsi_phase inquiry(struct scsi_target *t, unsigned lun, const uint8_t *c)
{
    uint8_t *b = t->buffer;
    if (c[1] & 1) /* vital product data: there are none */
        return fail(t, BAD_FIELD);
    b[0] = lun != 0 ? NO_UNIT : t->disk->cdrom ? TYPE_CD : 0;
    b[1] = t->disk->cdrom ? 0x80 : 0; /* the medium can be removed */
    b[2] = b[3] = 2;                  /* SCSI-2 */
    b[4] = 31;                        /* bytes that follow */
    memcpy(b + 8, "TETRAPLA", 8);
    memcpy(b + 16, t->disk->cdrom ? "CD-ROM          " : "DISK            ", 16);
    memcpy(b + 32, "1.0 ", 4);
    return answer(t, 36, c[4]);
}

static enum scsi_phase request_sense(struct scsi_target *t, const uint8_t *c)
{
    uint8_t *b = t->buffer;
    b[0] = 0x70;
    b[2] = (uint8_t)(t->sense >> 16);
    b[7] = SENSE_BYTES - 8;
    b[12] = (uint8_t)(t->sense >> 8);
    b[13] = (uint8_t)t->sense;
    t->sense = SENSE_NONE;
    return answer(t, SENSE_BYTES, c[4]);
}

static enum scsi_phase read_capacity(struct scsi_target *t)
{
    store_be32(t->buffer, (uint32_t)(t->disk->bytes / t->block - 1));
    store_be32(t->buffer + 4, t->block);
    return answer(t, 8, 8);
}

/* The caching page is all there is; a header of 4 or 8 bytes before it, no block descriptor. */
static enum scsi_phase mode_sense(struct scsi_target *t, const uint8_t *c, bool ten)
{
    uint8_t *b = t->buffer;
    unsigned page = c[2] & PAGE_ALL, header = ten ? 8 : 4, length = header;
    if (page == PAGE_CACHE || page == PAGE_ALL) {
        b[header] = PAGE_CACHE;
        b[header + 1] = 18;
        b[header + 2] = 4; /* the write cache is on */
        length += 20;
    } else if (page != 0) {
        return fail(t, BAD_FIELD);
    }
    uint8_t specific = t->disk->read_only || t->disk->cdrom ? 0x80 : 0;
    if (ten) {
        store_be16(b, length - 2);
        b[3] = specific;
    } else {
        b[0] = (uint8_t)(length - 1);
        b[2] = specific;
    }
    return answer(t, length, ten ? load_be16(c + 7) : c[4]);
}

/* One data track, and the lead-out. */
static enum scsi_phase read_toc(struct scsi_target *t, const uint8_t *c)
{
    uint8_t *b = t->buffer;
    if (!t->disk->cdrom)
        return fail(t, BAD_COMMAND);
    if ((c[2] & 15) != 0 || c[1] & 2) /* only the list of tracks, by block numbers */
        return fail(t, BAD_FIELD);
    b[1] = 18;
    b[2] = b[3] = 1;
    b[5] = b[13] = 0x14;
    b[6] = 1;
    b[14] = 0xaa;
    store_be32(b + 16, (uint32_t)(t->disk->bytes / t->block));
    return answer(t, 20, load_be16(c + 7));
}

static enum scsi_phase report_luns(struct scsi_target *t, const uint8_t *c)
{
    t->buffer[3] = 8; /* one unit, number 0 */
    return answer(t, 16, load_be32(c + 6));
}

static enum scsi_phase synchronize(struct scsi_target *t)
{
    if (!t->disk->read_only && !t->disk->cdrom && !t->disk->flush(t->disk))
        return fail(t, MEDIUM_WRITE);
    return good(t);
}

/* ---- the commands ------------------------------------------------------------------------------- */

static enum scsi_phase begin(struct scsi_target *t, unsigned lun, const uint8_t *c)
{
    if (lun != 0 && c[0] != INQUIRY && c[0] != REQUEST_SENSE)
        return fail(t, BAD_LUN);
    switch (c[0]) {
    case TEST_UNIT_READY:
    case START_STOP:
    case PREVENT:
    case SEEK_10:
    case VERIFY_10:
        return good(t);
    case REQUEST_SENSE:
        return request_sense(t, c);
    case INQUIRY:
        return inquiry(t, lun, c);
    case MODE_SELECT_6:
        return swallow(t, c[4]);
    case MODE_SELECT_10:
        return swallow(t, load_be16(c + 7));
    case MODE_SENSE_6:
        return mode_sense(t, c, false);
    case MODE_SENSE_10:
        return mode_sense(t, c, true);
    case READ_CAPACITY:
        return read_capacity(t);
    case READ_TOC:
        return read_toc(t, c);
    case REPORT_LUNS:
        return report_luns(t, c);
    case SYNCHRONIZE:
        return synchronize(t);
    case READ_6:
    case WRITE_6: /* 0 blocks mean 256 */
        return transfer(t, load_be32(c) & 0x1fffff, c[4] != 0 ? c[4] : 256, c[0] == WRITE_6);
    case READ_10:
    case WRITE_10:
        return transfer(t, load_be32(c + 2), load_be16(c + 7), c[0] == WRITE_10);
    case READ_12:
    case WRITE_12:
        return transfer(t, load_be32(c + 2), load_be32(c + 6), c[0] == WRITE_12);
    default:
        return fail(t, BAD_COMMAND);
    }
}

enum scsi_phase scsi_command(struct scsi_target *t, unsigned lun, const uint8_t *command,
                             unsigned bytes)
{
    uint8_t c[SCSI_COMMAND_MAX] = {0};
    memcpy(c, command, bytes < SCSI_COMMAND_MAX ? bytes : SCSI_COMMAND_MAX);
    memset(t->buffer, 0, BUFFER);
    t->buffer_at = 0;
    t->left = 0;
    t->blocks = false;
    return t->phase = begin(t, lun, c);
}

unsigned scsi_command_length(uint8_t first)
{
    static const uint8_t lengths[8] = {6, 10, 10, 6, 16, 12, 6, 6}; /* by group (6.2.1) */
    return lengths[first >> 5];
}

/* ---- data --------------------------------------------------------------------------------------- */

uint32_t scsi_left(const struct scsi_target *t)
{
    return t->left;
}

uint8_t scsi_status(const struct scsi_target *t)
{
    return t->status;
}

/* Part of a sector, through the target's own. */
static bool move_part(struct scsi_target *t, uint8_t *to, const uint8_t *from, uint32_t in,
                      uint32_t count)
{
    struct disk *d = t->disk;
    uint64_t sector = t->at - in;
    if (to != NULL) {
        if (!d->read(d, sector, t->sector, SECTOR))
            return false;
        memcpy(to, t->sector + in, count);
        return true;
    }
    memcpy(t->sector + in, from, count);
    return in + count < SECTOR || d->write(d, sector, t->sector, SECTOR);
}

static bool move_blocks(struct scsi_target *t, uint8_t *to, const uint8_t *from, uint32_t count)
{
    struct disk *d = t->disk;
    for (uint32_t done = 0, n; done < count; done += n, t->at += n) {
        uint32_t in = (uint32_t)(t->at % SECTOR), rest = count - done;
        bool good_so_far;
        if (in == 0 && rest >= SECTOR) {
            n = rest / SECTOR * SECTOR;
            good_so_far =
                to != NULL ? d->read(d, t->at, to + done, n) : d->write(d, t->at, from + done, n);
        } else {
            n = rest < SECTOR - in ? rest : SECTOR - in;
            good_so_far =
                move_part(t, to != NULL ? to + done : NULL, to != NULL ? NULL : from + done, in, n);
        }
        if (!good_so_far)
            return false;
    }
    return true;
}

void scsi_data_in(struct scsi_target *t, uint8_t *to, uint32_t count)
{
    if (count > t->left)
        count = t->left;
    if (!t->blocks) {
        memcpy(to, t->buffer + t->buffer_at, count);
        t->buffer_at += count;
    } else if (!move_blocks(t, to, NULL, count)) {
        memset(to, 0, count);
        fail(t, MEDIUM_READ);
        return;
    }
    t->left -= count;
}

void scsi_data_out(struct scsi_target *t, const uint8_t *from, uint32_t count)
{
    if (count > t->left)
        count = t->left;
    if (t->blocks && !move_blocks(t, NULL, from, count)) {
        fail(t, MEDIUM_WRITE);
        return;
    }
    t->left -= count;
}

/* ---- life --------------------------------------------------------------------------------------- */

void scsi_target_reset(struct scsi_target *t)
{
    t->left = 0;
    t->sense = SENSE_NONE;
    t->status = GOOD;
    t->phase = SCSI_STATUS;
}

struct scsi_target *scsi_target_create(struct disk *disk)
{
    struct scsi_target *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->disk = disk;
    t->block = disk->cdrom ? CD_BLOCK : SECTOR;
    scsi_target_reset(t);
    return t;
}

void scsi_target_delete(struct scsi_target *t)
{
    free(t);
}
