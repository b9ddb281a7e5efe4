/*
 * Loading Linux for sun4m machines.
 *
 *     RAM | kernel at its address less kernel_va | 64 KiB boundary: RAM disk |
 *
 * The kernel is an ELF file linked at kernel_va. Near its beginning lies a header that begins with
 * "HdrS" (the interface between Linux and SILO): physical address and size of the RAM disk go there.
 *
 *     +0 "HdrS"  +4 kernel version  +8 header version  +16 RAM disk  +20 its size    big-endian
 */
#include <translator/boards/linux_sparc.h>

#include <stdio.h>
#include <string.h>

#include <translator/devices/be_bus.h>
#include <translator/devices/common.h>

#define ELF_HEADER 52u
#define PHDR       32u
#define PT_LOAD    1u
#define ET_EXEC    2u
#define EM_SPARC   2u
#define ELF_BIG    "\177ELF\1\2"

#define HEADER         "HdrS"
#define HEADER_MIN     0x0202u /* the first version with what is needed */
#define HEADER_BYTES   24u
#define HEADER_IMAGE   16u
#define HEADER_SIZE    20u
#define HEADER_WITHIN  0x10000u /* of the entry */
#define INITRD_ALIGNED 0x10000u

static bool fail(char *error, size_t size, const char *name, const char *what)
{
    snprintf(error, size, "%s: %s", name != NULL ? name : "kernel", what);
    return false;
}

struct segment {
    uint32_t type, offset, va, file_bytes, bytes;
};

/* NULL, or what is wrong. */
static const char *load_segment(struct vm *vm, struct sparc_boot *b, const struct segment *s)
{
    const struct vm_image *image = &vm_configuration(vm)->kernel;
    if (s->offset > image->bytes || s->file_bytes > image->bytes - s->offset ||
        s->file_bytes > s->bytes)
        return "an ELF segment is cut off";
    uint64_t at = s->va - b->kernel_va, end = at + s->bytes;
    uint8_t *to = s->va < b->kernel_va || end > b->ram_bytes ? NULL : memory_ram(vm, at, s->bytes);
    if (to == NULL)
        return "an ELF segment is outside of RAM";
    memcpy(to, (const char *)image->data + s->offset, s->file_bytes);
    memset(to + s->file_bytes, 0, s->bytes - s->file_bytes);
    memory_written(vm, at, s->bytes);
    if (end > b->kernel_end)
        b->kernel_end = end;
    return NULL;
}

bool sparc_load_kernel(struct vm *vm, struct sparc_boot *b, char *error, size_t size)
{
    const struct vm_image *image = &vm_configuration(vm)->kernel;
    const char *bytes = image->data;
    b->kernel_end = 0;
    if (image->bytes < ELF_HEADER || memcmp(bytes, ELF_BIG, 6) != 0 ||
        load_be16(bytes + 16) != ET_EXEC || load_be16(bytes + 18) != EM_SPARC)
        return fail(error, size, image->name, "it is not an ELF program for 32-bit SPARC");
    uint32_t table = load_be32(bytes + 28);
    unsigned stride = load_be16(bytes + 42), count = load_be16(bytes + 44);
    b->entry = load_be32(bytes + 24);
    if (stride < PHDR || table > image->bytes || (uint64_t)stride * count > image->bytes - table)
        return fail(error, size, image->name, "the ELF program headers are cut off");
    for (unsigned i = 0; i < count; i++) {
        const char *p = bytes + table + (size_t)i * stride;
        struct segment s = {load_be32(p), load_be32(p + 4), load_be32(p + 8), load_be32(p + 16),
                            load_be32(p + 20)};
        if (s.type != PT_LOAD || s.bytes == 0)
            continue;
        const char *wrong = load_segment(vm, b, &s);
        if (wrong != NULL)
            return fail(error, size, image->name, wrong);
    }
    return b->kernel_end != 0 || fail(error, size, image->name, "the ELF file has nothing to load");
}

/* The kernel's header, or NULL. */
static uint8_t *find_header(struct vm *vm, const struct sparc_boot *b)
{
    uint64_t from = b->entry - b->kernel_va;
    uint8_t *code = memory_ram(vm, from, HEADER_WITHIN + HEADER_BYTES);
    for (uint32_t at = 0; code != NULL && at < HEADER_WITHIN; at += 4)
        if (memcmp(code + at, HEADER, 4) == 0 && load_be16(code + at + 8) >= HEADER_MIN)
            return code + at;
    return NULL;
}

bool sparc_load_initrd(struct vm *vm, struct sparc_boot *b, char *error, size_t size)
{
    const struct vm_image *image = &vm_configuration(vm)->initrd;
    uint64_t at = (b->kernel_end + INITRD_ALIGNED - 1) / INITRD_ALIGNED * INITRD_ALIGNED;
    uint8_t *header = find_header(vm, b);
    if (image->bytes == 0)
        return true;
    if (header == NULL)
        return fail(error, size, "kernel", "it has no header (HdrS) to take an initial RAM disk");
    if (at > b->ram_bytes || image->bytes > b->ram_bytes - at ||
        !dma_write(vm, at, image->data, image->bytes))
        return fail(error, size, image->name,
                    "the initial RAM disk is too big for the memory behind the kernel");
    store_be32(header + HEADER_IMAGE, (uint32_t)at);
    store_be32(header + HEADER_SIZE, (uint32_t)image->bytes);
    return true;
}
