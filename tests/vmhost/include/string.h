/* The user library's strings, and strtok. */
#pragma once

#include_next <string.h>

char *strtok(char *restrict s, const char *restrict separators);
