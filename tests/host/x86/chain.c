/* Several blocks: links, the check of a page, computed jumps, attention and the budget. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../frame/frame.h"
#include "x86_test.h"

static const struct backend *const be = &x86_64_backend;
static struct block a, b;
static void *piece[16];
static unsigned pieces;
static size_t used;

static void *take(struct compile *c, size_t bytes)
{
    (void)c;
    return piece[pieces++] = malloc(bytes);
}

static uint64_t second_phys; /* phys2 of the blocks that are made next */

static bool make(struct block *to, uint32_t pc, uint32_t mode, bool icount, const char *text)
{
    char error[200];
    if (!ir_parse(&ir, text, error, sizeof error) || !ir_verify(&ir, error, sizeof error))
        return result("chain", false, "%s", error);
    *to = (struct block){.pc = pc,
                         .mode = mode,
                         .phys = 0x80000000u + pc,
                         .phys2 = second_phys,
                         .insns = (uint16_t)ir.insns};
    struct compile c = {.ir = &ir,
                        .block = to,
                        .frontend = &fronts[1],
                        .cpu = &machine->cpu.cpu,
                        .icount = icount,
                        .write = code + used,
                        .run = code + used,
                        .room = 65536,
                        .alloc = take};
    used += be->compile(&c);
    return to->code_bytes != 0;
}

/* Count r0 down; then to b, on the next page, which counts r1 up and jumps to r2. */
static bool make_both(bool icount)
{
    while (pieces > 0)
        free(piece[--pieces]);
    used = 0;
    return make(&a, 0x1000, 7, icount,
                "insn 0x1000, side 0\n%2 = get.i32 [0]\n%3 = const.i32 0x1\n"
                "%4 = sub.i32 %2, %3\n%5 = flagsof.i32 %4\nput.i32 [0], %4\nputf.nzcv %5\n"
                "insn 0x1004, side 0\n%9 = getf\nbrcc.e %9, L0\njump 0x1000\nL0:\n"
                "jump 0x2000\n") &&
           make(&b, 0x2000, 7, icount,
                "insn 0x2000, side 0\n%2 = get.i32 [4]\n%3 = const.i32 0x1\n"
                "%4 = add.i32 %2, %3\nput.i32 [4], %4\ninsn 0x2004, side 0\n"
                "%7 = get.i32 [8]\njumpto %7\n");
}

static struct block_exit *exit_to(struct block *from, uint32_t pc)
{
    for (unsigned n = 0; n < from->exits; n++)
        if (from->exit[n].pc == pc)
            return &from->exit[n];
    return NULL;
}

/* Where the jump of e leads. */
static const uint8_t *leads_to(const struct block_exit *e)
{
    const uint8_t *field = e->from->code + e->code_offset;
    int32_t rel;
    memcpy(&rel, field, sizeof rel);
    return field + 4 + rel;
}

/* Which links look at cpu->attention: to a block that jumps to itself without, all but that jump. */
static void looking(void)
{
    static struct block c;
    exit_to(&a, 0x2000)->checked_page = false;
    result("a loop without calls", a.unchecked, "looks each time");
    result("no loop", !b.unchecked, "unchecked");
    be->link(exit_to(&a, 0x1000), &a, 0);
    be->link(exit_to(&a, 0x2000), &b, 0);
    result("link to itself", leads_to(exit_to(&a, 0x1000)) == a.code_after, "checks");
    result("link forward", leads_to(exit_to(&a, 0x2000)) == b.code_after, "checks");
    if (!make(&c, 0x800, 7, false, "insn 0x800, side 0\njump 0x1000\n"))
        return;
    be->link(exit_to(&c, 0x1000), &a, 0);
    result("link into a loop", leads_to(exit_to(&c, 0x1000)) == a.code, "does not check");
    if (!make(&c, 0x1000, 7, false,
              "insn 0x1000, side 0\n%2 = get.i32 [4]\n%3 = ld.i32.4.slow [%2]\njump 0x1000\n"))
        return;
    be->link(exit_to(&c, 0x1000), &c, 0);
    result("a loop with a call", !c.unchecked && leads_to(exit_to(&c, 0x1000)) == c.code,
           "does not look");
}

