/*
 * Local APIC (Intel SDM vol. 3, chapter 10), of the only CPU of a machine: its ID is 0.
 *
 * What is requested is a function of the registers: the highest vector in IRR, if its class is above
 * that of the processor priority; else the 8259's request, if LINT0 or a message let it through. `update`
 * recomputes it after each change. The timer's current count is computed from the time it was
 * started; it counts at 1 GHz before division. Messages and IPIs arrive at once.
 *
 * At reset LINT0 is an unmasked ExtINT, which hardware leaves to firmware: so kernels that are loaded
 * without firmware find the virtual-wire mode that the MP specification promises them (3.6.2.2).
 * Not modelled: TSC-deadline, x2APIC, and sources of thermal and performance interrupts.
 */
#include <translator/devices/common.h>
#include <translator/devices/lapic.h>

#include <stdlib.h>
#include <string.h>

/* clang-format off */
enum { /* table 10-1 */
    R_ID = 0x020, R_VERSION = 0x030, R_TPR = 0x080, R_APR = 0x090, R_PPR = 0x0a0, R_EOI = 0x0b0, R_LDR = 0x0d0,
    R_DFR = 0x0e0, R_SVR = 0x0f0, R_ISR = 0x100, R_TMR = 0x180, R_IRR = 0x200, R_ESR = 0x280, R_ICR = 0x300,
    R_ICR_HIGH = 0x310, R_LVT = 0x320, R_LVT_ERROR = 0x370, R_INITIAL = 0x380, R_CURRENT = 0x390, R_DIVIDE = 0x3e0,
};
enum { L_TIMER, L_THERMAL, L_PERFORMANCE, L_LINT0, L_LINT1, L_ERROR, LVTS };
enum { LVT_VECTOR = 0xff, LVT_MODE = 0x700, LVT_LEVEL = 0x8000, LVT_MASKED = 0x10000, LVT_PERIODIC = 0x20000 };
enum { SVR_ENABLED = 0x100, ESR_SEND = 0x20, ESR_RECEIVE = 0x40, ESR_REGISTER = 0x80 };
/* clang-format on */

#define VERSION  0x00050014u /* six LVT entries */
#define WORDS    8u
#define LEAST_NS 2000u /* between two expiries of a periodic timer, whatever its count */

/* Bits of each LVT entry that can be written (figure 10-8). */
static const uint32_t lvt_bits[LVTS] = {0x300ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff};

struct lapic {
    struct vm *vm;
    struct lapic_wires wires;
    bool enabled;
    bool lint[2];
    bool external; /* an ExtINT message waits for its acknowledge cycle */
    uint32_t id, tpr, ldr, dfr, svr, esr, errors, icr, icr_high, initial, divide;
    uint32_t lvt[LVTS];
    uint32_t isr[WORDS], tmr[WORDS], irr[WORDS];
    uint64_t started; /* time at which the timer began to count */
    struct vtimer timer;
};

/* ---- vectors ---------------------------------------------------------------------------------------- */

static bool bit(const uint32_t *map, unsigned n)
{
    return map[n / 32] >> n % 32 & 1;
}

static void set_bit(uint32_t *map, unsigned n, bool value)
{
    map[n / 32] = (map[n / 32] & ~(1u << n % 32)) | (uint32_t)value << n % 32;
}

/* The highest set, -1: none. */
static int highest(const uint32_t *map)
{
    for (unsigned w = WORDS; w-- > 0;)
        if (map[w] != 0)
            return (int)(w * 32 + 31 - (unsigned)__builtin_clz(map[w]));
    return -1;
}

/* 10.8.3.1: the higher of task priority and the class in service. */
static unsigned processor_priority(const struct lapic *l)
{
    int serving = highest(l->isr);
    unsigned class = serving >= 0 ? (unsigned)serving & 0xf0 : 0;
    return (l->tpr & 0xf0) >= class ? l->tpr : class;
}

/* The vector to be taken now, -1: none of ours. */
static int requested(const struct lapic *l)
{
    int vector = highest(l->irr);
    if (!(l->svr & SVR_ENABLED) || vector < 0 ||
        ((unsigned)vector & 0xf0) <= (processor_priority(l) & 0xf0))
        return -1;
    return vector;
}

