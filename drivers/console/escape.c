/*
 * The parser: bytes → characters, control characters, escape and control sequences, strings.
 *
 *   GROUND ──ESC──> ESCAPE ──20-2F──> ESCAPE_MORE ──final──> GROUND
 *                     ├── [ ──> CSI ──parameters, final──> GROUND;  CSI [ x: swallowed (CSI_SKIP)
 *                     ├── ] ──> OSC ──text, BEL or ESC \──> GROUND;  ] P rrggbb: OSC_PALETTE
 *                     └── P X ^ _ ──> STRING ──ESC \──> GROUND
 *
 * Invariants: a control character inside a sequence acts at once and the sequence goes on; ESC, CAN
 * and SUB end any sequence; what is not in the tables is swallowed whole. So a client can garble
 * its own screen only, and the parser is back in GROUND after at most one ESC c.
 */
#include <string.h>

#include "terminal.h"

#define ESC 0x1b

/* ---- strings --------------------------------------------------------------------------------- */

/* OSC 0, 1 and 2 set the title; all other strings mean nothing here. */
static void string_done(struct terminal *t)
{
    struct parser *p = &t->parser;
    if (p->state != OSC || p->string_length < 2 || p->string[0] < '0' || p->string[0] > '2' ||
        p->string[1] != ';')
        return;
    struct utf8 decoder = {0};
    unsigned n = 0;
    for (unsigned i = 2; i < p->string_length;) {
        uint32_t code;
        uint8_t bytes[4];
        enum utf8_result result = utf8_step(&decoder, p->string[i], &code);
        i += result != UTF8_BROKEN;
        if (result == UTF8_MORE || code < 0x20 || (code >= 0x7f && code < 0xa0))
            continue;
        unsigned length = utf8_encode(code, bytes);
        if (n + length > TITLE_MAX)
            break;
        memcpy(t->title + n, bytes, length);
        n += length;
    }
    t->title[n] = 0;
}

/* ---- the machine ----------------------------------------------------------------------------- */

static void echo_bytes(struct echo *echo, const uint8_t *bytes, size_t n)
{
    if (!echo)
        return;
    if (n > echo->size - echo->length) {
        echo->lost = true;
        return;
    }
    memcpy(echo->bytes + echo->length, bytes, n);
    echo->length += n;
}

static void raw_add(struct parser *p, uint8_t byte)
{
    if (p->raw_length < RAW_MAX)
        p->raw[p->raw_length++] = byte;
    else
        p->bad = 1; /* longer than any sequence we know */
}

static void begin(struct parser *p)
{
    p->state = ESCAPE;
    p->prefix = p->intermediate = p->bad = p->count = p->skip = p->string_escape = 0;
    p->raw_length = p->string_length = 0;
    p->colons = 0;
    raw_add(p, ESC);
}

static void finish(struct terminal *t, struct echo *echo, bool copy)
{
    struct parser *p = &t->parser;
    if (copy)
        echo_bytes(echo, p->raw, p->raw_length);
    p->state = GROUND;
}

static void control(struct terminal *t, uint8_t byte, struct echo *echo)
{
    struct cursor *c = &t->cursor;
    switch (byte) {
    case 0x07:
        t->bell = 1;
        break;
    case 0x08:
        terminal_move(t, c->row, c->column - 1);
        break;
    case 0x09:
        terminal_tab(t, 1, false);
        break;
    case 0x0a:
    case 0x0b:
    case 0x0c:
        terminal_index(t);
        if (t->modes & MODE_NEWLINE)
            c->column = 0;
        break;
    case 0x0d:
        terminal_move(t, c->row, 0);
        break;
    case 0x0e:
    case 0x0f:
        c->shift = byte == 0x0e;
        break;
    case 0x18:
    case 0x1a:
        t->parser.state = GROUND;
        return;
    case ESC:
        begin(&t->parser);
        return;
    default:
        return;
    }
    echo_bytes(echo, &byte, 1);
}

static void csi_byte(struct terminal *t, uint8_t byte, struct echo *echo)
{
    struct parser *p = &t->parser;
    bool first = p->raw_length == 2;
    raw_add(p, byte);
    if (byte >= 0x40) {
        if (byte == '[' && first)
            p->state = CSI_SKIP;
        else
            finish(t, echo, sequence_csi(t, byte));
    } else if (byte >= 0x3c) {
        p->bad |= !first;
        p->prefix = byte;
    } else if (byte < 0x30) {
        p->bad |= p->intermediate != 0;
        p->intermediate = byte;
    } else {
        if (p->count == 0)
            p->parameter[p->count++] = 0;
        if (byte >= 0x3a && p->count == PARAMETERS_MAX) {
            p->skip = 1; /* parameters beyond the last are ignored */
        } else if (byte >= 0x3a) {
            p->colons |= (uint16_t)((byte == ':') << p->count);
            p->parameter[p->count++] = 0;
        } else if (!p->skip) {
            unsigned value = p->parameter[p->count - 1] * 10u + (byte - '0');
            p->parameter[p->count - 1] = (uint16_t)(value < 32767 ? value : 32767);
        }
    }
}

