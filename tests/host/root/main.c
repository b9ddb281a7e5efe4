/* Hosted tests of the parts of the root task that are pure. */
#include "test.h"

int main(void)
{
    manifest_tests();
    image_tests();
    extent_tests();
    restart_tests();
    return summary();
}
