/*
 * What the registers of an MC146818 real-time clock mean (Motorola data sheet MC146818A, table 3):
 * BCD unless register B bit 2 is set, 12 hours with the afternoon in bit 7 unless bit 1 is set. The
 * century is not the chip's; the firmware keeps it in BCD or binary like the year. When it makes no
 * sense, years from 70 on are 19xx and the others 20xx.
 */
#include "rtc.h"

#define CONTROL_24_HOURS 0x02u
#define CONTROL_BINARY   0x04u
#define AFTERNOON        0x80u

/* The number in a register, or 255 if it is no BCD. */
static unsigned number(const struct rtc_registers *r, uint8_t value)
{
    if (r->control & CONTROL_BINARY)
        return value;
    unsigned tens = value >> 4, ones = value & 15;
    return tens > 9 || ones > 9 ? 255 : tens * 10 + ones;
}

static unsigned hours_of_day(const struct rtc_registers *r)
{
    if (r->control & CONTROL_24_HOURS)
        return number(r, r->hours);
    unsigned hours = number(r, r->hours & (uint8_t)~AFTERNOON);
    if (hours < 1 || hours > 12)
        return 255;
    return hours % 12 + (r->hours & AFTERNOON ? 12 : 0);
}

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

bool rtc_decode(const struct rtc_registers *r, uint64_t *seconds)
{
    unsigned second = number(r, r->seconds), minute = number(r, r->minutes);
    unsigned hour = hours_of_day(r), day = number(r, r->day), month = number(r, r->month);
    unsigned year = number(r, r->year), century = number(r, r->century);
    if (second == 60) /* a leap second: the same as the second before */
        second = 59;
    if (second > 59 || minute > 59 || hour > 23 || month < 1 || month > 12 || year > 99)
        return false;
    year += 100 * (century >= 19 && century <= 30 ? century : year >= 70 ? 19 : 20);
    if (year < 1970 || day < 1 || day > days_in_month(year, month))
        return false;

    uint64_t days = day - 1;
    for (unsigned y = 1970; y < year; y++)
        days += is_leap(y) ? 366 : 365;
    for (unsigned m = 1; m < month; m++)
        days += days_in_month(year, m);
    *seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}
