/*
 * From the task's main to the test program's, which has arguments: the words of the start-up page's
 * args. The linker's --wrap=main makes the two names. Linux programs expect a large stack: the test runs
 * in a thread that has one, and ends the task.
 */
#include <stdlib.h>
#include <string.h>
#include <tetrapla/task.h>

#define WORDS       8
#define STACK_BYTES (1u << 20)

int __wrap_main(void);
int __real_main(int argc, char **argv);

static void run(void *unused)
{
    static char name[sizeof startup()->name], args[sizeof startup()->args];
    static char *argv[WORDS + 2];
    int argc = 1;
    (void)unused;
    char *rest;
    memcpy(name, startup()->name, sizeof name);
    memcpy(args, startup()->args, sizeof args);
    argv[0] = name;
    for (char *w = strtok_r(args, " ", &rest); w && argc <= WORDS; w = strtok_r(NULL, " ", &rest))
        argv[argc++] = w;
    exit(__real_main(argc, argv));
}

int __wrap_main(void)
{
    handle_t thread;
    if (thread_create(&thread, run, NULL, STACK_BYTES, 0) != OK)
        return 2;
    for (;;)
        sleep_ns(1000000000);
}
