/* PL011, PL031, generic timer, PSCI. */
#include "mock.h"

#include <string.h>

#include <translator/devices/generic_timer.h>
#include <translator/devices/pl011.h>
#include <translator/devices/pl031.h>
#include <translator/devices/psci.h>

static char output[256];
static size_t output_bytes;
static const char *input;

static void terminal_write(struct terminal *t, const void *bytes, size_t count)
{
    (void)t;
    memcpy(output + output_bytes, bytes, count);
    output_bytes += count;
}

static size_t terminal_read(struct terminal *t, void *to, size_t size)
{
    (void)t;
    size_t n = strlen(input) < size ? strlen(input) : size;
    memcpy(to, input, n);
    input += n;
    return n;
}

static struct terminal terminal = {.write = terminal_write, .read = terminal_read};

#define U(offset)        get(&pl011_ops, p, offset)
#define U_PUT(offset, v) put(&pl011_ops, p, offset, v)

static void receive(struct vm *vm, struct pl011 *p, struct probe *line)
{
    input = "x";
    pl011_take_input(p);
    CHECK("pl011-one-deep", (U(0x18) & 0x50) == 0x40 && line->level && U(0x40) == 0x10);
    CHECK("pl011-data", U(0) == 'x' && !line->level && (U(0x18) & 0x10));
    U_PUT(0x2c, 0x70);
    input = "abc";
    pl011_take_input(p);
    CHECK("pl011-below-trigger", !line->level && (U(0x18) & 0x50) == 0);
    pass(vm, 20000000);
    CHECK("pl011-timeout", line->level && U(0x40) == 0x40);
    CHECK("pl011-order", U(0) == 'a' && U(0) == 'b' && U(0) == 'c' && !line->level);
    input = "0123456789abcdefGHIJ";
    pl011_take_input(p);
    CHECK("pl011-full", (U(0x18) & 0x40) && U(0x40) == 0x10 && strcmp(input, "GHIJ") == 0);
    for (unsigned i = 0; i < 15; i++)
        U(0);
    CHECK("pl011-waits-at-terminal", strcmp(input, "GHIJ") == 0 && !(U(0x3c) & 0x10));
    CHECK("pl011-refill", U(0) == 'f' && U(0) == 'G' && *input == '\0');
    while (!(U(0x18) & 0x10))
        U(0);
    input = "";
}

static void wander_pl011(struct pl011 *p)
{
    for (unsigned i = 0; i < 20000 / rounds_divisor; i++) {
        uint64_t r = random_next();
        input = "some input that does not end soon";
        output_bytes = 0;
        if (r & 1)
            pl011_ops.write(p, (uint32_t)(r >> 8) % 0x50, 1u << (r >> 2 & 3), random_next());
        else
            pl011_ops.read(p, (uint32_t)(r >> 8) % 0x1000, 1u << (r >> 2 & 3));
    }
    CHECK("pl011-wander", true);
}

void test_pl011(void)
{
    struct vm *vm = new_vm(0);
    struct probe line = {0};
    struct pl011 *p = pl011_create(vm, &terminal, probe_line(&line), 24000000);
    input = "";
    CHECK("pl011-id", U(0xfe0) == 0x11 && U(0xffc) == 0xb1 && U(0x30) == 0x300 && U(0x34) == 0x12);
    CHECK("pl011-idle", (U(0x18) & 0xf8) == 0x90);
    U_PUT(0x38, 0x70);
    CHECK("pl011-no-interrupt-yet", !line.level);
    pl011_ops.write(p, 0, 1, 'H');
    U_PUT(0, 'i');
    CHECK("pl011-output", output_bytes == 2 && memcmp(output, "Hi", 2) == 0 && line.level);
    U_PUT(0x44, 0x20);
    CHECK("pl011-clear", !line.level);
    receive(vm, p, &line);
    U_PUT(0x30, 0x381);
    U_PUT(0, 'L');
    CHECK("pl011-loopback", U(0) == 'L' && output_bytes == 2);
    unsigned logs = vm->logs;
    CHECK("pl011-unassigned",
          U(0x50) == 0 && vm->logs == logs + 1 && strstr(vm->log, "0x50") != NULL);
    wander_pl011(p);
    pl011_reset(p);
    CHECK("pl011-reset", !line.level && U(0x38) == 0);
    pl011_delete(p);
    delete_vm(vm);
}

