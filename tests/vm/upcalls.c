/*
 * Upcalls: registration, faults in the guest range, the state kept, mapping on the way back.
 */
#include "guest.h"

static struct vm_guest g;
static struct upcall_page *page;
static uint8_t stack[16384] __attribute__((aligned(4096)));
static volatile uint64_t count, vector, address, error, status, done_count, flags, poll_status,
    wait_status, signal_status;
static struct thread_regs regs;
static vm_handle region, note_to;
static uint64_t target_va;

static HANDLER void note(struct upcall_page *p)
{
    flags = vm_handler_flags();
    count++;
    vector = p->vector;
    address = p->address;
    error = p->error;
    for (unsigned i = 0; i < REG_COUNT; i++)
        regs.gpr[i] = p->regs.gpr[i];
    regs.rip = p->regs.rip;
    regs.rflags = p->regs.rflags;
}

static HANDLER void leave(unsigned entries)
{
    unsigned done = 99;
    status = (uint64_t)vm_upcall_return(entries, &done);
    done_count = done;
}

static HANDLER void put(struct map_op *op, unsigned kind, vm_handle r, uint64_t va, uint64_t offset,
                        uint64_t pages, unsigned rights)
{
    op->kind = (uint8_t)kind;
    op->rights = (uint8_t)rights;
    op->zero = 0;
    op->region = r;
    op->va = va;
    op->offset = offset;
    op->pages = pages;
}

static HANDLER void to_exit(struct upcall_page *p)
{
    note(p);
    p->regs.rip = (uint64_t)vm_guest_exit;
    leave(0);
}

static int begin(vm_handler *handler, const void *target)
{
    memset(&g, 0, sizeof g);
    for (unsigned i = 0; i < REG_COUNT; i++)
        g.in[i] = 0x0123456789abcdefULL * (i + 1);
    g.flags_in = 0x202;
    g.target = target;
    count = 0;
    return vm_upcall_register(handler, GUEST_LO, GUEST_HI, stack, sizeof stack, &page);
}

static const char *registration(void)
{
    struct upcall_page *again;
    CHECK(vm_upcall_register(to_exit, GUEST_HI, GUEST_LO, stack, sizeof stack, &page) != OK);
    CHECK(vm_upcall_register(to_exit, GUEST_LO, GUEST_LO, stack, sizeof stack, &page) != OK);
    CHECK(vm_upcall_register(to_exit, 0xffff800000000000ULL, 0xffff800000001000ULL, stack,
                             sizeof stack, &page) != OK);
    CHECK(vm_upcall_register(NULL, GUEST_LO, GUEST_HI, stack, sizeof stack, &page) != OK);
    CHECK(vm_upcall_unregister() != OK);
    for (unsigned i = 0; i < 100; i++) {
        CHECK(begin(to_exit, vm_guest_first) == OK);
        CHECK(page != NULL && page->pending == 0 && page->active == 0);
        CHECK(vm_upcall_register(to_exit, GUEST_LO, GUEST_HI, stack, sizeof stack, &again) != OK);
        CHECK(vm_upcall_unregister() == OK);
    }
    return NULL;
}

static const char *kinds(void)
{
    const struct {
        const char *target;
        uint64_t vector, address, error;
    } rows[] = {{vm_guest_first, FAULT_UNDEFINED, 0, 0},
                {vm_guest_last, FAULT_PROTECTION, 0, 0},
                {vm_guest_divide, FAULT_DIVIDE, 0, 0},
                {vm_guest_read, FAULT_PAGE, target_va + 8, PF_USER},
                {vm_guest_write, FAULT_PAGE, target_va + 8, PF_USER | PF_WRITE}};
    CHECK(begin(to_exit, NULL) == OK);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        g.target = rows[i].target;
        g.in[REG_RSI] = target_va + 8;
        g.in[REG_RCX] = g.in[REG_RDX] = 0;
        vm_guest_run(&g);
        CHECK(count == i + 1);
        CHECK(vector == rows[i].vector);
        CHECK(address == rows[i].address);
        CHECK((error & (PF_USER | PF_WRITE | PF_FETCH)) == rows[i].error);
        CHECK(regs.rip == (uint64_t)rows[i].target);
    }
    CHECK(vm_upcall_unregister() == OK);
    return NULL;
}

static const char *kinds_with_range(void)
{
    target_va = vm_reserve(PAGE_SIZE, PAGE_SIZE);
    const char *why = kinds();
    vm_unreserve(target_va, PAGE_SIZE);
    return why;
}

static HANDLER void skip_two(struct upcall_page *p)
{
    note(p);
    p->regs.rip += 2;
    leave(0);
}

static const char *state_kept(void)
{
    const uint64_t kept = 0xcd5 | FLAG_AC;
    CHECK(begin(skip_two, vm_guest_first) == OK);
    for (unsigned round = 0; round < 64; round++) {
        for (unsigned i = 0; i < REG_COUNT; i++)
            g.in[i] ^= 1ULL << round;
        g.flags_in =
            0x202 | (round & 1 ? 0x8d5 : 0) | (round & 2 ? FLAG_DF : 0) | (round & 4 ? FLAG_AC : 0);
        vm_guest_run(&g);
        CHECK(count == round + 1);
        CHECK((flags & (FLAG_DF | FLAG_TF | FLAG_AC)) == 0);
        for (unsigned i = 0; i < REG_COUNT; i++)
            if (i != REG_RSP) {
                CHECK(regs.gpr[i] == g.in[i]);
                CHECK(g.out[i] == g.in[i]);
            }
        CHECK((regs.rflags & kept) == (g.flags_in & kept));
        CHECK((g.flags_out & kept) == (g.flags_in & kept));
    }
    CHECK(vm_upcall_unregister() == OK);
    return NULL;
}

