/* Which rows of the decoder's tables (frontends/x86/rows_*.h) the instructions of a test came from. */
#pragma once

#include <frontends/x86/rows.h>

/* One instruction was compared. */
void coverage_note(const struct x86_insn *i);
/* The same for the instructions that begin in the first `bytes` of code; their number. */
unsigned coverage_note_all(const uint8_t *code, unsigned bytes);
/* Print a test's result: every row that `wanted` names was met at least `least` times. */
void coverage_result(const char *name, bool (*wanted)(const struct x86_row *r), unsigned least);
/* What x86_decode takes for 32-bit code of this test: the guest's CPU, less what the host's has not. */
unsigned host_mode(void);
/* Whether the host has the row's instruction. */
bool host_has(const struct x86_row *r);
