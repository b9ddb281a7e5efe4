/*
 * Two processes that share a text page at one address and differ in the page behind it: code that
 * goes from one page into the next must end up in the page of the process that runs.
 *
 *     pages SWITCHES      prints "pages: N switches" and leaves with 0, or says what went wrong
 *
 * Three pairs of pages, for the ways across that pages_code.h of the architecture names: branches,
 * plain running on, instructions whose parts lie in different pages. The first page of a pair is the
 * same page of a file in both processes. The second is one of ALTERNATIVES pages, which add or give
 * different numbers; after every CHANGE switches a process puts another one there with mremap, without
 * touching a byte of code. The processes take turns through two pipes, so every turn is a process switch.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pages_code.h"

enum { ALTERNATIVES = 4, CHANGE = 64 };

/* A pair at a multiple of 1 MiB; alternatives that are not in use lie behind it. */
#define PAIR(pair)     ((uint8_t *)0x50000000 + (pair)*0x100000)
#define SECOND(pair)   (PAIR(pair) + PAGE)
#define SPARE(pair, n) (PAIR(pair) + 0x10000 + (n)*0x2000)

#define WAYS (sizeof ways / sizeof ways[0])

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static void put(uint8_t *page, const struct piece *p, unsigned count, unsigned number)
{
    for (unsigned n = 0; n < count; n++) {
        uint32_t code = p[n].code + (n == 0 ? number : 0);
        memcpy(page + p[n].at, &code, p[n].bytes);
    }
}

static void *map(void *at, int file, unsigned page)
{
    int flags = MAP_FIXED | (file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
    void *p = mmap(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, flags, file, (off_t)page * PAGE);
    if (p != at)
        fail("mmap");
    return p;
}

/* The alternatives of one process: pages of the file, or anonymous ones. */
static unsigned number_of(unsigned who, unsigned pair, unsigned alternative)
{
    return 1 + who * 0x40 + pair * 0x10 + alternative;
}

static void make_alternatives(unsigned who, int file)
{
    for (unsigned pair = 0; pair < PAIRS; pair++)
        for (unsigned n = 0; n < ALTERNATIVES; n++) {
            unsigned page = PAIRS + (who * PAIRS + pair) * ALTERNATIVES + n;
            uint8_t *at = map(SPARE(pair, n), n % 2 ? file : -1, page);
            put(at, second[pair], sizeof second[0] / sizeof second[0][0], number_of(who, pair, n));
            __builtin___clear_cache((char *)at, (char *)at + PAGE);
        }
}

static void move(void *from, void *to)
{
    if (mremap(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
        fail("mremap");
}

static void check(unsigned who, const unsigned in_use[PAIRS], unsigned turn)
{
    for (unsigned n = 0; n < WAYS; n++) {
        const struct way *w = &ways[n];
        uint32_t (*call)(uint32_t, void *) =
            (uint32_t(*)(uint32_t, void *))(PAIR(w->pair) + w->entry + w->thumb);
        uint32_t want = w->gives + number_of(who, w->pair, in_use[w->pair]);
        uint32_t got = call(0x1000, SECOND(w->pair));
        if (got != want) {
            printf("pages: WRONG %s, process %u, turn %u: %#x instead of %#x\n", w->name, who, turn,
                   got, want);
            exit(1);
        }
    }
}

static void take_turns(unsigned who, int from, int to, unsigned turns)
{
    unsigned in_use[PAIRS] = {0};
    char token;
    for (unsigned pair = 0; pair < PAIRS; pair++)
        move(SPARE(pair, 0), SECOND(pair));
    for (unsigned turn = 0; turn < turns; turn++) {
        if (read(from, &token, 1) != 1)
            fail("read");
        check(who, in_use, turn);
        if (turn % CHANGE == CHANGE - 1) {
            unsigned pair = turn / CHANGE % PAIRS, old = in_use[pair];
            move(SECOND(pair), SPARE(pair, old));
            in_use[pair] = (old + 1) % ALTERNATIVES;
            move(SPARE(pair, in_use[pair]), SECOND(pair));
            check(who, in_use, turn);
        }
        if (write(to, &token, 1) != 1 && turn + 1 < turns)
            fail("write");
    }
}

int main(int argc, char **argv)
{
    unsigned switches = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;
    int file = memfd_create("code", 0), there[2], back[2], status = 0;
    unsigned pages = PAIRS + 2 * PAIRS * ALTERNATIVES;
    if (file < 0 || ftruncate(file, (off_t)pages * PAGE) || pipe(there) || pipe(back))
        fail("set up");
    for (unsigned pair = 0; pair < PAIRS; pair++) {
        uint8_t *at = map(PAIR(pair), file, pair);
        put(at, first[pair], sizeof first[0] / sizeof first[0][0], 0);
        __builtin___clear_cache((char *)at, (char *)at + PAGE);
    }
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    unsigned who = child == 0;
    make_alternatives(who, file);
    if (child == 0) {
        take_turns(1, there[0], back[1], switches / 2);
        return 0;
    }
    if (write(there[1], "t", 1) != 1)
        fail("write");
    take_turns(0, back[0], there[1], switches / 2);
    if (waitpid(child, &status, 0) != child || status != 0) {
        printf("pages: the other process: status %#x\n", (unsigned)status);
        return 1;
    }
    printf("pages: %u switches\n", switches);
    return 0;
}
