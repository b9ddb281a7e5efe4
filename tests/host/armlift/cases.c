/*
 * Runs cases.txt: one line, one case.
 *
 *     SET CODE... : INPUT... => OUTPUT...     # comment
 *
 * SET is A (A32) or T (T32); CODE the instructions, hexadecimal: A32 words; T32 halfwords, or 8
 * digits for a wide one (first halfword first). Numbers are hexadecimal. Inputs and outputs:
 *
 *     rN=v  sp=v  lr=v     registers (sp and lr are r13, r14)
 *     f=nzcvq              flags that are set, as letters; "f=-": none
 *     ge=v                 GE[3:0]
 *     [a]=v                the word at address a
 *     cpsr=v spsr=v it=v   (cpsr without flags) cpsr=13 runs in Supervisor mode
 *     sctlr=v              input only: these bits are set
 *     usp=v ulr=v          banked registers of User mode
 *     pc=v                 output: where it ended, with T; default: behind the code
 *     exit=name            output: undefined call break fault align fetch halt; default: none
 *
 * What is not named is 0 as input and must be unchanged as output: registers, flags, GE, CPSR. Memory
 * is compared where outputs name it. Every case runs three times: as one block with and without
 * passes, and as blocks of one instruction.
 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../frame/frame.h"

struct state {
    uint32_t reg[15], psr, spsr, usp, ulr;
    uint32_t ge, it;
};

static const char *const exits[] = {
    [EXIT_NONE] = "none",   [EXIT_UNDEFINED] = "undefined", [EXIT_CALL] = "call",
    [EXIT_BREAK] = "break", [EXIT_FAULT] = "fault",         [EXIT_ALIGN] = "align",
    [EXIT_FETCH] = "fetch", [EXIT_HALT] = "halt",           [EXIT_DEBUG] = "endless",
};

static uint32_t flags_of(const char *letters)
{
    uint32_t v = 0;
    for (const char *p = letters; *p != 0; p++)
        v |= *p == 'n'   ? CPSR_N
             : *p == 'z' ? CPSR_Z
             : *p == 'c' ? CPSR_C
             : *p == 'v' ? CPSR_V
             : *p == 'q' ? CPSR_Q
                         : 0;
    return v;
}

#define FLAGS (CPSR_N | CPSR_Z | CPSR_C | CPSR_V | CPSR_Q)

/* One NAME=VALUE into *s; memory to `memory` words of [2]. False: not understood. */
static bool assign(struct state *s, const char *name, const char *value, uint32_t memory[][2],
                   unsigned *words)
{
    uint32_t v = (uint32_t)strtoul(value, NULL, 16);
    if (name[0] == 'r' && name[1] >= '0' && name[1] <= '9')
        s->reg[atoi(name + 1) % 15] = v;
    else if (strcmp(name, "sp") == 0)
        s->reg[13] = v;
    else if (strcmp(name, "lr") == 0)
        s->reg[14] = v;
    else if (strcmp(name, "f") == 0)
        s->psr = (s->psr & ~FLAGS) | flags_of(value);
    else if (strcmp(name, "ge") == 0)
        s->ge = v;
    else if (strcmp(name, "it") == 0)
        s->it = v;
    else if (strcmp(name, "cpsr") == 0)
        s->psr = (s->psr & FLAGS) | v;
    else if (strcmp(name, "spsr") == 0)
        s->spsr = v;
    else if (strcmp(name, "usp") == 0)
        s->usp = v;
    else if (strcmp(name, "ulr") == 0)
        s->ulr = v;
    else if (name[0] == '[' && *words < 32) {
        memory[*words][0] = (uint32_t)strtoul(name + 1, NULL, 16);
        memory[(*words)++][1] = v;
    } else
        return false;
    return true;
}

struct test {
    bool thumb;
    uint8_t code[128];
    unsigned bytes;
    struct state in, out;
    uint32_t memory[32][2], expect[32][2], pc, sctlr;
    unsigned words, expects;
    const char *exit;
};

static bool parse(struct test *t, char *line)
{
    memset(t, 0, sizeof *t);
    t->in.psr = MODE_USR;
    t->exit = "none";
    unsigned part = 0;
    for (char *w = strtok(line, " \t\n"); w != NULL && w[0] != '#'; w = strtok(NULL, " \t\n")) {
        char *equals = strchr(w, '=');
        if (strcmp(w, ":") == 0) {
            part = 1;
            t->pc = (CODE_AT + t->bytes) | t->thumb;
        } else if (strcmp(w, "=>") == 0) {
            part = 2;
            t->out = t->in;
        } else if (part == 0 && (w[0] == 'T' || w[0] == 'A') && w[1] == 0) {
            t->thumb = w[0] == 'T';
        } else if (part == 0) {
            uint32_t v = (uint32_t)strtoul(w, NULL, 16);
            if (t->thumb && strlen(w) == 8)
                v = v >> 16 | v << 16;
            unsigned n = t->thumb && strlen(w) == 4 ? 2 : 4;
            memcpy(t->code + t->bytes, &v, n);
            t->bytes += n;
        } else if (equals == NULL) {
            return false;
        } else {
            *equals = 0;
            const char *value = equals + 1;
            if (strcmp(w, "sctlr") == 0)
                t->sctlr = (uint32_t)strtoul(value, NULL, 16);
            else if (strcmp(w, "pc") == 0)
                t->pc = (uint32_t)strtoul(value, NULL, 16);
            else if (strcmp(w, "exit") == 0)
                t->exit = value;
            else if (part == 1 && !assign(&t->in, w, value, t->memory, &t->words))
                return false;
            else if (part == 2 && !assign(&t->out, w, value, t->expect, &t->expects))
                return false;
        }
    }
    return part == 2;
}

