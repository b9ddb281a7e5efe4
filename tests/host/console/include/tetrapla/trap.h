/* Instead of a kernel: server_test.c answers the calls that channels make. */
#pragma once

#include <stdint.h>

uint64_t trap(uint64_t word, uint64_t w[6], uint64_t *badge);
