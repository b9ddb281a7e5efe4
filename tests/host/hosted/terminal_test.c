/* Terminals: pipes, files, a pseudo-terminal with its keys and its mode. */
#include "test.h"

#include <arch/hosted/devices.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static char error[300];
static volatile unsigned quits;

static void quit(void)
{
    quits++;
}

/* Read n bytes from a terminal, 5 s at most. */
static size_t take(struct terminal *t, char *to, size_t n)
{
    size_t got = 0;
    for (unsigned i = 0; i < 5000 && got < n; i++) {
        got += t->read(t, to + got, n - got);
        usleep(1000);
    }
    return got;
}

static void pipes(void)
{
    int in[2], out[2];
    char bytes[5000], big[5000];
    if (pipe(in) != 0 || pipe(out) != 0)
        return;
    struct terminal *t = terminal_on(in[0], out[1], quit, error, sizeof error);
    unsigned before = attended;
    result("terminal nothing there", t->read(t, bytes, 9) == 0, "bytes");
    ssize_t n = write(in[1], "\001xab", 4);
    result("terminal input",
           n == 4 && wait_for(&attended, before + 1) && take(t, bytes, 4) == 4 &&
               memcmp(bytes, "\001xab", 4) == 0 && quits == 0,
           "not what was sent");
    for (unsigned i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 31 >> 2);
    n = write(in[1], big, sizeof big);
    size_t got = take(t, bytes, sizeof bytes);
    result("terminal full ring",
           n == (ssize_t)sizeof big && got == sizeof big && memcmp(big, bytes, got) == 0,
           "%zu bytes", got);
    t->write(t, "x", 1);
    t->write(t, "yz", 2);
    got = 0;
    while (got < 3) /* comes without a flush, or the test hangs and fails */
        got += (size_t)read(out[0], bytes + got, 3 - got);
    result("terminal output", memcmp(bytes, "xyz", 3) == 0, "%.3s", bytes);
    t->write(t, "1", 1);
    t->write(t, "2", 1);
    t->flush(t);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    n = read(out[0], bytes, 9);
    result("terminal flush", n == 2, "%zd bytes", n);
    close(in[1]);
    struct timespec begin, end, wait = {.tv_nsec = 300000000};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    nanosleep(&wait, NULL);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    int64_t spent = (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec;
    result("terminal end of input sleeps", spent < 50000000, "%lld ns", (long long)spent);
    close(out[0]);
    t->write(t, "lost", 4); /* nobody reads any more */
    t->flush(t);
    terminal_close(t);
    close(in[0]);
    close(out[1]);
    t = terminal_on(in[0], -1, quit, error, sizeof error); /* standard input was closed */
    result("terminal closed input", t != NULL && t->read(t, bytes, 9) == 0, "bytes");
    terminal_close(t);
}

static void files(void)
{
    char path[] = "/tmp/tetrapla-serial-XXXXXX", bytes[20] = "";
    int f = mkstemp(path);
    struct terminal *t = terminal_file(path, error, sizeof error);
    t->write(t, "hello\n", 6);
    terminal_close(t);
    result("terminal file", read(f, bytes, 20) == 6 && strcmp(bytes, "hello\n") == 0, "%s", bytes);
    close(f);
    unlink(path);
    result("terminal bad file",
           terminal_file("/nowhere/x", error, sizeof error) == NULL &&
               strstr(error, "/nowhere/x") != NULL,
           "%s", error);
    t = terminal_none(error, sizeof error);
    t->write(t, "x", 1);
    result("terminal none", t->read(t, bytes, 20) == 0, "bytes");
    terminal_close(t);
}

static bool is_raw(int fd)
{
    struct termios mode;
    return tcgetattr(fd, &mode) == 0 && (mode.c_lflag & (ICANON | ECHO | ISIG)) == 0;
}

static void keys(int master, int slave)
{
    char bytes[20];
    struct terminal *t = terminal_on(slave, slave, quit, error, sizeof error);
    result("terminal raw", is_raw(slave), "it is not");
    ssize_t n = write(master, "a\001\001b\003\001qc", 8);
    size_t got = take(t, bytes, 5);
    result("terminal keys", n == 8 && got == 5 && memcmp(bytes, "a\001b\003c", 5) == 0, "%zu bytes",
           got);
    quits = 0;
    n = write(master, "\001x", 2);
    result("terminal quit key", n == 2 && wait_for(&quits, 1), "no quit");
    terminal_close(t);
    result("terminal mode restored", !is_raw(slave), "still raw");
}

/* A program that dies puts the mode back: how = a signal it gets, or 0 for a fault of its own. */
static void dies(int slave, int how, const char *name)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGINT, SIG_DFL); /* ignored by a test run in the background */
        terminal_on(slave, slave, quit, error, sizeof error);
        if (!is_raw(slave))
            _exit(0);
        if (how == 0)
            exit(7);
        close(STDERR_FILENO); /* a sanitizer's report */
        if (how == SIGSEGV)
            __asm__ volatile("movl $0, (%0)" : : "r"(8) : "memory");
        raise(how);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    bool died = how == 0 ? WIFEXITED(status) && WEXITSTATUS(status) == 7
                         : WIFSIGNALED(status) && WTERMSIG(status) == how;
    if (how == SIGSEGV)
        died = status != 0; /* a sanitizer exits, else it is the signal */
    result(name, died && !is_raw(slave), "status %x", status);
}

void terminal_tests(void)
{
    int master, slave;
    pipes();
    files();
    if (openpty(&master, &slave, NULL, NULL, NULL) != 0) {
        result_skip("terminal pseudo", "the system has no pseudo-terminals (/dev/ptmx, /dev/pts)");
        return;
    }
    keys(master, slave);
    dies(slave, 0, "terminal restored at exit");
    dies(slave, SIGTERM, "terminal restored by SIGTERM");
    dies(slave, SIGSEGV, "terminal restored by a fault");
    dies(slave, SIGINT, "terminal restored by SIGINT");
    close(master);
    close(slave);
}
