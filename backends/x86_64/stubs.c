/*
 * The common stubs: entering and leaving translated code, calls of C functions, floating point in
 * software. One set for each frontend, because they know which slots are pinned.
 *
 * Entering keeps the host's callee-saved registers, MXCSR, x87 control word and stack pointer; the
 * stack pointer then is the CPU structure, and everything that is called uses the stack below it. A
 * call stub runs with its return address at [rsp], so the CPU structure is at rsp + 8.
 */
#include "asm.h"
#include "x86_64.h"

#include <string.h>

const uint8_t x86_pin_regs[X86_PINS] = {RBX, RSI, RDI, RBP, R8, R9, R10, R11, R14, R13, R12};

#define CALLER_SAVED (1u << RSI | 1u << RDI | 1u << R8 | 1u << R9 | 1u << R10 | 1u << R11)
#define ALL_PINS     0xffffu

static const uint8_t callee_saved[] = {RBX, RBP, R12, R13, R14, R15};

/* Load or store (op) the pinned registers in mask; the CPU structure is at rsp + at. */
static void pins(struct code *c, const struct x86_state *s, enum x86_op op, unsigned mask, int at)
{
    for (unsigned p = 0; p < s->pins; p++) {
        struct mem m = mem_base(RSP, at + s->frontend->pins[p]);
        if (mask >> x86_pin_regs[p] & 1)
            x86_rm(c, op, false, x86_pin_regs[p], &m, 0);
    }
}

/* Guest vector registers to the CPU structure at rsp + at; changes EFLAGS. */
static void store_vectors(struct code *c, const struct x86_state *s, int at)
{
    struct mem live = mem_base(RSP, at + (int)offsetof(struct cpu, vectors_live));
    if (s->vpins == 0)
        return;
    x86_rm(c, X_CMP_I, false, 0, &live, 0);
    uint32_t none = x86_jcc(c, CC_E, 0);
    for (unsigned p = 0; p < s->vpins; p++) {
        struct mem m = mem_base(RSP, at + s->frontend->vectors[p]);
        x86_rm(c, X_MOVUPS_M, false, X86_VPIN(p), &m, 0);
    }
    x86_rm(c, X_MOV_I, false, 0, &live, 0);
    x86_patch(c, none, code_offset(c));
}

static uint64_t here(struct code *c)
{
    while ((uintptr_t)c->at % 16 != 0 && !c->full)
        x86_byte(c, X86_INT3);
    return (uint64_t)(uintptr_t)c->run + code_offset(c);
}

/* A subroutine of translated code: they are in registers from now on. */
static void make_vectors(struct code *c, struct x86_state *s)
{
    struct mem live = mem_base(RSP, 8 + (int)offsetof(struct cpu, vectors_live));
    s->vectors = here(c);
    for (unsigned p = 0; p < s->vpins; p++) {
        struct mem m = mem_base(RSP, 8 + s->frontend->vectors[p]);
        x86_rm(c, X_MOVUPS, false, X86_VPIN(p), &m, 0);
    }
    x86_rm(c, X_MOV_I, false, 0, &live, 1);
    x86_byte(c, X86_RET);
}

static void field(struct code *c, enum x86_op op, bool w, unsigned reg, unsigned base, size_t off)
{
    struct mem m = mem_base(base, (int32_t)off);
    x86_rm(c, op, w, reg, &m, 0);
}

static size_t slot(unsigned n)
{
    return offsetof(struct cpu, spill) + 8 * n;
}

/* A poke that came while nobody was in the guest range: attention, which the block tests. One that
 * comes behind the test here is an upcall. The CPU structure is at rsp + at; changes rcx.
 */
static void make_poke_test(struct code *c, size_t at)
{
    uint32_t none[2];
    struct mem word = mem_base(RCX, 0);
    field(c, X_MOV, true, RCX, RSP, at + offsetof(struct cpu, pending));
    x86_rr(c, X_TEST, true, RCX, RCX, 0);
    none[0] = x86_jcc(c, CC_E, 0); /* no thread runs it for a VM: a test of blocks */
    x86_rm(c, X_CMP_I, true, 0, &word, 0);
    none[1] = x86_jcc(c, CC_E, 0);
    x86_const(c, RCX, 1);
    field(c, X_MOV_M, false, RCX, RSP, at + offsetof(struct cpu, attention));
    for (unsigned n = 0; n < 2; n++)
        x86_patch(c, none[n], code_offset(c));
}

