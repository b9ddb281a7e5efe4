/*
 * 8254 interval timer (Intel 231164-005).
 *
 * A channel is kept as the tick at which its count was loaded; count and output are functions of that,
 * of the mode and of the time, computed when somebody looks. Only channel 0, whose output is an
 * interrupt, needs the VM's timer: it is armed for the next rising edge. In modes 2 and 3 the line
 * falls and rises together at the beginning of a period, so a late vCPU still finds it high, and a
 * period that passed unseen is made up for; the output that software can read keeps the exact shape.
 *
 * A count that is written while another runs in mode 2 or 3 takes effect at the end of the period
 * (in mode 3 hardware does so at the end of a half already). Counts in BCD are kept in binary and
 * converted at the registers. Gates of channels 0 and 1 are tied high.
 */
#include <translator/devices/common.h>
#include <translator/devices/i8254.h>

#include <stdlib.h>

#define SECOND     1000000000ull
#define REFRESH_NS 15085u /* port 61h bit 4 toggles with each refresh request */
#define BACKLOG    50u
#define LOAD_TICKS 1u /* a count that was written is loaded at the next clock */

enum { ACCESS_LATCH, ACCESS_LOW, ACCESS_HIGH, ACCESS_BOTH };

struct channel {
    uint8_t control; /* access, mode, BCD: as in the status byte */
    uint8_t mode, access;
    bool gate;
    bool loaded;      /* counting, or has counted: `start` holds */
    bool null;        /* a count was written and is not loaded yet */
    bool armed;       /* modes 1 and 5: a count is there and waits for the gate */
    uint32_t count;   /* 1 to 65536 (BCD: 10000) */
    uint32_t next;    /* modes 2 and 3: the count after this period, 0: the same */
    uint64_t start;   /* tick of loading */
    uint64_t stopped; /* modes 0 and 4 with the gate low: ticks counted before */
    uint8_t write_low;
    bool write_second, read_second;
    uint8_t latched; /* bytes of a latched count still to be read: bit 0 low, bit 1 high */
    uint16_t latch;
    bool status_latched;
    uint8_t status;
};

struct i8254 {
    struct vm *vm;
    struct line irq;
    struct channel channel[3];
    uint8_t port61;     /* bits 0–3 as written */
    uint64_t edge, due; /* channel 0, periodic: ticks of the last rising edge and of the next */
    struct vtimer timer;
};

static uint64_t to_ticks(uint64_t ns)
{
    return ns / SECOND * I8254_HZ + ns % SECOND * I8254_HZ / SECOND;
}

/* The first nanosecond at which to_ticks gives at least `ticks`. */
static uint64_t to_ns(uint64_t ticks)
{
    return ticks / I8254_HZ * SECOND + (ticks % I8254_HZ * SECOND + I8254_HZ - 1) / I8254_HZ;
}

static uint64_t now(const struct i8254 *p)
{
    return to_ticks(vm_time(p->vm));
}

static bool periodic(const struct channel *c)
{
    return c->mode == 2 || c->mode == 3;
}

static bool is_bcd(const struct channel *c)
{
    return c->control & 1;
}

/* Ticks counted so far. */
static uint64_t elapsed(const struct channel *c, uint64_t t)
{
    if (!c->gate && (c->mode == 0 || c->mode == 4))
        return c->stopped;
    return t > c->start ? t - c->start : 0;
}

/* Bring a channel up to date: a count that waited is loaded. */
static void settle(struct channel *c, uint64_t t)
{
    if (c->null && c->loaded && t >= c->start && c->next == 0)
        c->null = false;
    if (periodic(c) && c->next != 0 && t >= c->start + c->count) {
        c->start += (t - c->start) / c->count * c->count; /* the last period that ended */
        c->count = c->next;
        c->next = 0;
        c->null = false;
    }
}

static unsigned half(const struct channel *c)
{
    return (c->count + 1) / 2;
}

static bool output(const struct channel *c, uint64_t t)
{
    if (!c->loaded)
        return c->mode != 0;
    uint64_t e = elapsed(c, t);
    switch (c->mode) {
    case 0:
    case 1:
        return t >= c->start ? e >= c->count : c->mode == 1;
    case 2:
        return !c->gate || e % c->count != c->count - 1;
    case 3:
        return !c->gate || e % c->count < half(c);
    }
    return e != c->count; /* 4 and 5: low for the clock after the end */
}

