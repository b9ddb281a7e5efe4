/*
 * Off and reset.
 *
 * Off: the ACPI way without an interpreter. The FADT names the power-management control registers
 * (ACPI 6.4, 5.2.9), the DSDT holds the sleep types of state S5 as the package \_S5_ (7.4.2), which
 * is found by its name and read if it has the plain form that firmware uses. Tables are looked at
 * one at a time through a window on the firmware regions, every length checked before it is used.
 *
 * Reset: the reset register of PC chipsets (port CF9h), then the keyboard controller's pulse.
 */
#include "root_task.h"

#include <string.h>
#include <tetrapla/io.h>

#define TABLE_MAX    (16u << 20)
#define SLEEP_ENABLE (1u << 13)
#define SCI_ENABLED  1u

static const char *reason; /* why it cannot be done */

static bool no(const char *why)
{
    reason = why;
    return false;
}

/* bytes of physical memory, readable until the next call; NULL if root holds no such region. */
static const uint8_t *physical(uint64_t address, uint64_t bytes)
{
    window_close(WINDOW_FIRMWARE);
    for (unsigned i = 0; i < boot->region_count; i++) {
        const struct boot_region *r = &boot->region[i];
        uint64_t length = r->pages * PAGE_SIZE;
        if (r->kind == BOOT_RAM || address < r->physical || address - r->physical >= length ||
            length - (address - r->physical) < bytes)
            continue;
        uint64_t first = (address - r->physical) / PAGE_SIZE;
        uint64_t last = (address - r->physical + bytes - 1) / PAGE_SIZE;
        const uint8_t *p =
            window_open(WINDOW_FIRMWARE, r->handle, first, last - first + 1, MAP_READ);
        return p ? p + address % PAGE_SIZE : NULL;
    }
    return NULL;
}

static uint32_t read32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t read64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* A whole table with its header of 36 bytes; *length is at least that. */
static const uint8_t *table(uint64_t address, uint32_t *length)
{
    const uint8_t *p = physical(address, 36);
    if (!p)
        return NULL;
    *length = read32(p + 4);
    return *length >= 36 && *length <= TABLE_MAX ? physical(address, *length) : NULL;
}

/* Physical address of the FADT ("FACP"), 0 if there is none. */
static uint64_t find_fadt(void)
{
    uint32_t length, other;
    const uint8_t *list = boot->rsdt ? table(boot->rsdt, &length) : NULL;
    if (!list)
        return 0;
    bool wide = memcmp(list, "XSDT", 4) == 0;
    unsigned size = wide ? 8 : 4;
    for (unsigned i = 0;; i++) {
        const uint8_t *t = table(boot->rsdt, &length);
        if (!t || 36 + (uint64_t)(i + 1) * size > length)
            return 0;
        uint64_t entry = wide ? read64(t + 36 + i * 8) : read32(t + 36 + i * 4);
        if ((t = table(entry, &other)) && memcmp(t, "FACP", 4) == 0)
            return entry;
    }
}

/* An integer of AML at *p: byte, word, zero or one. */
static bool aml_integer(const uint8_t **p, const uint8_t *end, unsigned *value)
{
    enum { ZERO = 0, ONE = 1, BYTE = 0x0a, WORD = 0x0b };
    if (*p >= end)
        return false;
    unsigned op = *(*p)++;
    if (op == ZERO || op == ONE) {
        *value = op;
        return true;
    }
    unsigned bytes = op == BYTE ? 1 : op == WORD ? 2 : 0;
    if (bytes == 0 || (size_t)(end - *p) < bytes)
        return false;
    *value = **p; /* a sleep type has three bits */
    *p += bytes;
    return true;
}

/* SLP_TYPa and SLP_TYPb of \_S5_. */
static bool sleep_types(uint64_t dsdt, unsigned type[2])
{
    enum { PACKAGE = 0x12 };
    uint32_t length;
    const uint8_t *t = table(dsdt, &length);
    if (!t)
        return no("the DSDT cannot be read");
    const uint8_t *end = t + length;
    for (const uint8_t *p = t + 36; p + 7 < end; p++) {
        if (memcmp(p, "_S5_", 4) != 0 || p[4] != PACKAGE)
            continue;
        const uint8_t *q = p + 5;
        q += 1 + (*q >> 6); /* length of the package: 1 to 4 bytes */
        q += 1;             /* number of elements */
        if (q < end && aml_integer(&q, end, &type[0])) {
            if (!aml_integer(&q, end, &type[1]))
                type[1] = type[0];
            return true;
        }
    }
    return no("the DSDT has no \\_S5_ that can be read without an interpreter");
}

static bool ports_allowed(void)
{
    static bool allowed;
    unsigned done;
    ipc()->vector[0] = (struct map_op){.kind = MAP_PORTS, .region = ROOT_PORTS, .pages = 1};
    allowed = allowed || sys_map(0, 1, &done) == OK;
    return allowed || no("root has no I/O ports");
}

static void wait_ns(uint64_t ns)
{
    for (uint64_t end = time_now() + ns; time_now() < end;)
        ;
}

static bool try_off(void)
{
    uint32_t length;
    uint64_t address = find_fadt();
    const uint8_t *f = address ? table(address, &length) : NULL;
    if (!f || length < 72)
        return no("no ACPI table says how");
    uint16_t control_a = (uint16_t)read32(f + 64), control_b = (uint16_t)read32(f + 68);
    uint16_t command = (uint16_t)read32(f + 48);
    uint8_t enable = f[52];
    uint64_t dsdt = length >= 148 && read64(f + 140) ? read64(f + 140) : read32(f + 40);
    if (control_a == 0)
        return no("this machine's ACPI has no power-management registers");
    unsigned type[2];
    if (!sleep_types(dsdt, type) || !ports_allowed())
        return false;
    if (!(in16(control_a) & SCI_ENABLED) && command && enable) {
        out8(command, enable);
        for (unsigned i = 0; i < 300 && !(in16(control_a) & SCI_ENABLED); i++)
            wait_ns(1000000);
    }
    out16(control_a, (uint16_t)((type[0] & 7) << 10 | SLEEP_ENABLE));
    if (control_b)
        out16(control_b, (uint16_t)((type[1] & 7) << 10 | SLEEP_ENABLE));
    wait_ns(500000000);
    return no("the machine did not obey");
}

void power_off(void)
{
    log_line("power off");
    log_flush();
    if (!try_off())
        log_line("the machine cannot be switched off: %s", reason);
    window_close(WINDOW_FIRMWARE);
}

void power_reboot(void)
{
    log_line("reboot");
    log_flush();
    if (ports_allowed()) {
        out8(0xcf9, 0x02); /* hard reset armed ... */
        out8(0xcf9, 0x06); /* ... and done */
        wait_ns(50000000);
        out8(0x64, 0xfe); /* keyboard controller: pulse the reset line */
        wait_ns(500000000);
        no("the machine did not obey");
    }
    log_line("the machine cannot be reset: %s", reason);
}
