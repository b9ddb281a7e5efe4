/* Inside of the VGA model: vga.c has registers and planes, vga_text.c the picture. */
#pragma once

#include <translator/devices/vga.h>

#define VGA_COLUMNS 132u
#define VGA_ROWS    60u
#define VGA_CELLS   (VGA_COLUMNS * VGA_ROWS)
#define VGA_PLANE   0x10000u

/* clang-format off */
enum { CR_COLUMNS = 0x01, CR_OVERFLOW = 0x07, CR_HEIGHT = 0x09, CR_CURSOR_START = 0x0a, CR_CURSOR_END = 0x0b,
       CR_START = 0x0c, CR_CURSOR = 0x0e, CR_END = 0x12, CR_PITCH = 0x13, CR_COUNT = 0x19 };
enum { GR_SET = 0, GR_ENABLE_SET = 1, GR_COMPARE = 2, GR_ROTATE = 3, GR_READ_PLANE = 4, GR_MODE = 5, GR_MISC = 6,
       GR_IGNORE = 7, GR_MASK = 8, GR_COUNT = 9 };
enum { SR_MASK = 2, SR_MEMORY = 4, SR_COUNT = 5, AR_COUNT = 21 };
/* clang-format on */

struct vga {
    struct vm *vm;
    struct terminal *terminal;
    const uint8_t *text;

    uint8_t misc, feature;
    uint8_t sequencer[SR_COUNT], graphics[GR_COUNT], crtc[CR_COUNT], attribute[AR_COUNT];
    uint8_t sequencer_index, graphics_index, crtc_index, attribute_index;
    bool attribute_data; /* the next write to 3C0h is data */
    uint8_t dac[768], dac_mask;
    uint16_t dac_read, dac_write; /* byte number of the next access */
    uint8_t latch[4];
    uint8_t plane[4][VGA_PLANE];

    /* What the terminal shows. */
    bool shown, stale;
    unsigned columns, rows;
    uint16_t cell[VGA_CELLS];
    uint16_t cursor; /* cell, or CURSOR_OFF */
    uint64_t hurry_until;
    struct vtimer timer;
};
#define CURSOR_OFF 0xffffu

void vga_text_start(struct vga *v);
