/* VGA in text mode (IBM VGA technical reference; registers as in Intel 82C: "VGA register map"), shown on
 * a terminal. */
#pragma once

#include <translator/board.h>

struct vga;

/* text: the 32 KiB of guest RAM at B8000h, or NULL until vga_text. terminal may be NULL. NULL: no memory. */
struct vga *vga_create(struct vm *vm, struct terminal *terminal);
void vga_delete(struct vga *v);
/* Mode 3 (80 × 25 characters), as firmware leaves it; the picture is drawn anew. */
void vga_reset(struct vga *v);
/* Where the guest RAM at B8000h is. */
void vga_text(struct vga *v, const uint8_t *text);
/* Draw on the terminal, or no longer (somebody else has it). */
void vga_show(struct vga *v, bool shown);
/* Something happens that will soon be seen (a key): look more often for a while. */
void vga_hurry(struct vga *v);
/* Draw what has changed, now. */
void vga_draw(struct vga *v);
/* How many columns and rows the mode has; false: it is not a text mode. */
bool vga_size(const struct vga *v, unsigned *columns, unsigned *rows);

extern const struct device_ops vga_ops;        /* ports 3C0h–3DFh */
extern const struct device_ops vga_mono_ops;   /* ports 3B0h–3BFh */
extern const struct device_ops vga_memory_ops; /* A0000h–B7FFFh: the planes */
#define VGA_PLANES_BYTES 0x18000u
#define VGA_TEXT_BYTES   0x8000u
