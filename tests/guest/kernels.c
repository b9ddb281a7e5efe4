/*
 * Compute kernels: plain C that runs in a guest and, built for it, on the host, so that three times
 * can be compared. `kernels [NAME ...]` runs all or some and reports milliseconds.
 *
 * The work of each is fixed and its result checked against a figure that any correct machine
 * yields: a kernel whose result is wrong reports nothing and the program fails. Built with
 * -fno-inline -fno-optimize-sibling-calls, so that calls are calls.
 */
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* ---- integer ---- */
static uint32_t alu(void)
{
    uint32_t a = 1, b = 0x9e3779b9;
    for (unsigned i = 0; i < 24000000; i++) {
        a ^= a << 13;
        a ^= a >> 17;
        a ^= a << 5;
        b += a ^ (b >> 3);
    }
    return a ^ b;
}

static uint32_t sieve(void)
{
    enum { SIZE = 1 << 20 };
    static uint8_t composite[SIZE];
    uint32_t count = 0;
    for (int round = 0; round < 6; round++) {
        memset(composite, 0, SIZE);
        count = 0;
        for (uint32_t i = 2; i < SIZE; i++) {
            if (composite[i])
                continue;
            count++;
            for (uint32_t k = 2 * i; k < SIZE; k += i)
                composite[k] = 1;
        }
    }
    return count;
}

static uint32_t fib_of(uint32_t n)
{
    return n < 2 ? n : fib_of(n - 1) + fib_of(n - 2);
}

static uint32_t fib(void)
{
    return fib_of(35);
}

static uint32_t random_state;
static uint32_t random_word(void)
{
    return random_state = random_state * 1664525 + 1013904223;
}

static uint32_t shellsort(void)
{
    enum { COUNT = 400000 };
    static uint32_t a[COUNT];
    random_state = 1;
    for (unsigned i = 0; i < COUNT; i++)
        a[i] = random_word();
    for (unsigned gap = COUNT / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (unsigned i = gap; i < COUNT; i++) {
            uint32_t value = a[i];
            unsigned k = i;
            for (; k >= gap && a[k - gap] > value; k -= gap)
                a[k] = a[k - gap];
            a[k] = value;
        }
    uint32_t sum = 0;
    for (unsigned i = 0; i < COUNT; i++)
        sum = sum * 31 + a[i];
    return sum;
}

enum { SIDE = 160 };

static uint32_t matrix_int(void)
{
    static int32_t a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
    random_state = 2;
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++) {
            a[i][k] = (int32_t)(random_word() >> 20);
            b[i][k] = (int32_t)(random_word() >> 20);
        }
    uint32_t sum = 0;
    for (int round = 0; round < 8; round++)
        for (int i = 0; i < SIDE; i++)
            for (int k = 0; k < SIDE; k++) {
                int32_t s = 0;
                for (int n = 0; n < SIDE; n++)
                    s += a[i][n] * b[n][k];
                c[i][k] = s;
                sum = sum * 3 + (uint32_t)s;
            }
    return sum + (uint32_t)c[3][4];
}

static uint32_t strings(void)
{
    enum { SIZE = 4096 };
    static char text[SIZE], copy[SIZE];
    uint32_t sum = 0;
    for (int i = 0; i < SIZE - 1; i++)
        text[i] = (char)('a' + i % 23);
    for (int round = 0; round < 100000; round++) {
        text[round % (SIZE - 1)] ^= 1;
        memcpy(copy, text, SIZE);
        sum += (uint32_t)strlen(copy);
        sum += strcmp(copy, text) == 0;
        const char *at = memchr(copy, 'z', SIZE);
        sum += at ? (uint32_t)(at - copy) : 7;
        sum += (uint32_t)strcspn(copy + SIZE - 200, "z") + (memcmp(copy, text + 1, SIZE - 1) > 0);
    }
    return sum;
}

static uint32_t f_add(uint32_t x)
{
    return x + 3;
}
static uint32_t f_mul(uint32_t x)
{
    return x * 5;
}
static uint32_t f_xor(uint32_t x)
{
    return x ^ 0x55;
}
static uint32_t f_rot(uint32_t x)
{
    return x << 7 | x >> 25;
}

static uint32_t indirect(void)
{
    static uint32_t (*const volatile table[4])(uint32_t) = {f_add, f_mul, f_xor, f_rot};
    uint32_t x = 1;
    for (unsigned i = 0; i < 12000000; i++)
        x = table[(i ^ x >> 9) & 3](x);
    return x;
}

/* A machine of eight registers; its program counts and mixes. */
static uint32_t interpreter(void)
{
    enum { ADD, SUB, XOR, MOVE, SHIFT, STORE, LOAD, LOOP, HALT };
    static const uint8_t program[][3] = {{ADD, 1, 2},   {XOR, 3, 1},  {SHIFT, 3, 5}, {SUB, 4, 3},
                                         {STORE, 4, 1}, {LOAD, 5, 3}, {ADD, 2, 5},   {MOVE, 6, 2},
                                         {XOR, 1, 6},   {LOOP, 0, 0}, {HALT, 0, 0}};
    static uint32_t memory[256];
    uint32_t r[8] = {2500000, 1, 3, 5, 7, 11, 13, 17};
    for (unsigned pc = 0;; pc++) {
        uint32_t *d = &r[program[pc][1]], s = r[program[pc][2]];
        switch (program[pc][0]) {
        case ADD:
            *d += s;
            break;
        case SUB:
            *d -= s;
            break;
        case XOR:
            *d ^= s;
            break;
        case MOVE:
            *d = s;
            break;
        case SHIFT:
            *d = *d << 5 | *d >> 27;
            break;
        case STORE:
            memory[s & 255] = *d;
            break;
        case LOAD:
            *d = memory[s & 255];
            break;
        case LOOP:
            if (--*d)
                pc = (unsigned)-1;
            break;
        default:
            return r[1] ^ r[2] ^ r[4];
        }
    }
}

