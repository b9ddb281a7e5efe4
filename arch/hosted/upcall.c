/*
 * Upcalls: faults and pokes inside a thread's guest range, and the way back.
 *
 *   fault or poke → the host's signal frame on the thread's alternate stack → registers copied to
 *   the upcall page → handler on its own stack → vm_upcall_return: mappings, registers copied back
 *   into the frame, GS base → rt_sigreturn from the frame.
 *
 * One signal and the mappings: no other system call. The frame holds the interrupted vector and x87
 * state and restores it whatever the handler does; while the handler runs, the host has put that
 * state to its initial values. FS base is the C library's; it is shown in the page and not loaded.
 *
 * The handlers of faults block all other signals (by their mask, which costs nothing) except the
 * one that ends the thread: a second frame would be put at the top of the alternate stack, over the
 * first, while the handler runs elsewhere.
 *
 * A poke is the word page->pending; its signal only says "look at it". So it is delivered once
 * whoever sees it first: the signal in the guest range, the code that enters the range, a wait, or
 * the end of an upcall.
 */
#include "hosted.h"
#include "settings.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <x86gprintrin.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#define HWCAP2_HAS_FSGSBASE 2u
#define ALT_STACK_EXTRA     65536u
#define FLAGS_AC            0x40000u
#define FLAGS_DF            0x400u
#define FLAGS_TF            0x100u

/* Order of the general registers in the signal frame (Linux, asm/sigcontext.h). */
/* clang-format off */
enum { FRAME_R8, FRAME_R9, FRAME_R10, FRAME_R11, FRAME_R12, FRAME_R13, FRAME_R14, FRAME_R15,
       FRAME_RDI, FRAME_RSI, FRAME_RBP, FRAME_RBX, FRAME_RDX, FRAME_RAX, FRAME_RCX, FRAME_RSP,
       FRAME_RIP, FRAME_FLAGS, FRAME_SEGMENTS, FRAME_ERROR, FRAME_VECTOR, FRAME_MASK,
       FRAME_ADDRESS };
/* clang-format on */
static const uint8_t frame_index[REG_COUNT] = {
    FRAME_RAX, FRAME_RCX, FRAME_RDX, FRAME_RBX, FRAME_RSP, FRAME_RBP, FRAME_RSI, FRAME_RDI,
    FRAME_R8,  FRAME_R9,  FRAME_R10, FRAME_R11, FRAME_R12, FRAME_R13, FRAME_R14, FRAME_R15};

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
#define FAULT_SIGNALS (sizeof fault_signals / sizeof fault_signals[0])
static struct sigaction before_us[FAULT_SIGNALS];

void (*hosted_before_death)(void);

void __asan_unpoison_memory_region(void const volatile *at, size_t bytes) __attribute__((weak));
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allow_user_segv_handler=1:use_sigaltstack=0";
}

bool hosted_sanitized(void)
{
    return __asan_unpoison_memory_region != NULL;
}

void hosted_forget_frames(void *at, size_t bytes)
{
    if (__asan_unpoison_memory_region != NULL)
        __asan_unpoison_memory_region(at, bytes);
}

/* ---- entering ---- */

static bool in_range(const struct hosted_thread *t, uint64_t ip)
{
    return t->handler != NULL && ip >= t->lo && ip < t->hi;
}

static void enter(struct hosted_thread *t, uint64_t vector, uint64_t error, uint64_t address)
{
    struct upcall_page *page = t->page;
    page->vector = vector;
    page->error = error;
    page->address = address;
    page->active = 1;
    hosted_enter_handler(t->handler, page, t->upcall_stack + t->upcall_bytes);
}

static void save(struct hosted_thread *t, ucontext_t *context)
{
    const greg_t *frame = context->uc_mcontext.gregs;
    struct thread_regs *regs = &t->page->regs;
    for (unsigned i = 0; i < REG_COUNT; i++)
        regs->gpr[i] = (uint64_t)frame[frame_index[i]];
    regs->rip = (uint64_t)frame[FRAME_RIP];
    regs->rflags = (uint64_t)frame[FRAME_FLAGS];
    regs->fs_base = __builtin_ia32_rdfsbase64();
    regs->gs_base = __builtin_ia32_rdgsbase64();
    t->context = context;
}

