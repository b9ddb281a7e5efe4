/*
 * VGA registers and planes (IBM Personal System/2 hardware interface reference, video subsystem).
 *
 * Text memory, B8000h–BFFFFh, is plain guest RAM, so writing text costs nothing, and vga_text.c looks
 * at it from time to time. The four planes behind A0000h are a device: in text mode software uses them
 * to load fonts, in others to draw; they are modelled with write modes 0–3, both read modes, chain-4
 * and odd/even addressing, but nothing of them is shown. Registers that only shape the signal of a
 * monitor are stored. Modes that use the planes for text through A0000h do not reach the text RAM.
 *
 * The retrace bits of input status 1 follow virtual time: 70 frames of 449 lines a second.
 */
#include "vga_state.h"

#include <stdlib.h>
#include <string.h>

#include <translator/devices/common.h>

#define FRAME_NS 14285714ull
#define LINES    449u

/* Mode 3 (reference, parameter table of the video BIOS functions). */
/* clang-format off */
static const uint8_t mode3_crtc[CR_COUNT] = {
    0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00,
    0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
};
static const uint8_t mode3_sequencer[SR_COUNT] = {0x03, 0x00, 0x03, 0x00, 0x02};
static const uint8_t mode3_graphics[GR_COUNT] = {0, 0, 0, 0, 0, 0x10, 0x0e, 0x0f, 0xff};
static const uint8_t mode3_attribute[AR_COUNT] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
    0x0c, 0x00, 0x0f, 0x08, 0x00,
};
enum { /* offsets from 3C0h */
    P_ATTRIBUTE = 0x0, P_ATTRIBUTE_READ = 0x1, P_MISC = 0x2, P_SEQUENCER = 0x4, P_DAC_MASK = 0x6, P_DAC_READ = 0x7,
    P_DAC_WRITE = 0x8, P_DAC_DATA = 0x9, P_FEATURE_READ = 0xa, P_MISC_READ = 0xc, P_GRAPHICS = 0xe, P_CRTC = 0x14,
    P_STATUS = 0x1a,
};
/* clang-format on */

/* ---- planes ------------------------------------------------------------------------------------------- */

static uint8_t mask_of(const uint8_t *registers, unsigned at, unsigned plane)
{
    return registers[at] >> plane & 1 ? 0xff : 0;
}

/* Address within a plane, and which planes a write reaches by its address alone. */
static unsigned locate(const struct vga *v, uint32_t offset, unsigned *planes)
{
    *planes = 15;
    if (v->sequencer[SR_MEMORY] & 8) { /* chain 4 */
        *planes = 1u << (offset & 3);
        return offset & 0xfffc & (VGA_PLANE - 1);
    }
    if (!(v->sequencer[SR_MEMORY] & 4)) { /* odd and even */
        *planes = offset & 1 ? 10 : 5;
        return offset & ~1u & (VGA_PLANE - 1);
    }
    return offset & (VGA_PLANE - 1);
}

static uint8_t read_plane(struct vga *v, uint32_t offset)
{
    unsigned planes, at = locate(v, offset, &planes);
    for (unsigned p = 0; p < 4; p++)
        v->latch[p] = v->plane[p][at];
    if (!(v->graphics[GR_MODE] & 8)) {
        unsigned p = v->graphics[GR_READ_PLANE] & 3;
        if (v->sequencer[SR_MEMORY] & 8)
            p = offset & 3;
        else if (v->graphics[GR_MODE] & 0x10)
            p = (p & 2) | (offset & 1);
        return v->latch[p];
    }
    uint8_t differs = 0; /* read mode 1: bits whose colour is the one compared with */
    for (unsigned p = 0; p < 4; p++)
        if (v->graphics[GR_IGNORE] >> p & 1)
            differs |= v->latch[p] ^ mask_of(v->graphics, GR_COMPARE, p);
    return (uint8_t)~differs;
}

/* Logical function with the latch, and the bit mask. */
static uint8_t combine(const struct vga *v, unsigned p, uint8_t value, uint8_t mask)
{
    uint8_t latch = v->latch[p];
    switch (v->graphics[GR_ROTATE] >> 3 & 3) {
    case 1:
        value &= latch;
        break;
    case 2:
        value |= latch;
        break;
    case 3:
        value ^= latch;
        break;
    }
    return (uint8_t)((value & mask) | (latch & ~mask));
}

