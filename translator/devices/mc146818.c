/*
 * MC146818A real-time clock (Motorola data sheet ADI-1026), 128 bytes as in PIIX3, century at 32h.
 *
 * The time is an offset plus virtual time; it is put into the registers' form when they are read.
 * While SET is on, or the divider is held in reset, the registers are plain memory, and the time they
 * then hold is what the clock goes on from. The flags of register C are made when somebody looks, from
 * what was passed since the last look: a boundary of the periodic rate, of a second, an alarm. A timer
 * is armed for the next of those whose interrupt is enabled, so a clock nobody uses costs nothing.
 *
 * UIP is set during the last 244 µs of a second and the new time is there when it falls: the update
 * itself takes no time (it would take 1,984 µs). The square wave and daylight saving are stored only.
 */
#include <translator/devices/common.h>
#include <translator/devices/mc146818.h>

#include <stdlib.h>

/* clang-format off */
enum { /* data sheet, figure 9 */
    R_SECONDS = 0, R_SECONDS_ALARM, R_MINUTES, R_MINUTES_ALARM, R_HOURS, R_HOURS_ALARM, R_WEEKDAY,
    R_DAY, R_MONTH, R_YEAR, R_A, R_B, R_C, R_D, R_CENTURY = 0x32, R_COUNT = 128,
};
enum { A_UIP = 0x80, A_DIVIDER = 0x70, A_RATE = 0x0f, A_DIVIDER_RESET = 0x60, A_RUNS = 0x20 };
enum { B_SET = 0x80, B_PIE = 0x40, B_AIE = 0x20, B_UIE = 0x10, B_BINARY = 4, B_24 = 2 };
enum { C_IRQ = 0x80, C_PF = 0x40, C_AF = 0x20, C_UF = 0x10 };
enum { D_VRT = 0x80, HOUR_PM = 0x80, ALARM_ANY = 0xc0 };
/* clang-format on */

#define SECOND      1000000000ull
#define UIP_NS      244000u
#define DAY_SECONDS 86400u
#define BASE_HZ     32768u

struct mc146818 {
    struct vm *vm;
    struct line irq;
    uint64_t origin; /* seconds since 1970 at `epoch` */
    uint64_t epoch;  /* virtual time at which a second began */
    uint64_t seen;   /* virtual time up to which flags were made */
    uint8_t index;
    uint8_t memory[R_COUNT];
    struct vtimer timer;
};

struct date {
    unsigned second, minute, hour, weekday, day, month, year; /* weekday 1: Sunday */
};

/* ---- the calendar --------------------------------------------------------------------------------- */

static bool leap(unsigned y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static unsigned month_days(unsigned month, unsigned year)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap(year) ? 1u : 0u);
}

static struct date to_date(uint64_t seconds)
{
    uint64_t days = seconds / DAY_SECONDS;
    unsigned rest = (unsigned)(seconds % DAY_SECONDS);
    struct date d = {.second = rest % 60, .minute = rest / 60 % 60, .hour = rest / 3600};
    d.weekday = (unsigned)((days + 4) % 7) + 1; /* 1 January 1970 was a Thursday */
    d.year = 1970;
    for (unsigned n; days >= (n = leap(d.year) ? 366 : 365) && d.year < 9999; days -= n)
        d.year++;
    d.month = 1;
    for (unsigned n; d.month < 12 && days >= (n = month_days(d.month, d.year)); days -= n)
        d.month++;
    d.day = (unsigned)days + 1;
    return d;
}

/* What software wrote may be no date: fields are brought into range. */
static uint64_t to_seconds(const struct date *d)
{
    unsigned month = d->month < 1 ? 1 : d->month > 12 ? 12 : d->month;
    uint64_t days = 0;
    for (unsigned y = 1970; y < d->year; y++)
        days += leap(y) ? 366 : 365;
    for (unsigned m = 1; m < month; m++)
        days += month_days(m, d->year);
    days += d->day > 0 ? d->day - 1 : 0;
    return days * DAY_SECONDS + d->hour * 3600 + d->minute * 60 + d->second;
}

/* ---- registers' form ------------------------------------------------------------------------------ */

static uint8_t encode(const struct mc146818 *r, unsigned v)
{
    return (uint8_t)(r->memory[R_B] & B_BINARY ? v : v / 10 << 4 | v % 10);
}

static unsigned decode(const struct mc146818 *r, uint8_t v)
{
    return r->memory[R_B] & B_BINARY ? v : (v >> 4) * 10u + (v & 15);
}

static uint8_t encode_hour(const struct mc146818 *r, unsigned hour)
{
    if (r->memory[R_B] & B_24)
        return encode(r, hour);
    return encode(r, (hour + 11) % 12 + 1) | (hour >= 12 ? HOUR_PM : 0);
}

