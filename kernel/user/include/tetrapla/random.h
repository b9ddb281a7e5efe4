/* Random bytes from the processor. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Fill to[size] with random bytes; false if the processor has no generator or it does not answer. */
bool random_bytes(void *to, size_t size);
