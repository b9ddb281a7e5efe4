/*
 * System calls, the return from them and writes of the DACR, in line.
 *
 * Each asks first whether all is as usual (cpu->hinders, and what concerns it alone); if not, the
 * way at `slow` calls the helper in direct.c or cp15.c, which these pieces must equal. What both
 * modes' windows are is ready in cpu->side, and what user memory on and off is in cpu->view (guest.h).
 *
 * No value outlives a label, so what the slow way needs of the instruction's operands waits in the
 * state: the address in cpu->pc, which nobody reads in between, the status in `switch_status`.
 */
#include "lift.h"

static ir_ref state(struct arm_lift *a, size_t offset)
{
    return ir_get(a->b, IR_I32, offset);
}
static ir_ref bin(struct arm_lift *a, enum ir_op op, ir_ref x, ir_ref y)
{
    return ir_bin(a->b, op, IR_I32, x, y);
}
static ir_ref with(struct arm_lift *a, enum ir_op op, ir_ref x, uint32_t n)
{
    return bin(a, op, x, arm_i32(a, n));
}
static void put(struct arm_lift *a, size_t offset, ir_ref v)
{
    ir_put(a->b, IR_I32, offset, v);
}
static void move(struct arm_lift *a, size_t to, size_t from)
{
    put(a, to, state(a, from));
}
static void if_any(struct arm_lift *a, ir_ref v, unsigned label)
{
    ir_brcc(a->b, ir_flagsof(a->b, v), CC_NE, label);
}

#define REG(n)    offsetof(struct cpu, reg[n])
#define CPSR_KEPT (CPSR_F | CPSR_I | CPSR_A | CPSR_Q)
/* What blocks depend on whatever the mode. */
#define AMODE_COMMON (AMODE_ALIGN | AMODE_FPEXACT | AMODE_VECTOR | AMODE_FLAT)

/* In no IT block, and none was begun or ended here: nothing is to be written of it. */
static bool plain(const struct arm_lift *a)
{
    return a->l->direct && a->it == 0 && a->it_next == 0 && a->it_state == 0 && !a->big;
}

static void now_slow(struct arm_lift *a, unsigned slow)
{
    ir_label(a->b, slow);
    a->flags = 0;
}

static ir_ref hinders(struct arm_lift *a)
{
    return ir_get(a->b, IR_I64, offsetof(struct cpu, hinders));
}

/* Hinders, another view of user memory than user mode's, an interrupt that waits, or what is our own. */
static void ask_hinders(struct arm_lift *a, unsigned closer)
{
    if_any(a, hinders(a), closer);
}

/* The same, but GE may be anything. */
static void look_closer(struct arm_lift *a, unsigned slow)
{
    uint64_t others =
        ~(0xffull << 8 * (offsetof(struct cpu, own[OWN_GE]) - offsetof(struct cpu, hinders)));
    if_any(a, ir_bin(a->b, IR_and, IR_I64, hinders(a), ir_const(a->b, IR_I64, others)), slow);
}

/* ---- SVC (B1.9.4) ------------------------------------------------------------------------------- */

static void enter(struct arm_lift *a, uint32_t vector, bool ge)
{
    ir_ref old = state(a, ARM_STATE(cpsr));
    ir_ref flags = ir_imm(a->b, IR_nzcv, IR_I32, ir_getf(a->b), 1); /* C is kept inverted */
    ir_ref saved = with(a, IR_or, bin(a, IR_or, flags, old), a->thumb ? CPSR_T : 0);
    if (ge) /* bit 7 of each byte to bits 28 to 31, then to 16 to 19 */
        saved = bin(a, IR_or, saved,
                    with(a, IR_and,
                         with(a, IR_shr, with(a, IR_mul, state(a, ARM_STATE(ge)), 0x00204081), 12),
                         CPSR_GE));
    put(a, ARM_STATE(spsr), saved);
    put(a, ARM_STATE(cpsr),
        with(a, IR_or, old, MODE_SVC | CPSR_I)); /* MODE_USR has none but these bits */
    move(a, ARM_STATE(bank_sp[BANK_USR]), REG(13));
    move(a, ARM_STATE(bank_lr[BANK_USR]), REG(14));
    move(a, REG(13), ARM_STATE(bank_sp[BANK_SVC]));
    put(a, REG(14), arm_i32(a, a->next & ~1u));
    put(a, ARM_STATE(exclusive_valid), arm_i32(a, 0)); /* and fp_code */
    ir_jump(a->b, vector, JUMP_ENTER, 0);
}

