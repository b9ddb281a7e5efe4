/* An ARM processor with flat memory, run by the interpreter: what the tests of the ARM frontend's
 * lifting, exceptions and page tables share. */
#pragma once

#include <frontends/arm/arm_cpu.h>

#include "../liftframe/machine.h"

#define CODE_AT    0x8000u
#define TEST_FAULT 0x807u /* translation fault of a page, domain 0 (WnR is set by delivery) */

extern struct arm_cpu machine;
/* Reset the processor (then in User mode, at CODE_AT, MMU "on", VFP off) and clear memory. */
void machine_reset(void);

/* The test groups. */
void test_cases(const char *file);
void test_exceptions(void);
void test_walks(void);
void test_registers(void);
