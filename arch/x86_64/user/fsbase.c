/*
 * The thread block is found through the FS base, which user code may set itself (WRFSBASE). Word 0
 * of the block is its own address, word 1 the thread's IPC page; no other code reads FS.
 */
#include <tetrapla/sys.h>
#include <tetrapla/task.h>
#include <tetrapla/cpu.h>

_Static_assert(offsetof(struct thread_block, self) == 0, "FS:0 is the block's own address");
_Static_assert(offsetof(struct thread_block, ipc) == 8, "FS:8 is the IPC page");

struct thread_block *thread_self(void)
{
    struct thread_block *block;
    __asm__ volatile("movq %%fs:0, %0" : "=r"(block));
    return block;
}

struct ipc_page *ipc(void)
{
    struct ipc_page *page;
    __asm__ volatile("movq %%fs:8, %0" : "=r"(page));
    return page;
}

void thread_block_set(struct thread_block *block)
{
    __asm__ volatile("wrfsbase %0" : : "r"(block) : "memory");
}