static void set_up(const struct test *t)
{
    machine_reset();
    memcpy(machine_memory + CODE_AT, t->code, t->bytes);
    arm_set_cpsr(&machine, t->in.psr, ~0u);
    machine.cpu.pc = CODE_AT | t->thumb;
    memcpy(machine.cpu.reg, t->in.reg, sizeof t->in.reg);
    machine.spsr = t->in.spsr;
    arm_set_ge(&machine, t->in.ge);
    machine.it = (uint8_t)t->in.it;
    machine.cp15.sctlr |= t->sctlr;
    if (arm_bank(t->in.psr) != BANK_USR) {
        machine.bank_sp[BANK_USR] = t->in.usp;
        machine.bank_lr[BANK_USR] = t->in.ulr;
    }
    for (unsigned i = 0; i < t->words; i++)
        machine_put(t->memory[i][0], t->memory[i][1]);
}

#define DIFFER(what, got, wanted)                                                        \
    if ((got) != (wanted)) {                                                             \
        snprintf(why, size, "%s %x, not %x", what, (unsigned)(got), (unsigned)(wanted)); \
        return false;                                                                    \
    }

static bool compare(const struct test *t, enum exit_reason reason, char *why, size_t size)
{
    char name[8];
    if (strcmp(exits[reason] != NULL ? exits[reason] : "?", t->exit) != 0) {
        snprintf(why, size, "ended with %s", exits[reason] != NULL ? exits[reason] : "?");
        return false;
    }
    for (unsigned n = 0; n < 15; n++) {
        snprintf(name, sizeof name, "r%u", n);
        DIFFER(name, machine.cpu.reg[n], t->out.reg[n])
    }
    uint32_t psr = arm_cpsr(&machine) & ~(CPSR_GE | CPSR_IT | CPSR_T);
    DIFFER("cpsr", psr, t->out.psr & ~(CPSR_GE | CPSR_IT | CPSR_T))
    DIFFER("ge", arm_ge(&machine), t->out.ge)
    DIFFER("it", machine.it, t->out.it)
    DIFFER("pc", machine.cpu.pc, t->pc)
    if (arm_bank(t->out.psr) != BANK_USR && arm_bank(t->in.psr) != BANK_USR) {
        DIFFER("spsr", machine.spsr, t->out.spsr)
        DIFFER("usp", machine.bank_sp[BANK_USR], t->out.usp)
        DIFFER("ulr", machine.bank_lr[BANK_USR], t->out.ulr)
    }
    for (unsigned i = 0; i < t->expects; i++) {
        snprintf(name, sizeof name, "[%x]", (unsigned)t->expect[i][0]);
        DIFFER(name, machine_get(t->expect[i][0]), t->expect[i][1])
    }
    return true;
}

static const struct {
    const char *name;
    unsigned limit;
    bool passes;
} ways[] = {{"one block", 32, true}, {"no passes", 32, false}, {"single steps", 1, true}};

static bool run_case(const struct test *t, char *why, size_t size)
{
    for (unsigned w = 0; w < sizeof ways / sizeof ways[0]; w++) {
        char what[120] = "";
        machine_limit = ways[w].limit;
        machine_passes = ways[w].passes;
        set_up(t);
        enum exit_reason reason = machine_run(CODE_AT + t->bytes);
        if (!compare(t, reason, what, sizeof what)) {
            snprintf(why, size, "%s: %s", ways[w].name, what);
            return false;
        }
    }
    return true;
}

void test_cases(const char *file)
{
    char line[1024], copy[1024], why[200];
    unsigned number = 0, cases = 0, bad = 0;
    FILE *f = fopen(file, "r");
    if (!result("armlift cases.txt", f != NULL, "cannot open %s", file))
        return;
    while (fgets(line, sizeof line, f) != NULL) {
        struct test t;
        number++;
        if (line[0] == '#' || line[0] == '\n')
            continue;
        cases++;
        memcpy(copy, line, sizeof copy);
        snprintf(why, sizeof why, "not understood");
        if (!parse(&t, copy) || !run_case(&t, why, sizeof why)) {
            bad++;
            result("armlift case", false, "line %u: %s\n    %s", number, why, line);
        }
    }
    fclose(f);
    result("armlift cases", bad == 0 && cases >= 200, "%u of %u cases failed", bad, cases);
}
