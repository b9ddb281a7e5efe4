/* Tests of the ARM frontend: cases of single instructions, exceptions, page tables, registers. */
#include "machine.h"

#include "../frame/frame.h"

int main(int argc, char **argv)
{
    test_cases(argc > 1 ? argv[1] : "tests/host/armlift/cases.txt");
    test_exceptions();
    test_walks();
    test_registers();
    return summary();
}
