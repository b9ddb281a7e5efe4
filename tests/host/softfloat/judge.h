/* Who judges the answers of an operation: on real machines the machine itself. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether this machine's own answers are right: then every difference is shown. */
extern const bool host_is_right;
/* After all cases of an operation: `bad` of `done` differ from the host's, sum is that of our answers. */
void judge(const char *name, unsigned bad, unsigned done, uint64_t sum);
