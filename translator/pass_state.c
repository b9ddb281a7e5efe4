/*
 * Pass 's': guest state read again comes from the value at hand, and writes that nobody can observe
 * disappear.
 *
 * Forwards, within a stretch without labels: what was last put at, or got from, an offset is known;
 * a `get` of exactly the same bytes and type takes it, a `put` of the value already there goes. Any
 * overlapping write forgets it. Flags are known by part (NZ, C, V): a condition that needs only
 * parts which one flags value supplied takes that value instead of the `getf`.
 *
 * Backwards: a write is dead if every path from it overwrites the same bytes before anyone can see
 * them. Observers are reads, whatever may fault (the guest's exception handler sees all state), and
 * the ends of the block. At a branch both ways count; at a label what holds behind it. Branches go
 * forwards only, so a label's set is complete when the branches to it are met. Values that turn out
 * unused on the way are removed at once, so that they do not count as readers. A branch over nothing
 * but dead writes goes too (x86: flags of a shift by CL), and with the last one its label: then both
 * walks are made once more, as more is known where the label was.
 *
 * Tracked are the general registers and flags of struct cpu, by word and by part, and the
 * frontend's own state behind struct cpu, by a short list. The fields between belong to the
 * translator; calls may use the frontend's own state without saying so.
 */
#include <string.h>

#include <translator/cpu.h>
#include <translator/ir_fold.h>

#define CORE       sizeof(((struct cpu *)0)->reg)
#define FLAGS_FROM offsetof(struct cpu, flags)
#define FLAGS_TO   (FLAGS_FROM + sizeof(struct cpu_flags))

static unsigned type_bytes(unsigned t)
{
    static const uint8_t bytes[IR_TYPES] = {
        [IR_I32] = 4, [IR_I64] = 8, [IR_F32] = 4, [IR_F64] = 8, [IR_V128] = 16, [IR_I8] = 1};
    return t < IR_TYPES ? bytes[t] : 0;
}

static bool in_core(int64_t offset, unsigned bytes)
{
    return offset >= 0 && offset + bytes <= (int64_t)CORE;
}

static bool in_own(int64_t offset)
{
    return offset >= (int64_t)sizeof(struct cpu);
}

static bool touches_flags(int64_t offset, unsigned bytes)
{
    return offset < (int64_t)FLAGS_TO && offset + bytes > (int64_t)FLAGS_FROM;
}

/* ---- forwards --------------------------------------------------------------------------------- */

#define KNOWN 64 /* direct-mapped by word: the general registers, then all else */

struct known {
    int64_t offset;
    ir_ref value; /* 0: nothing known */
    uint8_t type;
};

/* The flags value that supplies each part; 0: unknown. */
struct parts {
    ir_ref nz, c, v;
};

struct forward {
    struct ir_block *b;
    ir_ref as[IR_MAX_INS + 1];
    struct parts of[IR_MAX_INS + 1]; /* of each getf: the parts when it ran */
    struct known known[KNOWN];
    struct parts now;
};

static struct known *known_at(struct forward *w, int64_t offset)
{
    const unsigned registers = CORE / 4;
    uint64_t word = (uint64_t)offset >> 2;
    return &w->known[word < registers ? word : registers + word % (KNOWN - registers)];
}

static void forget_all(struct forward *w)
{
    memset(w->known, 0, sizeof w->known);
    w->now = (struct parts){0, 0, 0};
}

/* A call that says nothing of registers may still use state that only the frontend knows. */
static void forget_own(struct forward *w)
{
    for (unsigned k = 0; k < KNOWN; k++)
        if (in_own(w->known[k].offset))
            w->known[k].value = 0;
}

static void forget_overlaps(struct forward *w, int64_t offset, unsigned bytes)
{
    int64_t first = offset >= 15 ? offset - 15 : 0;
    for (int64_t at = first & ~3ll; at < offset + bytes; at += 4) {
        struct known *k = known_at(w, at);
        if (k->value != 0 && k->offset < offset + bytes && k->offset + type_bytes(k->type) > offset)
            k->value = 0;
    }
    if (touches_flags(offset, bytes))
        w->now = (struct parts){0, 0, 0};
}