static unsigned decode_hour(const struct mc146818 *r, uint8_t v)
{
    if (r->memory[R_B] & B_24)
        return decode(r, v);
    return decode(r, v & 0x7f) % 12 + (v & HOUR_PM ? 12 : 0);
}

static bool frozen(const struct mc146818 *r)
{
    return (r->memory[R_B] & B_SET) || (r->memory[R_A] & A_DIVIDER_RESET) == A_DIVIDER_RESET;
}

static uint64_t seconds_at(const struct mc146818 *r, uint64_t t)
{
    return r->origin + (t > r->epoch ? (t - r->epoch) / SECOND : 0);
}

static void show(struct mc146818 *r)
{
    if (frozen(r))
        return;
    struct date d = to_date(seconds_at(r, vm_time(r->vm)));
    uint8_t *m = r->memory;
    m[R_SECONDS] = encode(r, d.second);
    m[R_MINUTES] = encode(r, d.minute);
    m[R_HOURS] = encode_hour(r, d.hour);
    m[R_WEEKDAY] = encode(r, d.weekday);
    m[R_DAY] = encode(r, d.day);
    m[R_MONTH] = encode(r, d.month);
    m[R_YEAR] = encode(r, d.year % 100);
    m[R_CENTURY] = (uint8_t)(d.year / 1000 << 4 | d.year / 100 % 10); /* always BCD */
}

/* The clock goes on from what the registers hold. `fresh`: a second begins now. */
static void take(struct mc146818 *r, bool fresh)
{
    const uint8_t *m = r->memory;
    struct date d = {.second = decode(r, m[R_SECONDS]),
                     .minute = decode(r, m[R_MINUTES]),
                     .hour = decode_hour(r, m[R_HOURS]),
                     .day = decode(r, m[R_DAY]),
                     .month = decode(r, m[R_MONTH])};
    d.year = ((m[R_CENTURY] >> 4) * 10u + (m[R_CENTURY] & 15)) * 100 + decode(r, m[R_YEAR]);
    uint64_t t = vm_time(r->vm);
    r->origin = to_seconds(&d);
    if (fresh)
        r->epoch = t;
    else
        r->epoch += t > r->epoch ? (t - r->epoch) / SECOND * SECOND : 0;
}

/* ---- events ---------------------------------------------------------------------------------------- */

/* Nanoseconds of the periodic interrupt, 0: off (data sheet, table 5, for 32,768 Hz). */
static uint64_t period(const struct mc146818 *r)
{
    unsigned rate = r->memory[R_A] & A_RATE;
    if (rate == 0)
        return 0;
    rate += rate <= 2 ? 7u : 0u; /* 1 and 2 are as 8 and 9 */
    return SECOND / (BASE_HZ >> (rate - 1));
}

static bool field_matches(uint8_t alarm, uint8_t now)
{
    return (alarm & ALARM_ANY) == ALARM_ANY || alarm == now;
}

/* Seconds from the time of day `from` (excluded) to the next alarm; 0: never. Hours and minutes that
 * do not match are skipped whole. */
static unsigned to_alarm(const struct mc146818 *r, unsigned from)
{
    const uint8_t *m = r->memory;
    for (unsigned t = from + 1; t <= from + DAY_SECONDS;) {
        unsigned day = t % DAY_SECONDS;
        if (!field_matches(m[R_HOURS_ALARM], encode_hour(r, day / 3600)))
            t += 3600 - day % 3600;
        else if (!field_matches(m[R_MINUTES_ALARM], encode(r, day / 60 % 60)))
            t += 60 - day % 60;
        else if (!field_matches(m[R_SECONDS_ALARM], encode(r, day % 60)))
            t++;
        else
            return t - from;
    }
    return 0;
}

/* Set the flags for what was passed since the last look. */
static void catch_up(struct mc146818 *r)
{
    uint64_t t = vm_time(r->vm), p = period(r);
    uint8_t *c = &r->memory[R_C];
    if (p != 0 && t / p != r->seen / p)
        *c |= C_PF;
    if (!frozen(r)) {
        uint64_t was = seconds_at(r, r->seen), is = seconds_at(r, t);
        unsigned wait = is != was ? to_alarm(r, (unsigned)(was % DAY_SECONDS)) : 0;
        if (is != was)
            *c |= C_UF;
        if (wait != 0 && wait <= is - was)
            *c |= C_AF;
    }
    r->seen = t;
}

