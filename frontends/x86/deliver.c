/*
 * Exceptions and interrupts: taking them through the interrupt table (SDM vol. 3, 6.12, 20.3), double
 * and triple faults (6.15), debug exceptions (17.3).
 *
 * An event that cannot be delivered because of another exception becomes that exception, or a double
 * fault; delivering changes nothing before it cannot fail any more.
 */
#include "segments.h"
#include "x87.h"

#include <translator/board.h>
#include <translator/memory.h>

uint64_t x86_raise(struct x86_cpu *c, unsigned vector)
{
    c->raise = (struct x86_raise){.vector = vector};
    c->cpu.exit_request = EXIT_RAISE;
    return 0;
}

uint64_t x86_raise_error(struct x86_cpu *c, unsigned vector, uint32_t error)
{
    c->raise = (struct x86_raise){.vector = vector | RAISE_ERROR, .error = error};
    c->cpu.exit_request = EXIT_RAISE;
    return 0;
}

struct event {
    struct x86_cpu *c;
    uint32_t vector, flags; /* RAISE_* */
    uint32_t error, eip;    /* eip: what is pushed */
};

/* An exception that names gate or segment says whether the event came from outside (6.13). */
static bool refuse(const struct event *e, unsigned vector, uint32_t error)
{
    return x86_raise_error(e->c, vector, error | ((e->flags & RAISE_SOFTWARE) == 0));
}

static bool refuse_gate(const struct event *e, unsigned vector)
{
    return refuse(e, vector, e->vector << 3 | 2);
}

/* ---- real mode (SDM vol. 3, 20.1.4) ----------------------------------------------------------- */

static bool take_real(const struct event *e)
{
    struct x86_cpu *c = e->c;
    uint32_t entry;
    struct x86_frame s = x86_current_frame(c);
    if (c->idtr.limit < e->vector * 4 + 3)
        return x86_raise_error(c, VECTOR_GP, 0);
    if (!x86_system_load(c, c->idtr.base + e->vector * 4, 4, &entry) ||
        !x86_frame_push(c, &s, 2, x86_eflags(c)) ||
        !x86_frame_push(c, &s, 2, c->seg[X86_CS].selector) || !x86_frame_push(c, &s, 2, e->eip))
        return false;
    x86_set_esp(c, &s);
    c->eflags &= ~(EFLAGS_IF | EFLAGS_TF | EFLAGS_AC | EFLAGS_RF);
    x86_real_segment(c, X86_CS, entry >> 16);
    x86_note_code(c);
    c->cpu.pc = c->seg[X86_CS].base + (entry & 0xffff);
    return true;
}

/* ---- protected mode --------------------------------------------------------------------------- */

struct gate {
    uint32_t selector, offset;
    unsigned size;
    bool interrupt, task;
    struct x86_descriptor code;
};

static bool read_gate(const struct event *e, struct gate *g)
{
    struct x86_cpu *c = e->c;
    struct x86_descriptor d;
    if (c->idtr.limit < e->vector * 8 + 7)
        return refuse_gate(e, VECTOR_GP);
    if (!x86_read_descriptor(c, c->idtr.base + e->vector * 8, &d))
        return false;
    unsigned attr = descriptor_attr(&d), type = attr & (SEG_TYPE | SEG_S);
    g->task = type == TYPE_TASK;
    if (!g->task && type != TYPE_INTERRUPT16 && type != TYPE_TRAP16 && type != TYPE_INTERRUPT32 &&
        type != TYPE_TRAP32)
        return refuse_gate(e, VECTOR_GP);
    if ((e->flags & RAISE_SOFTWARE) != 0 && e->vector != VECTOR_DB && seg_dpl(attr) < c->cpl)
        return refuse_gate(e, VECTOR_GP);
    if ((attr & SEG_P) == 0)
        return refuse_gate(e, VECTOR_NP);
    g->selector = d.low >> 16;
    g->size = type == TYPE_INTERRUPT32 || type == TYPE_TRAP32 ? 4 : 2;
    g->interrupt = type == TYPE_INTERRUPT16 || type == TYPE_INTERRUPT32;
    g->offset = (d.low & 0xffff) | (g->size == 4 ? d.high & 0xffff0000 : 0);
    return true;
}

