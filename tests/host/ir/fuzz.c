/* Damaged input: the parser takes any text, the verifier any block, and what it accepts runs. */
#include <stdlib.h>
#include <string.h>

#include "../frame/frame.h"
#include "ir_test.h"
#include "machine.h"
#include "random.h"

static struct ir_block block;

static void damage_text(char *text, size_t length)
{
    static const char letters[] = "%.,[]+-<:;=L0123456789xabcdefghijklmnoprstuvw \n";
    for (unsigned n = (unsigned)(random_next() >> 61) + 1; n > 0; n--) {
        size_t at = random_next() % length;
        switch (random_next() >> 62) {
        case 0:
            text[at] = (char)(random_next() >> 56);
            break;
        case 1:
            memmove(text + at, text + at + 1, length - at);
            break;
        default:
            text[at] = letters[random_next() % (sizeof letters - 1)];
        }
    }
}

static void fuzz_text(void)
{
    static char text[1 << 18];
    char error[300];
    random_block(&block, 30, RANDOM_ALL);
    size_t n = ir_print(&block, text, sizeof text);
    damage_text(text, n);
    text[n] = 0;
    if (ir_parse(&block, text, error, sizeof error))
        ir_verify(&block, error, sizeof error);
}

/* A block with damaged fields that the verifier accepts must go through passes and run. */
static void fuzz_block(void)
{
    static struct machine m;
    char error[300];
    random_block(&block, 30, RANDOM_ALL);
    for (unsigned n = (unsigned)(random_next() >> 62) + 1; n > 0; n--) {
        struct ir_ins *i = &block.ins[1 + random_next() % block.count];
        uint8_t *byte = (uint8_t *)i + random_next() % sizeof *i;
        *byte = (uint8_t)(random_next() >> (random_next() & 1 ? 56 : 61));
    }
    if (!ir_verify(&block, error, sizeof error))
        return;
    for (unsigned n = 1; n <= block.count; n++) { /* state and helpers the machine has not got */
        struct ir_ins *i = &block.ins[n];
        if ((i->op == IR_get || i->op == IR_put) && i->imm > (int64_t)sizeof(struct test_cpu) - 16)
            return;
        if (i->op == IR_put && (i->imm >= 64 - 16 && i->imm < (int64_t)sizeof(struct cpu)))
            return;
        if (i->op == IR_call && i->imm >= TEST_HELPERS)
            return;
        if (i->op >= IR_xset && i->op <= IR_xdrop)
            return;
    }
    for (const struct ir_pass *p = ir_passes; p->run != NULL; p++)
        p->run(&block);
    machine_random(&m);
    machine_run(&m, &block, false);
}

void test_damage(unsigned rounds)
{
    for (unsigned n = 0; n < rounds; n++) {
        fuzz_text();
        fuzz_block();
    }
    result("damaged text and blocks", true, "-");
}
