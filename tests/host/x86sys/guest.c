/*
 * A Multiboot program for an x86 guest: what user-mode tests cannot see. Descriptor tables, exceptions
 * with their error codes, single-step, self-modifying code, accessed and dirty bits, task switches. Prints "ok NAME" or "FAIL NAME: got, expected" to the first serial port and
 * ends the machine by port F4h.
 *
 * Flat segments as the loader left them, replaced by a table of its own; exceptions come to `trap`,
 * which notes them and goes on at the address the test asked for.
 */
#include "guest.h"

#define MAGIC 0x1badb002u
__attribute__((section(".multiboot"), used)) static const uint32_t header[3] = {MAGIC, 0,
                                                                                0u - MAGIC};

struct descriptor {
    uint32_t low, high;
};
static struct descriptor gdt[16], idt[64];
static uint32_t tss[32];
uint32_t tss2[32];
static uint8_t kernel_stack[8192], other_stack[4096];

static void put(const char *s)
{
    for (; *s != 0; s++)
        out8(0x3f8, (uint8_t)*s);
}

static void put_hex(uint32_t v)
{
    char text[9] = {0};
    for (unsigned n = 0; n < 8; n++)
        text[n] = "0123456789abcdef"[v >> (28 - 4 * n) & 15];
    put(text);
}

void check(const char *name, uint32_t got, uint32_t expected)
{
    put(got == expected ? "ok " : "FAIL ");
    put(name);
    if (got != expected) {
        put(": ");
        put_hex(got);
        put(", expected ");
        put_hex(expected);
    }
    put("\r\n");
}

void say(const char *text)
{
    put(text);
    put("\r\n");
}

/* ---- exceptions ---- */

struct frame {
    uint32_t edi, esi, ebp, unused, ebx, edx, ecx, eax, vector, error, eip, cs, eflags, esp, ss;
};
volatile uint32_t seen, seen_error, seen_eip, seen_cs, seen_eax, seen_ecx, seen_flags, resume,
    steps;
volatile uint32_t seen_esi, seen_edi;
static volatile uint32_t seen_dr6;
uint32_t saved_esp;

__attribute__((used)) static void trap(struct frame *f)
{
    seen = f->vector;
    seen_error = f->error;
    seen_eip = f->eip;
    seen_cs = f->cs;
    seen_eax = f->eax;
    seen_ecx = f->ecx;
    seen_esi = f->esi;
    seen_edi = f->edi;
    seen_flags = f->eflags;
    if (f->vector == 1) { /* single-step until told otherwise */
        __asm__ volatile("mov %%dr6, %0" : "=r"(seen_dr6));
        if (++steps == 5)
            f->eflags &= ~0x100u;
        return;
    }
    f->eip = resume;
    f->cs = CODE;
    f->eflags &= ~0x60500u; /* back to us, from wherever: no VM, AC, DF, TF */
}

void stubs(void);
__asm__(".globl stubs\n"
        "stubs:\n"
        ".set v, 0\n"
        ".rept 48\n"
        ".balign 16\n"
        ".if (v == 8) || (v >= 10 && v <= 14) || (v == 17)\n"
        ".else\n"
        "push $0\n"
        ".endif\n"
        "push $v\n"
        "jmp common\n"
        ".set v, v + 1\n"
        ".endr\n"
        "common:\n"
        "pusha\n"
        "mov $16, %eax; mov %eax, %ds; mov %eax, %es\n"
        "cld\n"
        "push %esp\n"
        "call trap\n"
        "add $4, %esp\n"
        "popa\n"
        "add $8, %esp\n"
        "iret\n");

void gate_code(void);
__asm__(".globl gate_code\ngate_code: mov $0x55, %eax; lret\n"
        ".bss; .space 4096; .globl user_top; user_top: .text\n");

static struct descriptor segment(uint32_t base, uint32_t limit, unsigned attr)
{
    return (struct descriptor){(limit & 0xffff) | base << 16, (base >> 16 & 0xff) |
                                                                  (base & 0xff000000) |
                                                                  (limit & 0xf0000) | attr << 8};
}

