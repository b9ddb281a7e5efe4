/*
 * Helpers of translated code: what is too long or too rare for the IR (helpers.h lists them).
 *
 * Arguments of 32 bits are cast first: their upper halves mean nothing. Helpers that touch r0-r14,
 * the flags or the CPSR's other pieces are called with CALL_READS and CALL_WRITES accordingly;
 * Q and GE are touched by helpers only, so they need neither.
 */
#include "arm_cpu.h"
#include "insn.h"

/* ---- status registers ------------------------------------------------------------------------- */

uint64_t arm_helper_mrs_cpsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)a, (void)b, (void)c;
    /* The execution state reads as zero (B9.3.8); E, A, I, F and the mode too in user mode. */
    struct arm_cpu *m = arm_of(cpu);
    uint32_t v = arm_cpsr(m) & ~(CPSR_T | CPSR_J | CPSR_IT);
    return arm_privileged(m) ? v : v & ~(CPSR_A | CPSR_I | CPSR_F);
}

uint64_t arm_helper_mrs_spsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)a, (void)b, (void)c;
    return arm_of(cpu)->spsr;
}

static bool mode_exists(uint32_t mode)
{
    mode &= CPSR_MODE;
    return mode == MODE_USR || mode == MODE_SYS || arm_bank(mode) != BANK_USR;
}

/* Change the CPSR; not 0 if translated code has to be left for it: another mode word, or an
 * interrupt that waited can be taken now. */
static uint64_t change_cpsr(struct arm_cpu *c, uint32_t value, uint32_t mask)
{
    uint32_t before = arm_mode_word(&c->cpu);
    uint32_t mode = c->cpsr & CPSR_MODE;
    if (!mode_exists(value)) /* UNPREDICTABLE: no change of mode */
        mask &= ~CPSR_MODE;
    arm_set_cpsr(c, value, mask);
    return before != arm_mode_word(&c->cpu) || mode != (c->cpsr & CPSR_MODE) ||
           arm_interrupt(&c->cpu, true);
}

/* The bits of PSR fields c, x, s, f (bits 0-3 of the mask of MSR). */
static uint32_t field_mask(uint32_t fields)
{
    uint32_t m = 0;
    for (unsigned i = 0; i < 4; i++)
        if ((fields >> i & 1) != 0)
            m |= 0xffu << (8 * i);
    return m;
}

/* MSR CPSR: a value, b fields (B1.3.3, CPSRWriteByInstr). */
uint64_t arm_helper_msr_cpsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    struct arm_cpu *m = arm_of(cpu);
    uint32_t mask = field_mask((uint32_t)b);
    mask &= CPSR_N | CPSR_Z | CPSR_C | CPSR_V | CPSR_Q | CPSR_GE | CPSR_E |
            (arm_privileged(m) ? CPSR_A | CPSR_I | CPSR_F | CPSR_MODE : 0);
    return change_cpsr(m, (uint32_t)a, mask);
}

uint64_t arm_helper_msr_spsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    struct arm_cpu *m = arm_of(cpu);
    uint32_t mask = field_mask((uint32_t)b);
    m->spsr = (m->spsr & ~mask) | ((uint32_t)a & mask);
    return 0;
}

/* CPS: a new bits, b which. */
uint64_t arm_helper_cps(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return change_cpsr(arm_of(cpu), (uint32_t)a, (uint32_t)b);
}

/* MRC to r15: bits 31 to 28 to the flags (A8.8.107). */
uint64_t arm_helper_put_nzcv(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    arm_set_cpsr(arm_of(cpu), (uint32_t)a, CPSR_N | CPSR_Z | CPSR_C | CPSR_V);
    return 0;
}

/* Exception return (B1.8.3): CPSR := c, r15 := a; gives the address with T. */
static uint64_t exception_return(struct arm_cpu *c, uint32_t pc, uint32_t value)
{
    uint32_t mask = ~0u;
    if (!mode_exists(value))
        mask &= ~CPSR_MODE;
    arm_set_cpsr(c, value, mask);
    c->exclusive_valid = 0;
    c->event = 1;
    return (value & CPSR_T) != 0 ? pc | 1 : pc & ~3u;
}

uint64_t arm_helper_return_spsr(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    struct arm_cpu *m = arm_of(cpu);
    return exception_return(m, (uint32_t)a, m->spsr);
}

uint64_t arm_helper_return_value(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return exception_return(arm_of(cpu), (uint32_t)a, (uint32_t)b);
}

