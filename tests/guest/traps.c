/*
 * A guest without an operating system: what single things cost that a kernel does at each system call.
 *
 * It runs at the start of RAM + 64 KiB, as a raw kernel image. Memory is mapped by sections: all RAM as
 * it is, global, domain 0, privileged only; and one megabyte of it again at USER, process-dependent (nG),
 * domain 1, for user mode, which is how Linux lays out a process when it keeps itself from user memory
 * by the DACR. Loops are unrolled by hand as `asm`, so the guest instructions are known; `plain` is a call and
 * as many ordinary instructions, and what something costs beyond it is what the translator adds.
 *
 * Figures go to the board's PL011 (report.h has the format; time is the virtual counter's, 62.5 MHz), then
 * the machine is switched off by PSCI.
 */
#include <stdint.h>

#define USER    0x00100000u
#define ROUNDS  20000u
#define UART    ((volatile uint32_t *)0x09000000)
#define TICK_NS 16u
#define MIB     (1u << 20)

static uint32_t table[4096] __attribute__((aligned(16384)));

/* Entry: stacks, BSS is zero already (RAM is); then C. */
__asm__(
    ".arch_extension virt\n"
    ".section .init, \"ax\"\n"
    ".globl _start\n"
    "_start: ldr sp, =stack_end\n"
    "    cps #0x13\n"
    "    ldr sp, =stack_end\n"
    "    b start\n"
    ".ltorg\n"
    ".text\n"
    ".balign 32\n"
    "vectors: b .\n b .\n b handler\n b .\n b .\n b .\n b .\n b .\n"
    /* r7: 0 nothing, 1 user memory off and on by the DACR (r4 off, r5 on), 2 back to the caller in r6. */
    "handler: cmp r7, #1\n"
    "    bne 1f\n"
    "    mcr p15, 0, r4, c3, c0, 0\n"
    "    isb\n"
    "    mcr p15, 0, r5, c3, c0, 0\n"
    "    isb\n"
    "1:  cmp r7, #2\n"
    "    bxeq r6\n"
    "    movs pc, lr\n"
    /* The same instructions but for what is measured. */
    "likewise: cmp r7, #1\n"
    "    bne 1f\n"
    "    add r3, r3, r4\n"
    "    add r3, r3, r4\n"
    "    add r3, r3, r5\n"
    "    add r3, r3, r5\n"
    "1:  cmp r7, #2\n"
    "    moveq r3, r6\n"
    "    bx lr\n"
    /* User mode: r0 rounds; r7 as above; then back. */
    ".balign 4\n"
    ".globl user, user_end\n"
    "user: svc 0\n"
    "    subs r0, r0, #1\n"
    "    bne user\n"
    "    mov r7, #2\n"
    "    svc 0\n"
    "user_end:\n"
    ".bss\n.balign 16\n.space 8192\nstack_end:\n.text\n");

extern const uint32_t vectors[], user[], user_end[];

static uint64_t now(void)
{
    uint32_t low, high;
    __asm__ volatile("isb\n mrrc p15, 1, %0, %1, c14" : "=r"(low), "=r"(high));
    return (uint64_t)high << 32 | low;
}

static void put(char c)
{
    *UART = (uint32_t)c;
}
static void print(const char *s)
{
    while (*s != 0)
        put(*s++);
}
static void print_number(uint32_t n)
{
    if (n >= 10)
        print_number(n / 10);
    put((char)('0' + n % 10));
}

/* Nanoseconds each, two decimals. */
static void report(const char *name, uint64_t ticks)
{
    uint32_t hundredths = (uint32_t)ticks * (TICK_NS * 100u / 100u) / (ROUNDS / 100u);
    print("bench ");
    print(name);
    put(' ');
    print_number(hundredths / 100);
    put('.');
    put((char)('0' + hundredths / 10 % 10));
    put((char)('0' + hundredths % 10));
    print(" ns\r\n");
}

