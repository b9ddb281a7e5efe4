/*
 * The suite of tests/vm without a root task: sets up output and a heap, runs it, leaves the machine.
 * The quota is root's own, so the quota case meets a limit late or not at all.
 */
#include "../../kernel/root_task.h"
#include "../../vm/suite.h"

int main(void);
int main(void)
{
    struct test_memory memory;
    root_task_begin(&memory);
    heap_init(memory.region, memory.first, memory.pages > 40000 ? 40000 : memory.pages);
    unsigned failed = vm_suite();
    port_out(EXIT_PORT, failed == 0 ? EXIT_SUCCESS_CODE : EXIT_FAILURE_CODE);
    for (;;)
        vm_yield();
}
