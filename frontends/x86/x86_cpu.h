/*
 * State of an i686-class CPU with SSSE3.
 *
 * EAX ECX EDX EBX ESP EBP ESI EDI are cpu.reg[0..7], numbered as instructions number them. CF, OF
 * and SF ZF AF PF are in cpu.flags (cpu.h); the other EFLAGS bits are `eflags` (DF there and as
 * `step`): x86_eflags and x86_set_eflags convert. cpu.pc is the *linear* address of the instruction:
 * CS.base + EIP. So blocks are found by linear address; what code depends on beyond that, CS.base
 * and CS.limit with it, is in the mode word.
 *
 * Section numbers are those of the Intel 64 and IA-32 Software Developer's Manual ("SDM").
 */
#pragma once

#include <translator/guest.h>

#include "insn.h"

#define X86_SEGS 6

/* ---- EFLAGS (SDM vol. 1, 3.4.3) ---- */
#define EFLAGS_CF         0x00000001u
#define EFLAGS_ONE        0x00000002u /* always set */
#define EFLAGS_PF         0x00000004u
#define EFLAGS_AF         0x00000010u
#define EFLAGS_ZF         0x00000040u
#define EFLAGS_SF         0x00000080u
#define EFLAGS_TF         0x00000100u
#define EFLAGS_IF         0x00000200u
#define EFLAGS_DF         0x00000400u
#define EFLAGS_OF         0x00000800u
#define EFLAGS_IOPL       0x00003000u
#define EFLAGS_NT         0x00004000u
#define EFLAGS_RF         0x00010000u
#define EFLAGS_VM         0x00020000u
#define EFLAGS_AC         0x00040000u
#define EFLAGS_VIF        0x00080000u
#define EFLAGS_VIP        0x00100000u
#define EFLAGS_ID         0x00200000u
#define EFLAGS_ARITHMETIC (EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF | EFLAGS_OF)
#define EFLAGS_ALL                                                                                 \
    (EFLAGS_ARITHMETIC | EFLAGS_TF | EFLAGS_IF | EFLAGS_DF | EFLAGS_IOPL | EFLAGS_NT | EFLAGS_RF | \
     EFLAGS_VM | EFLAGS_AC | EFLAGS_ID)

/* ---- control registers (SDM vol. 3, 2.5) and EFER (4.1.1) ---- */
#define CR0_PE         0x00000001u
#define CR0_MP         0x00000002u
#define CR0_EM         0x00000004u
#define CR0_TS         0x00000008u
#define CR0_ET         0x00000010u
#define CR0_NE         0x00000020u
#define CR0_WP         0x00010000u
#define CR0_AM         0x00040000u
#define CR0_NW         0x20000000u
#define CR0_CD         0x40000000u
#define CR0_PG         0x80000000u
#define CR4_VME        0x0001u
#define CR4_PVI        0x0002u
#define CR4_TSD        0x0004u
#define CR4_DE         0x0008u
#define CR4_PSE        0x0010u
#define CR4_PAE        0x0020u
#define CR4_MCE        0x0040u
#define CR4_PGE        0x0080u
#define CR4_PCE        0x0100u
#define CR4_OSFXSR     0x0200u
#define CR4_OSXMMEXCPT 0x0400u
#define EFER_NXE       0x0800u

/* ---- exceptions (SDM vol. 3, table 6-1) ---- */
/* clang-format off */
enum x86_vector {
    VECTOR_DE = 0, VECTOR_DB = 1, VECTOR_NMI = 2, VECTOR_BP = 3, VECTOR_OF = 4, VECTOR_BR = 5,
    VECTOR_UD = 6, VECTOR_NM = 7, VECTOR_DF = 8, VECTOR_TS = 10, VECTOR_NP = 11, VECTOR_SS = 12,
    VECTOR_GP = 13, VECTOR_PF = 14, VECTOR_MF = 16, VECTOR_AC = 17, VECTOR_XM = 19,
};
/* clang-format on */
/* Page-fault error code (SDM vol. 3, 4.7); the status of a walk is this and PFE_PAGE. */
#define PFE_PRESENT  1u
#define PFE_WRITING  2u
#define PFE_USER     4u
#define PFE_RESERVED 8u
#define PFE_FETCHING 16u
#define PFE_PAGE     0x10000u

/* Reasons to leave translated code (enum exit_reason) of this frontend. */
enum x86_exit {
    EXIT_RAISE = EXIT_FRONTEND, /* exception `raise`, at the instruction */
    EXIT_X87,                   /* TOP or the tags are not as predicted (x87.h) */
    EXIT_DIVIDE,                /* divide error */
    EXIT_STEPPED,               /* the instruction ran with TF set; pc is the next one */
    EXIT_WATCHED,  /* the instruction ran with breakpoints enabled; pc is the next one */
    EXIT_SHUTDOWN, /* triple fault */
};

