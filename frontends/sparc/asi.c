/*
 * Alternate address spaces (V8 appendix I; microSPARC-II manual): registers of the MMU, flushes and
 * probes, physical accesses, and what only has to be accepted.
 *
 * User and supervisor data never come here (lift_memory.c). `how`: bits 0-7 the ASI, 8-9 log2 of the
 * bytes. Values are numbers, the guest's byte order is taken care of here. A space that does not
 * exist is a data access exception.
 *
 * Flushes name what they concern; a page for supervisors only may be meant, so those by address go
 * to every window that is not of another context. Nothing waits for a flush: it is complete at once.
 */
#include "sparc_cpu.h"

#include <translator/board.h>

struct space {
    struct sparc_cpu *c;
    uint32_t va;
    unsigned asi, bytes;
};

static struct space space_of(struct cpu *cpu, uint64_t a, uint64_t how)
{
    return (struct space){sparc_of(cpu), (uint32_t)a, (unsigned)how & 0xff,
                          1u << ((unsigned)how >> 8 & 3)};
}

static uint64_t swap(uint64_t v, unsigned bytes)
{
    return __builtin_bswap64(v) >> (64 - 8 * bytes);
}

static void fault(struct space *s, unsigned kind, uint32_t type)
{
    struct cpu *cpu = &s->c->cpu;
    cpu->fault_va = s->va;
    cpu->fault_kind = kind;
    cpu->fault_status = type << SFSR_FT_SHIFT;
    cpu->exit_request = EXIT_FAULT;
}

/* ---- registers of the MMU, ASI 0x04 (H.3; bits 8-12 of the address choose) --------------------- */

enum {
    REG_CONTROL = 0x00,
    REG_TABLE = 0x01,
    REG_CONTEXT = 0x02,
    REG_FSR = 0x03,
    REG_FAR = 0x04,
    REG_AFSR = 0x05,
    REG_AFAR = 0x06,
    REG_TRCR = 0x10,
    REG_FSR_WRITE = 0x13,
    REG_FAR_WRITE = 0x14,
};
#define CONTROL_WRITABLE 0x00ffffffu
#define TABLE_WRITABLE   0x00ffffc0u
#define FSR_BITS         0x00016fffu
#define TRCR_BITS        0x00ffffffu

static uint32_t read_register(struct sparc_cpu *c, unsigned n)
{
    struct sparc_mmu *m = &c->mmu;
    uint32_t v;
    switch (n) {
    case REG_CONTROL:
        return c->mmu_version | m->control;
    case REG_TABLE:
        return m->context_table;
    case REG_CONTEXT:
        return m->context;
    case REG_FSR: /* reading clears */
        v = m->fsr;
        m->fsr = 0;
        return v;
    case REG_FSR_WRITE:
        return m->fsr;
    case REG_FAR:
    case REG_FAR_WRITE:
        return m->far;
    case REG_AFSR:
        return m->afsr;
    case REG_AFAR:
        return m->afar;
    case REG_TRCR:
        return m->trcr;
    default:
        return 0;
    }
}

static void flush_all(struct sparc_cpu *c)
{
    window_flush(c->cpu.vm, SPARC_KEY_MAPPED, SPARC_KEY_MAPPED);
}

/* Contexts are in the keys. Another table means other contents under the same keys; software that
 * sets it flushes as a rule, but nothing says it must while the MMU is off. */
/* True: what addresses mean has changed. */
static bool write_register(struct sparc_cpu *c, unsigned n, uint32_t v)
{
    struct sparc_mmu *m = &c->mmu;
    const struct sparc_mmu old = *m;
    switch (n) {
    case REG_CONTROL:
        m->control = v & CONTROL_WRITABLE;
        break;
    case REG_TABLE:
        if (m->context_table != (v & TABLE_WRITABLE))
            flush_all(c);
        windows_complete(c->cpu.vm);
        m->context_table = v & TABLE_WRITABLE;
        break;
    case REG_CONTEXT:
        m->context = v & (MMU_CONTEXTS - 1);
        break;
    case REG_FSR_WRITE:
        m->fsr = v & FSR_BITS;
        break;
    case REG_FAR:
    case REG_FAR_WRITE:
        m->far = v;
        break;
    case REG_TRCR:
        m->trcr = v & TRCR_BITS;
        break;
    default:
        break;
    }
    return ((old.control ^ m->control) & (MMU_E | MMU_BM)) != 0 ||
           old.context_table != m->context_table || old.context != m->context;
}

/* ---- flushes, ASI 0x03 (H.4.1) ----------------------------------------------------------------- */

static void flush(struct space *s)
{
    struct sparc_cpu *c = s->c;
    unsigned type = s->va >> 8 & 15;
    uint64_t of_context = SPARC_KEY_MAPPED | SPARC_KEY_USER | c->mmu.context;
    uint64_t whole = SPARC_KEY_MAPPED | SPARC_KEY_USER | SPARC_KEY_CONTEXT;
    uint32_t va = s->va & GUEST_PAGE_MASK;
    if (type == 0) {
        window_flush_page(c->cpu.vm, whole, of_context, va);
        window_flush_page(c->cpu.vm, SPARC_KEY_MAPPED | SPARC_KEY_USER, SPARC_KEY_MAPPED, va);
    } else if (type == 3) { /* pages of the context that are not supervisor's */
        window_flush(c->cpu.vm, whole, of_context);
    } else if (type <= 4) { /* segments and regions name more than a page: all */
        flush_all(c);
    }
    windows_complete(c->cpu.vm);
}

