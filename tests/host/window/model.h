/*
 * A model of what windows are to be: a guest's tables for a few address spaces, and a host that
 * remembers what was mapped where.
 *
 * The virtual addresses of the model are numbered, `spot`s: pages of the process, global pages, and
 * pages of large entries. Nothing else may be mapped.
 */
#pragma once

#include <translator/window.h>

enum {
    ASIDS = 6,
    PROCESS_PAGES = 96,
    GLOBAL_PAGES = 64,
    LARGE_ENTRIES = 4,
    LARGE_PAGES = 256,
    FIRST_GLOBAL = PROCESS_PAGES,
    FIRST_LARGE = FIRST_GLOBAL + GLOBAL_PAGES,
    SPOTS = FIRST_LARGE + LARGE_ENTRIES * LARGE_PAGES,
    RAM_PAGES = 2048,
};
#define RAM_BASE 0x40000000u

/* Keys: the ASID, and these (the values are those a frontend might choose). */
#define KEY_USER   (1ULL << 40)
#define KEY_MAPPED (1ULL << 41)
#define KEY_DENIED (1ULL << 42)

struct entry {
    bool valid, write;
    uint32_t page; /* of RAM */
};

struct model {
    struct entry process[ASIDS][PROCESS_PAGES], global[GLOBAL_PAGES], large[LARGE_ENTRIES];
    unsigned asid;
    bool user;   /* mode */
    bool denied; /* privileged code may not access pages of the process */
};
extern struct model model;
extern const struct frontend model_frontend;

uint32_t spot_va(unsigned spot);
/* SPOTS if it is none. */
unsigned va_spot(uint32_t va);

/* ---- host.c: what the host has mapped ---- */
struct host_page {
    uint32_t page;  /* of RAM */
    uint8_t rights; /* 0: not mapped */
};
extern struct host_page host_pages[WINDOW_MAX][SPOTS];
extern unsigned host_limit; /* of mapped pages */
extern unsigned host_mapped, host_wrong;
extern struct vm *host_vm;

/* ---- host.c: the block that the cold sites are in ---- */
extern struct side_entry
    model_side; /* .kind: of the site that accesses; .pc is where it is called */
extern unsigned blocks_killed;
