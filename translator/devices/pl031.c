/*
 * PL031 real-time clock (DDI 0224C chapter 3): a counter of seconds, and one alarm.
 *
 * The counter is an offset plus virtual time, so it cannot drift from the VM's other clocks, and
 * with icount it is as repeatable as they are. It wraps at 32 bits like the hardware's.
 */
#include <translator/devices/common.h>
#include <translator/devices/pl031.h>

#include <stdlib.h>

/* clang-format off */
enum pl031_register { /* 3.2 */
    R_DR = 0x00, R_MR = 0x04, R_LR = 0x08, R_CR = 0x0c, R_IMSC = 0x10, R_RIS = 0x14, R_MIS = 0x18,
    R_ICR = 0x1c,
};
/* clang-format on */

#define SECOND 1000000000ull

static const uint8_t identity[8] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1}; /* 3.3.9 */

struct pl031 {
    struct vm *vm;
    struct line line;
    uint32_t offset; /* added to the seconds of virtual time */
    uint32_t match, load, mask, raw;
    struct vtimer alarm;
};

static uint32_t now(const struct pl031 *p)
{
    return p->offset + (uint32_t)(vm_time(p->vm) / SECOND);
}

static void update(struct pl031 *p)
{
    line_set(&p->line, (p->raw & p->mask) != 0);
}

/* Arm the alarm for the next time the counter becomes the match register; it rings now if they are equal. */
static void arm(struct pl031 *p)
{
    uint64_t second = vm_time(p->vm) / SECOND,
             wait = (uint32_t)(p->match - p->offset - (uint32_t)second);
    vtimer_arm(p->vm, &p->alarm, wait != 0 ? (second + wait) * SECOND : UINT64_MAX);
    if (wait == 0)
        p->raw = 1;
}

static void matched(void *device)
{
    struct pl031 *p = device;
    p->raw = 1; /* even if it comes so late that the counter has gone on */
    update(p);
}

static uint64_t pl031_read(void *device, uint32_t offset, unsigned size)
{
    struct pl031 *p = device;
    if (size <= 4 && offset >= PRIMECELL_ID && offset < PL031_BYTES && !(offset & 3))
        return primecell_id(identity, offset);
    switch (size <= 4 ? offset : ~0u) {
    case R_DR:
        return now(p);
    case R_MR:
        return p->match;
    case R_LR:
        return p->load;
    case R_CR: /* cannot be stopped */
        return 1;
    case R_IMSC:
        return p->mask;
    case R_RIS:
        return p->raw;
    case R_MIS:
        return p->raw & p->mask;
    case R_ICR:
        return 0;
    }
    device_unassigned(p->vm, "pl031", false, offset, size);
    return 0;
}

static void pl031_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct pl031 *p = device;
    uint32_t v = (uint32_t)value;
    switch (size == 4 ? offset : ~0u) {
    case R_MR:
        p->match = v;
        arm(p);
        break;
    case R_LR:
        p->load = v;
        p->offset += v - now(p);
        arm(p);
        break;
    case R_CR: /* no effect: it runs already */
        break;
    case R_IMSC:
        p->mask = v & 1;
        break;
    case R_ICR:
        p->raw &= ~v;
        break;
    default:
        device_unassigned(p->vm, "pl031", true, offset, size);
        return;
    }
    update(p);
}

const struct device_ops pl031_ops = {pl031_read, pl031_write};

void pl031_reset(struct pl031 *p)
{
    p->match = p->load = p->mask = p->raw = 0;
    vtimer_arm(p->vm, &p->alarm, UINT64_MAX);
    update(p);
}

struct pl031 *pl031_create(struct vm *vm, struct line line, uint64_t seconds)
{
    struct pl031 *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->vm = vm;
    p->line = line;
    p->offset = (uint32_t)seconds;
    p->alarm = (struct vtimer){.when = UINT64_MAX, .expired = matched, .device = p};
    vtimer_add(vm, &p->alarm);
    pl031_reset(p);
    return p;
}

void pl031_delete(struct pl031 *p)
{
    free(p);
}
