/*
 * 8259A interrupt controllers, a master and a slave on its input 2 (Intel 231468-003).
 *
 * What a chip requests is a function of its registers: the highest-priority request that is not
 * masked, unless one of the same or higher priority is in service. `update` computes it for the slave,
 * whose output is an input of the master, then for the master. A request is the line itself at a level
 * input; at an edge input it is a latch that a rising edge sets, and that the acknowledge cycle or a
 * falling line clears: a line must stay high until it is acknowledged, or the vector is the spurious
 * one of input 7, without a bit in service.
 *
 * Not modelled: the 8080's CALL sequence (ICW4.uPM = 0 works as 1), buffered mode, which says nothing
 * to software, and slaves elsewhere than on input 2.
 */
#include <translator/devices/common.h>
#include <translator/devices/i8259.h>

#include <stdlib.h>

#define CASCADE     2u
#define EDGE_MASTER 0x07u /* timer, keyboard, cascade: never level (290550, ELCR1) */
#define EDGE_SLAVE  0x21u /* clock, coprocessor (ELCR2) */

/* clang-format off */
enum { ICW1 = 0x10, ICW1_IC4 = 1, ICW1_SNGL = 2, ICW1_LTIM = 8 };
enum { ICW4_AEOI = 0x02, ICW4_SFNM = 0x10 };
enum { OCW3 = 0x08, OCW3_RIS = 1, OCW3_RR = 2, OCW3_POLL = 4, OCW3_SMM = 0x20, OCW3_ESMM = 0x40 };
enum { OCW2_EOI = 0x20, OCW2_SL = 0x40, OCW2_R = 0x80 };
/* clang-format on */

struct chip {
    struct i8259 *owner;
    uint8_t line;  /* inputs as they are */
    uint8_t latch; /* edges not yet acknowledged */
    uint8_t elcr;  /* level inputs */
    uint8_t isr, imr;
    uint8_t base; /* ICW2: vector of input 0 */
    uint8_t icw4;
    uint8_t expect; /* next ICW at the odd port: 2, 3, 4; 0: none */
    uint8_t lowest; /* input of lowest priority */
    bool need4, single, ltim;
    bool smm;      /* special mask mode */
    bool read_isr; /* the even port reads ISR, not IRR */
    bool poll;     /* the next read acknowledges */
    bool rotate;   /* rotate in automatic EOI mode */
};

struct i8259 {
    struct vm *vm;
    struct line intr;
    struct chip chip[2];
};

static uint8_t requests(const struct chip *c)
{
    uint8_t level = c->ltim ? 0xff : c->elcr;
    return (uint8_t)((c->latch & ~level) | (c->line & level));
}

/* The input to be served next, or -1. */
static int best(const struct chip *c)
{
    uint8_t wanted = requests(c) & (uint8_t)~c->imr;
    uint8_t serving = c->smm ? c->isr & (uint8_t)~c->imr : c->isr;
    bool nests = (c->icw4 & ICW4_SFNM) && c == &c->owner->chip[0];
    for (unsigned i = 1; i <= 8; i++) {
        unsigned input = (c->lowest + i) & 7, bit = 1u << input;
        bool in_service = serving & bit;
        if ((wanted & bit) && (!in_service || (nests && input == CASCADE)))
            return (int)input;
        if (in_service)
            return -1;
    }
    return -1;
}

static void set_input(struct chip *c, unsigned input, bool level)
{
    uint8_t bit = (uint8_t)(1u << input);
    if (level && !(c->line & bit))
        c->latch |= bit;
    if (!level)
        c->latch &= (uint8_t)~bit;
    c->line = level ? c->line | bit : c->line & (uint8_t)~bit;
}

static void update(struct i8259 *p)
{
    set_input(&p->chip[0], CASCADE, best(&p->chip[1]) >= 0);
    line_set(&p->intr, best(&p->chip[0]) >= 0);
}

static void set_line(void *to, unsigned irq, bool level)
{
    struct i8259 *p = to;
    if (irq >= 16 || irq == CASCADE)
        return;
    set_input(&p->chip[irq / 8], irq & 7, level);
    update(p);
}

struct line i8259_line(struct i8259 *p, unsigned irq)
{
    return (struct line){set_line, p, irq};
}

bool i8259_level(const struct i8259 *p, unsigned irq)
{
    return irq < 16 && (p->chip[irq / 8].elcr >> (irq & 7) & 1);
}

/* Put the chip's request into service; its input, 7 if there is none. */
static unsigned acknowledge(struct chip *c, bool *real)
{
    int input = best(c);
    *real = input >= 0;
    if (input < 0)
        return 7;
    c->latch &= (uint8_t) ~(1u << input);
    if (!(c->icw4 & ICW4_AEOI))
        c->isr |= (uint8_t)(1u << input);
    else if (c->rotate)
        c->lowest = (uint8_t)input;
    return (unsigned)input;
}

