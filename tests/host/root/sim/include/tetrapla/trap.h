/* The trap into the simulated kernel (sim/kernel.c), in place of the port's. */
#pragma once

#include <stdint.h>

uint64_t trap(uint64_t word, uint64_t w[6], uint64_t *badge);
