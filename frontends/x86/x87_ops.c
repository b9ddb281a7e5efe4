/*
 * The x87 instructions that compute, one after the other, exactly as the SDM says: stack faults,
 * masked and unmasked responses (vol. 1, 8.5), condition codes.
 *
 * A function here computes with a private environment and commits at its end: status, registers and
 * TOP are written by `finish`, `write`, `push` and `pop` after a store to memory has been made, so
 * an access that faults leaves no trace.
 */
#include <string.h>

#include <translator/memory.h>

#include "x87.h"

struct run {
    struct x86_cpu *c;
    struct x86_fpu *f;
    struct x87_args a;
    uint32_t at; /* linear address of the memory operand */
    struct x80_env e;
    bool faulted; /* the access to memory failed */
};

/* ---- the register stack -------------------------------------------------------------------------- */

static bool empty(const struct run *r, unsigned i)
{
    return !(r->f->state.used >> x87_phys(r->f, i) & 1);
}

static struct x80 st(const struct run *r, unsigned i)
{
    return x87_get_phys(r->f, x87_phys(r->f, i));
}

static void write(struct run *r, unsigned i, struct x80 v)
{
    unsigned n = x87_phys(r->f, i);
    x87_set_phys(r->f, n, v);
    r->f->state.used |= (uint8_t)(1u << n);
}

static void release(struct run *r, unsigned i)
{
    r->f->state.used &= (uint8_t) ~(1u << x87_phys(r->f, i));
}

static void pop(struct run *r)
{
    release(r, 0);
    r->f->state.top = (r->f->state.top + 1) & 7;
}

static void push(struct run *r, struct x80 v)
{
    r->f->state.top = (r->f->state.top - 1) & 7;
    write(r, 0, v);
}

/* A stack fault (8.5.1.1): over: the register to be filled is in use. True: it is unmasked. It comes
 * before whatever a memory operand raised. */
static bool stack_fault(struct run *r, bool over)
{
    r->e.stop = false;
    r->e.status &= (uint16_t) ~(X80_C1 | X80_EXCEPTIONS);
    r->e.status |= X80_IE | X80_SF | (over ? X80_C1 : 0);
    if (!(r->e.control & X80_IE))
        r->e.stop = true;
    return r->e.stop;
}

/* Push v, or the default NaN on overflow. */
static void push_checked(struct run *r, struct x80 v)
{
    bool over = !empty(r, 7);
    if (over && stack_fault(r, true))
        return;
    push(r, over ? X80_DEFAULT : v);
}

/* Operands i and j of an instruction; false: one is empty, and *v is the masked response. */
static bool operands(struct run *r, unsigned i, unsigned j)
{
    if (!empty(r, i) && !empty(r, j))
        return true;
    stack_fault(r, false);
    return false;
}

/* ---- memory operands -------------------------------------------------------------------------- */

static bool load(struct run *r, uint64_t v[2])
{
    unsigned size = r->a.size;
    uint64_t high[2] = {0, 0};
    v[0] = v[1] = 0;
    if (size != 10)
        return guest_load(&r->c->cpu, r->at, size, ACCESS_READ, v);
    if (!guest_load(&r->c->cpu, r->at, 8, ACCESS_READ, v) ||
        !guest_load(&r->c->cpu, r->at + 8, 2, ACCESS_READ, high))
        return false;
    v[1] = high[0];
    return true;
}

static void store(struct run *r, const void *from)
{
    uint64_t v[2] = {0, 0}, high[2] = {0, 0};
    memcpy(v, from, r->a.size);
    high[0] = v[1];
    if (r->a.size != 10)
        r->faulted = !guest_store(&r->c->cpu, r->at, r->a.size, ACCESS_WRITE, v);
    else /* the last bytes first: if they fault, nothing has been written on their page */
        r->faulted = !guest_store(&r->c->cpu, r->at + 8, 2, ACCESS_WRITE, high) ||
                     !guest_store(&r->c->cpu, r->at, 8, ACCESS_WRITE, v);
}