static bool external_waits(const struct lapic *l)
{
    bool open = (l->lvt[L_LINT0] & (LVT_MODE | LVT_MASKED)) == LAPIC_EXTERNAL << 8;
    return l->external || (open && l->lint[0]);
}

static void update(struct lapic *l)
{
    bool level = l->enabled ? requested(l) >= 0 || external_waits(l) : l->lint[0];
    line_set(&l->wires.intr, level);
}

unsigned lapic_acknowledge(struct lapic *l)
{
    int vector = l->enabled ? requested(l) : -1;
    unsigned v = l->svr & 0xff; /* spurious */
    if (vector >= 0) {
        v = (unsigned)vector;
        set_bit(l->irr, v, false);
        set_bit(l->isr, v, true);
    } else if (!l->enabled || external_waits(l)) {
        l->external = false;
        v = l->wires.external(l->wires.to);
    }
    update(l);
    return v;
}

static void signal_error(struct lapic *l, uint32_t error);

/* An interrupt arrives. */
static void accept(struct lapic *l, unsigned mode, unsigned vector, bool level)
{
    switch (mode) {
    case LAPIC_FIXED:
    case LAPIC_LOWEST:
        if (vector < 16) {
            signal_error(l, ESR_RECEIVE);
        } else if (l->svr & SVR_ENABLED) {
            set_bit(l->irr, vector, true);
            set_bit(l->tmr, vector, level);
        }
        break;
    case LAPIC_NMI:
        line_set(&l->wires.nmi, true);
        line_set(&l->wires.nmi, false);
        break;
    case LAPIC_EXTERNAL:
        l->external = true;
        break;
    }
    update(l);
}

static void accept_local(struct lapic *l, unsigned entry)
{
    uint32_t e = l->lvt[entry];
    if (!(e & LVT_MASKED))
        accept(l, e >> 8 & 7, e & LVT_VECTOR, e & LVT_LEVEL && entry == L_LINT0);
}

/* 10.5.3: noted for the next write of ESR; an error while one is signalled does not recurse. */
static void signal_error(struct lapic *l, uint32_t error)
{
    bool first = l->errors == 0;
    l->errors |= error;
    if (first && (l->lvt[L_ERROR] & LVT_VECTOR) >= 16)
        accept_local(l, L_ERROR);
}

static void end_of_interrupt(struct lapic *l)
{
    int vector = highest(l->isr);
    if (vector < 0)
        return;
    set_bit(l->isr, (unsigned)vector, false);
    if (bit(l->tmr, (unsigned)vector))
        l->wires.end(l->wires.to, (unsigned)vector);
    update(l);
}

/* ---- destinations (10.6.2) ------------------------------------------------------------------------------ */

static bool is_me(const struct lapic *l, bool logical, uint8_t destination)
{
    uint8_t mine = (uint8_t)(l->ldr >> 24);
    if (!logical)
        return destination == l->id >> 24 || destination == 0xff;
    if (l->dfr >> 28 == 0xf) /* flat */
        return (destination & mine) != 0;
    return destination == 0xff || (destination >> 4 == mine >> 4 && (destination & mine & 15) != 0);
}

bool lapic_message(struct lapic *l, bool logical, uint8_t destination, enum lapic_mode mode,
                   unsigned vector, bool level)
{
    if (!is_me(l, logical, destination))
        return false;
    accept(l, mode, vector, level);
    return true;
}

/* Shorthand: none, self, all, all but self (10.6.1). */
static void send(struct lapic *l)
{
    unsigned shorthand = l->icr >> 18 & 3, mode = l->icr >> 8 & 7, vector = l->icr & 0xff;
    bool me = shorthand == 1 || shorthand == 2 ||
              (shorthand == 0 && is_me(l, l->icr >> 11 & 1, (uint8_t)(l->icr_high >> 24)));
    if ((mode == LAPIC_FIXED || mode == LAPIC_LOWEST) && vector < 16)
        signal_error(l, ESR_SEND);
    else if (me && (mode == LAPIC_FIXED || mode == LAPIC_LOWEST || mode == LAPIC_NMI))
        accept(l, mode, vector, false);
}

