/* The reference process: cases to its standard input, results from its standard output. It reads a
 * whole batch before it writes, so neither side waits for the other with a full pipe. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sparcseq.h"

static int to_stub = -1, from_stub = -1;
static pid_t stub;

bool reference_start(char *const command[])
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
        return false;
    stub = fork();
    if (stub == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], 0);
        dup2(out[1], 1);
        execvp(command[0], command);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_stub = in[1];
    from_stub = out[0];
    signal(SIGPIPE, SIG_IGN);
    return stub > 0;
}

static bool send(const void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = write(to_stub, (const char *)bytes + done, size - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static bool receive(void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = read(from_stub, (char *)bytes + done, size - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static void swap(void *bytes, size_t size)
{
    uint32_t *word = bytes;
    for (size_t n = 0; n < size / 4; n++)
        word[n] = __builtin_bswap32(word[n]);
}

bool reference_run(const struct input *in, struct output *out, unsigned count)
{
    static struct input copy[SLOTS];
    uint32_t number = __builtin_bswap32(count);
    memcpy(copy, in, count * sizeof *in);
    swap(copy, count * sizeof *copy);
    if (!send(&number, 4) || !send(copy, count * sizeof *copy) ||
        !receive(out, count * sizeof *out))
        return false;
    swap(out, count * sizeof *out);
    return true;
}

void reference_stop(void)
{
    close(to_stub);
    close(from_stub);
    waitpid(stub, NULL, 0);
}
