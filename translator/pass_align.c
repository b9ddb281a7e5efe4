/*
 * Pass 'k': alignment is checked once.
 *
 * A check that went well says something of every address at a distance that is a multiple of the
 * alignment. Addresses are taken apart into a value and a constant; the last few values checked are
 * remembered within a stretch without labels.
 */
#include <string.h>

#include <translator/ir_fold.h>

#define KNOWN 8

struct checked {
    ir_ref root; /* root + offset was a multiple of mask + 1 */
    uint32_t offset, mask;
};

/* r as root + *offset. */
static ir_ref take_apart(const struct ir_block *b, ir_ref r, uint32_t *offset)
{
    uint64_t c;
    *offset = 0;
    for (;;) {
        const struct ir_ins *i = &b->ins[r];
        bool sum = i->op == IR_add, difference = i->op == IR_sub;
        if (i->type != IR_I32 || (!sum && !difference) || !ir_is_const(b, i->b, &c))
            return r;
        *offset += sum ? (uint32_t)c : 0 - (uint32_t)c;
        r = i->a;
    }
}

static bool is_known(const struct checked *known, const struct checked *c)
{
    for (unsigned n = 0; n < KNOWN; n++)
        if (known[n].root == c->root && (known[n].mask & c->mask) == c->mask &&
            ((known[n].offset - c->offset) & c->mask) == 0)
            return true;
    return false;
}

void ir_pass_align(struct ir_block *b)
{
    struct checked known[KNOWN];
    unsigned next = 0;
    memset(known, 0, sizeof known);
    for (unsigned n = 1; n <= b->count; n++) {
        struct ir_ins *i = &b->ins[n];
        uint64_t address;
        if (i->op == IR_label)
            memset(known, 0, sizeof known);
        if (i->op != IR_align)
            continue;
        struct checked c = {.mask = (uint32_t)i->imm};
        c.root = take_apart(b, i->a, &c.offset);
        bool constant = ir_is_const(b, i->a, &address) && (address & c.mask) == 0;
        if (constant || is_known(known, &c))
            i->op = IR_END;
        else
            known[next++ % KNOWN] = c;
    }
    ir_compact(b);
}
