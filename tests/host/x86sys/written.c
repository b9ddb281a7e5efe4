/*
 * Code that is written just before it runs: by each kind of store, in the running block, on the next page.
 *
 * Every case runs first when nothing is known of its page, then many times.
 */
#include "guest.h"

#define ROUNDS 200u

/* The instruction at label 1 is `mov $1, %eax`; the store goes to its number, which then is n. */
#define EACH_TIME(name, value, code, ...)                                                          \
    do {                                                                                           \
        uint32_t good = 0, v;                                                                      \
        for (uint32_t n = 1; n <= ROUNDS; n++) {                                                   \
            __asm__ volatile(code : "=&a"(v) : __VA_ARGS__ : "memory", "cc", "ecx", "edx", "edi"); \
            good += v == (value);                                                                  \
        }                                                                                          \
        check(name, good, ROUNDS);                                                                 \
    } while (0)
#define TARGET "\n1: mov $1, %%eax\n"

static uint32_t stack_pointer, number;

static void stores(void)
{
    EACH_TIME("code written by MOV", n, "mov %1, 1f+1" TARGET, "b"(n));
    EACH_TIME("code written by a byte", (n & 0x7f), "movb %b1, 1f+1" TARGET "and $0x7f, %%eax",
              "b"(n));
    EACH_TIME("code written by STOS", n, "mov $1f+1, %%edi; mov %1, %%eax; stosl" TARGET, "b"(n));
    EACH_TIME("code written by REP STOS", (n & 0xff) * 0x01010101u,
              "mov $1f+1, %%edi; mov $4, %%ecx; mov %1, %%eax; rep stosb" TARGET, "b"(n));
    EACH_TIME("code written by PUSH", n,
              "mov %%esp, %2; mov $1f+5, %%esp; push %1\n1: mov $1, %%eax; mov %2, %%esp", "b"(n),
              "m"(stack_pointer));
    EACH_TIME("code written by XCHG", n, "mov %1, %%eax; xchg %%eax, 1f+1" TARGET, "b"(n));
    EACH_TIME("code written by ADD", n + 1, "addl $1, 1f+1" TARGET, "b"(n));
    EACH_TIME("code written by CMPXCHG8B", n,
              "mov 1f+1, %%eax; mov 1f+5, %%edx; mov %%edx, %%ecx; cmpxchg8b 1f+1" TARGET
              "nop; nop; nop; nop",
              "b"(n));
    number = 0;
    EACH_TIME("code written by the x87", n, "mov %1, %2; fildl %2; fistpl 1f+1" TARGET, "b"(n),
              "m"(number));
}

/* Further on in the same block, and behind a branch that is not taken. */
static void further_on(void)
{
    EACH_TIME("code written some instructions ahead", n + 6,
              "mov %1, 1f+1; inc %%ecx; lea 5(%%ecx), %%edx; xor %%ecx, %%ecx; mov $6, %%ecx" TARGET
              "add %%ecx, %%eax",
              "b"(n));
    EACH_TIME("code written behind a branch not taken", n,
              "mov %1, 1f+1; xor %%ecx, %%ecx; jnz 2f" TARGET "2:", "b"(n));
    EACH_TIME("code written behind a branch taken", n,
              "mov %1, 1f+1; xor %%ecx, %%ecx; jz 1f; ud2" TARGET, "b"(n));
    EACH_TIME("code written twice in a block", n + 1,
              "mov %1, 1f+1; mov %1, %%ecx; inc %%ecx; nop; mov %%ecx, 1f+1" TARGET, "b"(n));
    EACH_TIME("an instruction that is made longer", n,
              "mov %1, %%ecx; movb $0xb8, 1f; mov %1, 1f+1; jmp 1f\n"
              "1: .byte 0x90, 0x90, 0x90, 0x90, 0x90; movl $0x90909090, 1b; movb $0x90, 1b+4",
              "b"(n));
}

