/* GICv2: registers, priorities and preemption, groups, both ways to end an interrupt. */
#include "mock.h"

#include <translator/devices/gicv2.h>

#define DIST(offset)        get(&gicv2_distributor, g, offset)
#define CPUI(offset)        get(&gicv2_interface, g, offset)
#define DIST_PUT(offset, v) put(&gicv2_distributor, g, offset, v)
#define CPUI_PUT(offset, v) put(&gicv2_interface, g, offset, v)
#define IRQ                 ((vm->lines & CPU_IRQ) != 0)
#define FIQ                 ((vm->lines & CPU_FIQ) != 0)

/* Everything on; interrupts 40–43 enabled with priorities 80h, 40h, 40h, C0h. */
static struct gicv2 *set_up(struct vm *vm)
{
    struct gicv2 *g = gicv2_create(vm);
    DIST_PUT(0x000, 3);
    CPUI_PUT(0x00, 1);
    CPUI_PUT(0x04, 0xff);
    DIST_PUT(0x104, 0xf00);
    DIST_PUT(0x428, 0xc0404080);
    return g;
}

static void registers(struct vm *vm)
{
    struct gicv2 *g = gicv2_create(vm);
    CHECK("gic-typer", DIST(4) == 8 && DIST(0xfe8) == 0x2b && CPUI(0xfc) == 0x2043b);
    CHECK("gic-sgi-enabled", DIST(0x100) == 0xffff && DIST(0xc00) == 0xaaaaaaaa);
    DIST_PUT(0x180, ~0u);
    CHECK("gic-sgi-stay-enabled", DIST(0x100) == 0xffff);
    DIST_PUT(0x400, 0xffffffff);
    gicv2_distributor.write(g, 0x402, 1, 0x47);
    CHECK("gic-priority-bytes",
          DIST(0x400) == 0xf840f8f8 && gicv2_distributor.read(g, 0x402, 1) == 0x40);
    DIST_PUT(0x820, 0xffffffff);
    CHECK("gic-targets", DIST(0x820) == 0);
    DIST_PUT(0xc08, 0xffffffff);
    CHECK("gic-config", DIST(0xc08) == 0xaaaaaaaa);
    CPUI_PUT(0x04, 0xff);
    CPUI_PUT(0x08, 0);
    CPUI_PUT(0x1c, 0);
    CHECK("gic-masks", CPUI(4) == 0xf8 && CPUI(8) == 2 && CPUI(0x1c) == 3);
    CHECK("gic-idle", CPUI(0x14) == 0xff && CPUI(0x0c) == 1023 && CPUI(0x18) == 1023);
    unsigned logs = vm->logs;
    CHECK("gic-wander", DIST(0xf80) == 0 && DIST(0x124) == 0 && CPUI(0x200) == 0 &&
                            gicv2_interface.read(g, 0x0c, 1) == 0 && vm->logs == logs + 3);
    gicv2_delete(g);
}

static void levels_and_edges(struct vm *vm)
{
    struct gicv2 *g = set_up(vm);
    struct line level = gicv2_line(g, 40), edge = gicv2_line(g, 41);
    DIST_PUT(0xc08, 2u << 18);
    line_set(&level, true);
    CHECK("gic-level", IRQ && (DIST(0x204) & 0x100));
    CHECK("gic-level-ack", CPUI(0x0c) == 40 && !IRQ && (DIST(0x204) & 0x100));
    CHECK("gic-active", (DIST(0x304) & 0x100) && CPUI(0x14) == 0x80);
    CPUI_PUT(0x10, 40);
    CHECK("gic-level-again", IRQ && CPUI(0x14) == 0xff);
    line_set(&level, false);
    CHECK("gic-level-gone", !IRQ);
    line_set(&level, true);
    CPUI(0x0c);
    line_set(&level, false);
    line_set(&level, true);
    line_set(&level, false);
    CPUI_PUT(0x10, 40);
    CHECK("gic-level-not-latched", !IRQ && CPUI(0x14) == 0xff);
    line_set(&edge, true);
    line_set(&edge, false);
    CHECK("gic-edge", IRQ && CPUI(0x0c) == 41);
    line_set(&edge, true);
    CHECK("gic-edge-while-active", !IRQ && (DIST(0x204) & 0x200));
    CPUI_PUT(0x10, 41);
    CHECK("gic-edge-once", IRQ && CPUI(0x0c) == 41);
    CPUI_PUT(0x10, 41);
    CHECK("gic-edge-done", !IRQ);
    DIST_PUT(0x204, 1u << 10);
    CHECK("gic-software-pending", IRQ && CPUI(0x18) == 42);
    DIST_PUT(0x284, 1u << 10);
    CHECK("gic-software-clear", !IRQ);
    gicv2_delete(g);
}

