/*
 * Thread operations: start, exit, registers, priorities' limits, operations in the wrong state.
 */
#include "suite.h"

static int thread(unsigned op, handle_t t, uint64_t w0, uint64_t w1)
{
    return sys_thread(op, t, 0, w0, w1, 0, 0, 0);
}

static struct thread_regs *regs(void)
{
    return (struct thread_regs *)(void *)ipc()->msg;
}

static volatile uint64_t counter;

static void count(void *arg)
{
    (void)arg;
    for (;;)
        counter++;
}

static void nothing(void *arg)
{
    (void)arg;
}

static void start_and_end(void)
{
    struct worker *w = new_worker(0, LOW_PRIORITY);
    SAME(THREAD_STOPPED, thread_info(w->thread).state);
    start(w, nothing, NULL);
    await_done(w);
    await_state(w->thread, THREAD_DEAD);
}

static void start_running(void)
{
    struct worker *w = spawn(0, LOW_PRIORITY, spin_for_ever, NULL);
    REFUSED(thread(THREAD_START, w->thread, IMAGE_VA, IMAGE_VA));
    REFUSED(thread(THREAD_START, 0, IMAGE_VA, IMAGE_VA));
    pause_ms(2);
    SAME(THREAD_READY, thread_info(w->thread).state);
}

static void exit_for_good(void)
{
    struct worker *w = spawn(0, LOW_PRIORITY, nothing, NULL);
    await_state(w->thread, THREAD_DEAD);
    /* THREAD_EXIT is for good. */
    REFUSED(thread(THREAD_START, w->thread, IMAGE_VA, IMAGE_VA));
    REFUSED(thread(THREAD_RESUME, w->thread, 0, 0));
    thread(THREAD_STOP, w->thread, 0, 0);
    REFUSED(thread(THREAD_RESUME, w->thread, 0, 0));
    pause_ms(2);
    SAME(1, w->done);
}

static void start_bad_address(void)
{
    static const uint64_t bad[] = {USER_MAX,
                                   0x0000800000000000ULL,
                                   0x8000000000000000ULL,
                                   0xffff800000000000ULL,
                                   0xffffffff80000000ULL,
                                   UINT64_MAX};
    handle_t faults_to = new_endpoint(), r = new_reply();
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct worker *w = new_worker(0, LOW_PRIORITY);
        WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, faults_to, 0, 0, 0, 0, 0));
        int status = thread(THREAD_START, w->thread, bad[i], (uint64_t)w->stack_top);
        if (status == OK) {
            struct fault f = take_fault(faults_to, r);
            CHECK(f.word[FAULT_VECTOR] == FAULT_PROTECTION || f.word[FAULT_VECTOR] == FAULT_PAGE);
            struct message m = {{FAULT_REPLY_STOP, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
            WANT(OK, sys_reply(r, 1, &m));
        } else {
            CHECK(status == BAD_ADDRESS || status == BAD_ARG);
        }
        WANT(OK, drop(w->thread));
    }
}

static void argument_arrives(void)
{
    struct worker *w = new_worker(0, LOW_PRIORITY);
    WANT(OK, thread(THREAD_START, w->thread, (uint64_t)spin_for_ever, 0x1230));
    WANT(OK, thread(THREAD_STOP, w->thread, 0, 0));
    WANT(OK, thread(THREAD_GET_REGS, w->thread, 0, 0));
    SAME(0x1230, regs()->gpr[REG_RSP]);
    WANT(OK, drop(w->thread));
    struct worker *v = new_worker(0, LOW_PRIORITY);
    WANT(OK, sys_thread(THREAD_START, v->thread, 0, (uint64_t)spin_for_ever, 0x1000, 0x4242, 0, 0));
    WANT(OK, thread(THREAD_STOP, v->thread, 0, 0));
    WANT(OK, thread(THREAD_GET_REGS, v->thread, 0, 0));
    SAME(0x4242, regs()->gpr[REG_RDI]);
    SAME((uint64_t)spin_for_ever, regs()->rip);
    CHECK(regs()->rflags & 0x200); /* interrupts on */
}

