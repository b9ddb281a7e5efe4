/* Page faults, served by a thread at an endpoint and by an upcall that maps one page. */
#include "bench.h"

#define ROUNDS 64
#define WINDOW (WINDOW_VA + (1ULL << 32))

static handle_t endpoint, reply, pages;
static struct upcall_page *const upcall = (struct upcall_page *)0x0000320000000000ULL;
static uint8_t upcall_stack[4096] __attribute__((aligned(16)));

extern char guest_begin[], guest_end[];
void guest_touch(volatile void *p);

/* The guest range: one load. */
__asm__(".pushsection .text\n"
        ".globl guest_touch, guest_begin, guest_end\n"
        "guest_touch:\n"
        "guest_begin: mov (%rdi), %rax\n"
        "ret\n"
        "guest_end:\n"
        ".popsection");

__attribute__((target("general-regs-only"))) static void handler(struct upcall_page *p)
{
    unsigned done;
    p->vector_ops[0] = (struct map_op){
        .kind = MAP_MAP,
        .rights = MAP_READ | MAP_WRITE,
        .region = pages,
        .va = p->address & ~(PAGE_SIZE - 1),
        .offset = (p->address - WINDOW) / PAGE_SIZE,
        .pages = 1,
    };
    sys_upcall_return(1, &done);
    for (;;)
        continue;
}

static void unmap_all(void)
{
    unsigned done;
    ipc()->vector[0] =
        (struct map_op){.kind = MAP_UNMAP, .va = WINDOW + PAGE_SIZE, .pages = ROUNDS};
    sys_map(0, 1, &done);
}

/* Page 0 stays mapped, so that the tables are present. */
static struct cost touch_pages(void)
{
    struct measure_start m;
    measure_begin(&m);
    for (unsigned i = 1; i <= ROUNDS; i++)
        guest_touch((volatile void *)(WINDOW + i * PAGE_SIZE));
    struct cost c = measure_end(&m, ROUNDS);
    unmap_all();
    return c;
}

/* Serves faults of the main thread by mapping the page into this, the same, address space. It runs
 * in the same task: the address-space switch of a pager in another task comes on top. */
static void pager(uint64_t vector_page)
{
    struct map_op *vector = ((struct ipc_page *)vector_page)->vector;
    struct message m = {0};
    sys_recv(endpoint, reply, 0, &m);
    for (;;) {
        unsigned done;
        vector[0] = (struct map_op){
            .kind = MAP_MAP,
            .rights = MAP_READ | MAP_WRITE,
            .region = pages,
            .va = m.w[FAULT_ADDRESS] & ~(PAGE_SIZE - 1),
            .offset = (m.w[FAULT_ADDRESS] - WINDOW) / PAGE_SIZE,
            .pages = 1,
        };
        sys_map(0, 1, &done);
        m.w[0] = FAULT_REPLY_RESUME;
        sys_reply_recv(endpoint, reply, 1, &m);
    }
}

void bench_faults(void)
{
    unsigned done;
    endpoint = new_object(OBJ_ENDPOINT);
    reply = new_object(OBJ_REPLY);
    pages = new_region(ROUNDS + 1);
    ipc()->vector[0] = (struct map_op){MAP_MAP, MAP_READ, 0, pages, WINDOW, 0, 1};
    sys_map(0, 1, &done);

    sys_thread(THREAD_UPCALL, 0, 0, (uint64_t)upcall, (uint64_t)guest_begin, (uint64_t)guest_end,
               (uint64_t)handler, (uint64_t)upcall_stack + sizeof upcall_stack - 8);
    touch_pages();
    print_cost("page fault by upcall, one page mapped", touch_pages(), 800, "");
    sys_thread(THREAD_UPCALL, 0, 0, 0, 0, 0, 0, 0);

    struct helper h = helper_start(false, PRIORITY_MAX, pager, HELPER_IPC, NULL, 0);
    sys_thread(THREAD_SET_FAULT, 0, endpoint, 0, 0, 0, 0, 0);
    touch_pages();
    print_cost("page fault by endpoint, one page mapped", touch_pages(), 0, "");
    sys_thread(THREAD_SET_FAULT, 0, 0, 0, 0, 0, 0, 0);
    helper_end(&h);
    drop(pages);
}
