/*
 * The SPARC Reference MMU (V8 appendix H): walks, probes, referenced and modified bits, rights.
 *
 * Walks run inside the fault upcall too: integer code, no calls but those of memory.h that may run
 * there. The status of a fault has the level and type fields of the fault status register.
 *
 * A page whose modified bit is clear is mapped without the right to write; the write then faults, and
 * that walk sets it. Pages for supervisors only (ACC 6 and 7) match in every context, as in the TLBs
 * of real parts; so they are the global pages that the one privileged window holds.
 */
#include "sparc_cpu.h"

#include <translator/memory.h>

/* Table entries (H.3.3, H.3.4). */
#define ENTRY_TYPE   3u
#define TYPE_INVALID 0u
#define TYPE_TABLE   1u
#define TYPE_PAGE    2u
#define ENTRY_R      0x20u
#define ENTRY_M      0x40u
#define ENTRY_ACC(e) ((e) >> 2 & 7)

#define LAST_LEVEL 3u
/* Of each level: where its index begins in the address, and how many entries a table has. */
static const struct {
    uint8_t shift;
    uint16_t entries;
} levels[] = {{0, 0}, {24, 256}, {18, 64}, {12, 64}};
/* An entry of the context table that is a page covers all; it is taken in pieces. */
#define LARGEST_SHIFT 24

/* Rights of user and supervisor by ACC (table H-3). */
#define R_  WALK_READ
#define RW  (WALK_READ | WALK_WRITE)
#define RX  (WALK_READ | WALK_EXEC)
#define RWX (WALK_READ | WALK_WRITE | WALK_EXEC)
#define X_  WALK_EXEC
static const uint8_t user_rights[8] = {R_, RW, RX, RWX, X_, R_, 0, 0};
static const uint8_t supervisor_rights[8] = {R_, RW, RX, RWX, X_, RW, RX, RWX};

/* What a walk down the tables found. */
struct found {
    uint64_t at; /* where the entry lies */
    uint32_t entry;
    unsigned level; /* of the table it is in */
    uint32_t fault; /* enum sparc_fault, 0: it is a page */
};

static bool read_entry(struct sparc_cpu *c, uint64_t at, uint32_t *entry)
{
    if (!memory_table32(c->cpu.vm, at, entry))
        return false;
    *entry = __builtin_bswap32(*entry);
    return true;
}

/* Down to `last` at most. */
static struct found descend(struct sparc_cpu *c, uint32_t va, unsigned last)
{
    struct found f = {.at = ((uint64_t)c->mmu.context_table << 4) + 4 * (uint64_t)c->mmu.context};
    for (;; f.level++) {
        if (!read_entry(c, f.at, &f.entry)) {
            f.entry = 0;
            f.fault = FT_TRANSLATION;
            return f;
        }
        unsigned type = f.entry & ENTRY_TYPE;
        if (type == TYPE_PAGE)
            return f;
        f.fault = type == TYPE_INVALID ? FT_INVALID : FT_TRANSLATION;
        if (type != TYPE_TABLE || f.level == last)
            return f;
        f.fault = 0;
        unsigned index = va >> levels[f.level + 1].shift & (levels[f.level + 1].entries - 1u);
        f.at = ((uint64_t)(f.entry & ~ENTRY_TYPE) << 4) + 4 * index;
    }
}

static void mark(struct sparc_cpu *c, const struct found *f, uint32_t bits)
{
    uint32_t *host = memory_ram(c->cpu.vm, f->at, 4);
    if ((f->entry & bits) == bits || host == NULL)
        return;
    *(volatile uint32_t *)host |= __builtin_bswap32(bits);
    memory_written(c->cpu.vm, f->at, 4);
}

static uint8_t wanted(unsigned kind)
{
    return (kind & ACCESS_FETCH) != 0   ? WALK_EXEC
           : (kind & ACCESS_WRITE) != 0 ? WALK_WRITE
                                        : WALK_READ;
}

static void fault(struct walk *w, unsigned level, uint32_t type)
{
    w->rights = 0;
    w->status = level << SFSR_L_SHIFT | type << SFSR_FT_SHIFT;
}

