/*
 * CALL_INFO and the time page.
 */
#include "suite.h"

static void system_counts(void)
{
    struct info_system a = system_info();
    CHECK(a.cpus_present >= 1 && a.cpus_used >= 1 && a.cpus_used <= a.cpus_present);
    CHECK(a.pool_free > 0 && a.pool_free <= a.pool_pages);
    CHECK(a.objects[OBJ_TASK] >= 1 && a.objects[OBJ_THREAD] >= 2);
    CHECK(a.capabilities >= 6 && a.mapped_tables >= 4);
    handle_t e = new_endpoint(), n = new_notification();
    struct info_system b = system_info();
    SAME(a.objects[OBJ_ENDPOINT] + 1, b.objects[OBJ_ENDPOINT]);
    SAME(a.objects[OBJ_NOTIFICATION] + 1, b.objects[OBJ_NOTIFICATION]);
    SAME(a.capabilities + 2, b.capabilities);
    CHECK(b.kernel_entries > a.kernel_entries);
    CHECK(b.uptime_ns >= a.uptime_ns);
    CHECK(b.pool_free <= a.pool_free);
    WANT(OK, drop(e));
    WANT(OK, drop(n));
    pause_ms(2);
    struct info_system c = system_info();
    CHECK(c.context_switches > b.context_switches && c.interrupts >= b.interrupts);
    CHECK(c.uptime_ns > b.uptime_ns);
}

static void capability(void)
{
    handle_t e = new_endpoint(), m = mint(e, RIGHT_SEND, 0xabc);
    struct info_cap info = cap_info(0, m);
    SAME(OBJ_ENDPOINT, info.type);
    SAME(RIGHT_SEND, info.rights);
    SAME(0xabc, info.badge);
    SAME(OBJ_NONE, cap_info(0, slot()).type);
    SAME(OBJ_TASK, cap_info(0, ROOT_TASK).type);
    SAME(OBJ_THREAD, cap_info(0, ROOT_THREAD).type);
    SAME(OBJ_QUOTA, cap_info(0, ROOT_QUOTA).type);
    SAME(OBJ_IRQ_CONTROL, cap_info(0, ROOT_IRQ_CONTROL).type);
    SAME(OBJ_PORTS, cap_info(0, ROOT_PORTS).type);
    SAME(OBJ_REGION, cap_info(0, ROOT_IMAGE).type);
    static const uint64_t bad[] = {0, HANDLE_MAX + 1, 1ULL << 32, 1ULL << 63, UINT64_MAX};
    for (unsigned i = 0; i < 5; i++) {
        int status = sys_info(INFO_CAP, 0, bad[i]);
        if (status == OK)
            SAME(OBJ_NONE, ipc()->msg[0]);
        else
            CHECK(status == BAD_ARG || status == BAD_HANDLE);
    }
}

static void task(void)
{
    handle_t t = new_task_of(new_quota(32), 7);
    WANT(OK, sys_info(INFO_TASK, t, 0));
    struct info_task *info = (struct info_task *)(void *)ipc()->msg;
    SAME(7, info->ceiling);
    SAME(0, info->threads);
    SAME(0, info->capabilities);
    SAME(0, info->attachments);
    SAME(0, info->cpu_ns);
    give(t, new_endpoint(), 3);
    uint64_t va = new_window(1);
    WANT(OK, map_pages(t, new_region(1), va, 0, 1, RW));
    handle_t thread = slot();
    WANT(OK, sys_create(OBJ_THREAD, CASE_QUOTA, t, thread, va + PAGE_SIZE, 3, 0, 0));
    WANT(OK, sys_info(INFO_TASK, t, 0));
    SAME(1, info->threads);
    SAME(1, info->capabilities);
    SAME(1, info->attachments);
    CHECK(info->tables >= 4);
    WANT(OK, sys_info(INFO_TASK, 0, 0));
    CHECK(info->threads >= 2 && info->capabilities > 6);
}

static void thread(void)
{
    struct worker *w = spawn(0, LOW_PRIORITY, spin_for_ever, NULL);
    pause_ms(20);
    struct info_thread info = thread_info(w->thread);
    SAME(THREAD_READY, info.state);
    SAME(LOW_PRIORITY, info.priority);
    SAME(0, info.budget);
    CHECK(info.cpu_ns > 1000000 && info.cpu_ns < 2000000000);
    int status = sys_info(INFO_THREAD, 0, 0);
    if (status == OK) {
        SAME(THREAD_RUNNING, ipc()->msg[0]);
        SAME(CASE_PRIORITY, ipc()->msg[1]);
    }
    SAME(THREAD_RUNNING, thread_info(CASE_THREAD).state);
}

static void quota(void)
{
    handle_t q = new_quota(17);
    SAME(17, quota_info(q).pages);
    SAME(0, quota_info(q).used);
    handle_t e = slot();
    WANT(OK, sys_create(OBJ_ENDPOINT, q, 0, e, 0, 0, 0, 0));
    SAME(1, quota_info(q).used);
    WANT(OK, drop(e));
    SAME(0, quota_info(q).used);
}

