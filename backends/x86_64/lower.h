/*
 * What the parts of the code generator share: where values are, and how code is asked for.
 *
 * Order within the lowering of one instruction: flags first (flags_clobber, flags_cond, ...), then
 * operands (reg_of, operand_of), then the destination (dst_*), then the code. Getting operands emits
 * only instructions that leave EFLAGS alone; getting flags may move values between registers, so a
 * register number obtained before it could be stale. Registers handed out stay locked until the
 * instruction ends.
 */
#pragma once

#include <translator/backend.h>
#include "asm.h"
#include "x86_64.h"

/* Where a value is. */
enum place {
    P_NONE,   /* not defined yet, or dead */
    P_CONST,  /* imm of its instruction */
    P_REG,    /* in a temporary register, alone */
    P_PIN,    /* equal to the present contents of a pinned register */
    P_XMM,    /* in an xmm register, alone */
    P_VPIN,   /* equal to the present contents, or low part, of a pinned xmm register */
    P_STATE,  /* equal to the present contents of the CPU structure at `off` */
    P_SPILL,  /* in spill slot `slot` */
    P_EFLAGS, /* flags: in EFLAGS */
    P_SFLAGS, /* flags: equal to cpu->flags */
};

struct value {
    uint8_t place, reg, slot, type; /* slot: NO_SLOT or a copy in that spill slot */
    ir_ref next;                    /* next instruction that uses it; 0: none */
    uint16_t off;
};
#define NO_SLOT 255
#define SCRATCH 0xffffu /* owner of a register used within one instruction */

/* Code put behind the main code: reached rarely. */
enum cold_kind {
    COLD_CHECK,
    COLD_STALE,
    COLD_PAGE,
    COLD_BUDGET,
    COLD_ALIGN,
    COLD_EXIT,
    COLD_LOOKUP,
    COLD_FLAGS,  /* flags to the guest's bytes; then to exit or label `back` */
    COLD_RECIPE, /* what they are computed from, then to exit `back` */
    COLD_SOFT,
    COLD_VECTORS, /* make them live, then to `back` */
};
struct cold {
    uint8_t kind, reg, a, b, c, soft; /* registers; enum x86_soft */
    bool zero_good;                   /* COLD_SOFT: a zero result is right already */
    bool exit, nz_only, keep_c;       /* COLD_FLAGS */
    uint32_t field[3], fields;        /* jumps to here */
    uint32_t back;                    /* where to go on */
    struct side_entry *side;
    uint8_t at[2]; /* COLD_RECIPE: faultflags.c */
    uint32_t word[2], recipe;
};

/* Flags that only a fault makes visible (faultflags.c). */
struct held_flags {
    uint8_t kind, mask; /* enum recipe_kind; IR_FLAG_* */
    bool inverted;
    ir_ref from[2];
    uint8_t shift[2];
};

struct fault_flags {
    uint8_t kind; /* enum recipe_kind */
    uint8_t mask; /* IR_FLAG_* */
    bool inverted, last;
    uint8_t at[2];
    uint8_t shift[2]; /* to the right */
    uint32_t word[2];
};

#define MAX_COLD    600
#define MAX_NOTES   600
#define MAX_FIXUPS  512
#define MAX_ALIASES 24
#define MAX_FLAGS   12

struct gen {
    struct code c;
    struct compile *k;
    const struct ir_block *ir;
    const struct x86_state *s;
    unsigned at; /* the instruction being lowered */
    bool failed; /* too large */
    bool far;    /* no short branches: one did not reach */
    uint32_t random;

    uint16_t temps, locked; /* masks of registers */
    uint16_t xlocked;
    ir_ref owner[16], xowner[16]; /* value in a temporary register; 0: free */
    uint64_t slots;               /* spill slots in use */
    ir_ref alias[MAX_ALIASES];    /* values in P_PIN, P_VPIN or P_STATE */
    unsigned aliases;

    ir_ref flags[MAX_FLAGS]; /* live flags values */
    unsigned nflags;
    bool eflags_state; /* EFLAGS equal cpu->flags */

    bool vectors_used; /* by the block */
    bool vectors_live; /* cpu->vectors_live is not 0 here (vpins.c) */

    uint8_t x87_first, x87_held; /* registers on the host's x87 stack (lower_x87.c) */
    uint32_t x87_noted;          /* what cpu->x87_held is */

    struct held_flags held[3]; /* disjoint masks */
    unsigned helds;
    ir_ref asked[3]; /* backward: last access whose fault shows N and Z, C, V; 0: none */
    struct fault_flags notes[MAX_NOTES]; /* what will be the block's */
    unsigned noted;

