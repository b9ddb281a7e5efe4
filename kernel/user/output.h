/* Where printf's bytes go. Internal to the library. */
#pragma once

#include <stddef.h>

/* One call of printf at a time. */
void output_lock(void);
void output_unlock(void);
/* Hand bytes to the output chosen; the lock must be held. */
void output_bytes(const char *bytes, size_t n);
/* Bytes out, lock or not: for the last words of a task that is about to end. */
void output_last_words(const char *text);