struct expected {
    enum exit_reason reason;
    uint32_t pc, r0, r1;
};

static void go(const char *name, uint32_t r0, uint32_t r2, struct expected want)
{
    struct cpu *cpu = &machine->cpu.cpu;
    struct block_exit *e;
    prepare(machine);
    cpu->reg[0] = r0;
    cpu->reg[1] = 0;
    cpu->reg[2] = r2;
    enum exit_reason reason = be->enter(cpu, &a, &e);
    uint32_t pc = e != NULL ? e->pc : cpu->pc;
    result(name,
           reason == want.reason && pc == want.pc && cpu->reg[0] == want.r0 &&
               cpu->reg[1] == want.r1,
           "reason %d pc %x r0 %x r1 %x", reason, pc, cpu->reg[0], cpu->reg[1]);
}

static void links(void)
{
    struct block_exit *back = exit_to(&a, 0x1000), *on = exit_to(&a, 0x2000);
    go("unlinked", 5, 0, (struct expected){EXIT_LINK, 0x1000, 4, 0});
    be->link(back, &a, 0);
    go("linked to itself", 5, 0, (struct expected){EXIT_LINK, 0x2000, 0, 0});
    be->link(on, &b, 0);
    go("linked on", 5, 0x3000, (struct expected){EXIT_LOOKUP, 0x3000, 0, 1});
    on->checked_page = true;
    be->link(on, &b, 0);
    go("page is not there", 5, 0x3000, (struct expected){EXIT_LOOKUP, 0x2000, 0, 0});
    fetch[2] = (struct fetch_entry){0x2001, (0x80000000u + 0x2000) >> 12};
    go("page is there", 5, 0x3000, (struct expected){EXIT_LOOKUP, 0x3000, 0, 1});
    fetch[2].phys++;
    go("page is another", 5, 0x3000, (struct expected){EXIT_LOOKUP, 0x2000, 0, 0});
    be->link(on, NULL, 0);
    go("unlinked again", 5, 0, (struct expected){EXIT_LINK, 0x2000, 0, 0});
}

/* cpu->look_up: what it is asked, and what it says once; a poke may come meanwhile. */
static uint64_t look_up_says;
static volatile uint64_t poke;
static bool look_up_poked;
static uint32_t look_up_pc;

static uint64_t look_up(struct cpu *cpu)
{
    uint64_t says = look_up_says;
    look_up_pc = cpu->pc;
    look_up_says = 0;
    poke = look_up_poked;
    return says;
}

/* Jumps that the table does not know: the second is to block a, which jumps again. */
static void asking(void)
{
    struct cpu *cpu = &machine->cpu.cpu;
    be->link(exit_to(&a, 0x1000), NULL, 0);
    cpu->look_up = look_up;
    go("look_up does not know", 1, 0x5000, (struct expected){EXIT_LOOKUP, 0x5000, 0, 1});
    result("look_up was asked", look_up_pc == 0x5000, "%x", look_up_pc);
    look_up_says = be->entry(&a);
    go("look_up knows", 1, 0x1000, (struct expected){EXIT_LINK, 0x1000, 0u - 1, 1});
    look_up_says = be->entry(&a);
    look_up_poked = true;
    cpu->pending = &poke;
    go("poke during look_up", 1, 0x1000, (struct expected){EXIT_CHECK, 0x1000, 0, 1});
    look_up_poked = false;
    poke = cpu->attention = 0;
    cpu->pending = NULL;
    cpu->look_up = NULL;
    be->link(exit_to(&a, 0x1000), &a, 0);
}

