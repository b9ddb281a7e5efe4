/*
 * The code of pages.c: what stands in the first page of each pair, what in the second, and the ways that
 * lead from one into the other.
 */
#pragma once

#include <stdint.h>

enum { PAGE = 4096, PAIRS = 3 };
enum { ARM, SPLIT, IT }; /* the pairs */

struct piece {
    unsigned at, bytes; /* in the page */
    uint32_t code;
};

/* clang-format off */
static const struct piece first[PAIRS][8] = {
    [ARM] = {{0x000, 4, 0xea0003fe},   /* b    second page */
             {0x010, 4, 0xe52de004},   /* push {lr} */
             {0x014, 4, 0xeb0003f9},   /* bl   second page */
             {0x018, 4, 0xe2800c01},   /* add  r0, r0, #0x100 */
             {0x01c, 4, 0xe49df004},   /* pop  {pc} */
             {0x020, 4, 0xe12fff11},   /* bx   r1 */
             {0xffc, 4, 0xe2800020}},  /* add  r0, r0, #0x20; runs on */
    [SPLIT] = {{0xffe, 2, 0xf240}},    /* movw r0, #NUMBER: first half */
    [IT] = {{0xffc, 2, 0x4280},        /* cmp  r0, r0 */
            {0xffe, 2, 0xbf0c}},       /* ite  eq */
};
/* NUMBER is added to the first of each. */
static const struct piece second[PAIRS][3] = {
    [ARM] = {{0, 4, 0xe2800000},       /* add  r0, r0, #NUMBER */
             {4, 4, 0xe12fff1e}},      /* bx   lr */
    [SPLIT] = {{0, 2, 0x0000},         /* movw r0, #NUMBER: second half */
               {2, 2, 0x4770}},        /* bx   lr */
    [IT] = {{0, 2, 0x3000},            /* addeq r0, #NUMBER */
            {2, 2, 0x307f},            /* addne r0, #0x7f */
            {4, 2, 0x4770}},           /* bx   lr */
};
static const struct way {
    const char *name;
    unsigned pair, entry, thumb;
    uint32_t gives; /* for argument 0x1000, less NUMBER */
} ways[] = {
    {"branch", ARM, 0x000, 0, 0x1000},
    {"call and return", ARM, 0x010, 0, 0x1100},
    {"computed branch", ARM, 0x020, 0, 0x1000},
    {"running on", ARM, 0xffc, 0, 0x1020},
    {"split instruction", SPLIT, 0xffe, 1, 0},
    {"IT block", IT, 0xffc, 1, 0x1000},
};
/* clang-format on */
