/* The firmware configuration device that SeaBIOS and OpenBIOS look for: named files and numbered items, read a byte
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
extern const struct device_ops
    fw_cfg_memory_ops; /* in memory: the data port lies behind the selector's bytes */
#define FW_CFG_MEMORY_BYTES 3u

/* clang-format off */
enum { FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_RAM = 0x03, FW_CFG_NO_DISPLAY = 0x04, FW_CFG_CPUS = 0x05,
       FW_CFG_MACHINE = 0x06, FW_CFG_BOOT_DEVICE = 0x0c, FW_CFG_MAX_CPUS = 0x0f, FW_CFG_DIRECTORY = 0x19, FW_CFG_FILES = 0x20 };
/* clang-format on */
