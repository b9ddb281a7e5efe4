/*
 * Characters: UTF-8 both ways, how many cells a character takes, and the DEC graphics set.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLACEMENT 0xfffdu /* shown for malformed input */

/* A character that has begun; {0} between characters. */
struct utf8 {
    uint32_t code;
    uint8_t need;      /* continuation bytes still to come, 0-3 */
    uint8_t low, high; /* range allowed for the next one */
    uint8_t reserved;
};

enum utf8_result {
    UTF8_MORE,   /* the byte was taken, the character is not complete */
    UTF8_DONE,   /* *code is a character, or REPLACEMENT for a byte that cannot begin one */
    UTF8_BROKEN, /* *code is REPLACEMENT for what had begun; give the same byte again */
};
enum utf8_result utf8_step(struct utf8 *u, uint8_t byte, uint32_t *code);
/* Bytes written to out, 1-4. Anything that is no character is written as REPLACEMENT. */
unsigned utf8_encode(uint32_t code, uint8_t out[4]);
void utf8_repair(struct utf8 *u);

/* Cells a character takes: 0 (combining: not shown), 1 or 2. */
unsigned character_width(uint32_t code);
/* The DEC special graphics character at an ASCII position; other codes come back unchanged. */
uint32_t dec_graphics(uint32_t code);
