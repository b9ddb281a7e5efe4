/* The host judges. With REFERENCE_RECORD=FILE in the environment the sums of all right answers go to
 * that file: for tests/vmhost, whose host is an emulator. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "../frame/frame.h"

const bool host_is_right = true;

void judge(const char *name, unsigned bad, unsigned done, uint64_t sum)
{
    const char *path = getenv("REFERENCE_RECORD");
    FILE *f = path != NULL && bad == 0 ? fopen(path, "a") : NULL;
    if (f != NULL) {
        fprintf(f, "%s: %016llx\n", name, (unsigned long long)sum);
        fclose(f);
    }
    result(name, bad == 0, "%u of %u cases differ", bad, done);
}
