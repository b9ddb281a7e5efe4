/*
 * Random SPARC code on the interpreter, the code generator and qemu-sparc: what is left in registers,
 * flags and memory must agree. A difference is shown with the shortest beginning that still differs.
 *
 * Not compared with qemu-sparc: which NaN of several comes out (sparclift checks that by the manual's
 * rule), current exceptions after FMOVs and the like, and underflow (its tininess is that after
 * rounding).
 */
#include "../frame/frame.h"
#include "sparcseq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FSR_COMPARED     0xcf800fe0u
#define FSR_NO_UNDERFLOW (FSR_COMPARED & ~0x80u)

static bool nan32(uint32_t v)
{
    return (v & 0x7fffffff) > 0x7f800000;
}
static bool nan64(const uint32_t *f)
{
    uint64_t v = ((uint64_t)f[0] << 32 | f[1]) & ~(1ull << 63);
    return v > 0x7ff0000000000000ull;
}

static bool same_floats(const struct state *a, const struct state *b, bool nans)
{
    for (unsigned n = 0; n < 16; n += 2)
        if (memcmp(&a->f[n], &b->f[n], 8) && !(nans && nan64(&a->f[n]) && nan64(&b->f[n])))
            return false;
    for (unsigned n = 16; n < 32; n++)
        if (a->f[n] != b->f[n] && !(nans && nan32(a->f[n]) && nan32(b->f[n])))
            return false;
    return true;
}

static bool has_nan(const struct state *s)
{
    for (unsigned n = 0; n < 32; n++)
        if (nan32(s->f[n]) || (n < 16 && n % 2 == 0 && nan64(&s->f[n])))
            return true;
    return false;
}

/* `reference`: b is qemu's. */
static bool same(const struct output *a, const struct output *b, bool reference)
{
    for (unsigned n = 1; n < 32; n++)
        if (n != 6 && a->s.r[n] != b->s.r[n])
            return false;
    uint32_t mask = reference ? FSR_NO_UNDERFLOW : FSR_COMPARED | 0x1f;
    unsigned lines = reference && (has_nan(&a->s) || has_nan(&b->s)) ? LINES / 2 : LINES;
    return a->s.y == b->s.y && a->s.icc == b->s.icc && ((a->s.fsr ^ b->s.fsr) & mask) == 0 &&
           same_floats(&a->s, &b->s, reference) && !memcmp(a->line, b->line, lines * 4);
}

static void show(const char *name, const struct output *o, const struct output *other)
{
    printf("%s:", name);
    for (unsigned n = 1; n < 32; n++)
        if (o->s.r[n] != other->s.r[n] && n != 6)
            printf(" %c%u %08x", "goli"[n / 8], n % 8, o->s.r[n]);
    for (unsigned n = 0; n < 32; n++)
        if (o->s.f[n] != other->s.f[n])
            printf(" f%u %08x", n, o->s.f[n]);
    for (unsigned n = 0; n < LINES; n++)
        if (o->line[n] != other->line[n])
            printf(" data%u", n);
    printf(" y %08x icc %x fsr %08x\n", o->s.y, o->s.icc, o->s.fsr);
}

static const struct backend *backends_used[2];
static const char *const names[] = {"interp", "x86_64"};

/* Runs one case on all three; true: they agree. */
static bool agree(const struct input *in, bool print)
{
    struct output ours[2], theirs;
    const char *what[2];
    for (unsigned n = 0; n < 2; n++) {
        machine_batch(in, 1, backends_used[n]);
        machine_run(in, 0, &ours[n], &what[n]);
    }
    if (!reference_run(in, &theirs, 1)) {
        printf("FAIL sparcseq: the reference is gone\n");
        exit(1);
    }
    bool good = what[0] == NULL && what[1] == NULL && same(&ours[0], &theirs, true) &&
                same(&ours[0], &ours[1], false);
    if (print) {
        for (unsigned n = 0; n < 2; n++)
            printf("%s %s\n", names[n], what[n] ? what[n] : "ended well");
        show("interp", &ours[0], &theirs);
        show("x86_64", &ours[1], &theirs);
        show("qemu", &theirs, &ours[0]);
    }
    return good;
}

/* Instructions that do not matter become NOPs. */
static void shrink(struct input *in)
{
    for (unsigned n = in->words - 2; n-- > 0;) {
        uint32_t kept = in->code[n];
        if (kept == 0x01000000)
            continue;
        in->code[n] = 0x01000000;
        if (agree(in, false))
            in->code[n] = kept;
    }
}

