/*
 * Loading Linux, and what else comes as a bzImage: boot protocol 2.06 and later, 32-bit entry
 * (Documentation/arch/x86/boot.rst; zero-page.rst for struct boot_params).
 *
 *     1000 | GDT    10000 | boot_params    20000 | command line    100000 | kernel ...     initrd | top
 *
 * The image's real-mode part is not run: what it would ask of the BIOS is written into boot_params, which
 * begins as a copy of the image's setup header. The protected-mode part goes to 1 MiB and unpacks
 * itself to where it belongs; it needs init_size bytes there, which the RAM disk keeps out of, as it lies
 * as high as memory and the header allow.
 */
#include <translator/boards/linux_x86.h>

#include <stdio.h>
#include <string.h>

#include <translator/devices/common.h>

/* clang-format off */
enum { /* the setup header, by offset in the image and in boot_params */
    H_SETUP_SECTS = 0x1f1, H_BOOT_FLAG = 0x1fe, H_JUMP = 0x200, H_MAGIC = 0x202, H_VERSION = 0x206, H_LOADER = 0x210,
    H_LOADFLAGS = 0x211, H_CODE32 = 0x214, H_INITRD = 0x218, H_INITRD_BYTES = 0x21c, H_HEAP_END = 0x224,
    H_COMMAND = 0x228, H_INITRD_MAX = 0x22c, H_COMMAND_MAX = 0x238, H_PREFERRED = 0x258, H_INIT_SIZE = 0x260,
};
enum { /* the rest of boot_params */
    Z_VIDEO_MODE = 0x06, Z_COLUMNS = 0x07, Z_LINES = 0x0e, Z_IS_VGA = 0x0f, Z_POINTS = 0x10, Z_RSDP = 0x70,
    Z_ALT_MEM_K = 0x1e0, Z_E820_COUNT = 0x1e8, Z_E820 = 0x2d0, Z_EXT_MEM_K = 0x02,
};
enum { LOADED_HIGH = 1, CAN_USE_HEAP = 0x80, LOADER_UNKNOWN = 0xff };
/* clang-format on */

#define PARAMS_BYTES 4096u
#define OLDEST       0x206u
#define KERNEL_AT    0x100000u
#define CODE_SEGMENT 0x10u
#define DATA_SEGMENT 0x18u

static bool fail(char *error, size_t size, const struct vm_image *i, const char *what)
{
    snprintf(error, size, "%s: %s", i->name != NULL ? i->name : "kernel", what);
    return false;
}

bool x86_place_bytes(struct vm *vm, uint64_t phys, const void *from, uint64_t bytes)
{
    static const uint8_t zeroes[GUEST_PAGE];
    if (from != NULL)
        return dma_write(vm, phys, from, bytes);
    for (uint64_t n; bytes > 0; phys += n, bytes -= n) {
        n = bytes < sizeof zeroes ? bytes : sizeof zeroes;
        if (!dma_write(vm, phys, zeroes, n))
            return false;
    }
    return true;
}

static uint64_t to_page(uint64_t n)
{
    return (n + GUEST_PAGE - 1) & ~(uint64_t)(GUEST_PAGE - 1);
}

/* Why it is no such image; NULL: it is one. */
static const char *stranger(const struct vm_image *k)
{
    const uint8_t *p = k->data;
    if (k->bytes < 0x1000 || load16(p + H_BOOT_FLAG) != 0xaa55 ||
        memcmp(p + H_MAGIC, "HdrS", 4) != 0)
        return "it is neither a Linux kernel for x86 (bzImage) nor a Multiboot kernel";
    if (load16(p + H_VERSION) < OLDEST)
        return "the kernel's boot protocol is older than 2.06";
    if (!(p[H_LOADFLAGS] & LOADED_HIGH))
        return "it is a zImage, which loads below 640 KiB; a bzImage is needed";
    return NULL;
}

static void describe_memory(uint8_t *params, const struct x86_boot *b)
{
    uint64_t above = (b->memory - PC_HIGH_RAM) / 1024;
    store16(params + Z_EXT_MEM_K, above > 0xfc00 ? 0xfc00 : (uint16_t)above);
    store32(params + Z_ALT_MEM_K, (uint32_t)above);
    params[Z_E820_COUNT] = (uint8_t)b->ranges;
    for (unsigned i = 0; i < b->ranges; i++) {
        uint8_t *e = params + Z_E820 + 20 * i;
        store32(e, (uint32_t)b->range[i].first);
        store32(e + 4, (uint32_t)(b->range[i].first >> 32));
        store32(e + 8, (uint32_t)b->range[i].bytes);
        store32(e + 12, (uint32_t)(b->range[i].bytes >> 32));
        store32(e + 16, b->range[i].type);
    }
}