void set_descriptor(unsigned selector, uint32_t base, uint32_t limit, unsigned attr)
{
    gdt[selector / 8] = segment(base, limit, attr);
}

void set_gate(unsigned vector, void (*handler)(void))
{
    uint32_t to = (uint32_t)handler;
    idt[vector] = (struct descriptor){(to & 0xffff) | CODE << 16, (to & 0xffff0000) | 0x8e00};
}

static void load_tables(void)
{
    gdt[CODE / 8] = segment(0, 0xfffff, 0xc09b);
    gdt[DATA / 8] = segment(0, 0xfffff, 0xc093);
    gdt[USER_CODE / 8] = segment(0, 0xfffff, 0xc0fb);
    gdt[USER_DATA / 8] = segment(0, 0xfffff, 0xc0f3);
    gdt[TSS / 8] = segment((uint32_t)tss, 103, 0x89);
    gdt[TSS2 / 8] = segment((uint32_t)tss2, 103, 0x89);
    for (unsigned n = 0; n < 48; n++) {
        uint32_t to = (uint32_t)stubs + 16 * n;
        idt[n] = (struct descriptor){(to & 0xffff) | CODE << 16, (to & 0xffff0000) | 0x8e00};
    }
    gdt[GATE / 8] = (struct descriptor){((uint32_t)gate_code & 0xffff) | CODE << 16,
                                        ((uint32_t)gate_code & 0xffff0000) | 0xec00};
    idt[0x20].high |= 0x6000; /* INT 20h from user mode */
    tss[1] = (uint32_t)kernel_stack + sizeof kernel_stack;
    tss[2] = DATA;
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) g = {sizeof gdt - 1, (uint32_t)gdt},
                              i = {sizeof idt - 1, (uint32_t)idt};
    __asm__ volatile("lgdt %0; lidt %1\n"
                     "ljmp $8, $1f\n1: mov %2, %%ds; mov %2, %%es; mov %2, %%ss\n"
                     "ltr %w3"
                     :
                     : "m"(g), "m"(i), "r"(DATA), "r"(TSS)
                     : "memory");
}

/* ---- the tests ---- */

static void faults(void)
{
    EXPECT("xor %%ecx, %%ecx; div %%ecx", "a"(1), "d"(0), "c"(0));
    check("divide error", seen, 0);
    EXPECT("ud2");
    check("undefined", seen, 6);
    EXPECT("mov %w1, %%ds", "r"(0x5b));
    check("selector beyond the table", seen << 16 | seen_error, 13 << 16 | 0x58 | 0);
    EXPECT("int $0x3f");
    check("gate beyond", seen << 16 | seen_error, 13 << 16 | (0x3f << 3 | 2));
    EXPECT("int3; nop");
    check("breakpoint", seen, 3);
    EXPECT("testl $1, 0xfffffffe", "m"(resume));
    check("over the end of data", seen << 16 | seen_error, 13 << 16);
}

static void modify(void)
{
    uint32_t v;
    /* the store writes the immediate of the very next instruction */
    __asm__ volatile("movl $7, 1f+1\n1: mov $1, %0" : "=a"(v) : : "memory");
    check("store into the next instruction", v, 7);
    for (uint32_t n = 0; n < 1000; n++) {
        __asm__ volatile("movl %1, 1f+1\n1: mov $1, %0" : "=a"(v) : "r"(n) : "memory");
        if (v != n)
            break;
    }
    check("store into the next instruction, 1000 times", v, 999);
    static uint8_t code[16] = {0xb8, 0, 0, 0, 0, 0xc3}; /* mov eax, imm; ret */
    uint32_t sum = 0;
    for (uint32_t n = 0; n < 1000; n++) {
        *(volatile uint32_t *)(code + 1) = n;
        __asm__ volatile("call *%1" : "=a"(v) : "r"(code) : "memory", "cc");
        sum += v;
    }
    check("patch and run", sum, 499500);
}