/* What to raise (EXIT_RAISE). */
struct x86_raise {
    uint32_t vector; /* | RAISE_* */
    uint32_t error;
    uint32_t next; /* RAISE_SOFTWARE: EIP of the next instruction */
};
#define RAISE_VECTOR   0xffu
#define RAISE_ERROR    0x100u /* has an error code */
#define RAISE_SOFTWARE 0x200u /* INT n, INT3, INTO: the gate's DPL is checked, EIP is `next` */
#define RAISE_EXTERNAL 0x400u /* EXT of error codes: interrupt or NMI */
#define RAISE_TRAP     0x800u /* cpu->pc is the next instruction; INT1 and debug traps */

/* ---- segments (SDM vol. 3, 3.4) ---- */
struct x86_segment {
    uint32_t base, limit; /* limit in bytes, granularity applied */
    uint16_t selector;
    uint16_t attr; /* bits 40–55 of the descriptor without the limit; 0: not usable */
};
#define SEG_TYPE      0x000fu
#define SEG_ACCESSED  0x0001u
#define SEG_WRITE     0x0002u /* data: writable; code: readable */
#define SEG_EXPAND    0x0004u /* data: expand-down; code: conforming */
#define SEG_CODE      0x0008u
#define SEG_S         0x0010u /* code or data, not system */
#define SEG_DPL_SHIFT 5
#define SEG_DPL       0x0060u
#define SEG_P         0x0080u
#define SEG_AVL       0x1000u
#define SEG_L         0x2000u
#define SEG_D         0x4000u /* default size, or B */
#define SEG_G         0x8000u
static inline unsigned seg_dpl(unsigned attr)
{
    return (attr & SEG_DPL) >> SEG_DPL_SHIFT;
}

struct x86_table {
    uint32_t base, limit;
};

/* An 80-bit number in a register of its own 16 bytes; the low 8 are also the MMX register. */
struct x86_st {
    uint64_t fraction;
    uint16_t sign_exp, spare[3];
};

/* TOP and the tags as blocks check them, in one word: what translated x87 code assumes (x87.h). */
struct x86_fpu_state {
    uint8_t top;
    uint8_t used; /* bit n: R n is not empty */
    uint8_t slow; /* 1: some exception is unmasked: one helper call for each instruction */
    uint8_t zero;
};

struct x86_fpu {
    _Alignas(16) struct x86_st r[8]; /* R0-R7, not relative to TOP */
    struct x86_fpu_state state;
    uint32_t mode;    /* XMODE_X87_*: what is predicted of it */
    uint32_t control; /* the control word */
    uint32_t status;  /* without TOP; exceptions that fast code raised are in cpu.x87_status */
    uint32_t ip, dp;
    uint32_t fast_ip; /* not 0: newer than ip, cs and opcode, which follow from it */
    uint16_t cs, ds, opcode;
};

#define X86_MTRR_FIXED    11
#define X86_MTRR_VARIABLE 8

struct x86_msrs {
    uint64_t apic_base, pat, sysenter_cs, sysenter_esp, sysenter_eip, misc_enable, mtrr_type;
    uint64_t mtrr_fixed[X86_MTRR_FIXED], mtrr_variable[X86_MTRR_VARIABLE][2];
    uint64_t tsc_offset, tsc_adjust;
};

/* What the frontend asks of the board. */
struct x86_board_hooks {
    /* The CPU takes an interrupt: its vector. */
    unsigned (*acknowledge)(struct vm *vm);
    /* IA32_APIC_BASE was written. */
    void (*apic_base)(struct vm *vm, uint64_t value);
    /* FERR#: an unmasked x87 exception is waiting and CR0.NE is clear. */
    void (*ferr)(struct vm *vm);
    /* Triple fault. */
    void (*shutdown)(struct vm *vm);
};

/* Interrupt shadows. That of a load of SS holds back #DB, too (SDM vol. 3, 6.8.3). */
#define SHADOW_STI 1u
#define SHADOW_SS  2u
/* The new task's TSS has its T bit set: #DB before its first instruction, with this bit of DR6. */
#define HIT_TASK 0x8000u

/* A code segment as the mode word names it. */
struct x86_code {
    uint32_t base, limit;
};
#define X86_CODES 1024

