/*
 * Microbenchmarks of what an operating system asks of a machine: system calls, switches between
 * processes, page faults, fork and exec, memory and cached files.
 *
 *   micro [NAME ...]              all or some of the table below
 *   micro job NAME COMMAND ...    time a command in milliseconds; fails if it does
 *
 * Each figure is the median of several rounds. `micro nothing` exits at once: what fork+exec starts.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

enum { MEGABYTE = 1 << 20, BUFFER = 8 * MEGABYTE, PAGE = 4096, ROUNDS = 5 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median time of ROUNDS calls of body, in ns. */
static double measure(void (*body)(void))
{
    double t[ROUNDS];
    body();
    for (int i = 0; i < ROUNDS; i++) {
        double start = now_ns();
        body();
        t[i] = now_ns() - start;
    }
    qsort(t, ROUNDS, sizeof *t, by_value);
    return t[ROUNDS / 2];
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint32_t *buffer;
static volatile uint32_t sink;
static int pipes[2][2];
static const char *own_path;

/* ---- the bodies: each does `count` of its table row times the thing measured ---- */
enum { CALLS = 20000, TRIPS = 2000, FORKS = 25, EXECS = 20, FAULTS = 2048, SIGNALS = 2000 };

static void null_call(void)
{
    for (int i = 0; i < CALLS; i++)
        syscall(SYS_getppid);
}

static void pipe_self(void)
{
    char byte = 1;
    for (int i = 0; i < TRIPS; i++)
        if (write(pipes[0][1], &byte, 1) != 1 || read(pipes[0][0], &byte, 1) != 1)
            fail("pipe");
}

static void pipe_trip(void)
{
    char byte = 1;
    pid_t child = fork();
    if (!child) {
        for (int i = 0; i < TRIPS; i++)
            if (read(pipes[0][0], &byte, 1) != 1 || write(pipes[1][1], &byte, 1) != 1)
                _exit(1);
        _exit(0);
    }
    for (int i = 0; i < TRIPS; i++)
        if (write(pipes[0][1], &byte, 1) != 1 || read(pipes[1][0], &byte, 1) != 1)
            fail("pipe");
    waitpid(child, NULL, 0);
}

static void memory_read(void)
{
    uint32_t sum = 0;
    for (uint32_t *p = buffer; p < buffer + BUFFER / 4; p += 16)
        sum += p[0] + p[4] + p[8] + p[12];
    sink = sum;
}

static void memory_write(void)
{
    for (volatile uint32_t *p = buffer; p < buffer + BUFFER / 4; p += 16)
        p[0] = p[4] = p[8] = p[12] = 1;
}

static void memory_copy(void)
{
    memcpy(buffer, buffer + BUFFER / 8, BUFFER / 2);
}

static int file_of_8_mb(void)
{
    static int file = -1;
    if (file < 0) {
        file = memfd_create("file", 0);
        if (file < 0 || write(file, buffer, BUFFER) != BUFFER)
            fail("file");
    }
    return file;
}

static void file_read(void)
{
    lseek(file_of_8_mb(), 0, SEEK_SET);
    for (int i = 0; i < BUFFER / 65536; i++)
        if (read(file_of_8_mb(), buffer, 65536) != 65536)
            fail("read");
}

static void page_fault(void)
{
    uint8_t *p =
        mmap(NULL, FAULTS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        fail("mmap");
    madvise(p, FAULTS * PAGE, MADV_NOHUGEPAGE);
    for (int i = 0; i < FAULTS; i++)
        p[i * PAGE] = 1;
    munmap(p, FAULTS * PAGE);
}

static void protect_flush(void)
{
    for (int i = 0; i < 500; i++) {
        mprotect(buffer, PAGE, PROT_READ);
        sink = buffer[0];
        mprotect(buffer, PAGE, PROT_READ | PROT_WRITE);
        buffer[0] = 1;
    }
}

static void forks(void)
{
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (!child)
            _exit(0);
        waitpid(child, NULL, 0);
    }
}

static void fork_exec(void)
{
    for (int i = 0; i < EXECS; i++) {
        pid_t child = fork();
        if (!child) {
            execl(own_path, own_path, "nothing", (char *)NULL);
            _exit(1);
        }
        int status;
        waitpid(child, &status, 0);
        if (status)
            fail("exec");
    }
}

/* ---- table ---- */
static const struct row {
    const char *name;
    void (*body)(void);
    double count; /* what one call does: times (ns) or bytes (MB/s) */
    const char *unit;
} rows[] = {
    {"null_call", null_call, CALLS, "ns"},
    {"pipe_self", pipe_self, TRIPS, "ns"},
    {"pipe_trip", pipe_trip, TRIPS, "ns"},
    {"memory_read", memory_read, BUFFER, "MB/s"},
    {"memory_write", memory_write, BUFFER, "MB/s"},
    {"memory_copy", memory_copy, BUFFER / 2, "MB/s"},
    {"file_read", file_read, BUFFER, "MB/s"},
    {"page_fault", page_fault, FAULTS, "ns"},
    {"protect_flush", protect_flush, 500, "ns"},
    {"fork", forks, FORKS, "ns"},
    {"fork_exec", fork_exec, EXECS, "ns"},
};

static int job(char **argv)
{
    double start = now_ns();
    pid_t child = fork();
    if (!child) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    int status;
    waitpid(child, &status, 0);
    if (status)
        printf("WRONG %s: status %x\n", argv[0], (unsigned)status);
    else
        report(argv[0], (now_ns() - start) / 1e6, "ms");
    return status != 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "nothing"))
        return 0;
    if (argc > 3 && !strcmp(argv[1], "job"))
        return job(argv + 2);
    own_path = argv[0];
    buffer = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED || pipe(pipes[0]) || pipe(pipes[1]))
        fail("set-up");
    memset(buffer, 1, BUFFER);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        int wanted = argc == 1;
        for (int n = 1; n < argc; n++)
            wanted |= !strcmp(argv[n], r->name);
        if (!wanted)
            continue;
        double ns = measure(r->body);
        report(r->name, *r->unit == 'n' ? ns / r->count : r->count * 1e3 / ns, r->unit);
    }
    return 0;
}
