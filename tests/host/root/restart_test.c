/* The restart policy, by example. Times are in ms. */
#include "test.h"
#include "restart.h"

static const struct {
    const char *name;
    const char *script; /* d: dies, s: has served a call */
    unsigned at[8];
    const char *answers; /* y: started again, n: not; one for each death */
} cases[] = {
    {"restart/three-deaths", "ddd", {0, 1, 2}, "yyy"},
    {"restart/fourth-at-once", "dddd", {0, 1, 2, 3}, "yyyn"},
    {"restart/fourth-at-5s", "dddd", {100, 1000, 2000, 5100}, "yyyn"},
    {"restart/fourth-after-5s", "dddd", {100, 1000, 2000, 5101}, "yyyy"},
    {"restart/window-slides", "ddddd", {0, 4000, 4500, 5001, 5002}, "yyyyn"},
    {"restart/slow-deaths", "dddddd", {0, 2000, 4000, 6000, 8000, 10000}, "yyyyyy"},
    {"restart/served-between", "dddsdddd", {0, 1, 2, 2, 3, 4, 5, 6}, "yyyyyyn"},
    {"restart/served-at-first", "sdddd", {0, 1, 2, 3, 4}, "yyyn"},
    {"restart/refused-stays-refused", "ddddd", {0, 1, 2, 3, 4}, "yyynn"},
};

void restart_tests(void)
{
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct restart r = {0};
        char got[16];
        unsigned n = 0;
        for (unsigned j = 0; cases[i].script[j]; j++) {
            if (cases[i].script[j] == 's')
                restart_forgive(&r);
            else
                got[n++] = restart_after_death(&r, cases[i].at[j] * 1000000ULL) ? 'y' : 'n';
        }
        got[n] = 0;
        result(cases[i].name, strcmp(got, cases[i].answers) == 0, "%s, not %s", got,
               cases[i].answers);
    }
}