struct x86_cpu {
    struct cpu cpu;
    _Alignas(16) uint64_t xmm[8][2]; /* MXCSR is cpu.mxcsr, with `masks` for its exception masks */
    uint32_t masks;                  /* MXCSR bits 7-12 as the guest set them */
    struct x86_fpu fpu;
    _Alignas(16) uint64_t operand[2]; /* of a SIMD helper (simd.h) */
    uint32_t side;                    /* of the instruction that faulted: X86_SIDE_* */
    struct x86_segment seg[X86_SEGS];
    uint32_t eflags; /* EFLAGS without CF PF AF ZF SF OF */
    int32_t step;    /* 1, or -1 with DF set */
    uint32_t cpl;    /* 0 in real mode, 3 in V86 mode */
    uint32_t shadow; /* SHADOW_*, or 0: no interrupt before the next instruction has run */
    uint32_t cr0, cr2, cr3, cr4, efer;
    uint32_t dr[8];
    uint32_t hits;     /* breakpoints that this instruction meets, and HIT_TASK (watch.c) */
    uint64_t pdpte[4]; /* PAE: latched by the load of CR3 (SDM vol. 3, 4.4.1) */
    struct x86_table gdtr, idtr;
    struct x86_segment ldtr, tr;
    struct x86_raise raise;
    struct x86_msrs msr;
    bool nmi;            /* NMI pending */
    bool nmi_blocked;    /* until IRET */
    bool global_window;  /* supervisor accesses go through the window for global pages (mmu.c) */
    uint32_t not_global; /* how many of the kernel's own pages were found not to be (mmu.c) */
    uint32_t a20;        /* mask of physical addresses */
    uint64_t memory;     /* scratch of helpers */
    uint32_t code;       /* CS as an index of `codes`: 0 flat; X86_CODES: the table is full */
    uint32_t code_count;
    struct x86_code codes[X86_CODES];
    const struct x86_board_hooks *hooks; /* NULL: none */
    uint32_t model;                      /* which processor CPUID says it is; 0: the default one */
};
static inline struct x86_cpu *x86_of(struct cpu *c)
{
    return (struct x86_cpu *)c;
}
static inline const struct x86_cpu *x86_of_const(const struct cpu *c)
{
    return (const struct x86_cpu *)c;
}
static inline uint32_t x86_eip(const struct x86_cpu *c)
{
    return c->cpu.pc - c->seg[X86_CS].base;
}
static inline bool x86_protected(const struct x86_cpu *c)
{
    return (c->cr0 & CR0_PE) != 0 && (c->eflags & EFLAGS_VM) == 0;
}
static inline unsigned x86_iopl(const struct x86_cpu *c)
{
    return (c->eflags & EFLAGS_IOPL) >> 12;
}

/* Bytes that a repeated string instruction moves before interrupts may come (lift_string.c, strings.c). */
#define X86_CHUNK_LOG2 16
#define X86_CHUNK      (1u << X86_CHUNK_LOG2)

/* ---- mode word (struct frontend, mode): everything blocks are specialised on ------------------- */
/* What systems have set is below JUMP_ENTRIES / 2: computed jumps are shorter (cpu.h). */
#define XMODE_CPL    0x00000003u
#define XMODE_D      0x00000004u /* CS.D: 32-bit code */
#define XMODE_B      0x00000008u /* SS.B: ESP, not SP */
#define XMODE_FLAT   0x00000010u /* DS ES SS: base 0, limit 4 GiB, writable; CS: readable, too */
#define XMODE_FS     0x00000020u /* FS: any base, limit 4 GiB, writable */
#define XMODE_GS     0x00000040u
#define XMODE_TS     0x00000080u /* CR0.TS */
#define XMODE_MP     0x00000100u /* CR0.MP */
#define XMODE_OSFXSR 0x00000200u /* CR4.OSFXSR */
#define XMODE_EM     0x00000400u /* CR0.EM */
#define XMODE_TF     0x00000800u
#define XMODE_REAL   0x00001000u /* CR0.PE clear */
#define XMODE_V86    0x00002000u
#define XMODE_SHADOW 0x00004000u /* interrupt shadow: one instruction */
#define XMODE_BREAK  0x00008000u /* DR7 enables breakpoints */
#define XMODE_AC     0x00010000u /* EFLAGS.AC, CR0.AM and CPL 3: alignment is checked */
/* With CPL 3 only: x87 code for a predicted TOP (3 bits), or with a helper for each instruction. */
#define XMODE_X87_TOP    0x000e0000u
#define XMODE_X87_SHIFT  17
#define XMODE_X87_SLOW   0x00100000u
#define XMODE_CODE_SHIFT 21 /* index of `codes`, and X86_CODES if there is none: 11 bits */

/* ---- window keys: what mappings in a window depend on ------------------------------------------
 * The tables are named by CR3; with PAE that is the address of the pointer table, and its latched
 * copies change by a load of CR3 only, which flushes the windows of that CR3. */
