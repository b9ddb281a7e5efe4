/*
 * The victim: threads that make random calls.
 *
 * This code runs in the victim's private copy of the image, without thread block and library: it
 * touches the control region, its stack and its IPC page only. Any of these may go away under it;
 * then it faults, and root puts things right.
 */
#include "fuzz.h"

static struct control *const control = (struct control *)CONTROL_VA;

static uint64_t next(struct fuzz_thread *t)
{
    uint64_t x = t->seed;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    t->seed = x;
    return x * 0x2545f4914f6cdd1dULL >> 8;
}

static uint64_t below(struct fuzz_thread *t, uint64_t n)
{
    return next(t) % n;
}

static bool chance(struct fuzz_thread *t, unsigned one_in)
{
    return below(t, one_in) == 0;
}

/* A slot that the victim believes to hold a type. */
static handle_t slot_of(struct fuzz_thread *t, unsigned type)
{
    unsigned start = (unsigned)below(t, V_DYNAMIC_COUNT);
    if (chance(t, 2))
        for (unsigned i = 0; i < V_DYNAMIC_COUNT; i++) {
            unsigned at = (start + i) % V_DYNAMIC_COUNT;
            if (control->dynamic_type[at] == type)
                return V_DYNAMIC + at;
        }
    switch (type) {
    case OBJ_TASK:
        return V_TASK;
    case OBJ_THREAD:
        return V_THREADS + (handle_t)below(t, VICTIM_THREADS);
    case OBJ_ENDPOINT:
        return V_ENDPOINTS + (handle_t)below(t, 3);
    case OBJ_REPLY:
        return V_REPLIES + (handle_t)below(t, 4);
    case OBJ_NOTIFICATION:
        return V_NOTIFICATIONS + (handle_t)below(t, 3);
    case OBJ_REGION:
        return V_REGIONS + (handle_t)below(t, 4);
    case OBJ_QUOTA:
        return V_QUOTA;
    case OBJ_PORTS:
        return V_PORTS;
    default:
        return (handle_t)below(t, V_DYNAMIC_END);
    }
}

static uint64_t odd_number(struct fuzz_thread *t)
{
    uint64_t bit = 1ULL << below(t, 64);
    switch (below(t, 6)) {
    case 0:
        return bit;
    case 1:
        return bit - 1;
    case 2:
        return -bit;
    case 3:
        return below(t, 16);
    case 4:
        return UINT64_MAX - below(t, 16);
    default:
        return next(t) << 8 ^ next(t);
    }
}

static handle_t handle(struct fuzz_thread *t, unsigned type)
{
    if (type == OBJ_NONE)
        return chance(t, 50) ? (handle_t)below(t, V_DYNAMIC_END) : HANDLE_NONE;
    switch (below(t, 40)) {
    case 0:
        return (handle_t)below(t, V_DYNAMIC_END);
    case 1:
        return HANDLE_NONE;
    case 2:
        return (handle_t)odd_number(t) & 0xffffff;
    case 3:
        return HANDLE_MAX + (handle_t)below(t, 3) - 1;
    case 4:
    case 5:
    case 6: /* own task or thread */
        return type == OBJ_TASK || type == OBJ_THREAD ? HANDLE_NONE : slot_of(t, type);
    default:
        return slot_of(t, type);
    }
}

static uint64_t address(struct fuzz_thread *t)
{
    static const uint64_t edges[] = {0,
                                     USER_MIN,
                                     USER_MAX,
                                     INFO_PAGE_VA,
                                     0x0000800000000000ULL,
                                     0xffff800000000000ULL,
                                     0xffffffff80000000ULL,
                                     0xfffffffffffff000ULL};
    switch (below(t, 64)) {
    case 0:
        return edges[below(t, 8)] + (below(t, 5) - 2) * PAGE_SIZE;
    case 1:
        return odd_number(t);
    case 2:
        return FUZZ_VA + below(t, 1 << 20);
    case 3: /* its own vital pages */
        return chance(t, 16) ? CONTROL_VA + below(t, CONTROL_PAGES) * PAGE_SIZE
                             : VICTIM_IPC_VA + below(t, VICTIM_THREADS) * PAGE_SIZE;
    case 4:
        return STACK_VA + below(t, 8 * VICTIM_THREADS) * PAGE_SIZE;
    case 5:
    case 6:
    case 7: /* far apart */
        return FUZZ_VA + (below(t, 64) << 30) + (below(t, 64) << 21);
    default:
        return FUZZ_VA + (below(t, 4) << 30) + (below(t, 3) << 21) + below(t, 512) * PAGE_SIZE;
    }
}

static uint64_t page_count(struct fuzz_thread *t)
{
    switch (below(t, 32)) {
    case 0:
        return odd_number(t);
    case 1:
        return 512;
    case 2:
        return 511 + below(t, 3);
    case 3:
        return below(t, 2000);
    case 4:
        return chance(t, 8) ? (USER_MAX - FUZZ_VA) / PAGE_SIZE : 1ULL << below(t, 20);
    default:
        return below(t, 12);
    }
}