static void map(void)
{
    enum { SECTION = 2, NORMAL = 0x1000c, DEVICE = 4, PRIVILEGED = 1 << 10, ALL = 3 << 10 };
    for (uint32_t n = 0; n < 64; n++)
        table[0x400 + n] = (0x40000000u + n * MIB) | SECTION | NORMAL | PRIVILEGED;
    table[0x090] = 0x09000000u | SECTION | DEVICE | PRIVILEGED;
    table[USER / MIB] = 0x43f00000u | SECTION | NORMAL | ALL | 1 << 5 | 1 << 17;
    __asm__ volatile("mcr p15, 0, %0, c2, c0, 0\n"  /* TTBR0 */
                     "mcr p15, 0, %1, c2, c0, 2\n"  /* TTBCR */
                     "mcr p15, 0, %2, c3, c0, 0\n"  /* DACR: domains 0 and 1 */
                     "mcr p15, 0, %1, c8, c7, 0\n"  /* TLBIALL */
                     "mcr p15, 0, %3, c12, c0, 0\n" /* VBAR */
                     "dsb\n isb\n"
                     "mrc p15, 0, r3, c1, c0, 0\n"
                     "orr r3, r3, #1\n"
                     "mcr p15, 0, r3, c1, c0, 0\n"
                     "isb\n" ::"r"(table),
                     "r"(0), "r"(5), "r"(vectors)
                     : "r3", "memory");
}

/* Run the user loop; `what` to r7. */
static uint64_t in_user_mode(uint32_t what)
{
    uint64_t begun = now(); /* no call behind the register variables */
    register uint32_t rounds __asm__("r0") = ROUNDS;
    register uint32_t r4 __asm__("r4") = 1;
    register uint32_t r5 __asm__("r5") = 5;
    register uint32_t r7 __asm__("r7") = what;
    __asm__ volatile("adr r6, 1f\n"
                     "msr spsr_fsxc, #0x10\n"
                     "mov lr, %[user]\n"
                     "movs pc, lr\n"
                     "1:\n"
                     : "+r"(rounds), "+r"(r4), "+r"(r5), "+r"(r7)
                     : [user] "r"(USER)
                     : "r3", "r6", "lr", "cc", "memory");
    return now() - begun;
}

static uint64_t plain(uint32_t what)
{
    uint64_t begun = now(); /* no call behind the register variables */
    register uint32_t rounds __asm__("r0") = ROUNDS;
    register uint32_t r4 __asm__("r4") = 1;
    register uint32_t r5 __asm__("r5") = 5;
    register uint32_t r7 __asm__("r7") = what;
    __asm__ volatile("1: bl likewise\n"
                     "subs r0, r0, #1\n"
                     "bne 1b\n"
                     : "+r"(rounds), "+r"(r4), "+r"(r5), "+r"(r7)
                     :
                     : "r3", "lr", "cc");
    return now() - begun;
}

/* ROUNDS times `code`, which may use r1 to r4 and finds an address in r12. */
#define LOOP(code)                                                  \
    ({                                                              \
        uint64_t begun = now();                                     \
        register uint32_t rounds __asm__("r0") = ROUNDS;            \
        register uint32_t *at __asm__("r12") = &table[2048];        \
        __asm__ volatile("1: " code "\nsubs r0, r0, #1\nbne 1b\n"   \
                         : "+r"(rounds), "+r"(at)                   \
                         :                                          \
                         : "r1", "r2", "r3", "r4", "cc", "memory"); \
        now() - begun;                                              \
    })

void start(void);
__attribute__((used)) void start(void)
{
    map();
    for (uint32_t n = 0; n < (uint32_t)(user_end - user); n++)
        ((volatile uint32_t *)0x43f00000)[n] = user[n];
    for (int again = 0; again < 2; again++) { /* the first time all is translated */
        uint64_t empty = LOOP("");
        uint64_t loads =
            LOOP("ldr r1, [r12]\nldr r2, [r12, #4]\nldr r3, [r12, #8]\nldr r4, [r12, #12]");
        uint64_t stores =
            LOOP("str r1, [r12]\nstr r2, [r12, #4]\nstr r3, [r12, #8]\nstr r4, [r12, #12]");
        uint64_t multiple = LOOP("ldm r12, {r1-r4}");
        uint64_t svc = in_user_mode(0), svc_plain = plain(0);
        uint64_t call = in_user_mode(1), call_plain = plain(1);
        if (again == 0)
            continue;
        report("four_loads", loads - empty);
        report("four_stores", stores - empty);
        report("load_multiple", multiple - empty);
        report("trap", svc - svc_plain);
        report("trap_and_dacr", call - call_plain);
    }
    print("guest done: status 0\r\n");
    __asm__ volatile("ldr r0, =0x84000008\n hvc 0\n" ::: "r0"); /* SYSTEM_OFF (DEN 0022) */
    for (;;)
        ;
}
