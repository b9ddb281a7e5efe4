/*
 * The reference process: cases to its standard input, results from its standard output. It reads a
 * whole batch before it writes, so neither side waits for the other with a full pipe.
 *
 * With REFERENCE_RECORD=FILE in the environment all answers go to that file as well (recording.h):
 * tests/vmhost has them where there is no qemu-arm.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "armseq.h"
#include "recording.h"

static int to_stub = -1, from_stub = -1;
static pid_t stub;
static FILE *record;

bool reference_start(char *const command[])
{
    int in[2], out[2];
    const char *path = getenv("REFERENCE_RECORD");
    if (path != NULL && (record = fopen(path, "wb")) == NULL)
        return false;
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

bool reference_run(const struct input *in, struct output *out, unsigned count)
{
    uint32_t number = count;
    if (!send(&number, 4) || !send(in, count * sizeof *in) || !receive(out, count * sizeof *out))
        return false;
    struct recorded header = {recording_sum(in, count), count};
    return record == NULL || (fwrite(&header, sizeof header, 1, record) == 1 &&
                              fwrite(out, sizeof *out, count, record) == count);
}

void reference_stop(void)
{
    close(to_stub);
    close(from_stub);
    waitpid(stub, NULL, 0);
    if (record != NULL)
        fclose(record);
}
