/*
 * The guest's MMU: walks of 2-level and PAE tables (SDM vol. 3, 4.3, 4.4), accessed and dirty bits,
 * which windows are used, and what a load of CR3 flushes.
 *
 * Walks run inside the fault upcall too: integer code, no calls but those of memory.h that may run
 * there. The status of a fault is PFE_PAGE and the error code of #PF, or PFE_PAGE alone where a
 * walk ahead finds a page that was never accessed.
 *
 * Dirty bits: a page whose bit is clear is mapped without the right to write; the write then faults,
 * and that walk sets it.
 *
 * Windows. User code has one for each CR3. Privileged code uses one window for all pages marked global,
 * if the kernel marks its pages so (its code and stack tell), and reaches others through the user's;
 * else it has one for each CR3, too. Global is what the G bit says whether CR4.PGE is set or not:
 * with PGE clear a load of CR3 flushes those, too. So a kernel that toggles PGE to flush keeps its
 * window. A load of CR3 walks what its windows hold again (window_flush.c); pages that are as they
 * were stay mapped.
 */
#include "x86_cpu.h"

#include <translator/machine.h>

/* Entries (SDM vol. 3, table 4-4 ff.). */
#define ENTRY_P  0x001u
#define ENTRY_W  0x002u
#define ENTRY_U  0x004u
#define ENTRY_A  0x020u
#define ENTRY_D  0x040u
#define ENTRY_PS 0x080u
#define ENTRY_G  0x100u
#define ENTRY_NX (1ull << 63)

/* Reserved bits of PAE entries with 36 physical address bits. */
#define PAE_RESERVED       0x7ffffff000000000ull
#define PAE_RESERVED_LARGE 0x00000000001fe000ull
#define PAE_RESERVED_PDPTE 0xfffffff0000001e6ull

/* How many walks for such pages may remain when each load of a control register takes some away; more, and
 * it is how this kernel works. A few loads with a page or two each are not: Linux patches itself through
 * a page in an address space made for that. */
#define MANY_NOT_GLOBAL 64
#define FEW_NOT_GLOBAL  4

/* One walk. */
struct walking {
    struct x86_cpu *c;
    struct walk *w;
    uint32_t va;
    unsigned kind;
    bool user, write, fetch, nxe;
    uint64_t both; /* and of all entries' U and W; NX or'ed */
};

static void fault(struct walking *k, uint32_t more)
{
    k->w->rights = 0;
    k->w->status = PFE_PAGE | more | (k->write ? PFE_WRITING : 0) | (k->user ? PFE_USER : 0) |
                   (k->fetch && k->nxe ? PFE_FETCHING : 0);
}

/* Set bits in a table entry of `bytes` bytes. */
static void mark(struct walking *k, uint64_t at, unsigned bytes, uint64_t entry, uint32_t bits)
{
    uint32_t *host = memory_ram(k->c->cpu.vm, at, bytes);
    if ((entry & bits) == bits || host == NULL)
        return;
    *(volatile uint32_t *)host |= bits;
    memory_written(k->c->cpu.vm, at, 4);
}

/* A table entry on the way: present and no reserved bits? Collects rights, sets A. */
static bool pass(struct walking *k, uint64_t at, unsigned bytes, uint64_t entry, uint64_t reserved)
{
    if ((entry & ENTRY_P) == 0) {
        fault(k, 0);
        return false;
    }
    if ((entry & reserved) != 0) {
        fault(k, PFE_PRESENT | PFE_RESERVED);
        return false;
    }
    k->both = (k->both & entry & (ENTRY_U | ENTRY_W)) | ((k->both | entry) & ENTRY_NX);
    if ((k->kind & ACCESS_DEBUG) != 0)
        return true;
    if ((k->kind & ACCESS_AHEAD) != 0 && (entry & ENTRY_A) == 0) {
        k->w->status = PFE_PAGE;
        return false;
    }
    (void)at, (void)bytes;
    return true;
}

static uint8_t rights_of(const struct walking *k)
{
    bool writable = (k->both & ENTRY_W) != 0 || (!k->user && (k->c->cr0 & CR0_WP) == 0);
    uint8_t r = WALK_READ;
    if (k->user && (k->both & ENTRY_U) == 0)
        return 0;
    r |= writable ? WALK_WRITE : 0;
    r |= (k->both & ENTRY_NX) == 0 ? WALK_EXEC : 0;
    return r;
}