/* All calls in line lead to the same place; were it to move, OWN_VECTORS hinders them. */
static bool vectors_stay(struct arm_cpu *c)
{
    if (c->vectors_in_line == 0)
        c->vectors_in_line = c->vectors | 1;
    return c->vectors_in_line == (c->vectors | 1);
}

void arm_switch_call(struct arm_lift *a)
{
    struct arm_cpu *c = arm_of(a->l->cpu);
    if (plain(a) && !a->privileged && vectors_stay(c)) {
        unsigned slow = ir_new_label(a->b), ge = ir_new_label(a->b);
        ask_hinders(a, ge);
        enter(a, c->vectors + 0x08, false);
        now_slow(a, ge);
        look_closer(a, slow);
        enter(a, c->vectors + 0x08, true);
        now_slow(a, slow);
    }
    arm_sync_it(a, a->it_next);
    ir_jumpto(
        a->b,
        ir_call(a->b, IR_I32, HELPER_call, CALL_READS | CALL_WRITES, arm_i32(a, a->next), 0, 0),
        JUMP_MODE, 0);
    a->ended = true;
}

/* ---- returns to user mode (B1.8.3) -------------------------------------------------------------- */

enum return_to { TO_ARM, TO_THUMB, TO_ANY }; /* TO_ANY: with any GE, too */

/* To user mode, with nothing else in the new CPSR that is kept elsewhere. */
static void ask_status(struct arm_lift *a, ir_ref status, enum return_to to, unsigned no)
{
    uint32_t others = CPSR_MODE | CPSR_E | CPSR_IT | CPSR_J | (to == TO_ANY ? 0 : CPSR_GE | CPSR_T);
    uint32_t wanted = MODE_USR | (to == TO_THUMB ? CPSR_T : 0);
    if_any(a, with(a, IR_sub, with(a, IR_and, status, others), wanted), no);
}

/* The address with T; without T it is a multiple of 4. */
static ir_ref return_address(struct arm_lift *a, ir_ref pc, ir_ref status, enum return_to to)
{
    if (to != TO_ANY)
        return to == TO_ARM ? with(a, IR_and, pc, ~3u) : with(a, IR_or, pc, 1);
    ir_ref t = with(a, IR_and, with(a, IR_shr, status, 5), 1);
    ir_ref mask = with(a, IR_add, with(a, IR_shl, t, 1), ~3u);
    return bin(a, IR_or, bin(a, IR_and, pc, mask), t);
}

/* GE := status; bits 16 to 19 to bit 7 of each byte. */
static void put_ge(struct arm_lift *a, ir_ref status)
{
    ir_ref four = with(a, IR_and, with(a, IR_shr, status, 16), 15);
    put(a, ARM_STATE(ge), with(a, IR_and, with(a, IR_mul, four, 0x10204080), 0x80808080));
    ir_put(a->b, IR_I8, offsetof(struct cpu, own[OWN_GE]), four);
}

static void go_back(struct arm_lift *a, ir_ref pc, ir_ref status, enum return_to to)
{
    if (to == TO_ANY)
        put_ge(a, status);
    move(a, ARM_STATE(bank_sp[BANK_SVC]), REG(13));
    move(a, ARM_STATE(bank_lr[BANK_SVC]), REG(14));
    move(a, ARM_STATE(bank_spsr[BANK_SVC]), ARM_STATE(spsr));
    pc = return_address(a, pc, status, to);
    move(a, REG(13), ARM_STATE(bank_sp[BANK_USR]));
    move(a, REG(14), ARM_STATE(bank_lr[BANK_USR]));
    ir_emit(a->b, (struct ir_ins){.op = IR_putnzcv, .a = status, .imm = 1});
    put(a, ARM_STATE(cpsr), with(a, IR_and, status, CPSR_MODE | CPSR_KEPT));
    ir_put(a->b, IR_I64, ARM_STATE(event), ir_const(a->b, IR_I64, 1)); /* the rest of it is 0 */
    ir_jumpto(a->b, pc, JUMP_USER, 0);
    a->b->ins[a->b->count].imm = a->l->mode ^ (a->l->mode & AMODE_COMMON);
}

/* Where the slow way, and the one with GE, find the operands. */
static ir_ref kept_pc(struct arm_lift *a, bool lr)
{
    return state(a, lr ? REG(14) : offsetof(struct cpu, pc));
}
static ir_ref kept_status(struct arm_lift *a, bool spsr)
{
    return state(a, spsr ? ARM_STATE(spsr) : ARM_STATE(switch_status));
}

