/*
 * Doubly linked circular lists with the links inside the elements. An element that is in no list
 * points at itself, so removing twice is harmless.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}
static inline void list_insert_after(struct list *where, struct list *e)
{
    e->next = where->next;
    e->prev = where;
    where->next->prev = e;
    where->next = e;
}
static inline void list_append(struct list *head, struct list *e)
{
    list_insert_after(head->prev, e);
}
static inline void list_remove(struct list *e)
{
    e->prev->next = e->next;
    e->next->prev = e->prev;
    list_init(e);
}
