/* The suite as an ordinary program. */
#include "suite.h"

int main(void);
int main(void)
{
    return vm_suite() != 0;
}
