/*
 * Values are remembered by type; an operation takes any recent one of the type its row asks for,
 * or a new constant or piece of state. A label forgets them all. So every row of ir_ops.h can be
 * chosen without naming it.
 */
#include "random.h"

#include <string.h>

#include <translator/ir_fold.h>
#include <translator/ir_vec.h>

#include "../frame/frame.h"
#include "machine.h"

#define KEPT 24

struct maker {
    struct ir_block *b;
    unsigned kinds;
    ir_ref value[IR_TYPES][KEPT];
    unsigned count[IR_TYPES];
    unsigned open[IR_MAX_LABEL], opened; /* labels branched to and not placed */
    uint32_t pc;
};

static unsigned pick(unsigned below)
{
    return (unsigned)(random_next() >> 33) % below;
}

static ir_ref emit(struct maker *m, struct ir_ins i)
{
    struct ir_block *b = m->b;
    if (!(m->kinds & RANDOM_RAW) || i.op == IR_const || i.op == IR_flagsof)
        return ir_emit(b, i);
    if (b->count == IR_MAX_INS)
        return 0;
    if (i.op == IR_insn)
        b->insns++;
    if (ir_traits(i.op) & TRAIT_FAULT)
        i.site = (uint16_t)(b->insns - 1);
    if (!(ir_traits(i.op) & TRAIT_TYPED))
        i.type = (uint8_t)ir_result(&i);
    b->ins[++b->count] = i;
    return (ir_ref)b->count;
}

static void keep(struct maker *m, unsigned type, ir_ref r)
{
    if (type != IR_NONE)
        m->value[type][m->count[type]++ % KEPT] = r;
}

static uint64_t random_constant(unsigned type)
{
    static const uint32_t common[] = {0, 1, 2, 3, 4, 8, 31, 0xff, 0x1000, 0x80000000, 0xffffffff};
    uint64_t r = random_next();
    if (r & 3)
        return common[(r >> 8) % (sizeof common / sizeof common[0])];
    return type == IR_I64 ? r : (uint32_t)(r >> 32);
}

/* Offset of state of this type: registers for i32, own state for all. */
static int64_t state_offset(unsigned type)
{
    static const uint8_t bytes[IR_TYPES] = {
        [IR_I32] = 4, [IR_I64] = 8, [IR_F32] = 4, [IR_F64] = 8, [IR_V128] = 16, [IR_I8] = 1};
    size_t own = offsetof(struct test_cpu, own);
    if (type == IR_I32 && pick(8) != 0)
        return 4 * pick(16);
    if ((type == IR_I8 || type == IR_I64) && pick(4) == 0)
        return type == IR_I8 ? pick(64) : 4 * pick(15);
    unsigned n = bytes[type];
    return (int64_t)(own + n * pick(64 / n));
}

static ir_ref fresh(struct maker *m, unsigned type)
{
    ir_ref r;
    if (type == IR_FLAGS)
        r = ir_getf(m->b);
    else if ((type == IR_I32 || type == IR_I64) && pick(2))
        r = ir_const(m->b, type, random_constant(type));
    else
        r = emit(m,
                 (struct ir_ins){.op = IR_get, .type = (uint8_t)type, .imm = state_offset(type)});
    keep(m, type, r);
    return r;
}

static ir_ref some(struct maker *m, unsigned type)
{
    unsigned have = m->count[type] < KEPT ? m->count[type] : KEPT;
    if (have == 0 || pick(6) == 0)
        return fresh(m, type);
    if (pick(3) == 0) /* chains */
        return m->value[type][(m->count[type] - 1) % KEPT];
    return m->value[type][pick(have)];
}

static void forget(struct maker *m)
{
    memset(m->count, 0, sizeof m->count);
}

static void guest_instruction(struct maker *m)
{
    m->pc += 4;
    emit(m, (struct ir_ins){.op = IR_insn, .aux = (uint8_t)pick(256), .imm = m->pc});
}

/* ---- operations by their rows ----------------------------------------------------------------- */