unsigned i8259_acknowledge(struct i8259 *p)
{
    bool real;
    struct chip *c = &p->chip[0];
    unsigned input = acknowledge(c, &real);
    if (real && input == CASCADE) {
        c = &p->chip[1];
        input = acknowledge(c, &real);
    }
    update(p);
    return c->base + input;
}

/* ---- commands ----------------------------------------------------------------------------------- */

static void end_of_interrupt(struct chip *c, unsigned input, bool rotate)
{
    c->isr &= (uint8_t) ~(1u << input);
    if (rotate)
        c->lowest = (uint8_t)input;
}

/* The input in service of highest priority; in special mask mode those masked do not count. */
static int serving(const struct chip *c)
{
    uint8_t isr = c->smm ? c->isr & (uint8_t)~c->imr : c->isr;
    for (unsigned i = 1; i <= 8; i++)
        if (isr >> ((c->lowest + i) & 7) & 1)
            return (int)((c->lowest + i) & 7);
    return -1;
}

static void write_ocw2(struct chip *c, uint8_t v)
{
    unsigned input = v & 7;
    int now = serving(c);
    switch (v & (OCW2_R | OCW2_SL | OCW2_EOI)) {
    case OCW2_EOI:
    case OCW2_R | OCW2_EOI:
        if (now >= 0)
            end_of_interrupt(c, (unsigned)now, v & OCW2_R);
        break;
    case OCW2_SL | OCW2_EOI:
    case OCW2_R | OCW2_SL | OCW2_EOI:
        end_of_interrupt(c, input, v & OCW2_R);
        break;
    case OCW2_R | OCW2_SL:
        c->lowest = (uint8_t)input;
        break;
    case OCW2_R:
    case 0:
        c->rotate = v & OCW2_R;
        break;
    }
}

static void write_ocw3(struct chip *c, uint8_t v)
{
    if (v & OCW3_ESMM)
        c->smm = v & OCW3_SMM;
    if (v & OCW3_POLL)
        c->poll = true;
    else if (v & OCW3_RR)
        c->read_isr = v & OCW3_RIS;
}

/* Initialization: edges must come anew, nothing is masked, input 7 is the lowest. */
static void write_icw1(struct chip *c, uint8_t v)
{
    c->latch = c->isr = c->imr = c->icw4 = 0;
    c->lowest = 7;
    c->smm = c->read_isr = c->poll = c->rotate = false;
    c->need4 = v & ICW1_IC4;
    c->single = v & ICW1_SNGL;
    c->ltim = v & ICW1_LTIM;
    c->expect = 2;
}

static void write_odd(struct chip *c, uint8_t v)
{
    switch (c->expect) {
    case 0:
        c->imr = v;
        break;
    case 2:
        c->base = v & 0xf8;
        c->expect = !c->single ? 3 : c->need4 ? 4 : 0;
        break;
    case 3: /* where the slave is: the wiring says so */
        c->expect = c->need4 ? 4 : 0;
        break;
    case 4:
        c->icw4 = v;
        c->expect = 0;
        break;
    }
}

static uint64_t i8259_read(void *device, uint32_t offset, unsigned size)
{
    struct chip *c = device;
    bool real;
    (void)size;
    if (c->poll) {
        c->poll = false;
        unsigned input = acknowledge(c, &real);
        update(c->owner);
        return real ? 0x80 | input : 0;
    }
    return offset == 1 ? c->imr : c->read_isr ? c->isr : requests(c);
}

static void i8259_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct chip *c = device;
    uint8_t v = (uint8_t)value;
    (void)size;
    if (offset == 1)
        write_odd(c, v);
    else if (v & ICW1)
        write_icw1(c, v);
    else if (v & OCW3)
        write_ocw3(c, v);
    else
        write_ocw2(c, v);
    update(c->owner);
}

const struct device_ops i8259_ops = {i8259_read, i8259_write};

static uint64_t elcr_read(void *device, uint32_t offset, unsigned size)
{
    struct i8259 *p = device;
    (void)size;
    return p->chip[offset & 1].elcr;
}

static void elcr_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct i8259 *p = device;
    (void)size;
    p->chip[offset & 1].elcr = (uint8_t)value & (uint8_t) ~(offset & 1 ? EDGE_SLAVE : EDGE_MASTER);
    update(p);
}

const struct device_ops i8259_elcr_ops = {elcr_read, elcr_write};

void *i8259_chip(struct i8259 *p, unsigned chip)
{
    return &p->chip[chip & 1];
}

void i8259_reset(struct i8259 *p)
{
    for (unsigned i = 0; i < 2; i++)
        p->chip[i] = (struct chip){.owner = p, .line = p->chip[i].line, .imr = 0xff, .lowest = 7};
    update(p);
}

struct i8259 *i8259_create(struct vm *vm, struct line intr)
{
    struct i8259 *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->vm = vm;
    p->intr = intr;
    i8259_reset(p);
    return p;
}

void i8259_delete(struct i8259 *p)
{
    free(p);
}
