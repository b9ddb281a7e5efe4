/* Loaders, tables, fw_cfg, and the board as a whole. */
#include "mock.h"

#include <translator/boards/boards.h>
#include <translator/boards/linux_x86.h>
#include <translator/boards/pc_acpi.h>
#include <translator/devices/common.h>

#define KERNEL_BYTES 0x9000u

static uint8_t kernel[KERNEL_BYTES], initrd[5000], firmware[0x40000];
static struct screen screen;

/* A bzImage with five setup sectors, protocol 2.15. */
static void make_linux(void)
{
    memset(kernel, 0, sizeof kernel);
    kernel[0x1f1] = 4;
    store16(kernel + 0x1fe, 0xaa55);
    kernel[0x200] = 0xeb;
    kernel[0x201] = 0x6a;
    memcpy(kernel + 0x202, "HdrS", 4);
    store16(kernel + 0x206, 0x20f);
    kernel[0x211] = 1;
    store32(kernel + 0x22c, 0x7fffffff);
    store32(kernel + 0x238, 2047);
    store32(kernel + 0x258, 0x200000);
    store32(kernel + 0x260, 0x100000);
    memset(kernel + 5 * 512, 0xcc, sizeof kernel - 5 * 512);
    memset(initrd, 0x3c, sizeof initrd);
}

static struct vm *new_machine(void)
{
    struct vm *vm = new_vm((uint64_t)RAM_MIB << 20);
    screen_start(&screen);
    vm->config.terminal = &screen.terminal;
    return vm;
}

static uint8_t sum(const uint8_t *p, size_t n)
{
    uint8_t s = 0;
    while (n-- > 0)
        s = (uint8_t)(s + *p++);
    return s;
}

static void linux_tests(void)
{
    make_linux();
    struct vm *vm = new_machine();
    vm->config.kernel = (struct vm_image){kernel, sizeof kernel, "k"};
    vm->config.initrd = (struct vm_image){initrd, sizeof initrd, "i"};
    vm->config.append = "console=ttyS0 quiet";
    CHECK("linux-loads", new_pc(vm));
    const struct pc_entry *e = &pc_vm(vm)->entry;
    const uint8_t *z = vm->ram + e->esi;
    CHECK("linux-entry", e->eip == 0x100000 && e->cs == 0x10 && e->ds == 0x18 && !e->firmware);
    CHECK("linux-kernel",
          vm->ram[0x100000] == 0xcc && vm->ram[0x100000 + KERNEL_BYTES - 2561] == 0xcc);
    CHECK("linux-header", memcmp(z + 0x202, "HdrS", 4) == 0 && z[0x210] == 0xff && z[0x1f1] == 4);
    CHECK("linux-command", strcmp((char *)vm->ram + load32(z + 0x228), "console=ttyS0 quiet") == 0);
    uint32_t at = load32(z + 0x218);
    CHECK("linux-initrd", at % 4096 == 0 && load32(z + 0x21c) == 5000 &&
                              vm->ram[at + 4999] == 0x3c && at >= 0x300000);
    CHECK("linux-e820", z[0x1e8] == 5 && load32(z + 0x2d0 + 8) == 0xa0000 &&
                            load32(z + 0x2d0 + 48) == (RAM_MIB - 1) << 20 &&
                            load32(z + 0x2d0 + 56) == 1);
    CHECK("linux-screen", z[6] == 3 && z[7] == 80 && z[0x0e] == 25 && z[0x0f] == 1);
    const uint8_t *rsdp = vm->ram + load32(z + 0x70);
    CHECK("linux-rsdp", memcmp(rsdp, "RSD PTR ", 8) == 0 && sum(rsdp, 20) == 0);
    const uint8_t *gdt = vm->ram + PC_GDT;
    CHECK("linux-gdt",
          load64(gdt + 16) == 0x00cf9b000000ffff && load64(gdt + 24) == 0x00cf93000000ffff);
    CHECK("linux-acpi-on", in16(vm, 0x604) & 1);
    delete_vm(vm);
}

static void refuse(const char *name, const char *what)
{
    char error[200] = "";
    struct vm *vm = new_machine();
    vm->config.memory = (uint64_t)RAM_MIB << 20;
    vm->config.kernel = (struct vm_image){kernel, sizeof kernel, "k"};
    bool made = board_start(&board_pc, vm, error, sizeof error);
    result(name, !made && strstr(error, what) != NULL, "%s", error);
    delete_vm(vm);
}

