/*
 * Threads of vm.h as threads of the C library. Each runs its entry on the stack its maker gave; the
 * C library's own stack lies below and is where the thread returns to when entry returns, or where
 * a signal sends it when it is deleted.
 *
 * A thread that is deleted while it holds one of the port's locks goes on until it has let go
 * (hosted_drop). What else it holds, the C library's locks for example, stays held, as memory that
 * a killed thread was changing stays as it is on the kernel: delete threads that are at rest.
 */
#include "hosted.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BASE_STACK_BYTES (512 * 1024) /* of addresses; little of it is ever touched */

static __thread struct hosted_thread *self;
static struct hosted_thread *unused;
static uint32_t starting; /* threads created that do not run yet */

struct hosted_thread *hosted_self_known(void)
{
    return self;
}

static struct hosted_thread *make_record(void)
{
    hosted_signals_start();
    hosted_take(&hosted_objects);
    struct hosted_thread *t = unused;
    if (t != NULL)
        unused = t->next_free;
    hosted_drop(&hosted_objects);
    struct upcall_page *page = t != NULL ? t->page : NULL;
    if (t == NULL)
        t = malloc(sizeof *t);
    if (t == NULL)
        return NULL;
    if (page == NULL) {
        page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) {
            free(t);
            return NULL;
        }
    }
    page->pending = page->active = 0;
    *t = (struct hosted_thread){.page = page};
    return t;
}

static void give_record(struct hosted_thread *t)
{
    t->next_free = unused;
    unused = t;
}

struct hosted_thread *hosted_self(void)
{
    if (self != NULL)
        return self;
    struct hosted_thread *t = make_record();
    if (t == NULL)
        return NULL;
    hosted_take(&hosted_objects);
    int status = hosted_publish(&t->object, HOSTED_THREAD);
    if (status != OK)
        give_record(t);
    hosted_drop(&hosted_objects);
    if (status != OK)
        return NULL;
    t->tid = (int)syscall(SYS_gettid);
    self = t;
    return t;
}

vm_handle vm_thread_self(void)
{
    struct hosted_thread *t = hosted_self();
    return t != NULL ? t->object.handle : 0;
}

/* Threads have processors of their own here, so whoever yields is polling: let it sleep a little
 * rather than keep a second processor busy, which makes every map and unmap dearer. A thread that
 * was created and has not begun yet comes first, as it does on the kernel: a busy host may take
 * its time. */
void vm_yield(void)
{
    uint32_t count = __atomic_load_n(&starting, __ATOMIC_RELAXED);
    if (count != 0) {
        hosted_sleep(&starting, count, vm_now() + 20000000);
    } else {
        struct timespec little = {.tv_nsec = 200000};
        nanosleep(&little, NULL);
    }
}

void hosted_finish(struct hosted_thread *t)
{
    t->holds++;
    hosted_leave_stack(t->base_stack);
}

/* The signal of a deletion that came before base_stack was set did nothing: look here. Once the
 * thread is on its way out, by whichever way, it counts as holding a lock. */
static void body(void *arg)
{
    struct hosted_thread *t = arg;
    if (!__atomic_load_n(&t->dying, __ATOMIC_SEQ_CST))
        t->entry(t->arg);
    t->holds++;
}

static void *run(void *arg)
{
    struct hosted_thread *t = arg;
    __atomic_store_n(&t->tid, (int)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    self = t;
    __atomic_sub_fetch(&starting, 1, __ATOMIC_RELAXED);
    hosted_wake(&starting, INT32_MAX);
    hosted_call_on_stack(body, t, t->stack + t->stack_bytes, &t->base_stack);
    hosted_forget_frames((void *)t->stack, t->stack_bytes);
    hosted_take(&hosted_objects);
    hosted_stop_waiting(t);
    hosted_unbind(t);
    t->handler = NULL;
    t->tid = 0;
    hosted_drop(&hosted_objects);
    hosted_alt_stack_free(t);
    return NULL;
}

int vm_thread_create(vm_handle *out, void (*entry)(void *), void *arg, void *stack, size_t bytes)
{
    if (entry == NULL || stack == NULL || bytes < PAGE_SIZE)
        return BAD_ARG;
    struct hosted_thread *t = make_record();
    if (t == NULL)
        return QUOTA;
    t->made = true;
    t->entry = entry;
    t->arg = arg;
    t->stack = (uint64_t)stack;
    t->stack_bytes = bytes;
    hosted_take(&hosted_objects);
    int status = hosted_publish(&t->object, HOSTED_THREAD);
    pthread_attr_t attributes;
    if (status == OK) {
        *out = t->object.handle; /* before the thread can ask who it is */
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, BASE_STACK_BYTES);
        __atomic_add_fetch(&starting, 1, __ATOMIC_RELAXED);
        if (pthread_create(&t->join, &attributes, run, t) != 0) {
            __atomic_sub_fetch(&starting, 1, __ATOMIC_RELAXED);
            status = QUOTA;
            hosted_withdraw(&t->object);
        }
        pthread_attr_destroy(&attributes);
    }
    if (status != OK)
        give_record(t);
    hosted_drop(&hosted_objects);
    return status;
}

/* On a thread that deleted itself: nobody will join it. */
static void end_self(struct hosted_thread *t)
{
    pthread_detach(t->join);
    hosted_finish(t);
}

int vm_thread_delete(vm_handle handle)
{
    int status;
    hosted_take(&hosted_objects);
    struct hosted_thread *t = hosted_object(handle, HOSTED_THREAD, &status);
    if (t != NULL && !t->made)
        status = BUSY; /* the program's first thread, or one of its own */
    if (status != OK) {
        hosted_drop(&hosted_objects);
        return status;
    }
    hosted_withdraw(&t->object);
    if (t == self) {
        hosted_drop(&hosted_objects);
        end_self(t);
    }
    hosted_stop_waiting(t);
    __atomic_store_n(&t->dying, true, __ATOMIC_SEQ_CST);
    if (t->tid != 0)
        syscall(SYS_tgkill, getpid(), t->tid, HOSTED_SIGNAL_END);
    hosted_drop(&hosted_objects);
    pthread_join(t->join, NULL);
    hosted_take(&hosted_objects);
    give_record(t);
    hosted_drop(&hosted_objects);
    return OK;
}
