/*
 * 8042 keyboard controller and keyboard (IBM PS/2 hardware interface reference, keyboard and auxiliary
 * device controller; and its keyboards section).
 *
 * Bytes for the host lie in two queues, the controller's own answers and the keyboard's; one at a time
 * is put into the output buffer, answers first, whenever the buffer is empty. IRQ 1 is high while the
 * buffer holds a keyboard byte and the command byte enables it (IRQ 12 for the second port); it falls
 * between two bytes, so an edge-triggered PIC sees each. While the keyboard port is disabled the
 * keyboard's bytes wait.
 *
 * The keyboard speaks scan-code set 2, or 1 when told to; the controller translates set 2 into set 1
 * if the command byte says so. Set 3 is refused (FEh). The second port is there and empty: a byte sent
 * to it is answered by a timeout, as on hardware without a mouse, and its loopback works.
 */
#include <translator/devices/common.h>
#include <translator/devices/i8042.h>

#include <stdlib.h>

/* clang-format off */
enum { ST_FULL = 0x01, ST_SYSTEM = 0x04, ST_COMMAND = 0x08, ST_UNLOCKED = 0x10, ST_AUX = 0x20, ST_TIMEOUT = 0x40 };
enum { CB_IRQ1 = 0x01, CB_IRQ12 = 0x02, CB_SYSTEM = 0x04, CB_NO_KEYBOARD = 0x10, CB_NO_AUX = 0x20, CB_TRANSLATE = 0x40 };
enum { OUT_RUN = 0x01, OUT_A20 = 0x02 };
enum { /* commands, port 64h */
    C_READ_RAM = 0x20, C_WRITE_RAM = 0x60, C_AUX_OFF = 0xa7, C_AUX_ON = 0xa8, C_AUX_TEST = 0xa9, C_TEST = 0xaa,
    C_KEYBOARD_TEST = 0xab, C_KEYBOARD_OFF = 0xad, C_KEYBOARD_ON = 0xae, C_READ_IN = 0xc0, C_READ_OUT = 0xd0,
    C_WRITE_OUT = 0xd1, C_WRITE_BUFFER = 0xd2, C_WRITE_AUX_BUFFER = 0xd3, C_WRITE_AUX = 0xd4, C_PULSE = 0xf0,
};
enum { /* to the keyboard */
    K_LEDS = 0xed, K_ECHO = 0xee, K_SET = 0xf0, K_ID = 0xf2, K_RATE = 0xf3, K_ENABLE = 0xf4, K_DISABLE = 0xf5,
    K_DEFAULT = 0xf6, K_RESEND = 0xfe, K_RESET = 0xff,
};
enum { A_ACK = 0xfa, A_RESEND = 0xfe, A_PASSED = 0xaa, A_BREAK = 0xf0, A_E0 = 0xe0 };
/* clang-format on */

#define KEYS    16u /* the keyboard's buffer of scan codes */
#define ANSWERS 16u
#define RAM     32u

/* Set 2 to set 1, by code (reference, scan code tables); 84h and above pass unchanged. */
/* clang-format off */
static const uint8_t to_set1[0x84] = {
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
    0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
    0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
    0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
    0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
    0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
    0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
    0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
    0x80, 0x81, 0x82, 0x41,
};
/* clang-format on */

struct queue {
    uint16_t byte[ANSWERS]; /* a byte, and the status bits that go with it in bits 8–15 */
    unsigned first, count;
};

struct i8042 {
    struct vm *vm;
    struct i8042_wires wires;
    uint8_t ram[RAM]; /* [0]: the command byte */
    uint8_t out_port, status;
    uint8_t out;    /* the output buffer */
    uint8_t expect; /* controller command that takes the next byte at port 60h, 0: none */
    uint8_t keyboard_expect;
    bool scanning, breaking; /* breaking: F0h came, the next code from the keyboard is a release */
    uint8_t set, last;
    struct queue answers, keys;
    struct vtimer next;
};

#define BYTE_GAP_NS 20000u /* between two bytes; the wire would take 1 ms */

static bool push(struct queue *q, unsigned v)
{
    if (q->count == ANSWERS)
        return false;
    q->byte[(q->first + q->count++) % ANSWERS] = (uint16_t)v;
    return true;
}

static unsigned pop(struct queue *q)
{
    unsigned v = q->byte[q->first];
    q->first = (q->first + 1) % ANSWERS;
    q->count--;
    return v;
}

static void update(struct i8042 *k)
{
    bool aux = k->status & ST_AUX, full = k->status & ST_FULL;
    line_set(&k->wires.keyboard, full && !aux && (k->ram[0] & CB_IRQ1));
    line_set(&k->wires.mouse, full && aux && (k->ram[0] & CB_IRQ12));
}

