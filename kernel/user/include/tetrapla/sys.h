/*
 * Call stubs: one inline function per kernel call. They do nothing but load registers; docs/
 * kernel-reference.md says what each call means. The trap itself is in arch/<port>/user/trap.h.
 */
#pragma once

#include <tetrapla/abi.h>
#include <tetrapla/trap.h>

/* A message, or the registers of any call: w[0..5] travel in registers, w[6..] through the IPC
 * page (see ipc()). badge is what RBX brings back: badge or signal bits. */
struct message {
    uint64_t w[MSG_REG_WORDS];
    uint64_t badge;
    unsigned words;        /* length received */
    unsigned kind;         /* enum recv_kind */
    unsigned reply_status; /* sys_reply_recv: status of the reply half */
};

/* The calling thread's IPC page. Its address is kept at FS:8 (see task.h: struct thread_block). */
struct ipc_page *ipc(void);

static inline int sys_trap(uint64_t word, struct message *m)
{
    uint64_t r = trap(word, m->w, &m->badge);
    m->words = result_words(r);
    m->kind = result_kind(r);
    m->reply_status = result_reply_status(r);
    return (int)result_status(r);
}

/* Send m (words long; words 6 and up are in ipc()->msg already) and wait: m holds the answer. */
static inline int sys_call(handle_t endpoint, unsigned words, struct message *m)
{
    return sys_trap(call_word(CALL_CALL, words, endpoint, 0), m);
}
static inline int sys_reply(handle_t reply, unsigned words, struct message *m)
{
    return sys_trap(call_word(CALL_REPLY, words, reply, 0), m);
}
static inline int sys_recv(handle_t endpoint, handle_t reply, unsigned flags, struct message *m)
{
    return sys_trap(call_word(CALL_RECV, flags, endpoint, reply), m);
}
static inline int sys_reply_recv(handle_t endpoint, handle_t reply, unsigned words,
                                 struct message *m)
{
    return sys_trap(call_word(CALL_REPLY_RECV, words, endpoint, reply), m);
}

/* Up to six argument words; results are dropped. */
static inline int sys_simple(uint64_t word, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3,
                             uint64_t w4)
{
    struct message m = {.w = {w0, w1, w2, w3, w4, 0}};
    return sys_trap(word, &m);
}

static inline int sys_signal(handle_t notification, uint64_t bits)
{
    return sys_simple(call_word(CALL_SIGNAL, 0, notification, 0), bits, 0, 0, 0, 0);
}
static inline int sys_wait(handle_t notification, unsigned flags, uint64_t deadline, uint64_t *bits)
{
    struct message m = {.w = {deadline}};
    int status = sys_trap(call_word(CALL_WAIT, flags, notification, 0), &m);
    *bits = status == OK ? m.badge : 0;
    return status;
}
static inline int sys_create(unsigned type, handle_t quota, handle_t b, handle_t slot, uint64_t w1,
                             uint64_t w2, uint64_t w3, uint64_t w4)
{
    return sys_simple(call_word(CALL_CREATE, type, quota, b), slot, w1, w2, w3, w4);
}
static inline int sys_cap(unsigned op, handle_t from_task, handle_t slot, handle_t to_task,
                          handle_t to_slot, unsigned rights, uint64_t badge)
{
    return sys_simple(call_word(CALL_CAP, op, from_task, to_task), slot, to_slot, rights, badge, 0);
}
/* The vector is in ipc()->vector. */
static inline int sys_map(handle_t task, unsigned count, unsigned *done)
{
    struct message m = {.w = {count}};
    int status = sys_trap(call_word(CALL_MAP, 0, task, 0), &m);
    *done = (unsigned)m.w[0];
    return status;
}
static inline int sys_thread(unsigned op, handle_t thread, handle_t b, uint64_t w0, uint64_t w1,
                             uint64_t w2, uint64_t w3, uint64_t w4)
{
    return sys_simple(call_word(CALL_THREAD, op, thread, b), w0, w1, w2, w3, w4);
}
static inline int sys_irq(unsigned op, handle_t irq, handle_t notification, uint64_t bits)
{
    return sys_simple(call_word(CALL_IRQ, op, irq, notification), bits, 0, 0, 0, 0);
}
static inline int sys_upcall_return(unsigned count, unsigned *done)
{
    struct message m = {.w = {count}};
    int status = sys_trap(call_word(CALL_UPCALL_RETURN, 0, 0, 0), &m);
    *done = (unsigned)m.w[0];
    return status;
}
/* The answer is in ipc()->msg. */
static inline int sys_info(unsigned what, handle_t a, uint64_t w0)
{
    return sys_simple(call_word(CALL_INFO, what, a, 0), w0, 0, 0, 0, 0);
}
