/*
 * The guest's MMU: walks of the short and the long descriptor tables (B3.5, B3.6).
 *
 * Runs inside the fault upcall too: integer code, no calls but memory_table32 and memory_table64.
 * Checks in the manual's order: translation fault, access flag, domain, permission (B3.12.3). The
 * status of a fault is what DFSR shows without WnR: FS[3:0], domain in bits 7:4, FS[4] in bit 10,
 * or with long descriptors bit 9 and STATUS[5:0]. Never 0.
 */
#include "arm_cpu.h"

#include <translator/memory.h>

/* Fault status of short descriptors at level 1; level 2 has bit 1 set too (B3.13.3). */
enum {
    FS_ACCESS_FLAG = 0x003, /* level 2: 0x006 */
    FS_TRANSLATION = 0x005,
    FS_DOMAIN = 0x009,
    FS_PERMISSION = 0x00d,
    FS_TABLE = 0x00c, /* external abort on the walk; level 2: 0x00e */
};
/* Long descriptors: add the level. */
enum { LS_TRANSLATION = 0x204, LS_ACCESS_FLAG = 0x208, LS_PERMISSION = 0x20c, LS_TABLE = 0x214 };

#define R  WALK_READ
#define RW (WALK_READ | WALK_WRITE)

/* Access permissions by AP[2:0] (B3.7.1); with SCTLR.AFE, AP[0] counts as 1. */
static const struct {
    uint8_t priv, user;
} ap_rights[8] = {{0, 0}, {RW, 0}, {RW, R}, {RW, RW}, {0, 0}, {R, 0}, {R, R}, {R, R}};

/* What a leaf descriptor of either format says. */
struct leaf {
    uint8_t ap;
    bool xn, pxn;
};

/* True if the access is as the current mode's user side. */
static bool as_user(const struct arm_cpu *c, unsigned kind)
{
    return (kind & ACCESS_USER) != 0 || !arm_privileged(c);
}

static uint8_t rights_of(const struct leaf *l, bool user)
{
    uint8_t r = user ? ap_rights[l->ap].user : ap_rights[l->ap].priv;
    if ((r & WALK_READ) != 0 && !l->xn && (user || !l->pxn))
        r |= WALK_EXEC;
    return r;
}

static uint8_t wanted(unsigned kind)
{
    if ((kind & ACCESS_FETCH) != 0)
        return WALK_EXEC;
    return (kind & ACCESS_WRITE) != 0 ? WALK_WRITE : WALK_READ;
}

static void fault(struct walk *w, uint32_t status)
{
    w->status = status;
    w->rights = 0;
}

/* The page's descriptor (struct walk); in the host's byte order only. */
static void entry_at(const struct arm_cpu *c, struct walk *w, uint64_t at, uint8_t bytes)
{
    w->entry = (c->cp15.sctlr & SCTLR_EE) == 0 ? at : 0;
    w->entry_bytes = bytes;
}

/* ---- short descriptors ------------------------------------------------------------------------ */

/* Memory type of TEX, C, B (B3.8.2, B3.8.3): true for device and strongly-ordered. */
static bool short_device(const struct arm_cpu *c, unsigned tex, unsigned cb)
{
    if ((c->cp15.sctlr & SCTLR_TRE) != 0) {
        unsigned n = (tex & 1) << 2 | cb;
        return ((c->cp15.prrr >> (2 * n)) & 3) < 2;
    }
    return (tex == 0 && cb < 2) || (tex == 2 && cb == 0);
}

static bool short_table(struct arm_cpu *c, uint64_t phys, uint32_t *descriptor)
{
    if (!memory_table32(c->cpu.vm, phys, descriptor))
        return false;
    if ((c->cp15.sctlr & SCTLR_EE) != 0)
        *descriptor = __builtin_bswap32(*descriptor);
    return true;
}

