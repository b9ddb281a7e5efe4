/*
 * Loading Multiboot kernels (Multiboot specification 0.6.96, chapter 3).
 *
 * The header, in the first 8 KiB of the file, may say itself where the image belongs; otherwise the file
 * is ELF and its program headers say so, by physical address. The RAM disk of the configuration is
 * the one module. Information, memory map and strings go to where boot_params of Linux would be.
 */
#include <translator/boards/linux_x86.h>

#include <stdio.h>
#include <string.h>

#include <translator/devices/common.h>

/* clang-format off */
enum { MAGIC = 0x1badb002, LOADED = 0x2badb002 };
enum { F_PAGES = 1, F_MEMORY = 2, F_VIDEO = 4, F_REQUIRED = 0xffff, F_ADDRESSES = 0x10000 };
enum { I_MEMORY = 0x01, I_COMMAND = 0x04, I_MODULES = 0x08, I_MAP = 0x40, I_NAME = 0x200 };
enum { /* offsets in the information, and behind it */
    M_FLAGS = 0, M_LOWER = 4, M_UPPER = 8, M_COMMAND = 16, M_MODULES = 20, M_MODULE_TABLE = 24, M_MAP_BYTES = 44,
    M_MAP = 48, M_NAME = 64, M_BYTES = 116, AT_MODULE = 0x100, AT_MAP = 0x200, AT_NAME = 0x400, AT_EMPTY = 0x410,
    AT_END = 0x420,
};
/* clang-format on */
#define SEARCH       8192u
#define MAP_ENTRY    24u
#define ELF_HEADER   52u
#define PHDR         32u
#define PT_LOAD      1u
#define CODE_SEGMENT 0x10u
#define DATA_SEGMENT 0x18u

/* The header's offset in the image; false: there is none. */
static bool find(const struct vm_image *k, size_t *at)
{
    const uint8_t *p = k->data;
    size_t last = k->bytes < SEARCH ? k->bytes : SEARCH;
    for (*at = 0; *at + 12 <= last; *at += 4)
        if (load32(p + *at) == MAGIC &&
            load32(p + *at) + load32(p + *at + 4) + load32(p + *at + 8) == 0)
            return true;
    return false;
}

bool multiboot_detect(const struct vm_image *kernel)
{
    size_t at;
    return find(kernel, &at);
}

/* Image bytes [offset, offset + file) to phys, zeroes up to `bytes`. */
static const char *place(struct vm *vm, uint64_t phys, size_t offset, size_t file, uint64_t bytes)
{
    const struct vm_image *k = &vm_configuration(vm)->kernel;
    if (offset > k->bytes || file > k->bytes - offset || file > bytes)
        return "the kernel is cut off";
    if (!x86_place_bytes(vm, phys, (const uint8_t *)k->data + offset, file) ||
        !x86_place_bytes(vm, phys + file, NULL, bytes - file))
        return "the kernel does not fit into the memory";
    return NULL;
}

/* 3.1.3: addresses in the header. *end: of what was loaded. */
static const char *load_addresses(struct vm *vm, size_t header, struct pc_entry *e, uint64_t *end)
{
    const struct vm_image *k = &vm_configuration(vm)->kernel;
    const uint8_t *p = (const uint8_t *)k->data + header;
    if (header + 32 > k->bytes)
        return "the kernel is cut off";
    uint32_t at = load32(p + 12), load = load32(p + 16), data = load32(p + 20);
    uint32_t bss = load32(p + 24);
    if (load > at || at - load > header)
        return "the addresses in the Multiboot header are impossible";
    size_t offset = header - (at - load);
    size_t file = data != 0 ? (size_t)data - load : k->bytes - offset;
    uint64_t bytes = bss != 0 && bss > load ? (uint64_t)bss - load : file;
    e->eip = load32(p + 28);
    *end = load + (bytes > file ? bytes : file);
    return place(vm, load, offset, file, bytes > file ? bytes : file);
}

static const char *load_elf(struct vm *vm, struct pc_entry *e, uint64_t *end)
{
    const struct vm_image *k = &vm_configuration(vm)->kernel;
    const uint8_t *p = k->data;
    if (k->bytes < ELF_HEADER || memcmp(p, "\177ELF\1\1", 6) != 0)
        return "the Multiboot kernel is not a 32-bit ELF file and has no addresses in its header";
    uint32_t table = load32(p + 28), entry = load32(p + 24);
    unsigned stride = load16(p + 42), count = load16(p + 44);
    if (stride < PHDR || table > k->bytes || (uint64_t)stride * count > k->bytes - table)
        return "the ELF program headers are cut off";
    e->eip = entry;
    *end = 0;
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *h = p + table + (size_t)i * stride;
        uint32_t offset = load32(h + 4), va = load32(h + 8), pa = load32(h + 12);
        uint32_t file = load32(h + 16), bytes = load32(h + 20);
        if (load32(h) != PT_LOAD || bytes == 0)
            continue;
        const char *wrong = place(vm, pa, offset, file, bytes);
        if (wrong != NULL)
            return wrong;
        if (entry - va < bytes)
            e->eip = entry - va + pa;
        *end = (uint64_t)pa + bytes > *end ? (uint64_t)pa + bytes : *end;
    }
    return *end != 0 ? NULL : "the ELF file has nothing to load";
}

