/* The SCSI controller with a disk and a CD, by DMA, as a driver drives it. */
#include "mock.h"

#include <string.h>

#include <translator/devices/be_bus.h>
#include <translator/devices/esp.h>

#define BLOCK  0x1000u /* memory of commands; the IOMMU is off, so addresses are physical */
#define BUFFER 0x8000u

static struct esp *esp;
static struct probe probe;
static struct vm *vm;

static void command(uint8_t c, uint32_t address, uint32_t count)
{
    put(&esp_dma_ops, esp, 4, 4, address);
    put(&esp_ops, esp, 0x00, 1, count & 0xff);
    put(&esp_ops, esp, 0x04, 1, count >> 8);
    put(&esp_ops, esp, 0x0c, 1, c);
}

static uint8_t interrupt(void)
{
    return (uint8_t)get(&esp_ops, esp, 0x14, 1);
}

static unsigned phase(void)
{
    return get(&esp_ops, esp, 0x10, 1) & 7;
}

/* Run a command on a target; its status, or -1 if a phase is wrong. */
static int run(unsigned target, const uint8_t *cdb, unsigned length, uint32_t data)
{
    vm->ram[BLOCK] = 0xc0; /* identify, unit 0 */
    memcpy(vm->ram + BLOCK + 1, cdb, length);
    put(&esp_ops, esp, 0x10, 1, target);
    command(0xc2, BLOCK, length + 1);
    if (!probe.level || interrupt() != 0x18 || probe.level)
        return -1;
    if (phase() <= 1) {
        command(0x90, BUFFER, data);
        if (interrupt() != 0x10)
            return -1;
    }
    if (phase() != 3)
        return -1;
    put(&esp_ops, esp, 0x0c, 1, 0x11);
    if (interrupt() != 0x08)
        return -1;
    int status = (int)get(&esp_ops, esp, 0x08, 1);
    if (get(&esp_ops, esp, 0x08, 1) != 0)
        return -1;
    put(&esp_ops, esp, 0x0c, 1, 0x12);
    return interrupt() == 0x20 ? status : -1;
}
#define RUN(target, data, ...) \
    run(target, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), data)

static void test_disk(struct memory_disk *d)
{
    const uint8_t *b = vm->ram + BUFFER;
    CHECK("scsi: inquiry", RUN(0, 36, 0x12, 0, 0, 0, 36, 0) == 0 && b[0] == 0);
    CHECK("scsi: ready", RUN(0, 0, 0, 0, 0, 0, 0, 0) == 0);
    CHECK("scsi: capacity", RUN(0, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0) == 0 &&
                                load_be32(b) == DISK_BYTES / 512 - 1 && load_be32(b + 4) == 512);
    CHECK("scsi: read", RUN(0, 1024, 0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0) == 0 &&
                            memcmp(b, d->bytes + 3 * 512, 1024) == 0);
    CHECK("scsi: the counter ran out", get(&esp_ops, esp, 0, 1) == 0);
    memset(vm->ram + BUFFER, 0x5a, 512);
    CHECK("scsi: write", RUN(0, 512, 0x0a, 0, 0, 9, 1, 0) == 0 && d->bytes[9 * 512] == 0x5a &&
                             d->bytes[10 * 512] == (uint8_t)10);
    CHECK("scsi: beyond the end", RUN(0, 0, 0x28, 0, 0, 0, 1, 0, 0, 0, 1, 0) == 2);
    CHECK("scsi: sense",
          RUN(0, 18, 0x03, 0, 0, 0, 18, 0) == 0 && (b[2] & 15) == 5 && b[12] == 0x21);
    CHECK("scsi: unknown command", RUN(0, 0, 0x1f, 0, 0, 0, 0, 0) == 2);
    CHECK("scsi: mode sense", RUN(0, 24, 0x1a, 0, 8, 0, 24, 0) == 0 && b[4] == 8);
}

static void test_cd(void)
{
    const uint8_t *b = vm->ram + BUFFER;
    CHECK("scsi: CD capacity",
          RUN(2, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0) == 0 && load_be32(b + 4) == 2048);
    CHECK("scsi: CD is not written", RUN(2, 0, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0) == 2);
    CHECK("scsi: contents", RUN(2, 20, 0x43, 0, 0, 0, 0, 0, 0, 0, 20, 0) == 0 && b[14] == 0xaa);
}

static void test_bus(void)
{
    put(&esp_ops, esp, 0x10, 1, 5);
    command(0xc2, BLOCK, 7);
    CHECK("scsi: nobody there", interrupt() == 0x20);
    put(&esp_ops, esp, 0x0c, 1, 0x03);
    CHECK("scsi: bus reset", interrupt() == 0x80);
    /* Select and stop, a negotiation, its rejection, then the command. */
    memcpy(vm->ram + BLOCK, (const uint8_t[]){0xc0, 1, 3, 1, 0x19, 0x0f}, 6);
    put(&esp_ops, esp, 0x10, 1, 0);
    command(0xc3, BLOCK, 1);
    CHECK("scsi: stops in message out", interrupt() == 0x18 && phase() == 6);
    command(0x90, BLOCK + 1, 5);
    CHECK("scsi: message in", interrupt() == 0x10 && phase() == 7);
    put(&esp_ops, esp, 0x0c, 1, 0x10);
    CHECK("scsi: reject", interrupt() == 0x08 && get(&esp_ops, esp, 0x08, 1) == 7);
    put(&esp_ops, esp, 0x0c, 1, 0x12);
    CHECK("scsi: command phase", interrupt() == 0x10 && phase() == 2);
    memset(vm->ram + BLOCK, 0, 6);
    command(0x90, BLOCK, 6);
    CHECK("scsi: status phase", interrupt() == 0x10 && phase() == 3);
    put(&esp_dma_ops, esp, 0, 4, 0x80);
    CHECK("scsi: reset by the DMA controller", phase() == 0 && !probe.level);
    put(&esp_dma_ops, esp, 0, 4, 0x10);
    put(&esp_ops, esp, 0x10, 1, 0);
    command(0xc2, RAM_BYTES, 7);
    CHECK("scsi: DMA error", (get(&esp_dma_ops, esp, 0, 4) & 2) != 0);
}

/* No register and no value crashes it. */
static void test_noise(void)
{
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t r = random_next();
        unsigned size = 1u << (r & 1) * 2;
        const struct device_ops *o = r & 2 ? &esp_ops : &esp_dma_ops;
        if (r & 4)
            o->read(esp, r >> 8 & 0x3f, size);
        else
            o->write(esp, r >> 8 & 0x3f, size, r >> 32);
    }
    CHECK("scsi: noise", true);
}

void test_scsi(void)
{
    static struct memory_disk disk, cd;
    vm = new_vm();
    memory_disk(&disk, false);
    memory_disk(&cd, true);
    struct sun4m_iommu *iommu = sun4m_iommu_create(vm, 0);
    struct disk *const disks[4] = {&disk.disk, NULL, &cd.disk, NULL};
    esp = esp_create(vm, disks, iommu, probe_line(&probe));
    put(&esp_dma_ops, esp, 0, 4, 0x10);
    test_disk(&disk);
    test_cd();
    test_bus();
    test_noise();
    esp_delete(esp);
    sun4m_iommu_delete(iommu);
    delete_vm(vm);
}
