/* The user library's stdio, and what the tests use beyond it: reading files (files.c), a file of
 * memory (memory.c). */
#pragma once

#include_next <stdio.h>

#define _IOLBF 1

/* Paths are those of the tree; only reading. */
FILE *fopen(const char *path, const char *mode);
int fclose(FILE *f);
size_t fread(void *to, size_t size, size_t count, FILE *f);
char *fgets(char *to, int size, FILE *f);
/* Nothing is buffered. */
int setvbuf(FILE *f, char *buffer, int mode, size_t size);

/* The one file that can be mapped. */
FILE *tmpfile(void);
int fileno(FILE *f);

int sprintf(char *restrict to, const char *restrict format, ...) PRINTF_LIKE(2, 3);
