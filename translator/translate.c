/*
 * From guest code to a block: one plain call after the other, each step with its dump letter.
 *
 *   lift (frontend)  →  site bits  →  passes  →  compile (backend)  →  cache
 *
 * A block that turns out too large for the IR or the backend is lifted again with half as many
 * guest instructions; one instruction always fits. When the code cache is full it is emptied, which
 * is safe here: translation happens between blocks only.
 */
#include <stdio.h>
#include <string.h>

#include <translator/machine.h>

struct source {
    struct lift l;
    struct vm *vm;
    uint64_t phys[2]; /* of the two pages; [1] 0 until it was needed */
    uint32_t end;     /* one past the last byte read */
    bool second;      /* the second page was read */
};

static bool second_page(struct source *s, uint32_t va)
{
    bool global;
    if (s->phys[1] == 0 && !fetch_phys(s->vm, va, &s->phys[1], &global))
        return false;
    s->phys[1] &= ~(uint64_t)(GUEST_PAGE - 1);
    s->second = true;
    return true;
}

static bool read_half(struct source *s, uint32_t va, uint16_t *half)
{
    uint32_t page = va & GUEST_PAGE_MASK, first = s->l.pc & GUEST_PAGE_MASK;
    unsigned which = page == first ? 0 : 1;
    if (which == 1 && (page != first + GUEST_PAGE || !second_page(s, va)))
        return false;
    const uint8_t *host = memory_ram(s->vm, s->phys[which] + (va & ~GUEST_PAGE_MASK), sizeof *half);
    if (host == NULL)
        return false;
    memcpy(half, host, sizeof *half);
    return true;
}

static bool fetch(struct lift *l, uint32_t va, unsigned bytes, uint32_t *code)
{
    struct source *s = l->private;
    uint16_t low, high = 0;
    if (!read_half(s, va, &low) || (bytes == 4 && !read_half(s, va + 2, &high)))
        return false;
    *code = low | (uint32_t)high << 16;
    uint32_t begin = s->l.pc & ~1u;
    if (!l->peek && va + bytes - begin > s->end - begin)
        s->end = va + bytes;
    return true;
}

/* Number the guest instructions, and give sites what is known of them. */
static void mark_sites(struct vm *vm, struct source *s)
{
    struct ir_block *b = vm->ir;
    uint32_t first = s->l.pc & GUEST_PAGE_MASK;
    unsigned site = 0, bits = 0;
    for (unsigned n = 1; n <= b->count; n++) {
        struct ir_ins *i = &b->ins[n];
        if (i->op == IR_insn) {
            uint32_t pc = (uint32_t)i->imm & ~1u;
            uint64_t page = (pc & GUEST_PAGE_MASK) == first ? s->phys[0] : s->phys[1];
            bits = vm->site_count == 0 ? 0 : site_bits(vm, page | (pc & ~GUEST_PAGE_MASK));
            bits &= ~(unsigned)SITE_LOOP;
            if (bits & SITE_COLD)
                bits = bits & SITE_SLOW ? bits & ~SITE_COLD : bits | SITE_SLOW;
            i->site = (uint16_t)site++;
            continue;
        }
        i->site = (uint16_t)(site == 0 ? 0 : site - 1);
        if (i->op == IR_ld || i->op == IR_st)
            i->bits |= (uint8_t)bits;
        else if (i->op == IR_copy || i->op == IR_fill)
            i->bits |= (uint8_t)(bits & SITE_SLOW);
    }
    b->insns = site;
}

static void verify(struct vm *vm, const char *after)
{
    char why[160], text[240];
    if (!vm->verify || ir_verify(vm->ir, why, sizeof why))
        return;
    snprintf(text, sizeof text, "IR after %s: %s", after, why);
    vm_broken(vm, text);
}

/* Compare the source of a block on a checked page, in pieces of 8 bytes that may overlap each other
 * and the code around. */
