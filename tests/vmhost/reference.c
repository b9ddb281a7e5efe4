/*
 * The reference of tests/host/armseq and simd inside the VM task: what qemu-arm answered when the same
 * cases ran hosted, as tests/host/armseq/reference.c recorded it. The recording is the task's module;
 * batches are found by the sum of their inputs. A batch that is not in it has no answer.
 */
#include "../host/armseq/armseq.h"

#include <stdio.h>
#include <string.h>
#include <tetrapla/task.h>

#include "../host/armseq/recording.h"

static const struct grant *recording;

bool reference_start(char *const command[])
{
    (void)command;
    recording = grant_nth(GRANT_MODULE, 0);
    return recording != NULL;
}

bool reference_run(const struct input *in, struct output *out, unsigned count)
{
    uint64_t sum = recording_sum(in, count);
    const uint8_t *at = (const uint8_t *)recording->va, *end = at + recording->bytes;
    struct recorded r;
    for (; (size_t)(end - at) >= sizeof r; at += r.count * sizeof *out) {
        memcpy(&r, at, sizeof r);
        at += sizeof r;
        if ((size_t)(end - at) / sizeof *out < r.count)
            return false;
        if (r.count == count && r.sum == sum) {
            memcpy(out, at, count * sizeof *out);
            return true;
        }
    }
    return false;
}

void reference_stop(void) {}
