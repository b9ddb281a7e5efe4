/* VGA: registers, planes, and the picture on a terminal. */
#include "mock.h"

#include <translator/devices/vga.h>

static struct vm *vm;
static struct vga *vga;
static struct screen screen;
static uint8_t text[VGA_TEXT_BYTES];

static void indexed(unsigned port, unsigned index, unsigned v)
{
    out16(vm, port, index | v << 8);
}

static uint8_t indexed_read(unsigned port, unsigned index)
{
    out8(vm, port, index);
    return in8(vm, port + 1);
}

static void registers(void)
{
    unsigned columns, rows;
    CHECK("vga-mode3", vga_size(vga, &columns, &rows) && columns == 80 && rows == 25);
    CHECK("vga-misc", in8(vm, 0x3cc) == 0x67 && in8(vm, 0x3b5) == 0xff);
    indexed(0x3d4, 0x0e, 0x12);
    CHECK("vga-crtc", indexed_read(0x3d4, 0x0e) == 0x12 && indexed_read(0x3d4, 0x01) == 0x4f);
    indexed(0x3d4, 0x01, 0x27);
    CHECK("vga-crtc-protected", indexed_read(0x3d4, 0x01) == 0x4f);
    indexed(0x3d4, 0x0e, 0);
    in8(vm, 0x3da); /* the flip-flop: index, then data */
    out8(vm, 0x3c0, 0x31);
    out8(vm, 0x3c0, 0x05);
    CHECK("vga-attribute", in8(vm, 0x3c1) == 0x05 && in8(vm, 0x3c0) == 0x31);
    out8(vm, 0x3c0, 0x20);
    in8(vm, 0x3da);
    out8(vm, 0x3c0, 0x22);
    CHECK("vga-flip-flop", in8(vm, 0x3c0) == 0x22);
    out8(vm, 0x3c8, 5);
    for (unsigned i = 0; i < 6; i++)
        out8(vm, 0x3c9, 10 + i);
    out8(vm, 0x3c7, 5);
    bool dac = true;
    for (unsigned i = 0; i < 6; i++)
        dac = dac && in8(vm, 0x3c9) == 10 + i;
    CHECK("vga-dac", dac && in8(vm, 0x3c8) == 7);
    out8(vm, 0x3c2, 0x66);
    CHECK("vga-mono-ports", in8(vm, 0x3d5) == 0xff && indexed_read(0x3b4, 0x01) == 0x4f);
    out8(vm, 0x3c2, 0x67);
    unsigned retrace = 0, hidden = 0;
    for (unsigned i = 0; i < 10000; i++, pass(vm, 10000)) {
        retrace += in8(vm, 0x3da) >> 3 & 1;
        hidden += in8(vm, 0x3da) & 1;
    }
    CHECK("vga-retrace", retrace > 20 && retrace < 80 && hidden > 2000 && hidden < 4500);
}

static uint8_t peek(uint32_t at)
{
    return (uint8_t)vga_memory_ops.read(vga, at, 1);
}

static void poke(uint32_t at, uint8_t v)
{
    vga_memory_ops.write(vga, at, 1, v);
}

static void planes(void)
{
    indexed(0x3c4, 4, 0x06); /* sequential, as for loading a font */
    indexed(0x3ce, 5, 0x00);
    indexed(0x3ce, 6, 0x04);
    indexed(0x3c4, 2, 0x04);
    poke(100, 0xa5);
    indexed(0x3ce, 4, 2);
    CHECK("vga-font-plane", peek(100) == 0xa5);
    indexed(0x3ce, 4, 1);
    CHECK("vga-other-plane", peek(100) == 0x00);
    CHECK("vga-window", (poke(0x10000, 0x11), peek(0x10000)) == 0xff);
    indexed(0x3c4, 2, 0x0f);
    poke(200, 0xff);
    indexed(0x3ce, 8, 0x0f); /* bit mask */
    peek(200);
    poke(200, 0x00);
    CHECK("vga-bit-mask", peek(200) == 0xf0);
    indexed(0x3ce, 8, 0xff);
    indexed(0x3ce, 3, 0x18); /* exclusive or */
    peek(200);
    poke(200, 0xff);
    CHECK("vga-xor", peek(200) == 0x0f);
    indexed(0x3ce, 3, 0x01); /* rotate right by 1 */
    poke(201, 0x01);
    CHECK("vga-rotate", peek(201) == 0x80);
    indexed(0x3ce, 3, 0);
    indexed(0x3ce, 5, 0x01); /* write mode 1: latches */
    peek(201);
    poke(202, 0x00);
    CHECK("vga-latches", peek(202) == 0x80);
    indexed(0x3ce, 5, 0x02); /* write mode 2: a colour */
    poke(203, 0x05);
    indexed(0x3ce, 4, 0);
    bool even = peek(203) == 0xff;
    indexed(0x3ce, 4, 1);
    CHECK("vga-write-mode-2", even && peek(203) == 0x00);
    indexed(0x3ce, 5, 0x08); /* read mode 1: compare */
    indexed(0x3ce, 2, 0x05);
    indexed(0x3ce, 7, 0x0f);
    CHECK("vga-compare", peek(203) == 0xff && peek(202) == 0x00);
    indexed(0x3ce, 5, 0x00);
    indexed(0x3c4, 4, 0x0e); /* chain 4 */
    poke(402, 0x77);
    CHECK("vga-chain-4", peek(402) == 0x77 && peek(400) == 0x00);
}

