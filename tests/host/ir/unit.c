/* The builder and the interpreter, one property at a time. */
#include <string.h>

#include <backends/interp/interp.h>

#include "../frame/frame.h"
#include "ir_test.h"
#include "machine.h"

static struct ir_block b;
static struct machine m;

static bool is_const(ir_ref r, uint64_t v)
{
    return b.ins[r].op == IR_const && (uint64_t)b.ins[r].imm == v;
}

static ir_ref c32(uint32_t v)
{
    return ir_const(&b, IR_I32, v);
}

void test_builder(void)
{
    ir_start(&b);
    ir_ref x = ir_get(&b, IR_I32, 0);
    result("constants are shared", c32(5) == c32(5), "two");
    ir_ref before = c32(5);
    ir_label(&b, ir_new_label(&b));
    result("not over a label", c32(5) != before, "one");
    ir_start(&b);
    x = ir_get(&b, IR_I32, 0);
    result("add 0", ir_bin(&b, IR_add, IR_I32, x, c32(0)) == x, "not folded");
    result("0 + x", ir_bin(&b, IR_add, IR_I32, c32(0), x) == x, "not folded");
    result("2 + 3", is_const(ir_bin(&b, IR_add, IR_I32, c32(2), c32(3)), 5), "not folded");
    result("sums that carry stay", b.ins[ir_bin(&b, IR_add, IR_I32, c32(~0u), c32(3))].op == IR_add,
           "folded");
    result("xor x, x", is_const(ir_bin(&b, IR_xor, IR_I32, x, x), 0), "not folded");
    result("mul 8", b.ins[ir_bin(&b, IR_mul, IR_I32, x, c32(8))].op == IR_shl, "not reduced");
    result("sext8 constant", is_const(ir_un(&b, IR_sext8, IR_I32, c32(0x80)), 0xffffff80), "-");
    ir_ref sum = ir_bin(&b, IR_add, IR_I32, x, c32(9));
    ir_ref f = ir_flagsof(&b, sum);
    result("flagsof follows", f == sum + 1 && ir_flagsof(&b, sum) == f, "no");
    sum = ir_bin(&b, IR_add, IR_I32, x, c32(7));
    c32(123456);
    f = ir_flagsof(&b, sum);
    result("flagsof later repeats", b.ins[f].a == f - 1 && b.ins[f - 1].op == IR_add, "no");
    sum = ir_bin(&b, IR_add, IR_I32, x, c32(0));
    f = ir_flagsof(&b, sum);
    result("flagsof folded", b.ins[f - 1].op == IR_or && b.ins[f - 1].a == x, "no");
    ir_insn(&b, 0x1000, 0);
    ir_align(&b, x, 3);
    unsigned align = b.count;
    ir_store(&b, IR_I32, 2, x, 0, x);
    result("align of a store", b.ins[align].aux == ACCESS_WRITE, "%u", b.ins[align].aux);
    ir_leave(&b, x, EXIT_STATE);
    char error[200] = "";
    result("what was built", ir_verify(&b, error, sizeof error), "%s", error);
    while (ir_room(&b, 1))
        ir_put(&b, IR_I32, 0, ir_get(&b, IR_I32, 4));
    result("full", ir_get(&b, IR_I32, 4) == 0 && b.count == IR_MAX_INS, "%u", b.count);
}

static void start(void)
{
    machine_random(&m);
    ir_start(&b);
    ir_insn(&b, 0x8000, 7);
}