/* A value known under one type gives another: type known, type asked, distance of the bytes. */
static const struct {
    uint8_t has, wants, at, op;
} views[] = {
    {IR_I64, IR_F64, 0, IR_dbitsto}, {IR_F64, IR_I64, 0, IR_dbitsof},
    {IR_I32, IR_F32, 0, IR_bitsto},  {IR_F32, IR_I32, 0, IR_bitsof},
    {IR_V128, IR_I64, 0, IR_vlow},   {IR_V128, IR_I64, 8, IR_vhigh},
    {IR_I64, IR_I32, 0, IR_lo32},    {IR_I64, IR_I32, 4, IR_hi32},
};

/* Make the `get` i an operation on a value known of its bytes; false: there is none. */
static bool forward_view(struct forward *w, struct ir_ins *i)
{
    for (unsigned n = 0; n < sizeof views / sizeof views[0]; n++) {
        if (views[n].wants != i->type)
            continue;
        const struct known *k = known_at(w, i->imm - views[n].at);
        if (k->value == 0 || k->offset != i->imm - views[n].at || k->type != views[n].has)
            continue;
        *i = (struct ir_ins){.op = views[n].op, .type = i->type, .a = k->value};
        return true;
    }
    return false;
}

static void forward_get(struct forward *w, unsigned n)
{
    struct ir_ins *i = &w->b->ins[n];
    if (!in_core(i->imm, type_bytes(i->type)) && !in_own(i->imm))
        return;
    struct known *k = known_at(w, i->imm);
    if (k->value != 0 && k->offset == i->imm && k->type == i->type) {
        w->as[n] = k->value;
        i->op = IR_END;
    } else if (!forward_view(w, i)) {
        *k = (struct known){i->imm, (ir_ref)n, i->type};
    }
}

static void forward_put(struct forward *w, struct ir_ins *i)
{
    unsigned bytes = type_bytes(i->type);
    bool tracked = i->type != IR_I8 && (in_core(i->imm, bytes) || in_own(i->imm));
    struct known *k = known_at(w, i->imm);
    if (tracked && k->value == i->a && k->offset == i->imm && k->type == i->type) {
        i->op = IR_END;
        return;
    }
    forget_overlaps(w, i->imm, bytes);
    if (tracked)
        *k = (struct known){i->imm, i->a, i->type};
}

static void forward_getf(struct forward *w, unsigned n)
{
    struct parts *p = &w->now;
    if (p->nz != 0 && p->nz == p->c && p->c == p->v) {
        w->as[n] = p->nz;
        w->b->ins[n].op = IR_END;
        return;
    }
    w->of[n] = *p;
    *p = (struct parts){(ir_ref)n, (ir_ref)n, (ir_ref)n};
}

static void forward_putf(struct forward *w, struct ir_ins *i)
{
    struct parts *p = &w->now;
    unsigned mask = (unsigned)i->imm;
    mask &= ~((p->nz == i->a ? IR_FLAG_NZ : 0) | (p->c == i->a ? IR_FLAG_C : 0) |
              (p->v == i->a ? IR_FLAG_V : 0));
    if (mask & IR_FLAG_NZ)
        p->nz = i->a;
    if (mask & IR_FLAG_C)
        p->c = i->a;
    if (mask & IR_FLAG_V)
        p->v = i->a;
    i->imm = mask;
    if (mask == 0)
        i->op = IR_END;
}

/* What instruction i needs of its flags operand; *which: that operand. 0: it has none. */
static unsigned flags_needed(struct ir_ins *i, ir_ref **which)
{
    *which = &i->a;
    switch (i->op) {
    case IR_setcc:
    case IR_select:
    case IR_brcc:
        return ir_cc_needs(i->aux);
    case IR_putf:
    case IR_faultf:
        return (unsigned)i->imm;
    case IR_fnotc:
    case IR_nzcv:
        return IR_FLAG_ALL;
    case IR_adc:
    case IR_sbb:
    case IR_nadc:
    case IR_nsbb:
        *which = &i->c;
        return IR_FLAG_C;
    default:
        return 0;
    }
}

