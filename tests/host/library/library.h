/*
 * The library under test, by the names that rename.h gives it, and the frame of the tests. Types of
 * the two C libraries agree where these prototypes use them.
 */
#pragma once

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../frame/frame.h"

/* ---- frame: each test prints one line ---- */
/* A random number, 0 to n-1. */
uint64_t below(uint64_t n);
/* Run f(argument). True if it called fatal() and the sentence contains `expected`. */
bool dies(void (*f)(void *), void *argument, const char *expected);
/* Run f(0..n-1) in n threads and wait for all. */
void in_threads(unsigned n, void (*f)(unsigned));

void string_tests(void);
void number_tests(void);
void format_tests(void);
void malloc_tests(void);
void memory_tests(void);
void channel_tests(void);
void table_tests(void);
void server_tests(void);

/* ---- the library ---- */
void *t_memcpy(void *to, const void *from, size_t n);
void *t_memmove(void *to, const void *from, size_t n);
void *t_memset(void *to, int byte, size_t n);
int t_memcmp(const void *a, const void *b, size_t n);
void *t_memchr(const void *where, int byte, size_t n);
void *t_memrchr(const void *where, int byte, size_t n);
void *t_memmem(const void *hay, size_t hay_size, const void *needle, size_t needle_size);
void *t_memccpy(void *to, const void *from, int stop, size_t n);
void *t_mempcpy(void *to, const void *from, size_t n);
size_t t_strlen(const char *s);
size_t t_strnlen(const char *s, size_t max);
int t_strcmp(const char *a, const char *b);
int t_strncmp(const char *a, const char *b, size_t n);
int t_strcasecmp(const char *a, const char *b);
int t_strncasecmp(const char *a, const char *b, size_t n);
char *t_strcpy(char *to, const char *from);
char *t_strncpy(char *to, const char *from, size_t n);
char *t_stpcpy(char *to, const char *from);
char *t_strcat(char *to, const char *from);
char *t_strncat(char *to, const char *from, size_t n);
size_t t_strlcpy(char *to, const char *from, size_t size);
size_t t_strlcat(char *to, const char *from, size_t size);
char *t_strchr(const char *s, int c);
char *t_strrchr(const char *s, int c);
char *t_strchrnul(const char *s, int c);
char *t_strstr(const char *hay, const char *needle);
char *t_strpbrk(const char *s, const char *accept);
size_t t_strspn(const char *s, const char *accept);
size_t t_strcspn(const char *s, const char *reject);
char *t_strtok_r(char *s, const char *separators, char **state);
char *t_strsep(char **s, const char *separators);
char *t_strdup(const char *s);
char *t_strndup(const char *s, size_t max);
char *t_strerror(int number);

void *t_malloc(size_t size);
void *t_calloc(size_t count, size_t size);
void *t_realloc(void *p, size_t size);
void *t_reallocarray(void *p, size_t count, size_t size);
void *t_aligned_alloc(size_t align, size_t size);
void t_free(void *p);
size_t t_malloc_usable_size(void *p);
struct heap_statistics {
    size_t mapped, used, used_blocks, free_blocks;
};
void heap_statistics(struct heap_statistics *s);
void heap_check(void);

long long t_strtoll(const char *s, char **end, int base);
unsigned long long t_strtoull(const char *s, char **end, int base);
int t_atoi(const char *s);
void t_qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
void *t_bsearch(const void *key, const void *base, size_t count, size_t size,
                int (*compare)(const void *, const void *));
int *errno_location(void);

int t_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int t_puts(const char *s);
int t_putchar(int c);
int t_snprintf(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int t_vsnprintf(char *to, size_t size, const char *format, va_list args);
/* What went to the output since the last call. */
const char *output_taken(void);

/* pretend.c: the pretend heap. Bytes that memory_extend_heap may still hand out. */
extern size_t heap_left;