#define X86_KEY_CR3    0xffffffffull
#define X86_KEY_PAGED  (1ull << 32)
#define X86_KEY_USER   (1ull << 33) /* user rights */
#define X86_KEY_GLOBAL (1ull << 34) /* supervisor rights, pages marked global only; no CR3 */
#define X86_KEY_PAE    (1ull << 35)
#define X86_KEY_PSE    (1ull << 36)
#define X86_KEY_WP     (1ull << 37)
#define X86_KEY_NXE    (1ull << 38)
#define X86_KEY_A20    (1ull << 39) /* address line 20 is held low */
#define X86_NAME       (1ull << 40) /* the name of the keys: of main, with CR3 always, and this */
#define X86_KEY_CONTROL \
    (X86_KEY_PAGED | X86_KEY_PAE | X86_KEY_PSE | X86_KEY_WP | X86_KEY_NXE | X86_KEY_A20)

/* ---- state.c ---- */
uint32_t x86_eflags(const struct x86_cpu *c);
/* Write the bits in mask. */
void x86_set_eflags(struct x86_cpu *c, uint32_t value, uint32_t mask);
uint32_t x86_mode_word(const struct cpu *cpu);
void x86_reset(struct cpu *cpu);
void x86_restore(struct cpu *cpu, unsigned side);
void x86_dump(const struct cpu *cpu, char *to, size_t size);
/* For boards: the processor to be, NULL: the default one. False: there is none of that name (cpuid.c). */
bool x86_choose_model(struct x86_cpu *c, const char *name);
/* For boards: as at Linux' 32-bit entry (flat segments, paging off, interrupts off), at eip. */
void x86_flat_start(struct cpu *cpu, uint32_t eip, uint16_t code_selector, uint16_t data_selector);

/* ---- mmu.c ---- */
void x86_walk(struct cpu *cpu, uint32_t va, unsigned kind, struct walk *w);
void x86_windows(const struct cpu *cpu, struct window_keys *k);
/* window_keys.name alone. */
uint64_t x86_window_name(const struct x86_cpu *c);
bool x86_holds(const struct cpu *cpu, uint64_t key);
void x86_walk_for(struct cpu *cpu, uint64_t key, uint32_t va, struct walk *w);
bool x86_guest_tables(struct cpu *cpu, uint32_t va, struct guest_tables *t);
/* CR3 was written, or CR0 or CR4 such that its PDPTEs are latched anew; false: #GP, they are not valid. */
bool x86_load_cr3(struct x86_cpu *c, uint32_t value);
/* Whether it could be. */
bool x86_cr3_good(struct x86_cpu *c, uint32_t value);
/* Control bits that matter to paging were changed; global: pages marked global are flushed, too. */
void x86_paging_changed(struct x86_cpu *c, bool global);

/* ---- deliver.c ---- */
void x86_deliver(struct cpu *cpu, enum exit_reason reason);
bool x86_interrupt(struct cpu *cpu, bool peek);
bool x86_wakes(const struct cpu *cpu);
/* Have exception `vector` raised when the helper returns; returns 0. */
uint64_t x86_raise(struct x86_cpu *c, unsigned vector);
uint64_t x86_raise_error(struct x86_cpu *c, unsigned vector, uint32_t error);

/* ---- gdb.c ---- */
extern const char x86_gdb_xml[];
unsigned x86_gdb_read(struct cpu *cpu, unsigned n, uint8_t *to);
unsigned x86_gdb_write(struct cpu *cpu, unsigned n, const uint8_t *from);
#define X86_GDB_REGISTERS 41

/* ---- watch.c ---- */
/* XMODE_AC and XMODE_BREAK, where they hold. */
uint32_t x86_watch_mode(const struct x86_cpu *c);
/* An access of C code in the program's name: breakpoints, and alignment; false: #AC is raised. */
bool x86_watch(struct x86_cpu *c, uint32_t at, unsigned size, unsigned kind);
/* The same without alignment. */
void x86_watch_data(struct x86_cpu *c, uint32_t at, unsigned size, unsigned kind);
void x86_watch_port(struct x86_cpu *c, unsigned port, unsigned size);

/* ---- lift.c ---- */
void x86_lift_block(struct lift *l);

extern const struct frontend x86_frontend;

/* Side bit of ir_insn: a misaligned access is #GP(0), not #AC. */
#define X86_SIDE_ALIGN_GP 1u

/* Lifting helpers: x86_helper_NAME(cpu, a, b, c). */
#define HELPER(name) \
    uint64_t x86_helper_##name(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c);
#include "helpers.h"
#undef HELPER
enum x86_helper {
#define HELPER(name) HELPER_##name,
#include "helpers.h"
#undef HELPER
    HELPERS
};