/* The VGA in mode 3, the cursor where it is. */
static void describe_screen(uint8_t *params)
{
    params[Z_VIDEO_MODE] = 3;
    params[Z_COLUMNS] = 80;
    params[Z_LINES] = 25;
    params[Z_IS_VGA] = 1;
    store16(params + Z_POINTS, 16);
}

/* The end of what the kernel uses before it has looked at the RAM disk. */
static uint64_t kernel_end(const uint8_t *p, uint64_t file_end)
{
    uint64_t at = KERNEL_AT, end = file_end;
    if (load16(p + H_VERSION) >= 0x20a) {
        uint64_t preferred = load64(p + H_PREFERRED);
        at = preferred > at ? preferred : at;
        end = at + load32(p + H_INIT_SIZE);
    }
    return end > file_end ? end : file_end;
}

static bool load_initrd(struct vm *vm, const struct x86_boot *b, uint8_t *params, uint64_t low,
                        char *error, size_t size)
{
    const struct vm_image *i = &vm_configuration(vm)->initrd;
    uint64_t top = b->memory, most = (uint64_t)load32(params + H_INITRD_MAX) + 1;
    if (i->bytes == 0)
        return true;
    top = top < most ? top : most;
    uint64_t need = to_page(i->bytes);
    if (need > top || (top - need) < low)
        return fail(error, size, i,
                    "the initial RAM disk is too big for the memory beside the kernel");
    uint64_t at = (top - need) & ~(uint64_t)(GUEST_PAGE - 1);
    if (!x86_place_bytes(vm, at, i->data, i->bytes))
        return fail(error, size, i, "the initial RAM disk is too big for the memory");
    store32(params + H_INITRD, (uint32_t)at);
    store32(params + H_INITRD_BYTES, (uint32_t)i->bytes);
    return true;
}

static bool load_command(struct vm *vm, uint8_t *params, char *error, size_t size)
{
    const struct vm_config *config = vm_configuration(vm);
    const char *text = config->append != NULL ? config->append : "";
    size_t most = load32(params + H_COMMAND_MAX), n = strlen(text);
    most = most < PC_COMMAND_MAX ? most : PC_COMMAND_MAX - 1;
    if (n > most) {
        snprintf(error, size, "the command line is %u characters long; the kernel takes %u",
                 (unsigned)n, (unsigned)most);
        return false;
    }
    store32(params + H_COMMAND, PC_COMMAND_LINE);
    return x86_place_bytes(vm, PC_COMMAND_LINE, text, n + 1);
}

bool linux_load(struct vm *vm, const struct x86_boot *b, struct pc_entry *e, char *error,
                size_t size)
{
    const struct vm_image *k = &vm_configuration(vm)->kernel;
    const uint8_t *p = k->data;
    const char *what = stranger(k);
    uint8_t params[PARAMS_BYTES] = {0};
    if (what != NULL)
        return fail(error, size, k, what);
    size_t setup = ((p[H_SETUP_SECTS] != 0 ? p[H_SETUP_SECTS] : 4) + 1u) * 512;
    size_t header_end = H_MAGIC + p[H_JUMP + 1]; /* the jump over the header tells its length */
    if (setup >= k->bytes || header_end > 0x290)
        return fail(error, size, k, "the kernel is cut off");
    memcpy(params + H_SETUP_SECTS, p + H_SETUP_SECTS, header_end - H_SETUP_SECTS);
    params[H_LOADER] = LOADER_UNKNOWN;
    params[H_LOADFLAGS] |= CAN_USE_HEAP;
    store16(params + H_HEAP_END, 0xfe00);
    store32(params + Z_RSDP, b->rsdp);
    describe_memory(params, b);
    describe_screen(params);
    uint64_t end = kernel_end(p, KERNEL_AT + (k->bytes - setup));
    if (end > b->memory || !x86_place_bytes(vm, KERNEL_AT, p + setup, k->bytes - setup))
        return fail(error, size, k, "the kernel is too big for the memory");
    if (!load_initrd(vm, b, params, end, error, size) || !load_command(vm, params, error, size))
        return false;
    *e = (struct pc_entry){.eip = KERNEL_AT,
                           .esp = PC_BOOT_PARAMS,
                           .esi = PC_BOOT_PARAMS,
                           .cs = CODE_SEGMENT,
                           .ds = DATA_SEGMENT};
    return x86_place_bytes(vm, PC_BOOT_PARAMS, params, sizeof params);
}
