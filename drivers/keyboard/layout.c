/*
 * The US layout, with the characters of its "international" variant on AltGr. One row per key:
 * plain, Shift, AltGr, AltGr+Shift. Caps Lock swaps plain and Shift where the two are the small and
 * capital form of one letter. Control gives the ASCII control characters. Num Lock gives the keypad
 * its digits, Shift takes them away for as long as it is held.
 *
 * Enter is CR, Backspace is DEL (7Fh), as TERM=linux expects. Control with 2, @ or Space would be
 * NUL, which "no character" already is: whoever wants it looks at the code.
 */
#include "decode.h"

struct row {
    uint16_t code, plain, shift, altgr, altgr_shift;
};

static const struct row rows[] = {
    {0x01, 0x1b, 0x1b, 0, 0},       /* Escape */
    {0x02, '1', '!', 0xa1, 0xb9},   /* ¡ ¹ */
    {0x03, '2', '@', 0xb2, 0},      /* ² */
    {0x04, '3', '#', 0xb3, 0},      /* ³ */
    {0x05, '4', '$', 0xa4, 0xa3},   /* ¤ £ */
    {0x06, '5', '%', 0x20ac, 0},    /* € */
    {0x07, '6', '^', 0xbc, 0},      /* ¼ */
    {0x08, '7', '&', 0xbd, 0},      /* ½ */
    {0x09, '8', '*', 0xbe, 0},      /* ¾ */
    {0x0a, '9', '(', 0x2018, 0},    /* ‘ */
    {0x0b, '0', ')', 0x2019, 0},    /* ’ */
    {0x0c, '-', '_', 0xa5, 0},      /* ¥ */
    {0x0d, '=', '+', 0xd7, 0xf7},   /* × ÷ */
    {0x0e, 0x7f, 0x7f, 0x7f, 0x7f}, /* Backspace */
    {0x0f, '\t', '\t', 0, 0},       /* Tab */
    {0x10, 'q', 'Q', 0xe4, 0xc4},   /* ä Ä */
    {0x11, 'w', 'W', 0xe5, 0xc5},   /* å Å */
    {0x12, 'e', 'E', 0xe9, 0xc9},   /* é É */
    {0x13, 'r', 'R', 0xae, 0},      /* ® */
    {0x14, 't', 'T', 0xfe, 0xde},   /* þ Þ */
    {0x15, 'y', 'Y', 0xfc, 0xdc},   /* ü Ü */
    {0x16, 'u', 'U', 0xfa, 0xda},   /* ú Ú */
    {0x17, 'i', 'I', 0xed, 0xcd},   /* í Í */
    {0x18, 'o', 'O', 0xf3, 0xd3},   /* ó Ó */
    {0x19, 'p', 'P', 0xf6, 0xd6},   /* ö Ö */
    {0x1a, '[', '{', 0xab, 0x201c}, /* « “ */
    {0x1b, ']', '}', 0xbb, 0x201d}, /* » ” */
    {0x1c, '\r', '\r', '\r', '\r'}, /* Enter */
    {0x1e, 'a', 'A', 0xe1, 0xc1},   /* á Á */
    {0x1f, 's', 'S', 0xdf, 0xa7},   /* ß § */
    {0x20, 'd', 'D', 0xf0, 0xd0},   /* ð Ð */
    {0x21, 'f', 'F', 0, 0},          {0x22, 'g', 'G', 0, 0},
    {0x23, 'h', 'H', 0, 0},          {0x24, 'j', 'J', 0, 0},
    {0x25, 'k', 'K', 0, 0},          {0x26, 'l', 'L', 0xf8, 0xd8},  /* ø Ø */
    {0x27, ';', ':', 0xb6, 0xb0},                                   /* ¶ ° */
    {0x28, '\'', '"', 0xb4, 0xa8},                                  /* ´ ¨ */
    {0x29, '`', '~', 0, 0},          {0x2b, '\\', '|', 0xac, 0xa6}, /* ¬ ¦ */
    {0x2c, 'z', 'Z', 0xe6, 0xc6},                                   /* æ Æ */
    {0x2d, 'x', 'X', 0, 0},          {0x2e, 'c', 'C', 0xa9, 0xa2},  /* © ¢ */
    {0x2f, 'v', 'V', 0, 0},          {0x30, 'b', 'B', 0, 0},
    {0x31, 'n', 'N', 0xf1, 0xd1},                                /* ñ Ñ */
    {0x32, 'm', 'M', 0xb5, 0},                                   /* µ */
    {0x33, ',', '<', 0xe7, 0xc7},                                /* ç Ç */
    {0x34, '.', '>', 0, 0},          {0x35, '/', '?', 0xbf, 0},  /* ¿ */
    {0x37, '*', '*', '*', '*'},                                  /* keypad * */
    {0x39, ' ', ' ', ' ', ' '},      {0x4a, '-', '-', '-', '-'}, /* keypad - */
    {0x4e, '+', '+', '+', '+'},                                  /* keypad + */
    {0x56, '\\', '|', 0, 0},                                     /* the 102nd key */
    {0x11c, '\r', '\r', '\r', '\r'},                             /* keypad Enter */
    {0x135, '/', '/', '/', '/'},                                 /* keypad / */
};

#define KEYPAD_FIRST 0x47
static const char keypad[] = "789-456+1230."; /* codes 47–53 */
#define KEYPAD_LAST (KEYPAD_FIRST + sizeof(keypad) - 2)

/* Characters 40h–5Fh and letters with Control; the digits as the VT220 has them. */
static uint32_t control(uint32_t c)
{
    static const char digits[] = {'3', 0x1b, '4', 0x1c, '5', 0x1d, '6', 0x1e,
                                  '7', 0x1f, '8', 0x7f, '/', 0x1f, '?', 0x7f};
    if (c >= 'a' && c <= 'z')
        return c & 0x1f;
    if (c >= '@' && c <= '_')
        return c & 0x1f;
    for (unsigned i = 0; i < sizeof(digits); i += 2) {
        if (c == (uint32_t)digits[i])
            return (uint32_t)digits[i + 1];
    }
    return c == '-' ? 0x1f : c < 0x20 || c == 0x7f ? c : 0;
}

/* Small and capital form of one letter: in ASCII and Latin-1 they are 20h apart. */
static bool is_letter_pair(uint32_t small, uint32_t capital)
{
    bool letter = (small >= 'a' && small <= 'z') || (small >= 0xe0 && small <= 0xfe);
    return letter && small == capital + 0x20;
}

uint32_t layout_character(uint16_t code, uint8_t modifiers)
{
    if (code >= KEYPAD_FIRST && code <= KEYPAD_LAST) {
        char c = keypad[code - KEYPAD_FIRST];
        if (c != '-' && c != '+')
            return (modifiers & KEY_NUM) && !(modifiers & KEY_SHIFT) ? (uint32_t)c : 0;
    }
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        if (r->code != code)
            continue;
        bool altgr = modifiers & KEY_ALTGR, shift = modifiers & KEY_SHIFT;
        uint32_t low = altgr ? r->altgr : r->plain, high = altgr ? r->altgr_shift : r->shift;
        if ((modifiers & KEY_CAPS) && is_letter_pair(low, high))
            shift = !shift;
        uint32_t c = shift ? high : low;
        return modifiers & KEY_CONTROL ? control(c) : c;
    }
    return 0;
}
