/* The list of deliberate differences: the words and the reason. */
#include "sparcdec.h"

static struct line {
    enum difference how;
    uint32_t mask, value;
    const char *reason;
    unsigned used;
} lines[] = {
#define LINE(how, mask, value, reason) {how, mask, value, reason, 0},
#include "differences.h"
};

bool difference_is_listed(enum difference how, uint32_t code)
{
    for (unsigned n = 0; n < sizeof lines / sizeof lines[0]; n++)
        if (lines[n].how == how && (code & lines[n].mask) == lines[n].value) {
            lines[n].used++;
            return true;
        }
    return false;
}

void differences_unused(void)
{
    for (unsigned n = 0; n < sizeof lines / sizeof lines[0]; n++)
        if (lines[n].used == 0)
            printf("unused: %08x %08x %s\n", lines[n].mask, lines[n].value, lines[n].reason);
}
