/*
 * Firmware in the PROM's place: an image of the ROM as it is, or an ELF file, as OpenBIOS is, linked for
 * PROM_VA, where a PROM maps itself.
 *
 * What firmware has to know of a machine that no register tells it is in the firmware configuration,
 * at SS5_FW_CFG: numbers of its items are those of QEMU's docs/specs/fw_cfg, their contents little-endian.
 */
#include <translator/boards/boards.h>
#include <translator/boards/ss5.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <translator/devices/be_bus.h>

#define ELF_HEADER 52u
#define PHDR       32u
#define PT_LOAD    1u
#define ELF_BIG    "\177ELF\1\2"
#define MACHINE    32u /* SPARCstation 5 */
#define FIRST_DISK 'c'

/* Segments to their places in the ROM; false: one is outside. */
static bool place_segments(const struct vm_image *image, uint8_t *rom)
{
    const char *bytes = image->data;
    uint32_t table = load_be32(bytes + 28);
    unsigned stride = load_be16(bytes + 42), count = load_be16(bytes + 44);
    if (stride < PHDR || table > image->bytes || (uint64_t)stride * count > image->bytes - table)
        return false;
    for (unsigned n = 0; n < count; n++) {
        const char *p = bytes + table + (size_t)n * stride;
        uint32_t from = load_be32(p + 4), at = load_be32(p + 8) - PROM_VA, held = load_be32(p + 16);
        if (load_be32(p) != PT_LOAD || held == 0)
            continue;
        if (from > image->bytes || held > image->bytes - from || at > SS5_ROM_BYTES ||
            held > SS5_ROM_BYTES - at)
            return false;
        memcpy(rom + at, bytes + from, held);
    }
    return true;
}

bool ss5_firmware_add(struct vm *vm, char *error, size_t size)
{
    const struct vm_image *image = &vm_configuration(vm)->bios;
    snprintf(error, size, "there is no memory for the firmware");
    if (image->bytes < ELF_HEADER || memcmp(image->data, ELF_BIG, 6) != 0)
        return memory_add_rom(vm, SS5_ROM, image->data, image->bytes);
    uint8_t *rom = calloc(1, SS5_ROM_BYTES);
    if (rom == NULL)
        return false;
    bool good = place_segments(image, rom);
    if (!good)
        snprintf(error, size, "%s: it does not fit the PROM at %xh", image->name, PROM_VA);
    good = good && memory_add_rom(vm, SS5_ROM, rom, SS5_ROM_BYTES);
    free(rom);
    return good;
}

static bool item(struct fw_cfg *f, uint16_t key, uint32_t value, size_t bytes)
{
    uint8_t held[4];
    for (unsigned n = 0; n < 4; n++)
        held[n] = (uint8_t)(value >> 8 * n);
    return fw_cfg_item(f, key, held, bytes);
}

struct fw_cfg *ss5_firmware_facts(struct vm *vm, uint32_t ram_bytes)
{
    struct fw_cfg *f = fw_cfg_create(vm);
    if (f != NULL && fw_cfg_item(f, FW_CFG_SIGNATURE, "QEMU", 4) && item(f, FW_CFG_ID, 1, 4) &&
        item(f, FW_CFG_RAM, ram_bytes, 4) && item(f, FW_CFG_NO_DISPLAY, 1, 1) &&
        item(f, FW_CFG_CPUS, 1, 4) && item(f, FW_CFG_MAX_CPUS, 1, 4) &&
        item(f, FW_CFG_MACHINE, MACHINE, 2) && item(f, FW_CFG_BOOT_DEVICE, FIRST_DISK, 2))
        return f;
    fw_cfg_delete(f);
    return NULL;
}
