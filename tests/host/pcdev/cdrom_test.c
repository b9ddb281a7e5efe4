/* ATAPI CD-ROM drives (ATA/ATAPI-4, MMC-2), as device 0 of the second channel. */
#include "mock.h"

#include <translator/devices/ide.h>

#define AT 0x170u
#define BM 0xc008u
enum { DATA = AT, ERROR, REASON, LBA0, LBA1, LBA2, DEVICE, COMMAND };

static struct vm *vm;
static struct probe irq14, irq15;
static struct memory_disk disk;
static uint8_t buffer[65536];
static unsigned blocks;

static bool send(unsigned feature, const uint8_t packet[12])
{
    out8(vm, DEVICE, 0xa0);
    out8(vm, ERROR, feature);
    out8(vm, LBA1, 0x00);
    out8(vm, LBA2, 0x08); /* 2,048 bytes at a time */
    out8(vm, COMMAND, 0xa0);
    bool asks = in8(vm, COMMAND) == 0x58 && in8(vm, REASON) == 1;
    for (unsigned i = 0; i < 6; i++)
        out16(vm, DATA, packet[2 * i] | (unsigned)packet[2 * i + 1] << 8);
    return asks;
}

/* Run a packet command by PIO; bytes that came, or minus the sense key. */
static int run(const uint8_t packet[12])
{
    int got = 0;
    blocks = 0;
    if (!send(0, packet))
        return -100;
    for (unsigned status; (status = in8(vm, COMMAND)) & 0x08; blocks++) {
        unsigned n = in8(vm, LBA1) | (unsigned)in8(vm, LBA2) << 8;
        if (in8(vm, REASON) != 2)
            return -101;
        for (unsigned i = 0; i < n; i += 2, got += 2) {
            uint16_t v = in16(vm, DATA);
            memcpy(buffer + (unsigned)got % sizeof buffer, &v, 2);
        }
    }
    if (in8(vm, REASON) != 3)
        return -102;
    return in8(vm, COMMAND) & 1 ? -(in8(vm, ERROR) >> 4) : got;
}

#define RUN(...) run((const uint8_t[12]){__VA_ARGS__})

static uint64_t sector_number(const void *at)
{
    uint64_t v;
    memcpy(&v, at, 8);
    return v;
}

static void identity(void)
{
    CHECK("cd-signature", in8(vm, LBA1) == 0x14 && in8(vm, LBA2) == 0xeb);
    out8(vm, COMMAND, 0xec);
    CHECK("cd-not-a-disk",
          in8(vm, COMMAND) == 0x51 && in8(vm, LBA1) == 0x14 && in8(vm, LBA2) == 0xeb);
    out8(vm, COMMAND, 0xa1);
    CHECK("cd-identify", irq15.level && in8(vm, COMMAND) == 0x58);
    unsigned word0 = in16(vm, DATA);
    for (unsigned i = 1; i < 256; i++)
        in16(vm, DATA);
    CHECK("cd-identify-word", (word0 & 0xdf00) == 0x8500 && (word0 & 3) == 0);
    CHECK("cd-attention", RUN(0x00) == -6);
    CHECK("cd-sense", RUN(0x03, 0, 0, 0, 18) == 18 && (buffer[2] & 15) == 6 && buffer[12] == 0x29);
    CHECK("cd-ready", RUN(0x00) == 0 && RUN(0x03, 0, 0, 0, 18) == 18 && (buffer[2] & 15) == 0);
    CHECK("cd-inquiry", RUN(0x12, 0, 0, 0, 36) == 36 && buffer[0] == 5 && buffer[1] == 0x80);
    CHECK("cd-inquiry-short", RUN(0x12, 0, 0, 0, 8) == 8);
    CHECK("cd-capacity", RUN(0x25) == 8 && buffer[2] == 3 && buffer[3] == 0xff && buffer[6] == 8);
}

