/* The interpreter as a backend (translator/backend.h). It has no machine code: of the room for code
 * it takes a token share, and links are followed by looking at block_exit.to. */
#include "interp.h"

static size_t start(const struct frontend *f, uint8_t *write, uint8_t *run, size_t room)
{
    (void)f, (void)write, (void)run; /* blocks know their frontend: compile is given it */
    return room < 16 ? 0 : 16;
}

static void link(struct block_exit *e, struct block *to, ptrdiff_t write_delta)
{
    (void)write_delta;
    e->to = to;
}

/* The jump table's entries are blocks. */
static uint64_t entry(const struct block *b)
{
    return (uint64_t)(uintptr_t)b;
}

/* A range in which nothing ever runs: pokes set the pending flag, which every block tests. */
static void range(uint64_t *lo, uint64_t *hi)
{
    static const uint8_t nowhere[16];
    *lo = (uint64_t)(uintptr_t)nowhere;
    *hi = *lo + sizeof nowhere;
}

/* Never called: no upcall comes from there. */
static void escape(struct thread_regs *regs, enum exit_reason reason, const struct block *b,
                   const struct side_entry *side)
{
    (void)regs, (void)reason, (void)b, (void)side;
}

const struct backend interp_backend = {
    .name = "interp",
    .start = start,
    .compile = interp_compile,
    .enter = interp_enter,
    .link = link,
    .entry = entry,
    .range = range,
    .escape = escape,
};
