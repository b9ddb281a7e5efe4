/*
 * Code that writes code, as a just-in-time compiler does: `jit [ROUNDS]`.
 *
 * Each round writes a function that returns another number, tells the system if the architecture wants
 * that (jit_code.h), calls it, and checks the number. Half of the rounds change a function on a page that other code runs
 * on too. Reports rounds a second; ends with status 1 at the first wrong number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "jit_code.h"
#include "report.h"

#define PLACES 5

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 200000;
    uint32_t *page =
        mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return 2;
    for (unsigned n = 0; n < PLACES; n++)
        write_function(page + 8 * n, n);
    double begun = now_ns();
    for (unsigned n = 0; n < rounds; n++) {
        unsigned place = n & 1 ? 0 : n / 2 % PLACES;
        uint32_t *at = page + 8 * place;
        write_function(at, n & 0xffff);
        for (unsigned k = 0; k < PLACES; k++) {
            uint32_t (*function)(void) = (uint32_t(*)(void))(page + 8 * k);
            uint32_t got = function();
            if (k == place && got != (n & 0xffff)) {
                printf("jit: round %u returned %u\n", n, (unsigned)got);
                return 1;
            }
        }
    }
    report("jit", rounds / ((now_ns() - begun) / 1e9), "rounds/s");
    return 0;
}
