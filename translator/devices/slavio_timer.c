/*
 * A counter-timer of the SLAVIO (sun4m system architecture; NCR89C105 data sheet, "Counter-timers").
 *
 * It counts ticks of 500 ns in bits 30-9, from 1 up; when it reaches the limit it goes back to 1 and
 * sets bit 31 of limit and counter, which is the interrupt, until the limit register is read or
 * written. A limit of 0 is the longest and raises no interrupt. The count is computed from virtual time when it is read.
 *
 *     00 limit   04 counter   08 limit, without starting anew   0c user timer run   10 configuration
 *
 * A guest whose host let it wait for longer than a period would miss interrupts, and, as a clock is
 * interrupts counted plus the counter, see that clock go back, on which Linux waits for ever. So while
 * its interrupt is pending the counter does not begin anew, but stands before the limit; and of the
 * periods that are over at the acknowledgement, KEPT come one by one. More are lost: a host that is
 * short of time would otherwise spend all of it on them. After STANDS_NS without acknowledgement the
 * guest is taken to poll: then the counter goes on, as in the chip.
 *
 * Not modelled: user timers (configuration and run registers keep what is written).
 */
#include <translator/devices/common.h>
#include <translator/devices/slavio_timer.h>

#include <stdlib.h>

#define TICK_NS     500u
#define KEPT        3u
#define STANDS_NS   20000000000ull
#define COUNT_SHIFT 9u
#define COUNT_BITS  0x7ffffe00u
#define REACHED     0x80000000u
#define R_LIMIT     0x00u
#define R_COUNTER   0x04u
#define R_RELOAD    0x08u
#define R_RUN       0x0cu
#define R_CONFIG    0x10u

struct slavio_timer {
    struct vm *vm;
    struct line line;
    bool system;
    uint32_t limit, config, run;
    bool reached;
    uint64_t begun; /* when the count was 1 */
    struct vtimer timer;
};

/* Ticks from 1 to the limit. */
static uint64_t period(const struct slavio_timer *t)
{
    uint64_t ticks = (t->limit != 0 ? t->limit : COUNT_BITS) >> COUNT_SHIFT;
    return ticks > 1 ? ticks - 1 : 1;
}

static void arm(struct slavio_timer *t)
{
    vtimer_arm(t->vm, &t->timer, t->begun + period(t) * TICK_NS);
}

static bool stands(const struct slavio_timer *t, uint64_t late)
{
    return t->reached && t->limit != 0 && late < STANDS_NS;
}

/* Periods that are over: the first of those that are kept, and all that are lost. */
static void catch_up(struct slavio_timer *t)
{
    uint64_t ns = period(t) * TICK_NS, late = vm_time(t->vm) - t->begun, over = late / ns;
    if (over == 0 || stands(t, late))
        return;
    if (t->limit != 0 && !t->reached)
        over = over > KEPT ? over - KEPT + 1 : 1;
    t->begun += over * ns;
    t->reached = true;
    line_set(&t->line, t->limit != 0);
}

static void expired(void *device)
{
    struct slavio_timer *t = device;
    catch_up(t);
    if (!t->reached || t->limit == 0) /* else the acknowledgement arms it */
        arm(t);
}

static uint32_t count(struct slavio_timer *t)
{
    catch_up(t);
    uint64_t ticks = (vm_time(t->vm) - t->begun) / TICK_NS, last = period(t) - 1;
    ticks = (ticks < last ? ticks : last) + 1;
    return ((uint32_t)(ticks << COUNT_SHIFT) & COUNT_BITS) | (t->reached ? REACHED : 0);
}

static void acknowledge(struct slavio_timer *t)
{
    t->reached = false;
    line_set(&t->line, false);
    arm(t);
}

static uint64_t timer_read(void *device, uint32_t offset, unsigned size)
{
    struct slavio_timer *t = device;
    uint32_t v;
    switch (size == 4 ? offset : ~0u) {
    case R_LIMIT:
        catch_up(t);
        v = t->limit | (t->reached ? REACHED : 0);
        acknowledge(t);
        return v;
    case R_COUNTER:
        return count(t);
    case R_RELOAD:
        return t->limit;
    case R_RUN:
        return t->run;
    case R_CONFIG:
        if (t->system)
            return t->config;
    }
    device_unassigned(t->vm, "slavio timer", false, offset, size);
    return 0;
}

static void timer_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct slavio_timer *t = device;
    switch (size == 4 ? offset : ~0u) {
    case R_LIMIT:
        t->limit = (uint32_t)value & COUNT_BITS;
        t->begun = vm_time(t->vm);
        acknowledge(t);
        return;
    case R_COUNTER: /* read only */
        return;
    case R_RELOAD:
        catch_up(t);
        t->limit = (uint32_t)value & COUNT_BITS;
        arm(t);
        return;
    case R_RUN:
        t->run = value & 1;
        return;
    case R_CONFIG:
        if (!t->system)
            break;
        t->config = value & 0xf;
        return;
    }
    device_unassigned(t->vm, "slavio timer", true, offset, size);
}

const struct device_ops slavio_timer_ops = {timer_read, timer_write};

void slavio_timer_reset(struct slavio_timer *t)
{
    t->limit = t->config = t->run = 0;
    t->begun = vm_time(t->vm);
    acknowledge(t);
}

struct slavio_timer *slavio_timer_create(struct vm *vm, struct line line, bool system)
{
    struct slavio_timer *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->vm = vm;
    t->line = line;
    t->system = system;
    t->timer = (struct vtimer){.when = UINT64_MAX, .expired = expired, .device = t};
    vtimer_add(vm, &t->timer);
    slavio_timer_reset(t);
    return t;
}

void slavio_timer_delete(struct slavio_timer *t)
{
    free(t);
}
