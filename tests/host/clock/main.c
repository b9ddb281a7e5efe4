/* Hosted tests of what the real-time clock's registers mean. The host's timegm is the judge. */
#include "../../../drivers/clock/rtc.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

static unsigned passed, failed;

static void result(const char *name, bool good, const char *why)
{
    printf(good ? "ok %s\n" : "FAIL %s: %s\n", name, why);
    good ? passed++ : failed++;
}

#define CONTROL_24_HOURS 2
#define CONTROL_BINARY   4

static uint8_t encode(int n, uint8_t control)
{
    return (uint8_t)(control & CONTROL_BINARY ? n : n / 10 * 16 + n % 10);
}

static struct rtc_registers registers_of(const struct tm *t, uint8_t control)
{
    int hour = t->tm_hour, year = t->tm_year + 1900;
    struct rtc_registers r = {
        .seconds = encode(t->tm_sec, control),
        .minutes = encode(t->tm_min, control),
        .day = encode(t->tm_mday, control),
        .month = encode(t->tm_mon + 1, control),
        .year = encode(year % 100, control),
        .century = encode(year / 100, control),
        .control = control,
    };
    if (control & CONTROL_24_HOURS)
        r.hours = encode(hour, control);
    else
        r.hours = (uint8_t)(encode(hour % 12 ? hour % 12 : 12, control) | (hour >= 12 ? 0x80 : 0));
    return r;
}

/* Walk from 1970 to 2199 in steps that hit every hour, day and month. */
static void test_walk(const char *name, uint8_t control)
{
    for (time_t t = 0; t < 7258118400; t += 86400 * 3 + 3661) {
        struct tm tm;
        uint64_t seconds = 0;
        gmtime_r(&t, &tm);
        struct rtc_registers r = registers_of(&tm, control);
        if (!rtc_decode(&r, &seconds) || seconds != (uint64_t)t) {
            char why[100];
            snprintf(why, sizeof(why), "%lld seconds become %llu", (long long)t,
                     (unsigned long long)seconds);
            result(name, false, why);
            return;
        }
    }
    result(name, true, "");
}

static struct rtc_registers base(void)
{
    return (struct rtc_registers){.seconds = 0x59,
                                  .minutes = 0x59,
                                  .hours = 0x23,
                                  .day = 0x29,
                                  .month = 0x02,
                                  .year = 0x24,
                                  .century = 0x20,
                                  .control = CONTROL_24_HOURS};
}

static void test_edges(void)
{
    uint64_t s;
    struct rtc_registers r = base();
    result("clock.leap_day", rtc_decode(&r, &s) && s == 1709251199, "wrong second");
    r.century = 0;
    result("clock.no_century", rtc_decode(&r, &s) && s == 1709251199, "not 2024");
    r.century = 0xff;
    result("clock.nonsense_century", rtc_decode(&r, &s) && s == 1709251199, "not 2024");
    r.year = 0x99;
    r.day = 0x28;
    result("clock.no_century_1999", rtc_decode(&r, &s) && s == 920246399, "not 1999");
    r = base();
    r.seconds = 0x60;
    result("clock.leap_second", rtc_decode(&r, &s) && s == 1709251199, "not the second before");
}

static void test_refused(void)
{
    static const struct {
        const char *name;
        size_t offset;
        uint8_t value;
    } rows[] = {
        {"clock.refuses_seconds", offsetof(struct rtc_registers, seconds), 0x61},
        {"clock.refuses_not_bcd", offsetof(struct rtc_registers, minutes), 0x1a},
        {"clock.refuses_minutes", offsetof(struct rtc_registers, minutes), 0x60},
        {"clock.refuses_hours", offsetof(struct rtc_registers, hours), 0x24},
        {"clock.refuses_day_0", offsetof(struct rtc_registers, day), 0},
        {"clock.refuses_day_30", offsetof(struct rtc_registers, day), 0x30},
        {"clock.refuses_month_0", offsetof(struct rtc_registers, month), 0},
        {"clock.refuses_month_13", offsetof(struct rtc_registers, month), 0x13},
        {"clock.refuses_leap_day", offsetof(struct rtc_registers, year), 0x23},
        {"clock.refuses_hour_23_of_12", offsetof(struct rtc_registers, control), 0},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t s;
        struct rtc_registers r = base();
        ((uint8_t *)&r)[rows[i].offset] = rows[i].value;
        result(rows[i].name, !rtc_decode(&r, &s), "accepted");
    }
    uint64_t s;
    struct rtc_registers none = {255, 255, 255, 255, 255, 255, 255, 255};
    result("clock.refuses_no_chip", !rtc_decode(&none, &s), "accepted");
}

int main(void)
{
    test_walk("clock.bcd_24", CONTROL_24_HOURS);
    test_walk("clock.bcd_12", 0);
    test_walk("clock.binary_24", CONTROL_24_HOURS | CONTROL_BINARY);
    test_walk("clock.binary_12", CONTROL_BINARY);
    test_edges();
    test_refused();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
