/* PS/2 controller (Intel 8042 as programmed for the PC/AT, IBM PS/2 technical reference) with a
 * keyboard on its first port; nothing is plugged into the second. */
#pragma once

#include <translator/board.h>

struct i8042;

/* What the controller drives. */
struct i8042_wires {
    struct line keyboard, mouse;         /* IRQ 1, IRQ 12 */
    void (*a20)(void *to, bool enabled); /* output port bit 1 */
    void (*reset)(void *to);             /* output port bit 0 fell, or command FEh */
    void *to;
};

/* NULL: no memory. */
struct i8042 *i8042_create(struct vm *vm, const struct i8042_wires *wires);
void i8042_delete(struct i8042 *k);
void i8042_reset(struct i8042 *k);
/* A20 was switched elsewhere (port 92h): the output port shows it. */
void i8042_note_a20(struct i8042 *k, bool enabled);
/* A key goes down or up: its code of set 2, with KEY_E0 if E0h comes first. False: the keyboard's
 * buffer is full, or it does not scan; try again. */
#define KEY_E0 0x100u
bool i8042_key(struct i8042 *k, unsigned key, bool down);
/* How many more bytes the keyboard can buffer; 0 while it does not scan. */
unsigned i8042_room(const struct i8042 *k);

extern const struct device_ops i8042_data_ops;    /* one port, 60h */
extern const struct device_ops i8042_command_ops; /* one port, 64h: status and commands */