/* The leaf is found: check the access, set A and D. upper: entry above it, 0 if none. */
static void leaf(struct walking *k, uint64_t base, uint32_t size, uint64_t at, uint64_t entry,
                 uint64_t upper_at, uint64_t upper, unsigned bytes)
{
    struct walk *w = k->w;
    uint8_t wanted = k->fetch ? WALK_EXEC : k->write ? WALK_WRITE : WALK_READ;
    w->lead = k->va & ~(size - 1);
    w->size = size;
    w->entry = size == GUEST_PAGE && k->c->a20 == UINT32_MAX ? at : 0;
    w->entry_bytes = (uint8_t)bytes;
    w->phys = (base | (k->va & (size - 1))) & (0xfffffffff00fffffull | k->c->a20);
    w->global = (entry & ENTRY_G) != 0;
    if ((k->kind & ACCESS_DEBUG) != 0) {
        w->rights = WALK_READ | WALK_WRITE | WALK_EXEC;
        return;
    }
    w->rights = rights_of(k);
    if ((w->rights & wanted) == 0) {
        fault(k, PFE_PRESENT);
        return;
    }
    if ((k->kind & ACCESS_AHEAD) == 0) {
        if (upper_at != 0)
            mark(k, upper_at, bytes, upper, ENTRY_A);
        mark(k, at, bytes, entry, ENTRY_A | (k->write ? ENTRY_D : 0));
    }
    if ((entry & ENTRY_D) == 0 && !k->write)
        w->rights &= (uint8_t)~WALK_WRITE;
    if (!k->user && !w->global && (k->both & ENTRY_U) == 0 && k->c->global_window)
        k->c->not_global++;
}

static void walk_two(struct walking *k)
{
    struct vm *vm = k->c->cpu.vm;
    uint64_t upper_at = (k->c->cr3 & GUEST_PAGE_MASK) | k->va >> 22 << 2;
    uint32_t upper = 0, entry = 0;
    memory_table32(vm, upper_at, &upper);
    bool large = (upper & ENTRY_PS) != 0 && (k->c->cr4 & CR4_PSE) != 0;
    if (!pass(k, upper_at, 4, upper, large ? 0x3e0000 : 0))
        return;
    if (large) { /* PSE-36: bits 13-16 are address bits 32-35 */
        leaf(k, (upper & 0xffc00000) | (uint64_t)(upper >> 13 & 15) << 32, 1u << 22, upper_at,
             upper, 0, 0, 4);
        return;
    }
    uint64_t at = (upper & GUEST_PAGE_MASK) | (k->va >> 12 & 0x3ff) << 2;
    memory_table32(vm, at, &entry);
    if (pass(k, at, 4, entry, 0))
        leaf(k, entry & GUEST_PAGE_MASK, GUEST_PAGE, at, entry, upper_at, upper, 4);
}

static void walk_pae(struct walking *k)
{
    struct vm *vm = k->c->cpu.vm;
    uint64_t pointer = k->c->pdpte[k->va >> 30], upper = 0, entry = 0;
    uint64_t reserved = PAE_RESERVED | (k->nxe ? 0 : ENTRY_NX);
    if ((pointer & ENTRY_P) == 0) {
        fault(k, 0);
        return;
    }
    uint64_t upper_at = (pointer & 0xffffff000ull) | (k->va >> 21 & 0x1ff) << 3;
    memory_table64(vm, upper_at, &upper);
    bool large = (upper & ENTRY_PS) != 0;
    if (!pass(k, upper_at, 8, upper, reserved | (large ? PAE_RESERVED_LARGE : 0)))
        return;
    if (large) {
        leaf(k, upper & 0xfffe00000ull, 1u << 21, upper_at, upper, 0, 0, 8);
        return;
    }
    uint64_t at = (upper & 0xffffff000ull) | (k->va >> 12 & 0x1ff) << 3;
    memory_table64(vm, at, &entry);
    if (pass(k, at, 8, entry, reserved))
        leaf(k, entry & 0xffffff000ull, GUEST_PAGE, at, entry, upper_at, upper, 8);
}