static void test_faults(void)
{
    start();
    m.cpu.cpu.reg[1] = 0x7010;
    ir_put(&b, IR_I32, 0, c32(1));
    ir_insn(&b, 0x8004, 9);
    ir_store(&b, IR_I32, 2 | MEM_USER, ir_get(&b, IR_I32, 4), 4, c32(3));
    ir_put(&b, IR_I32, 0, c32(2));
    ir_leave(&b, c32(0x8008), EXIT_STATE);
    struct outcome o = machine_run(&m, &b, true);
    struct cpu *c = &m.cpu.cpu;
    result("fault",
           o.reason == EXIT_FAULT && c->fault_va == 0x7014 &&
               c->fault_kind == (ACCESS_WRITE | ACCESS_USER),
           "%d %x %x", o.reason, c->fault_va, c->fault_kind);
    result("fault: state",
           c->pc == 0x8004 && c->exit_value == 9 && c->reg[0] == 1 && c->exit_request == 0,
           "%x %u %u", c->pc, c->exit_value, c->reg[0]);
    result("fault: count", c->budget == 9999, "%d", c->budget);
    start();
    m.cpu.cpu.reg[1] = 0x1002;
    ir_align(&b, ir_get(&b, IR_I32, 4), 3);
    ir_load(&b, IR_I32, 2, ir_get(&b, IR_I32, 4), 0);
    ir_leave(&b, c32(0), EXIT_STATE);
    o = machine_run(&m, &b, false);
    result("misaligned", o.reason == EXIT_ALIGN && c->fault_va == 0x1002 && c->pc == 0x8000, "%d",
           o.reason);
    start();
    ir_call(&b, IR_I32, HELPER_EXIT, CALL_EXITS, c32(1), c32(0), 0);
    ir_leave(&b, c32(0), EXIT_STATE);
    o = machine_run(&m, &b, false);
    result("helper leaves", o.reason == EXIT_UNDEFINED && c->pc == 0x8000 && c->exit_value == 7,
           "%d", o.reason);
}

static void test_entry(void)
{
    struct cpu *c = &m.cpu.cpu;
    start();
    ir_jump(&b, 0x9000, JUMP_PLAIN, 0);
    struct outcome o = machine_run(&m, &b, true);
    result("unlinked", o.reason == EXIT_LINK && o.pc == 0x9000 && c->budget == 9999, "%d",
           o.reason);
    machine_random(&m);
    c->attention = 1;
    o = machine_run(&m, &b, false);
    result("attention", o.reason == EXIT_CHECK && c->pc == 0x1000, "%d", o.reason);
    volatile uint64_t poke = 1;
    machine_random(&m);
    c->pending = &poke;
    o = machine_run(&m, &b, false);
    result("pending poke", o.reason == EXIT_CHECK && c->attention != 0, "%d", o.reason);
    c->pending = NULL;
    machine_random(&m);
    c->budget = 0;
    o = machine_run(&m, &b, true);
    result("no budget", o.reason == EXIT_CHECK && c->pc == 0x1000 && c->budget == 0, "%d",
           o.reason);
    start();
    ir_jump(&b, 0x9000, JUMP_CHECK, 0);
    o = machine_run(&m, &b, false);
    result("jump with check", o.reason == EXIT_CHECK && c->pc == 0x9000, "%d", o.reason);
}

/* Flags of i32 operations, by hand: operation, a, b, carry in; result, NZ byte, C, V. */
static const struct {
    uint8_t op;
    uint32_t a, b, carry, r, nz, c, v;
} sums[] = {
    {IR_add, 1, 2, 0, 3, NZ_P, 0, 0},
    {IR_add, 0xffffffff, 1, 0, 0, NZ_Z | NZ_A | NZ_P, 1, 0},
    {IR_add, 0x7fffffff, 1, 0, 0x80000000, NZ_N | NZ_A | NZ_P, 0, 1},
    {IR_add, 0x80000000, 0x80000000, 0, 0, NZ_Z | NZ_P, 1, 1},
    {IR_adc, 0xffffffff, 0xffffffff, 1, 0xffffffff, NZ_N | NZ_A | NZ_P, 1, 0},
    {IR_adc, 0x7fffffff, 0, 1, 0x80000000, NZ_N | NZ_A | NZ_P, 0, 1},
    {IR_sub, 1, 2, 0, 0xffffffff, NZ_N | NZ_A | NZ_P, 1, 0},
    {IR_sub, 2, 2, 0, 0, NZ_Z | NZ_P, 0, 0},
    {IR_sub, 0x80000000, 1, 0, 0x7fffffff, NZ_A | NZ_P, 0, 1},
    {IR_sbb, 0, 0xffffffff, 1, 0, NZ_Z | NZ_A | NZ_P, 1, 0},
    {IR_sbb, 5, 3, 1, 1, 0, 0, 0},
    {IR_neg, 0x80000000, 0, 0, 0x80000000, NZ_N | NZ_P, 1, 1},
    {IR_neg, 0, 0, 0, 0, NZ_Z | NZ_P, 0, 0},
    {IR_and, 0xf0, 0x0f, 0, 0, NZ_Z | NZ_P, 0, 0},
    {IR_xor, 0x80000000, 1, 0, 0x80000001, NZ_N, 0, 0},
};

