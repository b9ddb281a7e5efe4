/*
 * Physical memory at boot: what is RAM, what is in use, what the kernel keeps, what root gets.
 *
 * Before the first page is taken, everything that lives somewhere is reserved: the lowest MiB, the
 * kernel, its boot information, the modules and the framebuffer. The pool comes from the largest
 * rest below 4 GiB; the other rests become root's RAM regions.
 */
#include <cpu.h>
#include <multiboot2.h>
#include <tetrapla/bootinfo.h>

#include "machine.h"
#include "paging.h"
#include "port.h"

#define MIB             (1024 * 1024ULL)
#define GIB             (1024 * MIB)
#define POOL_MIN        (3 * MIB)
#define POOL_MAX        (512 * MIB)
#define POOL_SHARE      8 /* the pool is this part of RAM */
#define USER_MEMORY_MIN (16 * MIB)

extern char kernel_text[], kernel_rodata[], kernel_data[], kernel_end[];

uint64_t memory_window_end, memory_ram_bytes;

struct range {
    uint64_t base, end;
};

/* A list of disjoint ranges. */
#define RANGES_MAX 128
struct ranges {
    struct range r[RANGES_MAX];
    unsigned count;
};

static struct ranges ram;      /* free RAM, whole pages */
static struct ranges firmware; /* what the memory map lists and is not RAM */
static struct ranges holes;    /* what nobody lists: devices */

static void add(struct ranges *s, uint64_t base, uint64_t end)
{
    if (base < end && s->count < RANGES_MAX)
        s->r[s->count++] = (struct range){base, end};
}

static void subtract(struct ranges *s, uint64_t base, uint64_t end)
{
    unsigned n = s->count;
    for (unsigned i = 0; i < n; i++) {
        struct range r = s->r[i];
        if (end <= r.base || base >= r.end)
            continue;
        s->r[i].end = max64(r.base, base); /* the part below, perhaps empty */
        add(s, max64(r.base, end), r.end);
    }
    for (unsigned i = 0; i < s->count;) {
        if (s->r[i].base >= s->r[i].end)
            s->r[i] = s->r[--s->count];
        else
            i++;
    }
}

static uint64_t round_down(uint64_t a)
{
    return a & ~(PAGE_SIZE - 1);
}

static uint64_t round_up(uint64_t a)
{
    return round_down(a + PAGE_SIZE - 1);
}

void memory_reserve(uint64_t physical, uint64_t bytes)
{
    uint64_t base = round_down(physical), end = round_up(physical + bytes);
    subtract(&ram, base, end);
    subtract(&holes, base, end);
}

static const struct mb2_memory_map *find_map(const struct mb2_tag *t)
{
    for (; t->type != MB2_TAG_END; t = mb2_next(t))
        if (t->type == MB2_TAG_MEMORY_MAP)
            return (const void *)t;
    return NULL;
}

static unsigned entries_of(const struct mb2_memory_map *m)
{
    return (m->tag.size - (uint32_t)sizeof *m) / m->entry_size;
}

static const struct mb2_memory_entry *entry_of(const struct mb2_memory_map *m, unsigned i)
{
    return (const void *)((const char *)m->entry + i * m->entry_size);
}

static void classify(const struct mb2_memory_map *m)
{
    uint64_t limit = 1ULL << (cpuid(0x80000008, 0).a & 0xff);
    add(&holes, 0, limit);
    for (unsigned i = 0; i < entries_of(m); i++) {
        const struct mb2_memory_entry *e = entry_of(m, i);
        uint64_t end = e->base + e->length;
        if (end > limit || end < e->base)
            continue;
        subtract(&holes, round_down(e->base), round_up(end));
        if (e->type != MB2_MEMORY_RAM) {
            add(&firmware, round_down(e->base), round_up(end));
            continue;
        }
        memory_ram_bytes += e->length;
        memory_window_end = max64(memory_window_end, end);
        add(&ram, round_up(e->base), round_down(end));
    }
    /* A map may list a reserved range inside RAM. */
    for (unsigned i = 0; i < firmware.count; i++)
        subtract(&ram, firmware.r[i].base, firmware.r[i].end);
}

/* Everything of the map that is memory, or firmware's tables beside it, at PHYSICAL_WINDOW. */
static void map_window(const struct mb2_memory_map *m)
{
    for (unsigned i = 0; i < entries_of(m); i++) {
        const struct mb2_memory_entry *e = entry_of(m, i);
        uint64_t base = e->base & ~(LARGE_PAGE_SIZE - 1);
        uint64_t end = (e->base + e->length + LARGE_PAGE_SIZE - 1) & ~(LARGE_PAGE_SIZE - 1);
        if (e->type != MB2_MEMORY_BAD && e->base + e->length <= memory_window_end)
            kernel_space_map(PHYSICAL_WINDOW + base, base, end - base,
                             PTE_WRITE | PTE_NX | PTE_GLOBAL);
    }
}

