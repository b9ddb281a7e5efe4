/*
 * State of a SPARC V8 CPU with the SPARC Reference MMU (microSPARC-II: 8 register windows, FPU).
 *
 * Registers of the current window lie at fixed offsets: outs and globals in cpu.reg, locals and ins
 * behind struct cpu (sparc_reg_offset). `window` holds the locals and ins of the other windows; the
 * outs of a window are the ins of the next lower one, so only 16 words move at SAVE and RESTORE.
 * The slots of the current window and the ins of the one below it are stale.
 *
 * N Z V C of the PSR are in cpu.flags, with C as SPARC has it (a borrow after subtraction).
 *
 * cpu.pc is PC; nPC is PC + 4 unless `delay` is 1: then it is `npc`. In a block, `npc` is written
 * before an instruction in a delay slot that may trap, and its side bit 0 says so (sparc_restore).
 */
#pragma once

#include <translator/guest.h>

#define SPARC_WINDOWS 8u

/* PSR (V8 4.2). */
#define PSR_CWP       0x0000001fu
#define PSR_ET        0x00000020u
#define PSR_PS        0x00000040u
#define PSR_S         0x00000080u
#define PSR_PIL       0x00000f00u
#define PSR_PIL_SHIFT 8
#define PSR_EF        0x00001000u
#define PSR_C         0x00100000u
#define PSR_V         0x00200000u
#define PSR_Z         0x00400000u
#define PSR_N         0x00800000u
#define PSR_ICC       0x00f00000u
#define PSR_IMPL_VER  0xff000000u

/* FSR (V8 4.4). */
#define FSR_CEXC       0x0000001fu
#define FSR_AEXC       0x000003e0u
#define FSR_AEXC_SHIFT 5
#define FSR_FCC_SHIFT  10
#define FSR_FTT        0x0001c000u
#define FSR_FTT_SHIFT  14
#define FSR_VER        0x000e0000u
#define FSR_TEM        0x0f800000u
#define FSR_TEM_SHIFT  23
#define FSR_RD_SHIFT   30
#define FSR_WRITABLE   0xcfc00000u /* RD, TEM, NS */
enum sparc_ftt { FTT_NONE, FTT_IEEE, FTT_UNFINISHED, FTT_UNIMPLEMENTED, FTT_SEQUENCE };
enum sparc_exc { EXC_NX = 1, EXC_DZ = 2, EXC_UF = 4, EXC_OF = 8, EXC_NV = 16 };

/* Trap types (V8 table 7-1). */
enum sparc_tt {
    TT_INSN_ACCESS = 0x01,
    TT_ILLEGAL = 0x02,
    TT_PRIVILEGED = 0x03,
    TT_FP_DISABLED = 0x04,
    TT_OVERFLOW = 0x05,
    TT_UNDERFLOW = 0x06,
    TT_ALIGN = 0x07,
    TT_FP_EXCEPTION = 0x08,
    TT_DATA_ACCESS = 0x09,
    TT_TAG_OVERFLOW = 0x0a,
    TT_INTERRUPT = 0x10, /* + level */
    TT_CP_DISABLED = 0x24,
    TT_DIVISION = 0x2a,
    TT_SOFTWARE = 0x80, /* + number of Ticc */
};

/* `leave` and exit_request: take trap `tt` (EXIT_CALL: the same for Ticc). */
#define EXIT_TRAP EXIT_FRONTEND

/* The interrupt request level (1-15, 0 none) in cpu.lines: set with cpu_line from the board. */
#define SPARC_IRL_SHIFT 8
#define SPARC_IRL       (15u << SPARC_IRL_SHIFT)

/* MMU registers (V8 appendix H, microSPARC-II manual chapter 4). */
struct sparc_mmu {
    uint32_t control, context_table, context, fsr, far;
    uint32_t trcr;       /* TLB replacement control */
    uint32_t afsr, afar; /* asynchronous faults */
};
#define MMU_E           0x00000001u /* enable */
#define MMU_NF          0x00000002u /* no fault */
#define MMU_BM          0x00004000u /* boot mode */
#define MMU_CONTEXTS    256u
#define SPARC_PROM_MASK 0x0007ffffu /* in boot mode: of a fetched address */