static void guard_page(struct vm *vm, uint64_t phys, uint32_t first, uint32_t last)
{
    for (uint32_t at = first; at <= last; at += 8) {
        uint32_t from = at <= GUEST_PAGE - 8 ? at : GUEST_PAGE - 8;
        uint64_t *host = memory_ram(vm, phys + from, 8), code;
        if (host == NULL)
            return;
        memcpy(&code, host, sizeof code);
        ir_ref address = ir_const(vm->ir, IR_I64, (uint64_t)host);
        ir_emit(vm->ir, (struct ir_ins){.op = IR_guard, .a = address, .imm = (int64_t)code});
    }
}

static bool is_checked(struct vm *vm, uint64_t phys)
{
    struct ram *r = phys == 0 ? NULL : ram_find(vm, phys);
    return r != NULL && ram_page(r, phys)->checked;
}

/* How many of the block's instructions may stay together, 0: all of them. It ends before a breakpoint; with icount,
 * what calls a helper is a block by itself, because a helper may ask for the time, and the count is
 * exact between blocks only. */
static unsigned together(const struct vm *vm)
{
    unsigned insns = 0;
    bool alone = false;
    for (unsigned n = 1; n <= vm->ir->count; n++) {
        const struct ir_ins *i = &vm->ir->ins[n];
        if (i->op == IR_insn && insns++ > 0 && debug_breakpoint(vm, (uint32_t)i->imm))
            return insns - 1;
        if (i->op == IR_call && vm->config.icount && insns > 1)
            return insns - 1;
        if (i->op == IR_call && vm->config.icount)
            alone = true;
        else if (i->op == IR_insn && insns > 1 && alone)
            return 1;
    }
    return 0;
}

static void lift_code(struct vm *vm, struct source *s)
{
    if (debug_breakpoint(vm, s->l.pc)) {
        ir_insn(vm->ir, s->l.pc, 0);
        ir_leave(vm->ir, ir_const(vm->ir, IR_I32, s->l.pc), EXIT_DEBUG);
        s->end = (s->l.pc & ~1u) + 2;
        return;
    }
    vm->frontend->lift(&s->l);
}

/* A block of the right length. */
static void lift_guest(struct vm *vm, struct source *s)
{
    ir_start(vm->ir);
    lift_code(vm, s);
    if (!vm->config.icount && vm->gdb == NULL)
        return;
    unsigned most = together(vm);
    if (most == 0)
        return;
    s->l.limit = most;
    s->end = s->l.pc & ~1u;
    s->second = false;
    ir_start(vm->ir);
    lift_code(vm, s);
}

/* The block has just been lifted, so its extent is known: begin again with guards before it. */
static void lift_guarded(struct vm *vm, struct source *s)
{
    uint32_t first = s->l.pc & ~GUEST_PAGE_MASK & ~1u, bytes = s->end - (s->l.pc & ~1u);
    uint32_t last = first + bytes - 1;
    ir_start(vm->ir);
    if (is_checked(vm, s->phys[0]))
        guard_page(vm, s->phys[0], first, last < GUEST_PAGE ? last : GUEST_PAGE - 1);
    if (s->second && is_checked(vm, s->phys[1]))
        guard_page(vm, s->phys[1], 0, last - GUEST_PAGE);
    s->l.stores_end = vm->frontend->stores_act_at_once;
    lift_code(vm, s);
}

/* A loop may stand in the block several times (pass_unroll.c), if it has been seen to run long; with icount
 * always, because runs must be the same, and are to show that this changes nothing. */
static bool may_unroll(const struct vm *vm, const struct source *s)
{
    if (vm->config.icount)
        return vm->gdb == NULL;
    return vm->gdb == NULL && vm->site_count != 0 &&
           (site_bits(vm, s->phys[0] | (s->l.pc & ~GUEST_PAGE_MASK)) & SITE_LOOP) != 0;
}

static void lift(struct vm *vm, struct source *s)
{
    lift_guest(vm, s);
    if (is_checked(vm, s->phys[0]) || (s->second && is_checked(vm, s->phys[1])))
        lift_guarded(vm, s);
    mark_sites(vm, s);
    vm->ir->most = may_unroll(vm, s) ? s->l.limit : 0;
    dump_guest(vm, &s->l);
    dump_ir(vm, 'i', "lift");
    verify(vm, "lift");
    for (const struct ir_pass *p = ir_passes; p->run != NULL; p++) {
        p->run(vm->ir);
        dump_ir(vm, p->letter, p->name);
        verify(vm, p->name);
    }
}