static void refusals(void)
{
    make_linux();
    store16(kernel + 0x206, 0x205);
    refuse("linux-old", "2.06");
    make_linux();
    kernel[0x211] = 0;
    refuse("linux-zimage", "bzImage");
    make_linux();
    kernel[0x1fe] = 0;
    refuse("linux-stranger", "neither");
    make_linux();
    kernel[0x1f1] = 200;
    refuse("linux-cut", "cut off");
    make_linux();
    store32(kernel + 0x260, 0x7000000);
    refuse("linux-too-big", "too big");
}

/* ---- Multiboot --------------------------------------------------------------------------------------- */

static void multiboot_header(unsigned at, uint32_t flags)
{
    store32(kernel + at, 0x1badb002);
    store32(kernel + at + 4, flags);
    store32(kernel + at + 8, 0u - 0x1badb002 - flags);
}

static void multiboot_addresses(void)
{
    memset(kernel, 0x90, sizeof kernel);
    multiboot_header(0x40, 0x10003);
    store32(kernel + 0x4c, 0x150040); /* header, load, end of data, end of bss, entry */
    store32(kernel + 0x50, 0x150010);
    store32(kernel + 0x54, 0x150110);
    store32(kernel + 0x58, 0x150210);
    store32(kernel + 0x5c, 0x150080);
    struct vm *vm = new_machine();
    vm->config.kernel = (struct vm_image){kernel, sizeof kernel, "k"};
    vm->config.initrd = (struct vm_image){initrd, sizeof initrd, "i"};
    vm->config.append = "a b";
    memset(vm->ram + 0x150000, 0xff, 0x1000);
    CHECK("multiboot-loads", new_pc(vm));
    const struct pc_entry *e = &pc_vm(vm)->entry;
    const uint8_t *i = vm->ram + e->ebx;
    CHECK("multiboot-entry", e->eip == 0x150080 && e->eax == 0x2badb002);
    CHECK("multiboot-image", load32(vm->ram + 0x150040) == 0x1badb002 &&
                                 vm->ram[0x15000f] == 0xff && vm->ram[0x15010f] == 0x90 &&
                                 vm->ram[0x150110] == 0 && vm->ram[0x15020f] == 0 &&
                                 vm->ram[0x150210] == 0xff);
    CHECK("multiboot-info", (load32(i) & 0x4d) == 0x4d && load32(i + 4) == 640 &&
                                load32(i + 8) == (RAM_MIB - 1) * 1024);
    CHECK("multiboot-command", strcmp((char *)vm->ram + load32(i + 16), "a b") == 0);
    const uint8_t *m = vm->ram + load32(i + 24);
    CHECK("multiboot-module", load32(i + 20) == 1 && load32(m + 4) - load32(m) == 5000 &&
                                  load32(m) % 4096 == 0 && vm->ram[load32(m)] == 0x3c);
    CHECK("multiboot-map", load32(i + 44) == 5 * 24 && load32(vm->ram + load32(i + 48)) == 20);
    delete_vm(vm);
}

static void multiboot_elf(void)
{
    memset(kernel, 0, sizeof kernel);
    memcpy(kernel, "\177ELF\1\1\1", 7);
    store32(kernel + 24, 0xc0200010); /* virtual entry */
    store32(kernel + 28, 52);
    store16(kernel + 42, 32);
    store16(kernel + 44, 1);
    const uint32_t header[8] = {1, 0x1000, 0xc0200000, 0x200000, 0x100, 0x300, 7, 0x1000};
    for (unsigned i = 0; i < 8; i++)
        store32(kernel + 52 + 4 * i, header[i]);
    memset(kernel + 0x1000, 0xab, 0x100);
    multiboot_header(0x400, 0);
    struct vm *vm = new_machine();
    vm->config.kernel = (struct vm_image){kernel, sizeof kernel, "k"};
    memset(vm->ram + 0x200000, 0xff, 0x1000);
    CHECK("multiboot-elf", new_pc(vm) && pc_vm(vm)->entry.eip == 0x200010);
    CHECK("multiboot-elf-image", vm->ram[0x2000ff] == 0xab && vm->ram[0x200100] == 0 &&
                                     vm->ram[0x2002ff] == 0 && vm->ram[0x200300] == 0xff);
    delete_vm(vm);
    store32(kernel + 52 + 8 + 4, 0x10000000);
    refuse("multiboot-elf-outside", "does not fit");
    multiboot_header(0x400, 0x8000);
    refuse("multiboot-unknown", "requires");
}

/* ---- ACPI --------------------------------------------------------------------------------------------- */

static bool table_is(const uint8_t *p, const char *signature)
{
    return memcmp(p, signature, 4) == 0 && sum(p, load32(p + 4)) == 0;
}

