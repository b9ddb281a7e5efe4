/* 8042 and keyboard (IBM PS/2 technical reference). */
#include "mock.h"

#include <translator/devices/keyboard.h>

static struct vm *vm;
static struct i8042 *kbc;
static struct keyboard *typist;
static struct probe irq1, irq12;
static bool a20;
static unsigned resets;

static void set_a20(void *to, bool enabled)
{
    (void)to;
    a20 = enabled;
}

static void note_reset(void *to)
{
    (void)to;
    resets++;
}

static void command(unsigned v)
{
    out8(vm, 0x64, v);
}

/* The next byte, when it is there; -1: none comes. */
static int next(void)
{
    pass(vm, 100000);
    return in8(vm, 0x64) & 1 ? in8(vm, 0x60) : -1;
}

static bool answers(unsigned v, int a, int b, int c)
{
    out8(vm, 0x60, v);
    return next() == a && (b < 0 || next() == b) && (c < 0 || next() == c) && next() == -1;
}

static void controller(void)
{
    CHECK("kbc-empty", (in8(vm, 0x64) & 0x01) == 0);
    command(0xaa);
    CHECK("kbc-self-test", next() == 0x55 && (in8(vm, 0x64) & 0x04));
    command(0xab);
    CHECK("kbc-keyboard-test", next() == 0);
    command(0xa9);
    CHECK("kbc-aux-test", next() == 0);
    command(0x60);
    CHECK("kbc-command-bit", in8(vm, 0x64) & 0x08);
    out8(vm, 0x60, 0x45);
    command(0x20);
    CHECK("kbc-command-byte", next() == 0x45);
    command(0x61);
    out8(vm, 0x60, 0x99);
    command(0x21);
    CHECK("kbc-ram", next() == 0x99);
    command(0xd2);
    out8(vm, 0x60, 0x5a);
    CHECK("kbc-write-buffer", irq1.level && next() == 0x5a && !irq1.level);
    command(0xa8);
    command(0xd3);
    out8(vm, 0x60, 0xa5);
    pass(vm, 100000);
    CHECK("kbc-aux-loop", (in8(vm, 0x64) & 0x21) == 0x21 && next() == 0xa5);
    command(0xd4);
    out8(vm, 0x60, 0xf2);
    pass(vm, 100000);
    CHECK("kbc-no-mouse", (in8(vm, 0x64) & 0x61) == 0x61 && next() == 0xfe);
    command(0xa7);
    command(0x20);
    CHECK("kbc-aux-off", next() == 0x65);
    command(0xd0);
    CHECK("kbc-output-port", (next() & 0x03) == 0x03);
    command(0xd1);
    out8(vm, 0x60, 0xdd);
    CHECK("kbc-a20-off", !a20);
    command(0xd1);
    out8(vm, 0x60, 0xdf);
    CHECK("kbc-a20-on", a20 && resets == 0);
    command(0xfe);
    CHECK("kbc-reset-pulse", resets == 1);
    command(0xff);
    CHECK("kbc-no-pulse", resets == 1);
    command(0xc0);
    CHECK("kbc-input-port", next() == 0x80);
}

static void commands(void)
{
    command(0x60);
    out8(vm, 0x60, 0x01); /* untranslated, IRQ 1 */
    CHECK("kbd-echo", answers(0xee, 0xee, -1, -1));
    CHECK("kbd-identity", answers(0xf2, 0xfa, 0xab, 0x83));
    CHECK("kbd-reset", answers(0xff, 0xfa, 0xaa, -1));
    CHECK("kbd-leds", answers(0xed, 0xfa, -1, -1) && answers(0x02, 0xfa, -1, -1));
    CHECK("kbd-rate", answers(0xf3, 0xfa, -1, -1) && answers(0x20, 0xfa, -1, -1));
    CHECK("kbd-set", answers(0xf0, 0xfa, -1, -1) && answers(0x00, 0xfa, 0x02, -1));
    CHECK("kbd-set-3-refused", answers(0xf0, 0xfa, -1, -1) && answers(0x03, 0xfe, -1, -1));
    CHECK("kbd-unknown", answers(0xef, 0xfe, -1, -1));
    CHECK("kbd-resend", answers(0xf2, 0xfa, 0xab, 0x83) && answers(0xfe, 0x83, -1, -1));
    CHECK("kbd-off", answers(0xf5, 0xfa, -1, -1) && !i8042_key(kbc, 0x1c, true));
    CHECK("kbd-on", answers(0xf4, 0xfa, -1, -1) && i8042_room(kbc) == 16);
}

