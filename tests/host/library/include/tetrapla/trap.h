/* In place of the port's trap.h: calls go to the pretend kernel of pretend.c. */
#pragma once

#include <stdint.h>

uint64_t trap(uint64_t word, uint64_t w[6], uint64_t *badge);