static void single_step(void)
{
    steps = 0;
    __asm__ volatile("pushf; orl $0x100, (%%esp); popf; nop; nop; nop; nop; nop; nop"
                     :
                     :
                     : "memory");
    check("single steps", steps, 5);
    static uint8_t room[8];
    uint8_t *to = room;
    uint32_t count = 8;
    steps = 0;
    __asm__ volatile("pushf; orl $0x100, (%%esp); popf; rep stosb"
                     : "+D"(to), "+c"(count)
                     : "a"(1)
                     : "memory");
    check("single steps between elements", steps << 8 | seen_ecx, 5 << 8 | 3);
    check("all elements", count << 8 | room[7], 1);
}

/* ---- breakpoints of the debug registers ---- */

enum { ON_WRITE = 1, ON_PORT = 2, ON_ACCESS = 3, BYTES_1 = 0, BYTES_2 = 1, BYTES_4 = 3 };

static void watch(uint32_t at, unsigned how, unsigned length)
{
    steps = 0;
    __asm__ volatile("mov %0, %%dr0; mov %1, %%dr6; mov %2, %%dr7"
                     :
                     : "r"(at), "r"(0), "r"(1u | how << 16 | length << 18)
                     : "memory");
}

static void breakpoints(void)
{
    static volatile uint32_t word[4];
    uint32_t next, count = 4, *to = (uint32_t *)word;
    watch((uint32_t)&word[1], ON_WRITE, BYTES_4);
    word[0] = 1;
    word[2] = 1;
    (void)word[1];
    check("no data breakpoint", steps, 0);
    __asm__ volatile("movl $1f, %0; movl $5, %1\n1:" : "=&r"(next), "=m"(word[1]) : : "memory");
    check("data breakpoint", steps << 4 | (seen_dr6 & 15), 0x11);
    check("it is a trap", seen_eip, next);
    ((volatile uint8_t *)word)[7] = 1;
    check("data breakpoint, part of it", steps, 2);
    *(volatile uint32_t *)((uint8_t *)word + 1) = 1;
    check("data breakpoint, over its beginning", steps, 3);
    __asm__ volatile("addl $1, %0" : "+m"(word[1]));
    check("data breakpoint, read and written", steps, 4);
    watch((uint32_t)&word[1], ON_WRITE, BYTES_4);
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(1) : "memory");
    check("data breakpoint between elements", steps << 8 | seen_ecx, 1 << 8 | 2);
    watch((uint32_t)&word[1], ON_ACCESS, BYTES_1);
    (void)word[1];
    check("data breakpoint, read", steps, 1);
    __asm__ volatile("pushl %0; popl %0" : "+m"(word[1]) : : "memory");
    check("data breakpoint, push and pop", steps, 3);
    EXPECT("cmpl $0, %1; cmpl $0, 0xfffffffe", "m"(word[1]));
    check("a fault behind it", steps << 8 | seen, 4 << 8 | 13);
    __asm__ volatile("mov %%cr4, %%eax; or $8, %%eax; mov %%eax, %%cr4" : : : "eax");
    watch(0x80, ON_PORT, BYTES_1);
    out8(0x80, 1);
    check("breakpoint on a port", steps, 1);
    out8(0x81, 1);
    check("no breakpoint on a port", steps, 1);
    watch(0, 0, 0);
    __asm__ volatile("mov %0, %%dr7; mov %%cr4, %%eax; and $~8, %%eax; mov %%eax, %%cr4"
                     :
                     : "r"(0)
                     : "eax");
}

