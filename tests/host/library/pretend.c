/*
 * A pretend kernel for the library: notifications (signal, wait, deadline), creation and deletion
 * of capabilities, mapping as a list of pages. And what the port supplies: thread blocks, time, the
 * heap's memory, the output.
 */
#include "library.h"
#include "pretend.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>

/* ---- thread blocks ---- */

static __thread struct ipc_page ipc_of_thread;
static __thread struct thread_block block_of_thread;

struct ipc_page *ipc(void)
{
    return &ipc_of_thread;
}
struct thread_block *thread_self(void)
{
    return &block_of_thread;
}
int *errno_location(void)
{
    return &block_of_thread.error;
}

uint64_t time_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void sleep_ns(uint64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    nanosleep(&t, NULL);
}

/* ---- notifications: one lock and one condition for all ---- */

static pthread_mutex_t big_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct {
    bool alive;
    uint64_t bits;
} notification[HANDLE_MAX + 1];
unsigned pretend_refusals;

static void init(void)
{
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &a);
}

void pretend_notification(handle_t n)
{
    pthread_once(&once, init);
    notification[n].alive = true;
    notification[n].bits = 0;
}

static unsigned wait(handle_t n, unsigned flags, uint64_t deadline, uint64_t *bits)
{
    uint64_t until = flags & WAIT_ARM ? deadline : DEADLINE_NEVER;
    while (!notification[n].bits) {
        if (flags & WAIT_POLL)
            return WOULD_BLOCK;
        if (until == DEADLINE_NEVER) {
            pthread_cond_wait(&changed, &big_lock);
            continue;
        }
        struct timespec t = {.tv_sec = (time_t)(until / 1000000000),
                             .tv_nsec = (long)(until % 1000000000)};
        if (pthread_cond_timedwait(&changed, &big_lock, &t))
            notification[n].bits |= SIGNAL_DEADLINE;
    }
    *bits = notification[n].bits;
    notification[n].bits = 0;
    return OK;
}

/* ---- mapping: which page of the region lies where in the heap ---- */

uint64_t pretend_page[PRETEND_PAGES];
uint64_t pretend_map_limit = UINT64_MAX;

static unsigned map_one(const struct map_op *op)
{
    uint64_t first = (op->va - HEAP_VA) / PAGE_SIZE;
    if (op->kind != MAP_MAP || op->va % PAGE_SIZE || first + op->pages > PRETEND_PAGES)
        return BAD_ARG;
    if (op->pages > pretend_map_limit)
        return QUOTA;
    for (uint64_t i = 0; i < op->pages; i++) {
        if (pretend_page[first + i])
            return OCCUPIED;
        pretend_page[first + i] = op->offset + i + 1;
    }
    return OK;
}

uint64_t trap(uint64_t word, uint64_t w[6], uint64_t *badge)
{
    unsigned nr = word & 0xff, sub = word >> 8 & 0xff;
    handle_t a = word >> 16 & 0xffffff;
    uint64_t status = OK;
    pthread_once(&once, init);
    pthread_mutex_lock(&big_lock);
    if (nr == CALL_RECV || nr == CALL_REPLY_RECV) {
        status = pretend_receive(word, w, badge);
    } else if (nr == CALL_CREATE && (sub == OBJ_NOTIFICATION || sub == OBJ_REPLY)) {
        if (pretend_refusals) {
            pretend_refusals--;
            status = QUOTA;
        } else {
            notification[w[0]].alive = true;
            notification[w[0]].bits = 0;
        }
    } else if (nr == CALL_CAP && sub == CAP_DELETE) {
        notification[w[0]].alive = false;
    } else if ((nr == CALL_SIGNAL || nr == CALL_WAIT) && !notification[a].alive) {
        status = BAD_HANDLE;
    } else if (nr == CALL_SIGNAL) {
        notification[a].bits |= w[0];
        pthread_cond_broadcast(&changed);
    } else if (nr == CALL_WAIT) {
        status = wait(a, sub, w[0], badge);
    } else if (nr == CALL_MAP && w[0] == 1) {
        status = map_one(&ipc()->vector[0]);
    } else {
        status = BAD_CALL;
    }
    pthread_mutex_unlock(&big_lock);
    return status;
}

/* ---- the heap's memory ---- */

#define ARENA (64u << 20)
size_t heap_left = ARENA;

void *memory_extend_heap(size_t least, size_t *bytes)
{
    static char *arena;
    static size_t used;
    if (!arena) {
        arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (arena == MAP_FAILED)
            abort();
        memset(arena, 0xa5, ARENA); /* memory comes with old contents */
    }
    size_t n = least < 65536 ? 65536 : least;
    if (n > heap_left)
        n = least;
    if (n > heap_left || n > ARENA - used)
        return NULL;
    heap_left -= n;
    *bytes = n;
    used += n;
    return arena + used - n;
}

/* ---- the output ---- */

static char text[65536];
static size_t text_used;
static unsigned output_locks;

void output_lock(void)
{
    output_locks++;
}
void output_unlock(void)
{
    output_locks--;
}
void output_bytes(const char *bytes, size_t n)
{
    if (output_locks != 1 || n > sizeof(text) - 1 - text_used)
        abort();
    memcpy(text + text_used, bytes, n);
    text_used += n;
}

const char *output_taken(void)
{
    static char taken[sizeof(text)];
    memcpy(taken, text, text_used);
    taken[text_used] = 0;
    text_used = 0;
    return taken;
}

/* channel.c looks grants up by name; the tests open channels directly. */
const struct grant *grant_nth(unsigned kind, unsigned n)
{
    (void)kind;
    (void)n;
    return NULL;
}
