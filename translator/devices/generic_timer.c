/*
 * ARM generic timer (DDI 0406C B8.1, registers B4.1.21 ff.).
 *
 * The counter is virtual time divided by the tick; without the Virtualization Extensions the virtual
 * count equals the physical one (the offset is 0). A timer's condition is count >= CVAL, unsigned;
 * its line is high while it is enabled, not masked and the condition holds. That is a function of
 * time and registers alone: `update` computes it and arms the VM's timer for the moment it changes
 * next, so an interrupt comes exactly when the count is reached, and a deadline in the past at once.
 *
 * What user mode may touch CNTKCTL says; a refused access is an undefined instruction.
 */
#include <translator/devices/generic_timer.h>

#include <frontends/arm/arm_cpu.h>
#include <stdlib.h>

enum { PHYSICAL, VIRTUAL, TIMERS };

enum { CTL_ENABLE = 1, CTL_IMASK = 2, CTL_ISTATUS = 4 };
/* CNTKCTL: what user mode may use (B4.1.26). Bits 7:2, the event stream, are only stored: WFE never
 * sleeps without an event. */
enum { PL0_PCT = 0x001, PL0_VCT = 0x002, PL0_VT = 0x100, PL0_PT = 0x200, CNTKCTL_BITS = 0x3ff };

struct comparator {
    struct generic_timer *owner;
    uint64_t cval;
    uint32_t ctl;
    struct vtimer timer;
    struct line line;
};

struct generic_timer {
    struct vm *vm;
    uint32_t frequency; /* CNTFRQ: a note from firmware to the system, changes nothing */
    struct comparator timer[TIMERS];
};

static uint64_t count(const struct generic_timer *t)
{
    return vm_time(t->vm) / GENERIC_TIMER_NS;
}

static void update(struct comparator *c)
{
    struct generic_timer *t = c->owner;
    bool met = count(t) >= c->cval;
    uint64_t when = UINT64_MAX;
    if ((c->ctl & CTL_ENABLE) && !met && c->cval < UINT64_MAX / GENERIC_TIMER_NS)
        when = c->cval * GENERIC_TIMER_NS;
    if (c->timer.when != when)
        vtimer_arm(t->vm, &c->timer, when);
    line_set(&c->line, met && (c->ctl & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE);
}

static void expired(void *device)
{
    struct comparator *c = device;
    c->timer.when = UINT64_MAX;
    update(c);
}

static uint32_t control(const struct comparator *c)
{
    bool met = (c->ctl & CTL_ENABLE) && count(c->owner) >= c->cval;
    return c->ctl | (met ? CTL_ISTATUS : 0);
}

static void access_tval(struct comparator *c, bool write, uint64_t *value)
{
    if (write)
        c->cval = count(c->owner) + (uint64_t)(int64_t)(int32_t)*value;
    else
        *value = (uint32_t)(c->cval - count(c->owner));
}

/* ---- the registers ---------------------------------------------------------------------------- */

enum what { FREQUENCY, KERNEL_CONTROL, TVAL, CTL, COUNT, CVAL };

static const struct timer_register {
    bool wide;
    uint8_t op1, crm, op2;
    uint8_t what, timer;
    bool writable;
    uint16_t user; /* CNTKCTL bits of which one must be set for user mode; 0: never */
} registers[] = {
    {false, 0, 0, 0, FREQUENCY, 0, true, PL0_PCT | PL0_VCT}, /* CNTFRQ B4.1.21; write: not user */
    {false, 0, 1, 0, KERNEL_CONTROL, 0, true, 0},            /* CNTKCTL B4.1.26 */
    {false, 0, 2, 0, TVAL, PHYSICAL, true, PL0_PT},          /* CNTP_TVAL B4.1.30 */
    {false, 0, 2, 1, CTL, PHYSICAL, true, PL0_PT},           /* CNTP_CTL B4.1.28 */
    {false, 0, 3, 0, TVAL, VIRTUAL, true, PL0_VT},           /* CNTV_TVAL B4.1.33 */
    {false, 0, 3, 1, CTL, VIRTUAL, true, PL0_VT},            /* CNTV_CTL B4.1.31 */
    {true, 0, 14, 0, COUNT, PHYSICAL, false, PL0_PCT},       /* CNTPCT B4.1.27 */
    {true, 1, 14, 0, COUNT, VIRTUAL, false, PL0_VCT},        /* CNTVCT B4.1.34 */
    {true, 2, 14, 0, CVAL, PHYSICAL, true, PL0_PT},          /* CNTP_CVAL B4.1.29 */
    {true, 3, 14, 0, CVAL, VIRTUAL, true, PL0_VT},           /* CNTV_CVAL B4.1.32 */
};

static const struct timer_register *find(unsigned op1, unsigned crm, unsigned op2, bool wide)
{
    for (unsigned i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        const struct timer_register *r = &registers[i];
        if (r->wide == wide && r->op1 == op1 && (wide || (r->crm == crm && r->op2 == op2)))
            return r;
    }
    return NULL;
}

static bool allowed(const struct arm_cpu *cpu, const struct timer_register *r, bool write)
{
    if (write && !r->writable)
        return false;
    if ((cpu->cpsr & CPSR_MODE) != MODE_USR)
        return true;
    return (cpu->cp15.cntkctl & r->user) && !(write && r->what == FREQUENCY);
}

/* The registers that are plain words. */
static void access_word(uint32_t *word, uint32_t bits, bool write, uint64_t *value)
{
    if (write)
        *word = (uint32_t)*value & bits;
    else
        *value = *word;
}

bool generic_timer_access(struct generic_timer *t, bool write, unsigned op1, unsigned crm,
                          unsigned op2, bool wide, uint64_t *value)
{
    struct arm_cpu *cpu = arm_of(vm_cpu(t->vm));
    const struct timer_register *r = find(op1, crm, op2, wide);
    if (r == NULL || !allowed(cpu, r, write))
        return false;
    struct comparator *c = &t->timer[r->timer];
    switch ((enum what)r->what) {
    case FREQUENCY:
        access_word(&t->frequency, ~0u, write, value);
        return true;
    case KERNEL_CONTROL:
        access_word(&cpu->cp15.cntkctl, CNTKCTL_BITS, write, value);
        return true;
    case COUNT:
        *value = count(t);
        return true;
    case TVAL:
        access_tval(c, write, value);
        break;
    case CTL:
        if (write)
            c->ctl = (uint32_t)*value & (CTL_ENABLE | CTL_IMASK);
        else
            *value = control(c);
        break;
    case CVAL:
        if (write)
            c->cval = *value;
        else
            *value = c->cval;
        break;
    }
    if (write)
        update(c);
    return true;
}

void generic_timer_reset(struct generic_timer *t)
{
    t->frequency = 1000000000u / GENERIC_TIMER_NS;
    for (unsigned i = 0; i < TIMERS; i++) {
        t->timer[i].cval = 0;
        t->timer[i].ctl = 0;
        update(&t->timer[i]);
    }
}

struct generic_timer *generic_timer_create(struct vm *vm, struct line physical,
                                           struct line virtual_line)
{
    struct generic_timer *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->vm = vm;
    for (unsigned i = 0; i < TIMERS; i++) {
        struct comparator *c = &t->timer[i];
        c->owner = t;
        c->line = i == PHYSICAL ? physical : virtual_line;
        c->timer = (struct vtimer){.when = UINT64_MAX, .expired = expired, .device = c};
        vtimer_add(vm, &c->timer);
    }
    generic_timer_reset(t);
    return t;
}

void generic_timer_delete(struct generic_timer *t)
{
    free(t);
}
