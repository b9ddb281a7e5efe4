/* The heap: contents survive, memory comes back, misuse is found. Locks are the library's own, on
 * the pretend kernel's notifications. */
#include "library.h"

#include <stdio.h>
#include <string.h>

#define BLOCKS 500

static void fill(unsigned char *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)(seed + i * 7);
}

static bool holds(const unsigned char *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != (unsigned char)(seed + i * 7))
            return false;
    }
    return true;
}

static size_t random_size(void)
{
    return below(10) == 0 ? below(100000) : below(4) ? below(200) : below(5000);
}

/* A random history of all operations on BLOCKS pointers; false as soon as contents are wrong. */
static bool history(unsigned seed, unsigned steps)
{
    unsigned char *p[BLOCKS] = {0};
    size_t n[BLOCKS] = {0};
    bool good = true;
    for (unsigned i = 0; i < seed; i++)
        random_next();
    for (unsigned step = 0; step < steps && good; step++) {
        unsigned k = (unsigned)below(BLOCKS);
        size_t size = random_size();
        switch (below(5)) {
        case 0:
            t_free(p[k]);
            p[k] = NULL;
            break;
        case 1:
            if (p[k]) {
                unsigned char *q = t_realloc(p[k], size);
                good = q && holds(q, size < n[k] ? size : n[k], k);
                p[k] = q;
            }
            break;
        case 2:
            t_free(p[k]);
            size_t align = (size_t)1 << below(13);
            p[k] = t_aligned_alloc(align, size);
            good = p[k] && (uintptr_t)p[k] % align == 0;
            break;
        case 3:
            t_free(p[k]);
            p[k] = t_calloc(1, size);
            for (size_t i = 0; i < size && good; i++)
                good = p[k] && p[k][i] == 0;
            break;
        default:
            t_free(p[k]);
            p[k] = t_malloc(size);
        }
        if (p[k] && good) {
            good = (uintptr_t)p[k] % 16 == 0 && t_malloc_usable_size(p[k]) >= size;
            n[k] = size;
            fill(p[k], n[k], k);
        }
        unsigned j = (unsigned)below(BLOCKS);
        good = good && (!p[j] || holds(p[j], n[j], j));
    }
    for (unsigned k = 0; k < BLOCKS; k++) {
        good = good && (!p[k] || holds(p[k], n[k], k));
        t_free(p[k]);
    }
    return good;
}

static void test_history(void)
{
    bool good = history(0, 60000);
    result("malloc.random_history", good, "contents changed");
    heap_check();
    struct heap_statistics s;
    heap_statistics(&s);
    result("malloc.all_merged", s.used_blocks == 0 && s.used == 0 && s.free_blocks == 1,
           "%zu blocks used, %zu free", s.used_blocks, s.free_blocks);
}

static bool thread_good[4];
static void thread_history(unsigned n)
{
    thread_good[n] = history(n * 1000, 20000);
}

static void test_threads(void)
{
    in_threads(4, thread_history);
    bool good = true;
    for (unsigned i = 0; i < 4; i++)
        good = good && thread_good[i];
    heap_check();
    struct heap_statistics s;
    heap_statistics(&s);
    result("malloc.threads", good && s.used_blocks == 0 && s.free_blocks == 1,
           "%zu blocks used, %zu free", s.used_blocks, s.free_blocks);
}

static void test_edges(void)
{
    void *a = t_malloc(0), *b = t_malloc(0);
    result("malloc.zero", a && b && a != b, "not two addresses");
    t_free(a);
    t_free(b);
    t_free(NULL);
    *errno_location() = 0;
    result("malloc.too_much", !t_malloc(SIZE_MAX) && *errno_location() == 12, "not refused");
    *errno_location() = 0;
    result("calloc.overflow", !t_calloc(SIZE_MAX / 2, 3) && *errno_location() == 12, "not refused");
    result("reallocarray.overflow", !t_reallocarray(NULL, SIZE_MAX, 2), "not refused");
    result("aligned_alloc.bad", !t_aligned_alloc(24, 10) && !t_aligned_alloc(0, 10), "not refused");
    char *p = t_malloc(100);
    memcpy(p, "kept", 5);
    result("realloc.too_much", !t_realloc(p, SIZE_MAX / 2) && !strcmp(p, "kept"), "block harmed");
    char *grown = t_realloc(p, 200);
    result("realloc.in_place", grown == p && !strcmp(p, "kept"), "moved");
    t_free(grown);
}

