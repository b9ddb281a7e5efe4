/*
 * System calls, returns from them and writes of the DACR: in line, by helpers, and through the
 * dispatcher, on each backend. What they leave must be the same.
 *
 * A case is user code with SVC, a handler at VBAR + 8 that may change SPSR and the DACR, and one of the ways
 * to return. It ends with an undefined instruction, wherever the returns led to.
 */
#include <stdio.h>
#include <string.h>

#include <frontends/arm/arm_cpu.h>
#include <translator/backend.h>

#include "../frame/frame.h"
#include "armseq.h"

#define CASES     1500u
#define VECTORS   (CODE_AT + SLOT_BYTES)
#define SVC_STACK (DATA_AT + 4096)

enum way { IN_LINE, BY_HELPER, BY_DISPATCHER, WAYS };
static const char *const way_names[WAYS] = {"in line", "by helper", "by dispatcher"};
static enum way way;

static uint32_t pick(uint32_t n)
{
    return (uint32_t)(random_next() >> 20) % n;
}

bool twins_go_on(unsigned why)
{
    if (why != EXIT_CALL || way != BY_DISPATCHER)
        return false;
    arm_frontend.deliver(machine_cpu(), EXIT_CALL);
    return true;
}

/* ---- cases -------------------------------------------------------------------------------------- */

struct twin_case {
    bool thumb;
    uint32_t r[15], status, ge, cpacr, fpexc, dacr[2];
    uint8_t code[2][CODE_MAX];
    unsigned bytes[2];
};

static void add(struct twin_case *t, unsigned part, uint32_t word, unsigned bytes)
{
    memcpy(t->code[part] + t->bytes[part], &word, bytes);
    t->bytes[part] += bytes;
}

static void user_a32(struct twin_case *t)
{
    static const uint32_t before[] = {
        0xe0910002, /* adds r0, r1, r2 */
        0xe0533000, /* subs r3, r3, r0 */
        0xe6506f91, /* uadd8 r6, r0, r1 */
        0xe128f002, /* msr cpsr_f, r2 */
        0xe1500001, /* cmp r0, r1 */
        0xe1a00000, /* nop */
    };
    for (unsigned n = 1 + pick(2); n > 0; n--) {
        for (unsigned k = pick(4); k > 0; k--)
            add(t, 0, before[pick(6)], 4);
        add(t, 0, (pick(4) == 0 ? pick(14) << 28 : 0xe0000000u) | 0x0f000000u | pick(256), 4);
    }
    add(t, 0, UDF_A32, 4);
}

static void user_t32(struct twin_case *t)
{
    static const uint16_t before[] = {
        0x1888, /* adds r0, r1, r2 */
        0x1a1b, /* subs r3, r3, r0 */
        0x4288, /* cmp r0, r1 */
        0xbf00, /* nop */
    };
    for (unsigned n = 1 + pick(2); n > 0; n--) {
        for (unsigned k = pick(4); k > 0; k--)
            add(t, 0, before[pick(4)], 2);
        if (pick(4) == 0)
            add(t, 0, pick(2) ? 0xbf08 : 0xbf04, 2); /* IT, ITT EQ */
        add(t, 0, 0xdf00 | pick(256), 2);
        add(t, 0, 0x3001, 2); /* adds r0, #1 */
    }
    add(t, 0, UDF_T16, 2);
}

static void handler(struct twin_case *t)
{
    static const uint32_t pieces[][3] = {
        {0xe14f8000},                         /* mrs r8, spsr */
        {0xe14f8000, 0xe0288009, 0xe16ff008}, /* eor r8, r8, r9; msr spsr_fsxc, r8 */
        {0xee034f10, 0xee13af10},             /* mcr r4 to the DACR, mrc r10 */
        {0xee035f10},                         /* mcr r5 */
        {0x1e034f10, 0xee03bf10},             /* mcrne r4; mcr r11, a value of its own */
        {0xe0533000, 0xee034f10, 0x02833001}, /* flags across it; addeq r3, r3, #1 */
        {0xf57ff06f},                         /* isb */
    };
    static const uint32_t ends[][3] = {
        {0xe1b0f00e},             /* movs pc, lr */
        {0x11b0f00e, 0xe1b0f00e}, /* movnes pc, lr; movs pc, lr */
        {0xe92d4007, 0xe8fd8007}, /* push {r0-r2, lr}; ldm sp!, {r0-r2, pc}^ */
        {0xf96d0513, 0xf8bd0a00}, /* srsdb sp!, #19; rfeia sp! */
        {0xe1b0f00e},
    };
    for (unsigned n = pick(4); n > 0; n--) {
        const uint32_t *p = pieces[pick(7)];
        for (unsigned k = 0; k < 3 && p[k] != 0; k++)
            add(t, 1, p[k], 4);
    }
    const uint32_t *p = ends[pick(5)];
    for (unsigned k = 0; k < 3 && p[k] != 0; k++)
        add(t, 1, p[k], 4);
    add(t, 1, UDF_A32, 4);
}

static void make(struct twin_case *t)
{
    static const uint32_t cpacr[] = {0, 5u << 20, 0xfu << 20, 3u << 20};
    memset(t, 0, sizeof *t);
    t->thumb = pick(2);
    for (unsigned n = 0; n < 15; n++)
        t->r[n] = (uint32_t)random_next();
    /* What the handler flips of SPSR: often flags and GE, sometimes anything. */
    t->r[9] &= pick(8) == 0 ? 0xffffffff : pick(2) ? 0xf8000000 : 0xf80f01c0;
    t->status = (uint32_t)random_next() & (CPSR_N | CPSR_Z | CPSR_C | CPSR_V | CPSR_Q);
    t->ge = pick(2) ? 0 : pick(16);
    t->cpacr = cpacr[pick(4)];
    t->fpexc = pick(2) ? FPEXC_EN : 0;
    for (unsigned n = 0; n < 2; n++)
        t->dacr[n] = pick(3) == 0 ? t->r[4 + n] ^ 4 : t->r[4 + n];
    (t->thumb ? user_t32 : user_a32)(t);
    handler(t);
}

