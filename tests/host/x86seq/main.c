/*
 * Random x86 code on three machines: the interpreter, the x86-64 backend and, as the reference, the
 * CPU this runs on, in 32-bit user mode. See README.md.
 *
 *   x86seq-test [INSTRUCTIONS [SKIP]]   at least so many (without: 2000000), from a later start
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <frontends/x86/insn.h>

#include "../frame/frame.h"
#include "coverage.h"
#include "lines.h"

#define SHOWN       4  /* failures printed for each backend */
#define CPU_SECONDS 60 /* a run may take */
#define LEAST       20 /* times each row of the decoder's tables is met in the usual run */

static const char *const backend_names[] = {"interp", "x86_64"};
enum { BACKENDS = 2 };

static struct input in[SLOTS];
static struct output reference[SLOTS], ours[SLOTS];
static struct {
    uint64_t cases, run;
    unsigned failures[BACKENDS];
} counts;

/* The instruction at which both stopped; its op is X86_NOP behind the case's end. */
static struct x86_insn stopped_at(const struct input *c, unsigned at)
{
    struct x86_insn i = {.op = X86_NOP};
    uint8_t code[16] = {0};
    if (at >= c->bytes)
        return i;
    memcpy(code, c->code + at, c->bytes - at < 15 ? c->bytes - at : 15);
    x86_decode(code, 15, X86_MODE_D | X86_MODE_PROTECTED | X86_HAS_ATOM, &i);
    return i;
}

/* It makes several accesses: how much of it happened before the fault is the CPU's affair. */
static bool in_parts(const struct x86_insn *i)
{
    return i->op == X86_PUSHA || i->op == X86_ENTER || i->op == X86_CMPXCHG8B;
}

/* CMPS: which of the two it reads first is the CPU's affair, too. */
static bool reads_either(const struct x86_insn *i, const struct output *o)
{
    uint32_t mask = i->addrsize == 2 ? 0xffff : ~0u, size = i->operand[0].size;
    return i->op == X86_CMPS &&
           (o->address - (o->s.r[6] & mask) < size || o->address - (o->s.r[7] & mask) < size);
}

/* Repeated comparisons that fault: the flags are those of before the instruction (SDM vol. 2B, REP; Intel's
 * processors) or of the last comparison (AMD's and ours). */
static bool flags_in_parts(const struct x86_insn *i, const struct output *o)
{
    return (i->op == X86_CMPS || i->op == X86_SCAS) && i->rep != X86_REP_NONE && o->vector >= 12;
}

/* A page fault here, for which the other may say that the access is beyond a flat segment's limit. */
static bool at_end(const struct output *a, const struct output *other)
{
    return a->vector == 14 && a->address >= 0xfffffff0u &&
           (other->vector == 12 || other->vector == 13);
}

/* Where the two may differ: memory that only the CPU has (native.c), and accesses over the end of the
 * address space, where either may see a limit or a page first. */
static bool strange(const struct output *a, const struct output *ref)
{
    return at_end(a, ref) || at_end(ref, a) ||
           (a->vector == 14 && a->address - (LOW_AT - 64) < 4096 + 64);
}

