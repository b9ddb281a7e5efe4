/*
 * Lifting loads and stores (V8 B.1-B.8). Every access is checked for alignment and is big-endian.
 *
 * Alternate spaces (B.1, with the ASIs of appendix I): those of user and supervisor data are plain
 * accesses through the one or the other window; all others are a helper's.
 */
#include "lift.h"

#define ASI_USER_DATA       0x0a
#define ASI_SUPERVISOR_DATA 0x0b

static const struct access {
    uint8_t log2;
    bool is_signed, store;
} accesses[SPARC_OPS] = {
    [SPARC_LD] = {2, false, false},    [SPARC_LDUB] = {0, false, false},
    [SPARC_LDUH] = {1, false, false},  [SPARC_LDD] = {3, false, false},
    [SPARC_LDSB] = {0, true, false},   [SPARC_LDSH] = {1, true, false},
    [SPARC_ST] = {2, false, true},     [SPARC_STB] = {0, false, true},
    [SPARC_STH] = {1, false, true},    [SPARC_STD] = {3, false, true},
    [SPARC_LDSTUB] = {0, false, true}, [SPARC_SWAP] = {2, false, true},
    [SPARC_LDF] = {2, false, false},   [SPARC_LDDF] = {3, false, false},
    [SPARC_STF] = {2, false, true},    [SPARC_STDF] = {3, false, true},
    [SPARC_LDFSR] = {2, false, false}, [SPARC_STFSR] = {2, false, true},
};

static unsigned mem(unsigned log2, bool user)
{
    return log2 | (log2 != 0 ? MEM_BIG : 0) | (user ? MEM_USER : 0);
}

static void check(struct sparc_lift *a, ir_ref address, const struct access *k)
{
    if (k->log2 == 0)
        return;
    ir_emit(a->b, (struct ir_ins){.op = IR_align,
                                  .a = address,
                                  .imm = (1 << k->log2) - 1,
                                  .aux = k->store ? ACCESS_WRITE : ACCESS_READ});
}

/* A pair of registers as a number: rd (even) is the upper half. */
static ir_ref pair(struct sparc_lift *a, unsigned rd)
{
    return ir_bin(a->b, IR_pair, IR_I64, sparc_get(a, rd | 1), sparc_get(a, rd & 30));
}

static void put_pair(struct sparc_lift *a, unsigned rd, ir_ref v)
{
    sparc_put(a, rd & 30, ir_un(a->b, IR_hi32, IR_I32, v));
    sparc_put(a, rd | 1, ir_un(a->b, IR_lo32, IR_I32, v));
}

static void load(struct sparc_lift *a, const struct access *k, bool user)
{
    ir_ref address = sparc_address(a);
    check(a, address, k);
    if (k->log2 == 3) {
        put_pair(a, a->insn.rd, ir_load(a->b, IR_I64, mem(3, user), address, 0));
        return;
    }
    unsigned m = mem(k->log2, user) | (k->is_signed ? MEM_SIGNED : 0);
    sparc_put(a, a->insn.rd, ir_load(a->b, IR_I32, m, address, 0));
}

static void store(struct sparc_lift *a, const struct access *k, bool user)
{
    ir_ref address = sparc_address(a);
    check(a, address, k);
    if (k->log2 == 3)
        ir_store(a->b, IR_I64, mem(3, user), address, 0, pair(a, a->insn.rd));
    else
        ir_store(a->b, IR_I32, mem(k->log2, user), address, 0, sparc_get(a, a->insn.rd));
}

/* LDSTUB, SWAP. */
static void exchange(struct sparc_lift *a, const struct access *k, bool user)
{
    ir_ref address = sparc_address(a);
    check(a, address, k);
    ir_ref old = ir_load(a->b, IR_I32, mem(k->log2, user), address, 0);
    ir_ref new = k->log2 == 0 ? sparc_i32(a, 0xff) : sparc_get(a, a->insn.rd);
    ir_store(a->b, IR_I32, mem(k->log2, user), address, 0, new);
    sparc_put(a, a->insn.rd, old);
}

/* Stores there change what blocks are made for: MMU flushes and registers, calls of the board. */
static bool changes_state(unsigned asi)
{
    return asi == 0x03 || asi == 0x04 || asi == SPARC_ASI_CALL;
}