/* A flags operand that is a getf: the one value that supplied all parts needed, if there is one. */
static void forward_flags(struct forward *w, struct ir_ins *i)
{
    ir_ref *r;
    unsigned need = flags_needed(i, &r);
    if (need == 0 || w->b->ins[*r].op != IR_getf)
        return;
    const struct parts *p = &w->of[*r];
    ir_ref v = need & IR_FLAG_NZ ? p->nz : need & IR_FLAG_C ? p->c : p->v;
    if (v != 0 && (!(need & IR_FLAG_C) || p->c == v) && (!(need & IR_FLAG_V) || p->v == v))
        *r = v;
}

static void forward_one(struct forward *w, unsigned n)
{
    struct ir_ins *i = &w->b->ins[n];
    i->a = w->as[i->a];
    i->b = w->as[i->b];
    i->c = w->as[i->c];
    forward_flags(w, i);
    switch (i->op) {
    case IR_get:
        forward_get(w, n);
        break;
    case IR_put:
        forward_put(w, i);
        break;
    case IR_getf:
        forward_getf(w, n);
        break;
    case IR_putf:
        forward_putf(w, i);
        break;
    case IR_putc:
        w->now.c = 0;
        break;
    case IR_putnzcv:
        w->now = (struct parts){0, 0, 0};
        break;
    case IR_putv:
        w->now.v = 0;
        break;
    case IR_call:
        if (i->aux & CALL_WRITES)
            forget_all(w);
        else
            forget_own(w);
        break;
    case IR_label:
        forget_all(w);
        break;
    }
}

static void forwards(struct ir_block *b)
{
    struct forward w;
    w.b = b;
    w.as[0] = 0;
    forget_all(&w);
    for (unsigned n = 1; n <= b->count; n++) {
        w.as[n] = (ir_ref)n;
        if (b->ins[n].op != IR_END)
            forward_one(&w, n);
    }
}

/* ---- backwards -------------------------------------------------------------------------------- */

#define OWN 12 /* ranges of the frontend's own state remembered */

/* What is overwritten before anyone can see it. */
struct doomed {
    uint32_t words; /* general registers, a bit each */
    uint32_t flags; /* IR_FLAG_* */
};

struct backward {
    struct ir_block *b;
    struct doomed now;
    unsigned own;
    struct {
        int64_t offset;
        unsigned bytes;
    } range[OWN]; /* not kept at labels */
    struct doomed label[IR_MAX_LABEL + 1];
    uint8_t used[IR_MAX_INS + 1];
    uint8_t need[IR_MAX_INS + 1]; /* parts used, of flags values */
    uint16_t branches[IR_MAX_LABEL + 1];
    bool dropped; /* a branch */
};

static void observe_all(struct backward *w)
{
    w->now = (struct doomed){0, 0};
    w->own = 0;
}

static uint32_t words_of(int64_t offset, unsigned bytes)
{
    unsigned first = (unsigned)offset >> 2, last = ((unsigned)offset + bytes - 1) >> 2;
    return (2u << last) - (1u << first);
}

/* True if the put at ins[n] is dead; otherwise its bytes are overwritten for what lies before. */
static bool put_is_dead(struct backward *w, const struct ir_ins *i)
{
    unsigned bytes = type_bytes(i->type);
    if (in_core(i->imm, bytes)) {
        uint32_t words = words_of(i->imm, bytes);
        if ((words & ~w->now.words) == 0)
            return true;
        if (((unsigned)i->imm | bytes) % 4 == 0)
            w->now.words |= words;
        return false;
    }
    if (!in_own(i->imm))
        return false;
    for (unsigned k = 0; k < w->own; k++)
        if (w->range[k].offset <= i->imm &&
            w->range[k].offset + w->range[k].bytes >= i->imm + bytes)
            return true;
    if (w->own < OWN) {
        w->range[w->own].offset = i->imm;
        w->range[w->own++].bytes = bytes;
    }
    return false;
}

static void observe_get(struct backward *w, const struct ir_ins *i)
{
    unsigned bytes = type_bytes(i->type);
    if (in_core(i->imm, bytes)) {
        w->now.words &= ~words_of(i->imm, bytes);
    } else if (in_own(i->imm)) {
        for (unsigned k = w->own; k > 0; k--)
            if (w->range[k - 1].offset < i->imm + bytes &&
                w->range[k - 1].offset + w->range[k - 1].bytes > i->imm)
                w->range[k - 1] = w->range[--w->own];
    } else {
        observe_all(w);
    }
}