/* True if a and the reference agree; else says where they do not. */
static bool same(const struct input *c, unsigned n, const struct output *a,
                 const struct output *ref, char *why, size_t size)
{
    static const char *const names[8] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    uint32_t base = CODE_AT + n * SLOT_BYTES, mask = FLAGS_COMPARED;
    if (strange(a, ref))
        return true;
    if (a->vector != ref->vector || a->s.eip != ref->s.eip)
        return snprintf(why, size, "ended with vector %u at +%x (%x), CPU %u at +%x (%x)",
                        a->vector, a->s.eip - base, a->address, ref->vector, ref->s.eip - base,
                        ref->address),
               false;
    for (unsigned k = 0; k < 8; k++)
        if (a->s.r[k] != ref->s.r[k])
            return snprintf(why, size, "%s = %08x, CPU %08x", names[k], a->s.r[k], ref->s.r[k]),
                   false;
    struct x86_insn i = stopped_at(c, a->s.eip - base);
    if (a->s.eip - base == c->last)
        mask &= ~c->undefined;
    if (flags_in_parts(&i, ref))
        mask = 0;
    if ((a->s.eflags ^ ref->s.eflags) & mask)
        return snprintf(why, size, "eflags = %03x, CPU %03x, mask %03x",
                        a->s.eflags & FLAGS_COMPARED, ref->s.eflags & FLAGS_COMPARED, mask),
               false;
    if (ref->vector == 14 && in_parts(&i))
        return true;
    for (unsigned k = 0; k < LINES; k++)
        if (a->line[k] != ref->line[k])
            return snprintf(why, size, "memory differs in the 64 bytes at %08x",
                            DATA_AT + k * LINE_BYTES),
                   false;
    if (a->vector == 14 && a->address != ref->address &&
        !(reads_either(&i, a) && reads_either(&i, ref)))
        return snprintf(why, size, "fault address %08x, CPU %08x", a->address, ref->address), false;
    if (a->vector == 13 && a->error != ref->error)
        return snprintf(why, size, "error code %x, CPU %x", a->error, ref->error), false;
    return true;
}

/* Run one case alone in slot 0 on both. */
static bool alone(const struct input *c, const struct backend *b, char *why, size_t size)
{
    struct output a, ref;
    native_batch(c, 1);
    native_run(c, 0, &ref);
    machine_batch(c, 1, b);
    if (!machine_run(c, 0, &a))
        return snprintf(why, size, "did not end"), false;
    return same(c, 0, &a, &ref, why, size);
}

/* Print the shortest beginning of a case that still differs. */
static void show(const struct input *c, const struct backend *b)
{
    static char text[16384];
    char why[200] = "only in this batch";
    struct input shorter = *c;
    for (shorter.bytes = 0; shorter.bytes < c->bytes;) {
        struct x86_insn i;
        unsigned left = CODE_MAX - shorter.bytes, at = shorter.bytes;
        x86_decode(c->code + at, left < 15 ? left : 15,
                   X86_MODE_D | X86_MODE_PROTECTED | X86_HAS_ATOM, &i);
        shorter.bytes += i.length;
        shorter.last = shorter.bytes;
        shorter.undefined = undefined_flags(c->code + at, i.length);
        if (!alone(&shorter, b, why, sizeof why))
            break;
    }
    machine_disassemble(&shorter, text, sizeof text);
    printf("shortest: %s; after\n%s  with", why, text);
    for (unsigned n = 0; n < 8; n++)
        printf(" %08x", c->s.r[n]);
    printf(" eflags=%03x seed=%x\n", c->s.eflags, c->seed);
}

static void compare_batch(unsigned which, const struct backend *b)
{
    unsigned bad = 0, first[SHOWN];
    machine_batch(in, SLOTS, b);
    for (unsigned n = 0; n < SLOTS; n++) {
        char why[200];
        bool ended = machine_run(&in[n], n, &ours[n]);
        if (ended && same(&in[n], n, &ours[n], &reference[n], why, sizeof why))
            continue;
        if (!ended)
            snprintf(why, sizeof why, "did not end");
        if (counts.failures[which]++ < SHOWN) {
            printf("%s: %s\n", backend_names[which], why);
            first[bad++] = n;
        }
    }
    for (unsigned n = 0; n < bad; n++)
        show(&in[first[n]], b);
}

/* How many bytes of the case's code have run, branches left aside. */
static unsigned reached(const struct input *c, unsigned n, const struct output *end)
{
    uint32_t at = end->s.eip - (CODE_AT + n * SLOT_BYTES);
    return at < c->bytes ? at + 1 : c->bytes;
}

