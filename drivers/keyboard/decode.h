/* From scan code bytes to keys. Pure: no device, no kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <tetrapla/console.h>

#define KEY_CODES 0x200 /* 0x000–0x07F plain, 0x100–0x17F after an E0 prefix */

/* Codes that the decoder and the driver know by name. */
enum key_code {
    CODE_ESCAPE = 0x01,
    CODE_CONTROL_LEFT = 0x1d,
    CODE_SHIFT_LEFT = 0x2a,
    CODE_SHIFT_RIGHT = 0x36,
    CODE_ALT_LEFT = 0x38,
    CODE_CAPS = 0x3a,
    CODE_NUM = 0x45,
    CODE_CONTROL_RIGHT = 0x11d,
    CODE_PRINT_SCREEN = 0x137,
    CODE_ALT_RIGHT = 0x138,
    CODE_PAUSE = 0x145, /* ours: the key sends E1 1D 45 and has no code after E0 */
};

struct decoder {
    bool extended;               /* E0 came just before */
    uint8_t pause_left;          /* bytes of an E1 sequence still to come */
    uint8_t pause_first;         /* the first of them: 1D down, 9D up */
    uint8_t locks;               /* KEY_CAPS, KEY_NUM */
    uint8_t down[KEY_CODES / 8]; /* keys that are down, one bit each */
};

/* Start with a lock state (KEY_CAPS, KEY_NUM) and no key down. */
void decoder_init(struct decoder *d, uint8_t locks);

/* One byte of scan code set 1. True if it ends a key event, which is then in *e. */
bool decode(struct decoder *d, uint8_t byte, struct key_event *e);

/* layout.c: the character a key gives with these modifiers (KEY_*), 0 if none. */
uint32_t layout_character(uint16_t code, uint8_t modifiers);
