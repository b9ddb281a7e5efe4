/*
 * State of an ARMv7-A CPU (Cortex-A15 without virtualization and security extensions).
 *
 * r0–r14 of the current mode are cpu.reg[0..14]; banked copies of other modes lie in `bank`. N Z C V
 * are in cpu.flags (C inverted: IR sense), T is bit 0 of cpu.pc; the rest of the CPSR is `cpsr`,
 * GE and IT have fields of their own. arm_cpsr and arm_set_cpsr convert.
 */
#pragma once

#include <translator/guest.h>

/* clang-format off */
enum arm_mode {
    MODE_USR = 0x10, MODE_FIQ = 0x11, MODE_IRQ = 0x12, MODE_SVC = 0x13,
    MODE_ABT = 0x17, MODE_UND = 0x1b, MODE_SYS = 0x1f,
};
/* clang-format on */

#define CPSR_MODE 0x0000001fu
#define CPSR_T    0x00000020u
#define CPSR_F    0x00000040u
#define CPSR_I    0x00000080u
#define CPSR_A    0x00000100u
#define CPSR_E    0x00000200u
#define CPSR_GE   0x000f0000u
#define CPSR_J    0x01000000u
#define CPSR_Q    0x08000000u
#define CPSR_V    0x10000000u
#define CPSR_C    0x20000000u
#define CPSR_Z    0x40000000u
#define CPSR_N    0x80000000u
#define CPSR_IT   0x0600fc00u

/* Banks of r13, r14 and SPSR. */
enum arm_bank { BANK_USR, BANK_FIQ, BANK_IRQ, BANK_SVC, BANK_ABT, BANK_UND, BANKS };

/* FPSCR (A2.5.3 / B6.1.39). */
#define FPSCR_LEN    0x00070000u
#define FPSCR_STRIDE 0x00300000u
#define FPSCR_RMODE  0x00c00000u
#define FPSCR_FZ     0x01000000u
#define FPSCR_DN     0x02000000u
#define FPSCR_AHP    0x04000000u
#define FPSCR_QC     0x08000000u
#define FPEXC_EN     0x40000000u

struct arm_cp15 {
    uint32_t sctlr, actlr, cpacr;
    uint64_t ttbr0, ttbr1; /* upper halves: long descriptors only */
    uint32_t ttbcr, dacr;
    uint32_t dfsr, ifsr, dfar, ifar, adfsr, aifsr;
    uint64_t par;
    uint32_t prrr, nmrr; /* MAIR0, MAIR1 with long descriptors */
    uint32_t amair[2], vbar, contextidr, tpidrurw, tpidruro, tpidrprw, csselr;
    uint32_t pmcr, pmcntenset, pmovsr, pmselr, pmuserenr, pmintenset;
    uint64_t pmccntr; /* virtual time at which the cycle counter was 0 */
    uint32_t cntkctl;
};

/* cpu.own */
enum {
    OWN_GE,     /* GE may be not 0 */
    OWN_VECTORS /* vectors are not where calls in line go */
};

