/*
 * The reference process: cases to its standard input, results from its standard output. It reads a
 * whole batch before it writes, so neither side waits for the other with a full pipe.
 *
 * With REFERENCE_RECORD=FILE in the environment all answers go to that file as well (recording.h):
 * tests/vmhost has them where there is no such process.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recording.h"
#include "reference.h"

static int to_stub = -1, from_stub = -1;
static pid_t stub;
static FILE *record;
static struct reference_kind kind;

bool reference_start(const struct reference_kind *k, char *const command[])
{
    kind = *k;
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

/* Words to the reference's byte order and back. */
static void turn(void *bytes, size_t size)
{
    uint32_t *word = bytes;
    for (size_t n = 0; kind.big_endian && n < size / 4; n++)
        word[n] = __builtin_bswap32(word[n]);
}

static bool send_inputs(const void *in, size_t size)
{
    uint32_t piece[1024];
    for (size_t done = 0, now; done < size; done += now) {
        now = size - done < sizeof piece ? size - done : sizeof piece;
        memcpy(piece, (const char *)in + done, now);
        turn(piece, now);
        if (!send(piece, now))
            return false;
    }
    return true;
}

bool reference_run(const void *in, void *out, unsigned count)
{
    uint32_t number = count;
    turn(&number, 4);
    if (!send(&number, 4) || !send_inputs(in, count * kind.input) ||
        !receive(out, count * kind.output))
        return false;
    turn(out, count * kind.output);
    struct recorded header = {recording_sum(in, count * kind.input), count};
    return record == NULL || (fwrite(&header, sizeof header, 1, record) == 1 &&
                              fwrite(out, kind.output, count, record) == count);
}

void reference_stop(void)
{
    close(to_stub);
    close(from_stub);
    waitpid(stub, NULL, 0);
    if (record != NULL)
        fclose(record);
}
