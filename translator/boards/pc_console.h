/* Who of a PC's two consoles, screen and serial port, has the VM's one terminal. */
#pragma once

#include <translator/devices/keyboard.h>
#include <translator/devices/uart16550.h>
#include <translator/devices/vga.h>

/* The terminal belongs to the screen until the guest sends a byte through the serial port (or, from the
 * start, if its command line has a console there); then to the serial port, until the machine is reset. */
struct pc_console {
    struct vm *vm;
    struct terminal *terminal; /* NULL: none */
    bool serial;               /* the serial port has it */
    struct vga *vga;
    struct keyboard *keyboard;
    struct uart16550 *uart;
    struct terminal port; /* what the serial port sees */
};

/* First: fill in `port`; vga, keyboard and uart are set by the board then. */
void pc_console_start(struct pc_console *c, struct vm *vm, struct terminal *terminal);
/* At power-on and reset. */
void pc_console_reset(struct pc_console *c);
/* The serial port is about to send: for uart16550_create. */
void pc_console_sent(void *console);
/* Take input from the terminal; from the board's serve. */
void pc_console_serve(struct pc_console *c);
