/*
 * Screen or serial port (pc_console.h). Drawing the one between lines of the other would spoil both, so
 * only one has the terminal; input goes where output comes from. What waits at the terminal is taken
 * only as far as the keyboard or the FIFO has room, and again when the guest made some: the keyboard's
 * typist has a timer that asks.
 */
#include <translator/boards/pc_console.h>

#include <string.h>

static void port_write(struct terminal *t, const void *bytes, size_t count)
{
    struct pc_console *c = t->private;
    if (c->terminal != NULL)
        c->terminal->write(c->terminal, bytes, count);
}

static size_t port_read(struct terminal *t, void *to, size_t size)
{
    struct pc_console *c = t->private;
    bool ours = c->serial && c->terminal != NULL && c->terminal->read != NULL;
    return ours ? c->terminal->read(c->terminal, to, size) : 0;
}

/* A console on the serial port in a kernel's command line. */
static bool wants_serial(const char *text)
{
    return text != NULL && strstr(text, "console=ttyS") != NULL;
}

void pc_console_start(struct pc_console *c, struct vm *vm, struct terminal *terminal)
{
    c->vm = vm;
    c->terminal = terminal;
    c->port = (struct terminal){.write = port_write, .read = port_read, .private = c};
}

void pc_console_reset(struct pc_console *c)
{
    c->serial = wants_serial(vm_configuration(c->vm)->append);
    vga_show(c->vga, !c->serial);
}

void pc_console_sent(void *console)
{
    struct pc_console *c = console;
    if (c->serial)
        return;
    c->serial = true;
    vga_show(c->vga, false);
}

void pc_console_serve(struct pc_console *c)
{
    uint8_t bytes[16];
    if (c->serial) {
        uart16550_take_input(c->uart);
        return;
    }
    if (c->terminal == NULL || c->terminal->read == NULL)
        return;
    for (size_t room; (room = keyboard_room(c->keyboard)) != 0;) {
        room = room < sizeof bytes ? room : sizeof bytes;
        size_t n = c->terminal->read(c->terminal, bytes, room);
        if (n == 0)
            return;
        keyboard_input(c->keyboard, bytes, n);
        vga_hurry(c->vga);
    }
}
