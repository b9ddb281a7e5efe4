/*
 * REP MOVS and REP STOS against loops in C: every small distance between the ends, both directions, all
 * sizes, counts up to more than a chunk, 16-bit addresses, and the end of RAM.
 */
#include "guest.h"

#define AREA  512u
#define LARGE 300000u

static uint8_t got[AREA], expected[AREA];
static uint8_t large[LARGE + 64];

static void fill(uint8_t *p, uint32_t bytes)
{
    for (uint32_t n = 0; n < bytes; n++)
        p[n] = (uint8_t)(n * 7 + (n >> 8) + 1);
}

static uint32_t differences(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
    uint32_t sum = 0;
    for (uint32_t n = 0; n < bytes; n++)
        sum += a[n] != b[n];
    return sum;
}

/* An element after the other, as the manual has it (SDM vol. 2, MOVS, REP). */
static void move(uint8_t *to, const uint8_t *from, uint32_t count, unsigned size, bool down)
{
    for (; count > 0; count--) {
        uint8_t v[4];
        for (unsigned n = 0; n < size; n++)
            v[n] = from[n];
        for (unsigned n = 0; n < size; n++)
            to[n] = v[n];
        to = down ? to - size : to + size;
        from = down ? from - size : from + size;
    }
}

struct ends {
    uint32_t to, from, count;
};

#define REPEAT(code) \
    __asm__ volatile(code "\ncld" : "+D"(e->to), "+S"(e->from), "+c"(e->count) : : "memory")

static void repeat(struct ends *e, unsigned size, bool down)
{
    switch (size * 2 + down) {
    case 2:
        REPEAT("rep movsb");
        break;
    case 3:
        REPEAT("std; rep movsb");
        break;
    case 4:
        REPEAT("rep movsw");
        break;
    case 5:
        REPEAT("std; rep movsw");
        break;
    case 8:
        REPEAT("rep movsl");
        break;
    default:
        REPEAT("std; rep movsl");
    }
}

static uint32_t one(unsigned size, bool down, int distance, uint32_t count)
{
    int32_t step = down ? -(int32_t)size : (int32_t)size;
    struct ends e = {(uint32_t)got + AREA / 2 + (uint32_t)distance, (uint32_t)got + AREA / 2,
                     count};
    struct ends end = {e.to + count * (uint32_t)step, e.from + count * (uint32_t)step, 0};
    fill(got, AREA);
    fill(expected, AREA);
    move(expected + AREA / 2 + distance, expected + AREA / 2, count, size, down);
    repeat(&e, size, down);
    return differences(got, expected, AREA) + (e.to != end.to) + (e.from != end.from) +
           (e.count != 0);
}

static void overlaps(void)
{
    static const char *const names[2][5] = {
        {"", "REP MOVSB, its ends close", "REP MOVSW, its ends close", "",
         "REP MOVSD, its ends close"},
        {"", "downwards, bytes", "downwards, words", "", "downwards, doublewords"}};
    static const uint8_t counts[] = {0, 1, 2, 3, 7, 8, 11, 12, 13, 40};
    for (unsigned size = 1; size <= 4; size *= 2)
        for (unsigned down = 0; down < 2; down++) {
            uint32_t bad = 0;
            for (int distance = -70; distance <= 70;
                 distance += distance < -9 || distance > 8 ? 7 : 1)
                for (unsigned n = 0; n < sizeof counts; n++)
                    bad += one(size, down, distance, counts[n]);
            check(names[down][size], bad, 0);
        }
}

/* More than a chunk: the instruction is begun again. */
static void large_ones(void)
{
    uint32_t count = LARGE / 4, bad = 0;
    uint32_t *to = (uint32_t *)(large + 2);
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(0x04030201) : "memory");
    for (uint32_t n = 0; n < LARGE; n++)
        bad += large[n + 2] != (n & 3) + 1;
    check("a large REP STOS", bad + count, 0);
    check("and nothing behind it", large[LARGE + 2], 0);
    uint8_t *from = large + 2, *next = large + 3;
    count = LARGE;
    large[2] = 9;
    __asm__ volatile("rep movsb" : "+D"(next), "+S"(from), "+c"(count) : : "memory");
    for (uint32_t n = 0; n <= LARGE; n++)
        bad += large[n + 2] != 9;
    check("a byte spreads", bad + count, 0);
    check("so far", (uint32_t)(next - large), LARGE + 3);
}

/* CX, SI and DI alone count, and wrap; below 64 KiB lies nothing of ours. */
static void short_addresses(void)
{
    volatile uint8_t *low = (volatile uint8_t *)0x5000;
    uint32_t to = 0xabcd5004, from = 0xabcd5000, count = 0xabcd0004;
    for (unsigned n = 0; n < 16; n++)
        low[n] = (uint8_t)n;
    __asm__ volatile("addr16 rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    check("16-bit addresses", to, 0xabcd5008);
    check("16-bit addresses, source and count", (from & 0xffff) | count << 16, 0x5004);
    check("16-bit addresses, moved", low[4] | low[7] << 8 | low[8] << 16, 0x080300);
}

/* From the last of RAM on to where nothing is, which reads as ones and takes what is written. */
static void no_ram(void)
{
    enum { END = 64 << 20, HALF = 32 };
    uint8_t back[2 * HALF] = {0};
    volatile uint8_t *last = (volatile uint8_t *)(END - HALF);
    uint32_t bad = 0, to, from, count;
    for (unsigned n = 0; n < 3; n++) {
        to = END - HALF, count = 2 * HALF / 4;
        __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(0x11111111 * n) : "memory");
        bad += to != END + HALF || count != 0;
        to = (uint32_t)back, from = END - HALF, count = 2 * HALF;
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
        bad += from != END + HALF || count != 0;
        for (unsigned k = 0; k < HALF; k++)
            bad += last[k] != 0x11 * n || back[k] != 0x11 * n || back[k + HALF] != 0xff;
    }
    check("strings over the end of RAM", bad, 0);
}

void strings(void)
{
    overlaps();
    large_ones();
    short_addresses();
    no_ram();
}
