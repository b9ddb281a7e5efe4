/*
 * Decoding by table.
 *
 * The rows of a32.h, t32.h, t16.h, vfp.h and neon.h (rows.h has their format) are compiled once, at
 * the first use, to mask and value of the fixed bits, a list of bit runs to move, and a record filled
 * with all constants. A code is looked up by twelve of its bits in one of five spaces (A32 with a
 * condition, A32 without, two of T32, T16); each key has the list of the rows that can match, in the
 * order of the tables, which decides between rows that overlap.
 *
 * The compiled tables depend on nothing but the rows, so all CPUs of a program share them. They are
 * not written after the first call; that one must not run in two threads at once.
 */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#define MAX_RUNS  16
#define MAX_STEPS 4
#define KEYS      4096

/* Bits [from, from + n) of the code go to a field, from its bit `to` on. */
struct run {
    uint32_t mask; /* n ones */
    uint8_t from, to, offset, size;
};

/* What follows in order: copy a field, or shift it left. */
struct step {
    uint8_t to, from; /* letters */
    uint8_t left;
};

struct compiled {
    uint32_t mask, value;
    const struct arm_row *row;
    uint8_t runs, steps;
    struct run run[MAX_RUNS];
    struct step step[MAX_STEPS];
    struct arm_insn blank; /* the constants */
};

struct space {
    const struct compiled *rows; /* the index counts from here */
    uint16_t *index;             /* row numbers by key */
    uint32_t start[KEYS + 1];    /* where each key's numbers begin in index */
    uint8_t shift;               /* of the key of 16-bit codes; 0: 32-bit codes */
};

enum { A32_COND, A32_ALWAYS, T32_E, T32_F, T16, SPACES };
static struct space spaces[SPACES];
static bool ready;

/* clang-format off */
#define FIELD(name) {offsetof(struct arm_insn, name), sizeof(((struct arm_insn *)0)->name), 0}
#define FIELD4(name) {offsetof(struct arm_insn, name), 1, 4}
const struct arm_field arm_fields[128] = {
    ['c'] = FIELD(cond), ['S'] = FIELD(s), ['d'] = FIELD(rd), ['n'] = FIELD(rn), ['m'] = FIELD(rm),
    ['a'] = FIELD(ra), ['t'] = FIELD(shift_type), ['h'] = FIELD(shift), ['i'] = FIELD(imm),
    ['x'] = FIELD(x), ['P'] = FIELD(p), ['U'] = FIELD(u), ['W'] = FIELD(w), ['T'] = FIELD(user),
    ['l'] = FIELD(lsb), ['b'] = FIELD(width), ['r'] = FIELD(regs), ['k'] = FIELD(cp),
    ['f'] = FIELD(op1), ['g'] = FIELD(op2), ['y'] = FIELD(crn), ['z'] = FIELD(crm), ['q'] = FIELD(q),
    ['e'] = FIELD(size), ['s'] = FIELD(simd), ['v'] = FIELD(imm_carry), ['D'] = FIELD(vd),
    ['N'] = FIELD(vn), ['M'] = FIELD(vm), ['A'] = FIELD4(vd), ['B'] = FIELD4(vn), ['C'] = FIELD4(vm),
};
/* clang-format on */

static inline uint32_t field_get(const struct arm_insn *i, unsigned offset, unsigned size)
{
    const uint8_t *at = (const uint8_t *)i + offset;
    uint16_t half;
    uint32_t word;
    if (size == 1)
        return *at;
    if (size == 2) {
        memcpy(&half, at, 2);
        return half;
    }
    memcpy(&word, at, 4);
    return word;
}

static inline void field_set(struct arm_insn *i, unsigned offset, unsigned size, uint32_t value)
{
    uint8_t *at = (uint8_t *)i + offset;
    uint16_t half = (uint16_t)value;
    if (size == 1)
        *at = (uint8_t)value;
    else if (size == 2)
        memcpy(at, &half, 2);
    else
        memcpy(at, &value, 4);
}

static inline void field_or(struct arm_insn *i, unsigned offset, unsigned size, uint32_t value)
{
    field_set(i, offset, size, field_get(i, offset, size) | value);
}

/* ---- compiling -------------------------------------------------------------------------------- */

/* A mistake in the tables, found at the first call in any test. */
static void check(bool good)
{
    if (!good)
        abort();
}

static void *need(size_t bytes)
{
    void *p = calloc(1, bytes);
    check(p != NULL);
    return p;
}

