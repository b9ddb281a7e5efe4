/*
 * M48T08 / M48T59 timekeeper (SGS-Thomson data sheet, "Clock operations").
 *
 *     0000-1ff7 memory   1ff8 control   1ff9 seconds, minutes, hours, day of week, date, month, year
 *
 * The clock's registers are copied from the clock, in BCD, unless a read or write is going on (bits R,
 * W of the control byte); the end of a write sets the clock. The time is an offset to virtual time.
 * Not modelled: stopping the oscillator, calibration, and the M48T59's alarm and watchdog.
 */
#include <translator/devices/common.h>
#include <translator/devices/m48t59.h>

#include <stdlib.h>

#define SECOND       1000000000ull
#define DAY          86400u
#define AT           0x1ff8u /* the control byte */
#define CONTROL_W    0x80u
#define CONTROL_R    0x40u
#define EPOCH_DAY    4u /* 1 January 1970 was a Thursday, the fifth day of a week from Sunday */
#define DAYS_OF_400  146097
#define DAYS_TO_1970 719468 /* from 1 March of the year 0 */

struct m48t59 {
    struct vm *vm;
    uint8_t byte[M48T59_BYTES];
    int64_t offset; /* seconds since 1970, less seconds of virtual time */
    unsigned base_year;
};

struct date {
    unsigned year, month, day;
};

/* Days since 1970 and dates of the Gregorian calendar; years begin with March, so that the leap day
 * is their last. */
static int64_t days_of(struct date d)
{
    int64_t y = (int64_t)d.year - (d.month <= 2);
    int64_t month = (d.month + 9) % 12;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * month + 2) / 5 + d.day - 1 - DAYS_TO_1970;
}

static struct date date_of(int64_t days)
{
    int64_t z = days + DAYS_TO_1970, era = z / DAYS_OF_400, of_era = z % DAYS_OF_400;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned month = (unsigned)((5 * of_year + 2) / 153);
    struct date d = {.day = (unsigned)(of_year - (153 * month + 2) / 5 + 1),
                     .month = month < 10 ? month + 3 : month - 9};
    d.year = (unsigned)(year + era * 400) + (d.month <= 2);
    return d;
}

static uint8_t bcd(unsigned n)
{
    return (uint8_t)(n / 10 % 10 << 4 | n % 10);
}

static unsigned number(uint8_t b)
{
    return (b >> 4) * 10u + (b & 15u);
}

static int64_t seconds(const struct m48t59 *m)
{
    return m->offset + (int64_t)(vm_time(m->vm) / SECOND);
}

static void from_clock(struct m48t59 *m)
{
    int64_t now = seconds(m) > 0 ? seconds(m) : 0;
    unsigned of_day = (unsigned)(now % DAY);
    struct date d = date_of(now / DAY);
    uint8_t *r = m->byte + AT;
    r[1] = bcd(of_day % 60);
    r[2] = bcd(of_day / 60 % 60);
    r[3] = bcd(of_day / 3600);
    r[4] = bcd((unsigned)((now / DAY + EPOCH_DAY) % 7) + 1);
    r[5] = bcd(d.day);
    r[6] = bcd(d.month);
    r[7] = bcd(d.year - m->base_year);
}

static void to_clock(struct m48t59 *m)
{
    const uint8_t *r = m->byte + AT;
    struct date d = {number(r[7]) + m->base_year, number(r[6] & 0x1f), number(r[5] & 0x3f)};
    if (d.month < 1 || d.month > 12 || d.day < 1)
        return;
    int64_t at = days_of(d) * DAY + number(r[3] & 0x3f) * 3600 + number(r[2] & 0x7f) * 60 +
                 number(r[1] & 0x7f);
    m->offset += at - seconds(m);
}

static uint64_t m48t59_read(void *device, uint32_t offset, unsigned size)
{
    struct m48t59 *m = device;
    uint64_t v = 0;
    if (offset + size > AT && !(m->byte[AT] & (CONTROL_R | CONTROL_W)))
        from_clock(m);
    for (unsigned i = 0; i < size; i++)
        v = v << 8 | m->byte[(offset + i) % M48T59_BYTES];
    return v;
}

static void write_byte(struct m48t59 *m, uint32_t at, uint8_t v)
{
    uint8_t old = m->byte[at];
    if (at == AT && v & ~old & (CONTROL_R | CONTROL_W) && !(old & (CONTROL_R | CONTROL_W)))
        from_clock(m);
    m->byte[at] = v;
    if (at == AT && old & CONTROL_W && !(v & CONTROL_W))
        to_clock(m);
}

static void m48t59_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct m48t59 *m = device;
    for (unsigned i = 0; i < size; i++)
        write_byte(m, (offset + i) % M48T59_BYTES, (uint8_t)(value >> 8 * (size - 1 - i)));
}

const struct device_ops m48t59_ops = {m48t59_read, m48t59_write};

uint8_t *m48t59_memory(struct m48t59 *m)
{
    return m->byte;
}

struct m48t59 *m48t59_create(struct vm *vm, uint64_t now, unsigned base_year)
{
    struct m48t59 *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->vm = vm;
    m->offset = (int64_t)now - (int64_t)(vm_time(vm) / SECOND);
    m->base_year = base_year;
    return m;
}

void m48t59_delete(struct m48t59 *m)
{
    free(m);
}
