/* Hosted tests of the keyboard driver's decoder and layout: bytes in, keys out. */
#include "../../../drivers/keyboard/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static unsigned passed, failed;

static void result(const char *name, bool good, const char *why)
{
    printf(good ? "ok %s\n" : "FAIL %s: %s\n", name, why);
    good ? passed++ : failed++;
}

/* Feed bytes to a fresh decoder and write the events as text: "code+" down, "code-" up, then the
 * character if there is one and the modifiers if there are any. */
static const char *events(uint8_t locks, const char *bytes, size_t n)
{
    static char text[1000];
    size_t used = 0;
    struct decoder d;
    struct key_event e;
    decoder_init(&d, locks);
    text[0] = 0;
    for (size_t i = 0; i < n; i++) {
        if (!decode(&d, (uint8_t)bytes[i], &e))
            continue;
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%x%c", used ? " " : "",
                                 e.code, e.pressed ? '+' : '-');
        if (e.character)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "(%x)", e.character);
        for (unsigned k = 0; k < 6; k++) {
            if (e.modifiers >> k & 1)
                used += (size_t)snprintf(text + used, sizeof(text) - used, "%c", "SCAGLN"[k]);
        }
    }
    return text;
}

struct row {
    const char *name, *bytes;
    size_t n;
    uint8_t locks;
    const char *expected;
};
#define ROW(name, locks, bytes, expected)               \
    {                                                   \
        name, bytes, sizeof(bytes) - 1, locks, expected \
    }

static const struct row rows[] = {
    ROW("plain", 0, "\x1e\x9e", "1e+(61) 1e-"),
    ROW("repeat", 0, "\x1e\x1e\x1e\x9e", "1e+(61) 1e+(61) 1e+(61) 1e-"),
    ROW("shift", 0, "\x2a\x1e\x9e\xaa\x1e", "2a+S 1e+(41)S 1e-S 2a- 1e+(61)"),
    ROW("two_shifts", 0, "\x2a\x36\xaa\x1e\xb6\x1e", "2a+S 36+S 2a-S 1e+(41)S 36- 1e+(61)"),
    ROW("caps", 0, "\x3a\xba\x1e\x02\x2a\x1e", "3a+L 3a-L 1e+(41)L 2+(31)L 2a+SL 1e+(61)SL"),
    ROW("caps_repeat_toggles_once", 0, "\x3a\x3a\x3a\xba\x3a\xba", "3a+L 3a+L 3a+L 3a-L 3a+ 3a-"),
    ROW("control", 0, "\x1d\x2e\x1a\x35\x1c", "1d+C 2e+(3)C 1a+(1b)C 35+(1f)C 1c+(d)C"),
    ROW("control_right", 0, "\xe0\x1d\x2e\xe0\x9d\x2e", "11d+C 2e+(3)C 11d- 2e+(63)"),
    ROW("control_digits", 0, "\x1d\x04\x07\x09\x0c", "1d+C 4+(1b)C 7+(1e)C 9+(7f)C c+(1f)C"),
    ROW("alt", 0, "\x38\x1e\xb8", "38+A 1e+(61)A 38-"),
    ROW("altgr", 0, "\xe0\x38\x06\x12\x21\xe0\xb8", "138+G 6+(20ac)G 12+(e9)G 21+G 138-"),
    ROW("altgr_shift", 0, "\xe0\x38\x2a\x12", "138+G 2a+SG 12+(c9)SG"),
    ROW("altgr_caps", 0, "\x3a\xba\xe0\x38\x12\x06", "3a+L 3a-L 138+GL 12+(c9)GL 6+(20ac)GL"),
    ROW("enter", 0, "\x1c\xe0\x1c", "1c+(d) 11c+(d)"),
    ROW("backspace_tab_escape", 0, "\x0e\x0f\x01", "e+(7f) f+(9) 1+(1b)"),
    ROW("arrows", 0, "\xe0\x48\xe0\xc8\xe0\x4b", "148+ 148- 14b+"),
    ROW("arrows_with_num_lock", KEY_NUM, "\xe0\x2a\xe0\x48\xe0\xc8\xe0\xaa", "148+N 148-N"),
    ROW("arrows_with_shift", 0, "\x2a\xe0\xaa\xe0\x48\xe0\xc8\xe0\x2a\xaa", "2a+S 148+S 148-S 2a-"),
    ROW("keypad_off", 0, "\x47\x53\x4e\x4a\x37", "47+ 53+ 4e+(2b) 4a+(2d) 37+(2a)"),
    ROW("keypad_on", KEY_NUM, "\x47\x53\x52", "47+(37)N 53+(2e)N 52+(30)N"),
    ROW("keypad_on_with_shift", KEY_NUM, "\x2a\x47", "2a+SN 47+SN"),
    ROW("num_lock", 0, "\x45\xc5\x4c\xcc\x45\xc5\x4c", "45+N 45-N 4c+(35)N 4c-N 45+ 45- 4c+"),
    ROW("pause", 0, "\xe1\x1d\x45\xe1\x9d\xc5", "145+ 145-"),
    ROW("pause_presses_no_control", 0, "\xe1\x1d\x45\xe1\x9d\xc5\x1e", "145+ 145- 1e+(61)"),
    ROW("break", 0, "\x1d\xe0\x46\xe0\xc6\x9d", "1d+C 146+C 146-C 1d-"),
    ROW("print_screen", 0, "\xe0\x2a\xe0\x37\xe0\xb7\xe0\xaa", "137+ 137-"),
    ROW("print_screen_with_control", 0, "\x1d\xe0\x37\xe0\xb7", "1d+C 137+C 137-C"),
    ROW("system_request", 0, "\x38\x54\xd4", "38+A 54+A 54-A"),
    ROW("super", 0, "\xe0\x5b\xe0\xdb", "15b+ 15b-"),
    ROW("function_keys", 0, "\x3b\x44\x57\x58", "3b+ 44+ 57+ 58+"),
    ROW("overrun_lifts_all", 0, "\x2a\x1d\xff\x1e", "2a+S 1d+SC 1e+(61)"),
    ROW("overrun_keeps_locks", 0, "\x3a\x00\x1e", "3a+L 1e+(41)L"),
    ROW("overrun_ends_prefix", 0, "\xe0\x00\x1d", "1d+C"),
    ROW("late_answers", 0, "\xfa\xfe\xee\x1e", "1e+(61)"),
    ROW("chord", 0, "\x1d\x38\x01", "1d+C 38+CA 1+(1b)CA"),
    ROW("unknown_code", 0, "\x7d\xfd\xe0\x01", "7d+ 101+"),
};

