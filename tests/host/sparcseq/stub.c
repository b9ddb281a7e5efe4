/*
 * The reference: a SPARC Linux program without a library that runs cases, for qemu-sparc.
 *
 * Standard input: a number of cases, then that many struct input; standard output: as many struct
 * output; until the end of input. A case is entered by a jump with all registers loaded, and comes
 * back by a jump to EXIT_AT, where this program's way back lies. Windows that a case opens are closed
 * again, so the one it began in is current then; what %l, %i and %o held before is kept in memory.
 */
#include "case.h"

#define SYS_EXIT  1
#define SYS_READ  3
#define SYS_WRITE 4
#define SYS_MMAP  71

long stub_call(long a, long b, long c, long d, long e, long f, long number);
void stub_enter(struct state *s, uint32_t pc);
void stub_back(void);
void stub_main(void);

static struct input input[SLOTS];
static struct output output[SLOTS];
struct state *stub_state; /* the way back finds it here */
uint32_t stub_saved[32];
uint64_t stub_fsr;

__asm__(".text\n"
        ".globl _start\n"
        "_start: call stub_main\n"
        " nop\n"
        "stub_call: mov %sp, %g3\n"
        " ld [%g3 + 92], %g1\n"
        " ta 0x10\n"
        " bcs,a 1f\n"
        " sub %g0, 1, %o0\n"
        "1: retl\n"
        " nop\n"
        /* Keep the window, load the case's. */
        "stub_enter: set stub_saved, %g1\n"
        " std %l0, [%g1]\n std %l2, [%g1+8]\n std %l4, [%g1+16]\n std %l6, [%g1+24]\n"
        " std %i0, [%g1+32]\n std %i2, [%g1+40]\n std %i4, [%g1+48]\n std %i6, [%g1+56]\n"
        " std %o6, [%g1+64]\n"
        " st %g7, [%g1+72]\n st %g6, [%g1+76]\n st %g5, [%g1+80]\n st %g4, [%g1+84]\n"
        " st %g3, [%g1+88]\n st %g2, [%g1+92]\n"
        " set stub_state, %g1\n st %o0, [%g1]\n"
        " mov %o1, %g6\n mov %o0, %g1\n"
        " ld [%g1+128], %g2\n wr %g2, %y\n"
        " ld [%g1+132], %fsr\n"
        " ldd [%g1+144], %f0\n ldd [%g1+152], %f2\n ldd [%g1+160], %f4\n ldd [%g1+168], %f6\n"
        " ldd [%g1+176], %f8\n ldd [%g1+184], %f10\n ldd [%g1+192], %f12\n ldd [%g1+200], %f14\n"
        " ldd [%g1+208], %f16\n ldd [%g1+216], %f18\n ldd [%g1+224], %f20\n ldd [%g1+232], %f22\n"
        " ldd [%g1+240], %f24\n ldd [%g1+248], %f26\n ldd [%g1+256], %f28\n ldd [%g1+264], %f30\n"
        " ldd [%g1+32], %o0\n ldd [%g1+40], %o2\n ldd [%g1+48], %o4\n ldd [%g1+56], %o6\n"
        " ldd [%g1+64], %l0\n ldd [%g1+72], %l2\n ldd [%g1+80], %l4\n ldd [%g1+88], %l6\n"
        " ldd [%g1+96], %i0\n ldd [%g1+104], %i2\n ldd [%g1+112], %i4\n ldd [%g1+120], %i6\n"
        " ldd [%g1+8], %g2\n ldd [%g1+16], %g4\n ld [%g1+28], %g7\n"
        " ld [%g1+4], %g1\n"
        " jmp %g6\n"
        " sethi %hi(0x60010800), %g6\n"
        /* Flags first, by branches; then everything. */
        "stub_back: set stub_state, %g6\n ld [%g6], %g6\n"
        " st %g1, [%g6+4]\n"
        " mov 0, %g1\n"
        " bneg,a 1f\n or %g1, 8, %g1\n"
        "1: be,a 1f\n or %g1, 4, %g1\n"
        "1: bvs,a 1f\n or %g1, 2, %g1\n"
        "1: bcs,a 1f\n or %g1, 1, %g1\n"
        "1: st %g1, [%g6+136]\n"
        " std %g2, [%g6+8]\n std %g4, [%g6+16]\n st %g7, [%g6+28]\n"
        " std %o0, [%g6+32]\n std %o2, [%g6+40]\n std %o4, [%g6+48]\n std %o6, [%g6+56]\n"
        " std %l0, [%g6+64]\n std %l2, [%g6+72]\n std %l4, [%g6+80]\n std %l6, [%g6+88]\n"
        " std %i0, [%g6+96]\n std %i2, [%g6+104]\n std %i4, [%g6+112]\n std %i6, [%g6+120]\n"
        " rd %y, %g2\n st %g2, [%g6+128]\n"
        " st %fsr, [%g6+132]\n"
        " std %f0, [%g6+144]\n std %f2, [%g6+152]\n std %f4, [%g6+160]\n std %f6, [%g6+168]\n"
        " std %f8, [%g6+176]\n std %f10, [%g6+184]\n std %f12, [%g6+192]\n std %f14, [%g6+200]\n"
        " std %f16, [%g6+208]\n std %f18, [%g6+216]\n std %f20, [%g6+224]\n std %f22, [%g6+232]\n"
        " std %f24, [%g6+240]\n std %f26, [%g6+248]\n std %f28, [%g6+256]\n std %f30, [%g6+264]\n"
        " set stub_saved, %g1\n"
        " ldd [%g1], %l0\n ldd [%g1+8], %l2\n ldd [%g1+16], %l4\n ldd [%g1+24], %l6\n"
        " ldd [%g1+32], %i0\n ldd [%g1+40], %i2\n ldd [%g1+48], %i4\n ldd [%g1+56], %i6\n"
        " ldd [%g1+64], %o6\n"
        " ld [%g1+72], %g7\n ld [%g1+76], %g6\n ld [%g1+80], %g5\n ld [%g1+84], %g4\n"
        " ld [%g1+88], %g3\n retl\n ld [%g1+92], %g2\n");

