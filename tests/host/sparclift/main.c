/* Tests of the SPARC frontend: cases of a few instructions, traps and interrupts, page tables. */
#include "machine.h"

#include "../frame/frame.h"

int main(int argc, char **argv)
{
    test_cases(argc > 1 ? argv[1] : "tests/host/sparclift/cases.txt");
    test_walks();
    test_traps();
    return summary();
}