/* ---- timer (10.5.4) --------------------------------------------------------------------------------------- */

static unsigned divide_shift(const struct lapic *l)
{
    unsigned n = (l->divide & 3) | (l->divide >> 1 & 4);
    return (n + 1) & 7; /* 0: by 2 … 6: by 128; 7: by 1 */
}

static uint64_t timer_length(const struct lapic *l)
{
    return (uint64_t)l->initial << divide_shift(l);
}

/* When the period that runs at t began; length: not 0. */
static uint64_t period_begin(const struct lapic *l, uint64_t length, uint64_t t)
{
    return l->started + (t - l->started) / length * length;
}

/* For the end of the first period, which may have passed when it is armed: then it expires at once. */
static void arm(struct lapic *l)
{
    uint64_t length = timer_length(l);
    vtimer_arm(l->vm, &l->timer, length != 0 ? l->started + length : UINT64_MAX);
}

static uint32_t current_count(const struct lapic *l)
{
    uint64_t length = timer_length(l), passed = vm_time(l->vm) - l->started;
    if (length == 0)
        return 0;
    if (l->lvt[L_TIMER] & LVT_PERIODIC)
        passed %= length;
    return passed >= length ? 0 : (uint32_t)((length - passed) >> divide_shift(l));
}

static void expired(void *device)
{
    struct lapic *l = device;
    if (l->lvt[L_TIMER] & LVT_PERIODIC) {
        uint64_t length = timer_length(l), t = vm_time(l->vm);
        uint64_t when = period_begin(l, length, t) + length;
        vtimer_arm(l->vm, &l->timer, when < t + LEAST_NS ? t + LEAST_NS : when);
    }
    accept_local(l, L_TIMER);
}

/* Between periodic and one-shot: what runs is the last period, or the first. */
static void change_mode(struct lapic *l)
{
    uint64_t length = timer_length(l);
    if (length != 0)
        l->started = period_begin(l, length, vm_time(l->vm));
    arm(l);
}

static void start_timer(struct lapic *l)
{
    l->started = vm_time(l->vm);
    arm(l);
}

/* ---- pins -------------------------------------------------------------------------------------------------- */

static void set_lint(void *to, unsigned pin, bool level)
{
    struct lapic *l = to;
    bool rises = level && !l->lint[pin];
    l->lint[pin] = level;
    unsigned mode = l->lvt[L_LINT0 + pin] >> 8 & 7;
    if (rises && l->enabled && mode != LAPIC_EXTERNAL)
        accept_local(l, L_LINT0 + pin);
    update(l);
}

struct line lapic_lint(struct lapic *l, unsigned pin)
{
    return (struct line){set_lint, l, pin & 1};
}

void lapic_enable(struct lapic *l, bool enabled)
{
    if (l->enabled == enabled)
        return;
    lapic_reset(l); /* turned off, it loses its state (10.4.3) */
    l->enabled = enabled;
    update(l);
}

/* ---- registers ------------------------------------------------------------------------------------------- */

static uint32_t lvt_read(const struct lapic *l, uint32_t at)
{
    return at == R_LVT_ERROR ? l->lvt[L_ERROR] : l->lvt[(at - R_LVT) / 16];
}

static uint32_t read_register(struct lapic *l, uint32_t at)
{
    if (at >= R_ISR && at < R_ESR) {
        const uint32_t *map = at < R_TMR ? l->isr : at < R_IRR ? l->tmr : l->irr;
        return map[at >> 4 & 7];
    }
    if (at >= R_LVT && at <= R_LVT_ERROR)
        return lvt_read(l, at);
    switch (at) {
    case R_ID:
        return l->id;
    case R_VERSION:
        return VERSION;
    case R_TPR:
        return l->tpr;
    case R_PPR:
        return processor_priority(l);
    case R_LDR:
        return l->ldr;
    case R_DFR:
        return l->dfr;
    case R_SVR:
        return l->svr;
    case R_ESR:
        return l->esr;
    case R_ICR:
        return l->icr;
    case R_ICR_HIGH:
        return l->icr_high;
    case R_INITIAL:
        return l->initial;
    case R_CURRENT:
        return current_count(l);
    case R_DIVIDE:
        return l->divide;
    }
    return 0; /* R_APR, R_EOI, and what is reserved */
}

