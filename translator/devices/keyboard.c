/*
 * A typist: turns the bytes that a terminal sends into key presses on a US keyboard.
 *
 * Characters come with the shift and control keys they need. The cursor and function keys of
 * xterm and VT100 are sequences that begin with ESC; an ESC that nothing follows within ESC_NS is
 * the key itself, and ESC before a character is Alt. What no key makes (bytes above 7Eh) is dropped.
 *
 * Keys are typed one at a time, as the keyboard has room in its buffer and the guest takes them: a
 * timer tries again while something waits. So pasted text is not lost.
 */
#include <translator/devices/keyboard.h>

#include <stdlib.h>
#include <string.h>

#define BUFFER   64u
#define ESC      0x1b
#define ESC_NS   30000000ull
#define KEY_NS   4000000ull  /* one key at most in such a time */
#define RETRY_NS 20000000ull /* when the guest does not take them */

enum { SHIFT = 0x200, CONTROL = 0x400, ALT = 0x800 };
enum { SHIFT_KEY = 0x12, CONTROL_KEY = 0x14, ALT_KEY = 0x11, KEY_CODE = 0x1ff };

/* Set 2 code of the key for each character from space on (US layout). */
/* clang-format off */
static const uint16_t keys[95] = {
    0x29, 0x16|SHIFT, 0x52|SHIFT, 0x26|SHIFT, 0x25|SHIFT, 0x2e|SHIFT, 0x3d|SHIFT, 0x52, /* space ! " # $ % & ' */
    0x46|SHIFT, 0x45|SHIFT, 0x3e|SHIFT, 0x55|SHIFT, 0x41, 0x4e, 0x49, 0x4a,             /* ( ) * + , - . / */
    0x45, 0x16, 0x1e, 0x26, 0x25, 0x2e, 0x36, 0x3d, 0x3e, 0x46,                         /* 0-9 */
    0x4c|SHIFT, 0x4c, 0x41|SHIFT, 0x55, 0x49|SHIFT, 0x4a|SHIFT, 0x1e|SHIFT,             /* : ; < = > ? @ */
    0x1c|SHIFT, 0x32|SHIFT, 0x21|SHIFT, 0x23|SHIFT, 0x24|SHIFT, 0x2b|SHIFT, 0x34|SHIFT, /* A-G */
    0x33|SHIFT, 0x43|SHIFT, 0x3b|SHIFT, 0x42|SHIFT, 0x4b|SHIFT, 0x3a|SHIFT, 0x31|SHIFT, /* H-N */
    0x44|SHIFT, 0x4d|SHIFT, 0x15|SHIFT, 0x2d|SHIFT, 0x1b|SHIFT, 0x2c|SHIFT, 0x3c|SHIFT, /* O-U */
    0x2a|SHIFT, 0x1d|SHIFT, 0x22|SHIFT, 0x35|SHIFT, 0x1a|SHIFT,                         /* V-Z */
    0x54, 0x5d, 0x5b, 0x36|SHIFT, 0x4e|SHIFT, 0x0e,                                     /* [ \ ] ^ _ ` */
    0x1c, 0x32, 0x21, 0x23, 0x24, 0x2b, 0x34, 0x33, 0x43, 0x3b, 0x42, 0x4b, 0x3a,       /* a-m */
    0x31, 0x44, 0x4d, 0x15, 0x2d, 0x1b, 0x2c, 0x3c, 0x2a, 0x1d, 0x22, 0x35, 0x1a,       /* n-z */
    0x54|SHIFT, 0x5d|SHIFT, 0x5b|SHIFT, 0x0e|SHIFT,                                     /* { | } ~ */
};
/* What terminals send behind ESC for keys that make no character. */
static const struct sequence {
    char text[6];
    uint16_t key;
} sequences[] = {
    {"[A", 0x75 | KEY_E0}, {"[B", 0x72 | KEY_E0}, {"[C", 0x74 | KEY_E0}, {"[D", 0x6b | KEY_E0},
    {"OA", 0x75 | KEY_E0}, {"OB", 0x72 | KEY_E0}, {"OC", 0x74 | KEY_E0}, {"OD", 0x6b | KEY_E0},
    {"[H", 0x6c | KEY_E0}, {"[F", 0x69 | KEY_E0}, {"OH", 0x6c | KEY_E0}, {"OF", 0x69 | KEY_E0},
    {"[1~", 0x6c | KEY_E0}, {"[2~", 0x70 | KEY_E0}, {"[3~", 0x71 | KEY_E0}, {"[4~", 0x69 | KEY_E0},
    {"[5~", 0x7d | KEY_E0}, {"[6~", 0x7a | KEY_E0}, {"[7~", 0x6c | KEY_E0}, {"[8~", 0x69 | KEY_E0},
    {"OP", 0x05}, {"OQ", 0x06}, {"OR", 0x04}, {"OS", 0x0c}, {"[11~", 0x05}, {"[12~", 0x06}, {"[13~", 0x04},
    {"[14~", 0x0c}, {"[15~", 0x03}, {"[17~", 0x0b}, {"[18~", 0x83}, {"[19~", 0x0a}, {"[20~", 0x01},
    {"[21~", 0x09}, {"[23~", 0x78}, {"[24~", 0x07}, {"[[A", 0x05}, {"[[B", 0x06}, {"[[C", 0x04},
    {"[[D", 0x0c}, {"[[E", 0x03}, {"[Z", 0x0d | SHIFT},
};
/* clang-format on */