uint64_t arm_helper_user_get(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    return *arm_user_reg(arm_of(cpu), (unsigned)a & 15);
}

uint64_t arm_helper_user_put(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    *arm_user_reg(arm_of(cpu), (unsigned)a & 15) = (uint32_t)b;
    return 0;
}

/* SRS (B9.3.16): SP of mode a; then set it to b. */
static uint32_t *sp_of_mode(struct arm_cpu *c, uint32_t mode)
{
    enum arm_bank bank = arm_bank(mode);
    return bank == arm_bank(c->cpsr) ? &c->cpu.reg[13] : &c->bank_sp[bank];
}

uint64_t arm_helper_srs_address(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    return *sp_of_mode(arm_of(cpu), (uint32_t)a);
}

uint64_t arm_helper_srs_back(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    *sp_of_mode(arm_of(cpu), (uint32_t)a) = (uint32_t)b;
    return 0;
}

/* ---- saturation (A2.2.1) ---------------------------------------------------------------------- */

static void set_q(struct cpu *cpu)
{
    arm_of(cpu)->cpsr |= CPSR_Q;
}

/* v within [low, high]; Q if it had to be changed. */
static uint32_t clamp(struct cpu *cpu, int64_t v, int64_t low, int64_t high)
{
    if (v < low || v > high)
        set_q(cpu);
    return (uint32_t)(v < low ? low : v > high ? high : v);
}

static uint32_t clamp32(struct cpu *cpu, int64_t v)
{
    return clamp(cpu, v, INT32_MIN, INT32_MAX);
}

static int64_t s32(uint64_t v)
{
    return (int32_t)(uint32_t)v;
}
static int64_t s16(uint64_t v)
{
    return (int16_t)(uint16_t)v;
}

uint64_t arm_helper_qadd(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return clamp32(cpu, s32(a) + s32(b));
}

uint64_t arm_helper_qsub(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return clamp32(cpu, s32(a) - s32(b));
}

uint64_t arm_helper_qdadd(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return clamp32(cpu, s32(a) + s32(clamp32(cpu, 2 * s32(b))));
}

uint64_t arm_helper_qdsub(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return clamp32(cpu, s32(a) - s32(clamp32(cpu, 2 * s32(b))));
}

/* b: bits to saturate to: SSAT 1-32, USAT 0-31 */
uint64_t arm_helper_ssat(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    int64_t limit = (int64_t)1 << ((b & 63) - 1);
    return clamp(cpu, s32(a), -limit, limit - 1);
}

uint64_t arm_helper_usat(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    return clamp(cpu, s32(a), 0, ((int64_t)1 << (b & 63)) - 1);
}

uint64_t arm_helper_ssat16(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    int64_t limit = (int64_t)1 << ((b & 63) - 1);
    uint32_t low = clamp(cpu, s16(a), -limit, limit - 1) & 0xffff;
    return low | clamp(cpu, s16(a >> 16), -limit, limit - 1) << 16;
}

uint64_t arm_helper_usat16(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    int64_t high = ((int64_t)1 << (b & 63)) - 1;
    return clamp(cpu, s16(a), 0, high) | clamp(cpu, s16(a >> 16), 0, high) << 16;
}

/* a + b, Q on signed overflow: the accumulation of SMLAxy and SMLAWy. */
uint64_t arm_helper_addq(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    int64_t sum = s32(a) + s32(b);
    if (sum != s32((uint64_t)sum))
        set_q(cpu);
    return (uint32_t)sum;
}

/* Two products of halves: added, or the second subtracted from the first. */
static int64_t dual(uint64_t a, uint64_t b, bool subtract)
{
    int64_t first = s16(a) * s16(b), second = s16(a >> 16) * s16(b >> 16);
    return subtract ? first - second : first + second;
}

static uint32_t dual_accumulate(struct cpu *cpu, int64_t products, uint64_t c)
{
    int64_t sum = products + s32(c);
    if (sum != s32((uint64_t)sum))
        set_q(cpu);
    return (uint32_t)sum;
}

uint64_t arm_helper_smlad(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return dual_accumulate(cpu, dual(a, b, false), c);
}

uint64_t arm_helper_smlsd(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return dual_accumulate(cpu, dual(a, b, true), c);
}

uint64_t arm_helper_smlald(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)cpu;
    return (uint64_t)dual(a, b, false) + c;
}