struct arm_cpu {
    struct cpu cpu;
    /* D0–D31 = pairs of S0–S31 and beyond; Q0–Q15 = pairs of D. */
    _Alignas(16) union {
        uint32_t s[64];
        uint64_t d[32];
        uint64_t q[16][2];
    } vfp;
    uint64_t simd_buffer[4]; /* a VLD2-4 or VST2-4 in memory order; nothing between instructions */
    uint32_t fpscr; /* control bits, N Z C V and QC; cumulative exception bits except IDC are in
                        cpu.mxcsr: arm_fpscr assembles them */
    uint32_t fpexc;
    uint32_t cpsr; /* mode, F, I, A, E, Q: the bits that are kept nowhere else; J is zero */
    uint32_t ge;   /* GE[n] is bit 7 of byte n, the other bits are 0 (lift_dsp.c) */
    uint8_t it;    /* ITSTATE at an instruction boundary between blocks */
    /* Written together (lift_switch.c). */
    _Alignas(8) uint32_t event; /* event register (WFE) */
    uint8_t exclusive_valid;    /* exclusive monitor: 0 or size in bytes */
    uint8_t fp_code;            /* privileged: VFP or SIMD was used since the mode changed last */
    uint16_t unused;            /* 0 */
    uint32_t exclusive_va;
    uint64_t exclusive_value;
    uint32_t bank_sp[BANKS], bank_lr[BANKS], bank_spsr[BANKS];
    uint32_t bank_r8_12[2][5]; /* [0] all modes but FIQ, [1] FIQ, while the other is current */
    uint32_t spsr;             /* of the current mode */
    uint32_t switch_status;    /* scratch of lift_switch.c */
    uint32_t vectors; /* where exceptions are taken, by SCTLR.V and VBAR (arm_set_vectors) */
    uint32_t vectors_in_line; /* where calls in line go, | 1; 0: there is none yet */
    struct arm_cp15 cp15;
    uint32_t midr, mpidr; /* identification */
    uint32_t
        process_domains;   /* domains of process-dependent pages that a walk found: a bit each, */
    uint32_t process_dacr; /*   and as a mask of the DACR */
    uint32_t global_dacr;  /* the same mask of domains of global pages that a walk found (cp15.c) */
    /* The generic timer and PSCI belong to the board, which fills these in (arm_board.h). */
    const struct arm_board_hooks *hooks;
    void *hooks_to;
};

/* What the frontend asks of the board: system registers of the generic timer (CP15 c14, B8.2) and
 * the PSCI conduit (HVC or SMC). */
struct arm_board_hooks {
    /* c14 access, 32 or 64 bits; write: *value is written; false: undefined instruction. */
    bool (*timer)(void *to, bool write, unsigned crn, unsigned op1, unsigned crm, unsigned op2,
                  bool wide, uint64_t *value);
    /* SMC or HVC with PSCI arguments in r0–r3; result to r0. False: undefined instruction. */
    bool (*firmware)(void *to, bool hvc, uint32_t r[4]);
};

static inline struct arm_cpu *arm_of(struct cpu *c)
{
    return (struct arm_cpu *)c;
}
static inline const struct arm_cpu *arm_of_const(const struct cpu *c)
{
    return (const struct arm_cpu *)c;
}

/* ---- mode word (struct frontend, mode): everything blocks are specialised on ------------------- */
#define AMODE_PRIV  0x01u /* not user mode */
#define AMODE_BIG   0x02u /* CPSR.E */
#define AMODE_ALIGN 0x04u /* SCTLR.A */
#define AMODE_VFP \
    0x08u                    /* VFP and SIMD enabled: FPEXC.EN and CPACR allow them at this level;
                                with AMODE_PRIV only once they were used (fp_code) */
#define AMODE_FPEXACT  0x10u /* FPSCR FZ or DN set, or LEN or STRIDE not 0: helpers, not host FP */
#define AMODE_VECTOR   0x20u /* FPSCR LEN not 0: short vectors, undefined on this CPU */
#define AMODE_SVC      0x40u /* Supervisor mode */
#define AMODE_IT_SHIFT 8     /* ITSTATE, 8 bits */
#define AMODE_FLAT     0x80u /* SCTLR.M clear: device-like strict alignment of flat memory */

/* ---- window keys (struct window_keys): what mappings in a window depend on --------------------- */
#define ARM_KEY_DACR          0xffffffffull /* fields of domains with process pages; 0 if long ones */
#define ARM_KEY_ASID_SHIFT    32            /* 8 bits */
#define ARM_KEY_ASID          (0xffull << ARM_KEY_ASID_SHIFT)
#define ARM_KEY_MAPPED        (1ull << 41) /* the MMU is on */
#define ARM_KEY_USER          (1ull << 40) /* user rights; else privileged, global pages only */
#define ARM_KEY_DENIED        (1ull << 42) /* with USER: no domain with process pages may be used */
#define ARM_KEY_DOMAINS_SHIFT 44 /* 16 bits: which domains were known to have such pages */
#define ARM_KEY_CLASS         (ARM_KEY_MAPPED | ARM_KEY_USER) /* 0: MMU off */
static inline uint64_t arm_key_asid(uint32_t asid)
{
    return (uint64_t)(asid & 0xff) << ARM_KEY_ASID_SHIFT;
}

