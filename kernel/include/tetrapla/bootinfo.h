/*
 * What the kernel hands to the root task: fixed handles, and a page (BOOTINFO_VA, read-only) that
 * lists the memory regions, modules and the framebuffer. Root starts with RDI = BOOTINFO_VA, its
 * stack (ROOT_STACK_PAGES) ending at ROOT_STACK_TOP and its IPC page at ROOT_IPC_VA. Root is the
 * first module whose name is "root"; the kernel's symbol table is the module "symbols".
 */
#pragma once

#include <tetrapla/abi.h>

#define BOOTINFO_VA      0x00007ffffff00000ULL
#define ROOT_STACK_TOP   0x00007f0000000000ULL
#define ROOT_STACK_PAGES 16
#define ROOT_IPC_VA      0x00007f8000000000ULL
#define BOOTINFO_MAGIC   0x544f4f4241525454ULL

enum root_handle { /* handles in root's capability table when it starts */
                   ROOT_TASK = 1,
                   ROOT_THREAD = 2,
                   ROOT_QUOTA = 3, /* the whole kernel pool that is not in use */
                   ROOT_IRQ_CONTROL = 4,
                   ROOT_PORTS = 5, /* all 65,536 ports but the interrupt controllers' */
                   ROOT_IMAGE =
                       6, /* region: root's own image, then its stack; mapped when it starts */
                   ROOT_FIRST_REGION = 16 /* regions follow in the order of boot_info.region */
};

enum boot_region_kind {
    BOOT_RAM = 1,         /* free memory */
    BOOT_MODULE = 2,      /* a GRUB module; page-aligned start, length in bytes beside it */
    BOOT_FRAMEBUFFER = 3, /* write-combining */
    BOOT_DEVICE = 4,      /* everything that is not RAM and not the kernel's: uncached */
    BOOT_FIRMWARE = 5,    /* ACPI and reserved memory, read-only */
};

struct boot_region {
    uint32_t kind; /* enum boot_region_kind */
    handle_t handle;
    uint64_t physical; /* for device drivers' bookkeeping and messages */
    uint64_t pages;
    uint64_t bytes; /* modules: exact length */
    char name[48];  /* modules: first word of GRUB's command line */
};

#define BOOT_REGIONS_MAX 160

struct boot_framebuffer {
    uint64_t present; /* 0: none usable; 1: direct colour */
    uint64_t offset;  /* first byte, from the start of the framebuffer region */
    uint32_t width, height, pitch, bits_per_pixel; /* 16, 24 or 32 */
    uint8_t red_position, red_size, green_position, green_size, blue_position, blue_size;
    uint8_t reserved[2];
};

struct boot_info {
    uint64_t magic;
    uint64_t region_count;
    uint64_t ram_bytes; /* all memory, the kernel's included */
    uint64_t cpus_present;
    uint64_t rsdt; /* physical address of the ACPI table "XSDT" or "RSDT", 0 if none */
    struct boot_framebuffer framebuffer;
    char command_line[256];
    char loader[48];
    struct boot_region region[BOOT_REGIONS_MAX];
};
_Static_assert(sizeof(struct boot_info) <= 4 * PAGE_SIZE, "boot info");