static unsigned random_type(unsigned op, unsigned kinds)
{
    if (op >= IR_vadd && op <= IR_vmake)
        return IR_V128;
    if (op == IR_fwiden || op == IR_dbitsto)
        return IR_F64;
    if (op == IR_fnarrow || op == IR_bitsto)
        return IR_F32;
    if (op >= IR_fadd && op <= IR_fromint)
        return pick(2) ? IR_F32 : IR_F64;
    if (op >= IR_add && op <= IR_flagsof)
        return pick(4) ? IR_I32 : IR_I64;
    static const uint8_t any[] = {IR_I32, IR_I32, IR_I32, IR_I64, IR_F32, IR_F64, IR_V128};
    return any[pick(kinds & RANDOM_VECTORS ? 7 : kinds & RANDOM_FLOAT ? 6 : 4)];
}

static ir_ref address(struct maker *m)
{
    ir_ref a = some(m, IR_I32);
    if (m->kinds & RANDOM_FIRST_64K)
        a = ir_bin(m->b, IR_and, IR_I32, a, ir_const(m->b, IR_I32, 0x6fff));
    if (pick(3) == 0)
        a = emit(m, (struct ir_ins){.op = pick(2) ? IR_add : IR_sub,
                                    .type = IR_I32,
                                    .a = a,
                                    .b = ir_const(m->b, IR_I32, pick(256))});
    return a;
}

static void fill_memory(struct maker *m, struct ir_ins *i)
{
    static const uint8_t full[IR_TYPES] = {
        [IR_I32] = 2, [IR_I64] = 3, [IR_F32] = 2, [IR_F64] = 3, [IR_V128] = 4};
    unsigned size = full[i->type];
    if (i->type == IR_I32 || i->type == IR_I64)
        size = pick(size + 1);
    i->aux = (uint8_t)(size | (pick(4) == 0 ? MEM_BIG : 0) | (pick(8) == 0 ? MEM_USER : 0));
    if (i->type == IR_V128 && !(i->aux & MEM_BIG)) /* the low part, too */
        i->aux = (uint8_t)(i->aux - pick(3));
    if (i->op == IR_ld && i->type != IR_V128 && size < full[i->type] && pick(2))
        i->aux |= MEM_SIGNED;
    i->a = address(m);
    if (pick(3) == 0 && !(m->kinds & RANDOM_FIRST_64K)) {
        i->b = pick(2) ? address(m) : some(m, IR_I32);
        if (pick(3) == 0)
            i->b = emit(m, (struct ir_ins){.op = IR_shl,
                                           .type = IR_I32,
                                           .a = i->b,
                                           .b = ir_const(m->b, IR_I32, pick(5))});
        i->aux |= (uint8_t)(pick(4) << MEM_SCALE_SHIFT);
        if (pick(2))
            i->a = emit(m, (struct ir_ins){.op = IR_add, .type = IR_I32, .a = i->b, .b = i->a});
        if (i->a != 0 && pick(3) == 0) {
            i->b = 0;
            i->aux &= (uint8_t) ~(unsigned)MEM_SCALE;
        }
    }
    i->imm = pick(2) ? (int64_t)pick(64) - 32 : 0;
    if (i->op == IR_st)
        i->c = some(m, i->type);
}

/* Sometimes many elements; otherwise few, and both ends close to each other. */
static void fill_string(struct maker *m, struct ir_ins *i)
{
    i->aux = (uint8_t)pick(3);
    i->a = address(m);
    if (i->op == IR_fill)
        i->b = some(m, IR_I32);
    else if (pick(2))
        i->b = address(m);
    else
        i->b = emit(m, (struct ir_ins){.op = pick(2) ? IR_add : IR_sub,
                                       .type = IR_I32,
                                       .a = i->a,
                                       .b = ir_const(m->b, IR_I32, pick(pick(2) ? 10 : 100))});
    unsigned count = pick(pick(2) ? 20 : 5000);
    i->c = pick(8) ? ir_const(m->b, IR_I32, pick(3) ? count : 0 - count)
                   : ir_bin(m->b, IR_and, IR_I32, some(m, IR_I32), ir_const(m->b, IR_I32, 0x1fff));
}