static void acpi(void)
{
    static uint8_t t[PC_ACPI_ROOM], script[PC_LOADER_ROOM];
    uint32_t rsdt, base = 0xe0040;
    size_t bytes = pc_acpi_tables(t, base, 256 << 20, &rsdt);
    const uint8_t *fadt = t + load32(t + rsdt + 36) - base,
                  *madt = t + load32(t + rsdt + 40) - base;
    const uint8_t *dsdt = t + load32(fadt + 40) - base;
    CHECK("acpi-room", bytes < PC_ACPI_ROOM && bytes > 500);
    CHECK("acpi-tables", table_is(t + rsdt, "RSDT") && table_is(fadt, "FACP") &&
                             table_is(madt, "APIC") && table_is(dsdt, "DSDT"));
    CHECK("acpi-facs", load32(fadt + 36) == base && memcmp(t, "FACS", 4) == 0 && base % 64 == 0);
    CHECK("acpi-ports",
          load32(fadt + 56) == 0x600 && load32(fadt + 64) == 0x604 && load32(fadt + 76) == 0x608);
    unsigned types = 0;
    for (const uint8_t *p = madt + 44; p < madt + load32(madt + 4); p += p[1])
        types += 1u << 4 * p[0];
    CHECK("acpi-madt", types == 0x10411); /* CPU, I/O APIC, four overrides, NMI */
    CHECK("acpi-s5", memcmp(dsdt + 36, "\x08_S5_\x12", 6) == 0);
    pc_acpi_tables(t, 0, 256 << 20, &rsdt);
    size_t n = pc_acpi_loader(script, t, bytes, rsdt);
    bool good = n % 128 == 0;
    for (size_t i = 0; i < n; i += 128)
        if (load32(script + i) == 2 && strcmp((char *)script + i + 4, "etc/acpi/tables") == 0)
            store32(t + load32(script + i + 116), load32(t + load32(script + i + 116)) + base);
        else if (load32(script + i) == 3 &&
                 strcmp((char *)script + i + 4, "etc/acpi/tables") == 0) {
            uint8_t *p = t + load32(script + i + 64);
            t[load32(script + i + 60)] = 0;
            t[load32(script + i + 60)] = (uint8_t)-sum(p, load32(script + i + 68));
        }
    static uint8_t direct[PC_ACPI_ROOM];
    pc_acpi_tables(direct, base, 256 << 20, &rsdt);
    CHECK("acpi-loader-script", good && memcmp(t, direct, bytes) == 0);
}

/* ---- firmware ------------------------------------------------------------------------------------------ */

static void read_item(struct vm *vm, unsigned key, uint8_t *to, unsigned count)
{
    out16(vm, 0x510, key);
    while (count-- > 0)
        *to++ = in8(vm, 0x511);
}

static void fw_cfg(struct vm *vm)
{
    uint8_t b[1024];
    read_item(vm, 0, b, 5);
    CHECK("fw-cfg-signature", memcmp(b, "QEMU\0", 5) == 0);
    read_item(vm, 5, b, 2);
    CHECK("fw-cfg-cpus", b[0] == 1 && b[1] == 0);
    read_item(vm, 0x19, b, 4 + 4 * 64);
    CHECK("fw-cfg-directory", b[3] == 4 && strcmp((char *)b + 4 + 8, "etc/acpi/tables") == 0 &&
                                  strcmp((char *)b + 4 + 3 * 64 + 8, "vgaroms/vgabios.bin") == 0);
    unsigned bytes = b[4 + 192 + 2] << 8 | b[4 + 192 + 3],
             key = b[4 + 192 + 4] << 8 | b[4 + 192 + 5];
    read_item(vm, key, b, bytes);
    CHECK("fw-cfg-file", bytes == 1000 && b[0] == 0x3c && b[999] == 0x3c && in8(vm, 0x511) == 0);
    read_item(vm, 0x7777, b, 2);
    CHECK("fw-cfg-unknown", b[0] == 0 && b[1] == 0);
}

static uint8_t cmos(struct vm *vm, unsigned index)
{
    out8(vm, 0x70, index);
    return in8(vm, 0x71);
}

