/* What the files of this folder share. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A file of the tree that is linked in; files.S, made by the build, ends the table with zeros. */
struct linked_file {
    const char *path;
    const uint8_t *bytes, *end;
};
extern const struct linked_file linked_files[];

/* Where generated code lies, as far as mmap knows (memory.c). */
extern uint64_t code_from, code_to;
