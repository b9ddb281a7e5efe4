/*
 * From the first line of 64-bit C to kernel_main: check the CPU, take over memory and interrupts,
 * and describe the machine for root.
 */
#include <cpu.h>
#include <multiboot2.h>
#include <tetrapla/bootinfo.h>

#include "emergency.h"
#include "machine.h"
#include "paging.h"
#include "port.h"

_Noreturn void boot_main(uint64_t information);
_Noreturn void leave_kernel(void);

static struct boot_info info;
static const struct mb2_tag *tags;
static char *root_image;
static uint64_t root_bytes;

static _Noreturn void refuse(const char *what, const char *why)
{
    emergency_begin();
    emergency_printf("Tetrapla cannot start: %s%s.\n", what, why);
    port_halt();
}

static const struct mb2_tag *find_tag(uint32_t type)
{
    for (const struct mb2_tag *t = tags; t->type != MB2_TAG_END; t = mb2_next(t))
        if (t->type == type)
            return t;
    return NULL;
}

static void copy_text(char *to, size_t size, const char *from)
{
    size_t n = min64(strlen(from), size - 1);
    memcpy(to, from, n);
    to[n] = 0;
}

/* ---- framebuffer --------------------------------------------------------------------------------- */

static bool usable(const struct mb2_framebuffer *f)
{
    unsigned bits = f->bits_per_pixel;
    return f->kind == MB2_FRAMEBUFFER_DIRECT && (bits == 16 || bits == 24 || bits == 32) &&
           f->width >= 320 && f->height >= 200 && f->width <= 16384 && f->height <= 16384 &&
           f->pitch >= f->width * (bits / 8);
}

static void show_on(const struct mb2_framebuffer *f, void *base)
{
    struct emergency_screen s = {
        .base = base,
        .width = f->width,
        .height = f->height,
        .pitch = f->pitch,
        .bits_per_pixel = f->bits_per_pixel,
        .foreground = 0xffffffff,
        .background = (0xffu >> (8 - f->red_size) & 0x7fu) << f->red_position,
    };
    emergency_screen(&s);
}

/* Before our page tables: through the boot tables, if it lies below 4 GiB. */
static void early_screen(void)
{
    const struct mb2_framebuffer *f = (const void *)find_tag(MB2_TAG_FRAMEBUFFER);
    if (f && usable(f) && f->address + (uint64_t)f->pitch * f->height <= 1ULL << 32)
        show_on(f, port_pointer(f->address));
}

static void framebuffer(void)
{
    const struct mb2_framebuffer *f = (const void *)find_tag(MB2_TAG_FRAMEBUFFER);
    struct emergency_screen none = {0};
    emergency_screen(&none);
    if (!f || !usable(f))
        return;
    uint64_t bytes = (uint64_t)f->pitch * f->height;
    show_on(f, (void *)device_map(f->address, bytes));
    uint64_t base = f->address & ~(PAGE_SIZE - 1);
    info.framebuffer = (struct boot_framebuffer){
        .present = 1,
        .offset = f->address - base,
        .width = f->width,
        .height = f->height,
        .pitch = f->pitch,
        .bits_per_pixel = f->bits_per_pixel,
        .red_position = f->red_position,
        .red_size = f->red_size,
        .green_position = f->green_position,
        .green_size = f->green_size,
        .blue_position = f->blue_position,
        .blue_size = f->blue_size,
    };
    info.region[info.region_count++] = (struct boot_region){
        .kind = BOOT_FRAMEBUFFER,
        .physical = base,
        .pages = (info.framebuffer.offset + bytes + PAGE_SIZE - 1) / PAGE_SIZE,
    };
}

/* ---- modules ------------------------------------------------------------------------------------- */

static bool is_named(const char *text, const char *name)
{
    size_t n = strlen(name);
    return strlen(text) >= n && memcmp(text, name, n) == 0 && (text[n] == 0 || text[n] == ' ');
}

static void module(const struct mb2_module *m)
{
    uint64_t bytes = m->end - m->start;
    char *start = port_pointer(m->start);
    if (is_named(m->text, "root") && !root_image) {
        root_image = start;
        root_bytes = bytes;
    } else if (is_named(m->text, "symbols")) {
        panic_symbols(start, bytes);
    } else if (info.region_count < BOOT_REGIONS_MAX && m->start % PAGE_SIZE == 0) {
        struct boot_region *r = &info.region[info.region_count++];
        *r = (struct boot_region){.kind = BOOT_MODULE,
                                  .physical = m->start,
                                  .pages = (bytes + PAGE_SIZE - 1) / PAGE_SIZE,
                                  .bytes = bytes};
        copy_text(r->name, sizeof r->name, m->text);
        for (char *p = r->name; *p; p++)
            if (*p == ' ')
                *p = 0;
    }
}

/* Clear what is behind a module on its last page. That may be the boot information itself, so this
 * comes last. */
static void clear_tails(void)
{
    for (uint64_t i = 0; i < info.region_count; i++) {
        const struct boot_region *r = &info.region[i];
        if (r->kind == BOOT_MODULE)
            memset((char *)port_pointer(r->physical) + r->bytes, 0,
                   r->pages * PAGE_SIZE - r->bytes);
    }
}

/* ---- start --------------------------------------------------------------------------------------- */

static void describe(void)
{
    const struct mb2_string *command = (const void *)find_tag(MB2_TAG_COMMAND_LINE);
    const struct mb2_string *loader = (const void *)find_tag(MB2_TAG_LOADER);
    copy_text(info.command_line, sizeof info.command_line, command ? command->text : "");
    copy_text(info.loader, sizeof info.loader, loader ? loader->text : "");
    info.ram_bytes = memory_ram_bytes;
    info.cpus_present = port_cpus_present();
    framebuffer();
    for (const struct mb2_tag *t = tags; t->type != MB2_TAG_END; t = mb2_next(t))
        if (t->type == MB2_TAG_MODULE)
            module((const void *)t);
    memory_regions(&info);
}

static const uint8_t *root_pointer(void)
{
    const struct mb2_tag *t = find_tag(MB2_TAG_RSDP_NEW);
    if (!t)
        t = find_tag(MB2_TAG_RSDP_OLD);
    return t ? ((const struct mb2_rsdp *)t)->rsdp : NULL;
}

/* Physical address of the first ACPI list, which is what root can use: tag 14/15 is only a copy. */
static uint64_t rsdt_address(const uint8_t *rsdp)
{
    uint64_t a = 0;
    if (rsdp)
        memcpy(&a, rsdp[15] >= 2 ? rsdp + 24 : rsdp + 16, rsdp[15] >= 2 ? 8 : 4);
    return a;
}

void boot_main(uint64_t information)
{
    tags = port_pointer(information + 8);
    uint32_t bytes = *(const uint32_t *)port_pointer(information);
    early_screen();
    const char *missing = cpu_check();
    if (missing)
        refuse("this CPU lacks a feature that is required: ", missing);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    const char *why = memory_init(tags, bytes);
    if (why)
        refuse("", why);
    cpu_init();
    if (!acpi_init(root_pointer()))
        refuse("", "no ACPI tables that name an I/O APIC were found");
    why = apic_init();
    if (!why)
        why = clock_init();
    if (why)
        refuse("", why);
    describe();
    info.rsdt = rsdt_address(root_pointer());
    clear_tails();
    if (!root_image)
        refuse("", "the boot loader gave no module named \"root\"");
    sched_init();
    kernel_main(&info, root_image, root_bytes);
    leave_kernel();
}
