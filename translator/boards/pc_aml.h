/* The DSDT's contents: a description of the machine in AML. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Write it to `to`; its length, 0 if there is no room. memory: bytes of RAM. */
size_t pc_aml(uint8_t *to, size_t room, uint64_t memory);
