/*
 * The emergency console (emergency.h). No allocation, no interrupts, no state but the cursor. The
 * serial port is programmed anew at the first character, because whoever used it before may have
 * left it in any state; if nothing answers there, or it does not drain, it is given up.
 */
#include "emergency.h"

#include <io.h>

#define COM1         0x3f8
#define CELL_WIDTH   8
#define CELL_HEIGHT  16
#define TEXT_COLUMNS 80
#define TEXT_ROWS    25

static struct emergency_screen screen;
static uint32_t column, row;
static enum { UART_UNKNOWN, UART_READY, UART_ABSENT } uart;

void emergency_screen(const struct emergency_screen *s)
{
    screen = *s;
    column = row = 0;
}

static uint32_t columns(void)
{
    return screen.text ? TEXT_COLUMNS : screen.width / CELL_WIDTH;
}

static uint32_t rows(void)
{
    return screen.text ? TEXT_ROWS : screen.height / CELL_HEIGHT;
}

static void pixel(uint32_t x, uint32_t y, uint32_t value)
{
    uint8_t *p = screen.base + y * screen.pitch + x * (screen.bits_per_pixel / 8);
    for (uint32_t i = 0; i < screen.bits_per_pixel / 8; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

/* The 5×7 glyph in an 8×16 cell, each dot two pixels high. */
static void draw(uint32_t cx, uint32_t cy, char c)
{
    if (screen.text) {
        uint8_t *cell = screen.base + 2 * (cy * TEXT_COLUMNS + cx);
        cell[0] = (uint8_t)c;
        cell[1] = 0x4f;
        return;
    }
    const uint8_t *glyph = emergency_font[c - 32];
    for (uint32_t y = 0; y < CELL_HEIGHT; y++)
        for (uint32_t x = 0; x < CELL_WIDTH; x++) {
            bool on = x >= 1 && x <= 5 && y >= 1 && y <= 14 && (glyph[x - 1] >> ((y - 1) / 2) & 1);
            pixel(cx * CELL_WIDTH + x, cy * CELL_HEIGHT + y,
                  on ? screen.foreground : screen.background);
        }
}

static void clear_row(uint32_t y)
{
    for (uint32_t x = 0; x < columns(); x++)
        draw(x, y, ' ');
}

void emergency_begin(void)
{
    column = row = 0;
    if (screen.base)
        clear_row(0);
}

static void screen_putc(char c)
{
    if (!screen.base)
        return;
    if (c != '\n') {
        draw(column, row, c >= 32 && c <= 126 ? c : '?');
        column++;
    }
    if (c == '\n' || column >= columns()) {
        column = 0;
        row = row + 1 < rows() ? row + 1 : 0;
        clear_row(row);
    }
}

static void uart_start(void)
{
    outb(COM1 + 7, 0x5a); /* scratch register */
    if (inb(COM1 + 7) != 0x5a) {
        uart = UART_ABSENT;
        return;
    }
    outb(COM1 + 1, 0);    /* no interrupts */
    outb(COM1 + 3, 0x80); /* divisor access */
    outb(COM1 + 0, 1);    /* 115200 */
    outb(COM1 + 1, 0);
    outb(COM1 + 3, 0x03); /* 8N1 */
    outb(COM1 + 2, 0x07); /* FIFO on, cleared */
    uart = UART_READY;
}

static void serial_putc(char c)
{
    if (uart == UART_UNKNOWN)
        uart_start();
    if (uart != UART_READY)
        return;
    for (uint32_t i = 0; !(inb(COM1 + 5) & 0x20); i++)
        if (i > 1000000) {
            uart = UART_ABSENT;
            return;
        }
    outb(COM1, (uint8_t)c);
}

void emergency_putc(char c)
{
    screen_putc(c);
    if (c == '\n')
        serial_putc('\r');
    serial_putc(c);
}

void emergency_puts(const char *s)
{
    while (*s)
        emergency_putc(*s++);
}

static void put_number(unsigned long v, unsigned base)
{
    char digits[24];
    unsigned n = 0;
    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    while (n > 0)
        emergency_putc(digits[--n]);
}

void emergency_vprintf(const char *f, va_list args)
{
    for (; *f; f++) {
        if (*f != '%') {
            emergency_putc(*f);
            continue;
        }
        f++;
        bool wide = *f == 'l';
        if (wide)
            f++;
        switch (*f) {
        case 's':
            emergency_puts(va_arg(args, const char *));
            break;
        case 'c':
            emergency_putc((char)va_arg(args, int));
            break;
        case 'd': {
            long v = wide ? va_arg(args, long) : va_arg(args, int);
            if (v < 0)
                emergency_putc('-');
            put_number(v < 0 ? -(unsigned long)v : (unsigned long)v, 10);
            break;
        }
        case 'u':
            put_number(wide ? va_arg(args, unsigned long) : va_arg(args, unsigned), 10);
            break;
        case 'x':
            put_number(wide ? va_arg(args, unsigned long) : va_arg(args, unsigned), 16);
            break;
        case 'p':
            put_number((unsigned long)va_arg(args, void *), 16);
            break;
        default:
            emergency_putc(*f);
            break;
        }
    }
}

void emergency_printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    emergency_vprintf(format, args);
    va_end(args);
}