static void page(struct sparc_cpu *c, const struct found *f, uint32_t va, unsigned kind,
                 struct walk *w)
{
    unsigned shift = f->level == 0 ? LARGEST_SHIFT : levels[f->level].shift;
    unsigned acc = ENTRY_ACC(f->entry);
    bool user = (kind & ACCESS_USER) != 0 || !sparc_supervisor(c);
    uint64_t base = (uint64_t)(f->entry & 0xffffff00) << 4;
    uint64_t covered = f->level == 0 ? 0xffffffffull : (1ull << shift) - 1;
    w->entry = f->level == LAST_LEVEL ? f->at : 0;
    w->entry_bytes = 4;
    w->size = 1u << shift;
    w->lead = va & ~(w->size - 1);
    w->phys = (base & ~covered) | (va & covered);
    w->global = acc >= 6;
    w->device = (f->entry & 0x80) == 0;
    if ((kind & ACCESS_DEBUG) != 0) {
        w->rights = RWX;
        return;
    }
    w->rights = ((kind & ACCESS_SYSTEM) == 0 && user ? user_rights : supervisor_rights)[acc];
    if ((w->rights & wanted(kind)) == 0) {
        fault(w, f->level, user && acc >= 6 ? FT_PRIVILEGE : FT_PROTECTION);
        return;
    }
    if ((kind & ACCESS_AHEAD) != 0) {
        if ((f->entry & ENTRY_R) == 0)
            fault(w, f->level, FT_INVALID);
    } else {
        mark(c, f, ENTRY_R | ((kind & ACCESS_WRITE) != 0 ? ENTRY_M : 0));
    }
    bool modified =
        (f->entry & ENTRY_M) != 0 || (kind & (ACCESS_WRITE | ACCESS_AHEAD)) == ACCESS_WRITE;
    if (!modified)
        w->rights &= (uint8_t)~WALK_WRITE;
}

/* The MMU is off: physical addresses; in boot mode fetches go to the PROM. */
static void flat(struct sparc_cpu *c, uint32_t va, unsigned kind, struct walk *w)
{
    bool prom = (c->mmu.control & MMU_BM) != 0 && (kind & (ACCESS_FETCH | ACCESS_DEBUG)) != 0;
    w->size = 1u << LARGEST_SHIFT;
    w->lead = va & ~(w->size - 1);
    w->phys = prom ? c->prom_base + (va & SPARC_PROM_MASK) : va;
    w->global = true;
    w->rights = RWX;
    if (prom) {
        w->size = GUEST_PAGE;
        w->lead = va & GUEST_PAGE_MASK;
    }
}

void sparc_walk(struct cpu *cpu, uint32_t va, unsigned kind, struct walk *w)
{
    struct sparc_cpu *c = sparc_of(cpu);
    *w = (struct walk){.lead = va & GUEST_PAGE_MASK, .size = GUEST_PAGE};
    if ((c->mmu.control & MMU_E) == 0) {
        flat(c, va, kind, w);
        return;
    }
    struct found f = descend(c, va, LAST_LEVEL);
    if (f.fault != 0)
        fault(w, f.level, f.fault);
    else
        page(c, &f, va, kind, w);
}

uint32_t sparc_probe(struct sparc_cpu *c, uint32_t va, unsigned type)
{
    bool entire = type == 4;
    unsigned last = entire ? LAST_LEVEL : LAST_LEVEL - type;
    if (type > 4)
        return 0;
    struct found f = descend(c, va, last);
    if (entire)
        return f.fault == 0 ? f.entry : 0;
    if (f.level != last || (f.entry & ENTRY_TYPE) == TYPE_INVALID || (f.entry & ENTRY_TYPE) == 3)
        return 0;
    return last == LAST_LEVEL && f.fault != 0 ? 0 : f.entry;
}

bool sparc_holds(const struct cpu *cpu, uint64_t key)
{
    const struct sparc_cpu *c = sparc_of_const(cpu);
    if ((c->mmu.control & MMU_E) == 0 || (key & SPARC_KEY_MAPPED) == 0)
        return false;
    if ((key & SPARC_KEY_USER) == 0)
        return sparc_supervisor(c);
    return (key & SPARC_KEY_CONTEXT) == c->mmu.context;
}

void sparc_walk_for(struct cpu *cpu, uint64_t key, uint32_t va, struct walk *w)
{
    if ((key & SPARC_KEY_USER) != 0) {
        sparc_walk(cpu, va, ACCESS_READ | ACCESS_AHEAD | ACCESS_USER, w);
        return;
    }
    sparc_walk(cpu, va, ACCESS_READ | ACCESS_AHEAD, w);
    if (w->status == 0 && !w->global)
        fault(w, 0, FT_INVALID);
}

/* Above the pages' descriptors: a word of level 1 for 16 MiB, then one of level 2 for each 256 KiB. */
bool sparc_guest_tables(struct cpu *cpu, uint32_t va, struct guest_tables *t)
{
    struct sparc_cpu *c = sparc_of(cpu);
    struct found first = descend(c, va, 1);
    t->count = 1;
    t->bytes = 4;
    t->phys[0] = NO_TABLE;
    t->upper[0] = first.entry;
    if (first.level == 1 && (first.entry & ENTRY_TYPE) == TYPE_TABLE) {
        uint64_t at = ((uint64_t)(first.entry & ~ENTRY_TYPE) << 4) + (va >> 18 & 63) * 4;
        t->count = GUEST_TABLES;
        for (unsigned n = 0; n < GUEST_TABLES; n++) {
            uint32_t entry;
            if (!read_entry(c, at + n * 4, &entry))
                return false;
            bool table = (entry & ENTRY_TYPE) == TYPE_TABLE;
            t->phys[n] = table ? (uint64_t)(entry & ~ENTRY_TYPE) << 4 : NO_TABLE;
            t->upper[n] = entry;
        }
    }
    return true;
}
