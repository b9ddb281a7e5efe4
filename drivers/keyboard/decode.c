/*
 * Scan code set 1, as the keyboard controller's translation gives it (IBM PS/2 Technical Reference,
 * "Keyboard"). A key is one byte, bit 7 set when it goes up, with E0 in front for the keys that the
 * 84-key keyboard did not have. Exceptions:
 *
 *   E0 2A, E0 AA, E0 36, E0 B6   shifts that the keyboard invents around other keys: not keys
 *   E1 1D 45 E1 9D C5            Pause, both ways at once when it goes down
 *   00, FF                       the keyboard lost bytes: every key may be up by now
 *   EE FA FC FD FE               answers to commands that came late: not keys
 *
 * Invariant: down[] has a bit for every key whose press was reported and whose release was not; the
 * modifiers are computed from it, so two Shift keys cannot confuse each other.
 */
#include "decode.h"

#include <string.h>

#define PREFIX_EXTENDED 0xe0
#define PREFIX_PAUSE    0xe1
#define RELEASED        0x80u

void decoder_init(struct decoder *d, uint8_t locks)
{
    memset(d, 0, sizeof(*d));
    d->locks = locks & (KEY_CAPS | KEY_NUM);
}

static bool is_down(const struct decoder *d, uint16_t code)
{
    return d->down[code / 8] >> (code % 8) & 1;
}

static void set_down(struct decoder *d, uint16_t code, bool down)
{
    uint8_t bit = (uint8_t)(1u << (code % 8));
    d->down[code / 8] = (uint8_t)(down ? d->down[code / 8] | bit : d->down[code / 8] & ~bit);
}

static uint8_t modifiers(const struct decoder *d)
{
    static const struct {
        uint16_t code;
        uint8_t modifier;
    } rows[] = {
        {CODE_SHIFT_LEFT, KEY_SHIFT},     {CODE_SHIFT_RIGHT, KEY_SHIFT},
        {CODE_CONTROL_LEFT, KEY_CONTROL}, {CODE_CONTROL_RIGHT, KEY_CONTROL},
        {CODE_ALT_LEFT, KEY_ALT},         {CODE_ALT_RIGHT, KEY_ALTGR},
    };
    uint8_t set = d->locks;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (is_down(d, rows[i].code))
            set |= rows[i].modifier;
    }
    return set;
}

static bool key(struct decoder *d, uint16_t code, bool pressed, struct key_event *e)
{
    bool repeat = pressed && is_down(d, code);
    set_down(d, code, pressed);
    if (pressed && !repeat && code == CODE_CAPS)
        d->locks ^= KEY_CAPS;
    if (pressed && !repeat && code == CODE_NUM)
        d->locks ^= KEY_NUM;
    *e = (struct key_event){.code = code, .pressed = pressed, .modifiers = modifiers(d)};
    e->character = pressed ? layout_character(code, e->modifiers) : 0;
    return true;
}

static bool is_answer(uint8_t byte)
{
    return byte == 0xee || byte == 0xfa || byte == 0xfc || byte == 0xfd || byte == 0xfe;
}

bool decode(struct decoder *d, uint8_t byte, struct key_event *e)
{
    if (byte == 0x00 || byte == 0xff) {
        decoder_init(d, d->locks);
        return false;
    }
    if (d->pause_left) {
        if (d->pause_left-- == 2) {
            d->pause_first = byte;
            return false;
        }
        return key(d, CODE_PAUSE, !(d->pause_first & RELEASED), e);
    }
    if (byte == PREFIX_PAUSE) {
        d->pause_left = 2;
        d->extended = false;
        return false;
    }
    if (byte == PREFIX_EXTENDED) {
        d->extended = true;
        return false;
    }
    bool extended = d->extended;
    d->extended = false;
    uint16_t code = byte & 0x7f;
    if (extended) {
        if (code == CODE_SHIFT_LEFT || code == CODE_SHIFT_RIGHT)
            return false;
        code |= 0x100;
    } else if (is_answer(byte)) {
        return false;
    }
    return key(d, code, !(byte & RELEASED), e);
}
