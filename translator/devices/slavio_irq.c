/*
 * Interrupt controllers of the SLAVIO (sun4m system architecture; NCR89C105 data sheet, "Interrupt
 * controller").
 *
 * System inputs have fixed levels; those not masked, what software asked for, and the CPU's timer
 * are pending for the CPU, and the highest level goes out. All inputs are levels, so the output is a
 * function of the inputs and three registers.
 *
 *     CPU registers      00 pending (31-17 software 15-1, 15-1 hardware)   04 clear   08 set
 *     system registers   00 pending   04 mask   08 mask clear   0c mask set   10 target CPU
 */
#include <translator/devices/common.h>
#include <translator/devices/slavio_irq.h>

#include <stdlib.h>

#define MASK_ALL      0x80000000u
#define MASK_BITS     0xff7fffffu
#define SOFT_BITS     0xfffe0000u
#define TIMER_LEVEL   14u
#define SOFT_SHIFT    16u
#define LEVELS        16u
#define ERROR_LEVEL   15u
#define CPU_PENDING   0x00u
#define CPU_CLEAR     0x04u
#define CPU_SET       0x08u
#define SYSTEM_STATUS 0x00u
#define SYSTEM_MASK   0x04u
#define SYSTEM_CLEAR  0x08u
#define SYSTEM_SET    0x0cu
#define SYSTEM_TARGET 0x10u

/* The level of each system input. */
static const uint8_t levels[SLAVIO_INPUTS] = {
    [0] = 2,
    [1] = 3,
    [2] = 5,
    [3] = 7,
    [4] = 9,
    [5] = 11,
    [6] = 13,
    [7] = 2,
    [8] = 3,
    [9] = 5,
    [10] = 7,
    [11] = 9,
    [12] = 11,
    [13] = 13,
    [14] = 12,
    [15] = 12,
    [16] = 6,
    [17] = 13,
    [18] = 4,
    [19] = 10,
    [20] = 8,
    [21] = 9,
    [22] = 11,
    [27] = ERROR_LEVEL,
    [28] = ERROR_LEVEL,
    [29] = ERROR_LEVEL,
    [30] = ERROR_LEVEL,
};

struct slavio_irq {
    struct vm *vm;
    void (*level)(void *to, unsigned n);
    void *to;
    uint32_t inputs, mask, target;
    uint32_t soft; /* bits as in the pending register */
    bool timer;
    unsigned out;
};

static uint32_t cpu_pending(const struct slavio_irq *s)
{
    uint32_t pending = s->soft | (s->timer ? 1u << TIMER_LEVEL : 0);
    uint32_t on = s->mask & MASK_ALL ? 0 : s->inputs & ~s->mask;
    for (unsigned i = 0; i < SLAVIO_INPUTS; i++)
        if (on >> i & 1 && levels[i] != 0)
            pending |= 1u << levels[i];
    return pending;
}

static void update(struct slavio_irq *s)
{
    uint32_t pending = cpu_pending(s);
    uint32_t asked = (pending | pending >> SOFT_SHIFT) & 0xfffe;
    unsigned n = 0;
    while (asked >> (n + 1) != 0)
        n++;
    if (n == s->out)
        return;
    s->out = n;
    s->level(s->to, n);
}

static void input(void *to, unsigned number, bool level)
{
    struct slavio_irq *s = to;
    if (number == SLAVIO_CPU_TIMER)
        s->timer = level;
    else
        s->inputs = level ? s->inputs | 1u << number : s->inputs & ~(1u << number);
    update(s);
}

struct line slavio_irq_line(struct slavio_irq *s, unsigned number)
{
    return (struct line){input, s, number};
}

static uint64_t cpu_read(void *device, uint32_t offset, unsigned size)
{
    struct slavio_irq *s = device;
    if (size == 4 && offset == CPU_PENDING)
        return cpu_pending(s);
    if (size != 4 || offset > CPU_SET)
        device_unassigned(s->vm, "slavio cpu interrupts", false, offset, size);
    return 0;
}

static void cpu_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct slavio_irq *s = device;
    uint32_t v = (uint32_t)value & SOFT_BITS;
    if (size == 4 && offset == CPU_CLEAR)
        s->soft &= ~v;
    else if (size == 4 && offset == CPU_SET)
        s->soft |= v;
    else
        device_unassigned(s->vm, "slavio cpu interrupts", true, offset, size);
    update(s);
}

static uint64_t system_read(void *device, uint32_t offset, unsigned size)
{
    struct slavio_irq *s = device;
    switch (size == 4 ? offset : ~0u) {
    case SYSTEM_STATUS:
        return s->inputs;
    case SYSTEM_MASK:
        return s->mask;
    case SYSTEM_CLEAR:
    case SYSTEM_SET:
        return 0;
    case SYSTEM_TARGET:
        return s->target;
    }
    device_unassigned(s->vm, "slavio interrupts", false, offset, size);
    return 0;
}

static void system_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct slavio_irq *s = device;
    uint32_t v = (uint32_t)value & MASK_BITS;
    switch (size == 4 ? offset : ~0u) {
    case SYSTEM_CLEAR:
        s->mask &= ~v;
        break;
    case SYSTEM_SET:
        s->mask |= v;
        break;
    case SYSTEM_TARGET: /* there is one CPU */
        s->target = (uint32_t)value & 0xf;
        break;
    default:
        device_unassigned(s->vm, "slavio interrupts", true, offset, size);
    }
    update(s);
}

const struct device_ops slavio_cpu_irq_ops = {cpu_read, cpu_write};
const struct device_ops slavio_system_irq_ops = {system_read, system_write};

void slavio_irq_reset(struct slavio_irq *s)
{
    s->mask = MASK_BITS; /* all held back */
    s->soft = s->target = 0;
    s->out = LEVELS; /* drive the output anew */
    update(s);
}

void slavio_irq_begin(struct slavio_irq *s)
{
    s->mask = MASK_BITS & ~MASK_ALL;
    update(s);
}

struct slavio_irq *slavio_irq_create(struct vm *vm, void (*level)(void *to, unsigned n), void *to)
{
    struct slavio_irq *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->vm = vm;
    s->level = level;
    s->to = to;
    slavio_irq_reset(s);
    return s;
}

void slavio_irq_delete(struct slavio_irq *s)
{
    free(s);
}
