/*
 * The first and last steps of a test program that is booted in place of root: output on the serial
 * port, a heap, the largest stretch of free memory, and leaving the emulator with an exit status.
 *
 * Everything is static, so that every program folder can include this file.
 */
#pragma once

#include <stdio.h>
#include <string.h>
#include <tetrapla/abi.h>
#include <tetrapla/bootinfo.h>
#include <tetrapla/sys.h>
#include <tetrapla/task.h>

#define HEAP_PAGES        256ULL
#define EXIT_PORT         0xf4 /* isa-debug-exit: outb(v) gives the exit status 2v+1 */
#define EXIT_SUCCESS_CODE 16
#define EXIT_FAILURE_CODE 17

/* Memory the tests may use: pages [first, first + pages) of a region. */
struct test_memory {
    handle_t region;
    uint64_t first, pages;
    uint64_t physical; /* of page `first` */
};

static inline void port_out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t port_in(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Allow IN and OUT on a range in a task (0 = own); a status. */
static inline int allow_ports(handle_t task, handle_t ports)
{
    unsigned done;
    ipc()->vector[0] = (struct map_op){.kind = MAP_PORTS, .region = ports, .pages = 1};
    return sys_map(task, 1, &done);
}

/* Give the serial port a speed: some machines send nothing until it has one. */
static inline void serial_start(void)
{
    static const uint8_t rows[][2] = {
        {1, 0x00},            /* no interrupts */
        {3, 0x80},            /* the divisor at offsets 0 and 1 */
        {0, 0x01},            /* 115,200 baud */
        {1, 0x00}, {3, 0x03}, /* 8 bits, no parity, 1 stop bit */
        {2, 0x07},            /* FIFOs on and empty */
        {4, 0x0b},            /* DTR, RTS, OUT2 */
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        port_out((uint16_t)(0x3f8 + rows[i][0]), rows[i][1]);
}

/* Set up output, heap and memory. */
static inline void root_task_begin(struct test_memory *memory)
{
    const struct boot_info *boot = boot_info();
    const struct boot_region *best = NULL;
    for (uint64_t i = 0; i < boot->region_count; i++) {
        const struct boot_region *r = &boot->region[i];
        if (r->kind == BOOT_RAM && (best == NULL || r->pages > best->pages))
            best = r;
    }
    allow_ports(HANDLE_NONE, ROOT_PORTS);
    serial_start();
    output_set(uart_write);
    if (best == NULL || best->pages < 2 * HEAP_PAGES) {
        printf("FAIL start: no free memory\n0 passed, 1 failed\n");
        port_out(EXIT_PORT, EXIT_FAILURE_CODE);
        for (;;)
            sys_thread(THREAD_YIELD, 0, 0, 0, 0, 0, 0, 0);
    }
    heap_init(best->handle, 0, HEAP_PAGES);
    memory->region = best->handle;
    memory->first = HEAP_PAGES;
    memory->pages = best->pages - HEAP_PAGES;
    memory->physical = best->physical + HEAP_PAGES * PAGE_SIZE;
}

/* Print the closing line and leave the emulator. Bochs has no exit port: there the runner stops at
 * the closing line, and this thread waits for ever. */
static inline _Noreturn void root_task_end(unsigned passed, unsigned failed)
{
    printf("%u passed, %u failed\n", passed, failed);
    port_out(EXIT_PORT, failed == 0 ? EXIT_SUCCESS_CODE : EXIT_FAILURE_CODE);
    for (;;)
        sys_thread(THREAD_EXIT, 0, 0, 0, 0, 0, 0, 0);
}
