/*
 * ATAPI CD-ROM drives: PACKET (ATA/ATAPI-4, 8.21 and 9.8) and the commands of MMC-2 (T10/1228D) that
 * firmware, boot loaders and kernels use on a data CD of one track.
 *
 * An answer is made whole in the buffer and offered in pieces of at most the byte count the host asked
 * for; READ fills the buffer anew piece by piece. A command ends with the interrupt reason "command
 * and in" and, if it failed, the sense key in the error register; REQUEST SENSE tells the rest and
 * clears it. After a reset the first command but INQUIRY and REQUEST SENSE fails: unit attention.
 */
#include "ide_state.h"

#include <string.h>

/* clang-format off */
enum { P_READY = 0x00, P_SENSE = 0x03, P_INQUIRY = 0x12, P_START = 0x1b, P_LOCK = 0x1e, P_CAPACITY = 0x25,
       P_READ10 = 0x28, P_SEEK = 0x2b, P_SUBCHANNEL = 0x42, P_TOC = 0x43, P_CONFIGURATION = 0x46, P_EVENT = 0x4a,
       P_DISC = 0x51, P_MODE10 = 0x5a, P_READ12 = 0xa8, P_SPEED = 0xbb, P_MECHANISM = 0xbd, P_READ_CD = 0xbe };
enum { SENSE_NONE = 0, SENSE_MEDIUM = 3, SENSE_ILLEGAL = 5, SENSE_ATTENTION = 6 };
enum { ASC_COMMAND = 0x20, ASC_RANGE = 0x21, ASC_FIELD = 0x24, ASC_READ = 0x11, ASC_RESET = 0x29 };
/* clang-format on */

#define LEAD_OUT    0xaau
#define PROFILE_CD  0x0008u
#define FEATURE_DMA 0x01u
#define PIO_MAX     0xfffeu

static uint32_t big16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t big32(const uint8_t *p)
{
    return big16(p) << 16 | big16(p + 2);
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v);
}

static uint32_t cd_sectors(const struct ide_drive *d)
{
    uint64_t n = d->disk->bytes / CD_SECTOR;
    return n > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)n;
}

/* ---- the end of a command ------------------------------------------------------------------------------ */

static void good(struct ide_drive *d)
{
    ide_done(d);
    d->reg[R_REASON] = REASON_COMMAND | REASON_IN;
}

static void refuse(struct ide_drive *d, uint8_t sense, uint8_t asc)
{
    d->sense = sense;
    d->asc = asc;
    ide_abort(d, (uint8_t)(sense << 4 | (sense == SENSE_ILLEGAL ? E_ABORT : 0)));
    d->reg[R_REASON] = REASON_COMMAND | REASON_IN;
}

/* ---- data to the host ---------------------------------------------------------------------------------- */

/* Fill the buffer with the next bytes of a READ; false: an error, told. */
static bool read_piece(struct ide_drive *d, uint32_t bytes)
{
    if (d->disk->read(d->disk, d->sector * CD_SECTOR, d->buffer, bytes)) {
        d->sector += bytes / CD_SECTOR;
        return true;
    }
    refuse(d, SENSE_MEDIUM, ASC_READ);
    return false;
}

/* Offer the next piece: whole sectors of a READ where the host's limit allows. */
static void offer(struct ide_drive *d)
{
    uint32_t limit = d->reg[R_LBA1] | (uint32_t)d->reg[R_LBA2] << 8;
    limit = limit == 0 || limit > PIO_MAX ? PIO_MAX : limit & ~1u;
    limit = limit == 0 ? 2 : limit;
    if (d->left == 0) {
        good(d);
        return;
    }
    uint32_t n = d->left < limit ? d->left : limit;
    if (d->reading) {
        n = n >= CD_SECTOR ? n & ~(CD_SECTOR - 1) : CD_SECTOR; /* a smaller limit is not honoured */
        if (!read_piece(d, n))
            return;
    }
    d->left -= n;
    d->reg[R_LBA1] = (uint8_t)n;
    d->reg[R_LBA2] = (uint8_t)(n >> 8);
    d->reg[R_REASON] = REASON_IN;
    ide_pio(d, true, n, offer);
    ide_interrupt(d);
}

