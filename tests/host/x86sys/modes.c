/*
 * The same code at the same address, run in two modes in turn: what it does depends on the mode, and
 * must not be what it did in the mode before.
 *
 * Each piece of code here is there once; `ROUNDS` times it runs in one mode and in the other.
 */
#include "guest.h"

enum { ROUNDS = 20, CODE_16 = 64, CODE_AT = 72, DATA_AT = 80, DATA_SHORT = 88, STACK_16 = 96 };
#define BASE 0x100u /* of CODE_AT and DATA_AT */

#define CR0_MP     2u
#define CR0_EM     4u
#define CR0_TS     8u
#define CR0_AM     0x40000u
#define CR4_OSFXSR 0x200u
#define NONE       0x20u /* the code's end: INT 20h */

/* Like EXPECT, with these values in EAX, EBX and EDI and `selector` in ESI; code may change them all. */
#define RUN(code, selector, eax, ebx, edi)                            \
    do {                                                              \
        uint32_t a = (eax), b = (uint32_t)(ebx), d = (uint32_t)(edi); \
        seen = ~0u;                                                   \
        __asm__ volatile("movl $1f, %0\n" code "\n1:"                 \
                         : "=m"(resume), "+a"(a), "+b"(b), "+D"(d)    \
                         : "S"(selector)                              \
                         : "memory", "cc", "ecx", "edx");             \
    } while (0)
#define JUMP(code) RUN("jmp " code, 0, 0, 0, 0)

/* clang-format off */
__asm__("shared_cli: cli; int $0x20\n"
        /* 16 bits: MOV AX, 1; INC AX; INC AX. 32 bits: MOV EAX, 40400001h */
        ".globl shared_width\n"
        "shared_width: .byte 0xb8, 1, 0, 0x40, 0x40, 0xcd, 0x20\n"
        "shared_where: call 1f; 1: pop %eax; int $0x20\n"
        "shared_load: mov (%ebx), %eax; int $0x20\n"
        "shared_store: movl %eax, (%ebx); int $0x20\n"
        "shared_stos: stosl; int $0x20\n"
        "shared_fs: mov %fs:(%ebx), %eax; int $0x20\n"
        "shared_push: push %eax; mov %esp, %edx; pop %ecx; jmp *%ebx\n"
        "shared_nops: nop; nop; nop; nop; nop; nop; nop; int $0x20\n"
        "shared_unaligned: mov -7(%esp), %eax; int $0x20\n"
        "shared_fnop: fnop; int $0x20\n"
        "shared_wait: fwait; int $0x20\n"
        "shared_emms: emms; int $0x20\n"
        "shared_xorps: xorps %xmm0, %xmm0; int $0x20\n");
/* clang-format on */
extern const uint8_t shared_width[7];

static void privilege(void)
{
    uint32_t good = 0;
    for (unsigned n = 0; n < ROUNDS; n++) {
        JUMP("shared_cli");
        good += seen == NONE;
        ELSEWHERE(TO_USER, "jmp shared_cli");
        good += seen == 13;
    }
    check("modes: CLI in the kernel and in user mode", good, 2 * ROUNDS);
}

static void code_segments(void)
{
    uint32_t width = 0, where = 0, at;
    __asm__ volatile("mov $shared_where + 5, %0" : "=r"(at));
    for (unsigned n = 0; n < ROUNDS; n++) {
        JUMP("shared_width");
        width += seen_eax == 0x40400001;
        RUN("ljmp $64, $shared_width", 0, 0, 0, 0);
        width += seen_eax == 3;
        JUMP("shared_where");
        where += seen_eax == at;
        RUN("ljmp $72, $shared_where - 0x100", 0, 0, 0, 0);
        where += seen_eax == at - BASE;
    }
    check("modes: the same bytes as code of 16 and of 32 bits", width, 2 * ROUNDS);
    check("modes: CS with and without a base", where, 2 * ROUNDS);
}

/* The same bytes in V86 mode, below 1 MiB. */
static void v86(void)
{
    uint32_t good = 0;
    for (unsigned n = 0; n < sizeof shared_width; n++)
        ((volatile uint8_t *)0x9100)[n] = shared_width[n];
    for (unsigned n = 0; n < ROUNDS; n++) {
        RUN("jmp *%%ebx", 0, 0, 0x9100, 0);
        good += seen == NONE && seen_eax == 0x40400001;
        ELSEWHERE("pushl $0; pushl $0; pushl $0; pushl $0; pushl $0x900; pushl $0x800\n"
                  "pushl $0x20002; pushl $0x910; pushl $0\n",
                  "");
        good += seen == 13 && (seen_eax & 0xffff) == 3;
    }
    check("modes: the same bytes in V86 mode", good, 2 * ROUNDS);
}

