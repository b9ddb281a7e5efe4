/*
 * Linking: patching the rel32 of an exit.
 *
 * The stub of an exit (exit_stub in lower_control.c) is, from stub_offset on:
 *
 *      0  mov rdx, exit            10 bytes
 *     10  jmp leave_link            5
 *     15  mov rax, [rsp + fetch]    8     from here on only if the target is on another page
 *     23  mov rcx, page | phys      10    patched: the fetch entry that must be there
 *     33  cmp rcx, [rax + entry]    3, 4 or 7
 *      .  je target                 6     patched
 *      .  as a computed jump that is not in the table
 *
 * A target on the block's own page needs no check: the block was entered, so the page is there.
 */
#include "x86_64.h"

#include <string.h>

enum { CHECK = 15, CHECK_VALUE = 25, CHECK_COMPARE = 33 };
_Static_assert(offsetof(struct cpu, fetch) >= 128, "its address takes four bytes");

bool link_has_check(const struct block_exit *e)
{
    return ((e->pc ^ e->from->pc) & GUEST_PAGE_MASK) != 0;
}

uint32_t link_fetch_offset(uint32_t pc)
{
    return (pc >> GUEST_PAGE_SHIFT) % FETCH_ENTRIES * (uint32_t)sizeof(struct fetch_entry);
}

static uint32_t check_jump(uint32_t pc)
{
    uint32_t off = link_fetch_offset(pc);
    return CHECK_COMPARE + (off == 0 ? 3 : off < 128 ? 4 : 7) + 2;
}

static void patch(uint8_t *code, uint32_t field, const uint8_t *target, ptrdiff_t write_delta)
{
    int32_t rel = (int32_t)(target - (code + field + 4));
    memcpy(code + field + write_delta, &rel, 4);
}

bool link_loops(const struct block_exit *e)
{
    return e->pc == e->from->pc && e->kind == JUMP_PLAIN;
}

/* Whether e, linked to `to`, goes to the check for attention there. Every loop has a jump back or a computed
 * one, which does; but a block that jumps to itself and calls no C function need not check each time: an
 * upcall that makes attention there unlinks that jump (block.unchecked). So it is entered with a check. */
static bool checks(const struct block_exit *e, const struct block *to)
{
    if (to->unchecked)
        return to != e->from || !link_loops(e);
    return e->pc <= e->from->pc || (e->kind & JUMP_CHECK) != 0;
}

void x86_link(struct block_exit *e, struct block *to, ptrdiff_t write_delta)
{
    uint8_t *code = e->from->code;
    const uint8_t *target = code + e->stub_offset;
    if (to != NULL) {
        target = checks(e, to) ? to->code : to->code_after;
        if (e->checked_page && link_has_check(e)) {
            uint64_t want = ((e->pc & GUEST_PAGE_MASK) | 1) | (to->phys >> GUEST_PAGE_SHIFT) << 32;
            memcpy(code + e->stub_offset + CHECK_VALUE + write_delta, &want, 8);
            patch(code, e->stub_offset + check_jump(e->pc), target, write_delta);
            target = code + e->stub_offset + CHECK;
        }
    }
    patch(code, e->code_offset, target, write_delta);
}
