/*
 * The parser of the text that ir_print.c describes.
 *
 * Line by line, by hand. It checks the form: known names, known operands, numbers in their fields;
 * whether the result makes sense is ir_verify's to say. Values may have any numbers up to
 * NAMES - 1 in the text and are renumbered in order.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <translator/ir_fold.h>
#include <translator/ir_text.h>

#define NAMES    4096
#define SUFFIXES 10
#define WORD     16

struct parser {
    struct ir_block *b;
    const char *at;
    unsigned line;
    char *error;
    size_t size;
    char suffix[SUFFIXES][WORD]; /* words behind the dots of the operation */
    unsigned suffixes, taken;    /* and how many of them were used */
    ir_ref value[NAMES];
};

static bool __attribute__((format(printf, 2, 3))) bad(struct parser *p, const char *format, ...)
{
    char why[120];
    va_list list;
    va_start(list, format);
    vsnprintf(why, sizeof why, format, list);
    va_end(list);
    if (p->size != 0)
        snprintf(p->error, p->size, "line %u: %s", p->line, why);
    return false;
}

/* ---- tokens ----------------------------------------------------------------------------------- */

static void skip_spaces(struct parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r')
        p->at++;
}

static bool take(struct parser *p, const char *token)
{
    size_t n = strlen(token);
    skip_spaces(p);
    if (strncmp(p->at, token, n) != 0)
        return false;
    p->at += n;
    return true;
}

