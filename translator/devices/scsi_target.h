/*
 * A SCSI-2 target on a disk: hard disk or CD-ROM. It knows commands, data and status; the bus is the
 * host adapter's.
 */
#pragma once

#include <translator/board.h>

#define SCSI_COMMAND_MAX 16u

enum scsi_phase { SCSI_DATA_OUT = 0, SCSI_DATA_IN = 1, SCSI_STATUS = 3 };

struct scsi_target;
struct scsi_target *scsi_target_create(struct disk *disk);
void scsi_target_delete(struct scsi_target *t);
/* Bus reset. */
void scsi_target_reset(struct scsi_target *t);
/* Begin a command of the logical unit; `bytes` are there. Which phase comes next. */
enum scsi_phase scsi_command(struct scsi_target *t, unsigned lun, const uint8_t *command,
                             unsigned bytes);
/* Bytes of the data phase that are left. */
uint32_t scsi_left(const struct scsi_target *t);
/* Move `count` bytes (at most scsi_left) to or from the target; the status says how it went. */
void scsi_data_in(struct scsi_target *t, uint8_t *to, uint32_t count);
void scsi_data_out(struct scsi_target *t, const uint8_t *from, uint32_t count);
uint8_t scsi_status(const struct scsi_target *t);
/* Length of a command, from its first byte. */
unsigned scsi_command_length(uint8_t first);
