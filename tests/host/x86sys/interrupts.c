/*
 * When an interrupt that waits is taken: only where EFLAGS.IF and the interrupt shadow let it.
 *
 * The timer's interrupt is made to wait at the PIC with IF clear; then a few instructions run, and
 * the handler notes at which of them it came.
 */
#include "guest.h"

#define PIC      0x20u
#define PIC_MASK 0x21u
#define VECTOR   0x28u

volatile uint32_t irqs, irq_eip;

void irq_entry(void);
__asm__("irq_entry:\n"
        "push %eax\n"
        "incl irqs\n"
        "mov 4(%esp), %eax; mov %eax, irq_eip\n"
        "mov $0x20, %al; outb %al, $0x20\n"
        "pop %eax\n"
        "iret\n");

static void start_pic(void)
{
    out8(PIC, 0x13); /* ICW1: single, ICW4 follows */
    out8(PIC_MASK, VECTOR);
    out8(PIC_MASK, 1);
    out8(PIC_MASK, 0xfe); /* the timer alone */
    out8(PIC, 0x0a);      /* reads give the requests */
    set_gate(VECTOR, irq_entry);
}

/* Until the timer's interrupt waits. */
static void make_one_wait(void)
{
    irqs = 0;
    out8(0x43, 0x30); /* counter 0 counts down once */
    out8(0x40, 100);
    out8(0x40, 0);
    while ((in8(PIC) & 1) == 0)
        ;
}

/* Where it came, as an offset from the label 1 of `code`; ~0: it did not. IF is clear afterwards. */
#define RUN(code)                                                                           \
    ({                                                                                      \
        uint32_t at;                                                                        \
        make_one_wait();                                                                    \
        __asm__ volatile("movl $1f, %0\n1: " code "\ncli\n" : "=r"(at) : : "memory", "cc"); \
        uint32_t came = irqs == 0 ? ~0u : irq_eip - at;                                     \
        out8(PIC_MASK, 0xff);                                                               \
        __asm__ volatile("sti; nop; cli");                                                  \
        start_pic();                                                                        \
        came;                                                                               \
    })

/* STI, CLI again and again lets no interrupt in, not even in code that has just written to its own page and
 * runs for the first time. How often one came. */
static uint32_t in_written_pages(void)
{
    enum { PAGES = 16, PAIRS = 1000 };
    static uint8_t code[PAGES][4096] __attribute__((aligned(4096)));
    irqs = 0;
    for (unsigned page = 0; page < PAGES; page++) {
        uint8_t *to = code[page];
        *to++ = 0xc6; /* MOV to the last byte of the page */
        *to++ = 0x05;
        *(uint32_t *)to = (uint32_t)&code[page][4095];
        to[4] = 0;
        to += 5;
        for (unsigned n = 0; n < PAIRS; n++) {
            *to++ = 0xfb;
            *to++ = 0xfa;
        }
        *to = 0xc3;
        out8(0x43, 0x30);
        out8(0x40, 0);
        out8(0x40, (uint8_t)(1 + page)); /* 0.2 to 3.4 ms */
        __asm__ volatile("call *%0" : : "r"(code[page]) : "memory", "cc");
        while ((in8(PIC) & 1) == 0)
            ;
        out8(PIC_MASK, 0xff);
        __asm__ volatile("sti; nop; cli");
        start_pic();
    }
    return irqs;
}

void interrupts(void)
{
    start_pic();
    check("no interrupt while IF is clear", RUN("nop; nop; nop"), ~0u);
    check("interrupt behind the instruction after STI", RUN("sti; nop; nop; nop"), 2);
    check("no interrupt between STI and CLI", RUN("sti; cli; nop"), ~0u);
    check("interrupt after POPF", RUN("pushf; orl $0x200, (%%esp); popf; nop; nop"), 9);
    check("interrupt after IRET",
          RUN("pushf; orl $0x200, (%%esp); push %%cs; push $2f; iret; 2: nop"), 15);
    make_one_wait();
    __asm__ volatile("sti; hlt; cli" : : : "memory");
    check("STI, HLT", irqs, 1);
    start_pic();
    check("no interrupt between STI and CLI in written pages", in_written_pages(), 0);
    out8(PIC_MASK, 0xff);
}
