/* Small functions of C and POSIX that the user library has no use for. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tetrapla/vm.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(int clock, struct timespec *to)
{
    (void)clock;
    uint64_t now = vm_now();
    *to = (struct timespec){(long)(now / 1000000000), (long)(now % 1000000000)};
    return 0;
}

char *dirname(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        return strcpy(path, ".");
    *slash = 0;
    return path;
}

char *strtok(char *restrict s, const char *restrict separators)
{
    static char *rest;
    return strtok_r(s, separators, &rest);
}

int sprintf(char *restrict to, const char *restrict format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(to, 1 << 20, format, args);
    va_end(args);
    return n;
}

ssize_t write(int file, const void *bytes, size_t size)
{
    return file == 1 ? (ssize_t)fwrite(bytes, 1, size, stdout) : -1;
}

_Noreturn void _exit(int status)
{
    _Exit(status);
}
