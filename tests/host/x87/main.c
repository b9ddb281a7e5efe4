/*
 * x87, MMX and SSE of the translator against this processor: random instructions from random
 * states, on both backends, in user mode (fast code) and in kernel mode (a helper for each x87
 * instruction). Registers, control and status words, tags, MXCSR, EFLAGS and memory must be equal.
 *
 * Fast code does not keep C1. What is left in a register that is empty is not compared.
 */
#include <stdio.h>
#include <string.h>

#include <backends/x86_64/x86_64.h>
#include <translator/x80.h>

#include "../frame/frame.h"
#include "../x86seq/coverage.h"
#include "x87_test.h"

#define ROUNDS 25000u
#define SHOWN  6

extern const struct backend interp_backend;

static void print_state(const char *who, const struct state *s)
{
    const struct image *f = &s->fx;
    printf("#   %-7s cw %04x sw %04x tw %02x mxcsr %04x eax %08x ecx %08x edx %08x flags %03x\n",
           who, f->fcw, f->fsw, f->ftw, f->mxcsr, s->eax, s->ecx, s->edx, s->eflags);
}

static void differences(const struct state *a, const struct state *b)
{
    for (unsigned i = 0; i < 8; i++)
        if (a->fx.st[i].sig != b->fx.st[i].sig || a->fx.st[i].se != b->fx.st[i].se)
            printf("#     st%u %04x:%016llx, host %04x:%016llx\n", i, a->fx.st[i].se,
                   (unsigned long long)a->fx.st[i].sig, b->fx.st[i].se,
                   (unsigned long long)b->fx.st[i].sig);
    for (unsigned i = 0; i < 8; i++)
        if (memcmp(a->fx.xmm[i], b->fx.xmm[i], 16) != 0)
            printf("#     xmm%u %016llx%016llx, host %016llx%016llx\n", i,
                   (unsigned long long)a->fx.xmm[i][1], (unsigned long long)a->fx.xmm[i][0],
                   (unsigned long long)b->fx.xmm[i][1], (unsigned long long)b->fx.xmm[i][0]);
    for (unsigned n = 0; n < DATA_BYTES; n++)
        if (a->data[n] != b->data[n]) {
            printf("#     data+%02x %02x, host %02x\n", n, a->data[n], b->data[n]);
            break;
        }
}

static bool same(const struct state *a, const struct state *b, unsigned ignored)
{
    for (unsigned i = 0; i < 8; i++) {
        bool used = b->fx.ftw >> (((b->fx.fsw >> 11) + i) & 7) & 1;
        if (used && (a->fx.st[i].sig != b->fx.st[i].sig || a->fx.st[i].se != b->fx.st[i].se))
            return false;
    }
    return a->fx.fcw == b->fx.fcw && ((a->fx.fsw ^ b->fx.fsw) & ~ignored & 0xffff) == 0 &&
           a->fx.ftw == b->fx.ftw && a->fx.mxcsr == b->fx.mxcsr && a->eax == b->eax &&
           a->ecx == b->ecx && a->edx == b->edx && a->eflags == b->eflags &&
           memcmp(a->fx.xmm, b->fx.xmm, sizeof a->fx.xmm) == 0 &&
           memcmp(a->data, b->data, DATA_BYTES) == 0;
}

static unsigned shown;

static void show(const struct test_case *t, const char *name, bool ended, const struct state *ours,
                 const struct state *host)
{
    if (shown++ >= SHOWN)
        return;
    printf("# %s%s\n", name, ended ? "" : ": did not reach the end");
    if (!ended)
        printf("#   vector %u\n", guest_vector());
    guest_print(t);
    print_state("begin", &t->begin);
    print_state("ours", ours);
    print_state("host", host);
    differences(ours, host);
}

static void random_cases(const char *name, const struct backend *b, unsigned cpl, bool single)
{
    static struct test_case t;
    static struct state host, ours;
    unsigned bad = 0;
    shown = 0;
    for (unsigned n = 0; n < ROUNDS; n++) {
        generate(&t, single);
        native_run(&t, &host);
        bool ended = guest_run(&t, b, cpl, &ours);
        /* Intel's FCOMI leaves EFLAGS alone if Invalid is unmasked, AMD's writes them. */
        if (t.comi && (host.fx.fsw & ~host.fx.fcw & X80_IE))
            continue;
        if (ended && same(&ours, &host, cpl == 3 || t.comi ? X80_C1 : 0))
            continue;
        bad++;
        show(&t, name, ended, &ours, &host);
    }
    result(name, bad == 0, "%u of %u differ", bad, ROUNDS);
}

int main(void)
{
    native_start();
    guest_start();
    fault_start("x87", guest_fault);
    known_cases(&interp_backend, 0);
    known_cases(&interp_backend, 3);
    known_cases(&x86_64_backend, 3);
    known_cases(&x86_64_backend, 0);
    known_vectors(&interp_backend);
    known_vectors(&x86_64_backend);
    x86_features &= ~(unsigned)HAS_SSSE3; /* the backend's way without */
    known_vectors(&x86_64_backend);
    x86_features = x86_detect();
    random_cases("x87 single interp kernel", &interp_backend, 0, true);
    random_cases("x87 single interp user", &interp_backend, 3, true);
    random_cases("x87 single x86_64 user", &x86_64_backend, 3, true);
    random_cases("x87 sequence interp kernel", &interp_backend, 0, false);
    random_cases("x87 sequence interp user", &interp_backend, 3, false);
    random_cases("x87 sequence x86_64 user", &x86_64_backend, 3, false);
    coverage_result("x87 rows", generates, 20);
    return summary();
}