static bool need(struct parser *p, const char *token)
{
    return take(p, token) || bad(p, "'%s' is missing", token);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static bool number(struct parser *p, uint64_t max, uint64_t *v)
{
    skip_spaces(p);
    unsigned base = 10;
    if (p->at[0] == '0' && p->at[1] == 'x') {
        base = 16;
        p->at += 2;
    }
    if ((unsigned)digit(*p->at) >= base)
        return bad(p, "a number is missing");
    *v = 0;
    for (; (unsigned)digit(*p->at) < base; p->at++) {
        if (*v > (UINT64_MAX - 15) / base)
            return bad(p, "number too large");
        *v = *v * base + (unsigned)digit(*p->at);
    }
    return *v <= max || bad(p, "number too large");
}

/* 64 bits in hexadecimal need all of uint64_t, which `number` refuses just below the end. */
static bool wide_number(struct parser *p, int64_t *v)
{
    uint64_t u = 0;
    skip_spaces(p);
    if (p->at[0] != '0' || p->at[1] != 'x') {
        if (!number(p, INT64_MAX, &u))
            return false;
        *v = (int64_t)u;
        return true;
    }
    p->at += 2;
    unsigned digits = 0;
    for (; digit(*p->at) < 16; p->at++, digits++)
        u = u << 4 | (unsigned)digit(*p->at);
    *v = (int64_t)u;
    return (digits > 0 && digits <= 16) || bad(p, "number too large or missing");
}

static bool word(struct parser *p, char to[WORD])
{
    unsigned n = 0;
    for (; (*p->at >= 'a' && *p->at <= 'z') || (*p->at >= '0' && *p->at <= '9'); p->at++) {
        if (n == WORD - 1)
            return bad(p, "word too long");
        to[n++] = *p->at;
    }
    to[n] = 0;
    return n != 0 || bad(p, "a word is missing");
}

static bool reference(struct parser *p, ir_ref *r)
{
    uint64_t n;
    if (take(p, "-")) {
        *r = 0;
        return true;
    }
    if (!need(p, "%") || !number(p, NAMES - 1, &n))
        return false;
    *r = p->value[n];
    return *r != 0 || bad(p, "%%%u is not defined", (unsigned)n);
}

static bool label(struct parser *p, int64_t *l)
{
    uint64_t n;
    if (!need(p, "L") || !number(p, IR_MAX_LABEL - 1, &n))
        return false;
    *l = (int64_t)n;
    if (n >= p->b->labels)
        p->b->labels = (unsigned)n + 1;
    return true;
}

/* ---- suffixes --------------------------------------------------------------------------------- */

static const char *next_suffix(struct parser *p)
{
    return p->taken < p->suffixes ? p->suffix[p->taken] : "";
}

static bool suffix_type(struct parser *p, uint8_t *type)
{
    for (unsigned t = 1; t < IR_TYPES; t++)
        if (t != IR_FLAGS && strcmp(next_suffix(p), ir_type_names[t]) == 0) {
            p->taken++;
            *type = (uint8_t)t;
            return true;
        }
    return false;
}

static bool suffix_cc(struct parser *p, struct ir_ins *i)
{
    for (unsigned cc = 0; cc < 16; cc++)
        if (strcmp(next_suffix(p), ir_cc_names[cc]) == 0) {
            p->taken++;
            i->aux = (uint8_t)cc;
            return true;
        }
    return bad(p, "no condition");
}

/* log2 of a size given in units. */
static bool suffix_size(struct parser *p, unsigned unit, unsigned max, uint8_t *log2)
{
    char text[WORD];
    for (unsigned n = 0; n <= max; n++) {
        snprintf(text, sizeof text, "%u", unit << n);
        if (strcmp(next_suffix(p), text) == 0) {
            p->taken++;
            *log2 |= (uint8_t)n;
            return true;
        }
    }
    return bad(p, "no size");
}

static unsigned suffix_letters(struct parser *p, const struct ir_letter *l)
{
    unsigned bits = 0;
    for (; l->name != NULL; l++)
        if (strcmp(next_suffix(p), l->name) == 0) {
            p->taken++;
            bits |= l->bit;
        }
    return bits;
}

/* The mask of putf: names run together. */
static bool suffix_mask(struct parser *p, struct ir_ins *i)
{
    const char *s = next_suffix(p);
    for (const struct ir_letter *l = ir_mask_letters; l->name != NULL; l++)
        if (strncmp(s, l->name, strlen(l->name)) == 0) {
            s += strlen(l->name);
            i->imm |= l->bit;
        }
    p->taken++;
    return (*s == 0 && i->imm != 0) || bad(p, "no mask of flags");
}

static bool parse_suffixes(struct parser *p, struct ir_ins *i)
{
    if (ir_has_lanes(i->op)) {
        i->type = IR_V128;
        return suffix_size(p, 8, 3, &i->aux);
    }
    if (ir_has_part(i->op)) {
        uint8_t log2 = 0;
        bool good = suffix_size(p, 8, 1, &log2);
        i->aux = (uint8_t)(1u << log2);
        return good;
    }
    if (i->op == IR_call) {
        if (!suffix_type(p, &i->type))
            i->aux = CALL_VOID;
    } else if ((ir_traits(i->op) & TRAIT_TYPED) && !suffix_type(p, &i->type)) {
        return bad(p, "no type");
    }
    switch (i->op) {
    case IR_ld:
    case IR_st:
        if (!suffix_size(p, 1, 4, &i->aux))
            return false;
        i->aux |= (uint8_t)suffix_letters(p, ir_mem_letters);
        i->bits = (uint8_t)suffix_letters(p, ir_site_letters);
        return true;
    case IR_copy:
    case IR_fill:
        if (!suffix_size(p, 1, 2, &i->aux))
            return false;
        i->bits = (uint8_t)suffix_letters(p, ir_site_letters);
        return true;
    case IR_setcc:
    case IR_select:
        return suffix_cc(p, i);
    case IR_brcc:
        if (!suffix_cc(p, i))
            return false;
        if (strcmp(next_suffix(p), "putf") == 0) {
            p->taken++;
            i->aux |= BRCC_PUTF;
        } else if (strcmp(next_suffix(p), "putnzv") == 0) {
            p->taken++;
            i->aux |= BRCC_PUTF | BRCC_KEEP_C;
        }
        return true;
    case IR_putf:
    case IR_faultf:
    case IR_faultb:
        return suffix_mask(p, i);
    case IR_call:
        i->aux |= (uint8_t)suffix_letters(p, ir_call_letters);
        return true;
    case IR_jump:
    case IR_jumpto:
        i->aux = (uint8_t)suffix_letters(p, ir_jump_letters);
        return true;
    case IR_align:
        i->aux = (uint8_t)suffix_letters(p, ir_kind_letters);
        return true;
    default:
        return true;
    }
}

/* ---- arguments -------------------------------------------------------------------------------- */

static bool parse_state(struct parser *p, struct ir_ins *i)
{
    uint64_t offset;
    if (!need(p, "[") || !number(p, 65535, &offset) || !need(p, "]"))
        return false;
    i->imm = (int64_t)offset;
    return i->op == IR_get || (need(p, ",") && reference(p, &i->a));
}

static bool parse_address(struct parser *p, struct ir_ins *i)
{
    uint64_t n;
    if (!need(p, "[") || !reference(p, &i->a))
        return false;
    bool plus = take(p, "+");
    skip_spaces(p);
    if (plus && *p->at == '%') {
        if (!reference(p, &i->b))
            return false;
        if (take(p, "<<")) {
            if (!number(p, 3, &n))
                return false;
            i->aux |= (uint8_t)(n << MEM_SCALE_SHIFT);
        }
        plus = take(p, "+");
    }
    if (plus || take(p, "-")) {
        if (!number(p, 1ull << 31, &n))
            return false;
        i->imm = plus ? (int64_t)n : -(int64_t)n;
    }
    return need(p, "]") && (i->op == IR_ld || (need(p, ",") && reference(p, &i->c)));
}

static bool parse_ret(struct parser *p, struct ir_ins *i)
{
    uint64_t n;
    while (take(p, ",")) {
        uint32_t *field = take(p, "ret") ? &i->ret : &i->flow;
        if ((field == &i->flow && !need(p, "flow")) || !number(p, 0xffffffff, &n))
            return false;
        *field = (uint32_t)n;
    }
    return true;
}

/* A jumpto: how the mode differs at the target. */
static bool parse_mode(struct parser *p, struct ir_ins *i)
{
    uint64_t n = 0;
    bool good = !take(p, "mode") || number(p, 0xffffffff, &n);
    i->imm = (int64_t)n;
    return good;
}

static bool parse_address_number(struct parser *p, struct ir_ins *i)
{
    uint64_t n;
    if (!number(p, 0xffffffff, &n))
        return false;
    i->imm = (int64_t)n;
    if (i->op == IR_insn && take(p, ",")) {
        if (!need(p, "side") || !number(p, 255, &n))
            return false;
        i->aux = (uint8_t)n;
    }
    return i->op == IR_insn || parse_ret(p, i);
}

static bool parse_call(struct parser *p, struct ir_ins *i)
{
    ir_ref *refs[3] = {&i->a, &i->b, &i->c};
    if (!wide_number(p, &i->imm))
        return false;
    for (unsigned k = 0; k < 3 && take(p, ","); k++)
        if (!reference(p, refs[k]))
            return false;
    return true;
}

/* As many operands as the table says, then imm if it has one. */
static bool parse_operands(struct parser *p, struct ir_ins *i)
{
    ir_ref *refs[3] = {&i->a, &i->b, &i->c};
    const char *o = ir_op_table[i->op].operands;
    unsigned k = 0;
    for (; *o != 0 && *o != ':'; o++, k++)
        if ((k > 0 && !need(p, ",")) || !reference(p, refs[k]))
            return false;
    if (i->op == IR_putf || i->op == IR_faultf || i->op == IR_faultb || strcmp(o, ":imm") != 0)
        return true;
    return (k == 0 || need(p, ",")) && wide_number(p, &i->imm);
}

static bool parse_arguments(struct parser *p, struct ir_ins *i)
{
    switch (i->op) {
    case IR_get:
    case IR_put:
        return parse_state(p, i);
    case IR_ld:
    case IR_st:
        return parse_address(p, i);
    case IR_br:
        return label(p, &i->imm);
    case IR_brcc:
        return reference(p, &i->a) && need(p, ",") && label(p, &i->imm);
    case IR_insn:
    case IR_jump:
        return parse_address_number(p, i);
    case IR_jumpto:
        return reference(p, &i->a) && parse_mode(p, i) && parse_ret(p, i);
    case IR_call:
        return parse_call(p, i);
    default:
        return parse_operands(p, i);
    }
}

/* ---- lines ------------------------------------------------------------------------------------ */

static bool find_operation(struct parser *p, struct ir_ins *i)
{
    char name[WORD];
    if (!word(p, name))
        return false;
    for (p->suffixes = p->taken = 0; *p->at == '.'; p->suffixes++) {
        p->at++;
        if (p->suffixes == SUFFIXES)
            return bad(p, "too many suffixes");
        if (!word(p, p->suffix[p->suffixes]))
            return false;
    }
    for (unsigned op = 1; op < IR_OPS; op++)
        if (op != IR_label && strcmp(name, ir_op_table[op].name) == 0) {
            i->op = (uint8_t)op;
            return true;
        }
    return bad(p, "no operation '%s'", name);
}

static bool append(struct parser *p, struct ir_ins *i)
{
    struct ir_block *b = p->b;
    if (b->count == IR_MAX_INS)
        return bad(p, "too many instructions");
    if (!(ir_traits(i->op) & TRAIT_TYPED))
        i->type = (uint8_t)ir_result(i);
    if (i->op == IR_insn)
        b->insns++;
    if (ir_traits(i->op) & TRAIT_FAULT)
        i->site = (uint16_t)(b->insns == 0 ? 0 : b->insns - 1);
    b->ins[++b->count] = *i;
    return true;
}

static bool parse_instruction(struct parser *p)
{
    struct ir_ins i = {0};
    uint64_t name = 0;
    if (take(p, "%") && (!number(p, NAMES - 1, &name) || !need(p, "=")))
        return false;
    skip_spaces(p);
    if (!find_operation(p, &i) || !parse_suffixes(p, &i))
        return false;
    if (p->taken < p->suffixes)
        return bad(p, "'.%s' does not belong here", next_suffix(p));
    if (!parse_arguments(p, &i) || !append(p, &i))
        return false;
    if (name != 0 && ir_result(&i) == IR_NONE)
        return bad(p, "the operation has no result");
    if (name != 0)
        p->value[name] = (ir_ref)p->b->count;
    return true;
}

static bool parse_line(struct parser *p)
{
    skip_spaces(p);
    if (*p->at != '\n' && *p->at != 0 && *p->at != ';') {
        struct ir_ins i = {.op = IR_label};
        if (*p->at == 'L') {
            if (!label(p, &i.imm) || !need(p, ":") || !append(p, &i))
                return false;
        } else if (!parse_instruction(p)) {
            return false;
        }
        skip_spaces(p);
    }
    if (*p->at == ';')
        p->at += strcspn(p->at, "\n");
    return *p->at == '\n' || *p->at == 0 || bad(p, "more than an instruction");
}

bool ir_parse(struct ir_block *b, const char *text, char *error, size_t size)
{
    struct parser p = {.b = b, .at = text, .line = 1, .error = error, .size = size};
    ir_start(b);
    while (parse_line(&p)) {
        if (*p.at == 0)
            return true;
        p.at++;
        p.line++;
    }
    return false;
}
