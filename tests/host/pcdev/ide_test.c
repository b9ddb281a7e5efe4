/* ATA disks and the bus master (ATA/ATAPI-4; Intel 290550). */
#include "mock.h"

#include <translator/devices/ide.h>

#define AT 0x1f0u
#define BM 0xc000u
enum { DATA = AT, ERROR, COUNT, LBA0, LBA1, LBA2, DEVICE, COMMAND };
enum { READY = 0x50, DRQ = 0x58, FAILED = 0x51 };

static struct vm *vm;
static struct ide *ide;
static struct probe irq14, irq15;
static struct memory_disk disk;
static uint8_t buffer[256 * 512];

static void address(uint32_t sector, unsigned count)
{
    out8(vm, COUNT, count);
    out8(vm, LBA0, sector);
    out8(vm, LBA1, sector >> 8);
    out8(vm, LBA2, sector >> 16);
    out8(vm, DEVICE, 0xe0 | (sector >> 24 & 15));
}

static void address48(uint64_t sector, unsigned count)
{
    out8(vm, COUNT, count >> 8);
    out8(vm, LBA0, (unsigned)(sector >> 24));
    out8(vm, LBA1, (unsigned)(sector >> 32));
    out8(vm, LBA2, (unsigned)(sector >> 40));
    address((uint32_t)sector & 0xffffff, count & 0xff);
}

static void take(unsigned sectors)
{
    for (unsigned i = 0; i < sectors * 256; i++) {
        uint16_t v = in16(vm, DATA);
        memcpy(buffer + 2 * i, &v, 2);
    }
}

static void give(unsigned sectors)
{
    for (unsigned i = 0; i < sectors * 128; i++) {
        uint32_t v;
        memcpy(&v, buffer + 4 * i, 4);
        out32(vm, DATA, v);
    }
}

static uint64_t sector_number(const void *at)
{
    uint64_t v;
    memcpy(&v, at, 8);
    return v;
}

static unsigned word(unsigned n)
{
    return buffer[2 * n] | (unsigned)buffer[2 * n + 1] << 8;
}

static void identify(void)
{
    out8(vm, DEVICE, 0xa0);
    CHECK("ide-signature", in8(vm, COUNT) == 1 && in8(vm, LBA0) == 1 && in8(vm, LBA1) == 0 &&
                               in8(vm, LBA2) == 0 && in8(vm, ERROR) == 1);
    out8(vm, COMMAND, 0xec);
    CHECK("ide-identify-drq", irq14.level && in8(vm, 0x3f6) == DRQ && irq14.level);
    CHECK("ide-status-clears", in8(vm, COMMAND) == DRQ && !irq14.level);
    take(1);
    CHECK("ide-identify-over", in8(vm, COMMAND) == READY && !irq14.level);
    CHECK("ide-identify-size", word(60) == 4096 && word(61) == 0 && word(100) == 4096);
    CHECK("ide-identify-words", word(0) == 0x40 && (word(49) & 0x300) == 0x300 && word(3) == 16);
    CHECK("ide-identify-model", memcmp(buffer + 54, "ETRTPAAL", 8) == 0);
    out8(vm, DEVICE, 0xb0);
    CHECK("ide-no-slave", in8(vm, COMMAND) == 0);
    out8(vm, COMMAND, 0xec);
    CHECK("ide-no-slave-quiet", !irq14.level && in8(vm, COMMAND) == 0);
    CHECK("ide-no-second-channel", in8(vm, 0x177) == 0);
    out8(vm, DEVICE, 0xe0);
}

