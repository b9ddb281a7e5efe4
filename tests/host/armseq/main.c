/*
 * Random ARM code, and a file of single cases, on three machines: the interpreter, the x86-64
 * backend and, as the reference, qemu-arm. See README.md.
 *
 *   armseq-test [INSTRUCTIONS [SKIP]]   about so many (default 2000000), from a later start
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <frontends/arm/arm_cpu.h>
#include <frontends/arm/insn.h>

#include "../frame/frame.h"
#include "armseq.h"
#include "lines.h"

#define FPSCR_COMPARED 0xffc0009fu
#define SHOWN          3 /* failures printed for each backend and set */

static const char *const set_names[SETS] = {"a32", "t32", "simd_a32", "simd_t32"};
static const char *const backend_names[] = {"interp", "x86_64"};
enum { BACKENDS = 2 };

static struct input in[SLOTS];
static struct output reference[SLOTS], ours[SLOTS];
static struct {
    uint64_t cases, run, misaligned;
    unsigned failures[BACKENDS][SETS];
} counts;

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allow_user_segv_handler=1:use_sigaltstack=0:detect_leaks=0";
}

/* ---- comparing ---- */

/* The instruction at the place where both stopped makes several accesses: how much of it happened
 * before the fault is left open by the manual (B1.9.8). */
static bool in_parts(const struct input *c, unsigned n, uint32_t pc)
{
    unsigned at = pc - (CODE_AT + n * SLOT_BYTES);
    if (at + 4 > CODE_MAX)
        return false;
    struct arm_insn i;
    uint32_t raw;
    memcpy(&raw, c->code + at, 4);
    if (!(c->s.cpsr & CPSR_T))
        arm_decode_a32(raw, &i);
    else
        arm_decode_t32(arm_t32_is_wide(raw & 0xffff) ? raw << 16 | raw >> 16 : raw & 0xffff, &i);
    return i.op == ARM_LDM || i.op == ARM_STM || i.op == ARM_LDRD || i.op == ARM_STRD ||
           (i.op >= ARM_VFP_VLDR && i.op <= ARM_VFP_VSTM) ||
           (i.op >= ARM_VLD && i.op <= ARM_VLD_ALL);
}

/* Memory that only the reference has: its program, its stack, the kernel's vector page. */
static bool strange(uint32_t address)
{
    return address - STUB_AT < (4u << 20) || address - 0x3f000000u < (32u << 20) ||
           address >= 0xfffeffc0u;
}

/* True if a and the reference agree; else says where they do not. */
static bool same(const struct input *c, unsigned n, const struct output *a,
                 const struct output *ref, char *why, size_t size)
{
    if (a->signal == ENDED_FAULT && strange(a->address))
        return true;
    if (a->signal != ref->signal || a->s.r[15] != ref->s.r[15])
        return snprintf(why, size, "ended with signal %u at +%x, reference %u at +%x", a->signal,
                        a->s.r[15] - CODE_AT - n * SLOT_BYTES, ref->signal,
                        ref->s.r[15] - CODE_AT - n * SLOT_BYTES),
               false;
    if (a->signal == ENDED_FAULT && in_parts(c, n, a->s.r[15]))
        return true;
    for (unsigned k = 0; k < 15; k++)
        if (a->s.r[k] != ref->s.r[k])
            return snprintf(why, size, "r%u = %08x, reference %08x", k, a->s.r[k], ref->s.r[k]),
                   false;
    if ((a->s.cpsr ^ ref->s.cpsr) & CPSR_COMPARED)
        return snprintf(why, size, "cpsr = %08x, reference %08x", a->s.cpsr & CPSR_COMPARED,
                        ref->s.cpsr & CPSR_COMPARED),
               false;
    for (unsigned k = 0; k < 32; k++)
        if (a->s.d[k] != ref->s.d[k])
            return snprintf(why, size, "d%u = %016llx, reference %016llx", k,
                            (unsigned long long)a->s.d[k], (unsigned long long)ref->s.d[k]),
                   false;
    if ((a->s.fpscr ^ ref->s.fpscr) & FPSCR_COMPARED)
        return snprintf(why, size, "fpscr = %08x, reference %08x", a->s.fpscr, ref->s.fpscr), false;
    for (unsigned k = 0; k < LINES; k++)
        if (a->line[k] != ref->line[k])
            return snprintf(why, size, "memory differs in the 64 bytes at %08x",
                            DATA_AT + k * LINE_BYTES),
                   false;
    uint32_t apart = a->address - ref->address;
    if (a->signal == ENDED_FAULT && apart + 64 > 128)
        return snprintf(why, size, "fault address %08x, reference %08x", a->address, ref->address),
               false;
    return true;
}

/* Run one case alone in slot 0 on both. */
static bool alone(const struct input *c, const struct backend *b, char *why, size_t size)
{
    struct output a, ref;
    const char *what;
    if (!reference_run(c, &ref, 1))
        return true;
    machine_batch(c, 1, b);
    return !machine_run(c, 0, &a, &what) || same(c, 0, &a, &ref, why, size);
}

static unsigned length_at(const struct input *c, unsigned at)
{
    uint32_t half = c->code[at] | (uint32_t)c->code[at + 1] << 8;
    return c->s.cpsr & CPSR_T && !arm_t32_is_wide(half) ? 2 : 4;
}