static HANDLER void change(struct upcall_page *p)
{
    note(p);
    for (unsigned i = 0; i < REG_COUNT; i++)
        if (i != REG_RSP)
            p->regs.gpr[i] = ~p->regs.gpr[i];
    p->regs.rip = (uint64_t)vm_guest_exit;
    leave(0);
}

static const char *state_changed(void)
{
    CHECK(begin(change, vm_guest_first) == OK);
    vm_guest_run(&g);
    for (unsigned i = 0; i < REG_COUNT; i++)
        CHECK(i == REG_RSP || g.out[i] == ~g.in[i]);
    CHECK(vm_upcall_unregister() == OK);
    return NULL;
}

static const char *vectors_kept(void)
{
    uint8_t in[32], out[32];
    for (unsigned i = 0; i < 32; i++)
        in[i] = (uint8_t)(i * 7 + 1);
    CHECK(begin(skip_two, vm_guest_first) == OK);
    for (unsigned i = 0; i < 100; i++) {
        in[0] = (uint8_t)i;
        vm_guest_vectors(&g, in, out);
        CHECK(memcmp(in, out, sizeof in) == 0);
    }
    CHECK(count == 100);
    CHECK(vm_upcall_unregister() == OK);
    return NULL;
}

static HANDLER void map_it(struct upcall_page *p)
{
    note(p);
    put(&p->vector_ops[0], MAP_MAP, region, p->address & ~(PAGE_SIZE - 1), 0, 1, RW);
    leave(1);
}

static const char *map_on_return(void)
{
    target_va = vm_reserve(64 * PAGE_SIZE, PAGE_SIZE);
    CHECK(vm_region_create(&region, 1) == OK);
    CHECK(begin(map_it, vm_guest_write) == OK);
    for (uint64_t i = 0; i < 64; i++) {
        g.in[REG_RSI] = target_va + i * PAGE_SIZE + 16;
        g.in[REG_RAX] = 1000 + i;
        vm_guest_run(&g);
        CHECK(count == i + 1);
        CHECK(*(volatile uint64_t *)(target_va + 16) == 1000 + i);
    }
    g.target = vm_guest_read; /* mapped now: no upcall */
    vm_guest_run(&g);
    CHECK(count == 64 && g.out[REG_RAX] == 1063);
    CHECK(vm_upcall_unregister() == OK);
    CHECK(vm_region_delete(region) == OK);
    vm_unreserve(target_va, 64 * PAGE_SIZE);
    return NULL;
}

static unsigned fail_at;
static volatile uint64_t first_status, first_done, first_active;

static HANDLER void map_fails(struct upcall_page *p)
{
    note(p);
    for (unsigned i = 0; i < 8; i++)
        put(&p->vector_ops[i], MAP_MAP, region, target_va + i * PAGE_SIZE, i == fail_at ? 8 : i, 1,
            RW);
    leave(8);
    first_status = status;
    first_done = done_count;
    first_active = p->active;
    put(&p->vector_ops[0], MAP_UNMAP, 0, target_va, 0, 8, 0);
    p->regs.rip = (uint64_t)vm_guest_exit;
    leave(1);
}

static const char *map_fails_on_return(void)
{
    target_va = vm_reserve(8 * PAGE_SIZE, PAGE_SIZE);
    CHECK(vm_region_create(&region, 8) == OK);
    CHECK(begin(map_fails, vm_guest_first) == OK);
    for (fail_at = 0; fail_at < 8; fail_at++) {
        vm_guest_run(&g);
        CHECK(count == fail_at + 1);
        CHECK(first_status != OK && first_done == fail_at && first_active != 0);
    }
    CHECK(page->active == 0);
    CHECK(vm_upcall_unregister() == OK);
    CHECK(vm_region_delete(region) == OK);
    vm_unreserve(target_va, 8 * PAGE_SIZE);
    return NULL;
}

static HANDLER void no_blocking(struct upcall_page *p)
{
    uint64_t bits;
    note(p);
    poll_status = (uint64_t)vm_poll(note_to, &bits);
    wait_status = (uint64_t)vm_wait(note_to, &bits);
    signal_status = (uint64_t)vm_signal(note_to, 4);
    p->regs.rip = (uint64_t)vm_guest_exit;
    leave(0);
}

static const char *blocking_refused(void)
{
    uint64_t bits;
    CHECK(vm_notification_create(&note_to) == OK);
    CHECK(begin(no_blocking, vm_guest_first) == OK);
    vm_guest_run(&g);
    CHECK(poll_status == WOULD_BLOCK && wait_status == WOULD_BLOCK && signal_status == OK);
    CHECK(vm_poll(note_to, &bits) == OK && bits == 4);
    CHECK(vm_upcall_unregister() == OK);
    CHECK(vm_notification_delete(note_to) == OK);
    return NULL;
}

static const char *return_outside(void)
{
    unsigned done;
    CHECK(vm_upcall_return(0, &done) != OK);
    CHECK(begin(to_exit, vm_guest_first) == OK);
    CHECK(vm_upcall_return(0, &done) != OK);
    CHECK(vm_upcall_unregister() == OK);
    return NULL;
}

const struct vm_test upcall_tests[] = {
    {"vm_upcall_registration", registration},     {"vm_upcall_kinds", kinds_with_range},
    {"vm_upcall_state_kept", state_kept},         {"vm_upcall_state_changed", state_changed},
    {"vm_upcall_vectors_kept", vectors_kept},     {"vm_upcall_map_on_return", map_on_return},
    {"vm_upcall_map_fails", map_fails_on_return}, {"vm_upcall_blocking_refused", blocking_refused},
    {"vm_upcall_return_outside", return_outside}, {NULL, NULL}};
