/*
 * What the controller shares with the frame, and cases do not see.
 */
#pragma once

#include "suite.h"

extern char frame_failure[256];            /* why the case failed; empty: it did not */
extern char frame_position[160];           /* last check that held */
extern const char *volatile frame_skipped; /* why the case was skipped, or NULL */

/* Make the case's quota, memory and thread, and start it. */
void frame_begin(const struct test_case *c);
/* Delete everything the case made. */
void frame_end(void);