static void data_segments(void)
{
    static volatile uint32_t word[2 + BASE / 4];
    uint32_t base = 0, limit = 0, rights = 0, strings = 0, fs = 0;
    word[0] = 7;
    word[BASE / 4] = 8;
    for (unsigned n = 0; n < ROUNDS; n++) {
        RUN("mov %%esi, %%ds; jmp shared_load", DATA, 0, word, 0);
        base += seen_eax == 7;
        RUN("mov %%esi, %%ds; jmp shared_load", DATA_AT, 0, word, 0);
        base += seen_eax == 8;
        RUN("mov %%esi, %%ds; jmp shared_load", DATA_SHORT, 0, word, 0);
        limit += seen == 13;
        RUN("mov %%esi, %%ds; jmp shared_store", DATA, 7, word, 0);
        rights += seen == NONE;
        RUN("mov %%esi, %%ds; jmp shared_store", CODE, 9, word, 0);
        rights += seen == 13 && word[0] == 7;
        RUN("mov %%esi, %%es; jmp shared_stos", DATA, 7, 0, word);
        word[BASE / 4] = 0;
        RUN("mov %%esi, %%es; jmp shared_stos", DATA_AT, 8, 0, word);
        strings += word[0] == 7 && word[BASE / 4] == 8;
    }
    for (unsigned n = 0; n < ROUNDS; n++) {
        RUN("mov %%esi, %%fs; jmp shared_fs", DATA_AT, 0, word, 0);
        fs += seen_eax == 8;
        RUN("mov %%esi, %%fs; jmp shared_fs", DATA_SHORT, 0, word, 0);
        fs += seen == 13;
    }
    check("modes: FS with and without a limit", fs, 2 * ROUNDS);
    check("modes: DS with and without a base", base, 2 * ROUNDS);
    check("modes: DS with a limit", limit, ROUNDS);
    check("modes: DS that may not be written", rights, 2 * ROUNDS);
    check("modes: ES with and without a base", strings, ROUNDS);
}

/* ESP from 16 MiB on, down by a push; SP alone wraps. */
static uint32_t pushed_with(uint32_t selector)
{
    uint32_t esp, kept;
    __asm__ volatile("mov %%esp, %1; mov %2, %%ss; mov $0x1000000, %%esp\n"
                     "mov $1f, %%ebx; jmp shared_push\n"
                     "1: mov %3, %%ss; mov %1, %%esp"
                     : "=&d"(esp), "=&D"(kept)
                     : "S"(selector), "a"(DATA)
                     : "ebx", "ecx", "memory");
    return esp;
}

static void stacks(void)
{
    uint32_t good = 0;
    for (unsigned n = 0; n < ROUNDS; n++) {
        good += pushed_with(DATA) == 0xfffffc;
        good += pushed_with(STACK_16) == 0x100fffc;
    }
    check("modes: PUSH with ESP and with SP", good, 2 * ROUNDS);
}

static void traps(void)
{
    uint32_t good = 0;
    for (unsigned n = 0; n < ROUNDS; n++) {
        steps = 0;
        JUMP("shared_nops");
        good += steps == 0 && seen == NONE;
        RUN("pushf; orl $0x100, (%%esp); popf; jmp shared_nops", 0, 0, 0, 0);
        good += steps == 5 && seen == NONE;
    }
    check("modes: with TF and without", good, 2 * ROUNDS);
}

static void set_controls(uint32_t cr0, uint32_t cr4)
{
    __asm__ volatile("mov %%cr0, %%eax; and %0, %%eax; or %1, %%eax; mov %%eax, %%cr0\n"
                     "mov %%cr4, %%eax; and %2, %%eax; or %3, %%eax; mov %%eax, %%cr4"
                     :
                     : "r"(~(CR0_EM | CR0_TS | CR0_MP | CR0_AM)), "r"(cr0), "r"(~CR4_OSFXSR),
                       "r"(cr4)
                     : "eax", "memory");
}

#define TO_USER_FLAGS(flags) \
    "pushl $0x23; pushl $user_top; pushl $" flags "; pushl $0x1b; pushl $2f\n"