static void begin(struct ide_drive *d, bool reading, uint32_t bytes)
{
    d->left = bytes;
    d->reading = reading;
    d->to_host = true;
    if (d->left == 0) {
        good(d);
    } else if (d->dma) {
        d->dma_waits = true;
        d->status = S_READY | S_SEEK | S_DRQ;
    } else {
        offer(d);
    }
}

/* An answer in the buffer, of which the host wants at most `most` bytes. */
static void answer(struct ide_drive *d, uint32_t bytes, uint32_t most)
{
    begin(d, false, bytes < most ? bytes : most);
}

static void read_sectors(struct ide_drive *d, uint32_t sector, uint32_t count)
{
    if (sector > cd_sectors(d) || count > cd_sectors(d) - sector ||
        count > UINT32_MAX / CD_SECTOR) {
        refuse(d, SENSE_ILLEGAL, ASC_RANGE);
        return;
    }
    d->sector = sector;
    begin(d, true, count * CD_SECTOR);
}

bool atapi_dma(struct ide_drive *d, uint32_t *bytes)
{
    *bytes = d->left < IDE_BUFFER ? d->left : IDE_BUFFER;
    d->left -= *bytes;
    return !d->reading || read_piece(d, *bytes);
}

void atapi_dma_end(struct ide_drive *d, bool whole)
{
    if (d->status & S_ERR)
        return;
    if (whole)
        good(d);
    else
        refuse(d, SENSE_MEDIUM, ASC_READ);
}

/* ---- answers ---------------------------------------------------------------------------------------------- */

static void request_sense(struct ide_drive *d, uint32_t most)
{
    memset(d->buffer, 0, 18);
    d->buffer[0] = 0x70; /* current error, fixed format */
    d->buffer[2] = d->sense;
    d->buffer[7] = 10;
    d->buffer[12] = d->asc;
    d->sense = d->asc = SENSE_NONE;
    answer(d, 18, most);
}

static void inquiry(struct ide_drive *d, uint32_t most)
{
    memset(d->buffer, 0, 36);
    d->buffer[0] = 5;    /* CD-ROM */
    d->buffer[1] = 0x80; /* removable */
    d->buffer[3] = 0x21; /* ATAPI, response format 1 */
    d->buffer[4] = 31;
    memcpy(d->buffer + 8, "TETRAPLACD-ROM          1.0 ", 28);
    answer(d, 36, most);
}

static unsigned toc_address(uint8_t *p, bool msf, uint32_t sector)
{
    if (!msf) {
        put32(p, sector);
        return 4;
    }
    sector += 150;
    p[0] = 0;
    p[1] = (uint8_t)(sector / 75 / 60);
    p[2] = (uint8_t)(sector / 75 % 60);
    p[3] = (uint8_t)(sector % 75);
    return 4;
}

/* READ TOC/PMA/ATIP, formats 0 and 1 (MMC-2, 6.1.25): one data track and the lead-out. */
static void read_toc(struct ide_drive *d, uint32_t most)
{
    const uint8_t *p = d->packet_bytes;
    unsigned format = p[2] & 15, n = 4;
    bool msf = p[1] & 2;
    uint8_t *b = d->buffer;
    if (format == 0)
        format = p[9] >> 6; /* where older hosts put it */
    if (format > 1 || (format == 0 && p[6] > 1 && p[6] != LEAD_OUT)) {
        refuse(d, SENSE_ILLEGAL, ASC_FIELD);
        return;
    }
    memset(b, 0, 64);
    b[2] = b[3] = 1; /* first and last track, or session */
    if (format == 1 || p[6] <= 1) {
        b[n + 1] = 0x14; /* data track */
        b[n + 2] = 1;
        n += 4 + toc_address(b + n + 4, msf, 0);
    }
    if (format == 0) {
        b[n + 1] = 0x14;
        b[n + 2] = LEAD_OUT;
        n += 4 + toc_address(b + n + 4, msf, cd_sectors(d));
    }
    put16(b, n - 2);
    answer(d, n, most);
}