static void jumping(void)
{
    struct jump_entry *j = &jumps[jump_slot(0x1000, 7)];
    struct cpu *cpu = &machine->cpu.cpu;
    be->link(exit_to(&a, 0x2000), &b, 0);
    fetch[2].phys = (0x80000000u + 0x2000) >> 12;
    *j = (struct jump_entry){.pc = 0x1000, .host = be->entry(&a)};
    cpu->attention = 1;
    go("attention", 5, 0x1000, (struct expected){EXIT_CHECK, 0x1000, 5, 0});
    cpu->attention = 0;
    poke = 1;
    cpu->pending = &poke;
    go("pending poke", 5, 0x1000, (struct expected){EXIT_CHECK, 0x1000, 5, 0});
    result("pending poke makes attention", cpu->attention != 0, "none");
    poke = cpu->attention = 0;
    cpu->pending = NULL;
    j->mode_high = UINT32_MAX;
    go("jump to an absent entry", 1, 0x1000, (struct expected){EXIT_LOOKUP, 0x1000, 0, 1});
    *j = NO_JUMP;
    go("jump to 0", 1, 0, (struct expected){EXIT_LOOKUP, 0, 0, 1});
    jumps[jump_slot(0x1000, 8)] = (struct jump_entry){.pc = 0x1000, .host = be->entry(&a)};
    go("jump in another mode", 1, 0x1000, (struct expected){EXIT_LOOKUP, 0x1000, 0, 1});
    jumps[jump_slot(0x1000, 8)] = NO_JUMP;
}

/* Block a reaches into the page at 0x2000: all ways to it but the dispatcher's look whether that page
 * is where it was. */
static void two_pages(const char *mode)
{
    struct jump_entry *j = &jumps[jump_slot(0x1000, 7)];
    struct cpu *cpu = &machine->cpu.cpu;
    char name[80];
    cpu->budget = 1000;
    be->link(exit_to(&a, 0x1000), &a, 0);
    fetch[2] = (struct fetch_entry){0};
    fetch[3] = (struct fetch_entry){0x3001, (uint32_t)(second_phys >> 12)}; /* of block b */
    snprintf(name, sizeof name, "second page is not there, %s", mode);
    go(name, 5, 0, (struct expected){EXIT_LOOKUP, 0x1000, 4, 0});
    fetch[2] = (struct fetch_entry){0x2001, (uint32_t)(second_phys >> 12) + 1};
    snprintf(name, sizeof name, "second page is another, %s", mode);
    go(name, 5, 0, (struct expected){EXIT_LOOKUP, 0x1000, 4, 0});
    fetch[2].phys--;
    snprintf(name, sizeof name, "second page is there, %s", mode);
    go(name, 5, 0, (struct expected){EXIT_LINK, 0x2000, 0, 0});
    be->link(exit_to(&a, 0x2000), &b, 0);
    *j = (struct jump_entry){.pc = 0x1000, .host = be->entry(&a)};
    fetch[2].page = 0;
    snprintf(name, sizeof name, "computed jump to two pages, %s", mode);
    go(name, 1, 0x1000, (struct expected){EXIT_LOOKUP, 0x1000, 0, 1});
    *j = NO_JUMP;
}

static void budgets(void)
{
    struct cpu *cpu = &machine->cpu.cpu;
    be->link(exit_to(&a, 0x1000), &a, 0);
    cpu->budget = 25;
    go("budget", 1000, 0, (struct expected){EXIT_CHECK, 0x1000, 1000 - 12, 0});
    result("budget left", cpu->budget == 1, "%d", cpu->budget);
    struct jump_entry *j = &jumps[jump_slot(0x1000, 7)];
    be->link(exit_to(&a, 0x2000), &b, 0);
    *j = (struct jump_entry){.pc = 0x1000, .host = be->entry(&a)};
    cpu->budget = 11; /* a, b, a, a, a and one over */
    go("computed jump", 1, 0x1000, (struct expected){EXIT_CHECK, 0x1000, 0u - 3, 1});
    *j = NO_JUMP;
}

void test_chains(void)
{
    machine_random(machine);
    machine->cpu.cpu.attention = 0;
    if (!make_both(false))
        return;
    links();
    jumping();
    asking();
    looking();
    if (make_both(true)) {
        result("a loop that counts", !a.unchecked, "unchecked");
        budgets();
    }
    second_phys = 0x80002000u;
    if (make_both(false))
        two_pages("without count");
    if (make_both(true))
        two_pages("with count");
    second_phys = 0;
    while (pieces > 0)
        free(piece[--pieces]);
}