static void alignment(void)
{
    uint32_t good = 0;
    set_controls(CR0_AM, 0);
    for (unsigned n = 0; n < ROUNDS; n++) {
        ELSEWHERE(TO_USER, "jmp shared_unaligned");
        good += seen == NONE;
        ELSEWHERE(TO_USER_FLAGS("0x40002"), "jmp shared_unaligned");
        good += seen == 17;
        JUMP("shared_unaligned");
        good += seen == NONE;
    }
    check("modes: AC, and in the kernel", good, 3 * ROUNDS);
    set_controls(0, 0);
}

/* What each raises: SDM vol. 3, tables 2-2 and 13-1. */
static void coprocessor(void)
{
    uint32_t good = 0;
    __asm__ volatile("fninit");
    for (unsigned n = 0; n < 16 * ROUNDS; n++) {
        uint32_t how = n * 5; /* all 16, in an order that changes every bit */
        uint32_t em = how & 1, ts = how >> 1 & 1, mp = how >> 2 & 1, fxsr = how >> 3 & 1;
        set_controls(em * CR0_EM | ts * CR0_TS | mp * CR0_MP, fxsr * CR4_OSFXSR);
        JUMP("shared_fnop");
        good += seen == ((em | ts) != 0 ? 7 : NONE);
        JUMP("shared_wait");
        good += seen == ((ts & mp) != 0 ? 7 : NONE);
        JUMP("shared_emms");
        good += seen == (em ? 6 : ts ? 7 : NONE);
        JUMP("shared_xorps");
        good += seen == ((em | !fxsr) != 0 ? 6 : ts ? 7 : NONE);
    }
    check("modes: CR0.EM, TS and MP, CR4.OSFXSR", good, 64 * ROUNDS);
    set_controls(0, 0);
    __asm__ volatile("fninit");
}

/* Pages that nobody has touched, with DF and AC set: the host faults in the middle. */
static void faults_with_flags(void)
{
    enum { FROM = 0x2000000, TO = 0x2100000, WORDS = 6 * 1024 };
    uint32_t flags, count = WORDS, good = 0;
    uint32_t *from = (uint32_t *)FROM + WORDS - 1, *to = (uint32_t *)TO + WORDS - 1;
    for (unsigned n = 0; n < WORDS; n++)
        ((volatile uint32_t *)FROM)[n] = n * 3;
    __asm__ volatile("pushf; orl $0x40000, (%%esp); popf\n"
                     "std; rep movsl; pushf; pop %3; cld\n"
                     "pushf; andl $~0x40000, (%%esp); popf"
                     : "+S"(from), "+D"(to), "+c"(count), "=r"(flags)
                     :
                     : "memory", "cc");
    for (unsigned n = 0; n < WORDS; n++)
        good += ((volatile uint32_t *)TO)[n] == n * 3;
    check("fresh pages with DF and AC: copied downwards", good, WORDS);
    check("fresh pages with DF and AC: the flags are still set", flags & 0x40400, 0x40400);
    check("fresh pages with DF and AC: the registers", count + (uint32_t)to, TO - 4);
    ELSEWHERE(TO_USER_FLAGS("0x40402"),
              "mov %%ss, %%eax; mov %%eax, %%es\n"
              "mov $0x2207ffc, %%edi; mov $0x1000, %%ecx; mov $5, %%eax; rep stosl\n"
              "testl $1, %%ss:0x2300000; movl $6, %%ss:0x2301000; mov %%edi, %%ecx\n"
              "pushf; pop %%eax; int $0x20");
    check("fresh pages with DF and AC in user mode: stored downwards", seen_ecx, 0x2203ffc);
    check("fresh pages with DF and AC in user mode: flags", seen_eax & 0x40400, 0x40400);
    good = 0;
    for (unsigned n = 0; n < 0x1000; n++)
        good += ((volatile uint32_t *)0x2204000)[n] == 5;
    check("fresh pages with DF and AC in user mode: all of them", good, 0x1000);
}

void modes(void)
{
    set_descriptor(CODE_16, 0, 0xfffff, 0x809b);
    set_descriptor(CODE_AT, BASE, 0xfffff, 0xc09b);
    set_descriptor(DATA_AT, BASE, 0xfffff, 0xc093);
    set_descriptor(DATA_SHORT, 0, 0xff, 0xc093);
    set_descriptor(STACK_16, 0, 0xfffff, 0x8093);
    privilege();
    code_segments();
    v86();
    data_segments();
    stacks();
    traps();
    alignment();
    coprocessor();
    faults_with_flags();
}