static bool is_integer_op(unsigned op)
{
    return (op >= X86_FIADD && op <= X86_FIDIVR) || op == X86_FILD;
}

/* The memory operand as a number. */
static struct x80 memory_operand(struct run *r)
{
    uint64_t v[2];
    if (!load(r, v)) {
        r->faulted = true;
        return X80_ZERO;
    }
    if (is_integer_op(r->a.op))
        return x80_from_int(r->a.size == 2   ? (int16_t)v[0]
                            : r->a.size == 4 ? (int64_t)(int32_t)v[0]
                                             : (int64_t)v[0]);
    if (r->a.op == X86_FBLD)
        return x80_from_bcd((const uint8_t *)v);
    bool load_only = r->a.op == X86_FLD;
    switch (r->a.size) {
    case 4:
        return (load_only ? x80_from_f32 : x80_widen_f32)(&r->e, (uint32_t)v[0]);
    case 8:
        return (load_only ? x80_from_f64 : x80_widen_f64)(&r->e, v[0]);
    default:
        return (struct x80){.sig = v[0], .se = (uint16_t)v[1]};
    }
}

/* ---- groups of instructions -------------------------------------------------------------------- */

enum kind { ADD, MUL, SUB, SUBR, DIV, DIVR };
struct arith_row {
    uint8_t kind;
    bool pops;
};
#define ARITH(name, kind) \
    [X86_F##name] = {kind, false}, [X86_F##name##P] = {kind, true}, [X86_FI##name] = {kind, false}
static const struct arith_row arith_rows[X86_OPS] = {ARITH(ADD, ADD), ARITH(MUL, MUL),
                                                     ARITH(SUB, SUB), ARITH(SUBR, SUBR),
                                                     ARITH(DIV, DIV), ARITH(DIVR, DIVR)};

static struct x80 arithmetic(struct x80_env *e, unsigned kind, struct x80 d, struct x80 s)
{
    switch (kind) {
    case ADD:
        return x80_add(e, d, s);
    case MUL:
        return x80_mul(e, d, s);
    case SUB:
        return x80_sub(e, d, s);
    case SUBR:
        return x80_sub(e, s, d);
    case DIV:
        return x80_div(e, d, s);
    default:
        return x80_div(e, s, d);
    }
}

static void run_arithmetic(struct run *r)
{
    const struct arith_row *row = &arith_rows[r->a.op];
    unsigned d = r->a.flags & X87_TO_STI ? r->a.sti : 0;
    unsigned s = r->a.flags & X87_TO_STI ? 0 : r->a.sti;
    struct x80 v = X80_DEFAULT;
    if (r->a.size != 0) {
        struct x80 m = memory_operand(r);
        if (r->faulted)
            return;
        if (operands(r, 0, 0))
            v = arithmetic(&r->e, row->kind, st(r, 0), m);
    } else if (operands(r, d, s)) {
        v = arithmetic(&r->e, row->kind, st(r, d), st(r, s));
    }
    if (r->e.stop)
        return;
    write(r, d, v);
    if (row->pops)
        pop(r);
}

static void run_load(struct run *r)
{
    struct x80 v = X80_DEFAULT;
    if (r->a.size == 0) {
        if (!empty(r, r->a.sti))
            push_checked(r, st(r, r->a.sti));
        else if (!stack_fault(r, false))
            push(r, v);
        return;
    }
    v = memory_operand(r);
    if (r->faulted)
        return;
    if (!r->e.stop || !empty(r, 7))
        push_checked(r, v);
}

struct store_row {
    uint8_t pops;
    bool integer, truncate;
};
static struct store_row store_row(unsigned op)
{
    struct store_row row = {.pops = op != X86_FST && op != X86_FIST};
    row.integer = op == X86_FIST || op == X86_FISTP || op == X86_FISTTP;
    row.truncate = op == X86_FISTTP;
    return row;
}

/* ST(0) in the form it is stored in. */
static void convert(struct run *r, const struct store_row *row, struct x80 v, uint8_t to[10])
{
    if (row->integer) {
        int64_t n = x80_to_int(&r->e, v, 8u * r->a.size, row->truncate);
        memcpy(to, &n, 8);
    } else if (r->a.op == X86_FBSTP) {
        x80_to_bcd(&r->e, v, to);
    } else if (r->a.size == 4) {
        uint32_t n = x80_to_f32(&r->e, v);
        memcpy(to, &n, 4);
    } else if (r->a.size == 8) {
        uint64_t n = x80_to_f64(&r->e, v);
        memcpy(to, &n, 8);
    } else {
        memcpy(to, &v, 10);
    }
}

static void run_store(struct run *r)
{
    struct store_row row = store_row(r->a.op);
    struct x80 v = st(r, 0);
    if (empty(r, 0)) {
        if (stack_fault(r, false))
            return;
        v = X80_DEFAULT;
    }
    if (r->a.size == 0) {
        write(r, r->a.sti, v);
        if (row.pops)
            pop(r);
        return;
    }
    uint8_t bytes[16] = {0};
    convert(r, &row, v, bytes); /* the default NaN converts to what a masked stack fault stores */
    if (r->e.stop)
        return;
    store(r, bytes);
    if (!r->faulted && row.pops)
        pop(r);
}

static void set_cc(struct run *r, unsigned cc)
{
    r->e.status = (uint16_t)((r->e.status & ~X80_CC) | cc);
}

struct compare_row {
    uint8_t pops;
    bool quiet, eflags;
};
static const struct compare_row compare_rows[X86_OPS] = {
    [X86_FCOM] = {0, false, false},   [X86_FCOMP] = {1, false, false},
    [X86_FCOMPP] = {2, false, false}, [X86_FICOM] = {0, false, false},
    [X86_FICOMP] = {1, false, false}, [X86_FTST] = {0, false, false},
    [X86_FUCOM] = {0, true, false},   [X86_FUCOMP] = {1, true, false},
    [X86_FUCOMPP] = {2, true, false}, [X86_FCOMI] = {0, false, true},
    [X86_FCOMIP] = {1, false, true},  [X86_FUCOMI] = {0, true, true},
    [X86_FUCOMIP] = {1, true, true},
};

/* C0 C2 C3 to CF PF ZF; OF SF AF are cleared. */
static void cc_to_flags(struct run *r, unsigned cc)
{
    struct cpu_flags *f = &r->c->cpu.flags;
    f->c = (cc & X80_C0) != 0;
    f->nz = (uint8_t)((cc & X80_C2 ? NZ_P : 0) | (cc & X80_C3 ? NZ_Z : 0));
    f->v = 0;
}

static void run_compare(struct run *r)
{
    const struct compare_row *row = &compare_rows[r->a.op];
    unsigned i = row->pops == 2 ? 1 : r->a.sti;
    struct x80 b = X80_ZERO;
    bool alone = r->a.op == X86_FTST || r->a.size != 0;
    unsigned all = X80_C0 | X80_C2 | X80_C3;
    if (r->a.size != 0) {
        r->a.op = r->a.op == X86_FICOM || r->a.op == X86_FICOMP ? X86_FIADD : r->a.op;
        b = memory_operand(r);
        if (r->faulted)
            return;
    } else if (!alone) {
        b = st(r, i);
    }
    if (!operands(r, 0, alone ? 0 : i))
        set_cc(r, all);
    else
        x80_compare(&r->e, st(r, 0), b, row->quiet);
    unsigned cc = r->e.status & all;
    if (row->eflags) { /* the condition codes stay, C1 is cleared */
        r->e.status = (uint16_t)((r->e.status & ~X80_CC) | (r->f->status & all));
        if (!r->e.stop)
            cc_to_flags(r, cc);
    }
    for (unsigned n = 0; n < row->pops && !r->e.stop; n++)
        pop(r);
}

/* One operand, result in its place. */
static void run_unary(struct run *r)
{
    struct x80 v = st(r, 0);
    if (!operands(r, 0, 0)) {
        v = X80_DEFAULT;
    } else if (r->a.op == X86_FCHS || r->a.op == X86_FABS) {
        v.se = r->a.op == X86_FCHS ? v.se ^ X80_SIGN : v.se & X80_EXP;
    } else {
        v = r->a.op == X86_FSQRT ? x80_sqrt(&r->e, v) : x80_round(&r->e, v);
    }
    if (!r->e.stop)
        write(r, 0, v);
}

/* Two operands, result in the first. */
static void run_binary(struct run *r)
{
    struct x80 v = X80_DEFAULT;
    r->e.status = r->f->status & (X80_C0 | X80_C3);
    if (operands(r, 0, 1))
        v = r->a.op == X86_FSCALE ? x80_scale(&r->e, st(r, 0), st(r, 1))
                                  : x80_remainder(&r->e, st(r, 0), st(r, 1), r->a.op == X86_FPREM1);
    if (!r->e.stop)
        write(r, 0, v);
}

static void run_extract(struct run *r)
{
    struct x80 v = st(r, 0), x = X80_DEFAULT;
    if (!empty(r, 0) && empty(r, 7)) {
        x = x80_extract(&r->e, &v);
    } else {
        v = X80_DEFAULT;
        stack_fault(r, !empty(r, 0));
    }
    if (r->e.stop)
        return;
    write(r, 0, x);
    push(r, v);
}

static void run_transcendental(struct run *r)
{
    enum { ONE = 0, POPS = 1, PUSHES = 2 };
    static const struct {
        uint8_t f, how;
    } rows[X86_OPS] = {[X86_F2XM1] = {X80_F2XM1, ONE},      [X86_FSIN] = {X80_FSIN, ONE},
                       [X86_FCOS] = {X80_FCOS, ONE},        [X86_FYL2X] = {X80_FYL2X, POPS},
                       [X86_FYL2XP1] = {X80_FYL2XP1, POPS}, [X86_FPATAN] = {X80_FPATAN, POPS},
                       [X86_FPTAN] = {X80_FPTAN, PUSHES},   [X86_FSINCOS] = {X80_FSINCOS, PUSHES}};
    unsigned how = rows[r->a.op].how;
    struct x80 a = st(r, 0), b = st(r, 1);
    bool ranges = how == PUSHES || r->a.op == X86_FSIN || r->a.op == X86_FCOS;
    r->e.status = r->f->status & (X80_C0 | X80_C3 | (ranges ? 0 : X80_C2));
    bool absent = empty(r, 0) || (how == POPS && empty(r, 1));
    if (absent || (how == PUSHES && !empty(r, 7))) {
        stack_fault(r, !absent);
        a = b = X80_DEFAULT;
    } else {
        x80_host_function(rows[r->a.op].f, &r->e, &a, &b);
    }
    if (r->e.stop)
        return;
    if (how == POPS) {
        pop(r);
        write(r, 0, b);
    } else if (how == PUSHES && !(r->e.status & X80_C2)) {
        write(r, 0, b);
        push(r, a);
    } else {
        write(r, 0, a);
    }
}

/* Constants: nearest, and what other directions make of them (vol. 2, FLD1...). */
static const struct {
    uint64_t sig;
    uint16_t se, up, down; /* what rounding up adds, rounding down subtracts */
} constants[] = {
    {0x8000000000000000, 0x3fff, 0, 0}, /* 1 */
    {0xd49a784bcd1b8afe, 0x4000, 1, 0}, /* log2 10 */
    {0xb8aa3b295c17f0bc, 0x3fff, 0, 1}, /* log2 e */
    {0xc90fdaa22168c235, 0x4000, 0, 1}, /* pi */
    {0x9a209a84fbcff799, 0x3ffd, 0, 1}, /* log10 2 */
    {0xb17217f7d1cf79ac, 0x3ffe, 0, 1}, /* ln 2 */
    {0, 0, 0, 0},
};

static void run_constant(struct run *r)
{
    unsigned n = r->a.op - X86_FLD1, rc = r->e.control & X80_RC;
    struct x80 v = {.sig = constants[n].sig, .se = constants[n].se};
    if (rc == X80_UP)
        v.sig += constants[n].up;
    else if (rc != X80_NEAREST)
        v.sig -= constants[n].down;
    push_checked(r, v);
}

static void run_exchange(struct run *r)
{
    unsigned i = r->a.sti;
    if (!operands(r, 0, i) && r->e.stop)
        return;
    struct x80 a = empty(r, 0) ? X80_DEFAULT : st(r, 0), b = empty(r, i) ? X80_DEFAULT : st(r, i);
    write(r, 0, b);
    write(r, i, a);
}

static void run_move_if(struct run *r)
{
    const struct cpu_flags *f = &r->c->cpu.flags;
    bool b = f->c, e = f->nz & NZ_Z, u = f->nz & NZ_P;
    unsigned op = r->a.op;
    bool take = op == X86_FCMOVB     ? b
                : op == X86_FCMOVE   ? e
                : op == X86_FCMOVBE  ? b || e
                : op == X86_FCMOVU   ? u
                : op == X86_FCMOVNB  ? !b
                : op == X86_FCMOVNE  ? !e
                : op == X86_FCMOVNBE ? !b && !e
                                     : !u;
    if (!operands(r, 0, r->a.sti)) {
        if (!r->e.stop)
            write(r, 0, X80_DEFAULT);
        return;
    }
    r->e.status |= r->f->status & X80_C1;
    if (take)
        write(r, 0, st(r, r->a.sti));
}

static void run_examine(struct run *r)
{
    struct x80 v = st(r, 0);
    unsigned sign = v.se & X80_SIGN ? X80_C1 : 0;
    set_cc(r, empty(r, 0) ? X80_C3 | X80_C0 | sign : x80_class(v));
}

/* FFREE, FFREEP, FINCSTP, FDECSTP, FNOP */
static void run_stack(struct run *r)
{
    switch (r->a.op) {
    case X86_FFREEP:
        release(r, r->a.sti);
        pop(r);
        break;
    case X86_FFREE:
        release(r, r->a.sti);
        break;
    case X86_FINCSTP:
        r->f->state.top = (r->f->state.top + 1) & 7;
        break;
    case X86_FDECSTP:
        r->f->state.top = (r->f->state.top - 1) & 7;
        break;
    default:
        r->e.status |= r->f->status & X80_C1;
    }
}

/* ---- control instructions ----------------------------------------------------------------------- */

static uint64_t run_control(struct run *r)
{
    uint64_t v[2] = {0, 0};
    uint16_t word;
    switch (r->a.op) {
    case X86_FLDCW:
        r->faulted = !load(r, v);
        if (!r->faulted)
            x87_set_control(r->c, (unsigned)v[0]);
        break;
    case X86_FNSTCW:
        word = (uint16_t)r->f->control;
        store(r, &word);
        break;
    case X86_FNSTSW:
        word = x87_status_word(r->c);
        if (r->a.size != 0)
            store(r, &word);
        return word;
    case X86_FNCLEX:
        r->c->cpu.x87_status = 0;
        r->f->status &= X80_CC;
        break;
    case X86_FNINIT:
        x87_init(r->c);
        break;
    case X86_FLDENV:
    case X86_FNSTENV:
    case X86_FRSTOR:
    case X86_FNSAVE:
        r->faulted = !x87_environment(r->c, r->a, r->at);
        break;
    default: /* FWAIT */
        break;
    }
    return 0;
}

/* ---- the helper --------------------------------------------------------------------------------- */

/* C1 is what the instruction made it; C0 C2 C3 only comparisons, FXAM and remainders write. */
static void finish(struct run *r, unsigned writes)
{
    struct x86_fpu *f = r->f;
    f->status = (f->status & ~writes) | (r->e.status & (X80_EXCEPTIONS | X80_SF | writes));
    x87_collect(r->c);
}

typedef void run_function(struct run *);
enum { C1_ONLY = X80_C1, ALL_CC = X80_CC };
static const struct {
    run_function *run;
    uint16_t from, to, writes;
} groups[] = {
    {run_compare, X86_FCOM, X86_FCOMP, ALL_CC},
    {run_arithmetic, X86_FADD, X86_FDIVRP, C1_ONLY},
    {run_compare, X86_FCOMPP, X86_FCOMPP, ALL_CC},
    {run_compare, X86_FICOM, X86_FICOMP, ALL_CC},
    {run_arithmetic, X86_FIADD, X86_FIDIVR, C1_ONLY},
    {run_load, X86_FLD, X86_FLD, C1_ONLY},
    {run_store, X86_FST, X86_FSTP, C1_ONLY},
    {run_load, X86_FILD, X86_FILD, C1_ONLY},
    {run_store, X86_FIST, X86_FISTTP, C1_ONLY},
    {run_load, X86_FBLD, X86_FBLD, C1_ONLY},
    {run_store, X86_FBSTP, X86_FBSTP, C1_ONLY},
    {run_exchange, X86_FXCH, X86_FXCH, C1_ONLY},
    {run_stack, X86_FFREE, X86_FNOP, C1_ONLY},
    {run_unary, X86_FCHS, X86_FABS, C1_ONLY},
    {run_compare, X86_FTST, X86_FTST, ALL_CC},
    {run_examine, X86_FXAM, X86_FXAM, ALL_CC},
    {run_constant, X86_FLD1, X86_FLDZ, C1_ONLY},
    {run_extract, X86_FXTRACT, X86_FXTRACT, C1_ONLY},
    {run_binary, X86_FPREM1, X86_FPREM, ALL_CC},
    {run_unary, X86_FSQRT, X86_FSQRT, C1_ONLY},
    {run_unary, X86_FRNDINT, X86_FRNDINT, C1_ONLY},
    {run_binary, X86_FSCALE, X86_FSCALE, C1_ONLY},
    {run_transcendental, X86_F2XM1, X86_FCOS, ALL_CC},
    {run_move_if, X86_FCMOVB, X86_FCMOVNU, C1_ONLY},
    {run_compare, X86_FUCOM, X86_FUCOMIP, ALL_CC},
};

static void note(struct run *r, uint32_t pc)
{
    struct x86_fpu *f = r->f;
    f->ip = pc - r->c->seg[X86_CS].base;
    f->cs = r->c->seg[X86_CS].selector;
    f->opcode = r->a.opcode;
    f->fast_ip = 0;
    if (r->a.size == 0)
        return;
    f->dp = r->at - r->c->seg[r->a.seg].base;
    f->ds = r->c->seg[r->a.seg].selector;
}

/* The exception that an earlier instruction left pending (vol. 1, 8.7.1). */
static bool pending(struct x86_cpu *c)
{
    x87_collect(c);
    return (c->fpu.status & X80_ES) != 0;
}

uint64_t x86_helper_x87(struct cpu *cpu, uint64_t word, uint64_t at, uint64_t pc)
{
    struct x86_cpu *c = x86_of(cpu);
    struct run r = {.c = c, .f = &c->fpu, .at = (uint32_t)at};
    uint64_t result = 0;
    memcpy(&r.a, &word, sizeof r.a);
    r.e.control = (uint16_t)c->fpu.control;
    if ((r.a.flags & X87_WAITS) && pending(c))
        return x86_raise(c, VECTOR_MF);
    if (!(r.a.flags & X87_NOTES)) {
        result = run_control(&r);
    } else {
        unsigned n = 0, op = r.a.op;
        while (op < groups[n].from || op > groups[n].to)
            n++;
        groups[n].run(&r);
        if (!r.faulted) {
            finish(&r, groups[n].writes);
            note(&r, (uint32_t)pc);
        }
    }
    if (r.a.flags & X87_PREDICT)
        x87_predict(c);
    return result;
}
