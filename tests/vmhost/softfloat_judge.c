/*
 * The judge of softfloat's answers inside the VM task: sums of the hosted run (the module), lines
 * "NAME: SUM". The machine under the kernel may be an emulator, which does not report denormal operands
 * and chooses between NaNs as the x87 does; how many answers it gives otherwise is only told.
 */
#include "../host/softfloat/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tetrapla/task.h>

#include "../host/frame/frame.h"

const bool host_is_right = false;

void judge(const char *name, unsigned bad, unsigned done, uint64_t sum)
{
    char want[100];
    const struct grant *g = grant_nth(GRANT_MODULE, 0);
    snprintf(want, sizeof want, "%s: %016llx\n", name, (unsigned long long)sum);
    if (bad != 0)
        printf("   %s: this machine has %u other answers of %u\n", name, bad, done);
    bool good = g != NULL && memmem((const void *)g->va, g->bytes, want, strlen(want)) != NULL;
    result(name, good, "not what the hosted run recorded");
}