static void stop_and_resume(void)
{
    counter = 0;
    struct worker *w = spawn(0, LOW_PRIORITY, count, NULL);
    for (unsigned i = 0; i < 20; i++) {
        await_value(&counter, 1);
        WANT(OK, thread(THREAD_STOP, w->thread, 0, 0));
        counter = 0;
        pause_ms(3);
        SAME(0, counter);
        SAME(THREAD_STOPPED, thread_info(w->thread).state);
        WANT(OK, thread(THREAD_RESUME, w->thread, 0, 0));
    }
    await_value(&counter, 1);
}

static void stop_self(void *arg)
{
    (void)arg;
    this_worker()->status = thread(THREAD_STOP, 0, 0, 0);
}

static void stop_oneself(void)
{
    struct worker *w = spawn(0, LOW_PRIORITY, stop_self, NULL);
    w->status = -1;
    await_state(w->thread, THREAD_STOPPED);
    SAME(0, w->done);
    WANT(OK, thread(THREAD_RESUME, w->thread, 0, 0));
    await_done(w);
    CHECK(w->status == OK || w->status == STOPPED);
}

static void resume_running(void)
{
    struct worker *w = spawn(0, LOW_PRIORITY, spin_for_ever, NULL);
    thread(THREAD_RESUME, w->thread, 0, 0);
    pause_ms(2);
    SAME(THREAD_READY, thread_info(w->thread).state);
}

static handle_t waited;

static void wait_for(void *arg)
{
    uint64_t bits;
    (void)arg;
    this_worker()->status = sys_wait(waited, 0, 0, &bits);
}

static void resume_waiting(void)
{
    waited = new_notification();
    struct worker *w = spawn(0, LOW_PRIORITY, wait_for, NULL);
    await_state(w->thread, THREAD_WAITING);
    thread(THREAD_RESUME, w->thread, 0, 0);
    pause_ms(2);
    SAME(0, w->done);
    SAME(THREAD_WAITING, thread_info(w->thread).state);
    WANT(OK, sys_signal(waited, 1));
    await_done(w);
    SAME(OK, w->status);
}

static void registers_round_trip(void)
{
    struct worker *w = spawn(0, LOW_PRIORITY, spin_for_ever, NULL);
    pause_ms(1);
    WANT(OK, thread(THREAD_STOP, w->thread, 0, 0));
    struct thread_regs want;
    for (unsigned i = 0; i < REG_COUNT; i++)
        want.gpr[i] = 0x0101010101010101ULL * (i + 1);
    want.rip = (uint64_t)spin_for_ever;
    want.rflags = 0x202 | 0x8d5; /* arithmetic flags */
    want.fs_base = 0x1234567000;
    want.gs_base = 0x7654321000;
    *regs() = want;
    WANT(OK, thread(THREAD_SET_REGS, w->thread, 0, 0));
    memset(ipc()->msg, 0, sizeof ipc()->msg);
    WANT(OK, thread(THREAD_GET_REGS, w->thread, 0, 0));
    CHECK(memcmp(regs(), &want, sizeof want) == 0);
}

/* Registers set are registers run with: the thread stores them and stops. */
extern const char store_all[], store_all_end[];
__asm__(".text\n"
        ".globl store_all, store_all_end\n"
        "store_all:\n"
        "    movq %rax, 0(%rsp)\n"
        "    movq %rcx, 8(%rsp)\n"
        "    movq %rdx, 16(%rsp)\n"
        "    movq %rbx, 24(%rsp)\n"
        "    movq %rbp, 40(%rsp)\n"
        "    movq %rsi, 48(%rsp)\n"
        "    movq %rdi, 56(%rsp)\n"
        "    movq %r8, 64(%rsp)\n"
        "    movq %r9, 72(%rsp)\n"
        "    movq %r10, 80(%rsp)\n"
        "    movq %r11, 88(%rsp)\n"
        "    movq %r12, 96(%rsp)\n"
        "    movq %r13, 104(%rsp)\n"
        "    movq %r14, 112(%rsp)\n"
        "    movq %r15, 120(%rsp)\n"
        "    rdfsbase %rax\n"
        "    movq %rax, 128(%rsp)\n"
        "    rdgsbase %rax\n"
        "    movq %rax, 136(%rsp)\n"
        "    movq $1, 144(%rsp)\n"
        "store_all_end:\n"
        "1:  jmp 1b\n");