static void unmapped(struct x86_cpu *c, uint32_t va, struct walk *w)
{
    w->global = true;
    w->rights = WALK_READ | WALK_WRITE | WALK_EXEC;
    w->phys = va & c->a20;
    if (c->a20 == 0xffffffff) {
        w->lead = va & 0x80000000;
        w->size = 0x80000000;
    } else { /* every other MiB is another's alias */
        w->lead = va & 0xfff00000;
        w->size = 0x100000;
    }
}

void x86_walk(struct cpu *cpu, uint32_t va, unsigned kind, struct walk *w)
{
    struct x86_cpu *c = x86_of(cpu);
    struct walking k = {.c = c,
                        .w = w,
                        .va = va,
                        .kind = kind,
                        .user = (kind & ACCESS_USER) != 0 ||
                                (c->cpl == 3 && (kind & ACCESS_SYSTEM) == 0),
                        .write = (kind & ACCESS_WRITE) != 0,
                        .fetch = (kind & ACCESS_FETCH) != 0,
                        .both = ENTRY_U | ENTRY_W};
    *w = (struct walk){.lead = va & GUEST_PAGE_MASK, .size = GUEST_PAGE};
    if ((c->cr0 & CR0_PG) == 0) {
        unmapped(c, va, w);
        return;
    }
    k.nxe = (c->efer & EFER_NXE) != 0 && (c->cr4 & CR4_PAE) != 0;
    if ((c->cr4 & CR4_PAE) != 0)
        walk_pae(&k);
    else
        walk_two(&k);
}

/* ---- windows ---------------------------------------------------------------------------------- */

static uint64_t control_key(const struct x86_cpu *c)
{
    uint64_t k = c->a20 != 0xffffffff ? X86_KEY_A20 : 0;
    if ((c->cr0 & CR0_PG) == 0)
        return k;
    k |= X86_KEY_PAGED;
    k |= (c->cr0 & CR0_WP) != 0 ? X86_KEY_WP : 0;
    k |= (c->cr4 & CR4_PSE) != 0 ? X86_KEY_PSE : 0;
    k |= (c->cr4 & CR4_PAE) != 0 ? X86_KEY_PAE : 0;
    k |= (c->efer & EFER_NXE) != 0 ? X86_KEY_NXE : 0;
    return k;
}

static uint32_t root_of(const struct x86_cpu *c)
{
    return (c->cr4 & CR4_PAE) != 0 ? c->cr3 & ~31u : c->cr3 & GUEST_PAGE_MASK;
}

static uint64_t main_key(const struct x86_cpu *c)
{
    uint64_t control = control_key(c);
    if ((control & X86_KEY_PAGED) == 0)
        return control;
    if (c->cpl == 3)
        return control | X86_KEY_USER | root_of(c);
    return control | (c->global_window ? X86_KEY_GLOBAL : root_of(c));
}

static uint64_t name_of(const struct x86_cpu *c, uint64_t main)
{
    return main | ((main & X86_KEY_PAGED) != 0 ? root_of(c) : 0) | X86_NAME;
}

uint64_t x86_window_name(const struct x86_cpu *c)
{
    return name_of(c, main_key(c));
}

void x86_windows(const struct cpu *cpu, struct window_keys *k)
{
    const struct x86_cpu *c = x86_of_const(cpu);
    uint64_t main = main_key(c);
    bool paged = (main & X86_KEY_PAGED) != 0;
    k->main = main;
    k->alt = paged ? control_key(c) | X86_KEY_USER | root_of(c) : main;
    k->global_only = (main & X86_KEY_GLOBAL) != 0;
    k->choose = k->global_only ? k->alt : main;
    k->name = name_of(c, main);
}

bool x86_holds(const struct cpu *cpu, uint64_t key)
{
    const struct x86_cpu *c = x86_of_const(cpu);
    if ((key & X86_KEY_CONTROL) != control_key(c) || (key & X86_KEY_PAGED) == 0)
        return false;
    return (key & X86_KEY_GLOBAL) != 0 || (key & X86_KEY_CR3) == root_of(c);
}