/* A page was found in this domain: what the DACR says of it is in keys, or concerns all windows. */
static void note_domain(struct arm_cpu *c, bool global, uint32_t domain)
{
    uint32_t field = 3u << (2 * domain);
    if (((global ? c->global_dacr : c->process_dacr) & field) != 0)
        return;
    windows_forget_near(c->cpu.vm);
    if (global) {
        c->global_dacr |= field;
    } else {
        c->process_domains |= 1u << domain;
        c->process_dacr |= field;
    }
}

/* Access flag, domain and permission of a leaf; w->phys, lead and size are set. second: level 2. */
static void short_check(struct arm_cpu *c, struct walk *w, struct leaf *l, unsigned domain,
                        bool second, unsigned kind)
{
    uint32_t level = second ? 2 : 0;
    uint32_t status = domain << 4 | level;
    if ((kind & ACCESS_DEBUG) != 0) {
        w->rights = WALK_READ | WALK_WRITE | WALK_EXEC;
        return;
    }
    if ((c->cp15.sctlr & SCTLR_AFE) != 0) {
        if ((l->ap & 1) == 0) {
            fault(w, domain << 4 | (second ? 0x006 : FS_ACCESS_FLAG));
            return;
        }
        l->ap |= 1;
    }
    unsigned access = (c->cp15.dacr >> (2 * domain)) & 3;
    if (access == 0 || access == 2) {
        fault(w, status | FS_DOMAIN);
        return;
    }
    note_domain(c, w->global, domain);
    w->rights = WALK_READ | WALK_WRITE | WALK_EXEC;
    if (access == 1)
        w->rights = rights_of(l, as_user(c, kind));
    if ((w->rights & wanted(kind)) == 0)
        fault(w, status | FS_PERMISSION);
}

static void extent(struct walk *w, uint32_t va, uint64_t base, uint32_t size)
{
    w->lead = va & ~(size - 1);
    w->size = size;
    w->phys = base | (va & (size - 1));
}

/* Section or supersection (B3.5.1, figure B3-4). */
static void section(struct arm_cpu *c, uint32_t va, uint32_t d, unsigned kind, struct walk *w)
{
    bool super = (d >> 18 & 1) != 0;
    struct leaf l = {.ap = (d >> 13 & 4) | (d >> 10 & 3), .xn = (d >> 4 & 1) != 0, .pxn = d & 1};
    if (super)
        extent(w, va,
               (d & 0xff000000) | (uint64_t)(d >> 20 & 15) << 32 | (uint64_t)(d >> 5 & 15) << 36,
               0x1000000);
    else
        extent(w, va, d & 0xfff00000, 0x100000);
    w->global = (d >> 17 & 1) == 0;
    w->device = short_device(c, d >> 12 & 7, d >> 2 & 3);
    short_check(c, w, &l, super ? 0 : d >> 5 & 15, false, kind);
}

/* Small or large page (B3.5.1, figure B3-5). */
static void page(struct arm_cpu *c, uint32_t va, uint32_t d, uint32_t first, unsigned kind,
                 struct walk *w)
{
    bool small = (d & 2) != 0;
    struct leaf l = {.ap = (d >> 7 & 4) | (d >> 4 & 3), .pxn = (first >> 2 & 1) != 0};
    l.xn = small ? (d & 1) != 0 : (d >> 15 & 1) != 0;
    if (small)
        extent(w, va, d & 0xfffff000, 0x1000);
    else
        extent(w, va, d & 0xffff0000, 0x10000);
    w->global = (d >> 11 & 1) == 0;
    w->device = short_device(c, small ? d >> 6 & 7 : d >> 12 & 7, d >> 2 & 3);
    short_check(c, w, &l, first >> 5 & 15, true, kind);
}