static void report(const struct input *in)
{
    static char text[40000];
    struct input small = *in;
    if (!agree(&small, false))
        shrink(&small);
    machine_disassemble(&small, text, sizeof text);
    printf("%s", text);
    agree(&small, true);
}

/* Cases that trap somewhere, on both backends only: all that a trap handler sees. */
static void run_wild(unsigned long wanted)
{
    static struct input in[SLOTS];
    static struct output ours[2][SLOTS];
    unsigned long run = 0, failures = 0;
    const char *what;
    for (unsigned batch = 0; run < wanted && failures < 3; batch++) {
        for (unsigned n = 0; n < SLOTS; n++) {
            generate(&in[n], 20 + (unsigned)(random_next() % 100), batch % 2 == 1, true);
            in[n].s.spare = 1u << (2 + random_next() % 5); /* WIM */
            in[n].s.r[5] = CODE_AT + 4 * n * SLOT_WORDS;
            if (batch % 4 == 3)
                in[n].s.fsr |= (uint32_t)(random_next() & 31) << 23;
            run += in[n].words;
        }
        for (unsigned b = 0; b < 2; b++) {
            machine_batch(in, SLOTS, backends_used[b]);
            for (unsigned n = 0; n < SLOTS; n++)
                machine_run(&in[n], n, &ours[b][n], &what);
        }
        for (unsigned n = 0; n < SLOTS && failures < 3; n++) {
            if (!memcmp(&ours[0][n], &ours[1][n], sizeof ours[0][n]))
                continue;
            static char text[40000];
            failures++;
            machine_disassemble(&in[n], text, sizeof text);
            printf("%swild batch %u case %u\n", text, batch, n);
            show("interp", &ours[0][n], &ours[1][n]);
            show("x86_64", &ours[1][n], &ours[0][n]);
            for (unsigned k = 0; k < 8; k++)
                printf(" %x/%x", ours[0][n].end[k], ours[1][n].end[k]);
            printf("\n");
        }
    }
    result("sparcseq.traps", failures == 0, "%lu instructions, %lu cases differ", run, failures);
}

int main(int argc, char **argv)
{
    static struct input in[SLOTS];
    static struct output ours[2][SLOTS], theirs[SLOTS];
    unsigned long wanted = argc > 1 ? strtoul(argv[1], NULL, 0) : 700000, run = 0;
    unsigned long skip = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
    char stub[400];
    snprintf(stub, sizeof stub, "%.300s-stub", argv[0]);
    char *suffix = strstr(stub, "-test-stub");
    if (suffix != NULL)
        strcpy(suffix, "-stub");
    char qemu[] = "qemu-sparc";
    char *command[] = {qemu, stub, NULL};
    setvbuf(stdout, NULL, _IOLBF, 0);
    machine_start();
    fault_start("sparcseq", machine_fault);
    for (unsigned n = 0; n < 2; n++)
        backends_used[n] = machine_backend(names[n]);
    static const struct reference_kind kind = {sizeof(struct input), sizeof(struct output), true};
    if (!reference_start(&kind, command)) {
        printf("FAIL sparcseq: cannot start qemu-sparc\n");
        return 1;
    }
    unsigned failures = 0;
    for (unsigned long batch = 0; run < wanted && failures < 3; batch++) {
        const char *what[2][SLOTS];
        for (unsigned n = 0; n < SLOTS; n++)
            generate(&in[n], 20 + (unsigned)(random_next() % 150), batch % 2 == 1, false);
        if (batch < skip)
            continue;
        for (unsigned b = 0; b < 2; b++) {
            machine_batch(in, SLOTS, backends_used[b]);
            for (unsigned n = 0; n < SLOTS; n++)
                machine_run(&in[n], n, &ours[b][n], &what[b][n]);
        }
        if (!reference_run(in, theirs, SLOTS)) {
            printf("FAIL sparcseq: the reference died in batch %lu\n", batch);
            return 1;
        }
        for (unsigned n = 0; n < SLOTS && failures < 3; n++) {
            run += in[n].words;
            if (what[0][n] == NULL && what[1][n] == NULL && same(&ours[0][n], &theirs[n], true) &&
                same(&ours[0][n], &ours[1][n], false))
                continue;
            printf("batch %lu case %u\n", batch, n);
            report(&in[n]);
            failures++;
        }
    }
    reference_stop();
    run_wild(wanted / 4);
    result("sparcseq", failures == 0, "%lu instructions, %u cases differ", run, failures);
    return summary();
}
