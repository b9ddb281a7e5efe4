/*
 * Keys (keys.h). Codes are those of PS/2 scan code set 1, 100h added after an E0 prefix; the bytes
 * are those of the terminfo entry "linux".
 */
#include <string.h>

#include "keys.h"
#include "terminal.h"

enum {
    CODE_ESCAPE = 0x01,
    CODE_1 = 0x02,
    CODE_9 = 0x0a,
    CODE_0 = 0x0b,
    CODE_BACKSPACE = 0x0e,
    CODE_TAB = 0x0f,
    CODE_ENTER = 0x1c,
    CODE_CONTROL = 0x1d,
    CODE_SHIFT = 0x2a,
    CODE_RIGHT_SHIFT = 0x36,
    CODE_ALT = 0x38,
    CODE_CAPS = 0x3a,
    CODE_F1 = 0x3b,
    CODE_F10 = 0x44,
    CODE_NUM = 0x45,
    CODE_SCROLL = 0x46,
    CODE_F11 = 0x57,
    CODE_F12 = 0x58,
    CODE_PAD_ENTER = 0x11c,
    CODE_RIGHT_CONTROL = 0x11d,
    CODE_RIGHT_ALT = 0x138,
    CODE_PAGE_UP = 0x149,
    CODE_PAGE_DOWN = 0x151,
    CODE_WINDOWS = 0x15b,
    CODE_RIGHT_WINDOWS = 0x15c,
};

static const uint16_t modifiers[] = {
    CODE_CONTROL, CODE_SHIFT,         CODE_RIGHT_SHIFT, CODE_ALT,     CODE_CAPS,          CODE_NUM,
    CODE_SCROLL,  CODE_RIGHT_CONTROL, CODE_RIGHT_ALT,   CODE_WINDOWS, CODE_RIGHT_WINDOWS, 0x12a,
    0x136,
};

/* Keys that send a sequence. The numeric keypad without Num Lock (no character) has the codes below
 * 100h. `shifted`: with Shift; NULL: the same. */
static const struct {
    uint16_t code;
    const char *plain, *shifted;
} sequences[] = {
    {CODE_F1, "\x1b[[A", "\x1b[25~"},
    {0x3c, "\x1b[[B", "\x1b[26~"},
    {0x3d, "\x1b[[C", "\x1b[28~"},
    {0x3e, "\x1b[[D", "\x1b[29~"},
    {0x3f, "\x1b[[E", "\x1b[31~"},
    {0x40, "\x1b[17~", "\x1b[32~"},
    {0x41, "\x1b[18~", "\x1b[33~"},
    {0x42, "\x1b[19~", "\x1b[34~"},
    {0x43, "\x1b[20~", NULL},
    {CODE_F10, "\x1b[21~", NULL},
    {CODE_F11, "\x1b[23~", NULL},
    {CODE_F12, "\x1b[24~", NULL},
    {0x147, "\x1b[1~", NULL},
    {0x47, "\x1b[1~", NULL},
    {0x152, "\x1b[2~", NULL},
    {0x52, "\x1b[2~", NULL},
    {0x153, "\x1b[3~", NULL},
    {0x53, "\x1b[3~", NULL},
    {0x14f, "\x1b[4~", NULL},
    {0x4f, "\x1b[4~", NULL},
    {CODE_PAGE_UP, "\x1b[5~", NULL},
    {0x49, "\x1b[5~", NULL},
    {CODE_PAGE_DOWN, "\x1b[6~", NULL},
    {0x51, "\x1b[6~", NULL},
    {0x4c, "\x1b[G", NULL},
    {CODE_TAB, "\t", "\x1b\t"},
    {CODE_ESCAPE, "\x1b", NULL},
};

/* Arrows: ESC [ x, or ESC O x when the client has set application cursor keys (DECCKM). */
static const struct {
    uint16_t code;
    char letter;
} arrows[] = {
    {0x148, 'A'}, {0x48, 'A'}, {0x150, 'B'}, {0x50, 'B'},
    {0x14d, 'C'}, {0x4d, 'C'}, {0x14b, 'D'}, {0x4b, 'D'},
};

/* Ctrl with characters outside 40h-7Eh. */
static const struct {
    char character;
    uint8_t byte;
} controls[] = {
    {' ', 0x00}, {'2', 0x00}, {'3', 0x1b}, {'4', 0x1c}, {'5', 0x1d},
    {'6', 0x1e}, {'7', 0x1f}, {'8', 0x7f}, {'/', 0x1f}, {'?', 0x7f},
};

/* The US layout by key position, for a driver that gives no character while Ctrl or Alt is down. */
static const char base_layout[] =
    "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";