static void fill_operands(struct maker *m, struct ir_ins *i)
{
    ir_ref *refs[3] = {&i->a, &i->b, &i->c};
    for (unsigned k = 0; k < 3; k++) {
        enum ir_type t = ir_operand(i, k, NULL);
        if (t != IR_NONE)
            *refs[k] = some(m, t);
    }
    switch (i->op) {
    case IR_setcc:
    case IR_select:
        i->aux = (uint8_t)pick(16);
        break;
    case IR_fromint:
    case IR_nzcv:
        i->imm = pick(2);
        break;
    case IR_toint32:
    case IR_toint64:
        i->imm = pick(4);
        break;
    case IR_vmul:
        i->aux = (uint8_t)(1 + pick(2));
        break;
    case IR_vop:
    case IR_vfop:
        do
            i->imm = vec_imm(pick(VEC_COUNT), pick(256));
        while (vec_op((unsigned)i->imm & 255) != i->op);
        break;
    default:
        if (ir_has_part(i->op))
            i->aux = (uint8_t)(1 + pick(2));
        if (i->op >= IR_vadd && i->op <= IR_vsplat)
            i->aux =
                (uint8_t)pick(i->op == IR_vgts || i->op == IR_vsar || i->op == IR_vsplat ? 3 : 4);
        if (i->op == IR_vshl || i->op == IR_vshr || i->op == IR_vsar)
            i->imm = pick(8u << i->aux);
    }
}

static void value_operation(struct maker *m, unsigned op)
{
    struct ir_ins i = {.op = (uint8_t)op};
    if (ir_traits(op) & TRAIT_TYPED)
        i.type = (uint8_t)random_type(op, m->kinds);
    if (op == IR_ld || op == IR_st)
        fill_memory(m, &i);
    else if (op == IR_copy || op == IR_fill)
        fill_string(m, &i);
    else
        fill_operands(m, &i);
    ir_ref r = emit(m, i);
    enum ir_type t = ir_result(&i);
    keep(m, t, r);
    if ((ir_traits(op) & TRAIT_FLAGS) && pick(2))
        keep(m, IR_FLAGS, ir_flagsof(m->b, r));
}

/* Through a sum of a register and a constant: PUSH, or ADD to memory. */
static void move_stack(struct maker *m)
{
    unsigned n = pick(16);
    ir_ref base = ir_get(m->b, IR_I32, 4 * n);
    if (m->kinds & RANDOM_FIRST_64K)
        base = ir_bin(m->b, IR_and, IR_I32, base, ir_const(m->b, IR_I32, 0x6fff));
    ir_ref sum =
        ir_bin(m->b, pick(2) ? IR_add : IR_sub, IR_I32, base, ir_const(m->b, IR_I32, pick(256)));
    struct ir_ins access = {.op = IR_st, .type = IR_I32, .aux = 2, .a = sum};
    if (pick(2)) {
        access.c = pick(4) ? some(m, IR_I32) : sum;
        access.a = pick(2) ? sum : base;
        emit(m, access);
        ir_put(m->b, IR_I32, 4 * n, sum);
    } else {
        struct ir_ins load = {.op = IR_ld, .type = IR_I32, .aux = 2, .a = sum};
        access.c = ir_bin(m->b, IR_add, IR_I32, emit(m, load), some(m, IR_I32));
        emit(m, access);
    }
}

/* ---- state, calls, branches ------------------------------------------------------------------- */

/* A register that nobody else looks at just then, so that it stays what it is. */
static ir_ref guest_register(struct maker *m)
{
    return ir_get(m->b, IR_I32, 4 * pick(16));
}

/* The bit that went out last, as guests' shifts compute it. */
static ir_ref last_bit(struct maker *m)
{
    static const uint8_t shifts[] = {IR_shl, IR_shr, IR_sar, IR_ror};
    ir_ref v = pick(2) ? guest_register(m) : some(m, IR_I32);
    v = ir_bin(m->b, shifts[pick(4)], IR_I32, v, ir_const(m->b, IR_I32, pick(32)));
    if (pick(3) == 0)
        v = ir_bin(m->b, IR_xor, IR_I32, v, guest_register(m));
    return pick(2) ? ir_bin(m->b, IR_shr, IR_I32, v, ir_const(m->b, IR_I32, 31))
                   : ir_bin(m->b, IR_and, IR_I32, v, ir_const(m->b, IR_I32, 1));
}

