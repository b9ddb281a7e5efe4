/* Keys: events → bytes of TERM=linux, and the console's own keys. */
#include "test.h"

#include "keys.h"
#include "terminal.h"

#define E "\x1b"

static const struct {
    const char *name;
    uint16_t code;
    uint8_t modifiers;
    uint32_t character;
    unsigned modes;
    const char *bytes;
} cases[] = {
    {"letter", 0x1e, 0, 'a', 0, "a"},
    {"shifted letter", 0x1e, KEY_SHIFT, 'A', 0, "A"},
    {"umlaut", 0x28, 0, 0xe4, 0, "ä"},
    {"euro", 0x12, KEY_ALTGR, 0x20ac, 0, "€"},
    {"control as character", 0x2e, KEY_CONTROL, 3, 0, "\x03"},
    {"control with the letter", 0x2e, KEY_CONTROL, 'c', 0, "\x03"},
    {"control without a character", 0x2e, KEY_CONTROL, 0, 0, "\x03"},
    {"control ]", 0x1b, KEY_CONTROL, ']', 0, "\x1d"},
    {"control backslash", 0x2b, KEY_CONTROL, '\\', 0, "\x1c"},
    {"control /", 0x35, KEY_CONTROL, '/', 0, "\x1f"},
    {"control 3", 0x04, KEY_CONTROL, '3', 0, "\x1b"},
    {"control 1 is nothing", 0x02, KEY_CONTROL, '1', 0, ""},
    {"alt letter", 0x21, KEY_ALT, 'f', 0, E "f"},
    {"alt without a character", 0x21, KEY_ALT, 0, 0, E "f"},
    {"alt control letter", 0x21, KEY_ALT | KEY_CONTROL, 'f', 0, E "\x06"},
    {"enter", 0x1c, 0, '\r', 0, "\r"},
    {"keypad enter", 0x11c, 0, '\r', 0, "\r"},
    {"enter in line feed mode", 0x1c, 0, '\r', MODE_NEWLINE, "\r\n"},
    {"backspace", 0x0e, 0, 0x7f, 0, "\x7f"},
    {"backspace as BS", 0x0e, 0, 0x08, 0, "\x7f"},
    {"alt backspace", 0x0e, KEY_ALT, 0x7f, 0, E "\x7f"},
    {"tab", 0x0f, 0, '\t', 0, "\t"},
    {"shift tab", 0x0f, KEY_SHIFT, '\t', 0, E "\t"},
    {"escape", 0x01, 0, 0x1b, 0, E},
    {"up", 0x148, 0, 0, 0, E "[A"},
    {"down", 0x150, 0, 0, 0, E "[B"},
    {"right", 0x14d, 0, 0, 0, E "[C"},
    {"left", 0x14b, 0, 0, 0, E "[D"},
    {"up, application", 0x148, 0, 0, MODE_CURSOR_KEYS, E "OA"},
    {"left, application", 0x14b, 0, 0, MODE_CURSOR_KEYS, E "OD"},
    {"alt left", 0x14b, KEY_ALT, 0, 0, E E "[D"},
    {"home", 0x147, 0, 0, 0, E "[1~"},
    {"insert", 0x152, 0, 0, 0, E "[2~"},
    {"delete", 0x153, 0, 0, 0, E "[3~"},
    {"end", 0x14f, 0, 0, 0, E "[4~"},
    {"page up", 0x149, 0, 0, 0, E "[5~"},
    {"page down", 0x151, 0, 0, 0, E "[6~"},
    {"keypad 8 without num lock", 0x48, 0, 0, 0, E "[A"},
    {"keypad 8 with num lock", 0x48, KEY_NUM, '8', 0, "8"},
    {"keypad 5 without num lock", 0x4c, 0, 0, 0, E "[G"},
    {"keypad -", 0x4a, 0, '-', 0, "-"},
    {"F1", 0x3b, 0, 0, 0, E "[[A"},
    {"F5", 0x3f, 0, 0, 0, E "[[E"},
    {"F6", 0x40, 0, 0, 0, E "[17~"},
    {"F10", 0x44, 0, 0, 0, E "[21~"},
    {"F11", 0x57, 0, 0, 0, E "[23~"},
    {"F12", 0x58, 0, 0, 0, E "[24~"},
    {"shift F1", 0x3b, KEY_SHIFT, 0, 0, E "[25~"},
    {"shift F8", 0x42, KEY_SHIFT, 0, 0, E "[34~"},
    {"shift alone", 0x2a, KEY_SHIFT, 0, 0, ""},
    {"unknown key", 0x1ff, 0, 0, 0, ""},
    {"no character at all", 0x77, 0, 0x110000, 0, ""},
};

