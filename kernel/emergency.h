/*
 * The emergency console: for panics, and for sentences that must be said before anything works
 * (a missing CPU feature, too little memory). It writes to the framebuffer that GRUB set, in a font
 * of its own, and to the first serial port if one answers. It is compiled for the kernel and for
 * the 32-bit entry code.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct emergency_screen {
    uint8_t *base; /* NULL: none */
    uint32_t width, height, pitch, bits_per_pixel;
    uint32_t foreground, background; /* pixel values */
    bool text;                       /* VGA text mode: base is the 80×25 cell array */
};

void emergency_screen(const struct emergency_screen *s);
/* Clear the top of the screen and start there. */
void emergency_begin(void);
void emergency_putc(char c);
void emergency_puts(const char *s);
/* %s %c %d %u %x %lx %lu %p only. */
void emergency_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void emergency_vprintf(const char *format, va_list args);

/* 5×7 glyphs for ASCII 32–126: five columns each, bit 0 at the top. */
extern const uint8_t emergency_font[95][5];