static bool read_code(const struct event *e, struct gate *g)
{
    struct x86_cpu *c = e->c;
    if (selector_null(g->selector))
        return refuse(e, VECTOR_GP, 0);
    if (!x86_descriptor(c, g->selector, VECTOR_GP, &g->code))
        return false;
    unsigned attr = descriptor_attr(&g->code);
    if ((attr & (SEG_S | SEG_CODE)) != (SEG_S | SEG_CODE) || seg_dpl(attr) > c->cpl)
        return refuse(e, VECTOR_GP, g->selector & 0xfffc);
    if ((attr & SEG_P) == 0)
        return refuse(e, VECTOR_NP, g->selector & 0xfffc);
    if (g->offset > descriptor_limit(&g->code))
        return refuse(e, VECTOR_GP, 0);
    return true;
}

/* The inner stack, with the outer one's place on it, and from V86 mode the data segments. */
static bool inner_stack(const struct event *e, const struct gate *g, unsigned cpl, bool v86,
                        struct x86_frame *s)
{
    static const uint8_t order[] = {X86_GS, X86_FS, X86_DS, X86_ES};
    struct x86_cpu *c = e->c;
    uint32_t ss;
    if (!x86_tss_stack(c, cpl, &ss, &s->esp) || !x86_stack_segment(c, ss, cpl, VECTOR_TS, &s->ss))
        return false;
    s->kind = ACCESS_SYSTEM;
    s->stack_fault = true;
    for (unsigned n = 0; v86 && n < sizeof order; n++)
        if (!x86_frame_push(c, s, g->size, c->seg[order[n]].selector))
            return false;
    return x86_frame_push(c, s, g->size, c->seg[X86_SS].selector) &&
           x86_frame_push(c, s, g->size, c->cpu.reg[X86_ESP]);
}

static void enter(const struct event *e, const struct gate *g, bool inner, bool v86, unsigned cpl,
                  const struct x86_frame *s)
{
    static const uint8_t data[] = {X86_GS, X86_FS, X86_DS, X86_ES};
    struct x86_cpu *c = e->c;
    c->eflags &= ~(EFLAGS_TF | EFLAGS_VM | EFLAGS_RF | EFLAGS_NT | (g->interrupt ? EFLAGS_IF : 0));
    if (inner)
        c->seg[X86_SS] = s->ss;
    for (unsigned n = 0; v86 && n < sizeof data; n++)
        c->seg[data[n]] = (struct x86_segment){0};
    x86_set_esp(c, s);
    x86_set_code(c, g->selector, &g->code, cpl);
    c->cpu.pc = c->seg[X86_CS].base + g->offset;
}

static bool take_task(const struct event *e, const struct gate *g)
{
    struct x86_cpu *c = e->c;
    if (!x86_task_switch(c, g->selector, TASK_CALL, e->eip))
        return false;
    struct x86_frame s = x86_current_frame(c);
    if ((e->flags & RAISE_ERROR) != 0) {
        if (!x86_frame_push(c, &s, (c->tr.attr & 8) != 0 ? 4 : 2, e->error))
            return false;
        x86_set_esp(c, &s);
    }
    return true;
}