struct keyboard {
    struct vm *vm;
    struct i8042 *controller;
    void (*more)(void *to);
    void *to;
    bool typing; /* in `type` */
    uint8_t text[BUFFER];
    size_t count;
    unsigned step;      /* of the key being typed */
    uint64_t esc_until; /* an ESC at the front may still become a sequence */
    struct vtimer timer;
};

/* The key of one byte, 0: none. */
static unsigned key_of(uint8_t c)
{
    switch (c) {
    case '\r':
    case '\n':
        return 0x5a;
    case '\t':
        return 0x0d;
    case ESC:
        return 0x76;
    case 0x7f:
    case '\b':
        return 0x66;
    case 0:
        return 0x29 | CONTROL;
    }
    if (c < 0x20)
        return (keys[c + 0x40 - 0x20] & KEY_CODE) | CONTROL | (c > 0x1d ? SHIFT : 0);
    return c < 0x7f ? keys[c - 0x20] : 0;
}

/* The sequence at text[0 … count): the key and its length; length 0: it may go on. */
static unsigned sequence_of(const struct keyboard *k, size_t *length)
{
    bool begun = false;
    for (unsigned i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        size_t n = strlen(sequences[i].text), have = k->count - 1;
        size_t same = n < have ? n : have;
        if (memcmp(sequences[i].text, k->text + 1, same) != 0)
            continue;
        if (same == n) {
            *length = n + 1;
            return sequences[i].key;
        }
        begun = true;
    }
    *length = begun ? 0 : k->count > 1 ? 2 : 0;
    return begun || k->count < 2 ? 0 : key_of(k->text[1]) | ALT;
}

/* The key at the front of the text, and how many bytes it took. */
static unsigned front(const struct keyboard *k, size_t *length)
{
    *length = 1;
    if (k->text[0] != ESC)
        return key_of(k->text[0]);
    size_t n;
    unsigned key = sequence_of(k, &n);
    if (n != 0) {
        *length = n;
        return key;
    }
    if (vm_time(k->vm) < k->esc_until)
        *length = 0; /* wait */
    return key_of(ESC);
}

static void forget(struct keyboard *k, size_t n)
{
    memmove(k->text, k->text + n, k->count - n);
    k->count -= n;
    k->step = 0;
    k->esc_until = vm_time(k->vm) + ESC_NS;
}

/* One stroke of the key: modifiers down, key down, key up, modifiers up. True: all done. */
static bool stroke(struct keyboard *k, unsigned key)
{
    static const struct {
        unsigned bit, code;
    } modifier[3] = {{SHIFT, SHIFT_KEY}, {CONTROL, CONTROL_KEY}, {ALT, ALT_KEY}};
    for (; k->step < 8; k->step++) {
        unsigned i = k->step < 3 ? k->step : 7 - k->step;
        unsigned code = i < 3 && (key & modifier[i].bit) ? modifier[i].code : 0;
        if (i >= 3)
            code = key & KEY_CODE;
        if (code != 0 && !i8042_key(k->controller, code, k->step < 4))
            return false;
    }
    return true;
}

size_t keyboard_room(const struct keyboard *k)
{
    return BUFFER - k->count;
}

static void type(void *device)
{
    struct keyboard *k = device;
    size_t length = 0;
    uint64_t wait = RETRY_NS;
    k->typing = true;
    while (k->count != 0) {
        unsigned key = front(k, &length);
        if (length == 0 || (key != 0 && !stroke(k, key)))
            break;
        forget(k, length);
        wait = KEY_NS;
        if (key != 0)
            break;
    }
    if (k->more != NULL && keyboard_room(k) >= BUFFER / 2)
        k->more(k->to);
    k->typing = false;
    vtimer_arm(k->vm, &k->timer, k->count != 0 ? vm_time(k->vm) + wait : UINT64_MAX);
}

void keyboard_input(struct keyboard *k, const uint8_t *bytes, size_t count)
{
    if (count > keyboard_room(k))
        count = keyboard_room(k);
    if (k->count == 0)
        k->esc_until = vm_time(k->vm) + ESC_NS;
    memcpy(k->text + k->count, bytes, count);
    k->count += count;
    if (k->timer.when == UINT64_MAX && !k->typing)
        type(k);
}

void keyboard_reset(struct keyboard *k)
{
    k->count = 0;
    k->step = 0;
    vtimer_arm(k->vm, &k->timer, UINT64_MAX);
}

struct keyboard *keyboard_create(struct vm *vm, struct i8042 *controller, void (*more)(void *to),
                                 void *to)
{
    struct keyboard *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    k->vm = vm;
    k->controller = controller;
    k->more = more;
    k->to = to;
    k->timer = (struct vtimer){.when = UINT64_MAX, .expired = type, .device = k};
    vtimer_add(vm, &k->timer);
    return k;
}

void keyboard_delete(struct keyboard *k)
{
    free(k);
}
