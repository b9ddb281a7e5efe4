/*
 * ARM user mode on the machine of seqframe/flat.c, the MMU "on": the state of a case to the CPU and back,
 * and what ends a case.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include <frontends/arm/arm_cpu.h>
#include <translator/backend.h>

#include "armseq.h"

static struct arm_cpu *arm;

void machine_start(bool (*go_on)(unsigned why))
{
    static struct flat_guest guest = {.test = "armseq",
                                      .frontend = &arm_frontend,
                                      .not_address = 1,
                                      .fault_status = 7,
                                      .run_data = true};
    guest.go_on = go_on;
    arm = arm_of(flat_start(&guest));
}

struct cpu *machine_cpu(void)
{
    return &arm->cpu;
}

void machine_batch(const struct input *in, unsigned count, const struct backend *b)
{
    uint8_t *slot = flat_batch(b);
    for (unsigned n = 0; n < count; n++, slot += SLOT_BYTES) {
        bool thumb = in[n].s.cpsr & CPSR_T;
        memcpy(slot, in[n].code, in[n].bytes);
        for (unsigned at = in[n].bytes; at < SLOT_BYTES; at += 2) {
            uint16_t half = (uint16_t)(thumb ? UDF_T16 : at & 2 ? UDF_A32 >> 16 : UDF_A32);
            memcpy(slot + at, &half, 2);
        }
    }
    flat_seal();
}

static void set_state(const struct state *s, uint32_t pc)
{
    struct cpu *c = &arm->cpu;
    struct jump_entry *jumps = c->jumps;
    struct fetch_entry *pages = c->fetch;
    memset(arm, 0, sizeof *arm);
    c->jumps = jumps;
    c->fetch = pages;
    arm_frontend.reset(c);
    arm->cp15.sctlr |= SCTLR_M;
    arm->cp15.cpacr = 0x00f00000;
    arm->fpexc = FPEXC_EN;
    arm->cpsr = MODE_USR;
    memcpy(c->reg, s->r, 15 * 4);
    arm_set_cpsr(arm, s->cpsr, CPSR_COMPARED);
    arm_set_fpscr(arm, s->fpscr);
    memcpy(arm->vfp.d, s->d, sizeof s->d);
    flat_set_cpu(c, pc | (s->cpsr & CPSR_T ? 1 : 0));
}

static void get_state(struct state *s)
{
    memcpy(s->r, arm->cpu.reg, 15 * 4);
    s->r[15] = arm->cpu.pc & ~1u;
    s->cpsr = arm_cpsr(arm);
    s->fpscr = arm_fpscr(arm);
    memcpy(s->d, arm->vfp.d, sizeof s->d);
}

bool machine_run(const struct input *in, unsigned n, struct output *out, const char **what)
{
    set_state(&in->s, CODE_AT + n * SLOT_BYTES);
    fill_data(flat_data(), in->seed);
    unsigned why = flat_run();
    memset(out, 0, sizeof *out);
    get_state(&out->s);
    sum_data(flat_data(), out->line);
    *what = why == EXIT_ALIGN ? "misaligned" : why == EXIT_BROKEN ? "endless" : NULL;
    if (why == EXIT_FAULT || why == EXIT_FETCH)
        out->address = arm->cpu.fault_va;
    out->signal = why == EXIT_UNDEFINED                    ? ENDED_UNDEFINED
                  : why == EXIT_FAULT || why == EXIT_FETCH ? ENDED_FAULT
                  : why == EXIT_ALIGN                      ? ENDED_ALIGN
                  : why == EXIT_BREAK                      ? ENDED_BREAK
                                                           : 1000 + why;
    return *what == NULL;
}

void machine_disassemble(const struct input *in, char *to, size_t size)
{
    size_t used = 0;
    uint32_t mode = in->s.cpsr & CPSR_T ? 1 : 0;
    for (unsigned at = 0; at < in->bytes && used + 120 < size;) {
        char text[100];
        uint8_t code[4] = {0};
        memcpy(code, in->code + at, in->bytes - at < 4 ? in->bytes - at : 4);
        unsigned n = arm_frontend.disas(at | mode, 0, code, 4, text, sizeof text);
        uint32_t raw = 0;
        memcpy(&raw, code, n);
        used += (size_t)snprintf(to + used, size - used, "  %3x  %0*x  %s\n", at, (int)n * 2,
                                 n == 4 && mode ? raw << 16 | raw >> 16 : raw, text);
        at += n;
    }
}