static bool take_protected(const struct event *e)
{
    struct x86_cpu *c = e->c;
    struct gate g;
    bool v86 = (c->eflags & EFLAGS_VM) != 0;
    if (!read_gate(e, &g))
        return false;
    if (g.task)
        return take_task(e, &g);
    if (!read_code(e, &g))
        return false;
    unsigned attr = descriptor_attr(&g.code), dpl = seg_dpl(attr);
    bool inner = (attr & SEG_EXPAND) == 0 && dpl < c->cpl;
    if ((!inner && (attr & SEG_EXPAND) == 0 && dpl != c->cpl) || (v86 && (!inner || dpl != 0)))
        return refuse(e, VECTOR_GP, g.selector & 0xfffc);
    struct x86_frame s = x86_current_frame(c);
    if (inner && !inner_stack(e, &g, dpl, v86, &s))
        return false;
    if (!x86_frame_push(c, &s, g.size, x86_eflags(c)) ||
        !x86_frame_push(c, &s, g.size, c->seg[X86_CS].selector) ||
        !x86_frame_push(c, &s, g.size, e->eip) ||
        ((e->flags & RAISE_ERROR) != 0 && !x86_frame_push(c, &s, g.size, e->error)) ||
        !x86_set_accessed(c, g.selector, &g.code))
        return false;
    enter(e, &g, inner, v86, inner ? dpl : c->cpl, &s);
    return true;
}

/* ---- double faults (SDM vol. 3, table 6-5) ---------------------------------------------------- */

static bool contributory(uint32_t vector)
{
    return vector == VECTOR_DE || (vector >= VECTOR_TS && vector <= VECTOR_GP);
}

static void page_fault(struct x86_cpu *c, struct event *e)
{
    c->cr2 = c->cpu.fault_va;
    e->vector = VECTOR_PF;
    e->flags = RAISE_ERROR;
    e->error = c->cpu.fault_status & 0xffff;
}

static void shut_down(struct x86_cpu *c)
{
    vm_log(c->cpu.vm, "the CPU shut down: triple fault at %08x", c->cpu.pc);
    if (c->hooks != NULL)
        c->hooks->shutdown(c->cpu.vm);
    else
        vm_end(c->cpu.vm, VM_RESET);
}

static void take(struct event *e)
{
    struct x86_cpu *c = e->c;
    uint32_t eip = x86_eip(c);
    c->shadow = 0;
    for (;;) {
        c->cpu.exit_request = EXIT_NONE;
        bool taken = (c->cr0 & CR0_PE) == 0 ? take_real(e) : take_protected(e);
        uint32_t request = c->cpu.exit_request, first = e->vector;
        c->cpu.exit_request = EXIT_NONE;
        if (taken)
            return;
        if (first == VECTOR_DF) {
            shut_down(c);
            return;
        }
        bool benign = (e->flags & (RAISE_EXTERNAL | RAISE_SOFTWARE)) != 0;
        if (request == EXIT_FAULT) {
            page_fault(c, e);
        } else {
            e->vector = c->raise.vector & RAISE_VECTOR;
            e->flags = c->raise.vector & ~RAISE_VECTOR;
            e->error = c->raise.error;
        }
        e->eip = (e->flags & RAISE_TRAP) != 0 ? c->raise.next : eip;
        bool second = contributory(e->vector) || (first == VECTOR_PF && e->vector == VECTOR_PF);
        if (!benign && second && (contributory(first) || first == VECTOR_PF)) {
            e->vector = VECTOR_DF;
            e->flags = RAISE_ERROR;
            e->error = 0;
        }
    }
}

/* An access over the end of a flat segment: of the stack's or another's? The code tells. */
static void beyond_limit(struct x86_cpu *c, struct event *e)
{
    struct x86_insn i = {.seg = X86_SS};
    uint8_t code[X86_MAX_LENGTH] = {0};
    guest_peek(&c->cpu, c->cpu.pc, code, sizeof code);
    x86_decode(code, sizeof code, (c->seg[X86_CS].attr & SEG_D) != 0 ? X86_MODE_D : 0, &i);
    bool memory = false;
    for (unsigned n = 0; n < i.count; n++)
        memory |= i.operand[n].kind == X86_MEM || i.operand[n].kind == X86_SRC_SI ||
                  i.operand[n].kind == X86_DST_DI;
    e->vector = memory && i.seg != X86_SS ? VECTOR_GP : VECTOR_SS;
    e->flags = RAISE_ERROR;
    e->error = 0;
}

