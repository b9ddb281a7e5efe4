/*
 * Cases of a few instructions, one a line (cases.txt says how to read them). Each runs in blocks of
 * one and of many instructions, with and without passes, and as with counted instructions.
 */
#include "../seqframe/case_file.h"
#include "machine.h"

#include "../frame/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE(field) offsetof(struct sparc_cpu, field)

static const struct {
    const char *name;
    size_t at;
} words[] = {{"y", STATE(y)},          {"wim", STATE(wim)},      {"tbr", STATE(tbr)},
             {"fcc", STATE(fcc)},      {"cwp", STATE(cwp)},      {"pc", STATE(cpu.pc)},
             {"sfsr", STATE(mmu.fsr)}, {"sfar", STATE(mmu.far)}, {"mmu", STATE(mmu.control)}};

static uint32_t *word_named(const char *name)
{
    const char *group = strchr("golif", name[0]);
    char *end;
    unsigned long n = strtoul(name + 1, &end, 10);
    if (group != NULL && end != name + 1 && *end == 0 && n < (*group == 'f' ? 32 : 8))
        return *group == 'f' ? &machine.f[n ^ 1]
                             : sparc_reg(&machine, (unsigned)(group - "golif") * 8 + (unsigned)n);
    for (unsigned k = 0; k < sizeof words / sizeof words[0]; k++)
        if (!strcmp(name, words[k].name))
            return (uint32_t *)(void *)((char *)&machine + words[k].at);
    return NULL;
}

static bool set(void *to, const char *name, uint64_t value)
{
    uint32_t v = (uint32_t)value;
    (void)to;
    if (!strcmp(name, "psr"))
        sparc_set_psr(&machine, v);
    else if (!strcmp(name, "fsr"))
        sparc_set_fsr(&machine, v);
    else if (name[0] == 'm' && name[1] >= '0' && name[1] <= '9')
        machine_put((uint32_t)strtoul(name + 1, NULL, 16), v);
    else if (word_named(name) != NULL)
        *word_named(name) = v;
    else
        return false;
    return true;
}

static uint32_t get(const char *name)
{
    if (!strcmp(name, "psr"))
        return sparc_psr(&machine) & 0xffffff;
    if (!strcmp(name, "icc"))
        return sparc_psr(&machine) >> 20 & 15;
    if (!strcmp(name, "fsr"))
        return sparc_fsr(&machine) & ~0xe0000u;
    if (!strcmp(name, "npc"))
        return sparc_npc(&machine);
    if (!strcmp(name, "tt"))
        return machine.tbr >> 4 & 0xff;
    if (name[0] == 'm' && name[1] >= '0' && name[1] <= '9')
        return machine_get((uint32_t)strtoul(name + 1, NULL, 16));
    if (word_named(name) == NULL)
        printf("cases: no \"%s\"\n", name), exit(1);
    return *word_named(name);
}

struct outcome {
    char *why; /* what is wrong; "": nothing */
    size_t size;
};

static bool compare(void *to, const char *name, uint64_t wanted)
{
    struct outcome *o = to;
    if (o->why[0] == 0 && get(name) != (uint32_t)wanted)
        snprintf(o->why, o->size, "%s is %x, not %x", name, get(name), (uint32_t)wanted);
    return true;
}

/* One way of running; *why: the first thing that is wrong. */
static bool run(struct parts line, char *why, size_t size)
{
    char text[sizeof line.text]; /* which the pointers of the copy are not into */
    if (line.after == NULL)
        return snprintf(why, size, "bad line"), false;
    machine_reset();
    uint32_t end = CODE_AT;
    snprintf(text, sizeof text, "%s", line.code);
    for (char *t = strtok(text, " "); t != NULL; t = strtok(NULL, " "), end += 4)
        machine_put(end, (uint32_t)strtoul(t, NULL, 16));
    snprintf(text, sizeof text, "%s", line.before);
    const char *bad = assignments(text, set, NULL);
    enum exit_reason reason = machine_run(end);
    bool trap = reason != EXIT_NONE, wanted = strstr(line.after, "tt=") != NULL;
    if (trap)
        sparc_frontend.deliver(&machine.cpu, reason);
    if (trap && !wanted && (machine.mmu.control & MMU_NF) == 0)
        return snprintf(why, size, "trap %02x", machine.tbr >> 4 & 0xff), false;
    struct outcome o = {why, size};
    why[0] = 0;
    snprintf(text, sizeof text, "%s", line.after);
    if (bad == NULL)
        bad = assignments(text, compare, &o);
    if (bad != NULL)
        snprintf(why, size, "%s", bad);
    return why[0] == 0;
}

/* Blocks of one, two and 32 instructions, without passes and with them, once as with icount. */
static bool run_all_ways(const struct parts *line)
{
    char why[200];
    for (unsigned way = 0; way < 6; way++) {
        machine_limit = way % 3 == 0 ? 1 : way % 3 == 1 ? 2 : 32;
        machine_passes = way >= 3;
        machine_counted = way == 4;
        if (run(*line, why, sizeof why))
            continue;
        printf("line %u, way %u: %s: %s\n", line->number, way, why, line->code);
        return false;
    }
    return true;
}

void test_cases(const char *file)
{
    struct lines *l = lines_open(file);
    struct parts line;
    unsigned count = 0, bad = 0;
    while (l != NULL && lines_parts(l, &line)) {
        count++;
        bad += !run_all_ways(&line);
    }
    result("sparclift.cases", l != NULL && bad == 0 && count > 0, "%u of %u", bad, count);
    if (l != NULL)
        lines_close(l);
}