/* Fill a vector of map operations; the count to name. */
static uint64_t fill_vector(struct fuzz_thread *t, volatile struct map_op *v)
{
    unsigned count = (unsigned)(chance(t, 30) ? MAP_VECTOR_MAX : 1 + below(t, 6));
    for (unsigned i = 0; i < count; i++) {
        unsigned kind = (unsigned)(chance(t, 100) ? below(t, 256) : below(t, 40) % 13 % 4);
        v[i].kind = (uint8_t)(chance(t, 3) ? MAP_UNMAP : kind);
        v[i].rights = (uint8_t)(chance(t, 20) ? next(t) : below(t, 8));
        v[i].zero = (uint16_t)(chance(t, 60) ? next(t) : 0);
        v[i].region = handle(t, v[i].kind == MAP_PORTS ? OBJ_PORTS : OBJ_REGION);
        v[i].va = address(t);
        v[i].offset = chance(t, 20) ? odd_number(t) : below(t, 2) ? 0 : below(t, 600);
        v[i].pages = page_count(t);
    }
    return chance(t, 60) ? odd_number(t) : chance(t, 60) ? MAP_VECTOR_MAX + 1 : count;
}

static void upcall_entry(struct upcall_page *page);

static uint64_t code_address(struct fuzz_thread *t)
{
    switch (below(t, 8)) {
    case 0:
        return address(t);
    case 1:
        return IMAGE_VA + below(t, 0x10000);
    default:
        return (uint64_t)victim_start;
    }
}

static uint64_t argument(struct fuzz_thread *t, unsigned kind)
{
    unsigned own = (unsigned)(t - control->thread);
    if (kind != ARG_ZERO && chance(t, 80))
        return odd_number(t);
    switch (kind) {
    case ARG_SLOT:
        return chance(t, 20) ? below(t, V_DYNAMIC_END) : V_DYNAMIC + below(t, V_DYNAMIC_COUNT);
    case ARG_SOURCE: /* mostly what it made itself, so that it does not strip itself at once */
        return chance(t, 60) ? below(t, V_DYNAMIC) : V_DYNAMIC + below(t, V_DYNAMIC_COUNT);
    case ARG_INFO_SLOT:
        return below(t, V_DYNAMIC_END);
    case ARG_VA:
        return address(t);
    case ARG_PAGES:
        return page_count(t);
    case ARG_OFFSET:
        return below(t, 3) ? below(t, 64) : below(t, 1200);
    case ARG_RIGHTS:
        return below(t, 256);
    case ARG_BITS:
        return chance(t, 2) ? 1ULL << below(t, 64) : next(t);
    case ARG_WHEN: {
        uint32_t low, high;
        __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
        const volatile struct info_page *p = (const volatile struct info_page *)INFO_PAGE_VA;
        uint64_t ticks = ((uint64_t)high << 32 | low) - p->tick_base;
        uint64_t now = (uint64_t)(((unsigned __int128)ticks * p->mult) >> p->shift);
        return chance(t, 4) ? DEADLINE_NEVER : now + below(t, 300000);
    }
    case ARG_CODE:
        return code_address(t);
    case ARG_STACK:
        return STACK_VA + below(t, VICTIM_THREADS) * STACK_BYTES +
               (chance(t, 2) ? STACK_BYTES : STACK_BYTES / 2);
    case ARG_PRIORITY:
        return chance(t, 10) ? below(t, 40) : 8 + below(t, 3);
    case ARG_NS:
        return chance(t, 3) ? 0 : 10000 + below(t, 20000000);
    case ARG_BOOL:
        return below(t, 2);
    case ARG_MODE:
        return below(t, 20) % 3 % 2;
    case ARG_IPC_VA:
        return FUZZ_VA + 0x40000000000ULL + below(t, 64) * PAGE_SIZE;
    case ARG_LINE:
        return below(t, 24);
    case ARG_PORT:
        return 0x80 + below(t, 8);
    case ARG_VECTOR:
        return fill_vector(t, ((struct ipc_page *)(VICTIM_IPC_VA + own * PAGE_SIZE))->vector);
    case ARG_RETURN_VECTOR:
        return below(t, 3);
    case ARG_WORDS:
        return below(t, 4) ? below(t, 3) : next(t);
    case ARG_RANGE_LO:
        return chance(t, 2) ? IMAGE_VA : code_address(t);
    case ARG_RANGE_HI:
        return chance(t, 2) ? IMAGE_VA + 0x100000 : code_address(t) + below(t, 0x1000);
    case ARG_HANDLER:
        return chance(t, 8) ? code_address(t) : (uint64_t)upcall_entry;
    case ARG_ZERO:
        return 0;
    default:
        return odd_number(t);
    }
}

