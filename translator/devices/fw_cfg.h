/* The firmware configuration device that SeaBIOS looks for: named files and numbered items, read a byte
 * at a time (QEMU's docs/specs/fw_cfg: selector 510h, data 511h; no DMA). */
#pragma once

#include <translator/board.h>

struct fw_cfg;

/* NULL: no memory. */
struct fw_cfg *fw_cfg_create(struct vm *vm);
void fw_cfg_delete(struct fw_cfg *f);
void fw_cfg_reset(struct fw_cfg *f);
/* A numbered item, or a file in the directory. The bytes are copied. False: no memory, or too many. */
bool fw_cfg_item(struct fw_cfg *f, uint16_t key, const void *bytes, size_t count);
bool fw_cfg_file(struct fw_cfg *f, const char *name, const void *bytes, size_t count);

extern const struct device_ops fw_cfg_ops; /* two ports */

/* clang-format off */
enum { FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_RAM = 0x03, FW_CFG_CPUS = 0x05, FW_CFG_MAX_CPUS = 0x0f,
       FW_CFG_DIRECTORY = 0x19, FW_CFG_FILES = 0x20 };
/* clang-format on */
