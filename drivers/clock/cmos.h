/* Reading the real-time clock's registers. */
#pragma once

#include "rtc.h"

/* A consistent reading. False if there is no clock, or it never stops updating. *battery_flat says
 * that the chip does not trust its own contents. */
bool cmos_read(struct rtc_registers *r, bool *battery_flat);
