/* The ordered set of mapped extents; see extents.h. */
#include "extents.h"

#include <stdlib.h>

typedef struct hosted_extent extent;

static uint32_t next_rank(struct hosted_extents *e)
{
    uint32_t x = e->seed != 0 ? e->seed : 2463534242u; /* xorshift */
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return e->seed = x;
}

bool hosted_extents_ready(struct hosted_extents *e, unsigned count)
{
    while (e->unused_count < count) {
        extent *block = malloc(128 * sizeof *block);
        if (block == NULL)
            return false;
        for (unsigned i = 0; i < 128; i++) {
            block[i].left = e->unused;
            e->unused = &block[i];
        }
        e->unused_count += 128;
    }
    return true;
}

static void give(struct hosted_extents *e, extent *x)
{
    x->left = e->unused;
    e->unused = x;
    e->unused_count++;
    e->count--;
}

/* ---- shape ---- */

/* Those that begin below va, and the others. */
static void split(extent *root, uint64_t va, extent **below, extent **above)
{
    while (root != NULL) {
        if (root->va < va) {
            *below = root;
            below = &root->right;
            root = root->right;
        } else {
            *above = root;
            above = &root->left;
            root = root->left;
        }
    }
    *below = *above = NULL;
}

/* All of `below` lie below all of `above`. */
static extent *join(extent *below, extent *above)
{
    extent *root = NULL, **at = &root;
    while (below != NULL && above != NULL) {
        if (below->rank > above->rank) {
            *at = below;
            at = &below->right;
            below = below->right;
        } else {
            *at = above;
            at = &above->left;
            above = above->left;
        }
    }
    *at = below != NULL ? below : above;
    return root;
}

static void insert(struct hosted_extents *e, const extent *run)
{
    extent *x = e->unused;
    e->unused = x->left;
    e->unused_count--;
    e->count++;
    *x = *run;
    x->rank = next_rank(e);
    extent **at = &e->root;
    while (*at != NULL && (*at)->rank > x->rank)
        at = (*at)->va < x->va ? &(*at)->right : &(*at)->left;
    split(*at, x->va, &x->left, &x->right);
    *at = x;
}

static void unlink_one(struct hosted_extents *e, extent *x)
{
    extent **at = &e->root;
    while (*at != x)
        at = (*at)->va < x->va ? &(*at)->right : &(*at)->left;
    *at = join(x->left, x->right);
    give(e, x);
}

/* The depth of a treap of 2^16 extents is about 40: recursion is safe. */
static void give_all(struct hosted_extents *e, extent *root)
{
    if (root == NULL)
        return;
    give_all(e, root->left);
    give_all(e, root->right);
    give(e, root);
}

/* ---- queries ---- */

static extent *last_below(struct hosted_extents *e, uint64_t va)
{
    extent *found = NULL;
    for (extent *x = e->root; x != NULL;) {
        if (x->va < va) {
            found = x;
            x = x->right;
        } else {
            x = x->left;
        }
    }
    return found;
}

static extent *first_at_or_above(struct hosted_extents *e, uint64_t va)
{
    extent *found = NULL;
    for (extent *x = e->root; x != NULL;) {
        if (x->va >= va) {
            found = x;
            x = x->left;
        } else {
            x = x->right;
        }
    }
    return found;
}

extent *hosted_extents_from(struct hosted_extents *e, uint64_t va)
{
    extent *x = last_below(e, va);
    return x != NULL && hosted_extent_end(x) > va ? x : first_at_or_above(e, va);
}

/* ---- changes ---- */

static bool continues(const extent *a, const extent *b)
{
    return a != NULL && b != NULL && hosted_extent_end(a) == b->va && a->region == b->region &&
           a->rights == b->rights && a->offset + a->pages == b->offset;
}

int hosted_extents_growth(struct hosted_extents *e, const extent *run)
{
    return 1 - continues(last_below(e, run->va), run) -
           continues(run, first_at_or_above(e, run->va));
}

void hosted_extents_add(struct hosted_extents *e, extent run)
{
    extent *below = last_below(e, run.va), *above = first_at_or_above(e, run.va);
    if (continues(&run, above)) {
        run.pages += above->pages;
        unlink_one(e, above);
    }
    if (continues(below, &run))
        below->pages += run.pages;
    else
        insert(e, &run);
}

void hosted_extents_remove(struct hosted_extents *e, uint64_t va, uint64_t end)
{
    extent *below, *inside, *above, *x = last_below(e, va);
    if (x != NULL &&
        hosted_extent_end(x) > va) { /* it begins before: cut it, keep what is behind */
        extent rest = *x;
        x->pages = (va - x->va) / 4096;
        if (hosted_extent_end(&rest) > end) {
            uint64_t skip = (end - rest.va) / 4096;
            rest.va = end;
            rest.offset += skip;
            rest.pages -= skip;
            insert(e, &rest);
            return;
        }
    }
    x = last_below(e, end);
    if (x != NULL && x->va >= va &&
        hosted_extent_end(x) > end) { /* it ends behind: move its start */
        uint64_t skip = (end - x->va) / 4096;
        x->va = end;
        x->offset += skip;
        x->pages -= skip;
    }
    split(e->root, va, &below, &above);
    split(above, end, &inside, &above);
    give_all(e, inside);
    e->root = join(below, above);
}
