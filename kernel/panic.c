/*
 * Panics: the kernel found a bug of its own. Print what is known on the emergency console and stop.
 *
 * Symbols come from a boot module, text lines "address name" in ascending order, as nm -n prints
 * them; without it addresses stay numbers.
 */
#include <stdarg.h>

#include "emergency.h"
#include "port.h"

static const char *symbols;
static size_t symbols_bytes;

void panic_symbols(const char *text, size_t bytes)
{
    symbols = text;
    symbols_bytes = bytes;
}

static uint64_t parse_hex(const char **s, const char *end)
{
    uint64_t v = 0;
    for (; *s < end; (*s)++) {
        char c = **s;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                                                : 16;
        if (digit == 16)
            break;
        v = v << 4 | digit;
    }
    return v;
}

/* Print an address as name+offset. */
void panic_address(uint64_t address)
{
    const char *s = symbols, *end = symbols + symbols_bytes, *name = NULL;
    uint64_t start = 0;
    while (s && s < end) {
        uint64_t a = parse_hex(&s, end);
        if (a > address)
            break;
        start = a;
        name = s + 1;
        while (s < end && *s != '\n')
            s++;
        s++;
    }
    emergency_printf("  %lx", address);
    if (name) {
        emergency_puts("  ");
        for (; name < end && *name != '\n'; name++)
            emergency_putc(*name);
        emergency_printf("+0x%lx", address - start);
    }
    emergency_putc('\n');
}

void panic(const char *format, ...)
{
    va_list args;
    emergency_begin();
    emergency_puts("\nTetrapla: kernel panic: ");
    va_start(args, format);
    emergency_vprintf(format, args);
    va_end(args);
    emergency_putc('\n');
    port_panic_dump();
    port_halt();
}
