/*
 * The SPARC board `ss5`: its memory map, its PROM and device tree; shared by the ss5*.c files.
 *
 * The PROM lives in the last PROM_BYTES of RAM, which the guest is not told of, and is mapped at
 * PROM_VA; device registers it has mapped for its client are at PROM_DEVICES. Its code is a few words
 * for each service: it puts the arguments into the mailbox and executes the extended instruction, a
 * privileged store to ASI 0xff at CALL_STEP times the service's number, which the board answers.
 */
#pragma once

#include <translator/board.h>
#include <translator/devices/fw_cfg.h>

/* clang-format off */
#define SS5_RAM          0x00000000u
#define SS5_IOMMU        0x10000000u
#define SS5_SBUS         0x10001000u
#define SS5_APC          0x6a000000u
#define SS5_AFX          0x6e000000u
#define SS5_ROM          0x70000000u /* firmware given by the user; read only */
#define SS5_ROM_BYTES    0x00100000u
#define SS5_OBIO         0x71000000u /* offsets from here: */
#define OBIO_KEYBOARD    0x00000000u
#define OBIO_SERIAL      0x00100000u
#define OBIO_NVRAM       0x00200000u
#define OBIO_FLOPPY      0x00400000u
#define OBIO_CONFIG      0x00800000u
#define OBIO_AUX1        0x00900000u
#define OBIO_AUX2        0x00910000u
#define OBIO_DIAGNOSTIC  0x00a00000u
#define OBIO_CPU_TIMER   0x00d00000u
#define OBIO_TIMER       0x00d10000u
#define OBIO_CPU_IRQ     0x00e00000u
#define OBIO_IRQ         0x00e10000u
#define OBIO_SYSTEM      0x00f00000u /* control and status */
#define SS5_DMA          0x78400000u
#define SS5_ETHERNET_DMA 0x78400010u
#define SS5_ESP          0x78800000u
#define SS5_FW_CFG       0xd00000510ull

#define PROM_BYTES       0x40000u
#define PROM_VA          0xffd00000u
#define PROM_DEVICES     0xffe00000u
#define KERNEL_VA        0xf0000000u

#define SS5_CPU_CLOCK    170000000u
#define SS5_SBUS_CLOCK   21250000u
#define SS5_ESP_CLOCK    40000000u
#define SS5_MASK_ID      0x23000000u /* revision of the microSPARC-II */
#define IDPROM_BYTES     32u
/* clang-format on */

/* ---- device tree (ss5_tree.c) ------------------------------------------------------------------- */

/* Nodes, by phandle; 0: none. */
enum ss5_node {
    NODE_NONE,
    NODE_ROOT,
    NODE_CPU,
    NODE_MEMORY,
    NODE_ALIASES,
    NODE_CHOSEN,
    NODE_OPTIONS,
    NODE_OPENPROM,
    NODE_OBIO,
    NODE_SERIAL,
    NODE_KEYBOARD,
    NODE_NVRAM,
    NODE_CONFIG,
    NODE_AUX1,
    NODE_AUX2,
    NODE_TIMER,
    NODE_IRQ,
    NODE_IOMMU,
    NODE_SBUS,
    NODE_DMA,
    NODE_ESP,
    NODE_APC,
    NODES
};
/* What of the tree depends on the machine. */
struct ss5_facts {
    uint32_t ram_bytes, ram_available;
    const char *bootargs;
    uint8_t idprom[IDPROM_BYTES];
};
#define PROPERTY_ROOM 512u /* more than any value has, bytes */

/* The next node behind this one below the same parent, of 0 the root; the first below it; 0: none. */
uint32_t ss5_next_node(uint32_t node);
uint32_t ss5_child_node(uint32_t node);
/* Length of a property, or -1; its value is put to `to` (PROPERTY_ROOM) unless that is NULL. */
int ss5_property(const struct ss5_facts *f, uint32_t node, const char *name, uint8_t *to);
/* Name of the property behind the named one ("": the first); NULL: none, or no such node. */
const char *ss5_next_property(uint32_t node, const char *name);
/* Physical pages the PROM maps for its client, from PROM_DEVICES on; 0 ends. */
extern const uint32_t ss5_device_pages[];

/* ---- PROM (ss5_prom.c, ss5_calls.c) -------------------------------------------------------------- */

/* Services, as numbers of the extended instruction. */
enum ss5_service {
    SERVICE_NONE,
    SERVICE_NEXT_NODE,
    SERVICE_CHILD,
    SERVICE_PROPERTY_LENGTH,
    SERVICE_GET_PROPERTY,
    SERVICE_SET_PROPERTY,
    SERVICE_NEXT_PROPERTY,
    SERVICE_GET_CHAR,
    SERVICE_PUT_CHAR,
    SERVICE_GET_CHAR_NOW,
    SERVICE_PUT_CHAR_NOW,
    SERVICE_PUT_STRING,
    SERVICE_PRINT,
    SERVICE_REBOOT,
    SERVICE_ABORT,
    SERVICE_HALT,
    SERVICE_EVALUATE,
    SERVICE_ETHERNET,
    SERVICE_INSTANCE,
    SERVICE_ALLOCATE,
    SERVICE_FREE,
    SERVICE_MAP,
    SERVICE_UNMAP,
    SERVICE_OPEN,
    SERVICE_CLOSE,
    SERVICE_READ,
    SERVICE_WRITE,
    SERVICE_SEEK,
    SERVICE_FAIL, /* what there is not: -1 */
    SERVICE_TRAP, /* a trap before the guest has its own table */
    SERVICES
};
#define SERVICE_ARGUMENTS 6u
#define CALL_STEP         4u /* addresses of word stores are aligned */

/* Places in the PROM, offsets from PROM_VA. */
enum ss5_prom_place {
    PROM_TRAPS = 0x0000,    /* trap table: 256 entries of 16 bytes */
    PROM_VECTOR = 0x1000,   /* the romvec */
    PROM_NODE_OPS = 0x1200, /* and what it points to: */
    PROM_NUMBERS = 0x1240,  /*   a word each (ss5_prom.c) */
    PROM_MAILBOX = 0x1400,  /* arguments; the result; aligned to 1 KiB */
    PROM_NAME = 0x1440,     /* property name given to the guest */
    PROM_STUBS = 0x2000,    /* code of the services: a page that is not written */
    PROM_BOOTARGS = 0x3000, /* 1 KiB */
    PROM_CONTEXTS = 0x8000, /* MMU: context table, level 1, level 2, level 3 */
    PROM_LEVEL1 = 0x8400,
    PROM_LEVEL2 = 0x8800,
    PROM_LEVEL3 = 0x8900,
    PROM_STACK = 0x3ff00,
};
#define PROM_MAILBOX_RESULT 24u
#define PROM_NAME_ROOM      64u
#define PROM_BOOTARGS_ROOM  1024u

struct ss5_prom {
    struct vm *vm;
    struct ss5_facts facts;
    uint64_t phys; /* of the PROM */
};
/* Write the PROM to RAM; false: there is none. */
bool ss5_prom_build(struct ss5_prom *p);
/* Answer service n, whose arguments are in the mailbox. */
void ss5_prom_call(struct ss5_prom *p, uint32_t n);

/* ---- firmware given by the user (ss5_firmware.c) ------------------------------------------------ */

/* The ROM. False: a sentence in error, or no memory. */
bool ss5_firmware_add(struct vm *vm, char *error, size_t size);
/* What it wants to know; NULL: no memory. */
struct fw_cfg *ss5_firmware_facts(struct vm *vm, uint32_t ram_bytes);