void arm_switch_return(struct arm_lift *a, ir_ref pc, ir_ref status)
{
    bool spsr = status == 0;
    bool lr = a->b->ins[pc].op == IR_get && a->b->ins[pc].imm == (int64_t)REG(14);
    if (!lr)
        put(a, offsetof(struct cpu, pc), pc);
    if (!spsr)
        put(a, ARM_STATE(switch_status), status);
    if (plain(a) && (a->l->mode & AMODE_SVC) != 0) {
        unsigned slow = ir_new_label(a->b), thumb = ir_new_label(a->b), any = ir_new_label(a->b);
        if (spsr)
            status = kept_status(a, spsr);
        ask_hinders(a, any);
        ask_status(a, status, TO_ARM, thumb);
        go_back(a, pc, status, TO_ARM);
        now_slow(a, thumb);
        ask_status(a, kept_status(a, spsr), TO_THUMB, any);
        go_back(a, kept_pc(a, lr), kept_status(a, spsr), TO_THUMB);
        now_slow(a, any);
        look_closer(a, slow);
        ask_status(a, kept_status(a, spsr), TO_ANY, slow);
        go_back(a, kept_pc(a, lr), kept_status(a, spsr), TO_ANY);
        now_slow(a, slow);
    }
    pc = ir_call(a->b, IR_I32, spsr ? HELPER_go_spsr : HELPER_go_value, CALL_READS | CALL_WRITES,
                 kept_pc(a, lr), spsr ? 0 : kept_status(a, spsr), 0);
    ir_jumpto(a->b, pc, JUMP_MODE, 0);
    a->ended = true;
}

/* ---- DACR (B4.1.43) ----------------------------------------------------------------------------- */

static size_t view_at(unsigned n)
{
    return offsetof(struct cpu, view) + n * sizeof(struct cpu_view);
}

/* Go to the label if the register's value is the key of view n. */
static void if_view(struct arm_lift *a, unsigned n, unsigned label)
{
    ir_ref key = ir_get(a->b, IR_I64, view_at(n) + offsetof(struct cpu_view, key));
    ir_ref v = ir_un(a->b, IR_zext32, IR_I64, arm_reg(a, a->insn.rd));
    ir_brcc(a->b, ir_flagsof(a->b, ir_bin(a->b, IR_sub, IR_I64, v, key)), CC_E, label);
}

static void take_view(struct arm_lift *a, unsigned n, unsigned label)
{
    now_slow(a, label);
    put(a, ARM_STATE(cp15.dacr), arm_reg(a, a->insn.rd));
    ir_put(a->b, IR_V128, offsetof(struct cpu, alt_base), ir_get(a->b, IR_V128, view_at(n)));
    ir_put(a->b, IR_I8, offsetof(struct cpu, away), arm_i32(a, n == VIEW_NOTHING));
}

void arm_switch_dacr(struct arm_lift *a)
{
    unsigned done = 0, take[VIEWS] = {0}, likely = 0;
    bool direct = a->l->direct && !a->skipping;
    if (direct) {
        unsigned here = ir_new_label(a->b);
        ir_br(a->b, here); /* flags that are pending are best written before the comparisons */
        now_slow(a, here);
        done = ir_new_label(a->b);
        /* The view that is not there when this block first runs; later writes take turns. */
        const struct cpu *cpu = a->l->cpu;
        bool off = cpu->view[VIEW_NOTHING].key == arm_of(a->l->cpu)->cp15.dacr;
        likely = (off ? VIEW_PROCESS : VIEW_NOTHING) ^ (a->dacr_writes++ & 1);
        for (unsigned n = 0; n < VIEWS; n++) {
            take[n] = ir_new_label(a->b);
            if_view(a, likely ^ n, take[n]);
        }
    }
    /* Its handler touches no other state. */
    ir_call(a->b, IR_I32, HELPER_put_dacr, CALL_VOID, arm_reg(a, a->insn.rd), 0, 0);
    put(a, ARM_STATE(cp15.dacr), arm_reg(a, a->insn.rd)); /* for reads in this block */
    if (direct) { /* the likely one comes last and runs on */
        ir_br(a->b, done);
        take_view(a, likely ^ 1, take[1]);
        ir_br(a->b, done);
        take_view(a, likely, take[0]);
        ir_br(a->b, done);
        now_slow(a, done);
    }
}
