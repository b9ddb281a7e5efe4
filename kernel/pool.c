/*
 * Kernel memory: one pool of pages, fixed at boot, and quotas that divide it.
 *
 * A quota's limit is reserved from its parent when it is made, so the sum of what all quotas may
 * use never exceeds the pool: a charge that succeeds is a page that exists ("quota gone" is never
 * another task's fault). Charging and taking a page can therefore be separate steps: tables that a
 * later operation must not fail to get are charged in advance.
 *
 * Objects smaller than a page come from slabs. A slab page belongs to one quota and one size class
 * and begins with a header, so a pointer to an object tells its quota.
 */
#include "port.h"

struct quota pool_quota;

static struct free_page {
    struct free_page *next;
} * free_list;
static uint64_t first_physical, total_pages, free_pages;

/* For each page of the pool: entries in use if it is a page table. Lies at the pool's start. */
static uint16_t *used_entries;

void pool_init(uint64_t physical, uint64_t pages)
{
    uint64_t own = (pages * sizeof(uint16_t) + PAGE_SIZE - 1) / PAGE_SIZE;
    first_physical = physical;
    used_entries = port_pointer(physical);
    memset(used_entries, 0, own * PAGE_SIZE);
    /* Hand out low addresses first: easier to read in a dump. */
    for (uint64_t i = pages; i-- > own;) {
        struct free_page *p = port_pointer(physical + i * PAGE_SIZE);
        p->next = free_list;
        free_list = p;
    }
    total_pages = free_pages = pages - own;
    pool_quota.object.type = pool_quota.object.born = OBJ_QUOTA;
    pool_quota.object.refs = 1;
    pool_quota.limit = total_pages;
    quota_init(&pool_quota);
}

uint64_t pool_pages(void)
{
    return total_pages;
}

uint64_t pool_free(void)
{
    return free_pages;
}

void quota_init(struct quota *q)
{
    list_init(&q->objects);
    for (unsigned i = 0; i < SLAB_CLASSES; i++)
        list_init(&q->partial[i]);
}

bool quota_take(struct quota *q, uint64_t pages)
{
    if (pages > q->limit - q->used)
        return false;
    q->used += pages;
    return true;
}

void quota_give(struct quota *q, uint64_t pages)
{
    KASSERT(q->used >= pages);
    q->used -= pages;
}

void *page_alloc_charged(void)
{
    struct free_page *p = free_list;
    KASSERT(p);
    free_list = p->next;
    free_pages--;
    memset(p, 0, PAGE_SIZE);
    *page_used(p) = 0;
    return p;
}

void *page_alloc(struct quota *q)
{
    return quota_take(q, 1) ? page_alloc_charged() : NULL;
}

void page_free(struct quota *q, void *page)
{
    struct free_page *p = page;
    p->next = free_list;
    free_list = p;
    free_pages++;
    quota_give(q, 1);
}

uint16_t *page_used(const void *page)
{
    return &used_entries[(port_physical(page) - first_physical) >> PAGE_SHIFT];
}

/* ---- slabs ------------------------------------------------------------------------------------ */

/* Sizes are multiples of 64 so that every object is aligned for the FPU state inside threads. */
static const uint16_t class_size[SLAB_CLASSES] = {64, 128, 192, 448, 1344, 1984};

struct slab {
    struct list in_partial;
    struct quota *quota;
    void *free; /* chain of free objects */
    uint16_t class, in_use;
    uint8_t pad[28];
};
_Static_assert(sizeof(struct slab) == 64, "slab header");

static struct slab *slab_of(const void *p)
{
    return (struct slab *)((uintptr_t)p & ~(uintptr_t)(PAGE_SIZE - 1));
}

static struct slab *slab_new(struct quota *q, unsigned class)
{
    struct slab *s = page_alloc(q);
    if (!s)
        return NULL;
    s->quota = q;
    s->class = (uint16_t) class;
    list_init(&s->in_partial);
    char *first = (char *)s + sizeof *s;
    unsigned n = (unsigned)((PAGE_SIZE - sizeof *s) / class_size[class]);
    for (unsigned i = n; i-- > 0;) {
        void **object = (void **)(first + (size_t)i * class_size[class]);
        *object = s->free;
        s->free = object;
    }
    list_insert_after(&q->partial[class], &s->in_partial);
    return s;
}

void *slab_alloc(struct quota *q, size_t bytes)
{
    unsigned class = 0;
    while (class_size[class] < bytes)
        class ++;
    struct slab *s;
    if (list_empty(&q->partial[class])) {
        s = slab_new(q, class);
        if (!s)
            return NULL;
    } else {
        s = container_of(q->partial[class].next, struct slab, in_partial);
    }
    void *p = s->free;
    s->free = *(void **)p;
    s->in_use++;
    if (!s->free)
        list_remove(&s->in_partial);
    memset(p, 0, class_size[class]);
    return p;
}

void slab_free(void *p)
{
    struct slab *s = slab_of(p);
    *(void **)p = s->free;
    s->free = p;
    s->in_use--;
    if (s->in_use == 0) {
        list_remove(&s->in_partial);
        page_free(s->quota, s);
    } else if (list_empty(&s->in_partial)) {
        list_insert_after(&s->quota->partial[s->class], &s->in_partial);
    }
}

struct quota *slab_quota(const void *p)
{
    return slab_of(p)->quota;
}
