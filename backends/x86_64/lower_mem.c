/*
 * Guest state in the CPU structure, and guest memory.
 *
 * get of a pinned slot costs nothing (the value is an alias of the register); get of other state is
 * a memory operand until it is needed in a register. A guest access is one host instruction through
 * GS with a 32-bit effective address; MEM_USER and SITE_CHOOSE take their base from the CPU
 * structure; SITE_SLOW calls C. Nothing of the instruction's results is written before the one host
 * instruction that may fault.
 */
#include "lower.h"

static const uint8_t type_bytes[IR_TYPES] = {
    [IR_I8] = 1, [IR_I32] = 4, [IR_F32] = 4, [IR_I64] = 8, [IR_F64] = 8, [IR_V128] = 16};

/* Accesses of other size than the slot's to pinned registers go through memory. */
static bool pins_in(struct gen *g, uint32_t off, uint32_t bytes, enum x86_op op)
{
    bool any = false;
    if (off / 4 >= X86_PIN_SLOTS)
        return false;
    for (unsigned p = 0; p < g->s->pins; p++) {
        uint32_t o = g->s->frontend->pins[p];
        if (o >= off + bytes || o + 4 <= off)
            continue;
        struct mem m = state_mem(o);
        x86_rm(&g->c, op, false, x86_pin_regs[p], &m, 0);
        any = true;
    }
    return any;
}

static void get(struct gen *g, const struct ir_ins *i)
{
    uint32_t off = (uint32_t)i->imm;
    unsigned pin = i->type == IR_I32 ? pin_at(g, off) : NO_REG;
    ir_ref r = (ir_ref)g->at;
    if (vpins_touch(g, i)) {
        vpins_get(g, i);
        return;
    }
    if (pin != NO_REG) {
        alias_add(g, r, P_PIN, pin, 0);
        return;
    }
    bool pinned = pins_in(g, off, type_bytes[i->type], X_MOV_M);
    alias_add(g, r, P_STATE, 0, off);
    if (pinned) /* that memory is stale when the register changes */
        alias_evict_state(g, off, 1);
}

static void put_pin(struct gen *g, ir_ref a, unsigned pin)
{
    struct value *v = &g->v[a];
    if (v->place == P_PIN && v->reg == pin)
        return;
    alias_evict_pin(g, pin);
    struct operand o = v->place == P_STATE && g->ir->ins[a].type == IR_I8
                           ? (struct operand){.kind = O_REG, .reg = (uint8_t)reg_of(g, a)}
                           : operand_of(g, a);
    if (o.kind == O_IMM)
        x86_const(&g->c, pin, (uint32_t)o.imm);
    else
        x_apply(g, X_MOV, false, pin, &o);
    if (used(g, a) && v->place == P_REG && !chance(g, 2))
        alias_add(g, a, P_PIN, pin, 0);
}

static void put(struct gen *g, const struct ir_ins *i)
{
    uint32_t off = (uint32_t)i->imm, bytes = type_bytes[i->type];
    unsigned pin = i->type == IR_I32 ? pin_at(g, off) : NO_REG;
    if (pin != NO_REG) {
        put_pin(g, i->a, pin);
        return;
    }
    bool vector = vpins_touch(g, i);
    if (vector && vpins_put(g, i))
        return;
    const uint32_t flags = offsetof(struct cpu, flags);
    if (off < flags + 4 && off + bytes > flags) {
        flags_state_changes(g);
    }
    bool xmm = i->type == IR_F32 || i->type == IR_F64 || i->type == IR_V128, w = i->type == IR_I64;
    uint64_t k = is_const(g, i->a) ? const_of(g, i->a) : 0;
    bool imm = !xmm && is_const(g, i->a) && (!w || (int64_t)k == (int32_t)k);
    unsigned r = xmm ? xmm_of(g, i->a) : imm ? 0 : reg_of(g, i->a);
    if (vector)
        vpins_to_memory(g, off, bytes);
    alias_evict_state(g, off, bytes);
    struct mem m = state_mem(off);
    for (unsigned p = 0; p < g->s->pins && off / 4 < X86_PIN_SLOTS; p++) {
        uint32_t o = g->s->frontend->pins[p];
        if (o < off + bytes && o + 4 > off)
            alias_evict_pin(g, x86_pin_regs[p]);
    }
    if (bytes < 4)
        pins_in(g, off, bytes, X_MOV_M);
    if (xmm)
        x86_rm(&g->c,
               i->type == IR_F32   ? X_MOVSS_M
               : i->type == IR_F64 ? X_MOVSD_M
                                   : X_MOVUPS_M,
               false, r, &m, 0);
    else if (imm)
        x86_rm(&g->c, bytes == 1 ? X_MOV8_I : X_MOV_I, w, 0, &m, (int32_t)k);
    else
        x86_rm(&g->c, bytes == 1 ? X_MOV8_M : X_MOV_M, w, r, &m, 0);
    pins_in(g, off, bytes, X_MOV);
    if (vector)
        vpins_from_memory(g, off, bytes);
}