static void walk_short(struct arm_cpu *c, uint32_t va, unsigned kind, struct walk *w)
{
    const struct arm_cp15 *p = &c->cp15;
    unsigned n = p->ttbcr & 7;
    uint32_t d, first;
    bool low = n == 0 || va >> (32 - n) == 0;
    /* TTBCR.PD0, PD1: no walk through this table (B4.1.153) */
    if ((p->ttbcr >> (low ? 4 : 5) & 1) != 0) {
        fault(w, FS_TRANSLATION);
        return;
    }
    n = low ? n : 0;
    uint32_t base = (uint32_t)(low ? p->ttbr0 : p->ttbr1) & ~((1u << (14 - n)) - 1);
    if (!short_table(c, base | ((va << n) >> n) >> 20 << 2, &first)) {
        fault(w, FS_TABLE);
        return;
    }
    if ((first & 3) == 0) {
        fault(w, FS_TRANSLATION);
        return;
    }
    if ((first & 2) != 0) {
        section(c, va, first, kind, w);
        return;
    }
    uint32_t domain = first >> 5 & 15, at = (first & 0xfffffc00) | (va >> 12 & 0xff) << 2;
    if (!short_table(c, at, &d))
        fault(w, domain << 4 | FS_TABLE | 2);
    else if ((d & 3) == 0)
        fault(w, domain << 4 | FS_TRANSLATION | 2);
    else {
        entry_at(c, w, (d & 2) != 0 ? at : 0, 4);
        page(c, va, d, first, kind, w);
    }
}

/* ---- long descriptors ------------------------------------------------------------------------- */

/* MAIR attribute index: 0x00 strongly-ordered, 0x04 device (B4.1.104). */
static bool long_device(const struct arm_cpu *c, unsigned index)
{
    uint32_t mair = index < 4 ? c->cp15.prrr : c->cp15.nmrr;
    return ((mair >> (8 * (index & 3))) & 0xf0) == 0;
}

/* Which table translates va (B3.6.6): its base register and the number of input bits; false: none. */
static bool long_base(const struct arm_cpu *c, uint32_t va, uint64_t *base, unsigned *bits)
{
    uint32_t t = c->cp15.ttbcr;
    unsigned t0 = t & 7, t1 = t >> 16 & 7;
    bool low = t0 == 0 || va >> (32 - t0) == 0;
    bool high = t1 == 0 ? !low : va >> (32 - t1) == (1u << t1) - 1;
    if ((!low && !high) || (t >> (high ? 23 : 7) & 1) != 0)
        return false;
    *base = high ? c->cp15.ttbr1 : c->cp15.ttbr0;
    *bits = 32 - (high ? t1 : t0);
    return true;
}

static bool long_table(struct arm_cpu *c, uint64_t phys, uint64_t *descriptor)
{
    if (!memory_table64(c->cpu.vm, phys, descriptor))
        return false;
    if ((c->cp15.sctlr & SCTLR_EE) != 0)
        *descriptor = __builtin_bswap64(*descriptor);
    return true;
}

/* Attributes of the tables on the way (B3.6.1): NoUser, ReadOnly, XN, PXN accumulate. */
struct hierarchy {
    bool no_user, read_only, xn, pxn;
};

static void long_leaf(struct arm_cpu *c, uint32_t va, uint64_t d, const struct hierarchy *h,
                      unsigned level, unsigned kind, struct walk *w)
{
    uint32_t size = level == 1 ? 1u << 30 : level == 2 ? 1u << 21 : 1u << 12;
    bool read_only = (d >> 7 & 1) != 0 || h->read_only;
    bool for_user = (d >> 6 & 1) != 0 && !h->no_user;
    struct leaf l = {.ap = (read_only ? 4 : 0) | (for_user ? 3 : 1),
                     .xn = (d >> 54 & 1) != 0 || h->xn,
                     .pxn = (d >> 53 & 1) != 0 || h->pxn};
    extent(w, va, d & 0xfffffff000ull & ~(uint64_t)(size - 1), size);
    w->global = (d >> 11 & 1) == 0;
    w->device = long_device(c, d >> 2 & 7);
    if ((kind & ACCESS_DEBUG) != 0) {
        w->rights = WALK_READ | WALK_WRITE | WALK_EXEC;
        return;
    }
    if ((d >> 10 & 1) == 0) {
        fault(w, LS_ACCESS_FLAG + level);
        return;
    }
    w->rights = rights_of(&l, as_user(c, kind));
    if ((w->rights & wanted(kind)) == 0)
        fault(w, LS_PERMISSION + level);
}

