/*
 * C functions that translated code calls: device sites, and floating point in software. They run on
 * the stack below the CPU structure; cpu->mxcsr is exact in x86_soft_run.
 */
#include <string.h>

#include <translator/ir_run.h>
#include <translator/ir_vec.h>

#include "x86_64.h"

/* The call stub's return address is right below the CPU structure. */
static inline void note_site(struct cpu *cpu, uint64_t kind)
{
    if (kind & SLOW_COLD)
        cpu->cold_at = ((const uint64_t *)cpu)[-1];
}

/* kind: IR aux, and the type above it. Returns an integer, extended; and leaves the bytes in slots
 * A and B for the vector types. */
uint64_t x86_slow_load(struct cpu *cpu, uint64_t va, uint64_t kind, uint64_t unused)
{
    uint64_t v[2];
    (void)unused;
    note_site(cpu, kind);
    if (!ir_run_load(cpu, (uint32_t)va, (uint8_t)kind, (uint8_t)(kind >> 8), v))
        return 0;
    cpu->spill[SLOT_A] = v[0];
    cpu->spill[SLOT_B] = v[1];
    return v[0];
}

uint64_t x86_slow_store(struct cpu *cpu, uint64_t va, uint64_t kind, uint64_t unused)
{
    const uint64_t v[2] = {cpu->spill[SLOT_A], cpu->spill[SLOT_B]};
    (void)unused;
    note_site(cpu, kind);
    ir_run_store(cpu, (uint32_t)va, (uint8_t)kind, v);
    return 0;
}

/* IR_vop: operands in slots A, B and C, RESULT; the result in A, B. */
uint64_t x86_vector_run(struct cpu *cpu, uint64_t imm, uint64_t b, uint64_t c)
{
    union vec d, s;
    (void)b, (void)c;
    memcpy(&d, &cpu->spill[SLOT_A], 16);
    memcpy(&s, &cpu->spill[SLOT_C], 16);
    vec_run(cpu, NAN_X86, (int64_t)imm, &d, &s);
    memcpy(&cpu->spill[SLOT_A], &d, 16);
    return 0;
}

/* The IR's operation for each enum x86_soft. */
static const uint8_t operation[] = {
    [SOFT_ADD / 2] = IR_fadd,     [SOFT_SUB / 2] = IR_fsub,       [SOFT_MUL / 2] = IR_fmul,
    [SOFT_DIV / 2] = IR_fdiv,     [SOFT_SQRT / 2] = IR_fsqrt,     [SOFT_FMA / 2] = IR_fma,
    [SOFT_WIDEN / 2] = IR_fwiden, [SOFT_NARROW / 2] = IR_fnarrow,
};

void x86_soft_run(struct cpu *cpu)
{
    const struct x86_state *st = (const struct x86_state *)(uintptr_t)cpu->spill[SLOT_STATE];
    unsigned soft = (uint32_t)cpu->spill[SLOT_OP];
    bool wide = soft & 1;
    int64_t imm = 0;
    unsigned op;
    if (soft >= SOFT_TOINT) {
        op = wide ? IR_toint64 : IR_toint32;
        imm = (soft - SOFT_TOINT) / 2;
    } else {
        op = operation[soft / 2];
    }
    cpu->spill[SLOT_RESULT] =
        ir_run_float(cpu, st->frontend->nan, op, wide ? IR_F64 : IR_F32, imm, cpu->spill[SLOT_A],
                     cpu->spill[SLOT_B], cpu->spill[SLOT_C]);
}