static void registers_run_with(void)
{
    volatile uint64_t *out = new_memory(1);
    for (unsigned round = 0; round < 4; round++) {
        struct worker *w = new_worker(0, LOW_PRIORITY);
        for (unsigned i = 0; i < REG_COUNT; i++)
            regs()->gpr[i] = (uint64_t)(i + 1) << (round * 16);
        regs()->gpr[REG_RSP] = (uint64_t)out;
        regs()->rip = (uint64_t)store_all;
        regs()->rflags = 2;
        regs()->fs_base = 0x5000 + round;
        regs()->gs_base = 0xffff800000000000ULL + round;
        out[18] = 0;
        WANT(OK, thread(THREAD_SET_REGS, w->thread, 0, 0));
        WANT(OK, thread(THREAD_RESUME, w->thread, 0, 0));
        await_value(&out[18], 1);
        for (unsigned i = 0; i < REG_COUNT; i++)
            if (i != REG_RSP)
                SAME((uint64_t)(i + 1) << (round * 16), out[i]);
        SAME(0x5000 + round, out[16]);
        SAME(0xffff800000000000ULL + round, out[17]);
        WANT(OK, thread(THREAD_STOP, w->thread, 0, 0));
        WANT(OK, thread(THREAD_GET_REGS, w->thread, 0, 0));
        SAME((uint64_t)store_all_end, regs()->rip);
        CHECK(regs()->rflags & 0x200); /* interrupts cannot be off */
        WANT(OK, drop(w->thread));
    }
}

static void registers_of_running(void)
{
    struct worker *w = spawn(0, LOW_PRIORITY, spin_for_ever, NULL);
    REFUSED(thread(THREAD_SET_REGS, w->thread, 0, 0));
    REFUSED(thread(THREAD_GET_REGS, w->thread, 0, 0));
    REFUSED(thread(THREAD_SET_REGS, 0, 0, 0));
    pause_ms(2);
    SAME(THREAD_READY, thread_info(w->thread).state);
}

/* Values that the hardware or the kernel must not be given: refused, or made harmless. */
static void registers_bad(void)
{
    static const struct {
        uint64_t rip, rflags, fs, gs;
    } rows[] = {{0x0000800000000000ULL, 0x202, 0, 0},
                {0x8000000000000000ULL, 0x202, 0, 0},
                {0xffff7fffffffffffULL, 0x202, 0, 0},
                {0xffffffff80000000ULL, 0x202, 0, 0},
                {USER_MAX, 0x202, 0, 0},
                {0x0000700000000000ULL, 0x3202, 0, 0},     /* IOPL 3 */
                {0x0000700000000000ULL, 0x20202, 0, 0},    /* VM */
                {0x0000700000000000ULL, 0x4202, 0, 0},     /* NT */
                {0x0000700000000000ULL, 0x180202, 0, 0},   /* VIF, VIP */
                {0x0000700000000000ULL, 0x2, 0, 0},        /* IF clear */
                {0x0000700000000000ULL, UINT64_MAX, 0, 0}, /* everything */
                {0x0000700000000000ULL, 0, 0, 0},
                {0x0000700000000000ULL, 0x202, 0x0000800000000000ULL, 0},
                {0x0000700000000000ULL, 0x202, 0x8000000000000000ULL, 0},
                {0x0000700000000000ULL, 0x202, 0, 0x0000800000000000ULL},
                {0x0000700000000000ULL, 0x202, 0, 0x7fffffffffffffffULL},
                {0x0000700000000000ULL, 0x202, UINT64_MAX, UINT64_MAX}};
    handle_t faults_to = new_endpoint(), r = new_reply();
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct worker *w = new_worker(0, LOW_PRIORITY);
        WANT(OK, sys_thread(THREAD_SET_FAULT, w->thread, faults_to, 0, 0, 0, 0, 0));
        memset(regs(), 0, sizeof *regs());
        regs()->gpr[REG_RSP] = (uint64_t)w->stack_top;
        regs()->rip = rows[i].rip;
        regs()->rflags = rows[i].rflags;
        regs()->fs_base = rows[i].fs;
        regs()->gs_base = rows[i].gs;
        int status = thread(THREAD_SET_REGS, w->thread, 0, 0);
        if (status == OK) {
            WANT(OK, thread(THREAD_RESUME, w->thread, 0, 0));
            struct fault f = take_fault(faults_to, r);
            SAME(0, f.word[FAULT_FLAGS] & 0x1a3000); /* VIP VIF VM IOPL */
            CHECK(f.word[FAULT_FLAGS] & 0x200);
            CHECK(f.word[FAULT_VECTOR] == FAULT_PAGE || f.word[FAULT_VECTOR] == FAULT_PROTECTION ||
                  f.word[FAULT_VECTOR] == FAULT_DEBUG || f.word[FAULT_VECTOR] == FAULT_ALIGNMENT);
        } else {
            CHECK(status == BAD_ARG || status == BAD_ADDRESS);
        }
        WANT(OK, drop(w->thread));
        if (status == OK) {
            struct message m = {{FAULT_REPLY_STOP, 0, 0, 0, 0, 0}, 0, 0, 0, 0};
            WANT(GONE, sys_reply(r, 1, &m));
        }
    }
}

