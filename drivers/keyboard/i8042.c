/*
 * The i8042 keyboard controller (IBM PS/2 Technical Reference, "Keyboard and Auxiliary Device
 * Controller"): data at port 60h, status and commands at 64h. The keyboard itself speaks scan code
 * set 2, which the controller translates to set 1.
 *
 * Every wait has an end: the controller answers within 10 ms or is taken for absent, a keyboard's
 * reset takes at most 1 s. Long waits sleep. A machine without a controller reads FFh at 64h.
 *
 * The second port (mouse) is switched off: nobody here serves it, and its bytes would come through
 * the same data port.
 */
#include "i8042.h"

#include <stddef.h>
#include <tetrapla/console.h>
#include <tetrapla/io.h>
#include <tetrapla/task.h>

#define DATA    0x60
#define STATUS  0x64
#define COMMAND 0x64

/* Status register. */
#define OUTPUT_FULL 0x01u /* a byte can be read */
#define INPUT_FULL  0x02u /* the controller has not taken the last byte yet */
#define FROM_MOUSE  0x20u

enum controller_command {
    READ_CONFIG = 0x20,
    WRITE_CONFIG = 0x60,
    DISABLE_MOUSE = 0xa7,
    SELF_TEST = 0xaa,
    TEST_KEYBOARD_LINE = 0xab,
    DISABLE_KEYBOARD = 0xad,
    ENABLE_KEYBOARD = 0xae,
};
#define SELF_TEST_PASSED 0x55

/* Configuration byte. */
#define CONFIG_INTERRUPT       0x01u
#define CONFIG_MOUSE_INTERRUPT 0x02u
#define CONFIG_KEYBOARD_OFF    0x10u
#define CONFIG_MOUSE_OFF       0x20u
#define CONFIG_TRANSLATE       0x40u

enum keyboard_command { SET_LIGHTS = 0xed, ENABLE_SCANNING = 0xf4, RESET = 0xff };
#define ACKNOWLEDGED 0xfa
#define RESEND       0xfe
#define RESET_PASSED 0xaa

#define CONTROLLER_NS 10000000u
#define KEYBOARD_NS   500000000u
#define RESET_NS      1000000000u
#define SPIN_NS       50000u /* poll so long before sleeping between polls */

/* Wait until (status & mask) == value. */
static bool wait_status(uint8_t mask, uint8_t value, uint64_t ns)
{
    uint64_t start = time_now(), waited = 0;
    while ((in8(STATUS) & mask) != value) {
        if (waited > ns)
            return false;
        if (waited > SPIN_NS)
            sleep_ns(1000000);
        waited = time_now() - start;
    }
    return true;
}

static bool send(uint16_t port, uint8_t byte)
{
    if (!wait_status(INPUT_FULL, 0, CONTROLLER_NS))
        return false;
    out8(port, byte);
    return true;
}

/* The next byte, or -1. */
static int receive(uint64_t ns)
{
    return wait_status(OUTPUT_FULL, OUTPUT_FULL, ns) ? in8(DATA) : -1;
}

static void drop_output(void)
{
    for (int i = 0; i < 64 && (in8(STATUS) & OUTPUT_FULL); i++)
        in8(DATA);
}

static int ask_controller(enum controller_command command)
{
    return send(COMMAND, command) ? receive(CONTROLLER_NS) : -1;
}

static bool write_config(uint8_t config)
{
    return send(COMMAND, WRITE_CONFIG) && send(DATA, config);
}

/* Send a byte to the keyboard until it is acknowledged; scan codes that arrive meanwhile belong to
 * the time before the driver and are dropped. */
static bool ask_keyboard(uint8_t byte)
{
    for (int tries = 0; tries < 3; tries++) {
        if (!send(DATA, byte))
            return false;
        for (int i = 0; i < 32; i++) {
            int answer = receive(KEYBOARD_NS);
            if (answer == ACKNOWLEDGED)
                return true;
            if (answer < 0)
                return false;
            if (answer == RESEND)
                break;
        }
    }
    return false;
}

static const char *start_keyboard(void)
{
    if (!ask_keyboard(RESET))
        return "no keyboard answers; one that is plugged in later will work";
    if (receive(RESET_NS) != RESET_PASSED)
        return "the keyboard's own test did not pass; going on with it";
    if (!ask_keyboard(ENABLE_SCANNING))
        return "the keyboard refuses to scan; going on with it";
    return NULL;
}

bool i8042_start(const char **why)
{
    const uint8_t base = CONFIG_MOUSE_OFF | CONFIG_TRANSLATE;
    if (in8(STATUS) == 0xff) {
        *why = "no keyboard controller on this machine";
        return false;
    }
    *why = "the keyboard controller does not answer";
    if (!send(COMMAND, DISABLE_KEYBOARD) || !send(COMMAND, DISABLE_MOUSE))
        return false;
    drop_output();
    if (ask_controller(READ_CONFIG) < 0)
        return false;
    if (!write_config(base | CONFIG_KEYBOARD_OFF))
        return false;
    if (ask_controller(SELF_TEST) != SELF_TEST_PASSED) {
        *why = "the keyboard controller's self test did not pass";
        return false;
    }
    /* The self test may have put the configuration back to its default. */
    if (!write_config(base | CONFIG_KEYBOARD_OFF))
        return false;
    if (ask_controller(TEST_KEYBOARD_LINE) != 0) {
        *why = "the keyboard's line is stuck";
        return false;
    }
    if (!send(COMMAND, ENABLE_KEYBOARD) || !write_config(base))
        return false;
    *why = start_keyboard();
    if (!write_config(base | CONFIG_INTERRUPT)) {
        *why = "the keyboard controller stopped answering";
        return false;
    }
    return true;
}

bool i8042_read(uint8_t *byte)
{
    for (;;) {
        uint8_t status = in8(STATUS);
        if (status == 0xff || !(status & OUTPUT_FULL))
            return false;
        *byte = in8(DATA);
        if (!(status & FROM_MOUSE))
            return true;
    }
}

/* ---- lights: SET_LIGHTS, acknowledge, mask, acknowledge ---- */

static enum { IDLE, SENT_COMMAND, SENT_MASK } lights_state;
static uint8_t lights_wanted, lights_shown = 0xff;

static void lights_next(void)
{
    if (lights_wanted == lights_shown)
        return;
    if (send(DATA, SET_LIGHTS))
        lights_state = SENT_COMMAND;
}

void i8042_lights(uint8_t locks)
{
    lights_wanted = (uint8_t)((locks & KEY_NUM ? 2 : 0) | (locks & KEY_CAPS ? 4 : 0));
    if (lights_state == IDLE)
        lights_next();
}

bool i8042_answer(uint8_t byte)
{
    if (lights_state == IDLE || (byte != ACKNOWLEDGED && byte != RESEND))
        return false;
    if (byte == RESEND) { /* a keyboard without lights: leave it */
        lights_state = IDLE;
        lights_shown = lights_wanted;
    } else if (lights_state == SENT_COMMAND) {
        lights_shown = lights_wanted;
        lights_state = send(DATA, lights_wanted) ? SENT_MASK : IDLE;
    } else {
        lights_state = IDLE;
        lights_next();
    }
    return true;
}