/* ---- physical addresses, ASI 0x20-0x2f --------------------------------------------------------- */

static uint64_t physical(const struct space *s)
{
    return (uint64_t)(s->asi & 15) << 32 | s->va;
}

/* ---- which ------------------------------------------------------------------------------------- */

enum kind {
    NOTHING,
    MMU_FLUSH,
    MMU_REGISTERS,
    USER_CODE,
    SUPERVISOR_CODE,
    PHYSICAL,
    IGNORED, /* reads give 0, writes do nothing */
    BOARD_CALL
};

/* Ranges of ASIs; caches and TLB diagnostics have nothing behind them. */
static const struct {
    uint8_t first, last, kind;
} ranges[] = {
    {0x02, 0x02, IGNORED}, /* other parts: of a second cache, which OpenBIOS looks for */
    {0x03, 0x03, MMU_FLUSH},  {0x04, 0x04, MMU_REGISTERS},   {0x05, 0x07, IGNORED},
    {0x08, 0x08, USER_CODE},  {0x09, 0x09, SUPERVISOR_CODE}, {0x0c, 0x0f, IGNORED},
    {0x10, 0x14, IGNORED},    {0x18, 0x1c, IGNORED},         {0x20, 0x2f, PHYSICAL},
    {0x30, 0x32, IGNORED},    {0x36, 0x39, IGNORED},         {0x4c, 0x4c, IGNORED},
    {0xff, 0xff, BOARD_CALL},
};

static enum kind kind_of(unsigned asi)
{
    for (unsigned n = 0; n < sizeof ranges / sizeof ranges[0]; n++)
        if (asi >= ranges[n].first && asi <= ranges[n].last)
            return (enum kind)ranges[n].kind;
    return NOTHING;
}

bool sparc_asi_ignored(unsigned asi)
{
    return kind_of(asi) == IGNORED;
}

static uint32_t board_call(struct space *s, uint32_t value)
{
    const struct sparc_board_hooks *h = s->c->hooks;
    if (h != NULL && h->call != NULL)
        return h->call(s->c->hooks_to, s->va, value);
    fault(s, ACCESS_READ, FT_INTERNAL);
    return 0;
}

static uint64_t load(struct space *s)
{
    struct cpu *cpu = &s->c->cpu;
    uint64_t v[2] = {0, 0};
    switch (kind_of(s->asi)) {
    case MMU_FLUSH:
        return sparc_probe(s->c, s->va, s->va >> 8 & 15);
    case MMU_REGISTERS:
        return read_register(s->c, s->va >> 8 & 0x1f);
    case USER_CODE:
    case SUPERVISOR_CODE:
        guest_load(cpu, s->va, s->bytes, ACCESS_FETCH | (s->asi == 8 ? ACCESS_USER : 0), v);
        return swap(v[0], s->bytes);
    case PHYSICAL:
        if (!memory_read(cpu->vm, physical(s), s->bytes, v))
            fault(s, ACCESS_READ, FT_BUS);
        return swap(v[0], s->bytes);
    case IGNORED:
        return 0;
    case BOARD_CALL:
        return board_call(s, 0);
    default:
        fault(s, ACCESS_READ, FT_INTERNAL);
        return 0;
    }
}

/* True: the block has to be left (lift_memory.c, changes_state). */
static bool store(struct space *s, uint64_t value)
{
    struct cpu *cpu = &s->c->cpu;
    uint64_t v[2] = {swap(value, s->bytes), 0};
    switch (kind_of(s->asi)) {
    case MMU_FLUSH:
        flush(s);
        return true;
    case MMU_REGISTERS:
        return write_register(s->c, s->va >> 8 & 0x1f, (uint32_t)value);
    case USER_CODE:
    case SUPERVISOR_CODE:
        guest_store(cpu, s->va, s->bytes, s->asi == 8 ? ACCESS_USER : 0, v);
        break;
    case PHYSICAL:
        if (!memory_write(cpu->vm, physical(s), s->bytes, v[0]))
            fault(s, ACCESS_WRITE, FT_BUS);
        break;
    case IGNORED:
        break;
    case BOARD_CALL:
        board_call(s, (uint32_t)value);
        return true;
    default:
        fault(s, ACCESS_WRITE, FT_INTERNAL);
    }
    return false;
}

/* a address, b how. */
uint64_t sparc_helper_load_alternate(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t unused)
{
    struct space s = space_of(cpu, a, b);
    (void)unused;
    return load(&s);
}

/* a address, b value, c how. */
uint64_t sparc_helper_store_alternate(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct space s = space_of(cpu, a, c);
    return store(&s, b);
}

/* LDSTUBA, SWAPA; in the board's space one call with an argument and a result. */
uint64_t sparc_helper_swap_alternate(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    struct space s = space_of(cpu, a, c);
    if (kind_of(s.asi) == BOARD_CALL)
        return board_call(&s, (uint32_t)b);
    uint64_t old = load(&s);
    if (cpu->exit_request == EXIT_NONE)
        store(&s, b);
    return old;
}