/* INC or DEC of a register. */
static void step(struct maker *m)
{
    unsigned n = pick(16);
    ir_ref r = ir_bin(m->b, pick(2) ? IR_add : IR_sub, IR_I32, ir_get(m->b, IR_I32, 4 * n),
                      ir_const(m->b, IR_I32, 1));
    ir_ref f = ir_flagsof(m->b, r);
    ir_put(m->b, IR_I32, 4 * n, r);
    ir_putf(m->b, f, IR_FLAG_NZ | IR_FLAG_V);
    keep(m, IR_FLAGS, f);
}

static void write_state(struct maker *m)
{
    static const uint8_t types[] = {IR_I32, IR_I32, IR_I32, IR_I8, IR_I64, IR_F32, IR_F64, IR_V128};
    struct ir_ins i = {.op = IR_put};
    switch (pick(8)) {
    case 0:
    case 1:
        i.op = IR_putf;
        i.a = some(m, IR_FLAGS);
        i.imm = pick(2) ? IR_FLAG_ALL : 1 + pick(7);
        break;
    case 2:
        if (pick(4) == 0) {
            i.op = IR_putnzcv;
            i.a = some(m, IR_I32);
            i.imm = pick(2);
            break;
        }
        i.op = pick(2) ? IR_putc : IR_putv;
        i.a = pick(2) ? last_bit(m) : ir_setcc(m->b, some(m, IR_FLAGS), pick(16));
        break;
    case 3:
        step(m);
        return;
    default:
        i.type = types[pick(m->kinds & RANDOM_VECTORS ? 8 : m->kinds & RANDOM_FLOAT ? 7 : 5)];
        i.imm = state_offset(i.type);
        i.a = some(m, i.type == IR_I8 ? IR_I32 : i.type);
    }
    emit(m, i);
}

static void call(struct maker *m)
{
    static const uint8_t flags[TEST_HELPERS] = {
        [HELPER_STATE] = CALL_READS | CALL_WRITES, [HELPER_EXIT] = CALL_EXITS};
    unsigned helper = pick(TEST_HELPERS);
    if (helper == HELPER_EXIT && pick(3) != 0)
        return;
    struct ir_ins i = {.op = IR_call, .type = IR_I64, .aux = flags[helper], .imm = helper};
    if (pick(2))
        i.type = IR_I32;
    if (pick(4) == 0) {
        i.type = IR_NONE;
        i.aux |= CALL_VOID;
    }
    i.a = some(m, IR_I32);
    i.b = some(m, pick(2) ? IR_I32 : IR_I64);
    i.c = pick(2) ? some(m, IR_I64) : 0;
    keep(m, ir_result(&i), emit(m, i));
}

static void place_label(struct maker *m)
{
    if (m->opened == 0)
        return;
    unsigned k = pick(m->opened);
    ir_label(m->b, m->open[k]);
    m->open[k] = m->open[--m->opened];
    forget(m);
}

static void branch(struct maker *m)
{
    if (m->opened < 6 && m->b->labels < IR_MAX_LABEL)
        m->open[m->opened++] = ir_new_label(m->b);
    if (m->opened == 0)
        return;
    unsigned label = m->open[pick(m->opened)];
    if (pick(5) != 0) {
        ir_brcc(m->b, some(m, IR_FLAGS), pick(16), label);
    } else {
        ir_br(m->b, label);
        place_label(m);
    }
}

/* The flags may stay pending (pass_lazy.c): who looks at them settles them. */
static void exit_by_jump(struct maker *m)
{
    ir_jump(m->b, (uint32_t)random_next(), pick(8), pick(2) ? m->pc + 4 : 0);
    if (pick(2))
        m->b->ins[m->b->count].flow =
            IR_FLOW_DEAD | (uint32_t)(random_next() & random_next() & 0xffff)
                               << IR_FLOW_WRITES_SHIFT;
}

/* As conditional branches of guests end a block: flags written, often by a comparison just before, maybe an
 * access that faults, and two exits. */