static void walk_long(struct arm_cpu *c, uint32_t va, unsigned kind, struct walk *w)
{
    struct hierarchy h = {0};
    uint64_t base, d;
    unsigned bits;
    if (!long_base(c, va, &base, &bits)) {
        fault(w, LS_TRANSLATION + 1);
        return;
    }
    /* The first table may be smaller than a page, and with at most 30 bits it is of level 2. */
    unsigned level = bits > 30 ? 1 : 2;
    unsigned index_bits = bits - (level == 1 ? 30 : 21);
    base &= 0xffffffffffull & ~((8ull << index_bits) - 1);
    for (;; level++) {
        unsigned shift = 39 - 9 * level;
        uint64_t index = (va >> shift) & ((1u << index_bits) - 1);
        entry_at(c, w, level == 3 ? base | index << 3 : 0, 8);
        if (!long_table(c, base | index << 3, &d)) {
            fault(w, LS_TABLE + level);
            return;
        }
        bool upper = (d & 2) != 0;
        if ((d & 1) == 0 || (level == 3 && !upper)) {
            fault(w, LS_TRANSLATION + level);
            return;
        }
        if (level == 3 || !upper)
            break;
        h.pxn |= (d >> 59 & 1) != 0;
        h.xn |= (d >> 60 & 1) != 0;
        h.no_user |= (d >> 61 & 1) != 0;
        h.read_only |= (d >> 62 & 1) != 0;
        base = d & 0xfffffff000ull;
        index_bits = 9;
    }
    long_leaf(c, va, d, &h, level, kind, w);
}

void arm_walk(struct cpu *cpu, uint32_t va, unsigned kind, struct walk *w)
{
    struct arm_cpu *c = arm_of(cpu);
    w->status = 0;
    w->device = false;
    w->global = false;
    w->rights = 0;
    w->phys = w->entry = 0;
    w->lead = va & GUEST_PAGE_MASK;
    w->size = GUEST_PAGE;
    if ((c->cp15.sctlr & SCTLR_M) == 0) {
        extent(w, va, 0, 0x80000000);
        w->phys = va;
        w->global = true;
        w->rights = WALK_READ | WALK_WRITE | WALK_EXEC;
    } else if (arm_long_descriptors(c)) {
        walk_long(c, va, kind, w);
    } else {
        walk_short(c, va, kind, w);
    }
}

bool arm_holds(const struct cpu *cpu, uint64_t key)
{
    const struct arm_cpu *c = arm_of_const(cpu);
    if ((c->cp15.sctlr & SCTLR_M) == 0 || (key & ARM_KEY_MAPPED) == 0 || !arm_privileged(c))
        return false;
    if ((key & ARM_KEY_USER) == 0)
        return true;
    return (key & ARM_KEY_DENIED) == 0 && (key & ARM_KEY_ASID) == arm_key_asid(arm_asid(c)) &&
           key >> ARM_KEY_DOMAINS_SHIFT == c->process_domains;
}

void arm_walk_for(struct cpu *cpu, uint64_t key, uint32_t va, struct walk *w)
{
    struct arm_cpu *c = arm_of(cpu);
    if ((key & ARM_KEY_USER) == 0) {
        arm_walk(cpu, va, ACCESS_READ, w);
        if (w->status == 0 && !w->global)
            fault(w, FS_TRANSLATION);
        return;
    }
    uint32_t now = c->cp15.dacr;
    c->cp15.dacr = (now & ~c->process_dacr) | (uint32_t)(key & ARM_KEY_DACR);
    arm_walk(cpu, va, ACCESS_READ | ACCESS_USER, w);
    c->cp15.dacr = now;
}