static bool is_modifier(unsigned code)
{
    for (unsigned i = 0; i < sizeof modifiers / sizeof *modifiers; i++)
        if (modifiers[i] == code)
            return true;
    return false;
}

enum key_action keys_action(const struct key_event *e, int *argument)
{
    unsigned code = e->code;
    *argument = 0;
    if (!e->pressed || is_modifier(code))
        return KEY_NOTHING;
    if (e->modifiers & KEY_SHIFT && !(e->modifiers & (KEY_ALT | KEY_CONTROL)) &&
        (code == CODE_PAGE_UP || code == CODE_PAGE_DOWN)) {
        *argument = code == CODE_PAGE_UP ? 1 : -1;
        return KEY_SCROLL;
    }
    if (!(e->modifiers & KEY_ALT) || e->modifiers & KEY_CONTROL)
        return KEY_TO_CLIENT;
    if (code >= CODE_1 && code <= CODE_0) {
        *argument = (int)(code - CODE_1);
        return KEY_FOCUS;
    }
    if (code >= CODE_F1 && code <= CODE_F10) {
        *argument = (int)(code - CODE_F1);
        return KEY_FOCUS;
    }
    if (code == CODE_F11 || code == CODE_F12) {
        *argument = (int)(code - CODE_F11) + 10;
        return KEY_FOCUS;
    }
    if (code == CODE_TAB) {
        *argument = e->modifiers & KEY_SHIFT ? -1 : 1;
        return KEY_FOCUS_NEXT;
    }
    if (code == CODE_ENTER || code == CODE_PAD_ENTER)
        return e->modifiers & KEY_SHIFT ? KEY_ENLARGE : KEY_FULL_SCREEN;
    return KEY_TO_CLIENT;
}

static size_t put(uint8_t *out, size_t at, const char *text)
{
    size_t n = strlen(text);
    memcpy(out + at, text, n);
    return at + n;
}

/* The sequence of a key that gives no character, appended at `at`. */
static size_t encode_special(const struct key_event *e, unsigned modes, uint8_t *out, size_t at)
{
    bool pad = e->code < 0x100 && e->code >= 0x47 && e->code <= 0x53;
    if (pad && e->character)
        return at; /* Num Lock: a digit */
    for (unsigned i = 0; i < sizeof arrows / sizeof *arrows; i++) {
        if (arrows[i].code != e->code)
            continue;
        out[at++] = 0x1b;
        out[at++] = modes & MODE_CURSOR_KEYS ? 'O' : '[';
        out[at++] = (uint8_t)arrows[i].letter;
        return at;
    }
    for (unsigned i = 0; i < sizeof sequences / sizeof *sequences; i++)
        if (sequences[i].code == e->code)
            return put(out, at,
                       e->modifiers & KEY_SHIFT && sequences[i].shifted ? sequences[i].shifted
                                                                        : sequences[i].plain);
    if (e->code == CODE_ENTER || e->code == CODE_PAD_ENTER)
        return put(out, at, modes & MODE_NEWLINE ? "\r\n" : "\r");
    if (e->code == CODE_BACKSPACE)
        return put(out, at, e->modifiers & KEY_CONTROL ? "\x08" : "\x7f");
    return at;
}

static int control_byte(uint32_t c)
{
    if (c < 0x20 || c == 0x7f)
        return (int)c; /* the driver has done it */
    for (unsigned i = 0; i < sizeof controls / sizeof *controls; i++)
        if (c == (uint32_t)controls[i].character)
            return controls[i].byte;
    return c >= 0x40 && c < 0x7f ? (int)(c & 0x1f) : -1;
}

size_t keys_encode(const struct key_event *e, unsigned modes, uint8_t out[KEY_BYTES_MAX])
{
    size_t start = 0;
    if (!e->pressed || is_modifier(e->code))
        return 0;
    if (e->modifiers & KEY_ALT)
        out[start++] = 0x1b;
    size_t n = encode_special(e, modes, out, start);
    if (n > start)
        return n;
    uint32_t c = e->character;
    if (c == 0 && e->modifiers & (KEY_CONTROL | KEY_ALT) && e->code < sizeof base_layout)
        c = (uint8_t)base_layout[e->code];
    if (c == 0 || c > 0x10ffff)
        return 0;
    if (e->modifiers & KEY_CONTROL && !(e->modifiers & KEY_ALTGR)) {
        int byte = control_byte(c);
        if (byte < 0)
            return 0;
        out[start++] = (uint8_t)byte;
        return start;
    }
    return start + utf8_encode(c, out + start);
}
