/*
 * crash: faults on purpose, to show that root notices and nobody else is harmed.
 */
#include "shell.h"

#include <stdio.h>
#include <string.h>

static void crash_page(void)
{
    volatile uintptr_t nowhere = 0x10; /* the first page is never mapped */
    *(volatile int *)nowhere = 1;
}

static void crash_undefined(void)
{
    __builtin_trap();
}

static void crash_divide(void)
{
    volatile int one = 1, zero = 0; /* volatile: the compiler may assume nothing */
    zero = one / zero;
}

/* Runs into the guard page below the stack. */
static unsigned dig(volatile char *above)
{
    volatile char hole[1024];
    memset((char *)hole, above[0], sizeof hole);
    return above[1] == 2 ? 0 : dig(hole) + hole[5];
}

static void crash_stack(void)
{
    volatile char start[2] = {0, 0};
    printf("%u\r\n", dig(start));
}

void command_crash(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } kinds[] = {
        {"page", crash_page},
        {"undefined", crash_undefined},
        {"divide", crash_divide},
        {"stack", crash_stack},
    };
    const char *kind = argc > 1 ? argv[1] : kinds[0].name;
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, kind) == 0) {
            printf("crashing (%s); 'start NAME' in another pane brings this shell back\r\n", kind);
            kinds[i].run();
            printf("crash: still here\r\n");
            return;
        }
    printf("crash: page, undefined, divide or stack, not '%s'\r\n", kind);
}
