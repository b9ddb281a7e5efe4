/* date: asks the clock server and turns nanoseconds since 1970 into a calendar date (UTC). */
#include "shell.h"

#include <stdio.h>
#include <tetrapla/abi.h>
#include <tetrapla/clock.h>

#define DAY 86400u

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month] + (month == 1 && is_leap(year));
}

void command_date(int argc, char **argv)
{
    static const char *const weekdays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    uint64_t ns;
    int status = clock_now(&ns);
    (void)argc;
    if (status != OK) {
        if (status == BAD_HANDLE)
            printf("date: there is no clock server\r\n");
        else if (status == WOULD_BLOCK)
            printf("date: the clock server has no working clock\r\n");
        else
            complain(argv[0], "clock server", status);
        return;
    }
    uint64_t seconds = ns / 1000000000;
    uint64_t days = seconds / DAY;
    unsigned rest = (unsigned)(seconds % DAY), year = 1970, month = 0;
    const char *weekday = weekdays[days % 7];
    for (; days >= (is_leap(year) ? 366u : 365u); year++)
        days -= is_leap(year) ? 366 : 365;
    for (; days >= month_days(year, month); month++)
        days -= month_days(year, month);
    printf("%s %u-%02u-%02u %02u:%02u:%02u UTC\r\n", weekday, year, month + 1, (unsigned)days + 1,
           rest / 3600, rest / 60 % 60, rest % 60);
}