static void load(struct hosted_thread *t)
{
    ucontext_t *context = t->context;
    greg_t *frame = context->uc_mcontext.gregs;
    const struct thread_regs *regs = &t->page->regs;
    for (unsigned i = 0; i < REG_COUNT; i++)
        frame[frame_index[i]] = (greg_t)regs->gpr[i];
    frame[FRAME_RIP] = (greg_t)regs->rip;
    frame[FRAME_FLAGS] = (greg_t)regs->rflags; /* the host takes what a program may set */
    uint64_t gs_base = regs->gs_base;
    bool canonical = (int64_t)(gs_base << 16) >> 16 == (int64_t)gs_base;
    __builtin_ia32_wrgsbase64(canonical ? gs_base : 0);
}

/* A handler inherits AC from what it interrupts, and C code would fault on its first unaligned
 * access (DF and TF are cleared by the host). */
static inline void clear_alignment_check(void)
{
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~(unsigned long long)FLAGS_AC);
}

/* ---- faults ---- */

/* Not ours: hand it to whoever was there before (a sanitizer), or die of it. */
static void not_ours(int signal, const siginfo_t *info)
{
    if (hosted_before_death != NULL)
        hosted_before_death();
    for (unsigned i = 0; i < FAULT_SIGNALS; i++)
        if (fault_signals[i] == signal)
            sigaction(signal, &before_us[i], NULL);
    if (info->si_code <= 0 || signal == SIGTRAP)
        raise(signal); /* a fault comes again by itself */
}

static void on_fault(int signal, siginfo_t *info, void *frame)
{
    clear_alignment_check();
    ucontext_t *context = frame;
    const greg_t *regs = context->uc_mcontext.gregs;
    struct hosted_thread *t = hosted_self_known();
    if (t == NULL || info->si_code <= 0 || t->page->active ||
        !in_range(t, (uint64_t)regs[FRAME_RIP])) {
        not_ours(signal, info);
        return;
    }
    save(t, context);
    uint64_t vector = (uint64_t)regs[FRAME_VECTOR];
    enter(t, vector, (uint64_t)regs[FRAME_ERROR],
          vector == FAULT_PAGE ? (uint64_t)regs[FRAME_ADDRESS] : 0);
}

/* ---- pokes, and the end of a thread ---- */

static void on_poke(int signal, siginfo_t *info, void *frame)
{
    (void)signal;
    (void)info;
    clear_alignment_check();
    ucontext_t *context = frame;
    struct hosted_thread *t = hosted_self_known();
    if (t == NULL)
        return;
    struct hosted_notification *n = __atomic_load_n(&t->bound, __ATOMIC_ACQUIRE);
    if (n != NULL && t->waits_for != n && hosted_expire(n))
        __atomic_store_n(&t->page->pending, 1, __ATOMIC_SEQ_CST);
    if (t->waits_for != NULL)
        __atomic_add_fetch(&t->wake, 1, __ATOMIC_SEQ_CST);
    if (t->page->active || !in_range(t, (uint64_t)context->uc_mcontext.gregs[FRAME_RIP]) ||
        __atomic_exchange_n(&t->page->pending, 0, __ATOMIC_SEQ_CST) == 0)
        return;
    save(t, context);
    enter(t, UPCALL_POKE, 0, 0);
}

static void on_end(int signal, siginfo_t *info, void *frame)
{
    (void)signal;
    (void)info;
    clear_alignment_check();
    ucontext_t *context = frame;
    struct hosted_thread *t = hosted_self_known();
    if (t == NULL || t->holds != 0 || !t->dying || t->base_stack == 0)
        return;
    t->holds++;
    greg_t *regs = context->uc_mcontext.gregs;
    regs[FRAME_RIP] = (greg_t)hosted_leave_stack;
    regs[FRAME_RDI] = regs[FRAME_RSP] = (greg_t)t->base_stack;
    regs[FRAME_FLAGS] &= ~(greg_t)(FLAGS_DF | FLAGS_TF | FLAGS_AC);
}

/* ---- returning ---- */

int vm_upcall_return(unsigned count, unsigned *done)
{
    struct hosted_thread *t = hosted_self_known();
    *done = 0;
    if (t == NULL || t->handler == NULL || !t->page->active)
        return BAD_ARG;
    int status = vm_map(t->page->vector_ops, count, done);
    if (status != OK)
        return status;
    struct upcall_page *page = t->page;
    hosted_forget_frames((void *)t->upcall_stack, t->upcall_bytes);
    hosted_forget_frames(t->alt_stack, t->alt_bytes);
    /* A poke that came meanwhile. One that comes from here on has a signal waiting for the return. */
    if (page->pending && in_range(t, page->regs.rip) &&
        __atomic_exchange_n(&page->pending, 0, __ATOMIC_SEQ_CST) != 0)
        enter(t, UPCALL_POKE, 0, 0);
    load(t);
    page->active = 0;
    hosted_signal_return(t->context);
    return OK; /* not reached */
}