static void priority_limits(void)
{
    struct worker *w = new_worker(0, LOW_PRIORITY);
    static const uint64_t bad[] = {PRIORITY_MAX + 1, 64,         255,       256,
                                   1ULL << 32,       1ULL << 63, UINT64_MAX};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        REFUSED(thread(THREAD_PRIORITY, w->thread, bad[i], 0));
        REFUSED(sys_create(OBJ_THREAD, CASE_QUOTA, 0, slot(), new_window(1), bad[i], 0, 0));
        REFUSED(sys_create(OBJ_TASK, new_quota(8), 0, slot(), bad[i], 0, 0, 0));
    }
    SAME(LOW_PRIORITY, thread_info(w->thread).priority);
    for (unsigned p = 0; p <= PRIORITY_MAX; p += 31) {
        WANT(OK, thread(THREAD_PRIORITY, w->thread, p, 0));
        SAME(p, thread_info(w->thread).priority);
    }
}

static volatile int try_status[6];

static void try_priorities(void *arg)
{
    (void)arg;
    /* Handles in the child: 5 own task, 6 quota, 7 own thread. */
    try_status[0] = sys_thread(THREAD_PRIORITY, 0, 0, 16, 0, 0, 0, 0);
    try_status[1] = sys_create(OBJ_THREAD, 6, 5, 20, 0x600000000000ULL, 16, 0, 0);
    try_status[2] = sys_create(OBJ_TASK, 6, 0, 21, 16, 0, 0, 0);
    try_status[3] = sys_thread(THREAD_PRIORITY, 0, 0, 15, 0, 0, 0, 0);
    try_status[4] = sys_create(OBJ_THREAD, 6, 5, 22, 0x600000000000ULL, 15, 0, 0);
    try_status[5] = sys_thread(THREAD_PRIORITY, 7, 0, 31, 0, 0, 0, 0);
}

/* A task cannot get above its ceiling, however it tries. */
static void ceiling(void)
{
    handle_t task = new_task_of(new_quota(CHILD_PAGES), 15);
    WANT(OK, share_image(task));
    REFUSED(sys_create(OBJ_THREAD, CASE_QUOTA, task, slot(), new_window(1), 16, 0, 0));
    WANT(OK, sys_cap(CAP_MINT, 0, task, task, 5, RIGHTS_ALL, 0)); /* dies with ours */
    give(task, new_quota(64), 6);
    struct worker *w = new_worker(task, LOW_PRIORITY);
    give(task, w->thread, 7);
    start(w, try_priorities, NULL);
    await_done(w);
    CHECK(try_status[0] != OK);
    CHECK(try_status[1] != OK);
    CHECK(try_status[2] != OK);
    SAME(OK, try_status[3]);
    SAME(OK, try_status[4]);
    CHECK(try_status[5] != OK);
    SAME(15, thread_info(w->thread).priority);
}