void lower_state(struct gen *g, const struct ir_ins *i)
{
    if (i->op == IR_get)
        get(g, i);
    else
        put(g, i);
}

/* ---- guest memory ---- */

/* The address without segment, registers locked. */
static struct mem address(struct gen *g, const struct ir_ins *i)
{
    struct mem m = mem_base(NO_REG, (int32_t)i->imm);
    unsigned scale = (i->aux & MEM_SCALE) >> MEM_SCALE_SHIFT;
    if (is_const(g, i->a))
        m.disp = (int32_t)((uint32_t)m.disp + (uint32_t)const_of(g, i->a));
    else
        m.base = (uint8_t)reg_of(g, i->a);
    if (i->b == 0)
        return m;
    if (is_const(g, i->b)) {
        m.disp = (int32_t)((uint32_t)m.disp + ((uint32_t)const_of(g, i->b) << scale));
    } else if (scale == 0 && m.base == NO_REG) {
        m.base = (uint8_t)reg_of(g, i->b);
    } else {
        m.index = (uint8_t)reg_of(g, i->b);
        m.scale = (uint8_t)scale;
    }
    return m;
}

static struct mem in_window(struct gen *g, const struct ir_ins *i)
{
    uint16_t locked = g->locked;
    struct mem m = address(g, i);
    if (!(i->aux & MEM_USER) && !(i->bits & SITE_CHOOSE)) {
        m.gs = m.ea32 = true;
        return m;
    }
    unsigned ea = scratch(g);
    x86_rm(&g->c, X_LEA, false, ea, &m, 0);
    g->locked = locked | (uint16_t)(1u << ea); /* the address's own registers have been used */
    unsigned base = scratch(g);
    if (i->aux & MEM_USER) {
        struct mem alt = state_mem(offsetof(struct cpu, alt_base));
        x86_rm(&g->c, X_MOV, true, base, &alt, 0);
    } else {
        struct mem split = state_mem(offsetof(struct cpu, split));
        struct mem main = state_mem(offsetof(struct cpu, base));
        struct mem choose = state_mem(offsetof(struct cpu, choose_base));
        x86_rm(&g->c, X_MOV, true, base, &main, 0);
        x86_rm(&g->c, X_CMP, false, ea, &split, 0);
        x86_cmov_m(&g->c, CC_B, true, base, &choose);
    }
    m = mem_base(base, 0);
    m.index = (uint8_t)ea;
    return m;
}

/* Whether the access needs EFLAGS. */
static bool needs_flags(const struct ir_ins *i)
{
    unsigned size = i->aux & MEM_SIZE;
    return ir_slow_access(i) || ((i->bits & SITE_CHOOSE) && !(i->aux & MEM_USER)) ||
           ((i->aux & MEM_BIG) && size == 1);
}

static bool is_xmm(unsigned type)
{
    return type == IR_F32 || type == IR_F64 || type == IR_V128;
}

/* Load into general register d. */
static void load_int(struct gen *g, const struct ir_ins *i, unsigned d, const struct mem *m, bool w)
{
    unsigned size = i->aux & MEM_SIZE;
    bool sign = i->aux & MEM_SIGNED, big = (i->aux & MEM_BIG) && size != 0;
    add_side(g, code_offset(&g->c), i);
    if (big && size >= 2 && (x86_features & HAS_MOVBE)) {
        x86_rm(&g->c, X_MOVBE, size == 3, d, m, 0);
    } else if (size == 0) {
        x86_rm(&g->c, sign ? X_MOVSX8 : X_MOVZX8, sign && w, d, m, 0);
    } else if (size == 1) {
        x86_rm(&g->c, sign && !big ? X_MOVSX16 : X_MOVZX16, sign && w && !big, d, m, 0);
        if (big)
            x86_rr(&g->c, X_ROL16_I, false, 0, d, 8);
        if (big && sign)
            x86_rr(&g->c, X_MOVSX16, w, d, d, 0);
    } else if (size == 2 && sign && w && !big) {
        x86_rm(&g->c, X_MOVSXD, true, d, m, 0);
    } else {
        x86_rm(&g->c, X_MOV, size == 3, d, m, 0);
        if (big)
            x86_bswap(&g->c, size == 3, d);
    }
    if (size == 2 && sign && w && big)
        x86_rr(&g->c, X_MOVSXD, true, d, d, 0);
}

static void load(struct gen *g, const struct ir_ins *i)
{
    static const uint8_t xload[] = {0, 0, X_MOVSS, X_MOVSD, X_MOVUPS};
    unsigned size = i->aux & MEM_SIZE;
    struct mem m = in_window(g, i);
    if (!is_xmm(i->type)) {
        load_int(g, i, dst_reg(g, i->a), &m, i->type == IR_I64);
    } else if ((i->aux & MEM_BIG) || size < 2) {
        unsigned t = scratch(g);
        load_int(g, i, t, &m, true);
        x86_rr(&g->c, X_MOVD, size == 3, dst_xmm(g, 0), t, 0);
    } else {
        unsigned d = dst_xmm(g, 0);
        add_side(g, code_offset(&g->c), i);
        x86_rm(&g->c, xload[size], false, d, &m, 0);
    }
}

