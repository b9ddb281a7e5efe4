/* How long the passes take per guest instruction, and the interpreter. Figures, not results. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <backends/interp/interp.h>

#include "ir_test.h"
#include "machine.h"
#include "random.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A loop of ten guest instructions: sums, a shift, flags, a conditional exit; linked to itself. */
static void build_loop(struct ir_block *b)
{
    ir_start(b);
    for (unsigned n = 0; n < 9; n++) {
        ir_insn(b, 0x1000 + 4 * n, 0);
        ir_ref x = ir_get(b, IR_I32, 4 * n), y = ir_get(b, IR_I32, 4 * n + 4);
        if (n % 4 == 3)
            y = ir_bin(b, IR_shl, IR_I32, y, ir_const(b, IR_I32, n));
        ir_put(b, IR_I32, 4 * n + 8, ir_bin(b, n % 2 ? IR_add : IR_xor, IR_I32, x, y));
    }
    ir_insn(b, 0x1024, 0);
    ir_ref left = ir_bin(b, IR_sub, IR_I32, ir_get(b, IR_I32, 60), ir_const(b, IR_I32, 1));
    ir_ref f = ir_flagsof(b, left);
    unsigned out = ir_new_label(b);
    ir_put(b, IR_I32, 60, left);
    ir_putf(b, f, IR_FLAG_ALL);
    ir_brcc(b, f, CC_E, out);
    ir_jump(b, 0x1000, JUMP_PLAIN, 0);
    ir_label(b, out);
    ir_jump(b, 0x2000, JUMP_PLAIN, 0);
    for (const struct ir_pass *p = ir_passes; p->run != NULL; p++)
        p->run(b);
}

static char pool[1 << 16];
static size_t pool_used;

static void *from_pool(struct compile *c, size_t bytes)
{
    (void)c;
    pool_used = (pool_used + 15) & ~(size_t)15;
    pool_used += bytes;
    return pool + pool_used - bytes;
}

static void interpreter_speed(void)
{
    static struct ir_block b;
    static struct test_cpu t;
    struct block block = {.pc = 0x1000};
    struct block_exit *exit;
    struct compile c = {
        .ir = &b, .block = &block, .frontend = &test_frontend, .room = 64, .alloc = from_pool};
    enum { LOOPS = 3000000 };
    build_loop(&b);
    if (interp_compile(&c) == 0)
        return;
    block.exit[0].to = &block;
    t.cpu.reg[15] = LOOPS;
    double begun = now();
    interp_enter(&t.cpu, &block, &exit);
    printf("interpreter: %.1f M guest instructions/s\n", LOOPS * 10e3 / (now() - begun));
}

void test_speed(void)
{
    enum { BLOCKS = 200, ROUNDS = 50 };
    static struct ir_block block[BLOCKS], copy;
    unsigned instructions = 0;
    for (unsigned n = 0; n < BLOCKS; n++) {
        random_block(&block[n], 60, RANDOM_MEMORY | RANDOM_LABELS);
        instructions += block[n].count;
    }
    for (const struct ir_pass *p = ir_passes; p->run != NULL; p++) {
        double spent = 0;
        for (unsigned r = 0; r < ROUNDS; r++)
            for (unsigned n = 0; n < BLOCKS; n++) {
                memcpy(&copy, &block[n], offsetof(struct ir_block, ins[block[n].count + 1]));
                double t = now();
                p->run(&copy);
                spent += now() - t;
            }
        printf("pass %s: %.1f ns per IR instruction\n", p->name, spent / ROUNDS / instructions);
    }
    interpreter_speed();
}
