/*
 * The first task. The port has set the machine up and described it in struct boot_info; here the
 * root task is made from its ELF image and gets a capability to everything.
 */
#include <tetrapla/bootinfo.h>

#include "elf.h"
#include "port.h"

struct task *root_task;

static void give(uint64_t slot, void *object, unsigned rights)
{
    struct cap *c;
    if (!object || cap_slot(root_task, slot, &c) != OK)
        panic("no memory for the root task's capabilities");
    cap_fill(c, object, rights, 0, NULL);
}

static void map_all(uint64_t va, uint64_t physical, uint64_t pages, unsigned rights, unsigned tag)
{
    while (pages > 0) {
        uint64_t done;
        if (port_space_map(&root_task->space, va, physical, pages, rights, CACHE_BACK, tag,
                           &done) != OK)
            panic("cannot map the root task at %lx", va);
        va += done * PAGE_SIZE;
        physical += done * PAGE_SIZE;
        pages -= done;
    }
}

/* Take pages from the start of a free RAM region. */
static uint64_t take_ram(struct boot_info *info, uint64_t pages)
{
    for (uint64_t i = 0; i < info->region_count; i++) {
        struct boot_region *r = &info->region[i];
        if (r->kind != BOOT_RAM || r->pages <= pages)
            continue;
        uint64_t physical = r->physical;
        r->physical += pages * PAGE_SIZE;
        r->pages -= pages;
        return physical;
    }
    panic("no memory for the root task: %lu KiB needed", (unsigned long)(pages * PAGE_SIZE / 1024));
}

static bool segment_ok(const struct elf_segment *s, size_t bytes)
{
    return s->file_size <= s->memory_size && s->offset <= bytes &&
           s->file_size <= bytes - s->offset && s->va % PAGE_SIZE == 0 && s->va >= USER_MIN &&
           s->va < USER_MAX && s->memory_size < (1ULL << 30);
}

/* Copy the loadable segments to fresh pages, in order, and map them; then the stack. */
static uint64_t load(struct boot_info *info, const char *image, size_t bytes)
{
    const struct elf_header *e = (const void *)image;
    if (bytes < sizeof *e || memcmp(e->magic, "\177ELF\2\1", 6) != 0 ||
        e->machine != ELF_MACHINE_X86_64 || e->segment_size != sizeof(struct elf_segment) ||
        e->segments > bytes ||
        e->segment_count > (bytes - e->segments) / sizeof(struct elf_segment))
        panic("the module \"root\" is not an ELF64 program");
    const struct elf_segment *s = (const void *)(image + e->segments);
    uint64_t pages = ROOT_STACK_PAGES;
    for (unsigned i = 0; i < e->segment_count; i++) {
        if (s[i].type != ELF_LOAD)
            continue;
        if (!segment_ok(&s[i], bytes))
            panic("the module \"root\" has a segment that does not fit");
        pages += (s[i].memory_size + PAGE_SIZE - 1) / PAGE_SIZE;
    }

    uint64_t physical = take_ram(info, pages);
    struct region *r = region_create(&pool_quota, physical, pages, CACHE_BACK, true);
    struct attachment *a;
    give(ROOT_IMAGE, r, RIGHTS_ALL);
    if (attach(root_task, r, &a) != OK)
        panic("no memory for the root task");
    a->lo = USER_MIN;
    a->hi = USER_MAX;
    memset(port_pointer(physical), 0, pages * PAGE_SIZE);
    for (unsigned i = 0; i < e->segment_count; i++) {
        if (s[i].type != ELF_LOAD)
            continue;
        uint64_t n = (s[i].memory_size + PAGE_SIZE - 1) / PAGE_SIZE;
        memcpy(port_pointer(physical), image + s[i].offset, s[i].file_size);
        unsigned rights = MAP_READ | (s[i].flags & ELF_WRITE ? MAP_WRITE : 0) |
                          (s[i].flags & ELF_EXEC ? MAP_EXEC : 0);
        map_all(s[i].va, physical, n, rights, a->number);
        physical += n * PAGE_SIZE;
    }
    map_all(ROOT_STACK_TOP - ROOT_STACK_PAGES * PAGE_SIZE, physical, ROOT_STACK_PAGES,
            MAP_READ | MAP_WRITE, a->number);
    return e->entry;
}

/* A region object for each entry of the list; the handle goes into the entry. */
static void give_regions(struct boot_info *info)
{
    static const struct {
        uint8_t cache, ram, rights;
    } kind[] = {
        [BOOT_RAM] = {CACHE_BACK, true, RIGHTS_ALL},
        [BOOT_MODULE] = {CACHE_BACK, true, RIGHTS_ALL},
        [BOOT_FRAMEBUFFER] = {CACHE_COMBINING, false, RIGHTS_ALL & ~RIGHT_EXEC},
        [BOOT_DEVICE] = {CACHE_NONE, false, RIGHTS_ALL & ~RIGHT_EXEC},
        [BOOT_FIRMWARE] = {CACHE_BACK, false, RIGHT_READ | RIGHT_CARVE},
    };
    for (uint64_t i = 0; i < info->region_count; i++) {
        struct boot_region *b = &info->region[i];
        struct region *r = region_create(&pool_quota, b->physical, b->pages, kind[b->kind].cache,
                                         kind[b->kind].ram);
        b->handle = (handle_t)(ROOT_FIRST_REGION + i);
        give(b->handle, r, kind[b->kind].rights);
    }
}

static void *new_ports(void)
{
    struct ports *p = object_create(&pool_quota, OBJ_PORTS, sizeof *p);
    if (p) {
        p->count = 65536;
        list_init(&p->attachments);
    }
    return p;
}

void kernel_main(struct boot_info *info, const void *root_image, size_t root_bytes)
{
    info_page_init();
    root_task = task_create(&pool_quota, PRIORITY_MAX);
    if (!root_task)
        panic("no memory for the root task");
    give(ROOT_TASK, root_task, RIGHTS_ALL);
    give(ROOT_QUOTA, &pool_quota, RIGHTS_ALL);
    give(ROOT_IRQ_CONTROL, object_create(&pool_quota, OBJ_IRQ_CONTROL, sizeof(struct object)),
         RIGHTS_ALL);
    give(ROOT_PORTS, new_ports(), RIGHTS_ALL);
    uint64_t entry = load(info, root_image, root_bytes);
    give_regions(info);

    info->magic = BOOTINFO_MAGIC;
    for (uint64_t i = 0; i < sizeof *info; i += PAGE_SIZE) {
        void *page = page_alloc(&pool_quota);
        if (!page || kernel_page_map(root_task, BOOTINFO_VA + i, page, MAP_READ) != OK)
            panic("no memory for the boot information");
        memcpy(page, (const char *)info + i, min64(PAGE_SIZE, sizeof *info - i));
    }

    struct thread *t;
    if (thread_create(root_task, ROOT_IPC_VA, PRIORITY_MAX, &t) != OK)
        panic("no memory for the root thread");
    give(ROOT_THREAD, t, RIGHTS_ALL);
    port_thread_start(t, entry, ROOT_STACK_TOP, BOOTINFO_VA);
    sched_ready(t);
    sched_queue_next(); /* leaving the kernel for the first time there is nobody to hand over from */
}