/* ---- SCTLR and TTBCR (B4.1.130, B4.1.153) ------------------------------------------------------ */
#define SCTLR_M   0x00000001u
#define SCTLR_A   0x00000002u
#define SCTLR_V   0x00002000u
#define SCTLR_EE  0x02000000u
#define SCTLR_TRE 0x10000000u
#define SCTLR_AFE 0x20000000u
#define SCTLR_TE  0x40000000u
#define TTBCR_EAE 0x80000000u

static inline bool arm_long_descriptors(const struct arm_cpu *c)
{
    return (c->cp15.ttbcr & TTBCR_EAE) != 0;
}
static inline bool arm_privileged(const struct arm_cpu *c)
{
    return (c->cpsr & CPSR_MODE) != MODE_USR;
}

/* The bank of a mode; of one that does not exist as of user mode. */
static inline enum arm_bank arm_bank(uint32_t mode)
{
    static const uint8_t banks[CPSR_MODE + 1] = {[MODE_FIQ] = BANK_FIQ,
                                                 [MODE_IRQ] = BANK_IRQ,
                                                 [MODE_SVC] = BANK_SVC,
                                                 [MODE_ABT] = BANK_ABT,
                                                 [MODE_UND] = BANK_UND};
    return (enum arm_bank)banks[mode & CPSR_MODE];
}

/* CPACR fields of CP10 and CP11 (B4.1.40): 0 none, 1 privileged only, 3 full. Both must agree. */
static inline bool arm_vfp_enabled(const struct arm_cpu *c)
{
    uint32_t access = (c->cp15.cpacr >> 20) & (c->cp15.cpacr >> 22) & 3;
    if ((c->fpexc & FPEXC_EN) == 0)
        return false;
    return access == 3 || (access == 1 && arm_privileged(c));
}

/* After SCTLR or VBAR changed (B1.8.1). */
static inline void arm_set_vectors(struct arm_cpu *c)
{
    c->vectors = (c->cp15.sctlr & SCTLR_V) != 0 ? 0xffff0000 : c->cp15.vbar;
    c->cpu.own[OWN_VECTORS] = c->vectors_in_line != 0 && c->vectors_in_line != (c->vectors | 1);
}

/* After FPEXC or CPACR changed: what user mode's mode word has of them. */
static inline void arm_set_user_vfp(struct arm_cpu *c)
{
    uint32_t access = (c->cp15.cpacr >> 20) & (c->cp15.cpacr >> 22) & 3;
    cpu_set_user_mode(&c->cpu, access == 3 && (c->fpexc & FPEXC_EN) != 0 ? AMODE_VFP : 0);
}

/* Short descriptors: CONTEXTIDR[7:0]; long: bits 55:48 of TTBR0, or of TTBR1 if TTBCR.A1 (B3.10.2). */
static inline uint32_t arm_asid(const struct arm_cpu *c)
{
    if (!arm_long_descriptors(c))
        return c->cp15.contextidr & 0xff;
    bool a1 = (c->cp15.ttbcr >> 22 & 1) != 0;
    return (uint32_t)((a1 ? c->cp15.ttbr1 : c->cp15.ttbr0) >> 48) & 0xff;
}

/* A field of the DACR is 1 or 3 if its domain may be used. */
#define ARM_DACR_SOME_ACCESS 0x55555555u

/* Software that keeps itself from user memory most of the time (privileged access never, by the
 * DACR) switches a domain off and on at each kernel entry and user access. Keys hold only the
 * fields of domains that process-dependent pages are in; with those off, such pages are in no
 * window, and nothing is mapped for it at all. */
