/*
 * Loading kernels for ARM machines.
 *
 *     RAM | 64 KiB | kernel | room to unpack ...           initrd | device tree | top of low memory
 *
 * zImage and raw images go to RAM + 64 KiB and are entered there. A zImage unpacks itself to RAM +
 * 32 KiB and first moves out of its own way, to behind what it unpacks; so it needs its own size
 * and the unpacked size, which the file does not tell: four times the packed size is assumed, more
 * than any packer in use reaches on kernels. The RAM disk and the device tree lie as high as the
 * kernel can read them early: below RAM + 512 MiB, which is in its direct mapping whatever
 * the user/kernel split. ELF images say themselves where they belong, by physical address.
 */
#include <translator/boards/linux_arm.h>

#include <stdio.h>
#include <string.h>

#include <translator/devices/common.h>

#define KERNEL_OFFSET 0x10000u
#define UNPACKED      5u /* room for a zImage, in multiples of its size */
#define LOW_MEMORY    (512ull << 20)

/* zImage header (arch/arm/boot/compressed, documented since Linux 1.3). */
#define ZIMAGE_MAGIC_AT    0x24u
#define ZIMAGE_MAGIC       0x016f2818u
#define ZIMAGE_MAGIC_OTHER 0x18286f01u /* of a big-endian kernel */
#define ZIMAGE_START       0x28u
#define ZIMAGE_END         0x2cu

static bool fail(char *error, size_t size, const char *name, const char *what)
{
    snprintf(error, size, "%s: %s", name != NULL ? name : "kernel", what);
    return false;
}

static bool has(const struct vm_image *image, size_t at, const char *bytes, size_t count)
{
    return at + count <= image->bytes && memcmp((const char *)image->data + at, bytes, count) == 0;
}

/* Files that are something else. Anything unknown may be a raw image. */
static const char *stranger(const struct vm_image *image)
{
    static const struct {
        uint16_t at;
        uint8_t count;
        char bytes[8];
        const char *what;
    } known[] = {
        {0, 3, "\x1f\x8b\x08", "it is a gzip file, not an ARM kernel"},
        {0, 6,
         "\xfd"
         "7zXZ",
         "it is an xz file, not an ARM kernel"},
        {0, 4, "\x28\xb5\x2f\xfd", "it is a zstd file, not an ARM kernel"},
        {0, 4, "\x27\x05\x19\x56", "it is a U-Boot image; take the zImage it was made from"},
        {0, 4, "\xd0\x0d\xfe\xed", "it is a device tree, not an ARM kernel"},
        {0x202, 4, "HdrS", "it is a kernel for x86, not for ARM"},
        {0x38, 4, "ARMd", "it is a kernel for 64-bit ARM, not for 32-bit"},
        {0, 8, "!<arch>\n", "it is an archive, not an ARM kernel"},
        {0, 6, "070701", "it is a cpio archive (an initial RAM disk?), not an ARM kernel"},
        {0x101, 5, "ustar", "it is a tar archive, not an ARM kernel"},
        {0, 2, "#!", "it is a script, not an ARM kernel"},
    };
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
        if (has(image, known[i].at, known[i].bytes, known[i].count))
            return known[i].what;
    if (image->bytes < 4)
        return "it is not a kernel: too short";
    return NULL;
}

/* A raw image, or a zImage which needs `room` bytes from its place on. */
static bool load_flat(struct vm *vm, struct arm_boot *b, uint64_t room, char *error, size_t size)
{
    const struct vm_image *image = &vm_configuration(vm)->kernel;
    uint64_t at = b->ram + KERNEL_OFFSET;
    if (room > b->ram_bytes - KERNEL_OFFSET || !dma_write(vm, at, image->data, image->bytes))
        return fail(error, size, image->name, "the kernel is too big for the memory");
    b->entry = (uint32_t)at;
    b->kernel_end = at + room;
    return true;
}

static bool load_zimage(struct vm *vm, struct arm_boot *b, char *error, size_t size)
{
    const struct vm_image *image = &vm_configuration(vm)->kernel;
    const char *bytes = image->data;
    if (load32(bytes + ZIMAGE_END) - load32(bytes + ZIMAGE_START) > image->bytes)
        return fail(error, size, image->name, "the zImage is cut off");
    return load_flat(vm, b, UNPACKED * (uint64_t)image->bytes, error, size);
}

/* ---- ELF (System V ABI; ARM IHI 0044) ---------------------------------------------------------- */

#define ELF_HEADER  52u
#define PHDR        32u
#define PT_LOAD     1u
#define EM_ARM      40u
#define ET_EXEC     2u
#define ELF_CLASS32 "\177ELF\1"
#define ELF_LITTLE  "\177ELF\1\1"

