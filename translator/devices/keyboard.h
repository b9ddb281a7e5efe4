/* From a terminal's bytes to the keys of a PC keyboard. */
#pragma once

#include <translator/devices/i8042.h>

struct keyboard;

/* Types into `controller` what comes from the terminal; `more` (may be NULL) is asked for input when there
 * is room for it again. NULL: no memory. */
struct keyboard *keyboard_create(struct vm *vm, struct i8042 *controller, void (*more)(void *to),
                                 void *to);
void keyboard_delete(struct keyboard *k);
void keyboard_reset(struct keyboard *k);
/* How many bytes it can take now. */
size_t keyboard_room(const struct keyboard *k);
void keyboard_input(struct keyboard *k, const uint8_t *bytes, size_t count);