/* Disabled by software, all entries are masked and stay so (10.4.7.2). */
static void write_svr(struct lapic *l, uint32_t v)
{
    l->svr = v & 0x1ff;
    for (unsigned i = 0; i < LVTS && !(v & SVR_ENABLED); i++)
        l->lvt[i] |= LVT_MASKED;
}

static void write_lvt(struct lapic *l, unsigned entry, uint32_t v)
{
    uint32_t was = l->lvt[entry];
    l->lvt[entry] = v & lvt_bits[entry];
    if (!(l->svr & SVR_ENABLED))
        l->lvt[entry] |= LVT_MASKED;
    if (entry == L_TIMER && ((was ^ v) & LVT_PERIODIC))
        change_mode(l);
    if (entry == L_LINT0 && l->lint[0] && (was & ~v & LVT_MASKED) && (v & LVT_LEVEL))
        accept_local(l, L_LINT0);
}

static void write_register(struct lapic *l, uint32_t at, uint32_t v)
{
    if (at >= R_LVT && at <= R_LVT_ERROR) {
        write_lvt(l, at == R_LVT_ERROR ? L_ERROR : (at - R_LVT) / 16, v);
        return;
    }
    switch (at) {
    case R_ID:
        l->id = v & 0xff000000;
        break;
    case R_TPR:
        l->tpr = v & 0xff;
        break;
    case R_EOI:
        end_of_interrupt(l);
        break;
    case R_LDR:
        l->ldr = v & 0xff000000;
        break;
    case R_DFR:
        l->dfr = v | 0x0fffffff;
        break;
    case R_SVR:
        write_svr(l, v);
        break;
    case R_ESR:
        l->esr = l->errors;
        l->errors = 0;
        break;
    case R_ICR:
        l->icr = v & 0x000ccfff;
        send(l);
        break;
    case R_ICR_HIGH:
        l->icr_high = v & 0xff000000;
        break;
    case R_INITIAL:
        l->initial = v;
        start_timer(l);
        break;
    case R_DIVIDE:
        l->divide = v & 0xb;
        start_timer(l);
        break;
    }
}

/* Registers are 32 bits at multiples of 16 (10.4.1); parts of one can be read. */
static uint64_t lapic_read(void *device, uint32_t offset, unsigned size)
{
    struct lapic *l = device;
    unsigned shift = 8 * (offset & 15);
    (void)size;
    return shift < 32 ? read_register(l, offset & 0xff0) >> shift : 0;
}

static void lapic_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct lapic *l = device;
    if ((offset & 15) == 0 && size >= 4)
        write_register(l, offset, (uint32_t)value);
    update(l);
}

const struct device_ops lapic_ops = {lapic_read, lapic_write};

void lapic_reset(struct lapic *l)
{
    memset(l->isr, 0, sizeof l->isr);
    memset(l->irr, 0, sizeof l->irr);
    memset(l->tmr, 0, sizeof l->tmr);
    for (unsigned i = 0; i < LVTS; i++)
        l->lvt[i] = LVT_MASKED;
    l->lvt[L_LINT0] = LAPIC_EXTERNAL << 8;
    l->enabled = true;
    l->external = false;
    l->id = l->tpr = l->ldr = l->esr = l->errors = l->icr = l->icr_high = 0;
    l->initial = l->divide = 0;
    l->dfr = ~0u;
    l->svr = 0xff;
    vtimer_arm(l->vm, &l->timer, UINT64_MAX);
    update(l);
}

struct lapic *lapic_create(struct vm *vm, const struct lapic_wires *wires)
{
    struct lapic *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->vm = vm;
    l->wires = *wires;
    l->timer = (struct vtimer){.when = UINT64_MAX, .expired = expired, .device = l};
    vtimer_add(vm, &l->timer);
    lapic_reset(l);
    return l;
}

void lapic_delete(struct lapic *l)
{
    free(l);
}