static uint8_t plane_value(const struct vga *v, unsigned p, uint8_t value)
{
    unsigned turn = v->graphics[GR_ROTATE] & 7;
    uint8_t rotated = (uint8_t)(value >> turn | value << (8 - turn));
    uint8_t mask = v->graphics[GR_MASK], set = mask_of(v->graphics, GR_SET, p);
    switch (v->graphics[GR_MODE] & 3) {
    case 0:
        return combine(v, p, v->graphics[GR_ENABLE_SET] >> p & 1 ? set : rotated, mask);
    case 1:
        return v->latch[p];
    case 2:
        return combine(v, p, value >> p & 1 ? 0xff : 0, mask);
    }
    return combine(v, p, set, mask & rotated);
}

static void write_plane(struct vga *v, uint32_t offset, uint8_t value)
{
    unsigned planes, at = locate(v, offset, &planes);
    planes &= v->sequencer[SR_MASK];
    for (unsigned p = 0; p < 4; p++)
        if (planes >> p & 1)
            v->plane[p][at] = plane_value(v, p, value);
}

/* What memory the window covers (GR_MISC bits 3:2); outside of it nothing answers. */
static bool covered(const struct vga *v, uint32_t offset)
{
    unsigned map = v->graphics[GR_MISC] >> 2 & 3;
    return map == 0 || (map == 1 && offset < 0x10000) || (map == 2 && offset >= 0x10000);
}

static uint64_t memory_read_planes(void *device, uint32_t offset, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)(covered(device, offset + i) ? read_plane(device, offset + i) : 0xff)
                 << 8 * i;
    return value;
}

static void memory_write_planes(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        if (covered(device, offset + i))
            write_plane(device, offset + i, (uint8_t)(value >> 8 * i));
}

const struct device_ops vga_memory_ops = {memory_read_planes, memory_write_planes};

/* ---- registers ------------------------------------------------------------------------------------------ */

/* Bit 0: not displaying; bit 3: vertical retrace. Reading resets the flip-flop of 3C0h. */
static uint8_t read_status(struct vga *v)
{
    uint64_t at = vm_time(v->vm) % FRAME_NS * LINES;
    unsigned line = (unsigned)(at / FRAME_NS), into = (unsigned)(at % FRAME_NS * 100 / FRAME_NS);
    v->attribute_data = false;
    if (line >= 412 && line < 414)
        return 9;
    return line >= 400 || into >= 80 ? 1 : 0;
}

static void write_attribute(struct vga *v, uint8_t value)
{
    if (!v->attribute_data)
        v->attribute_index = value & 0x3f;
    else if ((v->attribute_index & 31) < AR_COUNT)
        v->attribute[v->attribute_index & 31] = value;
    v->attribute_data = !v->attribute_data;
}

static void write_crtc(struct vga *v, uint8_t value)
{
    unsigned i = v->crtc_index;
    if (i >= CR_COUNT)
        return;
    if ((v->crtc[0x11] & 0x80) && i <= CR_OVERFLOW) { /* protected, but for line compare bit 8 */
        if (i == CR_OVERFLOW)
            v->crtc[i] = (uint8_t)((v->crtc[i] & ~0x10) | (value & 0x10));
        return;
    }
    v->crtc[i] = value;
    vga_hurry(v);
}

static uint8_t read_dac(struct vga *v)
{
    uint8_t value = v->dac[v->dac_read];
    v->dac_read = (uint16_t)((v->dac_read + 1u) % sizeof v->dac);
    return value;
}

static uint8_t in_table(const uint8_t *table, unsigned count, unsigned index)
{
    return index < count ? table[index] : 0;
}

/* A register of 3C0h–3DFh but for the CRTC's, which may be at 3B0h. */
static uint8_t read_common(struct vga *v, unsigned port)
{
    switch (port) {
    case P_ATTRIBUTE:
        return v->attribute_index;
    case P_ATTRIBUTE_READ:
        return in_table(v->attribute, AR_COUNT, v->attribute_index & 31);
    case P_MISC: /* input status 0: a monitor is there */
        return 0x10;
    case P_SEQUENCER:
        return v->sequencer_index;
    case P_SEQUENCER + 1:
        return in_table(v->sequencer, SR_COUNT, v->sequencer_index);
    case P_DAC_MASK:
        return v->dac_mask;
    case P_DAC_READ: /* state: the last address was for reading */
        return 3;
    case P_DAC_WRITE:
        return (uint8_t)(v->dac_write / 3);
    case P_DAC_DATA:
        return read_dac(v);
    case P_FEATURE_READ:
        return v->feature;
    case P_MISC_READ:
        return v->misc;
    case P_GRAPHICS:
        return v->graphics_index;
    case P_GRAPHICS + 1:
        return in_table(v->graphics, GR_COUNT, v->graphics_index);
    }
    return 0xff;
}

