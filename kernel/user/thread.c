/*
 * Threads of this task. Each has a record on the heap: its block (FS base), its kernel object, the
 * address of its IPC page, and the stack if the library made it.
 *
 * Records are linked from `threads` under `lock`; a record is freed by thread_delete only, so a
 * handle stays valid after its thread has returned. Addresses for IPC and upcall pages come from one
 * bitmap; number 0 is the main thread's IPC page.
 */
#include "bitmap.h"
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tetrapla/cpu.h>
#include <tetrapla/sys.h>

#define STACK_DEFAULT (64u * 1024)
#define STACK_LEAST   4096u
#define THREAD_PAGES  4096

struct thread_record {
    struct thread_block block;
    struct thread_record *next;
    uint64_t ipc_va;
    void *stack; /* to be freed, or NULL */
};

static struct thread_block main_block;
static struct thread_record *threads;
static struct lock lock;
static handle_t fault_endpoint;
static uint64_t pages_taken[BITMAP_WORDS(THREAD_PAGES)];
static uint32_t pages_hint;

void threads_init(handle_t main_thread, handle_t faults)
{
    bitmap_reserve(pages_taken, 0, 1);
    main_block.self = &main_block;
    main_block.ipc = (struct ipc_page *)IPC_VA;
    main_block.thread = main_thread;
    fault_endpoint = faults;
    thread_block_set(&main_block);
}

int *errno_location(void)
{
    return &thread_self()->error;
}

uint64_t thread_page_take(void)
{
    uint32_t n = bitmap_take(pages_taken, BITMAP_WORDS(THREAD_PAGES), &pages_hint);
    return n == BITMAP_NONE ? 0 : IPC_VA + n * PAGE_SIZE;
}

void thread_page_give(uint64_t va)
{
    bitmap_give(pages_taken, (uint32_t)((va - IPC_VA) / PAGE_SIZE));
}

/* First function of a thread; RDI brings its block. */
static _Noreturn void thread_main(struct thread_block *self)
{
    thread_block_set(self);
    self->entry(self->arg);
    for (;;)
        sys_thread(THREAD_EXIT, 0, 0, 0, 0, 0, 0, 0);
}

/* The caller's priority. Root may have lifted the main thread above what the task may give. */
static unsigned own_priority(void)
{
    if (sys_info(INFO_THREAD, thread_self()->thread, 0) == OK) {
        struct info_thread info;
        memcpy(&info, ipc()->msg, sizeof(info));
        if (startup() == NULL || info.priority <= startup()->priority)
            return (unsigned)info.priority;
    }
    return startup() ? startup()->priority : 0;
}

/* Make the kernel object and start it. On failure nothing is left behind. */
static int start(struct thread_record *r, void *stack, size_t bytes, unsigned priority)
{
    handle_t slot = slot_alloc();
    if (slot == HANDLE_NONE)
        return LIMIT;
    int status = sys_create(OBJ_THREAD, LIBRARY_QUOTA, 0, slot, r->ipc_va, priority, 0, 0);
    if (status != OK) {
        slot_free(slot);
        return status;
    }
    r->block.thread = slot;
    if (fault_endpoint != HANDLE_NONE)
        status = sys_thread(THREAD_SET_FAULT, slot, fault_endpoint, 0, 0, 0, 0, 0);
    if (status == OK)
        status = sys_thread(THREAD_START, slot, 0, (uint64_t)thread_main,
                            cpu_entry_stack((uint64_t)stack + bytes), (uint64_t)&r->block, 0, 0);
    if (status != OK) {
        sys_cap(CAP_DELETE, 0, slot, 0, 0, 0, 0);
        slot_free(slot);
    }
    return status;
}

static void link_record(struct thread_record *r)
{
    lock_take(&lock);
    r->next = threads;
    threads = r;
    lock_drop(&lock);
}

static struct thread_record *unlink_record(handle_t thread)
{
    lock_take(&lock);
    struct thread_record **at = &threads, *r;
    while (*at && (*at)->block.thread != thread)
        at = &(*at)->next;
    r = *at;
    if (r)
        *at = r->next;
    lock_drop(&lock);
    return r;
}

static int create(handle_t *out, void (*entry)(void *), void *arg, void *stack, size_t bytes,
                  unsigned priority, bool own_stack)
{
    struct thread_record *r = calloc(1, sizeof(*r));
    if (!r)
        return QUOTA;
    uint64_t page = thread_page_take();
    if (!page) {
        free(r);
        return LIMIT;
    }
    r->ipc_va = page;
    r->stack = own_stack ? stack : NULL;
    r->block = (struct thread_block){
        .self = &r->block, .ipc = (struct ipc_page *)page, .entry = entry, .arg = arg};
    int status = start(r, stack, bytes, priority ? priority : own_priority());
    if (status != OK) {
        thread_page_give(page);
        free(r);
        return status;
    }
    /* The thread may run already and even have returned; nobody can delete it before it is linked,
     * because nobody knows its handle. */
    *out = r->block.thread;
    link_record(r);
    return OK;
}

int thread_create(handle_t *out, void (*entry)(void *), void *arg, size_t stack_bytes,
                  unsigned priority)
{
    if (!stack_bytes)
        stack_bytes = STACK_DEFAULT;
    if (stack_bytes < STACK_LEAST)
        stack_bytes = STACK_LEAST;
    void *stack = malloc(stack_bytes);
    if (!stack)
        return QUOTA;
    int status = create(out, entry, arg, stack, stack_bytes, priority, true);
    if (status != OK)
        free(stack);
    return status;
}

int thread_create_on(handle_t *out, void (*entry)(void *), void *arg, void *stack, size_t bytes,
                     unsigned priority)
{
    if (!stack || bytes < STACK_LEAST)
        return BAD_ARG;
    return create(out, entry, arg, stack, bytes, priority, false);
}

int thread_delete(handle_t thread)
{
    if (thread == thread_self()->thread)
        return BAD_ARG;
    struct thread_record *r = unlink_record(thread);
    if (!r)
        return BAD_HANDLE;
    /* Deleting the last capability destroys the thread, wherever it is. */
    int status = sys_cap(CAP_DELETE, 0, thread, 0, 0, 0, 0);
    if (status != OK) {
        link_record(r);
        return status;
    }
    slot_free(thread);
    if (r->block.sleep != HANDLE_NONE) {
        sys_cap(CAP_DELETE, 0, r->block.sleep, 0, 0, 0, 0);
        slot_free(r->block.sleep);
    }
    if (r->block.upcall)
        thread_page_give((uint64_t)r->block.upcall);
    thread_page_give(r->ipc_va);
    free(r->stack);
    free(r);
    return OK;
}
