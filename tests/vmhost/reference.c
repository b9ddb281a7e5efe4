/*
 * The reference of the sequence tests inside the VM task: what qemu-arm or qemu-sparc answered when the
 * same cases ran hosted, as tests/host/seqframe/reference.c recorded it. The recording is the task's module;
 * batches are found by the sum of their inputs. A batch that is not in it has no answer.
 */
#include "../host/seqframe/reference.h"

#include <stdio.h>
#include <string.h>
#include <tetrapla/task.h>

#include "../host/seqframe/recording.h"

static const struct grant *recording;
static struct reference_kind kind;

bool reference_start(const struct reference_kind *k, char *const command[])
{
    (void)command;
    kind = *k;
    recording = grant_nth(GRANT_MODULE, 0);
    return recording != NULL;
}

bool reference_run(const void *in, void *out, unsigned count)
{
    uint64_t sum = recording_sum(in, count * kind.input);
    const uint8_t *at = (const uint8_t *)recording->va, *end = at + recording->bytes;
    struct recorded r;
    for (; (size_t)(end - at) >= sizeof r; at += r.count * kind.output) {
        memcpy(&r, at, sizeof r);
        at += sizeof r;
        if ((size_t)(end - at) / kind.output < r.count)
            return false;
        if (r.count == count && r.sum == sum) {
            memcpy(out, at, count * kind.output);
            return true;
        }
    }
    return false;
}

void reference_stop(void) {}
