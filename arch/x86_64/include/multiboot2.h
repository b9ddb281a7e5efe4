/* The boot information of the Multiboot 2 specification, chapter 3.6: only the tags that are used. */
#pragma once

#include <stdint.h>

#define MB2_MAGIC 0x36d76289u

enum {
    MB2_TAG_END = 0,
    MB2_TAG_COMMAND_LINE = 1,
    MB2_TAG_LOADER = 2,
    MB2_TAG_MODULE = 3,
    MB2_TAG_MEMORY_MAP = 6,
    MB2_TAG_FRAMEBUFFER = 8,
    MB2_TAG_RSDP_OLD = 14,
    MB2_TAG_RSDP_NEW = 15,
};

struct mb2_tag {
    uint32_t type, size;
};

struct mb2_string {
    struct mb2_tag tag;
    char text[];
};

struct mb2_module {
    struct mb2_tag tag;
    uint32_t start, end;
    char text[];
};

struct mb2_memory_entry {
    uint64_t base, length;
    uint32_t type, zero;
};
#define MB2_MEMORY_RAM  1u
#define MB2_MEMORY_ACPI 3u
#define MB2_MEMORY_BAD  5u

struct mb2_memory_map {
    struct mb2_tag tag;
    uint32_t entry_size, version;
    struct mb2_memory_entry entry[];
};

#define MB2_FRAMEBUFFER_DIRECT 1u
#define MB2_FRAMEBUFFER_TEXT   2u

struct mb2_framebuffer {
    struct mb2_tag tag;
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bits_per_pixel, kind;
    uint16_t reserved;
    uint8_t red_position, red_size, green_position, green_size, blue_position, blue_size;
};

struct mb2_rsdp {
    struct mb2_tag tag;
    uint8_t rsdp[];
};

static inline const struct mb2_tag *mb2_next(const struct mb2_tag *t)
{
    return (const void *)((const char *)t + ((t->size + 7) & ~7u));
}
