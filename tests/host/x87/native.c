/*
 * A case on this processor: its code is called with the state loaded by FXRSTOR.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "x87_test.h"

static uint8_t *code;

void native_start(void)
{
    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED)
        exit(1);
}

void native_run(const struct test_case *t, struct state *end)
{
    static struct image own;
    uint64_t a, c, d, flags = 2 | t->begin.eflags;
    *end = t->begin;
    memcpy(code, t->code, t->bytes);
    code[t->bytes] = 0xc3;
    a = end->eax;
    c = end->ecx;
    d = end->edx;
    uint8_t *si = end->data, *di = end->data + 64;
    register uint64_t f __asm__("r12") = flags;
    register uint8_t *at __asm__("r13") = code;
    register struct image *fx __asm__("r14") = &end->fx;
    /* Below the red zone; the stack is aligned for nothing. */
    __asm__ volatile("fxsave (%[own])\n\tlea -256(%%rsp), %%rsp\n\tfxrstor (%[fx])\n\t"
                     "pushq %[f]\n\tpopfq\n\tcall *%[at]\n\tpushfq\n\tpopq %[f]\n\tcld\n\t"
                     "fxsave (%[fx])\n\tlea 256(%%rsp), %%rsp\n\tfnclex\n\tfxrstor (%[own])"
                     : "+a"(a), "+c"(c), "+d"(d), [f] "+r"(f), "+S"(si), "+D"(di)
                     : [own] "b"(&own), [at] "r"(at), [fx] "r"(fx)
                     : "memory", "cc", "r8", "r9", "r10", "r11", "r15");
    end->eax = (uint32_t)a;
    end->ecx = (uint32_t)c;
    end->edx = (uint32_t)d;
    end->eflags = (uint32_t)f & FLAGS;
}
