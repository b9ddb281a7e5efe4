/* Messages: call, reply and one way, within a task and across, with and without FPU use. */
#include "bench.h"

#define ROUNDS 256

static handle_t endpoint, reply;
static volatile uint64_t received_at;

static inline void use_fpu(void)
{
    __asm__ volatile("addsd %%xmm1, %%xmm0" : : : "xmm0");
}

static void server(uint64_t fpu)
{
    struct message m = {0};
    sys_recv(endpoint, reply, 0, &m);
    for (;;) {
        received_at = ticks_now();
        if (fpu)
            use_fpu();
        sys_reply_recv(endpoint, reply, 1, &m);
    }
}

static void round_trips(bool own_task, bool fpu, const char *name, const char *one_way)
{
    handle_t caps[] = {endpoint, reply};
    struct measure_start s;
    struct message m = {0};
    uint64_t total = 0;
    struct helper h = helper_start(own_task, PRIORITY_MAX, server, fpu, caps, 2);
    for (unsigned i = 0; i < 4; i++)
        sys_call(endpoint, 1, &m);
    measure_begin(&s);
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (fpu)
            use_fpu();
        sys_call(endpoint, 1, &m);
    }
    print_cost(name, measure_end(&s, ROUNDS), 650, "seL4 1271-1440 cycles");
    if (one_way) {
        for (unsigned i = 0; i < ROUNDS; i++) {
            uint64_t start = ticks_now();
            sys_call(endpoint, 1, &m);
            total += received_at - start;
        }
        print_cost(one_way, (struct cost){.ticks = total / ROUNDS}, 350,
                   "seL4 718-787 cycles, L4Re ~590 instr.");
    }
    helper_end(&h);
}

void bench_ipc(void)
{
    endpoint = new_object(OBJ_ENDPOINT);
    reply = new_object(OBJ_REPLY);
    round_trips(false, false, "call and reply, same task", "one way, same task");
    /* The other task's copy of the reply object dies with it; ours stays. */
    round_trips(true, false, "call and reply, other task", "one way, other task");
    round_trips(true, true, "call and reply, other task, both use the FPU", NULL);
}
