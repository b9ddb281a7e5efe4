/* Registers of the CMOS real-time clock as one record, and what time they mean. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* As read, not decoded. */
struct rtc_registers {
    uint8_t seconds, minutes, hours, day, month, year, century; /* century: 0 if there is none */
    uint8_t control;                                            /* register B */
};

/* Seconds since 1970-01-01 00:00:00 UTC, taking the clock to run on UTC. False if the registers do
 * not hold a date. */
bool rtc_decode(const struct rtc_registers *r, uint64_t *seconds);
