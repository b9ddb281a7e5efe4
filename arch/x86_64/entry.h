/* Offsets that entry.S uses and trap.c checks. */
#pragma once

#define COUNTERS_IRETS 184
#define COUNTERS_NMIS  200
