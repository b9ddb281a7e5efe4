/*
 * The code of pages.c: what stands in the first page of each pair, what in the second, and the ways that
 * lead from one into the other.
 */
#pragma once

#include <stdint.h>

enum { PAGE = 4096, PAIRS = 3 };
enum { PLAIN, OPCODE, IMMEDIATE }; /* the pairs */

struct piece {
    unsigned at, bytes; /* in the page */
    uint32_t code;
};

/* Functions of (number, second page), both on the stack. */
/* clang-format off */
static const struct piece first[PAIRS][16] = {
    [PLAIN] = {{0x000, 4, 0x0424448b},                       /* mov  eax, [esp + 4] */
               {0x004, 1, 0xe9}, {0x005, 4, 0xff7},          /* jmp  second page */
               {0x010, 4, 0x0424448b},                       /* mov  eax, [esp + 4] */
               {0x014, 1, 0xe8}, {0x015, 4, 0xfe7},          /* call second page */
               {0x019, 1, 0x05}, {0x01a, 4, 0x100},          /* add  eax, 100h */
               {0x01e, 1, 0xc3},                             /* ret */
               {0x020, 4, 0x0424448b},                       /* mov  eax, [esp + 4] */
               {0x024, 4, 0x082464ff},                       /* jmp  [esp + 8] */
               {0xff9, 4, 0x0424448b},                       /* mov  eax, [esp + 4] */
               {0xffd, 3, 0x20c083}},                        /* add  eax, 20h; runs on */
    [OPCODE] = {{0xfff, 1, 0xb8}},                           /* mov  eax, NUMBER: its opcode */
    [IMMEDIATE] = {{0xffa, 4, 0x0424448b},                   /* mov  eax, [esp + 4] */
                   {0xffe, 2, 0xc081}},                      /* add  eax, NUMBER: without NUMBER */
};
/* NUMBER is added to the first of each. */
static const struct piece second[PAIRS][3] = {
    [PLAIN] = {{1, 4, 0}, {0, 1, 0x05},                      /* add  eax, NUMBER */
               {5, 1, 0xc3}},                                /* ret */
    [OPCODE] = {{0, 4, 0}, {4, 1, 0xc3}},
    [IMMEDIATE] = {{0, 4, 0}, {4, 1, 0xc3}},
};
static const struct way {
    const char *name;
    unsigned pair, entry, thumb;
    uint32_t gives; /* for argument 0x1000, less NUMBER */
} ways[] = {
    {"branch", PLAIN, 0x000, 0, 0x1000},
    {"call and return", PLAIN, 0x010, 0, 0x1100},
    {"computed branch", PLAIN, 0x020, 0, 0x1000},
    {"running on", PLAIN, 0xff9, 0, 0x1020},
    {"split behind the opcode", OPCODE, 0xfff, 0, 0},
    {"split before the immediate", IMMEDIATE, 0xffa, 0, 0x1000},
};
/* clang-format on */