/* ---- running ------------------------------------------------------------------------------------ */

struct left {
    uint32_t r[15], pc, cpsr, spsr, sp[BANKS], lr[BANKS], saved[BANKS], mode, dacr, exclusive,
        event;
    uint32_t fp_code, why;
};

static void set_up(const struct twin_case *t)
{
    struct cpu *c = machine_cpu();
    struct arm_cpu *arm = arm_of(c);
    struct jump_entry *jumps = c->jumps;
    struct fetch_entry *pages = c->fetch;
    memset(arm, 0, sizeof *arm);
    c->jumps = jumps;
    c->fetch = pages;
    arm_frontend.reset(c);
    arm->cp15.sctlr |= SCTLR_M;
    arm->cp15.vbar = VECTORS;
    arm_set_vectors(arm);
    arm->cp15.cpacr = t->cpacr;
    arm->fpexc = t->fpexc;
    arm_set_user_vfp(arm);
    arm->cpsr = MODE_USR;
    arm_set_cpsr(arm, t->status, CPSR_N | CPSR_Z | CPSR_C | CPSR_V | CPSR_Q);
    arm_set_ge(arm, t->ge);
    arm->exclusive_valid = 4;
    arm->bank_sp[BANK_SVC] = SVC_STACK;
    memcpy(c->reg, t->r, sizeof t->r);
    flat_set_cpu(c, CODE_AT | t->thumb);
    c->hinders = way == IN_LINE ? 0 : HINDER_SIDES;
    for (unsigned n = 0; n < SIDES; n++)
        c->side[n] = (struct cpu_side){c->jumps, c->fetch, c->base, c->alt_base};
    for (unsigned n = 0; n < VIEWS; n++)
        c->view[n] = (struct cpu_view){c->alt_base, c->choose_base,
                                       way == IN_LINE ? t->dacr[n] : UINT64_MAX, 0};
}

static void run(const struct twin_case *t, const struct backend *b, struct left *to)
{
    uint8_t *slot = flat_batch(b);
    flat_take_inside(way != BY_DISPATCHER);
    memset(slot, 0, SLOT_BYTES * 2);
    memcpy(slot, t->code[0], t->bytes[0]);
    memcpy(slot + SLOT_BYTES + 8, t->code[1], t->bytes[1]);
    flat_seal();
    set_up(t);
    fill_data(flat_data(), 1);
    memset(to, 0, sizeof *to);
    to->why = flat_run();
    flat_take_inside(false);
    const struct arm_cpu *a = arm_of_const(machine_cpu());
    memcpy(to->r, a->cpu.reg, sizeof to->r);
    to->pc = a->cpu.pc;
    to->cpsr = arm_cpsr(a);
    to->spsr = arm_privileged(a) && (a->cpsr & CPSR_MODE) != MODE_SYS ? a->spsr : 0;
    enum arm_bank now = arm_bank(a->cpsr);
    for (unsigned n = 0; n < BANKS; n++) {
        to->sp[n] = n == now ? 0 : a->bank_sp[n];
        to->lr[n] = n == now ? 0 : a->bank_lr[n];
        to->saved[n] = n == now || n == BANK_USR ? 0 : a->bank_spsr[n];
    }
    to->mode = arm_mode_word(&a->cpu);
    to->dacr = a->cp15.dacr;
    to->exclusive = a->exclusive_valid;
    to->event = a->event;
    to->fp_code = a->fp_code;
}

static void say(const struct twin_case *t, const struct left *is, const struct left *want)
{
    const uint32_t *x = (const uint32_t *)is, *y = (const uint32_t *)want;
    for (unsigned n = 0; n < sizeof *is / 4; n++)
        if (x[n] != y[n])
            printf("  word %u: %08x, should be %08x\n", n, x[n], y[n]);
    for (unsigned part = 0; part < 2; part++)
        for (unsigned at = 0; at < t->bytes[part]; at += part == 0 && t->thumb ? 2 : 4) {
            uint32_t word = 0;
            memcpy(&word, t->code[part] + at, part == 0 && t->thumb ? 2 : 4);
            printf("  %s %02x: %08x\n", part == 0 ? "user" : "handler", at, word);
        }
}

void twins_run(const char *const *backend_names, unsigned count)
{
    static struct twin_case t;
    unsigned bad = 0, helped[WAYS] = {0};
    for (unsigned n = 0; n < CASES && bad < 4; n++) {
        struct left want, is;
        bool first = true;
        make(&t);
        for (unsigned k = 0; k < count; k++)
            for (way = WAYS; way-- > 0;) {
                const struct backend *b = machine_backend(backend_names[k]);
                if (b == NULL)
                    continue;
                redirected = 0;
                run(&t, b, first ? &want : &is);
                helped[way] += redirected;
                if (!first && memcmp(&want, &is, sizeof is) != 0) {
                    printf("case %u, %s, %s:\n", n, backend_names[k], way_names[way]);
                    say(&t, &is, &want);
                    bad++;
                }
                first = false;
            }
    }
    /* Most are done in line, and none by a helper where it goes through the dispatcher. */
    result("armseq system calls",
           bad == 0 && helped[BY_HELPER] > CASES && helped[IN_LINE] < helped[BY_HELPER] / 2 &&
               helped[BY_DISPATCHER] == 0,
           "%u differ; by helpers %u, %u in line", bad, helped[BY_HELPER], helped[IN_LINE]);
}