struct sparc_cpu {
    struct cpu cpu; /* reg[0-7]: outs, reg[8-15]: globals (reg[8] is not used) */
    _Alignas(16) uint32_t local[8];
    uint32_t in[8];
    /* f[n] is register n ^ 1, so that a double's pair is a number in the host's order. */
    _Alignas(16) uint32_t f[32];
    uint32_t y;
    uint32_t npc, delay;
    uint32_t tt;  /* of EXIT_TRAP and EXIT_CALL */
    uint32_t fcc; /* 0 equal, 1 less, 2 greater, 3 unordered */
    /* The last FPop, when its current exceptions have not been asked for: opf, else 0; operands. */
    uint32_t fp_last;
    uint64_t fp_a, fp_b;
    /* -- not used by translated code directly -- */
    uint32_t fsr; /* RD, TEM, NS, ftt, cexc; aexc is in cpu.mxcsr, fcc above */
    uint32_t psr; /* all but icc */
    uint32_t cwp; /* of psr, for quick use */
    uint32_t wim, tbr;
    _Alignas(16) uint32_t window[SPARC_WINDOWS][16]; /* locals, ins */
    struct sparc_mmu mmu;
    uint64_t prom_base;                             /* where fetches go in boot mode */
    uint32_t psr_version, fsr_version, mmu_version; /* identification, set by the board or reset */
    bool error; /* error mode: a trap came while traps were disabled */
    const struct sparc_board_hooks *hooks;
    void *hooks_to;
};

/* What the frontend asks of the board. */
struct sparc_board_hooks {
    /* Error mode was entered: the board resets the machine or stops it. NULL: the CPU halts. */
    void (*error)(void *to);
    /* An interrupt of this level is being taken. NULL: nothing to do. */
    void (*taken)(void *to, unsigned level);
    /* The extended instruction, privileged: SWAPA [a] 0xff, rd with b = rd; the result goes to rd.
     * General registers are exact in the CPU structure and may be changed. NULL: a data access
     * exception. LDA and STA there pass b = 0, and drop the result. */
    uint32_t (*call)(void *to, uint32_t a, uint32_t b);
};
#define SPARC_ASI_CALL 0xff

static inline struct sparc_cpu *sparc_of(struct cpu *c)
{
    return (struct sparc_cpu *)c;
}
static inline const struct sparc_cpu *sparc_of_const(const struct cpu *c)
{
    return (const struct sparc_cpu *)c;
}

/* Offset of register n (1-31) of the current window: globals, outs, locals, ins. */
static inline size_t sparc_reg_offset(unsigned n)
{
    if (n < 8)
        return offsetof(struct cpu, reg[0]) + 4 * (8 + n);
    if (n < 16)
        return offsetof(struct cpu, reg[0]) + 4 * (n - 8);
    return n < 24 ? offsetof(struct sparc_cpu, local[0]) + 4 * (n - 16)
                  : offsetof(struct sparc_cpu, in[0]) + 4 * (n - 24);
}
static inline uint32_t *sparc_reg(struct sparc_cpu *c, unsigned n)
{
    return (uint32_t *)(void *)((char *)c + sparc_reg_offset(n));
}
static inline uint32_t sparc_reg_value(const struct sparc_cpu *c, unsigned n)
{
    return n == 0 ? 0 : *(const uint32_t *)(const void *)((const char *)c + sparc_reg_offset(n));
}

/* ---- mode word (struct frontend, mode) ---------------------------------------------------------- */
#define SMODE_S     1u /* supervisor */
#define SMODE_EF    2u /* FPU enabled */
#define SMODE_NPC   4u /* nPC is not PC + 4 */
#define SMODE_TRAPS 8u /* floating-point exceptions may trap (TEM is not 0): no host arithmetic */

/* ---- window keys -------------------------------------------------------------------------------- */
#define SPARC_KEY_CONTEXT 0x000000ffull
#define SPARC_KEY_MAPPED  0x00000100ull /* the MMU is on */
#define SPARC_KEY_USER    0x00000200ull /* of a context; else supervisor pages only */
#define SPARC_KEY_BOOT    0x00000400ull /* the MMU is off, fetches go to the PROM */
/* The name of the keys: user memory's, and supervisor mode. */
#define SPARC_NAME   0x00001000ull
#define SPARC_NAME_S 0x00000800ull