/* The structures' words are only 4-aligned: a copy that LDD and STD can use. */
static struct state working __attribute__((aligned(8)));

static void move(int file, int write, void *bytes, uint32_t size)
{
    for (uint32_t done = 0; done < size;) {
        long n = stub_call(file, (long)bytes + (long)done, (long)(size - done), 0, 0, 0,
                           write ? SYS_WRITE : SYS_READ);
        if (n <= 0)
            stub_call(n < 0 || done != 0, 0, 0, 0, 0, 0, SYS_EXIT);
        done += (uint32_t)n;
    }
}

static void map(uint32_t at, uint32_t bytes)
{
    stub_call((long)at, (long)bytes, 7, 0x32, -1, 0, SYS_MMAP);
}

_Static_assert(__builtin_offsetof(struct state, f) == 144, "the code above");

static void copy(uint32_t *to, const uint32_t *from, uint32_t words)
{
    for (uint32_t n = 0; n < words; n++)
        ((volatile uint32_t *)to)[n] = from[n];
}

static void run(const struct input *in, struct output *out, uint32_t slot)
{
    uint32_t *data = (uint32_t *)DATA_AT, *code = (uint32_t *)(CODE_AT + slot * SLOT_WORDS * 4);
    copy(code, in->code, in->words);
    fill_data(data, in->seed);
    copy((uint32_t *)&working, (const uint32_t *)&in->s, sizeof working / 4);
    stub_enter(&working, (uint32_t)(uintptr_t)code);
    copy((uint32_t *)&out->s, (const uint32_t *)&working, sizeof working / 4);
    for (uint32_t n = 0; n < LINES; n++) {
        uint32_t sum = 0;
        for (uint32_t k = 0; k < DATA_BYTES / 4 / LINES; k++)
            sum = sum * 31 + data[n * (DATA_BYTES / 4 / LINES) + k];
        out->line[n] = sum;
    }
}

void stub_main(void)
{
    uint32_t count;
    map(CODE_AT, CODE_BYTES);
    map(DATA_AT, DATA_BYTES);
    map(STACK_AT, STACK_BYTES);
    uint32_t *way = (uint32_t *)EXIT_AT, to = (uint32_t)(uintptr_t)stub_back;
    way[0] = 0x0d000000 | to >> 10;     /* sethi %hi(to), %g6 */
    way[1] = 0x81c1a000 | (to & 0x3ff); /* jmp %g6 + %lo(to) */
    way[2] = 0x01000000;
    for (;;) {
        move(0, 0, &count, 4);
        move(0, 0, input, count * sizeof *input);
        for (uint32_t n = 0; n < count; n++)
            run(&input[n], &output[n], n);
        move(1, 1, output, count * sizeof *output);
    }
}