static void page(void)
{
    uint64_t va = new_window(2);
    SAME(0, page_info(0, va).mapped);
    WANT(OK, map_pages(0, new_region(1), va, 0, 1, RX));
    struct info_page_map info = page_info(0, va);
    SAME(1, info.mapped);
    SAME(RX, info.rights);
    SAME(PAGE_SIZE, info.page_size);
    SAME(1, page_info(0, va + 4095).mapped); /* any address in the page */
    SAME(0, page_info(0, va + 4096).mapped);
    static const uint64_t outside[] = {USER_MAX, 0x0000800000000000ULL, 0xffff800000000000ULL,
                                       0xffffffff80000000ULL, UINT64_MAX};
    for (unsigned i = 0; i < 5; i++) {
        int status = sys_info(INFO_PAGE, 0, outside[i]);
        if (status == OK) /* nothing about the kernel's own memory */
            SAME(0, ipc()->msg[0]);
        else
            CHECK(status == BAD_ADDRESS || status == BAD_ARG);
    }
}

static void measure(void)
{
    REFUSED(sys_info(INFO_MEASURE, ROOT_IRQ_CONTROL, 2));
    WANT(OK, sys_info(INFO_MEASURE, ROOT_IRQ_CONTROL, 1));
    handle_t n = new_notification();
    for (unsigned i = 0; i < 100; i++)
        WANT(OK, sys_signal(n, 1));
    WANT(OK, sys_info(INFO_MEASURE, ROOT_IRQ_CONTROL, 0));
    struct info_measure m;
    memcpy(&m, ipc()->msg, sizeof m);
    CHECK(m.samples >= 100);
    CHECK(m.longest_ticks > 0);
    WANT(OK, sys_info(INFO_MEASURE, ROOT_IRQ_CONTROL, 0));
}

/* An answer writes the answer's words and no others. */
static void answer_only(void)
{
    struct ipc_page *p = ipc();
    memset(p, 0x3c, sizeof *p);
    WANT(OK, sys_info(INFO_QUOTA, CASE_QUOTA, 0));
    for (unsigned i = sizeof(struct info_quota) / 8; i < MSG_MAX_WORDS; i++)
        SAME(0x3c3c3c3c3c3c3c3cULL, p->msg[i]);
    memset(p, 0x3c, sizeof *p);
    REFUSED(sys_info(INFO_QUOTA, slot(), 0));
    for (unsigned i = 0; i < MSG_MAX_WORDS; i++)
        SAME(0x3c3c3c3c3c3c3c3cULL, p->msg[i]);
}

static uint64_t now_by_page(const struct info_page *p)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    uint64_t ticks = ((uint64_t)high << 32 | low) - p->tick_base;
    return (uint64_t)(((unsigned __int128)ticks * p->mult) >> p->shift);
}

static void time_page(void)
{
    const struct info_page *p = (const struct info_page *)INFO_PAGE_VA;
    SAME(INFO_PAGE_MAGIC, p->magic);
    CHECK(p->ticks_per_second > 1000000 && p->ticks_per_second < 100000000000ULL);
    CHECK(p->shift < 64 && p->mult != 0);
    SAME(system_info().features, p->features);
    /* One second of ticks is one second of time, within a thousandth. */
    uint64_t second = (uint64_t)(((unsigned __int128)p->ticks_per_second * p->mult) >> p->shift);
    CHECK(second > 999000000 && second < 1001000000);
    uint64_t last = 0;
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t now = now_by_page(p);
        CHECK(now >= last);
        last = now;
    }
    uint64_t up = system_info().uptime_ns, now = now_by_page(p);
    CHECK(now >= up && now - up < 1000000000);
    CHECK(now - time_now() + 1000000000 < 2000000000);
}

/* The page's time against an independent clock: the real-time clock's seconds. */
static void time_against_clock(void)
{
    uint8_t first, second;
    port_out(0x70, 0);
    first = port_in(0x71);
    uint64_t limit = time_now() + 3000000000ULL;
    while ((port_out(0x70, 0), second = port_in(0x71)) == first && time_now() < limit)
        pause_us(200);
    uint64_t begin = time_now();
    if (begin >= limit)
        skip("the real-time clock stands still");
    while ((port_out(0x70, 0), port_in(0x71)) == second && time_now() < begin + 4000000000ULL)
        pause_us(200);
    uint64_t elapsed = time_now() - begin;
    CHECK(elapsed > 500000000 && elapsed < 2000000000);
}

const struct test_case info_cases[] = {{"info_system", system_counts, 0},
                                       {"info_cap", capability, 0},
                                       {"info_task", task, 0},
                                       {"info_thread", thread, 0},
                                       {"info_quota", quota, 0},
                                       {"info_page", page, 0},
                                       {"info_measure", measure, 0},
                                       {"info_answer_only", answer_only, 0},
                                       {"info_time_page", time_page, 0},
                                       {"info_time_against_clock", time_against_clock, 0},
                                       {NULL, NULL, 0}};
