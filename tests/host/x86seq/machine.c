/*
 * 32-bit user code with flat segments on the machine of seqframe/flat.c: the state of a case to the CPU
 * and back, and what ends a case.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include <frontends/x86/segments.h>
#include <frontends/x86/x87.h>
#include <translator/backend.h>

#include "x86seq.h"

static struct x86_cpu *x86;

/* The block held for another state of the x87 stack: again, now for this one. */
static bool mispredicted(unsigned why)
{
    if (why == EXIT_X87)
        x87_mispredicted(x86);
    return why == EXIT_X87;
}

void machine_start(void)
{
    static const struct flat_guest guest = {.test = "x86seq",
                                            .frontend = &x86_frontend,
                                            .fault_status = PFE_PAGE,
                                            .first_missing = true,
                                            .go_on = mispredicted};
    x86 = x86_of(flat_start(&guest));
}

void machine_batch(const struct input *in, unsigned count, const struct backend *b)
{
    uint8_t *slot = flat_batch(b);
    for (unsigned n = 0; n < count; n++, slot += SLOT_BYTES) {
        memcpy(slot, in[n].code, in[n].bytes);
        for (unsigned at = in[n].bytes; at < SLOT_BYTES; at++)
            slot[at] = (at - in[n].bytes) % 2 == 0 ? 0x0f : 0x0b;
    }
    flat_seal();
}

static void set_segment(unsigned seg, unsigned selector, unsigned type)
{
    x86->seg[seg] =
        (struct x86_segment){.limit = 0xffffffff,
                             .selector = (uint16_t)selector,
                             .attr = (uint16_t)(SEG_G | SEG_D | SEG_P | SEG_S | SEG_DPL | type)};
}

static void set_state(const struct state *s, uint32_t pc)
{
    struct cpu *c = &x86->cpu;
    struct jump_entry *jumps = c->jumps;
    struct fetch_entry *pages = c->fetch;
    static bool begun;
    if (!begun) {
        x86_frontend.reset(c);
        begun = true;
    }
    c->jumps = jumps;
    c->fetch = pages;
    x86->cr0 = CR0_PE | CR0_ET | CR0_WP | CR0_NE | CR0_MP;
    x86->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    x86->cpl = 3;
    x86->shadow = 0;
    set_segment(X86_CS, 0x23, 0xb);
    set_segment(X86_SS, 0x2b, 3);
    set_segment(X86_DS, 0x2b, 3);
    set_segment(X86_ES, 0x2b, 3);
    x86->seg[X86_FS] = x86->seg[X86_GS] = (struct x86_segment){0};
    x86->tr.attr = 0;
    x86_note_code(x86);
    memcpy(c->reg, s->r, sizeof s->r);
    x86_set_eflags(x86, (s->eflags & FLAGS_COMPARED) | EFLAGS_IF, EFLAGS_ALL);
    flat_set_cpu(c, pc);
}

bool machine_run(const struct input *in, unsigned n, struct output *out)
{
    set_state(&in->s, CODE_AT + n * SLOT_BYTES);
    fill_data(flat_data(), in->seed);
    unsigned why = flat_run();
    memset(out, 0, sizeof *out);
    memcpy(out->s.r, x86->cpu.reg, sizeof out->s.r);
    memcpy(out->middle, flat_data() + DATA_BYTES / 8, sizeof out->middle);
    out->s.eip = x86->cpu.pc;
    out->s.eflags = x86_eflags(x86);
    sum_data(flat_data(), out->line);
    if (why == EXIT_FAULT || why == EXIT_FETCH) {
        out->vector = VECTOR_PF;
        out->address = why == EXIT_FETCH ? x86->cpu.pc : x86->cpu.fault_va;
        return true;
    }
    if (why == EXIT_DIVIDE) {
        out->vector = VECTOR_DE;
        out->error = 0;
        return true;
    }
    if (why != EXIT_RAISE)
        return false;
    out->vector = x86->raise.vector & RAISE_VECTOR;
    out->error = (x86->raise.vector & RAISE_ERROR) != 0 ? x86->raise.error : 0;
    if ((x86->raise.vector & RAISE_SOFTWARE) != 0)
        out->s.eip = x86->raise.next;
    return true;
}

void machine_disassemble(const struct input *in, char *to, size_t size)
{
    size_t used = 0;
    for (unsigned at = 0; at < in->bytes && used + 160 < size;) {
        char text[100];
        uint8_t code[16] = {0};
        memcpy(code, in->code + at, in->bytes - at < 16 ? in->bytes - at : 16);
        unsigned n = x86_frontend.disas(at, XMODE_D, code, 15, text, sizeof text);
        used += (size_t)snprintf(to + used, size - used, "  %3x ", at);
        for (unsigned k = 0; k < n; k++)
            used += (size_t)snprintf(to + used, size - used, "%02x", code[k]);
        used += (size_t)snprintf(to + used, size - used, "  %s\n", text);
        at += n == 0 ? 1 : n;
    }
}