static void reading(void)
{
    CHECK("cd-read-10", RUN(0x28, 0, 0, 0, 0, 16, 0, 0, 3) == 3 * 2048 && blocks == 3);
    CHECK("cd-read-data", sector_number(buffer) == 64 && sector_number(buffer + 4096) == 72);
    CHECK("cd-read-12",
          RUN(0xa8, 0, 0, 0, 0, 20, 0, 0, 0, 2) == 4096 && sector_number(buffer) == 80);
    CHECK("cd-read-cd",
          RUN(0xbe, 0, 0, 0, 0, 5, 0, 0, 1, 0x10) == 2048 && sector_number(buffer) == 20);
    CHECK("cd-read-none", RUN(0x28, 0, 0, 0, 0, 16, 0, 0, 0) == 0);
    CHECK("cd-read-beyond", RUN(0x28, 0, 0, 0, 3, 255, 0, 0, 2) == -5);
    RUN(0x03, 0, 0, 0, 18);
    CHECK("cd-sense-range", (buffer[2] & 15) == 5 && buffer[12] == 0x21);
    disk.bad = 4 * 30;
    CHECK("cd-bad-sector", RUN(0x28, 0, 0, 0, 0, 30, 0, 0, 1) == -3);
    disk.bad = UINT64_MAX;
    const uint32_t e[2] = {0x8000, 0x80000000u | 4096};
    memcpy(vm->ram + 0x1000, e, 8);
    send(1, (const uint8_t[12]){0x28, 0, 0, 0, 0, 40, 0, 0, 2});
    out32(vm, BM + 4, 0x1000);
    out8(vm, BM, 0x09);
    CHECK("cd-dma", (in8(vm, BM + 2) & 7) == 4 && irq15.level && in8(vm, COMMAND) == 0x50);
    CHECK("cd-dma-data", sector_number(vm->ram + 0x8000 + 2048) == 164 && in8(vm, REASON) == 3);
    out8(vm, BM, 0);
}

static void other(void)
{
    CHECK("cd-toc", RUN(0x43, 0, 0, 0, 0, 0, 0, 0, 64) == 20 && buffer[1] == 18 && buffer[6] == 1);
    CHECK("cd-toc-lead-out", buffer[14] == 0xaa && buffer[18] == 4 && buffer[19] == 0);
    CHECK("cd-toc-msf",
          RUN(0x43, 2, 0, 0, 0, 0, 0, 0, 64) == 20 && buffer[10] == 2 && buffer[11] == 0);
    CHECK("cd-toc-sessions", RUN(0x43, 0, 1, 0, 0, 0, 0, 0, 64) == 12);
    CHECK("cd-toc-other", RUN(0x43, 0, 2, 0, 0, 0, 0, 0, 64) == -5);
    CHECK("cd-configuration", RUN(0x46, 0, 0, 0, 0, 0, 0, 0, 64) == 24 && buffer[7] == 8);
    CHECK("cd-event", RUN(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8) == 8 && buffer[5] == 2);
    CHECK("cd-event-asynchronous", RUN(0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8) == -5);
    CHECK("cd-mode", RUN(0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 64) == 28 && (buffer[8] & 63) == 0x2a);
    CHECK("cd-unknown", RUN(0x55) == -5);
    CHECK("cd-lock", RUN(0x1e, 0, 0, 0, 1) == 0 && RUN(0x1b, 0, 0, 0, 2) == 0);
    out8(vm, COMMAND, 0x08);
    CHECK("cd-device-reset", !irq15.level && in8(vm, LBA1) == 0x14);
}

void test_cdrom(void)
{
    vm = new_vm(1 << 20);
    disk_start(&disk, 4096);
    disk.disk.cdrom = disk.disk.read_only = true;
    struct pci_bus *bus = pci_create(vm);
    struct disk *const disks[4] = {NULL, NULL, &disk.disk, NULL};
    const struct line lines[2] = {probe_line(&irq14), probe_line(&irq15)};
    struct ide *ide = ide_create(vm, bus, lines, disks);
    ide_configure(ide, bus, 0xc000);
    identity();
    reading();
    other();
    ide_delete(ide);
    pci_delete(bus);
    disk_end(&disk);
    delete_vm(vm);
}