/* A load of SS holds #DB back until the instruction behind it has run (SDM vol. 3, 6.8.3). */
static void debug_and_stack(void)
{
    static volatile uint16_t selector = DATA;
    uint32_t behind;
    watch((uint32_t)&selector, ON_ACCESS, BYTES_2);
    __asm__ volatile("movl $1f, %0; movw %1, %%ss; nop; 1: nop; nop"
                     : "=&r"(behind)
                     : "m"(selector));
    check("data breakpoint of a load of SS", steps << 4 | (seen_dr6 & 15), 0x11);
    check("is taken one instruction later", seen_eip, behind);
    watch((uint32_t)&gdt[USER_DATA / 8], ON_ACCESS, BYTES_4);
    __asm__ volatile("movl $1f, %0; mov %1, %%fs; 1: nop; nop" : "=&r"(behind) : "r"(USER_DATA));
    check("data breakpoint of a descriptor", steps << 4 | (seen_dr6 & 15), 0x11);
    check("behind the load", seen_eip, behind);
    watch(0, 0, 0);
    __asm__ volatile("mov %0, %%dr7" : : "r"(0));
    steps = 4; /* one step */
    __asm__ volatile(
        "movl $1f, %0; pushf; orl $0x100, (%%esp); popf; mov %1, %%ss; nop; 1: nop; nop"
        : "=&r"(behind)
        : "r"(DATA)
        : "memory", "cc");
    check("no step between a load of SS and the next instruction", seen_eip, behind);
}

static void user_mode(void)
{
    ELSEWHERE(TO_USER, "mov %%cs, %%eax; int $0x20");
    check("user mode and back", seen << 16 | (seen_cs & 0xffff), 0x20 << 16 | USER_CODE | 3);
    check("CPL in CS", seen_eax, USER_CODE | 3);
    ELSEWHERE(TO_USER, "cli");
    check("CLI in user mode", seen << 16 | seen_error, 13 << 16);
    ELSEWHERE(TO_USER, "int $0x21");
    check("INT through a gate of the kernel's", seen << 16 | seen_error,
          13 << 16 | (0x21 << 3 | 2));
    ELSEWHERE(TO_USER, "mov %%ds, %%eax; int $0x20");
    check("DS after a return to user mode", seen_eax, 0);
    ELSEWHERE(TO_USER, "mov $0x10, %%eax; mov %%eax, %%ds");
    check("the kernel's segment in user mode", seen << 16 | seen_error, 13 << 16 | DATA);
    ELSEWHERE(TO_USER, "lcall $0x3b, $0; int $0x20");
    check("through a call gate and back", seen_eax << 16 | (seen_cs & 0xffff),
          0x55 << 16 | USER_CODE | 3);
}

#define TO_USER_AC "pushl $0x23; pushl $user_top; pushl $0x40002; pushl $0x1b; pushl $2f\n"

static void alignment(void)
{
    ELSEWHERE(TO_USER_AC, "mov -7(%%esp), %%eax; int $0x20");
    check("AC without AM", seen, 0x20);
    __asm__ volatile("mov %%cr0, %%eax; or $0x40000, %%eax; mov %%eax, %%cr0" : : : "eax");
    ELSEWHERE(TO_USER, "mov -7(%%esp), %%eax; int $0x20");
    check("AM without AC", seen, 0x20);
    ELSEWHERE(TO_USER_AC, "mov -7(%%esp), %%eax; int $0x20");
    check("alignment check", seen << 16 | seen_error, 17 << 16);
    ELSEWHERE(TO_USER_AC, "movw $1, -6(%%esp); movb $1, -7(%%esp); int $0x20");
    check("aligned", seen, 0x20);
    ELSEWHERE(TO_USER_AC, "movw $1, -7(%%esp); int $0x20");
    check("alignment check of a word", seen << 16 | seen_error, 17 << 16);
    ELSEWHERE(TO_USER_AC, "dec %%esp; push %%eax; int $0x20");
    check("alignment check of a push", seen << 16 | seen_error, 17 << 16);
    ELSEWHERE(TO_USER_AC, "mov %%ss, %%eax; mov %%eax, %%es; lea -9(%%esp), %%edi; mov $2, %%ecx\n"
                          "std; rep stosl; int $0x20");
    check("alignment check of strings", seen << 16 | seen_error, 17 << 16);
    check("before the first element", seen_ecx, 2);
    ELSEWHERE(TO_USER_AC, "sub $2, %%esp; lcall $0x3b, $0; int $0x20");
    check("the kernel's stack is not checked", seen, 0x20);
    uint32_t v;
    __asm__ volatile(
        "mov -7(%%esp), %%eax; mov %%cr0, %%eax; and $~0x40000, %%eax; mov %%eax, %%cr0"
        : "=a"(v));
    check("AM is off again", v & 0x40000, 0);
}