static void budget_arguments(void)
{
    struct worker *w = new_worker(0, LOW_PRIORITY);
    REFUSED(sys_thread(THREAD_PRIORITY, w->thread, 0, LOW_PRIORITY, 1000000, 0, 0, 0));
    REFUSED(sys_thread(THREAD_PRIORITY, w->thread, 0, LOW_PRIORITY, 2000000, 1000000, 0, 0));
    WANT(OK, sys_thread(THREAD_PRIORITY, w->thread, 0, LOW_PRIORITY, 1000000, 10000000, 0, 0));
    struct info_thread info = thread_info(w->thread);
    CHECK(info.budget > 990000 && info.budget < 1010000);
    CHECK(info.period > 9900000 && info.period < 10100000);
    /* The largest values do not overflow into something small. */
    int status =
        sys_thread(THREAD_PRIORITY, w->thread, 0, LOW_PRIORITY, UINT64_MAX, UINT64_MAX, 0, 0);
    if (status == OK)
        start(w, spin_for_ever, NULL);
    pause_ms(3);
    WANT(OK, thread(THREAD_PRIORITY, w->thread, LOW_PRIORITY, 0));
}

static void in_other_task(void)
{
    handle_t task = new_task();
    struct worker *w = spawn(task, LOW_PRIORITY, nothing, NULL);
    await_done(w);
    WANT(OK, sys_info(INFO_TASK, task, 0));
    WANT(OK, drop(task));
    SAME(THREAD_DEAD, thread_info(w->thread).state);
    REFUSED(thread(THREAD_RESUME, w->thread, 0, 0));
    REFUSED(thread(THREAD_START, w->thread, IMAGE_VA, IMAGE_VA));
    REFUSED(thread(THREAD_SET_REGS, w->thread, 0, 0));
    thread(THREAD_POKE, w->thread, 0, 0);
    thread(THREAD_PRIORITY, w->thread, 3, 0);
    sys_thread(THREAD_SET_FAULT, w->thread, new_endpoint(), 0, 0, 0, 0, 0);
    sys_thread(THREAD_BIND, w->thread, new_notification(), 1, 0, 0, 0, 0);
    thread(THREAD_STOP, w->thread, 0, 0);
    SAME(THREAD_DEAD, thread_info(w->thread).state);
}

static void many_threads(void)
{
    handle_t task = new_task_of(new_quota(200), PRIORITY_MAX), t[100];
    uint64_t page = new_window(100);
    for (unsigned i = 0; i < 100; i++) {
        t[i] = slot();
        WANT(OK,
             sys_create(OBJ_THREAD, CASE_QUOTA, task, t[i], page + i * PAGE_SIZE, i % 32, 0, 0));
    }
    WANT(OK, sys_info(INFO_TASK, task, 0));
    SAME(100, ((struct info_task *)(void *)ipc()->msg)->threads);
    for (unsigned i = 0; i < 100; i += 2)
        WANT(OK, drop(t[i]));
    WANT(OK, sys_info(INFO_TASK, task, 0));
    SAME(50, ((struct info_task *)(void *)ipc()->msg)->threads);
    WANT(OK, drop(task));
}

const struct test_case thread_cases[] = {{"thread_start_and_end", start_and_end, 0},
                                         {"thread_start_running", start_running, 0},
                                         {"thread_exit_for_good", exit_for_good, 0},
                                         {"thread_start_bad_address", start_bad_address, 0},
                                         {"thread_argument_arrives", argument_arrives, 0},
                                         {"thread_stop_and_resume", stop_and_resume, 0},
                                         {"thread_stop_oneself", stop_oneself, 0},
                                         {"thread_resume_running", resume_running, 0},
                                         {"thread_resume_waiting", resume_waiting, 0},
                                         {"thread_registers_round_trip", registers_round_trip, 0},
                                         {"thread_registers_run_with", registers_run_with, 0},
                                         {"thread_registers_of_running", registers_of_running, 0},
                                         {"thread_registers_bad", registers_bad, 0},
                                         {"thread_priority_limits", priority_limits, 0},
                                         {"thread_ceiling", ceiling, 0},
                                         {"thread_budget_arguments", budget_arguments, 0},
                                         {"thread_of_dead_task", in_other_task, 0},
                                         {"thread_many", many_threads, 0},
                                         {NULL, NULL, 0}};