/* Stores that are not MOV: made by helpers, several of one instruction, parts of a word. */
static void other_stores(void)
{
    /* EAX comes first, where the number is; ECX before it has the opcode; the others lie below. */
    EACH_TIME("code written by PUSHA", n,
              "mov %1, %%eax; mov $0xb8000000, %%ecx; mov %%esp, %2; mov $1f+5, %%esp; pusha\n"
              "jmp 1f; .space 28"
              "\n1: mov $1, %%eax; mov %2, %%esp",
              "b"(n), "m"(stack_pointer));
    EACH_TIME("code written by XADD", 2 * n, "mov %1, 1f+1; mov %1, %%ecx; xadd %%ecx, 1f+1" TARGET,
              "b"(n));
    EACH_TIME("code written by BTS", 1u << (n % 31),
              "movl $0, 1f+1; mov %1, %%ecx; bts %%ecx, 1f+1" TARGET, "b"(n % 31));
    EACH_TIME("code written by SETcc", n & 1, "movl $0, 1f+1; testb $1, %b1; setnz 1f+1" TARGET,
              "b"(n));
    EACH_TIME("code written by NEG", 0u - n, "mov %1, 1f+1; negl 1f+1" TARGET, "b"(n));
    EACH_TIME("code written by SHLD", n << 4,
              "mov %1, 1f+1; xor %%ecx, %%ecx; shld $4, %%ecx, 1f+1" TARGET, "b"(n));
    EACH_TIME("code written by MOVS", n,
              "mov %1, %2; push %%esi; mov %3, %%esi; mov $1f+1, %%edi; movsl; pop %%esi" TARGET,
              "b"(n), "m"(number), "i"(&number));
    EACH_TIME("code written by FST", n, "mov %1, %2; flds %2; fstps 1f+1" TARGET, "b"(n),
              "m"(number));
}

/* A store that begins on a page of data and ends in code. */
static uint8_t across[2][4096] __attribute__((aligned(4096)));

static void over_the_boundary(void)
{
    uint8_t *code = across[1];
    uint32_t good = 0, v;
    code[0] = 0xb0; /* mov al, NUMBER; ret */
    code[2] = 0xc3;
    for (uint32_t n = 1; n <= ROUNDS; n++) {
        *(volatile uint32_t *)(code - 2) = 0xb00000 | n << 24;
        __asm__ volatile("call *%1" : "=a"(v) : "r"(code) : "memory", "cc");
        good += (v & 0xff) == (n & 0xff);
    }
    check("code written over the end of a page of data", good, ROUNDS);
}

/* An instruction of the block that has run is written, and runs again. */
static void loop(void)
{
    uint32_t sum = 0, count = 100;
    __asm__ volatile("1: mov $0, %%eax; add %%eax, %0; incl 1b+1; dec %1; jnz 1b"
                     : "+b"(sum), "+c"(count)
                     :
                     : "eax", "memory", "cc");
    check("a loop that counts in its own code", sum, 4950);
}

static uint8_t pages[3][4096] __attribute__((aligned(4096)));

/* mov [next page + 1], ecx as the last instruction of a page; then mov eax, NUMBER; ret. */
static void next_page(void)
{
    uint8_t *at = &pages[1][0] - 6;
    uint32_t good = 0, v;
    at[0] = 0x89;
    at[1] = 0x0d;
    *(uint32_t *)(at + 2) = (uint32_t)&pages[1][1];
    pages[1][0] = 0xb8;
    pages[1][5] = 0xc3;
    for (uint32_t n = 1; n <= ROUNDS; n++) {
        __asm__ volatile("call *%1" : "=a"(v) : "r"(at), "c"(n) : "memory", "cc");
        good += v == n;
    }
    check("code written on the next page", good, ROUNDS);
}

/* A program that copies itself elsewhere and goes on there, as boot loaders do, again and again. */
static void relocate(void)
{
    static const uint8_t code[] = {0x8d, 0x41, 7, 0xc3}; /* lea eax, [ecx + 7]; ret */
    uint32_t good = 0, v;
    for (uint32_t n = 0; n < ROUNDS; n++) {
        uint8_t *to = &pages[2][n % 7 * 5], *from = (uint8_t *)code;
        uint32_t count = sizeof code;
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
        to[-2] = (uint8_t)n;
        __asm__ volatile("call *%1" : "=a"(v) : "r"(to - sizeof code), "c"(n) : "memory", "cc");
        good += v == n + (uint32_t)(int8_t)n;
    }
    check("code copied and run", good, ROUNDS);
}

void written_code(void)
{
    stores();
    further_on();
    other_stores();
    over_the_boundary();
    loop();
    next_page();
    relocate();
}