static void test_rows(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[80], why[1200];
        const char *got = events(rows[i].locks, rows[i].bytes, rows[i].n);
        snprintf(name, sizeof(name), "keyboard.%s", rows[i].name);
        snprintf(why, sizeof(why), "\"%s\", not \"%s\"", got, rows[i].expected);
        result(name, !strcmp(got, rows[i].expected), why);
    }
}

/* Every printable character of ASCII can be typed, and each letter follows Caps Lock. */
static void test_reach(void)
{
    for (unsigned c = 32; c < 127; c++) {
        bool found = false;
        for (uint16_t code = 1; code < 0x58; code++)
            found =
                found || layout_character(code, 0) == c || layout_character(code, KEY_SHIFT) == c;
        if (!found) {
            char why[40];
            snprintf(why, sizeof(why), "no key for '%c'", c);
            result("keyboard.all_of_ascii", false, why);
            return;
        }
    }
    result("keyboard.all_of_ascii", true, "");
    unsigned letters = 0;
    for (uint16_t code = 1; code < KEY_CODES; code++) {
        uint32_t low = layout_character(code, 0), high = layout_character(code, KEY_SHIFT);
        bool follows = layout_character(code, KEY_CAPS) == high && low != high;
        letters += follows && low >= 'a' && low <= 'z';
    }
    result("keyboard.caps_letters", letters == 26, "not 26 letters follow Caps Lock");
}

/* Any bytes: events stay in range, and a lock or modifier never appears from nowhere. */
static void test_random(void)
{
    uint64_t state = 1;
    struct decoder d;
    struct key_event e;
    bool good = true;
    decoder_init(&d, 0);
    for (unsigned i = 0; i < 1000000; i++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        if (decode(&d, (uint8_t)(state >> 56), &e))
            good = good && e.code < KEY_CODES && e.pressed <= 1 && e.modifiers < 64 &&
                   (e.pressed || !e.character) && e.character < 0x110000;
    }
    result("keyboard.random_bytes", good, "an event out of range");
    decode(&d, 0xff, &e);
    good = decode(&d, 0x1e, &e) && !(e.modifiers & (KEY_SHIFT | KEY_CONTROL | KEY_ALT | KEY_ALTGR));
    result("keyboard.recovers", good, "a modifier is stuck");
}

int main(void)
{
    test_rows();
    test_reach();
    test_random();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