static inline bool sparc_supervisor(const struct sparc_cpu *c)
{
    return (c->psr & PSR_S) != 0;
}

/* state.c */
uint32_t sparc_psr(const struct sparc_cpu *c);
/* CWP included; value must name a window that exists. */
void sparc_set_psr(struct sparc_cpu *c, uint32_t value);
/* Make window cwp the current one. */
void sparc_set_cwp(struct sparc_cpu *c, uint32_t cwp);
uint32_t sparc_fsr(struct sparc_cpu *c);
void sparc_set_fsr(struct sparc_cpu *c, uint32_t value);
uint32_t sparc_npc(const struct sparc_cpu *c);
/* Set PC and nPC. */
void sparc_set_pcs(struct sparc_cpu *c, uint32_t pc, uint32_t npc);
uint32_t sparc_mode_word(const struct cpu *cpu);
void sparc_windows(const struct cpu *cpu, struct window_keys *k);
void sparc_reset(struct cpu *cpu);
void sparc_restore(struct cpu *cpu, unsigned side);
void sparc_dump(const struct cpu *cpu, char *to, size_t size);
/* mmu.c; status: bits of the fault status register (V8 figure H-9): L, FT */
void sparc_walk(struct cpu *cpu, uint32_t va, unsigned kind, struct walk *w);
bool sparc_holds(const struct cpu *cpu, uint64_t key);
void sparc_walk_for(struct cpu *cpu, uint64_t key, uint32_t va, struct walk *w);
bool sparc_guest_tables(struct cpu *cpu, uint32_t va, struct guest_tables *t);
/* asi.c: stores to that space do nothing. */
bool sparc_asi_ignored(unsigned asi);
/* Probe of type 0-4 (V8 H.4.2): the entry found, or 0. */
uint32_t sparc_probe(struct sparc_cpu *c, uint32_t va, unsigned type);
#define SFSR_OW       0x00000001u
#define SFSR_FAV      0x00000002u
#define SFSR_FT_SHIFT 2
#define SFSR_AT_SHIFT 5
#define SFSR_L_SHIFT  8
enum sparc_fault {
    FT_INVALID = 1,
    FT_PROTECTION,
    FT_PRIVILEGE,
    FT_TRANSLATION,
    FT_BUS,
    FT_INTERNAL
};
/* helpers.c: alternate spaces (asi.c) */
/* deliver.c */
/* Trap tt at PC and nPC, while traps are enabled. */
void sparc_take(struct sparc_cpu *c, unsigned tt);
void sparc_deliver(struct cpu *cpu, enum exit_reason reason);
bool sparc_interrupt(struct cpu *cpu, bool peek);
bool sparc_wakes(const struct cpu *cpu);
/* gdb.c */
extern const char sparc_gdb_xml[];
unsigned sparc_gdb_read(struct cpu *cpu, unsigned n, uint8_t *to);
unsigned sparc_gdb_write(struct cpu *cpu, unsigned n, const uint8_t *from);
#define SPARC_GDB_REGISTERS 72 /* g o l i, f0-f31, y psr wim tbr pc npc fsr csr */
/* helpers_fp.c: run a floating-point operation in software; its IEEE exceptions (enum sparc_exc). */
uint32_t sparc_fp_run(struct sparc_cpu *c, uint32_t opf, uint64_t a, uint64_t b, uint64_t *result);
/* lift.c */
void sparc_lift_block(struct lift *l);

extern const struct frontend sparc_frontend;

/* What blocks call (helpers.h lists them). */
#define HELPER(name) \
    uint64_t sparc_helper_##name(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c);
#include "helpers.h"
#undef HELPER
/* How a helper takes a trap: nPC is in the state, the instruction is in a delay slot; a jump with
 * JUMP_MODE follows. Above a register's number. */
enum sparc_how { HOW_DELAYED = 0x100, HOW_DIRECT = 0x200 };
enum sparc_helper {
#define HELPER(name) HELPER_##name,
#include "helpers.h"
#undef HELPER
    HELPERS
};