    uint32_t pc; /* of the guest instruction being lowered, and its side bits */
    unsigned side_bits;
    unsigned insns;                      /* guest instructions begun so far */
    uint32_t label[IR_MAX_LABEL + 1];    /* offset + 1 */
    ir_ref label_at[IR_MAX_LABEL + 1];   /* where it is in the IR */
    bool label_used[IR_MAX_LABEL + 1];   /* code leads there */
    bool calls;                          /* the block may call C functions */
    bool dead;                           /* nothing leads here: a way out that stands elsewhere */
    bool flags_differ[IR_MAX_LABEL + 1]; /* a branch there leaves EFLAGS unlike cpu->flags */
    struct {
        uint32_t field;
        unsigned label;
        bool near; /* one byte */
    } fixup[MAX_FIXUPS];
    unsigned fixups;
    struct cold cold[MAX_COLD];
    unsigned colds;

    struct value v[IR_MAX_INS + 1];
    ir_ref after[IR_MAX_INS + 1][3]; /* next use of the operand after this use */
    ir_ref kept_to[IR_MAX_INS + 1];  /* access for whose fault alone it lives that long; 0: none */
    uint8_t want[IR_MAX_INS + 1];    /* pinned register the result should go to, or NO_REG; */
#define WANT_VECTOR 16               /*   from here on an xmm register */
};

static inline const struct ir_ins *ins_at(const struct gen *g)
{
    return &g->ir->ins[g->at];
}
static inline bool is_wide(unsigned type)
{
    return type == IR_I64;
}
static inline struct mem state_mem(uint32_t off)
{
    return mem_base(RSP, (int32_t)off);
}
static inline uint32_t slot_off(unsigned slot)
{
    return (uint32_t)(offsetof(struct cpu, spill) + 8 * slot);
}

/* Marks in `off` of a value that has no place yet: */
enum {
    OFF_UNUSED = 1, /* not used: not lowered */
    OFF_FOLDED = 2  /* a shift that its user, an addition, makes itself */
};
static inline bool is_folded(const struct gen *g, ir_ref v)
{
    return g->v[v].place == P_NONE && g->v[v].off == OFF_FOLDED && g->ir->ins[v].op == IR_shl;
}
/* The value that must live for v to be used: v, or the operand of a folded shift. */
static inline ir_ref unfolded(const struct gen *g, ir_ref v)
{
    return is_folded(g, v) ? g->ir->ins[v].a : v;
}

static inline bool is_string(unsigned op)
{
    return op == IR_copy || op == IR_fill;
}
#define STRING_SIDES 4 /* host instructions of one that may fault */

/* ---- alloc.c ---- */
void alloc_start(struct gen *g);
void alloc_end_ins(struct gen *g);       /* free what is dead, unlock */
void alloc_die(struct gen *g, ir_ref v); /* free v if it is not used any more */
/* Whether v lives on only for what a fault may want to know. */
static inline bool only_kept(const struct gen *g, ir_ref v)
{
    return g->v[v].next != 0 && g->v[v].next == g->kept_to[v];
}
bool used(const struct gen *g, ir_ref v);
bool chance(struct gen *g, unsigned one_in); /* random mode only */
uint64_t const_of(const struct gen *g, ir_ref v);
bool is_const(const struct gen *g, ir_ref v);

struct operand {
    enum { O_REG, O_MEM, O_IMM } kind;
    uint8_t reg;
    int32_t imm;
    struct mem m;
};
unsigned reg_of(struct gen *g, ir_ref v);           /* general register, locked, read only */
unsigned xmm_of(struct gen *g, ir_ref v);           /* xmm register, locked, read only */
struct operand operand_of(struct gen *g, ir_ref v); /* folded where that is good */
/* The same for xmm; memory only if the row may read `bytes` there (16: aligned). */
struct operand xoperand_of(struct gen *g, ir_ref v, unsigned bytes);
unsigned scratch(struct gen *g); /* free register until the instruction ends */
unsigned xscratch(struct gen *g);
void take(struct gen *g, unsigned reg);    /* this temporary becomes scratch */
void release(struct gen *g, unsigned reg); /* this scratch register is free again */
void place(struct gen *g, ir_ref v,
           unsigned reg); /* v into this temporary, which becomes scratch */
/* Register for the result: the wanted pinned one if it can be had, else that of a (if it dies
 * here), else a free one. Never one of the locked registers other than a's unless pinned. */
unsigned dst_reg(struct gen *g, ir_ref a);
unsigned dst_reg_is(struct gen *g, unsigned reg); /* scratch register becomes the result */
/* The same in an xmm register, which no operand but a is in. */
unsigned dst_xmm(struct gen *g, ir_ref a);
void set_place(struct gen *g, ir_ref v, enum place p, unsigned reg);
void alias_add(struct gen *g, ir_ref v, enum place p, unsigned reg, uint32_t off);
/* The pinned register, or bytes of state, are about to change: move living aliases away. */
void alias_evict_pin(struct gen *g, unsigned reg);
void alias_evict_vpin(struct gen *g, unsigned reg);
void alias_evict_state(struct gen *g, uint32_t off, uint32_t bytes);
/* All temporaries and xmm registers are about to be lost; pins too if `pins`. */
void alloc_spill_all(struct gen *g, bool pins);
void alloc_forget(struct gen *g); /* at a label: no value lives */
void alloc_lost(struct gen *g);   /* after a call: nothing is in temporaries and xmm registers */
void store_slot(struct gen *g, ir_ref v);
unsigned new_slot(struct gen *g, unsigned n);
void x_apply(struct gen *g, enum x86_op op, bool w, unsigned reg, const struct operand *o);
void mov_rr(struct gen *g, bool w, unsigned to, unsigned from);
void xmov(struct gen *g, unsigned to, unsigned from);
/* Host register that is pinned for the 32-bit state slot at off, or NO_REG. */
unsigned pin_at(const struct gen *g, uint32_t off);

