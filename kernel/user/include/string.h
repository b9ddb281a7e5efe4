/* Memory and strings, after ISO C and POSIX. Files: copy.S (port), string.c, search.c. */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *where, int byte, size_t n);
void *memrchr(const void *where, int byte, size_t n);
void *memmem(const void *hay, size_t hay_size, const void *needle, size_t needle_size);
void *memccpy(void *restrict to, const void *restrict from, int stop, size_t n);
void *mempcpy(void *restrict to, const void *restrict from, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
char *strcpy(char *restrict to, const char *restrict from);
char *strncpy(char *restrict to, const char *restrict from, size_t n);
char *stpcpy(char *restrict to, const char *restrict from);
char *strcat(char *restrict to, const char *restrict from);
char *strncat(char *restrict to, const char *restrict from, size_t n);
/* Copy or append as much as fits in size bytes with the ending 0; the length that was wanted. */
size_t strlcpy(char *restrict to, const char *restrict from, size_t size);
size_t strlcat(char *restrict to, const char *restrict from, size_t size);

char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strchrnul(const char *s, int c);
char *strstr(const char *hay, const char *needle);
char *strpbrk(const char *s, const char *accept);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
char *strtok_r(char *restrict s, const char *restrict separators, char **restrict state);
char *strsep(char **s, const char *separators);
/* Copies from malloc. */
char *strdup(const char *s);
char *strndup(const char *s, size_t max);
/* Text of an errno value; never NULL. */
char *strerror(int number);