/* From set 2 to set 1: F0h before a code becomes its bit 7. False: nothing to deliver yet. */
static bool translate(struct i8042 *k, uint8_t *byte)
{
    if (!(k->ram[0] & CB_TRANSLATE))
        return true;
    if (*byte == A_BREAK) {
        k->breaking = true;
        return false;
    }
    if (*byte < sizeof to_set1)
        *byte = to_set1[*byte];
    if (k->breaking && *byte != A_E0)
        *byte |= 0x80;
    k->breaking = false;
    return true;
}

/* Fill the output buffer if it is empty and something waits. */
static void fill(struct i8042 *k)
{
    if (k->status & ST_FULL)
        return;
    if (k->answers.count != 0) {
        unsigned v = pop(&k->answers);
        k->out = (uint8_t)v;
        k->status = (uint8_t)((k->status & ~(ST_AUX | ST_TIMEOUT)) | v >> 8 | ST_FULL);
    }
    while (!(k->status & ST_FULL) && k->keys.count != 0 && !(k->ram[0] & CB_NO_KEYBOARD)) {
        k->out = (uint8_t)pop(&k->keys);
        if (translate(k, &k->out))
            k->status = (uint8_t)((k->status & ~(ST_AUX | ST_TIMEOUT)) | ST_FULL);
    }
    update(k);
}

static void expired(void *device)
{
    fill(device);
}

static void answer(struct i8042 *k, unsigned v)
{
    push(&k->answers, v);
    fill(k);
}

/* The keyboard itself sends: answers and scan codes in one order. */
static void send(struct i8042 *k, uint8_t v)
{
    push(&k->keys, v);
    fill(k);
}

/* ---- the keyboard ---------------------------------------------------------------------------------- */

static void keyboard_default(struct i8042 *k)
{
    k->set = 2;
    k->scanning = true;
    k->keys.count = 0;
}

static void keyboard_argument(struct i8042 *k, uint8_t command, uint8_t v)
{
    bool good = command != K_SET || v <= 2;
    send(k, good ? A_ACK : A_RESEND);
    if (command == K_SET && v == 0)
        send(k, k->set);
    else if (command == K_SET && good)
        k->set = v;
}

static void keyboard_command(struct i8042 *k, uint8_t v)
{
    k->keyboard_expect = 0;
    switch (v) {
    case K_ECHO:
        send(k, K_ECHO);
        return;
    case K_RESEND:
        send(k, k->last);
        return;
    case K_ENABLE:
        k->keys.count = 0;
        k->scanning = true;
        break;
    case K_DISABLE:
        keyboard_default(k);
        k->scanning = false;
        break;
    case K_DEFAULT:
    case K_RESET:
        keyboard_default(k);
        break;
    case K_LEDS:
    case K_SET:
    case K_RATE:
        k->keyboard_expect = v;
        break;
    case K_ID:
        break;
    default:
        send(k, A_RESEND);
        return;
    }
    send(k, A_ACK);
    if (v == K_RESET)
        send(k, A_PASSED);
    if (v == K_ID) {
        send(k, 0xab);
        send(k, 0x83);
    }
}

static void to_keyboard(struct i8042 *k, uint8_t v)
{
    uint8_t command = k->keyboard_expect;
    k->ram[0] &= (uint8_t)~CB_NO_KEYBOARD; /* writing to the keyboard enables its port */
    k->keyboard_expect = 0;
    if (command != 0 && v < 0x80)
        keyboard_argument(k, command, v);
    else
        keyboard_command(k, v);
}

unsigned i8042_room(const struct i8042 *k)
{
    return k->scanning && k->keys.count < KEYS ? KEYS - k->keys.count : 0;
}

bool i8042_key(struct i8042 *k, unsigned key, bool down)
{
    uint8_t code = (uint8_t)key;
    if (i8042_room(k) < 3)
        return false;
    if (key & KEY_E0)
        push(&k->keys, A_E0);
    if (k->set == 1)
        code = (uint8_t)((code < sizeof to_set1 ? to_set1[code] : code) | (down ? 0 : 0x80));
    else if (!down)
        push(&k->keys, A_BREAK);
    push(&k->keys, code);
    fill(k);
    return true;
}

/* ---- the controller -------------------------------------------------------------------------------- */

static void write_out_port(struct i8042 *k, uint8_t v)
{
    if ((v ^ k->out_port) & OUT_A20)
        k->wires.a20(k->wires.to, v & OUT_A20);
    k->out_port = v;
    if (!(v & OUT_RUN))
        k->wires.reset(k->wires.to);
}

