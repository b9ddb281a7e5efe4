/* The parts of the ELF64 format that loading a static program needs (System V gABI, chapters 4, 5). */
#pragma once

#include <stdint.h>

#define ELF_MACHINE_X86_64 62
#define ELF_LOAD           1u
#define ELF_EXEC           1u
#define ELF_WRITE          2u

struct elf_header {
    unsigned char magic[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments, sections;
    uint32_t flags;
    uint16_t header_size, segment_size, segment_count;
    uint16_t section_size, section_count, names;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, va, physical, file_size, memory_size, align;
};