/* Store general register r. */
static void store_int(struct gen *g, const struct ir_ins *i, unsigned r, const struct mem *m)
{
    static const uint8_t op[] = {X_MOV8_M, X_MOV16_M, X_MOV_M, X_MOV_M};
    unsigned size = i->aux & MEM_SIZE;
    bool big = (i->aux & MEM_BIG) && size != 0, movbe = big && (x86_features & HAS_MOVBE);
    if (big && !movbe) {
        unsigned t = scratch(g);
        mov_rr(g, size == 3, t, r);
        if (size == 1)
            x86_rr(&g->c, X_ROL16_I, false, 0, t, 8);
        else
            x86_bswap(&g->c, size == 3, t);
        r = t;
    }
    add_side(g, code_offset(&g->c), i);
    if (movbe)
        x86_rm(&g->c, size == 1 ? X_MOVBE16_M : X_MOVBE_M, size == 3, r, m, 0);
    else
        x86_rm(&g->c, op[size], size == 3, r, m, 0);
}

static void store(struct gen *g, const struct ir_ins *i)
{
    static const uint8_t xstore[] = {0, 0, X_MOVSS_M, X_MOVSD_M, X_MOVUPS_M};
    unsigned size = i->aux & MEM_SIZE, type = g->v[i->c].type;
    uint64_t k = is_const(g, i->c) ? const_of(g, i->c) : 0;
    bool imm = is_const(g, i->c) && !(i->aux & MEM_BIG) && size != 1 && !is_xmm(type) &&
               (size < 3 || (int64_t)k == (int32_t)k);
    struct mem m = in_window(g, i);
    if (imm) {
        add_side(g, code_offset(&g->c), i);
        x86_rm(&g->c, size == 0 ? X_MOV8_I : X_MOV_I, size == 3, 0, &m, (int32_t)k);
    } else if (!is_xmm(type)) {
        store_int(g, i, reg_of(g, i->c), &m);
    } else if ((i->aux & MEM_BIG) || size < 2) {
        unsigned x = xmm_of(g, i->c), t = scratch(g);
        x86_rr(&g->c, X_MOVD_M, size == 3, x, t, 0);
        store_int(g, i, t, &m);
    } else {
        unsigned x = xmm_of(g, i->c);
        add_side(g, code_offset(&g->c), i);
        x86_rm(&g->c, xstore[size], false, x, &m, 0);
    }
}

static uint64_t function_address(uint64_t (*f)(struct cpu *, uint64_t, uint64_t, uint64_t))
{
    return (uint64_t)(uintptr_t)f;
}

/* A site that met a device: the address and the value go to C (slots A and B hold 16 bytes). */
static void slow(struct gen *g, const struct ir_ins *i)
{
    bool is_store = i->op == IR_st;
    struct mem m = address(g, i), a = state_mem(slot_off(SLOT_A));
    unsigned ea = scratch(g);
    x86_rm(&g->c, X_LEA, false, ea, &m, 0);
    if (is_store && is_xmm(g->v[i->c].type))
        x86_rm(&g->c, X_MOVUPS_M, false, xmm_of(g, i->c), &a, 0);
    else if (is_store)
        x86_rm(&g->c, X_MOV_M, true, reg_of(g, i->c), &a, 0);
    alloc_spill_all(g, false);
    mov_rr(g, false, RDX, ea);
    x86_const(&g->c, RCX, i->aux | (unsigned)i->type << 8 | (i->bits & SITE_COLD ? SLOW_COLD : 0));
    call_function(g, function_address(is_store ? x86_slow_store : x86_slow_load), CALL_EXITS, i);
    if (is_store)
        return;
    if (is_xmm(i->type)) {
        unsigned d = dst_xmm(g, 0);
        x86_rm(&g->c, X_MOVUPS, false, d, &a, 0);
        return;
    }
    take(g, RAX);
    if (g->want[g->at] != NO_REG)
        mov_rr(g, i->type == IR_I64, dst_reg(g, 0), RAX);
    else
        dst_reg_is(g, RAX);
}

static void align(struct gen *g, const struct ir_ins *i)
{
    flags_clobber(g);
    unsigned r = reg_of(g, i->a);
    uint32_t mask = (uint32_t)i->imm;
    if (mask < 128)
        x86_rr(&g->c, X_TEST8_I, false, 0, r, (int32_t)mask);
    else
        x86_rr(&g->c, X_TEST_I, false, 0, r, (int32_t)mask);
    struct cold *c = add_cold(g, COLD_ALIGN);
    c->reg = (uint8_t)r;
    c->side = add_side(g, code_offset(&g->c), i);
    c->field[c->fields++] = x86_jcc(&g->c, CC_NE, 0);
}

void lower_mem(struct gen *g, const struct ir_ins *i)
{
    if (i->op == IR_align) {
        align(g, i);
        return;
    }
    if (needs_flags(i))
        flags_clobber(g);
    if (ir_slow_access(i))
        slow(g, i);
    else if (i->op == IR_ld)
        load(g, i);
    else
        store(g, i);
}