/* ---- flags.c ---- */
void flags_clobber(struct gen *g);                   /* EFLAGS are about to change */
bool flags_busy(const struct gen *g);                /* better leave EFLAGS alone */
bool flags_wanted(const struct gen *g);              /* a used flagsof follows */
void flags_now(struct gen *g);                       /* this instruction's value is in EFLAGS */
void flags_to_host(struct gen *g, ir_ref f);         /* into EFLAGS */
void flags_carry(struct gen *g, ir_ref f);           /* C into CF, then EFLAGS may be clobbered */
bool flags_are_state(const struct gen *g, ir_ref f); /* f is what cpu->flags hold */
bool flags_only_nz(const struct gen *g,
                   ir_ref f); /* of logic, or a comparison with 0: C and V clear */
/* EFLAGS to cpu->flags, by way of eax; no recipe. nz_only: C and V are clear. */
void flags_store(struct gen *g, bool nz_only, bool keep_c);
unsigned flags_cond(struct gen *g, ir_ref f, unsigned cc); /* host condition to use now */
void flags_state_changes(struct gen *g);                   /* cpu->flags are about to be written */
void lower_flags(struct gen *g, const struct ir_ins *i);

/* ---- vpins.c ---- */
bool vpins_touch(const struct gen *g, const struct ir_ins *i); /* a get or put of such a register */
/* For `want`: the one at offset off, or NO_REG. */
unsigned vpins_want(const struct gen *g, uint32_t off);
void vpins_live(struct gen *g); /* they are in registers from here on; flags first */
void vpins_get(struct gen *g, const struct ir_ins *i);
bool vpins_put(struct gen *g, const struct ir_ins *i); /* false: by way of memory, between these: */
void vpins_to_memory(struct gen *g, uint32_t off, uint32_t bytes);
void vpins_from_memory(struct gen *g, uint32_t off, uint32_t bytes);

/* ---- faultflags.c ---- */
void faultflags_scan(struct gen *g, unsigned n); /* backward, at instruction n */
void faultflags_begin(struct gen *g, const struct ir_ins *i);
void faultflags_end(struct gen *g, unsigned parts); /* IR_FLAG_* are written otherwise */
uint16_t faultflags_note(struct gen *g);            /* side_entry.flags of an access made now */
void faultflags_done(struct gen *g);                /* at the end of an access */
/* At a branch with BRCC_PUTF: whether, instead of flags, c is to store a recipe; then with what. */
bool faultflags_exit(struct gen *g, struct cold *c);
void faultflags_cold(struct gen *g, const struct cold *c);
bool faultflags_store(struct gen *g); /* at the end; false: no room */
/* In the upcall: cpu->flags as they are where `side` faulted. */
void faultflags_settle(struct cpu *cpu, const struct x86_state *s, const struct thread_regs *regs,
                       const struct block *b, const struct side_entry *side);

/* ---- lower_*.c ---- */
void lower_int(struct gen *g, const struct ir_ins *i);
void lower_part(struct gen *g, const struct ir_ins *i);
void lower_state(struct gen *g, const struct ir_ins *i);
void lower_mem(struct gen *g, const struct ir_ins *i);
void lower_string(struct gen *g, const struct ir_ins *i);
void lower_fp(struct gen *g, const struct ir_ins *i);
void lower_vec(struct gen *g, const struct ir_ins *i);
void lower_x87(struct gen *g, const struct ir_ins *i);
/* All guest x87 registers to the CPU structure; EFLAGS stay. */
void x87_flush(struct gen *g);
/* An instruction that may fault comes. */
void x87_note(struct gen *g);
void lower_control(struct gen *g, const struct ir_ins *i);
/* The jump that is all there is at the label of a branch, or NULL: the branch goes there itself. */
const struct ir_ins *jump_at_label(const struct gen *g, const struct ir_ins *i);
struct side_entry *add_side(struct gen *g, uint32_t host, const struct ir_ins *i);
struct cold *add_cold(struct gen *g, enum cold_kind kind);
/* Call a C function (cpu, a, b, c): see lower_control.c. */
void call_function(struct gen *g, uint64_t function, unsigned kind, const struct ir_ins *i);
void block_entry(struct gen *g);
void emit_cold(struct gen *g);
