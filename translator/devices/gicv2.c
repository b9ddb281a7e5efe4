/*
 * GICv2: the state of each interrupt, which of them is signalled, acknowledge and end.
 *
 * An interrupt is pending when its latch is set (an edge, a software write, an SGI) or when it is
 * level-sensitive and its line is high; active from acknowledge to deactivation. The *best*
 * interrupt is the one of least priority number (then least id) that is pending, not active, enabled,
 * and of an enabled group. It is signalled if it passes the priority mask and would preempt what runs
 * (IHI 0048B 3.3). All of this is recomputed from the bit maps by `update` after every change, so
 * no state can go stale; with 288 interrupts that is nine words.
 *
 * 32 priority levels are implemented, as in the Cortex-A15: priorities keep bits 7:3. What runs is
 * kept as one bit per group priority in apr[group], the active priorities registers themselves: the
 * running priority is the lowest bit set, acknowledge sets a bit, end of interrupt clears the lowest.
 * Interrupt groups exist without the Security Extensions too (1.4.2); accesses count as secure.
 *
 * Registers are gicv2_registers.c's.
 */
#include "gicv2_state.h"

#include <stdlib.h>

static bool bit(const uint32_t *map, unsigned id)
{
    return map[id / 32] >> id % 32 & 1;
}

static void set_bit(uint32_t *map, unsigned id, bool value)
{
    map[id / 32] = (map[id / 32] & ~(1u << id % 32)) | (uint32_t)value << id % 32;
}

uint32_t gic_pending(const struct gicv2 *g, unsigned word)
{
    return g->latch[word] | (g->line[word] & ~g->edge[word]);
}

bool gic_group(const struct gicv2 *g, unsigned id)
{
    return bit(g->group, id);
}

/* Group 0 may be FIQ; group enables of distributor and CPU interface are the same two bits. */
unsigned gic_best(const struct gicv2 *g)
{
    uint32_t enabled = g->dist_ctlr & g->cpu_ctlr;
    unsigned best = GIC_SPURIOUS, best_priority = 0x100;
    for (unsigned w = 0; w < GIC_WORDS; w++) {
        uint32_t set = gic_pending(g, w) & g->enable[w] & ~g->active[w];
        set &=
            (enabled & CTLR_GROUP0 ? ~g->group[w] : 0) | (enabled & CTLR_GROUP1 ? g->group[w] : 0);
        for (; set != 0; set &= set - 1) {
            unsigned id = w * 32 + (unsigned)__builtin_ctz(set);
            if (g->priority[id] < best_priority) {
                best = id;
                best_priority = g->priority[id];
            }
        }
    }
    return best;
}

/* The part of an interrupt's priority that decides preemption (IHI 0048B 3.3.3): bits 7:BPR+1; for
 * group 1 with a binary point of its own, bits 7:ABPR. */
static unsigned group_priority(const struct gicv2 *g, unsigned id)
{
    unsigned low = g->bpr + 1u;
    if (gic_group(g, id) && !(g->cpu_ctlr & CTLR_CBPR))
        low = g->abpr;
    return g->priority[id] & (0xffu << low) & 0xff;
}

unsigned gic_running(const struct gicv2 *g)
{
    uint32_t active = g->apr[0] | g->apr[1];
    return active != 0 ? (unsigned)__builtin_ctz(active) << PRIORITY_SHIFT : GIC_IDLE;
}

static bool signalled(const struct gicv2 *g, unsigned id)
{
    return id != GIC_SPURIOUS && g->priority[id] < g->pmr && group_priority(g, id) < gic_running(g);
}

void gic_update(struct gicv2 *g)
{
    unsigned best = gic_best(g);
    bool signal = signalled(g, best);
    bool fiq = signal && !gic_group(g, best) && (g->cpu_ctlr & CTLR_FIQEN);
    bool irq = signal && !fiq;
    if (irq != g->irq)
        cpu_line(g->vm, CPU_IRQ, g->irq = irq);
    if (fiq != g->fiq)
        cpu_line(g->vm, CPU_FIQ, g->fiq = fiq);
}

unsigned gic_visible(const struct gicv2 *g, unsigned id, bool alias)
{
    if (id == GIC_SPURIOUS)
        return id;
    if (alias)
        return gic_group(g, id) ? id : GIC_SPURIOUS;
    return gic_group(g, id) && !(g->cpu_ctlr & CTLR_ACKCTL) ? GIC_OTHER_GROUP : id;
}

unsigned gic_acknowledge(struct gicv2 *g, bool alias)
{
    unsigned id = gic_best(g);
    if (!signalled(g, id))
        return GIC_SPURIOUS;
    unsigned seen = gic_visible(g, id, alias);
    if (seen != id)
        return seen;
    g->apr[gic_group(g, id)] |= 1u << (group_priority(g, id) >> PRIORITY_SHIFT);
    set_bit(g->active, id, true);
    set_bit(g->latch, id, false);
    gic_update(g);
    return id; /* bits 12:10, the CPU that sent an SGI: always 0 */
}

/* Priority drop: what runs is the interrupt of the lowest bit, in whichever group it is. */
static void drop_priority(struct gicv2 *g)
{
    uint32_t lowest = g->apr[0] | g->apr[1];
    lowest &= -lowest;
    g->apr[g->apr[0] & lowest ? 0 : 1] &= ~lowest;
}

void gic_deactivate(struct gicv2 *g, unsigned id)
{
    if (id < GIC_IRQS)
        set_bit(g->active, id, false);
    gic_update(g);
}

void gic_end(struct gicv2 *g, unsigned id)
{
    if (id >= GIC_IRQS)
        return; /* 1020–1023: no effect (4.4.5) */
    bool split = g->cpu_ctlr & CTLR_EOIMODE;
    if (!split && !bit(g->active, id)) {
        vm_log(g->vm, "gic: end of interrupt %u, which is not active", id);
        return;
    }
    drop_priority(g);
    if (!split)
        set_bit(g->active, id, false);
    gic_update(g);
}

static void set_line(void *to, unsigned id, bool level)
{
    struct gicv2 *g = to;
    if (id >= GIC_IRQS || bit(g->line, id) == level)
        return;
    set_bit(g->line, id, level);
    if (level && bit(g->edge, id))
        set_bit(g->latch, id, true);
    gic_update(g);
}

struct line gicv2_line(struct gicv2 *g, unsigned id)
{
    return (struct line){set_line, g, id};
}

void gicv2_reset(struct gicv2 *g)
{
    struct vm *vm = g->vm;
    struct gicv2 fresh = {.vm = vm, .irq = g->irq, .fiq = g->fiq};
    for (unsigned w = 0; w < GIC_WORDS; w++)
        fresh.line[w] = g->line[w];
    fresh.enable[0] = fresh.edge[0] = SGI_MASK; /* SGIs are always enabled, and edges */
    fresh.bpr = BPR_MIN;
    fresh.abpr = BPR_MIN + 1;
    *g = fresh;
    gic_update(g);
}

struct gicv2 *gicv2_create(struct vm *vm)
{
    struct gicv2 *g = calloc(1, sizeof *g);
    if (g != NULL) {
        g->vm = vm;
        gicv2_reset(g);
    }
    return g;
}

void gicv2_delete(struct gicv2 *g)
{
    free(g);
}
