/* Inside of the IDE model: ide.c has registers and DMA, ide_ata.c disks, ide_atapi.c CD-ROM drives. */
#pragma once

#include <translator/devices/ide.h>

#include <translator/devices/common.h>

#define SECTOR       512u
#define CD_SECTOR    2048u
#define IDE_BUFFER   0x20000u /* 256 sectors: a whole PIO command of 28-bit addressing */
#define PACKET_BYTES 12u

/* clang-format off */
enum { /* registers of the command block, by offset (ATA/ATAPI-4, 7.2) */
    R_DATA, R_FEATURE, R_COUNT, R_LBA0, R_LBA1, R_LBA2, R_DEVICE, R_COMMAND,
    R_ERROR = R_FEATURE, R_REASON = R_COUNT, R_STATUS = R_COMMAND,
};
enum { S_ERR = 0x01, S_DRQ = 0x08, S_SEEK = 0x10, S_FAULT = 0x20, S_READY = 0x40, S_BUSY = 0x80 };
enum { E_ABORT = 0x04, E_NOT_FOUND = 0x10, E_BAD = 0x40 };
enum { DEV_SECOND = 0x10, DEV_LBA = 0x40 };
enum { REASON_COMMAND = 1, REASON_IN = 2 };
/* clang-format on */

struct ide_drive;
/* What happens when the host has read or written all of the block in the buffer. */
typedef void ide_next(struct ide_drive *d);

struct ide_drive {
    struct vm *vm;
    struct disk *disk; /* NULL: no drive */
    bool packet;       /* a CD-ROM drive */
    char serial[16];

    uint8_t reg[8], previous[8]; /* task file; what was in COUNT and LBA before (48-bit commands) */
    uint8_t status, error;
    bool interrupt; /* INTRQ is wanted */

    /* PIO: the host moves buffer[at … end); then next. */
    bool to_host;
    unsigned at, end;
    ide_next *next;

    /* The command being done. */
    uint64_t sector;
    uint32_t left; /* sectors; CD: bytes of an answer or of a READ */
    bool lba48, dma, dma_waits;
    uint8_t multiple;       /* sectors of a block of READ and WRITE MULTIPLE */
    uint8_t heads, sectors; /* the translation INITIALIZE DEVICE PARAMETERS set */
    uint8_t block;          /* sectors of a block of this command */
    uint8_t sense, asc;     /* CD: what REQUEST SENSE will tell */
    bool attention;         /* CD: it was reset, and nobody was told yet */
    bool reading;           /* CD: data come from the disk, not from the buffer */
    uint8_t packet_bytes[PACKET_BYTES];

    uint8_t buffer[IDE_BUFFER];
};

/* ---- for the drives (ide.c) ---- */

/* Offer buffer[0 … bytes) to the host, or ask for so many bytes; then `next`. */
void ide_pio(struct ide_drive *d, bool to_host, unsigned bytes, ide_next *next);
/* The command is over. */
void ide_done(struct ide_drive *d);
void ide_abort(struct ide_drive *d, uint8_t error);
void ide_interrupt(struct ide_drive *d);

/* ---- what drives do (ide_ata.c, ide_atapi.c) ---- */

void ata_command(struct ide_drive *d, uint8_t command);
void atapi_command(struct ide_drive *d, uint8_t command);
/* The registers that tell software what kind of drive it is (ATA/ATAPI-4, 9.1). */
void ide_signature(struct ide_drive *d);
/* Answers of IDENTIFY share their form. */
void ide_identify_text(uint8_t *words, unsigned word, unsigned count, const char *text);
/* Move at most `bytes` of the command's data: from the drive into buffer, or out of it. *bytes: how many;
 * false: an error, the command is over and says so. */
bool ata_dma(struct ide_drive *d, bool to_host, uint32_t *bytes);
bool atapi_dma(struct ide_drive *d, uint32_t *bytes);
/* All data were moved, or the transfer failed. */
void ata_dma_end(struct ide_drive *d, bool good);
void atapi_dma_end(struct ide_drive *d, bool good);
