/*
 * The 32-bit part of starting: refuse what cannot run the kernel, with a sentence, and make the
 * first page tables. They map the lowest 4 GiB of physical memory three times: one to one, at the
 * kernel's window to physical memory, and (the first GiB) at the kernel's own address. The kernel
 * replaces them.
 */
#include <multiboot2.h>

#include "emergency.h"

#define ENTRY_PRESENT 1u
#define ENTRY_WRITE   2u
#define ENTRY_LARGE   128u
#define TABLE_ENTRIES 512u
#define LARGE         0x200000u

static uint64_t top[TABLE_ENTRIES] __attribute__((aligned(4096)));
static uint64_t pointers[TABLE_ENTRIES] __attribute__((aligned(4096)));
static uint64_t kernel_pointers[TABLE_ENTRIES] __attribute__((aligned(4096)));
static uint64_t directories[4][TABLE_ENTRIES] __attribute__((aligned(4096)));

uint32_t early_main(uint32_t magic, uint32_t information);

static _Noreturn void refuse(const char *why)
{
    emergency_begin();
    emergency_puts("Tetrapla cannot start: ");
    emergency_puts(why);
    emergency_putc('\n');
    for (;;)
        __asm__ volatile("cli; hlt");
}

static void use_screen(uint32_t information)
{
    const struct mb2_tag *tag = (const void *)(uintptr_t)(information + 8);
    for (; tag->type != MB2_TAG_END; tag = mb2_next(tag)) {
        const struct mb2_framebuffer *f = (const void *)tag;
        if (tag->type != MB2_TAG_FRAMEBUFFER || f->address > UINT32_MAX)
            continue;
        struct emergency_screen s = {
            .base = (uint8_t *)(uintptr_t)(uint32_t)f->address,
            .width = f->width,
            .height = f->height,
            .pitch = f->pitch,
            .bits_per_pixel = f->bits_per_pixel,
            .foreground = 0xffffffff,
            .background = 0,
            .text = f->kind == MB2_FRAMEBUFFER_TEXT,
        };
        if (f->kind == MB2_FRAMEBUFFER_DIRECT || f->kind == MB2_FRAMEBUFFER_TEXT)
            emergency_screen(&s);
    }
}

static void cpuid(uint32_t leaf, uint32_t *a, uint32_t *d)
{
    uint32_t b, c;
    __asm__ volatile("cpuid" : "=a"(*a), "=b"(b), "=c"(c), "=d"(*d) : "a"(leaf), "c"(0));
}

/* Long mode: CPUID 80000001h, EDX bit 29 (AMD64 APM vol. 3, E.4.2). */
static int has_long_mode(void)
{
    uint32_t a, d;
    cpuid(0x80000000, &a, &d);
    if (a < 0x80000001)
        return 0;
    cpuid(0x80000001, &a, &d);
    return d >> 29 & 1;
}

/* Called once by entry32.S; returns the address of the top page table. */
uint32_t early_main(uint32_t magic, uint32_t information)
{
    if (magic != MB2_MAGIC)
        refuse("it was not loaded by a Multiboot 2 boot loader (GRUB 2).");
    use_screen(information);
    if (!has_long_mode())
        refuse("this CPU has no 64-bit mode (long mode), which Tetrapla needs.");

    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t j = 0; j < TABLE_ENTRIES; j++)
            directories[i][j] = ((uint64_t)(i * TABLE_ENTRIES + j) * LARGE) | ENTRY_PRESENT |
                                ENTRY_WRITE | ENTRY_LARGE;
        pointers[i] = (uintptr_t)directories[i] | ENTRY_PRESENT | ENTRY_WRITE;
    }
    kernel_pointers[510] = (uintptr_t)directories[0] | ENTRY_PRESENT | ENTRY_WRITE;
    top[0] = top[256] = (uintptr_t)pointers | ENTRY_PRESENT | ENTRY_WRITE;
    top[511] = (uintptr_t)kernel_pointers | ENTRY_PRESENT | ENTRY_WRITE;
    return (uint32_t)(uintptr_t)top;
}