static void map_kernel(void)
{
    const struct {
        char *from, *to;
        uint64_t bits;
    } part[] = {
        {kernel_text, kernel_rodata, 0},
        {kernel_rodata, kernel_data, PTE_NX},
        {kernel_data, kernel_end, PTE_WRITE | PTE_NX},
    };
    for (unsigned i = 0; i < 3; i++)
        kernel_space_map((uint64_t)part[i].from, port_physical(part[i].from),
                         (uint64_t)(part[i].to - part[i].from), part[i].bits | PTE_GLOBAL);
}

static struct range *largest_low(void)
{
    struct range *best = NULL;
    for (unsigned i = 0; i < ram.count; i++) {
        struct range *r = &ram.r[i];
        if (r->base >= 4 * GIB)
            continue;
        if (!best || min64(r->end, 4 * GIB) - r->base > min64(best->end, 4 * GIB) - best->base)
            best = r;
    }
    return best;
}

const char *memory_init(const struct mb2_tag *tags, uint64_t tags_bytes)
{
    const struct mb2_memory_map *m = find_map(tags);
    if (!m || m->entry_size < sizeof(struct mb2_memory_entry))
        return "the boot loader gave no memory map";
    classify(m);
    memory_reserve(0, MIB);
    memory_reserve(MIB, port_physical(kernel_end) - MIB);
    memory_reserve((uint64_t)tags - PHYSICAL_WINDOW - 8, tags_bytes);
    for (const struct mb2_tag *t = tags; t->type != MB2_TAG_END; t = mb2_next(t)) {
        if (t->type == MB2_TAG_MODULE) {
            const struct mb2_module *mod = (const void *)t;
            memory_reserve(mod->start, mod->end - mod->start);
        } else if (t->type == MB2_TAG_FRAMEBUFFER) {
            const struct mb2_framebuffer *f = (const void *)t;
            memory_reserve(f->address, (uint64_t)f->pitch * f->height);
        }
    }

    struct range *r = largest_low();
    uint64_t pool = max64(POOL_MIN, min64(POOL_MAX, memory_ram_bytes / POOL_SHARE));
    pool = round_up(pool);
    if (!r || min64(r->end, 4 * GIB) - r->base < pool + USER_MEMORY_MIN)
        return "too little memory: 32 MiB are needed";
    pool_init(r->base, pool / PAGE_SIZE);
    memory_reserve(r->base, pool);

    kernel_space_start();
    map_window(m);
    map_kernel();
    cpu_map_tss();
    kernel_space_load();
    return NULL;
}

volatile void *device_map(uint64_t physical, uint64_t bytes)
{
    static uint64_t next = DEVICE_WINDOW;
    uint64_t base = round_down(physical), size = round_up(physical + bytes) - base;
    uint64_t va = next;
    next += size + PAGE_SIZE;
    kernel_space_map(va, base, size, PTE_WRITE | PTE_NX | PTE_PCD | PTE_PWT | PTE_GLOBAL);
    return (volatile void *)(va + (physical - base));
}

const void *firmware_pointer(uint64_t physical, uint64_t bytes)
{
    if (physical + bytes <= memory_window_end)
        return port_pointer(physical);
    return (const void *)device_map(physical, bytes);
}

/* ---- the list for root --------------------------------------------------------------------------- */

static void list_ranges(struct boot_info *info, const struct ranges *s, uint32_t kind)
{
    for (unsigned i = 0; i < s->count && info->region_count < BOOT_REGIONS_MAX; i++)
        info->region[info->region_count++] = (struct boot_region){
            .kind = kind,
            .physical = s->r[i].base,
            .pages = (s->r[i].end - s->r[i].base) / PAGE_SIZE,
        };
}

/* Keep the page of an interrupt controller's registers out of every list. */
static void keep_page(uint64_t physical)
{
    memory_reserve(physical, 1);
    subtract(&firmware, round_down(physical), round_down(physical) + PAGE_SIZE);
}

void memory_regions(struct boot_info *info)
{
    keep_page(acpi.local_apic);
    for (unsigned i = 0; i < acpi.ioapics; i++)
        keep_page(acpi.ioapic[i].address);
    list_ranges(info, &ram, BOOT_RAM);
    list_ranges(info, &firmware, BOOT_FIRMWARE);
    list_ranges(info, &holes, BOOT_DEVICE);
}
