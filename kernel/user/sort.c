/*
 * Sorting and searching arrays (ISO C 7.22.5). Heapsort: in place, no recursion, O(n log n) always,
 * so that no input can make it slow or overflow a small stack.
 *
 * Invariant of the first loop: the elements from `start` on obey the heap order (a parent is not
 * less than its children). Of the second: [0, end) is such a heap, [end, count) is sorted and not
 * less than it.
 */
#include <stdlib.h>

struct array {
    char *base;
    size_t size;
    int (*compare)(const void *, const void *, void *);
    void *context;
};

static void swap(struct array *a, size_t i, size_t j)
{
    char *x = a->base + i * a->size, *y = a->base + j * a->size;
    for (size_t k = 0; k < a->size; k++) {
        char t = x[k];
        x[k] = y[k];
        y[k] = t;
    }
}

static int less(struct array *a, size_t i, size_t j)
{
    return a->compare(a->base + i * a->size, a->base + j * a->size, a->context) < 0;
}

static void sift_down(struct array *a, size_t root, size_t end)
{
    for (size_t child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && less(a, child, child + 1))
            child++;
        if (!less(a, root, child))
            return;
        swap(a, root, child);
    }
}

void qsort_r(void *base, size_t count, size_t size,
             int (*compare)(const void *, const void *, void *), void *context)
{
    struct array a = {base, size, compare, context};
    for (size_t start = count / 2; start-- > 0;)
        sift_down(&a, start, count);
    for (size_t end = count; end-- > 1;) {
        swap(&a, 0, end);
        sift_down(&a, 0, end);
    }
}

static int without_context(const void *x, const void *y, void *context)
{
    int (**compare)(const void *, const void *) = context;
    return (*compare)(x, y);
}

void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    qsort_r(base, count, size, without_context, &compare);
}

void *bsearch(const void *key, const void *base, size_t count, size_t size,
              int (*compare)(const void *, const void *))
{
    const char *low = base;
    while (count) {
        const char *middle = low + count / 2 * size;
        int order = compare(key, middle);
        if (!order)
            return (void *)middle;
        if (order > 0) {
            low = middle + size;
            count -= count / 2 + 1;
        } else {
            count /= 2;
        }
    }
    return NULL;
}
