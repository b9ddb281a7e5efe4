/*
 * The sun4m IOMMU (sun4m system architecture manual, "IOMMU"; microSPARC-II user's manual, chapter
 * "SBus controller").
 *
 * DMA addresses in the top 16 MiB shifted left by the control register's range are translated by a
 * table of one level, a word a page, in memory; its entries are looked up for each page anew, so
 * flushes have nothing to do.
 *
 *     entry    physical page number << 8 (of 4 KiB)   80 cacheable   04 writable   02 valid
 */
#include <translator/devices/be_bus.h>
#include <translator/devices/common.h>
#include <translator/devices/sun4m_iommu.h>

#include <stdlib.h>

/* clang-format off */
enum iommu_register {
    R_CONTROL = 0x0000, R_BASE = 0x0004, R_FLUSH_ALL = 0x0014, R_FLUSH_PAGE = 0x0018,
    R_AFSR = 0x1000, R_AFAR = 0x1004, R_SLOT0 = 0x1010, R_SLOT4 = 0x1020, R_MFSR = 0x1050, R_MFAR = 0x1054,
    R_ARBITRATION = 0x2000 + 8, R_ID = 0x2000, R_MASK_ID = 0x3018,
};
enum { CONTROL_ENABLE = 0x01, CONTROL_RANGE = 0x1c, RANGE_SHIFT = 2 };
enum { ENTRY_WRITE = 0x04, ENTRY_VALID = 0x02 };
/* clang-format on */
#define CONTROL_VERSION  0x05000000u
#define CONTROL_WRITABLE (CONTROL_ENABLE | CONTROL_RANGE)
#define BASE_BITS        0x07fffc00u
#define ENTRY_PAGE       0xffffff00u
#define ENTRY_SHIFT      4 /* of ENTRY_PAGE, and of the table's base */
#define RANGE_MIN        0x1000000ull
#define AFSR_RESERVED    0x00800000u
#define AFSR_ERROR       0x90020000u /* an error; the slave's acknowledge; the address is there */
#define AFSR_READ        0x00040000u
#define SLOTS            5u
#define MODULE_ID        8u

struct sun4m_iommu {
    struct vm *vm;
    uint32_t control, base, afsr, afar, mfsr, mfar, arbitration, slot[SLOTS], mask_id;
};

/* The physical address of va, or UINT64_MAX. */
static uint64_t translate(struct sun4m_iommu *m, uint32_t va, bool write)
{
    uint8_t entry[4];
    if (!(m->control & CONTROL_ENABLE))
        return va;
    uint64_t range = RANGE_MIN << ((m->control & CONTROL_RANGE) >> RANGE_SHIFT);
    uint64_t from = (1ull << 32) - range;
    uint64_t table = (uint64_t)m->base << ENTRY_SHIFT;
    if (va < from || !dma_read(m->vm, table + (va - from) / GUEST_PAGE * 4, entry, sizeof entry))
        return UINT64_MAX;
    uint32_t e = load_be32(entry);
    if (!(e & ENTRY_VALID) || (write && !(e & ENTRY_WRITE)))
        return UINT64_MAX;
    return (uint64_t)(e & ENTRY_PAGE) << ENTRY_SHIFT | (va & (GUEST_PAGE - 1));
}

static bool fault(struct sun4m_iommu *m, uint32_t va, bool write)
{
    m->afsr = AFSR_ERROR | AFSR_RESERVED | (write ? 0 : AFSR_READ);
    m->afar = va;
    return false;
}

static bool move(struct sun4m_iommu *m, uint32_t va, uint8_t *to, const uint8_t *from,
                 uint32_t bytes)
{
    for (uint32_t at = 0, n; at < bytes; at += n) {
        uint32_t room = GUEST_PAGE - ((va + at) & (GUEST_PAGE - 1));
        uint64_t phys = translate(m, va + at, to == NULL);
        n = bytes - at < room ? bytes - at : room;
        if (phys == UINT64_MAX || !(to != NULL ? dma_read(m->vm, phys, to + at, n)
                                               : dma_write(m->vm, phys, from + at, n)))
            return fault(m, va + at, to == NULL);
    }
    return true;
}

bool sun4m_iommu_read(struct sun4m_iommu *m, uint32_t va, void *to, uint32_t bytes)
{
    return move(m, va, to, NULL, bytes);
}

bool sun4m_iommu_write(struct sun4m_iommu *m, uint32_t va, const void *from, uint32_t bytes)
{
    return move(m, va, NULL, from, bytes);
}

/* The register's place, or NULL. */
static uint32_t *place(struct sun4m_iommu *m, uint32_t offset)
{
    switch (offset) {
    case R_AFSR:
        return &m->afsr;
    case R_AFAR:
        return &m->afar;
    case R_MFSR:
        return &m->mfsr;
    case R_MFAR:
        return &m->mfar;
    case R_ARBITRATION:
        return &m->arbitration;
    default:
        return offset >= R_SLOT0 && offset <= R_SLOT4 ? &m->slot[(offset - R_SLOT0) / 4] : NULL;
    }
}

static uint64_t iommu_read(void *device, uint32_t offset, unsigned size)
{
    struct sun4m_iommu *m = device;
    switch (size == 4 ? offset : ~0u) {
    case R_CONTROL:
        return m->control | CONTROL_VERSION;
    case R_BASE:
        return m->base;
    case R_FLUSH_ALL:
    case R_FLUSH_PAGE:
        return 0;
    case R_ID:
        return MODULE_ID;
    case R_MASK_ID:
        return m->mask_id;
    }
    uint32_t *p = size == 4 ? place(m, offset) : NULL;
    if (p != NULL)
        return *p;
    device_unassigned(m->vm, "iommu", false, offset, size);
    return 0;
}

static void iommu_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct sun4m_iommu *m = device;
    uint32_t v = (uint32_t)value;
    switch (size == 4 ? offset : ~0u) {
    case R_CONTROL:
        m->control = v & CONTROL_WRITABLE;
        return;
    case R_BASE:
        m->base = v & BASE_BITS;
        return;
    case R_AFSR: /* any write clears it */
        m->afsr = AFSR_RESERVED;
        return;
    case R_MFSR:
        m->mfsr = 0;
        return;
    case R_FLUSH_ALL:
    case R_FLUSH_PAGE:
    case R_ID:
        return;
    }
    uint32_t *p = size == 4 ? place(m, offset) : NULL;
    if (p != NULL)
        *p = v;
    else
        device_unassigned(m->vm, "iommu", true, offset, size);
}

const struct device_ops sun4m_iommu_ops = {iommu_read, iommu_write};

void sun4m_iommu_reset(struct sun4m_iommu *m)
{
    *m = (struct sun4m_iommu){.vm = m->vm, .mask_id = m->mask_id, .afsr = AFSR_RESERVED};
}

struct sun4m_iommu *sun4m_iommu_create(struct vm *vm, uint32_t mask_id)
{
    struct sun4m_iommu *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->vm = vm;
    m->mask_id = mask_id;
    sun4m_iommu_reset(m);
    return m;
}

void sun4m_iommu_delete(struct sun4m_iommu *m)
{
    free(m);
}