/* Registers for SET_REGS, where GET_REGS would have put them. */
static void fill_registers(struct fuzz_thread *t)
{
    struct thread_regs *regs =
        (struct thread_regs *)(VICTIM_IPC_VA + (uint64_t)(t - control->thread) * PAGE_SIZE);
    for (unsigned i = 0; i < REG_COUNT; i++)
        regs->gpr[i] = chance(t, 2) ? odd_number(t) : below(t, VICTIM_THREADS);
    regs->gpr[REG_RSP] = argument(t, ARG_STACK);
    regs->gpr[REG_RDI] = below(t, VICTIM_THREADS);
    regs->rip = code_address(t);
    regs->rflags = chance(t, 3) ? next(t) : 0x202;
    regs->fs_base = chance(t, 4) ? odd_number(t) : next(t);
    regs->gs_base = chance(t, 4) ? odd_number(t) : next(t);
}

static const struct call_row *choose(struct fuzz_thread *t)
{
    static unsigned total;
    if (total == 0)
        for (unsigned i = 0; i < call_row_count; i++)
            total += call_rows[i].weight;
    unsigned n = (unsigned)below(t, total), i = 0;
    while (n >= call_rows[i].weight)
        n -= call_rows[i++].weight;
    return &call_rows[i];
}

static void one_call(struct fuzz_thread *t)
{
    const struct call_row *row = choose(t);
    uint64_t w[6], badge = 0;
    if (row->blocks && !chance(t, 4))
        return;
    unsigned nr = row->nr, sub = row->sub;
    if (nr == CALL_COUNT)
        nr = (unsigned)below(t, 256);
    if (row->message)
        sub = (unsigned)(chance(t, 30) ? below(t, 256) : chance(t, 4) ? below(t, 65) : below(t, 8));
    else if (chance(t, 200))
        sub = (unsigned)below(t, 256);
    if (nr == CALL_THREAD && sub == THREAD_SET_REGS)
        fill_registers(t);
    handle_t a = handle(t, row->a), b = handle(t, row->b);
    for (unsigned i = 0; i < 6; i++)
        w[i] = argument(t, row->w[i]);
    uint64_t slot = w[0];
    unsigned status = result_status(trap(call_word(nr, sub, a, b), w, &badge));
    t->calls++;
    t->status[nr < CALL_COUNT ? nr : CALL_COUNT][status < STATUS_COUNT ? status : STATUS_COUNT]++;
    if (nr == CALL_CREATE && status == OK && slot >= V_DYNAMIC && slot < V_DYNAMIC_END)
        control->dynamic_type[slot - V_DYNAMIC] = (uint8_t)sub;
    if (nr == CALL_CAP && status == OK && slot >= V_DYNAMIC && slot < V_DYNAMIC_END &&
        sub != CAP_COPY)
        control->dynamic_type[slot - V_DYNAMIC] = 0;
}

/* Something other than a call now and then: a fault of some kind. */
static void one_fault(struct fuzz_thread *t)
{
    uint64_t va = address(t);
    switch (below(t, 8)) {
    case 0:
        __asm__ volatile("ud2");
        break;
    case 1:
        __asm__ volatile("int3");
        break;
    case 2:
        __asm__ volatile("hlt");
        break;
    case 3:
        __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" : : : "memory", "cc");
        break;
    case 4:
        __asm__ volatile("wrgsbase %0" : : "r"(va & 0x00007fffffffffffULL));
        break;
    case 5:
        __asm__ volatile("movb %%al, (%0)" : : "r"(va) : "memory");
        break;
    default:
        __asm__ volatile("movb (%0), %%al" : : "r"(va) : "rax", "memory");
    }
}

/* An upcall: some calls, then back, with the state more or less as it was. */
static void upcall_body(struct upcall_page *page)
{
    uint64_t index = ((uint64_t)__builtin_frame_address(0) - STACK_VA) / STACK_BYTES;
    struct fuzz_thread *t = &control->thread[index % VICTIM_THREADS];
    for (unsigned tries = 0; tries < 50; tries++) {
        for (uint64_t n = below(t, 6); n > 0; n--)
            one_call(t);
        uint64_t w[6] = {chance(t, 2) ? 0 : fill_vector(t, page->vector_ops)}, badge = 0;
        if (chance(t, 4))
            page->regs.rip = code_address(t);
        if (chance(t, 8)) {
            page->regs.rflags = odd_number(t);
            page->regs.fs_base = odd_number(t);
            page->regs.gs_base = odd_number(t);
        }
        unsigned status = result_status(trap(call_word(CALL_UPCALL_RETURN, 0, 0, 0), w, &badge));
        t->calls++;
        t->status[CALL_UPCALL_RETURN][status < STATUS_COUNT ? status : STATUS_COUNT]++;
        if (tries > 20)
            page->regs.rip = (uint64_t)victim_start;
    }
}

static void upcall_entry(struct upcall_page *page)
{
    upcall_body(page);
    __asm__ volatile("ud2");
}

void victim_main(uint64_t index);
void victim_main(uint64_t index)
{
    struct fuzz_thread *t = &control->thread[index % VICTIM_THREADS];
    for (;;) {
        one_call(t);
        if (chance(t, 400))
            one_fault(t);
    }
}

__asm__(".text\n.globl victim_start\n.type victim_start, @function\n"
        "victim_start:\n"
        "    cld\n"
        "    andq $-16, %rsp\n"
        "    xorl %ebp, %ebp\n"
        "    call victim_main\n"
        "    ud2\n");
