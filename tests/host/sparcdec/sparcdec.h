/* The parts of the test of the SPARC decoder. */
#pragma once

#include "../frame/frame.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Where the code lies. */
#define ADDRESS 0x10000000u

/* capstone.c: Capstone's text of one word; false if it is no instruction. */
bool capstone_open(void);
bool capstone_text(uint32_t code, char *to);

/* normalise.c: one form for the texts of both. */
void normalise_ours(char *to, const char *from);
void normalise_theirs(char *to, const char *from);

/* differences.c: what is meant to differ from Capstone. */
enum difference {
    ACCEPT, /* decoded here, not by Capstone */
    REFUSE, /* the other way round */
    TEXT,   /* both decode, texts differ */
};
bool difference_is_listed(enum difference how, uint32_t code);
/* Print the lines that no word has used. */
void differences_unused(void);
