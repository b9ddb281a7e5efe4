/*
 * Cases of a few instructions, one a line (cases.txt says how to read them). Each runs in blocks of
 * one and of many instructions, with and without passes, and as with counted instructions.
 */
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
    unsigned n;
    char group;
    if (sscanf(name, "%c%u", &group, &n) == 2 && strchr("goli", group) != NULL && n < 8)
        return sparc_reg(&machine, (unsigned)(strchr("goli", group) - "goli") * 8 + n);
    if (sscanf(name, "f%u", &n) == 1 && n < 32)
        return &machine.f[n ^ 1];
    for (unsigned k = 0; k < sizeof words / sizeof words[0]; k++)
        if (!strcmp(name, words[k].name))
            return (uint32_t *)(void *)((char *)&machine + words[k].at);
    return NULL;
}

static void set(const char *name, uint32_t v)
{
    if (!strcmp(name, "psr"))
        sparc_set_psr(&machine, v);
    else if (!strcmp(name, "fsr"))
        sparc_set_fsr(&machine, v);
    else if (name[0] == 'm' && name[1] >= '0' && name[1] <= '9')
        machine_put((uint32_t)strtoul(name + 1, NULL, 16), v);
    else if (word_named(name) != NULL)
        *word_named(name) = v;
    else
        printf("cases: no \"%s\"\n", name), exit(1);
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

/* One way of running; *why: the first thing that is wrong. */
static bool run(const char *line, char *why, size_t size)
{
    char text[1000];
    snprintf(text, sizeof text, "%s", line);
    text[strcspn(text, "#\n")] = 0;
    char *code = text, *in = strchr(code, '|');
    char *out = in == NULL ? NULL : strchr(in + 1, '|');
    if (out == NULL)
        return snprintf(why, size, "bad line"), false;
    *in++ = *out++ = 0;
    machine_reset();
    uint32_t end = CODE_AT;
    for (char *t = strtok(code, " "); t != NULL; t = strtok(NULL, " "), end += 4)
        machine_put(end, (uint32_t)strtoul(t, NULL, 16));
    char name[20];
    unsigned v;
    for (char *t = strtok(in, " "); t != NULL; t = strtok(NULL, " "))
        if (sscanf(t, "%19[^=]=%x", name, &v) == 2)
            set(name, v);
    enum exit_reason reason = machine_run(end);
    bool trap = reason != EXIT_NONE, wanted = strstr(out, "tt=") != NULL;
    if (trap)
        sparc_frontend.deliver(&machine.cpu, reason);
    if (trap && !wanted && (machine.mmu.control & MMU_NF) == 0)
        return snprintf(why, size, "trap %02x", machine.tbr >> 4 & 0xff), false;
    for (char *t = strtok(out, " "); t != NULL; t = strtok(NULL, " ")) {
        if (sscanf(t, "%19[^=]=%x", name, &v) != 2)
            return snprintf(why, size, "bad result \"%s\"", t), false;
        if (get(name) != v)
            return snprintf(why, size, "%s is %x, not %x", name, get(name), v), false;
    }
    return true;
}

void test_cases(const char *file)
{
    FILE *f = fopen(file, "r");
    char line[1000], why[200] = "";
    unsigned count = 0, bad = 0, number = 0;
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        number++;
        if (line[0] == '#' || line[0] == '\n')
            continue;
        for (unsigned way = 0; way < 6; way++) {
            machine_limit = way % 3 == 0 ? 1 : way % 3 == 1 ? 2 : 32;
            machine_passes = way >= 3;
            machine_counted = way == 4;
            count++;
            if (run(line, why, sizeof why))
                continue;
            bad++;
            printf("line %u, way %u: %s: %s", number, way, why, line);
            break;
        }
    }
    if (f != NULL)
        fclose(f);
    result("sparclift.cases", f != NULL && bad == 0 && count > 0, "%u of %u, last: %s", bad, count,
           why);
}
