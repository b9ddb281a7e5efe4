/* Device trees (read by dtc), the loader and its sentences, the whole board. */
#include "mock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <translator/boards/boards.h>
#include <translator/boards/virt.h>

static uint8_t blob[0x40000], copied[0x40000];

static const uint8_t seed[32] = {0x11, 0x22, 0x33, 0x44}, other_seed[32] = {0x55, 0x66, 0x77, 0x88};
static const struct fdt_changes changes = {
    .memory_base = RAM_BASE,
    .memory_bytes = 0xc0000000,
    .bootargs = "console=ttyAMA0",
    .initrd = 0x48000000,
    .initrd_end = 0x48123456,
    .seed = seed,
};
static const struct fdt_changes other_changes = {
    .memory_base = RAM_BASE, .memory_bytes = 0x1000000, .bootargs = "new", .seed = other_seed};

static bool in(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

static void read_by_dtc(size_t bytes)
{
    if (!dtc_there()) {
        result_skip("board dtc", "there is no dtc: trees are checked by fdt_copy only");
        return;
    }
    const char *text = dtc_reads(blob, bytes);
    CHECK("fdt-dtc",
          in(text, "memory@40000000 {") && in(text, "<0x00 0x40000000 0x00 0xc0000000>"));
    CHECK("fdt-dtc-uart", in(text, "compatible = \"arm,pl011\\0arm,primecell\"") &&
                              in(text, "interrupts = <0x00 0x01 0x04>"));
    CHECK("fdt-dtc-timer", in(text, "<0x01 0x0d 0x104 0x01 0x0e 0x104 0x01 0x0b 0x104 0x01 0x0a "
                                    "0x104>"));
    CHECK("fdt-dtc-virtio", in(text, "virtio_mmio@a003e00") && in(text, "<0x00 0x2f 0x01>"));
    CHECK("fdt-dtc-chosen", in(text, "bootargs = \"console=ttyAMA0\"") &&
                                in(text, "linux,initrd-end = <0x00 0x48123456>") &&
                                in(text, "rng-seed = <0x11223344 "));
    text = dtc_reads(
        copied, fdt_copy(blob, bytes, &other_changes, copied, sizeof copied, (char[80]){0}, 80));
    CHECK("fdt-copy", in(text, "0x40000000 0x00 0x1000000>") && in(text, "bootargs = \"new\"") &&
                          !in(text, "console=ttyAMA0") && in(text, "rng-seed = <0x55667788 ") &&
                          !in(text, "0x11223344") && !in(text, "0xc0000000") &&
                          in(text, "0x48123456") && in(text, "virtio_mmio@a003e00"));
}

void test_fdt(void)
{
    char error[160] = "";
    size_t bytes = virt_tree("arm,cortex-a15", &changes, blob, sizeof blob);
    CHECK("fdt-size", bytes > 1000 && bytes < 16384);
    read_by_dtc(bytes);
    size_t small = 0;
    while (small < bytes && virt_tree("arm,cortex-a15", &changes, copied, small) == 0)
        small++;
    CHECK("fdt-no-room", small <= bytes && small + 8 >= bytes);
    CHECK("fdt-not-one", fdt_copy("hello", 5, &changes, copied, sizeof copied, error, 160) == 0 &&
                             in(error, "not a flattened device tree"));
    unsigned accepted = 0;
    for (unsigned i = 0; i < 20000 / rounds_divisor;
         i++) { /* damaged in one to four places, or cut off */
        uint8_t *damaged = malloc(bytes);
        memcpy(damaged, blob, bytes);
        for (unsigned n = random_next() % 4 + 1; n != 0; n--)
            damaged[random_next() % (n & 1 ? bytes : 64)] = (uint8_t)random_next();
        size_t length = random_next() % 4 == 0 ? random_next() % bytes : bytes;
        damaged = realloc(damaged, length + 1);
        accepted += fdt_copy(damaged, length, &changes, copied, sizeof copied, error, 160) != 0;
        free(damaged);
    }
    CHECK("fdt-damaged", accepted > 0 && accepted < 20000);
}

/* ---- the loader ------------------------------------------------------------------------------- */

static uint8_t image[4 << 20];

static void set32(size_t at, uint32_t v)
{
    memcpy(image + at, &v, 4);
}

/* Create a board with a kernel of so many bytes of `image`; the sentence, "" if it was made. */
static struct vm *made;
static const char *try_board(uint64_t memory, size_t kernel, size_t initrd)
{
    static char error[160];
    if (made != NULL) {
        board_delete(&board_virt, made);
        delete_vm(made);
    }
    made = new_vm(0);
    made->config.memory = memory;
    made->config.kernel = (struct vm_image){image, kernel, "kernel.img"};
    made->config.initrd = (struct vm_image){image, initrd, "initrd.img"};
    error[0] = '\0';
    if (board_start(&board_virt, made, error, sizeof error))
        error[0] = '\0';
    return error;
}

static void zimage(size_t bytes)
{
    memset(image, 0, sizeof image);
    set32(0x24, 0x016f2818);
    set32(0x2c, (uint32_t)bytes);
    image[0x100] = 0x77;
}

static void load_zimages(void)
{
    zimage(1 << 20);
    const char *e = try_board(64 << 20, 1 << 20, 3 << 20);
    struct arm_cpu *cpu = mock_cpu(made);
    CHECK("load-zimage", *e == '\0' && cpu->cpu.pc == 0x40010000 && made->ram[0x10100] == 0x77);
    CHECK("load-registers", cpu->cpu.reg[0] == 0 && cpu->cpu.reg[1] == ~0u &&
                                cpu->cpu.reg[2] == 0x44000000 - DTB_ROOM && cpu->hooks != NULL &&
                                cpu->midr == 0x414fc0f0);
    CHECK("load-tree-there", peek32(made, cpu->cpu.reg[2]) == 0xedfe0dd0);
    CHECK("load-initrd-there", made->ram[(64 << 20) - DTB_ROOM - (3 << 20) + 0x100] == 0x77);
    e = try_board(8 << 20, 1 << 20, 3 << 20);
    CHECK("load-initrd-too-big", in(e, "initrd.img: the initial RAM disk is too big"));
    e = try_board(8 << 20, 2 << 20, 0);
    CHECK("load-kernel-too-big", in(e, "kernel.img: the kernel is too big"));
    e = try_board(64 << 20, 1 << 19, 0);
    CHECK("load-zimage-cut", in(e, "cut off"));
    e = try_board(4 << 20, 1 << 20, 0);
    CHECK("load-memory-small", in(e, "8 to 3072"));
    CHECK("load-memory-large", in(try_board(4ull << 30, 1 << 20, 0), "8 to 3072"));
    CHECK("load-memory-odd", in(try_board((64 << 20) + 4096, 1 << 20, 0), "whole MiB"));
    CHECK("load-nothing", in(try_board(64 << 20, 0, 0), "either a kernel or firmware"));
    made->config.cpu = "i486";
    e = try_board(1ull << 30, 1 << 20, 1 << 20);
    CHECK("load-below-512M", *e == '\0' && mock_cpu(made)->cpu.reg[2] == 0x60000000 - DTB_ROOM);
}

static void load_strangers(void)
{
    static const struct {
        unsigned at;
        const char *bytes, *what;
    } strangers[] = {
        {0, "\x1f\x8b\x08", "gzip"},
        {0x202, "HdrS", "x86"},
        {0x38, "ARMd", "64-bit"},
        {0, "#!/bin/sh", "script"},
        {0, "070701", "cpio"},
        {0, "\177ELF\2\1", "ELF"},
        {0x24, "\x01\x6f\x28\x18", "big-endian"},
    };
    for (unsigned i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        memset(image, 0, 4096);
        memcpy(image + strangers[i].at, strangers[i].bytes, strlen(strangers[i].bytes));
        const char *e = try_board(64 << 20, 4096, 0);
        result("load-stranger", in(e, strangers[i].what), "%s: %s", strangers[i].what, e);
    }
    CHECK("load-too-short", in(try_board(64 << 20, 3, 0), "not a kernel"));
    memset(image, 0, 4096);
    CHECK("load-raw",
          *try_board(64 << 20, 4096, 0) == '\0' && mock_cpu(made)->cpu.pc == 0x40010000);
}

static void elf(uint32_t pa, uint32_t bytes)
{
    memset(image, 0, 8192);
    memcpy(image, "\177ELF\1\1\1", 7);
    set32(16, 2 | 40 << 16);
    set32(24, 0xc0008011); /* entry: virtual, Thumb */
    set32(28, 52);
    set32(40, 32 << 16 | 52);
    set32(44, 1);
    const uint32_t segment[] = {1, 4096, 0xc0008000, pa, 4096, bytes, 7, 4096};
    memcpy(image + 52, segment, sizeof segment);
    image[4096] = 0x99;
}

static void load_elves(void)
{
    elf(0x40208000, 0x2000);
    CHECK("load-elf", *try_board(64 << 20, 8192, 0) == '\0' && made->ram[0x208000] == 0x99 &&
                          mock_cpu(made)->cpu.pc == 0x40208011);
    CHECK("load-elf-cut", in(try_board(64 << 20, 8191, 0), "cut off"));
    elf(0xc0008000, 0x2000);
    CHECK("load-elf-outside", in(try_board(64 << 20, 8192, 0), "outside of RAM"));
    elf(0x43fff000, 0xfffff000);
    CHECK("load-elf-huge", in(try_board(64 << 20, 8192, 0), "outside of RAM"));
    for (unsigned i = 0; i < 3000 / rounds_divisor; i++) {
        elf(0x40208000, 0x2000);
        for (unsigned n = random_next() % 4 + 1; n != 0; n--)
            image[random_next() % 84] = (uint8_t)random_next();
        try_board(8 << 20, random_next() % 2 ? 8192 : random_next() % 8192 + 1, 0);
    }
    CHECK("load-elf-damaged", true);
}

void test_loader(void)
{
    load_zimages();
    load_strangers();
    load_elves();
    board_delete(&board_virt, made);
    delete_vm(made);
    made = NULL;
}

/* ---- the board -------------------------------------------------------------------------------- */

static uint64_t bus_read(struct vm *vm, uint64_t phys)
{
    for (unsigned i = 0; i < vm->ranges; i++)
        if (phys - vm->range[i].phys < vm->range[i].bytes)
            return vm->range[i].ops->read(vm->range[i].device, (uint32_t)(phys - vm->range[i].phys),
                                          4);
    return 0xdead;
}

static void bus_write(struct vm *vm, uint64_t phys, uint32_t v)
{
    for (unsigned i = 0; i < vm->ranges; i++)
        if (phys - vm->range[i].phys < vm->range[i].bytes)
            vm->range[i].ops->write(vm->range[i].device, (uint32_t)(phys - vm->range[i].phys), 4,
                                    v);
}

void test_board(void)
{
    zimage(4096);
    CHECK("board-made", *try_board(32 << 20, 4096, 0) == '\0');
    struct vm *vm = made;
    CHECK("board-map", bus_read(vm, 0x08000004) == 8 && bus_read(vm, 0x080100fc) == 0x2043b &&
                           bus_read(vm, 0x09000fe0) == 0x11 && bus_read(vm, 0x09010fe0) == 0x31 &&
                           bus_read(vm, 0x09010000) == 1000000000 &&
                           bus_read(vm, 0x0a003e00) == 0x74726976);
    bus_write(vm, 0x08000000, 1);
    bus_write(vm, 0x08010000, 1);
    bus_write(vm, 0x08010004, 0xff);
    bus_write(vm, 0x08000100, 1u << 27);
    uint64_t v = 100;
    const struct arm_board_hooks *h = mock_cpu(vm)->hooks;
    h->timer(mock_cpu(vm)->hooks_to, true, 14, 0, 3, 0, false, &v);
    v = 1;
    h->timer(mock_cpu(vm)->hooks_to, true, 14, 0, 3, 1, false, &v);
    pass(vm, 1600);
    CHECK("board-timer-interrupt", vm->lines == CPU_IRQ && bus_read(vm, 0x0801000c) == 27);
    bus_write(vm, 0x08000104, 1u << 1);
    bus_write(vm, 0x08000420, 0);
    bus_write(vm, 0x09000038, 0x20);
    bus_write(vm, 0x08000418, 0);
    CHECK("board-nested", vm->lines == 0);
    bus_write(vm, 0x08010010, 27);
    bus_write(vm, 0x09000000, 'x');
    CHECK("board-uart-interrupt", vm->lines == CPU_IRQ);
    board_virt.serve(vm);
    mock_cpu(vm)->cpu.pc = 0;
    char error[160];
    CHECK("board-reset", board_reset(&board_virt, vm, error, sizeof error) && vm->lines == 0 &&
                             mock_cpu(vm)->cpu.pc == 0x40010000 && bus_read(vm, 0x08000000) == 0 &&
                             vm->end == VM_RUNNING);
    uint32_t r[4] = {0x84000008};
    CHECK("board-off", h->firmware(mock_cpu(vm)->hooks_to, true, r) && vm->end == VM_POWEROFF);
    board_delete(&board_virt, vm);
    delete_vm(vm);
    made = NULL;
}
