/*
 * The innocent: a client and a server in a task of their own that send messages to each other, and
 * memory whose contents are checked. Whatever the victim does, no message may be wrong or missing,
 * no byte changed.
 *
 * Runs in a private copy of the image, without thread block: the IPC pages are at fixed addresses.
 */
#include "fuzz.h"

static struct innocent *const report = (struct innocent *)INNOCENT_VA;

static uint64_t mix(uint64_t x)
{
    return (x + 1) * 0x9e3779b97f4a7c15ULL ^ x >> 7;
}

static void wrong(uint64_t what)
{
    report->errors++;
    report->last_error = what;
}

static struct ipc_page *own_page(unsigned i)
{
    return (struct ipc_page *)(INNOCENT_IPC_VA + i * PAGE_SIZE);
}

static uint64_t time_of(const volatile struct info_page *p)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    uint64_t ticks = ((uint64_t)high << 32 | low) - p->tick_base;
    return (uint64_t)(((unsigned __int128)ticks * p->mult) >> p->shift);
}

static void check_memory(uint64_t round)
{
    volatile uint64_t *words = (volatile uint64_t *)INNOCENT_DATA_VA;
    uint64_t count = INNOCENT_PAGES * PAGE_SIZE / 8;
    for (uint64_t i = 0; i < count; i++) {
        if (round > 0 && words[i] != mix(i + round - 1))
            wrong(0x100000000 + i);
        words[i] = mix(i + round);
    }
    report->checks++;
}

void innocent_client(void);
void innocent_client(void)
{
    struct ipc_page *page = own_page(0);
    for (uint64_t round = 0;; round++) {
        for (unsigned k = 0; k < 20; k++) {
            unsigned words = (unsigned)((round + k * 7) % (MSG_MAX_WORDS - 5)) + 6;
            uint64_t w[6], badge = 0;
            for (unsigned i = 0; i < words; i++) {
                uint64_t value = mix(round + k + i);
                if (i < 6)
                    w[i] = value;
                else
                    page->msg[i] = value;
            }
            uint64_t r = trap(call_word(CALL_CALL, words, I_ENDPOINT, 0), w, &badge);
            if (result_status(r) != OK || result_words(r) != words)
                wrong(0x200000000 + r);
            for (unsigned i = 0; i < words; i++)
                if ((i < 6 ? w[i] : page->msg[i]) != ~mix(round + k + i))
                    wrong(0x300000000 + i);
            report->rounds++;
        }
        if (round % 16 == 0)
            check_memory(round / 16);
        uint64_t w[6] = {time_of((const volatile struct info_page *)INFO_PAGE_VA) + 3000000},
                 badge = 0;
        uint64_t r = trap(call_word(CALL_WAIT, WAIT_ARM, I_TIMER, 0), w, &badge);
        if (result_status(r) != OK || badge != SIGNAL_DEADLINE)
            wrong(0x400000000 + r);
    }
}

void innocent_server(void);
void innocent_server(void)
{
    struct ipc_page *page = own_page(1);
    uint64_t w[6] = {0}, badge = 0;
    uint64_t r = trap(call_word(CALL_RECV, 0, I_ENDPOINT, I_REPLY), w, &badge);
    for (;;) {
        unsigned words = result_words(r);
        if (result_status(r) != OK || result_kind(r) != RECV_MESSAGE || badge != 0x77)
            wrong(0x500000000 + r);
        for (unsigned i = 0; i < words; i++) {
            if (i < 6)
                w[i] = ~w[i];
            else
                page->msg[i] = ~page->msg[i];
        }
        r = trap(call_word(CALL_REPLY_RECV, words, I_ENDPOINT, I_REPLY), w, &badge);
        if (result_reply_status(r) != OK)
            wrong(0x600000000 + r);
    }
}

__asm__(".text\n.globl innocent_client_start, innocent_server_start\n"
        "innocent_client_start:\n"
        "    xorl %ebp, %ebp\n"
        "    call innocent_client\n"
        "    ud2\n"
        "innocent_server_start:\n"
        "    xorl %ebp, %ebp\n"
        "    call innocent_server\n"
        "    ud2\n");
