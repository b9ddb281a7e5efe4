/*
 * The program checker: a good file, one file per mistake, and random damage. Whatever is accepted
 * is checked once more here, by other means: with a byte for every page of the program area.
 */
#include "test.h"
#include "image.h"

#include <stdlib.h>
#include <tetrapla/abi.h>

#define LOW        0x100000000ULL
#define AREA_PAGES 64
#define HIGH       (LOW + AREA_PAGES * PAGE_SIZE)
#define FILE_BYTES 0x3400
enum { HEADERS = 64, HEADER = 56 };

static uint8_t *file; /* exactly FILE_BYTES on the heap, so that a byte too far is noticed */

static void put(size_t at, unsigned bytes, uint64_t value)
{
    memcpy(file + at, &value, bytes);
}

static void put_segment(unsigned n, uint32_t type, uint32_t flags, uint64_t offset, uint64_t va,
                        uint64_t file_size, uint64_t memory_size)
{
    size_t at = HEADERS + n * HEADER;
    put(at, 4, type);
    put(at + 4, 4, flags);
    put(at + 8, 8, offset);
    put(at + 16, 8, va);
    put(at + 24, 8, va);
    put(at + 32, 8, file_size);
    put(at + 40, 8, memory_size);
    put(at + 48, 8, PAGE_SIZE);
}

/* Text of two pages, rodata, data with bss, and the stack's header, as task.ld lays them out. */
static void good_file(void)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    memset(file, 0, FILE_BYTES);
    memcpy(file, ident, sizeof ident);
    put(16, 2, 2);          /* executable */
    put(18, 2, 62);         /* x86-64 */
    put(20, 4, 1);          /* version */
    put(24, 8, LOW + 0x10); /* entry */
    put(32, 8, HEADERS);    /* program headers */
    put(52, 2, 64);
    put(54, 2, HEADER);
    put(56, 2, 4); /* how many */
    put_segment(0, 1, 5, 0x1000, LOW, 0x1800, 0x1800);
    put_segment(1, 1, 4, 0x2800, LOW + 0x2800, 0x600, 0x600);
    put_segment(2, 1, 6, 0x3000, LOW + 0x3000, 0x400, 0x5000);
    put_segment(3, 0x6474e551, 6, 0, 0, 0, 0);
}

static const struct {
    const char *name;
    size_t at;
    unsigned bytes;
    uint64_t value;
    const char *reason; /* NULL: still good */
} patches[] = {
#define SEGMENT(n, field) (HEADERS + (n)*HEADER + (field))
    {"image/good", 0, 0, 0, NULL},
    {"image/no-magic", 0, 1, 0x7e, "it is no ELF file"},
    {"image/32-bit", 4, 1, 1, "it is no 64-bit little-endian ELF file"},
    {"image/big-endian", 5, 1, 2, "it is no 64-bit little-endian ELF file"},
    {"image/other-processor", 18, 2, 40, "it is not for this processor"},
    {"image/relocatable", 16, 2, 1, "it is no executable linked at a fixed address"},
    {"image/shared-object", 16, 2, 3, "it is no executable linked at a fixed address"},
    {"image/no-headers", 56, 2, 0, "it has no program headers"},
    {"image/header-size", 54, 2, 32, "it has no program headers"},
    {"image/headers-outside", 32, 8, FILE_BYTES - 100, "its program headers lie outside the file"},
    {"image/headers-far-outside", 32, 8, UINT64_MAX - 8,
     "its program headers lie outside the file"},
    {"image/many-headers", 56, 2, 0xffff, "its program headers lie outside the file"},
    {"image/file-larger", SEGMENT(0, 32), 8, 0x1801,
     "a segment is larger in the file than in memory"},
    {"image/offset-outside", SEGMENT(0, 8), 8, FILE_BYTES - 0x17ff,
     "a segment lies outside the file"},
    {"image/offset-huge", SEGMENT(0, 8), 8, UINT64_MAX - 0x100, "a segment lies outside the file"},
    {"image/below-area", SEGMENT(0, 16), 8, LOW - PAGE_SIZE,
     "a segment lies outside the program area"},
    {"image/above-area", SEGMENT(2, 16), 8, HIGH - 0x4000,
     "a segment lies outside the program area"},
    {"image/kernel-address", SEGMENT(2, 16), 8, 0xffffffff80000000ULL,
     "a segment lies outside the program area"},
    {"image/bss-wraps", SEGMENT(2, 40), 8, UINT64_MAX, "a segment lies outside the program area"},
    {"image/bss-to-the-end", SEGMENT(2, 40), 8, HIGH - LOW - 0x3000, NULL},
    {"image/writable-text", SEGMENT(0, 4), 4, 7, "a segment is both writable and executable"},
    {"image/unreadable-text", SEGMENT(0, 4), 4, 1, "a segment is not readable"},
    {"image/shared-page", SEGMENT(1, 16), 8, LOW + 0x1900, "two segments share a page"},
    {"image/same-address", SEGMENT(2, 16), 8, LOW, "two segments share a page"},
    {"image/dynamic", SEGMENT(3, 0), 4, 2, "it is dynamically linked"},
    {"image/interpreter", SEGMENT(3, 0), 4, 3, "it is dynamically linked"},
    {"image/tls", SEGMENT(3, 0), 4, 7, "it uses thread-local storage"},
    {"image/exec-stack", SEGMENT(3, 4), 4, 7, "it asks for an executable stack"},
    {"image/entry-in-data", 24, 8, LOW + 0x3000, "its entry point lies outside its text"},
    {"image/entry-behind-text", 24, 8, LOW + 0x1800, "its entry point lies outside its text"},
    {"image/entry-last-byte", 24, 8, LOW + 0x17ff, NULL},
    {"image/entry-zero", 24, 8, 0, "its entry point lies outside its text"},
    {"image/empty-rodata", SEGMENT(1, 32), 8, 0, NULL},
};