/* The bits of one letter, last bit first: each run of neighbours becomes a struct run. */
static void compile_letter(struct compiled *c, const char *bits, unsigned n, char letter)
{
    const struct arm_field *f = &arm_fields[letter & 127];
    unsigned to = f->shift;
    struct run *r = NULL;
    check(f->size != 0);
    for (unsigned bit = 0; bit < n; bit++) {
        if (bits[n - 1 - bit] != letter) {
            r = NULL;
            continue;
        }
        if (!r) {
            check(c->runs < MAX_RUNS);
            r = &c->run[c->runs++];
            *r = (struct run){0, (uint8_t)bit, (uint8_t)to, f->offset, f->size};
        }
        r->mask = r->mask << 1 | 1;
        to++;
    }
}

/* One assignment: "S=2", "n=d", "i<<2". */
static void compile_step(struct compiled *c, const char *bits, const char *text)
{
    const struct arm_field *f = &arm_fields[text[0] & 127];
    check(f->size != 0);
    if (text[1] == '<') {
        check(c->steps < MAX_STEPS);
        c->step[c->steps++] =
            (struct step){(uint8_t)text[0], (uint8_t)text[0], (uint8_t)(text[3] - '0')};
    } else if (text[2] >= '0' && text[2] <= '9') {
        uint32_t value = 0;
        for (const char *at = text + 2; *at >= '0' && *at <= '9'; at++)
            value = value * 10 + (uint32_t)(*at - '0');
        check(!strchr(bits, text[0]));
        field_or(&c->blank, f->offset, f->size, value << f->shift);
    } else {
        check(c->steps < MAX_STEPS && arm_fields[text[2] & 127].size != 0);
        c->step[c->steps++] = (struct step){(uint8_t)text[0], (uint8_t)text[2], 0};
    }
}

static void compile_row(struct compiled *c, const struct arm_row *row, unsigned n)
{
    char bits[33] = {0};
    unsigned have = 0;
    const char *at = row->pattern;
    for (; have < n; at++)
        if (*at != ' ')
            bits[have++] = *at;
    c->row = row;
    c->blank.op = row->op;
    c->blank.form = row->form;
    c->blank.bytes = (uint8_t)(n / 8);
    c->blank.cond = strchr(bits, 'c') ? 0 : 14;
    for (unsigned k = 0; k < n; k++) {
        uint32_t bit = 1u << (n - 1 - k);
        check(bits[k] != 0);
        if (bits[k] == '0' || bits[k] == '1') {
            c->mask |= bit;
            c->value |= bits[k] == '1' ? bit : 0;
        } else if (bits[k] != '-' && bits[k] != '+' && strchr(bits, bits[k]) == bits + k) {
            compile_letter(c, bits, n, bits[k]);
        }
    }
    while (*at) {
        if (*at == ' ') {
            at++;
            continue;
        }
        compile_step(c, bits, at);
        while (*at && *at != ' ')
            at++;
    }
}

static inline uint32_t key_of(const struct space *s, uint32_t code)
{
    return s->shift ? code >> s->shift & (KEYS - 1) : (code >> 16 & 0xff0) | (code >> 4 & 0xf);
}

/* Can codes whose bits 31-28 are `top` match this row? */
static bool row_in_space(const struct compiled *c, unsigned space)
{
    if (space == T16)
        return true;
    if (space == A32_COND)
        return c->row->pattern[0] == 'c' || c->value >> 28 == 14;
    uint32_t top = space == T32_E ? 0xeu : 0xfu;
    return c->row->pattern[0] != 'c' && ((top ^ c->value >> 28) & c->mask >> 28) == 0;
}

/* Visit every key that codes of this row can have: count it, or enter the row there. */
static void enter_row(struct space *s, const struct compiled *c, unsigned row, bool counting)
{
    uint32_t value = key_of(s, c->value), free = ~key_of(s, c->mask) & (KEYS - 1), some = 0;
    do {
        if (counting)
            s->start[value | some]++;
        else
            s->index[s->start[value | some]++] = (uint16_t)row;
        some = (some - free) & free; /* the next subset of the free bits */
    } while (some);
}

/* Count the rows of each key, make the counts beginnings, enter the rows, which moves each beginning
 * to the next key's. */
