/* NCR 53C9x (ESP, FAS100A) SCSI controller, and the DMA controller a sun4m machine has beside it. */
#pragma once

#include <translator/board.h>
#include <translator/devices/sun4m_iommu.h>

#define ESP_BYTES     0x40u /* a register each 4 bytes */
#define ESP_DMA_BYTES 0x10u

struct esp;
extern const struct device_ops esp_ops, esp_dma_ops;

/* disks: of targets 0 to 3, NULL where there is none. */
struct esp *esp_create(struct vm *vm, struct disk *const disks[4], struct sun4m_iommu *iommu,
                       struct line line);
void esp_delete(struct esp *e);
void esp_reset(struct esp *e);
