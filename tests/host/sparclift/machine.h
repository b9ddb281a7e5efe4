/* A SPARC processor with flat memory, run by the interpreter: what the tests of the SPARC frontend's
 * lifting, traps and page tables share. */
#pragma once

#include <frontends/sparc/sparc_cpu.h>

#include "../liftframe/machine.h"

#define CODE_AT    0x8ff0u /* the fifth instruction is in the next page */
#define TEST_FAULT 0x304u  /* level 3, invalid address */

extern struct sparc_cpu machine;
/* Reset the processor (then supervisor at CODE_AT, traps and FPU enabled) and clear memory. */
void machine_reset(void);

/* The test groups. */
void test_cases(const char *file);
void test_walks(void);
void test_traps(void);