static void pio(void)
{
    address(100, 3);
    out8(vm, COMMAND, 0x20);
    for (unsigned i = 0; i < 3; i++) {
        CHECK("ide-read-block", irq14.level && in8(vm, COMMAND) == DRQ);
        take(1);
        CHECK("ide-read-data", sector_number(buffer) == 100 + i);
    }
    CHECK("ide-read-over", !irq14.level && in8(vm, COMMAND) == READY && in8(vm, LBA0) == 102);
    memset(buffer, 0x5a, 1024);
    address(200, 2);
    out8(vm, COMMAND, 0x30);
    CHECK("ide-write-first-no-irq", !irq14.level && in8(vm, COMMAND) == DRQ);
    give(1);
    CHECK("ide-write-second", irq14.level && in8(vm, COMMAND) == DRQ);
    give(1);
    CHECK("ide-write-over", irq14.level && in8(vm, COMMAND) == READY);
    CHECK("ide-written", disk.bytes[200 * 512] == 0x5a && disk.bytes[202 * 512 - 1] == 0x5a);
    out8(vm, COUNT, 4);
    out8(vm, COMMAND, 0xc6);
    CHECK("ide-set-multiple", in8(vm, COMMAND) == READY);
    address(10, 6);
    out8(vm, COMMAND, 0xc4);
    in8(vm, COMMAND);
    take(4);
    CHECK("ide-multiple", irq14.level && sector_number(buffer + 3 * 512) == 13);
    take(2);
    CHECK("ide-multiple-rest", sector_number(buffer + 512) == 15 && in8(vm, COMMAND) == READY);
    address48(4000, 96);
    out8(vm, COMMAND, 0x24);
    bool good = true;
    for (unsigned i = 0; i < 96; i++) {
        take(1);
        good = good && sector_number(buffer) == 4000 + i;
    }
    CHECK("ide-read-48", good && in8(vm, COMMAND) == READY);
    out8(vm, DEVICE, 0xa0 | 1); /* CHS 1/1/5: (1 * 16 + 1) * 63 + 4 */
    out8(vm, COUNT, 1);
    out8(vm, LBA0, 5);
    out8(vm, LBA1, 1);
    out8(vm, LBA2, 0);
    out8(vm, COMMAND, 0x20);
    take(1);
    CHECK("ide-chs", sector_number(buffer) == 17 * 63 + 4);
}

static void errors(void)
{
    address(4095, 2);
    out8(vm, COMMAND, 0x20);
    CHECK("ide-beyond", irq14.level && in8(vm, COMMAND) == FAILED && in8(vm, ERROR) == 0x10);
    disk.bad = 301;
    address(300, 3);
    out8(vm, COMMAND, 0x20);
    take(1);
    CHECK("ide-bad-sector", in8(vm, COMMAND) == FAILED && in8(vm, ERROR) == 0x40 &&
                                in8(vm, LBA0) == (301 & 0xff) && in8(vm, LBA1) == 1);
    disk.bad = UINT64_MAX;
    out8(vm, COMMAND, 0xa0);
    CHECK("ide-packet-aborts", in8(vm, COMMAND) == FAILED && in8(vm, ERROR) == 0x04);
    out8(vm, COUNT, 3);
    out8(vm, COMMAND, 0xc6);
    CHECK("ide-bad-multiple", in8(vm, COMMAND) == FAILED);
    disk.disk.read_only = true;
    address(5, 1);
    out8(vm, COMMAND, 0x30);
    give(1);
    CHECK("ide-read-only", in8(vm, COMMAND) == FAILED && sector_number(disk.bytes + 5 * 512) == 5);
    disk.disk.read_only = false;
    out8(vm, COMMAND, 0xe7);
    CHECK("ide-flush", in8(vm, COMMAND) == READY && disk.flushes == 1);
    out8(vm, 0x3f6, 0x02);
    out8(vm, COMMAND, 0xe5);
    CHECK("ide-nien", !irq14.level && in8(vm, COUNT) == 0xff);
    out8(vm, 0x3f6, 0x06);
    CHECK("ide-reset-busy", in8(vm, 0x3f6) == 0x80);
    out8(vm, 0x3f6, 0x00);
    CHECK("ide-reset-over", in8(vm, COMMAND) == READY && in8(vm, COUNT) == 1 && !irq14.level);
}

/* ---- DMA -------------------------------------------------------------------------------------------- */

static void prd(unsigned n, uint32_t at, unsigned bytes, bool last)
{
    uint32_t e[2] = {at, (bytes & 0xffff) | (last ? 0x80000000u : 0)};
    memcpy(vm->ram + 0x1000 + 8 * n, e, 8);
}