/* GET CONFIGURATION (MMC-2, 6.1.5): profile list and core feature of a CD-ROM. */
static void configuration(struct ide_drive *d, uint32_t most)
{
    uint8_t *b = d->buffer;
    memset(b, 0, 32);
    put16(b + 6, PROFILE_CD);
    b[10] = 0x03; /* feature 0: profiles; current, persistent */
    b[11] = 4;
    put16(b + 12, PROFILE_CD);
    b[14] = 1;
    put16(b + 16, 1); /* feature 1: core */
    b[18] = 0x03;
    b[19] = 4;
    put32(b + 20, 2); /* ATAPI */
    put32(b, 20);
    answer(d, 24, most);
}

/* GET EVENT/STATUS NOTIFICATION (6.1.6), polled: the medium is there and nothing happened. */
static void event(struct ide_drive *d, uint32_t most)
{
    uint8_t *b = d->buffer;
    if (!(d->packet_bytes[1] & 1)) {
        refuse(d, SENSE_ILLEGAL, ASC_FIELD);
        return;
    }
    bool media = d->packet_bytes[4] & 0x10;
    memset(b, 0, 8);
    put16(b, media ? 6 : 2);
    b[2] = media ? 4 : 0x80; /* no event class */
    b[3] = 0x10;
    b[5] = 2; /* a disc is in */
    answer(d, media ? 8 : 4, most);
}

static void disc_information(struct ide_drive *d, uint32_t most)
{
    uint8_t *b = d->buffer;
    memset(b, 0, 34);
    put16(b, 32);
    b[2] = 0x0e; /* complete */
    b[3] = b[4] = b[5] = b[6] = 1;
    b[7] = 0x20; /* unrestricted use */
    memset(b + 16, 0xff, 8);
    answer(d, 34, most);
}

/* MODE SENSE(10): capabilities page 2Ah and error recovery page 01h (MMC-2, 5.5). */
static void mode_sense(struct ide_drive *d, uint32_t most)
{
    uint8_t *b = d->buffer;
    unsigned page = d->packet_bytes[2] & 0x3f, n = 8;
    memset(b, 0, 64);
    if (page != 0x01 && page != 0x2a && page != 0x3f) {
        refuse(d, SENSE_ILLEGAL, ASC_FIELD);
        return;
    }
    if (page != 0x2a) {
        b[n] = 0x01;
        b[n + 1] = 6;
        b[n + 3] = 5; /* retries */
        n += 8;
    }
    if (page != 0x01) {
        b[n] = 0x2a;
        b[n + 1] = 18;
        b[n + 4] = 0x70;       /* mode 2, multisession */
        b[n + 6] = 0x29;       /* tray, can lock and eject */
        put16(b + n + 8, 706); /* 4× in kB/s */
        put16(b + n + 12, 512);
        put16(b + n + 14, 706);
        n += 20;
    }
    put16(b, n - 2);
    b[2] = 0x01; /* data disc, 120 mm */
    answer(d, n, most);
}

static void capacity(struct ide_drive *d)
{
    put32(d->buffer, cd_sectors(d) - 1);
    put32(d->buffer + 4, CD_SECTOR);
    answer(d, 8, 8);
}

static void mechanism(struct ide_drive *d, uint32_t most)
{
    memset(d->buffer, 0, 8);
    d->buffer[5] = 1;
    answer(d, 8, most);
}

static void subchannel(struct ide_drive *d, uint32_t most)
{
    memset(d->buffer, 0, 4);
    d->buffer[1] = 0x15; /* no audio status */
    answer(d, 4, most);
}

/* READ CD (6.1.15) of user data only, as READ does. */
static void read_cd(struct ide_drive *d)
{
    const uint8_t *p = d->packet_bytes;
    uint32_t count = (uint32_t)p[6] << 16 | big16(p + 7);
    if (count == 0 || (p[9] & 0xf8) == 0)
        good(d);
    else if ((p[9] & 0xf8) != 0x10)
        refuse(d, SENSE_ILLEGAL, ASC_FIELD);
    else
        read_sectors(d, big32(p + 2), count);
}