static void command_argument(struct i8042 *k, uint8_t command, uint8_t v)
{
    if (command >= C_WRITE_RAM && command < C_WRITE_RAM + RAM) {
        k->ram[command - C_WRITE_RAM] = v;
        k->status = (uint8_t)((k->status & ~ST_SYSTEM) | (k->ram[0] & CB_SYSTEM));
    } else if (command == C_WRITE_OUT) {
        write_out_port(k, v);
    } else if (command == C_WRITE_BUFFER) {
        answer(k, v);
    } else if (command == C_WRITE_AUX_BUFFER) {
        answer(k, v | ST_AUX << 8);
    } else if (command == C_WRITE_AUX) {
        k->ram[0] &= (uint8_t)~CB_NO_AUX;
        answer(k, 0xfe | (ST_AUX | ST_TIMEOUT) << 8); /* nobody is there */
    }
}

static void command(struct i8042 *k, uint8_t v)
{
    k->expect = 0;
    if (v >= C_READ_RAM && v < C_READ_RAM + RAM) {
        answer(k, k->ram[v - C_READ_RAM]);
    } else if (v >= C_WRITE_RAM && v < C_WRITE_RAM + RAM) {
        k->expect = v;
    } else if (v >= C_PULSE) {
        if (!(v & 1))
            k->wires.reset(k->wires.to);
    } else {
        switch (v) {
        case C_AUX_OFF:
            k->ram[0] |= CB_NO_AUX;
            break;
        case C_AUX_ON:
            k->ram[0] &= (uint8_t)~CB_NO_AUX;
            break;
        case C_TEST:
            k->status |= ST_SYSTEM;
            answer(k, 0x55);
            break;
        case C_AUX_TEST:
        case C_KEYBOARD_TEST:
            answer(k, 0);
            break;
        case C_KEYBOARD_OFF:
            k->ram[0] |= CB_NO_KEYBOARD;
            break;
        case C_KEYBOARD_ON:
            k->ram[0] &= (uint8_t)~CB_NO_KEYBOARD;
            break;
        case C_READ_IN:
            answer(k, 0x80); /* keyboard not locked */
            break;
        case C_READ_OUT:
            answer(k, k->out_port | (k->status & ST_FULL ? 0x10u : 0));
            break;
        case C_WRITE_OUT:
        case C_WRITE_BUFFER:
        case C_WRITE_AUX_BUFFER:
        case C_WRITE_AUX:
            k->expect = v;
            break;
        }
    }
}

static uint8_t read_out(struct i8042 *k)
{
    if (k->status & ST_FULL) {
        k->status &= (uint8_t)~ST_FULL;
        if (!(k->status & ST_AUX))
            k->last = k->out;
        update(k);
        if (k->answers.count != 0 || k->keys.count != 0)
            vtimer_arm(k->vm, &k->next, vm_time(k->vm) + BYTE_GAP_NS);
    }
    return k->out;
}

static uint64_t data_read(void *device, uint32_t offset, unsigned size)
{
    (void)offset, (void)size;
    return read_out(device);
}

static void data_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct i8042 *k = device;
    uint8_t expect = k->expect;
    (void)offset, (void)size;
    k->status &= (uint8_t)~ST_COMMAND;
    k->expect = 0;
    if (expect != 0)
        command_argument(k, expect, (uint8_t)value);
    else
        to_keyboard(k, (uint8_t)value);
    fill(k);
    update(k);
}

static uint64_t status_read(void *device, uint32_t offset, unsigned size)
{
    const struct i8042 *k = device;
    (void)offset, (void)size;
    return k->status | ST_UNLOCKED;
}

static void command_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct i8042 *k = device;
    (void)offset, (void)size;
    k->status |= ST_COMMAND;
    command(k, (uint8_t)value);
    fill(k);
    update(k);
}

const struct device_ops i8042_data_ops = {data_read, data_write};
const struct device_ops i8042_command_ops = {status_read, command_write};

void i8042_note_a20(struct i8042 *k, bool enabled)
{
    k->out_port = (uint8_t)((k->out_port & ~OUT_A20) | (enabled ? OUT_A20 : 0));
}

/* As power-on leaves it, before software has tested it: ports disabled, no interrupts. */
void i8042_reset(struct i8042 *k)
{
    for (unsigned i = 0; i < RAM; i++)
        k->ram[i] = 0;
    k->ram[0] = CB_NO_KEYBOARD | CB_NO_AUX | CB_TRANSLATE;
    k->out_port = 0xc0 | OUT_RUN | OUT_A20;
    k->status = 0;
    k->expect = k->keyboard_expect = 0;
    k->breaking = false;
    k->answers.count = 0;
    keyboard_default(k);
    vtimer_arm(k->vm, &k->next, UINT64_MAX);
    update(k);
}

struct i8042 *i8042_create(struct vm *vm, const struct i8042_wires *wires)
{
    struct i8042 *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    k->vm = vm;
    k->wires = *wires;
    k->next = (struct vtimer){.when = UINT64_MAX, .expired = expired, .device = k};
    vtimer_add(vm, &k->next);
    i8042_reset(k);
    return k;
}

void i8042_delete(struct i8042 *k)
{
    free(k);
}