/* Other spaces (asi.c). */
static void other_space(struct sparc_lift *a, unsigned op, const struct access *k)
{
    ir_ref address = sparc_address(a);
    check(a, address, k);
    if (k->store && op != SPARC_LDSTUB && op != SPARC_SWAP && sparc_asi_ignored(a->insn.asi))
        return; /* kernels flush caches line by line */
    ir_ref how = sparc_i32(a, a->insn.asi | (uint32_t)k->log2 << 8);
    unsigned call = CALL_EXITS | (a->insn.asi == SPARC_ASI_CALL ? CALL_READS | CALL_WRITES : 0);
    if (op == SPARC_LDSTUB || op == SPARC_SWAP) {
        ir_ref v = op == SPARC_SWAP ? sparc_get(a, a->insn.rd) : sparc_i32(a, 0xff);
        v = ir_call(a->b, IR_I32, HELPER_swap_alternate, call, address, v, how);
        sparc_put(a, a->insn.rd, v);
        return;
    }
    if (!k->store) {
        ir_ref v = ir_call(a->b, IR_I64, HELPER_load_alternate, call, address, how, 0);
        if (k->log2 == 3) {
            put_pair(a, a->insn.rd, v);
            return;
        }
        v = ir_un(a->b, IR_lo32, IR_I32, v);
        if (k->is_signed)
            v = ir_un(a->b, k->log2 == 0 ? IR_sext8 : IR_sext16, IR_I32, v);
        sparc_put(a, a->insn.rd, v);
        return;
    }
    ir_ref v = k->log2 == 3 ? pair(a, a->insn.rd)
                            : ir_un(a->b, IR_zext32, IR_I64, sparc_get(a, a->insn.rd));
    ir_ref r = ir_call(a->b, IR_I32, HELPER_store_alternate, call, address, v, how);
    if (!changes_state(a->insn.asi))
        return;
    struct sparc_exit *e = a->next == NEXT_PLAIN ? sparc_new_exit(a, EXIT_ANEW) : NULL;
    if (e == NULL) {
        sparc_leave_next(a, EXIT_STATE);
        return;
    }
    e->pc = a->pc + 4;
    ir_brcc(a->b, ir_flagsof(a->b, sparc_bin(a, IR_or, r, r)), CC_NE, e->label);
}

/* ---- floating-point registers ------------------------------------------------------------------ */

static size_t single_at(unsigned n)
{
    return SPARC_STATE(f[0]) + 4 * (size_t)(n ^ 1);
}
static size_t double_at(unsigned n)
{
    return SPARC_STATE(f[0]) + 4 * (size_t)(n & 30);
}

static void load_float(struct sparc_lift *a, const struct access *k)
{
    ir_ref address = sparc_address(a);
    check(a, address, k);
    if (k->log2 == 3)
        ir_put(a->b, IR_I64, double_at(a->insn.rd),
               ir_load(a->b, IR_I64, mem(3, false), address, 0));
    else
        ir_put(a->b, IR_I32, single_at(a->insn.rd),
               ir_load(a->b, IR_I32, mem(2, false), address, 0));
}

static void store_float(struct sparc_lift *a, const struct access *k)
{
    ir_ref address = sparc_address(a);
    check(a, address, k);
    if (k->log2 == 3)
        ir_store(a->b, IR_I64, mem(3, false), address, 0,
                 ir_get(a->b, IR_I64, double_at(a->insn.rd)));
    else
        ir_store(a->b, IR_I32, mem(2, false), address, 0,
                 ir_get(a->b, IR_I32, single_at(a->insn.rd)));
}

/* LDFSR may change the mode word. */
static void load_fsr(struct sparc_lift *a, const struct access *k)
{
    ir_ref address = sparc_address(a);
    check(a, address, k);
    ir_ref v = ir_load(a->b, IR_I32, mem(2, false), address, 0);
    ir_call(a->b, IR_NONE, HELPER_ldfsr, CALL_VOID | CALL_FP, v, 0, 0);
    sparc_leave_next(a, EXIT_STATE);
}

static void store_fsr(struct sparc_lift *a, const struct access *k)
{
    ir_ref address = sparc_address(a);
    check(a, address, k);
    ir_ref v = ir_call(a->b, IR_I32, HELPER_stfsr, CALL_FP, 0, 0, 0);
    ir_store(a->b, IR_I32, mem(2, false), address, 0, v);
}

/* There is never a queue of deferred traps (4.4, sequence_error). */
static void store_queue(struct sparc_lift *a)
{
    ir_ref code = sparc_i32(a, a->insn.raw);
    ir_call(a->b, IR_NONE, HELPER_fpop, CALL_VOID | CALL_FP | CALL_EXITS | CALL_READS, code, 0, 0);
    sparc_leave_next(a, EXIT_STATE);
}

/* ---- which ------------------------------------------------------------------------------------- */

static void integer(struct sparc_lift *a, unsigned op, bool user)
{
    const struct access *k = &accesses[op];
    if (op == SPARC_LDSTUB || op == SPARC_SWAP)
        exchange(a, k, user);
    else if (k->store)
        store(a, k, user);
    else
        load(a, k, user);
}

static void alternate(struct sparc_lift *a, unsigned op)
{
    if (a->insn.imm)
        sparc_trap(a, TT_ILLEGAL);
    else if (a->insn.asi == ASI_USER_DATA || a->insn.asi == ASI_SUPERVISOR_DATA)
        integer(a, op, a->insn.asi == ASI_USER_DATA);
    else
        other_space(a, op, &accesses[op]);
}

void sparc_lift_memory(struct sparc_lift *a)
{
    unsigned op = a->insn.op;
    const struct access *k = &accesses[op];
    if (op >= SPARC_LDA && op <= SPARC_SWAPA) {
        alternate(a, op - SPARC_LDA + SPARC_LD);
        return;
    }
    switch (op) {
    case SPARC_LDF:
    case SPARC_LDDF:
        load_float(a, k);
        break;
    case SPARC_STF:
    case SPARC_STDF:
        store_float(a, k);
        break;
    case SPARC_LDFSR:
        load_fsr(a, k);
        break;
    case SPARC_STFSR:
        store_fsr(a, k);
        break;
    case SPARC_STDFQ:
        store_queue(a);
        break;
    default:
        integer(a, op, false);
    }
}
