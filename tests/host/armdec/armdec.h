/* The parts of the test of the ARM decoder. */
#pragma once

#include "../frame/frame.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum set { SET_A32, SET_T32, SET_T16, SET_IT }; /* IT: T16 in an IT block */

/* Where the code lies. */
#define ADDRESS 0x10000u

/* capstone.c. Capstone's text of one instruction, false if it is none; it_cond not 14: as the only
 * one of an IT block. */
bool capstone_open(void);
bool capstone_text(enum set set, uint32_t code, unsigned it_cond, char *to);
/* Capstone keeps the state of IT blocks between calls: run through the four places. */
void capstone_leave_it_block(void);

/* normalise.c. `rotated`: the text may end in an A32 immediate in two parts. */
void normalise(char *to, const char *from, bool rotated);

/* differences.c: what is meant to differ from Capstone. */
enum difference {
    ACCEPT, /* decoded here, not by Capstone */
    REFUSE, /* the other way round */
    TEXT,   /* both decode, texts differ */
};
bool differences_load(const char *path);
bool difference_is_listed(enum set set, enum difference how, uint32_t code);
/* Print the lines that no code has used. */
void differences_unused(void);

/* records.c. */
void test_records(void);