static uint16_t current(const struct channel *c, uint64_t t)
{
    uint32_t wrap = is_bcd(c) ? 10000 : 0x10000, n = 0;
    uint64_t e = elapsed(c, t);
    if (!c->loaded)
        n = c->count % wrap;
    else if (c->mode == 2)
        n = c->count - (uint32_t)(e % c->count);
    else if (c->mode == 3)
        n = (c->count & ~1u) - 2 * (uint32_t)(e % c->count % half(c));
    else
        n = (uint32_t)((c->count + wrap - e % wrap) % wrap);
    n %= wrap;
    if (is_bcd(c))
        n = n / 1000 << 12 | n / 100 % 10 << 8 | n / 10 % 10 << 4 | n % 10;
    return (uint16_t)n;
}

/* ---- channel 0's interrupt ------------------------------------------------------------------------ */

/* The tick of the next rising edge after t, or none. */
static uint64_t next_rise(const struct channel *c, uint64_t t)
{
    if (!c->loaded || (!c->gate && c->mode != 1 && c->mode != 5))
        return UINT64_MAX;
    uint64_t end = c->start + c->count + (c->mode == 4 || c->mode == 5 ? 1 : 0);
    if (periodic(c) && t >= c->start)
        return c->start + ((t - c->start) / c->count + 1) * c->count;
    return end > t ? end : UINT64_MAX;
}

/* Edges that came late are made up for, BACKLOG at most, at twice the rate: guests count them. */
static void arm(struct i8254 *p, uint64_t t)
{
    const struct channel *c = &p->channel[0];
    uint64_t when;
    when = p->due = next_rise(c, t);
    if (periodic(c) && when != UINT64_MAX) {
        if (p->edge < c->start)
            p->edge = c->start;
        if (p->edge + BACKLOG * (uint64_t)c->count < t)
            p->edge += (t - p->edge) / c->count * c->count - BACKLOG * (uint64_t)c->count;
        when = p->due = p->edge + c->count;
        if (when <= t)
            when = t + c->count / 2;
    }
    vtimer_arm(p->vm, &p->timer, when == UINT64_MAX ? UINT64_MAX : to_ns(when));
}

/* The line and the timer as of one moment t, that of the access: an edge between two looks at the clock
 * would be lost. */
static void update(struct i8254 *p, uint64_t t)
{
    const struct channel *c = &p->channel[0];
    line_set(&p->irq, periodic(c) || output(c, t));
    arm(p, t);
}

static void expired(void *device)
{
    struct i8254 *p = device;
    uint64_t t = now(p);
    p->edge = p->due;
    settle(&p->channel[0], t);
    line_set(&p->irq, false);
    update(p, t);
    line_set(&p->irq, true);
}

/* ---- programming ---------------------------------------------------------------------------------- */

static uint32_t from_register(const struct channel *c, unsigned v)
{
    if (!is_bcd(c))
        return v == 0 ? 0x10000 : v;
    v = (v >> 12) * 1000 + (v >> 8 & 15) * 100 + (v >> 4 & 15) * 10 + (v & 15);
    return v == 0 ? 10000 : v;
}

static void start(struct channel *c, uint64_t t)
{
    c->start = t + LOAD_TICKS;
    c->stopped = 0;
    c->loaded = true;
    c->next = 0;
}

static void write_count(struct channel *c, unsigned v, uint64_t t)
{
    uint32_t n = from_register(c, v);
    if (periodic(c) && n == 1)
        n = 2; /* a count of 1 is illegal there (table 7) */
    settle(c, t);
    c->null = true;
    if (c->mode == 1 || c->mode == 5) { /* takes effect at the next rise of the gate */
        c->next = n;
        c->armed = true;
        if (!c->loaded)
            c->count = n;
    } else if (periodic(c) && c->loaded) {
        c->next = n;
    } else {
        c->count = n;
        start(c, t);
    }
}

static void write_data(struct channel *c, uint8_t v, uint64_t t)
{
    if (c->access == ACCESS_LOW) {
        write_count(c, v, t);
    } else if (c->access == ACCESS_HIGH) {
        write_count(c, (unsigned)v << 8, t);
    } else if (!c->write_second) {
        c->write_low = v;
        c->write_second = true;
        if (c->mode == 0) { /* the first byte stops it (mode 0, note) */
            c->stopped = 0;
            c->loaded = false;
        }
    } else {
        c->write_second = false;
        write_count(c, c->write_low | (unsigned)v << 8, t);
    }
}

/* Rising: retriggers modes 1 and 5, restarts 2 and 3, goes on in 0 and 4. Falling: stops 0 and 4. */
static void set_gate(struct channel *c, bool gate, uint64_t t)
{
    if (c->gate == gate)
        return;
    settle(c, t);
    if (!gate && (c->mode == 0 || c->mode == 4))
        c->stopped = elapsed(c, t);
    c->gate = gate;
    if (!gate)
        return;
    if ((c->mode == 1 || c->mode == 5) && c->armed) {
        c->count = c->next != 0 ? c->next : c->count;
        c->null = false;
        start(c, t);
    } else if (periodic(c) && c->loaded) {
        c->count = c->next != 0 ? c->next : c->count;
        start(c, t);
    } else if (c->loaded) {
        c->start = t > c->stopped ? t - c->stopped : 0;
    }
}

