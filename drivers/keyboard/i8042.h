/* The keyboard controller and the keyboard behind it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Find, test and start both. False: nothing there or nothing that works; *why says what, in words.
 * True: the controller works, interrupts are on; *why is NULL, or a sentence about the keyboard. */
bool i8042_start(const char **why);

/* A byte from the keyboard, if there is one. */
bool i8042_read(uint8_t *byte);

/* Show lock states (KEY_CAPS, KEY_NUM) on the keyboard's lights, as the bytes that i8042_answer sees
 * allow: the keyboard wants each byte acknowledged before the next. */
void i8042_lights(uint8_t locks);
/* True if the byte was the answer to a command for the lights, and no scan code. */
bool i8042_answer(uint8_t byte);