static void packet(struct ide_drive *d)
{
    const uint8_t *p = memcpy(d->packet_bytes, d->buffer, PACKET_BYTES);
    if (d->attention && p[0] != P_SENSE && p[0] != P_INQUIRY) {
        d->attention = false;
        refuse(d, SENSE_ATTENTION, ASC_RESET);
        return;
    }
    if (p[0] != P_SENSE)
        d->sense = d->asc = SENSE_NONE;
    switch (p[0]) {
    case P_READY:
    case P_START:
    case P_LOCK:
    case P_SEEK:
    case P_SPEED:
        good(d);
        return;
    case P_SENSE:
        request_sense(d, p[4]);
        return;
    case P_INQUIRY:
        inquiry(d, p[4]);
        return;
    case P_CAPACITY:
        capacity(d);
        return;
    case P_READ10:
        read_sectors(d, big32(p + 2), big16(p + 7));
        break;
    case P_READ12:
        read_sectors(d, big32(p + 2), big32(p + 6));
        break;
    case P_READ_CD:
        read_cd(d);
        break;
    case P_SUBCHANNEL:
        subchannel(d, big16(p + 7));
        return;
    case P_TOC:
        read_toc(d, big16(p + 7));
        return;
    case P_CONFIGURATION:
        configuration(d, big16(p + 7));
        return;
    case P_EVENT:
        event(d, big16(p + 7));
        return;
    case P_DISC:
        disc_information(d, big16(p + 7));
        return;
    case P_MODE10:
        mode_sense(d, big16(p + 7));
        return;
    case P_MECHANISM:
        mechanism(d, big16(p + 8));
        return;
    default:
        refuse(d, SENSE_ILLEGAL, ASC_COMMAND);
    }
}

/* ---- ATA commands of such a drive ----------------------------------------------------------------------- */

static void identified(struct ide_drive *d)
{
    d->status = S_READY | S_SEEK;
}

static void identify_packet(struct ide_drive *d)
{
    uint8_t *b = d->buffer;
    static const struct {
        uint8_t word;
        uint16_t value;
    } words[] = {
        {0, 0x85c0}, /* ATAPI, CD-ROM, removable, DRQ within 50 µs, 12-byte packets */
        {49, 0x0300}, {51, 0x0200}, {53, 0x0007}, {63, 0x0007}, {64, 0x0003}, {65, 120},
        {66, 120},    {67, 120},    {68, 120},    {80, 0x001e}, {82, 0x0210}, {83, 0x4000},
        {84, 0x4000}, {85, 0x0210}, {87, 0x4000}, {88, 0x203f}, {93, 0x600b},
    };
    memset(b, 0, SECTOR);
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        store16(b + 2 * words[i].word, words[i].value);
    ide_identify_text(b, 10, 10, d->serial);
    ide_identify_text(b, 23, 4, "1.0");
    ide_identify_text(b, 27, 20, "TETRAPLA CD-ROM");
    ide_pio(d, true, SECTOR, identified);
    ide_interrupt(d);
}

void atapi_command(struct ide_drive *d, uint8_t command)
{
    switch (command) {
    case 0xa0: /* PACKET */
        d->dma = d->reg[R_FEATURE] & FEATURE_DMA;
        d->reg[R_REASON] = REASON_COMMAND;
        ide_pio(d, false, PACKET_BYTES, packet);
        return;
    case 0xa1:
        identify_packet(d);
        return;
    case 0x08: /* DEVICE RESET: no interrupt */
        ide_signature(d);
        d->status = 0;
        return;
    case 0xec: /* IDENTIFY DEVICE and READ SECTORS fail with the signature (8.12.5.2) */
    case 0x20:
        ide_signature(d);
        ide_abort(d, E_ABORT);
        return;
    case 0xef: /* SET FEATURES */
    case 0xe0:
    case 0xe1:
    case 0xe7:
        ide_done(d);
        return;
    case 0xe5:
        d->reg[R_COUNT] = 0xff;
        ide_done(d);
        return;
    }
    ide_abort(d, E_ABORT);
}