/* NULL if an accepted image really is one. */
static const char *oracle(const struct image *image, size_t size)
{
    static uint8_t taken[AREA_PAGES];
    uint64_t pages = 0;
    bool entry = false;
    memset(taken, 0, sizeof taken);
    for (unsigned i = 0; i < image->count; i++) {
        const struct image_segment *s = &image->segment[i];
        if (s->va % PAGE_SIZE || s->va < LOW || s->pages == 0 || s->pages > AREA_PAGES ||
            s->va + s->pages * PAGE_SIZE > HIGH)
            return "segment outside the area";
        for (uint64_t p = 0; p < s->pages; p++)
            if (taken[(s->va - LOW) / PAGE_SIZE + p]++)
                return "page used twice";
        if (s->skip >= PAGE_SIZE || s->skip + s->bytes > s->pages * PAGE_SIZE)
            return "bytes beyond the segment";
        if (s->file_offset > size || s->bytes > size || s->file_offset + s->bytes > size)
            return "bytes beyond the file";
        if ((s->rights & (MAP_WRITE | MAP_EXEC)) == (MAP_WRITE | MAP_EXEC))
            return "writable and executable";
        if (s->rights & MAP_EXEC && image->entry >= s->va + s->skip &&
            image->entry < s->va + s->skip + s->bytes)
            entry = true;
        pages += s->pages;
    }
    if (pages != image->pages)
        return "wrong number of pages";
    return entry ? NULL : "entry outside the text";
}

static void damage_tests(void)
{
    const char *why = NULL;
    unsigned accepted = 0;
    for (unsigned i = 0; i < 300000 && !why; i++) {
        struct image image;
        good_file();
        for (uint64_t n = 1 + random_next() % 3; n; n--) {
            static const uint64_t values[] = {0, 1, UINT64_MAX, LOW, HIGH, 0x1000, 0x80000000};
            size_t at = random_next() % (HEADERS + 4 * HEADER - 8);
            uint64_t v = random_next() % 2 ? values[random_next() % 7] : random_next();
            put(at & (random_next() % 2 ? ~7u : ~0u), 1u << random_next() % 4, v);
        }
        if (!image_check(file, FILE_BYTES, LOW, HIGH, &image)) {
            accepted++;
            why = oracle(&image, FILE_BYTES);
        }
    }
    result("image/random-damage", !why && accepted > 1000, "%s (%u accepted)",
           why ? why : "too few accepted", accepted);
}

static void length_tests(void)
{
    const char *why = NULL;
    good_file();
    for (size_t n = 0; n < FILE_BYTES && !why; n++) {
        struct image image;
        uint8_t *copy = malloc(n ? n : 1);
        memcpy(copy, file, n);
        if (!image_check(copy, n, LOW, HIGH, &image))
            why = "a file that was cut was accepted";
        free(copy);
    }
    result("image/every-length", !why, "%s", why);
}

void image_tests(void)
{
    file = malloc(FILE_BYTES);
    for (unsigned i = 0; i < sizeof patches / sizeof *patches; i++) {
        struct image image;
        good_file();
        put(patches[i].at, patches[i].bytes, patches[i].value);
        const char *reason = image_check(file, FILE_BYTES, LOW, HIGH, &image);
        const char *wanted = patches[i].reason;
        bool good = wanted ? reason && strcmp(reason, wanted) == 0 : !reason;
        if (good && !reason && oracle(&image, FILE_BYTES)) {
            good = false;
            reason = oracle(&image, FILE_BYTES);
        }
        result(patches[i].name, good, "%s, not %s", reason ? reason : "accepted",
               wanted ? wanted : "accepted");
    }
    struct image image;
    good_file();
    image_check(file, FILE_BYTES, LOW, HIGH, &image);
    result("image/layout",
           image.count == 3 && image.pages == 2 + 1 + 5 && image.segment[1].va == LOW + 0x2000 &&
               image.segment[1].skip == 0x800 &&
               image.segment[2].rights == (MAP_READ | MAP_WRITE) &&
               image.segment[0].rights == (MAP_READ | MAP_EXEC),
           "%u segments, %llu pages", image.count, (unsigned long long)image.pages);
    length_tests();
    damage_tests();
    free(file);
}