/* Random reads and writes of ports and device memory: nothing may crash, hang or leave its bounds. */
static void wander(struct vm *vm)
{
    for (unsigned i = 0; i < 400000; i++) {
        uint64_t r = random_next();
        unsigned size = 1u << (r & 3) % 3, port = (unsigned)(r >> 8) & 0xfff;
        if (r >> 40 & 1)
            port = (port & 0xf) | 0x1f0;
        if (r >> 4 & 1)
            ports_write(vm, port, size, (uint32_t)random_next());
        else
            ports_read(vm, port, size);
        const struct range *d = &vm->range[r >> 24 & 3];
        if (r >> 5 & 1)
            d->ops->write(d->device, (uint32_t)(random_next() % d->bytes), 4, random_next());
        else
            d->ops->read(d->device, (uint32_t)(random_next() % d->bytes), 4);
        if ((r >> 48 & 255) == 0)
            pass(vm, random_next() % 100000000);
        if (vm->lines & CPU_IRQ)
            pc_acknowledge(vm);
    }
}

static void board(void)
{
    struct memory_disk disk;
    struct vm *vm = new_machine();
    disk_start(&disk, 2048);
    vm->config.bios = (struct vm_image){firmware, sizeof firmware, "b"};
    vm->config.vga_bios = (struct vm_image){initrd, 1000, "v"};
    vm->config.disk[0] = &disk.disk;
    for (unsigned i = 0; i < sizeof firmware; i++)
        firmware[i] = (uint8_t)(i >> 12);
    CHECK("board-firmware", new_pc(vm) && pc_vm(vm)->entry.firmware);
    CHECK("board-shadow", vm->ram[0xfffff] == 0x3f && vm->ram[0xe0000] == 0x20);
    fw_cfg(vm);
    CHECK("board-cmos", cmos(vm, 0x30) == 0 && cmos(vm, 0x31) == 0x1c && cmos(vm, 0x3d) == 0x32);
    memcpy(vm->ram + PC_VGA_TEXT, "O\7K\7", 4);
    pass(vm, 300000000);
    CHECK("board-screen", strstr(screen.output, "OK") != NULL);
    out8(vm, 0x64, 0x60);
    out8(vm, 0x60, 0x40);
    screen.input = "a";
    board_pc.serve(vm);
    pass(vm, 50000000);
    CHECK("board-keyboard", (in8(vm, 0x64) & 1) && in8(vm, 0x60) == 0x1e);
    out8(vm, 0x3f8, '!');
    screen.input = "s";
    board_pc.serve(vm);
    CHECK("board-serial-takes-over",
          screen.output[screen.count - 1] == '!' && in8(vm, 0x3f8) == 's');
    out8(vm, 0x64, 0xd1);
    out8(vm, 0x60, 0xdd);
    CHECK("board-a20", !pc_vm(vm)->a20 && in8(vm, 0x92) == 0);
    out8(vm, 0x92, 2);
    CHECK("board-a20-92", pc_vm(vm)->a20);
    for (const char *p = "line one\n"; *p != 0; p++)
        out8(vm, 0x402, (unsigned char)*p);
    CHECK("board-messages", strcmp(vm->log, "firmware: line one") == 0);
    out8(vm, 0x20, 0x11); /* the timer through 8259, LINT0 and back */
    out8(vm, 0x21, 0x20);
    out8(vm, 0x21, 0x04);
    out8(vm, 0x21, 0x01);
    out8(vm, 0x43, 0x34);
    out8(vm, 0x40, 0);
    out8(vm, 0x40, 1);
    pass(vm, 1000000);
    CHECK("board-timer", (vm->lines & CPU_IRQ) && pc_acknowledge(vm) == 0x20);
    pc_ferr(vm);
    CHECK("board-ferr", in8(vm, 0xf0) == 0xff);
    out8(vm, 0x64, 0xfe);
    CHECK("board-reset-asked", vm->end == VM_RESET);
    out8(vm, 0xf4, 3);
    CHECK("board-debug-exit", vm->end == VM_POWEROFF && strcmp(vm->log, "debug exit 3") == 0);
    wander(vm);
    vm->end = VM_RUNNING;
    memset(vm->ram, 0, vm->ram_bytes);
    char error[200];
    CHECK("board-reset", board_reset(&board_pc, vm, error, sizeof error) && vm->end == VM_RUNNING &&
                             vm->ram[0xfffff] == 0x3f && pc_vm(vm)->a20 &&
                             in32(vm, 0x608) == 0xffffffff && (vm->lines & CPU_IRQ) == 0);
    delete_vm(vm);
    disk_end(&disk);
}

static void impossible(void)
{
    char error[200];
    struct vm *vm = new_machine();
    vm->config.memory = (uint64_t)RAM_MIB << 20;
    CHECK("board-needs-something",
          !board_start(&board_pc, vm, error, sizeof error) && strstr(error, "either") != NULL);
    delete_vm(vm);
}

void test_boot(void)
{
    linux_tests();
    refusals();
    multiboot_addresses();
    multiboot_elf();
    acpi();
    board();
    impossible();
}