static const struct {
    const char *name;
    uint16_t code;
    uint8_t pressed, modifiers;
    enum key_action action;
    int argument;
} actions[] = {
    {"alt 1", 0x02, 1, KEY_ALT, KEY_FOCUS, 0},
    {"alt 4", 0x05, 1, KEY_ALT, KEY_FOCUS, 3},
    {"alt F2", 0x3c, 1, KEY_ALT, KEY_FOCUS, 1},
    {"alt F12", 0x58, 1, KEY_ALT, KEY_FOCUS, 11},
    {"alt 1 going up", 0x02, 0, KEY_ALT, KEY_NOTHING, 0},
    {"alt tab", 0x0f, 1, KEY_ALT, KEY_FOCUS_NEXT, 1},
    {"alt shift tab", 0x0f, 1, KEY_ALT | KEY_SHIFT, KEY_FOCUS_NEXT, -1},
    {"alt enter", 0x1c, 1, KEY_ALT, KEY_FULL_SCREEN, 0},
    {"alt shift enter", 0x1c, 1, KEY_ALT | KEY_SHIFT, KEY_ENLARGE, 0},
    {"shift page up", 0x149, 1, KEY_SHIFT, KEY_SCROLL, 1},
    {"shift page down", 0x151, 1, KEY_SHIFT, KEY_SCROLL, -1},
    {"page up alone", 0x149, 1, 0, KEY_TO_CLIENT, 0},
    {"plain 1", 0x02, 1, 0, KEY_TO_CLIENT, 0},
    {"alt letter", 0x21, 1, KEY_ALT, KEY_TO_CLIENT, 0},
    {"control alone", 0x1d, 1, KEY_CONTROL, KEY_NOTHING, 0},
};

void keys_tests(void)
{
    char name[64];
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct key_event e = {cases[i].code, 1, cases[i].modifiers, cases[i].character};
        uint8_t bytes[KEY_BYTES_MAX];
        size_t n = keys_encode(&e, cases[i].modes, bytes);
        snprintf(name, sizeof name, "key: %s", cases[i].name);
        result(name, n == strlen(cases[i].bytes) && memcmp(bytes, cases[i].bytes, n) == 0,
               "%zu bytes, first %02x", n, n ? bytes[0] : 0);
    }
    for (unsigned i = 0; i < sizeof actions / sizeof *actions; i++) {
        struct key_event e = {actions[i].code, actions[i].pressed, actions[i].modifiers, 0};
        int argument;
        enum key_action action = keys_action(&e, &argument);
        snprintf(name, sizeof name, "key action: %s", actions[i].name);
        result(name, action == actions[i].action && argument == actions[i].argument, "%d %d",
               (int)action, argument);
    }
    bool bounded = true;
    for (unsigned i = 0; i < 1000000; i++) {
        uint64_t r = random_next();
        struct key_event e = {(uint16_t)(r & 0x1ff), (uint8_t)(r >> 9 & 1), (uint8_t)(r >> 16),
                              (uint32_t)(random_next() & 0x1fffff)};
        uint8_t bytes[KEY_BYTES_MAX];
        int argument;
        keys_action(&e, &argument);
        bounded = bounded && keys_encode(&e, (unsigned)(r >> 32), bytes) <= KEY_BYTES_MAX;
    }
    result("key: a million random events", bounded, "too long");
}
