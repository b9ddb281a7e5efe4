/*
 * The console server's channels. Every client of the console is a channel (channel.h) whose index
 * says what it carries.
 */
#pragma once

#include <stdint.h>

#define CONSOLE_PANES_MAX 16 /* indices 0–15: terminals; pane N is index N-1 of the manifest */
#define CONSOLE_KEYBOARD  32 /* client → server: struct key_event */
#define CONSOLE_SERIAL    33 /* both ways: the bytes of a serial line */
#define CONSOLE_LOG       34 /* client (root) → server: text for the user, shown in one of the panes */

/* One key going down or up. */
struct key_event {
    uint16_t code;      /* PS/2 scan code set 1 make code, 0x100 added after an E0 prefix */
    uint8_t pressed;    /* 1 down (repeats too), 0 up */
    uint8_t modifiers;  /* KEY_* below, as they are after this event */
    uint32_t character; /* Unicode character the key gives with these modifiers, or 0 */
};
#define KEY_SHIFT   1u
#define KEY_CONTROL 2u
#define KEY_ALT     4u
#define KEY_ALTGR   8u
#define KEY_CAPS    16u
#define KEY_NUM     32u