/* The module behind the kernel, on a page of its own. */
static const char *load_module(struct vm *vm, const struct x86_boot *b, uint8_t *info, uint64_t at)
{
    const struct vm_image *i = &vm_configuration(vm)->initrd;
    at = (at + GUEST_PAGE - 1) & ~(uint64_t)(GUEST_PAGE - 1);
    at = at < PC_HIGH_RAM ? PC_HIGH_RAM : at;
    if (i->bytes == 0)
        return NULL;
    if (at + i->bytes > b->memory || !x86_place_bytes(vm, at, i->data, i->bytes))
        return "the initial RAM disk does not fit into the memory behind the kernel";
    store32(info + M_MODULES, 1);
    store32(info + M_MODULE_TABLE, PC_BOOT_PARAMS + AT_MODULE);
    store32(info + AT_MODULE, (uint32_t)at);
    store32(info + AT_MODULE + 4, (uint32_t)(at + i->bytes));
    store32(info + AT_MODULE + 8, PC_BOOT_PARAMS + AT_EMPTY);
    store32(info + M_FLAGS, load32(info + M_FLAGS) | I_MODULES);
    return NULL;
}

/* 3.3: everything else of the information. */
static const char *describe(struct vm *vm, const struct x86_boot *b, uint8_t *info)
{
    const char *text = vm_configuration(vm)->append;
    text = text != NULL ? text : "";
    if (strlen(text) >= PC_COMMAND_MAX)
        return "the command line is too long";
    store32(info + M_FLAGS, I_MEMORY | I_COMMAND | I_MAP | I_NAME);
    store32(info + M_LOWER, PC_LOW_RAM / 1024);
    store32(info + M_UPPER, (uint32_t)((b->memory - PC_HIGH_RAM) / 1024));
    store32(info + M_COMMAND, PC_COMMAND_LINE);
    store32(info + M_MAP, PC_BOOT_PARAMS + AT_MAP);
    store32(info + M_MAP_BYTES, b->ranges * MAP_ENTRY);
    store32(info + M_NAME, PC_BOOT_PARAMS + AT_NAME);
    memcpy(info + AT_NAME, "tetrapla", 9);
    for (unsigned i = 0; i < b->ranges; i++) {
        uint8_t *m = info + AT_MAP + i * MAP_ENTRY;
        store32(m, MAP_ENTRY - 4);
        store32(m + 4, (uint32_t)b->range[i].first);
        store32(m + 8, (uint32_t)(b->range[i].first >> 32));
        store32(m + 12, (uint32_t)b->range[i].bytes);
        store32(m + 16, (uint32_t)(b->range[i].bytes >> 32));
        store32(m + 20, b->range[i].type);
    }
    return x86_place_bytes(vm, PC_COMMAND_LINE, text, strlen(text) + 1) ? NULL
                                                                        : "there is no memory";
}

bool multiboot_load(struct vm *vm, const struct x86_boot *b, struct pc_entry *e, char *error,
                    size_t size)
{
    const struct vm_image *k = &vm_configuration(vm)->kernel;
    uint8_t info[AT_END] = {0};
    uint64_t end = 0;
    size_t header;
    const char *wrong = NULL;
    *e = (struct pc_entry){.eax = LOADED,
                           .ebx = PC_BOOT_PARAMS,
                           .esp = PC_BOOT_PARAMS,
                           .cs = CODE_SEGMENT,
                           .ds = DATA_SEGMENT};
    if (!find(k, &header)) {
        snprintf(error, size, "it is not a Multiboot kernel");
        return false;
    }
    uint32_t flags = load32((const uint8_t *)k->data + header + 4);
    if (flags & F_REQUIRED & ~(uint32_t)(F_PAGES | F_MEMORY | F_VIDEO))
        wrong = "the Multiboot header requires something unknown";
    if (wrong == NULL)
        wrong = flags & F_ADDRESSES ? load_addresses(vm, header, e, &end) : load_elf(vm, e, &end);
    if (wrong == NULL)
        wrong = describe(vm, b, info);
    if (wrong == NULL)
        wrong = load_module(vm, b, info, end);
    if (wrong == NULL && x86_place_bytes(vm, PC_BOOT_PARAMS, info, sizeof info))
        return true;
    snprintf(error, size, "%s: %s", k->name != NULL ? k->name : "kernel",
             wrong != NULL ? wrong : "there is no memory for what it must be told");
    return false;
}