static void escape_byte(struct terminal *t, uint8_t byte, struct echo *echo)
{
    struct parser *p = &t->parser;
    raw_add(p, byte);
    if (byte < 0x30) {
        p->bad |= p->intermediate != 0;
        p->intermediate = byte;
        p->state = ESCAPE_MORE;
    } else if (p->state == ESCAPE && byte == '[') {
        p->state = CSI;
    } else if (p->state == ESCAPE && byte == ']') {
        p->state = OSC;
    } else if (p->state == ESCAPE && (byte == 'P' || byte == 'X' || byte == '^' || byte == '_')) {
        p->state = STRING;
    } else {
        finish(t, echo, sequence_escape(t, byte));
    }
}

static void ground_code(struct terminal *t, uint32_t code, struct echo *echo)
{
    if (code < 0x20) {
        control(t, (uint8_t)code, echo);
    } else if (code >= 0x80 && code < 0xa0) { /* C1: the same as ESC and a byte of 40h-5Fh */
        begin(&t->parser);
        escape_byte(t, (uint8_t)(code - 0x40), echo);
    } else if (code != 0x7f) {
        uint8_t bytes[4];
        terminal_print(t, code);
        echo_bytes(echo, bytes, echo ? utf8_encode(code, bytes) : 0);
    }
}

static void ground_byte(struct terminal *t, uint8_t byte, struct echo *echo)
{
    uint32_t code = byte;
    enum utf8_result result = UTF8_DONE;
    do {
        if (t->modes & MODE_UTF8)
            result = utf8_step(&t->parser.utf8, byte, &code);
        if (result != UTF8_MORE)
            ground_code(t, code, echo);
    } while (result == UTF8_BROKEN);
}

static void step(struct terminal *t, uint8_t byte, struct echo *echo);

static void string_byte(struct terminal *t, uint8_t byte, struct echo *echo)
{
    struct parser *p = &t->parser;
    if (p->string_escape && byte != '\\') { /* a new sequence ends the string */
        begin(p);
        step(t, byte, echo);
    } else if (p->string_escape || byte == 0x07) {
        string_done(t);
        p->state = GROUND;
    } else if (byte == ESC) {
        p->string_escape = 1;
    } else if (byte == 0x18 || byte == 0x1a) {
        p->state = GROUND;
    } else if (p->state == OSC &&
               byte == '\n') { /* no title has one: the string was never closed */
        p->state = GROUND;
        control(t, byte, echo);
    } else if (p->state == OSC && p->string_length == 0 && byte == 'P') {
        p->state = OSC_PALETTE; /* ESC ] P nrrggbb has no terminator */
        p->skip = 7;
    } else if (p->state == OSC && p->string_length == 0 && byte == 'R') {
        p->state = GROUND; /* ESC ] R: reset the palette */
    } else if (p->string_length < STRING_MAX) {
        p->string[p->string_length++] = byte;
    }
}

static void step(struct terminal *t, uint8_t byte, struct echo *echo)
{
    struct parser *p = &t->parser;
    if (p->state == GROUND) {
        ground_byte(t, byte, echo);
    } else if (p->state == OSC || p->state == STRING) {
        string_byte(t, byte, echo);
    } else if (byte < 0x20) {
        control(t, byte, echo);
    } else if (byte >= 0x7f) { /* not part of any sequence: give up on this one */
        p->state = GROUND;
        ground_byte(t, byte, echo);
    } else if (p->state == CSI) {
        csi_byte(t, byte, echo);
    } else if (p->state == CSI_SKIP) {
        p->state = GROUND;
    } else if (p->state == OSC_PALETTE) {
        bool hex = (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
        if (!hex || p->skip <= 1)
            p->state = GROUND;
        else
            p->skip--;
    } else {
        escape_byte(t, byte, echo);
    }
}

void terminal_write(struct terminal *t, const uint8_t *bytes, size_t n, volatile uint32_t *position,
                    struct echo *echo)
{
    if (n > 0)
        t->changes++;
    for (size_t i = 0; i < n; i++) {
        step(t, bytes[i], echo);
        if (position)
            *position += 1;
    }
}
