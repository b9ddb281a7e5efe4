/*
 * The ends of a task: exit (root records the status), and the sudden ends, which say a sentence and
 * then fault, so that root sees a crash and restarts a driver. The task that the kernel itself
 * started has nobody to tell: it says the sentence and waits for ever.
 */
#include "internal.h"
#include "output.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <tetrapla/root.h>
#include <tetrapla/sys.h>

_Noreturn void wait_for_ever(void)
{
    handle_t slot = slot_alloc();
    bool made = slot != HANDLE_NONE &&
                sys_create(OBJ_NOTIFICATION, LIBRARY_QUOTA, 0, slot, 0, 0, 0, 0) == OK;
    for (;;) {
        uint64_t bits;
        if (!made || sys_wait(slot, 0, 0, &bits) != OK)
            sys_thread(THREAD_STOP, 0, 0, 0, 0, 0, 0, 0);
    }
}

_Noreturn void fatal(const char *text)
{
    output_last_words(text);
    output_last_words("\n");
    if (!startup())
        wait_for_ever();
    __builtin_trap();
}

_Noreturn void abort(void)
{
    fatal("aborted");
}

_Noreturn void assert_failed(const char *condition, const char *file, int line,
                             const char *function)
{
    char text[200];
    snprintf(text, sizeof(text), "%s:%d: %s: assertion failed: %s", file, line, function,
             condition);
    fatal(text);
}

_Noreturn void _Exit(int status)
{
    if (startup())
        root_exit(status);
    char text[80];
    snprintf(text, sizeof(text), "root task ended with status %d; nothing is left to do\n", status);
    output_last_words(text);
    wait_for_ever();
}

_Noreturn void exit(int status)
{
    _Exit(status);
}