/* mov ax, 1234h; push ax; pop bx; hlt */
static const uint8_t v86_code[] = {0xb8, 0x34, 0x12, 0x50, 0x5b, 0xf4};

static void v86_mode(void)
{
    for (unsigned n = 0; n < sizeof v86_code; n++)
        ((volatile uint8_t *)0x9000)[n] = v86_code[n];
    ELSEWHERE("pushl $0; pushl $0; pushl $0; pushl $0; pushl $0x900; pushl $0x800; pushl $0x20002\n"
              "pushl $0x900; pushl $0\n",
              "");
    check("V86: HLT", seen << 16 | seen_error, 13 << 16);
    check("V86: where", seen_cs << 16 | seen_eip, 0x900 << 16 | 5);
    check("V86: AX, VM", (seen_eax & 0xffff) | (seen_flags & 0x20000), 0x21234);
}

__attribute__((used)) static void other_task(void)
{
    for (;;) {
        seen = 0x77;
        __asm__ volatile("iret");
    }
}

static void tasks(void)
{
    tss2[8] = (uint32_t)other_task;
    tss2[9] = 2;
    tss2[14] = (uint32_t)other_stack + sizeof other_stack;
    tss2[18] = tss2[20] = tss2[21] = tss2[22] = tss2[23] = DATA;
    tss2[19] = CODE;
    __asm__ volatile("mov %%cr3, %0" : "=r"(tss2[7]));
    tss[7] = tss2[7];
    seen = 0;
    __asm__ volatile("lcall $48, $0" : : : "memory");
    check("call of a task and back", seen, 0x77);
    uint32_t tr = 0;
    __asm__ volatile("str %0" : "=r"(tr));
    check("the task register", tr & 0xffff, TSS);
    uint32_t cr0;
    __asm__ volatile("mov %%cr0, %0; clts" : "=r"(cr0));
    check("a task switch sets TS", cr0 & 8, 8);
    uint32_t there = tss2[8];
    tss2[25] = 1; /* T */
    steps = 0;
    __asm__ volatile("lcall $48, $0" : : : "memory");
    check("debug trap of a task", steps << 16 | (seen_dr6 & 0x800f), 1u << 16 | 0x8000);
    check("before its first instruction", seen_eip, there);
    check("and the task has run", seen, 0x77);
}

/* The first time, reset the machine: all of it must work as after power-on. RAM keeps what it held. */
static void once_more(void)
{
    static const uint16_t no_table[3] = {0};
    volatile uint32_t *times = (volatile uint32_t *)0x3800000;
    if (*times == 0x12345678)
        return;
    *times = 0x12345678;
    say("reset");
    __asm__ volatile("lidt %0; int3" : : "m"(no_table));
}

void main32(void);
void main32(void)
{
    load_tables();
    faults();
    modify();
    written_code();
    strings();
    single_step();
    breakpoints();
    debug_and_stack();
    user_mode();
    alignment();
    v86_mode();
    modes();
    interrupts();
    paging();
    tasks();
    once_more();
    put("done\r\n");
    out8(0xf4, 0);
    for (;;)
        __asm__ volatile("hlt");
}

__asm__(".globl _start\n"
        "_start: mov $stack_top, %esp\n"
        "call main32\n"
        ".bss\n"
        ".space 16384\n"
        "stack_top:\n"
        ".text\n");
