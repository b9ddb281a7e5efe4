/*
 * The 256-colour palette: 16 colours of the text console, a 6×6×6 cube, 24 greys.
 */
#pragma once

#include <stdint.h>

struct rgb {
    uint8_t r, g, b;
};

struct rgb palette_colour(unsigned index); /* index < 256 */
/* The entry of the cube or the grey ramp nearest to a colour. */
int palette_nearest(uint8_t r, uint8_t g, uint8_t b);
