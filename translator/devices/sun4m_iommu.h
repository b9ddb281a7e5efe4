/* The sun4m IOMMU: what devices on the SBus see of memory. */
#pragma once

#include <translator/board.h>

#define SUN4M_IOMMU_BYTES 0x4000u

struct sun4m_iommu;
extern const struct device_ops sun4m_iommu_ops;

/* mask_id: the CPU's mask identification, which is read through it. */
struct sun4m_iommu *sun4m_iommu_create(struct vm *vm, uint32_t mask_id);
void sun4m_iommu_delete(struct sun4m_iommu *m);
void sun4m_iommu_reset(struct sun4m_iommu *m);
/* DMA at a device's virtual address; false: not mapped, not writable or no memory there, and what
 * came before it has been moved. */
bool sun4m_iommu_read(struct sun4m_iommu *m, uint32_t va, void *to, uint32_t bytes);
bool sun4m_iommu_write(struct sun4m_iommu *m, uint32_t va, const void *from, uint32_t bytes);
