/*
 * I/O permission (Intel SDM vol. 1, 19.5.2). The bitmap is not copied at a switch: it lies behind
 * the task state segment at TSS_WINDOW, and a task with ports has page tables of its own there:
 *
 *   page 0  task state segment (common)      page 3  ones (common)
 *   pages 1–2  the task's bitmap; a 0 bit allows the port
 */
#include "machine.h"
#include "paging.h"
#include "port.h"

#define BITMAP_PAGES 2
#define OWN_PAGES    (3 + BITMAP_PAGES) /* three tables, two bitmap pages */

struct port_bitmap {
    uint64_t *tables[3];
    uint8_t *bits[BITMAP_PAGES];
};

/* Ports that stay with the kernel: both 8259s. */
static const struct {
    uint16_t first, count;
} reserved[] = {{0x20, 2}, {0xa0, 2}};

bool port_ports_reserved(uint32_t first, uint32_t count)
{
    for (unsigned i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (first < reserved[i].first + reserved[i].count && reserved[i].first < first + count)
            return true;
    return false;
}

static void set_bits(struct port_bitmap *b, uint32_t first, uint32_t count, bool deny)
{
    for (uint32_t p = first; p < first + count;) {
        uint8_t *byte = &b->bits[p / 8 / PAGE_SIZE][p / 8 % PAGE_SIZE];
        if (p % 8 == 0 && first + count - p >= 8) {
            *byte = deny ? 0xff : 0;
            p += 8;
        } else {
            *byte = (uint8_t)(deny ? *byte | 1u << p % 8 : *byte & ~(1u << p % 8));
            p++;
        }
    }
}

static struct port_bitmap *make(struct task *t)
{
    struct port_bitmap *b = slab_alloc(t->quota, sizeof *b);
    if (!b)
        return NULL;
    if (!quota_take(t->quota, OWN_PAGES)) {
        slab_free(b);
        return NULL;
    }
    for (unsigned i = 0; i < 3; i++)
        b->tables[i] = page_alloc_charged();
    for (unsigned i = 0; i < BITMAP_PAGES; i++) {
        b->bits[i] = page_alloc_charged();
        b->tables[2][1 + i] = port_physical(b->bits[i]) | PTE_PRESENT | PTE_NX | PTE_ACCESSED;
    }
    b->tables[2][0] =
        port_physical(tss_page) | PTE_PRESENT | PTE_WRITE | PTE_NX | PTE_ACCESSED | PTE_DIRTY;
    b->tables[2][3] = port_physical(all_ones_page) | PTE_PRESENT | PTE_NX | PTE_ACCESSED;
    b->tables[1][0] = port_physical(b->tables[2]) | PTE_PRESENT | PTE_WRITE;
    b->tables[0][0] = port_physical(b->tables[1]) | PTE_PRESENT | PTE_WRITE;
    t->port_state = b;
    return b;
}

unsigned port_ports_update(struct task *t)
{
    struct port_bitmap *b = t->port_state;
    bool fresh = !b;
    if (fresh && !(b = make(t)))
        return QUOTA;
    for (unsigned i = 0; i < BITMAP_PAGES; i++)
        memset(b->bits[i], 0xff, PAGE_SIZE);
    for (struct list *l = t->ports.next; l != &t->ports; l = l->next) {
        struct attachment *a = container_of(l, struct attachment, in_task);
        struct ports *p = (struct ports *)a->object;
        set_bits(b, p->first, p->count, false);
    }
    for (unsigned i = 0; i < sizeof reserved / sizeof *reserved; i++)
        set_bits(b, reserved[i].first, reserved[i].count, true);
    if (fresh)
        space_set_tss_table(&t->space, port_physical(b->tables[0]));
    return OK;
}

void port_ports_free(struct task *t)
{
    struct port_bitmap *b = t->port_state;
    if (!b)
        return;
    t->port_state = NULL;
    space_set_tss_table(&t->space, 0);
    for (unsigned i = 0; i < 3; i++)
        page_free(t->quota, b->tables[i]);
    for (unsigned i = 0; i < BITMAP_PAGES; i++)
        page_free(t->quota, b->bits[i]);
    slab_free(b);
}