/* ---- compiling ---------------------------------------------------------------------------------- */

static void *take(struct cache *c, size_t bytes)
{
    size_t at = (c->data_used + 7) & ~(size_t)7;
    if (bytes > c->data_bytes - at)
        return NULL;
    c->data_used = at + bytes;
    return c->data + at;
}

static void *alloc(struct compile *c, size_t bytes)
{
    return take(&((struct vm *)c->private)->cache, bytes);
}

static void trace(struct compile *c, const char *line)
{
    dump_line(c->private, line);
}

static struct block *compile(struct vm *vm, struct source *s, bool *full)
{
    struct cache *c = &vm->cache;
    size_t data = c->data_used, room = c->bytes - c->used;
    struct block *b = take(c, sizeof *b);
    *full = b == NULL || c->count == c->count_max;
    if (*full)
        return NULL;
    *b = (struct block){.pc = s->l.pc,
                        .mode = s->l.mode,
                        .phys = s->phys[0] | (s->l.pc & ~GUEST_PAGE_MASK),
                        .phys2 = s->second ? s->phys[1] : 0,
                        .bytes = s->end - (s->l.pc & ~1u),
                        .insns = (uint16_t)vm->ir->insns};
    struct compile job = {.ir = vm->ir,
                          .block = b,
                          .frontend = vm->frontend,
                          .cpu = vm->cpu,
                          .icount = vm->config.icount,
                          .random = vm->config.random,
                          .write = c->draft,
                          .run = c->run + c->used,
                          .room = room < CACHE_DRAFT ? room : CACHE_DRAFT,
                          .alloc = alloc,
                          .trace = dump_wants(vm, 'r') ? trace : NULL,
                          .private = vm};
    size_t bytes = vm->ir->full ? 0 : vm->backend->compile(&job);
    if (bytes == 0) {
        c->data_used = data;
        *full = room < CACHE_DRAFT || c->data_bytes - data < CACHE_DRAFT;
        return NULL;
    }
    /* In few large stores: one to a page whose code has run may cost an emulator of the host dearly. */
    memcpy(c->write + c->used, c->draft, bytes);
    c->used += bytes;
    return b;
}

struct block *translate(struct vm *vm, uint32_t pc, uint64_t phys, uint32_t mode, unsigned limit)
{
    uint64_t begun = vm_now();
    struct block *b = NULL;
    bool emptied = false, ended_early = false;
    for (unsigned most = limit; b == NULL;) {
        struct source s = {
            .vm = vm,
            .phys = {phys & ~(uint64_t)(GUEST_PAGE - 1), 0},
            .end = pc & ~1u,
            .l = {.cpu = vm->cpu,
                  .ir = vm->ir,
                  .pc = pc,
                  .mode = mode,
                  .limit = most,
                  .counted = vm->config.icount,
                  .direct = !vm->config.icount && vm->gdb == NULL && !dump_wants(vm, 'x'),
                  .fetch = fetch}};
        bool full;
        s.l.private = &s;
        lift(vm, &s);
        b = compile(vm, &s, &full);
        if (b != NULL)
            break;
        if (full && !emptied)
            cache_flush(vm), emptied = true;
        else if (most > 1)
            most /= 2, ended_early = true;
        else
            vm_broken(vm, "one guest instruction does not fit the code cache");
    }
    b->limit = (uint16_t)limit;
    b->cut = b->insns < FLOW_LIMIT_MIN && limit >= FLOW_LIMIT_MIN && ended_early;
    cache_add(vm, b);
    dump_host(vm, b);
    vm->counts.blocks++;
    vm->counts.shortened += ended_early;
    vm->counts.insns += b->insns;
    vm->counts.code_bytes += b->code_bytes;
    vm->counts.translate_ns += vm_now() - begun;
    return b;
}
