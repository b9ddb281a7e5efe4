/* The program's command line as values; see options.c for the table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <translator/board.h>

struct options {
    const char *guest, *board, *cpu, *backend; /* NULL: not given */
    const char *kernel, *initrd, *dtb, *bios, *vga_bios;
    const char *append, *serial, *dump;
    uint64_t memory, cache, windows, block_limit, random, gdb; /* 0: not given */
    bool icount, no_reboot, stats, help, version, gdb_wait;
    struct trace_options {
        char *path; /* on the heap; NULL: no trace */
        uint64_t every, from, to;
        bool full;
    } trace;
    struct {
        char *path; /* on the heap */
        bool read_only, cdrom;
    } disk[VM_DISKS];
    unsigned disks;
};

/* Take the command line apart; false and a sentence in error if there is something wrong with it.
 * The strings stay those of argv. */
bool options_parse(struct options *o, int argc, char **argv, char *error, size_t size);
void options_free(struct options *o);
/* The text of --help. known: the names an option can take in this build, n from 0; NULL: no more. */
void options_help(void (*line)(const char *text),
                  const char *(*known)(const char *option, unsigned n));