/* ---- what was raised -------------------------------------------------------------------------- */

#define DR6_BS 0x4000u

void x86_deliver(struct cpu *cpu, enum exit_reason reason)
{
    struct x86_cpu *c = x86_of(cpu);
    struct event e = {.c = c, .eip = x86_eip(c)};
    switch ((unsigned)reason) {
    case EXIT_FAULT:
        if (cpu->fault_status == WALK_OVER_END)
            beyond_limit(c, &e);
        else
            page_fault(c, &e);
        break;
    case EXIT_FETCH:
        if (cpu->fault_va == (cpu->pc & ~1u)) /* the translator reads halfwords */
            cpu->fault_va = cpu->pc;
        page_fault(c, &e);
        if (cpu->fault_status == WALK_NOTHING) {
            e.vector = VECTOR_UD;
            e.flags = 0;
        }
        break;
    case EXIT_RAISE:
        e.vector = c->raise.vector & RAISE_VECTOR;
        e.flags = c->raise.vector & ~RAISE_VECTOR;
        e.error = c->raise.error;
        if (e.flags & (RAISE_SOFTWARE | RAISE_TRAP))
            e.eip = c->raise.next;
        else
            c->eflags |= e.vector == VECTOR_DB ? 0 : EFLAGS_RF;
        break;
    case EXIT_DIVIDE:
        e.vector = VECTOR_DE;
        c->eflags |= EFLAGS_RF;
        break;
    case EXIT_ALIGN: /* SSE operands; else EFLAGS.AC */
        e.vector = c->side & X86_SIDE_ALIGN_GP ? VECTOR_GP : VECTOR_AC;
        e.flags = RAISE_ERROR;
        c->eflags |= EFLAGS_RF;
        break;
    case EXIT_X87:
        x87_mispredicted(c);
        return;
    case EXIT_WATCHED:
        if (c->hits == 0 || c->shadow == SHADOW_SS)
            return;
        e.vector = VECTOR_DB;
        c->dr[6] |= c->hits;
        break;
    case EXIT_STEPPED:
        if (c->shadow == SHADOW_SS)
            return;
        e.vector = VECTOR_DB;
        c->dr[6] |= DR6_BS | c->hits;
        break;
    default:
        e.vector = VECTOR_UD;
    }
    c->hits = 0;
    take(&e);
    c->eflags &= ~EFLAGS_RF;
}

/* ---- interrupts ------------------------------------------------------------------------------- */

bool x86_interrupt(struct cpu *cpu, bool peek)
{
    struct x86_cpu *c = x86_of(cpu);
    bool nmi = c->nmi && !c->nmi_blocked;
    bool irq = (cpu->lines & CPU_IRQ) != 0 && (c->eflags & EFLAGS_IF) != 0;
    if (c->shadow != 0 || (!nmi && !irq))
        return false;
    if (peek)
        return true;
    struct event e = {.c = c, .eip = x86_eip(c), .flags = RAISE_EXTERNAL};
    if (nmi) {
        c->nmi = false;
        c->nmi_blocked = true;
        e.vector = VECTOR_NMI;
    } else {
        if (c->hooks == NULL)
            return false;
        e.vector = c->hooks->acknowledge(c->cpu.vm) & 0xff;
    }
    cpu->halted = false;
    take(&e);
    return true;
}

/* HLT ends for an interrupt that is taken (SDM vol. 2, HLT). */
bool x86_wakes(const struct cpu *cpu)
{
    const struct x86_cpu *c = x86_of_const(cpu);
    return (c->nmi && !c->nmi_blocked) ||
           ((cpu->lines & CPU_IRQ) != 0 && (c->eflags & EFLAGS_IF) != 0);
}