struct segment {
    uint32_t type, offset, va, pa, file_bytes, bytes;
};

static const char *load_segment(struct vm *vm, struct arm_boot *b, const struct segment *s)
{
    const struct vm_image *image = &vm_configuration(vm)->kernel;
    if (s->offset > image->bytes || s->file_bytes > image->bytes - s->offset ||
        s->file_bytes > s->bytes)
        return "an ELF segment is cut off";
    uint64_t end = (uint64_t)s->pa + s->bytes;
    if (s->pa < b->ram || end > b->ram + b->ram_bytes)
        return "an ELF segment's physical address is outside of RAM";
    uint8_t *to = memory_ram(vm, s->pa, s->bytes);
    if (to == NULL)
        return "an ELF segment's physical address is outside of RAM";
    memcpy(to, (const char *)image->data + s->offset, s->file_bytes);
    memset(to + s->file_bytes, 0, s->bytes - s->file_bytes);
    memory_written(vm, s->pa, s->bytes);
    if (end > b->kernel_end)
        b->kernel_end = end;
    return NULL;
}

static bool load_elf(struct vm *vm, struct arm_boot *b, char *error, size_t size)
{
    const struct vm_image *image = &vm_configuration(vm)->kernel;
    const char *bytes = image->data;
    if (image->bytes < ELF_HEADER || !has(image, 0, ELF_LITTLE, 6) ||
        load16(bytes + 16) != ET_EXEC || load16(bytes + 18) != EM_ARM)
        return fail(error, size, image->name,
                    "the ELF file is not a little-endian executable for 32-bit ARM");
    uint32_t entry = load32(bytes + 24), table = load32(bytes + 28);
    unsigned stride = load16(bytes + 42), count = load16(bytes + 44);
    if (stride < PHDR || table > image->bytes || (uint64_t)stride * count > image->bytes - table)
        return fail(error, size, image->name, "the ELF program headers are cut off");
    b->entry = entry;
    for (unsigned i = 0; i < count; i++) {
        const char *p = bytes + table + (size_t)i * stride;
        struct segment s = {load32(p),      load32(p + 4),  load32(p + 8),
                            load32(p + 12), load32(p + 16), load32(p + 20)};
        if (s.type != PT_LOAD || s.bytes == 0)
            continue;
        const char *wrong = load_segment(vm, b, &s);
        if (wrong != NULL)
            return fail(error, size, image->name, wrong);
        if (entry - s.va < s.bytes) /* the MMU is off: enter at the physical address */
            b->entry = entry - s.va + s.pa;
    }
    return b->kernel_end != 0 || fail(error, size, image->name, "the ELF file has nothing to load");
}

bool arm_load_kernel(struct vm *vm, struct arm_boot *b, char *error, size_t size)
{
    const struct vm_image *image = &vm_configuration(vm)->kernel;
    b->kernel_end = 0;
    if (image->bytes >= ZIMAGE_END + 4 &&
        load32((const char *)image->data + ZIMAGE_MAGIC_AT) == ZIMAGE_MAGIC)
        return load_zimage(vm, b, error, size);
    if (image->bytes >= ZIMAGE_END + 4 &&
        load32((const char *)image->data + ZIMAGE_MAGIC_AT) == ZIMAGE_MAGIC_OTHER)
        return fail(error, size, image->name, "it is a big-endian kernel");
    if (has(image, 0, "\177ELF", 4))
        return load_elf(vm, b, error, size);
    const char *what = stranger(image);
    if (what != NULL)
        return fail(error, size, image->name, what);
    return load_flat(vm, b, image->bytes, error, size);
}

bool arm_load_initrd(struct vm *vm, struct arm_boot *b, char *error, size_t size)
{
    const struct vm_image *image = &vm_configuration(vm)->initrd;
    uint64_t low = b->ram_bytes < LOW_MEMORY ? b->ram_bytes : LOW_MEMORY;
    uint64_t top = b->ram + low - DTB_ROOM;
    b->dtb = top;
    if (b->kernel_end > b->dtb)
        return fail(error, size, "kernel", "no memory is left for the device tree; give more");
    b->initrd = b->initrd_end = 0;
    if (image->bytes == 0)
        return true;
    if (image->bytes > top - b->kernel_end)
        return fail(error, size, image->name,
                    "the initial RAM disk is too big for the memory beside the kernel");
    b->initrd = (top - image->bytes) & ~(uint64_t)(GUEST_PAGE - 1);
    b->initrd_end = b->initrd + image->bytes;
    if (b->initrd < b->kernel_end || !dma_write(vm, b->initrd, image->data, image->bytes))
        return fail(error, size, image->name,
                    "the initial RAM disk is too big for the memory beside the kernel");
    return true;
}