/* ---- registration ---- */

static bool alt_stack_make(struct hosted_thread *t)
{
    if (t->alt_stack != NULL)
        return true;
    size_t least = getauxval(AT_MINSIGSTKSZ);
    if (least < MINSIGSTKSZ)
        least = MINSIGSTKSZ;
    size_t bytes = (least + ALT_STACK_EXTRA + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
    uint8_t *at = mmap(NULL, bytes + PAGE_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (at == MAP_FAILED)
        return false;
    mprotect(at, PAGE_SIZE, PROT_NONE); /* an overrun is a fault, not somebody's memory */
    stack_t stack = {.ss_sp = at + PAGE_SIZE, .ss_size = bytes};
    if (sigaltstack(&stack, NULL) != 0) {
        munmap(at, bytes + PAGE_SIZE);
        return false;
    }
    t->alt_stack = at + PAGE_SIZE;
    t->alt_bytes = bytes;
    return true;
}

void hosted_alt_stack_free(struct hosted_thread *t)
{
    if (t->alt_stack == NULL)
        return;
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    hosted_forget_frames(t->alt_stack, t->alt_bytes);
    munmap((uint8_t *)t->alt_stack - PAGE_SIZE, t->alt_bytes + PAGE_SIZE);
    t->alt_stack = NULL;
}

int vm_upcall_register(vm_handler *handler, uint64_t lo, uint64_t hi, void *stack, size_t bytes,
                       struct upcall_page **page)
{
    struct hosted_thread *t = hosted_self();
    if (t == NULL)
        return QUOTA;
    if (handler == NULL || lo >= hi || hi > USER_MAX || stack == NULL || bytes < PAGE_SIZE)
        return BAD_ARG;
    if (t->handler != NULL)
        return OCCUPIED;
    if (!alt_stack_make(t))
        return QUOTA;
    t->lo = lo;
    t->hi = hi;
    t->upcall_stack = (uint64_t)stack;
    t->upcall_bytes = bytes;
    t->handler = handler;
    *page = t->page;
    return OK;
}

int vm_upcall_unregister(void)
{
    struct hosted_thread *t = hosted_self();
    if (t == NULL || t->handler == NULL)
        return BAD_ARG;
    if (t->page->active)
        return BUSY;
    t->handler = NULL;
    return OK;
}

/* ---- start ---- */

static void handle(int signal, void (*handler)(int, siginfo_t *, void *), int flags,
                   bool block_others, struct sigaction *old)
{
    struct sigaction action = {.sa_sigaction = handler,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | flags};
    if (block_others) {
        sigfillset(&action.sa_mask);
        for (unsigned i = 0; i < FAULT_SIGNALS; i++)
            sigdelset(&action.sa_mask, fault_signals[i]);
        sigdelset(&action.sa_mask, HOSTED_SIGNAL_END);
        sigdelset(&action.sa_mask, SIGABRT);
    }
    if (sigaction(signal, &action, old) != 0)
        abort();
}

/* What is mapped again and again from memory files is no use in a core file. */
static void spare_core_files(void)
{
    FILE *f = fopen("/proc/self/coredump_filter", "w");
    if (f == NULL)
        return;
    fputs("0x31", f); /* as usual, without shared anonymous memory (core(5)) */
    fclose(f);
}

static void start(void)
{
    if ((getauxval(AT_HWCAP2) & HWCAP2_HAS_FSGSBASE) == 0) {
        fputs("tetrapla: this computer or its Linux lacks FSGSBASE (Linux 5.9 or later on a "
              "processor with it is needed)\n",
              stderr);
        _exit(2);
    }
    for (unsigned i = 0; i < FAULT_SIGNALS; i++)
        handle(fault_signals[i], on_fault, SA_NODEFER, true, &before_us[i]);
    handle(HOSTED_SIGNAL_POKE, on_poke, SA_RESTART, true, NULL);
    handle(HOSTED_SIGNAL_END, on_end, 0, false, NULL);
    spare_core_files();
}

void hosted_signals_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start);
}