static uint32_t divide(void)
{
    uint32_t x = 0xffffffff, sum = 0;
    uint64_t wide = 0x123456789abcdefull;
    for (uint32_t i = 1; i < 9000000; i++) {
        sum += x / i + x % (i | 1);
        x -= 977;
        if ((i & 15) == 0)
            sum += (uint32_t)((wide += x) / (i + 100003));
    }
    return sum;
}

/* ---- floating point ---- */
static uint32_t bits(double d)
{
    uint64_t u;
    memcpy(&u, &d, sizeof u);
    return (uint32_t)(u ^ u >> 32);
}

static uint32_t matrix_double(void)
{
    static double a[SIDE][SIDE], b[SIDE][SIDE];
    random_state = 3;
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++) {
            a[i][k] = (random_word() >> 8) / 65536.0;
            b[i][k] = (random_word() >> 8) / 65536.0;
        }
    double sum = 0;
    for (int round = 0; round < 12; round++)
        for (int i = 0; i < SIDE; i++)
            for (int k = 0; k < SIDE; k++) {
                double s = 0;
                for (int n = 0; n < SIDE; n++)
                    s += a[i][n] * b[n][k];
                sum = sum / 2 + s;
            }
    return bits(sum);
}

/* Four bodies drawn to each other; only + - * / and no library. */
static uint32_t bodies(void)
{
    double x[4] = {0, 1, -1, 3}, y[4] = {0, 2, 1, -2}, vx[4] = {0}, vy[4] = {0};
    for (int step = 0; step < 500000; step++) {
        for (int i = 0; i < 4; i++)
            for (int k = 0; k < 4; k++) {
                if (i == k)
                    continue;
                double dx = x[k] - x[i], dy = y[k] - y[i];
                double pull = 1e-4 / (dx * dx + dy * dy + 0.25);
                vx[i] += dx * pull;
                vy[i] += dy * pull;
            }
        for (int i = 0; i < 4; i++) {
            x[i] += vx[i];
            y[i] += vy[i];
        }
    }
    return bits(x[0] + 2 * y[1] + 4 * x[2] + 8 * y[3]);
}

static uint32_t mandelbrot(void)
{
    uint32_t sum = 0;
    for (int row = 0; row < 400; row++)
        for (int column = 0; column < 400; column++) {
            float cr = (float)column / 160 - 1.8f, ci = (float)row / 160 - 1.2f, r = 0, i = 0;
            int n = 0;
            for (; n < 100 && r * r + i * i < 4; n++) {
                float t = r * r - i * i + cr;
                i = 2 * r * i + ci;
                r = t;
            }
            sum += (uint32_t)n;
        }
    return sum;
}

/* ---- memory ---- */
/* A walk through 4 MB in an order that no prefetcher guesses. */
static uint32_t chase(void)
{
    enum { COUNT = 1 << 20 };
    static uint32_t next[COUNT];
    for (uint32_t i = 0; i < COUNT; i++)
        next[i] = (i * 1664525 + 1013904223) % COUNT;
    uint32_t at = 0;
    for (int i = 0; i < 3000000; i++)
        at = next[at];
    return at;
}

/* The results hold on every machine with IEEE arithmetic; `kernels --results` prints them anew. */
static const struct kernel {
    const char *name;
    uint32_t (*run)(void);
    uint32_t result;
} kernels[] = {
    {"alu", alu, 0x02700847},
    {"sieve", sieve, 0x00014069},
    {"fib", fib, 0x008cccc9},
    {"shellsort", shellsort, 0xb9c2f788},
    {"matrix_int", matrix_int, 0x128f9226},
    {"strings", strings, 0x19a454c0},
    {"indirect", indirect, 0xeee96380},
    {"interpreter", interpreter, 0xfc7ba6b9},
    {"divide", divide, 0x179872bb},
    {"matrix_double", matrix_double, 0xdde14be5},
    {"bodies", bodies, 0x8f1e5a9a},
    {"mandelbrot", mandelbrot, 0x004795a7},
    {"chase", chase, 0x0000b9c0},
};

int main(int argc, char **argv)
{
    int wrong = 0, learn = argc == 2 && !strcmp(argv[1], "--results");
    for (unsigned i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        const struct kernel *k = &kernels[i];
        int wanted = argc == 1 || learn;
        for (int n = 1; n < argc; n++)
            wanted |= !strcmp(argv[n], k->name);
        if (!wanted)
            continue;
        double start = now_ns();
        uint32_t result = k->run();
        double ms = (now_ns() - start) / 1e6;
        if (learn) {
            printf("%s 0x%08x\n", k->name, result);
        } else if (result == k->result) {
            report(k->name, ms, "ms");
        } else {
            printf("WRONG %s: 0x%08x, not 0x%08x\n", k->name, result, k->result);
            wrong = 1;
        }
    }
    return wrong;
}
