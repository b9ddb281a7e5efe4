/*
 * Checking a program file: ELF, 64-bit, little-endian, x86-64, statically linked at a fixed address
 * (System V ABI, chapters 4 and 5; psABI x86-64).
 *
 * Everything is checked before anything is used: a header is read only after its bounds were
 * compared with the file's size, by subtraction from the larger side so that no sum can overflow.
 * No segment is both writable and executable, no two share a page, and the entry lies in one that
 * is executable and comes from the file.
 */
#include "image.h"

#include <tetrapla/abi.h>
#include <string.h>

struct elf_header { /* ELF64 */
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t header_size, program_size, program_count, section_size, section_count, names;
};
struct elf_program {
    uint32_t type, flags;
    uint64_t offset, va, pa, file_size, memory_size, align;
};
_Static_assert(sizeof(struct elf_header) == 64 && sizeof(struct elf_program) == 56, "ELF64");

enum { ELF_EXECUTABLE = 2, ELF_X86_64 = 62, ELF_VERSION = 1 };
enum {
    PROGRAM_LOAD = 1,
    PROGRAM_DYNAMIC = 2,
    PROGRAM_INTERPRETER = 3,
    PROGRAM_TLS = 7,
    PROGRAM_STACK = 0x6474e551
};
enum { FLAG_EXEC = 1, FLAG_WRITE = 2, FLAG_READ = 4 };

static const char *check_header(const struct elf_header *h, size_t size)
{
    static const uint8_t ident[7] = {0x7f, 'E', 'L', 'F', 2, 1, ELF_VERSION};
    if (memcmp(h->ident, ident, 4) != 0)
        return "it is no ELF file";
    if (memcmp(h->ident, ident, sizeof ident) != 0)
        return "it is no 64-bit little-endian ELF file";
    if (h->machine != ELF_X86_64 || h->version != ELF_VERSION)
        return "it is not for this processor";
    if (h->type != ELF_EXECUTABLE)
        return "it is no executable linked at a fixed address";
    if (h->program_size != sizeof(struct elf_program) || h->program_count == 0)
        return "it has no program headers";
    if (h->program_offset > size ||
        (size - h->program_offset) / sizeof(struct elf_program) < h->program_count)
        return "its program headers lie outside the file";
    return NULL;
}

static const char *check_segment(const struct elf_program *p, size_t size, uint64_t low,
                                 uint64_t high, struct image_segment *s)
{
    if (p->file_size > p->memory_size)
        return "a segment is larger in the file than in memory";
    if (p->offset > size || size - p->offset < p->file_size)
        return "a segment lies outside the file";
    if (p->va < low || p->va >= high || high - p->va < p->memory_size)
        return "a segment lies outside the program area";
    if (p->flags & FLAG_WRITE && p->flags & FLAG_EXEC)
        return "a segment is both writable and executable";
    if (!(p->flags & FLAG_READ))
        return "a segment is not readable";
    s->va = p->va & ~(PAGE_SIZE - 1);
    s->skip = p->va - s->va;
    s->pages = (s->skip + p->memory_size + PAGE_SIZE - 1) / PAGE_SIZE;
    s->file_offset = p->offset;
    s->bytes = p->file_size;
    s->rights =
        MAP_READ | (p->flags & FLAG_WRITE ? MAP_WRITE : 0) | (p->flags & FLAG_EXEC ? MAP_EXEC : 0);
    return NULL;
}

/* Put s in its place in the ascending order. */
static const char *add_segment(struct image *image, const struct image_segment *s)
{
    if (image->count == IMAGE_SEGMENTS)
        return "it has too many segments";
    unsigned at = image->count;
    while (at > 0 && image->segment[at - 1].va >= s->va)
        at--;
    const struct image_segment *before = at > 0 ? &image->segment[at - 1] : NULL;
    const struct image_segment *after = at < image->count ? &image->segment[at] : NULL;
    if ((before && before->va + before->pages * PAGE_SIZE > s->va) ||
        (after && s->va + s->pages * PAGE_SIZE > after->va))
        return "two segments share a page";
    memmove(&image->segment[at + 1], &image->segment[at], (image->count - at) * sizeof *s);
    image->segment[at] = *s;
    image->count++;
    image->pages += s->pages;
    return NULL;
}

static bool entry_good(const struct image *image)
{
    for (unsigned i = 0; i < image->count; i++) {
        const struct image_segment *s = &image->segment[i];
        uint64_t start = s->va + s->skip;
        if (s->rights & MAP_EXEC && image->entry >= start && image->entry - start < s->bytes)
            return true;
    }
    return false;
}

const char *image_check(const void *file, size_t size, uint64_t low, uint64_t high,
                        struct image *image)
{
    struct elf_header h;
    memset(image, 0, sizeof *image);
    if (size < sizeof h)
        return "it is too short for an ELF file";
    memcpy(&h, file, sizeof h);
    const char *reason = check_header(&h, size);
    for (unsigned i = 0; !reason && i < h.program_count; i++) {
        struct elf_program p;
        struct image_segment s;
        memcpy(&p, (const char *)file + h.program_offset + i * sizeof p, sizeof p);
        if (p.type == PROGRAM_DYNAMIC || p.type == PROGRAM_INTERPRETER)
            return "it is dynamically linked";
        if (p.type == PROGRAM_TLS)
            return "it uses thread-local storage";
        if (p.type == PROGRAM_STACK && p.flags & FLAG_EXEC)
            return "it asks for an executable stack";
        if (p.type != PROGRAM_LOAD || p.memory_size == 0)
            continue;
        reason = check_segment(&p, size, low, high, &s);
        if (!reason)
            reason = add_segment(image, &s);
    }
    if (reason)
        return reason;
    image->entry = h.entry;
    return entry_good(image) ? NULL : "its entry point lies outside its text";
}