/* When the next event after what was seen comes whose interrupt is enabled. */
static uint64_t next_event(const struct mc146818 *r)
{
    uint64_t t = r->seen, when = UINT64_MAX, p = period(r), second = seconds_at(r, t);
    uint8_t b = r->memory[R_B];
    if ((b & B_PIE) && p != 0)
        when = (t / p + 1) * p;
    if (frozen(r))
        return when;
    unsigned wait = (b & B_AIE) ? to_alarm(r, (unsigned)(second % DAY_SECONDS)) : 0;
    if (b & B_UIE)
        wait = 1;
    uint64_t at = r->epoch + (second - r->origin + wait) * SECOND;
    return wait != 0 && at < when ? at : when;
}

static void update(struct mc146818 *r)
{
    catch_up(r);
    uint8_t *c = &r->memory[R_C];
    bool irq = *c & r->memory[R_B] & (C_PF | C_AF | C_UF);
    *c = (uint8_t)((*c & ~C_IRQ) | (irq ? C_IRQ : 0));
    line_set(&r->irq, irq);
    vtimer_arm(r->vm, &r->timer, irq ? UINT64_MAX : next_event(r));
}

static void expired(void *device)
{
    update(device);
}

/* ---- ports ------------------------------------------------------------------------------------------ */

static uint8_t read_a(const struct mc146818 *r)
{
    uint64_t into = (vm_time(r->vm) - r->epoch) % SECOND;
    bool uip = !frozen(r) && into >= SECOND - UIP_NS;
    return r->memory[R_A] | (uip ? A_UIP : 0);
}

static uint8_t read_c(struct mc146818 *r)
{
    catch_up(r);
    update(r);
    uint8_t v = r->memory[R_C];
    r->memory[R_C] = 0;
    update(r);
    return v;
}

static uint64_t mc146818_read(void *device, uint32_t offset, unsigned size)
{
    struct mc146818 *r = device;
    (void)size;
    if (offset == 0)
        return 0xff; /* the index cannot be read */
    if (r->index == R_A)
        return read_a(r);
    if (r->index == R_C)
        return read_c(r);
    show(r);
    return r->memory[r->index];
}

static void write_b(struct mc146818 *r, uint8_t v)
{
    bool was = frozen(r);
    show(r);
    r->memory[R_B] = v & B_SET ? v & (uint8_t)~B_UIE : v; /* SET clears UIE */
    if (was && !frozen(r))
        take(r, false);
}

/* Leaving the divider's reset, the first update comes half a second later. */
static void write_a(struct mc146818 *r, uint8_t v)
{
    bool was = frozen(r);
    show(r);
    r->memory[R_A] = v & 0x7f;
    if (was && !frozen(r)) {
        take(r, true);
        r->epoch -= r->epoch >= SECOND / 2 ? SECOND / 2 : 0;
    }
}

static void write_data(struct mc146818 *r, uint8_t v)
{
    unsigned i = r->index;
    catch_up(r);
    if (i == R_A) {
        write_a(r, v);
    } else if (i == R_B) {
        write_b(r, v);
    } else if (i == R_C || i == R_D) {
        return; /* read only */
    } else if (i <= R_YEAR || i == R_CENTURY) {
        show(r);
        r->memory[i] = v;
        if (!frozen(r) && i != R_SECONDS_ALARM && i != R_MINUTES_ALARM && i != R_HOURS_ALARM)
            take(r, false);
    } else {
        r->memory[i] = v;
    }
    update(r);
}

static void mc146818_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct mc146818 *r = device;
    (void)size;
    if (offset == 0)
        r->index = value & 0x7f; /* bit 7 masks NMI; there are none */
    else
        write_data(r, (uint8_t)value);
}

const struct device_ops mc146818_ops = {mc146818_read, mc146818_write};

void mc146818_set(struct mc146818 *r, unsigned index, uint8_t value)
{
    if (index > R_D && index < R_COUNT)
        r->memory[index] = value;
}

void mc146818_reset(struct mc146818 *r)
{
    if (frozen(r))
        take(r, false);
    r->index = 0;
    r->memory[R_A] = A_RUNS | 6; /* 32,768 Hz base, 1,024 Hz rate: as firmware leaves it */
    r->memory[R_B] = B_24;
    r->memory[R_C] = 0;
    r->memory[R_D] = D_VRT;
    r->seen = vm_time(r->vm);
    update(r);
}

struct mc146818 *mc146818_create(struct vm *vm, struct line irq, uint64_t seconds)
{
    struct mc146818 *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->vm = vm;
    r->irq = irq;
    r->origin = seconds;
    r->memory[R_A] = A_RUNS;
    r->timer = (struct vtimer){.when = UINT64_MAX, .expired = expired, .device = r};
    vtimer_add(vm, &r->timer);
    mc146818_reset(r);
    return r;
}

void mc146818_delete(struct mc146818 *r)
{
    free(r);
}