/* Of a CPU, so that a busy machine tests as much. */
static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run_random(uint64_t wanted)
{
    double limit = seconds() + CPU_SECONDS;
    while (counts.run < wanted && seconds() < limit) {
        for (unsigned n = 0; n < SLOTS; n++)
            generate(&in[n]);
        native_batch(in, SLOTS);
        for (unsigned n = 0; n < SLOTS; n++) {
            native_run(&in[n], n, &reference[n]);
            counts.run += coverage_note_all(in[n].code, reached(&in[n], n, &reference[n]));
        }
        counts.cases += SLOTS;
        for (unsigned k = 0; k < BACKENDS; k++)
            if (machine_backend(backend_names[k]) != NULL)
                compare_batch(k, machine_backend(backend_names[k]));
    }
}

/* ---- the file of single cases (lines.c) ---- */
static bool has_line[X86_OPS];

/* False: the host does not have an instruction of it. */
static bool note_lines(const struct input *c)
{
    struct x86_insn i;
    for (unsigned at = 0; at < c->bytes; at += i.length) {
        if (x86_decode(c->code + at, 15, X86_MODE_D | X86_MODE_PROTECTED | X86_HAS_ATOM, &i) !=
            X86_OK)
            break;
        has_line[i.op] = true;
        if (!host_has(&x86_insn_rows[i.row]))
            return false;
    }
    return true;
}

static void run_lines(const char *path)
{
    unsigned bad = 0, count = 0;
    struct line line;
    struct lines *l = lines_open(path);
    if (l == NULL) {
        result("x86seq cases", false, "no %s", path);
        return;
    }
    while (lines_next(l, &line)) {
        char why[200];
        struct output out;
        count++;
        if (line.error != NULL) {
            bad += !result("x86seq cases", false, "line %u: %s", line.number, line.error);
            continue;
        }
        bool native = note_lines(&line.in);
        if (native)
            native_batch(&line.in, 1);
        if (native)
            native_run(&line.in, 0, &out);
        if (native && !lines_check(&line, &out, why, sizeof why))
            bad += !result("x86seq cases", false, "line %u on the CPU: %s", line.number, why);
        for (unsigned k = 0; k < BACKENDS; k++) {
            const struct backend *b = machine_backend(backend_names[k]);
            if (b == NULL)
                continue;
            machine_batch(&line.in, 1, b);
            if (!machine_run(&line.in, 0, &out))
                snprintf(why, sizeof why, "did not end");
            else if (lines_check(&line, &out, why, sizeof why))
                continue;
            bad += !result("x86seq cases", false, "line %u on %s: %s", line.number,
                           backend_names[k], why);
        }
    }
    lines_close(l);
    if (bad == 0)
        result("x86seq cases", count > 0, "none in %s", path);
    bad = 0;
    for (unsigned n = 1; n < x86_row_count; n++)
        if (generates(&x86_insn_rows[n]) && !has_line[x86_insn_rows[n].op]) {
            printf("# no line has %s %s\n", x86_insn_rows[n].encoding, x86_insn_rows[n].operands);
            bad++;
        }
    result("x86seq lines", bad == 0,
           "%u rows of the decoder's tables have an instruction without one", bad);
}

int main(int argc, char **argv)
{
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 0) : 2000000;
    for (uint64_t skip = argc > 2 ? strtoull(argv[2], NULL, 0) : 0; skip > 0; skip--)
        random_next();
    setvbuf(stdout, NULL, _IOLBF, 0);
    machine_start();
    if (!native_start()) {
        result("x86seq", false, "no memory below 4 GiB");
        return summary();
    }
    run_lines("tests/host/x86seq/cases.txt");
    run_random(wanted);
    for (unsigned k = 0; k < BACKENDS; k++)
        if (machine_backend(backend_names[k]) != NULL) {
            char name[64];
            snprintf(name, sizeof name, "x86seq %s", backend_names[k]);
            result(name, counts.failures[k] == 0, "%u cases differ", counts.failures[k]);
        }
    printf("%llu cases, %llu instructions\n", (unsigned long long)counts.cases,
           (unsigned long long)counts.run);
    if (argc == 1) {
        result("x86seq instructions", counts.run >= wanted, "only %llu in %u s of a CPU",
               (unsigned long long)counts.run, CPU_SECONDS);
        coverage_result("x86seq rows", generates, LEAST);
    }
    return summary();
}