static void codes(void)
{
    irq1.rises = 0;
    i8042_key(kbc, 0x1c, true);
    i8042_key(kbc, 0x1c, false);
    CHECK("kbd-set-2", next() == 0x1c && next() == 0xf0 && next() == 0x1c && irq1.rises == 3);
    command(0x60);
    out8(vm, 0x60, 0x41);
    i8042_key(kbc, 0x1c, true);
    i8042_key(kbc, 0x1c, false);
    CHECK("kbd-translated", next() == 0x1e && next() == 0x9e && next() == -1);
    i8042_key(kbc, 0x75 | KEY_E0, true);
    i8042_key(kbc, 0x75 | KEY_E0, false);
    CHECK("kbd-extended", next() == 0xe0 && next() == 0x48 && next() == 0xe0 && next() == 0xc8);
    i8042_key(kbc, 0x83, true);
    CHECK("kbd-f7", next() == 0x41);
    command(0xad);
    i8042_key(kbc, 0x29, true);
    CHECK("kbd-port-disabled", next() == -1);
    command(0xae);
    CHECK("kbd-port-enabled", next() == 0x39);
    bool taken = true;
    unsigned n = 0;
    while (taken && n < 50)
        n += taken = i8042_key(kbc, 0x1c, true);
    CHECK("kbd-buffer-full", n >= 12 && n <= 16 && !taken);
    while (next() >= 0)
        ;
    command(0x60);
    out8(vm, 0x60, 0x40);
    i8042_key(kbc, 0x1c, true);
    CHECK("kbd-no-interrupt", !irq1.level && next() == 0x1e);
    command(0x60);
    out8(vm, 0x60, 0x41);
}

/* All codes that come while the text is typed. */
static bool types(const char *text, const uint8_t *expect, size_t count)
{
    bool good = true;
    keyboard_input(typist, (const uint8_t *)text, strlen(text));
    for (size_t i = 0; i < count; i++) {
        for (unsigned wait = 0; wait < 100 && !(in8(vm, 0x64) & 1); wait++)
            pass(vm, 1000000);
        good = good && (in8(vm, 0x64) & 1) && in8(vm, 0x60) == expect[i];
    }
    pass(vm, 100000000);
    return good && !(in8(vm, 0x64) & 1);
}

#define TYPES(text, ...) \
    types(text, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void typing(void)
{
    CHECK("type-letters", TYPES("ls", 0x26, 0xa6, 0x1f, 0x9f));
    CHECK("type-shift", TYPES("A", 0x2a, 0x1e, 0x9e, 0xaa));
    CHECK("type-signs", TYPES("~", 0x2a, 0x29, 0xa9, 0xaa) && TYPES("/", 0x35, 0xb5));
    CHECK("type-enter", TYPES("\r", 0x1c, 0x9c) && TYPES("\x7f", 0x0e, 0x8e));
    CHECK("type-control", TYPES("\x03", 0x1d, 0x2e, 0xae, 0x9d));
    CHECK("type-up", TYPES("\x1b[A", 0xe0, 0x48, 0xe0, 0xc8));
    CHECK("type-f10", TYPES("\x1b[21~", 0x44, 0xc4) && TYPES("\x1bOP", 0x3b, 0xbb));
    CHECK("type-escape", TYPES("\x1b", 0x01, 0x81));
    CHECK("type-alt", TYPES("\x1bx", 0x38, 0x2d, 0xad, 0xb8));
    char text[41];
    uint8_t expect[80];
    for (unsigned i = 0; i < 40; i++) {
        text[i] = 'a';
        expect[2 * i] = 0x1e;
        expect[2 * i + 1] = 0x9e;
    }
    text[40] = 0;
    CHECK("type-long", types(text, expect, 80));
    CHECK("type-nothing", TYPES("\xff", 0x00) == false);
}

void test_keyboard(void)
{
    vm = new_vm(0);
    const struct i8042_wires wires = {probe_line(&irq1), probe_line(&irq12), set_a20, note_reset,
                                      NULL};
    kbc = i8042_create(vm, &wires);
    typist = keyboard_create(vm, kbc, NULL, NULL);
    ports_add(vm, 0x60, 1, 1, &i8042_data_ops, kbc, "kbc");
    ports_add(vm, 0x64, 1, 1, &i8042_command_ops, kbc, "kbc");
    controller();
    commands();
    codes();
    typing();
    keyboard_delete(typist);
    i8042_delete(kbc);
    delete_vm(vm);
}