static void latch_count(struct channel *c, uint64_t t)
{
    if (c->latched != 0)
        return; /* ignored until it was read */
    c->latch = current(c, t);
    c->latched = c->access == ACCESS_LOW ? 1 : c->access == ACCESS_HIGH ? 2 : 3;
}

static void latch_status(struct channel *c, uint64_t t)
{
    if (c->status_latched)
        return;
    c->status_latched = true;
    c->status = (uint8_t)(output(c, t) << 7 | c->null << 6 | c->control);
}

static void read_back(struct i8254 *p, uint8_t v, uint64_t t)
{
    for (unsigned i = 0; i < 3; i++) {
        if (!(v >> (i + 1) & 1))
            continue;
        settle(&p->channel[i], t);
        if (!(v & 0x20))
            latch_count(&p->channel[i], t);
        if (!(v & 0x10))
            latch_status(&p->channel[i], t);
    }
}

static void write_control(struct i8254 *p, uint8_t v, uint64_t t)
{
    if (v >> 6 == 3) {
        read_back(p, v, t);
        return;
    }
    struct channel *c = &p->channel[v >> 6];
    unsigned access = v >> 4 & 3, mode = v >> 1 & 7;
    if (access == ACCESS_LATCH) {
        settle(c, t);
        latch_count(c, t);
        return;
    }
    *c = (struct channel){.control = v & 0x3f,
                          .access = (uint8_t)access,
                          .mode = mode > 5 ? mode - 4 : mode, /* 6, 7: 2, 3 */
                          .gate = c->gate,
                          .count = c->count,
                          .null = true};
}

static uint8_t read_data(struct channel *c, uint64_t t)
{
    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    settle(c, t);
    uint16_t v = c->latched != 0 ? c->latch : current(c, t);
    bool high = c->access == ACCESS_HIGH || (c->access == ACCESS_BOTH && c->read_second);
    if (c->latched != 0) {
        high = !(c->latched & 1);
        c->latched &= (uint8_t) ~(high ? 2 : 1);
        c->read_second = c->latched != 0;
    } else if (c->access == ACCESS_BOTH) {
        c->read_second = !c->read_second;
    }
    return (uint8_t)(high ? v >> 8 : v);
}

static uint64_t i8254_read(void *device, uint32_t offset, unsigned size)
{
    struct i8254 *p = device;
    (void)size;
    return offset < 3 ? read_data(&p->channel[offset], now(p)) : 0xff;
}

static void i8254_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct i8254 *p = device;
    uint8_t v = (uint8_t)value;
    uint64_t t = now(p);
    (void)size;
    if (offset < 3)
        write_data(&p->channel[offset], v, t);
    else
        write_control(p, v, t);
    if (offset == 0 || (offset == 3 && v >> 6 == 0 && (v >> 4 & 3) != ACCESS_LATCH))
        update(p, t);
}

const struct device_ops i8254_ops = {i8254_read, i8254_write};

/* Port 61h (290550, NMI status and control): bit 0 gate of channel 2, 1 speaker, 2 and 3 masks of
 * NMI sources there are not, 4 refresh, 5 output of channel 2. */
static uint64_t port61_read(void *device, uint32_t offset, unsigned size)
{
    struct i8254 *p = device;
    (void)offset, (void)size;
    settle(&p->channel[2], now(p));
    unsigned refresh = (unsigned)(vm_time(p->vm) / REFRESH_NS & 1);
    return p->port61 | refresh << 4 | (unsigned)output(&p->channel[2], now(p)) << 5;
}

static void port61_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct i8254 *p = device;
    (void)offset, (void)size;
    p->port61 = value & 0x0f;
    set_gate(&p->channel[2], value & 1, now(p));
}

const struct device_ops i8254_port61_ops = {port61_read, port61_write};

void i8254_reset(struct i8254 *p)
{
    for (unsigned i = 0; i < 3; i++)
        p->channel[i] = (struct channel){
            .gate = i != 2, .count = 0x10000, .control = 0x30, .access = ACCESS_BOTH, .null = true};
    p->port61 = 0;
    update(p, now(p));
}

struct i8254 *i8254_create(struct vm *vm, struct line irq)
{
    struct i8254 *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->vm = vm;
    p->irq = irq;
    p->timer = (struct vtimer){.when = UINT64_MAX, .expired = expired, .device = p};
    vtimer_add(vm, &p->timer);
    i8254_reset(p);
    return p;
}

void i8254_delete(struct i8254 *p)
{
    free(p);
}
