/* Memory, numbers, sorting, ending. Files: malloc.c, number.c, sort.c, exit.c. */
#pragma once

#include <stddef.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1

/* The heap: thread-safe, results are multiples of 16, NULL with errno ENOMEM when the task's memory
 * or quota is exhausted. A second free, or a damaged block, ends the task with a sentence. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *p, size_t size);
void *reallocarray(void *p, size_t count, size_t size);
/* align: a power of two. */
void *aligned_alloc(size_t align, size_t size);
void free(void *p);
/* Bytes in p that may be used: at least what was asked for. */
size_t malloc_usable_size(void *p);
struct heap_statistics {
    size_t mapped;      /* bytes taken from the task's memory */
    size_t used;        /* bytes in blocks handed out, headers included */
    size_t used_blocks; /* blocks handed out */
    size_t free_blocks;
};
void heap_statistics(struct heap_statistics *s);
/* Walk the whole heap and end the task with a sentence if anything in it is inconsistent. */
void heap_check(void);

long strtol(const char *restrict s, char **restrict end, int base);
unsigned long strtoul(const char *restrict s, char **restrict end, int base);
long long strtoll(const char *restrict s, char **restrict end, int base);
unsigned long long strtoull(const char *restrict s, char **restrict end, int base);
int atoi(const char *s);
long atol(const char *s);
long long atoll(const char *s);

static inline int abs(int n)
{
    return n < 0 ? (int)-(unsigned)n : n;
}
static inline long labs(long n)
{
    return n < 0 ? (long)-(unsigned long)n : n;
}
static inline long long llabs(long long n)
{
    return n < 0 ? (long long)-(unsigned long long)n : n;
}
typedef struct {
    int quot, rem;
} div_t;
typedef struct {
    long quot, rem;
} ldiv_t;
typedef struct {
    long long quot, rem;
} lldiv_t;
static inline div_t div(int n, int d)
{
    return (div_t){n / d, n % d};
}
static inline ldiv_t ldiv(long n, long d)
{
    return (ldiv_t){n / d, n % d};
}
static inline lldiv_t lldiv(long long n, long long d)
{
    return (lldiv_t){n / d, n % d};
}

/* Sorting in place, O(n log n) in the worst case, not stable, no memory needed. */
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
void qsort_r(void *base, size_t count, size_t size,
             int (*compare)(const void *, const void *, void *), void *context);
void *bsearch(const void *key, const void *base, size_t count, size_t size,
              int (*compare)(const void *, const void *));

/* The task is done: root records the status (root.h: root_exit). */
_Noreturn void exit(int status);
_Noreturn void _Exit(int status);
/* The task is broken: a sentence on its output, then a fault that its starter sees. */
_Noreturn void abort(void);