static bool flags_write_is_dead(struct backward *w, struct ir_ins *i, unsigned mask)
{
    mask &= ~w->now.flags;
    w->now.flags |= mask;
    if (i->op == IR_putf)
        i->imm = mask;
    return mask == 0;
}

/* Effects of instruction n on what may be seen; true if it is a dead write. */
static bool backward_state(struct backward *w, unsigned n)
{
    struct ir_ins *i = &w->b->ins[n];
    switch (i->op) {
    case IR_put:
        return put_is_dead(w, i);
    case IR_putf:
        return flags_write_is_dead(w, i, (unsigned)i->imm);
    case IR_putc:
        return flags_write_is_dead(w, i, IR_FLAG_C);
    case IR_putnzcv:
        return flags_write_is_dead(w, i, IR_FLAG_ALL);
    case IR_putv:
        return flags_write_is_dead(w, i, IR_FLAG_V);
    case IR_get:
        observe_get(w, i);
        return false;
    case IR_getf:
        w->now.flags &= ~(uint32_t)w->need[n];
        return false;
    case IR_label:
        w->label[i->imm] = w->now;
        return false;
    case IR_br:
        w->now = w->label[i->imm];
        w->own = 0;
        return false;
    case IR_brcc:
        w->now.words &= w->label[i->imm].words;
        w->now.flags &= w->label[i->imm].flags;
        w->own = 0;
        return false;
    case IR_call:
        w->own = 0;
        if (i->aux & (CALL_READS | CALL_WRITES | CALL_EXITS))
            observe_all(w);
        return false;
    default:
        if (ir_traits(i->op) & (TRAIT_FAULT | TRAIT_EXIT))
            observe_all(w);
        return false;
    }
}

static void mark_operands(struct backward *w, unsigned n)
{
    struct ir_ins *i = &w->b->ins[n];
    ir_ref *flags;
    unsigned need = flags_needed(i, &flags);
    if (i->op == IR_fnotc)
        need = w->need[n];
    w->used[i->a] = w->used[i->b] = w->used[i->c] = 1;
    if (need != 0)
        w->need[*flags] |= (uint8_t)need;
}

/* A branch to what comes next anyway is dropped. */
static bool branches_to_next(struct backward *w, unsigned n)
{
    const struct ir_ins *i = &w->b->ins[n];
    if (i->op != IR_br && i->op != IR_brcc)
        return false;
    if (ir_label_follows(w->b, n, i->imm)) {
        w->dropped = true;
        return true;
    }
    w->branches[i->imm]++;
    return false;
}

/* Labels without branches, but where nothing falls through to them. */
static void remove_labels(struct backward *w)
{
    bool falls = true;
    for (unsigned n = 1; n <= w->b->count; n++) {
        struct ir_ins *i = &w->b->ins[n];
        if (i->op == IR_label && falls && w->branches[i->imm] == 0)
            i->op = IR_END;
        if (i->op != IR_END)
            falls = i->op != IR_br && !(ir_traits(i->op) & TRAIT_EXIT);
    }
}

/* Whether a branch was dropped. */
static bool backwards(struct ir_block *b)
{
    struct backward w;
    w.b = b;
    w.dropped = false;
    observe_all(&w);
    memset(w.used, 0, b->count + 1);
    memset(w.need, 0, b->count + 1);
    memset(w.branches, 0, sizeof w.branches);
    for (unsigned n = b->count; n > 0; n--) {
        struct ir_ins *i = &b->ins[n];
        if (i->op == IR_END)
            continue;
        if ((!w.used[n] && !(ir_traits(i->op) & TRAIT_KEPT)) || branches_to_next(&w, n) ||
            backward_state(&w, n))
            i->op = IR_END;
        else
            mark_operands(&w, n);
    }
    if (w.dropped)
        remove_labels(&w);
    return w.dropped;
}

void ir_pass_state(struct ir_block *b)
{
    forwards(b);
    if (backwards(b)) {
        forwards(b);
        backwards(b);
    }
    ir_compact(b);
}