void test_pl031(void)
{
    struct vm *vm = new_vm(0);
    struct probe line = {0};
    struct pl031 *p = pl031_create(vm, probe_line(&line), 1000);
    const struct device_ops *ops = &pl031_ops;
    CHECK("pl031-id", get(ops, p, 0xfe0) == 0x31 && get(ops, p, 0x0c) == 1);
    pass(vm, 5500000000);
    CHECK("pl031-counts", get(ops, p, 0) == 1005);
    put(ops, p, 0x10, 1);
    put(ops, p, 0x04, 1010);
    pass(vm, 4400000000);
    CHECK("pl031-before-alarm", !line.level && get(ops, p, 0) == 1009);
    pass(vm, 200000000);
    CHECK("pl031-alarm", line.level && get(ops, p, 0x18) == 1 && get(ops, p, 0) == 1010);
    put(ops, p, 0x1c, 1);
    CHECK("pl031-clear", !line.level && get(ops, p, 0x14) == 0);
    put(ops, p, 0x04, 1012);
    vm->now += 10000000000; /* nobody looked when it was 1012 */
    pass(vm, 1);
    CHECK("pl031-late-alarm", line.level && get(ops, p, 0) == 1020);
    put(ops, p, 0x1c, 1);
    put(ops, p, 0x08, 0xfffffffe);
    pass(vm, 3000000000);
    CHECK("pl031-wraps", get(ops, p, 0) == 1);
    CHECK("pl031-unassigned", get(ops, p, 0x24) == 0 && vm->logs == 1);
    pl031_delete(p);
    delete_vm(vm);
}

static bool access32(struct generic_timer *t, bool write, unsigned crm, unsigned op2, uint32_t *v)
{
    uint64_t value = *v;
    bool there = generic_timer_access(t, write, 0, crm, op2, false, &value);
    *v = (uint32_t)value;
    return there;
}

static uint32_t read32(struct generic_timer *t, unsigned crm, unsigned op2)
{
    uint32_t v = 0;
    return access32(t, false, crm, op2, &v) ? v : 0xdead;
}

static bool write32(struct generic_timer *t, unsigned crm, unsigned op2, uint32_t v)
{
    return access32(t, true, crm, op2, &v);
}

static void user_rights(struct vm *vm, struct generic_timer *t)
{
    uint64_t v = 0;
    mock_cpu(vm)->cpsr = MODE_USR;
    write32(t, 1, 0, 0);
    CHECK("timer-user-refused", !generic_timer_access(t, false, 1, 14, 0, true, &v) &&
                                    read32(t, 0, 0) == 0xdead && read32(t, 1, 0) == 0xdead);
    mock_cpu(vm)->cp15.cntkctl = 2;
    CHECK("timer-user-count", generic_timer_access(t, false, 1, 14, 0, true, &v) &&
                                  !generic_timer_access(t, false, 0, 14, 0, true, &v) &&
                                  read32(t, 0, 0) == 62500000 && !write32(t, 0, 0, 1));
    mock_cpu(vm)->cp15.cntkctl = 0x100;
    CHECK("timer-user-virtual", write32(t, 3, 0, 1) && !write32(t, 2, 0, 1));
    mock_cpu(vm)->cpsr = MODE_SVC;
}