static void end_in_two(struct maker *m)
{
    unsigned label = ir_new_label(m->b);
    ir_ref f = some(m, IR_FLAGS);
    if (pick(2))
        f = ir_flagsof(m->b, ir_bin(m->b, pick(2) ? IR_sub : IR_and, IR_I32, guest_register(m),
                                    guest_register(m)));
    ir_putf(m->b, f, pick(4) ? IR_FLAG_ALL : 1 + pick(7));
    if ((m->kinds & RANDOM_MEMORY) && pick(2))
        value_operation(m, pick(2) ? IR_ld : IR_st);
    ir_brcc(m->b, f, pick(16), label);
    exit_by_jump(m);
    ir_label(m->b, label);
    forget(m);
    exit_by_jump(m);
}

static ir_ref comparison(struct maker *m, unsigned op)
{
    return ir_flagsof(m->b, ir_bin(m->b, op, IR_I32, guest_register(m), guest_register(m)));
}

/* As a shift by CL ends one: flags that may be written once more, and one exit for both. */
static void end_in_one(struct maker *m)
{
    unsigned label = ir_new_label(m->b);
    ir_putf(m->b, comparison(m, IR_sub), IR_FLAG_ALL);
    ir_brcc(m->b, comparison(m, IR_and), pick(16), label);
    ir_putf(m->b, comparison(m, IR_xor), pick(2) ? IR_FLAG_ALL : IR_FLAG_NZ);
    ir_label(m->b, label);
    forget(m);
    exit_by_jump(m);
}

static void end(struct maker *m)
{
    switch (pick(6)) {
    case 0:
        ir_jumpto(m->b, some(m, IR_I32), pick(8), pick(2) ? m->pc + 4 : 0);
        break;
    case 1:
        ir_leave(m->b, some(m, IR_I32), EXIT_UNDEFINED + pick(5));
        break;
    case 2:
    case 3:
        if (m->b->labels < IR_MAX_LABEL) {
            pick(3) == 0 ? end_in_one(m) : end_in_two(m);
            break;
        }
        exit_by_jump(m);
        break;
    default:
        exit_by_jump(m);
    }
}

static void one(struct maker *m)
{
    unsigned kind = pick(24), op;
    if (kind < 3) {
        write_state(m);
    } else if (kind < 5) {
        guest_instruction(m);
    } else if (kind < 8 && (m->kinds & RANDOM_MEMORY)) {
        static const uint8_t ops[] = {IR_ld, IR_st, IR_ld, IR_st, IR_copy, IR_fill};
        unsigned which = pick(7);
        which < 6 ? value_operation(m, ops[which]) : move_stack(m);
    } else if (kind == 8 && (m->kinds & RANDOM_CALLS)) {
        call(m);
    } else if (kind == 9 && (m->kinds & RANDOM_LABELS)) {
        branch(m);
    } else if (kind == 10 && (m->kinds & RANDOM_LABELS)) {
        place_label(m);
    } else if (kind == 11 && (m->kinds & RANDOM_MEMORY) && pick(4) == 0) {
        ir_align(m->b, address(m), 1 + 2 * pick(2));
    } else if (kind < 14 && (m->kinds & RANDOM_FLOAT)) {
        value_operation(m, IR_fadd + pick(IR_dbitsof - IR_fadd + 1));
    } else if (kind < 16 && (m->kinds & RANDOM_VECTORS)) {
        do
            op = IR_vadd + pick(IR_vmake - IR_vadd + 1);
        while (op == IR_vfop && !(m->kinds & RANDOM_X86));
        value_operation(m, op);
    } else {
        do
            op = IR_add + pick(IR_select - IR_add + 1);
        while (op == IR_flagsof);
        value_operation(m, op);
    }
}

void random_block(struct ir_block *b, unsigned length, unsigned kinds)
{
    static struct maker m;
    memset(&m, 0, sizeof m);
    m.b = b;
    m.kinds = kinds;
    m.pc = 0x1000;
    ir_start(b);
    guest_instruction(&m);
    while (b->count < length && b->count < IR_MAX_INS - 100)
        one(&m);
    end(&m);
    while (m.opened != 0) {
        place_label(&m);
        write_state(&m);
        end(&m);
    }
}