static void preemption(struct vm *vm)
{
    struct gicv2 *g = set_up(vm);
    DIST_PUT(0x204, 0xf00);
    CHECK("gic-best-first", CPUI(0x0c) == 41 && CPUI(0x14) == 0x40);
    CHECK("gic-equal-waits", !IRQ && CPUI(0x0c) == 1023);
    DIST_PUT(0xf00, 2u << 24 | 5); /* an SGI of priority 0 to itself */
    CHECK("gic-preempts", IRQ && CPUI(0x0c) == 5 && CPUI(0x14) == 0);
    CPUI_PUT(0x10, 5);
    CHECK("gic-drop", CPUI(0x14) == 0x40 && !IRQ);
    CPUI_PUT(0x10, 41);
    CHECK("gic-next", CPUI(0x0c) == 42);
    CPUI_PUT(0x10, 42);
    CPUI_PUT(0x04, 0x80);
    CHECK("gic-mask", !IRQ && CPUI(0x0c) == 1023 && CPUI(0x18) == 40);
    CPUI_PUT(0x04, 0x88);
    CHECK("gic-mask-raised", IRQ && CPUI(0x0c) == 40);
    CPUI_PUT(0x10, 40);
    CPUI_PUT(0x04, 0xff);
    CPUI_PUT(0x08, 7); /* no bit of the priority preempts any more */
    CHECK("gic-binary-point", CPUI(0x0c) == 43);
    DIST_PUT(0x204, 0x100);
    CHECK("gic-binary-point-waits", !IRQ && CPUI(0x14) == 0);
    CPUI_PUT(0x10, 43);
    CHECK("gic-binary-point-end", IRQ && CPUI(0x0c) == 40);
    CPUI_PUT(0x10, 40);
    unsigned logs = vm->logs;
    CPUI_PUT(0x10, 40);
    CPUI_PUT(0x10, 1023);
    CHECK("gic-end-twice", vm->logs == logs + 1 && CPUI(0x14) == 0xff);
    gicv2_delete(g);
}

static void split_end(struct vm *vm)
{
    struct gicv2 *g = set_up(vm);
    struct line level = gicv2_line(g, 40);
    CPUI_PUT(0x00, 1 | 0x200);
    line_set(&level, true);
    CHECK("gic-split-ack", CPUI(0x0c) == 40);
    CPUI_PUT(0x10, 40);
    CHECK("gic-split-drop", CPUI(0x14) == 0xff && (DIST(0x304) & 0x100) && !IRQ);
    CPUI_PUT(0x1000, 40);
    CHECK("gic-split-deactivate", !(DIST(0x304) & 0x100) && IRQ);
    line_set(&level, false);
    gicv2_delete(g);
}

static void groups(struct vm *vm)
{
    struct gicv2 *g = set_up(vm);
    DIST_PUT(0x084, 1u << 9); /* 41 is of group 1 */
    CPUI_PUT(0x00, 3 | 8);    /* both groups, group 0 as FIQ */
    DIST_PUT(0x204, 1u << 8);
    CHECK("gic-fiq", FIQ && !IRQ);
    DIST_PUT(0x204, 1u << 9);
    CHECK("gic-group1", IRQ && !FIQ && CPUI(0x18) == 1022 && CPUI(0x0c) == 1022);
    CHECK("gic-alias", CPUI(0x28) == 41 && CPUI(0x20) == 41 && CPUI(0xe0) == 1u << 8);
    CPUI_PUT(0x24, 41);
    CHECK("gic-alias-end", CPUI(0x14) == 0xff && FIQ && CPUI(0x20) == 1023);
    CPUI_PUT(0x00, 3 | 4);
    DIST_PUT(0x204, 1u << 9);
    CHECK("gic-ackctl", IRQ && CPUI(0x0c) == 41);
    CPUI_PUT(0x10, 41);
    gicv2_reset(g);
    CHECK("gic-reset", !IRQ && !FIQ && DIST(0) == 0 && DIST(0x84) == 0);
    gicv2_delete(g);
}

/* Random accesses: nothing may be read or written outside (the sanitizers watch), and outputs must
 * stay a function of the state. */
static void wander(struct vm *vm)
{
    struct gicv2 *g = gicv2_create(vm);
    static const uint8_t sizes[] = {1, 2, 4, 4, 4, 8};
    for (unsigned i = 0; i < 200000 / rounds_divisor; i++) {
        uint64_t r = random_next();
        bool distributor = r & 1;
        const struct device_ops *ops = distributor ? &gicv2_distributor : &gicv2_interface;
        uint32_t offset = (uint32_t)(r >> 8) & (distributor ? 0xfff : 0x10ff);
        unsigned size = sizes[(r >> 40) % sizeof sizes];
        struct line line = gicv2_line(g, (unsigned)(r >> 48) % 300);
        line_set(&line, r >> 47 & 1);
        if (r & 2)
            ops->write(g, offset & ~3u, size, random_next());
        else
            ops->read(g, offset, size);
    }
    gicv2_reset(g);
    CHECK("gic-wander-random", !IRQ && !FIQ);
    gicv2_delete(g);
}

void test_gic(void)
{
    struct vm *vm = new_vm(0);
    registers(vm);
    levels_and_edges(vm);
    preemption(vm);
    split_end(vm);
    groups(vm);
    wander(vm);
    delete_vm(vm);
}
