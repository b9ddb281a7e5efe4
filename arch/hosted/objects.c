/*
 * Handles: indices into one table of objects. A handle that was given back is not handed out again
 * before the others have been, so that a stale one is noticed.
 */
#include "hosted.h"

#define HANDLES 16384u

static struct hosted_object *table[HANDLES];
static unsigned last;

int hosted_publish(struct hosted_object *o, enum hosted_kind kind)
{
    for (unsigned i = 0; i < HANDLES - 1; i++) {
        last = last % (HANDLES - 1) + 1; /* 1 … HANDLES - 1: 0 is never a handle */
        if (table[last] != NULL)
            continue;
        o->handle = last;
        __atomic_store_n(&o->kind, kind, __ATOMIC_RELAXED);
        __atomic_store_n(&table[last], o, __ATOMIC_RELEASE);
        return OK;
    }
    return LIMIT;
}

void hosted_withdraw(struct hosted_object *o)
{
    __atomic_store_n(&table[o->handle], NULL, __ATOMIC_RELEASE);
    __atomic_store_n(&o->kind, HOSTED_NONE, __ATOMIC_RELEASE);
}

void *hosted_object(vm_handle h, enum hosted_kind kind, int *status)
{
    struct hosted_object *o = h < HANDLES ? __atomic_load_n(&table[h], __ATOMIC_ACQUIRE) : NULL;
    *status = BAD_HANDLE;
    if (o == NULL)
        return NULL;
    if (__atomic_load_n(&o->kind, __ATOMIC_RELAXED) != kind) {
        *status = BAD_TYPE;
        return NULL;
    }
    *status = OK;
    return o;
}
