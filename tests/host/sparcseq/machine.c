/*
 * SPARC user mode on the machine of seqframe/flat.c, the MMU "on": the state of a case to the CPU and back, and
 * what ends a case. Numbers in memory are the guest's, so they are turned round here.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include <frontends/sparc/sparc_cpu.h>
#include <translator/backend.h>

#include "sparcseq.h"

static struct sparc_cpu *sparc;

void machine_start(void)
{
    static const struct flat_area areas[] = {
        {CODE_AT, CODE_BYTES}, {DATA_AT, DATA_BYTES}, {STACK_AT, STACK_BYTES}, {0, 0}};
    static const struct flat_guest guest = {.test = "sparcseq",
                                            .frontend = &sparc_frontend,
                                            .fault_status = 7,
                                            .run_data = true,
                                            .end_at = EXIT_AT,
                                            .areas = areas};
    sparc = sparc_of(flat_start(&guest));
}

void machine_batch(const struct input *in, unsigned count, const struct backend *b)
{
    static unsigned batches;
    flat_take_inside(batches++ / 2 % 4 == 2); /* where traps lead to there is no code */
    uint8_t *code = flat_batch(b);
    for (unsigned n = 0; n < count; n++)
        for (unsigned k = 0; k < in[n].words; k++) {
            uint32_t word = __builtin_bswap32(in[n].code[k]);
            memcpy(code + 4 * (n * SLOT_WORDS + k), &word, 4);
        }
    flat_seal();
}

static void set_state(const struct state *s, uint32_t pc)
{
    struct cpu *c = &sparc->cpu;
    struct jump_entry *jumps = c->jumps;
    struct fetch_entry *pages = c->fetch;
    memset(sparc, 0, sizeof *sparc);
    c->jumps = jumps;
    c->fetch = pages;
    sparc_frontend.reset(c);
    sparc->mmu.control = MMU_E;
    sparc->wim = s->spare;
    sparc_set_psr(sparc, PSR_EF | PSR_ET | s->icc << 20);
    for (unsigned n = 1; n < 32; n++)
        *sparc_reg(sparc, n) = s->r[n];
    sparc->y = s->y;
    for (unsigned n = 0; n < 32; n++)
        sparc->f[n ^ 1] = s->f[n];
    sparc_set_fsr(sparc, s->fsr);
    flat_set_cpu(c, pc);
    sparc_set_pcs(sparc, pc, pc + 4);
}

static void get_state(struct state *s)
{
    for (unsigned n = 0; n < 32; n++) {
        s->r[n] = sparc_reg_value(sparc, n);
        s->f[n] = sparc->f[n ^ 1];
    }
    s->y = sparc->y;
    s->icc = sparc_psr(sparc) >> 20 & 15;
    s->fsr = sparc_fsr(sparc);
}

bool machine_run(const struct input *in, unsigned n, struct output *out, const char **what)
{
    static char why[60];
    set_state(&in->s, CODE_AT + 4 * n * SLOT_WORDS);
    uint32_t *data = flat_at(DATA_AT);
    fill_data(data, in->seed);
    for (unsigned k = 0; k < DATA_BYTES / 4; k++)
        data[k] = __builtin_bswap32(data[k]);
    uint32_t *stack = flat_at(STACK_AT);
    memset(stack, 0, STACK_BYTES);
    enum exit_reason reason = flat_run();
    memset(out, 0, sizeof *out);
    get_state(&out->s);
    uint32_t cwp = sparc->cwp;
    for (unsigned k = 0; k < DATA_BYTES / 4; k++) {
        uint32_t *sum = &out->line[k / (DATA_BYTES / 4 / LINES)];
        *sum = *sum * 31 + __builtin_bswap32(data[k]);
    }
    uint32_t rest = 0;
    sparc_set_cwp(sparc, 0); /* brings all others to memory */
    for (unsigned k = 0; k < SPARC_WINDOWS * 16; k++)
        rest = rest * 31 + sparc->window[k / 16][k % 16];
    for (unsigned k = 0; k < STACK_BYTES / 4; k++)
        rest = rest * 31 + stack[k];
    const uint32_t end[8] = {
        (uint32_t)reason,      sparc->cpu.pc,       sparc_npc(sparc), cwp, rest,
        sparc->cpu.fault_kind, sparc->cpu.fault_va, sparc->tt};
    memcpy(out->end, end, sizeof end);
    if (reason != EXIT_ALIGN) /* machine_fault does not know the kind */
        out->end[5] = 0;
    if (reason != EXIT_FAULT && reason != EXIT_ALIGN)
        out->end[6] = 0;
    snprintf(why, sizeof why, "ended by %u tt %x at %08x", (unsigned)reason, sparc->tt,
             sparc->cpu.pc);
    *what = reason == EXIT_NONE ? NULL : why;
    return *what == NULL;
}

void machine_disassemble(const struct input *in, char *to, size_t size)
{
    size_t used = 0;
    for (unsigned at = 0; at < in->words && used + 120 < size; at++) {
        char text[100];
        uint32_t raw = __builtin_bswap32(in->code[at]);
        sparc_frontend.disas(4 * at, 0, (const uint8_t *)&raw, 4, text, sizeof text);
        used += (size_t)snprintf(to + used, size - used, "  %3x  %08x  %s\n", 4 * at, in->code[at],
                                 text);
    }
}