static void test_exhaustion(void)
{
    enum { SIZE = 100000 };
    static void *p[2000];
    unsigned n = 0;
    struct heap_statistics before, after;
    heap_statistics(&before);
    while (n < 2000 && (p[n] = t_malloc(SIZE)))
        n++;
    result("malloc.exhausted", n > 100 && n < 2000 && *errno_location() == 12, "%u blocks", n);
    void *small = t_malloc(10);
    for (unsigned i = 0; i < n; i++)
        t_free(p[i]);
    t_free(small);
    void *again = t_malloc(SIZE);
    result("malloc.after_exhaustion", again != NULL, "nothing came back");
    t_free(again);
    heap_check();
    heap_statistics(&after);
    result("malloc.memory_returns_to_itself", after.used == before.used && after.free_blocks == 1,
           "%zu bytes used", after.used);
}

static void do_free(void *p)
{
    t_free(p);
}
static void do_realloc(void *p)
{
    t_realloc(p, 10);
}
static void do_check(void *p)
{
    (void)p;
    heap_check();
}

/* The heap's lock stays taken when a test dies inside it: only the single-threaded tests that come
 * last may do that, each in a forked child. */
#include <sys/wait.h>
#include <unistd.h>

struct misuse {
    const char *name;
    void (*f)(void *);
    const char *expected;
    unsigned what;
};

static void *prepare(unsigned what)
{
    unsigned char *a = t_malloc(40), *b = t_malloc(40), *c = t_malloc(40);
    switch (what) {
    case 0: /* freed already, neighbours in use */
        t_free(b);
        return b;
    case 1: /* freed and swallowed by the block below */
        t_free(a);
        t_free(b);
        return b;
    case 2: /* in the middle of a block */
        return b + 16;
    case 3: /* not aligned */
        return b + 1;
    case 4: /* not of the heap */
        return (void *)0x1000;
    case 5: /* header overwritten from below */
        memset(a + 40, 0xff, 16);
        return b;
    case 6: /* a used block's size changed */
        memset(a + 40, 0, 32);
        return c;
    default: /* a free block's links overwritten */
        t_free(b);
        memset(b, 0x41, 16);
        return NULL;
    }
}

static const struct misuse misuses[] = {
    {"malloc.double_free", do_free, "freed twice", 0},
    {"malloc.double_free_merged", do_free, "freed twice", 1},
    {"malloc.realloc_freed", do_realloc, "freed twice", 0},
    {"malloc.free_inside", do_free, "header was overwritten, or its address never came", 2},
    {"malloc.free_unaligned", do_free, "never returned", 3},
    {"malloc.free_foreign", do_free, "never returned", 4},
    {"malloc.overwritten_header", do_free, "header was overwritten", 5},
    {"malloc.check_overwritten", do_check, "header was overwritten", 6},
};

static void take_b_again(void *p)
{
    (void)p;
    for (unsigned i = 0; i < 8; i++)
        t_malloc(40);
}

static bool dies_in_child(void (*f)(void *), void *p, const char *expected)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(dies(f, p, expected) ? 7 : 1);
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 7;
}

static void test_misuse(void)
{
    for (size_t i = 0; i < sizeof(misuses) / sizeof(misuses[0]); i++) {
        const struct misuse *m = &misuses[i];
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
            _exit(dies_in_child(m->f, prepare(m->what), m->expected) ? 7 : 1);
        int status = 0;
        waitpid(child, &status, 0);
        result(m->name, WIFEXITED(status) && WEXITSTATUS(status) == 7, "not found");
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        prepare(7);
        _exit(dies_in_child(take_b_again, NULL, "free block was written to") ? 7 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    result("malloc.write_after_free", WIFEXITED(status) && WEXITSTATUS(status) == 7, "not found");
}

void malloc_tests(void)
{
    test_edges();
    test_history();
    test_threads();
    test_exhaustion();
    test_misuse();
}