static void put_text(unsigned cell, const char *s, uint8_t colour)
{
    for (; *s != 0; s++, cell++) {
        text[2 * cell] = (uint8_t)*s;
        text[2 * cell + 1] = colour;
    }
}

static bool shows(const char *what)
{
    return strstr(screen.output, what) != NULL;
}

static void forget(void)
{
    screen.count = 0;
    screen.output[0] = 0;
}

static void cursor(unsigned cell)
{
    indexed(0x3d4, 0x0e, cell >> 8);
    indexed(0x3d4, 0x0f, cell & 0xff);
}

static void picture(void)
{
    for (unsigned i = 0; i < 2000; i++)
        put_text(i, " ", 0x07);
    forget();
    vga_show(vga, true);
    pass(vm, 1000000000);
    CHECK("vga-nothing-on-blank", screen.count == 0);
    put_text(3 * 80 + 10, "Hello, world", 0x07);
    pass(vm, 300000000);
    CHECK("vga-text",
          shows("\x1b[2J") && shows("\x1b[4;11H") && shows("Hello, world") && shows("\x1b[?25h"));
    forget();
    put_text(3 * 80 + 10, "J", 0x1f);
    pass(vm, 40000000);
    CHECK("vga-difference", shows("\x1b[4;11H") && shows(";97;44mJ") && !shows("ello"));
    forget();
    pass(vm, 5000000000);
    CHECK("vga-quiet", screen.count == 0);
    put_text(0, "\xb0\xc4\x01", 0x0c);
    cursor(82);
    pass(vm, 40000000); /* a register was written: soon */
    CHECK("vga-cp437", shows(";91;40m\xe2\x96\x91\xe2\x94\x80\xe2\x98\xba"));
    CHECK("vga-cursor", shows("\x1b[2;3H"));
    forget();
    indexed(0x3d4, 0x0a, 0x2d);
    pass(vm, 300000000);
    CHECK("vga-cursor-off", shows("\x1b[?25l"));
    indexed(0x3d4, 0x0a, 0x0d);
    forget();
    indexed(0x3d4, 0x0d, 80); /* scrolled by a line */
    pass(vm, 300000000);
    CHECK("vga-start-address", shows("\x1b[3;11H") && shows("J"));
    indexed(0x3d4, 0x0d, 0);
    pass(vm, 300000000);
    forget();
    indexed(0x3ce, 6, 0x05);
    put_text(500, "hidden", 0x07);
    pass(vm, 300000000);
    CHECK("vga-graphics-mode", screen.count == 0);
    indexed(0x3ce, 6, 0x0e);
    pass(vm, 300000000);
    CHECK("vga-back-to-text", shows("hidden"));
    forget();
    vga_show(vga, false);
    CHECK("vga-leaves-below", shows("\x1b[25;1H\r\n"));
    forget();
    put_text(600, "secret", 0x07);
    pass(vm, 1000000000);
    CHECK("vga-not-shown", screen.count == 0);
}

void test_vga(void)
{
    vm = new_vm(0);
    screen_start(&screen);
    vga = vga_create(vm, &screen.terminal);
    vga_text(vga, text);
    ports_add(vm, 0x3b0, 16, 1, &vga_mono_ops, vga, "vga");
    ports_add(vm, 0x3c0, 32, 1, &vga_ops, vga, "vga");
    registers();
    planes();
    vga_reset(vga);
    picture();
    vga_delete(vga);
    delete_vm(vm);
}
