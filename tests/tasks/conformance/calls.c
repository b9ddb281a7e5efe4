/*
 * Call numbers, sub-operations, flags and lengths that do not exist.
 */
#include "suite.h"

static int plain(unsigned nr, unsigned sub, handle_t a, handle_t b)
{
    return sys_simple(call_word(nr, sub, a, b), 0, 0, 0, 0, 0);
}

static void bad_numbers(void)
{
    for (unsigned nr = CALL_COUNT; nr < 256; nr++)
        WANT(BAD_CALL, plain(nr, 0, 0, 0));
    for (unsigned nr = CALL_COUNT; nr < 256; nr++)
        WANT(BAD_CALL, plain(nr, 0xff, 0xffffff, 0xffffff));
}

static void bad_cap_operations(void)
{
    for (unsigned op = CAP_MOVE + 1; op < 256; op++)
        WANT(BAD_CALL, plain(CALL_CAP, op, 0, 0));
}

static void bad_thread_operations(void)
{
    for (unsigned op = THREAD_EXIT + 1; op < 256; op++)
        WANT(BAD_CALL, plain(CALL_THREAD, op, 0, 0));
}

static void bad_irq_operations(void)
{
    handle_t irq = slot();
    WANT(OK, sys_create(OBJ_IRQ, CASE_QUOTA, ROOT_IRQ_CONTROL, irq, 5, IRQ_ISA, 0, 0));
    for (unsigned op = IRQ_ACK + 1; op < 256; op++)
        WANT(BAD_CALL, plain(CALL_IRQ, op, irq, 0));
}

static void bad_info(void)
{
    for (unsigned what = INFO_MEASURE + 1; what < 256; what++)
        WANT(BAD_CALL, plain(CALL_INFO, what, 0, 0));
}

static void bad_create_types(void)
{
    static const unsigned types[] = {OBJ_NONE, OBJ_IRQ_CONTROL, OBJ_TYPE_COUNT, 100, 255};
    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++)
        WANT_EITHER(BAD_CALL, BAD_ARG,
                    sys_create(types[i], CASE_QUOTA, ROOT_IRQ_CONTROL, slot(), 0, 0, 0, 0));
}

static void bad_flags(void)
{
    handle_t e = new_endpoint(), r = new_reply(), n = new_notification();
    for (unsigned bit = 1; bit < 8; bit++)
        WANT_EITHER(BAD_CALL, BAD_ARG, plain(CALL_RECV, RECV_POLL | 1u << bit, e, r));
    for (unsigned bit = 3; bit < 8; bit++)
        WANT_EITHER(BAD_CALL, BAD_ARG, plain(CALL_WAIT, WAIT_POLL | 1u << bit, n, 0));
}

static void bad_lengths(void)
{
    handle_t e = new_endpoint(), r = new_reply();
    for (unsigned words = MSG_MAX_WORDS + 1; words < 256; words++) {
        WANT(BAD_ARG, plain(CALL_CALL, words, e, 0));
        WANT(BAD_ARG, plain(CALL_REPLY, words, r, 0));
        WANT(BAD_ARG, plain(CALL_REPLY_RECV, words, e, r));
    }
}

/* A call must give back every register it does not use for results. */
static void keeps_registers(void)
{
    uint64_t in[7] = {0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666, 0x7777}, out[7];
    handle_t n = new_notification();
    for (unsigned nr = 0; nr < 20; nr++) {
        uint64_t word = nr < CALL_COUNT ? call_word(CALL_SIGNAL, 0, n, 0) : call_word(nr, 0, 0, 0);
        __asm__ volatile("pushq %%rbp\n\t"
                         "pushq %%rbx\n\t"
                         "pushq %[out]\n\t"
                         "movq 0(%[in]), %%rbx\n\t"
                         "movq 8(%[in]), %%rbp\n\t"
                         "movq 16(%[in]), %%r12\n\t"
                         "movq 24(%[in]), %%r13\n\t"
                         "movq 32(%[in]), %%r14\n\t"
                         "movq 40(%[in]), %%r15\n\t"
                         "syscall\n\t"
                         "popq %%rcx\n\t"
                         "movq %%rbp, 8(%%rcx)\n\t"
                         "movq %%r12, 16(%%rcx)\n\t"
                         "movq %%r13, 24(%%rcx)\n\t"
                         "movq %%r14, 32(%%rcx)\n\t"
                         "movq %%r15, 40(%%rcx)\n\t"
                         "popq %%rbx\n\t"
                         "popq %%rbp"
                         : "+a"(word)
                         : [in] "S"(in), [out] "d"(out), "D"(1UL)
                         : "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory",
                           "cc");
        for (unsigned i = 1; i < 6; i++)
            SAME(in[i], out[i]);
    }
}

const struct test_case call_cases[] = {{"call_bad_numbers", bad_numbers, 0},
                                       {"call_bad_cap_operations", bad_cap_operations, 0},
                                       {"call_bad_thread_operations", bad_thread_operations, 0},
                                       {"call_bad_irq_operations", bad_irq_operations, 0},
                                       {"call_bad_info", bad_info, 0},
                                       {"call_bad_create_types", bad_create_types, 0},
                                       {"call_bad_flags", bad_flags, 0},
                                       {"call_bad_lengths", bad_lengths, 0},
                                       {"call_keeps_registers", keeps_registers, 0},
                                       {NULL, NULL, 0}};
