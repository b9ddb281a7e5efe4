/* The frame of the tests: threads, and catching fatal(). */
#include "library.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each thread has the same sequence. */
uint64_t *random_generator(void)
{
    static __thread uint64_t state = RANDOM_START;
    return &state;
}

uint64_t below(uint64_t n)
{
    return (random_next() >> 11) % n;
}

static jmp_buf death;
static bool expecting;
static char last_words[200];

_Noreturn void fatal(const char *text); /* the library's, here */
_Noreturn void fatal(const char *text)
{
    if (!expecting) {
        printf("FAIL fatal: %s\n", text);
        exit(1);
    }
    snprintf(last_words, sizeof(last_words), "%s", text);
    longjmp(death, 1);
}

bool dies(void (*f)(void *), void *argument, const char *expected)
{
    last_words[0] = 0;
    expecting = true;
    if (!setjmp(death))
        f(argument);
    expecting = false;
    return strstr(last_words, expected) != NULL;
}

struct job {
    void (*f)(unsigned);
    unsigned n;
};

static void *run_job(void *job)
{
    struct job *j = job;
    j->f(j->n);
    return NULL;
}

void in_threads(unsigned n, void (*f)(unsigned))
{
    pthread_t thread[16];
    struct job job[16];
    for (unsigned i = 0; i < n; i++) {
        job[i] = (struct job){f, i};
        if (pthread_create(&thread[i], NULL, run_job, &job[i])) {
            printf("FAIL threads: cannot start one\n");
            exit(1);
        }
    }
    for (unsigned i = 0; i < n; i++)
        pthread_join(thread[i], NULL);
}

int main(void)
{
    string_tests();
    number_tests();
    format_tests();
    table_tests();
    malloc_tests(); /* counts what is left: before anything else that keeps memory */
    memory_tests();
    channel_tests();
    server_tests();
    return summary();
}