/* An x87 instruction on [base + off]: opcode and digit. */
static void x87(struct code *c, unsigned opcode, unsigned digit, unsigned base, size_t off)
{
    x86_byte(c, opcode);
    x86_byte(c, 0x80 | digit << 3 | base);
    if (base == RSP)
        x86_byte(c, 0x24);
    for (unsigned n = 0; n < 4; n++)
        x86_byte(c, off >> 8 * n & 0xff);
}
enum { FNSTCW = 7, FLDCW = 5, FNSTSW = 7 };

/* The guest's control word, and keep the host's. rdi: the CPU structure. */
static void enter_x87(struct code *c)
{
    x87(c, 0xd9, FNSTCW, RDI, slot(SLOT_HOST_FCW));
    x87(c, 0xd9, FLDCW, RDI, offsetof(struct cpu, x87_control));
}

/* Registers that the host's x87 stack holds (X87_HELD) to the CPU structure; changes rcx and rsi, when
 * the pinned registers have been stored. */
static void store_held(struct code *c, const struct x86_state *s)
{
    const struct mem next = {
        .base = RSP, .index = RSI, .scale = 3, .disp = (int32_t)s->frontend->x87};
    field(c, X_MOV, false, RCX, RSP, offsetof(struct cpu, x87_held));
    x86_rr(c, X_TEST, false, RCX, RCX, 0);
    uint32_t none = x86_jcc8(c, CC_E);
    x86_rr(c, X_MOV, false, RSI, RCX, 0);
    x86_rr(c, X_SHR_I, false, 0, RSI, 8); /* twice the number of the first */
    x86_rr(c, X_AND_I, false, 0, RCX, 0xff);
    uint32_t loop = code_offset(c);
    x86_byte(c, 0xdb); /* fstp tbyte ptr [rsp + 8 rsi + disp32] */
    x86_byte(c, 0x84 | 7 << 3);
    x86_byte(c, next.scale << 6 | RSI << 3 | RSP);
    for (unsigned n = 0; n < 4; n++)
        x86_byte(c, (uint32_t)next.disp >> 8 * n & 0xff);
    x86_rr(c, X_ADD_I, false, 0, RSI, 2);
    x86_rr(c, X_AND_I, false, 0, RSI, 15);
    x86_rr(c, X_SUB_I, false, 0, RCX, 1);
    x86_jcc(c, CC_NE, loop);
    field(c, X_MOV_M, false, RCX, RSP, offsetof(struct cpu, x87_held));
    x86_here8(c, none);
}

/* Exceptions that the host collected to cpu->x87_status; changes rcx. */
static void leave_x87(struct code *c)
{
    x87(c, 0xdd, FNSTSW, RSP, slot(SLOT_A));
    field(c, X_MOV, false, RCX, RSP, slot(SLOT_A));
    x86_rr(c, X_AND_I, false, 0, RCX, 0x3f);
    uint32_t none = x86_jcc8(c, CC_E);
    struct mem status = mem_base(RSP, offsetof(struct cpu, x87_status));
    x86_rm(c, X_OR, false, RCX, &status, 0);
    x86_rm(c, X_MOV_M, false, RCX, &status, 0);
    x86_byte(c, 0xdb); /* FNCLEX */
    x86_byte(c, 0xe2);
    x86_here8(c, none);
    x87(c, 0xd9, FLDCW, RSP, slot(SLOT_HOST_FCW));
}

/* (rdi cpu, rsi host address): as a C function; returns when code leaves. */
static void make_enter(struct code *c, struct x86_state *s)
{
    s->enter = here(c);
    for (unsigned n = 0; n < sizeof callee_saved; n++)
        x86_push(c, callee_saved[n]);
    x86_push(c, RAX);
    field(c, X_STMXCSR, false, 0, RSP, 0);
    field(c, X_MOV_M, true, RSP, RDI, slot(SLOT_HOST_RSP));
    field(c, X_LDMXCSR, false, 0, RDI, offsetof(struct cpu, mxcsr));
    if (s->frontend->x87 != 0)
        enter_x87(c);
    field(c, X_MOV, true, RAX, RDI, offsetof(struct cpu, base));
    x86_rr(c, X_WRGSBASE, true, 0, RAX, 0);
    x86_rr(c, X_MOV, true, RAX, RSI, 0);
    x86_rr(c, X_MOV, true, RSP, RDI, 0);
    pins(c, s, X_MOV, ALL_PINS, 0);
    make_poke_test(c, 0);
    x86_rr(c, X_JMP_E, false, 0, RAX, 0);
}