void test_timer(void)
{
    struct vm *vm = new_vm(0);
    struct probe phys = {0}, virt = {0};
    struct generic_timer *t = generic_timer_create(vm, probe_line(&phys), probe_line(&virt));
    uint64_t v = 0;
    CHECK("timer-frequency", read32(t, 0, 0) == 62500000);
    pass(vm, 16000);
    CHECK("timer-count", generic_timer_access(t, false, 0, 14, 0, true, &v) && v == 1000 &&
                             generic_timer_access(t, false, 1, 14, 0, true, &v) && v == 1000);
    CHECK("timer-count-read-only", !generic_timer_access(t, true, 0, 14, 0, true, &v));
    write32(t, 3, 0, 500);
    CHECK("timer-cval", generic_timer_access(t, false, 3, 14, 0, true, &v) && v == 1500);
    write32(t, 3, 1, 1);
    pass(vm, 7999);
    CHECK("timer-not-yet", !virt.level && read32(t, 3, 1) == 1 && read32(t, 3, 0) == 1);
    pass(vm, 1);
    CHECK("timer-exact", virt.level && read32(t, 3, 1) == 5 && !phys.level);
    pass(vm, 1600);
    CHECK("timer-tval-negative", read32(t, 3, 0) == (uint32_t)-100);
    write32(t, 3, 1, 3);
    CHECK("timer-masked", !virt.level && read32(t, 3, 1) == 7);
    write32(t, 3, 1, 1);
    CHECK("timer-unmasked", virt.level);
    write32(t, 3, 0, 10);
    CHECK("timer-rearmed", !virt.level);
    write32(t, 2, 0, (uint32_t)-1);
    write32(t, 2, 1, 1);
    CHECK("timer-past", phys.level);
    v = UINT64_MAX;
    generic_timer_access(t, true, 2, 14, 0, true, &v);
    CHECK("timer-far", !phys.level);
    pass(vm, 1000000);
    CHECK("timer-virtual-came", virt.level && virt.rises == 3 && !phys.level);
    CHECK("timer-unknown", read32(t, 2, 2) == 0xdead && read32(t, 8, 0) == 0xdead &&
                               !generic_timer_access(t, false, 4, 14, 0, true, &v));
    user_rights(vm, t);
    generic_timer_reset(t);
    CHECK("timer-reset", !virt.level && !phys.level);
    generic_timer_delete(t);
    delete_vm(vm);
}

static uint32_t psci(struct vm *vm, uint32_t function, uint32_t a, uint32_t b)
{
    uint32_t r[4] = {function, a, b, 0};
    return psci_call(vm, true, r) ? r[0] : 0xdead;
}

void test_psci(void)
{
    struct vm *vm = new_vm(0);
    uint32_t r[4] = {0x84000000};
    mock_cpu(vm)->mpidr = 0x80000000;
    CHECK("psci-smc", !psci_call(vm, false, r));
    CHECK("psci-version", psci(vm, 0x84000000, 0, 0) == 0x10000);
    CHECK("psci-on",
          psci(vm, 0x84000003, 0, 0) == (uint32_t)-4 && psci(vm, 0x84000003, 1, 0) == (uint32_t)-2);
    CHECK("psci-affinity", psci(vm, 0x84000004, 0, 0) == 0 && psci(vm, 0x84000004, 3, 1) == 0 &&
                               psci(vm, 0x84000004, 3, 0) == (uint32_t)-2 &&
                               psci(vm, 0x84000004, 0, 99) == (uint32_t)-2);
    CHECK("psci-features", psci(vm, 0x8400000a, 0x84000008, 0) == 0 &&
                               psci(vm, 0x8400000a, 0x84000005, 0) == (uint32_t)-1);
    CHECK("psci-others", psci(vm, 0x84000002, 0, 0) == (uint32_t)-3 &&
                             psci(vm, 0x84000006, 0, 0) == 2 && psci(vm, 7, 0, 0) == (uint32_t)-1);
    CHECK("psci-running", vm->end == VM_RUNNING);
    psci(vm, 0x84000008, 0, 0);
    CHECK("psci-off", vm->end == VM_POWEROFF);
    psci(vm, 0x84000009, 0, 0);
    CHECK("psci-reset", vm->end == VM_RESET);
    delete_vm(vm);
}
