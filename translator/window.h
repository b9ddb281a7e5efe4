/*
 * What the three files of windows share: window.c (which windows there are), window_map.c (what is
 * mapped in them), window_flush.c (what the guest says is no longer so).
 */
#pragma once

#include <translator/machine.h>

static inline unsigned window_number(const struct vm *vm, const struct window *w)
{
    return (unsigned)(w - vm->windows.window);
}

static inline bool window_in_use(struct vm *vm, const struct window *w)
{
    const struct window_set *now = windows_now(vm);
    return w == now->main || w == now->alt || w == now->choose;
}

/* The entry of va in the page map, NULL where there is no leaf. */
static inline uint64_t *window_entry(const struct window *w, uint32_t va)
{
    struct window_leaf *leaf = w->leaf[va >> 22];
    return leaf == NULL ? NULL : &leaf->page[va >> GUEST_PAGE_SHIFT & (LEAF_PAGES - 1)];
}

static inline uint64_t entry_phys(uint64_t entry)
{
    return entry & ~(uint64_t)(GUEST_PAGE - 1);
}

/* PAGE_* of a page that a walk found. */
static inline unsigned entry_flags(const struct walk *k)
{
    unsigned log = (unsigned)__builtin_ctz(k->size) - GUEST_PAGE_SHIFT;
    return (k->rights & WALK_WRITE ? PAGE_WRITABLE : 0) | (k->global ? PAGE_GLOBAL : 0) |
           log << PAGE_LOG;
}

/* Size of the guest's entry that the page was filled from. */
static inline uint32_t entry_size(uint64_t entry)
{
    return GUEST_PAGE << ((unsigned)entry >> PAGE_LOG & 31);
}

/* The entry of va was written. */
static inline void window_fresh(const struct window *w, uint32_t va)
{
    unsigned n = va >> GUEST_PAGE_SHIFT & (LEAF_PAGES - 1);
    w->leaf[va >> 22]->fresh[n / 32] |= 1u << n % 32;
}

/* Remember that w may hold something of va's page: a mapping, or where its code is. */
static inline void window_present(struct vm *vm, const struct window *w, uint32_t va)
{
    vm->windows.present[va >> GUEST_PAGE_SHIFT] |= 1ULL << window_number(vm, w);
}

/* ---- window.c ---- */
/* Forget where the window's code is: all of it, or that of one page. */
void window_forget_code(struct window *w);
void window_forget_code_page(struct window *w, uint32_t va);
/* Code was linked across pages on the strength of this window's mappings: take that back. */
void window_unlink(struct vm *vm, struct window *w);

/* A window got another key, or was marked stale: sets may be wrong. */
void window_changed(struct vm *vm);

/* ---- window_flush.c ---- */
/* w is stale, and about to be used: walk its pages again, or empty it. */
void window_refresh(struct vm *vm, struct window *w);

/* ---- window_map.c ---- */
/* Write down that va is mapped to phys; false: out of leaves or entries. */
bool window_note(struct vm *vm, struct window *w, uint32_t va, uint64_t phys, unsigned flags);
/* The reverse. */
void window_forget(struct vm *vm, struct window *w, uint32_t va);
/* What the host may do with a page that the guest's tables give these PAGE_* flags. */
uint8_t window_rights(struct ram *r, uint64_t phys, unsigned flags);
/* Put off an operation on the page va of w; it is joined to the one before where it continues it.
 * UNMAP: pages from `from` on, up to va, are not mapped and may be unmapped with it. */
void window_later(struct vm *vm, const struct window *w, struct map_op op, uint32_t va,
                  uint32_t from);
/* Drop what was put off and would map or protect pages of w, which is being emptied. */
void window_drop_later(struct vm *vm, const struct window *w);
/* Unmap at once. */
void window_unmap(struct vm *vm, struct window *w, uint32_t va, uint64_t pages);