/* A way out that sets rax and goes to the common one; returns the jump to patch. */
static uint32_t way_out(struct code *c, uint64_t *at, uint64_t rax)
{
    *at = here(c);
    x86_const(c, RAX, rax);
    return x86_jmp(c, 0);
}

/* rax: reason, bit 32 set if rdx is the side entry to restore from; rdx else: the exit or 0. */
static void make_leave(struct code *c, struct x86_state *s)
{
    uint32_t to_fast[2], to_common[3];
    s->leave_request = here(c);
    field(c, X_MOV, false, RAX, RSP, offsetof(struct cpu, exit_request));
    x86_const(c, RCX, LEFT_AT_SIDE);
    x86_rr(c, X_OR, true, RAX, RCX, 0);
    to_common[0] = x86_jmp(c, 0);
    to_common[1] = way_out(c, &s->leave_align, EXIT_ALIGN | LEFT_AT_SIDE);
    to_common[2] = way_out(c, &s->leave_link, EXIT_LINK);
    to_fast[0] = way_out(c, &s->leave_check, EXIT_CHECK);
    to_fast[1] = way_out(c, &s->leave_lookup, EXIT_LOOKUP);
    s->leave_fast = here(c);
    for (unsigned n = 0; n < 2; n++)
        x86_patch(c, to_fast[n], code_offset(c));
    x86_const(c, RDX, 0);
    for (unsigned n = 0; n < 3; n++)
        x86_patch(c, to_common[n], code_offset(c));
    pins(c, s, X_MOV_M, ALL_PINS, 0);
    store_vectors(c, s, 0);
    field(c, X_STMXCSR, false, 0, RSP, offsetof(struct cpu, mxcsr));
    if (s->frontend->x87 != 0) {
        store_held(c, s);
        leave_x87(c);
    }
    field(c, X_MOV, true, RSP, RSP, slot(SLOT_HOST_RSP));
    field(c, X_LDMXCSR, false, 0, RSP, 0);
    x86_pop(c, RCX);
    for (unsigned n = sizeof callee_saved; n-- > 0;)
        x86_pop(c, callee_saved[n]);
    x86_byte(c, X86_RET);
}

/* r15: function; rdx, rcx, rax: its arguments after cpu. Result in rax. */
static void make_call(struct code *c, struct x86_state *s, unsigned kind)
{
    bool fp = kind & 4;
    s->call[kind] = here(c);
    pins(c, s, X_MOV_M, kind & (CALL_READS | CALL_WRITES) ? ALL_PINS : CALLER_SAVED, 8);
    store_vectors(c, s, 8);
    if (fp)
        field(c, X_STMXCSR, false, 0, RSP, 8 + offsetof(struct cpu, mxcsr));
    field(c, X_LEA, true, RDI, RSP, 8);
    x86_rr(c, X_MOV, true, RSI, RDX, 0);
    x86_rr(c, X_MOV, true, RDX, RCX, 0);
    x86_rr(c, X_MOV, true, RCX, RAX, 0);
    x86_rr(c, X_SUB_I, true, 0, RSP, 8);
    x86_rr(c, X_CALL_E, false, 0, R15, 0);
    x86_rr(c, X_ADD_I, true, 0, RSP, 8);
    make_poke_test(c, 8); /* a loop may spend nearly all its time in what it calls */
    if (fp)
        field(c, X_LDMXCSR, false, 0, RSP, 8 + offsetof(struct cpu, mxcsr));
    pins(c, s, X_MOV, kind & CALL_WRITES ? ALL_PINS : CALLER_SAVED, 8);
    x86_byte(c, X86_RET);
}

/* A computed jump to cpu->pc that is not in the table. No value lives but the pinned registers. */
static void make_look_up(struct code *c, struct x86_state *s)
{
    uint32_t none[2];
    s->look_up = here(c);
    field(c, X_MOV, true, RAX, RSP, offsetof(struct cpu, look_up));
    x86_rr(c, X_TEST, true, RAX, RAX, 0);
    none[0] = x86_jcc(c, CC_E, 0);
    pins(c, s, X_MOV_M, CALLER_SAVED, 0);
    store_vectors(c, s, 0);
    x86_rr(c, X_MOV, true, RDI, RSP, 0);
    x86_rr(c, X_CALL_E, false, 0, RAX, 0);
    make_poke_test(c, 0);
    pins(c, s, X_MOV, CALLER_SAVED, 0);
    x86_rr(c, X_TEST, true, RAX, RAX, 0);
    none[1] = x86_jcc(c, CC_E, 0);
    x86_rr(c, X_JMP_E, false, 0, RAX, 0);
    for (unsigned n = 0; n < 2; n++)
        x86_patch(c, none[n], code_offset(c));
    x86_jmp_to(c, s->leave_lookup);
}