static void compile_space(unsigned number, const struct compiled *rows, unsigned n)
{
    struct space *s = &spaces[number];
    uint32_t total = 0;
    s->rows = rows;
    s->shift = number == T16 ? 4 : 0;
    for (unsigned k = 0; k < n; k++)
        if (row_in_space(&rows[k], number))
            enter_row(s, &rows[k], k, true);
    for (uint32_t key = 0; key < KEYS; key++) {
        uint32_t count = s->start[key];
        s->start[key] = total;
        total += count;
    }
    s->index = need((total + 1) * sizeof(*s->index));
    for (unsigned k = 0; k < n; k++)
        if (row_in_space(&rows[k], number))
            enter_row(s, &rows[k], k, false);
    memmove(s->start + 1, s->start, KEYS * sizeof(s->start[0]));
    s->start[0] = 0;
}

static void compile_all(void)
{
    unsigned a32 = arm_rows_a32_count + arm_rows_simd_count;
    struct compiled *rows =
        need((a32 + arm_rows_t32_count + arm_rows_t16_count) * sizeof(struct compiled));
    struct compiled *t32 = rows + a32, *t16 = t32 + arm_rows_t32_count;
    for (unsigned k = 0; k < arm_rows_a32_count; k++)
        compile_row(&rows[k], &arm_rows_a32[k], 32);
    for (unsigned k = 0; k < arm_rows_simd_count; k++)
        compile_row(&rows[arm_rows_a32_count + k], &arm_rows_simd[k], 32);
    for (unsigned k = 0; k < arm_rows_t32_count; k++)
        compile_row(&t32[k], &arm_rows_t32[k], 32);
    for (unsigned k = 0; k < arm_rows_t16_count; k++)
        compile_row(&t16[k], &arm_rows_t16[k], 16);
    compile_space(A32_COND, rows, a32);
    compile_space(A32_ALWAYS, rows, a32);
    compile_space(T32_E, t32, arm_rows_t32_count);
    compile_space(T32_F, t32, arm_rows_t32_count);
    compile_space(T16, t16, arm_rows_t16_count);
    ready = true;
}

/* ---- decoding --------------------------------------------------------------------------------- */

/* Fill *i by one row whose fixed bits match. False: its fixup refuses. */
static bool apply(const struct compiled *c, struct arm_insn *i, uint32_t code, bool thumb)
{
    *i = c->blank;
    for (unsigned k = 0; k < c->runs; k++) {
        const struct run *r = &c->run[k];
        field_or(i, r->offset, r->size, (code >> r->from & r->mask) << r->to);
    }
    for (unsigned k = 0; k < c->steps; k++) {
        const struct arm_field *to = &arm_fields[c->step[k].to],
                               *from = &arm_fields[c->step[k].from];
        field_set(i, to->offset, to->size,
                  field_get(i, from->offset, from->size) << c->step[k].left);
    }
    return !c->row->fix || c->row->fix(i, code, thumb);
}

static void decode(unsigned space, struct arm_insn *i, uint32_t code, uint32_t raw, bool thumb)
{
    if (!ready)
        compile_all();
    const struct space *s = &spaces[space];
    uint32_t key = key_of(s, code);
    for (uint32_t k = s->start[key]; k < s->start[key + 1]; k++) {
        const struct compiled *c = &s->rows[s->index[k]];
        if ((code & c->mask) == c->value && apply(c, i, code, thumb)) {
            i->raw = raw;
            return;
        }
    }
    *i = (struct arm_insn){.raw = raw, .bytes = space == T16 ? 2 : 4, .cond = 14};
}

void arm_decode_a32(uint32_t code, struct arm_insn *i)
{
    decode(code >> 28 == 15 ? A32_ALWAYS : A32_COND, i, code, code, false);
}

void arm_decode_t32(uint32_t code, struct arm_insn *i)
{
    uint32_t top = code >> 28;
    if (code >> 16 == 0)
        decode(T16, i, code, code, true);
    else if ((code & 0x0f000000) == 0x0f000000) /* 111U 1111: Advanced SIMD, data processing */
        decode(A32_ALWAYS, i, 0xf2000000 | (top & 1) << 24 | (code & 0x00ffffff), code, true);
    else if ((code & 0x0c000000) == 0x0c000000) /* 111x 11: coprocessors */
        decode(top == 15 ? A32_ALWAYS : A32_COND, i, code, code, true);
    else if ((code & 0xff100000) == 0xf9000000) /* 1111 1001 xxx0: elements and structures */
        decode(A32_ALWAYS, i, 0xf4000000 | (code & 0x00ffffff), code, true);
    else
        decode(top == 15 ? T32_F : T32_E, i, code, code, true);
}
