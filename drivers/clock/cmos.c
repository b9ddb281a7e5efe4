/*
 * The CMOS memory of the PC (ports 70h and 71h): clock registers 0–9, A, B, D of the MC146818, and
 * the century at 32h where firmware keeps it (ACPI specification 5.2.9, CENTURY; 32h on every PC).
 *
 * The chip updates its registers once a second and says so beforehand (register A bit 7, at least
 * 244 µs). Two equal readings outside an update are a consistent one, however long the reader was
 * preempted in between. Bit 7 of port 70h masks NMIs on some machines and is left 0.
 */
#include "cmos.h"

#include <string.h>
#include <tetrapla/io.h>
#include <tetrapla/task.h>

#define INDEX              0x70
#define VALUE              0x71
#define UPDATE_IN_PROGRESS 0x80u
#define VALID              0x80u
#define PATIENCE_NS        50000000u

enum cmos_register {
    SECONDS = 0x00,
    MINUTES = 0x02,
    HOURS = 0x04,
    DAY = 0x07,
    MONTH = 0x08,
    YEAR = 0x09,
    STATUS_A = 0x0a,
    STATUS_B = 0x0b,
    STATUS_D = 0x0d,
    CENTURY = 0x32,
};

static uint8_t get(enum cmos_register reg)
{
    out8(INDEX, (uint8_t)reg);
    return in8(VALUE);
}

static void read_once(struct rtc_registers *r)
{
    *r = (struct rtc_registers){
        .seconds = get(SECONDS),
        .minutes = get(MINUTES),
        .hours = get(HOURS),
        .day = get(DAY),
        .month = get(MONTH),
        .year = get(YEAR),
        .century = get(CENTURY),
        .control = get(STATUS_B),
    };
}

bool cmos_read(struct rtc_registers *r, bool *battery_flat)
{
    struct rtc_registers again;
    *battery_flat = !(get(STATUS_D) & VALID);
    for (uint64_t until = time_now() + PATIENCE_NS; time_now() < until;) {
        if (get(STATUS_A) & UPDATE_IN_PROGRESS)
            continue;
        read_once(r);
        if (get(STATUS_A) & UPDATE_IN_PROGRESS)
            continue;
        read_once(&again);
        if (!memcmp(r, &again, sizeof(again)))
            return true;
    }
    return false;
}