static void test_flags(void)
{
    for (unsigned n = 0; n < sizeof sums / sizeof sums[0]; n++) {
        start();
        struct cpu *c = &m.cpu.cpu;
        c->reg[0] = sums[n].a;
        c->reg[1] = sums[n].b;
        c->flags.c = (uint8_t)sums[n].carry;
        ir_ref x = ir_get(&b, IR_I32, 0);
        ir_ref y = sums[n].op == IR_neg ? 0 : ir_get(&b, IR_I32, 4);
        ir_ref f = sums[n].op == IR_adc || sums[n].op == IR_sbb ? ir_getf(&b) : 0;
        ir_ref r = ir_tri(&b, sums[n].op, IR_I32, x, y, f);
        ir_putf(&b, ir_flagsof(&b, r), IR_FLAG_ALL);
        ir_put(&b, IR_I32, 8, r);
        ir_leave(&b, c32(0), EXIT_STATE);
        machine_run(&m, &b, false);
        result("flags",
               c->reg[2] == sums[n].r && c->flags.nz == sums[n].nz && c->flags.c == sums[n].c &&
                   c->flags.v == sums[n].v,
               "%s %x %x: %x %02x %u %u", ir_op_table[sums[n].op].name, sums[n].a, sums[n].b,
               c->reg[2], c->flags.nz, c->flags.c, c->flags.v);
    }
}

/* ---- links and the jump table: two blocks that stay -------------------------------------------- */

static char pool[1 << 14];
static size_t pool_used;

static void *from_pool(struct compile *c, size_t bytes)
{
    (void)c;
    pool_used = (pool_used + 7) & ~(size_t)7;
    pool_used += bytes;
    return pool + pool_used - bytes;
}

static void make(struct block *block, uint32_t pc)
{
    struct compile c = {.ir = &b,
                        .block = block,
                        .frontend = &test_frontend,
                        .room = 64,
                        .icount = true,
                        .alloc = from_pool};
    *block = (struct block){.pc = pc, .mode = 3, .phys = 0x5000 | (pc & 0xfff)};
    result("compiled", interp_backend.compile(&c) == 16, "%x", pc);
}

static void test_links(void)
{
    static struct fetch_entry fetch[FETCH_ENTRIES];
    static struct jump_entry jumps[JUMP_ENTRIES];
    static struct block one, two;
    struct cpu *c = &m.cpu.cpu;
    struct block_exit *exit;
    start();
    jumps_clear(jumps);
    c->fetch = fetch;
    c->jumps = jumps;
    ir_jump(&b, 0x9000, JUMP_PLAIN, 0);
    make(&one, 0x8000);
    ir_start(&b);
    ir_insn(&b, 0x9000, 0);
    ir_jumpto(&b, c32(0x8000), JUMP_PLAIN, 0);
    make(&two, 0x9000);
    interp_backend.link(&one.exit[0], &two, 0);
    enum exit_reason r = interp_backend.enter(c, &one, &exit);
    result("linked", r == EXIT_LOOKUP && c->pc == 0x8000 && c->budget == 9998, "%d %d", r,
           c->budget);
    jumps[jump_slot(0x8000, 3)] =
        (struct jump_entry){.pc = 0x8000, .host = interp_backend.entry(&one)};
    c->budget = 7;
    r = interp_backend.enter(c, &one, &exit);
    result("jump table", r == EXIT_CHECK && c->pc == 0x9000 && c->budget == 0, "%d %x %d", r, c->pc,
           c->budget);
    c->budget = 7;
    one.exit[0].checked_page = true;
    r = interp_backend.enter(c, &one, &exit);
    result("page not known", r == EXIT_LOOKUP && c->pc == 0x9000 && c->budget == 6, "%d", r);
    fetch[9] = (struct fetch_entry){0x9001, 5};
    r = interp_backend.enter(c, &one, &exit);
    result("page known", r == EXIT_CHECK && c->budget == 0, "%d", r);
    fetch[9].phys = 6;
    c->budget = 7;
    r = interp_backend.enter(c, &one, &exit);
    result("page is another", r == EXIT_LOOKUP && c->pc == 0x9000, "%d", r);
    interp_backend.link(&one.exit[0], NULL, 0);
    r = interp_backend.enter(c, &one, &exit);
    result("unlinked again", r == EXIT_LINK && exit == &one.exit[0], "%d", r);
}

void test_interpreter(void)
{
    test_links();
    test_faults();
    test_entry();
    test_flags();
}