/* Keeps every register but EFLAGS: the place that calls it does not know what lives. */
static void make_soft(struct code *c, struct x86_state *s)
{
    static const uint8_t kept[] = {RAX, RCX, RDX, RSI, RDI, R8, R9, R10, R11};
    int cpu = 8 + (int)sizeof kept * 8 + 256; /* from rsp, when all is saved */
    s->soft = here(c);
    for (unsigned n = 0; n < sizeof kept; n++)
        x86_push(c, kept[n]);
    x86_rr(c, X_SUB_I, true, 0, RSP, 256);
    for (unsigned x = 0; x < 16; x++)
        field(c, X_MOVUPS_M, false, x, RSP, 16 * x);
    field(c, X_LEA, true, RDI, RSP, (size_t)cpu);
    field(c, X_STMXCSR, false, 0, RDI, offsetof(struct cpu, mxcsr));
    x86_const(c, RAX, (uint64_t)(uintptr_t)x86_soft_run);
    x86_rr(c, X_CALL_E, false, 0, RAX, 0);
    make_poke_test(c, (size_t)cpu);
    field(c, X_LDMXCSR, false, 0, RSP, (size_t)cpu + offsetof(struct cpu, mxcsr));
    for (unsigned x = 0; x < 16; x++)
        field(c, X_MOVUPS, false, x, RSP, 16 * x);
    x86_rr(c, X_ADD_I, true, 0, RSP, 256);
    for (unsigned n = sizeof kept; n-- > 0;)
        x86_pop(c, kept[n]);
    x86_byte(c, X86_RET);
}

static void make_constants(struct code *c, struct x86_state *s)
{
    static const uint64_t k[K_CONSTANTS] = {
        [K_SIGN32] = 0x80000000u,         [K_SIGN64] = 1ull << 63, [K_ABS32] = 0x7fffffffu,
        [K_ABS64] = ~0ull >> 1,           [K_MIN32] = 0x00800000u, [K_MIN64] = 1ull << 52,
        [K_MAXU32] = 0x4f7fffffu,         /* 4294967040 */
        [K_MAXU64] = 0x41efffffffe00000u, /* 4294967295 */
    };
    s->constant = here(c);
    if ((size_t)(c->end - c->at) < sizeof k * 2) {
        c->full = true;
        return;
    }
    memset(c->at, 0, sizeof k * 2);
    for (unsigned n = 0; n < K_CONSTANTS; n++)
        memcpy(c->at + 16 * n, &k[n], 8);
    c->at += sizeof k * 2;
}

static void make_status_tables(struct code *c, struct x86_state *s)
{
    if ((size_t)(c->end - c->at) < STATUS_TABLES * 64) {
        c->full = true;
        return;
    }
    for (unsigned t = 0; t < STATUS_TABLES; t++) {
        s->status[t] = here(c);
        for (uint32_t n = 0; n < 16; n++) {
            uint32_t carry = n >> 1 & 1;
            if (t == FLAGS_OF_STATUS_INVERTED)
                carry ^= 1;
            uint32_t flags = (n >> 3 & 1) * NZ_N | (n >> 2 & 1) * NZ_Z | carry << 8 | (n & 1) << 16;
            uint32_t status =
                (n >> 1 & 1) << 31 | (n & 1) << 30 | (n >> 2 & 1) << 29 | n >> 3 << 28;
            if (t == STATUS_OF_FLAGS_INVERTED)
                status ^= 1u << 29;
            memcpy(c->at, t <= STATUS_OF_FLAGS ? &status : &flags, 4);
            c->at += 4;
        }
    }
}

size_t x86_make_stubs(struct x86_state *s, uint8_t *write, uint8_t *run, size_t room)
{
    struct code c = {.at = write, .start = write, .end = write + room, .run = run};
    make_constants(&c, s);
    make_status_tables(&c, s);
    make_enter(&c, s);
    make_leave(&c, s);
    for (unsigned kind = 0; kind < 8; kind++)
        make_call(&c, s, kind);
    make_look_up(&c, s);
    make_vectors(&c, s);
    make_soft(&c, s);
    here(&c);
    return c.full ? 0 : code_offset(&c);
}
