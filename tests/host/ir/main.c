/* Tests of the IR core and of the interpreter: ir-test [rounds [speed]]. */
#include <stdio.h>
#include <stdlib.h>

#include "../frame/frame.h"
#include "ir_test.h"

int main(int count, char **arguments)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    unsigned rounds = count > 1 ? (unsigned)atoi(arguments[1]) : 3000;
    test_cases("tests/host/ir/cases");
    test_builder();
    test_interpreter();
    test_passes(rounds);
    test_damage(rounds * 4);
    if (count > 2)
        test_speed();
    return summary();
}