static void start_dma(bool to_memory)
{
    out32(vm, BM + 4, 0x1000);
    out8(vm, BM + 2, 0x06);
    out8(vm, BM, to_memory ? 0x08 : 0x00);
    out8(vm, BM, to_memory ? 0x09 : 0x01);
}

static void dma(void)
{
    prd(0, 0x20000, 1024 + 200, false); /* a sector lies in two regions */
    prd(1, 0x30000, 2048 - 200 + 1024, true);
    address(500, 8);
    CHECK("ide-pio-interrupts-seen", in8(vm, BM + 2) & 4);
    out8(vm, BM + 2, 0x04);
    out8(vm, COMMAND, 0xc8);
    CHECK("ide-dma-waits", !irq14.level && (in8(vm, BM + 2) & 7) == 0);
    start_dma(true);
    CHECK("ide-dma-done", irq14.level && (in8(vm, BM + 2) & 7) == 4 && in8(vm, COMMAND) == READY);
    CHECK("ide-dma-data", sector_number(vm->ram + 0x20000) == 500 &&
                              sector_number(vm->ram + 0x20000 + 1024) == 502 &&
                              sector_number(vm->ram + 0x30000 + 312) == 503 &&
                              sector_number(vm->ram + 0x30000 + 312 + 4 * 512) == 507);
    out8(vm, BM, 0);
    out8(vm, BM + 2, 0x04);
    CHECK("ide-dma-cleared", (in8(vm, BM + 2) & 7) == 0);
    start_dma(false);
    memset(vm->ram + 0x40000, 0x77, 1024);
    prd(0, 0x40000, 1024, true);
    address(600, 2);
    out8(vm, COMMAND, 0xca); /* the master was started first */
    CHECK("ide-dma-write", (in8(vm, BM + 2) & 7) == 4 && disk.bytes[602 * 512 - 1] == 0x77);
    out8(vm, BM, 0);
    prd(0, 0x20000, 512, true);
    address(500, 2);
    out8(vm, COMMAND, 0xc8);
    start_dma(true);
    CHECK("ide-dma-short-list", (in8(vm, BM + 2) & 2) && in8(vm, COMMAND) == FAILED);
    out8(vm, BM, 0);
    prd(0, 0x20000, 4096, true);
    address(500, 2);
    out8(vm, COMMAND, 0xc8);
    start_dma(true);
    CHECK("ide-dma-long-list", (in8(vm, BM + 2) & 7) == 5 && in8(vm, COMMAND) == READY);
    out8(vm, BM, 0);
    prd(0, 0xf0000000, 512, true);
    address(500, 1);
    out8(vm, COMMAND, 0xc8);
    start_dma(true);
    CHECK("ide-dma-nowhere", (in8(vm, BM + 2) & 2) && in8(vm, COMMAND) == FAILED);
    out8(vm, BM, 0);
    for (unsigned i = 0; i < 16; i++)
        prd(i, 0x100000 + i * 0x10000, 0x10000, i == 15);
    address48(1000, 2048); /* more than the buffer holds */
    out8(vm, COMMAND, 0x25);
    start_dma(true);
    CHECK("ide-dma-large", (in8(vm, BM + 2) & 7) == 4 &&
                               sector_number(vm->ram + 0x100000) == 1000 &&
                               sector_number(vm->ram + 0x1ffe00) == 3047);
    out8(vm, BM, 0);
}

void test_ide(void)
{
    vm = new_vm(4 << 20);
    disk_start(&disk, 4096);
    struct pci_bus *bus = pci_create(vm);
    struct disk *const disks[4] = {&disk.disk};
    const struct line lines[2] = {probe_line(&irq14), probe_line(&irq15)};
    ide = ide_create(vm, bus, lines, disks);
    ide_configure(ide, bus, BM);
    identify();
    pio();
    errors();
    dma();
    ide_delete(ide);
    pci_delete(bus);
    disk_end(&disk);
    delete_vm(vm);
}