void x86_walk_for(struct cpu *cpu, uint64_t key, uint32_t va, struct walk *w)
{
    struct x86_cpu *c = x86_of(cpu);
    unsigned kind = ACCESS_READ | ACCESS_AHEAD;
    bool user = (key & X86_KEY_USER) != 0;
    uint32_t not_global = c->not_global;
    x86_walk(cpu, va, kind | (user ? ACCESS_USER : ACCESS_SYSTEM), w);
    c->not_global = not_global; /* nobody used it */
    if (w->status == 0 && (key & X86_KEY_GLOBAL) != 0 && !w->global)
        w->status = PFE_PAGE;
}

bool x86_guest_tables(struct cpu *cpu, uint32_t va, struct guest_tables *t)
{
    const struct x86_cpu *c = x86_of(cpu);
    bool pae = (c->cr4 & CR4_PAE) != 0;
    t->count = pae ? 2 : 1;
    t->bytes = pae ? 8 : 4;
    for (unsigned n = 0; n < t->count; n++) {
        uint32_t upper = 0, at = va + (n << 21);
        uint64_t directory = pae ? c->pdpte[at >> 30] : c->cr3 | ENTRY_P;
        if ((directory & ENTRY_P) == 0)
            return false;
        if (!pae)
            memory_table32(cpu->vm, (directory & GUEST_PAGE_MASK) | at >> 22 << 2, &upper);
        else
            memory_table64(cpu->vm, (directory & 0xffffff000ull) | (at >> 21 & 0x1ff) << 3,
                           &t->upper[n]);
        if (!pae)
            t->upper[n] = upper;
        if ((t->upper[n] & (ENTRY_P | ENTRY_PS)) != ENTRY_P)
            return false;
        t->phys[n] = t->upper[n] & (pae ? 0xffffff000ull : GUEST_PAGE_MASK);
    }
    return true;
}

/* Whether a page of the kernel's is marked global. */
static bool is_global(struct x86_cpu *c, uint32_t va)
{
    struct walk w;
    x86_walk(&c->cpu, va, ACCESS_DEBUG, &w);
    return w.status == 0 && w.global;
}

static void choose_window(struct x86_cpu *c)
{
    if (c->cpl == 3 || (c->cr0 & CR0_PG) == 0)
        return;
    if (c->not_global < MANY_NOT_GLOBAL)
        c->not_global -= c->not_global < FEW_NOT_GLOBAL ? c->not_global : FEW_NOT_GLOBAL;
    c->global_window = c->not_global < MANY_NOT_GLOBAL && is_global(c, c->cpu.pc) &&
                       is_global(c, c->seg[X86_SS].base + c->cpu.reg[X86_ESP]);
}

void x86_paging_changed(struct x86_cpu *c, bool global)
{
    struct vm *vm = c->cpu.vm;
    uint64_t root = X86_KEY_PAGED | root_of(c);
    window_flush(vm, X86_KEY_PAGED | X86_KEY_GLOBAL | X86_KEY_CR3, root);
    if (global || (c->cr4 & CR4_PGE) == 0)
        window_flush(vm, X86_KEY_GLOBAL, X86_KEY_GLOBAL);
    windows_complete(vm);
    choose_window(c);
}

/* The four pointers that PAE latches (SDM vol. 3, 4.4.1); false: one is not valid. */
static bool pointers(struct x86_cpu *c, uint32_t cr3, uint64_t p[4])
{
    for (unsigned n = 0; n < 4; n++) {
        memory_table64(c->cpu.vm, (cr3 & ~31u) + 8 * n, &p[n]);
        if ((p[n] & ENTRY_P) != 0 && (p[n] & PAE_RESERVED_PDPTE) != 0)
            return false;
    }
    return true;
}

static bool latches(const struct x86_cpu *c)
{
    return (c->cr0 & CR0_PG) != 0 && (c->cr4 & CR4_PAE) != 0;
}

bool x86_cr3_good(struct x86_cpu *c, uint32_t value)
{
    uint64_t p[4] = {0};
    return !latches(c) || pointers(c, value, p);
}

bool x86_load_cr3(struct x86_cpu *c, uint32_t value)
{
    uint64_t p[4] = {0};
    if (latches(c)) {
        if (!pointers(c, value, p))
            return false;
        for (unsigned n = 0; n < 4; n++)
            c->pdpte[n] = p[n];
    }
    c->cr3 = value;
    return true;
}
