/*
 * Time: the time-stamp counter is the clock; the local APIC's timer, or TSC-deadline where present,
 * makes the interrupts. Both are calibrated against whatever responds: channel 2 of the 8254 (its
 * output can be read at port 61h), else the ACPI PM timer.
 */
#include <cpu.h>
#include <io.h>

#include "machine.h"
#include "port.h"

#define NS_PER_SECOND 1000000000ULL
#define PIT_HZ        1193182ULL
#define PM_HZ         3579545ULL
#define CALIBRATE_MS  20
#define SPIN_MAX      20000000ULL

static uint64_t tick_base, ticks_per_second;
static uint64_t ns_mult;   /* ns = ticks * ns_mult >> 32 */
static uint64_t tick_mult; /* ticks = ns * tick_mult >> 30 */
static uint64_t apic_mult; /* APIC counts = ticks * apic_mult >> 32 */

struct sample {
    uint64_t ticks;
    uint32_t apic;
};

static struct sample sample(void)
{
    return (struct sample){port_ticks(), apic_timer_now()};
}

/* Run channel 2 down once from CALIBRATE_MS; false if its output never rises. */
static bool measure_pit(struct sample *from, struct sample *to, uint64_t *hz_num, uint64_t *hz_den)
{
    uint32_t count = PIT_HZ * CALIBRATE_MS / 1000;
    uint8_t gate = inb(0x61);
    outb(0x61, (gate & ~2u) | 1); /* gate on, speaker off */
    outb(0x43, 0xb0);             /* channel 2, both bytes, mode 0: output rises at zero */
    outb(0x42, (uint8_t)count);
    outb(0x42, (uint8_t)(count >> 8));
    *from = sample();
    bool ok = !(inb(0x61) & 0x20);
    uint64_t spins = 0;
    while (ok && !(inb(0x61) & 0x20))
        ok = ++spins < SPIN_MAX;
    *to = sample();
    outb(0x61, gate);
    *hz_num = PIT_HZ;
    *hz_den = count;
    return ok;
}

static bool measure_pm(struct sample *from, struct sample *to, uint64_t *hz_num, uint64_t *hz_den)
{
    uint32_t want = PM_HZ * CALIBRATE_MS / 1000, passed = 0;
    if (!acpi.pm_timer)
        return false;
    uint32_t start = inl(acpi.pm_timer);
    *from = sample();
    for (uint64_t spins = 0; passed < want; spins++) {
        passed = (inl(acpi.pm_timer) - start) & 0xffffff; /* 24 bits are sure to exist */
        if (spins == SPIN_MAX)
            return false;
    }
    *to = sample();
    *hz_num = PM_HZ;
    *hz_den = passed;
    return true;
}

const char *clock_init(void)
{
    struct sample a, b;
    uint64_t num, den;
    apic_timer_count(UINT32_MAX);
    if (!measure_pit(&a, &b, &num, &den) && !measure_pm(&a, &b, &num, &den))
        return "neither the 8254 timer nor an ACPI PM timer responds";
    uint64_t ticks = b.ticks - a.ticks, apic = a.apic - b.apic;
    if (ticks < 1000)
        return "the time-stamp counter does not run";
    ticks_per_second = ticks * num / den;
    ns_mult = (NS_PER_SECOND << 32) / ticks_per_second;
    tick_mult = (ticks_per_second << 30) / NS_PER_SECOND;
    apic_mult = (apic << 32) / ticks;
    apic_timer_count(0);
    tick_base = port_ticks();
    return NULL;
}

static uint64_t scale(uint64_t v, uint64_t mult, unsigned shift)
{
    return (uint64_t)((unsigned __int128)v * mult >> shift);
}

uint64_t port_ticks_to_ns(uint64_t ticks)
{
    return scale(ticks - tick_base, ns_mult, 32);
}

uint64_t port_ticks_length(uint64_t ticks)
{
    return scale(ticks, ns_mult, 32);
}

/* Times beyond what the counter can reach become the largest tick. */
uint64_t port_ns_to_ticks(uint64_t ns)
{
    unsigned __int128 t = ((unsigned __int128)ns * tick_mult >> 30) + tick_base;
    return t > UINT64_MAX - 1 ? UINT64_MAX - 1 : (uint64_t)t;
}

void port_time_describe(struct info_page *p)
{
    p->tick_base = tick_base;
    p->mult = ns_mult;
    p->shift = 32;
    p->ticks_per_second = ticks_per_second;
}

void port_timer_set(uint64_t when)
{
    if (cpu_features & CPU_TSC_DEADLINE) {
        counters.msr_writes++;
        wrmsr(MSR_TSC_DEADLINE, when);
        return;
    }
    uint64_t now = port_ticks();
    uint64_t count = when > now ? scale(when - now, apic_mult, 32) + 1 : 1;
    apic_timer_count((uint32_t)min64(count, UINT32_MAX));
}