static uint8_t read_crtc_part(struct vga *v, unsigned port)
{
    if (port == P_CRTC)
        return v->crtc_index;
    if (port == P_CRTC + 1)
        return in_table(v->crtc, CR_COUNT, v->crtc_index);
    return port == P_STATUS ? read_status(v) : 0xff;
}

static void write_crtc_part(struct vga *v, unsigned port, uint8_t value)
{
    if (port == P_CRTC)
        v->crtc_index = value & 0x3f;
    else if (port == P_CRTC + 1)
        write_crtc(v, value);
    else if (port == P_STATUS)
        v->feature = value;
}

static void write_common(struct vga *v, unsigned port, uint8_t value)
{
    switch (port) {
    case P_ATTRIBUTE:
        write_attribute(v, value);
        break;
    case P_MISC:
        v->misc = value;
        break;
    case P_SEQUENCER:
        v->sequencer_index = value & 7;
        break;
    case P_SEQUENCER + 1:
        if (v->sequencer_index < SR_COUNT)
            v->sequencer[v->sequencer_index] = value;
        break;
    case P_DAC_MASK:
        v->dac_mask = value;
        break;
    case P_DAC_READ:
        v->dac_read = (uint16_t)(value * 3u);
        break;
    case P_DAC_WRITE:
        v->dac_write = (uint16_t)(value * 3u);
        break;
    case P_DAC_DATA:
        v->dac[v->dac_write] = value & 0x3f;
        v->dac_write = (uint16_t)((v->dac_write + 1u) % sizeof v->dac);
        break;
    case P_GRAPHICS:
        v->graphics_index = value & 15;
        break;
    case P_GRAPHICS + 1:
        if (v->graphics_index < GR_COUNT)
            v->graphics[v->graphics_index] = value;
        break;
    }
}

/* Bit 0 of the miscellaneous register: the CRTC is at 3D4h, not 3B4h. */
static uint64_t vga_read(void *device, uint32_t offset, unsigned size)
{
    struct vga *v = device;
    (void)size;
    if (offset >= 0x10)
        return v->misc & 1 ? read_crtc_part(v, offset) : 0xff;
    return read_common(v, offset);
}

static void vga_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct vga *v = device;
    (void)size;
    if (offset < 0x10)
        write_common(v, offset, (uint8_t)value);
    else if (v->misc & 1)
        write_crtc_part(v, offset, (uint8_t)value);
}

const struct device_ops vga_ops = {vga_read, vga_write};

static uint64_t mono_read(void *device, uint32_t offset, unsigned size)
{
    struct vga *v = device;
    (void)size;
    return v->misc & 1 ? 0xff : read_crtc_part(v, offset + 0x10);
}

static void mono_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct vga *v = device;
    (void)size;
    if (!(v->misc & 1))
        write_crtc_part(v, offset + 0x10, (uint8_t)value);
}

const struct device_ops vga_mono_ops = {mono_read, mono_write};

void vga_reset(struct vga *v)
{
    memcpy(v->crtc, mode3_crtc, sizeof v->crtc);
    memcpy(v->sequencer, mode3_sequencer, sizeof v->sequencer);
    memcpy(v->graphics, mode3_graphics, sizeof v->graphics);
    memcpy(v->attribute, mode3_attribute, sizeof v->attribute);
    memset(v->plane, 0, sizeof v->plane);
    v->misc = 0x67;
    v->feature = 0;
    v->dac_mask = 0xff;
    v->attribute_index = 0x20;
    v->attribute_data = false;
    v->sequencer_index = v->graphics_index = v->crtc_index = 0;
    v->dac_read = v->dac_write = 0;
    vga_text_start(v);
}

void vga_text(struct vga *v, const uint8_t *text)
{
    v->text = text;
}

struct vga *vga_create(struct vm *vm, struct terminal *terminal)
{
    struct vga *v = calloc(1, sizeof *v);
    if (v == NULL)
        return NULL;
    v->vm = vm;
    v->terminal = terminal;
    v->timer.when = UINT64_MAX;
    v->timer.device = v;
    vtimer_add(vm, &v->timer);
    vga_reset(v);
    return v;
}

void vga_delete(struct vga *v)
{
    free(v);
}