/* Print the shortest beginning of a case that still differs. */
static void show(const struct input *c, const struct backend *b, unsigned set)
{
    static char text[16384];
    char why[200] = "only in this batch";
    struct input shorter = *c;
    bool vector = set == SET_SIMD_A32 || set == SET_SIMD_T32;
    for (shorter.bytes = 0; shorter.bytes < c->bytes;) {
        shorter.bytes += length_at(c, shorter.bytes);
        if (!alone(&shorter, b, why, sizeof why))
            break;
    }
    machine_disassemble(&shorter, text, sizeof text);
    printf("shortest: %s; after\n%s  with", why, text);
    for (unsigned n = 0; n < 15; n++)
        printf(" r%u=%08x", n, c->s.r[n]);
    printf(" cpsr=%08x fpscr=%08x\n", c->s.cpsr, c->s.fpscr);
    for (unsigned n = 0; n < 32 && vector; n++)
        printf(" d%u=%016llx%s", n, (unsigned long long)c->s.d[n], n % 6 == 5 ? "\n" : "");
    if (vector)
        printf("\n");
}

static void compare_batch(unsigned count, unsigned set, unsigned which, const struct backend *b)
{
    unsigned bad = 0, first[SHOWN];
    machine_batch(in, count, b);
    for (unsigned n = 0; n < count; n++) {
        const char *what;
        char why[200];
        if (!machine_run(&in[n], n, &ours[n], &what)) {
            counts.misaligned++;
            continue;
        }
        if (same(&in[n], n, &ours[n], &reference[n], why, sizeof why))
            continue;
        if (counts.failures[which][set]++ < SHOWN) {
            printf("%s %s: %s\n", backend_names[which], set_names[set], why);
            first[bad++] = n;
        }
    }
    for (unsigned n = 0; n < bad; n++)
        show(&in[first[n]], b, set);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run_random(uint64_t wanted)
{
    double limit = seconds() + 50;
    for (unsigned batch = 0; counts.run < wanted && seconds() < limit; batch++) {
        unsigned set = batch % SETS;
        for (unsigned n = 0; n < SLOTS; n++)
            generate(&in[n], set);
        if (!reference_run(in, reference, SLOTS)) {
            result("armseq reference", false, "the reference ended");
            return;
        }
        for (unsigned n = 0; n < SLOTS; n++) {
            uint32_t bytes = reference[n].s.r[15] - (CODE_AT + n * SLOT_BYTES);
            counts.run += bytes / (set == SET_A32 || set == SET_SIMD_A32 ? 4 : 3);
        }
        counts.cases += SLOTS;
        for (unsigned k = 0; k < BACKENDS; k++)
            if (machine_backend(backend_names[k]) != NULL)
                compare_batch(SLOTS, set, k, machine_backend(backend_names[k]));
    }
}

/* ---- the file of single cases (lines.c) ---- */
static void run_lines(const char *path)
{
    unsigned bad = 0, count = 0;
    struct line line;
    struct lines *l = lines_open(path);
    if (l == NULL) {
        result("armseq cases", false, "no %s", path);
        return;
    }
    while (lines_next(l, &line)) {
        char why[200];
        struct output out;
        const char *what;
        count++;
        if (line.error != NULL) {
            bad += !result("armseq cases", false, "line %u: %s", line.number, line.error);
            continue;
        }
        if (!reference_run(&line.in, reference, 1))
            break;
        if (!lines_check(&line, &reference[0], why, sizeof why))
            bad += !result("armseq cases", false, "line %u on the reference: %s", line.number, why);
        for (unsigned k = 0; k < BACKENDS; k++) {
            const struct backend *b = machine_backend(backend_names[k]);
            if (b == NULL)
                continue;
            machine_batch(&line.in, 1, b);
            machine_run(&line.in, 0, &out, &what);
            if (!lines_check(&line, &out, why, sizeof why))
                bad += !result("armseq cases", false, "line %u on %s: %s", line.number,
                               backend_names[k], why);
        }
    }
    lines_close(l);
    if (bad == 0)
        result("armseq cases", count > 0, "none in %s", path);
}

int main(int argc, char **argv)
{
    char folder[4096], stub[4200];
    snprintf(folder, sizeof folder, "%s", argv[0]);
    snprintf(stub, sizeof stub, "%s/armseq-stub", dirname(folder));
    /* A small stack: the less memory of its own the reference has, the fewer stray stores hit it. */
    char *command[] = {"qemu-arm", "-s", "131072", "-cpu", "cortex-a15", stub, NULL};
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 0) : 2000000;
    for (uint64_t skip = argc > 2 ? strtoull(argv[2], NULL, 0) : 0; skip > 0; skip--)
        random_next();
    setvbuf(stdout, NULL, _IOLBF, 0);
    machine_start(twins_go_on);
    fault_start("armseq", machine_fault);
    static const struct reference_kind kind = {sizeof(struct input), sizeof(struct output), false};
    if (!reference_start(&kind, command)) {
        result("armseq reference", false, "cannot start %s", command[0]);
        return summary();
    }
    twins_run(backend_names, BACKENDS);
    run_lines("tests/host/armseq/cases.txt");
    run_random(wanted);
    for (unsigned k = 0; k < BACKENDS; k++)
        for (unsigned s = 0; s < SETS; s++) {
            char name[64];
            snprintf(name, sizeof name, "armseq %s %s", backend_names[k], set_names[s]);
            if (machine_backend(backend_names[k]) != NULL)
                result(name, counts.failures[k][s] == 0, "%u cases differ", counts.failures[k][s]);
        }
    printf("%llu cases, about %llu instructions, %llu ended misaligned\n",
           (unsigned long long)counts.cases, (unsigned long long)counts.run,
           (unsigned long long)counts.misaligned);
    reference_stop();
    return summary();
}
