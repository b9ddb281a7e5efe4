/*
 * The 256-colour palette (palette.h). The first 16 are those of a VGA text screen; cube levels are
 * 0, 95, 135 ... 255 and greys 8, 18 ... 238, as terminals agree.
 */
#include "palette.h"

static const struct rgb base[16] = {
    {0, 0, 0},     {170, 0, 0},     {0, 170, 0},    {170, 85, 0},    {0, 0, 170},   {170, 0, 170},
    {0, 170, 170}, {170, 170, 170}, {85, 85, 85},   {255, 85, 85},   {85, 255, 85}, {255, 255, 85},
    {85, 85, 255}, {255, 85, 255},  {85, 255, 255}, {255, 255, 255},
};

static uint8_t level(unsigned step)
{
    return (uint8_t)(step ? 55 + 40 * step : 0);
}

struct rgb palette_colour(unsigned index)
{
    if (index < 16)
        return base[index];
    if (index < 232) {
        unsigned n = index - 16;
        return (struct rgb){level(n / 36), level(n / 6 % 6), level(n % 6)};
    }
    uint8_t grey = (uint8_t)(8 + 10 * (index - 232));
    return (struct rgb){grey, grey, grey};
}

/* The cube step nearest to a value: the boundaries lie halfway between the levels. */
static unsigned nearest_step(unsigned value)
{
    return value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40;
}

static unsigned square(int n)
{
    return (unsigned)(n * n);
}

static unsigned distance(struct rgb a, struct rgb b)
{
    return square(a.r - b.r) + square(a.g - b.g) + square(a.b - b.b);
}

int palette_nearest(uint8_t r, uint8_t g, uint8_t b)
{
    struct rgb wanted = {r, g, b};
    unsigned cube = 16 + 36 * nearest_step(r) + 6 * nearest_step(g) + nearest_step(b);
    unsigned average = (r + g + b) / 3u;
    unsigned step = average < 8 ? 0 : (average - 3) / 10;
    unsigned grey = 232 + (step < 24 ? step : 23);
    return (int)(distance(palette_colour(grey), wanted) < distance(palette_colour(cube), wanted)
                     ? grey
                     : cube);
}