uint64_t arm_helper_smlsld(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)cpu;
    return (uint64_t)dual(a, b, true) + c;
}

/* ---- parallel addition and subtraction (A4.4.6) ----------------------------------------------- */

struct lanes {
    unsigned bits, prefix;
    uint32_t result, ge;
};

static int64_t lane_of(const struct lanes *l, uint64_t v, unsigned n)
{
    v = v >> (n * l->bits) & ((1u << l->bits) - 1);
    if (l->prefix < PAR_U)
        return l->bits == 8 ? (int8_t)v : (int16_t)v;
    return (int64_t)v;
}

/* One lane: x + y or x - y as the prefix says, and the GE bits (A8.8.148 and following). */
static void lane(struct lanes *l, unsigned n, int64_t x, int64_t y, bool subtract)
{
    int64_t r = subtract ? x - y : x + y, one = (int64_t)1 << l->bits;
    bool ge = l->prefix == PAR_U && !subtract ? r >= one : r >= 0;
    uint32_t lane_ge = l->bits == 8 ? 1 : 3;
    if (ge)
        l->ge |= lane_ge << (n * l->bits / 8);
    if (l->prefix == PAR_Q)
        r = r < -one / 2 ? -one / 2 : r >= one / 2 ? one / 2 - 1 : r;
    else if (l->prefix == PAR_UQ)
        r = r < 0 ? 0 : r >= one ? one - 1 : r;
    else if (l->prefix == PAR_SH || l->prefix == PAR_UH)
        r >>= 1;
    l->result |= ((uint32_t)r & (uint32_t)(one - 1)) << (n * l->bits);
}

static uint64_t lanes_done(struct cpu *cpu, const struct lanes *l)
{
    if (l->prefix == PAR_S || l->prefix == PAR_U)
        arm_of(cpu)->ge = (uint8_t)l->ge;
    return l->result;
}

static uint64_t parallel(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c, unsigned bits,
                         bool subtract)
{
    struct lanes l = {.bits = bits, .prefix = (unsigned)c};
    for (unsigned n = 0; n < 32 / bits; n++)
        lane(&l, n, lane_of(&l, a, n), lane_of(&l, b, n), subtract);
    return lanes_done(cpu, &l);
}

/* ASX and SAX: the halves of b exchanged. */
static uint64_t crossed(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c, bool subtract_low)
{
    struct lanes l = {.bits = 16, .prefix = (unsigned)c};
    lane(&l, 0, lane_of(&l, a, 0), lane_of(&l, b, 1), subtract_low);
    lane(&l, 1, lane_of(&l, a, 1), lane_of(&l, b, 0), !subtract_low);
    return lanes_done(cpu, &l);
}

uint64_t arm_helper_padd16(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return parallel(cpu, a, b, c, 16, false);
}
uint64_t arm_helper_psub16(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return parallel(cpu, a, b, c, 16, true);
}
uint64_t arm_helper_padd8(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return parallel(cpu, a, b, c, 8, false);
}
uint64_t arm_helper_psub8(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return parallel(cpu, a, b, c, 8, true);
}
uint64_t arm_helper_pasx(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return crossed(cpu, a, b, c, true);
}
uint64_t arm_helper_psax(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    return crossed(cpu, a, b, c, false);
}

uint64_t arm_helper_sel(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)c;
    uint32_t mask = 0;
    for (unsigned n = 0; n < 4; n++)
        if ((arm_of(cpu)->ge >> n & 1) != 0)
            mask |= 0xffu << (8 * n);
    return ((uint32_t)a & mask) | ((uint32_t)b & ~mask);
}

uint64_t arm_helper_usad8(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)cpu;
    uint32_t sum = (uint32_t)c;
    for (unsigned n = 0; n < 4; n++) {
        int x = (int)(a >> (8 * n) & 0xff), y = (int)(b >> (8 * n) & 0xff);
        sum += (uint32_t)(x > y ? x - y : y - x);
    }
    return sum;
}

/* ---- the firmware (PSCI), SMC and HVC --------------------------------------------------------- */

uint64_t arm_helper_firmware(struct cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    (void)b, (void)c;
    struct arm_cpu *m = arm_of(cpu);
    if (!arm_privileged(m) || m->hooks == NULL || m->hooks->firmware == NULL ||
        !m->hooks->firmware(m->hooks_to, (uint32_t)a != 0, cpu->reg))
        cpu->exit_request = EXIT_UNDEFINED;
    return 0;
}
