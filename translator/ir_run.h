/*
 * What floating-point and memory operations of the IR do, in C: the interpreter's meaning of them,
 * and what a code generator calls where the host's own instructions would not do.
 */
#pragma once

#include <translator/guest.h>

/* Operation op (IR_fadd to IR_toint64, without those that only move bits) of type t on the bits a,
 * b, c; imm as in the IR. Exact (softfloat.h), in the rounding mode of cpu->mxcsr, where exception
 * flags are collected. fcmp and fcmps return flags as enum ir_run_flags. */
uint64_t ir_run_float(struct cpu *cpu, enum nan_rule nan, unsigned op, unsigned t, int64_t imm,
                      uint64_t a, uint64_t b, uint64_t c);
#define IR_RUN_C 0x100u /* beside NZ_Z and NZ_P */

/* A load or store with that aux (enum ir_mem) at va: byte order, and extension to type t. False: it
 * failed as guest_load says. v[1] is the upper half of 16 bytes. */
bool ir_run_load(struct cpu *cpu, uint32_t va, unsigned aux, unsigned t, uint64_t v[2]);
bool ir_run_store(struct cpu *cpu, uint32_t va, unsigned aux, const uint64_t v[2]);

/* copy and fill of elements of 1 << log2 bytes; count negative: downwards. Returns how many were done. No exception
 * is raised. */
uint32_t ir_run_copy(struct cpu *cpu, unsigned log2, uint32_t to, uint32_t from, int32_t count);
uint32_t ir_run_fill(struct cpu *cpu, unsigned log2, uint32_t to, uint32_t value, int32_t count);