static inline uint64_t arm_user_key(const struct arm_cpu *c)
{
    uint64_t key =
        ARM_KEY_MAPPED | ARM_KEY_USER | (uint64_t)c->process_domains << ARM_KEY_DOMAINS_SHIFT;
    if (arm_long_descriptors(c))
        return key | arm_key_asid(arm_asid(c));
    uint32_t dacr = c->cp15.dacr & c->process_dacr;
    if ((dacr & ARM_DACR_SOME_ACCESS) == 0)
        return key | ARM_KEY_DENIED;
    return key | arm_key_asid(c->cp15.contextidr) | dacr;
}

/* The keys are those of user memory and whether the mode is privileged; no key is as ARM_NAME_FLAT. */
#define ARM_NAME_PRIVILEGED (1ull << 63)
#define ARM_NAME_FLAT       1ull

static inline uint64_t arm_window_name(const struct arm_cpu *c)
{
    if ((c->cp15.sctlr & SCTLR_M) == 0)
        return ARM_NAME_FLAT;
    return arm_user_key(c) | (arm_privileged(c) ? ARM_NAME_PRIVILEGED : 0);
}

/* Conversions (state.c). */
uint32_t arm_ge(const struct arm_cpu *c); /* GE[3:0] */
void arm_set_ge(struct arm_cpu *c, uint32_t ge);
uint32_t arm_cpsr(const struct arm_cpu *c);
/* Write the CPSR's bits in mask, change banks; T and pc bit 0 too if mask has CPSR_T. */
/* To the mode in these bits, which exists: banked registers change places. */
void arm_change_mode(struct arm_cpu *c, uint32_t mode);
void arm_set_cpsr(struct arm_cpu *c, uint32_t value, uint32_t mask);
/* Exception return: CPSR := value (helpers.c); gives the address with T. */
uint32_t arm_exception_return(struct arm_cpu *c, uint32_t pc, uint32_t value);
uint32_t arm_fpscr(const struct arm_cpu *c);
void arm_set_fpscr(struct arm_cpu *c, uint32_t value);

/* state.c */
/* General register n (0-14) of user mode, whatever mode is current. */
uint32_t *arm_user_reg(struct arm_cpu *c, unsigned n);
uint32_t arm_mode_word(const struct cpu *cpu);
void arm_windows(const struct cpu *cpu, struct window_keys *k);
void arm_reset(struct cpu *cpu);
void arm_restore(struct cpu *cpu, unsigned side);
void arm_dump(const struct cpu *cpu, char *to, size_t size);
/* mmu.c; status: the fault's DFSR bits without WnR (B3.13) */
void arm_walk(struct cpu *cpu, uint32_t va, unsigned kind, struct walk *w);
bool arm_holds(const struct cpu *cpu, uint64_t key);
void arm_walk_for(struct cpu *cpu, uint64_t key, uint32_t va, struct walk *w);
/* deliver.c */
void arm_take_call(struct arm_cpu *c); /* SVC, whose next instruction is at cpu.pc */
void arm_deliver(struct cpu *cpu, enum exit_reason reason);
bool arm_interrupt(struct cpu *cpu, bool peek);
bool arm_wakes(const struct cpu *cpu);
/* gdb.c */
extern const char arm_gdb_xml[];
unsigned arm_gdb_read(struct cpu *cpu, unsigned n, uint8_t *to);
unsigned arm_gdb_write(struct cpu *cpu, unsigned n, const uint8_t *from);
#define ARM_GDB_REGISTERS 50 /* r0-r15, cpsr, d0-d31, fpscr */
/* lift.c */
void arm_lift_block(struct lift *l);

extern const struct frontend arm_frontend;

/* Lifting helpers: arm_helper_NAME(cpu, a, b, c) (helpers.c, helpers_simd.c). */
#define HELPER(name) \
    uint64_t arm_helper_##name(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c);
#include "helpers.h"
#include "helpers_simd.h"
#undef HELPER
/* Their table (helpers.h lists them, in this order). */
enum arm_helper {
#define HELPER(name) HELPER_##name,
#include "helpers.h"
#include "helpers_simd.h"
#undef HELPER
    HELPERS
};

/* What lift_*.c share: lift.h. */
